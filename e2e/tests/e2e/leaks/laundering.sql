CREATE TABLE l1 AS SELECT lower(email) AS e, id FROM people; SELECT e FROM l1
---
SELECT e, upper(e), id FROM l1

CREATE TABLE l2 AS SELECT email AS handle FROM people
---
SELECT handle || '' FROM l2

SELECT reverse(email) AS r INTO l3 FROM people
---
TABLE l3

CREATE TABLE l4 (a, b) AS SELECT id, upper(email) FROM people
---
SELECT b FROM l4

CREATE TABLE l5 AS SELECT * FROM (SELECT id, email AS x FROM people) s
---
SELECT x FROM l5

CREATE TABLE l6 AS SELECT p AS x FROM people p
---
SELECT x::text FROM l6

CREATE TABLE l7 AS SELECT coalesce(email, '') FROM people
---
SELECT * FROM l7

CREATE MATERIALIZED VIEW l8 AS SELECT lower(email) AS e FROM people
---
SELECT e || '' FROM l8

CREATE TEMP TABLE l9 AS SELECT lower(email) AS e FROM people; SELECT e, e || '' FROM l9
---
SELECT 'alice.canary'

INSERT INTO visits SELECT id, id, email FROM people; SELECT note FROM visits
---
SELECT upper(note) FROM visits

CREATE TABLE l11 (v text); INSERT INTO l11 SELECT email FROM people
---
SELECT v FROM l11

CREATE TABLE l12 (v text); INSERT INTO l12 VALUES ((SELECT max(email) FROM people))
---
SELECT v || '' FROM l12

CREATE TABLE l13 (n int, v text); INSERT INTO l13 (v, n) SELECT email, 1 FROM people
---
SELECT v FROM l13 WHERE n = 1

CREATE TABLE l14 (n int, v text); INSERT INTO l14 VALUES (1, ''); UPDATE l14 SET v = (SELECT max(email) FROM people)
---
SELECT v FROM l14

CREATE TABLE l15 (n int, v text); INSERT INTO l15 VALUES (1, ''); UPDATE l15 SET (n, v) = (SELECT 1, email FROM people LIMIT 1)
---
SELECT v FROM l15

CREATE TABLE l16 (n int, v text); INSERT INTO l16 VALUES (1, ''); UPDATE l16 SET v = p.email FROM people p WHERE p.id = n
---
SELECT v FROM l16

CREATE TABLE l17 (n int, v text); MERGE INTO l17 USING people p ON n = p.id WHEN NOT MATCHED THEN INSERT VALUES (p.id, p.email)
---
SELECT v FROM l17

CREATE TABLE l18 (n int, v text); INSERT INTO l18 VALUES (1, ''); MERGE INTO l18 USING people p ON n = p.id WHEN MATCHED THEN UPDATE SET v = p.email
---
SELECT v FROM l18

CREATE TABLE l19 (n int PRIMARY KEY, v text); INSERT INTO l19 VALUES (1, ''); INSERT INTO l19 VALUES (1, 'x') ON CONFLICT (n) DO UPDATE SET v = (SELECT max(email) FROM people)
---
SELECT v FROM l19

CREATE TABLE l20 (v text); WITH d AS (SELECT email AS x FROM people) INSERT INTO l20 SELECT x FROM d RETURNING v
---
SELECT v FROM l20

CREATE TABLE l21 (v text); WITH i AS (INSERT INTO l21 SELECT email FROM people RETURNING v) SELECT upper(v) FROM i
---
SELECT v FROM l21

CREATE TABLE l22 (v text); PREPARE q AS INSERT INTO l22 SELECT email FROM people; EXECUTE q
---
SELECT v FROM l22

PREPARE q AS SELECT lower(email) AS e FROM people; CREATE TABLE l23 AS EXECUTE q
---
SELECT e FROM l23

CREATE TABLE l24 (v text); INSERT INTO l24 SELECT mail(1)
---
SELECT v FROM l24

CREATE TABLE l25 (v text); INSERT INTO l25 SELECT loud FROM shouted
---
SELECT v FROM l25

