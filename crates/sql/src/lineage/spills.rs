//! Where a statement writes values of sensitive columns: into which columns of which relations.

use super::flows::Flows;
use super::mentions::Mentions;
use super::results::{is_plain_star, is_star, results};
use super::sources::Sources;
use super::tainted::Tainted;
use super::wholes::{is_whole, whole};
use super::{Sensitive, of_statement};
use crate::source::Source;
use crate::tree::Tree;

/// A relation that a statement writes such values into.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spill {
    /// Schema, where the statement gives one.
    pub schema: Option<String>,
    /// Name without the schema.
    pub name: String,
    /// The statement makes it.
    pub is_made: bool,
    /// Into which of its columns.
    pub columns: Vec<Spilled>,
}

/// A column that such values are written into.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Spilled {
    /// It could be any.
    Any,
    /// The one of this name.
    Named {
        /// Its name.
        name: String,
        /// What is written.
        origin: Origin,
    },
    /// The one that stands here, from 0 on.
    At {
        /// Its place among the columns.
        place: usize,
        /// What it can be called.
        names: Vec<String>,
        /// What is written.
        origin: Origin,
    },
}

impl Spilled {
    /// What is written.
    pub fn origin(&self) -> &Origin {
        const UNKNOWN: &Origin =
            &Origin { columns: Vec::new(), is_copy: false, is_extended: false, is_whole: false };
        match self {
            Spilled::Any => UNKNOWN,
            Spilled::Named { origin, .. } | Spilled::At { origin, .. } => origin,
        }
    }
}

/// What is written into a column.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// Names of all sensitive columns that it is taken from; none where something else could be among it.
    pub columns: Vec<String>,
    /// It is the value of one as it is.
    pub is_copy: bool,
    /// It is an array that one has, with elements of something else added, or without some of its own, by [`EXTENDING`].
    pub is_extended: bool,
    /// It is what tells the value of one from others, and not a part of it.
    pub is_whole: bool,
}

/// PostgreSQL's own functions and operator that give back an array with other elements, each as it is.
pub const EXTENDING: [&str; 5] = ["||", "array_append", "array_cat", "array_prepend", "array_remove"];

/// A relation, or a column of one, that gets another name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rename {
    /// Name of the relation.
    pub relation: String,
    /// Name of the column; `None` where the relation is renamed.
    pub column: Option<String>,
    /// What it is called from now on.
    pub to: String,
}

/// A table that is made like another relation, or of what that holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Likeness {
    /// Name of the table.
    pub made: String,
    /// Name of the other relation.
    pub of: String,
    /// Its columns have types of the other's, and nothing else of them.
    pub by_types: bool,
}

/// What flows into one column.
pub(super) struct Taken {
    pub(super) from: Mentions,
    pub(super) names: Vec<String>,
    /// It is a column and nothing else.
    pub(super) is_plain: bool,
    /// It is a column as a whole.
    pub(super) is_whole: bool,
}

/// Where `text`, which is one statement, writes what is sensitive. With `is_key`, which says which keys of documents are sensitive, what is
/// kept of documents does not count, as it is looked at by its keys wherever it gets. Call it on a thread with
/// [`READ_STACK_BYTES`](crate::READ_STACK_BYTES) of stack.
pub fn spills(text: &str, sensitive: &Sensitive, is_key: Option<fn(&str) -> bool>) -> Vec<Spill> {
    let mut spills = Vec::new();
    of_statement(text, |statement| {
        let mut flows = Flows::default();
        flows.visit(statement);
        spills = written(statement, &flows, &flows.follow(sensitive, is_key));
    });
    spills
}

/// The same of what is below this node.
pub(super) fn written(tree: &Tree, flows: &Flows, tainted: &Tainted<'_>) -> Vec<Spill> {
    let mut found = Vec::new();
    Spills { flows, tainted, found: &mut found }.visit(tree);
    found
}

/// The relation whose whole rows a query gives.
pub(super) fn rows_of(query: &Tree) -> Option<&str> {
    let relation = match query.kind {
        "DeleteStmt" if query.one("using_clause").is_none() => query.one("relation")?,
        "UpdateStmt" if query.one("from_clause").is_none() => query.one("relation")?,
        "SelectStmt" if query.one("larg").is_none() => {
            let [relation] = query.all("from_clause").collect::<Vec<_>>().try_into().ok()?;
            relation
        }
        _ => return None,
    };
    let is_renamed = relation.one("alias").is_some_and(|alias| !alias.name("colnames").is_empty());
    let targets = results(query);
    let is_all = matches!(targets.as_slice(), [target] if is_star(target) && is_plain_star(target));
    (relation.kind == "RangeVar" && is_all && !is_renamed).then(|| relation.text("relname"))
}

