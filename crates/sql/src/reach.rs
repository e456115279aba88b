//! Follows what a statement sets going: the routines that it calls, the triggers, rules, foreign keys and other code of the relations
//! whose rows it writes, and of those that these write, and policies of those that it reads.

use std::borrow::Cow;
use std::collections::HashSet;
use std::sync::Arc;

use crate::catalog::{Catalog, Relation};
use crate::computed::{self, Context, Told};
use crate::every_row;
use crate::facts::{
    Access, ColumnUse, Effect, Facts, Handing, NewWord, RelationUse, Statement, Unreadable, Write,
};
use crate::hooks::{Event, ForeignKey, Gives, Hook};
use crate::implicit;
use crate::names::{Name, Naming};
use crate::source::has_known_columns;

/// Most triggers, rules and foreign keys that one statement is followed through. One that reaches more is opaque.
const REACHED_MAX: usize = 1_024;

/// Commands of which no event trigger is told.
const QUIET: [&str; 15] = [
    "CheckPointStmt",
    "ClosePortalStmt",
    "ClusterStmt",
    "ConstraintsSetStmt",
    "DeallocateStmt",
    "DeclareCursorStmt",
    "DiscardStmt",
    "FetchStmt",
    "ListenStmt",
    "LoadStmt",
    "LockStmt",
    "NotifyStmt",
    "UnlistenStmt",
    "VacuumStmt",
    "VariableShowStmt",
];

/// Commands that compute what is kept of the rows of a table.
const REBUILDING: [&str; 4] = ["ClusterStmt", "IndexStmt", "ReindexStmt", "VacuumStmt"];

/// Something that happens by itself because of what a statement writes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Reached {
    /// How it is reached.
    pub via: Via,
    /// Name of the trigger, rule, constraint, column …
    pub name: String,
    /// Name of the table or view that this belongs to.
    pub on: String,
    /// Name of the function that it calls, which is what it does; empty where there is none, or nobody knows it.
    pub calls: String,
    /// What it gives whoever writes a row.
    pub gives: Gives,
    /// What it does, with the routines that it calls. Where it is in the text says nothing.
    pub does: Statement,
}

/// How something is reached.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Via {
    /// A check of a table, a column, the domain that it is of or a policy for INSERT, or an exclusion constraint.
    Check,
    /// A default of a column.
    Default,
    /// An action of a foreign key: ON DELETE CASCADE and the like.
    ForeignKey,
    /// A generated column.
    Generated,
    /// An expression or a condition of an index, or what it compares by.
    Index,
    /// The key of a partitioned table.
    PartitionKey,
    /// A policy of rows.
    Policy,
    /// A rewrite rule.
    Rule,
    /// Extended statistics.
    Statistics,
    /// A trigger.
    #[default]
    Trigger,
}

impl Via {
    /// All of them.
    pub const ALL: [Via; 10] = [
        Via::Check,
        Via::Default,
        Via::ForeignKey,
        Via::Generated,
        Via::Index,
        Via::PartitionKey,
        Via::Policy,
        Via::Rule,
        Via::Statistics,
        Via::Trigger,
    ];

    /// The word for it in records and policies.
    pub fn name(self) -> &'static str {
        match self {
            Via::Check => "check",
            Via::Default => "default",
            Via::ForeignKey => "foreign_key",
            Via::Generated => "generated",
            Via::Index => "index",
            Via::PartitionKey => "partition_key",
            Via::Policy => "policy",
            Via::Rule => "rule",
            Via::Statistics => "statistics",
            Via::Trigger => "trigger",
        }
    }

    /// The one that has this word.
    pub fn named(name: &str) -> Option<Via> {
        Via::ALL.into_iter().find(|via| via.name() == name)
    }
}

