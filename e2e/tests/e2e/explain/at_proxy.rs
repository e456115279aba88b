//! `picket policy explain --at-proxy`: what it says is what the proxy does, where the database's catalog decides.

use std::fs;
use std::process::Output;

use anyhow::{Context, Result, ensure};
use e2e::proxy::scram_secret;
use e2e::scratch::Scratch;
use e2e::{binaries, psql};
use serde_json::Value;

use crate::stack::Stack;

/// Of bob and carol.
const PASSWORD: &str = "a password of whoever asks";

/// What only the catalog tells.
const MADE: &str = "\
CREATE TABLE people (id int PRIMARY KEY, name text, email text, parent int REFERENCES people ON DELETE CASCADE);
CREATE TABLE gone (id int);
CREATE VIEW listed AS SELECT id, email AS name FROM people;
CREATE VIEW again AS SELECT name FROM listed;
CREATE MATERIALIZED VIEW kept AS SELECT name FROM again;
CREATE VIEW plain AS SELECT id, name FROM people;
CREATE VIEW counted AS SELECT count(*) AS people FROM people;
CREATE VIEW asked AS SELECT id FROM people WHERE email LIKE 'a%';
CREATE VIEW whole AS SELECT id, row_to_json(p) AS name FROM people p;
CREATE VIEW joined AS SELECT p.id, o.name FROM people p JOIN people o USING (email);
CREATE VIEW pairs AS SELECT l.id FROM plain l JOIN listed o ON true;
CREATE FUNCTION wipe() RETURNS void LANGUAGE sql AS 'DELETE FROM people';
CREATE FUNCTION wipes() RETURNS int LANGUAGE plpgsql AS 'BEGIN PERFORM wipe(); RETURN 1; END';
CREATE FUNCTION looks() RETURNS text LANGUAGE sql AS 'SELECT email FROM people LIMIT 1';
CREATE FUNCTION notes() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN INSERT INTO gone VALUES (OLD.id); RETURN OLD; END';
CREATE TRIGGER noted BEFORE DELETE ON people FOR EACH ROW EXECUTE FUNCTION notes();
CREATE VIEW told AS SELECT looks() AS name;
CREATE RULE follows AS ON INSERT TO gone DO ALSO UPDATE people SET email = 'x' WHERE id = NEW.id;";

const POLICY: &str = r#"
@rule("no-mail") @reason("no e-mail addresses here")
forbid (principal, action in [Picket::Action::"read"], resource == Picket::Column::"DATABASE.public.people.email");

@rule("nothing-goes") @reason("what is gone is written by nobody")
forbid (principal, action == Picket::Action::"insert", resource == Picket::Table::"DATABASE.public.gone")
when { context.via == "trigger" };
"#;

/// Statements, and the rules that are against them.
const CASES: [(&str, &[&str]); 24] = [
    ("SELECT name FROM people", &[]),
    ("SELECT email FROM people", &["no-mail"]),
    ("SELECT name FROM listed", &["no-mail"]),
    ("SELECT name FROM again", &["no-mail"]),
    ("SELECT name FROM kept", &["no-mail"]),
    ("SELECT name FROM plain", &[]),
    ("SELECT * FROM counted", &[]),
    ("SELECT id FROM asked", &["no-mail"]),
    ("SELECT id FROM whole", &["no-mail"]),
    ("SELECT name FROM joined", &["no-mail"]),
    ("SELECT id FROM pairs", &["no-mail"]),
    ("SELECT name FROM told", &["no-mail"]),
    ("TABLE kept", &["no-mail"]),
    ("SELECT looks()", &["no-mail"]),
    ("SELECT wipe()", &["no-unfiltered-write", "nothing-goes"]),
    ("SELECT wipes()", &["no-unfiltered-write", "nothing-goes"]),
    ("DELETE FROM people WHERE id = 1", &["nothing-goes"]),
    ("DELETE FROM people WHERE id IS NOT NULL", &["no-unfiltered-write", "nothing-goes"]),
    ("INSERT INTO gone VALUES (1)", &[]),
    ("UPDATE people SET name = 'x' WHERE id = 2", &[]),
    ("CREATE TEMP TABLE gone (id int)", &["no-disable-protection"]),
    ("DROP TABLE IF EXISTS nowhere", &[]),
    ("CREATE TEMP TABLE own (id int); DROP TABLE own", &[]),
    ("SELEC 1", &["unreadable"]),
];

fn stack(folder: &Scratch) -> Result<Stack> {
    let secret = scram_secret(PASSWORD)?;
    let stack = Stack::start_with(&format!(
        "[policy]\ndir = {:?}\n[approvals]\nexplain-group = \"authors\"\n\
         [[user]]\nname = \"bob\"\ngroups = [\"authors\"]\nscram-secret = \"{secret}\"\n\
         [[user]]\nname = \"carol\"\nkind = \"agent\"\nscram-secret = \"{secret}\"\n",
        folder.path()
    ))?;
    Ok(stack)
}

fn picket(stack: &Stack, user: &str, args: &[&str]) -> Result<Output> {
    let conninfo = format!("host=127.0.0.1 port={} user={user} dbname=picket", stack.alice()?.port);
    let mut command = binaries::command("picket")?;
    command.args(["policy", "explain", "--at-proxy", "--format", "json"]).args(args);
    Ok(command.env("PICKET_CONSOLE", conninfo).env("PGPASSWORD", PASSWORD).output()?)
}

