//! Which computed columns of a result can show values of sensitive columns.

use std::cell::OnceCell;
use std::collections::HashSet;
use std::rc::Rc;

use mask::{Class, Classes, ColumnId, Unsearched};
use sql::catalog::{Column, Relation};
use sql::facts::{Access, ColumnUse, Effect, RelationUse, Via};
use sql::{
    Catalog, Facts, Key, Lineage, Sensitive, Shows, Statement, copied_columns, lineage, record_fields,
};

use crate::bodies::Bodies;
use crate::moving::MovedNames;
use crate::ruled::Returned;
use crate::stains::Stains;
use crate::state::Environment;
use crate::statistics::{
    BOUNDS, BOUNDS_FUNCTION, BOUNDS_PLAIN_COLUMNS, BOUNDS_RELATION, STATISTICS, STATISTICS_COLUMNS,
    STATISTICS_FUNCTIONS, STATISTICS_PLAIN_COLUMNS,
};
use crate::unread;

/// What the computed columns of a result can show.
#[derive(Clone, Debug, Default)]
pub(crate) enum Shown {
    /// Nothing that is sensitive.
    #[default]
    Nothing,
    /// What the text of the statement tells, once somebody asks.
    Traced(Rc<Traced>),
    /// Anything.
    Anything,
    /// Anything, and what rules give back for columns of relations, which the server says are these.
    ByRules(Rc<[Returned]>),
}

/// A statement that has sensitive relations in reach.
#[derive(Debug)]
pub(crate) struct Traced {
    text: Box<str>,
    sensitive: Sensitive,
    lineage: OnceCell<Lineage>,
    fields: OnceCell<Vec<Option<Vec<Shows>>>>,
}

/// What is known of a database.
#[derive(Clone, Copy)]
pub(crate) struct Known<'a> {
    pub(crate) catalog: &'a Catalog,
    pub(crate) classes: &'a Classes,
    pub(crate) stains: &'a Stains,
    /// Columns of which nothing more than their names is known.
    pub(crate) unsearched: Option<&'a Unsearched>,
    /// Names of temporary tables of the session's own.
    pub(crate) temporary: &'a [String],
    /// To compare whole values is a question, too.
    pub(crate) of_wholes: bool,
}

/// What of a statement reaches something sensitive.
#[derive(Debug)]
pub(crate) struct Reach {
    /// Functions that it calls and that read something, or of which nobody knows what they read.
    pub(crate) functions: HashSet<String>,
    /// Types that it names whose columns such a function fills where they get no value.
    types: HashSet<String>,
    /// It names a relation that has sensitive columns, or rests on one.
    relations: bool,
    /// It names one of which any column can hold something, or runs such a function by an operator or a type.
    anything: bool,
    /// The same where no name of a column tells: the function gives it, or the catalog does not show the relation.
    unnamed: bool,
}

/// What columns of a view, which has so many, show: by its definition, as PostgreSQL shows it. Call it on a thread with
/// `sql::READ_STACK_BYTES` of stack.
pub fn shown_by_view<'a>(
    definition: &str,
    names: impl ExactSizeIterator<Item = &'a str>,
    catalog: &Catalog,
    (classes, unsearched): (&Classes, &Unsearched),
) -> Vec<Shows> {
    let len = names.len();
    let text = definition.trim_end().trim_end_matches(';');
    let shown = match sql::read(text.as_bytes()).map(|facts| facts.statements) {
        Ok(statements) => match statements.as_slice() {
            [statement] => Shown::of(
                text,
                statement,
                &Known {
                    catalog,
                    classes,
                    stains: &Stains::default(),
                    unsearched: Some(unsearched),
                    temporary: &[],
                    of_wholes: false,
                },
            ),
            _ => Shown::Anything,
        },
        Err(_) => Shown::Anything,
    };
    names.enumerate().map(|(index, name)| shown.shows(index, len, || name)).collect()
}

