SELECT set_config('my.x', email, false) FROM people WHERE id = 1; SHOW my.x

SELECT set_config('application_name', email, false) FROM people WHERE id = 1; SHOW application_name

SELECT pg_catalog.set_config('my.x', string_agg(email, ','), true) FROM people; SELECT current_setting('my.x') AS y

SELECT set_config('my.x', (SELECT email FROM people WHERE id = 1), true); SELECT upper(current_setting('my.x'))

SELECT set_config('my.x', p::text, true) FROM people p WHERE id = 1; SHOW my.x

SELECT set_config('my.x', to_jsonb(p)::text, true) FROM people p WHERE id = 1; SHOW my.x

SELECT count(*) FROM (SELECT set_config('my.x', x, true) FROM (SELECT lower(email) AS x FROM people WHERE id = 1) s) t; SHOW my.x

WITH s (e) AS (SELECT email FROM people WHERE id = 1) SELECT count(set_config('my.x', e, true)) FROM s; SHOW my.x

SELECT count(*) FROM people, LATERAL set_config('my.x', email, true) WHERE id = 1; SHOW my.x

SELECT id FROM people WHERE id = 1 AND set_config('my.x', email, true) IS NOT NULL; SHOW my.x

UPDATE visits SET note = note WHERE set_config('my.x', (SELECT email FROM people WHERE id = 1), true) <> ''; SHOW my.x

INSERT INTO visits (id) SELECT 99 FROM people WHERE id = 1 AND set_config('my.x', email, true) <> ''; SHOW my.x

PREPARE p AS SELECT set_config('my.x', email, true) FROM people WHERE id = 1; EXECUTE p; SHOW my.x

DECLARE c CURSOR FOR SELECT set_config('my.x', email, true) FROM people WHERE id = 1; FETCH c; SHOW my.x

EXPLAIN (ANALYZE, COSTS off) SELECT set_config('my.x', email, true) FROM people WHERE id = 1; SHOW my.x

COPY (SELECT set_config('my.x', email, true) FROM people WHERE id = 1) TO STDOUT; SHOW my.x

CREATE VIEW sv AS SELECT set_config('my.x', email, true) FROM people WHERE id = 1; SELECT * FROM sv; SHOW my.x

CREATE FUNCTION keep(t text) RETURNS text LANGUAGE sql AS 'SELECT set_config(''my.x'', t, true)'; SELECT keep(email) FROM people WHERE id = 1; SHOW my.x

CREATE FUNCTION keep(t text) RETURNS int LANGUAGE plpgsql AS 'BEGIN PERFORM set_config(''my.x'', t, true); RETURN 1; END'; SELECT keep(email) FROM people WHERE id = 1; SHOW my.x

CREATE FUNCTION keep(t text) RETURNS text LANGUAGE sql AS 'SELECT set_config(''my.x'', t, true)'; SELECT (email).keep FROM people WHERE id = 1; SHOW my.x

CREATE FUNCTION keep() RETURNS int LANGUAGE sql AS 'SELECT set_config(''my.x'', email, true) FROM people WHERE id = 1; SELECT 1'; SELECT keep(); SHOW my.x

CREATE FUNCTION keep() RETURNS int LANGUAGE plpgsql AS 'DECLARE v text; BEGIN SELECT email INTO v FROM people WHERE id = 1; PERFORM set_config(''my.x'', v, true); RETURN 1; END'; SELECT keep(); SHOW my.x

CREATE FUNCTION inner_keep(t text) RETURNS text LANGUAGE sql AS 'SELECT set_config(''my.x'', t, true)'; CREATE FUNCTION keep(t text) RETURNS text LANGUAGE sql AS 'SELECT inner_keep(t)'; SELECT keep(email) FROM people WHERE id = 1; SHOW my.x

DO 'DECLARE v text; BEGIN SELECT email INTO v FROM people WHERE id = 1; PERFORM set_config(''my.x'', v, true); END'; SHOW my.x

DO 'BEGIN PERFORM set_config(''my.x'', email, true) FROM people WHERE id = 1; END'; SHOW my.x

CREATE AGGREGATE keep(text, bool) (sfunc = set_config, stype = text, initcond = 'my.x'); SELECT keep(email, true) FROM people WHERE id = 1; SHOW my.x

CREATE FUNCTION keep(t text) RETURNS text LANGUAGE sql AS 'SELECT set_config(''my.x'', t, true)'; CREATE OPERATOR ### (rightarg = text, function = keep); SELECT ### email FROM people WHERE id = 1; SHOW my.x

