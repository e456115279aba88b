//! What is refused before it is parsed, or right after, because to go on would take too long or too much memory.

use crate::facts::Unreadable;

/// Longest text that is read, in bytes.
pub const STATEMENT_BYTES_MAX: usize = 16 << 20;

/// Most tokens of a text that is read. What its tree takes is not in its bytes: a million of `1,` take a gigabyte, and
/// one string of as many bytes next to nothing.
pub const STATEMENT_TOKENS_MAX: usize = 1 << 20;

/// Most statements of a text. Each is judged and recorded before the first is sent, on the thread of its session, where others wait for as
/// long: this many `SELECT 1` take some two thirds of a second.
pub const STATEMENTS_MAX: usize = 10_000;

/// Deepest tree of a text that is read, in levels of pg_query's messages: each operator of a chain (`1 + 1 + 1`) is two. It is pg_query's
/// own bound (pg_query_internal.h, `PG_QUERY_PROTOBUF_MAX_DEPTH`), and threads that read have the stack for it.
pub const STATEMENT_DEPTH_MAX: usize = 10_000;

/// Longest run of operator characters outside quotes, in bytes. PostgreSQL's scanner takes quadratic time over
/// them: 16 kB take a second, this many some milliseconds (measured on libpg_query 18).
pub const OPERATOR_RUN_BYTES_MAX: usize = 1_000;

/// The same inside what looks like quotes where only the scanner knows whether it truly is quoted, so that this bound
/// is wider but not open. What certainly is has none: base64 of a white picture is one run.
const QUOTED_RUN_BYTES_MAX: usize = 8_000;

/// Checks length, tokens and runs of operator characters.
pub(crate) fn check(text: &str) -> Result<(), Unreadable> {
    if STATEMENT_BYTES_MAX < text.len() {
        return Err(Unreadable::TooLong { len: text.len(), limit: STATEMENT_BYTES_MAX });
    }
    // There are not more tokens than bytes.
    if STATEMENT_TOKENS_MAX < text.len() && STATEMENT_TOKENS_MAX < tokens(text.as_bytes()) {
        return Err(Unreadable::TooManyTokens { limit: STATEMENT_TOKENS_MAX });
    }
    let (mut run, mut quoted) = (0, false);
    for byte in text.bytes() {
        match byte {
            0 => return Err(Unreadable::Nul),
            b'\'' => {
                quoted = !quoted;
                run = 0;
            }
            byte if is_operator(byte) => run += 1,
            _ => run = 0,
        }
        let limit = if quoted { QUOTED_RUN_BYTES_MAX } else { OPERATOR_RUN_BYTES_MAX };
        if limit < run {
            return match runs_are_short(text.as_bytes()) {
                false => Err(Unreadable::OperatorRun { limit }),
                true if text.as_bytes().contains(&0) => Err(Unreadable::Nul),
                true => Ok(()),
            };
        }
    }
    Ok(())
}

/// Checks how many statements a text has.
pub(crate) fn check_statements(statements: usize) -> Result<(), Unreadable> {
    match statements {
        0..=STATEMENTS_MAX => Ok(()),
        _ => Err(Unreadable::TooManyStatements { statements, limit: STATEMENTS_MAX }),
    }
}

/// Whether it is certain what is quoted, and no run outside of that is too long.
fn runs_are_short(text: &[u8]) -> bool {
    let (mut run, mut quote) = (0, None);
    let is_short = |byte: &u8| {
        match quote {
            Some(mark) if mark == *byte => quote = None,
            Some(_) => return true,
            None if matches!(byte, b'\'' | b'"') => quote = Some(*byte),
            None => {}
        }
        run = if is_operator(*byte) { run + 1 } else { 0 };
        run <= OPERATOR_RUN_BYTES_MAX
    };
    has_plain_quotes(text) && text.iter().all(is_short)
}

/// Whether quotes are what they look like: there are no escapes, comments or dollars, which only the scanner understands.
fn has_plain_quotes(text: &[u8]) -> bool {
    !text.iter().any(|byte| matches!(byte, b'\\' | b'$'))
        && !text.windows(2).any(|pair| matches!(pair, b"--" | b"/*"))
}

fn is_operator(byte: u8) -> bool {
    b"+-*/<>=~!@#%^&|`?".contains(&byte)
}

/// At least as many tokens as PostgreSQL's scanner finds. What is quoted is one, where it is certain what is: not
/// where there are escapes, comments or dollars, which only the scanner understands.
fn tokens(text: &[u8]) -> usize {
    let is_plain = has_plain_quotes(text);
    let (mut tokens, mut in_word, mut quote) = (0, false, None);
    for byte in text {
        match quote {
            Some(mark) if mark == *byte => quote = None,
            Some(_) => continue,
            None if is_plain && matches!(byte, b'\'' | b'"') => quote = Some(*byte),
            None => {}
        }
        let is_word = byte.is_ascii_alphanumeric() || *byte == b'_' || !byte.is_ascii();
        tokens += usize::from(is_word && !in_word || byte.is_ascii_punctuation() && *byte != b'_');
        in_word = is_word;
    }
    tokens
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_quoted_is_hardly_counted_unless_it_may_not_be() {
        let words = "some words and, here; a sign ".repeat(STATEMENT_TOKENS_MAX / 28);
        assert_eq!(tokens(b"select 'it''s', \"a b c\", ab_1+2.5"), 14);
        assert_eq!(check(&format!("select '{words}'")), Ok(()));
        let ids = |count| format!("select 1 where id in ({})", "1234567, ".repeat(count));
        assert_eq!(check(&ids(STATEMENT_TOKENS_MAX / 2 - 10)), Ok(()));
        let too_many = Err(Unreadable::TooManyTokens { limit: STATEMENT_TOKENS_MAX });
        assert_eq!(check(&ids(STATEMENT_TOKENS_MAX / 2 + 1)), too_many);
        // A quote that is none for the scanner hides nothing.
        for disguise in ["E'\\'", "$$'$$", "--'\n", "/*'*/"] {
            assert_eq!(check(&format!("select {disguise} {}", "1,".repeat(STATEMENT_TOKENS_MAX))), too_many);
        }
    }

    #[test]
    fn long_runs_are_refused_unless_they_look_like_data() {
        let run = "+".repeat(OPERATOR_RUN_BYTES_MAX + 1);
        assert!(check(&format!("select 1 {run} 2")).is_err());
        assert_eq!(check(&format!("select '{run}'")), Ok(()));
        assert!(check(&format!("select E'\\'{}", "/*".repeat(QUOTED_RUN_BYTES_MAX))).is_err());
        let picture = format!("insert into img values ('Qk3{}', \"it's\")", "/".repeat(1 << 20));
        assert_eq!(check(&picture), Ok(()));
        assert!(check(&format!("{picture} {run}")).is_err());
        assert_eq!(check(&format!("{picture}\0")), Err(Unreadable::Nul));
        for disguise in ["E'\\'", "$$'$$", "--'\n", "/*'*/"] {
            assert!(check(&format!("select {disguise} {}", "+".repeat(QUOTED_RUN_BYTES_MAX + 1))).is_err());
        }
    }
}
