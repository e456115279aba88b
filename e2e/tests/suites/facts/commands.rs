//! Other commands beside what event triggers are told of them.

use sql::Statement;
use sql::facts::{Access, Effect};

use super::findings::Compared;

/// What one line of `picket.noted` says.
enum Noted<'n> {
    Did { tag: &'n str, kind: &'n str, name: String },
    Dropped { is_named: bool, kind: &'n str, name: String },
}

/// Object types that have rows.
const RELATIONS: [&str; 5] = ["foreign table", "materialized view", "table", "view", "temporary table"];

pub(crate) fn compare<'t>(text: &'t str, statement: &Statement, noted: &str) -> Compared<'t> {
    let mut compared = Compared::new(text);
    let is_named = |name: &str| {
        let mut written = statement.relations.iter().filter(|relation| relation.access == Access::Write);
        written.any(|relation| relation.name == name)
    };
    let does = |effects: &[Effect]| effects.iter().any(|effect| statement.effects.contains(effect));
    // What code does, and what belongs to a role, no text tells.
    for (effects, class) in [
        (&[Effect::Do, Effect::Call][..], "commands: by code that runs"),
        (&[Effect::DropOwned], "commands: what a role owns"),
    ] {
        if does(effects) {
            compared.differs(class);
            return compared;
        }
    }
    for noted in noted.lines().filter_map(Noted::parse) {
        match noted {
            Noted::Did { tag, kind, name } => {
                let expected = did(tag);
                let is_renamed = statement.effects.iter().any(|effect| matches!(effect, Effect::Other(_)));
                if !expected.is_empty() && !does(expected) && !is_renamed {
                    compared.wrong(format!("{tag} without its effect"));
                }
                if RELATIONS.contains(&kind) && !is_named(&name) {
                    compared.differs("commands: what is made or changed with it");
                }
            }
            Noted::Dropped { is_named: false, .. } => compared.differs("commands: what is dropped with it"),
            Noted::Dropped { kind, name, .. } => {
                let alters = statement.effects.iter().any(|effect| match effect {
                    Effect::AlterDefaultPrivileges | Effect::DropTable => true,
                    Effect::Other(node) => node.starts_with("Alter") || node.starts_with("Drop"),
                    _ => false,
                });
                let is_told = does(dropped(kind)) || alters && is_part(kind);
                if !is_told {
                    compared.wrong(format!("{kind} `{name}` dropped without its effect"));
                }
                if RELATIONS.contains(&kind) && !is_named(&name) {
                    compared.wrong(format!("{kind} `{name}` dropped and not named"));
                }
            }
        }
    }
    compared
}

/// The effects of which a command's tag must have one.
fn did(tag: &str) -> &'static [Effect] {
    match tag {
        "CREATE TABLE" | "CREATE TABLE AS" | "SELECT INTO" => &[Effect::CreateTable],
        "ALTER TABLE" => &[Effect::AlterTable, Effect::CreateTable],
        "GRANT" => &[Effect::Grant],
        "REVOKE" => &[Effect::Revoke],
        "ALTER DEFAULT PRIVILEGES" => &[Effect::AlterDefaultPrivileges],
        _ => &[],
    }
}

/// The same for a kind of object that is named and dropped.
fn dropped(kind: &str) -> &'static [Effect] {
    match kind {
        "table" | "foreign table" => &[Effect::DropTable],
        "schema" => &[Effect::DropSchema],
        "table column" | "foreign table column" => &[Effect::DropColumn],
        "table constraint" | "default value" | "view column" => &[Effect::AlterTable],
        _ => &[Effect::Drop, Effect::DropCascade, Effect::AlterTable],
    }
}

/// Whether an ALTER or DROP of something else takes it away.
fn is_part(kind: &str) -> bool {
    !RELATIONS.contains(&kind) && kind != "schema"
}

impl<'n> Noted<'n> {
    fn parse(line: &'n str) -> Option<Self> {
        let fields: Vec<&str> = line.split('|').collect();
        match fields.as_slice() {
            ["did", tag, kind, rest @ ..] => {
                let identity = rest.last().copied().unwrap_or_default();
                Some(Noted::Did { tag, kind, name: last_part(identity) })
            }
            ["dropped", is_named, kind, rest @ ..] => {
                let name = rest.last().copied().unwrap_or_default();
                Some(Noted::Dropped { is_named: *is_named == "named", kind, name: name.to_string() })
            }
            _ => None,
        }
    }
}

/// The name in `schema.name`, without its quotes.
fn last_part(identity: &str) -> String {
    match identity.strip_suffix('"') {
        Some(quoted) => quoted.rsplit_once('"').map_or(quoted, |(_, name)| name).to_string(),
        None => identity.rsplit_once('.').map_or(identity, |(_, name)| name).to_string(),
    }
}
