//! Executions that were recorded before anything executes them: PostgreSQL runs code already where it reads constants,
//! plans, and takes parameters (decision 14).

use std::collections::BTreeMap;
use std::rc::Rc;

use policy::Refusal;

use crate::evidence::Started;
use crate::recorded::Bound;

/// Most that are kept: a client may begin so many between two Syncs and execute none of them.
pub(crate) const BEGUN_MAX: usize = 16_384;

/// Most bytes of their texts and of the names in them, those that several share counted for each.
pub(crate) const BEGUN_BYTES_MAX: usize = 32 << 20;

/// What was recorded for a Parse, a Describe or a Bind, and no Execute has taken over.
#[derive(Debug, Default)]
pub(crate) struct Begun {
    /// The newest, which is executed next nearly always.
    last: Option<InSection>,
    /// Those before it, by their numbers, and so in the order in which they began.
    before: BTreeMap<u64, InSection>,
    /// What they keep, in bytes.
    bytes: usize,
}

#[derive(Debug)]
struct InSection {
    section: u64,
    bytes: usize,
    started: Rc<Started>,
}

impl Begun {
    /// Keeps an execution that begins now, in this section between two Syncs, with so many bytes of what is known of it.
    pub(crate) fn keep(&mut self, section: u64, started: Rc<Started>, bytes: usize) {
        self.bytes += bytes;
        if let Some(before) = self.last.replace(InSection { section, bytes, started }) {
            self.before.insert(before.started.sequence, before);
        }
    }

    /// The execution of this number is bound to this. It was recorded before that was known: its end says so.
    pub(crate) fn bind(&mut self, sequence: u64, bound: &Bound) {
        let begun = match &mut self.last {
            Some(last) if last.started.sequence == sequence => Some(last),
            _ => self.before.get_mut(&sequence),
        };
        if let Some(begun) = begun {
            let started = Rc::make_mut(&mut begun.started);
            started.values.extend_from_slice(&bound.values);
            started.parameters.clone_from(&bound.said);
            begun.bytes += bound.len();
            self.bytes += bound.len();
        }
    }

    /// Whether there is room for no more.
    pub(crate) fn is_full(&self) -> bool {
        BEGUN_MAX <= self.before.len() + usize::from(self.last.is_some()) || BEGUN_BYTES_MAX <= self.bytes
    }

    /// Whether the execution of this number is here, and began in this section.
    pub(crate) fn has(&self, sequence: u64, section: u64) -> bool {
        let last = self.last.as_ref().filter(|last| last.started.sequence == sequence);
        last.or_else(|| self.before.get(&sequence)).is_some_and(|begun| begun.section == section)
    }

    /// The execution of this number, where it is still here.
    pub(crate) fn take(&mut self, sequence: u64) -> Option<Rc<Started>> {
        let last = self.last.take_if(|last| last.started.sequence == sequence);
        let begun = last.or_else(|| self.before.remove(&sequence))?;
        self.bytes = self.bytes.saturating_sub(begun.bytes);
        Some(begun.started)
    }

    /// One execution of those whose section comes before this one, the oldest first.
    pub(crate) fn take_before(&mut self, section: u64) -> Option<Rc<Started>> {
        let first = self.before.first_key_value().map(|(_, first)| first).or(self.last.as_ref())?;
        (first.section < section).then_some(first.started.sequence).and_then(|sequence| self.take(sequence))
    }

    /// All that are here, the oldest first.
    pub(crate) fn take_all(&mut self) -> impl Iterator<Item = Rc<Started>> {
        let Begun { last, before, .. } = std::mem::take(self);
        before.into_values().chain(last).map(|begun| begun.started)
    }
}

/// What a client is told that has begun as many as are kept.
pub(crate) fn too_many() -> Refusal {
    Refusal {
        rules: vec!["limit".into()],
        sqlstate: "54000",
        message: "too many statements are prepared or bound, and not executed".to_owned(),
        detail: format!(
            "Picket keeps at most {BEGUN_MAX} of them between two Syncs, and of their texts {} MiB.",
            BEGUN_BYTES_MAX >> 20
        ),
        hint: "Execute them, or send a Sync before more.".to_owned(),
    }
}
