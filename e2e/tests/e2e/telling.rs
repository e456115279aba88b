//! What the server says of work that a statement sets going, and of work that is done at the end of its transaction, tells no value.

use anyhow::Result;
use bytes::BytesMut;
use e2e::login::Login;
use e2e::psql::{self, Output};
use postgres_protocol::message::frontend;

use crate::conversation::Client;
use crate::early_code;
use crate::leaks::{Values, assert_attacks_fail, cases, extended, run, run_binary, shows_canary, with_more};
use crate::stack::Stack;

fn with_code() -> Result<Stack> {
    with_more(Stack::owner, include_str!("leaks/telling_objects.sql"))
}

#[test]
fn messages_of_code_that_a_statement_sets_going_tell_nothing() -> Result<()> {
    assert_messages_tell_nothing(Values::Addresses)
}

#[test]
fn messages_tell_nothing_that_has_no_form() -> Result<()> {
    assert_messages_tell_nothing(Values::Names)
}

fn assert_messages_tell_nothing(values: Values) -> Result<()> {
    let (objects, attacks) = (include_str!("leaks/telling_objects.sql"), include_str!("leaks/telling.sql"));
    assert_attacks_fail(values, Stack::owner, objects, attacks)
}

#[test]
fn messages_that_tell_of_nothing_sensitive_come_through_word_for_word() -> Result<()> {
    let (stack, direct) = (with_code()?, with_code()?);
    for text in cases(include_str!("leaks/telling_harmless.sql")) {
        let (through, direct) = (run(&stack.alice()?, text)?, run(&direct.owner(), text)?);
        assert_eq!((&through.stdout, &through.stderr), (&direct.stdout, &direct.stderr), "{text}");
    }
    Ok(())
}

/// Checks that a value chooses, one for each letter.
const CHECKED: &str = "\
    CREATE DOMAIN first_letter AS text CONSTRAINT letter_a CHECK (value NOT LIKE 'a%') CONSTRAINT letter_b CHECK (value NOT LIKE 'b%'); \
    CREATE TABLE letters (v text CONSTRAINT letter_a CHECK (v NOT LIKE 'a%') CONSTRAINT letter_b CHECK (v NOT LIKE 'b%')); \
    CREATE TABLE letters_once (v text); INSERT INTO letters_once VALUES ('a'); \
    CREATE UNIQUE INDEX letter_a_once ON letters_once ((true)) WHERE v LIKE 'a%'; \
    CREATE FUNCTION cast_by_code() RETURNS text LANGUAGE sql AS 'SELECT email::first_letter::text FROM people WHERE id = 1'";

#[test]
fn names_of_constraints_that_a_value_chooses_are_hidden() -> Result<()> {
    let stack = with_code()?;
    psql::run(&stack.owner(), CHECKED)?.success()?;
    for text in [
        "SELECT email::first_letter FROM people WHERE id = 1",
        "SELECT id FROM people WHERE email::first_letter = 'x'",
        "SELECT cast_by_code()",
        "INSERT INTO letters SELECT email FROM people WHERE id = 1",
        "PREPARE p AS INSERT INTO letters SELECT email FROM people WHERE id = 1; EXECUTE p",
        "INSERT INTO letters_once SELECT email FROM people WHERE id = 1",
        "UPDATE letters SET v = email FROM people WHERE people.id = 1",
    ] {
        let before = "INSERT INTO letters VALUES ('x');";
        let text = format!("{before} {text}");
        let directly = run(&stack.owner(), &text)?;
        assert!(directly.stderr.contains("letter_a"), "{text}\n{}", directly.stderr);
        let through = run(&stack.alice()?, &text)?;
        assert!(
            through.stderr.contains("ERROR") && !through.stderr.contains("letter_a"),
            "{text}\n{}",
            through.stderr
        );
    }
    for text in ["INSERT INTO people (id, email) VALUES (1, 'x')", "INSERT INTO letters VALUES ('a')"] {
        let (through, directly) = (run(&stack.alice()?, text)?, run(&stack.owner(), text)?);
        let named =
            |output: &Output| ["people_pkey", "letter_a"].iter().any(|name| output.stderr.contains(name));
        assert!(named(&through) && named(&directly), "{text}\n{}", through.stderr);
    }
    Ok(())
}

fn shows(answer: &[u8]) -> bool {
    String::from_utf8_lossy(answer).contains("canary")
}

/// Parse, Bind, Execute without a Sync.
fn begun(text: &str) -> Result<BytesMut> {
    let mut messages = BytesMut::new();
    early_code::parse("", text, &mut messages)?;
    early_code::bind("", &[], &mut messages)?;
    frontend::execute("", 0, &mut messages)?;
    Ok(messages)
}

