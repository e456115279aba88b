//! The document that says how much is tried against masks and guardrails, and how many harmless statements stand beside.

use std::collections::BTreeMap;
use std::fmt::Write;

use anyhow::Result;
use e2e::document;

use crate::leaks::cases;
use crate::statements::case::{self, Case};

/// Attacks on the masks: what they try, the attacks, and what is harmless and looks alike.
const MASKS: [(&str, &str, &str); 15] = [
    (
        "queries of every kind, and what computes, converts or copies values",
        include_str!("leaks/attacks.sql"),
        include_str!("leaks/harmless.sql"),
    ),
    ("values that are written elsewhere, and read there", include_str!("leaks/laundering.sql"), ""),
    ("settings, notifications, large objects, locks, sequences", include_str!("leaks/sinks.sql"), ""),
    ("errors and notices", include_str!("leaks/telling.sql"), include_str!("leaks/telling_harmless.sql")),
    (
        "statistics of the server",
        include_str!("leaks/statistics.sql"),
        include_str!("leaks/statistics_harmless.sql"),
    ),
    ("views and rules", include_str!("leaks/rules.sql"), include_str!("leaks/rules_harmless.sql")),
    ("triggers", include_str!("leaks/triggers.sql"), include_str!("leaks/triggers_harmless.sql")),
    (
        "checks, policies, indexes, operators and casts that run code",
        include_str!("leaks/implied.sql"),
        include_str!("leaks/implied_harmless.sql"),
    ),
    (
        "operator classes and ranges that run code",
        include_str!("leaks/classes.sql"),
        include_str!("leaks/classes_harmless.sql"),
    ),
    ("what was made a moment ago", include_str!("leaks/unshown.sql"), ""),
    ("names that change their meaning within a transaction", include_str!("leaks/moved.sql"), ""),
    ("what texts make that code runs by EXECUTE", include_str!("leaks/executed.sql"), ""),
    ("partitions", include_str!("leaks/partitions.sql"), include_str!("leaks/partitions_harmless.sql")),
    (
        "what newer servers have (run where the server has it)",
        include_str!("leaks/newer.sql"),
        include_str!("leaks/newer_harmless.sql"),
    ),
    ("foreign tables", include_str!("leaks/foreign.sql"), include_str!("leaks/foreign_harmless.sql")),
];

#[test]
fn the_document_says_how_much_is_tried() -> Result<()> {
    let made = format!("{}{}", masks()?, guardrails()?);
    document::hold("docs/corpora.md", "e2e corpora", &made, |there| there == made)
}

fn masks() -> Result<String> {
    let mut table =
        "\n## Masks\n\n| what attacks try | attacks | harmless beside them |\n| --- | --: | --: |\n"
            .to_owned();
    let (mut attacks, mut harmless) = (0, 0);
    for (what, tried, passes) in MASKS {
        let (tried, passes) = (cases(tried).count(), cases(passes).count());
        (attacks, harmless) = (attacks + tried, harmless + passes);
        writeln!(table, "| {what} | {tried} | {passes} |")?;
    }
    writeln!(table, "| all | {attacks} | {harmless} |")?;
    Ok(table)
}

fn guardrails() -> Result<String> {
    let (refused, allowed) =
        (case::read(&case::folder().join("refuse"))?, case::read(&case::folder().join("allow"))?);
    let mut by_rule: BTreeMap<&str, usize> = BTreeMap::new();
    for Case { refused_by, .. } in &refused {
        *by_rule.entry(refused_by.as_deref().unwrap_or_default()).or_default() += 1;
    }
    let mut table = "\n## Guardrails\n\n| rule | statements that it refuses |\n| --- | --: |\n".to_owned();
    for (rule, statements) in by_rule {
        writeln!(table, "| `{rule}` | {statements} |")?;
    }
    writeln!(table, "| all | {} |", refused.len())?;
    writeln!(table, "\nBeside them {} harmless statements run as without a proxy.", allowed.len())?;
    Ok(table)
}
