//! The maps by which the kernel programs know whom to refuse. The agent writes them, and asks each second whether they
//! still are what it wrote.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use audit::record::UnixMicros;
use aya::maps::lpm_trie::{Key, LpmTrie};
use aya::maps::{Array, HashMap, MapData, MapError};
use aya::{Ebpf, Pod};
use ebpf_abi::{Act, Mode, RuleSet, Rules, joined};

use super::{LoadError, map};
use crate::act::addresses::{Addresses, Network};
use crate::act::orders::{Orders, PathKey, Sets};
use crate::config::{ActConfig, AllowRule};

/// How long processes are refused without a word of the agent: one that hangs must not keep a new proxy out.
const LEASE: Duration = Duration::from_secs(10);

/// What the kernel programs have room for.
const NETWORKS_MAX: usize = 16_384;

/// What is written where.
pub(super) struct Acts {
    act: Array<MapData, [u64; Act::COUNT]>,
    rules: Array<MapData, RuleSet>,
    of_user: HashMap<MapData, u32, RuleSet>,
    of_port: HashMap<MapData, u16, RuleSet>,
    of_cgroup: HashMap<MapData, u64, RuleSet>,
    of_path: HashMap<MapData, PathKey, RuleSet>,
    of_network: LpmTrie<MapData, [u8; 16], RuleSet>,
    exempt: HashMap<MapData, u32, u64>,
    /// Until the agent takes it.
    addresses: Option<Addresses>,
    orders: Option<Arc<Orders>>,
    cgroup_mount: PathBuf,
    exempted: BTreeMap<u32, u64>,
    in_force: RuleSet,
}

impl Acts {
    pub(super) fn of(programs: &mut Ebpf) -> Result<Self, LoadError> {
        macro_rules! open {
            ($kind:ident, $name:literal) => {
                $kind::try_from(map(programs, $name)?).map_err(LoadError::map($name))?
            };
        }
        Ok(Acts {
            act: open!(Array, "ACT"),
            rules: open!(Array, "RULES"),
            of_user: open!(HashMap, "RULES_OF_USER"),
            of_port: open!(HashMap, "RULES_OF_PORT"),
            of_cgroup: open!(HashMap, "RULES_OF_CGROUP"),
            of_path: open!(HashMap, "RULES_OF_PATH"),
            of_network: open!(LpmTrie, "RULES_OF_NETWORK"),
            exempt: open!(HashMap, "EXEMPT"),
            addresses: Some(Addresses::new(open!(LpmTrie, "ADDRESSES"))),
            orders: None,
            cgroup_mount: PathBuf::new(),
            exempted: BTreeMap::new(),
            in_force: RuleSet::default(),
        })
    }

    pub(super) fn take_addresses(&mut self) -> Option<Addresses> {
        self.addresses.take()
    }

    pub(super) fn give_back_addresses(&mut self, addresses: Addresses) {
        self.addresses = Some(addresses);
    }

    pub(super) fn covers_cgroup(&self, id: u64) -> Result<bool, LoadError> {
        match self.of_cgroup.get(&id, 0) {
            Ok(_) => Ok(true),
            Err(MapError::KeyNotFound) => Ok(false),
            Err(error) => Err(LoadError::map("RULES_OF_CGROUP")(error)),
        }
    }

    /// Whether connections to this port may be refused.
    pub(super) fn is_about(&self, port: u16) -> bool {
        self.orders.as_ref().is_some_and(|it| it.is_about(port))
    }

    /// Whether clients on other hosts are meant.
    pub(super) fn is_about_remote(&self) -> bool {
        self.orders.as_ref().is_some_and(|it| it.is_about_remote())
    }

    /// Goes by these. Nothing is refused until they are renewed.
    pub(super) fn take_orders(&mut self, orders: Orders, cgroup_mount: &Path) -> Result<(), LoadError> {
        self.lift()?;
        let orders = Arc::new(orders);
        self.orders = Some(Arc::clone(&orders));
        self.cgroup_mount = cgroup_mount.to_owned();
        self.restore(&orders.sets).map(drop)
    }

    /// What may take the place of the orders that it goes by.
    pub(super) fn after(&self, config: &ActConfig, rules: &[AllowRule]) -> Result<Orders, LoadError> {
        let Some(before) = &self.orders else { return Ok(Orders::new(config, rules)) };
        let orders = before.after(config, rules).ok_or(LoadError::Rules)?;
        if NETWORKS_MAX < before.sets_with(&orders).by_network.len() {
            return Err(LoadError::Networks { max: NETWORKS_MAX });
        }
        Ok(orders)
    }

