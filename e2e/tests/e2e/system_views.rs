//! PostgreSQL's own tables are not written by other names either: through views, whoever has made them, and with `information_schema` in
//! front of the search path.

use anyhow::{Result, ensure};
use e2e::engine::Engine;
use e2e::postgres::{self, Postgres, SUPERUSER};
use e2e::proxy::{Proxy, ProxySettings};

use crate::statements::client::Client;

const FIXTURE: &str = "
CREATE TABLE vault (what text);
CREATE VIEW classes AS SELECT oid, relname, relrowsecurity FROM pg_class WHERE relkind = 'r';
CREATE VIEW own_classes AS SELECT * FROM classes WHERE relname <> 'x';
CREATE VIEW listed AS SELECT v.what FROM vault v WHERE EXISTS (SELECT 1 FROM pg_roles WHERE rolname = current_user);
CREATE VIEW roles AS SELECT rolname FROM pg_roles WHERE pg_has_role(oid, 'usage');
CREATE VIEW by_role AS SELECT what FROM vault WHERE EXISTS (SELECT 1 FROM roles);
CREATE VIEW handled AS SELECT relname FROM pg_class;
CREATE FUNCTION handle() RETURNS trigger LANGUAGE plpgsql AS
    'BEGIN INSERT INTO public.vault VALUES (NEW.relname); RETURN NEW; END';
CREATE TRIGGER handle INSTEAD OF INSERT ON handled FOR EACH ROW EXECUTE FUNCTION handle();
";

/// Texts that change what `TRACES` shows, each a message of its own.
const ATTACKS: [&[&str]; 12] = [
    &["UPDATE classes SET relrowsecurity = true WHERE relname = 'vault'"],
    &["update public.own_classes as c set relrowsecurity = true where c.relname = 'vault'"],
    &[
        "WITH a AS (UPDATE classes SET relrowsecurity = true WHERE relname = 'vault' RETURNING 1) SELECT * FROM a",
    ],
    &[
        "CREATE VIEW v AS SELECT * FROM pg_class",
        "UPDATE v SET relrowsecurity = true WHERE relname = 'vault'",
    ],
    &["CREATE VIEW v AS SELECT * FROM pg_class; UPDATE v SET relrowsecurity = true WHERE relname = 'vault'"],
    &[
        "CREATE TEMP VIEW v AS SELECT * FROM pg_class",
        "UPDATE v SET relrowsecurity = true WHERE relname = 'vault'",
    ],
    &[
        "CREATE TEMP VIEW v AS TABLE pg_class",
        "UPDATE pg_temp.v SET relrowsecurity = true WHERE relname = 'vault'",
    ],
    &[
        "CREATE VIEW v AS SELECT * FROM classes",
        "ALTER VIEW v RENAME TO w",
        "UPDATE w SET relrowsecurity = true WHERE relname = 'vault'",
    ],
    &["ALTER VIEW classes RENAME TO c", "UPDATE c SET relrowsecurity = true WHERE relname = 'vault'"],
    &[
        "DO $$ BEGIN CREATE VIEW v AS SELECT * FROM pg_class; UPDATE v SET relrowsecurity = true WHERE relname = 'vault'; END $$",
    ],
    &[
        "SET search_path = information_schema, public",
        "UPDATE sql_features SET comments = 'x' WHERE feature_id = 'B011'",
    ],
    &["SET search_path = information_schema, public", "DELETE FROM sql_parts WHERE feature_id = '1'"],
];

/// What only looks like it.
const HARMLESS: [&[&str]; 8] = [
    &["SELECT count(*) FROM classes"],
    &["INSERT INTO vault SELECT relname FROM own_classes WHERE relname = 'vault'"],
    &["UPDATE listed SET what = 'x' WHERE what = 'vault'"],
    &["UPDATE by_role SET what = 'x' WHERE what = 'vault'"],
    &["INSERT INTO handled VALUES ('x')"],
    &["CREATE VIEW v AS SELECT relname FROM pg_class", "SELECT count(*) FROM v"],
    &["CREATE OR REPLACE VIEW listed AS SELECT what FROM vault", "DELETE FROM listed WHERE what = 'x'"],
    &[
        "CREATE TABLE own_features (comments text)",
        "UPDATE own_features SET comments = 'x' WHERE comments = 'y'",
    ],
];

