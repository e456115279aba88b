//! What statements are given as parameters is recorded like literals: values of people as hashes, by which they are found again.

use std::collections::BTreeSet;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use bytes::BytesMut;
use e2e::psql;
use postgres_protocol::message::frontend;
use serde_json::{Value, json};

use super::{DEFAULTS, TABLES, held, recorded};
use crate::cli::{picket, rows};
use crate::conversation::Client;
use crate::driver::{block_on, connect};
use crate::early_code;
use crate::stack::{Stack, text};

/// Ways to ask for one person, each with a mark of its own; `@` is what the person is known by.
const BOUND: [(&str, &[&str]); 6] = [
    ("SELECT id AS m11 FROM people WHERE email = $1", &["@"]),
    // It has a string: its record begins before anything is bound.
    ("SELECT id AS m12 FROM people WHERE note <> 'x' AND email = $1", &["@"]),
    ("SELECT id AS m13 FROM people WHERE id = $1 AND lower(email) = lower($2)", &["7", "@"]),
    ("SELECT id AS m14 FROM people WHERE email LIKE $1", &["%@%"]),
    ("SELECT id AS m15 FROM people WHERE email = ANY ($1)", &["{x,@}"]),
    // Refused before anything is bound to it.
    ("DELETE FROM people AS m16 WHERE email = $1 OR true", &["@"]),
];

/// Parses, binds to these values as text, executes, all between two Syncs.
pub(super) fn ask(client: &mut Client, sql: &str, values: &[&str]) -> Result<String> {
    let mut messages = BytesMut::new();
    early_code::parse("", sql, &mut messages)?;
    early_code::bind("", values, &mut messages)?;
    frontend::execute("", 0, &mut messages)?;
    frontend::sync(&mut messages);
    client.exchange(&messages, 1)
}

impl Stack {
    /// The key that its proxy hashes values with.
    fn key_file(&self) -> Result<PathBuf> {
        Ok(self.proxy.config().parent().context("find the proxy's folder")?.join("spool/record.key"))
    }

    /// What `picket who-saw` answers.
    fn who_saw(&self, args: &[&str]) -> Result<Vec<Value>> {
        let key = self.key_file()?;
        let key = key.to_str().context("name the key's file")?;
        let ledger = ["--database", self.ledger.database(), "who-saw", "--format", "json", "--key-file", key];
        rows(&picket(self.ledger.url(), &[&ledger, args].concat())?)
    }
}

/// The marks of the statements in these rows.
fn marks(rows: &[Value]) -> Result<BTreeSet<&str>> {
    let mark = |row| {
        let text = text(row, "text")?;
        let (_, behind) = text.split_once(" m").with_context(|| format!("find the mark in `{text}`"))?;
        behind.get(..2).context("read the mark")
    };
    rows.iter().map(mark).collect()
}

