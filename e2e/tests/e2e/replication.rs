//! What shows no statement: replication connections and fast-path calls. Refused, unless the rule only observes.

use std::fs;
use std::io::Write;
use std::process::{Command, Output};

use anyhow::{Context, Result};
use e2e::engine::Engine;
use e2e::ledger::Ledger;
use e2e::login::Login;
use e2e::postgres::{self, Postgres, WAL_SEGMENT_MB};
use e2e::proxy::{Proxy, ProxySettings};
use e2e::psql;
use e2e::scratch::Scratch;

use crate::raw::{PROTOCOL_3_0, log_in, message, plain, sized};
use crate::stack::{Stack, USER, number, words};

const OBSERVE: &str = "[policy.mode]\nno-replication = \"observe\"\n";

/// A cluster that can be replicated, and a proxy that may do it: `replication` is the name that clients of physical
/// replication ask for.
struct Replicated {
    postgres: Postgres,
    proxy: Proxy,
    ledger: Ledger,
    folder: Scratch,
    _engine: Engine,
}

impl Replicated {
    fn start(sections: &str) -> Result<Self> {
        let postgres = Postgres::start_with(&["wal_level=logical"])?;
        let password = postgres::password()?;
        postgres.administer(
            "postgres",
            &format!(
                "CREATE ROLE replicator LOGIN REPLICATION PASSWORD '{password}'; \
                 CREATE TABLE people (id int PRIMARY KEY, email text); GRANT SELECT ON people TO replicator; \
                 INSERT INTO people VALUES (1, 'zoe@example.com')"
            ),
        )?;
        let engine = Engine::start()?;
        let own = postgres.superuser("postgres").as_user("replicator", &password);
        let proxy = Proxy::start_with(
            ProxySettings {
                groups: Vec::new(),
                upstreams: vec![own.to_database("replication"), own],
                users: vec![(USER.to_string(), postgres::password()?)],
                clickhouse_url: engine.url().to_string(),
                ledger_database: "picket".to_string(),
            },
            sections,
        )?;
        let ledger = Ledger::new(engine.url(), "picket");
        Ok(Self { postgres, proxy, ledger, folder: Scratch::new("replication")?, _engine: engine })
    }

    /// Runs one of PostgreSQL's programs through the proxy.
    fn run(&self, program: &str, database: &str, args: &[&str]) -> Result<Output> {
        let login = self.proxy.login(USER, database)?;
        Command::new(postgres::programs()?.join(program))
            .arg("--dbname")
            .arg(login.conninfo())
            .arg("--no-password")
            .args(args)
            .env("PGPASSWORD", &login.password)
            .env("LC_ALL", "C.UTF-8")
            .current_dir(self.folder.path())
            .output()
            .with_context(|| format!("run {program}"))
    }

    /// The log's end after something was written to it; it may not be on disk yet.
    fn write_log(&self, sql: &str) -> Result<String> {
        self.postgres.administer("postgres", sql)?;
        Ok(self.postgres.administer("postgres", "SELECT pg_current_wal_insert_lsn()")?.trim().to_string())
    }

    /// A client of the protocol itself.
    fn psql(&self, database: &str, replication: &str, sql: &str) -> Result<psql::Output> {
        psql::run(&self.proxy.login(USER, &format!("{database} replication={replication}"))?, sql)
    }
}

