//! What: ALTER SYSTEM.
//! Why: it changes the configuration of the whole server, for everybody and over restarts; logging is part of it.
//! Example: `ALTER SYSTEM SET log_statement = 'none'` is refused; `SET work_mem = '64MB'` is not.

use sql::Statement;
use sql::facts::Effect;

use crate::verdict::Refusal;

pub(crate) const RULE: &str = "no-alter-system";

pub(crate) fn check(statement: &Statement) -> Option<Refusal> {
    statement.effects.contains(&Effect::AlterSystem).then(|| {
        Refusal::guardrail(
            RULE,
            "it would change the configuration of the whole server",
            "Use SET, which counts for your session, or ask an administrator of the server.",
        )
    })
}
