//! Which columns a statement stains: those that it writes sensitive values into, and that are not known to hold any.

use std::collections::HashSet;

use mask::{Class, ColumnId};
use sql::catalog::{Column, Relation, Routine};
use sql::facts::{Access, Effect, Put, Reached, RelationUse, Via, Write};
use sql::{
    EXTENDING, Likeness, Name, Naming, Origin, RowOf, Sensitive, Spill, Spilled, Statement, likenesses,
    rename, sinks, spills,
};

use crate::bodies::{self, Bodies};
use crate::judged::columns_of;
use crate::moving::{MovedNames, ToldColumns, Written};
use crate::ruled::traced;
use crate::shown::{Known, Reach, are_records, classed, is_filled, moved_in};
use crate::stains::{NamedStain, Stain, cuts, fields};
use crate::state::Environment;
use crate::told::told;

/// What a statement spills.
#[derive(Clone, Debug, Default)]
pub(crate) struct Spills {
    /// What is not known yet, and must be before the statement is sent.
    pub(crate) stains: Vec<Stain>,
    /// The same of tables that the catalog does not show, by the place of the column.
    pub(crate) placed: Vec<Placed>,
    /// What it would spill if anything that it reads were sensitive.
    pub(crate) could_be: Vec<Stain>,
    /// The same of code that it sets going.
    pub(crate) could_be_by_code: Vec<Stain>,
    /// The same where what extends arrays (`EXTENDING`) is another than PostgreSQL's own.
    pub(crate) if_extending_moves: Vec<Stain>,
    /// It writes sensitive values where their own names do not tell.
    pub(crate) are_any: bool,
    /// Some of it gets into columns of documents, where keys do not tell it.
    pub(crate) spoil_documents: bool,
    /// Some of it says to which partition a row goes.
    pub(crate) route: bool,
    /// Into which columns of which tables the statement's own text puts it, whether that is known already or not.
    pub(crate) into: Vec<(String, Option<Written>)>,
    /// Materialised views that code fills again.
    pub(crate) refreshed: Vec<String>,
    /// The rows that it writes, itself and by code.
    pub(crate) writes: Vec<Write>,
}

/// A column of a table that the catalog does not show, of which the text tells the place alone.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Placed {
    schema: Option<String>,
    place: usize,
    /// Any column of it.
    stain: NamedStain,
}

impl Placed {
    /// The column by its name, where the transaction has told it; any otherwise.
    fn stain(&self, moving: &MovedNames, env: &Environment<'_>) -> Stain {
        let Placed { schema, place, stain } = self;
        let is_so = |(_, told): &(&String, &ToldColumns)| {
            told.like.as_ref().is_none_or(|(schema, name)| {
                env.moved.is_none_or(|moved| !moved.has(name))
                    && columns_of(schema.as_deref(), name, env.catalog).as_ref() == Some(&told.names)
            })
        };
        let column = moving.column_at(schema.as_deref(), &stain.relation, *place).filter(is_so);
        let names = column.map(|(name, _)| name.clone()).into_iter().collect();
        Stain::Named(NamedStain { names, ..stain.clone() })
    }
}

impl Spills {
    /// What is not known yet, by the places of columns, where the transaction has moved this.
    pub(crate) fn by_place<'s>(
        &'s self,
        moving: &'s MovedNames,
        env: &'s Environment<'_>,
    ) -> impl Iterator<Item = Stain> + 's {
        let placed = self.placed.iter().map(|placed| placed.stain(moving, env));
        placed.filter(|stain| !env.stains.has(stain, env.classes))
    }
}

