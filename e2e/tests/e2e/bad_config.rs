//! Configuration that is wrong: one line that names file, line, key and what is allowed, and exit code 78.

use std::fs;
use std::net::TcpListener;
use std::process::Output;

use anyhow::{Context, Result};
use e2e::binaries;
use e2e::scratch::Scratch;

const PROXY: &str = r#"listen = "127.0.0.1:0"

[spool]
dir = "SPOOL"

[clickhouse]
url = "http://127.0.0.1:1"

[[upstream]]
database = "shop"
host = "127.0.0.1"
port = 5432
user = "picket"
password = "secret-of-the-upstream"

[[user]]
name = "alice"
scram-secret = "SECRET"
"#;

const AGENT: &str = r#"watch-ports = [5432]

[spool]
dir = "SPOOL"

[clickhouse]
url = "http://127.0.0.1:1"
"#;

/// Starts `program` with this configuration and waits for its end.
fn run(program: &str, folder: &Scratch, config: &str) -> Result<Output> {
    let file = folder.join("config.toml");
    let config = config.replace("SPOOL", &folder.join("spool").display().to_string());
    let config = if config.contains("\"SECRET\"") {
        config.replace("SECRET", &e2e::proxy::scram_secret("alice's password")?)
    } else {
        config
    };
    fs::write(&file, config).context("write the configuration")?;
    binaries::command(program)?.arg("--config").arg(file).output().with_context(|| format!("run {program}"))
}

fn assert_refused(output: &Output, code: i32, parts: &[&str]) {
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{stderr}");
    assert_eq!(stderr.trim_end().lines().count(), 1, "not one line:\n{stderr}");
    for part in parts {
        assert!(stderr.contains(part), "`{part}` is not in: {stderr}");
    }
    assert!(!stderr.contains("secret-of-the-upstream"), "a password is in: {stderr}");
}

#[test]
fn an_unknown_key_is_named_with_file_line_and_the_keys_there_are() -> Result<()> {
    for (program, config, old, new, parts) in [
        ("picket-proxy", PROXY, "listen =", "lisen =", ["config.toml", "lisen", "listen", "1"]),
        ("picket-proxy", PROXY, "dir =", "directory =", ["config.toml", "directory", "dir", "4"]),
        ("picket-proxy", PROXY, "port = 5432", "prt = 5432", ["config.toml", "prt", "port", "12"]),
        (
            "picket-agent",
            AGENT,
            "watch-ports",
            "watch-port",
            ["config.toml", "watch-port", "watch-ports", "1"],
        ),
        ("picket-agent", AGENT, "url =", "uri =", ["config.toml", "uri", "url", "7"]),
    ] {
        let folder = Scratch::new("config")?;
        let output = run(program, &folder, &config.replace(old, new))?;
        assert_refused(&output, 78, &parts);
    }
    Ok(())
}

#[test]
fn a_wrong_type_or_value_is_named_with_its_place() -> Result<()> {
    for (program, config, old, new, parts) in [
        (
            "picket-proxy",
            PROXY,
            "port = 5432",
            "port = \"5432\"",
            ["config.toml:12", "port", "from 0 to 65535"],
        ),
        ("picket-proxy", PROXY, "port = 5432", "port = 70000", ["config.toml:12", "port", "from 0 to 65535"]),
        (
            "picket-proxy",
            PROXY,
            "\"127.0.0.1:0\"",
            "\"localhost\"",
            ["config.toml:1", "listen", "127.0.0.1:6432"],
        ),
        (
            "picket-proxy",
            PROXY,
            "\"http://127.0.0.1:1\"",
            "\"127.0.0.1\"",
            ["config.toml", "clickhouse", "url"],
        ),
        (
            "picket-proxy",
            PROXY,
            "\"SECRET\"",
            "\"plain\"",
            ["config.toml", "scram-secret", "picket-proxy scram-secret"],
        ),
        (
            "picket-proxy",
            PROXY,
            "[[user]]",
            "[mask.method]\nemail = \"token\"\n[[user]]",
            ["config.toml", "mask.key-file", "openssl rand"],
        ),
        (
            "picket-proxy",
            PROXY,
            "[[user]]",
            "[mask.method]\nemail = \"hash\"\n[[user]]",
            ["config.toml", "mask.method.email", "`partial`, `fixed`, `null`, `token`"],
        ),
        (
            "picket-proxy",
            PROXY,
            "[[user]]",
            "[mask.method]\nmail = \"null\"\n[[user]]",
            ["config.toml", "mask.method", "`email`"],
        ),
        (
            "picket-proxy",
            PROXY,
            "[[user]]",
            "[mask]\nkey-file = \"/dev/null\"\n[[user]]",
            ["config.toml", "mask.key-file", "32 bytes"],
        ),
        ("picket-agent", AGENT, "[5432]", "5432", ["config.toml", "1", "watch-ports"]),
        ("picket-agent", AGENT, "[5432]", "[]", ["config.toml", "watch-ports", "port"]),
    ] {
        let folder = Scratch::new("config")?;
        let output = run(program, &folder, &config.replace(old, new))?;
        assert_refused(&output, 78, &parts);
    }
    Ok(())
}

