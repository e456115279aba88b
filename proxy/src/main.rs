//! `picket-proxy`: an identity-aware PostgreSQL proxy. This file starts it; each part is its own module.

mod admin;
mod allowances;
mod approvals;
mod authority;
mod backtest;
mod beginnings;
mod cancel;
mod catalog;
mod catalogs;
mod certificate;
mod config;
mod connection;
mod console;
mod errand;
mod executor;
mod explain;
mod farewell;
mod history;
mod identity;
mod keepalive;
mod links;
mod lobby;
mod login;
mod naming;
mod notices;
mod oidc;
mod patience;
mod pipe;
mod places;
mod plan;
mod reader;
mod reload;
mod scheduling;
mod scram;
mod scram_client;
mod serve;
mod sessions;
mod stopping;
mod stream;
mod tally;
mod throttle;
mod tls;
mod trail;
mod upstream;
mod upstream_tls;

use std::io::{BufRead, IsTerminal, stdin};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::{Parser, Subcommand};
use daemon::{Failure, Kind};

/// Identity-aware PostgreSQL proxy: reads, judges, masks and records every statement.
///
/// Prints "listening on ADDRESS" when it is ready; log lines go to stderr (PICKET_LOG=debug for more).
/// SIGHUP has it read its configuration again; sessions go on. A file that cannot run changes nothing.
/// SIGTERM ends it once running transactions have ended or `shutdown-wait-secs` are over, SIGINT or a second
/// SIGTERM at once: sessions are told, records are shipped or stay in the spool.
#[derive(Debug, Parser)]
#[command(name = "picket-proxy", version, args_conflicts_with_subcommands = true, after_help = EXAMPLE)]
struct Arguments {
    /// The configuration file (TOML).
    #[arg(long, value_name = "FILE", required = true)]
    config: Option<PathBuf>,

    /// Read the configuration, say whether it can run, and exit.
    #[arg(long)]
    check: bool,

    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Read a password from stdin and print the SCRAM-SHA-256 secret to put under `[[user]]`.
    ScramSecret,
}

const EXAMPLE: &str = r#"A configuration:
  listen = "127.0.0.1:6432"

  [spool]
  dir = "/var/lib/picket/proxy"

  [clickhouse]
  url = "http://127.0.0.1:8123"

  [[upstream]]
  database = "shop"
  host = "127.0.0.1"
  port = 5432
  user = "picket"
  password = "..."

  [[user]]
  name = "alice"
  scram-secret = "SCRAM-SHA-256$4096:..."   # picket-proxy scram-secret

Exit codes: 0 stopped, 1 failed, 2 usage, 69 something needed is not there, 78 configuration."#;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    daemon::run("picket-proxy", || match arguments {
        Arguments { command: Some(Command::ScramSecret), .. } => scram_secret(),
        Arguments { config: Some(path), check, .. } => {
            let config = config::Config::read(&path).map_err(|error| Kind::BadConfig.because(error))?;
            if check {
                daemon::say(&format!("{}: the configuration can run", path.display()));
                return Ok(());
            }
            daemon::log_to_stderr()?;
            serve::serve(path, config)
        }
        Arguments { config: None, .. } => Err(Kind::BadConfig.says("no configuration; pass `--config FILE`")),
    })
}

fn scram_secret() -> Result<(), Failure> {
    if stdin().is_terminal() {
        eprintln!("password (it is shown as you type; pipe it in to avoid that):");
    }
    let mut password = String::new();
    stdin().lock().read_line(&mut password).context("read the password from stdin")?;
    let password = password.trim_end_matches(['\n', '\r']);
    if password.is_empty() {
        return Err(Kind::Failed.says("the password on stdin is empty; write it on one line"));
    }
    daemon::say(&scram::secret_of(password));
    Ok(())
}