const TRACES: &str = "SELECT (SELECT relrowsecurity FROM pg_class WHERE relname = 'vault'), \
    (SELECT count(*) FROM information_schema.sql_features WHERE comments = 'x'), (SELECT count(*) FROM information_schema.sql_parts)";

#[test]
fn the_server_s_own_tables_are_not_written_by_other_names() -> Result<()> {
    let (postgres, engine) = (Postgres::start()?, Engine::start()?);
    postgres.administer("postgres", "CREATE DATABASE views")?;
    postgres.administer("views", FIXTURE)?;
    let proxy = Proxy::start(ProxySettings {
        groups: Vec::new(),
        upstreams: vec![postgres.superuser("*")],
        users: vec![(SUPERUSER.to_owned(), postgres::password()?)],
        clickhouse_url: engine.url().to_owned(),
        ledger_database: "picket".to_owned(),
    })?;
    let proxied = || Client::connect(&proxy.login(SUPERUSER, "views")?);
    let mut direct = Client::connect(&postgres.superuser("views"))?;
    let traces = direct.first(TRACES)?;
    let mut wrong = Vec::new();
    for texts in ATTACKS {
        // The way round is one.
        direct.first("BEGIN")?;
        for text in texts {
            direct.first(text)?;
        }
        ensure!(direct.first(TRACES)? != traces, "{texts:?} changes nothing");
        direct.first("ROLLBACK")?;
        let mut client = proxied()?;
        client.first("BEGIN")?;
        let errors: Vec<String> = texts.iter().filter_map(|text| client.ask(text).ok()?.error).collect();
        if !errors.iter().any(|error| error.contains("\nDRule \"no-catalog-write\":")) {
            wrong.push(format!("{texts:?}: {errors:?}"));
        }
    }
    for texts in HARMLESS {
        let mut client = proxied()?;
        client.first("BEGIN")?;
        for text in texts {
            if let Some(error) = client.ask(text)?.error {
                wrong.push(format!("{text}: {error}"));
            }
        }
    }
    ensure!(wrong.is_empty(), "{}", wrong.join("\n"));
    ensure!(direct.first(TRACES)? == traces);
    Ok(())
}

