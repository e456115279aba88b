//! What is recorded of texts, and of those that differ from them in literals.

use std::rc::Rc;
use std::sync::Arc;

use mask::{Comments, Kept, Recording, ValueKey};
use sql::values::{Tie, Tied};
use wire::frontend::Bind;

use crate::recorded::{Recorded, Treat};

fn recording() -> Arc<Recording> {
    let key = ValueKey::new(&[b'k'; 32]).unwrap();
    let (literals, parameters) = (Kept::Hashes(key.clone()), Kept::Hashes(key));
    Arc::new(Recording { literals, parameters, is_strict: true, comments: Comments::Drop })
}

/// Columns `s…` are sensitive, `h…` are not.
fn treat(tie: &Tie) -> Treat {
    match tie {
        Tie::Unknown => Treat::Doubt,
        Tie::Grammar => Treat::Keep,
        Tie::Setting => Treat::Look,
        Tie::Key => Treat::Key,
        Tie::To(all) => {
            let is_sensitive = |tied: &Tied| matches!(tied, Tied::Column(name) if name.starts_with('s'));
            if all.iter().any(is_sensitive) { Treat::Hide } else { Treat::Look }
        }
    }
}

fn recorded(text: &str) -> Recorded {
    recorded_with(text, treat, &recording())
}

fn recorded_with(text: &str, treat: impl Fn(&Tie) -> Treat, recording: &Arc<Recording>) -> Recorded {
    let facts = sql::read(text.as_bytes()).unwrap();
    let [statement] = facts.statements.as_slice() else { panic!("{text}") };
    let own = &text[statement.span.clone()];
    Recorded::of(own, statement.values.as_deref(), facts.hold_for_skeleton(), treat, recording)
}

/// By default, where a statement reaches nothing sensitive.
fn free(text: &str) -> Recorded {
    let recording = Recording { is_strict: false, comments: Comments::Look, ..(*recording()).clone() };
    recorded_with(
        text,
        |tie| if treat(tie) == Treat::Doubt { Treat::Free } else { treat(tie) },
        &Arc::new(recording),
    )
}

/// What is recorded of `other` where `text` was read, hashes as `#`.
fn of_other(text: &str, other: &str) -> String {
    let (mut one, mut two) = (Vec::new(), Vec::new());
    assert!(sql::skeleton(text.as_bytes(), &mut one) && sql::skeleton(other.as_bytes(), &mut two));
    assert_eq!(one, two, "they do not differ in literals alone");
    let (own, values) = recorded(text).own(&Rc::from(other));
    let alone = recorded(other);
    let expected = alone.text.as_deref().unwrap_or(other);
    assert_eq!(
        own.trim_end_matches(';'),
        expected.trim_end_matches(';'),
        "it is recorded as if it was read itself"
    );
    assert_eq!(*values, *alone.values, "{other}");
    let mut shown = own.to_string();
    for value in values {
        shown = shown.replace(&format!("'#{value:016x}'"), "#").replace(&format!("0x{value:016x}"), "#");
    }
    shown
}

#[test]
fn texts_that_differ_in_literals_are_recorded_as_if_each_was_read() {
    let text = "SELECT 'a', 1 FROM t WHERE s = 'b' AND h = 'c' AND s2 = 5 AND h2 = 6 AND f(7.5) LIMIT 8;";
    let other = "SELECT 'xyz', 1234 FROM t WHERE s = 'it''s' AND h = 'open' AND s2 = 42 AND h2 = 4711 AND f(7.5) LIMIT 800;";
    assert_eq!(
        of_other(text, other),
        "SELECT #, # FROM t WHERE s = # AND h = 'open' AND s2 = # AND h2 = 4711 AND f(#) LIMIT 800"
    );
    let mail = "SELECT 'a', 1 FROM t WHERE s = '' AND h = 'ada@example.org' AND s2 = 5 AND h2 = 6 AND f(7.5) LIMIT 8;";
    assert!(of_other(text, mail).contains("s = '' AND h = # AND"));
}

