//! Whether a statement fails, and with which row, answers like a condition; so does how much a value takes up.

use anyhow::Result;
use e2e::psql;

use crate::stack::Stack;

/// People, of which whatever is asked below says something else, and something beside them.
const PEOPLE: &str = "\
    CREATE TABLE people (id int PRIMARY KEY, full_name text, birth_date date); \
    INSERT INTO people VALUES (1, 'Anna Miller', '1970-02-07'), (2, 'Zoe Young', '1990-05-05'); \
    CREATE TABLE visits (id int, person int, amount int); INSERT INTO visits VALUES (1, 1, 500), (2, 2, 700); \
    CREATE FUNCTION hit(t text, p int, c int) RETURNS int LANGUAGE plpgsql AS $$ BEGIN \
        IF ascii(substr(t, p, 1)) = c THEN RAISE NOTICE '% %', p, c; END IF; RETURN 1; END $$; \
    CREATE DOMAIN not_a AS text CONSTRAINT c_a CHECK (value !~ '^A'); CREATE TABLE runs (i int); \
    CREATE FUNCTION strictly(text) RETURNS int LANGUAGE sql STRICT AS 'INSERT INTO runs VALUES (0) RETURNING 1'; \
    CREATE FUNCTION reads(text) RETURNS bigint LANGUAGE sql STRICT AS 'SELECT count(*) FROM runs'; \
    CREATE FUNCTION idle(text) RETURNS text LANGUAGE plpgsql STRICT AS 'BEGIN RETURN $1; END'; CREATE FUNCTION so_many(int) RETURNS SETOF int LANGUAGE sql AS 'SELECT generate_series(1, $1)'; \
    CREATE OPERATOR ##+ (function = generate_series, leftarg = int, rightarg = int); CREATE OPERATOR ### (function = so_many, rightarg = int); CREATE OPERATOR ##= (function = reads, rightarg = text); \
    CREATE OPERATOR ##- (function = int4mi, leftarg = int, rightarg = int); CREATE TABLE \"m_A\" (i int) PARTITION BY RANGE (i); \
    CREATE TABLE sized (a text); ALTER TABLE sized ALTER a SET STORAGE EXTERNAL";

/// Each fails for one of the two, and not for the other.
const FAILING: [&str; 32] = [
    "SELECT to_regclass(replace(left(full_name, 1), 'A', 'a.b.c.d')) FROM people WHERE id = $ID",
    "SELECT to_char(1, replace(left(full_name, 1), 'A', '9.9.9')) FROM people WHERE id = $ID",
    "SELECT array[string_to_array(left(full_name, 1) || 'z', 'A'), array['a']] FROM people WHERE id = $ID",
    "SELECT xmlpi(name a, replace(left(full_name, 1), 'A', '?>')) FROM people WHERE id = $ID",
    "SELECT x.z FROM people, xmltable('/r' PASSING xml '<r/>' COLUMNS z text PATH replace(left(full_name, 1), 'A', '((')) x WHERE people.id = $ID",
    "SELECT has_table_privilege(replace(left(full_name, 1), 'A', 'people'), 'select') FROM people WHERE id = $ID",
    "SELECT jsonb_path_query_first(jsonb_build_object('a', ascii(left(full_name, 1))), '10 / ($.a - 65)') FROM people WHERE id = $ID",
    "SELECT xmlparse(content '<x ' || left(full_name, 1) || '=\"\" A=\"\"/>') FROM people WHERE id = $ID",
    "BEGIN; CREATE TABLE checked AS SELECT id, full_name AS v FROM people WHERE id = $ID; ALTER TABLE checked ALTER v TYPE not_a; ROLLBACK",
    "SELECT sqrt(80 - ascii(left(full_name, 1))) FROM people WHERE id = $ID",
    "SELECT ln(80 - ascii(left(full_name, 1))) FROM people WHERE id = $ID",
    "SELECT chr(ascii(left(full_name, 1)) - 70) FROM people WHERE id = $ID",
    "SELECT mod(1, ascii(left(full_name, 1)) - 65) FROM people WHERE id = $ID",
    "SELECT 2147483647 - 70 + ascii(left(full_name, 1)) FROM people WHERE id = $ID",
    "SELECT birth_date + 2145039000 FROM people WHERE id = $ID",
    "SELECT (ascii(left(full_name, 1)) * 500)::int2 FROM people WHERE id = $ID",
    "SELECT translate(left(full_name, 1), 'A', '1')::int FROM people WHERE id = $ID",
    "SELECT int4(translate(left(full_name, 1), 'A', '1')) FROM people WHERE id = $ID",
    "SELECT int4in(textout(translate(left(full_name, 1), 'A', '1'))) FROM people WHERE id = $ID",
    "SELECT make_date(2000, 1, ascii(left(full_name, 1)) - 50) FROM people WHERE id = $ID",
    "SELECT get_byte(full_name::bytea, 9) FROM people WHERE id = $ID",
    "SELECT regexp_replace('x', translate(left(full_name, 1), 'A', '('), '') FROM people WHERE id = $ID",
    "SELECT json_build_object(substring(full_name from '^A'), 1) FROM people WHERE id = $ID",
    "SELECT daterange(birth_date, '1980-01-01') FROM people WHERE id = $ID",
    "SELECT to_date(translate(left(full_name, 1), 'A', '1'), 'DD') FROM people WHERE id = $ID",
    "SELECT substr(full_name, 1, strpos(full_name, 'Y') - 1) FROM people WHERE id = $ID",
    "SELECT ('{' || replace(left(full_name, 1), 'A', '{') || '}')::text[] FROM people WHERE id = $ID",
    "SELECT string_to_array(left(full_name, 1), 'A') || array[array['a']] FROM people WHERE id = $ID",
    "SELECT ntile(ascii(left(full_name, 1)) - 65) OVER () FROM people WHERE id = $ID",
    "SELECT nth_value(id, ascii(left(full_name, 1)) - 65) OVER () FROM people WHERE id = $ID",
    "SELECT starts_with(full_name, 'A') AND (SELECT lo_get(1) IS NULL) FROM people WHERE id = $ID",
    "BEGIN; CREATE INDEX ON people (sqrt(80 - ascii(left(full_name, 1)))) WHERE id = $ID; ROLLBACK",
];

