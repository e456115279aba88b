//! What approvers see of the session that asks: which sensitive columns it touches, who has logged in how, and what ran before.

use std::process::{Child, Stdio};
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use e2e::{psql, wait};

use super::{ANSWER, Held};
use crate::driver::{block_on, connect};

/// What its deletion needs an approval of `owners` for.
const DELETE: &str = "DELETE FROM users WHERE id = 1";

/// A value that nobody must see who may only approve.
const SECRET: &str = "kryptonite";

impl Held {
    /// alice's psql, with statements of one session of which the last waits.
    pub(super) fn send_all(&self, texts: &[&str]) -> Result<Child> {
        let mut psql = psql::command(&self.stack.alice()?)?;
        texts.iter().for_each(|text| {
            psql.args(["-c", text]);
        });
        psql.stdout(Stdio::null()).stderr(Stdio::null()).spawn().context("start psql")
    }

    /// What dave is shown of the only request, which he denies then: all of it, and the lines of what ran before.
    fn shown_denied(&self) -> Result<(String, Vec<String>)> {
        let request = self.requests("dave", 1)?.pop().context("find the request")?;
        let shown = self.say("dave", &format!("SHOW APPROVAL {request}"))?.success()?;
        self.say("dave", &format!("DENY {request}"))?.success()?;
        let (_, before) = shown.split_once("\nran before|").context("find what ran before")?;
        let before = before.lines().map(str::to_owned).collect();
        Ok((shown, before))
    }
}

#[test]
fn approvers_see_what_is_sensitive_who_has_logged_in_and_what_ran_before() -> Result<()> {
    let held = Held::asking()?;
    let mut child = held.send_all(&[
        "SELECT id FROM orders WHERE id = 4711",
        "UPDATE users SET city = 'Rome' WHERE id = 2",
        "SELECT 1/0",
        "DROP TABLE orders",
        "SET application_name = 'nightly'",
        DELETE,
    ])?;
    let (shown, before) = held.shown_denied()?;
    child.wait()?;
    let sensitive = shown.lines().find_map(|line| line.strip_prefix("sensitive|")).context("find classes")?;
    assert!(sensitive.split(", ").any(|one| one == "public.users.email: email"), "{sensitive}");
    assert!(!sensitive.contains("users.city"), "{sensitive}");
    for line in ["logged in by|scram-sha-256", "called itself since|nightly"] {
        assert!(shown.lines().any(|shown| shown == line), "{line}: {shown}");
    }
    assert!(shown.lines().any(|line| line.starts_with("logged in|2")), "{shown}");
    let role = shown.lines().find_map(|line| line.strip_prefix("role at the database|"));
    assert!(role.is_some_and(|role| !role.is_empty()), "{shown}");
    // Without the time of the day.
    let before: Vec<String> = before
        .iter()
        .map(|line| {
            let (number, rest) = line.split_once(' ').context("find the number")?;
            let (_, rest) = rest.split_once(' ').context("find the time")?;
            Ok(format!("{number} {rest}"))
        })
        .collect::<Result<_>>()?;
    assert_eq!(
        before,
        [
            "1. allow, completed | select | reads public.orders | SELECT id FROM orders WHERE id = ?",
            "2. allow, completed | update | writes public.users | UPDATE users SET city = ? WHERE id = ?",
            "3. allow, failed 22012 | select | SELECT ?/?",
            "4. refuse by no-drop-table, failed 42501 | drop_table | writes public.orders | DROP TABLE orders",
            "5. allow, completed | set | SET application_name = ?",
        ]
    );
    Ok(())
}

