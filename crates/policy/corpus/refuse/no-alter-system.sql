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
