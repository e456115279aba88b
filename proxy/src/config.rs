//! The configuration: `ConfigFile` is what was written, `Config` is what runs. It is read at start, and again when the
//! proxy is told to.

mod admin;
mod approvals;
mod columns;
mod limits;
mod links;
mod masks;
mod record;
mod roles;
mod tells;
mod webhooks;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;
use std::net::SocketAddr;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use audit::config::{ClickHouseConfig, SpoolConfig};
use daemon::config::{ConfigError, Refused, refused, section};
use mask::Methods;
use policy::Policies;
use policy_files::{Kind, PolicySection};
use serde::Deserialize;
use toml::Spanned;

pub(crate) use self::admin::AdminConfig;
use self::admin::AdminFile;
pub(crate) use self::approvals::ApprovalsConfig;
use self::approvals::ApprovalsFile;
pub(crate) use self::columns::{Columns, NONE};
pub(crate) use self::limits::Limits;
use self::limits::{CONNECTIONS_MAX, Written};
pub(crate) use self::links::LinksConfig;
use self::masks::MaskFile;
pub(crate) use self::record::RecordConfig;
use self::record::RecordFile;
use self::roles::RoleFile;
pub(crate) use self::roles::{Credentials, Role, Roles};
use self::tells::ApplicationName;
pub(crate) use self::tells::Tells;
pub(crate) use self::webhooks::{Format, LinkTo, REQUEST, WebhookConfig};
use crate::keepalive::{self, KeepAlive};
use crate::oidc::{OidcFile, Provider};
use crate::scram::Secret;
use crate::tls::{ClientTls, TlsFile};
use crate::upstream_tls::{SslMode, UpstreamTls, UpstreamTlsFile};

/// Most threads that can be configured.
const THREADS_MAX: usize = 1_024;

/// How long running transactions may take to end, unless the file says otherwise.
const SHUTDOWN_WAIT_SECS_DEFAULT: u64 = 30;

/// How long a catalog is gone by that cannot be read again, unless the file says otherwise.
const CATALOG_TRUST_SECS_DEFAULT: u64 = 120;

/// Longest name of an environment.
const ENVIRONMENT_BYTES_MAX: usize = 63;

/// Stands for the name of any database, as in PgBouncer.
const WILDCARD: &str = "*";

/// Longest name of a database; the server cuts longer ones off (postgres.h, `NAMEDATALEN`), and would let in under many names.
const DATABASE_BYTES_MAX: usize = 63;

/// What the proxy runs on.
#[derive(Debug)]
pub(crate) struct Config {
    pub(crate) listen: SocketAddr,
    pub(crate) pid_file: Option<PathBuf>,
    pub(crate) limits: Limits,
    pub(crate) keepalive: KeepAlive,
    /// Threads that serve connections.
    pub(crate) threads: usize,
    /// How long running transactions may take to end when the proxy is to end.
    pub(crate) shutdown_wait: Duration,
    pub(crate) spool: SpoolConfig,
    pub(crate) clickhouse: ClickHouseConfig,
    /// Who may do what.
    pub(crate) policies: Arc<Policies>,
    /// How values are masked.
    pub(crate) methods: Arc<Methods>,
    /// What of statements is recorded.
    pub(crate) record: RecordConfig,
    /// By the database that a client asks for; `WILDCARD` stands for all that have none of their own.
    pub(crate) upstreams: HashMap<String, Arc<Upstream>>,
    /// By name.
    pub(crate) users: HashMap<String, User>,
    /// TLS towards clients, where it is on.
    pub(crate) tls: Option<ClientTls>,
    /// Who can be asked, where somebody can.
    pub(crate) approvals: Option<ApprovalsConfig>,
    /// Whose tokens let in who is not in `users`.
    pub(crate) oidc: Option<Arc<Provider>>,
    /// The HTTP interface, where there is one.
    pub(crate) admin: Option<AdminConfig>,
}

