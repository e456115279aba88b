//! `picket login`, `token`, `connect` and `logout`: somebody agrees on the provider's own pages, and its tokens open the proxy.

use std::fs::{self, Permissions};
use std::io::{BufRead, BufReader, Read};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use e2e::oidc::DEVICE_CLIENT;
use e2e::scratch::Scratch;
use e2e::{binaries, postgres};

use super::introspection::asking;
use super::rig::{CAROL, Rig, driver, driver_tls};
use crate::driver::block_on;

/// Somebody's state folder, and `picket` for that somebody.
struct Home {
    rig: Rig,
    state: Scratch,
}

impl Home {
    fn new() -> Result<Self> {
        Self::with("")
    }

    /// With these lines of `[oidc]`.
    fn with(oidc: &str) -> Result<Self> {
        Ok(Home { rig: Rig::start("require", oidc, "")?, state: Scratch::new("state")? })
    }

    fn picket(&self, args: &[&str]) -> Result<Command> {
        let mut command = binaries::command("picket")?;
        command
            .args(args)
            .env("XDG_STATE_HOME", self.state.path())
            .env("PICKET_ISSUER", self.rig.provider.issuer())
            .env("PICKET_ISSUER_CA_FILE", &self.rig.authority.cert);
        Ok(command)
    }

    fn run(&self, args: &[&str]) -> Result<(String, String, Option<i32>)> {
        let Output { stdout, stderr, status } = self.picket(args)?.output().context("run picket")?;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_string();
        Ok((text(&stdout), text(&stderr), status.code()))
    }

    fn token(&self, args: &[&str]) -> Result<String> {
        let (token, told, code) = self.run(&[&["token"], args].concat())?;
        ensure!(code == Some(0) && told.is_empty(), "{code:?}: {told}");
        Ok(token)
    }

    /// Code and message with which a token is not to be had.
    fn no_token(&self, args: &[&str]) -> Result<(i32, String)> {
        let (token, told, code) = self.run(&[&["token"], args].concat())?;
        ensure!(token.is_empty(), "there is a token");
        Ok((code.context("picket was killed")?, told))
    }

    /// Logs in as carol does: what it says.
    fn logs_in(&self) -> Result<String> {
        let mut child = self.picket(&["login"])?.stderr(Stdio::piped()).spawn().context("start picket")?;
        let mut errors = BufReader::new(child.stderr.take().context("take its standard error")?);
        let mut said = String::new();
        let address = loop {
            let mut line = String::new();
            ensure!(errors.read_line(&mut line)? != 0, "it names no address: {said}");
            said.push_str(&line);
            if let Some(address) = line.strip_prefix("or open ") {
                break address.trim().to_string();
            }
        };
        self.rig.provider.person(&address, "carol")?;
        errors.read_to_string(&mut said)?;
        ensure!(child.wait()?.success(), "{said}");
        Ok(said)
    }

    fn session(&self) -> std::path::PathBuf {
        self.state.join("picket/session.json")
    }
}

/// More than any token of the provider is valid for, so that it is asked for a new one.
const NEW: [&str; 2] = ["--valid-for-secs", "86400"];

#[test]
fn somebody_logs_in_once_and_has_fresh_passwords_until_logging_out() -> Result<()> {
    let home = Home::new()?;
    let (code, told) = home.no_token(&[])?;
    assert_eq!((code, told.as_str()), (77, "picket: you are not logged in; run `picket login`"));
    let said = home.logs_in()?;
    assert!(said.contains(" and enter the code ") && said.contains("You are logged in."), "{said}");

    let token = home.token(&[])?;
    home.rig.logs_in(CAROL, &token)?;
    assert_eq!(home.token(&[])?, token, "it is valid, and another was fetched");
    let renewed = home.token(&NEW)?;
    assert_ne!(renewed, token);
    home.rig.logs_in(CAROL, &renewed)?;
    // A refresh token counts once at this provider: those who come at once wait for each other.
    let at_once: Vec<_> = (0..4)
        .map(|_| Ok(home.picket(&[&["token"], NEW.as_slice()].concat())?.stdout(Stdio::piped()).spawn()?))
        .collect::<Result<_>>()?;
    for child in at_once {
        let output = child.wait_with_output()?;
        ensure!(output.status.success() && 100 < output.stdout.len(), "{output:?}");
    }

    let conninfo = format!("{} sslmode=require", home.rig.login(CAROL, "")?.conninfo());
    let mut connect = home.picket(&["connect", &conninfo, "-XqAt", "-c", "SELECT count(*) FROM users"])?;
    let path = std::env::var("PATH").unwrap_or_default();
    let output = connect.env("PATH", format!("{}:{path}", postgres::programs()?.display())).output()?;
    assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), "8", "{output:?}");

    let file = fs::metadata(home.session())?;
    let folder = fs::metadata(home.state.join("picket"))?;
    assert_eq!((file.mode() & 0o777, folder.mode() & 0o777), (0o600, 0o700));
    let kept = fs::read(home.session())?;
    assert!(!said.contains(&token) && said.lines().all(|line| line.len() < 300), "{said}");

    let (_, told, code) = home.run(&["logout"])?;
    assert_eq!((code, told.as_str()), (Some(0), ""));
    assert!(!home.session().exists());
    assert_eq!(home.no_token(&[])?.0, 77);
    // Nor has whoever had copied it: the provider was told.
    fs::write(home.session(), kept)?;
    fs::set_permissions(home.session(), Permissions::from_mode(0o600))?;
    let (code, told) = home.no_token(&NEW)?;
    assert_eq!(code, 77);
    assert!(told.contains("your log-in is over") && told.contains("run `picket login`"), "{told}");
    assert!(!home.session().exists());
    let (_, told, code) = home.run(&["logout"])?;
    assert_eq!((code, told.as_str()), (Some(0), "You are not logged in."));
    Ok(())
}

