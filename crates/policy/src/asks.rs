//! What a statement does, as questions that policies answer: this action on that resource?

use std::collections::{HashMap, HashSet};

use cedar_policy::{Entity, EntityUid};
use sql::facts::{Access, Effect, RelationUse};
use sql::{Catalog, Statement};

use crate::cedar::{CedarError, Types, fields, text, truth, uid};
use crate::functions::{self, VIEWS};
use crate::settings::{self, SETTINGS_VIEW};
use crate::subject::Subject;

/// Most questions that a statement may raise.
pub(crate) const ASKS_MAX: usize = 10_000;

/// Where the session's own temporary relations are (`sql::Facts::with_temporary`).
const TEMPORARY: &str = "pg_temp";

/// One question.
#[derive(Clone, Debug)]
pub(crate) struct Ask {
    pub(crate) action: &'static str,
    pub(crate) resource: EntityUid,
    /// What stands for `{name}` and `{what}` in reasons.
    pub(crate) name: String,
    pub(crate) what: String,
    pub(crate) details: Details,
}

/// What the context of one question says, where others of the statement say something else.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Details {
    pub(crate) is_unfiltered: bool,
    pub(crate) command: &'static str,
    pub(crate) value: String,
    pub(crate) changes_reading: bool,
    pub(crate) skips_triggers: bool,
}

/// Gathers questions, and the resources that they are about.
pub(crate) struct Asking<'a> {
    types: &'a Types,
    subject: &'a Subject,
    /// Schemas that policies can tell apart: what the catalog does not show is asked about in each, and in those it shows.
    schemas: Option<Vec<&'a str>>,
    pub(crate) asks: Vec<Ask>,
    pub(crate) entities: HashMap<EntityUid, Entity>,
}

impl<'a> Asking<'a> {
    pub(crate) fn new(types: &'a Types, subject: &'a Subject, schemas: Option<Vec<&'a str>>) -> Self {
        Asking { types, subject, schemas, asks: Vec::new(), entities: HashMap::new() }
    }

    /// Asks about everything that `statement` does to relations of `catalog`. Of action and resource `may_matter` says
    /// whether anybody wants to know.
    pub(crate) fn statement(
        &mut self,
        statement: &Statement,
        catalog: &Catalog,
        may_matter: &impl Fn(&str) -> bool,
    ) -> Result<(), CedarError> {
        let selects = statement.effects.contains(&Effect::Select);
        let reads = (!selects && statement.reads_what_it_writes()).then_some(&Effect::Select);
        for effect in statement.effects.iter().chain(reads) {
            let (action, reach) = action(*effect);
            // Settings are asked about one by one.
            if *effect == Effect::Set || !may_matter(action) {
                continue;
            }
            let details = match effect {
                Effect::Other(command) => Details { command, ..Details::default() },
                Effect::Replication(command) => Details { command, ..Details::default() },
                _ => Details::default(),
            };
            self.relations(statement, *effect, action, reach, &details, catalog)?;
        }
        if may_matter("call") {
            self.functions(statement)?;
        }
        if may_matter("set") {
            self.settings(statement)?;
        }
        Ok(())
    }

    /// Asks about the database as a whole.
    pub(crate) fn database(&mut self, action: &'static str, what: String, details: Details) {
        let (resource, name) = (self.subject.database.clone(), self.subject.database_name.clone());
        self.asks.push(Ask { action, resource, name, what, details });
    }

    /// Asks about a change of the setting of this name.
    pub(crate) fn setting(&mut self, name: &str, details: Details) -> Result<(), CedarError> {
        let resource = uid(&self.types.setting, name);
        self.entity(&resource, [("name", text(name))], [])?;
        self.asks.push(Ask { action: "set", resource, name: name.to_owned(), what: String::new(), details });
        Ok(())
    }

