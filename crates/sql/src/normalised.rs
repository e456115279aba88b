//! A statement's text as all have it that differ in literals only: `$1`, `$2` … in their place, as `pg_stat_statements` writes it, in one
//! line and without comments. Nobody's value is in it.

use crate::values::{Site, SiteKind, Values, said};

/// Longest text that is kept, in bytes.
const NORMALISED_BYTES_MAX: usize = 4_096;

/// What ends one that is longer.
const CUT: &str = " ...";

/// The statement whose own text is `own`, without names that are somebody's value by their form; empty where nobody knows where its values
/// stand.
pub fn normalised(own: &str, values: Option<&Values>, is_somebodys: impl Fn(&str) -> bool) -> String {
    let Some(values) = values else { return String::new() };
    let mut text = Text { written: String::with_capacity(own.len().min(NORMALISED_BYTES_MAX)), ends: false };
    // Behind those that the statement has itself.
    let mut number = values.parameters.iter().map(|(number, _)| *number).max().unwrap_or_default();
    let mut from = 0;
    for Site { span, kind, tie: _ } in &values.sites {
        text.plain(own.get(from..span.start).unwrap_or_default());
        if NORMALISED_BYTES_MAX < text.written.len() {
            break;
        }
        let written = own.get(span.clone()).unwrap_or_default();
        match kind {
            SiteKind::Comment => text.plain(" "),
            SiteKind::Name if is_somebodys(&said(written)) => text.word("\"?\""),
            SiteKind::Name => text.word(written),
            SiteKind::Body | SiteKind::Number | SiteKind::Text | SiteKind::Word => {
                number += 1;
                text.word(&format!("${number}"));
            }
        }
        from = span.end;
    }
    text.plain(own.get(from..).unwrap_or_default());
    text.finish()
}

struct Text {
    written: String,
    /// A word has ended: a blank stands before the next one.
    ends: bool,
}

impl Text {
    /// What is no literal, with one blank for any number of them.
    fn plain(&mut self, text: &str) {
        for letter in text.chars() {
            if NORMALISED_BYTES_MAX < self.written.len() {
                return;
            }
            match letter.is_ascii_whitespace() {
                true => self.ends = true,
                false => self.word(letter.encode_utf8(&mut [0; 4])),
            }
        }
    }

    fn word(&mut self, word: &str) {
        if std::mem::take(&mut self.ends) && !self.written.is_empty() {
            self.written.push(' ');
        }
        self.written.push_str(word);
    }

    fn finish(mut self) -> String {
        if NORMALISED_BYTES_MAX < self.written.len() {
            let is_end = |at: &usize| self.written.is_char_boundary(*at);
            let end = (0..=NORMALISED_BYTES_MAX - CUT.len()).rev().find(is_end);
            self.written.truncate(end.unwrap_or_default());
            self.written.push_str(CUT);
        }
        self.written
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> String {
        let facts = crate::read(text.as_bytes()).unwrap();
        let [statement] = facts.statements.as_slice() else { panic!("{text}") };
        let is_somebodys = |name: &str| name.contains('@');
        normalised(&text[statement.span.clone()], statement.values.as_deref(), is_somebodys)
    }

    #[test]
    fn no_literal_and_no_comment_is_left() {
        for (text, normalised) in [
            ("SELECT  *\n FROM users WHERE id = 4711", "SELECT * FROM users WHERE id = $1"),
            ("select 'a''b', E'c\\'d', U&'e' uescape '!', B'1', X'ff';", "select $1, $2, $3, $4, $5"),
            (
                "select 1.5, 1e9, 0x1F, -7 from t where a = $2 and b = $1",
                "select $3, $4, $5, -$6 from t where a = $2 and b = $1",
            ),
            ("/* ada@example.org */ select 1 -- ada\n", "select $1"),
            ("select/**/\"a b\",\"ada@example.org\"from t", "select \"a b\",\"?\"from t"),
            ("do $x$ begin perform 'secret'; end $x$", "do $1"),
            ("alter role a password 'secret'", "alter role a password $1"),
            ("insert into t values (1,'secret')", "insert into t values ($1,$2)"),
            ("select a from t limit 10", "select a from t limit $1"),
            ("select 'ä', ä from t", "select $1, ä from t"),
            ("begin", "begin"),
        ] {
            assert_eq!(of(text), normalised, "{text}");
        }
        assert_eq!(normalised("select 'secret", None, |_| false), "");
    }

    #[test]
    fn statements_that_differ_in_literals_have_one_text() {
        assert_eq!(
            of("select id from t where n = 'a' and i = 1"),
            of("select  id from t where n = E'b\\'' and i = 1000 /* x */")
        );
    }

    #[test]
    fn a_long_one_is_cut_where_no_letter_is() {
        let list = vec!["'ä', ä"; 2_000].join(", ");
        let text = of(&format!("select {list} from t"));
        assert!(text.len() <= NORMALISED_BYTES_MAX && text.ends_with(CUT), "{}", text.len());
        assert!(!text.contains('\''));
        let name = "ä".repeat(20);
        let text = of(&format!("select {} from t", vec![name; 2_000].join(", ")));
        assert!(text.len() <= NORMALISED_BYTES_MAX && text.ends_with(CUT), "{}", text.len());
    }
}
