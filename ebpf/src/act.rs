//! Decides whether a process of this host, or a client on another one, may have a connection to a database around the proxy. The
//! agent writes down who may; what cannot be told here goes on.

use aya_ebpf::EbpfContext;
use aya_ebpf::macros::map;
use aya_ebpf::maps::lpm_trie::Key;
use aya_ebpf::maps::{Array, HashMap, LpmTrie, LruHashMap};
use aya_ebpf::programs::{LsmContext, SkLookupContext, SockAddrContext, SockOpsContext};
use ebpf_abi::{
    ADDRESS_OF_PROXY, Act, CGROUP_LEVELS_MAX, Counter, Endpoint, Kind, Mode, PATH_BYTES, Process, RULE_WORDS,
    Refused, RuleSet, Rules, START_TICK_NS, UnixRefused, is_covered, is_own, is_same, joined,
};

use crate::kernel::sockets::{Connecting, Name};
use crate::{kernel, ports, ring};

const RULES_MAX: u32 = 256;
const PORTS_MAX: u32 = 1024;
/// Cgroups that rules name, and some that are gone: the agent clears up each second.
const CGROUPS_MAX: u32 = 1024;
/// All proxies of a host, and the agent.
const EXEMPT_MAX: u32 = 128;
/// Addresses of a host in all its network namespaces.
const ADDRESSES_MAX: u32 = 65_536;
const ADDRESS_BITS: u32 = 128;
/// Networks that rules name.
const NETWORKS_MAX: u32 = 16_384;
/// A first packet comes at once.
const LET_GO_MAX: u32 = 8192;
const NONE: RuleSet = [0; RULE_WORDS];

#[map]
static ACT: Array<[u64; Act::COUNT]> = Array::with_max_entries(1, 0);

#[map]
static RULES: Array<RuleSet> = Array::with_max_entries(Rules::COUNT, 0);

#[map]
static RULES_OF_USER: HashMap<u32, RuleSet> = HashMap::with_max_entries(RULES_MAX, 0);

#[map]
static RULES_OF_PORT: HashMap<u16, RuleSet> = HashMap::with_max_entries(PORTS_MAX, 0);

/// By a cgroup's id: those that name it.
#[map]
static RULES_OF_CGROUP: HashMap<u64, RuleSet> = HashMap::with_max_entries(CGROUPS_MAX, 0);

/// By a network: those that name it, or one that it is in.
#[map]
static RULES_OF_NETWORK: LpmTrie<[u8; 16], RuleSet> = LpmTrie::with_max_entries(NETWORKS_MAX, 0);

/// Processes that are never refused, and when each of them started, in nanoseconds since the kernel started: whoever gets its pid later is another one.
#[map]
static EXEMPT: HashMap<u32, u64> = HashMap::with_max_entries(EXEMPT_MAX, 0);

/// Addresses of this host besides those that every host has, and of proxies elsewhere.
#[map]
static ADDRESSES: LpmTrie<[u8; 16], u8> = LpmTrie::with_max_entries(ADDRESSES_MAX, 0);

/// Both ends of connections of this host that are on their way to a database here: the client's comes first. Their processes were let go. The oldest
/// is pushed out.
#[map]
static LET_GO: LruHashMap<[Endpoint; 2], u8> = LruHashMap::with_max_entries(LET_GO_MAX, 0);

/// Whether the process may go on. Tells of one that may not, or would not.
pub fn may_connect(context: &SockAddrContext, server: Endpoint, process: &Process) -> bool {
    let Some(now) = Now::judging(server.port) else { return true };
    if !is_meant(&server.address, now.outgoing) || is_exempt(process) || is_allowed(server.port, process) {
        return true;
    }
    let client_cookie = kernel::connecting_cookie(context);
    now.refuse(context, client_cookie, server, Endpoint::UNKNOWN, process)
}

/// The same of one that asks for a UNIX socket with this name.
pub fn may_connect_unix(
    context: &LsmContext,
    connecting: &Connecting,
    name: &Name,
    port: u16,
    process: &Process,
) -> bool {
    let Some(now) = Now::judging(port) else { return true };
    is_exempt(process)
        || is_allowed(port, process)
        || now.refuse_unix(context, (connecting, name), port, process)
}

/// A connection leaves whose process was let go: it is let in where it comes, whether this host's addresses are known by then or not.
#[inline(never)]
pub fn leaves(context: &SockOpsContext) {
    let Some([mode, outgoing, _]) = kernel::copied(ACT.get_ptr(0)) else { return };
    if mode == Mode::Observe as u64 || !ports::is_acted_on(kernel::remote_port(context)) {
        return;
    }
    let ends = [kernel::local(context), kernel::remote(context)];
    if is_meant(&ends[1].address, outgoing != 0) {
        // Where there is no room, its address must be known.
        let _ = LET_GO.insert(&ends, &1, 0);
    }
}

