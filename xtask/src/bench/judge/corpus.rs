//! The statements that are measured, with their kinds.

use std::fs;

use anyhow::{Context, Result};
use e2e::kind::kind;
use e2e::regression;

use crate::repo;

/// Statements of the rules' own tests, by what is to come of them.
const OWN: [(&str, &str); 2] = [("allow", "rules' tests: allowed"), ("refuse", "rules' tests: refused")];

pub(super) struct Corpus {
    /// Each with its kind and a tab before it, and NUL behind it.
    pub(super) texts: Vec<u8>,
    pub(super) count: usize,
    /// Of the regression tests.
    pub(super) version: String,
}

/// One of so many statements.
pub(super) fn read(one_of: usize) -> Result<Corpus> {
    let regression = regression::of_the_server()?;
    let mut corpus = Corpus { texts: Vec::new(), count: 0, version: regression.version };
    for text in regression.texts.iter().step_by(one_of) {
        corpus.add(kind(&text.sent.text), &text.sent.text);
    }
    for (folder, kind) in OWN {
        let folder = repo::root()?.join("crates/policy/corpus").join(folder);
        let entries = fs::read_dir(&folder).with_context(|| format!("list `{}`", folder.display()))?;
        let mut paths: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
        paths.sort();
        for path in paths {
            let text = fs::read_to_string(&path).with_context(|| format!("read `{}`", path.display()))?;
            for case in cases(&text).step_by(one_of) {
                corpus.add(kind, case.as_bytes());
            }
        }
    }
    Ok(corpus)
}

impl Corpus {
    fn add(&mut self, kind: &str, text: &[u8]) {
        // NUL ends what PostgreSQL reads too.
        if text.contains(&0) {
            return;
        }
        self.texts.extend_from_slice(kind.as_bytes());
        self.texts.push(b'\t');
        self.texts.extend_from_slice(text);
        self.texts.push(0);
        self.count += 1;
    }
}

/// The texts of a file of cases: behind the first paragraph each is one, with lines about it before.
fn cases(file: &str) -> impl Iterator<Item = String> {
    let cases = file.split("\n\n").skip(1).map(|case| {
        let lines: Vec<&str> = case.lines().skip_while(|line| line.starts_with("-- ")).collect();
        lines.join("\n").trim().to_string()
    });
    cases.filter(|case| !case.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_case_is_a_paragraph_without_the_lines_about_it() {
        let file = "-- refuse: no-drop\n\n-- why\nDROP VIEW v\n\nselect 1,\n  2\n";
        assert_eq!(cases(file).collect::<Vec<_>>(), ["DROP VIEW v", "select 1,\n  2"]);
    }
}