impl Facts {
    /// The same where each statement also does what the routines of `catalog` do that it calls, replaces none that is not
    /// there, tells what follows from it and which of its conditions are true of every row. Call it on a thread with [`READ_STACK_BYTES`](crate::READ_STACK_BYTES) of stack.
    #[must_use]
    pub fn with_reach(&self, catalog: &Catalog) -> Cow<'_, Self> {
        let mut facts = Cow::Borrowed(self);
        for (at, statement) in self.statements.iter().enumerate() {
            if let Cow::Owned(more) = statement.with_reach(catalog)
                && let Some(statement) = facts.to_mut().statements.get_mut(at)
            {
                *statement = more;
            }
        }
        facts
    }
}

impl Statement {
    /// Whether rows of a relation that it names are written.
    pub fn is_written(&self, used: &RelationUse) -> bool {
        used.access == Access::Write
            && self.writes.iter().any(|write| write.name == used.name && write.schema == used.schema)
    }

    /// The same for one of them.
    #[must_use]
    pub fn with_reach(&self, catalog: &Catalog) -> Cow<'_, Self> {
        let mut whole = self.reach(catalog).map_or(Cow::Borrowed(self), Cow::Owned);
        let replaces_none =
            !self.replaces.is_empty() && self.replaces.iter().all(|name| catalog.lacks_routine(name));
        if replaces_none {
            whole.to_mut().effects.retain(|effect| *effect != Effect::ReplaceTriggerFunction);
        }
        if !self.redefines.is_empty() && catalog.guards(&self.redefines) {
            whole.to_mut().add(Effect::DisableProtection);
        }
        if whole.opens_views(catalog) || whole.opens_parts(catalog) || whole.takes_domains(catalog) {
            whole.to_mut().add(Effect::DisableProtection);
        }
        for write in whole.writes_through(catalog) {
            whole.to_mut().add_through(write);
        }
        let given_away = whole.given_away(catalog);
        if !given_away.is_empty() {
            let whole = whole.to_mut();
            whole.add(Effect::DropTable);
            whole.drops.extend(given_away);
        }
        if !whole.shadows.is_empty() {
            whole.to_mut().know_within(catalog);
        }
        if !whole.unfiltered_own.is_empty() {
            whole.to_mut().know_own_writes(catalog);
        }
        if !whole.extensions.is_empty() {
            whole.to_mut().know_ensured(catalog);
        }
        if whole.hides(catalog) {
            whole.to_mut().add(Effect::Shadow);
        }
        if whole.lands_in_own(catalog) {
            whole.to_mut().add(Effect::AlterCatalog);
        }
        let anew = whole.casts_anew(catalog);
        whole = match anew.is_empty() {
            true => whole,
            false => {
                let mut whole = whole.into_owned();
                whole.unfiltered.extend(anew);
                Cow::Owned(whole)
            }
        };
        // What their columns are called nobody knows.
        let is_somebodys = |name: &str| has_known_columns(name) && catalog.routines(name).next().is_some();
        if self.calls().any(is_somebodys) {
            let filtered =
                |write: &&Write| matches!(write.effect, Effect::Delete | Effect::Merge | Effect::Update);
            let writes: Vec<Write> = self.writes.iter().filter(filtered).cloned().collect();
            whole.to_mut().unfiltered.extend(writes);
        }
        let of_each = whole.changes_of_each_row(catalog);
        if !of_each.is_empty() {
            whole.to_mut().unfiltered.extend(of_each);
        }
        let certain: Vec<(Write, String)> = whole
            .conditions
            .iter()
            .filter_map(|condition| Some((condition.write.clone(), every_row::why(condition, catalog)?)))
            .collect();
        if !certain.is_empty() {
            let whole = whole.to_mut();
            whole.unfiltered.extend(certain.iter().map(|(write, _)| write.clone()));
            whole.certain = certain;
        }
        whole
    }

    /// What functions change in tables of which they are handed each row.
    fn changes_of_each_row(&self, catalog: &Catalog) -> Vec<Write> {
        let mut found: Vec<Write> = Vec::new();
        for Handing { table, functions } in &self.hands {
            let is_known = |name: &&String| catalog.routines(name).next().is_some();
            let functions: Vec<String> = functions.iter().filter(is_known).cloned().collect();
            if functions.is_empty() {
                continue;
            }
            let Some(called) = (Statement { functions, ..Statement::default() }).with_calls(catalog) else {
                continue;
            };
            let tables = catalog.shown_whole(table);
            let is_it = |write: &Write| {
                let is_meant = |table: &Name| {
                    let is_elsewhere =
                        write.schema.is_some() && table.schema.is_some() && write.schema != table.schema;
                    write.name == table.name && !is_elsewhere
                };
                matches!(write.effect, Effect::Delete | Effect::Merge | Effect::Update)
                    && tables.iter().any(is_meant)
            };
            for write in called.writes.into_iter().filter(is_it) {
                if !self.unfiltered.contains(&write) && !found.contains(&write) {
                    found.push(write);
                }
            }
        }
        found
    }

    /// Why the server of `catalog` reads something else in it, if it does.
    pub fn unread_by(&self, catalog: &Catalog) -> Option<Unreadable> {
        let NewWord { word, since } = self.newest_word.filter(|word| catalog.is_older_than(*word))?;
        Some(Unreadable::NewWord { word, since })
    }

    /// Whether it takes whole rows of what has this name, in a body.
    fn takes_rows_of(&self, name: &str) -> bool {
        let mut used = self.relations.iter().filter(|used| used.access == Access::Read && used.name == name);
        let is_alias = |column: &ColumnUse| match (column.qualifier.as_slice(), &column.name) {
            ([], Some(row)) => {
                row == name
                    || self.relations.iter().any(|used| used.name == name && used.alias.as_ref() == Some(row))
            }
            _ => false,
        };
        let takes = |column: &ColumnUse| column.name.is_none() || is_alias(column);
        (used.next().is_some() || self.mentions.iter().any(|mention| mention == name))
            && self.columns.iter().any(takes)
    }

    /// What it does to names, itself and by what it reaches.
    pub fn all_names(&self) -> Vec<Naming> {
        let reached = self.reached.iter().flat_map(|reached| &reached.does.names);
        self.names.iter().chain(reached).cloned().collect()
    }

    /// The same where relations become known by another name, or as a view.
    pub fn ways(&self) -> Vec<Naming> {
        let mut names = self.all_names();
        names.retain(|naming| match naming {
            Naming::Casts(_)
            | Naming::Coins(_)
            | Naming::Leads { .. }
            | Naming::LeadsType { .. }
            | Naming::Renames { .. }
            | Naming::Takes(_) => true,
            Naming::IsPart { .. } | Naming::Makes(_) | Naming::RenamesSchema { .. } => false,
        });
        names
    }

    /// The statement with all that it reaches; `None` where that is nothing.
    fn reach(&self, catalog: &Catalog) -> Option<Self> {
        let mut whole = self.with_calls(catalog);
        // Of the body of a DO block; a function's runs where that is called.
        if !self.computed.is_empty() && self.effects.contains(&Effect::Do) {
            let told = Told::of(&self.computed, None);
            let mut run = whole.take().unwrap_or_else(|| self.clone());
            run.add_told(&told, catalog);
            whole = run.with_calls(catalog).or(Some(run));
        }
        let known = whole.as_ref().unwrap_or(self);
        let has_code = catalog.implicit().hangs_on_relations();
        let sets_off = || !known.writes.is_empty() || known.fires_event_triggers();
        if !has_code && (catalog.hooks().is_empty() || !sets_off()) {
            return whole;
        }
        if self.cascades {
            whole.get_or_insert_with(|| self.clone()).truncate_referring(catalog);
        }
        let mut follow = Follow::new(catalog);
        let is_all = follow.follow(whole.as_ref().unwrap_or(self));
        if !follow.reached.is_empty() || !is_all {
            let whole = whole.get_or_insert_with(|| self.clone());
            whole.reached = follow.reached;
            if !is_all {
                whole.add(Effect::OpaqueCall);
            }
        }
        whole
    }

    /// Adds the tables that TRUNCATE … CASCADE takes along (tablecmds.c, `ExecuteTruncate`).
    fn truncate_referring(&mut self, catalog: &Catalog) {
        let truncated = self.writes.iter().filter(|write| write.effect == Effect::Truncate);
        let mut found: Vec<u32> =
            truncated.flat_map(|write| meant(catalog, write)).map(|relation| relation.oid).collect();
        let mut known: HashSet<u32> = found.iter().copied().collect();
        let mut at = 0;
        while let Some(table) = found.get(at).copied() {
            let parts = catalog.parts(table).into_iter().map(|part| part.part);
            let referring = catalog.hooks().foreign_keys_to(table).map(|key| key.on);
            found.extend(parts.chain(referring).filter(|oid| known.insert(*oid)));
            at += 1;
        }
        for relation in found.into_iter().filter_map(|oid| catalog.relation(oid)) {
            self.add_write(Effect::Truncate, relation);
        }
    }

    /// Whether event triggers can fire (event_trigger.c): it defines something that is no role, database or tablespace.
    fn fires_event_triggers(&self) -> bool {
        self.effects.iter().any(|effect| match effect {
            Effect::ReplaceTriggerFunction => true,
            Effect::Other(kind) => QUIET.binary_search(kind).is_err(),
            effect => effect.defines(),
        })
    }

    /// Notes a write of rows of this relation.
    fn add_write(&mut self, effect: Effect, Relation { schema, name, .. }: &Relation) {
        let is_named = |named: &Write| {
            named.effect == effect
                && named.name == *name
                && named.schema.as_ref().is_none_or(|named| named == schema)
        };
        if self.writes.iter().any(is_named) {
            return;
        }
        self.add(effect);
        self.writes.push(Write { effect, schema: Some(schema.clone()), name: name.clone() });
        self.relations.push(RelationUse {
            schema: Some(schema.clone()),
            name: name.clone(),
            alias: None,
            access: Access::Write,
            whole: effect != Effect::Update,
        });
    }
}

