//! Code that others call is not put in the place of, or beside, what hands what it is given to where somebody listens: they may see all
//! values.

use std::fmt::Write;

use anyhow::{Result, ensure};
use e2e::psql::{self, Session};

use crate::laundering::run;
use crate::leaks::{Values, with_objects_of};

/// What is there, and what applications may call.
const THERE: &str = "CREATE SEQUENCE s; \
    CREATE FUNCTION shown(t text) RETURNS text LANGUAGE sql AS 'SELECT upper(t)'; \
    CREATE FUNCTION calls_later(t text) RETURNS text LANGUAGE plpgsql AS 'BEGIN RETURN later(t); END'; \
    CREATE FUNCTION joined_by(text, text) RETURNS text LANGUAGE sql AS 'SELECT concat($1, $2)'; \
    CREATE OPERATOR #&# (leftarg = text, rightarg = text, function = joined_by); \
    CREATE AGGREGATE joined(text) (sfunc = joined_by, stype = text); \
    CREATE FUNCTION tells(text, text) RETURNS bool LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_notify('c', $1); RETURN true; END $$; \
    CREATE FUNCTION tells(varchar, varchar) RETURNS bool LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_notify('c', $1); RETURN true; END $$; \
    CREATE FUNCTION gathers(varchar, varchar) RETURNS varchar LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_notify('c', $2); RETURN $2; END $$; \
    CREATE TYPE kind AS ENUM ('a'); CREATE FUNCTION shows(kind) RETURNS text LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_notify('c', 'x' || $1); RETURN 'x'; END $$; \
    CREATE FUNCTION uses(t text) RETURNS bool LANGUAGE plpgsql AS 'BEGIN RETURN t #~~# ''x''; END'; \
    CREATE FUNCTION noted() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'; \
    CREATE TRIGGER noted BEFORE INSERT ON visits FOR EACH ROW EXECUTE FUNCTION noted()";