#[test]
fn a_text_that_stays_is_not_copied() {
    let first = recorded("UPDATE t SET h = 5 WHERE h2 = 17");
    assert_eq!(first.text, None);
    let other: Rc<str> = "UPDATE t SET h = 123456 WHERE h2 = 999999".into();
    let (own, values) = first.own(&other);
    assert!(Rc::ptr_eq(&own, &other) && values.is_empty());
    let strings = recorded("SELECT h FROM t WHERE h = 'open'");
    let other: Rc<str> = "SELECT h FROM t WHERE h = 'shipped'".into();
    assert!(Rc::ptr_eq(&strings.own(&other).0, &other));
}

#[test]
fn what_is_no_sql_keeps_words_of_sql_alone() {
    let loose = |text: &str| Recorded::loose(text, true, &recording()).text.unwrap();
    assert_eq!(&*loose("SELEC ada FROM byron WHERE"), "? ? FROM ? WHERE");
    assert_eq!(&*loose("SELECT 'open"), "(12 bytes that are not read, and so not recorded)");
    assert_eq!(&*loose("-- ada"), "--...");
    assert_eq!(&*loose("  "), "");
}

#[test]
fn bodies_stay_readable() {
    let text =
        recorded("DO $x$ BEGIN DELETE FROM t WHERE s = 'ada' AND h < 5; /* ada */ END $x$").text.unwrap();
    assert!(text.starts_with("DO $x$ BEGIN DELETE FROM t WHERE s = '#"), "{text}");
    assert!(text.ends_with("' AND h < 5; /*...*/ END $x$"), "{text}");
}

#[test]
fn parts_and_elements_are_found_again() {
    let key = ValueKey::new(&[b'k'; 32]).unwrap();
    let has = |text: &str, value: &str| recorded(text).values.contains(&key.hash(value));
    assert!(has("SELECT h FROM t WHERE s = ANY('{ada@example.org,\"Ada Byron\"}')", "Ada Byron"));
    assert!(has("SELECT h FROM t WHERE s LIKE '%ada@example.org%'", "ada@example.org"));
    assert!(has("SELECT h FROM t WHERE s = '{\"firstName\": \"Ada\"}'", "ada"));
}

#[test]
fn a_text_that_is_recorded_can_be_read_and_is_the_same_once_more() {
    for text in [
        "SELECT 'a', -1234, 1.5e3, B'01', x'1F', U&'d!0061' UESCAPE '!', E'\\x41', $q$a$q$ FROM t WHERE s = 'x' AND s2 = -42",
        "INSERT INTO t VALUES ('a', 123456), ($$b$$, 99999999999)",
        "DO $x$ BEGIN DELETE FROM t WHERE s = 'ada'; END $x$",
        "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS $$ SELECT 1234 $$",
    ] {
        let once = recorded(text).text.unwrap_or(text.into());
        assert!(sql::read(once.as_bytes()).is_ok(), "{once}");
        let (facts, before) = (sql::read(once.as_bytes()).unwrap(), sql::read(text.as_bytes()).unwrap());
        assert_eq!(facts.statements[0].fingerprint, before.statements[0].fingerprint, "{once}");
        assert_eq!(facts.statements[0].effects, before.statements[0].effects, "{once}");
    }
}

