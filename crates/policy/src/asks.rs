//! What a statement does, as questions that policies answer: this action on that resource?

use std::collections::{BTreeSet, HashSet};

use sql::catalog::Relation;
use sql::facts::{Access, Effect, Object, Reached, RelationUse, Setting, Via, Write};
use sql::{Catalog, Statement};

use crate::columns::{self, Columns};
use crate::functions::{Does, VIEWS, does_of, in_extensions};
use crate::resource::{Resource, TEMPORARY};
use crate::settings::{self, SETTINGS_VIEW};

/// The action of seeing values as they are: whatever permits everything does not permit it.
pub(crate) const REVEAL: &str = "reveal";

/// Conditions look into values that are hidden. Whatever permits everything does not permit it either.
pub(crate) const FILTER: &str = "filter";

/// How values are masked.
pub(crate) const MASK: &str = "mask";

/// Actions on what values are, which nothing permits that permits everything.
pub(crate) const OF_VALUES: [&str; 3] = [FILTER, MASK, REVEAL];

/// One question.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Ask {
    pub(crate) action: &'static str,
    pub(crate) resource: Resource,
    pub(crate) details: Details,
}

/// A question of a statement.
pub(crate) struct Question<'s> {
    pub(crate) ask: Ask,
    /// What the statement reaches that raises it, where it is not the statement itself.
    pub(crate) through: Option<&'s Reached>,
    /// Why a condition is none that looks like one.
    pub(crate) why: Option<&'s str>,
    /// Nobody need permit it, and guardrails say nothing of it: it goes with what is asked about already.
    pub(crate) is_implied: bool,
}

/// By what policies may tell two relations apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Apart {
    ByName,
    /// All in one schema are the same to them.
    BySchema,
    No,
}

/// Questions of one statement.
#[derive(Default)]
struct Asks {
    own: Vec<Ask>,
    /// Those that are implied.
    implied: Vec<Ask>,
}

/// What the context of one question says, where others of the statement say something else.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Details {
    pub(crate) is_unfiltered: bool,
    pub(crate) command: &'static str,
    pub(crate) value: String,
    pub(crate) changes_reading: bool,
    pub(crate) skips_triggers: bool,
    pub(crate) weakens_server: bool,
    /// How it is reached, where the statement does not do it itself.
    pub(crate) via: Option<Via>,
}

/// What names in a statement can mean.
pub(crate) struct Names<'a> {
    pub(crate) catalog: &'a Catalog,
    /// Schemas that policies name; `None` where they make no difference between schemas. What the catalog does not show could
    /// be in each of them, and in each that it shows.
    pub(crate) schemas: Option<Vec<&'a str>>,
    /// By what own policies may tell two relations apart.
    pub(crate) tell_apart: &'a dyn Fn(&Relation, &Relation) -> Apart,
    /// Settings that policies name. One whose name is computed can be each of them.
    pub(crate) settings: Vec<&'a str>,
    /// Where policies tell columns apart.
    pub(crate) columns: Option<Columns<'a>>,
    /// What the columns of a relation hold, where policies look at that.
    pub(crate) classes_of: Option<&'a ClassesOf<'a>>,
}

/// What the columns of a relation hold, in order and each once.
pub(crate) type ClassesOf<'a> = dyn Fn(&Relation) -> Vec<&'static str> + 'a;

/// The questions that `statement` raises, and what it reaches. Of an action `may_matter` says whether anybody wants to know, and
/// `may_matter_reached` where it is reached.
pub(crate) fn of<'s>(
    statement: &'s Statement,
    names: &Names<'_>,
    may_matter: impl Fn(&str) -> bool,
    may_matter_reached: impl Fn(&str) -> bool,
) -> Vec<Question<'s>> {
    let Asks { own, implied } = of_one(statement, None, names, &may_matter, &may_matter_reached);
    let question =
        |is_implied| move |ask: Ask| Question { why: why(statement, &ask), ask, through: None, is_implied };
    let mut questions: Vec<_> = own.into_iter().map(question(false)).collect();
    let mut asked = HashSet::new();
    questions.extend(implied.into_iter().filter(|ask| asked.insert(ask.clone())).map(question(true)));
    for reached in &statement.reached {
        let (does, via) = (&reached.does, Some(reached.via));
        let Asks { own, implied } = of_one(does, via, names, &may_matter_reached, &may_matter_reached);
        let mut asks: Vec<Ask> = own.into_iter().chain(implied).collect();
        asks.iter_mut().for_each(|ask| ask.details.via = Some(reached.via));
        asks.retain(|ask| asked.insert(ask.clone()));
        let question = |ask| Question { ask, through: Some(reached), why: None, is_implied: true };
        questions.extend(asks.into_iter().map(question));
    }
    questions
}

