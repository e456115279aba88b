//! Tables of which a statement hands each row to functions: `SELECT f(id) FROM orders`. What such a function changes in the table, it
//! changes in each row, whatever its own condition says.
//!
//! Open: what bodies of plpgsql do so, of which SELECT and PERFORM are not read as a whole.

use std::collections::BTreeSet;

use crate::facts::{Effect, Handing, Statement};
use crate::filter::{Scale, add_parts};
use crate::names::Name;
use crate::scope::Scope;
use crate::settled::{holds_for_literals, holds_literal};
use crate::source::Source;
use crate::tree::Tree;
use crate::writes::only_shows;

/// Questions whether a select reads all of a table, for one statement. After so many each counts as one that does.
const LOOKS_MAX: usize = 128;

/// Most names of functions that are kept for one statement. With more nobody can tell what it does.
const FUNCTIONS_MAX: usize = 4_096;

/// Adds what `tree` hands on.
pub(crate) fn look(tree: &Tree, body: (&BTreeSet<String>, &Scope), statement: &mut Statement) {
    let mut look = Look {
        body,
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
            "InsertStmt" => self.returned(tree),
            "SelectStmt" => self.selects.push(BTreeSet::new()),
            "ColumnRef" if !self.calls.is_empty() => self.handed(),
            _ => {}
        }
        tree.nodes().for_each(|node| self.visit(node));
        if called.is_some() {
            self.calls.pop();
        }
        if tree.kind == "SelectStmt"
            && let Some(functions) = self.selects.pop()
            && !functions.is_empty()
        {
            self.is_any = true;
            self.in_condition(tree);
            let ctes = std::mem::take(&mut self.ctes);
            let scale = |table| Scale::of(table, &ctes).amid(self.body);
            let read = read_whole(tree, &self.tables, scale, &mut self.looks);
            self.ctes = ctes;
            read.into_iter().for_each(|table| self.add(table, functions.iter().copied()));
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

    fn add(&mut self, table: &Tree, functions: impl Iterator<Item = &'t str>) {
        let (schema, name) = Source::name(table);
        let schema = (!schema.is_empty()).then(|| schema.to_owned());
        let table = Name { schema, name: name.to_owned() };
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
