//! The vocabulary of evidence: what the proxy and the agent can say, one struct per table of the ledger.
//! It knows nothing of ClickHouse's columns (see `ledger`) nor of how records are stored (see `spool`).

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Microseconds since the Unix epoch, UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct UnixMicros(pub i64);

/// One piece of evidence. A later record with the same identity completes the earlier one: a session that
/// ended, a statement that finished, a connection that closed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "record", rename_all = "snake_case")]
pub enum Record {
    /// A client's session with the proxy.
    Session(SessionRecord),
    /// One execution of one statement.
    Statement(StatementRecord),
    /// One socket connection that the kernel saw.
    Connection(ConnectionRecord),
    /// Something that somebody must know.
    Alert(AlertRecord),
    /// The agent's own account of what it could and could not see.
    AgentHealth(AgentHealthRecord),
    /// A time in which an agent saw nothing.
    Gap(GapRecord),
    /// What became known of a column.
    ColumnClass(ColumnClassRecord),
    /// What happened to a statement that waits for somebody's approval.
    Approval(ApprovalRecord),
    /// A connection to a database that the proxy made and that is no session's.
    ProxyConnection(ProxyConnectionRecord),
}

/// A client's session with the proxy. Identity: `started_at`, `session_id`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SessionRecord {
    /// Version 7 UUID, made when the client was authenticated.
    pub session_id: Uuid,
    /// Host name of the proxy.
    pub host: String,
    /// When the client was authenticated.
    pub started_at: UnixMicros,
    /// When the session ended; `None` while it lives.
    pub ended_at: Option<UnixMicros>,
    /// Why it ended, a fixed word such as `client_terminated`; empty while it lives.
    pub end_reason: String,
    /// Who: the authenticated user of the proxy.
    pub principal: String,
    /// How the principal was authenticated, such as `scram-sha-256`.
    pub authenticated_by: String,
    /// Who acted for the principal, as the identity provider names it; empty where nobody did.
    #[serde(default)]
    pub actor: String,
    /// What the principal was: `human`, `agent`, or empty where nobody said.
    #[serde(default)]
    pub kind: String,
    /// The principal's groups when the session began.
    #[serde(default)]
    pub groups: Vec<String>,
    /// The database that was asked for.
    pub database: String,
    /// The role that the proxy uses at the database.
    pub database_role: String,
    /// What kind of place the database is, such as `production`; empty where nobody said.
    #[serde(default)]
    pub environment: String,
    /// `application_name` as the client gave it at start.
    pub application_name: String,
    /// As it was set after the start: each once, in order, a bounded number of them; complete at the end.
    #[serde(default)]
    pub application_names: Vec<String>,
    /// Where the client came from.
    pub client: SocketAddr,
    /// The proxy's own end of its connection to the database.
    pub upstream_local: SocketAddr,
    /// The database's end of that connection.
    pub upstream: SocketAddr,
    /// Kernel cookie (`SO_COOKIE`) of the proxy's socket to the database; joins the kernel's ledger.
    pub upstream_cookie: u64,
    /// Process id of the database's backend, from BackendKeyData.
    pub backend_pid: i32,
}

/// What all executions of a statement have in common that run it alike.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Statement {
    /// The statement as the client wrote it, but for values that are not recorded as they are.
    pub text: String,
    /// Keyed hashes of such values in it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<u64>,
    /// libpg_query's fingerprint, 0 where the statement could not be read.
    pub fingerprint: u64,
    /// What all have in common that differ in literals only; empty where it could not be read.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub normalised: String,
    /// What it does, in the order of the text: `select`, `update`, `drop_table` …
    pub effects: Vec<String>,
    /// Relations read, as `schema.relation`.
    pub relations_read: Vec<String>,
    /// Relations written, as `schema.relation`.
    pub relations_written: Vec<String>,
    /// Columns named by the statement or returned by it, as `schema.relation.column`.
    pub columns: Vec<String>,
    /// Columns whose values were masked in the result, as `schema.relation.column`.
    pub masked_columns: Vec<String>,
    /// Sensitive columns whose values the result showed as they are, as `schema.relation.column`; what is computed from such
    /// values has its label in parentheses.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub revealed_columns: Vec<String>,
    /// What each of them holds, such as `email`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub revealed_classes: Vec<String>,
    /// `allow` or `refuse`.
    pub verdict: String,
    /// Names of the rules that speak against it: the one that refused it or, where the verdict is `allow`, those that
    /// would have and only observe.
    pub rules: Vec<String>,
    /// What the second reader understood differently; empty where both agree.
    pub readers_disagree: String,
}

