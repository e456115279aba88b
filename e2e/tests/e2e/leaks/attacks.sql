SELECT email FROM people

TABLE people

SELECT * FROM people

SELECT email AS id FROM people

SELECT lower(email) FROM people

SELECT upper(p.email), 1 FROM people p

SELECT reverse(email) FROM people

SELECT encode(convert_to(email, 'UTF8'), 'hex') FROM people

SELECT encode(email::bytea, 'base64') FROM people

SELECT email::bytea FROM people

SELECT email || '' FROM people

SELECT concat(email), concat_ws('-', id, email), format('%s', email) FROM people

SELECT substr(email, 1, 12), substr(email, 13) FROM people

SELECT left(email, 16), overlay(email placing 'x' from 20), trim(email), btrim(email, 'x'), lpad(email, 40) FROM people

SELECT replace(email, 'x', 'y'), translate(email, 'x', 'y'), regexp_replace(email, 'x', 'y'), split_part(email, '@', 1) FROM people

SELECT regexp_matches(email, '.*') FROM people

SELECT regexp_split_to_table(email, '@') FROM people

SELECT string_to_array(email, '@') FROM people

SELECT string_to_table(email, 'q') FROM people

SELECT quote_literal(email), quote_ident(email), initcap(email) FROM people

SELECT email::varchar(50), email::char(30), email::name, CAST(email AS text), email COLLATE "C" FROM people

SELECT ARRAY[email], (ARRAY[email])[1], array_agg(email) OVER () FROM people

SELECT array_agg(email), string_agg(email, ','), max(email), min(email) FROM people

SELECT array_to_string(array_agg(email), ',') FROM people

SELECT unnest(array_agg(email)) FROM people

SELECT json_agg(email), jsonb_agg(p), json_object_agg(id, email) FROM people p

SELECT to_json(email), to_jsonb(p), row_to_json(p), json_build_object('e', email), json_build_array(email) FROM people p

SELECT jsonb_pretty(to_jsonb(p)) FROM people p

SELECT to_jsonb(p) ->> 'email', to_jsonb(p) #>> '{email}', to_jsonb(p) -> 'email' FROM people p

SELECT value FROM people p, jsonb_each_text(to_jsonb(p))

SELECT j.value FROM people p CROSS JOIN LATERAL jsonb_each_text(to_jsonb(p)) j

SELECT * FROM people p, jsonb_to_record(to_jsonb(p)) AS r(email text, x int)

SELECT p FROM people p

SELECT people FROM people

SELECT people.people FROM (SELECT people FROM people) people

SELECT p.* FROM people p

SELECT (p).* FROM people p

SELECT (p).email FROM people p

SELECT (ROW(p.*)::people).email FROM people p

SELECT ROW(email, id) FROM people

SELECT p::text, textin(record_out(p)) FROM people p

SELECT format('%s', p), concat(p) FROM people p

SELECT fullname(p), p.fullname, (p).fullname FROM people p

SELECT email(p) FROM people p

SELECT xmlelement(name e, email), xmlforest(email) FROM people

SELECT xmlagg(xmlelement(name e, email)) FROM people

SELECT CASE WHEN id > 0 THEN email END FROM people

SELECT CASE WHEN email IS NULL THEN 'x' ELSE email END, coalesce(NULL, email), nullif(email, ''), greatest(email, 'a') FROM people

SELECT (SELECT email FROM people LIMIT 1)

SELECT ARRAY(SELECT email FROM people)

SELECT 1, (SELECT string_agg(x.email, ',') FROM people x WHERE x.id = v.person) FROM visits v

SELECT * FROM (SELECT lower(email) FROM people) s

SELECT x FROM (SELECT lower(email) AS x FROM people) s

SELECT s.x || '' FROM (SELECT email AS x FROM people) s

SELECT b || '' FROM (SELECT id, email FROM people) s(a, b)

SELECT c || '' FROM people AS p(a, b, c)

SELECT c FROM people AS p(a, b, c)

SELECT s FROM (SELECT email FROM people) s

WITH c AS (SELECT email AS x FROM people) SELECT upper(x) FROM c

WITH c(x) AS (SELECT email FROM people) SELECT x || '' FROM c

