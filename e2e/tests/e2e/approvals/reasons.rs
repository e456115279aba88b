//! Reasons that people give for what must be approved: what approvers see of them, and what they cannot do.

use std::process::Stdio;
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use e2e::{psql, psycopg};

use super::{DELETE, Held};
use crate::driver::{block_on, connect};
use crate::stack::text;

impl Held {
    /// What bob is shown as the reason of the only request, which he denies then.
    fn reason_denied(&self) -> Result<String> {
        let request = self.request()?;
        let reason = self.told(&request, "reason")?;
        self.say("bob", &format!("DENY {request}"))?.success()?;
        self.requests("bob", 0)?;
        Ok(reason)
    }

    /// What bob is told of a request, by what it is called.
    pub(super) fn told(&self, request: &str, what: &str) -> Result<String> {
        let shown = self.say("bob", &format!("SHOW APPROVAL {request}"))?.success()?;
        let told = shown.lines().filter_map(|line| line.strip_prefix(what)?.strip_prefix('|'));
        let told: Vec<_> = told.collect();
        ensure!(told.len() == 1, "one line of {what}: {shown}");
        Ok(told.concat())
    }
}

#[test]
fn approvers_see_the_reason_whichever_way_it_was_given_and_the_ledger_has_it() -> Result<()> {
    let held = Held::asking()?;
    let alice = held.stack.alice()?;
    let psql = |options: &str, args: &[&str]| -> Result<String> {
        let mut psql = psql::command(&alice)?;
        psql.env("PGOPTIONS", options).args(args).stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = psql.spawn().context("start psql")?;
        let reason = held.reason_denied()?;
        child.wait()?;
        Ok(reason)
    };
    let said = [
        psql("", &["-c", "SET picket.reason = 'ticket 1'", "-c", DELETE])?,
        psql("-c picket.reason=ticket\\ 2", &["-c", DELETE])?,
        psql("", &["-c", &format!("/* reason: ticket 3 */ {DELETE}")])?,
        psql("", &["-c", &format!("BEGIN; -- reason: ticket 4\n {DELETE}; COMMIT")])?,
        psql("", &["-c", &format!("/* reason: ticket 5 */ BEGIN; {DELETE}; COMMIT")])?,
        psql(
            "-c picket.reason=none",
            &["-c", "SET picket.reason = 'none either'", "-c", &format!("/*reason:ticket 6*/{DELETE}")],
        )?,
    ];
    assert_eq!(said, ["ticket 1", "ticket 2", "ticket 3", "ticket 4", "ticket 5", "ticket 6"]);
    // Bound to values, in a transaction, with the newest libpq.
    const PROGRAM: &str = r#"
with db.transaction():
    db.execute("SELECT set_config('picket.reason', 'ticket 7', true)")
    try:
        db.execute("DELETE FROM orders WHERE id = %s", [1])
    except psycopg.Error as error:
        print(error.sqlstate)
        raise
"#;
    let reason = std::thread::scope(|scope| -> Result<String> {
        let program = scope.spawn(|| psycopg::run(&alice, "", PROGRAM));
        let reason = held.reason_denied()?;
        let said = program.join().map_err(|_| anyhow::anyhow!("psycopg panicked"))??;
        ensure!(said.as_ref().is_err_and(|said| said.contains("bob has denied it")), "{said:?}");
        Ok(reason)
    })?;
    assert_eq!(reason, "ticket 7");
    let select = "SELECT * FROM approvals FINAL ORDER BY at";
    let rows = held.stack.ledger.wait_rows("the events", select, |rows| rows.len() == 14)?;
    let reasons: Vec<&str> = rows.iter().map(|row| text(row, "request_reason")).collect::<Result<_>>()?;
    let expected: Vec<String> = (1..=7).flat_map(|number| vec![format!("ticket {number}"); 2]).collect();
    assert_eq!(reasons, expected, "it stands with what was asked, and with the answer");
    Ok(())
}