#[test]
fn what_reaches_nothing_sensitive_stays_unless_its_form_tells() {
    for text in [
        "SELECT 'Ada Byron', 4711, f(7.5) FROM t WHERE h = 'open'",
        "SELECT h FROM t /* the one of monday */ WHERE h = 'open' -- and so on",
        "SELECT '192.168.0.1', '2026-11-28', 'AKIA'",
    ] {
        assert_eq!(free(text).text, None, "{text}");
        assert!(free(text).values.is_empty(), "{text}");
    }
    for (text, found) in [
        ("SELECT 'ada@example.org' FROM t", "ada@example.org"),
        ("SELECT f(4111111111111111) FROM t", "4111111111111111"),
        ("SELECT 'AKIAIOSFODNN7EXAMPLE'", "AKIAIOSFODNN7EXAMPLE"),
        ("SELECT h FROM t /* for ada@example.org */", "ada@example.org"),
        ("SELECT h -- ada@example.org\nFROM t", "ada@example.org"),
        ("SELECT h AS \"ada@example.org\" FROM t", "ada@example.org"),
    ] {
        let own = free(text).text.unwrap_or_else(|| panic!("{text}"));
        assert!(!own.contains(found), "{own}");
    }
}

#[test]
fn what_is_found_in_others_of_the_same_form_does_not_stay_either() {
    let first = free("SELECT f('a'), 5 FROM t WHERE h = 'open'");
    let other: Rc<str> = "SELECT f('b'), 123456 FROM t WHERE h = 'shipped'".into();
    assert!(Rc::ptr_eq(&first.own(&other).0, &other), "it is copied though it stays");
    let found = "SELECT f('ada@example.org'), 5 FROM t WHERE h = 'open'";
    let (own, values) = first.own(&found.into());
    assert_eq!((&*own, &*values), (free(found).text.as_deref().unwrap(), &*free(found).values));
    assert!(values.len() == 1 && !own.contains("ada"), "{own}");
    // Texts with comments are never taken for one another.
    let commented = free("SELECT h /* of Ada */ FROM t WHERE h2 = 5");
    assert!(
        commented.own(&"SELECT h /* of Byron */ FROM t WHERE h2 = 6".into()).0.ends_with("not recorded)")
    );
}

const INT4: u32 = 23;

/// Body of a Bind of these values, each in its format.
fn bind(values: &[(bool, Option<&[u8]>)]) -> Vec<u8> {
    let mut body = vec![0, 0];
    let count = u16::try_from(values.len()).unwrap().to_be_bytes();
    body.extend(count);
    values.iter().for_each(|(is_binary, _)| body.extend([0, u8::from(*is_binary)]));
    body.extend(count);
    for (_, value) in values {
        body.extend(value.map_or(-1, |value| i32::try_from(value.len()).unwrap()).to_be_bytes());
        body.extend_from_slice(value.unwrap_or_default());
    }
    body.extend([0, 0]);
    body
}

/// What is recorded where `text` is bound to these, hashes as `#`, and how many values are hashed.
fn bound(
    recorded: &Recorded,
    recording: &Recording,
    values: &[(bool, Option<&[u8]>)],
    types: &[u32],
) -> (String, usize) {
    let body = bind(values);
    let bound = recorded.bound(&Bind::read(&body).unwrap(), types, recording, &mut String::new());
    let mut said = bound.said.map(|said| said.replace('\0', " ")).unwrap_or_default();
    for value in &bound.values {
        said = said.replace(&format!("'#{value:016x}'"), "#");
    }
    (said, bound.values.len())
}

fn text(value: &str) -> (bool, Option<&[u8]>) {
    (false, Some(value.as_bytes()))
}

#[test]
fn a_parameter_is_recorded_as_the_literal_in_its_place() {
    let statement = "SELECT h FROM t WHERE s = $1 AND h = $2 AND h2 = $3 AND f($4) AND h = ANY($5) LIMIT $6";
    let values = [text("ada"), text("it's open"), text("4711"), text("Byron"), (false, None), text("100")];
    let (said, hashes) = bound(&recorded(statement), &recording(), &values, &[]);
    assert_eq!((said.as_str(), hashes), ("# 'it''s open' '4711' # NULL '100'", 2));
    // Of one that is tied twice, what is more careful.
    let twice = recorded("SELECT h FROM t WHERE h = $1 OR s = $1");
    assert_eq!(bound(&twice, &recording(), &[text("ada")], &[]).0, "#");
    // What its form tells.
    let harmless = recorded("SELECT h FROM t WHERE h = $1");
    assert_eq!(bound(&harmless, &recording(), &[text("mail ada@example.org")], &[]), ("#".to_owned(), 2));
    assert_eq!(bound(&harmless, &recording(), &[text("4111111111111111")], &[]).0, "#");
    // One more than the statement has.
    assert_eq!(bound(&harmless, &recording(), &[text("open"), text("ada")], &[]).0, "'open' #");
    assert_eq!(bound(&harmless, &recording(), &[], &[]), (String::new(), 0));
}

