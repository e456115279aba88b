//! Picket's console: what people connect to, with the tools and the log-in they have for databases, to answer what waits for
//! their approval. It takes simple queries, as PgBouncer's does.

pub(crate) mod command;
mod told;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use policy::Approver;
use tokio::time::timeout;
use wire::compose::{self, ErrorText};
use wire::frame::{HEADER_BYTES, peek_body, peek_header};
use wire::{backend, frontend};

use self::command::Command;
use crate::approvals::{Grant, Held, PlanShown};
use crate::authority::{self, AskError, Somebody};
use crate::backtest::Trial;
use crate::connection::Shared;
use crate::explain::ExplainError;
use crate::farewell::Farewell;
use crate::login::Login;
use crate::oidc::{Admitted, Standing};
use crate::pipe::Pipe;
use crate::places::Allowed;
use crate::sessions::About;
use crate::throttle::Counts;

/// Longest message that it takes, but for policies that are tried and statements that they are tried on.
const MESSAGE_BYTES_MAX: u32 = 64 << 10;

/// Longest message with these, of whoever may try policies.
const TRIAL_BYTES_MAX: u32 = policy_files::MESSAGE_BYTES_MAX;

/// Most bytes that the answers to one query have before its last.
const ANSWER_BYTES_MAX: usize = 1 << 20;

/// Letters of a value in a list, and of one that is shown by itself.
pub(crate) const LISTED_LETTERS_MAX: usize = 500;
pub(crate) const SHOWN_LETTERS_MAX: usize = 200_000;

/// SQLSTATE program_limit_exceeded.
const TOO_MUCH: &str = "54000";

/// SQLSTATEs that `picket policy backtest` goes on after: invalid_catalog_name, lock_not_available and query_canceled.
const NO_DATABASE: &str = "3D000";
const BUSY: &str = "55P03";
const TOO_SLOW: &str = "57014";

/// Type OID of text (pg_type.dat).
const TEXT: u32 = 25;

/// SQLSTATEs syntax_error, feature_not_supported and invalid_parameter_value.
const SYNTAX: &str = "42601";
const UNSUPPORTED: &str = "0A000";
const ODD_ANSWER: &str = "22023";

const HELP: [[&str; 2]; 14] = [
    ["SHOW APPROVALS", "what waits for an approval, yours or of you"],
    ["SHOW APPROVAL request", "one of them, with all that is known"],
    ["APPROVE request [FOR time] ['reason']", "lets it run, once; or what is alike too, for 30m or 1h"],
    ["DENY request ['reason']", "it does not run; whoever waits is told the reason"],
    ["SHOW GRANTS", "what runs without being asked about, for how long"],
    ["REVOKE grant ['reason']", "takes one back"],
    ["SHOW SESSIONS", "who is there now: your own sessions, or all where you may end them"],
    [
        "KILL session ['reason']",
        "ends a session at once, named by the end of its id; its client is told the reason",
    ],
    [
        "CLASSIFY database column AS class 'reason'",
        "says what a column holds, such as public.items.sku: a class, none, or auto (what Picket finds)",
    ],
    ["RESCAN database", "reads a database's catalog again, and looks at the values of all its tables"],
    [
        "EXPLAIN database 'statements' [AS user]",
        "what would become of each if that user sent it now; nothing runs",
    ],
    [
        "BACKTEST WITH 'policies'; BACKTEST ON database 'statements'",
        "what policies would say that nobody goes by; `picket policy backtest --at-proxy` asks it",
    ],
    ["SHOW LOGINS", "how many wrong passwords and tokens were shown, and not looked at"],
    ["SHOW HELP", "this"],
];

/// What a command says.
struct Table {
    columns: Vec<&'static str>,
    rows: Vec<Vec<String>>,
    tag: &'static str,
}

/// A console with somebody who has logged in.
struct Console<'a> {
    shared: &'a Shared,
    somebody: Somebody,
    client: SocketAddr,
    /// After an error, up to the next Sync.
    skips: bool,
    /// Policies that it tries.
    trial: Option<Trial>,
}

/// Why a command is not done.
struct Complaint {
    sqlstate: &'static str,
    message: String,
}

