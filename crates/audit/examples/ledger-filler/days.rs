//! Days of a company that does not exist, as records: the same for the same numbers, so that two ledgers can hold the same.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use audit::record::{
    AgentHealthRecord, AlertKind, AlertRecord, ApprovalEvent, ApprovalRecord, ColumnClassRecord,
    ConnectionClass, ConnectionRecord, Encryption, Ending, Evidence, GapRecord, Opening, Outcome,
    ProcessFacts, Record, SessionRecord, StartupFacts, Statement, StatementRecord, UnixMicros,
};
use uuid::Uuid;

/// Statements of one session.
const PER_SESSION: u64 = 40;

/// Relations of each kind.
const TABLES: u64 = 200;
const PEOPLE: u64 = 60;
const SECOND: i64 = 1_000_000;
const MINUTE: i64 = 60 * SECOND;
const BOOT: Uuid = Uuid::from_u128(0x0101_7e57);
/// One of so many sessions has somebody who goes around beside it, and one of so many somebody who waits.
const BYPASS_EVERY: u64 = 41;
const HOLD_EVERY: u64 = 29;

/// What happened between two moments.
pub(crate) struct Days {
    from: i64,
    to: i64,
    statements: u64,
    tables: Vec<Table>,
}

/// What all executions have in common that do the same to one relation.
struct Table {
    shapes: Vec<Arc<Statement>>,
}

/// Small and known: the same numbers forever (splitmix64).
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: u64) -> u64 {
        self.next() % end.max(1)
    }

    /// The low ones more often.
    fn low(&mut self, end: u64) -> u64 {
        let first = self.below(end);
        self.below(first + 1)
    }
}

impl Days {
    /// So many statements, evenly over this time.
    pub(crate) fn new(from: UnixMicros, to: UnixMicros, statements: u64) -> Self {
        let tables = (0..TABLES).map(Table::new).collect();
        Days { from: from.0, to: to.0.max(from.0 + MINUTE), statements, tables }
    }

    /// How many sessions there are.
    pub(crate) fn sessions(&self) -> u64 {
        self.statements.div_ceil(PER_SESSION)
    }

    /// What is there once: what is sensitive, and what agents say of themselves.
    pub(crate) fn around(&self) -> Vec<Record> {
        let columns = (0..TABLES).filter(|table| is_sensitive(*table)).map(|table| {
            Record::ColumnClass(ColumnClassRecord {
                at: UnixMicros(self.from),
                host: "proxy1".to_owned(),
                database: "shop".to_owned(),
                object: format!("{}.email", name(table)),
                class: "email".to_owned(),
                evidence: if table % 8 == 0 { "name" } else { "values" }.to_owned(),
                confidence: "high".to_owned(),
                values_seen: 150,
                values_of_class: 147,
            })
        });
        let minutes = (self.to - self.from) / MINUTE;
        // Of long times the accounts of the last day are enough.
        let accounts = (minutes.saturating_sub(24 * 60)..=minutes).flat_map(|minute| {
            ["db1", "db2"].map(|host| {
                Record::AgentHealth(AgentHealthRecord {
                    host: host.to_owned(),
                    boot_id: BOOT,
                    at: UnixMicros(self.from + minute * MINUTE),
                    events_submitted: minute.unsigned_abs() * 17,
                    events_lost: if host == "db2" && minute == minutes / 2 { 12 } else { 0 },
                    connections_open: 5 + minute.unsigned_abs() % 7,
                    state: "watching".to_owned(),
                    unix_problem: String::new(),
                    processes_lost: 0,
                    ends_unseen: 0,
                    acts: "observe".to_owned(),
                    denied: 0,
                    heartbeat_secs: 60,
                    degraded: Vec::new(),
                })
            })
        });
        let gap = GapRecord {
            host: "db2".to_owned(),
            boot_id: BOOT,
            began_at: UnixMicros(self.from + (self.to - self.from) / 3),
            ended_at: UnixMicros(self.from + (self.to - self.from) / 3 + 40 * SECOND),
            reason: "stopped".to_owned(),
            connections_continued: 4,
            connections_ended: 1,
            connections_found: 2,
        };
        columns.chain(accounts).chain([Record::Gap(gap)]).collect()
    }

