//! The writes of a statement, wherever they stand in it, and which of them leave no row of their target as it was.

use pg_query::protobuf::{CmdType, MergeMatchKind, OnConflictAction};

use crate::facts::{Effect, Statement, Write};
use crate::filter::{Scale, Truth};
use crate::settled::{holds_for_literals, holds_literal};
use crate::source::Source;
use crate::tree::Tree;

/// Kinds of nodes that make a statement worth the look.
pub(crate) const KINDS: [&str; 4] = ["DeleteStmt", "MergeStmt", "OnConflictClause", "UpdateStmt"];

/// Adds what the writes in `tree` leave out, or do not.
pub(crate) fn look(tree: &Tree, statement: &mut Statement) {
    visit(tree, &mut Vec::new(), statement);
}

/// `ctes` are those that can be named here, the nearest last.
fn visit<'t>(tree: &'t Tree, ctes: &mut Vec<&'t Tree>, statement: &mut Statement) {
    // Which of several ANALYZEs counts PostgreSQL alone decides.
    let shows =
        tree.kind == "ExplainStmt" && !tree.all("options").any(|option| option.text("defname") == "analyze");
    if shows {
        return;
    }
    let outside = ctes.len();
    if let Some(with) = tree.one("with_clause") {
        ctes.extend(with.all("ctes"));
        let is_write = matches!(tree.kind, "DeleteStmt" | "MergeStmt" | "UpdateStmt");
        statement.rests_on_literals |= is_write && holds_literal(with);
    }
    match tree.kind {
        "DeleteStmt" => write(Effect::Delete, tree, "using_clause", ctes, statement),
        "UpdateStmt" => write(Effect::Update, tree, "from_clause", ctes, statement),
        "MergeStmt" => merge(tree, ctes, statement),
        "InsertStmt" => insert(tree, ctes, statement),
        _ => {}
    }
    tree.nodes().for_each(|node| visit(node, ctes, statement));
    ctes.truncate(outside);
}

fn write(effect: Effect, tree: &Tree, from: &'static str, ctes: &[&Tree], statement: &mut Statement) {
    let Some(target) = tree.one("relation") else { return };
    let condition = tree.one("where_clause");
    let scale = Scale::of(target, ctes).beside(tree.all(from), condition);
    statement.rests_on_literals |= condition.is_some_and(|condition| !holds_for_literals(condition));
    note(effect, target, scale.weigh(condition), statement);
}

fn merge(tree: &Tree, ctes: &[&Tree], statement: &mut Statement) {
    let Some(target) = tree.one("relation") else { return };
    let join = tree.one("join_condition");
    let scale = Scale::of(target, ctes).beside(tree.all("source_relation"), join);
    for arm in tree.all("merge_when_clauses") {
        let command = i32::try_from(arm.number("command_type")).map(CmdType::try_from);
        if !matches!(command, Ok(Ok(CmdType::CmdUpdate | CmdType::CmdDelete))) {
            continue;
        }
        let is_left_over = arm.number("match_kind") == MergeMatchKind::MergeWhenNotMatchedBySource as i64;
        let joined = if is_left_over { scale.weigh(join).not() } else { scale.weigh(join) };
        let condition = arm.one("condition");
        for condition in [join, condition].into_iter().flatten() {
            statement.rests_on_literals |= !holds_for_literals(condition);
        }
        note(Effect::Merge, target, joined.and(scale.weigh(condition)), statement);
    }
}

/// An INSERT of rows that the table has updates each of them.
fn insert(tree: &Tree, ctes: &[&Tree], statement: &mut Statement) {
    let (Some(target), Some(conflict)) = (tree.one("relation"), tree.one("on_conflict_clause")) else {
        return;
    };
    if conflict.number("action") != OnConflictAction::OnconflictUpdate as i64 {
        return;
    }
    let Some(select) = tree.one("select_stmt").filter(|select| !select.has(&["values_lists"])) else {
        return;
    };
    let scale = Scale::of(target, ctes);
    if !scale.reads_all(select) {
        return;
    }
    let condition = conflict.one("where_clause");
    statement.rests_on_literals = true;
    // What would have been inserted is the row that is there.
    let scale = scale.called_too("excluded");
    note(Effect::Insert, target, scale.weigh(condition), statement);
}

fn note(effect: Effect, target: &Tree, truth: Truth, statement: &mut Statement) {
    if !truth.filters() {
        let (schema, name) = Source::name(target);
        let schema = (!schema.is_empty()).then(|| schema.to_owned());
        statement.unfiltered.push(Write { effect, schema, name: name.to_owned() });
    }
}
