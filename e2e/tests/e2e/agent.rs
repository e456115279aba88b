//! The second witness on the real kernel: who goes around the proxy is seen, who goes through it is not accused.

use std::collections::BTreeSet;
use std::fs;
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use e2e::account::Account;
use e2e::agent::{Agent, AgentSettings, launch};
use e2e::binaries;
use e2e::daemon::{Launch, Ready};
use e2e::engine::Engine;
use e2e::ledger::Ledger;
use e2e::postgres::{self, Postgres};
use e2e::proxy::{Proxy, ProxySettings};
use e2e::psql::{self, Session};
use e2e::scratch::Scratch;
use e2e::shop::{STAFF, Shop};
use e2e::wait;

use crate::cli::{picket, rows};
use crate::stack::{USER, number, text};

/// How long something may take to be seen.
const SEEN: Duration = Duration::from_secs(60);

/// A database of its own: what other tests do to theirs is none of this agent's business.
struct Watched {
    agent: Agent,
    proxy: Proxy,
    shop: Shop,
    postgres: Postgres,
    ledger: Ledger,
    _engine: Engine,
}

impl Watched {
    fn start() -> Result<Self> {
        Self::start_after("", |_, _, _| Ok(())).map(|(watched, ())| watched)
    }

    /// Its agent goes by these sections `[[allow]]`.
    fn start_allowing(allow: &str) -> Result<Self> {
        Self::start_after(allow, |_, _, _| Ok(())).map(|(watched, ())| watched)
    }

    /// Starts the agent last, after `before`.
    fn start_after<T>(
        allow: &str,
        before: impl FnOnce(&Postgres, &Shop, &Proxy) -> Result<T>,
    ) -> Result<(Self, T)> {
        let postgres = Postgres::start()?;
        let shop = Shop::create_roles(&postgres)?;
        shop.create_database(&postgres, "shop")?;
        let engine = Engine::start()?;
        let ledger = Ledger::new(engine.url(), "picket");
        let proxy = Proxy::start(ProxySettings {
            groups: Vec::new(),
            upstreams: vec![shop.owner(&postgres, "shop")],
            users: vec![(USER.to_string(), postgres::password()?)],
            clickhouse_url: engine.url().to_string(),
            ledger_database: "picket".to_string(),
        })?;
        let begun = before(&postgres, &shop, &proxy)?;
        let agent = Agent::start(&AgentSettings {
            ports: vec![postgres.port()],
            allow: allow.to_string(),
            alertmanagers: Vec::new(),
            proxy_pid_files: vec![proxy.pid_file()],
            clickhouse_url: engine.url().to_string(),
            ledger_database: "picket".to_string(),
        })?;
        Ok((Self { agent, proxy, shop, postgres, ledger, _engine: engine }, begun))
    }

    fn go_through(&self) -> Result<()> {
        let mut session = Session::start(&self.proxy.login(USER, "shop")?)?;
        session.ask("SELECT 1;")?;
        session.quit()?;
        Ok(())
    }

    /// The process id of the psql that went around.
    fn go_around(&self) -> Result<u32> {
        let mut session = Session::start(&self.shop.staff(&self.postgres, "shop"))?;
        session.ask("SELECT name, email FROM users;")?;
        let pid = session.pid();
        session.quit()?;
        Ok(pid)
    }
}

