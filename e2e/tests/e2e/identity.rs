//! Tokens of an identity provider as passwords: a real provider, real clients, and forged tokens.

pub(crate) mod attacks;
mod clients;
mod introspection;
mod oauthbearer;
mod person;
pub(crate) mod rig;

use std::fs;
use std::path::Path;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, ensure};
use e2e::oidc::AUDIENCE;
use e2e::{psql, psycopg, wait};
use serde_json::{Value, json};

use self::attacks::attacks;
use self::rig::{CAROL, Key, ROBOT, Rig, driver, driver_tls, now, says};
use crate::driver::block_on;
use crate::stack::{USER, text, words};

#[test]
fn tokens_log_in_from_psql_psycopg_and_a_driver_and_say_who_it_is() -> Result<()> {
    let policies = e2e::scratch::Scratch::new("policies")?;
    let robots = "forbid (principal, action == Picket::Action::\"delete\", resource)\n\
        when { principal.actor == \"report-bot\" && principal.authentication == \"oauth\" };\n\
        forbid (principal in Picket::Group::\"readers\", action == Picket::Action::\"insert\", resource);\n";
    fs::write(policies.join("robots.cedar"), robots)?;
    let sections = format!("\n[policy]\ndir = \"{}\"\n", policies.path().display());
    let rig = Rig::start("require", "[oidc.groups]\nstaff = [\"readers\"]\n", &sections)?;
    let carol = rig.provider.token("carol-shell")?;
    rig.logs_in(CAROL, &carol)?;
    let robot = rig.provider.token("report-bot")?;
    let refused = rig.says(ROBOT, &robot, "DELETE FROM orders WHERE id = 1")?;
    ensure!(refused.stderr.contains("42501"), "{}", refused.stderr);
    let refused = rig.says(CAROL, &carol, "INSERT INTO orders SELECT * FROM orders LIMIT 0")?;
    ensure!(refused.stderr.contains("42501"), "{}", refused.stderr);
    // Only the configuration frees from rules, whatever groups somebody can make at the provider.
    let refused = rig.says(CAROL, &carol, "DROP TABLE orders CASCADE")?;
    ensure!(refused.stderr.contains("42501"), "{}", refused.stderr);
    let masked = rig.says(CAROL, &carol, "SELECT email FROM users WHERE id = 1")?.success()?;
    ensure!(!masked.contains("ada@example.com"), "{masked}");

    let login = rig.login(CAROL, &carol)?;
    let conninfo = format!("sslmode=verify-full sslrootcert={}", rig.authority.cert.display());
    let said =
        psycopg::run(&login, &conninfo, "print(db.execute('SELECT count(*) FROM users').fetchone()[0])")?;
    assert_eq!(said, Ok("8".to_string()));
    block_on(async {
        let tls = driver_tls(&rig.authority.cert)?;
        let (client, connection) = driver(&login).connect(tls).await?;
        tokio::spawn(connection);
        assert_eq!(client.query_one("SELECT count(*) FROM users", &[]).await?.get::<_, i64>(0), 8);
        Ok(())
    })?;

    let row = |who| format!("SELECT * FROM sessions FINAL WHERE principal = '{who}' LIMIT 1");
    let session = rig.stack.ledger.wait_row("the robot's session", &row(ROBOT))?;
    assert_eq!(text(&session, "authenticated_by")?, "oauth");
    assert_eq!((text(&session, "actor")?, text(&session, "kind")?), ("report-bot", "agent"));
    assert_eq!(words(&session, "groups")?, ["readers", "staff"]);
    let session = rig.stack.ledger.wait_row("carol's session", &row(CAROL))?;
    assert_eq!(text(&session, "actor")?, "");
    assert_eq!(words(&session, "groups")?, ["readers", "staff"]);
    Ok(())
}

