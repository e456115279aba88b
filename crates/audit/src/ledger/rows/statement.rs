//! The table `statements`: many rows, and most of each is what all executions of its statement have in common.

use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::sync::Arc;

use foldhash::fast::RandomState;
use uuid::Uuid;

use crate::chain::{Entry, Leaf, Table};
use crate::ledger::native::{Block, List};
use crate::record::{Statement, StatementRecord, UnixMicros};

use super::{Place, about, version};

mod read;

pub(in crate::ledger) use self::read::StatementRow;

/// Bytes of texts and lists in one block, where it has more than one row.
const BLOCK_BYTES_MAX: usize = 4 << 20;

/// What the executions of a statement have in common, as it lies in columns.
struct Common {
    effects: List,
    relations_read: List,
    relations_written: List,
    columns: List,
    masked_columns: List,
    revealed_columns: List,
    revealed_classes: List,
    objects: List,
    rules: List,
    hash: [u8; 32],
}

impl Common {
    /// Bytes that each row takes that has it.
    fn len(&self) -> usize {
        let Common {
            effects,
            relations_read,
            relations_written,
            columns,
            masked_columns,
            revealed_columns,
            revealed_classes,
            objects,
            rules,
            hash: _,
        } = self;
        let lists = [
            effects,
            relations_read,
            relations_written,
            columns,
            masked_columns,
            revealed_columns,
            revealed_classes,
            objects,
            rules,
        ];
        lists.map(List::len).iter().sum()
    }
}

