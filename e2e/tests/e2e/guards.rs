//! Functions by which triggers, checks and policies of rows decide are not to be replaced or changed by the way, and what they read and
//! write is not to be hidden from them.

use std::time::Duration;

use anyhow::{Result, ensure};
use e2e::psql;
use e2e::wait::until;

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

const PARTS: &str = "
    CREATE TABLE vault (owner text, what text);
    INSERT INTO vault VALUES ('somebody else', 'quartz');
    ALTER TABLE vault ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
    CREATE POLICY own ON vault USING (owner = current_user);
    CREATE TABLE ruled (owner text, what text);
    INSERT INTO ruled VALUES ('a', 'b');
    CREATE RULE kept AS ON DELETE TO ruled DO INSTEAD NOTHING;
    CREATE TABLE notes (what text);
    CREATE FUNCTION notes() RETURNS trigger LANGUAGE plpgsql
        AS 'BEGIN INSERT INTO public.notes VALUES (tg_op); RETURN NULL; END';
    CREATE TABLE noted (owner text, what text);
    CREATE TRIGGER noted AFTER INSERT OR UPDATE ON noted FOR EACH STATEMENT EXECUTE FUNCTION notes();
    CREATE TABLE parent (owner text, what text);
    CREATE TABLE listed (owner text, what text) PARTITION BY LIST (owner);
    CREATE TABLE kept_parent (owner text, what text);
    CREATE TABLE kept_list (owner text, what text) PARTITION BY LIST (owner);
    ALTER TABLE kept_parent ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
    ALTER TABLE kept_list ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
    CREATE TABLE noted_parent (owner text, what text);
    CREATE TRIGGER noted AFTER INSERT OR UPDATE OR DELETE ON noted_parent FOR EACH STATEMENT EXECUTE FUNCTION notes();
    CREATE TABLE plain (owner text, what text)";

/// Policies, rules and triggers for statements are those of the table that a statement names: through a parent those of a part do not count.
#[test]
fn what_keeps_rows_of_a_table_keeps_them_as_a_part_of_another_too() -> Result<()> {
    let stack = Stack::start()?;
    psql::run(&stack.owner(), PARTS)?.success()?;
    for (joins, then, before, after) in [
        ("ALTER TABLE vault INHERIT parent", "SELECT count(*) FROM parent", '0', '1'),
        ("ALTER TABLE vault ADD extra int, INHERIT parent", "SELECT count(*) FROM parent", '0', '1'),
        ("ALTER TABLE listed ATTACH PARTITION vault DEFAULT", "SELECT count(*) FROM listed", '0', '1'),
        (
            "alter table public.listed attach partition public.vault default",
            "SELECT count(*) FROM listed",
            '0',
            '1',
        ),
        ("ALTER TABLE ruled INHERIT parent", "DELETE FROM parent; SELECT count(*) FROM ruled", '1', '0'),
        (
            "ALTER TABLE noted INHERIT parent",
            "UPDATE parent SET what = 'x'; UPDATE noted SET what = 'x'; SELECT 2 - count(*) FROM notes",
            '1',
            '1',
        ),
        ("DO $$ BEGIN ALTER TABLE vault INHERIT parent; END $$", "SELECT count(*) FROM parent", '0', '1'),
    ] {
        // The way round is one.
        let seen = psql::run(&stack.owner(), then)?.success()?;
        ensure!(seen.trim().ends_with(before), "{then}: {seen}");
        psql::run(&stack.owner(), "TRUNCATE notes")?.success()?;
        let seen = psql::run(&stack.owner(), &format!("BEGIN; {joins}; {then}; ROLLBACK"))?.success()?;
        ensure!(seen.trim().ends_with(after), "{joins}: {seen}");
        refused(&stack, joins)?;
    }
    for harmless in [
        "ALTER TABLE plain INHERIT parent; ALTER TABLE plain NO INHERIT parent",
        "ALTER TABLE listed ATTACH PARTITION plain DEFAULT; ALTER TABLE listed DETACH PARTITION plain",
        "ALTER TABLE vault INHERIT kept_parent; ALTER TABLE vault NO INHERIT kept_parent",
        "ALTER TABLE kept_list ATTACH PARTITION vault DEFAULT; ALTER TABLE kept_list DETACH PARTITION vault",
        "ALTER TABLE noted INHERIT noted_parent; ALTER TABLE noted NO INHERIT noted_parent",
        "BEGIN; CREATE TABLE listed_a (owner text, what text); ALTER TABLE listed ATTACH PARTITION listed_a FOR VALUES IN ('a'); COMMIT",
    ] {
        psql::run(&stack.alice()?, harmless)?.success()?;
    }
    ensure!(stack.truth("SELECT count(*) FROM ruled")? == "1");
    Ok(())
}