/// The provider's groups say who may approve. What acts for somebody asks in that person's name and answers nothing.
#[test]
fn people_approve_by_their_tokens_what_agents_ask_for_and_agents_approve_nothing() -> Result<()> {
    let policies = e2e::scratch::Scratch::new("policies")?;
    let held = "@hold(\"dba\") forbid (principal, action == Picket::Action::\"delete\", resource);";
    fs::write(policies.join("held.cedar"), held)?;
    let sections = format!("\n[policy]\ndir = \"{}\"\n[approvals]\n", policies.path().display());
    let rig = Rig::start("require", "", &sections)?;
    let token = |claims| rig.key.token(claims);
    let console = |user: &str, token: &str, text: &str| -> Result<psql::Output> {
        says(&rig.login(user, token)?.to_database("picket"), "require", text)
    };
    let carol = token(json!({ "groups": ["dba"] }))?;
    let agent = token(json!({ "groups": ["dba"], "act": { "sub": "bot" } }))?;
    let dave = token(json!({ "preferred_username": "dave@example.com", "groups": ["dba"] }))?;
    let erin = token(json!({ "preferred_username": "erin@example.com", "groups": ["staff"] }))?;
    let asked = || {
        wait::until("the request", Duration::from_secs(30), || {
            let shown = console("dave@example.com", &dave, "SHOW APPROVALS")?.success()?;
            Ok(shown.split_once('|').map(|(request, _)| request.to_owned()))
        })
    };
    thread::scope(|scope| -> Result<()> {
        let waits = scope.spawn(|| rig.says(CAROL, &agent, "DELETE FROM orders WHERE id = 1"));
        let request = asked()?;
        let shown = console("dave@example.com", &dave, &format!("SHOW APPROVAL {request}"))?.success()?;
        assert!(shown.contains("principal|carol@example.com") && shown.contains("|bot"), "{shown}");
        let approve = format!("APPROVE {request} FOR 1h");
        for (user, token, why) in [
            (CAROL, &agent, "nobody answers at Picket's console for another"),
            (CAROL, &carol, "nobody approves what he asks for himself"),
            ("erin@example.com", &erin, "only somebody of dba may answer that"),
        ] {
            let output = console(user, token, &approve)?;
            assert!(output.code != 0 && output.stderr.contains(why), "{user}: {}", output.stderr);
        }
        console("dave@example.com", &dave, &approve)?.success()?;
        let output = waits.join().map_err(|_| anyhow!("the agent panicked"))??;
        assert_eq!(output.code, 0, "{}", output.stderr);
        Ok(())
    })?;
    // What was granted to the agent was not granted to carol herself.
    let alike = "DELETE FROM orders WHERE id = 2";
    rig.says(CAROL, &agent, alike)?.success()?;
    thread::scope(|scope| -> Result<()> {
        let waits = scope.spawn(|| rig.says(CAROL, &carol, "DELETE FROM orders WHERE id = 3"));
        let request = asked()?;
        console("dave@example.com", &dave, &format!("DENY {request}"))?.success()?;
        let output = waits.join().map_err(|_| anyhow!("carol panicked"))??;
        assert!(output.stderr.contains("dave@example.com has denied it"), "{}", output.stderr);
        Ok(())
    })
}

#[test]
fn local_users_stay_local_and_without_tls_no_token_is_asked_for() -> Result<()> {
    let rig = Rig::start("allow", "", "")?;
    let alice = rig.stack.alice()?;
    assert_eq!(says(&alice, "disable", "SELECT 1")?.success()?.trim(), "1");
    assert_eq!(says(&alice, "require", "SELECT 1")?.success()?.trim(), "1");
    // A token that calls itself by a local user's name is no password of that user.
    let token = rig.key.token(json!({ "preferred_username": USER }))?;
    let refused = rig.says(USER, &token, "SELECT 1")?;
    assert!(
        refused.stderr.contains("password authentication failed for user \"alice\""),
        "{}",
        refused.stderr
    );
    let token = rig.provider.token("carol-shell")?;
    let refused = says(&rig.login(CAROL, &token)?, "disable", "SELECT 1")?;
    assert_eq!(refused.code, 2);
    assert!(refused.stderr.contains("tokens of the identity provider over TLS only"), "{}", refused.stderr);
    assert!(refused.stderr.contains("sslmode=require"), "{}", refused.stderr);
    rig.logs_in(CAROL, &token)
}

