//! Parts of values that views, generated columns, functions and names of somebody's own give under names of whole values are compared as parts.

use anyhow::{Context, Result};
use e2e::psql;

use super::assert_asks;
use crate::stack::Stack;

/// People, and a dictionary of letters; and what honest people make beside them.
const PEOPLE: &str = "\
    CREATE TABLE people (id int PRIMARY KEY, full_name text, email text, phone text); \
    INSERT INTO people VALUES (1, 'Anna Miller', 'anna@shop.org', '1'), (2, 'Zoe Young', 'zoe@shop.org', '2'); \
    CREATE TABLE dict (dn int, dc text); INSERT INTO dict SELECT n, chr(n) FROM generate_series(32, 126) n; CREATE SCHEMA other; \
    CREATE VIEW plain AS SELECT id, full_name, lower(email) AS email, left(full_name, 1) AS initial FROM people; CREATE VIEW over_plain AS SELECT id, full_name FROM plain; \
    CREATE VIEW together AS SELECT id, full_name FROM people UNION ALL SELECT id, full_name FROM plain; \
    CREATE VIEW one_letter AS SELECT q.id, q.full_name FROM (SELECT id, left(full_name, 1) FROM people) q (id, full_name); \
    CREATE TABLE made (id int, first_name text, last_name text, full_name text GENERATED ALWAYS AS (first_name || ' ' || last_name) STORED, n int GENERATED ALWAYS AS (id + 1) STORED, \
        email text GENERATED ALWAYS AS (coalesce(lower(first_name), 'x')) STORED, \
        phone text GENERATED ALWAYS AS (ltrim(first_name, 'ABCDEFGHIJKLM')) STORED, surname text GENERATED ALWAYS AS (ltrim(last_name)) STORED); \
    INSERT INTO made VALUES (1, 'Anna', 'Miller'); \
    CREATE FUNCTION all_people() RETURNS SETOF people LANGUAGE sql AS 'SELECT * FROM people'; \
    CREATE FUNCTION one(p int) RETURNS SETOF people LANGUAGE plpgsql AS 'BEGIN RETURN QUERY SELECT p.* FROM people p WHERE p.id = $1; END'";

/// What somebody who may not see values makes of them.
const MADE: [&str; 17] = [
    "CREATE VIEW letters AS SELECT id, substr(full_name, 1, 1) AS full_name, substr(email, 1, 1) AS email FROM people",
    "CREATE VIEW over_letters AS SELECT id, full_name AS first_name FROM letters",
    "CREATE VIEW some_letters AS SELECT id, full_name FROM people WHERE false UNION ALL SELECT id, left(full_name, 1) FROM people",
    "CREATE TABLE kept (id int, full_name text); INSERT INTO kept SELECT id, full_name FROM letters",
    "CREATE TABLE generates (id int, v text, email text GENERATED ALWAYS AS (left(v, 1)) STORED)",
    "INSERT INTO generates SELECT id, full_name FROM people",
    "CREATE FUNCTION any_letters() RETURNS SETOF record LANGUAGE sql AS 'SELECT id, left(full_name, 1) FROM people'",
    "CREATE TABLE own (id int, full_name text); CREATE TABLE wide (id int, v text)",
    "CREATE FUNCTION own_letters() RETURNS SETOF own LANGUAGE sql AS 'SELECT id, left(full_name, 1) FROM people'",
    "CREATE FUNCTION own_by_code() RETURNS SETOF own LANGUAGE plpgsql AS 'DECLARE r own; BEGIN FOR r IN SELECT id, full_name FROM people LOOP r.full_name := left(r.full_name, 1); RETURN NEXT r; END LOOP; END'",
    "CREATE FUNCTION wide_letters() RETURNS SETOF wide LANGUAGE sql AS 'SELECT id, left(full_name, 1) FROM people'",
    "CREATE FUNCTION wide_names() RETURNS SETOF wide LANGUAGE sql AS 'SELECT id, full_name FROM people'",
    "CREATE FUNCTION through_view() RETURNS SETOF own LANGUAGE sql AS 'SELECT id, full_name FROM letters'",
    "CREATE FUNCTION other.initcap(text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT left($1, 1)'; CREATE DOMAIN other.citext AS varchar(1)",
    "CREATE TABLE by_name (id int, full_name text); INSERT INTO by_name SELECT id, other.initcap(full_name) FROM people",
    "CREATE TABLE by_type (id int, full_name text); INSERT INTO by_type SELECT id, full_name::other.citext FROM people",
    "CREATE TABLE leaves (id int, full_name text) PARTITION BY RANGE (id); CREATE TABLE left_alone PARTITION OF leaves FOR VALUES FROM (0) TO (9); \
        CREATE TABLE parent (id int, full_name text); CREATE TABLE child () INHERITS (parent); INSERT INTO child SELECT id FROM people",
];

