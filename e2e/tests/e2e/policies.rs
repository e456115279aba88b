//! Policies that a team writes, in files that the proxy's configuration names: who may what, on real sessions.

use std::fs;
use std::process::Output;

use anyhow::{Context, Result};
use e2e::binaries;
use e2e::psql;
use e2e::scratch::Scratch;
use serde_json::Value;

use crate::driver::{block_on, connect, connect_with, server_error};
use crate::reload::{RELOADED, reload};
use crate::stack::{Stack, text, words};

const AGENTS_READ: &str = r#"
@rule("agents-read")
@reason("agents only read, and this would {what} change {name}")
@hint("Ask a person to run it.")
@refuses("INSERT INTO orders VALUES (1)")
@allows("SELECT * FROM orders")
forbid (principal, action in [Picket::Action::"write", Picket::Action::"define"], resource)
when { principal.kind == "agent" };
"#;

const REFUSAL: &str = "ERROR:  42501: Picket refused this statement";

fn picket(args: &[&str]) -> Result<Output> {
    binaries::command("picket")?.args(args).output().context("run picket")
}

/// A proxy with these policies of its own, in which alice is an agent.
fn start(folder: &Scratch, policy: &str) -> Result<Stack> {
    fs::write(folder.join("team.cedar"), policy).context("write the policy")?;
    let mut stack = Stack::start_with(&format!("[policy]\ndir = {:?}\n", folder.path()))?;
    reload(&mut stack, RELOADED, |text| {
        text.replace("name = \"alice\"\n", "name = \"alice\"\nkind = \"agent\"\n")
    })?;
    Ok(stack)
}

#[test]
fn an_agent_is_kept_by_its_kind_and_the_record_says_by_which_rule() -> Result<()> {
    let folder = Scratch::new("policies")?;
    let stack = start(&folder, AGENTS_READ)?;
    let alice = stack.alice()?;
    let update = "UPDATE orders SET total = 1 WHERE id = 1";
    let output = psql::run(&alice, update)?;
    assert!(output.stderr.contains(REFUSAL), "{}", output.stderr);
    assert!(output.stderr.contains("Rule \"agents-read\": agents only read"), "{}", output.stderr);
    assert!(output.stderr.contains("HINT:  Ask a person to run it."), "{}", output.stderr);
    let row = stack.statement(update)?;
    assert_eq!((text(&row, "verdict")?, words(&row, "rules")?), ("refuse", vec!["agents-read"]));
    assert_eq!(psql::run(&alice, "SELECT count(*) FROM orders")?.code, 0);
    // Two rules against one statement: both are told, and recorded.
    let output = psql::run(&alice, "DELETE FROM orders")?;
    for rule in ["no-unfiltered-write", "agents-read"] {
        assert!(output.stderr.contains(&format!("Rule \"{rule}\": ")), "{}", output.stderr);
    }
    let row = stack.statement("DELETE FROM orders")?;
    assert_eq!(words(&row, "rules")?, ["no-unfiltered-write", "agents-read"]);
    Ok(())
}

#[test]
fn policies_change_under_a_session_that_has_its_statement_prepared() -> Result<()> {
    let folder = Scratch::new("policies")?;
    let mut stack = start(&folder, AGENTS_READ)?;
    let as_agent = "name = \"alice\"\nkind = \"agent\"\n";
    block_on(async {
        let client = connect(&stack.alice()?).await?;
        let prepared = client.prepare("SELECT id FROM orders WHERE id = $1").await?;
        client.query(&prepared, &[&1_i32]).await?;
        let no_orders = "@rule(\"no-orders\") forbid (principal, action, resource is Picket::Table) when { resource.name == \"orders\" };";
        fs::write(folder.join("team.cedar"), no_orders)?;
        reload(&mut stack, RELOADED, |text| format!("{text}\n"))?;
        let error = client.query(&prepared, &[&1_i32]).await.err().context("expect a refusal")?;
        let error = server_error(&error)?;
        assert_eq!((error.code().code(), error.message()), ("42501", "Picket refused this statement"));
        // A file that is no policy changes nothing.
        fs::write(folder.join("team.cedar"), "forbid (principal, action, resourc);")?;
        reload(&mut stack, "configuration not reloaded", |text| format!("{text}\n"))?;
        assert!(stack.proxy.log().contains("team.cedar:1: "), "{}", stack.proxy.log());
        client.query(&prepared, &[&1_i32]).await.err().context("expect a refusal")?;
        // Whoever is exempt, is so at once.
        fs::write(folder.join("team.cedar"), AGENTS_READ)?;
        reload(&mut stack, RELOADED, |text| {
            text.replace(as_agent, "name = \"alice\"\ngroups = [\"exempt:no-truncate\"]\n")
        })?;
        client.query(&prepared, &[&1_i32]).await?;
        client.simple_query("BEGIN; CREATE TABLE scratch (); TRUNCATE scratch; ROLLBACK").await?;
        Ok(())
    })
}

