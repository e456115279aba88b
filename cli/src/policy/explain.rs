//! What Picket reads in statements, and what its rules say of them. Nothing is connected to, and no catalog is known.

use std::collections::HashSet;
use std::fmt::Write as _;
use std::io::{IsTerminal, Read, Write, stdin, stdout};
use std::sync::Arc;

use anyhow::Context;
use policy::{Example, Meaning, Policies, Refusal, Subject, Verdict, Who};
use serde::Serialize;
use sql::catalog::{Column, Relation};
use sql::facts::{Access, RelationUse};
use sql::{Place, Statement, Summary};

use super::known::Known;
use super::options::{Asker, Rules};
use super::stack::with_stack;
use crate::args::ExplainFormat;
use crate::failure::{Failure, unless_reader_left};
use crate::show::{escaped, json_rows};

/// What people are told who may not know.
const UNKNOWN: &str = "no catalog is known here: what views, functions and triggers do is not counted; --at-proxy asks a proxy about it";

/// SQLSTATE syntax_error.
const SYNTAX_ERROR: &str = "42601";

/// How many letters of a line are shown before and from the place where the grammar stops.
const SHOWN_BEFORE: usize = 60;
const SHOWN_BEHIND: usize = 40;

/// One statement. Its fields are the keys of JSON.
#[derive(Debug, Default, Serialize)]
pub(super) struct Explained {
    pub(super) statement: String,
    pub(super) verdict: String,
    pub(super) rules: Vec<String>,
    pub(super) approvers: Vec<String>,
    pub(super) observed: Vec<String>,
    pub(super) sqlstate: String,
    pub(super) message: String,
    pub(super) detail: String,
    pub(super) hint: String,
    pub(super) effects: Vec<String>,
    pub(super) reads: Vec<String>,
    pub(super) writes: Vec<String>,
    pub(super) columns: Vec<String>,
    pub(super) functions: Vec<String>,
    pub(super) fingerprint: String,
    pub(super) readers_disagree: String,
    pub(super) normalised: String,
    pub(super) filtered: Vec<String>,
    pub(super) unfiltered: Vec<String>,
    pub(super) settings: Vec<String>,
    pub(super) columns_read: Vec<String>,
    pub(super) columns_written: Vec<String>,
    /// Nodes of PostgreSQL's parse tree, as policies find them in `context.command`.
    pub(super) commands: Vec<String>,
    /// Where PostgreSQL's grammar stops, from 1; 0 where it does not.
    pub(super) error_line: usize,
    pub(super) error_column: usize,
}

/// One statement, and what was decided about it.
pub(super) struct Judged {
    text: String,
    /// `None` where it could not be read.
    statement: Option<Statement>,
    readers_disagree: Option<String>,
    pub(super) verdict: Verdict,
}

/// Explains the statements of `sql`, or of standard input, on stdout.
pub(crate) fn explain(
    sql: Option<String>,
    rules: &Rules,
    asker: &Asker,
    known: &Known,
    format: ExplainFormat,
) -> Result<(), Failure> {
    let rulebook = rules.read()?;
    let text = text(sql)?;
    let judged = judge(&rulebook.policies, &asker.who(&rulebook), known, &text)?;
    if matches!(format, ExplainFormat::Text) {
        eprintln!("{UNKNOWN}");
    }
    let whole = String::from_utf8_lossy(&text);
    let explained = judged.into_iter().map(|judged| Explained::from(judged).placed(&whole));
    tell(&explained.collect::<Result<Vec<_>, _>>()?, format)
}

/// What is asked about: `sql`, or standard input.
pub(super) fn text(sql: Option<String>) -> Result<Vec<u8>, Failure> {
    match sql {
        Some(text) => Ok(text.into_bytes()),
        None => {
            let mut text = Vec::new();
            // One more than may be read, which is then told.
            let read = stdin().take(sql::STATEMENT_BYTES_MAX as u64 + 1).read_to_end(&mut text);
            read.context("read statements from standard input")?;
            Ok(text)
        }
    }
}

/// Tells them on stdout.
pub(super) fn tell(explained: &[Explained], format: ExplainFormat) -> Result<(), Failure> {
    let answer = match format {
        ExplainFormat::Json => json_rows(explained)?,
        ExplainFormat::Text => {
            let in_colours = in_colours();
            explained.iter().map(|one| one.text(in_colours)).collect::<Vec<_>>().join("\n")
        }
    };
    let mut out = stdout().lock();
    unless_reader_left(out.write_all(answer.as_bytes()).and_then(|()| out.flush()))
}

