//! Statements whose answer goes to the client: sent as it comes where the format allows that, else collected first.

use bytes::Bytes;

use crate::chdb::{Connection, Summary};
use crate::fault::Fault;
use crate::job::{Statement, Stop, explain_bound};
use crate::outlet::{Head, Outlet};
use crate::tokens::{Token, Tokens};

const WITH_HEADER: &str = "RowBinaryWithNamesAndTypes";

/// Formats whose documents can be put one behind the other, the last one without its repeated header.
pub(crate) const STREAMED: [&str; 9] =
    ["CSV", "JSONEachRow", "JSONLines", "NDJSON", "Native", "RowBinary", "TSV", "TabSeparated", WITH_HEADER];

/// Whether a statement's answer can be sent as it comes.
pub(crate) fn streams(sql: &[u8], format: &str) -> bool {
    let mut tokens = Tokens::of(sql).skip_while(|token| *token == Token::Sign(b'('));
    let reads = tokens.next().is_some_and(|first| first.is("SELECT") || first.is("WITH"));
    // Totals and extremes follow the last row, and there would be some after every piece.
    reads && STREAMED.contains(&format) && !tokens.any(|token| token.is("TOTALS") || token.is("EXTREMES"))
}

/// Sends the answer as the engine makes it.
pub(crate) fn stream(
    connection: &Connection,
    statement: &Statement<'_>,
    outlet: &mut Outlet,
) -> Result<(), Stop> {
    let mut rows = connection.stream(statement.sql, &statement.format, statement.params)?;
    let Some(first) = rows.next()? else {
        // An empty answer has no piece, thus no header; whole, it has one.
        drop(rows);
        return collect(connection, statement, outlet);
    };
    let header = if statement.format == WITH_HEADER { header_len(first.bytes()).unwrap_or(0) } else { 0 };
    let header = first.bytes()[..header].to_vec();
    outlet.begin(Head { format: statement.format.clone(), summary: Summary::default() })?;
    outlet.send(Bytes::copy_from_slice(first.bytes()))?;
    drop(first);
    while let Some(piece) = rows.next()? {
        let bytes = piece.bytes();
        let bytes = bytes.strip_prefix(header.as_slice()).unwrap_or(bytes);
        outlet.send(Bytes::copy_from_slice(bytes))?;
    }
    Ok(())
}

/// Sends the answer when it is whole.
pub(crate) fn collect(
    connection: &Connection,
    statement: &Statement<'_>,
    outlet: &mut Outlet,
) -> Result<(), Stop> {
    let answer = connection
        .query(statement.sql, &statement.format, statement.params)
        .map_err(|error| explain_bound(Fault::from(error), &statement.format))?;
    outlet.begin(Head { format: statement.format.clone(), summary: answer.summary() })?;
    if !answer.bytes().is_empty() {
        outlet.send(Bytes::copy_from_slice(answer.bytes()))?;
    }
    Ok(())
}

/// Length of the names and types before the rows: how many columns, then every name, then every type.
fn header_len(bytes: &[u8]) -> Option<usize> {
    let (columns, mut at) = varint(bytes)?;
    for _ in 0..columns.checked_mul(2)? {
        let (len, used) = varint(bytes.get(at..)?)?;
        at = at.checked_add(used)?.checked_add(len)?;
    }
    (at <= bytes.len()).then_some(at)
}

fn varint(bytes: &[u8]) -> Option<(usize, usize)> {
    let mut value = 0;
    for (at, byte) in bytes.iter().enumerate().take(9) {
        value |= usize::from(byte & 0x7f) << (7 * at);
        if byte & 0x80 == 0 {
            return Some((value, at + 1));
        }
    }
    None
}
