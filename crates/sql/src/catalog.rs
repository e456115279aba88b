//! The names of a database's relations, columns and functions, as they were read at one moment.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use crate::added::Added;
use crate::facts::NewWord;
use crate::given::Given;
use crate::hooks::{ForeignKey, Hooks, Part};
use crate::implicit::Implicit;
use crate::names::Name;
use crate::part::RowSecurity;
pub use crate::routine::Routine;
use crate::rows::{Domain, Rows};
use crate::search_path::Usage;
use crate::system::SystemViews;
use crate::temporary::SCHEMA;
use crate::view::ViewOptions;

/// Relations of one database, and names that these have for a session alone.
#[derive(Clone, Debug, Default)]
pub struct Catalog {
    read: Arc<Read>,
    added: Arc<Added>,
    given: Arc<Given>,
}

/// What was read.
#[derive(Clone, Debug, Default)]
struct Read {
    /// The server's major version.
    major: Option<u16>,
    relations: HashMap<u32, Relation>,
    by_name: HashMap<String, Vec<u32>>,
    schemas: BTreeSet<String>,
    /// What views read, and what partitions and children are a part of.
    underlying: HashMap<u32, Vec<u32>>,
    /// Columns of a relation that a view reads, by the numbers of both, where that can be told.
    seen: HashMap<(u32, u32), HashSet<i16>>,
    /// Columns that are generated: their relations' OIDs and their numbers.
    generated: BTreeSet<(u32, i16)>,
    /// Those of them, and of views, whose definitions make no whole values of what they are made of.
    cut: BTreeSet<(u32, i16)>,
    holds: Vec<Holds>,
    /// `schema.function` by `pg_proc.oid`.
    functions: HashMap<u32, String>,
    /// Those that users made, by `pg_proc.oid`, and their OIDs by name.
    routines: HashMap<u32, Arc<Routine>>,
    routines_by_name: HashMap<String, Vec<u32>>,
    knows_routines: bool,
    hooks: Hooks,
    implicit: Implicit,
    /// Of tables that check what is written, by their OIDs.
    rows: HashMap<u32, Arc<Rows>>,
    /// By their names.
    domains: HashMap<String, Vec<Domain>>,
    /// Of views that have any, by their OIDs.
    views: HashMap<u32, ViewOptions>,
    /// Views through which PostgreSQL's own relations are written.
    system_views: SystemViews,
    /// Of tables with policies of rows that count, by their OIDs.
    row_security: HashMap<u32, RowSecurity>,
    /// Names of indexes and sequences that last.
    others: HashSet<String>,
    /// Names of extensions.
    extensions: HashSet<String>,
    /// Names of schemas, where they are known.
    all_schemas: HashSet<String>,
    /// Sessions may begin with a path that names one of PostgreSQL's own.
    begins_in_own: bool,
    /// Names that are taken for those of something of PostgreSQL's, and that somebody has given to something else.
    own_names: HashSet<String>,
    usage: Usage,
    has_name_twice: bool,
    /// The relation whose columns are the fields of a composite type, by `pg_type.oid`.
    records: HashMap<u32, u32>,
    /// Those of them that are no more than a type (`CREATE TYPE`).
    types_alone: HashSet<u32>,
    /// Columns of tables that have values of such a type as they were written there.
    record_columns: HashSet<(u32, i16)>,
    /// Types of arrays of records with the types of these, by `pg_type.oid`, and columns of tables that have such arrays.
    lists: HashMap<u32, u32>,
    list_columns: HashSet<(u32, i16)>,
}

/// Most relations that a view shows all of which are looked at.
const SHOWN_MAX: usize = 256;

/// A table, view, materialised view, foreign or partitioned table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Relation {
    /// `pg_class.oid`.
    pub oid: u32,
    /// Schema's name.
    pub schema: String,
    /// Relation's name.
    pub name: String,
    /// Its columns that are not dropped.
    pub columns: Vec<Column>,
}

/// A column of a relation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// `pg_attribute.attnum`.
    pub number: i16,
    /// Its name.
    pub name: String,
    /// OID of its type.
    pub type_oid: u32,
}

