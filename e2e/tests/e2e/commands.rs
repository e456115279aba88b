//! Commands that a guardrail of their own refuses: each would have done something, and none does.

use std::io::{Read, Write};

use anyhow::Result;
use e2e::psql::{self, Session};

use crate::conversation::{Client, extended, query};
use crate::stack::{Stack, words};

/// Statements that the tables' owner, or the superuser, could run.
const REFUSED: [(&str, &str); 33] = [
    ("no-truncate", "TRUNCATE orders"),
    ("no-truncate", "TRUNCATE ONLY public.orders RESTART IDENTITY CASCADE"),
    ("no-drop", "DROP VIEW sales"),
    ("no-drop", "DROP FUNCTION twice(int)"),
    ("no-drop", "DROP INDEX by_status"),
    ("no-drop", "DROP SEQUENCE numbers"),
    ("no-privilege-change", "GRANT SELECT ON orders TO PUBLIC"),
    ("no-privilege-change", "REVOKE SELECT ON orders FROM shop_staff"),
    ("no-privilege-change", "ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO PUBLIC"),
    ("no-privilege-change", "ALTER ROLE shop_owner SET work_mem = '1MB'"),
    ("no-server-files", "COPY orders TO '/tmp/picket-must-not-be-there'"),
    ("no-server-files", "COPY orders FROM PROGRAM 'true'"),
    ("no-server-files", "SELECT pg_read_file('PG_VERSION')"),
    ("no-server-files", "SELECT count(*) FROM pg_catalog.pg_ls_dir('.')"),
    ("no-alter-system", "ALTER SYSTEM SET work_mem = '1MB'"),
    ("no-disable-protection", "ALTER TABLE orders DISABLE TRIGGER USER"),
    ("no-disable-protection", "ALTER TABLE orders DISABLE ROW LEVEL SECURITY"),
    ("no-disable-protection", "SET session_replication_role = replica"),
    ("no-dangerous-function", "SELECT query_to_xml('SELECT id FROM orders', true, false, '')"),
    ("no-dangerous-function", "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE false"),
    ("no-unfiltered-write", "CREATE FUNCTION f() RETURNS void LANGUAGE sql AS 'DELETE FROM orders'"),
    (
        "no-unfiltered-write",
        "CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS 'BEGIN UPDATE orders SET quantity = 0; END'",
    ),
    (
        "no-dangerous-function",
        "CREATE FUNCTION f() RETURNS bool LANGUAGE sql AS 'SELECT pg_catalog.\"pg_reload_conf\"()'",
    ),
    ("no-dangerous-function", "SELECT (1).pg_cancel_backend"),
    ("no-privilege-change", "ALTER TABLE orders OWNER TO CURRENT_USER"),
    ("no-catalog-write", "UPDATE pg_class SET relrowsecurity = false WHERE relname = 'orders'"),
    ("no-outside-reach", "CREATE FOREIGN DATA WRAPPER w"),
    ("lexing-settings", "CREATE VIEW s AS SELECT * FROM pg_settings"),
    ("no-drop", "ALTER TABLE orders DROP COLUMN status CASCADE"),
    (
        "no-privilege-change",
        "CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS 'BEGIN CREATE ROLE picket_evil SUPERUSER; END'",
    ),
    (
        "no-unfiltered-write",
        "CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS \
         'DECLARE c refcursor; BEGIN OPEN c FOR UPDATE orders SET quantity = 0 RETURNING *; END'",
    ),
    ("no-truncate", "CREATE PROCEDURE p() LANGUAGE plpgsql AS 'BEGIN TRUNCATE orders; END'"),
    (
        "opaque-code",
        "CREATE PROCEDURE p() LANGUAGE plpgsql AS 'BEGIN EXECUTE ''TRUNC'' || ''ATE orders''; END'",
    ),
];

const OBJECTS: &str = "SET ROLE shop_owner; CREATE VIEW sales AS SELECT * FROM orders; \
    CREATE INDEX by_status ON orders (status); CREATE SEQUENCE numbers; \
    CREATE FUNCTION twice(n int) RETURNS int LANGUAGE sql AS 'SELECT 2 * n'";

