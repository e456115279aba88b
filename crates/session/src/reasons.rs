//! Why the person who sends a statement says that it should run, for whoever must approve it: a comment in front of it, or the
//! setting `picket.reason`.
//!
//! Where nobody can tell what the setting is, none is given.

use sql::Statement;
use sql::facts::Setting;

use crate::following::{Becomes, Change, Followed};

/// The setting.
pub const SETTING: &str = "picket.reason";

/// What a comment that gives a reason begins with, in letters of any size.
const WORD: &str = "reason:";

/// Letters of a reason that are kept.
const LETTERS_MAX: usize = 1_000;

/// The reason that a session gives for what it sends, as far as its setting says it.
#[derive(Debug, Default)]
pub(crate) struct Reasons(pub(crate) Followed);

/// What a statement does to it, if anything.
pub(crate) fn change(statement: &Statement) -> Option<Change> {
    let is_reason = |setting: &&Setting| setting.is_reset_all || setting.name.as_deref() == Some(SETTING);
    let Setting { value, is_reset, is_reset_all, is_local, .. } =
        statement.settings.iter().rfind(is_reason)?;
    let value = match value {
        _ if *is_reset || *is_reset_all => Becomes::First,
        Some(value) => Becomes::Given(bounded(value).into()),
        None => Becomes::Unknown,
    };
    Some(Change { value, is_local: *is_local })
}

impl Reasons {
    /// Those of a session that begins with this one.
    pub(crate) fn beginning(first: &str) -> Self {
        Reasons(Followed::beginning(bounded(first).into()))
    }

    /// The reason for a statement that this begins, comments and all, in a string with that text; empty where none is given.
    pub(crate) fn of(&self, front: &str, whole: &str) -> String {
        let said = comment(front).or_else(|| comment(whole)).map(|comment| bounded(comment.reason));
        said.or_else(|| self.0.now().map(|now| bounded(now))).unwrap_or_default()
    }
}

/// A text without the comment in front of it that gives a reason.
pub fn without_reason(text: &str) -> String {
    match comment(text) {
        Some(Comment { before, behind, .. }) => format!("{before} {behind}").trim().to_owned(),
        None => text.trim().to_owned(),
    }
}

/// A comment that gives a reason.
struct Comment<'a> {
    before: &'a str,
    reason: &'a str,
    behind: &'a str,
}

/// The first one in front of all that is no comment. Nothing within the statement is one.
fn comment(text: &str) -> Option<Comment<'_>> {
    // What PostgreSQL takes for blanks (scan.l).
    let is_blank = |letter: char| matches!(letter, ' ' | '\t' | '\n' | '\r' | '\u{b}' | '\u{c}');
    let mut rest = text.trim_start_matches(is_blank);
    loop {
        let before = text.get(..text.len() - rest.len())?;
        let (body, behind) = match rest.strip_prefix("--") {
            Some(line) => line.split_at(line.find(['\n', '\r']).unwrap_or(line.len())),
            None => block(rest)?,
        };
        let body = body.trim();
        if body.get(..WORD.len()).is_some_and(|word| word.eq_ignore_ascii_case(WORD)) {
            let reason = body.get(WORD.len()..)?.trim();
            return is_said(reason).then_some(Comment { before, reason, behind });
        }
        rest = behind.trim_start_matches(is_blank);
    }
}

/// What is within the block comment that the text begins with, and what is behind it. They nest.
fn block(text: &str) -> Option<(&str, &str)> {
    let inner = text.strip_prefix("/*")?;
    let (mut depth, mut at) = (1_usize, 0);
    while let Some(rest) = inner.get(at..) {
        let next = rest.find(['*', '/'])?;
        let two = inner.get(at + next..)?;
        if two.starts_with("/*") {
            depth += 1;
            at += next + 2;
        } else if two.starts_with("*/") {
            depth -= 1;
            if depth == 0 {
                return Some((inner.get(..at + next)?, two.get(2..)?));
            }
            at += next + 2;
        } else {
            at += next + 1;
        }
    }
    None
}

/// Whether there is something to read: letters that look like nothing are no reason.
fn is_said(reason: &str) -> bool {
    // Alphabetic to Unicode, and blank: the fillers of Hangul.
    let is_blank = |letter: char| matches!(letter, '\u{115f}' | '\u{1160}' | '\u{3164}' | '\u{ffa0}');
    reason.chars().any(|letter| letter.is_alphanumeric() && !is_blank(letter))
}

