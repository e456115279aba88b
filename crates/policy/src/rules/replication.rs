//! What: replication connections, and the commands that are sent over them.
//! Why: they carry the database's own log and files, in which nothing is a statement and nothing can be masked.
//! Example: `pg_basebackup` and `pg_receivewal` are refused; a SELECT is not.

use crate::verdict::Refusal;

pub(crate) const RULE: &str = "no-replication";

/// A replication connection, or a command sent over one.
pub(crate) fn refuse() -> Refusal {
    Refusal::guardrail(
        RULE,
        "replication carries the database as it is, and nothing in it can be masked",
        "Whoever runs Picket can let replication pass: no-replication = \"observe\" under [policy.mode].",
    )
}

/// SQL over a connection for physical replication, which PostgreSQL takes none over either (walsender.c).
pub(crate) fn refuse_sql() -> Refusal {
    Refusal {
        rule: RULE,
        sqlstate: "0A000",
        message: "cannot execute SQL commands in WAL sender for physical replication".to_owned(),
        detail: format!("Rule \"{RULE}\": it has no database whose columns could be masked."),
        hint: "Connect with replication=database, or without replication.".to_owned(),
    }
}
