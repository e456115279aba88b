//! How many questions people may still ask about values that they may not see. All sessions of one user share it.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use policy::Refusal;

/// What is left of it.
#[derive(Debug)]
pub struct Allowance {
    left: AtomicU32,
    is_exceeded: AtomicBool,
}

impl Allowance {
    /// So many questions.
    pub fn new(questions: u32) -> Self {
        Allowance { left: AtomicU32::new(questions), is_exceeded: AtomicBool::new(false) }
    }

    /// Takes so many; `false` where fewer are left.
    pub(crate) fn spend(&self, questions: u32) -> bool {
        let spent =
            self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(questions));
        self.is_exceeded.fetch_or(spent.is_err(), Ordering::Relaxed);
        spent.is_ok()
    }

    /// Gives back `questions`, up to `most`; says whether more were asked since the last time than there were.
    pub fn refill(&self, questions: u32, most: u32) -> bool {
        let _ = self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
            Some(left.saturating_add(questions).min(most))
        });
        self.is_exceeded.swap(false, Ordering::Relaxed)
    }

    /// Whether `most` are left.
    pub fn is_whole(&self, most: u32) -> bool {
        most <= self.left.load(Ordering::Relaxed)
    }
}

/// What a client is told whose user has asked too many.
pub(crate) fn exceeded() -> Refusal {
    Refusal {
        rules: vec!["max-probes-per-hour".into()],
        sqlstate: "42501",
        message: "Picket refused this statement".to_owned(),
        detail: "Rule \"max-probes-per-hour\": its conditions look into values that are masked, and you have asked too many \
                 such questions within the last hour."
            .to_owned(),
        hint: "Compare whole values with =, wait, or ask whoever runs Picket for the right to see them (reveal).".to_owned(),
    }
}

/// What a client is told that would see values at once.
pub(crate) fn extracts() -> Refusal {
    Refusal {
        detail: "Rule \"max-probes-per-hour\": it compares parts of masked values with columns of something else, makes as many \
                 rows as they say, or asks too many questions about them, which would tell them all at once."
            .to_owned(),
        hint: "Compare whole values with =, or ask whoever runs Picket for the right to see them (reveal).".to_owned(),
        ..exceeded()
    }
}

/// What a client is told that hands masked values to where nobody would know them again.
pub(crate) fn hands_over() -> Refusal {
    Refusal {
        rules: vec!["masked-values-stay".into()],
        detail: "Rule \"masked-values-stay\": it hands masked values to where nobody would know them: to a prepared statement, or to what \
                 keeps or sends them where no column is, as a setting, a notification, a large object, a lock, a sequence, a bound \
                 of a partition or how long it takes."
            .to_owned(),
        hint: "Leave the value away, or ask whoever runs Picket for the right to see them (reveal).".to_owned(),
        ..exceeded()
    }
}
