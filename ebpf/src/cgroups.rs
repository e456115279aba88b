//! Knows a cgroup that a rule names from the moment when it is made: a unit that has just started may connect at once.

use aya_ebpf::macros::map;
use aya_ebpf::maps::{HashMap, PerCpuArray};
use aya_ebpf::programs::BtfTracePointContext;
use ebpf_abi::{CGROUP_PATH_BYTES, RuleSet};

use crate::kernel::cgroups::Made;
use crate::{act, kernel};

const PATHS_MAX: u32 = 256;

/// By a cgroup's path: rules that name it.
#[map]
static RULES_OF_PATH: HashMap<[u8; CGROUP_PATH_BYTES], RuleSet> = HashMap::with_max_entries(PATHS_MAX, 0);

/// Too large for the stack. The kernel tells of one cgroup after the other.
#[map]
static PATH: PerCpuArray<[u8; CGROUP_PATH_BYTES]> = PerCpuArray::with_max_entries(1, 0);

pub fn made(context: &BtfTracePointContext) {
    let Some(path) = PATH.get_ptr_mut(0) else { return };
    let Some(made) = Made::of(context) else { return };
    let Some(path) = made.path(path) else { return };
    if let Some(rules) = kernel::copied(RULES_OF_PATH.get_ptr(path)) {
        act::cover_cgroup(made.id, &rules);
    }
}
