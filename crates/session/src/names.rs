//! Prepared statements and portals of one session: as the server is known to have them, and as it will have them.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, VecDeque};
use std::ops::Deref;
use std::rc::Rc;

use foldhash::fast::RandomState;
use mask::{ColumnId, FIRST_NORMAL_OID};
use policy::Refusal;
use sql::SearchPath;
use wire::BodyError;
use wire::backend::{Field, RowDescription};

use crate::asking::Answer;
use crate::judged::{Judged, Read};
use crate::keyed::{self, Keys};
use crate::readings::Reading;
use crate::recorded::{Bound, TYPES_MAX};

/// Most prepared statements with names, and most portals, that one session may have.
pub(crate) const NAMES_MAX: usize = 16_384;

/// Most bytes of their names and texts, those that several share counted for each.
pub(crate) const NAMES_BYTES_MAX: usize = 32 << 20;

/// A prepared statement that was judged and let pass.
#[derive(Debug)]
pub(crate) struct Prepared {
    pub(crate) reading: Reading,
    /// OIDs of the types that its first parameters have, as far as the client or the server has said so.
    pub(crate) types: RefCell<Box<[u32]>>,
    /// PREPARE made it, or DECLARE its portal: only SQL runs it.
    pub(crate) is_sql: bool,
    /// Number of the execution that was recorded because of it, and that a Bind may take over.
    pub(crate) begun: Cell<Option<u64>>,
    /// What told then whether anything was sent that may change where relations are looked for.
    pub(crate) path_changes: Cell<u64>,
}

/// A portal of a prepared statement.
#[derive(Debug)]
pub(crate) struct Portal {
    pub(crate) prepared: Rc<Prepared>,
    /// Columns of its result, or of what it copies, once the server has described them. The description of the statement would not
    /// do: code on the server can put another statement under the same name.
    pub(crate) columns: RefCell<Option<Columns>>,
    /// It was executed, and so its columns are known or asked for; they do not change when it goes on.
    pub(crate) executed: Cell<bool>,
    /// Number of the execution that was recorded because of it, and that its first Execute may take over.
    pub(crate) begun: Option<u64>,
    /// It outlives its transaction.
    pub(crate) holds: bool,
    /// How many executions there were when it was made.
    pub(crate) made: u64,
    /// What its statement was then, of which it has the rows whatever names mean later.
    pub(crate) made_as: Option<Rc<Judged>>,
    /// Where relations were looked for then.
    pub(crate) path: Option<Rc<SearchPath>>,
    /// Who has approved what it was bound to, where that was needed.
    pub(crate) approval: Option<Answer>,
    /// What is recorded of what it was bound to.
    pub(crate) values: Bound,
    /// What of that are keys of documents.
    pub(crate) keys: Option<Keys>,
    /// The constants that it was bound to, where it may look into values.
    pub(crate) constants: Box<[u8]>,
}

impl Prepared {
    pub(crate) fn new(reading: Reading, begun: Option<u64>) -> Self {
        Prepared {
            reading,
            types: RefCell::default(),
            is_sql: false,
            begun: Cell::new(begun),
            path_changes: Cell::default(),
        }
    }

    /// Its parameters have these types.
    pub(crate) fn has_types(&self, types: impl Iterator<Item = u32>) {
        self.types.replace(types.take(TYPES_MAX).collect());
    }

    /// What PREPARE or DECLARE makes of this.
    pub(crate) fn by_sql(read: &Rc<Read>) -> Self {
        Prepared { is_sql: true, ..Prepared::new(Rc::clone(read).into(), None) }
    }
}

impl Portal {
    pub(crate) fn new(prepared: Rc<Prepared>, begun: Option<u64>) -> Self {
        Portal {
            prepared,
            columns: RefCell::default(),
            executed: Cell::new(false),
            begun,
            holds: false,
            made: 0,
            made_as: None,
            path: None,
            approval: None,
            values: Bound::default(),
            keys: None,
            constants: Box::default(),
        }
    }

