//! Another database stands where one was: restored, upgraded, or another server's.

use std::io;
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};
use std::thread;
use std::time::Duration;

use anyhow::Result;
use e2e::engine::Engine;
use e2e::ledger::Ledger;
use e2e::login::Login;
use e2e::postgres::{self, Postgres};
use e2e::proxy::{Proxy, ProxySettings};
use e2e::psql;
use e2e::shop::{OWNER, Shop};
use e2e::wait;

use crate::dump;
use crate::stack::{Stack, USER};

/// How long values may take to be looked at.
const LOOK_WAIT: Duration = Duration::from_secs(60);

/// A port behind which there is one server, and then another.
struct Way {
    port: u16,
    to: Arc<AtomicU16>,
}

impl Way {
    fn to(port: u16) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let way = Way { port: listener.local_addr()?.port(), to: Arc::new(AtomicU16::new(port)) };
        let to = Arc::clone(&way.to);
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let Ok(server) = TcpStream::connect(("127.0.0.1", to.load(Ordering::Relaxed))) else {
                    continue;
                };
                for (from, into) in [(&client, &server), (&server, &client)] {
                    let (Ok(mut from), Ok(mut into)) = (from.try_clone(), into.try_clone()) else { continue };
                    thread::spawn(move || {
                        let _ = io::copy(&mut from, &mut into);
                        let _ = into.shutdown(Shutdown::Both);
                    });
                }
            }
        });
        Ok(way)
    }

    fn leads_to(&self, port: u16) {
        self.to.store(port, Ordering::Relaxed);
    }
}

#[test]
fn what_was_written_into_columns_is_known_after_a_restore() -> Result<()> {
    let mut stack = Stack::start()?;
    let owner = stack.owner();
    let people = "CREATE TABLE people (id int, last_name text); INSERT INTO people VALUES (1, 'Canary');
        CREATE TABLE copies (id int, label text)";
    psql::run(&owner, people)?.success()?;
    let alice = stack.alice()?;
    wait::until("the tables to be known", LOOK_WAIT, || {
        let known = "SELECT p.last_name, p.id FROM people p LEFT JOIN copies c ON p.id = c.id";
        Ok(psql::run_with(&alice, &["-At"], known)?.success()?.trim().ends_with("|1").then_some(()))
    })?;
    psql::run(&alice, "INSERT INTO copies SELECT id, last_name FROM people")?.success()?;
    let are_masked = |stack: &Stack| -> Result<()> {
        let labels = "SELECT label, id FROM copies";
        // What nobody knows yet is hidden, too.
        wait::until("the catalog to be known", LOOK_WAIT, || {
            let shown = psql::run_with(&stack.alice()?, &["-At"], labels)?.success()?;
            assert!(!shown.contains("Can"), "{shown}");
            Ok(shown.trim().ends_with("|1").then_some(()))
        })
    };
    are_masked(&stack)?;

    let postgres = stack.superuser().to_database("postgres");
    for is_restarted in [false, true] {
        let dump = dump::text(&owner, &["--no-owner", "--inserts"])?;
        psql::run(&postgres, &format!("DROP DATABASE {} WITH (FORCE)", stack.database))?.success()?;
        psql::run(&postgres, &format!("CREATE DATABASE {} OWNER {OWNER}", stack.database))?.success()?;
        psql::run(&stack.superuser(), "ALTER SCHEMA public OWNER TO shop_owner")?.success()?;
        psql::run(&owner, &dump)?.success()?;
        if is_restarted {
            stack.proxy.stop()?;
            stack.proxy.restart()?;
        }
        are_masked(&stack)?;
    }
    stack.proxy.wait_log("another database is there now than before")
}

/// The same numbers are other tables there.
#[test]
fn what_was_seen_of_one_server_says_nothing_of_another() -> Result<()> {
    let (one, other) = (Postgres::start()?, Postgres::start()?);
    let shop = Shop::create_roles(&one)?;
    one.administer("postgres", "CREATE DATABASE beside")?;
    one.administer("postgres", &format!("CREATE DATABASE shop OWNER {OWNER}"))?;
    let owner = shop.owner(&one, "shop");
    // Clusters of tests are copies of one, and so it is the database's number that tells them apart.
    Shop::create_roles(&other)?;
    other.administer("postgres", &format!("CREATE DATABASE shop OWNER {OWNER}"))?;
    other.administer("postgres", "CREATE DATABASE beside")?;
    let same_password = format!("ALTER ROLE {OWNER} PASSWORD '{}'", owner.password);
    other.administer("postgres", &same_password)?;
    let made = |name: &str, value: &str| {
        format!(
            "CREATE TABLE {name} (c1 text); ALTER TABLE {name} OWNER TO {OWNER};
             INSERT INTO {name} SELECT '{value}' FROM generate_series(1, 30)"
        )
    };
    one.administer("shop", &made("words", "in stock"))?;
    other.administer("shop", &made("notes", "canary@example.org"))?;
    let number = "SELECT max(oid) FROM pg_class WHERE relkind = 'r'";
    assert_eq!(one.administer("shop", number)?, other.administer("shop", number)?);

    let way = Way::to(one.port())?;
    let engine = Engine::start()?;
    let ledger = Ledger::new(engine.url(), "picket_restored");
    let settings = ProxySettings {
        groups: Vec::new(),
        upstreams: vec![Login { port: way.port, ..owner }],
        users: vec![(USER.to_string(), postgres::password()?)],
        clickhouse_url: ledger.url().to_string(),
        ledger_database: ledger.database().to_string(),
    };
    let proxy = Proxy::start_with(settings, "")?;
    let alice = proxy.login(USER, "shop")?;
    // What is made beside values that nobody has looked at is searched.
    let searched = "SELECT 'canary@example.org' || left(c1, 0) FROM words LIMIT 1";
    wait::until("values to be looked at", LOOK_WAIT, || {
        Ok(psql::run(&alice, searched)?.success()?.contains("canary").then_some(()))
    })?;
    way.leads_to(other.port());
    one.administer(
        "postgres",
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'shop'",
    )?;
    let notes = wait::until("the other server", LOOK_WAIT, || {
        let notes = psql::run(&alice, "SELECT c1 FROM notes LIMIT 1")?;
        Ok((notes.code == 0).then_some(notes.stdout))
    })?;
    assert!(notes.contains("@***") && !notes.contains("canary"), "{notes}");
    Ok(())
}
