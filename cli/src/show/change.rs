//! How a row of `policy backtest` is shown.

use audit::ledger::RecordedRow;
use serde::Serialize;

use super::Shown;
use super::moment;
use super::table::Cell;

#[derive(Debug, Serialize)]
pub(crate) struct Change {
    pub(crate) verdict_then: String,
    rules_then: Vec<String>,
    pub(crate) verdict: &'static str,
    rules: Vec<String>,
    pub(crate) principal: String,
    database: String,
    pub(crate) executions: u64,
    pub(crate) statements: u64,
    last_at: String,
    text: String,
    #[serde(skip)]
    last_at_short: String,
}

impl Change {
    /// A change to what `row` is of, in which nothing is counted yet.
    pub(crate) fn new(row: &RecordedRow, verdict: &'static str, rules: Vec<String>) -> Self {
        Change {
            verdict_then: row.verdict.clone(),
            rules_then: row.rules.clone(),
            verdict,
            rules,
            principal: row.principal.clone(),
            database: row.database.clone(),
            executions: 0,
            statements: 0,
            last_at: moment::exact(row.last_at),
            last_at_short: moment::short(row.last_at),
            text: row.text.clone(),
        }
    }
}

impl Shown for Change {
    const KEYS: &'static [&'static str] = &[
        "verdict_then",
        "rules_then",
        "verdict",
        "rules",
        "principal",
        "database",
        "executions",
        "statements",
        "last_at",
        "text",
    ];

    const HEADINGS: &'static [&'static str] =
        &["then", "would be", "rules", "principal", "database", "executions", "last at", "such as"];

    fn cells(&self) -> Vec<Cell> {
        let verdict = match self.verdict {
            "allow" => Cell::good(self.verdict),
            _ => Cell::bad(self.verdict),
        };
        vec![
            Cell::plain(self.verdict_then.as_str()),
            verdict,
            Cell::plain(if self.rules.is_empty() { &self.rules_then } else { &self.rules }.join(" ")),
            Cell::plain(self.principal.as_str()),
            Cell::plain(self.database.as_str()),
            Cell::plain(self.executions.to_string()),
            Cell::plain(self.last_at_short.as_str()),
            Cell::plain(self.text.as_str()),
        ]
    }
}
