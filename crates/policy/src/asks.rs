//! What a statement does, as questions that policies answer: this action on that resource?

use std::collections::HashSet;

use sql::facts::{Access, Effect, RelationUse};
use sql::{Catalog, Statement};

use crate::functions::VIEWS;
use crate::resource::Resource;
use crate::settings::{self, SETTINGS_VIEW};

/// One question.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Ask {
    pub(crate) action: &'static str,
    pub(crate) resource: Resource,
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

/// What names in a statement can mean.
pub(crate) struct Names<'a> {
    pub(crate) catalog: &'a Catalog,
    /// Schemas that policies name; `None` where they make no difference between schemas. What the catalog does not show could
    /// be in each of them, and in each that it shows.
    pub(crate) schemas: Option<Vec<&'a str>>,
}

/// The questions that `statement` raises. Of an action `may_matter` says whether anybody wants to know.
pub(crate) fn of(statement: &Statement, names: &Names<'_>, may_matter: impl Fn(&str) -> bool) -> Vec<Ask> {
    let mut asks = Vec::new();
    let selects = statement.effects.contains(&Effect::Select);
    let reads = (!selects && statement.reads_what_it_writes()).then_some(&Effect::Select);
    for effect in statement.effects.iter().chain(reads) {
        let (action, reach) = action(*effect);
        // Settings are asked about one by one.
        if *effect != Effect::Set && may_matter(action) {
            let command = match effect {
                Effect::Other(command) | Effect::Replication(command) => command,
                _ => "",
            };
            effect_on_relations(statement, *effect, (action, reach, command), names, &mut asks);
        }
    }
    if may_matter("call") {
        functions(statement, &mut asks);
    }
    if may_matter("set") {
        changes_of_settings(statement, &mut asks);
    }
    asks
}

fn effect_on_relations(
    statement: &Statement,
    effect: Effect,
    (action, reach, command): (&'static str, Reach, &'static str),
    names: &Names<'_>,
    asks: &mut Vec<Ask>,
) {
    let reached = |used: &&RelationUse| match reach {
        Reach::Read => used.access == Access::Read || statement.reads_what_it_writes(),
        Reach::Written => used.access == Access::Write,
        Reach::Database => false,
    };
    let is_cte = |used: &RelationUse| used.schema.is_none() && statement.ctes.contains(&used.name);
    let unfiltered = || statement.unfiltered.iter().filter(|write| write.effect == effect);
    let before = asks.len();
    let mut ask = |schema: Option<&str>, name: &str, is_unfiltered| {
        for resource in names.mean(schema, name) {
            asks.push(Ask {
                action,
                resource,
                details: Details { is_unfiltered, command, ..Details::default() },
            });
        }
    };
    for used in statement.relations.iter().filter(reached) {
        let is_unfiltered = unfiltered().any(|write| write.name == used.name);
        if is_unfiltered || !is_cte(used) || names.catalog.named(&used.name).next().is_some() {
            ask(used.schema.as_deref(), &used.name, is_unfiltered);
        }
    }
    for write in unfiltered() {
        let is_asked = |used: &RelationUse| used.access == Access::Write && used.name == write.name;
        if !statement.relations.iter().any(is_asked) {
            ask(write.schema.as_deref(), &write.name, true);
        }
    }
    if asks.len() == before {
        let details = Details { command, ..Details::default() };
        asks.push(Ask { action, resource: Resource::Database, details });
    }
}

impl Names<'_> {
    /// Every relation that a name can mean.
    fn mean(&self, schema: Option<&str>, name: &str) -> Vec<Resource> {
        let found =
            self.catalog.named(name).filter(|known| schema.is_none_or(|schema| schema == known.schema));
        let mut schemas: Vec<&str> = found.map(|known| known.schema.as_str()).collect();
        let is_known = !schemas.is_empty();
        match (schema, is_known) {
            (_, true) => {}
            (Some(schema), false) => schemas.push(schema),
            (None, false) => {
                schemas.push("");
                if let Some(named) = &self.schemas {
                    schemas.extend(named.iter().copied().chain(self.catalog.schemas()));
                }
            }
        }
        schemas.sort_unstable();
        schemas.dedup();
        let table =
            |schema: &str| Resource::Table { schema: schema.to_owned(), name: name.to_owned(), is_known };
        schemas.into_iter().map(table).collect()
    }
}

fn functions(statement: &Statement, asks: &mut Vec<Ask>) {
    // A column with a qualifier can be a call, and a view can show what a function does.
    let views = statement.relations.iter().map(|used| used.name.as_str());
    let names = statement.calls().chain(views.filter(|name| VIEWS.contains(name)));
    let mut asked = HashSet::new();
    for name in names.filter(|name| asked.insert(*name)) {
        let resource = Resource::Function { name: name.to_owned() };
        asks.push(Ask { action: "call", resource, details: Details::default() });
    }
}

fn changes_of_settings(statement: &Statement, asks: &mut Vec<Ask>) {
    for setting in &statement.settings {
        let details = Details {
            value: settings::value(setting).unwrap_or_default(),
            changes_reading: settings::changes_reading(setting),
            skips_triggers: settings::skips_triggers(setting),
            ..Details::default()
        };
        asks.push(Ask::of_setting(setting.name.as_deref().unwrap_or_default(), details));
    }
    if settings::writes_settings_view(statement) {
        asks.push(Ask::of_setting(SETTINGS_VIEW, Details { changes_reading: true, ..Details::default() }));
    }
}

impl Ask {
    /// Whether the setting of this name may be changed.
    pub(crate) fn of_setting(name: &str, details: Details) -> Self {
        Ask { action: "set", resource: Resource::Setting { name: name.to_owned() }, details }
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
        | Effect::OpaqueCall
        | Effect::OpaqueDo
        | Effect::Prepare
        | Effect::Role
        | Effect::Set
        | Effect::Transaction => (effect.name(), Reach::Database),
    }
}