/// Each tells letters of everybody.
const TELLING: [&str; 17] = [
    "SELECT x.id, dc FROM letters x, dict WHERE full_name = dc",
    "SELECT x.id, a.dc, b.dc FROM letters x, dict a, dict b WHERE x.full_name = a.dc AND x.email = b.dc",
    "SELECT x.id, dc FROM over_letters x, dict WHERE first_name = dc",
    "SELECT x.id, dc FROM one_letter x, dict WHERE full_name = dc",
    "SELECT x.id, dc FROM some_letters x, dict WHERE full_name = dc",
    "SELECT x.id, dc FROM kept x, dict WHERE full_name = dc",
    "SELECT x.id, dc FROM generates x, dict WHERE email = dc",
    "SELECT id FROM made WHERE phone = 'nna'",
    "SELECT dc FROM any_letters() x (id int, z text), dict WHERE z = dc",
    "SELECT dc FROM ROWS FROM (any_letters() AS (id int, z text)) x, dict WHERE z = dc",
    "SELECT x.id, dc FROM people x, dict WHERE (SELECT y.full_name FROM own_letters() y WHERE y.id = x.id) = dc",
    "SELECT id, dc FROM own_by_code(), dict WHERE full_name = dc",
    "SELECT id, dc FROM wide_letters(), dict WHERE v = dc",
    "SELECT id FROM wide_names() WHERE v LIKE 'A%'",
    "SELECT id, dc FROM through_view(), dict WHERE full_name = dc",
    "SELECT x.id, dc FROM by_name x, dict WHERE full_name = dc",
    "SELECT x.id, dc FROM by_type x, dict WHERE full_name = dc",
];

/// What compares whole values.
const HARMLESS: [&str; 13] = [
    "SELECT id FROM plain WHERE full_name = 'Anna Miller' AND email = 'anna@shop.org'",
    "SELECT id FROM over_plain WHERE full_name = 'Anna Miller'",
    "SELECT p.id FROM plain p JOIN people o ON p.full_name = o.full_name",
    "SELECT id FROM together WHERE full_name = 'Anna Miller'",
    "SELECT id FROM made WHERE full_name = 'Anna Miller' AND n > 1 AND email = 'anna' AND surname = 'Miller'",
    "SELECT id FROM all_people() WHERE full_name = 'Anna Miller' AND id > 1",
    "SELECT full_name FROM one(1) WHERE full_name = 'Anna Miller'",
    "SELECT id FROM wide_names() WHERE v = 'Anna Miller'",
    "SELECT * FROM any_letters() x (id int, z text)",
    "SELECT * FROM letters WHERE id = 1",
    "SELECT id, full_name FROM own_letters()",
    "SELECT n FROM made WHERE n = 2",
    "SELECT count(*) FROM dict JOIN people ON full_name = dc",
];

#[test]
fn parts_under_names_of_whole_values_are_parts() -> Result<()> {
    let stack = Stack::start_with("max-probes-per-hour = 1\n")?;
    psql::run(&stack.owner(), PEOPLE)?.success()?;
    let alice = stack.alice()?;
    psql::run(&alice, "SELECT id FROM people WHERE full_name LIKE 'x%'")?.success()?;
    for text in MADE {
        let made = psql::run(&alice, text)?;
        // What is a question by itself is made by somebody else.
        if made.stderr.contains("max-probes-per-hour") {
            psql::run(&stack.owner(), text)?.success().context(text)?;
        } else {
            made.success().context(text)?;
        }
    }
    for text in TELLING {
        psql::run(&stack.owner(), text)?.success().context(text)?;
    }
    assert_asks(&stack, "", &TELLING, &HARMLESS)
}

/// What is taken out of a table has the parts that were written there.
#[test]
fn parts_leave_a_table_with_what_has_them() -> Result<()> {
    let stack = Stack::start_with("max-probes-per-hour = 1\n")?;
    psql::run(&stack.owner(), PEOPLE)?.success()?;
    let alice = stack.alice()?;
    psql::run(&alice, "SELECT id FROM people WHERE full_name LIKE 'x%'")?.success()?;
    for text in [
        MADE[16],
        "INSERT INTO leaves SELECT id, left(full_name, 1) FROM people",
        "ALTER TABLE leaves DETACH PARTITION left_alone",
        "UPDATE parent SET full_name = left(people.full_name, 1) FROM people WHERE people.id = parent.id",
        "ALTER TABLE child NO INHERIT parent",
    ] {
        psql::run(&alice, text)?.success()?;
    }
    assert_asks(
        &stack,
        "",
        &[
            "SELECT x.id, dc FROM left_alone x, dict WHERE full_name = dc",
            "SELECT x.id, dc FROM child x, dict WHERE full_name = dc",
        ],
        &["SELECT id FROM left_alone WHERE id = 1", "SELECT id FROM people WHERE full_name = 'Anna Miller'"],
    )
}