/// SQL text and names of people's data stay out of logs.
impl fmt::Debug for Statement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Statement").field("verdict", &self.verdict).finish_non_exhaustive()
    }
}

/// One execution of one statement. Identity: `started_at`, `session_id`, `sequence`.
///
/// Written twice: before the statement is forwarded (`finished_at` is `None`) and after it ended.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct StatementRecord {
    /// The session that ran it.
    pub session_id: Uuid,
    /// Counts the executions of a session from 1.
    pub sequence: u64,
    /// When it was judged.
    pub started_at: UnixMicros,
    /// When its last reply came; `None` until then.
    pub finished_at: Option<UnixMicros>,
    /// Who ran it.
    pub principal: Arc<str>,
    /// Where it ran.
    pub database: Arc<str>,
    /// What ran.
    #[serde(flatten)]
    pub statement: Arc<Statement>,
    /// Its text, where it has other literals than that of `statement`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub own_text: Option<Box<str>>,
    /// Keyed hashes of values in that and in its parameters, which are not recorded as they are.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub own_values: Vec<u64>,
    /// What its parameters were bound to: `NULL`, or in quotes as it is, or a keyed hash behind a `#`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parameters: Vec<Box<str>>,
    /// How it ended.
    pub outcome: Outcome,
    /// Rows returned or changed, from the command tag.
    pub rows: u64,
    /// Bytes of rows that the database sent.
    pub bytes: u64,
    /// Values of its result that were masked.
    #[serde(default)]
    pub masked_values: u64,
    /// Five letters of the error that ended it; empty where it succeeded.
    pub sqlstate: String,
}

impl StatementRecord {
    /// Bytes of what the ledger has of it, about: its texts and lists, which many executions share before they are there.
    pub(crate) fn bytes(&self) -> usize {
        let Statement {
            text: _,
            values,
            fingerprint: _,
            normalised,
            effects,
            relations_read,
            relations_written,
            columns,
            masked_columns,
            revealed_columns,
            revealed_classes,
            verdict: _,
            rules,
            readers_disagree,
        } = &*self.statement;
        let lists = [
            effects,
            relations_read,
            relations_written,
            columns,
            masked_columns,
            revealed_columns,
            revealed_classes,
            rules,
        ];
        let lists: usize = lists.into_iter().flatten().map(String::len).sum();
        let parameters: usize = self.parameters.iter().map(|one| one.len()).sum();
        let hashes = size_of_val(values.as_slice()) + size_of_val(self.own_values.as_slice());
        self.text().len() + normalised.len() + readers_disagree.len() + lists + parameters + hashes
    }

    /// The statement as the client wrote it, but for values that are not recorded as they are.
    pub fn text(&self) -> &str {
        self.own_text.as_deref().unwrap_or(&self.statement.text)
    }

    /// Keyed hashes of values that it was given, which are not recorded as they are.
    pub fn values_given(&self) -> impl ExactSizeIterator<Item = u64> + Clone {
        let common = if self.own_text.is_some() { &[] } else { self.statement.values.as_slice() };
        let own = &self.own_values;
        (0..common.len() + own.len()).map(move |at| {
            let own = || own.get(at - common.len());
            common.get(at).or_else(own).copied().unwrap_or_default()
        })
    }
}

/// SQL text stays out of logs.
impl fmt::Debug for StatementRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StatementRecord")
            .field("session_id", &self.session_id)
            .field("sequence", &self.sequence)
            .field("statement", &self.statement)
            .finish_non_exhaustive()
    }
}

/// How the execution of a statement ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It has not, as far as is known.
    #[default]
    #[serde(rename = "")]
    Running,
    /// The database completed it.
    Completed,
    /// The database failed it.
    Failed,
    /// It was never run, because an earlier one in its string or pipeline failed.
    Skipped,
    /// The connection ended first.
    Lost,
    /// The database read or planned it, and nothing executed it.
    Prepared,
}