/// What policies say of each statement of a text to `who`.
pub(super) fn judge(
    policies: &Policies,
    who: &Who,
    known: &Known,
    text: impl AsRef<[u8]>,
) -> Result<Vec<Judged>, Failure> {
    let subject = policies.subject(who).context("tell the policies who asks")?;
    let text = text.as_ref();
    with_stack(|| judge_here(policies, &subject, known, text, false))
}

/// What policies say of an example of theirs to `who`.
pub(super) fn judge_example(
    policies: &Policies,
    who: &Who,
    known: &Known,
    example: Example<'_>,
) -> Result<Vec<Verdict>, Failure> {
    let subject = policies.subject(who).context("tell the policies who asks")?;
    let judge = |text: &str, is_masked| {
        let judged = with_stack(|| judge_here(policies, &subject, known, text.as_bytes(), is_masked))?;
        Ok(judged.into_iter().map(|judged| judged.verdict).collect())
    };
    match example {
        Example::Text(text) => judge(text, false),
        Example::Masked(text) => judge(text, true),
        Example::Unseen(name) => {
            Ok(vec![policies.judge_unknown_name(&subject, "prepared statement", "26000", name)])
        }
        Example::FastPath => Ok(vec![policies.judge_fast_path(&subject)]),
        Example::Replication(command) => Ok(vec![policies.judge_replication(&subject, command)]),
    }
}

/// The same, on a thread with enough stack. `is_masked`: whatever it reads has masked columns.
fn judge_here(
    policies: &Policies,
    subject: &Subject,
    known: &Known,
    text: &[u8],
    is_masked: bool,
) -> Vec<Judged> {
    let reading = sql::read(text);
    let text = String::from_utf8_lossy(text);
    let facts = match reading {
        Err(unreadable) => {
            let verdict = policies.judge_unreadable(subject, &unreadable);
            let text = text.trim().to_owned();
            return vec![Judged { text, statement: None, readers_disagree: None, verdict }];
        }
        // The temporary tables that the text makes are known.
        Ok(facts) => facts
            .with_temporary(|_| false, |_| true, |_| false, |_, how| how == sql::Scratch::MadeHere)
            .into_owned(),
    };
    let (catalog, class_of) =
        (known.catalog(), |relation: &Relation, column: &Column| known.class_of(relation, column));
    let meaning = Meaning {
        catalog: &catalog,
        is_masked: &|_| is_masked,
        is_maskable: &|_| is_masked && sql::copy_out(&text).is_some(),
        class_of: &class_of,
        looks_into: &|_| Vec::new(),
    };
    let verdicts = policies.judge(subject, &facts, &meaning);
    let disagree = facts.readers_disagree;
    let judged = facts.statements.into_iter().zip(verdicts).map(|(statement, verdict)| Judged {
        text: text.get(statement.span.clone()).unwrap_or_default().trim().to_owned(),
        statement: Some(statement),
        readers_disagree: disagree.clone(),
        verdict,
    });
    judged.collect()
}

impl From<Judged> for Explained {
    fn from(judged: Judged) -> Self {
        let read = judged.statement.as_ref().map(|statement| Explained::read(&judged.text, statement));
        let mut explained =
            read.unwrap_or_else(|| Explained { statement: judged.text.clone(), ..Explained::default() });
        explained.readers_disagree = judged.readers_disagree.unwrap_or_default();
        explained.judged(judged.verdict)
    }
}

impl Explained {
    fn read(text: &str, statement: &Statement) -> Self {
        let relations = |access| {
            let used = statement.relations.iter().filter(move |used| used.access == access);
            used.map(RelationUse::path).collect()
        };
        let Summary { filtered, unfiltered, settings, columns_read, columns_written } = statement.summary();
        // It can be given a value and be read.
        let mut columns = columns_read.clone();
        let known: HashSet<&String> = columns_read.iter().collect();
        columns.extend(columns_written.iter().filter(|column| !known.contains(column)).cloned());
        Explained {
            statement: text.trim().to_owned(),
            // The whole text is that of whoever asks.
            normalised: sql::normalised(text, statement.values.as_deref(), |_| false),
            filtered,
            unfiltered,
            settings,
            columns_read,
            columns_written,
            effects: statement.effects.iter().map(|effect| effect.name().to_owned()).collect(),
            reads: relations(Access::Read),
            writes: relations(Access::Write),
            columns,
            functions: statement.functions.clone(),
            fingerprint: format!("{:016x}", statement.fingerprint),
            ..Explained::default()
        }
        .worded()
    }

    /// The same with effects in words, and those that are nodes of the parse tree as commands.
    pub(super) fn worded(self) -> Self {
        let commands = self.effects.iter().filter(|effect| effect.ends_with("Stmt")).cloned().collect();
        let effects = self.effects.iter().map(|effect| sql::words(effect)).collect();
        Explained { effects, commands, ..self }
    }