/// Each tells a letter, a day or a length by the row with which it fails, by what it takes up, or by which rows it writes.
const TELLING: [&str; 32] = [
    "SELECT id, 1 ##+ ascii(left(full_name, 1)) FROM people WHERE id = 1",
    "SELECT array(SELECT string_to_array(left(full_name, 1) || 'z', x) FROM unnest(array[chr(g), '~']) x) FROM people, generate_series(65, 90) g WHERE id = 1",
    "SELECT id, ### ascii(left(full_name, 1)) FROM people WHERE id = 1",
    "SELECT id, count(*) FROM (SELECT id, 1 ##+ ascii(full_name) FROM people) q GROUP BY id",
    "SELECT ##= substring(full_name from '^' || chr(g)) FROM people, generate_series(65, 90) g WHERE id = 1",
    "SELECT idle(substring(full_name from '^' || chr(g))) FROM people, generate_series(65, 90) g WHERE id = 1",
    "SELECT reads(nullif(left(full_name, 1), chr(g))) FROM people, generate_series(65, 90) g WHERE id = 1",
    "SELECT id, pg_partition_tree(to_regclass('\"m_' || left(full_name, 1) || '\"')) FROM people",
    "SELECT strictly(substring(full_name from '^' || chr(g))) FROM people, generate_series(65, 90) g WHERE id = 1",
    "SELECT g, sqrt(100 - g - ascii(left(full_name, 1))) FROM people, generate_series(1, 200) g WHERE id = 1",
    "SELECT g, (ascii(left(full_name, 1)) * g)::int2 FROM people, generate_series(1, 1000) g WHERE id = 1",
    "SELECT g, get_byte(full_name::bytea, g) FROM people, generate_series(0, 99) g WHERE id = 1",
    "SELECT g, translate(left(full_name, 1), chr(g), '1')::int FROM people, generate_series(65, 90) g WHERE id = 1",
    "SELECT g, 2147483647 - 100 + g + ascii(left(full_name, 1)) FROM people, generate_series(1, 200) g WHERE id = 1",
    "SELECT g, birth_date + g FROM people, generate_series(2145030000, 2145060000) g WHERE id = 1",
    "INSERT INTO sized SELECT left(repeat('x', 10000000), ascii(left(full_name, 1)) * 81920) FROM people WHERE id = 1",
    "INSERT INTO sized SELECT substr(repeat('x', 10000000), 1, ascii(left(full_name, 1)) * 81920) FROM people WHERE id = 1",
    "INSERT INTO sized SELECT replace(repeat('A', 819200) || repeat('B', 81920), left(full_name, 1), '') FROM people WHERE id = 1",
    "INSERT INTO sized SELECT format('%*s', ascii(left(full_name, 1)) * 81920, '') FROM people WHERE id = 1",
    "INSERT INTO sized SELECT array_to_string((SELECT array_agg('xxxx') FROM generate_series(1, 100000))[1:ascii(left(full_name, 1)) * 819], '') FROM people WHERE id = 1",
    "BEGIN; CREATE UNIQUE INDEX ON people ((left(full_name, 1))) WHERE id IN (1, 2); ROLLBACK",
    "BEGIN; ALTER TABLE people ADD EXCLUDE (left(full_name, 1) WITH =) WHERE (id IN (1, 2)); ROLLBACK",
    "CREATE TEMP TABLE told (p int, l text, c int, UNIQUE (p, l)); INSERT INTO told SELECT id, left(full_name, 1), 0 FROM people; \
        INSERT INTO told SELECT p, chr(c), c FROM generate_series(1, 2) p, generate_series(65, 90) c ON CONFLICT DO NOTHING",
    "SELECT id, count(*) OVER (ORDER BY birth_date RANGE BETWEEN '8000 days' PRECEDING AND CURRENT ROW) FROM people",
    "SELECT id, count(*) OVER (w RANGE BETWEEN '8000 days' PRECEDING AND CURRENT ROW) FROM people WINDOW w AS (ORDER BY birth_date)",
    "SELECT g, chr(c) FROM generate_series(1, 60) g, generate_series(65, 122) c, pg_stats WHERE tablename = 'people' AND attname = 'full_name' \
        AND chr(c) = substr(histogram_bounds::text, g, 1)",
    "SELECT g, chr(c) FROM generate_series(1, 100) g, generate_series(65, 122) c, pg_stat_activity WHERE chr(c) = substr(query, g, 1)",
    "SELECT g, c FROM generate_series(0, 28) g, generate_series(65, 122) c WHERE c = get_byte(lo_get(16828), g)",
    "SELECT p.id, g FROM generate_series(65, 90) g, letters p WHERE p.n = g",
    "SELECT coalesce(substring(full_name from '^A'), (SELECT 'x' FROM visits LIMIT 1)), coalesce(substring(full_name from '^B'), (SELECT 'x' FROM visits LIMIT 1)), \
        length(full_name) / 2 > 1, length(full_name) / 3 > 1, length(full_name) / 4 > 1, length(full_name) / 5 > 1, length(full_name) / 6 > 1, length(full_name) / 7 > 1, \
        length(full_name) / 8 > 1, length(full_name) / 9 > 1, length(full_name) / 10 > 1, length(full_name) / 11 > 1, length(full_name) / 12 > 1, length(full_name) / 13 > 1, \
        length(full_name) / 14 > 1, length(full_name) / 15 > 1 FROM people",
    "SELECT g FROM people, generate_series(65, 122) g WHERE ascii(full_name) = (SELECT g)",
    "SELECT hit(full_name, p, c) FROM people, generate_series(1, 5) p, generate_series(65, 122) c WHERE id = 1",
];