/// As much of a reason as is kept; nothing where it says nothing.
fn bounded(reason: &str) -> String {
    let reason: String = reason.trim().chars().take(LETTERS_MAX).collect();
    if is_said(&reason) { reason } else { String::new() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(text: &str) -> String {
        Reasons::default().of(text, text)
    }

    #[test]
    fn a_comment_in_front_of_all_else_gives_a_reason() {
        for text in [
            "/* reason: ticket 4711 */ DELETE FROM orders",
            "-- Reason:ticket 4711\nDELETE FROM orders",
            "-- reason: ticket 4711\rDELETE FROM orders",
            " \n/* job 1 */ -- two\n /*REASON: ticket 4711*/DELETE FROM orders",
            "/*+ SeqScan(orders) */ /* reason: ticket 4711 */ DELETE FROM orders",
            "/* reason: ticket 4711 */",
        ] {
            assert_eq!(said(text), "ticket 4711", "{text}");
        }
        assert_eq!(said("/* reason: a /* b */ c */ SELECT 1"), "a /* b */ c");
    }

    #[test]
    fn nothing_within_a_statement_does() {
        for text in [
            "",
            "SELECT '/* reason: x */'",
            "'/* reason: x */'",
            "DELETE /* reason: x */ FROM orders",
            "DELETE FROM orders /* reason: x */",
            "; /* reason: x */ DELETE FROM orders",
            "/* no reason: x */ SELECT 1",
            "/* /* reason: x */ */ SELECT 1",
            "/* reason: x",
            "/* open /* reason: x */ SELECT 1",
            "/* reason: */ SELECT 1",
            "/* reason: \u{200b}\u{feff}\u{3164} - */ SELECT 1",
            "- - reason: x\nSELECT 1",
            "$$\n-- reason: x\n$$",
            "\u{a0}/* reason: x */ SELECT 1",
            "/",
            "/*",
            "/*/",
        ] {
            assert_eq!(said(text), "", "{text}");
        }
    }

    #[test]
    fn the_statements_own_goes_before_that_of_its_string_and_the_setting() {
        let mut reasons = Reasons::beginning("first");
        assert_eq!(reasons.of("SELECT 1", "SELECT 1"), "first");
        reasons.0.changed(&given("second", false));
        assert_eq!(reasons.of("SELECT 1", "BEGIN; SELECT 1"), "second");
        assert_eq!(reasons.of("SELECT 1", "/* reason: all */ BEGIN; SELECT 1"), "all");
        assert_eq!(reasons.of("/* reason: one */ SELECT 1", "/* reason: all */ BEGIN; …"), "one");
        assert_eq!(
            reasons.of(&format!("/* reason: {} */", "é".repeat(5_000)), "").chars().count(),
            LETTERS_MAX
        );
    }

    #[test]
    fn a_text_is_the_same_with_another_reason() {
        let plain = "DELETE FROM orders WHERE id = 1";
        assert_eq!(without_reason(plain), plain);
        assert_eq!(without_reason(&format!("/* reason: a */ {plain}")), plain);
        assert_eq!(
            without_reason(&format!("/*+ hint */ -- reason: a\n{plain}")),
            format!("/*+ hint */  \n{plain}")
        );
        assert_ne!(without_reason(&format!("/*+ hint */ {plain}")), plain);
    }

    fn given(value: &str, is_local: bool) -> Change {
        Change { value: Becomes::Given(value.into()), is_local }
    }

    fn now(reasons: &Reasons) -> &str {
        reasons.0.now().map_or("none", |now| now)
    }

    #[test]
    fn the_setting_ends_with_its_transaction_as_postgresql_has_it() {
        let mut reasons = Reasons::beginning("first");
        // Committed, with one that is local.
        reasons.0.changed(&given("a", false));
        reasons.0.changed(&given("b", true));
        assert_eq!(now(&reasons), "b");
        reasons.0.committed();
        reasons.0.transaction_is_over();
        assert_eq!(now(&reasons), "a");
        // Rolled back, or failed.
        reasons.0.changed(&given("c", false));
        reasons.0.undone();
        assert_eq!(now(&reasons), "none");
        reasons.0.transaction_is_over();
        assert_eq!(now(&reasons), "a");
        // Rolled back to a savepoint: nobody can tell, until it is set anew.
        reasons.0.changed(&given("d", false));
        reasons.0.undone();
        reasons.0.committed();
        assert_eq!(now(&reasons), "none");
        reasons.0.changed(&given("e", false));
        reasons.0.transaction_is_over();
        // A rollback of something else takes nothing away.
        reasons.0.undone();
        reasons.0.transaction_is_over();
        assert_eq!(now(&reasons), "e");
        // Two transactions in one string, of which the second is rolled back.
        reasons.0.changed(&given("f", false));
        reasons.0.committed();
        reasons.0.changed(&given("g", true));
        reasons.0.undone();
        reasons.0.transaction_is_over();
        assert_eq!(now(&reasons), "f");
        reasons.0.changed(&Change { value: Becomes::Unknown, is_local: false });
        assert_eq!(now(&reasons), "none");
        reasons.0.changed(&Change { value: Becomes::First, is_local: false });
        reasons.0.transaction_is_over();
        assert_eq!(now(&reasons), "first");
    }

    #[test]
    fn statements_change_it_that_name_it_and_no_others() {
        let changed = |text: &str| {
            let facts = sql::read(text.as_bytes()).unwrap();
            change(&facts.statements[0]).map(|change| {
                let value = match change.value {
                    Becomes::Given(reason) => reason.to_string(),
                    Becomes::First => "(first)".to_owned(),
                    Becomes::Unknown => "(unknown)".to_owned(),
                };
                (value, change.is_local)
            })
        };
        for (text, value, is_local) in [
            ("SET picket.reason = 'it''s 4711'", "it's 4711", false),
            ("SET SESSION Picket.Reason TO 'x'", "x", false),
            ("SET LOCAL picket.reason = E'a\\nb'", "a\nb", true),
            ("SET picket.reason = 4711", "4711", false),
            ("SET picket.reason TO DEFAULT", "(first)", false),
            ("RESET picket.reason", "(first)", false),
            ("RESET ALL", "(first)", false),
            ("DISCARD ALL", "(first)", false),
            ("SELECT set_config('picket.reason', 'x', false)", "x", false),
            ("SELECT pg_catalog.set_config('picket.reason', 'x', true)", "x", true),
            ("SELECT set_config('picket.reason', $1, false)", "(unknown)", false),
            ("SELECT set_config('picket.reason', 'x', $1)", "x", true),
        ] {
            assert_eq!(changed(text), Some((value.to_owned(), is_local)), "{text}");
        }
        for text in [
            "SET application_name = 'picket.reason'",
            "SET \"picket.reasons\" = 'x'",
            "SELECT 'SET picket.reason = 1'",
            "SHOW picket.reason",
            "RESET work_mem",
        ] {
            assert_eq!(changed(text), None, "{text}");
        }
    }
}
