//! Tokens by OAUTHBEARER (RFC 7628): each byte of it, what is wrong with messages and tokens, and the newest libpq.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::Stdio;
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use e2e::login::Login;
use e2e::oidc::DEVICE_CLIENT;
use e2e::{newest_psql, psycopg};
use rustls::{ClientConnection, StreamOwned};
use serde_json::json;

use super::attacks::attacks;
use super::rig::{CAROL, Key, Rig, client_tls, says};
use crate::raw::{self, PROTOCOL_3_0, SSL_REQUEST};
use crate::stack::{USER, text};

/// Settings of a log-in that has its token shown by OAUTHBEARER.
const WISH: &str = "options\0-c picket.auth=oauth\0";

/// A client that has encrypted its connection and sent its start-up packet.
struct Client(StreamOwned<ClientConnection, TcpStream>);

impl Client {
    fn start(rig: &Rig, user: &str, more: &str) -> Result<Self> {
        let login = rig.login(user, "")?;
        let mut stream = raw::plain(login.port)?;
        stream.write_all(&SSL_REQUEST)?;
        assert_eq!(raw::byte(&mut stream)?, b'S');
        let config = Arc::new(client_tls(&rig.authority.cert)?);
        let connection = ClientConnection::new(config, "127.0.0.1".try_into()?)?;
        let mut client = Client(StreamOwned::new(connection, stream));
        client.send(&raw::startup(PROTOCOL_3_0, &login, more))?;
        Ok(client)
    }

    fn send(&mut self, bytes: &[u8]) -> Result<()> {
        self.0.write_all(bytes)?;
        self.0.flush()?;
        Ok(())
    }

    /// What it is offered must be OAUTHBEARER alone; it answers with this message.
    fn offers(&mut self, message: &[u8]) -> Result<()> {
        assert_eq!(raw::authentication(&mut self.0, 10)?, b"OAUTHBEARER\0\0");
        self.send(&raw::initial("OAUTHBEARER", message))
    }

    /// Its token is not taken: where it is to get another, and, once it has said that it has read that, the end.
    fn is_turned_away(&mut self, rig: &Rig) -> Result<(String, String)> {
        let told = raw::authentication(&mut self.0, 11)?;
        let issuer = rig.provider.issuer();
        let expected = format!(
            "{{ \"status\": \"invalid_token\", \"openid-configuration\": \
             \"{issuer}/.well-known/openid-configuration\", \"scope\": \"openid groups\" }}"
        );
        assert_eq!(String::from_utf8_lossy(&told), expected);
        self.send(&raw::password(b"\x01"))?;
        raw::refusal(&mut self.0)
    }

    /// It is logged in, and gets an answer.
    fn is_let_in(&mut self) -> Result<()> {
        assert_eq!(raw::authentication(&mut self.0, 0)?, b"");
        self.reads_until(b'Z')?;
        self.send(&[b"Q", raw::sized(b"SELECT count(*) FROM users\0").as_slice()].concat())?;
        let row = self.reads_until(b'D')?;
        assert_eq!(row, b"\0\x01\0\0\0\x018");
        Ok(())
    }

    fn reads_until(&mut self, tag: u8) -> Result<Vec<u8>> {
        loop {
            match raw::message(&mut self.0)? {
                (found, body) if found == tag => return Ok(body),
                (b'E', body) => bail!("{}", String::from_utf8_lossy(&body)),
                _ => {}
            }
        }
    }
}

fn bearer(token: &str) -> Vec<u8> {
    format!("n,,\x01auth=Bearer {token}\x01\x01").into_bytes()
}

const SCOPE: &str = "scope = \"openid groups\"\n";

fn turned_away(user: &str) -> (String, String) {
    ("28000".to_string(), format!("OAuth bearer authentication failed for user \"{user}\""))
}

