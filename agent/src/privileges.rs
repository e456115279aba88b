//! The rights of the agent's process: those that it needs, whatever it was started with, and no way to others.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use rustix::io;
use rustix::process::{Resource, Rlimit, geteuid, setrlimit};
use rustix::thread::{
    CapabilitySet, CapabilitySets, capabilities, remove_capability_from_bounding_set, set_capabilities,
    set_no_new_privs,
};

/// Programs and their maps (`BPF`, `PERFMON`), attaching them again and ending connections (`NET_ADMIN`), other network namespaces
/// (`SYS_ADMIN`), who holds a connection and what a server goes by (`SYS_PTRACE`, `DAC_READ_SEARCH`).
const NEEDED: CapabilitySet = CapabilitySet::BPF
    .union(CapabilitySet::PERFMON)
    .union(CapabilitySet::NET_ADMIN)
    .union(CapabilitySet::SYS_ADMIN)
    .union(CapabilitySet::SYS_PTRACE)
    .union(CapabilitySet::DAC_READ_SEARCH);

/// Gives up all rights but those that are needed. The process must have one thread: each has its own rights, and passes them on.
///
/// # Errors
///
/// Those of `capset(2)` and `prctl(2)`.
pub fn give_up(spool: &Path) -> io::Result<()> {
    // Before Linux 5.11 maps count as locked memory, of which services may have a few MiB. Where that may not be raised,
    // loading says so.
    let _ = setrlimit(Resource::Memlock, Rlimit { current: None, maximum: None });
    let CapabilitySets { permitted, .. } = capabilities(None)?;
    let mut kept = permitted & NEEDED;
    if permitted.contains(CapabilitySet::DAC_OVERRIDE) && is_of_somebody_else(spool) {
        tracing::warn!(
            spool = %spool.display(),
            "the spool is in a folder of another user: CAP_DAC_OVERRIDE is kept to write there"
        );
        kept |= CapabilitySet::DAC_OVERRIDE;
    }
    if permitted.contains(CapabilitySet::SETPCAP) {
        for right in (CapabilitySet::all() - kept).iter() {
            match remove_capability_from_bounding_set(right) {
                // The kernel does not know it yet.
                Ok(()) | Err(io::Errno::INVAL) => {}
                Err(error) => return Err(error),
            }
        }
    }
    let inheritable = CapabilitySet::empty();
    set_capabilities(None, CapabilitySets { effective: kept, permitted: kept, inheritable })?;
    set_no_new_privs(true)
}

/// Whether the folder, or the first one above that is there, has another owner.
fn is_of_somebody_else(folder: &Path) -> bool {
    let there = folder.ancestors().find_map(|folder| fs::metadata(folder).ok());
    there.is_some_and(|folder| folder.uid() != geteuid().as_raw())
}
