//! Documents that nobody has looked at are asked about as others are: by keys that say so.

use anyhow::Result;
use e2e::psql;

use super::assert_asks;
use crate::stack::Stack;

/// Values of tables with policies of rows are never looked at.
const DOCUMENTS: &str = "\
    CREATE TABLE papers (id int PRIMARY KEY, data jsonb, plain json, doc xml, note text); \
    ALTER TABLE papers ENABLE ROW LEVEL SECURITY; CREATE POLICY everybody ON papers USING (true) WITH CHECK (true); \
    INSERT INTO papers VALUES (1, '{\"firstName\": \"Zoe\", \"plan\": \"gold\", \"total\": 5}', '{\"lastName\": \"Quimby\"}', '<a/>', 'x'); \
    CREATE VIEW listed AS SELECT id, data AS d FROM papers; \
    CREATE TABLE letters (n int, c text); INSERT INTO letters SELECT g, chr(g) FROM generate_series(32, 126) g";

/// Each tells something of what stands behind a key that is hidden.
const TELLING: [&str; 17] = [
    "SELECT g, c FROM letters, generate_series(1, 3) g, papers WHERE c = substr(data ->> 'firstName', g, 1)",
    "SELECT id FROM papers WHERE data ->> 'firstName' LIKE 'Z%'",
    "SELECT id FROM papers WHERE data -> 'firstName' > '\"M\"'",
    "SELECT id FROM papers WHERE data #>> '{firstName}' ~ '^Z'",
    "SELECT id FROM papers WHERE plain ->> 'lastName' LIKE 'Q%'",
    "SELECT id FROM papers WHERE jsonb_extract_path_text(data, 'firstName') LIKE 'Z%'",
    "SELECT id FROM papers WHERE data @? '$.firstName ? (@ starts with \"Z\")'",
    "SELECT id FROM papers, LATERAL jsonb_to_record(data) AS r (\"firstName\" text) WHERE \"firstName\" LIKE 'Z%'",
    "SELECT id FROM papers, LATERAL jsonb_each_text(data) e WHERE e.value LIKE 'Z%'",
    "SELECT id FROM listed WHERE d ->> 'firstName' LIKE 'Z%'",
    "SELECT id FROM (SELECT id, data ->> 'firstName' AS x FROM papers) q WHERE x LIKE 'Z%'",
    "SELECT count(*) FILTER (WHERE data ->> 'firstName' LIKE 'Z%') FROM papers",
    "SELECT id FROM papers ORDER BY data ->> 'firstName' LIKE 'Z%'",
    "SELECT chr(ascii(data ->> 'firstName') - 80) FROM papers",
    "SELECT id FROM papers WHERE data @@ '$.firstName starts with \"Z\"'",
    "SELECT id FROM papers WHERE data ->> 'plan' = 'gold' AND lower(data ->> 'firstName') LIKE 'z%'",
    "DO $$ BEGIN IF EXISTS (SELECT 1 FROM papers WHERE data ->> 'firstName' LIKE 'Z%') THEN RAISE NOTICE 'yes'; END IF; END $$",
];

/// What looks at nothing that is hidden, or at all of a value.
const HARMLESS: [&str; 11] = [
    "SELECT id FROM papers WHERE data ->> 'plan' LIKE 'g%' AND (data ->> 'total')::int > 3",
    "SELECT id FROM papers WHERE data @> '{\"plan\": \"gold\"}' AND data ? 'plan'",
    "SELECT id, data, data ->> 'firstName' FROM papers",
    "SELECT id FROM papers WHERE note LIKE 'x%' AND id > 0",
    "SELECT data ->> 'plan', count(*) FROM papers GROUP BY 1 ORDER BY 1",
    "SELECT id FROM listed WHERE d ->> 'plan' > 'a'",
    "SELECT id FROM papers WHERE jsonb_extract_path_text(data, 'plan') LIKE 'g%'",
    "SELECT data ->> 'firstName' FROM papers WHERE id = 1",
    "SELECT data ->> 'firstName' FROM papers WHERE data ->> 'plan' > 'a'",
    "INSERT INTO papers (id, data) VALUES (2, '{\"firstName\": \"Ann\"}')",
    "UPDATE papers SET data = jsonb_set(data, '{firstName}', '\"Eve\"') WHERE id = 2",
];

#[test]
fn documents_that_nobody_has_looked_at_are_asked_about() -> Result<()> {
    let stack = Stack::start_with("max-probes-per-hour = 1\n")?;
    psql::run(&stack.owner(), DOCUMENTS)?.success()?;
    let alice = stack.alice()?;
    psql::run(&alice, "SELECT id FROM papers")?.success()?;
    psql::run(&alice, "SELECT id FROM users WHERE email LIKE 'x%'")?.success()?;
    assert_asks(&stack, "", &TELLING, &HARMLESS)
}

/// Of a table that was made a moment ago nothing is known.
#[test]
fn documents_that_are_new_are_asked_about() -> Result<()> {
    let stack = Stack::start_with("max-probes-per-hour = 1\n")?;
    let alice = stack.alice()?;
    psql::run(&alice, "SELECT id FROM users WHERE email LIKE 'x%'")?.success()?;
    let made = "BEGIN; CREATE TABLE fresh (id int, data jsonb); INSERT INTO fresh VALUES (1, '{\"firstName\": \"Zoe\", \"plan\": \"gold\"}'); ";
    let ask = |condition: &str| {
        psql::run(&alice, &format!("{made}SELECT id FROM fresh WHERE {condition}; ROLLBACK"))
    };
    let asked = ask("data ->> 'firstName' LIKE 'Z%'")?;
    assert!(asked.stderr.contains("max-probes-per-hour"), "{}{}", asked.stdout, asked.stderr);
    ask("data ->> 'plan' LIKE 'g%'")?.success()?;
    Ok(())
}
