//! The writes of a statement, wherever they stand in it, and which of them leave no row of their target as it was.

use std::collections::BTreeSet;
use std::rc::Rc;
use std::sync::Arc;

use pg_query::protobuf::{CmdType, MergeMatchKind, OnConflictAction};

use crate::condition::Condition;
use crate::facts::{Effect, Statement, Write};
use crate::filter::{Scale, Truth, only_target};
use crate::scope::{Guard, Scope};
use crate::settled::{holds_for_literals, holds_literal};
use crate::source::Source;
use crate::tree::Tree;

/// Kinds of nodes that make a statement worth the look.
pub(crate) const KINDS: [&str; 4] = ["DeleteStmt", "MergeStmt", "OnConflictClause", "UpdateStmt"];

/// Adds what the writes in `tree` leave out, or do not.
pub(crate) fn look(tree: &Tree, body: (&BTreeSet<String>, &Scope), statement: &mut Statement) {
    visit(tree, &mut Names { ctes: Vec::new(), body, guards: None }, statement);
    for (guards, scope) in body.1.wider() {
        let body = (body.0, scope);
        visit(tree, &mut Names { ctes: Vec::new(), body, guards: Some(guards) }, statement);
    }
}

/// What can be named beside relations and columns.
struct Names<'t> {
    /// Common table expressions, the nearest last.
    ctes: Vec<&'t Tree>,
    /// Variables of the body that it stands in, and what stands around it there.
    body: (&'t BTreeSet<String>, &'t Scope),
    /// What must be true of a loop's row for the statement to run, where it is weighed with that.
    guards: Option<&'t [Rc<Guard>]>,
}

impl<'t> Names<'t> {
    fn scale(&self, target: &'t Tree) -> Scale<'t> {
        Scale::of(target, &self.ctes).amid(self.body)
    }
}

fn visit<'t>(tree: &'t Tree, names: &mut Names<'t>, statement: &mut Statement) {
    if only_shows(tree) {
        return;
    }
    let outside = names.ctes.len();
    if let Some(with) = tree.one("with_clause") {
        names.ctes.extend(with.all("ctes"));
        let is_write = matches!(tree.kind, "DeleteStmt" | "MergeStmt" | "UpdateStmt");
        statement.rests_on_literals |= is_write && holds_literal(with);
    }
    match tree.kind {
        "DeleteStmt" => write(Effect::Delete, tree, "using_clause", names, statement),
        "UpdateStmt" => write(Effect::Update, tree, "from_clause", names, statement),
        "MergeStmt" => merge(tree, names, statement),
        "InsertStmt" => insert(tree, names, statement),
        _ => {}
    }
    tree.nodes().for_each(|node| visit(node, names, statement));
    names.ctes.truncate(outside);
}

/// Whether it is an EXPLAIN that runs nothing.
pub(crate) fn only_shows(tree: &Tree) -> bool {
    // Which of several ANALYZEs counts PostgreSQL alone decides.
    let runs = |option: &Tree| option.text("defname") == "analyze" && !is_off(option);
    tree.kind == "ExplainStmt" && !tree.all("options").any(runs)
}

/// Whether an option is written as one that is not meant (define.c, `defGetBoolean`).
fn is_off(option: &Tree) -> bool {
    option.one("arg").is_some_and(|arg| match arg.kind {
        "Integer" => arg.number("ival") == 0,
        _ => ["false", "off"].iter().any(|off| arg.text("sval").eq_ignore_ascii_case(off)),
    })
}

fn write(effect: Effect, tree: &Tree, from: &'static str, names: &Names<'_>, statement: &mut Statement) {
    let Some(target) = tree.one("relation") else { return };
    let condition = tree.one("where_clause");
    let scale = names.scale(target).beside(tree.all(from), condition);
    statement.rests_on_literals |= condition.is_some_and(|condition| !holds_for_literals(condition));
    let parts = condition.map(|condition| (condition, false));
    let (own, of_row) = scale.apart(condition);
    let truth = own.into_iter().map(|part| scale.weigh(Some(part))).fold(Truth::Always, Truth::and);
    if of_row.is_empty() || truth.filters() {
        note(effect, target, truth, (&scale, parts), (names, statement));
    } else if !statement.unfiltered.contains(&written(effect, target)) {
        note_guarded(effect, target, names.guards.unwrap_or_default(), &of_row, statement);
    }
}

fn merge(tree: &Tree, names: &Names<'_>, statement: &mut Statement) {
    let Some(target) = tree.one("relation") else { return };
    let join = tree.one("join_condition");
    let scale = names.scale(target).beside(tree.all("source_relation"), join);
    for arm in tree.all("merge_when_clauses") {
        let command = i32::try_from(arm.number("command_type")).map(CmdType::try_from);
        if !matches!(command, Ok(Ok(CmdType::CmdUpdate | CmdType::CmdDelete))) {
            continue;
        }
        let is_left_over = arm.number("match_kind") == MergeMatchKind::MergeWhenNotMatchedBySource as i64;
        let is_met_by_none = is_left_over && scale.meets_none(join, tree.all("source_relation"));
        let joined = match is_left_over {
            true if is_met_by_none => Truth::Always,
            true => scale.weigh(join).not(),
            false => scale.weigh(join),
        };
        let condition = arm.one("condition");
        for condition in [join, condition].into_iter().flatten() {
            statement.rests_on_literals |= !holds_for_literals(condition);
        }
        let parts = join
            .filter(|_| !is_met_by_none)
            .map(|join| (join, is_left_over))
            .into_iter()
            .chain(condition.map(|one| (one, false)));
        let truth = joined.and(scale.weigh(condition));
        note(Effect::Merge, target, truth, (&scale, parts), (names, statement));
    }
}

