//! Judges a string of statements, one verdict for each.

use sql::{Facts, Statement, Unreadable};

use crate::modes::Modes;
use crate::rules;
use crate::verdict::{Permit, Verdict};

/// Judges what was read from a string: one verdict for each statement, in order. `is_masked` says whether a statement touches columns whose values are
/// masked. Who asks makes no difference yet, so that verdicts are shared between sessions.
pub fn judge(modes: &Modes, facts: &Facts, is_masked: impl Fn(&Statement) -> bool) -> Vec<Verdict> {
    let judge = |statement| {
        let guardrails = rules::GUARDRAILS.iter().filter_map(|rule| rule(statement));
        let last = std::iter::once_with(|| rules::copy_masked::check(statement, &is_masked));
        modes.weigh(guardrails.chain(last.flatten()))
    };
    facts.statements.iter().map(judge).collect()
}

/// The verdict on a string that could not be read.
pub fn judge_unreadable(modes: &Modes, unreadable: &Unreadable) -> Verdict {
    modes.weigh([rules::unreadable::refuse(unreadable)])
}

/// The verdict on a text without statements, which does nothing.
pub fn permit_nothing() -> Verdict {
    Verdict::Allow(Permit { observed: Vec::new() })
}

/// The verdict on a fast-path call, which names a function by number and shows no statement. Which function makes no
/// difference yet.
pub fn judge_fast_path(modes: &Modes) -> Verdict {
    modes.weigh([rules::fast_path::refuse()])
}

/// The verdict on a replication connection, and on each command over it.
pub fn judge_replication(modes: &Modes) -> Verdict {
    modes.weigh([rules::replication::refuse()])
}

/// The verdict on the parameters of a start-up packet, by name and value.
pub fn judge_startup<'p>(modes: &Modes, parameters: impl Iterator<Item = (&'p [u8], &'p [u8])>) -> Verdict {
    modes.weigh(rules::no_disable_protection::check_startup(parameters))
}

/// The verdict on SQL over a connection for physical replication, whatever the modes are.
pub fn refuse_sql_in_replication() -> Verdict {
    Verdict::Refuse(rules::replication::refuse_sql())
}

/// The verdict on a message that runs a prepared statement or portal of which nobody has seen how it was made.
pub fn judge_unknown_name(modes: &Modes, kind: &str, sqlstate: &'static str, name: &str) -> Verdict {
    modes.weigh([rules::unknown_name::refuse(kind, sqlstate, name)])
}

#[cfg(test)]
mod tests;