/// What PREPARE and DECLARE made is judged by what holds when it is run.
#[test]
fn policies_change_under_a_session_that_has_prepared_in_sql() -> Result<()> {
    let folder = Scratch::new("policies")?;
    let mut stack = start(&folder, "// Nothing yet.\n")?;
    stack.truth(
        "CREATE FUNCTION opened(n name) RETURNS refcursor LANGUAGE plpgsql \
         AS 'DECLARE c refcursor := n; BEGIN OPEN c FOR SELECT id FROM orders; RETURN c; END'",
    )?;
    block_on(async {
        let client = connect(&stack.alice()?).await?;
        let run = |text: &'static str| client.simple_query(text);
        run("PREPARE p AS SELECT id FROM orders; PREPARE one AS SELECT 1").await?;
        run("BEGIN; DECLARE held CURSOR WITH HOLD FOR SELECT id FROM orders; COMMIT").await?;
        run("BEGIN; DECLARE c CURSOR FOR SELECT id FROM orders; SELECT opened('f')").await?;
        run("EXECUTE p; FETCH 1 FROM held; FETCH 1 FROM c; FETCH 1 FROM f").await?;
        let no_orders = "@rule(\"no-orders\") forbid (principal, action, resource is Picket::Table) when { resource.name == \"orders\" };";
        fs::write(folder.join("team.cedar"), no_orders)?;
        reload(&mut stack, RELOADED, |text| format!("{text}\n"))?;
        for (text, sqlstate) in [
            ("EXECUTE p", "42501"),
            ("EXPLAIN ANALYZE EXECUTE p", "42501"),
            ("FETCH 1 FROM held", "42501"),
            ("MOVE 1 IN c", "42501"),
            ("FETCH 1 FROM f", "34000"),
            ("DO $$ DECLARE c refcursor := 'held'; r record; BEGIN FETCH c INTO r; END $$", "42501"),
        ] {
            run("SAVEPOINT s").await?;
            let error = run(text).await.err().with_context(|| format!("expect a refusal of {text}"))?;
            assert_eq!(server_error(&error)?.code().code(), sqlstate, "{text}");
            run("ROLLBACK TO s").await?;
        }
        let prepared = client.prepare("EXECUTE p").await?;
        client.query(&prepared, &[]).await.err().context("expect a refusal")?;
        run("ROLLBACK").await?;
        run("EXECUTE one; DEALLOCATE p; CLOSE held; DEALLOCATE ALL; CLOSE ALL").await?;
        let row = stack.statement("MOVE 1 IN c")?;
        assert_eq!((text(&row, "verdict")?, words(&row, "rules")?), ("refuse", vec!["no-orders"]));
        Ok(())
    })
}

