CREATE FUNCTION constant_text() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN EXECUTE 'INSERT INTO g1_log VALUES ($1)' USING NEW.last_name; RETURN NEW; END $$;
CREATE TABLE g1 (id int, last_name text); CREATE TABLE g1_log (v text);
CREATE TRIGGER g AFTER UPDATE ON g1 FOR EACH ROW EXECUTE FUNCTION constant_text();

CREATE FUNCTION constant_row() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN EXECUTE 'INSERT INTO g2_log SELECT $1.*' USING NEW; RETURN NULL; END $$;
CREATE TABLE g2 (id int, last_name text); CREATE TABLE g2_log (n int, v text);
CREATE TRIGGER g AFTER UPDATE ON g2 FOR EACH ROW EXECUTE FUNCTION constant_row();

CREATE SCHEMA audit;
CREATE FUNCTION audit.by_name() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN EXECUTE format('INSERT INTO %I.%I SELECT $1.*', TG_TABLE_SCHEMA, TG_TABLE_NAME || '_audit') USING NEW; RETURN NEW; END $$;
CREATE TABLE g3 (id int, last_name text); CREATE TABLE g3_audit (n int, v text);
CREATE TRIGGER g AFTER UPDATE ON g3 FOR EACH ROW EXECUTE FUNCTION audit.by_name();

CREATE FUNCTION by_argument() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN EXECUTE TG_ARGV[0] USING NEW; RETURN NEW; END $$;
CREATE TABLE g4 (id int, last_name text); CREATE TABLE g4_log (v text);
CREATE TRIGGER g AFTER UPDATE ON g4 FOR EACH ROW EXECUTE FUNCTION by_argument('INSERT INTO g4_log VALUES ($1::text)');

CREATE FUNCTION as_json() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN EXECUTE 'INSERT INTO ' || quote_ident(TG_ARGV[1]) || '.' || TG_ARGV[2] || ' VALUES ($1)' USING row_to_json(NEW); RETURN NEW; END $$;
CREATE TABLE g5 (id int, last_name text); CREATE TABLE audit.kept (v text);
CREATE TRIGGER g AFTER UPDATE ON g5 FOR EACH ROW EXECUTE FUNCTION as_json('x', 'audit', 'kept');

CREATE FUNCTION as_hstore() RETURNS trigger LANGUAGE plpgsql AS $$ DECLARE target text := TG_RELNAME || '_log'; BEGIN EXECUTE format('INSERT INTO %s (v) VALUES (avals($1)::text)', target) USING hstore(NEW); RETURN NEW; END $$;
CREATE TABLE g6 (id int, last_name text); CREATE TABLE g6_log (v text);
CREATE TRIGGER g AFTER UPDATE ON g6 FOR EACH ROW EXECUTE FUNCTION as_hstore();

CREATE TABLE audit.logged_actions (event_id bigserial PRIMARY KEY, table_name text, action text, row_data text, changed_fields text);
CREATE FUNCTION audit.if_modified_func() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE
    audit_row audit.logged_actions;
BEGIN
    audit_row = ROW(nextval('audit.logged_actions_event_id_seq'), TG_TABLE_NAME::text, substring(TG_OP, 1, 1), NULL, NULL);
    IF (TG_OP = 'UPDATE' AND TG_LEVEL = 'ROW') THEN
        audit_row.row_data = hstore(OLD.*)::text;
        audit_row.changed_fields = (hstore(NEW.*) - hstore(OLD.*))::text;
    ELSIF (TG_OP = 'INSERT' AND TG_LEVEL = 'ROW') THEN
        audit_row.row_data = hstore(NEW.*)::text;
    ELSE
        RAISE EXCEPTION '[audit.if_modified_func] - Trigger func added as trigger for unhandled case: %, %', TG_OP, TG_LEVEL;
        RETURN NULL;
    END IF;
    INSERT INTO audit.logged_actions VALUES (audit_row.*);
    RETURN NULL;
END;
$$;
CREATE TABLE g7 (id int, last_name text);
CREATE TRIGGER g AFTER INSERT OR UPDATE ON g7 FOR EACH ROW EXECUTE FUNCTION audit.if_modified_func();

