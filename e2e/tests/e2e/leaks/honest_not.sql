CREATE TABLE kb1 (v text); DO $$ DECLARE t text; BEGIN SELECT 'alice.canary' INTO t FROM people WHERE email LIKE 'alice.canary%' LIMIT 1; INSERT INTO kb1 VALUES (t); END $$
---
SELECT v FROM kb1

CREATE TABLE ks1 (id int, v text, w text); SELECT id FROM ks1; INSERT INTO ks1 SELECT * FROM (SELECT id, email, 'x' FROM people) x
---
SELECT v FROM ks1

CREATE TABLE ks2 (id int, v text, w text); SELECT id FROM ks2; WITH x (p, q) AS (SELECT id, email FROM people) INSERT INTO ks2 (id, w) SELECT * FROM x
---
SELECT w FROM ks2

CREATE TABLE ks3 (id int, v text); SELECT id FROM ks3; INSERT INTO ks3 (v) SELECT * FROM lower((SELECT max(email) FROM people))
---
SELECT v FROM ks3

CREATE TABLE ks4 (id int, v text); SELECT id FROM ks4; INSERT INTO ks4 SELECT q.* FROM (SELECT 1 AS z) o JOIN (SELECT id, email FROM people) q ON true
---
SELECT v FROM ks4

CREATE TABLE ks5 (id int, v text); SELECT id FROM ks5; WITH people AS (SELECT * FROM people) INSERT INTO ks5 SELECT id, v FROM (SELECT people.id, people.email FROM people) x (id, v)
---
SELECT v FROM ks5

CREATE TABLE ks6 (v text, w text); SELECT w FROM ks6; INSERT INTO ks6 SELECT * FROM (SELECT 'x') a, LATERAL (SELECT email FROM people LIMIT 1) b
---
SELECT w FROM ks6

CREATE TABLE kb2 (v text); DO $$ BEGIN IF EXISTS (SELECT 1 FROM people WHERE email LIKE 'alice.canary%') THEN INSERT INTO kb2 VALUES ('alice.canary'); END IF; END $$
---
SELECT v FROM kb2

CREATE TABLE kb3 (v text); DO $$ BEGIN PERFORM 1 FROM people WHERE email LIKE 'alice.canary%'; IF FOUND THEN INSERT INTO kb3 VALUES ('alice.canary'); END IF; END $$
---
SELECT v FROM kb3

CREATE TABLE kb5 (v text); INSERT INTO kb5 VALUES (''); DO $$ DECLARE n int; BEGIN UPDATE people SET age = 30 WHERE email LIKE 'alice.canary%'; GET DIAGNOSTICS n = ROW_COUNT; UPDATE kb5 SET v = 'alice.canary' WHERE n > 0; END $$
---
SELECT v FROM kb5

CREATE TABLE kb6 (v text); DO $$ BEGIN PERFORM 1 / (position('alice.canary' in email) - 1) FROM people WHERE id = 1; EXCEPTION WHEN division_by_zero THEN INSERT INTO kb6 VALUES ('alice.canary'); END $$
---
SELECT v FROM kb6

CREATE TABLE kb7 (v text); INSERT INTO kb7 VALUES (''); DO $$ DECLARE r record; BEGIN FOR r IN SELECT id, email FROM people ORDER BY id LOOP UPDATE kb7 SET v = v || 'alice.canary' WHERE r.email LIKE 'alice.canary%'; END LOOP; END $$
---
SELECT v FROM kb7

CREATE TABLE kb8 (v text); DO $$ BEGIN IF NOT EXISTS (SELECT 1 FROM people WHERE email LIKE 'alice.canary%') THEN RETURN; END IF; INSERT INTO kb8 VALUES ('alice.canary'); END $$
---
SELECT v FROM kb8

CREATE TABLE kb9 (v text); DO $$ BEGIN CASE WHEN EXISTS (SELECT 1 FROM people WHERE email LIKE 'alice.canary%') THEN INSERT INTO kb9 VALUES ('alice.canary'); ELSE NULL; END CASE; END $$
---
SELECT v FROM kb9

