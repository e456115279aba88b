//! `picket approvals`: answers what waits for an approval, at the proxy's console.

use std::env;
use std::fs;
use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, anyhow, bail};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use serde::Serialize;
use tokio::runtime::{Builder, Runtime};
use tokio::time::error::Elapsed;
use tokio::time::timeout;
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres::error::SqlState;
use tokio_postgres::tls::MakeTlsConnect;
use tokio_postgres::{Client, Config, Error, NoTls, SimpleQueryMessage, SimpleQueryRow, Socket};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::args::{Answers, Console, Grants};
use crate::failure::Failure;
use crate::show::{self, Cell, Shown};

/// How long the console may take.
const ANSWER_WITHIN: Duration = Duration::from_secs(30);

/// A statement that waits.
#[derive(Debug, Serialize)]
struct Waiting {
    request: String,
    waits: String,
    expires: String,
    principal: String,
    database: String,
    groups: String,
    approved_by: String,
    statement: String,
    parameters: String,
    reason: String,
}

impl Shown for Waiting {
    const KEYS: &'static [&'static str] = &[
        "request",
        "waits",
        "expires",
        "principal",
        "database",
        "groups",
        "approved_by",
        "statement",
        "parameters",
        "reason",
    ];
    const HEADINGS: &'static [&'static str] = &[
        "request",
        "waits since",
        "expires",
        "who",
        "database",
        "needs",
        "approved by",
        "statement",
        "parameters",
        "reason",
    ];

    fn cells(&self) -> Vec<Cell> {
        let Waiting { request, waits, expires, principal, database, groups, approved_by, .. } = self;
        let texts = [request, waits, expires, principal, database, groups, approved_by];
        texts.into_iter().chain([&self.statement, &self.parameters, &self.reason]).map(Cell::plain).collect()
    }
}

/// An approval that counts for a while.
#[derive(Debug, Serialize)]
struct Counts {
    grant: String,
    until: String,
    principal: String,
    database: String,
    approved_by: String,
    statement: String,
}

impl Shown for Counts {
    const KEYS: &'static [&'static str] =
        &["grant", "until", "principal", "database", "approved_by", "statement"];
    const HEADINGS: &'static [&'static str] =
        &["grant", "until", "who", "database", "approved by", "like this"];

    fn cells(&self) -> Vec<Cell> {
        let Counts { grant, until, principal, database, approved_by, statement } = self;
        [grant, until, principal, database, approved_by, statement].map(Cell::plain).into()
    }
}

/// One thing that is known of it.
#[derive(Debug, Serialize)]
struct Known {
    what: String,
    value: String,
}

impl Shown for Known {
    const KEYS: &'static [&'static str] = &["what", "value"];
    const HEADINGS: &'static [&'static str] = &["", ""];

    fn cells(&self) -> Vec<Cell> {
        let value = match self.what.as_str() {
            // The proxy has made one line of whatever somebody else has chosen.
            "plan" | "ran before" => Cell::lines(&self.value),
            _ => Cell::whole(&self.value),
        };
        vec![Cell::plain(&self.what), value]
    }
}

/// Asks or answers.
pub(crate) fn answer(console: &Console, about: &Answers) -> Result<(), Failure> {
    let text = match about {
        Answers::List { .. } => "SHOW APPROVALS".to_owned(),
        Answers::Show { request, .. } => format!("SHOW APPROVAL {}", quoted(request)),
        Answers::Approve { request, time, reason } if time.is_empty() => {
            format!("APPROVE {} {}", quoted(request), quoted(reason))
        }
        Answers::Approve { request, time, reason } => {
            format!("APPROVE {} FOR {} {}", quoted(request), quoted(time), quoted(reason))
        }
        Answers::Deny { request, reason } => format!("DENY {} {}", quoted(request), quoted(reason)),
    };
    let rows = say(console, &text)?;
    match about {
        Answers::List { format } => {
            let waiting = |row: &SimpleQueryRow| Waiting {
                request: field(row, 0),
                waits: field(row, 1),
                expires: field(row, 2),
                principal: field(row, 3),
                database: field(row, 4),
                groups: field(row, 5),
                approved_by: field(row, 6),
                statement: field(row, 7),
                parameters: field(row, 8),
                reason: field(row, 9),
            };
            let rows: Vec<_> = rows.iter().map(waiting).collect();
            show::show(&rows, false, *format, "nothing waits for you")
        }
        Answers::Show { format, .. } => {
            let known = |row: &SimpleQueryRow| Known { what: field(row, 0), value: field(row, 1) };
            show::show(&rows.iter().map(known).collect::<Vec<_>>(), false, *format, "")
        }
        Answers::Approve { .. } | Answers::Deny { .. } => {
            tell(&rows);
            Ok(())
        }
    }
}

/// Lists grants, or takes one back.
pub(crate) fn grants(console: &Console, about: &Grants) -> Result<(), Failure> {
    match about {
        Grants::List { format } => {
            let counts = |row: &SimpleQueryRow| Counts {
                grant: field(row, 0),
                until: field(row, 1),
                principal: field(row, 2),
                database: field(row, 3),
                approved_by: field(row, 4),
                statement: field(row, 5),
            };
            let rows: Vec<_> = say(console, "SHOW GRANTS")?.iter().map(counts).collect();
            show::show(&rows, false, *format, "everything is asked about")
        }
        Grants::Revoke { grant, reason } => {
            tell(&say(console, &format!("REVOKE {} {}", quoted(grant), quoted(reason)))?);
            Ok(())
        }
    }
}

pub(crate) fn field(row: &SimpleQueryRow, number: usize) -> String {
    row.try_get(number).ok().flatten().unwrap_or("").to_owned()
}

