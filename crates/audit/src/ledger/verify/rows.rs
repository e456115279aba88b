//! Looks for the records of a window in their tables.

use std::collections::BTreeSet;

use clickhouse::RowRead;
use clickhouse::query::Query;

use crate::chain::Table;
use crate::ledger::LedgerError;
use crate::ledger::rows::{
    AgentHealthRow, AlertRow, ApprovalRow, Chained, ColumnClassWritten, ConnectionRow, GapRow,
    ProxyConnectionRow, SessionRow, StatementRow,
};
use crate::record::UnixMicros;

use super::ANSWER_WITHIN;
use super::chain::{BUCKET, Walk};
use super::finding::Findings;
use super::window::{Slot, Window};

/// Moments that are asked for at once.
const MOMENTS_MAX: usize = 1_000;

/// The type of a table's rows in a call.
macro_rules! of_table {
    ($table:expr, $walk:ident.$function:ident($($argument:expr),*)) => {
        match $table {
            Table::Sessions => $walk.$function::<SessionRow>($($argument),*).await,
            Table::Statements => $walk.$function::<StatementRow>($($argument),*).await,
            Table::Connections => $walk.$function::<ConnectionRow>($($argument),*).await,
            Table::Alerts => $walk.$function::<AlertRow>($($argument),*).await,
            Table::AgentHealth => $walk.$function::<AgentHealthRow>($($argument),*).await,
            Table::ColumnClasses => $walk.$function::<ColumnClassWritten>($($argument),*).await,
            Table::Gaps => $walk.$function::<GapRow>($($argument),*).await,
            Table::Approvals => $walk.$function::<ApprovalRow>($($argument),*).await,
            Table::ProxyConnections => $walk.$function::<ProxyConnectionRow>($($argument),*).await,
        }
    };
}

impl Walk<'_> {
    /// Looks at the rows of a window, and tells what is wrong with them. By their moments, which is how ClickHouse finds
    /// them: rows that claim to be of another time are found when all are counted.
    pub(super) async fn examine(
        &mut self,
        mut window: Window,
        findings: &mut Findings,
    ) -> Result<(), LedgerError> {
        for (table, moments) in window.moments() {
            of_table!(table, self.look(&mut window, moments, findings))?;
        }
        window.tell(findings);
        let mut unseen: Vec<Slot> = window.unseen().copied().collect();
        for table in Table::ALL {
            of_table!(table, self.explain(&mut unseen))?;
        }
        self.account.chain.whole += window.seen();
        unseen.iter().for_each(|slot| window.missing(slot, findings));
        Ok(())
    }

    /// Looks at all rows of some places in a table, whatever their moments are.
    pub(super) async fn examine_places(
        &mut self,
        window: &mut Window,
        table: Table,
        range: (u64, u64),
        findings: &mut Findings,
    ) -> Result<(), LedgerError> {
        of_table!(table, self.look_at_places(window, range, findings))?;
        window.tell(findings);
        Ok(())
    }

    async fn look<R: Chained + RowRead>(
        &mut self,
        window: &mut Window,
        (oldest, newest): (UnixMicros, UnixMicros),
        findings: &mut Findings,
    ) -> Result<(), LedgerError> {
        let Some(places) = window.range() else { return Ok(()) };
        let moment = R::TABLE.moment();
        let within = format!(
            "AND {moment} BETWEEN fromUnixTimestamp64Micro({{oldest:Int64}}, 'UTC') \
             AND fromUnixTimestamp64Micro({{newest:Int64}}, 'UTC')"
        );
        let query = self.of_places::<R>(places, &within).param("oldest", oldest.0).param("newest", newest.0);
        self.read::<R>(query, window, true, findings).await
    }

    async fn look_at_places<R: Chained + RowRead>(
        &mut self,
        window: &mut Window,
        places: (u64, u64),
        findings: &mut Findings,
    ) -> Result<(), LedgerError> {
        let query = self.of_places::<R>(places, "");
        self.read::<R>(query, window, false, findings).await
    }

    fn of_places<R: Chained>(&self, (first, last): (u64, u64), within: &str) -> Query {
        let table = R::TABLE.name();
        let query = format!(
            "SELECT ?fields FROM {table} WHERE writer_id = toUUID({{writer:String}}) \
             AND writer_sequence BETWEEN {{first:UInt64}} AND {{last:UInt64}} {within}"
        );
        let query = self.ledger.client.query(&query).param("writer", self.writer.to_string());
        query.param("first", first).param("last", last)
    }

    async fn read<R: Chained + RowRead>(
        &mut self,
        query: Query,
        window: &mut Window,
        is_counted: bool,
        findings: &mut Findings,
    ) -> Result<(), LedgerError> {
        let mut rows = self.ledger.bounded(ANSWER_WITHIN, async { query.fetch::<R>() }).await?;
        while let Some(row) = self.ledger.bounded(ANSWER_WITHIN, rows.next()).await? {
            let (place, entry) = (row.place(), row.entry());
            if entry.at < self.since || self.is_in_gap(place.sequence) {
                continue;
            }
            if is_counted {
                *self.account.rows.entry((R::TABLE, place.sequence / BUCKET)).or_default() += 1;
            }
            window.look(place, entry, findings);
        }
        Ok(())
    }

    /// Takes those out of `unseen` whose record has been completed, or is in another chain.
    async fn explain<R: Chained + RowRead>(&mut self, unseen: &mut Vec<Slot>) -> Result<(), LedgerError> {
        let of_table = unseen.iter().filter(|slot| slot.entry.table == R::TABLE);
        let moments: BTreeSet<i64> = of_table.map(|slot| slot.entry.at.0).collect();
        let moments: Vec<i64> = moments.into_iter().collect();
        for moments in moments.chunks(MOMENTS_MAX) {
            let (table, moment) = (R::TABLE.name(), R::TABLE.moment());
            let query = format!(
                "SELECT ?fields FROM {table} WHERE {moment} IN \
                 (SELECT fromUnixTimestamp64Micro(arrayJoin({{moments:Array(Int64)}}), 'UTC'))"
            );
            let query = self.ledger.client.query(&query).param("moments", moments);
            let mut rows = self.ledger.bounded(ANSWER_WITHIN, async { query.fetch::<R>() }).await?;
            while let Some(row) = self.ledger.bounded(ANSWER_WITHIN, rows.next()).await? {
                let (about, at, leaf, place) = (row.about(), row.at(), row.leaf(), row.place());
                let is_last = row.is_last();
                let is_signed_elsewhere = self.is_elsewhere(place);
                unseen.retain(|slot| {
                    let entry = slot.entry;
                    if entry.table != R::TABLE || entry.at != at {
                        return true;
                    }
                    let is_later = place.writer == self.writer && (is_last || slot.sequence < place.sequence);
                    if entry.begun == about && (is_later || is_signed_elsewhere) {
                        self.account.chain.completed += 1;
                        return false;
                    }
                    let is_elsewhere = is_signed_elsewhere && entry.leaf == leaf;
                    self.account.chain.elsewhere += u64::from(is_elsewhere);
                    !is_elsewhere
                });
            }
        }
        Ok(())
    }

    fn is_in_gap(&self, sequence: u64) -> bool {
        self.account.gaps.iter().any(|(first, last)| (*first..=*last).contains(&sequence))
    }
}