    /// All records of the session with this number, from 0.
    pub(crate) fn session(&self, number: u64) -> Vec<Record> {
        let mut chance = Chance(number.wrapping_mul(0x2545_f491_4f6c_dd1d) ^ 0x5eed);
        let span = self.to - self.from;
        let part = i128::from(number) * i128::from(span) / i128::from(self.sessions().max(1));
        let began = self.from + i64::try_from(part).unwrap_or(0);
        let length = (span / 200).clamp(SECOND, 30 * MINUTE).min(self.to - began).max(SECOND);
        let person = chance.low(PEOPLE);
        let id = Uuid::from_u128(u128::from(chance.next()) << 64 | u128::from(number));
        let session = session(id, number, person, began, began + length);
        let mut records = Vec::with_capacity(usize::try_from(PER_SESSION).unwrap_or(0) + 4);
        records.push(Record::Connection(connection(&session, number)));
        let count = PER_SESSION.min(self.statements - number * PER_SESSION);
        for sequence in 1..=count {
            let offset =
                length * i64::try_from(sequence - 1).unwrap_or(0) / i64::try_from(count).unwrap_or(1);
            records.push(self.statement(&session, sequence, began + offset, person, &mut chance));
        }
        if number % BYPASS_EVERY == 7 {
            records.extend(around_the_proxy(number, began));
        }
        if number % HOLD_EVERY == 3 {
            records.extend(hold(&session, number, began + length / 2));
        }
        records.push(Record::Session(session));
        records
    }

    fn statement(
        &self,
        session: &SessionRecord,
        sequence: u64,
        at: i64,
        person: u64,
        chance: &mut Chance,
    ) -> Record {
        let table = chance.low(TABLES);
        // Those with low numbers answer customers, and may see addresses.
        let shape = match chance.below(100) {
            0 => Shape::Drop,
            1..=2 => Shape::DeleteAll,
            3..=17 => Shape::Update,
            18..=27 => Shape::Insert,
            _ if is_sensitive(table) && person % 10 == 1 => Shape::Reveal,
            _ => Shape::Select,
        };
        let statement = &self.tables[usize::try_from(table).unwrap_or(0)].shapes[shape as usize];
        let refused = statement.verdict != "allow";
        let failed = refused || chance.below(60) == 0;
        let literal = chance.below(1_000_000);
        let rows = if failed { 0 } else { chance.low(200) };
        let micros = 200 + chance.low(40_000) + if chance.below(300) == 0 { 900_000 } else { 0 };
        Record::Statement(StatementRecord {
            session_id: session.session_id,
            sequence,
            started_at: UnixMicros(at),
            finished_at: Some(UnixMicros(at + i64::try_from(micros).unwrap_or(0))),
            principal: session.principal.as_str().into(),
            database: session.database.as_str().into(),
            statement: Arc::clone(statement),
            own_text: Some(statement.text.replace("$1", &literal.to_string()).into()),
            own_values: Vec::new(),
            parameters: Vec::new(),
            outcome: if failed { Outcome::Failed } else { Outcome::Completed },
            rows,
            bytes: rows * 48,
            masked_values: if statement.masked_columns.is_empty() { 0 } else { rows },
            sqlstate: match (refused, failed) {
                (true, _) => "42501".to_owned(),
                (false, true) => {
                    ["23505", "40001", "42P01"][usize::try_from(literal % 3).unwrap_or(0)].to_owned()
                }
                (false, false) => String::new(),
            },
        })
    }
}

/// What is done to a relation.
#[derive(Clone, Copy)]
enum Shape {
    Select,
    Reveal,
    Update,
    Insert,
    DeleteAll,
    Drop,
}

impl Table {
    fn new(table: u64) -> Self {
        let all = [Shape::Select, Shape::Reveal, Shape::Update, Shape::Insert, Shape::DeleteAll, Shape::Drop];
        Table { shapes: all.into_iter().map(|shape| Arc::new(statement(table, shape))).collect() }
    }
}

