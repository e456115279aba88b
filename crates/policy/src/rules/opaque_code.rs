//! What: code whose effects are not read neither runs (`DO`) nor is stored to be run later (`CREATE FUNCTION`).
//! Why: what a body does is not read yet, and what cannot be told is not let through.
//! Example: `DO $$ BEGIN EXECUTE 'drop table users'; END $$` is refused; a function that only inserts is not.

use sql::Statement;
use sql::facts::Effect;

use crate::verdict::Refusal;

pub(crate) const RULE: &str = "opaque-code";

pub(crate) fn check(statement: &Statement) -> Option<Refusal> {
    let (because, hint) = statement.effects.iter().find_map(|effect| match effect {
        Effect::Do => Some((
            "Picket cannot tell what the body of a DO block does",
            "Send the statements of the block one by one.",
        )),
        Effect::OpaqueBody => Some((
            "the body of this function could run commands that Picket does not read",
            "Write it in sql or plpgsql without ALTER, COPY, DISCARD, DO, DROP, EXECUTE, GRANT, REVOKE, TRUNCATE and other \
             functions' definitions, or ask an administrator of the database to create it.",
        )),
        _ => None,
    })?;
    Some(Refusal::guardrail(RULE, because, hint))
}
