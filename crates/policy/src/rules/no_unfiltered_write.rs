//! What: an UPDATE, DELETE or MERGE does not change all rows of a table: its condition keeps some apart.
//! Why: it is what one forgotten line, or one wrong guess of an agent, does to a whole table. A condition that is true of
//! each row whatever is in it (`WHERE true`, `id = id`, `1 = 1 OR …`) is none.
//! Example: `DELETE FROM orders` is refused; `DELETE FROM orders WHERE status = 'open'` is not.

use sql::Statement;
use sql::facts::Effect;

use crate::verdict::Refusal;

pub(crate) const RULE: &str = "no-unfiltered-write";

pub(crate) fn check(statement: &Statement) -> Option<Refusal> {
    let because = match statement.unfiltered.first()?.effect {
        Effect::AlterTable => "the ALTER TABLE computes each value of a column anew",
        Effect::Delete => "the DELETE has no condition that leaves any row of the table out",
        Effect::Merge => "the MERGE has no condition that leaves any row of the table out",
        _ => "the UPDATE has no condition that leaves any row of the table out",
    };
    Some(Refusal::guardrail(RULE, because, "Say which rows you mean in WHERE, by their columns."))
}
