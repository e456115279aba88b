//! What is said of a process and of its connection in one sentence. It is pure.

use audit::record::{ConnectionRecord, Encryption, Opening, ProcessFacts, StartupFacts};

use crate::process::shown;

/// Letters of a container's id, as runtimes show it.
const CONTAINER_LETTERS: usize = 12;
/// Names are as long in PostgreSQL (`NAMEDATALEN`); whoever connects may send longer ones.
const NAME_LETTERS: usize = 63;
/// Of those who started a process, the nearest are named.
const PARENTS_MAX: usize = 4;
/// Arguments may be a page of text; the ledger has more of them.
const ARGUMENTS_LETTERS: usize = 255;

/// One sentence that names process, user and addresses, and what else is known of the process.
pub(crate) fn bypass(record: &ConnectionRecord) -> String {
    let (client, server) = (record.client, record.place());
    let (connected, since) = match record.opening {
        Opening::Seen => ("connected", ""),
        Opening::Found => ("is connected", ", since before the agent looked"),
    };
    let is_local = !record.socket_path.is_empty();
    let asked = startup(&record.startup, is_local);
    let Some(process) = &record.process else {
        if is_local {
            return format!("a process of this host {connected} to {server} around the proxy{since}{asked}");
        }
        return format!("{client} {connected} to {server} around the proxy{since}{asked}");
    };
    let who = who(process);
    let from = if is_local { String::new() } else { format!(" from {client}") };
    let known = known(process);
    format!("{who} {connected} to {server}{from} around the proxy{since}{asked}{known}")
}

/// What its client asked for, behind a comma. Names are quoted as in SQL: they may say anything. Nothing is encrypted within a host.
fn startup(startup: &StartupFacts, is_local: bool) -> String {
    let StartupFacts { encryption, database_role, database, application_name } = startup;
    let mut asked = String::new();
    for (what, name) in [("role", database_role), ("database", database), ("application", application_name)] {
        if !name.is_empty() {
            asked.push_str(&format!(", {what} {}", quoted(name)));
        }
    }
    asked.push_str(match encryption {
        _ if is_local => "",
        Encryption::Unknown => "",
        Encryption::None => ", not encrypted",
        Encryption::Refused => ", not encrypted though it asked for that",
        Encryption::Tls => ", encrypted with TLS",
        Encryption::Gss => ", encrypted with GSSAPI",
    });
    asked
}

fn quoted(name: &str) -> String {
    quoted_within(name, NAME_LETTERS)
}

fn quoted_within(name: &str, letters_max: usize) -> String {
    let (name, more) = match name.char_indices().nth(letters_max) {
        Some((end, _)) => (name.get(..end).unwrap_or(name), "…"),
        None => (name, ""),
    };
    format!("\"{}{more}\"", name.replace('"', "\"\""))
}

/// The same of one that was refused, or would have been; `mistake` says why it should not have been.
pub(crate) fn refused(record: &ConnectionRecord, is_denied: bool, mistake: Option<&str>) -> String {
    let (who, known) = match &record.process {
        Some(process) => (who(process), known(process)),
        None => (record.client.to_string(), String::new()),
    };
    let server = record.place();
    let refused = if is_denied { "was refused" } else { "would have been refused" };
    let why = mistake.map_or_else(
        || "no rule allows it around the proxy".to_owned(),
        |mistake| format!("{mistake}, which came too late"),
    );
    format!("{who} {refused} a connection to {server}: {why}{known}")
}

/// Who asked for the end of a connection, and why.
pub(crate) struct Asked<'a> {
    pub(crate) by: String,
    /// Who had logged in, where that is another one.
    pub(crate) login: Option<String>,
    pub(crate) pid: i32,
    pub(crate) reason: &'a str,
}

/// Whose connection is ended, by whom, and why.
pub(crate) fn killed(record: &ConnectionRecord, asked: &Asked<'_>) -> String {
    let Asked { by, login, pid, reason } = asked;
    let login = login.as_ref().map_or_else(String::new, |login| format!(", logged in as {login}"));
    let whose = match &record.process {
        Some(process) => format!("of {} from {}", who(process), record.client),
        None => format!("from {}", record.client),
    };
    // A reason is one line of a report.
    let reason = shown(reason.as_bytes());
    format!("{by} (pid {pid}{login}) ends the connection {whose} to {}: {reason}", record.place())
}

/// A process by its command, pid and user.
pub(crate) fn who(process: &ProcessFacts) -> String {
    let ProcessFacts { pid, command, uid, user, .. } = process;
    match user.as_str() {
        "" => format!("{command} (pid {pid}, uid {uid})"),
        name => format!("{command} (pid {pid}, user {name})"),
    }
}

/// What else is known of it, behind a semicolon, where anything is.
pub(crate) fn known(process: &ProcessFacts) -> String {
    let ProcessFacts {
        uid, executable, login_uid, login_user, unit, container, pod, parents, arguments, ..
    } = process;
    let mut known = Vec::new();
    if !executable.is_empty() {
        known.push(format!("runs {executable}"));
    }
    if !arguments.is_empty() {
        known.push(format!("started as {}", quoted_within(&arguments.join(" "), ARGUMENTS_LETTERS)));
    }
    match login_uid {
        Some(login_uid) if login_uid != uid && login_user.is_empty() => {
            known.push(format!("logged in as uid {login_uid}"));
        }
        Some(login_uid) if login_uid != uid => known.push(format!("logged in as {login_user}")),
        _ => {}
    }
    if !pod.is_empty() {
        known.push(format!("pod {pod}"));
    }
    if !container.is_empty() {
        known.push(format!("container {}", container.get(..CONTAINER_LETTERS).unwrap_or(container)));
    } else if !unit.is_empty() {
        known.push(format!("unit {unit}"));
    }
    if !parents.is_empty() {
        let nearest: Vec<&str> = parents.iter().take(PARENTS_MAX).map(String::as_str).collect();
        known.push(format!("started by {}", nearest.join(" by ")));
    }
    if known.is_empty() { String::new() } else { format!("; {}", known.join(", ")) }
}
