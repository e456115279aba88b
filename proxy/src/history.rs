//! The last statements of a session, for whoever is asked to approve the next one. Values are not kept to be shown: constants are
//! left out of texts, and parameters never come here.

use std::collections::VecDeque;
use std::rc::Rc;

use audit::record::{Outcome, UnixMicros};
use session::{Described, Started};

/// Statements of a session that are kept in mind.
const STATEMENTS_MAX: usize = 10;

/// Most bytes of a text that is shown.
const TEXT_BYTES_MAX: usize = 2 << 10;

/// Most relations that are shown of a statement, of those that it reads and of those that it writes.
const RELATIONS_MAX: usize = 8;

/// Most columns that a statement names which is kept as it is.
const COLUMNS_MAX: usize = 64;

/// What one session has done lately, the newest last.
#[derive(Default)]
pub(crate) struct History {
    ring: VecDeque<Entry>,
}

struct Entry {
    sequence: u64,
    at: UnixMicros,
    what: What,
    outcome: Outcome,
    sqlstate: String,
}

/// What a statement was.
enum What {
    /// Most often others have it in memory too.
    Described(Rc<Described>),
    /// The same of one that is too large to be kept.
    Shown(Box<Shown>),
}

/// What is shown of a statement, whoever runs it and however often.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Shown {
    /// In one line, without constants and comments; empty where it is too long, or could not be read.
    pub(crate) text: String,
    pub(crate) effects: Vec<&'static str>,
    pub(crate) reads: Vec<String>,
    pub(crate) writes: Vec<String>,
    /// As in the ledger.
    pub(crate) verdict: &'static str,
    /// Rules that have refused it, or would have.
    pub(crate) rules: Vec<String>,
}

/// A statement that a session has run before, or tried to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Past {
    pub(crate) sequence: u64,
    pub(crate) at: UnixMicros,
    pub(crate) shown: Shown,
    pub(crate) outcome: Outcome,
    pub(crate) sqlstate: String,
}

impl History {
    /// A statement begins.
    pub(crate) fn begins(&mut self, started: &Started, at: UnixMicros) {
        let (statement, sequence) = (&started.statement, started.sequence);
        let oldest = if self.ring.len() < STATEMENTS_MAX { None } else { self.ring.pop_front() };
        let what = match oldest.map(|oldest| oldest.what) {
            Some(What::Described(same)) if Rc::ptr_eq(&same, statement) => What::Described(same),
            _ if is_small(statement) => What::Described(Rc::clone(statement)),
            _ => What::Shown(Box::new(Shown::of(statement))),
        };
        let (outcome, sqlstate) = (Outcome::Running, String::new());
        self.ring.push_back(Entry { sequence, at, what, outcome, sqlstate });
    }

    /// One has ended.
    pub(crate) fn ends(&mut self, sequence: u64, outcome: Outcome, sqlstate: &str) {
        if let Some(entry) = self.ring.iter_mut().rev().find(|entry| entry.sequence == sequence) {
            entry.outcome = outcome;
            // Nothing is longer that a server means to be one.
            if !sqlstate.is_empty() {
                entry.sqlstate = sqlstate.chars().take(5).collect();
            }
        }
    }

    /// All that is kept in mind, the oldest first.
    pub(crate) fn shown(&self) -> Vec<Past> {
        let past = |entry: &Entry| {
            let Entry { sequence, at, what, outcome, sqlstate } = entry;
            let shown = match what {
                What::Described(described) => Shown::of(described),
                What::Shown(shown) => Shown::clone(shown),
            };
            Past { sequence: *sequence, at: *at, shown, outcome: *outcome, sqlstate: sqlstate.clone() }
        };
        self.ring.iter().map(past).collect()
    }
}

fn is_small(described: &Described) -> bool {
    let touched = &described.touched;
    described.text.len() <= TEXT_BYTES_MAX
        && touched.columns.len() <= COLUMNS_MAX
        && touched.read.len() <= RELATIONS_MAX
        && touched.written.len() <= RELATIONS_MAX
}

