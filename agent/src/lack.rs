//! What an agent cannot do on its host, by names that the ledger keeps (`agent_health.degraded`).

/// One of them. INVARIANT: they are in the order of their names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lack {
    /// Databases that listen on other ports may be missed.
    Listeners,
    /// Not all connections from before the agent can be found, or whose they are.
    Looks,
    /// Ends of connections with the same addresses in two network namespaces may be mixed up.
    NetnsCookies,
    /// Arguments of some processes were not read.
    ProcessArguments,
    /// Of a process that ends at once neither its start nor who started it is told.
    ProcessFacts,
    /// Clients on other hosts are not refused in some network namespace.
    RemoteRefusals,
    /// What clients say first is not told.
    StartupMessages,
    /// What connections over UNIX sockets carry is not counted.
    UnixBytes,
    /// Ends of connections over UNIX sockets are found by looks.
    UnixEnds,
    /// Nobody is refused over UNIX sockets.
    UnixRefusals,
    /// Connections over UNIX sockets are known only where a look finds them.
    UnixSockets,
}

impl Lack {
    /// What the ledger calls it.
    pub fn name(self) -> &'static str {
        match self {
            Lack::Listeners => "listeners",
            Lack::Looks => "looks",
            Lack::NetnsCookies => "netns_cookies",
            Lack::ProcessArguments => "process_arguments",
            Lack::ProcessFacts => "process_facts",
            Lack::RemoteRefusals => "remote_refusals",
            Lack::StartupMessages => "startup_messages",
            Lack::UnixBytes => "unix_bytes",
            Lack::UnixEnds => "unix_ends",
            Lack::UnixRefusals => "unix_refusals",
            Lack::UnixSockets => "unix_sockets",
        }
    }
}
