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
    confidence: String,
    values_seen: u32,
    values_of_class: u32,
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
            confidence: row.confidence,
            values_seen: row.values_seen,
            values_of_class: row.values_of_class,
        }
    }
}

impl Shown for Column {
    const KEYS: &'static [&'static str] = &[
        "database",
        "object",
        "class",
        "evidence",
        "confidence",
        "values_seen",
        "values_of_class",
        "at",
        "host",
    ];
    const HEADINGS: &'static [&'static str] =
        &["database", "column", "class", "known by", "confidence", "values", "since (UTC)", "proxy"];

    fn cells(&self) -> Vec<Cell> {
        let class = if self.class.is_empty() { "none" } else { self.class.as_str() };
        let values = match self.values_seen {
            0 => String::new(),
            seen => format!("{} of {seen}", self.values_of_class),
        };
        let texts = [
            &self.database,
            &self.object,
            class,
            &self.evidence,
            &self.confidence,
            &values,
            &self.at_short,
            &self.host,
        ];
        texts.map(Cell::plain).into()
    }
}
