BEGIN; CREATE TABLE p95 (id int, email text); CREATE TABLE l95 (id int, v text); INSERT INTO p95 VALUES (1, 'alice.canary@example.com'); INSERT INTO l95 (id, v) SELECT id, email FROM p95; COMMIT
---
SELECT v, upper(v) FROM l95

BEGIN; CREATE TABLE l96 (id int, email text, v text); INSERT INTO l96 VALUES (1, 'alice.canary@example.com'); UPDATE l96 SET v = email WHERE id = 1; COMMIT
---
SELECT v, upper(v) FROM l96

BEGIN; CREATE TABLE p97 (id int, email text); INSERT INTO p97 VALUES (1, 'alice.canary@example.com'); CREATE TABLE l97 AS SELECT id, lower(email) AS v FROM p97; COMMIT
---
SELECT v, upper(v) FROM l97

CREATE TABLE p98 (id int, email text); CREATE TABLE l98 (id int, v text); INSERT INTO p98 VALUES (1, 'alice.canary@example.com'); INSERT INTO l98 SELECT * FROM p98
---
SELECT v, upper(v) FROM l98

CREATE TABLE p99 (id int, email text); INSERT INTO p99 VALUES (1, 'alice.canary@example.com'); CREATE TABLE l99 AS SELECT id, email AS v FROM p99
---
SELECT v, upper(v) FROM l99

BEGIN; CREATE TABLE p100 (id int); ALTER TABLE p100 ADD COLUMN email text; CREATE TABLE l100 (id int, v text); INSERT INTO p100 VALUES (1, 'alice.canary@example.com'); INSERT INTO l100 SELECT * FROM p100; COMMIT
---
SELECT v, upper(v) FROM l100

CREATE TABLE p101 (id int); SELECT id FROM p101; BEGIN; ALTER TABLE p101 ADD COLUMN email text; INSERT INTO p101 VALUES (1, 'alice.canary@example.com'); CREATE TABLE l101 AS SELECT id, email AS v FROM p101; COMMIT
---
SELECT v, upper(v) FROM l101

BEGIN; CREATE TABLE p102 (id int, w text); CREATE TABLE l102 (id int, v text); INSERT INTO p102 VALUES (1, 'alice.canary@example.com'); ALTER TABLE p102 RENAME COLUMN w TO email; INSERT INTO l102 (id, v) SELECT id, email FROM p102; COMMIT
---
SELECT v, upper(v) FROM l102

BEGIN; CREATE TABLE p103 (id int, email text); CREATE TABLE l103 (id int, v text); INSERT INTO p103 VALUES (1, 'alice.canary@example.com'); ALTER TABLE p103 RENAME COLUMN email TO w; INSERT INTO l103 (id, v) SELECT id, w FROM p103; COMMIT
---
SELECT v, upper(v) FROM l103

BEGIN; CREATE TABLE p104 (LIKE people); CREATE TABLE q104 (LIKE p104); INSERT INTO q104 (id, email) VALUES (1, 'alice.canary@example.com'); CREATE TABLE l104 AS SELECT email AS v FROM q104; COMMIT
---
SELECT v, upper(v) FROM l104

CREATE TEMP TABLE p105 (id int, email text); INSERT INTO p105 VALUES (1, 'alice.canary@example.com'); CREATE TABLE l105 AS SELECT id, email AS v FROM p105
---
SELECT v, upper(v) FROM l105

BEGIN; CREATE TABLE p106 (id int, email text); INSERT INTO p106 VALUES (1, 'alice.canary@example.com'); ALTER TABLE p106 RENAME TO q106; CREATE TABLE l106 AS SELECT id, email AS v FROM q106; COMMIT
---
SELECT v, upper(v) FROM l106

BEGIN; CREATE TABLE p107 (id int, email text); INSERT INTO p107 VALUES (1, 'alice.canary@example.com'); CREATE VIEW w107 AS SELECT id, email AS z FROM p107; CREATE TABLE l107 AS SELECT id, z AS v FROM w107; COMMIT
---
SELECT v, upper(v) FROM l107

BEGIN; CREATE TABLE p108 (id int, email text); CREATE TABLE l108 (id int, v text); INSERT INTO p108 VALUES (1, 'alice.canary@example.com'); DO $$ BEGIN INSERT INTO l108 SELECT id, email FROM p108; END $$; COMMIT
---
SELECT v, upper(v) FROM l108

BEGIN; CREATE TABLE p109 (id int, email text); CREATE TABLE l109 (id int, v text); INSERT INTO p109 VALUES (1, 'alice.canary@example.com'); CREATE FUNCTION f109() RETURNS void LANGUAGE sql AS $$ INSERT INTO l109 SELECT id, email FROM p109 $$; SELECT f109(); COMMIT
---
SELECT v, upper(v) FROM l109

BEGIN; CREATE TABLE p110 (id int, email text); CREATE TABLE q110 () INHERITS (p110); CREATE TABLE l110 (id int, v text); INSERT INTO q110 VALUES (1, 'alice.canary@example.com'); INSERT INTO l110 (id, v) SELECT id, email FROM q110; COMMIT
---
SELECT v, upper(v) FROM l110

BEGIN; CREATE TABLE p111 (id int, email text); ALTER TABLE p111 ADD n int; CREATE TABLE l111 (id int, v text, n int, w text); INSERT INTO p111 VALUES (1, 'x', 2); INSERT INTO l111 SELECT p.*, q.email FROM p111 p, people q; COMMIT
---
SELECT w, upper(w) FROM l111

BEGIN; CREATE SCHEMA s113 CREATE TABLE p113 (id int, email text); INSERT INTO s113.p113 VALUES (1, 'alice.canary@example.com'); CREATE TABLE l113 AS SELECT id, email AS v FROM s113.p113; COMMIT
---
SELECT v, upper(v) FROM l113

BEGIN; CREATE TABLE p114 (id int, email text); CREATE TABLE l114 (id int, v text); CREATE FUNCTION f114() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO l114 VALUES (NEW.id, NEW.email); RETURN NEW; END $$; CREATE TRIGGER a AFTER INSERT ON p114 FOR EACH ROW EXECUTE FUNCTION f114(); INSERT INTO p114 VALUES (1, 'alice.canary@example.com'); COMMIT
---
SELECT v, upper(v) FROM l114
