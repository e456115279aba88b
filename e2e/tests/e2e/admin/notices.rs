//! Webhooks: those who may answer are told of requests, in the shapes that Slack and Teams take, and whatever a receiver does, no
//! request waits for it.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener};
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use e2e::scratch::Scratch;
use e2e::{psql, shapes, wait};
use ring::hmac;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use serde_json::{Value, json};

use super::{Held, SEEN, value};
use crate::certificates::Authority;
use crate::reload::{RELOADED, reload};
use crate::stack::{USER, text};

const SECRET: &str = "a-secret-of-a-throwaway-webhook";

/// A value that nobody may read in chat.
const LITERAL: &str = "70061234";

/// What somebody calls their program so that it looks like something else.
const SLY: &str = "<!channel> <https://evil.example.com|click> [click](https://evil.example.com) *x*";

/// What a receiver does not take, as one behind a filter.
pub(crate) const UNWANTED: &str = "or 1=1 --";

/// Something that was posted.
#[derive(Clone, Debug)]
pub(crate) struct Post {
    path: String,
    headers: Vec<(String, String)>,
    text: String,
}

/// Takes what is posted, and answers with a status.
pub(crate) struct Receiver {
    pub(crate) port: u16,
    posts: Arc<Mutex<Vec<Post>>>,
    status: Arc<AtomicU16>,
}

impl Receiver {
    pub(crate) fn start() -> Result<Self> {
        Receiver::start_with(None)
    }

    /// With TLS, as receivers elsewhere have it.
    fn start_with(tls: Option<Arc<ServerConfig>>) -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("listen for posts")?;
        let receiver = Receiver {
            port: listener.local_addr()?.port(),
            posts: Arc::default(),
            status: Arc::new(AtomicU16::new(200)),
        };
        let (posts, status) = (Arc::clone(&receiver.posts), Arc::clone(&receiver.status));
        // It ends with the test's process.
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (posts, status, tls) = (Arc::clone(&posts), Arc::clone(&status), tls.clone());
                thread::spawn(move || match tls.map(ServerConnection::new) {
                    Some(Ok(tls)) => take(StreamOwned::new(tls, stream), &posts, &status),
                    Some(Err(_)) => None,
                    None => take(stream, &posts, &status),
                });
            }
        });
        Ok(receiver)
    }

    /// Everything at this path, when there is so much.
    pub(crate) fn posts(&self, path: &str, count: usize) -> Result<Vec<Post>> {
        wait::until(format!("{count} posts at {path}"), SEEN, || {
            let all = self.posts.lock().unwrap_or_else(PoisonError::into_inner);
            let found: Vec<Post> = all.iter().filter(|post| post.path == path).cloned().collect();
            Ok((count <= found.len()).then_some(found))
        })
    }
}

fn take(stream: impl Read + Write, posts: &Mutex<Vec<Post>>, status: &AtomicU16) -> Option<()> {
    let mut reader = BufReader::new(stream);
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok().filter(|read| *read != 0)?;
        let path = line.split(' ').nth(1)?.to_owned();
        let mut headers = Vec::new();
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).ok()?;
            let Some((name, value)) = line.trim_end().split_once(": ") else { break };
            headers.push((name.to_ascii_lowercase(), value.to_owned()));
        }
        let length = headers.iter().find(|(name, _)| name == "content-length")?.1.parse().ok()?;
        let mut body = vec![0; length];
        reader.read_exact(&mut body).ok()?;
        let text = String::from_utf8(body).ok()?;
        let status = if text.contains(UNWANTED) { 403 } else { status.load(Ordering::Relaxed) };
        posts.lock().unwrap_or_else(PoisonError::into_inner).push(Post { path, headers, text });
        let answer = format!("HTTP/1.1 {status} X\r\nContent-Length: 0\r\n\r\n");
        reader.get_mut().write_all(answer.as_bytes()).ok()?;
    }
}

impl Post {
    fn header(&self, name: &str) -> Result<&str> {
        let found = self.headers.iter().find(|(known, _)| known == name);
        Ok(&found.with_context(|| format!("find {name} in {:?}", self.headers))?.1)
    }

    pub(crate) fn has(&self, text: &str) -> bool {
        self.text.contains(text)
    }

    pub(crate) fn json(&self) -> Result<Value> {
        serde_json::from_str(&self.text).with_context(|| format!("read {}", self.text))
    }
}

/// Every text of `value` with the object that it is in.
fn texts<'v>(value: &'v Value, found: &mut Vec<(&'v Value, &'v str)>) {
    match value {
        Value::Object(object) => {
            for (_, inner) in object {
                match inner {
                    Value::String(text) => found.push((value, text)),
                    inner => texts(inner, found),
                }
            }
        }
        Value::Array(all) => all.iter().for_each(|one| texts(one, found)),
        _ => {}
    }
}

fn section(port: u16, format: &str, more: &str) -> String {
    format!(
        "[[approvals.webhook]]\nurl = \"http://127.0.0.1:{port}/{format}\"\nformat = \"{format}\"\n{more}\n"
    )
}

