//! Asks the rules of `[[allow]]` whether somebody may go around the proxy. They go by what the kernel told, never by
//! what a process says of itself.

use std::collections::BTreeSet;
use std::net::IpAddr;

use audit::record::UnixMicros;
use ipnet::IpNet;
use jiff::Timestamp;

use crate::config::AllowRule;
use crate::own::OwnAddresses;
use crate::track::Arrival;

/// The rules that this agent was told of.
#[derive(Debug, Default)]
pub struct Allowances {
    rules: Vec<AllowRule>,
    /// Those that held for what was opened before a moment, and that moment.
    before: Option<(Vec<AllowRule>, UnixMicros)>,
    /// Names of those whose end was told.
    told: BTreeSet<String>,
    own: OwnAddresses,
}

impl Allowances {
    /// Goes by `rules`: the first one that fits decides.
    pub fn new(rules: Vec<AllowRule>) -> Self {
        warn(&rules);
        Allowances { rules, before: None, told: BTreeSet::new(), own: OwnAddresses::default() }
    }

    /// Goes by these from that moment on. What was opened before is judged by those that held then.
    pub(crate) fn change(&mut self, rules: Vec<AllowRule>, at: UnixMicros) {
        warn(&rules);
        self.before = Some((std::mem::replace(&mut self.rules, rules), at));
        // One of the same name may be another rule.
        self.told.clear();
    }

    /// Name of the rule that allows it. `cgroup` finds the path of the process's cgroup; empty where it is not known.
    pub(crate) fn rule_for(
        &mut self,
        arrival: &Arrival<'_>,
        cgroup: impl FnOnce() -> String,
    ) -> Option<&str> {
        // Most hosts have no rule by cgroup, and a path may have to be looked for.
        let rules = match &self.before {
            Some((rules, until)) if arrival.at < *until => rules,
            _ => &self.rules,
        };
        let own = &mut self.own;
        // A process of this host comes without itself where the host translates its addresses.
        let is_own = arrival.process.is_none()
            && rules.iter().any(|rule| rule.fits_but_for_cgroup(arrival, false))
            && arrival.client.is_some_and(|client| own.has(client));
        let asks = |rule: &AllowRule| rule.cgroup.is_some() && rule.fits_but_for_cgroup(arrival, is_own);
        let cgroup = if rules.iter().any(asks) { cgroup() } else { String::new() };
        let fits = |rule: &&AllowRule| {
            rule.fits_but_for_cgroup(arrival, is_own)
                && rule.cgroup.as_deref().is_none_or(|it| is_within(&cgroup, it))
        };
        rules.iter().find(fits).map(|rule| rule.name.as_str())
    }

    /// Whether this host has the address.
    pub(crate) fn is_own_address(&mut self, address: IpAddr) -> bool {
        self.own.has(address)
    }

    /// Tells once of each rule that allows nothing any more.
    pub(crate) fn look(&mut self, now: UnixMicros) {
        for AllowRule { name, reason, until, .. } in &self.rules {
            let Some(until) = until.filter(|until| *until <= now) else { continue };
            if self.told.insert(name.clone()) {
                let until = Timestamp::from_microsecond(until.0).unwrap_or_default();
                tracing::warn!(rule = name, reason, %until, "rule has expired: what it allowed is a bypass");
            }
        }
    }
}

fn warn(rules: &[AllowRule]) {
    for AllowRule { name, reason, uid, cgroup, networks, .. } in rules {
        if *uid == Some(0) && cgroup.is_none() && networks.is_empty() {
            tracing::warn!(rule = name, reason, "whoever is root on this host may go around the proxy");
        }
    }
}

impl AllowRule {
    /// An address of this host, without its process, is meant by nothing but itself.
    fn fits_but_for_cgroup(&self, arrival: &Arrival<'_>, is_own: bool) -> bool {
        let Arrival { at, client, server_port, process } = arrival;
        // A process of this host chooses among this host's addresses: they say nothing of who it is.
        let is_about_it = self.is_about_processes() == process.is_some();
        let is_meant = |it: &IpNet| !is_own || it.prefix_len() == it.max_prefix_len();
        is_about_it
            && self.until.is_none_or(|until| *at < until)
            && (self.networks.is_empty()
                || client.is_some_and(|client| {
                    self.networks.iter().any(|it| it.contains(&client) && is_meant(it))
                }))
            && (self.ports.is_empty() || self.ports.contains(server_port))
            && self.uid.is_none_or(|uid| process.is_some_and(|process| process.uid == uid))
    }
}