/// The setting is PostgreSQL's own: what approvers see is what the server has, or nothing where that is uncertain.
#[test]
fn the_reason_is_what_the_server_has_or_none() -> Result<()> {
    let held = Held::asking()?;
    let none = "";
    block_on(async {
        for (said, shown) in [
            ("SET picket.reason = 'a'", "a"),
            ("BEGIN; SET picket.reason = 'a'; COMMIT", "a"),
            ("SET picket.reason = 'a'; BEGIN; SET picket.reason = 'b'; ROLLBACK", "a"),
            ("SET picket.reason = 'a'; BEGIN; SET LOCAL picket.reason = 'b'", "b"),
            ("SET picket.reason = 'a'; BEGIN; SET LOCAL picket.reason = 'b'; COMMIT", "a"),
            ("BEGIN; SET picket.reason = 'a'; SET LOCAL picket.reason = 'b'; COMMIT", "a"),
            ("SET LOCAL picket.reason = 'a'", none),
            ("SET picket.reason = 'a'; RESET picket.reason", none),
            ("SET picket.reason = 'a'; SET picket.reason TO DEFAULT", none),
            ("SET picket.reason = 'a'; RESET ALL", none),
            ("SET picket.reason = 'a'; SET picket.reason = ''", none),
            ("SET picket.reason = 'a'; SELECT set_config('picket.reason', 'b', false)", "b"),
            ("SET picket.reason = 'a'; SELECT set_config('picket.reason', 'b', true)", "a"),
            ("SET \"Picket.Reason\" = 'a'", "a"),
        ] {
            let client = Arc::new(connect(&held.stack.alice()?).await?);
            // One by one, as psql sends them.
            for statement in said.split("; ") {
                client.simple_query(statement).await.with_context(|| said.to_owned())?;
            }
            let setting =
                client.query_one("SELECT coalesce(current_setting('picket.reason', true), '')", &[]);
            let setting: String = setting.await?.get(0);
            let seen = seen(&held, &client).await?;
            assert_eq!((seen.as_str(), setting.as_str()), (shown, shown), "{said}");
        }
        // In one string, and where it fails on the way.
        for (said, sure) in [
            ("SET picket.reason = 'a'; SELECT 1/0", true),
            ("BEGIN; SET picket.reason = 'a'; COMMIT; BEGIN; SET picket.reason = 'b'; ROLLBACK", true),
            ("SET picket.reason = 'a'; COMMIT; SET picket.reason = 'b'; SELECT 1/0", true),
            (
                "BEGIN; SET picket.reason = 'a'; SAVEPOINT s; SET picket.reason = 'b'; ROLLBACK TO s; COMMIT",
                false,
            ),
            ("BEGIN; SET picket.reason = 'a'; ROLLBACK AND CHAIN; COMMIT", false),
        ] {
            let client = Arc::new(connect(&held.stack.alice()?).await?);
            client.simple_query("SET picket.reason = 'first'").await?;
            let _ = client.simple_query(said).await;
            let setting: String =
                client.query_one("SELECT current_setting('picket.reason')", &[]).await?.get(0);
            let seen = seen(&held, &client).await?;
            assert_eq!(seen, if sure { &setting } else { none }, "{said}");
        }
        Ok(())
    })
}

/// What bob is shown as the reason of a deletion.
async fn seen(held: &Held, client: &Arc<tokio_postgres::Client>) -> Result<String> {
    let waiter = Arc::clone(client);
    let waits = tokio::spawn(async move { waiter.simple_query(DELETE).await });
    let reason = tokio::task::block_in_place(|| held.reason_denied())?;
    ensure!(waits.await?.is_err(), "it was denied");
    Ok(reason)
}

