//! The section `[discover]`: databases that listen where nobody watches.

use std::collections::BTreeSet;

use daemon::config::{Refused, refused};
use serde::Deserialize;
use toml::Spanned;

/// More than a host has.
const IGNORED_MAX: usize = 1024;

/// What was written.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct DiscoverFile {
    listeners: Option<bool>,
    watch: Option<Spanned<bool>>,
    #[serde(default)]
    ignore_ports: Vec<Spanned<i64>>,
}

/// What is done about databases that listen on ports which are not watched.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DiscoverConfig {
    /// Looks for them, and for those who pass connections on.
    pub listeners: bool,
    /// Watches their ports from then on.
    pub watch: bool,
    /// Ports of which nothing is said.
    pub ignore_ports: BTreeSet<u16>,
}

impl DiscoverFile {
    pub(super) fn check(self, watch_ports: &BTreeSet<u16>) -> Result<DiscoverConfig, Refused> {
        let listeners = self.listeners.unwrap_or(true);
        let watch = self.watch.as_ref().is_some_and(|watch| *watch.get_ref());
        if let Some(written) = self.watch.filter(|_| watch && !listeners) {
            let message =
                "`discover.watch` needs `discover.listeners`: what is not looked for cannot be watched";
            return Err(refused(written.span(), message));
        }
        let mut ignore_ports = BTreeSet::new();
        for port in self.ignore_ports {
            let number = u16::try_from(*port.get_ref()).ok().filter(|number| *number != 0);
            let Some(number) = number.filter(|_| ignore_ports.len() < IGNORED_MAX) else {
                let message = format!(
                    "`discover.ignore-ports` must hold at most {IGNORED_MAX} ports between 1 and 65535, got {}",
                    port.get_ref()
                );
                return Err(refused(port.span(), message));
            };
            if watch_ports.contains(&number) {
                let message =
                    format!("`discover.ignore-ports` must hold none of `watch-ports`, got {number}");
                return Err(refused(port.span(), message));
            }
            ignore_ports.insert(number);
        }
        Ok(DiscoverConfig { listeners, watch, ignore_ports })
    }
}
