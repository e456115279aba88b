//! The agent's own account: what it could see, and what it lost.

use std::time::{Duration, Instant};

use audit::record::{AgentHealthRecord, AlertKind, AlertRecord, Record, UnixMicros};
use uuid::Uuid;

use crate::load::Counts;
use crate::track::Host;

#[derive(Debug)]
pub(crate) struct Health {
    host: Host,
    /// An account at least this often.
    every: Duration,
    last: Instant,
    lost: u64,
    /// Why UNIX sockets are not seen; empty where they are.
    unix_problem: String,
}

impl Health {
    pub(crate) fn new(host: Host, every: Duration, unix_problem: String, now: Instant) -> Self {
        Health { host, every, last: now, lost: 0, unix_problem }
    }

    /// The account in a state that the agent has just reached.
    pub(crate) fn account(&self, state: &str, counts: Counts, open: u64, at: UnixMicros) -> Record {
        Record::AgentHealth(AgentHealthRecord {
            host: self.host.name.clone(),
            boot_id: self.host.boot_id,
            at,
            events_submitted: counts.submitted,
            events_lost: counts.lost,
            connections_open: open,
            state: state.to_owned(),
            unix_problem: self.unix_problem.clone(),
        })
    }

    /// The alert that somebody took these out of the kernel.
    pub(crate) fn tampered(&self, mended: &[String], at: UnixMicros) -> Record {
        let host = &self.host.name;
        let what = mended.join(", ");
        tracing::error!(what, "somebody took this out of the kernel: it is put back");
        Record::Alert(AlertRecord {
            alert_id: Uuid::now_v7(),
            raised_at: at,
            host: host.clone(),
            kind: AlertKind::Tampered,
            message: format!(
                "somebody took {what} of the agent of {host} out of the kernel: it is put back, and what came and went \
                 within the last second may not have been seen"
            ),
            connection: None,
        })
    }

    /// What must be told now: that events were lost since the last look, or the regular account.
    pub(crate) fn look(
        &mut self,
        counts: Counts,
        open: u64,
        now: Instant,
        at: UnixMicros,
        out: &mut Vec<Record>,
    ) {
        if self.lost < counts.lost {
            let lost = counts.lost - self.lost;
            tracing::error!(lost, "events lost: the ring was full");
            out.push(self.account("events_lost", counts, open, at));
            out.push(Record::Alert(AlertRecord {
                alert_id: Uuid::now_v7(),
                raised_at: at,
                host: self.host.name.clone(),
                kind: AlertKind::EventsLost,
                message: format!("the agent of {} lost {lost} events of the kernel", self.host.name),
                connection: None,
            }));
            self.lost = counts.lost;
        }
        if self.every <= now.duration_since(self.last) {
            out.push(self.account("watching", counts, open, at));
            self.last = now;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn losses_are_told_once_and_accounts_come_as_often_as_was_asked() {
        let start = Instant::now();
        let mut health = Health::new(
            Host { name: "db1".to_owned(), boot_id: Uuid::nil() },
            Duration::from_secs(30),
            String::new(),
            start,
        );
        let mut look = |lost, after_secs| {
            let (mut out, counts) = (Vec::new(), Counts { submitted: 9, lost });
            health.look(counts, 1, start + Duration::from_secs(after_secs), UnixMicros(0), &mut out);
            out.into_iter()
                .map(|record| match record {
                    Record::AgentHealth(it) => it.state,
                    Record::Alert(it) => it.message,
                    other => panic!("{other:?}"),
                })
                .collect::<Vec<_>>()
        };
        assert!(look(0, 1).is_empty());
        assert_eq!(look(3, 2), ["events_lost", "the agent of db1 lost 3 events of the kernel"]);
        assert!(look(3, 3).is_empty());
        assert!(look(3, 29).is_empty());
        assert_eq!(look(3, 30), ["watching"]);
        assert!(look(3, 59).is_empty());
        assert_eq!(look(3, 60), ["watching"]);
    }
}