WITH c AS (SELECT email FROM people) SELECT c FROM c

WITH RECURSIVE c(n, x) AS (SELECT 1, email FROM people UNION ALL SELECT n + 1, x FROM c WHERE n < 2) SELECT n, x FROM c

WITH RECURSIVE t AS (SELECT id, email FROM people WHERE boss IS NULL UNION ALL SELECT p.id, p.email FROM people p JOIN t ON p.boss = t.id) SELECT * FROM t

SELECT id, name FROM people UNION ALL SELECT id, email FROM people

SELECT 'x' UNION SELECT email FROM people

SELECT email FROM people EXCEPT SELECT 'x'

SELECT email FROM people INTERSECT SELECT email FROM people

VALUES ((SELECT max(email) FROM people))

SELECT * FROM (VALUES ((SELECT max(email) FROM people))) v

SELECT column1 FROM people, LATERAL (VALUES (email)) v

SELECT x FROM people p, lower(p.email) x

SELECT l.x FROM people p LEFT JOIN LATERAL (SELECT p.email || '' AS x) l ON true

SELECT first_value(email) OVER (ORDER BY id), lag(email) OVER (ORDER BY id), nth_value(email, 1) OVER w FROM people WINDOW w AS (ORDER BY id)

SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY email), mode() WITHIN GROUP (ORDER BY email) FROM people

SELECT lower(email) FROM people GROUP BY 1 HAVING count(*) > 0 ORDER BY 1

SELECT DISTINCT lower(email) FROM people

SELECT DISTINCT ON (id) id, email || '' FROM people

SELECT lower(email) FROM people GROUP BY GROUPING SETS ((lower(email)), ())

SELECT a.email || b.email FROM people a JOIN people b ON a.id = b.boss

SELECT lower(email) FROM people JOIN (SELECT id, email FROM people) x USING (id, email)

SELECT lower(email) FROM people NATURAL JOIN (SELECT id, email FROM people) x

SELECT lower(j.email) FROM (people JOIN visits ON people.id = visits.person) AS j(id, name, email)

SELECT mail(1)

SELECT * FROM mail(1)

SELECT id, mail(id) FROM visits

SELECT everybody()

SELECT * FROM everybody()

SELECT (everybody()).email

SELECT e.email || '' FROM everybody() e

SELECT * FROM listed()

SELECT b FROM listed()

SELECT * FROM contacts

SELECT contact FROM contacts

SELECT lower(contact) FROM contacts

SELECT loud FROM shouted

SELECT max(loud) FROM shouted

SELECT * FROM kept

SELECT low || '' FROM kept

SELECT * FROM called

SELECT m || '' FROM called

SELECT email FROM parts

SELECT email FROM parts_1

SELECT lower(email) FROM parts

SELECT email, nick FROM more_people

SELECT lower(email) FROM more_people

CALL tell('x')

INSERT INTO people (id, email) VALUES (10, 'alice.canary10@example.com') RETURNING lower(email)

INSERT INTO people (id, email) SELECT 11, email || '1' FROM people WHERE id = 1 RETURNING email || ''

UPDATE people SET age = 1 RETURNING lower(email), people

UPDATE visits v SET note = 'x' FROM people p WHERE p.id = v.person RETURNING p.email || ''

DELETE FROM people WHERE id = 2 RETURNING email || '', people.*

WITH d AS (DELETE FROM people WHERE id = 2 RETURNING email AS x) SELECT x || '' FROM d

MERGE INTO visits v USING people p ON v.person = p.id WHEN MATCHED THEN DO NOTHING; SELECT lower(email) FROM people

PREPARE q AS SELECT lower(email) FROM people; EXECUTE q

PREPARE q(int) AS SELECT email || '' FROM people WHERE id = $1; EXECUTE q(1)

BEGIN; DECLARE c CURSOR FOR SELECT lower(email) FROM people; FETCH ALL FROM c; COMMIT

BEGIN; DECLARE c CURSOR FOR SELECT * FROM people; FETCH ALL c; COMMIT

DO $$ DECLARE r record; BEGIN FOR r IN SELECT * FROM people LOOP RAISE NOTICE '%', r.email; END LOOP; END $$

