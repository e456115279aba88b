//! Looks at some values of columns: what they hold tells the class where the name says nothing, and bears the name out where it does.
//! Nothing that users made is run on the way: no cast, no view, no policy of rows, no foreign server. Of what cannot be looked at,
//! values that sessions read tell.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use mask::{Class, Classes, ColumnId, Holds, Sample, Unsearched, is_document, is_telling, is_text};
use sql::Catalog;
use sql::catalog::{Column, Relation};
use tokio::time::timeout;
use wire::backend;

use super::corrections::{Pinned, has};
use super::{Texts, answer, ask};
use crate::pipe::Pipe;

/// Rows of a table that are looked at where it begins, and of pages that are drawn by lot.
const FIRST_ROWS_MAX: u32 = 50;
const DRAWN_ROWS_MAX: u32 = 100;

/// Pages that are drawn by lot from a larger table.
const DRAWN_PAGES: f64 = 20.0;

/// Characters of a value that are looked at.
const CHARACTERS_MAX: usize = 512;

/// Columns of a table that are asked for at once.
const COLUMNS_MAX: usize = 100;

/// How long the server may take for one look, and wait for a lock.
const LOOK_LIMITS: &str = "SET statement_timeout = '2s'; SET lock_timeout = '100ms'";

/// As it was before.
const OTHER_LIMITS: &str = "RESET statement_timeout; RESET lock_timeout";

/// How long one look may take until the connection is given up.
const LOOK_WAIT: Duration = Duration::from_secs(10);

/// How long looks may go on before the catalog is read again.
const LOOKS_WAIT: Duration = Duration::from_secs(10);

/// A table of which too little was seen is looked at again after this time, and twice that where nothing is new.
const AGAIN_SOON: Duration = Duration::from_secs(30);

/// Every table is looked at again after this time: what is written to it may change.
const AGAIN: Duration = Duration::from_secs(600);

/// How long what was seen counts of a table that cannot be looked at again: there is a second attempt, and more.
const STALE: Duration = Duration::from_secs(1_200);

/// Most columns of which values are counted that sessions read, and most values of one: from then on newer ones count more.
const WIRE_COLUMNS_MAX: usize = 65_536;
const WIRE_VALUES_MAX: u32 = 1_000;

