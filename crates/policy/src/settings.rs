//! What a change of a setting means to whoever reads and keeps what comes after it.

use sql::Statement;
use sql::facts::{Access, Effect, RelationUse, Setting};

/// Client encodings in which every byte below 0x80 is the ASCII character (mbutils.c: not the client-only ones).
const SAFE_ENCODINGS: [&str; 5] = ["utf8", "utf-8", "unicode", "sql_ascii", "latin1"];

/// Ways to write `on` (bool.c, `parse_bool_with_len`).
const ON: [&str; 8] = ["on", "1", "t", "tr", "tru", "true", "y", "yes"];

/// Decides whether triggers and rules fire.
pub(crate) const REPLICATION_ROLE: &str = "session_replication_role";

/// The view whose rules call set_config.
pub(crate) const SETTINGS_VIEW: &str = "pg_settings";

/// Whether later statements could be read differently than they are meant.
pub(crate) fn changes_reading(setting: &Setting) -> bool {
    let value = value(setting);
    match setting.name.as_deref() {
        Some("standard_conforming_strings") => !value.is_some_and(|value| ON.contains(&value.as_str())),
        Some("client_encoding") => !value.is_some_and(|value| SAFE_ENCODINGS.contains(&value.as_str())),
        Some(_) => false,
        // RESET ALL goes back to what the session began with, which Picket has seen. And whatever a computed name turns out
        // to be, PostgreSQL takes the value of pg_dump's for none of both settings.
        None => !setting.is_reset_all && !value.is_some_and(|value| restricts_kinds(&value)),
    }
}

/// Whether triggers and rules would not fire.
pub(crate) fn skips_triggers(setting: &Setting) -> bool {
    let value = value(setting);
    match setting.name.as_deref() {
        Some(REPLICATION_ROLE) => value.as_deref() != Some("origin"),
        Some(_) => false,
        None => matches!(value.as_deref(), Some("replica" | "local")),
    }
}

/// Whether the parameters of a start-up packet set it. In `options` a backslash takes the next character as it is, and a
/// dash in a name is an underscore (postinit.c, guc.c).
pub(crate) fn startup_skips_triggers<'p>(mut parameters: impl Iterator<Item = (&'p [u8], &'p [u8])>) -> bool {
    let names = |text: &[u8]| {
        let plain = String::from_utf8_lossy(text).replace('\\', "").replace('-', "_");
        plain.to_ascii_lowercase().contains(REPLICATION_ROLE)
    };
    parameters.any(|(name, value)| names(name) || name == b"options" && names(value))
}

/// `UPDATE pg_settings` changes settings as SET does; so does one of a view on it.
pub(crate) fn writes_settings_view(statement: &Statement) -> bool {
    let is_view = statement.effects.contains(&Effect::Other("ViewStmt"));
    let written = |relation: &RelationUse| {
        (relation.access == Access::Write || is_view) && relation.name == SETTINGS_VIEW
    };
    statement.relations.iter().any(written)
}

/// The new value in small letters, where it is a constant.
pub(crate) fn value(setting: &Setting) -> Option<String> {
    setting.value.as_deref().map(str::to_ascii_lowercase)
}

/// Whether a value is one of `restrict_nonsystem_relation_kind`, to which pg_dump sets the setting of that name where the
/// server has one. No boolean (bool.c) and no encoding (encnames.c) is spelled like it. What else stands in such a statement
/// proves nothing: `pg_settings`, `=` and `name` can all be somebody's own.
fn restricts_kinds(value: &str) -> bool {
    value.split(',').all(|kind| matches!(kind.trim(), "view" | "foreign-table"))
}