/// What `own` spills, whose text is `text`; `whole` is the same with what the routines do that it calls, and what follows from
/// it.
pub(crate) fn spilled(
    text: &str,
    (own, whole): (&Statement, &Statement),
    known: &Known<'_>,
    reveals: impl Fn(Class) -> bool,
) -> Spills {
    let mut found = Found::new(known, &reveals);
    found.makes_temporary = own.effects.contains(&Effect::CreateTable)
        && !own.effects.contains(&Effect::Do)
        && own.temporary.len() == 1;
    if !known.is_empty() {
        found.spills.refreshed = refreshed_by_code(own, whole);
    }
    let writes = |done: &Statement| {
        let makes = |effect: &Effect| matches!(effect, Effect::CreateTable | Effect::Other("RenameStmt"));
        !done.writes.is_empty() || done.computes() || done.effects.iter().any(makes)
    };
    let may_write = || writes(whole) || whole.reached.iter().any(|reached| writes(&reached.does));
    let told = told(text, own, known).into_iter().filter(|stain| !known.stains.covers(stain));
    found.spills.stains.extend(told.map(Stain::Named));
    if known.is_empty() || !may_spill(own) && !may_write() {
        return found.spills;
    }
    found.spills.writes = all_writes(whole);
    found.reads_parts = reads_parts(own, known);
    if own.effects.contains(&Effect::Other("RenameStmt")) {
        found.rename(text);
    }
    found.could_be(own, whole);
    if whole.writes.len() != own.writes.len()
        || whole.computes()
        || whole.reached.iter().any(|reached| writes(&reached.does))
    {
        found.spills.could_be_by_code = fills(whole, known, &reveals);
    }
    let reach = Reach::of(own, known);
    let is_made_of_another = own.effects.contains(&Effect::CreateTable) && !own.runs.is_empty();
    if reach.is_any() || is_made_of_another {
        let giving = reach.giving(known);
        let sensitive = reach.sensitive_with(own, &giving, known);
        found.text(text, &sensitive, &reveals);
        // What a body writes it can have from whatever it reads or is given. What operators, casts and views give to theirs is not
        // known.
        let is_given = || {
            let filling = own.calls_that_fill(known.catalog);
            !filling.is_empty() && sinks(text, &sensitive, &filling, mask::is_sensitive_key)
        };
        let is_run = own.effects.contains(&Effect::Do);
        let block =
            if is_run { bodies::block(text, own, &reach, &giving, (known, &HashSet::new())) } else { None };
        let block_fills = is_run && block.as_ref().is_none_or(|block| block.fills);
        block.iter().flat_map(|block| &block.spills).for_each(|spill| found.spill(spill, &reveals));
        if block_fills
            || reach.calls_that_fill(known)
            || own.fills_unnamed(known.catalog)
            || !is_run && is_given()
        {
            let of_code = if is_run { whole.writes.clone() } else { own.writes_of_code(known.catalog) };
            let by_code = if is_run { own.writes_of_code(known.catalog) } else { Vec::new() };
            for write in &of_code {
                match block.as_ref().filter(|_| !by_code.contains(write)) {
                    Some(block) => found.block(write, &block.writes),
                    None => found.body(write),
                }
                found.spills.route |= found.routes(write, is_run);
            }
            made_by_code(own, whole).into_iter().for_each(|made| found.made(made));
            whole.could_write(known.catalog).into_iter().for_each(|relation| found.texts(relation));
        }
    }
    if own.effects.contains(&Effect::CreateTable) {
        found.made_like(text);
    }
    // Its check is given all that columns of the domain hold.
    if own.effects.contains(&Effect::Other("AlterDomainStmt"))
        && !own.calls_that_fill(known.catalog).is_empty()
    {
        own.writes_of_code(known.catalog).iter().for_each(|write| found.body(write));
    }
    for (part, of) in own.parts() {
        found.attached(part, of);
    }
    for reached in whole.reached.iter().filter(|reached| reached.via != Via::ForeignKey) {
        let on: Vec<&Relation> = known.catalog.named(&reached.on).collect();
        // What runs a text that it computes was allowed where it was made.
        let reach = Reach::beside(&reached.does, &reached.on, known);
        let reads = reach.is_any();
        let code = if reads { Bodies::of(named_by(reached), known) } else { Bodies::default() };
        let is_followed = known.catalog.routines(&reached.calls).next().is_some();
        let fills = reads && (!is_followed || named_by(reached).any(|name| code.fills(name)));
        let gives = reads && (!is_followed || code.gives(&reached.calls));
        let mut takes = false;
        for relation in &on {
            takes |= takes_columns(reached.via) && is_given_some(reached, relation, known);
            if takes_of_row(&reached.does, relation, known) {
                match of_row(reached, relation, known) {
                    Some(spills) => spills.iter().for_each(|spill| found.spill(spill, &reveals)),
                    None => takes = true,
                }
            }
        }
        if fills || takes {
            let told = if takes || !is_followed { None } else { told_by_trigger(reached, &on, &code, known) };
            match told {
                Some(spills) => spills.iter().for_each(|spill| found.spill(spill, &reveals)),
                None => found.hung(reached, &on, &reveals),
            }
            made_by_code(own, &reached.does).into_iter().for_each(|made| found.made(made));
        }
        if takes || fills && reached.does.computes() && reach.names_some() {
            let written = reached.does.could_write(known.catalog);
            written.into_iter().for_each(|relation| found.texts(relation));
        }
        let puts = |relation: &&Relation, column: &Column| {
            reached.does.puts.iter().any(|put| {
                let is_it = match &put.column {
                    Some(name) => *name == column.name,
                    None => mask::can_hold_text(column.type_oid),
                };
                is_it && takes_from(put, relation, known)
            })
        };
        for relation in on.iter().filter(|_| reached.via == Via::Trigger) {
            for column in relation.columns.iter().filter(|column| puts(relation, column)) {
                found.one(relation, column);
            }
        }
        if gives && matches!(reached.via, Via::Default | Via::Generated | Via::Trigger) {
            for relation in &on {
                let columns = if is_followed { row_of(reached, relation, whole, &code, known) } else { None };
                match columns {
                    Some(columns) => columns.into_iter().for_each(|column| found.one(relation, column)),
                    None => found.any(relation),
                }
            }
        }
    }
    found.renamed_within(own, whole);
    found.spills
}

/// All rows that it writes, itself and by what it reaches.
fn all_writes(whole: &Statement) -> Vec<Write> {
    let mut all: Vec<Write> = Vec::new();
    let reached = whole.reached.iter().flat_map(|reached| &reached.does.writes);
    for write in whole.writes.iter().chain(reached) {
        if !all.contains(write) {
            all.push(write.clone());
        }
    }
    all
}

/// What code could write that `whole` makes, or hangs somewhere, wherever that runs before a catalog shows it.
pub(crate) fn fills(whole: &Statement, known: &Known<'_>, reveals: impl Fn(Class) -> bool) -> Vec<Stain> {
    let mut found = Found::new(known, &reveals);
    if known.is_empty() {
        return Vec::new();
    }
    let reached = whole.reached.iter().filter(|reached| reached.via != Via::ForeignKey);
    for done in reached.map(|reached| &reached.does).chain([whole]) {
        done.writes.iter().for_each(|write| found.body(write));
        done.could_write(known.catalog).into_iter().for_each(|relation| found.texts(relation));
    }
    // Tables that the code makes, where it is no table that is made.
    if whole.makes_code() {
        let none = Statement::default();
        made_by_code(&none, whole).into_iter().for_each(|made| found.made(made));
        found.renamed_within(&none, whole);
    }
    found.spills.stains
}

