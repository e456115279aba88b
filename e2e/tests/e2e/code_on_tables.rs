//! Code that hangs on tables: defaults, checks, indexes, policies of rows and the like. It follows from a write, or a read, as a trigger
//! does.

use anyhow::{Context, Result};
use e2e::psql;
use e2e::scratch::Scratch;

use crate::reach::{PAYMENTS, start};
use crate::stack::words;

/// `pay` is what each of these leads to. What must be immutable calls it by another, as PostgreSQL looks no further.
const LEADING_TO_PAYMENTS: &str = "
    SET ROLE shop_owner;
    CREATE TABLE payments (id int PRIMARY KEY, amount int);
    INSERT INTO payments VALUES (1, 100);
    CREATE FUNCTION pay(int) RETURNS bool LANGUAGE plpgsql SECURITY DEFINER AS
        'BEGIN UPDATE public.payments SET amount = amount - 1 WHERE id = 1; RETURN true; END';
    CREATE FUNCTION calm(int) RETURNS bool LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN public.pay($1); END';
    CREATE FUNCTION compare(int, int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS 'BEGIN PERFORM public.pay(1); RETURN $1 - $2; END';
    CREATE FUNCTION overlaps(int, int) RETURNS bool LANGUAGE plpgsql IMMUTABLE AS 'BEGIN PERFORM public.pay(1); RETURN $1 = $2; END';
    CREATE DOMAIN code AS int CHECK (calm(VALUE));
    CREATE DOMAIN codes AS code[];
    CREATE TYPE boxed AS (a code);
    CREATE TYPE coderange AS RANGE (SUBTYPE = code);
    CREATE DOMAIN given AS bool DEFAULT pay(1);

    CREATE TABLE defaulted (id int, d bool DEFAULT pay(1));
    CREATE TABLE of_default (id int, d int DEFAULT 1::code::int);
    CREATE TABLE generated (id int, g bool GENERATED ALWAYS AS (calm(id)) STORED);
    CREATE TABLE constrained (id int CHECK (pay(id)));
    CREATE TABLE checked (id int, n int, CONSTRAINT pays CHECK (n > 0 AND pay(id)) NOT VALID);
    CREATE TABLE of_domain (id code);
    CREATE TABLE of_domains (id codes);
    CREATE TABLE of_composite (b boxed);
    CREATE TABLE of_multirange (m codemultirange);
    CREATE TABLE of_given (id int, g given);
    CREATE TABLE indexed (id int);
    CREATE INDEX by_calm ON indexed (calm(id));
    CREATE TABLE partial (id int);
    CREATE INDEX partly ON partial (id) WHERE calm(id);
    CREATE TABLE guarded (id int);
    INSERT INTO guarded VALUES (1);
    ALTER TABLE guarded ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
    CREATE POLICY pays ON guarded USING (pay(id));
    CREATE TABLE entered (id int);
    ALTER TABLE entered ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
    CREATE POLICY enters ON entered FOR INSERT WITH CHECK (pay(id));
    CREATE VIEW sees AS SELECT id FROM guarded;
    CREATE FUNCTION looks() RETURNS bigint LANGUAGE sql AS 'SELECT count(*) FROM guarded';
    CREATE TABLE parted (id int) PARTITION BY LIST (calm(id));
    CREATE TABLE parted_all PARTITION OF parted DEFAULT;
    CREATE TABLE whole (id int, n int) PARTITION BY RANGE (id);
    CREATE TABLE low PARTITION OF whole (CONSTRAINT low_pays CHECK (pay(id))) FOR VALUES FROM (0) TO (10);
    CREATE TABLE parent (id int);
    CREATE TABLE child (CHECK (pay(id))) INHERITS (parent);
    INSERT INTO child VALUES (1);
    CREATE TABLE counted (id int, n int);
    CREATE STATISTICS counts ON calm(id), n FROM counted;
    INSERT INTO counted VALUES (1, 1), (2, 2);
    CREATE TABLE plain (id int);
    INSERT INTO plain VALUES (1);
    CREATE FUNCTION fill() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN INSERT INTO constrained VALUES (1); RETURN NEW; END';
    CREATE TABLE fills (id int);
    CREATE TRIGGER fill AFTER INSERT ON fills FOR EACH ROW EXECUTE FUNCTION fill();
    RESET ROLE;
    CREATE OPERATOR CLASS odd_ops FOR TYPE int USING btree AS
        OPERATOR 1 <, OPERATOR 2 <=, OPERATOR 3 =, OPERATOR 4 >=, OPERATOR 5 >, FUNCTION 1 compare(int, int);
    SET ROLE shop_owner;
    CREATE TABLE ordered (id int);
    CREATE INDEX oddly ON ordered (id odd_ops);
    INSERT INTO ordered VALUES (1), (2);
    UPDATE payments SET amount = 100";

/// Statements, and the last step of each.
const WAYS: [(&str, &str); 40] = [
    ("INSERT INTO defaulted (id) VALUES (1)", "through default d on defaulted"),
    ("INSERT INTO defaulted DEFAULT VALUES", "through default d on defaulted"),
    ("INSERT INTO of_default (id) VALUES (1)", "through default d on of_default"),
    ("INSERT INTO generated VALUES (1)", "through generated g on generated"),
    ("INSERT INTO constrained VALUES (1)", "through check constrained_id_check on constrained"),
    (
        "WITH i AS (INSERT INTO constrained VALUES (1) RETURNING id) SELECT id FROM i",
        "through check constrained_id_check on constrained",
    ),
    ("INSERT INTO constrained SELECT id FROM plain", "through check constrained_id_check on constrained"),
    (
        "MERGE INTO constrained c USING plain p ON c.id = p.id WHEN NOT MATCHED THEN INSERT VALUES (p.id)",
        "through check constrained_id_check on constrained",
    ),
    (
        "EXPLAIN ANALYZE INSERT INTO constrained VALUES (1)",
        "through check constrained_id_check on constrained",
    ),
    (
        "PREPARE p AS INSERT INTO constrained VALUES (1); EXECUTE p",
        "through check constrained_id_check on constrained",
    ),
    (
        "DO $$ BEGIN INSERT INTO constrained VALUES (1); END $$",
        "through check constrained_id_check on constrained",
    ),
    ("INSERT INTO checked VALUES (1, 1)", "through check pays on checked"),
    ("INSERT INTO of_domain VALUES (1)", "through check calm on of_domain"),
    ("INSERT INTO of_domains VALUES ('{1}')", "through check calm on of_domains"),
    ("INSERT INTO of_composite VALUES ('(1)')", "through check calm on of_composite"),
    ("INSERT INTO of_multirange VALUES ('{[1,2]}')", "through check calm on of_multirange"),
    ("INSERT INTO of_given (id) VALUES (1)", "through default pay on of_given"),
    ("INSERT INTO indexed VALUES (1)", "through index by_calm on indexed"),
    ("INSERT INTO partial VALUES (1)", "through index partly on partial"),
    ("SELECT id FROM guarded", "through policy pays on guarded"),
    ("SELECT count(*) FROM guarded", "through policy pays on guarded"),
    (
        "SELECT p.id FROM plain p WHERE EXISTS (SELECT FROM guarded g WHERE g.id = p.id)",
        "through policy pays on guarded",
    ),
    ("UPDATE guarded SET id = 2 WHERE id = 1", "through policy pays on guarded"),
    ("DELETE FROM guarded WHERE id = 1", "through policy pays on guarded"),
    ("COPY (SELECT id FROM guarded) TO STDOUT", "through policy pays on guarded"),
    ("SELECT looks()", "through policy pays on guarded"),
    ("CREATE TABLE made AS SELECT id FROM guarded", "through policy pays on guarded"),
    ("INSERT INTO entered VALUES (1)", "through check enters on entered"),
    ("INSERT INTO parted VALUES (1)", "through partition key parted on parted"),
    ("INSERT INTO whole VALUES (1, 1)", "through check low_pays on low"),
    ("INSERT INTO low VALUES (1, 1)", "through check low_pays on low"),
    ("UPDATE parent SET id = 2 WHERE id = 1", "through check child_id_check on child"),
    ("ANALYZE counted", "through statistics counts on counted"),
    ("REINDEX TABLE indexed", ""),
    ("INSERT INTO ordered VALUES (3)", "through index oddly on ordered"),
    ("INSERT INTO fills VALUES (1)", "through check constrained_id_check on constrained"),
    ("ALTER TABLE checked VALIDATE CONSTRAINT pays", ""),
    ("CREATE INDEX ON ordered (id)", ""),
    ("COPY constrained FROM STDIN", "through check constrained_id_check on constrained"),
    ("SELECT id FROM sees", "through policy pays on guarded"),
];

/// What these do, they do only with rows of their own.
const UNTRUE: [&str; 4] = [
    "COPY constrained FROM STDIN",
    "REINDEX TABLE indexed",
    "ALTER TABLE checked VALIDATE CONSTRAINT pays",
    "CREATE INDEX ON ordered (id)",
];

/// What is like these, and runs nothing of it.
const HARMLESS: [&str; 11] = [
    "SELECT id FROM defaulted",
    "SELECT d FROM of_default",
    "DELETE FROM constrained WHERE id = 5",
    "SELECT id FROM of_domain",
    "SELECT id FROM of_given",
    "SELECT id FROM indexed WHERE id = 1",
    "SELECT id FROM entered",
    "INSERT INTO parent VALUES (1)",
    "INSERT INTO plain VALUES (1)",
    "SELECT n FROM counted",
    "INSERT INTO ordinary (name, mail) VALUES ('a', 'a@b.is') RETURNING id",
];

/// What ordinary tables have.
const ORDINARY: &str = "
    CREATE EXTENSION pgcrypto; CREATE EXTENSION citext; CREATE EXTENSION btree_gist;
    SET ROLE shop_owner;
    CREATE FUNCTION slug(text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT lower($1)';
    CREATE FUNCTION is_mail(text) RETURNS bool LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN position(''@'' IN $1) > 0; END';
    CREATE DOMAIN mail AS text CHECK (is_mail(VALUE));
    CREATE TABLE ordinary (
        id uuid PRIMARY KEY DEFAULT gen_random_uuid(), n serial, name citext NOT NULL CHECK (length(name) < 80), mail mail,
        slug text GENERATED ALWAYS AS (slug(name::text)) STORED, made timestamptz DEFAULT now(), during tstzrange,
        EXCLUDE USING gist (n WITH =, during WITH &&));
    CREATE INDEX ON ordinary (slug(name::text)) WHERE slug IS NOT NULL;
    ALTER TABLE ordinary ENABLE ROW LEVEL SECURITY;
    CREATE POLICY own ON ordinary USING (current_user = 'shop_owner' AND slug(name::text) <> '')";

#[test]
fn a_table_is_kept_from_the_code_of_others() -> Result<()> {
    let folder = Scratch::new("code")?;
    let stack = start(&folder, PAYMENTS, LEADING_TO_PAYMENTS)?;
    stack.truth(ORDINARY)?;
    let alice = stack.alice()?;
    let mut wrong = Vec::new();
    for (statement, way) in WAYS {
        // It does what is said of it.
        if !UNTRUE.contains(&statement) {
            let truth = format!(
                "BEGIN; SET ROLE shop_owner; {statement}; SELECT 'paid' FROM payments WHERE amount < 100; ROLLBACK"
            );
            let truth = stack.truth(&truth)?;
            assert!(truth.contains("paid"), "{statement}: {truth}");
        }
        let output = psql::run(&alice, statement)?;
        if !(output.stderr.contains("Rule \"payments\": ") && output.stderr.contains(way)) {
            wrong.push((statement, output));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    for statement in HARMLESS {
        psql::run(&alice, statement)?.success().with_context(|| format!("run `{statement}`"))?;
    }
    assert_eq!(stack.truth("SELECT amount FROM payments WHERE id = 1")?, "100");
    Ok(())
}

/// As for triggers: their tables stay writable, and the record says what was touched.
#[test]
fn guardrails_leave_code_on_tables_alone_and_records_have_it() -> Result<()> {
    let folder = Scratch::new("code")?;
    let stack = start(&folder, "", LEADING_TO_PAYMENTS)?;
    let alice = stack.alice()?;
    for (statement, effects) in [
        ("INSERT INTO constrained VALUES (7)", ["insert", "check"]),
        ("SELECT id FROM guarded WHERE id = 7", ["select", "policy"]),
    ] {
        psql::run(&alice, statement)?.success()?;
        let row = stack.statement(statement)?;
        assert_eq!(words(&row, "effects")?, effects);
        assert!(words(&row, "relations_written")?.contains(&"public.payments"), "{row}");
    }
    Ok(())
}

/// A default that reads an address puts it into its column.
#[test]
fn what_code_on_tables_reads_is_masked_where_it_gets() -> Result<()> {
    let folder = Scratch::new("code")?;
    let tables = "SET ROLE shop_owner; \
        CREATE TABLE people (id int, email text); INSERT INTO people VALUES (1, 'ada@example.com'); \
        CREATE FUNCTION word(int) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT split_part(email, ''@'', 1) FROM public.people WHERE id = $1'; \
        CREATE TABLE defaulted (id int, d text DEFAULT word(1)); \
        CREATE TABLE generated (id int, g text GENERATED ALWAYS AS (word(id)) STORED)";
    let stack = start(&folder, "", tables)?;
    let alice = stack.alice()?;
    for statement in [
        "INSERT INTO defaulted DEFAULT VALUES RETURNING d",
        "INSERT INTO generated VALUES (1) RETURNING g",
        "BEGIN; INSERT INTO defaulted DEFAULT VALUES; SELECT d FROM defaulted; COMMIT",
        "SELECT d FROM defaulted",
        "INSERT INTO generated VALUES (1); SELECT upper(g) FROM generated",
    ] {
        let output = psql::run(&alice, statement)?;
        assert!(!output.stdout.to_lowercase().contains("ada"), "{statement}: {output:?}");
        assert!(stack.truth(statement)?.to_lowercase().contains("ada"), "{statement}");
    }
    Ok(())
}