/// What relations are, and what each consists of: only those that have rows of their own can be looked at, and of them none whose
/// rows a policy chooses.
const KINDS: &str = "
    SELECT c.oid, c.relkind, 0::oid, c.relpages, c.reltuples
    FROM pg_catalog.pg_class c
    WHERE c.oid OPERATOR(pg_catalog.>=) 16384::oid AND NOT c.relrowsecurity
      AND c.relpersistence OPERATOR(pg_catalog.<>) 't'::\"char\" AND pg_catalog.has_table_privilege(c.oid, 'SELECT')
      AND c.relkind OPERATOR(pg_catalog.=) ANY (ARRAY['r', 'm']::\"char\"[])
    UNION ALL
    SELECT inhparent, 'p'::\"char\", inhrelid, 0, 0 FROM pg_catalog.pg_inherits WHERE inhrelid OPERATOR(pg_catalog.>=) 16384::oid
    UNION ALL
    SELECT c.oid, c.relkind, 0::oid, 0, 0
    FROM pg_catalog.pg_class c
    WHERE c.oid OPERATOR(pg_catalog.>=) 16384::oid AND c.relkind OPERATOR(pg_catalog.=) 'v'::\"char\"";

/// What was seen of a database's tables.
#[derive(Debug, Default)]
pub(super) struct Samples {
    /// By the tables' OIDs.
    seen: HashMap<u32, Seen>,
    /// The tables in which records of a composite type were seen, by the type's OID.
    records: HashMap<u32, HashSet<u32>>,
    /// Tables and materialised views that can be looked at, as large as PostgreSQL last counted them.
    readable: HashMap<u32, Size>,
    views: HashSet<u32>,
    /// Partitions and children of tables.
    parts: HashMap<u32, Vec<u32>>,
    /// What sessions saw of columns whose values could be anything.
    on_wire: HashMap<ColumnId, Sample>,
    /// Something was seen that nobody was told of.
    is_untold: bool,
}

/// How large a table was when it was counted; nothing, or less, where it never was (pg_class.h).
#[derive(Clone, Copy, Debug)]
struct Size {
    pages: f64,
    rows: f64,
}

#[derive(Debug)]
struct Seen {
    /// When it was its turn, and when that was no failure.
    at: Instant,
    looked_at: Instant,
    /// After how long it is looked at again.
    pause: Duration,
    /// Of its columns, and of fields of records in these.
    columns: HashMap<ColumnId, Sample>,
}

impl Seen {
    /// Whether every column that tells something was looked at.
    fn has_all(&self, relation: &Relation) -> bool {
        let telling = relation.columns.iter().filter(|column| is_telling(column.type_oid));
        telling.into_iter().all(|column| self.columns.contains_key(&id(relation, column)))
    }

    /// Whether these tell the same.
    fn tells(&self, columns: &HashMap<ColumnId, Sample>) -> bool {
        let same = |(id, sample): (&ColumnId, &Sample)| {
            columns.get(id).is_some_and(|other| other.holds() == sample.holds())
        };
        self.columns.len() == columns.len() && self.columns.iter().all(same)
    }
}

impl Samples {
    /// Looks at tables that are due, until `is_wanted` says that something else is, and says whether anything new is known.
    ///
    /// # Errors
    ///
    /// One sentence, where the connection is of no more use.
    pub(super) async fn look(
        &mut self,
        pipe: &mut Pipe,
        catalog: &Catalog,
        classes: &Classes,
        is_wanted: impl Fn() -> bool,
    ) -> Result<bool, String> {
        self.read_kinds(pipe).await?;
        self.seen.retain(|oid, _| catalog.relation(*oid).is_some());
        self.records.retain(|oid, _| catalog.is_type_alone(*oid));
        self.on_wire.retain(|id, _| has(catalog, *id));
        let begin = Instant::now();
        let mut due: Vec<(Option<Instant>, &Relation, Size)> = Vec::new();
        for (oid, size) in &self.readable {
            let Some(relation) = catalog.relation(*oid) else { continue };
            match self.seen.get(oid) {
                Some(seen)
                    if begin.saturating_duration_since(seen.at) < seen.pause && seen.has_all(relation) => {}
                seen => due.push((seen.map(|seen| seen.at), relation, *size)),
            }
        }
        due.sort_by_key(|(at, relation, _)| (*at, relation.oid));
        if due.is_empty() {
            return Ok(std::mem::take(&mut self.is_untold));
        }
        ask(pipe, LOOK_LIMITS, |_| Ok(())).await?;
        for (_, relation, size) in due {
            if is_wanted() || LOOKS_WAIT < begin.elapsed() {
                break;
            }
            let look = timeout(LOOK_WAIT, look_at(pipe, catalog, relation, size)).await;
            let (seen, error) = match look {
                Ok(Ok(seen)) => (seen, None),
                Ok(Err(error)) => (None, Some(error)),
                Err(_) => (None, Some(format!("no answer within {} s", LOOK_WAIT.as_secs()))),
            };
            let now = Instant::now();
            let before = self.seen.get(&relation.oid);
            // What cannot be looked at now, because somebody has it locked, is for a while as it was.
            let (columns, looked_at) = match (seen, before) {
                (Some(columns), _) => (columns, now),
                (None, Some(seen)) if seen.looked_at.elapsed() < STALE => {
                    (seen.columns.clone(), seen.looked_at)
                }
                (None, _) => (HashMap::new(), now),
            };
            let is_known = before.is_some_and(|seen| seen.tells(&columns));
            let is_open = |column: &Column| {
                columns.get(&id(relation, column)).is_none_or(|sample| sample.holds() == Holds::Unknown)
            };
            let pause = match before {
                _ if looked_at != now => AGAIN_SOON,
                _ if !open_columns(relation, classes).any(is_open) => AGAIN,
                Some(seen) if is_known => AGAIN.min(seen.pause * 2),
                _ => AGAIN_SOON,
            };
            for field in columns.keys().filter(|field| field.table_oid != relation.oid) {
                self.records.entry(field.table_oid).or_default().insert(relation.oid);
            }
            self.seen.insert(relation.oid, Seen { at: now, looked_at, pause, columns });
            self.is_untold |= !is_known;
            // It is not the first the next time.
            if let Some(error) = error {
                return Err(error);
            }
        }
        ask(pipe, OTHER_LIMITS, |_| Ok(())).await?;
        Ok(std::mem::take(&mut self.is_untold))
    }

    /// All tables are looked at again. What was seen counts until then.
    pub(super) fn are_old(&mut self) {
        self.seen.values_mut().for_each(|seen| seen.pause = Duration::ZERO);
    }

    /// Sessions saw these.
    pub(super) fn saw(&mut self, catalog: &Catalog, sighted: impl IntoIterator<Item = (ColumnId, Sample)>) {
        for (id, values) in sighted {
            if !has(catalog, id) || WIRE_COLUMNS_MAX <= self.on_wire.len() && !self.on_wire.contains_key(&id)
            {
                continue;
            }
            let before = self.told_on_wire(catalog, id);
            let sample = self.on_wire.entry(id).or_default();
            if WIRE_VALUES_MAX <= sample.values() {
                sample.halve();
            }
            sample.add(&values);
            self.is_untold |= before != self.told_on_wire(catalog, id);
        }
    }

    /// What was seen could not be told: it is the next time.
    pub(super) fn keep_untold(&mut self) {
        self.is_untold = true;
    }

    pub(super) fn is_view(&self, oid: u32) -> bool {
        self.views.contains(&oid)
    }

    /// The classes that values have told, of columns that are there.
    pub(super) fn classes<'a>(
        &'a self,
        catalog: &'a Catalog,
    ) -> impl Iterator<Item = (ColumnId, Class)> + 'a {
        catalog.relations().flat_map(|relation| {
            relation.columns.iter().filter_map(|column| {
                let id = id(relation, column);
                Some((id, self.told(catalog, id).or_else(|| self.told_on_wire(catalog, id))?))
            })
        })
    }

    /// The class that values of the column, or of the parts of what it is of, have told.
    pub(super) fn told(&self, catalog: &Catalog, id: ColumnId) -> Option<Class> {
        self.samples(catalog, id).find_map(told)
    }

    /// The class that values have told that sessions read, where too few could be looked at.
    pub(super) fn told_on_wire(&self, catalog: &Catalog, id: ColumnId) -> Option<Class> {
        let sample = self.on_wire.get(&id).filter(|sample| sample.is_enough())?;
        told(sample).filter(|_| !self.of(catalog, id).is_enough())
    }

    /// What was seen of the column, with what was of the parts of what it is of.
    pub(super) fn of(&self, catalog: &Catalog, id: ColumnId) -> Sample {
        let mut all = Sample::default();
        self.samples(catalog, id).for_each(|sample| all.add(sample));
        all
    }

    /// What sessions saw of it.
    pub(super) fn on_wire(&self, id: ColumnId) -> Sample {
        self.on_wire.get(&id).cloned().unwrap_or_default()
    }

    /// Of the column, of those that have its name in parts of its relation, whose rows come under the names of the whole, and of records that have it
    /// as a field.
    fn samples<'a>(&'a self, catalog: &'a Catalog, id: ColumnId) -> impl Iterator<Item = &'a Sample> {
        let column = catalog.relation(id.table_oid).and_then(|relation| relation.column(id.number));
        let parts = std::iter::once_with(move || self.all_parts(id.table_oid)).flatten();
        let of_parts = parts.filter_map(move |part| self.in_part(catalog, part, column?));
        let tables = self.records.get(&id.table_oid).into_iter().flatten();
        let of_records = tables.filter_map(move |table| self.seen.get(table)?.columns.get(&id));
        self.looked(id.table_oid, id.number).into_iter().chain(of_parts).chain(of_records)
    }

    /// Of the column of a part that has the name of the whole's.
    fn in_part(&self, catalog: &Catalog, part: u32, column: &Column) -> Option<&Sample> {
        let own = catalog.relation(part)?.columns.iter().find(|own| own.name == column.name)?;
        self.looked(part, own.number)
    }

    /// The columns that may hold anything, but for those of which somebody says something.
    pub(super) fn unsearched(&self, catalog: &Catalog, classes: &Classes, pinned: &Pinned) -> Unsearched {
        let mut unsearched = Unsearched::new();
        let tables = |relation: &&Relation| !self.views.contains(&relation.oid);
        for relation in catalog.relations().filter(tables) {
            let parts = self.all_parts(relation.oid);
            let open = open_columns(relation, classes).filter(|column| {
                let is_harmless =
                    |sample: Option<&Sample>| sample.is_some_and(|sample| sample.holds() == Holds::Harmless);
                let has_rows = self.readable.contains_key(&relation.oid) || parts.is_empty();
                let in_parts = |part: &u32| is_harmless(self.in_part(catalog, *part, column));
                has_rows && !is_harmless(self.looked(relation.oid, column.number))
                    || !parts.iter().all(in_parts)
            });
            let is_unread = |column: &Column| {
                let id = id(relation, column);
                is_document(column.type_oid)
                    && self.of(catalog, id).values() == 0
                    && !self.on_wire.get(&id).is_some_and(Sample::is_enough)
            };
            unsearched.extend(open.map(|column| (id(relation, column), is_unread(column))));
        }
        for view in catalog.relations().filter(|relation| self.views.contains(&relation.oid)) {
            let below = catalog.with_underlying(view);
            let is_open = |relation: &&Relation| {
                relation.columns.iter().any(|column| unsearched.contains_key(&id(relation, column)))
            };
            if below.iter().any(is_open) {
                unsearched.extend(open_columns(view, classes).map(|column| (id(view, column), false)));
            }
        }
        pinned.apply_to_unsearched(catalog, &mut unsearched);
        unsearched
    }

    async fn read_kinds(&mut self, pipe: &mut Pipe) -> Result<(), String> {
        let Samples { seen, records, on_wire, is_untold, .. } = std::mem::take(self);
        *self = Samples { seen, records, on_wire, is_untold, ..Samples::default() };
        ask(pipe, KINDS, |row| {
            let mut row = Texts(backend::DataRow::read(row)?);
            let (oid, kind) = (row.number("relation")?, row.text("kind")?);
            let part = row.number("part")?;
            let size = Size { pages: row.number("pages")?, rows: row.number("rows")? };
            match kind.as_str() {
                "v" => _ = self.views.insert(oid),
                "p" => self.parts.entry(oid).or_default().push(part),
                _ => _ = self.readable.insert(oid, size),
            }
            Ok(())
        })
        .await
    }

    fn looked(&self, oid: u32, number: i16) -> Option<&Sample> {
        self.seen.get(&oid)?.columns.get(&ColumnId { table_oid: oid, number })
    }

    /// Parts of it, and parts of those.
    fn all_parts(&self, oid: u32) -> HashSet<u32> {
        let mut all = HashSet::new();
        let mut open = vec![oid];
        while let Some(next) = open.pop() {
            for &part in self.parts.get(&next).into_iter().flatten() {
                if all.insert(part) {
                    open.push(part);
                }
            }
        }
        all
    }
}

