//! Whether a statement asks about values that whoever sends it may not see, or hands them to where they would not be known.

use std::borrow::Cow;
use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};

use mask::{Class, Classes, ColumnId};
use sql::catalog::{Column, Relation, Routine};
use sql::facts::{ColumnUse, Effect, Opens, RelationUse};
use sql::{Catalog, Followed, Probe, Sensitive, Statement, is_sink, sinks};

use crate::bodies::{Bodies, TellingGiven, block, unread_block_asks};
use crate::referred;
use crate::shown::{Known, Reach, classed};
use crate::stains::Stains;
use crate::state::Environment;
use crate::statistics::{STATISTICS, STATISTICS_COLUMNS, STATISTICS_FUNCTIONS, STATISTICS_PLAIN_COLUMNS};
use crate::unread;

/// How much conditions of `statement`, whose text is `text`, look into values of classes that are hidden, as `hides` says: its own, and those of
/// code that it calls. `of_wholes`: so does what compares whole values.
pub(crate) fn probes(
    text: &str,
    statement: &Statement,
    catalog: &Catalog,
    env: &Environment<'_>,
    (hides, of_wholes): (&dyn Fn(Class) -> bool, bool),
) -> Option<Probe> {
    let mut sensitive = Sensitive { own_names: catalog.own_names(), ..Sensitive::default() };
    add_unread(&mut sensitive, (text, statement), catalog, (env, hides));
    let used = statement.relations.iter().filter(|used| !statement.is_cte(used)).map(|used| &used.name);
    for name in used.chain(&statement.mentions) {
        for relation in catalog.named(name).flat_map(|relation| catalog.with_underlying(relation)) {
            add(&mut sensitive, relation, name, catalog, (env, hides));
        }
        add_parts(&mut sensitive, name, catalog, env);
        add_stained(&mut sensitive, name, statement, (env, hides));
        if STATISTICS.contains(&name.as_str()) && hides(Class::Derived) {
            sensitive.relations.insert(name.clone());
            add_statistics(&mut sensitive);
        }
    }
    for name in statement.calls().filter(|name| STATISTICS_FUNCTIONS.contains(name) && hides(Class::Derived))
    {
        sensitive.functions.insert(name.to_owned());
        add_statistics(&mut sensitive);
    }
    let mut reading = HashSet::new();
    let mut by_rows: Vec<(&str, Vec<&Relation>)> = Vec::new();
    for name in statement.calls().filter(|name| catalog.routines(name).next().is_some()) {
        let rows: Vec<&Relation> =
            catalog.routines(name).filter_map(|routine| rows_of(routine, catalog)).collect();
        // Its rows have the columns of these.
        rows.iter().for_each(|relation| add(&mut sensitive, relation, name, catalog, (env, hides)));
        if reads(name, catalog, (env, hides)) {
            reading.insert(name.to_owned());
            sensitive.functions.extend(rows.is_empty().then(|| name.to_owned()));
            sensitive.read_by.insert(name.to_owned(), read_by(name, catalog));
            by_rows.extend((!rows.is_empty()).then_some((name, rows)));
        }
    }
    let is_run = statement.effects.contains(&Effect::Do);
    sensitive.of_wholes = of_wholes;
    let is_none = sensitive.relations.is_empty() && sensitive.functions.is_empty() && reading.is_empty();
    // In which order rows stand afterwards tells what they are sorted by, and which tables are, where none is named, nobody knows.
    let clusters = statement.effects.contains(&Effect::Other("ClusterStmt"));
    let is_any = || statement.relations.is_empty() && env.classes.values().any(|class| hides(*class));
    let is_clustered = clusters && (is_any() || !sensitive.relations.is_empty());
    let referring =
        referred::asked(text, statement, env, (hides, of_wholes)).max(is_clustered.then_some(Probe::MOST));
    if is_none {
        return referring;
    }
    let mut within = None;
    if is_run || !reading.is_empty() {
        let (classes, stains) = (hidden(env, hides), Stains::default());
        let known = Known {
            classes: &classes,
            stains: &stains,
            unsearched: env.unsearched.filter(|_| hides(Class::Document)),
            of_wholes,
            ..Known::of(catalog, env)
        };
        let bodies = Bodies::of(&reading, &known);
        sensitive
            .functions
            .retain(|name| STATISTICS_FUNCTIONS.contains(&name.as_str()) || bodies.gives(name));
        for (name, rows) in by_rows.iter().filter(|(name, _)| bodies.gives(name)) {
            let gives_parts = bodies.gives_parts(name) || reads_parts(&sensitive.read_by, name, catalog, env);
            add_rows(&mut sensitive, (name, rows), gives_parts);
        }
        let unsearched = &sensitive.unsearched;
        within = asked_within((text, statement), &reading, &bodies, (&known, unsearched));
    }
    let mut called: Vec<String> = statement.calls().map(str::to_owned).collect();
    for operator in &statement.operators {
        let functions: HashSet<String> =
            catalog.implicit().of_operator(operator).map(str::to_owned).collect();
        called.extend(functions.iter().cloned());
        if !functions.is_empty() || catalog.implicit().may_be_own_class(operator) {
            sensitive.operators.insert(operator.clone(), functions);
        }
    }
    let telling = TellingGiven::of(&called, of_wholes, catalog);
    let given = telling.asks(text, &sensitive);
    let by_operator = sensitive.operators.values().flatten();
    sensitive.telling =
        by_operator.filter_map(|name| Some((name.clone(), telling.tells(name, catalog)?))).collect();
    sensitive.comparing = telling.comparing;
    sensitive.strict = telling.strict;
    let own = Probe::both(sql::probes(text, &sensitive, mask::is_sensitive_key), referring);
    Probe::both(Probe::both(own, within), given)
}

