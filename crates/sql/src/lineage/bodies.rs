//! What the body of a function, or a DO block, does with values of sensitive columns: whether it gives some back, asks about some, or
//! puts some elsewhere. Followed by names, as one statement is.

use std::collections::{BTreeSet, HashSet};

use super::flows::{Flow, Flows};
use super::mentions::Mentions;
use super::outputs::Outputs;
use super::probe::{self, Asked, Probe};
use super::results::{is_plain_star, is_star, results};
use super::sinks::{Sinks, is_sink};
use super::spills::{Spill, written};
use super::tainted::Tainted;
use super::wholes::{is_whole, whole};
use super::{Sensitive, Shows, of_statement};
use crate::script::{Loop, Script};
use crate::tree::{Child, Tree};

/// What a body does with what is sensitive.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Followed {
    /// Something of it is in what it gives back.
    pub gives: bool,
    /// It computes parts of it, that can be in what it gives back.
    pub gives_parts: bool,
    /// What it does depends on parts of it.
    pub asks: Option<Probe>,
    /// Parts of it are compared with what the body is given.
    pub compares_given: bool,
    /// It says something on its way, where nobody asked for it.
    pub says: bool,
    /// What it writes of it into rows.
    pub spills: Vec<Spill>,
    /// Something of it is handed to code that writes rows, or says what is written.
    pub fills: bool,
    /// Into which columns it writes by its own text, whatever that is.
    pub writes: Vec<Spill>,
    /// Something of it is handed to a function that puts it where no column is.
    pub hands_over: bool,
    /// Where something of it is in the row that its trigger is about, which it gives back.
    pub row: RowOf,
}

/// Which columns of a row something is in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RowOf {
    /// Any can be one.
    Any,
    /// These.
    Columns(BTreeSet<String>),
}

impl Default for RowOf {
    fn default() -> Self {
        RowOf::Columns(BTreeSet::new())
    }
}

/// Functions by what they do with what they are given.
#[derive(Clone, Debug, Default)]
pub struct Taking {
    /// Their code writes rows.
    pub fills: HashSet<String>,
    /// Their code puts things where no column is, besides PostgreSQL's own.
    pub sinks: HashSet<String>,
    /// It is seen how often they are called: they say something, or write rows.
    pub seen: HashSet<String>,
    /// They ask about what they are given.
    pub asking: HashSet<String>,
    /// It is seen of them what they are given.
    pub telling: HashSet<String>,
}

/// Whether `text`, which is one statement, calls one of these functions with what differs from row to row. Call it as
/// [`lineage`](super::lineage).
pub fn calls_for_rows(text: &str, functions: &HashSet<String>) -> bool {
    let mut found = false;
    of_statement(text, |statement| found = is_called_for_rows(statement, functions));
    found
}

fn is_called_for_rows(tree: &Tree, functions: &HashSet<String>) -> bool {
    fn has_columns(tree: &Tree) -> bool {
        tree.kind == "ColumnRef" || tree.nodes().any(has_columns)
    }
    let is_one = tree.kind == "FuncCall"
        && tree.name("funcname").pop().is_some_and(|name| functions.contains(name))
        && tree.all("args").any(has_columns);
    is_one || tree.nodes().any(|node| is_called_for_rows(node, functions))
}

/// The rows that a trigger is about.
const ROWS: [&str; 2] = ["new", "old"];

/// Errors that a body has caught tell what it has come across.
const ERRORS: [&str; 2] = ["sqlerrm", "sqlstate"];

/// What the DO block does that `text` is, which is one statement; `None` where that is not understood. Call it as
/// [`lineage`](super::lineage).
pub fn followed_block(
    text: &str,
    sensitive: &Sensitive,
    taking: &Taking,
    is_key: fn(&str) -> bool,
) -> Option<Followed> {
    let mut followed = None;
    of_statement(text, |statement| {
        let script = if statement.kind == "DoStmt" { Script::of_block(statement) } else { None };
        followed = script
            .map(|script| Followed { writes: script.writes(), ..script.follow(sensitive, taking, is_key) });
    });
    followed
}

