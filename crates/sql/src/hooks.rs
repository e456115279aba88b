//! What hangs on the relations of a catalog and runs when their rows are written: triggers, rules, foreign keys. It does not
//! follow them (see `reach`).

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, OnceLock};

use crate::facts::{Effect, Statement};
use crate::lineage;
use crate::reach::Via;
use crate::read::read;

/// Of `pg_trigger.tgtype` (pg_trigger.h).
const FOR_EACH_ROW: i16 = 1;
const ON_INSERT: i16 = 4;
const ON_DELETE: i16 = 8;
const ON_UPDATE: i16 = 16;
const ON_TRUNCATE: i16 = 32;
const INSTEAD: i16 = 64;

/// Triggers, rules and foreign keys of one database, and which tables are parts of others.
#[derive(Clone, Debug, Default)]
pub struct Hooks {
    by_relation: HashMap<u32, Vec<Arc<Hook>>>,
    /// Event triggers, which are on no relation.
    on_definitions: Vec<Arc<Hook>>,
    /// By the table that is referred to.
    foreign_keys: HashMap<u32, Vec<Arc<ForeignKey>>>,
    parts: HashMap<u32, Vec<Part>>,
    partition_of: HashMap<u32, u32>,
    /// Columns that say to which partition a row of a table goes.
    partition_keys: HashMap<u32, Vec<i16>>,
}

/// A trigger that fires, or a rule that is not a view's own.
pub struct Hook {
    /// Which of them.
    pub via: Via,
    /// `pg_trigger.oid` or `pg_rewrite.oid`.
    pub oid: u32,
    /// `pg_class.oid` of what it is on.
    pub relation: u32,
    /// Its name.
    pub name: String,
    /// `pg_trigger.tgtype`, or the same for a rule.
    pub kind: i16,
    /// `pg_proc.oid` of what a trigger calls; 0 for a rule.
    pub function: u32,
    /// What a trigger hands to it.
    pub arguments: Vec<String>,
    /// Names that the function knows the rows by which a statement has changed (`REFERENCING`).
    pub rows: Vec<String>,
    /// A rule, or a trigger with a condition, as the server shows it: empty where there is nothing to read in it.
    pub definition: String,
    /// The server shows more than is read.
    pub is_too_long: bool,
    reads: OnceLock<Option<Statement>>,
    gives: OnceLock<Gives>,
}

/// What a rule gives whoever writes a row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Gives {
    /// Nothing; no trigger gives something either.
    #[default]
    Nothing,
    /// Results of their own.
    Rows,
    /// What the statement's RETURNING is replaced by, whatever else.
    Returned,
}

/// A foreign key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForeignKey {
    /// `pg_constraint.oid`.
    pub oid: u32,
    /// Its name.
    pub name: String,
    /// `pg_class.oid` of the table that refers to another, and its columns that do.
    pub on: u32,
    /// Numbers of its columns that do.
    pub columns: Vec<i16>,
    /// `pg_class.oid` of the table that it refers to.
    pub to: u32,
    /// Numbers of that one's columns.
    pub keys: Vec<i16>,
    /// `pg_constraint.confdeltype`: `c` deletes, `n` and `d` update.
    pub on_delete: char,
    /// `pg_constraint.confupdtype`.
    pub on_update: char,
}

/// A partition or child of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// `pg_class.oid` of the table.
    pub of: u32,
    /// `pg_class.oid` of its part.
    pub part: u32,
    /// Rows that are inserted into the table go to it.
    pub is_partition: bool,
}

/// What happens to rows of a relation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Event {
    /// They come by COPY, which no rule sees.
    Copy,
    Delete,
    Insert,
    Truncate,
    Update,
}

/// Names and definitions are the users' data model.
impl fmt::Debug for Hook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hook").field("via", &self.via).field("oid", &self.oid).finish_non_exhaustive()
    }
}

impl Hooks {
    /// All triggers and rules.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Arc<Hook>> {
        self.by_relation.values().flatten().chain(&self.on_definitions)
    }

    /// OIDs of the functions that triggers call.
    pub(crate) fn functions(&self) -> impl Iterator<Item = u32> {
        self.all().map(|hook| hook.function).filter(|oid| *oid != 0)
    }
}