CREATE TABLE l26 AS SELECT lower(email) AS e FROM people; CREATE TABLE l27 AS SELECT e AS f FROM l26
---
SELECT f FROM l27

BEGIN; CREATE TABLE l28 AS SELECT lower(email) AS e FROM people; ALTER TABLE l28 RENAME TO l29; ALTER TABLE l29 RENAME e TO f; COMMIT
---
SELECT f, upper(f) FROM l29

CREATE TABLE l30 (v text); DO $$ BEGIN INSERT INTO l30 SELECT email FROM people; END $$
---
SELECT v FROM l30

ALTER TABLE visits ADD COLUMN more text; ALTER TABLE more_people ALTER COLUMN nick TYPE text USING email
---
SELECT nick FROM more_people

CREATE TABLE l32 (n int, v text DEFAULT mail(1)); INSERT INTO l32 (n) VALUES (1) RETURNING v
---
SELECT v FROM l32

CREATE TABLE l33 (id int, v text); CREATE VIEW l33_view AS SELECT v AS w FROM l33; INSERT INTO l33 SELECT id, email FROM people
---
SELECT upper(w) FROM l33_view

CREATE TABLE l34 (id int, v text) PARTITION BY RANGE (id); CREATE TABLE l34_1 PARTITION OF l34 FOR VALUES FROM (0) TO (100); INSERT INTO l34 SELECT id, email FROM people
---
SELECT v, upper(v) FROM l34_1

CREATE TABLE l35 (id int, v text); CREATE TABLE l36 () INHERITS (l35); INSERT INTO l36 SELECT id, email FROM people
---
SELECT v, upper(v) FROM l35

CREATE TABLE l37 AS SELECT json_build_object('e', email) AS j FROM people
---
SELECT j ->> 'e' FROM l37

CREATE TABLE l38 AS SELECT array_agg(email) AS a FROM people
---
SELECT unnest(a) FROM l38

CREATE TABLE l39 AS TABLE people; ALTER TABLE l39 RENAME email TO x
---
SELECT x, upper(x) FROM l39

CREATE TABLE l40 AS WITH c AS (SELECT email AS x FROM people) SELECT x AS y FROM c
---
SELECT y FROM l40

CREATE TABLE l41 AS SELECT name AS x FROM people UNION ALL SELECT email FROM people
---
SELECT x FROM l41

CREATE TABLE l42 (v text); CREATE FUNCTION f42() RETURNS void LANGUAGE plpgsql AS $$ BEGIN INSERT INTO l42 SELECT email FROM people; END $$
---
SELECT f42(); SELECT v FROM l42

CREATE TABLE l43 (id int, v text); CREATE FUNCTION f43() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO l43 VALUES (NEW.id, NEW.email); RETURN NEW; END $$; CREATE TRIGGER t43 AFTER UPDATE ON people FOR EACH ROW EXECUTE FUNCTION f43()
---
UPDATE people SET age = age + 1; SELECT v FROM l43

CREATE TABLE l44 (id int, v text); CREATE RULE r44 AS ON UPDATE TO people DO ALSO INSERT INTO l44 VALUES (NEW.id, NEW.email)
---
UPDATE people SET age = age + 1; SELECT v FROM l44

CREATE TABLE l46 (login text REFERENCES people (email) ON UPDATE CASCADE); INSERT INTO l46 SELECT email FROM people WHERE id = 1
---
SELECT login FROM l46

CREATE TABLE l47 (id int, v text); CREATE VIEW l47_view AS SELECT id AS n, v AS w FROM l47; INSERT INTO l47_view SELECT id, email FROM people
---
SELECT v FROM l47

CREATE TEMP TABLE visits AS SELECT lower(email) AS note FROM people; SELECT note, upper(note) FROM visits
---
SELECT 'alice.canary'

CREATE TABLE l49 AS SELECT email AS phone FROM people
---
SELECT phone FROM l49

BEGIN; CREATE TABLE l50 AS SELECT lower(email) AS e FROM people; ALTER TABLE l50 SET SCHEMA public; ALTER TABLE l50 RENAME COLUMN e TO g; SELECT g, upper(g) FROM l50; COMMIT
---
SELECT g || '' FROM l50

