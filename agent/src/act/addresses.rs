//! Tells the kernel programs which addresses are this host's, in every network namespace that a process lives in: one that
//! connects to a database there connects to a database of this host. A new address is known within two seconds. And which are
//! those of proxies elsewhere, where nobody goes around anything.

use std::collections::{BTreeSet, HashSet};
use std::fs;
use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::mpsc::{RecvTimeoutError, SyncSender, sync_channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use aya::maps::lpm_trie::{Key, LpmTrie};
use aya::maps::{MapData, MapError};
use ebpf_abi::{ADDRESS_OF_PROXY, ADDRESS_OWN};

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
type Network = (u32, [u8; 16]);

/// The addresses as the kernel programs know them.
pub struct Addresses {
    map: LpmTrie<MapData, [u8; 16], u8>,
    proxies: BTreeSet<Network>,
    known: BTreeSet<Network>,
    is_told: bool,
}

/// A thread that keeps them up to date.
#[derive(Debug)]
pub(crate) struct Keeper {
    stop: SyncSender<()>,
    thread: JoinHandle<()>,
}

impl std::fmt::Debug for Addresses {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Addresses").field("known", &self.known).finish_non_exhaustive()
    }
}

impl Addresses {
    pub(crate) fn new(map: LpmTrie<MapData, [u8; 16], u8>) -> Self {
        Addresses { map, proxies: BTreeSet::new(), known: BTreeSet::new(), is_told: false }
    }

    /// These are addresses of proxies on other hosts.
    pub fn believe(&mut self, proxies: &BTreeSet<IpAddr>) {
        let whole = |address: &IpAddr| match address {
            IpAddr::V4(v4) => (128, v4.to_ipv6_mapped().octets()),
            IpAddr::V6(v6) => (128, v6.octets()),
        };
        self.proxies = proxies.iter().map(whole).collect();
    }

    /// Tells the programs what has changed.
    pub fn look(&mut self) -> Result<(), MapError> {
        let (mut now, problem) = everywhere();
        if let Some(problem) = problem.filter(|_| !self.is_told) {
            tracing::warn!(problem, "connections to some addresses of this host are not refused");
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
        Ok(())
    }

    /// Looks now, and from then on by itself.
    pub(crate) fn keep(mut self) -> Result<Keeper, io::Error> {
        self.look().map_err(io::Error::other)?;
        let (stop, stopped) = sync_channel(1);
        let thread = thread::Builder::new().name("addresses".to_owned()).spawn(move || {
            while stopped.recv_timeout(LOOK_EVERY) == Err(RecvTimeoutError::Timeout) {
                if let Err(error) = self.look() {
                    let error = &error as &dyn std::error::Error;
                    tracing::error!(error, "new addresses of this host are not known to the kernel programs");
                }
            }
        })?;
        Ok(Keeper { stop, thread })
    }
}

impl Keeper {
    pub(crate) fn stop(self) {
        drop(self.stop);
        if self.thread.join().is_err() {
            tracing::error!("the look for addresses broke");
        }
    }
}

/// The addresses of every namespace, and what could not be seen.
fn everywhere() -> (BTreeSet<Network>, Option<String>) {
    let (mut found, mut seen, mut problem) = (BTreeSet::new(), HashSet::new(), None);
    let this = fs::metadata("/proc/self/net/fib_trie").map(|it| it.ino());
    seen.extend(this.ok());
    if let Err(error) = of(Path::new("/proc/self"), &mut found) {
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
        if seen.insert(place.ino()) && of(&entry.path(), &mut found).is_err() {
            // Whoever takes its place is looked at.
            seen.remove(&place.ino());
        }
    }
    (found, problem)
}

/// Those of the namespace that the process of this folder of `/proc` is in.
fn of(process: &Path, out: &mut BTreeSet<Network>) -> io::Result<()> {
    out.extend(v4(&fs::read_to_string(process.join("net/fib_trie"))?));
    match fs::read_to_string(process.join("net/ipv6_route")) {
        Ok(text) => out.extend(text.lines().filter_map(v6)),
        // There is no IPv6.
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    Ok(())
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
        let (found, problem) = everywhere();
        assert_eq!(problem, None);
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
