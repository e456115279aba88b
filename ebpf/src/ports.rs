//! The ports that the agent watches. The agent writes them; the programs only look. They are asked for at each packet of the host: a table of two bits
//! for each port needs no call of the kernel, and few lines of a cache.

use aya_ebpf::macros::map;
use aya_ebpf::maps::Array;
use ebpf_abi::{PORT_ACTED_ON, PORT_UNWATCHED, PORT_WORDS, PortPlace};

use crate::kernel;

#[map]
static PORTS: Array<u64> = Array::with_max_entries(PORT_WORDS, 0);

pub fn is_watched(port: u16) -> bool {
    value(port) != PORT_UNWATCHED
}

/// Whether connections to it around the proxy may be refused.
pub fn is_acted_on(port: u16) -> bool {
    value(port) == PORT_ACTED_ON
}

#[inline(always)]
fn value(port: u16) -> u8 {
    let place = PortPlace::of(port);
    kernel::copied(PORTS.get_ptr(place.word)).map_or(PORT_UNWATCHED, |word| place.value(word))
}
