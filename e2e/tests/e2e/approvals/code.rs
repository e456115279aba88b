//! What was approved runs as it was when it was shown. What functions, triggers and views have become while it waited is asked
//! about anew.

use super::*;

/// What is there before, the statement that waits, and what is changed meanwhile.
const REPLACED: [(&str, &str, &str); 7] = [
    (
        "CREATE FUNCTION pick(i bigint) RETURNS boolean LANGUAGE sql AS 'SELECT i = 1'",
        "DELETE FROM orders WHERE pick(id)",
        "CREATE OR REPLACE FUNCTION pick(i bigint) RETURNS boolean LANGUAGE sql AS 'SELECT i > 0'",
    ),
    (
        "CREATE FUNCTION inner_one(i bigint) RETURNS boolean LANGUAGE sql AS 'SELECT i = 1';
         CREATE FUNCTION outer_one(i bigint) RETURNS boolean LANGUAGE plpgsql AS 'BEGIN RETURN inner_one(i); END'",
        "DELETE FROM orders WHERE outer_one(id)",
        "CREATE OR REPLACE FUNCTION inner_one(i bigint) RETURNS boolean LANGUAGE sql AS 'SELECT i > 0'",
    ),
    (
        "CREATE FUNCTION goes() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN old; END';
         CREATE TRIGGER goes BEFORE DELETE ON orders FOR EACH ROW EXECUTE FUNCTION goes()",
        "DELETE FROM orders WHERE id = 1",
        "CREATE OR REPLACE FUNCTION goes() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN UPDATE users SET city = name WHERE id = old.id; RETURN old; END'",
    ),
    (
        "CREATE FUNCTION goes_on() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN UPDATE users SET city = name WHERE id = old.id; RETURN old; END';
         CREATE TRIGGER goes_on BEFORE DELETE ON orders FOR EACH ROW WHEN (old.id = 0) EXECUTE FUNCTION goes_on()",
        "DELETE FROM orders WHERE id = 1",
        "CREATE OR REPLACE TRIGGER goes_on BEFORE DELETE ON orders FOR EACH ROW WHEN (old.id = 1) EXECUTE FUNCTION goes_on()",
    ),
    (
        "CREATE VIEW picked AS SELECT id FROM orders WHERE id = 1; CREATE VIEW picked_too AS SELECT id FROM picked",
        "DELETE FROM orders WHERE id IN (SELECT id FROM picked_too)",
        "CREATE OR REPLACE VIEW picked AS SELECT id FROM orders WHERE id > 0",
    ),
    (
        "CREATE FUNCTION like_it(l bigint, r bigint) RETURNS boolean LANGUAGE sql AS 'SELECT l = r';
         CREATE OPERATOR ==== (leftarg = bigint, rightarg = bigint, function = like_it)",
        "DELETE FROM orders WHERE id ==== 1::bigint",
        "CREATE OR REPLACE FUNCTION like_it(l bigint, r bigint) RETURNS boolean LANGUAGE sql AS 'SELECT l > 0'",
    ),
    (
        "CREATE RULE also AS ON DELETE TO orders DO ALSO UPDATE users SET city = city WHERE id = 1",
        "DELETE FROM orders WHERE id = 1",
        "CREATE OR REPLACE RULE also AS ON DELETE TO orders DO ALSO UPDATE users SET city = name WHERE id = 2",
    ),
];

impl Held {
    /// Waits until the proxy knows what was defined beside it: whoever reads a new view waits for the catalog.
    fn knows(&self, view: &str) -> Result<()> {
        let alice = self.stack.alice()?;
        psql::run(&alice, &format!("CREATE VIEW known_{view} AS SELECT id FROM orders"))?.success()?;
        // In the same text it would be known from that text, and nobody would wait.
        psql::run(&alice, &format!("SELECT count(*) FROM known_{view}"))?.success()?;
        Ok(())
    }
}

#[test]
fn what_has_been_replaced_while_a_statement_waited_is_asked_about_anew() -> Result<()> {
    let held = Held::asking()?;
    for (at, (before, statement, change)) in REPLACED.into_iter().enumerate() {
        held.stack.truth(before)?;
        held.knows(&at.to_string())?;
        let mut child = held.send(statement)?;
        let first = held.request()?;
        held.stack.truth(change)?;
        let told = held.approve("bob", &first)?;
        let again = wait::until("another request", ANSWER, || {
            Ok(held.request()?).map(|request| (request != first).then_some(request))
        });
        let again = again.with_context(|| format!("{statement} ran after {change}"))?;
        assert_eq!(
            told.trim(),
            format!("it has changed meanwhile, and is asked about anew as request {again}")
        );
        held.say("bob", &format!("DENY {again}"))?.success()?;
        assert_ne!(child.wait()?.code(), Some(0), "{statement}");
        assert_eq!(held.orders()?, "1", "{statement}");
        held.stack
            .truth("DROP TRIGGER IF EXISTS goes ON orders; DROP TRIGGER IF EXISTS goes_on ON orders")?;
    }
    Ok(())
}

#[test]
fn what_others_have_replaced_meanwhile_is_nothing_to_it() -> Result<()> {
    let held = Held::asking()?;
    held.stack.truth(
        "CREATE FUNCTION pick(i bigint) RETURNS boolean LANGUAGE sql AS 'SELECT i = 1';
         CREATE FUNCTION other(i bigint) RETURNS boolean LANGUAGE sql AS 'SELECT i = 1';
         CREATE VIEW shown AS SELECT id FROM products",
    )?;
    held.knows("a")?;
    let child = held.send("DELETE FROM orders WHERE pick(id)")?;
    let request = held.request()?;
    held.stack.truth(
        "CREATE OR REPLACE FUNCTION other(i bigint) RETURNS boolean LANGUAGE sql AS 'SELECT i > 0';
         CREATE OR REPLACE VIEW shown AS SELECT id FROM products WHERE id > 1",
    )?;
    assert_eq!(held.approve("bob", &request)?.trim(), "it runs");
    assert!(child.wait_with_output()?.status.success());
    assert_eq!(held.orders()?, "0");
    Ok(())
}

#[test]
fn a_grant_ends_where_what_it_calls_is_replaced() -> Result<()> {
    let held = Held::asking()?;
    held.stack.truth("CREATE FUNCTION pick(i bigint) RETURNS boolean LANGUAGE sql AS 'SELECT i < 3'")?;
    held.knows("b")?;
    let child = held.send("DELETE FROM orders WHERE id = 1 AND pick(id)")?;
    let request = held.request()?;
    held.say("bob", &format!("APPROVE {request} FOR 1h"))?.success()?;
    assert!(child.wait_with_output()?.status.success());
    let alice = held.stack.alice()?;
    psql::run(&alice, "DELETE FROM orders WHERE id = 2 AND pick(id)")?.success()?;
    held.stack
        .truth("CREATE OR REPLACE FUNCTION pick(i bigint) RETURNS boolean LANGUAGE sql AS 'SELECT i > 0'")?;
    held.knows("c")?;
    let mut child = held.send("DELETE FROM orders WHERE id = 3 AND pick(id)")?;
    let request = held.request()?;
    held.say("bob", &format!("DENY {request}"))?.success()?;
    assert_ne!(child.wait()?.code(), Some(0));
    Ok(())
}