DO $$ BEGIN RAISE WARNING '%', (SELECT max(email) FROM people); END $$

DO $$ BEGIN RAISE EXCEPTION 'no' USING DETAIL = (SELECT max(email) FROM people), HINT = (SELECT min(email) FROM people); END $$

SELECT email::int FROM people

SELECT email::date FROM people

SELECT email::uuid FROM people

SELECT ('"' || email)::json FROM people

SELECT email::inet FROM people

SELECT email::regclass FROM people

SELECT email::regtype, email::regproc FROM people

SELECT email::xml FROM people WHERE xmlparse(document email) IS NOT NULL

SELECT ('{' || email)::int[] FROM people

SELECT id / 0 FROM people WHERE email::int > 0

INSERT INTO people SELECT id + 20, name, email FROM people

UPDATE people SET email = 'alice.canary@example.com' WHERE id = 2

SELECT most_common_vals, histogram_bounds FROM pg_stats WHERE tablename = 'people' AND attname = 'email'

SELECT s.histogram_bounds::text FROM pg_stats s WHERE tablename = 'people' AND attname = 'email'

SELECT stavalues1::text FROM pg_statistic WHERE starelid = 'people'::regclass AND staattnum = 3

SELECT set_config('app.leak', (SELECT max(email) FROM people), false)

SELECT phone FROM secrets

SELECT card_number FROM secrets

SELECT iban FROM secrets

SELECT ssn, upper(ssn) FROM secrets

SELECT password_hash, length(password_hash) FROM secrets

SELECT api_key FROM secrets

SELECT first_name, first_name || '!' FROM secrets

SELECT street FROM secrets

SELECT s FROM secrets s

SELECT row_to_json(s) FROM secrets s

SELECT phones, phones[1], array_to_string(phones, ',') FROM secrets

SELECT note FROM (TABLE visits UNION ALL SELECT id, boss, reverse(email) FROM people) q

WITH RECURSIVE w AS (SELECT v.* FROM visits v UNION ALL SELECT id, id, email FROM people) SELECT note FROM w

SELECT p.row_to_json, 1 AS row_to_json FROM people p

SELECT v.*, xmlelement(name a, p.email) FROM visits v, people p

SELECT xmlelement::text FROM (SELECT xmlelement(name a, email) FROM people) s

WITH RECURSIVE t(i, p) AS (SELECT id, email FROM people UNION ALL SELECT i, p FROM t WHERE false) SEARCH DEPTH FIRST BY i, p SET "Ord" SELECT "Ord" FROM t

SELECT f1 FROM (SELECT (r).* FROM (SELECT ROW(reverse(email)) r FROM people) q) t

SELECT all_mail(id) FROM visits

SELECT count(email) FROM people

DO $$ BEGIN ASSERT false, (SELECT max(email) FROM people); END $$

COPY people TO STDOUT

COPY people (email) TO STDOUT

copy/**/public."people" (name, email) to stdout with (format csv, header, delimiter '@', quote '|', force_quote *)

COPY people (email, id) TO STDOUT CSV HEADER QUOTE '^' ESCAPE '!'

COPY people TO STDOUT (DELIMITER '@', HEADER)

COPY people TO STDOUT (ENCODING 'LATIN1')

COPY BINARY people TO STDOUT

COPY (SELECT email, id FROM people) TO STDOUT (FORMAT binary)

COPY (SELECT email FROM people) TO STDOUT

COPY (SELECT upper(name) || email FROM people) TO STDOUT

COPY (TABLE people) TO STDOUT

COPY (SELECT * FROM ONLY people) TO STDOUT

COPY (SELECT u FROM people u) TO STDOUT

COPY (WITH x AS (SELECT * FROM people) SELECT * FROM x) TO STDOUT

COPY (SELECT row_to_json(u) FROM people u) TO STDOUT

COPY (UPDATE people SET age = age WHERE id = 1 RETURNING email) TO STDOUT

COPY (SELECT (SELECT string_agg(email, ',') FROM people)) TO STDOUT

COPY (SELECT contact FROM contacts) TO STDOUT

COPY (SELECT * FROM shouted) TO STDOUT

COPY (SELECT low FROM kept) TO STDOUT

