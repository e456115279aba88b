//! What each shipped policy says of itself is true.

use super::{Meaning, READ_STACK_BYTES, SHIPPED, Statement, Who, show, verdict};
use crate::Example;

#[test]
fn every_shipped_policy_is_shown_by_its_examples() {
    for rule in SHIPPED.rules() {
        // Only a catalog shows these.
        let is_known = ["opaque_call", "== \"shadow\""].iter().any(|word| rule.text.contains(word));
        if !rule.permits && !is_known {
            assert!(!rule.refuses.is_empty(), "{} shows nothing that it refuses:\n{}", rule.name, rule.text);
        }
        for line in &rule.refuses {
            let verdict = of_example(line);
            let named = format!("Rule \"{}\": ", rule.name);
            assert!(verdict.contains(&named) || verdict.starts_with("42601"), "{line}: {verdict}");
        }
        for line in &rule.allows {
            let verdict = of_example(line);
            assert!(verdict.split('\n').all(|verdict| verdict == "allow"), "{line}: {verdict}");
        }
    }
    // Each shipped rule that forbids shows what it lets pass.
    for rule in SHIPPED.rules().iter().filter(|rule| !rule.permits) {
        let mut own = SHIPPED.rules().iter().filter(|own| own.name == rule.name);
        assert!(own.any(|own| !own.allows.is_empty()), "{} shows nothing that it lets pass", rule.name);
    }
}

/// What is decided about an example.
fn of_example(line: &str) -> String {
    let subject = SHIPPED.subject(&Who::default()).unwrap();
    match Example::of(line) {
        Example::Text(text) => verdict(text),
        Example::Masked(text) => masked(text),
        Example::Unseen(name) => {
            show(&SHIPPED.judge_unknown_name(&subject, "prepared statement", "26000", name))
        }
        Example::FastPath => show(&SHIPPED.judge_fast_path(&subject)),
        Example::Replication(command) => show(&SHIPPED.judge_replication(&subject, command)),
    }
}

fn masked(text: &str) -> String {
    let subject = SHIPPED.subject(&Who::default()).unwrap();
    let judge = || {
        let facts = sql::read(text.as_bytes()).unwrap();
        let is_maskable = |_: &Statement| sql::copy_out(text).is_some();
        let meaning = Meaning {
            catalog: &sql::Catalog::default(),
            is_masked: &|_| true,
            is_maskable: &is_maskable,
            class_of: &|_, _| None,
            looks_into: &|_| Vec::new(),
        };
        SHIPPED.judge(&subject, &facts, &meaning)
    };
    let reader = std::thread::Builder::new().stack_size(READ_STACK_BYTES);
    let judged = std::thread::scope(|scope| reader.spawn_scoped(scope, judge).unwrap().join().unwrap());
    judged.iter().map(show).collect::<Vec<_>>().join("\n")
}

#[test]
fn nothing_that_is_shipped_is_odd() {
    assert_eq!(SHIPPED.warnings(), []);
    assert_eq!(SHIPPED.unreachable(), []);
}

#[test]
fn examples_are_told_by_their_words() {
    for (line, example) in [
        ("SELECT 1", Example::Text("SELECT 1")),
        ("(SELECT 1) UNION (SELECT 2)", Example::Text("(SELECT 1) UNION (SELECT 2)")),
        ("(masked) COPY t TO STDOUT", Example::Masked("COPY t TO STDOUT")),
        ("(unseen) p", Example::Unseen("p")),
        ("(fast path) lo_open", Example::FastPath),
        ("(replication) identify_system", Example::Replication("identify_system")),
        ("(replication) SELECT 1", Example::Text("(replication) SELECT 1")),
    ] {
        assert_eq!(Example::of(line), example, "{line}");
    }
}
