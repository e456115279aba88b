//! How an event of a session is shown.

use audit::ledger::EventRow;
use serde::Serialize;

use super::Shown;
use super::escape::escaped;
use super::moment;
use super::said;
use super::table::{Cell, shortened};

#[derive(Debug, Serialize)]
pub(crate) struct Event {
    at: String,
    event: String,
    sequence: u64,
    principal: String,
    database: String,
    effects: Vec<String>,
    objects: Vec<String>,
    verdict: String,
    rules: Vec<String>,
    masked_columns: Vec<String>,
    finished_at: Option<String>,
    duration_seconds: Option<f64>,
    outcome: String,
    rows: u64,
    bytes: u64,
    sqlstate: String,
    text: String,
    parameters: Vec<String>,
    masked_values: u64,
    session_id: String,
    #[serde(skip)]
    at_short: String,
}

impl From<EventRow> for Event {
    fn from(row: EventRow) -> Self {
        Event {
            at: moment::exact(row.at),
            at_short: moment::to_the_millisecond(row.at),
            event: row.event,
            sequence: row.sequence,
            principal: row.principal,
            database: row.database,
            effects: row.effects,
            objects: row.objects,
            verdict: row.verdict,
            rules: row.rules,
            masked_columns: row.masked_columns,
            finished_at: row.finished_at.map(moment::exact),
            duration_seconds: row.duration_seconds,
            outcome: row.outcome,
            rows: row.rows,
            bytes: row.bytes,
            sqlstate: row.sqlstate,
            text: row.text,
            parameters: row.parameters,
            masked_values: row.masked_values,
            session_id: row.session_id.to_string(),
        }
    }
}

impl Event {
    /// A line for people.
    pub(crate) fn line(&self) -> String {
        let verdict = match self.verdict.as_str() {
            "allow" => "allow".to_owned(),
            other => format!("{other} ({})", self.rules.join(" ")),
        };
        let masked = match (self.masked_columns.is_empty(), self.masked_values) {
            (true, _) => String::new(),
            (false, 0) => " masked".to_owned(),
            (false, values) => format!(", {values} values masked"),
        };
        let end = match self.duration_seconds {
            None => "runs".to_owned(),
            Some(seconds) if self.sqlstate.is_empty() => {
                format!("{} after {seconds:.3} s, {} rows", self.outcome, self.rows)
            }
            Some(seconds) => format!("{} after {seconds:.3} s, {}", self.outcome, self.sqlstate),
        };
        let who = format!("{} on {}", self.principal, self.database);
        // Each part by itself, so that a long text cuts nothing else off.
        let said = said(&self.text, &self.parameters);
        let parts = [self.at_short.as_str(), &who, &verdict, &format!("{end}{masked}"), &said];
        parts.map(|part| shortened(&escaped(part))).join("  ")
    }
}

impl Shown for Event {
    const KEYS: &'static [&'static str] = &[
        "at",
        "event",
        "sequence",
        "principal",
        "database",
        "effects",
        "objects",
        "verdict",
        "rules",
        "masked_columns",
        "finished_at",
        "duration_seconds",
        "outcome",
        "rows",
        "bytes",
        "sqlstate",
        "text",
        "parameters",
        "masked_values",
        "session_id",
    ];
    const HEADINGS: &'static [&'static str] =
        &["at (UTC)", "who", "event", "verdict", "masked", "outcome", "rows", "took", "what"];

    fn cells(&self) -> Vec<Cell> {
        let is_statement = self.event == "statement";
        let event = match self.event.as_str() {
            "statement" => format!("{}. {}", self.sequence, self.effects.join(" ")),
            other => other.to_owned(),
        };
        let verdict = match self.verdict.as_str() {
            "" => Cell::plain(""),
            verdict => Cell::verdict(verdict, &self.rules),
        };
        let took = self.duration_seconds.map(|seconds| format!("{seconds:.3} s")).unwrap_or_default();
        vec![
            Cell::plain(self.at_short.as_str()),
            Cell::plain(format!("{} on {}", self.principal, self.database)),
            Cell::plain(event),
            verdict,
            Cell::plain(self.masked_columns.join(" ")),
            Cell::plain(format!("{} {}", self.outcome, self.sqlstate).trim()),
            Cell::plain(if is_statement { self.rows.to_string() } else { String::new() }),
            Cell::plain(took),
            Cell::plain(said(&self.text, &self.parameters)),
        ]
    }
}
