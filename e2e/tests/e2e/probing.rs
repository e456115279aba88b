//! What is masked is not found out by asking about it.

use anyhow::Result;
use e2e::psql;

use crate::stack::Stack;

#[test]
fn values_are_not_searched_for_letter_by_letter() -> Result<()> {
    let stack = Stack::start_with("max-probes-per-hour = 5\n")?;
    let alice = stack.alice()?;
    let mut answered = 0;
    for letter in 'a'..='m' {
        let asked = psql::run(&alice, &format!("SELECT id FROM users WHERE email LIKE '{letter}%'"))?;
        match asked.code {
            0 => answered += 1,
            _ => assert!(
                asked.stderr.contains("42501") && asked.stderr.contains("max-probes-per-hour"),
                "{}",
                asked.stderr
            ),
        }
    }
    assert_eq!(answered, 5);
    let whole = "SELECT id, email FROM users WHERE email = 'nobody@shop.org' ORDER BY email";
    psql::run(&alice, whole)?.success()?;
    psql::run(&alice, "SELECT id FROM products WHERE title LIKE 'T%'")?.success()?;
    Ok(())
}

/// Each of these would show a value, or nearly, for the price of one question.
const AT_ONCE: [&str; 14] = [
    "SELECT d FROM generate_series(0, 200) d OFFSET (SELECT ascii(email) FROM users WHERE id = 1) LIMIT 1",
    "SELECT chr(count(*)::int) FROM (SELECT id, generate_series(1, ascii(email)) FROM users) q WHERE id = 1",
    "SELECT count(*) FROM (SELECT string_to_table(repeat(',', ascii(email) - 1), ',') FROM users WHERE id = 1) q",
    "SELECT chr(n) FROM generate_series(97, 122) n WHERE chr(n) = (SELECT left(email, 1) FROM users WHERE id = 1)",
    "SELECT chr(n) FROM generate_series(97, 122) n WHERE chr(n) IN (SELECT left(email, 1) FROM users WHERE id = 1)",
    "SELECT ch FROM (SELECT chr(n) AS ch FROM generate_series(97, 122) n) l JOIN (SELECT left(email, 1) AS ch FROM users WHERE id = 1) u USING (ch)",
    "SELECT ch FROM (SELECT chr(n) AS ch FROM generate_series(97, 122) n) l NATURAL JOIN (SELECT left(email, 1) AS ch FROM users WHERE id = 1) u",
    "SELECT DISTINCT first_value(ch) OVER (ORDER BY ch = (SELECT left(email, 1) FROM users WHERE id = 1) DESC) FROM (SELECT chr(n) AS ch FROM generate_series(97, 122) n) l",
    "WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r WHERE n < (SELECT ascii(email) FROM users WHERE id = 1)) SELECT count(*) FROM r",
    "WITH RECURSIVE t (p, n) AS (SELECT p, ascii(substr(email, p, 1)) FROM users, generate_series(1, 9) p WHERE id = 1 UNION ALL SELECT p, n - 1 FROM t WHERE n > 1) SELECT count(*) FROM t GROUP BY p ORDER BY p",
    "WITH RECURSIVE t (p, n) AS (SELECT p, ascii(substr(email, p, 1)) FROM users, generate_series(1, 9) p WHERE id = 1 UNION SELECT p, greatest(n - 1, 1) FROM t) SELECT count(*) FROM t GROUP BY p ORDER BY p",
    "CREATE TEMP TABLE told (p int, ch text, hit bool, UNIQUE (p, ch)); INSERT INTO told SELECT p, chr(c) FROM generate_series(1, 5) p, generate_series(32, 126) c; INSERT INTO told SELECT p, substr(email, p, 1) FROM users, generate_series(1, 5) p WHERE id = 1 ON CONFLICT (p, ch) DO UPDATE SET hit = true; SELECT ascii(ch) FROM told WHERE hit ORDER BY p",
    "CREATE TEMP TABLE told (p int, ch text, UNIQUE (p, ch)); INSERT INTO told SELECT p, chr(c) FROM generate_series(1, 5) p, generate_series(32, 126) c; INSERT INTO told SELECT p, substr(email, p, 1) FROM users, generate_series(1, 5) p WHERE id = 1 ON CONFLICT DO NOTHING RETURNING p; SELECT count(*) FROM told",
    "SELECT id, (SELECT count(*) FROM (SELECT jsonb_array_elements_text(to_jsonb(array_fill(1, ARRAY[ascii(email)])))) s) FROM users",
];

#[test]
fn what_would_tell_values_at_once_is_no_single_question() -> Result<()> {
    let stack = Stack::start_with("max-probes-per-hour = 20\n")?;
    let alice = stack.alice()?;
    let bits = |count: usize| {
        let bit = |at| {
            format!("count(*) FILTER (WHERE ascii(substr(email, {}, 1)) & {} > 0)", 1 + at / 7, 1 << (at % 7))
        };
        let bits: Vec<_> = (0..count).map(bit).collect();
        format!("SELECT id, {} FROM users GROUP BY id", bits.join(", "))
    };
    for text in AT_ONCE.map(str::to_owned).into_iter().chain([bits(63)]) {
        let direct = psql::run(&stack.owner(), &text)?.success()?;
        assert!(!direct.trim().is_empty(), "{text}");
        let asked = psql::run(&alice, &text)?;
        assert!(
            asked.code != 0 && asked.stderr.contains("max-probes-per-hour"),
            "{text}\n{}{}",
            asked.stdout,
            asked.stderr
        );
    }
    // Fifteen of twenty, and then not fifteen more.
    psql::run(&alice, &bits(15))?.success()?;
    assert_ne!(psql::run(&alice, &bits(15))?.code, 0);
    psql::run(&alice, &bits(5))?.success()?;
    Ok(())
}