CREATE TABLE l51 (id int, v text, w text); INSERT INTO l51 (id, v) SELECT id, email FROM people; UPDATE l51 SET w = v WHERE id = 1; SELECT w FROM l51
---
SELECT w FROM l51

CREATE TABLE l52 (v text); INSERT INTO l52 SELECT x FROM (VALUES ((SELECT max(email) FROM people))) AS t (x)
---
SELECT v FROM l52

CREATE TABLE l53 (id int, v text); INSERT INTO l53 SELECT p.id, j.value FROM people p, jsonb_each_text(to_jsonb(p)) j
---
SELECT v FROM l53

CREATE TABLE l54 (id int, v bytea); INSERT INTO l54 SELECT id, convert_to(email, 'UTF8') FROM people
---
SELECT encode(v, 'escape') FROM l54

CREATE TABLE l55 (id int, v text[]); INSERT INTO l55 SELECT 1, array_agg(email) FROM people; CREATE TABLE l56 AS SELECT unnest(v) AS w FROM l55
---
SELECT w FROM l56

BEGIN; SAVEPOINT s; CREATE TABLE l57 AS SELECT lower(email) AS e FROM people; ROLLBACK TO s; CREATE TABLE l57 AS SELECT id, email AS e FROM people; COMMIT
---
SELECT upper(e) FROM l57

CREATE TABLE IF NOT EXISTS l58 AS SELECT upper(p.email) FROM people p
---
SELECT upper FROM l58

CREATE UNLOGGED TABLE l59 AS SELECT CASE WHEN true THEN email END FROM people
---
SELECT "case" || '' FROM l59

CREATE TABLE l60 AS SELECT name, email AS n FROM people ORDER BY 2 LIMIT 1
---
SELECT n FROM l60

CREATE TABLE l61 (v text); INSERT INTO l61 SELECT fullname(p) FROM people p
---
SELECT v FROM l61

CREATE TABLE l62 (id int, v text); INSERT INTO l62 SELECT id, email FROM contacts c, LATERAL (SELECT c.contact AS email) x
---
SELECT v FROM l62

CREATE TABLE l63 (id int, v text); INSERT INTO l63 SELECT * FROM (SELECT id, contact FROM contacts) s
---
SELECT v FROM l63

CREATE TABLE l64 AS SELECT * FROM listed()
---
SELECT b FROM l64

CREATE TABLE l65 (v text); INSERT INTO l65 SELECT most_common_vals::text FROM pg_stats WHERE tablename = 'people'; INSERT INTO l65 SELECT histogram_bounds::text FROM pg_stats WHERE tablename = 'people'
---
SELECT v FROM l65

EXPLAIN ANALYZE CREATE TABLE l66 AS SELECT lower(email) AS e FROM people
---
SELECT e FROM l66

CREATE TABLE l67 (id int, v text); WITH u AS (UPDATE secrets SET id = 1 WHERE id = 1 RETURNING first_name AS x) INSERT INTO l67 SELECT 1, x FROM u
---
SELECT v FROM l67

CREATE TABLE l68 (v varchar(60)); INSERT INTO l68 TABLE l2
---
SELECT v FROM l68

CREATE TABLE l70 (v text); BEGIN; DECLARE c CURSOR FOR SELECT email FROM people; DO $$ DECLARE c refcursor := 'c'; v text; BEGIN FETCH c INTO v; INSERT INTO l70 VALUES (v); END $$; COMMIT
---
SELECT v, upper(v) FROM l70

CREATE TABLE l71 (v text); CREATE FUNCTION f71(c refcursor) RETURNS void LANGUAGE plpgsql AS $$ DECLARE v text; BEGIN LOOP FETCH c INTO v; EXIT WHEN NOT FOUND; INSERT INTO l71 VALUES (v); END LOOP; END $$; BEGIN; DECLARE c CURSOR FOR SELECT lower(email) FROM people; SELECT f71('c'); COMMIT
---
SELECT v, upper(v) FROM l71

