//! TLS between clients and the proxy: psql as people run it.

use anyhow::{Context, Result};
use e2e::login::Login;
use e2e::psql::{self, Output};

use crate::certificates::{Authority, Files, tls_section};
use crate::stack::{Stack, USER, text};

/// What the server knows of the connection is the proxy's; what psql knows is in `\conninfo`.
const ASK: &str = "\\conninfo";

/// Runs psql with libpq's settings from `env`.
fn psql(login: &Login, env: &[(&str, &str)], command: &str) -> Result<Output> {
    let output = psql::command(login)?
        .args(["-qAt", "-v", "VERBOSITY=verbose", "-c", command])
        .envs(env.iter().copied())
        .output()
        .context("run psql")?;
    Ok(Output {
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        code: output.status.code().unwrap_or(-1),
    })
}

fn path(path: &std::path::Path) -> &str {
    path.to_str().unwrap_or_default()
}

#[test]
fn psql_is_encrypted_and_verifies_whom_it_talks_to() -> Result<()> {
    let authority = Authority::new()?;
    let stack = Stack::start_with(&tls_section("require", &authority.server("127.0.0.1")?, ""))?;
    let alice = stack.alice()?;
    let ca = path(&authority.cert);
    for env in [
        &[("PGSSLMODE", "require")][..],
        &[("PGSSLMODE", "verify-full"), ("PGSSLROOTCERT", ca)],
        &[("PGSSLMODE", "verify-full"), ("PGSSLROOTCERT", ca), ("PGCHANNELBINDING", "require")],
    ] {
        let said = psql(&alice, env, ASK)?.success()?;
        assert!(said.contains("SSL connection (protocol: TLSv1.3"), "{env:?}: {said}");
        assert_eq!(psql(&alice, env, "SELECT count(*) FROM users")?.success()?.trim(), "8");
    }
    let session = "SELECT * FROM sessions FINAL WHERE authenticated_by = 'scram-sha-256-plus' LIMIT 1";
    let session = stack.ledger.wait_row("a session bound to its connection", session)?;
    assert_eq!(text(&session, "principal")?, USER);
    let twelve = [("PGSSLMODE", "require"), ("PGSSLMAXPROTOCOLVERSION", "TLSv1.2")];
    let said = psql(&alice, &twelve, ASK)?.success()?;
    assert!(said.contains("SSL connection (protocol: TLSv1.2"), "{said}");
    Ok(())
}

#[test]
fn large_results_and_large_statements_pass_unchanged_through_tls() -> Result<()> {
    let authority = Authority::new()?;
    let stack = Stack::start_with(&tls_section("require", &authority.server("127.0.0.1")?, ""))?;
    let alice = stack.alice()?;
    let env = [("PGSSLMODE", "require")];
    let select = "SELECT md5(string_agg(n::text, ',')) FROM generate_series(1, 120000) n";
    let expected = stack.truth(select)?;
    let rows = psql(&alice, &env, "SELECT n FROM generate_series(1, 120000) n")?.success()?;
    assert_eq!(rows.lines().count(), 120_000);
    assert_eq!(rows.lines().last(), Some("120000"));
    let list = rows.trim().replace('\n', ",");
    let script = format!("SELECT md5('{list}');\n");
    let mut child = psql::command(&alice)?
        .args(["-qAt"])
        .envs(env)
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()?;
    let mut stdin = child.stdin.take().context("take psql's standard input")?;
    let feeder = std::thread::spawn(move || std::io::Write::write_all(&mut stdin, script.as_bytes()));
    let output = child.wait_with_output()?;
    feeder.join().ok().context("feed psql")??;
    assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), expected);
    Ok(())
}

#[test]
fn who_comes_without_tls_where_it_is_required_is_told_so() -> Result<()> {
    let authority = Authority::new()?;
    let stack = Stack::start_with(&tls_section("require", &authority.server("127.0.0.1")?, ""))?;
    let output = psql(&stack.alice()?, &[("PGSSLMODE", "disable")], ASK)?;
    assert_eq!(output.code, 2);
    assert!(output.stderr.contains("Picket takes no connections without encryption"), "{}", output.stderr);
    assert!(output.stderr.contains("sslmode=require"), "{}", output.stderr);
    Ok(())
}

#[test]
fn where_tls_is_allowed_each_client_has_its_way_and_where_it_is_disabled_none() -> Result<()> {
    let authority = Authority::new()?;
    let server = authority.server("127.0.0.1")?;
    let allows = Stack::start_with(&tls_section("allow", &server, ""))?;
    let said = psql(&allows.alice()?, &[("PGSSLMODE", "disable")], ASK)?.success()?;
    assert!(!said.contains("SSL"), "{said}");
    let said = psql(&allows.alice()?, &[], ASK)?.success()?;
    assert!(said.contains("SSL"), "{said}");
    let disabled = Stack::start_with(&tls_section("disable", &server, ""))?;
    let refused = psql(&disabled.alice()?, &[("PGSSLMODE", "require")], ASK)?;
    assert!(refused.stderr.contains("server does not support SSL"), "{}", refused.stderr);
    Ok(())
}

