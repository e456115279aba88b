-- refuse: no-server-files
-- Files and programs on the server.

-- returns: localhost
COPY audit_log (what) FROM '/etc/hosts'; SELECT what FROM audit_log

-- undo: COPY (SELECT 1) TO PROGRAM 'cat > /dev/null; rm -f /tmp/picket-corpus-copy'
-- shows: SELECT size > 0 FROM pg_stat_file('/tmp/picket-corpus-copy') => t
COPY orders TO '/tmp/picket-corpus-copy'

-- undo: COPY (SELECT 1) TO PROGRAM 'cat > /dev/null; rm -f /tmp/picket-corpus-select'
-- shows: SELECT size > 0 FROM pg_stat_file('/tmp/picket-corpus-select') => t
copy/**/(select email from users) to/**/'/tmp/picket-corpus-select' (format csv)

-- returns: picket was here
COPY audit_log (what) FROM PROGRAM 'echo picket was here'; SELECT what FROM audit_log

COPY (SELECT 1) TO PROGRAM 'cat > /dev/null'

COPY orders TO PROGRAM E'cat \x3e /dev/null'

-- returns: 1
SELECT pg_read_file('PG_VERSION')

SELECT pg_catalog.pg_read_file('PG_VERSION', 0, 2)

-- not run: its arguments have names from version 18 on, or never
SELECT PG_READ_FILE(filename => 'PG_VERSION')

SELECT "pg_read_file"('PG_VERSION')

SELECT U&"pg\005fread_file"('PG_VERSION')

SELECT pg_read_binary_file/* */('PG_VERSION')

SELECT encode(pg_read_binary_file('PG_VERSION', 0, 2, true), 'escape')

-- attribute notation is a call
SELECT ('PG_VERSION'::text).pg_read_file

SELECT f.pg_read_file FROM text('PG_VERSION') f

SELECT (SELECT text 'PG_VERSION').pg_read_file

-- returns: postgresql.conf
SELECT * FROM pg_ls_dir('.')

SELECT (pg_stat_file('PG_VERSION')).size

SELECT count(*) FROM pg_ls_waldir()

SELECT count(*) FROM pg_ls_tmpdir()

SELECT count(*) FROM orders WHERE EXISTS (SELECT pg_stat_file('PG_VERSION'))

SELECT CASE WHEN 1 = 1 THEN pg_read_file('PG_VERSION') END

SELECT count(*) FROM users, LATERAL pg_read_file('PG_VERSION') f

SELECT u.id FROM users u ORDER BY pg_read_file('PG_VERSION'), 1

UPDATE users SET city = pg_read_file('PG_VERSION') WHERE id = 1

INSERT INTO audit_log (what) VALUES (pg_read_file('PG_VERSION'))

DELETE FROM users WHERE id = 100 RETURNING pg_read_file('PG_VERSION')

SELECT lo_import('/etc/hosts')

-- undo: COPY (SELECT 1) TO PROGRAM 'cat > /dev/null; rm -f /tmp/picket-corpus-lo'
-- before: SELECT lo_from_bytea(4242, 'x')
SELECT lo_export(4242, '/tmp/picket-corpus-lo')

SELECT count(*) FROM pg_hba_file_rules

SELECT count(*) FROM pg_catalog.pg_file_settings

TABLE pg_hba_file_rules

-- then: EXECUTE reads
PREPARE reads AS SELECT pg_read_file('PG_VERSION')

-- then: FETCH reads
DECLARE reads CURSOR FOR SELECT pg_read_file('PG_VERSION')

EXPLAIN ANALYZE SELECT pg_read_file('PG_VERSION')

COPY (SELECT pg_read_file('PG_VERSION')) TO STDOUT

SELECT pg_read_file('PG_VERSION') INTO stolen

CREATE TABLE stolen AS SELECT * FROM pg_ls_dir('.')

-- then: SELECT * FROM stolen
CREATE VIEW stolen AS SELECT pg_read_file('PG_VERSION')

CREATE MATERIALIZED VIEW stolen AS SELECT pg_read_file('PG_VERSION')

-- then: INSERT INTO stolen DEFAULT VALUES
CREATE TABLE stolen (a text DEFAULT pg_read_file('PG_VERSION'))

-- then: INSERT INTO users (name, email) VALUES ('x', 'y')
ALTER TABLE users ALTER COLUMN city SET DEFAULT pg_read_file('PG_VERSION')

-- then: SELECT stolen()
CREATE FUNCTION stolen() RETURNS text RETURN pg_read_file('PG_VERSION')

-- then: SELECT stolen()
CREATE FUNCTION stolen() RETURNS text LANGUAGE sql AS $$ SELECT pg_catalog . "pg_read_file" ('PG_VERSION') $$

-- then: SELECT stolen()
CREATE FUNCTION stolen() RETURNS text LANGUAGE plpgsql AS 'BEGIN RETURN pg_read_file(''PG_VERSION''); END'

-- then: SELECT !! text 'PG_VERSION'
CREATE OPERATOR !! (rightarg = text, function = pg_read_file)

CREATE OPERATOR !! (rightarg = text, procedure = 'pg_read_file')

-- then: SELECT stolen(x) FROM (VALUES ('PG_'), ('VERSION')) v (x)
CREATE AGGREGATE stolen (text) (sfunc = textcat, stype = text, initcond = '', finalfunc = pg_read_file)

-- then: INSERT INTO audit_log (what) VALUES ('x')
CREATE RULE stolen AS ON INSERT TO audit_log DO ALSO SELECT pg_read_file('PG_VERSION')

-- then: INSERT INTO audit_log (what) SELECT ('PG_VERSION'::text)::bytea::text
CREATE CAST (text AS bytea) WITH FUNCTION pg_read_binary_file(text) AS ASSIGNMENT

SELECT 1; COPY audit_log (what) FROM '/etc/hosts'

-- returns: 1
SELECT pg_read_file_old('PG_VERSION', 0, 2)
