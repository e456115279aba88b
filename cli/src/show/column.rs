//! How a sensitive column is shown.

use audit::ledger::ColumnClassRow;
use serde::Serialize;

use super::Shown;
use super::moment;
use super::table::Cell;

#[derive(Debug, Serialize)]
pub(crate) struct Column {
    database: String,
    object: String,
    class: String,
    evidence: String,
    at: String,
    host: String,
    #[serde(skip)]
    at_short: String,
}

impl From<ColumnClassRow> for Column {
    fn from(row: ColumnClassRow) -> Self {
        Column {
            at: moment::exact(row.at),
            at_short: moment::short(row.at),
            host: row.host,
            database: row.database,
            object: row.object,
            class: row.class,
            evidence: row.evidence,
        }
    }
}

impl Shown for Column {
    const KEYS: &'static [&'static str] = &["database", "object", "class", "evidence", "at", "host"];
    const HEADINGS: &'static [&'static str] =
        &["database", "column", "class", "known by", "since (UTC)", "proxy"];

    fn cells(&self) -> Vec<Cell> {
        let class = if self.class.is_empty() { "none" } else { self.class.as_str() };
        let texts = [&self.database, &self.object, class, &self.evidence, &self.at_short, &self.host];
        texts.map(Cell::plain).into()
    }
}
