//! Where values flow within one statement, name by name.

use std::collections::{HashMap, HashSet};

use super::documents::{Taken, each_columns, member_columns};
use super::mentions::Mentions;
use super::results::{
    alias_names, arms, branches, has_star, is_plain_star, is_star, mentions_of_results, names, result_names,
    results, strings,
};
use super::tainted::Tainted;
use super::wholes::{Trusted, whole};
use super::{Sensitive, Shows};
use crate::tree::{Child, Tree};

/// Values flow from what is mentioned into these names.
#[derive(Debug, Default)]
pub(super) struct Flow {
    pub(super) from: Mentions,
    pub(super) into: Vec<String>,
    /// The names are in the text as such, and not what PostgreSQL may make of an expression.
    pub(super) is_named: bool,
    /// It is the alias of a relation.
    pub(super) is_alias: bool,
    /// The first name is one of rows that are no relation's.
    is_made: bool,
    /// The first name is one of whole rows.
    is_row: bool,
    /// Nothing flows, but one tells the other.
    pub(super) is_comparison: bool,
    /// The names by which the value is a column's as a whole.
    pub(super) whole: Option<Trusted>,
    /// Columns whose names are not told.
    into_any: bool,
}

#[derive(Debug, Default)]
pub(super) struct Flows(pub(super) Vec<Flow>);

/// Fields whose values decide which rows there are, and in which order.
const COMPARED: [&str; 6] =
    ["where_clause", "having_clause", "quals", "agg_filter", "join_condition", "sort_clause"];

/// Names of the columns that are written beside a function in a FROM.
pub(super) fn defined<'t>(item: &'t Tree, into: &mut Vec<&'t str>) {
    if item.kind == "ColumnDef" {
        into.push(item.text("colname"));
    }
    item.nodes().for_each(|node| defined(node, into));
}

impl Flows {
    fn add(&mut self, from: Mentions, into: Vec<String>) {
        self.0.push(Flow { from, into, is_named: true, ..Flow::default() });
    }

    /// What a query gives, under an alias and with names of columns.
    pub(super) fn rows(&mut self, query: &Tree, into: Vec<String>) {
        let mut columns = Vec::new();
        result_names(query, &mut columns);
        // A column is meant before a row.
        let is_row = into.first().is_some_and(|alias| !columns.iter().flatten().any(|name| name == alias));
        let from = mentions_of_results(query);
        self.0.push(Flow { from, into, is_named: true, is_row, is_made: true, ..Flow::default() });
    }

    pub(super) fn visit(&mut self, tree: &Tree) {
        self.walk(tree, false);
    }

    /// `is_arm`: it is a part of UNION or the like, whose parts were followed with it.
    fn walk(&mut self, tree: &Tree, is_arm: bool) {
        match tree.kind {
            "SelectStmt" => self.query(tree, is_arm),
            "InsertStmt" | "UpdateStmt" | "DeleteStmt" | "MergeStmt" => {
                self.query(tree, is_arm);
                self.before_and_after(tree);
            }
            "RuleStmt" => self.before_and_after(tree),
            "RangeVar" => {
                if let Some(alias) = tree.one("alias") {
                    self.alias(tree, alias_names(alias));
                }
            }
            "RangeSubselect" => {
                if let (Some(query), Some(alias)) = (tree.one("subquery"), tree.one("alias")) {
                    self.rows(query, alias_names(alias));
                }
            }
            "JoinExpr" => {
                for alias in tree.all("alias").chain(tree.all("join_using_alias")) {
                    let (from, into) = (Mentions::star(), alias_names(alias));
                    self.0.push(Flow { from, into, is_named: true, is_made: true, ..Flow::default() });
                }
            }
            "RangeFunction" if let Some(columns) = member_columns(tree) => self.member_columns(tree, columns),
            // Columns of what a function makes have names that only the function knows.
            "RangeFunction" | "RangeTableFunc" | "JsonTable" => {
                let mut from = Mentions::default();
                tree.nodes().for_each(|node| from.take(node));
                let mut into = tree.one("alias").map(alias_names).unwrap_or_default();
                self.members(tree, into.first().cloned());
                let into_any = match each_columns(tree) {
                    Some((name, [key, value])) => {
                        // What a member is called is a name, and no value.
                        let key = if 1 < into.len() { into.remove(1) } else { key.to_owned() };
                        if into.is_empty() {
                            into.push(name.to_owned());
                        }
                        self.add(Mentions::default(), vec![key]);
                        into.extend((into.len() < 2).then(|| value.to_owned()));
                        false
                    }
                    None => true,
                };
                let (is_named, is_made) = (true, true);
                self.0.push(Flow { from, into, is_named, is_made, into_any, ..Flow::default() });
            }
            "CommonTableExpr" => {
                let mut into = vec![tree.text("ctename").to_owned()];
                into.extend(tree.name("aliascolnames").into_iter().map(str::to_owned));
                for clause in tree.all("search_clause").chain(tree.all("cycle_clause")) {
                    strings(clause, &mut into);
                }
                if let Some(query) = tree.one("ctequery") {
                    self.rows(query, into);
                }
            }
            _ => {}
        }
        for (field, child) in tree.children() {
            let Child::Node(node) = child else { continue };
            if COMPARED.contains(field) {
                self.compare(node);
            }
            self.walk(node, matches!(*field, "larg" | "rarg"));
        }
    }

