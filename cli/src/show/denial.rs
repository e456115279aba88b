//! How a row of `denied` is shown.

use audit::ledger::DeniedRow;
use serde::Serialize;

use super::Shown;
use super::moment;
use super::origin;
use super::place;
use super::table::Cell;

#[derive(Debug, Serialize)]
pub(crate) struct Denial {
    at: String,
    principal: String,
    application_name: String,
    client: String,
    database: String,
    environment: String,
    rules: Vec<String>,
    effects: Vec<String>,
    objects: Vec<String>,
    outcome: String,
    sqlstate: String,
    text: String,
    session_id: String,
    sequence: u64,
    #[serde(skip)]
    at_short: String,
}

impl From<DeniedRow> for Denial {
    fn from(row: DeniedRow) -> Self {
        Denial {
            at: moment::exact(row.at),
            at_short: moment::short(row.at),
            principal: row.principal,
            application_name: row.application_name,
            client: row.client,
            database: row.database,
            environment: row.environment,
            rules: row.rules,
            effects: row.effects,
            objects: row.objects,
            outcome: row.outcome,
            sqlstate: row.sqlstate,
            text: row.text,
            session_id: row.session_id.to_string(),
            sequence: row.sequence,
        }
    }
}

impl Shown for Denial {
    const KEYS: &'static [&'static str] = &[
        "at",
        "principal",
        "application_name",
        "client",
        "database",
        "environment",
        "rules",
        "effects",
        "objects",
        "outcome",
        "sqlstate",
        "text",
        "session_id",
        "sequence",
    ];
    const HEADINGS: &'static [&'static str] =
        &["at (UTC)", "who", "from", "database", "rules", "effects", "statement", "session"];

    fn cells(&self) -> Vec<Cell> {
        vec![
            Cell::plain(self.at_short.as_str()),
            Cell::plain(self.principal.as_str()),
            Cell::plain(origin(&self.application_name, &self.client)),
            Cell::plain(place(&self.database, &self.environment)),
            Cell::bad(self.rules.join(" ")),
            Cell::plain(self.effects.join(" ")),
            Cell::plain(self.text.as_str()),
            Cell::unbroken(self.session_id.as_str()),
        ]
    }
}
