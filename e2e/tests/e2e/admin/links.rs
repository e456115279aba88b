//! Links: somebody who is told of a request opens one with a browser, signs in at the provider and answers, once; and ten ways to have
//! an answer that nobody gave.

use std::fs;
use std::process::{Child, Stdio};

use anyhow::{Context, Result, ensure};
use e2e::browser::browse;
use e2e::login::Login;
use e2e::oidc::SECRET;
use e2e::scratch::Scratch;
use e2e::{port, psql, wait};
use serde_json::{Value, json};

use super::SEEN;
use super::notices::Receiver;
use crate::identity::rig::{CAROL, Rig, client_tls};
use crate::stack::text;

const POLICY: &str = r#"
@rule("needs-staff") @hold("staff") @reason("orders are not deleted lightly")
forbid (principal, action == Picket::Action::"delete", resource is Picket::Table) when { resource.name == "orders" };
@rule("needs-two") @hold("2 of staff")
forbid (principal, action == Picket::Action::"update", resource is Picket::Table) when { resource.name == "orders" };
"#;

const PAGE: &str = "picket approvals";

/// A statement that is HTML too.
const SLY: &str = "DELETE FROM orders WHERE id = 1 AND 'x' <> '</td><script>document.title=1</script><img src=x onerror=alert(1)>'";

/// A proxy that tells of requests with links, and a provider that people sign in at.
struct Linked {
    rig: Rig,
    receiver: Receiver,
    port: u16,
    _folder: Scratch,
}

impl Linked {
    fn start() -> Result<Self> {
        let (folder, receiver, port) = (Scratch::new("links")?, Receiver::start()?, port::free()?);
        fs::write(folder.join("team.cedar"), POLICY)?;
        fs::write(folder.join("secret"), format!("{SECRET}\n"))?;
        let sections = format!(
            "[policy]\ndir = \"{folder}\"\n[approvals]\ntimeout-secs = 600\n\
             [approvals.links]\nurl = \"https://127.0.0.1:{port}/\"\nclient-id = \"{PAGE}\"\nclient-secret-file = \"{folder}/secret\"\n\
             [[approvals.webhook]]\nurl = \"http://127.0.0.1:{}/json\"\nformat = \"json\"\n\
             [[approvals.webhook]]\nurl = \"http://127.0.0.1:{}/slack\"\nformat = \"slack\"\n\
             [admin]\nlisten = \"127.0.0.1:{port}\"\ncert = \"{{cert}}\"\nkey = \"{{key}}\"\n",
            receiver.port,
            receiver.port,
            folder = folder.path().display(),
        );
        let mut rig = Rig::prepare("require", "", &sections, false)?;
        rig.provider.signs_in_to(PAGE, &format!("https://127.0.0.1:{port}/links/signed-in"));
        let person = |name: &str, groups: &[&str]| json!({ "preferred_username": name, "groups": groups });
        rig.provider.knows(json!({
            "carol": person(CAROL, &["staff"]),
            "dave": person("dave@example.com", &["staff"]),
            "erin": person("erin@example.com", &["interns"]),
            "local": person("alice", &["staff"]),
            "bot": { "preferred_username": "dave@example.com", "groups": ["staff"], "act": { "sub": "bot" } },
        }));
        rig.provider.run(&[rig.key.signing()])?;
        Ok(Linked { rig, receiver, port, _folder: folder })
    }

    fn send(login: &Login, sql: &str) -> Result<Child> {
        psql::command(login)?
            .args(["-v", "VERBOSITY=verbose", "-c", sql])
            .env("PGSSLMODE", "require")
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .context("start psql")
    }

    /// alice's statement waits, and those who may answer are told: the link of that message.
    fn asks(&self, told_before: usize, sql: &str) -> Result<(Child, String)> {
        let child = Linked::send(&self.rig.stack.alice()?, sql)?;
        Ok((child, self.link(told_before)?))
    }

    /// The link of a message.
    fn link(&self, told_before: usize) -> Result<String> {
        let posts = self.receiver.posts("/json", told_before + 1)?;
        let message = posts[told_before].json()?;
        let link = text(&message, "link").with_context(|| format!("find the link in {message}"))?.to_owned();
        ensure!(link.starts_with(&format!("https://127.0.0.1:{}/links/", self.port)), "{link}");
        Ok(link)
    }

