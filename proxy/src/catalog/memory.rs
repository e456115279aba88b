//! What must not be forgotten of a database's sensitive columns, over a restart too: a file for each database, that somebody may
//! read and correct while the proxy does not run.

use std::collections::{HashMap, HashSet};
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use audit::spool::SpoolError;
use mask::{Class, Classes, ColumnId};
use serde::{Deserialize, Serialize};
use session::{NamedStain, Stain, Stains};
use sql::Catalog;
use thiserror::Error;

use super::carried::{Carried, CarriedStored, Path as ColumnPath, path};
use super::corrections::{
    CORRECTED_MAX, Corrected, CorrectedStored, CorrectionError, Pinned, Says, find, has,
};
use super::kin::spread;
use crate::config::Columns;

/// Most columns that are kept by the name of a relation which was not seen when it was written.
const NAMED_MAX: usize = 65_536;

/// How long such a name is kept: by then its transaction is over, and it was seen.
const NAMED_FOR: Duration = Duration::from_secs(86_400);

/// How long what a text tells is kept at least, however much there is.
const TOLD_FOR_LEAST: Duration = Duration::from_secs(3_600);

/// What is remembered could not be read or kept.
#[derive(Debug, Error)]
pub(crate) enum MemoryError {
    #[error("read or write `{path}`")]
    File {
        path: PathBuf,
        #[source]
        error: io::Error,
    },
    #[error("read `{path}`: {reason}")]
    Content { path: PathBuf, reason: String },
    #[error("more than {NAMED_MAX} new relations hold values of sensitive columns")]
    Full,
}

/// What is remembered of one database.
#[derive(Debug)]
pub(crate) struct Memory {
    path: PathBuf,
    /// Tells the database from another that was put in its place.
    system: String,
    /// Columns that were sensitive when the catalog was read the last time, and those that were written since; of what stewards have
    /// corrected, what would count without that.
    columns: Classes,
    /// By name, and when it was written the last time, in seconds since 1970.
    named: HashMap<NamedStain, u64>,
    /// By name, what texts tell of tables that were not seen yet: until they are, and not over a restart, which ends their transactions.
    told: HashMap<NamedStain, u64>,
    /// What people say counts before that.
    pinned: Pinned,
    /// Of these nothing is said any more, which no reading has followed yet.
    unpinned: Vec<ColumnId>,
    /// What was written by name.
    stains: Stains,
    /// Columns with classes of their own into which parts of values were written.
    parts: HashSet<ColumnId>,
    /// What the columns are called of which something is remembered.
    paths: HashMap<ColumnId, ColumnPath>,
    /// What was known of another system.
    carried: Carried,
    /// The file does not have all of it.
    is_unstored: bool,
}

/// The file.
#[derive(Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Stored {
    system: String,
    /// Relation's OID, number and class.
    columns: Vec<(u32, i16, String)>,
    /// Relation's OID and number of those that hold parts of values.
    #[serde(default)]
    parts: Vec<(u32, i16)>,
    #[serde(default)]
    written: Vec<Written>,
    #[serde(default)]
    corrected: Vec<CorrectedStored>,
    /// Relation's OID and number, and what they are called.
    #[serde(default)]
    paths: Vec<(u32, i16, ColumnPath)>,
    #[serde(default)]
    carried: Vec<CarriedStored>,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Written {
    relation: String,
    not: Vec<u32>,
    number: Option<i16>,
    names: Vec<String>,
    of: Option<String>,
    is_copy: bool,
    #[serde(default)]
    is_part: bool,
    #[serde(default)]
    is_temporary: bool,
    at_secs: u64,
}

