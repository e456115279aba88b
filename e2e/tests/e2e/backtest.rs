//! `picket policy backtest --at-proxy`: what was recorded is judged by the database's catalog, under policies that nobody goes by.

use std::collections::BTreeMap;
use std::fs;
use std::process::Output;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use e2e::login::Login;
use e2e::proxy::scram_secret;
use e2e::scratch::Scratch;
use e2e::{binaries, psql, wait};
use serde_json::Value;

use crate::driver::{block_on, connect, server_error};
use crate::reload::{RELOADED, reload};
use crate::stack::Stack;

/// Of bob and carol.
const PASSWORD: &str = "a password of whoever tries";

/// What only the catalog tells.
const MADE: &str = "\
CREATE TABLE people (id int PRIMARY KEY, name text);
CREATE VIEW listed AS SELECT id, name FROM people;
CREATE VIEW again AS SELECT name FROM listed;
CREATE TABLE secrets (id int, value text);
CREATE FUNCTION looks() RETURNS text LANGUAGE plpgsql AS 'BEGIN RETURN (SELECT value FROM secrets LIMIT 1); END';
CREATE TABLE goods (id int);
CREATE TABLE gone (id int);
CREATE FUNCTION notes() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN INSERT INTO gone VALUES (OLD.id); RETURN OLD; END';
CREATE TRIGGER noted BEFORE DELETE ON goods FOR EACH ROW EXECUTE FUNCTION notes();
CREATE TABLE parts (id int) PARTITION BY RANGE (id);
CREATE TABLE parts_a PARTITION OF parts FOR VALUES FROM (0) TO (10);
CREATE TABLE sold (id int);
CREATE SCHEMA old;
CREATE TABLE old.sold (id int);
CREATE TABLE holders (id int, email text);
CREATE FUNCTION mends() RETURNS void LANGUAGE sql AS 'DELETE FROM gone';";

/// Policies that nobody goes by yet, of which each is against one of the statements.
const POLICY: &str = r#"
@rule("view") forbid (principal, action == Picket::Action::"select", resource == Picket::Table::"DATABASE.public.people");
@rule("body") forbid (principal, action == Picket::Action::"select", resource == Picket::Table::"DATABASE.public.secrets");
@rule("trigger") forbid (principal, action == Picket::Action::"insert", resource == Picket::Table::"DATABASE.public.gone")
when { context.via == "trigger" };
@rule("partition") forbid (principal, action == Picket::Action::"insert", resource == Picket::Table::"DATABASE.public.parts_a");
@rule("path") forbid (principal, action == Picket::Action::"select", resource == Picket::Table::"DATABASE.old.sold");
@rule("class") forbid (principal, action == Picket::Action::"update", resource is Picket::Table)
when { resource.classes.contains("email") };
"#;

/// By the rule that is against it.
const TOLD: [(&str, &str); 6] = [
    ("view", "SELECT name FROM again"),
    ("body", "SELECT looks()"),
    ("trigger", "DELETE FROM goods WHERE id = 1"),
    ("partition", "INSERT INTO parts VALUES (1)"),
    ("path", "SELECT count(*) FROM sold"),
    ("class", "UPDATE holders SET id = 2 WHERE id = 1"),
];

/// What stays as it was, also where only the session tells it.
const OTHERS: [&str; 6] = [
    "INSERT INTO gone VALUES (1)",
    "CREATE TEMP TABLE own (id int); DELETE FROM own; DROP TABLE own",
    "PREPARE p AS SELECT 1 AS one; EXECUTE p; DEALLOCATE p",
    "BEGIN; DECLARE c CURSOR FOR SELECT 1 AS two; FETCH c; COMMIT",
    "SELEC 1",
    "DROP TABLE gone",
];

fn stack(folder: &Scratch) -> Result<Stack> {
    // A database is called so before its proxy is there.
    fs::write(folder.join("team.cedar"), "// Nothing yet.\n")?;
    let secret = scram_secret(PASSWORD)?;
    Stack::start_with(&format!(
        "[policy]\ndir = {:?}\n[approvals]\nexplain-group = \"authors\"\n\
         [[user]]\nname = \"bob\"\ngroups = [\"authors\"]\nscram-secret = \"{secret}\"\n\
         [[user]]\nname = \"carol\"\nscram-secret = \"{secret}\"\n",
        folder.path()
    ))
}

fn console(stack: &Stack, user: &str) -> Result<Login> {
    Ok(stack.alice()?.as_user(user, PASSWORD).to_database("picket"))
}