impl From<String> for Complaint {
    fn from(message: String) -> Self {
        Complaint { sqlstate: ODD_ANSWER, message }
    }
}

impl From<AskError> for Complaint {
    fn from(error: AskError) -> Self {
        let sqlstate = match error {
            AskError::NoCatalog(_) => NO_DATABASE,
            AskError::Explain(ExplainError::Busy) => BUSY,
            AskError::Explain(ExplainError::TooSlow) => TOO_SLOW,
            _ => ODD_ANSWER,
        };
        Complaint { sqlstate, message: daemon::with_causes(&error).to_string() }
    }
}

/// Answers one client until it is gone.
///
/// # Errors
///
/// What it is told at the end.
pub(crate) async fn serve(
    client: SocketAddr,
    login: Login,
    shared: &Shared,
    pipe: &mut Pipe,
) -> Result<(), Farewell> {
    let config = shared.config.now();
    let limits = &config.limits;
    let Login { user, admitted, database, replication, .. } = login;
    let (person, watched) = match admitted {
        Some(Admitted { person, watched }) => (Some(person), watched),
        None => (None, None),
    };
    if replication.is_some() {
        return Err(Farewell::new(UNSUPPORTED, "Picket's console is no database that can be replicated"));
    }
    let somebody = Somebody::admit(user, person).map_err(|acts| {
        Farewell::new("42501", "nobody answers at Picket's console for another").detail(format!("{acts}."))
    })?;
    let user = somebody.user.as_str();
    let own =
        config.users.get(user).filter(|_| !somebody.is_of_provider()).and_then(|user| user.max_connections);
    let _place = shared.places.take(user, &database, Allowed::by(limits, own))?;
    tracing::info!(%client, user, "console opened");
    let mut console = Console { shared, somebody, client, skips: false, trial: None };
    pipe.queue(&greeting());
    loop {
        if console.somebody.has_ended() {
            return Err(Farewell::new("57P01", "the token with which you have logged in has ended"));
        }
        let gone = |_| Farewell::new("08006", "client went away");
        // Nobody answers with a token that is taken back, not even within the time that sessions have.
        if let Some(watched) = watched.as_ref().filter(|_| !pipe.unread().is_empty())
            && !matches!(watched.ask().await, Ok(Standing::Holds(groups)) if groups.as_ref().is_none_or(|now| now == watched.groups()))
        {
            return Err(Farewell::new(
                "57P01",
                "the identity provider does not say that your token still holds",
            ));
        }
        while let Some(answer) = console.next(pipe).await? {
            let Some(answer) = answer else { return Ok(()) };
            pipe.queue(&answer);
        }
        pipe.flush_all().await.map_err(gone)?;
        match limits.client_idle_timeout {
            None => pipe.read_more().await.map_err(gone)?,
            Some(wait) => timeout(wait, pipe.read_more()).await.map_err(|_| idle(wait))?.map_err(gone)?,
        }
    }
}

fn idle(wait: Duration) -> Farewell {
    Farewell::new("57P05", format!("Picket's console was idle for {} s", wait.as_secs()))
        .detail("Picket's limit is `client-idle-timeout-secs`.")
}

/// What a client is sent that has logged in.
fn greeting() -> Vec<u8> {
    let mut out = Vec::new();
    compose::authentication(&mut out, 0, &[]);
    let version = format!("{} (Picket)", env!("CARGO_PKG_VERSION"));
    let parameters = [
        ("server_version", version.as_str()),
        ("server_encoding", "UTF8"),
        ("client_encoding", "UTF8"),
        ("standard_conforming_strings", "on"),
        ("DateStyle", "ISO, MDY"),
        ("TimeZone", "UTC"),
        ("integer_datetimes", "on"),
    ];
    for (name, value) in parameters {
        compose::parameter_status(&mut out, name.as_bytes(), value.as_bytes());
    }
    ready(&mut out);
    out
}

fn ready(out: &mut Vec<u8>) {
    compose::frame(out, backend::tag::READY_FOR_QUERY, |out| out.push(b'I'));
}

fn error(out: &mut Vec<u8>, sqlstate: &str, message: &str, hint: &str) {
    compose::error(out, &ErrorText { severity: "ERROR", sqlstate, message, detail: "", hint });
}

