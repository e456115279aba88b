//! Alerts that wait for delivery. What is the same again is counted instead of told again. It is pure: the time is an
//! argument.

use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};

use audit::record::{AlertRecord, ProcessFacts};
use uuid::Uuid;

/// Different alerts that wait; beyond it new ones are dropped, and counted.
const WAITING_MAX: usize = 1024;
/// The same is told again after this at the earliest, with how often it came.
const AGAIN_AFTER: Duration = Duration::from_secs(60);
/// Alerts that are remembered as told.
const TOLD_MAX: usize = 4096;

/// An alert, and how often the same came.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Group {
    /// The first of them.
    pub(super) alert: AlertRecord,
    /// Others like it.
    pub(super) more: u64,
    key: String,
    due: Instant,
}

/// What was told last of a kind.
#[derive(Clone, Copy, Debug)]
struct Told {
    at: Instant,
    alert_id: Uuid,
}

#[derive(Debug, Default)]
pub(super) struct Queue {
    /// INVARIANT: no two have the same key.
    waiting: VecDeque<Group>,
    told: HashMap<String, Told>,
    /// Alerts that found no room.
    pub(super) dropped: u64,
}

impl Queue {
    /// Returns the alert where it waits, and none like it did.
    pub(super) fn offer(&mut self, alert: AlertRecord, now: Instant) -> Option<&AlertRecord> {
        let key = key(&alert);
        if let Some(group) = self.waiting.iter_mut().find(|group| group.key == key) {
            // The same one may come again after a restart.
            group.more += u64::from(group.alert.alert_id != alert.alert_id);
            return None;
        }
        let told = self.told.get(&key);
        if told.is_some_and(|told| told.alert_id == alert.alert_id) {
            return None;
        }
        if WAITING_MAX <= self.waiting.len() {
            self.dropped += 1;
            return None;
        }
        let due = told.map_or(now, |told| now.max(told.at + AGAIN_AFTER));
        self.waiting.push_back(Group { alert, more: 0, key, due });
        self.waiting.back().map(|group| &group.alert)
    }

    /// The alerts that wait.
    pub(super) fn waiting(&self) -> impl Iterator<Item = &AlertRecord> {
        self.waiting.iter().map(|group| &group.alert)
    }

    /// Different alerts that wait.
    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }

    /// When something is due.
    pub(super) fn next_due(&self) -> Option<Instant> {
        self.waiting.iter().map(|group| group.due).min()
    }

    /// Everything is due now: there is no later.
    pub(super) fn hurry(&mut self, now: Instant) {
        self.waiting.iter_mut().for_each(|group| group.due = now);
    }

    /// Takes what is due, the oldest first.
    pub(super) fn take_due(&mut self, most: usize, now: Instant) -> Vec<Group> {
        let mut taken = Vec::new();
        self.waiting = std::mem::take(&mut self.waiting)
            .into_iter()
            .filter_map(|group| {
                if now < group.due || most <= taken.len() {
                    return Some(group);
                }
                taken.push(group);
                None
            })
            .collect();
        taken
    }

    /// They were not delivered.
    pub(super) fn put_back(&mut self, groups: Vec<Group>) {
        for group in groups.into_iter().rev() {
            self.waiting.push_front(group);
        }
    }

    pub(super) fn delivered(&mut self, groups: Vec<Group>, now: Instant) {
        if TOLD_MAX <= self.told.len() + groups.len() {
            self.told.retain(|_, told| now < told.at + AGAIN_AFTER);
        }
        if TOLD_MAX <= self.told.len() + groups.len() {
            // Telling something twice is better than remembering without end.
            self.told.clear();
        }
        let told = groups
            .into_iter()
            .map(|Group { alert, key, .. }| (key, Told { at: now, alert_id: alert.alert_id }));
        self.told.extend(told);
    }
}