/// A column that has values of another within: it is generated of it, or of a type that has it as an attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Holds {
    /// OID of its relation.
    pub relation: u32,
    /// Its number.
    pub column: i16,
    /// OID of the other's relation or composite type.
    pub of: u32,
    /// The other's number; `None` for each that there is.
    pub of_column: Option<i16>,
}

impl Catalog {
    /// A catalog of these relations.
    pub fn new(relations: impl IntoIterator<Item = Relation>) -> Self {
        let mut read = Read::default();
        for relation in relations {
            let same = read.by_name.entry(relation.name.clone()).or_default();
            if !relation.is_temporary() {
                let others = same.iter().filter_map(|oid| read.relations.get(oid));
                read.has_name_twice |= others.filter(|other| !other.is_temporary()).count() != 0;
            }
            same.push(relation.oid);
            if !read.schemas.contains(&relation.schema) {
                read.schemas.insert(relation.schema.clone());
            }
            read.relations.insert(relation.oid, relation);
        }
        Catalog { read: Arc::new(read), ..Catalog::default() }
    }

    /// What was read afterwards.
    pub(crate) fn added(&self) -> &Added {
        &self.added
    }

    /// The same where this was read afterwards.
    pub(crate) fn adding(&self, added: Added) -> Self {
        Catalog { added: Arc::new(added), ..self.clone() }
    }

    /// Whether a relation of this OID was read with all others.
    pub(crate) fn has_read(&self, oid: u32) -> bool {
        self.read.relations.contains_key(&oid)
    }

    /// Whether anything that was read with all others is in this schema.
    pub(crate) fn has_schema(&self, schema: &str) -> bool {
        self.read.schemas.contains(schema)
    }

    /// The same to a session that has given these names.
    #[must_use]
    pub fn with_given(&self, given: &Arc<Given>) -> Self {
        Catalog { given: Arc::clone(given), ..self.clone() }
    }

    /// The same of a server of this major version. Where nobody says, it is one that knows every word.
    #[must_use]
    pub fn with_major_version(mut self, major: u16) -> Self {
        Arc::make_mut(&mut self.read).major = Some(major);
        self
    }

    /// Whether its server takes for a name what is a word of PostgreSQL's grammar.
    pub(crate) fn is_older_than(&self, word: NewWord) -> bool {
        self.read.major.is_some_and(|major| major < word.since)
    }

    /// The same with these functions: their OIDs, and their names as `schema.function` is written in a statement.
    #[must_use]
    pub fn with_functions(mut self, functions: impl IntoIterator<Item = (u32, String)>) -> Self {
        Arc::make_mut(&mut self.read).functions = functions.into_iter().collect();
        self
    }

    /// The same with these routines, by their OIDs.
    #[must_use]
    pub fn with_routines(mut self, routines: impl IntoIterator<Item = (u32, Arc<Routine>)>) -> Self {
        let read = Arc::make_mut(&mut self.read);
        read.knows_routines = true;
        for (oid, routine) in routines {
            read.routines_by_name.entry(routine.name.clone()).or_default().push(oid);
            read.routines.insert(oid, routine);
        }
        self
    }

    /// The same with what hangs on its relations.
    #[must_use]
    pub fn with_hooks(mut self, hooks: Hooks) -> Self {
        Arc::make_mut(&mut self.read).hooks = hooks;
        self
    }

    /// What hangs on its relations.
    pub fn hooks(&self) -> &Hooks {
        &self.read.hooks
    }

    /// The same with what runs without being called by name.
    #[must_use]
    pub fn with_implicit(mut self, implicit: Implicit) -> Self {
        Arc::make_mut(&mut self.read).implicit = implicit;
        self
    }

    /// What runs without being called by name.
    pub fn implicit(&self) -> &Implicit {
        &self.read.implicit
    }

    /// The same where this is true of each row of these tables, by their OIDs.
    #[must_use]
    pub fn with_rows(mut self, rows: HashMap<u32, Arc<Rows>>) -> Self {
        Arc::make_mut(&mut self.read).rows = rows;
        self
    }

