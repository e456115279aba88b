//! Tokens that the provider takes back, or of whose user it says something else, while sessions live.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use e2e::oidc::{ASKING_CLIENT, SECRET};
use e2e::wait;
use serde_json::json;
use tokio_postgres::SimpleQueryMessage;

use super::rig::{CAROL, Key, ROBOT, Rig, driver, driver_tls, says};
use crate::driver::block_on;
use crate::stack::{text, words};

/// It asks every second, and of whoever logs in unless `more` says otherwise.
pub(super) fn asking(more: &str) -> String {
    format!(
        "statement-grace-secs = 0\n[oidc.introspection]\nclient-id = \"{ASKING_CLIENT}\"\nclient-secret = \"{SECRET}\"\n\
         every-secs = 1\n{more}"
    )
}

const REFUSED: &str = "password authentication failed for user \"carol@example.com\"";

#[test]
fn a_token_that_is_taken_back_ends_its_sessions_and_lets_nobody_in_again() -> Result<()> {
    let rig = Rig::start("require", &asking(""), "")?;
    let token = rig.provider.token("carol-shell")?;
    let robot = rig.provider.token("report-bot")?;
    block_on(async {
        let tls = driver_tls(&rig.authority.cert)?;
        let login = rig.login(CAROL, &token)?;
        let config = driver(&login);
        let (idle, connection) = config.connect(tls.clone()).await?;
        let idles = tokio::spawn(connection);
        let (working, connection) = config.connect(tls.clone()).await?;
        tokio::spawn(connection);
        let (other, connection) = driver(&rig.login(ROBOT, &robot)?).connect(tls.clone()).await?;
        tokio::spawn(connection);
        idle.batch_execute("BEGIN").await?;
        let sleep = tokio::spawn(async move { working.batch_execute("SELECT pg_sleep(600)").await });
        let runs = "SELECT count(*) FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(600)' AND datname = current_database()";
        wait::until("the statement to run", Duration::from_secs(60), || {
            Ok((rig.stack.truth(runs)? == "1").then_some(()))
        })?;
        rig.provider.revoke("carol-shell", &token)?;
        let cut = sleep.await?.err().context("expect the statement to be cut off")?;
        let idles = tokio::time::timeout(Duration::from_secs(60), idles).await??;
        for error in [cut, idles.err().context("expect the connection to end with an error")?] {
            let error = error.as_db_error().with_context(|| format!("{error:?}"))?;
            ensure!(error.code().code() == "57P01", "{error:?}");
            ensure!(error.message().contains("the identity provider has taken back the token"), "{error:?}");
        }
        // Others go on.
        let one = other.simple_query("SELECT 1").await?;
        ensure!(one.iter().any(|message| matches!(message, SimpleQueryMessage::Row(_))), "{one:?}");
        Ok(())
    })?;
    let refused = rig.says(CAROL, &token, "SELECT 1")?;
    assert!(refused.stderr.contains(REFUSED), "{}", refused.stderr);
    rig.stack.proxy.wait_log("the provider has taken it back")?;
    rig.logs_in(CAROL, &rig.provider.token("carol-shell")?)?;
    let ended = "SELECT * FROM sessions FINAL WHERE end_reason = 'token_revoked'";
    rig.stack.ledger.wait_rows("both sessions", ended, |rows| rows.len() == 2)?;
    let log = rig.stack.proxy.log();
    for secret in [SECRET, token.as_str(), robot.as_str()] {
        assert!(!log.contains(secret), "a secret is in the log");
    }
    Ok(())
}

#[test]
fn groups_that_change_at_the_provider_end_the_session_and_count_for_the_next_with_the_same_token()
-> Result<()> {
    let mut rig = Rig::start("require", &asking(""), "")?;
    let token = rig.provider.token("carol-shell")?;
    block_on(async {
        let tls = driver_tls(&rig.authority.cert)?;
        let (client, connection) = driver(&rig.login(CAROL, &token)?).connect(tls).await?;
        let ends = tokio::spawn(connection);
        client.batch_execute("SELECT 1").await?;
        rig.provider.says_of(
            "carol-shell",
            json!({ "preferred_username": CAROL, "groups": ["auditors", "reveal"] }),
        )?;
        let ended = tokio::time::timeout(Duration::from_secs(60), ends).await??;
        let error = ended.err().context("expect the connection to end with an error")?;
        let error = error.as_db_error().with_context(|| format!("{error:?}"))?;
        ensure!(error.code().code() == "57P01", "{error:?}");
        ensure!(error.message().contains("other groups for its user now"), "{error:?}");
        Ok(())
    })?;
    rig.logs_in(CAROL, &token)?;
    let rows = "SELECT * FROM sessions FINAL WHERE principal = 'carol@example.com' AND ended_at IS NOT NULL ORDER BY started_at";
    let rows = rig.stack.ledger.wait_rows("both sessions", rows, |rows| rows.len() == 2)?;
    assert_eq!(
        (words(&rows[0], "groups")?, text(&rows[0], "end_reason")?),
        (vec!["staff"], "groups_changed")
    );
    assert_eq!(words(&rows[1], "groups")?, ["auditors"]);
    Ok(())
}

