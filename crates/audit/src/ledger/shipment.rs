//! Sends a batch of records: one insert for each table that it has rows for.

use std::time::Duration;

use clickhouse::{Client, Row, RowWrite};

use crate::record::{Record, StatementRecord};

use super::native::Block;
use super::rows::{AgentHealthRow, AlertRow, ApprovalRow, ConnectionRow, GapRow, SessionRow, Statements};
use super::{ColumnClassRow, Ledger, LedgerError};

/// Rows by table.
#[derive(Default)]
struct Shipment<'a> {
    sessions: Vec<SessionRow>,
    statements: Vec<&'a StatementRecord>,
    connections: Vec<ConnectionRow>,
    alerts: Vec<AlertRow>,
    agent_health: Vec<AgentHealthRow>,
    gaps: Vec<GapRow>,
    column_classes: Vec<ColumnClassRow>,
    approvals: Vec<ApprovalRow>,
}

impl Ledger {
    /// Writes `records`. When they are sent again with the same `token`, whatever came between, no table has a row
    /// twice.
    pub async fn insert(&self, records: &[Record], token: &str, within: Duration) -> Result<(), LedgerError> {
        let shipment = Shipment::of(records);
        // Sessions first: who reads a statement finds its session.
        self.insert_rows::<SessionRow>("sessions", shipment.sessions, token, within).await?;
        let statements = Statements::new(shipment.statements);
        self.insert_blocks("statements", statements.blocks(), token, within).await?;
        self.insert_rows::<ConnectionRow>("connections", shipment.connections, token, within).await?;
        self.insert_rows::<AlertRow>("alerts", shipment.alerts, token, within).await?;
        self.insert_rows::<AgentHealthRow>("agent_health", shipment.agent_health, token, within).await?;
        self.insert_rows::<GapRow>("gaps", shipment.gaps, token, within).await?;
        self.insert_rows::<ColumnClassRow>("column_classes", shipment.column_classes, token, within).await?;
        self.insert_rows::<ApprovalRow>("approvals", shipment.approvals, token, within).await
    }

    /// A client whose inserts into `table` are done once for each `token`.
    fn inserter(&self, table: &str, token: &str) -> Client {
        let client = self.client.clone();
        client
            .with_setting("insert_deduplication_token", format!("{token}-{table}"))
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

impl<'a> Shipment<'a> {
    fn of(records: &'a [Record]) -> Self {
        let mut shipment = Shipment::default();
        for record in records {
            match record {
                Record::Session(session) => shipment.sessions.push(session.into()),
                Record::Statement(statement) => shipment.statements.push(statement),
                Record::Connection(connection) => shipment.connections.push(connection.into()),
                Record::Alert(alert) => shipment.alerts.push(alert.into()),
                Record::AgentHealth(health) => shipment.agent_health.push(health.into()),
                Record::Gap(gap) => shipment.gaps.push(gap.into()),
                Record::ColumnClass(column) => shipment.column_classes.push(column.into()),
                Record::Approval(approval) => shipment.approvals.push(approval.into()),
            }
        }
        shipment
    }
}
