//! What stands in a FROM: how it is called, which columns it has, whether it holds every row of a table.

use crate::constant::{Constant, constant};
use crate::plain::plain;
use crate::tree::Tree;

/// Sub-selects within sub-selects that are looked into.
const DEPTH_MAX: usize = 8;

/// One relation of a FROM.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Source<'t> {
    /// How conditions name it.
    pub(crate) called: &'t str,
    from: From<'t>,
    /// Names that its columns get here.
    alias: Option<&'t Tree>,
    /// It stands alone, not in a join whose own condition can leave rows out.
    is_alone: bool,
}

#[derive(Clone, Copy, Debug)]
enum From<'t> {
    Table(&'t Tree),
    /// A sub-select, or a common table expression.
    Select(&'t Tree),
    Unknown,
}

/// A column of what a select returns.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Output<'n> {
    At(usize),
    Named(&'n str),
}

/// The relations of a FROM, those within joins too.
pub(crate) fn sources<'t>(items: impl Iterator<Item = &'t Tree>, ctes: &[&'t Tree]) -> Vec<Source<'t>> {
    let mut sources = Vec::new();
    for item in items {
        gather(item, true, ctes, &mut sources);
    }
    sources
}

fn gather<'t>(item: &'t Tree, is_alone: bool, ctes: &[&'t Tree], sources: &mut Vec<Source<'t>>) {
    let alias = item.one("alias");
    let called = alias.map(|alias| alias.text("aliasname")).unwrap_or_default();
    match item.kind {
        "JoinExpr" => {
            if !called.is_empty() {
                sources.push(Source { called, from: From::Unknown, alias, is_alone: false });
            }
            for side in ["larg", "rarg"].into_iter().filter_map(|side| item.one(side)) {
                gather(side, false, ctes, sources);
            }
        }
        "RangeVar" => {
            let (schema, name) = Source::name(item);
            let cte = ctes.iter().rev().find(|cte| schema.is_empty() && cte.text("ctename") == name);
            let from = match cte.map(|cte| (cte, cte.one("ctequery"))) {
                Some((cte, Some(query))) if !cte.has(&["aliascolnames"]) && query.kind == "SelectStmt" => {
                    From::Select(query)
                }
                Some(_) => From::Unknown,
                None => From::Table(item),
            };
            let called = if called.is_empty() { name } else { called };
            sources.push(Source { called, from, alias, is_alone });
        }
        "RangeSubselect" => {
            let from = item.one("subquery").map_or(From::Unknown, From::Select);
            sources.push(Source { called, from, alias, is_alone });
        }
        _ => sources.push(Source { called, from: From::Unknown, alias, is_alone }),
    }
}

impl<'t> Source<'t> {
    /// Schema and name of a relation; the schema is empty where none is given.
    pub(crate) fn name(relation: &'t Tree) -> (&'t str, &'t str) {
        (relation.text("schemaname"), relation.text("relname"))
    }

    /// All names that its columns have, where they can be seen.
    pub(crate) fn columns(&self) -> Option<Vec<&'t str>> {
        let From::Select(select) = self.from else { return None };
        let own = returned(select)?;
        let renamed = self.alias.map(|alias| alias.name("colnames")).unwrap_or_default();
        let rest = own.into_iter().skip(renamed.len());
        let mut columns = renamed.clone();
        for name in rest {
            columns.push(name?);
        }
        Some(columns)
    }

    /// Whether its column `output` has the value of `column` in each row of the table that `is_table` knows, and leaves out
    /// none by `filters`, which looks at a WHERE in which the row is called so.
    pub(crate) fn copies(&self, output: &str, column: &str, table: &impl Table<'t>, depth: usize) -> bool {
        let renamed = self.alias.map(|alias| alias.name("colnames")).unwrap_or_default();
        let at = renamed.iter().position(|name| *name == output);
        match self.from {
            _ if !self.is_alone || DEPTH_MAX < depth => false,
            From::Table(relation) => renamed.is_empty() && output == column && table.is(relation),
            From::Select(select) => {
                let output = at.map_or(Output::Named(output), Output::At);
                holds_all(select, output, column, table, depth + 1)
            }
            From::Unknown => false,
        }
    }
}

/// Rows that nobody means by a LIMIT.
const LIMIT_MAX: f64 = 1e9;

/// Whether LIMIT or OFFSET can leave rows out: not LIMIT ALL, OFFSET 0, or more than any table is meant to have. What a LIMIT leaves
/// out the first time is there the next.
fn is_limited<'t>(select: &Tree, table: &impl Table<'t>) -> bool {
    let takes_all = |limit: &Tree| match constant(limit) {
        _ if table.comes_again() => true,
        Some(Constant::Null) => true,
        Some(Constant::Number(rows)) => LIMIT_MAX <= rows,
        _ => false,
    };
    let skips_none = |offset: &Tree| matches!(constant(offset), Some(Constant::Null | Constant::Number(0.0)));
    !select.all("limit_count").all(takes_all) || !select.all("limit_offset").all(skips_none)
}

