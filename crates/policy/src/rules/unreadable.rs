//! What: a statement that cannot be read does not run.
//! Why: nobody could say what it does. Where PostgreSQL's own grammar rejects it, PostgreSQL would too, and the
//! client sees the same error; what only Picket cannot read is refused as such.
//! Example: `SELEC 1` fails with 42601; a statement with an impossible encoding is refused with 42501.

use sql::Unreadable;

use crate::verdict::Refusal;

pub(crate) const RULE: &str = "unreadable";

pub(crate) fn refuse(unreadable: &Unreadable) -> Refusal {
    match unreadable {
        Unreadable::Syntax { message } => Refusal {
            rule: RULE,
            sqlstate: "42601",
            message: message.clone(),
            detail: String::new(),
            hint: String::new(),
        },
        other => Refusal::guardrail(
            RULE,
            &format!("what cannot be read is not let through; {other}"),
            "Send it in smaller statements, encoded as UTF-8.",
        ),
    }
}