impl Script {
    /// What it does where this is sensitive.
    pub(crate) fn follow(
        &self,
        sensitive: &Sensitive,
        taking: &Taking,
        is_key: fn(&str) -> bool,
    ) -> Followed {
        let mut sensitive = sensitive.clone();
        if self.catches {
            sensitive.columns.extend(ERRORS.map(str::to_owned));
        }
        // Words of a body can be names of relations, and mean variables and columns.
        let mut named = HashSet::from(ROWS);
        relations(&self.all, &mut named);
        sensitive.relations.retain(|name| named.contains(name.as_str()));
        sensitive.wholes.extend(self.wholes.iter().cloned());
        let mut flows = Flows::default();
        flows.visit(&self.all);
        flows.given(&self.all);
        flows.visit(&self.copies);
        for (names, query) in &self.rows {
            flows.rows(query, names.clone());
        }
        let without_fields = flows.0.len();
        self.fields.iter().for_each(|(_, field)| flows.visit(field));
        let asked =
            Asked { root: &self.all, copies: Some(&self.copies), rows: &self.rows, given: &self.parameters };
        let mut asks = probe::asks(&asked, &sensitive, is_key);
        let nothing = BTreeSet::new();
        let compares = || probe::asks(&Asked { given: &nothing, ..asked }, &sensitive, is_key);
        let compares_given =
            asks == Some(Probe::Extracts) || asks.is_some() && compares() == Some(Probe::Extracts);
        if let Some(all) = self.with_read_off(taking) {
            // An error that is raised again has the code that it had.
            let mut sensitive = sensitive.clone();
            sensitive.columns.remove("sqlstate");
            asks = asks.max(probe::asks(&Asked { root: &all, ..asked }, &sensitive, is_key));
        }
        let tainted = flows.follow(&sensitive, Some(is_key));
        // Where errors are caught, whether there is one tells something of what is computed.
        let is_taken = |flow: &Flow| !flow.is_comparison && !flow.is_alias && tainted.has(&flow.from);
        let depends = asks.is_some() || self.catches && flows.0.iter().any(is_taken);
        let is_output = |name: &String| tainted.names.contains(name) || tainted.documents.contains(name);
        let gives = depends
            || tainted.all && (!self.returned.is_empty() || !self.outputs.is_empty())
            || self.outputs.iter().any(is_output)
            || self.returned.iter().any(|returned| tainted.gives(returned));
        let mut queries =
            [&self.all, &self.copies].into_iter().chain(self.rows.iter().map(|(_, query)| query));
        let gives_parts = depends || queries.any(|query| tainted.computes_parts(query));
        // Of documents that are kept, their keys do not tell where they are written.
        let whole = flows.follow(&sensitive, None);
        let tells = Sinks { tainted: &whole, others: &taking.telling, knows_own: false };
        let asks = if tells.are_in(&self.all) { Some(Probe::Extracts) } else { asks };
        let by_keys = Some(&tainted).filter(|_| sensitive.is_by_keys());
        let both = || std::iter::once(&whole).chain(by_keys);
        let spills = both().flat_map(|tainted| written(&self.all, &flows, tainted)).collect();
        let is_filled =
            |tainted| Sinks { tainted, others: &taking.fills, knows_own: false }.are_in(&self.all);
        // As statements of their own that say by a value where they write: each of them is a question.
        let decides = || {
            let decisions = Asked { root: &self.decisions, ..asked };
            probe::asks(&decisions, &sensitive, is_key).is_some()
        };
        let fills = depends && (!self.is_straight || decides()) || both().any(is_filled);
        let hands_over =
            depends || Sinks { tainted: &tainted, others: &taking.sinks, knows_own: true }.are_in(&self.all);
        let row = match flows.0.get(..without_fields) {
            Some(others) if !depends => self.row(others, &tainted),
            _ => RowOf::Any,
        };
        Followed {
            row,
            gives,
            gives_parts,
            asks,
            compares_given,
            says: self.says,
            spills,
            fills,
            writes: Vec::new(),
            hands_over,
        }
    }

    /// Where something is in the row that its trigger is about, where `flows` are all but those of its columns one by one.
    fn row(&self, flows: &[Flow], tainted: &Tainted<'_>) -> RowOf {
        let has = |from: &Mentions| tainted.shows(from) != Shows::Nothing;
        let is_row = |name: &String| ROWS.contains(&name.as_str());
        // What is put into a variable has its name there as such; `RETURN NEW` has not.
        let is_whole = |flow: &Flow| flow.is_named && flow.into.iter().any(is_row) && has(&flow.from);
        let is_other =
            |returned: &Tree| tainted.gives(returned) && !results(returned).into_iter().all(is_row_itself);
        if self.hides_row
            || tainted.is_all()
            || flows.iter().any(is_whole)
            || self.returned.iter().any(is_other)
        {
            return RowOf::Any;
        }
        let has_some = |field: &Tree| results(field).into_iter().any(|target| has(&Mentions::of(target)));
        let columns = self.fields.iter().filter(|(_, field)| has_some(field));
        RowOf::Columns(columns.map(|(column, _)| column.clone()).collect())
    }

    /// Into which columns it writes by its own text.
    fn writes(&self) -> Vec<Spill> {
        let anything = Sensitive { anything: true, ..Sensitive::default() };
        let mut flows = Flows::default();
        flows.visit(&self.all);
        written(&self.all, &flows, &flows.follow(&anything, None))
    }

