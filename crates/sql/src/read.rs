//! Reads a string of statements with PostgreSQL's grammar.

use std::panic::{AssertUnwindSafe, catch_unwind};

use pg_query::FingerprintOptions;

use crate::bounds;
use crate::collect::Collector;
use crate::facts::{Facts, Statement, Unreadable};
use crate::second;
use crate::walk::walk;

/// A trail names relations exactly: schemas count, aliases do not.
const FINGERPRINT: FingerprintOptions = FingerprintOptions::RANGEVAR_PG17_COMPAT;

/// Reads `text` as a server with standard settings would (`standard_conforming_strings = on`).
///
/// Call it on a thread with [`crate::READ_STACK_BYTES`] of stack.
///
/// # Errors
///
/// [`Unreadable`] where the text must not be forwarded because nobody knows what it does.
pub fn read(text: &[u8]) -> Result<Facts, Unreadable> {
    let text = std::str::from_utf8(text).map_err(|_| Unreadable::Encoding)?;
    bounds::check(text)?;
    // pg_query panics on trees that its own helpers do not expect; such a text is unreadable, not fatal.
    let parsed = catch_unwind(AssertUnwindSafe(|| pg_query::parse(text, 0)))
        .map_err(|_| Unreadable::Tree { reason: "pg_query panicked".to_owned() })?
        .map_err(unreadable)?;
    let mut statements = Vec::with_capacity(parsed.protobuf.stmts.len());
    for raw in &parsed.protobuf.stmts {
        let mut collector = Collector::default();
        walk(&raw.stmt, &mut collector).map_err(|error| Unreadable::Tree { reason: error.0 })?;
        let mut statement = collector.finish();
        locate(text, raw.stmt_location, raw.stmt_len, &mut statement)?;
        statements.push(statement);
    }
    let readers_disagree = second::disagreement(text, &statements);
    Ok(Facts { statements, readers_disagree })
}

/// Fills in where the statement stands and its fingerprint.
fn locate(text: &str, location: i32, len: i32, statement: &mut Statement) -> Result<(), Unreadable> {
    let outside = || Unreadable::Tree { reason: "a statement outside of its text".to_owned() };
    let start = usize::try_from(location).map_err(|_| outside())?;
    let end = match usize::try_from(len).map_err(|_| outside())? {
        0 => text.len(),
        len => start + len,
    };
    let own = text.get(start..end).ok_or_else(outside)?;
    statement.span = start..end;
    statement.fingerprint = pg_query::fingerprint(own, 0, FINGERPRINT).map_err(unreadable)?.value;
    Ok(())
}

fn unreadable(error: pg_query::Error) -> Unreadable {
    match error {
        pg_query::Error::Parse(message) => Unreadable::Syntax { message },
        pg_query::Error::Conversion(_) => Unreadable::Nul,
        error => Unreadable::Tree { reason: error.to_string() },
    }
}

#[cfg(test)]
mod tests;