    /// Each of them holds what stands behind its key, and the row all of it.
    fn member_columns(&mut self, item: &Tree, columns: Vec<(&str, Taken<'_>)>) {
        let row = item.one("alias").map_or_else(Vec::new, alias_names);
        let is_row = !columns.iter().any(|(name, _)| row.iter().any(|row| row == name));
        let mut all = Mentions::default();
        for (name, taken) in columns {
            let mut from = Mentions::default();
            from.take_all(taken);
            all.add(from.clone());
            self.add(from, vec![name.to_owned()]);
        }
        self.0.push(Flow { from: all, into: row, is_named: true, is_made: true, is_row, ..Flow::default() });
    }

    /// Columns that are made of members of a document are called as their keys.
    fn members(&mut self, item: &Tree, row: Option<String>) {
        let mut columns = Vec::new();
        defined(item, &mut columns);
        for name in columns {
            let from = Mentions { keys: vec![name.to_owned()], ..Mentions::default() };
            let into = std::iter::once(name.to_owned()).chain(row.clone()).collect();
            self.add(from, into);
        }
    }

    /// Other names of a relation, and of its columns.
    fn alias(&mut self, relation: &Tree, into: Vec<String>) {
        let relation = vec![relation.text("relname").to_owned()];
        let from = Mentions { names: relation.clone(), kept: relation, ..Mentions::default() };
        let (is_named, is_alias, is_row) = (true, true, true);
        self.0.push(Flow { from, into, is_named, is_alias, is_row, ..Flow::default() });
    }

    /// RETURNING and rules call the row that is written `old` and `new`, or as RETURNING says itself.
    fn before_and_after(&mut self, tree: &Tree) {
        let Some(relation) = tree.one("relation") else { return };
        let clause = tree.one("returning_clause");
        // In a trigger they are the trigger's row, where a RETURNING does not name them.
        let is_named = |name: &str| clause.is_none_or(|clause| names_row(clause, name));
        if clause.is_some() || tree.kind == "RuleStmt" {
            let own = ["old", "new"].into_iter().filter(|name| is_named(name));
            let given = clause.into_iter().flat_map(|clause| clause.all("options"));
            for name in own.chain(given.map(|option| option.text("value"))) {
                self.alias(relation, vec![name.to_owned()]);
            }
        }
    }

    /// Names that a body gives to columns and relations as it goes on: by ALTER … RENAME, and behind the name of a view or table.
    pub(super) fn given(&mut self, tree: &Tree) {
        match tree.kind {
            "RenameStmt" => {
                let into = vec![tree.text("newname").to_owned()];
                match (tree.one("relation"), tree.text("subname")) {
                    (Some(relation), "") => self.alias(relation, into),
                    (Some(_), column) => {
                        let column = vec![column.to_owned()];
                        self.add(
                            Mentions { names: column.clone(), kept: column, ..Mentions::default() },
                            into,
                        );
                    }
                    (None, _) => {}
                }
            }
            "ViewStmt" => self.columns(tree.one("query"), tree.name("aliases")),
            "CreateTableAsStmt" => {
                let names = tree.one("into").map(|into| into.name("col_names"));
                self.columns(tree.one("query"), names.unwrap_or_default());
            }
            _ => {}
        }
        tree.nodes().for_each(|node| self.given(node));
    }

    /// What the columns of a query are called, one by one.
    fn columns(&mut self, query: Option<&Tree>, names: Vec<&str>) {
        let Some(query) = query.filter(|_| !names.is_empty()) else { return };
        let from = if has_star(query) { Vec::new() } else { branches(query) };
        for (place, name) in names.into_iter().enumerate() {
            let from = from.get(place).cloned().unwrap_or_else(|| mentions_of_results(query));
            self.add(from, vec![name.to_owned()]);
        }
    }

    /// What is compared with a value tells it.
    fn compare(&mut self, condition: &Tree) {
        if matches!(condition.kind, "BoolExpr" | "SortBy" | "List") {
            condition.nodes().for_each(|node| self.compare(node));
            return;
        }
        let from = Mentions::of(condition);
        let fields = from.fields.iter().map(|(_, name)| name.clone());
        let into: Vec<String> = from.names.iter().cloned().chain(fields).collect();
        if 1 < into.len() {
            self.0.push(Flow { from, into, is_comparison: true, ..Flow::default() });
        }
    }

    fn query(&mut self, query: &Tree, is_arm: bool) {
        for target in results(query) {
            let from = Mentions::of(target);
            match is_star(target) {
                false => {
                    let is_named = !target.text("name").is_empty();
                    let whole = target.one("val").and_then(whole);
                    self.0.push(Flow { from, into: names(target), is_named, whole, ..Flow::default() });
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
        if !is_arm && query.has(&["larg"]) {
            let arms = arms(query);
            let mut named = Vec::new();
            arms.iter().take(1).for_each(|first| result_names(first, &mut named));
            let is_positional = !arms.iter().any(|arm| has_star(arm));
            for arm in arms.iter().skip(1) {
                let from = branches(arm);
                if is_positional && named.len() == from.len() {
                    let mut targets = results(arm).into_iter();
                    for (into, from) in named.iter().zip(from) {
                        let whole = targets.next().and_then(|target| target.one("val")).and_then(whole);
                        self.0.push(Flow { from, into: into.clone(), whole, ..Flow::default() });
                    }
                } else {
                    // Stars shift what stands beside them: it could be any.
                    let (from, into) = (mentions_of_results(arm), named.concat());
                    self.0.push(Flow { from, into, into_any: true, ..Flow::default() });
                }
            }
        }
    }

    /// Which relations each alias is of.
    fn aliases(&self) -> HashMap<String, Option<Vec<String>>> {
        let mut aliases: HashMap<String, Option<Vec<String>>> = HashMap::new();
        for flow in self.0.iter().filter(|flow| flow.is_alias || flow.is_made) {
            match flow.into.as_slice() {
                [alias] if flow.is_alias => {
                    if let Some(of) = aliases.entry(alias.clone()).or_insert_with(|| Some(Vec::new())) {
                        of.extend(flow.from.names.first().cloned());
                    }
                }
                names => aliases.extend(names.first().map(|name| (name.clone(), None))),
            }
        }
        aliases
    }

    /// Follows all values to where they get. Where nobody says which keys are sensitive, documents are as a whole.
    pub(super) fn follow<'s>(
        &self,
        sensitive: &'s Sensitive,
        is_key: Option<fn(&str) -> bool>,
    ) -> Tainted<'s> {
        let mut names: HashSet<String> = sensitive.columns.union(&sensitive.relations).cloned().collect();
        let mut documents = HashSet::new();
        let whole = if is_key.is_some() { &mut documents } else { &mut names };
        whole.extend(sensitive.documents.iter().cloned());
        let mut tainted = Tainted {
            sensitive,
            names,
            known: sensitive.known.clone(),
            rows: sensitive.relations.clone(),
            aliases: self.aliases(),
            all: false,
            documents,
            has_any_documents: false,
            document_rows: HashSet::new(),
            is_key,
            is_by_keys: sensitive.is_only_by_keys(),
        };
        let mut by_name: HashMap<String, Vec<usize>> = HashMap::new();
        for (at, flow) in self.0.iter().enumerate() {
            tainted.known.extend(flow.into.iter().filter(|_| flow.is_named).cloned());
            let fields = flow.from.fields.iter().flat_map(|(qualifier, name)| [qualifier, name]);
            for name in flow.from.names.iter().chain(&flow.from.counted).chain(fields) {
                by_name.entry(name.clone()).or_default().push(at);
            }
        }
        let mut followed = vec![Shows::Nothing; self.0.len()];
        let mut next: Vec<usize> = (0..self.0.len()).collect();
        while let Some(at) = next.pop() {
            let (Some(flow), Some(before)) = (self.0.get(at), followed.get_mut(at)) else { continue };
            let now = tainted.shows(&flow.from);
            if now <= *before {
                continue;
            }
            *before = now;
            let into = match now {
                Shows::Values => {
                    tainted.all |= flow.into_any;
                    let is_row = flow.from.names.iter().any(|name| sensitive.relations.contains(name));
                    if flow.is_alias && is_row {
                        tainted.rows.extend(flow.into.first().cloned());
                    }
                    &mut tainted.names
                }
                Shows::Nothing | Shows::Documents => {
                    if flow.into_any && !tainted.has_any_documents {
                        tainted.has_any_documents = true;
                        next.extend(0..self.0.len());
                    }
                    if flow.is_row
                        && let Some(row) = flow.into.first()
                        && tainted.document_rows.insert(row.clone())
                    {
                        next.extend(by_name.get(row).into_iter().flatten());
                    }
                    &mut tainted.documents
                }
            };
            let is_first = into.is_empty();
            for name in &flow.into {
                if into.insert(name.clone()) {
                    next.extend(by_name.get(name).into_iter().flatten());
                }
            }
            // From here on all columns of something are sensitive too.
            if is_first && tainted.is_by_keys {
                next.extend(0..self.0.len());
            }
        }
        tainted
    }
}

/// Whether a row of this name is named, or a column of one.
fn names_row(tree: &Tree, name: &str) -> bool {
    tree.kind == "ColumnRef" && tree.name("fields").first() == Some(&name)
        || tree.nodes().any(|node| names_row(node, name))
}
