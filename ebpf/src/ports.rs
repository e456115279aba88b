//! The ports that the agent watches. The agent writes them; the programs only look.

use aya_ebpf::macros::map;
use aya_ebpf::maps::HashMap;
use ebpf_abi::PORT_ACTED_ON;

use crate::kernel;

/// More than any host has databases.
const PORTS_MAX: u32 = 1024;

#[map]
static PORTS: HashMap<u16, u8> = HashMap::with_max_entries(PORTS_MAX, 0);

pub fn is_watched(port: u16) -> bool {
    PORTS.get_ptr(port).is_some()
}

/// Whether connections to it around the proxy may be refused.
pub fn is_acted_on(port: u16) -> bool {
    kernel::copied(PORTS.get_ptr(port)) == Some(PORT_ACTED_ON)
}
