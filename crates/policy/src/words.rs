//! Words in policies that Cedar takes for good and that nothing is ever called: ids of the wrong shape, kinds and commands that
//! there are not. A policy with one would be silent for ever.

use std::collections::BTreeSet;

use cedar_policy::{Effect, EntityUid, Policy};
use serde_json::Value;

use crate::columns;
use crate::functions::{Danger, Does};
use crate::resource::{id_of, parts_of};
use crate::setup::{PolicyError, Source};

/// Groups of actions. A statement's effects are actions themselves.
const GROUPS: [&str; 8] = ["define", "govern", "reach", "read", "run", "session", "unread", "write"];

/// How sessions log in.
const AUTHENTICATIONS: [&str; 4] = ["cert", "oauth", "scram-sha-256", "scram-sha-256-plus"];

/// How a statement does something.
const WAYS: [&str; 11] = [
    "check",
    "default",
    "foreign_key",
    "generated",
    "index",
    "partition_key",
    "policy",
    "rule",
    "statement",
    "statistics",
    "trigger",
];

/// How values are masked (`mask::Method`), by how little is shown of them.
pub const METHODS: [&str; 4] = ["null", "fixed", "token", "partial"];

/// What sensitive columns hold (`mask::Class`).
pub const CLASSES: [&str; 16] = [
    "email",
    "phone",
    "card",
    "iban",
    "national_id",
    "tax_id",
    "passport",
    "ip_address",
    "mac_address",
    "geo_location",
    "address",
    "person_name",
    "birth_date",
    "credential",
    "document",
    "derived",
];

/// Most words that an error lists.
const LISTED_MAX: usize = 12;

/// Nodes of PostgreSQL's parse tree that are commands (pg_query 18, protobuf.rs).
const COMMANDS: &str = include_str!("commands.txt");

/// Commands that are no nodes: of replication, what hides a relation, what a DROP is of, and why a text cannot be read.
pub(crate) const OTHER_COMMANDS: [&str; 24] = [
    "alter_replication_slot",
    "base_backup",
    "create_replication_slot",
    "drop_replication_slot",
    "encoding",
    "identify_system",
    "lexing",
    "new-word",
    "nul",
    "operator-run",
    "pg_temp",
    "read_replication_slot",
    "shadow",
    "show",
    "start_replication",
    "syntax",
    "timeline_history",
    "too-deep",
    "too-long",
    "too-many-statements",
    "too-many-tokens",
    "too-slow",
    "tree",
    "upload_manifest",
];

/// What policies can be called after.
pub(crate) struct Known<'k> {
    /// Actions and their groups.
    pub(crate) actions: &'k [EntityUid],
    /// Names of all rules, also of those that are left out.
    pub(crate) rules: &'k BTreeSet<String>,
}

/// What is odd about a policy's words, and does not keep it from being judged with.
///
/// # Errors
///
/// [`PolicyError`] where a word is in it that means nothing.
pub(crate) fn check(
    policy: &Policy,
    source: &Source,
    known: &Known<'_>,
) -> Result<Vec<PolicyError>, PolicyError> {
    let mut odd = Vec::new();
    let at = |word: &str, message: String| {
        let quoted = serde_json::to_string(word).unwrap_or_default();
        PolicyError::at(source, source.text.find(&quoted).unwrap_or_default(), message)
    };
    for literal in policy.entity_literals() {
        let id = literal.id().unescaped();
        match id_is(literal.type_name().basename(), id, known) {
            Fits::Well => {}
            Fits::Oddly(why) => odd.push(at(id, why)),
            Fits::Never(why) => return Err(at(id, why)),
        }
    }
    let json = policy.to_json().map_err(|error| PolicyError::at(source, 0, error))?;
    let about_columns = columns::is_about(policy);
    if about_columns && policy.effect() == Effect::Permit {
        let message = "`permit` is for tables: nobody need be permitted a column, which `forbid` is for";
        return Err(PolicyError::at(source, at_column(source), message));
    }
    if !about_columns && json.get("conditions").is_some_and(columns::are_spoken_of) {
        let message = "a policy that is about columns says so in its head: `resource == Picket::Column::\"…\"` or `resource is Picket::Column`";
        return Err(PolicyError::at(source, at_column(source), message));
    }
    let mut compared = Vec::new();
    comparisons(json.get("conditions").unwrap_or(&Value::Null), &mut compared);
    for (attribute, value) in compared {
        let shown = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        match word_is(&attribute, value, known) {
            Fits::Well => {}
            Fits::Oddly(why) => odd.push(at(&shown, why)),
            Fits::Never(why) if value.is_string() => return Err(at(&shown, why)),
            Fits::Never(why) => {
                let offset = source.text.find(&shown).unwrap_or_default();
                return Err(PolicyError::at(source, offset, why));
            }
        }
    }
    Ok(odd)
}

