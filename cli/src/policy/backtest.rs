//! What policies would have done to the statements that were recorded.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{IsTerminal, stderr};

use anyhow::Context;
use audit::ledger::RecordedRow;
use indicatif::{ProgressBar, ProgressStyle};
use policy::{Meaning, Policies, Setup, Verdict, Who};
use sql::catalog::Relation;
use sql::{Catalog, Statement};

use super::options::{Rulebook, Rules};
use super::stack::with_stack;
use crate::args::Format;
use crate::failure::Failure;
use crate::show::{self, Change};

/// Rules that come from what the proxy does, which policies do not change.
const NO_POLICIES: [&str; 4] =
    ["kept-settings", "masked-values-stay", "max-probes-per-hour", "max-sliding-probes-per-hour"];

/// How the session's own temporary relations are recorded.
const TEMPORARY: &str = "pg_temp.";

/// Judges what was recorded again, and shows what would be otherwise.
pub(crate) fn backtest(
    rules: &Rules,
    recorded: &[RecordedRow],
    more: bool,
    format: Format,
) -> Result<(), Failure> {
    let rulebook = rules.read()?;
    let Outcome { mut changes, unsure } = with_stack(|| outcome(&rulebook, recorded))??;
    changes.sort_by_key(|change| std::cmp::Reverse(change.executions));
    let executions = recorded.iter().map(|row| row.executions).sum();
    show::show(&changes, more, format, "every verdict would be as it was")?;
    tell(executions, &changes);
    if 0 < unsure {
        eprintln!(
            "{unsure} of them were refused for what is in no text (what they call, definitions, settings, values that are masked), and \
             count as they were"
        );
    }
    Ok(())
}

