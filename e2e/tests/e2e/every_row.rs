//! A condition that a table's definition makes true of every row is none: PostgreSQL itself counts no row that it leaves out, and
//! the proxy refuses it with the reason. What only looks like one leaves rows out, and passes.

use std::time::Duration;

use anyhow::{Result, ensure};
use e2e::engine::Engine;
use e2e::postgres::{self, Postgres, SUPERUSER};
use e2e::proxy::{Proxy, ProxySettings};
use e2e::wait::until;

use crate::statements::client::Client;

/// Tables with the least, the greatest and the emptiest that they can hold.
const FIXTURE: &str = "
CREATE TYPE mood AS ENUM ('calm', 'cross', 'odd');
CREATE TYPE place AS (street text, town text);
CREATE DOMAIN code AS text NOT NULL CHECK (VALUE <> '');
CREATE DOMAIN share AS numeric CHECK (VALUE >= 0 AND VALUE <= 1);
CREATE TABLE lines (
    id integer PRIMARY KEY,
    small smallint NOT NULL,
    big bigint NOT NULL,
    flag boolean NOT NULL,
    maybe boolean,
    mood mood NOT NULL,
    mood_before mood,
    name varchar(10) NOT NULL,
    note text,
    code code,
    part share NOT NULL,
    part_before share,
    amount integer NOT NULL CHECK (amount > 0),
    cost numeric(8, 2) CHECK (cost > 0.5),
    status text NOT NULL CHECK (status IN ('a', 'b')),
    state varchar(5) CHECK (state IN ('x', 'y')),
    starts date NOT NULL,
    ends date NOT NULL,
    seen timestamptz NOT NULL CHECK (seen >= '2020-01-01 00:00:00+00'),
    later integer NOT NULL,
    home place NOT NULL,
    ratio numeric CHECK (ratio IS NOT NULL AND ratio < 5),
    made bigint GENERATED ALWAYS AS IDENTITY,
    CHECK (starts < ends)
);
INSERT INTO lines VALUES
    (-2147483648, -32768, -9223372036854775808, false, NULL, 'calm', NULL, '', NULL, 'y', 0, NULL, 1, NULL, 'a', NULL,
     '2024-01-01', '2024-01-02', '2020-01-01 00:00:00+00', -1, (NULL, 'here'), -1),
    (0, 0, 0, true, true, 'cross', 'odd', 'äöüäöüäöüä', repeat('long ', 9), 'z', 1, 0, 2, 0.51, 'b', 'x',
     '-infinity', 'infinity', '2024-01-01 00:00:00+00', 1, ('there', 'here'), 4.9),
    (2147483647, 32767, 9223372036854775807, true, false, 'odd', 'calm', '0123456789', '', 'a', 0.5, 1, 2147483647, 99, 'a', 'y',
     '2024-01-01', '2024-06-01', 'infinity', 1, (NULL, NULL), 0);
ALTER TABLE lines ADD COLUMN since timestamptz NOT NULL DEFAULT '2024-05-05 10:20:30+00';
ALTER TABLE lines ADD COLUMN key uuid NOT NULL DEFAULT '00000000-0000-0000-0000-000000000000',
    ADD COLUMN clock time NOT NULL DEFAULT '24:00', ADD COLUMN number oid NOT NULL DEFAULT 4294967295;
