//! Statements that wait, for a lock or for what stands before them: what they read may become sensitive before they run. What they
//! write then is masked as if that had been so when they were sent.

use std::fmt::Write;
use std::time::Duration;

use anyhow::{Result, bail};
use e2e::psql::{self, Session};
use e2e::wait;

use crate::laundering::run;
use crate::leaks::{Values, shows_canary, with_objects_of};

/// What is there before, what waits, what somebody does meanwhile, what he does afterwards, and what reads it.
const CASES: [[&str; 5]; 11] = [
    [
        "CREATE TABLE a1 (z text); CREATE TABLE a2 (id int, z text)",
        "LOCK TABLE gate IN SHARE MODE; INSERT INTO a1 SELECT z FROM a2",
        "INSERT INTO a2 SELECT id, email FROM people",
        "",
        "SELECT z FROM a1",
    ],
    [
        "CREATE TABLE b1 (z text); CREATE VIEW b2 AS SELECT id, note AS z FROM visits",
        "LOCK TABLE gate IN SHARE MODE; INSERT INTO b1 SELECT z FROM b2",
        "CREATE OR REPLACE VIEW b2 AS SELECT id, email AS z FROM people",
        "CREATE OR REPLACE VIEW b2 AS SELECT id, note AS z FROM visits",
        "SELECT z, upper(z) FROM b1",
    ],
    [
        "CREATE TABLE c2 (id int, z text)",
        "LOCK TABLE gate IN SHARE MODE; CREATE TABLE c1 AS SELECT z FROM c2",
        "INSERT INTO c2 SELECT id, email FROM people",
        "",
        "SELECT z FROM c1",
    ],
    [
        "CREATE TABLE d1 (z text); CREATE FUNCTION d2() RETURNS text LANGUAGE sql AS $$ SELECT 'x'::text $$;
         CREATE FUNCTION d3() RETURNS void LANGUAGE plpgsql AS $$ BEGIN LOCK TABLE gate IN SHARE MODE; INSERT INTO d1 VALUES (d2()); END $$",
        "SELECT d3()",
        "CREATE OR REPLACE FUNCTION d2() RETURNS text LANGUAGE sql AS $$ SELECT email FROM people WHERE id = 1 $$",
        "CREATE OR REPLACE FUNCTION d2() RETURNS text LANGUAGE sql AS $$ SELECT 'x'::text $$",
        "SELECT z FROM d1",
    ],
    [
        "CREATE TABLE e1 (z text); CREATE TABLE e2 (id int, z text)",
        "PREPARE e AS INSERT INTO e1 SELECT z FROM e2; LOCK TABLE gate IN SHARE MODE; EXECUTE e",
        "INSERT INTO e2 SELECT id, email FROM people",
        "",
        "SELECT z FROM e1",
    ],
    // What waits shows it itself.
    [
        "CREATE FUNCTION f2() RETURNS text LANGUAGE sql AS $$ SELECT 'x'::text $$",
        "LOCK TABLE gate IN SHARE MODE; SELECT f2()",
        "CREATE OR REPLACE FUNCTION f2() RETURNS text LANGUAGE sql AS $$ SELECT email FROM people WHERE id = 1 $$",
        "CREATE OR REPLACE FUNCTION f2() RETURNS text LANGUAGE sql AS $$ SELECT 'x'::text $$",
        "SELECT 1",
    ],
    [
        "CREATE FUNCTION g2() RETURNS text LANGUAGE sql AS $$ SELECT 'x'::text $$;
         CREATE FUNCTION g3() RETURNS text LANGUAGE plpgsql AS $$ BEGIN LOCK TABLE gate IN SHARE MODE; RETURN g2(); END $$",
        "SELECT g3()",
        "CREATE OR REPLACE FUNCTION g2() RETURNS text LANGUAGE sql AS $$ SELECT email FROM people WHERE id = 1 $$",
        "CREATE OR REPLACE FUNCTION g2() RETURNS text LANGUAGE sql AS $$ SELECT 'x'::text $$",
        "SELECT 1",
    ],
    // What it gives back was put there by code that read it.
    [
        "CREATE TABLE h1 (id int, z text); CREATE TABLE h2 (id int, z text);
         CREATE FUNCTION h3() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.z := (SELECT max(z) FROM h1); RETURN NEW; END $$;
         CREATE TRIGGER h4 BEFORE INSERT ON h2 FOR EACH ROW EXECUTE FUNCTION h3()",
        "LOCK TABLE gate IN SHARE MODE; INSERT INTO h2 VALUES (1, 'x') RETURNING id, z",
        "INSERT INTO h1 SELECT id, email FROM people",
        "",
        "SELECT z FROM h2",
    ],
    [
        "CREATE TABLE j1 (id int, z text); CREATE FUNCTION j3() RETURNS text LANGUAGE sql AS $$ SELECT max(z) FROM j1 $$;
         CREATE TABLE j2 (id int, z text DEFAULT j3())",
        "LOCK TABLE gate IN SHARE MODE; INSERT INTO j2 (id) VALUES (1) RETURNING *",
        "INSERT INTO j1 SELECT id, email FROM people",
        "",
        "SELECT z FROM j2",
    ],
    [
        "CREATE TABLE k1 (id int, z text); CREATE TABLE k2 (id int, z text); INSERT INTO k2 VALUES (1, 'x')",
        "LOCK TABLE gate IN SHARE MODE; UPDATE k2 SET z = (SELECT max(z) FROM k1) WHERE id = 1 RETURNING z",
        "INSERT INTO k1 SELECT id, email FROM people",
        "",
        "SELECT z FROM k2",
    ],
    [
        "CREATE TABLE l1 (id int, z text); CREATE TABLE l2 (id int, z text) PARTITION BY RANGE (id); CREATE TABLE l3 PARTITION OF l2 FOR VALUES FROM (0) TO (9);
         CREATE FUNCTION l4() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.z := (SELECT max(z) FROM l1); RETURN NEW; END $$;
         CREATE TRIGGER l5 BEFORE INSERT ON l3 FOR EACH ROW EXECUTE FUNCTION l4()",
        "LOCK TABLE gate IN SHARE MODE; INSERT INTO l2 VALUES (1, 'x') RETURNING id, z",
        "INSERT INTO l1 SELECT id, email FROM people",
        "",
        "SELECT z FROM l2; SELECT z FROM l3",
    ],
];