/// Whether it is that cgroup or one below.
fn is_within(path: &str, cgroup: &str) -> bool {
    path.strip_prefix(cgroup).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use ebpf_abi::Process;

    use super::*;

    fn rule() -> AllowRule {
        AllowRule {
            name: "a".to_owned(),
            reason: "b".to_owned(),
            until: None,
            networks: Vec::new(),
            uid: None,
            cgroup: None,
            ports: BTreeSet::new(),
        }
    }

    const PROCESS: Process = Process { pid: 7, uid: 26, cgroup_id: 1, ..Process::UNKNOWN };

    /// Whether a connection from 10.0.7.9 to port 5432 at 100 is allowed.
    fn allows(rule: AllowRule, process: Option<&Process>, cgroup: &str) -> bool {
        let arrival =
            Arrival { at: UnixMicros(100), client: Some([10, 0, 7, 9].into()), server_port: 5432, process };
        Allowances::new(vec![rule]).rule_for(&arrival, || cgroup.to_owned()).is_some()
    }

    #[test]
    fn all_that_a_rule_names_must_be_true() {
        let by_user = || AllowRule { uid: Some(26), ..rule() };
        assert!(allows(by_user(), Some(&PROCESS), ""));
        assert!(!allows(AllowRule { uid: Some(27), ..rule() }, Some(&PROCESS), ""));
        assert!(allows(AllowRule { ports: BTreeSet::from([5432]), ..by_user() }, Some(&PROCESS), ""));
        assert!(!allows(AllowRule { ports: BTreeSet::from([5433]), ..by_user() }, Some(&PROCESS), ""));
        let network = |it: &str| vec![it.parse().unwrap()];
        assert!(allows(AllowRule { networks: network("10.0.7.0/24"), ..by_user() }, Some(&PROCESS), ""));
        assert!(!allows(AllowRule { networks: network("10.0.8.0/24"), ..by_user() }, Some(&PROCESS), ""));
        assert!(allows(AllowRule { networks: network("10.0.7.9/32"), ..rule() }, None, ""));
        assert!(!allows(AllowRule { networks: network("fd00::/48"), ..rule() }, None, ""));
    }

    /// The kernel tells no process where the host translates addresses, and that of a client is the host's own.
    #[test]
    fn an_address_of_this_host_is_allowed_by_nothing_but_itself() {
        let allows = |network: &str, client: &str| {
            let client = Some(client.parse().unwrap());
            let arrival = Arrival { at: UnixMicros(100), client, server_port: 5432, process: None };
            let networks = vec![network.parse().unwrap()];
            Allowances::new(vec![AllowRule { networks, ..rule() }]).rule_for(&arrival, String::new).is_some()
        };
        // TEST-NET-3 is nobody's (RFC 5737).
        assert!(allows("203.0.113.0/24", "203.0.113.9"));
        assert!(!allows("127.0.0.0/8", "127.0.0.9") && !allows("::/0", "::1"));
        assert!(allows("127.0.0.9/32", "127.0.0.9"));
    }

    #[test]
    fn an_address_does_not_vouch_for_a_process_of_this_host_nor_a_process_for_another_host() {
        let networks = vec!["10.0.7.0/24".parse().unwrap()];
        assert!(!allows(AllowRule { networks: networks.clone(), ..rule() }, Some(&PROCESS), ""));
        assert!(!allows(AllowRule { networks, uid: Some(26), ..rule() }, None, ""));
    }

    #[test]
    fn a_cgroup_is_a_whole_path() {
        let by_cgroup = |path| {
            allows(
                AllowRule { cgroup: Some("/system.slice/b.service".to_owned()), ..rule() },
                Some(&PROCESS),
                path,
            )
        };
        assert!(by_cgroup("/system.slice/b.service"));
        assert!(by_cgroup("/system.slice/b.service/job"));
        for other in
            ["", "/", "/system.slice", "/system.slice/b.service2", "/user.slice/system.slice/b.service"]
        {
            assert!(!by_cgroup(other), "{other}");
        }
    }

    #[test]
    fn a_rule_stops_at_its_moment() {
        let until = |at| AllowRule { uid: Some(26), until: Some(UnixMicros(at)), ..rule() };
        assert!(allows(until(101), Some(&PROCESS), ""));
        assert!(!allows(until(100), Some(&PROCESS), ""));
    }

    #[test]
    fn what_was_opened_before_a_change_is_judged_by_the_rules_of_then() {
        let by = |uid| vec![AllowRule { uid: Some(uid), ..rule() }];
        let mut allowances = Allowances::new(by(26));
        allowances.change(by(27), UnixMicros(100));
        let mut allows = |uid, at| {
            let process = Process { uid, ..PROCESS };
            let arrival =
                Arrival { at: UnixMicros(at), client: None, server_port: 5432, process: Some(&process) };
            allowances.rule_for(&arrival, String::new).is_some()
        };
        assert!(allows(26, 99) && !allows(27, 99));
        assert!(!allows(26, 100) && allows(27, 100));
    }
}
