//! What sorts values by their letters, and where rows or entries of an index stand then, is asked about as their letters are.

use anyhow::Result;
use e2e::psql;

use super::assert_asks;
use crate::stack::Stack;

/// Operators and operator classes that compare letters, people, and a dictionary.
const MADE: &str = "\
    CREATE EXTENSION pg_trgm; \
    CREATE FUNCTION third_cmp(text, text) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT bttextcmp(substr($1, 3, 1), substr($2, 3, 1))'; \
    CREATE FUNCTION third_less(text, text) RETURNS bool LANGUAGE sql IMMUTABLE AS 'SELECT substr($1, 3, 1) < substr($2, 3, 1)'; \
    CREATE FUNCTION third_hash(text) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT hashtext(substr($1, 3, 1))'; \
    CREATE OPERATOR <<<! (FUNCTION = third_less, LEFTARG = text, RIGHTARG = text); \
    CREATE OPERATOR CLASS third FOR TYPE text USING btree AS OPERATOR 1 <<<!, OPERATOR 3 =, FUNCTION 1 third_cmp(text, text); \
    CREATE OPERATOR CLASS third_hash FOR TYPE text USING hash AS OPERATOR 1 =, FUNCTION 1 third_hash(text); \
    SET ROLE shop_owner; \
    CREATE TABLE people (id int PRIMARY KEY, full_name text, email text); \
    INSERT INTO people VALUES (1, 'Anna Miller', 'anna@shop.org'), (2, 'Zoe Young', 'zoe@shop.org'); \
    CREATE INDEX people_by_id ON people (id); CREATE INDEX people_by_letter ON people (substr(full_name, 5, 1)); \
    CREATE TABLE dict (dn int, dc text); INSERT INTO dict SELECT n, chr(n) FROM generate_series(32, 126) n; CREATE INDEX dict_by_letter ON dict (dc)";

const ASKING: [&str; 15] = [
    "CREATE UNIQUE INDEX ON people (full_name third) WHERE id IN (1, 2)",
    "CREATE INDEX ON people (full_name public.third)",
    "CREATE INDEX ON people (lower(full_name) third)",
    "CREATE INDEX ON people USING hash (full_name third_hash)",
    "ALTER TABLE people ADD EXCLUDE USING btree (full_name third WITH =)",
    "SELECT id FROM people ORDER BY full_name USING <<<!",
    "SELECT id FROM people ORDER BY full_name USING OPERATOR(public.<<<!)",
    "SELECT id, row_number() OVER (ORDER BY full_name USING <<<!) FROM people",
    "SELECT array_agg(id ORDER BY full_name USING <<<!) FROM people",
    "SELECT id FROM people ORDER BY lower(full_name) USING <<<!",
    "CREATE INDEX ON people USING gin (string_to_array(replace(left(full_name, 1), 'Z', 'a,b,c'), ',')) WHERE id = 2",
    "CLUSTER people USING people_by_letter",
    "CLUSTER VERBOSE people",
    "CLUSTER",
    "DO $$ BEGIN CLUSTER people USING people_by_letter; END $$",
];

const HARMLESS: [&str; 15] = [
    "CREATE INDEX ON people (full_name)",
    "CREATE INDEX ON people (substr(full_name, 5, 1))",
    "CREATE UNIQUE INDEX ON people (email)",
    "CREATE INDEX ON people (lower(full_name), email DESC)",
    "CREATE INDEX ON people (full_name text_pattern_ops)",
    "CREATE INDEX ON people USING gin (full_name gin_trgm_ops)",
    "CREATE INDEX ON people USING gist (full_name gist_trgm_ops)",
    "CREATE INDEX ON people USING hash (email)",
    "SELECT id FROM people ORDER BY full_name USING <",
    "SELECT id FROM people ORDER BY lower(full_name) USING >",
    "SELECT dc FROM dict ORDER BY dc USING <<<!",
    "CREATE INDEX ON dict (dc third, substr(dc, 1, 1))",
    "CLUSTER dict USING dict_by_letter",
    "REINDEX TABLE people",
    "ALTER TABLE people ADD CONSTRAINT whole UNIQUE (full_name)",
];

#[test]
fn letters_that_are_sorted_by_are_asked_about() -> Result<()> {
    let stack = Stack::start_with("max-probes-per-hour = 1\n")?;
    psql::run(&stack.superuser(), MADE)?.success()?;
    let alice = stack.alice()?;
    psql::run(&alice, "SELECT id FROM people WHERE full_name LIKE 'x%'")?.success()?;
    assert_asks(&stack, "", &ASKING, &HARMLESS)
}