/// What code asks that a statement runs: a block, or functions that it calls and that read such values.
fn asked_within(
    (text, statement): (&str, &Statement),
    reading: &HashSet<String>,
    bodies: &Bodies<'_>,
    (known, unsearched): (&Known<'_>, &HashSet<String>),
) -> Option<Probe> {
    let mut asked = None;
    let mut saying = HashSet::new();
    for name in reading {
        let (asks, says) = bodies.asks(name);
        asked = Probe::both(asked, asks);
        saying.extend(says.then(|| name.clone()));
    }
    if !saying.is_empty() && sql::calls_for_rows(text, &saying) {
        return Some(Probe::Extracts);
    }
    if statement.effects.contains(&Effect::Do) {
        let reach = Reach::of(statement, known);
        if reach.is_any() {
            let giving = reading.iter().filter(|name| bodies.gives(name)).cloned().collect();
            let asks = match block(text, statement, &reach, &giving, (known, unsearched)) {
                Some(followed) => followed.asks,
                None => unread_block_asks(statement),
            };
            asked = Probe::both(asked, asks);
        }
    }
    asked
}

/// The classes of the columns that are hidden.
fn hidden<'a>(env: &Environment<'a>, hides: &dyn Fn(Class) -> bool) -> Cow<'a, Classes> {
    match env.classes.values().any(|class| !hides(*class)) {
        true => Cow::Owned(
            env.classes.iter().filter(|(_, class)| hides(**class)).map(|(id, class)| (*id, *class)).collect(),
        ),
        false => Cow::Borrowed(env.classes),
    }
}

/// An environment with what is hidden in it.
type Hiding<'a> = (&'a Environment<'a>, &'a dyn Fn(Class) -> bool);

/// Adds what of a relation is hidden.
fn add(
    sensitive: &mut Sensitive,
    relation: &Relation,
    name: &str,
    catalog: &Catalog,
    (env, hides): Hiding<'_>,
) {
    let columns = || relation.columns.iter().map(|column| column.name.clone());
    sensitive.known.extend(columns());
    sensitive.rows.entry(name.to_owned()).or_default().extend(columns());
    for (column, class) in classed(relation, env.classes).filter(|(_, class)| hides(*class)) {
        sensitive.add(column.name.clone(), class == Class::Document);
        sensitive.relations.insert(name.to_owned());
        // What was computed can be a letter of a value, and a partition can stand for one.
        let is_record = catalog.is_record(relation.oid, column.number);
        if class == Class::Derived && !is_record {
            sensitive.parts.insert(column.name.clone());
        }
        if catalog.routes(relation, column) {
            sensitive.parts.insert("tableoid".to_owned());
        }
    }
    add_records(sensitive, relation, name, catalog, (env, hides));
}

