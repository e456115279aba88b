//! A write that would touch every row of a table is refused, and PostgreSQL itself shows that it would have.

use anyhow::{Context, Result};
use e2e::psql::{self, Session};

use crate::stack::{Stack, text, words};

/// Conditions that leave out nothing.
const OPEN: [&str; 30] = [
    "true",
    "1 = 1",
    "'1' = 1",
    "id = orders.id",
    "id IS NOT DISTINCT FROM id",
    "id = 7 OR 'yes'::bool",
    "id < 7 OR id >= 7",
    "id IN (SELECT id FROM orders)",
    "status LIKE '%'",
    "EXISTS (SELECT count(*) FROM users WHERE false)",
    "ctid IS NOT NULL",
    "coalesce(NULL, true)",
    "CASE WHEN id = 7 THEN true ELSE NOT false END",
    "(id IS NULL) IS NOT NULL",
    "id = id + 0",
    "status || '' = status",
    "coalesce(id, 0) = id",
    "id - id = 0",
    "id * 0 = 0",
    "length(status) >= 0",
    "abs(id) > -1",
    "random() < 2",
    "status >= ''",
    "ctid > '(0,0)'",
    "tableoid = 'orders'::regclass",
    "-(-id) = id",
    "status LIKE status",
    "array[id] && array[id]",
    "nullif(id, NULL) = id",
    "starts_with('abc', 'a')",
];

#[test]
fn a_write_to_every_row_is_refused() -> Result<()> {
    let stack = Stack::start()?;
    let alice = stack.alice()?;
    let owner = stack.owner();
    let all = format!("{}", e2e::shop::ORDERS);
    let refused = |statement: &str| -> Result<()> {
        let output = psql::run(&alice, statement)?;
        assert!(output.stderr.contains("ERROR:  42501: "), "`{statement}` gave:\n{}", output.stderr);
        assert!(output.stderr.contains("\"no-unfiltered-write\""), "`{statement}` gave:\n{}", output.stderr);
        Ok(())
    };
    for condition in OPEN {
        let touched = format!(
            "WITH gone AS (DELETE FROM orders WHERE {condition} RETURNING 1) SELECT count(*) FROM gone"
        );
        let truth = psql::run(&owner, &format!("BEGIN; {touched}; ROLLBACK"))?.success();
        assert_eq!(truth.with_context(|| format!("run `{touched}`"))?.trim(), all, "{condition}");
        refused(&format!("DELETE FROM orders WHERE {condition}"))?;
        refused(&format!("UPDATE orders SET quantity = 9 WHERE {condition}"))?;
    }
    for statement in [
        "DELETE FROM orders",
        "UPDATE users SET city = 'Nowhere'",
        "DELETE FROM orders USING users u WHERE u.id = 1",
        "WITH gone AS (DELETE FROM orders RETURNING id) SELECT count(*) FROM gone",
        "EXPLAIN ANALYZE DELETE FROM orders",
        "MERGE INTO orders o USING users u ON true WHEN MATCHED AND u.id = 1 THEN DELETE",
    ] {
        refused(statement)?;
    }
    let left = stack.truth("SELECT count(*) FROM orders WHERE quantity < 9")?;
    assert_eq!(left, all);
    assert_eq!(stack.truth("SELECT count(*) FROM users WHERE city = 'Nowhere'")?, "0");
    let row = stack.statement("DELETE FROM orders")?;
    assert_eq!((text(&row, "verdict")?, words(&row, "rules")?), ("refuse", vec!["no-unfiltered-write"]));
    Ok(())
}

#[test]
fn a_write_to_some_rows_is_let_through() -> Result<()> {
    let stack = Stack::start()?;
    let mut session = Session::start(&stack.alice()?)?;
    for (statement, answer) in [
        ("UPDATE orders SET quantity = 1 WHERE id = 1;", "UPDATE 1"),
        ("DELETE FROM orders WHERE id IN (1, 2);", "DELETE 2"),
        ("DELETE FROM orders WHERE 1 = 0;", "DELETE 0"),
        ("DELETE FROM orders o USING users u WHERE u.id = o.user_id AND o.id = 3;", "DELETE 1"),
        ("DELETE FROM orders WHERE status = 'WHERE true';", "DELETE 0"),
        ("EXPLAIN DELETE FROM orders;", "Delete on orders"),
        ("CREATE TEMPORARY TABLE own AS SELECT 1 AS a;", "SELECT 1"),
        ("DELETE FROM pg_temp.own;", "DELETE 1"),
    ] {
        session.expect(statement, answer)?;
    }
    assert_eq!(session.quit()?, 0);
    Ok(())
}