/// An INSERT of rows that the table has updates each of them.
fn insert(tree: &Tree, names: &Names<'_>, statement: &mut Statement) {
    let (Some(target), Some(conflict)) = (tree.one("relation"), tree.one("on_conflict_clause")) else {
        return;
    };
    if conflict.number("action") != OnConflictAction::OnconflictUpdate as i64 {
        return;
    }
    let Some(select) = tree.one("select_stmt").filter(|select| !select.has(&["values_lists"])) else {
        return;
    };
    let scale = names.scale(target);
    if !scale.reads_all(select) {
        return;
    }
    let condition = conflict.one("where_clause");
    statement.rests_on_literals = true;
    // What would have been inserted is the row that is there.
    let scale = scale.called_too("excluded");
    let parts = condition.map(|condition| (condition, false));
    note(Effect::Insert, target, scale.weigh(condition), (&scale, parts), (names, statement));
}

/// Notes what a condition comes to that is made of all these parts, each as it is or its opposite. Where it depends on the row, the
/// catalog says later whether it is true of every one.
fn note<'t>(
    effect: Effect,
    target: &'t Tree,
    truth: Truth,
    (scale, parts): (&Scale<'t>, impl IntoIterator<Item = (&'t Tree, bool)>),
    (names, statement): (&Names<'t>, &mut Statement),
) {
    if let Some(guards) = names.guards {
        if !truth.filters() && !statement.unfiltered.contains(&written(effect, target)) {
            note_guarded(effect, target, guards, &[], statement);
        }
    } else {
        note_truth(effect, target, truth, (scale, parts), statement);
    }
}

fn note_truth<'t>(
    effect: Effect,
    target: &'t Tree,
    truth: Truth,
    (scale, parts): (&Scale<'t>, impl IntoIterator<Item = (&'t Tree, bool)>),
    statement: &mut Statement,
) {
    if !truth.filters() {
        statement.unfiltered.push(written(effect, target));
    } else if truth == Truth::Depends
        && let Some(condition) = Condition::of(|| written(effect, target), scale, parts)
    {
        statement.rests_on_literals |= condition.has_literals();
        statement.conditions.push(Arc::new(condition));
    }
}

/// Notes a write that leaves out what `guards` leave out, and parts of its own condition: conditions on the row of a loop, by which the rest
/// of that finds each row.
fn note_guarded<'t>(
    effect: Effect,
    target: &'t Tree,
    guards: &'t [Rc<Guard>],
    own: &[&'t Tree],
    statement: &mut Statement,
) {
    let conditions = || guards.iter().flat_map(|guard| &guard.parts).map(|(condition, _)| &**condition);
    let on_row = asked_by(guards).chain(own.iter().copied());
    let scale = Scale::of_rows(target, on_row);
    let (mut truth, mut open) = weigh_guards(&scale, guards);
    for part in own {
        truth = truth.and(scale.weigh_guard(part));
        open.push((*part, false));
    }
    statement.rests_on_literals |= conditions().any(holds_literal);
    note_truth(effect, target, truth, (&scale, open), statement);
}

/// What must be true of a loop's row comes to, and which of it depends on that, each as it is or its opposite.
pub(crate) fn weigh_guards<'t>(scale: &Scale<'t>, guards: &'t [Rc<Guard>]) -> (Truth, Vec<(&'t Tree, bool)>) {
    let mut truth = Truth::Always;
    let mut open = Vec::new();
    for guard in guards {
        let Guard { parts, is_left } = &**guard;
        let parts = parts.iter().filter_map(|(condition, negated)| Some((only_target(condition)?, *negated)));
        let parts: Vec<(&Tree, bool)> = parts.collect();
        let all = parts.iter().fold(Truth::Always, |all, (condition, negated)| {
            let truth = scale.weigh_guard(condition);
            all.and(if *negated { truth.not() } else { truth })
        });
        truth = truth.and(if *is_left { all.not() } else { all });
        match parts[..] {
            [(condition, negated)] if *is_left => open.push((condition, !negated)),
            // Not all of several: nothing is known of that.
            _ if *is_left && all != Truth::Never => truth = truth.and(Truth::Depends),
            _ if *is_left => {}
            _ => open.extend(parts),
        }
    }
    (truth, open)
}

/// What these conditions ask.
pub(crate) fn asked_by(guards: &[Rc<Guard>]) -> impl Iterator<Item = &Tree> {
    guards.iter().flat_map(|guard| &guard.parts).filter_map(|(condition, _)| only_target(condition))
}

fn written(effect: Effect, target: &Tree) -> Write {
    let (schema, name) = Source::name(target);
    let schema = (!schema.is_empty()).then(|| schema.to_owned());
    Write { effect, schema, name: name.to_owned() }
}
