//! Several databases behind one proxy.

use anyhow::Result;
use e2e::postgres;
use e2e::proxy::{Proxy, ProxySettings};
use e2e::psql;

use crate::stack::{Stack, USER};

/// A proxy in front of a stack's shop and another database of the same server.
fn proxy_of_both(stack: &Stack, other: &str) -> Result<Proxy> {
    stack.truth(&format!("CREATE DATABASE {other} OWNER {}", e2e::shop::OWNER))?;
    Proxy::start(ProxySettings {
        upstreams: vec![stack.owner(), stack.owner().to_database(other)],
        users: vec![(USER.to_string(), postgres::password()?)],
        clickhouse_url: stack.ledger.url().to_string(),
        ledger_database: stack.ledger.database().to_string(),
    })
}

#[test]
fn the_same_text_is_judged_by_the_catalog_of_its_own_database() -> Result<()> {
    let stack = Stack::start()?;
    let other = format!("{}_other", stack.database);
    let proxy = proxy_of_both(&stack, &other)?;
    let (shop, other) = (proxy.login(USER, &stack.database)?, proxy.login(USER, &other)?);
    psql::run(&stack.owner(), "CREATE TABLE notes (id int, body text)")?.success()?;
    psql::run(&stack.owner().to_database(&other.database), "CREATE TABLE notes (id int, email text)")?
        .success()?;
    let copy = "COPY notes TO STDOUT";
    // Sessions go to the threads in turn, and each thread remembers what it has judged.
    for _ in 0..std::thread::available_parallelism()?.get() {
        psql::run(&shop, copy)?.success()?;
    }
    for _ in 0..std::thread::available_parallelism()?.get() {
        let refused = psql::run(&other, copy)?;
        assert!(refused.stderr.contains("\"copy-masked\""), "{}", refused.stderr);
    }
    Ok(())
}