/// Which columns of a view have records of the columns of tables as they are, by its definition. `is_record` says of what is known so far that
/// it is one. Call it on a thread with `sql::READ_STACK_BYTES` of stack.
pub fn records_of_view(
    definition: &str,
    view: &Relation,
    (catalog, classes): (&Catalog, &Classes),
    is_record: impl Fn(u32, i16) -> bool,
) -> Vec<i16> {
    let text = definition.trim_end().trim_end_matches(';');
    let Ok(facts) = sql::read(text.as_bytes()) else { return Vec::new() };
    let [statement] = facts.statements.as_slice() else { return Vec::new() };
    let stains = Stains::default();
    let known =
        Known { catalog, classes, stains: &stains, unsearched: None, temporary: &[], of_wholes: false };
    let reach = Reach::of(statement, &known);
    if reach.is_by_code() {
        return Vec::new();
    }
    let copied = copied_columns(text, &reach.sensitive(statement, &known));
    if copied.len() != view.columns.len() {
        return Vec::new();
    }
    let read = || statement.relations.iter().flat_map(|used| catalog.named(&used.name));
    let is_one = |(column, of): &(&Column, Option<Vec<String>>)| {
        of.as_ref().is_some_and(|of| {
            !of.is_empty() && of.iter().all(|name| are_records(name, column.type_oid, read(), &is_record))
        })
    };
    view.columns.iter().zip(copied).filter(is_one).map(|(column, _)| column.number).collect()
}

/// Whether whatever is called so in these relations, and is of this type, is such a column.
pub(crate) fn are_records<'a>(
    name: &str,
    type_oid: u32,
    relations: impl Iterator<Item = &'a Relation>,
    is_record: impl Fn(u32, i16) -> bool,
) -> bool {
    let named = relations.flat_map(|of| of.columns.iter().map(move |own| (of, own)));
    let mut same = named.filter(|(_, own)| own.name == name && own.type_oid == type_oid).peekable();
    same.peek().is_some() && same.all(|(of, own)| is_record(of.oid, own.number))
}

impl Shown {
    /// What the result of `statement` shows, whose text is `text`, without what the routines do that it calls.
    pub(crate) fn of(text: &str, statement: &Statement, known: &Known<'_>) -> Self {
        if known.is_empty() {
            return Shown::Nothing;
        }
        let reach = Reach::of(statement, known);
        if reach.anything
            || statement.unread_by(known.catalog).is_some()
            || statement.effects.contains(&Effect::Explain) && folds(statement, &reach, known)
        {
            return Shown::Anything;
        }
        if !reach.is_any() {
            return Shown::Nothing;
        }
        let sensitive = reach.sensitive(statement, known);
        // A plan names the partitions in which something was looked for, and tells how many rows there were.
        if statement.effects.contains(&Effect::Explain) && sensitive.columns.contains("tableoid") {
            return Shown::Anything;
        }
        Shown::traced(text, sensitive)
    }

    /// What this text shows, in which this is sensitive.
    pub(crate) fn traced(text: &str, sensitive: Sensitive) -> Self {
        Shown::Traced(Rc::new(Traced {
            text: text.into(),
            sensitive,
            lineage: OnceCell::new(),
            fields: OnceCell::new(),
        }))
    }

    /// What stands behind sensitive keys in the result of `text`, which reads documents that nobody has looked at.
    pub(crate) fn by_keys(text: &str) -> Self {
        Shown::traced(text, Sensitive { trusts_keys: true, ..Sensitive::default() })
    }

    /// What the result of `statement` shows where these names may mean something sensitive: any column may be one.
    pub(crate) fn moved(text: &str, statement: &Statement, moved: &MovedNames) -> Self {
        // A rule that is new can answer a write with a result of its own, a plan shows what such functions gave, and what operators and
        // casts give has no name.
        let is_unnamed = moved.has_any(statement.operators.iter().chain(&statement.types));
        if !statement.writes.is_empty() || statement.effects.contains(&Effect::Explain) || is_unnamed {
            return Shown::Anything;
        }
        Shown::traced(text, moved_in(statement, moved))
    }