    /// The cursor that DECLARE makes of this.
    pub(crate) fn cursor(read: &Rc<Read>, holds: bool, made: u64, made_as: Option<&Rc<Judged>>) -> Self {
        let made_as = made_as.cloned();
        Portal { holds, made, made_as, ..Portal::new(Rc::new(Prepared::by_sql(read)), None) }
    }

    /// The statement as it is judged now, with what the portal's rows may have of when it was made.
    pub(crate) fn with_older(&self, judged: Rc<Judged>) -> Rc<Judged> {
        let Some(made) = self.made_as.as_ref().filter(|made| !Rc::ptr_eq(made, &judged)) else {
            return judged;
        };
        let shown = judged.shown.clone().or(&made.shown);
        if shown.is_same(&judged.shown) && (judged.says || !made.says) {
            return judged;
        }
        let mut older = judged.running(shown, Vec::new(), judged.is_moved);
        older.is_older = true;
        Rc::new(older).saying(made.says)
    }

    /// Whether its rows are of the same reading.
    pub(crate) fn is_made_as(&self, judged: &Rc<Judged>) -> bool {
        let is_harmless = |made: &Judged| !made.shown.is_anything() && !made.says;
        self.made_as.as_ref().is_none_or(|made| Rc::ptr_eq(made, judged) || is_harmless(made))
    }
}

/// What a name can mean.
pub(crate) trait Named {
    /// What it is called where a client is told of it.
    const KIND: &str;

    /// How long the texts are that it keeps, in bytes.
    fn text_bytes(&self) -> usize;
}

impl Named for Prepared {
    const KIND: &str = "prepared statements";

    fn text_bytes(&self) -> usize {
        self.reading.read.text().len() + self.reading.text.as_ref().map_or(0, |text| text.len())
    }
}

impl Named for Portal {
    const KIND: &str = "portals";

    fn text_bytes(&self) -> usize {
        let keys = self.keys.as_ref().map_or(0, keyed::len);
        self.prepared.text_bytes() + self.values.len() + keys + self.constants.len()
    }
}

/// Columns of a result.
pub(crate) type Columns = Rc<ResultColumns>;

/// What a RowDescription told, and its body, by which it is known again.
#[derive(Debug, Default)]
pub(crate) struct ResultColumns {
    description: Box<[u8]>,
    /// Where they stand in it, where they are not all of it.
    places: Option<Box<[usize]>>,
    columns: Box<[ResultColumn]>,
}

/// What of a RowDescription's field a plan needs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ResultColumn {
    pub(crate) table_oid: u32,
    pub(crate) column: i16,
    pub(crate) type_oid: u32,
    pub(crate) format: u16,
}

impl ResultColumns {
    /// The columns that a RowDescription with this body tells.
    pub(crate) fn read(description: &[u8]) -> Result<Self, BodyError> {
        let columns = RowDescription::read(description)?.map(|field| {
            field.map(|Field { table_oid, column, type_oid, format, .. }| ResultColumn {
                table_oid,
                column,
                type_oid,
                format,
            })
        });
        let columns = columns.collect::<Result<_, _>>()?;
        Ok(ResultColumns { columns, places: None, description: description.into() })
    }

    /// Those at these places, in this format.
    pub(crate) fn copied(&self, places: Vec<usize>, format: u16) -> Self {
        let columns = places.iter().filter_map(|place| self.columns.get(*place));
        ResultColumns {
            columns: columns.map(|column| ResultColumn { format, ..*column }).collect(),
            places: Some(places.into()),
            description: self.description.clone(),
        }
    }

    /// Their names, as the result has them.
    pub(crate) fn labels(&self) -> Vec<String> {
        let fields = RowDescription::read(&self.description).into_iter().flatten().map_while(Result::ok);
        let labels: Vec<_> = fields.map(|field| String::from_utf8_lossy(field.name).into_owned()).collect();
        match &self.places {
            Some(places) => places.iter().filter_map(|place| labels.get(*place).cloned()).collect(),
            None => labels,
        }
    }

