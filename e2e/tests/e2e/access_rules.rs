//! Who may log in is changed behind the agent's back, and the agent tells.

use std::fs;
use std::os::unix::fs::{MetadataExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use e2e::agent::{Agent, AgentSettings, launch};
use e2e::binaries;
use e2e::daemon::{Launch, Ready};
use e2e::engine::Engine;
use e2e::ledger::Ledger;
use e2e::postgres::Postgres;
use e2e::scratch::Scratch;
use e2e::wait;

use crate::stack::text;

const WAIT: Duration = Duration::from_secs(60);

struct Watched {
    agent: Agent,
    postgres: Postgres,
    ledger: Ledger,
    _engine: Engine,
}

impl Watched {
    fn start() -> Result<Self> {
        Self::of(Postgres::start()?)
    }

    fn of(postgres: Postgres) -> Result<Self> {
        let engine = Engine::start()?;
        let ledger = Ledger::new(engine.url(), "picket");
        let agent = Agent::start(&settings(&postgres, &engine))?;
        let watched = Self { agent, postgres, ledger, _engine: engine };
        watched.until_known()?;
        Ok(watched)
    }

    /// From here on files are compared.
    fn until_known(&self) -> Result<()> {
        wait::until("the agent to know the server", WAIT, || {
            Ok(self.agent.log().contains("who may log in is watched").then_some(()))
        })
        .with_context(|| self.agent.log())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.postgres.folder().join("data").join(name)
    }

    fn read(&self, name: &str) -> Result<String> {
        fs::read_to_string(self.path(name)).with_context(|| format!("read {name}"))
    }

    fn add(&self, name: &str, line: &str) -> Result<()> {
        let text = self.read(name)?;
        fs::write(self.path(name), format!("{text}\n{line}\n")).with_context(|| format!("write {name}"))
    }

    /// The message of the alert that holds all of this.
    fn told(&self, kind: &str, parts: &[&str]) -> Result<String> {
        let conditions: Vec<String> =
            parts.iter().map(|part| format!("position(message, '{part}') > 0")).collect();
        let select = format!(
            "SELECT message FROM alerts FINAL WHERE kind = '{kind}' AND {}",
            conditions.join(" AND ")
        );
        let row = self.ledger.wait_row(format!("{kind} {parts:?}"), &select)?;
        Ok(text(&row, "message")?.to_owned())
    }

    fn changed(&self, parts: &[&str]) -> Result<String> {
        self.told("access_rules_changed", parts)
    }

    fn alerts(&self) -> Result<usize> {
        Ok(self.ledger.rows("SELECT alert_id FROM alerts FINAL WHERE kind LIKE 'access_rules%'")?.len())
    }
}

#[test]
fn a_server_that_listens_on_unix_sockets_alone_is_watched_too() -> Result<()> {
    let watched = Watched::of(Postgres::start_with(&["listen_addresses="])?)?;
    watched.add("pg_hba.conf", "host all all 0.0.0.0/0 trust")?;
    watched.changed(&["pg_hba.conf", "host all all 0.0.0.0/0 trust"]).map(drop)
}

fn settings(postgres: &Postgres, engine: &Engine) -> AgentSettings {
    AgentSettings {
        ports: vec![postgres.port()],
        allow: String::new(),
        alertmanagers: Vec::new(),
        proxy_pid_files: Vec::new(),
        clickhouse_url: engine.url().to_string(),
        ledger_database: "picket".to_string(),
    }
}

/// Written again with the times that it had.
fn keeping_times(path: &Path, write: impl FnOnce() -> Result<()>) -> Result<()> {
    let modified = fs::metadata(path).and_then(|it| it.modified()).context("read its times")?;
    write()?;
    let file = fs::File::options().write(true).open(path).context("open it")?;
    file.set_times(fs::FileTimes::new().set_modified(modified)).context("set its times")
}

#[test]
fn a_line_of_pg_hba_is_told_with_file_owner_and_time_and_without_its_secret() -> Result<()> {
    let watched = Watched::start()?;
    let hba = watched.path("pg_hba.conf");
    watched.add("pg_hba.conf", "host all all 0.0.0.0/0 ldap ldapserver=x ldapbindpasswd=s3cret # opened")?;
    let message = watched.changed(&["added `host all all 0.0.0.0/0 ldap ldapserver ldapbindpasswd`"])?;
    let folder = watched.path("");
    let server = format!("of PostgreSQL in {} (port ", folder.display().to_string().trim_end_matches('/'));
    let owner = fs::metadata(&hba).context("read its owner")?.uid();
    let owner = Command::new("id").args(["-un", &owner.to_string()]).output().context("ask for its name")?;
    let owner = String::from_utf8_lossy(&owner.stdout).trim().to_owned();
    for part in [hba.display().to_string(), server, format!("; it is {owner}'s, written at 20")] {
        assert!(message.contains(&part), "`{part}` is not in `{message}`");
    }
    assert!(!message.contains("s3cret") && !message.contains("opened"), "{message}");
    // And its end.
    let text = watched.read("pg_hba.conf")?;
    let kept: Vec<&str> = text.lines().filter(|line| !line.contains("ldap")).collect();
    fs::write(&hba, kept.join("\n")).context("write it")?;
    watched.changed(&["has changed: removed `host all all 0.0.0.0/0 ldap ldapserver ldapbindpasswd`"])?;
    assert_eq!(watched.alerts()?, 2);
    Ok(())
}

/// Ways to change a file that a look at names or times would miss.
#[test]
fn files_are_told_that_change_by_another_way_than_an_editor() -> Result<()> {
    let watched = Watched::start()?;
    let (hba, aside) = (watched.path("pg_hba.conf"), watched.path("aside"));
    let original = watched.read("pg_hba.conf")?;
    // Another file takes its place.
    fs::write(&aside, format!("{original}\nhost all renamed all trust\n")).context("write another")?;
    fs::rename(&aside, &hba).context("rename it")?;
    watched.changed(&["added `host all renamed all trust`"])?;
    // A link to one elsewhere, and that one is changed.
    let elsewhere = watched.postgres.folder().join("elsewhere");
    fs::write(&elsewhere, &original).context("write another")?;
    symlink(&elsewhere, &aside).and_then(|()| fs::rename(&aside, &hba)).context("make it a link")?;
    watched.changed(&["removed `host all renamed all trust`"])?;
    fs::write(&elsewhere, format!("{original}\nhost all linked all trust\n")).context("write it")?;
    watched.changed(&["added `host all linked all trust`"])?;
    // By another name of the same file, as large as it was, and with the times that it had.
    fs::hard_link(&elsewhere, &aside).context("give it another name")?;
    keeping_times(&aside, || {
        fs::write(&aside, format!("{original}\nhost all linked all ident\n")).context("write it")
    })?;
    watched.changed(&["added `host all linked all ident`; removed `host all linked all trust`"])?;
    // A server that reads it between two looks goes by what stood there.
    let written =
        "SELECT message FROM alerts FINAL WHERE position(message, 'pg_hba.conf was written, and says') > 0";
    // Other names and times are no other content.
    let told = watched.ledger.rows(written)?.len();
    let before = watched.read("pg_hba.conf")?;
    keeping_times(&elsewhere, || {
        fs::write(&elsewhere, "local all all trust\n").context("write it")?;
        fs::write(&elsewhere, before).context("write it back")
    })?;
    watched.ledger.wait_rows("what was written back", written, |rows| told < rows.len())?;
    Ok(())
}

#[test]
fn other_files_and_settings_by_which_somebody_may_log_in_are_told() -> Result<()> {
    let mut watched = Watched::start()?;
    let folder = watched.path("conf.d");
    fs::create_dir(&folder).context("make a folder")?;
    watched.add("pg_ident.conf", "admins root postgres")?;
    watched.changed(&["pg_ident.conf has changed: added `admins root postgres`"])?;
    // A list of names that a rule takes from a file.
    fs::write(watched.path("people"), "ada\n").context("write it")?;
    watched.add("pg_hba.conf", "host all @people 10.0.0.0/8 trust")?;
    watched.changed(&["people is read from now on: added `some names`"])?;
    watched.add("people", "mallory")?;
    watched.changed(&["people has changed: added `some names`"])?;
    // By a file that is there from now on.
    watched.add("postgresql.conf", "include_dir = 'conf.d'")?;
    fs::write(folder.join("50-ssl.conf"), "ssl = off\n").context("write it")?;
    watched.changed(&["ssl is `off` by ", "conf.d/50-ssl.conf, and was not set"])?;
    // By the database itself, and the file is another one from now on.
    let other = watched.path("other_hba.conf");
    fs::write(&other, "host all all all trust\n").context("write it")?;
    watched.postgres.administer("postgres", &format!("ALTER SYSTEM SET hba_file = '{}'", other.display()))?;
    let later = "postgresql.auto.conf once the server starts again, and was not set";
    watched.changed(&["hba_file is `", "other_hba.conf` by ", later])?;
    watched.changed(&["other_hba.conf is read from now on: added `host all all all trust`"])?;
    // Until it does, it goes by the one that it was started with.
    watched.postgres.administer("postgres", "SELECT pg_reload_conf()")?;
    watched.add("pg_hba.conf", "host all mallory 10.77.0.0/24 trust")?;
    watched.changed(&["pg_hba.conf has changed: added `host all mallory 10.77.0.0/24 trust`"])?;
    let again = watched.path("again_hba.conf");
    fs::write(&again, "local all all trust\n").context("write it")?;
    watched.postgres.administer("postgres", &format!("ALTER SYSTEM SET hba_file = '{}'", again.display()))?;
    watched.changed(&["other_hba.conf is read no more: removed "])?;
    watched.postgres.go_down()?;
    watched.postgres.start_again()?;
    watched.changed(&["pg_hba.conf is read no more: removed "])?;
    // What the server was started with counts more: this changes nothing.
    let before = watched.alerts()?;
    watched.postgres.administer("postgres", "ALTER SYSTEM SET listen_addresses = '*'")?;
    watched.postgres.administer("postgres", "ALTER SYSTEM SET work_mem = '5MB'")?;
    watched.postgres.administer("postgres", "ALTER SYSTEM SET unix_socket_permissions = '0700'")?;
    watched.changed(&["unix_socket_permissions is `0700` by "])?;
    assert_eq!(watched.alerts()?, before + 1);
    Ok(())
}

#[test]
fn what_is_no_file_or_too_large_is_told_once_and_hangs_nobody() -> Result<()> {
    let watched = Watched::start()?;
    let (hba, original) = (watched.path("pg_hba.conf"), watched.read("pg_hba.conf")?);
    fs::remove_file(&hba).context("remove it")?;
    watched.told("access_rules_unread", &["pg_hba.conf of PostgreSQL", "is not watched: it is not there"])?;
    ensure!(Command::new("mkfifo").arg(&hba).status().context("run mkfifo")?.success(), "make a queue");
    watched.told("access_rules_unread", &["is not watched: it is no regular file"])?;
    let aside = watched.path("aside");
    let file = fs::File::create(&aside).context("make it")?;
    file.set_len(100 << 30).context("make it enormous")?;
    fs::rename(&aside, &hba).context("put it there")?;
    watched.told("access_rules_unread", &["is not watched: it is larger than "])?;
    // It is compared with what was last read.
    fs::write(&aside, format!("{original}\nhost all all all trust\n")).context("write it")?;
    fs::rename(&aside, &hba).context("put it there")?;
    watched.changed(&["pg_hba.conf has changed: added `host all all all trust`"])?;
    assert_eq!(watched.alerts()?, 4);
    Ok(())
}

#[test]
fn what_changed_while_no_agent_ran_is_told_by_the_next_one_and_once() -> Result<()> {
    let mut watched = Watched::start()?;
    let hba = watched.path("pg_hba.conf");
    // Where it ends before it has kept what it saw, there is nothing to compare.
    let known = |name: &str| watched.agent.config().with_file_name("spool").join(name).is_file();
    wait::until("the agent to keep what it saw", WAIT, || Ok(known("access-rules.json").then_some(())))?;
    watched.agent.kill()?;
    keeping_times(&hba, || watched.add("pg_hba.conf", "host all away all trust"))?;
    watched.agent.start_again()?;
    watched.changed(&["pg_hba.conf has changed: added `host all away all trust`"])?;
    assert_eq!(watched.agent.stop()?, 0);
    watched.agent.start_again()?;
    watched.add("pg_hba.conf", "host all back all trust")?;
    watched.changed(&["pg_hba.conf has changed: added `host all back all trust`"])?;
    assert_eq!(watched.alerts()?, 2);
    Ok(())
}

#[test]
fn a_server_that_starts_again_is_the_same_one() -> Result<()> {
    let mut watched = Watched::start()?;
    watched.postgres.go_down()?;
    watched.add("pg_hba.conf", "host all away all trust")?;
    watched.postgres.start_again()?;
    watched.changed(&["pg_hba.conf has changed: added `host all away all trust`"])?;
    Ok(())
}

#[test]
fn an_agent_that_may_not_read_the_files_says_so_and_watches_all_the_same() -> Result<()> {
    let (postgres, engine) = (Postgres::start()?, Engine::start()?);
    let ledger = Ledger::new(engine.url(), "picket");
    // Without the right to ask other users' processes, and without that to read their files.
    let told = |sections: &str, part: &str| -> Result<String> {
        let folder = Scratch::new("powerless")?;
        // Writes the configuration; the agent that it describes is not started.
        launch(&AgentSettings { allow: sections.to_owned(), ..settings(&postgres, &engine) }, &folder)?;
        let agent = Launch::new("setpriv", folder.join("agent.log"), Ready::Line("watching ports "))
            .args(["--bounding-set", "-dac_override,-dac_read_search", "--"])
            .args([binaries::find("picket-agent")?.as_os_str(), "--config".as_ref()])
            .args([folder.join("agent.toml")])
            .through_sudo(!rustix::process::geteuid().is_root())
            .start()?;
        let unread = format!(
            "SELECT message FROM alerts FINAL WHERE kind = 'access_rules_unread' AND position(message, '{part}') > 0"
        );
        let row = ledger.wait_row("the alert", &unread).with_context(|| agent.log())?;
        Ok(text(&row, "message")?.to_owned())
    };
    let message = told("", &format!("who listens on port {} cannot be found", postgres.port()))?;
    assert!(message.contains("; grant CAP_DAC_READ_SEARCH, or name its"), "{message}");
    let data = postgres.folder().join("data");
    let sections =
        format!("\n[access-rules]\nconfig-files = [\"{}\"]\n", data.join("postgresql.conf").display());
    let message = told(&sections, &format!("{} of ", data.join("pg_hba.conf").display()))?;
    assert!(message.contains("Permission denied") && message.contains("CAP_DAC_READ_SEARCH"), "{message}");
    Ok(())
}