/// What `own`, whose text is `text`, spills where it names what `moving` may mean something sensitive by: tables that it makes are filled at
/// once, and so may columns be of those that it alters. `is_changed` says whether that is more than new columns: then what it writes is
/// followed too.
pub(crate) fn spilled_by_moved(
    text: &str,
    (own, is_changed): (&Statement, bool),
    moving: &MovedNames,
    known: &Known<'_>,
    reveals: impl Fn(Class) -> bool,
) -> Vec<Stain> {
    let mut found = Found::new(known, &reveals);
    let moved = moved_in(own, moving);
    if refreshes(own) {
        // What it gives now stays when its definition gives something else again.
        for used in own.relations.iter().filter(|used| rests_on_moved(&used.name, moving, known)) {
            found.add(Stain::Named(NamedStain::any(&used.name, Vec::new())));
        }
    } else if own.effects.contains(&Effect::CreateTable) {
        found.text(text, &Sensitive { anything: true, ..moved }, &reveals);
    } else if own.effects.contains(&Effect::AlterTable) {
        found.text(text, &Sensitive { relations: HashSet::new(), ..moved }, &reveals);
    } else if is_changed && !own.writes.is_empty() && reads_moved(own, moving) {
        // What `*` stands for has no names.
        let anything = moved.anything || own.columns.iter().any(|column| column.name.is_none());
        found.text(text, &Sensitive { anything, ..moved }, &reveals);
    }
    let placed = found.spills.placed.into_iter().map(|placed| Stain::Named(placed.stain));
    found.spills.stains.into_iter().chain(placed).collect()
}

/// Whether what it writes may come from something that means something else: what it only puts rows into gives none.
fn reads_moved(own: &Statement, moving: &MovedNames) -> bool {
    let only_inserts = own.writes.iter().all(|write| write.effect == Effect::Insert);
    let is_read = |used: &&RelationUse| used.access == Access::Read;
    let read = own.relations.iter().filter(is_read).map(|used| &used.name);
    let unnamed = own.operators.iter().chain(&own.types).chain(&own.mentions);
    !only_inserts
        || own.reads_what_it_writes()
        || moving.has_any(read.chain(unnamed))
        || own.calls().any(|name| moving.has(name))
}

/// Whether what a materialised view gives may be something else by what `moving` has: all of that, but for other relations, and new columns of
/// those that it rests on.
pub(crate) fn rests_on_moved(view: &str, moving: &MovedNames, known: &Known<'_>) -> bool {
    let catalog = known.catalog;
    let below: HashSet<&str> = catalog
        .named(view)
        .flat_map(|view| catalog.with_underlying(view))
        .map(|below| below.name.as_str())
        .collect();
    let is_relation = |name: &str| catalog.named(name).next().is_some() && catalog.lacks_routine(name);
    !below.contains(view)
        || moving.any_changed(|name| !is_relation(name) || name == view || below.contains(name))
}

/// Whether it reads a column that holds parts of values under a class of its own.
fn reads_parts(own: &Statement, known: &Known<'_>) -> bool {
    let named = own.relations.iter().flat_map(|used| known.catalog.named(&used.name));
    named.flat_map(|relation| known.catalog.with_underlying(relation)).any(|relation| {
        let id = |column: &Column| ColumnId { table_oid: relation.oid, number: column.number };
        relation.columns.iter().any(|column| known.stains.has_classed_part(&id(column), known.classes))
    })
}

/// Whether it fills a materialised view.
pub(crate) fn refreshes(own: &Statement) -> bool {
    own.effects.contains(&Effect::Other("RefreshMatViewStmt"))
}

/// Tables that code makes which the statement runs: of what it reads, or it fills them. A view shows what it reads itself.
fn made_by_code<'w>(own: &Statement, whole: &'w Statement) -> Vec<&'w Name> {
    let names = whole.names.iter().filter(|naming| !own.names.contains(naming));
    let is_view = |made: &Name| {
        names.clone().any(|naming| matches!(naming, Naming::Leads { from, .. } if from == made))
    };
    let made = names.clone().filter_map(|naming| match naming {
        Naming::Makes(made) if !is_view(made) => Some(made),
        _ => None,
    });
    made.collect()
}

/// Materialised views that code fills again which the statement runs, or sets going.
fn refreshed_by_code(own: &Statement, whole: &Statement) -> Vec<String> {
    let called = Some(whole).filter(|_| !refreshes(own));
    let code = called.into_iter().chain(whole.reached.iter().map(|reached| &reached.does));
    let filled = code.filter(|done| refreshes(done)).flat_map(|done| &done.relations);
    filled.filter(|used| used.access == Access::Write).map(|used| used.name.clone()).collect()
}

/// Whether it can write rows, or definitions that make some.
fn may_spill(own: &Statement) -> bool {
    let may = |effect: &Effect| {
        matches!(
            effect,
            Effect::AlterTable | Effect::CreateTable | Effect::Other("AlterDomainStmt" | "RenameStmt")
        )
    };
    !own.writes.is_empty() || own.effects.iter().any(may)
}

