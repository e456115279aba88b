//! COPY to the client: what is sensitive comes masked, in every form, and everything else as it is.

use std::io::{Read, Write};

use anyhow::Result;
use e2e::login::Login;
use e2e::{psql, psycopg};

use crate::conversation::{Client, message, query};
use crate::stack::{Stack, number, words};

/// Values that each form must write with care, one row as long as several messages.
const ODD: &str = r#"
    CREATE TABLE odd (id int PRIMARY KEY, email text, note text, phone varchar(20), half int GENERATED ALWAYS AS (id / 2) STORED, ssn int);
    INSERT INTO odd VALUES
        (1, 'bob@shop.org', E'a\tb\nc\\d"e''f,g|h', '+49 30 123456', DEFAULT, 9),
        (2, E'o"d\\d\n,@x.org', NULL, NULL, DEFAULT, NULL),
        (3, '', '', '', DEFAULT, 1),
        (4, NULL, '\.', '\N', DEFAULT, 2),
        (5, repeat('x', 100000) || '@y.org', repeat(E'é\n', 50000), '12345', DEFAULT, 3),
        (6, 'ünï@x.org', 'ü', '0151 23456789', DEFAULT, 3);
"#;

/// The masks of it, to be compared with. A COPY of this as it is must be what a COPY of the other is masked.
const MASKED: &str = r#"
    CREATE TABLE plain (id int PRIMARY KEY, a text, note text, c varchar(20), half int GENERATED ALWAYS AS (id / 2) STORED, d int);
    INSERT INTO plain VALUES
        (1, 'b***@***.org', E'a\tb\nc\\d"e''f,g|h', '+** ** ****56', DEFAULT, NULL),
        (2, 'o***@***.org', NULL, NULL, DEFAULT, NULL),
        (3, '', '', '', DEFAULT, NULL),
        (4, NULL, '\.', '\*', DEFAULT, NULL),
        (5, 'x***@***.org', repeat(E'é\n', 50000), '***45', DEFAULT, NULL),
        (6, 'ü***@***.org', 'ü', '**** ******89', DEFAULT, NULL);
"#;

fn with_both() -> Result<Stack> {
    let stack = Stack::start()?;
    psql::run(&stack.owner(), ODD)?.success()?;
    psql::run(&stack.owner(), MASKED)?.success()?;
    Ok(stack)
}

/// What psql writes of a COPY, byte for byte.
fn copied(login: &Login, statement: &str) -> Result<String> {
    psql::run_with(login, &["-q", "-v", "ON_ERROR_STOP=1"], &format!("{statement};\n"))?.success()
}

#[test]
fn every_form_is_written_as_postgresql_writes_what_is_masked() -> Result<()> {
    let stack = with_both()?;
    let (alice, owner) = (stack.alice()?, stack.owner());
    for options in [
        "",
        "(FORMAT text, DELIMITER '|', NULL 'none', HEADER)",
        "(DELIMITER '*')",
        "(FORMAT csv)",
        "CSV HEADER DELIMITER ';' QUOTE '''' ESCAPE '\\'",
        "(FORMAT csv, NULL '\\N', HEADER true, DELIMITER E'\\t')",
        "(FORMAT csv, QUOTE '*', ESCAPE '@')",
        "(ENCODING 'UTF8')",
        "(ENCODING 'LATIN1', FORMAT csv)",
    ] {
        for (of_odd, of_plain) in [
            ("odd", "plain"),
            ("odd (email, id, ssn)", "plain (a, id, d)"),
            ("odd (ssn, phone)", "plain (d, c)"),
            ("(SELECT * FROM odd ORDER BY id)", "(SELECT * FROM plain ORDER BY id)"),
            ("(SELECT id, email, note AS m FROM odd)", "(SELECT id, a, note AS m FROM plain)"),
        ] {
            // What is not ASCII is masked whole there.
            if options.contains("LATIN1") && !of_odd.contains("(ssn") {
                continue;
            }
            let through = copied(&alice, &format!("COPY {of_odd} TO STDOUT {options}"))?;
            let direct = copied(&owner, &format!("COPY {of_plain} TO STDOUT {options}"))?;
            let names = |text: &str| match text.lines().next() {
                Some(first) if options.to_ascii_uppercase().contains("HEADER") => text.replacen(first, "", 1),
                _ => text.to_owned(),
            };
            // Values stay quoted where they were.
            let plain = |text: &str| match options.to_ascii_lowercase().contains("csv") {
                true => names(text).replace(['"', '\'', '\\', '*', '@'], ""),
                false => names(text),
            };
            assert!(
                plain(&through) == plain(&direct),
                "COPY {of_odd} TO STDOUT {options}:\n{:.600}\n{:.600}",
                through,
                direct
            );
        }
    }
    Ok(())
}