/// Whether a client may be let in. One of this host has been asked within its `connect`.
pub fn may_come(context: &SkLookupContext, server: Endpoint, client: Endpoint) -> bool {
    let Some(now) = Now::judging(server.port) else { return true };
    // Of this host, or a proxy. Whoever comes from the address that it goes to is of the server's own namespace, whatever is known of that.
    if is_own(&client.address)
        || is_same(&client.address, &server.address)
        || ADDRESSES.get(Key::new(ADDRESS_BITS, client.address)).is_some()
    {
        return true;
    }
    if LET_GO.get_ptr(&[client, server]).is_some() {
        return true;
    }
    let in_force = kernel::copied(RULES.get_ptr(Rules::InForce as u32)).unwrap_or(NONE);
    let by_port = by(Rules::AnyPort, RULES_OF_PORT.get_ptr(server.port));
    let by_network = RULES_OF_NETWORK.get(Key::new(ADDRESS_BITS, client.address)).copied().unwrap_or(NONE);
    if is_covered(&in_force, &by_port, &by_network, &by_network) {
        return true;
    }
    now.refuse(context, 0, server, client, &Process::UNKNOWN)
}

/// What holds at the moment about connections that are judged.
struct Now {
    boot_ns: u64,
    is_denied: bool,
    outgoing: bool,
}

impl Now {
    /// `None` where those to this port are not.
    #[inline(always)]
    fn judging(port: u16) -> Option<Self> {
        let [mode, outgoing, until_boot_ns] = kernel::copied(ACT.get_ptr(0))?;
        if mode == Mode::Observe as u64 || !ports::is_acted_on(port) {
            return None;
        }
        let boot_ns = kernel::now_boot_ns();
        if until_boot_ns <= boot_ns {
            ring::count(Counter::Unjudged);
            return None;
        }
        Some(Now { boot_ns, is_denied: mode == Mode::Deny as u64, outgoing: outgoing != 0 })
    }

    /// Tells of it. Whether it may go on all the same.
    #[inline(always)]
    fn refuse(
        self,
        context: &impl EbpfContext,
        client_cookie: u64,
        server: Endpoint,
        client: Endpoint,
        process: &Process,
    ) -> bool {
        let refused = Refused {
            kind: Kind::Refused,
            is_denied: u8::from(self.is_denied),
            reserved: [0; 6],
            at_boot_ns: self.boot_ns,
            client_cookie,
            server,
            client,
            process: *process,
        };
        self.tell(context, &refused)
    }

    /// The same of a UNIX socket. On a stack of its own: all that are in use have 512 bytes together before Linux 6.13.
    #[inline(never)]
    fn refuse_unix(
        self,
        context: &LsmContext,
        (connecting, name): (&Connecting, &Name),
        port: u16,
        process: &Process,
    ) -> bool {
        let mut refused = UnixRefused {
            kind: Kind::UnixRefused,
            is_denied: u8::from(self.is_denied),
            port,
            path_bytes: name.bytes() as u8,
            reserved: [0; 3],
            at_boot_ns: self.boot_ns,
            client_cookie: connecting.client_cookie(),
            process: *process,
            path: [0; PATH_BYTES],
            reserved_end: [0; 4],
        };
        name.copy(&mut refused.path);
        self.tell(context, &refused)
    }

    #[inline(always)]
    fn tell<T: Copy + 'static>(self, context: &impl EbpfContext, refused: &T) -> bool {
        ring::count(Counter::Denied);
        // Whoever asks again and again must not take the room of what others do.
        if ring::is_half_full() {
            ring::count(Counter::RefusedLost);
        } else {
            ring::emit(context, refused, self.boot_ns, Counter::RefusedSubmitted, Counter::RefusedLost);
        }
        !self.is_denied
    }
}

/// Whether databases at this address are meant.
fn is_meant(address: &[u8; 16], outgoing: bool) -> bool {
    if is_own(address) {
        return true;
    }
    match ADDRESSES.get(Key::new(ADDRESS_BITS, *address)) {
        Some(&ADDRESS_OF_PROXY) => false,
        Some(_) => true,
        None => outgoing,
    }
}

/// Rules that name this, and those for any.
#[inline(always)]
fn by(any: Rules, own: Option<*const RuleSet>) -> RuleSet {
    joined(&kernel::copied(RULES.get_ptr(any as u32)).unwrap_or(NONE), &kernel::copied(own).unwrap_or(NONE))
}

/// Where the kernel does not tell when a process started its pid alone counts.
fn is_exempt(process: &Process) -> bool {
    let Some(started_boot_ns) = kernel::copied(EXEMPT.get_ptr(process.pid)) else { return false };
    process.started_boot_ns == 0 || process.started_boot_ns.wrapping_sub(started_boot_ns) < START_TICK_NS
}

fn is_allowed(port: u16, process: &Process) -> bool {
    let in_force = kernel::copied(RULES.get_ptr(Rules::InForce as u32)).unwrap_or(NONE);
    let by_port = by(Rules::AnyPort, RULES_OF_PORT.get_ptr(port));
    let by_user = by(Rules::AnyUser, RULES_OF_USER.get_ptr(process.uid));
    let mut by_cgroup = by(Rules::AnyCgroup, None);
    // The root has no rule of its own.
    for level in 1..=CGROUP_LEVELS_MAX {
        let id = kernel::current_cgroup_above(level);
        if id == 0 {
            break;
        }
        by_cgroup = joined(&by_cgroup, &kernel::copied(RULES_OF_CGROUP.get_ptr(id)).unwrap_or(NONE));
    }
    is_covered(&in_force, &by_port, &by_user, &by_cgroup)
}

/// From now on these rules are for whoever is in this cgroup.
pub fn cover_cgroup(id: u64, rules: &RuleSet) {
    // Where there is no room the agent finds it within a second.
    let _ = RULES_OF_CGROUP.insert(id, rules, 0);
}
