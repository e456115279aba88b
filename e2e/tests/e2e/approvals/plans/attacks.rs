//! Ways to have code run by having a statement planned. PostgreSQL plans by what it evaluates already.

use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use e2e::wait;

use crate::approvals::{ANSWER, Held};
use crate::driver::{block_on, connect};

/// Says in the server's log that somebody's code has run.
const RAN: &str = "code has run while it was planned";

/// What a catalog can have that runs code, and what could run it when a statement is planned.
const SET_UP: &str = "
    CREATE EXTENSION postgres_fdw;
    CREATE SERVER elsewhere FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '127.0.0.1', port '1', use_remote_estimate 'true');
    CREATE FOREIGN TABLE odd_foreign (id int) SERVER elsewhere;
    ALTER FOREIGN TABLE odd_foreign OWNER TO shop_owner;
    GRANT CREATE ON SCHEMA public TO shop_owner;
    SET ROLE shop_owner;
    CREATE FUNCTION odd_true(int) RETURNS bool LANGUAGE plpgsql IMMUTABLE AS
        $$ BEGIN RAISE LOG 'code has run while it was planned'; RETURN true; END $$;
    CREATE FUNCTION odd_stable(int) RETURNS int LANGUAGE plpgsql STABLE AS
        $$ BEGIN RAISE LOG 'code has run while it was planned'; RETURN 1; END $$;
    CREATE FUNCTION odd_int(int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS
        $$ BEGIN RAISE LOG 'code has run while it was planned'; RETURN $1; END $$;
    CREATE FUNCTION odd_equals(int, int) RETURNS bool LANGUAGE plpgsql IMMUTABLE AS
        $$ BEGIN RAISE LOG 'code has run while it was planned'; RETURN true; END $$;
    CREATE FUNCTION length(varchar) RETURNS int LANGUAGE plpgsql IMMUTABLE AS
        $$ BEGIN RAISE LOG 'code has run while it was planned'; RETURN 1; END $$;
    CREATE OPERATOR === (LEFTARG = int, RIGHTARG = int, PROCEDURE = odd_equals);
    CREATE DOMAIN odd_code AS int CHECK (odd_true(VALUE));
    CREATE TYPE odd_kind AS ENUM ('a', 'b');
    CREATE FUNCTION odd_number(odd_kind) RETURNS int LANGUAGE plpgsql IMMUTABLE AS
        $$ BEGIN RAISE LOG 'code has run while it was planned'; RETURN 1; END $$;
    CREATE CAST (odd_kind AS int) WITH FUNCTION odd_number(odd_kind) AS IMPLICIT;
    CREATE TABLE odd_plain (id int);
    CREATE TABLE odd_domain (id odd_code);
    CREATE TABLE odd_default (id int, d bool DEFAULT odd_true(1));
    CREATE TABLE odd_generated (id int, g bool GENERATED ALWAYS AS (odd_true(1)) STORED);
    CREATE TABLE odd_indexed (id int);
    CREATE INDEX odd_by ON odd_indexed ((odd_int(1)));
    CREATE TABLE odd_partial (id int);
    CREATE INDEX odd_partly ON odd_partial (id) WHERE odd_true(1);
    CREATE TABLE odd_policy (id int);
    ALTER TABLE odd_policy ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
    CREATE POLICY odd ON odd_policy USING (odd_true(1));
    CREATE VIEW odd_view AS SELECT id FROM odd_plain WHERE odd_true(1);
    CREATE VIEW odd_over AS SELECT id FROM odd_view;
    CREATE TABLE odd_ruled (id int);
    CREATE RULE odd_rule AS ON DELETE TO odd_ruled DO INSTEAD DELETE FROM odd_plain WHERE odd_true(1);
    CREATE TABLE odd_parent (id int);
    CREATE TABLE odd_child (CHECK (odd_true(1))) INHERITS (odd_parent);
    CREATE TABLE odd_split (id int) PARTITION BY RANGE (odd_int(id));
    CREATE TABLE odd_low PARTITION OF odd_split FOR VALUES FROM (0) TO (10);
    CREATE TABLE odd_counted (id int);
    CREATE STATISTICS odd_counts ON (odd_int(1)), id FROM odd_counted;
    CREATE AGGREGATE odd_all(int) (SFUNC = int4pl, STYPE = int, FINALFUNC = odd_int);
    CREATE FUNCTION odd_diff(int, int) RETURNS float8 LANGUAGE plpgsql IMMUTABLE AS
        $$ BEGIN RAISE LOG 'code has run while it was planned'; RETURN $1 - $2; END $$;
    CREATE TYPE odd_range AS RANGE (SUBTYPE = int, SUBTYPE_DIFF = odd_diff);
    CREATE TABLE odd_spans (id int, span odd_range) WITH (autovacuum_enabled = off);
    CREATE TYPE odd_coderange AS RANGE (SUBTYPE = odd_code);
    CREATE TYPE odd_pair AS (c odd_code);
    CREATE DOMAIN odd_given AS int DEFAULT odd_int(1);
    CREATE TABLE odd_gives (id int, g odd_given);
    CREATE VIEW odd_by_default AS SELECT id FROM odd_plain;
    ALTER VIEW odd_by_default ALTER id SET DEFAULT odd_int(1);
    CREATE FUNCTION odd_field(odd_plain, int DEFAULT 1) RETURNS int LANGUAGE plpgsql IMMUTABLE AS
        $$ BEGIN RAISE LOG 'code has run while it was planned'; RETURN 1; END $$;
    CREATE FUNCTION odd_mixed(int, text) RETURNS bool LANGUAGE plpgsql IMMUTABLE AS
        $$ BEGIN RAISE LOG 'code has run while it was planned'; RETURN true; END $$;
    CREATE FUNCTION odd_analyzed() RETURNS odd_code[] LANGUAGE sql AS 'SELECT ''{1}''::odd_code[]';
    CREATE VIEW odd_hidden AS SELECT id FROM odd_plain WHERE id = cardinality(('{(' || '1'::text || ')}')::odd_pair[]);
    CREATE VIEW odd_xml AS SELECT id FROM odd_plain WHERE id = length(table_to_xml(('odd_' || 'view')::regclass, true, true, '')::text);
    CREATE TABLE odd_guarded (id int);
    ALTER TABLE odd_guarded ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
    CREATE POLICY odd ON odd_guarded USING (id = cardinality(('{' || '1'::text || '}')::odd_code[]));
    CREATE FUNCTION odd_order(int, int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS
        $$ BEGIN RAISE LOG 'code has run while it was planned'; RETURN $1 - $2; END $$;
    RESET ROLE;
    CREATE OPERATOR CLASS odd_ops FOR TYPE int USING btree AS OPERATOR 1 <, OPERATOR 2 <=, OPERATOR 3 =, OPERATOR 4 >=, OPERATOR 5 >,
        FUNCTION 1 odd_order(int, int);
    SET ROLE shop_owner;
    CREATE TABLE odd_cut (id int) PARTITION BY RANGE (id odd_ops);
    CREATE TABLE odd_cut_low PARTITION OF odd_cut FOR VALUES FROM (0) TO (10);
    INSERT INTO odd_spans SELECT n, odd_range(n, n + 5) FROM generate_series(1, 200) n;
    ANALYZE odd_spans;
    INSERT INTO odd_plain VALUES (1);
    INSERT INTO odd_partial VALUES (1);
    INSERT INTO odd_counted VALUES (1), (2);
    ANALYZE odd_plain, odd_partial, odd_counted;
";

/// Each could run it.
const ATTACKS: [&str; 51] = [
    "DELETE FROM odd_plain WHERE id = 1 AND odd_true(1)",
    "DELETE FROM odd_plain WHERE id = odd_stable(1)",
    "DELETE FROM odd_plain WHERE id = 1 AND EXISTS (SELECT WHERE odd_true(1))",
    "WITH x AS (SELECT odd_true(1) AS t) DELETE FROM odd_plain USING x WHERE id = 1 AND t",
    "WITH x AS MATERIALIZED (DELETE FROM odd_plain WHERE id = 1 AND odd_true(1) RETURNING id) SELECT id FROM x",
    "UPDATE odd_plain SET id = odd_int(1) WHERE id = 1",
    "INSERT INTO odd_plain SELECT odd_int(1)",
    "MERGE INTO odd_plain USING (SELECT 1 AS i) one ON id = i AND odd_true(1) WHEN MATCHED THEN DELETE",
    "DELETE FROM odd_plain WHERE id = 1 AND 1 === 1",
    "DELETE FROM odd_plain WHERE id = 1 AND 1 OPERATOR(public.===) 1",
    "DELETE FROM odd_plain WHERE id = 'a'::odd_kind::int",
    "DELETE FROM odd_plain WHERE id < 'a'::odd_kind",
    "DELETE FROM odd_plain WHERE id = 1 AND '{1}'::odd_code[] IS NOT NULL",
    "DELETE FROM odd_plain WHERE id = 1 AND length('x'::varchar) = 1",
    "SELECT id FROM odd_plain LIMIT odd_int(1)",
    "SELECT odd_all(id) FROM odd_plain",
    "SELECT id FROM odd_view",
    "SELECT id FROM odd_over",
    "DELETE FROM odd_domain WHERE id = 1",
    "INSERT INTO odd_domain VALUES (1)",
    "INSERT INTO odd_default VALUES (1)",
    "INSERT INTO odd_generated VALUES (1)",
    "SELECT id FROM odd_indexed WHERE id = 1",
    "SELECT id FROM odd_partial WHERE id = 1",
    "SELECT id FROM odd_policy",
    "DELETE FROM odd_ruled WHERE id = 1",
    "SELECT id FROM odd_parent WHERE id = 1",
    "SELECT id FROM odd_split WHERE id = 1",
    "SELECT id FROM odd_counted WHERE id = 1",
    "SELECT id FROM odd_spans WHERE span && '[1,5)'",
    "DELETE FROM odd_plain WHERE id = 1 AND '(1)'::odd_pair IS NOT NULL",
    "DELETE FROM odd_plain WHERE id = 1 AND '{\"(1)\"}'::odd_pair[] IS NOT NULL",
    "DELETE FROM odd_plain WHERE id = 1 AND '(1)'::odd_domain IS NOT NULL",
    "DELETE FROM odd_plain WHERE id = 1 AND '[1,2]'::odd_coderange IS NOT NULL",
    "DELETE FROM odd_plain WHERE id = 1 AND '{[1,2]}'::odd_codemultirange IS NOT NULL",
    "DELETE FROM odd_plain WHERE id = 1 AND '{1}'::_odd_code IS NOT NULL",
    "DELETE FROM odd_plain WHERE id = 1 AND _odd_code('{1}') IS NOT NULL",
    "DELETE FROM odd_plain WHERE id = (jsonb_populate_record(NULL::odd_pair, '{\"c\": 1}')).c",
    "DELETE FROM odd_plain WHERE id = num_nulls(domain_in('1', 'odd_code'::regtype, -1))",
    "DELETE FROM odd_plain WHERE id = cardinality(array_in('{1}', 'odd_code'::regtype, -1))",
    "DELETE FROM odd_plain WHERE id = length(range_in('[1,2]', 'odd_coderange'::regtype, -1)::text)",
    "DELETE FROM odd_plain WHERE id = length(fmgr_sql_validator('odd_analyzed'::regproc)::text)",
    "INSERT INTO odd_gives (id) VALUES (1)",
    "INSERT INTO odd_by_default DEFAULT VALUES",
    "DELETE FROM odd_plain WHERE id = (ROW(1)::odd_plain).odd_field",
    "SELECT p.id FROM odd_plain p LIMIT cardinality(array_in('{1}', 'odd_code'::regtype, -1))",
    "SELECT id FROM odd_hidden",
    "SELECT id FROM odd_xml",
    "SELECT id FROM odd_guarded",
    "SELECT id FROM odd_cut WHERE id = 1",
    "SELECT 1; DELETE FROM odd_plain WHERE id = 1 AND odd_true(1)",
];

/// Operators by the names of PostgreSQL's own: most statements have one of them, so these come later.
const OPERATORS: &str = "
    SET ROLE shop_owner;
    CREATE OPERATOR = (LEFTARG = int, RIGHTARG = text, PROCEDURE = odd_mixed);
    CREATE OPERATOR >= (LEFTARG = int, RIGHTARG = text, PROCEDURE = odd_mixed);
    CREATE OPERATOR <= (LEFTARG = int, RIGHTARG = text, PROCEDURE = odd_mixed);
    CREATE OPERATOR ~~ (LEFTARG = int, RIGHTARG = text, PROCEDURE = odd_mixed);
";

/// Each stands for one of those without naming it.
const BY_GRAMMAR: [&str; 7] = [
    "SELECT id FROM odd_plain WHERE CASE 1 WHEN 'x'::text THEN true END",
    "SELECT id FROM odd_plain WHERE 1 IN ('x'::text)",
    "SELECT id FROM odd_plain WHERE NULLIF(1, 'x'::text) > 0",
    "SELECT id FROM odd_plain WHERE 1 IS DISTINCT FROM 'x'::text",
    "SELECT id FROM odd_plain WHERE 1 BETWEEN 'a'::text AND 'b'::text",
    "SELECT id FROM odd_plain WHERE 1 = ANY (ARRAY['x'::text])",
    "SELECT id FROM odd_plain WHERE 1 LIKE 'x'",
];

#[test]
fn nothing_of_anybodys_runs_while_it_is_planned() -> Result<()> {
    let held = Held::asking()?;
    held.stack.truth(SET_UP)?;
    let stack = &held.stack;
    let of_owner = |attack: &str| stack.truth(&format!("SET ROLE shop_owner; EXPLAIN {attack}"));
    // Without what looks for it, this would be as much.
    let mut run = 0;
    for attack in ATTACKS {
        let ran = stack.count_logged(RAN)?;
        let attack = attack.strip_prefix("SELECT 1; ").unwrap_or(attack);
        of_owner(attack).with_context(|| attack.to_owned())?;
        run += usize::from(ran < stack.count_logged(RAN)?);
    }
    assert_eq!(
        ATTACKS.len() - run,
        4,
        "of a few that would run it with the statement nothing runs with a plan"
    );

    // The catalog shows it by then.
    wait::until("the catalog that has all of it", ANSWER, || {
        let (_, plan) = held.planned_denied(&["DELETE FROM odd_plain WHERE id = 1 AND odd_true(1)"])?;
        Ok(plan.contains("`odd_true`").then_some(()))
    })?;
    let before = stack.count_logged(RAN)?;
    let is_refused = |attack: &str| -> Result<()> {
        let (rows, plan) = held.planned_denied(&[attack])?;
        assert_eq!(rows, "", "{attack}: {plan}");
        let by_tables = "no plan: what its tables are made of could run what somebody has made";
        assert!(
            plan == by_tables
                || plan.starts_with("no plan: it uses `") && plan.ends_with(" somebody has made"),
            "{attack}: {plan}"
        );
        assert_eq!(stack.count_logged(RAN)?, before, "{attack}");
        Ok(())
    };
    ATTACKS.into_iter().try_for_each(is_refused)?;
    for foreign in [
        "SELECT id FROM odd_foreign",
        "DELETE FROM odd_plain WHERE id IN (SELECT id FROM odd_foreign)",
        "WITH x AS (SELECT id FROM odd_foreign) SELECT id FROM x",
    ] {
        let (_, plan) = held.planned_denied(&[foreign])?;
        assert_eq!(
            plan, "no plan: it is about a foreign table, whose server could be asked too",
            "{foreign}"
        );
    }
    // What is bound to parameters is not looked at at all.
    block_on(async {
        let client = Arc::new(connect(&held.stack.alice()?).await?);
        for text in [
            "DELETE FROM odd_domain WHERE id = $1",
            "DELETE FROM odd_plain WHERE id = 1 AND $1::odd_code = 1",
        ] {
            let waiter = Arc::clone(&client);
            let waits = tokio::spawn(async move {
                waiter.query_typed(text, &[(&1_i32, tokio_postgres::types::Type::INT4)]).await
            });
            tokio::task::block_in_place(|| -> Result<()> {
                let request = held.request().with_context(|| text.to_owned())?;
                let (_, plan) = held.planned("bob", &request)?;
                assert!(plan.starts_with("no plan: it uses `"), "{text}: {plan}");
                assert_eq!(stack.count_logged(RAN)?, before, "{text}");
                held.say("bob", &format!("DENY {request}"))?.success()?;
                Ok(())
            })?;
            let _ = waits.await?;
        }
        Ok(())
    })?;
    stack.truth(OPERATORS)?;
    wait::until("the catalog that has the operators", ANSWER, || {
        let (_, plan) = held.planned_denied(&["DELETE FROM odd_plain WHERE id = 1"])?;
        Ok(plan.contains("`odd_mixed`").then_some(()))
    })?;
    for attack in BY_GRAMMAR {
        let ran = stack.count_logged(RAN)?;
        of_owner(attack).with_context(|| attack.to_owned())?;
        assert!(ran < stack.count_logged(RAN)?, "it would run: {attack}");
    }
    let before = stack.count_logged(RAN)?;
    for attack in BY_GRAMMAR {
        let (_, plan) = held.planned_denied(&[attack])?;
        assert_eq!(plan, "no plan: it uses `odd_mixed`, which somebody has made", "{attack}");
        assert_eq!(stack.count_logged(RAN)?, before, "{attack}");
    }
    Ok(())
}

/// What ordinary tables have is no code of anybody's.
#[test]
fn what_is_ordinary_has_a_plan() -> Result<()> {
    let held = Held::asking()?;
    held.stack.truth(
        "CREATE EXTENSION citext; CREATE EXTENSION pg_trgm; CREATE EXTENSION btree_gist; SET ROLE shop_owner; \
         CREATE TYPE odd_kind AS ENUM ('a', 'b'); CREATE DOMAIN odd_word AS text CHECK (VALUE ~ '^[a-z]+$'); \
         CREATE TABLE odd_people (id serial PRIMARY KEY, name citext DEFAULT '', kind odd_kind NOT NULL DEFAULT 'a', word odd_word, \
            bio text CHECK (length(bio) < 80), during tstzrange, EXCLUDE USING gist (id WITH =, during WITH &&)); \
         CREATE INDEX ON odd_people USING gin (bio gin_trgm_ops); CREATE INDEX ON odd_people (lower(bio)) WHERE kind <> 'b'; \
         ALTER TABLE odd_people ENABLE ROW LEVEL SECURITY; CREATE POLICY own ON odd_people USING (current_user = 'shop_owner'); \
         CREATE VIEW odd_named AS SELECT id, upper(bio) AS bio, name, word::odd_word AS word FROM odd_people WHERE kind = 'a'",
    )?;
    for text in [
        "SELECT id FROM odd_people WHERE name = 'x' AND bio % 'y' AND lower(bio) = 'z'",
        "SELECT id, word FROM odd_named WHERE word = 'x'::odd_word AND name = 'y'",
        "INSERT INTO odd_people (word, during) VALUES ('x', '[2026-01-01,2026-01-02)')",
        "UPDATE odd_people SET kind = 'b' WHERE kind = 'a'::odd_kind AND id = 1",
        "DELETE FROM odd_people WHERE id = ANY ('{1,2}'::int[])",
    ] {
        let (rows, plan) = held.planned_denied(&[text])?;
        assert!(rows.parse::<u64>().is_ok(), "{text}: {plan}");
    }
    Ok(())
}

/// What is VOLATILE is not evaluated, and nothing else of a plan stays either.
#[test]
fn a_plan_leaves_nothing_behind() -> Result<()> {
    let held = Held::asking()?;
    held.stack.truth(
        "SET ROLE shop_owner; CREATE TABLE odd_plain (id int); CREATE SEQUENCE odd_numbers; CREATE TABLE odd_serial (id serial, n int)",
    )?;
    for text in [
        "DELETE FROM odd_plain WHERE id = nextval('odd_numbers')",
        "INSERT INTO odd_plain SELECT nextval('odd_numbers')",
        "INSERT INTO odd_serial (n) VALUES (1)",
        "DELETE FROM odd_plain WHERE id = 1 AND pg_try_advisory_lock(7)",
        "SELECT id FROM odd_plain WHERE id = 1 AND pg_sleep(30) IS NOT NULL",
        "SELECT id FROM odd_plain WHERE id = 1 FOR UPDATE",
        "WITH x AS (INSERT INTO odd_plain VALUES (1) RETURNING id) SELECT id FROM x",
    ] {
        let (rows, plan) = held.planned_denied(&[text])?;
        assert!(rows.parse::<u64>().is_ok(), "{text}: {plan}");
    }
    let left = "SELECT (SELECT count(*) FROM odd_plain), (SELECT is_called FROM odd_numbers), \
        (SELECT is_called FROM odd_serial_id_seq), \
        (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = 7)";
    assert_eq!(held.stack.truth(left)?, "0|f|f|0");
    // It ends when it has taken long enough; the statement waits on.
    let slow: Vec<String> = (0..40).map(|more| format!("factorial({})", 32_000 + more)).collect();
    let (_, plan) =
        held.planned_denied(&[&format!("DELETE FROM odd_plain WHERE id = 1 AND {} > 0", slow.join(" + "))])?;
    assert_eq!(plan, "no plan: the database has not made it within 2 s");
    Ok(())
}

/// What is one string where it is read here is read so there too, whatever is set for the database.
#[test]
fn a_plan_is_of_the_statement_as_it_was_read() -> Result<()> {
    let held = Held::asking()?;
    let text = "DELETE FROM odd_plain WHERE id = 1 AND 'x' <> '\\' || ' AND odd_true(1) --'";
    held.stack.truth(
        "SET ROLE shop_owner; CREATE TABLE odd_plain (id int); \
         CREATE FUNCTION odd_true(int) RETURNS bool LANGUAGE plpgsql IMMUTABLE AS \
         $$ BEGIN RAISE LOG 'code has run while it was planned'; RETURN true; END $$;",
    )?;
    block_on(async {
        let client = Arc::new(connect(&held.stack.alice()?).await?);
        held.stack.truth(&format!(
            "ALTER DATABASE {} SET standard_conforming_strings = off",
            held.stack.database
        ))?;
        held.stack.truth(&format!("SET ROLE shop_owner; EXPLAIN {text}"))?;
        let before = held.stack.count_logged(RAN)?;
        assert!(0 < before, "it would run");
        let waiter = Arc::clone(&client);
        let waits = tokio::spawn(async move { waiter.batch_execute(text).await });
        tokio::task::block_in_place(|| -> Result<()> {
            let request = held.request()?;
            let (_, plan) = held.planned("bob", &request)?;
            assert!(plan.starts_with("Delete on odd_plain: "), "{plan}");
            assert_eq!(held.stack.count_logged(RAN)?, before);
            held.say("bob", &format!("DENY {request}"))?.success()?;
            Ok(())
        })?;
        ensure!(waits.await?.is_err(), "it was denied");
        Ok(())
    })
}
