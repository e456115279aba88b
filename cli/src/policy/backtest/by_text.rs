//! What policies say of recorded statements by their texts, and by what the ledger knows of names. There is no catalog.

use std::collections::BTreeSet;
use std::sync::Arc;

use anyhow::Context;
use audit::ledger::RecordedRow;
use indicatif::ProgressBar;
use policy::{Meaning, Policies, Setup, Verdict, Who};
use sql::catalog::Relation;
use sql::{Catalog, Statement};

use super::{Again, Judged, NO_POLICIES, TEMPORARY, is_no_text, relations, who};
use crate::failure::Failure;
use crate::policy::options::Rulebook;

/// Judges each, on a thread with enough stack.
pub(super) fn judge(
    rulebook: &Rulebook,
    recorded: &[RecordedRow],
    bar: &ProgressBar,
) -> Result<Vec<Again>, Failure> {
    let shipped = policy_files::load(Setup::default()).context("read the shipped rules")?;
    let one = |row: &RecordedRow| {
        let judged = judged(&again(&rulebook.policies, &who(rulebook, row), row)?);
        let is_untold = is_no_text(&row.text)
            || !judged.is_as(row) && judged.is_milder(row) && is_beyond_text(&shipped, rulebook, row)?;
        bar.inc(1);
        Ok(if is_untold { Again::AsItWas } else { Again::Is(judged) })
    };
    recorded.iter().map(one).collect()
}

/// Whether a rule was against it then, and would be now, for what its text does not show: what the functions do that it calls, what hangs on tables,
/// how they are defined, what the session did before. A shipped rule that says nothing of the text whoever sends it is such.
fn is_beyond_text(shipped: &Policies, rulebook: &Rulebook, row: &RecordedRow) -> Result<bool, Failure> {
    let still = |rule: &str| rulebook.policies.rules().iter().any(|known| &*known.name == rule);
    let is_shipped = |rule: &str| shipped.rules().iter().any(|known| &*known.name == rule);
    if row.rules.iter().any(|rule| NO_POLICIES.contains(&rule.as_str())) {
        return Ok(true);
    }
    let text = judged(&again(shipped, &Who::default(), row)?);
    Ok(row.rules.iter().any(|rule| is_shipped(rule) && still(rule) && !text.rules.contains(rule)))
}

fn judged(verdict: &Verdict) -> Judged {
    let owned = |names: &[Arc<str>]| names.iter().map(|name| name.to_string()).collect();
    match verdict {
        Verdict::Allow(permit) => Judged { verdict: "allow", rules: owned(permit.observed()) },
        Verdict::Hold { otherwise, .. } => Judged { verdict: "hold", rules: owned(&otherwise.rules) },
        Verdict::Refuse(refusal) => Judged { verdict: "refuse", rules: owned(&refusal.rules) },
    }
}

/// What the policies say of a row, with what the ledger knows of names.
fn again(policies: &Policies, who: &Who, row: &RecordedRow) -> Result<Verdict, Failure> {
    let subject = policies.subject(who).context("tell the policies who asked")?;
    let facts = match sql::read(row.text.as_bytes()) {
        Err(unreadable) => return Ok(policies.judge_unreadable(&subject, &unreadable)),
        Ok(facts) => facts,
    };
    let is_own = |name: &str| relations(row).any(|known| known.strip_prefix(TEMPORARY) == Some(name));
    let facts = facts.with_temporary(is_own, |_| true, |_| false, |_, how| how == sql::Scratch::MadeHere);
    let relations = relations(row).filter_map(|path| path.split_once('.')).collect::<BTreeSet<_>>();
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