#[test]
fn each_is_refused_by_its_rule() -> Result<()> {
    let stack = Stack::start()?;
    stack.truth(OBJECTS)?;
    let alice = stack.alice()?;
    for (rule, statement) in REFUSED {
        // It is a statement that PostgreSQL would run; what needs the cluster to itself is only parsed.
        if !matches!(rule, "no-alter-system" | "no-server-files" | "lexing-settings") {
            stack.truth(&format!("BEGIN; {statement}; ROLLBACK"))?;
        }
        let output = psql::run(&alice, statement)?;
        assert!(output.stderr.contains("ERROR:  42501: "), "`{statement}` gave:\n{}", output.stderr);
        assert!(output.stderr.contains(&format!("\"{rule}\"")), "`{statement}` gave:\n{}", output.stderr);
    }
    assert_eq!(stack.truth("SELECT count(*) FROM sales")?, e2e::shop::ORDERS.to_string());
    Ok(())
}

#[test]
fn what_only_looks_like_it_is_let_through() -> Result<()> {
    let stack = Stack::start()?;
    stack.truth(OBJECTS)?;
    let mut session = Session::start(&stack.alice()?)?;
    for (statement, answer) in [
        ("CREATE TEMPORARY TABLE own AS SELECT 1 AS a;", "SELECT 1"),
        ("UPDATE own SET a = 2;", "UPDATE 1"),
        ("DELETE FROM pg_temp.own;", "DELETE 1"),
        ("TRUNCATE own;", "TRUNCATE TABLE"),
        ("TRUNCATE pg_temp.own;", "TRUNCATE TABLE"),
        ("DROP TABLE own;", "DROP TABLE"),
        ("CREATE TEMPORARY TABLE own (a int); DELETE FROM own; DROP TABLE own;", "DROP TABLE"),
        (
            "DO $$ BEGIN CREATE TEMP TABLE staged AS SELECT id FROM orders; UPDATE staged SET id = 1; DELETE FROM staged; \
             DROP TABLE staged; END $$;",
            "DO",
        ),
        ("CREATE TEMPORARY VIEW seen AS SELECT 1 AS a;", "CREATE VIEW"),
        ("DROP VIEW pg_temp.seen;", "DROP VIEW"),
        ("ALTER VIEW sales RENAME TO sold;", "ALTER VIEW"),
        ("SELECT 'GRANT SELECT ON orders TO PUBLIC; TRUNCATE orders';", "GRANT"),
        ("SELECT 'pg_read_file(''x'')' AS text;", "pg_read_file"),
        ("SET work_mem = '8MB';", "SET"),
        ("ALTER TABLE orders ENABLE TRIGGER USER;", "ALTER TABLE"),
        ("ALTER TABLE orders ENABLE ROW LEVEL SECURITY;", "ALTER TABLE"),
    ] {
        session.expect(statement, answer)?;
    }
    assert_eq!(session.quit()?, 0);
    Ok(())
}

/// What is called like a temporary table and is none: PostgreSQL would take each of them for something that lasts.
#[test]
fn a_temporary_name_does_not_hide_a_table_that_lasts() -> Result<()> {
    let stack = Stack::start()?;
    let mut session = Session::start(&stack.alice()?)?;
    for statement in [
        "CREATE TEMPORARY TABLE orders (id int);",
        "SET search_path = public, pg_temp;",
        "CREATE TEMPORARY TABLE seen (id int);",
        "ALTER TABLE seen RENAME TO mine;",
        "CREATE TEMPORARY VIEW seen AS SELECT * FROM public.orders;",
        "CREATE TEMPORARY TABLE IF NOT EXISTS seen (id int);",
        "CREATE TEMPORARY TABLE lost (id int);",
    ] {
        let said = session.ask(statement)?;
        assert!(!said.contains("ERROR"), "`{statement}` was answered with:\n{said}");
    }
    for statement in [
        "DELETE FROM orders;",
        "UPDATE orders SET quantity = 1;",
        "TRUNCATE orders;",
        "DROP TABLE orders;",
        "DELETE FROM seen;",
        "DELETE FROM pg_temp.seen;",
        "DO $$ BEGIN CREATE TEMP TABLE IF NOT EXISTS seen (id int); DELETE FROM seen; END $$;",
        "DO $$ BEGIN IF false THEN CREATE TEMP TABLE seen (id int); END IF; DELETE FROM seen; END $$;",
        "DO $$ BEGIN BEGIN CREATE TEMP TABLE seen (id int); EXCEPTION WHEN others THEN NULL; END; DELETE FROM seen; END $$;",
        "DO $$ BEGIN CREATE TEMP TABLE orders (id int); DELETE FROM orders; END $$;",
        "DROP TABLE lost; CREATE TEMPORARY VIEW lost AS SELECT * FROM public.orders; DELETE FROM lost;",
    ] {
        session.expect(statement, "Picket refused this statement")?;
    }
    assert_eq!(session.quit()?, 0);
    assert_eq!(stack.truth("SELECT count(*) FROM public.orders")?, e2e::shop::ORDERS.to_string());
    Ok(())
}

