//! Tables of which a statement hands each row to functions: `SELECT f(id) FROM orders`. What such a function changes in the table, it
//! changes in each row, whatever its own condition says.
//! In a body the rows of a loop are handed on one after the other, and those of an array all at once.
//!
//! Open: what is handed on under a condition that the table's definition makes true of each row (see `every_row`), and by views that
//! call functions themselves.

use std::collections::BTreeSet;
use std::rc::Rc;

use crate::facts::{Effect, Handing, Statement};
use crate::filter::{Scale, Truth, add_parts, is_one_of, only_target};
use crate::names::Name;
use crate::read;
use crate::scope::{Feed, Guard, Scope};
use crate::settled::{holds_for_literals, holds_literal};
use crate::source::Source;
use crate::tree::Tree;
use crate::writes::{asked_by, only_shows, weigh_guards};

/// Questions whether a select reads all of a table, for one statement. After so many each counts as one that does.
const LOOKS_MAX: usize = 128;

/// Most names of functions that are kept for one statement. With more nobody can tell what it does.
const FUNCTIONS_MAX: usize = 4_096;

/// Variables that are given what others have.
const FEEDS_MAX: usize = 8;

/// Aggregates with something of each row.
const GATHERING: [&str; 8] = [
    "array_agg",
    "json_agg",
    "json_agg_strict",
    "json_object_agg",
    "jsonb_agg",
    "jsonb_agg_strict",
    "jsonb_object_agg",
    "string_agg",
];

/// `SubLinkType` of `(SELECT …)` and of `ARRAY (SELECT …)` (primnodes.h), as pg_query counts it.
const SCALAR: i64 = 5;
const ARRAY: i64 = 7;

/// Relations of which a view shows something of each row. Call it on a thread with [`READ_STACK_BYTES`](crate::READ_STACK_BYTES) of stack.
pub fn shown_whole(definition: &str) -> Vec<Name> {
    let Ok(parsed) = read::tree(definition) else { return Vec::new() };
    let [raw] = parsed.protobuf.stmts.as_slice() else { return Vec::new() };
    let Some(select) = Tree::of(&raw.stmt).ok().and_then(Tree::into_first) else { return Vec::new() };
    let mut tables = Vec::new();
    gather(&select, &mut tables);
    let is_whole = |table: &&&Tree| Scale::of(table, &[]).reads_all(&select);
    tables.iter().filter(is_whole).map(|table| name_of(table)).collect()
}

/// Adds what `tree` hands on.
pub(crate) fn look(tree: &Tree, body: (&BTreeSet<String>, &Scope), statement: &mut Statement) {
    look_amid(tree, body, None, statement);
    for (guards, scope) in body.1.wider() {
        look_amid(tree, (body.0, scope), Some(guards), statement);
    }
}

/// The same where this must be true for it to run.
fn look_amid(
    tree: &Tree,
    body: (&BTreeSet<String>, &Scope),
    guards: Option<&[Rc<Guard>]>,
    statement: &mut Statement,
) {
    let mut look = Look {
        body,
        guards,
        tables: Vec::new(),
        ctes: Vec::new(),
        calls: Vec::new(),
        selects: Vec::new(),
        looks: 0,
        is_any: false,
        hands: std::mem::take(&mut statement.hands),
    };
    gather(tree, &mut look.tables);
    look.visit(tree);
    statement.rests_on_literals |= look.is_any && rests(tree);
    statement.hands = look.hands;
    let functions: usize = statement.hands.iter().map(|handing| handing.functions.len()).sum();
    if FUNCTIONS_MAX <= functions {
        statement.add(Effect::OpaqueCall);
    }
}

/// Whether other literals could make a select read all of a table.
fn rests(tree: &Tree) -> bool {
    let is_settled = |field| tree.all(field).all(holds_for_literals);
    let is_open = match tree.kind {
        "JoinExpr" => !is_settled("quals"),
        "SelectStmt" if tree.has(&["where_clause"]) => !is_settled("where_clause"),
        "SelectStmt" => {
            ["limit_count", "limit_offset"].iter().any(|limit| tree.all(limit).any(holds_literal))
        }
        _ => false,
    };
    is_open || tree.nodes().any(rests)
}

struct Look<'t> {
    /// Variables of the body that it stands in, and what stands around it there.
    body: (&'t BTreeSet<String>, &'t Scope),
    /// What must be true of a loop's row for it to run, where it is looked at for the rows of loops alone.
    guards: Option<&'t [Rc<Guard>]>,
    /// All that the statement names.
    tables: Vec<&'t Tree>,
    /// Common table expressions that can be named here, the nearest last.
    ctes: Vec<&'t Tree>,
    /// Functions whose arguments are looked at, from the outermost.
    calls: Vec<&'t str>,
    /// For each select around, from the outermost: functions that are handed something in it.
    selects: Vec<BTreeSet<&'t str>>,
    looks: usize,
    /// A function is handed a column of something.
    is_any: bool,
    hands: Vec<Handing>,
}