impl Memory {
    /// What `dir` has of this database.
    ///
    /// # Errors
    ///
    /// [`MemoryError`] where there is a file that cannot be read.
    pub(crate) fn open(dir: &Path, database: &str) -> Result<Self, MemoryError> {
        let path = dir.join(format!("{}.toml", file_name(database)));
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
            Err(error) => return Err(MemoryError::File { path, error }),
        };
        let stored: Stored = match text.is_empty() {
            true => Stored::default(),
            false => match toml::from_str(&text) {
                Ok(stored) => stored,
                Err(error) => return Err(MemoryError::Content { path, reason: error.message().to_owned() }),
            },
        };
        let column = |(table_oid, number, class): (u32, i16, String)| {
            (ColumnId { table_oid, number }, Class::named(&class).unwrap_or(Class::Derived))
        };
        let columns = stored.columns.into_iter().map(column).collect();
        let part = |(table_oid, number): (u32, i16)| ColumnId { table_oid, number };
        let parts = stored.parts.into_iter().map(part).collect();
        let named = stored.written.into_iter().map(Written::stain).collect();
        let called =
            |(table_oid, number, path): (u32, i16, ColumnPath)| (ColumnId { table_oid, number }, path);
        let paths = stored.paths.into_iter().map(called).collect();
        let mut pinned = Pinned::default();
        pinned.corrected_mut().extend(stored.corrected.into_iter().map(CorrectedStored::corrected));
        let mut memory = Memory {
            path,
            system: stored.system,
            columns,
            named,
            told: HashMap::new(),
            pinned,
            unpinned: Vec::new(),
            stains: Stains::default(),
            parts,
            paths,
            carried: Carried::open(stored.carried),
            is_unstored: false,
        };
        memory.list();
        Ok(memory)
    }

    /// It is remembered of the database that is told from others by this, and says whether it was of another before: what was known of
    /// that one's columns counts for those of the same names, but that they hold nothing sensitive. Nothing is told by an empty one.
    pub(crate) fn of_system(&mut self, system: &str) -> bool {
        if system.is_empty() || self.system == system {
            return false;
        }
        let is_other = !self.system.is_empty();
        if is_other {
            self.carry();
        }
        system.clone_into(&mut self.system);
        is_other
    }

    fn carry(&mut self) {
        let now = now_secs();
        let corrected = std::mem::take(self.pinned.corrected_mut());
        let harmless = corrected.values().filter(|corrected| corrected.class.is_none()).count();
        let mut classes = std::mem::take(&mut self.columns);
        classes.extend(corrected.iter().filter_map(|(id, corrected)| Some((*id, corrected.class?))));
        let parts = std::mem::take(&mut self.parts);
        let mut lost = 0_usize;
        for id in classes.keys().chain(parts.iter().filter(|id| !classes.contains_key(id))) {
            let path = self.paths.get(id).cloned();
            let class = classes.get(id).copied();
            let is_kept = path.is_some_and(|path| self.carried.keep(path, class, parts.contains(id), now));
            lost += usize::from(!is_kept);
        }
        self.paths.clear();
        (self.unpinned, self.is_unstored) = (Vec::new(), true);
        let (file, columns) = (self.path.display(), self.carried.len());
        tracing::warn!(
            %file,
            columns,
            harmless,
            lost,
            "another database is there now than before: what was known of columns counts for those of the same names, \
             what people said to be harmless does not any more"
        );
    }

    /// Whether it is known to be remembered of this one.
    pub(crate) fn is_of_system(&self, system: &str) -> bool {
        !system.is_empty() && self.system == system
    }

    /// What the configuration says from now on.
    pub(crate) fn is_said(&mut self, columns: &Columns) {
        self.pinned.configure(columns);
    }

    /// What people say of its columns.
    pub(super) fn pinned(&self) -> &Pinned {
        &self.pinned
    }

    /// Somebody says of the column of `catalog` with this path what it holds, which `evidence` is kept of first. It counts from now
    /// on; where nothing is said any more, from the next reading on.
    ///
    /// # Errors
    ///
    /// [`CorrectionError`] where it does not count.
    pub(super) fn correct(
        &mut self,
        catalog: &Catalog,
        path: &str,
        says: Says,
        by: &str,
        evidence: impl FnOnce() -> Result<(), SpoolError>,
    ) -> Result<(), CorrectionError> {
        let id = find(catalog, path).ok_or_else(|| CorrectionError::Unknown(path.to_owned()))?;
        if self.pinned.is_configured(path) {
            return Err(CorrectionError::Configured(path.to_owned()));
        }
        let corrected = self.pinned.corrected();
        if says == Says::Auto && !corrected.contains_key(&id) {
            return Err(CorrectionError::Unsaid(path.to_owned()));
        }
        if CORRECTED_MAX <= corrected.len() && !corrected.contains_key(&id) {
            return Err(CorrectionError::Full);
        }
        evidence()?;
        let before = self.pinned.clone();
        let corrected = self.pinned.corrected_mut();
        corrected.retain(|id, _| has(catalog, *id));
        match says {
            Says::Class(class) => _ = corrected.insert(id, Corrected { class, by: by.to_owned() }),
            Says::Auto => _ = corrected.remove(&id),
        }
        if let Err(error) = self.store() {
            self.pinned = before;
            return Err(error.into());
        }
        self.unpinned.retain(|unpinned| *unpinned != id);
        self.unpinned.extend((says == Says::Auto).then_some(id));
        Ok(())
    }

    /// Of these columns nothing is said any more: what was known of them before does not count.
    pub(super) fn unpinned(&self) -> Vec<ColumnId> {
        self.unpinned.clone()
    }

    /// What was written into relations that `catalog` may not show, and which columns need not be noted.
    pub(crate) fn stains(&self, catalog: &Catalog) -> Stains {
        let mut stains = self.stains.clone();
        let told = self.told.keys().filter(|stain| !stain.is_shown(catalog));
        told.for_each(|stain| _ = stains.add(stain.clone()));
        stains.settle(self.pinned.configured(catalog));
        let cut = catalog.cut().map(|(table_oid, number)| ColumnId { table_oid, number });
        let parts = self.parts.iter().copied().chain(self.carried.parts(catalog));
        let parts = parts.chain(stains.parts(catalog)).chain(cut);
        let held = with_holding(parts, catalog);
        stains.note_parts(held.into_iter());
        stains
    }

    /// Whether a column that is not sensitive by its name was when the catalog was read before, or was written.
    pub(crate) fn class(&self, column: &ColumnId) -> Option<Class> {
        self.columns.get(column).copied()
    }

    /// Adds to `classes` what was written into columns that `catalog` shows, and what has its values from there.
    pub(crate) fn add_to(&self, catalog: &Catalog, classes: &mut Classes) {
        let own = self.columns.iter().filter(|(id, _)| has(catalog, **id)).map(|(id, class)| (*id, *class));
        for (id, class) in own.chain(self.carried.classes(catalog)) {
            let known = classes.entry(id).or_insert(class);
            // Keys no longer tell what is in it.
            if *known == Class::Document {
                *known = class;
            }
        }
        self.stains.resolve(catalog, classes);
        spread(catalog, classes);
        self.pinned.apply(catalog, classes);
    }

    /// Remembers what is written now, also of what has its values from there in `catalog`, and says whether that was new.
    ///
    /// # Errors
    ///
    /// [`MemoryError`] where it cannot be kept.
    pub(crate) fn note(&mut self, stains: &[Stain], catalog: &Catalog) -> Result<bool, MemoryError> {
        let now = now_secs();
        // Sessions tell of a column that stewards say is harmless at each write.
        let is_known = |stain: &Stain| match stain {
            Stain::Column(id, class) => self.columns.get(id) == Some(class),
            Stain::Part(id) => self.parts.contains(id),
            Stain::Named(_) => false,
        };
        if stains.iter().all(is_known) {
            return Ok(false);
        }
        let (mut is_full, mut is_wider, mut is_kept) = (false, false, false);
        for stain in stains {
            if let Stain::Column(id, _) | Stain::Part(id) = stain
                && let Some(path) = path(catalog, *id)
            {
                self.paths.insert(*id, path);
            }
            is_kept |= !matches!(stain, Stain::Named(named) if named.told.is_some());
            match stain {
                Stain::Column(id, class) => is_wider |= self.columns.insert(*id, *class) != Some(*class),
                Stain::Part(id) => is_wider |= self.parts.insert(*id),
                Stain::Named(named) if named.told.is_some() => {
                    if NAMED_MAX <= self.told.len() {
                        self.told.retain(|_, at_secs| now < *at_secs + TOLD_FOR_LEAST.as_secs());
                    }
                    is_full |= NAMED_MAX <= self.told.len() && !self.told.contains_key(named);
                    if !is_full {
                        self.told.insert(named.clone(), now);
                    }
                }
                // Who comes when there is no room leaves none to others that need none.
                Stain::Named(named) if NAMED_MAX <= self.named.len() && !self.named.contains_key(named) => {
                    is_full = true;
                }
                Stain::Named(named) => _ = self.named.insert(named.clone(), now),
            }
        }
        // A part of a table can leave it with what it has.
        if is_wider {
            spread(catalog, &mut self.columns);
            self.parts = with_holding(self.parts.iter().copied(), catalog);
        }
        if is_kept {
            self.list();
            self.store()?;
        }
        if is_full { Err(MemoryError::Full) } else { Ok(true) }
    }

    /// The catalog was read, after what was said of `unpinned` was taken back, and shows these.
    ///
    /// # Errors
    ///
    /// [`MemoryError`] where it cannot be kept.
    pub(crate) fn read(
        &mut self,
        catalog: &Catalog,
        classes: &Classes,
        unpinned: &[ColumnId],
    ) -> Result<(), MemoryError> {
        self.unpinned.retain(|id| !unpinned.contains(id));
        let mut written = Classes::new();
        self.stains.resolve(catalog, &mut written);
        let mut columns = classes.clone();
        for id in self.pinned.corrected().keys() {
            match self.columns.get(id).or_else(|| written.get(id)) {
                Some(class) => _ = columns.insert(*id, *class),
                None => _ = columns.remove(id),
            }
        }
        let before = (self.named.len(), self.parts.len(), self.carried.len());
        self.parts.extend(self.stains.parts(catalog));
        self.parts.extend(self.carried.parts(catalog));
        self.carried.settle(catalog, now_secs());
        self.parts = with_holding(self.parts.iter().copied(), catalog);
        self.parts.retain(|id| has(catalog, *id));
        let since = now_secs().saturating_sub(NAMED_FOR.as_secs());
        self.named.retain(|_, at_secs| since <= *at_secs);
        self.told.retain(|stain, at_secs| since <= *at_secs && !stain.is_shown(catalog));
        let ids = columns.keys().chain(&self.parts).chain(self.pinned.corrected().keys());
        let paths = ids.filter_map(|id| Some((*id, path(catalog, *id)?))).collect();
        let is_stored = !self.is_unstored
            && (self.named.len(), self.parts.len(), self.carried.len()) == before
            && (&self.columns, &self.paths) == (&columns, &paths);
        if is_stored {
            return Ok(());
        }
        (self.columns, self.paths) = (columns, paths);
        self.list();
        self.store()?;
        self.is_unstored = false;
        Ok(())
    }

    fn list(&mut self) {
        self.stains = Stains::default();
        for stain in self.named.keys() {
            self.stains.add(stain.clone());
        }
    }

    fn store(&self) -> Result<(), MemoryError> {
        let mut columns: Vec<_> = self
            .columns
            .iter()
            .map(|(id, class)| (id.table_oid, id.number, class.name().to_owned()))
            .collect();
        columns.sort_unstable();
        let mut parts: Vec<_> = self.parts.iter().map(|id| (id.table_oid, id.number)).collect();
        parts.sort_unstable();
        let mut written: Vec<_> =
            self.named.iter().map(|(stain, at_secs)| Written::of(stain, *at_secs)).collect();
        written.sort_by(|one, other| (one.at_secs, &one.relation).cmp(&(other.at_secs, &other.relation)));
        let mut corrected: Vec<_> = self.pinned.corrected().iter().map(CorrectedStored::of).collect();
        corrected.sort_unstable_by_key(CorrectedStored::place);
        let path = |(id, path): (&ColumnId, &ColumnPath)| (id.table_oid, id.number, path.clone());
        let mut paths: Vec<_> = self.paths.iter().map(path).collect();
        paths.sort_unstable();
        let (system, carried) = (self.system.clone(), self.carried.stored());
        let stored = Stored { system, columns, parts, written, corrected, paths, carried };
        let text = toml::to_string(&stored)
            .map_err(|error| MemoryError::Content { path: self.path.clone(), reason: error.to_string() })?;
        self.replace(text.as_bytes()).map_err(|error| MemoryError::File { path: self.path.clone(), error })
    }

    /// The file is the old one or the new one, whenever the machine stops.
    fn replace(&self, content: &[u8]) -> io::Result<()> {
        let Some(dir) = self.path.parent() else { return Ok(()) };
        DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
        let new = self.path.with_extension("new");
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&new)?;
        file.write_all(content)?;
        file.sync_data()?;
        fs::rename(&new, &self.path)?;
        File::open(dir)?.sync_all()
    }
}

