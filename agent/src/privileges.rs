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

/// Rights to ask about processes of other users.
const ASKING: [(CapabilitySet, &str); 2] =
    [(CapabilitySet::SYS_PTRACE, "CAP_SYS_PTRACE"), (CapabilitySet::DAC_READ_SEARCH, "CAP_DAC_READ_SEARCH")];

/// Which rights the process does not have that nothing can be seen without; empty where it has all.
///
/// # Errors
///
/// Those of `capget(2)`.
pub fn missing() -> io::Result<Vec<&'static str>> {
    let CapabilitySets { effective, .. } = capabilities(None)?;
    // The kernel takes `SYS_ADMIN` for the first two, which were parts of it.
    let all = CapabilitySet::SYS_ADMIN;
    let needed = [
        (CapabilitySet::BPF | all, "CAP_BPF"),
        (CapabilitySet::PERFMON | all, "CAP_PERFMON"),
        (CapabilitySet::NET_ADMIN, "CAP_NET_ADMIN"),
    ];
    Ok(names(&needed, |any| !effective.intersects(any)))
}

/// What is to be done where processes cannot be asked.
pub(crate) fn mend_of_asking() -> String {
    let effective = capabilities(None).map_or(CapabilitySet::empty(), |sets| sets.effective);
    let missing = names(&ASKING, |right| !effective.contains(right));
    if missing.is_empty() {
        // The kernel asks others too.
        return "the agent has the rights to: a security module, or a container that it runs in, forbids it"
            .to_owned();
    }
    format!("grant {}", missing.join(" and "))
}

fn names(
    rights: &[(CapabilitySet, &'static str)],
    is_meant: impl Fn(CapabilitySet) -> bool,
) -> Vec<&'static str> {
    rights.iter().filter(|(right, _)| is_meant(*right)).map(|(_, name)| *name).collect()
}

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