#[test]
fn a_token_is_taken_and_its_absence_is_discovery_to_the_byte() -> Result<()> {
    let rig = Rig::start("require", &format!("auth = \"oauth\"\n{SCOPE}"), "")?;
    let token = rig.provider.token("carol-shell")?;
    let mut client = Client::start(&rig, CAROL, "")?;
    client.offers(&bearer(&token))?;
    client.is_let_in()?;
    // A client may keep its first message until it is asked for it, and say that it would bind if it could.
    let mut client = Client::start(&rig, CAROL, "")?;
    assert_eq!(raw::authentication(&mut client.0, 10)?, b"OAUTHBEARER\0\0");
    client.send(&raw::password(b"OAUTHBEARER\0\xff\xff\xff\xff"))?;
    assert_eq!(raw::authentication(&mut client.0, 11)?, b"");
    let message = format!("y,,\x01host=127.0.0.1\x01port=5432\x01auth=bearer   {token}\x01\x01");
    client.send(&raw::password(message.as_bytes()))?;
    client.is_let_in()?;
    let mut client = Client::start(&rig, CAROL, "")?;
    client.offers(b"n,,\x01auth=\x01\x01")?;
    assert_eq!(client.is_turned_away(&rig)?, turned_away(CAROL));
    assert!(!rig.stack.proxy.log().contains("token refused"), "{}", rig.stack.proxy.log());

    let session = "SELECT * FROM sessions FINAL WHERE principal = 'carol@example.com' LIMIT 1";
    let session = rig.stack.ledger.wait_row("carol's session", session)?;
    assert_eq!(text(&session, "authenticated_by")?, "oauth");
    Ok(())
}

/// Whoever asks for OAUTHBEARER is asked alike, and hears the same, whether the name is known to Picket, to the provider or nobody.
#[test]
fn names_look_alike_and_a_local_user_is_nobody_whom_a_token_can_be() -> Result<()> {
    let rig = Rig::start("allow", SCOPE, "")?;
    let of_alice = rig.key.token(json!({ "preferred_username": USER }))?;
    let of_carol = rig.key.token(json!({}))?;
    for user in [USER, CAROL, "mallory@example.com"] {
        for message in [b"n,,\x01auth=\x01\x01".to_vec(), bearer(&of_alice), bearer("no.such.token")] {
            let mut client = Client::start(&rig, user, WISH)?;
            client.offers(&message)?;
            assert_eq!(client.is_turned_away(&rig)?, turned_away(user));
        }
    }
    rig.stack.proxy.wait_log("the name is that of a `[[user]]`")?;
    let mut client = Client::start(&rig, CAROL, "PICKET.auth\0oauth\0")?;
    client.offers(&bearer(&of_carol))?;
    client.is_let_in()?;
    // Without the wish it goes as before: passwords for clients that know nothing else, and SCRAM for local users.
    rig.logs_in(CAROL, &of_carol)?;
    assert_eq!(says(&rig.stack.alice()?, "require", "SELECT 1")?.success()?.trim(), "1");
    let mut client = Client::start(&rig, USER, "picket.auth\0password\0")?;
    let offered = raw::authentication(&mut client.0, 10)?;
    assert_eq!(offered, b"SCRAM-SHA-256-PLUS\0SCRAM-SHA-256\0\0");

    let login = rig.login(CAROL, "")?;
    let mut stream = raw::plain(login.port)?;
    stream.write_all(&raw::startup(PROTOCOL_3_0, &login, WISH))?;
    let (code, message) = raw::refusal(&mut stream)?;
    assert_eq!(code, "28000");
    assert!(message.contains("tokens of the identity provider over TLS only"), "{message}");
    let mut client = Client::start(&rig, CAROL, "options\0--picket.auth=kerberos\0")?;
    let (code, message) = raw::refusal(&mut client.0)?;
    assert_eq!(
        (code.as_str(), message.as_str()),
        ("22023", "invalid value for parameter \"picket.auth\": \"kerberos\"")
    );
    Ok(())
}