/// Why a condition is none that looks like one, where the catalog has said so.
fn why<'s>(statement: &'s Statement, ask: &Ask) -> Option<&'s str> {
    let is_so =
        |(write, _): &&(Write, String)| ask.details.is_unfiltered && action_of(write.effect) == ask.action;
    statement.certain.iter().find(is_so).map(|(_, why)| why.as_str())
}

fn of_one(
    statement: &Statement,
    via: Option<Via>,
    names: &Names<'_>,
    may_matter: &impl Fn(&str) -> bool,
    implied_may_matter: &impl Fn(&str) -> bool,
) -> Asks {
    let mut asks = Asks::default();
    let selects = statement.effects.contains(&Effect::Select);
    // What a foreign key looks for, nobody sees.
    let reads_written = via != Some(Via::ForeignKey) && statement.reads_what_it_writes();
    let reads = (!selects && reads_written).then_some(&Effect::Select);
    for effect in statement.effects.iter().chain(reads) {
        let (action, reach) = action(*effect);
        // Settings are asked about one by one.
        if *effect != Effect::Set && may_matter(action) {
            let command = command_of(*effect);
            effect_on_relations(statement, *effect, (action, reach, command), names, &mut asks);
        }
    }
    if names.schemas.is_some() {
        for effect in statement.effects.iter().filter(|effect| defines(**effect)) {
            let action = action_of(*effect);
            if may_matter(action) {
                let details = Details { command: command_of(*effect), ..Details::default() };
                let named = statement.objects.iter().flat_map(|object| names.of(object));
                asks.own.extend(named.map(|resource| Ask { action, resource, details: details.clone() }));
            }
        }
    }
    if may_matter("select") {
        for name in &statement.mentions {
            let known = names.catalog.named(name).flat_map(|_| names.mean(None, name));
            let details = Details::default();
            asks.own.extend(known.map(|resource| Ask {
                action: "select",
                resource,
                details: details.clone(),
            }));
            let parts = names.parts(None, name, Effect::Select);
            asks.implied.extend(parts.map(|resource| Ask {
                action: "select",
                resource,
                details: Details::default(),
            }));
        }
    }
    if may_matter("lock") {
        if statement.locks {
            effect_on_relations(statement, Effect::Select, ("lock", Reach::Read, ""), names, &mut asks);
        }
        if statement.effects.contains(&LOCK_TABLE) {
            effect_on_relations(statement, LOCK_TABLE, ("lock", Reach::Written, ""), names, &mut asks);
        }
    }
    if may_matter("call") {
        functions(statement, names, &mut asks.own);
    }
    for (does, action) in [(Does::Lock, "lock"), (Does::Write, "update")] {
        if may_matter(action) && statement.calls().any(|name| does_of(name) == Some(does)) {
            let is_unfiltered = does == Does::Write && reads_all_large_objects(statement);
            let details = Details { is_unfiltered, ..Details::default() };
            asks.own.push(Ask { action, resource: Resource::Database, details });
        }
    }
    if may_matter("set") {
        changes_of_settings(statement, names, &mut asks);
    }
    asks.implied.retain(|ask| implied_may_matter(ask.action));
    // They have policies of their own.
    if let Some(columns) = &names.columns {
        asks.implied.extend(columns::of(statement, columns, names.catalog));
    }
    asks
}

/// Whether what it writes to large objects goes to each: who means one knows its number.
fn reads_all_large_objects(statement: &Statement) -> bool {
    let is_list = |name: &str| matches!(name, "pg_largeobject" | "pg_largeobject_metadata");
    statement.relations.iter().any(|used| is_list(&used.name))
        || statement.mentions.iter().any(|name| is_list(name))
}

const LOCK_TABLE: Effect = Effect::Other("LockStmt");

pub(crate) fn command_of(effect: Effect) -> &'static str {
    match effect {
        Effect::Other(command) | Effect::Replication(command) => command,
        Effect::DropTemporary => TEMPORARY,
        Effect::Shadow => "shadow",
        _ => "",
    }
}

/// Whether what a definition names beside relations is what the effect is on.
fn defines(effect: Effect) -> bool {
    effect.defines() || matches!(effect, Effect::Other(_))
}