#[test]
fn who_asked_for_a_person_is_found_and_the_person_is_not_recorded() -> Result<()> {
    let mut stack = Stack::start_with(DEFAULTS)?;
    psql::run(&stack.owner(), TABLES)?.success()?;
    let alice = stack.alice()?;
    let mut client = Client::connect(&alice)?;
    for (sql, values) in BOUND {
        let values: Vec<String> = values.iter().map(|value| value.replace('@', "ada@example.org")).collect();
        ask(&mut client, sql, &values.iter().map(String::as_str).collect::<Vec<_>>())?;
    }
    ask(&mut client, "SELECT id AS m18 FROM people WHERE email = $1", &["byron@example.org"])?;
    psql::run(&alice, "SELECT id AS m17 FROM people WHERE email = 'ADA@example.org'")?.success()?;
    block_on(async {
        // A driver sends most types in binary.
        let mut client = connect(&alice).await?;
        let mail = "Ada@Example.org ";
        client.query("SELECT id AS m21 FROM people WHERE email = $1", &[&mail]).await?;
        let card = "SELECT id AS m22 FROM people WHERE card_number = $1 AND id > $2";
        client.query(card, &[&4_111_111_111_111_111_i64, &700_i32]).await?;
        // A portal that is executed in another section than it was bound in.
        let work = client.transaction().await?;
        let portal = work.bind("SELECT id AS m23 FROM people WHERE email = $1", &[&mail]).await?;
        work.query_portal(&portal, 1).await?;
        work.commit().await?;
        Ok(())
    })?;
    let last = "SELECT id FROM orders WHERE status = 'the last'";
    psql::run(&alice, last)?.success()?;
    stack.statement(last)?;

    let found = stack.who_saw(&["--value", " ada@EXAMPLE.org"])?;
    let expected = ["11", "12", "13", "14", "15", "17", "21", "23"];
    assert_eq!(marks(&found)?, BTreeSet::from(expected), "{found:?}");
    let one = |mark: &str| found.iter().find(|row| row["text"].to_string().contains(mark)).context("find it");
    let parameters = one("m13")?["parameters"].clone();
    let [id, mail] = parameters.as_array().context("read parameters")?.as_slice() else {
        bail!("two parameters: {parameters}")
    };
    assert_eq!(id, "'7'");
    assert!(mail.as_str().is_some_and(|mail| mail.starts_with("'#") && mail.len() == 19), "{mail}");
    assert_eq!(one("m12")?["parameters"], json!([mail]));
    let card = stack.who_saw(&["--value", "4111 1111 1111 1111"])?;
    assert_eq!(marks(&card)?, BTreeSet::from(["22"]), "{card:?}");
    assert_eq!(card[0]["parameters"][1], "'700'");
    let both = stack.who_saw(&["--value", "4111-1111-1111-1111", "--value", "byron@example.org"])?;
    assert_eq!(marks(&both)?, BTreeSet::from(["18", "22"]), "{both:?}");
    for nobody in
        [&["--value", "nobody@example.org"][..], &["--value", "ada@example.org", "--principal", "bob"]]
    {
        assert_eq!(stack.who_saw(nobody)?, Vec::<Value>::new(), "{nobody:?}");
    }

    let ledger = recorded(&stack)?.to_lowercase();
    stack.proxy.stop()?;
    let folder = stack.proxy.config().parent().context("find the proxy's folder")?.to_owned();
    let held = held(&folder)?.to_lowercase();
    for said in ["ada@example.org", "byron@example.org", "4111111111111111"] {
        assert!(!ledger.contains(said) && !held.contains(said), "{said} is recorded");
    }
    Ok(())
}

#[test]
fn parameters_are_kept_as_the_configuration_says() -> Result<()> {
    let sql = "SELECT id FROM people WHERE full_name = $1 AND id = $2";
    for (section, expected) in [
        ("parameters = \"keep\"\n", json!(["'Ada Byron'", "'7'"])),
        ("parameters = \"drop\"\n", json!([])),
        ("literals = \"drop\"\n", json!(["'#'", "'7'"])),
        ("literals = \"keep\"\n", json!(["'#'", "'7'"])),
    ] {
        let stack = Stack::start_with(&format!("\n[record]\n{section}"))?;
        psql::run(&stack.owner(), TABLES)?.success()?;
        ask(&mut Client::connect(&stack.alice()?)?, sql, &["Ada Byron", "7"])?;
        let mut parameters = stack.statement(sql)?["parameters"].take();
        if let Some(Value::String(first)) = parameters.get_mut(0)
            && first.starts_with("'#")
        {
            "'#'".clone_into(first);
        }
        assert_eq!(parameters, expected, "{section}");
    }
    Ok(())
}

#[test]
fn a_key_that_is_not_there_or_open_is_named() -> Result<()> {
    let stack = Stack::start_with(DEFAULTS)?;
    let told = |key: &str| {
        let asked = ["who-saw", "--value", "ada@example.org", "--key-file", key];
        let output = picket(stack.ledger.url(), &asked)?;
        assert_eq!(output.status.code(), Some(1));
        Ok::<_, anyhow::Error>(String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let missing = told("/nowhere/record.key")?;
    assert!(missing.contains("--key-file") && missing.contains("/nowhere/record.key"), "{missing}");
    let key = stack.key_file()?;
    fs::set_permissions(&key, Permissions::from_mode(0o644))?;
    let open = told(key.to_str().context("name the key's file")?)?;
    assert!(open.contains("`chmod 600` it"), "{open}");
    Ok(())
}
