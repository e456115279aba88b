//! What stands in a FROM: how it is called, which columns it has, whether it holds every row of a table.

use crate::constant::{Constant, constant};
use crate::filter::is_one_of;
use crate::plain::plain;
use crate::tree::Tree;

/// `JoinType` (nodes.h), as pg_query counts it.
const LEFT: i64 = pg_query::protobuf::JoinType::JoinLeft as i64;
const FULL: i64 = pg_query::protobuf::JoinType::JoinFull as i64;
const RIGHT: i64 = pg_query::protobuf::JoinType::JoinRight as i64;

/// `SetOperation` (parsenodes.h), as pg_query counts it.
const UNION: i64 = pg_query::protobuf::SetOperation::SetopUnion as i64;
const INTERSECT: i64 = pg_query::protobuf::SetOperation::SetopIntersect as i64;
const EXCEPT: i64 = pg_query::protobuf::SetOperation::SetopExcept as i64;

/// Joins around a relation whose conditions are looked at.
const JOINS_MAX: usize = 4;

/// Types that a whole number is cast to as it is.
const WHOLE_NUMBERS: [&str; 2] = ["int4", "int8"];

/// The columns of what a function of PostgreSQL's returns.
#[derive(Clone, Copy, Debug)]
enum Columns {
    /// One that is called as the function is here (`chooseScalarFunctionAlias`, parse_relation.c).
    Called,
    /// These.
    Named(&'static [&'static str]),
    /// One for each array that it is given.
    Unnested,
    /// Those that are written beside it.
    Written,
}

/// Those of functions whose columns are known.
fn columns_of(name: &str) -> Option<Columns> {
    match name {
        "generate_series"
        | "generate_subscripts"
        | "json_object_keys"
        | "jsonb_object_keys"
        | "regexp_split_to_table"
        | "string_to_table" => Some(Columns::Called),
        "json_array_elements"
        | "json_array_elements_text"
        | "jsonb_array_elements"
        | "jsonb_array_elements_text" => Some(Columns::Named(&["value"])),
        "json_each" | "json_each_text" | "jsonb_each" | "jsonb_each_text" => {
            Some(Columns::Named(&["key", "value"]))
        }
        "json_to_record" | "json_to_recordset" | "jsonb_to_record" | "jsonb_to_recordset" => {
            Some(Columns::Written)
        }
        "unnest" => Some(Columns::Unnested),
        _ => None,
    }
}

/// Whether the columns of a function of this name, if it is PostgreSQL's own, are known.
pub(crate) fn has_known_columns(name: &str) -> bool {
    columns_of(name).is_some()
}

/// Types without fields.
pub(crate) const SCALARS: [&str; 22] = [
    "bool",
    "bpchar",
    "bytea",
    "date",
    "float4",
    "float8",
    "inet",
    "int2",
    "int4",
    "int8",
    "interval",
    "json",
    "jsonb",
    "name",
    "numeric",
    "oid",
    "text",
    "time",
    "timestamp",
    "timestamptz",
    "uuid",
    "varchar",
];

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
    /// The common table expression that it is, which can give names too.
    cte: Option<&'t Tree>,
    kept: Kept<'t>,
}

/// Conditions of joins that can leave its rows out; `None` where these may be left out anyway.
type Kept<'t> = Option<[Option<&'t Tree>; JOINS_MAX]>;