    /// Whether its text tells.
    pub(crate) fn is_traced(&self) -> bool {
        matches!(self, Shown::Traced(_))
    }

    /// The same where columns that nobody knows yet may be anything.
    pub(crate) fn with_columns(&self, statement: &Statement) -> Self {
        let Shown::Traced(traced) = self else { return Shown::Anything };
        let mut sensitive = traced.sensitive.clone();
        let named = statement.columns.iter().filter_map(|column| column.name.clone());
        let new: Vec<String> = named.filter(|name| !sensitive.known.contains(name)).collect();
        sensitive.columns.extend(new);
        Shown::traced(&traced.text, sensitive)
    }

    /// What is shown where parameters are bound to these keys of documents.
    pub(crate) fn with_keys(&self, keys: &[(u16, Key)]) -> Self {
        match self {
            Shown::Traced(traced) => {
                Shown::traced(&sql::with_keys(&traced.text, keys), traced.sensitive.clone())
            }
            shown => shown.clone(),
        }
    }

    /// What either shows.
    pub(crate) fn or(self, other: &Shown) -> Self {
        match (self, other) {
            (Shown::Nothing, other) => other.clone(),
            (own, Shown::Nothing) => own,
            (Shown::ByRules(own), Shown::ByRules(other)) => {
                Shown::ByRules(own.iter().chain(other.iter()).cloned().collect())
            }
            (Shown::ByRules(rules), _) => Shown::ByRules(rules),
            (_, Shown::ByRules(rules)) => Shown::ByRules(Rc::clone(rules)),
            (Shown::Traced(own), Shown::Traced(other)) if own.text == other.text => {
                match Rc::ptr_eq(&own, other) || own.sensitive == other.sensitive {
                    true => Shown::Traced(own),
                    false => Shown::traced(&own.text, own.sensitive.clone().or(&other.sensitive)),
                }
            }
            _ => Shown::Anything,
        }
    }

    /// Whether nothing tells them apart.
    pub(crate) fn is_same(&self, other: &Shown) -> bool {
        match (self, other) {
            (Shown::Nothing, Shown::Nothing) | (Shown::Anything, Shown::Anything) => true,
            (Shown::Traced(own), Shown::Traced(other)) => Rc::ptr_eq(own, other),
            (Shown::ByRules(own), Shown::ByRules(other)) => Rc::ptr_eq(own, other),
            _ => false,
        }
    }

    /// Whether anything sensitive can be seen at all: in messages too.
    pub(crate) fn is_anything(&self) -> bool {
        !matches!(self, Shown::Nothing)
    }

    /// Whether the computed column at `index` of `len`, called so, can show something sensitive, other than by keys of documents.
    pub(crate) fn is_sensitive<'n>(&self, index: usize, len: usize, name: impl FnOnce() -> &'n str) -> bool {
        self.shows(index, len, name) == Shows::Values
    }

    /// What the fields of the column at `index` of `len` show, where that is a record which the statement puts together.
    pub(crate) fn fields(&self, index: usize, len: usize) -> Option<&[Shows]> {
        let Shown::Traced(traced) = self else { return None };
        let trace = || record_fields(&traced.text, &traced.sensitive, mask::is_sensitive_key);
        let fields = traced.fields.get_or_init(trace);
        fields.get(index).filter(|_| fields.len() == len)?.as_deref()
    }

    /// Whether something sensitive can stand in a column that the server says is this one.
    pub(crate) fn is_put_for(&self, relation: &Relation, column: i16) -> bool {
        let Shown::ByRules(rules) = self else { return false };
        rules.iter().any(|returned| returned.shows(relation, column))
    }

    fn shows<'n>(&self, index: usize, len: usize, name: impl FnOnce() -> &'n str) -> Shows {
        match self {
            Shown::Nothing => Shows::Nothing,
            Shown::Anything | Shown::ByRules(_) => Shows::Values,
            Shown::Traced(traced) => {
                let trace = || lineage(&traced.text, &traced.sensitive, mask::is_sensitive_key);
                traced.lineage.get_or_init(trace).shows(index, len, name())
            }
        }
    }
}

