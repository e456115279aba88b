//! Shuts the process in with Landlock, so that SQL which gets past every other check still meets only the data.
//! It knows nothing of SQL.

use std::path::Path;

use landlock::{
    ABI, Access, AccessFs, AccessNet, CompatLevel, Compatible, PathBeneath, PathFd, Ruleset, RulesetAttr,
    RulesetCreatedAttr, RulesetError, RulesetStatus, path_beneath_rules,
};

/// What the engine reads of the system.
const READ: [&str; 11] = [
    "/dev/urandom",
    "/etc/localtime",
    "/etc/timezone",
    "/proc/cpuinfo",
    "/proc/meminfo",
    "/proc/self",
    "/proc/stat",
    "/proc/sys/vm",
    "/sys/devices/system",
    "/sys/fs/cgroup",
    "/usr/share/zoneinfo",
];

/// Leaves this process, and what it starts, its data directory. Call it before there are other threads.
pub(crate) fn shut_in(data_dir: &Path) {
    match restrict(data_dir) {
        Ok(RulesetStatus::FullyEnforced) => tracing::debug!("shut in by Landlock"),
        Ok(RulesetStatus::PartiallyEnforced) => {
            tracing::info!("shut in by Landlock as far as this kernel can; outgoing connections may be open");
        }
        Ok(RulesetStatus::NotEnforced) => {
            tracing::warn!(
                "this kernel has no Landlock: only grants keep SQL away from other files of this user"
            );
        }
        Err(error) => {
            tracing::warn!(%error, "cannot use Landlock: only grants keep SQL away from other files");
        }
    }
}

fn restrict(data_dir: &Path) -> Result<RulesetStatus, RulesetError> {
    let abi = ABI::V4;
    let mut ruleset = Ruleset::default()
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(abi))?
        .handle_access(AccessNet::ConnectTcp)?
        .create()?
        .add_rules(path_beneath_rules(READ, AccessFs::from_read(abi)))?
        .add_rules(path_beneath_rules(["/dev/null"], AccessFs::ReadFile | AccessFs::WriteFile))?;
    if let Ok(data) = PathFd::new(data_dir) {
        ruleset = ruleset.add_rule(PathBeneath::new(data, AccessFs::from_all(abi)))?;
    }
    Ok(ruleset.restrict_self()?.ruleset)
}