#[derive(Clone, Copy, Debug)]
enum From<'t> {
    Table(&'t Tree),
    /// A sub-select, or a common table expression.
    Select(&'t Tree),
    /// What functions return.
    Function(&'t Tree),
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
        gather(item, Some([None; JOINS_MAX]), ctes, &mut sources);
    }
    sources
}

fn gather<'t>(item: &'t Tree, kept: Kept<'t>, ctes: &[&'t Tree], sources: &mut Vec<Source<'t>>) {
    // All of a table as a sample of it.
    if let Some(inner) = item.one("relation").filter(|_| item.kind == "RangeTableSample") {
        let takes_all = |share: &Tree| matches!(constant(share), Some(Constant::Number(100.0..)));
        let kept = kept.filter(|_| item.all("args").all(takes_all));
        return gather(inner, kept, ctes, sources);
    }
    let alias = item.one("alias");
    let called = alias.map(|alias| alias.text("aliasname")).unwrap_or_default();
    match item.kind {
        "JoinExpr" => {
            if !called.is_empty() {
                sources.push(Source { called, from: From::Unknown, alias, cte: None, kept: None });
            }
            let kind = item.number("jointype");
            for (side, keeping) in [("larg", [LEFT, FULL]), ("rarg", [RIGHT, FULL])] {
                let kept = if keeping.contains(&kind) { kept } else { joined(kept, item) };
                item.one(side).into_iter().for_each(|side| gather(side, kept, ctes, sources));
            }
        }
        "RangeVar" => {
            let (schema, name) = Source::name(item);
            let cte = ctes.iter().rev().find(|cte| schema.is_empty() && cte.text("ctename") == name);
            let from = match cte.map(|cte| cte.one("ctequery")) {
                Some(Some(query)) if query.kind == "SelectStmt" => From::Select(query),
                Some(_) => From::Unknown,
                None => From::Table(item),
            };
            let called = if called.is_empty() { name } else { called };
            sources.push(Source { called, from, alias, cte: cte.copied(), kept });
        }
        "RangeSubselect" => {
            let from = item.one("subquery").map_or(From::Unknown, From::Select);
            sources.push(Source { called, from, alias, cte: None, kept });
        }
        "RangeFunction" => {
            let called = if called.is_empty() { function(item).map_or("", |(name, _)| name) } else { called };
            sources.push(Source { called, from: From::Function(item), alias, cte: None, kept });
        }
        _ => sources.push(Source { called, from: From::Unknown, alias, cte: None, kept }),
    }
}

/// The only function of a FROM item that is none of several, by its name where that is PostgreSQL's own, and what it is given.
fn function(item: &Tree) -> Option<(&str, Vec<&Tree>)> {
    let mut calls = item.all("functions").map(|call| call.one("items").unwrap_or(call));
    let call = calls.next().filter(|call| call.kind == "FuncCall")?;
    match (calls.next(), call.name("funcname").as_slice()) {
        (None, [name] | ["pg_catalog", name]) => Some((name, call.all("args").collect())),
        _ => None,
    }
}

/// Whether it is the same for every row: it names no column.
fn is_fixed(tree: &Tree) -> bool {
    !has(tree, &|node| matches!(node.kind, "ColumnRef" | "SubLink"))
}

/// Whether it has such a node, or is one.
fn has<'t>(tree: &'t Tree, is: &impl Fn(&'t Tree) -> bool) -> bool {
    is(tree) || tree.nodes().any(|node| has(node, is))
}

/// Whether what is in this array has one column: it has no fields of its own.
fn is_array_of_scalars(array: &Tree) -> bool {
    match array.kind {
        "AArrayExpr" => array.all("elements").all(|element| element.kind == "AConst"),
        "TypeCast" => array.one("type_name").is_some_and(|of| {
            let is_scalar = matches!(of.name("names").as_slice(), [name] | ["pg_catalog", name] if SCALARS.contains(name));
            of.has(&["array_bounds"]) && is_scalar
        }),
        _ => false,
    }
}

/// The same on a side of a join that does not keep all of it.
fn joined<'t>(kept: Kept<'t>, join: &'t Tree) -> Kept<'t> {
    let mut conditions = kept.filter(|_| join.number("is_natural") == 0 && !join.has(&["using_clause"]))?;
    if let Some(condition) = join.one("quals") {
        *conditions.iter_mut().find(|free| free.is_none())? = Some(condition);
    }
    Some(conditions)
}

impl<'t> Source<'t> {
    /// Schema and name of a relation; the schema is empty where none is given.
    pub(crate) fn name(relation: &'t Tree) -> (&'t str, &'t str) {
        (relation.text("schemaname"), relation.text("relname"))
    }