#[test]
fn a_missing_key_is_named() -> Result<()> {
    let folder = Scratch::new("config")?;
    let output = run("picket-proxy", &folder, &PROXY.replace("listen = \"127.0.0.1:0\"", ""))?;
    assert_refused(&output, 78, &["config.toml", "listen"]);
    Ok(())
}

#[test]
fn a_file_that_is_not_there_is_named() -> Result<()> {
    let folder = Scratch::new("config")?;
    let missing = folder.join("missing.toml");
    for program in ["picket-proxy", "picket-agent"] {
        let output = binaries::command(program)?.arg("--config").arg(&missing).output()?;
        assert_refused(&output, 78, &["missing.toml"]);
    }
    Ok(())
}

#[test]
fn a_port_that_is_taken_is_named() -> Result<()> {
    let taken = TcpListener::bind("127.0.0.1:0")?;
    let address = taken.local_addr()?.to_string();
    let folder = Scratch::new("config")?;
    let output = run("picket-proxy", &folder, &PROXY.replace("127.0.0.1:0", &address))?;
    assert_refused(&output, 69, &[&address]);

    let output = binaries::command("picket-engine")?
        .args(["--listen", &address, "--data-dir"])
        .arg(folder.join("data"))
        .output()?;
    assert_refused(&output, 69, &[&address]);
    Ok(())
}

/// The address is one that no host has (RFC 5737).
#[test]
fn an_address_of_another_host_is_not_called_taken() -> Result<()> {
    let folder = Scratch::new("config")?;
    let output = run("picket-proxy", &folder, &PROXY.replace("127.0.0.1:0", "192.0.2.1:6432"))?;
    assert_refused(&output, 69, &["192.0.2.1:6432", "an address of this host"]);
    Ok(())
}

#[test]
fn a_pid_file_that_cannot_be_is_named_with_its_mend() -> Result<()> {
    let folder = Scratch::new("config")?;
    let config = PROXY.replacen('\n', "\npid-file = \"/proc/nowhere/proxy.pid\"\n", 1);
    let output = run("picket-proxy", &folder, &config)?;
    assert_refused(&output, 69, &["`pid-file` /proc/nowhere/proxy.pid", "choose another path"]);
    Ok(())
}

#[test]
fn every_program_explains_itself_and_tells_its_version() -> Result<()> {
    for program in ["picket", "picket-agent", "picket-engine", "picket-proxy"] {
        for flag in ["--help", "--version"] {
            let output = binaries::command(program)?.arg(flag).output()?;
            assert_eq!(output.status.code(), Some(0), "{program} {flag}");
            assert!(!output.stdout.is_empty(), "{program} {flag} printed nothing");
        }
        let output = binaries::command(program)?.arg("--no-such-flag").output()?;
        assert_eq!(output.status.code(), Some(2), "{program} --no-such-flag");
    }
    Ok(())
}
