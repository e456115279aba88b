//! Whether a statement may give other names, or other meanings, to what lasts.

use crate::facts::{Effect, Statement};

/// Commands after which each name means what it meant before, or nothing.
const KEEPING: [&str; 25] = [
    "AlterSeqStmt",
    "CheckPointStmt",
    "ClosePortalStmt",
    "ClusterStmt",
    "CommentStmt",
    "ConstraintsSetStmt",
    "CreateSeqStmt",
    "CreateStatsStmt",
    "CreatedbStmt",
    "DeallocateStmt",
    "DeclareCursorStmt",
    "DiscardStmt",
    "FetchStmt",
    "IndexStmt",
    "ListenStmt",
    "LoadStmt",
    "LockStmt",
    "NotifyStmt",
    "RefreshMatViewStmt",
    "ReindexStmt",
    "ReturnStmt",
    "SecLabelStmt",
    "UnlistenStmt",
    "VacuumStmt",
    "VariableShowStmt",
];

impl Statement {
    /// Whether after it a name of a relation, column or function may mean what the catalog does not show yet.
    pub fn moves_names(&self) -> bool {
        let moves = |effect: &Effect| match effect {
            Effect::AlterTable
            | Effect::CreateTable
            | Effect::DisableProtection
            | Effect::DropColumn
            | Effect::LendRights
            | Effect::OpaqueBody
            | Effect::OpaqueCall
            | Effect::OpaqueDo
            | Effect::ReplaceTriggerFunction => true,
            Effect::Other(kind) => !KEEPING.contains(kind),
            _ => false,
        };
        self.commits_prepared || self.effects.iter().any(moves)
    }
}

#[cfg(test)]
mod tests {
    use crate::read;

    #[test]
    fn definitions_move_names_and_what_reads_and_writes_does_not() {
        let moves =
            |text: &str| read(text.as_bytes()).unwrap().statements.iter().any(super::Statement::moves_names);
        for text in [
            "alter table t rename to u",
            "alter table t rename a to b",
            "alter table t add column a text",
            "alter table t set schema s",
            "create view v as select 1 as a",
            "create or replace view v as select 1 as a",
            "create table t (a text)",
            "create temp table t as select 1 as a",
            "create function f() returns int language sql as 'select 1'",
            "alter function f() rename to g",
            "create rule r as on update to t do also select 1",
            "do $$ begin execute 'alter table t rename to u'; end $$",
        ] {
            assert!(moves(text), "{text}");
        }
        for text in [
            "select 1",
            "insert into t values (1)",
            "update t set a = 1 where b = 2",
            "begin",
            "commit",
            "set a = 1",
            "truncate t",
            "create index on t (a)",
            "prepare p as select 1",
            "explain select 1",
            "vacuum t",
            "declare c cursor for select 1",
            "notify n, 'x'",
        ] {
            assert!(!moves(text), "{text}");
        }
    }
}
