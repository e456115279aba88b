//! What Picket reads in statements, and what its rules say of them. Nothing is connected to, and no catalog is known.

use std::fmt::Write as _;
use std::io::{Read, Write, stdin, stdout};
use std::sync::Arc;

use anyhow::Context;
use policy::{Example, Meaning, Policies, Refusal, Subject, Verdict, Who};
use serde::Serialize;
use sql::Statement;
use sql::catalog::{Column, Relation};
use sql::facts::{Access, ColumnUse, RelationUse};

use super::known::Known;
use super::options::{Asker, Rules};
use super::stack::with_stack;
use crate::args::ExplainFormat;
use crate::failure::{Failure, unless_reader_left};
use crate::show::{escaped, json_rows};

/// What people are told who may not know.
const UNKNOWN: &str = "no catalog is known here: what views, functions and triggers do is not counted; --at-proxy asks a proxy about it";

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
    tell(&judged.into_iter().map(Explained::from).collect::<Vec<_>>(), format)
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
        ExplainFormat::Text => explained.iter().map(Explained::text).collect::<Vec<_>>().join("\n"),
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
        let mut columns = Vec::new();
        for ColumnUse { qualifier, name, is_target: _ } in &statement.columns {
            let name = name.as_deref().unwrap_or("*");
            let path = qualifier.iter().map(String::as_str).chain([name]).collect::<Vec<_>>().join(".");
            // It can be given a value and be read.
            if !columns.contains(&path) {
                columns.push(path);
            }
        }
        Explained {
            statement: text.trim().to_owned(),
            effects: statement.effects.iter().map(|effect| effect.name().to_owned()).collect(),
            reads: relations(Access::Read),
            writes: relations(Access::Write),
            columns,
            functions: statement.functions.clone(),
            fingerprint: format!("{:016x}", statement.fingerprint),
            ..Explained::default()
        }
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

    fn text(&self) -> String {
        let mut text = format!("{}: {}\n", self.verdict, escaped(&self.statement));
        let observed = self.observed.join(", ");
        let lists = [&self.reads, &self.writes, &self.columns, &self.functions].map(|list| list.join(", "));
        let [reads, writes, columns, functions] = &lists;
        for (name, value) in [
            ("ERROR", &self.message),
            ("DETAIL", &self.detail),
            ("HINT", &self.hint),
            ("may be approved by", &self.approvers.join(", ")),
            ("only observed", &observed),
            ("effects", &self.effects.join(", ")),
            ("reads", reads),
            ("writes", writes),
            ("columns", columns),
            ("functions", functions),
            ("fingerprint", &self.fingerprint),
            ("readers disagree", &self.readers_disagree),
        ] {
            if !value.is_empty() {
                // Writing to a string does not fail.
                let _ = writeln!(text, "  {name}: {}", escaped(value));
            }
        }
        text
    }
}