#[test]
fn a_connection_around_the_proxy_raises_an_alert_with_process_user_and_address() -> Result<()> {
    let watched = Watched::start()?;
    // Of a process that is gone nobody knows what it ran.
    let mut session = Session::start(&watched.shop.staff(&watched.postgres, "shop"))?;
    session.ask("SELECT name, email FROM users;")?;
    let pid = session.pid();
    let alert = watched.ledger.wait_row("the alert", "SELECT * FROM alerts FINAL WHERE kind = 'bypass'")?;
    session.quit()?;
    assert_eq!(number(&alert, "process_pid")?, u64::from(pid));
    assert_eq!(text(&alert, "process_command")?, "psql");
    assert_eq!(number(&alert, "process_uid")?, u64::from(rustix::process::getuid().as_raw()));
    assert_eq!(text(&alert, "client_address")?, "::ffff:127.0.0.1");
    assert_eq!(number(&alert, "server_port")?, u64::from(watched.postgres.port()));
    let message = text(&alert, "message")?;
    for part in ["psql", "127.0.0.1", text(&alert, "process_user")?] {
        assert!(message.contains(part), "`{part}` is not in `{message}`");
    }
    let row = watched.ledger.wait_row("the bypass", "SELECT * FROM bypasses")?;
    for (column, asked) in [
        ("database_role", STAFF),
        ("database", "shop"),
        ("application_name", "psql"),
        ("encryption", "refused"),
    ] {
        assert_eq!(text(&row, column)?, asked, "{row}");
    }
    assert!(
        message.contains(&format!("role \"{STAFF}\", database \"shop\", application \"psql\"")),
        "{message}"
    );
    let executable = text(&row, "process_executable")?;
    assert!(executable.ends_with("/psql") && message.contains(executable), "{row}");
    let me = format!("[{}]", std::process::id());
    let parents = row["process_parents"].as_array().context("read its parents")?;
    assert!(parents[0].as_str().is_some_and(|parent| parent.ends_with(&me)), "{row}");
    assert!(text(&row, "process_started_at")? <= text(&row, "at")?, "{row}");
    let closed = "SELECT * FROM connections FINAL WHERE class = 'bypass' AND closed_at IS NOT NULL";
    let connection = watched.ledger.wait_row("the closed connection", closed)?;
    assert!(number(&connection, "bytes_to_server")? > 0, "{connection}");
    assert!(number(&connection, "bytes_to_client")? > 0, "{connection}");
    Ok(())
}

/// Arguments are kept where somebody says so, and told to people without passwords; their hash finds them otherwise.
#[test]
fn what_went_around_is_told_with_its_arguments_where_they_are_kept() -> Result<()> {
    for kept in [false, true] {
        let process = if kept { "[process]\narguments = \"keep\"\n" } else { "" };
        let watched = Watched::start_allowing(process)?;
        let pid = watched.go_around()?;
        let row = watched.ledger.wait_row("the bypass", "SELECT * FROM bypasses")?;
        assert_eq!(number(&row, "process_pid")?, u64::from(pid));
        let arguments: Vec<&str> = row["process_arguments"]
            .as_array()
            .context("read its arguments")?
            .iter()
            .filter_map(|it| it.as_str())
            .collect();
        let message = text(&row, "message")?;
        if kept {
            assert!(arguments[0].ends_with("psql") && 1 < arguments.len(), "{row}");
            assert!(message.contains(&format!("started as \"{}", arguments[0])), "{message}");
            assert!(!row.to_string().contains(&postgres::password()?), "{row}");
        } else {
            assert!(arguments.is_empty() && !message.contains("started as"), "{row}");
        }
        let hash = text(&row, "process_arguments_hash")?;
        assert!(hash.len() == 32 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()), "{row}");
        let same = format!(
            "SELECT * FROM connections FINAL WHERE class = 'bypass' AND process_arguments_hash = '{hash}' \
             AND process_arguments = (SELECT process_arguments FROM alerts FINAL WHERE process_arguments_hash = '{hash}')"
        );
        watched.ledger.wait_row("its connection", &same)?;
    }
    Ok(())
}

#[test]
fn connections_of_the_proxy_are_known_by_the_kernel_and_raise_no_alert() -> Result<()> {
    const SESSIONS: usize = 5;
    let watched = Watched::start()?;
    for _ in 0..SESSIONS {
        watched.go_through()?;
    }
    // The bypass comes last: when its alert is there, one for those before it would be there too.
    watched.go_around()?;
    let alerts =
        watched.ledger.wait_rows("an alert", "SELECT * FROM alerts FINAL", |rows| !rows.is_empty())?;
    assert_eq!(alerts.len(), 1, "{alerts:?}");
    // The proxy also has connections of its own, without a session: it reads the catalog.
    let proxied = "SELECT * FROM connections FINAL WHERE class = 'proxied' AND evidence = 'kernel' \
        AND encryption = '' AND database_role = '' AND client_cookie IN (SELECT upstream_cookie FROM sessions FINAL)";
    watched.ledger.wait_rows("the sessions' connections", proxied, |rows| rows.len() == SESSIONS)?;
    Ok(())
}

