//! How a row of `who-saw` is shown.

use audit::ledger::WhoSawRow;
use serde::Serialize;

use super::Shown;
use super::moment;
use super::origin;
use super::place;
use super::said;
use super::table::Cell;

#[derive(Debug, Serialize)]
pub(crate) struct Saw {
    at: String,
    principal: String,
    application_name: String,
    client: String,
    database: String,
    environment: String,
    effects: Vec<String>,
    objects: Vec<String>,
    verdict: String,
    rules: Vec<String>,
    outcome: String,
    rows: u64,
    sqlstate: String,
    text: String,
    parameters: Vec<String>,
    session_id: String,
    sequence: u64,
    #[serde(skip)]
    at_short: String,
}

impl From<WhoSawRow> for Saw {
    fn from(row: WhoSawRow) -> Self {
        Saw {
            at: moment::exact(row.at),
            at_short: moment::short(row.at),
            principal: row.principal,
            application_name: row.application_name,
            client: row.client,
            database: row.database,
            environment: row.environment,
            effects: row.effects,
            objects: row.objects,
            verdict: row.verdict,
            rules: row.rules,
            outcome: row.outcome,
            rows: row.rows,
            sqlstate: row.sqlstate,
            text: row.text,
            parameters: row.parameters,
            session_id: row.session_id.to_string(),
            sequence: row.sequence,
        }
    }
}

impl Shown for Saw {
    const KEYS: &'static [&'static str] = &[
        "at",
        "principal",
        "application_name",
        "client",
        "database",
        "environment",
        "effects",
        "objects",
        "verdict",
        "rules",
        "outcome",
        "rows",
        "sqlstate",
        "text",
        "parameters",
        "session_id",
        "sequence",
    ];
    const HEADINGS: &'static [&'static str] =
        &["at (UTC)", "who", "from", "database", "effects", "verdict", "rows", "statement", "session"];

    fn cells(&self) -> Vec<Cell> {
        vec![
            Cell::plain(self.at_short.as_str()),
            Cell::plain(self.principal.as_str()),
            Cell::plain(origin(&self.application_name, &self.client)),
            Cell::plain(place(&self.database, &self.environment)),
            Cell::plain(self.effects.join(" ")),
            Cell::verdict(&self.verdict, &self.rules),
            Cell::plain(self.rows.to_string()),
            Cell::plain(said(&self.text, &self.parameters)),
            Cell::unbroken(self.session_id.as_str()),
        ]
    }
}