impl Console<'_> {
    /// The answer to the next message that is there: `None` where none is whole, `Some(None)` to the last.
    async fn next(&mut self, pipe: &mut Pipe) -> Result<Option<Option<Vec<u8>>>, Farewell> {
        let odd = |error: wire::frame::FrameError| Farewell::new("08P01", error.to_string());
        let Some((tag, len)) = peek_header(pipe.unread()).map_err(odd)? else { return Ok(None) };
        let most = self.message_bytes_max();
        if most < len {
            return Err(Farewell::new(TOO_MUCH, "Picket's console takes no message of that length")
                .detail(format!("It has {len} bytes, {most} are taken.")));
        }
        let Some(body) = peek_body(pipe.unread(), len) else { return Ok(None) };
        let mut out = Vec::new();
        match tag {
            frontend::tag::TERMINATE => return Ok(Some(None)),
            frontend::tag::QUERY => {
                match frontend::query(body).ok().and_then(|text| std::str::from_utf8(text).ok()) {
                    Some(text) => self.query(text, &mut out).await,
                    None => error(&mut out, SYNTAX, "the query is no UTF-8 text", ""),
                }
                ready(&mut out);
            }
            frontend::tag::SYNC => {
                self.skips = false;
                ready(&mut out);
            }
            frontend::tag::FLUSH => {}
            frontend::tag::PARSE
            | frontend::tag::BIND
            | frontend::tag::DESCRIBE
            | frontend::tag::EXECUTE
            | frontend::tag::CLOSE => {
                if !std::mem::replace(&mut self.skips, true) {
                    let message = "Picket's console takes simple queries only";
                    error(&mut out, UNSUPPORTED, message, "Use psql, or a driver's simple query mode.");
                }
            }
            other => {
                let message = format!("unexpected message `{}`", other.escape_ascii());
                return Err(Farewell::new("08P01", message));
            }
        }
        let used = HEADER_BYTES + body.len();
        pipe.use_up(used);
        Ok(Some(Some(out)))
    }

    /// Longest message that is taken of whoever is there.
    fn message_bytes_max(&self) -> u32 {
        let config = self.shared.config.now();
        match authority::may_ask(&self.somebody.approver(&config), &config) {
            Ok(()) => TRIAL_BYTES_MAX,
            Err(_) => MESSAGE_BYTES_MAX,
        }
    }

    async fn query(&mut self, text: &str, out: &mut Vec<u8>) {
        let commands = match command::read(text) {
            Ok(commands) => commands,
            Err(message) => return error(out, SYNTAX, &message, "SHOW HELP lists the commands."),
        };
        if commands.is_empty() {
            return compose::bare(out, backend::tag::EMPTY_QUERY_RESPONSE);
        }
        for command in commands {
            if ANSWER_BYTES_MAX < out.len() {
                return error(
                    out,
                    TOO_MUCH,
                    "the answers to one query are too long",
                    "Ask for less at once.",
                );
            }
            let hint = match command {
                Command::Classify { .. } | Command::Rescan(_) | Command::Explain(_) => {
                    "SHOW HELP lists the commands."
                }
                Command::Try(_) | Command::Backtest { .. } => "",
                _ => "SHOW APPROVALS lists what you may answer.",
            };
            if MESSAGE_BYTES_MAX as usize <= text.len()
                && !matches!(command, Command::Try(_) | Command::Backtest { .. })
            {
                return error(out, TOO_MUCH, "only BACKTEST takes a text of that length", hint);
            }
            match self.run(command).await {
                Ok(table) => table.write(out),
                Err(Complaint { sqlstate, message }) => return error(out, sqlstate, &message, hint),
            }
        }
    }

    async fn run(&mut self, command: Command) -> Result<Table, Complaint> {
        let config = self.shared.config.now();
        let somebody = self.somebody.approver(&config);
        let user = &self.somebody.user;
        let approvals = &self.shared.approvals;
        match command {
            Command::Help => Ok(Table {
                columns: vec!["command", "what it does"],
                rows: HELP.iter().map(|line| line.map(str::to_owned).to_vec()).collect(),
                tag: "SHOW",
            }),
            Command::Approvals => {
                let columns = vec![
                    "request",
                    "waits",
                    "expires",
                    "principal",
                    "database",
                    "groups",
                    "approved by",
                    "statement",
                    "parameters",
                    "reason",
                ];
                let row = |(held, by): &(Arc<Held>, Vec<String>)| {
                    vec![
                        held.name(),
                        time(held.asked_at.0),
                        time(held.expires_at.0),
                        held.principal.clone(),
                        held.database.clone(),
                        held.groups(),
                        by.join(", "),
                        cut(&held.text, LISTED_LETTERS_MAX),
                        cut(&held.parameters.join(", "), LISTED_LETTERS_MAX),
                        cut(&held.reason, LISTED_LETTERS_MAX),
                    ]
                };
                let rows = approvals.seen_by(&somebody).iter().map(row).collect();
                Ok(Table { columns, rows, tag: "SHOW" })
            }
            Command::Approval(name) => {
                let seen = approvals.seen_by(&somebody);
                let found = seen.iter().find(|(held, _)| held.is_called(&name));
                let (held, by) = found.ok_or_else(|| format!("nothing waits under \"{name}\""))?;
                Ok(Table { columns: vec!["what", "value"], rows: details(held, by, &somebody), tag: "SHOW" })
            }
            Command::Grants => {
                let columns = vec!["grant", "until", "principal", "database", "approved by", "statement"];
                let row = |grant: &Arc<Grant>| {
                    let by: Vec<&str> = grant.approvers.iter().map(|by| by.user.as_str()).collect();
                    let Held { principal, database, text, .. } = &*grant.held;
                    let (name, until) = (grant.held.name(), time(grant.until.0));
                    vec![
                        name,
                        until,
                        principal.clone(),
                        database.clone(),
                        by.join(", "),
                        cut(text, LISTED_LETTERS_MAX),
                    ]
                };
                let rows = approvals.grants_seen_by(&somebody).iter().map(row).collect();
                Ok(Table { columns, rows, tag: "SHOW" })
            }
            Command::Sessions => {
                let columns = vec![
                    "session",
                    "logged in",
                    "principal",
                    "acting",
                    "application",
                    "client",
                    "database",
                    "environment",
                ];
                let row = |about: &Arc<About>| {
                    let About {
                        id,
                        started_at,
                        principal,
                        actor,
                        application,
                        client,
                        database,
                        environment,
                    } = &**about;
                    let texts = [principal, actor, application, client, database, environment];
                    let texts = texts.map(|text| in_one_line(&cut(text, LISTED_LETTERS_MAX)));
                    [id.to_string(), time(started_at.0)].into_iter().chain(texts).collect()
                };
                let seen = authority::sessions_seen_by(self.shared, &config, &somebody);
                Ok(Table { columns, rows: seen.iter().map(row).collect(), tag: "SHOW" })
            }
            Command::Kill { session, reason } => {
                let killed = authority::kill(self.shared, &config, &somebody, &session, reason);
                let id = killed.map_err(|error| error.to_string())?;
                tracing::info!(session_id = %id, user, client = %self.client, "session killed");
                Ok(Table { columns: vec!["killed"], rows: vec![vec!["it ends".to_owned()]], tag: "KILL" })
            }
            Command::Classify { database, column, class, reason } => {
                let shared = self.shared;
                let done =
                    authority::classify(shared, &config, &somebody, &database, &column, &class, &reason)
                        .await;
                done.map_err(|error| daemon::with_causes(&error).to_string())?;
                tracing::info!(database, column, class, user, client = %self.client, "classified");
                let said = "it counts from now on".to_owned();
                Ok(Table { columns: vec!["classified"], rows: vec![vec![said]], tag: "CLASSIFY" })
            }
            Command::Rescan(database) => {
                let done = authority::rescan(self.shared, &config, &somebody, &database).await;
                done.map_err(|error| daemon::with_causes(&error).to_string())?;
                tracing::info!(database, user, client = %self.client, "rescanned");
                let said = "its catalog was read, and its values are looked at".to_owned();
                Ok(Table { columns: vec!["rescanned"], rows: vec![vec![said]], tag: "RESCAN" })
            }
            Command::Explain(asked) => {
                let database = asked.database.clone();
                let told = authority::explain(self.shared, &config, &somebody, asked).await;
                let told = told.map_err(|error| daemon::with_causes(&error).to_string())?;
                tracing::info!(database, user, client = %self.client, "explained");
                let rows = told.into_iter().map(told::row).collect();
                Ok(Table { columns: told::COLUMNS.to_vec(), rows, tag: "EXPLAIN" })
            }
            Command::Try(candidate) => {
                // There is room for those that come.
                self.trial = None;
                let trial = authority::try_policies(self.shared, &config, &somebody, candidate).await?;
                let rules = self.trial.insert(trial).rules();
                tracing::info!(rules, user, client = %self.client, "policies are tried");
                let said = format!("{rules} rules, with the shipped ones");
                Ok(Table { columns: vec!["tried"], rows: vec![vec![said]], tag: "BACKTEST" })
            }
            Command::Backtest { database, statements } => {
                let asked = statements.len();
                let trial = self.trial.as_mut();
                let told = authority::backtest(self.shared, &config, &somebody, trial, &database, statements)
                    .await?;
                tracing::debug!(database, asked, judged = told.len(), user, client = %self.client, "backtested");
                let rows = told.into_iter().map(told::again).collect();
                Ok(Table { columns: told::AGAIN.to_vec(), rows, tag: "BACKTEST" })
            }
            Command::Logins => {
                let Counts { wrong, refused, entries } = self.shared.throttle.counts();
                let rows = [
                    ("wrong passwords and tokens", wrong.to_string()),
                    ("more that were not looked at", refused.to_string()),
                    ("addresses, users and pairs kept in mind", entries.to_string()),
                ];
                let asked = self.shared.config.now().oidc.as_ref().and_then(|provider| provider.asked());
                let told = [
                    "questions to the provider about tokens",
                    "tokens that it has taken back",
                    "questions without an answer",
                ];
                let asked = asked
                    .into_iter()
                    .flat_map(|counts| told.into_iter().zip(counts.map(|count| count.to_string())));
                let rows =
                    rows.into_iter().chain(asked).map(|(what, count)| vec![what.to_owned(), count]).collect();
                Ok(Table { columns: vec!["what", "since the proxy began"], rows, tag: "SHOW" })
            }
            Command::Revoke { grant, reason } => {
                approvals.revoke(&grant, &somebody, &reason).map_err(|error| error.to_string())?;
                tracing::info!(grant, user, client = %self.client, "revoked");
                let said = "it asks again from now on".to_owned();
                Ok(Table { columns: vec!["revoked"], rows: vec![vec![said]], tag: "REVOKE" })
            }
            Command::Approve { request, time, reason } => {
                let done = approvals
                    .approve(&request, somebody, time, &reason)
                    .map_err(|error| error.to_string())?;
                tracing::info!(request, user, client = %self.client, "approved");
                let said = done.outcome().await.in_words();
                Ok(Table { columns: vec!["approved"], rows: vec![vec![said]], tag: "APPROVE" })
            }
            Command::Deny { request, reason } => {
                approvals.deny(&request, &somebody, &reason).map_err(|error| error.to_string())?;
                tracing::info!(request, user, client = %self.client, "denied");
                let said = "it does not run".to_owned();
                Ok(Table { columns: vec!["denied"], rows: vec![vec![said]], tag: "DENY" })
            }
        }
    }
}