/// Columns that can hold text and are not known to be sensitive as a whole.
pub(super) fn open_columns<'a>(
    relation: &'a Relation,
    classes: &'a Classes,
) -> impl Iterator<Item = &'a Column> {
    let is_known =
        |column: &Column| classes.get(&id(relation, column)).is_some_and(|class| *class != Class::Document);
    let is_open = move |column: &&Column| is_text(column.type_oid) && !is_known(column);
    relation.columns.iter().filter(is_open)
}

pub(super) fn id(relation: &Relation, column: &Column) -> ColumnId {
    ColumnId { table_oid: relation.oid, number: column.number }
}

fn told(sample: &Sample) -> Option<Class> {
    match sample.holds() {
        Holds::Class(class) => Some(class),
        Holds::Harmless | Holds::Unknown => None,
    }
}

/// A column of a table, or a field of the records in one, that is looked at.
struct Looked {
    id: ColumnId,
    type_oid: u32,
    /// How it is written.
    written: String,
}

impl Looked {
    /// All of a table.
    fn all(catalog: &Catalog, relation: &Relation) -> Vec<Self> {
        let mut all = Vec::new();
        for column in &relation.columns {
            let written = quoted(&column.name);
            // Of an array the first is looked at.
            let (record, own_type) = match catalog.element(column.type_oid) {
                Some(element) => (format!("{written}[1]"), element),
                None => (written.clone(), column.type_oid),
            };
            let of = catalog.type_alone(own_type);
            for field in of.iter().flat_map(|of| &of.columns).filter(|field| is_telling(field.type_oid)) {
                all.extend(of.map(|of| Looked {
                    id: id(of, field),
                    type_oid: field.type_oid,
                    written: format!("({record}).{}", quoted(&field.name)),
                }));
            }
            if is_telling(column.type_oid) {
                all.push(Looked { id: id(relation, column), type_oid: column.type_oid, written });
            }
        }
        all
    }
}