impl Outcome {
    /// The word for it in the ledger; empty while it runs.
    pub fn name(self) -> &'static str {
        match self {
            Outcome::Running => "",
            Outcome::Completed => "completed",
            Outcome::Failed => "failed",
            Outcome::Skipped => "skipped",
            Outcome::Lost => "lost",
            Outcome::Prepared => "prepared",
        }
    }
}

/// How a connection came to the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConnectionClass {
    /// Through the proxy.
    Proxied,
    /// Around the proxy.
    Bypass,
    /// Around the proxy, and a rule of the agent's configuration allows it.
    Allowed,
    /// From this host to a database elsewhere, whose own agent judges it.
    Outgoing,
    /// Nothing tells whose it is: the agent lacks the rights to find out who holds one that was open before it looked, or the kernel
    /// did not tell who asked for it, and no look has found who holds it.
    Unknown,
}

/// What the class of a connection rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Evidence {
    /// The kernel saw the registered proxy's own process open it, or one that a rule allows.
    Kernel,
    /// It was open before the agent looked, or the kernel did not tell who asked for it; and it was held by the registered proxy's own process, or by those that rules
    /// allow, and no other that the agent could ask.
    Holder,
    /// The source address is a known proxy's, or one that a rule allows.
    Address,
    /// Nothing vouches for it.
    None,
}

/// How the opening of a connection is known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Opening {
    /// The kernel told of it.
    #[default]
    Seen,
    /// The agent found it open: it opened at some time before.
    Found,
}

/// How the end of a connection is known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// The kernel told of it.
    #[default]
    Seen,
    /// It ended while the agent was away: it was gone when the agent came back.
    Away,
    /// A look found it gone: it ended since the look before.
    Missed,
}

/// One socket connection that the kernel saw. Identity: `opened_at`, `boot_id`, `cookie`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ConnectionRecord {
    /// Host name of the agent.
    pub host: String,
    /// `/proc/sys/kernel/random/boot_id`: socket cookies restart with the kernel.
    pub boot_id: Uuid,
    /// Kernel cookie of the server's socket, or of the client's where the server is elsewhere.
    pub cookie: u64,
    /// Kernel cookie of the client's socket where the client is on this host, else 0.
    pub client_cookie: u64,
    /// When the connection was established, or was found.
    pub opened_at: UnixMicros,
    /// How that is known.
    #[serde(default)]
    pub opening: Opening,
    /// When it closed, or was found gone; `None` while it is open.
    pub closed_at: Option<UnixMicros>,
    /// How that is known; means nothing while it is open.
    #[serde(default)]
    pub ending: Ending,
    /// The client's end; unspecified over a UNIX socket.
    pub client: SocketAddr,
    /// The database's end; over a UNIX socket its address is unspecified, and its port the number in the socket's name.
    pub server: SocketAddr,
    /// Path that the database's UNIX socket is bound to, `@` before a name that is in no file system; empty over TCP.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub socket_path: String,
    /// How it came.
    pub class: ConnectionClass,
    /// What the class rests on.
    pub evidence: Evidence,
    /// Name of the rule that allows it; empty where none does.
    #[serde(default)]
    pub rule: String,
    /// The client's process, where it runs on this host.
    pub process: Option<ProcessFacts>,
    /// What the client said first.
    #[serde(default, skip_serializing_if = "StartupFacts::is_unknown")]
    pub startup: StartupFacts,
    /// Bytes that the database's end received; where it is elsewhere, that this end sent.
    pub bytes_to_server: u64,
    /// Bytes that the database's end sent; where it is elsewhere, that this end received.
    pub bytes_to_client: u64,
}

impl ConnectionRecord {
    /// Where the database was reached: its address and port, or the path of its UNIX socket.
    pub fn place(&self) -> String {
        if self.socket_path.is_empty() { self.server.to_string() } else { self.socket_path.clone() }
    }
}

/// What the client of a connection that is not the proxy's said first. It is what the client asked for: PostgreSQL may have refused it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct StartupFacts {
    /// Whether it is encrypted.
    pub encryption: Encryption,
    /// Role that it asked to log in as; empty where that is not known.
    pub database_role: String,
    /// Database that it asked for; empty where that is not known, or there is none.
    pub database: String,
    /// `application_name`.
    pub application_name: String,
}

