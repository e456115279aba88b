//! Code that runs without being called by its name: behind operators, casts, types and views. A statement does what it does.

use anyhow::{Context, Result};
use e2e::psql;

use crate::laundering::run;
use crate::leaks::{Values, shows_canary, with_objects_of};
use crate::stack::{Stack, words};

/// `harm` is what each of these leads to. What must be immutable calls it by another, as PostgreSQL looks no further.
const LEADING_TO_HARM: &str = "
    SET ROLE shop_owner;
    CREATE TABLE victims (id int);
    INSERT INTO victims VALUES (1), (2);
    CREATE FUNCTION harm(int) RETURNS bool LANGUAGE plpgsql AS 'BEGIN DELETE FROM public.victims; RETURN true; END';
    CREATE FUNCTION harm_two(int, int) RETURNS bool LANGUAGE sql AS 'SELECT public.harm($1)';
    CREATE FUNCTION calm(int) RETURNS bool LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN public.harm($1); END';
    CREATE FUNCTION hidden(int) RETURNS bool LANGUAGE plpgsql AS $$ BEGIN EXECUTE 'DELETE FROM ' || 'public.victims'; RETURN true; END $$;
    CREATE OPERATOR === (FUNCTION = harm_two, LEFTARG = int, RIGHTARG = int);
    CREATE OPERATOR !!! (FUNCTION = harm, RIGHTARG = int);
    CREATE OPERATOR ??? (FUNCTION = hidden, RIGHTARG = int);
    CREATE DOMAIN checked AS int CHECK (calm(VALUE));
    CREATE DOMAIN checked_twice AS checked;
    CREATE TYPE boxed AS (a checked);
    CREATE DOMAIN compared AS int CHECK (VALUE === 1);
    CREATE TYPE pair AS (a int, b int);
    CREATE FUNCTION pair_of(text) RETURNS pair LANGUAGE plpgsql AS 'BEGIN PERFORM public.harm(1); RETURN ROW(1, 2)::public.pair; END';
    CREATE FUNCTION of_pair(pair) RETURNS int LANGUAGE plpgsql AS 'BEGIN PERFORM public.harm(1); RETURN 1; END';
    CREATE CAST (text AS pair) WITH FUNCTION pair_of(text);
    CREATE CAST (pair AS int) WITH FUNCTION of_pair(pair) AS IMPLICIT;
    CREATE TABLE pairs (p pair);
    CREATE FUNCTION add_harm(int, int) RETURNS int LANGUAGE plpgsql AS 'BEGIN PERFORM public.harm(1); RETURN 1; END';
    CREATE AGGREGATE total(int) (SFUNC = add_harm, STYPE = int, INITCOND = '0');
    CREATE TYPE point3 AS (x int, y int, z int);
    CREATE FUNCTION is_less(point3, point3) RETURNS bool LANGUAGE sql IMMUTABLE AS 'SELECT $1.x < $2.x';
    CREATE FUNCTION is_same(point3, point3) RETURNS bool LANGUAGE sql IMMUTABLE AS 'SELECT $1.x = $2.x';
    CREATE FUNCTION compare(point3, point3) RETURNS int LANGUAGE plpgsql IMMUTABLE AS 'BEGIN PERFORM public.harm(1); RETURN 0; END';
    CREATE OPERATOR <<< (FUNCTION = is_less, LEFTARG = point3, RIGHTARG = point3);
    CREATE OPERATOR >>> (FUNCTION = is_less, LEFTARG = point3, RIGHTARG = point3);
    CREATE OPERATOR ==== (FUNCTION = is_same, LEFTARG = point3, RIGHTARG = point3);
    CREATE TABLE points (p point3);
    INSERT INTO points VALUES (ROW(1, 2, 3)), (ROW(2, 2, 3));
    CREATE TYPE money2 AS (amount int);
    CREATE FUNCTION equals(money2, money2) RETURNS bool LANGUAGE sql AS 'SELECT public.harm(1)';
    CREATE OPERATOR = (FUNCTION = equals, LEFTARG = money2, RIGHTARG = money2);
    CREATE TABLE wallets (m money2);
    INSERT INTO wallets VALUES (ROW(1));
    CREATE VIEW calls AS SELECT harm(1) AS ok;
    CREATE VIEW compares AS SELECT 1 === 2 AS ok;
    CREATE VIEW sees AS SELECT ok FROM calls;
    CREATE MATERIALIZED VIEW kept AS SELECT harm(1) AS ok WITH NO DATA;
    CREATE MATERIALIZED VIEW filled AS SELECT harm(1) AS ok;
    CREATE FUNCTION nested(int) RETURNS bool LANGUAGE plpgsql AS 'BEGIN IF $1 === 2 THEN RETURN true; END IF; RETURN false; END';
    CREATE FUNCTION casts(int) RETURNS bool LANGUAGE plpgsql AS 'DECLARE c checked; BEGIN c := $1; RETURN true; END';
    CREATE TABLE numbers (id int);
    INSERT INTO numbers VALUES (1);
    CREATE FUNCTION tally(numbers, int DEFAULT 1) RETURNS bool LANGUAGE plpgsql AS 'BEGIN RETURN public.harm($2); END';
    RESET ROLE;
    CREATE OPERATOR CLASS point3_ops DEFAULT FOR TYPE point3 USING btree AS
        OPERATOR 1 <<<, OPERATOR 3 ====, OPERATOR 5 >>>, FUNCTION 1 compare(point3, point3);
    CREATE OPERATOR <~ (FUNCTION = pg_read_file, RIGHTARG = text);
    INSERT INTO victims VALUES (1), (2)";

