//! The sections `[spool]` and `[clickhouse]`, which every daemon has. Reading files is the daemons' business.

use std::fmt;
use std::path::PathBuf;

use serde::Deserialize;
use thiserror::Error;
use url::{Host, Url};

/// Overrides `clickhouse.url` of every configuration file.
const URL_VARIABLE: &str = "PICKET_CLICKHOUSE_URL";
const ADDRESS: &str = "the address of ClickHouse's HTTP interface such as `http://127.0.0.1:8123`";

const BYTES_DEFAULT: u64 = 1 << 30;
const BYTES_MIN: u64 = 1 << 20;
const SEGMENT_BYTES_DEFAULT: u64 = 16 << 20;
const SEGMENT_BYTES_MIN: u64 = 64 << 10;
const DATABASE_LETTERS_MAX: usize = 64;

/// A key that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("`{key}` must be {allowed}, got {got}")]
pub struct ConfigError {
    /// The key as in the file, or the environment variable.
    pub key: &'static str,
    /// What it may be.
    pub allowed: String,
    /// What it is.
    pub got: String,
}

/// The section `[spool]`: where records wait for ClickHouse.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct SpoolConfig {
    /// A directory of this daemon alone; made where it is missing.
    pub dir: PathBuf,
    /// When that much waits, nothing more is taken.
    #[serde(default = "bytes_default")]
    pub max_bytes: u64,
    /// Holds the key that checkpoints are signed with; made in `dir` where the file does not say.
    pub signing_key: Option<PathBuf>,
    /// Size of one file; disk space comes back file by file.
    #[serde(default = "segment_bytes_default")]
    pub segment_bytes: u64,
}

/// The section `[clickhouse]`: where the ledger is.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct ClickHouseConfig {
    /// ClickHouse's HTTP interface.
    pub url: String,
    /// Database that holds the ledger; made where it is missing.
    pub database: String,
    /// User at ClickHouse.
    pub user: String,
    /// That user's password.
    pub password: Password,
    /// The cluster of `remote_servers` whose servers have the ledger together; one server where it is not given.
    pub cluster: Option<String>,
}

/// A password. It is not shown by `Debug`.
#[derive(Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Password(pub String);

impl SpoolConfig {
    /// A spool in `dir` with the default sizes.
    pub fn new(dir: impl Into<PathBuf>) -> Self {
        SpoolConfig {
            dir: dir.into(),
            max_bytes: BYTES_DEFAULT,
            signing_key: None,
            segment_bytes: SEGMENT_BYTES_DEFAULT,
        }
    }

    /// Where the key is that checkpoints are signed with.
    pub(crate) fn key_path(&self) -> PathBuf {
        self.signing_key.clone().unwrap_or_else(|| self.dir.join("signing.key"))
    }

    /// Says which key cannot be used.
    pub fn check(&self) -> Result<(), ConfigError> {
        if self.dir.as_os_str().is_empty() {
            return Err(refused("spool.dir", "the path of a directory", "an empty string"));
        }
        if self.signing_key.as_ref().is_some_and(|path| path.as_os_str().is_empty()) {
            return Err(refused("spool.signing-key", "the path of a file", "an empty string"));
        }
        if self.max_bytes < BYTES_MIN {
            return Err(refused("spool.max-bytes", format!("at least {BYTES_MIN} (1 MiB)"), self.max_bytes));
        }
        if self.segment_bytes < SEGMENT_BYTES_MIN {
            let allowed = format!("at least {SEGMENT_BYTES_MIN} (64 KiB)");
            return Err(refused("spool.segment-bytes", allowed, self.segment_bytes));
        }
        Ok(())
    }
}

impl ClickHouseConfig {
    /// With the URL of `PICKET_CLICKHOUSE_URL`, where that is set.
    pub fn overridden_by_environment(self) -> Result<Self, ConfigError> {
        match std::env::var_os(URL_VARIABLE) {
            None => Ok(self),
            Some(url) => self.overridden_by(&url.to_string_lossy()),
        }
    }

    fn overridden_by(self, url: &str) -> Result<Self, ConfigError> {
        check_url(URL_VARIABLE, url)?;
        Ok(ClickHouseConfig { url: url.to_owned(), ..self })
    }

    /// Says which key cannot be used.
    pub fn check(&self) -> Result<(), ConfigError> {
        check_url("clickhouse.url", &self.url)?;
        let is_word = self.database.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_');
        let begins_well = self.database.starts_with(|letter: char| !letter.is_ascii_digit());
        if !is_word || !begins_well || DATABASE_LETTERS_MAX < self.database.len() {
            let allowed = format!(
                "1 to {DATABASE_LETTERS_MAX} letters, digits and underscores that do not begin with a digit"
            );
            return Err(refused("clickhouse.database", allowed, quoted(&self.database)));
        }
        let is_name = |name: &String| {
            !name.is_empty()
                && name.len() <= DATABASE_LETTERS_MAX
                && name
                    .chars()
                    .all(|letter| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-' | '.'))
        };
        if let Some(cluster) = self.cluster.as_ref().filter(|cluster| !is_name(cluster)) {
            let allowed = format!("1 to {DATABASE_LETTERS_MAX} letters, digits, `_`, `-` and `.`");
            return Err(refused("clickhouse.cluster", allowed, quoted(cluster)));
        }
        if self.user.is_empty() {
            return Err(refused("clickhouse.user", "the name of a ClickHouse user", "an empty string"));
        }
        Ok(())
    }
}

impl Default for ClickHouseConfig {
    fn default() -> Self {
        ClickHouseConfig {
            cluster: None,
            url: "http://127.0.0.1:8123".to_owned(),
            database: "picket".to_owned(),
            user: "default".to_owned(),
            password: Password::default(),
        }
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_empty() { "\"\"" } else { "***" })
    }
}

