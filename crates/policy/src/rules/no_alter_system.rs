//! What: ALTER SYSTEM, and ALTER DATABASE with settings or limits.
//! Why: it changes the configuration for everybody and over restarts; logging, and who gets in, are part of it.
//! Example: `ALTER SYSTEM SET log_statement = 'none'` is refused; `SET work_mem = '64MB'` is not.

use sql::Statement;
use sql::facts::Effect;

use crate::verdict::Refusal;

pub(crate) const RULE: &str = "no-alter-system";

pub(crate) fn check(statement: &Statement) -> Option<Refusal> {
    let configures = |effect: &Effect| {
        matches!(effect, Effect::AlterSystem | Effect::Other("AlterDatabaseSetStmt" | "AlterDatabaseStmt"))
    };
    statement.effects.iter().any(configures).then(|| {
        Refusal::guardrail(
            RULE,
            "it would change the configuration of the whole server or database",
            "Use SET, which counts for your session, or ask an administrator of the server.",
        )
    })
}