/// What is sent at once, up to so many ReadyForQuery.
fn conversations() -> Result<Vec<(&'static str, BytesMut, usize)>> {
    let (write, read) = ("INSERT INTO later VALUES (1)", "SELECT 1");
    let query = |text: &str| {
        let mut messages = BytesMut::new();
        frontend::query(text, &mut messages).map(|()| messages)
    };
    let joined = |parts: &[&BytesMut]| parts.iter().flat_map(|part| part.to_vec()).collect::<BytesMut>();
    let mut sync = BytesMut::new();
    frontend::sync(&mut sync);
    Ok(vec![
        ("a Sync ends the transaction", extended(write)?, 1),
        ("the last of a string does", query(&format!("{write}; {read}"))?, 1),
        ("the last of a string that reads nothing", query(&format!("{write}; {read}; SHOW search_path"))?, 1),
        ("a Query behind what has no Sync", joined(&[&begun(write)?, &query(read)?]), 1),
        (
            "a Sync behind harmless statements",
            joined(&[&begun(write)?, &begun(read)?, &begun(read)?, &sync]),
            1,
        ),
        ("COMMIT in a string", query(&format!("BEGIN; {write}; COMMIT; {read}"))?, 1),
        ("COMMIT in a section", joined(&[&begun("BEGIN")?, &begun(write)?, &begun("COMMIT")?, &sync]), 1),
        ("two sections", joined(&[&extended("BEGIN")?, &extended(write)?, &extended("COMMIT")?]), 3),
        ("a procedure ends it", joined(&[&begun(write)?, &begun("CALL ends()")?, &sync]), 1),
        (
            "SET CONSTRAINTS in a section",
            joined(&[&begun(write)?, &begun("SET CONSTRAINTS ALL IMMEDIATE")?, &sync]),
            1,
        ),
        ("a notice at the end", joined(&[&begun("UPDATE later SET n = 2")?, &begun(read)?, &sync]), 1),
        ("planning", extended("SELECT id FROM visits WHERE told_of('a')")?, 1),
        ("reading a constant", extended("SELECT '{a}'::asking[]")?, 1),
        ("planning with a notice", extended("SELECT whispered('a')")?, 1),
        ("planning through a view", extended("SELECT id FROM seen")?, 1),
        (
            "a parameter",
            {
                let mut messages = BytesMut::new();
                early_code::parse("", "SELECT $1::asking", &mut messages)?;
                early_code::bind("", &["a"], &mut messages)?;
                frontend::sync(&mut messages);
                messages
            },
            1,
        ),
        ("the description of a portal", joined(&[&begun("SELECT told()")?, &sync]), 1),
    ])
}

#[test]
fn messages_between_the_answers_tell_nothing() -> Result<()> {
    let stack = with_code()?;
    psql::run(&stack.owner(), "ALTER TABLE later DISABLE TRIGGER USER; INSERT INTO later VALUES (0); ALTER TABLE later ENABLE TRIGGER USER")?
        .success()?;
    for (what, messages, readies) in conversations()? {
        let direct = Client::connect(&stack.owner())?.exchange_bytes(&messages, readies)?;
        assert!(shows(&direct), "{what} is no attack: {}", String::from_utf8_lossy(&direct));
        let through = Client::connect(&stack.alice()?)?.exchange_bytes(&messages, readies)?;
        assert!(!shows(&through), "{what} leaks: {}", String::from_utf8_lossy(&through));
    }
    Ok(())
}

/// What one session has just made is not in the catalog yet when another uses it.
#[test]
fn what_was_made_a_moment_ago_tells_nothing() -> Result<()> {
    let stack = with_code()?;
    for (made, used) in [
        ("CREATE DOMAIN n1 AS text CHECK (told_of(VALUE))", "SELECT 'a'::n1"),
        ("CREATE INDEX ON visits (whispered(note))", "INSERT INTO visits VALUES (9, 9, 'a')"),
        ("CREATE OPERATOR <-~-> (leftarg = text, rightarg = text, function = over)", "SELECT 'a' <-~-> 'b'"),
        ("ALTER TABLE log ADD CHECK (told_of(what))", "INSERT INTO log VALUES ('a')"),
        ("CREATE TABLE n2 (LIKE checked INCLUDING ALL)", "INSERT INTO n2 VALUES (1)"),
        (
            "CREATE TYPE n3 AS (n int); CREATE FUNCTION n3(int) RETURNS n3 LANGUAGE plpgsql AS 'BEGIN PERFORM told(); RETURN NULL; END'; \
          CREATE CAST (int AS n3) WITH FUNCTION n3(int)",
            "SELECT 1::n3",
        ),
        (
            "CREATE TRIGGER tells BEFORE UPDATE ON visits FOR EACH ROW EXECUTE FUNCTION tells()",
            "UPDATE visits SET note = 'b'",
        ),
    ] {
        let (alice, text) = (stack.alice()?, format!("{made}; COMMIT; {used}"));
        let output = psql::run(&alice, &format!("BEGIN; {made}; COMMIT"))?;
        assert!(!output.stderr.contains("Picket refused"), "{made}: {}", output.stderr);
        let output = psql::run(&alice, used)?;
        assert!(!shows_canary(&output) && !output.stderr.contains("does not exist"), "{text}: {output:?}");
        assert!(shows_canary(&psql::run(&stack.owner(), used)?), "{text} is no attack");
    }
    Ok(())
}

