//! What: PostgreSQL's own tables are not written by INSERT, UPDATE, DELETE, MERGE, COPY or TRUNCATE.
//! Why: `UPDATE pg_authid` makes a superuser, `UPDATE pg_trigger` switches triggers off, `DELETE FROM pg_class` loses a table: each
//! goes past the command for it and past the rule on that command.
//! Example: `UPDATE pg_class SET relrowsecurity = false` is refused; `SELECT * FROM pg_class` is not.

use sql::Statement;
use sql::facts::{Access, Effect, RelationUse};

use crate::verdict::Refusal;

pub(crate) const RULE: &str = "no-catalog-write";

pub(crate) fn check(statement: &Statement) -> Option<Refusal> {
    let writes = |effect: &Effect| {
        matches!(
            effect,
            Effect::CopyIn
                | Effect::Delete
                | Effect::Insert
                | Effect::Merge
                | Effect::Truncate
                | Effect::Update
        )
    };
    // `pg_settings` is left to `lexing-settings`.
    let is_own = |used: &RelationUse| match used.schema.as_deref() {
        _ if used.access == Access::Read || used.name == "pg_settings" => false,
        None => used.name.starts_with("pg_"),
        Some(schema) => matches!(schema, "pg_catalog" | "information_schema" | "pg_toast"),
    };
    (statement.effects.iter().any(writes) && statement.relations.iter().any(is_own)).then(|| {
        Refusal::guardrail(
            RULE,
            "it would write to PostgreSQL's own tables",
            "Use the command that is there for it, or ask an administrator of the database.",
        )
    })
}