    pub(crate) fn is_described_by(&self, description: &[u8]) -> bool {
        *self.description == *description
    }
}

impl Deref for ResultColumns {
    type Target = [ResultColumn];

    fn deref(&self) -> &[ResultColumn] {
        &self.columns
    }
}

impl ResultColumn {
    /// What it is a column of, where it is neither computed nor of PostgreSQL's own catalogs.
    pub(crate) fn id(&self) -> Option<ColumnId> {
        let ResultColumn { table_oid, column: number, .. } = *self;
        (FIRST_NORMAL_OID <= table_oid && 0 < number).then_some(ColumnId { table_oid, number })
    }

    pub(crate) fn field(&self) -> Field<'static> {
        let ResultColumn { table_oid, column, type_oid, format } = *self;
        Field { name: b"", table_oid, column, type_oid, format }
    }
}

/// Things by the name that the client gave them: as the server is known to have them, and as it will have them if
/// nothing fails that was sent and is not answered.
#[derive(Debug)]
pub(crate) struct Names<T> {
    /// What the empty name means, which most clients use all the time.
    unnamed: Meanings<T>,
    named: HashMap<Vec<u8>, Meanings<T>, RandomState>,
    /// What `named` keeps, in bytes.
    bytes: usize,
    changes: u64,
}

/// What a name means.
#[derive(Debug)]
struct Meanings<T> {
    /// Now, as far as the server has answered.
    now: Option<Rc<T>>,
    /// After each change that is not answered, in the order in which they were sent.
    then: VecDeque<Change<T>>,
}

#[derive(Debug)]
struct Change<T> {
    number: u64,
    section: u64,
    meaning: Option<Rc<T>>,
}

/// A change that the server has not answered.
#[derive(Debug)]
pub(crate) struct Changed {
    name: Vec<u8>,
    number: u64,
}

impl Changed {
    /// It is about the empty name.
    pub(crate) fn is_unnamed(&self) -> bool {
        self.name.is_empty()
    }
}

/// What is known of a name before a message is sent that uses it.
pub(crate) enum Lookup<T> {
    Known(Rc<T>),
    Unknown,
    /// Only the answer to an earlier Sync or Query will tell: what is between them is skipped if it fails, and the
    /// message that uses the name is not.
    Uncertain,
}

impl<T> Default for Names<T> {
    fn default() -> Self {
        Names { unnamed: Meanings::default(), named: HashMap::default(), bytes: 0, changes: 0 }
    }
}

impl<T> Default for Meanings<T> {
    fn default() -> Self {
        Meanings { now: None, then: VecDeque::new() }
    }
}

impl<T: Named> Names<T> {
    /// What `name` will mean to a message that is sent now, in this section between two Syncs.
    pub(crate) fn get(&self, name: &[u8], section: u64) -> Lookup<T> {
        let meanings = if name.is_empty() { Some(&self.unnamed) } else { self.named.get(name) };
        let Some(meanings) = meanings else { return Lookup::Unknown };
        let meaning = match meanings.then.back() {
            Some(change) if change.section != section => return Lookup::Uncertain,
            Some(change) => &change.meaning,
            None => &meanings.now,
        };
        meaning.as_ref().map_or(Lookup::Unknown, |thing| Lookup::Known(Rc::clone(thing)))
    }

    /// All that `name` could mean to a message that is sent now, in this section.
    pub(crate) fn could_mean(&self, name: &[u8], section: u64) -> Vec<Rc<T>> {
        self.named.get(name).map(|meanings| meanings.possible(section)).unwrap_or_default()
    }

    /// All that names other than the empty one could mean.
    pub(crate) fn all(&self, section: u64) -> Vec<Rc<T>> {
        self.named.values().flat_map(|meanings| meanings.possible(section)).collect()
    }

    /// Whether there is room for no more names.
    pub(crate) fn is_full(&self) -> bool {
        NAMES_MAX <= self.named.len() || NAMES_BYTES_MAX <= self.bytes
    }