    /// Answers as they come, with head and body.
    fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)], form: &str) -> Result<(u16, String)> {
        use std::io::{Read, Write};
        let tls = client_tls(&self.rig.authority.cert)?;
        let name = "127.0.0.1".try_into().context("name the host")?;
        let mut session = rustls::ClientConnection::new(std::sync::Arc::new(tls), name)?;
        let mut stream = std::net::TcpStream::connect(("127.0.0.1", self.port))?;
        stream.set_read_timeout(Some(SEEN))?;
        let mut tls = rustls::Stream::new(&mut session, &mut stream);
        let mut head = format!("{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\n", self.port);
        for (name, value) in headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        if method == "POST" {
            let kind = "application/x-www-form-urlencoded";
            head.push_str(&format!("Content-Type: {kind}\r\nContent-Length: {}\r\n", form.len()));
        }
        tls.write_all(format!("{head}\r\n{form}").as_bytes())?;
        let mut answer = Vec::new();
        let _ = tls.read_to_end(&mut answer);
        let answer = String::from_utf8_lossy(&answer).into_owned();
        let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok());
        Ok((status.with_context(|| format!("read the status in {answer}"))?, answer))
    }

    fn own_origin(&self) -> String {
        format!("https://127.0.0.1:{}", self.port)
    }

    /// Nothing has answered.
    fn still_waits(&self, child: &mut Child) -> Result<()> {
        ensure!(child.try_wait()?.is_none(), "it waits no more");
        Ok(())
    }
}

fn ended(child: Child) -> Result<(bool, String)> {
    let output = child.wait_with_output()?;
    Ok((output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned()))
}

fn path(link: &str) -> Result<&str> {
    Ok(&link[link.find("/links/").context("find the path")?..])
}

/// What a page has in this row.
fn row<'v>(page: &'v Value, what: &str) -> Result<&'v str> {
    let rows = page["rows"].as_array().context("find rows")?;
    let row = rows.iter().find(|row| row[0] == what).with_context(|| format!("find `{what}` in {page}"))?;
    row[1].as_str().context("read it")
}

#[test]
fn who_is_told_opens_a_link_signs_in_and_answers_once() -> Result<()> {
    let linked = Linked::start()?;
    let (child, link) = linked.asks(0, SLY)?;
    let pages = browse(&json!([
        { "open": link },
        { "sign_in": "carol" },
        { "fill": ["reason", "not on a Friday"] },
        { "click": "Deny" },
        { "open": link },
    ]))?;
    let [provider, request, _, done, again] = pages.as_slice() else { anyhow::bail!("{pages:?}") };
    assert!(text(provider, "address")?.starts_with(&linked.rig.provider.issuer()), "{provider}");
    // The same address as before, with nothing of the sign-in in it.
    assert_eq!(text(request, "address")?, link);
    assert!(text(request, "text")?.contains(&format!("You are signed in as {CAROL}.")), "{request}");
    assert_eq!(row(request, "statement")?, SLY, "as a text, whatever it looks like");
    assert_eq!(row(request, "principal")?, "alice");
    assert_eq!(row(request, "writes")?, "public.orders");
    assert_eq!(text(request, "title")?, "A statement waits for your approval");
    for odd in ["script", "img", "iframe", "link"] {
        assert!(
            !request["elements"].as_array().context("elements")?.contains(&json!(odd)),
            "{odd}: {request}"
        );
    }
    let cookies = request["cookies"].as_array().context("cookies")?;
    assert_eq!(cookies.len(), 1, "the one of the way to the provider is gone: {cookies:?}");
    for (what, value) in [
        ("name", json!("__Host-picket-signed-in")),
        ("httpOnly", json!(true)),
        ("secure", json!(true)),
        ("sameSite", json!("Lax")),
        ("path", json!("/")),
    ] {
        assert_eq!(cookies[0][what], value, "{what}");
    }
    assert!(text(done, "text")?.contains("It does not run."), "{done}");
    let (is_good, said) = ended(child)?;
    assert!(!is_good && said.contains(&format!("{CAROL} has denied it: not on a Friday")), "{said}");
    assert_eq!(again["status"], 410, "{again}");

    let before = linked.receiver.posts("/json", 2)?.len();
    assert_eq!(
        linked.receiver.posts("/json", 2)?[1].json()?["link"],
        Value::Null,
        "there is nothing left to answer"
    );
    let (child, link) = linked.asks(before, "DELETE FROM orders WHERE id = 1")?;
    let slack = linked.receiver.posts("/slack", before + 1)?[before].json()?;
    assert!(slack.to_string().contains(&format!("<{link}|Open the request>")), "{slack}");
    let pages = browse(&json!([
        { "open": link }, { "sign_in": "carol" }, { "choose": ["for", "1h"] }, { "click": "Approve" },
    ]))?;
    assert!(
        text(&pages[3], "text")?.contains("The statement runs, and so does what is alike"),
        "{}",
        pages[3]
    );
    let (is_good, said) = ended(child)?;
    assert!(is_good, "{said}");
    // What is alike is not asked about.
    let (is_good, said) =
        ended(Linked::send(&linked.rig.stack.alice()?, "DELETE FROM orders WHERE id = 2")?)?;
    assert!(is_good, "{said}");
    let select = "SELECT event, by, reason FROM approvals WHERE by != '' ORDER BY at";
    let rows = linked.rig.stack.ledger.wait_rows("the answers", select, |rows| rows.len() == 3)?;
    assert_eq!(rows[0], json!({ "event": "denied", "by": CAROL, "reason": "not on a Friday" }));
    assert_eq!((text(&rows[1], "event")?, text(&rows[1], "by")?), ("granted", CAROL));

    // Nothing of links, codes and cookies is in logs.
    let log = linked.rig.stack.proxy.log();
    let cookie = text(&request["cookies"][0], "value")?;
    for secret in [path(&link)?.trim_start_matches("/links/"), cookie, SECRET] {
        assert!(!log.contains(secret), "{log}");
    }
    Ok(())
}

