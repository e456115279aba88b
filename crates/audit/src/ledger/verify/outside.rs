//! Rows that no walk along a chain meets: of nobody, of a writer without checkpoints, behind the last checkpoint, or
//! with a place that is not theirs. All rows are counted, once for each table, and looked at only where the count is not right.

use clickhouse::Row;
use serde::Deserialize;
use uuid::Uuid;

use crate::chain::Table;
use crate::ledger::{Ledger, LedgerError};
use crate::record::UnixMicros;

use super::chain::{Account, BUCKET, Walk};
use super::finding::{Finding, Findings, Kind};
use super::{ANSWER_WITHIN, Chain, Verified, Verify};

/// So long a row may be there before its checkpoint is: the writer may have to try again.
const SETTLED_MICROS: i64 = 600_000_000;
/// Most lines of an answer; one line counts 65,536 places.
const LINES_MAX: u64 = 1_000_000;

#[derive(Clone, Copy, Debug, Row, Deserialize)]
struct Line {
    #[serde(with = "clickhouse::serde::uuid")]
    writer_id: Uuid,
    bucket: u64,
    rows: u64,
    first: u64,
    oldest: UnixMicros,
    /// Rows without a place that came when there were chains.
    late: u64,
    oldest_late: UnixMicros,
    /// Rows behind the last checkpoint, and of these the ones that have been there for long.
    behind: u64,
    stale: u64,
}

/// Counts the rows of all tables.
pub(super) async fn look(
    ledger: &Ledger,
    verify: &Verify,
    chains: &[Chain],
    accounts: &mut [Account],
    verified: &mut Verified,
) -> Result<(), LedgerError> {
    // Both are later than any row of before there were chains.
    let (first_at, since) =
        (chains.iter().map(|chain| chain.first_at).min(), chains.iter().map(|chain| chain.since).min());
    for table in Table::ALL {
        let lines = count(ledger, verify, table, first_at, since, accounts).await?;
        if LINES_MAX <= lines.len() as u64 {
            let message =
                "rows have places far apart, which no writer gives them: not all of them were looked at";
            verified.findings.add(Finding {
                kind: Kind::Inserted,
                table: table.name(),
                writer: None,
                first: 0,
                last: 0,
                at: None,
                message: message.to_owned(),
            });
        }
        let mut unchained: u64 = 0;
        for line in lines {
            if line.writer_id.is_nil() {
                if verify.writer.is_none() {
                    unchained += line.rows - line.late;
                    tell_late(table, &line, &mut verified.findings);
                }
                continue;
            }
            match accounts.iter_mut().find(|account| account.chain.writer == line.writer_id) {
                Some(account) => {
                    account.chain.unproven += line.behind;
                    tell_stale(table, &line, account.chain.last, &mut verified.findings);
                    let counted = account.rows.get(&(table, line.bucket)).copied().unwrap_or_default();
                    if counted < line.rows - line.behind {
                        recount(ledger, verify, chains, account, table, line.bucket, &mut verified.findings)
                            .await?;
                    }
                }
                None if verify.writer.is_none() && !is_walked(chains, line.writer_id) => {
                    tell_stale(table, &line, 0, &mut verified.findings);
                }
                None => {}
            }
        }
        if 0 < unchained {
            verified.unchained.push((table, unchained));
        }
    }
    Ok(())
}

fn is_walked(chains: &[Chain], writer: Uuid) -> bool {
    chains.iter().any(|chain| chain.writer_id == writer)
}

async fn count(
    ledger: &Ledger,
    verify: &Verify,
    table: Table,
    first_at: Option<UnixMicros>,
    since: Option<UnixMicros>,
    accounts: &[Account],
) -> Result<Vec<Line>, LedgerError> {
    let (name, at) = (table.name(), table.moment());
    let now = "toUnixTimestamp64Micro(now64(6))";
    let at_micros = format!("toUnixTimestamp64Micro({at})");
    let written = "toUnixTimestamp64Micro(written_at)";
    let is_late = format!(
        "writer_id = toUUID('{}') AND ({at_micros} > {{first_at:Int64}} OR {written} > {{settled:Int64}})",
        Uuid::nil()
    );
    let is_behind = "writer_sequence > last";
    let query = format!(
        "SELECT writer_id, intDiv(writer_sequence, {BUCKET}) AS bucket, count() AS rows, \
             minIf(writer_sequence, {is_behind}) AS first, min({at}) AS oldest, \
             countIf({is_late}) AS late, minIf({at}, {is_late}) AS oldest_late, \
             countIf({is_behind}) AS behind, countIf({is_behind} AND {written} < {now} - {SETTLED_MICROS}) AS stale \
         FROM (SELECT *, written_at, transform(toString(writer_id), {{writers:Array(String)}}, {{lasts:Array(UInt64)}}, 0) AS last \
             FROM {name} WHERE {at_micros} >= {{since:Int64}}) \
         GROUP BY writer_id, bucket LIMIT {{limit:UInt64}}"
    );
    // Nobody's rows stand behind nothing. ClickHouse takes no empty lists here.
    let nobody = (Uuid::nil().to_string(), 0);
    let known = accounts.iter().map(|account| (account.chain.writer.to_string(), account.chain.last));
    let (writers, lasts): (Vec<String>, Vec<u64>) = std::iter::once(nobody).chain(known).unzip();
    let none = i64::MAX - SETTLED_MICROS;
    let query = ledger
        .client
        .query(&query)
        .param("writers", writers)
        .param("lasts", lasts)
        .param("first_at", first_at.map_or(none, |at| at.0))
        .param("settled", since.map_or(none, |at| at.0) + SETTLED_MICROS)
        .param("since", verify.since.map_or(i64::MIN, |since| since.0))
        .param("limit", LINES_MAX);
    ledger.bounded(ANSWER_WITHIN, query.fetch_all()).await
}

fn tell_late(table: Table, line: &Line, findings: &mut Findings) {
    if line.late == 0 {
        return;
    }
    let message = format!(
        "{} rows have no place in a chain, and came when there were chains: an older Picket wrote them, or somebody else",
        line.late
    );
    findings.add(Finding {
        kind: Kind::Unchained,
        table: table.name(),
        writer: None,
        first: 0,
        last: 0,
        at: Some(line.oldest_late),
        message,
    });
}

fn tell_stale(table: Table, line: &Line, last: u64, findings: &mut Findings) {
    if line.stale == 0 {
        return;
    }
    let message = format!(
        "{} rows are under no checkpoint, and have been there for more than ten minutes: their writer was stopped before it \
         signed them, or somebody else wrote them",
        line.stale
    );
    findings.add(Finding {
        kind: Kind::Inserted,
        table: table.name(),
        writer: Some(line.writer_id),
        first: line.first.max(last),
        last: line.first.max(last),
        at: Some(line.oldest),
        message,
    });
}

/// There are more rows than the walk met: looks at each, whatever its moment is.
async fn recount(
    ledger: &Ledger,
    verify: &Verify,
    chains: &[Chain],
    account: &mut Account,
    table: Table,
    bucket: u64,
    findings: &mut Findings,
) -> Result<(), LedgerError> {
    let first = bucket.saturating_mul(BUCKET);
    let last = first.saturating_add(BUCKET - 1).min(account.chain.last);
    let mut walk = Walk::new(ledger, verify, chains, account.chain.writer);
    walk.account.gaps.clone_from(&account.gaps);
    walk.account.chain.key = account.chain.key;
    let mut window = walk.records((first, last)).await?;
    walk.examine_places(&mut window, table, (first, last), findings).await
}
