//! What the rules of `[[allow]]` mean at a `connect`, and when a client on another host comes, as the kernel programs read it. Whoever a rule may cover is never
//! refused: what of a rule cannot be told at that moment counts as true. It is pure.

use std::collections::{BTreeMap, BTreeSet};

use audit::record::UnixMicros;
use ebpf_abi::{CGROUP_LEVELS_MAX, CGROUP_PATH_BYTES, Mode, RULE_WORDS, RuleSet, joined};

use crate::config::{ActConfig, AllowRule};

use super::addresses::{Network, is_within, network};

/// A cgroup's path, filled up with zeros.
pub(crate) type PathKey = [u8; CGROUP_PATH_BYTES];

/// As many as have a number.
const RULES_MAX: usize = RULE_WORDS * u64::BITS as usize;

/// Whom the kernel programs refuse.
#[derive(Clone, Debug)]
pub struct Orders {
    pub(crate) mode: Mode,
    pub(crate) outgoing: bool,
    pub(crate) remote: bool,
    /// Whether that goes on without an agent.
    pub(crate) keeps: bool,
    pub(crate) ports: BTreeSet<u16>,
    pub(crate) sets: Sets,
    /// By their numbers.
    rules: Vec<(usize, AllowRule)>,
}

/// What the kernel programs look rules up by.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sets {
    pub(crate) any_user: RuleSet,
    pub(crate) any_cgroup: RuleSet,
    pub(crate) any_port: RuleSet,
    pub(crate) by_user: BTreeMap<u32, RuleSet>,
    pub(crate) by_port: BTreeMap<u16, RuleSet>,
    pub(crate) by_path: BTreeMap<PathKey, RuleSet>,
    /// The same cgroups by their paths.
    pub(crate) paths: BTreeMap<String, RuleSet>,
    /// Rules about other hosts: those that name the network, or one that it is in.
    pub(crate) by_network: BTreeMap<Network, RuleSet>,
}

impl Orders {
    /// What `config` asks for, where `rules` say who may go around the proxy. Tells of rules that cover more here than
    /// they say.
    pub fn new(config: &ActConfig, rules: &[AllowRule]) -> Self {
        Orders::numbered(config, rules.iter().cloned().enumerate().collect())
    }

    /// What takes their place. A rule that stays keeps its number, and a new one has a number that none has had: both may be in force
    /// at once. `None` where there are not numbers enough.
    pub(crate) fn after(&self, config: &ActConfig, rules: &[AllowRule]) -> Option<Self> {
        let mut free = (0..RULES_MAX).filter(|number| self.rules.iter().all(|(taken, _)| taken != number));
        let number = |rule: &AllowRule| {
            let known = self.rules.iter().find(|(_, it)| it == rule).map(|(number, _)| *number);
            known.or_else(|| free.next()).map(|number| (number, rule.clone()))
        };
        let rules = rules.iter().map(number).collect::<Option<_>>()?;
        Some(Orders::numbered(config, rules))
    }

    fn numbered(config: &ActConfig, rules: Vec<(usize, AllowRule)>) -> Self {
        let orders = Orders {
            mode: config.mode,
            outgoing: config.outgoing,
            remote: config.remote,
            keeps: config.keeps,
            ports: config.ports.clone(),
            sets: Sets::of(&rules),
            rules,
        };
        orders.tell();
        orders
    }

    /// Rules of both.
    pub(crate) fn sets_with(&self, other: &Orders) -> Sets {
        let more = other.rules.iter().filter(|rule| !self.rules.contains(rule));
        Sets::of(&self.rules.iter().chain(more).cloned().collect::<Vec<_>>())
    }

    /// Whether connections to this port may be refused.
    pub(crate) fn is_about(&self, port: u16) -> bool {
        self.mode != Mode::Observe && self.ports.contains(&port)
    }

    /// Whether clients on other hosts are meant.
    pub(crate) fn is_about_remote(&self) -> bool {
        self.mode != Mode::Observe && self.remote
    }

    /// Whether cgroups must be known from their first moment.
    pub(crate) fn has_cgroups(&self) -> bool {
        self.mode != Mode::Observe && !self.sets.by_path.is_empty()
    }