/// Where a source speaks of columns.
fn at_column(source: &Source) -> usize {
    source.text.find("Picket::Column").unwrap_or_default()
}

/// Whether a policy looks at what resources are called, or which relations they are by what these hold.
pub(crate) fn tells_names(policy: &Policy) -> bool {
    let (mut looks, mut texts) = (false, Vec::new());
    // What cannot be shown may look at anything.
    let Ok(json) = policy.to_json() else { return true };
    gather(
        json.get("conditions").unwrap_or(&Value::Null),
        &["classes", "name", "schema"],
        &mut looks,
        &mut texts,
    );
    looks
}

/// Whether it compares what they are called with anything else than constants.
pub(crate) fn tells_any_names(policy: &Policy) -> bool {
    policy.to_json().map_or(true, |json| compares_names(json.get("conditions").unwrap_or(&Value::Null)))
}

fn compares_names(json: &Value) -> bool {
    match json {
        Value::Object(fields) => fields.iter().any(|(operator, operands)| {
            let is_name = |name: Option<&Value>| {
                name.and_then(Value::as_str).is_some_and(|name| matches!(name, "name" | "schema"))
            };
            let are = |one: &str, other: &str| {
                let constants = operands.get(other).map(constants).unwrap_or_default();
                let attribute = operands.get(one).and_then(|one| one.get("."));
                !constants.is_empty() && is_name(attribute.and_then(|access| access.get("attr")))
            };
            let is_closed = matches!(operator.as_str(), "==" | "!=" | "contains")
                && (are("left", "right") || are("right", "left"));
            !is_closed && (operator == "." && is_name(operands.get("attr")) || compares_names(operands))
        }),
        Value::Array(values) => values.iter().any(compares_names),
        _ => false,
    }
}

/// Schemas that a policy could tell from others: all of its texts where it looks at names.
pub(crate) fn schemas(policy: &Policy) -> Vec<String> {
    texts(policy, &["name", "schema"])
}

/// Databases and environments that a policy names.
#[derive(Debug, Default)]
pub(crate) struct Places {
    pub(crate) databases: BTreeSet<String>,
    pub(crate) environments: BTreeSet<String>,
}

/// Those of a policy.
pub(crate) fn places(policy: &Policy) -> Places {
    let mut places = Places::default();
    for literal in policy.entity_literals() {
        let id = literal.id().unescaped();
        match literal.type_name().basename() {
            "Database" => _ = places.databases.insert(id.to_owned()),
            "Schema" | "Table" | "Column" => places.databases.extend(parts_of(id).into_iter().take(1)),
            _ => {}
        }
    }
    let json = policy.to_json().unwrap_or_default();
    let mut compared = Vec::new();
    comparisons(json.get("conditions").unwrap_or(&Value::Null), &mut compared);
    for (attribute, value) in compared {
        let Some(word) = value.as_str().filter(|word| !word.is_empty()) else { continue };
        match attribute.as_str() {
            "context.database" => _ = places.databases.insert(word.to_owned()),
            "context.environment" | "resource.environment" => {
                places.environments.insert(word.to_owned());
            }
            _ => {}
        }
    }
    places
}

/// Settings that a policy could tell from others.
pub(crate) fn settings(policy: &Policy) -> Vec<String> {
    let literals = policy.entity_literals().into_iter();
    let settings = literals.filter(|literal| literal.type_name().basename() == "Setting");
    settings.map(|literal| literal.id().unescaped().to_owned()).chain(texts(policy, &["name"])).collect()
}

/// Columns that a policy could tell from others: all of its texts where it looks at columns.
pub(crate) fn columns(policy: &Policy) -> Vec<String> {
    texts(policy, &["columns"])
}

/// All texts in the conditions of a policy that looks at one of these attributes.
fn texts(policy: &Policy, attributes: &[&str]) -> Vec<String> {
    let (mut looks, mut texts) = (false, Vec::new());
    if let Ok(json) = policy.to_json() {
        gather(json.get("conditions").unwrap_or(&Value::Null), attributes, &mut looks, &mut texts);
    }
    if looks { texts } else { Vec::new() }
}

