//! What texts make that code runs by EXECUTE is masked like what a statement makes: at once, and by whatever name it has by then.

use std::fmt::Write;

use anyhow::{Context, Result, ensure};
use e2e::psql::{self, Output};

use crate::laundering::run;
use crate::leaks::{Values, cases, shows_canary, with_objects_of};

#[test]
fn what_executed_texts_make_stays_masked() -> Result<()> {
    assert_made_is_masked(Values::Addresses)
}

#[test]
fn what_executed_texts_make_of_what_has_no_form_stays_masked() -> Result<()> {
    assert_made_is_masked(Values::Names)
}

fn assert_made_is_masked(values: Values) -> Result<()> {
    let (direct, stack) = (with_objects_of(values, "")?, with_objects_of(values, "")?);
    let texts = values.of(include_str!("leaks/executed.sql"));
    let mut wrong = String::new();
    for case in cases(&texts) {
        let (makes, reads) = case.split_once("\n---\n").with_context(|| format!("no parts: {case}"))?;
        let shown = run(&direct.owner(), &format!("BEGIN; {makes}; {reads}; COMMIT"))?;
        ensure!(shows_canary(&shown), "is no attack: {makes}\n{}{}", shown.stdout, shown.stderr);
        let mut look = |when: &str, output: Result<Output>| -> Result<()> {
            let output = output?;
            if shows_canary(&output) {
                writeln!(wrong, "leaks {when}: {case}\n{}{}", output.stdout, output.stderr)?;
            }
            if output.stderr.contains("Picket refused") {
                writeln!(wrong, "is refused {when}: {case}\n{}", output.stderr)?;
            }
            Ok(())
        };
        // Each statement of `reads` alone: an error ends a string.
        for read in reads.split("; ") {
            let alice = stack.alice()?;
            look("in one string", psql::run(&alice, &format!("{makes}; {read}; SELECT 1 / 0")))?;
            look("in one transaction", psql::run(&alice, &format!("BEGIN; {makes}; {read}; ROLLBACK")))?;
        }
        let alice = stack.alice()?;
        look("within", run(&alice, &format!("BEGIN; {makes}; {reads}; ROLLBACK")))?;
        look("behind", run(&alice, &format!("{makes}; {reads}")))?;
        look("after", run(&stack.alice()?, reads))?;
    }
    ensure!(wrong.is_empty(), "{wrong}");
    Ok(())
}

/// Numbers have no form either.
#[test]
fn numbers_that_executed_texts_make_stay_masked() -> Result<()> {
    let stack = with_objects_of(Values::Names, "")?;
    let makes = "DO $$ BEGIN EXECUTE 'CREATE FUNCTION xn() RETURNS int LANGUAGE sql AS \
        ''SELECT 777000 + ascii(last_name) FROM people WHERE id = 1'''; END $$";
    let reads = "SELECT xn()";
    let all = [
        psql::run(&stack.alice()?, &format!("{makes}; {reads}; SELECT 1 / 0"))?,
        psql::run(&stack.alice()?, &format!("BEGIN; {makes}; {reads}; ROLLBACK"))?,
        run(&stack.alice()?, &format!("BEGIN; {makes}; {reads}; ROLLBACK"))?,
        run(&stack.alice()?, &format!("{makes}; {reads}"))?,
        run(&stack.alice()?, reads)?,
    ];
    for output in all {
        ensure!(!output.stdout.contains("777097"), "{}{}", output.stdout, output.stderr);
    }
    ensure!(psql::run(&stack.owner(), reads)?.success()?.contains("777097"));
    Ok(())
}

/// Functions that run what they are handed as a text, or put it into one.
const RUNNING: &str = "\
    CREATE FUNCTION ex(t text) RETURNS void LANGUAGE plpgsql AS 'BEGIN EXECUTE t; END'; \
    CREATE FUNCTION ex_named(n int, t text) RETURNS void LANGUAGE plpgsql AS 'BEGIN EXECUTE t; END'; \
    CREATE FUNCTION ex_default(t text DEFAULT 'CREATE TABLE made AS SELECT email AS z FROM people') RETURNS void LANGUAGE plpgsql AS 'BEGIN EXECUTE t; END'; \
    CREATE FUNCTION ex_called(t text) RETURNS void LANGUAGE plpgsql AS $$ BEGIN EXECUTE format('CREATE TABLE %I AS SELECT email AS z FROM people', t); END $$; \
    CREATE FUNCTION ex_of(t text) RETURNS void LANGUAGE plpgsql AS $$ BEGIN EXECUTE format('CREATE TABLE made AS SELECT * FROM %s', t); END $$; \
    CREATE FUNCTION ex_through(t text) RETURNS void LANGUAGE plpgsql AS 'BEGIN PERFORM ex(t); END'; \
    CREATE FUNCTION ex_joined(t text) RETURNS void LANGUAGE plpgsql AS $$ BEGIN PERFORM ex('CREATE' || t); END $$; \
    CREATE FUNCTION ex_rows(t text) RETURNS SETOF int LANGUAGE plpgsql AS 'BEGIN EXECUTE t; RETURN NEXT 1; END'; \
    CREATE PROCEDURE ex_proc(t text) LANGUAGE plpgsql AS 'BEGIN EXECUTE t; END'; \
    CREATE FUNCTION ex_op(a text, b text) RETURNS int LANGUAGE plpgsql AS 'BEGIN EXECUTE a || b; RETURN 1; END'; \
    CREATE OPERATOR #!# (leftarg = text, rightarg = text, function = ex_op); \
    CREATE FUNCTION ex_number(n int) RETURNS void LANGUAGE plpgsql AS $$ BEGIN EXECUTE format('SELECT %s', n); END $$";

