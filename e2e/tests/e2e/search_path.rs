//! Tables of one name in several schemas: the record has the one that PostgreSQL has found, as far as the session's path is certain,
//! and all of them otherwise.

use anyhow::{Result, ensure};
use bytes::BytesMut;
use e2e::login::Login;
use e2e::psql;
use postgres_protocol::message::frontend;

use crate::conversation;
use crate::early_code::{bind, parse};
use crate::stack::{Stack, words};
use crate::statements::client::Client;

/// Each table says in which schema it is.
const SCHEMAS: &str = "CREATE SCHEMA one; CREATE SCHEMA two; CREATE SCHEMA hidden; \
    CREATE TABLE public.places AS SELECT 'public' AS place; CREATE TABLE one.places AS SELECT 'one' AS place; \
    CREATE TABLE two.places AS SELECT 'two' AS place; CREATE TABLE hidden.places AS SELECT 'hidden' AS place; \
    ALTER SCHEMA one OWNER TO shop_owner; GRANT USAGE ON SCHEMA two TO shop_owner; \
    GRANT ALL ON public.places, one.places, two.places TO shop_owner; \
    CREATE FUNCTION keeps_path() RETURNS text LANGUAGE sql SET search_path = two AS 'SELECT place FROM two.places'; \
    CREATE FUNCTION moves_path() RETURNS void LANGUAGE plpgsql \
        AS 'BEGIN PERFORM set_config(''search_path'', ''two'', false); END'";

/// How many tables have the name.
const ALL: usize = 4;

/// A session that looks where it is.
struct Looker<'a> {
    stack: &'a Stack,
    client: Client,
    looks: u32,
}

impl<'a> Looker<'a> {
    fn new(stack: &'a Stack, login: &Login, looks: u32) -> Result<Self> {
        Ok(Self { stack, client: Client::connect(login)?, looks })
    }

    fn run(&mut self, text: &str) -> Result<()> {
        self.client.first(text).map(|_| ())
    }

    fn fails(&mut self, text: &str) -> Result<()> {
        ensure!(self.client.ask(text)?.error.is_some(), "`{text}` did not fail");
        Ok(())
    }

    /// The schema in which PostgreSQL finds the table, and what is recorded.
    fn look(&mut self) -> Result<(String, Vec<String>)> {
        self.looks += 1;
        let text = format!("SELECT place AS look_{} FROM places", self.looks);
        let shown = self.client.first(&text)?;
        let record = self.stack.statement(&text)?;
        let read = words(&record, "relations_read")?.into_iter().map(str::to_owned).collect();
        Ok((shown, read))
    }

    /// The table is the one in this schema, and the record says so.
    fn finds(&mut self, schema: &str) -> Result<()> {
        let (shown, read) = self.look()?;
        ensure!(shown == schema, "it found {shown}, not {schema}");
        ensure!(read == [format!("{schema}.places")], "it found {shown}, and the record has {read:?}");
        Ok(())
    }

    /// The same, and nobody can tell.
    fn finds_unseen(&mut self, schema: &str) -> Result<()> {
        let (shown, read) = self.look()?;
        ensure!(shown == schema, "it found {shown}, not {schema}");
        ensure!(read.len() == ALL && read.contains(&format!("{schema}.places")), "the record has {read:?}");
        Ok(())
    }
}

impl Looker<'_> {
    /// The table is the one in this schema, and the record has it, maybe among others.
    fn tells(&mut self, schema: &str) -> Result<()> {
        let (shown, read) = self.look()?;
        ensure!(shown == schema, "it found {shown}, not {schema}");
        ensure!(read.contains(&format!("{schema}.places")), "it found {shown}, and the record has {read:?}");
        Ok(())
    }
}

fn stack() -> Result<Stack> {
    let stack = Stack::start()?;
    psql::run(&stack.superuser(), SCHEMAS)?.success()?;
    Ok(stack)
}