/// What columns of one table hold; `None` where the server will not show it.
async fn look_at(
    pipe: &mut Pipe,
    catalog: &Catalog,
    relation: &Relation,
    size: Size,
) -> Result<Option<HashMap<ColumnId, Sample>>, String> {
    let mut seen: HashMap<ColumnId, Sample> = HashMap::new();
    for columns in Looked::all(catalog, relation).chunks(COLUMNS_MAX) {
        let mut samples = vec![Sample::default(); columns.len()];
        let refused = answer(pipe, &query(relation, size, columns), |row| {
            for ((value, column), sample) in backend::DataRow::read(row)?.zip(columns).zip(&mut samples) {
                sample.note(column.type_oid, value?.unwrap_or_default());
            }
            Ok(())
        })
        .await?;
        if let Some(error) = refused {
            tracing::debug!(error, "a table was not looked at");
            return Ok(None);
        }
        // Several columns can have records of one type.
        for (column, sample) in columns.iter().zip(&samples) {
            seen.entry(column.id).or_default().add(sample);
        }
    }
    Ok(Some(seen))
}

/// Values come by the output functions of their types, which only superusers make.
fn query(relation: &Relation, size: Size, columns: &[Looked]) -> String {
    let shown: Vec<String> = columns
        .iter()
        .map(|column| {
            format!("pg_catalog.left(pg_catalog.format('%s', {}), {CHARACTERS_MAX})", column.written)
        })
        .collect();
    let (shown, table) =
        (shown.join(", "), format!("{}.{}", quoted(&relation.schema), quoted(&relation.name)));
    let Size { pages, rows } = size;
    if pages <= DRAWN_PAGES {
        let rows = FIRST_ROWS_MAX + DRAWN_ROWS_MAX;
        return format!("SELECT {shown} FROM ONLY {table} LIMIT {rows}");
    }
    let percent = 100.0 * DRAWN_PAGES / pages;
    // Some of each page: otherwise the first pages would have them all.
    let share = f64::from(DRAWN_ROWS_MAX) * pages / (DRAWN_PAGES * rows.max(1.0));
    format!(
        "(SELECT {shown} FROM ONLY {table} LIMIT {FIRST_ROWS_MAX}) UNION ALL \
         (SELECT {shown} FROM ONLY {table} TABLESAMPLE SYSTEM ({percent}) \
          WHERE pg_catalog.random() OPERATOR(pg_catalog.<) {share}::float8 LIMIT {})",
        2 * DRAWN_ROWS_MAX
    )
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
