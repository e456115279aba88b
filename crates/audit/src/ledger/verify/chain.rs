//! The checkpoints of one writer, in their order: each must be signed and stand on the one before.

use std::collections::BTreeMap;

use clickhouse::Row;
use serde::Deserialize;
use uuid::Uuid;

use crate::chain::{Checkpoint, Flaw, Head, PublicKey, Table};
use crate::ledger::rows::{CheckpointRow, Place};
use crate::ledger::{Ledger, LedgerError};
use crate::record::UnixMicros;

use super::finding::{Finding, Findings, Kind};
use super::window::Window;
use super::{ANSWER_WITHIN, Chain, ChainVerified, Verify};

/// Records that are looked at together, or one checkpoint more.
const WINDOW_RECORDS: u64 = 1 << 16;
/// Checkpoints that are listed together.
const PAGE: u64 = 4_096;
/// More than a writer puts under one checkpoint.
const RECORDS_MAX: u64 = 1 << 17;
/// Places that are counted together.
pub(super) const BUCKET: u64 = 1 << 16;
/// Most ranges of places that are remembered as not proven.
const GAPS_MAX: usize = 10_000;
const TABLE: &str = "checkpoints";

const LIST: &str = "SELECT first_sequence, last_sequence, newest_at, toUInt64(greatest(length(tables), length(moments), \
        length(leaves), length(begun))) AS records \
    FROM checkpoints WHERE writer_id = toUUID({writer:String}) AND first_sequence > {behind:UInt64} \
        AND newest_at >= fromUnixTimestamp64Micro({since:Int64}, 'UTC') \
    ORDER BY first_sequence LIMIT {limit:UInt64} WITH TIES";

const WHOLE: &str = "SELECT ?fields FROM checkpoints WHERE writer_id = toUUID({writer:String}) \
    AND first_sequence BETWEEN {first:UInt64} AND {last:UInt64} \
        AND greatest(length(tables), length(moments), length(leaves), length(begun)) <= {records:UInt64} \
    ORDER BY first_sequence, hash";

const AROUND: &str = "SELECT ?fields FROM checkpoints WHERE writer_id = toUUID({writer:String}) \
    AND first_sequence <= {last:UInt64} AND last_sequence >= {first:UInt64} \
        AND greatest(length(tables), length(moments), length(leaves), length(begun)) <= {records:UInt64} \
    ORDER BY first_sequence, hash";

#[derive(Clone, Copy, Debug, Row, Deserialize)]
struct Listed {
    first_sequence: u64,
    last_sequence: u64,
    newest_at: UnixMicros,
    records: u64,
}

/// What was seen of a chain.
pub(super) struct Account {
    pub(super) chain: ChainVerified,
    /// Rows that were looked at, by table and bucket of places.
    pub(super) rows: BTreeMap<(Table, u64), u64>,
    /// Places whose checkpoint does not hold, or is gone: what is there is not proven, and was told.
    pub(super) gaps: Vec<(u64, u64)>,
}

/// One chain, and how far it was walked.
pub(super) struct Walk<'a> {
    pub(super) ledger: &'a Ledger,
    pub(super) verify: &'a Verify,
    chains: &'a [Chain],
    pub(super) since: UnixMicros,
    pub(super) writer: Uuid,
    pub(super) account: Account,
    /// What the next checkpoint must stand on; `None` before the first.
    head: Option<Head>,
    /// What the writer has noted, by place, as far as it was not met yet.
    noted: BTreeMap<u64, [u8; 32]>,
}

impl<'a> Walk<'a> {
    pub(super) fn new(ledger: &'a Ledger, verify: &'a Verify, chains: &'a [Chain], writer: Uuid) -> Self {
        let noted = verify.noted.iter().filter(|noted| noted.writer == writer);
        let chain = ChainVerified {
            writer,
            key: None,
            first: 0,
            last: 0,
            newest_at: UnixMicros(0),
            checkpoints: 0,
            whole: 0,
            completed: 0,
            elsewhere: 0,
            unproven: 0,
            noted: 0,
        };
        Walk {
            ledger,
            verify,
            chains,
            since: verify.since.unwrap_or(UnixMicros(i64::MIN)),
            writer,
            account: Account { chain, rows: BTreeMap::new(), gaps: Vec::new() },
            head: None,
            noted: noted.map(|noted| (noted.sequence, noted.hash)).collect(),
        }
    }

    pub(super) fn into_account(self) -> Account {
        self.account
    }

    /// Goes along the chain from its first checkpoint, or from the first with something that began at or after `since`.
    pub(super) async fn walk(
        &mut self,
        findings: &mut Findings,
        mut walked: impl FnMut(u64),
    ) -> Result<(), LedgerError> {
        let mut behind = 0;
        loop {
            let listed = self.list(behind).await?;
            let Some(last) = listed.last() else { break };
            behind = last.first_sequence;
            for listed in listed.iter().filter(|listed| RECORDS_MAX < listed.records) {
                let range = (listed.first_sequence, listed.last_sequence);
                let message = "no writer puts so many records under one: it was changed";
                findings.add(self.finding(Kind::Changed, range, listed.newest_at, message));
                self.gap(range);
            }
            for together in windows(&listed) {
                let (Some(first), Some(last)) = (together.first(), together.last()) else { continue };
                self.window(first.first_sequence, last.first_sequence, findings).await?;
                walked(self.account.chain.last);
            }
        }
        self.tell_noted(findings);
        Ok(())
    }