#[test]
fn what_is_in_the_way_of_a_log_in_is_named_with_its_mend() -> Result<()> {
    let mut home = Home::new()?;
    let issuer = home.rig.provider.issuer();
    for (args, code, why) in [
        (vec!["login", "--client-id", "nobody"], 77, "is the client registered there"),
        (vec!["login", "--issuer", "http://id.example.com"], 2, "must be an address that begins with https"),
        (vec!["login", "--issuer", "id.example.com"], 2, "must be an address that begins with https"),
        (vec!["login", "--issuer", "file:///etc/passwd"], 2, "must be an address that begins with https"),
        (
            vec!["login", "--issuer", "http://127.0.0.1@id.example.com"],
            2,
            "must be an address that begins with https",
        ),
        (vec!["login", "--ca-file", "/dev/null"], 2, "has no certificate"),
        (vec!["login", "--client-id", ""], 77, "the provider begins no log-in"),
    ] {
        let (said, told, got) = home.run(&args)?;
        assert_eq!((got, said.as_str()), (Some(code), ""), "{args:?}: {told}");
        assert!(told.contains(why), "{args:?}: {told}");
    }
    let slash = format!("{issuer}/");
    let (_, told, code) = home.run(&["login", "--issuer", &slash])?;
    assert!(code == Some(2) && told.contains(&format!("--issuer must be {issuer}")), "{told}");
    assert!(!home.session().exists());

    home.logs_in()?;
    fs::set_permissions(home.session(), Permissions::from_mode(0o640))?;
    let (code, told) = home.no_token(&[])?;
    assert!(code == 77 && told.contains("can be read or changed by others"), "{told}");
    fs::set_permissions(home.session(), Permissions::from_mode(0o600))?;
    // Away, the provider costs nobody a token that is valid, and nobody the log-in.
    home.rig.provider.kill()?;
    let token = home.token(&[])?;
    home.rig.logs_in(CAROL, &token)?;
    let (code, told) = home.no_token(&NEW)?;
    assert!(code == 69 && told.contains("cannot reach the identity provider"), "{told}");
    assert!(!told.contains(&token));
    assert_eq!(home.token(&[])?, token);
    fs::write(home.session(), "{}")?;
    let (code, told) = home.no_token(&[])?;
    assert!(code == 1 && told.contains("is no session of this Picket"), "{told}");
    assert_eq!(DEVICE_CLIENT, "picket-cli", "the default of --client-id");
    Ok(())
}

#[test]
fn who_logs_out_ends_the_sessions_that_began_with_that_log_in() -> Result<()> {
    let home = Home::with(&asking(""))?;
    home.logs_in()?;
    let login = home.rig.login(CAROL, &home.token(&[])?)?;
    block_on(async {
        let (client, connection) = driver(&login).connect(driver_tls(&home.rig.authority.cert)?).await?;
        let ends = tokio::spawn(connection);
        client.batch_execute("SELECT count(*) FROM users").await?;
        let (_, told, code) = home.run(&["logout"])?;
        ensure!((code, told.as_str()) == (Some(0), ""), "{told}");
        let ended = tokio::time::timeout(Duration::from_secs(60), ends).await??;
        let error = ended.err().context("expect the connection to end with an error")?;
        let error = error.as_db_error().with_context(|| format!("{error:?}"))?;
        ensure!(error.message().contains("has taken back the token"), "{error:?}");
        Ok(())
    })
}
