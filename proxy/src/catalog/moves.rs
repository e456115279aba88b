//! Names that transactions of sessions have given another meaning, until a catalog shows it.

use std::collections::{BTreeMap, HashSet, VecDeque};
use std::sync::Arc;

use session::MovedNames;

/// Most transactions that are told apart; beyond, the oldest are over when the next one is.
const OVER_MAX: usize = 1_000;

/// Most transactions whose moves a catalog shows that are told apart beside it; beyond, the oldest are over when the next one is.
const SHOWN_MAX: usize = 256;

/// What the sessions of one database have moved that its catalog does not show.
#[derive(Clone, Debug, Default)]
pub(crate) struct Moves {
    /// By whom, in a transaction that is not over.
    open: BTreeMap<u64, MovedNames>,
    /// By transactions that are over, and the how manieth that was.
    over: Vec<(u64, MovedNames)>,
    /// How many were over.
    ended: u64,
    /// By transactions whose moves a catalog shows, in the order in which it came to that.
    shown: VecDeque<(u64, Arc<MovedNames>)>,
}

impl Moves {
    /// A session has moved these, in a transaction that is not over.
    pub(super) fn note(&mut self, session: u64, names: &MovedNames) {
        self.open.insert(session, names.clone());
    }

    /// Its transaction is over, or nobody knows any more what becomes of it.
    pub(super) fn end(&mut self, session: u64) {
        if let Some(names) = self.open.remove(&session) {
            self.ended += 1;
            self.over.push((self.ended, names));
        }
        if OVER_MAX < self.over.len() {
            let (_, oldest) = self.over.remove(0);
            self.over.iter_mut().take(1).for_each(|(_, names)| names.add(&oldest));
        }
    }

    /// How many were over: a catalog that is read from now on shows what these have moved.
    pub(super) fn ended(&self) -> u64 {
        self.ended
    }

    /// A catalog shows what so many have moved, but for what has one of these names.
    pub(super) fn are_shown(&mut self, ended: u64, left: &HashSet<String>) {
        let over = std::mem::take(&mut self.over).into_iter();
        let (over, shown): (Vec<_>, Vec<_>) =
            over.partition(|(number, names)| ended < *number || names.concerns(left));
        self.over = over;
        self.shown.extend(shown.into_iter().map(|(number, names)| (number, Arc::new(names))));
        while SHOWN_MAX < self.shown.len() {
            let Some((number, oldest)) = self.shown.pop_front() else { break };
            if let Some((next, names)) = self.shown.front_mut() {
                *next = number.max(*next);
                Arc::make_mut(names).add(&oldest);
            }
        }
    }

    /// All that others than this session have moved, where it waits for what it sent when so many transactions were over: what they had moved
    /// back by then, they have moved.
    pub(super) fn elsewhere(&self, session: u64, sent: Option<u64>) -> Option<MovedNames> {
        let open = self.open.iter().filter(|(mover, _)| **mover != session).map(|(_, names)| names);
        let mut all = MovedNames::default();
        open.for_each(|names| all.add_open(names));
        self.over.iter().for_each(|(_, names)| all.add(names));
        if let Some(sent) = sent {
            let since = self.shown.iter().filter(|(number, _)| sent < *number);
            since.for_each(|(_, names)| all.add(names));
        }
        (!all.is_empty()).then_some(all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What others see of what session 1 has moved.
    fn is_seen(moves: &Moves) -> bool {
        moves.elsewhere(2, None).is_some()
    }

    #[test]
    fn a_catalog_that_was_read_before_a_transaction_was_over_does_not_show_it() {
        let mut names = MovedNames::default();
        names.add_name("users");
        let mut moves = Moves::default();
        moves.note(1, &names);
        assert!(is_seen(&moves) && moves.elsewhere(1, None).is_none());
        let before = moves.ended();
        moves.end(1);
        moves.are_shown(before, &HashSet::new());
        assert!(is_seen(&moves) && moves.elsewhere(1, None).is_some());
        moves.are_shown(moves.ended(), &HashSet::from(["users".to_owned()]));
        assert!(is_seen(&moves), "it could not be read");
        moves.are_shown(moves.ended(), &HashSet::from(["orders".to_owned()]));
        assert!(!is_seen(&moves));
        moves.end(1);
        assert!(!is_seen(&moves));
    }

    #[test]
    fn whoever_waits_knows_what_was_moved_since() {
        let mut moves = Moves::default();
        let mut move_one = |name: &str| {
            let mut names = MovedNames::default();
            names.add_name(name);
            moves.note(1, &names);
            moves.end(1);
            moves.are_shown(moves.ended(), &HashSet::new());
            moves.clone()
        };
        let before = move_one("users");
        assert!(before.elsewhere(2, None).is_none());
        let sent = Some(before.ended());
        assert!(before.elsewhere(2, sent).is_none());
        let after = move_one("orders");
        assert!(after.elsewhere(2, None).is_none());
        let since = after.elsewhere(2, sent).unwrap();
        assert!(since.has("orders") && !since.has("users"));
        let last = (0..SHOWN_MAX).map(|_| move_one("more")).last().unwrap();
        let since = last.elsewhere(2, sent).unwrap();
        assert!(since.has("orders") && since.has("more"));
        assert!(last.elsewhere(2, Some(last.ended())).is_none());
    }

    #[test]
    fn what_could_be_any_name_is_shown_by_a_catalog_that_left_nothing_out() {
        let mut names = MovedNames::default();
        // More than are told apart.
        (0..=10_000).for_each(|number| names.add_name(&number.to_string()));
        let mut moves = Moves::default();
        moves.note(1, &names);
        moves.end(1);
        moves.are_shown(moves.ended(), &HashSet::from(["users".to_owned()]));
        assert!(is_seen(&moves));
        moves.are_shown(moves.ended(), &HashSet::new());
        assert!(!is_seen(&moves));
    }

    #[test]
    fn what_many_transactions_have_moved_is_kept_as_that_of_fewer() {
        let mut moves = Moves::default();
        for number in 0..=OVER_MAX {
            let mut names = MovedNames::default();
            names.add_name(&number.to_string());
            moves.note(1, &names);
            moves.end(1);
        }
        assert_eq!(moves.over.len(), OVER_MAX);
        let all = moves.elsewhere(2, None).unwrap();
        assert!((0..=OVER_MAX).all(|number| all.has(&number.to_string())));
        // The second is not known to be shown, and so the first is kept with it.
        moves.are_shown(1, &HashSet::new());
        assert!(moves.elsewhere(2, None).unwrap().has("0"));
    }
}