#[test]
fn who_waits_writes_and_shows_nothing_in_clear_that_has_become_sensitive() -> Result<()> {
    let stack = with_objects_of(Values::Names, "")?;
    psql::run(&stack.owner(), "CREATE TABLE gate ()")?.success()?;
    let cases = CASES.map(|case| case.map(|part| Values::Names.of(part)));
    for [before, ..] in &cases {
        psql::run(&stack.owner(), before)?.success()?;
    }
    let mut wrong = String::new();
    for [_, waits, change, back, reads] in cases {
        // It is known.
        run(&stack.alice()?, &reads.replace("c1", "c2"))?;
        let mut holder = Session::start(&stack.owner())?;
        holder.expect("BEGIN;", "BEGIN")?;
        holder.expect("LOCK TABLE gate IN SHARE ROW EXCLUSIVE MODE;", "LOCK TABLE")?;
        let (alice, text) = (stack.alice()?, waits.clone());
        let waiter = std::thread::spawn(move || psql::run(&alice, &text));
        wait::until("somebody to wait for the lock", Duration::from_secs(20), || {
            let waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted";
            Ok((psql::run(&stack.owner(), waiting)?.success()?.trim() != "0").then_some(()))
        })?;
        psql::run(&stack.alice()?, &change)?.success()?;
        // Its catalog shows that.
        let shown = "CREATE VIEW seen_by_all AS SELECT id FROM visits; SELECT * FROM seen_by_all; DROP VIEW seen_by_all";
        psql::run(&stack.alice()?, shown)?;
        holder.expect("COMMIT;", "COMMIT")?;
        let Ok(waited) = waiter.join() else { bail!("who waits panicked") };
        let waited = waited?;
        psql::run(&stack.alice()?, &back)?.success()?;
        let direct = run(&stack.owner(), &reads)?;
        assert!(reads == "SELECT 1" || shows_canary(&direct), "is no attack: {waits}: {waited:?} {direct:?}");
        let read = run(&stack.alice()?, &reads)?;
        for (when, output) in [("at once", waited), ("afterwards", read)] {
            if shows_canary(&output) {
                writeln!(wrong, "leaks {when}: {waits}\n{}{}", output.stdout, output.stderr)?;
            }
        }
        assert_eq!(holder.quit()?, 0);
    }
    assert!(wrong.is_empty(), "{wrong}");
    Ok(())
}

