//! The question "who went around the proxy?".

use std::time::Duration;

use clickhouse::Row;
use serde::Deserialize;
use uuid::Uuid;

use crate::record::UnixMicros;

use super::{Ledger, LedgerError, Page};

const QUERY: &str = "SELECT ?fields FROM bypasses \
    WHERE day >= toDate(fromUnixTimestamp64Micro({since:Int64}, 'UTC'), 'UTC') \
        AND at >= fromUnixTimestamp64Micro({since:Int64}, 'UTC') AND (rule != '') = {allowed:Bool} \
    ORDER BY at DESC, alert_id LIMIT {limit:UInt64}";

/// Nothing has become of these: there is no connection, and a process of the host that asked had no address yet.
const REFUSED: &str = "SELECT ?fields FROM ( \
        SELECT raised_at AS at, host, process_command, process_pid, process_user AS user, process_uid AS uid, process_cgroup, \
            process_executable, process_started_at, process_login_uid AS login_uid, process_login_user AS login_user, \
            process_unit, process_container, process_pod, process_parents, process_network_namespace, \
            process_arguments, process_arguments_hash, \
            if(client_port = 0, '', concat(if(startsWith(IPv6NumToString(client_address), '::ffff:'), \
                substring(IPv6NumToString(client_address), 8), \
                concat('[', IPv6NumToString(client_address), ']')), ':', toString(client_port))) AS client, \
            concat(if(startsWith(IPv6NumToString(server_address), '::ffff:'), substring(IPv6NumToString(server_address), 8), \
                concat('[', IPv6NumToString(server_address), ']')), ':', toString(server_port)) AS server, \
            '' AS encryption, '' AS database_role, '' AS database, '' AS application_name, \
            if(kind = 'denied', 'refused', 'would_be_refused') AS state, \
            CAST(NULL AS Nullable(DateTime64(6, 'UTC'))) AS opened_at, \
            CAST(NULL AS Nullable(DateTime64(6, 'UTC'))) AS closed_at, \
            CAST(NULL AS Nullable(Float64)) AS duration_seconds, toNullable(toUInt64(0)) AS bytes_to_server, \
            toNullable(toUInt64(0)) AS bytes_to_client, message, alert_id, '' AS rule \
        FROM alerts FINAL WHERE kind IN ('denied', 'would_deny') \
            AND raised_at >= fromUnixTimestamp64Micro({since:Int64}, 'UTC')) \
    ORDER BY at DESC, alert_id LIMIT {limit:UInt64}";

/// One connection around the proxy: a row of the view `bypasses`.
#[derive(Clone, Debug, PartialEq, Row, Deserialize)]
pub struct BypassRow {
    /// When the alert was raised; where there is none, when it was established.
    pub at: UnixMicros,
    /// The host whose agent saw it.
    pub host: String,
    /// Name of the client's process; empty where it runs on another host.
    pub process_command: String,
    /// Its process id.
    pub process_pid: Option<u32>,
    /// Name of its user; empty where it is not known.
    pub user: String,
    /// Id of its user.
    pub uid: Option<u32>,
    /// Its cgroup; empty where it is not known.
    pub process_cgroup: String,
    /// File that it runs; empty where it was gone before that could be read.
    pub process_executable: String,
    /// When it started.
    pub process_started_at: Option<UnixMicros>,
    /// User who logged in, whoever it acts as since.
    pub login_uid: Option<u32>,
    /// Name of that user.
    pub login_user: String,
    /// Its unit of systemd.
    pub process_unit: String,
    /// Id of its container.
    pub process_container: String,
    /// Uid of its pod.
    pub process_pod: String,
    /// Who started it, who started that one, and so on, as `command[pid]`.
    pub process_parents: Vec<String>,
    /// Inode of its network namespace.
    pub process_network_namespace: Option<u32>,
    /// What it was started with, where the agent keeps that.
    pub process_arguments: Vec<String>,
    /// Keyed hash of that; empty where it was not read.
    pub process_arguments_hash: String,
    /// Address and port of the client.
    pub client: String,
    /// Address and port of the database.
    pub server: String,
    /// `tls`, `gss`, `none`, or `refused` where the client asked for encryption and the server has none; empty where nothing tells.
    pub encryption: String,
    /// Role that the client asked to log in as; empty where that is not known.
    pub database_role: String,
    /// Database that it asked for.
    pub database: String,
    /// What it called itself.
    pub application_name: String,
    /// `open`, `closed`, or `unknown` where the ledger has no such connection; `refused` or `would_be_refused` where there was
    /// none.
    pub state: String,
    /// When the connection was established.
    pub opened_at: Option<UnixMicros>,
    /// When it closed.
    pub closed_at: Option<UnixMicros>,
    /// How long it lasted.
    pub duration_seconds: Option<f64>,
    /// Bytes that the database received; `None` where nobody counted them.
    pub bytes_to_server: Option<u64>,
    /// Bytes that the database sent; `None` where nobody counted them.
    pub bytes_to_client: Option<u64>,
    /// The alert in one sentence.
    pub message: String,
    /// The alert; nil where a rule allows it, or it came from a proxy's address and no proxy says that it is its own.
    #[serde(with = "clickhouse::serde::uuid")]
    pub alert_id: Uuid,
    /// Name of the rule that allows it; empty where none does.
    pub rule: String,
}

impl Ledger {
    /// Bypasses at or after `since`, the newest first, `limit` of them at most: those that a rule allows, or the others.
    pub async fn bypasses(
        &self,
        allowed: bool,
        since: UnixMicros,
        limit: u32,
        within: Duration,
    ) -> Result<Page<BypassRow>, LedgerError> {
        let query = self.client.query(QUERY).param("since", since.0).param("allowed", allowed);
        let rows = query.param("limit", u64::from(limit) + 1).fetch_all();
        Ok(Page::of(self.bounded(within, rows).await?, limit))
    }

    /// Connections around the proxy that agents refused, or would have, at or after `since`, the newest first, `limit` of
    /// them at most.
    pub async fn refused_connections(
        &self,
        since: UnixMicros,
        limit: u32,
        within: Duration,
    ) -> Result<Page<BypassRow>, LedgerError> {
        let query = self.client.query(REFUSED).param("since", since.0);
        let rows = query.param("limit", u64::from(limit) + 1).fetch_all();
        Ok(Page::of(self.bounded(within, rows).await?, limit))
    }
}