    fn tell(&self) {
        for (_, AllowRule { name, networks, cgroup, .. }) in
            self.rules.iter().filter(|(_, it)| it.is_about_processes())
        {
            if !networks.is_empty() && self.mode != Mode::Observe {
                tracing::warn!(
                    rule = name,
                    "from where a process connects is not known yet when it is asked whether it may: whoever the rule is for is \
                     not refused, `from` or not"
                );
            }
            if cgroup.as_ref().is_some_and(|path| path_key(path).is_none()) {
                tracing::warn!(
                    rule = name,
                    "`cgroup` is too long for the kernel programs: no cgroup is refused what the rule is for"
                );
            }
        }
    }

    /// Rules that have not ended at `now`.
    pub(crate) fn in_force(&self, now: UnixMicros) -> RuleSet {
        let mut set = [0; RULE_WORDS];
        for (number, rule) in &self.rules {
            if rule.until.is_none_or(|until| now < until) {
                put(&mut set, *number);
            }
        }
        set
    }
}

impl Sets {
    fn of(rules: &[(usize, AllowRule)]) -> Self {
        let mut sets = Sets::default();
        for (number, rule) in rules {
            if rule.ports.is_empty() {
                put(&mut sets.any_port, *number);
            }
            for port in &rule.ports {
                put(sets.by_port.entry(*port).or_default(), *number);
            }
            if rule.is_about_processes() {
                sets.add(*number, rule);
            } else {
                for network in rule.networks.iter().map(network) {
                    put(sets.by_network.entry(network).or_default(), *number);
                }
            }
        }
        sets.widen();
        sets
    }

    /// The kernel finds the narrowest network that an address is in, so that one has what those around it have.
    fn widen(&mut self) {
        let wider: Vec<(Network, RuleSet)> = self.by_network.iter().map(|(it, set)| (*it, *set)).collect();
        for (network, set) in &mut self.by_network {
            for (_, more) in wider.iter().filter(|(wide, _)| contains(wide, network)) {
                *set = joined(set, more);
            }
        }
    }

    fn add(&mut self, number: usize, rule: &AllowRule) {
        let by_user = rule.uid.map_or(&mut self.any_user, |uid| self.by_user.entry(uid).or_default());
        put(by_user, number);
        match rule.cgroup.as_ref().map(|path| (path, path_key(path))) {
            Some((path, Some(key))) => {
                put(self.by_path.entry(key).or_default(), number);
                put(self.paths.entry(path.clone()).or_default(), number);
            }
            // Too long for the programs.
            Some((_, None)) | None => put(&mut self.any_cgroup, number),
        }
    }
}

/// A rule beyond the last number is in no set; the configuration has no more than there are.
fn put(set: &mut RuleSet, number: usize) {
    if let Some(word) = set.get_mut(number / 64) {
        *word |= 1 << (number % 64);
    }
}

/// Whether the second is in the first.
fn contains((bits, address): &Network, (inner_bits, inner): &Network) -> bool {
    bits <= inner_bits && is_within(inner, &(*bits, *address))
}

/// `None` where it is longer, or deeper, than the programs read.
fn path_key(path: &str) -> Option<PathKey> {
    let mut key = [0; CGROUP_PATH_BYTES];
    // A zero byte ends it.
    let is_deep = CGROUP_LEVELS_MAX as usize <= path.matches('/').count();
    let place = key.get_mut(..path.len()).filter(|_| path.len() + 1 < CGROUP_PATH_BYTES && !is_deep)?;
    place.copy_from_slice(path.as_bytes());
    Some(key)
}

#[cfg(test)]
mod tests {
    use ebpf_abi::is_covered;

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

    fn config() -> ActConfig {
        ActConfig {
            mode: Mode::Deny,
            outgoing: false,
            remote: true,
            keeps: false,
            pin_dir: "/".into(),
            ports: BTreeSet::from([5432]),
            idle: Vec::new(),
        }
    }

    fn orders(rules: &[AllowRule]) -> Orders {
        Orders::new(&config(), rules)
    }

    /// As the kernel programs do it.
    fn covers(orders: &Orders, uid: u32, cgroup: &str, port: u16, at: i64) -> bool {
        let by_user =
            joined(&orders.sets.any_user, orders.sets.by_user.get(&uid).unwrap_or(&[0; RULE_WORDS]));
        let by_port =
            joined(&orders.sets.any_port, orders.sets.by_port.get(&port).unwrap_or(&[0; RULE_WORDS]));
        let mut by_cgroup = orders.sets.any_cgroup;
        for (end, _) in cgroup.match_indices('/').skip(1).chain([(cgroup.len(), "")]) {
            let above = path_key(&cgroup[..end]).and_then(|key| orders.sets.by_path.get(&key));
            by_cgroup = joined(&by_cgroup, above.unwrap_or(&[0; RULE_WORDS]));
        }
        is_covered(&orders.in_force(UnixMicros(at)), &by_port, &by_user, &by_cgroup)
    }

