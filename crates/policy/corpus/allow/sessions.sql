-- What sessions do around their statements.

BEGIN; COMMIT; BEGIN

BEGIN ISOLATION LEVEL SERIALIZABLE READ ONLY DEFERRABLE; ROLLBACK; BEGIN

SAVEPOINT a; RELEASE a

SAVEPOINT a; ROLLBACK TO SAVEPOINT a

SET work_mem = '64MB'

SET LOCAL statement_timeout = '5s'

SET search_path TO archive, public

SET TIME ZONE 'UTC'

SET NAMES 'UTF8'

SET client_encoding TO 'utf-8'

SET standard_conforming_strings = on

SET session_replication_role = origin

SET ROLE corpus_reader; SELECT count(*) FROM orders; RESET ROLE

SET application_name = 'DROP TABLE users'

SET LOCAL app.user_id = '42'

SELECT set_config('app.user_id', '42', true)

DO $$ BEGIN PERFORM set_config('app.user_id', '42', true), pg_catalog.set_config('Work_Mem', '1MB', true); END $$

SELECT pg_catalog.set_config('search_path', '', false)

SELECT set_config('work_mem', current_setting('work_mem'), true)

RESET ALL

RESET search_path

-- alone
DISCARD ALL

DISCARD PLANS

SHOW ALL

LISTEN orders_changed

NOTIFY orders_changed, 'DELETE FROM orders'

SELECT pg_notify('orders_changed', 'TRUNCATE')

UNLISTEN *

SELECT pg_advisory_xact_lock(42)

SELECT pg_try_advisory_lock(1, 2), pg_advisory_unlock(1, 2)

SELECT pg_advisory_unlock_all()

LOCK TABLE orders IN SHARE MODE

LOCK TABLE orders, users IN ACCESS EXCLUSIVE MODE NOWAIT

PREPARE one (int) AS SELECT * FROM orders WHERE id = $1

-- before: PREPARE one (int) AS DELETE FROM orders WHERE id = $1
EXECUTE one(1)

-- before: PREPARE one AS SELECT 1
DEALLOCATE one

DEALLOCATE ALL

DECLARE c CURSOR FOR SELECT * FROM orders; FETCH 2 FROM c; MOVE c; CLOSE c

DECLARE "drop" SCROLL CURSOR WITH HOLD FOR SELECT id FROM orders; FETCH ALL "drop"; CLOSE ALL

SET CONSTRAINTS ALL DEFERRED

-- not run: it takes long
CHECKPOINT

SELECT pg_sleep(0), pg_backend_pid(), txid_current(), pg_current_wal_lsn()

SELECT pid, state FROM pg_stat_activity WHERE pid <> pg_backend_pid()

SELECT nextval('invoice_numbers'), currval('invoice_numbers')

SELECT setval('invoice_numbers', 10)

-- before: SELECT lo_from_bytea(4242, 'x')
SELECT lo_create(0), lo_get(4242), loread(lo_open(4242, 262144), 1)

SELECT * FROM orders FOR UPDATE

SELECT * FROM orders o JOIN users u ON u.id = o.user_id FOR NO KEY UPDATE OF o SKIP LOCKED

SET transform_null_equals = off; RESET transform_null_equals

SET zero_damaged_pages = off; SET LOCAL allow_system_table_mods TO 'false'; RESET lo_compat_privileges

SET log_statement = 'all'; SET log_min_error_statement = 'error'; SET track_activities = on

-- since: 17
SET event_triggers = on

SELECT set_config('log_min_duration_statement', '0', false)
