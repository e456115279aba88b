//! What ties literals and parameters to columns, by where the tree has them.

use std::collections::HashMap;

use super::{Target, Tie, Tied};
use crate::lineage::{BY_KEYS, TAKING};
use crate::source::Source;
use crate::tree::{Child, Tree};

/// Functions that give back what they are given, or a part of it, or tell the time: a literal beside them is one of the same kind.
const TRANSPARENT: [&str; 14] = [
    "btrim",
    "clock_timestamp",
    "coalesce",
    "date",
    "date_trunc",
    "greatest",
    "least",
    "lower",
    "ltrim",
    "now",
    "rtrim",
    "trim",
    "upper",
    "to_timestamp",
];

/// Types whose values say nothing of anybody.
const OF_NOBODY: [&str; 5] = ["bool", "interval", "regclass", "regproc", "regtype"];

/// Columns and keys that a literal is tied to; one that would be tied to more is tied to nothing that is known.
const TIED_MAX: usize = 64;

#[derive(Default)]
pub(super) struct Ties {
    by_place: HashMap<i64, Tie>,
    pub(super) parameters: Vec<(usize, Tie)>,
    pub(super) given: Vec<String>,
    pub(super) has_other_rows: bool,
}

/// What an expression is made of, as far as all of it is of one kind.
#[derive(Default)]
struct Operands<'t> {
    with: Vec<Tied>,
    literals: Vec<&'t Tree>,
    keys: Vec<&'t Tree>,
}

impl Ties {
    /// What ties the literal that stands here.
    pub(super) fn take(&self, place: usize) -> Option<Tie> {
        self.by_place.get(&i64::try_from(place).ok()?).cloned()
    }

    pub(super) fn visit(&mut self, tree: &Tree) {
        self.visit_part(tree, false);
    }

    /// `is_taken`: it is an operand of an expression that has been tied. What is around a literal says more of it, and holds: a long
    /// chain of operators is one expression.
    fn visit_part(&mut self, tree: &Tree, is_taken: bool) {
        let is_tied = tree.kind == "AExpr" || tree.kind == "FuncCall" && is_by_key(tree);
        match tree.kind {
            // What is compared or computed with one another.
            _ if is_tied && !is_taken => self.tie(Operands::of([tree]), Vec::new()),
            "CaseExpr" => {
                // CASE status WHEN 'open' THEN …
                let compared = tree.all("args").filter_map(|arm| arm.one("expr"));
                if let Some(arg) = tree.one("arg") {
                    self.tie(Operands::of(compared.chain([arg])), Vec::new());
                }
            }
            "InsertStmt" => self.insert(tree),
            "UpdateStmt" => self.assign(tree.one("relation"), tree.all("target_list")),
            "MergeStmt" => self.merge(tree),
            "SelectStmt" => self.select(tree),
            "TypeName" => self.grammar(tree.all("typmods")),
            "TypeCast" if is_of_nobody(tree) => self.grammar(tree.all("arg")),
            "VariableSetStmt" if !tree.text("name").contains('.') => {
                tree.all("args")
                    .filter(|arg| arg.kind == "AConst")
                    .for_each(|arg| self.put(arg, Tie::Setting));
            }
            "Alias" => self.given.extend(tree.name("colnames").into_iter().map(str::to_owned)),
            "CommonTableExpr" => {
                self.given.extend(tree.name("aliascolnames").into_iter().map(str::to_owned));
            }
            "ReturningClause" => self.name(tree.all("exprs")),
            "RangeFunction" | "RangeTableFunc" | "JsonTable" => self.has_other_rows = true,
            "ColumnDef" => self.given.push(tree.text("colname").to_owned()),
            "ParamRef" => self.put(tree, Tie::Unknown),
            _ => {}
        }
        let parts = if is_taken || is_tied { Parts::of(tree) } else { Parts::None };
        for (field, child) in tree.children() {
            if let Child::Node(node) = child {
                self.visit_part(node, parts.has(field, node));
            }
        }
    }

