//! TLS and passwords between the proxy and a real PostgreSQL with `ssl=on`.

use std::fs;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result};
use e2e::daemon::{Launch, Ready};
use e2e::login::Login;
use e2e::postgres::{self, Postgres};
use e2e::proxy::{Proxy, ProxySettings};
use e2e::scratch::Scratch;
use e2e::{port, psql, wait};
use rustix::process::{Pid, Signal, kill_process};

use crate::certificates::{Authority, Files};

/// What the server itself says of the session's connection.
const ENCRYPTED: &str = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()";

const PASSWORD: &str = "pa55word";

/// Each role has one way in.
const HBA: &str = "local all all trust\n\
    hostssl all tls_only 127.0.0.1/32 scram-sha-256\n\
    hostnossl all plain_only 127.0.0.1/32 scram-sha-256\n\
    host all by_password 127.0.0.1/32 password\n\
    host all by_md5 127.0.0.1/32 md5\n\
    host all by_trust 127.0.0.1/32 trust\n\
    hostssl all by_cert 127.0.0.1/32 cert\n\
    host all postgres 127.0.0.1/32 scram-sha-256\n";

const ROLES: &str = "CREATE ROLE tls_only LOGIN PASSWORD 'pa55word'; CREATE ROLE plain_only LOGIN PASSWORD 'pa55word'; \
    CREATE ROLE by_password LOGIN PASSWORD 'pa55word'; CREATE ROLE by_trust LOGIN; CREATE ROLE by_cert LOGIN; \
    SET password_encryption = 'md5'; CREATE ROLE by_md5 LOGIN PASSWORD 'pa55word'";

/// A server with this certificate.
fn server(authority: &Authority, files: &Files, folder: &Scratch) -> Result<Postgres> {
    postgres::give_to_server(&files.key)?;
    let hba = folder.join("pg_hba.conf");
    fs::write(&hba, HBA).context("write pg_hba.conf")?;
    let settings = [
        "ssl=on".to_string(),
        format!("ssl_cert_file={}", files.cert.display()),
        format!("ssl_key_file={}", files.key.display()),
        format!("ssl_ca_file={}", authority.cert.display()),
        format!("hba_file={}", hba.display()),
    ];
    let postgres = Postgres::start_with(&settings.each_ref().map(String::as_str))?;
    postgres.administer("postgres", ROLES)?;
    Ok(postgres)
}

/// One way to the server: clients ask for it by `name`.
fn upstream(name: &str, host: &str, port: u16, role: &str, keys: &str) -> String {
    format!(
        "\n[[upstream]]\ndatabase = \"{name}\"\ndbname = \"postgres\"\nhost = \"{host}\"\nport = {port}\n\
         user = \"{role}\"\npassword = \"{PASSWORD}\"\n{keys}\n"
    )
}

fn proxy(sections: &str) -> Result<Proxy> {
    let settings = ProxySettings {
        groups: Vec::new(),
        upstreams: Vec::new(),
        users: vec![("alice".to_string(), postgres::password()?)],
        clickhouse_url: format!("http://127.0.0.1:{}", port::free()?),
        ledger_database: "picket".to_string(),
    };
    Proxy::start_with(settings, sections)
}

/// Whether the server finds the session encrypted, or why there is none.
fn encrypted(proxy: &Proxy, name: &str) -> Result<String> {
    let output = psql::run(&proxy.login("alice", name)?, ENCRYPTED)?;
    Ok(if output.code == 0 { output.stdout.trim().to_string() } else { output.stderr })
}

