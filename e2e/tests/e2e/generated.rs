//! Whatever schema sensitive values are in, and whatever statement computes from them: no part of one comes to the client, nor reversed, in
//! hexadecimal, in base64, or letter by letter.

use std::collections::BTreeSet;
use std::env;

use anyhow::{Context, Result, ensure};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use e2e::psql::{self, Output};
use proptest::prelude::*;
use proptest::sample::{Index, select, subsequence};
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner};

use crate::leaks::{run, run_binary};
use crate::stack::Stack;

/// In every sensitive value.
const CANARY: &str = "zqkxvwjgpf";

/// So much of it is a leak: what masks leave of a value is shorter.
const PART: usize = 5;

/// Schemas, and statements for each.
const SCHEMAS: u32 = 3;
const STATEMENTS: u32 = 60;

/// Of so many of a hundred statements the server itself must answer with a canary: the others show nothing, or fail.
const LEAKY_PERCENT_MIN: u32 = 50;

/// Set to another number, other schemas and statements are made; the same number makes the same.
const SEED_VARIABLE: &str = "PICKET_GENERATED_SEED";

/// Columns that are sensitive by their names and types, and their values.
const SENSITIVE: [(&str, &str, &str); 16] = [
    ("email", "text", "'{}@mail.example'"),
    ("contact_email", "varchar(60)", "'{}@mail.example'"),
    ("phone", "text", "'+49 {} 170'"),
    ("mobile_no", "varchar(40)", "'{}'"),
    ("ssn", "text", "'{}'"),
    ("last_name", "text", "'{}'"),
    ("full_name", "varchar", "'Ann {}'"),
    ("street", "text", "'{} Road 7'"),
    ("iban", "text", "'DE{}'"),
    ("passport_no", "char(40)", "'{}'"),
    ("password", "text", "'{}'"),
    ("api_key", "bytea", "'{}'"),
    ("emails", "text[]", "ARRAY['{}@mail.example', NULL]"),
    ("profile", "jsonb", "jsonb_build_object('email', '{}', 'plan', 'gold')"),
    ("settings", "json", "json_build_object('owner', json_build_object('lastName', '{}'))"),
    ("home", "place", "ROW('{}', 7)::place"),
];

/// Columns with nothing sensitive in them.
const HARMLESS: [(&str, &str, &str); 4] = [
    ("quantity", "int", "7"),
    ("status", "text", "'open'"),
    ("created", "timestamptz", "now()"),
    ("weight", "numeric", "1.5"),
];

/// What makes a text of one or two.
const FUNCTIONS: [&str; 44] = [
    "upper({})",
    "initcap({})",
    "reverse({})",
    "{} || ''",
    "'<' || {} || '>' || {y}",
    "substr({}, 2)",
    "left({}, 20)",
    "right({}, 30)",
    "concat({}, 1, {y})",
    "concat_ws('-', {}, {y})",
    "format('%s', {})",
    "format('%L %I', {}, {y})",
    "replace({}, '.', '')",
    "encode(convert_to({}, 'UTF8'), 'hex')",
    "encode(convert_to({}, 'UTF8'), 'base64')",
    "convert_from(convert_to({}, 'UTF8'), 'UTF8')",
    "coalesce({}, {y})",
    "nullif({}, '')",
    "CASE WHEN length({y}) > 3 THEN {} ELSE '' END",
    "CASE {y} WHEN '' THEN '' ELSE {} END",
    "to_jsonb({})::text",
    "json_build_object('k', {}, 'l', {y})::text",
    "jsonb_build_array({}, 1) ->> 0",
    "(jsonb_build_object('k', {}) #>> '{k}')",
    "(ARRAY[{}, {y}])[1]",
    "ARRAY[{}]::text",
    "array_to_string(string_to_array({}, NULL), ',')",
    "regexp_replace({}, '(.)', '\\1 ', 'g')",
    "(regexp_match({}, '.*'))[1]",
    "split_part({}, '@', 1)",
    "lpad({}, 60)",
    "quote_literal({})",
    "ROW({}, {y})::text",
    "row_to_json(ROW({}))::text",
    "greatest({}, {y})",
    "trim({})",
    "repeat({}, 2)",
    "overlay({} placing '' from 1 for 1)",
    "{}::varchar(80)::text",
    "to_tsvector('simple', {})::text",
    "xmlelement(name x, {})::text",
    "(SELECT {} AS inner_one)",
    "(SELECT string_agg(letter, '') FROM regexp_split_to_table({}, '') AS letter)",
    "(SELECT v.c FROM (VALUES ({}), ({y})) AS v (c) LIMIT 1)",
];