fn told(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn replication_is_refused_with_the_rule_and_the_way_to_allow_it() -> Result<()> {
    let stage = Replicated::start("")?;
    let output = stage.run("pg_receivewal", "replication", &["--directory", ".", "--no-loop"])?;
    assert!(!output.status.success());
    assert!(
        told(&output).contains(
            "FATAL:  Picket refused this replication connection\n\
             DETAIL:  Rule \"no-replication\": replication carries the database as it is, and nothing in it can be masked.\n\
             HINT:  Whoever runs Picket can let it pass: no-replication = \"observe\" under [policy.mode].\n"
        ),
        "{}",
        told(&output)
    );
    for (replication, message) in [
        ("database", "Rule \"no-replication\""),
        ("maybe", "invalid value for parameter \"replication\": \"maybe\""),
    ] {
        let output = stage.psql("postgres", replication, "SELECT 1")?;
        assert_eq!(output.code, 2, "{}", output.stderr);
        assert!(output.stderr.contains(message), "{}", output.stderr);
    }
    assert_eq!(stage.psql("postgres", "off", "SELECT 1")?.success()?.trim(), "1");
    Ok(())
}

#[test]
fn pg_receivewal_gets_the_log_as_it_is_and_its_commands_are_recorded() -> Result<()> {
    let stage = Replicated::start(OBSERVE)?;
    let until =
        stage.write_log("CREATE TABLE much AS SELECT n, md5(n::text) FROM generate_series(1, 50000) n")?;
    stage.write_log("SELECT pg_logical_emit_message(false, 'picket', repeat('x', 100000))")?;
    let args = ["--directory", ".", "--no-loop", "--verbose", "--endpos", &until];
    let output = stage.run("pg_receivewal", "replication", &args)?;
    assert!(output.status.success(), "{}", told(&output));
    // What was received is what the server has, byte by byte.
    let mut received = Vec::new();
    for entry in fs::read_dir(stage.folder.path())? {
        received.push(entry?.path());
    }
    received.sort();
    let last = received.last().context("find what was received")?;
    let name = last.file_stem().context("name it")?.to_string_lossy().into_owned();
    let (ours, theirs) =
        (fs::read(last)?, fs::read(stage.postgres.folder().join("data/pg_wal").join(&name))?);
    let offset =
        until.rsplit('/').next().and_then(|low| u64::from_str_radix(low, 16).ok()).context("read an LSN")?;
    let offset = usize::try_from(offset)? % (WAL_SEGMENT_MB << 20);
    assert!(0 < offset && ours[..offset] == theirs[..offset], "{name} up to {offset}");
    let select = "SELECT * FROM statements FINAL WHERE startsWith(text, 'START_REPLICATION') AND finished_at IS NOT NULL";
    let row = stage.ledger.wait_row("the record of the stream", select)?;
    assert_eq!(
        (words(&row, "effects")?, words(&row, "rules")?),
        (vec!["start_replication"], vec!["no-replication"])
    );
    assert!(u64::try_from(offset)? <= number(&row, "bytes")?, "{row}");
    Ok(())
}

#[test]
fn pg_basebackup_makes_a_backup_that_verifies() -> Result<()> {
    let stage = Replicated::start(OBSERVE)?;
    let output =
        stage.run("pg_basebackup", "replication", &["--pgdata", "backup", "--checkpoint", "fast"])?;
    assert!(output.status.success(), "{}", told(&output));
    let verified = Command::new(postgres::programs()?.join("pg_verifybackup"))
        .arg(stage.folder.join("backup"))
        .output()
        .context("run pg_verifybackup")?;
    assert!(verified.status.success(), "{}", told(&verified));
    let select =
        "SELECT * FROM statements FINAL WHERE startsWith(text, 'BASE_BACKUP') AND finished_at IS NOT NULL";
    let row = stage.ledger.wait_row("the record of the backup", select)?;
    assert_eq!(row["outcome"], "completed");
    assert!((20 << 20) < number(&row, "bytes")?, "{row}");
    Ok(())
}

#[test]
fn pg_recvlogical_follows_the_changes_of_a_database() -> Result<()> {
    let stage = Replicated::start(OBSERVE)?;
    let slot = ["--slot", "picket"];
    let created = stage.run(
        "pg_recvlogical",
        "postgres",
        &[&slot[..], &["--create-slot", "--plugin", "test_decoding"]].concat(),
    )?;
    assert!(created.status.success(), "{}", told(&created));
    let until = stage.write_log("INSERT INTO people VALUES (2, 'ada@example.com')")?;
    let follow = ["--start", "--no-loop", "--file", "-", "--endpos", &until];
    let followed = stage.run("pg_recvlogical", "postgres", &[&slot[..], &follow].concat())?;
    assert!(followed.status.success(), "{}", told(&followed));
    let changes = String::from_utf8_lossy(&followed.stdout).into_owned();
    assert!(changes.contains("table public.people: INSERT: id[integer]:2"), "{changes}");
    let dropped = stage.run("pg_recvlogical", "postgres", &[&slot[..], &["--drop-slot"]].concat())?;
    assert!(dropped.status.success(), "{}", told(&dropped));
    let select = "SELECT arrayJoin(effects) AS effect FROM statements FINAL WHERE has(rules, 'no-replication') ORDER BY sequence";
    let rows = stage.ledger.wait_rows("the commands", select, |rows| {
        ["create_replication_slot", "start_replication", "drop_replication_slot"]
            .iter()
            .all(|effect| rows.iter().any(|row| row["effect"] == *effect))
    })?;
    assert!(3 <= rows.len());
    Ok(())
}

#[test]
fn sql_over_replication_connections_is_masked_or_refused() -> Result<()> {
    let stage = Replicated::start(OBSERVE)?;
    let shown = stage.psql("postgres", "database", "SELECT id, email FROM people")?.success()?;
    assert!(shown.starts_with("1|") && !shown.contains("zoe@example.com"), "{shown}");
    assert!(stage.psql("postgres", "database", "IDENTIFY_SYSTEM")?.success()?.contains("postgres"));
    let refused = stage.psql("postgres", "database", "DROP TABLE people")?;
    assert!(refused.stderr.contains("\"no-drop-table\""), "{}", refused.stderr);
    let failed = stage.psql("postgres", "database", "SELEC 1")?;
    assert!(failed.stderr.contains("ERROR:  42601: syntax error at or near \"SELEC\""), "{}", failed.stderr);
    assert!(stage.psql("replication", "true", "IDENTIFY_SYSTEM")?.success()?.contains('|'));
    let shown = stage.psql("replication", "true", "SHOW wal_segment_size")?.success()?;
    assert_eq!(shown.trim(), format!("{WAL_SEGMENT_MB}MB"));
    let refused = stage.psql("replication", "true", "SELECT id, email FROM people")?;
    assert!(
        refused.stderr.contains("cannot execute SQL commands in WAL sender for physical replication"),
        "{}",
        refused.stderr
    );
    Ok(())
}

/// psql moves large objects by libpq's `PQfn`.
fn import(login: &Login, folder: &Scratch) -> Result<psql::Output> {
    let file = folder.join("large");
    fs::write(&file, vec![b'x'; 100_000])?;
    psql::run_with(login, &["-qAt", "-v", "VERBOSITY=verbose"], &format!("\\lo_import {}\n", file.display()))
}

#[test]
fn fast_path_calls_are_refused_or_recorded_by_the_function_they_call() -> Result<()> {
    let folder = Scratch::new("large")?;
    let stack = Stack::start()?;
    let refused = import(&stack.alice()?, &folder)?;
    assert!(refused.stderr.contains("Rule \"no-fast-path\""), "{}", refused.stderr);

    let stack = Stack::start_with("[policy.mode]\nno-fast-path = \"observe\"\n")?;
    let imported = import(&stack.alice()?, &folder)?;
    assert_eq!(imported.stderr, "");
    let size = "SELECT sum(length(data)) FROM pg_largeobject";
    assert_eq!(stack.truth(size)?, "100000");
    let select = "SELECT text, effects, rules, count() AS n FROM statements FINAL \
        WHERE startsWith(text, '(fast-path') AND finished_at IS NOT NULL GROUP BY text, effects, rules";
    let done = |rows: &[serde_json::Value]| {
        rows.iter().any(|row| row["text"].as_str().is_some_and(|text| text.contains("lo_close")))
    };
    let rows = stack.ledger.wait_rows("the calls", select, done)?;
    let written =
        rows.iter().find(|row| row["text"] == "(fast-path call of pg_catalog.lowrite, function 955)");
    let written = written.with_context(|| format!("find lowrite in {rows:?}"))?;
    assert_eq!((words(written, "effects")?, words(written, "rules")?), (vec!["call"], vec!["no-fast-path"]));
    assert!(2 <= number(written, "n")?, "{written}");
    Ok(())
}

/// What is let pass is still what a call by name is: refused, or masked.
#[test]
fn a_fast_path_call_gets_no_further_than_a_call_by_name() -> Result<()> {
    let stack = Stack::start_with("[policy.mode]\nno-fast-path = \"observe\"\n")?;
    let object = stack.truth(
        "SELECT lo_from_bytea(0, (SELECT string_agg(email, ' ') FROM users)::bytea); \
         CREATE FUNCTION wipe() RETURNS void LANGUAGE sql AS 'DELETE FROM orders'; \
         CREATE FUNCTION \"Version\"() RETURNS void LANGUAGE sql AS 'DELETE FROM orders'; \
         CREATE FUNCTION first_email() RETURNS text LANGUAGE sql AS 'SELECT email FROM users ORDER BY id LIMIT 1'; \
         DO $$ BEGIN EXECUTE format('GRANT SELECT ON LARGE OBJECT %s TO PUBLIC', (SELECT max(oid) FROM pg_largeobject_metadata)); END $$",
    )?;
    let object = object.lines().next().context("the object's number")?.to_owned();
    let oid = |name: &str| -> Result<u32> {
        let found = stack
            .truth(&format!("SELECT oid FROM pg_proc WHERE proname = '{name}' ORDER BY pronargs LIMIT 1"))?;
        found.parse().with_context(|| format!("read the number of {name}"))
    };
    let alice = stack.alice()?;
    // The catalog has the functions.
    assert!(psql::run(&alice, "SELECT wipe()")?.stderr.contains("no-unfiltered-write"));
    let mut stream = plain(alice.port)?;
    log_in(&mut stream, PROTOCOL_3_0, &alice)?;
    let mut call = |name: &str, arguments: &[&[u8]]| -> Result<String> {
        let formats: &[u8] = if arguments.is_empty() { &[0, 0] } else { &[0, 1, 0, 0] };
        let mut body = [&oid(name)?.to_be_bytes()[..], formats].concat();
        body.extend(u16::try_from(arguments.len())?.to_be_bytes());
        for argument in arguments {
            body.extend(u32::try_from(argument.len())?.to_be_bytes());
            body.extend_from_slice(argument);
        }
        body.extend([0, 0]);
        stream.write_all(&[b"F", sized(&body).as_slice()].concat())?;
        let mut said = String::new();
        loop {
            let (tag, body) = message(&mut stream)?;
            if tag == b'Z' {
                return Ok(said);
            }
            said = format!("{said}{}{:?}", char::from(tag), String::from_utf8_lossy(&body));
        }
    };
    const NULL: &str = "V\"\u{fffd}\u{fffd}\u{fffd}\u{fffd}\"";
    assert_eq!(call("lo_get", &[object.as_bytes()])?, NULL);
    assert_eq!(call("first_email", &[])?, NULL);
    assert!(call("wipe", &[])?.contains("no-unfiltered-write"));
    assert!(call("Version", &[])?.contains("no-unfiltered-write"));
    assert_eq!(stack.truth("SELECT count(*) > 0 FROM orders")?, "t");
    for refused in ["pg_read_file", "pg_ls_dir", "pg_terminate_backend", "lo_import"] {
        let said = call(refused, &[b"1"])?;
        assert!(said.contains("Picket refused this statement") && said.contains("Rule"), "{refused}: {said}");
    }
    assert!(call("version", &[])?.contains("PostgreSQL"));
    let text = format!("(fast-path call of public.first_email, function {})", oid("first_email")?);
    let row = stack.statement(&text)?;
    assert_eq!(words(&row, "masked_columns")?, ["(call)"]);
    Ok(())
}
