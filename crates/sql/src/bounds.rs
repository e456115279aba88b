//! What is refused before it is parsed, because parsing it would take too long.

use crate::facts::Unreadable;

/// Longest text that is read, in bytes.
pub const STATEMENT_BYTES_MAX: usize = 1 << 20;

/// Longest run of operator characters outside quotes, in bytes. PostgreSQL's scanner takes quadratic time over
/// them: 16 kB take a second, this many some milliseconds (measured on libpg_query 18).
pub const OPERATOR_RUN_BYTES_MAX: usize = 1_000;

/// The same inside what looks like quotes. Whether it truly is quoted only the scanner knows, so that this bound
/// is wider but not open.
const QUOTED_RUN_BYTES_MAX: usize = 8_000;

/// Checks length and runs of operator characters.
pub(crate) fn check(text: &str) -> Result<(), Unreadable> {
    if STATEMENT_BYTES_MAX < text.len() {
        return Err(Unreadable::TooLong { len: text.len(), limit: STATEMENT_BYTES_MAX });
    }
    let (mut run, mut quoted) = (0, false);
    for byte in text.bytes() {
        match byte {
            0 => return Err(Unreadable::Nul),
            b'\'' => {
                quoted = !quoted;
                run = 0;
            }
            b'+' | b'-' | b'*' | b'/' | b'<' | b'>' | b'=' | b'~' | b'!' | b'@' | b'#' | b'%' | b'^'
            | b'&' | b'|' | b'`' | b'?' => run += 1,
            _ => run = 0,
        }
        let limit = if quoted { QUOTED_RUN_BYTES_MAX } else { OPERATOR_RUN_BYTES_MAX };
        if limit < run {
            return Err(Unreadable::OperatorRun { limit });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_runs_are_refused_unless_they_look_like_data() {
        let run = "+".repeat(OPERATOR_RUN_BYTES_MAX + 1);
        assert!(check(&format!("select 1 {run} 2")).is_err());
        assert_eq!(check(&format!("select '{run}'")), Ok(()));
        assert!(check(&format!("select E'\\'{}", "/*".repeat(QUOTED_RUN_BYTES_MAX))).is_err());
    }
}