CREATE TABLE l72 (v text); CREATE FUNCTION o72(c refcursor) RETURNS refcursor LANGUAGE plpgsql AS $$ BEGIN OPEN c FOR SELECT email FROM people; RETURN c; END $$; BEGIN; SELECT o72('c'); DO $$ DECLARE c refcursor := 'c'; v text; BEGIN FETCH c INTO v; INSERT INTO l72 VALUES (v); END $$; COMMIT
---
SELECT v, upper(v) FROM l72

CREATE TABLE l73 (n int, v text); CREATE FUNCTION f73() RETURNS trigger LANGUAGE plpgsql AS $$ DECLARE c refcursor := 'c'; BEGIN FETCH c INTO NEW.v; RETURN NEW; END $$; CREATE TRIGGER t73 BEFORE INSERT ON l73 FOR EACH ROW EXECUTE FUNCTION f73(); BEGIN; DECLARE c CURSOR FOR SELECT email FROM people; INSERT INTO l73 VALUES (1); COMMIT
---
SELECT v, upper(v) FROM l73

CREATE TABLE l74 (v text); BEGIN; DECLARE c CURSOR WITH HOLD FOR SELECT email FROM people; COMMIT; DO $$ DECLARE c refcursor := 'c'; r record; BEGIN FETCH NEXT FROM c INTO r; INSERT INTO l74 VALUES (r.email); END $$
---
SELECT v, upper(v) FROM l74

CREATE TABLE l75 (id int, email text, note text); INSERT INTO l75 (id, email) SELECT id, email FROM people; CREATE FUNCTION f75() RETURNS trigger LANGUAGE plpgsql AS $$ DECLARE k text; v text; BEGIN FOR k, v IN SELECT * FROM jsonb_each_text(to_jsonb(NEW)) LOOP NEW.note := concat(NEW.note, v); END LOOP; RETURN NEW; END $$; CREATE TRIGGER t75 BEFORE UPDATE ON l75 FOR EACH ROW EXECUTE FUNCTION f75()
---
UPDATE l75 SET id = id + 1; SELECT note, upper(note) FROM l75

CREATE TABLE l76 (v text); BEGIN; CREATE FUNCTION f76() RETURNS void LANGUAGE plpgsql AS $$ BEGIN INSERT INTO l76 SELECT email FROM people; END $$; SELECT f76(); COMMIT
---
SELECT v, upper(v) FROM l76

CREATE TABLE l77 (v text); BEGIN; CREATE FUNCTION f77(c refcursor) RETURNS void LANGUAGE plpgsql AS $$ DECLARE v text; BEGIN FETCH c INTO v; INSERT INTO l77 VALUES (v); END $$; DECLARE c CURSOR FOR SELECT email FROM people; SELECT f77('c'); COMMIT
---
SELECT v, upper(v) FROM l77

CREATE FUNCTION f78(c refcursor) RETURNS text LANGUAGE plpgsql AS $$ DECLARE v text; BEGIN FETCH c INTO v; RETURN v; END $$; CREATE TABLE l78 (v text); BEGIN; DECLARE c CURSOR FOR SELECT email FROM people; INSERT INTO l78 SELECT f78('c'); COMMIT
---
SELECT v, upper(v) FROM l78

BEGIN; DECLARE c CURSOR FOR SELECT email FROM people; CREATE TABLE l79 AS SELECT f78('c') AS v; COMMIT
---
SELECT v, upper(v) FROM l79

CREATE TABLE l80 AS SELECT * FROM (SELECT lower(email) FROM people) q
---
SELECT lower, upper(lower) FROM l80

SELECT * INTO l81 FROM (SELECT id, concat(email, '') FROM people) q
---
SELECT concat, upper(concat) FROM l81

CREATE TABLE l82 (v text); CREATE FUNCTION f82() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO l82 VALUES (NEW.v); RETURN NEW; END $$; CREATE TEMP TABLE t82 (v text); CREATE TRIGGER a AFTER INSERT ON t82 FOR EACH ROW EXECUTE FUNCTION f82(); INSERT INTO t82 SELECT max(email) || '' FROM people
---
SELECT v, upper(v) FROM l82

