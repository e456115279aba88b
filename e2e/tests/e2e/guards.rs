//! Functions by which triggers, checks and policies of rows decide are not to be replaced or changed by the way, and what they read and
//! write is not to be hidden from them.

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

const LOOKED_UP: &str = "
    CREATE TABLE letters (what text);
    CREATE TABLE letters_log (what text);
    CREATE TABLE safe_log (what text);
    CREATE TABLE plain_log (what text);
    CREATE TABLE members (name text);
    CREATE FUNCTION write_log(name text) RETURNS void LANGUAGE sql AS 'INSERT INTO letters_log VALUES (name)';
    CREATE FUNCTION notes() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM write_log(NEW.what); RETURN NEW; END';
    CREATE FUNCTION safe_notes() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp
        AS 'BEGIN INSERT INTO safe_log VALUES (NEW.what); INSERT INTO public.plain_log VALUES (NEW.what); RETURN NEW; END';
    CREATE FUNCTION is_member() RETURNS bool LANGUAGE plpgsql
        AS 'BEGIN RETURN EXISTS (SELECT 1 FROM members WHERE name = current_user); END';
    CREATE TRIGGER notes AFTER INSERT ON letters FOR EACH ROW EXECUTE FUNCTION notes();
    CREATE TRIGGER safe_notes AFTER INSERT ON letters FOR EACH ROW EXECUTE FUNCTION safe_notes();
    CREATE TABLE secrets (what text);
    INSERT INTO secrets VALUES ('a');
    ALTER TABLE secrets ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
    CREATE POLICY own ON secrets USING (is_member())";

/// PostgreSQL looks for a name without a schema among temporary relations first, also where a trigger's function means another.
#[test]
fn what_triggers_and_policies_look_for_is_not_hidden_by_a_temporary_relation() -> Result<()> {
    let stack = Stack::start()?;
    psql::run(&stack.owner(), LOOKED_UP)?.success()?;
    for hides in [
        "CREATE TEMPORARY TABLE letters_log (what text)",
        "CREATE TEMP TABLE IF NOT EXISTS letters_log (LIKE public.letters_log)",
        "CREATE TABLE pg_temp.letters_log AS TABLE public.letters_log",
        "SELECT * INTO TEMP letters_log FROM public.letters_log",
        "CREATE TEMP TABLE kept (what text); CREATE TEMP VIEW letters_log AS SELECT what FROM kept",
        "CREATE TEMP TABLE kept (what text); CREATE VIEW letters_log AS SELECT what FROM kept",
        "CREATE TEMP TABLE kept (what text); ALTER TABLE kept RENAME TO letters_log",
        "DO $$ BEGIN CREATE TEMP TABLE letters_log (what text); END $$",
        "DO $$ BEGIN CREATE TEMP TABLE kept (what text); ALTER TABLE kept RENAME TO letters_log; END $$",
        "DO $$ BEGIN EXECUTE 'CREATE TEMP TABLE letters_log (what text)'; END $$",
        "EXPLAIN ANALYZE CREATE TEMP TABLE letters_log AS SELECT 'a'::text AS what",
    ] {
        // The way round is one: nothing is logged.
        let write = "INSERT INTO letters VALUES ('x'); SELECT count(*) FROM public.letters_log";
        let seen = psql::run(&stack.owner(), &format!("BEGIN; {hides}; {write}; ROLLBACK"))?.success()?;
        ensure!(seen.trim().ends_with('0'), "{hides}: {seen}");
        refused(&stack, hides)?;
    }
    let joins = "CREATE TEMP TABLE members AS SELECT current_user AS name";
    let seen = psql::run(&stack.owner(), &format!("{joins}; SELECT count(*) FROM secrets"))?.success()?;
    ensure!(seen.trim().ends_with('1'), "{seen}");
    refused(&stack, joins)?;
    for harmless in [
        "CREATE TEMP TABLE safe_log (what text); INSERT INTO letters VALUES ('y')",
        "CREATE TEMP TABLE plain_log (what text); INSERT INTO letters VALUES ('y')",
        "CREATE TEMP TABLE letters AS SELECT * FROM public.letters",
        "CREATE TEMP TABLE letters_log_copy AS TABLE letters_log",
        "CREATE TABLE IF NOT EXISTS letters_log (what text)",
        "CREATE TABLE letters_log_2 (what text); ALTER TABLE letters_log RENAME TO letters_log_1; \
            ALTER TABLE letters_log_2 RENAME TO letters_log",
    ] {
        psql::run(&stack.alice()?, harmless)?.success()?;
    }
    let logged = "SELECT (SELECT count(*) FROM safe_log), (SELECT count(*) FROM plain_log)";
    ensure!(stack.truth(logged)? == "2|2");
    Ok(())
}

