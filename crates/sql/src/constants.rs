//! A text without its constants, so that people can be shown what was done and not with which values.

use pg_query::protobuf::Token;

use crate::bounds;

/// What stands in place of a constant.
const CONSTANT: &str = "?";

/// Tokens that carry a value (scan.l): strings of all kinds, dollar-quoted bodies among them, and numbers.
const CONSTANTS: [Token; 6] =
    [Token::Bconst, Token::Fconst, Token::Iconst, Token::Sconst, Token::Usconst, Token::Xconst];

/// `text` in one line, with `?` in place of each constant, and without its comments. `None` where PostgreSQL's scanner does not
/// take it.
pub fn without_constants(text: &str) -> Option<String> {
    bounds::check(text).ok()?;
    if text.trim().is_empty() {
        return Some(String::new());
    }
    let mut shown = String::with_capacity(text.len());
    let mut behind = 0;
    for token in pg_query::scan(text).ok()?.tokens {
        let (start, end) = (usize::try_from(token.start).ok()?, usize::try_from(token.end).ok()?);
        let is = |kind: &Token| token.token == *kind as i32;
        if is(&Token::SqlComment) || is(&Token::CComment) {
            continue;
        }
        if behind < start && !shown.is_empty() {
            shown.push(' ');
        }
        match CONSTANTS.iter().any(is) {
            true => shown.push_str(CONSTANT),
            false => shown.push_str(text.get(start..end)?),
        }
        behind = end;
    }
    Some(shown)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_constant_and_no_comment_is_left() {
        for (text, shown) in [
            ("SELECT  *\n FROM users WHERE id = 4711", "SELECT * FROM users WHERE id = ?"),
            ("select 'a''b', E'c\\'d', U&'e', B'1', X'ff', N'g'", "select ?, ?, ?, ?, ?, N?"),
            ("select 1.5, 1e9, 0x1F, 1_000, -7, $1", "select ?, ?, ?, ?, -?, $1"),
            ("select 'a'\n'b'::text", "select ?::text"),
            ("do $x$ begin perform 'secret'; end $x$", "do ?"),
            ("/* secret */ select 1 -- secret\n;", "select ? ;"),
            ("select/**/\"a b\"", "select \"a b\""),
            ("select 1--secret", "select ?"),
            ("insert into t values (1,'secret') ", "insert into t values (?,?)"),
            ("alter role a password 'secret'", "alter role a password ?"),
            (" \n", ""),
            ("-- secret", ""),
            ("select 'ä', ä", "select ?, ä"),
        ] {
            assert_eq!(without_constants(text).as_deref(), Some(shown), "{text}");
        }
    }

    #[test]
    fn what_the_scanner_does_not_take_is_not_shown() {
        for text in ["select 'secret", "select \"secret", "select $x$ secret", "/* secret", "select 1\0'"] {
            assert_eq!(without_constants(text), None, "{text}");
        }
    }
}
