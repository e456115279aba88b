//! Reads a string of statements with PostgreSQL's grammar.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::Arc;

use pg_query::{FingerprintOptions, ParseResult};

use crate::bounds::{self, STATEMENT_DEPTH_MAX};
use crate::collect::Collector;
use crate::facts::{Facts, Statement, Unreadable};
use crate::lineage::constant_keys;
use crate::second::{self, Second};
use crate::tree::Tree;
use crate::values;
use crate::walk::{WalkError, walk};

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
    let parsed = parse(text)?;
    let mut statements = collect(&parsed)?;
    locate(&parsed, &mut statements)?;
    let readers_disagree = match second::compare(parsed.text, &statements) {
        Second::Disagrees(what) => Some(what),
        Second::Agrees | Second::CannotRead => None,
    };
    Ok(Facts { statements, readers_disagree })
}

/// Longest text of which the tree stays until another text is read.
const KEPT_BYTES_MAX: usize = 4_096;

thread_local! {
    /// The last text with its tree: what is read is judged next, which looks into the tree again.
    static LAST: RefCell<Option<(Box<str>, Rc<ParseResult>)>> = const { RefCell::new(None) };
}

/// A text with its parse tree.
pub struct Parsed<'t> {
    text: &'t str,
    tree: Rc<ParseResult>,
}

/// The first step of [`read`]: the bounds, and PostgreSQL's grammar.
///
/// # Errors
///
/// As [`read`].
pub fn parse(text: &[u8]) -> Result<Parsed<'_>, Unreadable> {
    let text = std::str::from_utf8(text).map_err(|_| Unreadable::Encoding)?;
    bounds::check(text)?;
    let tree = kept_tree(text)?;
    bounds::check_statements(tree.protobuf.stmts.len())?;
    Ok(Parsed { text, tree })
}

/// PostgreSQL's grammar alone, for what is known to be within the bounds. pg_query panics on trees that its own helpers do not
/// expect; such a text is unreadable, not fatal.
pub(crate) fn tree(text: &str) -> Result<ParseResult, Unreadable> {
    catch_unwind(AssertUnwindSafe(|| pg_query::parse(text, 0)))
        .map_err(|_| Unreadable::Tree { reason: "pg_query panicked".to_owned() })?
        .map_err(unreadable)
}

/// The same of a text that was read, or will be looked at again: the last one's tree is kept.
pub(crate) fn kept_tree(text: &str) -> Result<Rc<ParseResult>, Unreadable> {
    let is_end = |byte: u8| byte == b';' || byte.is_ascii_whitespace();
    // What a statement ends with is not in its own text.
    let is_it = |of: &str| of.strip_prefix(text).is_some_and(|rest| rest.bytes().all(is_end));
    let last =
        LAST.with_borrow(|last| last.as_ref().filter(|(of, _)| is_it(of)).map(|(_, tree)| Rc::clone(tree)));
    if let Some(tree) = last {
        return Ok(tree);
    }
    let tree = Rc::new(tree(text)?);
    if text.len() <= KEPT_BYTES_MAX {
        LAST.replace(Some((text.into(), Rc::clone(&tree))));
    }
    Ok(tree)
}

/// Forgets the tree that is kept: whoever measures reads the same text many times.
pub fn forget() {
    LAST.take();
}

/// The second step of [`read`]: the tree is walked, and its facts collected.
///
/// # Errors
///
/// As [`read`].
pub fn collect(parsed: &Parsed<'_>) -> Result<Vec<Statement>, Unreadable> {
    let mut statements = Vec::with_capacity(parsed.tree.protobuf.stmts.len());
    for raw in &parsed.tree.protobuf.stmts {
        let mut collector = Collector::default();
        walk(&raw.stmt, &mut collector).map_err(unknown)?;
        statements.push(collector.finish(&raw.stmt).map_err(unknown)?);
    }
    Ok(statements)
}

/// The third step of [`read`]: fills in where each statement stands, its fingerprint, and the values and keys that it says.
///
/// # Errors
///
/// As [`read`].
pub fn locate(parsed: &Parsed<'_>, statements: &mut [Statement]) -> Result<(), Unreadable> {
    let outside = || Unreadable::Tree { reason: "a statement outside of its text".to_owned() };
    for (raw, statement) in parsed.tree.protobuf.stmts.iter().zip(statements) {
        let start = usize::try_from(raw.stmt_location).map_err(|_| outside())?;
        let end = match usize::try_from(raw.stmt_len).map_err(|_| outside())? {
            0 => parsed.text.len(),
            len => start + len,
        };
        let own = parsed.text.get(start..end).ok_or_else(outside)?;
        statement.span = start..end;
        statement.fingerprint = pg_query::fingerprint(own, 0, FINGERPRINT).map_err(unreadable)?.value;
        let tree = Tree::of(&raw.stmt).map_err(unknown)?;
        statement.values = values::values(own, start, &tree).map(Arc::new);
        statement.keys = constant_keys(own);
    }
    Ok(())
}

fn unknown(error: WalkError) -> Unreadable {
    Unreadable::Tree { reason: error.0 }
}

/// How the error begins where a tree is deeper than pg_query's (pg_query_outfuncs_protobuf.c). PostgreSQL has none that is called so.
const TOO_DEEP: &str = "parse tree is nested too deeply";

fn unreadable(error: pg_query::Error) -> Unreadable {
    match error {
        pg_query::Error::Parse(message) if message.starts_with(TOO_DEEP) => {
            Unreadable::TooDeep { limit: STATEMENT_DEPTH_MAX }
        }
        pg_query::Error::Parse(message) => Unreadable::Syntax { message },
        pg_query::Error::Conversion(_) => Unreadable::Nul,
        error => Unreadable::Tree { reason: error.to_string() },
    }
}

#[cfg(test)]
mod tests;