fn explained(stack: &Stack, args: &[&str]) -> Result<Vec<Value>> {
    let output = picket(stack, "bob", &[args, &["--on", &stack.database]].concat())?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).context("read what was explained")
}

fn rules(told: &Value) -> Vec<&str> {
    told["rules"].as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

#[test]
fn what_is_explained_is_what_happens() -> Result<()> {
    let folder = Scratch::new("explained")?;
    // A database is called so before its proxy is there.
    fs::write(folder.join("team.cedar"), "// Nothing yet.\n")?;
    let mut stack = stack(&folder)?;
    psql::run(&stack.owner(), MADE)?.success()?;
    fs::write(folder.join("team.cedar"), POLICY.replace("DATABASE", &stack.database))?;
    crate::reload::reload(&mut stack, crate::reload::RELOADED, |text| format!("{text}\n"))?;
    let alice = stack.alice()?;
    let mut wrong = Vec::new();
    for (text, expected) in CASES {
        let told = explained(&stack, &["--as", "alice", text])?;
        let last = told.last().context("find what was explained")?;
        let verdict = if expected.is_empty() { "allow" } else { "refuse" };
        // As it happens, and is taken back.
        let happens = psql::run(&alice, &format!("BEGIN; {text}; ROLLBACK"))?;
        let said = ["message", "detail", "hint"].map(|field| last[field].as_str().unwrap_or_default());
        let is_said = said.iter().flat_map(|said| said.lines()).all(|line| happens.stderr.contains(line));
        let is_so = rules(last) == expected && last["verdict"] == verdict;
        if !is_so || !is_said || (happens.code == 0) != expected.is_empty() {
            wrong.push(format!("{text}: {last}\n{happens:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let told = explained(&stack, &["--as", "alice", "SELECT name FROM again"])?;
    assert_eq!(told[0]["reads"][0], "public.again", "{told:?}");
    // By the catalog: the view that is read, and that all rows go by a function.
    let told = explained(
        &stack,
        &["--as", "alice", "SELECT wipe(); UPDATE people SET name = 'x' WHERE id = 2; SELEC"],
    )?;
    assert_eq!(told[0]["error_line"], 1, "{told:?}");
    let told =
        explained(&stack, &["--as", "alice", "SELECT wipe(); UPDATE people SET name = 'x' WHERE id = 2"])?;
    assert_eq!(told[0]["unfiltered"][0], "delete people", "{told:?}");
    assert_eq!(told[1]["filtered"][0], "update people", "{told:?}");
    assert_eq!(told[1]["columns_written"][0], "name", "{told:?}");
    assert_eq!(told[1]["normalised"], "UPDATE people SET name = $1 WHERE id = $2");
    // Each by itself, as whoever asks where nobody else is named.
    let told = explained(&stack, &["DELETE FROM people; PREPARE p AS SELECT wipe(); EXECUTE p; SELECT 1"])?;
    let all: Vec<_> = told.iter().map(rules).collect();
    let refused = vec!["no-unfiltered-write", "nothing-goes"];
    assert_eq!(all, [refused.clone(), refused, Vec::new(), Vec::new()]);
    Ok(())
}

#[test]
fn who_may_not_ask_is_told_nothing() -> Result<()> {
    let folder = Scratch::new("explained")?;
    fs::write(
        folder.join("team.cedar"),
        "@rule(\"agents\") forbid (principal, action == Picket::Action::\"select\", resource) when { principal.kind == \"agent\" };\n",
    )?;
    let stack = stack(&folder)?;
    let asks = |user: &str, args: &[&str]| {
        let output = picket(&stack, user, args)?;
        anyhow::Ok((output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned()))
    };
    let (code, told) = asks("carol", &["--on", &stack.database, "SELECT 1"])?;
    assert_eq!(code, Some(1));
    assert!(told.contains("only somebody of authors asks what would become of statements"), "{told}");
    let (code, told) = asks("bob", &["--on", "nowhere", "SELECT 1"])?;
    assert!(code == Some(1) && told.contains("is not in Picket's configuration"), "{told}");
    let long = format!("SELECT {}", "1, ".repeat(30_000));
    let (code, told) = asks("bob", &["--on", &stack.database, &long])?;
    assert!(code == Some(2) && told.contains("bytes at once at most"), "{told}");
    let (code, _) = asks("bob", &["--on", &stack.database, "--without", "no-drop", "SELECT 1"])?;
    assert_eq!(code, Some(2), "it goes by its own policies");
    // By what the configuration says of others, and by what is said of whom it does not know.
    for (args, expected) in [
        (&["--as", "carol"][..], &["agents"][..]),
        (&["--as", "carol", "--kind", "human"], &[]),
        (&["--as", "dora", "--kind", "agent", "--group", "a, b", "--application", "it's"], &["agents"]),
    ] {
        let told = explained(&stack, &[args, &["SELECT 1"]].concat())?;
        assert_eq!(rules(&told[0]), expected, "{args:?}");
    }
    // What nests without end, and a lot of it, ends nothing.
    let deep = format!("SELECT {}1{}", "(".repeat(20_000), ")".repeat(20_000));
    assert_eq!(rules(&explained(&stack, &[&deep])?[0]), ["unreadable"]);
    assert_eq!(explained(&stack, &[&"SELECT 1;".repeat(2_000)])?.len(), 2_000);
    Ok(())
}