/// Whether a select looks at each row of a table.
pub(crate) fn reads_all<'t>(select: &'t Tree, table: &impl Table<'t>, depth: usize) -> bool {
    if select.kind != "SelectStmt" || DEPTH_MAX < depth {
        return false;
    }
    let sides = ["larg", "rarg"].into_iter().filter_map(|side| select.one(side));
    let limits = ["having_clause", "larg", "values_lists"];
    select.number("op") == 2 && sides.into_iter().any(|side| reads_all(side, table, depth + 1))
        || !select.has(&limits)
            && !is_limited(select, table)
            && table.sources(select).iter().any(|source| {
                let holds = match source.from {
                    From::Table(relation) => table.is(relation),
                    From::Select(select) => reads_all(select, table, depth + 1),
                    From::Unknown => false,
                };
                holds && !table.filters(source.called, select)
            })
}

/// A table that rows are looked for in.
pub(crate) trait Table<'t> {
    /// Whether a relation is it.
    fn is(&self, relation: &'t Tree) -> bool;
    /// The relations of a FROM in which it may be.
    fn sources(&self, select: &'t Tree) -> Vec<Source<'t>>;
    /// Whether what a LIMIT leaves out is looked at later.
    fn comes_again(&self) -> bool;
    /// Whether a WHERE leaves rows out, where `called` is the table's row.
    fn filters(&self, called: &'t str, select: &'t Tree) -> bool;
}

/// Whether what `select` returns as `output` has the value of `column` in each row of a table.
pub(crate) fn holds_all<'t>(
    select: &'t Tree,
    output: Output<'_>,
    column: &str,
    table: &impl Table<'t>,
    depth: usize,
) -> bool {
    if select.kind != "SelectStmt" || DEPTH_MAX < depth {
        return false;
    }
    // UNION
    if select.number("op") == 2 {
        return ["larg", "rarg"]
            .into_iter()
            .filter_map(|side| select.one(side))
            .any(|side| holds_all(side, output, column, table, depth + 1));
    }
    let skips = select.all("locking_clause").any(|lock| lock.number("wait_policy") == 2);
    let limits = ["distinct_clause", "having_clause", "larg", "values_lists"];
    let [source] = table.sources(select)[..] else { return false };
    if skips || select.has(&limits) || is_limited(select, table) || table.filters(source.called, select) {
        return false;
    }
    let is_asked = |at: usize, target: &Tree| match output {
        Output::At(asked) => at == asked,
        Output::Named(name) => returned_name(target) == Some(name),
    };
    select.all("target_list").enumerate().any(|(at, target)| {
        let Some(value) = target.one("val").map(plain).filter(|value| value.kind == "ColumnRef") else {
            return false;
        };
        let is_star = value.all("fields").any(|field| field.kind == "AStar");
        match (is_star, output, value.name("fields").pop()) {
            (true, Output::Named(name), _) => source.copies(name, column, table, depth),
            (true, Output::At(asked), _) => match source.from {
                From::Select(select) if at == 0 => {
                    holds_all(select, Output::At(asked), column, table, depth + 1)
                }
                _ => false,
            },
            (false, _, Some(name)) => is_asked(at, target) && source.copies(name, column, table, depth),
            _ => false,
        }
    })
}

/// The names of what a select returns; `None` for one that the server makes up.
fn returned(select: &Tree) -> Option<Vec<Option<&str>>> {
    if let Some(side) = select.one("larg") {
        return returned(side);
    }
    if let Some(row) = select.one("values_lists") {
        return Some(row.all("items").map(|_| None).collect());
    }
    let targets = select.all("target_list");
    let names = targets.map(|target| match target.one("val") {
        Some(value) if value.all("fields").any(|field| field.kind == "AStar") => Err(()),
        _ => Ok(returned_name(target)),
    });
    names.collect::<Result<_, _>>().ok()
}

fn returned_name(target: &Tree) -> Option<&str> {
    match (target.text("name"), target.one("val")) {
        ("", Some(value)) if value.kind == "ColumnRef" => value.name("fields").pop(),
        ("", _) => None,
        (name, _) => Some(name),
    }
}