CREATE PROCEDURE keep() LANGUAGE plpgsql AS 'BEGIN PERFORM set_config(''my.x'', email, true) FROM people WHERE id = 1; END'; CALL keep(); SHOW my.x

LISTEN c; SELECT pg_notify('c', email) FROM people WHERE id = 1; COMMIT; BEGIN

LISTEN c; SELECT pg_notify('c', email) FROM people; COMMIT; SELECT 1; BEGIN

LISTEN c; DO 'BEGIN PERFORM pg_notify(''c'', email) FROM people WHERE id = 1; END'; COMMIT; BEGIN

SELECT lo_from_bytea(424242, convert_to(email, 'UTF8')) FROM people WHERE id = 1; SELECT convert_from(lo_get(424242), 'UTF8')

SELECT lo_create(434343); SELECT lo_put(434343, 0, email::bytea) FROM people WHERE id = 1; SELECT encode(lo_get(434343), 'escape')

SELECT lo_create(444444); SELECT lowrite(lo_open(444444, 131072), email::bytea) FROM people WHERE id = 1; SELECT encode(lo_get(444444), 'base64')

CREATE TEMP TABLE t (e text CHECK (set_config('my.x', e, true) IS NOT NULL)); INSERT INTO t SELECT email FROM people WHERE id = 1; SHOW my.x

CREATE TABLE t (e text CHECK (set_config('my.x', e, true) IS NOT NULL)); INSERT INTO t SELECT email FROM people WHERE id = 1; SHOW my.x

CREATE TABLE t (e text, f text GENERATED ALWAYS AS (upper(e)) STORED); ALTER TABLE t ADD CHECK (set_config('my.x', f, true) IS NOT NULL); INSERT INTO t SELECT email FROM people WHERE id = 1; SHOW my.x

CREATE FUNCTION tf() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM set_config(''my.x'', NEW.e, true); RETURN NEW; END'; CREATE TEMP TABLE t (e text); CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION tf(); INSERT INTO t SELECT email FROM people WHERE id = 1; SHOW my.x

CREATE DOMAIN d AS text CHECK (set_config('my.x', VALUE, true) IS NOT NULL); SELECT email::d FROM people WHERE id = 1; SHOW my.x

CREATE DOMAIN d AS text CHECK (set_config('my.x', VALUE, true) IS NOT NULL); CREATE TEMP TABLE t (e d); INSERT INTO t SELECT email FROM people WHERE id = 1; SHOW my.x

CREATE FUNCTION keep(t text) RETURNS text IMMUTABLE LANGUAGE plpgsql AS 'BEGIN RETURN set_config(''my.x'', t, true); END'; CREATE TEMP TABLE t (e text); CREATE INDEX ON t (keep(e)); INSERT INTO t SELECT email FROM people WHERE id = 1; SHOW my.x

CREATE FUNCTION keep(t text) RETURNS text IMMUTABLE LANGUAGE plpgsql AS 'BEGIN RETURN set_config(''my.x'', t, true); END'; CREATE TEMP TABLE t (e text, f text GENERATED ALWAYS AS (keep(e)) STORED); INSERT INTO t SELECT email FROM people WHERE id = 1; SHOW my.x

ALTER TABLE people ADD CHECK (set_config('my.x', email, true) IS NOT NULL); SHOW my.x

CREATE TEMP TABLE t (n int); CREATE RULE r AS ON INSERT TO t DO ALSO SELECT set_config('my.x', email, true) FROM people WHERE id = 1; INSERT INTO t VALUES (1); SHOW my.x

CREATE FUNCTION keep(t text) RETURNS box LANGUAGE plpgsql AS 'BEGIN PERFORM set_config(''my.x'', t, true); RETURN NULL; END'; CREATE CAST (text AS box) WITH FUNCTION keep(text); SELECT email::box FROM people WHERE id = 1; SHOW my.x

CREATE VIEW v AS SELECT id, email FROM people; CREATE FUNCTION tf() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM set_config(''my.x'', OLD.email, true); RETURN NULL; END'; CREATE TRIGGER g INSTEAD OF DELETE ON v FOR EACH ROW EXECUTE FUNCTION tf(); DELETE FROM v WHERE id = 1; SHOW my.x