/// What `text`, which is one statement, renames. Call it as [`spills`].
pub fn rename(text: &str) -> Option<Rename> {
    let mut rename = None;
    of_statement(text, |statement| {
        if let ("RenameStmt", Some(relation)) = (statement.kind, statement.one("relation")) {
            let (_, name) = Source::name(relation);
            let column = Some(statement.text("subname")).filter(|name| !name.is_empty());
            rename = Some(Rename {
                relation: name.to_owned(),
                column: column.map(str::to_owned),
                to: statement.text("newname").to_owned(),
            });
        }
    });
    rename
}

/// What the table is made like that `text`, which is one statement, makes. Call it as [`spills`].
pub fn likenesses(text: &str) -> Vec<Likeness> {
    let mut found = Vec::new();
    of_statement(text, |statement| {
        let into = statement.one("into").and_then(|into| into.one("rel"));
        let into = into.or_else(|| statement.one("into_clause").and_then(|into| into.one("rel")));
        let (made, by_types) = match statement.kind {
            "CreateStmt" => (statement.one("relation"), false),
            _ => (into, true),
        };
        let Some(made) = made else { return };
        let mut others = Vec::new();
        relations(statement, &mut others);
        let (_, made) = Source::name(made);
        let like = |of: &&str| Likeness { made: made.to_owned(), of: (*of).to_owned(), by_types };
        found = others.iter().filter(|of| **of != made).map(like).collect();
    });
    found
}

fn relations<'t>(tree: &'t Tree, into: &mut Vec<&'t str>) {
    if tree.kind == "RangeVar" {
        into.push(tree.text("relname"));
    }
    tree.nodes().for_each(|node| relations(node, into));
}

/// What `text`, which is one statement, calls something from now on, but for relations that it makes. Call it as [`spills`].
pub fn new_name(text: &str) -> Option<String> {
    let mut name = None;
    of_statement(text, |statement| {
        name = match statement.kind {
            "RenameStmt" => Some(statement.text("newname").to_owned()),
            "AlterDomainStmt" | "CreateRangeStmt" => statement.name("type_name").pop().map(str::to_owned),
            "CreateDomainStmt" => statement.name("domainname").pop().map(str::to_owned),
            "CreateFunctionStmt" => statement.name("funcname").pop().map(str::to_owned),
            "DefineStmt" => statement.name("defnames").pop().map(str::to_owned),
            _ => None,
        };
    });
    name
}

pub(super) struct Spills<'a, 's> {
    pub(super) flows: &'a Flows,
    pub(super) tainted: &'a Tainted<'s>,
    pub(super) found: &'a mut Vec<Spill>,
}

impl Spills<'_, '_> {
    fn visit(&mut self, tree: &Tree) {
        match tree.kind {
            "CreateTableAsStmt" => {
                if let (Some(into), Some(query)) = (tree.one("into"), tree.one("query")) {
                    self.made(into, query);
                }
            }
            "SelectStmt" => {
                if let Some(into) = tree.one("into_clause") {
                    self.made(into, tree);
                }
            }
            "InsertStmt" => self.insert(tree),
            "UpdateStmt" => {
                let columns = tree.all("target_list").filter_map(|target| self.assigned(target)).collect();
                self.note(tree.one("relation"), false, columns);
            }
            "MergeStmt" => self.merge(tree),
            "AlterTableStmt" | "CreateStmt" => {
                let mut columns = Vec::new();
                self.defined(tree, "", &mut columns);
                self.note(tree.one("relation"), false, columns);
            }
            _ => {}
        }
        tree.nodes().for_each(|node| self.visit(node));
    }

    fn note(&mut self, relation: Option<&Tree>, is_made: bool, columns: Vec<Spilled>) {
        let Some(relation) = relation.filter(|_| !columns.is_empty()) else { return };
        let (schema, name) = Source::name(relation);
        let schema = (!schema.is_empty()).then(|| schema.to_owned());
        self.found.push(Spill { schema, name: name.to_owned(), is_made, columns });
    }