/// Texts that put something into PostgreSQL's own schemas, or change what is there, by names without a schema.
const LANDING: [&[&str]; 16] = [
    &[
        "SET search_path = pg_catalog, public",
        "CREATE FUNCTION landed() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    ],
    &[
        "SET search_path = pg_catalog, public; CREATE FUNCTION landed() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    ],
    &["SET LOCAL search_path TO nowhere, 'pg_catalog'", "CREATE VIEW landed AS SELECT 1"],
    &["SELECT set_config('search_path', 'pg_catalog', false)", "CREATE TYPE landed AS ENUM ('a')"],
    &[
        "SELECT pg_catalog.set_config('search_path', 'information_schema,public', true)",
        "CREATE DOMAIN landed AS int",
    ],
    &[
        "SET SCHEMA 'pg_catalog'",
        "CREATE TABLE public.t (id int)",
        "CREATE OPERATOR === (LEFTARG = int, RIGHTARG = int, FUNCTION = int4eq)",
    ],
    &[
        "SET search_path = pg_catalog",
        "SAVEPOINT s",
        "SET search_path = public",
        "ROLLBACK TO s",
        "CREATE TYPE landed AS (a int)",
    ],
    &["DO $$ BEGIN SET LOCAL search_path = pg_catalog; CREATE TYPE landed AS (a int); END $$"],
    &[
        "DO $$ BEGIN PERFORM set_config('search_path', 'pg_catalog', true); CREATE TYPE landed AS (a int); END $$",
    ],
    &["DO $$ BEGIN SET LOCAL search_path = pg_catalog; END $$", "CREATE TYPE landed AS (a int)"],
    &["SELECT sets_path()", "CREATE TYPE landed AS (a int)"],
    &["SELECT lands()"],
    &[
        "PREPARE s AS SELECT set_config('search_path', 'pg_catalog', false)",
        "EXECUTE s",
        "CREATE TYPE landed AS (a int)",
    ],
    &["SET search_path = information_schema, public", "ALTER VIEW columns RENAME TO landed"],
    &[
        "SET search_path = information_schema, public",
        "CREATE FUNCTION landed() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    ],
    &["SET search_path = public, information_schema", "ALTER VIEW tables RENAME TO landed"],
];

/// What is made elsewhere, whatever the path names.
const ELSEWHERE: [&[&str]; 9] = [
    &["SET search_path = public, pg_catalog", "CREATE TABLE landed (id int)"],
    &[
        "SET search_path = pg_catalog",
        "SET search_path = public",
        "CREATE TABLE landed (id int)",
        "CREATE VIEW v AS SELECT id FROM landed",
    ],
    &[
        "SET search_path = pg_catalog",
        "CREATE TEMP TABLE landed (id int)",
        "CREATE TABLE public.landed (id int)",
    ],
    &[
        "SET search_path = pg_catalog",
        "SELECT count(*) FROM pg_class",
        "RESET search_path",
        "CREATE TABLE landed (id int)",
    ],
    &[
        "CREATE FUNCTION safe() RETURNS int LANGUAGE sql SET search_path = pg_catalog, pg_temp AS 'SELECT 1'",
        "SELECT safe()",
        "CREATE TABLE landed AS SELECT safe()",
    ],
    &["SELECT set_config('search_path', '', false)", "CREATE TABLE public.landed (id int)"],
    &["SELECT set_config('search_path', 'public,' || 'pg_catalog', false)", "CREATE TABLE landed (id int)"],
    &["SET search_path = public, information_schema", "CREATE TABLE tables (id int)"],
    &["DO $$ BEGIN SET LOCAL search_path = public; CREATE TYPE landed AS (a int); END $$"],
];

#[test]
fn nothing_comes_into_the_server_s_own_schemas_by_the_path() -> Result<()> {
    let (postgres, engine) = (Postgres::start()?, Engine::start()?);
    postgres.administer("postgres", "CREATE DATABASE paths")?;
    postgres.administer("postgres", "CREATE DATABASE led_astray")?;
    postgres.administer(
        "paths",
        "CREATE FUNCTION sets_path() RETURNS void LANGUAGE plpgsql AS 'BEGIN SET search_path = pg_catalog; END';
         CREATE FUNCTION lands() RETURNS void LANGUAGE sql SET search_path = pg_catalog AS 'CREATE TYPE landed AS (a int)'",
    )?;
    postgres.administer("postgres", "ALTER DATABASE led_astray SET search_path = pg_catalog, public")?;
    let proxy = Proxy::start(ProxySettings {
        groups: Vec::new(),
        upstreams: vec![postgres.superuser("*")],
        users: vec![(SUPERUSER.to_owned(), postgres::password()?)],
        clickhouse_url: engine.url().to_owned(),
        ledger_database: "picket".to_owned(),
    })?;
    let proxied = |database| Client::connect(&proxy.login(SUPERUSER, database)?);
    let mut wrong = Vec::new();
    let mut is_refused = |client: &mut Client, texts: &[&str]| -> Result<()> {
        let errors: Vec<String> = texts.iter().filter_map(|text| client.ask(text).ok()?.error).collect();
        if !errors.iter().any(|error| error.contains("\nDRule \"no-catalog-write\":")) {
            wrong.push(format!("{texts:?}: {errors:?}"));
        }
        Ok(())
    };
    for texts in LANDING {
        let mut client = proxied("paths")?;
        client.first("BEGIN")?;
        is_refused(&mut client, texts)?;
    }
    let mut client = proxied("led_astray")?;
    is_refused(&mut client, &["CREATE TYPE landed AS (a int)"])?;
    let mut passed = Vec::new();
    for texts in ELSEWHERE {
        let mut client = proxied("paths")?;
        client.first("BEGIN")?;
        for text in texts {
            passed.extend(client.ask(text)?.error.map(|error| format!("{text}: {error}")));
        }
    }
    ensure!(wrong.is_empty(), "{}", wrong.join("\n"));
    ensure!(passed.is_empty(), "{}", passed.join("\n"));
    Ok(())
}
