//! What is called as PostgreSQL's functions, operators, types and collations are, and is somebody's own, is not taken for them.

use anyhow::Result;
use e2e::psql;

use super::assert_asks;
use crate::stack::Stack;

/// People, and letters to compare them with; of extensions what they make, and a type of somebody's own that is compared.
const PEOPLE: &str = "\
    CREATE TABLE people (id int PRIMARY KEY, full_name text, email citext, birth_date date); \
    INSERT INTO people VALUES (1, 'Anna Miller', 'anna@example.org', '1970-02-07'), (2, 'Zoe Young', 'zoe@example.org', '1990-05-05'); \
    CREATE TABLE people_too AS SELECT * FROM people; \
    CREATE TABLE letters (n int, c text); INSERT INTO letters SELECT g, chr(g) FROM generate_series(32, 126) g; \
    CREATE SCHEMA other; \
    CREATE TYPE mood AS (a int); \
    CREATE FUNCTION mood_eq(a mood, b mood) RETURNS bool LANGUAGE sql IMMUTABLE AS 'SELECT (a).a = (b).a'; \
    CREATE OPERATOR = (leftarg = mood, rightarg = mood, function = mood_eq); \
    CREATE FUNCTION lower(m mood) RETURNS mood LANGUAGE sql IMMUTABLE AS 'SELECT m'";

/// Made beside PostgreSQL's by whoever asks.
const OWN: [&str; 12] = [
    "CREATE DOMAIN other.text AS varchar(1)",
    "CREATE DOMAIN other.int4 AS int CHECK (value > 66)",
    "CREATE DOMAIN other.regletter AS text CHECK (value < 'B')",
    "CREATE FUNCTION other.md5(text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT left($1, 1)'",
    "CREATE FUNCTION other.lower(text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT substr($1, 2, 1)'",
    "CREATE FUNCTION other.upper(text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT substr($1, 3, 1)'",
    "CREATE FUNCTION other.length(text) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT ascii($1) * 500'",
    "CREATE FUNCTION other.first(text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT left($1, 1)'",
    "CREATE AGGREGATE other.min(text) (sfunc = text_larger, stype = text, finalfunc = other.first)",
    "CREATE AGGREGATE other.count(text) (sfunc = text_larger, stype = text, finalfunc = other.first)",
    "CREATE AGGREGATE other.max(text) (sfunc = text_larger, stype = text, finalfunc = ascii)",
    "CREATE OPERATOR other.= (leftarg = text, rightarg = text, function = starts_with)",
];

/// Each tells something of a value, or all of it.
const TELLING: [&str; 21] = [
    "SELECT n, c FROM letters, people WHERE c = full_name::other.text AND people.id = 1",
    "SELECT n, c FROM letters, people WHERE c = CAST(full_name AS other.text)",
    "SELECT c FROM letters, people WHERE c = other.md5(full_name) AND people.id = 1",
    "SELECT a.c, b.c, d.c FROM letters a, letters b, letters d, people WHERE a.c = other.md5(full_name) AND b.c = other.lower(full_name) \
        AND d.c = other.upper(full_name) AND people.id = 1",
    "SELECT c FROM letters WHERE c IN (SELECT other.lower(full_name) FROM people)",
    "SELECT c FROM letters WHERE c = (SELECT other.min(full_name) FROM people WHERE id = 1)",
    "SELECT c FROM letters WHERE c = (SELECT other.count(full_name) FROM people WHERE id = 1)",
    "SELECT c FROM letters WHERE n = (SELECT other.max(full_name) FROM people WHERE id = 1)",
    "SELECT id FROM people WHERE full_name OPERATOR(other.=) 'An'::text AND id = 1",
    "SELECT c, full_name OPERATOR(other.=) c FROM people, letters",
    "SELECT ascii(left(full_name, 1))::other.int4 FROM people WHERE id = 1",
    "SELECT left(full_name, 1)::other.regletter FROM people WHERE id = 1",
    "SELECT (other.length(full_name))::int2 FROM people WHERE id = 1",
    "SET search_path = other, pg_catalog, public; SELECT n FROM letters, people WHERE full_name = c AND id = 1",
    "SET search_path = other, pg_catalog, public; SELECT id FROM people WHERE full_name IN ('An'::text, 'Zo'::text)",
    "SET search_path = other, pg_catalog, public; SELECT id FROM people WHERE full_name IS DISTINCT FROM 'An'::text",
    "SET search_path = other, pg_catalog, public; SELECT CASE full_name WHEN 'An'::text THEN 1 END FROM people",
    "SET search_path = other, pg_catalog, public; SELECT nullif(full_name, 'An'::text) IS NULL FROM people",
    "SET search_path = other, pg_catalog, public; SELECT c FROM letters JOIN people ON c = md5(full_name)",
    "SET search_path = other, pg_catalog, public; SELECT id FROM people WHERE full_name::text = 'A'",
    "SET search_path = other, pg_catalog, public; SELECT n FROM letters JOIN (SELECT full_name AS c FROM people WHERE id = 1) p USING (c)",
];

