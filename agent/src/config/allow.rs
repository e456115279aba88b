//! The section `[[allow]]`: who may go around the proxy, why, and until when.

use std::collections::BTreeSet;

use audit::record::UnixMicros;
use daemon::config::{Refused, refused};
use ipnet::IpNet;
use jiff::Timestamp;
use serde::Deserialize;
use toml::value::Datetime;
use toml::{Spanned, Value};

/// Each is asked about each connection that the proxy did not make.
const RULES_MAX: usize = 256;
const NETWORKS_MAX: usize = 256;
/// Wider networks than these are no answer to the question who may come: a site's own networks are narrower.
const V4_PREFIX_MIN: u8 = 8;
const V6_PREFIX_MIN: u8 = 32;

/// What was written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct AllowFile {
    name: Spanned<String>,
    reason: Spanned<String>,
    until: Option<Spanned<Datetime>>,
    from: Option<Spanned<Vec<Spanned<String>>>>,
    user: Option<Spanned<Value>>,
    cgroup: Option<Spanned<String>>,
    ports: Option<Spanned<Vec<Spanned<i64>>>>,
}

/// A rule. What it names must all be true of a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AllowRule {
    /// How the ledger calls it.
    pub name: String,
    /// Why it is there.
    pub reason: String,
    /// From then on it allows nothing.
    pub until: Option<UnixMicros>,
    /// The client's address; empty means any.
    pub networks: Vec<IpNet>,
    /// The user that runs the client's process.
    pub uid: Option<u32>,
    /// The cgroup of the client's process, or one above it.
    pub cgroup: Option<String>,
    /// The database's port; empty means any.
    pub ports: BTreeSet<u16>,
}

impl AllowRule {
    /// Whether it asks about a process: then it is for clients on this host, and else for those on others.
    pub(crate) fn is_about_processes(&self) -> bool {
        self.uid.is_some() || self.cgroup.is_some()
    }
}

pub(super) fn check(
    written: Vec<Spanned<AllowFile>>,
    watch_ports: &BTreeSet<u16>,
) -> Result<Vec<AllowRule>, Refused> {
    if let Some(beyond) = written.get(RULES_MAX) {
        return Err(refused(beyond.span(), format!("there must be at most {RULES_MAX} `allow` sections")));
    }
    let mut rules: Vec<AllowRule> = Vec::new();
    for file in written {
        let (span, file) = (file.span(), file.into_inner());
        let name = text("name", file.name)?;
        let rule = AllowRule {
            reason: text("reason", file.reason)?,
            until: file.until.map(until).transpose()?,
            networks: file.from.map(networks).transpose()?.unwrap_or_default(),
            uid: file.user.map(user).transpose()?,
            cgroup: file.cgroup.map(cgroup).transpose()?,
            ports: file.ports.map(|ports| some_of(ports, watch_ports)).transpose()?.unwrap_or_default(),
            name,
        };
        if rule.networks.is_empty() && !rule.is_about_processes() {
            let message = format!(
                "`allow` of `{}` must say whom it allows, by `from`, `user` or `cgroup`: without, it allows everybody",
                rule.name
            );
            return Err(refused(span, message));
        }
        if rules.iter().any(|other| other.name == rule.name) {
            let message =
                format!("`allow.name` must be another one for each rule, got `{}` twice", rule.name);
            return Err(refused(span, message));
        }
        rules.push(rule);
    }
    Ok(rules)
}

fn text(key: &str, written: Spanned<String>) -> Result<String, Refused> {
    let is_fine = |text: &str| !text.trim().is_empty() && !text.chars().any(char::is_control);
    if !is_fine(written.get_ref()) {
        return Err(refused(written.span(), format!("`allow.{key}` must be one line of text")));
    }
    Ok(written.into_inner())
}

fn until(written: Spanned<Datetime>) -> Result<UnixMicros, Refused> {
    let text = written.get_ref().to_string();
    // Without an offset nobody knows which moment it is: jiff refuses that.
    match text.parse::<Timestamp>() {
        Ok(moment) => Ok(UnixMicros(moment.as_microsecond())),
        Err(_) => Err(refused(
            written.span(),
            format!(
                "`allow.until` must be a moment with its offset, such as 2027-03-31T22:00:00Z, got {text}"
            ),
        )),
    }
}

