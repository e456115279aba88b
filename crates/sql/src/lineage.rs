//! Which columns of a result can show values of sensitive columns. Values flow by name: from a column into the expressions that name
//! it, from an expression into the name that it is given, from what stands in FROM into its alias. A name that a value flows into
//! anywhere in the statement counts everywhere in it, so that no scope has to be understood to be sure.

use std::collections::{HashMap, HashSet};

use pg_query::protobuf::AlterTableType;

mod aside;
mod bodies;
mod documents;
mod flows;
mod keys;
mod mentions;
mod origins;
mod outputs;
mod probe;
mod records;
mod results;
mod sinks;
mod sources;
mod spills;
mod tainted;
mod wholes;

pub use self::aside::{Aside, Constant, asides};
pub use self::bodies::{Followed, RowOf, Taking, calls_for_rows, followed_block};
pub(crate) use self::documents::{BY_KEYS, TAKING};
pub use self::documents::{keeps_documents, takes_apart, takes_by_keys};
use self::flows::Flows;
pub(crate) use self::keys::constant_keys;
pub use self::keys::{Key, compared_keys, key_parameters, with_keys};
use self::outputs::Outputs;
pub(crate) use self::probe::TRUSTED;
pub use self::probe::{Probe, asks_of_referring, probes};
pub use self::records::{copied_columns, record_fields};
pub(crate) use self::sinks::{ASKING, picks_sequence};
pub use self::sinks::{hands_to, is_sink, makes_sink, sinks};
pub use self::spills::{
    EXTENDING, Likeness, Origin, Rename, Spill, Spilled, likenesses, new_name, rename, spills,
};
pub use self::wholes::cut_columns;
use crate::hooks::Gives;
use crate::read::kept_tree;
use crate::source::Source;
use crate::tree::Tree;

/// What of a statement's relations is sensitive.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sensitive {
    /// Names of the columns, besides `documents`.
    pub columns: HashSet<String>,
    /// Names of the relations that have some.
    pub relations: HashSet<String>,
    /// Names of all columns that the statement can mean, besides those that each table has. What else stands after a dot is a call.
    pub known: HashSet<String>,
    /// Names of functions that give back something sensitive, or nobody knows what.
    pub functions: HashSet<String>,
    /// Names of the columns that a relation of this name can have, besides those that each table has.
    pub columns_of: HashMap<String, HashSet<String>>,
    /// What `*` stands for, by the name of a relation that can mean only one: its columns in order.
    pub rows: HashMap<String, Vec<String>>,
    /// Names of the relations that functions read which give back something sensitive.
    pub read_by: HashMap<String, HashSet<String>>,
    /// Names of columns that have documents, and nothing else sensitive: their keys are looked at on the way to the client.
    pub documents: HashSet<String>,
    /// Those of them that nobody has looked at: what stands behind a key that says nothing is not asked about.
    pub unsearched: HashSet<String>,
    /// Names of columns that can have a part of a value, which then is compared where they are as a whole.
    pub parts: HashSet<String>,
    /// Functions that compare parts of what they are given with what else they are given.
    pub comparing: HashSet<String>,
    /// Functions that do not run where they are given NULL, and of which that is seen.
    pub strict: HashSet<String>,
    /// What functions ask that operators call, by the names of the functions.
    pub telling: HashMap<String, Probe>,
    /// Names of functions that operators of somebody's own can call, by the names of these.
    pub operators: HashMap<String, HashSet<String>>,
    /// To compare whole values is a question too.
    pub of_wholes: bool,
    /// Fields that say nothing, by the names of columns that have records with them.
    pub records: HashMap<String, HashSet<String>>,
    /// What stands behind a key that is sensitive counts even where no documents are known.
    pub trusts_keys: bool,
    /// Members of documents count that are taken apart from their keys: of some, nobody has seen any.
    pub has_unread: bool,
    /// Somebody has a function of the name `count`.
    pub has_own_count: bool,
    /// Names of types whose columns are filled with something sensitive where they get no value.
    pub types: HashSet<String>,
    /// Names of rows of which each field can have whatever is in any.
    pub wholes: HashSet<String>,
    /// Whatever the statement computes can be: code that it does not name gives it.
    pub anything: bool,
    /// Names that are taken for those of PostgreSQL's functions, operators, types and collations, and that somebody has given to others.
    pub own_names: HashSet<String>,
}

