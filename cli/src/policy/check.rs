//! Whether policies can be judged with, and say what their examples say.

use std::io::{Write, stdout};

use anyhow::anyhow;
use policy::{Example, Rule, Verdict, Who};

use super::explain::judge_example;
use super::known::Known;
use super::options::{Asker, Rules};
use crate::failure::{Failure, unless_reader_left};

/// Checks them: what cannot be is an error, what is odd is told, and every example is judged.
pub(crate) fn check(rules: &Rules, asker: &Asker, known: &Known) -> Result<(), Failure> {
    let rulebook = rules.read()?;
    let policies = &rulebook.policies;
    let warnings = policies.warnings().iter().cloned().chain(policies.unreachable());
    let mut odd: Vec<String> = warnings.map(|warning| format!("warning: {warning}")).collect();
    odd.extend(policies.shadowed().iter().map(|rule| {
        format!(
            "warning: {}:{}: rule \"{}\" permits what \"allow-all\" permits too; leave that out (`without`)",
            rule.file, rule.line, rule.name
        )
    }));
    if let Some(groups) = rulebook.groups() {
        odd.extend(policies.odd_groups(&groups).iter().map(|odd| format!("warning: {odd}")));
    }
    odd.extend(rulebook.odd_places().iter().map(|odd| format!("warning: {odd}")));
    let who = asker.who(&rulebook);
    let (mut examples, mut wrong) = (0, Vec::new());
    for rule in policies.rules() {
        for (text, refuses) in
            rule.refuses.iter().map(|text| (text, true)).chain(rule.allows.iter().map(|text| (text, false)))
        {
            examples += 1;
            let against = is_against(rule, &judge_example(policies, &who, known, Example::of(text))?);
            if against != refuses {
                let says =
                    if refuses { "is to refuse it, and does not" } else { "is to let it pass, and does not" };
                wrong.push(format!("{}:{}: rule \"{}\" {says}: {text}", rule.file, rule.line, rule.name));
            }
        }
    }
    let own = policies.rules().iter().filter(|rule| rule.is_own).count();
    let mut out = stdout().lock();
    let mut told = String::new();
    for line in &odd {
        told += line;
        told.push('\n');
    }
    told += &format!("{} policies, {own} of them own; {examples} examples\n", policies.rules().len());
    unless_reader_left(out.write_all(told.as_bytes()).and_then(|()| out.flush()))?;
    match wrong.len() {
        0 => Ok(()),
        _ => Err(anyhow!("{}; {}", wrong.join("; "), asked_as(&who)).into()),
    }
}

/// As whom examples are asked, which say nothing of that themselves.
fn asked_as(who: &Who) -> String {
    let or = |text: &str, other: &str| if text.is_empty() { other.to_owned() } else { format!("\"{text}\"") };
    format!(
        "each was asked by {}, of {}, in {}: say otherwise with --as, --group, --kind and --environment",
        or(&who.user, "nobody in particular"),
        or(&who.kind, "no kind"),
        or(&who.environment, "no environment")
    )
}

/// Whether the rule speaks against any statement of the text, enforced or not.
fn is_against(rule: &Rule, verdicts: &[Verdict]) -> bool {
    verdicts.iter().any(|verdict| match verdict {
        Verdict::Allow(permit) => permit.observed().contains(&rule.name),
        Verdict::Hold { otherwise, .. } => otherwise.rules.contains(&rule.name),
        Verdict::Refuse(refusal) => refusal.rules.contains(&rule.name),
    })
}
