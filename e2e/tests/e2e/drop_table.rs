//! `DROP TABLE` is refused in whatever disguise it comes, and nothing else is lost by the refusal.

use anyhow::{Context, Result};
use e2e::psql::{self, Output, Session};

use crate::stack::{Stack, text, words};

/// Refused as the guardrail refuses: the right code, and all three parts that a person needs.
fn assert_refused(output: &Output, statement: &str) {
    let Output { stdout: _, stderr, code } = output;
    assert_ne!(*code, 0, "`{statement}` was not refused");
    assert!(stderr.contains("ERROR:  42501: "), "`{statement}` gave:\n{stderr}");
    assert!(stderr.contains("DETAIL:  "), "`{statement}` gave:\n{stderr}");
    assert!(stderr.contains("HINT:  "), "`{statement}` gave:\n{stderr}");
}

fn assert_table_is_there(stack: &Stack, after: &str) -> Result<()> {
    let there = stack.truth("SELECT to_regclass('public.users') IS NOT NULL")?;
    assert_eq!(there, "t", "the table is gone after `{after}`");
    Ok(())
}

#[test]
fn it_is_refused_in_every_disguise() -> Result<()> {
    let stack = Stack::start()?;
    let alice = stack.alice()?;
    for statement in [
        "DROP TABLE users",
        "drop table users cascade",
        "DrOp\tTaBlE\nusers CASCADE",
        "DROP/**/TABLE/* a /* nested */ comment */users CASCADE",
        "-- only a comment\nDROP TABLE users CASCADE",
        ";;; DROP TABLE users CASCADE;;",
        "DROP TABLE IF EXISTS users CASCADE",
        "DROP TABLE IF EXISTS nowhere, users CASCADE",
        "DROP TABLE public.users CASCADE",
        "DROP TABLE \"users\" CASCADE",
        "DROP TABLE U&\"\\0075sers\" CASCADE",
        "DROP TABLE orders, users",
        "SELECT 1; DROP TABLE users CASCADE",
        "SELECT 1 END; DROP TABLE users CASCADE",
        "BEGIN; DROP TABLE users CASCADE; COMMIT",
        "SELECT $$ ; $$; DROP TABLE users CASCADE; --",
        "SELECT E'\\''; DROP TABLE users CASCADE; --'",
        "CREATE TABLE bait (a int); DROP TABLE users CASCADE",
    ] {
        assert_refused(&psql::run(&alice, statement)?, statement);
        assert_table_is_there(&stack, statement)?;
    }
    Ok(())
}

/// Decision 3: what would go round the rule, and cannot be judged on its meaning yet, is refused as a whole.
#[test]
fn what_would_go_round_it_is_refused_too() -> Result<()> {
    let stack = Stack::start()?;
    let alice = stack.alice()?;
    for statement in [
        "DO $$ BEGIN DROP TABLE users CASCADE; END $$",
        "DO $$ BEGIN EXECUTE 'DR' || 'OP TABLE users CASCADE'; END $$",
        "DROP SCHEMA public CASCADE",
        "DROP OWNED BY shop_owner CASCADE",
        "CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$ BEGIN DROP TABLE users CASCADE; END $$",
        "CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$ BEGIN EXECUTE 'DR' || 'OP TABLE users'; END $$",
        "CREATE PROCEDURE p() LANGUAGE sql AS 'DROP TABLE users CASCADE'",
        "DROP EXTENSION plpgsql",
    ] {
        assert_refused(&psql::run(&alice, statement)?, statement);
        assert_table_is_there(&stack, statement)?;
    }
    Ok(())
}