impl StartupFacts {
    /// Whether nothing is known.
    pub fn is_unknown(&self) -> bool {
        *self == StartupFacts::default()
    }
}

/// Whether a connection is encrypted, by what its client said first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Encryption {
    /// Nothing tells.
    #[default]
    Unknown,
    /// It is not, and the client did not ask for it.
    None,
    /// It is not: the client asked for it, and the server has none.
    Refused,
    /// By TLS.
    Tls,
    /// By GSSAPI.
    Gss,
}

/// A process as the kernel described it at the moment of its `connect`, or when the agent found it.
///
/// What `/proc` tells of it is read a little later, and missing where the process was gone by then.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ProcessFacts {
    /// Process id (thread group) in the initial pid namespace.
    pub pid: u32,
    /// `comm`: at most 15 bytes.
    pub command: String,
    /// Real user id in the initial user namespace.
    pub uid: u32,
    /// Name of that user on this host; empty where it has none.
    pub user: String,
    /// cgroup v2 id: the inode of its directory.
    pub cgroup_id: u64,
    /// Path of that cgroup below its mount; empty where it is gone.
    pub cgroup: String,
    /// File that it runs, from `/proc`.
    pub executable: String,
    /// When it started, in hundredths of a second, from `/proc`: with the pid it names the process.
    pub started_at: Option<UnixMicros>,
    /// User who logged in, whoever the process acts as since (`/proc/PID/loginuid`); `None` where nobody did.
    pub login_uid: Option<u32>,
    /// Name of that user.
    pub login_user: String,
    /// systemd's unit, by the cgroup's path.
    pub unit: String,
    /// Container's id, by the cgroup's path.
    pub container: String,
    /// Uid of the pod of Kubernetes, by the cgroup's path.
    pub pod: String,
    /// Who started it, who started that one, and so on, as `command[pid]`; at most eight, from `/proc`.
    pub parents: Vec<String>,
    /// Inode of its network namespace, as `lsns` shows it, from `/proc`.
    pub network_namespace: Option<u32>,
    /// What it was started with, or says that it was, where that is kept; `***` in the place of passwords of known forms.
    pub arguments: Vec<String>,
    /// Keyed hash of that, in hexadecimal; empty where it was not read.
    pub arguments_hash: String,
}

/// Something that somebody must know. Identity: `raised_at`, `alert_id`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AlertRecord {
    /// Version 7 UUID.
    pub alert_id: Uuid,
    /// When it was raised.
    pub raised_at: UnixMicros,
    /// Host that raised it.
    pub host: String,
    /// What kind.
    pub kind: AlertKind,
    /// One sentence that names process, user and address.
    pub message: String,
    /// The connection it is about, where there is one.
    pub connection: Option<ConnectionRecord>,
}

/// The vocabulary of alerts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AlertKind {
    /// A connection reached a database port around the proxy.
    Bypass,
    /// The agent lost events.
    EventsLost,
    /// The kernel did not tell the agent whose connections are.
    ProcessesLost,
    /// The kernel does not tell the agent of the ends of connections.
    EndsUnseen,
    /// The agent was away, and saw nothing meanwhile.
    Gap,
    /// The agent stops: nobody sees what goes around the proxy until it runs again.
    Stopped,
    /// A database listens where nobody watches.
    Listener,
    /// Who is connected to a database around the proxy listens itself, and passes on what comes.
    Forwarder,
    /// Somebody took the agent's programs or ports out of the kernel; it has put them back.
    Tampered,
    /// A process was refused a connection around the proxy.
    Denied,
    /// It would have been, were the agent told to refuse.
    WouldDeny,
    /// A data steward has said of a column what it holds, or that nothing is said of it any more.
    Reclassified,
    /// Connections that might have been refused went on, because the agent did not run.
    Unjudged,
    /// Somebody had the agent end a connection.
    Killed,
    /// A file has changed that says who may log in to a database.
    AccessRulesChanged,
    /// Such a file cannot be read.
    AccessRulesUnread,
    /// Somebody asked too many questions about values that are masked.
    Probing,
    /// Alerts cannot be delivered to somebody who must know, or can be again.
    Undelivered,
    /// The clock by which a proxy or agent records was set.
    ClockStepped,
    /// A part of a spool cannot be read.
    SpoolDamaged,
}

