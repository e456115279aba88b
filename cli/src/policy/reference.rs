//! All rules, for people to read.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{Write, stdout};

use policy::{Mode, Policies, Rule, dangerous_functions};

use super::options::Rules;
use crate::failure::{Failure, unless_reader_left};

/// Prints them as Markdown.
pub(crate) fn reference(rules: &Rules) -> Result<(), Failure> {
    let text = markdown(&rules.read()?.policies);
    let mut out = stdout().lock();
    unless_reader_left(out.write_all(text.as_bytes()).and_then(|()| out.flush()))
}

fn markdown(policies: &Policies) -> String {
    let mut text = "# Rules\n\n\
        Written by `picket policy reference`. Each is a file of policies in [Cedar](https://docs.cedarpolicy.com); what they can\n\
        speak of says `crates/policy/picket.cedarschema`. A user in the group `exempt:RULE` is not kept by that shipped rule, and\n\
        `RULE = \"observe\"` under `[policy.mode]` has it refuse nothing and be named in the record.\n\
        An example that shows no statement says in brackets what it is: `(unseen)` a name that runs, `(fast path)` a function that is called,\n\
        `(replication)` a command; `(masked)` statements that read masked columns.\n"
        .to_owned();
    let mut rules: Vec<&Rule> = policies.rules().iter().collect();
    rules.sort_by(|one, other| one.name.cmp(&other.name));
    for own in rules.chunk_by(|one, other| one.name == other.name) {
        if let Some(first) = own.first() {
            section(first, own, &mut text);
        }
    }
    text.push_str(OTHERS);
    functions(&mut text);
    text
}

/// What is refused whatever the policies say.
const OTHERS: &str = "
# Rules that are no policies

These come from what the proxy does rather than from a file: no policy permits what they refuse, and they are neither observed nor held. Whoever may see
the values (`reveal`) is not asked by the last four.

| rule | refuses | otherwise |
| --- | --- | --- |
| `kept-settings` | changing a setting by which the proxy tells the database who the user is, and what nobody can read where there is one | `RESET`, `RESET ALL`, `DISCARD ALL` go back to what it has set |
| `masked-values-stay` | handing masked values to where nobody would know them: a setting, a notification, a large object, a lock, a sequence, a bound of a partition, code that runs texts; and making code that others call do so | leave the value away, or ask for `reveal` |
| `masks-are-no-values` | writing what is shown in place of a value into the column of that value, as who saves a whole row that was read does; `takes-masks` of the configuration's `[mask]` ends it | leave the column out, or ask for `reveal` |
| `max-probes-per-hour` | more conditions that look into masked values than the configuration's key of this name allows, and those that would tell a value at once | compare whole values with `=`, wait, or ask for `reveal` |
| `max-sliding-probes-per-hour` | the same condition on masked values with constants that slide, as a search for a value has, more often than the configuration's key of this name allows | compare whole values with `=`, wait, or ask for `reveal` |
";

/// Those that `no-dangerous-function` is about, by what they do.
fn functions(text: &mut String) {
    let mut by_what: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for (name, what) in dangerous_functions() {
        by_what.entry(what).or_default().push(format!("`{name}`"));
    }
    text.push_str(
        "\n# Functions that `no-dangerous-function` is about\n\nBy their last name, in whichever schema, but for those that stand here \
         with one.\n\n| why: it | functions |\n| --- | --- |\n",
    );
    for (what, names) in by_what {
        let _ = writeln!(text, "| {what} | {} |", names.join(", "));
    }
}

/// Writing to a string does not fail.
fn section(first: &Rule, own: &[&Rule], text: &mut String) {
    let _ = write!(text, "\n## {}\n\n", first.name);
    for (number, line) in first.about.lines().enumerate() {
        // Each of these is a paragraph of its own.
        let begins = ["What:", "Why:", "Example:"].iter().any(|word| line.starts_with(word));
        if begins && number != 0 {
            text.push('\n');
        }
        let _ = writeln!(text, "{line}");
    }
    let effects = own.iter().map(|rule| match (rule.permits, &rule.hold, rule.mode) {
        (true, ..) => "permits".to_owned(),
        (_, _, Mode::Observe) => "observes".to_owned(),
        (_, Some(needed), _) => format!("holds for `{needed}`"),
        _ => "refuses".to_owned(),
    });
    let _ = write!(text, "\n| | because | examples against | examples for |\n| --- | --- | --- | --- |\n");
    for (rule, effect) in own.iter().zip(effects) {
        let because = if rule.permits { "" } else { &rule.reason };
        let _ = writeln!(
            text,
            "| {effect} | {} | {} | {} |",
            cell(because),
            examples(&rule.refuses),
            examples(&rule.allows)
        );
    }
    if let Some(rule) = own.iter().find(|rule| !rule.permits) {
        let _ = write!(text, "\nHint: {}\n", rule.hint);
    }
}

fn examples(texts: &[String]) -> String {
    texts.iter().map(|text| format!("`{}`", cell(text))).collect::<Vec<_>>().join("<br>")
}

fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}
