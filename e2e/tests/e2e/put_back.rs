//! Rows that were read with masks and are saved whole: rule `masks-are-no-values`.

use anyhow::{Context, Result};
use e2e::psql;
use tokio_postgres::types::ToSql;

use crate::driver::{block_on, connect, server_error};
use crate::reload::{RELOADED, reload};
use crate::stack::Stack;

/// Columns whose masks are texts, their classes, and a value.
const COLUMNS: [(&str, &str, &str); 8] = [
    ("mail", "email", "ada.byron@example.org"),
    ("phone", "phone", "+49 170 1234567"),
    ("name", "person_name", "Ada Byron"),
    ("street", "address", "12 St James's Square"),
    ("card", "card", "4111 1111 1111 1111"),
    ("account", "iban", "DE89 3704 0044 0532 0130 00"),
    ("hash", "credential", "pbkdf2_sha256$600000$salt$c29tZXRoaW5n"),
    ("tax", "tax_id", "12 345 678 901"),
];

fn sections(more: &str) -> String {
    let classes = COLUMNS.map(|(name, class, _)| format!("\"public.folk.{name}\" = \"{class}\"\n")).concat();
    format!("[upstream.columns]\n{classes}{more}")
}

fn make(stack: &Stack) -> Result<()> {
    let columns = COLUMNS.map(|(name, ..)| format!(", {name} varchar(254)")).concat();
    let values = COLUMNS.map(|(.., value)| format!(", '{}'", value.replace('\'', "''"))).concat();
    let made = format!(
        "CREATE TABLE folk (id int PRIMARY KEY{columns}, active bool DEFAULT true); INSERT INTO folk VALUES (1{values})"
    );
    psql::run(&stack.owner(), &made)?.success().map(|_| ())
}

const ALL: &str = "SELECT * FROM folk ORDER BY id";

#[test]
fn a_row_that_is_saved_as_it_was_read_keeps_its_values() -> Result<()> {
    let stack = Stack::start_with(&sections(""))?;
    make(&stack)?;
    let before = stack.truth(ALL)?;
    block_on(async {
        let client = connect(&stack.alice()?).await?;
        let row = client.query_one(ALL, &[]).await?;
        let shown: Vec<(&str, String)> = COLUMNS.iter().map(|(name, ..)| (*name, row.get(*name))).collect();
        for (name, mask) in &shown {
            let save = format!("UPDATE folk SET {name} = $1, active = false WHERE id = 1");
            let error = client.execute(&save, &[mask]).await.err().with_context(|| format!("save {name}"))?;
            let error = server_error(&error)?;
            assert_eq!(error.code().code(), "42501", "{error}");
            assert!(error.detail().is_some_and(|detail| detail.contains("masks-are-no-values")), "{error:?}");
            let literal = format!("UPDATE folk SET active = false, {name} = '{mask}' WHERE id = 1");
            assert!(client.batch_execute(&literal).await.is_err(), "{literal}");
            let copied = format!("INSERT INTO folk (id, {name}) VALUES ($1, $2)");
            assert!(client.execute(&copied, &[&2, mask]).await.is_err(), "{copied}");
        }
        // Whole, as an object is saved.
        let sets: Vec<String> = (2..).zip(&shown).map(|(at, (name, _))| format!("{name} = ${at}")).collect();
        let save = format!("UPDATE folk SET active = $1, {} WHERE id = 1", sets.join(", "));
        let values = shown.iter().map(|(_, mask)| -> &(dyn ToSql + Sync) { mask });
        let values: Vec<&(dyn ToSql + Sync)> =
            std::iter::once::<&(dyn ToSql + Sync)>(&false).chain(values).collect();
        assert!(client.execute(&save, &values).await.is_err(), "{save}");
        assert_eq!(stack.truth(ALL)?, before);
        // What has changed is saved, and so are other values.
        assert_eq!(client.execute("UPDATE folk SET active = $1 WHERE id = 1", &[&false]).await?, 1);
        for (name, _, value) in COLUMNS {
            let save = format!("UPDATE folk SET {name} = $1 WHERE id = 1");
            assert_eq!(client.execute(&save, &[&value]).await?, 1, "{save}");
            let literal = format!("UPDATE folk SET {name} = '{}' WHERE id = 1", value.replace('\'', "''"));
            client.batch_execute(&literal).await?;
        }
        // Within the database values stay values.
        client.batch_execute("INSERT INTO folk (id, mail, name) SELECT 3, mail, name FROM folk").await?;
        Ok(())
    })?;
    assert_eq!(stack.truth("SELECT mail, name FROM folk WHERE id = 3")?, "ada.byron@example.org|Ada Byron");
    Ok(())
}

#[test]
fn a_document_that_is_saved_as_it_was_read_keeps_its_values() -> Result<()> {
    let stack = Stack::start()?;
    let document = r#"{"plan": "free", "email": "ada.byron@example.org", "phones": ["+49 170 1234567"]}"#;
    let made = format!(
        "CREATE TABLE profiles (id int PRIMARY KEY, data jsonb); INSERT INTO profiles VALUES (1, '{document}')"
    );
    psql::run(&stack.owner(), &made)?.success()?;
    let alice = stack.alice()?;
    let shown = psql::run(&alice, "SELECT data FROM profiles")?.success()?;
    assert!(shown.contains("***") && shown.contains("free"), "{shown}");
    let save = |data: &str| psql::run(&alice, &format!("UPDATE profiles SET data = '{data}' WHERE id = 1"));
    for data in [shown.trim().to_owned(), shown.trim().replace("free", "gold")] {
        let saved = save(&data)?;
        assert!(saved.stderr.contains("masks-are-no-values"), "{data}: {}", saved.stderr);
    }
    save(&document.replace("free", "gold"))?.success()?;
    save(r#"{"note": "*** new ***"}"#)?.success()?;
    Ok(())
}

#[test]
fn a_database_may_be_filled_with_masks_on_purpose() -> Result<()> {
    let stack = Stack::start_with(&sections("[mask]\ntakes-masks = true\n"))?;
    make(&stack)?;
    psql::run(&stack.alice()?, "UPDATE folk SET mail = 'a***@***.org', name = '***' WHERE id = 1")?
        .success()?;
    assert_eq!(stack.truth("SELECT mail, name FROM folk")?, "a***@***.org|***");
    Ok(())
}

#[test]
fn whether_masks_are_taken_changes_under_a_session() -> Result<()> {
    let mut stack = Stack::start_with(&sections("[mask]\ntakes-masks = false\n"))?;
    make(&stack)?;
    let save = "UPDATE folk SET mail = $1 WHERE id = 1";
    let literal = "UPDATE folk SET name = '***' WHERE id = 1";
    block_on(async {
        let client = connect(&stack.alice()?).await?;
        let prepared = client.prepare(save).await?;
        assert!(client.execute(&prepared, &[&"a***@***.org"]).await.is_err());
        assert!(client.batch_execute(literal).await.is_err());
        reload(&mut stack, RELOADED, |text| text.replace("takes-masks = false", "takes-masks = true"))?;
        assert_eq!(client.execute(&prepared, &[&"a***@***.org"]).await?, 1);
        client.batch_execute(literal).await?;
        reload(&mut stack, RELOADED, |text| text.replace("takes-masks = true", "takes-masks = false"))?;
        assert!(client.execute(&prepared, &[&"a***@***.org"]).await.is_err());
        assert!(client.batch_execute(literal).await.is_err());
        Ok(())
    })
}
