//! The table `statements`: many rows, and most of each is what all executions of its statement have in common.

use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::sync::Arc;

use foldhash::fast::RandomState;

use crate::ledger::native::{Block, List};
use crate::record::{Statement, StatementRecord, UnixMicros};

use super::version;

/// Bytes of texts and lists in one block, where it has more than one row.
const BLOCK_BYTES_MAX: usize = 4 << 20;

/// What the executions of a statement have in common, as it lies in columns.
struct Common {
    effects: List,
    relations_read: List,
    relations_written: List,
    columns: List,
    masked_columns: List,
    objects: List,
    rules: List,
}

impl Common {
    /// Bytes that each row takes that has it.
    fn len(&self) -> usize {
        let Common { effects, relations_read, relations_written, columns, masked_columns, objects, rules } =
            self;
        let lists = [effects, relations_read, relations_written, columns, masked_columns, objects, rules];
        lists.map(List::len).iter().sum()
    }
}

impl From<&Statement> for Common {
    fn from(statement: &Statement) -> Self {
        Common {
            effects: statement.effects.iter().collect(),
            relations_read: statement.relations_read.iter().collect(),
            relations_written: statement.relations_written.iter().collect(),
            columns: statement.columns.iter().collect(),
            masked_columns: statement.masked_columns.iter().collect(),
            objects: objects(statement).into_iter().collect(),
            rules: statement.rules.iter().collect(),
        }
    }
}

/// Everything that it touches, each once, as the column's own expression has it (0002_statements.sql).
fn objects(statement: &Statement) -> Vec<&str> {
    let Statement { relations_read, relations_written, columns, .. } = statement;
    let relations_of_columns =
        columns.iter().map(|column| column.rsplit_once('.').map_or("", |(relation, _)| relation));
    let all = relations_read.iter().chain(relations_written).map(String::as_str);
    let mut known: HashSet<&str, RandomState> = HashSet::default();
    let objects = all.chain(relations_of_columns).chain(columns.iter().map(String::as_str));
    objects.filter(|object| known.insert(object)).collect()
}

/// The rows of a batch.
pub(in crate::ledger) struct Statements<'a> {
    records: Vec<&'a StatementRecord>,
    /// Which of `commons` each has.
    of_records: Vec<usize>,
    commons: Vec<Common>,
}

impl<'a> Statements<'a> {
    pub(in crate::ledger) fn new(records: Vec<&'a StatementRecord>) -> Self {
        let mut known: HashMap<*const Statement, usize, RandomState> = HashMap::default();
        let mut commons: Vec<Common> = Vec::new();
        let of_records = records
            .iter()
            .map(|record| {
                *known.entry(Arc::as_ptr(&record.statement)).or_insert_with(|| {
                    commons.push(Common::from(&*record.statement));
                    commons.len() - 1
                })
            })
            .collect();
        Statements { records, of_records, commons }
    }

    /// All rows, in as many blocks as it takes: a text lies once in the spool, and here in each row.
    pub(in crate::ledger) fn blocks(&self) -> impl Iterator<Item = Block> {
        let mut at = 0;
        std::iter::from_fn(move || {
            let begin = at;
            let mut bytes = 0;
            while let (Some(record), Some(common)) = (self.records.get(at), self.common(at)) {
                bytes += record.text().len() + common.len();
                if begin < at && BLOCK_BYTES_MAX < bytes {
                    break;
                }
                at += 1;
            }
            (begin < at).then(|| self.block(begin..at))
        })
    }

    fn common(&self, place: usize) -> Option<&Common> {
        self.commons.get(*self.of_records.get(place)?)
    }

    fn block(&self, range: Range<usize>) -> Block {
        let records = self.records.get(range.clone()).unwrap_or_default();
        let common = range.filter_map(|place| self.common(place));
        let rows = records.iter().copied();
        let mut block = Block::new(records.len());
        let moment = |UnixMicros(at): UnixMicros| at.to_le_bytes();
        block.fixed("session_id", "UUID", rows.clone().map(|row| uuid(row.session_id.as_u64_pair())));
        block.fixed("sequence", "UInt64", rows.clone().map(|row| row.sequence.to_le_bytes()));
        block.fixed("version", "UInt8", rows.clone().map(|row| [version(row.finished_at.is_some())]));
        block.fixed("started_at", "DateTime64(6, 'UTC')", rows.clone().map(|row| moment(row.started_at)));
        block.nullable(
            "finished_at",
            "Nullable(DateTime64(6, 'UTC'))",
            rows.clone().map(|row| row.finished_at.map(moment)),
        );
        block.strings("principal", rows.clone().map(|row| &*row.principal));
        block.strings("database", rows.clone().map(|row| &*row.database));
        block.strings("text", rows.clone().map(StatementRecord::text));
        block.fixed("fingerprint", "UInt64", rows.clone().map(|row| row.statement.fingerprint.to_le_bytes()));
        block.strings("verdict", rows.clone().map(|row| row.statement.verdict.as_str()));
        block.strings("readers_disagree", rows.clone().map(|row| row.statement.readers_disagree.as_str()));
        block.lists("effects", common.clone().map(|common| &common.effects));
        block.lists("relations_read", common.clone().map(|common| &common.relations_read));
        block.lists("relations_written", common.clone().map(|common| &common.relations_written));
        block.lists("columns", common.clone().map(|common| &common.columns));
        block.lists("masked_columns", common.clone().map(|common| &common.masked_columns));
        block.lists("objects", common.clone().map(|common| &common.objects));
        block.lists("rules", common.map(|common| &common.rules));
        block.strings("outcome", rows.clone().map(|row| row.outcome.name()));
        block.fixed("rows", "UInt64", rows.clone().map(|row| row.rows.to_le_bytes()));
        block.fixed("bytes", "UInt64", rows.clone().map(|row| row.bytes.to_le_bytes()));
        block.strings("sqlstate", rows.map(|row| row.sqlstate.as_str()));
        block
    }
}

/// Two numbers, each with its lowest byte first.
fn uuid((high, low): (u64, u64)) -> [u8; 16] {
    (u128::from(low) << 64 | u128::from(high)).to_le_bytes()
}
