//! Commands that a guardrail of their own refuses: each would have done something, and none does.

use anyhow::Result;
use e2e::psql::{self, Session};

use crate::stack::Stack;

/// Statements that the tables' owner, or the superuser, could run.
const REFUSED: [(&str, &str); 18] = [
    ("no-truncate", "TRUNCATE orders"),
    ("no-truncate", "TRUNCATE ONLY public.orders RESTART IDENTITY CASCADE"),
    ("no-drop", "DROP VIEW sales"),
    ("no-drop", "DROP FUNCTION twice(int)"),
    ("no-drop", "DROP INDEX by_status"),
    ("no-drop", "DROP SEQUENCE numbers"),
    ("no-privilege-change", "GRANT SELECT ON orders TO PUBLIC"),
    ("no-privilege-change", "REVOKE SELECT ON orders FROM shop_staff"),
    ("no-privilege-change", "ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO PUBLIC"),
    ("no-privilege-change", "ALTER ROLE shop_owner SET work_mem = '1MB'"),
    ("no-server-files", "COPY orders TO '/tmp/picket-must-not-be-there'"),
    ("no-server-files", "COPY orders FROM PROGRAM 'true'"),
    ("no-server-files", "SELECT pg_read_file('PG_VERSION')"),
    ("no-server-files", "SELECT count(*) FROM pg_catalog.pg_ls_dir('.')"),
    ("no-alter-system", "ALTER SYSTEM SET work_mem = '1MB'"),
    ("no-disable-protection", "ALTER TABLE orders DISABLE TRIGGER USER"),
    ("no-disable-protection", "ALTER TABLE orders DISABLE ROW LEVEL SECURITY"),
    ("no-disable-protection", "SET session_replication_role = replica"),
];

const OBJECTS: &str = "SET ROLE shop_owner; CREATE VIEW sales AS SELECT * FROM orders; \
    CREATE INDEX by_status ON orders (status); CREATE SEQUENCE numbers; \
    CREATE FUNCTION twice(n int) RETURNS int LANGUAGE sql AS 'SELECT 2 * n'";

#[test]
fn each_is_refused_by_its_rule() -> Result<()> {
    let stack = Stack::start()?;
    stack.truth(OBJECTS)?;
    let alice = stack.alice()?;
    for (rule, statement) in REFUSED {
        // It is a statement that PostgreSQL would run; what needs the cluster to itself is only parsed.
        if !matches!(rule, "no-alter-system" | "no-server-files") {
            stack.truth(&format!("BEGIN; {statement}; ROLLBACK"))?;
        }
        let output = psql::run(&alice, statement)?;
        assert!(output.stderr.contains("ERROR:  42501: "), "`{statement}` gave:\n{}", output.stderr);
        assert!(output.stderr.contains(&format!("\"{rule}\"")), "`{statement}` gave:\n{}", output.stderr);
    }
    assert_eq!(stack.truth("SELECT count(*) FROM sales")?, e2e::shop::ORDERS.to_string());
    Ok(())
}

#[test]
fn what_only_looks_like_it_is_let_through() -> Result<()> {
    let stack = Stack::start()?;
    stack.truth(OBJECTS)?;
    let mut session = Session::start(&stack.alice()?)?;
    for (statement, answer) in [
        ("CREATE TEMPORARY TABLE own AS SELECT 1 AS a;", "SELECT 1"),
        ("TRUNCATE pg_temp.own;", "TRUNCATE TABLE"),
        ("CREATE TEMPORARY VIEW seen AS SELECT 1 AS a;", "CREATE VIEW"),
        ("DROP VIEW pg_temp.seen;", "DROP VIEW"),
        ("ALTER VIEW sales RENAME TO sold;", "ALTER VIEW"),
        ("SELECT 'GRANT SELECT ON orders TO PUBLIC; TRUNCATE orders';", "GRANT"),
        ("SELECT 'pg_read_file(''x'')' AS text;", "pg_read_file"),
        ("SET work_mem = '8MB';", "SET"),
        ("ALTER TABLE orders ENABLE TRIGGER USER;", "ALTER TABLE"),
        ("ALTER TABLE orders ENABLE ROW LEVEL SECURITY;", "ALTER TABLE"),
    ] {
        let said = session.ask(statement)?;
        assert!(said.contains(answer), "`{statement}` was answered with:\n{said}");
    }
    assert_eq!(session.quit()?, 0);
    Ok(())
}