    async fn list(&self, behind: u64) -> Result<Vec<Listed>, LedgerError> {
        let query = self.ledger.client.query(LIST).param("writer", self.writer.to_string());
        let query = query.param("behind", behind).param("since", self.since.0.max(0)).param("limit", PAGE);
        self.ledger.bounded(ANSWER_WITHIN, query.fetch_all()).await
    }

    /// Looks at the checkpoints whose first place is in the range, and at their records.
    async fn window(&mut self, from: u64, to: u64, findings: &mut Findings) -> Result<(), LedgerError> {
        let query = self.ledger.client.query(WHOLE).param("writer", self.writer.to_string());
        let query = query.param("first", from).param("last", to).param("records", RECORDS_MAX);
        let mut window = Window::new(self.writer);
        let mut rows = self.ledger.bounded(ANSWER_WITHIN, async { query.fetch::<CheckpointRow>() }).await?;
        while let Some(row) = self.ledger.bounded(ANSWER_WITHIN, rows.next()).await? {
            if let Some(checkpoint) = self.accept(&row, findings) {
                window.take(&checkpoint, self.since);
            }
        }
        self.examine(window, findings).await
    }

    /// The records of checkpoints that were looked at, and hold, in a range of places.
    pub(super) async fn records(&self, (first, last): (u64, u64)) -> Result<Window, LedgerError> {
        let query = self.ledger.client.query(AROUND).param("writer", self.writer.to_string());
        let query = query.param("first", first).param("last", last).param("records", RECORDS_MAX);
        let mut window = Window::new(self.writer);
        let mut behind = 0;
        let mut rows = self.ledger.bounded(ANSWER_WITHIN, async { query.fetch::<CheckpointRow>() }).await?;
        while let Some(row) = self.ledger.bounded(ANSWER_WITHIN, rows.next()).await? {
            let Some(checkpoint) = row.checkpoint() else { continue };
            let is_behind = behind <= checkpoint.before.sequence;
            if is_behind && checkpoint.flaw().is_none() && self.is_key_of_writer(checkpoint.key) {
                behind = checkpoint.head().sequence;
                window.take(&checkpoint, self.since);
            }
        }
        Ok(window)
    }

    /// Looks at a checkpoint. Its records are looked for where it is the writer's own.
    fn accept(&mut self, row: &CheckpointRow, findings: &mut Findings) -> Option<Checkpoint> {
        let range = (row.first(), row.last());
        let Some(checkpoint) = row.checkpoint() else {
            let message = "it is not as any writer writes it: it was changed";
            findings.add(self.finding(Kind::Changed, range, row.newest_at(), message));
            self.gap(range);
            return None;
        };
        let at = checkpoint.newest_at;
        let flaw = match checkpoint.flaw() {
            Some(Flaw::Changed) => {
                Some((Kind::Changed, "it was changed: it has another hash than was signed"))
            }
            Some(Flaw::Forged) => Some((Kind::Forged, "its key has not signed it")),
            None if self.is_key_of_writer(checkpoint.key) => None,
            None if self.verify.keys.is_empty() => Some((
                Kind::Forged,
                "another key signed it than those before; where the writer has another one, give both with --public-key",
            )),
            None => Some((Kind::Forged, "the key that signed it is not among those of --public-key")),
        };
        if let Some((kind, message)) = flaw {
            findings.add(self.finding(kind, range, at, message));
            self.gap(range);
            return None;
        }
        if !self.joins(&checkpoint, findings) {
            return None;
        }
        let head = checkpoint.head();
        if let Some(hash) = self.noted.remove(&head.sequence) {
            if hash == head.hash {
                self.account.chain.noted = head.sequence;
            } else {
                let message =
                    "its writer has noted another checkpoint at this place: the chain was written anew";
                findings.add(self.finding(Kind::Rewritten, range, at, message));
            }
        }
        let chain = &mut self.account.chain;
        if self.head.is_none() {
            chain.first = checkpoint.first();
        }
        chain.key = Some(checkpoint.key);
        chain.last = head.sequence;
        chain.newest_at = head.newest_at;
        chain.checkpoints += 1;
        self.head = Some(head);
        Some(checkpoint)
    }

    fn is_key_of_writer(&self, key: PublicKey) -> bool {
        match self.account.chain.key {
            _ if !self.verify.keys.is_empty() => self.verify.keys.contains(&key),
            known => known.is_none_or(|known| known == key),
        }
    }

    /// Whether a place in another chain has been signed, as far as its list of checkpoints says.
    pub(super) fn is_elsewhere(&self, place: Place) -> bool {
        let is_signed = |chain: &Chain| {
            chain.writer_id == place.writer && (chain.first..=chain.last).contains(&place.sequence)
        };
        place.writer != self.writer && self.chains.iter().any(is_signed)
    }

