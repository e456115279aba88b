//! Keys of documents that a statement takes as parameters (`data ->> $1`): what these are bound to says which.

use std::ops::Range;

use pg_query::protobuf::Token;

use super::documents::{BY_KEYS, TAKING, takes_by_keys};
use crate::values::{kind_of, scan};

/// What a parameter is bound to, where it can be a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Key {
    /// A text.
    Text(Box<str>),
    /// Several, as PostgreSQL writes an array.
    Texts(Box<str>),
    /// A number: a place in an array, and no key.
    Place,
}

/// Numbers of the parameters of `text` that may be keys, from 1.
pub fn key_parameters(text: &str) -> Vec<u16> {
    let mut numbers: Vec<u16> = places(text).into_iter().map(|(_, number)| number).collect();
    numbers.sort_unstable();
    numbers.dedup();
    numbers
}

/// `text` with the keys, by number, in the places of their parameters.
pub fn with_keys(text: &str, keys: &[(u16, Key)]) -> String {
    let mut written = text.to_owned();
    for (span, number) in places(text).into_iter().rev() {
        let Some((_, key)) = keys.iter().find(|(of, _)| *of == number) else { continue };
        let quoted = |key: &str| format!("'{}'", key.replace('\'', "''"));
        let literal = match key {
            Key::Text(key) => quoted(key),
            Key::Texts(keys) => format!("{}::text[]", quoted(keys)),
            Key::Place => "0".to_owned(),
        };
        written.replace_range(span, &literal);
    }
    written
}

/// Parameters behind an operator that takes by a key, in brackets, or among arguments of a function that does.
fn places(text: &str) -> Vec<(Range<usize>, u16)> {
    let mut places = Vec::new();
    if !text.contains('$') || !takes_by_keys(text) {
        return places;
    }
    let (mut last, mut by_function) = ("", false);
    let scanned = scan(text, |token, span, _| {
        let Some(written) = text.get(span.clone()) else { return };
        let kind = kind_of(token);
        by_function |= BY_KEYS.contains(&written.to_ascii_lowercase().as_str());
        let is_taken_by = TAKING.contains(&last) || last == "[" || last == "," && by_function;
        if kind == Token::Param
            && is_taken_by
            && let Some(number) = written.strip_prefix('$').and_then(|number| number.parse().ok())
        {
            places.push((span, number));
        }
        if !matches!(kind, Token::SqlComment | Token::CComment) && written != "(" {
            last = written;
        }
    });
    if scanned.is_none() {
        places.clear();
    }
    places
}
