//! What a definition changes besides what it defines: protection that it takes away, rights that it lends, values that it
//! computes anew. A second look at statements that are no plain reads or writes; it tells nothing of those.

use pg_query::protobuf::{AlterTableType, ObjectType};

use crate::facts::{Effect, Statement, Write};
use crate::tree::Tree;

/// Kinds of statements that deserve the look.
pub(crate) const KINDS: [&str; 10] = [
    "AlterDomainStmt",
    "AlterFunctionStmt",
    "AlterPolicyStmt",
    "AlterTableStmt",
    "CreateFunctionStmt",
    "CreatePolicyStmt",
    "CreateTrigStmt",
    "RefreshMatViewStmt",
    "RenameStmt",
    "RuleStmt",
];

/// Options of a view without which it shows more, or takes more.
const VIEW_OPTIONS: [&str; 3] = ["check_option", "security_barrier", "security_invoker"];

/// Adds what the definition in `tree`, and each within it, does.
pub(crate) fn look(tree: &Tree, statement: &mut Statement) {
    let protects_less = match tree.kind {
        // A permissive policy lets more rows through; how it is changed, or what it replaces, is not seen.
        "AlterPolicyStmt" => true,
        "CreatePolicyStmt" => tree.number("permissive") != 0,
        "CreateTrigStmt" => tree.number("replace") != 0,
        // What was asked for does not happen.
        "RuleStmt" => tree.number("instead") != 0 || tree.number("replace") != 0,
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
            if tree.number("replace") != 0 && matches!(returns, Some("trigger" | "event_trigger")) {
                statement.add(Effect::ReplaceTriggerFunction);
                statement.replaces.extend(tree.name("funcname").pop().map(str::to_owned));
            }
            if tree.all("options").any(lends) {
                statement.add(Effect::LendRights);
            }
        }
        "AlterFunctionStmt" if tree.all("actions").any(lends) => statement.add(Effect::LendRights),
        // It shows nothing from then on.
        "RefreshMatViewStmt" if tree.number("skip_data") != 0 => statement.add(Effect::Truncate),
        "RenameStmt" if tree.number("rename_type") == ObjectType::ObjectRole as i64 => {
            statement.add(Effect::Role);
        }
        // What calls it, or would replace it, is known by its name.
        "RenameStmt" if is_routine(tree.number("rename_type")) => statement.add(Effect::DisableProtection),
        _ => {}
    }
    tree.nodes().for_each(|node| look(node, statement));
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

/// Whether whoever calls the function has its owner's rights, or it sees rows that nobody may see.
fn lends(option: &Tree) -> bool {
    let is_on = option.one("arg").is_some_and(|arg| arg.number("boolval") != 0);
    matches!(option.text("defname"), "security" | "leakproof") && is_on
}

fn alter_table(table: &Tree, command: &Tree, statement: &mut Statement) {
    let kind = i32::try_from(command.number("subtype")).map(AlterTableType::try_from);
    let Ok(Ok(kind)) = kind else { return };
    match kind {
        AlterTableType::AtDropConstraint => statement.add(Effect::DisableProtection),
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
        AlterTableType::AtAlterColumnType if computes(command) => {
            let relation = table.one("relation");
            let named = |field| relation.map(|relation| relation.text(field)).unwrap_or_default();
            let schema = (!named("schemaname").is_empty()).then(|| named("schemaname").to_owned());
            let name = named("relname").to_owned();
            statement.unfiltered.push(Write { effect: Effect::AlterTable, schema, name });
        }
        _ => {}
    }
}

/// Whether a column of another type gets values that are no conversion of those it has.
fn computes(command: &Tree) -> bool {
    let Some(mut using) = command.one("def").and_then(|column| column.one("raw_default")) else {
        return false;
    };
    while using.kind == "TypeCast" && using.one("type_name").is_some_and(|to| !to.has(&["typmods"])) {
        let Some(arg) = using.one("arg") else { return true };
        using = arg;
    }
    using.kind != "ColumnRef" || using.name("fields").pop() != Some(command.text("name"))
}
