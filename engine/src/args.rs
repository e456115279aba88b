//! The command line.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Parser;

/// Serve ClickHouse's HTTP interface for one data directory on this host.
///
/// The engine is ClickHouse itself, as the shared library libchdb.so. It is meant for the host Picket runs on: it
/// listens on loopback only and knows one user, `default`, without a password. Everything on this host that may open a
/// connection to the port may read and write the data.
///
/// When it is ready, it prints one line to stdout: `listening on http://127.0.0.1:PORT`. SIGTERM ends it.
#[derive(Debug, Parser)]
#[command(version, after_help = AFTER_HELP)]
pub(crate) struct Args {
    /// Where the data is; made if it is not there, readable by its owner only
    #[arg(long, value_name = "DIR")]
    pub(crate) data_dir: PathBuf,

    /// Loopback address and port; port 0 takes any free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8123", value_parser = loopback)]
    pub(crate) listen: SocketAddr,

    /// Only answer questions: statements that change anything get ClickHouse's error READONLY
    ///
    /// For a ledger that is looked at and must stay as it is.
    #[arg(long)]
    pub(crate) read_only: bool,

    /// The engine's library [default: ~/.cache/picket/engine/26.7.3/libchdb.so]
    #[arg(long, value_name = "PATH", env = "PICKET_ENGINE_LIB")]
    pub(crate) engine_lib: Option<PathBuf>,
}

const AFTER_HELP: &str = "\
Try it:
  picket-engine --data-dir /var/lib/picket/engine &
  curl 'http://127.0.0.1:8123/?query=SELECT+version()'

Environment:
  PICKET_LOG         what is logged to stderr, such as `debug` or `picket_engine=trace` [default: info]
  PICKET_ENGINE_LIB  the engine's library, where --engine-lib is not given

Exit codes: 0 ended by a signal, 2 usage, 69 library missing or port or directory taken, 77 missing rights,
78 unusable data directory, 1 anything else.";

fn loopback(text: &str) -> Result<SocketAddr, String> {
    let address: SocketAddr =
        text.parse().map_err(|_| "write an address and a port, such as 127.0.0.1:8123".to_owned())?;
    if !address.ip().is_loopback() {
        return Err(format!(
            "{} can be reached from other hosts, and this engine has no passwords; use 127.0.0.1 or [::1], or run a \
             ClickHouse server where others need to connect",
            address.ip()
        ));
    }
    Ok(address)
}
