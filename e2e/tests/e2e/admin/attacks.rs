//! Ways round the HTTP interface's door.

use std::fs;
use std::io::{Read, Write};
use std::process::{Child, Stdio};

use anyhow::{Context, Result, ensure};
use e2e::scratch::Scratch;
use e2e::{port, psql, wait};
use serde_json::{Value, json};

use super::http::{Http, basic, bearer};
use super::{DELETE, Held, POLICY, SEEN};
use crate::identity::attacks::attacks;
use crate::identity::rig::{CAROL, Key, Rig, now};
use crate::stack::{USER, text};

/// A provider, and a proxy that asks somebody of dba; alice is local and of nothing.
struct Tokens {
    rig: Rig,
    http: Http,
    _folder: Scratch,
}

impl Tokens {
    fn start() -> Result<Self> {
        let folder = Scratch::new("admin")?;
        fs::write(folder.join("team.cedar"), POLICY).context("write the policy")?;
        let http = Http { port: port::free()? };
        let (policies, port) = (folder.path().display(), http.port);
        let sections = format!(
            "[policy]\ndir = \"{policies}\"\n[approvals]\nkill-group = \"ops\"\n[admin]\nlisten = \"127.0.0.1:{port}\"\n"
        );
        Ok(Tokens { rig: Rig::start("require", "", &sections)?, http, _folder: folder })
    }

    fn token(&self, user: &str, claims: Value) -> Result<String> {
        let mut all = json!({ "preferred_username": user, "groups": ["dba", "ops"] });
        for (name, value) in claims.as_object().into_iter().flatten() {
            all[name] = value.clone();
        }
        self.rig.key.token(all)
    }

    /// psql of whom a token lets in, with a statement that waits.
    fn send(&self, user: &str, token: &str) -> Result<Child> {
        psql::command(&self.rig.login(user, token)?)?
            .args(["-c", DELETE])
            .env("PGSSLMODE", "require")
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .context("start psql")
    }

    fn request(&self, token: &str) -> Result<String> {
        wait::until("a request", SEEN, || {
            let reply = self.http.ask("GET", "/v1/approvals", &[("Authorization", &bearer(token))], None)?;
            let seen = reply.json(200)?;
            seen["approvals"].get(0).map(|one| Ok(text(one, "id")?.to_owned())).transpose()
        })
    }
}

#[test]
fn a_good_token_of_the_group_answers_and_no_other_does() -> Result<()> {
    let tokens = Tokens::start()?;
    let carol = tokens.token(CAROL, json!({}))?;
    let erin = tokens.token("erin@example.com", json!({}))?;
    let child = tokens.send(CAROL, &carol)?;
    let path = format!("/v1/approvals/{}/approve", tokens.request(&erin)?);
    let approve = |proof: &str| tokens.http.ask("POST", &path, &[("Authorization", proof)], Some("{}"));

    let other = Key::new("another", &tokens.rig.provider)?;
    // These two are good tokens of somebody else, and no more.
    let of_others = ["another user", "the user in capitals"];
    for (what, token) in attacks(&tokens.rig, &other)? {
        let status = approve(&bearer(&token)).map_or(0, |reply| reply.status);
        let expected: &[u16] = if of_others.contains(&what) { &[403] } else { &[0, 400, 401, 431] };
        assert!(expected.contains(&status), "{what}: {status}");
    }
    let acts = tokens.token("erin@example.com", json!({ "act": { "sub": "report-bot" } }))?;
    let local = tokens.token(USER, json!({}))?;
    let no_group = tokens.token("frank@example.com", json!({ "groups": ["staff"] }))?;
    let expired = tokens.token("erin@example.com", json!({ "iat": now() - 900, "exp": now() - 600 }))?;
    let elsewhere = tokens.token("erin@example.com", json!({ "aud": "urn:other" }))?;
    let password = tokens.rig.stack.alice()?.password;
    for (what, proof, status, code) in [
        ("nothing", String::new(), 401, "unauthenticated"),
        ("no scheme", erin.clone(), 401, "unauthenticated"),
        ("another scheme", format!("Negotiate {erin}"), 401, "unauthenticated"),
        ("whoever asks", bearer(&carol), 403, "own_request"),
        ("what acts for somebody", bearer(&acts), 403, "acts_for_another"),
        ("a token of a local name", bearer(&local), 401, "unauthenticated"),
        ("somebody of no group", bearer(&no_group), 403, "not_of_group"),
        ("an expired token", bearer(&expired), 401, "unauthenticated"),
        ("a token for others", bearer(&elsewhere), 401, "unauthenticated"),
        ("a local user of no group", basic(USER, &password), 403, "not_of_group"),
        ("a wrong password", basic(USER, "guess"), 401, "unauthenticated"),
        ("no password", basic(USER, ""), 401, "unauthenticated"),
        ("nobody", basic("mallory", &password), 401, "unauthenticated"),
        ("a token as a password", basic("erin@example.com", &erin), 401, "unauthenticated"),
        ("a hash as a password", basic(USER, "SCRAM-SHA-256$4096:AA==$AA==:AA=="), 401, "unauthenticated"),
        ("no Base64", "Basic !!!".to_owned(), 401, "unauthenticated"),
    ] {
        let reply = approve(&proof)?;
        assert_eq!(reply.code(status)?, code, "{what}");
        if status == 401 {
            assert_eq!(
                reply.header("www-authenticate").as_deref(),
                Some("Bearer realm=\"picket\""),
                "{what}"
            );
        }
    }
    let twice = tokens.http.ask(
        "POST",
        &path,
        &[("Authorization", &bearer(&no_group)), ("Authorization", &bearer(&erin))],
        Some("{}"),
    )?;
    assert_eq!(twice.code(401)?, "unauthenticated", "two proofs are none");
    assert_eq!(tokens.rig.stack.truth("SELECT count(*) FROM orders WHERE id = 1")?, "1", "it has not run");
    assert_eq!(approve(&bearer(&erin))?.json(200)?["outcome"], "runs");
    let output = child.wait_with_output()?;
    ensure!(output.status.success(), "{output:?}");
    assert!(!tokens.rig.stack.proxy.log().contains(&erin), "the log has a token");
    Ok(())
}

