//! SIGHUP: the configuration changes under sessions that go on.

use std::fs;
use std::io::Write;
use std::os::unix::net::UnixDatagram;
use std::process::Command;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result};
use e2e::daemon::{Launch, Ready};
use e2e::ledger::Ledger;
use e2e::proxy::scram_secret;
use e2e::scratch::Scratch;
use e2e::{binaries, psql, wait};
use postgres_protocol::authentication::sasl::{ChannelBinding, ScramSha256};
use rustix::process::Signal;

use crate::certificates::{Authority, tls_section};
use crate::driver::{block_on, connect, server_error};
use crate::raw;
use crate::stack::Stack;

pub(crate) const RELOADED: &str = "configuration reloaded";

/// Rewrites the proxy's configuration, has it read again, and waits until the log says `said` once more.
pub(crate) fn reload(stack: &mut Stack, said: &str, edit: impl FnOnce(String) -> String) -> Result<()> {
    let path = stack.proxy.config();
    let before = fs::read_to_string(&path).context("read the proxy's configuration")?;
    let after = edit(before.clone());
    assert_ne!(before, after, "nothing was edited");
    fs::write(&path, after).context("write the proxy's configuration")?;
    hang_up(stack, said)
}

fn hang_up(stack: &mut Stack, said: &str) -> Result<()> {
    let log = stack.proxy.config().with_file_name("proxy.log");
    let count = || -> Result<usize> { Ok(fs::read_to_string(&log)?.matches(said).count()) };
    let before = count()?;
    stack.proxy.signal(Signal::HUP)?;
    wait::until(format!("`{said}` in the log"), Duration::from_secs(60), || {
        Ok((before < count()?).then_some(()))
    })
}

#[test]
fn a_mode_changes_under_a_session_that_has_its_statement_prepared() -> Result<()> {
    let mut stack = Stack::start_with("[policy.mode]\nno-drop-table = \"observe\"\n")?;
    let (observe, enforce) = ("no-drop-table = \"observe\"", "no-drop-table = \"enforce\"");
    let drop = "DROP TABLE IF EXISTS public.nothing_of_this_name";
    block_on(async {
        let client = connect(&stack.alice()?).await?;
        let prepared = client.prepare(drop).await?;
        client.execute(&prepared, &[]).await?;
        client.simple_query(drop).await?;
        reload(&mut stack, RELOADED, |text| text.replace(observe, enforce))?;
        for error in [client.execute(&prepared, &[]).await.err(), client.simple_query(drop).await.err()] {
            let error = error.context("expect a refusal")?;
            assert_eq!(server_error(&error)?.code().code(), "42501");
        }
        reload(&mut stack, RELOADED, |text| text.replace(enforce, observe))?;
        client.execute(&prepared, &[]).await?;
        client.simple_query(drop).await?;
        Ok(())
    })
}

#[test]
fn users_and_limits_are_those_of_the_file_and_sessions_go_on() -> Result<()> {
    let mut stack = Stack::start()?;
    let alice = stack.alice()?;
    let bob = alice.as_user("bob", "correct horse");
    let mut session = psql::Session::start(&alice)?;
    session.ask("BEGIN;")?;
    session.ask("CREATE TEMPORARY TABLE mine (n int) ON COMMIT DROP;")?;
    assert_eq!(psql::run(&bob, "SELECT 1")?.code, 2);
    let secret = scram_secret("correct horse")?;
    reload(&mut stack, RELOADED, |text| {
        let (before, _) = text.split_once("[[user]]").unwrap_or_default();
        format!("max-user-connections = 1\n{before}[[user]]\nname = \"bob\"\nscram-secret = \"{secret}\"\n")
    })?;
    let mut bobs = psql::Session::start(&bob)?;
    assert!(bobs.ask("SELECT 41 + 1;")?.contains("42"));
    let refused = psql::run(&bob, "SELECT 1")?;
    assert!(refused.stderr.contains("`max-user-connections`, 1 at the moment"), "{}", refused.stderr);
    let refused = psql::run(&alice, "SELECT 1")?;
    assert!(
        refused.stderr.contains("password authentication failed for user \"alice\""),
        "{}",
        refused.stderr
    );
    assert_eq!(session.ask("INSERT INTO mine VALUES (1);")?, "INSERT 0 1");
    assert_eq!(session.ask("COMMIT;")?, "COMMIT");
    Ok(())
}

