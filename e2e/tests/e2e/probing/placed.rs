//! Where a value of one's own stands among hidden ones answers as a comparison with it does.

use anyhow::Result;
use e2e::psql;

use crate::stack::Stack;

/// People, and a dictionary of letters.
const PEOPLE: &str = "\
    CREATE TABLE people (id int PRIMARY KEY, full_name text, birth_date date, plan text); \
    INSERT INTO people VALUES (1, 'Anna Miller', '1970-02-07', 'free'), (2, 'Zoe Young', '1990-05-05', 'free'); \
    CREATE TABLE dict (dn int, dc text); INSERT INTO dict SELECT n, chr(n) FROM generate_series(32, 126) n";

/// Each tells something of a value: with none beside it, by one answer.
const TELLING: [&str; 10] = [
    "SELECT count(*) FROM dict WHERE dc ~ '[A-Z]' AND (SELECT rank(dc) WITHIN GROUP (ORDER BY full_name) FROM people WHERE id = 2) = 1",
    "SELECT count(*) FROM generate_series(1, 20000) g WHERE \
        (SELECT rank('1970-01-01'::date + g) WITHIN GROUP (ORDER BY birth_date) FROM people WHERE id = 2) = 1",
    "SELECT 1 FROM people WHERE id = 2 HAVING dense_rank('M') WITHIN GROUP (ORDER BY full_name) = 1",
    "SELECT count(*) FROM dict d WHERE d.dc = (SELECT max(coalesce(p.full_name, d.dc)) FROM (SELECT 2 AS k UNION ALL SELECT -1) g LEFT JOIN people p ON p.id = g.k)",
    "SELECT count(*) FROM dict d WHERE d.dc = (SELECT max(v) FROM people, LATERAL (VALUES (full_name), (d.dc)) t (v) WHERE people.id = 2)",
    "SELECT 1 WHERE 'M' = (SELECT max(coalesce(p.full_name, 'M')) FROM (SELECT 2 AS k UNION ALL SELECT -1) g LEFT JOIN people p ON p.id = g.k)",
    "SELECT p.id, d.dn FROM people p FULL JOIN dict d ON false ORDER BY coalesce(p.full_name, d.dc)",
    "SELECT id, max(CASE WHEN id > 1000 THEN id END) OVER (ORDER BY full_name) FROM people",
    "SELECT id, count(*) FILTER (WHERE id > 1000) OVER (ORDER BY full_name) FROM people",
    "SELECT id, lag(id) OVER w FROM people WINDOW w AS (ORDER BY full_name)",
];

/// What reports sort and group by.
const HARMLESS: [&str; 7] = [
    "SELECT id, full_name FROM people ORDER BY coalesce(full_name, ''), birth_date NULLS LAST",
    "SELECT max(full_name), min(birth_date), count(DISTINCT full_name) FROM people GROUP BY plan ORDER BY max(full_name)",
    "SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY dn), mode() WITHIN GROUP (ORDER BY dc) FROM dict",
    "SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY birth_date), max(coalesce(full_name, 'nobody')) FROM people",
    "SELECT id, row_number() OVER (ORDER BY full_name), lag(full_name) OVER (ORDER BY full_name), rank() OVER (ORDER BY birth_date) FROM people",
    "SELECT id, lag(id) OVER (PARTITION BY plan ORDER BY id), sum(dn) OVER (ORDER BY dn) FROM people, dict",
    "SELECT id FROM people WHERE birth_date = (SELECT max(birth_date) FROM people)",
];

#[test]
fn where_a_value_stands_is_a_question() -> Result<()> {
    let stack = Stack::start_with("max-probes-per-hour = 1\n")?;
    psql::run(&stack.owner(), PEOPLE)?.success()?;
    let alice = stack.alice()?;
    psql::run(&alice, "SELECT id FROM people WHERE full_name LIKE 'x%'")?.success()?;
    let mut wrong = Vec::new();
    for text in TELLING {
        psql::run(&stack.owner(), text)?.success()?;
        let asked = psql::run(&alice, text)?;
        if !asked.stderr.contains("max-probes-per-hour") {
            wrong.push(format!("{text}\n{}{}", asked.stdout, asked.stderr));
        }
    }
    for text in HARMLESS {
        let (through, direct) = (psql::run(&alice, text)?, psql::run(&stack.owner(), text)?);
        if through.code != 0 || direct.code != 0 {
            wrong.push(format!("{text}\n{}{}{}", through.stdout, through.stderr, direct.stderr));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    Ok(())
}