UPDATE lines SET key = 'ffffffff-ffff-ffff-ffff-ffffffffffff', clock = '00:00', number = 0 WHERE id = 0;
ALTER TABLE lines ADD CONSTRAINT later_on CHECK (later > 0) NOT VALID;
CREATE TABLE filled (id integer PRIMARY KEY, what text NOT NULL);
INSERT INTO filled VALUES (1, 'x'), (2, '');
CREATE TABLE others (id integer, amount integer);
INSERT INTO others VALUES (1, 1), (NULL, NULL);
CREATE TABLE days (day date NOT NULL, what text) PARTITION BY RANGE (day);
CREATE TABLE days_2023 PARTITION OF days FOR VALUES FROM ('2023-01-01') TO ('2024-01-01');
CREATE TABLE days_2024 PARTITION OF days FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE TABLE days_else PARTITION OF days DEFAULT;
INSERT INTO days VALUES ('2023-05-05', NULL), ('2024-01-01', NULL), ('2024-12-31', 'x'), ('2030-01-01', 'y');
CREATE TABLE regions (region text, at timestamptz) PARTITION BY LIST (region);
CREATE TABLE regions_eu PARTITION OF regions FOR VALUES IN ('de', 'fr');
INSERT INTO regions VALUES ('de', NULL), ('fr', now());
";