#[test]
fn the_record_has_the_table_that_the_path_finds() -> Result<()> {
    let stack = stack()?;
    let mut looker = Looker::new(&stack, &stack.alice()?, 0)?;
    looker.finds("public")?;
    looker.run("SET search_path = one")?;
    looker.finds("one")?;
    looker.run("SET search_path TO nowhere, 'two', one")?;
    looker.finds("two")?;
    looker.run("SET LOCAL search_path = one")?;
    looker.finds("two")?;
    for end in ["ROLLBACK", "COMMIT"] {
        looker.run("BEGIN")?;
        looker.run("SET LOCAL search_path = one")?;
        looker.finds("one")?;
        looker.run(end)?;
        looker.finds("two")?;
    }
    looker.run("BEGIN")?;
    looker.run("SET search_path = one")?;
    looker.run("ROLLBACK")?;
    looker.finds("two")?;
    looker.fails("SET search_path = one; SELECT 1/0")?;
    looker.finds("two")?;
    looker.run("SELECT set_config('search_path', 'one, public', false)")?;
    looker.finds("one")?;
    looker.run("SELECT pg_catalog.set_config('search_path', 'two', true)")?;
    looker.finds("one")?;
    looker.run("SELECT keeps_path()")?;
    looker.finds("one")?;
    looker.run("RESET search_path")?;
    looker.finds("public")?;
    looker.run("SET search_path = one")?;
    looker.run("DISCARD ALL")?;
    looker.finds("public")?;
    let touched = "SELECT count() AS executions FROM who_touched WHERE object = 'two.places' AND text LIKE 'SELECT place AS look_%'";
    let row = stack.ledger.wait_row("who touched two.places", touched)?;
    assert_eq!(crate::stack::number(&row, "executions")?, 6, "{row}");
    Ok(())
}

#[test]
fn names_in_the_making_are_no_names_of_the_path() -> Result<()> {
    let stack = stack()?;
    psql::run(
        &stack.superuser(),
        "ALTER TABLE one.places OWNER TO shop_owner; CREATE SCHEMA made AUTHORIZATION shop_owner",
    )?
    .success()?;
    let mut looker = Looker::new(&stack, &stack.alice()?, 0)?;
    looker.run("SET search_path = made, one, two")?;
    looker.finds("one")?;
    for (make, schema) in [
        ("ALTER TABLE one.places RENAME TO moved", "two"),
        ("ALTER TABLE one.places SET SCHEMA made", "one"),
        ("DO $$BEGIN ALTER TABLE one.places RENAME TO moved; END$$", "two"),
        ("CREATE TABLE made.places AS SELECT 'new' AS place", "new"),
        ("CREATE VIEW made.places AS SELECT 'new' AS place", "new"),
    ] {
        looker.run("BEGIN")?;
        looker.run(make)?;
        let (shown, read) = looker.look()?;
        ensure!(shown == schema, "{make}: it found {shown}");
        ensure!(
            read.len() != 1 || read == [format!("{schema}.places")],
            "{make}: it found {shown}, and the record has {read:?}"
        );
        looker.run("ROLLBACK")?;
    }
    looker.run("CREATE TEMP TABLE places AS SELECT 'temp' AS place")?;
    let (shown, read) = looker.look()?;
    ensure!(shown == "temp" && read.len() != 1, "it found {shown}, and the record has {read:?}");
    Ok(())
}

#[test]
fn no_path_is_believed_where_definitions_set_it() -> Result<()> {
    let stack = stack()?;
    psql::run(&stack.superuser(), "CREATE VIEW sets AS SELECT set_config('search_path', 'two', false); GRANT SELECT ON sets TO shop_owner")?
        .success()?;
    let mut looker = Looker::new(&stack, &stack.alice()?, 0)?;
    looker.run("SELECT * FROM sets")?;
    looker.tells("two")
}