    #[test]
    fn all_that_one_rule_names_must_be_true() {
        let of_unit = AllowRule { cgroup: Some("/s/b".to_owned()), ..rule() };
        let rules = [
            AllowRule { uid: Some(26), ports: BTreeSet::from([5433]), ..of_unit.clone() },
            AllowRule { uid: Some(7), until: Some(UnixMicros(100)), ..rule() },
        ];
        let orders = orders(&rules);
        assert!(covers(&orders, 26, "/s/b", 5433, 0) && covers(&orders, 26, "/s/b/job", 5433, 0));
        assert!(!covers(&orders, 26, "/s/b", 5432, 0) && !covers(&orders, 27, "/s/b", 5433, 0));
        assert!(!covers(&orders, 26, "/s/b2", 5433, 0) && !covers(&orders, 26, "/s", 5433, 0));
        // No two rules make one together.
        assert!(!covers(&orders, 7, "/s/b", 5433, 100));
        assert!(covers(&orders, 7, "/any", 1, 99) && !covers(&orders, 7, "/any", 1, 100));
    }

    #[test]
    fn what_cannot_be_told_at_a_connect_counts_as_true_and_a_rule_for_other_hosts_covers_no_process() {
        let networks = vec!["10.0.7.0/24".parse().unwrap()];
        let hosts = AllowRule { networks: networks.clone(), ..rule() };
        let narrowed = AllowRule { networks, uid: Some(26), ..rule() };
        assert!(!covers(&orders(&[hosts]), 26, "/a", 5432, 0));
        assert!(covers(&orders(std::slice::from_ref(&narrowed)), 26, "/a", 5432, 0));
        assert!(!covers(&orders(&[narrowed]), 27, "/a", 5432, 0));
        let long = AllowRule { cgroup: Some(format!("/{}", "a".repeat(255))), uid: Some(26), ..rule() };
        let deep = AllowRule { cgroup: Some("/a".repeat(32)), uid: Some(26), ..rule() };
        for undecided in [long, deep] {
            let orders = orders(&[undecided]);
            assert!(covers(&orders, 26, "/any", 5432, 0) && !covers(&orders, 27, "/any", 5432, 0));
        }
    }

    #[test]
    fn each_of_as_many_rules_as_there_may_be_counts() {
        let rules: Vec<AllowRule> = (0..256).map(|uid| AllowRule { uid: Some(uid), ..rule() }).collect();
        let orders = orders(&rules);
        assert!((0..256).all(|uid| covers(&orders, uid, "/a", 1, 0)) && !covers(&orders, 256, "/a", 1, 0));
    }

    /// As the kernel program of clients elsewhere does it.
    fn lets_in(orders: &Orders, client: &str, port: u16, at: i64) -> bool {
        let (_, client) = network(&client.parse::<std::net::IpAddr>().unwrap().into());
        let found = orders.sets.by_network.iter().filter(|(it, _)| contains(it, &(128, client)));
        let narrowest = found.max_by_key(|((bits, _), _)| *bits).map_or([0; RULE_WORDS], |(_, set)| *set);
        let by_port =
            joined(&orders.sets.any_port, orders.sets.by_port.get(&port).unwrap_or(&[0; RULE_WORDS]));
        is_covered(&orders.in_force(UnixMicros(at)), &by_port, &narrowest, &narrowest)
    }