/// Conditions that are true of every row, and what makes them so.
const OPEN: [(&str, &str, &str); 112] = [
    ("lines", "id IS NOT NULL", "\"id\" is NOT NULL"),
    ("lines", "NOT (id IS NULL)", "\"id\" is NOT NULL"),
    ("public.lines", "lines.id IS NOT NULL", "\"id\" is NOT NULL"),
    ("lines AS l", "l.id IS NOT NULL", "\"id\" is NOT NULL"),
    ("lines AS id", "id IS NOT NULL", "\"id\" is NOT NULL"),
    ("lines", "id IS DISTINCT FROM NULL", "\"id\" is NOT NULL"),
    ("lines", "id >= -2147483648", "by its type"),
    ("lines", "-2147483648 <= id", "by its type"),
    ("lines", "id BETWEEN -2147483648 AND 2147483647", "by its type"),
    ("lines", "id BETWEEN SYMMETRIC 2147483647 AND -2147483648", "by its type"),
    ("lines", "id::bigint >= -2147483648", "by its type"),
    ("lines", "id + 0 >= -2147483648", "by its type"),
    ("lines", "small BETWEEN -32768 AND 32767", "by its type"),
    ("lines", "small < 40000", "by its type"),
    ("lines", "big >= -9223372036854775808", "by its type"),
    ("lines", "big <= 9223372036854775807", "by its type"),
    ("lines", "flag = ANY (ARRAY[true, false])", "by its type"),
    ("lines", "flag IS NOT NULL", "\"flag\" is NOT NULL"),
    ("lines", "flag >= false", "by its type"),
    ("lines", "flag IS NOT UNKNOWN", "\"flag\" is NOT NULL"),
    ("lines", "mood IN ('calm', 'cross', 'odd')", "by its type"),
    ("lines", "mood IN ('odd'::mood, 'calm'::mood, 'cross'::mood)", "by its type"),
    ("lines", "mood >= 'calm'", "by its type"),
    ("lines", "mood = ANY ('{calm,cross,odd}')", "by its type"),
    ("lines", "mood = ANY (ARRAY['odd', 'cross', 'calm']::mood[])", "by its type"),
    ("lines", "char_length(name) <= 10", "by its type"),
    ("lines", "length(name) < 11", "by its type"),
    ("lines", "octet_length(name) <= 40", "by its type"),
    ("lines", "name IS NOT NULL", "\"name\" is NOT NULL"),
    ("lines", "lower(name) IS NOT NULL", "\"name\" is NOT NULL"),
    ("lines", "name || 'x' IS NOT NULL", "\"name\" is NOT NULL"),
    ("lines", "name::text IS NOT NULL", "\"name\" is NOT NULL"),
    ("lines", "coalesce(note, name) IS NOT NULL", "\"name\" is NOT NULL"),
    ("lines", "coalesce(note, '') IS NOT NULL", "whatever is in it"),
    ("lines", "code IS NOT NULL", "\"code\" is NOT NULL"),
    ("lines", "code <> ''", "\"code_check\""),
    ("lines", "code > ''", "\"code_check\""),
    ("lines", "part BETWEEN 0 AND 1", "\"share_check\""),
    ("lines", "part >= -1", "\"share_check\""),
    ("lines", "amount > 0", "\"lines_amount_check\""),
    ("lines", "amount >= 0", "\"lines_amount_check\""),
    ("lines", "amount > -1", "\"lines_amount_check\""),
    ("lines", "amount <> 0", "\"lines_amount_check\""),
    ("lines", "0 < amount AND id IS NOT NULL", "\"id\" is NOT NULL"),
    ("lines", "(amount > 0) IS TRUE", "\"lines_amount_check\""),
    ("lines", "status IN ('a', 'b', 'c')", "\"lines_status_check\""),
    ("lines", "status = 'a' OR status = 'b'", "\"lines_status_check\""),
    ("lines", "status <> 'z'", "\"lines_status_check\""),
    ("lines", "status <> ALL (ARRAY['y', 'z'])", "\"lines_status_check\""),
    ("lines", "starts < ends", "\"lines_check\""),
    ("lines", "ends >= starts", "\"lines_check\""),
    ("lines", "starts <> ends", "\"lines_check\""),
    ("lines", "seen >= '2020-01-01 00:00:00+00'", "\"lines_seen_check\""),
    ("lines", "seen > '2019-06-01'", "\"lines_seen_check\""),
    ("lines", "ratio IS NOT NULL", "\"lines_ratio_check\""),
    ("lines", "ratio <= 5", "\"lines_ratio_check\""),
    ("lines", "made > 0", "\"lines_made_seq\" counts no lower"),
    ("lines", "made >= 1 AND made IS NOT NULL", "\"lines_made_seq\" counts no lower"),
    ("lines", "id::text <> ''", "\"id\" is NOT NULL"),
    ("lines", "starts::text > ''", "\"starts\" is NOT NULL"),
    ("lines", "length(id::text) > 0", "by its type"),
    ("lines", "octet_length(flag::text) >= 1", "by its type"),
    ("lines", "id::bigint = id", "\"id\" is NOT NULL"),
    ("lines", "id::numeric <= id::int", "\"id\" is NOT NULL"),
    ("lines", "made IS NOT NULL", "\"made\" is NOT NULL"),
    ("lines", "ROW(id, amount) IS NOT NULL", "\"amount\" is NOT NULL"),
    ("lines", "CASE WHEN id IS NOT NULL THEN true ELSE false END", "\"id\" is NOT NULL"),
    ("lines", "(SELECT id IS NOT NULL)", "\"id\" is NOT NULL"),
    ("lines", "EXISTS (SELECT 1 WHERE id IS NOT NULL)", "\"id\" is NOT NULL"),
    ("lines", "(id IS NOT NULL) = true", "\"id\" is NOT NULL"),
    ("lines", "id IS NOT NULL OR note = 'x'", "\"id\" is NOT NULL"),
    ("lines", "maybe IS NULL OR maybe = ANY ('{t,f}')", "by its type"),
    ("lines", "state IS NULL OR state IN ('x', 'y')", "\"lines_state_check\""),
    ("lines", "cost IS NULL OR cost > 0.5", "\"lines_cost_check\""),
    ("lines", "coalesce(cost > 0, true)", "\"lines_cost_check\""),
    ("lines", "num_nulls(id, amount) = 0", "\"amount\" is NOT NULL"),
    ("lines", "num_nonnulls(note, id) BETWEEN 1 AND 2", "\"id\" is NOT NULL"),
    ("lines", "extract(month FROM since) >= 1", "by its type"),
    ("lines", "date_part('minute', since) < 60", "by its type"),
    ("lines", "id % 1 = 0", "by its type"),
    ("lines", "mod(big, 1) = 0", "by its type"),
    ("days_2024", "day >= '2024-01-01'", "bounds of the partition"),
    ("days_2024", "day BETWEEN '2024-01-01' AND '2024-12-31'", "bounds of the partition"),
    ("days", "day IS NOT NULL", "\"day\" is NOT NULL"),
    ("regions_eu", "region IN ('de', 'fr', 'it')", "bounds of the partition"),
    ("regions", "region IN ('de', 'fr')", "bounds of its partitions"),
    ("regions", "region <> 'x'", "bounds of its partitions"),
    ("lines", "cost IS NULL OR cost < 1000000", "by its type"),
    ("lines", "small + 1 > -40000", "by its type"),
    ("lines", "-amount < 0", "\"lines_amount_check\""),
    ("lines", "coalesce(amount, 0) > 0", "\"lines_amount_check\""),
    ("lines", "mood::text IN ('calm', 'cross', 'odd')", "by its type"),
    ("lines", "cost IS NULL OR cost <= 999999.99", "by its type"),
    ("lines", "key >= '00000000-0000-0000-0000-000000000000'", "by its type"),
    ("lines", "key <= 'FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF'", "by its type"),
    ("lines", "key IS NOT NULL", "\"key\" is NOT NULL"),
    ("lines", "clock >= '00:00'", "by its type"),
    ("lines", "clock BETWEEN '00:00:00' AND '24:00:00'", "by its type"),
    ("lines", "number >= 0", "by its type"),
    ("lines", "number <= 4294967295", "by its type"),
    ("lines", "(id, 1) >= (-2147483648, 0)", "by its type"),
    ("lines", "ROW(small, amount) < ROW(40000, 0)", "by its type"),
    ("lines", "(flag, amount) >= (false, 1)", "\"lines_amount_check\""),
    ("lines", "greatest(id, -2147483648) = id", "by its type"),
    ("lines", "id <= least(id, 2147483647)", "by its type"),
    ("lines", "greatest(amount, 0) > 0", "\"lines_amount_check\""),
    ("lines", "least(note, name) IS NOT NULL", "\"name\" is NOT NULL"),
    ("lines", "to_jsonb(id) IS NOT NULL", "\"id\" is NOT NULL"),
    ("lines", "reverse(left(name, 3)) IS NOT NULL", "\"name\" is NOT NULL"),
    ("filled", "filled IS NOT NULL", "whatever is in it"),
    ("filled AS f", "f IS NOT NULL", "whatever is in it"),
    ("filled", "NOT (filled IS NULL) AND filled IS NOT NULL", "whatever is in it"),
];

