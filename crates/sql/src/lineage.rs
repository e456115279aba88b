//! Which columns of a result can show values of sensitive columns. Values flow by name: from a column into the expressions that name
//! it, from an expression into the name that it is given, from what stands in FROM into its alias. A name that a value flows into
//! anywhere in the statement counts everywhere in it, so that no scope has to be understood to be sure.

use std::collections::{HashMap, HashSet};

use crate::read::tree;
use crate::touched::SYSTEM_COLUMNS;
use crate::tree::{Child, Tree};

/// What of a statement's relations is sensitive.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sensitive {
    /// Names of the columns.
    pub columns: HashSet<String>,
    /// Names of the relations that have some.
    pub relations: HashSet<String>,
    /// Names of all columns that the statement can mean, besides those that each table has. What else stands after a dot is a call.
    pub known: HashSet<String>,
    /// Somebody has a function of the name `count`.
    pub has_own_count: bool,
}

/// Which columns of one statement's result can show something sensitive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lineage {
    /// Each can.
    All,
    /// Those of which this is true, in the order of the result.
    Columns(Vec<bool>),
    /// Those that have one of these names.
    Names(HashSet<String>),
}

impl Lineage {
    /// Whether the column at `index` of `len`, which has this name, can show something sensitive.
    pub fn is_sensitive(&self, index: usize, len: usize, name: &str) -> bool {
        match self {
            Lineage::All => true,
            Lineage::Columns(columns) if columns.len() == len => columns.get(index).copied().unwrap_or(true),
            // The text is not what was run.
            Lineage::Columns(_) => true,
            Lineage::Names(names) => names.contains(name),
        }
    }
}

/// Traces the result of `text`, which is one statement. Call it on a thread with [`READ_STACK_BYTES`](crate::READ_STACK_BYTES) of
/// stack.
pub fn lineage(text: &str, sensitive: &Sensitive) -> Lineage {
    let Ok(parsed) = tree(text) else { return Lineage::All };
    let [raw] = parsed.protobuf.stmts.as_slice() else { return Lineage::All };
    let Ok(root) = Tree::of(&raw.stmt) else { return Lineage::All };
    let Some(statement) = root.nodes().next() else { return Lineage::All };
    let mut flows = Flows::default();
    flows.visit(statement);
    let tainted = flows.follow(sensitive);
    let outputs = Outputs::of(statement);
    tainted.lineage(&outputs)
}

/// The names that hold values of sensitive columns in a statement, and those that rows with some have. `None`: any can be.
pub(crate) fn tainted(statement: &Tree, sensitive: &Sensitive) -> Option<HashSet<String>> {
    let mut flows = Flows::default();
    flows.visit(statement);
    let tainted = flows.follow(sensitive);
    (!tainted.all).then(|| tainted.names.union(&tainted.rows).cloned().collect())
}

/// What an expression, or a list of them, takes values from.
#[derive(Clone, Debug, Default)]
struct Mentions {
    /// Names of columns, or of relations for their rows.
    names: Vec<String>,
    /// `q.name`: a column, or a function of the row `q`.
    fields: Vec<(String, String)>,
    /// Names within `count(…)`.
    counted: Vec<String>,
    /// All columns of whatever stands there.
    star: bool,
}

/// Values flow from what is mentioned into these names.
#[derive(Debug, Default)]
struct Flow {
    from: Mentions,
    into: Vec<String>,
    /// The names are in the text as such, and not what PostgreSQL may make of an expression.
    is_named: bool,
    /// It is the alias of a relation.
    is_alias: bool,
    /// Columns whose names are not told.
    into_any: bool,
}

#[derive(Debug, Default)]
struct Flows(Vec<Flow>);

/// Names that hold values of sensitive columns.
struct Tainted<'s> {
    sensitive: &'s Sensitive,
    names: HashSet<String>,
    known: HashSet<String>,
    /// Relations with sensitive columns, by name or alias: what their columns are called only the catalog knows.
    rows: HashSet<String>,
    all: bool,
}

/// Columns of a result.
#[derive(Debug)]
enum Outputs {
    Expressions(Vec<Mentions>),
    /// With stars among them: their names must do.
    Named,
    /// Any of this can be in any of them.
    AnyOf(Mentions),
}

/// Names that PostgreSQL gives to columns that have none (parse_target.c, `FigureColname`), besides those in the expression.
const DEFAULT_NAMES: [&str; 17] = [
    "?column?",
    "array",
    "case",
    "coalesce",
    "exists",
    "greatest",
    "grouping",
    "least",
    "nullif",
    "row",
    "xmlconcat",
    "xmlelement",
    "xmlforest",
    "xmlparse",
    "xmlpi",
    "xmlroot",
    "xmlserialize",
];

