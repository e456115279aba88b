//! The agent's own account: what it could see, and what it lost.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use audit::record::{AgentHealthRecord, AlertKind, AlertRecord, Record, UnixMicros};
use ebpf_abi::Mode;
use uuid::Uuid;

use crate::lack::Lack;
use crate::load::Counts;
use crate::track::Host;

/// What is lost goes on to be lost: it is told at most this often.
const TELL_EVERY: Duration = Duration::from_secs(1);

#[derive(Debug)]
pub(crate) struct Health {
    host: Host,
    /// An account at least this often.
    every: Duration,
    last: Instant,
    told: Counts,
    told_at: Option<Instant>,
    /// Why UNIX sockets are not seen, or not refused where others are; empty where they are.
    unix_problem: String,
    acts: Mode,
    /// What cannot be done, until it can …
    lacks: BTreeSet<Lack>,
    /// … and what could not since the last regular account.
    passing: BTreeSet<Lack>,
    /// Those that the last account has told.
    told_lacks: BTreeSet<Lack>,
}

impl Health {
    pub(crate) fn new(host: Host, every: Duration, unix_problem: String, acts: Mode, now: Instant) -> Self {
        Health {
            host,
            every,
            last: now,
            told: Counts::default(),
            told_at: None,
            unix_problem,
            acts,
            lacks: BTreeSet::new(),
            passing: BTreeSet::new(),
            told_lacks: BTreeSet::new(),
        }
    }

    /// Whether something cannot be done from now on.
    pub(crate) fn lacks(&mut self, what: Lack, is_lacking: bool) {
        if is_lacking {
            self.lacks.insert(what);
        } else {
            self.lacks.remove(&what);
        }
    }

    /// Something could not be done this time.
    pub(crate) fn lacked(&mut self, what: Lack) {
        self.passing.insert(what);
    }

    fn all_lacks(&self) -> BTreeSet<Lack> {
        &self.lacks | &self.passing
    }

    /// What is done about who goes around the proxy from now on.
    pub(crate) fn acts(&mut self, acts: Mode, unix_problem: String) {
        self.acts = acts;
        self.unix_problem = unix_problem;
    }

    /// The account in a state that the agent has just reached.
    pub(crate) fn account(&mut self, state: &str, counts: Counts, open: u64, at: UnixMicros) -> Record {
        self.told_lacks = self.all_lacks();
        let degraded = self.told_lacks.iter().map(|lack| lack.name().to_owned());
        Record::AgentHealth(AgentHealthRecord {
            host: self.host.name.clone(),
            boot_id: self.host.boot_id,
            at,
            events_submitted: counts.submitted,
            events_lost: counts.lost,
            connections_open: open,
            state: state.to_owned(),
            unix_problem: self.unix_problem.clone(),
            processes_lost: counts.processes_lost,
            ends_unseen: counts.ends_unseen,
            acts: self.acts.name().to_owned(),
            denied: counts.denied,
            heartbeat_secs: u32::try_from(self.every.as_secs()).unwrap_or(u32::MAX),
            degraded: degraded.collect(),
        })
    }

    /// So many records found no room while the spool took none.
    pub(crate) fn not_kept(
        &mut self,
        dropped: u64,
        counts: Counts,
        open: u64,
        at: UnixMicros,
    ) -> [Record; 2] {
        let host = &self.host.name;
        let message = format!(
            "{dropped} records of the agent of {host} found no room while its spool took none: connections may be missing in the ledger, or be \
             open there though they have ended"
        );
        tracing::error!("{message}");
        let alert = self.alert(AlertKind::EventsLost, message, at);
        [self.account("events_lost", counts, open, at), alert]
    }