    #[test]
    fn a_client_elsewhere_is_let_in_by_one_rule_whose_network_port_and_time_fit() {
        let from = |networks: &[&str]| networks.iter().map(|it| it.parse().unwrap()).collect();
        let rules = [
            AllowRule { networks: from(&["10.0.0.0/8"]), ports: BTreeSet::from([5433]), ..rule() },
            AllowRule {
                networks: from(&["10.0.7.0/24", "fd00::/48"]),
                until: Some(UnixMicros(100)),
                ..rule()
            },
            AllowRule { networks: from(&["10.0.7.9/32"]), ports: BTreeSet::from([5434]), ..rule() },
            AllowRule { networks: from(&["192.0.2.0/24"]), uid: Some(26), ..rule() },
        ];
        let orders = orders(&rules);
        assert!(lets_in(&orders, "10.9.9.9", 5433, 0) && !lets_in(&orders, "10.9.9.9", 5432, 0));
        // A narrower network has the rules of those around it, and nothing of one rule joins another's.
        for port in [5432, 5433, 5434] {
            assert!(lets_in(&orders, "10.0.7.9", port, 0), "{port}");
        }
        assert!(!lets_in(&orders, "10.0.7.9", 5432, 100) && lets_in(&orders, "10.0.7.9", 5433, 100));
        assert!(!lets_in(&orders, "10.0.7.8", 5434, 100) && lets_in(&orders, "fd00::1", 1, 99));
        assert!(!lets_in(&orders, "11.0.0.1", 5433, 0) && !lets_in(&orders, "fd00:1::", 1, 0));
        // A rule about processes is for nobody elsewhere.
        assert!(!lets_in(&orders, "192.0.2.1", 5432, 0));
    }

    #[test]
    fn in_place_of_others_whom_either_allows_is_covered_until_only_the_new_ones_are_in_force() {
        let user = |uid| AllowRule { uid: Some(uid), name: uid.to_string(), ..rule() };
        let cgroup = || AllowRule { cgroup: Some("/s/b".to_owned()), ports: [5433].into(), ..rule() };
        let before = orders(&[user(1), user(2)]);
        let ports = BTreeSet::from([5433]);
        let config = ActConfig { mode: Mode::Alert, outgoing: true, remote: false, ports, ..config() };
        let after = before.after(&config, &[user(3), user(2), cgroup()]).unwrap();
        assert_eq!((after.mode, after.outgoing, after.remote), (Mode::Alert, true, false));
        let mut both = after.clone();
        both.sets = before.sets_with(&after);
        let (then, now) = (before.in_force(UnixMicros(0)), after.in_force(UnixMicros(0)));
        let may = |orders: &Orders, in_force: &RuleSet, uid, path, port| {
            let mut it = orders.clone();
            it.rules.retain(|(number, _)| in_force[number / 64] & (1 << (number % 64)) != 0);
            covers(&it, uid, path, port, 0)
        };
        // The maps of both, and the old rules in force, then all, then the new ones.
        both.rules = before.rules.iter().chain(&after.rules).cloned().collect();
        for (in_force, allowed) in [
            (then, [true, true, false, false]),
            (joined(&then, &now), [true; 4]),
            (now, [false, true, true, true]),
        ] {
            let became = [
                may(&both, &in_force, 1, "/a", 1),
                may(&both, &in_force, 2, "/a", 1),
                may(&both, &in_force, 3, "/a", 1),
                may(&both, &in_force, 9, "/s/b", 5433),
            ];
            assert_eq!(became, allowed);
            assert!(!may(&both, &in_force, 9, "/s/b", 5432) && !may(&both, &in_force, 9, "/a", 5433));
        }
        // The one that stays has the number that it had.
        assert!(after.rules.contains(&(1, user(2))) && !after.rules.iter().any(|(number, _)| *number == 0));
    }

    #[test]
    fn networks_of_both_have_the_rules_of_both() {
        let from = |network: &str| AllowRule { networks: vec![network.parse().unwrap()], ..rule() };
        let before = orders(&[from("10.0.7.0/24")]);
        let after = before.after(&config(), &[from("10.0.0.0/8")]).unwrap();
        let mut both = after.clone();
        both.sets = before.sets_with(&after);
        // By the new rule alone, and it is the wider network's.
        assert!(lets_in(&both, "10.0.7.9", 5432, 0) && lets_in(&both, "10.9.9.9", 5432, 0));
        both.rules = before.rules.clone();
        assert!(lets_in(&both, "10.0.7.9", 5432, 0) && !lets_in(&both, "10.9.9.9", 5432, 0));
    }

    #[test]
    fn where_there_are_not_numbers_enough_nothing_takes_their_place() {
        let user = |uid| AllowRule { uid: Some(uid), ..rule() };
        let before = orders(&(0..200).map(user).collect::<Vec<_>>());
        assert!(before.after(&config(), &(100..256).map(user).collect::<Vec<_>>()).is_some());
        assert!(before.after(&config(), &(100..257).map(user).collect::<Vec<_>>()).is_none());
    }
}
