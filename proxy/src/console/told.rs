//! What would become of a statement, as a row of the console.

use crate::backtest::Again;
use crate::explain::Told;

/// What is told of a statement that somebody asks about.
pub(super) const COLUMNS: [&str; 22] = [
    "statement",
    "verdict",
    "rules",
    "approvers",
    "observed",
    "sqlstate",
    "message",
    "detail",
    "hint",
    "effects",
    "reads",
    "writes",
    "columns",
    "functions",
    "fingerprint",
    "readers disagree",
    "normalised",
    "filtered",
    "unfiltered",
    "settings",
    "columns read",
    "columns written",
];

/// What is told of a statement that was recorded, in the order in which they are asked about.
pub(super) const AGAIN: [&str; 3] = ["verdict", "rules", "whole"];

/// What policies say of it that are tried, in the order of [`AGAIN`].
pub(super) fn again(Again { verdict, rules, is_whole }: Again) -> Vec<String> {
    let rules = serde_json::Value::from(rules).to_string();
    vec![verdict.to_owned(), rules, if is_whole { "yes" } else { "no" }.to_owned()]
}

/// What would become of a statement, in the order of [`COLUMNS`]. Lists are JSON: names can have commas in them.
pub(super) fn row(told: Told) -> Vec<String> {
    let list = |names: &[String]| serde_json::Value::from(names).to_string();
    let effects: Vec<String> = told.effects.iter().map(|effect| (*effect).to_owned()).collect();
    let fingerprint =
        if told.fingerprint == 0 { String::new() } else { format!("{:016x}", told.fingerprint) };
    vec![
        told.statement,
        told.verdict.to_owned(),
        list(&told.rules),
        list(&told.approvers),
        list(&told.observed),
        told.sqlstate.to_owned(),
        told.message,
        told.detail,
        told.hint,
        list(&effects),
        list(&told.reads),
        list(&told.writes),
        list(&told.columns),
        list(&told.functions),
        fingerprint,
        told.readers_disagree,
        told.normalised,
        list(&told.summary.filtered),
        list(&told.summary.unfiltered),
        list(&told.summary.settings),
        list(&told.summary.columns_read),
        list(&told.summary.columns_written),
    ]
}