const WAYS: [&str; 46] = [
    "SELECT n.tally FROM numbers n",
    "SELECT 1 === 2",
    "SELECT !!! 1",
    "SELECT 1 OPERATOR(public.===) 2",
    "SELECT id FROM numbers WHERE id === ANY (ARRAY[1])",
    "SELECT id FROM numbers WHERE id === ANY (SELECT 1)",
    "SELECT CASE WHEN id === 2 THEN 1 END FROM numbers",
    "UPDATE numbers SET id = 2 WHERE id === 1",
    "INSERT INTO numbers SELECT 2 WHERE 1 === 2",
    "COPY (SELECT 1 === 2) TO STDOUT",
    "EXPLAIN ANALYZE SELECT 1 === 2",
    "PREPARE p AS SELECT 1 === 2; EXECUTE p",
    "DECLARE c CURSOR FOR SELECT 1 === 2; FETCH c",
    "CREATE TABLE made AS SELECT 1 === 2 AS ok",
    "CREATE TABLE made (id int CHECK (id === 2)); INSERT INTO made VALUES (1)",
    "ALTER TABLE numbers ADD CONSTRAINT c CHECK (id === 2)",
    "DO $$ BEGIN IF 1 === 2 THEN NULL; END IF; END $$",
    "DO $$ DECLARE c checked := 1; BEGIN NULL; END $$",
    "SELECT nested(1)",
    "SELECT casts(1)",
    "SELECT 1::checked",
    "SELECT CAST(1 AS public.checked)",
    "SELECT checked '1'",
    "SELECT '1'::checked_twice",
    "SELECT ARRAY[1]::checked[]",
    "SELECT '(1)'::boxed",
    "SELECT ROW(1)::boxed",
    "SELECT 1::compared",
    "SELECT json_populate_record(NULL::boxed, '{\"a\": 1}')",
    "SELECT a FROM jsonb_to_record('{\"a\": 1}') AS x(a checked)",
    "ALTER TABLE numbers ALTER id TYPE checked",
    "SELECT 'x'::text::pair",
    "SELECT ROW(1, 2)::pair + 1",
    "INSERT INTO pairs VALUES (ROW(1, 2)); SELECT p + 1 FROM pairs",
    "INSERT INTO pairs VALUES (ROW(1, 2)); SELECT abs(p) FROM pairs",
    "SELECT total(id) FROM numbers",
    "SELECT total(id) OVER () FROM numbers",
    "SELECT p FROM points ORDER BY p",
    "SELECT p FROM points ORDER BY p USING <<<",
    "SELECT DISTINCT p FROM points",
    "SELECT count(*) FROM points GROUP BY p",
    "SELECT m FROM wallets WHERE m = ROW(1)::money2",
    "SELECT ok FROM calls",
    "SELECT ok FROM sees",
    "SELECT ok FROM compares",
    "REFRESH MATERIALIZED VIEW kept",
];