fn name(table: u64) -> String {
    let names = ["users", "orders", "items", "invoices", "payments", "visits", "tickets", "stock"];
    let index = usize::try_from(table % 8).unwrap_or(0);
    match table / 8 {
        0 => format!("public.{}", names[index]),
        part => format!("part{part}.{}", names[index]),
    }
}

fn is_sensitive(table: u64) -> bool {
    matches!(table % 8, 0 | 3 | 6)
}

fn statement(table: u64, shape: Shape) -> Statement {
    let name = name(table);
    let column = |column: &str| format!("{name}.{column}");
    let email = is_sensitive(table).then(|| column("email"));
    let reads = matches!(shape, Shape::Select | Shape::Reveal);
    let (effect, text) = match shape {
        Shape::Select | Shape::Reveal => ("select", format!("SELECT * FROM {name} WHERE id = $1")),
        Shape::Update => ("update", format!("UPDATE {name} SET status = 'paid' WHERE id = $1")),
        Shape::Insert => ("insert", format!("INSERT INTO {name} (id, status) VALUES ($1, 'open')")),
        Shape::DeleteAll => ("delete_all", format!("DELETE FROM {name}")),
        Shape::Drop => ("drop_table", format!("DROP TABLE {name}")),
    };
    let rule = match shape {
        Shape::DeleteAll => Some("no-delete-without-condition"),
        Shape::Drop => Some("no-drop-table"),
        _ => None,
    };
    let columns = [Some(column("id")), Some(column("status")), email.clone().filter(|_| reads)];
    let is_masked = matches!(shape, Shape::Select);
    let revealed: Vec<String> =
        email.clone().filter(|_| matches!(shape, Shape::Reveal)).into_iter().collect();
    Statement {
        values: Vec::new(),
        fingerprint: (table << 8 | shape as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15),
        normalised: text.clone(),
        text,
        effects: vec![effect.to_owned()],
        relations_read: if reads { vec![name.clone()] } else { vec![] },
        relations_written: if reads { vec![] } else { vec![name.clone()] },
        columns: columns.into_iter().flatten().collect(),
        masked_columns: email.filter(|_| is_masked).into_iter().collect(),
        revealed_classes: revealed.iter().map(|_| "email".to_owned()).collect(),
        revealed_columns: revealed,
        verdict: if rule.is_some() { "refuse" } else { "allow" }.to_owned(),
        rules: rule.into_iter().map(str::to_owned).collect(),
        readers_disagree: String::new(),
    }
}

fn session(id: Uuid, number: u64, person: u64, began: i64, ended: i64) -> SessionRecord {
    let is_agent = person % 5 == 4;
    let port = u16::try_from(1024 + number % 60_000).unwrap_or(1024);
    let host = Ipv4Addr::new(10, 0, 0, u8::try_from(1 + person).unwrap_or(1));
    SessionRecord {
        session_id: id,
        host: format!("proxy{}", 1 + number % 2),
        started_at: UnixMicros(began),
        ended_at: Some(UnixMicros(ended)),
        end_reason: "client_terminated".to_owned(),
        principal: format!("{}{person:02}", if is_agent { "agent" } else { "user" }),
        authenticated_by: ["scram-sha-256", "cert", "oidc"][usize::try_from(person % 3).unwrap_or(0)]
            .to_owned(),
        actor: String::new(),
        kind: if is_agent { "agent" } else { "human" }.to_owned(),
        groups: vec!["staff".to_owned()],
        database: ["shop", "shop", "billing", "reports"][usize::try_from(number % 4).unwrap_or(0)].to_owned(),
        database_role: "picket".to_owned(),
        environment: "production".to_owned(),
        application_name: ["psql", "shop-api", "DataGrip", "metabase"]
            [usize::try_from(person % 4).unwrap_or(0)]
        .to_owned(),
        application_names: Vec::new(),
        client: SocketAddr::from((host, port)),
        upstream_local: SocketAddr::from(([10, 0, 9, 1], port)),
        upstream: SocketAddr::from(([10, 0, 9, 9], 5432)),
        upstream_cookie: number,
        backend_pid: i32::try_from(1000 + number % 30_000).unwrap_or(1),
    }
}

