//! Keys of documents that a text says: constants (`data ->> 'plan'`), and parameters (`data ->> $1`), of which what they are bound to says
//! which.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::ops::Range;

use pg_query::protobuf::Token;

use super::documents::{BY_KEYS, BY_PATHS, TAKING, makes_columns, path_keys, takes_by_keys};
use crate::values::{kind_of, scan};

/// Operators that look for a path.
const BY_PATH_OPERATORS: [&str; 2] = ["@?", "@@"];

/// Texts within texts that are looked into: code is one, and what that executes another.
const DEPTH_MAX: usize = 3;

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

/// Constants by which `text` takes something out of documents, also in code that it has, and names of columns that it makes of members. One that is not
/// told is empty.
pub(crate) fn constant_keys(text: &str) -> BTreeSet<String> {
    let mut keys = BTreeSet::new();
    note_keys(text, 0, &mut keys);
    keys
}

/// Keys in the paths that `text` looks for in documents by operators (`data @? '$.plan'`), also in code that it has.
pub fn compared_keys(text: &str) -> BTreeSet<String> {
    let mut keys = BTreeSet::new();
    note_compared(text, 0, &mut keys);
    keys
}

fn note_compared(text: &str, depth: usize, into: &mut BTreeSet<String>) {
    if DEPTH_MAX < depth || !BY_PATH_OPERATORS.iter().any(|operator| text.contains(operator)) {
        return;
    }
    let mut last = "";
    scan(text, |token, span, _| {
        let Some(written) = text.get(span) else { return };
        let kind = kind_of(token);
        if matches!(kind, Token::Sconst | Token::Usconst) {
            let is_path = BY_PATH_OPERATORS.contains(&last);
            match literal(written) {
                Some(value) => {
                    note_compared(&value, depth + 1, into);
                    into.extend(is_path.then(|| path_keys(&value)).into_iter().flatten());
                }
                None => into.extend(is_path.then(String::new)),
            }
        }
        if !matches!(kind, Token::SqlComment | Token::CComment) && written != "(" {
            last = written;
        }
    });
}

fn note_keys(text: &str, depth: usize, into: &mut BTreeSet<String>) {
    if DEPTH_MAX < depth || !takes_by_keys(text) {
        return;
    }
    let (mut last, mut by_function, mut by_path, mut makes) = ("", false, false, false);
    // Within brackets that are no array's, or those of one that a key is.
    let (mut in_list, mut is_path) = (false, false);
    scan(text, |token, span, _| {
        let Some(written) = text.get(span) else { return };
        let kind = kind_of(token);
        let word = written.trim_matches('"');
        let begins = |begin: &str| word.get(..begin.len()).is_some_and(|own| own.eq_ignore_ascii_case(begin));
        by_function |= BY_KEYS.iter().any(|name| word.eq_ignore_ascii_case(name));
        by_path |= BY_PATHS.iter().any(|begin| begins(begin));
        match written {
            "[" => in_list = !last.eq_ignore_ascii_case("array") || is_path,
            "]" => in_list = false,
            _ if kind == Token::Array => is_path = by_function || TAKING.contains(&last),
            _ => {}
        }
        match kind {
            Token::Sconst | Token::Usconst => {
                let is_key = by_path
                    || TAKING.contains(&last)
                    || in_list && matches!(last, "," | "[")
                    || by_function && last == ",";
                match literal(written) {
                    Some(value) => {
                        note_keys(&value, depth + 1, into);
                        into.extend(is_key.then(|| path_keys(&value)).into_iter().flatten());
                    }
                    None => into.extend(is_key.then(String::new)),
                }
            }
            _ if makes && written.starts_with(|letter: char| letter.is_alphabetic() || letter == '"') => {
                into.insert(written.trim_matches('"').replace("\"\"", "\""));
            }
            _ => {}
        }
        makes |= makes_columns(word);
        if !matches!(kind, Token::SqlComment | Token::CComment) && written != "(" {
            last = written;
        }
    });
}

/// What a constant says; `None` where that takes more than to look at it.
fn literal(written: &str) -> Option<Cow<'_, str>> {
    if let Some(inner) = written.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\'')) {
        return Some(match inner.contains("''") {
            true => Cow::Owned(inner.replace("''", "'")),
            false => Cow::Borrowed(inner),
        });
    }
    if let Some(rest) = written.strip_prefix('$') {
        let (tag, rest) = rest.split_once('$')?;
        return rest.strip_suffix('$')?.strip_suffix(tag)?.strip_suffix('$').map(Cow::Borrowed);
    }
    let inner = written.strip_prefix(['e', 'E'])?.strip_prefix('\'')?.strip_suffix('\'')?;
    (!inner.contains(['\\', '\''])).then_some(Cow::Borrowed(inner))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(text: &str) -> Vec<String> {
        constant_keys(text).into_iter().collect()
    }

    #[test]
    fn constants_by_which_something_is_taken_out_are_keys() {
        for (text, expected) in [
            ("select data->>'plan' from t where name = 'x'", &["plan"][..]),
            ("select data->'a'->>'b', data #>> '{c,\"d e\"}' from t", &["a", "b", "c", "d e"]),
            ("select data #>> array['a', 'b']", &["a", "b"]),
            ("select data['a']['b'] from t", &["a", "b"]),
            ("select jsonb_extract_path_text(data, 'a', 'b') from t", &["a", "b"]),
            ("select data->>('a') from t", &["a"]),
            ("select jsonb_path_query(data, '$.items[*].\"first name\"') from t", &["first name", "items"]),
            ("select x.a from t, jsonb_to_record(data) x(a text, \"B\" text)", &["B", "a"]),
            ("do $x$begin raise notice '%', r.data->>'a'; end$x$", &["a"]),
            ("do 'begin execute ''select data->>''''a'''' from t''; end'", &["a"]),
            ("select data->>E'a\\x62' from t", &[""]),
            ("select data->>U&'a' from t", &[""]),
            ("select data->>key from t where note = 'ssn'", &[]),
            ("select note from t where note = 'ssn'", &[]),
            ("select note from t where data @? '$.ssn'", &[]),
            ("select note from t where note = any (array['ssn', 'iban']) and b = E'a\\\\'", &[]),
        ] {
            let found = keys(text);
            let missing: Vec<_> = expected.iter().filter(|key| !found.iter().any(|it| it == *key)).collect();
            assert!(missing.is_empty() && (expected.is_empty() == found.is_empty()), "{text}: {found:?}");
        }
    }

    #[test]
    fn paths_that_are_looked_for_have_keys() {
        for (text, expected) in [
            ("select note from t where data @? '$.ssn'", Some("ssn")),
            ("select data @@ ('$.a.\"first name\" starts with \"Z\"') from t", Some("first name")),
            ("do $x$begin perform 1 from t where data @? '$.ssn'; end$x$", Some("ssn")),
            ("select note from t where data @? E'$.\\x73sn'", Some("")),
            ("select note from t where note = '$.ssn'", None),
        ] {
            let keys = compared_keys(text);
            assert!(expected.is_none_or(|key| keys.contains(key)), "{text}: {keys:?}");
            assert_eq!(expected.is_none(), keys.is_empty(), "{text}: {keys:?}");
        }
    }
}