/// From the same host, by the same program, to the same port.
#[test]
fn who_comes_through_and_who_goes_around_at_the_same_time_are_told_apart() -> Result<()> {
    const EACH: usize = 10;
    let watched = Watched::start()?;
    let around = std::thread::scope(|scope| {
        let through: Vec<_> =
            (0..2).map(|_| scope.spawn(|| (0..EACH).try_for_each(|_| watched.go_through()))).collect();
        let around: Vec<_> = (0..2)
            .map(|_| scope.spawn(|| (0..EACH).map(|_| watched.go_around()).collect::<Result<Vec<u32>>>()))
            .collect();
        for thread in through {
            thread.join().map_err(|_| anyhow!("a thread broke"))??;
        }
        let mut pids = BTreeSet::new();
        for thread in around {
            pids.extend(thread.join().map_err(|_| anyhow!("a thread broke"))??.into_iter().map(u64::from));
        }
        Ok::<_, anyhow::Error>(pids)
    })?;
    let bypasses = "SELECT process_pid FROM connections FINAL WHERE class = 'bypass'";
    let rows = watched.ledger.wait_rows("those around", bypasses, |rows| 2 * EACH <= rows.len())?;
    let told = rows.iter().map(|row| number(row, "process_pid")).collect::<Result<BTreeSet<_>>>()?;
    assert_eq!((rows.len(), told), (2 * EACH, around));
    let through = "SELECT session_id FROM sessions FINAL WHERE upstream_cookie IN \
                   (SELECT client_cookie FROM connections FINAL WHERE class = 'proxied' AND evidence = 'kernel')";
    let rows = watched.ledger.wait_rows("those through", through, |rows| 2 * EACH <= rows.len())?;
    assert_eq!(rows.len(), 2 * EACH);
    Ok(())
}

#[test]
fn coverage_is_the_part_that_came_through_the_proxy() -> Result<()> {
    let watched = Watched::start()?;
    watched.go_through()?;
    watched.go_around()?;
    // By what `witness_gaps` joins them: both witnesses write the same addresses.
    let met = "SELECT session.session_id AS id FROM (SELECT * FROM sessions FINAL) AS session \
        JOIN (SELECT * FROM connections FINAL) AS connection \
        ON connection.client_address = session.upstream_local_address \
        AND connection.client_port = session.upstream_local_port \
        AND connection.server_address = session.upstream_address \
        AND connection.server_port = session.upstream_port AND connection.host = session.host";
    watched.ledger.wait_row("the session's connection", met)?;
    let covered = "SELECT * FROM coverage WHERE bypassed = 1";
    let row = watched.ledger.wait_row("the day", covered)?;
    // The proxy's own reader of the catalog is among them.
    let (connections, proxied) = (number(&row, "connections")?, number(&row, "proxied")?);
    assert!(2 <= connections && connections == proxied + 1, "{row}");
    let share = row["share"].as_f64().context("read the share")?;
    assert!((share * connections as f64 - proxied as f64).abs() < 1e-9, "{row}");
    let gaps = watched.ledger.rows("SELECT * FROM witness_gaps WHERE kind != 'degraded'")?;
    assert!(gaps.is_empty(), "{gaps:?}");
    println!("{row}");
    Ok(())
}

