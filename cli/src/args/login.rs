//! Options and help of what keeps a session at the identity provider.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::Args;

pub(super) const LOGIN_ABOUT: &str = "\
Logs in at the identity provider, with a browser

The provider shows an address and a code; whoever opens it and agrees is logged in here (device authorization, RFC 8628), also
where this is another machine than the browser's. The session is kept in $XDG_STATE_HOME/picket, for nobody else to read.";

pub(super) const LOGIN_HELP: &str = "\
Examples:
  picket login --issuer https://id.example.com/realms/staff --client-id picket-cli
  export PICKET_ISSUER=https://id.example.com/realms/staff PICKET_CLIENT_ID=picket-cli
  picket login --scope 'openid offline_access groups'

Exit codes: 0 logged in, 2 usage, 69 the provider cannot be reached or used, 77 it lets nobody in, 1 anything else";

pub(super) const TOKEN_ABOUT: &str = "\
Prints a fresh token of that log-in, which is a password

It is the last one where that is still valid for a while, and else a new one of the provider.";

pub(super) const TOKEN_HELP: &str = "\
Examples:
  PGPASSWORD=$(picket token) psql 'host=db.example.com port=6432 dbname=shop user=carol@example.com sslmode=verify-full'
  picket token --valid-for-secs 3000 > token

Exit codes: 0 printed, 69 the provider cannot be reached or used, 77 `picket login` is needed, 1 anything else";

pub(super) const CONNECT_HELP: &str = "\
Examples:
  picket connect 'host=db.example.com port=6432 dbname=shop user=carol@example.com sslmode=verify-full'
  picket connect service=shop -c 'SELECT count(*) FROM orders'

Exit codes: psql's; 69 psql or the provider is not there, 77 `picket login` is needed, 1 anything else";

/// Where to log in, as what
#[derive(Debug, Args)]
pub(crate) struct LoginArgs {
    /// The identity provider, letter for letter as it calls itself
    #[arg(long, value_name = "URL", env = "PICKET_ISSUER")]
    pub(crate) issuer: String,
    /// The name by which it knows this program: a client without a secret, for the device flow
    #[arg(long, value_name = "ID", env = "PICKET_CLIENT_ID", default_value = "picket-cli")]
    pub(crate) client_id: String,
    /// What to ask it for
    #[arg(long, value_name = "WORDS", env = "PICKET_SCOPE", default_value = "openid offline_access")]
    pub(crate) scope: String,
    /// Certificates of the authorities that the provider's is of, in PEM [default: this host's]
    #[arg(long, value_name = "FILE", env = "PICKET_ISSUER_CA_FILE")]
    pub(crate) ca_file: Option<PathBuf>,
    /// Only print the address, also where there is a browser
    #[arg(long)]
    pub(crate) no_browser: bool,
}

/// Which token
#[derive(Debug, Args)]
pub(crate) struct TokenArgs {
    /// How long it must still be valid, where the provider gives such
    #[arg(long, value_name = "SECS", default_value = "60", value_parser = clap::value_parser!(u64).range(0..=86_400))]
    pub(crate) valid_for_secs: u64,
}

/// Whereto
#[derive(Debug, Args)]
pub(crate) struct ConnectArgs {
    /// What psql takes as its database: a connection string, URI or name
    pub(crate) conninfo: OsString,
    /// More for psql
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    pub(crate) more: Vec<OsString>,
}
