//! Takes the literals out of a text, so that texts that differ in nothing else are read once.
//!
//! INVARIANT: two texts with the same skeleton are the same tokens to PostgreSQL's scanner (scan.l), but for the values
//! of integers of at most nine digits (`ICONST` either way) and of plain strings (`SCONST`). Whatever could make a quote or
//! a digit mean something else ends the attempt: the text is then read for itself.

/// Digits of an integer that always fits PostgreSQL's `int4`: a longer one could be another kind of token.
const DIGITS_MAX: usize = 9;

/// Stands before a letter that says which kind of literal was there. No text that can be read holds it.
const MARK: u8 = 0;

/// Writes the skeleton of `text` to `skeleton`. `false`: this text has none, or no literals to take out.
pub fn skeleton(text: &[u8], skeleton: &mut Vec<u8>) -> bool {
    skeleton.clear();
    let mut found = false;
    let mut rest = text;
    // The byte before `rest`; a blank before everything.
    let mut before = b' ';
    while let Some((&byte, after)) = rest.split_first() {
        match byte {
            // Dollar quotes and parameters, escapes, NUL, and bytes of which an encoding decides what they mean.
            b'$' | b'\\' | MARK | 0x80.. => return false,
            b'-' if before == b'-' => return false,
            b'*' if before == b'/' => return false,
            b'\'' => {
                // `E'…'`, `U&'…'`, `B'…'` and the like, and strings that are glued together.
                if is_word(before) || matches!(before, b'&' | b'\'' | b'"') {
                    return false;
                }
                let Some(len) = quoted_len(after, b'\'') else { return false };
                let Some(behind) = after.get(len..) else { return false };
                skeleton.extend_from_slice(&[MARK, b's']);
                found = true;
                (before, rest) = (b'\'', behind);
                continue;
            }
            b'"' => {
                if is_word(before) || matches!(before, b'&' | b'\'' | b'"') {
                    return false;
                }
                let Some(len) = quoted_len(after, b'"') else { return false };
                let (Some(own), Some(behind)) = (rest.get(..len + 1), after.get(len..)) else { return false };
                skeleton.extend_from_slice(own);
                (before, rest) = (b'"', behind);
                continue;
            }
            b'0'..=b'9' if !is_word(before) && !matches!(before, b'.' | b'\'' | b'"') => {
                let len = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
                let next = rest.get(len).copied().unwrap_or(b' ');
                let (Some(own), Some(behind)) = (rest.get(..len), rest.get(len..)) else { return false };
                if len <= DIGITS_MAX && !is_word(next) && !matches!(next, b'.' | b'\'' | b'"' | b'$' | 0x80..)
                {
                    skeleton.extend_from_slice(&[MARK, b'i']);
                    found = true;
                } else {
                    skeleton.extend_from_slice(own);
                }
                (before, rest) = (b'0', behind);
                continue;
            }
            _ => skeleton.push(byte),
        }
        (before, rest) = (byte, after);
    }
    found
}

/// What can be part of a name or a number.
fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// Bytes up to and with the quote that ends what began before `text`; a doubled quote does not. `None` where none does,
/// and where a byte could mean something else.
fn quoted_len(text: &[u8], quote: u8) -> Option<usize> {
    let mut at = 0;
    loop {
        let byte = *text.get(at)?;
        if matches!(byte, b'\\' | MARK | 0x80..) {
            return None;
        }
        at += 1;
        if byte == quote {
            if text.get(at) != Some(&quote) {
                return Some(at);
            }
            at += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn shown(text: &str) -> Option<String> {
        let mut out = Vec::new();
        skeleton(text.as_bytes(), &mut out).then(|| String::from_utf8(out).unwrap().replace('\0', "?"))
    }

    #[test]
    fn literals_are_taken_out_and_nothing_else() {
        let same = |text: &str, skeleton: &str| assert_eq!(shown(text).as_deref(), Some(skeleton), "{text}");
        same("SELECT a FROM t WHERE aid = 17;", "SELECT a FROM t WHERE aid = ?i;");
        same("select 'it''s', 1", "select ?s, ?i");
        same("select '-- no comment /* $$ '", "select ?s");
        same("select t1.c2, 3 from \"4''5\" t1", "select t1.c2, ?i from \"4''5\" t1");
        same("select 1.5, 12345678901, 1e5, 0x1F, 2", "select 1.5, 12345678901, 1e5, 0x1F, ?i");
        same("select -5-3", "select -?i-?i");
        for none in [
            "select a",
            "select $1, 5",
            "select $$x$$, 5",
            "select E'\\'', 5",
            "select U&'x', 5",
            "select n'x'",
            "select 1 -- 2",
            "select 1 /* 2 */",
            "select 'a' || 'é'",
            "select 'open",
            "select \"open, 1",
            "select 'a''",
            "select 'a\\', 1",
            "select 'a'\"b\"",
        ] {
            assert_eq!(shown(none), None, "{none}");
        }
    }

    /// Pieces that scanners trip over, in any order.
    fn pieces() -> impl Strategy<Value = Vec<(&'static str, &'static str)>> {
        let same = |text| Just((text, text));
        let piece = prop_oneof![
            Just(("1", "987654321")),
            Just(("'x'", "'; drop table users; --'")),
            Just(("'/*'", "'''*/'")),
            Just(("'$$'", "''")),
            same("select"),
            same(" "),
            same(","),
            same("\n"),
            same("-"),
            same("/"),
            same("*"),
            same("+"),
            same("."),
            same("E"),
            same("U&"),
            same("\""),
            same("'"),
            same("$"),
            same("$1"),
            same("x"),
            same("_"),
            same(";"),
            same("("),
            same(")"),
            same("::"),
            same(":"),
            same("="),
            same("0x"),
            same("e"),
            same("b"),
            same("@"),
            same("from t"),
            same("where"),
            same("in"),
            same("--"),
            same("/*"),
            same("*/"),
            same("\\"),
        ];
        prop::collection::vec(piece, 1..14)
    }

    /// Kinds of tokens with the text of those that are no literals, as PostgreSQL's scanner sees them.
    fn tokens(text: &str) -> Option<Vec<(i32, String)>> {
        let scanned = pg_query::scan(text).ok()?;
        let token = |token: &pg_query::protobuf::ScanToken| {
            let own = &text[usize::try_from(token.start).unwrap()..usize::try_from(token.end).unwrap()];
            let kind = pg_query::protobuf::Token::try_from(token.token).unwrap();
            let is_literal =
                matches!(kind, pg_query::protobuf::Token::Iconst | pg_query::protobuf::Token::Sconst);
            (token.token, if is_literal { String::new() } else { own.to_owned() })
        };
        Some(scanned.tokens.iter().map(token).collect())
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 4_096, ..ProptestConfig::default() })]

        #[test]
        fn texts_with_one_skeleton_are_the_same_tokens(pieces in pieces()) {
            let one: String = pieces.iter().map(|piece| piece.0).collect();
            let two: String = pieces.iter().map(|piece| piece.1).collect();
            let (mut left, mut right) = (Vec::new(), Vec::new());
            if skeleton(one.as_bytes(), &mut left) && skeleton(two.as_bytes(), &mut right) && left == right {
                prop_assert_eq!(tokens(&one), tokens(&two), "{} | {}", one, two);
            }
        }

        #[test]
        fn no_bytes_panic(text: Vec<u8>) {
            let _ = skeleton(&text, &mut Vec::new());
        }
    }
}
