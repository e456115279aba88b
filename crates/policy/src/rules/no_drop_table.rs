//! What: a table is not dropped, neither by name nor with the schema, owner or database that holds it.
//! Why: it cannot be undone, and an agent that runs an approved job must not be able to do it.
//! Example: `DROP TABLE users` is refused; `DROP TABLE pg_temp.scratch` is not.

use sql::Statement;
use sql::facts::Effect;

use crate::verdict::Refusal;

pub(crate) const RULE: &str = "no-drop-table";

pub(crate) fn check(statement: &Statement) -> Option<Refusal> {
    let because = statement.effects.iter().find_map(|effect| match effect {
        Effect::DropTable if !statement.changes_only_temporary() => {
            Some("tables are not dropped through Picket")
        }
        Effect::DropSchema => Some("dropping a schema can drop the tables in it"),
        Effect::DropCascade => Some("what it drops can take tables with it"),
        Effect::DropOwned => Some("dropping what a role owns can drop its tables"),
        Effect::DropDatabase => Some("dropping a database drops the tables in it"),
        _ => None,
    })?;
    Some(Refusal::guardrail(
        RULE,
        because,
        "Rename it out of the way (ALTER TABLE ... RENAME TO ...), or ask an administrator of the database to drop it.",
    ))
}
