-- refuse: no-alter-system
-- The configuration of the whole server.
-- alone
-- undo: ALTER SYSTEM RESET ALL
-- shows: SELECT pg_read_file('postgresql.auto.conf') LIKE '%picket_corpus%' => t

ALTER SYSTEM SET log_line_prefix = 'picket_corpus'

alter/**/system set "log_line_prefix" to 'picket_corpus'

ALTER -- TABLE
SYSTEM SET archive_command TO 'picket_corpus'

ALTER SYSTEM SET search_path = picket_corpus, public

-- shows: SELECT pg_read_file('postgresql.auto.conf') LIKE '%log_statement%' => f
ALTER SYSTEM RESET ALL

-- shows: SELECT pg_read_file('postgresql.auto.conf') LIKE '%log_statement%' => f
ALTER SYSTEM SET log_statement = DEFAULT

-- shows: SELECT pg_read_file('postgresql.auto.conf') LIKE '%session_preload_libraries%' => t
ALTER SYSTEM SET session_preload_libraries = 'auto_explain'

-- everybody's sessions
-- undo: ALTER DATABASE postgres RESET ALL
-- shows: SELECT count(*) FROM pg_db_role_setting => 1
ALTER DATABASE postgres SET standard_conforming_strings = off

-- undo: ALTER DATABASE postgres RESET ALL
-- shows: SELECT count(*) FROM pg_db_role_setting => 1
ALTER DATABASE postgres SET session_replication_role = replica

-- undo: ALTER DATABASE postgres RESET ALL
-- shows: SELECT count(*) FROM pg_db_role_setting => 1
alter/**/database "postgres" set default_transaction_read_only to on

-- who may still come in
-- undo: ALTER DATABASE template1 CONNECTION LIMIT -1
-- shows: SELECT datconnlimit FROM pg_database WHERE datname = 'template1' => 0
ALTER DATABASE template1 WITH CONNECTION LIMIT 0

-- undo: ALTER DATABASE template1 ALLOW_CONNECTIONS true
-- shows: SELECT datallowconn FROM pg_database WHERE datname = 'template1' => f
ALTER DATABASE template1 ALLOW_CONNECTIONS = false

-- nobody finds it any more
-- before: CREATE DATABASE sought
-- undo: DROP DATABASE IF EXISTS found
-- shows: SELECT count(*) FROM pg_database WHERE datname = 'sought' => 0
ALTER DATABASE sought RENAME TO found

-- before: CREATE DATABASE "sought after"
-- undo: DROP DATABASE IF EXISTS found
-- shows: SELECT count(*) FROM pg_database WHERE datname = 'sought after' => 0
alter/**/database U&"sought\0020after" rename to found

-- whoever logs in runs it
-- since: 17
-- before: CREATE FUNCTION keep_out() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN NULL; END'
-- shows: SELECT count(*) FROM pg_event_trigger WHERE evtevent = 'login' => 1
-- undo: DROP EVENT TRIGGER IF EXISTS keep_out
CREATE EVENT TRIGGER keep_out ON login EXECUTE FUNCTION keep_out()