fn connection(session: &SessionRecord, number: u64) -> ConnectionRecord {
    ConnectionRecord {
        host: "db1".to_owned(),
        boot_id: BOOT,
        cookie: 2 * number,
        client_cookie: 0,
        opened_at: session.started_at,
        opening: Opening::Seen,
        closed_at: session.ended_at,
        ending: Ending::Seen,
        client: session.upstream_local,
        server: session.upstream,
        class: ConnectionClass::Proxied,
        evidence: Evidence::Address,
        rule: String::new(),
        socket_path: String::new(),
        process: None,
        startup: StartupFacts::default(),
        bytes_to_server: 4_000,
        bytes_to_client: 90_000,
    }
}

fn around_the_proxy(number: u64, at: i64) -> [Record; 2] {
    let pid = u32::try_from(2_000 + number % 30_000).unwrap_or(1);
    let connection = ConnectionRecord {
        host: "db1".to_owned(),
        boot_id: BOOT,
        cookie: 2 * number + 1,
        client_cookie: number,
        opened_at: UnixMicros(at),
        opening: Opening::Seen,
        closed_at: Some(UnixMicros(at + 90 * SECOND)),
        ending: Ending::Seen,
        client: SocketAddr::from(([127, 0, 0, 1], 40_000)),
        server: SocketAddr::from(([127, 0, 0, 1], 5432)),
        class: ConnectionClass::Bypass,
        evidence: Evidence::None,
        rule: String::new(),
        socket_path: String::new(),
        process: Some(ProcessFacts {
            pid,
            command: "pg_dump".to_owned(),
            uid: 1001,
            user: "deploy".to_owned(),
            cgroup_id: 42,
            cgroup: "/system.slice/cron.service".to_owned(),
            executable: "/usr/lib/postgresql/18/bin/pg_dump".to_owned(),
            started_at: Some(UnixMicros(at - SECOND)),
            unit: "cron.service".to_owned(),
            parents: vec!["sh[1999]".to_owned(), "cron[801]".to_owned(), "systemd[1]".to_owned()],
            network_namespace: Some(4_026_531_840),
            arguments: Vec::new(),
            arguments_hash: "0f1e2d3c4b5a69788796a5b4c3d2e1f0".to_owned(),
            ..ProcessFacts::default()
        }),
        startup: StartupFacts {
            encryption: Encryption::None,
            database_role: "deploy".to_owned(),
            database: "shop".to_owned(),
            application_name: "pg_dump".to_owned(),
        },
        bytes_to_server: 600,
        bytes_to_client: 70_000,
    };
    let message = format!("pg_dump (pid {pid}, user deploy) connected to 127.0.0.1:5432 around the proxy");
    let alert = AlertRecord {
        alert_id: Uuid::from_u128(u128::from(number) << 32 | 9),
        raised_at: UnixMicros(at),
        host: "db1".to_owned(),
        kind: AlertKind::Bypass,
        message,
        connection: Some(ConnectionRecord { closed_at: None, ..connection.clone() }),
    };
    [Record::Connection(connection), Record::Alert(alert)]
}

fn hold(session: &SessionRecord, number: u64, at: i64) -> Vec<Record> {
    let record = |at, event, by: &str, reason: &str| {
        Record::Approval(ApprovalRecord {
            at: UnixMicros(at),
            host: session.host.clone(),
            request_id: Uuid::from_u128(u128::from(number) << 40 | 5),
            event,
            session_id: session.session_id,
            sequence: PER_SESSION / 2 + 1,
            principal: session.principal.clone(),
            database: session.database.clone(),
            text: format!("DELETE FROM orders WHERE id = {number}"),
            rules: vec!["needs-dba".to_owned()],
            groups: vec!["dba".to_owned()],
            by: by.to_owned(),
            reason: reason.to_owned(),
            request_reason: format!("ticket {number}"),
        })
    };
    let answered = at + i64::try_from(20 + number % 400).unwrap_or(20) * SECOND;
    let answer = match number % 5 {
        0 => record(answered, ApprovalEvent::Denied, "user07", "not on a Friday"),
        1 => record(answered, ApprovalEvent::Expired, "", ""),
        _ => record(answered, ApprovalEvent::Approved, "user03", "ticket 4711"),
    };
    vec![record(at, ApprovalEvent::Asked, "", ""), answer]
}