/// A trigger takes what is there for each row: what others write while the rows of RETURNING come.
#[test]
fn rows_that_a_statement_gives_back_are_hidden_as_soon_as_its_code_gives_values() -> Result<()> {
    let stack = with_objects_of(Values::Names, "")?;
    let made = "CREATE TABLE gate (); CREATE TABLE m1 (id int, z text); CREATE TABLE m2 (id int, z text);
        CREATE FUNCTION m3() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.z := (SELECT max(z) FROM m1); RETURN NEW; END $$;
        CREATE TRIGGER m4 BEFORE INSERT ON m2 FOR EACH ROW EXECUTE FUNCTION m3();
        CREATE TABLE n2 (id int, z text);
        CREATE FUNCTION n3() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF EXISTS (SELECT 1 FROM m1) THEN NEW.z := 'filled'; END IF; RETURN NEW; END $$;
        CREATE TRIGGER n4 BEFORE INSERT ON n2 FOR EACH ROW EXECUTE FUNCTION n3();
        CREATE FUNCTION waits(at int) RETURNS int LANGUAGE plpgsql AS $$ BEGIN IF at = 2000 THEN LOCK TABLE gate IN SHARE MODE; END IF; RETURN at; END $$";
    psql::run(&stack.owner(), made)?.success()?;
    run(&stack.alice()?, "SELECT 1 FROM m1, m2, n2")?;
    let mut holder = Session::start(&stack.owner())?;
    holder.expect("BEGIN;", "BEGIN")?;
    holder.expect("LOCK TABLE gate IN SHARE ROW EXCLUSIVE MODE;", "LOCK TABLE")?;
    let waiters = ["m2", "n2"].map(|table| {
        let alice = stack.alice();
        let text = format!(
            "INSERT INTO {table} SELECT waits(g), 'x' FROM generate_series(1, 4000) g RETURNING id, z"
        );
        std::thread::spawn(move || psql::run_with(&alice?, &["-At"], &text))
    });
    wait::until("both to wait for the lock", Duration::from_secs(20), || {
        let waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted";
        Ok((psql::run(&stack.owner(), waiting)?.success()?.trim() == "2").then_some(()))
    })?;
    psql::run(&stack.alice()?, &Values::Names.of("INSERT INTO m1 SELECT id, email FROM people"))?;
    holder.expect("COMMIT;", "COMMIT")?;
    let mut outputs = Vec::new();
    for waiter in waiters {
        let Ok(output) = waiter.join() else { bail!("who waits panicked") };
        outputs.push(output?);
    }
    let [given, decided] = outputs.as_slice() else { bail!("two have waited") };
    assert!(!shows_canary(given) && given.stdout.contains("|***"), "{given:?}");
    // Other tables' triggers that read it and put nothing of it into rows leave these as they are.
    assert!(decided.stdout.contains("\n3000|filled") && !decided.stdout.contains("***"), "{decided:?}");
    let direct = run(&stack.owner(), "SELECT z FROM m2")?;
    assert!(shows_canary(&direct), "is no attack: {direct:?}");
    assert_eq!(holder.quit()?, 0);
    Ok(())
}

