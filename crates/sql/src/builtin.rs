//! What PostgreSQL comes with in schemas of its own, by its name and what it takes: a name without a schema means that first. It does
//! not tell what is in the database (see `catalog`).

use std::sync::LazyLock;

use crate::system;
use crate::tree::Tree;

/// Those of PostgreSQL 15, which all later ones have too: kind, name, and types of arguments or operands, in the order of their bytes. What
/// came later is not among them, since an older server's users may have called something of their own so.
static NAMES: LazyLock<Vec<&str>> = LazyLock::new(|| include_str!("builtin/names.txt").lines().collect());

/// Whether there is one of this kind that is called so, whatever it takes.
pub(crate) fn is_called(kind: &str, name: &str) -> bool {
    if name.contains(' ') {
        return false;
    }
    let line = format!("{kind} {name}");
    let at = NAMES.partition_point(|known| *known < line.as_str());
    let found = NAMES.get(at).and_then(|found| found.strip_prefix(&line));
    found.is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
}

/// Whether there is one of this kind that is called so and takes what `object` says.
pub(crate) fn takes(kind: &str, name: &str, object: &Tree) -> bool {
    if object.number("args_unspecified") != 0 || !is_called(kind, name) {
        return is_called(kind, name);
    }
    let mut line = format!("{kind} {name}");
    for of in object.all("objargs").filter(|of| of.kind == "TypeName") {
        // Whose type that is only the catalog knows.
        if of.number("pct_type") != 0 {
            return is_called(kind, name);
        }
        let (schema, of_name) = match of.name("names").as_slice() {
            [name] => (None, *name),
            [.., schema, name] => (Some(*schema), *name),
            [] => return is_called(kind, name),
        };
        if schema.is_some_and(|schema| !system::SCHEMAS.contains(&schema)) {
            return false;
        }
        line.push_str(if of.has(&["array_bounds"]) { " _" } else { " " });
        line.push_str(of_name);
    }
    NAMES.binary_search(&line.as_str()).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::Effect;
    use crate::read;

    #[test]
    fn names_are_found_because_they_are_in_order() {
        assert!(NAMES.is_sorted());
        assert!(is_called("function", "lower") && is_called("function", "now"));
        assert!(!is_called("function", "low") && !is_called("function", "lower text"));
    }

    fn alters(text: &str) -> bool {
        read(text.as_bytes())
            .unwrap()
            .statements
            .iter()
            .any(|one| one.effects.contains(&Effect::AlterCatalog))
    }

    #[test]
    fn what_postgresql_comes_with_is_altered_without_its_schema_too() {
        for text in [
            "ALTER FUNCTION lower(text) SET SCHEMA public",
            "ALTER FUNCTION lower SET SCHEMA public",
            "ALTER ROUTINE \"lower\"(pg_catalog.text) SET SCHEMA public",
            "ALTER FUNCTION now() VOLATILE",
            "ALTER FUNCTION lower(text) STRICT",
            "ALTER FUNCTION left(text, int) COST 100000",
            "ALTER FUNCTION substr(text, integer, n int4) RENAME TO s",
            "ALTER FUNCTION array_to_string(anyarray, text) STRICT",
            "ALTER FUNCTION concat_ws(text, VARIADIC \"any\") STRICT",
            "ALTER FUNCTION jsonb_each(from_json jsonb, OUT key text, OUT value jsonb) STRICT",
            "ALTER FUNCTION jsonb_extract_path(jsonb, text[]) STRICT",
            "ALTER FUNCTION age(timestamp with time zone) STRICT",
            "ALTER FUNCTION upper(people.name%TYPE) STRICT",
            "ALTER FUNCTION pg_get_viewdef(oid) SET SCHEMA public",
            "ALTER AGGREGATE sum(int) SET SCHEMA public",
            "ALTER AGGREGATE count(*) RENAME TO c",
            "ALTER AGGREGATE percentile_disc(float8 ORDER BY anyelement) SET SCHEMA public",
            "ALTER OPERATOR = (int, int) SET SCHEMA public",
            "ALTER OPERATOR - (NONE, int) SET SCHEMA public",
            "ALTER OPERATOR = (int,int) SET (RESTRICT = NONE)",
            "ALTER OPERATOR CLASS int4_ops USING btree SET SCHEMA public",
            "ALTER OPERATOR FAMILY integer_ops USING btree RENAME TO o",
            "ALTER OPERATOR FAMILY integer_ops USING btree ADD FUNCTION 1 f(int, text)",
            "ALTER TYPE int4 SET SCHEMA public",
            "ALTER TYPE int4 SET (STORAGE = plain)",
            "ALTER TYPE text RENAME TO t",
            "ALTER DOMAIN yes_or_no SET DEFAULT 'x'",
            "ALTER DOMAIN yes_or_no RENAME CONSTRAINT yes_or_no_check TO c",
            "ALTER COLLATION \"C\" SET SCHEMA public",
            "ALTER VIEW pg_shadow RENAME TO psh",
            "ALTER TABLE pg_stats SET SCHEMA public",
            "ALTER TABLE sql_features RENAME TO z",
            "ALTER TABLE pg_class SET (autovacuum_enabled = off)",
            "ALTER TEXT SEARCH CONFIGURATION english ALTER MAPPING REPLACE english_stem WITH simple",
            "ALTER TEXT SEARCH CONFIGURATION english RENAME TO e",
            "ALTER TEXT SEARCH DICTIONARY english_stem (StopWords = 'x')",
            "ALTER TEXT SEARCH PARSER \"default\" SET SCHEMA public",
            "ALTER CONVERSION iso_8859_1_to_utf8 SET SCHEMA public",
            "CREATE CAST (bigint AS text) WITH FUNCTION f(bigint)",
            "CREATE CAST (pg_catalog.xid AS text) WITH FUNCTION f(xid) AS IMPLICIT",
            "CREATE CAST (varchar AS int) WITH INOUT",
            "DO $$ BEGIN ALTER FUNCTION lower(text) STRICT; END $$",
        ] {
            assert!(alters(text), "{text}");
        }
    }

    #[test]
    fn what_users_have_is_altered_as_before() {
        for text in [
            "CREATE CAST (mood AS int) WITHOUT FUNCTION",
            "CREATE CAST (text AS public.text) WITH FUNCTION f(text)",
            "ALTER FUNCTION my_fn(int) STRICT",
            "ALTER FUNCTION my_fn SET SCHEMA archive",
            // Of a name of PostgreSQL's, but for other arguments.
            "ALTER FUNCTION lower(citext) STRICT",
            "ALTER FUNCTION round(float8, int) IMMUTABLE",
            "ALTER FUNCTION lower(public.text) STRICT",
            "ALTER FUNCTION public.lower(text) STRICT",
            "ALTER FUNCTION uuidv7() STRICT",
            "ALTER PROCEDURE close(int) SET SCHEMA archive",
            "ALTER AGGREGATE sum(money_of_mine) RENAME TO total",
            "ALTER OPERATOR = (citext, citext) SET (RESTRICT = eqsel)",
            "ALTER OPERATOR <-> (int, int) SET SCHEMA dist",
            "ALTER TYPE my_enum ADD VALUE 'x'",
            "ALTER TYPE my_enum RENAME TO other",
            "ALTER TYPE place ADD ATTRIBUTE country text",
            "ALTER DOMAIN cents SET DEFAULT 0",
            "ALTER COLLATION german SET SCHEMA archive",
            "ALTER TABLE users SET SCHEMA archive",
            "ALTER VIEW pg_stat_statements SET SCHEMA monitoring",
            "ALTER TABLE pgbench_accounts RENAME TO accounts",
            "ALTER TEXT SEARCH CONFIGURATION mine ALTER MAPPING FOR word WITH english_stem",
            "ALTER EXTENSION citext UPDATE",
            "ALTER EXTENSION citext SET SCHEMA public",
            "CREATE FUNCTION lower(text) RETURNS text LANGUAGE sql AS 'SELECT $1'",
            "CREATE TYPE text AS ENUM ('a')",
            "CREATE VIEW pg_shadow AS SELECT 1",
            "CREATE TABLE sql_features (id int)",
        ] {
            assert!(!alters(text), "{text}");
        }
    }
}
