//! Tells the kernel programs which addresses are this host's, in every network namespace that a process lives in: one that
//! connects to a database there connects to a database of this host. A new address is known within two seconds. What namespaces
//! that somebody but root has made call their own is not believed. And which are those of proxies elsewhere, where nobody goes
//! around anything.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fs::{self, File};
use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use aya::maps::lpm_trie::{Key, LpmTrie};
use aya::maps::{MapData, MapError};
use ebpf_abi::{ADDRESS_OF_PROXY, ADDRESS_OWN};
use ipnet::IpNet;

use super::owner;

/// Between two looks.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// What the kernel programs have room for, less some for proxies.
const ADDRESSES_MAX: usize = 65_000;
/// More than a host has.
const NAMESPACES_MAX: usize = 16_384;
/// `RTF_LOCAL` of `include/uapi/linux/ipv6_route.h`.
const LOCAL_ROUTE: u32 = 0x8000_0000;
/// An IPv4 address that is mapped into IPv6 begins with so many bits.
const MAPPED_BITS: u32 = 96;

/// Bits of a network, and its first address; IPv4 is mapped into IPv6.
pub(crate) type Network = (u32, [u8; 16]);

/// As the kernel programs know it.
pub(crate) fn network(network: &IpNet) -> Network {
    let bits = u32::from(network.prefix_len());
    match network.network() {
        IpAddr::V4(v4) => (MAPPED_BITS + bits, v4.to_ipv6_mapped().octets()),
        IpAddr::V6(v6) => (bits, v6.octets()),
    }
}

/// The addresses as the kernel programs know them.
pub struct Addresses {
    map: LpmTrie<MapData, [u8; 16], u8>,
    proxies: BTreeSet<Network>,
    known: BTreeSet<Network>,
    /// Whether namespaces are opened too.
    holds: bool,
    is_told: bool,
}

/// Network namespaces by their numbers; each goes on for as long as it is held.
pub type Namespaces = BTreeMap<u64, File>;

/// A thread that keeps them up to date.
#[derive(Debug)]
pub(crate) struct Keeper {
    stop: Stop,
    /// Which network namespaces there are: the newest word.
    namespaces: Receiver<Namespaces>,
}

/// Ends the thread.
#[derive(Debug)]
pub(crate) struct Stop {
    ask: SyncSender<()>,
    thread: JoinHandle<Addresses>,
}

impl std::fmt::Debug for Addresses {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Addresses").field("known", &self.known).finish_non_exhaustive()
    }
}

impl Addresses {
    pub(crate) fn new(map: LpmTrie<MapData, [u8; 16], u8>) -> Self {
        Addresses { map, proxies: BTreeSet::new(), known: BTreeSet::new(), holds: false, is_told: false }
    }

    /// These are addresses of proxies on other hosts.
    pub fn believe(&mut self, proxies: &BTreeSet<IpAddr>) {
        self.proxies = proxies.iter().map(|address| network(&IpNet::from(*address))).collect();
    }

    /// Opens network namespaces too, where a program is attached to each.
    pub(crate) fn hold_namespaces(&mut self, holds: bool) {
        self.holds = holds;
    }

    /// Tells the programs what has changed. Returns the network namespaces that were looked into, where they are opened.
    pub fn look(&mut self) -> Result<Namespaces, MapError> {
        let Everywhere { networks: mut now, namespaces, problem } = everywhere(self.holds);
        if let Some(problem) = problem.filter(|_| !self.is_told) {
            tracing::warn!(problem, "some connections of this host, or to it, are not refused");
            self.is_told = true;
        }
        if ADDRESSES_MAX < now.len() {
            tracing::warn!(
                addresses = now.len(),
                "too many addresses: connections to some of them are not refused"
            );
            now = now.into_iter().take(ADDRESSES_MAX).collect();
        }
        let gone = self.known.difference(&now).filter(|it| !self.proxies.contains(it));
        for (bits, address) in gone {
            match self.map.remove(&Key::new(*bits, *address)) {
                Ok(()) | Err(MapError::KeyNotFound) => {}
                Err(error) => return Err(error),
            }
        }
        // Each of them again: somebody may have taken one out. One that is this host's too is this host's.
        let elsewhere = self.proxies.difference(&now).map(|network| (network, ADDRESS_OF_PROXY));
        for ((bits, address), value) in now.iter().map(|network| (network, ADDRESS_OWN)).chain(elsewhere) {
            self.map.insert(&Key::new(*bits, *address), value, 0)?;
        }
        self.known = now;
        Ok(namespaces)
    }

