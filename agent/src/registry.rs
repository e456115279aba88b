//! Which processes and addresses are proxies. A process is believed only while its pid file proves it: the file is
//! read again for each connection that is judged.

mod pid_file;

use std::collections::{BTreeSet, HashMap};
use std::net::IpAddr;
use std::path::PathBuf;

use ebpf_abi::Process;

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

    /// Whether a pid file names this process, now.
    pub fn is_proxy(&mut self, process: &Process) -> bool {
        self.proven().contains(&process.pid)
    }

    /// Processes that pid files name, now.
    pub fn proven(&mut self) -> BTreeSet<u32> {
        let mut proven = BTreeSet::new();
        for path in &self.pid_files {
            match pid_file::proven_process(path) {
                Ok(pid) => {
                    self.told.remove(path);
                    proven.insert(pid);
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
