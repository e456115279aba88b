//! What: an anonymous code block (`DO`) does not run.
//! Why: what its body does is not read yet, and what cannot be told is not let through.
//! Example: `DO $$ BEGIN EXECUTE 'drop table users'; END $$` is refused.

use sql::Statement;
use sql::facts::Effect;

use crate::verdict::Refusal;

const RULE: &str = "opaque-code";

pub(crate) fn check(statement: &Statement) -> Option<Refusal> {
    statement.effects.contains(&Effect::Do).then(|| {
        Refusal::guardrail(
            RULE,
            "Picket cannot tell what the body of a DO block does",
            "Send the statements of the block one by one.",
        )
    })
}