/// A message has a code of five letters, which code can choose.
#[test]
fn codes_of_messages_tell_nothing() -> Result<()> {
    let stack = with_code()?;
    let begin = "DO $$ DECLARE v text; BEGIN SELECT email INTO v FROM people WHERE id = 1;";
    for text in [
        &format!("{begin} RAISE NOTICE 'x' USING ERRCODE = upper(substr(v, 1, 5)); END $$"),
        &format!("{begin} RAISE USING MESSAGE = 'x', ERRCODE := upper(substr(v, 1, 5)); END $$"),
        &format!(
            "{begin} v := upper(substr(v, 1, 5)); RAISE EXCEPTION 'x' USING errcode = v, HINT = 'y'; END $$"
        ),
        &format!("{begin} RAISE NOTICE 'x' USING ERRCODE = 'ALIC' || upper(substr(v, 5, 1)); END $$"),
    ] {
        let tells = |login: &Login| -> Result<bool> { Ok(run_binary(login, text)?.stdout.contains("ALICE")) };
        assert!(tells(&stack.owner())?, "is no attack: {text}");
        assert!(!tells(&stack.alice()?)?, "leaks: {text}");
    }
    let constant = "DO $$ DECLARE v text; BEGIN SELECT email INTO v FROM people WHERE id = 1; \
        RAISE NOTICE 'x' USING ERRCODE = 'ALICE'; END $$";
    assert!(run_binary(&stack.alice()?, constant)?.stdout.contains("ALICE"), "a constant is hidden");
    Ok(())
}

/// The trigger of the extension `tcn` notifies the primary key.
#[test]
fn what_tcn_notifies_tells_nothing() -> Result<()> {
    let stack = with_code()?;
    psql::run(&stack.superuser(), "CREATE EXTENSION tcn")?.success()?;
    let trigger = "FOR EACH ROW EXECUTE FUNCTION triggered_change_notification()";
    let objects = format!(
        "CREATE TABLE by_name (last_name text PRIMARY KEY, n int); INSERT INTO by_name VALUES ('alicecanary', 1); \
        CREATE TRIGGER t AFTER UPDATE ON by_name {trigger}; \
        CREATE TABLE by_number (n int PRIMARY KEY, last_name text); INSERT INTO by_number VALUES (7, 'alicecanary'); \
        CREATE TRIGGER t AFTER UPDATE ON by_number {trigger}"
    );
    psql::run(&stack.owner(), &objects)?.success()?;
    let own = format!(
        "CREATE TABLE by_value (v text PRIMARY KEY, n int);\nINSERT INTO by_value SELECT last_name, 1 FROM by_name;\n\
        CREATE TRIGGER t AFTER UPDATE ON by_value {trigger};\nLISTEN tcn;\nUPDATE by_value SET n = 2 WHERE n = 1;\nDROP TRIGGER t ON by_value;\n"
    );
    for text in ["LISTEN tcn;\nUPDATE by_name SET n = 2 WHERE n > 0;\n", &own] {
        let tells = |login: &Login| -> Result<String> { Ok(psql::run_with(login, &[], text)?.stdout) };
        let (through, direct) = (tells(&stack.alice()?)?, tells(&stack.owner())?);
        assert!(direct.contains("alicecanary") || text == own, "is no attack: {text}\n{direct}");
        assert!(through.contains("tcn") && !through.contains("alicecanary"), "{text}\n{through}");
    }
    let harmless = "LISTEN tcn;\nUPDATE by_number SET last_name = 'x' WHERE n = 7;\n";
    let through = psql::run_with(&stack.alice()?, &[], harmless)?.stdout;
    assert!(through.contains(r#""by_number",U,"n"='7'"#), "{through}");
    Ok(())
}
