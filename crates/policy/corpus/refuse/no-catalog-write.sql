-- refuse: no-catalog-write
-- PostgreSQL's own tables are changed, past the command that is there for it.
-- changes: SELECT (SELECT md5(string_agg(c::text, ',' ORDER BY oid)) FROM pg_class c), (SELECT md5(string_agg(a::text, ',' ORDER BY a.oid)) FROM pg_authid a), (SELECT md5(string_agg(t::text, ',' ORDER BY t.oid)) FROM pg_trigger t), (SELECT md5(string_agg(p::text, ',' ORDER BY p.oid)) FROM pg_proc p), (SELECT md5(string_agg(a::text, ',' ORDER BY attrelid, attnum)) FROM pg_attribute a), (SELECT count(*) FROM pg_auth_members), (SELECT count(*) FROM pg_depend), (SELECT count(*) FROM information_schema.sql_features WHERE comments = 'x')

UPDATE pg_authid SET rolsuper = true WHERE rolname = 'corpus_clerk'

update/**/pg_catalog . "pg_authid" as a set rolpassword = 'x' where a.rolname = 'corpus_clerk'

UPDATE U&"pg\005fauthid" SET rolcanlogin = true WHERE rolname = 'corpus_clerk'

UPDATE pg_trigger SET tgenabled = 'D' WHERE tgname = 'note_change'

UPDATE pg_class SET relrowsecurity = false WHERE relname = 'orders'

UPDATE ONLY pg_class SET relacl = NULL WHERE oid = 'orders'::regclass

UPDATE pg_proc SET prosrc = 'DELETE FROM orders' WHERE proname = 'close_order'

UPDATE pg_attribute SET attisdropped = true WHERE attrelid = 'orders'::regclass AND attname = 'note'

DELETE FROM pg_class WHERE relname = 'orders'

DELETE FROM pg_depend WHERE refobjid = 'users'::regclass

-- not run: the table has other columns in other versions
INSERT INTO pg_auth_members (roleid, member, grantor, admin_option) SELECT 10, oid, 10, true FROM pg_authid WHERE rolname = 'corpus_clerk'

WITH gone AS (DELETE FROM pg_class WHERE relname = 'orders' RETURNING 1) SELECT count(*) FROM gone

-- not run: PostgreSQL does not take it in each version
MERGE INTO pg_class c USING users u ON c.relname = u.name WHEN MATCHED THEN DELETE

EXPLAIN ANALYZE UPDATE pg_class SET relname = 'gone' WHERE relname = 'orders'

-- then: EXECUTE p
PREPARE p AS UPDATE pg_class SET relname = 'gone' WHERE relname = 'orders'

-- then: SELECT later()
CREATE FUNCTION later() RETURNS void LANGUAGE sql AS 'UPDATE pg_authid SET rolsuper = true WHERE rolname = ''corpus_clerk'''

UPDATE information_schema.sql_features SET comments = 'x' WHERE feature_id = 'B011'

SELECT 1; UPDATE pg_authid SET rolsuper = true WHERE rolname = 'corpus_clerk'

-- what everybody finds before all else
-- then: INSERT INTO audit_log (what) VALUES ('x')
-- shows: SELECT lower('ADA'::varchar) => ADA
CREATE FUNCTION pg_catalog.lower(varchar) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT $1::text'

-- shows: SELECT age(timestamptz '2000-01-01') => 00:00:00
create/**/or replace function "pg_catalog".age(timestamptz) returns interval language sql stable as $$ select interval '0' $$

-- shows: SELECT 'a'::varchar = 'b'::varchar => t
-- before: CREATE FUNCTION alike(varchar, varchar) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT true'
CREATE OPERATOR pg_catalog.= (leftarg = varchar, rightarg = varchar, function = alike)

-- shows: SELECT max(city::varchar) FROM users WHERE id < 3 => LondonCambridge
CREATE AGGREGATE pg_catalog.max(varchar) (sfunc = textcat, stype = text)

ALTER FUNCTION twice(int) SET SCHEMA pg_catalog

ALTER FUNCTION pg_catalog.lower(text) COST 1000000 STABLE

ALTER FUNCTION pg_catalog.pg_get_viewdef(oid) SET search_path = archive

-- changes: SELECT count(*) FROM pg_type WHERE typname = 'reg'
CREATE DOMAIN pg_catalog.reg AS text

-- changes: SELECT count(*) FROM pg_type WHERE typname = 'reg'
CREATE TYPE pg_catalog.reg AS ENUM ('a')

-- changes: SELECT typstorage FROM pg_type WHERE typname = 'text'
ALTER TYPE pg_catalog.text SET (STORAGE = main)

-- shows: SELECT catalog_name FROM information_schema.information_schema_catalog_name => x
CREATE OR REPLACE VIEW information_schema.information_schema_catalog_name AS SELECT 'x'::information_schema.sql_identifier AS catalog_name

-- changes: SELECT count(*) FROM pg_attribute WHERE attname = 'extra'
ALTER TABLE information_schema.sql_features ADD COLUMN extra int

-- then: SELECT later()
CREATE FUNCTION later() RETURNS void LANGUAGE plpgsql AS $x$ BEGIN CREATE OR REPLACE FUNCTION pg_catalog.age(timestamptz) RETURNS interval LANGUAGE sql AS $$ SELECT interval '0' $$; END $x$

-- by the name alone, which means them first
ALTER FUNCTION lower(text) SET SCHEMA public

alter/**/routine "lower"(pg_catalog.text) cost 7000

ALTER FUNCTION now() VOLATILE

ALTER FUNCTION pg_get_viewdef(oid) SET SCHEMA public

ALTER FUNCTION left(text, int) COST 1000000

ALTER AGGREGATE sum(int) SET SCHEMA public

-- changes: SELECT oprnamespace FROM pg_operator WHERE oid = 98::oid
ALTER OPERATOR = (text, text) SET SCHEMA public

-- changes: SELECT oprrest FROM pg_operator WHERE oid = 98::oid
ALTER OPERATOR = (text, text) SET (RESTRICT = NONE)

-- changes: SELECT typnamespace FROM pg_type WHERE oid = 718::oid
ALTER TYPE circle SET SCHEMA public

-- changes: SELECT typstorage FROM pg_type WHERE typname = 'jsonb'
ALTER TYPE jsonb SET (STORAGE = main)

ALTER VIEW pg_shadow RENAME TO hidden

ALTER TABLE pg_stats SET SCHEMA public

-- changes: SELECT count(*) FROM pg_ts_config_map WHERE mapdict = 'pg_catalog.english_stem'::regdictionary
ALTER TEXT SEARCH CONFIGURATION english ALTER MAPPING REPLACE english_stem WITH simple

-- changes: SELECT count(*) FROM pg_conversion WHERE connamespace = 'public'::regnamespace
ALTER CONVERSION iso_8859_1_to_utf8 SET SCHEMA public

-- then: SELECT later()
CREATE FUNCTION later() RETURNS void LANGUAGE plpgsql AS $x$ BEGIN ALTER FUNCTION lower(text) COST 7000; END $x$

-- changes: SELECT count(*) FROM pg_cast WHERE castsource = 'bigint'::regtype AND casttarget = 'text'::regtype
CREATE CAST (bigint AS text) WITH INOUT AS IMPLICIT
