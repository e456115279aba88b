//! Reads the configuration again while the proxy runs. What cannot run changes nothing; what needs a restart is named.

use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::watch;

use crate::config::Config;

/// The configuration that holds at the moment, and how to follow it.
pub(crate) struct Running {
    path: PathBuf,
    now: watch::Sender<Arc<Config>>,
}

impl Running {
    /// `config` was read from `path`.
    pub(crate) fn new(path: PathBuf, config: Config) -> Self {
        Running { path, now: watch::Sender::new(Arc::new(config)) }
    }

    /// What a new connection goes by.
    pub(crate) fn now(&self) -> Arc<Config> {
        Arc::clone(&self.now.borrow())
    }

    /// Goes with the configuration from now on.
    pub(crate) fn follow(&self) -> Following {
        let mut changes = self.now.subscribe();
        let now = Arc::clone(&changes.borrow_and_update());
        Following { changes, now }
    }

    /// Takes what the file says now. `None` where it cannot run: then everything stays as it was.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: the configuration is taken whole or not.
    pub(crate) async fn reload(&self) -> Option<Arc<Config>> {
        let path = self.path.clone();
        let read = tokio::task::spawn_blocking(move || Config::read(&path)).await;
        let read = match read.map_err(anyhow::Error::from).and_then(|read| Ok(read?)) {
            Ok(read) => read,
            Err(error) => {
                let error = format!("{error:#}");
                tracing::error!(error, "configuration not reloaded: what was there before goes on");
                return None;
            }
        };
        let (config, fixed) = read.after(&self.now());
        for key in fixed {
            tracing::warn!(key, "changed in the configuration, and changes with a restart only");
        }
        tracing::info!(upstreams = ?config.upstreams.values(), users = config.users.len(), "configuration reloaded");
        let config = Arc::new(config);
        self.now.send_replace(Arc::clone(&config));
        Some(config)
    }
}

/// One session's view of the configuration.
pub(crate) struct Following {
    changes: watch::Receiver<Arc<Config>>,
    now: Arc<Config>,
}

impl Following {
    /// Brings it to the newest, and tells whether it was older. Costs one load where it is the newest.
    pub(crate) fn renew(&mut self) -> bool {
        let is_newer = self.changes.has_changed().unwrap_or(false);
        if is_newer {
            self.now = Arc::clone(&self.changes.borrow_and_update());
        }
        is_newer
    }

    /// As it was at the last `renew`.
    pub(crate) fn now(&self) -> &Config {
        &self.now
    }
}