impl<'a> Known<'a> {
    /// What is known to a session without tables of its own.
    pub(crate) fn of(catalog: &'a Catalog, env: &'a Environment<'_>) -> Self {
        let Environment { classes, stains, unsearched, .. } = *env;
        Known { catalog, classes, stains, unsearched, temporary: &[], of_wholes: false }
    }

    /// Nothing is sensitive, nor can be.
    pub(crate) fn is_empty(&self) -> bool {
        self.classes.is_empty() && self.stains.is_empty() && self.unsearched.is_none()
    }

    /// Whether rows of some table go to partitions by something sensitive: the bounds of these are values.
    fn has_bounds(&self) -> bool {
        self.catalog.hooks().partitioned().any(|(table, keys)| {
            let relation = self.catalog.relation(table);
            relation.is_some_and(|relation| {
                classed(relation, self.classes)
                    .any(|(column, _)| keys.contains(&column.number) || keys.contains(&0))
            })
        })
    }

    /// Whether this is a function of PostgreSQL's own that shows values.
    fn is_telling(&self, function: &str) -> bool {
        STATISTICS_FUNCTIONS.contains(&function) || function == BOUNDS_FUNCTION && self.has_bounds()
    }

    /// Whether a statement that names this relation shows the bounds of partitions that are made of values.
    fn shows_bounds(&self, name: &str, statement: &Statement) -> bool {
        let is_bound = |used: &ColumnUse| used.name.as_deref().is_none_or(|name| name == BOUNDS);
        let is_row = |used: &ColumnUse| {
            let row = used.name.as_deref();
            let is_alias = |used: &RelationUse| used.name == BOUNDS_RELATION && used.alias.as_deref() == row;
            used.qualifier.is_empty()
                && (row == Some(BOUNDS_RELATION) || statement.relations.iter().any(is_alias))
        };
        name == BOUNDS_RELATION
            && (statement.mentions.iter().any(|name| name == BOUNDS)
                || statement.columns.iter().any(|used| is_bound(used) || is_row(used)))
            && self.has_bounds()
    }
}

impl Reach {
    pub(crate) fn of(statement: &Statement, known: &Known<'_>) -> Self {
        Reach::but_for(statement, |_| false, known)
    }

    /// The same of what hangs on a relation, without that one and those that it only puts rows into.
    pub(crate) fn beside(statement: &Statement, relation: &str, known: &Known<'_>) -> Self {
        let reads = |name: &str| {
            let read = |used: &RelationUse| used.name == name && used.access == Access::Read;
            statement.reads_what_it_writes() || statement.relations.iter().any(read)
        };
        let is_only_written =
            |name: &str| statement.writes.iter().any(|write| write.name == name) && !reads(name);
        Reach::but_for(statement, |name| name == relation || is_only_written(name), known)
    }

    fn but_for(statement: &Statement, is_left_out: impl Fn(&str) -> bool, known: &Known<'_>) -> Self {
        let named = |name: &str| known.stains.of(name);
        let has_any =
            |name: &str| named(name).iter().any(|stain| stain.names.is_empty() && stain.number.is_none());
        let stained = || {
            let names = relations(statement, known).map(|(name, _)| name);
            names.filter(|name| !is_left_out(name) && has_any(name))
        };
        let unnamed =
            statement.unnamed_calls(known.catalog).into_iter().any(|name| shows(called(name), known));
        let types = statement.filling_types(known.catalog).filter(|(_, name)| shows(called(name), known));
        Reach {
            functions: functions(statement, known),
            types: types.map(|(name, _)| name.to_owned()).collect(),
            relations: reaches(statement, &is_left_out, known),
            anything: unnamed || stained().next().is_some(),
            unnamed: unnamed || stained().any(|name| known.catalog.named(name).next().is_none()),
        }
    }

    /// Anything can come of it.
    pub(crate) fn is_anything(&self) -> bool {
        self.anything
    }