/// What compares whole values, whoever has made something beside them.
const HARMLESS: [&str; 9] = [
    "SELECT id FROM people WHERE full_name OPERATOR(pg_catalog.=) 'Anna Miller' AND id = 1",
    "SELECT id FROM people WHERE pg_catalog.lower(full_name) OPERATOR(pg_catalog.=) 'anna miller'",
    "SELECT id FROM people WHERE full_name::pg_catalog.text OPERATOR(pg_catalog.=) ANY (ARRAY['Anna Miller'])",
    "SELECT id, full_name, count(*) FROM people WHERE id = 1 GROUP BY 1, 2 ORDER BY 2",
    "SELECT n FROM letters WHERE c = 'a' AND n IN (1, 97) AND c::text = lower('A')",
    "SELECT pg_catalog.max(full_name), pg_catalog.count(full_name) FROM people",
    "SELECT extract(year from birth_date)::pg_catalog.int4 FROM people",
    "SELECT p.id FROM people p, letters l WHERE l.n = p.id",
    "SELECT full_name, left(full_name, 1) FROM people WHERE id = 1",
];

/// Where nobody has made anything but types and extensions.
const USUAL: [&str; 12] = [
    "SELECT id FROM people WHERE full_name = 'Anna Miller' AND birth_date = '1970-02-07' AND id = 1",
    "SELECT id FROM people WHERE email = 'ANNA@example.org' AND email IN ('a', 'anna@example.org') AND email::citext = 'x'",
    "SELECT id FROM people WHERE email::public.citext = 'x' OR lower(email) = 'x' OR email::text = 'x'",
    "SELECT p.id FROM people p JOIN people_too t USING (email, full_name)",
    "SELECT p.id FROM people p JOIN people_too t ON p.full_name = t.full_name AND lower(p.full_name) = lower(t.full_name)",
    "SELECT max(full_name), min(email), count(full_name), count(DISTINCT email) FROM people",
    "SELECT id FROM people WHERE full_name COLLATE \"C\" = 'Anna Miller' AND md5(full_name) = 'x' AND full_name <> 'y'",
    "SELECT CASE full_name WHEN 'Anna Miller' THEN 1 END, nullif(full_name, 'x') FROM people WHERE full_name IS DISTINCT FROM 'z'",
    "SELECT extract(year from age(birth_date))::int, length(full_name)::int4, current_date - birth_date FROM people",
    "SELECT ROW(1)::mood = ROW(1)::mood, lower(ROW(1)::mood) FROM people WHERE full_name = 'Anna Miller'",
    "SELECT id FROM people WHERE similarity('a', 'b') >= 0 AND 'a' % 'a' AND full_name = 'Anna Miller'",
    "SELECT id FROM people WHERE full_name = ANY (SELECT full_name FROM people_too)",
];

fn with_people() -> Result<Stack> {
    let stack = Stack::start_with("max-probes-per-hour = 1\n")?;
    psql::run(&stack.superuser(), "CREATE EXTENSION citext; CREATE EXTENSION pg_trgm")?.success()?;
    psql::run(&stack.owner(), PEOPLE)?.success()?;
    // The allowance is used up.
    psql::run(&stack.alice()?, "SELECT id FROM people WHERE full_name LIKE 'x%'")?.success()?;
    Ok(stack)
}

#[test]
fn what_is_called_like_postgresqls_is_not_taken_for_it() -> Result<()> {
    let stack = with_people()?;
    assert_asks(&stack, "", &[], &USUAL)?;
    let alice = stack.alice()?;
    for text in OWN {
        psql::run(&alice, text)?.success()?;
    }
    // It is in the catalog with this.
    psql::run(&alice, "CREATE TABLE newest (id int)")?.success()?;
    psql::run(&alice, "SELECT id FROM newest")?.success()?;
    assert_asks(&stack, "", &TELLING, &HARMLESS)
}

/// No catalog shows it to anybody.
#[test]
fn what_a_transaction_makes_is_not_taken_for_postgresqls() -> Result<()> {
    let stack = with_people()?;
    let before = "BEGIN; SET LOCAL search_path = other, pg_catalog, public; ";
    let path = "SET LOCAL search_path = other, pg_catalog, public; ";
    for (own, text) in [
        (OWN[3], "SELECT c FROM letters JOIN people ON c = md5(full_name)"),
        (OWN[0], "SELECT c FROM letters JOIN people ON c = full_name::text"),
        (OWN[11], "SELECT id FROM people WHERE full_name = 'An'::text"),
        (
            "CREATE DOMAIN pg_temp.text AS varchar(1)",
            "SELECT c FROM letters JOIN people ON c = full_name::text",
        ),
        (
            "DO $$ BEGIN CREATE FUNCTION other.md5(text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT left($1, 1)'; END $$",
            "SELECT c FROM letters JOIN people ON c = md5(full_name)",
        ),
        (
            "CREATE FUNCTION other.cut(text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT left($1, 1)'; ALTER FUNCTION other.cut RENAME TO md5",
            "SELECT c FROM letters JOIN people ON c = md5(full_name)",
        ),
    ] {
        // In one string, and one by one.
        let whole = format!("{before}{own}; {text}; ROLLBACK");
        let asked = psql::run(&stack.alice()?, &whole)?;
        assert!(asked.stderr.contains("Picket refused"), "{whole}\n{}{}", asked.stdout, asked.stderr);
        let mut session = psql::Session::start(&stack.alice()?)?;
        session.ask("BEGIN;")?;
        session.ask(path)?;
        session.ask(&format!("{own};"))?;
        let told = session.ask(&format!("{text};"))?;
        assert!(
            told.contains("Picket refused") || told.contains("current transaction is aborted"),
            "{own}\n{told}"
        );
        session.quit()?;
    }
    Ok(())
}
