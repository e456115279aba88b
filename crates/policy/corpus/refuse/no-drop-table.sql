-- refuse: no-drop-table
-- A table goes, by name or with what holds it.
-- changes: SELECT string_agg(oid::regclass::text, ',' ORDER BY oid) FROM pg_class WHERE relkind IN ('r', 'p', 'f') AND oid >= 16384

DROP TABLE queue

DROP TABLE IF EXISTS public.orders CASCADE

drop/**/TABLE--
"queue"

DROP TABLE U&"qu\0065ue"

-- not run: PostgreSQL takes neither
DROP TABLE nowhere.nothing, orders; -- one that is not there beside one that is

DROP TABLE IF EXISTS nothing, orders, products CASCADE

DROP TABLE events

DROP TABLE events_2025

DROP FOREIGN TABLE hosts

DROP SCHEMA archive CASCADE

DROP SCHEMA IF EXISTS archive, nothing CASCADE

-- not run: a superuser owns what the server needs, and PostgreSQL says so
-- what a role owns
-- before: SET ROLE corpus_clerk; RESET ROLE
-- changes: SELECT count(*) FROM pg_class WHERE relname IN ('orders', 'users')
DROP OWNED BY corpus_clerk, current_user

-- changes: SELECT count(*) FROM aclexplode((SELECT relacl FROM pg_class WHERE oid = 'public.orders'::regclass))
DROP OWNED BY corpus_reader

-- what a table can depend on
DROP SERVER files CASCADE

DROP EXTENSION file_fdw CASCADE

-- changes: SELECT count(*) FROM pg_attribute WHERE attrelid = 'users'::regclass AND attisdropped
DROP TYPE place CASCADE

-- changes: SELECT count(*) FROM pg_attribute WHERE attrelid = 'products'::regclass AND attisdropped
DROP DOMAIN cents CASCADE

-- changes: SELECT count(*) FROM pg_extension
DROP EXTENSION tablefunc

-- its key's function
-- before: CREATE FUNCTION key_of(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1'; CREATE TABLE keyed (id int, v text) PARTITION BY RANGE (key_of(id)); CREATE TABLE keyed_1 PARTITION OF keyed FOR VALUES FROM (0) TO (100)
DROP FUNCTION key_of(int) CASCADE

-- before: CREATE FUNCTION key_of(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1'; CREATE TABLE keyed (id int, v text) PARTITION BY RANGE (key_of(id))
drop/**/routine if exists key_of cascade

-- before: CREATE FUNCTION key_of(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1'; CREATE TABLE keyed (id int, v text) PARTITION BY RANGE (key_of(id))
DO $$ BEGIN DROP FUNCTION key_of(int) CASCADE; END $$

-- changes: SELECT count(*) FROM pg_views WHERE viewname = 'helped'
-- before: CREATE FUNCTION pg_temp.helper() RETURNS int LANGUAGE sql AS 'SELECT 1'; CREATE VIEW helped AS SELECT pg_temp.helper() AS n
DROP FUNCTION pg_temp.helper CASCADE

-- not run: no database is lost in a test
-- alone
-- changes: SELECT count(*) FROM pg_database
-- before: CREATE TABLE unused (a int)
DROP DATABASE IF EXISTS corpus_unused WITH (FORCE)

-- within a text of several
SELECT 'harmless'; DROP TABLE queue; SELECT 'nothing happened'

-- the string ends before
SELECT 'x\'; DROP TABLE queue; --'

-- before: CREATE TEMPORARY TABLE own (id int)
DROP TABLE own, queue

-- made later, under another's name
DROP TABLE queue; CREATE TEMPORARY TABLE queue (id int)

-- it may drop what depends on its row type
-- before: CREATE TEMPORARY TABLE own (id int)
-- shows: SELECT to_regclass('pg_temp.own') IS NULL => t
DROP TABLE own CASCADE

-- changes: SELECT (SELECT count(*) FROM orders), (SELECT count(*) FROM pg_class WHERE relname IN ('orders', 'queue')), (SELECT rolsuper FROM pg_authid WHERE rolname = 'corpus_clerk'), (SELECT tgenabled FROM pg_trigger WHERE tgname = 'note_change'), has_table_privilege('corpus_clerk', 'users', 'SELECT'), (SELECT count(*) FROM audit_log)
DO $$ BEGIN DROP TABLE queue; EXCEPTION WHEN others THEN NULL; END $$

-- changes: SELECT (SELECT count(*) FROM orders), (SELECT count(*) FROM pg_class WHERE relname IN ('orders', 'queue')), (SELECT rolsuper FROM pg_authid WHERE rolname = 'corpus_clerk'), (SELECT tgenabled FROM pg_trigger WHERE tgname = 'note_change'), has_table_privilege('corpus_clerk', 'users', 'SELECT'), (SELECT count(*) FROM audit_log)
-- then: SELECT later()
CREATE FUNCTION later() RETURNS void LANGUAGE plpgsql AS 'BEGIN DROP TABLE queue; END'

-- changes: SELECT (SELECT count(*) FROM orders), (SELECT count(*) FROM pg_class WHERE relname IN ('orders', 'queue')), (SELECT rolsuper FROM pg_authid WHERE rolname = 'corpus_clerk'), (SELECT tgenabled FROM pg_trigger WHERE tgname = 'note_change'), has_table_privilege('corpus_clerk', 'users', 'SELECT'), (SELECT count(*) FROM audit_log)
DO $$ DECLARE a int; BEGIN EXECUTE 'SELECT 1' INTO a; EXECUTE 'DROP TABLE queue'; END $$

DO 'BEGIN EXECUTE ''DR'' || ''OP TABLE queue''; END'; SELECT 1 WHERE to_regclass('queue') IS NULL

-- what the body makes has the name of what it drops
DO $$ BEGIN CREATE TEMP TABLE orders_2 (id int); DROP TABLE orders_2, queue; END $$

DO $$ BEGIN CREATE TEMP TABLE queue (id int); DROP TABLE public.queue; END $$

DO $$ BEGIN IF false THEN CREATE TEMP TABLE scratch (id int); END IF; ALTER TABLE queue RENAME TO scratch; DROP TABLE scratch; END $$