/// Relations that a write can be about.
fn meant<'c>(catalog: &'c Catalog, write: &Write) -> impl Iterator<Item = &'c Relation> {
    catalog.reached(write.schema.as_deref(), &write.name)
}

/// What has been reached so far.
struct Follow<'c> {
    catalog: &'c Catalog,
    reached: Vec<Reached>,
    /// Events that relations have seen: also as a part of what is written.
    seen: HashSet<(u32, Event, bool)>,
    hooks: HashSet<*const Hook>,
    foreign_keys: HashSet<(u32, Event)>,
    /// Code that hangs on relations.
    code: HashSet<(u32, Via, u32)>,
}

impl<'c> Follow<'c> {
    fn new(catalog: &'c Catalog) -> Self {
        Follow {
            catalog,
            reached: Vec::new(),
            seen: HashSet::new(),
            hooks: HashSet::new(),
            foreign_keys: HashSet::new(),
            code: HashSet::new(),
        }
    }

    /// Follows a statement through all that it reaches. Whether that is all.
    fn follow(&mut self, statement: &Statement) -> bool {
        if statement.fires_event_triggers() {
            for hook in self.catalog.hooks().on_definitions() {
                self.hook(hook, ("", "definitions"));
            }
        }
        self.writes(&statement.writes, &statement.assigned);
        self.reads(statement);
        let mut at = 0;
        while let Some(Reached { does, .. }) = self.reached.get(at) {
            if REACHED_MAX < self.reached.len() {
                self.reached.truncate(REACHED_MAX);
                return false;
            }
            let does = does.clone();
            self.writes(&does.writes, &does.assigned);
            self.reads(&does);
            at += 1;
        }
        true
    }