/// With this setting off a backslash escapes the quote, and the string ends elsewhere than it seems.
#[test]
fn it_is_refused_behind_a_setting_that_moves_the_ends_of_strings() -> Result<()> {
    let stack = Stack::start()?;
    let alice = stack.alice()?;
    let off = "SET standard_conforming_strings = off;\n";
    let hidden = "SELECT '\\' , '; DROP TABLE users CASCADE; --';\n";
    // Statement by statement, then as one string.
    psql::run_with(&alice, &["-q"], &format!("{off}{hidden}"))?;
    assert_table_is_there(&stack, "two statements")?;
    psql::run(&alice, &format!("{off}{hidden}"))?;
    assert_table_is_there(&stack, "one string")?;
    Ok(())
}

#[test]
fn words_that_only_look_like_it_are_let_through() -> Result<()> {
    let stack = Stack::start()?;
    let alice = stack.alice()?;
    for statement in [
        "SELECT 'DROP TABLE users'",
        "SELECT 1 -- ; DROP TABLE users",
        "SELECT $drop$ ; DROP TABLE users; $drop$",
        "SELECT 1 AS \"; DROP TABLE users; --\"",
    ] {
        psql::run(&alice, statement)?.success().with_context(|| format!("run `{statement}`"))?;
    }
    Ok(())
}

#[test]
fn a_function_that_drops_nothing_is_created_and_runs() -> Result<()> {
    let stack = Stack::start()?;
    let mut session = Session::start(&stack.alice()?)?;
    let create =
        "CREATE FUNCTION twice(a integer) RETURNS integer LANGUAGE plpgsql AS $$ BEGIN RETURN 2 * a; END $$;";
    assert_eq!(session.ask(create)?, "CREATE FUNCTION");
    let answer = session.ask("SELECT twice(21);")?;
    assert!(answer.contains("42"), "{answer}");
    assert_eq!(session.quit()?, 0);
    Ok(())
}

#[test]
fn the_session_goes_on_in_the_same_connection() -> Result<()> {
    let stack = Stack::start()?;
    let mut session = Session::start(&stack.alice()?)?;
    session.ask("\\pset tuples_only on")?;
    let before = session.ask("SELECT pg_backend_pid();")?;
    session.ask("CREATE TEMPORARY TABLE kept (a int);")?;
    let refusal = session.ask("DROP TABLE users;")?;
    assert!(refusal.contains("ERROR:"), "{refusal}");
    assert_eq!(session.ask("SELECT pg_backend_pid();")?, before);
    assert_eq!(session.ask("SELECT count(*) FROM kept;")?.trim(), "0");
    assert_eq!(session.quit()?, 0);
    Ok(())
}

#[test]
fn a_transaction_is_aborted_by_it_and_a_savepoint_brings_it_back() -> Result<()> {
    let stack = Stack::start()?;
    let mut session = Session::start(&stack.alice()?)?;
    for (statement, answer) in [
        ("BEGIN;", "BEGIN"),
        ("UPDATE users SET city = 'Nowhere' WHERE id = 1;", "UPDATE 1"),
        ("SAVEPOINT before;", "SAVEPOINT"),
        ("DROP TABLE users;", "ERROR:"),
        ("SELECT 1;", "current transaction is aborted"),
        ("ROLLBACK TO before;", "ROLLBACK"),
        ("UPDATE users SET city = 'Somewhere' WHERE id = 2;", "UPDATE 1"),
        ("COMMIT;", "COMMIT"),
        ("BEGIN;", "BEGIN"),
        ("UPDATE users SET city = 'Lost' WHERE id = 3;", "UPDATE 1"),
        ("DROP TABLE users;", "ERROR:"),
        ("COMMIT;", "ROLLBACK"),
    ] {
        session.expect(statement, answer)?;
    }
    let cities = stack.truth("SELECT string_agg(city, ',' ORDER BY id) FROM users WHERE id < 4")?;
    assert_eq!(cities, "Nowhere,Somewhere,Boston");
    Ok(())
}

#[test]
fn what_came_before_it_in_the_same_string_is_undone() -> Result<()> {
    let stack = Stack::start()?;
    let statement = "UPDATE users SET city = 'Undone' WHERE id = 1; DROP TABLE users; SELECT 1";
    assert_refused(&psql::run(&stack.alice()?, statement)?, statement);
    assert_eq!(stack.truth("SELECT city FROM users WHERE id = 1")?, "London");
    Ok(())
}