    /// Notes places that are not proven.
    fn gap(&mut self, range: (u64, u64)) {
        if self.account.gaps.len() < GAPS_MAX {
            self.account.gaps.push(range);
        }
    }

    /// Whether the records of a checkpoint come behind those before.
    fn joins(&mut self, checkpoint: &Checkpoint, findings: &mut Findings) -> bool {
        let before = checkpoint.before;
        let range = (checkpoint.first(), checkpoint.head().sequence);
        match self.head {
            None if before.sequence == 0 => true,
            None => {
                // The first that is there. What was before it may be gone where it is older than what was asked for.
                if self.verify.since.is_none_or(|since| since <= before.newest_at) {
                    let message = "the chain began before: its first checkpoints are gone; where a retention takes them \
                        away, verify with --since";
                    findings.add(self.finding(
                        Kind::Missing,
                        (1, before.sequence),
                        before.newest_at,
                        message,
                    ));
                }
                self.gap((1, before.sequence));
                true
            }
            Some(head) if head == before => true,
            // ClickHouse has not merged what was sent twice.
            Some(head) if head == checkpoint.head() => false,
            Some(head) if head.sequence < before.sequence => {
                let gap = (head.sequence.saturating_add(1), before.sequence);
                // Where one is there that does not hold, that was told.
                if !self.account.gaps.iter().any(|(first, last)| *first == gap.0 && *last == gap.1) {
                    let message = "its checkpoints are gone: the next one stands on them";
                    findings.add(self.finding(Kind::Missing, gap, before.newest_at, message));
                    self.gap(gap);
                }
                true
            }
            Some(head) if before.sequence < head.sequence => {
                let message = "the chain goes on in two ways: a copy of the writer's spool was used, or its key by another";
                findings.add(self.finding(Kind::Forked, range, checkpoint.newest_at, message));
                false
            }
            Some(_) => {
                let message = "it does not stand on the one before, which was written anew";
                findings.add(self.finding(Kind::Rewritten, range, checkpoint.newest_at, message));
                true
            }
        }
    }

    /// What the writer has noted and was not met.
    fn tell_noted(&mut self, findings: &mut Findings) {
        let ChainVerified { first, last, newest_at, .. } = self.account.chain;
        if let Some(behind) = self.noted.keys().next_back().copied().filter(|noted| last < *noted) {
            let message =
                "its writer has noted checkpoints up to there: the newest part of the chain was cut off";
            findings.add(self.finding(Kind::Cut, (last + 1, behind), newest_at, message));
        }
        for noted in self.noted.range(first..=last).map(|(noted, _)| *noted).take(1) {
            let message = "its writer has noted a checkpoint at this place, and there is another: the chain was written anew";
            findings.add(self.finding(Kind::Rewritten, (noted, noted), newest_at, message));
        }
    }

    fn finding(&self, kind: Kind, (first, last): (u64, u64), at: UnixMicros, message: &str) -> Finding {
        finding(kind, self.writer, (first, last), at, message)
    }
}

/// Checkpoints that are looked at together; those with the same first place are.
fn windows(listed: &[Listed]) -> impl Iterator<Item = &[Listed]> {
    let mut rest = listed;
    std::iter::from_fn(move || {
        let mut records: u64 = 0;
        let mut previous = None;
        let fits = |listed: &&Listed| {
            records = records.saturating_add(listed.records);
            let is_tied = previous
                .replace(listed.first_sequence)
                .is_none_or(|previous| previous == listed.first_sequence);
            is_tied || records <= WINDOW_RECORDS
        };
        let (together, others) = rest.split_at(rest.iter().take_while(fits).count());
        rest = others;
        (!together.is_empty()).then_some(together)
    })
}

/// Chains that were noted, or asked for, and are not there at all.
pub(super) fn tell_absent(verify: &Verify, chains: &[Chain], findings: &mut Findings) {
    let is_there = |writer: Uuid| chains.iter().any(|chain| chain.writer_id == writer);
    let wanted = |writer: Uuid| verify.writer.is_none_or(|only| only == writer);
    let mut absent = BTreeMap::new();
    for noted in verify.noted.iter().filter(|noted| wanted(noted.writer) && !is_there(noted.writer)) {
        let last = absent.entry(noted.writer).or_insert(noted.sequence);
        *last = noted.sequence.max(*last);
    }
    for (writer, last) in absent {
        let message = "its writer has noted checkpoints, and the ledger has none of it";
        findings.add(finding(Kind::Cut, writer, (1, last), UnixMicros(0), message));
    }
    if let Some(writer) = verify.writer.filter(|writer| !is_there(*writer)) {
        let message = "the ledger has no checkpoint of this writer";
        findings.add(finding(Kind::Missing, writer, (0, 0), UnixMicros(0), message));
    }
}

fn finding(kind: Kind, writer: Uuid, (first, last): (u64, u64), at: UnixMicros, message: &str) -> Finding {
    let at = Some(at).filter(|at| at.0 != 0);
    Finding { kind, table: TABLE, writer: Some(writer), first, last, at, message: message.to_owned() }
}
