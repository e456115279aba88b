//! Columns of a statement's result, by what flows into them.

use super::mentions::Mentions;
use super::results::{branches, has_star, is_plain_star, is_star, results};
use crate::tree::Tree;

/// Columns of a result.
#[derive(Debug)]
pub(super) enum Outputs {
    Expressions(Vec<Mentions>),
    /// With stars among them: their names must do.
    Named,
    /// Any of this can be in any of them.
    AnyOf(Mentions),
}

impl Outputs {
    /// Nobody knows.
    fn unknown() -> Self {
        Outputs::AnyOf(Mentions::star())
    }

    pub(super) fn of(statement: &Tree) -> Self {
        match statement.kind {
            "SelectStmt" if !has_star(statement) => Outputs::Expressions(branches(statement)),
            // Stars on either side shift what stands beside them.
            "SelectStmt" if statement.one("larg").is_some() => Outputs::unknown(),
            "SelectStmt" | "InsertStmt" | "UpdateStmt" | "DeleteStmt" | "MergeStmt" => {
                let results = results(statement);
                match results.iter().any(|target| is_star(target)) {
                    false => Outputs::Expressions(results.into_iter().map(Mentions::of).collect()),
                    // Names of what `(value).*` gives are those of its type.
                    true if results.iter().any(|target| is_star(target) && !is_plain_star(target)) => {
                        let mut all = Mentions::default();
                        results.into_iter().for_each(|target| all.take(target));
                        Outputs::AnyOf(all)
                    }
                    true => Outputs::Named,
                }
            }
            "DeclareCursorStmt" | "PrepareStmt" => {
                statement.one("query").map_or_else(Outputs::unknown, Outputs::of)
            }
            // What its RETURNING shows in the place of what a write returns; what a SELECT gives is a result of its own.
            "RuleStmt" => {
                let returning = |action: &&Tree| action.kind != "SelectStmt" && !results(action).is_empty();
                match statement.all("actions").find(returning).map(Outputs::of) {
                    Some(Outputs::Named) | None => Outputs::unknown(),
                    Some(outputs) => outputs,
                }
            }
            // They show no values; what functions gave that are called while a plan is made hides the plan as a whole.
            "ExplainStmt" | "VariableShowStmt" => Outputs::AnyOf(Mentions::default()),
            _ => Outputs::unknown(),
        }
    }
}
