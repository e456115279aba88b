//! Peers that are gone without a word: the host has no power, or the network no way to it. No packet says so.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4, TcpStream};
use std::process::Command;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use anyhow::{Context, Result};
use e2e::login::Login;
use e2e::postgres::{self, Postgres};
use e2e::proxy::{Proxy, ProxySettings};
use e2e::{ip, port, psql, wait};
use rustix::net::{AddressFamily, SocketType, bind, connect, socket};

use super::deaths::read_to_end;
use super::vitals::Vitals;
use crate::conversation::{Client, query};
use crate::stack::{Stack, USER};

/// Three seconds of silence.
const KEYS: &str = "tcp-keepidle-secs = 1\ntcp-keepintvl-secs = 1\ntcp-keepcnt = 2\n";

/// Two in which nothing is acknowledged.
const IMPATIENT: &str = "tcp-user-timeout-secs = 2\n";

/// A result that no socket holds.
const LARGE: &str = "SELECT n, repeat('x', 1000) FROM generate_series(1, 1000000) AS n";

/// A loopback address that nobody else uses, to which no packet finds its way from `silence` on, until this is dropped.
struct Host {
    address: Ipv4Addr,
    is_silent: bool,
}

impl Host {
    fn new() -> Self {
        static MADE: AtomicU8 = AtomicU8::new(64);
        let [.., high, low] = std::process::id().to_be_bytes();
        let address = Ipv4Addr::new(127, MADE.fetch_add(1, Ordering::Relaxed), high, low);
        Host { address, is_silent: false }
    }

    /// While something is on its way keep-alive asks nothing (tcp_keepalive(7)): waits until all that came or went has been acknowledged.
    fn silence_at_rest(&mut self) -> Result<()> {
        wait::until("everything to be acknowledged", Duration::from_secs(30), || {
            Ok((!self.has_something_on_its_way()?).then_some(()))
        })?;
        self.silence()
    }

    fn silence(&mut self) -> Result<()> {
        self.is_silent = true;
        self.route("add")
    }

    fn has_something_on_its_way(&self) -> Result<bool> {
        let shown =
            Command::new("ss").args(["--tcp", "--numeric", "--no-header"]).output().context("run ss")?;
        let (shown, address) =
            (String::from_utf8_lossy(&shown.stdout).into_owned(), format!("{}:", self.address));
        Ok(shown.lines().any(|line| line.contains(&address) && line.split_whitespace().nth(2) != Some("0")))
    }

    fn speak_again(&mut self) -> Result<()> {
        self.is_silent = false;
        self.route("del")
    }

    fn route(&self, what: &str) -> Result<()> {
        ip::run(&["route", what, "blackhole", &format!("{}/32", self.address), "table", "local"])
    }

    /// A session that comes from there.
    fn connect(&self, login: &Login) -> Result<Client> {
        let socket = socket(AddressFamily::INET, SocketType::STREAM, None).context("make a socket")?;
        bind(&socket, &SocketAddr::from((self.address, 0))).context("bind it")?;
        connect(&socket, &SocketAddrV4::new(Ipv4Addr::LOCALHOST, login.port)).context("connect")?;
        Client::over(TcpStream::from(socket), login)
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        if self.is_silent {
            let _ = self.route("del");
        }
    }
}

#[test]
fn a_client_that_is_gone_without_a_word_is_noticed_and_leaves_nothing() -> Result<()> {
    let stack = Stack::start_with(KEYS)?;
    let vitals = Vitals::take(&stack)?;
    stack.truth("CREATE TABLE numbers (number int); ALTER TABLE numbers OWNER TO shop_owner")?;
    let mut host = Host::new();
    let mut client = host.connect(&stack.alice()?)?;
    client.exchange(&query("BEGIN; INSERT INTO numbers VALUES (1)"), 1)?;
    host.silence_at_rest()?;
    // Its transaction would keep others waiting.
    vitals.assert_unharmed()?;
    assert_eq!(stack.truth("SELECT count(*) FROM numbers")?, "0");
    let ended = "SELECT * FROM sessions FINAL WHERE end_reason = 'client_gone'";
    assert_eq!(stack.ledger.wait_row("the session's end", ended)?["principal"], USER);
    Ok(())
}

#[test]
fn a_client_that_acknowledges_nothing_ends_by_the_user_timeout() -> Result<()> {
    let stack = Stack::start_with(IMPATIENT)?;
    let vitals = Vitals::take(&stack)?;
    let mut host = Host::new();
    let mut client = host.connect(&stack.alice()?)?;
    client.stream.write_all(&query(LARGE)).context("ask for a large result")?;
    client.stream.read_exact(&mut [0]).context("see that it comes")?;
    host.silence()?;
    vitals.assert_unharmed()
}

#[test]
fn a_database_that_is_gone_without_a_word_is_told_and_served_again() -> Result<()> {
    let mut host = Host::new();
    let postgres = Postgres::start_with(&[&format!("listen_addresses=127.0.0.1,{}", host.address)])?;
    let superuser = postgres.superuser("postgres");
    let settings = ProxySettings {
        groups: Vec::new(),
        upstreams: Vec::new(),
        users: vec![(USER.to_string(), postgres::password()?)],
        clickhouse_url: format!("http://127.0.0.1:{}", port::free()?),
        ledger_database: "picket".to_string(),
    };
    let upstream = format!(
        "{KEYS}[[upstream]]\ndatabase = \"postgres\"\nhost = \"{}\"\nport = {}\nuser = \"{}\"\npassword = \"{}\"\n",
        host.address,
        postgres.port(),
        superuser.user,
        superuser.password
    );
    let proxy = Proxy::start_with(settings, &upstream)?;
    let login = proxy.login(USER, "postgres")?;
    let vitals = Vitals::of(&proxy, login.clone(), superuser)?;
    let mut client = Client::connect(&login)?;
    client.stream.write_all(&query("SELECT pg_sleep(600)")).context("ask")?;
    let runs =
        "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query = 'SELECT pg_sleep(600)'";
    wait::until("the statement to run", Duration::from_secs(30), || {
        Ok((postgres.administer("postgres", runs)?.trim() == "1").then_some(()))
    })?;
    host.silence_at_rest()?;
    assert_eq!(read_to_end(&mut client)?.as_deref(), Some("08006"));
    proxy.wait_log("server_gone")?;
    let refused = psql::run(&login, "SELECT 1")?;
    assert!(refused.stderr.contains("cannot reach the database"), "{}", refused.stderr);
    host.speak_again()?;
    let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(600)'";
    postgres.administer("postgres", end)?;
    vitals.assert_unharmed()
}