/// A procedure that ends its transaction in the midst keeps nothing locked: while it goes on, names get back what they meant.
#[test]
fn what_a_procedure_has_written_is_masked_where_its_names_meant_something_else_in_the_midst() -> Result<()> {
    let stack = with_objects_of(Values::Names, "")?;
    let before = "CREATE TABLE gate (); CREATE TABLE later (); CREATE TABLE i1 (z text); CREATE TABLE i2 (id int, z text);
        CREATE TABLE i3 (id int, z text); CREATE TABLE i4 (z text); INSERT INTO i2 VALUES (1, 'plain');
        CREATE PROCEDURE waits() LANGUAGE plpgsql AS $$ BEGIN LOCK TABLE gate IN SHARE MODE; COMMIT; INSERT INTO i1 SELECT z FROM i2; COMMIT;
            LOCK TABLE later IN SHARE MODE; END $$;
        CREATE PROCEDURE waits_too() LANGUAGE plpgsql AS $$ BEGIN LOCK TABLE gate IN SHARE MODE; COMMIT; INSERT INTO i4 SELECT note FROM visits; COMMIT;
            LOCK TABLE later IN SHARE MODE; END $$";
    psql::run(&stack.owner(), before)?.success()?;
    psql::run(&stack.alice()?, "INSERT INTO i3 SELECT id, last_name FROM people")?.success()?;
    run(&stack.alice()?, "SELECT * FROM i1, i2, i3, i4")?;
    let mut holders = Vec::new();
    for table in ["gate", "later"] {
        let mut holder = Session::start(&stack.owner())?;
        holder.expect("BEGIN;", "BEGIN")?;
        holder.expect(&format!("LOCK TABLE {table} IN SHARE ROW EXCLUSIVE MODE;"), "LOCK TABLE")?;
        holders.push(holder);
    }
    let waiters = ["CALL waits()", "CALL waits_too()"].map(|text| {
        let alice = stack.alice();
        std::thread::spawn(move || psql::run(&alice?, text))
    });
    let wait_for = |table: &str| {
        let waiting =
            format!("SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = '{table}'::regclass");
        wait::until("both to wait for the lock", Duration::from_secs(20), || {
            Ok((psql::run(&stack.owner(), &waiting)?.success()?.trim() == "2").then_some(()))
        })
    };
    let swap = |text: &str| -> Result<()> {
        psql::run(&stack.alice()?, text)?.success()?;
        let shown = "CREATE VIEW seen_by_all AS SELECT id FROM visits; SELECT * FROM seen_by_all; DROP VIEW seen_by_all";
        psql::run(&stack.alice()?, shown)?;
        Ok(())
    };
    wait_for("gate")?;
    swap("BEGIN; ALTER TABLE i2 RENAME TO i2_kept; ALTER TABLE i3 RENAME TO i2; COMMIT")?;
    if let Some(holder) = holders.first_mut() {
        holder.expect("COMMIT;", "COMMIT")?;
    }
    wait_for("later")?;
    swap("BEGIN; ALTER TABLE i2 RENAME TO i3; ALTER TABLE i2_kept RENAME TO i2; COMMIT")?;
    for mut holder in holders {
        holder.ask("COMMIT;")?;
        assert_eq!(holder.quit()?, 0);
    }
    for waiter in waiters {
        let Ok(waited) = waiter.join() else { bail!("who waits panicked") };
        waited?.success()?;
    }
    let direct = run(&stack.owner(), "SELECT z FROM i1")?;
    assert!(shows_canary(&direct), "is no attack: {direct:?}");
    let read = run(&stack.alice()?, "SELECT z, upper(z) FROM i1")?;
    assert!(!shows_canary(&read), "{read:?}");
    // The other one has read what was always harmless.
    assert!(psql::run(&stack.alice()?, "SELECT z FROM i4")?.success()?.contains("first"));
    Ok(())
}