impl<'t> Look<'t> {
    fn visit(&mut self, tree: &'t Tree) {
        if only_shows(tree) {
            return;
        }
        let outside = self.ctes.len();
        self.ctes.extend(tree.one("with_clause").into_iter().flat_map(|with| with.all("ctes")));
        let called = if tree.kind == "FuncCall" { tree.name("funcname").pop() } else { None };
        self.calls.extend(called);
        match tree.kind {
            "InsertStmt" if self.guards.is_none() => self.returned(tree),
            "SelectStmt" => self.selects.push(BTreeSet::new()),
            "ColumnRef" | "ParamRef" if !self.calls.is_empty() => {
                self.handed();
                let calls = self.calls.clone();
                self.fed(tree, &calls, 0);
            }
            _ => {}
        }
        tree.nodes().for_each(|node| self.visit(node));
        if called.is_some() {
            self.calls.pop();
        }
        if tree.kind == "SelectStmt"
            && let Some(functions) = self.selects.pop()
            && !functions.is_empty()
            && self.guards.is_none()
        {
            self.is_any = true;
            self.in_condition(tree);
            let ctes = std::mem::take(&mut self.ctes);
            let scale = |table| Scale::of(table, &ctes).amid(self.body);
            let read = read_whole(tree, &self.tables, scale, &mut self.looks);
            self.ctes = ctes;
            read.into_iter().for_each(|table| self.add(table, functions.iter().copied()));
            self.of_arrays(tree, &functions);
        }
        self.ctes.truncate(outside);
    }

    /// Functions of what an INSERT returns are called for each row that it takes from a select.
    fn returned(&mut self, insert: &'t Tree) {
        let mut functions = BTreeSet::new();
        for returning in
            ["returning_clause", "returning_list"].into_iter().flat_map(|field| insert.all(field))
        {
            called(returning, &mut functions);
        }
        let Some(select) = insert.one("select_stmt").filter(|_| !functions.is_empty()) else { return };
        self.is_any = true;
        let ctes = std::mem::take(&mut self.ctes);
        let scale = |table| Scale::of(table, &ctes).amid(self.body);
        let read = read_whole(select, &self.tables, scale, &mut self.looks);
        self.ctes = ctes;
        read.into_iter().for_each(|table| self.add(table, functions.iter().copied()));
    }

    /// Functions in a WHERE, or in the condition of a join, are called for the rows that the rest of it leaves, and those in HAVING for
    /// each group of them.
    fn in_condition(&mut self, select: &'t Tree) {
        let mut parts = Vec::new();
        select.all("where_clause").for_each(|condition| add_parts(condition, &mut parts));
        select.all("from_clause").for_each(|item| joined_by(item, &mut parts));
        let mut functions = BTreeSet::new();
        parts.retain(|part| !called(part, &mut functions));
        select.all("having_clause").for_each(|having| {
            called(having, &mut functions);
        });
        if functions.is_empty() {
            return;
        }
        let mut tables = Vec::new();
        select.all("from_clause").for_each(|item| gather(item, &mut tables));
        for table in tables {
            self.looks += 1;
            let scale = Scale::of(table, &self.ctes).amid(self.body);
            if LOOKS_MAX < self.looks || !parts.iter().any(|part| scale.weigh(Some(part)).filters()) {
                self.add(table, functions.iter().copied());
            }
        }
    }

    /// A column is a part of what is handed to the functions around it.
    fn handed(&mut self) {
        // It may be of any select around.
        for select in self.selects.iter_mut().rev() {
            let known = select.len();
            select.extend(&self.calls);
            if select.len() == known {
                break;
            }
        }
    }