/// Whether such code is called with columns of the row.
fn takes_columns(via: Via) -> bool {
    match via {
        Via::Check | Via::Generated | Via::Index | Via::PartitionKey | Via::Policy | Via::Statistics => true,
        Via::Default | Via::ForeignKey | Via::Rule | Via::Trigger => false,
    }
}

/// Whether such code can be given something sensitive of the row that it is about.
pub(crate) fn is_given_of_row(reached: &Reached, relation: &Relation, known: &Known<'_>) -> bool {
    takes_columns(reached.via) && is_given_some(reached, relation, known)
        || takes_of_row(&reached.does, relation, known)
}

/// Whether such code is called with a sensitive column of the row, or nobody knows with which.
fn is_given_some(reached: &Reached, relation: &Relation, known: &Known<'_>) -> bool {
    let implicit = known.catalog.implicit();
    let is_given =
        |column: &Column| implicit.is_given(relation.oid, reached.via, &reached.calls, column.number);
    classed(relation, known.classes).any(|(column, _)| is_given(column))
}

/// Whether the body of a trigger or rule names something sensitive of the row that it is about, or the row.
fn takes_of_row(does: &Statement, relation: &Relation, known: &Known<'_>) -> bool {
    let is_row = |name: &str| matches!(name, "new" | "old");
    let names_row = does.takes_row
        || does.columns.iter().any(|column| match (column.qualifier.as_slice(), &column.name) {
            ([], Some(name)) => is_row(name),
            ([row], None) => is_row(row),
            _ => false,
        });
    let mut sensitive = classed(relation, known.classes).peekable();
    sensitive.peek().is_some()
        && (names_row
            || sensitive.any(|(column, _)| {
                let is_named = |used: &sql::facts::ColumnUse| used.name.as_ref() == Some(&column.name);
                does.mentions.contains(&column.name) || does.columns.iter().any(is_named)
            }))
}

/// Names of all that it calls.
fn named_by(reached: &Reached) -> impl Iterator<Item = &String> {
    reached.does.functions.iter().chain([&reached.calls])
}

/// What a trigger writes elsewhere of what is sensitive in its row; `None` where that is not known.
fn of_row(reached: &Reached, relation: &Relation, known: &Known<'_>) -> Option<Vec<Spill>> {
    let mut hooks = known.catalog.hooks().of(relation.oid).iter();
    let hook = hooks.find(|hook| hook.via == Via::Trigger && hook.name == reached.name);
    let hook = hook.filter(|hook| reached.via == Via::Trigger && hook.definition.is_empty())?;
    bodies::of_row(&reached.calls, relation, &hook.rows, known)
}

/// What a trigger on these relations writes elsewhere of what it reads; `None` where that is not known: what it calls may write some, too.
fn told_by_trigger(
    reached: &Reached,
    on: &[&Relation],
    code: &Bodies<'_>,
    known: &Known<'_>,
) -> Option<Vec<Spill>> {
    let fills = |name: &String| *name != reached.calls && code.fills(name);
    if on.is_empty() || reached.does.computes() || named_by(reached).any(fills) {
        return None;
    }
    let spills = on.iter().map(|relation| of_row(reached, relation, known));
    Some(spills.collect::<Option<Vec<_>>>()?.concat())
}

/// The columns of a row that a trigger on it puts something sensitive into from elsewhere, and those that get it from there; `None` where it could
/// be any.
fn row_of<'r>(
    reached: &Reached,
    relation: &'r Relation,
    whole: &Statement,
    code: &Bodies<'_>,
    known: &Known<'_>,
) -> Option<Vec<&'r Column>> {
    let catalog = known.catalog;
    if reached.via != Via::Trigger || reached.does.computes() || 1 < catalog.with_underlying(relation).len() {
        return None;
    }
    let triggers =
        || whole.reached.iter().filter(|other| other.via == Via::Trigger && other.on == relation.name);
    let is_told = |other: &Reached| {
        let mut routines = catalog.routines(&other.calls).peekable();
        routines.peek().is_some() && routines.all(Routine::is_followed) && !other.does.computes()
    };
    if !triggers().all(is_told) {
        return None;
    }
    let RowOf::Columns(given) = code.row(&reached.calls, relation, known) else { return None };
    let named = |name: &String| relation.columns.iter().find(|column| column.name == *name);
    let mut columns = given.iter().map(named).collect::<Option<Vec<_>>>()?;
    let is_row = |name: &String| matches!(name.as_str(), "new" | "old");
    let mut at = 0;
    while let Some(column) = columns.get(at).copied() {
        at += 1;
        let puts = triggers().flat_map(|other| &other.does.puts);
        for put in puts.filter(|put| put.from.contains(&column.name) || put.from.iter().any(is_row)) {
            columns.push(named(put.column.as_ref()?)?);
        }
        columns.extend(catalog.results(relation, column));
        let mut seen = HashSet::new();
        columns.retain(|column| seen.insert(column.number));
    }
    Some(columns)
}

/// Whether something sensitive of the row that a trigger is about is put into it.
fn takes_from(put: &Put, relation: &Relation, known: &Known<'_>) -> bool {
    let mut sensitive = classed(relation, known.classes);
    let is_row = |name: &String| matches!(name.as_str(), "new" | "old");
    // `NEW := OLD` leaves each value in its column.
    if put.column.is_none() && put.from.iter().all(is_row) {
        return false;
    }
    let is_row = put.from.iter().any(is_row);
    sensitive.any(|(column, _)| is_row || put.from.contains(&column.name))
}

