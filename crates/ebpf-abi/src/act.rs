//! What the agent tells the programs about refusing connections, and what they tell of one.

use zerocopy::{Immutable, IntoBytes, KnownLayout, TryFromBytes};

use crate::{Endpoint, Kind, Process};

/// The value of an address in the map `ADDRESSES`: this host has it …
pub const ADDRESS_OWN: u8 = 1;
/// … or a proxy on another host: whoever connects there goes through it.
pub const ADDRESS_OF_PROXY: u8 = 2;

/// What is done about a connection around the proxy.
#[repr(u64)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Nothing.
    Observe = 0,
    /// That it would have been refused is told.
    Alert = 1,
    /// It is refused.
    Deny = 2,
}

impl Mode {
    /// The word for it in the configuration and in the ledger.
    pub const fn name(self) -> &'static str {
        match self {
            Mode::Observe => "observe",
            Mode::Alert => "alert",
            Mode::Deny => "deny",
        }
    }
}

/// A place of the value of the map `ACT`.
#[repr(usize)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// A [`Mode`], as a number.
    Mode = 0,
    /// 1 where connections to databases on other hosts are meant too.
    Outgoing = 1,
    /// From then on nothing is refused, in nanoseconds since the kernel started: the agent puts it off while it runs.
    UntilBootNs = 2,
}

impl Act {
    /// How many there are.
    pub const COUNT: usize = 3;
}

/// A value of the map `EXEMPT` is when the process started, as `/proc` tells it: in ticks of so many nanoseconds.
pub const START_TICK_NS: u64 = 10_000_000;

/// Words of a set of rules.
pub const RULE_WORDS: usize = 4;

/// A set of rules by their numbers.
pub type RuleSet = [u64; RULE_WORDS];

/// A slot of the map `RULES`.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rules {
    /// Those that have not expired.
    InForce = 0,
    /// Those for processes of any user.
    AnyUser = 1,
    /// Those for processes of any cgroup.
    AnyCgroup = 2,
    /// Those for any port.
    AnyPort = 3,
}

impl Rules {
    /// How many there are.
    pub const COUNT: u32 = 4;
}

/// Cgroups above a process's own, and that one, that are asked about; the root is none of them.
pub const CGROUP_LEVELS_MAX: u32 = 32;

/// Bytes of a cgroup's path as a key of the map `RULES_OF_PATH`, filled up with zeros.
pub const CGROUP_PATH_BYTES: usize = 256;

/// A process of this host was refused a connection, or a client on another one was, or would have been.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, TryFromBytes, IntoBytes, Immutable, KnownLayout)]
pub struct Refused {
    /// [`Kind::Refused`].
    pub kind: Kind,
    /// 0 where it was only told.
    pub is_denied: u8,
    /// Zero.
    pub reserved: [u8; 6],
    /// Nanoseconds since the kernel started, time asleep included.
    pub at_boot_ns: u64,
    /// Cookie of the client's socket; 0 where that is on another host.
    pub client_cookie: u64,
    /// Where it wanted to go.
    pub server: Endpoint,
    /// Where a client on another host came from. The kernel chooses a process's own address later: then all is zero.
    pub client: Endpoint,
    /// Which process asked; [`Process::UNKNOWN`] where it is on another host.
    pub process: Process,
}

const _: () = assert!(size_of::<Refused>() == 160);
const _: () = assert!(align_of::<Refused>() == 8);

/// Whether a set has a rule of each of the others.
pub fn is_covered(in_force: &RuleSet, by_port: &RuleSet, by_user: &RuleSet, by_cgroup: &RuleSet) -> bool {
    let words = in_force.iter().zip(by_port).zip(by_user).zip(by_cgroup);
    words.fold(0, |any, (((force, port), user), cgroup)| any | (force & port & user & cgroup)) != 0
}

/// Both sets together.
pub fn joined(one: &RuleSet, other: &RuleSet) -> RuleSet {
    let ([a, b, c, d], [e, f, g, h]) = (*one, *other);
    [a | e, b | f, c | g, d | h]
}

/// Whether an address of the host is meant wherever it is asked from: `127.0.0.0/8`, `::1`, and no address at all, which
/// the kernel takes for these.
pub fn is_own(address: &[u8; 16]) -> bool {
    const MAPPED: u64 = 0xffff;
    const LOOPBACK_V4: u64 = 127;
    let [high, low] = halves(address);
    let is_v4 = high == 0 && low >> 32 == MAPPED;
    let v4 = low & 0xffff_ffff;
    (high == 0 && low <= 1) || (is_v4 && (v4 >> 24 == LOOPBACK_V4 || v4 == 0))
}

/// Whether both are the same address.
pub fn is_same(one: &[u8; 16], other: &[u8; 16]) -> bool {
    let ([high, low], [other_high, other_low]) = (halves(one), halves(other));
    high == other_high && low == other_low
}

fn halves(address: &[u8; 16]) -> [u64; 2] {
    let [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p] = *address;
    [u64::from_be_bytes([a, b, c, d, e, f, g, h]), u64::from_be_bytes([i, j, k, l, m, n, o, p])]
}

#[cfg(test)]
mod tests {
    use core::net::{IpAddr, Ipv6Addr};

    use super::*;

    fn own(address: &str) -> bool {
        let address = match address.parse().unwrap() {
            IpAddr::V4(v4) => v4.to_ipv6_mapped(),
            IpAddr::V6(v6) => v6,
        };
        is_own(&Ipv6Addr::octets(&address))
    }

    #[test]
    fn loopback_and_no_address_are_of_this_host() {
        for address in ["127.0.0.1", "127.255.0.9", "0.0.0.0", "::", "::1", "::ffff:127.0.0.1"] {
            assert!(own(address), "{address}");
        }
        for address in ["128.0.0.1", "10.127.0.1", "::2", "::127.0.0.1", "fe80::1", "1::", "::fffe:127.0.0.1"]
        {
            assert!(!own(address), "{address}");
        }
    }

    #[test]
    fn one_rule_must_cover_all() {
        let (a, b, all) = ([1, 0, 0, 0], [0, 0, 0, 1 << 63], [u64::MAX; RULE_WORDS]);
        assert!(is_covered(&all, &a, &all, &a) && is_covered(&all, &b, &b, &all));
        assert!(!is_covered(&all, &a, &b, &all) && !is_covered(&b, &a, &a, &a));
        assert!(is_covered(&all, &joined(&a, &b), &b, &all));
    }
}