/// What would be the same kind of change to the same person: old and new verdict and rules, user, database.
type Key = (String, Vec<String>, &'static str, Vec<String>, String, String);

/// What came of judging again.
struct Outcome {
    /// What would be otherwise.
    changes: Vec<Change>,
    /// Executions of which nobody can tell.
    unsure: u64,
}

fn outcome(rulebook: &Rulebook, recorded: &[RecordedRow]) -> Result<Outcome, Failure> {
    let shipped = policy_files::load(Setup::default()).context("read the shipped rules")?;
    let bar = bar(recorded.len());
    let (mut changes, mut unsure) = (BTreeMap::<Key, Change>::new(), 0);
    for row in recorded {
        let judged = judge(rulebook, row)?;
        if (judged.verdict, &judged.rules) == (row.verdict.as_str(), &row.rules) {
        } else if judged.is_milder(row) && is_beyond_text(&shipped, rulebook, row)? {
            unsure += row.executions;
        } else {
            note(&mut changes, row, judged);
        }
        bar.inc(1);
    }
    bar.finish_and_clear();
    Ok(Outcome { changes: changes.into_values().collect(), unsure })
}

/// Whether a rule was against it then, and would be now, for what its text does not show: what the functions do that it calls, what hangs on tables,
/// how they are defined, what the session did before. A shipped rule that says nothing of the text whoever sends it is such.
fn is_beyond_text(shipped: &Policies, rulebook: &Rulebook, row: &RecordedRow) -> Result<bool, Failure> {
    let still = |rule: &str| rulebook.policies.rules().iter().any(|known| &*known.name == rule);
    let is_shipped = |rule: &str| shipped.rules().iter().any(|known| &*known.name == rule);
    if row.rules.iter().any(|rule| NO_POLICIES.contains(&rule.as_str())) {
        return Ok(true);
    }
    let text = Judged::of(&again(shipped, &Who::default(), row)?);
    Ok(row.rules.iter().any(|rule| is_shipped(rule) && still(rule) && !text.rules.contains(rule)))
}

struct Judged {
    verdict: &'static str,
    rules: Vec<String>,
}

impl Judged {
    fn of(verdict: &Verdict) -> Self {
        let owned = |names: &[std::sync::Arc<str>]| names.iter().map(|name| name.to_string()).collect();
        match verdict {
            Verdict::Allow(permit) => Judged { verdict: "allow", rules: owned(permit.observed()) },
            Verdict::Hold { otherwise, .. } => Judged { verdict: "hold", rules: owned(&otherwise.rules) },
            Verdict::Refuse(refusal) => Judged { verdict: "refuse", rules: owned(&refusal.rules) },
        }
    }

    /// Whether it lets more pass than was let pass then, or fewer rules are against it.
    fn is_milder(&self, row: &RecordedRow) -> bool {
        self.verdict == "allow"
            || self.verdict == row.verdict && self.rules.iter().all(|rule| row.rules.contains(rule))
    }
}

fn note(changes: &mut BTreeMap<Key, Change>, row: &RecordedRow, judged: Judged) {
    let Judged { verdict, rules } = judged;
    let (principal, database) = (row.principal.clone(), row.database.clone());
    let key = (row.verdict.clone(), row.rules.clone(), verdict, rules.clone(), principal, database);
    let change = changes.entry(key).or_insert_with(|| Change::new(row, verdict, rules));
    change.executions += row.executions;
    change.statements += 1;
}

/// What the policies say of a row, with what the ledger knows of names.
fn judge(rulebook: &Rulebook, row: &RecordedRow) -> Result<Judged, Failure> {
    let mut who = Who {
        actor: row.actor.clone(),
        authentication: row.authenticated_by.clone(),
        application: row.application_name.clone(),
        source: row.source.parse().unwrap_or(Who::default().source),
        environment: row.environment.clone(),
        hour: row.hour,
        weekday: row.weekday,
        ..rulebook.who(&row.principal, &row.database)
    };
    if !rulebook.knows(&row.principal) {
        // Only the identity provider knows what it is, or who has taken it out of the configuration.
        who.groups.extend(row.groups.iter().cloned());
        who.kind.clone_from(&row.kind);
    }
    Ok(Judged::of(&again(&rulebook.policies, &who, row)?))
}

fn again(policies: &Policies, who: &Who, row: &RecordedRow) -> Result<Verdict, Failure> {
    let subject = policies.subject(who).context("tell the policies who asked")?;
    let facts = match sql::read(row.text.as_bytes()) {
        Err(unreadable) => return Ok(policies.judge_unreadable(&subject, &unreadable)),
        Ok(facts) => facts,
    };
    let names = || row.relations_read.iter().chain(&row.relations_written);
    let is_own = |name: &str| names().any(|known| known.strip_prefix(TEMPORARY) == Some(name));
    let facts = facts.with_temporary(is_own, |_| true, |_| false, |_, how| how == sql::Scratch::MadeHere);
    let relations = names().filter_map(|path| path.split_once('.')).collect::<BTreeSet<_>>();
    let catalog = Catalog::new((1..).zip(relations).map(|(oid, (schema, name))| Relation {
        oid,
        schema: schema.to_owned(),
        name: name.to_owned(),
        columns: Vec::new(),
    }));
    // What was copied out of masked columns then, and could not be masked, would be now.
    let is_copied = row.rules.iter().any(|rule| rule == "copy-masked");
    let is_masked = is_copied || !row.masked_columns.is_empty();
    let (is_masked, is_maskable) = (|_: &Statement| is_masked, |_: &Statement| !is_copied);
    let verdicts = policies.judge(
        &subject,
        &facts,
        &Meaning {
            catalog: &catalog,
            is_masked: &is_masked,
            is_maskable: &is_maskable,
            class_of: &|_, _| None,
            looks_into: &|_| Vec::new(),
        },
    );
    // A row is one statement. A text of blanks does nothing.
    Ok(verdicts.into_iter().next().unwrap_or_else(policy::permit_nothing))
}

/// A progress bar on a terminal.
fn bar(rows: usize) -> ProgressBar {
    if !stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(rows as u64);
    if let Ok(style) = ProgressStyle::with_template("judging again {wide_bar} {pos} of {len}, {eta} left") {
        bar.set_style(style);
    }
    bar
}

/// The sum of it, for people.
fn tell(executions: u64, changes: &[Change]) {
    let of = |verdict: &str| {
        let those =
            changes.iter().filter(|change| change.verdict == verdict && change.verdict_then != verdict);
        let people: BTreeSet<_> = those.clone().map(|change| &change.principal).collect();
        (those.map(|change| change.executions).sum::<u64>(), people.len())
    };
    let ((refused, by), (allowed, to), (held, of_whom)) = (of("refuse"), of("allow"), of("hold"));
    eprintln!(
        "{executions} executions judged again: {refused} more refused (users: {by}), {held} more held (users: {of_whom}), \
         {allowed} more allowed (users: {to})"
    );
}