impl AlertKind {
    /// The word for it in the ledger.
    pub fn name(self) -> &'static str {
        match self {
            AlertKind::Bypass => "bypass",
            AlertKind::EventsLost => "events_lost",
            AlertKind::ProcessesLost => "processes_lost",
            AlertKind::EndsUnseen => "ends_unseen",
            AlertKind::Gap => "gap",
            AlertKind::Stopped => "stopped",
            AlertKind::Listener => "listener",
            AlertKind::Forwarder => "forwarder",
            AlertKind::Tampered => "tampered",
            AlertKind::Denied => "denied",
            AlertKind::WouldDeny => "would_deny",
            AlertKind::Unjudged => "unjudged",
            AlertKind::Killed => "killed",
            AlertKind::AccessRulesChanged => "access_rules_changed",
            AlertKind::AccessRulesUnread => "access_rules_unread",
            AlertKind::Probing => "probing",
            AlertKind::Reclassified => "reclassified",
            AlertKind::Undelivered => "undelivered",
            AlertKind::ClockStepped => "clock_stepped",
            AlertKind::SpoolDamaged => "spool_damaged",
        }
    }
}

/// What happened to a statement that waits for somebody's approval. Identity: `request_id`, `event`, `by`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApprovalRecord {
    /// When it happened.
    pub at: UnixMicros,
    /// Host name of the proxy.
    pub host: String,
    /// Version 7 UUID, made when it was asked.
    pub request_id: Uuid,
    /// What happened.
    pub event: ApprovalEvent,
    /// The session that waits.
    pub session_id: Uuid,
    /// Number of the execution in the session.
    pub sequence: u64,
    /// Who waits.
    pub principal: String,
    /// The database that it is for.
    pub database: String,
    /// The statement.
    pub text: String,
    /// Names of the rules that ask for an approval.
    pub rules: Vec<String>,
    /// The groups of which somebody must approve.
    pub groups: Vec<String>,
    /// Who approved or denied; empty where nobody did.
    pub by: String,
    /// The reason that was given.
    pub reason: String,
    /// Why whoever waits says that it should run; empty where nothing was said.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub request_reason: String,
}

/// SQL text stays out of logs.
impl fmt::Debug for ApprovalRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApprovalRecord")
            .field("request_id", &self.request_id)
            .field("event", &self.event)
            .finish_non_exhaustive()
    }
}

/// The vocabulary of what happens to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ApprovalEvent {
    /// The statement waits.
    Asked,
    /// Somebody has approved.
    Approved,
    /// Somebody has approved, also what is alike, for as long as the reason says.
    Granted,
    /// Somebody has taken that back.
    Revoked,
    /// Somebody has denied: it does not run.
    Denied,
    /// Nobody has answered in time: it does not run.
    Expired,
    /// Whoever waited has given it up.
    Cancelled,
}

impl ApprovalEvent {
    /// The word for it in the ledger.
    pub fn word(self) -> &'static str {
        match self {
            ApprovalEvent::Asked => "asked",
            ApprovalEvent::Approved => "approved",
            ApprovalEvent::Granted => "granted",
            ApprovalEvent::Revoked => "revoked",
            ApprovalEvent::Denied => "denied",
            ApprovalEvent::Expired => "expired",
            ApprovalEvent::Cancelled => "cancelled",
        }
    }
}

/// What became known of a column. Identity: `database`, `object`, `at`, `host`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ColumnClassRecord {
    /// When it became known.
    pub at: UnixMicros,
    /// Host name of the proxy.
    pub host: String,
    /// The database.
    pub database: String,
    /// `schema.relation.column`.
    pub object: String,
    /// What it holds, such as `email`; empty where it is gone, or is not sensitive any more.
    pub class: String,
    /// What told it: `name`, `type`, `comment`, `values` (a sample of them), `wire` (those that sessions read), `definition` (of a view),
    /// `configuration`, `correction by` somebody, or `earlier`: it was so under another name, or a statement wrote it there.
    pub evidence: String,
    /// How sure that is: `certain`, `high`, `medium` or `low`; empty where it was not told.
    #[serde(default)]
    pub confidence: String,
    /// Values of the column that were seen.
    #[serde(default)]
    pub values_seen: u32,
    /// How many of them have the form of the class.
    #[serde(default)]
    pub values_of_class: u32,
}