/// Adds documents that nobody has looked at, where keys say that something is taken out of them, or it is taken apart from its keys.
fn add_unread(
    sensitive: &mut Sensitive,
    (text, statement): (&str, &Statement),
    catalog: &Catalog,
    (env, hides): Hiding<'_>,
) {
    let known = Known::of(catalog, env);
    let is_left_out = |_: &str| false;
    let is_taken = || {
        unread::takes_by_keys(statement, &known, is_left_out)
            || unread::takes_apart(statement, &known, is_left_out)
            || unread::looks_for(text, statement, &known)
    };
    if !hides(Class::Document) || !is_taken() {
        return;
    }
    for (name, columns) in unread::documents(statement, &known) {
        sensitive.known.extend(columns.iter().cloned());
        sensitive.relations.insert(name);
        sensitive.unsearched.extend(columns.iter().cloned());
        columns.into_iter().for_each(|column| sensitive.add(column, true));
    }
}

/// Adds which of it are parts of values, whatever their classes say: of a view over some, each can be one.
fn add_parts(sensitive: &mut Sensitive, name: &str, catalog: &Catalog, env: &Environment<'_>) {
    for relation in catalog.named(name) {
        let is_part = |of: &Relation, column: &Column| {
            env.stains.has_part(&ColumnId { table_oid: of.oid, number: column.number })
        };
        let is_classed_part = |of: &Relation, column: &Column| {
            env.stains.has_classed_part(&ColumnId { table_oid: of.oid, number: column.number }, env.classes)
        };
        let below = catalog.with_underlying(relation);
        let is_over_parts =
            below.iter().skip(1).any(|below| below.columns.iter().any(|own| is_classed_part(below, own)));
        for column in relation.columns.iter().filter(|own| is_over_parts || is_part(relation, own)) {
            let is_hidden = sensitive.columns.contains(&column.name);
            sensitive.parts.extend(is_hidden.then(|| column.name.clone()));
        }
    }
}

/// Adds what PostgreSQL's own statistics, and what it keeps beside, tell of values.
fn add_statistics(sensitive: &mut Sensitive) {
    let plain = STATISTICS_PLAIN_COLUMNS.split_ascii_whitespace();
    sensitive.known.extend(STATISTICS_COLUMNS.into_iter().chain(plain).map(str::to_owned));
    sensitive.columns.extend(STATISTICS_COLUMNS.map(str::to_owned));
}

/// Adds what of the records in its columns is hidden.
fn add_records(
    sensitive: &mut Sensitive,
    relation: &Relation,
    name: &str,
    catalog: &Catalog,
    (env, hides): Hiding<'_>,
) {
    for column in relation.columns.iter().filter(|column| catalog.is_record(relation.oid, column.number)) {
        let Some(of) = catalog.record(column.type_oid) else { continue };
        let classed: Vec<(&str, Class)> =
            classed(of, env.classes).map(|(field, class)| (field.name.as_str(), class)).collect();
        let is_hidden = |name: &str| classed.iter().any(|(field, class)| *field == name && hides(*class));
        let fields = || of.columns.iter().map(|field| field.name.as_str());
        if !fields().any(is_hidden) {
            continue;
        }
        sensitive.add(column.name.clone(), false);
        sensitive.relations.insert(name.to_owned());
        sensitive.known.extend(fields().map(str::to_owned));
        let harmless: HashSet<String> = fields().filter(|name| !is_hidden(name)).map(str::to_owned).collect();
        // Of columns of one name, each may be meant.
        match sensitive.records.entry(column.name.clone()) {
            Entry::Occupied(mut known) => known.get_mut().retain(|name| harmless.contains(name)),
            Entry::Vacant(none) => _ = none.insert(harmless),
        }
    }
}

/// Adds what was written a moment ago into a relation of this name, which the catalog does not show yet. What was computed can be a letter of
/// a value.
fn add_stained(sensitive: &mut Sensitive, name: &str, statement: &Statement, (env, hides): Hiding<'_>) {
    for stain in env.stains.of(name) {
        let named = || statement.columns.iter().filter_map(|used| used.name.as_ref());
        let columns: Vec<&String> = match stain.names.is_empty() {
            true => named().collect(),
            false => stain.names.iter().collect(),
        };
        let class = stain.class(None);
        if !hides(class) {
            continue;
        }
        sensitive.relations.insert(name.to_owned());
        for column in columns {
            sensitive.known.insert(column.clone());
            sensitive.add(column.clone(), class == Class::Document);
            if class == Class::Derived || stain.is_part {
                sensitive.parts.insert(column.clone());
            }
        }
    }
}

