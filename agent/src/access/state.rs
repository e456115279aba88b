//! Keeps what was last seen of access rules in a file, `access-rules.json` beside the spool, so that what changed while no agent
//! ran is told too.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::compare::Known;

const NAME: &str = "access-rules.json";
/// The new file until it takes the old one's place.
const NEW_NAME: &str = "access-rules.json.new";
/// A file that is larger is none of ours.
const FILE_BYTES_MAX: u64 = 256 << 20;
/// Servers that are remembered; beyond it those that run no more are forgotten.
const SERVERS_MAX: usize = 256;

/// What is known of each server, by its name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct State {
    pub(super) servers: BTreeMap<String, Known>,
}

impl State {
    /// What an earlier agent left in `dir`. Without it, what is there now is taken for what was there.
    pub(super) fn read(dir: &Path) -> Self {
        let path = dir.join(NAME);
        let read = || -> io::Result<State> {
            let mut bytes = Vec::new();
            File::open(&path)?.take(FILE_BYTES_MAX).read_to_end(&mut bytes)?;
            Ok(serde_json::from_slice(&bytes)?)
        };
        read().unwrap_or_else(|error| {
            if error.kind() != io::ErrorKind::NotFound {
                let path = path.display();
                tracing::error!(%path, %error, "changes of access rules from before are not known");
            }
            State::default()
        })
    }

    pub(super) fn bytes(&self) -> Vec<u8> {
        // Nothing in it can fail to be written.
        serde_json::to_vec(self).unwrap_or_default()
    }

    pub(super) fn remember(&mut self, server: &str, known: Known, is_running: impl Fn(&str) -> bool) {
        self.servers.insert(server.to_owned(), known);
        if SERVERS_MAX < self.servers.len() {
            self.servers.retain(|name, _| is_running(name));
        }
    }
}

/// Takes the place of what was there, whole or not at all.
pub(super) fn keep(dir: &Path, bytes: &[u8]) -> io::Result<()> {
    let new = dir.join(NEW_NAME);
    // It holds who may log in: nobody else reads it.
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&new)?;
    file.write_all(bytes)?;
    file.sync_data()?;
    fs::rename(&new, dir.join(NAME))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_read_back_and_what_is_unreadable_is_nothing() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(State::read(dir.path()), State::default());
        let mut state = State::default();
        let mut known = Known::default();
        known.settings.insert("port".to_owned(), "7".to_owned());
        state.remember("/data", known, |_| true);
        keep(dir.path(), &state.bytes()).unwrap();
        assert_eq!(State::read(dir.path()), state);
        fs::write(dir.path().join(NAME), b"{").unwrap();
        assert_eq!(State::read(dir.path()), State::default());
    }

    #[test]
    fn of_too_many_servers_those_are_forgotten_that_run_no_more() {
        let mut state = State::default();
        for number in 0..=SERVERS_MAX {
            state.remember(&number.to_string(), Known::default(), |name| name == "7");
        }
        assert_eq!(state.servers.keys().collect::<Vec<_>>(), ["7"]);
    }
}
