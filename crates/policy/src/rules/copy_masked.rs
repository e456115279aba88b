//! What: `COPY … TO` of columns whose values are masked is refused.
//! Why: the mask rewrites result rows, not COPY data yet, and what cannot be masked is not let through.
//! Example: `COPY users TO STDOUT` is refused where `users` has a masked column; `COPY orders TO STDOUT` is not.

use sql::Statement;
use sql::facts::Effect;

use crate::verdict::Refusal;

pub(crate) fn check(statement: &Statement, is_masked: impl Fn(&Statement) -> bool) -> Option<Refusal> {
    (statement.effects.contains(&Effect::CopyOut) && is_masked(statement)).then(|| {
        Refusal::guardrail(
            "copy-masked",
            "it would copy columns whose values are masked for you",
            "Leave those columns out, or use SELECT, whose results are masked.",
        )
    })
}
