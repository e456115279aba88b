//! The agent's configuration: [`ConfigFile`] is what was written, [`Config`] is what runs.

mod access_rules;
mod act;
mod alerts;
mod allow;
mod discover;
mod process;
mod syslog;

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use audit::config::{ClickHouseConfig, SpoolConfig};
use daemon::config::{ConfigError, Refused, read, refused, section};
use ebpf_abi::Mode;
use serde::Deserialize;
use toml::Spanned;

pub use self::access_rules::AccessRulesConfig;
use self::access_rules::AccessRulesFile;
pub use self::act::ActConfig;
use self::act::ActFile;
use self::alerts::AlertsFile;
pub use self::alerts::{Shape, WebhookConfig};
use self::allow::AllowFile;
pub use self::allow::AllowRule;
pub use self::discover::DiscoverConfig;
use self::discover::DiscoverFile;
pub use self::process::ProcessConfig;
use self::process::ProcessFile;
#[cfg(test)]
pub(crate) use self::syslog::Facility;
pub use self::syslog::SyslogConfig;
pub(crate) use self::syslog::SyslogPlace;

/// As many as the kernel programs know rules of, less one for the self-test.
const PORTS_MAX: usize = 1023;
/// Every proxy of this host is asked about each connection.
const PROXIES_MAX: usize = 64;

/// Between two accounts where nothing is said.
const HEARTBEAT_SECS: i64 = 60;
const HEARTBEAT_SECS_MAX: i64 = 3600;

/// Events that the agent has not taken in yet: 4 MiB hold some 35,000 openings.
const RING_KIB: i64 = 4096;
/// A page is the least, and memory that is never swapped the most that anybody wants.
const RING_KIB_MIN: i64 = 4;
const RING_KIB_MAX: i64 = 65_536;

/// What was written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ConfigFile {
    host: Option<Spanned<String>>,
    watch_ports: Spanned<Vec<Spanned<i64>>>,
    cgroup: Option<PathBuf>,
    heartbeat_secs: Option<Spanned<i64>>,
    ring_kib: Option<Spanned<i64>>,
    spool: Spanned<SpoolConfig>,
    clickhouse: Option<Spanned<ClickHouseConfig>>,
    #[serde(default)]
    proxy: Vec<Spanned<ProxyFile>>,
    #[serde(default)]
    allow: Vec<Spanned<AllowFile>>,
    #[serde(default)]
    act: ActFile,
    #[serde(default)]
    alerts: AlertsFile,
    #[serde(default)]
    discover: DiscoverFile,
    #[serde(default)]
    access_rules: AccessRulesFile,
    #[serde(default)]
    process: ProcessFile,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct ProxyFile {
    pid_file: Option<Spanned<PathBuf>>,
    address: Option<Spanned<IpAddr>>,
}

/// What runs.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// How this host is called in the ledger.
    pub host: String,
    /// Ports of databases.
    pub watch_ports: BTreeSet<u16>,
    /// Watches the connections of this cgroup; `None` means all of the host.
    pub cgroup: Option<PathBuf>,
    /// The agent gives an account of itself at least this often.
    pub heartbeat: Duration,
    /// Size of the ring in which events of the kernel wait.
    pub ring_bytes: u32,
    /// Proxies on this host, proven by their process.
    pub pid_files: Vec<PathBuf>,
    /// Proxies elsewhere, known by their address.
    pub addresses: BTreeSet<IpAddr>,
    /// Who may go around the proxy.
    pub allow: Vec<AllowRule>,
    /// What is done about whoever goes around it all the same.
    pub act: ActConfig,
    /// What is done about databases that listen on other ports.
    pub discover: DiscoverConfig,
    /// Whether it is told when files change that say who may log in.
    pub access_rules: AccessRulesConfig,
    /// What is told of processes that connect.
    pub process: ProcessConfig,
    /// Who is told of alerts.
    pub webhooks: Vec<WebhookConfig>,
    /// Syslog daemons that are told too.
    pub syslogs: Vec<SyslogConfig>,
    /// Where records wait.
    pub spool: SpoolConfig,
    /// Where they go.
    pub clickhouse: ClickHouseConfig,
}

