//! What: TRUNCATE of tables that outlive the session.
//! Why: it takes every row, fires no row triggers, and what has been truncated no WHERE brings back.
//! Example: `TRUNCATE orders` is refused; `TRUNCATE pg_temp.scratch` is not.

use sql::Statement;
use sql::facts::Effect;

use crate::verdict::Refusal;

pub(crate) const RULE: &str = "no-truncate";

pub(crate) fn check(statement: &Statement) -> Option<Refusal> {
    (statement.effects.contains(&Effect::Truncate) && !statement.changes_only_temporary()).then(|| {
        Refusal::guardrail(
            RULE,
            "it would take every row of a table",
            "Use DELETE with a condition. A temporary table can be named pg_temp.NAME.",
        )
    })
}