#[test]
fn connections_from_before_the_agent_are_found_and_judged() -> Result<()> {
    let (watched, (around, through)) = Watched::start_after("", |postgres, shop, proxy| {
        let mut around = Session::start(&shop.staff(postgres, "shop"))?;
        around.ask("SELECT name, email FROM users;")?;
        let mut through = Session::start(&proxy.login(USER, "shop")?)?;
        through.ask("SELECT 1;")?;
        Ok((around, through))
    })?;
    let pid = around.pid();
    let found = "SELECT * FROM connections FINAL WHERE opening = 'found' AND class = 'bypass'";
    let row = watched.ledger.wait_row("the bypass", found)?;
    assert_eq!(number(&row, "process_pid")?, u64::from(pid), "{row}");
    assert_eq!(text(&row, "process_command")?, "psql");
    let alert = watched.ledger.wait_row("the alert", "SELECT * FROM alerts FINAL WHERE kind = 'bypass'")?;
    assert!(text(&alert, "message")?.contains("since before the agent looked"), "{alert}");
    let proxied = "SELECT * FROM connections FINAL WHERE opening = 'found' AND class = 'proxied' \
        AND evidence = 'holder' AND client_cookie IN (SELECT upstream_cookie FROM sessions FINAL)";
    watched.ledger.wait_row("the session's connection", proxied)?;
    around.quit()?;
    through.quit()?;
    // Nobody tells of their ends: the next look does.
    let ended = "SELECT * FROM connections FINAL WHERE opening = 'found' AND ending = 'missed' \
        AND class = 'bypass' AND bytes_to_client > 0";
    watched.ledger.wait_row("its end", ended)?;
    Ok(())
}

#[test]
fn whom_a_rule_allows_is_in_the_ledger_with_the_rule_and_raises_no_alert() -> Result<()> {
    let uid = rustix::process::getuid().as_raw();
    // The first one is over, and allows nobody.
    let watched = Watched::start_allowing(&format!(
        "[[allow]]\nname = 'migration'\nreason = 'moved in 2020'\nuntil = 2020-01-01T00:00:00Z\nuser = {uid}\n\
         [[allow]]\nname = 'maintenance'\nreason = 'the administrators of the host'\nuser = {uid}\n"
    ))?;
    watched.go_through()?;
    let pid = watched.go_around()?;
    let row = watched.ledger.wait_row("it", "SELECT * FROM connections FINAL WHERE class = 'allowed'")?;
    assert_eq!(number(&row, "process_pid")?, u64::from(pid), "{row}");
    assert_eq!((text(&row, "rule")?, text(&row, "evidence")?), ("maintenance", "kernel"));
    let row = watched.ledger.wait_row("the day", "SELECT * FROM coverage WHERE proxied > 0")?;
    assert_eq!((number(&row, "allowed")?, number(&row, "bypassed")?), (1, 0), "{row}");
    assert_eq!(row["allowed_by"], serde_json::json!(["maintenance"]));
    // The alert of a bypass goes to the ledger together with its connection.
    let alerts = watched.ledger.rows("SELECT * FROM alerts FINAL")?;
    assert!(alerts.is_empty(), "{alerts:?}");
    let log = watched.agent.log();
    assert!(log.contains("rule has expired") && log.contains("migration"), "{log}");
    Ok(())
}

#[test]
fn the_two_witnesses_meet_on_the_socket_cookie() -> Result<()> {
    let watched = Watched::start()?;
    watched.go_through()?;
    let joined = "SELECT s.principal AS principal, c.bytes_to_client AS bytes FROM sessions AS s FINAL \
        INNER JOIN connections AS c FINAL ON c.client_cookie = s.upstream_cookie \
        AND c.client_port = s.upstream_local_port WHERE c.closed_at IS NOT NULL";
    let row = watched.ledger.wait_row("a session and its connection", joined)?;
    assert_eq!(text(&row, "principal")?, USER);
    assert!(number(&row, "bytes")? > 0, "{row}");
    Ok(())
}

#[test]
fn an_agent_that_is_asked_to_end_says_so_in_the_ledger() -> Result<()> {
    let mut watched = Watched::start()?;
    // It tries for 5 s at its end, which would have to do for making the ledger too.
    watched.ledger.wait_rows("its first account", "SELECT * FROM agent_health", |_| true)?;
    assert_eq!(watched.agent.stop()?, 0);
    watched
        .ledger
        .wait_row("its last account", "SELECT * FROM agent_health FINAL WHERE state = 'stopped'")?;
    Ok(())
}