#[test]
fn psql_copies_it_to_files() -> Result<()> {
    let stack = with_both()?;
    let (through, direct) = (
        copied(&stack.alice()?, "\\copy (SELECT id, email FROM odd WHERE id < 3) to stdout csv header")?,
        copied(
            &stack.owner(),
            "\\copy (SELECT id, a AS email FROM plain WHERE id < 3) to stdout csv header",
        )?,
    );
    assert_eq!(through.replace('"', ""), direct.replace('"', ""));
    Ok(())
}

/// psycopg reads each message as a row.
#[test]
fn psycopg_reads_it_as_rows_in_text_and_binary() -> Result<()> {
    let stack = with_both()?;
    let script = |text: &str, options: &str, types: &str| {
        format!(
            "with db.cursor() as c, c.copy(\"COPY {text} TO STDOUT {options}\") as copy:\n    copy.set_types({types})\n    print([r for r in copy.rows()])"
        )
    };
    for (options, types) in
        [("", "['int4','text','varchar','int4']"), ("(FORMAT binary)", "['int4','text','varchar','int4']")]
    {
        let run = |login: &Login, text: &str| -> Result<String> {
            psycopg::run(login, "", &script(text, options, types))?.map_err(anyhow::Error::msg)
        };
        let through = run(&stack.alice()?, "odd (id, email, phone, ssn)")?;
        assert_eq!(through, run(&stack.owner(), "plain (id, a, c, d)")?);
        assert!(through.contains("(1, 'b***@***.org', '+** ** ****56', None)"), "{through}");
    }
    Ok(())
}

#[test]
fn everything_is_as_without_a_proxy_but_the_values() -> Result<()> {
    let stack = with_both()?;
    psql::run(&stack.owner(), "CREATE VIEW v AS SELECT * FROM odd")?.success()?;
    let script = "
        BEGIN;
        PREPARE kept AS SELECT 1;
        COPY odd (id, email) TO STDOUT;
        COPY nowhere TO STDOUT;
        COPY odd (id, email) TO STDOUT;
        ROLLBACK;
        COPY odd (id, nothing) TO STDOUT;
        COPY odd (id, id, email) TO STDOUT;
        COPY (SELECT id, nothing FROM odd) TO STDOUT;
        COPY (SELECT id, email FROM odd WHERE id = 1 / (id - 1)) TO STDOUT;
        COPY (DELETE FROM odd WHERE false) TO STDOUT;
        COPY (DELETE FROM odd WHERE false RETURNING email) TO STDOUT;
        COPY odd TO STDOUT (FORMAT csv, DELIMITER '\"', QUOTE '\"');
        COPY v TO STDOUT;
        COPY (SELECT id FROM odd WHERE id = 1) TO STDOUT;
        SELECT count(*) FROM pg_prepared_statements WHERE name = 'picket copy';
    ";
    let run = |login: &Login| -> Result<String> {
        let output = psql::run_with(login, &["-At", "-v", "VERBOSITY=default"], script)?;
        Ok(format!("{}{}", output.stdout, output.stderr))
    };
    let masked = |text: String| {
        let direct = text.replace("bob@shop.org", "b***@***.org").replace("ünï@x.org", "ü***@***.org");
        let direct = direct.replace(&format!("{}@y.org", "x".repeat(100_000)), "x***@***.org");
        direct.replace("o\"d\\\\d\\n,@x.org", "o***@***.org")
    };
    assert_eq!(run(&stack.alice()?)?, masked(run(&stack.owner())?));
    Ok(())
}