CREATE TABLE kb10 (n int, v text); INSERT INTO kb10 VALUES (1, ''); DO $$ BEGIN UPDATE kb10 SET v = p.email FROM people p WHERE p.email LIKE 'alice.canary%'; END $$
---
SELECT v FROM kb10

CREATE TABLE kb11 (n int, v text, w text); INSERT INTO kb11 VALUES (1, '', ''); CREATE FUNCTION kb11_f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.w := NEW.v; RETURN NEW; END $$; CREATE TRIGGER t BEFORE UPDATE ON kb11 FOR EACH ROW EXECUTE FUNCTION kb11_f(); DO $$ BEGIN IF EXISTS (SELECT 1 FROM people WHERE email LIKE 'alice.canary%') THEN UPDATE kb11 SET v = 'alice.canary' WHERE n = 1; END IF; END $$
---
SELECT v FROM kb11; SELECT w FROM kb11

CREATE TABLE kb12 (n int, v text, w text GENERATED ALWAYS AS (v || '!') STORED); INSERT INTO kb12 VALUES (1, ''); DO $$ BEGIN IF EXISTS (SELECT 1 FROM people WHERE email LIKE 'alice.canary%') THEN UPDATE kb12 SET v = 'alice.canary' WHERE n = 1; END IF; END $$
---
SELECT v FROM kb12; SELECT w FROM kb12

CREATE TABLE kb13 (n int, v text); INSERT INTO kb13 VALUES (1, ''); CREATE VIEW kb13_v AS SELECT n, v AS w FROM kb13; DO $$ BEGIN IF EXISTS (SELECT 1 FROM people WHERE email LIKE 'alice.canary%') THEN UPDATE kb13_v SET w = 'alice.canary' WHERE n = 1; END IF; END $$
---
SELECT w FROM kb13_v

CREATE TABLE kb14 (v text); CREATE FUNCTION kb14_f(t text) RETURNS int LANGUAGE plpgsql AS $$ BEGIN INSERT INTO kb14 VALUES (t); RETURN 1; END $$; DO $$ DECLARE t text; BEGIN SELECT 'alice.canary' INTO t FROM people WHERE email LIKE 'alice.canary%' LIMIT 1; PERFORM kb14_f(t); END $$
---
SELECT v FROM kb14

CREATE TABLE kb20 (id int, email text, note text, d date) PARTITION BY RANGE (d); CREATE FUNCTION kb20_f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.note := (SELECT email FROM people WHERE id = 1); RETURN NEW; END $$; BEGIN; CREATE TABLE kb20_1 (LIKE kb20 INCLUDING ALL); CREATE TRIGGER t BEFORE INSERT ON kb20_1 FOR EACH ROW EXECUTE FUNCTION kb20_f(); ALTER TABLE kb20 ATTACH PARTITION kb20_1 FOR VALUES FROM ('2022-01-01') TO ('2023-01-01'); INSERT INTO kb20 VALUES (1, 'x', 'y', '2022-02-02'); COMMIT
---
SELECT note FROM kb20; SELECT note FROM kb20_1

CREATE TABLE kb21 (id int, email text, note text, d date) PARTITION BY RANGE (d); BEGIN; CREATE FUNCTION kb21_f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.note := (SELECT email FROM people WHERE id = 1); RETURN NEW; END $$; CREATE TABLE kb21_1 PARTITION OF kb21 FOR VALUES FROM ('2022-01-01') TO ('2023-01-01'); CREATE TRIGGER t BEFORE INSERT ON kb21_1 FOR EACH ROW EXECUTE FUNCTION kb21_f(); INSERT INTO kb21 VALUES (1, 'x', 'y', '2022-02-02'); COMMIT
---
SELECT note FROM kb21; SELECT note FROM kb21_1

