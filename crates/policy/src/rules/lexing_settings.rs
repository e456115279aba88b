//! What: settings that change how the server cuts text into words keep the value that Picket reads with.
//! Why: with `standard_conforming_strings = off`, or an encoding in which a backslash can be half a character, the
//! same text means one thing to Picket and another to PostgreSQL.
//! Example: `SET standard_conforming_strings = off` is refused; `SET client_encoding = 'UTF8'` is not, nor is pg_dump's
//! `SELECT set_config(name, 'view, foreign-table', false) FROM pg_settings …`.

use sql::Statement;
use sql::facts::{Access, Effect, RelationUse, Setting};

use crate::verdict::Refusal;

pub(crate) const RULE: &str = "lexing-settings";

/// Client encodings in which every byte below 0x80 is the ASCII character (mbutils.c: not the client-only ones).
const SAFE_ENCODINGS: [&str; 5] = ["utf8", "utf-8", "unicode", "sql_ascii", "latin1"];

/// Ways to write `on` (bool.c, `parse_bool_with_len`).
const ON: [&str; 8] = ["on", "1", "t", "tr", "tru", "true", "y", "yes"];

pub(crate) fn check(statement: &Statement) -> Option<Refusal> {
    let because =
        statement.settings.iter().find_map(changes_lexing).or_else(|| updates_settings(statement))?;
    Some(Refusal::guardrail(
        RULE,
        &because,
        "Keep standard_conforming_strings on and client_encoding at UTF8; name other settings literally in set_config.",
    ))
}

/// `UPDATE pg_settings` changes settings as SET does (rules of that view call set_config); so does one of a view on it.
fn updates_settings(statement: &Statement) -> Option<String> {
    let is_view = statement.effects.contains(&Effect::Other("ViewStmt"));
    let written = |relation: &RelationUse| {
        (relation.access == Access::Write || is_view) && relation.name == "pg_settings"
    };
    statement.relations.iter().any(written).then(|| "writing to pg_settings changes settings".to_owned())
}

fn changes_lexing(setting: &Setting) -> Option<String> {
    let value = setting.value.as_deref().map(str::to_ascii_lowercase);
    let is_one_of = |allowed: &[&str]| value.as_deref().is_some_and(|value| allowed.contains(&value));
    match setting.name.as_deref() {
        Some("standard_conforming_strings") if is_one_of(&ON) => None,
        Some("client_encoding") if is_one_of(&SAFE_ENCODINGS) => None,
        Some(name @ ("standard_conforming_strings" | "client_encoding")) => {
            Some(format!("\"{name}\" changes how statements are read"))
        }
        Some(_) => None,
        // RESET ALL goes back to what the session began with, which Picket has seen.
        None if setting.is_reset_all => None,
        // Whatever the name turns out to be: PostgreSQL takes this value for none of both settings.
        None if value.as_deref().is_some_and(restricts_kinds) => None,
        None => Some("which setting set_config changes is computed".to_owned()),
    }
}

/// Whether a value is one of `restrict_nonsystem_relation_kind`, to which pg_dump sets the setting of that name where the
/// server has one. No boolean (bool.c) and no encoding (encnames.c) is spelled like it. What else stands in such a statement
/// proves nothing: `pg_settings`, `=` and `name` can all be somebody's own.
fn restricts_kinds(value: &str) -> bool {
    value.split(',').all(|kind| matches!(kind.trim(), "view" | "foreign-table"))
}