/// What the server is sent of the start-up packet: all but what is for Picket alone.
#[test]
fn the_wish_stays_with_picket_and_other_options_reach_the_server() -> Result<()> {
    let rig = Rig::start("require", "", "")?;
    let login = rig.login(CAROL, &rig.key.token(json!({}))?)?;
    let options = "-c\\ picket.auth=password\\ -c\\ work_mem=1234kB\\ --own.words=a\\\\\\ b";
    let conninfo = format!("sslmode=require options={options}");
    let ask = "print(db.execute(\"SELECT current_setting('work_mem'), current_setting('own.words'), \
        current_setting('picket.auth', true)\").fetchone())";
    let said = psycopg::run(&login, &conninfo, ask)?;
    assert_eq!(said, Ok("('1234kB', 'a b', None)".to_string()));
    Ok(())
}

#[test]
fn whatever_is_wrong_with_a_token_is_told_in_one_way_by_oauthbearer_too() -> Result<()> {
    let rig = Rig::start("require", &format!("auth = \"oauth\"\n{SCOPE}"), "")?;
    let other = Key::new("key-2", &rig.provider)?;
    let good = rig.key.token(json!({ "groups": ["staff"] }))?;
    let attacks = attacks(&rig, &other)?;
    for (what, token) in &attacks {
        let mut client = Client::start(&rig, CAROL, "")?;
        let sent = client.offers(&bearer(token));
        // What is too long to be one is not read to its end.
        let is_too_long = (33 << 10) < token.len();
        let told = if is_too_long {
            raw::refusal(&mut client.0)
        } else {
            sent.and_then(|()| client.is_turned_away(&rig))
        };
        assert_eq!(told.with_context(|| format!("{what}: it was let in"))?, turned_away(CAROL), "{what}");
    }
    let mut client = Client::start(&rig, CAROL, "")?;
    client.offers(&bearer(&good))?;
    client.is_let_in()?;
    let log = rig.stack.proxy.log();
    let leaked = attacks
        .iter()
        .flat_map(|(_, token)| token.split('.'))
        .find(|part| 40 <= part.len() && log.contains(part));
    assert_eq!(leaked, None);
    Ok(())
}

