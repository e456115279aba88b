//! The HTTP interface: statements are answered and sessions ended over it, by those who may, and it is as it is described.

mod attacks;
mod http;
mod links;
pub(crate) mod notices;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use e2e::prometheus::{Prometheus, promtool};
use e2e::proxy::scram_secret;
use e2e::scratch::Scratch;
use e2e::{openapi, port, psql, wait};
use serde_json::{Value, json};

use self::http::{Http, Reply};
use crate::certificates::Authority;
use crate::reload::{RELOADED, reload};
use crate::stack::{Stack, USER, text};

const POLICY: &str = r#"
@rule("needs-dba") @hold("dba") @reason("orders are not deleted lightly")
forbid (principal, action == Picket::Action::"delete", resource is Picket::Table) when { resource.name == "orders" };
@rule("needs-owner") @hold("owners")
forbid (principal, action == Picket::Action::"update", resource is Picket::Table) when { resource.name == "orders" };
@rule("needs-dba-too") @hold("dba")
forbid (principal, action == Picket::Action::"update", resource is Picket::Table) when { resource.name == "orders" };
"#;

const DELETE: &str = "DELETE FROM orders WHERE id = 1";

/// How long something may take to be seen.
const SEEN: Duration = Duration::from_secs(60);

/// A shop whose proxy asks: alice and bob are of `dba`, dave of `owners`, carol of nothing, oscar of `ops`.
struct Held {
    stack: Stack,
    http: Http,
    _folder: Scratch,
}

impl Held {
    fn start(keys: &str) -> Result<Self> {
        Held::start_with(keys, "")
    }

    /// The same with more sections about approvals.
    fn start_with(keys: &str, more: &str) -> Result<Self> {
        let folder = Scratch::new("admin")?;
        fs::write(folder.join("team.cedar"), POLICY).context("write the policy")?;
        let http = Http { port: port::free()? };
        let (policies, port) = (folder.path().display(), http.port);
        let sections = format!(
            "{keys}\n[policy]\ndir = \"{policies}\"\n[approvals]\ntimeout-secs = 600\nkill-group = \"ops\"\n{more}\
             [admin]\nlisten = \"127.0.0.1:{port}\"\n"
        );
        let mut stack = Stack::start_with(&sections)?;
        let secret = scram_secret(&stack.alice()?.password)?;
        let users = [("bob", "\"dba\""), ("carol", ""), ("dave", "\"owners\""), ("oscar", "\"ops\"")].map(
            |(name, groups)| {
                format!("[[user]]\nname = \"{name}\"\nscram-secret = \"{secret}\"\ngroups = [{groups}]\n")
            },
        );
        reload(&mut stack, RELOADED, |text| {
            let text = text.replace("name = \"alice\"\n", "name = \"alice\"\ngroups = [\"dba\"]\n");
            format!("{text}\n{}", users.concat())
        })?;
        Ok(Held { stack, http, _folder: folder })
    }

    /// alice's psql, with a statement that waits or runs.
    fn send(&self, text: &str) -> Result<Child> {
        self.send_all(&[text])
    }

    /// The same behind others of its session.
    fn send_all(&self, texts: &[&str]) -> Result<Child> {
        psql::command(&self.stack.alice()?)?
            .args(["-v", "VERBOSITY=verbose"])
            .args(texts.iter().flat_map(|text| ["-c", *text]))
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .context("start psql")
    }

    fn ask(&self, user: &str, method: &str, path: &str, body: Option<&str>) -> Result<Reply> {
        let proof = http::basic(user, &self.stack.alice()?.password);
        self.http.ask(method, path, &[("Authorization", &proof)], body)
    }

    /// The one request that somebody sees, when there is one.
    fn request(&self, user: &str) -> Result<Value> {
        wait::until("a request", SEEN, || {
            let seen = self.ask(user, "GET", "/v1/approvals", None)?.json(200)?;
            Ok(seen["approvals"].as_array().filter(|all| all.len() == 1).map(|all| all[0].clone()))
        })
    }
}