#[test]
fn what_a_web_page_could_send_is_not_taken_and_odd_requests_are_refused_in_json() -> Result<()> {
    let held = Held::start("")?;
    let mut child = held.send(DELETE)?;
    let request = held.request("bob")?;
    let id = text(&request, "id")?;
    let proof = basic("bob", &held.stack.alice()?.password);
    let port = held.http.port;
    let approve = format!("/v1/approvals/{id}/approve");
    let own_host = format!("127.0.0.1:{port}");
    let send = |method: &str, path: &str, host: &str, headers: &str, body: &str| {
        let length = body.len();
        let text = format!(
            "{method} {path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: {proof}\r\nContent-Length: {length}\r\n{headers}\r\n{body}"
        );
        held.http.send(text.as_bytes())
    };
    let json = "Content-Type: application/json\r\n";
    let form = "Content-Type: application/x-www-form-urlencoded\r\n";
    // A browser that knows bob's password sends it with whatever a page of another place wants.
    for (what, method, path, host, headers, body, status) in [
        ("a form", "POST", approve.as_str(), own_host.as_str(), form, "reason=x", 415),
        ("a form of text", "POST", &approve, &own_host, "Content-Type: text/plain\r\n", "{}", 415),
        (
            "a form of parts",
            "POST",
            &approve,
            &own_host,
            "Content-Type: multipart/form-data; boundary=x\r\n",
            "{}",
            415,
        ),
        ("no type", "POST", &approve, &own_host, "", "{}", 415),
        ("two types", "POST", &approve, &own_host, &format!("{json}{form}"), "{}", 415),
        (
            "another origin",
            "POST",
            &approve,
            &own_host,
            &format!("{json}Origin: https://evil.example.com\r\n"),
            "{}",
            403,
        ),
        ("no origin to name", "POST", &approve, &own_host, &format!("{json}Origin: null\r\n"), "{}", 403),
        (
            "another site",
            "POST",
            &approve,
            &own_host,
            &format!("{json}Sec-Fetch-Site: cross-site\r\n"),
            "{}",
            403,
        ),
        (
            "another port of the host",
            "POST",
            &approve,
            &own_host,
            &format!("{json}Sec-Fetch-Site: same-site\r\n"),
            "{}",
            403,
        ),
        ("an image", "GET", "/v1/approvals", &own_host, "Sec-Fetch-Site: cross-site\r\n", "", 403),
        (
            "what asks before",
            "OPTIONS",
            &approve,
            &own_host,
            "Access-Control-Request-Method: POST\r\n",
            "",
            405,
        ),
        ("a name that was bound anew", "POST", &approve, "evil.example.com", json, "{}", 421),
        ("the same for reading", "GET", "/v1/approvals", &format!("evil.example.com:{port}"), "", "", 421),
        ("a name that begins alike", "GET", "/v1/approvals", "localhost.evil.example.com", "", "", 421),
        ("a user before the name", "GET", "/v1/approvals", "127.0.0.1@evil.example.com", "", "", 421),
        ("two hosts", "GET", "/v1/approvals", &own_host, "Host: evil.example.com\r\n", "", 400),
        ("a whole address", "GET", "http://127.0.0.1/v1/approvals", &own_host, "", "", 400),
        ("another method", "PUT", &approve, &own_host, json, "{}", 405),
        ("reading by sending", "POST", "/v1/approvals", &own_host, json, "{}", 405),
        ("answering by reading", "GET", &approve, &own_host, "", "", 405),
        ("no method", "TRACE", "/v1/approvals", &own_host, "", "", 405),
        (
            "another method said beside",
            "GET",
            &approve,
            &own_host,
            "X-HTTP-Method-Override: POST\r\n",
            "",
            405,
        ),
        ("up and away", "GET", "/v1/../../../etc/passwd", &own_host, "", "", 404),
        (
            "up and away, encoded",
            "GET",
            "/v1/approvals/%2e%2e%2f%2e%2e%2fetc%2fpasswd",
            &own_host,
            "",
            "",
            404,
        ),
        ("down and up", "GET", "/v1/grants/../approvals", &own_host, "", "", 404),
        ("SQL for a name", "GET", "/v1/approvals/1'OR'1'='1", &own_host, "", "", 404),
        ("a NUL", "GET", "/v1/approvals/%00", &own_host, "", "", 404),
        ("all of them", "DELETE", "/v1/sessions/", &own_host, "", "", 404),
        (
            "a long body",
            "POST",
            &approve,
            &own_host,
            json,
            &format!("{{\"reason\":\"{}\"}}", "x".repeat(20_000)),
            413,
        ),
        ("deep JSON", "POST", &approve, &own_host, json, &"[".repeat(10_000), 400),
    ] {
        let reply = send(method, path, host, headers, body).with_context(|| what.to_owned())?;
        assert_eq!(reply.status, status, "{what}: {reply:?}");
        reply.code(status).with_context(|| what.to_owned())?;
        let allows = reply.head.to_ascii_lowercase().contains("access-control-allow");
        assert!(!allows, "{what}: {reply:?}");
        assert_eq!(reply.header("allow").is_some(), status == 405, "{what}");
    }
    // What is no HTTP has no JSON, and no answer but that.
    let long = format!("GET /healthz HTTP/1.1\r\nHost: {own_host}\r\nX: {}\r\n\r\n", "x".repeat(100_000));
    let many = format!("GET /healthz HTTP/1.1\r\nHost: {own_host}\r\n{}\r\n", "X: y\r\n".repeat(200));
    let smuggled = format!(
        "POST {approve} HTTP/1.1\r\nHost: {own_host}\r\nAuthorization: {proof}\r\n{json}Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n\
         0\r\n\r\nGET /healthz HTTP/1.1\r\nHost: {own_host}\r\n\r\n"
    );
    for (what, request) in
        [("a long header", long), ("many headers", many), ("no HTTP", "\x16\x03\x01\r\n\r\n".to_owned())]
    {
        let status = held.http.send(request.as_bytes()).map_or(0, |reply| reply.status);
        assert!([0, 400, 431].contains(&status), "{what}: {status}");
    }
    // One request, one answer: what is behind it is never read as another.
    let reply = held.http.send(smuggled.as_bytes());
    assert_eq!(reply.map_or(0, |reply| reply.body.matches("HTTP/1.1").count()), 0);
    child.kill()?;
    child.wait()?;
    Ok(())
}

