-- refuse: no-privilege-change
-- Somebody may afterwards what they might not before, or the other way round.
-- changes: SELECT (SELECT md5(string_agg(concat(relname, relacl, relowner), ',' ORDER BY oid)) FROM pg_class), (SELECT md5(string_agg(concat(nspname, nspacl, nspowner), ',' ORDER BY oid)) FROM pg_namespace), (SELECT md5(string_agg(concat(proname, proacl, proowner), ',' ORDER BY oid)) FROM pg_proc), (SELECT md5(string_agg(a::text, ',' ORDER BY a.oid)) FROM pg_authid a), (SELECT md5(string_agg(m::text, ',' ORDER BY roleid, member, grantor)) FROM pg_auth_members m), (SELECT count(*) FROM pg_default_acl), (SELECT md5(string_agg(s::text, ',')) FROM pg_db_role_setting s), (SELECT md5(string_agg(concat(attname, attacl), ',' ORDER BY attrelid, attnum)) FROM pg_attribute), (SELECT md5(string_agg(concat(datacl, datdba), ',' ORDER BY oid)) FROM pg_database), (SELECT md5(string_agg(concat(typacl, typowner), ',' ORDER BY oid)) FROM pg_type), (SELECT count(*) FROM pg_largeobject_metadata WHERE lomowner <> 10), (SELECT md5(string_agg(concat(lanacl, lanowner), ',' ORDER BY oid)) FROM pg_language), (SELECT md5(string_agg(concat(srvacl, srvowner), ',' ORDER BY oid)) FROM pg_foreign_server), (SELECT count(*) FROM pg_parameter_acl)

GRANT SELECT ON users TO PUBLIC

grant/**/all privileges on table public."users" to corpus_clerk with grant option

GRANT SELECT (email) ON users TO PUBLIC

GRANT UPDATE ON ALL TABLES IN SCHEMA public TO corpus_clerk

GRANT USAGE ON SCHEMA archive TO PUBLIC

GRANT CREATE ON DATABASE postgres TO corpus_clerk

GRANT EXECUTE ON FUNCTION twice(int) TO corpus_clerk

GRANT USAGE ON FOREIGN SERVER files TO PUBLIC

GRANT USAGE ON TYPE mood TO corpus_clerk

GRANT SET ON PARAMETER log_statement TO corpus_clerk

GRANT pg_read_server_files TO corpus_clerk

GRANT corpus_reader TO corpus_clerk WITH ADMIN OPTION

GRANT postgres TO corpus_clerk

REVOKE SELECT ON orders FROM corpus_reader

REVOKE ALL ON ALL TABLES IN SCHEMA public FROM corpus_reader CASCADE

REVOKE EXECUTE ON FUNCTION twice(int) FROM PUBLIC

ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO PUBLIC

ALTER DEFAULT PRIVILEGES FOR ROLE current_user IN SCHEMA public REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC; ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT INSERT ON TABLES TO corpus_clerk

CREATE ROLE evil SUPERUSER

CREATE USER evil

create/**/group evil

ALTER ROLE corpus_clerk LOGIN PASSWORD 'x'

ALTER USER corpus_clerk WITH SUPERUSER

ALTER ROLE corpus_clerk SET search_path = evil

ALTER ROLE ALL SET log_statement = 'none'

ALTER ROLE corpus_clerk IN DATABASE postgres SET row_security = off

ALTER GROUP corpus_reader ADD USER corpus_clerk

DROP ROLE corpus_clerk

DROP USER IF EXISTS corpus_clerk, nobody_at_all

REASSIGN OWNED BY corpus_reader TO corpus_clerk; ALTER TABLE queue OWNER TO corpus_clerk

ALTER TABLE orders OWNER TO corpus_clerk

ALTER TABLE queue ADD a int, OWNER TO corpus_clerk

ALTER VIEW open_orders OWNER TO corpus_clerk