    /// What it asks of what it is given, whether it hands any of that to one of these functions, and whether it compares it with what else
    /// it is given.
    pub(crate) fn asks_of_given(
        &self,
        taking: &Taking,
        of_wholes: bool,
        is_key: fn(&str) -> bool,
    ) -> (Option<Probe>, bool, bool) {
        let columns = self.parameters.iter().filter(|name| !name.is_empty()).cloned().collect();
        let sensitive = Sensitive { columns, of_wholes, ..Sensitive::default() };
        let followed = self.follow(&sensitive, &Taking { telling: HashSet::new(), ..taking.clone() }, is_key);
        let mut flows = Flows::default();
        flows.visit(&self.all);
        flows.visit(&self.copies);
        let tainted = flows.follow(&sensitive, None);
        let hands_to = |others| Sinks { tainted: &tainted, others, knows_own: false }.are_in(&self.all);
        let asks = followed.asks.max(hands_to(&taking.asking).then_some(Probe::Asks(1)));
        (asks, hands_to(&taking.telling), followed.compares_given)
    }
}

impl Script {
    /// All of it, with what is read off what it does; `None` where that is nothing.
    fn with_read_off(&self, taking: &Taking) -> Option<Tree> {
        let is_doing = |name: &String| taking.seen.contains(name) || is_sink(name);
        let is_seen = |it: &&Loop| it.is_seen || it.calls.iter().any(is_doing);
        let counts = self.loops.iter().filter(is_seen).flat_map(|it| &it.counts);
        let fails = self.loops.iter().filter(|it| it.says).flat_map(|it| &it.fails);
        let mut told = counts.chain(fails).chain(&self.read_off).peekable();
        told.peek()?;
        let mut all = self.all.clone();
        told.for_each(|told| all.push("stmts", Child::Node(told.clone())));
        Some(all)
    }
}

impl Tainted<'_> {
    /// Whether something sensitive can be in what this statement gives.
    fn gives(&self, statement: &Tree) -> bool {
        if statement.kind == "ReturnStmt" {
            return self.shows(&Mentions::of(statement)) != Shows::Nothing;
        }
        match Outputs::of(statement) {
            Outputs::AnyOf(from) => self.shows(&from) != Shows::Nothing,
            Outputs::Expressions(columns) => columns.iter().any(|from| self.shows(from) != Shows::Nothing),
            Outputs::Named => results(statement).into_iter().any(|target| match is_star(target) {
                true => !is_plain_star(target) || self.is_in_star(target, statement),
                false => self.shows(&Mentions::of(target)) != Shows::Nothing,
            }),
        }
    }

    /// Whether a query in it computes something of sensitive values that is no whole one.
    fn computes_parts(&self, tree: &Tree) -> bool {
        let own_names = &self.sensitive.own_names;
        let is_part = |target: &Tree| {
            let by = target.one("val").and_then(whole);
            !is_star(target) && !is_whole(by.as_ref(), own_names) && self.has(&Mentions::of(target))
        };
        tree.kind == "SelectStmt" && tree.all("target_list").any(is_part)
            || tree.nodes().any(|node| self.computes_parts(node))
    }

    /// Whether one of the columns that `*` or `row.*` stands for has something.
    fn is_in_star(&self, target: &Tree, query: &Tree) -> bool {
        let of = target.one("val").and_then(|value| value.name("fields").pop());
        let mut rows = Vec::new();
        match of {
            Some(of) => rows.push(Some(of)),
            None => {
                query.all("from_clause").for_each(|item| named_in(item, &mut rows));
                // What a write gives back is of the relation that it writes, and of what stands beside it.
                query.all("relation").for_each(|item| named_in(item, &mut rows));
                query.all("using_clause").for_each(|item| named_in(item, &mut rows));
            }
        }
        let has_any = |name: &String| self.names.contains(name) || self.documents.contains(name);
        rows.is_empty()
            || rows.into_iter().any(|row| match row.and_then(|row| self.columns_of(row)) {
                Some(columns) => columns.into_iter().flatten().any(has_any),
                None => true,
            })
    }
}

/// Whether this is the row that a trigger is about.
fn is_row_itself(target: &Tree) -> bool {
    let value = target.one("val").filter(|value| value.kind == "ColumnRef");
    value.is_some_and(|value| matches!(value.name("fields").as_slice(), [row] if ROWS.contains(row)))
}

fn relations<'t>(tree: &'t Tree, into: &mut HashSet<&'t str>) {
    if tree.kind == "RangeVar" {
        into.insert(tree.text("relname"));
    }
    tree.nodes().for_each(|node| relations(node, into));
}

/// Names of what stands in a FROM; `None` for what has none that tells its columns.
fn named_in<'t>(item: &'t Tree, into: &mut Vec<Option<&'t str>>) {
    match item.kind {
        "JoinExpr" => {
            for side in ["larg", "rarg"] {
                item.all(side).for_each(|side| named_in(side, into));
            }
        }
        "RangeVar" => {
            let alias = item.one("alias").map(|alias| alias.text("aliasname"));
            into.push(Some(alias.unwrap_or(item.text("relname"))));
        }
        _ => into.push(None),
    }
}

#[cfg(test)]
mod tests;
