//! Why the kernel programs cannot work, and the mend.

use std::error::Error;
use std::io;
use std::path::PathBuf;

use aya::maps::MapError;
use aya::programs::ProgramError;
use aya::{BtfError, EbpfError};
use daemon::Kind;
use ebpf_abi::RULE_WORDS;
use thiserror::Error;

use super::host::{self, LOCKDOWN};

/// Why the kernel programs cannot work.
#[derive(Debug, Error)]
pub enum LoadError {
    /// The process may not do this.
    #[error(
        "cannot load the kernel programs: {what}: permission denied; run as root or with CAP_BPF, CAP_PERFMON, \
         CAP_NET_ADMIN (where it has them, a security module, lockdown or a container forbids it)"
    )]
    NoRights {
        /// What was refused.
        what: String,
    },
    /// The kernel does not describe its types.
    #[error(
        "cannot load the kernel programs: /sys/kernel/btf/vmlinux is missing; use a kernel built with \
         CONFIG_DEBUG_INFO_BTF=y ({because})"
    )]
    NoBtf {
        /// Why.
        because: BtfError,
    },
    /// No cgroup hierarchy is mounted.
    #[error(
        "no cgroup v2 hierarchy is mounted; mount one (`mount -t cgroup2 none /sys/fs/cgroup`) or set `cgroup`"
    )]
    NoCgroup,
    /// The cgroup cannot be watched.
    #[error("cannot watch the cgroups of {}: {why}; set `cgroup` to a cgroup v2 directory", path.display())]
    Cgroup {
        /// Which one.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// Not all of the host's cgroups are in sight.
    #[error(
        "only a part of this host's cgroups is in {}: connections of all others would not be seen; run the agent in the host's cgroup \
         namespace (`--cgroupns=host`), or set `cgroup` to what it is to watch",
        path.display()
    )]
    PartOfCgroups {
        /// Where they are.
        path: PathBuf,
    },
    /// The object cannot be loaded.
    #[error(
        "the kernel refused the maps of the kernel programs: {because}; the agent is made for Linux 5.10 and newer"
    )]
    Object {
        /// Why.
        because: EbpfError,
    },
    /// A program was refused.
    #[error("the kernel refused the program `{name}`: {because}; the agent is made for Linux 5.10 and newer")]
    Program {
        /// Which one.
        name: &'static str,
        /// Why.
        because: ProgramError,
    },
    /// A program was refused by a kernel that lets none read its memory.
    #[error(
        "the kernel is locked down (`confidentiality` in {LOCKDOWN}), and refused the program `{name}`: {because}; boot it with \
         `lockdown=integrity`, which lets programs read"
    )]
    LockedDown {
        /// Which one.
        name: &'static str,
        /// Why.
        because: ProgramError,
    },
    /// Cgroups that rules name are not known in time.
    #[error(
        "cannot tell whom the rules with `cgroup` allow when they connect: {because}; set `act.mode` to `observe`, or allow \
         by `user`"
    )]
    Cgroups {
        /// Why.
        because: String,
    },
    /// What is refused cannot go on without an agent.
    #[error(
        "cannot keep on refusing without an agent, in `{}`: {because}; set `act.without-agent` to \"lift\" where nobody is \
         to be refused then",
        dir.display()
    )]
    Kept {
        /// Where.
        dir: PathBuf,
        /// Why.
        because: String,
    },
    /// There are more rules than the programs have numbers for.
    #[error(
        "those that it goes by and new ones are more than {} together: take some away first and reload, or restart the agent",
        RULE_WORDS * 64
    )]
    Rules,
    /// There are more networks than the programs have room for.
    #[error(
        "rules that it goes by and new ones name more than {max} networks together: take some away first and reload, or restart the agent"
    )]
    Networks {
        /// How many there may be.
        max: usize,
    },
    /// The kernel does not say what is attached.
    #[error(
        "cannot tell whether the kernel programs are still attached, from /proc/self/fdinfo: {because}; mount /proc"
    )]
    Unasked {
        /// Why.
        because: io::Error,
    },
    /// A map cannot be used.
    #[error("cannot use the map `{name}` of the kernel programs: {because}")]
    Map {
        /// Which one.
        name: &'static str,
        /// Why.
        because: String,
    },
}

impl LoadError {
    /// What kind of failure it is for the daemon.
    pub fn kind(&self) -> Kind {
        match self {
            Self::NoRights { .. } => Kind::NoRights,
            Self::Map { .. } | Self::Unasked { .. } | Self::Rules | Self::Networks { .. } => Kind::Failed,
            Self::NoBtf { .. }
            | Self::NoCgroup
            | Self::Cgroup { .. }
            | Self::PartOfCgroups { .. }
            | Self::Object { .. }
            | Self::Cgroups { .. }
            | Self::Kept { .. }
            | Self::LockedDown { .. }
            | Self::Program { .. } => Kind::Unavailable,
        }
    }

    pub(super) fn no_btf(because: BtfError) -> Self {
        LoadError::NoBtf { because }
    }

    pub(super) fn object(because: EbpfError) -> Self {
        if is_denied(&because) {
            return LoadError::NoRights { what: "the maps".to_owned() };
        }
        LoadError::Object { because }
    }

    pub(super) fn program(name: &'static str) -> impl FnOnce(ProgramError) -> Self {
        move |because| {
            if is_denied(&because) {
                return LoadError::NoRights { what: format!("the program `{name}`") };
            }
            match host::is_confidential() {
                true => LoadError::LockedDown { name, because },
                false => LoadError::Program { name, because },
            }
        }
    }

    pub(super) fn unasked(because: io::Error) -> Self {
        LoadError::Unasked { because }
    }

    pub(super) fn map(name: &'static str) -> impl FnOnce(MapError) -> Self {
        move |because| LoadError::Map { name, because: because.to_string() }
    }
}

/// Whether rights are missing.
fn is_denied(error: &(dyn Error + 'static)) -> bool {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if let Some(ProgramError::LoadError { io_error, verifier_log }) = error.downcast_ref() {
            return lacks_rights(io_error, &verifier_log.to_string());
        }
        if error.downcast_ref().is_some_and(|it| lacks_rights(it, "")) {
            return true;
        }
        cause = error.source();
    }
    false
}

/// The verifier refuses programs with the same number, and says why.
fn lacks_rights(error: &io::Error, verifier_log: &str) -> bool {
    error.kind() == io::ErrorKind::PermissionDenied && verifier_log.trim().is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_the_verifier_refuses_lacks_no_rights() {
        const EPERM: i32 = 1;
        const EACCES: i32 = 13;
        let lacks = |number, log| lacks_rights(&io::Error::from_raw_os_error(number), log);
        assert!(lacks(EPERM, "") && lacks(EACCES, "\n") && !lacks(22, ""));
        assert!(!lacks(EACCES, "invalid access to map value, value_size=8 off=8 size=8"));
    }
}