impl Mentions {
    fn of(tree: &Tree) -> Self {
        let mut mentions = Mentions::default();
        mentions.take(tree);
        mentions
    }

    /// All columns of something.
    fn star() -> Self {
        Mentions { star: true, ..Mentions::default() }
    }

    fn take(&mut self, tree: &Tree) {
        match tree.kind {
            "ColumnRef" => {
                let mut parts = tree.name("fields");
                if tree.all("fields").any(|field| field.kind == "AStar") {
                    match parts.pop() {
                        Some(relation) => self.names.push(relation.to_owned()),
                        None => self.star = true,
                    }
                } else if let Some(name) = parts.pop() {
                    match parts.pop() {
                        Some(qualifier) => self.fields.push((qualifier.to_owned(), name.to_owned())),
                        None => self.names.push(name.to_owned()),
                    }
                }
            }
            "FuncCall" => {
                let name = tree.name("funcname");
                let is_count = matches!(name.as_slice(), ["count"] | ["pg_catalog", "count"]);
                let arguments = tree.all("args").chain(tree.all("agg_order"));
                if is_count {
                    let mut counted = Mentions::default();
                    arguments.for_each(|argument| counted.take(argument));
                    self.counted.extend(counted.names);
                    self.counted
                        .extend(counted.fields.into_iter().flat_map(|(qualifier, name)| [qualifier, name]));
                    self.counted.extend(counted.counted);
                } else {
                    arguments.for_each(|argument| self.take(argument));
                }
            }
            // Whether there is one.
            "NullTest" => {}
            "SubLink"
                if tree.number("sub_link_type") == pg_query::protobuf::SubLinkType::ExistsSublink as i64 => {}
            "SelectStmt" => self.take_select(tree),
            _ => tree.nodes().for_each(|node| self.take(node)),
        }
    }

    /// The values of a SELECT's result; where its rows come from, and which, is no value.
    fn take_select(&mut self, select: &Tree) {
        for field in ["target_list", "values_lists", "larg", "rarg"] {
            select.all(field).for_each(|node| self.take(node));
        }
    }

    fn add(&mut self, other: Mentions) {
        self.names.extend(other.names);
        self.fields.extend(other.fields);
        self.counted.extend(other.counted);
        self.star |= other.star;
    }
}

/// What a query gives back. The target list of a write is what it assigns.
fn results(query: &Tree) -> Vec<&Tree> {
    match query.kind {
        "SelectStmt" => query.all("target_list").collect(),
        _ => {
            let returning = query.one("returning_clause").into_iter().flat_map(|clause| clause.all("exprs"));
            query.all("returning_list").chain(returning).collect()
        }
    }
}

fn mentions_of_results(query: &Tree) -> Mentions {
    let mut mentions = Mentions::default();
    match query.kind {
        "SelectStmt" => mentions.take_select(query),
        _ => results(query).into_iter().for_each(|target| mentions.take(target)),
    }
    mentions
}

/// The names that a target can get.
fn names(target: &Tree) -> Vec<String> {
    match target.text("name") {
        "" => {
            let mut names = Vec::new();
            strings(target, &mut names);
            names.extend(DEFAULT_NAMES.map(str::to_owned));
            names
        }
        name => vec![name.to_owned()],
    }
}

/// Every name below: functions, types, columns, constants of XML and JSON.
fn strings(tree: &Tree, into: &mut Vec<String>) {
    for (_, child) in tree.children() {
        match child {
            Child::Node(node) => strings(node, into),
            Child::Text(text) => into.extend([text.to_owned(), text.to_ascii_lowercase()]),
            Child::Number(_) => {}
        }
    }
    if tree.kind == "String" {
        into.push(tree.text("sval").to_owned());
    } else if !tree.kind.is_empty() {
        // `JSON_OBJECT(…)` and the like are called after their nodes.
        into.push(snake_case(tree.kind));
    }
}

fn snake_case(kind: &str) -> String {
    let mut name = String::new();
    for letter in kind.chars() {
        if letter.is_ascii_uppercase() && !name.is_empty() {
            name.push('_');
        }
        name.push(letter.to_ascii_lowercase());
    }
    name
}

fn is_star(target: &Tree) -> bool {
    let is_of_value = |value: &Tree| {
        value.kind == "AIndirection" && value.all("indirection").any(|field| field.kind == "AStar")
    };
    is_plain_star(target) || target.one("val").is_some_and(is_of_value)
}

