//! Which addresses this host has, for those who ask now and then. What is remembered of it is two seconds old at most.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::time::{Duration, Instant};

use ipnet::IpNet;

use crate::act::addresses::{Network, is_within, network, of_this_host};

/// Between two looks.
const LOOK_EVERY: Duration = Duration::from_secs(2);

#[derive(Debug, Default)]
pub(crate) struct OwnAddresses {
    networks: BTreeSet<Network>,
    looked_at: Option<Instant>,
}

impl OwnAddresses {
    /// Whether a network namespace of this host has it.
    pub(crate) fn has(&mut self, address: IpAddr) -> bool {
        if self.looked_at.is_none_or(|looked_at| LOOK_EVERY <= looked_at.elapsed()) {
            self.networks = of_this_host();
            self.looked_at = Some(Instant::now());
        }
        let (_, address) = network(&IpNet::from(address));
        self.networks.iter().any(|network| is_within(&address, network))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback_is_this_hosts_and_an_address_of_nobody_is_not() {
        let mut own = OwnAddresses::default();
        let mut has = |address: &str| own.has(address.parse().unwrap());
        assert!(has("127.0.0.9"));
        // TEST-NET-3 is nobody's (RFC 5737), nor is what RFC 3849 keeps for documents.
        assert!(!has("203.0.113.9") && !has("2001:db8::9"));
    }
}
