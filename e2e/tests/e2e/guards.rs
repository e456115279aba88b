//! Functions by which triggers, checks and policies of rows decide are not to be replaced or changed by the way.

use anyhow::{Result, ensure};
use e2e::psql;

use crate::stack::Stack;

const GUARDED: &str = "
    CREATE FUNCTION owns(name text) RETURNS bool LANGUAGE sql AS 'SELECT name = current_user';
    CREATE FUNCTION may_see(name text) RETURNS bool LANGUAGE plpgsql AS 'BEGIN RETURN owns(name); END';
    CREATE FUNCTION is_amount(n int) RETURNS bool LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN n > 0; END';
    CREATE FUNCTION is_code(v text) RETURNS bool LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN v <> ''''; END';
    CREATE FUNCTION notes() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
    CREATE FUNCTION adds(a int, b int) RETURNS int LANGUAGE sql AS 'SELECT a + b';
    CREATE DOMAIN code AS text CHECK (is_code(VALUE));
    CREATE TABLE letters (owner text, amount int CHECK (is_amount(amount)), code code);
    CREATE TRIGGER notes BEFORE INSERT ON letters FOR EACH ROW EXECUTE FUNCTION notes();
    INSERT INTO letters VALUES ('somebody else', 1, 'a');
    ALTER TABLE letters ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
    CREATE POLICY own ON letters USING (may_see(owner))";

#[test]
fn what_decides_about_rows_is_not_replaced() -> Result<()> {
    let stack = Stack::start()?;
    psql::run(&stack.owner(), GUARDED)?.success()?;
    // The way round is one.
    let around = "BEGIN; CREATE OR REPLACE FUNCTION owns(name text) RETURNS bool LANGUAGE sql AS 'SELECT true'; \
        SELECT count(*) FROM letters; ROLLBACK";
    ensure!(psql::run(&stack.superuser(), "SELECT count(*) FROM letters")?.success()?.trim() == "1");
    let seen = psql::run(&stack.owner(), "SELECT count(*) FROM letters")?.success()?;
    ensure!(seen.trim() == "0", "{seen}");
    let seen = psql::run(&stack.owner(), around)?.success()?;
    ensure!(seen.trim() == "1", "{seen}");
    for (function, body) in [
        ("owns(name text) RETURNS bool", "SELECT true"),
        ("OWNS(name text) RETURNS bool", "SELECT $1 IS NOT NULL"),
        ("public.may_see(name text) RETURNS bool", "SELECT true"),
        ("is_amount(n int) RETURNS bool", "SELECT true"),
        ("is_code(v text) RETURNS bool", "SELECT true"),
    ] {
        let text = format!("CREATE OR REPLACE FUNCTION {function} LANGUAGE sql AS '{body}'");
        refused(&stack, &text)?;
        refused(&stack, &format!("DO $$ BEGIN {text}; END $$"))?;
    }
    for change in [
        "may_see(text) SET search_path = elsewhere",
        "owns SET search_path TO elsewhere, public",
        "notes() SET session_replication_role = replica",
        "is_amount(int) COST 5",
    ] {
        refused(&stack, &format!("ALTER FUNCTION {change}"))?;
        refused(&stack, &format!("ALTER ROUTINE {change}"))?;
    }
    for harmless in [
        "CREATE OR REPLACE FUNCTION adds(a int, b int) RETURNS int LANGUAGE sql AS 'SELECT b + a'",
        "ALTER FUNCTION adds(int, int) SET search_path = public",
        "CREATE OR REPLACE FUNCTION made() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "CREATE OR REPLACE FUNCTION made() RETURNS int LANGUAGE sql AS 'SELECT 2'",
        "CREATE FUNCTION owned(name text) RETURNS bool LANGUAGE sql AS 'SELECT true'",
    ] {
        psql::run(&stack.alice()?, harmless)?.success()?;
    }
    Ok(())
}

fn refused(stack: &Stack, text: &str) -> Result<()> {
    let told = psql::run(&stack.alice()?, text)?.stderr;
    ensure!(told.contains("no-disable-protection"), "{text}: {told}");
    Ok(())
}