/// What is computed of values as any report computes it.
const HARMLESS: [&str; 16] = [
    "SELECT reads(full_name), idle(split_part(full_name, ' ', 1)), idle(left(full_name, 3) || 'x'), idle(substring(full_name from 1 for 3)::varchar), 1 ##+ id, ##= full_name, id ##- 1 FROM people",
    "SELECT array[array[upper(full_name), 'a'], array['b', left(full_name, 1)]], to_regclass('people'), to_char(id, '99'), xmlpi(name a, 'x'), \
        has_table_privilege('people', 'select') FROM people",
    "BEGIN; SELECT strictly(full_name), strictly(lower(full_name)) FROM people; ROLLBACK; \
        SELECT jsonb_path_query_array('[1]', '$[*]') FROM people; BEGIN; ALTER TABLE people ALTER full_name TYPE varchar(50); ROLLBACK",
    "SELECT id, left(full_name, 1), length(full_name), ascii(full_name) + 1, upper(full_name) || id, reverse(full_name) FROM people",
    "SELECT current_date - birth_date, age(birth_date), extract(year from age(birth_date))::int, date_part('year', birth_date) * 12 + date_part('month', birth_date), \
        (birth_date + interval '18 years')::date, date_trunc('year', birth_date)::date, extract(month from birth_date)::smallint FROM people",
    "SELECT avg(extract(year from age(birth_date)))::int, round(avg(length(full_name)), 2), max(length(full_name))::bigint, min(birth_date)::timestamp FROM people",
    "SELECT coalesce(upper(full_name), 'nobody'), coalesce(full_name, lower(birth_date::text)), id > 1 AND full_name IS NOT NULL FROM people",
    "SELECT pid, state, left(query, 20), now() - query_start FROM pg_stat_activity WHERE state = 'active' AND pid <> pg_backend_pid(); \
        SELECT tablename, attname, n_distinct FROM pg_stats WHERE null_frac > 0.9",
    "SELECT array_agg(full_name)::varchar[], string_to_array(full_name, ' ')::varchar[] || array['x'], array(SELECT lower(full_name) FROM people)::text[], ntile(4) OVER (ORDER BY id), \
        nth_value(full_name, 2) OVER (ORDER BY id) FROM people GROUP BY id, full_name",
    "SELECT sqrt(id), (id * 500)::int2, chr(64 + id), full_name, mod(id, 7) FROM people",
    "SELECT full_name::varchar(3), birth_date::text, md5(full_name)::uuid, to_char(birth_date, 'YYYY'), json_build_object('name', full_name), to_jsonb(full_name)::text FROM people",
    "SELECT repeat('*', length(full_name) - 1) || right(full_name, 1), overlay(full_name placing '***' from 2 for 3), left(full_name, length(full_name) - 2), \
        substr(full_name, 2), replace(full_name, 'a', 'b'), split_part(full_name, ' ', 1), format('%s (%s)', full_name, birth_date), (string_to_array(full_name, ' '))[1] FROM people",
    "SELECT v.id, v.amount * 3 + 1, v.amount::text::int2, p.full_name, p.birth_date::timestamp, lower(p.full_name) || v.id FROM visits v JOIN people p ON p.id = v.person",
    "BEGIN; CREATE UNIQUE INDEX ON people (id, lower(full_name)); CREATE INDEX ON people (left(full_name, 3)); CREATE UNIQUE INDEX ON people (full_name); ROLLBACK",
    "BEGIN; CREATE SCHEMA own; CREATE TABLE own.letters (id int, n int UNIQUE, UNIQUE (id, n)); ROLLBACK",
    "INSERT INTO people VALUES (1, 'Anna Miller', '1970-02-07') ON CONFLICT (id) DO UPDATE SET full_name = excluded.full_name; INSERT INTO visits VALUES (1, 1, 500) ON CONFLICT DO NOTHING",
];

