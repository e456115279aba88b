//! Puts records into the spool. What finds no room is kept in memory for a while and tried again.

use std::sync::Arc;
use std::time::{Duration, Instant};

use audit::record::Record;
use audit::spool::Spool;

/// Records that wait in memory while the spool takes none.
const BACKLOG_MAX: usize = 10_000;
/// Between two tries: all that waits is written each time.
const AGAIN_AFTER: Duration = Duration::from_secs(1);

#[derive(Debug)]
pub(crate) struct Report {
    spool: Arc<Spool>,
    backlog: Vec<Record>,
    /// Records that found no room in memory either, and are not told yet.
    dropped: u64,
    /// When the spool last took nothing.
    failed_at: Option<Instant>,
}

impl Report {
    pub(crate) fn new(spool: Arc<Spool>) -> Self {
        Report { spool, backlog: Vec::new(), dropped: 0, failed_at: None }
    }

    /// Whether the spool has everything that it was given.
    pub(crate) fn is_clear(&self) -> bool {
        self.backlog.is_empty()
    }

    /// Keeps `records`, after those that wait.
    pub(crate) fn keep(&mut self, records: &mut Vec<Record>, now: Instant) {
        self.backlog.append(records);
        if self.backlog.is_empty() || self.failed_at.is_some_and(|failed_at| now < failed_at + AGAIN_AFTER) {
            return self.bound();
        }
        match self.spool.append(&self.backlog) {
            Ok(()) => {
                self.backlog.clear();
                if self.failed_at.take().is_some() {
                    tracing::warn!(dropped = self.dropped, "records are kept again");
                }
            }
            Err(error) => {
                if self.failed_at.is_none() {
                    tracing::error!(error = &error as &dyn std::error::Error, "records cannot be kept");
                }
                self.failed_at = Some(now);
                self.bound();
            }
        }
    }

    /// How many were dropped, once the spool takes records again.
    pub(crate) fn take_dropped(&mut self) -> u64 {
        if self.failed_at.is_some() { 0 } else { std::mem::take(&mut self.dropped) }
    }

    /// Alerts go last, and of all others the newest first: of what is older the end may be there too.
    fn bound(&mut self) {
        let mut excess = self.backlog.len().saturating_sub(BACKLOG_MAX);
        if excess == 0 {
            return;
        }
        self.dropped += excess as u64;
        self.backlog.reverse();
        self.backlog.retain(|record| {
            let goes = 0 < excess && !matches!(record, Record::Alert(_));
            excess -= usize::from(goes);
            !goes
        });
        self.backlog.reverse();
        self.backlog.truncate(BACKLOG_MAX);
    }
}

#[cfg(test)]
mod tests {
    use audit::config::SpoolConfig;
    use audit::record::{AlertKind, AlertRecord, GapRecord, UnixMicros};
    use uuid::Uuid;

    use super::*;

    fn other() -> Record {
        let (reason, at) = ("killed".to_owned(), UnixMicros(0));
        Record::Gap(GapRecord {
            host: String::new(),
            boot_id: Uuid::nil(),
            began_at: at,
            ended_at: at,
            reason,
            connections_continued: 0,
            connections_ended: 0,
            connections_found: 0,
        })
    }

    fn alert(message: &str) -> Record {
        Record::Alert(AlertRecord {
            alert_id: Uuid::nil(),
            raised_at: UnixMicros(0),
            host: String::new(),
            kind: AlertKind::Bypass,
            message: message.to_owned(),
            connection: None,
        })
    }

    #[test]
    fn what_finds_no_room_is_counted_and_alerts_are_dropped_last() {
        let dir = tempfile::tempdir().unwrap();
        let mut config = SpoolConfig::new(dir.path().join("spool"));
        config.max_bytes = 64 << 10;
        let spool = Arc::new(Spool::open(&config).unwrap());
        let mut report = Report::new(Arc::clone(&spool));
        let start = Instant::now();
        report.keep(&mut vec![alert("early")], start);
        assert!(report.is_clear());
        // More than the spool takes at once.
        report.keep(&mut vec![other(); BACKLOG_MAX], start);
        assert!(!report.is_clear());
        report.keep(&mut vec![other(), alert("late"), other()], start);
        assert_eq!((report.backlog.len(), report.dropped, report.take_dropped()), (BACKLOG_MAX, 3, 0));
        assert_eq!(report.backlog.last(), Some(&alert("late")));
        report.keep(&mut vec![alert("x"); BACKLOG_MAX], start);
        assert_eq!((report.backlog[0].clone(), report.backlog.len()), (alert("late"), BACKLOG_MAX));

        // It is tried again after a while, and not sooner.
        report.backlog.truncate(1);
        report.keep(&mut Vec::new(), start + AGAIN_AFTER / 2);
        assert!(!report.is_clear());
        report.keep(&mut Vec::new(), start + AGAIN_AFTER);
        assert!(report.is_clear());
        assert_eq!((report.take_dropped(), report.take_dropped()), (10_003, 0));
    }
}