#[test]
fn whatever_is_wrong_with_a_token_is_refused_in_one_way_and_stays_out_of_all_files() -> Result<()> {
    let rig = Rig::start("require", "", "")?;
    let other = Key::new("key-2", &rig.provider)?;
    let good = rig.key.token(json!({ "groups": ["staff"] }))?;
    rig.logs_in(CAROL, &good)?;
    let attacks = attacks(&rig, &other)?;
    for (what, token) in &attacks {
        // A password of a megabyte is more than the environment of a program may hold.
        let said = block_on(async {
            let tls = driver_tls(&rig.authority.cert)?;
            let login = rig.login(CAROL, token)?;
            let connected = driver(&login).connect(tls).await;
            let error = connected.err().with_context(|| format!("{what}: it was let in"))?;
            let error = error.as_db_error().with_context(|| format!("{what}: {error:?}"))?;
            let more = error.detail().or(error.hint()).unwrap_or_default().to_string();
            Ok((error.code().code().to_string(), error.message().to_string(), more))
        })?;
        let same = format!("password authentication failed for user \"{CAROL}\"");
        assert_eq!(said, ("28P01".to_string(), same, String::new()), "{what}");
    }
    rig.logs_in(CAROL, &good)?;
    let several = rig.key.token(json!({ "aud": ["urn:other", AUDIENCE] }))?;
    rig.logs_in(CAROL, &several)?;

    let folder = rig.stack.proxy.config();
    let folder = folder.parent().context("find the proxy's folder")?;
    let log = fs::read_to_string(folder.join("proxy.log"))?;
    for why in [
        "its signature is not the provider's",
        "its algorithm is not one of `oidc.algorithms`",
        "the provider has no key of that name for its algorithm",
        "its header has `crit`",
        "it is for none of `oidc.audience`",
        "it has expired",
        "it is longer than 32768 bytes",
        "a name stands twice in one of its objects",
    ] {
        assert!(log.contains(why), "{why}\n{log}");
    }
    // The records of these sessions are in the ledger, and so no more only in the spool.
    let sessions =
        "SELECT * FROM sessions FINAL WHERE principal = 'carol@example.com' AND ended_at IS NOT NULL";
    rig.stack.ledger.wait_rows("three sessions", sessions, |rows| 3 <= rows.len())?;
    let secrets: Vec<String> = [&good, &several]
        .into_iter()
        .chain(attacks.iter().map(|(_, token)| token))
        .flat_map(|token| token.split('.').map(str::to_string).collect::<Vec<_>>())
        .filter(|part| 40 <= part.len())
        .collect();
    let mut searched = 0;
    for file in files(folder)? {
        let text = fs::read(&file).with_context(|| format!("read `{}`", file.display()))?;
        let text = String::from_utf8_lossy(&text);
        let leaked = secrets.iter().find(|secret| text.contains(secret.as_str()));
        assert_eq!(leaked, None, "{}", file.display());
        searched += 1;
    }
    assert!(3 <= searched, "{searched} files");
    for table in ["sessions", "statements", "alerts"] {
        let rows = rig.stack.ledger.rows(&format!("SELECT * FROM {table} FINAL"))?;
        let rows = Value::Array(rows).to_string();
        assert_eq!(secrets.iter().find(|secret| rows.contains(secret.as_str())), None, "{table}");
    }
    Ok(())
}

fn files(folder: &Path) -> Result<Vec<std::path::PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() { found.extend(files(&path)?) } else { found.push(path) }
    }
    Ok(found)
}

#[test]
fn keys_are_changed_without_a_restart_and_hold_through_an_outage() -> Result<()> {
    let mut rig = Rig::start("require", "", "")?;
    let old = rig.provider.token("carol-shell")?;
    rig.logs_in(CAROL, &old)?;
    rig.provider.kill()?;
    rig.logs_in(CAROL, &old)?;
    // A key that nobody knows yet: the provider is asked, and is not there.
    let next = Key::new("key-2", &rig.provider)?;
    let refused = rig.says(CAROL, &next.token(json!({}))?, "SELECT 1")?;
    assert!(refused.stderr.contains("password authentication failed"), "{}", refused.stderr);
    rig.logs_in(CAROL, &old)?;
    rig.provider.run(&[next.signing()])?;
    let new = rig.provider.token("carol-shell")?;
    wait::until("the new key to be known", Duration::from_secs(60), || {
        Ok((rig.says(CAROL, &new, "SELECT 1")?.code == 0).then_some(()))
    })?;
    // What the provider has taken back holds no more.
    let refused = rig.says(CAROL, &old, "SELECT 1")?;
    assert!(refused.stderr.contains("password authentication failed"), "{}", refused.stderr);
    Ok(())
}