#[test]
fn sslmode_means_what_it_means_to_libpq() -> Result<()> {
    let (authority, other) = (Authority::new()?, Authority::new()?);
    let folder = Scratch::new("hba")?;
    let postgres = server(&authority, &authority.server("127.0.0.1")?, &folder)?;
    let (port, here) = (postgres.port(), "127.0.0.1");
    let (ca, wrong) = (authority.cert.display(), other.cert.display());
    let by_cert = authority.user("by_cert")?;
    let own = format!(
        "sslmode = \"require\"\nclient-cert = \"{}\"\nclient-key = \"{}\"",
        by_cert.cert.display(),
        by_cert.key.display()
    );
    let distrust = "Picket does not trust the connection";
    let refused = "refused Picket's own log-in";
    let ways = [
        ("default", here, "tls_only", String::new(), "t"),
        ("disable", here, "plain_only", "sslmode = \"disable\"".to_string(), "f"),
        ("disabled", here, "tls_only", "sslmode = \"disable\"".to_string(), refused),
        ("require", here, "tls_only", "sslmode = \"require\"".to_string(), "t"),
        ("ca", here, "tls_only", format!("sslmode = \"verify-ca\"\nroot-ca = \"{ca}\""), "t"),
        ("full", here, "tls_only", format!("sslmode = \"verify-full\"\nroot-ca = \"{ca}\""), "t"),
        ("wrongca", here, "tls_only", format!("sslmode = \"verify-ca\"\nroot-ca = \"{wrong}\""), distrust),
        (
            "wrongfull",
            here,
            "tls_only",
            format!("sslmode = \"verify-full\"\nroot-ca = \"{wrong}\""),
            distrust,
        ),
        // The certificate names the address, not this.
        ("name", "localhost", "tls_only", format!("sslmode = \"verify-full\"\nroot-ca = \"{ca}\""), distrust),
        ("anyname", "localhost", "tls_only", format!("sslmode = \"verify-ca\"\nroot-ca = \"{ca}\""), "t"),
        ("cert", here, "by_cert", own, "t"),
        ("nocert", here, "by_cert", "sslmode = \"require\"".to_string(), refused),
        ("trust", here, "by_trust", "sslmode = \"disable\"".to_string(), "f"),
        ("md5", here, "by_md5", "sslmode = \"disable\"".to_string(), "f"),
        ("md5tls", here, "by_md5", "sslmode = \"require\"".to_string(), "t"),
        ("clear", here, "by_password", "sslmode = \"disable\"".to_string(), distrust),
        (
            "clearok",
            here,
            "by_password",
            "sslmode = \"disable\"\nallow-cleartext-password = true".to_string(),
            "f",
        ),
        ("cleartls", here, "by_password", "sslmode = \"require\"".to_string(), "t"),
    ];
    let sections: String =
        ways.iter().map(|(name, host, role, keys, _)| upstream(name, host, port, role, keys)).collect();
    let proxy = proxy(&sections)?;
    for (name, _, _, _, expected) in &ways {
        let said = encrypted(&proxy, name)?;
        assert!(said == *expected || (1 < expected.len() && said.contains(expected)), "{name}: {said}");
    }
    proxy.wait_log("allow-cleartext-password")?;
    assert!(!proxy.log().contains(PASSWORD));
    Ok(())
}

#[test]
fn an_expired_certificate_is_refused_where_it_is_verified() -> Result<()> {
    let authority = Authority::new()?;
    let folder = Scratch::new("hba")?;
    let postgres = server(&authority, &authority.expired_server("127.0.0.1")?, &folder)?;
    let ca = authority.cert.display();
    let mut sections = String::new();
    for mode in ["verify-ca", "verify-full"] {
        let keys = format!("sslmode = \"{mode}\"\nroot-ca = \"{ca}\"");
        sections.push_str(&upstream(mode, "127.0.0.1", postgres.port(), "tls_only", &keys));
    }
    let proxy = proxy(&sections)?;
    for mode in ["verify-ca", "verify-full"] {
        let said = encrypted(&proxy, mode)?;
        assert!(said.contains("Picket does not trust the connection"), "{mode}: {said}");
    }
    proxy.wait_log("certificate expired")
}

#[test]
fn a_server_without_tls_is_refused_where_tls_is_required_and_taken_where_it_is_preferred() -> Result<()> {
    let postgres = Postgres::start()?;
    let superuser = postgres.superuser("postgres");
    let way = |name: &str, keys: &str| {
        upstream(name, "127.0.0.1", postgres.port(), &superuser.user, keys)
            .replace(PASSWORD, &superuser.password)
    };
    let proxy = proxy(&(way("prefer", "sslmode = \"prefer\"") + &way("require", "sslmode = \"require\"")))?;
    assert_eq!(encrypted(&proxy, "prefer")?, "f");
    let said = encrypted(&proxy, "require")?;
    assert!(said.contains("Picket does not trust the connection"), "{said}");
    proxy.wait_log("the server offers no TLS")
}

