//! Whether the ledger is what its writers signed: walks each chain, a window of it at a time, and names what is missing,
//! changed, there twice, in another order, or of nobody.

mod chain;
mod finding;
mod outside;
mod rows;
mod window;

use std::time::Duration;

use clickhouse::Row;
use serde::Deserialize;
use uuid::Uuid;

use crate::chain::{Noted, PublicKey, Table};
use crate::record::UnixMicros;

use super::{Ledger, LedgerError};

pub use self::finding::{Finding, Findings, Kind};

/// Bound of one answer of ClickHouse, or of the next part of it.
const ANSWER_WITHIN: Duration = Duration::from_secs(600);
/// Most chains that are walked.
const CHAINS_MAX: u64 = 10_000;

const CHAINS: &str = "SELECT writer_id, min(first_sequence) AS first, max(last_sequence) AS last, \
        argMin(newest_at, first_sequence) AS first_at, min(written_at) AS since \
    FROM (SELECT *, written_at FROM checkpoints) GROUP BY writer_id ORDER BY since LIMIT {limit:UInt64}";

/// What is to be verified, and by what.
#[derive(Clone, Debug, Default)]
pub struct Verify {
    /// The chain of this writer alone.
    pub writer: Option<Uuid>,
    /// What began before may be gone.
    pub since: Option<UnixMicros>,
    /// Keys that writers sign with; where there are none, each chain's first checkpoint says its own.
    pub keys: Vec<PublicKey>,
    /// Checkpoints that writers have noted outside of the ledger.
    pub noted: Vec<Noted>,
}

/// What came of it.
#[derive(Clone, Debug, Default)]
pub struct Verified {
    /// The chains that were walked.
    pub chains: Vec<ChainVerified>,
    /// What is wrong.
    pub findings: Findings,
    /// Rows of before there were chains, by table.
    pub unchained: Vec<(Table, u64)>,
}

/// A chain that was walked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChainVerified {
    /// Whose.
    pub writer: Uuid,
    /// What its checkpoints were checked with.
    pub key: Option<PublicKey>,
    /// Place of the first record that was looked for.
    pub first: u64,
    /// Place of the last record under a checkpoint; what is behind it is not proven.
    pub last: u64,
    /// The newest moment of a record under a checkpoint.
    pub newest_at: UnixMicros,
    /// Checkpoints that hold.
    pub checkpoints: u64,
    /// Records that are there as they were signed.
    pub whole: u64,
    /// Records whose end took their place.
    pub completed: u64,
    /// Records that stand in another chain too, and were found there: they were sent again.
    pub elsewhere: u64,
    /// Rows behind the last checkpoint: their checkpoint is still to come.
    pub unproven: u64,
    /// Place up to which the writer's own notes agree; 0 where there are none.
    pub noted: u64,
}

#[derive(Clone, Copy, Debug, Row, Deserialize)]
struct Chain {
    #[serde(with = "clickhouse::serde::uuid")]
    writer_id: Uuid,
    first: u64,
    last: u64,
    first_at: UnixMicros,
    since: UnixMicros,
}

impl Ledger {
    /// Walks the chains. `walked` is told how many places of how many are behind.
    ///
    /// # Errors
    ///
    /// [`LedgerError`] where ClickHouse cannot be asked. What is wrong with the ledger is no error.
    pub async fn verify(
        &self,
        verify: &Verify,
        mut walked: impl FnMut(u64, u64),
    ) -> Result<Verified, LedgerError> {
        let mut verified = Verified::default();
        let query = self.client.query(CHAINS).param("limit", CHAINS_MAX);
        let all = self.bounded(ANSWER_WITHIN, query.fetch_all::<Chain>()).await?;
        let mut chains = all.clone();
        chains.retain(|chain| verify.writer.is_none_or(|writer| writer == chain.writer_id));
        let places = |chain: &Chain| chain.last.saturating_sub(chain.first).saturating_add(1);
        let total = chains.iter().map(places).fold(0, u64::saturating_add);
        let mut behind: u64 = 0;
        let mut accounts = Vec::new();
        for chain in &chains {
            let mut walk = chain::Walk::new(self, verify, &all, chain.writer_id);
            walk.walk(&mut verified.findings, |place| {
                walked(behind.saturating_add(place.saturating_sub(chain.first)), total);
            })
            .await?;
            behind = behind.saturating_add(places(chain));
            walked(behind, total);
            accounts.push(walk.into_account());
        }
        outside::look(self, verify, &all, &mut accounts, &mut verified).await?;
        chain::tell_absent(verify, &all, &mut verified.findings);
        verified.findings.sort();
        verified.chains = accounts.into_iter().map(|account| account.chain).collect();
        Ok(verified)
    }
}