/// Everything that is no message of OAUTHBEARER has an answer that says what it lacks, and the next client is served.
#[test]
fn malformed_messages_are_answered_and_the_proxy_lives() -> Result<()> {
    let rig = Rig::start("require", &format!("auth = \"oauth\"\n{SCOPE}"), "")?;
    let token = rig.key.token(json!({}))?;
    let sasl = |name: &str, len: i32, data: &[u8]| {
        raw::password(&[name.as_bytes(), b"\0", &len.to_be_bytes(), data].concat())
    };
    let malformed = "malformed OAUTHBEARER message";
    let first = |message: &[u8]| raw::initial("OAUTHBEARER", message);
    for (what, bytes, code, said) in [
        (
            "another mechanism",
            raw::initial("SCRAM-SHA-256", b"n,,n=,r=abc"),
            "08P01",
            "client selected an invalid SASL authentication mechanism",
        ),
        (
            "a name with blanks",
            raw::initial("OAUTHBEARER ", b"n,,\x01auth=\x01\x01"),
            "08P01",
            "client selected an invalid SASL authentication mechanism",
        ),
        (
            "a small name",
            raw::initial("oauthbearer", b"n,,\x01auth=\x01\x01"),
            "08P01",
            "client selected an invalid SASL authentication mechanism",
        ),
        ("a password", raw::password(format!("{token}\0").as_bytes()), "08P01", "malformed SASL response"),
        ("nothing", raw::password(b""), "08P01", "malformed SASL response"),
        ("no length", raw::password(b"OAUTHBEARER\0"), "08P01", "malformed SASL response"),
        ("half a length", raw::password(b"OAUTHBEARER\0\0\0"), "08P01", "malformed SASL response"),
        (
            "too great a length",
            sasl("OAUTHBEARER", 100, b"n,,\x01auth=\x01\x01"),
            "08P01",
            "malformed SASL response",
        ),
        (
            "too small a length",
            sasl("OAUTHBEARER", 3, b"n,,\x01auth=\x01\x01"),
            "08P01",
            "malformed SASL response",
        ),
        ("a length below none", sasl("OAUTHBEARER", -2, b""), "08P01", "malformed SASL response"),
        ("the least length", sasl("OAUTHBEARER", i32::MIN, b""), "08P01", "malformed SASL response"),
        (
            "none and something",
            sasl("OAUTHBEARER", -1, b"n,,\x01auth=\x01\x01"),
            "08P01",
            "malformed SASL response",
        ),
        ("an empty message", first(b""), "08P01", malformed),
        ("no end", first(b"n,,\x01auth=Bearer x\x01"), "08P01", malformed),
        (
            "two tokens",
            first(format!("n,,\x01auth=Bearer x\x01auth=Bearer {token}\x01\x01").as_bytes()),
            "08P01",
            malformed,
        ),
        (
            "a token and more",
            first(format!("n,,\x01auth=Bearer {token}\x01\x01n,,").as_bytes()),
            "08P01",
            malformed,
        ),
        ("a NUL", first(format!("n,,\x01auth=Bearer {token}\0\x01\x01").as_bytes()), "08P01", malformed),
        (
            "a binding",
            first(format!("p=tls-exporter,,\x01auth=Bearer {token}\x01\x01").as_bytes()),
            "08P01",
            malformed,
        ),
        (
            "somebody else",
            first(format!("n,a={USER},\x01auth=Bearer {token}\x01\x01").as_bytes()),
            "0A000",
            "client uses authorization identity, but it is not supported",
        ),
        (
            "a statement",
            [b"Q", raw::sized(b"SELECT 1\0").as_slice()].concat(),
            "08P01",
            "expected a password message",
        ),
    ] {
        let mut client = Client::start(&rig, CAROL, "")?;
        assert_eq!(raw::authentication(&mut client.0, 10)?, b"OAUTHBEARER\0\0", "{what}");
        client.send(&bytes)?;
        let told = raw::refusal(&mut client.0).with_context(|| what.to_string())?;
        assert_eq!(told, (code.to_string(), said.to_string()), "{what}");
    }
    // Tokens are shown once: what comes after a refusal must be its acknowledgement.
    for answer in [&b"\x01\x01"[..], b"", b"\0", b"n,,\x01auth=\x01\x01"] {
        let mut client = Client::start(&rig, CAROL, "")?;
        client.offers(b"n,,\x01auth=\x01\x01")?;
        raw::authentication(&mut client.0, 11)?;
        client.send(&raw::password(answer))?;
        assert_eq!(raw::refusal(&mut client.0)?, ("08P01".to_string(), malformed.to_string()));
    }
    // Going away in the middle of it harms nobody.
    for len in [0, 1, 4, 20] {
        let mut client = Client::start(&rig, CAROL, "")?;
        raw::authentication(&mut client.0, 10)?;
        client.send(&first(&bearer(&token))[..len])?;
        drop(client);
    }
    let mut client = Client::start(&rig, CAROL, "")?;
    client.offers(&bearer(&token))?;
    client.is_let_in()
}