#[test]
fn where_nobody_can_tell_the_record_has_all() -> Result<()> {
    let stack = stack()?;
    let mut looker = Looker::new(&stack, &stack.alice()?, 0)?;
    looker.run("SELECT moves_path()")?;
    looker.finds_unseen("two")?;
    looker.run("SET search_path = one")?;
    looker.finds("one")?;
    looker.run("SELECT set_config('search_path', 'two', false) WHERE 1 = 1")?;
    looker.finds_unseen("two")?;
    for is_local in ["'f'", "'no'", "NULL"] {
        looker.run("SET search_path = one")?;
        looker.run(&format!("SELECT set_config('search_path', 'two', {is_local})"))?;
        looker.tells("two")?;
    }
    looker.run("RESET ALL")?;
    looker.finds("public")?;
    looker.run("PREPARE moves AS SELECT set_config('search_path', 'two', false)")?;
    looker.finds("public")?;
    looker.run("EXECUTE moves")?;
    looker.finds_unseen("two")?;
    looker.run("SET search_path = public")?;
    looker.run("BEGIN")?;
    looker.run("SET search_path = two")?;
    looker.run("SAVEPOINT s")?;
    looker.run("SET search_path = one")?;
    looker.finds("one")?;
    looker.run("ROLLBACK TO s")?;
    looker.finds_unseen("two")?;
    looker.run("COMMIT")?;
    looker.finds_unseen("two")?;
    looker.run("SET search_path = one")?;
    looker.finds("one")?;
    // In one string nobody has answered the first of them.
    let text = "SELECT place AS together FROM places";
    looker.run(&format!("SET search_path = two; {text}"))?;
    assert_eq!(words(&stack.statement(text)?, "relations_read")?.len(), ALL);
    looker.finds("two")?;
    // It may not look into the first.
    looker.run("SET search_path = hidden, one, two")?;
    let (shown, read) = looker.look()?;
    assert_eq!((shown.as_str(), read), ("one", vec!["hidden.places".to_owned(), "one.places".to_owned()]));
    Ok(())
}

#[test]
fn sessions_begin_with_the_path_that_their_role_and_client_give_them() -> Result<()> {
    let stack = stack()?;
    let database = &stack.database;
    stack.truth(&format!("ALTER ROLE shop_owner IN DATABASE {database} SET search_path = two, public"))?;
    let mut looker = Looker::new(&stack, &stack.alice()?, 0)?;
    looker.finds("two")?;
    looker.run("SET search_path = one")?;
    looker.run("SET search_path TO DEFAULT")?;
    looker.finds("two")?;
    let text = "SELECT place AS by_option FROM places";
    let output = psql::command(&stack.alice()?)?
        .args(["-qAt", "-c", text])
        .env("PGOPTIONS", "-c search_path=one,public")
        .output()?;
    assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), "one", "{output:?}");
    assert_eq!(words(&stack.statement(text)?, "relations_read")?, ["one.places"]);
    Ok(())
}

#[test]
fn the_roles_own_schema_is_known() -> Result<()> {
    let stack = stack()?;
    let own = "CREATE SCHEMA shop_owner AUTHORIZATION shop_owner; \
        ALTER TABLE hidden.places SET SCHEMA shop_owner; UPDATE shop_owner.places SET place = 'shop_owner'; \
        GRANT SELECT ON shop_owner.places TO shop_owner";
    psql::run(&stack.superuser(), own)?.success()?;
    let mut looker = Looker::new(&stack, &stack.alice()?, 0)?;
    looker.finds("shop_owner")
}

#[test]
fn what_was_prepared_is_looked_for_where_it_is_bound() -> Result<()> {
    let stack = stack()?;
    let mut client = conversation::Client::connect(&stack.alice()?)?;
    let text = "SELECT place AS bound FROM places";
    let mut messages = BytesMut::new();
    parse("s", text, &mut messages)?;
    frontend::sync(&mut messages);
    client.exchange(&messages, 1)?;
    client.exchange(&conversation::query("SET search_path = one"), 1)?;
    messages.clear();
    bind("s", &[], &mut messages)?;
    frontend::execute("", 0, &mut messages)?;
    frontend::sync(&mut messages);
    let answered = client.exchange_bytes(&messages, 1)?;
    assert!(String::from_utf8_lossy(&answered).contains("one"), "{answered:?}");
    assert_eq!(words(&stack.statement(text)?, "relations_read")?, ["one.places"]);
    // What was recorded when it was parsed is not what it means when it is bound.
    let text = "SELECT place || 'x' AS late FROM places";
    messages.clear();
    parse("late", text, &mut messages)?;
    parse("", "SET search_path = two", &mut messages)?;
    bind("", &[], &mut messages)?;
    frontend::execute("", 0, &mut messages)?;
    bind("late", &[], &mut messages)?;
    frontend::execute("", 0, &mut messages)?;
    frontend::sync(&mut messages);
    let answered = client.exchange_bytes(&messages, 1)?;
    assert!(String::from_utf8_lossy(&answered).contains("twox"), "{answered:?}");
    let select =
        "SELECT * FROM statements FINAL WHERE text LIKE '% AS late FROM places' AND outcome = 'completed'";
    let record = stack.ledger.wait_row("the record of what was bound late", select)?;
    assert_eq!(words(&record, "relations_read")?.len(), ALL, "{record}");
    Ok(())
}