#[test]
fn psql_refuses_a_proxy_of_another_authority_or_name() -> Result<()> {
    let (authority, other) = (Authority::new()?, Authority::new()?);
    let stack = Stack::start_with(&tls_section("require", &authority.server("elsewhere.example")?, ""))?;
    let alice = stack.alice()?;
    let env = [("PGSSLMODE", "verify-ca"), ("PGSSLROOTCERT", path(&other.cert))];
    let refused = psql(&alice, &env, ASK)?;
    assert!(refused.stderr.contains("certificate verify failed"), "{}", refused.stderr);
    let env = [("PGSSLMODE", "verify-full"), ("PGSSLROOTCERT", path(&authority.cert))];
    let refused = psql(&alice, &env, ASK)?;
    assert!(refused.stderr.contains("does not match host name"), "{}", refused.stderr);
    Ok(())
}

/// libpq's settings to show this certificate.
fn shown(files: &Files) -> [(&str, &str); 3] {
    [("PGSSLMODE", "require"), ("PGSSLCERT", path(&files.cert)), ("PGSSLKEY", path(&files.key))]
}

/// A stack where carol and a mail address log in with certificates.
fn stack_with_certificates(authority: &Authority, policy: &str) -> Result<Stack> {
    let more = format!(
        "client-ca = \"{}\"\nclient-certificates = \"{policy}\"\n\n[[user]]\nname = \"carol\"\nauth = \"cert\"\n\
         \n[[user]]\nname = \"dave@example.com\"\nauth = \"cert\"\n",
        authority.cert.display()
    );
    Stack::start_with(&tls_section("require", &authority.server("127.0.0.1")?, &more))
}

#[test]
fn a_verified_certificate_logs_its_user_in_and_nobody_else() -> Result<()> {
    let authority = Authority::new()?;
    let stack = stack_with_certificates(&authority, "request")?;
    let carol = stack.alice()?.as_user("carol", "no password");
    let dave = carol.as_user("dave@example.com", "no password");
    let (carols, daves) = (authority.user("carol")?, authority.user_by_mail("dave@example.com")?);
    assert_eq!(psql(&carol, &shown(&carols), "SELECT 1")?.success()?.trim(), "1");
    assert_eq!(psql(&dave, &shown(&daves), "SELECT 1")?.success()?.trim(), "1");
    let session = "SELECT * FROM sessions FINAL WHERE principal = 'carol' LIMIT 1";
    let session = stack.ledger.wait_row("carol's session", session)?;
    assert_eq!(text(&session, "authenticated_by")?, "cert");

    let refused = psql(&dave, &shown(&carols), "SELECT 1")?;
    assert!(refused.stderr.contains("certificate authentication failed for user"), "{}", refused.stderr);
    // Carol's certificate is no password of alice's.
    let refused = psql(&stack.alice()?.as_user(USER, "wrong"), &shown(&carols), "SELECT 1")?;
    assert!(refused.stderr.contains("password authentication failed"), "{}", refused.stderr);
    assert_eq!(psql(&stack.alice()?, &shown(&carols), "SELECT 1")?.success()?.trim(), "1");
    // Without one, carol cannot be told from somebody who does not exist.
    let refused = psql(&carol, &[("PGSSLMODE", "require")], "SELECT 1")?;
    assert!(
        refused.stderr.contains("password authentication failed for user \"carol\""),
        "{}",
        refused.stderr
    );
    Ok(())
}

#[test]
fn a_certificate_of_another_authority_is_none_and_where_one_is_required_nobody_gets_in_without() -> Result<()>
{
    let (authority, other) = (Authority::new()?, Authority::new()?);
    let stack = stack_with_certificates(&authority, "require")?;
    let carol = stack.alice()?.as_user("carol", "no password");
    let refused = psql(&carol, &shown(&other.user("carol")?), "SELECT 1")?;
    assert_eq!(refused.code, 2, "{}", refused.stderr);
    let refused = psql(&stack.alice()?, &[("PGSSLMODE", "require")], "SELECT 1")?;
    assert_eq!(refused.code, 2, "{}", refused.stderr);
    stack.proxy.wait_log("no TLS with the client")?;
    assert_eq!(psql(&stack.alice()?, &shown(&authority.user("x")?), "SELECT 1")?.success()?.trim(), "1");
    Ok(())
}
