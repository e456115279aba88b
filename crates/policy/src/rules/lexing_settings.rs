//! What: settings that change how the server cuts text into words keep the value that Picket reads with.
//! Why: with `standard_conforming_strings = off`, or an encoding in which a backslash can be half a character, the
//! same text means one thing to Picket and another to PostgreSQL.
//! Example: `SET standard_conforming_strings = off` is refused; `SET client_encoding = 'UTF8'` is not.

use sql::Statement;
use sql::facts::{Access, RelationUse, Setting};

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

/// `UPDATE pg_settings` changes settings as SET does (rules of that view call set_config).
fn updates_settings(statement: &Statement) -> Option<String> {
    let written = |relation: &RelationUse| relation.access == Access::Write && relation.name == "pg_settings";
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
        None => Some("which setting set_config changes is computed".to_owned()),
    }
}
