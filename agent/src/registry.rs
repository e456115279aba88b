//! Which processes and addresses are proxies. A process is believed only while its pid file proves it: the file is
//! read again for each connection that is judged.

mod pid_file;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use ebpf_abi::Process;

use crate::moment::nanos;
use crate::proc::in_ticks;

/// The proxies that this agent was told of.
#[derive(Debug)]
pub struct Registry {
    pid_files: Vec<PathBuf>,
    addresses: BTreeSet<IpAddr>,
    /// What was last told of each file that proves nothing, so that it is told once.
    told: HashMap<PathBuf, String>,
}

impl Registry {
    /// Believes these pid files and addresses.
    pub fn new(pid_files: Vec<PathBuf>, addresses: BTreeSet<IpAddr>) -> Self {
        Registry { pid_files, addresses, told: HashMap::new() }
    }

    /// Whether a pid file names this process, now. Whoever has got its pid since started at another time.
    pub fn is_proxy(&mut self, process: &Process) -> bool {
        let told =
            (process.started_boot_ns != 0).then(|| in_ticks(Duration::from_nanos(process.started_boot_ns)));
        let proven = self.proven_processes();
        proven.get(&process.pid).is_some_and(|started| told.is_none_or(|told| told == *started))
    }

    /// Processes that pid files name, now, and when each of them started, in nanoseconds since the kernel started.
    pub fn proven(&mut self) -> BTreeMap<u32, u64> {
        let proven = self.proven_processes().into_iter();
        proven.map(|(pid, started)| (pid, nanos(started))).collect()
    }

    /// With when each of them started.
    fn proven_processes(&mut self) -> BTreeMap<u32, Duration> {
        let mut proven = BTreeMap::new();
        for path in &self.pid_files {
            match pid_file::proven_process(path) {
                Ok((pid, started)) => {
                    self.told.remove(path);
                    proven.insert(pid, started);
                }
                Err(error) => {
                    let error = error.to_string();
                    if self.told.get(path) != Some(&error) {
                        tracing::warn!(path = %path.display(), error, "pid file proves no proxy");
                        self.told.insert(path.clone(), error);
                    }
                }
            }
        }
        proven
    }

    /// Whether a proxy of this host is registered, whether it runs or not.
    pub fn has_proxy(&self) -> bool {
        !self.pid_files.is_empty()
    }

    /// Whether a proxy elsewhere has this address.
    pub fn is_proxy_address(&self, address: IpAddr) -> bool {
        self.addresses.contains(&address)
    }

    /// Addresses of proxies elsewhere.
    pub fn addresses(&self) -> &BTreeSet<IpAddr> {
        &self.addresses
    }

    /// Tells now of pid files that prove nothing, before the first connection does.
    pub fn look(&mut self) {
        self.is_proxy(&Process::UNKNOWN);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proc::Proc;

    #[test]
    fn whoever_has_got_the_pid_of_another_process_is_not_taken_for_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("proxy.pid");
        std::fs::write(&path, std::process::id().to_string()).unwrap();
        let mut registry = Registry::new(vec![path], BTreeSet::new());
        let pid = std::process::id();
        let started = Proc::find(pid).unwrap().unwrap().started();
        let mut is_proxy = |started: Duration| {
            let started_boot_ns = u64::try_from(started.as_nanos()).unwrap();
            registry.is_proxy(&Process { pid, started_boot_ns, ..Process::UNKNOWN })
        };
        // The kernel programs tell it to the nanosecond.
        assert!(is_proxy(started) && is_proxy(started + Duration::from_nanos(7)));
        assert!(is_proxy(Duration::ZERO), "nothing tells when it started");
        let tick = Duration::from_secs(1) / 100;
        assert!(!is_proxy(started.saturating_sub(tick)) && !is_proxy(started + 2 * tick));
    }
}
