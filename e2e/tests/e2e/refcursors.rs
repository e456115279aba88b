//! Names of cursors that functions open and give back are no values: who has one, fetches by it, and what comes is masked.

use std::fmt::Write;

use anyhow::{Result, ensure};
use e2e::psql;

use crate::stack::Stack;

/// Functions that give back the name of what they open.
const OPENING: &str = "
    CREATE TABLE kept (id int, last_name text); INSERT INTO kept VALUES (1, 'alicecanary');
    CREATE FUNCTION unnamed() RETURNS refcursor LANGUAGE plpgsql AS
        'DECLARE c refcursor; BEGIN OPEN c FOR SELECT id, last_name FROM kept; RETURN c; END';
    CREATE FUNCTION filtered(n int) RETURNS refcursor LANGUAGE plpgsql AS
        'DECLARE c refcursor; BEGIN OPEN c FOR SELECT id, last_name FROM kept WHERE id = n; RETURN c; END';
    CREATE FUNCTION constant() RETURNS refcursor LANGUAGE plpgsql AS
        'DECLARE c refcursor := ''held''; BEGIN OPEN c FOR SELECT id, last_name FROM kept; RETURN c; END';
    CREATE FUNCTION given(c refcursor) RETURNS refcursor LANGUAGE plpgsql AS
        'BEGIN OPEN c FOR SELECT id, last_name FROM kept; RETURN c; END';
    CREATE FUNCTION two(OUT a refcursor, OUT b refcursor) LANGUAGE plpgsql AS
        'BEGIN OPEN a FOR SELECT id, last_name FROM kept; OPEN b FOR SELECT last_name FROM kept; END';";

#[test]
fn names_of_cursors_that_functions_open_are_shown() -> Result<()> {
    let stack = Stack::start()?;
    psql::run(&stack.owner(), OPENING)?.success()?;
    let alice = stack.alice()?;
    let mut wrong = String::new();
    for (call, name) in [
        ("SELECT unnamed()", "<unnamed portal 1>"),
        ("SELECT * FROM unnamed()", "<unnamed portal 1>"),
        ("SELECT filtered(1)", "<unnamed portal 1>"),
        ("SELECT constant()", "held"),
        ("SELECT given('mine')", "mine"),
        ("SELECT a FROM two()", "<unnamed portal 1>"),
    ] {
        let shown = psql::run(&alice, &format!("BEGIN; {call}; ROLLBACK"))?.success()?;
        if !shown.contains(name) {
            writeln!(wrong, "{call}: {shown}")?;
        }
        let fetched =
            psql::run(&alice, &format!("BEGIN; {call}; FETCH ALL IN \"{name}\"; ROLLBACK"))?.success()?;
        ensure!(fetched.contains("***") && !fetched.contains("canary"), "{call}: {fetched}");
    }
    ensure!(wrong.is_empty(), "{wrong}");
    Ok(())
}

/// Ways to make a value into the name of a cursor, or into what looks like one.
const NAMED_BY_VALUES: [&str; 8] = [
    "SELECT last_name::refcursor FROM kept",
    "SELECT ('<unnamed portal ' || ascii(last_name) || '>')::refcursor FROM kept",
    "SELECT given(last_name::refcursor) FROM kept",
    "CREATE FUNCTION n2() RETURNS refcursor LANGUAGE plpgsql AS \
     $$DECLARE c refcursor; BEGIN SELECT last_name INTO c FROM kept; OPEN c FOR SELECT 1; RETURN c; END$$; SELECT n2()",
    "CREATE FUNCTION n3() RETURNS refcursor LANGUAGE plpgsql AS \
     $$DECLARE c refcursor; BEGIN OPEN c FOR SELECT last_name FROM kept; FETCH c INTO c; RETURN c; END$$; SELECT n3()",
    "CREATE FUNCTION n4() RETURNS refcursor LANGUAGE plpgsql AS \
     $$DECLARE c refcursor; d refcursor; BEGIN OPEN c FOR SELECT last_name FROM kept; FETCH c INTO d; RETURN d; END$$; SELECT n4()",
    "CREATE FUNCTION n5() RETURNS refcursor LANGUAGE plpgsql AS \
     $$DECLARE c refcursor; BEGIN FOR c IN SELECT last_name FROM kept LOOP RETURN c; END LOOP; END$$; SELECT n5()",
    "CREATE FUNCTION n6() RETURNS refcursor LANGUAGE plpgsql AS \
     $$DECLARE c refcursor; BEGIN OPEN c FOR SELECT 1; RETURN (SELECT last_name FROM kept); END$$; SELECT n6()",
];

#[test]
fn what_is_made_into_the_name_of_a_cursor_is_hidden() -> Result<()> {
    let stack = Stack::start()?;
    psql::run(&stack.owner(), OPENING)?.success()?;
    let alice = stack.alice()?;
    let mut wrong = String::new();
    for text in NAMED_BY_VALUES {
        for (when, text) in [("within", format!("BEGIN; {text}; ROLLBACK")), ("beside", text.to_owned())] {
            let shown = psql::run(&alice, &text)?;
            let all = format!("{}{}", shown.stdout, shown.stderr);
            if all.contains("canary") || all.contains("portal 97") {
                writeln!(wrong, "{when}: {text}: {all}")?;
            }
        }
    }
    ensure!(wrong.is_empty(), "{wrong}");
    Ok(())
}