    /// CREATE TABLE AS, SELECT INTO and CREATE MATERIALIZED VIEW.
    fn made(&mut self, into: &Tree, query: &Tree) {
        let given = into.name("col_names");
        let columns = match self.sources_within(None, query) {
            Some(sources) if self.are_clean(&sources) => Vec::new(),
            Some(Sources { columns, are_placed: true }) => {
                let columns = (0..).zip(&columns).filter(|(_, source)| self.tainted.has(&source.from));
                let column = |(place, source): (usize, &Taken)| Spilled::At {
                    place,
                    names: given
                        .get(place)
                        .map_or_else(|| source.names.clone(), |name| vec![(*name).to_owned()]),
                    origin: self.origin(source),
                };
                columns.map(column).collect()
            }
            // Only stars of relations: their columns keep their names.
            _ if query.kind == "SelectStmt"
                && query.one("larg").is_none()
                && given.is_empty()
                && !self.tainted.all
                && !self.tainted.sensitive.anything
                && results(query).iter().all(|target| !is_star(target) || is_plain_star(target)) =>
            {
                // Those too that a sub-select's columns have of themselves: `lower`, `json_array`.
                let mut names: Vec<_> = self.tainted.names.iter().collect();
                names.sort_unstable();
                let column = |name: &String| Spilled::Named {
                    name: name.clone(),
                    origin: self.origin(&Taken::column(name)),
                };
                names.into_iter().map(column).collect()
            }
            _ => vec![Spilled::Any],
        };
        self.note(into.one("rel"), true, columns);
    }

    fn insert(&mut self, insert: &Tree) {
        let given: Vec<&str> = insert.all("cols").map(|column| column.text("name")).collect();
        let sources = insert.one("select_stmt");
        let sources = sources.map(|query| self.sources_within(insert.one("with_clause"), query));
        let mut columns = match sources {
            None => Vec::new(),
            Some(Some(sources)) if self.are_clean(&sources) => Vec::new(),
            Some(Some(Sources { columns, are_placed: true })) => {
                let sources = (0..).zip(&columns).filter(|(_, source)| self.tainted.has(&source.from));
                let column = |(place, source): (usize, &Taken)| match given.get(place) {
                    Some(name) => Spilled::Named { name: (*name).to_owned(), origin: self.origin(source) },
                    None => Spilled::At { place, names: Vec::new(), origin: self.origin(source) },
                };
                sources.map(column).collect()
            }
            Some(_) if given.is_empty() => vec![Spilled::Any],
            // It could be any of those that are named.
            Some(_) => {
                let column =
                    |name: &&str| Spilled::Named { name: (*name).to_owned(), origin: Origin::default() };
                given.iter().map(column).collect()
            }
        };
        let conflict = insert.all("on_conflict_clause").flat_map(|conflict| conflict.all("target_list"));
        columns.extend(conflict.filter_map(|target| self.assigned(target)));
        self.note(insert.one("relation"), false, columns);
    }

    fn merge(&mut self, merge: &Tree) {
        let mut columns = Vec::new();
        for arm in merge.all("merge_when_clauses") {
            let mut values = arm.all("values").peekable();
            if values.peek().is_none() {
                columns.extend(arm.all("target_list").filter_map(|target| self.assigned(target)));
                continue;
            }
            let given: Vec<&str> = arm.all("target_list").map(|column| column.text("name")).collect();
            let values = (0..).zip(values).filter(|(_, value)| self.tainted.has(&Mentions::of(value)));
            columns.extend(values.map(|(place, _): (usize, _)| match given.get(place) {
                Some(name) => Spilled::Named { name: (*name).to_owned(), origin: Origin::default() },
                None => Spilled::At { place, names: Vec::new(), origin: Origin::default() },
            }));
        }
        self.note(merge.one("relation"), false, columns);
    }

    /// Of `SET column = value`.
    fn assigned(&self, target: &Tree) -> Option<Spilled> {
        let from = Mentions::of(target);
        let is_whole = self.is_whole(target);
        let source = Taken { is_plain: is_plain(target), is_whole, names: Vec::new(), from };
        let name = target.text("name").to_owned();
        let origin = || {
            let is_extended = !target.has(&["indirection"])
                && target.one("val").is_some_and(|value| self.is_extended(value));
            Origin { is_extended, ..self.origin(&source) }
        };
        self.tainted.has(&source.from).then(|| Spilled::Named { name, origin: origin() })
    }

    /// Whether it is a column's array with other elements, of which none is sensitive.
    fn is_extended(&self, value: &Tree) -> bool {
        let mut parts: Vec<&Tree> = match value.kind {
            "FuncCall" if EXTENDING.contains(&value.name("funcname").join(".").as_str()) => {
                value.all("args").collect()
            }
            "AExpr" if value.name("name") == ["||"] => value.all("lexpr").chain(value.all("rexpr")).collect(),
            _ => return false,
        };
        parts.retain(|part| self.tainted.has(&Mentions::of(part)));
        matches!(*parts, [part] if part.kind == "ColumnRef" || self.is_extended(part))
    }