fn effect_on_relations(
    statement: &Statement,
    effect: Effect,
    (action, reach, command): (&'static str, Reach, &'static str),
    names: &Names<'_>,
    asks: &mut Asks,
) {
    let writes: HashSet<(Option<&str>, &str)> = statement
        .writes
        .iter()
        .filter(|write| write.effect == effect)
        .map(|Write { schema, name, .. }| (schema.as_deref(), name.as_str()))
        .collect();
    // One statement can do this to one relation, and that to another.
    let is_target = |used: &RelationUse| match effect {
        Effect::Delete | Effect::Insert | Effect::Merge | Effect::Update => {
            writes.contains(&(used.schema.as_deref(), used.name.as_str()))
        }
        _ => true,
    };
    let reached = |used: &&RelationUse| match reach {
        Reach::Read => used.access == Access::Read || statement.reads_what_it_writes(),
        Reach::Written => used.access == Access::Write && is_target(used),
        Reach::Database => false,
    };
    let unfiltered = || statement.unfiltered.iter().filter(|write| write.effect == effect);
    let before = asks.own.len();
    let mut ask = |schema: Option<&str>, name: &str, is_unfiltered| {
        let details = Details { is_unfiltered, command, ..Details::default() };
        let ask = |resource| Ask { action, resource, details: details.clone() };
        asks.own.extend(names.mean(schema, name).into_iter().map(ask));
        asks.implied.extend(names.parts(schema, name, effect).map(ask));
    };
    let taken = taken(statement, effect);
    for (schema, name) in &taken {
        ask(*schema, name, false);
    }
    for used in statement.relations.iter().filter(|_| taken.is_empty()).filter(reached) {
        let is_unfiltered = unfiltered().any(|write| write.name == used.name);
        let is_made = used.schema.is_none() && statement.temporary.contains(&used.name);
        let schema = if is_made { Some(TEMPORARY) } else { used.schema.as_deref() };
        if is_unfiltered || !is_cte(statement, used) || names.catalog.named(&used.name).next().is_some() {
            ask(schema, &used.name, is_unfiltered);
        }
    }
    for write in unfiltered() {
        let is_asked = |used: &RelationUse| used.access == Access::Write && used.name == write.name;
        if !statement.relations.iter().any(is_asked) {
            ask(write.schema.as_deref(), &write.name, true);
        }
    }
    if asks.own.len() == before {
        let details = Details { command, ..Details::default() };
        let resource = match effect {
            Effect::DropTemporary => Resource::Schema { name: TEMPORARY.to_owned() },
            _ => Resource::Database,
        };
        asks.own.push(Ask { action, resource, details });
    }
}

/// A common table expression is only read, and PostgreSQL's own relations can be meant outside of its scope.
pub(crate) fn is_cte(statement: &Statement, used: &RelationUse) -> bool {
    let may_be = used.schema.is_none() && used.access == Access::Read && !used.name.starts_with("pg_");
    may_be && statement.ctes.contains(&used.name)
}

/// What a statement drops or truncates, which can be something else than what it changes besides.
fn taken(statement: &Statement, effect: Effect) -> Vec<(Option<&str>, &str)> {
    match effect {
        Effect::DropTable => statement
            .drops
            .iter()
            .map(|sql::Name { schema, name }| (schema.as_deref(), name.as_str()))
            .collect(),
        Effect::Truncate => {
            let writes = statement.writes.iter().filter(|write| write.effect == effect);
            writes.map(|Write { schema, name, .. }| (schema.as_deref(), name.as_str())).collect()
        }
        _ => Vec::new(),
    }
}

/// Whether what happens to a relation happens to its parts, which may be partitions.
fn goes_to_parts(effect: Effect, are_partitions: bool) -> bool {
    match effect {
        Effect::AlterTable
        | Effect::Delete
        | Effect::DisableProtection
        | Effect::DropColumn
        | Effect::Merge
        | Effect::Other("LockStmt")
        | Effect::Select
        | Effect::Truncate
        | Effect::Update => true,
        // A row that goes to a table with children stays there.
        Effect::CopyIn | Effect::DropTable | Effect::Insert => are_partitions,
        _ => false,
    }
}