#[test]
fn statements_are_answered_over_http_and_all_answers_are_as_they_are_described() -> Result<()> {
    let held = Held::start("")?;
    let mut answers = Vec::new();
    // What is described is the path with its parameter.
    let mut note = |path: &str, reply: Reply| -> Result<Reply> {
        answers.push(json!({
            "method": reply.method, "path": path, "status": reply.status, "type": reply.kind, "body": reply.body,
        }));
        Ok(reply)
    };
    let child = held.send_all(&["SELECT id FROM users WHERE email = 'nobody'", DELETE])?;
    let request = held.request("bob")?;
    let (id, name) = (text(&request, "id")?.to_owned(), text(&request, "name")?.to_owned());
    let of = |what: &str| format!("/v1/approvals/{id}{what}");
    assert_eq!(held.stack.truth("SELECT count(*) FROM orders WHERE id = 1")?, "1", "it has not run");

    note("/v1/approvals", held.ask("bob", "GET", "/v1/approvals", None)?)?;
    wait::until("the plan", SEEN, || {
        let one = held.ask("bob", "GET", &of(""), None)?.json(200)?;
        Ok((one["plan"]["state"] != "pending").then_some(()))
    })?;
    let one = note("/v1/approvals/{id}", held.ask("bob", "GET", &of(""), None)?)?.json(200)?;
    let plan = &one["plan"];
    assert_eq!(
        (&plan["state"], &plan["rows"], &plan["is_generic"]),
        (&json!("made"), &json!(1.0), &json!(false))
    );
    assert_eq!((&plan["root"]["node"], &plan["root"]["relation"]), (&json!("Delete"), &json!("orders")));
    assert_eq!(plan["root"]["below"][0]["relation"], "orders", "{plan}");
    for (field, value) in [
        ("principal", json!(USER)),
        ("statement", json!(DELETE)),
        ("database", json!(held.stack.database)),
        ("effects", json!(["delete"])),
        ("writes", json!(["public.orders"])),
        ("rules", json!(["needs-dba"])),
        ("groups", json!(["dba"])),
        ("approved_by", json!([])),
        ("application", json!("psql")),
    ] {
        assert_eq!(one[field], value, "{field}");
    }
    let before = &one["history"][0];
    for (field, value) in [
        ("execution", json!(1)),
        ("statement", json!("SELECT id FROM users WHERE email = ?")),
        ("reads", json!(["public.users"])),
        ("outcome", json!("completed")),
    ] {
        assert_eq!(before[field], value, "{field}");
    }
    assert_eq!(request["history"], Value::Null, "a list is short");
    // Neither who asks nor who is of no group.
    for (user, code) in [(USER, "own_request"), ("carol", "not_of_group"), ("oscar", "not_of_group")] {
        for what in ["/approve", "/deny"] {
            let reply = held.ask(user, "POST", &of(what), Some("{}"))?;
            let reply = note(&format!("/v1/approvals/{{id}}{what}"), reply)?;
            assert_eq!(reply.code(403)?, code, "{user}");
        }
    }
    let own = note("/v1/approvals/{id}", held.ask(USER, "GET", &of(""), None)?)?.json(200)?;
    assert_eq!((&own["id"], &own["plan"]["state"]), (&json!(id), &json!("hidden")), "whose it is sees it");
    let unseen = note("/v1/approvals/{id}", held.ask("carol", "GET", &of(""), None)?)?;
    assert_eq!(unseen.code(404)?, "not_found");
    for body in [
        r#"{"for":"25h"}"#,
        r#"{"for":3600}"#,
        r#"{"reason":"a","reason":"b"}"#,
        r#"{"force":true}"#,
        "[",
        "[]",
    ] {
        let reply =
            note("/v1/approvals/{id}/approve", held.ask("bob", "POST", &of("/approve"), Some(body))?)?;
        assert_eq!(reply.code(400)?, "bad_request", "{body}");
    }
    let gone =
        note("/v1/approvals/{id}/deny", held.ask("bob", "POST", "/v1/approvals/00000000/deny", Some("{}"))?)?;
    assert_eq!(gone.code(404)?, "not_found");

    // By its short name, and for a while.
    let said = r#"{"for":"1h","reason":"go on"}"#;
    let path = format!("/v1/approvals/{name}/approve");
    let done = note("/v1/approvals/{id}/approve", held.ask("bob", "POST", &path, Some(said))?)?;
    assert_eq!(done.json(200)?, json!({ "outcome": "granted", "missing": [] }));
    let output = child.wait_with_output()?;
    assert!(String::from_utf8_lossy(&output.stdout).ends_with("DELETE 1\n"), "{output:?}");
    let again = note("/v1/approvals/{id}/approve", held.ask("bob", "POST", &of("/approve"), Some("{}"))?)?;
    assert_eq!(again.code(404)?, "not_found", "an answer counts once");

    let grants = note("/v1/grants", held.ask("bob", "GET", "/v1/grants", None)?)?.json(200)?;
    assert_eq!(
        (&grants["grants"][0]["id"], &grants["grants"][0]["approved_by"]),
        (&json!(id), &json!(["bob"]))
    );
    assert_eq!(held.ask("carol", "GET", "/v1/grants", None)?.json(200)?, json!({ "grants": [] }));
    ensure!(
        held.send("DELETE FROM orders WHERE id = 2")?.wait_with_output()?.status.success(),
        "it is alike"
    );
    let path = format!("/v1/grants/{name}?reason=enough+of+it");
    assert_eq!(note("/v1/grants/{id}", held.ask("carol", "DELETE", &path, None)?)?.code(404)?, "not_found");
    let revoked = note("/v1/grants/{id}", held.ask("bob", "DELETE", &path, None)?)?;
    assert_eq!(revoked.json(200)?["outcome"], "revoked");

    // Of two groups both must approve.
    let child = held.send("UPDATE orders SET id = id WHERE id = 3")?;
    let request = held.request("dave")?;
    let path = format!("/v1/approvals/{}/approve", text(&request, "id")?);
    let half = note("/v1/approvals/{id}/approve", held.ask("dave", "POST", &path, Some(""))?)?;
    assert_eq!(half.json(200)?, json!({ "outcome": "waits", "missing": ["dba"] }));
    let twice = note("/v1/approvals/{id}/approve", held.ask("dave", "POST", &path, Some("{}"))?)?;
    assert_eq!(twice.code(409)?, "already_approved");
    assert_eq!(held.request("bob")?["approved_by"], json!(["dave"]));
    let path = path.replace("/approve", "/deny");
    let denied = note(
        "/v1/approvals/{id}/deny",
        held.ask("bob", "POST", &path, Some(r#"{"reason":"not on a \u202eFriday"}"#))?,
    )?;
    assert_eq!(denied.json(200)?["outcome"], "denied");
    let told = String::from_utf8_lossy(&child.wait_with_output()?.stderr).into_owned();
    assert!(told.contains("bob has denied it: not on a \\u{202e}Friday"), "{told}");

    for (path, described) in
        [("/healthz", "/healthz"), ("/metrics", "/metrics"), ("/openapi.json", "/openapi.json")]
    {
        note(described, held.http.ask("GET", path, &[], None)?)?;
    }
    note("/v1/sessions", held.ask("oscar", "GET", "/v1/sessions", None)?)?;
    note("/v1/sessions", held.http.ask("GET", "/v1/sessions", &[], None)?)?;
    let description = held.http.ask("GET", "/openapi.json", &[], None)?.json(200)?;
    openapi::validate(&description, &answers)?;

    // The ledger has the same of an answer by either door.
    let select = "SELECT * FROM approvals FINAL ORDER BY at";
    let rows = held.stack.ledger.wait_rows("the events", select, |rows| rows.len() == 7)?;
    let events: Vec<String> = rows
        .iter()
        .map(|row| Ok(format!("{} {} {}", text(row, "event")?, text(row, "by")?, text(row, "reason")?)))
        .collect::<Result<_>>()?;
    assert_eq!(
        events.iter().map(|event| event.trim()).collect::<Vec<_>>(),
        [
            "asked",
            "granted bob for 3600 s: go on",
            &format!("approved bob by the grant {name}"),
            "revoked bob enough of it",
            "asked",
            "approved dave",
            "denied bob not on a \u{202e}Friday",
        ]
    );
    Ok(())
}

#[test]
fn sessions_are_seen_by_whose_they_are_and_ended_by_whoever_may() -> Result<()> {
    let held = Held::start("")?;
    let child = held.send("SELECT pg_sleep(600)")?;
    let seen_by = |user: &str| -> Result<Vec<Value>> {
        let seen = held.ask(user, "GET", "/v1/sessions", None)?.json(200)?;
        Ok(seen["sessions"].as_array().cloned().unwrap_or_default())
    };
    let session = wait::until("the session", SEEN, || Ok(seen_by("oscar")?.pop()))?;
    assert_eq!((text(&session, "principal")?, text(&session, "application")?), (USER, "psql"));
    assert_eq!((seen_by(USER)?.len(), seen_by("bob")?.len()), (1, 0));
    let path = format!("/v1/sessions/{}", text(&session, "id")?);
    for user in [USER, "bob"] {
        assert_eq!(held.ask(user, "DELETE", &path, None)?.code(403)?, "not_of_group");
    }
    for (path, status) in [
        (format!("{path}?reason={}", "x".repeat(501)), 400),
        (format!("{path}?because=x"), 400),
        ("/v1/sessions/00000000-0000-0000-0000-000000000000".to_owned(), 404),
        ("/v1/sessions/00000000".to_owned(), 404),
    ] {
        assert_eq!(held.ask("oscar", "DELETE", &path, None)?.status, status, "{path}");
    }
    let reply = held.ask("oscar", "DELETE", &format!("{path}?reason=it%27s+a+holiday"), None)?;
    assert_eq!(reply.json(200)?["outcome"], "killed");
    let told = String::from_utf8_lossy(&child.wait_with_output()?.stderr).into_owned();
    assert!(told.contains("57P01: terminating connection because oscar has ended it"), "{told}");
    assert!(told.contains("it's a holiday"), "{told}");
    let select = "SELECT * FROM sessions FINAL WHERE end_reason LIKE 'killed%'";
    let row = held.stack.ledger.wait_row("the session's end", select)?;
    assert_eq!(text(&row, "end_reason")?, "killed by oscar: it's a holiday");
    Ok(())
}

/// The value of a metric, which stands on a line of its own.
pub(crate) fn value(metrics: &str, name: &str) -> Result<f64> {
    let line = metrics.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    line.with_context(|| format!("find {name} in {metrics}"))?.parse().context("read the number")
}

#[test]
fn metrics_count_what_is_done_and_name_nobody() -> Result<()> {
    let held = Held::start("")?;
    let alice = held.stack.alice()?;
    psql::run(&alice, "SELECT 1")?.success()?;
    let refused = psql::run(&alice, "DROP TABLE orders")?;
    ensure!(refused.code != 0, "it is gone");
    psql::run(&alice.as_user(USER, "wrong"), "SELECT 1")?;
    let mut child = held.send(DELETE)?;
    let metrics = || -> Result<String> {
        let reply = held.http.ask("GET", "/metrics", &[], None)?;
        ensure!(
            (reply.status, reply.kind.as_str()) == (200, "text/plain; version=0.0.4; charset=utf-8"),
            "{reply:?}"
        );
        Ok(reply.body)
    };
    let text = wait::until("all of it", SEEN, || {
        let text = metrics()?;
        let is_there = value(&text, "picket_proxy_approvals_waiting")? == 1.0
            && value(&text, "picket_proxy_spool_records")? == 0.0
            // It is counted a moment after it is taken out of the spool.
            && 6.0 <= value(&text, "picket_proxy_ledger_records_total")?;
        Ok(is_there.then_some(text))
    })?;
    for (name, expected) in [
        ("picket_proxy_sessions", 1.0),
        ("picket_proxy_statements_total{verdict=\"allow\",outcome=\"completed\"}", 1.0),
        ("picket_proxy_statements_total{verdict=\"refuse\",outcome=\"failed\"}", 1.0),
        ("picket_proxy_approval_events_total{event=\"asked\"}", 1.0),
        ("picket_proxy_approval_events_total{event=\"denied\"}", 0.0),
        ("picket_proxy_wrong_proofs_total", 1.0),
        ("picket_proxy_spool_waits_seconds", 0.0),
        ("picket_proxy_ledger_failures_total{reason=\"refused\"}", 0.0),
        ("picket_proxy_spool_refusals_total", 0.0),
        ("picket_proxy_spool_segments_set_aside", 0.0),
        ("picket_proxy_clock_steps_total", 0.0),
    ] {
        assert_eq!(value(&text, name)?, expected, "{name} in {text}");
    }
    for secret in [USER, &held.stack.database, "orders"] {
        assert!(!text.contains(secret), "{secret}: {text}");
    }
    child.kill()?;
    child.wait()?;
    wait::until("it to be given up", SEEN, || {
        Ok((value(&metrics()?, "picket_proxy_approvals_waiting")? == 0.0).then_some(()))
    })
}

#[test]
fn with_a_certificate_nothing_is_said_without_tls_and_reload_takes_a_new_one() -> Result<()> {
    let authority = Authority::new()?;
    let (first, second) = (authority.server("127.0.0.1")?, authority.server("localhost")?);
    let port = port::free()?;
    let (cert, key) = (first.cert.display(), first.key.display());
    let sections = format!("[admin]\nlisten = \"127.0.0.1:{port}\"\ncert = \"{cert}\"\nkey = \"{key}\"\n");
    let mut stack = Stack::start_with(&sections)?;
    let plain = Http { port }.send(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
    assert!(plain.is_err(), "it answers without TLS: {plain:?}");
    let proof = http::basic(USER, &stack.alice()?.password);
    let ask =
        |host: &str| http::over_tls(&authority.cert, &format!("https://{host}:{port}/v1/sessions"), &proof);
    assert_eq!(ask("127.0.0.1")?.0, 200);
    let (status, body) =
        http::over_tls(&authority.cert, &format!("https://127.0.0.1:{port}/v1/grants"), "Basic eA==")?;
    assert!(status == 401 && body.contains("unauthenticated"), "{status} {body}");
    reload(&mut stack, RELOADED, |text| {
        let text = text.replace(&format!("{cert}"), &format!("{}", second.cert.display()));
        text.replace(&format!("{key}"), &format!("{}", second.key.display()))
    })?;
    assert!(ask("127.0.0.1").is_err(), "the certificate is another one");
    assert_eq!(ask("localhost")?.0, 200);
    // Elsewhere it would be without TLS: all of it stays as it was.
    reload(&mut stack, RELOADED, |text| {
        let kept: Vec<&str> =
            text.lines().filter(|line| !line.starts_with("cert = ") && !line.starts_with("key = ")).collect();
        kept.join("\n").replace(&format!("127.0.0.1:{port}"), "127.0.0.1:1")
    })?;
    assert_eq!(ask("localhost")?.0, 200);
    stack.proxy.wait_log("changes with a restart only")?;
    Ok(())
}

/// The folder of rules for Prometheus.
const RULES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../dashboards/prometheus");

#[test]
fn prometheus_reads_the_metrics_and_goes_by_its_rules() -> Result<()> {
    let rules = Path::new(RULES).join("picket-rules.yaml");
    promtool(&["test", "rules", &format!("{RULES}/picket-rules-test.yaml")], "")?;
    let held = Held::start("")?;
    let metrics = held.http.ask("GET", "/metrics", &[], None)?.body;
    promtool(&["check", "metrics"], &metrics)?;
    let text = fs::read_to_string(&rules).context("read the rules")?;
    let named = text.split(|letter: char| !letter.is_ascii_lowercase() && letter != '_');
    let named: BTreeSet<&str> = named.filter(|word| word.starts_with("picket_proxy_")).collect();
    assert!(5 < named.len(), "{named:?}");
    let prometheus = Prometheus::start(&format!("127.0.0.1:{}", held.http.port), &rules)?;
    for name in named {
        wait::until("Prometheus to have it", SEEN, || {
            let answer = prometheus.ask(&format!("/api/v1/query?query={name}"))?;
            Ok(answer["data"]["result"].as_array().filter(|all| !all.is_empty()).map(Vec::len))
        })
        .with_context(|| format!("{name}, of which a rule speaks, in {metrics}"))?;
    }
    let all = prometheus.ask("/api/v1/rules")?;
    let all = all["data"]["groups"][0]["rules"].as_array().context("find the rules")?;
    assert!(all.iter().all(|rule| rule["health"] != "err" && rule["state"] == "inactive"), "{all:#?}");
    assert_eq!(all.len(), text.matches("- alert:").count());
    Ok(())
}