/// A table that lasts can get the name of a temporary one, before that is made or after, by whatever renames it.
#[test]
fn a_name_that_goes_to_a_table_that_lasts_is_no_temporary_one() -> Result<()> {
    const SWAP: &str = "CREATE FUNCTION swap() RETURNS int LANGUAGE plpgsql AS \
        $$ BEGIN ALTER TABLE IF EXISTS own RENAME TO other; ALTER TABLE kept RENAME TO own; RETURN 1; END $$;";
    let stack = Stack::start()?;
    let mut session = Session::start(&stack.alice()?)?;
    session.expect("CREATE TABLE kept AS SELECT 1 AS id;", "SELECT 1")?;
    for (statements, last) in [
        (
            "ALTER TABLE kept RENAME TO own; | CREATE TEMP TABLE own (id int); | SET search_path = public, pg_temp;",
            "DROP TABLE own;",
        ),
        (
            "ALTER TABLE kept RENAME TO own; | CREATE TEMP TABLE own (id int); | SET search_path = public, pg_temp;",
            "TRUNCATE own;",
        ),
        (
            "ALTER TABLE kept RENAME TO own; | CREATE TEMP TABLE own (id int); | SET search_path = public, pg_temp;",
            "DELETE FROM own;",
        ),
        (
            "CREATE TEMP TABLE own (id int); | ALTER TABLE own RENAME TO other; | ALTER TABLE kept RENAME TO own;",
            "DELETE FROM own;",
        ),
        (
            "CREATE SCHEMA elsewhere; | CREATE TABLE elsewhere.own (id int); | CREATE TEMP TABLE own (id int); | SET search_path = elsewhere, pg_temp;",
            "DROP TABLE own;",
        ),
        ("SWAP | CREATE TEMP TABLE own (id int); | SELECT swap();", "DROP TABLE own;"),
        ("SWAP | CREATE TEMP TABLE own (id int); | SELECT swap();", "DELETE FROM own;"),
        (
            "SWAP | CREATE TEMP TABLE own (id int); | CREATE TABLE by (n int DEFAULT swap()); | INSERT INTO by DEFAULT VALUES;",
            "TRUNCATE own;",
        ),
        ("SWAP | CREATE TEMP VIEW own AS SELECT 1 AS id;", "SELECT swap()\\; DELETE FROM own;"),
    ] {
        session.ask("BEGIN;")?;
        for statement in statements.replace("SWAP", SWAP).split(" | ") {
            let said = session.ask(statement)?;
            assert!(!said.contains("ERROR"), "`{statement}` was answered with:\n{said}");
        }
        let said = session.ask(last)?;
        assert!(said.contains("Picket refused this statement"), "{statements} {last}: {said}");
        session.ask("ROLLBACK; RESET search_path;")?;
    }
    session.ask(SWAP)?;
    session.ask("CREATE TEMP TABLE own (id int);")?;
    let said = session.ask("SELECT swap()\\; DELETE FROM own;")?;
    assert!(said.contains("Picket refused this statement"), "{said}");
    // Other names are not in the way.
    for statement in [
        "BEGIN;",
        "CREATE TEMP TABLE mine (id int);",
        "ALTER TABLE kept RENAME TO keeps;",
        "DROP TABLE mine;",
        "ROLLBACK;",
    ] {
        let said = session.ask(statement)?;
        assert!(!said.contains("ERROR"), "`{statement}` was answered with:\n{said}");
    }
    assert_eq!(session.quit()?, 0);
    assert_eq!(stack.truth("SELECT count(*) FROM kept")?, "1");
    Ok(())
}

