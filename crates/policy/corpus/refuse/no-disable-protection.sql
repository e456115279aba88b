-- refuse: no-disable-protection
-- Triggers, rules and row level security, which keep rows as they should be.
-- changes: SELECT (SELECT string_agg(concat(pg_get_triggerdef(oid), tgenabled), ',' ORDER BY oid) FROM pg_trigger), (SELECT string_agg(concat(relname, relrowsecurity, relforcerowsecurity), ',' ORDER BY oid) FROM pg_class), (SELECT string_agg(concat(pg_get_ruledef(oid), ev_enabled), ',' ORDER BY oid) FROM pg_rewrite), (SELECT string_agg(concat(evtname, evtenabled), ',') FROM pg_event_trigger), (SELECT md5(string_agg(p::text, ',' ORDER BY oid)) FROM pg_policy p), (SELECT md5(string_agg(s::text, ',')) FROM pg_db_role_setting s), current_setting('session_replication_role')

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

SELECT 1; SET session_replication_role = replica

-- shows: SELECT later() => replica
CREATE FUNCTION later() RETURNS text LANGUAGE sql SET session_replication_role = replica AS $$ SELECT current_setting('session_replication_role') $$

-- shows: SELECT later() => replica
CREATE FUNCTION later() RETURNS text RETURN current_setting('session_replication_role'); ALTER FUNCTION later SET session_replication_role = replica

-- more rows are shown
CREATE POLICY everything ON orders USING (true)

create/**/policy everything on public.orders as permissive for select to public using (1 = 1)

CREATE POLICY everything ON orders FOR INSERT WITH CHECK (true)

ALTER POLICY own_orders ON orders USING (true)

ALTER POLICY own_orders ON orders TO PUBLIC

ALTER POLICY own_orders ON orders TO PUBLIC USING (user_id = user_id)

-- what is written does not happen
-- then: INSERT INTO audit_log (what) VALUES ('x')
-- shows: SELECT count(*) FROM audit_log => 0
CREATE RULE silence AS ON INSERT TO audit_log DO INSTEAD NOTHING

-- then: UPDATE users SET active = false WHERE id = 1
-- shows: SELECT count(*) FROM users WHERE NOT active => 0
CREATE OR REPLACE RULE silence AS ON UPDATE TO users DO INSTEAD SELECT 1

CREATE OR REPLACE RULE keep_entries AS ON DELETE TO ledger DO ALSO NOTHING

-- another function is called, or the same does something else
CREATE OR REPLACE TRIGGER note_change AFTER UPDATE ON orders FOR EACH STATEMENT WHEN (false) EXECUTE FUNCTION note_change()

-- then: UPDATE orders SET note = 'x' WHERE id = 1
-- shows: SELECT count(*) FROM audit_log => 0
CREATE OR REPLACE FUNCTION note_change() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'

-- shows: SELECT prosrc FROM pg_proc WHERE proname = 'note_command' => BEGIN END
create/**/or replace function "note_command"() returns pg_catalog.event_trigger language plpgsql as 'BEGIN END'

-- rows that were not let in before
-- changes: SELECT count(*) FROM pg_constraint
ALTER TABLE orders DROP CONSTRAINT positive

-- changes: SELECT count(*) FROM pg_constraint
ALTER TABLE IF EXISTS ONLY public.users ADD extra int, DROP CONSTRAINT IF EXISTS users_email_key CASCADE

-- changes: SELECT count(*) FROM pg_constraint
ALTER DOMAIN cents DROP CONSTRAINT cents_check

-- since: 18
-- changes: SELECT count(*) FROM pg_constraint WHERE NOT conenforced
ALTER TABLE orders ALTER CONSTRAINT orders_user_id_fkey NOT ENFORCED

-- changes: SELECT reloptions FROM pg_class WHERE relname = 'open_orders'
ALTER VIEW open_orders SET (security_barrier = false)

-- before: CREATE VIEW narrow WITH (security_barrier) AS SELECT * FROM orders WHERE id = 1
-- changes: SELECT reloptions FROM pg_class WHERE relname = 'narrow'
ALTER VIEW narrow RESET (security_barrier)