const DOMAINS: &str = "
    CREATE DOMAIN cents AS int CHECK (VALUE >= 0);
    CREATE DOMAIN few_cents AS cents CHECK (VALUE < 100);
    CREATE DOMAIN label AS text;
    CREATE DOMAIN named AS text NOT NULL;
    CREATE TABLE prices (price cents, small few_cents, label label, name named, note varchar(10))";

/// A domain's checks are those of the column.
#[test]
fn a_column_keeps_the_checks_of_its_domain() -> Result<()> {
    let stack = Stack::start()?;
    psql::run(&stack.owner(), DOMAINS)?.success()?;
    for (takes, then) in [
        ("ALTER TABLE prices ALTER price TYPE int", "INSERT INTO prices (price, name) VALUES (-1, 'a')"),
        (
            "alter table only public.prices add extra int, alter column \"price\" set data type bigint",
            "INSERT INTO prices (price, name) VALUES (-1, 'a')",
        ),
        (
            "ALTER TABLE prices ALTER price TYPE int USING price::int",
            "INSERT INTO prices (price, name) VALUES (-1, 'a')",
        ),
        ("ALTER TABLE prices ALTER small TYPE cents", "INSERT INTO prices (small, name) VALUES (200, 'a')"),
        ("ALTER TABLE prices ALTER name TYPE text", "INSERT INTO prices (name) VALUES (NULL)"),
        ("ALTER TABLE prices ALTER price TYPE label", "INSERT INTO prices (price, name) VALUES ('-1', 'a')"),
        (
            "DO $$ BEGIN ALTER TABLE prices ALTER price TYPE int; END $$",
            "INSERT INTO prices (price, name) VALUES (-1, 'a')",
        ),
    ] {
        // The way round is one.
        ensure!(!psql::run(&stack.owner(), then)?.stderr.is_empty(), "{then}");
        psql::run(&stack.owner(), &format!("BEGIN; {takes}; {then}; ROLLBACK"))?.success()?;
        refused(&stack, takes)?;
    }
    for harmless in [
        "ALTER TABLE prices ALTER price TYPE few_cents",
        "ALTER TABLE prices ALTER price TYPE public.few_cents",
        "ALTER TABLE prices ALTER small TYPE few_cents",
        "ALTER TABLE prices ALTER label TYPE varchar(20)",
        "ALTER TABLE prices ALTER note TYPE text",
        "ALTER TABLE prices ALTER note TYPE label",
    ] {
        psql::run(&stack.alice()?, harmless)?.success()?;
    }
    Ok(())
}

const CASTS: &str = "
    CREATE TYPE tag AS (v text);
    CREATE TYPE mood AS ENUM ('calm', 'cross');
    CREATE FUNCTION to_tag(text) RETURNS tag LANGUAGE sql AS 'SELECT ROW(NULL::text)::tag';
    CREATE CAST (text AS tag) WITH FUNCTION to_tag(text);
    CREATE TABLE tagged (what text, how text);
    INSERT INTO tagged VALUES ('calm', 'calm')";

/// What another session has cast a moment ago counts when it is looked for, and not when the catalog happens to show it.
#[test]
fn a_cast_of_another_session_counts_at_once() -> Result<()> {
    let stack = Stack::start()?;
    psql::run(&stack.owner(), CASTS)?.success()?;
    for number in 0..4 {
        let made = format!(
            "BEGIN; CREATE TYPE fresh{number} AS ENUM ('x'); \
             CREATE FUNCTION to_fresh{number}(text) RETURNS fresh{number} LANGUAGE sql AS $$SELECT 'x'::fresh{number}$$; \
             CREATE CAST (text AS fresh{number}) WITH FUNCTION to_fresh{number}(text) AS ASSIGNMENT; COMMIT"
        );
        psql::run(&stack.alice()?, &made)?.success()?;
        let text = format!("ALTER TABLE tagged ALTER what TYPE fresh{number}");
        let told = psql::run(&stack.alice()?, &text)?.stderr;
        ensure!(told.contains("no-unfiltered-write"), "{text}: {told}");
    }
    Ok(())
}

