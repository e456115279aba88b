//! `picket-agent`: its arguments, and how it ends. What it does is in the library.

use std::ffi::OsString;
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use audit::spool::Spool;
use clap::{Parser, Subcommand};
use daemon::{Failure, Kind};
use picket_agent::door::{self, Question};
use picket_agent::load::{Left, Pins};
use picket_agent::{Config, Source, load, privileges, watch};

const NAME: &str = "picket-agent";
/// More than counts of a command line.
const STDIN_BYTES_MAX: u64 = 64 << 10;

const AFTER_HELP: &str = "\
A configuration:
  watch-ports = [5432]
  heartbeat-secs = 60                    # between two accounts of the agent in the ledger
  ring-kib = 4096                        # where events of the kernel wait: raise it where `events_lost` is told
  [spool]
  dir = \"/var/lib/picket/agent\"
  [clickhouse]
  url = \"http://127.0.0.1:8123\"
  [[proxy]]
  pid-file = \"/run/picket/proxy.pid\"   # a proxy on this host: proven by its process
  [[proxy]]
  address = \"10.0.0.7\"                 # a proxy elsewhere: known by its address
  [[allow]]                              # who may go around the proxy
  name = \"backup\"
  reason = \"pgBackRest copies the data each night\"
  user = \"postgres\"                      # all that is given must be true: user, cgroup, from, ports
  cgroup = \"/system.slice/pgbackrest.service\"
  until = 2027-03-31T22:00:00Z           # from then on it is a bypass again
  [act]                                  # what is done about who goes around it all the same
  mode = \"deny\"                          # \"observe\": nothing (default); \"alert\": who would be refused is told
  ports = [5432]                         # of `watch-ports`; all where it is left out
  outgoing = false                       # true: connections to databases on other hosts too
  remote = false                         # true: clients on other hosts that come to this one too
  without-agent = \"lift\"                 # nobody is refused without the agent; \"keep\": it goes on
  [discover]                             # databases that listen on other ports are told of
  watch = true                           # and watched from then on
  ignore-ports = [6379]                  # but for these
  [process]                              # what is told of who connects
  arguments = \"hash\"                     # (default); or \"keep\", \"drop\": what it was started with
  [[alerts.webhook]]                     # who is told of alerts
  url = \"http://127.0.0.1:9093/api/v2/alerts\"
  shape = \"alertmanager\"                # or \"slack\"; `https` needs root-ca = \"FILE\"
  [[alerts.syslog]]                      # a syslog daemon that is told of alerts
  url = \"unix:///dev/log\"              # (default); or \"udp://HOST:514\", \"tcp://HOST:514\"
  facility = \"authpriv\"                # (default); or user, daemon, auth, local0 … local7

Environment:
  PICKET_CLICKHOUSE_URL   overrides `clickhouse.url`
  PICKET_LOG              what to log, such as `debug` or `info,kernel=off`; default `info`

To end a connection: picket-agent kill --help; to refuse nobody without an agent: picket-agent lift --help;
to find a command by the hash of its arguments: picket-agent hash --help

Prints one line to stdout when it watches. SIGHUP has it read [act] and [[allow]] again. Ends with SIGTERM or SIGINT.
Exit codes: 0 stopped, 1 failed, 2 wrong usage, 69 something needed is missing, 77 missing rights,
78 wrong configuration.";

