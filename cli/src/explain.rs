//! What Picket reads in statements, and what its rules say of them. Nothing is connected to.

use std::fmt::Write as _;
use std::io::{Read, Write, stdin, stdout};
use std::thread;

use anyhow::{Context, anyhow};
use policy::{Mode, Modes, Verdict};
use serde::Serialize;
use sql::Statement;
use sql::facts::{Access, RelationUse};

use crate::args::ExplainFormat;
use crate::failure::{Failure, unless_reader_left};
use crate::show::{escaped, json_rows};

/// One statement. Its fields are the keys of JSON.
#[derive(Debug, Default, Serialize)]
struct Explained {
    statement: String,
    verdict: &'static str,
    rule: &'static str,
    observed: Vec<&'static str>,
    sqlstate: &'static str,
    message: String,
    detail: String,
    hint: String,
    effects: Vec<&'static str>,
    reads: Vec<String>,
    writes: Vec<String>,
    columns: Vec<String>,
    functions: Vec<String>,
    fingerprint: String,
    readers_disagree: String,
}

/// Explains the statements of `sql`, or of standard input, on stdout.
pub(crate) fn explain(sql: Option<String>, observe: &[String], format: ExplainFormat) -> Result<(), Failure> {
    let mut modes = Modes::default();
    for rule in observe {
        modes.set(rule, Mode::Observe)?;
    }
    let text = match sql {
        Some(text) => text.into_bytes(),
        None => {
            let mut text = Vec::new();
            // One more than may be read, which is then told.
            let read = stdin().take(sql::STATEMENT_BYTES_MAX as u64 + 1).read_to_end(&mut text);
            read.context("read statements from standard input")?;
            text
        }
    };
    let explained = thread::scope(|scope| {
        let reader = thread::Builder::new().stack_size(sql::READ_STACK_BYTES);
        let handle = reader.spawn_scoped(scope, || judge(&text, &modes)).context("start a thread")?;
        handle.join().map_err(|_| anyhow!("the statements could not be read"))
    })?;
    let answer = match format {
        ExplainFormat::Json => json_rows(&explained)?,
        ExplainFormat::Text => explained.iter().map(Explained::text).collect::<Vec<_>>().join("\n"),
    };
    let mut out = stdout().lock();
    unless_reader_left(out.write_all(answer.as_bytes()).and_then(|()| out.flush()))
}

fn judge(text: &[u8], modes: &Modes) -> Vec<Explained> {
    let reading = sql::read(text);
    let text = String::from_utf8_lossy(text);
    let facts = match reading {
        Err(unreadable) => {
            let whole = Explained { statement: text.trim().to_owned(), ..Explained::default() };
            return vec![whole.judged(policy::judge_unreadable(modes, &unreadable))];
        }
        // The temporary tables that the text makes are known.
        Ok(facts) => facts.with_temporary(|_| false, |_| true).into_owned(),
    };
    let verdicts = policy::judge(modes, &facts, |_| false);
    let explained = facts.statements.iter().zip(verdicts).map(|(statement, verdict)| {
        let own = text.get(statement.span.clone()).unwrap_or_default();
        let mut explained = Explained::read(own, statement).judged(verdict);
        explained.readers_disagree = facts.readers_disagree.clone().unwrap_or_default();
        explained
    });
    explained.collect()
}

impl Explained {
    fn read(text: &str, statement: &Statement) -> Self {
        let relations = |access| {
            let used = statement.relations.iter().filter(move |used| used.access == access);
            used.map(RelationUse::path).collect()
        };
        let columns = statement.columns.iter().map(|column| {
            let name = column.name.as_deref().unwrap_or("*");
            column.qualifier.iter().map(String::as_str).chain([name]).collect::<Vec<_>>().join(".")
        });
        Explained {
            statement: text.trim().to_owned(),
            effects: statement.effects.iter().map(|effect| effect.name()).collect(),
            reads: relations(Access::Read),
            writes: relations(Access::Write),
            columns: columns.collect(),
            functions: statement.functions.clone(),
            fingerprint: format!("{:016x}", statement.fingerprint),
            ..Explained::default()
        }
    }

    fn judged(self, verdict: Verdict) -> Self {
        match verdict {
            Verdict::Allow(permit) => {
                Explained { verdict: "allow", observed: permit.observed().to_vec(), ..self }
            }
            Verdict::Refuse(refusal) => Explained {
                verdict: "refuse",
                rule: refusal.rule,
                sqlstate: refusal.sqlstate,
                message: refusal.message,
                detail: refusal.detail,
                hint: refusal.hint,
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