/// What is like these, and runs nothing of it.
const HARMLESS: [&str; 14] = [
    "SELECT 1 = 2, 1 < 2, 'a' || 'b', 3 BETWEEN 1 AND 2, 1 IN (SELECT 1)",
    "SELECT id FROM numbers WHERE id = ANY (ARRAY[1])",
    "UPDATE numbers SET id = 1 WHERE id = 1",
    "SELECT a.id FROM numbers a JOIN numbers b USING (id)",
    "SELECT ok FROM filled",
    "SELECT 1::int, '2'::text, ARRAY[1]::int[], '{}'::jsonb",
    "SELECT '(1,2,3)'::text",
    "DO $$ BEGIN IF 1 = 2 THEN NULL; END IF; END $$",
    "CREATE TABLE totals (id int, total int); INSERT INTO totals VALUES (1, 1); SELECT total FROM totals",
    "SELECT 'a'::citext = 'A', 'a'::citext < 'B'",
    "SELECT 'abc' % 'abd', similarity('abc', 'abd'), 'a=>1'::hstore -> 'a', 'a=>1'::hstore || 'b=>2'::hstore",
    "SELECT a FROM tagged WHERE tags @> 'a=>1' AND a = 'x' ORDER BY a",
    "SELECT '1'::harmless, 2 <-> 3, '(1,2)'::spot <-> '(3,4)'::spot",
    "SELECT '1'::email FROM (SELECT 1 = 1) t",
];