#[test]
fn where_nothing_is_permitted_a_session_lives_and_does_nothing() -> Result<()> {
    let folder = Scratch::new("policies")?;
    let permit = "permit (principal, action == Picket::Action::\"select\", resource) when { resource has schema && resource.schema == \"public\" };";
    fs::write(folder.join("team.cedar"), permit)?;
    let stack =
        Stack::start_with(&format!("[policy]\ndir = {:?}\nwithout = [\"allow-all\"]\n", folder.path()))?;
    let alice = stack.alice()?;
    assert_eq!(psql::run(&alice, "SELECT id FROM orders")?.code, 0);
    for refused in
        ["SELECT count(*) FROM orders", "SELECT * FROM pg_class", "CREATE TABLE t ()", "SET work_mem = '1MB'"]
    {
        let output = psql::run(&alice, refused)?;
        assert!(
            output.stderr.contains("Rule \"not-permitted\": no policy permits "),
            "{refused}: {}",
            output.stderr
        );
    }
    Ok(())
}

/// Ways round a policy on a table: what reads it, is a part of it, or hides its name.
#[test]
fn a_table_is_kept_whatever_leads_to_it() -> Result<()> {
    let folder = Scratch::new("policies")?;
    let stack = Stack::start()?;
    stack.truth(
        "CREATE TABLE pay (id int, amount int) PARTITION BY RANGE (id); \
         CREATE TABLE pay_low PARTITION OF pay FOR VALUES FROM (0) TO (10); \
         INSERT INTO pay VALUES (1, 100); \
         CREATE VIEW pays AS SELECT * FROM pay; CREATE VIEW of_pays AS SELECT amount AS a FROM pays; \
         CREATE MATERIALIZED VIEW sum_of_pay AS SELECT sum(amount) FROM pay; \
         CREATE FUNCTION read_pay() RETURNS bigint LANGUAGE plpgsql AS 'BEGIN RETURN (SELECT sum(amount) FROM pay); END'; \
         CREATE VIEW harmless AS SELECT id FROM orders; CREATE TABLE pg_class (relrowsecurity bool, relname text); \
         GRANT SELECT ON harmless TO PUBLIC",
    )?;
    let database = &stack.database;
    let policy = format!(
        "@rule(\"pay\") forbid (principal, action, resource == Picket::Table::\"{database}.public.pay\");"
    );
    fs::write(folder.join("team.cedar"), policy)?;
    let mut stack = stack;
    reload(&mut stack, RELOADED, |text| format!("{text}\n[policy]\ndir = {:?}\n", folder.path()))?;
    let alice = stack.alice()?;
    // The catalog is read again when something is defined.
    psql::run(&alice, "CREATE TABLE read_again ()")?;
    for statement in [
        "SELECT * FROM pay",
        "SELECT * FROM pays",
        "SELECT * FROM of_pays",
        "SELECT * FROM sum_of_pay",
        "SELECT * FROM pay_low",
        "UPDATE pay_low SET amount = 1 WHERE id = 1",
        "SELECT read_pay()",
        "CREATE VIEW mine AS SELECT * FROM of_pays",
        "SELECT * FROM orders, (WITH pay AS (SELECT 1) SELECT 1) x, pay",
        "CREATE FUNCTION leak() RETURNS bigint LANGUAGE sql AS 'SELECT sum(amount) FROM pay'",
        "DO $$ BEGIN PERFORM amount FROM pay; END $$",
    ] {
        let output = psql::run(&alice, statement)?;
        assert!(output.stderr.contains("Rule \"pay\": "), "{statement}: {output:?}");
    }
    let hidden = psql::run(&alice, "UPDATE pg_class SET relrowsecurity = false WHERE relname = 'users'")?;
    assert!(hidden.stderr.contains("Rule \"no-catalog-write\": "), "{hidden:?}");
    for statement in
        ["SELECT * FROM harmless", "CREATE TEMP TABLE scratch (i int)", "SELECT count(*) FROM pg_type"]
    {
        assert_eq!(psql::run(&alice, statement)?.code, 0, "{statement}");
    }
    // Whoever reads a view touches what it reads.
    let row = stack.statement("SELECT * FROM harmless")?;
    assert_eq!(words(&row, "relations_read")?, ["public.harmless", "public.orders"]);
    Ok(())
}

