//! What: triggers, rules, constraints and row level security are not switched off, dropped, replaced or opened, neither at their
//! table nor with `session_replication_role`.
//! Why: they are what keeps rows consistent, audited and apart; a session that goes round them leaves no sign in the data.
//! Example: `ALTER TABLE orders DISABLE TRIGGER ALL` is refused; `ALTER TABLE orders ENABLE TRIGGER ALL` is not.

use sql::Statement;
use sql::facts::{Effect, Setting};

use crate::verdict::Refusal;

pub(crate) const RULE: &str = "no-disable-protection";

const SETTING: &str = "session_replication_role";

const SETTING_DECIDES: &str = "\"session_replication_role\" decides whether triggers and rules fire";

pub(crate) fn check(statement: &Statement) -> Option<Refusal> {
    let because =
        if statement.effects.contains(&Effect::DisableProtection) && !statement.changes_only_temporary() {
            "it would switch off or replace triggers, rules, constraints or row level security"
        } else if statement.settings.iter().any(skips_triggers) {
            SETTING_DECIDES
        } else {
            return None;
        };
    Some(Refusal::guardrail(RULE, because, "Ask an administrator of the database to do it."))
}

/// The same for the parameters of a start-up packet. In `options` a backslash takes the next character as it is, and a dash
/// in a name is an underscore (postinit.c, guc.c).
pub(crate) fn check_startup<'p>(
    mut parameters: impl Iterator<Item = (&'p [u8], &'p [u8])>,
) -> Option<Refusal> {
    let names = |text: &[u8]| {
        let plain = String::from_utf8_lossy(text).replace('\\', "").replace('-', "_");
        plain.to_ascii_lowercase().contains(SETTING)
    };
    let hint = "Leave it out of the connection's options.";
    let names_it = |(name, value): (&[u8], &[u8])| names(name) || name == b"options" && names(value);
    parameters.any(names_it).then(|| Refusal::guardrail(RULE, SETTING_DECIDES, hint))
}

fn skips_triggers(setting: &Setting) -> bool {
    let value = setting.value.as_deref().map(str::to_ascii_lowercase);
    match setting.name.as_deref() {
        Some(SETTING) => value.as_deref() != Some("origin"),
        Some(_) => false,
        None => matches!(value.as_deref(), Some("replica" | "local")),
    }
}
