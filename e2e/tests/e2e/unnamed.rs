//! Columns whose names say nothing are known by what they hold, or by what the configuration says of them.

use std::time::Duration;

use anyhow::{Context, Result};
use e2e::{binaries, psql, wait};

use crate::stack::Stack;

/// How long values may take to be looked at.
const LOOK_WAIT: Duration = Duration::from_secs(60);

const OBJECTS: &str = r"
    CREATE TABLE things (id int, c1 text, c2 varchar(40), c3 text, color text, notes text);
    INSERT INTO things
    SELECT n, 'canary' || n || '@shop.org', '+44 20 7946 ' || lpad(n::text, 4, '0'), '4111 1111 1111 1111', 'red',
        CASE n WHEN 7 THEN 'write to canary7@shop.org' ELSE 'nothing to say' END
    FROM generate_series(1, 30) n;
    CREATE TABLE others (id int, n bigint, b bytea, l text[]);
    INSERT INTO others SELECT id, 4111111111111111, convert_to(c1, 'UTF8'), ARRAY[c1, c1] FROM things;
    CREATE TABLE late (id int, c1 text, filler char(200));
    INSERT INTO late SELECT n, CASE WHEN n < 2000 THEN 'red' ELSE 'canary' || n || '@shop.org' END FROM generate_series(1, 9000) n;
    ANALYZE late;
    CREATE TABLE letters (id int, body text);
    INSERT INTO letters SELECT n, CASE n WHEN 9000 THEN 'write to canary' || n || '@shop.org' ELSE 'there is nothing to say' END
    FROM generate_series(1, 9000) n;
    CREATE TABLE whole (id int, c1 text) PARTITION BY RANGE (id);
    CREATE TABLE part PARTITION OF whole FOR VALUES FROM (0) TO (100);
    INSERT INTO whole SELECT id, c1 FROM things;
    CREATE VIEW seen AS SELECT id, c1 AS shown FROM things;
    CREATE TABLE few (c1 text, version text);
    CREATE TABLE told (c4 text);
    INSERT INTO told VALUES ('canary');
    COMMENT ON COLUMN told.c4 IS 'the user''s password';
    INSERT INTO few VALUES ('canary1@shop.org', '1.2.3.4');
    CREATE TABLE people (id int, contact text, turned text, label text, product text, place text, door text);
    INSERT INTO people
    SELECT n, first || ' ' || last, last || ', ' || first, first, product || ' Chair', first || ' Street',
        n || ' Maple Street, Springfield, IL 62704'
    FROM unnest(
        string_to_array('Anna Bob Carlos Dora Emma Frank Grace Hanna Ivan Julia Karl Laura Martin Nora Oscar Paula Robert Sara Thomas Walter Helen Rita', ' '),
        string_to_array('Miller Smith Brown Jones Davis Wilson Moore Taylor Clark Lewis Young King Wright Scott Green Baker Adams Nelson Carter Mitchell Parker Cooper', ' '),
        string_to_array('Red Blue Green Black White Pink Grey Brown Tall Small Wide Low High Soft Hard Round Square Old New Plain Fine Long', ' ')
    ) WITH ORDINALITY AS t (first, last, product, n);
";

/// What shows values, and what a look at them must make of the first row.
const SHOWN: [(&str, &str); 18] = [
    ("SELECT c1 FROM things WHERE id = 1", "c***@***.org"),
    ("SELECT c2 FROM things WHERE id = 1", "+** ** **** **01"),
    ("SELECT c3 FROM things WHERE id = 1", "**** **** **** 1111"),
    ("SELECT color FROM things WHERE id = 1", "red"),
    ("SELECT notes FROM things WHERE id = 7", "write to c***@***.org"),
    ("SELECT reverse(c1) FROM things WHERE id = 1", "***"),
    ("SELECT c1 FROM late WHERE id = 9000", "c***@***.org"),
    ("SELECT body FROM letters WHERE id = 9000", "write to c***@***.org"),
    ("SELECT n FROM others WHERE id = 1", ""),
    ("SELECT b, l FROM others WHERE id = 1", "|{c***@***.org,c***@***.org}"),
    ("SELECT c1 FROM whole WHERE id = 1", "c***@***.org"),
    ("SELECT shown FROM seen WHERE id = 1", "***"),
    ("SELECT * FROM told", "***"),
    ("SELECT * FROM few", "c***@***.org|1.2.3.4"),
    ("SELECT contact, turned, label FROM people WHERE id = 1", "***|***|***"),
    ("SELECT product, place FROM people WHERE id = 1", "Red Chair|Anna Street"),
    ("SELECT upper(contact) FROM people WHERE id = 1", "***"),
    ("SELECT door FROM people WHERE id = 1", "***"),
];