#[test]
fn an_agent_without_rights_says_which_it_needs_and_exits_with_77() -> Result<()> {
    // A copy, since nobody may not enter every folder that programs are built in.
    let folder = Scratch::new("powerless")?;
    let program = folder.join("picket-agent");
    fs::copy(binaries::find("picket-agent")?, &program).context("copy the agent")?;
    let settings = AgentSettings {
        ports: vec![5432],
        allow: String::new(),
        alertmanagers: Vec::new(),
        proxy_pid_files: Vec::new(),
        clickhouse_url: "http://127.0.0.1:1".to_string(),
        ledger_database: "picket".to_string(),
    };
    // Writes the configuration; the agent that it describes is not started.
    launch(&settings, &folder)?;
    let spool = folder.join("spool");
    let nobody = Account::find("nobody")?;
    fs::create_dir(&spool).context("create the spool")?;
    std::os::unix::fs::chown(&spool, Some(nobody.uid), Some(nobody.gid)).context("give it to nobody")?;
    let (status, log) = Launch::new(program, folder.join("agent.log"), Ready::Line("watching ports "))
        .args(["--config"])
        .args([folder.join("agent.toml")])
        .account(Some(nobody))
        .run_to_end()?;
    assert_eq!(status.code(), Some(77), "{log}");
    assert!(log.contains("CAP_BPF") || log.contains("root"), "{log}");
    Ok(())
}

/// A database beside the watched one, of which the agent was told nothing.
#[test]
fn a_database_that_nobody_watches_is_found_and_watched_where_that_is_asked_for() -> Result<()> {
    let (watched, hidden) = Watched::start_after("[discover]\nwatch = true\n", |_, _, _| Postgres::start())?;
    let port = hidden.port();
    let alert = format!(
        "SELECT * FROM alerts FINAL WHERE kind = 'listener' AND position(message, ':{port}, which') > 0"
    );
    let alert = watched.ledger.wait_row("the alert", &alert)?;
    let message = text(&alert, "message")?;
    assert!(message.starts_with("PostgreSQL: postgres (pid "), "{message}");
    assert!(message.contains("it is from now on; runs /"), "{message}");
    let stream = std::net::TcpStream::connect((std::net::Ipv4Addr::LOCALHOST, port)).context("connect")?;
    let bypass = format!("SELECT * FROM bypasses WHERE server = '127.0.0.1:{port}'");
    let row = watched.ledger.wait_row("the bypass", &bypass)?;
    assert_eq!(number(&row, "process_pid")?, u64::from(std::process::id()), "{row}");
    drop(stream);
    Ok(())
}

/// It begins after the agent, of which no event tells.
#[test]
fn a_database_on_unix_sockets_alone_is_found_and_watched_where_that_is_asked_for() -> Result<()> {
    let (watched, ()) = Watched::start_after("[discover]\nwatch = true\n", |_, _, _| Ok(()))?;
    let hidden = Postgres::start_with(&["listen_addresses="])?;
    let path = hidden.socket_folder().join(format!(".s.PGSQL.{}", hidden.port())).display().to_string();
    let alert = format!(
        "SELECT * FROM alerts FINAL WHERE kind = 'listener' AND position(message, ' listens on {path}, which') > 0"
    );
    let alert = watched.ledger.wait_row("the alert", &alert)?;
    let message = text(&alert, "message")?;
    assert!(message.starts_with(&format!("PostgreSQL: postgres (pid {}", hidden.pid())), "{message}");
    assert!(message.contains("it is from now on; runs /"), "{message}");
    // Its port is watched as soon as that was told.
    hidden.administer("postgres", "SELECT pg_sleep(0)")?;
    let bypass = format!("SELECT * FROM bypasses WHERE server = '{path}'");
    let row = watched.ledger.wait_row("the bypass", &bypass)?;
    assert_eq!((text(&row, "process_command")?, text(&row, "database")?), ("psql", "postgres"), "{row}");
    Ok(())
}