/// Whether what listens there is on this host for certain.
pub fn is_on_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        // What else it may mean is up to a resolver.
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

fn check_url(key: &'static str, written: &str) -> Result<(), ConfigError> {
    let url = Url::parse(written)
        .map_err(|error| refused(key, ADDRESS, format!("{} ({error})", quoted(written))))?;
    if !url.username().is_empty() || url.password().is_some() {
        let allowed = format!("{ADDRESS}; user and password have keys of their own");
        return Err(refused(key, allowed, "a URL with credentials"));
    }
    // Without TLS in the client, `https` would fail at the first request.
    if url.scheme() != "http" || !url.has_host() {
        return Err(refused(key, ADDRESS, quoted(written)));
    }
    Ok(())
}

fn refused(key: &'static str, allowed: impl Into<String>, got: impl ToString) -> ConfigError {
    ConfigError { key, allowed: allowed.into(), got: got.to_string() }
}

fn quoted(text: &str) -> String {
    format!("`{text}`")
}

fn bytes_default() -> u64 {
    BYTES_DEFAULT
}

fn segment_bytes_default() -> u64 {
    SEGMENT_BYTES_DEFAULT
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spool(text: &str) -> String {
        match toml::from_str::<SpoolConfig>(text) {
            Ok(config) => config.check().map_or_else(|error| error.to_string(), |()| "fine".to_owned()),
            Err(error) => error.message().to_owned(),
        }
    }

    fn clickhouse(text: &str) -> String {
        match toml::from_str::<ClickHouseConfig>(text) {
            Ok(config) => config.check().map_or_else(|error| error.to_string(), |()| "fine".to_owned()),
            Err(error) => error.message().to_owned(),
        }
    }

    #[test]
    fn spool_keys_are_checked_by_name() {
        assert_eq!(spool("dir = '/var/lib/picket'"), "fine");
        assert_eq!(spool("dir = '/s'\nmax-bytes = 1048576"), "fine");
        assert_eq!(spool(""), "missing field `dir`");
        assert_eq!(spool("dir = ''"), "`spool.dir` must be the path of a directory, got an empty string");
        assert_eq!(
            spool("dir = '/s'\nmax-bytes = 10"),
            "`spool.max-bytes` must be at least 1048576 (1 MiB), got 10"
        );
        assert_eq!(
            spool("dir = '/s'\nsegment-bytes = 10"),
            "`spool.segment-bytes` must be at least 65536 (64 KiB), got 10"
        );
        assert!(spool("dir = '/s'\nmax-bytes = -1").starts_with("invalid value: integer `-1`"));
    }

    #[test]
    fn clickhouse_keys_are_checked_by_name() {
        assert_eq!(clickhouse(""), "fine");
        assert_eq!(clickhouse("url = 'http://ch.example:8123/behind/a/path'"), "fine");
        assert_eq!(
            clickhouse("url = 'localhost:8123'"),
            "`clickhouse.url` must be the address of ClickHouse's HTTP interface such as \
             `http://127.0.0.1:8123`, got `localhost:8123`"
        );
        assert!(clickhouse("url = 'https://ch.example'").ends_with("got `https://ch.example`"));
        assert!(clickhouse("url = ''").contains("got `` (relative URL without a base)"));
        let credentials = clickhouse("url = 'http://me:hunter2@ch.example'");
        assert!(
            credentials.contains("keys of their own") && !credentials.contains("hunter2"),
            "{credentials}"
        );
        assert!(clickhouse("database = 'a b'").ends_with("begin with a digit, got `a b`"));
        assert!(clickhouse("database = ''").starts_with("`clickhouse.database` must be"));
        assert!(clickhouse("database = '1a'").starts_with("`clickhouse.database` must be"));
        assert_eq!(clickhouse("cluster = 'eu-1.ledger'"), "fine");
        for cluster in ["", "a'b", "{cluster}"] {
            let told = clickhouse(&format!("cluster = \"{cluster}\""));
            assert!(told.starts_with("`clickhouse.cluster` must be 1 to "), "{told}");
        }
        assert!(clickhouse("user = ''").starts_with("`clickhouse.user` must be"));
        assert!(clickhouse("pasword = 'x'").contains("unknown field `pasword`, expected one of `url`"));
    }

    #[test]
    fn the_variable_is_named_where_it_is_wrong() {
        let config = ClickHouseConfig::default();
        let error = config.clone().overridden_by("nonsense").unwrap_err();
        assert_eq!(error.key, "PICKET_CLICKHOUSE_URL");
        assert_eq!(config.overridden_by("http://ch:1").unwrap().url, "http://ch:1");
    }

    #[test]
    fn a_password_is_not_debugged() {
        let config = ClickHouseConfig { password: Password("hunter2".to_owned()), ..Default::default() };
        assert!(!format!("{config:?}").contains("hunter2"));
    }
}
