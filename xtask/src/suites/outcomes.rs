//! How the tests of one run ended, as `e2e/clients/python/outcomes.py` tells it.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

/// How one test ended, and what it said if that was not well.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Outcome {
    pub(super) word: String,
    pub(super) text: String,
}

/// The outcomes of a run, by the name of the test.
pub(super) type Outcomes = BTreeMap<String, Outcome>;

/// From good to bad. What else there is, is worse.
const WORDS: [&str; 6] = ["passed", "skipped", "xfailed", "xpassed", "failed", "error"];

#[derive(Deserialize)]
struct Line {
    total: Option<usize>,
    test: Option<String>,
    #[serde(default)]
    outcome: String,
    #[serde(default)]
    text: String,
    done: Option<bool>,
}

impl Outcome {
    /// A smaller one is a better outcome.
    pub(super) fn rank(&self) -> usize {
        WORDS.iter().position(|word| *word == self.word).unwrap_or(WORDS.len())
    }
}

/// Reads what a run told; a run that did not get to its end is an error.
pub(super) fn read(file: &Path) -> Result<Outcomes> {
    let text = fs::read_to_string(file).context("read the outcomes")?;
    let (mut outcomes, mut done) = (Outcomes::new(), false);
    for line in text.lines() {
        let Line { total: _, test, outcome, text, done: ended } =
            serde_json::from_str(line).context("read an outcome")?;
        done |= ended == Some(true);
        let Some(test) = test else { continue };
        let outcome = Outcome { word: outcome, text };
        // A test may be told of twice, such as one that is in two classes.
        match outcomes.get(&test) {
            Some(before) if outcome.rank() <= before.rank() => {}
            _ => drop(outcomes.insert(test, outcome)),
        }
    }
    ensure!(done, "the run ended before all tests did");
    Ok(outcomes)
}

/// How many tests have ended, and how many there are; 0 while nobody knows.
pub(super) fn progress(file: &Path) -> (usize, usize) {
    let text = fs::read_to_string(file).unwrap_or_default();
    let first = text.lines().next().and_then(|line| serde_json::from_str::<Line>(line).ok());
    (text.lines().count().saturating_sub(1), first.and_then(|line| line.total).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(lines: &str) -> Result<Vec<(String, String)>> {
        let file = tempfile::NamedTempFile::new()?;
        fs::write(file.path(), lines)?;
        Ok(read(file.path())?.into_iter().map(|(test, outcome)| (test, outcome.word)).collect())
    }

    #[test]
    fn the_worst_outcome_stands_for_a_test() {
        let lines = "{\"total\": 2}\n{\"test\": \"a\", \"outcome\": \"passed\"}\n\
            {\"test\": \"a\", \"outcome\": \"error\", \"text\": \"e\"}\n{\"test\": \"a\", \"outcome\": \"failed\"}\n\
            {\"done\": true}\n";
        assert_eq!(told(lines).unwrap(), [("a".to_string(), "error".to_string())]);
    }

    #[test]
    fn a_run_that_died_has_no_outcomes() {
        let error = told("{\"total\": 2}\n{\"test\": \"a\", \"outcome\": \"passed\"}\n").unwrap_err();
        assert_eq!(error.to_string(), "the run ended before all tests did");
    }
}