/// A cast that somebody has written gives each row another value.
#[test]
fn what_casts_compute_is_computed_anew() -> Result<()> {
    let stack = Stack::start()?;
    psql::run(&stack.owner(), CASTS)?.success()?;
    let gone = "SELECT count(*) FROM tagged WHERE (what::text) = '()'";
    for text in [
        "ALTER TABLE tagged ALTER what TYPE tag USING what::tag",
        "alter table public.tagged alter column what set data type public.tag using (what)::public.tag",
    ] {
        // The way round is one.
        let seen = psql::run(&stack.owner(), &format!("BEGIN; {text}; {gone}; ROLLBACK"))?.success()?;
        ensure!(seen.trim().ends_with('1'), "{text}: {seen}");
        let told = psql::run(&stack.alice()?, text)?.stderr;
        ensure!(told.contains("no-unfiltered-write"), "{text}: {told}");
    }
    // The catalog need not show what the session has made a moment ago.
    let made = [
        "BEGIN",
        "CREATE TYPE fresh AS ENUM ('x')",
        "CREATE FUNCTION to_fresh(text) RETURNS fresh LANGUAGE sql AS $$SELECT 'x'::fresh$$",
        "CREATE CAST (text AS fresh) WITH FUNCTION to_fresh(text) AS ASSIGNMENT",
    ];
    for more in [
        ["ALTER TYPE fresh RENAME TO other", "ALTER TABLE tagged ALTER what TYPE other"],
        ["CREATE DOMAIN other AS fresh", "ALTER TABLE tagged ALTER what TYPE other"],
        ["COMMIT", "ALTER TABLE tagged ALTER what TYPE fresh"],
    ] {
        let told = script(&stack.alice()?, &[&made[..], &more].concat())?.stderr;
        ensure!(told.contains("no-unfiltered-write"), "{more:?}: {told}");
    }
    let kept = psql::run(&stack.owner(), "SELECT what FROM tagged")?.success()?;
    ensure!(kept.trim() == "calm", "{kept}");
    for harmless in [
        "ALTER TABLE tagged ALTER how TYPE varchar(10) USING how::varchar",
        "ALTER TABLE tagged ALTER how TYPE mood USING how::mood",
    ] {
        psql::run(&stack.alice()?, harmless)?.success()?;
    }
    Ok(())
}

const LASTING: &str = "
    CREATE TABLE vault (a int);
    CREATE INDEX kept ON vault (a);
    CREATE VIEW shown AS SELECT 1 AS a";

/// A function that drops what it makes, or what has the name by then.
const GONE: &str = "CREATE FUNCTION gone() RETURNS void LANGUAGE plpgsql AS $$ BEGIN \
    IF false THEN CREATE TEMP TABLE scratch (a int); END IF; DROP TABLE scratch; END $$";

/// Runs a script, each line as a message of its own.
fn script(login: &e2e::login::Login, lines: &[&str]) -> Result<psql::Output> {
    psql::run_with(login, &["-qAt", "-v", "ON_ERROR_STOP=1", "-v", "VERBOSITY=verbose"], &lines.join(";\n"))
}