/// What came of an answer.
fn tell(rows: &[SimpleQueryRow]) {
    rows.iter().for_each(|row| println!("{}", show::escaped(&field(row, 0))));
}

/// Ends a session.
pub(crate) fn kill(console: &Console, session: &str, reason: &str) -> Result<(), Failure> {
    say(console, &format!("KILL {} {}", quoted(session), quoted(reason)))?;
    println!("it ends");
    Ok(())
}

/// Says what a column holds.
pub(crate) fn classify(
    console: &Console,
    database: &str,
    column: &str,
    class: &str,
    reason: &str,
) -> Result<(), Failure> {
    let [database, column, class, reason] = [database, column, class, reason].map(quoted);
    tell(&say(console, &format!("CLASSIFY {database} {column} AS {class} {reason}"))?);
    Ok(())
}

/// Has a database looked at again.
pub(crate) fn rescan(console: &Console, database: &str) -> Result<(), Failure> {
    tell(&say(console, &format!("RESCAN {}", quoted(database)))?);
    Ok(())
}

/// As the console reads it.
pub(crate) fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// What the console says to a command.
pub(crate) fn say(console: &Console, text: &str) -> Result<Vec<SimpleQueryRow>, Failure> {
    Ok(Line::open(console)?.say(text)?)
}

/// A connection to the console.
pub(crate) struct Line {
    runtime: Runtime,
    client: Client,
}

/// Why the console does not do something.
pub(crate) struct Declined {
    /// What kind of reason that is, where the console has given it.
    pub(crate) sqlstate: Option<SqlState>,
    pub(crate) failure: Failure,
}

impl From<Declined> for Failure {
    fn from(declined: Declined) -> Self {
        declined.failure
    }
}

impl Line {
    pub(crate) fn open(console: &Console) -> Result<Self, Failure> {
        let mut config: Config =
            console.console.parse().context("read --console (or PICKET_CONSOLE)").map_err(Failure::usage)?;
        if config.get_password().is_none()
            && let Ok(password) = env::var("PGPASSWORD")
        {
            config.password(password);
        }
        config.application_name("picket").connect_timeout(ANSWER_WITHIN);
        let runtime = Builder::new_current_thread().enable_all().build().context("start the runtime")?;
        let connected = match &console.ca_file {
            Some(file) => {
                config.ssl_mode(SslMode::Require);
                let tls = MakeRustlsConnect::new(tls(file).map_err(Failure::usage)?);
                runtime.block_on(connect(&config, tls))
            }
            None => {
                let is_near = |host: &Host| match host {
                    Host::Unix(_) => true,
                    Host::Tcp(name) => {
                        name == "localhost" || name.parse().is_ok_and(|ip: IpAddr| ip.is_loopback())
                    }
                };
                if config.get_ssl_mode() != SslMode::Disable && !config.get_hosts().iter().all(is_near) {
                    let mend =
                        "give --ca-file, whose certificates count, or say sslmode=disable to go without TLS";
                    return Err(Failure::usage(anyhow!("the console is on another host: {mend}")));
                }
                config.ssl_mode(SslMode::Disable);
                runtime.block_on(connect(&config, NoTls))
            }
        };
        let client = connected.map_err(late)?.map_err(|error| failure(&error))?;
        Ok(Line { runtime, client })
    }

    /// What the console says to a command.
    pub(crate) fn say(&self, text: &str) -> Result<Vec<SimpleQueryRow>, Declined> {
        let answered =
            self.runtime.block_on(async { timeout(ANSWER_WITHIN, self.client.simple_query(text)).await });
        let answered = answered.map_err(|elapsed| Declined { sqlstate: None, failure: late(elapsed) })?;
        let messages = answered
            .map_err(|error| Declined { sqlstate: error.code().cloned(), failure: failure(&error) })?;
        let row = |message| match message {
            SimpleQueryMessage::Row(row) => Some(row),
            _ => None,
        };
        Ok(messages.into_iter().filter_map(row).collect())
    }
}

fn late(_: Elapsed) -> Failure {
    Failure::unavailable(anyhow!("the console has not answered within {} s", ANSWER_WITHIN.as_secs()))
}

async fn connect<T>(config: &Config, tls: T) -> Result<Result<Client, Error>, Elapsed>
where
    T: MakeTlsConnect<Socket>,
    T::Stream: Send + 'static,
{
    timeout(ANSWER_WITHIN, async {
        let (client, connection) = config.connect(tls).await?;
        tokio::spawn(connection);
        Ok(client)
    })
    .await
}

/// TLS with servers whose certificates are of these authorities.
fn tls(file: &Path) -> anyhow::Result<ClientConfig> {
    let read = || format!("read --ca-file {}", file.display());
    let pem = fs::read(file).with_context(read)?;
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(&pem) {
        roots.add(certificate.with_context(read)?).with_context(read)?;
    }
    if roots.is_empty() {
        bail!("--ca-file {} has no certificate", file.display());
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    Ok(builder.context("set TLS up")?.with_root_certificates(roots).with_no_client_auth())
}

fn failure(error: &Error) -> Failure {
    match error.as_db_error() {
        Some(said) if *said.code() == SqlState::INVALID_PASSWORD => {
            Failure::no_rights(anyhow!("{}; the password is taken from PGPASSWORD", said.message()))
        }
        Some(said) => {
            let hint = said.hint().map(|hint| format!("; {hint}")).unwrap_or_default();
            anyhow!("{}{hint}", said.message()).into()
        }
        None => {
            let causes = daemon::with_causes(error).to_string();
            Failure::unavailable(anyhow!(
                "cannot reach the console: {causes}; see --console or PICKET_CONSOLE"
            ))
        }
    }
}
