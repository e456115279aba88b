//! Where PostgreSQL looks for a relation that is named without its schema, as far as that is known. For the record: no judgment
//! rests on it, but for what comes into PostgreSQL's own schemas (see `landing`).

use std::collections::{BTreeSet, HashMap};

use crate::catalog::{Catalog, Relation};
use crate::facts::{Effect, RelationUse, Statement};
use crate::routine::Routine;

/// The setting.
pub const SEARCH_PATH: &str = "search_path";

/// What stands for the schema that is called like the role.
const USER: &str = "$user";

/// Longest name, in bytes (`NAMEDATALEN`, less its NUL).
const NAME_BYTES_MAX: usize = 63;

/// Schemas, in the order in which one role looks into them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SearchPath {
    schemas: Vec<String>,
    role: Option<String>,
}

/// Who may look into which schema.
#[derive(Clone, Debug, Default)]
pub struct Usage {
    by_schema: HashMap<String, BTreeSet<String>>,
    /// Definitions call `set_config`, so that whatever names a relation may change the path.
    is_set_anywhere: bool,
}

impl Usage {
    /// Schemas, each with a role that may look into it; everybody may where that has no name. Of roles that may because they are
    /// members of another nothing need be known.
    /// `is_set_anywhere`: a default, check, view, rule, policy or the like calls `set_config`.
    pub fn new(granted: impl IntoIterator<Item = (String, String)>, is_set_anywhere: bool) -> Self {
        let mut by_schema: HashMap<String, BTreeSet<String>> = HashMap::new();
        for (schema, role) in granted {
            by_schema.entry(schema).or_default().insert(role);
        }
        Usage { by_schema, is_set_anywhere }
    }

    /// Whether the role is known to look into the schema.
    fn has(&self, schema: &str, role: Option<&str>) -> bool {
        let Some(roles) = self.by_schema.get(schema) else { return false };
        roles.contains("") || role.is_some_and(|role| roles.contains(role))
    }
}

impl SearchPath {
    /// What the setting means to the present role, where that is known; `None` where nobody can tell.
    pub fn of(setting: &str, role: Option<&str>) -> Option<Self> {
        let mut schemas = Vec::new();
        for name in names(setting)? {
            schemas.push(if name == USER { role?.to_owned() } else { name });
        }
        Some(SearchPath { schemas, role: role.map(str::to_owned) })
    }

    /// Those of these relations that a name of theirs without a schema can mean. One that is new or temporary is found in ways that
    /// nobody else sees, and a schema that the role may not look into is passed over (namespace.c).
    pub(crate) fn meant<'a>(&self, named: Vec<&'a Relation>, catalog: &Catalog) -> Vec<&'a Relation> {
        let is_lasting = |relation: &&Relation| is_lasting(relation, catalog);
        let mut meant: Vec<&Relation> =
            named.iter().copied().filter(|relation| !is_lasting(relation)).collect();
        let mut is_found = false;
        for schema in &self.schemas {
            let mut here = named.iter().copied().filter(is_lasting);
            if let Some(relation) = here.find(|relation| relation.schema == *schema) {
                meant.push(relation);
                is_found = true;
                if catalog.usage().has(schema, self.role.as_deref()) {
                    break;
                }
            }
        }
        if is_found { meant } else { named }
    }
}

/// Whether it is there for everybody under the name that the catalog shows.
fn is_lasting(relation: &Relation, catalog: &Catalog) -> bool {
    !catalog.is_new(relation) && !relation.schema.is_empty() && !relation.schema.starts_with("pg_")
}

/// The names in a list, as PostgreSQL reads it (varlena.c, `SplitIdentifierString`); `None` where it would not take it.
pub(crate) fn names(list: &str) -> Option<Vec<String>> {
    let mut names = Vec::new();
    let mut rest = trimmed(list);
    if rest.is_empty() {
        return Some(names);
    }
    loop {
        let mut name = String::new();
        if let Some(mut quoted) = rest.strip_prefix('"') {
            loop {
                let (part, behind) = quoted.split_once('"')?;
                name.push_str(part);
                match behind.strip_prefix('"') {
                    Some(behind) => {
                        name.push('"');
                        quoted = behind;
                    }
                    None => {
                        rest = behind;
                        break;
                    }
                }
            }
        } else {
            let end = rest.find(|letter| letter == ',' || is_blank(letter)).unwrap_or(rest.len());
            let (word, behind) = rest.split_at_checked(end)?;
            // What stands for other letters depends on the database's locale.
            if word.is_empty() || !word.is_ascii() {
                return None;
            }
            name = word.to_ascii_lowercase();
            rest = behind;
        }
        if NAME_BYTES_MAX < name.len() {
            return None;
        }
        names.push(name);
        rest = trimmed(rest);
        match rest.strip_prefix(',') {
            Some(behind) => rest = trimmed(behind),
            None if rest.is_empty() => return Some(names),
            None => return None,
        }
    }
}

