//! What: the function-call message of protocol 3 (libpq's `PQfn`) is refused.
//! Why: it names a function by number and shows no statement, so that nothing can be read.
//! Example: `lo_open` through `PQfn` is refused; `SELECT lo_open(…)` is not.

use crate::verdict::Refusal;

pub(crate) const RULE: &str = "no-fast-path";

pub(crate) fn refuse() -> Refusal {
    Refusal::guardrail(
        RULE,
        "a fast-path call names a function by number and shows no statement",
        "Call the function in a SELECT.",
    )
}
