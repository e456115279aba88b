-- refuse: no-disable-protection
-- Triggers, rules and row level security, which keep rows as they should be.
-- changes: SELECT (SELECT string_agg(concat(tgname, tgenabled), ',' ORDER BY oid) FROM pg_trigger), (SELECT string_agg(concat(relname, relrowsecurity, relforcerowsecurity), ',' ORDER BY oid) FROM pg_class), (SELECT string_agg(concat(rulename, ev_enabled), ',' ORDER BY oid) FROM pg_rewrite), (SELECT string_agg(concat(evtname, evtenabled), ',') FROM pg_event_trigger), (SELECT md5(string_agg(p::text, ',' ORDER BY oid)) FROM pg_policy p), (SELECT md5(string_agg(s::text, ',')) FROM pg_db_role_setting s), current_setting('session_replication_role')

ALTER TABLE orders DISABLE TRIGGER ALL

ALTER TABLE orders DISABLE TRIGGER USER

alter/**/table only public.orders add extra int, disable trigger note_change

ALTER TABLE orders ENABLE REPLICA TRIGGER note_change

ALTER TABLE ledger DISABLE RULE keep_entries

ALTER TABLE ledger ENABLE REPLICA RULE keep_entries

ALTER TABLE orders DISABLE ROW LEVEL SECURITY

ALTER TABLE orders FORCE ROW LEVEL SECURITY; ALTER TABLE orders NO FORCE ROW LEVEL SECURITY, DISABLE ROW LEVEL SECURITY

ALTER EVENT TRIGGER note_command DISABLE

ALTER EVENT TRIGGER note_command ENABLE REPLICA

SET session_replication_role = replica

set local "session_replication_role" to 'LOCAL'

SET SESSION session_replication_role TO U&'r\0065plica'

SELECT set_config('session_replication_role', 'replica', true)

SELECT pg_catalog.set_config('SESSION_REPLICATION_ROLE', E'rep\x6cica', false)

ALTER DATABASE postgres SET session_replication_role = replica

SELECT 1; SET session_replication_role = replica

-- shows: SELECT later() => replica
CREATE FUNCTION later() RETURNS text LANGUAGE sql SET session_replication_role = replica AS $$ SELECT current_setting('session_replication_role') $$

-- shows: SELECT later() => replica
CREATE FUNCTION later() RETURNS text RETURN current_setting('session_replication_role'); ALTER FUNCTION later SET session_replication_role = replica
