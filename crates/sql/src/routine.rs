//! Functions and procedures that are there already: what a statement does by calling them.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use crate::builtin;
use crate::catalog::Catalog;
use crate::computed::{Computed, Context, Told};
use crate::facts::{Effect, RelationUse, Setting, Statement};
use crate::landing::Bare;
use crate::lineage::{Followed, Probe, Sensitive, Taking};
use crate::names::Naming;
use crate::read::read;
use crate::script::Script;

/// Most routines that one statement is followed through. One that reaches more is opaque.
const ROUTINES_MAX: usize = 256;

/// Triggers of one function for which it is kept what it runs that it computes.
const TOLD_MAX: usize = 1_024;

/// A function or procedure that users made, as `pg_proc` has it.
pub struct Routine {
    /// Its name without the schema.
    pub name: String,
    /// The schema's; empty where nobody has said it.
    pub schema: String,
    /// How many arguments it must be given, one of those it takes at least: with one, `(value).name` calls it too (parse_func.c).
    pub arguments: u16,
    /// `pg_language.lanname`.
    pub language: String,
    /// `pg_proc.prosrc`.
    pub body: String,
    /// What `pg_get_functiondef` shows; empty where it was too long to be read.
    pub definition: String,
    /// Tells it from what it was before it was changed.
    pub version: String,
    reach: OnceLock<Reach>,
    script: OnceLock<Option<Script>>,
    told: Mutex<HashMap<Option<Context>, Arc<Told>>>,
}

/// The body is its author's.
impl fmt::Debug for Routine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Routine").field("language", &self.language).finish_non_exhaustive()
    }
}

/// What calling it does.
#[derive(Debug)]
enum Reach {
    /// All of this; an opaque call where it could do more.
    Read(Vec<Statement>),
    /// It is no SQL, and comes with the server or an extension: lists of functions tell of those.
    Library,
    /// Nobody can tell.
    Opaque,
}

impl Routine {
    /// One that takes so many arguments.
    pub fn new(name: String, arguments: u16, language: String, body: String, definition: String) -> Self {
        Routine {
            name,
            schema: String::new(),
            arguments,
            language,
            body,
            definition,
            version: String::new(),
            reach: OnceLock::new(),
            script: OnceLock::new(),
            told: Mutex::default(),
        }
    }

    /// The same as it was in this version.
    #[must_use]
    pub fn of_version(self, version: String) -> Self {
        Routine { version, ..self }
    }

    /// The same in this schema.
    #[must_use]
    pub fn in_schema(self, schema: String) -> Self {
        Routine { schema, ..self }
    }

    /// Names of what it calls, but for texts that it computes.
    pub fn calls(&self) -> impl Iterator<Item = &String> {
        self.body().iter().flat_map(|one| &one.functions)
    }

    /// What it does, but for texts that it computes; nothing where nobody can tell. Call it on a thread with
    /// [`READ_STACK_BYTES`](crate::READ_STACK_BYTES) of stack.
    pub(crate) fn body(&self) -> &[Statement] {
        match self.reach() {
            Reach::Read(body) => body.as_slice(),
            Reach::Library | Reach::Opaque => &[],
        }
    }

    /// Whether nobody can tell what it does.
    pub(crate) fn is_opaque(&self) -> bool {
        matches!(self.reach(), Reach::Opaque)
    }

    /// Whether its body may change this setting of the session. What the definition sets for the function alone ends with it.
    pub(crate) fn may_set(&self, name: &str) -> bool {
        let is_it = |setting: &Setting| {
            setting.is_reset_all || setting.name.as_deref().is_none_or(|changed| changed == name)
        };
        match self.reach() {
            Reach::Library => false,
            Reach::Opaque => true,
            // The definition is the last.
            Reach::Read(statements) => statements
                .split_last()
                .is_none_or(|(_, body)| body.iter().flat_map(|one| &one.settings).any(is_it)),
        }
    }

    /// Paths that name a schema of PostgreSQL's own, and that its body sets for the session.
    pub(crate) fn sets_own_paths(&self) -> impl Iterator<Item = &str> {
        // The definition is the last.
        let body = self.body().split_last().map(|(_, body)| body).unwrap_or_default();
        body.iter().flat_map(Statement::own_paths)
    }

