//! `picket login`, `token`, `connect` and `logout`: a session at the identity provider, whose tokens are passwords for the proxy.

mod provider;
mod session;

use std::io::{IsTerminal, Write, stderr, stdout};
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::anyhow;

use self::provider::{Grant, Granted, Polled, Provider};
use self::session::{Session, Store};
use crate::args::{ConnectArgs, LoginArgs, TokenArgs};
use crate::failure::{Failure, unless_reader_left};

/// Logs in by the device flow (RFC 8628): somebody agrees in a browser, here or elsewhere.
pub(crate) fn login(args: LoginArgs) -> Result<(), Failure> {
    let LoginArgs { issuer, client_id, scope, ca_file, no_browser } = args;
    let provider = Provider::find(&issuer, ca_file.as_deref())?;
    let store = Store::open()?;
    let device = provider.begin(&client_id, &scope)?;
    let mut said = format!("Open {} and enter the code {}", device.verification_uri, device.user_code);
    if let Some(whole) = &device.verification_uri_complete {
        said.push_str(&format!(",\nor open {whole}"));
    }
    say(&said);
    if !no_browser && stderr().is_terminal() {
        open(device.verification_uri_complete.as_deref().unwrap_or(&device.verification_uri));
    }
    let ends_at = Instant::now() + device.expires_in;
    let mut interval = device.interval;
    let granted = loop {
        // RFC 8628, 3.5: the provider says how often it may be asked.
        thread::sleep(interval.min(ends_at.saturating_duration_since(Instant::now())));
        if ends_at <= Instant::now() {
            return Err(Failure::no_rights(anyhow!("nobody has agreed in time; run `picket login` again")));
        }
        match provider.poll(&client_id, &device.device_code)? {
            Polled::Granted(granted) => break granted,
            Polled::Pending => {}
            Polled::SlowDown => interval += provider::SLOWER_BY,
            Polled::Denied(why) => {
                return Err(Failure::no_rights(anyhow!("the provider has not let you in: {why}")));
            }
        }
    };
    if granted.refresh_token.is_none() {
        say("The provider gives no refresh token: this log-in ends with its token. Ask for one by --scope.");
    }
    let session = Session::new(issuer, client_id, ca_file, &granted);
    store.lock()?.write(&session)?;
    say(&format!("You are logged in. PGPASSWORD=$(picket token) is your password for {SECS} s and more."));
    Ok(())
}

/// A token is handed out that is valid for so long at least.
const SECS: u64 = 60;

/// Prints a token that is valid for a while.
pub(crate) fn token(args: &TokenArgs) -> Result<(), Failure> {
    let token = fresh(args.valid_for_secs)?;
    unless_reader_left(writeln!(stdout(), "{token}"))
}

/// Becomes psql, with a token as its password.
pub(crate) fn connect(args: ConnectArgs) -> Result<(), Failure> {
    let token = fresh(SECS)?;
    let mut psql = Command::new("psql");
    psql.arg(args.conninfo).args(args.more).env("PGPASSWORD", token);
    // Only comes back where it fails.
    let error = psql.exec();
    Err(Failure::unavailable(anyhow!("cannot start psql: {error}; is PostgreSQL's client installed?")))
}

/// Forgets the session, here and at the provider.
pub(crate) fn logout() -> Result<(), Failure> {
    let store = Store::open()?;
    let mut locked = store.lock()?;
    let Some(session) = locked.read()? else {
        say("You are not logged in.");
        return Ok(());
    };
    locked.forget()?;
    let told = Provider::find(&session.issuer, session.ca_file.as_deref())
        .and_then(|provider| provider.revoke(&session.client_id, session.to_revoke()));
    match told {
        Ok(true) => Ok(()),
        Ok(false) => {
            say("This provider takes nothing back: the last token is good until it expires.");
            Ok(())
        }
        Err(Failure { code, error }) => Err(Failure {
            code,
            error: error.context("you are logged out here, and the provider was not told"),
        }),
    }
}

/// A token that is valid for `secs` at least, or the newest that there is to be had.
fn fresh(secs: u64) -> Result<String, Failure> {
    let again = |why: &str| Failure::no_rights(anyhow!("{why}; run `picket login`"));
    let store = Store::open()?;
    // Held while the provider is asked: a refresh token can often be used once, and whoever comes second finds the new one.
    let mut locked = store.lock()?;
    let session = locked.read()?.ok_or_else(|| again("you are not logged in"))?;
    if session.is_valid_for(Duration::from_secs(secs)) {
        return Ok(session.access_token);
    }
    let Some(refresh_token) = &session.refresh_token else {
        return Err(again("your log-in has ended with its token"));
    };
    let provider = Provider::find(&session.issuer, session.ca_file.as_deref())?;
    match provider.refresh(&session.client_id, refresh_token)? {
        Grant::Given(granted) => {
            let token = granted.access_token.clone();
            locked.write(&session.renewed(&granted))?;
            Ok(token)
        }
        Grant::Over(why) => {
            locked.forget()?;
            Err(again(&format!("your log-in is over, says the provider ({why})")))
        }
    }
}

/// Has a browser show it, where there is one; who has none has read the address.
fn open(address: &str) {
    let mut browser = Command::new("xdg-open");
    browser.arg(address).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let _ = browser.spawn();
}

/// What is for people; stdout is for tokens.
fn say(text: &str) {
    let lines: Vec<_> = text.lines().map(crate::show::escaped).collect();
    let _ = writeln!(stderr(), "{}", lines.join("\n"));
}

impl Session {
    fn new(
        issuer: String,
        client_id: String,
        ca_file: Option<std::path::PathBuf>,
        granted: &Granted,
    ) -> Self {
        let Granted { access_token, refresh_token, expires_in } = granted.clone();
        Session {
            issuer,
            client_id,
            ca_file,
            access_token,
            refresh_token,
            expires_at: session::now() + expires_in.as_secs(),
        }
    }

    /// After a refresh. Providers that do not rotate refresh tokens send none.
    fn renewed(&self, granted: &Granted) -> Self {
        let Session { issuer, client_id, ca_file, refresh_token, .. } = self.clone();
        let mut renewed = Session::new(issuer, client_id, ca_file, granted);
        renewed.refresh_token = renewed.refresh_token.or(refresh_token);
        renewed
    }
}