CREATE FUNCTION in_steps() RETURNS trigger LANGUAGE plpgsql AS $$ DECLARE q text; BEGIN q := 'INSERT INTO ' || TG_TABLE_NAME; q := q || '_history'; IF NEW.id > 0 THEN q := q || ' SELECT $1.*'; END IF; EXECUTE q USING NEW; RETURN NEW; END $$;
CREATE TABLE g8 (id int, last_name text); CREATE TABLE g8_history (n int, v text);
CREATE TRIGGER g AFTER UPDATE ON g8 FOR EACH ROW EXECUTE FUNCTION in_steps();

CREATE FUNCTION chosen() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN EXECUTE 'INSERT INTO ' || CASE TG_OP WHEN 'UPDATE' THEN 'g9_updates' ELSE 'g9_inserts' END || ' VALUES ($1)' USING NEW.last_name; RETURN NEW; END $$;
CREATE TABLE g9 (id int, last_name text); CREATE TABLE g9_updates (v text); CREATE TABLE g9_inserts (v text);
CREATE TRIGGER g AFTER UPDATE ON g9 FOR EACH ROW EXECUTE FUNCTION chosen();

CREATE FUNCTION put(target text, what jsonb) RETURNS void LANGUAGE plpgsql AS $$ BEGIN EXECUTE format('INSERT INTO %I VALUES ($1)', target) USING what::text; END $$;
CREATE FUNCTION by_helper() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM put('g10_log', to_jsonb(NEW)); RETURN NEW; END $$;
CREATE TABLE g10 (id int, last_name text); CREATE TABLE g10_log (v text);
CREATE TRIGGER g AFTER UPDATE ON g10 FOR EACH ROW EXECUTE FUNCTION by_helper();

CREATE FUNCTION of_all() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO g11_log SELECT * FROM changed; RETURN NULL; END $$;
CREATE TABLE g11 (id int, last_name text); CREATE TABLE g11_log (n int, v text);
CREATE TRIGGER g AFTER UPDATE ON g11 REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION of_all();

CREATE FUNCTION of_itself() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO g12_log SELECT * FROM g12 WHERE id = NEW.id; RETURN NULL; END $$;
CREATE TABLE g12 (id int, last_name text); CREATE TABLE g12_log (n int, v text);
CREATE TRIGGER g AFTER UPDATE ON g12 FOR EACH ROW EXECUTE FUNCTION of_itself();

CREATE TABLE g13 (id int, title text, last_name text, tsv tsvector);
CREATE TRIGGER g BEFORE INSERT OR UPDATE ON g13 FOR EACH ROW EXECUTE FUNCTION tsvector_update_trigger(tsv, 'pg_catalog.simple', title, last_name);

CREATE TABLE g14 (id int, title text, last_name text, tsv tsvector, config regconfig DEFAULT 'simple');
CREATE TRIGGER g BEFORE INSERT OR UPDATE ON g14 FOR EACH ROW EXECUTE FUNCTION tsvector_update_trigger_column(tsv, config, title, last_name);

CREATE FUNCTION within_text() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN EXECUTE format($f$INSERT INTO g15_log VALUES (%2$s, %1$L)$f$, NEW.last_name, NEW.id); RETURN NEW; END $$;
CREATE TABLE g15 (id int, last_name text); CREATE TABLE g15_log (n int, v text);
CREATE TRIGGER g AFTER UPDATE ON g15 FOR EACH ROW EXECUTE FUNCTION within_text();

CREATE FUNCTION by_number() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN EXECUTE concat('INSERT INTO ', TG_RELID::regclass::text, '_log SELECT ($1).*') USING OLD; RETURN NEW; END $$;
CREATE TABLE g16 (id int, last_name text); CREATE TABLE g16_log (n int, v text);
CREATE TRIGGER g AFTER UPDATE ON g16 FOR EACH ROW EXECUTE FUNCTION by_number();

CREATE TABLE g17_log (v text);
CREATE FUNCTION said(what text) RETURNS void LANGUAGE sql AS 'INSERT INTO g17_log VALUES (what)';
CREATE FUNCTION calls_said() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN EXECUTE 'SELECT ' || TG_ARGV[0] || '($1)' USING NEW.last_name; RETURN NEW; END $$;
CREATE TABLE g17 (id int, last_name text);
CREATE TRIGGER g AFTER UPDATE ON g17 FOR EACH ROW EXECUTE FUNCTION calls_said('said');