    /// Whether code does that it runs or names.
    pub(crate) fn is_by_code(&self) -> bool {
        self.anything || !self.functions.is_empty()
    }

    /// It names a relation that has sensitive columns, or rests on one.
    pub(crate) fn names_some(&self) -> bool {
        self.relations
    }

    /// It names a type whose columns are filled with something.
    pub(crate) fn fills(&self) -> bool {
        !self.types.is_empty()
    }

    pub(crate) fn is_any(&self) -> bool {
        self.relations || self.anything || self.fills() || !self.functions.is_empty()
    }

    /// Functions that it calls and that give something sensitive back.
    pub(crate) fn giving(&self, known: &Known<'_>) -> HashSet<String> {
        if self.functions.is_empty() {
            return HashSet::new();
        }
        let bodies = Bodies::of(&self.functions, known);
        let gives = |name: &&String| known.is_telling(name) || bodies.gives(name);
        self.functions.iter().filter(gives).cloned().collect()
    }

    /// Whether one of them, or what that calls, writes something sensitive into rows.
    pub(crate) fn calls_that_fill(&self, known: &Known<'_>) -> bool {
        if self.functions.is_empty() {
            return false;
        }
        let bodies = Bodies::of(&self.functions, known);
        self.functions.iter().any(|name| bodies.fills(name))
    }

    /// What of it all is sensitive, by name.
    pub(crate) fn sensitive(&self, statement: &Statement, known: &Known<'_>) -> Sensitive {
        self.sensitive_with(statement, &self.giving(known), known)
    }

    /// The same where these functions give something back, of those that it calls.
    pub(crate) fn sensitive_with(
        &self,
        statement: &Statement,
        giving: &HashSet<String>,
        known: &Known<'_>,
    ) -> Sensitive {
        let own = self.functions.iter().filter(|name| known.is_telling(name)).cloned();
        let mut sensitive = Sensitive {
            functions: giving.iter().cloned().chain(own).collect(),
            types: self.types.clone(),
            anything: self.unnamed,
            of_wholes: known.of_wholes,
            trusts_keys: unread::takes_by_keys(statement, known, |_| false),
            has_unread: unread::takes_apart(statement, known, |_| false),
            has_own_count: !known.catalog.lacks_routine("count"),
            own_names: known.catalog.own_names(),
            ..Sensitive::default()
        };
        for (name, found) in relations(statement, known) {
            let mut columns = HashSet::new();
            if STATISTICS.contains(&name) {
                sensitive.relations.insert(name.to_owned());
                sensitive.columns.extend(STATISTICS_COLUMNS.map(str::to_owned));
                let plain = STATISTICS_PLAIN_COLUMNS.split_ascii_whitespace();
                columns.extend(STATISTICS_COLUMNS.into_iter().chain(plain).map(str::to_owned));
            }
            if known.shows_bounds(name, statement) {
                sensitive.relations.insert(name.to_owned());
                sensitive.columns.insert(BOUNDS.to_owned());
                columns.extend(BOUNDS_PLAIN_COLUMNS.split_ascii_whitespace().map(str::to_owned));
                columns.insert(BOUNDS.to_owned());
            }
            for stain in known.stains.of(name) {
                sensitive.relations.insert(name.to_owned());
                sensitive.columns.extend(stain.names.iter().cloned());
                columns.extend(stain.names.iter().cloned());
                columns.extend(stain.told.iter().flat_map(|told| told.columns.iter().cloned()));
            }
            sensitive.known.extend(columns.iter().cloned());
            let named = known.catalog.named(name).flat_map(|relation| &relation.columns);
            columns.extend(named.map(|column| column.name.clone()));
            sensitive.columns_of.entry(name.to_owned()).or_default().extend(columns);
            for relation in found {
                add(&mut sensitive, relation, name, known);
            }
            if let Some(row) = known.stains.row(name)
                && known.catalog.named(name).next().is_none()
                && !statement.ctes.iter().any(|cte| cte == name)
            {
                sensitive.rows.insert(name.to_owned(), row.to_vec());
            }
            let mut named = known.catalog.named(name);
            if let (Some(only), None) = (named.next(), named.next())
                && !statement.ctes.iter().any(|cte| cte == name)
                && known.stains.of(name).is_empty()
                && !gives_by_rules(only, statement, known)
            {
                let columns = only.columns.iter().map(|column| column.name.clone());
                sensitive.rows.insert(name.to_owned(), columns.collect());
            }
        }
        // Somebody has made another of what keeps documents whole.
        let is_own = |name: &str| sql::keeps_documents(name) && !known.catalog.lacks_routine(name);
        if statement.calls().any(is_own) || !statement.unnamed_calls(known.catalog).is_empty() {
            sensitive.columns.extend(sensitive.documents.drain());
        }
        sensitive
    }
}

