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