/// Bytes that are one name in UTF-8 are another in LATIN1.
#[test]
fn a_name_in_another_encoding_is_not_read() -> Result<()> {
    let stack = Stack::start()?;
    stack.truth("CREATE TABLE kept (id int); ALTER TABLE kept RENAME TO \"Ã©\"")?;
    let mut session = Session::start(&stack.alice()?)?;
    session.expect("SET client_encoding = latin1;", "Picket refused this statement")?;
    session.expect("SELECT 'é';", "é")?;
    assert_eq!(session.quit()?, 0);
    let alice = stack.alice()?;
    let other = alice.to_database(&format!("{} client_encoding=LATIN1", alice.database));
    for text in ["DROP TABLE \"é\"", "SET client_encoding = utf8; DROP TABLE \"é\"", "SELECT * FROM \"é\""]
    {
        let output = psql::run(&other, text)?;
        assert!(output.stderr.contains("client_encoding"), "{text}: {output:?}");
    }
    assert_eq!(psql::run(&other, "SELECT 1")?.success()?.trim(), "1");
    assert_eq!(stack.truth("SELECT count(*) FROM \"Ã©\"")?, "0");
    Ok(())
}

/// What is on the way to the server decides what a name means when the next message gets there.
#[test]
fn a_pipeline_does_not_run_ahead_of_what_is_known() -> Result<()> {
    let stack = Stack::start()?;
    let mut client = Client::connect(&stack.alice()?)?;
    let pipeline = [
        query("CREATE TEMPORARY TABLE ahead (id int)"),
        query("DROP TABLE ahead"),
        query("CREATE TEMPORARY VIEW ahead AS SELECT * FROM public.orders"),
        query("DELETE FROM ahead"),
        extended("DELETE FROM pg_temp.ahead"),
        query("SELECT 1"),
    ];
    client.stream.write_all(&pipeline.concat())?;
    client.stream.shutdown(std::net::Shutdown::Write)?;
    let mut answers = Vec::new();
    client.stream.read_to_end(&mut answers)?;
    let refusals = answers.windows(4).filter(|window| window == b"MPic").count();
    assert!(2 <= refusals, "{}", String::from_utf8_lossy(&answers));
    assert_eq!(stack.truth("SELECT count(*) FROM public.orders")?, e2e::shop::ORDERS.to_string());
    Ok(())
}