ALTER SEQUENCE invoice_numbers OWNER TO corpus_clerk

ALTER FUNCTION twice(int) OWNER TO corpus_clerk

ALTER SCHEMA archive OWNER TO corpus_clerk

ALTER TYPE mood OWNER TO corpus_clerk

ALTER SERVER files OWNER TO CURRENT_USER; GRANT ALL ON FOREIGN SERVER files TO corpus_clerk

CREATE SCHEMA shop GRANT SELECT ON users TO PUBLIC CREATE TABLE users (id int)

CREATE SCHEMA shop CREATE TABLE users (id int) GRANT SELECT ON users TO PUBLIC

SELECT 'harmless'; GRANT SELECT ON users TO PUBLIC

ALTER ROLE corpus_clerk RENAME TO corpus_boss

alter/**/user corpus_reader rename to "corpus_boss"

ALTER GROUP corpus_reader RENAME TO corpus_boss

-- whoever calls it has its owner's rights
CREATE FUNCTION peek() RETURNS SETOF users LANGUAGE sql SECURITY DEFINER AS 'SELECT * FROM users'

CREATE FUNCTION peek() RETURNS bigint LANGUAGE plpgsql EXTERNAL SECURITY DEFINER AS 'BEGIN RETURN 1; END'

CREATE OR REPLACE PROCEDURE peek() LANGUAGE sql SECURITY DEFINER BEGIN ATOMIC SELECT 1; END

-- changes: SELECT prosecdef FROM pg_proc WHERE proname = 'twice'
ALTER FUNCTION twice(int) SECURITY DEFINER

-- changes: SELECT prosecdef FROM pg_proc WHERE proname = 'close_order'
ALTER PROCEDURE close_order EXTERNAL SECURITY DEFINER

-- it sees rows that nobody may see
-- changes: SELECT proleakproof FROM pg_proc WHERE proname = 'twice'
ALTER FUNCTION twice LEAKPROOF

-- not run: no provider is loaded
SECURITY LABEL FOR sepgsql ON TABLE users IS 'x'

-- changes: SELECT (SELECT count(*) FROM orders), (SELECT count(*) FROM pg_class WHERE relname IN ('orders', 'queue')), (SELECT rolsuper FROM pg_authid WHERE rolname = 'corpus_clerk'), (SELECT tgenabled FROM pg_trigger WHERE tgname = 'note_change'), has_table_privilege('corpus_clerk', 'users', 'SELECT'), (SELECT count(*) FROM audit_log)
-- then: SELECT later()
CREATE FUNCTION later() RETURNS void LANGUAGE plpgsql AS 'BEGIN ALTER ROLE corpus_clerk SUPERUSER; END'

-- changes: SELECT (SELECT count(*) FROM orders), (SELECT count(*) FROM pg_class WHERE relname IN ('orders', 'queue')), (SELECT rolsuper FROM pg_authid WHERE rolname = 'corpus_clerk'), (SELECT tgenabled FROM pg_trigger WHERE tgname = 'note_change'), has_table_privilege('corpus_clerk', 'users', 'SELECT'), (SELECT count(*) FROM audit_log)
-- then: SELECT later()
CREATE FUNCTION later() RETURNS void LANGUAGE sql AS 'GRANT SELECT ON users TO corpus_clerk'

-- it is somebody's from the beginning
CREATE SCHEMA AUTHORIZATION corpus_clerk

create/**/schema if not exists shop authorization "corpus_clerk"

-- alone
-- changes: SELECT count(*) FROM pg_database WHERE datdba <> 10
-- undo: DROP DATABASE IF EXISTS shop
CREATE DATABASE shop OWNER corpus_clerk

-- alone
-- changes: SELECT count(*) FROM pg_database WHERE datdba <> 10
-- undo: DROP DATABASE IF EXISTS shop
create database shop encoding = 'utf8' owner = 'corpus_clerk' template template0