CREATE FUNCTION tf() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM set_config(''my.x'', NEW.email, true); RETURN NEW; END'; CREATE TRIGGER g BEFORE UPDATE ON people FOR EACH ROW EXECUTE FUNCTION tf(); UPDATE people SET age = 31 WHERE id = 1; SHOW my.x

CREATE FUNCTION keep(a text, b text) RETURNS text LANGUAGE sql AS 'SELECT set_config(''my.x'', b, true)'; CREATE AGGREGATE agg(text) (sfunc = keep, stype = text, initcond = ''); SELECT agg(email) FROM people WHERE id = 1; SHOW my.x

CREATE TEMP TABLE t AS SELECT email AS e FROM people WHERE id = 1; SELECT set_config('my.x', e, true) FROM t; SHOW my.x

CREATE TEMP TABLE t AS SELECT email AS e FROM people WHERE id = 1; ALTER TABLE t ADD CHECK (set_config('my.x', e, true) IS NOT NULL); SHOW my.x

SET my.y = 'a'; INSERT INTO hooked SELECT email FROM people WHERE id = 1; SHOW my.x

UPDATE holders SET id = 2; SHOW my.x

PREPARE p (text) AS SELECT set_config('my.x', $1, false); EXECUTE p(mail(1)); SHOW my.x

PREPARE p (text) AS SELECT set_config('my.x', upper($1), false); EXECUTE p(mail(1) || ''); SHOW my.x

DO 'BEGIN PERFORM put_away(email) FROM people WHERE id = 1; END'; SHOW my.x

DO $$ DECLARE c refcursor := (SELECT email FROM people WHERE id = 1); BEGIN OPEN c FOR SELECT 1; END $$; SELECT name FROM pg_cursors

DO $$ DECLARE c CURSOR FOR SELECT 1; v text; BEGIN SELECT email INTO v FROM people WHERE id = 1; c := v; OPEN c; END $$; SELECT name FROM pg_cursors

CREATE FUNCTION named() RETURNS int LANGUAGE plpgsql AS $$ DECLARE c refcursor; BEGIN SELECT email INTO c FROM people WHERE id = 1; OPEN c FOR SELECT 1; RETURN 1; END $$; SELECT named(); SELECT name FROM pg_cursors

CREATE FUNCTION named(c refcursor) RETURNS int LANGUAGE plpgsql AS $$ BEGIN OPEN c FOR SELECT 1; RETURN 1; END $$; SELECT named(email::refcursor) FROM people WHERE id = 1; SELECT name FROM pg_cursors

SELECT opens(email::refcursor) FROM people WHERE id = 1; SELECT name FROM pg_cursors

DO $$ BEGIN PERFORM opens(email::refcursor) FROM people WHERE id = 1; END $$; SELECT name FROM pg_cursors

DECLARE c CURSOR FOR SELECT email FROM people; DO $$ DECLARE c refcursor := 'c'; v text; BEGIN FETCH c INTO v; PERFORM set_config('my.x', v, true); END $$; SHOW my.x

CREATE TABLE p (k text) PARTITION BY LIST (k); CREATE TABLE "in alice.canary" PARTITION OF p FOR VALUES IN ('alice.canary@example.com'); CREATE TABLE p_rest PARTITION OF p DEFAULT; INSERT INTO p SELECT email FROM people; SELECT DISTINCT tableoid::regclass FROM p

CREATE TABLE p (n int, k text) PARTITION BY RANGE (lower(k)); CREATE TABLE "in alice.canary" PARTITION OF p FOR VALUES FROM ('a') TO ('b'); CREATE TABLE p_rest PARTITION OF p DEFAULT; INSERT INTO p (k, n) SELECT email, id FROM people; SELECT DISTINCT tableoid::regclass FROM p

CREATE TABLE p (n int, k text) PARTITION BY LIST (k); CREATE TABLE "in alice.canary" PARTITION OF p FOR VALUES IN ('alice.canary@example.com'); CREATE TABLE p_rest PARTITION OF p DEFAULT; ALTER TABLE p RENAME TO q; INSERT INTO q SELECT id, email FROM people; SELECT DISTINCT tableoid::regclass FROM q

DO $$ BEGIN CREATE TABLE p (k text) PARTITION BY LIST (k); CREATE TABLE "in alice.canary" PARTITION OF p FOR VALUES IN ('alice.canary@example.com'); CREATE TABLE p_rest PARTITION OF p DEFAULT; INSERT INTO p SELECT email FROM people; END $$; SELECT DISTINCT tableoid::regclass FROM p
