CREATE TABLE m1 (id int, email text); INSERT INTO m1 VALUES (1, 'alice.canary@example.com')
---
ALTER TABLE m1 RENAME COLUMN email TO x
---
SELECT lower(x) FROM m1

CREATE TABLE m2 (id int, email text); INSERT INTO m2 VALUES (1, 'alice.canary@example.com')
---
ALTER TABLE m2 RENAME TO m2_new
---
SELECT lower(email) FROM m2_new

CREATE TABLE m3 (id int, email text); INSERT INTO m3 VALUES (1, 'alice.canary@example.com')
---
CREATE VIEW m3_view AS SELECT email AS e FROM m3
---
SELECT upper(e) FROM m3_view

CREATE TABLE m4 (id int, email text, n text); INSERT INTO m4 VALUES (1, 'alice.canary@example.com'); CREATE VIEW m4_view AS SELECT n AS e FROM m4
---
CREATE OR REPLACE VIEW m4_view AS SELECT email AS e FROM m4
---
SELECT upper(e) FROM m4_view

CREATE TABLE m5 (id int, email text); INSERT INTO m5 VALUES (1, 'alice.canary@example.com')
---
CREATE FUNCTION m5_f(n int) RETURNS text LANGUAGE sql AS 'SELECT email FROM m5 WHERE id = n'
---
SELECT m5_f(1)

CREATE TABLE m7 (id int, email text); INSERT INTO m7 VALUES (1, 'alice.canary@example.com'); CREATE TABLE m7_other (id int)
---
ALTER TABLE m7_other RENAME TO m7_old; ALTER TABLE m7 RENAME TO m7_other
---
SELECT upper(email) FROM m7_other

CREATE TABLE m8 (id int, email text); INSERT INTO m8 VALUES (1, 'alice.canary@example.com'); CREATE SCHEMA m8_schema
---
ALTER TABLE m8 SET SCHEMA m8_schema
---
SELECT upper(email) FROM m8_schema.m8

CREATE TABLE m9 (id int, email text); INSERT INTO m9 VALUES (1, 'alice.canary@example.com'); CREATE TABLE m9_notes (n text)
---
ALTER TABLE m9 RENAME email TO x; INSERT INTO m9_notes SELECT x FROM m9
---
SELECT n FROM m9_notes

CREATE TABLE m10 (id int, email text); INSERT INTO m10 VALUES (1, 'alice.canary@example.com')
---
DO $$ BEGIN ALTER TABLE m10 RENAME email TO y; END $$
---
SELECT upper(y) FROM m10

CREATE TABLE m11 (id int, email text); INSERT INTO m11 VALUES (1, 'alice.canary@example.com')
---
CREATE VIEW m11_view AS SELECT email AS e FROM m11; PREPARE q AS SELECT upper(e) FROM m11_view; EXECUTE q
---
SELECT upper(e) FROM m11_view

CREATE TABLE m12 (id int, email text); INSERT INTO m12 VALUES (1, 'alice.canary@example.com')
---
CREATE VIEW m12_view AS SELECT email AS e FROM m12; DECLARE c CURSOR WITH HOLD FOR SELECT upper(e) FROM m12_view; FETCH ALL FROM c; CLOSE c
---
SELECT upper(e) FROM m12_view

CREATE TABLE m13 (id int, email text); INSERT INTO m13 VALUES (1, 'alice.canary@example.com')
---
CREATE TABLE m13_part (note text) INHERITS (m13); INSERT INTO m13_part (id, note) VALUES (2, ''); UPDATE m13_part SET note = (SELECT max(email) FROM m13) WHERE id = 2
---
SELECT upper(note) FROM m13_part

CREATE TABLE m14 (id int, email text); INSERT INTO m14 VALUES (1, 'alice.canary@example.com'); CREATE VIEW m14_view AS SELECT email AS contact FROM m14
---
ALTER VIEW m14_view RENAME COLUMN contact TO c
---
SELECT upper(c) FROM m14_view

CREATE TABLE m15 (id int, v text)
---
CREATE FUNCTION m15_f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN SELECT email INTO NEW.v FROM people LIMIT 1; RETURN NEW; END $$; CREATE TRIGGER m15_t BEFORE INSERT ON m15 FOR EACH ROW EXECUTE FUNCTION m15_f()
---
INSERT INTO m15 VALUES (1, 'x') RETURNING v; SELECT v FROM m15