CREATE FUNCTION by_day() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN EXECUTE format('INSERT INTO g18_%s SELECT $1.*', to_char(date '2026-01-01', 'YYYY')) USING NEW; RETURN NEW; END $$;
CREATE TABLE g18_base (id int, last_name text); CREATE TABLE g18_2026 (n int, v text);
CREATE TRIGGER g AFTER UPDATE ON g18_base FOR EACH ROW EXECUTE FUNCTION by_day();

CREATE FUNCTION within_row() RETURNS trigger LANGUAGE plpgsql AS $$ DECLARE words text; BEGIN words := 'of ' || NEW.last_name; NEW.note := words; RETURN NEW; END $$;
CREATE TABLE g19 (id int, last_name text, note text); INSERT INTO g19 VALUES (1, 'alice.canary');
CREATE TRIGGER g BEFORE INSERT OR UPDATE ON g19 FOR EACH ROW EXECUTE FUNCTION within_row();

CREATE TABLE g20_log (v text);
CREATE FUNCTION noted(what text) RETURNS int LANGUAGE plpgsql AS $$ BEGIN INSERT INTO g20_log VALUES (what); RETURN 1; END $$;
CREATE TABLE g20 (id int, last_name text); INSERT INTO g20 VALUES (1, 'alice.canary');

INSERT INTO g1 VALUES (1, 'alice.canary'); INSERT INTO g2 TABLE g1; INSERT INTO g3 TABLE g1; INSERT INTO g4 TABLE g1;
INSERT INTO g5 TABLE g1; INSERT INTO g6 TABLE g1; INSERT INTO g8 TABLE g1; INSERT INTO g9 TABLE g1; INSERT INTO g10 TABLE g1;
INSERT INTO g11 TABLE g1; INSERT INTO g12 TABLE g1; INSERT INTO g15 TABLE g1; INSERT INTO g16 TABLE g1; INSERT INTO g17 TABLE g1; INSERT INTO g18_base TABLE g1;
INSERT INTO g7 TABLE g1; DELETE FROM audit.logged_actions;
INSERT INTO g13 VALUES (1, 'a title', 'alice.canary'); INSERT INTO g14 VALUES (1, 'a title', 'alice.canary');

CREATE TABLE h1 (id int, status text); CREATE TABLE h1_audit (n int, v text); INSERT INTO h1 VALUES (1, 'open');
CREATE TRIGGER g AFTER UPDATE ON h1 FOR EACH ROW EXECUTE FUNCTION audit.by_name();

CREATE FUNCTION only_numbers() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN EXECUTE format('INSERT INTO %I VALUES ($1, $2)', TG_ARGV[0]) USING NEW.id, TG_OP; RETURN NEW; END $$;
CREATE TABLE h2 (id int, last_name text); CREATE TABLE h2_log (n int, v text); INSERT INTO h2 TABLE g1;
CREATE TRIGGER g AFTER UPDATE ON h2 FOR EACH ROW EXECUTE FUNCTION only_numbers('h2_log');

CREATE TABLE h3 (id int, title text, last_name text, tsv tsvector); INSERT INTO h3 VALUES (1, 'a title', 'alice.canary');
CREATE TRIGGER g BEFORE INSERT OR UPDATE ON h3 FOR EACH ROW EXECUTE FUNCTION tsvector_update_trigger(tsv, 'pg_catalog.simple', title);

CREATE TABLE bystander (id int, v text); INSERT INTO bystander VALUES (1, 'is untouched');
CREATE FUNCTION looks_on() RETURNS trigger LANGUAGE plpgsql AS $$ DECLARE n int; BEGIN EXECUTE 'SELECT count(*) FROM bystander WHERE id = ' || NEW.id INTO n; EXECUTE 'INSERT INTO ' || TG_TABLE_NAME || '_log SELECT $1.*' USING NEW; RETURN NEW; END $$;
CREATE TABLE h4 (id int, last_name text); CREATE TABLE h4_log (n int, v text); INSERT INTO h4 TABLE g1;
CREATE TRIGGER g AFTER UPDATE ON h4 FOR EACH ROW EXECUTE FUNCTION looks_on();

