//! How a row of `who-touched` is shown.

use audit::ledger::WhoTouchedRow;
use serde::Serialize;

use super::Shown;
use super::moment;
use super::origin;
use super::place;
use super::table::Cell;

#[derive(Debug, Serialize)]
pub(crate) struct Touch {
    at: String,
    principal: String,
    application_name: String,
    client: String,
    database: String,
    environment: String,
    object: String,
    access: String,
    effects: Vec<String>,
    verdict: String,
    rules: Vec<String>,
    masked: bool,
    finished_at: Option<String>,
    outcome: String,
    rows: u64,
    bytes: u64,
    sqlstate: String,
    text: String,
    session_id: String,
    sequence: u64,
    #[serde(skip)]
    at_short: String,
}

impl From<WhoTouchedRow> for Touch {
    fn from(row: WhoTouchedRow) -> Self {
        Touch {
            at: moment::exact(row.at),
            at_short: moment::short(row.at),
            principal: row.principal,
            application_name: row.application_name,
            client: row.client,
            database: row.database,
            environment: row.environment,
            object: row.object,
            access: row.access,
            effects: row.effects,
            verdict: row.verdict,
            rules: row.rules,
            masked: row.masked != 0,
            finished_at: row.finished_at.map(moment::exact),
            outcome: row.outcome,
            rows: row.rows,
            bytes: row.bytes,
            sqlstate: row.sqlstate,
            text: row.text,
            session_id: row.session_id.to_string(),
            sequence: row.sequence,
        }
    }
}

impl Shown for Touch {
    const KEYS: &'static [&'static str] = &[
        "at",
        "principal",
        "application_name",
        "client",
        "database",
        "environment",
        "object",
        "access",
        "effects",
        "verdict",
        "rules",
        "masked",
        "finished_at",
        "outcome",
        "rows",
        "bytes",
        "sqlstate",
        "text",
        "session_id",
        "sequence",
    ];
    const HEADINGS: &'static [&'static str] = &[
        "at (UTC)",
        "who",
        "from",
        "database",
        "access",
        "effects",
        "verdict",
        "masked",
        "outcome",
        "rows",
        "statement",
    ];

    fn cells(&self) -> Vec<Cell> {
        let outcome = match self.sqlstate.as_str() {
            "" => Cell::plain(self.outcome.as_str()),
            sqlstate => Cell::plain(format!("{} {sqlstate}", self.outcome)),
        };
        vec![
            Cell::plain(self.at_short.as_str()),
            Cell::plain(self.principal.as_str()),
            Cell::plain(origin(&self.application_name, &self.client)),
            Cell::plain(place(&self.database, &self.environment)),
            Cell::plain(self.access.as_str()),
            Cell::plain(self.effects.join(" ")),
            Cell::verdict(&self.verdict, &self.rules),
            if self.masked { Cell::good("yes") } else { Cell::plain("no") },
            outcome,
            Cell::plain(self.rows.to_string()),
            Cell::plain(self.text.as_str()),
        ]
    }
}
