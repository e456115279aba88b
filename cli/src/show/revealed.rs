//! How a row of `revealed_access` is shown.

use audit::ledger::RevealedRow;
use serde::Serialize;

use super::Shown;
use super::moment;
use super::origin;
use super::place;
use super::table::Cell;

#[derive(Debug, Serialize)]
pub(crate) struct Revealed {
    at: String,
    principal: String,
    application_name: String,
    client: String,
    database: String,
    environment: String,
    object: String,
    class: String,
    outcome: String,
    rows: u64,
    text: String,
    session_id: String,
    sequence: u64,
    #[serde(skip)]
    at_short: String,
}

impl From<RevealedRow> for Revealed {
    fn from(row: RevealedRow) -> Self {
        Revealed {
            at: moment::exact(row.at),
            at_short: moment::short(row.at),
            principal: row.principal,
            application_name: row.application_name,
            client: row.client,
            database: row.database,
            environment: row.environment,
            object: row.object,
            class: row.class,
            outcome: row.outcome,
            rows: row.rows,
            text: row.text,
            session_id: row.session_id.to_string(),
            sequence: row.sequence,
        }
    }
}

impl Shown for Revealed {
    const KEYS: &'static [&'static str] = &[
        "at",
        "principal",
        "application_name",
        "client",
        "database",
        "environment",
        "object",
        "class",
        "outcome",
        "rows",
        "text",
        "session_id",
        "sequence",
    ];
    const HEADINGS: &'static [&'static str] =
        &["at (UTC)", "who", "from", "database", "column", "class", "rows", "statement", "session"];

    fn cells(&self) -> Vec<Cell> {
        vec![
            Cell::plain(self.at_short.as_str()),
            Cell::plain(self.principal.as_str()),
            Cell::plain(origin(&self.application_name, &self.client)),
            Cell::plain(place(&self.database, &self.environment)),
            Cell::plain(self.object.as_str()),
            Cell::plain(self.class.as_str()),
            Cell::plain(self.rows.to_string()),
            Cell::plain(self.text.as_str()),
            Cell::unbroken(self.session_id.as_str()),
        ]
    }
}