/// Where the configuration is read from, at the start and at each SIGHUP.
#[derive(Clone, Debug)]
pub struct Source {
    /// The file.
    pub path: PathBuf,
    /// Whether nobody is refused, whatever it says.
    pub is_dry_run: bool,
}

impl Source {
    /// Reads it.
    pub fn read(&self) -> Result<Config, ConfigError> {
        let config = Config::read(&self.path)?;
        Ok(if self.is_dry_run { config.in_dry_run() } else { config })
    }
}

impl Config {
    /// Reads the file at `path`.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        read(path, ConfigFile::check)
    }

    /// The same, which refuses nobody: it tells who would be refused.
    #[must_use]
    pub fn in_dry_run(mut self) -> Self {
        self.act.mode = Mode::Alert;
        // Who only tells leaves nothing.
        self.act.keeps = false;
        self
    }

    /// What runs where `before` ran until now: `[act]` and `[[allow]]` are this one's. Returns also the keys of what only a restart
    /// changes, and is written otherwise now.
    pub(crate) fn after(mut self, before: &Config) -> (Self, Vec<&'static str>) {
        let is_about_all = self.act.ports == self.watch_ports;
        let mut fixed = Vec::new();
        keep("host", &mut self.host, &before.host, &mut fixed);
        keep("watch-ports", &mut self.watch_ports, &before.watch_ports, &mut fixed);
        keep("cgroup", &mut self.cgroup, &before.cgroup, &mut fixed);
        keep("heartbeat-secs", &mut self.heartbeat, &before.heartbeat, &mut fixed);
        keep("ring-kib", &mut self.ring_bytes, &before.ring_bytes, &mut fixed);
        let proxies = (&mut self.pid_files, &mut self.addresses);
        if (&*proxies.0, &*proxies.1) != (&before.pid_files, &before.addresses) {
            proxies.0.clone_from(&before.pid_files);
            proxies.1.clone_from(&before.addresses);
            fixed.push("proxy");
        }
        keep("discover", &mut self.discover, &before.discover, &mut fixed);
        keep("access-rules", &mut self.access_rules, &before.access_rules, &mut fixed);
        keep("process", &mut self.process, &before.process, &mut fixed);
        keep("alerts.webhook", &mut self.webhooks, &before.webhooks, &mut fixed);
        keep("alerts.syslog", &mut self.syslogs, &before.syslogs, &mut fixed);
        keep("spool", &mut self.spool, &before.spool, &mut fixed);
        keep("clickhouse", &mut self.clickhouse, &before.clickhouse, &mut fixed);
        // Of what is watched; a port that is found to be a database's meanwhile is none of these.
        match is_about_all {
            true => self.act.ports.clone_from(&self.watch_ports),
            false => self.act.ports.retain(|port| self.watch_ports.contains(port)),
        }
        (self, fixed)
    }
}

/// Keeps a value that cannot change, and its key where it would have.
fn keep<T: PartialEq + Clone>(key: &'static str, now: &mut T, before: &T, fixed: &mut Vec<&'static str>) {
    if now != before {
        now.clone_from(before);
        fixed.push(key);
    }
}