#[test]
fn two_people_answer_by_two_links_and_a_link_answers_for_one() -> Result<()> {
    let linked = Linked::start()?;
    let (mut child, first) = linked.asks(0, "UPDATE orders SET user_id = 2 WHERE id = 1")?;
    let by = |link: &str, name: &str| {
        browse(&json!([{ "open": link }, { "sign_in": name }, { "click": "Approve" }]))
    };
    let pages = by(&first, "carol")?;
    assert!(text(&pages[2], "text")?.contains("It still waits for staff"), "{}", pages[2]);
    linked.still_waits(&mut child)?;
    let spent = browse(&json!([{ "open": first }]))?;
    assert_eq!(spent[0]["status"], 410, "{spent:?}");
    // What tells of the first answer has a link for the second; the same person's does not count twice.
    let second = linked.link(1)?;
    assert_ne!(first, second);
    let pages = by(&second, "carol")?;
    assert!(text(&pages[2], "text")?.contains("you have approved it already"), "{}", pages[2]);
    linked.still_waits(&mut child)?;
    // What does not count does not spend it.
    let pages = by(&second, "dave")?;
    assert!(text(&pages[2], "text")?.contains("The statement runs."), "{}", pages[2]);
    let (is_good, said) = ended(child)?;
    assert!(is_good, "{said}");
    Ok(())
}