/// Someone who may log in.
#[derive(Debug)]
pub(crate) struct User {
    pub(crate) credential: Credential,
    /// Sessions at once, where it is another number than for everybody.
    pub(crate) max_connections: Option<usize>,
    /// Groups, as policies name them.
    pub(crate) groups: BTreeSet<String>,
    /// Whether it is a person or an agent; `""` where the file does not say.
    pub(crate) kind: &'static str,
}

/// What a user logs in with.
#[derive(Debug)]
pub(crate) enum Credential {
    /// A password.
    Password(Secret),
    /// A certificate that names the user.
    Certificate,
}

/// A database behind the proxy.
#[derive(Clone, PartialEq)]
pub(crate) struct Upstream {
    /// What clients ask for.
    pub(crate) database: String,
    /// It is any database of a server that has no section of its own.
    pub(crate) is_wildcard: bool,
    pub(crate) host: String,
    pub(crate) port: u16,
    /// The database's own name for it.
    pub(crate) dbname: String,
    /// How it is logged in to, unless `roles` say otherwise.
    pub(crate) own: Credentials,
    pub(crate) roles: Roles,
    /// What it is told of users.
    pub(crate) tells: Tells,
    /// TLS, where it is not off.
    pub(crate) tls: Option<UpstreamTls>,
    pub(crate) keepalive: KeepAlive,
    /// Fast-path calls pass, and records name their functions.
    pub(crate) names_functions: bool,
    /// How long its catalog is gone by that cannot be read again.
    pub(crate) catalog_trust: Duration,
    /// What kind of place it is, such as `production`; empty where the file does not say.
    pub(crate) environment: String,
    /// What columns hold, where the file says so.
    pub(crate) columns: Columns,
    /// The password may be sent as it is over a connection without TLS.
    pub(crate) allows_cleartext_password: bool,
}

/// The password stays out of logs.
impl fmt::Debug for Upstream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at {}:{}", self.database, self.host, self.port)
    }
}

impl Upstream {
    /// How a session of `role` is logged in.
    pub(crate) fn credentials<'a>(&'a self, role: &'a Role) -> &'a Credentials {
        match role {
            Role::LogsIn(credentials) => credentials,
            Role::Own | Role::IsSet(_) => &self.own,
        }
    }

    /// As whom the database knows a session of `role`.
    pub(crate) fn name_of<'a>(&'a self, role: &'a Role) -> &'a str {
        match role {
            Role::IsSet(role) => role,
            Role::Own | Role::LogsIn(_) => &self.credentials(role).user,
        }
    }

    /// Whether both are ways in to the same database.
    pub(crate) fn is_same_database(&self, other: &Upstream) -> bool {
        (&self.host, self.port, &self.dbname) == (&other.host, other.port, &other.dbname)
    }
}