    fn writes(&mut self, writes: &[Write], assigned: &[String]) {
        let catalog = self.catalog;
        for write in writes {
            let event = match write.effect {
                Effect::CopyIn => Event::Copy,
                Effect::Delete => Event::Delete,
                Effect::Insert => Event::Insert,
                Effect::Truncate => Event::Truncate,
                Effect::Update => Event::Update,
                // What its arms do is told as well.
                _ => continue,
            };
            for relation in meant(catalog, write) {
                self.write(relation, event, Some(assigned));
            }
        }
    }

    /// Policies of what is read, and what a command runs that makes indexes, statistics or tables anew.
    fn reads(&mut self, statement: &Statement) {
        let catalog = self.catalog;
        // To name a table in a comment on it, or to drop it, reads nothing of it.
        let drops = matches!(statement.effects.as_slice(), [Effect::DropTable]);
        if !catalog.implicit().hangs_on_relations() || drops || !statement.may_call() {
            return;
        }
        let rebuilds = statement.effects.iter().any(|effect| match effect {
            Effect::AlterTable => true,
            Effect::Other(kind) => REBUILDING.contains(kind),
            _ => false,
        });
        let is_run = |via| via == Via::Policy || rebuilds && via != Via::Default;
        let named = implicit::relations(statement, catalog);
        let parts = |relation: &Relation| catalog.parts(relation.oid).into_iter().map(|part| part.part);
        let mut oids: Vec<u32> =
            named.flat_map(|relation| std::iter::once(relation.oid).chain(parts(relation))).collect();
        // Of all tables, where none is named.
        if oids.is_empty() && rebuilds {
            oids = catalog.relations().map(|relation| relation.oid).collect();
        }
        for relation in oids.into_iter().filter_map(|oid| catalog.relation(oid)) {
            self.code(relation, is_run);
        }
    }

