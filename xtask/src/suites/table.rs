//! What was seen, as text.

use std::fmt::Write;

use super::list::Suite;
use super::outcomes::Outcomes;
use super::run::Report;
use crate::progress::seconds;

/// A line for each suite: how its tests ended directly and through the proxy, and what the ledger has of it.
pub(super) fn text(rows: &[(&Suite, Report)]) -> String {
    let mut text = format!(
        "\n{:<20} {:<36} {:<36} {:>5} {:>5} {:>8} {:>10} {:>12}\n",
        "suite", "direct", "through Picket", "again", "other", "sessions", "statements", "time"
    );
    for (suite, report) in rows {
        let _ = writeln!(
            text,
            "{:<20} {:<36} {:<36} {:>5} {:>5} {:>8} {:>10} {:>12}",
            suite.name,
            counts(&report.direct),
            counts(&report.through),
            report.again,
            report.different,
            report.sessions,
            report.statements,
            seconds(report.time)
        );
    }
    text
}

/// Such as `310 passed, 2 failed, 60 skipped`.
fn counts(outcomes: &Outcomes) -> String {
    let count =
        |words: &[&str]| outcomes.values().filter(|outcome| words.contains(&outcome.word.as_str())).count();
    let parts = [
        (count(&["passed"]), "passed"),
        (count(&["failed", "error", "xpassed"]), "failed"),
        (count(&["skipped", "xfailed"]), "skipped"),
    ];
    let parts = parts.iter().filter(|(count, word)| 0 < *count || *word == "passed");
    parts.map(|(count, word)| format!("{count} {word}")).collect::<Vec<_>>().join(", ")
}
