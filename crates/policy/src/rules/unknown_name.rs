//! What: a Bind or Execute of something that Picket has not seen being made does not run.
//! Why: what it would run was not read, and so cannot have been judged.
//! Example: a Bind of a statement that a function made by `EXECUTE 'PREPARE …'` is refused.

use crate::verdict::Refusal;

pub(crate) const RULE: &str = "unknown-name";

pub(crate) fn refuse(kind: &str, sqlstate: &'static str, name: &str) -> Refusal {
    Refusal {
        rule: RULE,
        sqlstate,
        message: format!("{kind} \"{name}\" does not exist"),
        detail: format!(
            "Picket has not seen this session make that {kind} with the extended query protocol."
        ),
        hint: "A statement made by PREPARE is run by EXECUTE, a cursor made by DECLARE is read by FETCH."
            .to_owned(),
    }
}