    fn relations(
        &mut self,
        statement: &Statement,
        effect: Effect,
        action: &'static str,
        reach: Reach,
        details: &Details,
        catalog: &Catalog,
    ) -> Result<(), CedarError> {
        let reached = |used: &&RelationUse| match reach {
            Reach::Read => used.access == Access::Read || statement.reads_what_it_writes(),
            Reach::Written => used.access == Access::Write,
            Reach::Database => false,
        };
        let hides = |used: &RelationUse| used.schema.is_none() && statement.ctes.contains(&used.name);
        let is_unfiltered = |name: &str| {
            statement.unfiltered.iter().any(|write| write.effect == effect && write.name == name)
        };
        let before = self.asks.len();
        for used in statement.relations.iter().filter(reached) {
            let details = Details { is_unfiltered: is_unfiltered(&used.name), ..details.clone() };
            if !hides(used) || catalog.named(&used.name).next().is_some() || details.is_unfiltered {
                self.table(used.schema.as_deref(), &used.name, action, &details, catalog)?;
            }
        }
        for write in statement.unfiltered.iter().filter(|write| write.effect == effect) {
            let is_asked = |used: &RelationUse| used.access == Access::Write && used.name == write.name;
            if !statement.relations.iter().any(is_asked) {
                let details = Details { is_unfiltered: true, ..details.clone() };
                self.table(write.schema.as_deref(), &write.name, action, &details, catalog)?;
            }
        }
        if self.asks.len() == before {
            self.database(action, String::new(), details.clone());
        }
        Ok(())
    }

    /// Asks about every relation that a name can mean.
    fn table(
        &mut self,
        schema: Option<&str>,
        name: &str,
        action: &'static str,
        details: &Details,
        catalog: &Catalog,
    ) -> Result<(), CedarError> {
        let found = catalog.named(name).filter(|known| schema.is_none_or(|schema| schema == known.schema));
        let mut schemas: HashSet<&str> = found.map(|known| known.schema.as_str()).collect();
        let is_known = !schemas.is_empty();
        match schema {
            Some(schema) => {
                schemas.insert(schema);
            }
            // What the catalog does not show may be anywhere that it does not show either.
            None if !is_known => {
                schemas.insert("");
                if let Some(named) = &self.schemas {
                    schemas.extend(named.iter().copied().chain(catalog.schemas()));
                }
            }
            None => {}
        }
        for schema in schemas {
            let is_temporary = schema == TEMPORARY;
            let is_system = matches!(schema, "pg_catalog" | "information_schema" | "pg_toast")
                || schema.is_empty() && name.starts_with("pg_");
            let parts = [self.subject.database_name.as_str(), schema, name].map(quoted);
            let resource = uid(&self.types.table, &parts.join("."));
            let parent = uid(&self.types.schema, &parts[..2].join("."));
            let database = self.subject.database.clone();
            self.entity(&parent, [("name", text(schema))], [database.clone()])?;
            let told = [
                ("name", text(name)),
                ("schema", text(schema)),
                ("is_temporary", truth(is_temporary)),
                ("is_system", truth(is_system)),
                ("is_known", truth(is_known)),
            ];
            self.entity(&resource, told, [parent, database])?;
            let what = String::new();
            self.asks.push(Ask { action, resource, name: name.to_owned(), what, details: details.clone() });
        }
        Ok(())
    }

    fn functions(&mut self, statement: &Statement) -> Result<(), CedarError> {
        let views = statement.relations.iter().map(|used| used.name.as_str());
        // A column with a qualifier can be a call, of a function that is listed or that policies could name.
        let names = statement.calls().chain(views.filter(|name| VIEWS.contains(name)));
        let mut asked = HashSet::new();
        for name in names.filter(|name| asked.insert(*name)) {
            let listed = functions::listed(name);
            let danger = listed.map_or("", |listed| listed.danger.word());
            let what = listed.map_or("", |listed| listed.what);
            let resource = uid(&self.types.function, name);
            let told = [("name", text(name)), ("danger", text(danger)), ("what", text(what))];
            self.entity(&resource, told, [])?;
            let details = Details::default();
            self.asks.push(Ask {
                action: "call",
                resource,
                name: name.to_owned(),
                what: what.to_owned(),
                details,
            });
        }
        Ok(())
    }

