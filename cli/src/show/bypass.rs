//! How a row of `bypasses` is shown.

use audit::ledger::BypassRow;
use serde::Serialize;

use super::Shown;
use super::moment;
use super::table::Cell;

#[derive(Debug, Serialize)]
pub(crate) struct Bypass {
    at: String,
    host: String,
    process_command: String,
    process_pid: Option<u32>,
    user: String,
    uid: Option<u32>,
    process_cgroup: String,
    process_executable: String,
    process_started_at: Option<String>,
    login_uid: Option<u32>,
    login_user: String,
    process_unit: String,
    process_container: String,
    process_pod: String,
    process_parents: Vec<String>,
    process_network_namespace: Option<u32>,
    process_arguments: Vec<String>,
    process_arguments_hash: String,
    client: String,
    server: String,
    encryption: String,
    database_role: String,
    database: String,
    application_name: String,
    state: String,
    opened_at: Option<String>,
    closed_at: Option<String>,
    duration_seconds: Option<f64>,
    bytes_to_server: Option<u64>,
    bytes_to_client: Option<u64>,
    message: String,
    alert_id: Option<String>,
    rule: String,
    #[serde(skip)]
    at_short: String,
}

impl From<BypassRow> for Bypass {
    fn from(row: BypassRow) -> Self {
        Bypass {
            at: moment::exact(row.at),
            at_short: moment::short(row.at),
            host: row.host,
            process_command: row.process_command,
            process_pid: row.process_pid,
            user: row.user,
            uid: row.uid,
            process_cgroup: row.process_cgroup,
            process_executable: row.process_executable,
            process_started_at: row.process_started_at.map(moment::exact),
            login_uid: row.login_uid,
            login_user: row.login_user,
            process_unit: row.process_unit,
            process_container: row.process_container,
            process_pod: row.process_pod,
            process_parents: row.process_parents,
            process_network_namespace: row.process_network_namespace,
            process_arguments: row.process_arguments,
            process_arguments_hash: row.process_arguments_hash,
            client: row.client,
            server: row.server,
            encryption: row.encryption,
            database_role: row.database_role,
            database: row.database,
            application_name: row.application_name,
            state: row.state,
            opened_at: row.opened_at.map(moment::exact),
            closed_at: row.closed_at.map(moment::exact),
            duration_seconds: row.duration_seconds,
            bytes_to_server: row.bytes_to_server,
            bytes_to_client: row.bytes_to_client,
            message: row.message,
            alert_id: (!row.alert_id.is_nil()).then(|| row.alert_id.to_string()),
            rule: row.rule,
        }
    }
}

impl Bypass {
    /// What the client said first, as far as it is known.
    fn startup(&self) -> String {
        let named =
            |what: &str, name: &String| if name.is_empty() { None } else { Some(format!("{what} {name}")) };
        let encryption = match self.encryption.as_str() {
            "" => None,
            "none" => Some("not encrypted".to_owned()),
            "refused" => Some("not encrypted, though it asked".to_owned()),
            by => Some(format!("encrypted ({by})")),
        };
        let said = [
            named("role", &self.database_role),
            named("database", &self.database),
            named("application", &self.application_name),
            encryption,
        ];
        said.into_iter().flatten().collect::<Vec<_>>().join(", ")
    }
}

/// Empty where nobody counted them.
fn bytes(counted: Option<u64>) -> String {
    counted.map(|bytes| format!("{bytes} bytes")).unwrap_or_default()
}

impl Shown for Bypass {
    const KEYS: &'static [&'static str] = &[
        "at",
        "host",
        "process_command",
        "process_pid",
        "user",
        "uid",
        "process_cgroup",
        "process_executable",
        "process_started_at",
        "login_uid",
        "login_user",
        "process_unit",
        "process_container",
        "process_pod",
        "process_parents",
        "process_network_namespace",
        "process_arguments",
        "process_arguments_hash",
        "client",
        "server",
        "encryption",
        "database_role",
        "database",
        "application_name",
        "state",
        "opened_at",
        "closed_at",
        "duration_seconds",
        "bytes_to_server",
        "bytes_to_client",
        "message",
        "alert_id",
        "rule",
    ];
    const HEADINGS: &'static [&'static str] = &[
        "at (UTC)",
        "host",
        "process",
        "user",
        "client",
        "database",
        "start-up",
        "state",
        "allowed by",
        "to database",
        "from database",
    ];

    fn cells(&self) -> Vec<Cell> {
        let process = match self.process_pid {
            None => "on another host".to_owned(),
            Some(pid) => format!("{} (pid {pid}) {}", self.process_command, self.process_cgroup),
        };
        let user = match self.uid {
            None => String::new(),
            Some(uid) if self.user.is_empty() => format!("uid {uid}"),
            Some(_) => self.user.clone(),
        };
        let user = match (self.login_uid, self.login_user.as_str()) {
            (None, _) => user,
            (login, _) if login == self.uid => user,
            (Some(login), "") => format!("{user}, logged in as uid {login}"),
            (Some(_), login) => format!("{user}, logged in as {login}"),
        };
        let state = match (self.state.as_str(), self.duration_seconds) {
            ("open", _) if self.rule.is_empty() => Cell::bad("open"),
            ("would_be_refused", _) => Cell::bad("would be refused"),
            ("closed", Some(seconds)) => Cell::plain(format!("closed after {seconds:.1} s")),
            (other, _) => Cell::plain(other),
        };
        vec![
            Cell::plain(self.at_short.as_str()),
            Cell::plain(self.host.as_str()),
            Cell::plain(process.trim()),
            Cell::plain(user),
            Cell::plain(self.client.as_str()),
            Cell::plain(self.server.as_str()),
            Cell::plain(self.startup()),
            state,
            Cell::plain(self.rule.as_str()),
            Cell::plain(bytes(self.bytes_to_server)),
            Cell::plain(bytes(self.bytes_to_client)),
        ]
    }
}