COPY (SELECT mail(1)) TO STDOUT

COPY (SELECT * FROM everybody()) TO STDOUT

COPY (SELECT * FROM listed()) TO STDOUT CSV

COPY parts_1 TO STDOUT

COPY (SELECT * FROM parts) TO STDOUT

COPY more_people TO STDOUT

COPY (SELECT email::text COLLATE "C", 1, name FROM people) TO STDOUT (FORMAT csv, NULL 'x')

COPY secrets (phone, card_number, iban, ssn, password_hash, api_key, first_name, street, phones) TO STDOUT CSV

COPY (SELECT histogram_bounds, most_common_vals FROM pg_stats) TO STDOUT

BEGIN;
CREATE TEMP TABLE people_too AS SELECT id, email FROM people;
COPY people_too TO STDOUT;
COMMIT

BEGIN;
ALTER TABLE people ADD COLUMN later int;
ALTER TABLE people DROP COLUMN age;
COPY people TO STDOUT;
ROLLBACK

SELECT string_agg(ch, '' ORDER BY pos) FROM generate_series(1, 40) pos, LATERAL (SELECT substr(email, pos, 1) k FROM people WHERE id = 1) l JOIN (SELECT chr(x) ch FROM generate_series(33, 126) x) d ON d.ch = l.k

SELECT query FROM pg_stat_activity WHERE query LIKE '%alice.canary%'

SELECT p FROM holders

SELECT (p).email FROM holders

SELECT upper((p).email), reverse(p::text) FROM holders

SELECT ps FROM holders

SELECT ps[1] FROM holders

SELECT (ps[1]).email FROM holders

SELECT unnest(ps) FROM holders

SELECT u.email FROM holders, unnest(ps) u

SELECT reverse(u.email) FROM holders, unnest(pd) u

SELECT pd FROM holders

SELECT pair FROM holders

SELECT reverse(((pair).one).email) FROM holders

SELECT everything FROM holders

SELECT (everything).email FROM holders

SELECT (p).* FROM holders

SELECT (everything).* FROM holders

SELECT row_to_json(p), to_jsonb(ps) FROM holders

SELECT back FROM holders

SELECT reverse(back), words FROM holders

SELECT tsvector_to_array(words) FROM holders

SELECT lexeme FROM holders, unnest(words)

COPY holders TO STDOUT

COPY holders TO STDOUT (FORMAT csv)

COPY (SELECT p, ps, back, words FROM holders) TO STDOUT

SELECT h FROM holders h

INSERT INTO holders (p) VALUES (('x', 'y')) RETURNING (SELECT max(back) FROM holders)

CREATE TABLE more AS SELECT p AS q FROM holders; SELECT q, (q).email FROM more

CREATE VIEW v AS SELECT (p).email AS e, back AS b FROM holders; SELECT e, b FROM v

SELECT query || 'alice.canary' FROM pg_stat_get_activity(pg_backend_pid())

SELECT pg_stat_get_backend_activity(n) || 'alice.canary' FROM pg_stat_get_backend_idset() n

SELECT convert_from(lo_get(171717), 'UTF8')

SELECT lo_get(171717)

SELECT encode(loread(lo_open(171717, 262144), 100), 'escape')

SELECT encode(lo_get(171717), 'base64')

COPY (SELECT convert_from(lo_get(171717), 'UTF8')) TO STDOUT

DECLARE c CURSOR FOR SELECT convert_from(lo_get(171717), 'UTF8'); FETCH ALL FROM c

PREPARE p AS SELECT convert_from(lo_get(171717), 'UTF8'); EXECUTE p

CREATE FUNCTION object(o oid) RETURNS text LANGUAGE sql AS 'SELECT convert_from(lo_get(o), ''UTF8'')'; SELECT object(171717)

SELECT content(171717)

CREATE TEMP TABLE put_aside AS SELECT encode(convert_to(email, 'UTF8'), 'hex') AS status FROM people; SELECT * FROM put_aside

CREATE TABLE put_aside AS SELECT reverse(email) AS status FROM people; SELECT status FROM put_aside

CREATE TABLE put_aside (status text); INSERT INTO put_aside SELECT reverse(email) FROM people RETURNING status