/// What was written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct ConfigFile {
    listen: SocketAddr,
    pid_file: Option<PathBuf>,
    max_connections: Option<Spanned<usize>>,
    max_user_connections: Option<Spanned<usize>>,
    max_db_connections: Option<Spanned<usize>>,
    max_wildcard_databases: Option<Spanned<usize>>,
    max_login_connections: Option<Spanned<usize>>,
    max_message_bytes: Option<Spanned<u32>>,
    long_statement_bytes: Option<Spanned<usize>>,
    long_statement_timeout_secs: Option<Spanned<u64>>,
    client_login_timeout_secs: Option<Spanned<u64>>,
    client_idle_timeout_secs: Option<Spanned<u64>>,
    idle_transaction_timeout_secs: Option<Spanned<u64>>,
    client_connection_check_secs: Option<Spanned<u64>>,
    max_probes_per_hour: Option<Spanned<u32>>,
    max_sliding_probes_per_hour: Option<Spanned<u32>>,
    max_failed_logins_per_address: Option<Spanned<u32>>,
    max_failed_logins_per_user: Option<Spanned<u32>>,
    catalog_trust_secs: Option<Spanned<u64>>,
    threads: Option<Spanned<usize>>,
    shutdown_wait_secs: Option<Spanned<u64>>,
    tcp_keepalive: Option<bool>,
    tcp_keepidle_secs: Option<Spanned<u64>>,
    tcp_keepintvl_secs: Option<Spanned<u64>>,
    tcp_keepcnt: Option<Spanned<u32>>,
    tcp_user_timeout_secs: Option<Spanned<u32>>,
    spool: Spanned<SpoolConfig>,
    clickhouse: Option<Spanned<ClickHouseConfig>>,
    tls: Option<Spanned<TlsFile>>,
    oidc: Option<Spanned<OidcFile>>,
    #[serde(default)]
    policy: PolicySection,
    #[serde(default)]
    mask: MaskFile,
    #[serde(default)]
    record: RecordFile,
    approvals: Option<ApprovalsFile>,
    admin: Option<AdminFile>,
    #[serde(default)]
    upstream: Vec<Spanned<UpstreamFile>>,
    #[serde(default)]
    user: Vec<Spanned<UserFile>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct UpstreamFile {
    database: String,
    host: String,
    port: u16,
    dbname: Option<String>,
    user: String,
    /// Not needed where the server asks for none.
    #[serde(default)]
    password: String,
    roles: Option<Vec<RoleFile>>,
    #[serde(default)]
    application_name: ApplicationName,
    user_setting: Option<String>,
    #[serde(default)]
    environment: Option<String>,
    #[serde(default)]
    columns: BTreeMap<String, String>,
    #[serde(default)]
    sslmode: SslMode,
    root_ca: Option<PathBuf>,
    client_cert: Option<PathBuf>,
    client_key: Option<PathBuf>,
    #[serde(default)]
    allow_cleartext_password: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct UserFile {
    name: String,
    #[serde(default)]
    auth: Auth,
    scram_secret: Option<String>,
    max_user_connections: Option<Spanned<usize>>,
    #[serde(default)]
    groups: BTreeSet<String>,
    kind: Option<Kind>,
}

/// How a user logs in. The words are those of `pg_hba.conf`.
#[derive(Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Auth {
    #[default]
    #[serde(rename = "scram-sha-256")]
    ScramSha256,
    Cert,
}

impl Config {
    /// Reads and checks a file.
    pub(crate) fn read(path: &Path) -> Result<Self, ConfigError> {
        daemon::config::read(path, ConfigFile::check)
    }

    /// The database that a client asks for.
    pub(crate) fn upstream(&self, database: &str) -> Option<Arc<Upstream>> {
        if let Some(upstream) = self.upstreams.get(database).filter(|upstream| !upstream.is_wildcard) {
            return Some(Arc::clone(upstream));
        }
        let wildcard = self.upstreams.get(WILDCARD).filter(|_| database.len() <= DATABASE_BYTES_MAX)?;
        let (database, dbname) = (database.to_owned(), database.to_owned());
        let upstream = Upstream { database, dbname, ..Upstream::clone(wildcard) };
        // A database that has a section is served by that section alone.
        let has_section =
            self.upstreams.values().any(|other| !other.is_wildcard && other.is_same_database(&upstream));
        (!has_section).then(|| Arc::new(upstream))
    }