/// What of a statement is sensitive where these names may mean something that is: any column may be one.
pub(crate) fn moved_in(statement: &Statement, moved: &MovedNames) -> Sensitive {
    let relations = statement.relations.iter().map(|used| &used.name).chain(&statement.mentions);
    let columns: HashSet<String> =
        statement.columns.iter().filter_map(|column| column.name.clone()).collect();
    Sensitive {
        relations: relations.filter(|name| moved.has(name)).cloned().collect(),
        functions: statement.calls().filter(|name| moved.has(name)).map(str::to_owned).collect(),
        types: statement.types.iter().filter(|name| moved.has(name)).cloned().collect(),
        anything: moved.has_any(&statement.operators),
        known: columns.clone(),
        columns,
        ..Sensitive::default()
    }
}

/// Routines that the statement calls and that read something sensitive, or nobody knows what.
fn functions(statement: &Statement, known: &Known<'_>) -> HashSet<String> {
    let of_name = |name: &&str| {
        let is_field = |column: &&ColumnUse| column.name.as_deref() == Some(name);
        let call = Statement {
            functions: statement.functions.iter().filter(|called| called == name).cloned().collect(),
            columns: statement.columns.iter().filter(is_field).cloned().collect(),
            ..Statement::default()
        };
        known.catalog.routines(name).next().is_some() && shows(call, known)
    };
    let is_one = |name: &&str| known.is_telling(name) || of_name(name);
    statement.calls().filter(is_one).map(str::to_owned).collect()
}

/// Whether the plan of `statement` can show something sensitive: PostgreSQL calls functions that are declared IMMUTABLE, truly or not, while
/// it plans, and shows what they gave.
fn folds(statement: &Statement, reach: &Reach, known: &Known<'_>) -> bool {
    let mut planned = statement.planned_calls(known.catalog).into_iter();
    reach.anything || !reach.giving(known).is_empty() || planned.any(|name| gives(name, known))
}

/// Whether columns of a relation are filled with something sensitive that get no value, or, with `by_types`, would be by their types.
pub(crate) fn is_filled(relation: &Relation, by_types: bool, known: &Known<'_>) -> bool {
    known.catalog.filling(relation, by_types).any(|name| gives(name, known))
}

/// Whether a call of this function gives something sensitive back.
fn gives(name: &str, known: &Known<'_>) -> bool {
    shows(called(name), known) && Bodies::of([&name.to_owned()], known).gives(name)
}

/// Nothing but a call of this function.
fn called(name: &str) -> Statement {
    Statement { functions: vec![name.to_owned()], ..Statement::default() }
}

/// Whether a call reads something sensitive, or nobody knows what.
fn shows(call: Statement, known: &Known<'_>) -> bool {
    let calls = Facts { statements: vec![call], readers_disagree: None };
    let done = calls.with_reach(known.catalog);
    done.statements.iter().any(|done| may_tell(done, known))
}

/// Whether a statement, with what the routines do that it calls, may read something sensitive, or nobody knows what.
pub(crate) fn may_tell(done: &Statement, known: &Known<'_>) -> bool {
    let is_opaque = |effect: &Effect| matches!(effect, Effect::OpaqueCall | Effect::OpaqueDo);
    done.effects.iter().any(is_opaque)
        || done.calls().any(|name| known.is_telling(name))
        || reaches(done, |_| false, known)
}