/// Ways round policies on a column, a schema, locks and settings, on a real server that knows what each means.
#[test]
fn a_column_a_schema_and_a_setting_are_kept_by_whichever_name() -> Result<()> {
    let folder = Scratch::new("policies")?;
    let mut stack = Stack::start()?;
    stack.truth(
        "CREATE SCHEMA vault AUTHORIZATION shop_owner; CREATE TABLE people (id int, name text, email text, \
         place text GENERATED ALWAYS AS (split_part(email, '@', 2)) STORED); \
         INSERT INTO people VALUES (1, 'bob', 'bob@shop.org'); CREATE VIEW contacts AS SELECT id, email AS e FROM people; \
         CREATE VIEW plain AS SELECT id, name FROM people; CREATE VIEW places AS SELECT id, place FROM people; \
         GRANT ALL ON people, contacts, plain, places TO PUBLIC; CREATE FUNCTION vault.f() RETURNS int LANGUAGE sql RETURN 1",
    )?;
    let policy = format!(
        r#"@rule("email") forbid (principal, action in [Picket::Action::"select", Picket::Action::"copy_out"], resource)
           when {{ context.columns.contains("email") }};
           @rule("vault") forbid (principal, action, resource in Picket::Schema::"{0}.vault");
           @rule("people") forbid (principal, action == Picket::Action::"lock", resource == Picket::Table::"{0}.public.people");
           @rule("memory") forbid (principal, action == Picket::Action::"set", resource == Picket::Setting::"work_mem");"#,
        stack.database
    );
    fs::write(folder.join("team.cedar"), policy)?;
    reload(&mut stack, RELOADED, |text| format!("{text}\n[policy]\ndir = {:?}\n", folder.path()))?;
    let alice = stack.alice()?;
    psql::run(&alice, "CREATE TABLE public.read_again ()")?;
    for (statement, rule) in [
        ("SELECT u FROM people u", "email"),
        ("SELECT (u).email FROM people u", "email"),
        ("SELECT email(u) FROM people u", "email"),
        ("SELECT c FROM people p(a, b, c)", "email"),
        ("SELECT to_jsonb(people) FROM people", "email"),
        ("SELECT e FROM contacts", "email"),
        ("SELECT place FROM people", "email"),
        ("SELECT id FROM places", "email"),
        ("TABLE people", "email"),
        ("COPY people TO STDOUT", "email"),
        ("UPDATE people SET id = 1 WHERE id = 1 RETURNING *", "email"),
        ("DROP SCHEMA vault CASCADE", "vault"),
        ("ALTER SCHEMA vault RENAME TO x", "vault"),
        ("COMMENT ON FUNCTION vault.f() IS 'x'", "vault"),
        ("ALTER FUNCTION vault.f() STRICT", "vault"),
        ("CREATE TABLE vault.t ()", "vault"),
        ("SELECT id FROM people FOR UPDATE", "people"),
        ("SET sort_mem = '1MB'", "memory"),
        ("SELECT set_config('work' || '_mem', '1MB', false)", "memory"),
        ("RESET ALL", "memory"),
        ("DISCARD ALL", "memory"),
        ("SELECT vault.f()", "vault"),
        ("BEGIN; SET LOCAL search_path = vault; SELECT f()", "vault"),
        ("SELECT vault.none(1)", "vault"),
    ] {
        let output = psql::run(&alice, statement)?;
        assert!(output.stderr.contains(&format!("Rule \"{rule}\": ")), "{statement}: {output:?}");
    }
    for statement in [
        "SELECT id, name FROM people",
        "SELECT * FROM plain",
        "DELETE FROM people WHERE id = 2",
        "COMMENT ON TABLE public.read_again IS 'vault'",
    ] {
        let output = psql::run(&alice, statement)?;
        assert_eq!(output.code, 0, "{statement}: {output:?}");
    }
    block_on(async {
        connect_with(&alice, "-c geqo=off").await?;
        let error = connect_with(&alice, "-c sort_mem=1MB").await.err().context("expect a refusal")?;
        assert_eq!(server_error(&error)?.message(), "Picket refused this connection");
        Ok(())
    })
}