    /// What runs where this was read while `before` runs, and the keys of which it changes what only a restart can.
    pub(crate) fn after(mut self, before: &Config) -> (Self, Vec<&'static str>) {
        let mut fixed = Vec::new();
        keep("listen", &mut self.listen, &before.listen, &mut fixed);
        keep("pid-file", &mut self.pid_file, &before.pid_file, &mut fixed);
        keep("threads", &mut self.threads, &before.threads, &mut fixed);
        keep("spool.dir", &mut self.spool.dir, &before.spool.dir, &mut fixed);
        keep("spool.signing-key", &mut self.spool.signing_key, &before.spool.signing_key, &mut fixed);
        keep("spool.max-bytes", &mut self.spool.max_bytes, &before.spool.max_bytes, &mut fixed);
        keep("record", &mut self.record, &before.record, &mut fixed);
        keep("spool.segment-bytes", &mut self.spool.segment_bytes, &before.spool.segment_bytes, &mut fixed);
        match (&mut self.admin, &before.admin) {
            (None, None) => {}
            (Some(now), Some(before)) if now.listen == before.listen => {}
            // All of it: what may be without TLS at one address may not be at another.
            (now, before) => {
                now.clone_from(before);
                fixed.push("admin.listen");
            }
        }
        if self.policies.setup() == before.policies.setup() {
            // What was judged with them holds on.
            self.policies = Arc::clone(&before.policies);
        }
        if let (Some(now), Some(before)) = (&self.oidc, &before.oidc)
            && now.is_same(before)
        {
            // Its keys are known.
            self.oidc = Some(Arc::clone(before));
        }
        if self.methods == before.methods {
            self.methods = Arc::clone(&before.methods);
        }
        (self, fixed)
    }
}

/// Half of the cores: the kernel's own work for the network, shipping, and whatever else runs on the host, has the others.
/// Few busy threads cost less for each statement than many that sleep after each.
fn threads_default() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from).div_ceil(2)
}

/// Keeps a value that cannot change, and its key where it would have.
fn keep<T: PartialEq + Clone>(key: &'static str, now: &mut T, before: &T, fixed: &mut Vec<&'static str>) {
    if now != before {
        now.clone_from(before);
        fixed.push(key);
    }
}