    /// A variable is handed to these functions: a row of a loop after the other, or something of each row at once.
    fn fed(&mut self, variable: &'t Tree, calls: &[&'t str], depth: usize) {
        let (variables, scope) = self.body;
        let feed = match variable.kind {
            "ParamRef" => scope.feed(&format!("${}", variable.number("number"))),
            _ => {
                let name = variable.name("fields").into_iter().next();
                name.filter(|name| variables.contains(*name)).and_then(|name| scope.feed(name))
            }
        };
        match feed {
            Some(Feed::Rows(select, _)) => self.add_whole(select, calls),
            Some(Feed::Elements(select)) => {
                only_target(select).into_iter().for_each(|array| self.gathered(array, None, calls, depth));
            }
            Some(Feed::Value(select, at)) => {
                let value = select.all("target_list").nth(*at).and_then(|target| target.one("val"));
                value.into_iter().for_each(|value| self.gathered(value, Some(select), calls, depth));
            }
            None => {}
        }
    }

    /// Adds tables of each row of which there is something in a value, which stands in `select` where that is known.
    fn gathered(&mut self, value: &'t Tree, select: Option<&'t Tree>, calls: &[&'t str], depth: usize) {
        if FEEDS_MAX < depth {
            return;
        }
        match (value.kind, value.one("subselect")) {
            ("SubLink", Some(inner)) => match value.number("sub_link_type") {
                ARRAY => self.add_whole(inner, calls),
                SCALAR => {
                    let value = only_target(inner);
                    value.into_iter().for_each(|value| self.gathered(value, Some(inner), calls, depth + 1));
                }
                _ => {}
            },
            ("FuncCall", _) if is_one_of(&GATHERING, value) => {
                let select = select.filter(|_| !value.has(&["agg_filter", "over"]));
                select.into_iter().for_each(|select| self.add_whole(select, calls));
            }
            ("ColumnRef" | "ParamRef", _) => self.fed(value, calls, depth + 1),
            _ => value.nodes().for_each(|node| self.gathered(node, select, calls, depth + 1)),
        }
    }

    /// Functions that a select hands what a function in its FROM makes rows of: `unnest(array(SELECT id FROM orders))`.
    fn of_arrays(&mut self, select: &'t Tree, functions: &BTreeSet<&'t str>) {
        let limits = ["having_clause", "limit_count", "limit_offset", "where_clause"];
        if select.has(&limits) {
            return;
        }
        let functions: Vec<&str> = functions.iter().copied().collect();
        for item in select.all("from_clause").filter(|item| item.kind == "RangeFunction") {
            item.nodes().for_each(|node| self.gathered(node, None, &functions, 0));
        }
    }

    /// Adds tables of which a select reads each row.
    fn add_whole(&mut self, select: &'t Tree, calls: &[&'t str]) {
        self.is_any = true;
        let mut tables = Vec::new();
        gather(select, &mut tables);
        for table in tables {
            self.looks += 1;
            let guards = self.guards.unwrap_or_default();
            let rows = Scale::of_rows(table, asked_by(guards));
            let scale = Scale::of(table, &self.ctes).amid(self.body).once();
            let runs = || weigh_guards(&rows, guards).0 == Truth::Always;
            if LOOKS_MAX < self.looks || scale.reads_all(select) && runs() {
                self.add(table, calls.iter().copied());
            }
        }
    }

    fn add(&mut self, table: &Tree, functions: impl Iterator<Item = &'t str>) {
        let table = name_of(table);
        let at = self.hands.iter().position(|known| known.table == table).unwrap_or_else(|| {
            self.hands.push(Handing { table, functions: BTreeSet::new() });
            self.hands.len() - 1
        });
        let kept: usize = self.hands.iter().map(|handing| handing.functions.len()).sum();
        if let Some(handing) = self.hands.get_mut(at) {
            handing.functions.extend(functions.take(FUNCTIONS_MAX.saturating_sub(kept)).map(str::to_owned));
        }
    }
}

fn name_of(table: &Tree) -> Name {
    let (schema, name) = Source::name(table);
    let schema = (!schema.is_empty()).then(|| schema.to_owned());
    Name { schema, name: name.to_owned() }
}

/// Adds the parts of what joins relations of a FROM.
fn joined_by<'t>(item: &'t Tree, parts: &mut Vec<&'t Tree>) {
    if item.kind == "JoinExpr" {
        item.all("quals").for_each(|condition| add_parts(condition, parts));
        ["larg", "rarg"]
            .into_iter()
            .filter_map(|side| item.one(side))
            .for_each(|side| joined_by(side, parts));
    }
}

/// Whether anything is called in `tree`; adds what is.
fn called<'t>(tree: &'t Tree, functions: &mut BTreeSet<&'t str>) -> bool {
    let name = if tree.kind == "FuncCall" { tree.name("funcname").pop() } else { None };
    functions.extend(name);
    tree.nodes().fold(name.is_some(), |is_any, node| called(node, functions) || is_any)
}

/// Those of `tables` that `select` reads all of.
fn read_whole<'t>(
    select: &'t Tree,
    tables: &[&'t Tree],
    scale: impl Fn(&'t Tree) -> Scale<'t>,
    looks: &mut usize,
) -> Vec<&'t Tree> {
    let is_read = |table: &&&'t Tree| {
        *looks += 1;
        LOOKS_MAX < *looks || scale(table).reads_all(select)
    };
    tables.iter().filter(is_read).copied().collect()
}

/// Tables that are named somewhere in `tree`.
fn gather<'t>(tree: &'t Tree, tables: &mut Vec<&'t Tree>) {
    if tree.kind == "RangeVar"
        && tables.len() < LOOKS_MAX
        && !tables.iter().any(|known| Source::name(known) == Source::name(tree))
    {
        tables.push(tree);
    }
    tree.nodes().for_each(|node| gather(node, tables));
}

#[cfg(test)]
mod tests;
