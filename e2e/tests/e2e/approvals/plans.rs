//! Plans of statements that wait: made beside them, without running anything, and shown to whoever may approve.

mod attacks;

use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use e2e::{psql, wait};

use super::{ANSWER, DELETE, Held};
use crate::driver::{block_on, connect};

impl Held {
    /// What `user` is shown of the plan of a request, when there is one or why there is none: how many rows, and its lines.
    pub(super) fn planned(&self, user: &str, request: &str) -> Result<(String, String)> {
        wait::until("the plan", ANSWER, || {
            let shown = self.say(user, &format!("SHOW APPROVAL {request}"))?.success()?;
            let (_, rest) = shown.split_once("\nestimated rows|").context("find the rows")?;
            let (rows, rest) = rest.split_once("\nplan|").context("find the plan")?;
            let (plan, _) = rest.split_once("\nwhy|").context("find its end")?;
            Ok((plan != "it is being made").then(|| (rows.to_owned(), plan.to_owned())))
        })
    }

    /// What bob is shown of the plan of alice's last statement, which he denies then.
    fn planned_denied(&self, texts: &[&str]) -> Result<(String, String)> {
        let mut child = self.send_all(texts)?;
        let request = self.request().with_context(|| format!("{texts:?}"))?;
        let planned = self.planned("bob", &request)?;
        self.say("bob", &format!("DENY {request}"))?.success()?;
        let ended = wait::until("psql to end", ANSWER, || Ok(child.try_wait()?));
        if ended.is_err() {
            child.kill()?;
        }
        ended.with_context(|| format!("it is asked about again: {texts:?}"))?;
        Ok(planned)
    }
}

#[test]
fn approvers_see_how_many_rows_and_the_steps_and_no_value() -> Result<()> {
    let held = Held::asking()?;
    held.stack.truth("ANALYZE")?;
    let count = held.stack.truth("SELECT count(*) FROM orders")?;
    let text =
        "DELETE FROM orders USING users WHERE users.id = orders.user_id AND users.email = 'ada@example.com'";
    let child = held.send(text)?;
    let request = held.request()?;
    let (rows, plan) = held.planned("bob", &request)?;
    assert!(rows.parse::<u64>().is_ok_and(|rows| 0 < rows), "{rows}");
    let lines: Vec<&str> = plan.lines().collect();
    assert!(lines.first().is_some_and(|line| line.starts_with("Delete on orders: cost ")), "{plan}");
    for part in [" on users: 1 rows, cost ", " on orders: ", "  "] {
        assert!(lines.iter().skip(1).any(|line| line.contains(part)), "{part}: {plan}");
    }
    assert!(
        !plan.contains("ada@example.com") && !plan.contains("Filter") && !plan.contains("email"),
        "{plan}"
    );
    // Whoever asks would learn by it how many rows have which value.
    assert_eq!(held.planned("alice", &request)?, (String::new(), String::new()));
    assert_eq!(held.stack.truth("SELECT count(*) FROM orders")?, count, "nothing has run");
    held.approve("bob", &request)?;
    ensure!(child.wait_with_output()?.status.success(), "it runs");

    // Of each kind.
    for (text, rows, first) in [
        ("DELETE FROM orders WHERE id < 1000", None, "Delete on orders"),
        (
            "WITH gone AS (DELETE FROM orders WHERE id = 1 RETURNING id) SELECT count(*) FROM gone",
            Some("1"),
            "Aggregate",
        ),
        ("UPDATE orders SET quantity = 1 WHERE id = 1", Some("1"), "Update on orders"),
    ] {
        let mut child = held.send(text)?;
        let request = held.requests("frank", 1)?.pop().context("find the request")?;
        let (shown, plan) = held.planned("frank", &request)?;
        assert!(rows.is_none_or(|rows| rows == shown), "{text}: {shown}");
        assert!(plan.starts_with(&format!("{first}: ")), "{text}: {plan}");
        held.say("frank", &format!("DENY {request}"))?.success()?;
        child.wait()?;
    }
    // With parameters it is for whichever values.
    block_on(async {
        let client = Arc::new(connect(&held.stack.alice()?).await?);
        let waiter = Arc::clone(&client);
        let text = "DELETE FROM orders WHERE id = $1 AND status <> $2";
        let waits = tokio::spawn(async move { waiter.execute(text, &[&1_i32, &"x"]).await });
        tokio::task::block_in_place(|| -> Result<()> {
            let request = held.request()?;
            let (rows, plan) = held.planned("bob", &request)?;
            assert_eq!(rows, "1, whatever the parameters are");
            assert!(plan.starts_with("Delete on orders: cost "), "{plan}");
            held.say("bob", &format!("DENY {request}"))?.success()?;
            Ok(())
        })?;
        ensure!(waits.await?.is_err(), "it was denied");
        Ok(())
    })
}

/// Where there is no plan a statement waits, and runs, all the same.
#[test]
fn without_a_plan_it_waits_all_the_same_and_says_why() -> Result<()> {
    let held = Held::asking()?;
    let alone = "no plan: it may be about what only its session sees";
    for (texts, why) in [
        (&["CREATE TEMP TABLE orders (id int)", DELETE][..], alone),
        (&["BEGIN", "ALTER TABLE orders ADD COLUMN more int", DELETE], alone),
        (&["BEGIN", "CREATE TABLE odd_new (id int)", "DELETE FROM odd_new WHERE id = 1"], alone),
        (&["BEGIN", "LOCK TABLE orders", DELETE], "no plan: somebody holds a table of it"),
    ] {
        let (rows, plan) = held.planned_denied(texts)?;
        assert_eq!((rows.as_str(), plan.as_str()), ("", why), "{texts:?}");
    }
    held.stack.truth("CREATE SCHEMA other; CREATE TABLE other.orders (id int)")?;
    assert_eq!(held.planned_denied(&[DELETE])?.1, "no plan: there is no one table `orders`");
    let delete = "DELETE FROM public.orders WHERE id = 1";
    let mut holder = psql::Session::start(&held.stack.superuser())?;
    holder.ask("BEGIN; LOCK TABLE orders;")?;
    assert_eq!(held.planned_denied(&[delete])?.1, "no plan: somebody holds a table of it");
    holder.ask("COMMIT;")?;
    let (_, plan) = held.planned_denied(&[delete])?;
    assert!(plan.starts_with("Delete on orders: "), "{plan}");
    held.stack.truth("DROP SCHEMA other CASCADE; REVOKE DELETE ON orders FROM shop_owner")?;
    // By now the catalog is as it will be.
    assert_eq!(held.planned_denied(&[delete])?.1, "no plan: the role of the session may not");
    held.stack.truth("GRANT DELETE ON orders TO shop_owner")?;
    // What is set for the database does not count.
    for set in ["search_path = nowhere", "statement_timeout = '1h'", "row_security = off"] {
        held.stack.truth(&format!("ALTER DATABASE {} SET {set}", held.stack.database))?;
    }
    let (_, plan) = held.planned_denied(&["SET search_path = public", DELETE])?;
    assert!(plan.starts_with("Delete on orders: "), "{plan}");
    // Answered at once, before there is a plan.
    for id in 3..8 {
        let child = held.send(&format!("DELETE FROM public.orders WHERE id = {id}"))?;
        let request = held.request()?;
        held.approve("bob", &request)?;
        ensure!(child.wait_with_output()?.status.success(), "{id} runs");
    }
    let left = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'picket-proxy plan'";
    wait::until("no connection to be left", ANSWER, || Ok((held.stack.truth(left)? == "0").then_some(())))?;
    Ok(())
}
