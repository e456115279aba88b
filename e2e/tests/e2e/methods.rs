//! How values are masked, as `[mask]` says: in each type and format, and what was the same stays the same.

use std::fs;

use anyhow::{Context, Result};
use e2e::psql;
use e2e::scratch::Scratch;

use crate::driver::{block_on, connect};
use crate::reload::{RELOADED, reload};
use crate::stack::{Stack, USER};

/// Columns of every type that has tokens, and their classes.
const COLUMNS: [(&str, &str, &str, &str); 10] = [
    ("mail", "varchar(40)", "email", "'bob@shop.org'"),
    ("phone", "bigint", "phone", "4155550132"),
    ("floor", "smallint", "address", "12"),
    ("tax", "numeric(12,2)", "tax_id", "1234567.80"),
    ("debt", "numeric", "tax_id", "-0.00012"),
    ("lat", "float8", "geo_location", "52.520008"),
    ("born", "date", "birth_date", "'1990-01-31'"),
    ("ref", "uuid", "national_id", "'5b30857f-0bfa-48b5-ac0b-5c64e28078d1'"),
    ("seal", "bytea", "credential", "'\\x00ff'"),
    ("phones", "bigint[]", "phone", "'{4155550132,NULL,-7}'"),
];

fn sections(key: &Scratch, method: &str) -> Result<String> {
    let file = key.join("mask.key");
    fs::write(&file, "0123456789abcdef0123456789abcdef\n").context("write a key")?;
    let classes =
        COLUMNS.map(|(name, _, class, _)| format!("\"public.folk.{name}\" = \"{class}\"\n")).concat();
    let mut methods: Vec<_> = COLUMNS.map(|(_, _, class, _)| format!("{class} = \"{method}\"\n")).into();
    methods.sort();
    methods.dedup();
    Ok(format!(
        "[upstream.columns]\n{classes}[mask]\nkey-file = \"{}\"\n[mask.method]\n{}",
        file.display(),
        methods.concat()
    ))
}

fn make(stack: &Stack) -> Result<()> {
    let columns = COLUMNS.map(|(name, type_name, _, _)| format!(", {name} {type_name}")).concat();
    let values = COLUMNS.map(|(_, _, _, value)| format!(", {value}")).concat();
    let made = format!(
        "CREATE TABLE folk (id int{columns}); INSERT INTO folk VALUES (1{values}), (2{values}), (3{});",
        ", NULL".repeat(COLUMNS.len())
    );
    psql::run(&stack.owner(), &made)?.success()?;
    Ok(())
}

#[test]
fn tokens_are_the_same_in_each_format_and_for_each_row() -> Result<()> {
    let key = Scratch::new("mask-key")?;
    let stack = Stack::start_with(&sections(&key, "token")?)?;
    make(&stack)?;
    let (owner, alice) = (stack.owner(), stack.alice()?);
    let clear = psql::run(&owner, "SELECT * FROM folk ORDER BY id")?.success()?;
    let shown = psql::run(&alice, "SELECT * FROM folk ORDER BY id")?.success()?;
    let rows: Vec<Vec<&str>> = shown.lines().map(|line| line.split('|').collect()).collect();
    assert_eq!(rows[0][1..], rows[1][1..], "{shown}");
    assert_eq!(rows[2][1..].concat(), "", "{shown}");
    let clear_row: Vec<&str> = clear.lines().next().context("a row")?.split('|').collect();
    for (value, was) in rows[0].iter().zip(&clear_row).skip(1) {
        assert!(!value.is_empty() && value != was, "{value} of {was} in\n{shown}");
    }
    // PostgreSQL itself reads what was shown, in each form of COPY, as values of the same types.
    for (number, form) in ["text", "csv", "binary"].iter().enumerate() {
        let file = key.join(form);
        let file = file.display();
        psql::run_with(
            &alice,
            &["-v", "ON_ERROR_STOP=1"],
            &format!("\\copy folk TO '{file}' (FORMAT {form})"),
        )?
        .success()?;
        let back = format!(
            "CREATE TABLE folk_{number} (LIKE folk);\n\\copy folk_{number} FROM '{file}' (FORMAT {form})\nSELECT * FROM folk_{number} ORDER BY id"
        );
        assert!(
            psql::run_with(&owner, &["-qAt", "-v", "ON_ERROR_STOP=1"], &back)?.success()?.ends_with(&shown),
            "{form}"
        );
    }
    Ok(())
}