impl Sensitive {
    /// What either says of the same statement.
    #[must_use]
    pub fn or(mut self, other: &Sensitive) -> Self {
        let Sensitive {
            columns,
            relations,
            known,
            functions,
            columns_of,
            rows,
            read_by,
            documents,
            unsearched,
            parts,
            comparing,
            strict,
            telling,
            operators,
            of_wholes,
            records,
            trusts_keys,
            has_unread,
            has_own_count,
            types,
            wholes,
            anything,
            own_names,
        } = other;
        for (own, other) in [
            (&mut self.columns, columns),
            (&mut self.relations, relations),
            (&mut self.known, known),
            (&mut self.functions, functions),
            (&mut self.documents, documents),
            (&mut self.unsearched, unsearched),
            (&mut self.parts, parts),
            (&mut self.comparing, comparing),
            (&mut self.strict, strict),
            (&mut self.types, types),
            (&mut self.wholes, wholes),
            (&mut self.own_names, own_names),
        ] {
            own.extend(other.iter().cloned());
        }
        self.documents.retain(|name| !self.columns.contains(name));
        for (name, probe) in telling {
            let own = self.telling.entry(name.clone()).or_insert(*probe);
            *own = (*own).max(*probe);
        }
        for (own, other) in [
            (&mut self.columns_of, columns_of),
            (&mut self.read_by, read_by),
            (&mut self.operators, operators),
        ] {
            for (name, more) in other {
                own.entry(name.clone()).or_default().extend(more.iter().cloned());
            }
        }
        // What both say is harmless is.
        self.rows.retain(|name, row| rows.get(name) == Some(row));
        self.records.retain(|name, fields| records.get(name) == Some(fields));
        self.of_wholes |= of_wholes;
        self.trusts_keys |= trusts_keys;
        self.has_unread |= has_unread;
        self.has_own_count |= has_own_count;
        self.anything |= anything;
        self
    }

    /// Whether values count that are told by keys of documents alone.
    pub fn is_by_keys(&self) -> bool {
        self.trusts_keys || self.has_unread
    }

    /// Whether no others do.
    fn is_only_by_keys(&self) -> bool {
        self.is_by_keys()
            && !self.anything
            && [&self.columns, &self.relations, &self.functions, &self.documents, &self.types]
                .into_iter()
                .all(HashSet::is_empty)
    }

    /// Whether a definition of a column names such a type.
    fn fills_column(&self, column: &Tree) -> bool {
        let names = column.all("type_name").filter_map(|of| of.name("names").pop());
        names.into_iter().any(|name| self.types.contains(name))
    }

    /// A sensitive column of this name, which has documents or not.
    pub fn add(&mut self, column: String, is_document: bool) {
        if !is_document {
            self.documents.remove(&column);
            self.columns.insert(column);
        } else if !self.columns.contains(&column) {
            self.documents.insert(column);
        }
    }
}

/// Which columns of one statement's result can show something sensitive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lineage {
    /// Each can.
    All,
    /// What each can, in the order of the result.
    Columns(Vec<Shows>),
    /// By their names: those that can show something, and those that have documents.
    Names(HashSet<String>, HashSet<String>),
}

/// What a column of a result can show.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Shows {
    /// Nothing sensitive.
    Nothing,
    /// What is kept of documents, whose keys tell what in them is sensitive.
    Documents,
    /// Sensitive values.
    Values,
}

impl Lineage {
    /// What the column at `index` of `len`, which has this name, can show.
    pub fn shows(&self, index: usize, len: usize, name: &str) -> Shows {
        match self {
            Lineage::All => Shows::Values,
            Lineage::Columns(columns) if columns.len() == len => {
                columns.get(index).copied().unwrap_or(Shows::Values)
            }
            // The text is not what was run.
            Lineage::Columns(_) => Shows::Values,
            Lineage::Names(values, _) if values.contains(name) => Shows::Values,
            Lineage::Names(_, documents) if documents.contains(name) => Shows::Documents,
            Lineage::Names(..) => Shows::Nothing,
        }
    }
}