/// Sees every connection to the database ports of this host, and tells which went around the proxy.
///
/// Loads programs into the kernel that tell of each connection to the watched ports, and to PostgreSQL's UNIX sockets of the
/// same numbers: when it opened and closed, its addresses or path, and the process that asked for it. Connections that no registered proxy made are reported as bypasses.
/// Records wait in the spool until ClickHouse has them.
///
/// Connections from before its start are found and judged too. Started again, it goes on with the same records, and tells
/// from when to when nothing was seen.
///
/// Needs root, or CAP_BPF, CAP_PERFMON and CAP_NET_ADMIN, and a kernel with BTF and cgroup v2. To find connections from
/// before in containers it needs CAP_SYS_ADMIN too, and to know whose they are, and to tell when files change that say
/// who may log in, CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH. Without, it warns.
#[derive(Parser)]
#[command(name = NAME, version, max_term_width = 100, after_help = AFTER_HELP)]
#[command(subcommand_negates_reqs = true, args_conflicts_with_subcommands = true)]
struct Arguments {
    /// The configuration, in TOML.
    #[arg(long, value_name = "FILE", required = true)]
    config: Option<PathBuf>,
    /// Refuse nobody, whatever `act.mode` says: tell by alerts `would_deny` who would be refused.
    #[arg(long)]
    dry_run: bool,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Ends one connection to a database, through the agent that runs here.
    ///
    /// The kernel resets it: the client's next statement fails. A statement that runs goes on until its answer cannot be sent. Who
    /// asked, when and why is an alert `killed` first. For root and the agent's user. What is over a UNIX socket cannot be ended so.
    Kill {
        /// The configuration of the agent that runs.
        #[arg(long, value_name = "FILE")]
        config: PathBuf,
        /// The client's address and port as `picket bypasses` shows it, or `connections.cookie`.
        connection: String,
        /// Why; it is recorded.
        #[arg(long)]
        reason: String,
    },
    /// Prints the hash that the ledger has of what a process was started with (`process_arguments_hash`).
    ///
    /// Of the arguments as they stand, the program's name first and as it was called: `psql` and `/usr/bin/psql` differ. By the key of the
    /// agent with this configuration; without arguments, of what stdin gives as `/proc/PID/cmdline` has it.
    Hash {
        /// The configuration of the agent.
        #[arg(long, value_name = "FILE")]
        config: PathBuf,
        /// What it was started with.
        #[arg(last = true)]
        arguments: Vec<OsString>,
    },
    /// Has nobody refused any more, where an agent has ended and `act.without-agent` is "keep".
    ///
    /// Takes the programs away that the agent has left in `act.pin-dir`. An agent that runs must be stopped first.
    Lift {
        /// The configuration of the agent that has ended.
        #[arg(long, value_name = "FILE")]
        config: PathBuf,
    },
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    daemon::run(NAME, || match arguments {
        Arguments { command: Some(Command::Kill { config, connection, reason }), .. } => {
            kill(&config, connection, reason)
        }
        Arguments { command: Some(Command::Hash { config, arguments }), .. } => hash(&config, &arguments),
        Arguments { command: Some(Command::Lift { config }), .. } => lift(&config),
        Arguments { config: Some(config), dry_run, .. } => watch(&config, dry_run),
        // The parser asks for it.
        Arguments { config: None, .. } => Err(Kind::Failed.says("`--config` is missing".to_owned())),
    })
}

fn kill(config: &Path, connection: String, reason: String) -> Result<(), Failure> {
    let config = Config::read(config).map_err(|error| Kind::BadConfig.because(error))?;
    if reason.trim().is_empty() {
        return Err(Kind::Failed.says("`--reason` must say why: it is recorded".to_owned()));
    }
    println!("{}", door::ask(&config.spool.dir, &Question { connection, reason })?);
    Ok(())
}

fn hash(config: &Path, arguments: &[OsString]) -> Result<(), Failure> {
    let config = Config::read(config).map_err(|error| Kind::BadConfig.because(error))?;
    let key = config.process.key(&config.spool.dir).map_err(|error| Kind::Unavailable.because(error))?;
    let mut line = Vec::new();
    for argument in arguments {
        line.extend_from_slice(argument.as_bytes());
        line.push(0);
    }
    if arguments.is_empty() {
        io::stdin().take(STDIN_BYTES_MAX).read_to_end(&mut line).context("read stdin")?;
    }
    println!("{}", key.hash(&line));
    Ok(())
}

fn lift(config: &Path) -> Result<(), Failure> {
    let config = Config::read(config).map_err(|error| Kind::BadConfig.because(error))?;
    // One that runs has its lock.
    let _spool = Spool::open(&config.spool).map_err(|error| Kind::Unavailable.because(error))?;
    let left = Left::find(&Pins::new(&config.act.pin_dir, &config.spool.dir));
    let said =
        if left.is_empty() { "nothing was left: nobody is refused" } else { "nobody is refused any more" };
    left.take_away().with_context(|| format!("take away what is in `{}`", config.act.pin_dir.display()))?;
    println!("{said}");
    Ok(())
}

fn watch(path: &Path, dry_run: bool) -> Result<(), Failure> {
    daemon::log_to_stderr()?;
    let source = Source { path: path.to_owned(), is_dry_run: dry_run };
    let config = source.read().map_err(|error| Kind::BadConfig.because(error))?;
    let Some(object) = load::embedded() else {
        let mend = "run `cargo xtask ebpf` and build again";
        return Err(
            Kind::Unavailable.says(format!("this {NAME} was built without its kernel programs: {mend}"))
        );
    };
    privileges::give_up(&config.spool.dir).context("give up rights that are not needed")?;
    let missing = privileges::missing().context("read the process's capabilities")?;
    if !missing.is_empty() {
        let (missing, verb) = (missing.join(", "), if missing.len() == 1 { "is" } else { "are" });
        return Err(Kind::NoRights.says(format!(
            "cannot load the kernel programs: {missing} {verb} missing; run as root or with CAP_BPF, CAP_PERFMON, CAP_NET_ADMIN"
        )));
    }
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().context("start the runtime")?;
    let ended = runtime.block_on(watch::run(config, source, object));
    // A configuration that is read again, and does not answer, is not waited for.
    runtime.shutdown_background();
    ended
}