    /// Looks now, and from then on by itself.
    pub(crate) fn keep(mut self) -> Result<Keeper, io::Error> {
        let first = self.look().map_err(io::Error::other)?;
        let (ask, stopped) = sync_channel(1);
        let (tell, namespaces) = sync_channel(1);
        // There is room for one.
        let _ = tell.try_send(first);
        let thread = thread::Builder::new().name("addresses".to_owned()).spawn(move || {
            while stopped.recv_timeout(LOOK_EVERY) == Err(RecvTimeoutError::Timeout) {
                match self.look() {
                    // Where nobody has taken the last word, the next one will do.
                    Ok(now) => drop(tell.try_send(now)),
                    Err(error) => {
                        let error = &error as &dyn std::error::Error;
                        tracing::error!(
                            error,
                            "new addresses of this host are not known to the kernel programs"
                        );
                    }
                }
            }
            self
        })?;
        Ok(Keeper { stop: Stop { ask, thread }, namespaces })
    }
}

impl Keeper {
    pub(crate) fn parts(self) -> (Stop, Receiver<Namespaces>) {
        (self.stop, self.namespaces)
    }
}

impl Stop {
    /// Returns what looked; `None` where it broke.
    pub(crate) fn stop(self) -> Option<Addresses> {
        drop(self.ask);
        let ended = self.thread.join();
        if ended.is_err() {
            tracing::error!("the look for addresses broke");
        }
        ended.ok()
    }
}

/// What was found in every namespace, and what could not be seen.
#[derive(Default)]
struct Everywhere {
    networks: BTreeSet<Network>,
    namespaces: Namespaces,
    problem: Option<String>,
}

fn everywhere(holds: bool) -> Everywhere {
    let Everywhere { networks: mut found, mut namespaces, mut problem } = Everywhere::default();
    let (mut seen, mut closed) = (HashSet::new(), HashSet::new());
    let this = fs::metadata("/proc/self/net/fib_trie").map(|it| it.ino());
    seen.extend(this.ok());
    let own = Path::new("/proc/self");
    let mut look = |process: &Path| {
        let networks = of(process)?;
        // Opened after it was read: whoever is in one of root's then was in no other before, but by root's leave.
        let (number, namespace) = open(process)?;
        // A namespace of a user's own says what that user likes. This process is in the one that it was given.
        if process == own || owner::is_root(&namespace).unwrap_or(false) {
            found.extend(networks);
        }
        if holds {
            namespaces.entry(number).or_insert(namespace);
        }
        Ok::<_, io::Error>(())
    };
    if let Err(error) = look(own) {
        problem = Some(format!("addresses cannot be read from /proc/self/net: {error}; mount /proc"));
    }
    for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
        if entry.file_name().to_str().is_none_or(|name| name.parse::<u32>().is_err()) {
            continue;
        }
        // It may have ended meanwhile.
        let Ok(place) = fs::metadata(entry.path().join("net/fib_trie")) else { continue };
        if NAMESPACES_MAX < seen.len() {
            problem = Some(format!("there are more than {NAMESPACES_MAX} network namespaces"));
            break;
        }
        if !seen.insert(place.ino()) {
            continue;
        }
        match look(&entry.path()) {
            Ok(()) => _ = closed.remove(&place.ino()),
            // Whoever else is in it is looked at.
            Err(error) => {
                seen.remove(&place.ino());
                if error.kind() == io::ErrorKind::PermissionDenied {
                    closed.insert(place.ino());
                }
            }
        }
    }
    if !closed.is_empty() {
        problem = Some(format!("{} network namespaces cannot be opened: give CAP_SYS_PTRACE", closed.len()));
    }
    Everywhere { networks: found, namespaces, problem }
}

/// Those of all network namespaces that root made.
pub(crate) fn of_this_host() -> BTreeSet<Network> {
    everywhere(false).networks
}

pub(crate) fn is_within(address: &[u8; 16], (bits, first): &Network) -> bool {
    let apart = u128::from_be_bytes(*address) ^ u128::from_be_bytes(*first);
    apart.leading_zeros() >= *bits
}

/// The namespace that the process of this folder of `/proc` is in, and its number.
fn open(process: &Path) -> io::Result<(u64, File)> {
    let namespace = File::open(process.join("ns/net"))?;
    Ok((namespace.metadata()?.ino(), namespace))
}