/// All that is known of a statement that waits.
pub(crate) fn details(held: &Held, by: &[String], somebody: &Approver) -> Vec<Vec<String>> {
    let background = &held.background;
    let classes: Vec<String> =
        held.classes.iter().map(|(column, class)| format!("{column}: {}", class.name())).collect();
    let (rows, plan) = match held.plan_for(somebody) {
        PlanShown::Hidden => (String::new(), String::new()),
        PlanShown::Pending => (String::new(), "it is being made".to_owned()),
        PlanShown::None(why) => (String::new(), format!("no plan: {why}")),
        PlanShown::Made(plan) if plan.is_generic => {
            (format!("{:.0}, whatever the parameters are", plan.rows()), plan.lines())
        }
        PlanShown::Made(plan) => (format!("{:.0}", plan.rows()), plan.lines()),
    };
    let all = [
        ("request", held.id.to_string()),
        ("waits since", time(held.asked_at.0)),
        ("expires", time(held.expires_at.0)),
        ("principal", held.principal.clone()),
        ("acting for the principal", held.actor.clone()),
        ("application", held.application.clone()),
        ("client", held.client.clone()),
        ("session", held.session_id.to_string()),
        ("logged in", time(background.started_at.0)),
        ("logged in by", background.authenticated_by.clone()),
        ("role at the database", background.database_role.clone()),
        ("called itself since", background.application_names.join(", ")),
        ("execution", held.sequence.to_string()),
        ("database", held.database.clone()),
        ("environment", held.environment.clone()),
        ("statement", held.text.clone()),
        ("parameters", held.parameters.join(", ")),
        ("reason", held.reason.clone()),
        ("effects", held.effects.join(", ")),
        ("reads", held.read.join(", ")),
        ("writes", held.written.join(", ")),
        ("columns", held.columns.join(", ")),
        ("sensitive", classes.join(", ")),
        ("estimated rows", rows),
        ("plan", plan),
        ("why", held.why.clone()),
        ("groups that must approve", held.groups()),
        ("approved by", by.join(", ")),
        ("ran before", background.lines()),
    ];
    all.into_iter().map(|(what, value)| vec![what.to_owned(), cut(&value, SHOWN_LETTERS_MAX)]).collect()
}