#[test]
fn a_link_alone_answers_nothing_and_only_who_may_sees_the_request() -> Result<()> {
    let mut linked = Linked::start()?;
    let (mut child, link) = linked.asks(0, SLY)?;
    let place = path(&link)?.to_owned();
    let own = linked.own_origin();
    let issuer = linked.rig.provider.issuer();

    // Whatever fetches links to show what they lead to.
    for _ in 0..3 {
        let (status, answer) = linked.ask("GET", &place, &[], "")?;
        assert_eq!(status, 303, "{answer}");
        assert!(answer.to_ascii_lowercase().contains(&format!("location: {issuer}/auth?")), "{answer}");
        assert!(answer.contains("code_challenge_method=S256") && answer.contains("nonce="), "{answer}");
    }
    // Links that nobody has made.
    let mut forged = place.clone();
    let last = forged.pop().context("a letter")?;
    forged.push(if last == 'A' { 'B' } else { 'A' });
    for (odd, expected) in
        [(forged.as_str(), 404), ("/links/", 404), ("/links/x", 404), (&format!("{place}A"), 404)]
    {
        assert_eq!(linked.ask("GET", odd, &[], "")?.0, expected, "{odd}");
    }
    // Forms without a browser that has signed in, or of another place.
    let cross = [("Origin", "https://evil.example.com"), ("Cookie", "__Host-picket-signed-in=x")];
    for (headers, expected) in [
        (vec![("Origin", own.as_str())], 401),
        (vec![("Origin", own.as_str()), ("Cookie", "__Host-picket-signed-in=x")], 401),
        (vec![], 403),
        (vec![("Origin", "null")], 403),
        (cross.to_vec(), 403),
        (vec![("Origin", own.as_str()), ("Sec-Fetch-Site", "cross-site")], 403),
    ] {
        let (status, answer) = linked.ask("POST", &place, &headers, "answer=approve&form=x")?;
        assert_eq!(status, expected, "{headers:?}: {answer}");
    }
    assert_eq!(linked.ask("PUT", &place, &[], "")?.0, 405);
    // Somebody is sent to the end of another's sign-in.
    let (_, begun) = linked.ask("GET", &place, &[], "")?;
    let state =
        begun.split("state=").nth(1).and_then(|rest| rest.split('&').next()).context("find the state")?;
    for (query, cookie) in [
        (format!("state={state}&code=x"), String::new()),
        (format!("state={state}&code=x"), "__Host-picket-signing-in=other".to_owned()),
        ("code=x".to_owned(), "__Host-picket-signing-in=".to_owned()),
        (format!("state=other&state={state}&code=x"), format!("__Host-picket-signing-in={state}")),
        ("error=%3Cscript%3Ealert(1)%3C/script%3E".to_owned(), String::new()),
    ] {
        let (status, answer) =
            linked.ask("GET", &format!("/links/signed-in?{query}"), &[("Cookie", &cookie)], "")?;
        assert_eq!(status, 400, "{query}: {answer}");
        assert!(!answer.contains("<script>") && !answer.contains("picket-signed-in="), "{answer}");
    }
    // A code that the provider has not given, and one of another issuer; each state counts once.
    let cookie = format!("__Host-picket-signing-in={state}");
    let with_state = |more: &str| format!("/links/signed-in?state={state}&{more}");
    assert_eq!(linked.ask("GET", &with_state("code=x"), &[("Cookie", &cookie)], "")?.0, 403);
    assert_eq!(linked.ask("GET", &with_state("code=x"), &[("Cookie", &cookie)], "")?.0, 400, "it was used");
    linked.still_waits(&mut child)?;

    // People who may not: of no group, a local user's name, what acts for somebody.
    for (name, expected) in [
        ("erin", "It is for others to answer"),
        ("local", "Your name is that of a local user"),
        ("bot", "nobody answers for another"),
    ] {
        let pages = browse(&json!([{ "open": link }, { "sign_in": name }]))?;
        assert!(text(&pages[1], "text")?.contains(expected), "{name}: {}", pages[1]);
        assert!(!pages[1].to_string().contains("DELETE FROM"), "nothing of it is for them: {}", pages[1]);
    }
    // One who has signed in comes by a page of somebody else: its form, and its frame.
    let fields = json!({ "answer": "approve", "reason": "", "for": "", "form": "" });
    let pages = browse(&json!([
        { "open": link }, { "sign_in": "carol" }, { "foreign_form": [link, fields] }, { "frame": link },
    ]))?;
    assert_eq!(pages[2]["status"], 403, "{}", pages[2]);
    assert!(!pages[3]["frames"].to_string().contains("DELETE"), "{}", pages[3]);
    linked.still_waits(&mut child)?;
    // Her own cookie does not help who does not know what stands in her forms.
    let cookie = format!("__Host-picket-signed-in={}", text(&pages[1]["cookies"][0], "value")?);
    let headers = [("Origin", own.as_str()), ("Cookie", cookie.as_str())];
    assert_eq!(linked.ask("POST", &place, &headers, "answer=approve&form=x")?.0, 403);
    let form = pages[1]["hidden"][0].as_str().context("find the form's secret")?;
    for odd in ["", "answer=maybe&", "answer=approve&for=1y&"] {
        let (status, answer) = linked.ask("POST", &place, &headers, &format!("{odd}form={form}"))?;
        assert_eq!(status, 400, "{odd}: {answer}");
    }
    linked.still_waits(&mut child)?;

    // Who asks does not answer, by whichever door.
    let token = linked.rig.key.token(json!({ "groups": ["staff"] }))?;
    let mut hers = Linked::send(&linked.rig.login(CAROL, &token)?, "DELETE FROM orders WHERE id = 3")?;
    let own_link = linked.link(1)?;
    let pages = browse(&json!([{ "open": own_link }, { "sign_in": "carol" }]))?;
    assert!(text(&pages[1], "text")?.contains("nobody approves what he asks for himself"), "{}", pages[1]);
    // A form of one page with another link: it is the link that says what is answered.
    let pages = browse(&json!([{ "open": own_link }, { "sign_in": "dave" }, { "click": "Deny" }]))?;
    assert!(text(&pages[2], "text")?.contains("It does not run."), "{}", pages[2]);
    wait::until("her refusal", SEEN, || Ok(hers.try_wait()?))?;
    linked.still_waits(&mut child)?;

    // The provider is away: nobody signs in, and what waits goes on waiting.
    linked.rig.provider.kill()?;
    let (status, answer) = linked.ask("GET", &place, &[], "")?;
    assert!(status == 503 && answer.contains("does not answer"), "{answer}");
    linked.still_waits(&mut child)?;
    // A proxy that starts anew knows no link of before.
    child.kill()?;
    linked.rig.stack.proxy.stop()?;
    linked.rig.stack.proxy.restart()?;
    assert_eq!(linked.ask("GET", &place, &[], "")?.0, 404);
    Ok(())
}
