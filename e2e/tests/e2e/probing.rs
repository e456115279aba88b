//! What is masked is not found out by asking about it.

use anyhow::Result;
use e2e::psql;

use crate::reload::{RELOADED, reload};
use crate::stack::Stack;

mod classes;
mod failing;
mod filtered;
mod own;
mod parts;
mod placed;
mod referred;
mod sliding;
mod unread;

/// Behind `before`, each of `asked` is refused where the allowance is used up, and each of `harmless` is not.
fn assert_asks(stack: &Stack, before: &str, asked: &[&str], harmless: &[&str]) -> Result<()> {
    let alice = stack.alice()?;
    let mut wrong = Vec::new();
    for (texts, is_refused) in [(asked, true), (harmless, false)] {
        for text in texts {
            let through = psql::run(&alice, &format!("{before}{text}"))?;
            let refused = through.stderr.contains("max-probes-per-hour");
            if refused != is_refused || !is_refused && through.code != 0 {
                wrong.push(format!("{text}\n{}{}", through.stdout, through.stderr));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    Ok(())
}

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
const AT_ONCE: [&str; 19] = [
    "SELECT repeat('x', ascii(left(email, 1)) * 1024) FROM users WHERE id = 1",
    "CREATE TEMP TABLE sized AS SELECT rpad('x', ascii(email) * 1024) AS v FROM users WHERE id = 1; SELECT pg_total_relation_size('sized')",
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
    "SELECT p, chr(n) FROM generate_series(1, 5) p JOIN generate_series(97, 122) n ON chr(n) = letter(p)",
    "SELECT chr(n) FROM generate_series(97, 122) n, letter(1) l WHERE chr(n) = l",
    "SELECT p, chr(n) FROM generate_series(1, 5) p, generate_series(97, 122) n WHERE chr(n) = (SELECT letter_of(p))",
];

/// Functions that give letters of values, and one that gives nothing of any.
const FUNCTIONS: &str = "\
    CREATE FUNCTION letter(p int) RETURNS text LANGUAGE sql AS 'SELECT substr(email, p, 1) FROM users WHERE id = 1'; \
    CREATE FUNCTION letter_of(p int) RETURNS text LANGUAGE plpgsql AS 'BEGIN RETURN (SELECT substr(email, p, 1) FROM users WHERE id = 1); END'; \
    CREATE FUNCTION first_id() RETURNS int LANGUAGE sql AS 'SELECT min(id) FROM users'";

#[test]
fn what_functions_give_is_asked_about_no_more_than_columns() -> Result<()> {
    let stack = Stack::start_with("max-probes-per-hour = 5\n")?;
    psql::run(&stack.owner(), FUNCTIONS)?.success()?;
    let alice = stack.alice()?;
    let made = "BEGIN; CREATE FUNCTION made() RETURNS text LANGUAGE sql AS 'SELECT left(email, 1) FROM users WHERE id = 1'; \
        SELECT 1 WHERE made() = 'a'; ROLLBACK";
    let asking = [
        "SELECT 1 WHERE letter(1) = 'a'",
        "SELECT count(*) FROM products WHERE letter_of(1) = 'a'",
        "SELECT 1 WHERE substr(letter(1), 1, 1) IN ('a', 'b')",
        "SELECT 1 FROM letter(1) l WHERE l = 'a'",
        "SELECT 1 FROM (SELECT letter(1) AS k) s WHERE k = 'a'",
        "SELECT CASE letter(1) WHEN 'a' THEN 1 END",
        made,
    ];
    let mut answered = 0;
    for text in asking.iter().chain(&asking) {
        let asked = psql::run(&alice, text)?;
        match asked.stderr.contains("max-probes-per-hour") {
            true => {}
            false => answered += 1,
        }
    }
    assert_eq!(answered, 5);
    for text in [
        "SELECT id, letter(id) FROM products",
        "SELECT * FROM letter(1)",
        "SELECT p.id FROM products p WHERE p.id = first_id()",
    ] {
        psql::run(&alice, text)?.success()?;
    }
    Ok(())
}

/// Code that asks: a block, functions that say by an error or by what they give whether it is so, and one that nobody can follow.
const ASKING_CODE: &str = "\
    CREATE FUNCTION fails_for(l text) RETURNS int LANGUAGE plpgsql AS $$ BEGIN \
        IF EXISTS (SELECT 1 FROM users WHERE id = 1 AND email LIKE l) THEN RAISE EXCEPTION 'it is'; END IF; RETURN 1; END $$; \
    CREATE FUNCTION says_for(p int, l text) RETURNS int LANGUAGE plpgsql AS $$ DECLARE v text; BEGIN SELECT email INTO v FROM users WHERE id = 1; \
        IF substr(v, p, 1) = l THEN RAISE NOTICE 'it is'; END IF; RETURN 1; END $$; \
    CREATE FUNCTION user_of(who text) RETURNS int LANGUAGE plpgsql AS $$ DECLARE v int; BEGIN SELECT id INTO v FROM users WHERE email = who; \
        IF v IS NULL THEN RAISE NOTICE 'nobody'; END IF; RETURN v; END $$; \
    CREATE TABLE answers (answer text)";

#[test]
fn code_asks_no_more_than_statements() -> Result<()> {
    let stack = Stack::start_with("max-probes-per-hour = 5\n")?;
    psql::run(&stack.owner(), ASKING_CODE)?.success()?;
    let alice = stack.alice()?;
    let asking = [
        "DO $$ BEGIN IF EXISTS (SELECT 1 FROM users WHERE id = 1 AND email LIKE 'a%') THEN RAISE EXCEPTION 'it is'; END IF; END $$",
        "DO $$ DECLARE v text; BEGIN SELECT email INTO v FROM users WHERE id = 1; IF left(v, 1) = 'a' THEN RAISE NOTICE 'it is'; END IF; END $$",
        "DO $$ DECLARE v text; BEGIN SELECT email INTO v FROM users WHERE id = 1; IF ascii(v) > 100 THEN INSERT INTO answers VALUES ('yes'); END IF; END $$",
        "DO $$ DECLARE r record; BEGIN FOR r IN SELECT id, email FROM users LOOP IF r.email > 'm' THEN RAISE NOTICE '%', r.id; END IF; END LOOP; END $$",
        "SELECT fails_for('a%')",
        "SELECT says_for(1, 'a')",
    ];
    let mut answered = 0;
    for text in asking.iter().chain(&asking) {
        let asked = psql::run(&alice, text)?;
        answered += u32::from(!asked.stderr.contains("max-probes-per-hour"));
    }
    assert_eq!(answered, 5);
    // All at once.
    for text in [
        "DO $$ DECLARE v text; BEGIN SELECT email INTO v FROM users WHERE id = 1; \
            FOR i IN 97..122 LOOP IF left(v, 1) = chr(i) THEN RAISE NOTICE 'it is %', chr(i); END IF; END LOOP; END $$",
        "SELECT p, chr(c), says_for(p, chr(c)) FROM generate_series(1, 9) p, generate_series(97, 122) c",
        "DO $$ DECLARE v text; n int := 0; BEGIN EXECUTE 'SELECT email FROM users WHERE id = $1' INTO v USING 1; \
            WHILE n < ascii(v) LOOP n := n + 1; RAISE NOTICE '%', n; END LOOP; END $$",
    ] {
        let direct = psql::run(&stack.owner(), text)?;
        assert!(direct.stderr.contains("NOTICE"), "{text}\n{}", direct.stderr);
        let asked = psql::run(&alice, text)?;
        assert!(asked.stderr.contains("max-probes-per-hour"), "{text}\n{}{}", asked.stdout, asked.stderr);
    }
    for text in [
        "DO $$ BEGIN UPDATE products SET title = title WHERE id IN (SELECT id FROM users WHERE email = 'nobody@shop.org'); END $$",
        "DO $$ DECLARE n int; BEGIN SELECT count(*) INTO n FROM users; IF n > 3 THEN RAISE NOTICE '%', n; END IF; END $$",
        "DO $$ DECLARE v text; BEGIN SELECT email INTO v FROM users WHERE id = 1; IF v IS NULL THEN RAISE NOTICE 'none'; END IF; END $$",
        "SELECT p.id FROM products p WHERE p.id = user_of('nobody@shop.org')",
        "SELECT user_of(p.title) FROM products p",
    ] {
        psql::run(&alice, text)?.success()?;
    }
    Ok(())
}

/// How often a sequence was asked tells a value.
#[test]
fn sequences_do_not_count_up_to_a_value() -> Result<()> {
    let stack = Stack::start()?;
    psql::run(&stack.owner(), "CREATE SEQUENCE counts; CREATE SEQUENCE numbers")?.success()?;
    let counted = "CREATE FUNCTION counted() RETURNS int LANGUAGE plpgsql AS $$ DECLARE v text; BEGIN \
        SELECT email INTO v FROM users WHERE id = 1; \
        FOR i IN 1..ascii(v) LOOP PERFORM nextval('counts'); END LOOP; RETURN 1; END $$";
    psql::run(&stack.owner(), counted)?.success()?;
    let alice = stack.alice()?;
    for text in [
        "DO $$ DECLARE v text; i int := 0; BEGIN SELECT email INTO v FROM users WHERE id = 1; \
            WHILE ascii(v) > i LOOP PERFORM nextval('counts'); i := i + 1; END LOOP; END $$",
        "DO $$ BEGIN PERFORM nextval('counts') FROM users, generate_series(1, ascii(email)) WHERE id = 1; END $$",
        "SELECT counted()",
        "SELECT nextval('counts') FROM generate_series(1, (SELECT ascii(email) FROM users WHERE id = 1))",
    ] {
        let refused = psql::run(&alice, text)?;
        assert!(refused.stderr.contains("Picket refused"), "{text}\n{}{}", refused.stdout, refused.stderr);
    }
    psql::run(&alice, "DO $$ BEGIN FOR i IN 1..3 LOOP PERFORM nextval('numbers'); END LOOP; END $$")?
        .success()?;
    psql::run(&alice, "DO $$ DECLARE n int; BEGIN n := nextval('numbers'); PERFORM id FROM users; END $$")?
        .success()?;
    psql::run(&alice, "SELECT nextval('numbers'), id, email FROM users")?.success()?;
    Ok(())
}

#[test]
fn what_would_tell_values_at_once_is_no_single_question() -> Result<()> {
    let stack = Stack::start_with("max-probes-per-hour = 20\n")?;
    psql::run(&stack.owner(), FUNCTIONS)?.success()?;
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

/// For sessions that begin from then on; what was asked counts.
#[test]
fn a_reload_changes_how_much_may_be_asked() -> Result<()> {
    let mut stack = Stack::start_with("max-probes-per-hour = 100\n")?;
    let ask = |stack: &Stack, like: &str| -> Result<bool> {
        let asked = psql::run(&stack.alice()?, &format!("SELECT id FROM users WHERE email LIKE '{like}%'"))?;
        Ok(!asked.stderr.contains("max-probes-per-hour"))
    };
    assert!(ask(&stack, "ada")? && ask(&stack, "grace")?);
    let (many, few) = ("max-probes-per-hour = 100\n", "max-probes-per-hour = 3\n");
    reload(&mut stack, RELOADED, |text| text.replace(many, few))?;
    assert!(ask(&stack, "bob")? && !ask(&stack, "carol")?);
    reload(&mut stack, RELOADED, |text| text.replace(few, many))?;
    assert!(ask(&stack, "carol")?);
    Ok(())
}

/// People, dictionaries of letters, and functions that are handed values or ask about them.
const DICTIONARIES: &str = "\
    CREATE TABLE people (id int PRIMARY KEY, name text, last_name text, age int, boss int); \
    INSERT INTO people VALUES (1, 'Al', 'alicecanary', 30, NULL), (2, 'Bo', 'bobcanary', 40, 1); \
    CREATE TABLE visits (id int, person int, note text); INSERT INTO visits VALUES (1, 1, 'a'); \
    CREATE TABLE d (id int, age int, name text, boss int, last_name text); \
    INSERT INTO d (id, name, age, boss) SELECT p, chr(c), c, p FROM generate_series(1, 12) p, generate_series(97, 122) c; \
    CREATE TABLE counted (n int); CREATE TABLE plain (id int, note text, js jsonb); INSERT INTO plain SELECT n, 'x' FROM generate_series(1, 30) n; \
    CREATE FUNCTION is_letter(p int, c int) RETURNS bool LANGUAGE sql AS 'SELECT ascii(substr(last_name, p)) = c FROM people WHERE id = 1'; \
    CREATE FUNCTION is_old(who int) RETURNS bool LANGUAGE sql AS 'SELECT length(last_name) > 3 FROM people WHERE id = who'; \
    CREATE FUNCTION full_name(who int) RETURNS text LANGUAGE sql AS 'SELECT name || '' '' || last_name FROM people WHERE id = who'; \
    CREATE FUNCTION as_rows(n int) RETURNS SETOF int LANGUAGE sql AS 'SELECT generate_series(1, n)'; \
    CREATE FUNCTION as_next(t text) RETURNS SETOF int LANGUAGE plpgsql AS $$ BEGIN FOR i IN 1..ascii(t) LOOP RETURN NEXT 1; END LOOP; END $$; \
    CREATE FUNCTION spells(t text) RETURNS int LANGUAGE plpgsql AS $$ BEGIN FOR p IN 1..length(t) LOOP FOR i IN 1..ascii(substr(t, p)) LOOP \
        RAISE NOTICE 'x'; END LOOP; RAISE WARNING 'x'; END LOOP; RETURN 1; END $$; \
    CREATE FUNCTION hands_on(t text) RETURNS int LANGUAGE plpgsql AS $$ BEGIN RETURN spells(t || ''); END $$; \
    CREATE FUNCTION says() RETURNS int LANGUAGE plpgsql AS $$ BEGIN RAISE NOTICE 'x'; RETURN 1; END $$; \
    CREATE FUNCTION by_code(t text) RETURNS int LANGUAGE plpgsql AS $$ BEGIN RAISE NOTICE 'x' USING ERRCODE = upper(left(t, 5)); RETURN 1; END $$; \
    CREATE FUNCTION loops() RETURNS SETOF int LANGUAGE plpgsql AS $$ DECLARE v text; BEGIN SELECT last_name INTO v FROM people WHERE id = 1; \
        FOR i IN 1..ascii(v) LOOP RETURN NEXT 1; END LOOP; END $$; \
    CREATE FUNCTION starred(t text) RETURNS text LANGUAGE plpgsql AS $$ DECLARE r text := ''; BEGIN FOR i IN 1..length(t) LOOP r := r || '*'; END LOOP; RETURN r; END $$; \
    CREATE FUNCTION visits_of(who text) RETURNS SETOF visits LANGUAGE plpgsql AS $$ BEGIN RETURN QUERY SELECT v.* FROM visits v \
        JOIN people p ON p.id = v.person WHERE p.last_name = who; END $$";

/// Each tells a value, or a letter of one, for one question.
const COMPARED: [&str; 22] = [
    "SELECT p, chr(c), regexp_match(last_name, '^.{' || p - 1 || '}' || chr(c)) IS NOT NULL FROM people, generate_series(1, 11) p, \
        generate_series(97, 122) c WHERE people.id = 1",
    "SELECT u, v FROM (SELECT p AS id, chr(c) AS name, c AS u, p AS v FROM generate_series(1, 12) p, generate_series(97, 122) c) d, \
        (SELECT last_name AS email FROM people WHERE id = 1) q WHERE name = substr(email, id, 1) ORDER BY 2",
    "SELECT name FROM d WHERE id = 1 AND name = (SELECT left(last_name, 1) FROM people WHERE people.id = 1)",
    "SELECT age, boss FROM d WHERE name = (SELECT substr(p.last_name, id, 1) FROM (SELECT last_name FROM people WHERE id = 1) p) ORDER BY 2",
    "SELECT id FROM plain WHERE id = (SELECT length(last_name) FROM people WHERE id = 1)",
    "SELECT p.id FROM plain p JOIN LATERAL (SELECT length(last_name) AS l FROM people WHERE id = 1) q ON q.l = p.id",
    "SELECT p.g FROM (SELECT last_name AS email FROM people WHERE id = 1) q, (SELECT g AS age, g FROM generate_series(1, 200) g) p WHERE age = ascii(email)",
    "SELECT boss FROM (SELECT c AS id, c AS boss FROM generate_series(97, 122) c) q WHERE id = (SELECT ascii(substr(last_name, 2)) FROM people WHERE people.id = 1)",
    "SELECT string_agg(chr(d.age), '' ORDER BY d.boss) FROM d WHERE is_letter(d.id, ascii(d.name))",
    "SELECT count(*) FROM (SELECT ts_parse('default', repeat('a ', ascii(last_name))) FROM people WHERE id = 1) q",
    "SELECT count(*) FROM (SELECT jsonb_populate_recordset(NULL::visits, ('[' || repeat('{},', ascii(last_name)) || '{}]')::jsonb) FROM people WHERE id = 1) q",
    "SELECT count(*) FROM (SELECT pg_options_to_table(array_fill('a=b'::text, ARRAY[ascii(last_name)])) FROM people WHERE id = 1) q",
    "SELECT count(*) FROM (SELECT as_rows(ascii(last_name)) FROM people WHERE id = 1) q",
    "SELECT id, as_next(last_name) FROM people",
    "SELECT spells(last_name) FROM people WHERE id = 1",
    "SELECT hands_on(last_name) FROM people WHERE id = 1",
    "SELECT by_code(last_name) FROM people WHERE id = 1",
    "SELECT loops()",
    "DO $$ DECLARE v text; BEGIN SELECT last_name INTO v FROM people WHERE id = 1; RAISE NOTICE 'x' USING ERRCODE = upper(left(v, 5)); END $$; SELECT 1",
    "DO $$ DECLARE n int; BEGIN SELECT ascii(last_name) INTO n FROM people WHERE id = 1; WHILE n > 0 LOOP PERFORM says(); n := n - 1; END LOOP; END $$; SELECT 1",
    "DO $$ DECLARE v text; BEGIN SELECT last_name INTO v FROM people WHERE id = 1; FOR i IN 1..ascii(v) LOOP INSERT INTO counted VALUES (1); END LOOP; END $$; SELECT 1",
    "DO $$ DECLARE v text; BEGIN SELECT last_name INTO v FROM people WHERE id = 1; PERFORM spells(v); END $$; SELECT 1",
];

/// These compare values with what stands beside them, or hand them to functions that tell nothing.
const COMPARED_BESIDE: [&str; 11] = [
    "SELECT p.id FROM people p WHERE p.last_name LIKE p.name || '%'",
    "SELECT id FROM people WHERE age > length(last_name) ORDER BY id",
    "SELECT p.id, v.id FROM people p JOIN visits v ON v.person = p.id WHERE p.age > length(p.last_name) AND v.id > 0",
    "SELECT id FROM people p WHERE full_name(p.id) LIKE 'Al%'",
    "SELECT id FROM people WHERE last_name IN (SELECT max(last_name) FROM people)",
    "SELECT id, note FROM visits WHERE person IN (SELECT id FROM people WHERE last_name LIKE 'a%')",
    "SELECT id FROM people WHERE boss = (SELECT id FROM people WHERE last_name = 'alicecanary')",
    "SELECT count(starred(last_name)) FROM people",
    "SELECT v.id FROM visits v WHERE is_old(v.person)",
    "SELECT v.id FROM visits_of('alicecanary') v",
    "SELECT id FROM people WHERE id = (SELECT max(person) FROM visits)",
];

#[test]
fn parts_of_values_are_compared_with_nothing_but_what_stands_beside_them() -> Result<()> {
    let stack = Stack::start_with("max-probes-per-hour = 60\n")?;
    psql::run(&stack.owner(), DICTIONARIES)?.success()?;
    let alice = stack.alice()?;
    let mut wrong = Vec::new();
    for text in COMPARED {
        let direct = psql::run(&stack.owner(), text)?.success()?;
        assert!(!direct.trim().is_empty(), "{text}");
        let asked = psql::run(&alice, text)?;
        if !asked.stderr.contains("max-probes-per-hour") {
            wrong.push(format!("{text}\n{}{}", asked.stdout, asked.stderr));
        }
    }
    for text in COMPARED_BESIDE {
        let (through, direct) = (psql::run(&alice, text)?, psql::run(&stack.owner(), text)?.success()?);
        if through.code != 0 || through.stdout != direct {
            wrong.push(format!("{text}\n{}{}", through.stdout, through.stderr));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    Ok(())
}

/// People, and functions that are handed values and do something with what they are like.
const DOING: &str = "\
    CREATE TABLE people (id int PRIMARY KEY, name text, last_name text); INSERT INTO people VALUES (1, 'Al', 'alicecanary'), (2, 'Bo', 'bobcanary'); \
    CREATE TABLE left_over (id int); INSERT INTO left_over SELECT generate_series(1, 200); CREATE TABLE d (p int, name text); \
    INSERT INTO d SELECT p, chr(c) FROM generate_series(1, 12) p, generate_series(97, 122) c; \
    CREATE FUNCTION deletes(t text) RETURNS int LANGUAGE plpgsql AS $$ BEGIN IF t LIKE 'a%' THEN DELETE FROM left_over WHERE id = 1; END IF; RETURN 1; END $$; \
    CREATE FUNCTION deletes_for(t text) RETURNS int LANGUAGE sql AS $$ DELETE FROM left_over WHERE t LIKE 'a%' AND id = 1; SELECT 1 $$; \
    CREATE FUNCTION sets(t text) RETURNS int LANGUAGE plpgsql AS $$ BEGIN IF t LIKE 'a%' THEN PERFORM set_config('my.answer', 'yes', false); END IF; RETURN 1; END $$; \
    CREATE FUNCTION settles(t text) RETURNS int LANGUAGE plpgsql AS $$ BEGIN IF t LIKE 'a%' THEN SET my.answer = 'yes'; END IF; RETURN 1; END $$; \
    CREATE FUNCTION notifies(t text) RETURNS int LANGUAGE plpgsql AS $$ BEGIN IF t LIKE 'a%' THEN NOTIFY answers; END IF; RETURN 1; END $$; \
    CREATE FUNCTION makes(t text) RETURNS int LANGUAGE plpgsql AS $$ BEGIN IF t LIKE 'a%' THEN CREATE TEMP TABLE answer (n int); END IF; RETURN 1; END $$; \
    CREATE FUNCTION fails(t text) RETURNS int LANGUAGE plpgsql AS $$ BEGIN IF t LIKE 'a%' THEN RAISE EXCEPTION 'no'; END IF; RETURN 1; END $$; \
    CREATE FUNCTION insists(t text) RETURNS int LANGUAGE plpgsql AS $$ BEGIN ASSERT t NOT LIKE 'a%'; RETURN 1; END $$; \
    CREATE FUNCTION drops_out(t text) RETURNS int LANGUAGE plpgsql AS $$ BEGIN FOR i IN 1..ascii(t) LOOP DELETE FROM left_over WHERE id = i; END LOOP; RETURN 1; END $$; \
    CREATE FUNCTION divides(t text) RETURNS int LANGUAGE plpgsql AS $$ BEGIN RETURN 1 / (CASE WHEN t LIKE 'a%' THEN 0 ELSE 1 END); END $$; \
    CREATE FUNCTION divides_too(t text) RETURNS int LANGUAGE sql AS $$ SELECT 1 / (CASE WHEN t LIKE 'a%' THEN 0 ELSE 1 END) $$; \
    CREATE FUNCTION performs(t text) RETURNS int LANGUAGE plpgsql AS $$ BEGIN IF t LIKE 'a%' THEN PERFORM 1 / 0; END IF; RETURN 1; END $$; \
    CREATE FUNCTION casts(t text) RETURNS int LANGUAGE plpgsql AS $$ DECLARE x int; BEGIN IF t LIKE 'a%' THEN x := 'abc'; END IF; RETURN 1; END $$; \
    CREATE FUNCTION finds(t text) RETURNS int LANGUAGE plpgsql AS $$ DECLARE x int; BEGIN \
        SELECT id INTO STRICT x FROM people WHERE id = CASE WHEN t LIKE 'a%' THEN -5 ELSE 1 END; RETURN 1; END $$; \
    CREATE FUNCTION recurs(t text) RETURNS int LANGUAGE plpgsql AS $$ BEGIN IF t LIKE 'a%' THEN RETURN recurs('a' || t); END IF; RETURN 1; END $$; \
    CREATE FUNCTION fills(t text) RETURNS int LANGUAGE plpgsql AS $$ DECLARE a int[]; BEGIN \
        a := array_fill(0, ARRAY[CASE WHEN t LIKE 'a%' THEN -1 ELSE 1 END]); RETURN 1; END $$; \
    CREATE FUNCTION empties(t text) RETURNS int LANGUAGE plpgsql AS $$ DECLARE a int NOT NULL := 1; BEGIN IF t LIKE 'a%' THEN a := NULL; END IF; RETURN 1; END $$; \
    CREATE FUNCTION hands_to_divides(t text) RETURNS int LANGUAGE plpgsql AS $$ BEGIN RETURN divides(t); END $$; \
    CREATE FUNCTION shown_as(t text) RETURNS text LANGUAGE plpgsql AS $$ BEGIN IF t IS NULL OR t = '' THEN RETURN 'nobody'; END IF; RETURN upper(t); END $$; \
    CREATE FUNCTION is_short(t text) RETURNS bool LANGUAGE plpgsql SET search_path = pg_catalog AS $$ BEGIN IF length(t) < 5 THEN RETURN true; END IF; RETURN false; END $$; \
    CREATE FUNCTION notes(n int) RETURNS int LANGUAGE plpgsql AS $$ BEGIN IF n > 1 THEN DELETE FROM left_over WHERE id = n; END IF; RETURN 1; END $$";

/// What functions do with values that they are handed is an answer like any other.
#[test]
fn what_is_done_under_a_condition_on_a_value_is_a_question() -> Result<()> {
    let stack = Stack::start_with("max-probes-per-hour = 1\n")?;
    psql::run(&stack.owner(), DOING)?.success()?;
    let alice = stack.alice()?;
    let asking = [
        "deletes",
        "deletes_for",
        "sets",
        "settles",
        "notifies",
        "makes",
        "fails",
        "insists",
        "divides",
        "divides_too",
        "performs",
        "casts",
        "finds",
        "recurs",
        "fills",
        "empties",
        "hands_to_divides",
    ];
    // Each of them does something for one value, and not for the other.
    for name in asking {
        let told = |id: u8| -> Result<String> {
            let whole = "DELETE FROM left_over WHERE id = 1; INSERT INTO left_over VALUES (1)";
            psql::run(&stack.owner(), whole)?.success()?;
            let text = format!(
                "LISTEN answers; BEGIN; SELECT {name}(last_name) FROM people WHERE id = {id}; COMMIT; \
                SELECT count(*), current_setting('my.answer', true), to_regclass('answer') IS NULL FROM left_over"
            );
            let told = psql::run(&stack.owner(), &text)?;
            Ok(format!("{}{}", told.stdout, told.stderr))
        };
        assert_ne!(told(1)?, told(2)?, "{name} tells nothing");
    }
    psql::run(&alice, "SELECT id FROM people WHERE last_name LIKE 'x%'")?.success()?;
    let mut answered = Vec::new();
    for name in asking {
        // What would put it where no column is, is refused for that.
        let asked = psql::run(&alice, &format!("SELECT {name}(last_name) FROM people WHERE id = 2"))?;
        if !asked.stderr.contains("Picket refused") {
            answered.push(name);
        }
    }
    assert!(answered.is_empty(), "{answered:?}");
    let at_once = psql::run(&alice, "SELECT drops_out(last_name) FROM people WHERE id = 1")?;
    assert!(at_once.stderr.contains("max-probes-per-hour"), "{at_once:?}");
    for text in [
        "SELECT id, shown_as(last_name) FROM people",
        "SELECT notes(id), last_name FROM people",
        "SELECT id, is_short(name) FROM people",
    ] {
        psql::run(&alice, text)?.success()?;
    }
    Ok(())
}

/// Letters that were put into a table a moment ago are letters.
#[test]
fn letters_that_were_written_elsewhere_are_compared_with_nothing() -> Result<()> {
    let stack = Stack::start_with("max-probes-per-hour = 60\n")?;
    psql::run(&stack.owner(), DOING)?.success()?;
    let alice = stack.alice()?;
    let letters = "CREATE TEMP TABLE letters AS SELECT p, substr(last_name, p, 1) AS l FROM people, generate_series(1, 5) p WHERE id = 1";
    for (made, told) in [
        (
            letters,
            "SELECT string_agg(d.name, '' ORDER BY d.p) FROM d JOIN letters ON letters.p = d.p AND letters.l = d.name",
        ),
        (
            letters,
            "SELECT string_agg(d.name, '' ORDER BY d.p) FROM d WHERE (d.p, d.name) IN (SELECT p, l FROM letters)",
        ),
        (
            "CREATE TABLE own_letters (p int, l text); INSERT INTO own_letters SELECT p, substr(last_name, p, 1) FROM people, generate_series(1, 5) p WHERE id = 1",
            "SELECT string_agg(d.name, '' ORDER BY d.p) FROM d JOIN own_letters o ON o.p = d.p AND o.l = d.name",
        ),
    ] {
        let text = format!("BEGIN; {made}; {told}; ROLLBACK");
        let direct = psql::run(&stack.owner(), &text)?.success()?;
        assert!(direct.contains("alice"), "{text}: {direct}");
        let asked = psql::run(&alice, &text)?;
        assert!(!asked.stdout.contains("alice"), "{text}: {asked:?}");
    }
    // Whole values are compared with whole values.
    let text = "BEGIN; CREATE TEMP TABLE names AS SELECT id, last_name FROM people; \
        SELECT p.id FROM people p JOIN names n ON n.last_name = p.last_name ORDER BY 1; ROLLBACK";
    let through = psql::run(&alice, text)?;
    assert_eq!(through.success()?, psql::run(&stack.owner(), text)?.success()?);
    Ok(())
}
