//! Who gets in and who does not, and what they are told.

use anyhow::{Context, Result};
use e2e::login::Login;
use e2e::port;
use e2e::postgres::{self, Postgres};
use e2e::proxy::{Proxy, ProxySettings};
use e2e::psql;
use e2e::shop::Shop;
use tokio_postgres::error::SqlState;

use crate::driver::{block_on, connect, server_error};
use crate::stack::{Stack, USER};

/// Code and message with which a log-in fails.
fn refusal(login: &Login) -> Result<(SqlState, String)> {
    block_on(async {
        let error = connect(login).await.err().context("expect the log-in to fail")?;
        let error = server_error(&error)?;
        Ok((error.code().clone(), error.message().to_string()))
    })
}

#[test]
fn a_wrong_password_and_an_unknown_user_look_the_same() -> Result<()> {
    let stack = Stack::start()?;
    let alice = stack.alice()?;
    let (code, message) = refusal(&alice.as_user(USER, "wrong"))?;
    assert_eq!(code, SqlState::INVALID_PASSWORD);
    assert!(message.contains(USER), "{message}");
    let unknown = refusal(&alice.as_user("mallory", &alice.password))?;
    assert_eq!(unknown, (code, message.replace(USER, "mallory")));
    Ok(())
}

#[test]
fn the_password_of_the_database_role_does_not_open_the_proxy() -> Result<()> {
    let stack = Stack::start()?;
    let owner = stack.owner();
    let (code, _) = refusal(&stack.alice()?.as_user(&owner.user, &owner.password))?;
    assert_eq!(code, SqlState::INVALID_PASSWORD);
    Ok(())
}

#[test]
fn an_unknown_database_is_named() -> Result<()> {
    let stack = Stack::start()?;
    let (code, message) = refusal(&stack.alice()?.to_database("nowhere"))?;
    assert_eq!(code, SqlState::INVALID_CATALOG_NAME);
    assert!(message.contains("nowhere"), "{message}");
    Ok(())
}

#[test]
fn which_databases_there_are_is_told_only_to_those_who_may_log_in() -> Result<()> {
    let stack = Stack::start()?;
    let (code, _) = refusal(&stack.alice()?.as_user("mallory", "wrong").to_database("nowhere"))?;
    assert_eq!(code, SqlState::INVALID_PASSWORD);
    Ok(())
}

#[test]
fn psql_shows_a_failed_log_in_in_one_line_and_exits_with_2() -> Result<()> {
    let stack = Stack::start()?;
    let output = psql::run(&stack.alice()?.as_user(USER, "wrong"), "SELECT 1")?;
    assert_eq!(output.code, 2);
    assert!(output.stderr.contains("FATAL:  "), "{}", output.stderr);
    Ok(())
}

/// A proxy whose one upstream is `upstream`; it needs no ledger to refuse.
fn proxy_in_front_of(upstream: Login) -> Result<(Proxy, Login)> {
    let database = upstream.database.clone();
    let proxy = Proxy::start(ProxySettings {
        groups: Vec::new(),
        upstreams: vec![upstream],
        users: vec![(USER.to_string(), postgres::password()?)],
        clickhouse_url: format!("http://127.0.0.1:{}", port::free()?),
        ledger_database: "picket".to_string(),
    })?;
    let login = proxy.login(USER, &database)?;
    Ok((proxy, login))
}

#[test]
fn a_database_that_is_down_is_said_to_be_and_the_proxy_lives() -> Result<()> {
    let mut postgres = Postgres::start()?;
    let (proxy, login) = proxy_in_front_of(postgres.superuser("postgres"))?;
    assert_eq!(psql::run(&login, "SELECT 1")?.success()?.trim(), "1");
    postgres.go_down()?;
    for _ in 0..2 {
        let (code, message) = refusal(&login)?;
        assert!(code.code().starts_with("08"), "{code:?} {message}");
        assert!(!message.is_empty());
    }
    drop(proxy);
    Ok(())
}

#[test]
fn a_session_whose_database_goes_down_ends_with_an_error_and_not_silently() -> Result<()> {
    let mut postgres = Postgres::start()?;
    let (_proxy, login) = proxy_in_front_of(postgres.superuser("postgres"))?;
    let mut session = psql::Session::start(&login)?;
    session.ask("SELECT 1;")?;
    postgres.go_down()?;
    // psql ends when its connection is lost; what it printed until then is in the error.
    let lost = session.ask("SELECT 1;").err().context("expect a lost connection")?;
    // A server that goes down at once does not always find the time for its own last words.
    let last_words = ["terminating connection", "the database server closed the connection unexpectedly"];
    let lost = format!("{lost:#}");
    assert!(last_words.iter().any(|words| lost.contains(words)), "{lost}");
    Ok(())
}

#[test]
fn a_wrong_upstream_password_is_no_riddle_and_no_leak() -> Result<()> {
    let postgres = Postgres::start()?;
    let shop = Shop::create_roles(&postgres)?;
    shop.create_database(&postgres, "shop")?;
    let upstream = shop.owner(&postgres, "shop").as_user(e2e::shop::OWNER, "not-the-password");
    let (proxy, login) = proxy_in_front_of(upstream)?;
    let (code, message) = refusal(&login)?;
    assert!(code.code().starts_with("08"), "{code:?} {message}");
    // The client learns that the proxy could not get in; the operator reads why in the proxy's log.
    assert!(!message.contains("not-the-password"), "{message}");
    proxy.wait_log(e2e::shop::OWNER)?;
    assert!(!proxy.log().contains("not-the-password"), "{}", proxy.log());
    Ok(())
}