#[test]
fn a_column_is_known_by_its_values_and_until_then_each_is_looked_at() -> Result<()> {
    let stack = Stack::start()?;
    psql::run(&stack.owner(), OBJECTS)?.success()?;
    let alice = stack.alice()?;
    for table in ["things", "whole", "seen", "few"] {
        let shown = psql::run(&alice, &format!("SELECT t.*, lower(t::text) FROM {table} t"))?;
        assert!(!shown.stdout.contains("canary") && !shown.stdout.contains("4111 1111"), "{}", shown.stdout);
    }
    // What is found in values of a column that could hold anything was masked there, and the record says so.
    for (query, masked) in [
        ("SELECT notes FROM things WHERE id = 7", "['public.things.notes']"),
        ("COPY (SELECT notes FROM things WHERE id = 7) TO STDOUT", "['public.things.notes']"),
        ("SELECT notes FROM things WHERE id = 8", "[]"),
    ] {
        let shown = psql::run(&alice, query)?.success()?;
        assert!(!shown.contains("canary"), "{shown}");
        let text = query.replace(['7', '8'], "%");
        let recorded = format!(
            "SELECT * FROM statements FINAL WHERE text LIKE '{}' AND masked_columns = {masked} AND outcome = 'completed'",
            text.replace('\'', "_")
        );
        stack.ledger.wait_row(query, &recorded)?;
    }
    for (query, expected) in SHOWN {
        wait::until(query, LOOK_WAIT, || {
            let shown = psql::run(&alice, query)?.success()?;
            assert!(!shown.contains("canary"), "{shown}");
            Ok((shown.trim() == expected).then_some(()))
        })?;
    }
    // Until the ledger has all of its tables, `picket` cannot ask it.
    let told = "SELECT * FROM classified_columns WHERE confidence != ''";
    stack.ledger.wait_rows("what is known of columns", told, |_| true)?;
    let known = |args: &[&str]| -> Result<String> {
        let mut picket = binaries::command("picket")?;
        picket.args([
            "--clickhouse-url",
            stack.ledger.url(),
            "--database",
            stack.ledger.database(),
            "classify",
        ]);
        let output = picket.args(args).args(["--format", "csv"]).output().context("run picket")?;
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    };
    for line in [
        "public.things.c1,email,values",
        "public.things.c3,card,values",
        "public.whole.c1,email,values",
        "public.seen.shown,derived,definition",
        "public.told.c4,credential,comment",
        "public.people.contact,person_name,values",
        "public.people.label,person_name,values",
        "public.users.email,email,name",
    ] {
        wait::until(line, LOOK_WAIT, || {
            Ok(known(&["list", "--on", &stack.database])?.contains(line).then_some(()))
        })?;
    }
    psql::run(&alice, "ALTER TABLE told RENAME COLUMN c4 TO c5; COMMENT ON COLUMN told.c5 IS NULL")?
        .success()?;
    wait::until("the history of a column", LOOK_WAIT, || {
        let history = known(&["explain", "public.told.c5"])?;
        Ok(history.contains("public.told.c5,credential,earlier").then_some(()))
    })?;
    Ok(())
}

#[test]
fn what_the_configuration_says_of_a_column_counts_first() -> Result<()> {
    let stack = Stack::start_with(
        "[upstream.columns]\n\"public.users.email\" = \"none\"\n\"public.mails.mail\" = \"none\"\n\"public.products.title\" = \"person_name\"\n",
    )?;
    psql::run(&stack.owner(), "CREATE VIEW mails AS SELECT email AS mail FROM users")?.success()?;
    let alice = stack.alice()?;
    for query in ["SELECT email FROM users", "SELECT * FROM mails"] {
        let shown = psql::run(&alice, query)?.success()?;
        assert!(shown.contains('@') && !shown.contains("***"), "{shown}");
    }
    let shown = psql::run(&alice, "SELECT title, title || '' FROM products WHERE id = 1")?.success()?;
    assert_eq!(shown.trim(), "***|***");
    Ok(())
}