#[test]
fn a_value_in_binary_is_the_one_that_it_is_as_text() {
    let key = ValueKey::new(&[b'k'; 32]).unwrap();
    let statement = recorded("SELECT h FROM t WHERE s = $1 AND h = $2");
    let number = 123_456_789_i32.to_be_bytes();
    let values = [(true, Some(&number[..])), (true, Some(&number[..]))];
    let body = bind(&values);
    let parameters =
        statement.bound(&Bind::read(&body).unwrap(), &[INT4, INT4], &recording(), &mut String::new());
    assert_eq!(parameters.values, [key.hash("123456789")]);
    assert!(parameters.said.unwrap().ends_with("\0'123456789'"));
    // Of a type that nobody knows.
    assert_eq!(bound(&statement, &recording(), &values, &[]), ("(4 bytes) (4 bytes)".to_owned(), 0));
    assert_eq!(
        bound(&statement, &recording(), &[text("a\u{fffd}"), (false, Some(b"\xff"))], &[]).0,
        "# (1 bytes)"
    );
}

#[test]
fn parameters_are_kept_or_dropped_whatever_the_text_is() {
    let of = |parameters: Kept| {
        let recording = Arc::new(Recording { parameters, ..(*recording()).clone() });
        let statement = recorded_with("SELECT h FROM t WHERE s = $1", treat, &recording);
        bound(&statement, &recording, &[text("ada")], &[])
    };
    assert_eq!(of(Kept::All), ("'ada'".to_owned(), 0));
    assert_eq!(of(Kept::Nothing), (String::new(), 0));
    let recording =
        Arc::new(Recording { literals: Kept::All, comments: Comments::Keep, ..(*recording()).clone() });
    let statement = recorded_with("SELECT h FROM t WHERE s = $1 AND h = $2", treat, &recording);
    assert_eq!(bound(&statement, &recording, &[text("ada"), text("open")], &[]).0, "# 'open'");
}

/// Whatever a client binds, what is kept of it is bounded, and values that stand for a person are found all the same.
#[test]
fn what_is_long_is_recorded_in_short() {
    let statement = recorded("SELECT h FROM t WHERE h = $1 AND h = $2 AND s = $3");
    let long = "ä".repeat(20_000);
    let (said, _) = bound(&statement, &recording(), &[text(&long), text(&long), text(&long)], &[]);
    assert!(said.len() < 2_200 && said.ends_with("...' #"), "{}", said.len());
    let longer = "a".repeat(100_000);
    let (said, hashes) = bound(&statement, &recording(), &[text(&longer), text("open"), text(&longer)], &[]);
    assert_eq!((said.as_str(), hashes), ("(100000 bytes) 'open' (100000 bytes)", 0));
    let many: Vec<String> = (0..2_000).map(|number| format!("value {number}")).collect();
    let columns: Vec<String> = (1..=many.len()).map(|number| format!("${number}")).collect();
    let statement = recorded(&format!("SELECT h FROM t WHERE s IN ({})", columns.join(", ")));
    let values: Vec<_> = many.iter().map(|value| text(value)).collect();
    let (said, hashes) = bound(&statement, &recording(), &values, &[]);
    assert_eq!(hashes, 1_024);
    assert!(said.len() < 16 << 10 && said.ends_with(" more)"), "{}", said.len());
}
