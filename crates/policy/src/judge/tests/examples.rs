//! What each shipped policy says of itself is true.

use super::{SHIPPED, verdict};

#[test]
fn every_shipped_policy_is_shown_by_its_examples() {
    // Nothing is masked where there is only a text, and these show no statement at all.
    let silent = ["copy-masked", "unknown-name", "no-fast-path", "no-replication"];
    for rule in SHIPPED.rules() {
        // Only a catalog shows these.
        let is_known = ["opaque_call", "== \"shadow\""].iter().any(|word| rule.text.contains(word));
        if !rule.permits && !is_known && !silent.contains(&&*rule.name) {
            assert!(!rule.refuses.is_empty(), "{} shows nothing that it refuses:\n{}", rule.name, rule.text);
        }
        for text in &rule.refuses {
            let verdict = verdict(text);
            let named = format!("Rule \"{}\": ", rule.name);
            assert!(verdict.contains(&named) || verdict.starts_with("42601"), "{text}: {verdict}");
        }
        for text in &rule.allows {
            assert_eq!(verdict(text), "allow", "{text}");
        }
    }
}

#[test]
fn nothing_that_is_shipped_is_odd() {
    assert_eq!(SHIPPED.warnings(), []);
}