    fn select(&mut self, select: &Tree) {
        for limit in ["limit_count", "limit_offset", "group_clause"] {
            self.grammar(select.all(limit));
        }
        self.grammar(select.all("sort_clause").filter_map(|sort| sort.one("node")));
        self.name(select.all("target_list"));
    }

    fn name<'t>(&mut self, targets: impl Iterator<Item = &'t Tree>) {
        let names = targets.map(|target| target.text("name")).filter(|name| !name.is_empty());
        self.given.extend(names.map(str::to_owned));
    }

    fn insert(&mut self, insert: &Tree) {
        let Some(relation) = insert.one("relation") else { return };
        let named: Vec<&Tree> = insert.all("cols").collect();
        if let Some(select) = insert.one("select_stmt") {
            let rows = select.all("values_lists").map(|row| row.all("items").collect::<Vec<_>>());
            for row in rows {
                self.row(relation, &named, &row);
            }
            let plain: Vec<&Tree> =
                select.all("target_list").filter_map(|target| target.one("val")).collect();
            if !select.has(&["larg"]) {
                self.row(relation, &named, &plain);
            }
        }
        if let Some(conflict) = insert.one("on_conflict_clause") {
            self.assign(Some(relation), conflict.all("target_list"));
        }
    }

    /// A row whose values get into columns in their order. A star shifts what stands behind it.
    fn row(&mut self, relation: &Tree, named: &[&Tree], values: &[&Tree]) {
        for (at, value) in values.iter().enumerate() {
            if is_star(value) {
                break;
            }
            let column = match named.get(at) {
                Some(target) if target.has(&["indirection"]) => continue,
                Some(target) => Target::Named(target.text("name").to_owned()),
                None if named.is_empty() => Target::At(at),
                None => continue,
            };
            self.tie(Operands::of([*value]), vec![written(relation, column)]);
        }
    }

    fn assign<'t>(&mut self, relation: Option<&Tree>, targets: impl Iterator<Item = &'t Tree>) {
        let Some(relation) = relation else { return };
        for target in targets.filter(|target| !target.has(&["indirection"])) {
            if let Some(value) = target.one("val") {
                let column = Target::Named(target.text("name").to_owned());
                self.tie(Operands::of([value]), vec![written(relation, column)]);
            }
        }
    }

    fn merge(&mut self, merge: &Tree) {
        let Some(relation) = merge.one("relation") else { return };
        for arm in merge.all("merge_when_clauses") {
            let named: Vec<&Tree> = arm.all("target_list").collect();
            let values: Vec<&Tree> = arm.all("values").collect();
            match values.is_empty() {
                true => self.assign(Some(relation), named.into_iter()),
                false => self.row(relation, &named, &values),
            }
        }
    }

    fn grammar<'t>(&mut self, literals: impl Iterator<Item = &'t Tree>) {
        literals
            .filter(|node| matches!(node.kind, "AConst" | "ParamRef"))
            .for_each(|node| self.put(node, Tie::Grammar));
    }

    fn tie(&mut self, operands: Operands<'_>, mut with: Vec<Tied>) {
        let Operands { with: more, literals, keys } = operands;
        with.extend(more);
        keys.into_iter().for_each(|key| self.put(key, Tie::Key));
        let is_unknown = with.is_empty() || TIED_MAX < with.len();
        for literal in literals {
            self.put(literal, if is_unknown { Tie::Unknown } else { Tie::To(with.clone()) });
        }
    }

    /// What is known first holds: it is of more of the expression.
    fn put(&mut self, literal: &Tree, tie: Tie) {
        let place = literal.place();
        if literal.kind == "ParamRef" {
            let number = usize::try_from(literal.number("number")).unwrap_or_default();
            if self.by_place.contains_key(&place) {
                return;
            }
            self.parameters.push((number, tie.clone()));
        }
        self.by_place.entry(place).or_insert(tie);
    }
}

impl<'t> Operands<'t> {
    fn of(trees: impl IntoIterator<Item = &'t Tree>) -> Self {
        let mut operands = Operands::default();
        trees.into_iter().for_each(|tree| operands.take(tree));
        operands
    }

