//! What a change of a setting means to whoever reads and keeps what comes after it.

use sql::Statement;
use sql::facts::{Access, Effect, RelationUse, Setting};

/// Client encodings in which a name is read as the server reads it.
const SAFE_ENCODINGS: [&str; 4] = ["utf8", "utf-8", "unicode", "sql_ascii"];

/// Ways to write `on` (bool.c, `parse_bool_with_len`).
const ON: [&str; 8] = ["on", "1", "t", "tr", "tru", "true", "y", "yes"];

/// Ways to write `off`.
const OFF: [&str; 10] = ["off", "of", "0", "f", "fa", "fal", "fals", "false", "n", "no"];

/// Decides whether triggers and rules fire.
const REPLICATION_ROLE: &str = "session_replication_role";

/// Decides whether event triggers do.
const EVENT_TRIGGERS: &str = "event_triggers";

/// Decides what `x = NULL` means.
const NULL_EQUALS: &str = "transform_null_equals";

/// Settings that are off where nobody weakens the server: of damage that is passed over, of its own tables, of large objects.
const WEAKENING: [&str; 6] = [
    "allow_system_table_mods",
    "ignore_checksum_failure",
    "ignore_invalid_pages",
    "ignore_system_indexes",
    "lo_compat_privileges",
    "zero_damaged_pages",
];

/// Libraries that a session loads when it begins.
const PRELOADED: [&str; 2] = ["local_preload_libraries", "session_preload_libraries"];

/// Severities at which statements that fail are still logged.
const LOGGED: [&str; 10] =
    ["debug", "debug1", "debug2", "debug3", "debug4", "debug5", "error", "info", "notice", "warning"];

/// What pgaudit's settings begin with.
const PGAUDIT: &str = "pgaudit.";

/// Settings that RESET ALL leaves alone (guc_tables.c, GUC_NO_RESET_ALL).
pub(crate) const NOT_RESET: [&str; 6] = [
    "role",
    "seed",
    "session_authorization",
    "transaction_deferrable",
    "transaction_isolation",
    "transaction_read_only",
];

/// The view whose rules call set_config.
pub(crate) const SETTINGS_VIEW: &str = "pg_settings";

/// Whether later statements could be read differently than they are meant.
pub(crate) fn changes_reading(setting: &Setting) -> bool {
    let value = value(setting);
    match setting.name.as_deref() {
        Some("standard_conforming_strings") => !value.is_some_and(|value| ON.contains(&value.as_str())),
        Some("client_encoding") => !value.is_some_and(|value| SAFE_ENCODINGS.contains(&value.as_str())),
        Some(NULL_EQUALS) => !setting.is_reset && !is(&OFF, value.as_deref()),
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
        Some(EVENT_TRIGGERS) => !setting.is_reset && !is(&ON, value.as_deref()),
        Some(_) => false,
        None => matches!(value.as_deref(), Some("replica" | "local")),
    }
}

/// Whether the server would pass over damage, let its own tables or others' large objects be changed, log less of the session, or load
/// libraries for it.
pub(crate) fn weakens_server(setting: &Setting) -> bool {
    let (Some(name), false) = (setting.name.as_deref(), setting.is_reset) else { return false };
    let value = value(setting);
    match name {
        "log_statement" => value.as_deref() != Some("all"),
        "log_min_error_statement" => !is(&LOGGED, value.as_deref()),
        "track_activities" => !is(&ON, value.as_deref()),
        name if PRELOADED.contains(&name) => true,
        name if WEAKENING.contains(&name) => !is(&OFF, value.as_deref()),
        name => name.starts_with(PGAUDIT),
    }
}

fn is(values: &[&str], value: Option<&str>) -> bool {
    value.is_some_and(|value| values.contains(&value))
}

/// Whether parameters of a start-up packet say so: a guardrail is asked about each.
pub(crate) fn guarded_at_startup(parameters: &[(&[u8], &[u8])]) -> Vec<Setting> {
    let set = of_startup(parameters).into_iter();
    let mut found: Vec<Setting> = set
        .map(|(name, value)| Setting { name: Some(name), value: Some(value), ..Setting::default() })
        .filter(|setting| skips_triggers(setting) || weakens_server(setting) || is_null_equals(setting))
        .collect();
    if startup_skips_triggers(parameters) && !found.iter().any(skips_triggers) {
        found.push(Setting { name: Some(REPLICATION_ROLE.to_owned()), ..Setting::default() });
    }
    found
}