/// Each makes a table of this name with such a column.
const HANDED: [(&str, &str); 17] = [
    ("m1", "SELECT ex('CREATE TABLE m1 AS SELECT email AS z FROM people')"),
    ("m2", "SELECT ex('create table m' || '2 as select email as z from peo' || 'ple')"),
    ("m3", "SELECT ex(format('CREATE TABLE m3 AS SELECT email AS z FROM %s', 'people'))"),
    ("m4", "SELECT ex(reverse('elpoep morf z sa liame tceles sa 4m elbat etaerc'))"),
    ("m5", "SELECT ex(t) FROM (VALUES ('CREATE TABLE m5 AS SELECT email AS z FROM people')) v (t)"),
    ("m6", "SELECT ex_named(t => 'CREATE TABLE m6 AS SELECT email AS z FROM people', n => 1)"),
    ("made", "SELECT ex_default()"),
    ("m8", "SELECT ex_called('m8')"),
    ("made", "SELECT ex_of('(SELECT email AS z FROM people) q')"),
    ("made", "SELECT ex_of($$(SELECT mail(1) AS z) q$$)"),
    ("m11", "SELECT ex_through('CREATE TABLE m11 AS SELECT email AS z FROM people')"),
    ("m12", "SELECT ex_joined(' TABLE m12 AS SELECT email AS z FROM people')"),
    ("m13", "SELECT * FROM ex_rows('CREATE TABLE m13 AS SELECT email AS z FROM people')"),
    ("m14", "CALL ex_proc('CREATE TABLE m14 AS SELECT email AS z FROM people')"),
    ("m15", "DO $$ BEGIN PERFORM ex('CREATE TABLE m15 AS SELECT email AS z FROM people'); END $$"),
    (
        "m16",
        "DO $$ DECLARE t text := 'CREATE TABLE m16 AS SELECT email AS z FROM peop'; BEGIN PERFORM ex(t || 'le'); END $$",
    ),
    ("m17", "SELECT 'CREATE TABLE m17 AS SELECT email'::text #!# ' AS z FROM people'::text"),
];

/// Where such code may run at all.
#[test]
fn what_code_runs_that_it_is_handed_stays_masked() -> Result<()> {
    let stack = with_objects_of(Values::Names, "[policy.mode]\nopaque-code = \"observe\"\n")?;
    psql::run(&stack.owner(), &Values::Names.of(RUNNING))?.success()?;
    let mut wrong = String::new();
    for (made, text) in HANDED {
        let reads = &format!("SELECT z FROM {made}; SELECT upper(z) FROM {made}");
        let text = Values::Names.of(text).replace("liame", "eman_tsal");
        let shown = run(&stack.owner(), &format!("BEGIN; {text}; {reads}; ROLLBACK"))?;
        ensure!(shows_canary(&shown), "is no attack: {text}\n{}{}", shown.stdout, shown.stderr);
        let behind = run(&stack.alice()?, &format!("{text}; {reads}"))?;
        let after = run(&stack.alice()?, reads)?;
        for (when, output) in [("behind", behind), ("after", after)] {
            if shows_canary(&output) {
                writeln!(wrong, "leaks {when}: {text}\n{}{}", output.stdout, output.stderr)?;
            }
        }
        psql::run(&stack.owner(), &format!("DROP TABLE IF EXISTS {made}"))?.success()?;
    }
    let harmless = run(&stack.alice()?, "SELECT ex_number(776)")?;
    ensure!(harmless.stderr.is_empty(), "is refused: {}", harmless.stderr);
    ensure!(wrong.is_empty(), "{wrong}");
    Ok(())
}