    /// What is told of the texts that it computes and runs for a trigger, or where it is called by its name; `None` where there is none. Call it
    /// on a thread with [`READ_STACK_BYTES`](crate::READ_STACK_BYTES) of stack.
    pub(crate) fn told(&self, context: Option<&Context>) -> Option<Arc<Told>> {
        let computed: Vec<&[Computed]> =
            self.body().iter().map(|one| one.computed.as_slice()).filter(|some| !some.is_empty()).collect();
        if computed.is_empty() {
            return None;
        }
        let mut known = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        let context = context.cloned();
        if let Some(told) = known.get(&context) {
            return Some(Arc::clone(told));
        }
        if TOLD_MAX <= known.len() {
            known.clear();
        }
        let told = Arc::new(Told::of(&computed.concat(), context.as_ref()));
        known.insert(context, Arc::clone(&told));
        Some(told)
    }

    /// What it does by itself, without what it calls. Call it on a thread with [`READ_STACK_BYTES`](crate::READ_STACK_BYTES) of stack.
    pub fn does(&self, catalog: &Catalog) -> Statement {
        let mut does = Statement::default();
        does.add_routine(self, None, catalog);
        does
    }

    /// What it does with what is sensitive, where that is this; `None` where that is not understood. Call it as [`Routine::does`].
    pub fn follow(
        &self,
        sensitive: &Sensitive,
        taking: &Taking,
        is_key: fn(&str) -> bool,
    ) -> Option<Followed> {
        Some(self.script()?.follow(sensitive, taking, is_key))
    }

    /// What it asks of what it is given, also by comparing the whole of it where `of_wholes`, whether it hands any of that to a function that
    /// tells, and whether it compares it with what else it is given; `None` where that is not understood. Call it as
    /// [`Routine::does`].
    pub fn asks_of_given(
        &self,
        taking: &Taking,
        of_wholes: bool,
        is_key: fn(&str) -> bool,
    ) -> Option<(Option<Probe>, bool, bool)> {
        Some(self.script()?.asks_of_given(taking, of_wholes, is_key))
    }

    /// Whether all that it does is told by its body, as it is followed. Call it as [`Routine::does`].
    pub fn is_followed(&self) -> bool {
        matches!(self.reach(), Reach::Read(_)) && self.script().is_some()
    }

    pub(crate) fn script(&self) -> Option<&Script> {
        let read = || Script::of_routine(&self.language, &self.body, &self.definition);
        self.script.get_or_init(read).as_ref()
    }

    /// Whether it gives rows, and not one value.
    pub fn gives_rows(&self) -> bool {
        // So `pg_get_functiondef` writes it.
        self.definition
            .lines()
            .any(|line| [" RETURNS SETOF ", " RETURNS TABLE("].iter().any(|rows| line.starts_with(rows)))
    }

    /// Reads it, once. Call it on a thread with [`READ_STACK_BYTES`](crate::READ_STACK_BYTES) of stack.
    fn reach(&self) -> &Reach {
        self.reach.get_or_init(|| {
            let body = match self.language.as_str() {
                "c" | "internal" => return Reach::Library,
                // It is statements; without text (`BEGIN ATOMIC`) it is part of the definition.
                "sql" => Cow::Borrowed(self.body.as_str()),
                // PostgreSQL takes no empty one, so it was too long to be read.
                "plpgsql" if self.body.is_empty() => return Reach::Opaque,
                "plpgsql" => Cow::Owned(format!("DO LANGUAGE plpgsql '{}'", self.body.replace('\'', "''"))),
                _ => return Reach::Opaque,
            };
            let (Ok(mut body), Ok(mut definition)) =
                (read(body.as_bytes()), read(self.definition.as_bytes()))
            else {
                return Reach::Opaque;
            };
            if self.definition.is_empty() {
                return Reach::Opaque;
            }
            for effect in body.statements.iter_mut().flat_map(|one| &mut one.effects) {
                if matches!(effect, Effect::OpaqueBody | Effect::OpaqueDo) {
                    *effect = Effect::OpaqueCall;
                }
            }
            body.statements.iter_mut().for_each(|one| one.effects.retain(|effect| *effect != Effect::Do));
            // Defaults and settings are in the definition alone. To call it is not to define it.
            let defines = |effect: &Effect| {
                matches!(
                    effect,
                    Effect::LendRights
                        | Effect::OpaqueBody
                        | Effect::Other("CreateFunctionStmt")
                        | Effect::ReplaceTriggerFunction
                )
            };
            let gives_name = |naming: &Naming| matches!(naming, Naming::Coins(name) if *name == self.name);
            for one in &mut definition.statements {
                one.effects.retain(|effect| !defines(effect));
                one.names.retain(|naming| !gives_name(naming));
                one.coined.retain(|name| *name != self.name);
                one.bare.retain(Bare::is_within);
            }
            // The definition has them with the path that it sets.
            body.statements.iter_mut().for_each(|one| one.bare.clear());
            let mut statements = body.statements;
            statements.append(&mut definition.statements);
            Reach::Read(statements)
        })
    }
}