/// The same process doing the same to the same database is the same; ports and process ids of clients are not looked at.
fn key(alert: &AlertRecord) -> String {
    let kind = alert.kind.name();
    let Some(connection) = &alert.connection else { return format!("{kind} {}", alert.message) };
    let process = connection.process.as_ref().map(|process| {
        let ProcessFacts { uid, command, executable, login_uid, unit, container, .. } = process;
        (uid, command, executable, login_uid, unit, container)
    });
    // Whoever has come as a monitor may come as an owner.
    let asked = (&connection.startup.database_role, &connection.startup.database);
    format!("{kind} {} {} {process:?} {asked:?}", connection.client.ip(), connection.place())
}

#[cfg(test)]
mod tests {
    use audit::record::{AlertKind, UnixMicros};

    use super::*;

    fn alert(message: &str) -> AlertRecord {
        AlertRecord {
            alert_id: Uuid::now_v7(),
            raised_at: UnixMicros(0),
            host: "db1".to_owned(),
            kind: AlertKind::EventsLost,
            message: message.to_owned(),
            connection: None,
        }
    }

    fn taken(queue: &mut Queue, now: Instant) -> Vec<(String, u64)> {
        let groups = queue.take_due(2, now);
        let told = groups.iter().map(|group| (group.alert.message.clone(), group.more)).collect();
        queue.delivered(groups, now);
        told
    }

    #[test]
    fn the_same_is_told_at_once_and_then_counted() {
        let (mut queue, now) = (Queue::default(), Instant::now());
        for message in ["a", "b", "a", "c"] {
            queue.offer(alert(message), now);
        }
        assert_eq!(taken(&mut queue, now), [("a".to_owned(), 1), ("b".to_owned(), 0)]);
        assert_eq!(taken(&mut queue, now), [("c".to_owned(), 0)]);
        queue.offer(alert("a"), now + Duration::from_secs(1));
        queue.offer(alert("a"), now + Duration::from_secs(2));
        assert!(taken(&mut queue, now + AGAIN_AFTER - Duration::from_secs(1)).is_empty());
        assert_eq!(queue.next_due(), Some(now + AGAIN_AFTER));
        assert_eq!(taken(&mut queue, now + AGAIN_AFTER), [("a".to_owned(), 1)]);
    }

    /// After a restart it may come from the journal, and from what was kept.
    #[test]
    fn the_same_one_is_told_once_however_often_it_comes() {
        let (mut queue, now) = (Queue::default(), Instant::now());
        let one = alert("a");
        assert!(queue.offer(one.clone(), now).is_some());
        assert!(queue.offer(one.clone(), now).is_none());
        assert_eq!(taken(&mut queue, now), [("a".to_owned(), 0)]);
        assert!(queue.offer(one, now).is_none() && queue.len() == 0);
        assert!(queue.offer(alert("a"), now).is_some());
    }

    #[test]
    fn what_was_not_delivered_comes_first_again() {
        let (mut queue, now) = (Queue::default(), Instant::now());
        ["a", "b", "c"].into_iter().for_each(|message| {
            queue.offer(alert(message), now);
        });
        let groups = queue.take_due(2, now);
        queue.put_back(groups);
        queue.offer(alert("a"), now);
        assert_eq!(taken(&mut queue, now), [("a".to_owned(), 1), ("b".to_owned(), 0)]);
    }

    #[test]
    fn what_waits_and_what_is_remembered_is_bounded() {
        let (mut queue, now) = (Queue::default(), Instant::now());
        (0..WAITING_MAX + 10).for_each(|number| {
            queue.offer(alert(&number.to_string()), now);
        });
        assert_eq!((queue.waiting.len(), queue.dropped), (WAITING_MAX, 10));
        for number in 0..2 * TOLD_MAX {
            queue.offer(alert(&number.to_string()), now);
            let groups = queue.take_due(WAITING_MAX, now);
            queue.delivered(groups, now);
        }
        assert!(queue.told.len() <= TOLD_MAX);
    }
}