    /// Has the rules of these orders in force beside those that are: whom either allows is not refused. The first step from one to the
    /// other.
    pub(super) fn widen(
        &mut self,
        orders: &Orders,
        cgroup_mount: &Path,
        exempt: &BTreeMap<u32, u64>,
        now: UnixMicros,
    ) -> Result<(), LoadError> {
        self.cgroup_mount = cgroup_mount.to_owned();
        let (then, sets) = match &self.orders {
            Some(before) => (before.in_force(now), before.sets_with(orders)),
            None => (RuleSet::default(), orders.sets.clone()),
        };
        self.put_in_force(then)?;
        // What is not in force yet may come one after the other.
        self.restore(&sets)?;
        self.put_in_force(joined(&then, &orders.in_force(now)))?;
        self.exempt(exempt)
    }

    /// Goes by these, whose rules are in force beside the others'. The second step: only ports that both are about are acted on meanwhile.
    pub(super) fn switch(&mut self, orders: Orders, now_boot_ns: u64) -> Result<(), LoadError> {
        let [mode, outgoing, _] = self.act.get(&0, 0).map_err(LoadError::map("ACT"))?;
        let (until, after) = (until_boot_ns(&orders, now_boot_ns), u64::from(orders.outgoing));
        // A word after the other, since the programs may see one before the next.
        let (both, to) = (outgoing.min(after), orders.mode as u64);
        for act in [[mode, both, until], [to, both, until], [to, after, until]] {
            self.act.set(0, act, 0).map_err(LoadError::map("ACT"))?;
        }
        self.orders = Some(Arc::new(orders));
        Ok(())
    }

    /// Only the rules of the orders that it goes by are in force from now on. The last step.
    pub(super) fn narrow(&mut self, now: UnixMicros) -> Result<(), LoadError> {
        let Some(orders) = self.orders.clone() else { return Ok(()) };
        self.put_in_force(orders.in_force(now))?;
        self.restore(&orders.sets)?;
        if orders.mode == Mode::Observe { self.lift() } else { Ok(()) }
    }

    fn put_in_force(&mut self, rules: RuleSet) -> Result<(), LoadError> {
        if rules != self.in_force {
            self.rules.set(Rules::InForce as u32, rules, 0).map_err(LoadError::map("RULES"))?;
            self.in_force = rules;
        }
        Ok(())
    }

    /// These are never refused.
    fn exempt(&mut self, exempt: &BTreeMap<u32, u64>) -> Result<(), LoadError> {
        // The new ones first: nobody who may connect is refused meanwhile.
        for (pid, started) in exempt {
            if self.exempted.get(pid) != Some(started) {
                self.exempt.insert(pid, started, 0).map_err(LoadError::map("EXEMPT"))?;
            }
        }
        for pid in self.exempted.keys().filter(|pid| !exempt.contains_key(pid)) {
            removed(self.exempt.remove(pid)).map_err(LoadError::map("EXEMPT"))?;
        }
        if self.exempted != *exempt {
            self.exempted.clone_from(exempt);
        }
        Ok(())
    }

    /// From now on nothing is refused.
    pub(super) fn lift(&mut self) -> Result<(), LoadError> {
        self.orders = None;
        self.act.set(0, [Mode::Observe as u64, 0, 0], 0).map_err(LoadError::map("ACT"))
    }

    /// Puts the moment off when processes are refused no more. These are never refused.
    pub(super) fn renew(
        &mut self,
        exempt: &BTreeMap<u32, u64>,
        now: UnixMicros,
        now_boot_ns: u64,
    ) -> Result<(), LoadError> {
        let Some(orders) = self.orders.clone().filter(|orders| orders.mode != Mode::Observe) else {
            return Ok(());
        };
        self.put_in_force(orders.in_force(now))?;
        self.exempt(exempt)?;
        let act = [orders.mode as u64, u64::from(orders.outgoing), until_boot_ns(&orders, now_boot_ns)];
        self.act.set(0, act, 0).map_err(LoadError::map("ACT"))
    }

    /// Writes what somebody has changed. Says what that was.
    pub(super) fn mend(&mut self) -> Result<Vec<String>, LoadError> {
        let Some(orders) = self.orders.clone().filter(|orders| orders.mode != Mode::Observe) else {
            return Ok(Vec::new());
        };
        let [mode, outgoing, _] = self.act.get(&0, 0).map_err(LoadError::map("ACT"))?;
        // It is written with each renewal.
        let is_lifted = mode != orders.mode as u64 || outgoing != u64::from(orders.outgoing);
        let are_changed = self.restore(&orders.sets)?;
        Ok((is_lifted || are_changed).then(|| "orders about whom to refuse".to_owned()).into_iter().collect())
    }

