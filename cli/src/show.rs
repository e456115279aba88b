//! Shows an answer: as a table for people, or whole as JSON or CSV.

mod bypass;
mod change;
mod column;
mod coverage;
mod csv;
mod denial;
mod escape;
mod event;
mod json;
pub(crate) mod moment;
mod person;
mod revealed;
mod saw;
mod session;
mod table;
mod touch;

use std::io::{IsTerminal, Write, stderr, stdout};

use serde::Serialize;

use crate::args::Format;
use crate::failure::{Failure, unless_reader_left};

pub(crate) use self::bypass::Bypass;
pub(crate) use self::change::Change;
pub(crate) use self::column::Column;
pub(crate) use self::coverage::{Coverage, Gap};
pub(crate) use self::denial::Denial;
pub(crate) use self::escape::escaped;
pub(crate) use self::event::Event;
pub(crate) use self::json::{line as json_line, text as json_rows};
pub(crate) use self::person::Person;
pub(crate) use self::revealed::Revealed;
pub(crate) use self::saw::Saw;
pub(crate) use self::session::Session;
pub(crate) use self::table::Cell;
pub(crate) use self::touch::Touch;

/// A row of an answer. Its fields are the keys of JSON and the columns of CSV.
pub(crate) trait Shown: Serialize {
    /// Names of the fields, in their order.
    const KEYS: &'static [&'static str];
    /// Headings of the table.
    const HEADINGS: &'static [&'static str];

    /// Cells of the table.
    fn cells(&self) -> Vec<Cell>;
}

/// Shows `rows`; people are told of what is not there.
pub(crate) fn show<Row: Shown>(rows: &[Row], more: bool, format: Format, none: &str) -> Result<(), Failure> {
    let text = match format {
        Format::Json => json::text(rows)?,
        Format::Csv => csv::text(rows, stdout().is_terminal())?,
        Format::Table if rows.is_empty() => String::new(),
        Format::Table => table::text(rows),
    };
    let mut out = stdout().lock();
    unless_reader_left(out.write_all(text.as_bytes()).and_then(|()| out.flush()))?;
    // On stderr, so that they are in no one's pipe. Nothing can be done where it is closed.
    if rows.is_empty() && matches!(format, Format::Table) {
        let _ = writeln!(stderr(), "{}", escaped(none));
    }
    if more {
        let _ = writeln!(stderr(), "only the newest {} rows are shown; raise --limit for more", rows.len());
    }
    Ok(())
}

/// A statement and what it was given.
fn said(text: &str, parameters: &[String]) -> String {
    let parameters = parameters.iter().zip(1..);
    parameters.fold(text.to_owned(), |said, (value, number)| said + &format!(" ${number} = {value}"))
}

/// With what somebody came, and from where; as far as the ledger has the session.
fn origin(application_name: &str, client: &str) -> String {
    format!("{application_name} {client}").trim().to_owned()
}

/// A database, and what kind of place it is where somebody said.
fn place(database: &str, environment: &str) -> String {
    match environment {
        "" => database.to_owned(),
        environment => format!("{database} ({environment})"),
    }
}
