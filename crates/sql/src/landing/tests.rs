use super::*;
use crate::{Given, READ_STACK_BYTES, read};

/// Whether the last statement of a text comes into one of PostgreSQL's own schemas, for a session with this path.
fn lands(path: &str, text: &str) -> bool {
    let (path, text) = (own_path(path), text.to_owned());
    let look = move || {
        let mut given = Given::default();
        given.look_along(path);
        let schemas = ["pg_catalog", "information_schema", "public", "sales"].map(str::to_owned);
        let catalog = Catalog::default().with_schemas(schemas.into(), false).with_given(&Arc::new(given));
        let facts = read(text.as_bytes()).unwrap();
        let facts = facts.with_reach(&catalog);
        facts.statements.last().unwrap().effects.contains(&Effect::AlterCatalog)
    };
    std::thread::Builder::new().stack_size(READ_STACK_BYTES).spawn(look).unwrap().join().unwrap()
}

#[test]
fn what_is_made_without_a_schema_comes_into_the_first_of_the_path() {
    for text in [
        "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "CREATE OR REPLACE PROCEDURE p() LANGUAGE sql AS ''",
        "CREATE AGGREGATE a(int) (SFUNC = int4pl, STYPE = int)",
        "CREATE OPERATOR === (LEFTARG = int, RIGHTARG = int, FUNCTION = int4eq)",
        "CREATE OPERATOR CLASS c FOR TYPE int USING btree AS OPERATOR 1 <",
        "CREATE OPERATOR FAMILY c USING btree",
        "CREATE TYPE mood AS ENUM ('x')",
        "CREATE TYPE pair AS (a int, b int)",
        "CREATE TYPE span AS RANGE (SUBTYPE = int)",
        "CREATE DOMAIN d AS int",
        "CREATE COLLATION german (LOCALE = 'de_DE')",
        "CREATE CONVERSION c FOR 'UTF8' TO 'LATIN1' FROM utf8_to_iso8859_1",
        "CREATE TEXT SEARCH CONFIGURATION mine (COPY = simple)",
        "CREATE STATISTICS s ON a, b FROM sales.t",
        "CREATE TABLE t (id int)",
        "CREATE TABLE t AS SELECT 1",
        "SELECT 1 AS id INTO t",
        "CREATE VIEW v AS SELECT 1",
        "CREATE MATERIALIZED VIEW v AS SELECT 1",
        "CREATE SEQUENCE s",
        "CREATE EXTENSION citext",
        "DO $$ BEGIN CREATE TABLE t (id int); END $$",
    ] {
        for path in
            ["pg_catalog", "pg_catalog, public", "information_schema, sales", "nowhere, pg_catalog, public"]
        {
            assert!(lands(path, text), "{path}: {text}");
        }
        for path in
            ["public", "public, pg_catalog", "sales, pg_catalog", "pg_temp, pg_catalog", "\"$user\", public"]
        {
            assert!(!lands(path, text), "{path}: {text}");
        }
    }
    for text in [
        "CREATE FUNCTION sales.f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "CREATE TABLE public.t (id int)",
        "CREATE TEMP TABLE t (id int)",
        "CREATE TEMP VIEW v AS SELECT 1",
        "CREATE TEMP TABLE t AS SELECT 1",
        "CREATE SCHEMA other",
        "CREATE INDEX ON sales.t (id)",
        "CREATE EXTENSION citext WITH SCHEMA public",
        "ALTER TABLE t ADD COLUMN n int",
        "SELECT * FROM pg_class",
    ] {
        assert!(!lands("pg_catalog, public", text), "{text}");
    }
}

#[test]
fn what_is_in_information_schema_is_found_by_a_path_that_names_it() {
    for text in [
        "ALTER VIEW columns RENAME TO c",
        "ALTER TABLE tables SET SCHEMA public",
        "ALTER VIEW columns SET (security_invoker = on)",
        "CREATE RULE r AS ON INSERT TO views DO INSTEAD NOTHING",
    ] {
        assert!(lands("information_schema", text), "{text}");
        assert!(lands("public, information_schema", text), "{text}");
        assert!(!lands("public", text), "{text}");
        assert!(!lands("pg_catalog, public", text), "{text}");
    }
    assert!(!lands("information_schema", "ALTER TABLE orders ADD COLUMN n int"));
}

#[test]
fn a_body_that_sets_its_own_path_makes_things_there() {
    for text in [
        "DO $$ BEGIN SET LOCAL search_path = pg_catalog; CREATE TABLE t (id int); END $$",
        "DO $$ BEGIN PERFORM set_config('search_path', 'pg_catalog', true); CREATE TABLE t (id int); END $$",
        "DO $$ BEGIN EXECUTE 'SET search_path = pg_catalog'; CREATE TABLE t (id int); END $$",
        "CREATE FUNCTION mk() RETURNS void LANGUAGE sql SET search_path = pg_catalog AS 'CREATE TABLE t (id int)'",
        "CREATE FUNCTION mk() RETURNS void LANGUAGE sql AS 'SET search_path = pg_catalog; CREATE TABLE t (id int)'",
    ] {
        assert!(lands("public", text), "{text}");
    }
    for text in [
        "CREATE FUNCTION safe() RETURNS int LANGUAGE sql SET search_path = pg_catalog, pg_temp AS 'SELECT 1'",
        "CREATE FUNCTION mk() RETURNS void LANGUAGE sql SET search_path = public AS 'CREATE TABLE t (id int)'",
        "CREATE FUNCTION mk() RETURNS void LANGUAGE sql SET search_path = pg_catalog AS 'CREATE TEMP TABLE t (id int)'",
        "CREATE FUNCTION mk() RETURNS void LANGUAGE sql SET search_path = pg_catalog AS 'CREATE TABLE sales.t (id int)'",
    ] {
        assert!(!lands("public", text), "{text}");
    }
}
