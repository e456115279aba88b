//! Statements within others: what EXPLAIN, PREPARE and DECLARE are about, and what a COPY to the client or a file reads.

use std::borrow::Cow;

/// Options of EXPLAIN that stand without parentheses.
const EXPLAIN_WORDS: [&str; 3] = ["analyse", "analyze", "verbose"];

/// The statement within, as PostgreSQL would take it alone. What is no statement then, nobody compares.
pub(crate) fn within<'t>(kind: &str, text: &'t str) -> Option<Cow<'t, str>> {
    let text = text.trim().trim_end_matches(';');
    match kind {
        "EXPLAIN" => Some(explained(text)?.into()),
        "PREPARE, EXECUTE, DEALLOCATE" => {
            let (head, body) = behind(text, "as")?;
            word(head, "prepare").map(|_| body.into())
        }
        "DECLARE, FETCH, MOVE, CLOSE" => {
            let (head, body) = behind(text, "for")?;
            word(head, "declare").map(|_| body.into())
        }
        "COPY" => copied(text),
        _ => None,
    }
}

fn explained(text: &str) -> Option<&str> {
    let mut rest = word(text, "explain")?;
    if let Some(options) = rest.strip_prefix('(') {
        let (inside, behind) = options.split_once(')')?;
        // It can be the query that begins so.
        if word(inside, "select").is_none() && word(inside, "values").is_none() {
            rest = behind.trim_start();
        }
    }
    while let Some(behind) = EXPLAIN_WORDS.iter().find_map(|option| word(rest, option)) {
        rest = behind;
    }
    Some(rest)
}

/// Its query, or one that reads the columns which it copies.
fn copied(text: &str) -> Option<Cow<'_, str>> {
    let rest = word(text, "copy")?;
    let (what, _) = behind(rest, "to")?;
    let what = what.trim_end();
    if let Some(query) = what.strip_prefix('(') {
        return Some(query.strip_suffix(')')?.into());
    }
    let (table, columns) = match what.split_once('(') {
        Some((table, columns)) => (table, columns.trim_end().strip_suffix(')')?),
        None => (what, "*"),
    };
    Some(format!("SELECT {columns} FROM ONLY {table}").into())
}

/// What is behind a word at the beginning.
fn word<'t>(text: &'t str, word: &str) -> Option<&'t str> {
    let text = text.trim_start();
    let (front, rest) = text.split_at_checked(word.len())?;
    let ends = rest.starts_with(|letter: char| !letter.is_alphanumeric() && letter != '_');
    (front.eq_ignore_ascii_case(word) && ends).then(|| rest.trim_start())
}

/// What is in front of the first such word that stands by itself outside of parentheses and quotes, and behind it.
fn behind<'t>(text: &'t str, separator: &str) -> Option<(&'t str, &'t str)> {
    let (mut depth, mut quoted) = (0_u32, None);
    let mut before = ' ';
    for (at, letter) in text.char_indices() {
        match (quoted, letter) {
            (Some(quote), _) if quote == letter => quoted = None,
            (Some(_), _) => {}
            (None, '\'' | '"') => quoted = Some(letter),
            (None, '(') => depth += 1,
            (None, ')') => depth = depth.saturating_sub(1),
            (None, _) if depth == 0 && (before.is_whitespace() || before == ')') => {
                if let (Some(front), Some(found)) =
                    (text.get(..at), text.get(at..).and_then(|rest| word(rest, separator)))
                {
                    return Some((front, found));
                }
            }
            (None, _) => {}
        }
        before = letter;
    }
    None
}

#[test]
fn statements_within_are_found() {
    for (kind, text, found) in [
        ("EXPLAIN", "explain (analyze, costs off) select 1;", "select 1"),
        ("EXPLAIN", "EXPLAIN (SELECT 1)", "(SELECT 1)"),
        ("EXPLAIN", "EXPLAIN ANALYZE VERBOSE DELETE FROM t", "DELETE FROM t"),
        ("PREPARE, EXECUTE, DEALLOCATE", "PREPARE p(int) AS SELECT 1 AS x", "SELECT 1 AS x"),
        ("DECLARE, FETCH, MOVE, CLOSE", "declare \"for\" scroll cursor with hold for select 1", "select 1"),
        ("COPY", "COPY (SELECT 'to' FROM t) TO STDOUT", "SELECT 'to' FROM t"),
        ("COPY", "copy t (a, b) to stdout with (format csv)", "SELECT a, b FROM ONLY t "),
        ("COPY", "COPY t TO STDOUT", "SELECT * FROM ONLY t"),
    ] {
        assert_eq!(within(kind, text).as_deref(), Some(found), "{text}");
    }
    for (kind, text) in
        [("PREPARE, EXECUTE, DEALLOCATE", "EXECUTE p"), ("COPY", "COPY t FROM STDIN"), ("SELECT", "SELECT 1")]
    {
        assert_eq!(within(kind, text), None, "{text}");
    }
}