#[test]
fn while_the_provider_is_away_sessions_go_on_and_nobody_new_gets_in_unless_that_is_wanted() -> Result<()> {
    for (more, gets_in) in [("", false), ("at-login = false\n", true)] {
        let mut rig = Rig::start("require", &asking(more), "")?;
        let token = rig.provider.token("carol-shell")?;
        let login = rig.login(CAROL, &token)?;
        block_on(async {
            let tls = driver_tls(&rig.authority.cert)?;
            let (client, connection) = driver(&login).connect(tls).await?;
            tokio::spawn(connection);
            rig.provider.kill()?;
            rig.stack.proxy.wait_log("the identity provider does not say whether tokens hold")?;
            client.batch_execute("SELECT count(*) FROM users").await?;
            let output = rig.says(CAROL, &token, "SELECT 'in'")?;
            ensure!((output.stdout.trim() == "in") == gets_in, "{}{}", output.stdout, output.stderr);
            ensure!(gets_in || output.stderr.contains(REFUSED), "{}", output.stderr);
            client.batch_execute("SELECT count(*) FROM users").await?;
            Ok(())
        })?;
        if !gets_in {
            rig.stack.proxy.wait_log("the provider does not say whether it still holds")?;
        }
    }
    Ok(())
}

#[test]
fn a_wrong_secret_of_its_own_lets_nobody_in_and_is_told_in_the_log_alone() -> Result<()> {
    let rig = Rig::start("require", &asking("").replace(SECRET, "another"), "")?;
    let refused = rig.says(CAROL, &rig.provider.token("carol-shell")?, "SELECT 1")?;
    assert!(refused.stderr.contains(REFUSED), "{}", refused.stderr);
    rig.stack.proxy.wait_log("http status: 401")?;
    // Tokens that the provider has signed and does not know any more, as after it has lost its memory.
    let rig = Rig::start("require", &asking(""), "")?;
    let refused = rig.says(CAROL, &rig.key.token(json!({}))?, "SELECT 1")?;
    assert!(refused.stderr.contains(REFUSED), "{}", refused.stderr);
    Ok(())
}

#[test]
fn a_console_answers_nothing_with_a_token_that_is_taken_back() -> Result<()> {
    let rig = Rig::start("require", &asking(""), "\n[approvals]\n")?;
    let token = rig.provider.token("carol-shell")?;
    let login = rig.login(CAROL, &token)?.to_database("picket");
    says(&login, "require", "SHOW APPROVALS")?.success()?;
    let counts = says(&login, "require", "SHOW LOGINS")?.success()?;
    assert!(counts.contains("questions to the provider about tokens"), "{counts}");
    block_on(async {
        let tls = driver_tls(&rig.authority.cert)?;
        let (client, connection) = driver(&login).connect(tls).await?;
        tokio::spawn(connection);
        client.simple_query("SHOW APPROVALS").await?;
        rig.provider.revoke("carol-shell", &token)?;
        let error = client.simple_query("SHOW APPROVALS").await.err().context("expect an end")?;
        let error = error.as_db_error().with_context(|| format!("{error:?}"))?;
        ensure!(error.code().code() == "57P01", "{error:?}");
        Ok(())
    })
}

#[test]
fn sessions_go_on_when_the_provider_changes_its_keys() -> Result<()> {
    let mut rig = Rig::start("require", "", "")?;
    let (old, next) = (rig.key.token(json!({}))?, Key::new("key-2", &rig.provider)?);
    block_on(async {
        let tls = driver_tls(&rig.authority.cert)?;
        let (client, connection) = driver(&rig.login(CAROL, &old)?).connect(tls).await?;
        tokio::spawn(connection);
        rig.provider.run(&[next.signing()])?;
        let new = next.token(json!({}))?;
        wait::until("the new key to be known", Duration::from_secs(60), || {
            Ok((rig.says(CAROL, &new, "SELECT 1")?.code == 0).then_some(()))
        })?;
        client.batch_execute("SELECT count(*) FROM users").await?;
        let refused = rig.says(CAROL, &old, "SELECT 1")?;
        ensure!(refused.stderr.contains(REFUSED), "{}", refused.stderr);
        Ok(())
    })
}
