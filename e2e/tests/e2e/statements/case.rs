//! The corpus as it stands in its files. What its lines mean is in its README.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// One text, and what is known of it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Case {
    /// The rule that must refuse it.
    pub(crate) refused_by: Option<String>,
    pub(crate) before: Option<String>,
    pub(crate) text: String,
    pub(crate) then: Option<String>,
    /// A query, and what its first row says afterwards.
    pub(crate) shows: Option<(String, String)>,
    pub(crate) changes: Option<String>,
    pub(crate) returns: Option<String>,
    pub(crate) undo: Option<String>,
    pub(crate) since: Option<u32>,
    pub(crate) alone: bool,
    pub(crate) not_run: bool,
}

pub(crate) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/policy/corpus")
}

/// Every case of every file in a folder of the corpus.
pub(crate) fn read(folder: &Path) -> Result<Vec<Case>> {
    let mut cases = Vec::new();
    for entry in fs::read_dir(folder).context("list the corpus")? {
        let text = fs::read_to_string(entry?.path()).context("read a file of the corpus")?;
        let mut paragraphs = text.trim_end().split("\n\n");
        let head = Case::read(Case::default(), paragraphs.next().unwrap_or_default())?;
        for paragraph in paragraphs {
            cases.push(Case::read(head.clone(), paragraph)?);
        }
    }
    Ok(cases)
}

impl Case {
    /// What a paragraph says, on top of what all cases of its file have.
    fn read(mut case: Self, paragraph: &str) -> Result<Self> {
        let is_comment = |line: &&str| line.starts_with("-- ");
        for line in paragraph.lines().take_while(is_comment) {
            let (word, rest) = line[3..].split_once(": ").unwrap_or((&line[3..], ""));
            let rest = || Some(rest.to_string());
            match word {
                "refuse" => case.refused_by = rest(),
                "before" => case.before = rest(),
                "then" => case.then = rest(),
                "shows" => {
                    let rest = rest().unwrap_or_default();
                    let (query, value) = rest.rsplit_once(" => ").context("find what is shown")?;
                    (case.shows, case.changes) = (Some((query.to_string(), value.to_string())), None);
                }
                "changes" => (case.shows, case.changes) = (None, rest()),
                "returns" => case.returns = rest(),
                "undo" => case.undo = rest(),
                "since" => case.since = Some(line[10..].parse().context("read a version")?),
                "alone" => case.alone = true,
                "not run" => case.not_run = true,
                _ => {}
            }
        }
        let text: Vec<&str> = paragraph.lines().skip_while(is_comment).collect();
        case.text = text.join("\n");
        Ok(case)
    }
}