/// The proxy remembers texts without their literals: here these make the difference.
#[test]
fn a_literal_that_opens_the_condition_is_seen_behind_one_that_does_not() -> Result<()> {
    let stack = Stack::start()?;
    let mut session = Session::start(&stack.alice()?)?;
    for (shut, open) in [("1 = 0", "1 = 1"), ("status LIKE 'x'", "status LIKE '%'")] {
        let shut = session.ask(&format!("DELETE FROM orders WHERE {shut};"))?;
        assert_eq!(shut, "DELETE 0");
        let open = session.ask(&format!("DELETE FROM orders WHERE {open};"))?;
        assert!(open.contains("no-unfiltered-write"), "{open}");
    }
    assert_eq!(session.quit()?, 0);
    Ok(())
}

/// A function that takes an order away, and views.
const CLOSING: &str = "\
    CREATE FUNCTION closed(n int) RETURNS int LANGUAGE plpgsql AS $$ BEGIN DELETE FROM orders WHERE id = n; RETURN n; END $$; \
    CREATE VIEW every_order AS SELECT id, status FROM orders; CREATE VIEW one_order AS SELECT id FROM orders WHERE id = 7";

/// Rows that a body hands to a function are rows that it changes, by whichever way they come.
#[test]
fn rows_that_are_handed_to_a_function_one_after_the_other_are_every_row() -> Result<()> {
    let stack = Stack::start()?;
    psql::run(&stack.owner(), CLOSING)?.success()?;
    let (alice, owner) = (stack.alice()?, stack.owner());
    for text in [
        "SELECT count(closed(id)) FROM orders",
        "SELECT count(closed(id)) FROM every_order",
        "SELECT count(closed(x)) FROM unnest(array(SELECT id FROM orders)) x",
        "DO $$ BEGIN PERFORM closed(id) FROM orders; END $$",
        "DO $$ DECLARE r record; BEGIN FOR r IN SELECT * FROM every_order LOOP PERFORM closed(r.id); END LOOP; END $$",
        "DO $$ DECLARE x int; BEGIN FOREACH x IN ARRAY array(SELECT id FROM orders) LOOP x := closed(x); END LOOP; END $$",
        "DO $$ DECLARE ids int[]; BEGIN SELECT array_agg(id) INTO ids FROM orders; PERFORM closed(x) FROM unnest(ids) x; END $$",
        "DO $$ BEGIN IF (SELECT count(closed(id)) FROM orders) > 0 THEN NULL; END IF; END $$",
    ] {
        let left =
            psql::run(&owner, &format!("BEGIN; {text}; SELECT count(*) AS left FROM orders; ROLLBACK"))?;
        assert_eq!(left.success()?.lines().last(), Some("0"), "{text} leaves some");
        let output = psql::run(&alice, text)?;
        assert!(output.stderr.contains("\"no-unfiltered-write\""), "`{text}` gave:\n{}", output.stderr);
    }
    for text in [
        "UPDATE orders SET quantity = value::int FROM jsonb_each_text('{\"1\": \"4\"}') WHERE id = key::int",
        "SELECT closed(id) FROM one_order",
        "SELECT closed(id) FROM every_order WHERE id = 7",
        "DO $$ BEGIN PERFORM closed(id) FROM orders WHERE id = 7; END $$",
        "DO $$ DECLARE r record; BEGIN FOR r IN SELECT * FROM every_order LOOP IF r.id = 7 THEN PERFORM closed(r.id); END IF; END LOOP; END $$",
        "DO $$ DECLARE n int; BEGIN SELECT max(id) INTO n FROM orders; PERFORM closed(n); END $$",
    ] {
        let output = psql::run(&alice, &format!("BEGIN; {text}; ROLLBACK"))?;
        assert!(!output.stderr.contains("refused"), "`{text}` gave:\n{}", output.stderr);
    }
    Ok(())
}