/// `*` or `alias.*`.
fn is_plain_star(target: &Tree) -> bool {
    let is_star =
        |value: &Tree| value.kind == "ColumnRef" && value.all("fields").any(|field| field.kind == "AStar");
    target.one("val").is_some_and(is_star)
}

impl Flows {
    fn add(&mut self, from: Mentions, into: Vec<String>) {
        self.0.push(Flow { from, into, is_named: true, ..Flow::default() });
    }

    fn visit(&mut self, tree: &Tree) {
        match tree.kind {
            "SelectStmt" | "InsertStmt" | "UpdateStmt" | "DeleteStmt" | "MergeStmt" => self.query(tree),
            "RangeVar" => {
                if let Some(alias) = tree.one("alias") {
                    let from =
                        Mentions { names: vec![tree.text("relname").to_owned()], ..Mentions::default() };
                    let into = alias_names(alias);
                    self.0.push(Flow { from, into, is_named: true, is_alias: true, ..Flow::default() });
                }
            }
            "RangeSubselect" => {
                if let (Some(query), Some(alias)) = (tree.one("subquery"), tree.one("alias")) {
                    self.add(mentions_of_results(query), alias_names(alias));
                }
            }
            "JoinExpr" => {
                for alias in tree.all("alias").chain(tree.all("join_using_alias")) {
                    self.add(Mentions::star(), alias_names(alias));
                }
            }
            // Columns of what a function makes have names that only the function knows.
            "RangeFunction" | "RangeTableFunc" | "JsonTable" => {
                let mut from = Mentions::default();
                tree.nodes().for_each(|node| from.take(node));
                let into = tree.one("alias").map(alias_names).unwrap_or_default();
                self.0.push(Flow { from, into, is_named: true, into_any: true, ..Flow::default() });
            }
            "CommonTableExpr" => {
                let from = tree.one("ctequery").map(mentions_of_results).unwrap_or_default();
                let mut into = vec![tree.text("ctename").to_owned()];
                into.extend(tree.name("aliascolnames").into_iter().map(str::to_owned));
                for clause in tree.all("search_clause").chain(tree.all("cycle_clause")) {
                    strings(clause, &mut into);
                }
                self.add(from, into);
            }
            _ => {}
        }
        tree.nodes().for_each(|node| self.visit(node));
    }

    fn query(&mut self, query: &Tree) {
        for target in results(query) {
            let from = Mentions::of(target);
            match is_star(target) {
                false => {
                    let is_named = !target.text("name").is_empty();
                    self.0.push(Flow { from, into: names(target), is_named, ..Flow::default() });
                }
                // What `(value).*` gives has names of its own.
                true if !is_plain_star(target) => {
                    self.0.push(Flow { from, into_any: true, ..Flow::default() });
                }
                true => {}
            }
        }
        // Rows of VALUES have columns 1, 2 …
        for row in query.all("values_lists") {
            for (number, value) in (1..).zip(row.all("items")) {
                self.add(Mentions::of(value), vec![format!("column{number}")]);
            }
        }
        // Of UNION and the like the first has the names.
        if let (Some(first), Some(second)) = (query.one("larg"), query.one("rarg")) {
            let mut named = Vec::new();
            result_names(first, &mut named);
            let is_positional = !has_star(first) && !has_star(second);
            let from = branches(second);
            if is_positional && named.len() == from.len() {
                for (into, from) in named.into_iter().zip(from) {
                    self.0.push(Flow { from, into, ..Flow::default() });
                }
            } else {
                // Stars shift what stands beside them: it could be any.
                let (from, into) = (mentions_of_results(second), named.concat());
                self.0.push(Flow { from, into, into_any: true, ..Flow::default() });
            }
        }
    }

    /// Follows all values to where they get.
    fn follow(self, sensitive: &Sensitive) -> Tainted<'_> {
        let mut tainted = Tainted {
            sensitive,
            names: sensitive.columns.union(&sensitive.relations).cloned().collect(),
            known: sensitive.known.clone(),
            rows: sensitive.relations.clone(),
            all: false,
        };
        let mut by_name: HashMap<String, Vec<usize>> = HashMap::new();
        for (at, flow) in self.0.iter().enumerate() {
            tainted.known.extend(flow.into.iter().filter(|_| flow.is_named).cloned());
            let fields = flow.from.fields.iter().flat_map(|(qualifier, name)| [qualifier, name]);
            for name in flow.from.names.iter().chain(&flow.from.counted).chain(fields) {
                by_name.entry(name.clone()).or_default().push(at);
            }
        }
        let mut is_done = vec![false; self.0.len()];
        let mut next: Vec<usize> = (0..self.0.len()).collect();
        while let Some(at) = next.pop() {
            let (Some(flow), Some(done)) = (self.0.get(at), is_done.get_mut(at)) else { continue };
            if *done || !tainted.has(&flow.from) {
                continue;
            }
            *done = true;
            tainted.all |= flow.into_any;
            let is_row = flow.from.names.iter().any(|name| sensitive.relations.contains(name));
            if flow.is_alias && is_row {
                tainted.rows.extend(flow.into.first().cloned());
            }
            for name in &flow.into {
                if tainted.names.insert(name.clone()) {
                    next.extend(by_name.get(name).into_iter().flatten());
                }
            }
        }
        tainted
    }
}

