//! Keys of JSON and hstore say what stands behind them, as names of columns do.

use std::fmt::Write;
use std::time::Duration;

use anyhow::Result;
use e2e::login::Login;
use e2e::psql::{self, Output};
use e2e::wait;

use crate::driver::{block_on, connect};
use crate::leaks::{assert_no_leak, cases, run};
use crate::stack::Stack;

/// How long values may take to be looked at.
const LOOK_WAIT: Duration = Duration::from_secs(60);

fn shows_canary(output: &Output) -> bool {
    format!("{}{}", output.stdout, output.stderr).to_ascii_lowercase().contains("canary")
}

/// A database whose documents have been looked at.
fn with_documents() -> Result<(Stack, Login)> {
    let stack = Stack::start()?;
    // The extension is the superuser's to make.
    psql::run(&stack.superuser(), "CREATE EXTENSION hstore")?.success()?;
    psql::run(&stack.owner(), include_str!("documents/objects.sql"))?.success()?;
    let alice = stack.alice()?;
    for (query, expected) in [
        ("SELECT repeat(data::text, 2) FROM profiles WHERE id = 1", "***"),
        ("SELECT length(extra::text), length(body), length(raw::text) FROM profiles WHERE id = 1", "||"),
        ("SELECT substr(d::text, 1, 1) FROM profile_view WHERE id = 1", "***"),
        ("SELECT length(many::text) FROM profiles WHERE id = 1", ""),
        ("SELECT substr(js::text, 1, 1) FROM neutral WHERE id = 1", "***"),
    ] {
        wait::until(query, LOOK_WAIT, || {
            Ok((psql::run_with(&alice, &["-At"], query)?.success()?.trim() == expected).then_some(()))
        })?;
    }
    Ok((stack, alice))
}

#[test]
fn what_stands_behind_a_key_that_says_so_is_not_shown() -> Result<()> {
    let (stack, alice) = with_documents()?;
    assert_no_leak(include_str!("documents/attacks.sql"), &stack.superuser(), &alice, shows_canary)
}

