//! A catalog that can no longer be read does not stay in force without end.

use anyhow::Result;
use bytes::BytesMut;
use e2e::psql;
use postgres_protocol::message::frontend;

use crate::conversation::Client;
use crate::stack::Stack;

/// What comes back for one simple query, as text.
fn told(client: &mut Client, sql: &str) -> Result<String> {
    let mut messages = BytesMut::new();
    frontend::query(sql, &mut messages)?;
    Ok(String::from_utf8_lossy(&client.exchange_bytes(&messages, 1)?).into_owned())
}

#[test]
fn without_its_catalog_a_database_takes_no_sessions_and_shows_no_addresses() -> Result<()> {
    const NOTE: &str = "SELECT note FROM notes";
    let stack = Stack::start_with("catalog-trust-secs = 1\n")?;
    let notes = "CREATE TABLE notes (note text); INSERT INTO notes VALUES ('by 198.51.100.7')";
    psql::run(&stack.owner(), notes)?.success()?;
    let mut client = Client::connect(&stack.alice()?)?;
    // Its name says nothing, and versions look like that too.
    assert!(told(&mut client, NOTE)?.contains("198.51.100.7"));

    psql::run(&stack.superuser(), "REVOKE SELECT ON pg_catalog.pg_attribute FROM PUBLIC")?.success()?;
    // What the catalog does not show yet has it read, and this session waits for that.
    told(&mut client, "CREATE TABLE fresh (id int); SELECT * FROM fresh")?;
    let shown = told(&mut client, NOTE)?;
    assert!(shown.contains("by 198") && !shown.contains("198.51.100.7"), "{shown}");
    let copied = told(&mut client, "COPY notes TO STDOUT")?;
    assert!(copied.contains("by 198") && !copied.contains("198.51.100.7"), "{copied}");
    let refused = psql::run(&stack.alice()?, "SELECT 1")?;
    let said = format!("Picket cannot read the catalog of the database \"{}\"", stack.database);
    assert!(refused.code == 2 && refused.stderr.contains(&said), "{}", refused.stderr);
    stack.proxy.wait_log("catalog not read for too long")?;

    psql::run(&stack.superuser(), "GRANT SELECT ON pg_catalog.pg_attribute TO PUBLIC")?.success()?;
    // A session that comes has it read.
    psql::run(&stack.alice()?, "SELECT 1")?.success()?;
    assert!(told(&mut client, NOTE)?.contains("198.51.100.7"));
    let copied = told(&mut client, "COPY notes TO STDOUT")?;
    assert!(copied.contains("198.51.100.7"), "{copied}");
    Ok(())
}

/// Definitions of views are not to be had while somebody has a table beneath for himself alone.
#[test]
fn a_table_that_is_locked_keeps_nobody_out() -> Result<()> {
    let stack = Stack::start()?;
    let alice = stack.alice()?;
    psql::run(&stack.owner(), "CREATE VIEW contacts AS SELECT id, email AS contact FROM users")?.success()?;
    let rule = "CREATE TABLE audited (id int); CREATE RULE also AS ON INSERT TO audited DO ALSO DELETE FROM users WHERE false";
    psql::run(&stack.owner(), rule)?.success()?;
    psql::run(&alice, "SELECT contact FROM contacts")?.success()?;
    let mut migration = psql::Session::start(&stack.superuser())?;
    migration.ask("BEGIN; LOCK TABLE users IN ACCESS EXCLUSIVE MODE;")?;
    for number in 0..3 {
        let text =
            format!("CREATE TABLE fresh_{number} (email text); INSERT INTO fresh_{number} VALUES ('a@b.c')");
        psql::run(&alice, &text)?.success()?;
        let shown = psql::run(&alice, &format!("SELECT email FROM fresh_{number}"))?.success()?;
        assert!(shown.contains("***") && !shown.contains("a@b.c"), "{shown}");
    }
    assert!(!stack.proxy.log().contains("catalog not read"), "{}", stack.proxy.log());
    migration.ask("ROLLBACK;")?;
    let shown = psql::run(&alice, "SELECT contact FROM contacts")?.success()?;
    assert!(!shown.contains('@'), "{shown}");
    Ok(())
}