    /// The same with the place where the grammar stops in the text that it is of.
    pub(super) fn placed(self, text: &str) -> Result<Self, Failure> {
        if self.sqlstate != SYNTAX_ERROR {
            return Ok(self);
        }
        let place = with_stack(|| sql::place(text, &self.message))?;
        let (error_line, error_column) = place.map_or((0, 0), |Place { line, column }| (line, column));
        // What stands in front of a text that cannot be read counts, too.
        let statement = text.trim_end().to_owned();
        Ok(Explained { statement, error_line, error_column, ..self })
    }

    fn judged(self, verdict: Verdict) -> Self {
        let owned = |names: &[Arc<str>]| names.iter().map(|name| name.to_string()).collect();
        let (word, approvers) = match &verdict {
            Verdict::Allow(permit) => {
                let (verdict, observed) = ("allow".to_owned(), owned(permit.observed()));
                return Explained { verdict, observed, ..self };
            }
            Verdict::Hold { approvers, .. } => ("hold", approvers.iter().map(ToString::to_string).collect()),
            Verdict::Refuse(_) => ("refuse", Vec::new()),
        };
        match verdict.refusal().cloned() {
            None => self,
            Some(Refusal { rules, sqlstate, message, detail, hint }) => Explained {
                verdict: word.to_owned(),
                rules: owned(&rules),
                approvers,
                sqlstate: sqlstate.to_owned(),
                message,
                detail,
                hint,
                ..self
            },
        }
    }

    fn text(&self, in_colours: bool) -> String {
        let verdict = match (in_colours, self.verdict.as_str()) {
            (false, verdict) => verdict.to_owned(),
            (true, "allow") => coloured("32", "allow"),
            (true, "hold") => coloured("1;33", "hold"),
            (true, other) => coloured("1;31", other),
        };
        let mut text = format!("{verdict}: {}\n", escaped(self.statement.trim()));
        let join = |list: &[String]| list.join(", ");
        // The catalog says more of them than the statement does.
        let named = self.columns_read.iter().chain(&self.columns_written);
        let are_resolved = self.columns.iter().collect::<HashSet<_>>() != named.collect();
        let columns = if are_resolved { join(&self.columns) } else { String::new() };
        for (name, value) in [
            ("ERROR", self.message.as_str()),
            ("SQLSTATE", &self.sqlstate),
            ("DETAIL", &self.detail),
            ("HINT", &self.hint),
            ("may be approved by", &join(&self.approvers)),
            ("only observed", &join(&self.observed)),
            ("effects", &join(&self.effects)),
            ("commands", &join(&self.commands)),
            ("reads", &join(&self.reads)),
            ("writes", &join(&self.writes)),
            ("with an effective filter", &join(&self.filtered)),
            ("without an effective filter", &join(&self.unfiltered)),
            ("settings", &join(&self.settings)),
            ("columns", &columns),
            ("columns read", &join(&self.columns_read)),
            ("columns written", &join(&self.columns_written)),
            ("functions", &join(&self.functions)),
            ("normalised", &self.normalised),
            ("fingerprint", &self.fingerprint),
            ("readers disagree", &self.readers_disagree),
        ] {
            if !value.is_empty() {
                let name = if in_colours { coloured("2", name) } else { name.to_owned() };
                // Writing to a string does not fail.
                let _ = writeln!(text, "  {name}: {}", escaped(value));
            }
            if name == "ERROR" {
                text += &self.pointer(in_colours);
            }
        }
        text
    }

    /// The line where the grammar stops, and a caret below the place.
    fn pointer(&self, in_colours: bool) -> String {
        let line = self.error_line.checked_sub(1).and_then(|number| self.statement.lines().nth(number));
        let Some(line) = line else { return String::new() };
        let before = self.error_column.saturating_sub(1);
        let first = before.saturating_sub(SHOWN_BEFORE);
        let shown: String = line.chars().skip(first).take(SHOWN_BEFORE + SHOWN_BEHIND).collect();
        let start = format!("  LINE {}: {}", self.error_line, if first == 0 { "" } else { "…" });
        // A letter that is shown as several, such as a tab, moves the place.
        let ahead: String = shown.chars().take(before - first).collect();
        let blank = " ".repeat(start.chars().count() + escaped(&ahead).chars().count());
        let caret = if in_colours { coloured("1;31", "^") } else { "^".to_owned() };
        format!("{start}{}\n{blank}{caret} column {}\n", escaped(&shown), self.error_column)
    }
}

/// Whether whoever reads standard output sees colours, and wants them.
fn in_colours() -> bool {
    stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

fn coloured(colour: &str, text: &str) -> String {
    format!("\u{1b}[{colour}m{text}\u{1b}[0m")
}