    /// What the kernel programs could not tell since that was told last: a state and an alert for each kind of it.
    fn losses(&self, counts: Counts) -> Vec<(&'static str, AlertKind, String)> {
        let (host, told) = (&self.host.name, self.told);
        let since = |now: u64, before: u64| now.checked_sub(before).filter(|lost| 0 < *lost);
        let events = since(counts.lost, told.lost).map(|lost| {
            let message = format!(
                "the agent of {host} lost {lost} events of the kernel: a larger `ring-kib` holds more"
            );
            ("events_lost", AlertKind::EventsLost, message)
        });
        let processes = since(counts.processes_lost, told.processes_lost).map(|lost| {
            let message = format!(
                "the kernel did not tell the agent of {host} whose {lost} connections are: each is unknown until a look \
                 finds who holds it, and stays so where it has ended before"
            );
            ("processes_lost", AlertKind::ProcessesLost, message)
        });
        let ends = since(counts.ends_unseen, told.ends_unseen).map(|unseen| {
            let message = format!(
                "the kernel does not tell the agent of {host} of the ends of {unseen} connections: looks find them some \
                 seconds late, and their bytes are those of the look before"
            );
            ("ends_unseen", AlertKind::EndsUnseen, message)
        });
        let unjudged = since(counts.unjudged, told.unjudged).map(|unjudged| {
            let message = format!(
                "{unjudged} connections of {host} that might have been refused went on: the agent did not run for some \
                 seconds, and then nobody is refused"
            );
            ("unjudged", AlertKind::Unjudged, message)
        });
        let startups = since(counts.startups_lost, told.startups_lost).map(|lost| {
            let message = format!(
                "of {lost} connections of {host} role, database, application and encryption are not told: too much was to be told"
            );
            ("events_lost", AlertKind::EventsLost, message)
        });
        let untold = since(counts.denied_untold, told.denied_untold).map(|untold| {
            let message = format!(
                "{untold} connections of {host} were refused, or would have been, and are not told one by one"
            );
            ("events_lost", AlertKind::EventsLost, message)
        });
        [events, processes, ends, unjudged, startups, untold].into_iter().flatten().collect()
    }

    /// The alert that the agent stops. Who refuses on without it says so.
    pub(crate) fn stopped(&self, keeps_on: bool, at: UnixMicros) -> Record {
        let host = &self.host.name;
        let meanwhile = if keeps_on { "; it goes on refusing" } else { "" };
        let message = format!(
            "the agent of {host} stops: until it runs again nobody sees who goes around the proxy{meanwhile}"
        );
        self.alert(AlertKind::Stopped, message, at)
    }

    /// One that is about no connection.
    fn alert(&self, kind: AlertKind, message: String, at: UnixMicros) -> Record {
        Record::Alert(AlertRecord {
            alert_id: Uuid::now_v7(),
            raised_at: at,
            host: self.host.name.clone(),
            kind,
            message,
            connection: None,
        })
    }

    /// The alert that somebody took these out of the kernel.
    pub(crate) fn tampered(&self, mended: &[String], at: UnixMicros) -> Record {
        let host = &self.host.name;
        let what = mended.join(", ");
        tracing::error!(what, "somebody took this out of the kernel: it is put back");
        let message = format!(
            "somebody took {what} of the agent of {host} out of the kernel: it is put back, and what came and went within the \
             last second may not have been seen"
        );
        self.alert(AlertKind::Tampered, message, at)
    }