CREATE TABLE m16 (id int, email text); INSERT INTO m16 VALUES (1, 'alice.canary@example.com'); CREATE FUNCTION m16_f() RETURNS text LANGUAGE sql AS 'SELECT ''x'''
---
CREATE OR REPLACE FUNCTION m16_f() RETURNS text LANGUAGE sql AS 'SELECT email FROM m16'
---
SELECT m16_f()

CREATE TABLE m17 (id int, email text); INSERT INTO m17 VALUES (1, 'alice.canary@example.com'); CREATE SCHEMA m17_old; ALTER TABLE m17 SET SCHEMA m17_old
---
ALTER SCHEMA m17_old RENAME TO m17_new
---
SELECT upper(email) FROM m17_new.m17

CREATE TABLE m18 (id int, email text); INSERT INTO m18 VALUES (1, 'alice.canary@example.com')
---
CREATE VIEW m18_view AS SELECT email AS e FROM m18; CREATE VIEW m18_two AS SELECT e AS f FROM m18_view
---
SELECT reverse(f) FROM m18_two

CREATE TABLE m19 (id int, email text); INSERT INTO m19 VALUES (1, 'alice.canary@example.com')
---
ALTER TABLE m19 ADD COLUMN back text GENERATED ALWAYS AS (reverse(email)) STORED
---
SELECT back FROM m19

CREATE TABLE m20 (id int, email text); INSERT INTO m20 VALUES (1, 'alice.canary@example.com')
---
CREATE MATERIALIZED VIEW m20_view AS SELECT reverse(email) AS e FROM m20
---
SELECT e, upper(e) FROM m20_view

CREATE TABLE m21 (id int, email text); INSERT INTO m21 VALUES (1, 'alice.canary@example.com')
---
BEGIN; SAVEPOINT s; ALTER TABLE m21 RENAME email TO x; RELEASE s; SAVEPOINT t; SELECT count(*) FROM m21; ROLLBACK TO t
---
SELECT reverse(x) FROM m21; COMMIT

CREATE TABLE m22 (id int, email text); INSERT INTO m22 VALUES (1, 'alice.canary@example.com'); CREATE VIEW m22_view AS SELECT id::text AS e FROM m22; PREPARE q AS SELECT upper(e) FROM m22_view
---
PREPARE q AS SELECT upper(e) FROM m22_view; CREATE OR REPLACE VIEW m22_view AS SELECT email AS e FROM m22
---
EXECUTE q; SELECT upper(e) FROM m22_view

CREATE TABLE m23 (id int, email text); INSERT INTO m23 VALUES (1, 'alice.canary@example.com')
---
CREATE VIEW m23_view AS SELECT reverse(email) AS e FROM m23
---
TABLE m23_view; SELECT * FROM m23_view; SELECT m23_view FROM m23_view; SELECT row_to_json(v) FROM m23_view v; SELECT string_agg(e, ',') FROM m23_view; SELECT a.x FROM m23_view AS a (x); WITH w AS (SELECT * FROM m23_view) SELECT upper(w.e) FROM w; SELECT s.* FROM (SELECT v FROM m23_view v) s

CREATE TABLE m24 (id int, email text); INSERT INTO m24 VALUES (1, 'alice.canary@example.com')
---
CREATE FUNCTION m24_f(OUT a text, OUT b int) LANGUAGE sql AS 'SELECT email, id FROM m24'
---
SELECT * FROM m24_f(); SELECT (m24_f()).a; SELECT upper(a) FROM m24_f()

CREATE TABLE m25 (id int, email text); INSERT INTO m25 VALUES (1, 'alice.canary@example.com')
---
ALTER TABLE m25 RENAME email TO x; COPY (SELECT upper(x) FROM m25) TO STDOUT
---
COPY (SELECT upper(x) FROM m25) TO STDOUT; COPY m25 TO STDOUT

CREATE TABLE m26 (id int, email text); INSERT INTO m26 VALUES (1, 'alice.canary@example.com')
---
ALTER TABLE m26 RENAME email TO x
---
SELECT x::int FROM m26; SELECT 1 FROM m26 WHERE x::int = 1

CREATE TABLE m27 (id int, email text); INSERT INTO m27 VALUES (1, 'alice.canary@example.com')
---
ALTER TABLE m27 RENAME email TO x
---
UPDATE m27 SET id = 2 WHERE id = 1 RETURNING reverse(x); UPDATE m27 SET id = 1 WHERE id = 2 RETURNING *