impl Written {
    fn of(stain: &NamedStain, at_secs: u64) -> Self {
        Written {
            relation: stain.relation.clone(),
            not: stain.not.clone(),
            number: stain.number,
            names: stain.names.clone(),
            of: stain.of.map(|class| class.name().to_owned()),
            is_copy: stain.is_copy,
            is_part: stain.is_part,
            is_temporary: stain.is_temporary,
            at_secs,
        }
    }

    fn stain(self) -> (NamedStain, u64) {
        let Written { relation, not, number, names, of, is_copy, is_part, is_temporary, at_secs } = self;
        let of = of.as_deref().and_then(Class::named);
        let told = None;
        (NamedStain { relation, not, number, names, of, is_copy, is_part, is_temporary, told }, at_secs)
    }
}

fn now_secs() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

/// A database's name without what a file name cannot have, or what ends differently on each machine.
fn file_name(database: &str) -> String {
    let mut name = String::new();
    for byte in database.bytes() {
        match byte {
            b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-' => name.push(char::from(byte)),
            other => name.push_str(&format!("%{other:02x}")),
        }
    }
    name
}

/// These columns, and those that have their values from them.
fn with_holding(columns: impl Iterator<Item = ColumnId>, catalog: &Catalog) -> HashSet<ColumnId> {
    let mut held: Classes = columns.map(|id| (id, Class::Derived)).collect();
    spread(catalog, &mut held);
    held.into_keys().collect()
}