struct Found<'a> {
    known: &'a Known<'a>,
    /// Whoever asks sees what is computed as well: an application, that does not hide text in numbers.
    sees_derived: bool,
    /// What is written counts for columns of documents, and for those alone.
    of_documents: bool,
    /// What the statement makes is temporary.
    makes_temporary: bool,
    /// It reads a column that holds parts of values.
    reads_parts: bool,
    spills: Spills,
}

impl<'a> Found<'a> {
    fn new(known: &'a Known<'a>, reveals: impl Fn(Class) -> bool) -> Self {
        let (sees_derived, of_documents, reads_parts) = (reveals(Class::Derived), false, false);
        let spills = Spills::default();
        Found { known, sees_derived, of_documents, makes_temporary: false, reads_parts, spills }
    }

    /// It can hold something that is computed of what is sensitive.
    fn derived(&mut self, relation: &Relation, column: &Column) {
        self.put_together(column);
        let id = ColumnId { table_oid: relation.oid, number: column.number };
        self.add(Stain::Column(id, Class::Derived));
        self.part(id);
    }

    /// A part of a value is put into it: where it has a class of its own, that does not say so.
    fn part(&mut self, id: ColumnId) {
        let is_classed = self
            .known
            .classes
            .get(&id)
            .is_some_and(|class| !matches!(class, Class::Derived | Class::Document));
        let part = Stain::Part(id);
        if is_classed
            && !self.sees_derived
            && !self.known.stains.has_part(&id)
            && !self.spills.stains.contains(&part)
        {
            self.spills.stains.push(part);
        }
    }

    /// Whether what is written into a column is a record of another one, as it is: whatever has such a name is a column of a table, and nothing was
    /// written a moment ago into something that has it.
    fn copies_record(&self, column: &Column, origin: &Origin) -> bool {
        let catalog = self.known.catalog;
        let is_record = |name: &String| {
            are_records(name, column.type_oid, catalog.relations(), |of, number| {
                catalog.is_record(of, number) || catalog.is_list(of, number)
            })
        };
        let is_stained = |name: &String| {
            self.known.stains.all().any(|stain| stain.names.is_empty() || stain.names.contains(name))
        };
        (origin.is_copy || origin.is_extended)
            && !origin.columns.is_empty()
            && origin.columns.iter().all(|name| is_record(name) && !is_stained(name))
    }

    /// An array gets other elements, each as it is, where nobody has made another of what does it.
    fn extended(&mut self, column: &Column) {
        let catalog = self.known.catalog;
        let is_own = |name: &str| !catalog.lacks_routine(name) || catalog.implicit().has_operator(name);
        if EXTENDING.into_iter().any(is_own) {
            return self.put_together(column);
        }
        let fields = fields(catalog, column.type_oid).map(|id| Stain::Column(id, Class::Derived));
        self.spills.if_extending_moves.extend(fields);
    }

    /// Something is put into a record: it can be in any field.
    fn put_together(&mut self, column: &Column) {
        for id in fields(self.known.catalog, column.type_oid) {
            self.add(Stain::Column(id, Class::Derived));
        }
    }

    fn add(&mut self, stain: Stain) {
        self.spills.are_any = true;
        let is_known = self.known.stains.has(&stain, self.known.classes);
        if !is_known && !self.spills.stains.contains(&stain) {
            self.spills.stains.push(stain);
        }
    }

    /// All columns that it could write, also with what code reads from cursors that it is told the names of.
    fn could_be(&mut self, own: &Statement, whole: &Statement) {
        let mut any = Found { spills: Spills::default(), ..*self };
        own.writes.iter().for_each(|write| any.body(write));
        // A new table of what such a cursor gives.
        if own.effects.contains(&Effect::CreateTable) && !whole.runs.is_empty() {
            for used in own.relations.iter().filter(|used| used.access == Access::Write) {
                let RelationUse { schema, name, .. } = used;
                any.body(&Write { effect: Effect::Insert, schema: schema.clone(), name: name.clone() });
            }
        }
        for does in std::iter::once(whole).filter(|whole| !whole.runs.is_empty()) {
            does.writes.iter().for_each(|write| any.body(write));
            does.could_write(self.known.catalog).into_iter().for_each(|relation| any.texts(relation));
        }
        for Reached { via, on, does, .. } in
            whole.reached.iter().filter(|reached| !reached.does.runs.is_empty())
        {
            does.writes.iter().for_each(|write| any.body(write));
            let put_into = self.known.catalog.named(on).filter(|_| *via == Via::Trigger);
            put_into.for_each(|relation| any.any(relation));
        }
        self.spills.could_be = any.spills.stains;
    }

    /// Whether what a body writes can say to which partition a row goes. What functions write into tables of others goes mostly by days
    /// and numbers that tell nothing.
    fn routes(&self, write: &Write, is_own: bool) -> bool {
        let catalog = self.known.catalog;
        let routes = |relation: &Relation, column: &Column| {
            (is_own || mask::can_hold_text(column.type_oid)) && catalog.routes(relation, column)
        };
        !matches!(write.effect, Effect::Delete | Effect::Truncate)
            && catalog
                .named_in(write.schema.as_deref(), &write.name)
                .any(|relation| relation.columns.iter().any(|column| routes(relation, column)))
    }