    /// What hangs on a relation and runs when this happens to its rows.
    fn code_on(&mut self, relation: &Relation, event: Event) {
        self.code(relation, |via| match event {
            Event::Copy | Event::Insert | Event::Update => true,
            Event::Delete => via == Via::Policy,
            Event::Truncate => false,
        });
    }

    fn code(&mut self, relation: &Relation, is_run: impl Fn(Via) -> bool) {
        for (via, name, function) in self.catalog.implicit().on(relation.oid) {
            if !is_run(via)
                || REACHED_MAX < self.reached.len()
                || !self.code.insert((relation.oid, via, function.oid))
            {
                continue;
            }
            let mut does = Statement::default();
            match self.catalog.routine(function.oid) {
                Some(routine) => does.add_routine(routine, None, self.catalog),
                None => does.add(Effect::OpaqueCall),
            }
            let mut does = does.with_calls(self.catalog).unwrap_or(does);
            does.count_own_writes();
            let (name, on, calls) = (name.to_owned(), relation.name.clone(), function.name.clone());
            self.reached.push(Reached { via, name, on, calls, gives: Gives::Nothing, does });
        }
    }

    /// Rows of `relation` are written; `assigned` are the columns that an UPDATE changes, where their names are known.
    fn write(&mut self, relation: &'c Relation, event: Event, assigned: Option<&[String]>) {
        let hooks = self.catalog.hooks();
        let changes = |key: &ForeignKey| {
            let keys = || key.keys.iter().filter_map(|number| self.catalog.relation(key.to)?.column(*number));
            event != Event::Update
                || assigned.is_none_or(|assigned| keys().any(|column| assigned.contains(&column.name)))
        };
        let parts = self.catalog.parts(relation.oid);
        let written = std::iter::once(relation.oid).chain(parts.iter().map(|part| part.part));
        let keys = written.flat_map(|table| hooks.foreign_keys_to(table));
        for key in keys.filter(|key| changes(key)).cloned().collect::<Vec<_>>() {
            self.foreign_key(&key, event);
        }
        if !self.seen.insert((relation.oid, event, false)) {
            return;
        }
        self.code_on(relation, event);
        let mut is_instead = false;
        for hook in hooks.of(relation.oid).iter().filter(|hook| hook.is_on(event)) {
            is_instead |= hook.is_instead();
            self.hook(hook, (&relation.schema, &relation.name));
        }
        for part in parts {
            let Some(relation) = self.catalog.relation(part.part) else { continue };
            for event in events_of_part(event, part.is_partition) {
                self.part(relation, *event);
            }
        }
        if !is_instead {
            for below in self.catalog.below(relation) {
                if !self.catalog.is_part(relation.oid, below.oid) {
                    self.write(below, event, None);
                }
            }
        }
    }