    fn take(&mut self, tree: &'t Tree) {
        match tree.kind {
            "AConst" | "ParamRef" => self.literals.push(tree),
            "ColumnRef" => {
                if let Some(name) = tree.name("fields").pop() {
                    self.tied(Tied::Column(name.to_owned()));
                }
            }
            "AExpr" if is_taking(tree) => self.key(tree.one("rexpr")),
            "FuncCall" if is_by_key(tree) => {
                let mut arguments = tree.all("args");
                arguments.next().into_iter().for_each(|from| self.take(from));
                arguments.for_each(|key| self.key(Some(key)));
            }
            _ => {}
        }
        let parts = Parts::of(tree);
        for (field, child) in tree.children() {
            if let Child::Node(node) = child
                && parts.has(field, node)
            {
                self.take(node);
            }
        }
    }

    /// Each once.
    fn tied(&mut self, with: Tied) {
        if self.with.len() <= TIED_MAX && !self.with.contains(&with) {
            self.with.push(with);
        }
    }

    /// A literal that is a key: what stands behind it is what it says.
    fn key(&mut self, key: Option<&'t Tree>) {
        let Some(key) = key else { return };
        for literal in literals(key) {
            let text = literal.one("val").map(|value| value.text("sval")).unwrap_or_default();
            let path = text.trim_matches(['{', '}']).split(',');
            path.for_each(|key| self.tied(Tied::Behind(key.trim().trim_matches('"').to_owned())));
            self.keys.push(literal);
        }
    }
}

/// Which parts of an expression are operands of what it is an operand of.
enum Parts {
    None,
    All,
    /// Those in this field.
    In(&'static str),
}

impl Parts {
    fn of(tree: &Tree) -> Self {
        match tree.kind {
            "AExpr" if is_taking(tree) => Parts::In("lexpr"),
            "TypeCast" if is_of_nobody(tree) => Parts::None,
            "TypeCast" | "CollateClause" => Parts::In("arg"),
            "AExpr" | "AArrayExpr" | "BoolExpr" | "CoalesceExpr" | "List" | "MinMaxExpr" | "RowExpr" => {
                Parts::All
            }
            "FuncCall" if is_by_key(tree) => Parts::None,
            "FuncCall" if is_transparent(tree) => Parts::In("args"),
            _ => Parts::None,
        }
    }

    fn has(&self, field: &str, node: &Tree) -> bool {
        match self {
            Parts::None => false,
            Parts::All => node.kind != "String",
            Parts::In(those) => field == *those,
        }
    }
}

/// All literals of a key or path.
fn literals(tree: &Tree) -> Vec<&Tree> {
    match tree.kind {
        "AConst" => vec![tree],
        "TypeCast" => tree.all("arg").flat_map(literals).collect(),
        "AArrayExpr" => tree.all("elements").flat_map(literals).collect(),
        _ => Vec::new(),
    }
}

fn written(relation: &Tree, column: Target) -> Tied {
    let (schema, name) = Source::name(relation);
    let schema = Some(schema).filter(|schema| !schema.is_empty()).map(str::to_owned);
    Tied::Written { schema, relation: name.to_owned(), column }
}

fn is_star(value: &Tree) -> bool {
    let ends = |child: &(&str, Child)| matches!(child, (_, Child::Node(node)) if node.kind == "AStar");
    value.children().any(ends)
}

fn is_taking(tree: &Tree) -> bool {
    matches!(tree.name("name").as_slice(), [sign] if TAKING.contains(sign))
}

/// The function's name, where it is PostgreSQL's own by that.
fn own_name(call: &Tree) -> &str {
    match call.name("funcname").as_slice() {
        [name] | ["pg_catalog", name] => name,
        _ => "",
    }
}

fn is_by_key(tree: &Tree) -> bool {
    BY_KEYS.contains(&own_name(tree))
}

fn is_transparent(tree: &Tree) -> bool {
    TRANSPARENT.contains(&own_name(tree))
}

fn is_of_nobody(cast: &Tree) -> bool {
    match cast.one("type_name").map(|of| of.name("names")).unwrap_or_default().as_slice() {
        [name] | ["pg_catalog", name] => OF_NOBODY.contains(name),
        _ => false,
    }
}
