//! Executions that were recorded before anything executes them: PostgreSQL runs code already where it reads constants,
//! plans, and takes parameters (decision 14).

use std::collections::VecDeque;

use crate::evidence::Started;

/// What was recorded for a Parse, a Describe or a Bind, and no Execute has taken over.
#[derive(Debug, Default)]
pub(crate) struct Begun {
    /// In the order of their numbers.
    begun: VecDeque<InSection>,
}

#[derive(Debug)]
struct InSection {
    section: u64,
    started: Started,
}

impl Begun {
    /// Keeps an execution that begins now, in this section between two Syncs. Its number is higher than all before.
    pub(crate) fn keep(&mut self, section: u64, started: Started) {
        self.begun.push_back(InSection { section, started });
    }

    /// Whether the execution of this number is here, and began in this section.
    pub(crate) fn has(&self, sequence: u64, section: u64) -> bool {
        let begun = self.place(sequence).and_then(|place| self.begun.get(place));
        begun.is_some_and(|begun| begun.section == section)
    }

    /// The execution of this number, where it is still here.
    pub(crate) fn take(&mut self, sequence: u64) -> Option<Started> {
        let place = self.place(sequence)?;
        self.begun.remove(place).map(|begun| begun.started)
    }

    /// One execution of those whose section comes before this one.
    pub(crate) fn take_before(&mut self, section: u64) -> Option<Started> {
        self.begun.front().filter(|begun| begun.section < section)?;
        self.begun.pop_front().map(|begun| begun.started)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.begun.is_empty()
    }

    /// All that are here.
    pub(crate) fn take_all(&mut self) -> impl Iterator<Item = Started> {
        std::mem::take(&mut self.begun).into_iter().map(|begun| begun.started)
    }

    fn place(&self, sequence: u64) -> Option<usize> {
        self.begun.binary_search_by_key(&sequence, |begun| begun.started.sequence).ok()
    }
}