#[test]
fn requests_and_answers_are_told_in_each_shape_and_no_value_is_among_them() -> Result<()> {
    let receiver = Receiver::start()?;
    let folder = Scratch::new("webhooks")?;
    let file = folder.join("secret");
    fs::write(&file, format!("{SECRET}\n"))?;
    let signed = format!(
        "hmac-secret-file = \"{}\"\nlink = \"https://ops.example.com/{{request}}\"\n",
        file.display()
    );
    let sections = [
        section(receiver.port, "json", &signed),
        section(receiver.port, "slack", "link = \"https://ops.example.com/{request}\"\n"),
        section(receiver.port, "teams", "link = \"https://ops.example.com/{request}\"\n"),
        section(receiver.port, "json", "show-statement = true\n").replace("/json", "/whole"),
    ];
    let held = Held::start_with("", &sections.concat())?;
    let statement = format!(
        "DELETE FROM orders WHERE id = {LITERAL} AND user_id IN (SELECT id FROM users WHERE email <> '')"
    );
    let child = psql::command(&held.stack.alice()?)?
        .args(["-c", &statement])
        .env("PGAPPNAME", SLY)
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn()?;
    let request = held.request("bob")?;
    let id = text(&request, "id")?;
    let body = json!({ "for": "1h", "reason": "go on" }).to_string();
    held.ask("bob", "POST", &format!("/v1/approvals/{id}/approve"), Some(&body))?.json(200)?;
    child.wait_with_output()?;
    held.ask("bob", "DELETE", &format!("/v1/grants/{id}"), None)?.json(200)?;

    let own = receiver.posts("/json", 3)?;
    let events: Vec<Value> = own.iter().map(Post::json).collect::<Result<_>>()?;
    let told: Vec<&str> = events.iter().map(|event| text(event, "event")).collect::<Result<_>>()?;
    assert_eq!(told, ["asked", "granted", "revoked"]);
    let asked = &events[0];
    for (field, expected) in [
        ("id", json!(id)),
        ("principal", json!(USER)),
        ("database", json!(held.stack.database)),
        ("application", json!(SLY)),
        ("effects", json!(["delete", "select"])),
        ("writes", json!(["public.orders"])),
        ("classes", json!(["email"])),
        ("rules", json!(["needs-dba"])),
        ("groups", json!(["dba"])),
        ("statement", Value::Null),
    ] {
        assert_eq!(asked["request"][field], expected, "{field}");
    }
    assert_eq!((text(&events[1], "by")?, text(&events[1], "reason")?), ("bob", "for 3600 s: go on"));
    assert_eq!(text(asked, "link")?, format!("https://ops.example.com/{id}"));
    for post in &own {
        let secs: u64 = post.header("x-picket-timestamp")?.parse()?;
        let signed = format!("v1:{secs}:{}", post.text);
        let key = hmac::Key::new(hmac::HMAC_SHA256, SECRET.as_bytes());
        let hex = hmac::sign(&key, signed.as_bytes())
            .as_ref()
            .iter()
            .fold(String::new(), |text, byte| text + &format!("{byte:02x}"));
        assert_eq!(post.header("x-picket-signature")?, format!("v1={hex}"));
        assert!(secs.abs_diff(crate::identity::rig::now()) < 120, "{secs}");
        assert_eq!(post.header("x-picket-delivery")?, text(&post.json()?, "delivery")?);
    }

    let shaped =
        |path: &str| -> Result<Vec<Value>> { receiver.posts(path, 3)?.iter().map(Post::json).collect() };
    let (slack, teams) = (shaped("/slack")?, shaped("/teams")?);
    shapes::check(&slack, &teams)?;
    for (message, plain) in [(&slack[0], "plain_text"), (&teams[0], "TextRun")] {
        let mut all = Vec::new();
        texts(message, &mut all);
        let sly: Vec<_> = all.iter().filter(|(_, text)| text.contains("evil.example.com")).collect();
        assert_eq!(sly.len(), 1, "{message}");
        for (object, _) in sly {
            assert_eq!(object["type"], plain, "it would be read as more than a text: {object}");
        }
        let whole = message.to_string();
        for part in [
            USER,
            "public.orders",
            "needs-dba",
            "email",
            " by scram-sha-256, 0 statements before",
            text(&request, "name")?,
            &format!("https://ops.example.com/{id}"),
        ] {
            assert!(whole.contains(part), "{part}: {whole}");
        }
    }
    for path in ["/json", "/slack", "/teams"] {
        for post in receiver.posts(path, 3)? {
            assert!(!post.text.contains(LITERAL), "{}", post.text);
        }
    }
    let whole = receiver.posts("/whole", 1)?[0].json()?;
    assert_eq!(text(&whole["request"], "statement")?, statement);
    assert!(receiver.posts("/whole", 1)?[0].header("x-picket-signature").is_err(), "there is no secret");
    Ok(())
}