#[test]
fn whether_a_statement_fails_is_a_question() -> Result<()> {
    let stack = Stack::start_with("max-probes-per-hour = 1\n")?;
    psql::run(&stack.owner(), PEOPLE)?.success()?;
    let alice = stack.alice()?;
    psql::run(&alice, "SELECT id FROM people WHERE full_name LIKE 'x%'")?.success()?;
    let mut wrong = Vec::new();
    for text in FAILING {
        let of = |id: &str| text.replace("$ID", id);
        let fails = |id| Ok::<_, anyhow::Error>(psql::run(&stack.owner(), &of(id))?.stderr.contains("ERROR"));
        assert_ne!(fails("1")?, fails("2")?, "{text}");
        let asked = psql::run(&alice, &of("1"))?;
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

#[test]
fn with_which_row_a_statement_fails_tells_at_once() -> Result<()> {
    let stack = Stack::start_with("max-probes-per-hour = 15\n")?;
    psql::run(&stack.owner(), PEOPLE)?.success()?;
    let alice = stack.alice()?;
    psql::run(&alice, "CREATE TABLE letters AS SELECT id, ascii(full_name) AS n FROM people")?.success()?;
    let mut wrong = Vec::new();
    for text in TELLING {
        let asked = psql::run(&alice, text)?;
        if !asked.stderr.contains("max-probes-per-hour") {
            wrong.push(format!(
                "{text}\n{}{}",
                asked.stdout.chars().take(300).collect::<String>(),
                asked.stderr
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    Ok(())
}