/// What is the session's own goes: views, sequences, indexes and functions as tables do, also within bodies.
#[test]
fn what_is_the_session_s_own_may_be_dropped() -> Result<()> {
    let stack = Stack::start()?;
    psql::run(&stack.owner(), LASTING)?.success()?;
    let report = "CREATE FUNCTION report() RETURNS bigint LANGUAGE plpgsql AS $$ DECLARE n bigint; BEGIN \
        DROP TABLE IF EXISTS picked; CREATE TEMP TABLE picked AS SELECT * FROM vault; TRUNCATE picked; \
        SELECT count(*) INTO n FROM picked; DROP TABLE picked; RETURN n; END $$";
    for lines in [
        &["CREATE TEMP VIEW tv AS SELECT * FROM vault", "SELECT count(*) FROM tv", "DROP VIEW tv"][..],
        &["CREATE TEMP TABLE tt (a int)", "CREATE INDEX tt_a ON tt (a)", "DROP INDEX tt_a", "DROP TABLE tt"],
        &["CREATE TEMP TABLE tt (a int)", "CREATE INDEX ON tt (a)", "DROP INDEX tt_a_idx"],
        &[
            "BEGIN",
            "CREATE TEMP TABLE tt (a int)",
            "CREATE INDEX tt_a ON tt (a)",
            "DROP INDEX tt_a",
            "COMMIT",
        ],
        &[
            "BEGIN",
            "CREATE TEMP TABLE tt (a int)",
            "CREATE VIEW tv AS SELECT * FROM tt",
            "DROP VIEW tv",
            "COMMIT",
        ],
        &["BEGIN", "CREATE TEMP SEQUENCE ts", "SELECT nextval('ts')", "DROP SEQUENCE ts", "COMMIT"],
        &["CREATE FUNCTION pg_temp.f() RETURNS int LANGUAGE sql AS 'SELECT 1'", "DROP FUNCTION pg_temp.f()"],
        &[report, "SELECT report()", "SELECT report()"],
        &[
            "DO $$ BEGIN CREATE TEMP TABLE tt AS SELECT 1 AS a; INSERT INTO vault SELECT a FROM tt; DROP TABLE tt; END $$",
        ],
    ] {
        script(&stack.alice()?, lines)?.success()?;
    }
    let is_there = "SELECT count(*) = 3 FROM unnest(ARRAY['vault', 'kept', 'shown']) name \
        WHERE to_regclass('public.' || name) IS NOT NULL";
    let last = "SET search_path = public, pg_temp";
    for (lines, rule) in [
        (&["BEGIN", GONE, "ALTER TABLE vault RENAME TO scratch", "SELECT gone()"][..], "no-drop-table"),
        (&["BEGIN", "ALTER TABLE vault RENAME TO scratch", GONE, "SELECT gone()"], "no-drop-table"),
        (
            &[
                "BEGIN",
                "DO $$ BEGIN IF false THEN CREATE TEMP TABLE scratch (a int); END IF; ALTER TABLE vault RENAME TO scratch; DROP TABLE scratch; END $$",
            ],
            "no-drop-table",
        ),
        (
            &[
                "BEGIN",
                "CREATE TEMP TABLE tt (a int)",
                "CREATE INDEX kept ON tt (a)",
                last,
                "DROP INDEX kept",
            ],
            "no-drop",
        ),
        (&["BEGIN", "CREATE TEMP VIEW shown AS SELECT 1", last, "DROP VIEW shown"], "no-drop"),
        (
            &[
                "BEGIN",
                "CREATE TEMP TABLE tt (a int)",
                "CREATE INDEX tt_a ON tt (a)",
                "ALTER INDEX kept RENAME TO tt_a",
                last,
                "DROP INDEX tt_a",
            ],
            "no-drop",
        ),
        (
            &[
                "BEGIN",
                "CREATE TEMP VIEW tv AS SELECT 1",
                "ALTER VIEW shown RENAME TO tv",
                last,
                "DROP VIEW tv",
            ],
            "no-drop",
        ),
    ] {
        // The way round is one.
        let seen = script(&stack.owner(), &[lines, &[is_there, "ROLLBACK"]].concat())?.success()?;
        ensure!(seen.trim().ends_with('f'), "{lines:?}: {seen}");
        let told = script(&stack.alice()?, lines)?.stderr;
        ensure!(told.contains(&format!("\"{rule}\"")), "{lines:?}: {told}");
    }
    // Made in one transaction, called in another.
    script(&stack.alice()?, &[GONE])?.success()?;
    until("the function is known", Duration::from_secs(60), || {
        let told = script(&stack.alice()?, &["BEGIN", "ALTER TABLE vault RENAME TO scratch"])?.stderr;
        Ok(told.contains("\"no-drop-table\"").then_some(()))
    })?;
    ensure!(stack.truth(is_there)? == "t");
    Ok(())
}

fn refused(stack: &Stack, text: &str) -> Result<()> {
    let told = psql::run(&stack.alice()?, text)?.stderr;
    ensure!(told.contains("no-disable-protection"), "{text}: {told}");
    Ok(())
}
