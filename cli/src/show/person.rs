//! How a row of `who-touched --people` is shown.

use audit::ledger::PersonRow;
use serde::Serialize;

use super::Shown;
use super::moment;
use super::table::Cell;

#[derive(Debug, Serialize)]
pub(crate) struct Person {
    principal: String,
    database: String,
    days: u64,
    first_at: String,
    last_at: String,
    read: bool,
    written: bool,
    masked: bool,
    revealed: bool,
    refused: bool,
    effects: Vec<String>,
    #[serde(skip)]
    first_short: String,
    #[serde(skip)]
    last_short: String,
}

impl From<PersonRow> for Person {
    fn from(row: PersonRow) -> Self {
        Person {
            principal: row.principal,
            database: row.database,
            days: row.days,
            first_at: moment::exact(row.first_at),
            last_at: moment::exact(row.last_at),
            first_short: moment::short(row.first_at),
            last_short: moment::short(row.last_at),
            read: row.read != 0,
            written: row.written != 0,
            masked: row.masked != 0,
            revealed: row.revealed != 0,
            refused: row.refused != 0,
            effects: row.effects,
        }
    }
}

impl Shown for Person {
    const KEYS: &'static [&'static str] = &[
        "principal",
        "database",
        "days",
        "first_at",
        "last_at",
        "read",
        "written",
        "masked",
        "revealed",
        "refused",
        "effects",
    ];
    const HEADINGS: &'static [&'static str] = &[
        "who",
        "database",
        "days",
        "first (UTC)",
        "last (UTC)",
        "read",
        "written",
        "masked",
        "revealed",
        "refused",
        "effects",
    ];

    fn cells(&self) -> Vec<Cell> {
        let yes = |is: bool| Cell::plain(if is { "yes" } else { "no" });
        vec![
            Cell::plain(self.principal.as_str()),
            Cell::plain(self.database.as_str()),
            Cell::plain(self.days.to_string()),
            Cell::plain(self.first_short.as_str()),
            Cell::plain(self.last_short.as_str()),
            yes(self.read),
            yes(self.written),
            yes(self.masked),
            yes(self.revealed),
            yes(self.refused),
            Cell::plain(self.effects.join(" ")),
        ]
    }
}