impl Names<'_> {
    /// What could be changed where nobody tells which setting.
    pub(crate) fn any_setting(&self, value: &str) -> impl Iterator<Item = Ask> {
        let details = Details { value: value.to_owned(), ..Details::default() };
        self.settings.iter().map(move |name| Ask::of_setting(name, details.clone()))
    }

    /// In which schemas a function that is called can be, as far as anybody knows; none by its name in one that nobody knows.
    fn schemas_of<'s>(&'s self, function: &'s str, statement: &'s Statement) -> BTreeSet<&'s str> {
        // The shipped policies make no difference.
        if self.schemas.is_none() {
            return BTreeSet::from([""]);
        }
        let is_called = statement.functions.iter().any(|name| name == function);
        let known = self.catalog.routines(function);
        let known =
            known.filter(|routine| is_called || routine.arguments == 1).map(|routine| &*routine.schema);
        let given = statement.qualified.iter().filter(|call| call.name == function);
        let mut schemas: BTreeSet<&str> =
            known.chain(given.filter_map(|call| call.schema.as_deref())).collect();
        if schemas.is_empty() {
            schemas.insert("");
        }
        schemas
    }

    /// What something that a definition names can mean. What it does not tell could be in each schema that is named.
    fn of(&self, object: &Object) -> Vec<Resource> {
        let schema = |name: &str| Resource::Schema { name: name.to_owned() };
        match object {
            Object::Relation { schema, name } => self.mean(schema.as_deref(), name),
            Object::Column(_) => Vec::new(),
            Object::Schema(name) => vec![schema(name)],
            Object::Anywhere => {
                let named = self.schemas.iter().flatten().copied().chain(self.catalog.schemas());
                named.collect::<BTreeSet<_>>().into_iter().map(schema).collect()
            }
        }
    }

    /// Parts of what a name can mean, and of what views read, to which an effect on it goes: those that policies may tell from it.
    fn parts(&self, schema: Option<&str>, name: &str, effect: Effect) -> impl Iterator<Item = Resource> {
        let matters = self.schemas.is_some() && goes_to_parts(effect, true);
        let meant = self.catalog.meant(schema, name).filter(move |_| matters);
        let parts = meant.flat_map(|relation| self.catalog.parts_within(relation));
        let parts = parts.filter(move |(.., is_partition)| goes_to_parts(effect, *is_partition));
        let mut asked = HashSet::new();
        let parts = parts.filter(move |(of, part, _)| match (self.tell_apart)(of, part) {
            Apart::ByName => true,
            Apart::BySchema => asked.insert(part.schema.as_str()),
            Apart::No => false,
        });
        parts.map(|(_, part, _)| Resource::Table {
            schema: part.schema.clone(),
            name: part.name.clone(),
            is_known: !self.catalog.is_new(part),
            classes: self.classes(part),
        })
    }

    /// What the columns of a relation hold, where that matters.
    fn classes(&self, relation: &Relation) -> Vec<&'static str> {
        self.classes_of.map(|classes_of| classes_of(relation)).unwrap_or_default()
    }

    /// Every relation that a name can mean, and what those are made of.
    fn mean(&self, schema: Option<&str>, name: &str) -> Vec<Resource> {
        let found = self.catalog.meant(schema, name);
        let found: Vec<_> = found.flat_map(|known| self.catalog.with_underlying(known)).collect();
        let table = |schema: &str, name: &str| Resource::Table {
            schema: schema.to_owned(),
            name: name.to_owned(),
            is_known: false,
            classes: Vec::new(),
        };
        let known = |relation: &&Relation| Resource::Table {
            schema: relation.schema.clone(),
            name: relation.name.clone(),
            is_known: true,
            classes: self.classes(relation),
        };
        let shown = || found.iter().filter(|known| !self.catalog.is_new(known));
        let mut meant: Vec<Resource> = shown().map(known).collect();
        // The session can call one otherwise than the catalog does.
        let is_called_so = shown().any(|known| {
            known.name == name && schema.is_none_or(|schema| schema == known.schema || schema == TEMPORARY)
        });
        match schema {
            // PostgreSQL looks there first (namespace.c).
            None if name.starts_with("pg_") => meant.push(table("pg_catalog", name)),
            _ if is_called_so => {}
            None if sql::is_information(name) => meant.push(table("information_schema", name)),
            Some(schema) => meant.push(table(schema, name)),
            None => {
                meant.push(table("", name));
                if let Some(named) = &self.schemas {
                    let schemas = named.iter().copied().chain(self.catalog.schemas());
                    meant.extend(schemas.map(|schema| table(schema, name)));
                }
            }
        }
        meant.sort_unstable();
        meant.dedup();
        meant
    }
}

fn functions(statement: &Statement, names: &Names<'_>, asks: &mut Vec<Ask>) {
    // A column with a qualifier can be a call, and a view can show what a function does.
    let views = statement.relations.iter().map(|used| used.name.as_str());
    // What a body reads may be told by its words alone.
    let views = views.chain(statement.mentions.iter().map(String::as_str));
    let called = statement.calls().chain(views.filter(|name| VIEWS.contains(name)));
    let mut asked = HashSet::new();
    for name in called.filter(|name| asked.insert(*name)) {
        let ask = |schema: &str| Ask {
            action: "call",
            resource: Resource::Function { schema: schema.to_owned(), name: name.to_owned() },
            details: Details::default(),
        };
        asks.extend(names.schemas_of(name, statement).into_iter().map(ask));
        let is_there = |schema: &str| {
            let named = |call: &sql::Name| call.name == name && call.schema.as_deref() == Some(schema);
            statement.qualified.iter().any(named)
                || names.catalog.routines(name).any(|routine| routine.schema == schema)
        };
        asks.extend(in_extensions(name, is_there).map(|name| Ask {
            action: "call",
            resource: Resource::Function { schema: String::new(), name },
            details: Details::default(),
        }));
    }
}