fn gather(json: &Value, attributes: &[&str], looks: &mut bool, texts: &mut Vec<String>) {
    match json {
        Value::Object(fields) => {
            *looks |= fields.get("attr").and_then(Value::as_str).is_some_and(|own| attributes.contains(&own));
            if let Some(pattern) = fields.get("pattern").and_then(Value::as_array) {
                // What the pattern also matches: itself without anything in its gaps.
                let literals = pattern.iter().filter_map(|part| part.get("Literal")?.as_str());
                texts.push(literals.collect());
            }
            fields.values().for_each(|value| gather(value, attributes, looks, texts));
        }
        Value::Array(values) => values.iter().for_each(|value| gather(value, attributes, looks, texts)),
        Value::String(text) => texts.push(text.clone()),
        _ => {}
    }
}

/// Whether anything can be called so.
enum Fits {
    Well,
    Oddly(String),
    Never(String),
}

fn id_is(kind: &str, id: &str, known: &Known<'_>) -> Fits {
    match kind {
        "Schema" => parts_are(id, "a schema", &["DATABASE", "SCHEMA"]),
        "Table" => parts_are(id, "a table", &["DATABASE", "SCHEMA", "TABLE"]),
        "Column" => parts_are(id, "a column", &["DATABASE", "SCHEMA", "TABLE", "COLUMN"]),
        "Function" => name_is(id, "a function is known by its last name, whatever its schema"),
        "Setting" => setting_is(id),
        "Class" if !CLASSES.contains(&id) => Fits::Never(format!(
            "there is no class `{id}` of sensitive values{}",
            meant(id, CLASSES.map(str::to_owned).iter())
        )),
        "Group" => match id.strip_prefix("exempt:") {
            Some(rule) if !known.rules.contains(rule) => Fits::Never(format!(
                "there is no rule `{rule}` to be exempt from{}",
                meant(rule, known.rules.iter())
            )),
            _ => Fits::Well,
        },
        _ => Fits::Well,
    }
}

fn parts_are(id: &str, what: &str, names: &[&str]) -> Fits {
    let parts = parts_of(id);
    let shape = names.join(".");
    if parts.len() != names.len() || parts.iter().any(String::is_empty) {
        let example = match parts.len() {
            0 => shape.clone(),
            given => {
                let missing = names.len().saturating_sub(given);
                let given = parts.iter().map(|part| if part.is_empty() { "…" } else { part.as_str() });
                names.iter().take(missing).copied().chain(given).collect::<Vec<_>>().join(".")
            }
        };
        let meant =
            if parts.len() < names.len() { format!("; did you mean `{example}`") } else { String::new() };
        return Fits::Never(format!("`{id}` is no id of {what}, which is `{shape}`{meant}"));
    }
    let written = id_of(&parts);
    if written != id {
        return Fits::Never(format!("`{id}` is no id of {what} as it is written; did you mean `{written}`"));
    }
    capitals(id)
}

/// PostgreSQL folds names that are not quoted to small letters.
fn capitals(name: &str) -> Fits {
    if name.chars().any(char::is_uppercase) {
        return Fits::Oddly(format!(
            "`{name}` has capitals: names have none in PostgreSQL unless they are always quoted"
        ));
    }
    Fits::Well
}

fn name_is(name: &str, why: &str) -> Fits {
    match name.rsplit_once('.') {
        _ if name.contains('(') => Fits::Never(format!("`{name}` has arguments, and {why}")),
        Some((_, last)) => Fits::Never(format!("`{name}` has a dot, and {why}; did you mean `{last}`")),
        None => capitals(name),
    }
}

fn setting_is(name: &str) -> Fits {
    let canonical = sql::setting_name(name);
    if canonical == name {
        return Fits::Well;
    }
    Fits::Never(format!("no setting is called `{name}` here; did you mean `{canonical}`"))
}