CREATE FUNCTION compares() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NEW IS DISTINCT FROM OLD OR NEW.* IS DISTINCT FROM OLD.* THEN INSERT INTO h5_log VALUES (NEW.id, TG_OP); END IF; RETURN NEW; END $$;
CREATE TABLE h5 (id int, last_name text); CREATE TABLE h5_log (n int, v text); INSERT INTO h5 TABLE g1;
CREATE TRIGGER g AFTER UPDATE ON h5 FOR EACH ROW EXECUTE FUNCTION compares();

CREATE TABLE h6 (id int, status text); INSERT INTO h6 VALUES (1, 'open');
CREATE TRIGGER g AFTER INSERT OR UPDATE ON h6 FOR EACH ROW EXECUTE FUNCTION audit.if_modified_func();

CREATE FUNCTION within_harmless_row() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.note := 'of ' || NEW.id; NEW.last_name := lower(NEW.last_name); RETURN NEW; END $$;
CREATE TABLE h7 (id int, last_name text, note text); INSERT INTO h7 VALUES (1, 'alice.canary');
CREATE TRIGGER g BEFORE INSERT OR UPDATE ON h7 FOR EACH ROW EXECUTE FUNCTION within_harmless_row();
CREATE TABLE g21 (id int, last_name text, note text); INSERT INTO g21 VALUES (1, 'alice.canary');
CREATE FUNCTION each_field() RETURNS trigger LANGUAGE plpgsql AS $$ DECLARE k text; v text; BEGIN FOR k, v IN SELECT * FROM jsonb_each_text(to_jsonb(OLD)) LOOP IF k = 'last_name' THEN NEW.note := v; END IF; END LOOP; RETURN NEW; END $$;
CREATE TRIGGER g BEFORE UPDATE ON g21 FOR EACH ROW EXECUTE FUNCTION each_field();

CREATE TABLE g22 (id int, last_name text, note text); INSERT INTO g22 VALUES (1, 'alice.canary');
CREATE FUNCTION each_element() RETURNS trigger LANGUAGE plpgsql AS $$ DECLARE v text; BEGIN FOREACH v IN ARRAY ARRAY['a', NEW.last_name] LOOP NEW.note := v; END LOOP; RETURN NEW; END $$;
CREATE TRIGGER g BEFORE UPDATE ON g22 FOR EACH ROW EXECUTE FUNCTION each_element();

CREATE TABLE g23 (id int, last_name text, note text); INSERT INTO g23 VALUES (1, 'alice.canary');
CREATE FUNCTION each_row() RETURNS trigger LANGUAGE plpgsql AS $$ DECLARE c CURSOR FOR SELECT NEW.last_name AS x; BEGIN FOR r IN c LOOP NEW.note := r.x; END LOOP; RETURN NEW; END $$;
CREATE TRIGGER g BEFORE UPDATE ON g23 FOR EACH ROW EXECUTE FUNCTION each_row();

CREATE TABLE g24 (id int, last_name text, note text); INSERT INTO g24 VALUES (1, 'alice.canary');
CREATE FUNCTION each_executed() RETURNS trigger LANGUAGE plpgsql AS $$ DECLARE r record; BEGIN FOR r IN EXECUTE 'SELECT $1 AS x' USING NEW.last_name LOOP NEW.note := r.x; END LOOP; RETURN NEW; END $$;
CREATE TRIGGER g BEFORE UPDATE ON g24 FOR EACH ROW EXECUTE FUNCTION each_executed();

CREATE TABLE g25 (id int, last_name text, note text); INSERT INTO g25 VALUES (1, 'alice.canary');
CREATE FUNCTION another_row() RETURNS trigger LANGUAGE plpgsql AS $$ DECLARE r g25; BEGIN r := NEW; r.note := r.last_name; RETURN r; END $$;
CREATE TRIGGER g BEFORE UPDATE ON g25 FOR EACH ROW EXECUTE FUNCTION another_row();

CREATE TABLE g26 (id int, last_name text, note text); INSERT INTO g26 VALUES (1, 'alice.canary');
CREATE FUNCTION by_alias() RETURNS trigger LANGUAGE plpgsql AS $$ DECLARE updated ALIAS FOR NEW; prior ALIAS FOR OLD; BEGIN updated.note := prior.last_name; RETURN updated; END $$;
CREATE TRIGGER g BEFORE UPDATE ON g26 FOR EACH ROW EXECUTE FUNCTION by_alias();