impl ConfigFile {
    fn check(self) -> Result<Config, Refused> {
        let clickhouse = self.clickhouse.unwrap_or_else(|| Spanned::new(0..0, ClickHouseConfig::default()));
        let clickhouse_span = clickhouse.span();
        let clickhouse = clickhouse
            .into_inner()
            .overridden_by_environment()
            .map_err(|error| refused(clickhouse_span.clone(), error.to_string()))?;
        let tls = match self.tls {
            Some(tls) => {
                let span = tls.span();
                tls.into_inner().check().map_err(|message| refused(span, message))?
            }
            None => None,
        };
        let oidc = match self.oidc {
            Some(oidc) if tls.is_some() => Some(Arc::new(oidc.into_inner().check()?)),
            Some(oidc) => {
                let message = "`[oidc]` needs `[tls]`: a token that somebody reads on the way is theirs";
                return Err(refused(oidc.span(), message));
            }
            None => None,
        };
        let takes_certificates = tls.as_ref().is_some_and(|tls| tls.asks_for_certificates);
        let keepalive = keepalive::Written {
            tcp_keepalive: self.tcp_keepalive,
            tcp_keepidle_secs: self.tcp_keepidle_secs,
            tcp_keepintvl_secs: self.tcp_keepintvl_secs,
            tcp_keepcnt: self.tcp_keepcnt,
            tcp_user_timeout_secs: self.tcp_user_timeout_secs,
        }
        .check()?;
        let policies = Arc::new(self.policy.check()?);
        let databases: Vec<String> =
            self.upstream.iter().map(|upstream| upstream.get_ref().database.clone()).collect();
        let is_upstream = |name: &str| databases.iter().any(|database| database == name);
        let admin = self.admin.map(AdminFile::check).transpose()?;
        let can_sign_in = oidc.is_some() && admin.as_ref().is_some_and(|admin| admin.tls.is_some());
        let approvals = self.approvals.map(|written| written.check(is_upstream, can_sign_in)).transpose()?;
        let is_exempt = |user: &Spanned<UserFile>| user.get_ref().groups.contains("exempt:no-fast-path");
        let names_functions = policies.observes("no-fast-path") || self.user.iter().any(is_exempt);
        let catalog_trust = Duration::from_secs(within(
            "catalog-trust-secs",
            self.catalog_trust_secs,
            0..=24 * 60 * 60,
            CATALOG_TRUST_SECS_DEFAULT,
        )?);
        Ok(Config {
            tls,
            approvals,
            admin,
            keepalive,
            listen: self.listen,
            pid_file: self.pid_file,
            limits: Written {
                max_connections: self.max_connections,
                max_user_connections: self.max_user_connections,
                max_db_connections: self.max_db_connections,
                max_wildcard_databases: self.max_wildcard_databases,
                max_login_connections: self.max_login_connections,
                max_message_bytes: self.max_message_bytes,
                long_statement_bytes: self.long_statement_bytes,
                long_statement_timeout_secs: self.long_statement_timeout_secs,
                client_login_timeout_secs: self.client_login_timeout_secs,
                client_idle_timeout_secs: self.client_idle_timeout_secs,
                idle_transaction_timeout_secs: self.idle_transaction_timeout_secs,
                client_connection_check_secs: self.client_connection_check_secs,
                max_probes_per_hour: self.max_probes_per_hour,
                max_sliding_probes_per_hour: self.max_sliding_probes_per_hour,
                max_failed_logins_per_address: self.max_failed_logins_per_address,
                max_failed_logins_per_user: self.max_failed_logins_per_user,
            }
            .check()?,
            threads: within("threads", self.threads, 1..=THREADS_MAX, threads_default())?,
            shutdown_wait: Duration::from_secs(within(
                "shutdown-wait-secs",
                self.shutdown_wait_secs,
                0..=24 * 60 * 60,
                SHUTDOWN_WAIT_SECS_DEFAULT,
            )?),
            spool: section(self.spool.span(), self.spool.into_inner(), SpoolConfig::check)?,
            clickhouse: section(clickhouse_span, clickhouse, ClickHouseConfig::check)?,
            methods: Arc::new(self.mask.check(&policies)?),
            policies,
            record: self.record.check()?,
            upstreams: by_name("upstream.database", self.upstream, true, |span, written| {
                let UpstreamFile { database, host, port, dbname, user, password, .. } = written;
                let tls = UpstreamTlsFile {
                    sslmode: written.sslmode,
                    root_ca: written.root_ca,
                    client_cert: written.client_cert,
                    client_key: written.client_key,
                };
                for (key, value) in
                    [("upstream.database", &database), ("upstream.host", &host), ("upstream.user", &user)]
                {
                    if value.is_empty() {
                        return Err(refused(span, format!("`{key}` must not be empty")));
                    }
                }
                if port == 0 {
                    return Err(refused(span, "`upstream.port` must be between 1 and 65535, got 0"));
                }
                if let Some(environment) = &written.environment {
                    check_environment(environment).map_err(|message| refused(span.clone(), message))?;
                }
                let columns =
                    Columns::check(&written.columns).map_err(|message| refused(span.clone(), message))?;
                let roles = Roles::check(written.roles).map_err(|message| refused(span.clone(), message))?;
                let tells = Tells::check(written.application_name, written.user_setting);
                let tells = tells.map_err(|message| refused(span.clone(), message))?;
                let is_wildcard = database == WILDCARD;
                if is_wildcard && dbname.is_some() {
                    return Err(refused(
                        span,
                        "`upstream.dbname` cannot be where `upstream.database` is \"*\": each database has the name that \
                         clients ask for",
                    ));
                }
                let dbname = dbname.unwrap_or_else(|| database.clone());
                let tls = tls.check(&host).map_err(|message| refused(span, message))?;
                let allows_cleartext_password = written.allow_cleartext_password;
                let upstream = Upstream {
                    database,
                    is_wildcard,
                    host,
                    port,
                    dbname,
                    own: Credentials::new(user, password),
                    roles,
                    tells,
                    keepalive,
                    names_functions,
                    catalog_trust,
                    environment: written.environment.unwrap_or_default(),
                    columns,
                    tls,
                    allows_cleartext_password,
                };
                Ok((upstream.database.clone(), Arc::new(upstream)))
            })?,
            users: by_name("user.name", self.user, oidc.is_none(), |span, written| {
                let name = written.name.clone();
                let most = written.max_user_connections.clone();
                let max_connections = most
                    .map(|most| within("user.max-user-connections", Some(most), 1..=CONNECTIONS_MAX, 1))
                    .transpose()?;
                let groups = written.groups.clone();
                let kind = written.kind.map_or("", Kind::word);
                let credential =
                    written.check(takes_certificates).map_err(|message| refused(span, message))?;
                Ok((name, User { credential, max_connections, groups, kind }))
            })?,
            oidc,
        })
    }
}