/// The agent's own account, written at start, every minute, whenever events were lost, and at its end.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AgentHealthRecord {
    /// Host name of the agent.
    pub host: String,
    /// As in `ConnectionRecord`.
    pub boot_id: Uuid,
    /// When the account was taken.
    pub at: UnixMicros,
    /// Events that the kernel programs submitted since they were loaded.
    pub events_submitted: u64,
    /// Events that found the ring buffer full since the programs were loaded.
    pub events_lost: u64,
    /// Connections open at the moment.
    pub connections_open: u64,
    /// `started`, `watching`, `events_lost`, `processes_lost`, `ends_unseen`, `unjudged` or `stopped`.
    pub state: String,
    /// Why connections over UNIX sockets are not seen; empty where they are.
    #[serde(default)]
    pub unix_problem: String,
    /// Connections of this host that the kernel programs told without their process, since they were loaded.
    #[serde(default)]
    pub processes_lost: u64,
    /// Connections of whose end the kernel refused to tell, since they were loaded.
    #[serde(default)]
    pub ends_unseen: u64,
    /// What is done about connections around the proxy: `observe`, `alert` or `deny`; empty where an older agent told.
    #[serde(default)]
    pub acts: String,
    /// Connections that were refused, or in `alert` would have been, since the programs were loaded.
    #[serde(default)]
    pub denied: u64,
    /// Between two accounts of one that watches, in seconds; 0 where an older agent told.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub heartbeat_secs: u32,
    /// Names of what it cannot do on this host, sorted; empty where there is nothing, or an older agent told.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub degraded: Vec<String>,
}

/// What an older agent did not tell lies in the spool as that left it.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn is_zero(number: &u32) -> bool {
    *number == 0
}

/// A time in which an agent saw nothing. Identity: `host`, `began_at`, `ended_at`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GapRecord {
    /// Host name of the agent.
    pub host: String,
    /// The start of the kernel on which it came back.
    pub boot_id: Uuid,
    /// Until then everything was seen and recorded.
    pub began_at: UnixMicros,
    /// From then on everything is seen again.
    pub ended_at: UnixMicros,
    /// Why: `stopped`, `killed`, or `rebooted`.
    pub reason: String,
    /// Connections that were open before and still are.
    pub connections_continued: u64,
    /// Connections that were open before and are no more.
    pub connections_ended: u64,
    /// Connections that were opened meanwhile and are still open.
    pub connections_found: u64,
}

/// A connection to a database that the proxy made and that is no session's. Identity: `host`, `started_at`, `upstream_local`,
/// `upstream`, `upstream_cookie`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProxyConnectionRecord {
    /// Host name of the proxy.
    pub host: String,
    /// When it was made.
    pub started_at: UnixMicros,
    /// What for.
    pub purpose: ProxyPurpose,
    /// The database, as clients of the proxy call it.
    pub database: String,
    /// The proxy's own end.
    pub upstream_local: SocketAddr,
    /// The database's end.
    pub upstream: SocketAddr,
    /// Kernel cookie (`SO_COOKIE`) of the proxy's socket.
    pub upstream_cookie: u64,
}

/// What the proxy connects to a database for, where it is no session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProxyPurpose {
    /// To read its catalog.
    Catalog,
    /// To pass on that a client wants its statement cancelled.
    Cancel,
    /// For a session that did not begin.
    LogIn,
    /// To ask how it would run a statement that waits for an approval.
    Plan,
}

impl ProxyPurpose {
    /// The word for it in the ledger.
    pub fn word(self) -> &'static str {
        match self {
            ProxyPurpose::Catalog => "catalog",
            ProxyPurpose::Cancel => "cancel",
            ProxyPurpose::LogIn => "log_in",
            ProxyPurpose::Plan => "plan",
        }
    }
}
