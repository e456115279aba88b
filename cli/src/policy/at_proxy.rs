//! What a proxy would decide about statements, asked at its console.

use anyhow::anyhow;
use serde_json::from_str;
use tokio_postgres::SimpleQueryRow;

use super::explain::{Explained, tell, text};
use super::options::Asker;
use crate::approvals::{field, quoted, say};
use crate::args::{Console, ExplainFormat};
use crate::failure::Failure;

/// Longest text that it is asked about, in bytes: the console takes messages of 64 KiB, and a quote counts twice.
const TEXT_BYTES_MAX: usize = 60 << 10;

/// Explains the statements of `sql`, or of standard input, on stdout, as a proxy would judge them.
pub(crate) fn explain_at_proxy(
    sql: Option<String>,
    console: &Console,
    asker: &Asker,
    format: ExplainFormat,
) -> Result<(), Failure> {
    let text = text(sql)?;
    let text = str::from_utf8(&text).ok().filter(|text| !text.contains('\0'));
    let text =
        text.ok_or_else(|| Failure::usage(anyhow!("a proxy is asked about UTF-8 without NUL alone")))?;
    let (database, sent, text) = (quoted(asker.database()), text, quoted(text));
    if TEXT_BYTES_MAX < text.len() {
        let error = anyhow!("a proxy is asked about {TEXT_BYTES_MAX} bytes at once at most");
        return Err(Failure::usage(error));
    }
    let rows = say(console, &format!("EXPLAIN {database} {text}{}", asker.said(quoted)))?;
    let explained = rows.iter().map(|row| explained(row).placed(sent));
    tell(&explained.collect::<Result<Vec<_>, _>>()?, format)
}

fn explained(row: &SimpleQueryRow) -> Explained {
    let text = |at| field(row, at);
    // What the console has made visible in a name is no JSON any more.
    let list = |at| from_str(&text(at)).unwrap_or_else(|_| vec![text(at)]);
    Explained {
        statement: text(0),
        verdict: text(1),
        rules: list(2),
        approvers: list(3),
        observed: list(4),
        sqlstate: text(5),
        message: text(6),
        detail: text(7),
        hint: text(8),
        effects: list(9),
        reads: list(10),
        writes: list(11),
        columns: list(12),
        functions: list(13),
        fingerprint: text(14),
        readers_disagree: text(15),
        normalised: text(16),
        filtered: list(17),
        unfiltered: list(18),
        settings: list(19),
        columns_read: list(20),
        columns_written: list(21),
        ..Explained::default()
    }
    .worded()
}
