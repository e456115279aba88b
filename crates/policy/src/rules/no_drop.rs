//! What: DROP of columns, views, functions, indexes, sequences, types and all else that is no table and holds none.
//! Why: a column's values are gone with it, applications stop without the others, and what depended on them goes with
//! CASCADE. Tables are kept by `no-drop-table`.
//! Example: `DROP VIEW sales` is refused; `DROP VIEW pg_temp.scratch` and `ALTER VIEW sales RENAME TO old_sales` are not.

use sql::Statement;
use sql::facts::Effect;

use crate::verdict::Refusal;

pub(crate) const RULE: &str = "no-drop";

pub(crate) fn check(statement: &Statement) -> Option<Refusal> {
    let drops = |effect: &Effect| matches!(effect, Effect::Drop | Effect::DropColumn);
    (statement.effects.iter().any(drops) && !statement.changes_only_temporary()).then(|| {
        Refusal::guardrail(
            RULE,
            "what a database is made of is not dropped through Picket",
            "Rename it out of the way (ALTER ... RENAME TO ...), or ask an administrator of the database to drop it.",
        )
    })
}