CREATE TABLE m28 (id int, email text); INSERT INTO m28 VALUES (1, 'alice.canary@example.com')
---
CREATE VIEW m28_view AS SELECT reverse(email) AS e FROM m28; CREATE TABLE m28_copy AS SELECT e FROM m28_view
---
SELECT e, upper(e) FROM m28_copy

CREATE TABLE m29 (id int, email text); INSERT INTO m29 VALUES (1, 'alice.canary@example.com')
---
CREATE VIEW m29_view AS SELECT reverse(email) AS e FROM m29; SELECT e INTO m29_copy FROM m29_view
---
SELECT e, upper(e) FROM m29_copy

CREATE TABLE m30 (id int, email text); INSERT INTO m30 VALUES (1, 'alice.canary@example.com')
---
ALTER TABLE m30 RENAME email TO x; CREATE TABLE m30_copy AS TABLE m30
---
SELECT reverse(x) FROM m30_copy; SELECT m FROM m30_copy m

CREATE TABLE m31 (id int, email text); INSERT INTO m31 VALUES (1, 'alice.canary@example.com'); CREATE TABLE m31_log (v text)
---
CREATE FUNCTION m31_f() RETURNS text LANGUAGE sql AS 'SELECT reverse(email) FROM m31'; INSERT INTO m31_log SELECT m31_f()
---
SELECT v, upper(v) FROM m31_log

CREATE TABLE m32 (id int, email text); INSERT INTO m32 VALUES (1, 'alice.canary@example.com'); CREATE TABLE m32_log (v text)
---
ALTER TABLE m32 RENAME TO m32_new; WITH w AS (INSERT INTO m32_log SELECT reverse(email) FROM m32_new RETURNING v) SELECT v FROM w
---
SELECT v FROM m32_log

CREATE TABLE v1 (id int, email text); INSERT INTO v1 VALUES (1, 'alice.canary@example.com'); CREATE VIEW v1_view AS SELECT id, note AS z FROM visits
---
CREATE OR REPLACE VIEW v1_view AS SELECT id, email AS z FROM v1
---
SELECT z FROM v1_view

CREATE TABLE v2 (id int, email text); INSERT INTO v2 VALUES (1, 'alice.canary@example.com'); CREATE VIEW v2_view AS SELECT id, note AS z FROM visits; CREATE VIEW v2_above AS SELECT z AS q FROM v2_view
---
CREATE OR REPLACE VIEW v2_view AS SELECT id, email AS z FROM v2
---
SELECT q FROM v2_above; COPY (SELECT q FROM v2_above) TO STDOUT

CREATE TABLE v3 (id int, email text); INSERT INTO v3 VALUES (1, 'alice.canary@example.com'); CREATE TABLE v3_parent (id int, z text)
---
CREATE TABLE v3_child AS SELECT id, email AS z FROM v3; ALTER TABLE v3_child INHERIT v3_parent
---
SELECT z FROM v3_parent

CREATE TABLE v4 (id int, email text); INSERT INTO v4 VALUES (1, 'alice.canary@example.com'); CREATE TABLE v4_notes (n int, a text)
---
ALTER TABLE v4_notes RENAME TO v4_b; INSERT INTO v4_b (n, a) SELECT id, email FROM v4
---
SELECT a FROM v4_b; SELECT n, upper(a) FROM v4_b

CREATE TABLE v5 (id int, email text); INSERT INTO v5 VALUES (1, 'alice.canary@example.com'); CREATE TABLE v5_notes (n int, a text)
---
ALTER TABLE v5_notes RENAME TO v5_b; INSERT INTO v5_b (n, a) SELECT id, email FROM v5; ALTER TABLE v5_b RENAME TO v5_notes
---
SELECT a FROM v5_notes

CREATE TABLE v6 (id int, email text); INSERT INTO v6 VALUES (1, 'alice.canary@example.com'); CREATE TABLE v6_notes (n int, a text)
---
ALTER TABLE v6_notes RENAME COLUMN a TO b; INSERT INTO v6_notes (n, b) SELECT id, email FROM v6
---
SELECT b FROM v6_notes

CREATE TABLE v7 (id int, email text); INSERT INTO v7 VALUES (1, 'alice.canary@example.com'); CREATE TABLE v7_notes (n int, a text)
---
ALTER TABLE v7_notes ADD COLUMN zx text; INSERT INTO v7_notes (n, zx) SELECT id, email FROM v7
---
SELECT zx FROM v7_notes; SELECT upper(zx) FROM v7_notes