    /// What is true of each row of the table with this OID.
    pub fn rows(&self, table: u32) -> Option<&Arc<Rows>> {
        self.read.rows.get(&table).or_else(|| self.added.rows(table))
    }

    /// The same with these domains, by their names.
    #[must_use]
    pub fn with_domains(mut self, domains: HashMap<String, Vec<Domain>>) -> Self {
        Arc::make_mut(&mut self.read).domains = domains;
        self
    }

    /// Domains that a name can mean.
    pub(crate) fn domains(&self, Name { schema, name }: &Name) -> impl Iterator<Item = &Domain> {
        let all = self.read.domains.get(name).into_iter().flatten();
        all.filter(move |domain| schema.as_ref().is_none_or(|schema| *schema == domain.schema))
    }

    /// The same where these views keep something from those who use them, by their OIDs.
    #[must_use]
    pub fn with_views(mut self, views: HashMap<u32, ViewOptions>) -> Self {
        Arc::make_mut(&mut self.read).views = views;
        self
    }

    /// The same where PostgreSQL's own relations are written through these views.
    #[must_use]
    pub fn with_system_views(mut self, views: SystemViews) -> Self {
        Arc::make_mut(&mut self.read).system_views = views;
        self
    }

    /// Views through which PostgreSQL's own relations are written.
    pub fn system_views(&self) -> &SystemViews {
        &self.read.system_views
    }

    /// What has this name, and all of which it shows something of each row, through however many views.
    pub(crate) fn shown_whole(&self, name: &Name) -> Vec<Name> {
        let mut found = vec![name.clone()];
        let mut shown: Vec<u32> =
            self.meant(name.schema.as_deref(), &name.name).map(|view| view.oid).collect();
        let mut at = 0;
        while let Some(view) = shown.get(at) {
            let more = self.read.system_views.whole.get(view).into_iter().flatten().copied();
            let more: Vec<u32> = more.filter(|oid| !shown.contains(oid)).collect();
            shown.extend(more.iter().take(SHOWN_MAX.saturating_sub(shown.len())));
            let names = more.iter().filter_map(|oid| self.relation(*oid));
            found.extend(names.map(|of| Name { schema: Some(of.schema.clone()), name: of.name.clone() }));
            at += 1;
        }
        found
    }

    /// PostgreSQL's own relations that a view of this name reads which the catalog does not show yet.
    pub(crate) fn given_system(&self, name: &str) -> impl Iterator<Item = &Name> {
        self.given.system(name)
    }

    /// Whether the session has given this name to something that had another.
    pub(crate) fn is_renamed(&self, name: &str) -> bool {
        self.given.is_renamed(name)
    }

    /// Whether a function that the session has made takes it for a temporary table.
    pub(crate) fn is_taken(&self, name: &str) -> bool {
        self.given.is_taken(name)
    }

    /// Whether what is cast to a type of this name is computed by what the session has made.
    pub(crate) fn is_newly_cast(&self, name: &str) -> bool {
        self.given.is_cast(name)
    }

    /// Every routine.
    pub(crate) fn all_routines(&self) -> impl Iterator<Item = &Routine> {
        self.read.routines.values().map(|routine| &**routine)
    }

    /// The same where policies of rows hold for these tables, by their OIDs.
    #[must_use]
    pub fn with_row_security(mut self, tables: HashMap<u32, RowSecurity>) -> Self {
        Arc::make_mut(&mut self.read).row_security = tables;
        self
    }

    /// Whether policies of rows hold for the table with this OID.
    pub(crate) fn row_security(&self, table: u32) -> RowSecurity {
        self.read.row_security.get(&table).copied().unwrap_or_default()
    }

    /// The same where these relations have the fields of composite types, by the types' OIDs, some of them being no more than a type, and these
    /// columns of tables have values of those.
    #[must_use]
    pub fn with_records(
        mut self,
        records: HashMap<u32, u32>,
        types_alone: HashSet<u32>,
        columns: impl IntoIterator<Item = (u32, i16)>,
    ) -> Self {
        let read = Arc::make_mut(&mut self.read);
        (read.records, read.types_alone) = (records, types_alone);
        read.record_columns = columns.into_iter().collect();
        self
    }