/// Words that may be written, as a sentence names them.
pub(crate) fn words(words: impl Iterator<Item = &'static str>) -> String {
    words.map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}

/// It is a word in records and, later, in policies.
fn check_environment(environment: &str) -> Result<(), String> {
    let is_word = environment.chars().all(|letter| letter.is_alphanumeric() || "-_.".contains(letter));
    if environment.is_empty() || !is_word || ENVIRONMENT_BYTES_MAX < environment.len() {
        return Err(format!(
            "`upstream.environment` must be 1 to {ENVIRONMENT_BYTES_MAX} letters, digits and `-`, `_`, `.` such as \
             \"production\", got `{environment}`"
        ));
    }
    Ok(())
}

impl UserFile {
    fn check(self, takes_certificates: bool) -> Result<Credential, String> {
        let UserFile { name, auth, scram_secret, .. } = self;
        match (auth, scram_secret) {
            (Auth::ScramSha256, Some(secret)) => {
                Secret::parse(&secret).map(Credential::Password).ok_or_else(|| {
                    format!(
                        "`user.scram-secret` of `{name}` must be `SCRAM-SHA-256$<iterations>:<salt>$<stored key>:<server key>`; \
                         `picket-proxy scram-secret` makes one"
                    )
                })
            }
            (Auth::ScramSha256, None) => Err(format!(
                "`user.scram-secret` of `{name}` is missing; `picket-proxy scram-secret` makes one"
            )),
            (Auth::Cert, None) if takes_certificates => Ok(Credential::Certificate),
            (Auth::Cert, None) => {
                Err(format!("`user.auth` of `{name}` is \"cert\", which needs `tls.client-ca`"))
            }
            (Auth::Cert, Some(_)) => {
                Err(format!("`user.auth` of `{name}` is \"cert\", so there can be no `user.scram-secret`"))
            }
        }
    }
}

pub(crate) fn within<T: PartialOrd + Copy + fmt::Display>(
    key: &str,
    written: Option<Spanned<T>>,
    allowed: std::ops::RangeInclusive<T>,
    default: T,
) -> Result<T, Refused> {
    let Some(written) = written else { return Ok(default) };
    let value = *written.get_ref();
    if allowed.contains(&value) {
        return Ok(value);
    }
    let (least, most) = (allowed.start(), allowed.end());
    Err(refused(written.span(), format!("`{key}` must be between {least} and {most}, got {value}")))
}

