//! One megabyte of anything: it is read or refused, and the proxy lives.

use std::time::Duration;

use anyhow::{Context, Result};
use bytes::BytesMut;
use e2e::psql;
use postgres_protocol::message::frontend;

use crate::conversation::Client;
use crate::reload::{RELOADED, reload};
use crate::stack::Stack;

/// As long as a text may be that is read.
const LEN: usize = 1_000_000;

/// An answer takes seconds where the machine has others to serve.
const ANSWER: Duration = Duration::from_secs(300);

/// Texts of that length, by what they repeat.
fn texts() -> Vec<(&'static str, String)> {
    let filled = |begin: &str, one: &str, end: &str| {
        let times = (LEN - begin.len() - end.len()) / one.len();
        format!("{begin}{}{end}", one.repeat(times))
    };
    let nested = |open: &str, close: &str, times: usize| {
        format!("SELECT {}1{}", open.repeat(times), close.repeat(times))
    };
    vec![
        ("list", filled("SELECT id FROM users WHERE id IN (0", ", 12345678", ")")),
        ("union", filled("SELECT id FROM users", " UNION ALL SELECT id FROM users", "")),
        ("and", filled("SELECT id FROM users WHERE id = 1", " AND id = 1", "")),
        ("plus", filled("SELECT 1", " + 1", "")),
        ("concat", filled("SELECT ''", " || email", " FROM users")),
        ("columns", filled("SELECT email", ", email", " FROM users")),
        ("joins", filled("SELECT 1 FROM users a", " NATURAL JOIN users", "")),
        ("from", filled("SELECT 1 FROM users", ", users", "")),
        ("comment", filled("SELECT 1 /* ", "/* ", "")),
        ("comments", format!("SELECT 1 {}{}", "/*".repeat(200_000), "*/".repeat(200_000))),
        ("line comments", filled("SELECT 1", " --\n", "")),
        ("string", filled("SELECT '", "a''", "'")),
        ("dollars", filled("SELECT $a$", "$", "$a$")),
        ("quotes", filled("SELECT \"", "a\"\"", "\"")),
        ("body", filled("DO $$ BEGIN ", "PERFORM 1; ", "END $$")),
        (
            "function",
            filled("CREATE FUNCTION long() RETURNS void LANGUAGE sql AS 'SELECT 1", "; SELECT 1", "'"),
        ),
        ("semicolons", filled("SELECT 1", ";", "")),
        ("ctes", {
            let ctes: Vec<_> =
                (0..5_000).map(|number| format!("c{number} AS (SELECT id, email FROM users)")).collect();
            format!("WITH {} SELECT * FROM c1", ctes.join(", "))
        }),
        ("chain of ctes", {
            let ctes: Vec<_> =
                (1..200).map(|number| format!("c{number} AS (SELECT * FROM c{})", number - 1)).collect();
            format!("WITH c0 AS (SELECT email FROM users), {} SELECT * FROM c199", ctes.join(", "))
        }),
        ("brackets", nested("(", ")", 499_000)),
        ("few brackets", nested("(", ")", 3_000)),
        ("cases", nested("CASE WHEN true THEN ", " END", 5_000)),
        ("sub-selects", nested("(SELECT ", ")", 3_000)),
        ("from within from", nested("1 FROM (SELECT ", ") q", 3_000)),
        ("arrays", nested("ARRAY[", "]", 5_000)),
        ("few operators", format!("SELECT 1{}", " + 1".repeat(4_900))),
        ("few operators on what is masked", format!("SELECT ''{} FROM users", " || email".repeat(2_400))),
        ("nots", filled("SELECT ", "NOT ", "true")),
        ("minuses", filled("SELECT ", "- ", "1")),
        ("casts", filled("SELECT 1", "::int", "")),
        ("indirections", filled("SELECT a", "[1]", " FROM users")),
        ("windows", filled("SELECT 1", ", sum(id) OVER (ORDER BY email)", " FROM users")),
        ("likes", filled("SELECT id FROM users WHERE email LIKE 'a'", " OR email LIKE 'a%'", "")),
        ("sets", filled("UPDATE users SET name = email", ", name = email", " WHERE id = 1")),
        ("grants", filled("GRANT SELECT ON users", ", users", " TO shop_staff")),
        ("blanks", filled("SELECT", " ", "1")),
    ]
}

/// Whatever is repeated, it costs as much as there is of it: a list of 140,000 columns was once gone through for each of them.
#[test]
fn one_megabyte_of_anything_is_read_or_refused() -> Result<()> {
    let stack = Stack::start()?;
    let alice = stack.alice()?;
    for (what, text) in texts() {
        let mut client = Client::connect(&alice)?;
        client.stream.set_read_timeout(Some(ANSWER)).context("bound the reads")?;
        let mut message = BytesMut::new();
        frontend::query(&text, &mut message)?;
        client.exchange_bytes(&message, 1).with_context(|| format!("send {} bytes: {what}", text.len()))?;
        psql::run(&alice, "SELECT 1")?.success()?;
    }
    Ok(())
}

/// A chain of operators that is deeper than what is read is told by the name of that limit.
#[test]
fn a_deep_text_is_told_the_limit() -> Result<()> {
    let stack = Stack::start()?;
    let alice = stack.alice()?;
    let chain = |operators: usize| format!("SELECT 1{}", " + 1".repeat(operators));
    // The server's own limit is less for some.
    let read = psql::run(&alice, &chain(4_900))?.stderr;
    assert!(!read.contains("unreadable"), "{read}");
    let refused = psql::run(&alice, &chain(5_100))?.stderr;
    for said in ["Rule \"unreadable\": ", "10000 levels", "`STATEMENT_DEPTH_MAX`"] {
        assert!(refused.contains(said), "{refused}");
    }
    Ok(())
}

/// Where a long text is not read within its time, it is refused, and shorter ones are read.
#[test]
fn a_long_text_has_a_time() -> Result<()> {
    const NO_TIME: &str = "long-statement-timeout-secs = 0\n";
    let mut stack = Stack::start()?;
    reload(&mut stack, RELOADED, |text| format!("long-statement-bytes = 1024\n{NO_TIME}{text}"))?;
    let alice = stack.alice()?;
    let long = format!("SELECT 1{}", " + 1".repeat(500));
    let output = psql::run(&alice, &long)?;
    for said in ["Rule \"unreadable\": ", "was not read within 0 s", "`long-statement-timeout-secs`"] {
        assert!(output.stderr.contains(said), "{}", output.stderr);
    }
    psql::run(&alice, "SELECT 1")?.success()?;
    reload(&mut stack, RELOADED, |text| text.replace(NO_TIME, "long-statement-timeout-secs = 300\n"))?;
    assert_eq!(psql::run(&alice, &long)?.success()?.trim(), "501");
    Ok(())
}