    /// A relation that others do not see yet, or a column of one, gets another name.
    fn rename(&mut self, text: &str) {
        let Some(rename) = rename(text) else { return };
        for stain in self.known.stains.of(&rename.relation) {
            let renamed = match &rename.column {
                None => {
                    let catalog = self.known.catalog;
                    // What the catalog does not show may have had that name before, and gets it back.
                    let is_shown = catalog.named(&rename.relation).next().is_some();
                    let others = catalog.named(&rename.to).filter(|_| is_shown);
                    let not = others.map(|relation| relation.oid).collect();
                    NamedStain { relation: rename.to.clone(), not, ..stain.clone() }
                }
                Some(column) if stain.number.is_some() || stain.names.contains(column) => {
                    // By its new name nothing is told.
                    NamedStain { names: vec![rename.to.clone()], told: None, ..stain.clone() }
                }
                Some(_) => continue,
            };
            self.add(Stain::Named(renamed));
        }
    }

    /// Code that is run, or set going, gives other names to relations, or columns of them, that others do not see yet: nobody knows in which
    /// order it makes, fills and renames them.
    fn renamed_within(&mut self, own: &Statement, whole: &Statement) {
        let renames = |done: &Statement| done.effects.contains(&Effect::Other("RenameStmt"));
        // By itself, a statement does nothing else.
        let by_code = renames(whole) && (!renames(own) || own.effects.contains(&Effect::Do));
        if !by_code && !whole.reached.iter().any(|reached| renames(&reached.does)) {
            return;
        }
        let known = self.known;
        let any =
            |stain: &NamedStain| NamedStain { number: None, names: Vec::new(), of: None, ..stain.clone() };
        let named = own.relations.iter().chain(&whole.relations).map(|used| &used.name);
        for stain in named.flat_map(|name| known.stains.of(name)) {
            self.add(Stain::Named(any(stain)));
        }
        let renamed = whole.all_names();
        let mut at = 0;
        while let Some(stain) = self.spills.stains.get(at) {
            at += 1;
            let Stain::Named(stain) = stain else { continue };
            let stain = any(stain);
            let others = renamed.iter().filter_map(|naming| match naming {
                Naming::Renames { from, to } if from.name == stain.relation => Some(&to.name),
                _ => None,
            });
            let others: Vec<NamedStain> = others
                .map(|to| NamedStain {
                    relation: to.clone(),
                    not: known.catalog.named(to).map(|relation| relation.oid).collect(),
                    ..stain.clone()
                })
                .collect();
            others.into_iter().chain([stain]).for_each(|stain| self.add(Stain::Named(stain)));
        }
    }

    /// A table is made like others, as a part of them or of what they hold: its columns are filled as theirs are.
    fn made_like(&mut self, text: &str) {
        let known = self.known;
        for Likeness { made, of, by_types } in likenesses(text) {
            let mut named = known.catalog.named(&of).peekable();
            // Of one that the catalog does not show, what it is filled with is known by what was written there for it.
            let is_written = || known.stains.of(&of).iter().any(|stain| stain.told.is_none());
            let is_unseen = named.peek().is_none() && !by_types && is_written();
            if is_unseen || named.any(|relation| is_filled(relation, by_types, known)) {
                let not = known.catalog.named(&made).map(|relation| relation.oid).collect();
                self.add(Stain::Named(NamedStain::any(&made, not)));
            }
        }
    }

    /// The rows of a table that becomes a part of another are looked at by the checks and the key of that.
    fn attached(&mut self, part: &Name, of: &Name) {
        let known = self.known;
        let mut parts = known.catalog.named_in(part.schema.as_deref(), &part.name);
        let is_filled = parts.any(|part| classed(part, known.classes).next().is_some())
            || !known.stains.of(&part.name).is_empty();
        if !is_filled {
            return;
        }
        let write = Write { effect: Effect::Insert, schema: of.schema.clone(), name: of.name.clone() };
        let filled = Statement { writes: vec![write], ..Statement::default() };
        for reached in &filled.with_reach(known.catalog).reached {
            if takes_columns(reached.via) {
                reached.does.writes.iter().for_each(|write| self.body(write));
                reached.does.could_write(known.catalog).into_iter().for_each(|relation| self.texts(relation));
            }
        }
    }

    /// What the text of a statement writes.
    fn spill(&mut self, spill: &Spill, reveals: &impl Fn(Class) -> bool) {
        let named: Vec<&Relation> = match spill.is_made {
            true => Vec::new(),
            false => {
                let catalog = self.known.catalog;
                // A temporary view of the session's own leads elsewhere.
                let is_own = spill.schema.as_deref() == Some("pg_temp");
                let is_view = |relation: &&Relation| 1 < catalog.with_underlying(relation).len();
                let own = catalog.reached(spill.schema.as_deref(), &spill.name).filter(is_view);
                let named = catalog.named_in(spill.schema.as_deref(), &spill.name);
                if is_own { own.collect() } else { named.collect() }
            }
        };
        for column in &spill.columns {
            let written = match column {
                Spilled::Any => None,
                Spilled::Named { name, .. } => Some(Written::Named(name.clone())),
                Spilled::At { place, .. } => Some(Written::At(*place)),
            };
            if !spill.is_made && !self.of_documents {
                self.spills.into.push((spill.name.clone(), written));
            }
            let mut is_new = false;
            for relation in &named {
                let found: Vec<&Column> = match column {
                    Spilled::Any => relation.columns.iter().collect(),
                    Spilled::Named { name, .. } => {
                        relation.columns.iter().filter(|column| column.name == *name).collect()
                    }
                    Spilled::At { place, .. } => relation.columns.get(*place).into_iter().collect(),
                };
                is_new |= found.is_empty();
                for column_written in found {
                    self.column(relation, column_written, column.origin(), reveals);
                }
            }
            if named.is_empty() || self.known.temporary.contains(&spill.name) {
                let told = self.told_column(spill, column).filter(|_| named.is_empty());
                self.unknown(spill, told.as_ref().unwrap_or(column), false, reveals);
            } else if is_new {
                // A column that was added, or called otherwise, a moment ago.
                self.unknown(spill, column, true, reveals);
            }
        }
    }