/// What waits while others change what it does not read stays in clear.
#[test]
fn who_waits_writes_what_is_harmless_in_clear() -> Result<()> {
    let stack = with_objects_of(Values::Names, "")?;
    let before = "CREATE TABLE gate (); CREATE TABLE h1 (id int, z text); CREATE TABLE h2 (id int, z text); CREATE TABLE h3 (z text);
        INSERT INTO h2 VALUES (1, 'plain'); CREATE VIEW h4 AS SELECT note FROM visits";
    psql::run(&stack.owner(), before)?.success()?;
    run(&stack.alice()?, "SELECT * FROM h1, h2, h3")?;
    let mut holder = Session::start(&stack.owner())?;
    holder.expect("BEGIN;", "BEGIN")?;
    holder.expect("LOCK TABLE gate IN SHARE ROW EXCLUSIVE MODE;", "LOCK TABLE")?;
    let alice = stack.alice()?;
    let text =
        "LOCK TABLE gate IN SHARE MODE; INSERT INTO h1 SELECT p.id, z FROM h2 JOIN people p USING (id)";
    let waiter = std::thread::spawn(move || psql::run(&alice, text));
    wait::until("somebody to wait for the lock", Duration::from_secs(20), || {
        let waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted";
        Ok((psql::run(&stack.owner(), waiting)?.success()?.trim() != "0").then_some(()))
    })?;
    let change = "INSERT INTO h3 SELECT last_name FROM people; CREATE OR REPLACE VIEW h4 AS SELECT last_name AS note FROM people; SELECT * FROM h4";
    psql::run(&stack.alice()?, change)?.success()?;
    holder.expect("COMMIT;", "COMMIT")?;
    let Ok(waited) = waiter.join() else { bail!("who waits panicked") };
    waited?.success()?;
    assert_eq!(psql::run(&stack.alice()?, "SELECT id, z FROM h1")?.success()?, "1|plain\n");
    assert_eq!(holder.quit()?, 0);
    Ok(())
}

