//! A time in which nothing was seen: from the last mark of the agent before to the moment when ports are watched.

use audit::record::{AlertKind, AlertRecord, GapRecord, Record, UnixMicros};
use uuid::Uuid;

use crate::journal::Mark;
use crate::track::{Host, Merged};

/// What is known of it before the first look.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Gap {
    before: Mark,
    ended_at: UnixMicros,
}

impl Gap {
    /// It began with the mark, and ends now.
    pub(crate) fn new(before: Mark, ended_at: UnixMicros) -> Self {
        Gap { before, ended_at }
    }

    /// The record and the alert.
    pub(crate) fn told(&self, host: &Host, merged: &Merged) -> [Record; 2] {
        let reason = match self.before {
            Mark { boot_id, .. } if boot_id != host.boot_id => "rebooted",
            Mark { is_stop: true, .. } => "stopped",
            Mark { .. } => "killed",
        };
        let Mark { seen_until, .. } = self.before;
        let micros = self.ended_at.0.saturating_sub(seen_until.0).max(0);
        let Merged { continued, ended, found, .. } = *merged;
        let message = format!(
            "the agent of {} saw nothing for {}.{:03} s ({reason}): of the connections before, {continued} are open and \
             {ended} ended; {found} are new",
            host.name,
            micros / 1_000_000,
            micros / 1000 % 1000,
        );
        tracing::warn!(reason, continued, ended, found, "{message}");
        let gap = GapRecord {
            host: host.name.clone(),
            boot_id: host.boot_id,
            began_at: seen_until,
            // The clock may have been set back meanwhile.
            ended_at: self.ended_at.max(seen_until),
            reason: reason.to_owned(),
            connections_continued: continued,
            connections_ended: ended,
            connections_found: found,
        };
        let alert = AlertRecord {
            alert_id: Uuid::now_v7(),
            raised_at: self.ended_at,
            host: host.name.clone(),
            kind: AlertKind::Gap,
            message,
            connection: None,
        };
        [Record::Gap(gap), Record::Alert(alert)]
    }
}