    /// Columns whose defaults, expressions or conversions take sensitive values: `name` is the one that a command is about.
    fn defined(&self, tree: &Tree, name: &str, columns: &mut Vec<Spilled>) {
        let name = match tree.kind {
            "AlterTableCmd" => tree.text("name"),
            "ColumnDef" if !tree.text("colname").is_empty() => tree.text("colname"),
            _ => name,
        };
        if tree.kind == "ColumnDef" && !name.is_empty() && self.tainted.sensitive.fills_column(tree) {
            columns.push(Spilled::Named { name: name.to_owned(), origin: Origin::default() });
        }
        // A typed table has the columns of its type.
        let of = tree.one("of_typename").and_then(|of| of.name("names").pop());
        if of.is_some_and(|of| self.tainted.sensitive.types.contains(of)) {
            columns.push(Spilled::Any);
        }
        for (field, expression) in ["raw_default", "raw_expr", "def"]
            .iter()
            .flat_map(|field| tree.all(field).map(move |node| (*field, node)))
        {
            let is_expression = field != "def" || !matches!(expression.kind, "ColumnDef" | "Constraint");
            if is_expression && !name.is_empty() && self.tainted.has(&Mentions::of(expression)) {
                columns.push(Spilled::Named { name: name.to_owned(), origin: Origin::default() });
            }
        }
        let is_check = tree.kind == "Constraint"
            && tree.number("contype") == pg_query::protobuf::ConstrType::ConstrCheck as i64;
        if !is_check {
            tree.nodes().for_each(|node| self.defined(node, name, columns));
        }
    }

    /// What comes of it. A column counts by its name where nothing else in the statement has that.
    pub(super) fn origin(&self, taken: &Taken) -> Origin {
        let Sensitive { columns, documents, .. } = self.tainted.sensitive;
        let is_itself =
            |from: &Mentions, name: &String| self.is_columns(from) && names_of(from).all(|from| from == name);
        let is_pure = |name: &String| {
            let mut flows = self.flows.0.iter().filter(|flow| flow.into.contains(name));
            (columns.contains(name) || documents.contains(name))
                && flows.all(|flow| is_itself(&flow.from, name))
        };
        // Nothing but whole values gets its name.
        let is_kept_whole = |name: &String| {
            let own = &self.tainted.sensitive.own_names;
            let mut flows = self.flows.0.iter().filter(|flow| flow.into.contains(name));
            flows.all(|flow| is_whole(flow.whole.as_ref(), own))
        };
        let mut names = names_of(&taken.from).filter(|name| self.tainted.names.contains(*name)).peekable();
        if !self.is_columns(&taken.from) || names.peek().is_none() {
            return Origin::default();
        }
        let names: Vec<String> = names.cloned().collect();
        match names.iter().all(is_pure) {
            true => {
                let is_whole = taken.is_whole && names.iter().all(is_kept_whole);
                Origin { is_copy: taken.is_plain, is_extended: false, is_whole, columns: names }
            }
            false => Origin::default(),
        }
    }
}

impl Spills<'_, '_> {
    /// Whether nothing sensitive is among them, wherever they stand.
    fn are_clean(&self, sources: &Sources) -> bool {
        !sources.columns.iter().any(|source| self.tainted.has(&source.from))
    }

    /// Whether the value of a target is a column's as a whole.
    pub(super) fn is_whole(&self, target: &Tree) -> bool {
        let by = target.one("val").and_then(whole);
        is_whole(by.as_ref(), &self.tainted.sensitive.own_names)
    }

    /// Whether only columns are mentioned, besides functions that show nothing themselves.
    fn is_columns(&self, from: &Mentions) -> bool {
        let is_known = |(_, name): &(String, String)| self.tainted.known.contains(name);
        let shows = |name: &String| self.tainted.sensitive.functions.contains(name);
        from.counted.is_empty()
            && !from.star
            && from.fields.iter().all(is_known)
            && !from.calls.iter().any(shows)
    }
}

impl Taken {
    /// A column by its name.
    pub(super) fn column(name: &str) -> Self {
        let from = Mentions { names: vec![name.to_owned()], ..Mentions::default() };
        Taken { from, names: vec![name.to_owned()], is_plain: true, is_whole: true }
    }

    /// It has these names from now on, and what is said of one of them is said of it.
    pub(super) fn rename(&mut self, names: Vec<String>) {
        self.from.names.extend(names.iter().cloned());
        self.names = names;
    }
}

fn names_of(from: &Mentions) -> impl Iterator<Item = &String> {
    from.names.iter().chain(from.fields.iter().map(|(_, name)| name))
}

pub(super) fn is_plain(target: &Tree) -> bool {
    target.one("val").is_some_and(|value| value.kind == "ColumnRef")
}