/// Conditions that leave out a row that is there.
const FILTERED: [(&str, &str); 77] = [
    ("lines", "note IS NOT NULL"),
    ("lines", "made > 1"),
    ("lines", "cost::text <> ''"),
    ("lines", "name::text <> ''"),
    ("lines", "part::int = part"),
    ("lines", "length(id::text) > 1"),
    ("lines", "note IS DISTINCT FROM NULL"),
    ("lines", "length(note) <= 10"),
    ("lines", "coalesce(note, state) IS NOT NULL"),
    ("lines", "maybe IS NOT UNKNOWN"),
    ("lines", "maybe = ANY ('{t,f}')"),
    ("lines", "flag"),
    ("lines", "flag IS TRUE"),
    ("lines", "id > 0"),
    ("lines", "id >= -2147483647"),
    ("lines", "id < 2147483647"),
    ("lines", "small > -32768"),
    ("lines", "small BETWEEN 0 AND 32767"),
    ("lines", "big > -9223372036854775808"),
    ("lines", "big < 9223372036854775807"),
    ("lines", "mood IN ('calm', 'cross')"),
    ("lines", "mood > 'calm'"),
    ("lines", "mood_before IN ('calm', 'cross', 'odd')"),
    ("lines", "char_length(name) <= 9"),
    ("lines", "octet_length(name) < 19"),
    ("lines", "char_length(name) > 0"),
    ("lines", "later > 0"),
    ("lines", "cost > 0.5"),
    ("lines", "coalesce(cost > 0.51, true)"),
    ("lines", "state IN ('x', 'y')"),
    ("lines", "status IN ('a')"),
    ("lines", "status <> 'a'"),
    ("lines", "amount > 1"),
    ("lines", "amount >= 2 AND id IS NOT NULL"),
    ("lines", "starts > '2000-01-01'"),
    ("lines", "ends < '2024-06-02'"),
    ("lines", "starts > ends"),
    ("lines", "seen >= '2021-01-01'"),
    ("lines", "part > 0"),
    ("lines", "part < 1"),
    ("lines", "part_before >= 0"),
    ("lines", "code <> 'y'"),
    ("lines", "home IS NOT NULL"),
    ("lines", "ratio < 4"),
    ("lines", "ROW(id, note) IS NOT NULL"),
    ("lines", "nullif(id, 0) IS NOT NULL"),
    ("lines", "num_nulls(id, note) = 0"),
    ("lines", "num_nonnulls(id, note) = 2"),
    ("lines", "extract(month FROM since) > 5"),
    ("lines", "id % 2 = 0"),
    ("others", "id IS NOT NULL"),
    ("others", "amount > 0"),
    ("days_2024", "day > '2024-01-01'"),
    ("days", "day >= '2024-01-01'"),
    ("regions", "region IN ('de', 'it')"),
    ("days", "day < '2025-01-01'"),
    ("lines", "lines IS NOT NULL"),
    ("lines", "cost < 999999"),
    ("lines", "small + 1 > 0"),
    ("lines", "amount - 1 > 0"),
    ("lines", "coalesce(amount, 0) > 1"),
    ("lines", "mood::text IN ('calm', 'odd')"),
    ("lines", "key > '00000000-0000-0000-0000-000000000000'"),
    ("lines", "key < 'ffffffff-ffff-ffff-ffff-ffffffffffff'"),
    ("lines", "key >= '00000000-0000-0000-0000-000000000001'"),
    ("lines", "clock > '00:00'"),
    ("lines", "clock < '24:00'"),
    ("lines", "number > 0"),
    ("lines", "(id, 1) > (-2147483648, 1)"),
    ("lines", "(id, note) >= (-2147483648, '')"),
    ("lines", "(flag, amount) >= (false, 2)"),
    ("lines", "(id, amount) <> (0, 2)"),
    ("lines", "greatest(id, 0) = id"),
    ("lines", "least(id, small) = id"),
    ("lines", "greatest(note, state) IS NOT NULL"),
    ("lines", "to_jsonb(note) IS NOT NULL"),
    ("lines", "later IS NOT DISTINCT FROM amount"),
];