/// What PostgreSQL takes for blanks (scansup.c, `scanner_isspace`).
fn is_blank(letter: char) -> bool {
    matches!(letter, ' ' | '\t' | '\n' | '\r' | '\u{b}' | '\u{c}')
}

fn trimmed(text: &str) -> &str {
    text.trim_start_matches(is_blank)
}

/// Statements of these effects alone find the relations that they name by the path, and make none.
fn finds(effect: &Effect) -> bool {
    matches!(
        effect,
        Effect::CopyIn
            | Effect::CopyOut
            | Effect::Delete
            | Effect::DropTable
            | Effect::Explain
            | Effect::Insert
            | Effect::Merge
            | Effect::Other("DeclareCursorStmt" | "LockStmt")
            | Effect::Prepare
            | Effect::Select
            | Effect::Set
            | Effect::Truncate
            | Effect::Update
    )
}

/// Names in a statement that are found by the path, and could mean relations in several schemas of `catalog`. `whole` is the
/// statement with what it reaches: functions can have a path of their own, and what they name is not told.
pub fn found_by_path(own: &Statement, whole: &Statement, catalog: &Catalog) -> BTreeSet<String> {
    let is_several = |used: &&RelationUse| {
        let lasting = catalog.named(&used.name).filter(|relation| is_lasting(relation, catalog));
        used.schema.is_none()
            && !used.name.starts_with("pg_")
            && !catalog.has_other(&used.name)
            && !own.ctes.contains(&used.name)
            && lasting.take(2).count() == 2
    };
    if !own.effects.iter().all(finds) || catalog.usage().is_set_anywhere {
        return BTreeSet::new();
    }
    let mut names: BTreeSet<String> =
        own.relations.iter().filter(is_several).map(|used| used.name.clone()).collect();
    if names.is_empty() {
        return names;
    }
    for routine in routines(whole, catalog) {
        if routine.is_opaque() || routine.told(None).is_some() {
            return BTreeSet::new();
        }
        for body in routine.body() {
            let named = body.relations.iter().map(|used| &used.name).chain(&body.mentions);
            for name in named {
                names.remove(name);
            }
        }
    }
    names
}

/// Routines that run with a statement.
fn routines<'a>(whole: &'a Statement, catalog: &'a Catalog) -> impl Iterator<Item = &'a Routine> {
    let reached = whole.reached.iter();
    let reached = reached.flat_map(|reached| reached.does.calls().chain([reached.calls.as_str()]));
    whole.calls().chain(reached).flat_map(|name| catalog.routines(name))
}

/// Whether code that runs with a statement may change a setting of the session, beyond what its own text says. What a function
/// sets for itself ends with it.
pub fn code_may_set(whole: &Statement, catalog: &Catalog, name: &str) -> bool {
    let is_opaque = |does: &Statement| {
        does.effects.iter().any(|effect| matches!(effect, Effect::OpaqueCall | Effect::OpaqueDo))
    };
    let is_view_of_settings = |name: &str| name == "pg_settings";
    is_opaque(whole)
        || whole.writes.iter().any(|write| is_view_of_settings(&write.name))
        || whole.reached.iter().any(|reached| is_opaque(&reached.does))
        || routines(whole, catalog).any(|routine| routine.may_set(name))
}

/// Paths that name a schema of PostgreSQL's own, and that code which runs with a statement sets for the session.
pub fn code_sets_own_paths<'a>(whole: &'a Statement, catalog: &'a Catalog) -> impl Iterator<Item = &'a str> {
    routines(whole, catalog).flat_map(|routine| routine.sets_own_paths())
}

#[cfg(test)]
mod tests;