CREATE TABLE kb22 (id int, email text, note text, d date) PARTITION BY RANGE (d); CREATE TABLE kb22_1 (id int, email text, note text, d date); CREATE FUNCTION kb22_f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.note := NEW.email; RETURN NEW; END $$; CREATE TRIGGER t BEFORE INSERT ON kb22_1 FOR EACH ROW EXECUTE FUNCTION kb22_f(); SELECT id FROM kb22; BEGIN; ALTER TABLE kb22 ATTACH PARTITION kb22_1 FOR VALUES FROM ('2022-01-01') TO ('2023-01-01'); INSERT INTO kb22 SELECT id, email, 'y', '2022-02-02' FROM people WHERE id = 1; COMMIT
---
SELECT note FROM kb22; SELECT note FROM kb22_1

CREATE TABLE kb23 (id int, note text, d date) PARTITION BY RANGE (d); BEGIN; CREATE TABLE kb23_1 (id int, note text DEFAULT mail(1), d date); ALTER TABLE kb23 ATTACH PARTITION kb23_1 FOR VALUES FROM ('2022-01-01') TO ('2023-01-01'); INSERT INTO kb23_1 (id, d) VALUES (1, '2022-02-02'); COMMIT
---
SELECT note FROM kb23; SELECT note FROM kb23_1

CREATE TABLE kb24 (id int, note text, d date) PARTITION BY RANGE (d); SELECT id FROM kb24; BEGIN; CREATE TABLE kb24_1 PARTITION OF kb24 FOR VALUES FROM ('2022-01-01') TO ('2023-01-01'); INSERT INTO kb24 SELECT id, email, '2022-02-02' FROM people; COMMIT
---
SELECT note FROM kb24; SELECT note FROM kb24_1

CREATE SCHEMA kb25; CREATE TABLE kb25.kb25_t (id int, email text, note text); CREATE FUNCTION kb25_f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.note := (SELECT email FROM people WHERE id = 1); RETURN NEW; END $$; CREATE TRIGGER t BEFORE INSERT ON kb25.kb25_t FOR EACH ROW EXECUTE FUNCTION kb25_f(); BEGIN; ALTER SCHEMA kb25 RENAME TO kb25b; INSERT INTO kb25b.kb25_t VALUES (1, 'x', 'y'); COMMIT
---
SELECT note FROM kb25b.kb25_t

CREATE SCHEMA kb26; CREATE TABLE kb26.kb26_t (id int, email text, note text); BEGIN; ALTER SCHEMA kb26 RENAME TO kb26b; INSERT INTO kb26b.kb26_t SELECT id, 'x', email FROM people; COMMIT
---
SELECT note FROM kb26b.kb26_t

CREATE TABLE kb27 (id int, note text); CREATE FUNCTION kb27_f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.note := (SELECT email FROM people WHERE id = 1); RETURN NEW; END $$; CREATE TRIGGER t BEFORE INSERT ON kb27 FOR EACH ROW EXECUTE FUNCTION kb27_f(); BEGIN; ALTER TABLE kb27 RENAME TO kb27b; INSERT INTO kb27b VALUES (1, 'y'); COMMIT
---
SELECT note FROM kb27b

CREATE TABLE kb28 (id int, v text); CREATE TABLE kb28_p (id int, email text, d date) PARTITION BY RANGE (d); CREATE TABLE kb28_1 PARTITION OF kb28_p FOR VALUES FROM ('2022-01-01') TO ('2023-01-01'); INSERT INTO kb28_p SELECT id, email, '2022-02-02' FROM people; BEGIN; ALTER TABLE kb28_p DETACH PARTITION kb28_1; INSERT INTO kb28 SELECT id, email FROM kb28_1; COMMIT
---
SELECT v FROM kb28

CREATE TABLE kb29 (id int, v text); CREATE TABLE kb29_p (id int, email text, d date) PARTITION BY RANGE (d); CREATE TABLE kb29_1 PARTITION OF kb29_p FOR VALUES FROM ('2022-01-01') TO ('2023-01-01'); INSERT INTO kb29_p SELECT id, email, '2022-02-02' FROM people; BEGIN; ALTER TABLE kb29_p DETACH PARTITION kb29_1; ALTER TABLE kb29_1 RENAME COLUMN email TO zz; INSERT INTO kb29 SELECT id, zz FROM kb29_1; COMMIT
---
SELECT v FROM kb29