    /// A column that the catalog shows is written.
    fn column(
        &mut self,
        relation: &Relation,
        column: &Column,
        origin: &Origin,
        reveals: &impl Fn(Class) -> bool,
    ) {
        let of = self.class_of(origin);
        let id = ColumnId { table_oid: relation.oid, number: column.number };
        let catalog = self.known.catalog;
        let is_record = fields(catalog, column.type_oid).next().is_some();
        if is_record && !self.of_documents {
            match self.copies_record(column, origin) {
                true if origin.is_copy => {}
                true => self.extended(column),
                false => self.put_together(column),
            }
        }
        self.spills.route |= catalog.with_underlying(relation).iter().any(|below| {
            below.columns.iter().any(|own| own.name == column.name && catalog.routes(below, own))
        });
        let is_part = !origin.is_whole || self.reads_parts || cuts(column);
        match self.known.classes.get(&id) {
            // Whoever sees that class would see another one.
            Some(class)
                if *class != Class::Derived
                    && !self.known.stains.settles(&id)
                    && of != Some(*class)
                    && reveals(*class)
                    && !self.sees_derived =>
            {
                self.spills.are_any = true;
                self.spills.stains.push(Stain::Column(id, Class::Derived));
            }
            Some(Class::Document) if self.of_documents => {
                self.spills.are_any = true;
                self.spills.spoil_documents = true;
                self.spills.stains.push(Stain::Column(id, Class::Derived));
            }
            Some(_) if is_part && !self.of_documents => self.part(id),
            Some(_) => {}
            None if self.of_documents => {}
            None => {
                let of = of.filter(|_| origin.is_copy && !is_part);
                self.add(Stain::Column(id, of.unwrap_or(Class::Derived)));
            }
        }
        // A view's rows are those of what it reads, under names that only it knows.
        let below = self.known.catalog.with_underlying(relation);
        let is_part = |part: &Relation| self.known.catalog.hooks().is_part(relation.oid, part.oid);
        for below in below.into_iter().skip(1).filter(|below| !is_part(below)) {
            let mut same = below.columns.iter().filter(|own| own.name == column.name).peekable();
            if same.peek().is_none() {
                self.any(below);
                continue;
            }
            same.for_each(|own| self.derived(below, own));
        }
    }

    /// The column that stands where one is written, by the name that a text has told.
    fn told_column(&self, spill: &Spill, column: &Spilled) -> Option<Spilled> {
        let Spilled::At { place, origin, .. } = column else { return None };
        let name = self.known.stains.row(&spill.name).filter(|_| !spill.is_made)?.get(*place)?;
        Some(Spilled::Named { name: name.clone(), origin: origin.clone() })
    }

    /// A column that the catalog does not show is written: of a relation that it shows, where `is_column`.
    fn unknown(
        &mut self,
        spill: &Spill,
        column: &Spilled,
        is_column: bool,
        reveals: &impl Fn(Class) -> bool,
    ) {
        if self.of_documents {
            return;
        }
        let of = self.class_of(column.origin());
        let is_copy = column.origin().is_copy;
        let is_part = !column.origin().is_whole || self.reads_parts;
        if let Spilled::Named { name, .. } = column
            && !spill.is_made
            && let Some(class) = self.known.stains.class_told(&spill.name, name)
            // Whoever sees that class would see another one.
            && (of == Some(class) || self.sees_derived || !reveals(class))
        {
            if is_part {
                let part = NamedStain::any(&spill.name, Vec::new());
                let stain = NamedStain { names: vec![name.clone()], of: Some(class), ..part };
                self.add(Stain::Named(stain));
            }
            return;
        }
        let (number, names) = match column {
            Spilled::Any => (None, Vec::new()),
            Spilled::Named { name, .. } => (None, vec![name.clone()]),
            // What is made has its columns in this order.
            Spilled::At { place, names, .. } if spill.is_made => {
                (i16::try_from(place + 1).ok(), names.clone())
            }
            Spilled::At { .. } => (None, Vec::new()),
        };
        // What has the name already is not meant, but by INSERT a table of the session's own.
        let named = self.known.catalog.named(&spill.name);
        let is_meant =
            |relation: &&Relation| is_column || !spill.is_made && relation.schema.starts_with("pg_temp_");
        let not = named.filter(|relation| !is_meant(relation)).map(|relation| relation.oid).collect();
        let is_temporary =
            spill.is_made && self.makes_temporary || spill.schema.as_deref() == Some("pg_temp");
        let relation = spill.name.clone();
        let told = None;
        let stain = NamedStain { relation, not, number, names, of, is_copy, is_part, is_temporary, told };
        match column {
            Spilled::At { place, .. } if !spill.is_made => {
                self.spills.are_any = true;
                self.spills.placed.push(Placed { schema: spill.schema.clone(), place: *place, stain });
            }
            Spilled::At { .. } | Spilled::Any | Spilled::Named { .. } => self.add(Stain::Named(stain)),
        }
    }

