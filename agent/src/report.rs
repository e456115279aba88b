//! Puts records into the spool. What finds no room is kept in memory for a while and tried again.

use std::sync::Arc;

use audit::record::Record;
use audit::spool::Spool;

/// Records that wait in memory while the spool takes none.
const BACKLOG_MAX: usize = 10_000;

#[derive(Debug)]
pub(crate) struct Report {
    spool: Arc<Spool>,
    backlog: Vec<Record>,
    dropped: u64,
    is_failing: bool,
}

impl Report {
    pub(crate) fn new(spool: Arc<Spool>) -> Self {
        Report { spool, backlog: Vec::new(), dropped: 0, is_failing: false }
    }

    /// Whether the spool has everything that it was given.
    pub(crate) fn is_clear(&self) -> bool {
        self.backlog.is_empty()
    }

    /// Keeps `records`, after those that wait.
    pub(crate) fn keep(&mut self, records: &mut Vec<Record>) {
        self.backlog.append(records);
        if self.backlog.is_empty() {
            return;
        }
        match self.spool.append(&self.backlog) {
            Ok(()) => {
                self.backlog.clear();
                if self.is_failing {
                    tracing::warn!(dropped = self.dropped, "records are kept again");
                }
                (self.is_failing, self.dropped) = (false, 0);
            }
            Err(error) => {
                if !self.is_failing {
                    tracing::error!(error = &error as &dyn std::error::Error, "records cannot be kept");
                }
                self.is_failing = true;
                self.dropped += self.backlog.len().saturating_sub(BACKLOG_MAX) as u64;
                self.backlog.truncate(BACKLOG_MAX);
            }
        }
    }
}
