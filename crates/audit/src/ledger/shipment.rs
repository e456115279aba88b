//! Sends a batch of records: one insert for each table that it has rows for.

use std::time::Duration;

use clickhouse::{Client, Row, RowWrite};

use uuid::Uuid;

use crate::chain::{Checkpoint, Entry, Head, SigningKey};
use crate::record::{Record, StatementRecord};

use super::native::Block;
use super::rows::{
    AgentHealthRow, AlertRow, ApprovalRow, Chained, CheckpointRow, ColumnClassWritten, ConnectionRow, GapRow,
    Place, ProxyConnectionRow, SessionRow, Statements,
};
use super::{Ledger, LedgerError};

/// Part of deduplication tokens: an insert of other columns is another insert. 1: rows have places in chains.
const FORM: u32 = 1;
/// So many hashes are made at once.
const HASHES_MAX: usize = 512;

/// Rows by table.
#[derive(Default)]
struct Shipment<'a> {
    sessions: Vec<SessionRow>,
    statements: Vec<(Place, &'a StatementRecord)>,
    connections: Vec<ConnectionRow>,
    alerts: Vec<AlertRow>,
    agent_health: Vec<AgentHealthRow>,
    gaps: Vec<GapRow>,
    approvals: Vec<ApprovalRow>,
    proxy_connections: Vec<ProxyConnectionRow>,
    column_classes: Vec<ColumnClassWritten>,
    /// What the checkpoint has of each record but statements, in their order.
    entries: Vec<(u64, Entry)>,
}

/// Where records go on in the chain of their writer, and what they are signed with.
#[derive(Clone, Copy, Debug)]
pub struct Link<'a> {
    /// Whose chain.
    pub writer: Uuid,
    /// How far it has come.
    pub before: Head,
    /// The writer's key.
    pub key: &'a SigningKey,
}

impl Link<'_> {
    /// The checkpoint of `records`, as [`Ledger::insert`] writes it.
    pub fn seal(&self, records: &[Record]) -> Checkpoint {
        let Shipment { statements, mut entries, .. } = Shipment::of(records, self);
        entries.extend(Statements::new(statements).entries());
        self.seal_entries(entries)
    }

    fn seal_entries(&self, mut entries: Vec<(u64, Entry)>) -> Checkpoint {
        entries.sort_unstable_by_key(|(sequence, _)| *sequence);
        let entries = entries.into_iter().map(|(_, entry)| entry).collect();
        Checkpoint::seal(self.writer, self.before, entries, self.key)
    }
}

impl Ledger {
    /// Writes `records`, and the checkpoint that they are under. When they are sent again with the same `token` and
    /// `link`, whatever came between, no table has a row twice.
    pub async fn insert(
        &self,
        records: &[Record],
        link: &Link<'_>,
        token: &str,
        within: Duration,
    ) -> Result<Checkpoint, LedgerError> {
        let mut shipment = Shipment::of(records, link);
        let statements = Statements::new(std::mem::take(&mut shipment.statements));
        let mut entries = std::mem::take(&mut shipment.entries);
        hash(&statements, &mut entries).await;
        let checkpoint = link.seal_entries(entries);
        // Sessions first: who reads a statement finds its session.
        self.insert_rows::<SessionRow>("sessions", shipment.sessions, token, within).await?;
        self.insert_blocks("statements", statements.blocks(), token, within).await?;
        self.insert_rows::<ConnectionRow>("connections", shipment.connections, token, within).await?;
        self.insert_rows::<AlertRow>("alerts", shipment.alerts, token, within).await?;
        self.insert_rows::<AgentHealthRow>("agent_health", shipment.agent_health, token, within).await?;
        self.insert_rows::<GapRow>("gaps", shipment.gaps, token, within).await?;
        self.insert_rows::<ApprovalRow>("approvals", shipment.approvals, token, within).await?;
        let connections = shipment.proxy_connections;
        self.insert_rows::<ProxyConnectionRow>("proxy_connections", connections, token, within).await?;
        let columns = shipment.column_classes;
        self.insert_rows::<ColumnClassWritten>("column_classes", columns, token, within).await?;
        // Last: who reads a checkpoint finds its records.
        let row = vec![CheckpointRow::from(&checkpoint)];
        self.insert_rows::<CheckpointRow>("checkpoints", row, token, within).await?;
        Ok(checkpoint)
    }