/// Without the rights to ask who holds a socket it goes on, and says so where people look.
#[test]
fn what_an_agent_cannot_do_is_in_its_account_and_among_the_gaps() -> Result<()> {
    let (postgres, engine) = (Postgres::start()?, Engine::start()?);
    let stream = std::net::TcpStream::connect((std::net::Ipv4Addr::LOCALHOST, postgres.port()))
        .context("connect before the agent")?;
    let folder = Scratch::new("lacking")?;
    // Writes the configuration.
    let settings = AgentSettings {
        ports: vec![postgres.port()],
        allow: "\n[discover]\nlisteners = true\n".to_string(),
        alertmanagers: Vec::new(),
        proxy_pid_files: Vec::new(),
        clickhouse_url: engine.url().to_string(),
        ledger_database: "picket".to_string(),
    };
    launch(&settings, &folder)?;
    let _agent = Launch::new("setpriv", folder.join("agent.log"), Ready::Line("watching ports "))
        .args(["--bounding-set", "-sys_ptrace,-dac_read_search", "--"])
        .args([binaries::find("picket-agent")?])
        .args(["--config".into(), folder.join("agent.toml")])
        .through_sudo(!rustix::process::geteuid().is_root())
        .start()?;
    let ledger = Ledger::new(engine.url(), "picket");
    let account = "SELECT * FROM agent_health FINAL WHERE state = 'watching' AND has(degraded, 'listeners') \
                   AND has(degraded, 'looks') LIMIT 1";
    let account = ledger.wait_row("the account", account)?;
    assert_eq!(number(&account, "heartbeat_secs")?, 60, "{account}");
    let gaps = picket(engine.url(), &["coverage", "--gaps", "--format", "json"])?;
    let gaps = rows(&gaps)?;
    let missed = "databases that listen on other ports may be missed";
    assert!(
        gaps.iter()
            .any(|gap| gap["kind"] == "degraded" && gap["message"] == missed && gap["ended_at"].is_null()),
        "{gaps:?}"
    );
    drop(stream);
    Ok(())
}

#[test]
fn a_connection_that_is_ended_fails_at_the_client_is_rolled_back_and_is_told_with_who_and_why() -> Result<()>
{
    let watched = Watched::start()?;
    let staff = watched.shop.staff(&watched.postgres, "shop");
    let mut session = Session::start(&staff)?;
    session.ask("BEGIN; CREATE TEMPORARY TABLE mine (n int); SELECT pg_advisory_xact_lock(4711);")?;
    let bypass = watched.ledger.wait_row("the bypass", "SELECT * FROM bypasses")?;
    let client = text(&bypass, "client")?;
    let kill_by = |program: &str, words: &[&str], connection: &str, reason: &str| -> Result<(i32, String)> {
        let mut kill = binaries::command(program)?;
        kill.args(words)
            .args(["kill", connection, "--reason", reason, "--config"])
            .arg(watched.agent.config());
        let output = kill.output().context("run what ends connections")?;
        let said = [output.stdout, output.stderr].concat();
        Ok((output.status.code().unwrap_or(-1), String::from_utf8_lossy(&said).into_owned()))
    };
    let kill = |connection: &str, reason: &str| kill_by("picket-agent", &[], connection, reason);
    // Nothing of that name, and nobody's reason.
    let (code, said) = kill("127.0.0.1:1", "it reads too much")?;
    assert!(code != 0 && said.contains("127.0.0.1:1"), "{code}: {said}");
    let (code, said) = kill(client, " ")?;
    assert!(code != 0 && said.contains("`--reason` must say why"), "{code}: {said}");

    let (code, said) = kill_by("picket", &["connections"], client, "it reads too much")?;
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("psql") && said.contains("it reads too much"), "{said}");
    let lock = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = 4711";
    let superuser = watched.postgres.superuser("shop");
    wait::until("the end of its transaction", SEEN, || {
        Ok((psql::run(&superuser, lock)?.success()?.trim() == "0").then_some(()))
    })?;
    let pid = session.pid();
    assert!(session.ask("SELECT 1;").is_err(), "its connection is gone");
    let alert = watched.ledger.wait_row("the alert", "SELECT * FROM alerts FINAL WHERE kind = 'killed'")?;
    let message = text(&alert, "message")?;
    for part in ["it reads too much", client, &format!("pid {pid}")] {
        assert!(message.contains(part), "`{part}` is not in `{message}`");
    }
    let port = client.rsplit(':').next().context("read its port")?;
    let closed =
        format!("SELECT * FROM connections FINAL WHERE client_port = {port} AND closed_at IS NOT NULL");
    watched.ledger.wait_row("its end", &closed)?;
    Ok(())
}