#[test]
fn without_its_provider_the_proxy_takes_no_tokens_and_says_why_and_local_users_go_on() -> Result<()> {
    let mut rig = Rig::prepare("require", "", "", false)?;
    let token = rig.key.token(json!({}))?;
    let refused = rig.says(CAROL, &token, "SELECT 1")?;
    assert!(refused.stderr.contains("password authentication failed"), "{}", refused.stderr);
    rig.stack.proxy.wait_log("the identity provider's keys were not fetched")?;
    rig.stack.proxy.wait_log("there are no keys of the provider")?;
    assert_eq!(says(&rig.stack.alice()?, "require", "SELECT 1")?.success()?.trim(), "1");
    rig.provider.run(&[rig.key.signing()])?;
    wait::until("the keys to be known", Duration::from_secs(60), || {
        Ok((rig.says(CAROL, &token, "SELECT 1")?.code == 0).then_some(()))
    })?;
    Ok(())
}

/// How long a token of these tests lives that is meant to end: machines under load are slow to log in.
const SHORT_SECS: u64 = 15;

#[test]
fn a_session_ends_with_its_token_idle_or_not() -> Result<()> {
    let rig = Rig::start("require", "clock-skew-secs-max = 0\nstatement-grace-secs = 0\n", "")?;
    let token = rig.key.token(json!({ "exp": now() + SHORT_SECS }))?;
    let login = rig.login(CAROL, &token)?;
    block_on(async {
        let tls = driver_tls(&rig.authority.cert)?;
        let config = driver(&login);
        let (idle, connection) = config.connect(tls.clone()).await?;
        let idles = tokio::spawn(connection);
        let (working, connection) = config.connect(tls.clone()).await?;
        tokio::spawn(connection);
        idle.batch_execute("BEGIN").await?;
        let cut = working.batch_execute("SELECT pg_sleep(600)");
        let error = cut.await.err().context("expect the statement to be cut off")?;
        let idles = tokio::time::timeout(Duration::from_secs(60), idles).await??;
        let idle = idles.err().context("expect the connection to end with an error")?;
        for error in [error, idle] {
            let error = error.as_db_error().with_context(|| format!("{error:?}"))?;
            ensure!(error.code().code() == "57P01", "{error:?}");
            ensure!(error.message().contains("the token that it began with has expired"), "{error:?}");
        }
        ensure!(config.connect(tls).await.is_err(), "an expired token logs in");
        Ok(())
    })?;
    let ended = "SELECT * FROM sessions FINAL WHERE end_reason = 'token_expired'";
    rig.stack.ledger.wait_rows("both sessions", ended, |rows| rows.len() == 2)?;
    // Nobody waits for what runs on.
    wait::until("the statement to be cancelled", Duration::from_secs(60), || {
        let runs = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(600)%' AND state = 'active' AND datname = current_database() AND pid <> pg_backend_pid()";
        Ok((rig.stack.truth(runs)? == "0").then_some(()))
    })
}

#[test]
fn a_statement_that_runs_when_its_token_ends_may_have_time_to_end() -> Result<()> {
    let rig = Rig::start("require", "clock-skew-secs-max = 0\nstatement-grace-secs = 600\n", "")?;
    let ends_at = now() + SHORT_SECS;
    let token = rig.key.token(json!({ "exp": ends_at }))?;
    let sleep = format!("SELECT pg_sleep({}), 'done'", SHORT_SECS + 1);
    let script = format!("{sleep};\nSELECT 'one more';\n");
    let mut child = psql::command(&rig.login(CAROL, &token)?)?
        .args(["-qAt"])
        .env("PGSSLMODE", "require")
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()?;
    let mut stdin = child.stdin.take().context("take psql's standard input")?;
    std::io::Write::write_all(&mut stdin, script.as_bytes())?;
    drop(stdin);
    let output = child.wait_with_output()?;
    let (said, error) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(ends_at < now() && said.trim() == "|done", "{said} {error}");
    assert!(error.contains("the token that it began with has expired"), "{error}");
    Ok(())
}