/// Sections by a name that only one of them may have.
fn by_name<File, T>(
    key: &str,
    written: Vec<Spanned<File>>,
    is_needed: bool,
    check: impl Fn(Range<usize>, File) -> Result<(String, T), Refused>,
) -> Result<HashMap<String, T>, Refused> {
    let section = key.split('.').next().unwrap_or(key);
    if is_needed && written.is_empty() {
        return Err(refused(0..0, format!("at least one `[[{section}]]` section is needed")));
    }
    let mut named = HashMap::new();
    for one in written {
        let span = one.span();
        let (name, value) = check(span.clone(), one.into_inner())?;
        if name.is_empty() {
            return Err(refused(span, format!("`{key}` must not be empty")));
        }
        if named.contains_key(&name) {
            return Err(refused(
                span,
                format!("`{key}` must name each {section} once, `{name}` is there twice"),
            ));
        }
        named.insert(name, value);
    }
    Ok(named)
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"
listen = "127.0.0.1:0"
[spool]
dir = "/tmp/x"
[[upstream]]
database = "shop"
host = "h"
port = 5432
user = "u"
password = "p"
[[user]]
name = "alice"
scram-secret = "SCRAM-SHA-256$4096:c2FsdHNhbHRzYWx0c2E=$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
"#;

    fn error(text: &str) -> String {
        daemon::config::parse(Path::new("p.toml"), text, ConfigFile::check).unwrap_err().to_string()
    }

    #[test]
    fn rules_are_enforced_unless_they_are_set_to_observe() {
        let written = "[policy.mode]\nno-drop-table = \"observe\"\nunreadable = \"enforce\"\n";
        let text = format!("{GOOD}{written}");
        let config = daemon::config::parse(Path::new("p.toml"), &text, ConfigFile::check).unwrap();
        assert!(config.policies.observes("no-drop-table"));
        assert!(!config.policies.observes("unreadable") && !config.policies.observes("opaque-code"));
    }

    #[test]
    fn a_reload_keeps_what_only_a_restart_changes_and_counts_modes() {
        let read = |text: &str| daemon::config::parse(Path::new("p.toml"), text, ConfigFile::check).unwrap();
        let moved =
            GOOD.replace("127.0.0.1:0", "127.0.0.1:1").replace("/tmp/x", "/tmp/y").replace("5432", "5433");
        let (config, fixed) = read(&moved).after(&read(GOOD));
        assert_eq!(fixed, ["listen", "spool.dir"]);
        assert_eq!((config.listen.port(), config.spool.dir.as_path()), (0, Path::new("/tmp/x")));
        let before = Arc::clone(&config.policies);
        assert_eq!(config.upstreams["shop"].port, 5433);
        let observing = format!("{GOOD}[policy.mode]\nunreadable = \"observe\"\n");
        let (config, fixed) = read(&observing).after(&config);
        assert!(!Arc::ptr_eq(&config.policies, &before) && fixed.is_empty());
        assert!(Arc::ptr_eq(&read(&observing).after(&config).0.policies, &config.policies));
    }

    #[test]
    fn errors_name_the_key_and_the_mend() {
        daemon::config::parse(Path::new("p.toml"), GOOD, ConfigFile::check).unwrap();
        assert_eq!(
            error(&GOOD.replace("5432", "0")),
            "p.toml:5: `upstream.port` must be between 1 and 65535, got 0"
        );
        assert_eq!(
            error(&format!("client-idle-timeout-secs = 10000000\n{GOOD}")),
            "p.toml:1: `client-idle-timeout-secs` must be between 0 and 604800, got 10000000"
        );
        assert_eq!(
            error(&format!("{GOOD}\nmax-user-connections = 0")),
            "p.toml:15: `user.max-user-connections` must be between 1 and 100000, got 0"
        );
        assert_eq!(error(&GOOD.replace("\"h\"", "\"\"")), "p.toml:5: `upstream.host` must not be empty");
        assert!(error(&GOOD.replace("4096", "x")).contains("`picket-proxy scram-secret` makes one"));
        assert!(
            error(&GOOD.replace("127.0.0.1:0", "here"))
                .starts_with("p.toml:2: `listen`: invalid socket address syntax, expected an address")
        );
        let twice = format!("{GOOD}{}", &GOOD[GOOD.find("[[user]]").unwrap()..]);
        assert!(error(&twice).ends_with("`user.name` must name each user once, `alice` is there twice"));
        for (section, message) in [
            ("[tls]", "`tls.cert` is needed unless `tls.mode` is \"disable\""),
            (
                "[tls]\nmode = \"prefer\"",
                "unknown variant `prefer`, expected one of `disable`, `allow`, `require`",
            ),
            ("[tls]\ncert = \"/none\"\nkey = \"/none\"", "`tls.cert`: cannot read certificates from /none: "),
            (
                "[tls]\ncert = \"/none\"\nkey = \"/none\"\nclient-certificates = \"require\"",
                "`tls.client-certificates` needs `tls.client-ca`",
            ),
            ("[[user]]\nname = \"bob\"\nauth = \"cert\"", "\"cert\", which needs `tls.client-ca`"),
            ("[[user]]\nname = \"bob\"", "`user.scram-secret` of `bob` is missing"),
        ] {
            let error = error(&format!("{GOOD}\n{section}"));
            assert!(error.contains(message), "{error}");
        }
        for (keys, message) in [
            ("sslmode = \"on\"", "unknown variant `on`, expected one of `disable`, `prefer`, `require`, "),
            ("sslmode = \"verify-full\"", "against `upstream.root-ca`, which is missing"),
            ("sslmode = \"require\"\nroot-ca = \"/none\"", "set `upstream.sslmode` to \"verify-full\""),
            (
                "sslmode = \"verify-ca\"\nroot-ca = \"/none\"",
                "`upstream.root-ca`: cannot read certificates from",
            ),
            ("environment = \"our prod\"", "such as \"production\", got `our prod`"),
            ("client-cert = \"/none\"", "`upstream.client-cert` and `upstream.client-key` go together"),
        ] {
            let error = error(&GOOD.replace("port = 5432", &format!("port = 5432\n{keys}")));
            assert!(error.contains(message), "{error}");
        }
        assert!(
            error(&GOOD.replace("database = \"shop\"", "database = \"*\"\ndbname = \"shop\""))
                .ends_with("`upstream.dbname` cannot be where `upstream.database` is \"*\": each database has the name that clients ask for")
        );
        let modes = |line: &str| format!("{GOOD}[policy.mode]\n{line}\n");
        assert_eq!(
            error(&modes("no-drop-tables = \"observe\"")),
            "p.toml:15: `policy.mode`: there is no rule `no-drop-tables`; did you mean `no-drop-table`; the rules are `copy-masked`, `lexing-settings`, \
             `no-alter-system`, `no-catalog-write`, `no-dangerous-function`, `no-disable-protection`, `no-drop`, `no-drop-table`, \
             `no-fast-path`, `no-outside-reach`, `no-privilege-change`, `no-replication`, `no-server-files`, `no-truncate`, \
             `no-unfiltered-write`, `opaque-code`, `unknown-name`, `unreadable`"
        );
        let odd = error(&modes("unreadable = \"off\""));
        assert!(odd.contains("unknown variant `off`, expected `enforce` or `observe`"), "{odd}");
        let none = &GOOD[..GOOD.find("[[user]]").unwrap()];
        assert_eq!(error(none), "p.toml:1: at least one `[[user]]` section is needed");
    }

    #[test]
    fn the_http_interface_has_tls_where_others_can_connect() {
        let admin = |lines: &str| format!("{GOOD}[admin]\n{lines}\n");
        for lines in ["listen = \"0.0.0.0:6480\"", "listen = \"[::]:6480\"", "listen = \"192.0.2.1:6480\""] {
            let error = error(&admin(lines));
            assert!(
                error
                    .contains("`admin.listen` on another address than 127.0.0.1 or [::1] needs `admin.cert`"),
                "{error}"
            );
        }
        for (lines, message) in [
            ("", "missing field `listen`"),
            ("listen = \"127.0.0.1:6480\"\ncert = \"/c\"", "`admin.cert` and `admin.key` go together"),
            (
                "listen = \"127.0.0.1:6480\"\ncert = \"/none\"\nkey = \"/none\"",
                "`admin.cert`: cannot read certificates from /none",
            ),
            ("listen = \"127.0.0.1:6480\"\ntoken = \"x\"", "unknown field `token`"),
        ] {
            let error = error(&admin(lines));
            assert!(error.contains(message), "{error}");
        }
        let links = "[approvals]\n[approvals.links]\nurl = \"https://p\"\nclient-id = \"p\"\n";
        let error = error(&format!("{}{links}", admin("listen = \"127.0.0.1:6480\"")));
        assert!(error.contains("`[approvals.links]` needs `[admin]` with `cert` and `key`"), "{error}");
    }
}
