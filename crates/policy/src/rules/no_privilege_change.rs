//! What: GRANT, REVOKE, ALTER DEFAULT PRIVILEGES, commands on roles, REASSIGN OWNED, OWNER TO, SECURITY DEFINER and LABEL.
//! Why: who may do what is decided where people are managed; a statement that changes it opens doors around Picket.
//! Example: `GRANT SELECT ON users TO PUBLIC` is refused; `SELECT 'grant'` and `SET ROLE reader` are not.

use sql::Statement;
use sql::facts::Effect;

use crate::verdict::Refusal;

pub(crate) const RULE: &str = "no-privilege-change";

pub(crate) fn check(statement: &Statement) -> Option<Refusal> {
    let because = statement.effects.iter().find_map(|effect| match effect {
        Effect::Grant => Some("privileges are not granted through Picket"),
        Effect::Revoke => Some("privileges are not revoked through Picket"),
        Effect::AlterDefaultPrivileges => Some("it would change which privileges new objects have"),
        Effect::LendRights => Some("a function would lend its owner's rights to whoever calls it"),
        Effect::Other("SecLabelStmt") => Some("security labels are not changed through Picket"),
        Effect::Role => Some("roles are not created, altered or dropped through Picket"),
        Effect::Reassign | Effect::Other("AlterOwnerStmt") => Some("it would give something another owner"),
        _ => None,
    })?;
    Some(Refusal::guardrail(RULE, because, "Ask an administrator of the database to do it."))
}