/// What makes one text of all rows, or looks at other rows.
const OVER_ROWS: [&str; 14] = [
    "string_agg({}, ',')",
    "array_agg({})::text",
    "max({})",
    "min({})",
    "jsonb_agg({})::text",
    "json_object_agg('k', {})::text",
    "(array_agg({}))[1]",
    "mode() WITHIN GROUP (ORDER BY {})",
    "percentile_disc(0.5) WITHIN GROUP (ORDER BY {})",
    "string_agg(DISTINCT {}, '')",
    "first_value({}) OVER ()",
    "lag({}, 0) OVER (ORDER BY a.id)",
    "max({}) OVER (PARTITION BY a.id)",
    "unnest(string_to_array({}, NULL))",
];

/// Where rows of a table come from, as `a`.
const SOURCES: [&str; 10] = [
    "{t} AS a",
    "(SELECT * FROM {t}) AS a",
    "(TABLE {t}) AS a",
    "(SELECT * FROM {t} UNION ALL SELECT * FROM {t}) AS a",
    "(SELECT {t}.* FROM {t}, LATERAL (SELECT {t}.id AS n) AS l) AS a",
    "(WITH w AS (SELECT * FROM {t}) SELECT * FROM w) AS a",
    "(WITH RECURSIVE r AS (SELECT * FROM {t} UNION ALL SELECT * FROM r WHERE false) SELECT * FROM r) AS a",
    "unnest(ARRAY(SELECT {t} FROM {t})) AS a",
    "jsonb_populate_recordset(NULL::{t}, (SELECT jsonb_agg({t}) FROM {t})) AS a",
    "{t} AS a JOIN {t} AS b USING (id)",
];

/// What is done with a query whose column is `x`.
const STATEMENTS_OF: [&str; 19] = [
    "{q}",
    "SELECT DISTINCT x FROM ({q}) AS q ORDER BY x",
    "SELECT x, count(*) FROM ({q}) AS q GROUP BY x",
    "SELECT q FROM ({q}) AS q",
    "SELECT to_jsonb(q) FROM ({q}) AS q",
    "({q}) UNION ALL SELECT 'a'",
    "({q}) EXCEPT ALL SELECT 'a'",
    "COPY ({q}) TO STDOUT",
    "COPY ({q}) TO STDOUT (FORMAT csv, HEADER)",
    "PREPARE p AS {q}; EXECUTE p",
    "DECLARE c CURSOR FOR {q}; FETCH ALL FROM c",
    "CREATE TEMP TABLE kept AS {q}; SELECT * FROM kept",
    "CREATE TEMP TABLE kept AS {q}; ALTER TABLE kept RENAME x TO status; SELECT status || '' FROM kept",
    "CREATE TABLE kept (status text); INSERT INTO kept {q} RETURNING status",
    "CREATE VIEW seen AS {q}; TABLE seen",
    "CREATE MATERIALIZED VIEW seen AS {q}; SELECT x FROM seen",
    "CREATE FUNCTION told() RETURNS SETOF text LANGUAGE sql AS $f$ {q} $f$; SELECT * FROM told()",
    "SELECT max(x)::int FROM ({q}) AS q",
    "DO $d$ BEGIN RAISE NOTICE '%', (SELECT max(x) FROM ({q}) AS q); END $d$",
];