/// The beginning of a text that is too long.
pub(crate) fn cut(text: &str, letters_max: usize) -> String {
    match text.char_indices().nth(letters_max) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}… ({} bytes)", &text[..end], text.len()),
    }
}

/// A moment, to the second.
fn time(micros: i64) -> String {
    let moment = Timestamp::from_microsecond(micros).unwrap_or_default();
    moment.strftime("%Y-%m-%d %H:%M:%SZ").to_string()
}

/// The same of a text that fills one line: nobody takes a part of it for another line.
pub(crate) fn in_one_line(text: &str) -> String {
    visible(text).replace('\n', "\\n").replace('\t', "\\t")
}

/// A text without letters that would change what the others look like: somebody judges by them.
pub(crate) fn visible(text: &str) -> String {
    // These look like nothing, or like a blank.
    let is_blank = |letter: char| {
        matches!(
            letter,
            '\u{ad}' | '\u{34f}' | '\u{115f}' | '\u{180e}' | '\u{2800}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{e0000}'..='\u{e0fff}'
        )
    };
    let is_hidden =
        |letter: char| !matches!(letter, '\n' | '\t') && daemon::is_obeyed(letter) || is_blank(letter);
    let mut shown = String::with_capacity(text.len());
    for letter in text.chars() {
        match is_hidden(letter) {
            true => shown.extend(letter.escape_unicode()),
            false => shown.push(letter),
        }
    }
    shown
}