impl ConfigFile {
    /// What of it can run.
    pub fn check(self) -> Result<Config, Refused> {
        let host = host(self.host)?;
        let watch_ports = ports(self.watch_ports)?;
        let heartbeat =
            self.heartbeat_secs.map_or(Ok(Duration::from_secs(HEARTBEAT_SECS as u64)), heartbeat)?;
        let ring_bytes = self.ring_kib.map_or(Ok((RING_KIB as u32) << 10), ring_bytes)?;
        let (mut pid_files, mut addresses) = (Vec::new(), BTreeSet::new());
        if let Some(beyond) = self.proxy.get(PROXIES_MAX) {
            return Err(refused(
                beyond.span(),
                format!("there must be at most {PROXIES_MAX} `proxy` sections"),
            ));
        }
        for proxy in self.proxy {
            match proxy_of(proxy)? {
                Proxy::PidFile(path) => pid_files.push(path),
                Proxy::Address(address) => {
                    addresses.insert(address);
                }
            }
        }
        let allow = allow::check(self.allow, &watch_ports)?;
        let act = self.act.check(&watch_ports)?;
        let discover = self.discover.check(&watch_ports)?;
        let access_rules = self.access_rules.check()?;
        let process = self.process.check()?;
        let (webhooks, syslogs) = self.alerts.check()?;
        let spool = section(self.spool.span(), self.spool.into_inner(), SpoolConfig::check)?;
        let clickhouse = self.clickhouse.unwrap_or_else(|| Spanned::new(0..0, ClickHouseConfig::default()));
        let span = clickhouse.span();
        let clickhouse = clickhouse
            .into_inner()
            .overridden_by_environment()
            .map_err(|error| refused(span.clone(), error.to_string()))?;
        let clickhouse = section(span, clickhouse, ClickHouseConfig::check)?;
        Ok(Config {
            host,
            watch_ports,
            cgroup: self.cgroup,
            heartbeat,
            ring_bytes,
            pid_files,
            addresses,
            allow,
            act,
            discover,
            access_rules,
            process,
            webhooks,
            syslogs,
            spool,
            clickhouse,
        })
    }
}

enum Proxy {
    PidFile(PathBuf),
    Address(IpAddr),
}

fn host(written: Option<Spanned<String>>) -> Result<String, Refused> {
    match written {
        Some(host) if host.get_ref().is_empty() => {
            Err(refused(host.span(), "`host` must be the name of this host, got an empty string"))
        }
        Some(host) => Ok(host.into_inner()),
        None => match rustix::system::uname().nodename().to_str() {
            Ok(name) if !name.is_empty() => Ok(name.to_owned()),
            _ => Err(refused(0..0, "this host has no name; set `host`")),
        },
    }
}

fn heartbeat(written: Spanned<i64>) -> Result<Duration, Refused> {
    match u64::try_from(*written.get_ref()) {
        Ok(secs) if (1..=HEARTBEAT_SECS_MAX).contains(written.get_ref()) => Ok(Duration::from_secs(secs)),
        _ => {
            let message = format!(
                "`heartbeat-secs` must be between 1 and {HEARTBEAT_SECS_MAX}, got {}",
                written.get_ref()
            );
            Err(refused(written.span(), message))
        }
    }
}

fn ring_bytes(written: Spanned<i64>) -> Result<u32, Refused> {
    let kib = *written.get_ref();
    match u32::try_from(kib) {
        Ok(size) if size.is_power_of_two() && (RING_KIB_MIN..=RING_KIB_MAX).contains(&kib) => Ok(size << 10),
        _ => {
            let message = format!(
                "`ring-kib` must be a power of two between {RING_KIB_MIN} and {RING_KIB_MAX}, got {kib}"
            );
            Err(refused(written.span(), message))
        }
    }
}

fn ports(written: Spanned<Vec<Spanned<i64>>>) -> Result<BTreeSet<u16>, Refused> {
    let span = written.span();
    let mut ports = BTreeSet::new();
    for port in written.into_inner() {
        match u16::try_from(*port.get_ref()) {
            Ok(number) if number != 0 => ports.insert(number),
            _ => {
                let message =
                    format!("`watch-ports` must hold ports between 1 and 65535, got {}", port.get_ref());
                return Err(refused(port.span(), message));
            }
        };
    }
    if ports.is_empty() {
        let message = "`watch-ports` must name at least one port: an agent that watches nothing sees nothing";
        return Err(refused(span, message));
    }
    if PORTS_MAX < ports.len() {
        let message = format!("`watch-ports` must name at most {PORTS_MAX} ports, got {}", ports.len());
        return Err(refused(span, message));
    }
    Ok(ports)
}