impl Catalog {
    /// Whether something that runs code may mean it by this name: a routine has it, PostgreSQL's own among them, or calls it.
    pub fn may_call(&self, name: &str) -> bool {
        !self.lacks_routine(name)
            || builtin::is_called("function", name)
            || self.all_routines().any(|routine| routine.calls().any(|called| called == name))
    }

    /// Whether something that runs code may mean it by this name of an operator: there is one, or a routine uses it.
    pub(crate) fn may_use_operator(&self, name: &str) -> bool {
        let mut bodies = self.all_routines().flat_map(|routine| routine.body());
        self.implicit().has_operator(name)
            || bodies.any(|body| body.operators.iter().any(|used| used == name))
    }

    /// Whether a function of these names decides in triggers, checks or policies of rows, or is called by one that does. Names are
    /// known without schemas and arguments.
    pub(crate) fn guards(&self, names: &[String]) -> bool {
        let deciding = self.implicit().deciding().map(|function| function.oid);
        let mut found: Vec<&Routine> = deciding
            .chain(self.hooks().functions())
            .filter_map(|oid| self.routine(oid))
            .map(|routine| &**routine)
            .collect();
        let mut seen = HashSet::new();
        while let Some(routine) = found.pop() {
            if names.contains(&routine.name) {
                return true;
            }
            // Nobody can tell which others there are.
            if ROUTINES_MAX < seen.len() {
                return true;
            }
            if seen.insert(std::ptr::from_ref(routine)) {
                found.extend(routine.calls().flat_map(|name| self.routines(name)));
            }
        }
        false
    }
}

impl Statement {
    /// Whether functions that it names can run: a comment on one, or its end, does not call it.
    pub(crate) fn may_call(&self) -> bool {
        if self.effects.contains(&Effect::Do) {
            return true;
        }
        self.effects.iter().all(|effect| match effect {
            Effect::Drop | Effect::DropCascade | Effect::DropTemporary | Effect::Grant | Effect::Revoke => {
                false
            }
            Effect::Other(kind) => !matches!(
                *kind,
                "AlterFunctionStmt"
                    | "AlterObjectDependsStmt"
                    | "AlterObjectSchemaStmt"
                    | "AlterOwnerStmt"
                    | "CommentStmt"
                    | "RenameStmt"
                    | "SecLabelStmt"
            ),
            _ => true,
        })
    }

    /// The statement with what the routines of `catalog` do that it calls; `None` where it calls none. Names are known without
    /// schemas and arguments: what any routine of a name does counts.
    pub(crate) fn with_calls(&self, catalog: &Catalog) -> Option<Self> {
        let implicit = catalog.implicit();
        if !catalog.has_routines() && implicit.is_empty() || !self.may_call() {
            return None;
        }
        let mut whole: Option<Statement> = None;
        let (mut seen, mut run) = (HashSet::new(), HashSet::new());
        let mut called: Vec<&Routine> =
            self.functions.iter().flat_map(|name| catalog.routines(name)).collect();
        let fields = self.columns.iter().filter(|column| !column.qualifier.is_empty());
        let fields = fields.filter_map(|column| column.name.as_ref());
        let fields = fields.flat_map(|name| catalog.routines(name));
        called.extend(fields.filter(|routine| routine.arguments == 1));
        loop {
            while let Some(routine) = called.pop() {
                if !seen.insert(std::ptr::from_ref(routine)) {
                    continue;
                }
                let whole = whole.get_or_insert_with(|| self.clone());
                if ROUTINES_MAX < seen.len() {
                    whole.add(Effect::OpaqueCall);
                    continue;
                }
                whole.add_routine(routine, None, catalog);
                let told = routine.told(None);
                let told = told.iter().flat_map(|told| told.calls()).flat_map(|name| catalog.routines(name));
                called.extend(told.chain(routine.calls().flat_map(|name| catalog.routines(name))));
            }
            // What was called can use other operators and types.
            let known = whole.as_ref().unwrap_or(self);
            let mut found = implicit.of(known, catalog);
            found.retain(|function| run.insert(function.oid));
            if found.is_empty() {
                return whole;
            }
            let whole = whole.get_or_insert_with(|| self.clone());
            for function in found {
                add_new(&mut whole.functions, [&function.name]);
                called.extend(catalog.routine(function.oid).map(|routine| &**routine));
            }
        }
    }