CREATE TABLE v8 (id int, email text); INSERT INTO v8 VALUES (1, 'alice.canary@example.com'); CREATE TABLE v8_notes (n int, a text); INSERT INTO v8_notes VALUES (1, 'a')
---
ALTER TABLE v8_notes ADD COLUMN zx text; UPDATE v8_notes SET zx = (SELECT email FROM v8) WHERE n = 1
---
SELECT zx FROM v8_notes; SELECT * FROM v8_notes

CREATE TABLE v9 (id int, email text); INSERT INTO v9 VALUES (1, 'alice.canary@example.com'); CREATE TABLE v9_notes (n int, a text); CREATE TABLE v9_more (n int, a text)
---
ALTER TABLE v9_notes RENAME TO v9_x; ALTER TABLE v9_more RENAME TO v9_notes; ALTER TABLE v9_x RENAME TO v9_more; INSERT INTO v9_notes (n, a) SELECT id, email FROM v9
---
SELECT a FROM v9_notes

CREATE TABLE w1 (id int, email text); INSERT INTO w1 VALUES (1, 'alice.canary@example.com'); CREATE TABLE w1_notes (n int, a text)
---
DO $$ BEGIN ALTER TABLE w1_notes RENAME TO w1_b; END $$; INSERT INTO w1_b (n, a) SELECT id, email FROM w1; DO $$ BEGIN ALTER TABLE w1_b RENAME TO w1_notes; END $$
---
SELECT a FROM w1_notes; SELECT upper(a) FROM w1_notes

CREATE TABLE w2 (id int, email text); INSERT INTO w2 VALUES (1, 'alice.canary@example.com'); CREATE TABLE w2_notes (n int, a text); CREATE FUNCTION w2_there() RETURNS void LANGUAGE sql AS 'ALTER TABLE w2_notes RENAME TO w2_b'; CREATE FUNCTION w2_back() RETURNS void LANGUAGE sql AS 'ALTER TABLE w2_b RENAME TO w2_notes'
---
SELECT w2_there(); INSERT INTO w2_b SELECT id, email FROM w2; SELECT w2_back()
---
SELECT a FROM w2_notes

CREATE TABLE w3 (id int, email text); INSERT INTO w3 VALUES (1, 'alice.canary@example.com'); CREATE TABLE w3_all (n int, a text) PARTITION BY RANGE (n); CREATE TABLE w3_part (n int, a text)
---
ALTER TABLE w3_all ATTACH PARTITION w3_part FOR VALUES FROM (0) TO (1000); INSERT INTO w3_all (n, a) SELECT id, email FROM w3; ALTER TABLE w3_all DETACH PARTITION w3_part
---
SELECT a FROM w3_part

CREATE TABLE w4 (id int, email text); INSERT INTO w4 VALUES (1, 'alice.canary@example.com'); CREATE TABLE w4_all (n int, a text) PARTITION BY RANGE (n)
---
CREATE TABLE w4_part PARTITION OF w4_all DEFAULT; INSERT INTO w4_all SELECT id, email FROM w4
---
SELECT a FROM w4_part; SELECT reverse(a) FROM w4_part

CREATE TABLE w5 (id int, email text); INSERT INTO w5 VALUES (1, 'alice.canary@example.com'); CREATE TABLE w5_above (n int, a text); CREATE TABLE w5_child (n int, a text); INSERT INTO w5_child VALUES (1, 'a')
---
ALTER TABLE w5_child INHERIT w5_above; UPDATE w5_above SET a = (SELECT email FROM w5) WHERE n = 1; ALTER TABLE w5_child NO INHERIT w5_above
---
SELECT a FROM w5_child

CREATE TABLE w6 (id int, email text); INSERT INTO w6 VALUES (1, 'alice.canary@example.com'); CREATE TABLE w6_one (n int, a text); CREATE TABLE w6_two (n int, b text); CREATE VIEW w6_view AS SELECT n, a AS z FROM w6_one
---
CREATE OR REPLACE VIEW w6_view AS SELECT n, b AS z FROM w6_two; INSERT INTO w6_view SELECT id, email FROM w6; CREATE OR REPLACE VIEW w6_view AS SELECT n, a AS z FROM w6_one
---
SELECT b FROM w6_two

CREATE TABLE w7 (id int, email text); INSERT INTO w7 VALUES (1, 'alice.canary@example.com'); CREATE TABLE w7_one (n int, a text); CREATE TABLE w7_two (n int, a text); CREATE VIEW w7_below AS SELECT n, a FROM w7_one; CREATE VIEW w7_view AS SELECT n, a FROM w7_below
---
CREATE OR REPLACE VIEW w7_below AS SELECT n, a FROM w7_two; INSERT INTO w7_view SELECT id, email FROM w7
---
SELECT a FROM w7_two

