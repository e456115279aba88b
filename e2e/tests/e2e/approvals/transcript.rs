//! docs/approvals.md shows two requests from both sides, from a real run.

use std::thread;

use anyhow::{Context, Result, anyhow, ensure};
use e2e::{binaries, document, psql, wait};

use super::{ANSWER, Held};

/// What is another in each run, and what is written instead: identifiers of the requests and of alice's session.
const REQUESTS: [&str; 2] = ["019ac8d2-7f4e-7c31-9b0a-52e91a2b3c4d", "019ac8d3-3a10-7f5b-a1c2-90d35e6f7a8b"];
const SESSION: &str = "019ac8d1-51b0-7e02-8f6d-0c4d2b7e9f13";
const DATABASE: &str = "shop";
const CLIENT: &str = "10.0.4.17:50312";
const DATE: &str = "2026-11-27";
const TIME: &str = "14:03:21Z";
const EXPIRES: (&str, &str) = ("expires ", "14:13:21Z");

/// Where a short name of a request begins in its identifier.
const SHORT: usize = 28;

const REASON: &str = "SET picket.reason = 'ticket 4711, the account is closed';";
const LOOK: &str = "SELECT count(*) FROM orders WHERE user_id = 1;";
const APPROVED: &str =
    "DELETE FROM orders USING users WHERE users.id = orders.user_id AND users.email = 'ada@example.com';";
const DENIED: &str = "DELETE FROM orders WHERE id = 2;";

/// A thing of this run, and what is written instead.
type Instead = (String, &'static str);

impl Held {
    /// What `picket approvals` says to somebody.
    fn picket(&self, user: &str, args: &[&str]) -> Result<String> {
        let alice = self.stack.alice()?;
        let output = binaries::command("picket")?
            .arg("approvals")
            .args(args)
            .env("PICKET_CONSOLE", format!("host=127.0.0.1 port={} user={user} dbname=picket", alice.port))
            .env("PGPASSWORD", &alice.password)
            .output()
            .context("start picket")?;
        ensure!(output.status.success(), "{output:?}");
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// The name of the one request that there is beside this, when there is.
    fn next_request(&self, before: &str) -> Result<String> {
        wait::until("a request", ANSWER, || {
            Ok(self.requests("bob", 1)?.pop().filter(|request| request != before))
        })
    }
}

#[test]
fn the_document_shows_requests_from_both_sides() -> Result<()> {
    let held = Held::asking()?;
    held.stack.truth("ANALYZE")?;
    let mut alice = psql::Session::start(&held.stack.alice()?)?;
    let mut bob = psql::Session::start(&held.console("bob")?)?;
    let mut instead: Vec<Instead> = vec![(held.stack.database.clone(), DATABASE)];

    let first = [REASON, "BEGIN;", LOOK]
        .into_iter()
        .map(|text| say(&mut alice, "shop", text))
        .collect::<Result<String>>()?;
    let (held_back, bobs, name) = meanwhile(&mut alice, APPROVED, || {
        let name = held.next_request("")?;
        held.planned("bob", &name)?;
        let show = format!("SHOW APPROVAL {name};");
        let said = say(&mut bob, "picket", &show)?;
        let of = |what: &str| -> Result<String> {
            let line = said.lines().find_map(|line| line.trim().strip_prefix(what)?.split_once("| "));
            Ok(line.with_context(|| format!("find {what}"))?.1.trim().to_owned())
        };
        instead.extend([(of("request ")?, REQUESTS[0]), (name.clone(), &REQUESTS[0][SHORT..])]);
        instead.extend([(of("session ")?, SESSION), (of("client ")?, CLIENT)]);
        // Each of what ran before is in a line of its own there too.
        let tool = held.picket("bob", &["show", &name])?;
        let lines = tool.lines().filter(|line| line.contains("Z allow, completed | "));
        assert_eq!(lines.count(), 3, "{tool}");
        Ok((said + &say(&mut bob, "picket", &format!("APPROVE {name};"))?, name))
    })?;
    let alices = first + &held_back + &say(&mut alice, "shop", "COMMIT;")?;
    let (refused, pickets, _) = meanwhile(&mut alice, DENIED, || {
        let name = held.next_request(&name)?;
        let said = held.picket("bob", &["deny", &name, "--reason", "not on a Friday"])?;
        instead.push((name.clone(), &REQUESTS[1][SHORT..]));
        Ok((format!("$ picket approvals deny {name} --reason 'not on a Friday'\n{said}"), name))
    })?;
    assert!(alices.contains("DELETE ") && refused.contains("bob has denied it"), "{alices}{refused}");

    let sections = [
        ("What alice sees. Where it says NOTICE she waits, up to the answer below it:", alices + &refused),
        ("What bob sees, while she does:", bobs),
        ("and the second time, from a script:", pickets),
    ];
    let sections = sections.map(|(title, said)| format!("\n{title}\n\n```\n{}```\n", still(&said, &instead)));
    let made = sections.concat();
    document::hold("docs/approvals.md", "e2e transcript", &made, |there| uncosted(there) == uncosted(&made))
}

/// What psql shows of a statement, as somebody sees it who has typed it.
fn say(psql: &mut psql::Session, prompt: &str, text: &str) -> Result<String> {
    let said = psql.ask(text)?;
    Ok(format!("{prompt}=> {text}\n{said}\n"))
}

/// What psql shows of a statement that waits until something is done, and what that has shown.
fn meanwhile(
    psql: &mut psql::Session,
    text: &str,
    done: impl FnOnce() -> Result<(String, String)>,
) -> Result<(String, String, String)> {
    thread::scope(|scope| {
        let waits = scope.spawn(|| say(psql, "shop", text));
        let (shown, name) = done()?;
        Ok((waits.join().map_err(|_| anyhow!("psql panicked"))??, shown, name))
    })
}

/// The text without the costs of plans, which are others in each version of PostgreSQL, and what is wide by them.
fn uncosted(said: &str) -> Vec<&str> {
    let is_cost = |word: &&str| word.contains('.') && word.parse::<f64>().is_ok();
    said.split_whitespace().filter(|word| !is_cost(word)).collect()
}

/// The same text whenever and wherever it ran.
fn still(said: &str, instead: &[Instead]) -> String {
    let said = instead.iter().fold(said.to_owned(), |said, (own, written)| said.replace(own, written));
    let digits = |word: &str| -> String {
        word.chars().map(|letter| if letter.is_ascii_digit() { '0' } else { letter }).collect()
    };
    let word = |word: &str, time: &str| match digits(word).as_str() {
        "0000-00-00" => DATE.to_owned(),
        "00:00:00Z" => time.to_owned(),
        _ => word.to_owned(),
    };
    let line = |line: &str| {
        let (what, later) = EXPIRES;
        let time = if line.trim_start().starts_with(what) { later } else { TIME };
        let words: Vec<String> = line.split(' ').map(|text| word(text, time)).collect();
        words.join(" ").trim_end().to_owned() + "\n"
    };
    said.lines().map(line).collect()
}