#[test]
fn a_method_changes_under_a_prepared_statement() -> Result<()> {
    let key = Scratch::new("mask-key")?;
    let mut stack = Stack::start_with(&sections(&key, "fixed")?)?;
    make(&stack)?;
    block_on(async {
        let client = connect(&stack.alice()?).await?;
        let select = "SELECT phone, mail, phones FROM folk WHERE id = 1";
        let statement = client.prepare(select).await?;
        let row = client.query_one(&statement, &[]).await?;
        assert_eq!((row.get(0), row.get(1)), (Some(0_i64), Some("***")));
        assert_eq!(row.get::<_, Vec<Option<i64>>>(2), [Some(0), None, Some(0)]);
        reload(&mut stack, RELOADED, |text| text.replace("\"fixed\"", "\"token\""))?;
        let row = client.query_one(&statement, &[]).await?;
        let (phone, mail): (i64, String) = (row.get(0), row.get(1));
        assert!(phone.to_string().len() == 10 && phone != 4_155_550_132, "{phone}");
        assert!(mail.len() == 12 && !mail.contains('@'), "{mail}");
        reload(&mut stack, RELOADED, |text| text.replace("\"token\"", "\"null\""))?;
        let row = client.query_one(&statement, &[]).await?;
        assert_eq!((row.get(0), row.get(1)), (None::<i64>, None::<&str>));
        Ok(())
    })
}

/// Policies say it of some, and stronger than the configuration.
#[test]
fn a_policy_says_how_values_are_masked_for_some() -> Result<()> {
    let key = Scratch::new("mask-key")?;
    let policies = Scratch::new("mask-policies")?;
    let write = |method: &str| {
        let policy = format!(
            "@rule(\"how\") @method(\"{method}\")\n\
             permit (principal == Picket::User::\"{USER}\", action == Picket::Action::\"mask\", resource == Picket::Class::\"email\");\n\
             @rule(\"of-agents\") @method(\"null\")\n\
             permit (principal, action == Picket::Action::\"mask\", resource) when {{ principal.kind == \"agent\" }};\n"
        );
        fs::write(policies.join("team.cedar"), policy).context("write a policy")
    };
    write("token")?;
    let sections = format!("{}[policy]\ndir = {:?}\n", sections(&key, "fixed")?, policies.path());
    let mut stack = Stack::start_with(&sections)?;
    make(&stack)?;
    block_on(async {
        let client = connect(&stack.alice()?).await?;
        let statement = client.prepare("SELECT phone, mail FROM folk WHERE id = 1").await?;
        let row = client.query_one(&statement, &[]).await?;
        let (phone, token): (i64, String) = (row.get(0), row.get(1));
        assert!(phone == 0 && token.len() == 12 && !token.contains(['@', '*']), "{phone} {token}");
        // The same in what is searched for values, because nobody knows what it holds.
        client.batch_execute("BEGIN; CREATE TABLE fresh AS SELECT 'bob@shop.org'::text AS t").await?;
        let found: String = client.query_one("SELECT t FROM fresh", &[]).await?.get(0);
        client.batch_execute("ROLLBACK").await?;
        assert!(!found.contains(['@', '*']), "{found}");

        write("partial")?;
        reload(&mut stack, RELOADED, |text| text + "\n")?;
        let row = client.query_one(&statement, &[]).await?;
        assert_eq!((row.get(0), row.get(1)), (Some(0_i64), Some("b***@***.org")));
        reload(&mut stack, RELOADED, |text| text.replace("[[user]]\n", "[[user]]\nkind = \"agent\"\n"))?;
        let row = client.query_one(&statement, &[]).await?;
        assert_eq!((row.get(0), row.get(1)), (None::<i64>, None::<&str>));
        Ok(())
    })
}
