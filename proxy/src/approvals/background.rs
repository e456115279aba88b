//! What the session was until now that asks for an approval.

use audit::record::{SessionRecord, UnixMicros};
use jiff::Timestamp;

use crate::console::{cut, in_one_line};
use crate::history::Past;

/// Letters of a statement, and of all names of one kind, that are shown of one that ran before.
const LETTERS_MAX: usize = 400;

/// Of one session, at the moment when it asks.
#[derive(Clone, Debug)]
pub(crate) struct Background {
    pub(crate) started_at: UnixMicros,
    pub(crate) authenticated_by: String,
    pub(crate) database_role: String,
    /// What else it has called itself since.
    pub(crate) application_names: Vec<String>,
    /// Its last statements, the oldest first.
    pub(crate) history: Vec<Past>,
}

impl Background {
    pub(crate) fn of(session: &SessionRecord, history: Vec<Past>) -> Self {
        Background {
            started_at: session.started_at,
            authenticated_by: session.authenticated_by.clone(),
            database_role: session.database_role.clone(),
            application_names: session.application_names.clone(),
            history,
        }
    }

    /// Its last statements, each in a line of its own.
    pub(crate) fn lines(&self) -> String {
        self.history.iter().map(line).collect::<Vec<_>>().join("\n")
    }
}

/// A statement in one line: nobody takes a part of it for another.
fn line(past: &Past) -> String {
    let Past { sequence, at, shown, .. } = past;
    let at = Timestamp::from_microsecond(at.0).unwrap_or_default().strftime("%H:%M:%SZ");
    let mut parts = vec![format!("{sequence}. {at} {}, {}", verdict(past), past.ending())];
    for (does, names) in [
        ("", &shown.effects.join(", ")),
        ("reads ", &shown.reads.join(", ")),
        ("writes ", &shown.writes.join(", ")),
    ] {
        if !names.is_empty() {
            parts.push(format!("{does}{}", cut(names, LETTERS_MAX)));
        }
    }
    if !shown.text.is_empty() {
        parts.push(cut(&shown.text, LETTERS_MAX));
    }
    in_one_line(&parts.join(" | "))
}

/// What was decided about it, and by which rules.
fn verdict(past: &Past) -> String {
    match past.shown.rules.as_slice() {
        [] => past.shown.verdict.to_owned(),
        rules => format!("{} by {}", past.shown.verdict, rules.join(", ")),
    }
}