#[test]
fn the_refusal_is_recorded_with_its_rule() -> Result<()> {
    let stack = Stack::start()?;
    let statement = "DROP TABLE users CASCADE";
    assert_refused(&psql::run(&stack.alice()?, statement)?, statement);
    let row = stack.statement(statement)?;
    assert_eq!(text(&row, "verdict")?, "refuse");
    assert_eq!(text(&row, "sqlstate")?, "42501");
    assert_eq!(words(&row, "effects")?, ["drop_table", "drop_cascade"]);
    assert!(!words(&row, "rules")?.is_empty(), "{row}");
    Ok(())
}

#[test]
fn a_rule_that_observes_lets_it_through_and_is_named_in_the_record() -> Result<()> {
    let observing =
        ["no-drop-table", "opaque-code", "unreadable"].map(|rule| format!("{rule} = \"observe\""));
    let stack = Stack::start_with(&format!("[policy.mode]\n{}\n", observing.join("\n")))?;
    let alice = stack.alice()?;
    let block = "DO $$ BEGIN EXECUTE 'UPDATE ' || 'users SET city = ''Changed'' WHERE id = 1'; END $$";
    psql::run(&alice, block)?.success()?;
    assert_eq!(stack.truth("SELECT city FROM users WHERE id = 1")?, "Changed");
    let statement = "DROP TABLE users CASCADE";
    psql::run(&alice, statement)?.success()?;
    assert_eq!(stack.truth("SELECT to_regclass('public.users') IS NULL")?, "t");
    let unreadable = psql::run(&alice, "SELEC 1")?;
    assert!(unreadable.stderr.contains("LINE 1: SELEC 1"), "{}", unreadable.stderr);
    for (text_of, rule) in [(block, "opaque-code"), (statement, "no-drop-table"), ("SELEC 1", "unreadable")] {
        let row = stack.statement(text_of)?;
        assert_eq!(text(&row, "verdict")?, "allow");
        assert_eq!(words(&row, "rules")?, [rule]);
    }
    Ok(())
}

/// Reports begin like this, whether their table is there or not.
#[test]
fn what_is_not_there_may_be_dropped_before_it_is_made() -> Result<()> {
    let stack = Stack::start()?;
    let script = "DROP TABLE IF EXISTS report;\nCREATE TEMP TABLE report AS SELECT * FROM orders;\n\
        DELETE FROM report;\nDROP TABLE IF EXISTS report;\nBEGIN;\nDROP TABLE IF EXISTS report;\n\
        CREATE TEMP TABLE report (id int);\nCOMMIT;\nTRUNCATE report;\nDROP TABLE report;\n";
    psql::run_with(&stack.alice()?, &["-v", "ON_ERROR_STOP=1"], script)?.success()?;
    let once = "DROP TABLE IF EXISTS report; CREATE TEMP TABLE report (id int); TRUNCATE report";
    psql::run(&stack.alice()?, once)?.success()?;
    Ok(())
}

