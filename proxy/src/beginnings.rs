//! When the statements of one session began that have not ended. A client may have as many of them under way as sockets
//! have room for: some hundred thousand.

use std::collections::VecDeque;

use audit::record::UnixMicros;

/// Moments by the sequence numbers of statements.
#[derive(Debug, Default)]
pub(crate) struct Beginnings {
    /// In the order of the numbers, which is the order in which statements begin, and nearly always that in which they
    /// end.
    moments: VecDeque<(u64, UnixMicros)>,
}

impl Beginnings {
    /// A statement begins. Its number is higher than all before.
    pub(crate) fn note(&mut self, sequence: u64, at: UnixMicros) {
        debug_assert!(self.moments.back().is_none_or(|(last, _)| *last < sequence));
        self.moments.push_back((sequence, at));
    }

    /// A statement has ended: when it began, where that was noted.
    pub(crate) fn take(&mut self, sequence: u64) -> Option<UnixMicros> {
        if self.moments.front().is_some_and(|(first, _)| *first == sequence) {
            return self.moments.pop_front().map(|(_, at)| at);
        }
        let place = self.moments.binary_search_by_key(&sequence, |(noted, _)| *noted).ok()?;
        self.moments.remove(place).map(|(_, at)| at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A search through all of them would take hours here.
    const MANY: u64 = 1_000_000;

    fn moment(sequence: u64) -> UnixMicros {
        UnixMicros(i64::try_from(sequence).unwrap())
    }

    #[test]
    fn each_statement_gets_its_own_beginning_however_many_are_under_way() {
        let mut beginnings = Beginnings::default();
        (1..=MANY).for_each(|sequence| beginnings.note(sequence, moment(sequence)));
        assert_eq!(beginnings.take(3), Some(moment(3)));
        for sequence in (1..=MANY).filter(|sequence| *sequence != 3) {
            assert_eq!(beginnings.take(sequence), Some(moment(sequence)));
        }
        assert_eq!(beginnings.take(1), None);
        assert!(beginnings.moments.is_empty());
    }
}