/// What ordinary databases have.
const ORDINARY: &str = "
    CREATE EXTENSION citext; CREATE EXTENSION pg_trgm; CREATE EXTENSION hstore; CREATE EXTENSION pgcrypto;
    SET ROLE shop_owner;
    CREATE TABLE tagged (a citext, tags hstore);
    CREATE DOMAIN harmless AS text CHECK (VALUE ~ '^[0-9]+$');
    CREATE FUNCTION is_email(text) RETURNS bool LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN $1 ~ ''.''; END';
    CREATE DOMAIN email AS text CHECK (is_email(VALUE));
    CREATE TYPE spot AS (x int, y int);
    CREATE FUNCTION away(spot, spot) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT abs($1.x - $2.x) + abs($1.y - $2.y)';
    CREATE FUNCTION away(int, int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN abs($1 - $2); END';
    CREATE OPERATOR <-> (FUNCTION = away, LEFTARG = spot, RIGHTARG = spot);
    CREATE OPERATOR <-> (FUNCTION = away, LEFTARG = int, RIGHTARG = int)";

#[test]
fn what_an_operator_cast_type_or_view_runs_is_what_the_statement_does() -> Result<()> {
    let stack = Stack::start()?;
    stack.truth(LEADING_TO_HARM)?;
    stack.truth(ORDINARY)?;
    let alice = stack.alice()?;
    let mut let_through = Vec::new();
    for statement in WAYS {
        // It does what is said of it.
        let left = stack.truth(&format!("BEGIN; {statement}; SELECT count(*) FROM victims; ROLLBACK"))?;
        assert!(left.lines().any(|line| line == "0"), "{statement}: {left}");
        let output = psql::run(&alice, statement)?;
        if !output.stderr.contains("Rule \"no-unfiltered-write\": ") {
            let_through.push((statement, output.stderr));
        }
    }
    assert!(let_through.is_empty(), "{let_through:#?}");
    for statement in HARMLESS {
        psql::run(&alice, statement)?.success().with_context(|| format!("run `{statement}`"))?;
    }
    assert_eq!(stack.truth("SELECT count(*) FROM victims")?, "2");
    let output = psql::run(&alice, "SELECT ??? 1")?;
    assert!(output.stderr.contains("Rule \"opaque-code\": "), "{output:?}");
    let output = psql::run(&alice, "SELECT <~ '/etc/hostname'")?;
    assert!(output.stderr.contains("Rule \"no-server-files\": "), "{output:?}");
    let row = stack.statement("SELECT 1 === 2")?;
    assert!(words(&row, "relations_written")?.contains(&"public.victims"), "{row}");
    Ok(())
}

/// What a function gives back that an operator or cast stands for is as sensitive as what it reads.
#[test]
fn what_operators_and_casts_show_is_masked() -> Result<()> {
    let stack = Stack::start()?;
    stack.truth(
        "SET ROLE shop_owner; CREATE TABLE people (id int, email text); \
         INSERT INTO people VALUES (1, 'ada@example.com'); CREATE TYPE wrapped AS (id int); \
         CREATE FUNCTION mail(int, int) RETURNS text LANGUAGE sql AS 'SELECT email FROM people WHERE id = $1'; \
         CREATE FUNCTION mail(wrapped) RETURNS text LANGUAGE sql AS 'SELECT email FROM people WHERE id = $1.id'; \
         CREATE OPERATOR ==> (FUNCTION = mail, LEFTARG = int, RIGHTARG = int); \
         CREATE CAST (wrapped AS text) WITH FUNCTION mail(wrapped) AS IMPLICIT; \
         CREATE VIEW mails AS SELECT 1 ==> 1 AS mail",
    )?;
    let alice = stack.alice()?;
    for statement in [
        "SELECT 1 ==> 1",
        "SELECT upper(1 ==> 1)",
        "SELECT ROW(1)::wrapped::text",
        "SELECT substr(ROW(1)::wrapped, 1)",
        "SELECT mail FROM mails",
        "SELECT mail(1, 1)",
    ] {
        assert!(stack.truth(statement)?.to_lowercase().contains("ada@example.com"), "{statement}");
        let output = psql::run(&alice, statement)?;
        assert!(!output.stdout.to_lowercase().contains("ada@"), "{statement}: {output:?}");
    }
    Ok(())
}

/// A function that is longer than the catalog is read with could do anything.
#[test]
fn what_hangs_on_rows_and_is_too_long_to_be_read_does_not_run_for_who_may_not_see_values() -> Result<()> {
    let stack = with_objects_of(Values::Names, "")?;
    let function = |name: &str, len: usize| {
        let long = "x".repeat(len);
        format!(
            "CREATE FUNCTION {name}(text) RETURNS bool LANGUAGE plpgsql IMMUTABLE AS 'BEGIN /*{long}*/ PERFORM long_write($1); RETURN true; END'"
        )
    };
    let made = [
        "CREATE TABLE long_log (z text)",
        "CREATE FUNCTION long_write(text) RETURNS bool LANGUAGE plpgsql AS 'BEGIN INSERT INTO long_log VALUES ($1); RETURN true; END'",
        &function("long_check", 50_000),
        &function("short_check", 40_000),
        "CREATE TABLE long_a (id int, last_name text, CHECK (long_check(last_name)))",
        "CREATE DOMAIN long_d AS text CHECK (long_check(value))",
        "CREATE TABLE long_b (id int, last_name long_d)",
        "CREATE TABLE long_c (id int, last_name text, g bool GENERATED ALWAYS AS (long_check(last_name)) STORED)",
        "CREATE TABLE short_a (id int, last_name text, CHECK (short_check(last_name)))",
    ];
    for text in made {
        psql::run(&stack.owner(), text)?.success()?;
    }
    run(&stack.alice()?, "SELECT 1 FROM long_a, long_b, long_c, short_a, long_log")?;
    for table in ["long_a", "long_b", "long_c"] {
        let text = format!("INSERT INTO {table} (id, last_name) SELECT id, last_name FROM people");
        let written = run(&stack.alice()?, &text)?;
        assert!(written.stderr.contains("opaque-code"), "{text}: {written:?}");
    }
    let text = "INSERT INTO short_a SELECT id, last_name FROM people";
    assert_eq!(run(&stack.alice()?, text)?.stderr, "", "{text}");
    let direct = run(&stack.owner(), "SELECT z FROM long_log")?;
    let read = run(&stack.alice()?, "SELECT z FROM long_log")?;
    assert!(shows_canary(&direct) && !shows_canary(&read), "{read:?} instead of {direct:?}");
    let too_long = psql::run(&stack.alice()?, &function("long_new", 50_000))?;
    assert!(too_long.stderr.contains("opaque-code"), "{}", too_long.stderr);
    psql::run(&stack.alice()?, &function("short_new", 40_000))?.success()?;
    Ok(())
}