fn proxy_of(written: Spanned<ProxyFile>) -> Result<Proxy, Refused> {
    let span = written.span();
    match written.into_inner() {
        ProxyFile { pid_file: Some(path), address: None } => {
            if !path.get_ref().is_absolute() {
                let message =
                    format!("`proxy.pid-file` must be an absolute path, got `{}`", path.get_ref().display());
                return Err(refused(path.span(), message));
            }
            Ok(Proxy::PidFile(path.into_inner()))
        }
        ProxyFile { pid_file: None, address: Some(address) } => {
            let canonical = address.get_ref().to_canonical();
            if canonical.is_loopback() || canonical.is_unspecified() || canonical.is_multicast() {
                let message = format!(
                    "`proxy.address` must be the address of a proxy on another host, got {canonical}; \
                     a proxy on this host is proven by its process: use `pid-file`"
                );
                return Err(refused(address.span(), message));
            }
            Ok(Proxy::Address(canonical))
        }
        ProxyFile { .. } => Err(refused(span, "a `proxy` section must have either `pid-file` or `address`")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str) -> Result<Config, String> {
        let text = format!("{text}\n[spool]\ndir = \"/var/lib/picket\"\n[clickhouse]\n");
        daemon::config::parse(Path::new("a.toml"), &text, ConfigFile::check)
            .map_err(|error| error.to_string())
    }

    #[test]
    fn a_whole_configuration_is_read() {
        let config = check(
            "host = 'db1'\nwatch-ports = [5433, 5432]\ncgroup = '/sys/fs/cgroup/a'\n\
             [[proxy]]\npid-file = '/run/p.pid'\n[[proxy]]\naddress = '::ffff:10.0.0.7'",
        )
        .unwrap();
        assert_eq!(config.host, "db1");
        assert_eq!(config.watch_ports.into_iter().collect::<Vec<_>>(), [5432, 5433]);
        assert_eq!(config.cgroup, Some(PathBuf::from("/sys/fs/cgroup/a")));
        assert_eq!(config.pid_files, [PathBuf::from("/run/p.pid")]);
        assert_eq!(config.addresses, BTreeSet::from(["10.0.0.7".parse().unwrap()]));
    }

    #[test]
    fn the_ring_has_a_size_that_the_kernel_takes() {
        assert_eq!(check("watch-ports = [1]").unwrap().ring_bytes, 4 << 20);
        assert_eq!(check("watch-ports = [1]\nring-kib = 4").unwrap().ring_bytes, 4096);
        for wrong in ["0", "2", "-4", "5", "131072"] {
            let told = check(&format!("watch-ports = [1]\nring-kib = {wrong}")).unwrap_err();
            let said = format!("`ring-kib` must be a power of two between 4 and 65536, got {wrong}");
            assert!(told.contains(&said), "{told}");
        }
    }

    #[test]
    fn the_key_of_arguments_is_somewhere() {
        let written = |more: &str| check(&format!("watch-ports = [1]\n[process]\n{more}"));
        assert!(written("arguments = 'keep'\nkey-file = '/etc/a.key'").is_ok());
        let told = written("key-file = 'a.key'").unwrap_err();
        assert!(told.contains("`process.key-file` must be an absolute path, got `a.key`"), "{told}");
        let told = written("arguments = 'kept'").unwrap_err();
        assert!(told.contains("expected one of `hash`, `keep`, `drop`"), "{told}");
    }

    #[test]
    fn an_account_comes_each_minute_where_nothing_is_said() {
        assert_eq!(check("watch-ports = [1]").unwrap().heartbeat, Duration::from_secs(60));
        assert_eq!(check("watch-ports = [1]\nheartbeat-secs = 5").unwrap().heartbeat, Duration::from_secs(5));
    }

    #[test]
    fn clickhouse_is_on_this_host_by_default() {
        let text = "watch-ports = [1]\n[spool]\ndir = '/s'";
        let config = daemon::config::parse(Path::new("a.toml"), text, ConfigFile::check).unwrap();
        assert_eq!(config.clickhouse, ClickHouseConfig::default());
    }

    #[test]
    fn databases_on_other_ports_are_looked_for_where_nothing_is_said() {
        let discover =
            |text: &str| check(&format!("watch-ports = [1]\n[discover]\n{text}")).unwrap().discover;
        assert_eq!(check("watch-ports = [1]").unwrap().discover, discover(""));
        assert!(discover("").listeners && !discover("").watch);
        assert!(discover("watch = true").watch && !discover("listeners = false").listeners);
        assert_eq!(discover("ignore-ports = [6379]").ignore_ports, BTreeSet::from([6379]));
    }

    #[test]
    fn the_name_of_the_host_is_its_own_by_default() {
        assert!(!check("watch-ports = [1]").unwrap().host.is_empty());
    }

    #[test]
    fn what_only_a_restart_changes_stays_as_it_was_and_is_named() {
        let before = check("watch-ports = [5432]\n[act]\nmode = 'deny'").unwrap();
        let after = |text: &str| check(text).unwrap().after(&before);
        let rule = "[[allow]]\nname = 'a'\nreason = 'b'\nuser = 0";
        let (config, fixed) = after(&format!("watch-ports = [5432]\n[act]\nmode = 'alert'\n{rule}"));
        assert!(fixed.is_empty());
        assert_eq!((config.act.mode, config.allow.len()), (Mode::Alert, 1));
        let text = "host = 'x'\nwatch-ports = [5433, 5432]\ncgroup = '/c'\nheartbeat-secs = 5\n[[proxy]]\npid-file = '/p'\n\
                    [discover]\nwatch = true\n[access-rules]\nwatch = false\n[[alerts.webhook]]\nurl = 'http://a/b'\n\
                    shape = 'slack'\n[[alerts.syslog]]\n[act]\nmode = 'deny'\n";
        let (config, fixed) = after(text);
        let keys = [
            "host",
            "watch-ports",
            "cgroup",
            "heartbeat-secs",
            "proxy",
            "discover",
            "access-rules",
            "alerts.webhook",
            "alerts.syslog",
        ];
        assert_eq!(fixed, keys);
        assert_eq!(config, before, "all ports that are watched are meant");
        let (config, fixed) = after("watch-ports = [5433, 5432]\n[act]\nmode = 'deny'\nports = [5433]");
        assert_eq!((fixed, config.act.ports.len()), (vec!["watch-ports"], 0));
    }

    #[test]
    fn a_dry_run_refuses_nobody_and_leaves_nothing() {
        let config = check("watch-ports = [1]\n[act]\nmode = 'deny'\nwithout-agent = 'keep'").unwrap();
        let dry = config.in_dry_run();
        assert_eq!((dry.act.mode, dry.act.keeps), (Mode::Alert, false));
    }

    #[test]
    fn errors_name_line_key_and_what_is_allowed() {
        let error = |text: &str| check(text).unwrap_err();
        assert!(error("watch-ports = []").starts_with("a.toml:1: `watch-ports` must name at least one port"));
        assert_eq!(
            error("watch-ports = [5432,\n 65536]"),
            "a.toml:2: `watch-ports` must hold ports between 1 and 65535, got 65536"
        );
        assert_eq!(
            error("host = ''\nwatch-ports = [1]"),
            "a.toml:1: `host` must be the name of this host, got an empty string"
        );
        assert_eq!(
            error("watch-ports = [1]\n[[proxy]]\npid-file = 'p'"),
            "a.toml:3: `proxy.pid-file` must be an absolute path, got `p`"
        );
        for secs in [0, -1, 3601] {
            assert_eq!(
                error(&format!("watch-ports = [1]\nheartbeat-secs = {secs}")),
                format!("a.toml:2: `heartbeat-secs` must be between 1 and 3600, got {secs}")
            );
        }
        let neither = "a.toml:2: a `proxy` section must have either `pid-file` or `address`";
        assert_eq!(error("watch-ports = [1]\n[[proxy]]"), neither);
        assert_eq!(error("watch-ports = [1]\n[[proxy]]\npid-file = '/p'\naddress = '10.0.0.1'"), neither);
        for address in ["127.0.0.1", "::1", "::ffff:127.0.0.1", "0.0.0.0"] {
            let text = format!("watch-ports = [1]\n[[proxy]]\naddress = '{address}'");
            assert!(error(&text).starts_with("a.toml:3: `proxy.address` must be the address of a proxy on"));
        }
        let webhook = |rest: &str| error(&format!("watch-ports = [1]\n[[alerts.webhook]]\n{rest}"));
        let whole = "a.toml:3: `alerts.webhook.url` must be the whole address of a webhook, such as \
                     `http://127.0.0.1:9093/api/v2/alerts`";
        assert_eq!(webhook("url = 'hooks.example/s3cret'\nshape = 'slack'"), whole);
        assert!(
            webhook("url = 'http://me:s3cret@a/'\nshape = 'slack'").ends_with("without a user and password")
        );
        assert!(webhook("url = 'https://a/b'\nshape = 'slack'").contains("must have `root-ca`"));
        assert!(webhook("url = 'http://a/b'\nshape = 'slack'\nroot-ca = '/x'").contains("is for `https`"));
        let missing = webhook("url = 'https://a/b'\nshape = 'slack'\nroot-ca = '/none'");
        assert!(
            missing.starts_with("a.toml:5: cannot read `alerts.webhook.root-ca`, /none: No such file"),
            "{missing}"
        );
        assert!(
            webhook("url = 'http://a/b'\nshape = 'pager'").contains("expected `alertmanager` or `slack`")
        );
        let syslog = |rest: &str| error(&format!("watch-ports = [1]\n[[alerts.syslog]]\n{rest}"));
        assert_eq!(
            syslog("url = 'tls://loghost'"),
            "a.toml:3: `alerts.syslog.url` must be `unix:///dev/log`, `udp://HOST:514` or `tcp://HOST:514`, got `tls://loghost`"
        );
        assert!(syslog("facility = 'kern'").contains("expected one of `user`, `daemon`, `auth`, `authpriv`"));
        let many = format!("watch-ports = [1]{}", "\n[[alerts.syslog]]".repeat(9));
        assert_eq!(error(&many), "a.toml:10: there must be at most 8 `alerts.syslog` sections");
        let discover = |text: &str| error(&format!("watch-ports = [1]\n[discover]\n{text}"));
        assert!(
            discover("ignore-ports = [0]")
                .starts_with("a.toml:3: `discover.ignore-ports` must hold at most 1024")
        );
        assert!(discover("ignore-ports = [1]").ends_with("must hold none of `watch-ports`, got 1"));
        assert!(discover("listeners = false\nwatch = true").starts_with("a.toml:4: `discover.watch` needs"));
        let rules = |text: &str| error(&format!("watch-ports = [1]\n[access-rules]\n{text}"));
        let relative = rules("config-files = ['/a/postgresql.conf',\n'postgresql.conf']");
        assert!(
            relative.starts_with("a.toml:4: `access-rules.config-files` must hold absolute paths such as")
        );
        assert!(relative.ends_with("got `postgresql.conf`"), "{relative}");
        let off = rules("watch = false\nconfig-files = ['/a']");
        assert_eq!(off, "a.toml:4: `access-rules.config-files` needs `access-rules.watch`");
        assert!(error("watch-port = [1]").contains("unknown field `watch-port`"));
    }
}