    /// The one class that values of this origin are of.
    fn class_of(&self, origin: &Origin) -> Option<Class> {
        let all = self.known.catalog.relations().flat_map(|relation| classed(relation, self.known.classes));
        let told = self.known.stains.all().filter(|stain| stain.told.is_some());
        let told = told.filter(|stain| stain.names.iter().any(|name| origin.columns.contains(name)));
        let mut classes = all
            .filter(|(column, _)| origin.columns.contains(&column.name))
            .map(|(_, class)| class)
            .chain(told.filter_map(|stain| stain.of));
        let first = classes.next()?;
        classes.all(|class| class == first).then_some(first)
    }

    /// What hangs on these relations writes something. Of a rule that calls no code its definition tells what.
    fn hung(&mut self, reached: &Reached, on: &[&Relation], reveals: &impl Fn(Class) -> bool) {
        let known = self.known;
        let runs_code = || {
            Reach::of(&reached.does, known).is_by_code()
                || !reached.does.calls_that_fill(known.catalog).is_empty()
        };
        let rules: Option<Vec<_>> = on.iter().map(|relation| traced(reached, relation, known)).collect();
        let Some(rules) = rules.filter(|rules| !rules.is_empty() && !runs_code()) else {
            reached.does.writes.iter().for_each(|write| self.body(write));
            return;
        };
        for (definition, sensitive) in rules {
            self.text(definition, &sensitive, reveals);
        }
    }

    /// What a text writes in which this is sensitive.
    fn text(&mut self, text: &str, sensitive: &Sensitive, reveals: &impl Fn(Class) -> bool) {
        spills(text, sensitive, None).iter().for_each(|spill| self.spill(spill, reveals));
        if sensitive.is_by_keys() {
            let taken = spills(text, sensitive, Some(mask::is_sensitive_key));
            taken.iter().for_each(|spill| self.spill(spill, reveals));
        }
        if self.known.classes.values().any(|class| *class == Class::Document) {
            self.of_documents = true;
            let cut = spills(text, sensitive, Some(mask::is_sensitive_key));
            cut.iter().for_each(|spill| self.spill(spill, reveals));
            self.of_documents = false;
        }
    }

    /// A body writes this.
    fn body(&mut self, write: &Write) {
        if matches!(write.effect, Effect::Delete | Effect::Truncate) {
            return;
        }
        let named: Vec<&Relation> =
            self.known.catalog.named_in(write.schema.as_deref(), &write.name).collect();
        if named.is_empty() {
            let is_temporary = write.schema.as_deref() == Some("pg_temp");
            let any = NamedStain::any(&write.name, Vec::new());
            self.add(Stain::Named(NamedStain { is_temporary, ..any }));
        }
        named.into_iter().for_each(|relation| self.any(relation));
    }

    /// A block writes this, whose text puts something into these columns: an UPDATE leaves the others what they are.
    fn block(&mut self, write: &Write, into: &[Spill]) {
        let mut named = self.known.catalog.named_in(write.schema.as_deref(), &write.name).peekable();
        let is_update = write.effect == Effect::Update && named.peek().is_some();
        let mut of = into.iter().filter(|spill| spill.name == write.name).flat_map(|spill| &spill.columns);
        let names: Option<HashSet<&String>> = of.try_fold(HashSet::new(), |mut names, column| match column {
            Spilled::Named { name, .. } => {
                names.insert(name);
                Some(names)
            }
            Spilled::Any | Spilled::At { .. } => None,
        });
        let Some(names) = names.filter(|names| is_update && !names.is_empty()) else {
            return self.body(write);
        };
        let has_all = |relation: &Relation| {
            self.known.catalog.with_underlying(relation).len() == 1
                && names.iter().all(|name| relation.columns.iter().any(|column| column.name == **name))
        };
        let named: Vec<&Relation> = named.collect();
        if !named.iter().all(|relation| has_all(relation)) {
            return self.body(write);
        }
        for relation in named {
            let written = relation.columns.iter().filter(|column| names.contains(&column.name));
            written.for_each(|column| self.one(relation, column));
        }
    }

    /// A table that code makes can hold something in any column. Those that are there are not meant.
    fn made(&mut self, made: &Name) {
        let catalog = self.known.catalog;
        let there = catalog.named(&made.name).filter(|relation| !catalog.is_new(relation));
        let any = NamedStain::any(&made.name, there.map(|relation| relation.oid).collect());
        let is_temporary = made.schema.as_deref() == Some("pg_temp");
        self.add(Stain::Named(NamedStain { is_temporary, ..any }));
    }

    /// Any text in it can hold something.
    fn texts(&mut self, relation: &Relation) {
        let texts = relation.columns.iter().filter(|column| mask::can_hold_text(column.type_oid));
        texts.for_each(|column| self.derived(relation, column));
    }

    /// Any column of it can hold something.
    fn any(&mut self, relation: &Relation) {
        relation.columns.iter().for_each(|column| self.one(relation, column));
    }

    /// This column of it can hold something.
    fn one(&mut self, relation: &Relation, column: &Column) {
        if !self.sees_derived || mask::can_hold_text(column.type_oid) {
            self.derived(relation, column);
        }
    }
}