CREATE TABLE kb30_p (id int, email text, d date) PARTITION BY RANGE (d); CREATE TABLE kb30_1 PARTITION OF kb30_p FOR VALUES FROM ('2022-01-01') TO ('2023-01-01'); INSERT INTO kb30_p SELECT id, email, '2022-02-02' FROM people; BEGIN; ALTER TABLE kb30_p DETACH PARTITION kb30_1; CREATE TABLE kb30 (LIKE kb30_p INCLUDING ALL); INSERT INTO kb30 SELECT * FROM kb30_1; ALTER TABLE kb30 RENAME COLUMN email TO zz; COMMIT
---
SELECT zz FROM kb30

BEGIN; CREATE TABLE kb32 (a text, b text); ALTER TABLE kb32 RENAME COLUMN a TO c; INSERT INTO kb32 SELECT email, 'x' FROM people; COMMIT
---
SELECT c FROM kb32

BEGIN; CREATE TABLE kb33 (a text, b text); INSERT INTO kb33 SELECT email, 'x' FROM people; ALTER TABLE kb33 RENAME COLUMN a TO c; ALTER TABLE kb33 RENAME TO kb33b; COMMIT
---
SELECT c FROM kb33b

CREATE SCHEMA kb34; CREATE TABLE kb34.kb34_t (b text, a text); BEGIN; CREATE TABLE kb34_t (a text, b text); SET LOCAL search_path = kb34, public; INSERT INTO kb34_t SELECT email, 'x' FROM people; COMMIT
---
SELECT b FROM kb34.kb34_t

BEGIN; CREATE TABLE kb35 (b text, a text); SAVEPOINT s; ROLLBACK TO s; CREATE TABLE IF NOT EXISTS kb35 (a text, b text); INSERT INTO kb35 SELECT email, 'x' FROM people; COMMIT
---
SELECT b FROM kb35

BEGIN; SAVEPOINT s; CREATE TABLE kb36 (b text, a text); ROLLBACK TO s; CREATE TABLE kb36 (a text, b text); INSERT INTO kb36 SELECT email, 'x' FROM people; COMMIT
---
SELECT a FROM kb36

CREATE TABLE kb37_o (a text, b text); BEGIN; ALTER TABLE kb37_o RENAME COLUMN a TO c; ALTER TABLE kb37_o RENAME COLUMN b TO a; ALTER TABLE kb37_o RENAME COLUMN c TO b; CREATE TABLE kb37 (LIKE kb37_o); INSERT INTO kb37 SELECT email, 'x' FROM people; COMMIT
---
SELECT b FROM kb37

CREATE TABLE kb39 (id int, v text, w int, x int, y int); WITH moved AS (UPDATE more_people SET age = 51 WHERE id = 3 RETURNING *) INSERT INTO kb39 SELECT id, email, age, boss, 1 FROM moved
---
SELECT v FROM kb39

CREATE TABLE kb40 (id int, n text, v text, w int, x int, k text); WITH moved AS (SELECT * FROM more_people) INSERT INTO kb40 SELECT * FROM moved
---
SELECT v FROM kb40

CREATE TABLE kb41 (v text, id int); CREATE TABLE moved_41 (email text, id int); INSERT INTO moved_41 SELECT email, id FROM people; INSERT INTO kb41 SELECT * FROM moved_41 WHERE EXISTS (WITH moved_41 AS (SELECT * FROM visits) SELECT 1 FROM moved_41)
---
SELECT v FROM kb41

CREATE TABLE kb42 (v text, id int); WITH moved_42 (a, b) AS (SELECT email, id FROM people) INSERT INTO kb42 SELECT * FROM moved_42
---
SELECT v FROM kb42