#[test]
fn a_user_that_is_removed_while_it_logs_in_gets_no_session() -> Result<()> {
    let mut stack = Stack::start()?;
    let login = stack.alice()?;
    let mut stream = raw::plain(login.port)?;
    stream.write_all(&raw::startup(raw::PROTOCOL_3_0, &login, ""))?;
    raw::authentication(&mut stream, 10)?;
    let mut scram = ScramSha256::new(login.password.as_bytes(), ChannelBinding::unsupported());
    stream.write_all(&raw::initial("SCRAM-SHA-256", scram.message()))?;
    scram.update(&raw::authentication(&mut stream, 11)?)?;
    reload(&mut stack, RELOADED, |text| text.replace("name = \"alice\"", "name = \"bob\""))?;
    stream.write_all(&raw::password(scram.message()))?;
    scram.finish(&raw::authentication(&mut stream, 12)?)?;
    let (code, message) = raw::refusal(&mut stream)?;
    assert_eq!(
        (code.as_str(), message.contains("was removed while it logged in")),
        ("28000", true),
        "{message}"
    );
    Ok(())
}

#[test]
fn a_file_that_cannot_run_changes_nothing() -> Result<()> {
    let mut stack = Stack::start()?;
    let alice = stack.alice()?;
    let mut session = psql::Session::start(&alice)?;
    let good = fs::read_to_string(stack.proxy.config())?;
    for (text, said) in [
        (
            format!("max-connections = 0\n{good}"),
            "proxy.toml:1: `max-connections` must be between 1 and 100000, got 0",
        ),
        (good.replace("[[upstream]]", "[[upstreams]]"), "unknown field `upstreams`"),
    ] {
        reload(&mut stack, "configuration not reloaded: what was there before goes on", |_| text)?;
        stack.proxy.wait_log(said)?;
        assert_eq!(psql::run(&alice, "SELECT 1")?.success()?.trim(), "1");
    }
    fs::remove_file(stack.proxy.config())?;
    hang_up(&mut stack, "cannot read the configuration")?;
    assert_eq!(psql::run(&alice, "SELECT 1")?.success()?.trim(), "1");
    assert!(session.ask("SELECT 41 + 1;")?.contains("42"));
    Ok(())
}

#[test]
fn a_file_that_does_not_answer_keeps_no_proxy_from_ending() -> Result<()> {
    let mut stack = Stack::start()?;
    let config = stack.proxy.config();
    fs::remove_file(&config)?;
    assert!(Command::new("mkfifo").arg(&config).status().context("run mkfifo")?.success());
    // It opens once somebody reads.
    let (tell, opened) = mpsc::channel();
    thread::spawn(move || tell.send(fs::File::options().write(true).open(config)));
    stack.proxy.signal(Signal::HUP)?;
    let _silent = opened.recv_timeout(Duration::from_secs(60)).context("the file is read")??;
    assert_eq!(stack.proxy.stop()?, 0);
    Ok(())
}

#[test]
fn what_only_a_restart_changes_is_named() -> Result<()> {
    let mut stack = Stack::start()?;
    reload(&mut stack, RELOADED, |text| {
        text.replace("listen = \"127.0.0.1:0\"", "listen = \"127.0.0.1:1\"")
            .replace("[spool]", "[spool]\nmax-bytes = 2097152")
    })?;
    for key in ["\"listen\"", "\"spool.max-bytes\""] {
        stack
            .proxy
            .wait_log(&format!("changed in the configuration, and changes with a restart only key={key}"))?;
    }
    assert_eq!(psql::run(&stack.alice()?, "SELECT 1")?.success()?.trim(), "1");
    Ok(())
}