    /// All names without a relation that can mean something of it, where they can be seen: those of its columns, and its own, which is the row.
    pub(crate) fn names(&self) -> Option<Vec<&'t str>> {
        let mut names = self.columns()?;
        names.push(self.called);
        Some(names)
    }

    /// All names that its columns have, where they can be seen.
    fn columns(&self) -> Option<Vec<&'t str>> {
        let own = match self.from {
            From::Select(select) => returned(select)?,
            From::Function(item) => self.given_back(item)?,
            From::Table(_) | From::Unknown => return None,
        };
        let renamed = self.renamed();
        let rest = own.into_iter().skip(renamed.len());
        let mut columns = renamed.clone();
        for name in rest {
            columns.push(name?);
        }
        Some(columns)
    }

    /// The columns of what a function returns, where it is the same for every row: those that are written beside it, or the one that has its
    /// name.
    fn given_back(&self, item: &'t Tree) -> Option<Vec<Option<&'t str>>> {
        let (name, arguments) = function(item)?;
        if !arguments.iter().all(|argument| is_fixed(argument)) {
            return None;
        }
        let written: Vec<_> = item.all("coldeflist").map(|column| Some(column.text("colname"))).collect();
        let mut columns = match (columns_of(name), arguments.as_slice()) {
            _ if !written.is_empty() => written,
            (Some(Columns::Unnested), arrays) if arrays.iter().all(|array| is_array_of_scalars(array)) => {
                // Only one that stands alone is called as the relation is.
                if let [_] = arrays { vec![Some(self.called)] } else { vec![Some(name); arrays.len()] }
            }
            (Some(Columns::Named(names)), _) => names.iter().map(|name| Some(*name)).collect(),
            (Some(Columns::Called), _) => vec![Some(self.called)],
            (Some(Columns::Unnested | Columns::Written) | None, _) => return None,
        };
        if item.number("ordinality") != 0 {
            columns.push(Some("ordinality"));
        }
        Some(columns)
    }

    /// Names that its columns get here instead of those that they have.
    fn renamed(&self) -> Vec<&'t str> {
        let mut names = self.alias.map(|alias| alias.name("colnames")).unwrap_or_default();
        let of_cte = self.cte.map(|cte| cte.name("aliascolnames")).unwrap_or_default();
        names.extend(of_cte.into_iter().skip(names.len()));
        names
    }

    /// What its column `output` is worked out by, where it is a sub-select.
    pub(crate) fn expression(&self, output: &str) -> Option<&'t Tree> {
        let From::Select(select) = self.from else { return None };
        let mut targets = select.all("target_list").filter(|_| !select.has(&["larg"]));
        match self.renamed().iter().position(|name| *name == output) {
            Some(at) => targets.nth(at)?.one("val"),
            None => targets.find(|target| returned_name(target) == Some(output))?.one("val"),
        }
    }

    /// Whether it may have rows of a table.
    pub(crate) fn may_be(&self, table: &impl Table<'t>) -> bool {
        match self.from {
            From::Table(relation) => table.is(relation),
            From::Select(_) => true,
            From::Function(_) | From::Unknown => false,
        }
    }

    /// Whether it is this table.
    pub(crate) fn is(&self, table: &impl Table<'t>) -> bool {
        matches!(self.from, From::Table(relation) if table.is(relation))
    }

    /// Whether functions, or a select without relations, make its rows of those of this table, which `is_beside` says stands in the same FROM.
    pub(crate) fn is_made_of(&self, table: &impl Table<'t>, is_beside: bool) -> bool {
        match self.from {
            From::Function(item) => has(item, &|node| {
                node.kind == "RangeVar" && table.is(node) || is_beside && node.kind == "ColumnRef"
            }),
            From::Select(select) => {
                is_beside
                    && !select.has(&["from_clause", "larg"])
                    && has(select, &|node| node.kind == "ColumnRef")
            }
            From::Table(_) | From::Unknown => false,
        }
    }

    /// Whether a column, or the row, of it is meant.
    pub(crate) fn is_meant(&self, column: &Tree) -> bool {
        match column.name("fields").as_slice() {
            [name] => *name == self.called || self.columns().is_some_and(|columns| columns.contains(name)),
            [.., called, _] => *called == self.called,
            [] => false,
        }
    }

    /// Whether a join's condition ties it to others.
    pub(crate) fn is_joined(&self) -> bool {
        self.kept.is_none_or(|conditions| conditions.iter().any(Option::is_some))
    }

    /// Whether no join leaves any of its rows out.
    fn is_kept(&self, table: &impl Table<'t>) -> bool {
        let Some(conditions) = self.kept else { return false };
        !conditions.into_iter().flatten().any(|condition| table.leaves_out(self.called, condition))
    }

    /// Whether its column `output` has the value of `column` in each row of the table that `is_table` knows, and leaves out
    /// none by `filters`, which looks at a WHERE in which the row is called so.
    pub(crate) fn copies(&self, output: &str, column: &str, table: &impl Table<'t>, depth: usize) -> bool {
        let renamed = self.renamed();
        let at = renamed.iter().position(|name| *name == output);
        match self.from {
            _ if DEPTH_MAX < depth || !self.is_kept(table) => false,
            From::Table(relation) => renamed.is_empty() && output == column && table.is(relation),
            From::Select(select) => {
                let output = at.map_or(Output::Named(output), Output::At);
                holds_all(select, output, column, table, depth + 1)
            }
            From::Function(_) | From::Unknown => false,
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
                    From::Function(_) | From::Unknown => false,
                };
                holds && source.is_kept(table) && !table.filters(source.called, select)
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
    /// Whether a select finds nothing, or only NULL.
    fn finds_none(&self, select: &'t Tree) -> bool;
    /// Whether a WHERE leaves rows out, where `called` is the table's row.
    fn filters(&self, called: &'t str, select: &'t Tree) -> bool;
    /// The same of a join's condition.
    fn leaves_out(&self, called: &'t str, condition: &'t Tree) -> bool;
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
    let sides = || ["larg", "rarg"].into_iter().filter_map(|side| select.one(side));
    let mut holds = sides().map(|side| holds_all(side, output, column, table, depth + 1));
    match select.number("op") {
        UNION => return !is_limited(select, table) && holds.any(|holds| holds),
        INTERSECT => return !is_limited(select, table) && holds.all(|holds| holds),
        EXCEPT => {
            let excludes = select.one("rarg").is_none_or(|other| !table.finds_none(other));
            return !is_limited(select, table) && !excludes && holds.next() == Some(true);
        }
        _ => {}
    }
    let skips = select.all("locking_clause").any(|lock| lock.number("wait_policy") == 2);
    if skips || select.has(&["having_clause", "larg", "values_lists"]) || is_limited(select, table) {
        return false;
    }
    let sources = table.sources(select);
    let is_asked = |at: usize, target: &Tree| match output {
        Output::At(asked) => at == asked,
        Output::Named(name) => returned_name(target) == Some(name),
    };
    select.all("target_list").enumerate().any(|(at, target)| {
        let Some(value) = target.one("val").and_then(|value| value_of_each(value, select)) else {
            return false;
        };
        let names = value.name("fields");
        let is_star = value.all("fields").any(|field| field.kind == "AStar");
        let qualifiers = if is_star { names.len() } else { names.len().saturating_sub(1) };
        let called = qualifiers.checked_sub(1).and_then(|last| names.get(last));
        let of = |source: &&Source<'t>| called.is_none_or(|called| *called == source.called);
        let name = names.last().copied().filter(|_| !is_star);
        sources.iter().filter(of).any(|source| {
            let copies = match (name, output) {
                (Some(name), _) => is_asked(at, target) && source.copies(name, column, table, depth),
                (None, Output::Named(name)) => source.copies(name, column, table, depth),
                (None, Output::At(asked)) => match source.from {
                    From::Select(select) if at == 0 && sources.len() == 1 => {
                        holds_all(select, Output::At(asked), column, table, depth + 1)
                    }
                    _ => false,
                },
            };
            copies && !table.filters(source.called, select)
        })
    })
}

/// The column of which a select returns each value by this expression: itself, or the only one of a group.
fn value_of_each<'t>(value: &'t Tree, select: &'t Tree) -> Option<&'t Tree> {
    let value = whole(value);
    let is_column = |tree: &&Tree| tree.kind == "ColumnRef";
    let in_clause = |clause: &'static str, column: &Tree| {
        let name = column.name("fields").pop();
        select.all(clause).any(|by| by.kind == "ColumnRef" && by.name("fields").pop() == name)
    };
    if value.kind == "FuncCall" && !value.has(&["agg_filter", "over"]) {
        let arg = whole(value.one("args")?);
        if is_one_of(&["unnest"], value)
            && is_one_of(&["array_agg"], arg)
            && !arg.has(&["agg_filter", "over"])
        {
            return arg.one("args").map(whole).filter(is_column);
        }
        let is_only = is_one_of(&["any_value", "max", "min"], value) && arg.kind == "ColumnRef";
        return (is_only && in_clause("group_clause", arg)).then_some(arg);
    }
    // DISTINCT ON
    let is_kept = !select.has(&["distinct_clause"]) || in_clause("distinct_clause", value);
    Some(value).filter(is_column).filter(|_| is_kept)
}

/// The part of an expression that has its value, also cast to another whole number.
pub(crate) fn whole(tree: &Tree) -> &Tree {
    let tree = plain(tree);
    let to = tree.one("type_name").filter(|to| !to.has(&["array_bounds", "setof"]));
    match to.and_then(|to| to.name("names").pop()) {
        Some(name) if WHOLE_NUMBERS.contains(&name) => tree.one("arg").map_or(tree, whole),
        _ => tree,
    }
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
