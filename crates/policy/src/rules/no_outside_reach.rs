//! What: extensions, libraries, languages, foreign servers and tables, subscriptions and publications, tablespaces.
//! Why: through them a statement reaches files, programs and other servers, or code that nobody reads, where no rule looks.
//! Example: `CREATE SERVER s FOREIGN DATA WRAPPER file_fdw` and `CREATE EXTENSION dblink` are refused; `SELECT` from a foreign
//! table that is there is not.

use sql::Statement;
use sql::facts::Effect;

use crate::verdict::Refusal;

pub(crate) const RULE: &str = "no-outside-reach";

/// Commands, as PostgreSQL's grammar names them.
const COMMANDS: [&str; 25] = [
    "AlterExtensionContentsStmt",
    "AlterExtensionStmt",
    "AlterFdwStmt",
    "AlterForeignServerStmt",
    "AlterPublicationStmt",
    "AlterSubscriptionStmt",
    "AlterTableMoveAllStmt",
    "AlterTableSpaceOptionsStmt",
    "AlterUserMappingStmt",
    "CreateAmStmt",
    "CreateExtensionStmt",
    "CreateFdwStmt",
    "CreateForeignServerStmt",
    "CreateForeignTableStmt",
    "CreatePLangStmt",
    "CreatePublicationStmt",
    "CreateSubscriptionStmt",
    "CreateTableSpaceStmt",
    "CreateTransformStmt",
    "CreateUserMappingStmt",
    "DropSubscriptionStmt",
    "DropTableSpaceStmt",
    "DropUserMappingStmt",
    "ImportForeignSchemaStmt",
    "LoadStmt",
];

pub(crate) fn check(statement: &Statement) -> Option<Refusal> {
    let reaches = |effect: &Effect| matches!(effect, Effect::Other(kind) if COMMANDS.contains(kind));
    statement.effects.iter().any(reaches).then(|| {
        Refusal::guardrail(
            RULE,
            "it opens a way to files, programs, code or servers outside of the database",
            "Ask an administrator of the database to do it.",
        )
    })
}
