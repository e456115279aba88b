//! Where in a text PostgreSQL's grammar stops. Its message names a token, and not which one of those that are written so.

use crate::facts::Unreadable;
use crate::{bounds, read};

/// Places that are tried, each by reading the text up to there.
const PLACES_MAX: usize = 64;

/// Longest text that is tried, in bytes.
const TEXT_BYTES_MAX: usize = 64 << 10;

/// How a message names the token.
const NEAR: &str = " at or near \"";

/// How it names the end of the text.
const END: &str = " at end of input";

/// A place in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Its line, from 1.
    pub line: usize,
    /// Its letter in that line, from 1.
    pub column: usize,
}

/// Where the token stands that this message of PostgreSQL's about `text` names; `None` where it names none, or nobody can tell within
/// bounds. Call it on a thread with [`crate::READ_STACK_BYTES`] of stack.
pub fn place(text: &str, message: &str) -> Option<Place> {
    if message.ends_with(END) {
        return Some(Place::of(text, text.trim_end().len()));
    }
    let (_, token) = message.split_once(NEAR)?;
    let token = token.strip_suffix('"')?;
    if token.is_empty() || TEXT_BYTES_MAX < text.len() || bounds::check(text).is_err() {
        return None;
    }
    // The grammar stops at the first token that does not fit: where the text ends behind another one, it says something else.
    let stops = |at: &usize| {
        let upto = text.get(..*at + token.len()).unwrap_or_default();
        matches!(read::tree(upto), Err(Unreadable::Syntax { message: of }) if of == message)
    };
    let all = text.match_indices(token).map(|(at, _)| at).filter(|at| is_whole(text, *at, token));
    let at = all.take(PLACES_MAX).find(stops)?;
    Some(Place::of(text, at))
}

/// Whether a word that stands there ends where it ends, and begins there: `selec` is in `select`.
fn is_whole(text: &str, at: usize, token: &str) -> bool {
    let is_word = |letter: char| letter.is_alphanumeric() || matches!(letter, '_' | '$');
    let goes_on =
        |one: Option<char>, other: Option<char>| one.is_some_and(is_word) && other.is_some_and(is_word);
    let (before, behind) = (text.get(..at), text.get(at + token.len()..));
    !goes_on(before.and_then(|before| before.chars().last()), token.chars().next())
        && !goes_on(token.chars().last(), behind.and_then(|behind| behind.chars().next()))
}

impl Place {
    fn of(text: &str, at: usize) -> Self {
        let before = text.get(..at).unwrap_or_default();
        let line = before.rsplit('\n').next().unwrap_or_default();
        Place { line: 1 + before.matches('\n').count(), column: 1 + line.chars().count() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Option<(usize, usize)> {
        let Err(unreadable) = crate::read(text.as_bytes()) else { panic!("{text} is read") };
        place(text, &unreadable.to_string()).map(|Place { line, column }| (line, column))
    }

    #[test]
    fn a_token_is_found_where_the_grammar_stops() {
        for (text, at) in [
            ("selec 1", (1, 1)),
            ("select 1; selec 2", (1, 11)),
            ("select 'from'; select from from t", (1, 28)),
            ("select a\nfrom t\nwhere where", (3, 7)),
            ("/* ) */ select (1))", (1, 19)),
            ("select ')', 'ä' )", (1, 17)),
            ("select 1 where", (1, 15)),
            ("select a,\n  'it ends nowhere", (2, 3)),
            ("drop table users where id = 1", (1, 18)),
        ] {
            assert_eq!(of(text), Some(at), "{text}");
        }
    }

    #[test]
    fn what_would_take_long_is_not_looked_for() {
        assert_eq!(of(&format!("select {} from from", "'from', ".repeat(100))), None);
        assert_eq!(place("select 1", "something else"), None);
    }
}