    /// Adds what calling a routine does, by its name or as that of a trigger, but for what it calls in turn.
    pub(crate) fn add_routine(&mut self, routine: &Routine, trigger: Option<&Context>, catalog: &Catalog) {
        match routine.reach() {
            Reach::Library => {}
            Reach::Read(body) => {
                body.iter().for_each(|one| self.add_body(one, catalog));
                routine.told(trigger).into_iter().for_each(|told| self.add_told(&told, catalog));
            }
            Reach::Opaque => self.add(Effect::OpaqueCall),
        }
    }

    /// Adds what the body of a routine, or another statement, does.
    pub(crate) fn add_body(&mut self, body: &Statement, catalog: &Catalog) {
        // A body cannot do this with its caller's connection.
        let may_be = |effect: &&Effect| !matches!(effect, Effect::CopyIn | Effect::Transaction);
        body.effects.iter().filter(may_be).for_each(|effect| self.add(*effect));
        let is_cte = |used: &RelationUse| {
            let is_known = || catalog.named(&used.name).next().is_some();
            used.schema.is_none() && body.ctes.contains(&used.name) && !is_known() || body.is_cte(used)
        };
        let relations = body.relations.iter().filter(|used| !is_cte(used));
        relations.clone().for_each(|used| {
            self.only_ctes.remove(&used.name);
        });
        add_new(&mut self.relations, relations);
        add_new(&mut self.functions, &body.functions);
        add_new(&mut self.qualified, &body.qualified);
        add_new(&mut self.operators, &body.operators);
        add_new(&mut self.types, &body.types);
        add_new(&mut self.columns, &body.columns);
        add_new(&mut self.mentions, &body.mentions);
        add_new(&mut self.writes, &body.writes);
        add_new(&mut self.assigned, &body.assigned);
        add_new(&mut self.settings, &body.settings);
        add_new(&mut self.unfiltered, &body.unfiltered);
        add_new(&mut self.unfiltered_own, &body.unfiltered_own);
        add_new(&mut self.conditions, &body.conditions);
        add_new(&mut self.hands, &body.hands);
        add_new(&mut self.objects, &body.objects);
        add_new(&mut self.runs, &body.runs);
        add_new(&mut self.drops, &body.drops);
        add_new(&mut self.indexes, &body.indexes);
        add_new(&mut self.shadows, &body.shadows);
        add_new(&mut self.extensions, &body.extensions);
        add_new(&mut self.replaced_views, &body.replaced_views);
        add_new(&mut self.bare, &body.bare);
        add_new(&mut self.retyped, &body.retyped);
        add_new(&mut self.names, &body.names);
        add_new(&mut self.coined, &body.coined);
        self.names_within |= !body.names.is_empty();
        self.changes_type |= body.changes_type;
        self.returns |= body.returns;
        self.locks |= body.locks;
        self.meddles |= body.meddles || body.makes.is_some() || !body.forgets.is_empty();
        self.takes_row |= body.takes_row;
        self.opens = self.opens.max(body.opens);
        self.loops |= body.loops;
        self.picks_sequence |= body.picks_sequence;
        self.partitions |= body.partitions;
        add_new(&mut self.puts, &body.puts);
        if body.unread_by(catalog).is_some() {
            self.add(Effect::OpaqueCall);
        }
        self.keys.extend(body.keys.iter().cloned());
        self.add_words(&body.words, catalog);
    }
}

/// Adds what is not there.
fn add_new<'t, T: Clone + PartialEq + 't>(to: &mut Vec<T>, more: impl IntoIterator<Item = &'t T>) {
    for one in more {
        if !to.contains(one) {
            to.push(one.clone());
        }
    }
}

#[cfg(test)]
mod tests;