fn networks(written: Spanned<Vec<Spanned<String>>>) -> Result<Vec<IpNet>, Refused> {
    let span = written.span();
    let written = written.into_inner();
    if written.is_empty() || NETWORKS_MAX < written.len() {
        let message = format!("`allow.from` must name 1 to {NETWORKS_MAX} networks, got {}", written.len());
        return Err(refused(span, message));
    }
    written.into_iter().map(network).collect()
}

fn network(written: Spanned<String>) -> Result<IpNet, Refused> {
    let text = written.get_ref().as_str();
    let wrong = |why: &str| {
        let message =
            format!("`allow.from` must hold networks such as `10.0.7.0/24` or `10.0.7.9`, got `{text}`{why}");
        Err(refused(written.span(), message))
    };
    let network = match (text.parse::<IpNet>(), text.parse::<std::net::IpAddr>()) {
        (Ok(network), _) => network,
        (Err(_), Ok(address)) => IpNet::from(address),
        (Err(_), Err(_)) => return wrong(""),
    };
    if network.addr() != network.network() {
        return wrong(&format!(": its network is `{}`", network.trunc()));
    }
    match network {
        IpNet::V6(v6) if v6.addr().to_ipv4_mapped().is_some() => wrong(": write IPv4 as IPv4"),
        IpNet::V4(v4) if v4.addr().is_loopback() => wrong(THIS_HOST),
        IpNet::V6(v6) if v6.addr().is_loopback() => wrong(THIS_HOST),
        IpNet::V4(v4) if v4.prefix_len() < V4_PREFIX_MIN => {
            wrong(&format!(": that is nearly everybody; it must be /{V4_PREFIX_MIN} or narrower"))
        }
        IpNet::V6(v6) if v6.prefix_len() < V6_PREFIX_MIN => {
            wrong(&format!(": that is nearly everybody; it must be /{V6_PREFIX_MIN} or narrower"))
        }
        network => Ok(network),
    }
}

const THIS_HOST: &str = ": any process of this host comes from there; name its `user` or `cgroup` instead";

fn user(written: Spanned<Value>) -> Result<u32, Refused> {
    let wrong = |message: &str| Err(refused(written.span(), message));
    match written.get_ref() {
        Value::Integer(number) => match u32::try_from(*number) {
            Ok(uid) => Ok(uid),
            Err(_) => wrong(&format!("`allow.user` must be a user's name or number, got {number}")),
        },
        Value::String(name) => match uzers::get_user_by_name(name) {
            Some(user) => Ok(user.uid()),
            None => {
                wrong(&format!("`allow.user`: this host has no user `{name}`; create it or correct the name"))
            }
        },
        _ => wrong("`allow.user` must be a user's name or number"),
    }
}

fn cgroup(written: Spanned<String>) -> Result<String, Refused> {
    let text = written.get_ref().as_str();
    let parts = text.strip_prefix('/').unwrap_or_default().split('/');
    if !parts.clone().all(|part| !part.is_empty() && part != "." && part != "..") {
        let message = format!(
            "`allow.cgroup` must be a cgroup's path below its mount, such as `/system.slice/backup.service`, got \
             `{text}`; `systemctl show -p ControlGroup backup.service` tells it"
        );
        return Err(refused(written.span(), message));
    }
    Ok(written.into_inner())
}