    /// The same for a part of what is written.
    fn part(&mut self, relation: &Relation, event: Event) {
        if !self.seen.insert((relation.oid, event, true)) {
            return;
        }
        self.code_on(relation, event);
        for hook in self.catalog.hooks().of(relation.oid) {
            if hook.via == Via::Trigger
                && hook.is_on(event)
                && (hook.is_for_rows() || event == Event::Truncate)
            {
                self.hook(hook, (&relation.schema, &relation.name));
            }
        }
    }

    /// `on` is its table by schema and name.
    fn hook(&mut self, hook: &Arc<Hook>, (schema, on): (&str, &str)) {
        if REACHED_MAX < self.reached.len() || !self.hooks.insert(Arc::as_ptr(hook)) {
            return;
        }
        let mut does = Statement::default();
        if let Some(routine) = self.catalog.routine(hook.function) {
            let (schema, table, arguments) = (schema.to_owned(), on.to_owned(), hook.arguments.clone());
            let context = Context { schema, table, arguments };
            does.add_routine(routine, Some(&context), self.catalog);
            let given: Vec<String> = hook.arguments.iter().flat_map(|given| computed::words(given)).collect();
            does.add_words(&given, self.catalog);
        }
        match hook.reads() {
            Some(definition) => does.add_body(definition, self.catalog),
            None => does.add(Effect::OpaqueCall),
        }
        let mut does = does.with_calls(self.catalog).unwrap_or(does);
        does.count_own_writes();
        let rows = hook.rows.iter().map(String::as_str).chain([on]);
        does.takes_row |= rows.into_iter().any(|name| does.takes_rows_of(name));
        let (via, name, on, gives) = (hook.via, hook.name.clone(), on.to_owned(), hook.gives());
        let routine = self.catalog.routine(hook.function);
        let calls = routine.map(|routine| routine.name.clone()).unwrap_or_default();
        self.reached.push(Reached { via, name, on, calls, gives, does });
    }

    fn foreign_key(&mut self, key: &ForeignKey, event: Event) {
        let (Some(effect), Some(on)) = (key.does(event), self.catalog.relation(key.on)) else { return };
        if REACHED_MAX < self.reached.len() || !self.foreign_keys.insert((key.oid, event)) {
            return;
        }
        let mut does = Statement::default();
        does.add_write(effect, on);
        if effect == Effect::Update {
            let columns = key.columns.iter().filter_map(|number| on.column(*number));
            does.assigned = columns.map(|column| column.name.clone()).collect();
            let named = does.assigned.iter().cloned().map(Some);
            does.columns =
                named.map(|name| ColumnUse { name, is_target: true, ..ColumnUse::default() }).collect();
        }
        let (name, on) = (key.name.clone(), on.name.clone());
        self.reached.push(Reached { via: Via::ForeignKey, name, on, does, ..Reached::default() });
    }
}

/// What happens to the rows of a part when this happens to those of the whole. An UPDATE can move them to another partition
/// (nodeModifyTable.c, `ExecCrossPartitionUpdate`).
fn events_of_part(event: Event, is_partition: bool) -> &'static [Event] {
    match (event, is_partition) {
        (Event::Copy, true) => &[Event::Copy],
        (Event::Insert, true) => &[Event::Insert],
        (Event::Copy | Event::Insert, false) => &[],
        (Event::Update, true) => &[Event::Update, Event::Delete, Event::Insert],
        (Event::Update, false) => &[Event::Update],
        (Event::Delete, _) => &[Event::Delete],
        (Event::Truncate, _) => &[Event::Truncate],
    }
}

#[cfg(test)]
mod tests;