    /// The same where arrays have elements of such types, by the types of both, and these columns of tables have some.
    #[must_use]
    pub fn with_lists(
        mut self,
        lists: HashMap<u32, u32>,
        columns: impl IntoIterator<Item = (u32, i16)>,
    ) -> Self {
        let read = Arc::make_mut(&mut self.read);
        (read.lists, read.list_columns) = (lists, columns.into_iter().collect());
        self
    }

    /// The composite type of which arrays of this type have values.
    pub fn element(&self, type_oid: u32) -> Option<u32> {
        self.read.lists.get(&type_oid).copied()
    }

    /// Whether this is a column of a table whose values are arrays of records as they were written there.
    pub fn is_list(&self, relation: u32, column: i16) -> bool {
        self.read.list_columns.contains(&(relation, column))
    }

    /// The same where these columns of views have values of such a type as they stand in a table.
    #[must_use]
    pub fn with_record_columns(mut self, columns: impl IntoIterator<Item = (u32, i16)>) -> Self {
        Arc::make_mut(&mut self.read).record_columns.extend(columns);
        self
    }

    /// The composite type that this is, where it is no relation with rows.
    pub fn type_alone(&self, type_oid: u32) -> Option<&Relation> {
        self.record(type_oid).filter(|of| self.read.types_alone.contains(&of.oid))
    }

    /// Whether this is no more than a composite type, and has no rows.
    pub fn is_type_alone(&self, relation: u32) -> bool {
        self.read.types_alone.contains(&relation)
    }

    /// The relation whose columns are the fields of values of this type.
    pub fn record(&self, type_oid: u32) -> Option<&Relation> {
        let of = self.read.records.get(&type_oid).copied().or_else(|| self.added.of_row_type(type_oid));
        self.relation(of?)
    }

    /// Whether this is a column of a table whose values are records as they were written there.
    pub fn is_record(&self, relation: u32, column: i16) -> bool {
        self.read.record_columns.contains(&(relation, column))
    }

    /// The same where indexes and sequences that last have these names.
    #[must_use]
    pub fn with_others(mut self, names: impl IntoIterator<Item = String>) -> Self {
        Arc::make_mut(&mut self.read).others = names.into_iter().collect();
        self
    }

    /// The same where these extensions are there.
    #[must_use]
    pub fn with_extensions(mut self, names: impl IntoIterator<Item = String>) -> Self {
        Arc::make_mut(&mut self.read).extensions = names.into_iter().collect();
        self
    }

    /// Whether the extension of this name is there.
    pub(crate) fn has_extension(&self, name: &str) -> bool {
        self.read.extensions.contains(name)
    }

    /// The same where somebody has given these names, which are taken for those of PostgreSQL's functions, operators, types and collations
    /// ([`trusted_names`](crate::trusted_names)), to others.
    #[must_use]
    pub fn with_own_names(mut self, names: impl IntoIterator<Item = String>) -> Self {
        Arc::make_mut(&mut self.read).own_names = names.into_iter().collect();
        self
    }

    /// Those names, with those that the session has given.
    pub fn own_names(&self) -> HashSet<String> {
        self.read.own_names.iter().chain(self.given.coined()).cloned().collect()
    }

    /// The same where these may look into schemas.
    #[must_use]
    pub fn with_usage(mut self, usage: Usage) -> Self {
        Arc::make_mut(&mut self.read).usage = usage;
        self
    }

    /// The same where there are these schemas, and roles or databases have a path that names one of PostgreSQL's own (`begins_in_own`).
    #[must_use]
    pub fn with_schemas(mut self, names: HashSet<String>, begins_in_own: bool) -> Self {
        let read = Arc::make_mut(&mut self.read);
        (read.all_schemas, read.begins_in_own) = (names, begins_in_own);
        self
    }

    /// Whether there may be a schema of this name.
    pub(crate) fn may_have_schema(&self, name: &str) -> bool {
        self.read.all_schemas.is_empty() || self.read.all_schemas.contains(name)
    }

    /// Whether sessions may begin with a path that names a schema of PostgreSQL's own.
    pub fn begins_in_own(&self) -> bool {
        self.read.begins_in_own
    }