impl Hook {
    /// A trigger, with `pg_trigger.tgtype` and the function that it calls.
    pub fn trigger(oid: u32, relation: u32, name: String, kind: i16, function: u32) -> Self {
        Hook {
            via: Via::Trigger,
            oid,
            relation,
            name,
            kind,
            function,
            arguments: Vec::new(),
            rows: Vec::new(),
            definition: String::new(),
            is_too_long: false,
            reads: OnceLock::new(),
            gives: OnceLock::new(),
        }
    }

    /// An event trigger, with the function that it calls.
    pub fn event_trigger(oid: u32, name: String, function: u32) -> Self {
        Hook::trigger(oid, 0, name, 0, function)
    }

    /// A rule, with `pg_rewrite.ev_type`.
    pub fn rule(oid: u32, relation: u32, name: String, event: char) -> Self {
        let kind = match event {
            '2' => ON_UPDATE,
            '3' => ON_INSERT,
            _ => ON_DELETE,
        };
        Hook { via: Via::Rule, ..Hook::trigger(oid, relation, name, kind, 0) }
    }

    /// The same with what a trigger hands to its function.
    #[must_use]
    pub fn with_arguments(self, arguments: Vec<String>) -> Self {
        Hook { arguments, ..self }
    }

    /// The same with names of the rows that a statement has changed.
    #[must_use]
    pub fn with_rows(self, rows: Vec<String>) -> Self {
        Hook { rows, ..self }
    }

    /// The same with what `pg_get_ruledef` or `pg_get_triggerdef` shows; `None` where that is too long.
    #[must_use]
    pub fn defined(self, definition: Option<String>) -> Self {
        Hook { is_too_long: definition.is_none(), definition: definition.unwrap_or_default(), ..self }
    }

    /// Whether nothing about it has changed.
    pub fn is_like(&self, other: &Hook) -> bool {
        let Hook {
            via,
            oid,
            relation,
            name,
            kind,
            function,
            arguments,
            rows,
            definition,
            is_too_long,
            reads: _,
            gives: _,
        } = self;
        *via == other.via
            && *oid == other.oid
            && *relation == other.relation
            && *name == other.name
            && *kind == other.kind
            && *function == other.function
            && *arguments == other.arguments
            && *rows == other.rows
            && *definition == other.definition
            && *is_too_long == other.is_too_long
    }

    /// Whether it runs instead of the write.
    pub(crate) fn is_instead(&self) -> bool {
        self.kind & INSTEAD != 0
    }

    /// Whether it runs for each row, also of parts.
    pub(crate) fn is_for_rows(&self) -> bool {
        self.kind & FOR_EACH_ROW != 0
    }

    /// Whether it runs when rows are written, and not only when all are taken away: TRUNCATE is told to parts too (tablecmds.c,
    /// `ExecuteTruncateGuts`).
    pub(crate) fn is_on_rows(&self) -> bool {
        self.kind & (ON_DELETE | ON_INSERT | ON_UPDATE) != 0
    }

    pub(crate) fn is_on(&self, event: Event) -> bool {
        let bit = match event {
            Event::Copy if self.via == Via::Rule => return false,
            Event::Copy | Event::Insert => ON_INSERT,
            Event::Delete => ON_DELETE,
            Event::Truncate => ON_TRUNCATE,
            Event::Update => ON_UPDATE,
        };
        self.kind & bit != 0
    }

    /// What it gives whoever writes a row. Call it on a thread with [`READ_STACK_BYTES`](crate::READ_STACK_BYTES) of stack.
    pub fn gives(&self) -> Gives {
        let gives = || if self.is_too_long { Gives::Returned } else { lineage::gives(&self.definition) };
        if self.via == Via::Rule { *self.gives.get_or_init(gives) } else { Gives::Nothing }
    }

    /// What its definition does when it runs, read once; `None` where nobody can tell. Call it on a thread with
    /// [`READ_STACK_BYTES`](crate::READ_STACK_BYTES) of stack.
    pub(crate) fn reads(&self) -> Option<&Statement> {
        let read = || {
            if self.is_too_long {
                return None;
            }
            let mut facts = read(self.definition.as_bytes()).ok()?;
            let mut statement = facts.statements.pop().unwrap_or_default();
            if self.via == Via::Trigger {
                // What it calls runs as its condition, but for its function, which is named last and known better.
                let Statement { mut functions, columns, .. } = statement;
                functions.pop();
                return Some(Statement { functions, columns, ..Statement::default() });
            }
            // That it is defined is no part of what it does.
            let defines =
                |effect: &Effect| matches!(effect, Effect::DisableProtection | Effect::Other("RuleStmt"));
            statement.effects.retain(|effect| !defines(effect));
            if statement.relations.first().is_some_and(|own| !statement.is_written(own)) {
                statement.relations.remove(0);
            }
            Some(statement)
        };
        self.reads.get_or_init(read).as_ref()
    }
}

