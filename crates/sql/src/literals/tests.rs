//! Skeletons, against PostgreSQL's scanner and against a plain way to make them.

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

/// What decides, and what does not, byte for byte.
fn texts() -> impl Strategy<Value = Vec<u8>> {
    let decides = prop::sample::select(&b"\0\"$'*-/\\&._0123456789\xc3"[..]);
    let byte =
        prop_oneof![6 => decides, 6 => b' '..b'\x7f', 6 => b'0'..=b'9', 3 => Just(b'\''), 1 => any::<u8>()];
    prop::collection::vec(byte, 0..40)
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
    fn runs_are_copied_as_single_bytes_would_be(text in texts(), pieces in pieces()) {
        let pieces: String = pieces.iter().map(|piece| piece.1).collect();
        for text in [text.as_slice(), pieces.as_bytes()] {
            let (mut runs, mut bytes) = (b"left over".to_vec(), Vec::new());
            let has_one = skeleton(text, &mut runs);
            prop_assert_eq!(has_one, plain_skeleton(text, &mut bytes), "{}", text.escape_ascii());
            if has_one {
                prop_assert_eq!(runs, bytes, "{}", text.escape_ascii());
            }
        }
    }

    #[test]
    fn no_bytes_panic(text: Vec<u8>) {
        let _ = skeleton(&text, &mut Vec::new());
    }
}

/// The skeleton, byte by byte.
fn plain_skeleton(text: &[u8], skeleton: &mut Vec<u8>) -> bool {
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
