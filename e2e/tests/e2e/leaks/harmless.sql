SELECT id, name, age FROM people

SELECT count(*), max(id), avg(age), min(name) FROM people

SELECT id + 1, upper(name), now() IS NULL FROM people WHERE email LIKE 'alice%' ORDER BY email

SELECT email IS NULL, email IS NOT NULL FROM people

SELECT EXISTS (SELECT email FROM people WHERE id = 1), id IN (SELECT id FROM people) FROM visits

SELECT v.id * 2, v.note || '!' FROM visits v JOIN people p ON p.id = v.person AND p.email IS NOT NULL

SELECT name, count(*) FROM people GROUP BY name HAVING max(email) IS NOT NULL

SELECT rank() OVER (ORDER BY email), row_number() OVER (PARTITION BY email ORDER BY id) FROM people

SELECT x || '' FROM (SELECT name AS x, email FROM people) s

WITH c AS (SELECT id, email FROM people) SELECT sum(id) FROM c

SELECT id FROM contacts WHERE contact IS NOT NULL

SELECT id, upper(name) FROM contacts

SELECT id FROM shouted

SELECT name FROM people UNION SELECT note FROM visits

SELECT '1', 'drop', 1.5, $$email$$, ARRAY[1, 2], '{"email": 1}'::jsonb FROM people

SELECT g FROM people, generate_series(1, 2) g

SELECT pg_typeof(id), pg_column_size(id) FROM people

INSERT INTO people (id, name) VALUES (30, 'Di') RETURNING id, id * 2, name || '!'

UPDATE people SET age = age + 1 WHERE id = 1 RETURNING id, age * 2

DELETE FROM people WHERE id = 2 RETURNING id + 0

SELECT nothing FROM people

SELECT 1 / 0 FROM people

INSERT INTO people (id) VALUES (1)

SELECT id * 2, upper(note) FROM visits WHERE mail(1) IS NOT NULL

SELECT id + 1, mail(1) IS NOT NULL, note || '' FROM visits

CREATE TABLE h1 AS SELECT id, name, email FROM people; SELECT id, upper(name) FROM h1

CREATE TABLE h2 AS SELECT name, count(*) AS n FROM people GROUP BY name; SELECT n * 2, name || '' FROM h2

CREATE TABLE h3 AS SELECT p.id, p.name, p.email, v.note FROM people p JOIN visits v ON v.person = p.id; SELECT id, name || '', note FROM h3

CREATE TABLE h4 AS SELECT * FROM people; SELECT id, name, age * 2 FROM h4

CREATE TABLE h5 AS SELECT p.*, v.note FROM people p JOIN visits v ON v.person = p.id; SELECT upper(note), id * 2 FROM h5

INSERT INTO visits SELECT id, age, name FROM people; SELECT upper(note) FROM visits

INSERT INTO people SELECT id + 50, name, email || '5' FROM people WHERE id = 1 RETURNING id, name || ''

CREATE TEMP TABLE h6 AS SELECT id, name FROM people WHERE email LIKE 'a%'; SELECT upper(name) FROM h6

CREATE TABLE h7 (n int, v text); INSERT INTO h7 SELECT id, name FROM people; UPDATE h7 SET v = upper(p.name) FROM people p WHERE h7.n = 1 AND p.id = 1 AND p.email IS NOT NULL; SELECT v || '' FROM h7

SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND pid = pg_backend_pid()

SELECT id, doubled, doubled + 1 FROM holders

SELECT id, size FROM unholy

SELECT set_config('app.tenant', '7', true); SHOW app.tenant

SELECT pg_advisory_xact_lock(id), id FROM people WHERE email = 'alice.canary@example.com'

LISTEN changes; SELECT pg_notify('changes', id::text), id FROM people ORDER BY id; SELECT 1

SELECT lo_create(565656); SELECT lo_put(565656, 0, 'a note of no person')

SELECT opens('my_cursor'); SELECT name FROM pg_cursors WHERE name = 'my_cursor'

WITH people AS (SELECT 'a'::text AS email) SELECT email, upper(email) FROM people

WITH RECURSIVE people AS (SELECT 1 AS email UNION ALL SELECT email + 1 FROM people WHERE email < 3) SELECT email, email * 2 FROM people

WITH people AS (SELECT id AS email FROM visits) SELECT v.id, upper(v.note), people.email FROM visits v JOIN people ON people.email = v.id

ALTER TABLE people ADD COLUMN more int; SELECT id * 2, upper(name), age FROM people

SELECT tableoid::regclass, id FROM parts

PREPARE q AS SELECT id, email FROM people; EXPLAIN (COSTS OFF) EXECUTE q

PREPARE q (int) AS SELECT id, upper(email) FROM people WHERE id = $1; EXPLAIN (COSTS OFF, FORMAT JSON) EXECUTE q (1)