/// What else is refused where a condition of a WHERE would be.
const WRITES: [&str; 7] = [
    "UPDATE lines SET note = 'x' WHERE id IS NOT NULL",
    "UPDATE lines SET note = 'x' FROM others o WHERE lines.id IS NOT NULL AND o.id = 1",
    "WITH gone AS (DELETE FROM lines WHERE id IS NOT NULL RETURNING *) SELECT count(*) FROM gone",
    "MERGE INTO lines USING others o ON true WHEN MATCHED AND lines.id IS NOT NULL THEN DELETE",
    "INSERT INTO lines OVERRIDING SYSTEM VALUE SELECT * FROM lines ON CONFLICT (id) DO UPDATE SET note = 'x' WHERE lines.id IS NOT NULL",
    "PREPARE p AS DELETE FROM lines WHERE id IS NOT NULL AND $1 = 1",
    "DO $$ BEGIN DELETE FROM lines WHERE id IS NOT NULL; END $$",
];

struct Server {
    proxy: Proxy,
    _engine: Engine,
    postgres: Postgres,
}

impl Server {
    fn start() -> Result<Self> {
        let (postgres, engine) = (Postgres::start()?, Engine::start()?);
        for database in ["rows", "elsewhere"] {
            postgres.administer("postgres", &format!("CREATE DATABASE {database}"))?;
        }
        postgres.administer("rows", FIXTURE)?;
        postgres
            .administer("elsewhere", "CREATE TABLE lines (id integer); INSERT INTO lines VALUES (NULL)")?;
        let proxy = Proxy::start(ProxySettings {
            groups: Vec::new(),
            upstreams: vec![postgres.superuser("*")],
            users: vec![(SUPERUSER.to_owned(), postgres::password()?)],
            clickhouse_url: engine.url().to_owned(),
            ledger_database: "picket".to_owned(),
        })?;
        Ok(Server { proxy, _engine: engine, postgres })
    }