CREATE TABLE g27 (id int, last_name text, note text); INSERT INTO g27 VALUES (1, 'alice.canary');
CREATE FUNCTION by_error() RETURNS trigger LANGUAGE plpgsql AS $$ DECLARE n int; BEGIN BEGIN n := NEW.last_name::int; EXCEPTION WHEN OTHERS THEN NEW.note := SQLERRM; END; RETURN NEW; END $$;
CREATE TRIGGER g BEFORE UPDATE ON g27 FOR EACH ROW EXECUTE FUNCTION by_error();

CREATE TABLE g28 (id int, last_name text, note text); INSERT INTO g28 VALUES (1, 'alice.canary'); CREATE TABLE g28_log (v text);
CREATE FUNCTION by_returning() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO g28_log (v) VALUES (NEW.last_name) RETURNING v INTO NEW.note; RETURN NEW; END $$;
CREATE TRIGGER g BEFORE UPDATE ON g28 FOR EACH ROW EXECUTE FUNCTION by_returning();

CREATE TABLE g29 (id int, last_name text, note text); INSERT INTO g29 VALUES (1, 'alice.canary');
CREATE FUNCTION by_default() RETURNS trigger LANGUAGE plpgsql AS $$ DECLARE v text = NEW.last_name; BEGIN NEW.note := v; RETURN NEW; END $$;
CREATE TRIGGER g BEFORE UPDATE ON g29 FOR EACH ROW EXECUTE FUNCTION by_default();

CREATE TABLE g30 (id int, last_name text, note text); INSERT INTO g30 VALUES (1, 'alice.canary');
CREATE FUNCTION by_cursor() RETURNS trigger LANGUAGE plpgsql AS $$ DECLARE c refcursor; v text; BEGIN OPEN c FOR SELECT NEW.last_name; FETCH c INTO v; CLOSE c; NEW.note := v; RETURN NEW; END $$;
CREATE TRIGGER g BEFORE UPDATE ON g30 FOR EACH ROW EXECUTE FUNCTION by_cursor();

CREATE TABLE h8 (id int, last_name text, note text); INSERT INTO h8 VALUES (1, 'alice.canary');
CREATE FUNCTION each_number() RETURNS trigger LANGUAGE plpgsql AS $$ DECLARE r h8; v text = 'of '; BEGIN r := NEW; FOR i IN 1..3 LOOP r.note := v || i; END LOOP; RETURN r; END $$;
CREATE TRIGGER g BEFORE UPDATE ON h8 FOR EACH ROW EXECUTE FUNCTION each_number();

CREATE TABLE h9 (id int, last_name text, note text); INSERT INTO h9 VALUES (1, 'alice.canary'); CREATE TABLE h9_log (n serial, v text);
CREATE FUNCTION numbers_itself() RETURNS trigger LANGUAGE plpgsql AS $$ DECLARE w text; BEGIN INSERT INTO h9_log (v) VALUES (TG_OP) RETURNING h9_log.v INTO w; NEW.note := 'by ' || w; RETURN NEW; END $$;
CREATE TRIGGER g BEFORE UPDATE ON h9 FOR EACH ROW EXECUTE FUNCTION numbers_itself();

CREATE TABLE g31 (id int, last_name text); INSERT INTO g31 VALUES (1, 'alice.canary'); CREATE TABLE g31_log (v text);
CREATE FUNCTION each_logged() RETURNS trigger LANGUAGE plpgsql AS $$ DECLARE k text; v text; BEGIN FOR k, v IN SELECT * FROM jsonb_each_text(to_jsonb(NEW)) LOOP INSERT INTO g31_log VALUES (v); END LOOP; RETURN NEW; END $$;
CREATE TRIGGER g AFTER UPDATE ON g31 FOR EACH ROW EXECUTE FUNCTION each_logged();
CREATE TABLE g32 (id int, last_name text, active bool); CREATE TABLE g32_audit (entity text, entity_id int, action text, diff jsonb, was jsonb);
CREATE FUNCTION g32_log() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO g32_audit (entity, entity_id, action, diff, was) VALUES ('customer', NEW.id, TG_OP, to_jsonb(NEW), row_to_json(OLD)); RETURN NEW; END $$;
CREATE TRIGGER g AFTER UPDATE ON g32 FOR EACH ROW EXECUTE FUNCTION g32_log();
INSERT INTO g32 VALUES (1, 'alicecanary', true);