#[test]
fn whoever_is_slow_keeps_nobody_out() -> Result<()> {
    let held = Held::start("")?;
    let begun: Vec<_> = (0..80)
        .map(|_| {
            let mut stream = held.http.connect()?;
            let _ = stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: ");
            Ok(stream)
        })
        .collect::<Result<_>>()?;
    wait::until("somebody to be answered", SEEN, || {
        let reply = held.http.ask("GET", "/healthz", &[], None);
        Ok(reply.is_ok_and(|reply| reply.status == 200).then_some(()))
    })?;
    for mut stream in begun {
        // It ends, with an answer or without.
        let mut rest = Vec::new();
        if let Err(error) = stream.read_to_end(&mut rest) {
            ensure!(error.kind() == std::io::ErrorKind::ConnectionReset, "it is still there: {error}");
        }
    }
    Ok(())
}

#[test]
fn wrong_proofs_count_like_those_of_log_ins_and_with_them() -> Result<()> {
    let held = Held::start("max-failed-logins-per-user = 3\nmax-failed-logins-per-address = 5\n")?;
    let alice = held.stack.alice()?;
    let ask = |proof: &str| held.http.ask("GET", "/v1/approvals", &[("Authorization", proof)], None);
    for _ in 0..3 {
        assert_eq!(ask(&basic(USER, "guess"))?.code(401)?, "unauthenticated");
    }
    for password in ["guess", &alice.password] {
        let reply = ask(&basic(USER, password))?;
        assert_eq!(reply.code(429)?, "too_many_attempts");
        let wait: u64 = reply.header("retry-after").context("find Retry-After")?.parse()?;
        assert!((1..=60).contains(&wait), "{wait}");
    }
    let output = psql::run(&alice, "SELECT 1")?;
    assert!(output.stderr.contains("too many wrong passwords or tokens"), "{}", output.stderr);
    // A name that nobody has is limited alike.
    for status in [401, 401, 429] {
        assert_eq!(ask(&basic("mallory", "guess"))?.status, status);
    }
    // Those who are right are let in all the while from elsewhere, and what is open stays so.
    assert_eq!(held.http.ask("GET", "/healthz", &[], None)?.status, 200);
    Ok(())
}