/// Traces the result of `text`, which is one statement; `is_key` says which keys of documents are sensitive. Call it on a thread with
/// [`READ_STACK_BYTES`](crate::READ_STACK_BYTES) of stack.
pub fn lineage(text: &str, sensitive: &Sensitive, is_key: fn(&str) -> bool) -> Lineage {
    let mut lineage = Lineage::All;
    of_statement(text, |statement| {
        let mut flows = Flows::default();
        flows.visit(statement);
        let tainted = flows.follow(sensitive, Some(is_key));
        lineage = tainted.lineage(&Outputs::of(statement));
    });
    lineage
}

/// What a rule with this definition gives back. What cannot be read may give anything.
pub(crate) fn gives(definition: &str) -> Gives {
    let mut gives = Gives::Returned;
    of_statement(definition, |rule| {
        let of_action = |action: &Tree| match action.kind {
            _ if action.has(&["returning_clause", "returning_list"]) => Gives::Returned,
            "SelectStmt" => Gives::Rows,
            _ => Gives::Nothing,
        };
        if rule.kind == "RuleStmt" {
            gives = rule.all("actions").map(of_action).max().unwrap_or_default();
        }
    });
    gives
}

/// Whether a definition says where columns of a foreign table are, or makes such a table.
pub fn defines_foreign(text: &str) -> bool {
    let mut defines = false;
    of_statement(text, |statement| {
        defines = matches!(statement.kind, "CreateForeignTableStmt" | "ImportForeignSchemaStmt")
            || statement.kind == "AlterTableStmt" && has_option(statement);
    });
    defines
}

fn has_option(tree: &Tree) -> bool {
    tree.kind == "DefElem" && matches!(tree.text("defname"), "column_name" | "schema_name" | "table_name")
        || tree.nodes().any(has_option)
}

/// What ALTER TABLE does that leaves each column what it is (`AlterTableType`).
const WIDENING: [AlterTableType; 13] = [
    AlterTableType::AtAddColumn,
    AlterTableType::AtAddConstraint,
    AlterTableType::AtAddIndexConstraint,
    AlterTableType::AtDropNotNull,
    AlterTableType::AtSetNotNull,
    AlterTableType::AtColumnDefault,
    AlterTableType::AtDropConstraint,
    AlterTableType::AtSetStatistics,
    AlterTableType::AtSetStorage,
    AlterTableType::AtValidateConstraint,
    // A table that is no longer a part of another has what it had.
    AlterTableType::AtDetachPartition,
    AlterTableType::AtDetachPartitionFinalize,
    AlterTableType::AtDropInherit,
];

/// Types of PostgreSQL's own, without a length, by which a column still has what it had: no part of it is cut off.
const WIDE: [&str; 7] = ["float8", "int2", "int4", "int8", "numeric", "timestamptz", "varchar"];

/// Whether all that `text` does, which is one statement, is to add columns to a table, or constraints. Call it as [`lineage`].
pub fn widens(text: &str) -> bool {
    let mut widens = false;
    of_statement(text, |statement| {
        let is_one = |command: &Tree| {
            WIDENING.iter().any(|kind| *kind as i64 == command.number("subtype")) || keeps_values(command)
        };
        widens = statement.kind == "AlterTableStmt" && statement.all("cmds").all(is_one);
    });
    widens
}

/// What ALTER TABLE does besides that has no code run which did not, but for what it says itself and what hangs on the tables that it names.
const QUIET: [AlterTableType; 4] = [
    AlterTableType::AtAddInherit,
    AlterTableType::AtAlterColumnType,
    AlterTableType::AtAttachPartition,
    AlterTableType::AtDropColumn,
];

/// Whether `text`, which is one statement, has no other code run than before, but for what it says itself and what hangs on the relations that it
/// names. Call it as [`lineage`].
pub fn is_quiet(text: &str) -> bool {
    let mut is_quiet = false;
    of_statement(text, |statement| {
        let is_one = |command: &Tree| {
            WIDENING.iter().chain(&QUIET).any(|kind| *kind as i64 == command.number("subtype"))
        };
        is_quiet = match statement.kind {
            "AlterTableStmt" => statement.all("cmds").all(is_one),
            "CreateStmt" => true,
            _ => false,
        };
    });
    is_quiet
}