/// What the namespace that the process of this folder of `/proc` is in calls its own.
fn of(process: &Path) -> io::Result<BTreeSet<Network>> {
    let mut networks: BTreeSet<_> = v4(&fs::read_to_string(process.join("net/fib_trie"))?).collect();
    match fs::read_to_string(process.join("net/ipv6_route")) {
        Ok(text) => networks.extend(text.lines().filter_map(v6)),
        // There is no IPv6.
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    Ok(networks)
}

/// What the routing tables call `LOCAL`: a network, on a line below its first address.
fn v4(text: &str) -> impl Iterator<Item = Network> {
    let mut above: Option<Ipv4Addr> = None;
    text.lines().filter_map(move |line| {
        let line = line.trim();
        if let Some(address) = line.strip_prefix("|-- ") {
            above = address.parse().ok();
            return None;
        }
        let bits: u32 = line.strip_prefix('/')?.strip_suffix(" host LOCAL")?.parse().ok()?;
        (bits <= 32).then_some((MAPPED_BITS + bits, above?.to_ipv6_mapped().octets()))
    })
}

/// A line of `ipv6_route`: destination, its bits, six other fields, flags, the interface.
fn v6(line: &str) -> Option<Network> {
    let mut fields = line.split_whitespace();
    let (destination, bits) = (fields.next()?, fields.next()?);
    let flags = u32::from_str_radix(fields.nth(6)?, 16).ok()?;
    let address = u128::from_str_radix(destination, 16).ok()?;
    let bits = u32::from_str_radix(bits, 16).ok().filter(|bits| *bits <= 128)?;
    (flags & LOCAL_ROUTE != 0).then_some((bits, address.to_be_bytes()))
}

#[cfg(test)]
mod tests {
    use std::net::Ipv6Addr;

    use super::*;

    fn shown((bits, address): Network) -> String {
        format!("{}/{bits}", Ipv6Addr::from(address))
    }

    #[test]
    fn local_networks_are_read_from_routes() {
        let trie = "Main:\n  +-- 0.0.0.0/0 3 0 5\n     |-- 0.0.0.0\n        /0 universe UNICAST\n     |-- 10.0.7.0\n        \
                    /24 link UNICAST\nLocal:\n  +-- 0.0.0.0/0 3 0 5\n     |-- 10.0.7.9\n        /32 host LOCAL\n     |-- \
                    10.0.7.255\n        /32 link BROADCAST\n     |-- 127.0.0.0\n        /8 host LOCAL\n";
        let found: Vec<_> = v4(trie).map(shown).collect();
        assert_eq!(found, ["::ffff:10.0.7.9/128", "::ffff:127.0.0.0/104"]);
        let route = |bits: &str, flags: &str| {
            let nowhere = "0".repeat(32);
            v6(&format!(
                "fd000000000000000000000000000009 {bits} {nowhere} 00 {nowhere} 00000000 00000001 00000000 {flags} lo"
            ))
        };
        assert_eq!(route("80", "80200001").map(shown).as_deref(), Some("fd00::9/128"));
        assert_eq!(route("40", "80200001").map(shown).as_deref(), Some("fd00::9/64"));
        assert_eq!(route("80", "00200001"), None);
        assert_eq!(route("81", "80200001"), None);
        for other in ["", "x", "|-- x", "/32 host LOCAL", "/33 host LOCAL"] {
            assert!(v6(other).is_none() && v4(other).next().is_none(), "{other}");
        }
    }

    #[test]
    fn this_host_has_addresses_and_no_other_is_taken_for_its_own() {
        let Everywhere { networks: found, namespaces, problem } = everywhere(true);
        assert_eq!(problem, None);
        assert!(namespaces.contains_key(&fs::metadata("/proc/self/ns/net").unwrap().ino()));
        let loopback = (MAPPED_BITS + 8, Ipv4Addr::new(127, 0, 0, 0).to_ipv6_mapped().octets());
        assert!(found.contains(&loopback), "{found:?}");
        // TEST-NET-3 is nobody's (RFC 5737).
        let other = u128::from_be_bytes(Ipv4Addr::new(203, 0, 113, 9).to_ipv6_mapped().octets());
        let covers = |(bits, address): &Network| {
            let apart = 128 - *bits;
            apart < 128 && other >> apart == u128::from_be_bytes(*address) >> apart
        };
        assert!(!found.iter().any(covers), "{found:?}");
    }
}
