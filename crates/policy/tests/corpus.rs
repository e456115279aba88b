//! The statements of the corpus and what is decided about them. That each does what it says is shown on a real PostgreSQL, by
//! the end-to-end tests.
#![expect(clippy::unwrap_used, reason = "whatever is missing fails the test")]

use std::path::Path;
use std::{fs, thread};

use policy::{Meaning, Policies, Setup, Who};
use sql::Catalog;

/// The rules that refuse a statement of `text`. `users` has masked columns; of all names, it and `orders` alone are relations
/// that last.
fn refused_by(policies: &Policies, text: &str) -> Vec<String> {
    let Ok(facts) = sql::read(text.as_bytes()) else { return vec!["unreadable".to_owned()] };
    let is_only = |name: &str| !matches!(name, "users" | "orders");
    let is_scratch = |name: &str, how| how == sql::Scratch::MadeHere && is_only(name);
    let facts = facts.with_temporary(|_| false, is_only, |_| false, is_scratch);
    let is_masked =
        |statement: &sql::Statement| statement.relations.iter().any(|relation| relation.name == "users");
    let facts = facts.with_reach(&Catalog::default());
    let meaning = Meaning {
        catalog: &Catalog::default(),
        is_masked: &is_masked,
        is_maskable: &|_| false,
        class_of: &|_, _| None,
        looks_into: &|_| Vec::new(),
    };
    let verdicts = policies.judge(&policies.subject(&Who::default()).unwrap(), &facts, &meaning);
    verdicts.iter().filter_map(|verdict| verdict.refusal()).map(|refusal| refusal.rule().to_owned()).collect()
}

/// Each case of a folder of the corpus that is not decided as its file says: after what its session did before.
fn wrong(folder: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(folder);
    let policies = Policies::new(Setup::default()).unwrap();
    let mut wrong = String::new();
    for entry in fs::read_dir(folder).unwrap() {
        let file = fs::read_to_string(entry.unwrap().path()).unwrap();
        let mut paragraphs = file.trim_end().split("\n\n");
        let said = |paragraph: &str, word| {
            paragraph.lines().find_map(|line| line.strip_prefix(word)).unwrap_or_default().to_owned()
        };
        let rule = said(paragraphs.next().unwrap(), "-- refuse: ");
        for case in paragraphs {
            let before = said(case, "-- before: ");
            let text: Vec<&str> = case.lines().skip_while(|line| line.starts_with("-- ")).collect();
            let refused_by = refused_by(&policies, &format!("{before};{}", text.join("\n")));
            if refused_by.first().cloned().unwrap_or_default() != rule {
                wrong += &format!("{refused_by:?} and not {rule:?} refuses:\n{case}\n\n");
            }
        }
    }
    wrong
}

fn assert_right(folder: &'static str) {
    let judge = thread::Builder::new().stack_size(sql::READ_STACK_BYTES);
    let wrong = judge.spawn(|| wrong(folder)).unwrap().join().unwrap();
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn what_is_dangerous_is_refused_by_the_rule_that_is_named() {
    assert_right("refuse");
}

#[test]
fn what_only_looks_dangerous_is_allowed() {
    assert_right("allow");
}