const PLANTS: [&str; 27] = [
    "CREATE OR REPLACE FUNCTION shown(t text) RETURNS text LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_notify('c', t); RETURN upper(t); END $$",
    "CREATE OR REPLACE FUNCTION shown(t text) RETURNS text LANGUAGE sql AS 'SELECT pg_notify(''c'', t); SELECT upper(t)'",
    "CREATE OR REPLACE FUNCTION shown(t text) RETURNS text LANGUAGE sql AS 'SELECT upper($1) FROM pg_notify(''c'', $1)'",
    "CREATE OR REPLACE FUNCTION shown(t text) RETURNS text BEGIN ATOMIC SELECT pg_notify('c', t); SELECT upper(t); END",
    "CREATE OR REPLACE FUNCTION shown(t text) RETURNS text LANGUAGE plpgsql AS $$ BEGIN PERFORM setval('s', ascii(t)); RETURN t; END $$",
    "CREATE OR REPLACE FUNCTION shown(t text) RETURNS text LANGUAGE plpgsql AS $$ BEGIN PERFORM set_config('my.x', t, false); RETURN t; END $$",
    "CREATE OR REPLACE FUNCTION shown(t text) RETURNS text LANGUAGE plpgsql AS $$ BEGIN PERFORM lo_from_bytea(0, t::bytea); RETURN t; END $$",
    "CREATE OR REPLACE FUNCTION shown(t text) RETURNS text LANGUAGE plpgsql AS $$ DECLARE v text := t; BEGIN PERFORM pg_notify('c', v); RETURN v; END $$",
    "CREATE OR REPLACE FUNCTION shown(t text) RETURNS text LANGUAGE plpgsql AS $$ BEGIN EXECUTE 'SELECT pg_notify(''c'', $1)' USING t; RETURN t; END $$",
    "CREATE OR REPLACE FUNCTION shown(t text) RETURNS text LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_notify('c', (SELECT max(email) FROM people)); RETURN t; END $$",
    "CREATE OR REPLACE FUNCTION shown(t text) RETURNS text LANGUAGE sql AS 'SELECT put_away(t)'",
    "CREATE FUNCTION shown(t varchar) RETURNS text LANGUAGE sql AS 'SELECT pg_notify(''c'', t); SELECT upper(t)'",
    "CREATE SCHEMA nearer; CREATE FUNCTION nearer.shown(t text) RETURNS text LANGUAGE sql AS 'SELECT pg_notify(''c'', t); SELECT upper(t)'",
    "CREATE FUNCTION later(t text) RETURNS text LANGUAGE sql AS 'SELECT pg_notify(''c'', t); SELECT upper(t)'",
    "DO $$ BEGIN EXECUTE 'CREATE OR REPLACE FUNCTION shown(t text) RETURNS text LANGUAGE sql AS ''SELECT pg_notify(''''c'''', t); SELECT upper(t)'''; END $$",
    "CREATE FUNCTION put(t text) RETURNS text LANGUAGE sql AS 'SELECT pg_notify(''c'', t); SELECT upper(t)'; CREATE OR REPLACE FUNCTION shown(t text) RETURNS text LANGUAGE sql AS 'SELECT put(t)'",
    "CREATE OR REPLACE FUNCTION shown(t text) RETURNS text LANGUAGE plpgsql AS 'BEGIN RETURN put(t); END'; CREATE FUNCTION put(t text) RETURNS text LANGUAGE sql AS 'SELECT pg_notify(''c'', t); SELECT upper(t)'",
    "CREATE OR REPLACE FUNCTION joined_by(text, text) RETURNS text LANGUAGE sql AS 'SELECT pg_notify(''c'', $2); SELECT concat($1, $2)'",
    "CREATE FUNCTION put(text, text) RETURNS text LANGUAGE sql AS 'SELECT pg_notify(''c'', $2); SELECT concat($1, $2)'; CREATE OR REPLACE AGGREGATE joined(text) (sfunc = put, stype = text)",
    "CREATE FUNCTION upper(t varchar) RETURNS text LANGUAGE sql AS 'SELECT pg_notify(''c'', t); SELECT pg_catalog.upper(t::text)'",
    "CREATE OPERATOR = (function = tells, leftarg = varchar, rightarg = varchar)",
    "CREATE OPERATOR #&# (function = tells, leftarg = varchar, rightarg = varchar)",
    "CREATE OPERATOR #~~# (function = tells, leftarg = text, rightarg = text)",
    "CREATE AGGREGATE max(varchar) (sfunc = gathers, stype = varchar)",
    "CREATE AGGREGATE later(varchar) (sfunc = gathers, stype = varchar)",
    "CREATE CAST (kind AS text) WITH FUNCTION shows(kind) AS ASSIGNMENT",
    "CREATE FUNCTION plants() RETURNS void LANGUAGE plpgsql AS $p$ BEGIN CREATE OR REPLACE FUNCTION shown(t text) RETURNS text LANGUAGE sql AS 'SELECT pg_notify(''c'', t); SELECT upper(t)'; END $p$; SELECT plants()",
];