impl From<&Statement> for Common {
    fn from(statement: &Statement) -> Self {
        let objects = objects(statement);
        Common {
            hash: common_hash(&CommonColumns::of(statement, &objects)),
            effects: statement.effects.iter().collect(),
            relations_read: statement.relations_read.iter().collect(),
            relations_written: statement.relations_written.iter().collect(),
            columns: statement.columns.iter().collect(),
            masked_columns: statement.masked_columns.iter().collect(),
            revealed_columns: statement.revealed_columns.iter().collect(),
            revealed_classes: statement.revealed_classes.iter().collect(),
            objects: objects.iter().collect(),
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

/// The columns that executions of a statement have in common.
struct CommonColumns<'a, Object> {
    fingerprint: u64,
    effects: &'a [String],
    relations_read: &'a [String],
    relations_written: &'a [String],
    columns: &'a [String],
    masked_columns: &'a [String],
    revealed_columns: &'a [String],
    revealed_classes: &'a [String],
    objects: &'a [Object],
    verdict: &'a str,
    rules: &'a [String],
    readers_disagree: &'a str,
    normalised: &'a str,
}

impl<'a, Object> CommonColumns<'a, Object> {
    fn of(statement: &'a Statement, objects: &'a [Object]) -> Self {
        CommonColumns {
            fingerprint: statement.fingerprint,
            effects: &statement.effects,
            relations_read: &statement.relations_read,
            relations_written: &statement.relations_written,
            columns: &statement.columns,
            masked_columns: &statement.masked_columns,
            revealed_columns: &statement.revealed_columns,
            revealed_classes: &statement.revealed_classes,
            objects,
            verdict: &statement.verdict,
            rules: &statement.rules,
            readers_disagree: &statement.readers_disagree,
            normalised: &statement.normalised,
        }
    }
}

/// Made once for all executions of a statement in a batch. A new column comes last.
fn common_hash<Object: AsRef<str>>(common: &CommonColumns<'_, Object>) -> [u8; 32] {
    let mut leaf = Leaf::new("what statements have in common");
    leaf.number("fingerprint", common.fingerprint)
        .list("effects", common.effects)
        .list("relations_read", common.relations_read)
        .list("relations_written", common.relations_written)
        .list("columns", common.columns)
        .list("masked_columns", common.masked_columns)
        .list("objects", common.objects)
        .text("verdict", common.verdict)
        .list("rules", common.rules)
        .text("readers_disagree", common.readers_disagree)
        .list("revealed_columns", common.revealed_columns)
        .list("revealed_classes", common.revealed_classes)
        .text("normalised", common.normalised);
    leaf.whole()
}

/// The other columns.
struct OwnColumns<'a, Values, Parameter> {
    session_id: Uuid,
    sequence: u64,
    version: u8,
    started_at: UnixMicros,
    finished_at: Option<UnixMicros>,
    principal: &'a str,
    database: &'a str,
    text: &'a str,
    outcome: &'a str,
    rows: u64,
    bytes: u64,
    masked_values: u64,
    sqlstate: &'a str,
    values_given: Values,
    parameters: &'a [Parameter],
}

impl<'a, Values> OwnColumns<'a, Values, Box<str>> {
    fn of(record: &'a StatementRecord, values_given: Values) -> Self {
        OwnColumns {
            session_id: record.session_id,
            sequence: record.sequence,
            version: version(record.finished_at.is_some()),
            started_at: record.started_at,
            finished_at: record.finished_at,
            principal: &record.principal,
            database: &record.database,
            text: record.text(),
            outcome: record.outcome.name(),
            rows: record.rows,
            bytes: record.bytes,
            masked_values: record.masked_values,
            sqlstate: &record.sqlstate,
            values_given,
            parameters: &record.parameters,
        }
    }
}

/// A new column comes last.
fn leaf<Parameter: AsRef<str>>(
    leaf: &mut Leaf,
    own: OwnColumns<'_, impl ExactSizeIterator<Item = u64>, Parameter>,
    common: &[u8; 32],
) -> u128 {
    leaf.begin(Table::Statements.name());
    leaf.hash("common", common)
        .id("session_id", own.session_id.as_u128())
        .number("sequence", own.sequence)
        .number("version", own.version)
        .number("started_at", own.started_at.0)
        .optional("finished_at", own.finished_at.map(|at| at.0))
        .text("principal", own.principal)
        .text("database", own.database)
        .text("text", own.text)
        .text("outcome", own.outcome)
        .number("rows", own.rows)
        .number("bytes", own.bytes)
        .text("sqlstate", own.sqlstate)
        .numbers("values_given", own.values_given)
        .list("parameters", own.parameters)
        .number("masked_values", own.masked_values);
    leaf.half()
}

/// The rows of a batch.
pub(in crate::ledger) struct Statements<'a> {
    records: Vec<(Place, &'a StatementRecord)>,
    /// Which of `commons` each has.
    of_records: Vec<usize>,
    commons: Vec<Common>,
}

impl<'a> Statements<'a> {
    pub(in crate::ledger) fn new(records: Vec<(Place, &'a StatementRecord)>) -> Self {
        let mut known: HashMap<*const Statement, usize, RandomState> = HashMap::default();
        let mut commons: Vec<Common> = Vec::new();
        let of_records = records
            .iter()
            .map(|(_, record)| {
                *known.entry(Arc::as_ptr(&record.statement)).or_insert_with(|| {
                    commons.push(Common::from(&*record.statement));
                    commons.len() - 1
                })
            })
            .collect();
        Statements { records, of_records, commons }
    }

    /// What a checkpoint has of each, in their order.
    pub(in crate::ledger) fn entries(&self) -> impl Iterator<Item = (u64, Entry)> {
        let mut memory = Leaf::new("");
        self.records.iter().enumerate().map(move |(number, (place, record))| {
            let common = self.common(number).map_or([0; 32], |common| common.hash);
            let leaf = leaf(&mut memory, OwnColumns::of(record, record.values_given()), &common);
            let (table, at) = (Table::Statements, record.started_at);
            let begun = match record.finished_at {
                Some(_) => 0,
                None => about(table, at, record.session_id, record.sequence),
            };
            (place.sequence, Entry { table, at, leaf, begun })
        })
    }

    /// All rows, in as many blocks as it takes: a text lies once in the spool, and here in each row.
    pub(in crate::ledger) fn blocks(&self) -> impl Iterator<Item = Block> {
        let mut at = 0;
        std::iter::from_fn(move || {
            let begin = at;
            let mut bytes = 0;
            while let (Some((_, record)), Some(common)) = (self.records.get(at), self.common(at)) {
                let parameters = record.parameters.iter().map(|parameter| parameter.len()).sum::<usize>();
                let values = record.values_given().len() * size_of::<u64>();
                let texts = record.text().len() + record.statement.normalised.len();
                bytes += texts + values + parameters + common.len();
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
        let rows = records.iter().map(|(_, record)| *record);
        let places = records.iter().map(|(place, _)| *place);
        let mut block = Block::new(records.len());
        let moment = |UnixMicros(at): UnixMicros| at.to_le_bytes();
        block.fixed("writer_id", "UUID", places.clone().map(|place| uuid(place.writer.as_u64_pair())));
        block.fixed("writer_sequence", "UInt64", places.map(|place| place.sequence.to_le_bytes()));
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
        block.strings("normalised", rows.clone().map(|row| row.statement.normalised.as_str()));
        block.strings("verdict", rows.clone().map(|row| row.statement.verdict.as_str()));
        block.strings("readers_disagree", rows.clone().map(|row| row.statement.readers_disagree.as_str()));
        block.lists("effects", common.clone().map(|common| &common.effects));
        block.lists("relations_read", common.clone().map(|common| &common.relations_read));
        block.lists("relations_written", common.clone().map(|common| &common.relations_written));
        block.lists("columns", common.clone().map(|common| &common.columns));
        block.lists("masked_columns", common.clone().map(|common| &common.masked_columns));
        block.lists("revealed_columns", common.clone().map(|common| &common.revealed_columns));
        block.lists("revealed_classes", common.clone().map(|common| &common.revealed_classes));
        block.lists("objects", common.clone().map(|common| &common.objects));
        block.lists("rules", common.map(|common| &common.rules));
        block.strings("outcome", rows.clone().map(|row| row.outcome.name()));
        block.fixed("rows", "UInt64", rows.clone().map(|row| row.rows.to_le_bytes()));
        block.fixed("bytes", "UInt64", rows.clone().map(|row| row.bytes.to_le_bytes()));
        block.fixed("masked_values", "UInt64", rows.clone().map(|row| row.masked_values.to_le_bytes()));
        let parameters: Vec<List> = rows.clone().map(|row| row.parameters.iter().collect()).collect();
        block.lists("parameters", parameters.iter());
        block.number_lists("values_given", rows.clone().map(StatementRecord::values_given));
        block.strings("sqlstate", rows.map(|row| row.sqlstate.as_str()));
        block
    }
}

/// Two numbers, each with its lowest byte first.
fn uuid((high, low): (u64, u64)) -> [u8; 16] {
    (u128::from(low) << 64 | u128::from(high)).to_le_bytes()
}