CREATE TABLE w8 (id int, email text); INSERT INTO w8 VALUES (1, 'alice.canary@example.com'); CREATE TABLE w8_one (n int, a text); CREATE TABLE w8_two (n int, c text); CREATE VIEW w8_first AS SELECT n, a FROM w8_one; CREATE VIEW w8_second AS SELECT n, c AS a FROM w8_two
---
ALTER VIEW w8_first RENAME TO w8_third; ALTER VIEW w8_second RENAME TO w8_first; INSERT INTO w8_first SELECT id, email FROM w8; ALTER VIEW w8_first RENAME TO w8_second; ALTER VIEW w8_third RENAME TO w8_first
---
SELECT c FROM w8_two

CREATE TABLE w9 (id int, email text); INSERT INTO w9 VALUES (1, 'alice.canary@example.com'); CREATE TABLE w9_one (n int, a text); CREATE TABLE w9_two (n int, b text); CREATE VIEW w9_view AS SELECT n, a AS z FROM w9_one
---
DO $$ BEGIN CREATE OR REPLACE VIEW w9_view AS SELECT n, b AS z FROM w9_two; INSERT INTO w9_view SELECT id, email FROM w9; CREATE OR REPLACE VIEW w9_view AS SELECT n, a AS z FROM w9_one; END $$
---
SELECT b FROM w9_two

CREATE TABLE y1 (id int, email text); INSERT INTO y1 VALUES (1, 'alice.canary@example.com'); CREATE TABLE y1_notes (n int, a text, b text)
---
ALTER TABLE y1_notes RENAME COLUMN a TO x; ALTER TABLE y1_notes RENAME COLUMN b TO a; ALTER TABLE y1_notes RENAME TO y1_b; INSERT INTO y1_b (n, a) SELECT id, email FROM y1; ALTER TABLE y1_b RENAME TO y1_notes; ALTER TABLE y1_notes RENAME COLUMN a TO b; ALTER TABLE y1_notes RENAME COLUMN x TO a
---
SELECT b FROM y1_notes

CREATE TABLE y2 (id int, email text); INSERT INTO y2 VALUES (1, 'alice.canary@example.com'); CREATE TABLE y2_notes (n int, a text, b text)
---
ALTER TABLE y2_notes RENAME COLUMN a TO x; ALTER TABLE y2_notes RENAME COLUMN b TO a; INSERT INTO y2_notes (n, a) SELECT id, email FROM y2; ALTER TABLE y2_notes RENAME COLUMN a TO b; ALTER TABLE y2_notes RENAME COLUMN x TO a
---
SELECT b FROM y2_notes; SELECT upper(b) FROM y2_notes

CREATE TABLE hr1_log (v text); CREATE TABLE hr1_t (id int, note text); CREATE FUNCTION hr1_f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO hr1_log VALUES (NEW.note); RETURN NEW; END $$; CREATE TRIGGER t AFTER INSERT ON hr1_t FOR EACH ROW EXECUTE FUNCTION hr1_f()
---
ALTER TABLE hr1_t RENAME TO hr1_u; INSERT INTO hr1_u SELECT id, email FROM people
---
SELECT v FROM hr1_log

CREATE SCHEMA hr2; CREATE TABLE hr2_log (v text); CREATE TABLE hr2_t (id int, note text); CREATE FUNCTION hr2_f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO hr2_log VALUES (NEW.note); RETURN NEW; END $$; CREATE TRIGGER t AFTER INSERT ON hr2_t FOR EACH ROW EXECUTE FUNCTION hr2_f()
---
ALTER TABLE hr2_t SET SCHEMA hr2; INSERT INTO hr2.hr2_t SELECT id, email FROM people
---
SELECT v FROM hr2_log

CREATE SCHEMA hr3; CREATE TABLE hr3_log (v text); CREATE TABLE hr3_t (id int, note text); CREATE FUNCTION hr3_f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO hr3_log VALUES (NEW.note); RETURN NEW; END $$; CREATE TRIGGER t AFTER INSERT ON hr3_t FOR EACH ROW EXECUTE FUNCTION hr3_f(); ALTER TABLE hr3_t SET SCHEMA hr3
---
ALTER SCHEMA hr3 RENAME TO hr3b; INSERT INTO hr3b.hr3_t SELECT id, email FROM people
---
SELECT v FROM hr3_log