fn some_of(
    written: Spanned<Vec<Spanned<i64>>>,
    watch_ports: &BTreeSet<u16>,
) -> Result<BTreeSet<u16>, Refused> {
    let span = written.span();
    let mut ports = BTreeSet::new();
    for port in written.into_inner() {
        match u16::try_from(*port.get_ref()).ok().filter(|number| watch_ports.contains(number)) {
            Some(number) => ports.insert(number),
            None => {
                let message =
                    format!("`allow.ports` must hold ports of `watch-ports`, got {}", port.get_ref());
                return Err(refused(port.span(), message));
            }
        };
    }
    if ports.is_empty() {
        return Err(refused(span, "`allow.ports` must name at least one port; leave it out for all"));
    }
    Ok(ports)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::ConfigFile;
    use super::*;

    fn rules(text: &str) -> Result<Vec<AllowRule>, String> {
        let text = format!("watch-ports = [5432, 5433]\nspool.dir = '/s'\n{text}");
        daemon::config::parse(Path::new("a.toml"), &text, ConfigFile::check)
            .map(|config| config.allow)
            .map_err(|error| error.to_string())
    }

    #[test]
    fn a_whole_rule_is_read() {
        let read = rules(
            "[[allow]]\nname = 'backup'\nreason = 'nightly'\nuntil = 2027-03-31T22:00:00+02:00\nuser = 'root'\n\
             cgroup = '/system.slice/backup.service'\nports = [5433]\n\
             [[allow]]\nname = 'replica'\nreason = 'standby'\nfrom = ['10.0.7.0/24', 'fd00:0:7::/48', '10.1.1.1']",
        )
        .unwrap();
        let backup = &read[0];
        assert_eq!((backup.uid, backup.ports.iter().copied().collect::<Vec<_>>()), (Some(0), vec![5433]));
        assert_eq!(backup.until, Some(UnixMicros(1_806_523_200_000_000)));
        assert_eq!(read[1].networks.len(), 3);
        assert!(backup.is_about_processes() && !read[1].is_about_processes());
    }

    /// What is said of a rule with these keys.
    fn error(keys: &str) -> String {
        let error = rules(&format!("[[allow]]\nname = 'a'\nreason = 'b'\n{keys}")).unwrap_err();
        error.split_once(": ").unwrap().1.to_owned()
    }

    #[test]
    fn a_rule_that_allows_everybody_is_refused() {
        let everybody = "`allow` of `a` must say whom it allows, by `from`, `user` or `cgroup`: without, it allows \
                         everybody";
        assert_eq!(error(""), everybody);
        assert_eq!(error("ports = [5432]"), everybody);
        for wide in ["0.0.0.0/0", "::/0", "0.0.0.0/1", "128.0.0.0/1", "2000::/3", "fe00::/7"] {
            assert!(error(&format!("from = ['{wide}']")).contains("that is nearly everybody"), "{wide}");
        }
        for here in ["127.0.0.1", "127.0.0.0/8", "::1"] {
            assert!(error(&format!("from = ['{here}']")).contains("any process of this host"), "{here}");
        }
        for all in ["/", "", "system.slice", "/a//b", "/a/../b", "/a/"] {
            assert!(error(&format!("cgroup = '{all}'")).starts_with("`allow.cgroup` must be"), "{all}");
        }
        assert!(error("from = ['::ffff:10.0.0.0/104']").ends_with("write IPv4 as IPv4"));
        assert!(error("from = []").starts_with("`allow.from` must name 1 to"));
    }

    #[test]
    fn errors_name_key_and_mend() {
        assert!(error("from = ['10.0.0.7/8']").ends_with("got `10.0.0.7/8`: its network is `10.0.0.0/8`"));
        assert!(error("from = ['host']").ends_with("got `host`"));
        assert!(error("user = 'no-such-user'").contains("no user `no-such-user`"));
        assert_eq!(error("user = -1"), "`allow.user` must be a user's name or number, got -1");
        assert_eq!(error("user = 0\nports = [80]"), "`allow.ports` must hold ports of `watch-ports`, got 80");
        let moment = "`allow.until` must be a moment with its offset, such as 2027-03-31T22:00:00Z, got ";
        for vague in ["2027-03-31", "2027-03-31T22:00:00"] {
            assert_eq!(error(&format!("user = 0\nuntil = {vague}")), format!("{moment}{vague}"));
        }
        assert!(rules("[[allow]]\nname = 'a'").unwrap_err().contains("missing field `reason`"));
        assert!(
            rules("[[allow]]\nname = ' '\nreason = 'b'")
                .unwrap_err()
                .contains("`allow.name` must be one line")
        );
        let twice = "[[allow]]\nname = 'a'\nreason = 'b'\nuser = 0\n".repeat(2);
        assert!(rules(&twice).unwrap_err().contains("got `a` twice"));
    }
}