    fn settings(&mut self, statement: &Statement) -> Result<(), CedarError> {
        for setting in &statement.settings {
            let details = Details {
                value: settings::value(setting).unwrap_or_default(),
                changes_reading: settings::changes_reading(setting),
                skips_triggers: settings::skips_triggers(setting),
                ..Details::default()
            };
            self.setting(setting.name.as_deref().unwrap_or_default(), details)?;
        }
        if settings::writes_settings_view(statement) {
            self.setting(SETTINGS_VIEW, Details { changes_reading: true, ..Details::default() })?;
        }
        Ok(())
    }

    fn entity<const N: usize, const P: usize>(
        &mut self,
        uid: &EntityUid,
        attributes: [(&str, cedar_policy::RestrictedExpression); N],
        parents: [EntityUid; P],
    ) -> Result<(), CedarError> {
        if !self.entities.contains_key(uid) {
            let entity = Entity::new_with_tags(uid.clone(), fields(attributes), parents, []);
            self.entities.insert(uid.clone(), entity.map_err(CedarError::new)?);
        }
        Ok(())
    }
}

/// Which relations of a statement one of its effects is about.
#[derive(Clone, Copy)]
enum Reach {
    Read,
    Written,
    Database,
}

/// The action for an effect.
fn action(effect: Effect) -> (&'static str, Reach) {
    match effect {
        Effect::Select | Effect::CopyOut => (effect.name(), Reach::Read),
        Effect::AlterTable
        | Effect::CopyIn
        | Effect::CreateTable
        | Effect::Delete
        | Effect::DisableProtection
        | Effect::Drop
        | Effect::DropColumn
        | Effect::DropTable
        | Effect::Grant
        | Effect::Insert
        | Effect::LendRights
        | Effect::Merge
        | Effect::Reassign
        | Effect::Revoke
        | Effect::ServerFile
        | Effect::ServerProgram
        | Effect::Truncate
        | Effect::Update => (effect.name(), Reach::Written),
        Effect::Call => ("call_procedure", Reach::Database),
        Effect::Other(_) => ("utility", Reach::Written),
        Effect::Replication(_) => ("replicate", Reach::Database),
        // With what is dropped by CASCADE or with its owner go relations that nobody names.
        Effect::AlterDefaultPrivileges
        | Effect::AlterSystem
        | Effect::Do
        | Effect::DropCascade
        | Effect::DropDatabase
        | Effect::DropOwned
        | Effect::DropSchema
        | Effect::Execute
        | Effect::Explain
        | Effect::OpaqueBody
        | Effect::Prepare
        | Effect::Role
        | Effect::Set
        | Effect::Transaction => (effect.name(), Reach::Database),
    }
}

/// The schema in the id of a schema or table.
pub(crate) fn schema_of(id: &str) -> Option<String> {
    let mut parts = vec![String::new()];
    let (mut quoted, mut letters) = (false, id.chars().peekable());
    while let Some(letter) = letters.next() {
        match letter {
            '"' if quoted && letters.peek() == Some(&'"') => {
                letters.next();
                parts.last_mut()?.push('"');
            }
            '"' => quoted = !quoted,
            '.' if !quoted => parts.push(String::new()),
            letter => parts.last_mut()?.push(letter),
        }
    }
    parts.into_iter().nth(1)
}

/// A part of a table's id: quoted as in SQL where it holds what parts are kept apart by.
fn quoted(part: &str) -> String {
    if part.contains(['.', '"']) { format!("\"{}\"", part.replace('"', "\"\"")) } else { part.to_owned() }
}