-- changes: SELECT (SELECT count(*) FROM orders), (SELECT count(*) FROM pg_class WHERE relname IN ('orders', 'queue')), (SELECT rolsuper FROM pg_authid WHERE rolname = 'corpus_clerk'), (SELECT tgenabled FROM pg_trigger WHERE tgname = 'note_change'), has_table_privilege('corpus_clerk', 'users', 'SELECT'), (SELECT count(*) FROM audit_log)
-- then: SELECT later()
CREATE FUNCTION later() RETURNS void LANGUAGE plpgsql AS 'BEGIN ALTER TABLE orders DISABLE TRIGGER ALL; END'

-- what it was called by is known by its name
-- changes: SELECT array_agg(proname ORDER BY proname) FROM pg_proc WHERE proname IN ('twice', 'double')
ALTER FUNCTION twice(int) RENAME TO double

-- since: 17
-- changes: SELECT current_setting('event_triggers')
SET event_triggers = off

-- what the server checks, lets be changed or logs
-- changes: SELECT current_setting('zero_damaged_pages')
SET zero_damaged_pages = on

-- changes: SELECT current_setting('ignore_checksum_failure')
set/**/local "ignore_checksum_failure" to 'tr'

-- then: CREATE TRIGGER mark AFTER INSERT ON pg_class FOR EACH STATEMENT EXECUTE FUNCTION note_change()
-- changes: SELECT count(*) FROM pg_trigger
SET allow_system_table_mods = 1

-- changes: SELECT current_setting('allow_system_table_mods')
SELECT set_config('Allow_System_Table_Mods', 'yes', false)

-- changes: SELECT current_setting('lo_compat_privileges')
SET SESSION lo_compat_privileges TO on

-- changes: SELECT current_setting('log_min_error_statement')
SET log_min_error_statement = panic

-- before: SET log_statement = 'all'
-- changes: SELECT current_setting('log_statement')
SET log_statement = 'none'

-- changes: SELECT current_setting('track_activities')
SET track_activities = off

-- changes: SELECT current_setting('pgaudit.log', true)
SET pgaudit.log = 'none'

-- shows: SELECT later() => on
CREATE FUNCTION later() RETURNS text LANGUAGE sql SET zero_damaged_pages = on AS $$ SELECT current_setting('zero_damaged_pages') $$

-- a table that is empty after a crash, and that replicas do not have
-- changes: SELECT relpersistence FROM pg_class WHERE relname = 'queue'
ALTER TABLE queue SET UNLOGGED

-- changes: SELECT relpersistence FROM pg_class WHERE relname = 'ledger'
alter/**/table only public."ledger" add extra int, set unlogged

-- changes: SELECT relreplident FROM pg_class WHERE relname = 'orders'
ALTER TABLE orders REPLICA IDENTITY NOTHING

-- what was worked out is what somebody writes
-- before: CREATE TABLE sums (a int, b int GENERATED ALWAYS AS (2 * a) STORED)
-- then: INSERT INTO sums VALUES (1, 7)
-- changes: SELECT attgenerated FROM pg_attribute WHERE attrelid = 'sums'::regclass AND attname = 'b'
ALTER TABLE sums ALTER COLUMN b DROP EXPRESSION

-- what is written to a view does not happen
-- before: CREATE FUNCTION lose() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'
-- then: UPDATE open_orders SET note = 'seen' WHERE id = 1
-- shows: SELECT count(*) FROM orders WHERE note = 'seen' => 0
CREATE TRIGGER lose INSTEAD OF UPDATE ON open_orders FOR EACH ROW EXECUTE FUNCTION lose()

-- what is written is gone at once
-- then: INSERT INTO queue VALUES (9, 'x')
-- shows: SELECT count(*) FROM queue WHERE id = 9 => 0
CREATE RULE silence AS ON INSERT TO queue DO ALSO DELETE FROM queue WHERE id = NEW.id

-- then: INSERT INTO queue VALUES (9, 'x')
-- shows: SELECT count(*) FROM queue WHERE id = 9 => 0
create rule silence as on insert to public.queue do also (select 1; delete from public.queue q where q.id = new."id" and not q.taken)