    /// Where the session looks, where that names a schema of PostgreSQL's own.
    pub(crate) fn own_path(&self) -> Option<&[String]> {
        self.given.own_path()
    }

    /// Who may look into schemas.
    pub(crate) fn usage(&self) -> &Usage {
        &self.read.usage
    }

    /// Whether a name means relations in several schemas, but for temporary ones.
    pub fn has_name_twice(&self) -> bool {
        self.read.has_name_twice
    }

    /// Whether an index or sequence that lasts has this name, in whichever schema.
    pub fn has_other(&self, name: &str) -> bool {
        self.read.others.contains(name)
    }

    /// What the view with this OID keeps, if anything.
    pub(crate) fn view_options(&self, view: u32) -> Option<ViewOptions> {
        self.read.views.get(&view).copied()
    }

    /// Whether there is any routine.
    pub fn has_routines(&self) -> bool {
        !self.read.routines.is_empty()
    }

    /// Whether a routine is in this schema, or that is not known.
    pub fn may_have_routine_in(&self, schema: &str) -> bool {
        let is_in = |routine: &Arc<Routine>| routine.schema.is_empty() || routine.schema == schema;
        !self.read.knows_routines || self.read.routines.values().any(is_in)
    }

    /// Whether it is known that no routine has this name.
    pub fn lacks_routine(&self, name: &str) -> bool {
        self.read.knows_routines && self.routines(name).next().is_none()
    }

    /// Every routine of this name, in whichever schema, with whichever arguments.
    pub fn routines(&self, name: &str) -> impl Iterator<Item = &Routine> {
        let oids = self.read.routines_by_name.get(name).into_iter().flatten();
        oids.filter_map(|oid| self.read.routines.get(oid)).map(|routine| &**routine)
    }

    /// The routine with this OID.
    pub fn routine(&self, oid: u32) -> Option<&Arc<Routine>> {
        self.read.routines.get(&oid)
    }

    /// The name of the function with this OID, as `schema.function`.
    pub fn function(&self, oid: u32) -> Option<&str> {
        self.read.functions.get(&oid).map(String::as_str)
    }

    /// The relation with this OID.
    pub fn relation(&self, oid: u32) -> Option<&Relation> {
        let read = self.read.relations.get(&oid).or_else(|| self.added.relation(oid));
        read.or_else(|| self.given.relation(oid))
    }

    /// Every relation of this name, in whichever schema.
    pub fn named(&self, name: &str) -> impl Iterator<Item = &Relation> {
        self.named_in(None, name)
    }

    /// Those of them in this schema, where one is given.
    pub fn named_in(&self, schema: Option<&str>, name: &str) -> impl Iterator<Item = &Relation> {
        let shown = self.read.by_name.get(name).into_iter().flatten();
        let shown = shown.filter_map(|oid| self.read.relations.get(oid)).chain(self.added.named(name));
        let shown = shown.filter(move |relation| schema.is_none_or(|schema| schema == relation.schema));
        shown.chain(self.given.named(schema, name).filter_map(|oid| self.relation(oid)))
    }

    /// Whether all names that the session has given are known.
    pub fn knows_names(&self) -> bool {
        !self.given.is_full()
    }

    /// Whether a session has made it, so that what it is called was not read.
    pub fn is_new(&self, relation: &Relation) -> bool {
        self.given.relation(relation.oid).is_some()
    }

    /// What a name can mean to a session. Nobody gets at another's temporary relations, and the own ones are named as such.
    pub fn meant(&self, schema: Option<&str>, name: &str) -> impl Iterator<Item = &Relation> {
        let is_anybodys = move |known: &&Relation| schema.is_some() || !known.is_temporary();
        self.named_in(schema, name).filter(is_anybodys)
    }

    /// The same, and what is named as a temporary relation of the session's own can be anybody's of that name: what hangs on it runs.
    pub fn reached(&self, schema: Option<&str>, name: &str) -> impl Iterator<Item = &Relation> {
        let is_own = schema == Some(SCHEMA);
        let own = self.named_in(None, name).filter(move |known| is_own && known.is_temporary());
        self.meant(schema, name).chain(own)
    }