#[test]
fn an_outage_of_a_receiver_costs_no_request_anything_and_is_recorded() -> Result<()> {
    let receiver = Receiver::start()?;
    receiver.status.store(503, Ordering::Relaxed);
    // The second is nowhere.
    let sections = [section(receiver.port, "json", ""), section(1, "slack", "")];
    let mut held = Held::start_with("", &sections.concat())?;
    let child = held.send("DELETE FROM orders WHERE id = 1")?;
    let begun = Instant::now();
    let request = held.request("bob")?;
    let path = format!("/v1/approvals/{}/approve", text(&request, "id")?);
    assert_eq!(held.ask("bob", "POST", &path, Some("{}"))?.json(200)?["outcome"], "runs");
    ensure!(child.wait_with_output()?.status.success(), "it did not run");
    ensure!(begun.elapsed() < SEEN, "it waited for a webhook");

    let tries = receiver.posts("/json", 3)?;
    let first = tries[0].header("x-picket-delivery")?.to_owned();
    for again in &tries {
        assert_eq!(
            (again.header("x-picket-delivery")?, &again.text),
            (first.as_str(), &tries[0].text),
            "it is the same one"
        );
    }
    let select = "SELECT * FROM alerts FINAL WHERE kind = 'undelivered' ORDER BY raised_at";
    let alerts = held.stack.ledger.wait_rows("the outages", select, |rows| rows.len() == 2)?;
    let place = format!("cannot be told to http://127.0.0.1:{}: it answered 503", receiver.port);
    let told: Vec<&str> = alerts.iter().map(|alert| text(alert, "message")).collect::<Result<_>>()?;
    assert!(told.iter().any(|message| message.contains(&place)), "{told:?}");
    let metrics = held.http.ask("GET", "/metrics", &[], None)?.body;
    assert!(4.0 <= value(&metrics, "picket_proxy_webhook_failures_total")?, "{metrics}");

    receiver.status.store(200, Ordering::Relaxed);
    let select = format!("{select} LIMIT 2, 1");
    let again = held.stack.ledger.wait_row("the end of the outage", &select)?;
    assert!(text(&again, "message")?.contains("again, after "), "{again}");
    let both = wait::until("both events", SEEN, || {
        let posts = receiver.posts("/json", 1)?;
        let events: Vec<Value> = posts.iter().map(Post::json).collect::<Result<_>>()?;
        let mut events: Vec<String> =
            events.iter().map(|event| Ok(text(event, "event")?.to_owned())).collect::<Result<_>>()?;
        events.dedup();
        Ok((events.len() == 2).then_some(events))
    })?;
    assert_eq!(both, ["asked", "approved"], "in their order");
    // One that is nowhere does not hold up the end of the proxy either.
    let begun = Instant::now();
    assert_eq!(held.stack.proxy.stop()?, 0);
    ensure!(begun.elapsed() < Duration::from_secs(30), "it took {:?}", begun.elapsed());
    Ok(())
}

#[test]
fn a_receiver_is_told_over_tls_where_its_certificate_is_good_and_reload_takes_another() -> Result<()> {
    let authority = Authority::new()?;
    let (named, unnamed) = (authority.server("127.0.0.1")?, authority.server("elsewhere.example.com")?);
    let tls = |files: &crate::certificates::Files| -> Result<Arc<ServerConfig>> {
        let chain = vec![CertificateDer::from_pem_file(&files.cert)?];
        let key = PrivateKeyDer::from_pem_file(&files.key)?;
        let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(chain, key)?;
        Ok(Arc::new(config))
    };
    let (good, bad) =
        (Receiver::start_with(Some(tls(&named)?))?, Receiver::start_with(Some(tls(&unnamed)?))?);
    let section = |port: u16| {
        let address = format!("url = \"https://127.0.0.1:{port}/json\"");
        format!(
            "[[approvals.webhook]]\n{address}\nformat = \"json\"\nroot-ca = \"{}\"\n",
            authority.cert.display()
        )
    };
    let mut held = Held::start_with("", &section(bad.port))?;
    let answer = |held: &Held| -> Result<()> {
        let child = held.send("DELETE FROM orders WHERE id = 1")?;
        let id = text(&held.request("bob")?, "id")?.to_owned();
        held.ask("bob", "POST", &format!("/v1/approvals/{id}/deny"), Some("{}"))?.json(200)?;
        child.wait_with_output()?;
        Ok(())
    };
    answer(&held)?;
    let select = "SELECT * FROM alerts FINAL WHERE kind = 'undelivered'";
    let alert = held.stack.ledger.wait_row("the outage", select)?;
    assert!(text(&alert, "message")?.contains("certificate"), "{alert}");
    assert!(bad.posts("/json", 0)?.is_empty(), "it is not who it says");

    let (from, to) = (format!(":{}/json", bad.port), format!(":{}/json", good.port));
    reload(&mut held.stack, RELOADED, |text| text.replace(&from, &to))?;
    answer(&held)?;
    let told = good.posts("/json", 2)?;
    assert_eq!((&told[0].json()?["event"], &told[1].json()?["event"]), (&json!("asked"), &json!("denied")));
    Ok(())
}