impl Shown {
    fn of(described: &Described) -> Self {
        let Described { text, fingerprint, effects, touched, refused_by, observed_by, .. } = described;
        let is_shown = text.len() <= TEXT_BYTES_MAX && *fingerprint != 0;
        let first = |names: &[String]| names.iter().take(RELATIONS_MAX).cloned().collect();
        Shown {
            text: is_shown.then(|| sql::without_constants(text)).flatten().unwrap_or_default(),
            effects: effects.clone(),
            reads: first(&touched.read),
            writes: first(&touched.written),
            verdict: if refused_by.is_empty() { "allow" } else { "refuse" },
            rules: refused_by.iter().chain(observed_by).map(|rule| rule.to_string()).collect(),
        }
    }
}

impl Past {
    /// How it ended, in words.
    pub(crate) fn ending(&self) -> String {
        match (self.outcome, self.sqlstate.as_str()) {
            (Outcome::Running, _) => "running".to_owned(),
            (outcome, "") => outcome.name().to_owned(),
            (outcome, sqlstate) => format!("{} {sqlstate}", outcome.name()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn started(sequence: u64, text: &str) -> Started {
        let mut described = Described::default();
        described.text = text.to_owned();
        described.fingerprint = 1;
        described.effects = vec!["select"];
        let values = Vec::new();
        Started { sequence, statement: Rc::new(described), text: None, values, parameters: None }
    }

    #[test]
    fn the_last_statements_are_shown_with_their_ends_and_without_values() {
        let mut history = History::default();
        for sequence in 1..=STATEMENTS_MAX as u64 + 2 {
            history.begins(&started(sequence, "SELECT 'secret'"), UnixMicros(0));
        }
        history.ends(1, Outcome::Completed, "");
        history.ends(12, Outcome::Failed, "42501 and more");
        let shown = history.shown();
        assert_eq!(shown.iter().map(|past| past.sequence).collect::<Vec<_>>(), (3..=12).collect::<Vec<_>>());
        assert_eq!(shown.last().map(Past::ending).as_deref(), Some("failed 42501"));
        assert_eq!(shown.first().map(Past::ending).as_deref(), Some("running"));
        assert!(shown.iter().all(|past| past.shown.text == "SELECT ?"));
    }

    /// Whatever a session sends, what is kept of it alone is bounded.
    #[test]
    fn what_is_large_is_kept_in_short() {
        let mut history = History::default();
        let mut long = started(1, &format!("SELECT '{}'", "x".repeat(TEXT_BYTES_MAX)));
        history.begins(&long, UnixMicros(0));
        assert_eq!(Rc::strong_count(&long.statement), 1, "its text is not kept");
        assert_eq!(history.shown()[0].shown.text, "");
        let wide = Rc::make_mut(&mut long.statement);
        wide.text = "SELECT 1".to_owned();
        wide.touched.read = vec!["public.t".to_owned(); 5_000];
        history.begins(&long, UnixMicros(0));
        assert_eq!(Rc::strong_count(&long.statement), 1, "its names are not kept");
        assert_eq!(history.shown()[1].shown.reads.len(), RELATIONS_MAX);
        let mut many = started(2, "SELECT 1");
        Rc::make_mut(&mut many.statement).touched.columns = vec!["public.t.c".to_owned(); COLUMNS_MAX + 1];
        history.begins(&many, UnixMicros(0));
        assert_eq!(Rc::strong_count(&many.statement), 1, "its columns are not kept");
    }

    #[test]
    fn what_could_not_be_read_is_not_shown() {
        let mut history = History::default();
        let mut odd = started(1, "SELECT secret");
        Rc::make_mut(&mut odd.statement).fingerprint = 0;
        history.begins(&odd, UnixMicros(0));
        assert_eq!(history.shown()[0].shown.text, "");
    }
}
