//! Several databases behind one proxy.

use std::time::Duration;

use anyhow::Result;
use e2e::login::Login;
use e2e::proxy::{Proxy, ProxySettings};
use e2e::psql;
use e2e::{postgres, wait};

use crate::reload::{RELOADED, reload};
use crate::stack::{Stack, USER, text};

/// A proxy in front of these databases.
fn proxy_of(stack: &Stack, upstreams: Vec<Login>, keys: &str) -> Result<Proxy> {
    let settings = ProxySettings {
        groups: Vec::new(),
        upstreams,
        users: vec![(USER.to_string(), postgres::password()?)],
        clickhouse_url: stack.ledger.url().to_string(),
        ledger_database: stack.ledger.database().to_string(),
    };
    Proxy::start_with(settings, keys)
}

/// Another database on the server of a stack, named after it.
fn another(stack: &Stack, suffix: &str) -> Result<String> {
    let name = format!("{}_{suffix}", stack.database);
    stack.truth(&format!("CREATE DATABASE {name} OWNER {}", e2e::shop::OWNER))?;
    Ok(name)
}

#[test]
fn the_same_text_is_judged_by_the_catalog_of_its_own_database() -> Result<()> {
    let stack = Stack::start()?;
    let other = another(&stack, "other")?;
    let proxy = proxy_of(&stack, vec![stack.owner(), stack.owner().to_database(&other)], "")?;
    let (shop, other) = (proxy.login(USER, &stack.database)?, proxy.login(USER, &other)?);
    psql::run(&stack.owner(), "CREATE TABLE notes (id int, body text)")?.success()?;
    let notes = "CREATE TABLE notes (id int, email text); INSERT INTO notes VALUES (1, 'ada@example.com')";
    psql::run(&stack.owner().to_database(&other.database), notes)?.success()?;
    let copy = "COPY notes TO STDOUT";
    // Sessions go to the threads in turn, and each thread remembers what it has judged.
    for _ in 0..std::thread::available_parallelism()?.get() {
        psql::run(&shop, copy)?.success()?;
    }
    for _ in 0..std::thread::available_parallelism()?.get() {
        assert_eq!(psql::run(&other, copy)?.success()?, "1\ta***@***.com\n");
    }
    Ok(())
}

#[test]
fn a_wildcard_is_any_database_that_has_no_section_of_its_own() -> Result<()> {
    let stack = Stack::start()?;
    let other = another(&stack, "other")?;
    let proxy = proxy_of(&stack, vec![stack.staff(), stack.owner().to_database("*")], "")?;
    let who = "SELECT current_user, current_database()";
    let own = proxy.login(USER, &stack.database)?;
    assert_eq!(psql::run(&own, who)?.success()?.trim(), format!("shop_staff|{}", stack.database));
    let any = own.to_database(&other);
    assert_eq!(psql::run(&any, who)?.success()?.trim(), format!("shop_owner|{other}"));
    psql::run(&any, "CREATE TABLE people (email text); INSERT INTO people VALUES ('zoe@example.com')")?
        .success()?;
    let shown = psql::run(&any, "TABLE people")?.success()?;
    assert!(!shown.contains("zoe@example.com"), "{shown}");
    let session = format!("SELECT * FROM sessions FINAL WHERE database = '{other}' LIMIT 1");
    let session = stack.ledger.wait_row("a session with it", &session)?;
    assert_eq!(text(&session, "database_role")?, "shop_owner");

    // What is not there is told as the server tells it.
    let (through, direct) = (any.to_database("nowhere"), stack.owner().to_database("nowhere"));
    let told = |login: &Login| -> Result<String> {
        let output = psql::run(login, "SELECT 1")?;
        assert_eq!(output.code, 2);
        Ok(output.stderr.rsplit_once("FATAL:").map(|(_, told)| told.to_string()).unwrap_or(output.stderr))
    };
    assert_eq!(told(&through)?, told(&direct)?);
    assert!(told(&any.to_database(&"n".repeat(64)))?.contains("does not exist"));
    assert!(told(&any.to_database("*"))?.contains("database \"*\" does not exist"));
    Ok(())
}

#[test]
fn a_wildcard_is_no_other_way_into_a_database_that_has_a_section() -> Result<()> {
    let stack = Stack::start()?;
    let (hidden, staff) = (another(&stack, "hidden")?, stack.staff());
    let section = format!(
        "[[upstream]]\ndatabase = \"hr\"\ndbname = \"{hidden}\"\nhost = \"127.0.0.1\"\nport = {}\nuser = \"{}\"\n\
         password = \"{}\"\n",
        staff.port, staff.user, staff.password
    );
    let proxy = proxy_of(&stack, vec![stack.owner().to_database("*")], &section)?;
    let who = "SELECT current_user, current_database()";
    let by_section = psql::run(&proxy.login(USER, "hr")?, who)?.success()?;
    assert_eq!(by_section.trim(), format!("shop_staff|{hidden}"));
    let by_wildcard = psql::run(&proxy.login(USER, &hidden)?, who)?;
    assert!(by_wildcard.stderr.contains("does not exist"), "{}", by_wildcard.stderr);
    Ok(())
}

#[test]
fn the_databases_of_a_wildcard_are_bounded_and_an_unused_one_makes_room() -> Result<()> {
    let stack = Stack::start()?;
    let (one, two) = (another(&stack, "one")?, another(&stack, "two")?);
    let proxy = proxy_of(&stack, vec![stack.owner().to_database("*")], "max-wildcard-databases = 1\n")?;
    let (one, two) = (proxy.login(USER, &one)?, proxy.login(USER, &two)?);
    let mut session = psql::Session::start(&one)?;
    session.ask("SELECT 1;")?;
    let refused = psql::run(&two, "SELECT 1")?;
    assert!(refused.stderr.contains("sorry, too many databases are in use already"), "{}", refused.stderr);
    assert!(refused.stderr.contains("`max-wildcard-databases`, 1 at the moment"), "{}", refused.stderr);
    assert_eq!(psql::run(&one, "SELECT 1")?.code, 0);
    session.quit()?;
    wait::until("room for another database", Duration::from_secs(30), || {
        Ok((psql::run(&two, "SELECT 1")?.code == 0).then_some(()))
    })
}

#[test]
fn the_environment_of_an_upstream_is_written_down_and_shown() -> Result<()> {
    let mut stack = Stack::start()?;
    reload(&mut stack, RELOADED, |text| {
        text.replacen("[[upstream]]", "[[upstream]]\nenvironment = \"production\"", 1)
    })?;
    psql::run(&stack.alice()?, "SELECT city FROM users")?.success()?;
    stack.statement("SELECT city FROM users")?;
    let row = stack.ledger.wait_row(
        "the touch",
        "SELECT environment FROM who_touched WHERE object = 'public.users.city' AND finished_at IS NOT NULL",
    )?;
    assert_eq!(text(&row, "environment")?, "production");
    Ok(())
}