fn changes_of_settings(statement: &Statement, names: &Names<'_>, asks: &mut Asks) {
    for setting in &statement.settings {
        let details = Details::of_setting(setting);
        if setting.is_reset_all {
            reset_all(statement, names, &details, asks);
            continue;
        }
        if setting.name.is_none() {
            asks.own.extend(names.any_setting(&details.value));
        }
        asks.own.push(Ask::of_setting(setting.name.as_deref().unwrap_or_default(), details));
    }
    if settings::writes_settings_view(statement) {
        asks.own.extend(names.any_setting(""));
        asks.own
            .push(Ask::of_setting(SETTINGS_VIEW, Details { changes_reading: true, ..Details::default() }));
    }
}

/// All settings that policies name, but for those that RESET ALL leaves alone. Pools send DISCARD ALL, which need not be permitted.
fn reset_all(statement: &Statement, names: &Names<'_>, details: &Details, asks: &mut Asks) {
    let discards = statement.effects.contains(&Effect::Other("DiscardStmt"));
    let command = if discards { "DiscardStmt" } else { "VariableSetStmt" };
    let ask = |name: &str| Ask::of_setting(name, Details { command, ..details.clone() });
    let reset = names.settings.iter().filter(|name| discards || !settings::NOT_RESET.contains(name));
    asks.implied.extend(reset.map(|name| ask(name)));
    if discards { &mut asks.implied } else { &mut asks.own }.push(ask(""));
}

impl Details {
    /// What a change of this setting means.
    pub(crate) fn of_setting(setting: &Setting) -> Self {
        Details {
            value: settings::value(setting).unwrap_or_default(),
            changes_reading: settings::changes_reading(setting),
            skips_triggers: settings::skips_triggers(setting),
            weakens_server: settings::weakens_server(setting),
            ..Details::default()
        }
    }
}

impl Ask {
    /// Whether this may be done with values of a class.
    pub(crate) fn of_class(action: &'static str, class: &'static str) -> Self {
        Ask { action, resource: Resource::Class { name: class }, details: Details::default() }
    }

    /// Whether the setting of this name may be changed.
    pub(crate) fn of_setting(name: &str, details: Details) -> Self {
        Ask { action: "set", resource: Resource::Setting { name: name.to_owned() }, details }
    }
}

/// Commands that concern nothing but the session: what it shows, listens to, and has opened or prepared. What a cursor reads is asked
/// about as `select`.
const OF_THE_SESSION: [&str; 9] = [
    "ClosePortalStmt",
    "ConstraintsSetStmt",
    "DeallocateStmt",
    "DeclareCursorStmt",
    "DiscardStmt",
    "FetchStmt",
    "ListenStmt",
    "UnlistenStmt",
    "VariableShowStmt",
];

/// Which relations of a statement one of its effects is about.
#[derive(Clone, Copy)]
enum Reach {
    Read,
    Written,
    Database,
}

/// The action for an effect.
pub(crate) fn action_of(effect: Effect) -> &'static str {
    action(effect).0
}

/// The action for an effect, and which relations it is about.
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
        | Effect::DropTemporary
        | Effect::Grant
        | Effect::Insert
        | Effect::LendRights
        | Effect::Merge
        | Effect::Reassign
        | Effect::Redirect
        | Effect::ReplaceTriggerFunction
        | Effect::Revoke
        | Effect::ServerFile
        | Effect::ServerProgram
        | Effect::Truncate
        | Effect::Update => (effect.name(), Reach::Written),
        Effect::Call => ("call_procedure", Reach::Database),
        Effect::Other(command) if OF_THE_SESSION.contains(&command) => ("control", Reach::Database),
        Effect::Other(_) => ("utility", Reach::Written),
        Effect::Replication(_) => ("replicate", Reach::Database),
        // With what is dropped by CASCADE or with its owner go relations that nobody names.
        Effect::AlterCatalog
        | Effect::AlterDefaultPrivileges
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
        | Effect::Shadow
        | Effect::Transaction => (effect.name(), Reach::Database),
    }
}