#[cfg(test)]
mod tests {
    use session::ToldOf;
    use sql::catalog::{Column, Relation};

    use super::*;

    fn stain(relation: &str) -> NamedStain {
        NamedStain {
            relation: relation.to_owned(),
            not: vec![16_400],
            number: Some(2),
            names: vec!["e".to_owned()],
            of: Some(Class::Email),
            is_copy: true,
            is_part: false,
            is_temporary: false,
            told: None,
        }
    }

    #[test]
    fn what_was_noted_is_there_after_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let id = ColumnId { table_oid: 16_390, number: 3 };
        let mut memory = Memory::open(folder.path(), "Shop/1").unwrap();
        memory.of_system("a");
        memory
            .note(&[Stain::Column(id, Class::Phone), Stain::Named(stain("copies"))], &Catalog::default())
            .unwrap();
        let memory = Memory::open(folder.path(), "Shop/1").unwrap();
        assert_eq!(memory.class(&id), Some(Class::Phone));
        assert_eq!(memory.stains.of("copies"), [stain("copies")]);
        assert!(Memory::open(folder.path(), "shop/1").unwrap().stains.is_empty());
    }

    #[test]
    fn what_a_text_tells_counts_until_a_catalog_shows_it() {
        let folder = tempfile::tempdir().unwrap();
        let mut memory = Memory::open(folder.path(), "shop").unwrap();
        let told = ToldOf { columns: ["e".to_owned()].into(), are_all: true };
        let told = NamedStain { number: None, told: Some(told), ..stain("copies") };
        let nothing = Catalog::default();
        assert!(memory.note(&[Stain::Named(told.clone())], &nothing).unwrap());
        assert_eq!(memory.stains(&nothing).of("copies"), std::slice::from_ref(&told));
        assert!(Memory::open(folder.path(), "shop").unwrap().stains(&nothing).is_empty());
        let with = |oid| {
            let columns = vec![Column { number: 1, name: "e".to_owned(), type_oid: 25 }];
            let (schema, name) = ("public".to_owned(), "copies".to_owned());
            Catalog::new([Relation { oid, schema, name, columns }])
        };
        let mut classes = Classes::new();
        memory.add_to(&with(16_401), &mut classes);
        assert!(classes.is_empty() && memory.stains(&with(16_401)).is_empty());
        assert_eq!(memory.stains(&with(16_400)).of("copies"), [told], "another was there before");
        memory.read(&with(16_401), &classes, &[]).unwrap();
        assert!(memory.stains(&nothing).is_empty());
    }

    #[test]
    fn who_fills_it_with_names_keeps_nobody_from_noting_columns() {
        let folder = tempfile::tempdir().unwrap();
        let mut memory = Memory::open(folder.path(), "shop").unwrap();
        let nothing = Catalog::default();
        let names = (0..NAMED_MAX + 1).map(|number| Stain::Named(stain(&format!("x{number}"))));
        assert!(matches!(memory.note(&names.collect::<Vec<_>>(), &nothing), Err(MemoryError::Full)));
        let id = ColumnId { table_oid: 16_390, number: 3 };
        assert!(
            memory.note(&[Stain::Column(id, Class::Phone), Stain::Named(stain("x1"))], &nothing).unwrap()
        );
        assert!(matches!(memory.note(&[Stain::Named(stain("more"))], &nothing), Err(MemoryError::Full)));
    }

    #[test]
    fn another_database_in_its_place_has_other_columns() {
        let folder = tempfile::tempdir().unwrap();
        let id = ColumnId { table_oid: 16_390, number: 3 };
        let mut memory = Memory::open(folder.path(), "shop").unwrap();
        memory.of_system("a");
        memory
            .note(&[Stain::Column(id, Class::Phone), Stain::Named(stain("copies"))], &Catalog::default())
            .unwrap();
        memory.of_system("");
        assert_eq!(memory.class(&id), Some(Class::Phone));
        memory.of_system("b");
        assert_eq!((memory.class(&id), memory.stains.len()), (None, 1));
    }

    #[test]
    fn a_restored_database_has_what_was_known_by_its_names() {
        let folder = tempfile::tempdir().unwrap();
        let catalog = |oid, names: &[&str]| {
            let column =
                |(number, name): (i16, &&str)| Column { number, name: (*name).to_owned(), type_oid: 25 };
            let columns = (1..).zip(names).map(column).collect();
            let (schema, name) = ("public".to_owned(), "notes".to_owned());
            Catalog::new([Relation { oid, schema, name, columns }])
        };
        let (old, new) = (catalog(16_390, &["a", "b", "c"]), catalog(17_000, &["c", "b", "a"]));
        let id = |table_oid, number| ColumnId { table_oid, number };
        let mut memory = Memory::open(folder.path(), "shop").unwrap();
        assert!(!memory.of_system("one"));
        memory.note(&[Stain::Column(id(16_390, 1), Class::Phone), Stain::Part(id(16_390, 2))], &old).unwrap();
        memory.correct(&old, "public.notes.c", Says::Class(None), "bob", || Ok(())).unwrap();
        memory.read(&old, &Classes::from([(id(16_390, 1), Class::Phone)]), &[]).unwrap();
        let mut memory = Memory::open(folder.path(), "shop").unwrap();
        assert!(memory.of_system("two"));
        let known = |memory: &Memory, catalog: &Catalog| {
            let mut classes = Classes::new();
            memory.add_to(catalog, &mut classes);
            classes
        };
        assert!(known(&memory, &Catalog::default()).is_empty(), "it is not restored yet");
        memory.read(&Catalog::default(), &Classes::new(), &[]).unwrap();
        let mut memory = Memory::open(folder.path(), "shop").unwrap();
        let classes = known(&memory, &new);
        assert_eq!(classes, Classes::from([(id(17_000, 3), Class::Phone)]));
        memory.read(&new, &classes, &[]).unwrap();
        let memory = Memory::open(folder.path(), "shop").unwrap();
        assert_eq!((known(&memory, &new), memory.carried.len()), (classes, 0));
        assert!(memory.parts.contains(&id(17_000, 2)) && memory.pinned.corrected().is_empty());
    }

    #[test]
    fn what_stewards_say_is_kept_beside_what_is_known_without_them() {
        let folder = tempfile::tempdir().unwrap();
        let column = |number, name: &str| Column { number, name: name.to_owned(), type_oid: 25 };
        let columns = vec![column(1, "mail"), column(2, "a.b")];
        let (schema, name) = ("public".to_owned(), "users".to_owned());
        let other =
            Relation { oid: 16_391, name: "users.a".to_owned(), columns: vec![column(1, "b")], schema };
        let users = Relation { oid: 16_390, schema: other.schema.clone(), name, columns };
        let catalog = Catalog::new([users, other]);
        let id = ColumnId { table_oid: 16_390, number: 1 };
        let known = Classes::from([(id, Class::Email)]);
        let with = |memory: &Memory| {
            let mut classes = known.clone();
            memory.add_to(&catalog, &mut classes);
            classes
        };
        let mut memory = Memory::open(folder.path(), "shop").unwrap();
        memory.of_system("a");
        memory.read(&catalog, &known, &[]).unwrap();
        let says =
            |memory: &mut Memory, path: &str, says| memory.correct(&catalog, path, says, "bob", || Ok(()));
        // Two columns are called so.
        let error = says(&mut memory, "public.users.a.b", Says::Class(None)).unwrap_err();
        assert!(matches!(error, CorrectionError::Unknown(_)), "{error}");
        let unrecorded = |memory: &mut Memory| {
            let full = || Err(SpoolError::Full { dir: PathBuf::new(), bytes: 1, bytes_max: 1 });
            memory.correct(&catalog, "public.users.mail", Says::Class(None), "bob", full)
        };
        assert!(matches!(unrecorded(&mut memory), Err(CorrectionError::Spool(_))));
        assert_eq!(with(&memory), known, "what is not recorded does not count");
        says(&mut memory, "public.users.mail", Says::Class(None)).unwrap();
        assert!(with(&memory).is_empty());
        assert!(memory.note(&[Stain::Column(id, Class::Phone)], &catalog).unwrap());
        assert!(!memory.note(&[Stain::Column(id, Class::Phone)], &catalog).unwrap(), "each write is told");
        memory.read(&catalog, &Classes::new(), &[]).unwrap();

        let mut memory = Memory::open(folder.path(), "shop").unwrap();
        assert!(with(&memory).is_empty(), "it is said over a restart");
        says(&mut memory, "public.users.mail", Says::Auto).unwrap();
        let unpinned = memory.unpinned();
        assert_eq!((unpinned.as_slice(), memory.class(&id)), (&[id][..], Some(Class::Phone)));
        memory.read(&catalog, &Classes::from([(id, Class::Phone)]), &unpinned).unwrap();
        assert!(memory.unpinned().is_empty());
    }

    #[test]
    fn a_file_that_cannot_be_read_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("shop.toml"), "system = 1").unwrap();
        assert!(matches!(Memory::open(folder.path(), "shop"), Err(MemoryError::Content { .. })));
    }
}