    /// Relations of this name that were read, and are nobody's temporary ones.
    pub(crate) fn lasting(&self, name: &str) -> impl Iterator<Item = &Relation> {
        self.meant(None, name).filter(|relation| !self.is_new(relation))
    }

    /// Names of the schemas that have relations.
    pub fn schemas(&self) -> impl Iterator<Item = &str> {
        self.read.schemas.iter().map(String::as_str).chain(self.added.schemas())
    }

    /// The same where the first relation of each pair is a view that reads the second, or a part of it.
    #[must_use]
    pub fn with_dependencies(mut self, pairs: impl IntoIterator<Item = (u32, u32)>) -> Self {
        let read = Arc::make_mut(&mut self.read);
        for (relation, on) in pairs {
            read.underlying.entry(relation).or_default().push(on);
        }
        self
    }

    /// The same where a view reads no more of a relation than these columns: the first of each key reads the second.
    #[must_use]
    pub fn with_seen(mut self, seen: HashMap<(u32, u32), HashSet<i16>>) -> Self {
        Arc::make_mut(&mut self.read).seen = seen;
        self
    }

    /// Whether a relation has nothing of a column of another to show, right from there.
    pub(crate) fn hides_column(&self, of: u32, below: u32, column: i16) -> bool {
        let is_given = self.given.below(of).any(|given| given == below);
        !is_given && self.read.seen.get(&(of, below)).is_some_and(|seen| !seen.contains(&column))
    }

    /// The same where these columns are generated: their relations' OIDs and their numbers.
    #[must_use]
    pub fn with_generated(mut self, generated: impl IntoIterator<Item = (u32, i16)>) -> Self {
        Arc::make_mut(&mut self.read).generated = generated.into_iter().collect();
        self
    }

    /// The same where values of these columns of views and generated columns are no whole values of others: their relations' OIDs and their
    /// numbers.
    #[must_use]
    pub fn with_cut(mut self, cut: impl IntoIterator<Item = (u32, i16)>) -> Self {
        Arc::make_mut(&mut self.read).cut.extend(cut);
        self
    }

    /// Those columns.
    pub fn cut(&self) -> impl Iterator<Item = (u32, i16)> {
        self.read.cut.iter().copied()
    }

    /// The same where these columns have others' values within.
    #[must_use]
    pub fn with_holds(mut self, holds: Vec<Holds>) -> Self {
        Arc::make_mut(&mut self.read).holds = holds;
        self
    }

    /// Columns that have others' values within.
    pub fn holds(&self) -> &[Holds] {
        &self.read.holds
    }

    /// Whether this column is known to be generated.
    pub fn is_generated(&self, relation: u32, column: i16) -> bool {
        self.read.generated.contains(&(relation, column))
    }