/// Whether the attribute of this name, as `principal.kind`, can have this value.
fn word_is(attribute: &str, value: &Value, known: &Known<'_>) -> Fits {
    if let Some(number) = value.as_i64() {
        let range = match attribute {
            "context.hour" => 0..=23,
            "context.weekday" => 1..=7,
            _ => return Fits::Well,
        };
        let (first, last) = (range.start(), range.end());
        return match range.contains(&number) {
            true => Fits::Well,
            false => Fits::Never(format!("`{attribute}` is never {number}: it is from {first} to {last}")),
        };
    }
    let Some(word) = value.as_str() else { return Fits::Well };
    let one_of = |words: &mut dyn Iterator<Item = &str>| {
        let words: Vec<&str> = words.collect();
        if words.contains(&word) {
            return Fits::Well;
        }
        let list = match words.len() {
            ..=LISTED_MAX => format!(", which is one of `{}`", words.join("`, `")),
            _ => String::new(),
        };
        Fits::Never(format!("`{word}` is never a `{attribute}`{list}{}", meant(word, words.iter())))
    };
    match attribute {
        "principal.kind" => one_of(&mut ["agent", "human", ""].into_iter()),
        "principal.authentication" => one_of(&mut AUTHENTICATIONS.into_iter()),
        "resource.danger" => one_of(&mut Danger::ALL.iter().map(|danger| danger.word()).chain([""])),
        "resource.does" => one_of(&mut Does::WORDS.into_iter().chain([""])),
        "context.command" => one_of(&mut COMMANDS.lines().chain(OTHER_COMMANDS).chain([""])),
        "context.effects" => {
            let actions = known.actions.iter().map(|action| action.id().unescaped());
            one_of(&mut actions.filter(|action| !GROUPS.contains(action)))
        }
        "context.via" => one_of(&mut WAYS.into_iter()),
        "context.columns" => oddly(name_is(word, "columns are named without their tables")),
        "context.functions" => oddly(name_is(word, "functions are named without their schemas")),
        "resource.class" => one_of(&mut CLASSES.into_iter().chain([""])),
        "resource.classes" => one_of(&mut CLASSES.into_iter()),
        "resource.name" | "resource.schema" | "resource.table" => {
            oddly(name_is(word, "`resource.name`, `resource.schema` and `resource.table` are one name each"))
        }
        _ => Fits::Well,
    }
}

/// A name can hold anything where it is quoted.
fn oddly(fits: Fits) -> Fits {
    match fits {
        Fits::Never(why) => Fits::Oddly(why),
        fits => fits,
    }
}

/// The word of these that is like it.
pub(crate) fn meant<W: AsRef<str>>(word: &str, words: impl Iterator<Item = W>) -> String {
    let near = words.map(|known| (distance(word, known.as_ref()), known));
    let nearest =
        near.filter(|(far, known)| *far <= 1 + known.as_ref().len() / 4).min_by_key(|(far, _)| *far);
    nearest.map(|(_, known)| format!("; did you mean `{}`", known.as_ref())).unwrap_or_default()
}

/// How many letters must be added, left out or changed.
fn distance(one: &str, other: &str) -> usize {
    let mut row: Vec<usize> = (0..=other.chars().count()).collect();
    for (above, letter) in one.chars().enumerate() {
        let (mut diagonal, mut left) = (above, above + 1);
        let mut next = vec![left];
        for (up, own) in row.iter().skip(1).zip(other.chars()) {
            left = (diagonal + usize::from(letter != own)).min(up + 1).min(left + 1);
            diagonal = *up;
            next.push(left);
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

/// Attributes, as `context.hour`, with constants that they are compared with.
fn comparisons<'j>(json: &'j Value, found: &mut Vec<(String, &'j Value)>) {
    match json {
        Value::Object(fields) => {
            for (operator, operands) in fields {
                let compares =
                    matches!(operator.as_str(), "==" | "!=" | "contains" | "containsAll" | "containsAny");
                if let (true, Some(left), Some(right)) =
                    (compares, operands.get("left"), operands.get("right"))
                {
                    for (attribute, constant) in [(left, right), (right, left)] {
                        if let Some(attribute) = attribute_in(attribute) {
                            found.extend(
                                constants(constant).into_iter().map(|value| (attribute.clone(), value)),
                            );
                        }
                    }
                }
            }
            fields.values().for_each(|value| comparisons(value, found));
        }
        Value::Array(values) => values.iter().for_each(|value| comparisons(value, found)),
        _ => {}
    }
}

fn attribute_in(json: &Value) -> Option<String> {
    let access = json.get(".")?;
    let variable = access.get("left")?.get("Var")?.as_str()?;
    Some(format!("{variable}.{}", access.get("attr")?.as_str()?))
}

fn constants(json: &Value) -> Vec<&Value> {
    match (json.get("Value"), json.get("Set")) {
        (Some(Value::Array(values)), _) => values.iter().collect(),
        (Some(value), _) => vec![value],
        (_, Some(Value::Array(values))) => values.iter().flat_map(constants).collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests;