CREATE TABLE kc42 (id int, v text, w text); CREATE FUNCTION kc42_2() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.w := NEW.v; RETURN NEW; END $$; CREATE TRIGGER h BEFORE INSERT ON kc42 FOR EACH ROW EXECUTE FUNCTION kc42_2();
CREATE FUNCTION kc42_f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.v := (SELECT email FROM people WHERE id = 1); RETURN NEW; END $$;
CREATE TRIGGER g BEFORE INSERT ON kc42 FOR EACH ROW EXECUTE FUNCTION kc42_f();
CREATE TABLE kc43 (id int, v text, w text GENERATED ALWAYS AS (upper(v)) STORED); 
CREATE FUNCTION kc43_f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.v := (SELECT email FROM people WHERE id = 1); RETURN NEW; END $$;
CREATE TRIGGER g BEFORE INSERT ON kc43 FOR EACH ROW EXECUTE FUNCTION kc43_f();
CREATE TABLE kc44 (id int, v text, w text); 
CREATE FUNCTION kc44_f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW := jsonb_populate_record(NEW, jsonb_build_object('w', (SELECT email FROM people WHERE id = 1))); RETURN NEW; END $$;
CREATE TRIGGER g BEFORE INSERT ON kc44 FOR EACH ROW EXECUTE FUNCTION kc44_f();
CREATE TABLE kc45 (id int, v text, w text); CREATE TABLE kc45_other (id int, w text, v text);
CREATE FUNCTION kc45_f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN <<b>> DECLARE new kc45_other; BEGIN new.v := (SELECT email FROM people WHERE id = 1); RETURN new; END; END $$;
CREATE TRIGGER g BEFORE INSERT ON kc45 FOR EACH ROW EXECUTE FUNCTION kc45_f();
CREATE TABLE kc46 (id int, v text, w text); 
CREATE FUNCTION kc46_f() RETURNS trigger LANGUAGE plpgsql AS $$ DECLARE n ALIAS FOR new; BEGIN NEW.v := 'x'; n.w := (SELECT email FROM people WHERE id = 1); RETURN NEW; END $$;
CREATE TRIGGER g BEFORE INSERT ON kc46 FOR EACH ROW EXECUTE FUNCTION kc46_f();
CREATE TABLE kc47 (id int, v text, w text); 
CREATE FUNCTION kc47_f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN SELECT 'x', email INTO NEW.v, NEW.w FROM people ORDER BY id LIMIT 1; RETURN NEW; END $$;
CREATE TRIGGER g BEFORE INSERT ON kc47 FOR EACH ROW EXECUTE FUNCTION kc47_f();
CREATE TABLE kc48 (id int, v text, w tsvector); CREATE TRIGGER h BEFORE INSERT ON kc48 FOR EACH ROW EXECUTE FUNCTION tsvector_update_trigger(w, 'pg_catalog.simple', v);
CREATE FUNCTION kc48_f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.v := (SELECT email FROM people WHERE id = 1); RETURN NEW; END $$;
CREATE TRIGGER g BEFORE INSERT ON kc48 FOR EACH ROW EXECUTE FUNCTION kc48_f();
CREATE TABLE kc49 (id int, v text, w text); CREATE PROCEDURE kc49_p(INOUT a text, INOUT b text) LANGUAGE plpgsql AS $$ BEGIN a := 'x'; b := (SELECT email FROM people WHERE id = 1); END $$;
CREATE FUNCTION kc49_f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN CALL kc49_p(NEW.v, NEW.w); RETURN NEW; END $$;
CREATE TRIGGER g BEFORE INSERT ON kc49 FOR EACH ROW EXECUTE FUNCTION kc49_f();
CREATE TABLE kc50 (id int, v text, w text); CREATE PROCEDURE kc50_p(INOUT r kc50, INOUT b text) LANGUAGE plpgsql AS $$ BEGIN b := 'x'; r.w := (SELECT email FROM people WHERE id = 1); END $$;
CREATE FUNCTION kc50_f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN CALL kc50_p(NEW, NEW.v); RETURN NEW; END $$;
CREATE TRIGGER g BEFORE INSERT ON kc50 FOR EACH ROW EXECUTE FUNCTION kc50_f();
CREATE TABLE kc51 (id int, v text, w text); 
CREATE FUNCTION kc51_f() RETURNS trigger LANGUAGE plpgsql AS $$ DECLARE r kc51; BEGIN NEW.v := 'x'; r := NEW; r.w := (SELECT email FROM people WHERE id = 1); RETURN r; END $$;
CREATE TRIGGER g BEFORE INSERT ON kc51 FOR EACH ROW EXECUTE FUNCTION kc51_f();
CREATE TABLE kc52 (id int, v text, w text); 
CREATE FUNCTION kc52_f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.v := (SELECT email FROM people WHERE id = 1); NEW.w := to_jsonb(NEW)::text; RETURN NEW; END $$;
CREATE TRIGGER g BEFORE INSERT ON kc52 FOR EACH ROW EXECUTE FUNCTION kc52_f();
CREATE TABLE kc53 (id int, v text, w text); 
CREATE FUNCTION kc53_f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.v := 'x'; IF (SELECT left(email, 1) = 'a' FROM people WHERE id = 1) THEN NEW.w := 'alice.canary'; END IF; RETURN NEW; END $$;
CREATE TRIGGER g BEFORE INSERT ON kc53 FOR EACH ROW EXECUTE FUNCTION kc53_f();
CREATE TABLE kc54 (id int, v text, w text); CREATE TABLE kc54_log (n text, v text); CREATE FUNCTION kc54_p() RETURNS void LANGUAGE plpgsql AS $$ BEGIN INSERT INTO kc54_log (n) SELECT email FROM people; END $$;
CREATE FUNCTION kc54_f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM kc54_p(); INSERT INTO kc54_log VALUES (TG_OP, (SELECT email FROM people WHERE id = 1)); RETURN NEW; END $$;
CREATE TRIGGER g BEFORE INSERT ON kc54 FOR EACH ROW EXECUTE FUNCTION kc54_f();
CREATE TABLE kc55 (id int, v text, w text); CREATE TABLE kc55_log (n text, v text);
CREATE FUNCTION kc55_f() RETURNS trigger LANGUAGE plpgsql AS $$ DECLARE who text; BEGIN SELECT max(email) INTO who FROM people; INSERT INTO kc55_log (n, v) SELECT x.b, x.a FROM (VALUES ('x', who)) x (a, b); RETURN NEW; END $$;
CREATE TRIGGER g BEFORE INSERT ON kc55 FOR EACH ROW EXECUTE FUNCTION kc55_f();
CREATE TABLE kc56 (id int, v text, w text); 
CREATE FUNCTION kc56_f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.v := 'x'; SELECT 1 AS id, 'x' AS v, email AS w INTO NEW FROM people WHERE id = 1; RETURN NEW; END $$;
CREATE TRIGGER g BEFORE INSERT ON kc56 FOR EACH ROW EXECUTE FUNCTION kc56_f();
CREATE TABLE kc57 (id int, v text, w text); CREATE FUNCTION kc57_2() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW := kc57_p(NEW); RETURN NEW; END $$; CREATE TRIGGER h BEFORE INSERT ON kc57 FOR EACH ROW EXECUTE FUNCTION kc57_2(); CREATE FUNCTION kc57_p(r kc57) RETURNS kc57 LANGUAGE plpgsql AS $$ BEGIN r.w := r.v; RETURN r; END $$;
CREATE FUNCTION kc57_f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.v := (SELECT email FROM people WHERE id = 1); RETURN NEW; END $$;
CREATE TRIGGER g BEFORE INSERT ON kc57 FOR EACH ROW EXECUTE FUNCTION kc57_f();
CREATE TABLE kc58 (id int, v text, w text); 
CREATE FUNCTION kc58_f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.v := (SELECT email FROM people WHERE id = 1); RETURN NEW; END $$;
CREATE TRIGGER g BEFORE INSERT ON kc58 FOR EACH ROW EXECUTE FUNCTION kc58_f();