/// Adds what stands in the columns of these relations, of which a function gives rows: other values than there, or parts of some.
fn add_rows(sensitive: &mut Sensitive, (function, rows): (&str, &[&Relation]), are_parts: bool) {
    let is_read = |relation: &Relation| {
        sensitive.read_by.get(function).is_some_and(|read| read.contains(&relation.name))
    };
    let others: Vec<&Relation> =
        rows.iter().copied().filter(|relation| are_parts || !is_read(relation)).collect();
    sensitive.functions.extend(are_parts.then(|| function.to_owned()));
    for column in others.into_iter().flat_map(|relation| &relation.columns) {
        sensitive.add(column.name.clone(), false);
        sensitive.relations.insert(function.to_owned());
        sensitive.parts.extend(are_parts.then(|| column.name.clone()));
    }
}

/// Whether this function reads relations with parts of values under classes of their own.
fn reads_parts(
    read_by: &HashMap<String, HashSet<String>>,
    function: &str,
    catalog: &Catalog,
    env: &Environment<'_>,
) -> bool {
    let read = read_by.get(function).into_iter().flatten().flat_map(|name| catalog.named(name));
    read.flat_map(|relation| catalog.with_underlying(relation)).any(|relation| {
        let mut ids =
            relation.columns.iter().map(|own| ColumnId { table_oid: relation.oid, number: own.number });
        ids.any(|id| env.stains.has_classed_part(&id, env.classes))
    })
}

/// The relation whose rows a function gives.
fn rows_of<'c>(routine: &Routine, catalog: &'c Catalog) -> Option<&'c Relation> {
    let returns = routine.definition.lines().find_map(|line| line.trim().strip_prefix("RETURNS SETOF "))?;
    let name = returns.split_whitespace().next()?;
    catalog.named(name.rsplit('.').next()?.trim_matches('"')).next()
}

/// Names of the relations that a call of this function reads.
fn read_by(name: &str, catalog: &Catalog) -> HashSet<String> {
    let call = Statement { functions: vec![name.to_owned()], ..Statement::default() };
    call.with_reach(catalog).relations.iter().map(|used| used.name.clone()).collect()
}

/// Whether a call of this function reads something that is hidden: such columns, or rows of which nobody can tell which
/// columns it takes.
fn reads(name: &str, catalog: &Catalog, (env, hides): Hiding<'_>) -> bool {
    let call = Statement { functions: vec![name.to_owned()], ..Statement::default() };
    let done = call.with_reach(catalog);
    let used = done
        .relations
        .iter()
        .filter(|used| !done.is_cte(used))
        .map(|used| (used.schema.as_deref(), &used.name));
    let mut found = used.chain(done.mentions.iter().map(|name| (None, name)));
    found.any(|(schema, name)| {
        let read = catalog.named_in(schema, name).flat_map(|relation| catalog.with_underlying(relation));
        read.into_iter().any(|relation| {
            let mut hidden = classed(relation, env.classes).filter(|(_, class)| hides(*class)).peekable();
            let names_row = |used: &ColumnUse| match &used.name {
                None => true,
                Some(column) => {
                    let is_alias = |used: &RelationUse| used.alias.as_ref().unwrap_or(&used.name) == column;
                    used.qualifier.is_empty() && done.relations.iter().any(is_alias)
                }
            };
            let is_named =
                |column: &str| done.columns.iter().any(|used| used.name.as_deref() == Some(column));
            hidden.peek().is_some()
                && (!done.mentions.is_empty()
                    || done.columns.iter().any(names_row)
                    || hidden.any(|(column, _)| is_named(&column.name)))
        })
    })
}

/// Whether a statement, with what the routines do that it calls, has anything that puts values where no columns are.
pub(crate) fn has_sinks(whole: &Statement) -> bool {
    whole.calls().any(is_sink)
        || whole.reaches_sinks()
        || whole.puts_elsewhere()
        || whole.picks_sequence
        || whole.opens == Opens::ByCaller
}