const HARMLESS: [&str; 7] = [
    "CREATE OPERATOR === (function = tells, leftarg = text, rightarg = text); CREATE AGGREGATE longest(varchar) (sfunc = gathers, stype = varchar); \
        CREATE FUNCTION upper(n int) RETURNS text LANGUAGE sql AS 'SELECT pg_catalog.upper(n::text)'; CREATE CAST (kind AS int) WITH INOUT",
    "CREATE OR REPLACE FUNCTION shown(t text) RETURNS text LANGUAGE sql AS 'SELECT upper(t) || ''!'''",
    "CREATE OR REPLACE FUNCTION shown(t text) RETURNS text LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_notify('c', 'called'); RETURN t; END $$",
    "CREATE FUNCTION tenant(t text) RETURNS text LANGUAGE sql AS 'SELECT set_config(''app.tenant'', t, false)'; CREATE OR REPLACE FUNCTION other(t text) RETURNS text LANGUAGE sql AS 'SELECT lower(t)'",
    "CREATE OR REPLACE FUNCTION put_away(t text) RETURNS text LANGUAGE sql AS 'SELECT set_config(''my.x'', t, true)'",
    "CREATE FUNCTION told() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_notify('visits', NEW.id::text); RETURN NEW; END $$; CREATE TRIGGER told AFTER INSERT ON visits FOR EACH ROW EXECUTE FUNCTION told()",
    "DO $$ BEGIN CREATE OR REPLACE FUNCTION shown(t text) RETURNS text LANGUAGE sql AS 'SELECT lower(t)'; END $$",
];

#[test]
fn what_applications_call_is_not_replaced_by_what_tells_others() -> Result<()> {
    let stack = with_objects_of(Values::Names, "")?;
    psql::run(&stack.owner(), THERE)?.success()?;
    run(&stack.alice()?, "SELECT shown('a')")?;
    let mut wrong = String::new();
    for text in PLANTS {
        let text = Values::Names.of(text);
        let directly = run(&stack.owner(), &format!("BEGIN; {text}; ROLLBACK"))?;
        ensure!(!directly.stderr.contains("ERROR"), "{text}\n{}", directly.stderr);
        for text in [format!("BEGIN; {text}; ROLLBACK"), text.clone()] {
            let through = run(&stack.alice()?, &text)?;
            if !through.stderr.contains("Rule \"masked-values-stay\"") {
                writeln!(wrong, "is permitted: {text}\n{}", through.stderr)?;
            }
        }
        psql::run(&stack.owner(), "DROP SCHEMA IF EXISTS nearer CASCADE; DROP FUNCTION IF EXISTS plants; DROP FUNCTION IF EXISTS put(text)")?
            .success()?;
        psql::run(
            &stack.owner(),
            "CREATE OR REPLACE FUNCTION shown(t text) RETURNS text LANGUAGE sql AS 'SELECT upper(t)'",
        )?
        .success()?;
    }
    // Another session has it called, and has not ended its transaction.
    let mut other = Session::start(&stack.alice()?)?;
    let calls = "CREATE OR REPLACE FUNCTION shown(t text) RETURNS text LANGUAGE plpgsql AS 'BEGIN RETURN put(t); END';";
    other.expect("BEGIN;", "BEGIN")?;
    other.expect(calls, "CREATE FUNCTION")?;
    let text = "CREATE FUNCTION put(t text) RETURNS text LANGUAGE sql AS 'SELECT pg_notify(''c'', t); SELECT upper(t)'";
    let refused = run(&stack.alice()?, text)?;
    ensure!(refused.stderr.contains("Picket refused"), "{text}\n{}", refused.stderr);
    ensure!(other.quit()? == 0);
    // A function of triggers that is there is not replaced at all.
    let text = "CREATE OR REPLACE FUNCTION noted() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_notify('c', NEW.note); RETURN NEW; END $$";
    let refused = run(&stack.alice()?, text)?;
    ensure!(refused.stderr.contains("Picket refused"), "{text}\n{}", refused.stderr);
    for text in ["ALTER FUNCTION shown(text) RENAME TO before", "DROP FUNCTION shown(text)"] {
        let refused = run(&stack.alice()?, text)?;
        ensure!(refused.stderr.contains("Picket refused"), "{text}\n{}", refused.stderr);
    }
    for text in HARMLESS {
        let through = run(&stack.alice()?, &format!("BEGIN; {text}; ROLLBACK"))?;
        if through.stderr.contains("ERROR") {
            writeln!(wrong, "is refused: {text}\n{}", through.stderr)?;
        }
    }
    ensure!(wrong.is_empty(), "{wrong}");
    Ok(())
}