#[test]
fn what_is_copied_is_recorded_with_its_columns() -> Result<()> {
    let stack = with_both()?;
    copied(&stack.alice()?, "COPY odd (id, email) TO STDOUT")?;
    let row = stack.statement("COPY odd (id, email) TO STDOUT")?;
    assert_eq!(number(&row, "rows")?, 6);
    assert_eq!(words(&row, "masked_columns")?, ["public.odd.email"]);
    assert!((1..=6).contains(&number(&row, "masked_values")?), "{row}");
    Ok(())
}

/// EXECUTE runs what the protocol has prepared, and what a COPY that failed has left behind.
#[test]
fn a_copy_that_is_run_by_execute_is_masked_or_refused() -> Result<()> {
    let stack = with_both()?;
    let mut client = Client::connect(&stack.alice()?)?;
    let prepare = |client: &mut Client, name: &str, text: &str| {
        let parse = message(b'P', format!("{name}\0{text}\0\0\0").as_bytes());
        client.exchange(&[parse, message(b'S', b"")].concat(), 1)
    };
    for (name, text) in [
        ("relation", "COPY odd TO STDOUT"),
        ("query", "COPY (SELECT email FROM odd) TO STDOUT WITH (FORMAT csv)"),
        ("bytes", "COPY odd TO STDOUT WITH (FORMAT binary)"),
    ] {
        assert_eq!(prepare(&mut client, name, text)?, "parsed ready:I");
        let answer = client.exchange_bytes(&query(&format!("EXECUTE {name}")), 1)?;
        let answer = String::from_utf8_lossy(&answer).into_owned();
        assert!(answer.contains("copy-masked") && !answer.contains("shop.org"), "{text}: {answer}");
    }
    // What has nothing sensitive is copied, and by whoever may see it.
    assert_eq!(prepare(&mut client, "cities", "COPY (SELECT 1) TO STDOUT")?, "parsed ready:I");
    let copied = client.exchange_bytes(&query("EXECUTE cities"), 1)?;
    assert!(copied.windows(3).any(|bytes| bytes == b"1\nc"), "{}", copied.escape_ascii());
    // The proxy's own statement stays where a COPY fails on its way.
    let slow = "SET statement_timeout = '200ms'; COPY (SELECT email, pg_sleep(0.1) FROM odd) TO STDOUT";
    for text in slow.split("; ") {
        client.exchange_bytes(&query(text), 1)?;
    }
    client.exchange_bytes(&query("RESET statement_timeout"), 1)?;
    client.stream.write_all(&query("EXECUTE \"picket copy\""))?;
    let mut rest = Vec::new();
    client.stream.read_to_end(&mut rest)?;
    let rest = String::from_utf8_lossy(&rest).into_owned();
    assert!(!rest.contains("shop.org"), "{rest}");
    Ok(())
}

/// Arrays and documents keep their form, in results and COPY, as text and in binary.
#[test]
fn arrays_and_documents_are_masked_within() -> Result<()> {
    let stack = Stack::start()?;
    let tables = r#"
        CREATE TABLE contacts (id int, emails text[], address jsonb);
        INSERT INTO contacts VALUES
            (1, ARRAY['bob@shop.org', NULL, 'a, "b"@x.org'], '{"street": "Elm St 5", "floor": 3, "parts": ["a", {}]}'),
            (2, '{}', NULL)"#;
    psql::run(&stack.owner(), tables)?.success()?;
    let row = "['b***@***.org', None, 'a***@***.org'] {'floor': None, 'parts': ['***', {}], 'street': '***'}";
    let script = "
for binary in (False, True):
    row = db.cursor(binary=binary).execute('SELECT emails, address FROM contacts ORDER BY id').fetchone()
    print(row[0], row[1])
    with db.cursor() as c, c.copy('COPY contacts TO STDOUT' + (' (FORMAT binary)' if binary else '')) as copy:
        copy.set_types(['int4', 'text[]', 'jsonb'])
        row = next(copy.rows())
        print(row[1], row[2])
        for _ in copy.rows(): pass
";
    let shown = psycopg::run(&stack.alice()?, "", script)?.map_err(anyhow::Error::msg)?;
    assert_eq!(shown.lines().collect::<Vec<_>>(), [row; 4]);
    Ok(())
}