/// A column of one table, and tables by what Picket finds in them, on a real server.
#[test]
fn a_column_of_one_table_and_tables_by_what_they_hold_are_kept() -> Result<()> {
    let folder = Scratch::new("policies")?;
    let mut stack = Stack::start()?;
    stack.truth(
        "CREATE TABLE staff (id int PRIMARY KEY, name text, salary int, bonus int GENERATED ALWAYS AS (salary / 10) STORED); CREATE TABLE shelf (id int, salary int); \
         INSERT INTO staff VALUES (1, 'x', 1); CREATE VIEW pay AS SELECT id, salary FROM staff; GRANT ALL ON staff, shelf, pay TO PUBLIC; \
         CREATE FUNCTION paid() RETURNS bigint LANGUAGE sql RETURN (SELECT sum(salary) FROM staff)",
    )?;
    let policy = format!(
        r#"@rule("salary") forbid (principal, action in [Picket::Action::"read", Picket::Action::"write", Picket::Action::"define"],
                                   resource == Picket::Column::"{}.public.staff.salary");
           @rule("people") forbid (principal in Picket::Group::"analysts", action in [Picket::Action::"read", Picket::Action::"write"],
                                   resource is Picket::Table) when {{ resource.classes.contains("email") }};"#,
        stack.database
    );
    fs::write(folder.join("team.cedar"), policy)?;
    reload(&mut stack, RELOADED, |text| {
        let text = text.replace("name = \"alice\"\n", "name = \"alice\"\ngroups = [\"analysts\"]\n");
        format!("{text}\n[policy]\ndir = {:?}\n", folder.path())
    })?;
    let alice = stack.alice()?;
    psql::run(&alice, "CREATE TABLE public.read_again ()")?;
    for (statement, rule) in [
        ("SELECT salary FROM staff", "salary"),
        ("SELECT s FROM staff s", "salary"),
        ("SELECT paid()", "salary"),
        ("SELECT id FROM pay", "salary"),
        ("SELECT bonus FROM staff", "salary"),
        ("SELECT id FROM staff WHERE bonus = 1", "salary"),
        ("COPY staff TO STDOUT", "salary"),
        ("UPDATE staff SET salary = 2 WHERE id = 1", "salary"),
        ("INSERT INTO staff VALUES (2, 'y', 2)", "salary"),
        ("INSERT INTO staff (id) VALUES (1) ON CONFLICT (id) DO UPDATE SET salary = 2", "salary"),
        ("ALTER TABLE staff RENAME salary TO wage", "salary"),
        ("SELECT id FROM users", "people"),
        ("DELETE FROM users WHERE id = -1", "people"),
        ("BEGIN; ALTER TABLE users RENAME TO others; SELECT id FROM others", "people"),
    ] {
        let output = psql::run(&alice, statement)?;
        assert!(output.stderr.contains(&format!("Rule \"{rule}\": ")), "{statement}: {output:?}");
    }
    for statement in [
        "SELECT id, name FROM staff",
        "SELECT count(*) FROM staff",
        "SELECT salary FROM shelf",
        "INSERT INTO staff (id, name) VALUES (3, 'z')",
        "UPDATE staff SET name = 'w' WHERE id = 3",
        "COPY staff (id, name) TO STDOUT",
        "DELETE FROM staff WHERE id = 3",
        "SELECT count(*) FROM orders",
    ] {
        let output = psql::run(&alice, statement)?;
        assert_eq!(output.code, 0, "{statement}: {output:?}");
    }
    Ok(())
}