#[test]
fn a_renewed_certificate_is_shown_to_the_next_client() -> Result<()> {
    let (old, new) = (Authority::new()?, Authority::new()?);
    let files = old.server("127.0.0.1")?;
    let mut stack = Stack::start_with(&tls_section("require", &files, ""))?;
    let alice = stack.alice()?;
    let verified = |authority: &Authority| -> Result<bool> {
        let output = psql::command(&alice)?
            .args(["-qAt", "-c", "SELECT 1"])
            .env("PGSSLMODE", "verify-full")
            .env("PGSSLROOTCERT", &authority.cert)
            .output()?;
        Ok(output.status.success())
    };
    let mut session = psql::Session::start(&alice)?;
    assert!(session.ask("\\conninfo")?.contains("SSL connection"));
    assert!(verified(&old)? && !verified(&new)?);
    let renewed = new.server("127.0.0.1")?;
    fs::copy(&renewed.cert, &files.cert)?;
    // Only half of it is there: nothing changes.
    hang_up(&mut stack, "do not fit together")?;
    assert!(verified(&old)? && !verified(&new)?);
    fs::copy(&renewed.key, &files.key)?;
    hang_up(&mut stack, RELOADED)?;
    assert!(verified(&new)? && !verified(&old)?);
    assert!(session.ask("SELECT 41 + 1;")?.contains("42"));
    Ok(())
}

#[test]
fn new_sessions_go_to_the_new_database_and_running_ones_stay() -> Result<()> {
    let mut stack = Stack::start()?;
    let alice = stack.alice()?;
    let other = format!("{}_other", stack.database);
    stack.truth(&format!("CREATE DATABASE {other} OWNER {}", e2e::shop::OWNER))?;
    let mut session = psql::Session::start(&alice)?;
    let ask = "SELECT current_database()";
    reload(&mut stack, RELOADED, |text| {
        text.replacen("host = \"127.0.0.1\"", &format!("host = \"127.0.0.1\"\ndbname = \"{other}\""), 1)
    })?;
    assert_eq!(psql::run(&alice, ask)?.success()?.trim(), other);
    assert!(session.ask(&format!("{ask};"))?.contains(&stack.database));
    // Its catalog is still read: the new column is masked.
    session.ask("CREATE TABLE later (email text); INSERT INTO later VALUES ('zoe@example.com');")?;
    let shown = session.ask("TABLE later;")?;
    assert!(shown.contains("(1 row)") && !shown.contains("zoe@example.com"), "{shown}");
    Ok(())
}

#[test]
fn records_go_to_the_ledger_of_the_file() -> Result<()> {
    let mut stack = Stack::start()?;
    psql::run(&stack.alice()?, "SELECT 'before'")?.success()?;
    stack.statement("SELECT 'before'")?;
    let known = stack.ledger.database().to_string();
    let moved = format!("{known}_moved");
    reload(&mut stack, RELOADED, |text| text.replace(&format!("\"{known}\""), &format!("\"{moved}\"")))?;
    psql::run(&stack.alice()?, "SELECT 'after'")?.success()?;
    let ledger = Ledger::new(stack.ledger.url(), &moved);
    let select = "SELECT text FROM statements FINAL WHERE finished_at IS NOT NULL";
    let row = ledger.wait_row("the statement in the other ledger", select)?;
    assert_eq!(row["text"], "SELECT 'after'");
    Ok(())
}

/// systemd's side of `Type=notify-reload`.
#[test]
fn systemd_is_told_of_every_turn() -> Result<()> {
    let mut stack = Stack::start()?;
    stack.proxy.stop()?;
    let folder = Scratch::new("notify")?;
    let socket = UnixDatagram::bind(folder.join("socket")).context("listen as systemd does")?;
    socket.set_read_timeout(Some(Duration::from_secs(60)))?;
    let heard = || -> Result<String> {
        let mut message = [0; 256];
        let len = socket.recv(&mut message).context("hear from the proxy")?;
        Ok(String::from_utf8_lossy(&message[..len]).into_owned())
    };
    let mut proxy =
        Launch::new(binaries::find("picket-proxy")?, folder.join("log"), Ready::Line("listening on "))
            .args(["--config"])
            .args([stack.proxy.config()])
            .env("NOTIFY_SOCKET", folder.join("socket"))
            .start()?;
    assert_eq!(heard()?, "READY=1");
    proxy.ask_to_end(Signal::HUP)?;
    assert!(heard()?.starts_with("RELOADING=1\nMONOTONIC_USEC="));
    assert_eq!(heard()?, "READY=1");
    assert!(proxy.terminate()?.success());
    assert_eq!(heard()?, "STOPPING=1");
    Ok(())
}
