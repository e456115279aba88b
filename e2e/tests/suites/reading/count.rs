//! Reads every text with both readers, and counts.

use std::collections::BTreeMap;

use e2e::kind::kind;
use e2e::regression::{Regression, Text};
use sql::Unreadable;
use sql::steps::{self, Second};

use super::class;

/// What came of all texts of one version.
#[derive(Default)]
pub(crate) struct Counts {
    pub(crate) version: String,
    pub(crate) scripts: usize,
    pub(crate) kinds: BTreeMap<&'static str, Kind>,
    pub(crate) unreadable: BTreeMap<&'static str, usize>,
    pub(crate) disagrees: BTreeMap<&'static str, usize>,
    /// What could not be read, and what is said of it.
    pub(crate) refused: Vec<(String, String)>,
    /// What was read.
    pub(crate) read: Vec<String>,
    pub(crate) unexplained: Vec<String>,
    pub(crate) server: Option<super::server::Answers>,
}

/// What came of the texts of one kind.
#[derive(Default)]
pub(crate) struct Kind {
    pub(crate) texts: usize,
    pub(crate) unreadable: usize,
    /// Those that the second reader could read.
    pub(crate) second: usize,
    pub(crate) disagrees: usize,
}

/// What came of one text.
enum Outcome {
    Unreadable(Unreadable),
    Read(Second),
}

/// Call it on a thread with `sql::READ_STACK_BYTES` of stack.
pub(crate) fn count(regression: &Regression) -> Counts {
    let Regression { version, scripts, texts } = regression;
    let mut counts = Counts { version: version.clone(), scripts: *scripts, ..Counts::default() };
    for text in texts {
        counts.add(text);
    }
    counts
}

impl Counts {
    fn add(&mut self, text: &Text) {
        let sql = String::from_utf8_lossy(&text.sent.text).into_owned();
        let of_kind = self.kinds.entry(kind(&text.sent.text)).or_default();
        of_kind.texts += 1;
        let class = match read(text) {
            Outcome::Unreadable(error) => {
                of_kind.unreadable += 1;
                if text.sent.standard_strings && error != Unreadable::Encoding {
                    self.refused.push((sql.clone(), error.to_string()));
                }
                let class = class::unreadable(&error);
                class.map(|class| self.unreadable.entry(class)).ok_or_else(|| error.to_string())
            }
            Outcome::Read(Second::Disagrees(what)) => {
                of_kind.second += 1;
                of_kind.disagrees += 1;
                self.read.push(sql.clone());
                let class = class::disagrees(&what, &sql);
                class.map(|class| self.disagrees.entry(class)).ok_or(what)
            }
            Outcome::Read(second) => {
                of_kind.second += usize::from(second == Second::Agrees);
                return self.read.push(sql);
            }
        };
        match class {
            Ok(entry) => *entry.or_default() += 1,
            Err(what) => self.unexplained.push(format!("{}: {what}: {sql}", text.script)),
        }
    }
}

/// As a session does, which knows the settings.
fn read(text: &Text) -> Outcome {
    let bytes = &text.sent.text;
    if !text.sent.standard_strings && bytes.contains(&b'\\') {
        return Outcome::Unreadable(Unreadable::Lexing { setting: "standard_conforming_strings" });
    }
    let read = || {
        let parsed = steps::parse(bytes)?;
        let mut statements = steps::collect(&parsed)?;
        steps::locate(&parsed, &mut statements)?;
        let text = std::str::from_utf8(bytes).map_err(|_| Unreadable::Encoding)?;
        Ok(steps::compare(text, &statements))
    };
    read().map_or_else(Outcome::Unreadable, Outcome::Read)
}