impl Table {
    fn write(&self, out: &mut Vec<u8>) {
        let Table { columns, rows, tag } = self;
        let count = |number: usize| u16::try_from(number).unwrap_or(u16::MAX).to_be_bytes();
        compose::frame(out, backend::tag::ROW_DESCRIPTION, |out| {
            out.extend_from_slice(&count(columns.len()));
            for column in columns {
                compose::cstr(out, column.as_bytes());
                // No table, column 0, text of any length without a modifier, in the text format.
                out.extend_from_slice(&[0; 6]);
                out.extend_from_slice(&TEXT.to_be_bytes());
                out.extend_from_slice(&(-1_i16).to_be_bytes());
                out.extend_from_slice(&(-1_i32).to_be_bytes());
                out.extend_from_slice(&[0; 2]);
            }
        });
        for row in rows {
            compose::frame(out, backend::tag::DATA_ROW, |out| {
                out.extend_from_slice(&count(row.len()));
                for value in row {
                    let value = visible(value);
                    out.extend_from_slice(&u32::try_from(value.len()).unwrap_or_default().to_be_bytes());
                    out.extend_from_slice(value.as_bytes());
                }
            });
        }
        compose::frame(out, backend::tag::COMMAND_COMPLETE, |out| compose::cstr(out, tag.as_bytes()));
    }
}