    fn direct(&self) -> Result<Client> {
        Client::connect(&self.postgres.superuser("rows"))
    }

    fn proxied(&self, database: &str) -> Result<Client> {
        Client::connect(&self.proxy.login(SUPERUSER, database)?)
    }
}

/// What is said against a text whose effects are taken back.
fn refusal(client: &mut Client, text: &str) -> Result<String> {
    client.first("BEGIN")?;
    let error = client.ask(text)?.error.unwrap_or_default();
    client.ask("ROLLBACK")?;
    Ok(error)
}

fn is_unfiltered(error: &str) -> bool {
    error.starts_with("C42501\n") && error.contains("\nDRule \"no-unfiltered-write\":")
}

/// Rows of a table that a condition is not true of.
fn left_out(client: &mut Client, table: &str, condition: &str) -> Result<u64> {
    let rows = client.first(&format!("SELECT count(*) FROM {table} WHERE ({condition}) IS NOT TRUE"))?;
    Ok(rows.parse()?)
}

#[test]
fn what_a_definition_makes_true_of_every_row_is_refused_and_says_why() -> Result<()> {
    let server = Server::start()?;
    let (mut direct, mut proxied) = (server.direct()?, server.proxied("rows")?);
    let mut wrong = Vec::new();
    for (table, condition, why) in OPEN {
        ensure!(left_out(&mut direct, table, condition)? == 0, "{table}: {condition} leaves rows out");
        let error = refusal(&mut proxied, &format!("DELETE FROM {table} WHERE {condition}"))?;
        if !is_unfiltered(&error) || !error.contains(why) {
            wrong.push(format!("{table}: {condition}: {error}"));
        }
    }
    for text in WRITES {
        let error = refusal(&mut proxied, text)?;
        if !is_unfiltered(&error) || !error.contains("\"id\" is NOT NULL") {
            wrong.push(format!("{text}: {error}"));
        }
    }
    ensure!(wrong.is_empty(), "{}", wrong.join("\n"));
    Ok(())
}

#[test]
fn what_leaves_a_row_out_passes() -> Result<()> {
    let server = Server::start()?;
    let (mut direct, mut proxied) = (server.direct()?, server.proxied("rows")?);
    let mut wrong = Vec::new();
    for (table, condition) in FILTERED {
        ensure!(left_out(&mut direct, table, condition)? > 0, "{table}: {condition} leaves no row out");
        let error = refusal(&mut proxied, &format!("DELETE FROM {table} WHERE {condition}"))?;
        if !error.is_empty() {
            wrong.push(format!("{table}: {condition}: {error}"));
        }
    }
    ensure!(wrong.is_empty(), "{}", wrong.join("\n"));
    Ok(())
}

