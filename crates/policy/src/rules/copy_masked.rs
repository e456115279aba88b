//! What: `COPY … TO` from a relation that has masked columns is refused, whichever columns it names.
//! Why: the mask rewrites result rows, not COPY data yet, and what cannot be masked is not let through.
//! Example: `COPY users TO STDOUT` is refused where `users` has a masked column; `COPY orders TO STDOUT` is not.

use sql::Statement;
use sql::facts::Effect;

use crate::verdict::Refusal;

pub(crate) const RULE: &str = "copy-masked";

pub(crate) fn check(statement: &Statement, is_masked: impl Fn(&Statement) -> bool) -> Option<Refusal> {
    (statement.effects.contains(&Effect::CopyOut) && is_masked(statement)).then(|| {
        Refusal::guardrail(
            RULE,
            "it would copy from a relation that has masked columns",
            "Use SELECT, whose results are masked.",
        )
    })
}
