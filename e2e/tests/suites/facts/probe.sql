-- What PostgreSQL makes of a statement. Each function undoes what it did, and gives NULL where the server refuses it.
CREATE SCHEMA picket;
GRANT USAGE ON SCHEMA picket TO PUBLIC;

-- The analysed statement, as the body of a function that is gone again.
CREATE FUNCTION picket.analysed(statement text) RETURNS text LANGUAGE plpgsql AS $probe$
DECLARE tree text;
BEGIN
    EXECUTE 'CREATE FUNCTION pg_temp.picket_probe() RETURNS void LANGUAGE sql BEGIN ATOMIC ' || statement || E'\n; END';
    SELECT prosqlbody::text INTO STRICT tree FROM pg_catalog.pg_proc WHERE proname OPERATOR(pg_catalog.=) 'picket_probe';
    RAISE EXCEPTION SQLSTATE 'PK000';
EXCEPTION
    WHEN SQLSTATE 'PK000' THEN RETURN tree;
    WHEN OTHERS THEN RETURN NULL;
END $probe$;

-- The relations in its plan.
CREATE FUNCTION picket.planned(statement text) RETURNS text[] LANGUAGE plpgsql AS $probe$
DECLARE plan json;
BEGIN
    EXECUTE 'EXPLAIN (VERBOSE, FORMAT JSON) ' || statement INTO plan;
    RETURN ARRAY(
        SELECT DISTINCT (node OPERATOR(pg_catalog.->>) 'Schema') OPERATOR(pg_catalog.||) '.'
            OPERATOR(pg_catalog.||) (node OPERATOR(pg_catalog.->>) 'Relation Name')
        FROM pg_catalog.jsonb_path_query(plan::jsonb, 'strict $.**') AS node
        WHERE node OPERATOR(pg_catalog.?) 'Relation Name'
    );
EXCEPTION WHEN OTHERS THEN RETURN NULL;
END $probe$;

-- The tables whose rows it changes when it runs.
CREATE FUNCTION picket.changed(statement text) RETURNS text[] LANGUAGE plpgsql AS $probe$
DECLARE tables text[];
BEGIN
    CREATE TEMP TABLE picket_before AS
        SELECT relid, n_tup_ins, n_tup_upd, n_tup_del FROM pg_catalog.pg_stat_xact_user_tables;
    EXECUTE statement;
    tables := ARRAY(
        SELECT schemaname || '.' || relname
        FROM pg_catalog.pg_stat_xact_user_tables AS after LEFT JOIN pg_temp.picket_before AS before USING (relid)
        WHERE (after.n_tup_ins, after.n_tup_upd, after.n_tup_del)
            IS DISTINCT FROM (coalesce(before.n_tup_ins, 0), coalesce(before.n_tup_upd, 0), coalesce(before.n_tup_del, 0))
            AND relname <> 'picket_before'
    );
    RAISE EXCEPTION SQLSTATE 'PK000';
EXCEPTION
    WHEN SQLSTATE 'PK000' THEN RETURN tables;
    WHEN OTHERS THEN RETURN NULL;
END $probe$;

-- The tables that it locks for itself alone when it runs.
CREATE FUNCTION picket.truncated(statement text) RETURNS text[] LANGUAGE plpgsql AS $probe$
DECLARE before oid[]; tables text[];
BEGIN
    before := ARRAY(SELECT relation FROM pg_catalog.pg_locks
        WHERE pid OPERATOR(pg_catalog.=) pg_catalog.pg_backend_pid() AND mode OPERATOR(pg_catalog.=) 'AccessExclusiveLock'
            AND relation IS NOT NULL);
    EXECUTE statement;
    tables := ARRAY(
        SELECT n.nspname::text OPERATOR(pg_catalog.||) '.' OPERATOR(pg_catalog.||) c.relname::text
        FROM pg_catalog.pg_locks l JOIN pg_catalog.pg_class c ON c.oid OPERATOR(pg_catalog.=) l.relation
        JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace
        WHERE l.pid OPERATOR(pg_catalog.=) pg_catalog.pg_backend_pid() AND l.mode OPERATOR(pg_catalog.=) 'AccessExclusiveLock'
            AND c.relkind OPERATOR(pg_catalog.=) ANY (ARRAY['r', 'p', 'f']::"char"[]) AND l.relation OPERATOR(pg_catalog.<>) ALL (before)
    );
    RAISE EXCEPTION SQLSTATE 'PK000';
EXCEPTION
    WHEN SQLSTATE 'PK000' THEN RETURN tables;
    WHEN OTHERS THEN RETURN NULL;
END $probe$;

-- What commands did, gathered in a setting until it is asked for.
CREATE FUNCTION picket.noted() RETURNS text LANGUAGE plpgsql AS $probe$
DECLARE noted text := current_setting('picket.noted', true);
BEGIN
    PERFORM set_config('picket.noted', '', false);
    RETURN noted;
END $probe$;
CREATE FUNCTION picket.note_command() RETURNS event_trigger LANGUAGE plpgsql AS $probe$
DECLARE noted text;
BEGIN
    SELECT string_agg(concat_ws('|', 'did', command_tag, object_type, schema_name, object_identity), E'\n')
        INTO noted FROM pg_catalog.pg_event_trigger_ddl_commands();
    PERFORM set_config('picket.noted', concat_ws(E'\n', nullif(current_setting('picket.noted', true), ''), noted), false);
END $probe$;
CREATE FUNCTION picket.note_drop() RETURNS event_trigger LANGUAGE plpgsql AS $probe$
DECLARE noted text;
BEGIN
    SELECT string_agg(concat_ws('|', 'dropped', CASE WHEN original THEN 'named' ELSE 'with it' END, object_type,
        schema_name, object_name), E'\n') INTO noted FROM pg_catalog.pg_event_trigger_dropped_objects();
    PERFORM set_config('picket.noted', concat_ws(E'\n', nullif(current_setting('picket.noted', true), ''), noted), false);
END $probe$;
CREATE EVENT TRIGGER picket_command ON ddl_command_end EXECUTE FUNCTION picket.note_command();
CREATE EVENT TRIGGER picket_drop ON sql_drop EXECUTE FUNCTION picket.note_drop();