/// With the words of the README that are beside them.
#[test]
fn the_policies_of_the_readme_do_what_their_examples_say() -> Result<()> {
    let folder = Scratch::new("policies")?;
    let path = folder.join("readme.cedar");
    let readme = include_str!("../../../README.md");
    let blocks: Vec<_> =
        readme.split("```cedar\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    assert!(!blocks.is_empty());
    fs::write(&path, blocks.concat()).context("write the policies")?;
    let told = readme.lines().map(str::trim).find(|line| line.starts_with("picket policy check"));
    let words = told.context("find the command")?.replace("./policies", &path.to_string_lossy());
    let output = picket(&words.split_whitespace().skip(1).collect::<Vec<_>>())?;
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}

#[test]
fn policies_are_checked_and_explained_without_a_proxy() -> Result<()> {
    let folder = Scratch::new("policies")?;
    let path = folder.join("team.cedar");
    let team = path.to_str().context("name the file")?;
    let check = |policy: &str, more: &[&str]| -> Result<(i32, String)> {
        fs::write(&path, policy).context("write the policy")?;
        let output = picket(&[&["policy", "check", "--policies", team], more].concat())?;
        let told = [output.stdout, output.stderr].concat();
        Ok((output.status.code().unwrap_or(-1), String::from_utf8(told)?))
    };
    let (code, told) = check(AGENTS_READ, &["--kind", "agent"])?;
    assert_eq!(code, 0, "{told}");
    assert!(told.contains("1 of them own"), "{told}");
    let (code, told) = check(AGENTS_READ, &["--kind", "human"])?;
    assert_eq!(code, 1, "{told}");
    assert!(
        told.contains("rule \"agents-read\" is to refuse it, and does not: INSERT INTO orders")
            && told.contains("of \"human\", in no environment: say otherwise with --as"),
        "{told}"
    );
    let (code, told) = check("forbid (principal, action == Picket::Action::\"drop_tabel\", resource);", &[])?;
    assert_eq!((code, told.contains("team.cedar:1: unrecognized action")), (2, true), "{told}");
    let (code, told) =
        check("forbid (principal, action, resource == Picket::Table::\"public.users\");", &[])?;
    assert_eq!((code, told.contains("did you mean `DATABASE.public.users`")), (2, true), "{told}");
    let (code, told) = check("forbid (principal, action, resource) when { 1 == 2 };", &[])?;
    assert_eq!(
        (code, told.contains("warning: ") && told.contains("policy is impossible")),
        (0, true),
        "{told}"
    );
    let night = "forbid (principal, action, resource)\nwhen { context.hour > 20 && context.hour < 6 };";
    let (code, told) = check(night, &[])?;
    assert_eq!((code, told.contains("team.cedar:1: rule \"team\" never decides: ")), (0, true), "{told}");
    let (code, told) = check(
        "@allows(\"(fast path) lo_open\") forbid (principal, action == Picket::Action::\"unseen\", resource);",
        &[],
    )?;
    assert_eq!(code, 0, "{told}");
    let (code, told) = check(
        "@allows(\"(replication) IDENTIFY_SYSTEM\") forbid (principal, action == Picket::Action::\"replicate\", resource);",
        &[],
    )?;
    assert_eq!((code, told.contains("is to let it pass, and does not: (replication)")), (1, true), "{told}");
    let (code, told) =
        check("permit (principal, action, resource in Picket::Schema::\"shop.public\");", &[])?;
    assert_eq!((code, told.contains("leave that out (`without`)")), (0, true), "{told}");

    fs::write(
        &path,
        "@rule(\"users\") @hold(\"dba\") forbid (principal == Picket::User::\"alice\", action, resource == Picket::Table::\"shop.public.users\");",
    )?;
    let explain = |who: &str| -> Result<String> {
        let args =
            ["policy", "explain", "--policies", team, "--as", who, "--on", "shop", "select 1 from users"];
        Ok(String::from_utf8(picket(&args)?.stdout)?)
    };
    assert!(explain("alice")?.starts_with("hold: select 1 from users\n"), "{}", explain("alice")?);
    assert!(explain("alice")?.contains("  may be approved by: dba\n"));
    assert!(explain("bob")?.starts_with("allow: "));

    // What the database has, and what it holds, is said.
    fs::write(
        &path,
        "@rule(\"people\") forbid (principal, action, resource is Picket::Table) when { resource.classes.contains(\"email\") }; \
         @rule(\"total\") forbid (principal, action, resource == Picket::Column::\"shop.public.orders.total\");",
    )?;
    let explain = |more: &[&str], sql: &str| -> Result<String> {
        let args = [&["policy", "explain", "--policies", team, "--on", "shop"], more, &[sql]].concat();
        Ok(String::from_utf8(picket(&args)?.stdout)?)
    };
    let held = ["--column", "public.users.email=email"];
    assert!(explain(&[], "select id from users")?.starts_with("allow: "));
    assert!(explain(&held, "select id from users")?.starts_with("refuse: "));
    assert!(explain(&held, "select id from orders")?.starts_with("allow: "));
    assert!(explain(&[], "select * from orders")?.contains("Rule \"total\": "));
    let (code, told) =
        check("forbid (principal, action, resource) when { resource is Picket::Column };", &[])?;
    assert_eq!((code, told.contains("says so in its head")), (2, true), "{told}");
    Ok(())
}

#[test]
fn what_was_recorded_is_judged_again() -> Result<()> {
    let folder = Scratch::new("policies")?;
    let stack = Stack::start()?;
    psql::run(&stack.owner(), "CREATE FUNCTION gone() RETURNS void LANGUAGE sql AS 'DROP TABLE users'")?
        .success()?;
    let alice = stack.alice()?;
    for id in 1..=3 {
        psql::run(&alice, &format!("UPDATE orders SET total = 1 WHERE id = {id}"))?;
    }
    psql::run(&alice, "CREATE TEMP TABLE mine (n int); DROP TABLE mine")?;
    psql::run(&alice, "DROP TABLE users")?;
    // Refused for what stands in no text.
    let refused = psql::run(&alice, "SELECT gone()")?;
    assert!(refused.stderr.contains("no-drop-table"), "{}", refused.stderr);
    psql::run(&alice, "SELECT set_config('my.x', email, true) FROM users")?;
    stack.statement("SELECT set_config('my.x', email, true) FROM users")?;
    let config = stack.proxy.config();
    let config = config.to_str().context("name the configuration")?;
    fs::write(folder.join("team.cedar"), AGENTS_READ)?;
    let team = folder.join("team.cedar");
    let backtest = |more: &[&str]| -> Result<Value> {
        let mut command = binaries::command("picket")?;
        command.args(["--clickhouse-url", stack.ledger.url(), "--database", stack.ledger.database()]);
        command.args(["policy", "backtest", "--format", "json"]).args(more);
        let output = command.output().context("run picket")?;
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
        Ok(serde_json::from_slice(&output.stdout)?)
    };
    // Nothing has changed: every statement is judged as it was, temporary tables too.
    assert_eq!(backtest(&["--config", config])?, Value::Array(Vec::new()));
    let agents = fs::read_to_string(stack.proxy.config())?;
    let agents = agents.replace("name = \"alice\"\n", "name = \"alice\"\nkind = \"agent\"\n");
    let changed = folder.join("proxy.toml");
    fs::write(&changed, agents)?;
    let changed = changed.to_str().context("name the configuration")?;
    let team = team.to_str().context("name the policy")?;
    let found = backtest(&["--config", changed, "--policies", team])?;
    // Three UPDATEs of one kind, and what makes and drops a table.
    let updates = found.as_array().into_iter().flatten().find(|change| change["executions"] == 5);
    let updates = updates.with_context(|| format!("find the updates in {found}"))?;
    assert_eq!(
        (&updates["verdict_then"], &updates["verdict"]),
        (&Value::from("allow"), &Value::from("refuse"))
    );
    assert_eq!(
        (&updates["rules"], &updates["principal"]),
        (&Value::from(vec!["agents-read"]), &Value::from("alice"))
    );
    let freed = backtest(&["--config", config, "--without", "no-drop-table"])?;
    assert_eq!(freed[0]["verdict"], Value::from("allow"), "{freed}");
    // The newest of those that the rule alone was against.
    assert_eq!(freed[0]["text"], Value::from("SELECT gone()"));
    Ok(())
}

#[test]
fn the_reference_of_rules_is_what_is_committed() -> Result<()> {
    let written = String::from_utf8(picket(&["policy", "reference"])?.stdout)?;
    let committed = include_str!("../../../docs/rules.md");
    assert_eq!(written, committed, "write it again: picket policy reference > docs/rules.md");
    Ok(())
}
