//! What a definition changes besides what it defines: protection that it takes away, rights that it lends, values that it
//! computes anew. A second look at statements that are no plain reads or writes; it tells nothing of those.

use pg_query::protobuf::{AlterTableType, AlterTsConfigType, ObjectType, RoleSpecType};

use crate::facts::{Effect, Retyped, Statement, Write};
use crate::names::{self, Name};
use crate::tree::Tree;
use crate::view;

/// Kinds of statements that deserve the look.
pub(crate) const KINDS: [&str; 18] = [
    "AlterDomainStmt",
    "AlterFunctionStmt",
    "AlterObjectSchemaStmt",
    "AlterOpFamilyStmt",
    "AlterPolicyStmt",
    "AlterTableStmt",
    "AlterTsConfigurationStmt",
    "CreateEventTrigStmt",
    "CreateFunctionStmt",
    "CreatePolicyStmt",
    "CreateSchemaStmt",
    "CreateTrigStmt",
    "CreatedbStmt",
    "RefreshMatViewStmt",
    "ReindexStmt",
    "RenameStmt",
    "RuleStmt",
    "ViewStmt",
];

/// Options of a view without which it shows more, or takes more.
const VIEW_OPTIONS: [&str; 3] = ["check_option", "security_barrier", "security_invoker"];

/// Types that keep only a part of what is cast to them, and say nothing of it. The first is `"char"`, not `char`.
const CUTTING: [&str; 2] = ["char", "name"];

/// Those that somebody means by their name, but not on the way to another one: of `price::int::numeric` the cents are gone.
const CUTTING_BETWEEN: [&str; 7] = ["bool", "date", "float4", "int2", "int4", "int8", "time"];

/// `TRIGGER_TYPE_INSTEAD` (pg_trigger.h).
const INSTEAD: i64 = 64;

/// Adds what the definition in `tree`, and each within it, does.
pub(crate) fn look(tree: &Tree, statement: &mut Statement) {
    let protects_less = match tree.kind {
        // A permissive policy lets more rows through; how it is changed, or what it replaces, is not seen.
        "AlterPolicyStmt" => true,
        "CreatePolicyStmt" => tree.number("permissive") != 0,
        // One that runs instead of a view's writes decides whether they happen.
        "CreateTrigStmt" => tree.number("replace") != 0 || tree.number("timing") & INSTEAD != 0,
        // What was asked for does not happen.
        "RuleStmt" => tree.number("instead") != 0 || tree.number("replace") != 0 || takes_back(tree),
        "AlterDomainStmt" => tree.text("subtype") == "X",
        _ => false,
    };
    if protects_less {
        statement.add(Effect::DisableProtection);
    }
    match tree.kind {
        "AlterTableStmt" => tree.all("cmds").for_each(|command| alter_table(tree, command, statement)),
        "CreateFunctionStmt" => {
            let returns = tree.one("return_type").and_then(|of| of.name("names").pop());
            // Triggers that call it do something else from then on.
            let name = tree.name("funcname").pop().filter(|_| tree.number("replace") != 0);
            if matches!(returns, Some("trigger" | "event_trigger")) {
                if name.is_some() {
                    statement.add(Effect::ReplaceTriggerFunction);
                }
                statement.replaces.extend(name.map(str::to_owned));
            } else {
                statement.redefines.extend(name.map(str::to_owned));
            }
            if tree.all("options").any(lends) {
                statement.add(Effect::LendRights);
            }
        }
        "AlterFunctionStmt" => {
            let name = tree.one("func").and_then(|function| function.name("objname").pop());
            statement.redefines.extend(name.map(str::to_owned));
            if tree.all("actions").any(lends) {
                statement.add(Effect::LendRights);
            }
        }
        // It shows nothing from then on.
        "RefreshMatViewStmt" if tree.number("skip_data") != 0 => {
            statement.add(Effect::Truncate);
            let view = tree.one("relation").map(names::name);
            let truncates = |Name { schema, name }| Write { effect: Effect::Truncate, schema, name };
            statement.writes.extend(view.map(truncates));
        }
        "RenameStmt" if tree.number("rename_type") == ObjectType::ObjectRole as i64 => {
            statement.add(Effect::Role);
        }
        // Nobody who asks for it by its name comes in any more.
        "RenameStmt" if tree.number("rename_type") == ObjectType::ObjectDatabase as i64 => {
            statement.add(Effect::AlterSystem);
        }
        "RenameStmt" if is_outside(tree.number("rename_type")) => statement.add(Effect::Redirect),
        "AlterObjectSchemaStmt" if is_outside(tree.number("object_type")) => statement.add(Effect::Redirect),
        "ReindexStmt" if tree.all("params").any(|option| option.text("defname") == "tablespace") => {
            statement.add(Effect::Redirect);
        }
        "ViewStmt" => statement.replaced_views.extend(view::replacing(tree)),
        "CreateEventTrigStmt" if tree.text("eventname") == "login" => statement.add(Effect::AlterSystem),
        "AlterOpFamilyStmt" if tree.number("is_drop") != 0 => statement.add(Effect::Drop),
        "AlterTsConfigurationStmt"
            if tree.number("kind") == AlterTsConfigType::AlterTsconfigDropMapping as i64 =>
        {
            statement.add(Effect::Drop);
        }
        "CreateSchemaStmt" if tree.one("authrole").is_some_and(is_somebody_named) => {
            statement.add(Effect::Reassign);
        }
        "CreatedbStmt" if tree.all("options").any(|option| option.text("defname") == "owner") => {
            statement.add(Effect::Reassign);
        }
        // What calls it, or would replace it, is known by its name.
        "RenameStmt" if is_routine(tree.number("rename_type")) => statement.add(Effect::DisableProtection),
        _ => {}
    }
    tree.nodes().for_each(|node| look(node, statement));
}