/// Whether it names a relation that has sensitive columns, or rests on one, but for some, or takes something sensitive out of documents.
fn reaches(statement: &Statement, is_left_out: impl Fn(&str) -> bool, known: &Known<'_>) -> bool {
    unread::takes_by_keys(statement, known, &is_left_out)
        || unread::takes_apart(statement, known, &is_left_out)
        || relations(statement, known).filter(|(name, _)| !is_left_out(name)).any(|(name, found)| {
            STATISTICS.contains(&name)
                || known.shows_bounds(name, statement)
                || !known.stains.of(name).is_empty()
                || found.into_iter().any(|relation| classed(relation, known.classes).next().is_some())
        })
}

/// Whether rules can give something else for the columns of a relation that a statement writes.
fn gives_by_rules(relation: &Relation, statement: &Statement, known: &Known<'_>) -> bool {
    let mut hooks = known.catalog.hooks().of(relation.oid).iter();
    hooks.any(|hook| hook.via == Via::Rule)
        && statement.writes.iter().any(|write| write.name == relation.name)
}

/// The sensitive columns of a relation.
pub fn classed<'a>(
    relation: &'a Relation,
    classes: &'a Classes,
) -> impl Iterator<Item = (&'a Column, Class)> {
    relation.columns.iter().filter_map(|column| {
        let id = ColumnId { table_oid: relation.oid, number: column.number };
        Some((column, *classes.get(&id)?))
    })
}

/// Whether this is PostgreSQL's own, of whose values everybody may know.
pub(crate) fn is_system(schema: Option<&str>, name: &str, catalog: &Catalog) -> bool {
    let is_own = match schema {
        Some(schema) => matches!(schema, "pg_catalog" | "information_schema"),
        None => name.starts_with("pg_") && catalog.named(name).next().is_none(),
    };
    is_own && !STATISTICS.contains(&name)
}

/// The names of relations in it, each with all that it can mean and what that rests on.
fn relations<'a>(
    statement: &'a Statement,
    known: &'a Known<'a>,
) -> impl Iterator<Item = (&'a str, Vec<&'a Relation>)> {
    let mentioned = statement.mentions.iter().map(|name| (None, name));
    let used = statement.relations.iter().filter(|used| !statement.is_cte(used));
    let used = used.map(|used| (used.schema.as_deref(), &used.name));
    used.chain(mentioned).map(|(schema, name)| {
        let named = known.catalog.named(name);
        let is_meant = |schema: &str, relation: &Relation| match schema {
            "pg_temp" => relation.schema.starts_with("pg_temp"),
            schema => schema == relation.schema,
        };
        let meant = named.filter(|relation| schema.is_none_or(|schema| is_meant(schema, relation)));
        (name.as_str(), meant.flat_map(|relation| known.catalog.with_underlying(relation)).collect())
    })
}

fn add(sensitive: &mut Sensitive, relation: &Relation, name: &str, known: &Known<'_>) {
    sensitive.known.extend(relation.columns.iter().map(|column| column.name.clone()));
    for (column, class) in classed(relation, known.classes) {
        sensitive.add(column.name.clone(), class == Class::Document);
        sensitive.relations.insert(name.to_owned());
        // In which partition a row is tells what is in the column.
        if known.catalog.routes(relation, column) {
            sensitive.columns.insert("tableoid".to_owned());
        }
    }
}

#[cfg(test)]
mod tests {
    use mask::Method;

    use super::*;

    #[test]
    fn policies_know_each_class_and_method_by_its_name() {
        assert_eq!(Class::ALL.map(Class::name), policy::CLASSES);
        let sorted = |mut names: [&'static str; 4]| {
            names.sort_unstable();
            names
        };
        assert_eq!(sorted(Method::ALL.map(Method::name)), sorted(policy::METHODS));
    }
}