/// The proxy has read the catalog by then, and nobody tells it.
#[test]
fn what_others_have_just_made_is_not_dropped() -> Result<()> {
    let stack = Stack::start()?;
    let alice = stack.alice()?;
    let mut session = Session::start(&alice)?;
    session.ask("SELECT count(*) FROM orders")?;
    for number in 0..20 {
        psql::run(&stack.owner(), &format!("CREATE TABLE made_{number} (id int)"))?.success()?;
        let drops = format!("DROP TABLE IF EXISTS made_{number}");
        assert_refused(&psql::run(&alice, &drops)?, &drops);
    }
    // What its own transaction has renamed, nobody else sees.
    for (number, renames) in [
        "BEGIN;\nALTER TABLE $m RENAME TO $h;\nDROP TABLE $h;\n",
        "BEGIN;\nSET LOCAL work_mem = '1MB';\nALTER TABLE $m RENAME TO $h;\nDROP TABLE IF EXISTS $h;\n",
        "BEGIN;\nDO $$ BEGIN ALTER TABLE $m RENAME TO $h; END $$;\nTRUNCATE $h;\n",
        "BEGIN;\nSAVEPOINT a;\nALTER TABLE $m RENAME TO $h;\nRELEASE a;\nDROP TABLE $h;\n",
        "ALTER TABLE $m RENAME TO $h\\; DROP TABLE $h;\n",
        "DO $$ BEGIN ALTER TABLE $m RENAME TO $h; END $$\\; DROP TABLE $h;\n",
        "ALTER TABLE $m RENAME TO $h;\nDROP TABLE IF EXISTS $h;\n",
    ]
    .into_iter()
    .enumerate()
    {
        let script =
            renames.replace("$m", &format!("made_{number}")).replace("$h", &format!("hidden_{number}"));
        assert_refused(
            &psql::run_with(&alice, &["-v", "VERBOSITY=verbose", "-v", "ON_ERROR_STOP=1"], &script)?,
            renames,
        );
    }
    let there = stack.truth("SELECT count(*) FROM pg_class WHERE relname ~ '^(made|hidden)_'")?;
    assert_eq!(there, "20");
    Ok(())
}

/// What a body takes for its own is nobody else's, as the catalog shows it; a newer one is asked.
#[test]
fn what_others_have_just_made_is_not_taken_for_a_body_s_own() -> Result<()> {
    let stack = Stack::start()?;
    let alice = stack.alice()?;
    for (number, takes) in [
        "DO $$ BEGIN CREATE TEMP TABLE $m (n int); DROP TABLE $m; DROP TABLE $m; END $$",
        "DO $$ BEGIN DROP TABLE $m; CREATE TEMP TABLE $m (n int); END $$",
        "DO $$ BEGIN IF 1 = 2 THEN CREATE TEMP TABLE $m (n int); END IF; DROP TABLE $m; END $$",
        "DO $$ BEGIN BEGIN CREATE TEMP TABLE $m (n int); PERFORM 1/0; EXCEPTION WHEN OTHERS THEN NULL; END; TRUNCATE $m; END $$",
        "DO $$ BEGIN CREATE TEMP TABLE $m (n int) ON COMMIT DROP; COMMIT; DROP TABLE $m; END $$",
        "DO $$ BEGIN CREATE TEMP TABLE IF NOT EXISTS $m (n int); ALTER TABLE $m RENAME TO q; TRUNCATE $m; END $$",
        "SET search_path = public, pg_temp; DO $$ BEGIN CREATE TEMP TABLE $m (n int); TRUNCATE $m; END $$",
    ]
    .into_iter()
    .enumerate()
    {
        let name = format!("taken_{number}");
        let (takes, table) = (takes.replace("$m", &name), format!("CREATE TABLE {name} (n int)"));
        psql::run(&stack.owner(), &format!("{table}; INSERT INTO {name} VALUES (1), (2)"))?.success()?;
        assert_refused(&psql::run(&alice, &takes)?, &takes);
        assert_eq!(stack.truth(&format!("SELECT count(*) FROM {name}"))?, "2", "{takes}");
    }
    // Nobody has that.
    let own = "DO $$ BEGIN CREATE TEMP TABLE nobodys (n int); TRUNCATE nobodys; DROP TABLE nobodys; END $$";
    psql::run(&alice, own)?.success()?;
    Ok(())
}