const VIEWS: &str = "
    CREATE TABLE parcels (id int, owner text, secret text);
    INSERT INTO parcels VALUES (1, 'staff', 'a'), (2, 'somebody', 'b');
    CREATE VIEW own_parcels WITH (security_barrier) AS SELECT * FROM parcels WHERE owner = 'staff';
    CREATE VIEW checked_parcels AS SELECT * FROM parcels WHERE owner = 'staff' WITH CHECK OPTION;
    CREATE VIEW plain_parcels AS SELECT * FROM parcels WHERE owner = 'staff'";

/// CREATE OR REPLACE VIEW takes away each option that it does not name.
#[test]
fn views_keep_what_they_keep_from_those_who_use_them() -> Result<()> {
    let stack = Stack::start()?;
    psql::run(&stack.owner(), VIEWS)?.success()?;
    let options = "SELECT count(*) FROM pg_class WHERE relname IN ('own_parcels', 'checked_parcels') AND reloptions IS NULL";
    let select = "SELECT * FROM parcels WHERE owner = 'staff'";
    for (view, kept) in [("own_parcels", "WITH (security_barrier)"), ("checked_parcels", "")] {
        let opens = format!("CREATE OR REPLACE VIEW {view} AS {select}");
        let seen = psql::run(&stack.owner(), &format!("BEGIN; {opens}; {options}; ROLLBACK"))?.success()?;
        ensure!(seen.trim().ends_with('1'), "{opens}: {seen}");
        refused(&stack, &opens)?;
        refused(&stack, &format!("DO $$ BEGIN {opens}; END $$"))?;
        refused(
            &stack,
            &format!("CREATE OR REPLACE VIEW public.{view} WITH (security_barrier = off) AS {select}"),
        )?;
        let keeps = format!("CREATE OR REPLACE VIEW {view} {kept} AS {select}");
        let keeps = if kept.is_empty() { format!("{keeps} WITH CHECK OPTION") } else { keeps };
        psql::run(&stack.alice()?, &keeps)?.success()?;
    }
    // The way round is one: a row goes in that the view does not show.
    let writes = "INSERT INTO checked_parcels VALUES (3, 'somebody', 'c')";
    ensure!(!psql::run(&stack.owner(), writes)?.stderr.is_empty());
    let opens = format!("CREATE OR REPLACE VIEW checked_parcels AS {select}");
    psql::run(&stack.owner(), &format!("BEGIN; {opens}; {writes}; ROLLBACK"))?.success()?;
    for harmless in [
        format!("CREATE OR REPLACE VIEW plain_parcels AS {select}"),
        format!("CREATE OR REPLACE VIEW new_parcels AS {select}"),
        format!("CREATE OR REPLACE TEMP VIEW scratch_parcels AS {select}"),
    ] {
        psql::run(&stack.alice()?, &harmless)?.success()?;
    }
    ensure!(stack.truth(options)? == "0");
    Ok(())
}

fn refused(stack: &Stack, text: &str) -> Result<()> {
    let told = psql::run(&stack.alice()?, text)?.stderr;
    ensure!(told.contains("no-disable-protection"), "{text}: {told}");
    Ok(())
}
