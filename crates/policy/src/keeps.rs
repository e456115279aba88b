//! Settings by which Picket tells the database who a session is: the session keeps them as they are, whatever the policies say.

use std::collections::BTreeSet;

use sql::Statement;
use sql::facts::{Effect, Setting};

use crate::functions::{Danger, listed};
use crate::settings::{self, restricts_kinds, value};

/// Names the rule.
pub(crate) const KEPT: &str = "kept-settings";

/// How to get on.
pub(crate) const HINT: &str = "RESET, RESET ALL and DISCARD ALL go back to what Picket has set. \
    Ask whoever runs Picket for another role.";

/// Why a session does not run what shows no statement.
pub(crate) const UNSEEN: &str =
    "nobody can tell whether it changes a setting by which the database knows who you are";

/// Why a session that keeps these settings does not run `statement`.
pub(crate) fn breaks(keeps: &BTreeSet<String>, statement: &Statement) -> Option<String> {
    if keeps.is_empty() {
        return None;
    }
    let through = statement.reached.iter().map(|reached| &reached.does);
    std::iter::once(statement).chain(through).find_map(|does| breaks_one(keeps, does))
}

fn breaks_one(keeps: &BTreeSet<String>, statement: &Statement) -> Option<String> {
    let changed = statement.settings.iter().find_map(|setting| changes(keeps, setting));
    let unread =
        [Effect::OpaqueBody, Effect::OpaqueDo].iter().any(|effect| statement.effects.contains(effect));
    let runs_text =
        || statement.calls().find(|name| listed(name).is_some_and(|of| of.danger == Danger::Text));
    changed
        .or_else(|| settings::writes_settings_view(statement).then(|| "it writes to pg_settings".to_owned()))
        .or_else(|| unread.then(|| UNSEEN.to_owned()))
        .or_else(|| runs_text().map(|name| format!("{name} runs a text as a query: {UNSEEN}")))
}

fn changes(keeps: &BTreeSet<String>, setting: &Setting) -> Option<String> {
    match &setting.name {
        Some(name) if keeps.contains(name) && !setting.is_reset => {
            Some(format!("Picket has set \"{name}\" for this session, and it stays so"))
        }
        Some(_) => None,
        // Of pg_dump nobody can tell which setting it is about. It cannot be one of those with a value that says anything.
        None if setting.is_reset_all || value(setting).is_some_and(|value| restricts_kinds(&value)) => None,
        None => Some("which setting it changes is computed".to_owned()),
    }
}

/// Why the parameters of a start-up packet are not passed on.
pub(crate) fn broken_by_startup(keeps: &BTreeSet<String>, set: &[(String, String)]) -> Option<String> {
    if keeps.is_empty() {
        return None;
    }
    set.iter().find_map(|(name, _)| match name.as_str() {
        "" => Some("which setting an option changes is not told; write it as -c NAME=VALUE".to_owned()),
        name if keeps.contains(name) => Some(format!("Picket sets \"{name}\" for this session itself")),
        _ => None,
    })
}
