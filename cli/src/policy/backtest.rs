//! What policies would have done to the statements that were recorded.

mod at_proxy;
mod by_text;

use std::collections::{BTreeMap, BTreeSet};
use std::io::{IsTerminal, stderr};

use audit::ledger::RecordedRow;
use indicatif::{ProgressBar, ProgressStyle};
use policy::Who;

use super::options::{Rulebook, Rules};
use super::stack::with_stack;
use crate::args::{Console, Format};
use crate::failure::Failure;
use crate::show::{self, Change};

/// Rules that come from what the proxy does, which policies do not change.
const NO_POLICIES: [&str; 5] = [
    "kept-settings",
    "masked-values-stay",
    "masks-are-no-values",
    "max-probes-per-hour",
    "max-sliding-probes-per-hour",
];

/// How the session's own temporary relations are recorded.
const TEMPORARY: &str = "pg_temp.";

/// Judges what was recorded again, where one is given as the proxy at that console does, and shows what would be otherwise.
pub(crate) fn backtest(
    rules: &Rules,
    recorded: &[RecordedRow],
    more: bool,
    console: Option<&Console>,
    format: Format,
) -> Result<(), Failure> {
    let rulebook = rules.read()?;
    let bar = bar(recorded.len());
    let again = match console {
        Some(console) => at_proxy::judge(&rulebook, console, recorded, &bar)?,
        None => with_stack(|| by_text::judge(&rulebook, recorded, &bar))??,
    };
    bar.finish_and_clear();
    let Outcome { mut changes, unsure } = outcome(recorded, again);
    changes.sort_by_key(|change| std::cmp::Reverse(change.executions));
    let executions = recorded.iter().map(|row| row.executions).sum();
    show::show(&changes, more, format, "every verdict would be as it was")?;
    tell(executions, &changes);
    if 0 < unsure {
        let of = match console {
            Some(_) => {
                "were decided by what their sessions had done before, or could not be judged by the proxy"
            }
            None => {
                "were decided by what is in no text (what they call, definitions, settings, values that are masked; --at-proxy asks a proxy \
                 about that)"
            }
        };
        eprintln!("{unsure} of them {of}, and count as they were");
    }
    Ok(())
}

/// What would be the same kind of change to the same person: old and new verdict and rules, user, database.
type Key = (String, Vec<String>, &'static str, Vec<String>, String, String);

/// What came of judging again.
struct Outcome {
    /// What would be otherwise.
    changes: Vec<Change>,
    /// Executions of which nobody can tell.
    unsure: u64,
}

/// What comes of a row.
#[derive(Clone)]
enum Again {
    Is(Judged),
    /// Nobody can tell.
    AsItWas,
}

#[derive(Clone)]
struct Judged {
    verdict: &'static str,
    rules: Vec<String>,
}

impl Judged {
    /// Whether it lets more pass than was let pass then, or fewer rules are against it.
    fn is_milder(&self, row: &RecordedRow) -> bool {
        self.verdict == "allow"
            || self.verdict == row.verdict && self.rules.iter().all(|rule| row.rules.contains(rule))
    }

    fn is_as(&self, row: &RecordedRow) -> bool {
        (self.verdict, &self.rules) == (row.verdict.as_str(), &row.rules)
    }
}

fn outcome(recorded: &[RecordedRow], again: Vec<Again>) -> Outcome {
    let (mut changes, mut unsure) = (BTreeMap::<Key, Change>::new(), 0);
    for (row, again) in recorded.iter().zip(again) {
        match again {
            Again::Is(judged) if judged.is_as(row) => {}
            Again::Is(judged) => note(&mut changes, row, judged),
            Again::AsItWas => unsure += row.executions,
        }
    }
    Outcome { changes: changes.into_values().collect(), unsure }
}

fn note(changes: &mut BTreeMap<Key, Change>, row: &RecordedRow, judged: Judged) {
    let Judged { verdict, rules } = judged;
    let (principal, database) = (row.principal.clone(), row.database.clone());
    let key = (row.verdict.clone(), row.rules.clone(), verdict, rules.clone(), principal, database);
    let change = changes.entry(key).or_insert_with(|| Change::new(row, verdict, rules));
    change.executions += row.executions;
    change.statements += 1;
}

/// Whoever sent it, as the ledger and the configuration know it.
fn who(rulebook: &Rulebook, row: &RecordedRow) -> Who {
    let mut who = Who {
        actor: row.actor.clone(),
        authentication: row.authenticated_by.clone(),
        application: row.application_name.clone(),
        source: row.source.parse().unwrap_or(Who::default().source),
        environment: row.environment.clone(),
        hour: row.hour,
        weekday: row.weekday,
        ..rulebook.who(&row.principal, &row.database)
    };
    if !rulebook.knows(&row.principal) {
        // Only the identity provider knows what it is, or who has taken it out of the configuration.
        who.groups.extend(row.groups.iter().cloned());
        who.kind.clone_from(&row.kind);
    }
    who
}

/// Relations that it read or wrote, as they are recorded.
fn relations(row: &RecordedRow) -> impl Iterator<Item = &str> {
    row.relations_read.iter().chain(&row.relations_written).map(String::as_str)
}

/// Whether these are Picket's own words, in place of a text: nobody can judge it again. None of them is SQL.
fn is_no_text(text: &str) -> bool {
    let ends = [" made in a way that Picket has not seen)", " bytes that are not read, and so not recorded)"];
    text.starts_with("(fast-path call of ")
        || text.starts_with('(') && ends.iter().any(|end| text.ends_with(end))
}

/// A progress bar on a terminal.
fn bar(rows: usize) -> ProgressBar {
    if !stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(rows as u64);
    if let Ok(style) = ProgressStyle::with_template("judging again {wide_bar} {pos} of {len}, {eta} left") {
        bar.set_style(style);
    }
    bar
}

/// The sum of it, for people.
fn tell(executions: u64, changes: &[Change]) {
    let of = |verdict: &str| {
        let those =
            changes.iter().filter(|change| change.verdict == verdict && change.verdict_then != verdict);
        let people: BTreeSet<_> = those.clone().map(|change| &change.principal).collect();
        (those.map(|change| change.executions).sum::<u64>(), people.len())
    };
    let ((refused, by), (allowed, to), (held, of_whom)) = (of("refuse"), of("allow"), of("hold"));
    eprintln!(
        "{executions} executions judged again: {refused} more refused (users: {by}), {held} more held (users: {of_whom}), \
         {allowed} more allowed (users: {to})"
    );
}

#[cfg(test)]
mod tests {
    use super::is_no_text;

    #[test]
    fn what_is_in_no_text_is_not_judged_as_one() {
        for text in [
            "(fast-path call of pg_catalog.lo_open, function 952)",
            "(prepared statement \"p\", made in a way that Picket has not seen)",
            "(70 bytes that are not read, and so not recorded)",
        ] {
            assert!(is_no_text(text) && sql::read(text.as_bytes()).is_err(), "{text}");
        }
        for text in ["(SELECT 1)", "SELECT '(fast-path call of f, function 1)'", ""] {
            assert!(!is_no_text(text), "{text}");
        }
    }
}
