//! Statements that several people must approve.

use anyhow::{Context, Result};
use e2e::psql;

use super::Held;
use crate::stack::{text, words};

/// What two of `dba` must approve.
const UPDATE: &str = "UPDATE products SET title = 'Rename' WHERE id = 1";

impl Held {
    fn renamed(&self) -> Result<bool> {
        Ok(self.stack.truth("SELECT title = 'Rename' FROM products WHERE id = 1")? == "t")
    }
}

#[test]
fn two_people_of_a_group_must_approve() -> Result<()> {
    let held = Held::asking()?;
    let child = held.send(UPDATE)?;
    let request = held.request()?;
    assert_eq!(held.told(&request, "groups that must approve")?, "2 of dba");
    assert_eq!(held.approve("bob", &request)?.trim(), "it still waits for dba (1 of 2)");
    assert_eq!(held.told(&request, "approved by")?, "bob");
    for (user, why) in [
        ("bob", "you have approved it already"),
        ("alice", "nobody approves what he asks for himself"),
        ("carol", "only somebody of dba may answer that"),
        ("dave", "only somebody of dba may answer that"),
    ] {
        for command in [format!("APPROVE {request}"), format!("APPROVE {request} FOR 1h")] {
            let output = held.say(user, &command)?;
            assert!(output.stderr.contains(why), "{user}: {}", output.stderr);
        }
    }
    assert!(!held.renamed()?, "it still waits");
    assert_eq!(held.approve("erin", &request)?.trim(), "it runs");
    let output = child.wait_with_output()?;
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    let said = format!("Request {request}: 2 people of dba can approve it within 600 s.");
    assert!(errors.contains(&said), "{errors}");
    assert!(held.renamed()?);
    assert_eq!(held.events(3)?, ["asked", "approved bob go on", "approved erin go on"]);
    let asked = held.stack.ledger.rows("SELECT * FROM approvals FINAL WHERE event = 'asked'")?;
    let asked = asked.first().context("find the request")?;
    assert_eq!((words(asked, "groups")?, text(asked, "principal")?), (vec!["2 of dba"], "alice"));
    Ok(())
}

#[test]
fn one_of_them_who_denies_ends_it() -> Result<()> {
    let held = Held::asking()?;
    let child = held.send(UPDATE)?;
    let request = held.request()?;
    held.approve("bob", &request)?;
    held.say("erin", &format!("DENY {request} 'too dear'"))?.success()?;
    let output = child.wait_with_output()?;
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(errors.contains("erin has denied it: too dear"), "{errors}");
    assert!(held.say("frank", &format!("APPROVE {request}"))?.stderr.contains("nothing waits under"));
    assert!(!held.renamed()?);
    Ok(())
}

#[test]
fn what_is_alike_is_granted_by_as_many() -> Result<()> {
    let held = Held::start("[approvals]\ntimeout-secs = 20\n")?;
    // Both must say for how long.
    for (first, second, is_granted) in
        [("FOR 1h", "", false), ("", "FOR 1h", false), ("FOR 1h", "FOR 2h", true)]
    {
        let child = held.send(UPDATE)?;
        let request = held.request()?;
        held.say("bob", &format!("APPROVE {request} {first}"))?.success()?;
        let said = held.say("erin", &format!("APPROVE {request} {second}"))?.success()?;
        assert_eq!(said.contains("what is alike"), is_granted, "{said}");
        assert!(child.wait_with_output()?.status.success());
        assert_eq!(held.say("bob", "SHOW GRANTS")?.success()?.contains(&request), is_granted);
    }
    psql::run(&held.stack.alice()?, "UPDATE products SET title = 'Again' WHERE id = 2")?.success()?;
    Ok(())
}

/// Each rule wants somebody of its group: who is of both counts for both. Of a shipped rule the configuration says how many.
#[test]
fn who_is_of_two_groups_counts_for_each_and_once() -> Result<()> {
    let held =
        Held::start("[policy.hold]\nno-drop-table = \"2 of owners\"\n[approvals]\ntimeout-secs = 600\n")?;
    let child = held.send("UPDATE orders SET quantity = 99 WHERE id = 1")?;
    let request = held.request()?;
    assert_eq!(held.approve("frank", &request)?.trim(), "it runs");
    assert!(child.wait_with_output()?.status.success());
    held.stack.truth("CREATE TABLE scratch (); ALTER TABLE scratch OWNER TO shop_owner")?;
    let child = held.send("DROP TABLE scratch")?;
    let request = held.requests("frank", 1)?.pop().context("find the request")?;
    assert_eq!(held.approve("frank", &request)?.trim(), "it still waits for owners (1 of 2)");
    assert!(held.say("bob", &format!("APPROVE {request}"))?.stderr.contains("only somebody of owners"));
    assert_eq!(held.approve("dave", &request)?.trim(), "it runs");
    assert!(child.wait_with_output()?.status.success());
    Ok(())
}