/// Whether it changes what the server does not tell of.
fn is_null_equals(setting: &Setting) -> bool {
    setting.name.as_deref() == Some(NULL_EQUALS) && changes_reading(setting)
}

/// Whether the parameters of a start-up packet set it. In `options` a backslash takes the next character as it is, and a
/// dash in a name is an underscore (postinit.c, guc.c).
fn startup_skips_triggers(parameters: &[(&[u8], &[u8])]) -> bool {
    let names = |text: &[u8]| {
        let plain = String::from_utf8_lossy(text).replace('\\', "").replace('-', "_");
        plain.to_ascii_lowercase().contains(REPLICATION_ROLE)
    };
    parameters.iter().any(|(name, value)| names(name) || *name == b"options" && names(value))
}

/// Parameters of a start-up packet that are no settings, and the beginning of those that are for the protocol.
const NO_SETTINGS: [&[u8]; 4] = [b"database", b"options", b"replication", b"user"];
const PROTOCOL: &[u8] = b"_pq_.";

/// What the parameters of a start-up packet set `name` (in small letters) to, the last time that they do.
pub fn startup_setting<'p>(
    parameters: impl Iterator<Item = (&'p [u8], &'p [u8])>,
    name: &str,
) -> Option<String> {
    let parameters: Vec<_> = parameters.collect();
    // Those of `options` go before the others (postinit.c, process_startup_options), and so the others count.
    let (options, others): (Vec<_>, Vec<_>) =
        parameters.into_iter().partition(|(name, _)| *name == b"options");
    let found = set_at_startup(&[options, others].concat());
    found.into_iter().rev().find(|(own, _)| own == name).map(|(_, value)| value)
}

/// Settings that the parameters of a start-up packet change, and their values in small letters. One without a name can be each.
pub(crate) fn of_startup(parameters: &[(&[u8], &[u8])]) -> Vec<(String, String)> {
    let small = |(name, value): (String, String)| (name, value.to_ascii_lowercase());
    set_at_startup(parameters).into_iter().map(small).collect()
}

fn set_at_startup(parameters: &[(&[u8], &[u8])]) -> Vec<(String, String)> {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let mut found = Vec::new();
    for (name, value) in parameters {
        if *name == b"options" {
            found.extend(of_options(&text(value)));
        } else if !NO_SETTINGS.contains(name) && !name.starts_with(PROTOCOL) {
            found.push((sql::setting_name(&text(name)), text(value)));
        }
    }
    found
}

/// Settings in switches of a server's command line: `-c NAME=VALUE` and `--NAME=VALUE` tell which, others are not looked up.
fn of_options(options: &str) -> Vec<(String, String)> {
    let mut words = words_of_options(options).into_iter();
    let mut found = Vec::new();
    while let Some(word) = words.next() {
        let assignment = match (word.strip_prefix("--"), word.strip_prefix("-c")) {
            (Some(rest), _) => rest.to_owned(),
            (_, Some("")) => words.next().unwrap_or_default(),
            (_, Some(rest)) => rest.to_owned(),
            // postgres.c: each letter is a switch, and these two need nothing after them.
            _ if is_switch(&word, 'O') => "allow_system_table_mods=on".to_owned(),
            _ if is_switch(&word, 'P') => "ignore_system_indexes=on".to_owned(),
            _ => String::new(),
        };
        let (name, value) = assignment.split_once('=').unwrap_or_default();
        found.push((sql::setting_name(&name.trim().replace('-', "_")), value.trim().to_owned()));
    }
    found
}

fn is_switch(word: &str, letter: char) -> bool {
    word.starts_with('-') && word.contains(letter)
}

/// Words of the start-up parameter `options`, between blanks; a backslash takes the next character as it is (postinit.c,
/// `pg_split_opts`).
pub fn words_of_options(options: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut letters = options.chars();
    while let Some(letter) = letters.next() {
        match letter {
            // As isspace of C.
            ' ' | '\t' | '\n' | '\r' | '\u{b}' | '\u{c}' => words.extend(word.take()),
            '\\' => word.get_or_insert_default().extend(letters.next()),
            letter => word.get_or_insert_default().push(letter),
        }
    }
    words.extend(word);
    words
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
pub(crate) fn restricts_kinds(value: &str) -> bool {
    value.split(',').all(|kind| matches!(kind.trim(), "view" | "foreign-table"))
}