/// With the statements of one stack, at the proxy of another.
fn picket(stack: &Stack, at: &Stack, user: &str, args: &[&str]) -> Result<Output> {
    let conninfo = format!("host=127.0.0.1 port={} user={user} dbname=picket", at.alice()?.port);
    let mut command = binaries::command("picket")?;
    command.args(["--clickhouse-url", stack.ledger.url(), "--database", stack.ledger.database()]);
    command.args(["policy", "backtest", "--format", "json"]).args(args);
    Ok(command.env("PICKET_CONSOLE", conninfo).env("PGPASSWORD", PASSWORD).output()?)
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// What would be otherwise, by the rules that would make it so.
fn changes(output: &Output) -> Result<BTreeMap<String, Value>> {
    ensure!(output.status.success(), "{}", stderr(output));
    let changes: Vec<Value> = serde_json::from_slice(&output.stdout)?;
    let rules = |change: &Value| -> Vec<String> {
        let rules = change["rules"].as_array().into_iter().flatten();
        rules.filter_map(Value::as_str).map(str::to_owned).collect()
    };
    Ok(changes.into_iter().map(|change| (rules(&change).join(" "), change)).collect())
}

/// Waits until the ledger has all that alice has sent.
fn recorded(stack: &Stack) -> Result<()> {
    psql::run(&stack.alice()?, "SELECT 1 AS the_last")?.success()?;
    stack.statement("SELECT 1 AS the_last").map(drop)
}

#[test]
fn what_only_the_catalog_tells_is_told_and_is_what_happens() -> Result<()> {
    let (folder, new) = (Scratch::new("backtest")?, Scratch::new("backtest")?);
    let mut stack = stack(&folder)?;
    psql::run(&stack.owner(), MADE)?.success()?;
    let policy = POLICY.replace("DATABASE", &stack.database);
    // Longer than anything else that the console takes.
    let long = format!("{policy}// {}\n", "x".repeat(200_000));
    fs::write(new.join("team.cedar"), long)?;
    let alice = stack.alice()?;
    for (_, text) in TOLD {
        psql::run(&alice, text)?.success()?;
    }
    for text in OTHERS {
        psql::run(&alice, text)?;
    }
    let refused = psql::run(&alice, "SELECT mends()")?;
    assert!(refused.stderr.contains("no-unfiltered-write"), "{}", refused.stderr);
    recorded(&stack)?;

    let new = new.path().to_str().context("name the policies")?;
    let by_text = changes(&picket(&stack, &stack, "bob", &["--policies", new])?)?;
    assert!(by_text.is_empty(), "{by_text:?}");
    let same = picket(&stack, &stack, "bob", &["--at-proxy"])?;
    assert!(changes(&same)?.is_empty(), "{same:?}");
    let at_proxy = || changes(&picket(&stack, &stack, "bob", &["--policies", new, "--at-proxy"])?);
    let found = at_proxy()?;
    let told: BTreeMap<_, _> = found.iter().map(|(rule, change)| (rule.as_str(), &change["text"])).collect();
    let expected: Vec<_> = TOLD.iter().map(|(rule, text)| (*rule, Value::from(*text))).collect();
    assert_eq!(told, expected.iter().map(|(rule, text)| (*rule, text)).collect(), "{found:?}");
    assert!(found.values().all(|change| {
        (&change["verdict_then"], &change["verdict"], &change["principal"])
            == (&"allow".into(), &"refuse".into(), &"alice".into())
    }));

    // What was refused for a body that is another one now would be let pass; by its text nobody can tell.
    let mended =
        "CREATE OR REPLACE FUNCTION mends() RETURNS void LANGUAGE sql AS 'DELETE FROM gone WHERE id = 1'";
    psql::run(&stack.owner(), mended)?.success()?;
    let config = stack.proxy.config();
    let config = config.to_str().context("name the configuration")?;
    let by_text = picket(&stack, &stack, "bob", &["--config", config])?;
    let found = changes(&picket(&stack, &stack, "bob", &["--config", config, "--at-proxy"])?)?;
    let freed = found.get("").with_context(|| format!("find what is let pass in {found:?}"))?;
    assert_eq!((&freed["text"], &freed["verdict"]), (&"SELECT mends()".into(), &"allow".into()));
    assert!(
        changes(&by_text)?.is_empty() && stderr(&by_text).contains("--at-proxy asks a proxy"),
        "{by_text:?}"
    );

    // Nobody goes by them, …
    for (_, text) in TOLD {
        psql::run(&alice, &format!("BEGIN; {text}; ROLLBACK"))?.success()?;
    }
    // … and what they would do is what they do.
    fs::write(folder.join("team.cedar"), &policy)?;
    reload(&mut stack, RELOADED, |text| format!("{text}\n"))?;
    for (rule, text) in TOLD {
        let happens = psql::run(&alice, &format!("BEGIN; {text}; ROLLBACK"))?;
        assert!(happens.stderr.contains(&format!("Rule \"{rule}\"")), "{text}: {happens:?}");
    }
    Ok(())
}

#[test]
fn who_may_not_try_policies_and_what_is_odd_is_told() -> Result<()> {
    let (folder, odd) = (Scratch::new("backtest")?, Scratch::new("backtest")?);
    let (one, other) = (stack(&folder)?, Stack::start()?);
    // More than go in one batch.
    let many: String = (0..1_200).map(|number| format!("SELECT 1 AS n{number};")).collect();
    psql::run(&one.alice()?, &many)?.success()?;
    recorded(&one)?;
    fs::write(
        odd.join("a.cedar"),
        "@rule(\"all\") forbid (principal, action == Picket::Action::\"select\", resource);\n",
    )?;
    let policies = odd.path().to_str().context("name the policies")?;
    let at_proxy = ["--policies", policies, "--at-proxy"];
    let found = changes(&picket(&one, &one, "bob", &at_proxy)?)?;
    assert_eq!(found.get("all").map(|change| &change["executions"]), Some(&1_201.into()), "{found:?}");

    let denied = picket(&one, &one, "carol", &at_proxy)?;
    let told = stderr(&denied);
    assert_eq!(denied.status.code(), Some(1), "{told}");
    assert!(told.contains("only somebody of authors asks what would become of statements"), "{told}");
    // What a proxy does not have counts as it was.
    let login = other.alice()?;
    psql::run(&login, "SELECT 1 AS elsewhere")?.success()?;
    recorded(&other)?;
    let elsewhere = picket(&other, &one, "bob", &at_proxy)?;
    let told = stderr(&elsewhere);
    assert!(changes(&elsewhere)?.is_empty(), "{elsewhere:?}");
    let unknown = format!("the database \"{}\" is not in Picket's configuration", other.database);
    assert!(told.contains("executions are not judged: ") && told.contains(&unknown), "{told}");
    fs::write(odd.join("a.cedar"), "// Not a policy.\nforbid (principal, action, resourc);\n")?;
    let wrong = picket(&one, &one, "bob", &at_proxy)?;
    assert_eq!((wrong.status.code(), stderr(&wrong).contains("a.cedar:2: ")), (Some(2), true), "{wrong:?}");

    let (bob, carol) = (console(&one, "bob")?, console(&one, "carol")?);
    let says = |login: &Login, text: &str| Ok::<_, anyhow::Error>(psql::run(login, text)?.stderr);
    let with = |file: &str| {
        format!(r#"BACKTEST WITH '{{"own":[{file}],"without":[],"observes":{{}},"holds":{{}}}}'"#)
    };
    let told = says(&bob, &with(r#"{"name":"a.cedar","text":"\nforbid (principal, action, resourc);"}"#))?;
    assert!(told.contains("these are no policies of this proxy: a.cedar:2: "), "{told}");
    let told = says(&bob, &format!("BACKTEST ON {} '[]'", one.database))?;
    assert!(told.contains("BACKTEST WITH says them first"), "{told}");
    for text in [with(""), format!("BACKTEST ON {} '[]'", one.database)] {
        assert!(says(&carol, &text)?.contains("only somebody of authors"));
    }
    // Nobody else has the console hold as much, and for nothing else.
    let long = "x".repeat(100_000);
    assert!(
        says(&carol, &with(&format!(r#"{{"name":"a","text":"//{long}"}}"#)))?
            .contains("takes no message of that length")
    );
    assert!(
        says(&bob, &format!("EXPLAIN {} 'SELECT ''{long}'''", one.database))?.contains("only BACKTEST takes")
    );

    // So many try some at once; they are gone with whoever does.
    block_on(async {
        let try_some = with("");
        let (first, second, third) = (connect(&bob).await?, connect(&bob).await?, connect(&bob).await?);
        first.simple_query(&try_some).await?;
        second.simple_query(&try_some).await?;
        first.simple_query(&try_some).await?;
        let error = third.simple_query(&try_some).await.err().context("expect that there is no room")?;
        assert!(server_error(&error)?.message().contains("others try policies at the moment"));
        drop(first);
        let has_room = || Ok(psql::run(&bob, &try_some)?.success().ok());
        tokio::task::block_in_place(|| wait::until("room for policies", Duration::from_secs(30), has_room))?;
        let long = with(&format!(r#"{{"name":"a","text":"//{}"}}"#, "x".repeat(1 << 20)));
        let error = second.simple_query(&long).await.err().context("expect that it is too long")?;
        assert!(server_error(&error)?.message().contains("more than 1048576 bytes"));
        Ok(())
    })
}
