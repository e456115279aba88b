//! Records to send.

use std::sync::Arc;

use audit::record::*;
use uuid::Uuid;

/// A fixed moment: nothing here depends on the clock.
pub(crate) const T0: i64 = 1_790_000_000_000_000;

pub(crate) fn session(session_id: Uuid) -> SessionRecord {
    SessionRecord {
        session_id,
        host: "proxy1".to_owned(),
        started_at: UnixMicros(T0),
        ended_at: None,
        end_reason: String::new(),
        principal: "alice".to_owned(),
        authenticated_by: "scram-sha-256".to_owned(),
        actor: "report-bot".to_owned(),
        kind: "agent".to_owned(),
        groups: vec!["analysts".to_owned(), "staff".to_owned()],
        database: "shop".to_owned(),
        database_role: "picket".to_owned(),
        environment: "production".to_owned(),
        application_name: "psql".to_owned(),
        application_names: vec!["nightly job".to_owned()],
        client: "192.0.2.7:50123".parse().unwrap(),
        upstream_local: "127.0.0.1:40000".parse().unwrap(),
        upstream: "127.0.0.1:5432".parse().unwrap(),
        upstream_cookie: u64::MAX,
        backend_pid: 4711,
    }
}

pub(crate) fn statement(session_id: Uuid, sequence: u64) -> StatementRecord {
    StatementRecord {
        session_id,
        sequence,
        started_at: UnixMicros(T0 + i64::try_from(sequence).unwrap()),
        finished_at: None,
        principal: "alice".into(),
        database: "shop".into(),
        statement: Arc::new(select()),
        own_text: None,
        own_values: vec![0x1f2e_3d4c_5b6a_7988],
        parameters: vec!["'it''s'".into(), "'#1f2e3d4c5b6a7988'".into(), "NULL".into()],
        outcome: Outcome::Running,
        rows: 0,
        bytes: 0,
        masked_values: 0,
        sqlstate: String::new(),
    }
}

/// What `statement` runs.
pub(crate) fn select() -> Statement {
    Statement {
        text: "SELECT name, email FROM users WHERE name <> 'it''s ?' -- Größe".to_owned(),
        values: vec![7, u64::MAX],
        fingerprint: 1 << 63,
        normalised: "SELECT name, email FROM users WHERE name <> $1".to_owned(),
        effects: vec!["select".to_owned()],
        relations_read: vec!["public.users".to_owned()],
        relations_written: vec![],
        columns: vec!["public.users.name".to_owned(), "public.users.email".to_owned()],
        masked_columns: vec!["public.users.email".to_owned()],
        revealed_columns: vec!["public.users.name".to_owned()],
        revealed_classes: vec!["person_name".to_owned()],
        verdict: "allow".to_owned(),
        rules: vec!["default-allow".to_owned()],
        readers_disagree: String::new(),
    }
}

pub(crate) fn finished(statement: &StatementRecord) -> StatementRecord {
    StatementRecord {
        finished_at: Some(UnixMicros(statement.started_at.0 + 1_000)),
        outcome: Outcome::Completed,
        rows: 3,
        bytes: 99,
        masked_values: 3,
        ..statement.clone()
    }
}

pub(crate) fn connection() -> ConnectionRecord {
    ConnectionRecord {
        host: "db1".to_owned(),
        boot_id: Uuid::from_u128(7),
        cookie: u64::MAX - 1,
        client_cookie: 17,
        opened_at: UnixMicros(T0),
        opening: Opening::Seen,
        closed_at: None,
        ending: Ending::Seen,
        client: "[::1]:50999".parse().unwrap(),
        server: "[::1]:5432".parse().unwrap(),
        class: ConnectionClass::Bypass,
        evidence: Evidence::None,
        rule: String::new(),
        socket_path: String::new(),
        process: Some(ProcessFacts {
            pid: 31_337,
            command: "psql".to_owned(),
            uid: 0,
            user: "root".to_owned(),
            cgroup_id: 42,
            cgroup: "/user.slice".to_owned(),
            executable: "/usr/bin/psql".to_owned(),
            started_at: Some(UnixMicros(T0 - 70_000)),
            login_uid: Some(1000),
            login_user: "alice".to_owned(),
            unit: "session-7.scope".to_owned(),
            container: "c0ffee".to_owned(),
            pod: "3f1c8a5e-6d0b-4c7e-9a51-0b2f7c1d9e84".to_owned(),
            parents: vec!["bash[31000]".to_owned(), "sudo[30999]".to_owned()],
            network_namespace: Some(4_026_531_840),
            arguments: vec!["psql".to_owned(), "-f".to_owned(), "nightly.sql".to_owned()],
            arguments_hash: "0f1e2d3c4b5a69788796a5b4c3d2e1f0".to_owned(),
        }),
        startup: StartupFacts {
            encryption: Encryption::Refused,
            database_role: "alice".to_owned(),
            database: "shop".to_owned(),
            application_name: "psql".to_owned(),
        },
        bytes_to_server: 0,
        bytes_to_client: 0,
    }
}

pub(crate) fn alert(connection: Option<ConnectionRecord>) -> AlertRecord {
    AlertRecord {
        alert_id: Uuid::from_u128(99),
        raised_at: UnixMicros(T0 + 5),
        host: "db1".to_owned(),
        kind: if connection.is_some() { AlertKind::Bypass } else { AlertKind::EventsLost },
        message: "psql (pid 31337) of root reached [::1]:5432 around the proxy".to_owned(),
        connection,
    }
}

pub(crate) fn health() -> AgentHealthRecord {
    AgentHealthRecord {
        host: "db1".to_owned(),
        boot_id: Uuid::from_u128(7),
        at: UnixMicros(T0),
        events_submitted: 10,
        events_lost: 3,
        connections_open: 1,
        state: "events_lost".to_owned(),
        unix_problem: String::new(),
        processes_lost: 2,
        ends_unseen: 1,
        acts: "deny".to_owned(),
        denied: 2,
        heartbeat_secs: 60,
        degraded: vec!["startup_messages".to_owned()],
    }
}

pub(crate) fn gap() -> GapRecord {
    GapRecord {
        host: "db1".to_owned(),
        boot_id: Uuid::from_u128(7),
        began_at: UnixMicros(T0),
        ended_at: UnixMicros(T0 + 2_000_000),
        reason: "killed".to_owned(),
        connections_continued: 3,
        connections_ended: 2,
        connections_found: 1,
    }
}

pub(crate) fn proxy_connection() -> ProxyConnectionRecord {
    ProxyConnectionRecord {
        host: "proxy1".to_owned(),
        started_at: UnixMicros(T0),
        purpose: ProxyPurpose::Catalog,
        database: "shop".to_owned(),
        upstream_local: "10.0.0.1:40001".parse().unwrap(),
        upstream: "10.0.0.2:5432".parse().unwrap(),
        upstream_cookie: 18,
    }
}