    /// Columns of a relation that this one of it is generated of.
    pub fn sources<'r>(&self, relation: &'r Relation, column: &Column) -> impl Iterator<Item = &'r Column> {
        let of = relation.columns.iter().filter(|_| self.is_generated(relation.oid, column.number));
        of.filter(|source| self.is_generated_of(relation.oid, column.number, source.number))
    }

    /// Columns of a relation that are generated of this one of it.
    pub fn results<'r>(&self, relation: &'r Relation, column: &Column) -> impl Iterator<Item = &'r Column> {
        let generated = relation.columns.iter().filter(|own| self.is_generated(relation.oid, own.number));
        generated.filter(|own| self.is_generated_of(relation.oid, own.number, column.number))
    }

    fn is_generated_of(&self, relation: u32, generated: i16, source: i16) -> bool {
        let holds = Holds { relation, column: generated, of: relation, of_column: Some(source) };
        self.read.holds.contains(&holds)
    }

    /// A relation, and all that it reads or is a part of, through however many views.
    pub fn with_underlying<'a>(&'a self, relation: &'a Relation) -> Vec<&'a Relation> {
        self.below_all(relation, |_, _| true)
    }

    /// A relation, and all that is below it by steps from one to the next that are such.
    fn below_all<'a>(
        &'a self,
        relation: &'a Relation,
        is_step: impl Fn(&Relation, &Relation) -> bool,
    ) -> Vec<&'a Relation> {
        let mut found = vec![relation];
        let mut known = HashSet::from([relation.oid]);
        let mut at = 0;
        while let Some(relation) = found.get(at).copied() {
            found.extend(
                self.below(relation).filter(|next| is_step(relation, next) && known.insert(next.oid)),
            );
            at += 1;
        }
        found
    }

    /// What a relation reads or is a part of.
    pub(crate) fn below(&self, relation: &Relation) -> impl Iterator<Item = &Relation> {
        let shown = self.read.underlying.get(&relation.oid).into_iter().flatten().copied();
        shown.chain(self.given.below(relation.oid)).filter_map(|oid| self.relation(oid))
    }

    /// Parts of a table, and their parts: those that hold its rows.
    pub fn parts(&self, table: u32) -> Vec<Part> {
        let given = |of| self.given.parts(of).map(move |part| Part { of, part, is_partition: true });
        let of = |table| self.hooks().parts_of(table).chain(given(table));
        let mut found: Vec<Part> = of(table).collect();
        let mut known: HashSet<u32> = found.iter().map(|part| part.part).collect();
        let mut at = 0;
        while let Some(part) = found.get(at).copied() {
            found.extend(of(part.part).filter(|part| known.insert(part.part)));
            at += 1;
        }
        found
    }

    /// Whether this column of a relation says to which of its partitions, or theirs, a row goes.
    pub fn routes(&self, relation: &Relation, column: &Column) -> bool {
        let of_part = |part: Part| {
            let part = self.relation(part.part)?;
            let same = part.columns.iter().find(|own| own.name == column.name)?;
            Some(self.hooks().routes(part.oid, same.number))
        };
        self.hooks().routes(relation.oid, column.number)
            || self.parts(relation.oid).into_iter().any(|part| of_part(part) == Some(true))
    }

    /// Parts that hold rows of a relation, or of what it reads where it is a view: of which relation each is one, and whether as a
    /// partition.
    pub fn parts_within<'c>(&'c self, relation: &'c Relation) -> Vec<(&'c Relation, &'c Relation, bool)> {
        let mut parts = Vec::new();
        for relation in self.shown(relation) {
            let of = self.parts(relation.oid).into_iter();
            parts
                .extend(of.filter_map(|part| Some((relation, self.relation(part.part)?, part.is_partition))));
        }
        parts
    }

    /// A relation, and what it reads where it is a view.
    pub fn shown<'c>(&'c self, relation: &'c Relation) -> Vec<&'c Relation> {
        self.below_all(relation, |relation, below| !self.is_part(relation.oid, below.oid))
    }

    /// Foreign keys that refer to rows which are written by the name of a relation: its own, those of its parts and of what these are partitions
    /// of, and those of what it reads where it is a view.
    pub fn foreign_keys_to<'c>(&'c self, relation: &'c Relation) -> impl Iterator<Item = &'c ForeignKey> {
        let parts = self.parts_within(relation).into_iter().map(|(_, part, _)| part.oid);
        let written = self.shown(relation).into_iter().map(|shown| shown.oid).chain(parts);
        written.flat_map(|table| self.hooks().foreign_keys_to(table)).map(|key| &**key)
    }

    /// Whether the first is a part of the second.
    pub(crate) fn is_part(&self, part: u32, of: u32) -> bool {
        self.hooks().is_part(part, of) || self.given.parts(of).any(|known| known == part)
    }

    /// All relations.
    pub fn relations(&self) -> impl Iterator<Item = &Relation> {
        self.read.relations.values().chain(self.added.relations())
    }
}

impl Relation {
    /// Whether it is some session's own.
    pub(crate) fn is_temporary(&self) -> bool {
        self.schema.starts_with("pg_temp_")
    }

    /// `schema.relation`, or the relation alone where nobody knows in which schema it is.
    pub fn path(&self) -> String {
        if self.schema.is_empty() { self.name.clone() } else { format!("{}.{}", self.schema, self.name) }
    }

    /// The column with this number.
    pub fn column(&self, number: i16) -> Option<&Column> {
        self.columns.iter().find(|column| column.number == number)
    }
}