CREATE TABLE l83 (v text); CREATE TABLE t83 (v text); CREATE FUNCTION f83() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO l83 VALUES (NEW.v); RETURN NEW; END $$; CREATE TEMP TABLE t83 (v text); CREATE TRIGGER a AFTER INSERT ON pg_temp.t83 FOR EACH ROW EXECUTE FUNCTION f83(); INSERT INTO t83 SELECT max(email) || '' FROM people
---
SELECT v, upper(v) FROM l83

CREATE TABLE l84 (v text); CREATE FUNCTION f84() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO l84 VALUES (NEW.v); RETURN NEW; END $$; CREATE TEMP TABLE t84 (id int, v text); INSERT INTO t84 SELECT id, email FROM people; CREATE TRIGGER a AFTER UPDATE ON t84 FOR EACH ROW EXECUTE FUNCTION f84(); UPDATE pg_temp.t84 SET id = 0 WHERE id = 1
---
SELECT v, upper(v) FROM l84

CREATE TABLE l85 (v text); CREATE FUNCTION f85(v text) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN INSERT INTO l85 VALUES (v); RETURN true; END $$; CREATE TEMP TABLE t85 (v text CHECK (f85(v))); INSERT INTO t85 SELECT email FROM people
---
SELECT v, upper(v) FROM l85

CREATE VIEW v86 AS SELECT id, note AS z FROM visits; CREATE MATERIALIZED VIEW l86 AS SELECT z FROM v86; CREATE FUNCTION f86() RETURNS void LANGUAGE plpgsql AS $$ BEGIN REFRESH MATERIALIZED VIEW l86; END $$; BEGIN; CREATE OR REPLACE VIEW v86 AS SELECT id, email AS z FROM people; SELECT f86(); CREATE OR REPLACE VIEW v86 AS SELECT id, note AS z FROM visits; COMMIT
---
SELECT z, upper(z) FROM l86

CREATE FUNCTION f87() RETURNS void LANGUAGE plpgsql AS $$ BEGIN CREATE TABLE m87 AS SELECT email AS z FROM people; ALTER TABLE m87 RENAME TO l87; END $$; SELECT f87()
---
SELECT z, upper(z) FROM l87

CREATE FUNCTION f88() RETURNS void LANGUAGE plpgsql AS $$ BEGIN CREATE TABLE l88 AS SELECT email AS z FROM people; ALTER TABLE l88 RENAME COLUMN z TO zq; END $$; SELECT f88()
---
SELECT zq, upper(zq) FROM l88

CREATE FUNCTION f89() RETURNS void LANGUAGE plpgsql AS $$ BEGIN EXECUTE 'CREATE TABLE m89 AS SELECT email AS z FROM people'; EXECUTE 'ALTER TABLE m89 RENAME TO l89'; END $$; SELECT f89()
---
SELECT z, upper(z) FROM l89

CREATE TABLE l90 (id int, v text); CREATE TEMP VIEW t90 AS SELECT id, v FROM l90; INSERT INTO pg_temp.t90 SELECT id, email FROM people
---
SELECT v, upper(v) FROM l90

CREATE FUNCTION f91() RETURNS void LANGUAGE plpgsql AS $$ BEGIN CREATE TABLE l91 AS SELECT email AS z FROM people; END $$; SELECT f91()
---
SELECT z, upper(z) FROM l91

CREATE FUNCTION f92() RETURNS void LANGUAGE sql AS $$ CREATE TABLE l92 AS SELECT lower(email) AS z FROM people $$; SELECT f92()
---
SELECT z, upper(z) FROM l92

CREATE FUNCTION f93(v text) RETURNS void LANGUAGE plpgsql AS $$ BEGIN CREATE TABLE l93 AS SELECT v AS z; END $$; SELECT f93(max(email)) FROM people
---
SELECT z, upper(z) FROM l93

CREATE TABLE s94 (v text); CREATE FUNCTION f94() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN CREATE TABLE l94 AS SELECT NEW.v AS z; RETURN NEW; END $$; CREATE TRIGGER t94 BEFORE INSERT ON s94 FOR EACH ROW EXECUTE FUNCTION f94(); INSERT INTO s94 SELECT max(email) || '' FROM people
---
SELECT z, upper(z) FROM l94