/// libpq 18 with a token that the program has: its hook is set where psycopg's own libpq has it.
fn with_token(login: &Login, token: &str, conninfo: &str, script: &str) -> Result<Result<String, String>> {
    let hook = format!(
        "import ctypes, glob, os
found = [line.split()[-1] for line in open('/proc/self/maps') if 'libpq' in line and '.so' in line]
libpq = ctypes.CDLL(found[0])
class Request(ctypes.Structure):
    _fields_ = [('openid_configuration', ctypes.c_char_p), ('scope', ctypes.c_char_p), ('run', ctypes.c_void_p),
                ('cleanup', ctypes.c_void_p), ('token', ctypes.c_char_p), ('user', ctypes.c_void_p)]
asked = []
@ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)
def hook(kind, connection, data):
    if kind != 1:
        return 0
    request = ctypes.cast(data, ctypes.POINTER(Request)).contents
    asked.append((request.openid_configuration, request.scope))
    request.token = b'{token}'
    return 1
libpq.PQsetAuthDataHook(hook)
db = psycopg.connect(sys.argv[1], autocommit=True)
{script}"
    );
    psycopg::prepare_and_run(login, conninfo, &hook)
}

#[test]
fn the_newest_libpq_finds_the_provider_by_itself_and_logs_in_with_a_token() -> Result<()> {
    let rig = Rig::start("require", SCOPE, "")?;
    let login = rig.login(CAROL, "")?;
    let issuer = rig.provider.issuer();
    let conninfo = format!(
        "sslmode=verify-full sslrootcert={} require_auth=oauth options=-cpicket.auth=oauth oauth_client_id=any oauth_issuer={issuer}",
        rig.authority.cert.display()
    );
    let script = "print(asked, db.execute('SELECT count(*) FROM users').fetchone()[0])";
    let said = with_token(&login, &rig.provider.token("carol-shell")?, &conninfo, script)?;
    let asked = format!("[(b'{issuer}/.well-known/openid-configuration', b'openid groups')]");
    assert_eq!(said, Ok(format!("{asked} 8")));
    let expired = rig.key.token(json!({ "iat": 1_000_000_000, "exp": 1_000_000_600 }))?;
    let said = with_token(&login, &expired, &conninfo, script)?;
    let error = said.err().context("an expired token was taken")?;
    assert!(error.contains("OAuth bearer authentication failed for user \"carol@example.com\""), "{error}");
    Ok(())
}

#[test]
fn psql_of_postgresql_18_logs_in_by_the_providers_own_pages() -> Result<()> {
    let rig = Rig::start("require", "auth = \"oauth\"\nscope = \"openid\"\n", "")?;
    let login = rig.login(CAROL, "")?;
    let conninfo = format!(
        "sslmode=verify-full sslrootcert={} oauth_client_id={DEVICE_CLIENT} oauth_issuer={}",
        rig.authority.cert.display(),
        rig.provider.issuer()
    );
    let mut child = newest_psql::command(&login, &conninfo, &rig.authority.cert)?
        .args(["-qAt", "-c", "SELECT count(*) FROM users"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .context("start psql 18")?;
    let mut said = String::new();
    let mut errors = BufReader::new(child.stderr.take().context("take psql's standard error")?);
    // "Visit https://… and enter the code: ABCD-EFGH"
    let (address, code) = loop {
        let mut line = String::new();
        let read = errors.read_line(&mut line)?;
        said.push_str(&line);
        anyhow::ensure!(read != 0, "psql asks for nothing: {said}\n{}", rig.stack.proxy.log());
        if let Some((address, code)) = line.split_once(" and enter the code: ") {
            let address = address.rsplit_once(' ').map_or(address, |(_, address)| address);
            break (address.to_string(), code.trim().to_string());
        }
    };
    let last = rig.provider.person(&format!("{address}?user_code={code}"), "carol")?;
    errors.read_to_string(&mut said)?;
    let output = child.wait_with_output()?;
    let answer = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && answer.trim() == "8",
        "{answer}{said}\n{last}\n{}",
        rig.stack.proxy.log()
    );
    let session = "SELECT * FROM sessions FINAL WHERE principal = 'carol@example.com' LIMIT 1";
    let session = rig.stack.ledger.wait_row("carol's session", session)?;
    assert_eq!(text(&session, "authenticated_by")?, "oauth");
    Ok(())
}
