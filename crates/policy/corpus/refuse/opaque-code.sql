-- refuse: opaque-code
-- Code that does not show what it does.
-- changes: SELECT (SELECT count(*) FROM orders), (SELECT count(*) FROM pg_class WHERE relname IN ('orders', 'queue')), (SELECT rolsuper FROM pg_authid WHERE rolname = 'corpus_clerk'), (SELECT tgenabled FROM pg_trigger WHERE tgname = 'note_change'), has_table_privilege('corpus_clerk', 'users', 'SELECT'), (SELECT count(*) FROM audit_log)

DO $$ DECLARE t text; BEGIN FOR t IN SELECT 'orders' LOOP EXECUTE format('DELETE FROM %I', t); END LOOP; END $$

DO $$ BEGIN EXECUTE convert_from(decode('5452554e43415445206f7264657273', 'hex'), 'UTF8'); END $$

-- then: SELECT later()
CREATE OR REPLACE FUNCTION later() RETURNS void AS $$ BEGIN EXECUTE 'TRUNC' || 'ATE orders'; END $$ LANGUAGE plpgsql

-- then: CALL later()
CREATE PROCEDURE later() LANGUAGE plpgsql AS $$ BEGIN EXECUTE replace('TRUxNCATE orders', 'x', ''); END $$

-- then: SELECT later()
CREATE FUNCTION later() RETURNS void LANGUAGE plpgsql AS $$ BEGIN COPY audit_log (what) FROM PROGRAM 'echo x'; END $$

-- then: SELECT later()
CREATE FUNCTION later() RETURNS void LANGUAGE plpgsql AS $$ BEGIN DO 'BEGIN DELETE FROM orders; END'; END $$

-- then: SELECT * FROM later()
CREATE FUNCTION later() RETURNS SETOF int LANGUAGE plpgsql AS $$ BEGIN RETURN QUERY EXECUTE 'DELETE FROM ' || 'orders RETURNING id'; END $$

-- then: SELECT later()
CREATE FUNCTION later() RETURNS void LANGUAGE plpgsql AS $$ BEGIN PERFORM set_config('session_replication' || '_role', 'replica', true); INSERT INTO audit_log (what) VALUES ('x'); END $$

-- not run: calling it would end the server
CREATE FUNCTION later() RETURNS void LANGUAGE c AS 'plpgsql', 'plpgsql_call_handler'

-- not run: the name is another one in each version
CREATE FUNCTION later(text) RETURNS text LANGUAGE internal AS 'pg_read_file_all'

-- then: SELECT later()
CREATE FUNCTION later() RETURNS void LANGUAGE plpgsql AS $$ BEGIN EXECUTE 'TRUNCATE ' || 'orders'; END $$
