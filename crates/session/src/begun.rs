//! Executions that were recorded before anything executes them: PostgreSQL runs code already where it reads constants,
//! plans, and takes parameters (decision 14).

use std::collections::BTreeMap;

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
    /// By their numbers, and so in the order in which they began.
    begun: BTreeMap<u64, InSection>,
    /// What they keep, in bytes.
    bytes: usize,
}

#[derive(Debug)]
struct InSection {
    section: u64,
    bytes: usize,
    started: Started,
}

impl Begun {
    /// Keeps an execution that begins now, in this section between two Syncs, with so many bytes of what is known of it.
    pub(crate) fn keep(&mut self, section: u64, started: Started, bytes: usize) {
        self.bytes += bytes;
        self.begun.insert(started.sequence, InSection { section, bytes, started });
    }

    /// The execution of this number is bound to this. It was recorded before that was known: its end says so.
    pub(crate) fn bind(&mut self, sequence: u64, bound: &Bound) {
        if let Some(begun) = self.begun.get_mut(&sequence) {
            begun.started.values.extend_from_slice(&bound.values);
            begun.started.parameters.clone_from(&bound.said);
            begun.bytes += bound.len();
            self.bytes += bound.len();
        }
    }

    /// Whether there is room for no more.
    pub(crate) fn is_full(&self) -> bool {
        BEGUN_MAX <= self.begun.len() || BEGUN_BYTES_MAX <= self.bytes
    }

    /// Whether the execution of this number is here, and began in this section.
    pub(crate) fn has(&self, sequence: u64, section: u64) -> bool {
        self.begun.get(&sequence).is_some_and(|begun| begun.section == section)
    }

    /// The execution of this number, where it is still here.
    pub(crate) fn take(&mut self, sequence: u64) -> Option<Started> {
        let begun = self.begun.remove(&sequence)?;
        self.bytes = self.bytes.saturating_sub(begun.bytes);
        Some(begun.started)
    }

    /// One execution of those whose section comes before this one.
    pub(crate) fn take_before(&mut self, section: u64) -> Option<Started> {
        let (sequence, first) = self.begun.first_key_value()?;
        let sequence = *sequence;
        (first.section < section).then(|| self.take(sequence))?
    }

    /// All that are here.
    pub(crate) fn take_all(&mut self) -> impl Iterator<Item = Started> {
        std::mem::take(self).begun.into_values().map(|begun| begun.started)
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