/// Whether a rule deletes what it is told of from where it was put.
fn takes_back(rule: &Tree) -> bool {
    let Some(own) = rule.one("relation") else { return false };
    let is_own = |target: &Tree| target.text("relname") == own.text("relname");
    let takes = |action: &Tree| action.one("relation").is_some_and(is_own) && names_new(action);
    rule.all("actions").any(|action| action.kind == "DeleteStmt" && takes(action))
}

/// Whether it speaks of the row that was written.
fn names_new(tree: &Tree) -> bool {
    tree.kind == "ColumnRef" && tree.name("fields").first() == Some(&"new") || tree.nodes().any(names_new)
}

fn is_routine(kind: i64) -> bool {
    let routines = [
        ObjectType::ObjectAggregate,
        ObjectType::ObjectFunction,
        ObjectType::ObjectProcedure,
        ObjectType::ObjectRoutine,
    ];
    routines.iter().any(|routine| *routine as i64 == kind)
}

/// What reaches beyond the database, or says where code and data of it are.
fn is_outside(kind: i64) -> bool {
    let outside = [
        ObjectType::ObjectExtension,
        ObjectType::ObjectFdw,
        ObjectType::ObjectForeignServer,
        ObjectType::ObjectLanguage,
        ObjectType::ObjectTablespace,
    ];
    outside.iter().any(|object| *object as i64 == kind)
}

/// Whether a role is not just whoever asks.
fn is_somebody_named(role: &Tree) -> bool {
    role.number("roletype") == RoleSpecType::RolespecCstring as i64
}

/// Whether whoever calls the function has its owner's rights, or it sees rows that nobody may see.
fn lends(option: &Tree) -> bool {
    let is_on = option.one("arg").is_some_and(|arg| arg.number("boolval") != 0);
    matches!(option.text("defname"), "security" | "leakproof") && is_on
}