impl ForeignKey {
    /// What it does to the rows that refer to one with which this happens.
    pub(crate) fn does(&self, event: Event) -> Option<Effect> {
        let action = match event {
            Event::Delete => self.on_delete,
            Event::Update => self.on_update,
            Event::Copy | Event::Insert | Event::Truncate => return None,
        };
        match (action, event) {
            ('c', Event::Delete) => Some(Effect::Delete),
            ('c' | 'd' | 'n', _) => Some(Effect::Update),
            _ => None,
        }
    }
}

impl Hooks {
    /// All of a database.
    pub fn new(
        hooks: impl IntoIterator<Item = Arc<Hook>>,
        foreign_keys: impl IntoIterator<Item = ForeignKey>,
        parts: impl IntoIterator<Item = Part>,
    ) -> Self {
        let mut all = Hooks::default();
        for hook in hooks {
            match hook.relation {
                0 => all.on_definitions.push(hook),
                relation => all.by_relation.entry(relation).or_default().push(hook),
            }
        }
        for key in foreign_keys {
            all.foreign_keys.entry(key.to).or_default().push(Arc::new(key));
        }
        for part in parts {
            all.parts.entry(part.of).or_default().push(part);
            if part.is_partition {
                all.partition_of.insert(part.part, part.of);
            }
        }
        all
    }

    /// Whether nothing hangs on any relation.
    pub fn is_empty(&self) -> bool {
        self.by_relation.is_empty() && self.foreign_keys.is_empty() && self.on_definitions.is_empty()
    }

    /// Those that fire when something is defined.
    pub fn on_definitions(&self) -> &[Arc<Hook>] {
        &self.on_definitions
    }

    /// Those on the relation with this OID.
    pub fn of(&self, relation: u32) -> &[Arc<Hook>] {
        self.by_relation.get(&relation).map(Vec::as_slice).unwrap_or_default()
    }

    /// The same where rows of these tables go to partitions by these columns; 0 is an expression.
    #[must_use]
    pub fn with_partition_keys(self, keys: impl IntoIterator<Item = (u32, Vec<i16>)>) -> Self {
        Hooks { partition_keys: keys.into_iter().collect(), ..self }
    }

    /// Whether this column says to which partition a row of the table with this OID goes.
    pub fn routes(&self, table: u32, column: i16) -> bool {
        let keys = self.partition_keys.get(&table);
        keys.is_some_and(|keys| keys.contains(&column) || keys.contains(&0))
    }

    /// Tables whose rows go to partitions, by their OIDs, with the columns that say to which; 0 is an expression.
    pub fn partitioned(&self) -> impl Iterator<Item = (u32, &[i16])> {
        self.partition_keys.iter().map(|(table, keys)| (*table, keys.as_slice()))
    }

    /// All foreign keys.
    pub fn foreign_keys(&self) -> impl Iterator<Item = &ForeignKey> {
        self.foreign_keys.values().flatten().map(|key| &**key)
    }

    /// All parts of all tables.
    pub fn all_parts(&self) -> impl Iterator<Item = Part> {
        self.parts.values().flatten().copied()
    }

    /// Foreign keys that refer to the table with this OID, or to what it is a partition of.
    pub(crate) fn foreign_keys_to(&self, table: u32) -> impl Iterator<Item = &Arc<ForeignKey>> {
        let above = std::iter::successors(Some(table), |table| self.partition_of.get(table).copied());
        above.filter_map(|table| self.foreign_keys.get(&table)).flatten()
    }

    /// Parts of a table, without their own.
    pub(crate) fn parts_of(&self, table: u32) -> impl Iterator<Item = Part> {
        self.parts.get(&table).into_iter().flatten().copied()
    }

    /// Whether the first is a part of the second.
    pub fn is_part(&self, part: u32, of: u32) -> bool {
        self.parts.get(&of).is_some_and(|parts| parts.iter().any(|known| known.part == part))
    }
}