/// A table, and which columns it has: by their numbers, sensitive ones first.
#[derive(Clone, Debug)]
struct Table {
    name: String,
    columns: Vec<(&'static str, &'static str, &'static str)>,
}

impl Table {
    fn create(&self) -> String {
        let columns: Vec<_> = self.columns.iter().map(|(name, of, _)| format!(", {name} {of}")).collect();
        let rows: Vec<_> = (1..=2)
            .map(|row| {
                let values =
                    self.columns.iter().map(|(.., value)| format!(", {}", value.replace("{}", CANARY)));
                format!("({row}{})", values.collect::<String>())
            })
            .collect();
        let Table { name, .. } = self;
        format!(
            "CREATE TABLE {name} (id int PRIMARY KEY{}); INSERT INTO {name} VALUES {};",
            columns.concat(),
            rows.join(", ")
        )
    }
}

fn tables() -> impl Strategy<Value = Vec<Table>> {
    let columns = (subsequence(SENSITIVE.to_vec(), 3..=8), subsequence(HARMLESS.to_vec(), 1..=4));
    let mixed =
        columns.prop_flat_map(|(sensitive, harmless)| Just([sensitive, harmless].concat()).prop_shuffle());
    prop::collection::vec(mixed, 2..=3).prop_map(|tables| {
        let named = |(number, columns)| Table { name: format!("things_{number}"), columns };
        tables.into_iter().enumerate().map(named).collect()
    })
}

/// A text that is computed of a row of `table`.
fn text(table: &Table) -> BoxedStrategy<String> {
    let columns: Vec<String> = table.columns.iter().map(|(name, ..)| format!("a.{name}::text")).collect();
    let whole = ["a::text", "to_jsonb(a)::text", "row_to_json(a)::text", "(a.*)::text"].map(str::to_owned);
    let leaf = prop_oneof![4 => select(columns), 1 => select(whole.to_vec())];
    leaf.prop_recursive(3, 8, 2, |inner| computed(inner.boxed())).boxed()
}

fn computed(of: BoxedStrategy<String>) -> BoxedStrategy<String> {
    let fill =
        |(function, one, other): (&str, String, String)| function.replace("{y}", &other).replace("{}", &one);
    (select(FUNCTIONS.to_vec()), of.clone(), of).prop_map(fill).boxed()
}

fn statement(tables: &[Table]) -> BoxedStrategy<String> {
    let queries: Vec<_> = tables
        .iter()
        .map(|table| {
            let over =
                (select(OVER_ROWS.to_vec()), text(table)).prop_map(|(over, of)| over.replace("{}", &of));
            let shown = prop_oneof![2 => text(table), 1 => over];
            let name = table.name.clone();
            (shown, select(SOURCES.to_vec()))
                .prop_map(move |(shown, source)| {
                    format!("SELECT {shown} AS x FROM {}", source.replace("{t}", &name))
                })
                .boxed()
        })
        .collect();
    let query = any::<Index>().prop_flat_map(move |at| at.get(&queries).clone());
    let again = (query.clone(), computed(Just("q.x".to_owned()).boxed()))
        .prop_map(|(query, shown)| format!("SELECT {shown} AS x FROM ({query}) AS q"));
    (select(STATEMENTS_OF.to_vec()), prop_oneof![2 => query, 1 => again])
        .prop_map(|(statement, query)| statement.replace("{q}", &query))
        .boxed()
}

/// Whether a part of a canary is in it, in whichever form.
fn shows(output: &Output, forms: &BTreeSet<String>) -> bool {
    let all = plain(&format!("{}{}", output.stdout, output.stderr));
    forms.iter().any(|form| all.contains(form.as_str()))
}

/// Letters and digits alone.
fn plain(text: &str) -> String {
    text.chars().filter(char::is_ascii_alphanumeric).map(|letter| letter.to_ascii_lowercase()).collect()
}

fn forms() -> BTreeSet<String> {
    let reversed: String = CANARY.chars().rev().collect();
    let mut forms = BTreeSet::new();
    for whole in [CANARY, &reversed, &CANARY.to_ascii_uppercase()] {
        for part in whole.as_bytes().windows(PART) {
            forms.insert(plain(&String::from_utf8_lossy(part)));
            forms.insert(part.iter().map(|byte| format!("{byte:02x}")).collect());
        }
        // Of letters in base64, four stand for three; those at both ends stand for what is beside them too.
        for shift in 0..3 {
            let encoded = BASE64_STANDARD.encode([&[b' '; 2][..shift], whole.as_bytes()].concat());
            forms.extend(
                encoded.as_bytes()[4..12].windows(PART + 2).map(|part| plain(&String::from_utf8_lossy(part))),
            );
        }
    }
    forms
}

#[test]
fn no_generated_statement_shows_a_part_of_a_value() -> Result<()> {
    let seed: u8 = env::var(SEED_VARIABLE).map_or(Ok(7), |seed| seed.parse()).context("read the seed")?;
    let config =
        Config { cases: STATEMENTS, failure_persistence: None, max_shrink_iters: 40, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &[seed; 32]));
    let forms = forms();
    let (mut leaky, mut all) = (0, 0);
    for _ in 0..SCHEMAS {
        let tables = tables().new_tree(&mut runner).ok().context("make a schema")?.current();
        let stack = Stack::start()?;
        let made: String = tables.iter().map(Table::create).collect();
        psql::run(&stack.owner(), &format!("CREATE TYPE place AS (street text, floor int); {made}"))?
            .success()?;
        let (alice, directly) = (stack.alice()?, stack.owner());
        let counts = std::cell::Cell::new((0, 0));
        let ran = runner.run(&statement(&tables), |text| {
            let failed = |error: anyhow::Error| TestCaseError::fail(format!("{error:#}"));
            let shown = shows(&run(&directly, &text).map_err(failed)?, &forms);
            let (leaky, all) = counts.get();
            counts.set((leaky + u32::from(shown), all + 1));
            for output in [run(&alice, &text), run_binary(&alice, &text)] {
                let output = output.map_err(failed)?;
                if shows(&output, &forms) {
                    return Err(TestCaseError::fail(format!("it shows\n{}{}", output.stdout, output.stderr)));
                }
            }
            Ok(())
        });
        if let Err(TestError::Fail(why, text)) = &ran {
            panic!("seed {seed}\n{made}\n{text}\n{why}");
        }
        ran?;
        let (of_this, tried) = counts.get();
        (leaky, all) = (leaky + of_this, all + tried);
    }
    ensure!(
        LEAKY_PERCENT_MIN * all <= 100 * leaky,
        "{leaky} of {all} show something when they are sent directly"
    );
    Ok(())
}
