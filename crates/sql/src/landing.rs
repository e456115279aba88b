//! What is made or changed by a name without a schema where a path names PostgreSQL's own schemas: it may come into one of these, or be
//! in it. It does not follow the path of a session.

use std::sync::Arc;

use crate::builtin;
use crate::catalog::Catalog;
use crate::facts::{Effect, Setting, Statement};
use crate::search_path::{SEARCH_PATH, names};
use crate::system;
use crate::tree::Tree;

/// The one that is looked into only where a path names it.
const INFORMATION: &str = "information_schema";

/// A name without a schema by which something is made, or changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bare {
    /// The relation that is changed; `None` where something is made.
    changes: Option<String>,
    /// It is done within a body.
    within: bool,
    /// On which path, where that is another than whoever sends or calls it has.
    path: Option<Arc<[String]>>,
}

/// The schemas of a path, if it names one of PostgreSQL's own.
pub fn own_path(setting: &str) -> Option<Arc<[String]>> {
    let is_own = |name: &str| system::SCHEMAS.contains(&name);
    match names(setting) {
        Some(names) => names.iter().any(|name| is_own(name)).then(|| names.into()),
        // What it is to PostgreSQL depends on the database's locale.
        None => {
            let setting = setting.to_lowercase();
            let own = system::SCHEMAS.into_iter().find(|own| setting.contains(own));
            own.map(|own| [own.to_owned()].into())
        }
    }
}

/// Notes what `tree`, in a body or not, makes or changes by a name without a schema.
pub(crate) fn look(tree: &Tree, within: bool, statement: &mut Statement) {
    // What it makes comes into that.
    if tree.kind == "CreateSchemaStmt" {
        return;
    }
    tree.nodes().for_each(|node| look(node, within, statement));
    if let Some(changes) = bare(tree) {
        let bare = Bare { changes, within, path: None };
        if !statement.bare.contains(&bare) {
            statement.bare.push(bare);
        }
    }
}

/// The relation that is changed by a name without a schema, or none where something is made by one.
fn bare(tree: &Tree) -> Option<Option<String>> {
    let is_bare = |field| tree.name(field).len() == 1;
    let bare_relation = |field| {
        // A temporary one has a schema of its own.
        let is_bare =
            |relation: &&Tree| !relation.has(&["schemaname"]) && relation.text("relpersistence") != "t";
        tree.one(field).filter(is_bare)
    };
    let makes = match tree.kind {
        "CompositeTypeStmt" => bare_relation("typevar").is_some(),
        "CreateConversionStmt" => is_bare("conversion_name"),
        "CreateDomainStmt" => is_bare("domainname"),
        "CreateEnumStmt" | "CreateRangeStmt" => is_bare("type_name"),
        "CreateExtensionStmt" => !tree.all("options").any(|option| option.text("defname") == "schema"),
        "CreateFunctionStmt" => is_bare("funcname"),
        "CreateOpClassStmt" => is_bare("opclassname"),
        "CreateOpFamilyStmt" => is_bare("opfamilyname"),
        "CreateSeqStmt" => bare_relation("sequence").is_some(),
        "CreateStatsStmt" | "DefineStmt" => is_bare("defnames"),
        "CreateStmt" => bare_relation("relation").is_some(),
        "IntoClause" => bare_relation("rel").is_some(),
        "ViewStmt" => bare_relation("view").is_some(),
        "AlterObjectSchemaStmt"
        | "AlterTableStmt"
        | "CreatePolicyStmt"
        | "CreateTrigStmt"
        | "IndexStmt"
        | "RenameStmt"
        | "RuleStmt" => {
            return bare_relation("relation").map(|relation| Some(relation.text("relname").to_owned()));
        }
        _ => false,
    };
    makes.then_some(None)
}

impl Setting {
    /// The path that it gives, if that names one of PostgreSQL's own schemas.
    fn own_path(&self) -> Option<Arc<[String]>> {
        self.path().and_then(own_path)
    }

    /// The path that it gives.
    fn path(&self) -> Option<&str> {
        self.value.as_deref().filter(|_| self.name.as_deref() == Some(SEARCH_PATH))
    }
}

impl Statement {
    /// Notes on which path its bodies do that, where they set one themselves.
    pub(crate) fn know_own_paths(&mut self) {
        if !self.bare.iter().any(|bare| bare.within) {
            return;
        }
        let own = self.settings.iter().find_map(Setting::own_path);
        // A function has that of its definition.
        let defined = || {
            let set =
                self.settings.iter().find_map(Setting::path).filter(|_| !self.effects.contains(&Effect::Do));
            set.and_then(names).map(Arc::from)
        };
        let Some(path) = own.or_else(defined) else { return };
        for bare in self.bare.iter_mut().filter(|bare| bare.within) {
            bare.path = Some(Arc::clone(&path));
        }
    }

    /// The paths that it sets, within bodies too, which name one of PostgreSQL's own schemas.
    pub fn own_paths(&self) -> impl Iterator<Item = &str> {
        self.settings.iter().filter_map(Setting::path).filter(|path| own_path(path).is_some())
    }

    /// Whether it makes or changes anything by a name without a schema, itself or by what it reaches.
    pub fn names_bare(&self) -> bool {
        !self.bare.is_empty() || self.reached.iter().any(|reached| !reached.does.bare.is_empty())
    }

    /// Whether any of that may be in a schema of PostgreSQL's own.
    pub(crate) fn lands_in_own(&self, catalog: &Catalog) -> bool {
        let reached = self.reached.iter().flat_map(|reached| &reached.does.bare);
        self.bare.iter().chain(reached).any(|bare| bare.is_own(catalog))
    }
}

impl Bare {
    /// What a function does when it is called, by its definition.
    pub(crate) fn is_within(&self) -> bool {
        self.within
    }

    fn is_own(&self, catalog: &Catalog) -> bool {
        let Some(path) = self.path.as_deref().or(catalog.own_path()) else { return false };
        match &self.changes {
            // The first that is there is where things are made (namespace.c, `recomputeNamespacePath`).
            None => {
                let first =
                    path.iter().find(|schema| *schema == "pg_temp" || catalog.may_have_schema(schema));
                first.is_some_and(|schema| system::SCHEMAS.contains(&schema.as_str()))
            }
            Some(name) => {
                let mut before = path.iter().take_while(|schema| *schema != INFORMATION);
                path.iter().any(|schema| schema == INFORMATION)
                    && builtin::is_called("information", name)
                    && !before.any(|schema| catalog.named_in(Some(schema), name).next().is_some())
            }
        }
    }
}

#[cfg(test)]
mod tests;
