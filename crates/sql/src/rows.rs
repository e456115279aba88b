//! What the definition of a table says of each of its rows: which values its columns can have, and what was checked.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use crate::catalog::Catalog;
use crate::condition::{self, Atom, Formula};
use crate::facts::{Effect, Statement, Write};
use crate::filter::Scale;
use crate::names::Name;
use crate::read;
use crate::tree::Tree;

/// Longest check that is looked at, in bytes.
pub const CHECK_BYTES_MAX: usize = 4_096;

/// What is true of each row of a table.
#[derive(Clone, Debug, Default)]
pub struct Rows {
    /// By the columns' names.
    pub columns: HashMap<String, Values>,
    /// Each row has passed them: those of the table, and of domains of its columns.
    pub checks: Vec<Arc<Check>>,
    /// By the columns' names, `pg_type.oid` of the domains that say what may be in them.
    pub domains: HashMap<String, Vec<u32>>,
}

/// A domain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Domain {
    /// Its schema.
    pub schema: String,
    /// `pg_type.oid` of it and of the domains that it is of.
    pub of: Vec<u32>,
}

/// A column that gets another type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Retyped {
    /// The table, as the statement names it.
    pub table: Name,
    /// The column's name.
    pub column: String,
    /// The type, or that of its elements.
    pub to: Name,
    /// It is no array.
    pub is_plain: bool,
}

/// Values that a column can have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Values {
    /// NULL is one.
    pub has_null: bool,
    /// What they are.
    pub kind: Kind,
}

/// Kinds of values of which something is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `true` and `false`.
    Boolean,
    /// Times of a day.
    Clock,
    /// Days.
    Date,
    /// One of these, in this order.
    Enum(Arc<[String]>),
    /// Numbers of which not all that are written are exact.
    Float,
    /// Numbers that need not be whole: where it is said, of so many digits before the point, and behind it.
    Numeric(Option<(u32, u32)>),
    /// Numbers of objects: whole, without a sign.
    Oid,
    /// Rows: their IS NULL and IS NOT NULL are about what is in them.
    Row,
    /// Strings of so many characters at most.
    Text(Option<u32>),
    /// Times without a zone.
    Timestamp,
    /// 128 bits.
    Uuid,
    /// Whole numbers of so many bits.
    Whole(u32),
    /// Times with a zone.
    Zoned,
    /// Nothing is known.
    Other,
}

/// A condition that no row of a table fails.
#[derive(Debug, Default)]
pub struct Check {
    /// `pg_constraint.oid`, or `pg_class.oid` of a partition whose bounds they are.
    pub oid: u32,
    /// Its name.
    pub name: String,
    /// The column that it is about, where it is a domain's and says VALUE.
    pub column: Option<String>,
    /// Tells it from what it was before it was changed.
    pub version: String,
    /// It is none, but a sequence that gives the column its values, and gives none below its least.
    pub counts: bool,
    /// As PostgreSQL writes it.
    text: String,
    read: OnceLock<Vec<Formula<Atom>>>,
}

impl Check {
    /// One that says this.
    pub fn new(oid: u32, name: String, column: Option<String>, version: String, text: String) -> Self {
        Check { oid, name, column, version, counts: false, text, read: OnceLock::new() }
    }

    /// What the sequence of a column gives it: nothing below `least`.
    pub fn of_sequence(oid: u32, name: String, column: String, least: i64) -> Self {
        let text = format!("value >= {least}");
        Check { counts: true, ..Check::new(oid, name, Some(column), least.to_string(), text) }
    }

    /// The same where it says this.
    #[must_use]
    pub fn saying(self, text: String) -> Self {
        Check { text, ..self }
    }

    /// Whether this is what it was.
    pub fn is_like(&self, other: &Self) -> bool {
        let key = |check: &Self| (check.oid, check.name.clone(), check.column.clone(), check.version.clone());
        key(self) == key(other)
    }

    /// What it says, part by part. Call it on a thread with [`READ_STACK_BYTES`](crate::READ_STACK_BYTES) of stack.
    pub(crate) fn parts(&self) -> &[Formula<Atom>] {
        self.read.get_or_init(|| self.read().unwrap_or_default())
    }

    fn read(&self) -> Option<Vec<Formula<Atom>>> {
        if CHECK_BYTES_MAX < self.text.len() {
            return None;
        }
        let parsed = read::tree(&format!("DELETE FROM checked WHERE {}", self.text)).ok()?;
        let [raw] = parsed.protobuf.stmts.as_slice() else { return None };
        let root = Tree::of(&raw.stmt).ok()?;
        let delete = root.nodes().next().filter(|node| node.kind == "DeleteStmt")?;
        let scale = Scale::of(delete.one("relation")?, &[]);
        let mut formula = condition::check(delete.one("where_clause")?, &scale);
        if let Some(column) = &self.column {
            formula = formula.of_value(column);
        }
        Some(formula.conjuncts())
    }
}

impl Statement {
    /// Whether it takes a domain from a column that says what may be in it.
    pub(crate) fn takes_domains(&self, catalog: &Catalog) -> bool {
        self.retyped.iter().any(|Retyped { table, column, to, is_plain }| {
            let meant = catalog.meant(table.schema.as_deref(), &table.name);
            let rows = meant.filter_map(|table| catalog.rows(table.oid));
            let mut said = rows.filter_map(|rows| rows.domains.get(column)).peekable();
            said.peek().is_some() && {
                let to: Vec<&Domain> = catalog.domains(to).filter(|_| *is_plain).collect();
                let keeps = |oid: &u32| !to.is_empty() && to.iter().all(|to| to.of.contains(oid));
                said.any(|domains| !domains.iter().all(keeps))
            }
        })
    }
}

impl Statement {
    /// Whether it gives a column another type, itself or by what it reaches.
    pub fn retypes(&self) -> bool {
        !self.retyped.is_empty() || self.reached.iter().any(|reached| !reached.does.retyped.is_empty())
    }

    /// Tables of which a cast computes a column anew, or its elements, that somebody has written in SQL or PL/pgSQL, or that the session has
    /// just made.
    pub(crate) fn casts_anew(&self, catalog: &Catalog) -> Vec<Write> {
        let computes = |to: &Name| catalog.computes_to(&to.name) || catalog.is_newly_cast(&to.name);
        let anew = self.retyped.iter().filter(|retyped| computes(&retyped.to));
        let writes = anew.map(|Retyped { table: Name { schema, name }, .. }| Write {
            effect: Effect::AlterTable,
            schema: schema.clone(),
            name: name.clone(),
        });
        writes.filter(|write| !self.unfiltered.contains(write)).collect()
    }
}

impl Catalog {
    /// Whether SQL or PL/pgSQL computes what is cast to a type of this name, or to what it is of where it is a domain.
    pub(crate) fn computes_to(&self, name: &str) -> bool {
        self.implicit().casts_to(name).any(|function| {
            let routine = self.routine(function.oid);
            routine.is_some_and(|routine| !matches!(routine.language.as_str(), "c" | "internal"))
        })
    }
}

impl Formula<Atom> {
    /// The same where VALUE is this column, and nothing else can be named.
    fn of_value(&self, column: &str) -> Self {
        self.map(true, &mut |atom| {
            let is_value =
                atom.subject.column == "value" && !matches!(atom.subject.of, condition::Of::Beside(_));
            let mut atom = atom.clone();
            atom.subject.column = column.to_owned();
            is_value.then_some(atom)
        })
    }
}