/// What a function or procedure does that is there already is done by who calls it.
#[test]
fn a_call_is_judged_by_what_the_function_does() -> Result<()> {
    let stack = Stack::start()?;
    stack.truth(
        "CREATE FUNCTION purge() RETURNS void LANGUAGE sql AS 'DELETE FROM orders'; \
         CREATE FUNCTION lose() RETURNS void LANGUAGE sql AS 'DROP TABLE orders CASCADE'; \
         CREATE PROCEDURE tidy() LANGUAGE plpgsql AS 'BEGIN DELETE FROM orders; END'; \
         CREATE FUNCTION through() RETURNS int LANGUAGE plpgsql AS 'BEGIN PERFORM purge(); RETURN 1; END'; \
         CREATE FUNCTION atomic() RETURNS void BEGIN ATOMIC DELETE FROM orders; END; \
         CREATE FUNCTION computes() RETURNS void LANGUAGE plpgsql AS $$BEGIN EXECUTE 'drop ' || 'table orders'; END$$; \
         CREATE FUNCTION one(id int) RETURNS bigint LANGUAGE sql AS 'SELECT count(*) FROM orders WHERE orders.id = one.id'; \
         CREATE FUNCTION drop_one(n int) RETURNS bool LANGUAGE sql AS 'DELETE FROM orders WHERE id = n RETURNING true'; \
         CREATE FUNCTION field(orders) RETURNS int LANGUAGE plpgsql AS 'BEGIN DELETE FROM orders; RETURN 1; END'",
    )?;
    // The catalog is read when a session begins, where that is not so long ago that it counts.
    let mut session = psql::Session::start(&stack.alice()?)?;
    session.ask("CREATE TABLE read_again (); CREATE FUNCTION own() RETURNS void LANGUAGE sql AS 'DELETE FROM orders WHERE id < 0';")?;
    let alice = stack.alice()?;
    for (statement, rule) in [
        ("SELECT purge()", "no-unfiltered-write"),
        ("SELECT public.\"purge\"()", "no-unfiltered-write"),
        ("SELECT * FROM purge()", "no-unfiltered-write"),
        ("SELECT id FROM orders WHERE purge() IS NULL", "no-unfiltered-write"),
        ("EXPLAIN ANALYZE SELECT purge()", "no-unfiltered-write"),
        ("COPY (SELECT purge()) TO STDOUT", "no-unfiltered-write"),
        ("PREPARE p AS SELECT purge()", "no-unfiltered-write"),
        ("DECLARE c CURSOR WITH HOLD FOR SELECT purge()", "no-unfiltered-write"),
        ("SELECT lose()", "no-drop-table"),
        ("CALL tidy()", "no-unfiltered-write"),
        ("SELECT through()", "no-unfiltered-write"),
        ("SELECT atomic()", "no-unfiltered-write"),
        ("SELECT computes()", "opaque-code"),
        ("SELECT o.field FROM orders o", "no-unfiltered-write"),
        ("SELECT (o).field FROM orders o", "no-unfiltered-write"),
        ("CREATE VIEW v AS SELECT purge()", "no-unfiltered-write"),
        ("SELECT drop_one(id) FROM orders", "no-unfiltered-write"),
        ("SELECT count(*) FROM orders o WHERE drop_one(abs(o.id))", "no-unfiltered-write"),
    ] {
        let output = psql::run(&alice, statement)?;
        let named = format!("Rule \"{rule}\": ");
        assert!(output.stderr.contains("42501") && output.stderr.contains(&named), "{statement}: {output:?}");
    }
    for statement in [
        "SELECT one(1)",
        "SELECT sum(one(id)) FROM orders",
        "SELECT drop_one(7)",
        "SELECT drop_one(id) FROM orders WHERE id = 8",
        "SELECT drop_one(id) FROM orders LIMIT 1",
        "COMMENT ON FUNCTION own() IS 'x'",
    ] {
        let output = psql::run(&alice, statement)?;
        assert_eq!(output.code, 0, "{statement}: {output:?}");
    }
    // Who calls it touches what it touches.
    let row = stack.statement("SELECT one(1)")?;
    assert_eq!(words(&row, "relations_read")?, ["public.orders"]);
    assert_ne!(stack.truth("SELECT count(*) FROM orders")?, "0");
    Ok(())
}

/// Migrations begin with it.
#[test]
fn an_extension_that_is_there_is_left_as_it_is() -> Result<()> {
    let stack = Stack::start()?;
    psql::run(&stack.superuser(), "CREATE EXTENSION citext")?.success()?;
    let alice = stack.alice()?;
    for text in [
        "CREATE EXTENSION IF NOT EXISTS citext",
        "CREATE EXTENSION IF NOT EXISTS citext WITH SCHEMA pg_catalog VERSION '0' CASCADE",
        "DO $$ BEGIN CREATE EXTENSION IF NOT EXISTS citext; END $$",
    ] {
        psql::run(&alice, text)?.success()?;
    }
    let is_refused = |text: &str| {
        let output = psql::run(&alice, text)?;
        assert!(output.stderr.contains("Rule \"no-outside-reach\": "), "{text}: {output:?}");
        anyhow::Ok(())
    };
    is_refused("CREATE EXTENSION citext")?;
    is_refused("CREATE EXTENSION IF NOT EXISTS hstore")?;
    is_refused("CREATE FUNCTION f() RETURNS void LANGUAGE sql AS 'CREATE EXTENSION IF NOT EXISTS citext'")?;
    // The catalog that is known may be older than this.
    psql::run(&stack.superuser(), "DROP EXTENSION citext")?.success()?;
    is_refused("CREATE EXTENSION IF NOT EXISTS citext")?;
    assert_eq!(stack.truth("SELECT count(*) FROM pg_extension WHERE extname = 'citext'")?, "0");
    Ok(())
}
