//! What an alert looks like to those who receive it.

use audit::record::{AlertKind, ProcessFacts, StartupFacts, UnixMicros};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::queue::Group;
use crate::config::Shape;

/// The body of one request.
pub(super) fn body(shape: Shape, groups: &[Group]) -> Value {
    match shape {
        Shape::Alertmanager => groups.iter().map(alertmanager).collect(),
        Shape::Slack => {
            let lines: Vec<String> = groups.iter().map(|group| escaped(&summary(group))).collect();
            json!({ "text": lines.join("\n") })
        }
    }
}

/// Labels tell which alerts are the same to Alertmanager: no port and no process id of a client is among them
/// (<https://github.com/prometheus/alertmanager/blob/main/api/v2/openapi.yaml>).
fn alertmanager(group: &Group) -> Value {
    let alert = &group.alert;
    let mut labels = json!({
        "alertname": format!("picket_{}", alert.kind.name()),
        "severity": if is_critical(alert.kind) { "critical" } else { "warning" },
        "host": alert.host,
    });
    if let Some(connection) = &alert.connection {
        labels["server"] = json!(connection.place());
        // Whoever was refused has no address yet.
        if connection.socket_path.is_empty() && !connection.client.ip().is_unspecified() {
            labels["client"] = json!(connection.client.ip().to_string());
        }
        let StartupFacts { database_role, database, application_name, .. } = &connection.startup;
        let asked = [("role", database_role), ("database", database), ("application", application_name)];
        for (label, value) in asked.into_iter().filter(|(_, value)| !value.is_empty()) {
            labels[label] = json!(value);
        }
        if let Some(process) = &connection.process {
            labels["command"] = json!(process.command);
            labels["uid"] = json!(process.uid.to_string());
            let ProcessFacts { executable, login_uid, login_user, unit, container, pod, .. } = process;
            let login_user = match login_uid {
                Some(uid) if login_user.is_empty() => &uid.to_string(),
                _ => login_user,
            };
            let known = [
                ("executable", executable),
                ("login_user", login_user),
                ("unit", unit),
                ("container", container),
                ("pod", pod),
            ];
            for (label, value) in known.into_iter().filter(|(_, value)| !value.is_empty()) {
                labels[label] = json!(value);
            }
        }
    }
    json!({
        "labels": labels,
        "annotations": { "summary": summary(group), "alert_id": alert.alert_id.to_string() },
        "startsAt": timestamp(alert.raised_at).to_string(),
    })
}

pub(super) fn summary(group: &Group) -> String {
    let message = &group.alert.message;
    match group.more {
        0 => message.clone(),
        more => format!("{message} (and {more} more like it)"),
    }
}

/// Whether somebody must look at it at once.
pub(super) fn is_critical(kind: AlertKind) -> bool {
    match kind {
        // Any of the connections may be a bypass.
        AlertKind::Bypass
        | AlertKind::Forwarder
        | AlertKind::ProcessesLost
        | AlertKind::SpoolDamaged
        | AlertKind::Tampered
        | AlertKind::Unjudged => true,
        AlertKind::AccessRulesChanged
        | AlertKind::AccessRulesUnread
        | AlertKind::ClockStepped
        | AlertKind::Denied
        | AlertKind::EndsUnseen
        | AlertKind::EventsLost
        | AlertKind::Gap
        | AlertKind::Killed
        | AlertKind::Listener
        | AlertKind::Probing
        | AlertKind::Reclassified
        | AlertKind::Stopped
        | AlertKind::Undelivered
        | AlertKind::WouldDeny => false,
    }
}

/// Written, it is RFC 3339.
pub(super) fn timestamp(at: UnixMicros) -> Timestamp {
    Timestamp::from_microsecond(at.0).unwrap_or_default()
}

/// A command may be called `<!channel>`: letters with a meaning to Slack have none
/// (<https://docs.slack.dev/messaging/formatting-message-text>).
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use audit::record::{AlertRecord, ConnectionRecord};
    use uuid::Uuid;

    use super::super::queue::Queue;
    use super::*;
    use crate::track::tests::record;

    fn bypass() -> AlertRecord {
        let process = ProcessFacts {
            pid: 7,
            command: "<!channel>".to_owned(),
            uid: 26,
            user: "postgres".to_owned(),
            cgroup_id: 1,
            cgroup: "/system.slice/cron.service".to_owned(),
            executable: "/usr/bin/psql".to_owned(),
            login_uid: Some(1000),
            unit: "cron.service".to_owned(),
            ..ProcessFacts::default()
        };
        let connection = ConnectionRecord { process: Some(process), ..record() };
        AlertRecord {
            alert_id: Uuid::nil(),
            raised_at: UnixMicros(1_790_000_000_000_001),
            host: "db1".to_owned(),
            kind: AlertKind::Bypass,
            message: "<!channel> (pid 7) went around & away".to_owned(),
            connection: Some(connection),
        }
    }

    fn groups() -> Vec<Group> {
        let (mut queue, now) = (Queue::default(), Instant::now());
        (0..3).map(Uuid::from_u128).for_each(|alert_id| {
            queue.offer(AlertRecord { alert_id, ..bypass() }, now);
        });
        queue.take_due(9, now)
    }

    #[test]
    fn alertmanager_gets_labels_and_a_time() {
        let expected = json!([{
            "labels": {
                "alertname": "picket_bypass", "severity": "critical", "host": "db1", "server": "127.0.0.1:5432",
                "client": "127.0.0.1", "command": "<!channel>", "uid": "26", "executable": "/usr/bin/psql",
                "login_user": "1000", "unit": "cron.service",
            },
            "annotations": {
                "summary": "<!channel> (pid 7) went around & away (and 2 more like it)",
                "alert_id": "00000000-0000-0000-0000-000000000000",
            },
            "startsAt": "2026-09-21T14:13:20.000001Z",
        }]);
        assert_eq!(body(Shape::Alertmanager, &groups()), expected);
    }

    #[test]
    fn a_command_calls_nobody_in_slack() {
        let expected =
            json!({ "text": "&lt;!channel&gt; (pid 7) went around &amp; away (and 2 more like it)" });
        assert_eq!(body(Shape::Slack, &groups()), expected);
    }
}