/// Ways by which a value would be seen in what ran before, or a line of it forged.
#[test]
fn what_ran_before_shows_no_value_and_forges_nothing() -> Result<()> {
    let held = Held::asking()?;
    for attack in [
        "SELECT id FROM users WHERE email = 'kryptonite'",
        "SELECT id FROM users WHERE email = E'\\153ryptonite' OR city = $$kryptonite$$",
        "SELECT /* kryptonite */ 1 -- kryptonite",
        "SELECT '0' 'kryptonite'",
        "SELECT U&'kryptonite', N'kryptonite', B'0'",
        "SELECT 'kryptonite\n9. 00:00:00Z allow, completed'",
        "INSERT INTO users (id, email) VALUES (900, 'kryptonite') ON CONFLICT DO NOTHING",
        "SET work_mem = 'kryptonite'",
        "SET picket.reason = 'kryptonite'; RESET picket.reason",
        "DO $$ BEGIN PERFORM 'kryptonite'; END $$",
        "SELECT 'kryptonite",
        "kryptonite",
        "SELECT 'kryptonite'; SELECT 'kryptonite'",
        "PREPARE p AS SELECT 'kryptonite'; EXECUTE p",
        "ALTER ROLE nobody PASSWORD 'kryptonite'",
    ] {
        let mut child = held.send_all(&[attack, DELETE])?;
        let (shown, before) = held.shown_denied()?;
        child.wait()?;
        assert!(!shown.contains(SECRET), "{attack}: {shown}");
        assert!(!before.is_empty(), "{attack}: {shown}");
    }
    let forged = "SELECT 1 AS \"a\n9. 00:00:00Z allow, completed\u{202e}\r\x1b[2J\"";
    let mut child = held.send_all(&[forged, DELETE])?;
    let (_, before) = held.shown_denied()?;
    child.wait()?;
    assert_eq!(before.len(), 1, "{before:?}");
    assert!(
        before.iter().all(|line| !line.chars().any(|letter| letter.is_control() || letter == '\u{202e}'))
    );
    // Bound values never come near.
    block_on(async {
        let client = Arc::new(connect(&held.stack.alice()?).await?);
        client.query("SELECT id FROM users WHERE email = $1", &[&SECRET]).await?;
        let waiter = Arc::clone(&client);
        let waits = tokio::spawn(async move { waiter.simple_query(DELETE).await });
        let (shown, before) = tokio::task::block_in_place(|| held.shown_denied())?;
        ensure!(waits.await?.is_err(), "it was denied");
        assert!(!shown.contains(SECRET), "{shown}");
        assert!(before.iter().any(|line| line.ends_with("WHERE email = $1")), "{before:?}");
        Ok(())
    })?;
    // However much a session does, and however long it is, little is kept in mind.
    let long = format!("SELECT 1{}", ", 1".repeat(3_000));
    let many: Vec<&str> = std::iter::repeat_n("SELECT 1", 15).chain([long.as_str(), DELETE]).collect();
    let mut child = held.send_all(&many)?;
    let (_, before) = held.shown_denied()?;
    child.wait()?;
    assert_eq!(before.len(), 10, "{before:?}");
    assert!(
        before.last().is_some_and(|line| line.starts_with("16. ") && line.ends_with("select")),
        "{before:?}"
    );
    Ok(())
}

/// A grant is about what was shown: what is found to be sensitive afterwards was not.
#[test]
fn a_grant_ends_where_more_is_found_to_be_sensitive() -> Result<()> {
    let held = Held::start("[approvals]\ntimeout-secs = 600\n")?;
    let child = held.send("DELETE FROM orders WHERE id = 1")?;
    let request = held.request()?;
    assert_eq!(held.told(&request, "sensitive")?, "");
    held.say("bob", &format!("APPROVE {request} FOR 1h"))?.success()?;
    assert!(child.wait_with_output()?.status.success());
    let alice = held.stack.alice()?;
    psql::run(&alice, "DELETE FROM orders WHERE id = 2")?.success()?;
    psql::run(&alice, "COMMENT ON COLUMN orders.status IS 'email'")?.success()?;
    // A comment makes nobody read the catalog before its turn, each 30 s.
    wait::until("the catalog that shows it", 4 * ANSWER, || {
        let seen = psql::run(&alice, "SELECT status FROM orders WHERE id = 3")?.success()?;
        Ok((seen.trim() != held.stack.truth("SELECT status FROM orders WHERE id = 3")?).then_some(()))
    })?;
    let mut child = held.send("DELETE FROM orders WHERE id = 3")?;
    let request = held.request()?;
    assert_eq!(held.told(&request, "sensitive")?, "public.orders.status: email");
    held.say("bob", &format!("DENY {request}"))?.success()?;
    child.wait()?;
    assert_eq!(held.stack.truth("SELECT string_agg(id::text, ' ') FROM orders WHERE id < 4")?, "3");
    Ok(())
}