/// What is there before, a function that waits with its third row, and what somebody does meanwhile. `#` is a number.
const ON_ITS_WAY: [[&str; 3]; 3] = [
    [
        "CREATE TABLE k#t (z text); CREATE FUNCTION k#(int) RETURNS text LANGUAGE plpgsql AS $$ BEGIN IF $1 = 3 THEN LOCK TABLE gate IN SHARE MODE; END IF;
         RETURN (SELECT max(z) FROM k#t); END $$",
        "k#",
        "INSERT INTO k#t SELECT email FROM people",
    ],
    [
        "CREATE FUNCTION l#(int) RETURNS text LANGUAGE plpgsql AS $$ BEGIN IF $1 = 3 THEN LOCK TABLE gate IN SHARE MODE; END IF; RETURN 'x'; END $$",
        "l#",
        "CREATE OR REPLACE FUNCTION l#(int) RETURNS text LANGUAGE plpgsql AS $$ BEGIN RETURN (SELECT email FROM people WHERE id = 1); END $$",
    ],
    [
        "CREATE FUNCTION m#f() RETURNS text LANGUAGE sql AS $$ SELECT 'x'::text $$;
         CREATE FUNCTION m#(int) RETURNS text LANGUAGE plpgsql AS $$ BEGIN IF $1 = 3 THEN LOCK TABLE gate IN SHARE MODE; END IF; RETURN m#f(); END $$",
        "m#",
        "CREATE OR REPLACE FUNCTION m#f() RETURNS text LANGUAGE sql AS $$ SELECT email FROM people WHERE id = 1 $$",
    ],
];

/// The rows of `text`, whose third waits until somebody has done `change`.
fn with_change_meanwhile(stack: &crate::stack::Stack, text: &str, change: &str) -> Result<psql::Output> {
    let mut holder = Session::start(&stack.owner())?;
    holder.expect("BEGIN;", "BEGIN")?;
    holder.expect("LOCK TABLE gate IN SHARE ROW EXCLUSIVE MODE;", "LOCK TABLE")?;
    let (alice, text) = (stack.alice()?, text.to_owned());
    let waiter = std::thread::spawn(move || psql::run(&alice, &text));
    wait::until("somebody to wait for the lock", Duration::from_secs(20), || {
        let waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted";
        Ok((psql::run(&stack.owner(), waiting)?.success()?.trim() != "0").then_some(()))
    })?;
    psql::run(&stack.alice()?, change)?.success()?;
    holder.expect("COMMIT;", "COMMIT")?;
    let Ok(waited) = waiter.join() else { bail!("who waits panicked") };
    assert_eq!(holder.quit()?, 0);
    waited
}

/// Long enough for the server to send each row at once.
fn on_its_way(function: &str) -> [String; 4] {
    let query = format!("SELECT {function}(g), repeat('-', 9000) FROM generate_series(1, 6) g");
    [
        format!("COPY ({query}) TO STDOUT"),
        format!("COPY ({query}) TO STDOUT (FORMAT csv, HEADER)"),
        query.clone(),
        format!("SELECT 1; COPY ({query}) TO STDOUT"),
    ]
}

#[test]
fn rows_on_their_way_show_nothing_that_has_become_sensitive() -> Result<()> {
    let stack = with_objects_of(Values::Names, "")?;
    psql::run(&stack.owner(), "CREATE TABLE gate ()")?.success()?;
    let mut wrong = String::new();
    for case in ON_ITS_WAY {
        for way in 0..on_its_way("").len() {
            // Each has its own: what was harmless is so again.
            let [before, function, change] =
                case.map(|part| Values::Names.of(&part.replace('#', &way.to_string())));
            let text = &on_its_way(&function)[way];
            psql::run(&stack.owner(), &before)?.success()?;
            // It is known.
            run(
                &stack.alice()?,
                "CREATE VIEW seen_by_all AS SELECT id FROM visits; SELECT * FROM seen_by_all",
            )?;
            let waited = with_change_meanwhile(&stack, text, &change)?;
            let rows = waited.stdout.lines().count();
            // Of what stands in a string with others nobody has asked for the columns: the session ends.
            assert!([6, 7, 6, rows][way] == rows, "{text}: {rows} {}", waited.stderr);
            if shows_canary(&waited) {
                writeln!(wrong, "leaks: {text}\n{}", waited.stdout.replace('-', ""))?;
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
    Ok(())
}

#[test]
fn rows_on_their_way_stay_in_clear_where_what_changes_is_something_else() -> Result<()> {
    let stack = with_objects_of(Values::Names, "")?;
    let before = "CREATE TABLE gate (); CREATE TABLE n1 (z text); INSERT INTO n1 VALUES ('plain'); CREATE TABLE n2 (z text);
        CREATE FUNCTION n(int) RETURNS text LANGUAGE plpgsql AS $$ BEGIN IF $1 = 3 THEN LOCK TABLE gate IN SHARE MODE; END IF;
        RETURN (SELECT max(z) FROM n1); END $$";
    psql::run(&stack.owner(), before)?.success()?;
    run(&stack.alice()?, "SELECT * FROM n1, n2")?;
    let change = "INSERT INTO n2 SELECT last_name FROM people; CREATE OR REPLACE VIEW n3 AS SELECT last_name AS note FROM people; SELECT * FROM n3; INSERT INTO n1 VALUES ('other')";
    for text in on_its_way("n") {
        let waited = with_change_meanwhile(&stack, &text, change)?.success()?;
        assert_eq!(waited.matches("plain").count(), 6, "{text}: {}", waited.replace('-', ""));
    }
    Ok(())
}