/// What anybody may define is never so long that nothing else is read.
#[test]
fn a_definition_of_any_length_keeps_nobody_out() -> Result<()> {
    let stack = Stack::start()?;
    let (owner, alice) = (stack.owner(), stack.alice()?);
    let long = "x".repeat(300_000);
    let columns: Vec<_> = (0..400).map(|number| format!("column_{number:0>50}")).collect();
    let typed = columns.iter().map(|name| format!("{name} int")).collect::<Vec<_>>().join(", ");
    let checked = columns.iter().map(|name| format!("{name} IS DISTINCT FROM 1")).collect::<Vec<_>>();
    let checked = [checked.join(" AND ").as_str(); 20].join(" AND ");
    let equal = |row: &str, times| vec![format!("row({row}.*) = row({row}.*)"); times].join(" OR ");
    let rows = equal("rows", 380);
    let most = (0..1_600).map(|number| format!("column_{number:0>50} int")).collect::<Vec<_>>().join(", ");
    let [news, olds, wide] = ["new", "old", "wide"].map(|row| equal(row, 50));
    let letters = format!("'words', 'pg_catalog.simple', {}", ["'body'"; 30_000].join(", "));
    for definition in [
        format!(
            "CREATE TRIGGER long BEFORE UPDATE ON users FOR EACH ROW WHEN (true) EXECUTE FUNCTION suppress_redundant_updates_trigger('{long}')"
        ),
        format!(
            "CREATE FUNCTION is_odd(n int) RETURNS bool LANGUAGE sql AS 'SELECT n % 2 = 1'; CREATE TABLE wide ({typed}); \
             ALTER TABLE wide ADD CHECK (is_odd({}) AND {checked})",
            columns[0]
        ),
        format!(
            "CREATE TABLE texts (id int, body text, ssn text, words tsvector); \
             CREATE TRIGGER words BEFORE INSERT OR UPDATE ON texts FOR EACH ROW EXECUTE FUNCTION tsvector_update_trigger({letters}, 'ssn'); \
             INSERT INTO texts VALUES (1, 'a text', '078-05-1120')"
        ),
        format!("COMMENT ON TABLE users IS '{long}'"),
        // A row that is written out has a node for each of its columns.
        format!(
            "CREATE FUNCTION is_even(n int) RETURNS bool IMMUTABLE LANGUAGE sql AS 'SELECT n % 2 = 0'; CREATE TABLE rows ({most}, \
             CHECK (is_even({}) OR {rows})); \
             CREATE TABLE more (LIKE rows INCLUDING CONSTRAINTS)",
            columns[0]
        ),
        format!(
            "CREATE TRIGGER rows BEFORE UPDATE ON wide FOR EACH ROW WHEN ({news}) EXECUTE FUNCTION suppress_redundant_updates_trigger()"
        ),
        format!("CREATE FUNCTION rows() RETURNS bool LANGUAGE sql BEGIN ATOMIC SELECT {wide} FROM wide; END"),
        format!("CREATE RULE rows AS ON DELETE TO wide WHERE {olds} DO INSTEAD NOTHING"),
    ] {
        psql::run_with(&owner, &["-v", "ON_ERROR_STOP=1"], &definition)?.success()?;
    }
    let table =
        "CREATE TABLE later (id int, contact_email text); INSERT INTO later VALUES (1, 'ada@example.org')";
    psql::run(&alice, table)?.success()?;
    let shown = psql::run(&alice, "SELECT contact_email FROM later")?.success()?;
    assert!(!shown.contains("ada@"), "{shown}");
    let words = psql::run(&alice, "SELECT words FROM texts")?.success()?;
    assert!(!words.contains("1120"), "{words}");
    assert!(!stack.proxy.log().contains("catalog not read"), "{}", stack.proxy.log());
    Ok(())
}