    /// What must be told now: what was lost since that was told last, or the regular account.
    pub(crate) fn look(
        &mut self,
        counts: Counts,
        open: u64,
        now: Instant,
        at: UnixMicros,
        out: &mut Vec<Record>,
    ) {
        if self.told_at.is_none_or(|told_at| TELL_EVERY <= now.duration_since(told_at)) {
            for (state, kind, message) in self.losses(counts) {
                tracing::error!("{message}");
                out.push(self.account(state, counts, open, at));
                out.push(self.alert(kind, message, at));
                self.told_at = Some(now);
            }
            self.told = counts;
        }
        let is_due = self.every <= now.duration_since(self.last);
        if is_due {
            self.passing.clear();
        }
        if is_due || self.all_lacks() != self.told_lacks {
            out.push(self.account("watching", counts, open, at));
        }
        if is_due {
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
            Mode::Observe,
            start,
        );
        let mut look = |lost, after_secs| {
            let (mut out, counts) = (Vec::new(), Counts { submitted: 9, lost, ..Counts::default() });
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
        assert_eq!(
            look(3, 2),
            ["events_lost", "the agent of db1 lost 3 events of the kernel: a larger `ring-kib` holds more"]
        );
        assert!(look(3, 3).is_empty());
        assert!(look(3, 29).is_empty());
        assert_eq!(look(3, 30), ["watching"]);
        assert!(look(3, 59).is_empty());
        assert_eq!(look(3, 60), ["watching"]);
    }

    #[test]
    fn what_cannot_be_done_is_told_at_once_and_until_it_can() {
        let start = Instant::now();
        let host = Host { name: "db1".to_owned(), boot_id: Uuid::nil() };
        let mut health = Health::new(host, Duration::from_secs(30), String::new(), Mode::Observe, start);
        let look = |health: &mut Health, after_secs| {
            let (mut out, now) = (Vec::new(), start + Duration::from_secs(after_secs));
            health.look(Counts::default(), 1, now, UnixMicros(0), &mut out);
            let accounts = out.into_iter().map(|record| match record {
                Record::AgentHealth(it) => (it.heartbeat_secs, it.degraded.join(" ")),
                other => panic!("{other:?}"),
            });
            accounts.collect::<Vec<_>>()
        };
        assert!(look(&mut health, 1).is_empty());
        health.lacks(Lack::UnixSockets, true);
        health.lacked(Lack::ProcessArguments);
        let both = (30, "process_arguments unix_sockets".to_owned());
        assert_eq!(look(&mut health, 2), [both]);
        let one = (30, "unix_sockets".to_owned());
        health.lacked(Lack::ProcessArguments);
        assert!(look(&mut health, 3).is_empty());
        assert_eq!(look(&mut health, 30), [one], "the arguments have been read since");
        health.lacks(Lack::UnixSockets, false);
        assert_eq!(look(&mut health, 31), [(30, String::new())]);
    }

    #[test]
    fn each_kind_of_loss_is_told_and_no_more_than_once_a_second() {
        let start = Instant::now();
        let host = Host { name: "db1".to_owned(), boot_id: Uuid::nil() };
        let mut health = Health::new(host, Duration::from_secs(30), String::new(), Mode::Observe, start);
        let mut look = |counts, after_millis| {
            let (mut out, now) = (Vec::new(), start + Duration::from_millis(after_millis));
            health.look(counts, 1, now, UnixMicros(0), &mut out);
            out.into_iter()
                .map(|record| match record {
                    Record::AgentHealth(it) => {
                        format!("{} {} {}", it.state, it.processes_lost, it.ends_unseen)
                    }
                    Record::Alert(it) => format!("{}: {}", it.kind.name(), it.message),
                    other => panic!("{other:?}"),
                })
                .collect::<Vec<_>>()
        };
        let lost = |lost, processes_lost, ends_unseen| Counts {
            submitted: 9,
            lost,
            processes_lost,
            ends_unseen,
            ..Counts::default()
        };
        let told = look(lost(0, 2, 5), 10);
        assert_eq!(
            (told.len(), &*told[0], &*told[2]),
            (4, "processes_lost 2 5", "ends_unseen 2 5"),
            "{told:?}"
        );
        assert!(
            told[1]
                .starts_with("processes_lost: the kernel did not tell the agent of db1 whose 2 connections")
        );
        assert!(
            told[3].starts_with("ends_unseen: the kernel does not tell the agent of db1 of the ends of 5 ")
        );
        assert!(look(lost(1, 3, 5), 500).is_empty());
        let told = look(lost(1, 4, 5), 1010);
        assert_eq!(told.len(), 4, "{told:?}");
        assert!(told[1].contains("lost 1 events") && told[3].contains("whose 2 connections"), "{told:?}");
        assert!(look(lost(1, 4, 5), 5000).is_empty());
    }
}