    /// Makes the maps what they must be. Says whether they were something else.
    fn restore(&mut self, wanted: &Sets) -> Result<bool, LoadError> {
        let mut is_changed = false;
        let sets = [
            (Rules::InForce, &self.in_force),
            (Rules::AnyUser, &wanted.any_user),
            (Rules::AnyCgroup, &wanted.any_cgroup),
            (Rules::AnyPort, &wanted.any_port),
        ];
        for (which, set) in sets {
            let which = which as u32;
            if self.rules.get(&which, 0).map_err(LoadError::map("RULES"))? != *set {
                self.rules.set(which, set, 0).map_err(LoadError::map("RULES"))?;
                is_changed = true;
            }
        }
        is_changed |=
            restored(&mut self.of_user, &wanted.by_user).map_err(LoadError::map("RULES_OF_USER"))?;
        is_changed |=
            restored(&mut self.of_port, &wanted.by_port).map_err(LoadError::map("RULES_OF_PORT"))?;
        is_changed |=
            restored(&mut self.of_path, &wanted.by_path).map_err(LoadError::map("RULES_OF_PATH"))?;
        is_changed |= restored_networks(&mut self.of_network, &wanted.by_network)
            .map_err(LoadError::map("RULES_OF_NETWORK"))?;
        is_changed |= restored(&mut self.exempt, &self.exempted).map_err(LoadError::map("EXEMPT"))?;
        // Cgroups come and go, and the programs know of some before the agent does.
        self.find_cgroups(&wanted.paths).map_err(LoadError::map("RULES_OF_CGROUP"))?;
        Ok(is_changed)
    }

    /// What is in the map is asked first: a cgroup that is made meanwhile stays.
    fn find_cgroups(&mut self, paths: &BTreeMap<String, RuleSet>) -> Result<(), MapError> {
        let known = self.of_cgroup.keys().collect::<Result<BTreeSet<u64>, _>>()?;
        let mut there = BTreeMap::new();
        for (path, rules) in paths {
            if let Ok(folder) = fs::metadata(self.cgroup_mount.join(path.trim_start_matches('/'))) {
                there.insert(folder.ino(), *rules);
            }
        }
        for (id, rules) in &there {
            self.of_cgroup.insert(id, rules, 0)?;
        }
        for id in known.iter().filter(|id| !there.contains_key(id)) {
            removed(self.of_cgroup.remove(id))?;
        }
        Ok(())
    }
}

/// When processes are refused no more, unless somebody puts it off.
fn until_boot_ns(orders: &Orders, now_boot_ns: u64) -> u64 {
    let lease = u64::try_from(LEASE.as_nanos()).unwrap_or(u64::MAX);
    if orders.keeps { u64::MAX } else { now_boot_ns.saturating_add(lease) }
}

/// Makes a map what it must be. Says whether it was something else.
fn restored<K: Pod + Ord, V: Pod + PartialEq>(
    map: &mut HashMap<MapData, K, V>,
    wanted: &BTreeMap<K, V>,
) -> Result<bool, MapError> {
    let found = map.iter().collect::<Result<BTreeMap<K, V>, _>>()?;
    let mut is_changed = false;
    for (key, value) in wanted {
        if found.get(key) != Some(value) {
            map.insert(key, value, 0)?;
            is_changed = true;
        }
    }
    for key in found.keys().filter(|key| !wanted.contains_key(key)) {
        removed(map.remove(key))?;
        is_changed = true;
    }
    Ok(is_changed)
}

/// The same of networks. What the map says of one is of the narrowest that it has around it.
fn restored_networks(
    map: &mut LpmTrie<MapData, [u8; 16], RuleSet>,
    wanted: &BTreeMap<Network, RuleSet>,
) -> Result<bool, MapError> {
    let found = map.iter().collect::<Result<Vec<_>, _>>()?;
    let found: BTreeMap<Network, RuleSet> =
        found.into_iter().map(|(key, set)| ((key.prefix_len(), key.data()), set)).collect();
    if found == *wanted {
        return Ok(false);
    }
    for ((bits, address), set) in wanted {
        map.insert(&Key::new(*bits, *address), set, 0)?;
    }
    for (bits, address) in found.keys().filter(|network| !wanted.contains_key(network)) {
        removed(map.remove(&Key::new(*bits, *address)))?;
    }
    Ok(true)
}

fn removed(done: Result<(), MapError>) -> Result<(), MapError> {
    match done {
        // Somebody else has taken it out.
        Err(MapError::KeyNotFound) => Ok(()),
        other => other,
    }
}