    /// A message is sent that makes `name` mean this.
    pub(crate) fn change(&mut self, name: &[u8], section: u64, meaning: Option<Rc<T>>) -> Changed {
        self.changes += 1;
        let number = self.changes;
        self.bytes += kept_bytes(name, meaning.as_ref());
        let meanings = match name {
            b"" => &mut self.unnamed,
            name => self.named.entry(name.to_vec()).or_default(),
        };
        meanings.then.push_back(Change { number, section, meaning });
        Changed { name: name.to_vec(), number }
    }

    /// What a change makes a name mean that the server has not answered.
    pub(crate) fn meant(&self, changed: &Changed) -> Option<&Rc<T>> {
        let meanings = match changed.name.as_slice() {
            b"" => &self.unnamed,
            name => self.named.get(name)?,
        };
        meanings.then.iter().find(|change| change.number == changed.number)?.meaning.as_ref()
    }

    /// The server has done it, or has skipped it.
    pub(crate) fn answered(&mut self, changed: &Changed, is_done: bool) {
        let meanings = match changed.name.as_slice() {
            b"" => Some(&mut self.unnamed),
            name => self.named.get_mut(name),
        };
        let Some(meanings) = meanings else { return };
        if meanings.then.front().is_some_and(|change| change.number == changed.number)
            && let Some(change) = meanings.then.pop_front()
        {
            let gone = match is_done {
                true => std::mem::replace(&mut meanings.now, change.meaning),
                false => change.meaning,
            };
            self.bytes = self.bytes.saturating_sub(kept_bytes(&changed.name, gone.as_ref()));
        }
        if meanings.now.is_none() && meanings.then.is_empty() {
            self.named.remove(&changed.name);
        }
    }

    /// The server has answered a Query, or a Parse without a name that fails: both take the unnamed one away (postgres.c,
    /// drop_unnamed_stmt). What was sent after it stays.
    pub(crate) fn forget_unnamed(&mut self) {
        self.unnamed.now = None;
    }

    /// A command is sent that takes all names away but the empty one, which SQL does not know.
    pub(crate) fn change_all(&mut self, section: u64) -> Vec<Changed> {
        let names: Vec<_> = self.named.keys().cloned().collect();
        names.iter().map(|name| self.change(name, section, None)).collect()
    }

    /// All names are taken away but those of what stays.
    pub(crate) fn retain(&mut self, stays: impl Fn(&T) -> bool) {
        self.unnamed.now = None;
        self.unnamed.then.clear();
        self.named.retain(|_, meanings| {
            meanings.then.clear();
            meanings.now.as_deref().is_some_and(&stays)
        });
        let kept = self.named.iter().map(|(name, meanings)| kept_bytes(name, meanings.now.as_ref()));
        self.bytes = kept.sum();
    }
}

/// What a name and its meaning keep, in bytes: nothing for the empty one, of which there is no second.
fn kept_bytes<T: Named>(name: &[u8], meaning: Option<&Rc<T>>) -> usize {
    match meaning {
        Some(thing) if !name.is_empty() => name.len() + thing.text_bytes(),
        Some(_) | None => 0,
    }
}

/// What a client is told that has given as many names as there may be.
pub(crate) fn too_many<T: Named>() -> Refusal {
    let kind = T::KIND;
    Refusal {
        rules: vec!["limit".into()],
        sqlstate: "54000",
        message: format!("too many {kind}"),
        detail: format!(
            "Picket keeps at most {NAMES_MAX} of them for a session, and of their texts {} MiB.",
            NAMES_BYTES_MAX >> 20
        ),
        hint: "Close or deallocate those that are not used any more.".to_owned(),
    }
}

impl<T> Meanings<T> {
    /// From the newest back to what is certain.
    fn possible(&self, section: u64) -> Vec<Rc<T>> {
        let mut possible = Vec::new();
        for change in self.then.iter().rev() {
            possible.extend(change.meaning.clone());
            if change.section == section {
                return possible;
            }
        }
        possible.extend(self.now.clone());
        possible
    }
}