/// Stands between the proxy and the server, with a key of its own, and reads everything.
const MIDDLE: &str = "
import socket, ssl, sys, threading
cert, key, port = sys.argv[1], sys.argv[2], int(sys.argv[3])
ours = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
ours.load_cert_chain(cert, key)
theirs = ssl._create_unverified_context()
def pump(a, b):
    try:
        while some := a.recv(65536):
            b.sendall(some)
    except OSError:
        pass
    for end in (a, b):
        try:
            end.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
def serve(client):
    request = client.recv(8, socket.MSG_WAITALL)
    server = socket.create_connection(('127.0.0.1', port))
    server.sendall(request)
    client.sendall(server.recv(1))
    client, server = ours.wrap_socket(client, server_side=True), theirs.wrap_socket(server)
    threading.Thread(target=pump, args=(client, server), daemon=True).start()
    pump(server, client)
listener = socket.create_server(('127.0.0.1', 0))
print('listening on', listener.getsockname()[1], flush=True)
while True:
    threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()
";

/// `sslmode = "require"` verifies nobody's certificate. That the log-in is bound to it keeps the session from whoever has another.
#[test]
fn who_stands_in_between_with_a_key_of_its_own_gets_no_session_that_scram_binds() -> Result<()> {
    let (authority, other) = (Authority::new()?, Authority::new()?);
    let folder = Scratch::new("middle")?;
    let postgres = server(&authority, &authority.server("127.0.0.1")?, &folder)?;
    let middle = other.server("127.0.0.1")?;
    let middle = Launch::new("python3", folder.join("middle.log"), Ready::Line("listening on "))
        .args(["-c", MIDDLE])
        .args([&middle.cert, &middle.key])
        .args([postgres.port().to_string()])
        .start()?;
    let port: u16 = middle.ready_line().rsplit(' ').next().context("read the port")?.parse()?;
    let require = "sslmode = \"require\"";
    // What MD5 hashes says nothing of the connection: it shows that all else of the middle works.
    let ways =
        [("scram", "tls_only", port), ("md5", "by_md5", port), ("direct", "tls_only", postgres.port())];
    let sections: String =
        ways.iter().map(|(name, role, port)| upstream(name, "127.0.0.1", *port, role, require)).collect();
    let proxy = proxy(&sections)?;
    assert_eq!(encrypted(&proxy, "direct")?, "t");
    assert_eq!(encrypted(&proxy, "md5")?, "t");
    let said = encrypted(&proxy, "scram")?;
    assert!(said.contains("refused Picket's own log-in"), "{said}");
    proxy.wait_log("SCRAM channel binding check failed")
}

#[test]
fn a_cancel_reaches_the_database_over_tls() -> Result<()> {
    const SLEEP: &str = "SELECT pg_sleep(601)";
    let authority = Authority::new()?;
    let folder = Scratch::new("hba")?;
    let postgres = server(&authority, &authority.server("127.0.0.1")?, &folder)?;
    let keys = format!("sslmode = \"verify-full\"\nroot-ca = \"{}\"", authority.cert.display());
    let proxy = proxy(&upstream("shop", "127.0.0.1", postgres.port(), "tls_only", &keys))?;
    let login: Login = proxy.login("alice", "shop")?;
    let mut command = psql::command(&login)?;
    let child = command.args(["-c", SLEEP]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    let running =
        format!("SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query = '{SLEEP}'");
    wait::until("the statement to run", Duration::from_secs(30), || {
        Ok((postgres.administer("postgres", &running)?.trim() == "1").then_some(()))
    })?;
    let pid = Pid::from_raw(i32::try_from(child.id())?).context("read psql's process id")?;
    kill_process(pid, Signal::INT)?;
    let output = child.wait_with_output()?;
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(stderr.contains("canceling statement due to user request"), "{stderr}");
    Ok(())
}
