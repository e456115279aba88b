//! Rule about docs/decisions: every decision says what it answers, what was decided, and what follows.

use super::Finding;
use super::tree::Tree;

const HEADINGS: [&str; 3] = ["## Context", "## Decision", "## Consequences"];

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let decisions = tree.files.iter().filter(|file| {
        file.path.starts_with("docs/decisions/")
            && file.path.ends_with(".md")
            && !file.path.ends_with("README.md")
    });
    let mut findings = Vec::new();
    for file in decisions {
        for heading in HEADINGS {
            if !file.text.lines().any(|line| line.trim_end() == heading) {
                findings.push(Finding {
                    file: file.path.clone(),
                    line: 0,
                    what: format!("the decision lacks the heading `{heading}`"),
                    mend: "see \"Decisions\" in CONTRIBUTING.md",
                });
            }
        }
    }
    findings
}