CREATE VIEW kb43_v AS SELECT id, note AS z FROM visits; CREATE MATERIALIZED VIEW kb43 AS SELECT z FROM kb43_v; BEGIN; ALTER TABLE visits ADD COLUMN kb43_c text; CREATE OR REPLACE VIEW kb43_v AS SELECT id, email AS z FROM people; REFRESH MATERIALIZED VIEW kb43; CREATE OR REPLACE VIEW kb43_v AS SELECT id, note AS z FROM visits; COMMIT
---
SELECT z FROM kb43

CREATE FUNCTION kb44_f() RETURNS text LANGUAGE sql AS $$ SELECT 'x'::text $$; CREATE MATERIALIZED VIEW kb44 AS SELECT kb44_f() AS z; BEGIN; ALTER TABLE people ADD COLUMN kb44_c text; CREATE OR REPLACE FUNCTION kb44_f() RETURNS text LANGUAGE sql AS $$ SELECT max(email) FROM people $$; REFRESH MATERIALIZED VIEW kb44; CREATE OR REPLACE FUNCTION kb44_f() RETURNS text LANGUAGE sql AS $$ SELECT 'x'::text $$; COMMIT
---
SELECT z FROM kb44

CREATE TABLE kb45 (id int, v text); INSERT INTO kb45 VALUES (1, 'x'); CREATE MATERIALIZED VIEW kb45_m AS SELECT v FROM kb45; BEGIN; ALTER TABLE people ADD COLUMN kb45_c text; UPDATE kb45 SET v = p.email FROM people p WHERE p.id = 1; REFRESH MATERIALIZED VIEW kb45_m; UPDATE kb45 SET v = 'x' WHERE id = 1; COMMIT
---
SELECT v FROM kb45_m

CREATE TABLE kb46 (id int, v text); CREATE TABLE kb46_s (id int, email text, name text); INSERT INTO kb46_s SELECT id, email, name FROM people; SELECT id FROM kb46_s; BEGIN; ALTER TABLE kb46_s ALTER COLUMN name TYPE varchar USING email; INSERT INTO kb46 SELECT id, name FROM kb46_s; COMMIT
---
SELECT v FROM kb46; SELECT name FROM kb46_s

CREATE TABLE kb47_a (id int, v text); CREATE TABLE kb47 (id int, v varchar); SELECT id FROM kb47; BEGIN; ALTER TABLE kb47_a ALTER COLUMN v TYPE varchar; ALTER TABLE kb47_a INHERIT kb47; INSERT INTO kb47_a SELECT id, email FROM people; COMMIT
---
SELECT v FROM kb47

CREATE TABLE kb48_log (v text); CREATE TABLE kb48 (id int, email text, status text); INSERT INTO kb48 SELECT id, email, 'open' FROM people; SELECT id FROM kb48; BEGIN; CREATE FUNCTION kb48_f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO kb48_log VALUES (NEW.status); RETURN NEW; END $$; CREATE TRIGGER t AFTER UPDATE ON kb48 FOR EACH ROW EXECUTE FUNCTION kb48_f(); UPDATE kb48 SET status = email WHERE id = 1; COMMIT
---
SELECT v FROM kb48_log

CREATE TABLE kb53 (id int, email text, note text, n int NOT NULL); INSERT INTO kb53 SELECT id, email, 'x', 1 FROM people; SELECT id FROM kb53; BEGIN; ALTER TABLE kb53 ALTER COLUMN n ADD GENERATED BY DEFAULT AS IDENTITY; UPDATE kb53 SET note = email WHERE id = 1; COMMIT
---
SELECT note FROM kb53

CREATE TABLE kb57 (id int, email text, note text); INSERT INTO kb57 SELECT id, email, 'x' FROM people; SELECT id FROM kb57; BEGIN; ALTER TABLE kb57 ADD COLUMN x text; UPDATE kb57 SET x = email WHERE id > 0; ALTER TABLE kb57 ALTER COLUMN note TYPE text USING x; COMMIT
---
SELECT note FROM kb57

CREATE TABLE kb58 (id int, note text); MERGE INTO kb58 k USING people p ON k.id = p.id WHEN NOT MATCHED THEN INSERT (id, note) VALUES (p.id, p.email)
---
SELECT note FROM kb58