fn alter_table(table: &Tree, command: &Tree, statement: &mut Statement) {
    let kind = i32::try_from(command.number("subtype")).map(AlterTableType::try_from);
    let Ok(Ok(kind)) = kind else { return };
    match kind {
        // What was generated is what somebody writes, from then on; a table without a log is empty after a crash, and not on replicas.
        AlterTableType::AtDropConstraint
        | AlterTableType::AtDropExpression
        | AlterTableType::AtSetUnLogged => statement.add(Effect::DisableProtection),
        // Its sequence goes.
        AlterTableType::AtDropIdentity => statement.add(Effect::Drop),
        AlterTableType::AtAlterColumnGenericOptions
        | AlterTableType::AtGenericOptions
        | AlterTableType::AtSetTableSpace => statement.add(Effect::Redirect),
        // Replicas cannot tell any more which row has changed.
        AlterTableType::AtReplicaIdentity
            if command.one("def").is_some_and(|identity| identity.text("identity_type") == "n") =>
        {
            statement.add(Effect::DisableProtection);
        }
        AlterTableType::AtAlterConstraint => {
            let is_ended = command.one("def").is_some_and(|constraint| {
                constraint.number("alter_enforceability") != 0 && constraint.number("is_enforced") == 0
            });
            if is_ended {
                statement.add(Effect::DisableProtection);
            }
        }
        AlterTableType::AtSetRelOptions | AlterTableType::AtResetRelOptions => {
            let options = command.one("def").into_iter().flat_map(|list| list.all("items"));
            if options.into_iter().any(|option| VIEW_OPTIONS.contains(&option.text("defname"))) {
                statement.add(Effect::DisableProtection);
            }
        }
        AlterTableType::AtSetExpression => compute_anew(table, statement),
        AlterTableType::AtAlterColumnType => {
            statement.retyped.extend(retyped(table, command));
            if computes(command) {
                compute_anew(table, statement);
            }
        }
        _ => {}
    }
}

/// Which column gets which type.
fn retyped(table: &Tree, command: &Tree) -> Option<Retyped> {
    let to = command.one("def")?.one("type_name")?;
    let mut names = to.name("names");
    let name = names.pop()?.to_owned();
    let to = Name { schema: names.pop().map(str::to_owned), name };
    let is_plain = !command.one("def")?.one("type_name")?.has(&["array_bounds", "setof", "pct_type"]);
    let table = names::name(table.one("relation")?);
    Some(Retyped { table, column: command.text("name").to_owned(), to, is_plain })
}

/// Notes that each row gets another value.
fn compute_anew(table: &Tree, statement: &mut Statement) {
    let relation = table.one("relation");
    let named = |field| relation.map(|relation| relation.text(field)).unwrap_or_default();
    let schema = (!named("schemaname").is_empty()).then(|| named("schemaname").to_owned());
    let name = named("relname").to_owned();
    statement.unfiltered.push(Write { effect: Effect::AlterTable, schema, name });
}

/// Whether a column of another type gets values that are no conversion of those it has, or keep only a part.
fn computes(command: &Tree) -> bool {
    let Some(column) = command.one("def") else { return false };
    if column.one("type_name").is_some_and(|to| is_one_of(&CUTTING, to)) {
        return true;
    }
    let Some(mut using) = column.one("raw_default") else { return false };
    // A number on the way to a truth value keeps all that matters: `'0'::int::boolean`.
    let is_truth = using.one("type_name").is_some_and(|to| is_one_of(&["bool"], to));
    let mut is_between = false;
    while using.kind == "TypeCast" && using.one("type_name").is_some_and(|to| !to.has(&["typmods"])) {
        let (Some(to), Some(arg)) = (using.one("type_name"), using.one("arg")) else { return true };
        if is_one_of(&CUTTING, to) || is_between && !is_truth && is_one_of(&CUTTING_BETWEEN, to) {
            return true;
        }
        is_between = true;
        using = arg;
    }
    using.kind != "ColumnRef" || using.name("fields").pop() != Some(command.text("name"))
}

/// Whether a type is one of these of PostgreSQL's.
fn is_one_of(names: &[&str], to: &Tree) -> bool {
    !to.has(&["array_bounds"]) && to.name("names").pop().is_some_and(|name| names.contains(&name))
}