CREATE TABLE put_aside (status text); INSERT INTO put_aside SELECT encode(convert_to(email, 'UTF8'), 'hex') FROM people; COPY put_aside TO STDOUT

CREATE TABLE put_aside (status text); INSERT INTO put_aside VALUES (''); UPDATE put_aside SET status = reverse(email) FROM people WHERE people.id = 1 AND put_aside.status = '' RETURNING put_aside.status

EXPLAIN (VERBOSE) SELECT mail_now(1)

EXPLAIN SELECT id FROM visits WHERE note = mail_now(1)

EXPLAIN (VERBOSE) SELECT m FROM folding

EXPLAIN (VERBOSE) VALUES (mail_now(1))

EXPLAIN (VERBOSE) UPDATE visits SET note = mail_now(1) WHERE id = 1

CREATE FUNCTION mail_then() RETURNS text IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN RETURN (SELECT email FROM people WHERE id = 1); END $$; EXPLAIN (VERBOSE) SELECT mail_then()

CREATE VIEW folded AS SELECT mail_now(1) AS m; EXPLAIN (VERBOSE) SELECT m FROM folded

PREPARE q (text) AS SELECT id FROM visits WHERE note = $1; EXPLAIN EXECUTE q(mail(1))

PREPARE q (text) AS SELECT $1; EXPLAIN (VERBOSE) EXECUTE q(mail(1))

PREPARE q (text) AS SELECT $1; EXECUTE q(mail(1))

CREATE TABLE put_aside (status text); PREPARE q (text) AS INSERT INTO put_aside VALUES ($1); EXECUTE q(mail(1)); SELECT status FROM put_aside

CREATE TEMP TABLE put_aside (status text); PREPARE q (text) AS INSERT INTO put_aside VALUES ($1); EXECUTE q(mail(1)); COPY put_aside TO STDOUT

PREPARE q (text) AS SELECT $1 AS status; CREATE TABLE put_aside AS EXECUTE q(mail(1)); SELECT status FROM put_aside

SELECT p.note FROM people p, visits v WHERE p.id = 1 AND v.id = 1

SELECT people.note FROM people, visits v WHERE people.id = 1 AND v.id = 1

SELECT s.note FROM (SELECT p.note FROM people p, visits v WHERE p.id = 1) s

CREATE TABLE bounds (k text) PARTITION BY LIST (k); CREATE TABLE bounds_1 PARTITION OF bounds FOR VALUES IN (mail_now(1)); SELECT pg_get_expr(relpartbound, oid) FROM pg_class WHERE relname = 'bounds_1'

CREATE TABLE bounds (k text) PARTITION BY RANGE (k); CREATE TABLE bounds_1 PARTITION OF bounds FOR VALUES FROM (mail_now(1)) TO (MAXVALUE); SELECT pg_get_expr(relpartbound, oid) FROM pg_class WHERE relname = 'bounds_1'

CREATE TABLE put_aside (status text); ALTER TABLE put_aside ADD COLUMN v text DEFAULT mail_now(1); SELECT attmissingval FROM pg_attribute WHERE attname = 'v' AND attmissingval IS NOT NULL

DECLARE c CURSOR FOR SELECT 'x'::text AS x; SELECT reopens(); FETCH c

WITH people AS (SELECT * FROM people) SELECT upper(email) FROM people

SELECT (WITH people AS (SELECT 1) SELECT count(*) FROM people), upper(email) FROM people

WITH people AS (SELECT 1) SELECT mail(1) FROM people

WITH people AS (SELECT id, email AS x FROM public.people) SELECT upper(x) FROM people

ALTER TABLE people ADD COLUMN more text; UPDATE people SET more = email WHERE id = 1; SELECT upper(more) FROM people

ALTER TABLE secrets ADD COLUMN more text GENERATED ALWAYS AS (reverse(first_name)) STORED; SELECT more || '' FROM secrets

ALTER TABLE people ADD COLUMN more int; SELECT upper(email), more FROM people

ALTER TABLE secrets DROP COLUMN id; ALTER TABLE secrets ADD COLUMN id text GENERATED ALWAYS AS (first_name || '') STORED; SELECT upper(id) FROM secrets