/// Conditions on the row of a loop, as that of `IF`, with which no row is left out, and with which some are.
#[test]
fn what_a_loop_asks_of_each_row_is_held_to_the_definition_too() -> Result<()> {
    const OPEN: [&str; 8] = [
        "IF r.id IS NOT NULL THEN DO_IT; END IF;",
        "IF r.amount > 0 THEN DO_IT; END IF;",
        "IF length(r.id::text) > 0 THEN DO_IT; END IF;",
        "IF r.id IS NULL THEN NULL; ELSE DO_IT; END IF;",
        "CASE WHEN r.amount <= 0 THEN NULL; WHEN r.id IS NOT NULL THEN DO_IT; END CASE;",
        "CONTINUE WHEN r.id IS NULL; DO_IT;",
        "IF r.amount < 1 THEN CONTINUE; END IF; DO_IT;",
        "IF r.id IS NULL THEN RETURN; END IF; DO_IT; EXIT WHEN r.name IS NULL;",
    ];
    const FILTERED: [&str; 5] = [
        "IF r.note IS NOT NULL THEN DO_IT; END IF;",
        "IF r.amount > 1 THEN DO_IT; END IF;",
        "CONTINUE WHEN r.note IS NULL; DO_IT;",
        "IF r.amount > 1 THEN CONTINUE; END IF; DO_IT;",
        "CASE WHEN r.id IS NOT NULL AND r.maybe THEN DO_IT; ELSE NULL; END CASE;",
    ];
    let server = Server::start()?;
    let (mut direct, mut proxied) = (server.direct()?, server.proxied("rows")?);
    for (bodies, is_open) in [(&OPEN[..], true), (&FILTERED[..], false)] {
        for body in bodies {
            let body = body.replace("DO_IT", "DELETE FROM lines WHERE id = r.id");
            let text = format!(
                "DO $$ DECLARE r record; BEGIN FOR r IN SELECT * FROM lines LOOP {body} END LOOP; END $$"
            );
            direct.first("BEGIN")?;
            direct.first(&text)?;
            let left = direct.first("SELECT count(*) FROM lines")?;
            direct.first("ROLLBACK")?;
            ensure!((left == "0") == is_open, "{body} leaves {left} rows");
            let error = refusal(&mut proxied, &text)?;
            ensure!(if is_open { is_unfiltered(&error) } else { error.is_empty() }, "{body}: {error}");
        }
    }
    Ok(())
}

/// The same text, in a session that goes on: what was decided about it goes by the definition that there is.
#[test]
fn a_verdict_moves_with_the_definition() -> Result<()> {
    let server = Server::start()?;
    let (mut direct, mut proxied) = (server.direct()?, server.proxied("rows")?);
    let mut elsewhere = server.proxied("elsewhere")?;
    let text = "DELETE FROM others WHERE id IS NOT NULL";
    ensure!(refusal(&mut proxied, text)?.is_empty());
    // By the session itself.
    direct.first("DELETE FROM others WHERE id IS NULL")?;
    proxied.first("ALTER TABLE others ALTER COLUMN id SET NOT NULL")?;
    until("the own SET NOT NULL is known", Duration::from_secs(60), || {
        Ok(is_unfiltered(&refusal(&mut proxied, text)?).then_some(()))
    })?;
    direct.first("ALTER TABLE others ALTER COLUMN id DROP NOT NULL")?;
    until("the other's DROP NOT NULL is known", Duration::from_secs(60), || {
        Ok(refusal(&mut proxied, text)?.is_empty().then_some(()))
    })?;
    direct.first("ALTER TABLE others ADD CONSTRAINT known CHECK (id IS NOT NULL)")?;
    until("the other's CHECK is known", Duration::from_secs(60), || {
        Ok(is_unfiltered(&refusal(&mut proxied, text)?).then_some(()))
    })?;
    // Another database has a table of the same name.
    let text = "DELETE FROM lines WHERE id IS NOT NULL";
    ensure!(is_unfiltered(&refusal(&mut proxied, text)?));
    ensure!(refusal(&mut elsewhere, text)?.is_empty());
    Ok(())
}

/// What the literals are decides here, and texts that differ in nothing else are kept apart.
#[test]
fn a_bound_that_leaves_rows_out_says_nothing_of_another() -> Result<()> {
    let server = Server::start()?;
    let mut proxied = server.proxied("rows")?;
    for (shut, open) in
        [("amount > 1", "amount > 0"), ("mood IN ('calm', 'odd', 'odd')", "mood IN ('calm', 'odd', 'cross')")]
    {
        for _ in 0..2 {
            ensure!(refusal(&mut proxied, &format!("DELETE FROM lines WHERE {shut}"))?.is_empty(), "{shut}");
            ensure!(
                is_unfiltered(&refusal(&mut proxied, &format!("DELETE FROM lines WHERE {open}"))?),
                "{open}"
            );
        }
    }
    Ok(())
}