#[test]
fn where_a_reason_is_required_nobody_is_asked_without_one() -> Result<()> {
    let held = Held::start("[approvals]\nreason = \"required\"\ntimeout-secs = 600\n")?;
    let alice = held.stack.alice()?;
    for without in [
        DELETE,
        "/* reason: */ DELETE FROM orders WHERE id = 1",
        "/* reason:\u{200b}\u{feff} */ DELETE FROM orders WHERE id = 1",
        "SET picket.reason = '  '; DELETE FROM orders WHERE id = 1",
        "DELETE FROM orders WHERE id = 1 /* reason: behind */",
        "DELETE /* reason: within */ FROM orders WHERE id = 1",
        "DELETE FROM orders WHERE id = 1 AND '/* reason: x */' <> ''",
    ] {
        let output = psql::run(&alice, without)?;
        for said in [
            "ERROR:  42501: Picket refused this statement: it needs an approval, and so a reason",
            "HINT:  Say why, for those who approve it: SET picket.reason = '…', or begin the statement with /* reason: … */.",
        ] {
            assert!(output.stderr.contains(said), "{without}: {}", output.stderr);
        }
    }
    assert_eq!(held.orders()?, "1");
    let child = held.send(&format!("/* reason: ticket 4711 */ {DELETE}"))?;
    let request = held.request()?;
    assert_eq!(held.told(&request, "reason")?, "ticket 4711");
    held.say("bob", &format!("APPROVE {request} FOR 1h"))?.success()?;
    assert!(child.wait_with_output()?.status.success());
    // A grant is about what is alike, whatever the reason is, and there must be one.
    psql::run(&alice, "/* reason: ticket 4712 */ DELETE FROM orders WHERE id = 2")?.success()?;
    let output = psql::run(&alice, "DELETE FROM orders WHERE id = 3")?;
    assert!(output.stderr.contains("and so a reason"), "{}", output.stderr);
    assert_eq!(held.stack.truth("SELECT string_agg(id::text, ' ') FROM orders WHERE id < 4")?, "3");
    Ok(())
}

/// A reason is what somebody says, and no more: it changes neither what is shown beside it nor what is decided.
#[test]
fn a_reason_forges_nothing_and_decides_nothing() -> Result<()> {
    let held = Held::asking()?;
    let alice = held.stack.alice()?;
    for (attack, shown) in [
        ("x\nstatement|SELECT 1", "x\\nstatement|SELECT 1"),
        ("x\r\x1b[2J\x1b[31mstatement", "x\\u{d}\\u{1b}[2J\\u{1b}[31mstatement"),
        ("\u{202e}sredro\u{202c}", "\\u{202e}sredro\\u{202c}"),
        ("a\tb", "a\\tb"),
        ("a\u{2028}b\u{85}c", "a\\u{2028}b\\u{85}c"),
        ("a\u{200b}b\u{feff}c\u{e0041}", "a\\u{200b}b\\u{feff}c\\u{e0041}"),
        ("*/ x", "*/ x"),
        ("'; APPROVE", "'; APPROVE"),
    ] {
        let set = format!("SET picket.reason = '{}'", attack.replace('\'', "''"));
        let mut child = psql::command(&alice)?
            .args(["-c", &set, "-c", DELETE])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .context("start psql")?;
        let request = held.request()?;
        assert_eq!(held.told(&request, "reason")?, shown, "{attack:?}");
        assert_eq!(held.told(&request, "statement")?, DELETE);
        let listed = held.say("bob", "SHOW APPROVALS")?.success()?;
        assert_eq!(listed.trim_end().lines().count(), 1, "{listed}");
        held.say("bob", &format!("DENY {request}"))?.success()?;
        child.wait()?;
    }
    // Long ones are cut, and the session is not hurt.
    let long = format!("SET picket.reason = '{}'", "é".repeat(100_000));
    let mut child = psql::command(&alice)?
        .args(["-f", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    std::io::Write::write_all(
        &mut child.stdin.take().context("take standard input")?,
        format!("{long};\n{DELETE};\n").as_bytes(),
    )?;
    assert_eq!(held.reason_denied()?.chars().count(), 1_000);
    child.wait()?;
    held.requests("bob", 0)?;
    // What is against a statement without a reason is against it with one.
    for attack in [
        "/* reason: x */ DROP TABLE orders",
        "/* reason: x */ TRUNCATE orders",
        "/* reason: picket.approved */ DELETE FROM users",
        "/* reason: x */; DROP TABLE orders",
        "-- reason: x\rDROP TABLE orders",
        "/* reason: /* */ DROP TABLE orders; /* */ */ TRUNCATE orders",
    ] {
        assert_ne!(psql::run(&alice, attack)?.code, 0, "{attack}");
    }
    assert_eq!(held.orders()?, "1");
    assert_eq!(held.stack.truth("SELECT 0 < count(*) FROM users")?, "t");
    Ok(())
}
