//! Somebody who may ends a session: its client is told, its statement is cancelled, and the ledger has who and why.

use std::process::{Child, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use e2e::proxy::scram_secret;
use e2e::{binaries, psql, wait};

use crate::reload::{RELOADED, reload};
use crate::stack::{Stack, USER, text};

/// How long something may take to be seen.
const SEEN: Duration = Duration::from_secs(60);

const SLEEP: &str = "SELECT pg_sleep(600)";

/// alice's psql with a statement that runs, and the UUID of its session.
fn sleeps(stack: &Stack) -> Result<(Child, String)> {
    let child = psql::command(&stack.alice()?)?
        .args(["-v", "VERBOSITY=verbose", "-c", SLEEP])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .context("start psql")?;
    let running =
        "SELECT * FROM statements FINAL WHERE text = 'SELECT pg_sleep(600)' AND finished_at IS NULL";
    let statement = stack.ledger.wait_row("the statement that runs", running)?;
    Ok((child, text(&statement, "session_id")?.to_owned()))
}

#[test]
fn somebody_of_the_group_ends_a_session_and_its_statement_and_nobody_else_does() -> Result<()> {
    let mut stack = Stack::start_with("[approvals]\nkill-group = \"ops\"\n")?;
    let alice = stack.alice()?;
    // bob has alice's password, and is in the group.
    let secret = scram_secret(&alice.password)?;
    let bob = format!("\n[[user]]\nname = \"bob\"\ngroups = [\"ops\"]\nscram-secret = \"{secret}\"\n");
    let carol = format!("\n[[user]]\nname = \"carol\"\nscram-secret = \"{secret}\"\n");
    reload(&mut stack, RELOADED, |text| format!("{text}{bob}{carol}"))?;
    let console = |user: &str, command: &str| {
        psql::run(&alice.as_user(user, &alice.password).to_database("picket"), command)
    };
    let (child, session) = sleeps(&stack)?;
    for (user, command, why) in [
        (USER, format!("KILL '{session}'"), "only somebody of ops may end sessions"),
        ("bob", "KILL 'no-such-session'".to_string(), "no session \"no-such-session\" is open on this proxy"),
        ("bob", "KILL '00000000-0000-0000-0000-000000000000'".to_string(), "is open on this proxy"),
        ("bob", format!("KILL '{session}' '{}'", "x".repeat(501)), "a reason has 500 letters at most"),
        ("bob", format!("KILL {}", &session[..8]), "is open on this proxy"),
        ("bob", format!("KILL {}", &session[session.len() - 7..]), "is open on this proxy"),
        ("bob", "KILL ''".to_string(), "is open on this proxy"),
        ("bob", "KILL '--------'".to_string(), "is open on this proxy"),
        (USER, format!("KILL {}", &session[session.len() - 8..]), "only somebody of ops may end sessions"),
        ("bob", format!("KILL '{session}' because"), "a reason stands in single quotes"),
    ] {
        let output = console(user, &command)?;
        ensure!(output.code != 0 && output.stderr.contains(why), "{command}: {}", output.stderr);
    }
    let active = format!(
        "SELECT count(*) FROM pg_stat_activity WHERE query = '{SLEEP}' AND state = 'active' AND datname = '{}'",
        alice.database
    );
    assert_eq!(stack.truth(&active)?, "1", "it runs on");
    let conninfo = format!("host=127.0.0.1 port={} user=bob dbname=picket", alice.port);
    for odd in ["1234567", "no-such-session", &format!("{session}0"), "1a2b3c4d'; KILL '1a2b3c4d"] {
        let output = binaries::command("picket")?
            .args(["sessions", "kill", odd])
            .env("PICKET_CONSOLE", &conninfo)
            .env("PGPASSWORD", &alice.password)
            .output()?;
        let errors = String::from_utf8_lossy(&output.stderr);
        ensure!(
            output.status.code() == Some(2) && errors.contains("the end of it: 8 letters at least"),
            "{odd}: {output:?}"
        );
    }
    let output = binaries::command("picket")?
        .args(["session", "kill", &session[session.len() - 12..], "--reason", "it's a holiday"])
        .env("PICKET_CONSOLE", conninfo)
        .env("PGPASSWORD", &alice.password)
        .output()?;
    ensure!(output.status.success(), "{output:?}");
    let ended = child.wait_with_output()?;
    let told = String::from_utf8_lossy(&ended.stderr);
    assert!(told.contains("57P01: terminating connection because bob has ended it"), "{told}");
    assert!(told.contains("DETAIL:  it's a holiday"), "{told}");
    wait::until("the statement to be cancelled", SEEN, || Ok((stack.truth(&active)? == "0").then_some(())))?;
    let select =
        format!("SELECT * FROM sessions FINAL WHERE session_id = '{session}' AND ended_at IS NOT NULL");
    let row = stack.ledger.wait_row("the session's end", &select)?;
    assert_eq!(text(&row, "end_reason")?, "killed by bob: it's a holiday");
    let output = console("bob", &format!("KILL '{session}'"))?;
    assert!(output.stderr.contains("is open on this proxy"), "{}", output.stderr);

    // One that rests in a transaction ends too.
    let mut idle = psql::Session::start(&alice)?;
    idle.ask("BEGIN;")?;
    let open = format!(
        "SELECT * FROM sessions FINAL WHERE principal = '{USER}' AND ended_at IS NULL AND session_id != '{session}'"
    );
    let row = stack.ledger.wait_row("the session that rests", &open)?;
    let second = text(&row, "session_id")?;
    for (user, sees) in [("bob", true), (USER, true), ("carol", false)] {
        let shown = console(user, "SHOW SESSIONS")?.success()?;
        let rows: Vec<&str> = shown.lines().filter(|line| line.starts_with(second)).collect();
        assert_eq!(rows.len(), usize::from(sees), "{user}: {shown}");
        assert!(!shown.contains(&session), "it has ended: {shown}");
        assert!(rows.iter().all(|row| row.contains("|alice||psql|127.0.0.1:")), "{shown}");
    }
    // By the end of its UUID, in whichever case.
    let name = second.rsplit('-').next().context("find the end")?.to_uppercase();
    console("bob", &format!("KILL {}", &name[name.len() - 8..]))?.success()?;
    let lost = idle.ask("SELECT 1;").err().context("it goes on")?;
    assert!(format!("{lost:#}").contains("bob has ended it"), "{lost:#}");
    Ok(())
}

#[test]
fn without_a_group_nobody_ends_sessions() -> Result<()> {
    let stack = Stack::start_with("[approvals]\n")?;
    let output =
        psql::run(&stack.alice()?.to_database("picket"), "KILL '00000000-0000-0000-0000-000000000000'")?;
    assert!(
        output.code != 0 && output.stderr.contains("`approvals.kill-group` names no group"),
        "{}",
        output.stderr
    );
    Ok(())
}