/// A table that a statement makes, and what says which columns it has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// Schema, where the statement gives one.
    pub schema: Option<String>,
    /// Name without the schema.
    pub name: String,
    /// Its columns as they stand, where they are written there.
    pub columns: Vec<String>,
    /// Schema and name of the relation that it has the columns of, where that is all.
    pub like: Option<(Option<String>, String)>,
}

/// The table that `text`, which is one statement, makes with columns that it tells. Call it as [`lineage`].
pub fn told(text: &str) -> Option<Told> {
    let mut found = None;
    of_statement(text, |statement| {
        let is_plain = statement.kind == "CreateStmt"
            && statement.number("if_not_exists") == 0
            && !statement.has(&["inh_relations", "partbound", "of_typename"]);
        let Some(relation) = statement.one("relation").filter(|_| is_plain) else { return };
        let named = |relation: &Tree| {
            let (schema, name) = Source::name(relation);
            (Some(schema.to_owned()).filter(|schema| !schema.is_empty()), name.to_owned())
        };
        let elements: Vec<&Tree> = statement.all("table_elts").collect();
        let mut columns = Vec::new();
        let mut like = None;
        for element in &elements {
            match (element.kind, element.one("relation")) {
                ("ColumnDef", _) => columns.push(element.text("colname").to_owned()),
                ("TableLikeClause", Some(of)) if elements.len() == 1 => like = Some(named(of)),
                ("Constraint", _) => {}
                _ => return,
            }
        }
        let (schema, name) = named(relation);
        found = Some(Told { schema, name, columns, like });
    });
    found
}

/// Whether a column gets such a type, and nothing else is put into it.
fn keeps_values(command: &Tree) -> bool {
    let name = command.text("name");
    let is_itself = |value: &Tree| {
        let value = value.one("arg").filter(|_| value.kind == "TypeCast" && is_wide(value)).unwrap_or(value);
        value.kind == "ColumnRef" && value.name("fields") == [name] && value.all("fields").count() == 1
    };
    let keeps = |definition: &Tree| is_wide(definition) && definition.all("raw_default").all(is_itself);
    command.number("subtype") == AlterTableType::AtAlterColumnType as i64
        && command.one("def").is_some_and(keeps)
}

/// Whether what this is put into, or cast to, is of such a type.
fn is_wide(tree: &Tree) -> bool {
    tree.one("type_name").is_some_and(|of| {
        let is_known = matches!(of.name("names").as_slice(), ["pg_catalog", name] if WIDE.contains(name));
        is_known && !of.has(&["typmods", "array_bounds"])
    })
}

/// The table that `text`, which is one statement, makes and whose rows go to partitions: its name, its columns as they stand, and those that say to
/// which; none of these where anything can.
pub fn partitioned(text: &str) -> Option<(String, Vec<String>, Vec<String>)> {
    let mut found = None;
    of_statement(text, |statement| {
        let Some((relation, key)) = statement.one("relation").zip(statement.one("partspec")) else { return };
        let columns = statement.all("table_elts").filter(|element| element.kind == "ColumnDef");
        let keys: Vec<String> = key.all("part_params").map(|part| part.text("name").to_owned()).collect();
        let is_plain = keys.iter().all(|name| !name.is_empty());
        found = Some((
            relation.text("relname").to_owned(),
            columns.map(|column| column.text("colname").to_owned()).collect(),
            keys.into_iter().filter(|_| is_plain).collect(),
        ));
    });
    found
}

/// Does something with `text` where that is one statement, and nothing else.
pub(crate) fn of_statement(text: &str, take: impl FnOnce(&Tree)) {
    let Ok(parsed) = kept_tree(text) else { return };
    let [raw] = parsed.protobuf.stmts.as_slice() else { return };
    let Ok(root) = Tree::of(&raw.stmt) else { return };
    if let Some(statement) = root.nodes().next() {
        take(statement);
    }
}

#[cfg(test)]
mod tests;