#[test]
fn what_stands_behind_other_keys_comes_through_as_it_is() -> Result<()> {
    let (stack, alice) = with_documents()?;
    let mut wrong = String::new();
    for text in cases(include_str!("documents/harmless.sql")) {
        let (through, direct) = (run(&alice, text)?, run(&stack.owner(), text)?);
        if (&through.stdout, &through.stderr) != (&direct.stdout, &direct.stderr) {
            writeln!(
                wrong,
                "{text}\n{}{}\n{}{}",
                direct.stdout, direct.stderr, through.stdout, through.stderr
            )?;
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
    Ok(())
}

#[test]
fn a_document_keeps_its_form_and_what_else_is_in_it() -> Result<()> {
    let (_stack, alice) = with_documents()?;
    let shown = |query: &str| psql::run_with(&alice, &["-At"], query)?.success();
    assert_eq!(
        shown("SELECT raw FROM profiles WHERE id = 1")?.trim(),
        r#"{"theme": "dark", "lastName": "***"}"#
    );
    assert_eq!(
        shown("SELECT body FROM profiles WHERE id = 1")?.trim(),
        r#"{"theme": "dark", "lastName": "***"}"#
    );
    assert_eq!(
        shown("SELECT extra FROM profiles WHERE id = 1")?.trim(),
        r#""theme"=>"dark", "surname"=>"***""#
    );
    assert_eq!(
        shown("SELECT data->'contact', data - 'prev' - 'shipping' FROM profiles WHERE id = 1")?.trim(),
        r#"{"zip": "***", "lang": "en"}|{"items": [{"sku": "A1", "price": 3}], "theme": "dark", "amount": 1, "contact": {"zip": "***", "lang": "en"}, "friends": [{"surname": "***"}], "lastName": "***"}"#
    );
    // Texts that differ in a literal alone do not say the same where it is a key.
    for (key, expected) in [("theme", "dark"), ("lastName", "***"), ("theme", "dark")] {
        assert_eq!(
            shown(&format!("SELECT data->>'{key}' FROM profiles WHERE id = 7"))?.trim(),
            expected,
            "{key}"
        );
        assert_eq!(
            shown(&format!("SELECT data['{key}']::text FROM profiles WHERE id = 7"))?
                .trim()
                .trim_matches('"'),
            expected,
            "{key}"
        );
    }
    Ok(())
}

#[test]
fn keys_that_are_parameters_are_known_by_what_they_are_bound_to() -> Result<()> {
    let (_stack, alice) = with_documents()?;
    block_on(async {
        let client = connect(&alice).await?;
        for (query, keys) in [
            ("SELECT data->>$1 FROM profiles WHERE id = 7", &[("theme", "dark"), ("lastName", "***")]),
            (
                "SELECT p.extra->$1::text FROM profiles p WHERE id = 1",
                &[("theme", "dark"), ("surname", "***")],
            ),
            ("SELECT data->'contact'->>($1) FROM profiles WHERE id = 1", &[("lang", "en"), ("zip", "***")]),
            (
                "SELECT jsonb_extract_path_text(data, 'contact', $1) FROM profiles WHERE id = 1",
                &[("lang", "en"), ("zip", "***")],
            ),
            (
                "SELECT d->'contact'->>$1 FROM (SELECT data AS d FROM profiles WHERE id = 1) AS p",
                &[("lang", "en"), ("zip", "***")],
            ),
        ] {
            let statement = client.prepare(query).await?;
            for (key, expected) in [keys[0], keys[1], keys[0], keys[1]] {
                let row = client.query_one(&statement, &[&key]).await?;
                assert_eq!(row.get::<_, &str>(0), expected, "{query}, {key}");
            }
        }
        let query = "SELECT data->'items'->$1::int->>'sku', $2::text FROM profiles WHERE id = 1";
        let row = client.query_one(query, &[&0_i32, &"surname"]).await?;
        assert_eq!((row.get::<_, &str>(0), row.get::<_, &str>(1)), ("A1", "surname"));
        let statement = client.prepare("SELECT data #>> $1 FROM profiles WHERE id = 1").await?;
        for (keys, expected) in
            [(["contact", "lang"], "en"), (["contact", "zip"], "***"), (["items", "n,0"], "***")]
        {
            let row = client.query_one(&statement, &[&keys.as_slice()]).await?;
            assert_eq!(row.get::<_, Option<&str>>(0).unwrap_or("***"), expected, "{keys:?}");
        }
        // Which of them, only the server knows.
        let row = client.query_one("SELECT data->>lower($1) FROM profiles WHERE id = 7", &[&"THEME"]).await?;
        assert_eq!(row.get::<_, &str>(0), "***");
        Ok(())
    })
}

/// Of a document that nobody knows anything of, a key tells wherever its value is taken to.
#[test]
fn what_is_behind_keys_that_are_parameters_stays_hidden_where_it_is_written() -> Result<()> {
    let stack = Stack::start()?;
    let made = "CREATE TABLE papers (id int, data jsonb); CREATE TABLE taken (a text, b text); CREATE TABLE parts (a jsonb);
        INSERT INTO papers VALUES (1, '{\"surname\": \"Canary\", \"plan\": \"gold\"}')";
    psql::run(&stack.owner(), made)?.success()?;
    block_on(async {
        let client = connect(&stack.alice()?).await?;
        let write = client.prepare("INSERT INTO taken SELECT data ->> $1, data ->> $2 FROM papers").await?;
        for key in ["plan", "surname"] {
            client.execute(&write, &[&key, &"plan"]).await?;
        }
        client.execute("INSERT INTO parts SELECT data -> $1 FROM papers", &[&"surname"]).await?;
        for query in ["SELECT a FROM taken", "SELECT upper(a) FROM taken", "SELECT a::text || '' FROM parts"]
        {
            for row in client.query(query, &[]).await? {
                assert_eq!(row.get::<_, Option<&str>>(0), Some("***"), "{query}");
            }
        }
        let error = client.execute("SELECT (data ->> $1)::int FROM papers", &[&"surname"]).await.unwrap_err();
        let message = error.as_db_error().map(|error| error.message().to_owned()).unwrap_or_default();
        anyhow::ensure!(!message.is_empty() && !message.contains("Canary"), "{message}");
        Ok(())
    })
}

#[test]
fn documents_that_nobody_has_looked_at_yet_hide_what_their_keys_name() -> Result<()> {
    let stack = Stack::start()?;
    let alice = stack.alice()?;
    let made = "CREATE TABLE fresh (id int, data jsonb); INSERT INTO fresh VALUES (1, '{\"surname\": \"Canary\", \"n\": 1}');";
    psql::run(&stack.owner(), made)?.success()?;
    for (query, expected) in [
        ("SELECT data FROM fresh", r#"{"n": 1, "surname": "***"}"#),
        ("SELECT data->>'surname', data->>'n', (data->>'n')::int + 1 FROM fresh", "***|1|2"),
    ] {
        // Where the table is looked at in between, more is masked for a moment.
        wait::until(query, LOOK_WAIT, || {
            let shown = psql::run_with(&alice, &["-At"], query)?.success()?;
            assert!(!shown.contains("Canary"), "{shown}");
            Ok((shown.trim() == expected).then_some(()))
        })?;
    }
    Ok(())
}

/// What a table holds that was empty when it was looked at is told by its keys alone.
#[test]
fn what_is_taken_out_of_documents_that_nobody_has_looked_at_is_called_as_the_key_was() -> Result<()> {
    let stack = Stack::start()?;
    let alice = stack.alice()?;
    psql::run(&stack.owner(), "CREATE TABLE late (id int, data jsonb)")?.success()?;
    wait::until("the table in the catalog", LOOK_WAIT, || {
        Ok((psql::run(&alice, "SELECT * FROM late")?.code == 0).then_some(()))
    })?;
    let late = "INSERT INTO late VALUES (1, '{\"theme\": \"dark\", \"firstName\": \"Canary\", \"items\": [{\"firstName\": \"Canary\"}]}')";
    psql::run(&stack.owner(), late)?.success()?;
    for query in [
        "SELECT data->>'firstName' FROM late",
        "SELECT * FROM late a, (SELECT data->>'firstName' AS z FROM late) l",
        "SELECT coalesce(json_agg(q), '[]') FROM (SELECT * FROM (SELECT data->>'firstName' AS z FROM late) p) q",
        "SELECT x.* FROM late, jsonb_to_record(data) x(\"firstName\" text)",
        "SELECT \"firstName\" FROM late, jsonb_to_record(data) x(theme text, \"firstName\" text)",
        "SELECT x.* FROM late, jsonb_to_recordset(data->'items') x(\"firstName\" text)",
    ] {
        let shown = run(&alice, query)?;
        assert!(!shows_canary(&shown), "{query}: {}", shown.stdout);
    }
    let theme = "SELECT theme FROM late, jsonb_to_record(data) x(theme text)";
    assert_eq!(psql::run_with(&alice, &["-At"], theme)?.success()?.trim(), "dark");
    Ok(())
}

/// Ways out of a document besides the result of a SELECT, and out of what stands behind its keys.
const TAKEN_ELSEWHERE: [&str; 22] = [
    "CREATE TEMP TABLE zz AS SELECT * FROM late a, (SELECT data->>'firstName' AS z FROM late) l; SELECT z FROM zz",
    "CREATE TEMP TABLE zz AS SELECT * FROM late a, (SELECT data->>'firstName' AS z FROM late) l; TABLE zz",
    "CREATE TEMP TABLE zz AS SELECT data->>'firstName' AS z FROM late; SELECT * FROM zz",
    "SELECT data #>> '{items,0,firstName}' AS z INTO TEMP zz FROM late; SELECT * FROM zz",
    "CREATE TEMP TABLE zz (v text); INSERT INTO zz SELECT data['firstName']::text FROM late; SELECT v FROM zz",
    "CREATE TEMP TABLE zz (v text); INSERT INTO zz VALUES ('a'); UPDATE zz SET v = (SELECT data->>'firstName' FROM late); SELECT v FROM zz",
    "CREATE TEMP TABLE zz AS SELECT x.* FROM late, jsonb_to_record(data) x(\"firstName\" text); TABLE zz",
    "CREATE TEMP TABLE zz AS SELECT value AS v FROM late, jsonb_each_text(data); TABLE zz",
    "DECLARE cu CURSOR FOR SELECT * FROM late a, (SELECT data->>'firstName' AS z FROM late) l; FETCH cu",
    "CREATE TEMP VIEW vv AS SELECT a.*, l.* FROM late a, (SELECT data->>'firstName' AS z FROM late) l; SELECT z FROM vv",
    "DO $$declare r record; begin for r in SELECT * FROM late a, (SELECT data->>'firstName' AS z FROM late) l loop raise notice '%', r.z; end loop; end$$",
    "DO $$declare r record; begin for r in SELECT * FROM late loop raise notice '%', r.data->>'firstName'; end loop; end$$",
    "DO $$declare r record; begin for r in SELECT * FROM late loop raise exception '%', r.data #>> '{firstName}'; end loop; end$$",
    "SELECT x FROM late a, jsonb_to_record(data) x(\"firstName\" text)",
    "SELECT y.f FROM late a, jsonb_to_record(data) x(\"firstName\" text), LATERAL (SELECT \"firstName\") y(f)",
    "SELECT k FROM late a, jsonb_each_text(data) y(f, k)",
    "SELECT value FROM late, jsonb_each_text(data)",
    "SELECT (jsonb_each_text(data)).value FROM late",
    "SELECT f FROM late a, jsonb_path_query(data, '$.firstName') y(f)",
    "SELECT jsonb_path_query(data, '$.items[*].\"firstName\"') FROM late",
    "SELECT taken(data) FROM late",
    "CREATE TABLE papers (id int, data jsonb); INSERT INTO papers SELECT id, data FROM late; CREATE TEMP TABLE zz AS SELECT *, data->>'firstName' AS z FROM papers; SELECT z FROM zz",
];

/// The same of members that say nothing.
const HARMLESS_ELSEWHERE: [&str; 9] = [
    "CREATE TEMP TABLE yy AS SELECT id, data->>'theme' AS z FROM late; SELECT * FROM yy",
    "CREATE TEMP TABLE yy (v text); INSERT INTO yy SELECT data['theme']::text FROM late; SELECT v FROM yy",
    "DECLARE cu CURSOR FOR SELECT id, data->>'theme' FROM late; FETCH cu",
    "CREATE TEMP VIEW vv AS SELECT id, data->>'theme' AS z FROM late; SELECT z FROM vv",
    "DO $$declare r record; begin for r in SELECT * FROM late loop raise notice '%', r.data->>'theme'; end loop; end$$",
    "SELECT x.theme FROM late, jsonb_to_record(data) x(\"firstName\" text, theme text)",
    "SELECT f FROM late, jsonb_path_query(data, '$.theme') y(f)",
    "SELECT id, key FROM late, jsonb_each_text(data) ORDER BY key",
    "SELECT id, data->>'theme', (data->>'firstName') IS NULL FROM late",
];

/// A table of whose rows a policy decides is never looked at.
#[test]
fn keys_of_documents_that_nobody_looks_at_tell_wherever_they_are_taken_to() -> Result<()> {
    let stack = Stack::start()?;
    let alice = stack.alice()?;
    let made = "CREATE TABLE late (id int, data jsonb); ALTER TABLE late ENABLE ROW LEVEL SECURITY; \
        INSERT INTO late VALUES (1, '{\"theme\": \"dark\", \"firstName\": \"Canary\", \"items\": [{\"firstName\": \"Canary\"}]}'); \
        CREATE FUNCTION taken(d jsonb) RETURNS text LANGUAGE plpgsql AS \
        'declare v text; begin select data->>''firstName'' into v from late; return v; end'; \
        CREATE VIEW late_names AS SELECT id, data->>'firstName' AS z, data->>'theme' AS theme FROM late";
    psql::run(&stack.owner(), made)?.success()?;
    wait::until("the view in the catalog", LOOK_WAIT, || {
        let shown = psql::run_with(&alice, &["-At"], "SELECT * FROM late_names")?.success()?;
        Ok((shown.trim() == "1|***|dark").then_some(()))
    })?;
    let mut wrong = String::new();
    for text in TAKEN_ELSEWHERE {
        let direct = run(&stack.owner(), text)?;
        assert!(shows_canary(&direct), "{text} is no attack: {direct:?}");
        let through = run(&alice, text)?;
        if shows_canary(&through) {
            writeln!(wrong, "{text} leaks: {through:?}")?;
        }
    }
    for text in HARMLESS_ELSEWHERE {
        let (through, direct) = (run(&alice, text)?, run(&stack.owner(), text)?);
        if (&through.stdout, &through.stderr) != (&direct.stdout, &direct.stderr) {
            writeln!(wrong, "{text}: {direct:?} {through:?}")?;
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
    Ok(())
}

/// As nobody else sees them, their values are the session's own to look at.
#[test]
fn whole_rows_of_temporary_tables_are_searched() -> Result<()> {
    let stack = Stack::start()?;
    let alice = stack.alice()?;
    let make =
        "CREATE TEMP TABLE wa (email text, n text); INSERT INTO wa VALUES ('canary@secret.example', 'a')";
    for query in ["SELECT wa FROM wa", "SELECT q FROM (SELECT email FROM wa) q", "SELECT row(email) FROM wa"]
    {
        let mut session = psql::Session::start(&alice)?;
        session.ask(&format!("{make};"))?;
        let shown = session.ask(&format!("{query};"))?;
        assert!(!shown.contains("canary"), "{query}: {shown}");
    }
    Ok(())
}