/// Whether code that puts texts together and runs them may do so with something sensitive: what it names, in texts too, or what it is handed.
fn runs_sensitive(text: &str, own: &Statement, whole: &Statement, known: &Known<'_>) -> bool {
    let Some(names) = whole.names_handed(text, own, known.catalog) else { return true };
    let named =
        |name: &&String| known.catalog.routines(name).next().is_some() && !whole.functions.contains(name);
    let mentions = whole.mentions.iter().filter(|name| !own.mentions.contains(name));
    let code = Statement {
        relations: whole.relations.iter().filter(|used| !own.relations.contains(used)).cloned().collect(),
        functions: names.iter().filter(named).cloned().collect(),
        mentions: names.into_iter().chain(mentions.cloned()).collect(),
        ..Statement::default()
    };
    Reach::of(&code, known).is_any()
}

/// What has code called by other names than that of a function: operators and aggregates, and casts, which no statement names.
const LENDING: [Effect; 2] = [Effect::Other("CreateCastStmt"), Effect::Other("DefineStmt")];

/// Whether a statement makes a function that hands what it is given to a sink, or has such a one called by another name: of one that its whole
/// makes within code, that is not looked at.
pub(crate) fn makes_sink(text: &str, whole: &Statement, catalog: &Catalog) -> bool {
    let makes = |effect: &Effect| *effect == Effect::Other("CreateFunctionStmt") || LENDING.contains(effect);
    if !whole.effects.iter().any(makes) {
        return false;
    }
    let mut others = whole.calls_with_sinks(catalog);
    others.extend(whole.calls_that_name_cursors(catalog));
    (has_sinks(whole) || !others.is_empty())
        && (whole.puts_elsewhere() || sql::makes_sink(text, &others, catalog))
}

/// Whether a statement makes code under a name by which others may run it already, who may see all values.
pub(crate) fn replaces_code(whole: &Statement, catalog: &Catalog) -> bool {
    let lends = whole.effects.iter().any(|effect| LENDING.contains(effect));
    let makes_function = whole.effects.contains(&Effect::Other("CreateFunctionStmt"));
    lends || makes_function && whole.coined.iter().any(|name| catalog.may_call(name))
}

/// Whether `own`, whose text is `text`, hands sensitive values to a function that puts them where no columns are. `whole` is the same with
/// what the routines do that it calls.
pub(crate) fn hands_over(text: &str, own: &Statement, whole: &Statement, known: &Known<'_>) -> bool {
    if known.is_empty() {
        return false;
    }
    // Texts that a block puts together can be names, messages and notifications.
    if own.effects.contains(&Effect::OpaqueDo) && Reach::of(own, known).is_any() {
        return true;
    }
    if whole.runs_untold() && runs_sensitive(text, own, whole, known) {
        return true;
    }
    // Nobody follows where arguments of a prepared statement get: they can only be called for, and not be read.
    if own.effects.contains(&Effect::Execute) {
        let called = Statement { relations: Vec::new(), mentions: Default::default(), ..own.clone() };
        if Reach::of(&called, known).is_any() {
            return true;
        }
    }
    if !has_sinks(whole) && !own.hangs_code() {
        return false;
    }
    let mut with_sinks = own.calls_with_sinks(known.catalog);
    if own.hangs_code() && (own.calls().any(is_sink) || own.picks_sequence || !with_sinks.is_empty()) {
        return true;
    }
    let reach = Reach::of(own, known);
    if !reach.is_any() {
        return false;
    }
    let giving = reach.giving(known);
    let is_block = own.effects.contains(&Effect::Do);
    let hands = |block: Option<Followed>| own.puts_elsewhere() || block.is_none_or(|block| block.hands_over);
    let block_hands = || {
        is_block
            && own.has_own_sinks(known.catalog)
            && hands(block(text, own, &reach, &giving, (known, &HashSet::new())))
    };
    let code_hands = || {
        let mut names = reach.functions.intersection(&with_sinks).peekable();
        names.peek().is_some() && {
            let bodies = Bodies::of(&reach.functions, known);
            names.any(|name| bodies.hands_over(name))
        }
    };
    if whole.reaches_sinks() || own.has_unseen_sinks(known.catalog) || block_hands() || code_hands() {
        return true;
    }
    with_sinks.extend(own.calls_that_name_cursors(known.catalog));
    sinks(text, &reach.sensitive_with(own, &giving, known), &with_sinks, mask::is_sensitive_key)
}