fn alias_names(alias: &Tree) -> Vec<String> {
    let columns = alias.name("colnames").into_iter().map(str::to_owned);
    std::iter::once(alias.text("aliasname").to_owned()).chain(columns).collect()
}

/// The names that each column of a query can have, in order.
fn result_names(query: &Tree, into: &mut Vec<Vec<String>>) {
    match query.one("larg") {
        Some(first) => result_names(first, into),
        None => into.extend(results(query).into_iter().map(names)),
    }
    if let Some(row) = query.one("values_lists") {
        into.extend(
            (1..).zip(row.all("items")).map(|(number, _): (usize, _)| vec![format!("column{number}")]),
        );
    }
}

/// What flows into each column of a query, in order.
fn branches(query: &Tree) -> Vec<Mentions> {
    if let (Some(first), Some(second)) = (query.one("larg"), query.one("rarg")) {
        let mut all = branches(first);
        for (mentions, more) in all.iter_mut().zip(branches(second)) {
            mentions.add(more);
        }
        return all;
    }
    let mut all: Vec<Mentions> = results(query).into_iter().map(Mentions::of).collect();
    for row in query.all("values_lists") {
        for (at, value) in row.all("items").enumerate() {
            match all.get_mut(at) {
                Some(mentions) => mentions.add(Mentions::of(value)),
                None => all.push(Mentions::of(value)),
            }
        }
    }
    all
}

fn has_star(query: &Tree) -> bool {
    let within = query.all("larg").chain(query.all("rarg"));
    results(query).into_iter().any(is_star) || within.into_iter().any(has_star)
}

impl Tainted<'_> {
    fn has(&self, mentions: &Mentions) -> bool {
        let is_tainted = |name: &String| self.names.contains(name);
        mentions.star
            || mentions.names.iter().any(is_tainted)
            || self.sensitive.has_own_count && mentions.counted.iter().any(is_tainted)
            || mentions.fields.iter().any(|(qualifier, name)| {
                let known = if self.rows.contains(qualifier) { &self.sensitive.known } else { &self.known };
                let is_column = known.contains(name) || SYSTEM_COLUMNS.contains(&name.as_str());
                is_tainted(name) || is_tainted(qualifier) && !is_column
            })
    }

    fn lineage(self, outputs: &Outputs) -> Lineage {
        if self.all {
            return Lineage::All;
        }
        match outputs {
            Outputs::AnyOf(mentions) if self.has(mentions) => Lineage::All,
            Outputs::AnyOf(_) => Lineage::Names(HashSet::new()),
            Outputs::Expressions(columns) => {
                Lineage::Columns(columns.iter().map(|from| self.has(from)).collect())
            }
            // What flows into a name of the result has been followed too.
            Outputs::Named => Lineage::Names(self.names),
        }
    }
}

impl Outputs {
    /// Nobody knows.
    fn unknown() -> Self {
        Outputs::AnyOf(Mentions::star())
    }

    fn of(statement: &Tree) -> Self {
        match statement.kind {
            "SelectStmt" if !has_star(statement) => Outputs::Expressions(branches(statement)),
            // Stars on either side shift what stands beside them.
            "SelectStmt" if statement.one("larg").is_some() => Outputs::unknown(),
            "SelectStmt" | "InsertStmt" | "UpdateStmt" | "DeleteStmt" | "MergeStmt" => {
                let results = results(statement);
                match results.iter().any(|target| is_star(target)) {
                    false => Outputs::Expressions(results.into_iter().map(Mentions::of).collect()),
                    // Names of what `(value).*` gives are those of its type.
                    true if results.iter().any(|target| is_star(target) && !is_plain_star(target)) => {
                        let mut all = Mentions::default();
                        results.into_iter().for_each(|target| all.take(target));
                        Outputs::AnyOf(all)
                    }
                    true => Outputs::Named,
                }
            }
            // They show no values.
            "ExplainStmt" | "VariableShowStmt" => Outputs::AnyOf(Mentions::default()),
            _ => Outputs::unknown(),
        }
    }
}

#[cfg(test)]
mod tests;