/// The search path decides whose table a name means.
#[test]
fn behind_the_schemas_of_others_a_temporary_table_is_not_meant() -> Result<()> {
    let stack = Stack::start()?;
    psql::run(&stack.owner(), "CREATE TABLE behind (n int); INSERT INTO behind VALUES (1), (2)")?
        .success()?;
    let alice = stack.alice()?;
    let (make, path) = ("CREATE TEMP TABLE behind (n int)", "SET search_path = public, pg_temp");
    let function = "CREATE FUNCTION clear_$m() RETURNS void LANGUAGE $l AS $$ CREATE TEMP TABLE behind (n int); DELETE FROM behind $$";
    let block = "BEGIN CREATE TEMP TABLE behind (n int); DELETE FROM behind; END";
    for script in [
        &format!("{make};\n{path};\nDELETE FROM behind;\n"),
        &format!("{path};\n{make};\nDELETE FROM behind;\n"),
        &format!("{path}\\; {make}\\; DELETE FROM behind;\n"),
        &format!(
            "{make};\nBEGIN;\nSET LOCAL search_path = public, pg_temp;\nUPDATE behind SET n = 0;\nCOMMIT;\n"
        ),
        &format!(
            "{make};\nSELECT set_config('search_path', 'public, pg_temp', false);\nDELETE FROM behind;\n"
        ),
        &format!("{path};\n{make};\nTRUNCATE behind;\n"),
        &format!("{path};\nDO $$ {block} $$;\n"),
        &format!("{};\nSELECT clear_a();\n", function.replace("$m", "a").replace("$l", "sql")),
    ] {
        let output = psql::run_with(&alice, &["-v", "VERBOSITY=verbose"], script)?;
        assert!(output.stderr.contains("ERROR:  42501: "), "`{script}` gave:\n{}", output.stderr);
        assert_eq!(stack.truth("SELECT count(*) FROM behind WHERE n > 0")?, "2", "{script}");
    }
    Ok(())
}

/// ON COMMIT DROP: it is gone when the transaction ends, and its name means another table.
#[test]
fn what_passes_with_its_transaction_is_not_taken_for_there() -> Result<()> {
    let stack = Stack::start()?;
    psql::run(&stack.owner(), "CREATE TABLE passing (n int); INSERT INTO passing VALUES (1), (2)")?
        .success()?;
    let alice = stack.alice()?;
    let make = "CREATE TEMP TABLE passing (n int) ON COMMIT DROP";
    for script in [
        &format!("{make};\nDELETE FROM passing;\n"),
        &format!("{make};\nUPDATE passing SET n = 0;\n"),
        &format!("BEGIN;\n{make};\nCOMMIT;\nDELETE FROM passing;\n"),
        &format!("BEGIN\\; {make}\\; COMMIT\\; DELETE FROM passing;\n"),
        &format!("BEGIN;\n{make};\nCOMMIT\\; DELETE FROM passing;\n"),
        "CREATE TEMP TABLE passing ON COMMIT DROP AS SELECT 1 AS n;\nDELETE FROM passing;\n",
        &format!("{make};\nTRUNCATE passing;\n"),
    ] {
        let output = psql::run_with(&alice, &["-v", "VERBOSITY=verbose"], script)?;
        assert!(output.stderr.contains("ERROR:  42501: "), "`{script}` gave:\n{}", output.stderr);
        assert_eq!(stack.truth("SELECT count(*) FROM passing WHERE n > 0")?, "2", "{script}");
    }
    let fleeting = make.replace("passing", "fleeting");
    for script in [
        &format!(
            "BEGIN;\n{fleeting};\nINSERT INTO fleeting VALUES (1);\nDELETE FROM fleeting;\nTRUNCATE fleeting;\nCOMMIT;\n"
        ),
        &format!("{fleeting}\\; INSERT INTO fleeting VALUES (1)\\; DELETE FROM fleeting;\n"),
        &format!(
            "BEGIN;\n{fleeting};\nSAVEPOINT a;\nDELETE FROM fleeting;\nRELEASE a;\nDROP TABLE fleeting;\nCOMMIT;\n"
        ),
    ] {
        psql::run_with(&alice, &["-v", "ON_ERROR_STOP=1"], script)?.success()?;
    }
    Ok(())
}