    /// A client whose inserts into `table` are done once for each `token`.
    fn inserter(&self, table: &str, token: &str) -> Client {
        let client = self.client.clone();
        client
            .with_setting("insert_deduplication_token", format!("{token}-{table}-{FORM}"))
            // Merges and FINAL do what this would do for each batch, where there is next to nothing to do.
            .with_setting("optimize_on_insert", "0")
    }

    async fn insert_rows<R: Row + RowWrite>(
        &self,
        table: &str,
        rows: Vec<R::Value<'_>>,
        token: &str,
        within: Duration,
    ) -> Result<(), LedgerError> {
        if rows.is_empty() {
            return Ok(());
        }
        let insert = async {
            let mut insert = self.inserter(table, token).insert::<R>(table).await?;
            for row in &rows {
                insert.write(row).await?;
            }
            insert.end().await
        };
        self.bounded(within, insert).await
    }

    /// Writes blocks that have the same columns.
    async fn insert_blocks(
        &self,
        table: &str,
        blocks: impl Iterator<Item = Block>,
        token: &str,
        within: Duration,
    ) -> Result<(), LedgerError> {
        let mut blocks = blocks.peekable();
        let Some(first) = blocks.peek() else { return Ok(()) };
        let mut insert = self.inserter(table, token).insert_formatted_with(first.insert_into(table));
        let insert = async {
            for block in blocks {
                for piece in block.into_pieces() {
                    insert.send(piece).await?;
                    // Encoding and compressing must not keep the thread from everybody else.
                    tokio::task::yield_now().await;
                }
            }
            insert.end().await
        };
        self.bounded(within, insert).await
    }
}

/// Adds a row to those of its table, and what the checkpoint has of it.
fn add<R: Chained>(row: R, rows: &mut Vec<R>, entries: &mut Vec<(u64, Entry)>) {
    entries.push((row.place().sequence, row.entry()));
    rows.push(row);
}

/// Adds what the checkpoint has of each statement.
async fn hash(statements: &Statements<'_>, entries: &mut Vec<(u64, Entry)>) {
    for (count, entry) in statements.entries().enumerate() {
        entries.push(entry);
        if count % HASHES_MAX == 0 {
            // It must not keep the thread from everybody else.
            tokio::task::yield_now().await;
        }
    }
}

impl<'a> Shipment<'a> {
    fn of(records: &'a [Record], link: &Link<'_>) -> Self {
        let mut shipment = Shipment::default();
        for (record, sequence) in records.iter().zip(link.before.sequence.saturating_add(1)..) {
            let place = Place { writer: link.writer, sequence };
            let entries = &mut shipment.entries;
            match record {
                Record::Session(session) => {
                    add(SessionRow::new(session, place), &mut shipment.sessions, entries)
                }
                Record::Statement(statement) => shipment.statements.push((place, statement)),
                Record::Connection(connection) => {
                    add(ConnectionRow::new(connection, place), &mut shipment.connections, entries)
                }
                Record::Alert(alert) => add(AlertRow::new(alert, place), &mut shipment.alerts, entries),
                Record::AgentHealth(health) => {
                    add(AgentHealthRow::new(health, place), &mut shipment.agent_health, entries)
                }
                Record::Gap(gap) => add(GapRow::new(gap, place), &mut shipment.gaps, entries),
                Record::ColumnClass(column) => {
                    add(ColumnClassWritten::new(column, place), &mut shipment.column_classes, entries)
                }
                Record::Approval(approval) => {
                    add(ApprovalRow::new(approval, place), &mut shipment.approvals, entries)
                }
                Record::ProxyConnection(connection) => {
                    add(ProxyConnectionRow::new(connection, place), &mut shipment.proxy_connections, entries)
                }
            }
        }
        shipment
    }
}
