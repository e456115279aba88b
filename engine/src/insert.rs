//! An INSERT whose rows are the request's body. All of them are kept, or none.

use std::io::Read;

use crate::chdb::{Connection, Inserting};
use crate::job::{Statement, Stop};
use crate::outlet::{Head, Outlet};
use crate::upload::unreadable;

const CHUNK_BYTES: usize = 256 << 10;

/// Streams rows into the engine. A body that breaks off, or cannot be unpacked, cancels the insert.
pub(crate) fn take_rows(
    connection: &Connection,
    statement: &Statement<'_>,
    first: &[u8],
    body: &mut dyn Read,
    outlet: &mut Outlet,
) -> Result<(), Stop> {
    let mut inserting = connection.insert(statement.sql, &statement.format, statement.params)?;
    if !first.is_empty() {
        append(&mut inserting, first)?;
    }
    let mut chunk = vec![0; CHUNK_BYTES];
    loop {
        let read = match body.read(&mut chunk) {
            Ok(0) => break,
            Ok(read) => read,
            Err(error) => return Err(unreadable(&error).into()),
        };
        append(&mut inserting, &chunk[..read])?;
    }
    let summary = inserting.done()?;
    outlet.begin(Head { format: statement.format.clone(), summary })?;
    Ok(())
}

fn append(inserting: &mut Inserting<'_>, bytes: &[u8]) -> Result<(), Stop> {
    Ok(inserting.append(bytes)?)
}
