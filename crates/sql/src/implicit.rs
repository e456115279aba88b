//! Code that runs without being called by its name: what operators, casts, types and views are made of, and what hangs on tables. It
//! says what of the first a statement runs; what that does is known from its routines (see `routine`). The second is for `reach`.

use std::collections::{HashMap, HashSet};
use std::fmt;

use crate::catalog::{Catalog, Relation};
use crate::facts::{Access, Effect, RelationUse, Statement, Write};
use crate::reach::Via;

/// All of one database that could do anything.
#[derive(Clone, Debug, Default)]
pub struct Implicit {
    operators: HashMap<String, Vec<Operator>>,
    casts: Vec<Cast>,
    types: HashMap<u32, Type>,
    /// Types that the others are about, by the names of those that have them within.
    named: HashMap<String, Vec<u32>>,
    /// The same by the relations that have them in a column.
    held: HashMap<u32, Vec<u32>>,
    views: HashMap<u32, View>,
    on: HashMap<u32, Vec<Code>>,
    /// Names of operator classes that are PostgreSQL's, or an extension's.
    classes: HashSet<String>,
    /// What compares values wherever there are some: of PostgreSQL's own types.
    anywhere: Vec<Function>,
    /// What indexes and keys of partitions compare by, by the relations that they are on.
    comparing: HashMap<u32, Vec<Function>>,
}

/// What runs.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Function {
    /// `pg_proc.oid`.
    pub oid: u32,
    /// `pg_proc.proname`.
    pub name: String,
}

/// A function behind an operator, or one that sorts by it.
#[derive(Clone, Debug)]
pub struct Operator {
    /// What it runs.
    pub function: Function,
    /// Types of its operands that are not PostgreSQL's own.
    pub operands: Vec<u32>,
    /// PostgreSQL has none of this name.
    pub has_own_name: bool,
}

/// A cast with a function.
#[derive(Clone, Debug)]
pub struct Cast {
    /// What it runs.
    pub function: Function,
    /// Types that it is from and to that are not PostgreSQL's own.
    pub ends: Vec<u32>,
    /// Name of the type that it is to.
    pub target: String,
    /// `pg_cast.castcontext` is `e`: only where somebody writes it.
    pub is_explicit: bool,
}

/// What a type runs.
#[derive(Clone, Debug, Default)]
struct Type {
    /// When a value becomes one of it: checks of a domain.
    checks: Vec<Function>,
    /// When a column of it gets no value: the default of a domain.
    defaults: Vec<Function>,
    /// When values of it are compared.
    support: Vec<Function>,
}

#[derive(Clone, Debug, Default)]
struct View {
    functions: Vec<Function>,
    domains: Vec<u32>,
    /// Its rows are kept: they are computed when it is refreshed.
    is_materialized: bool,
}

/// What hangs on a relation, and runs when rows of it are read or written.
#[derive(Clone)]
struct Code {
    via: Via,
    name: String,
    runs: Runs,
    /// Numbers of the columns that it is given; `None` where it can be any.
    columns: Option<Vec<i16>>,
}

/// What code runs.
#[derive(Clone, Debug)]
pub enum Runs {
    /// A function.
    Function(Function),
    /// The checks of the domain with this OID.
    Checks(u32),
}

/// Names are the users' data model.
impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Code").field("via", &self.via).field("runs", &self.runs).finish_non_exhaustive()
    }
}

/// Names are the users' data model.
impl fmt::Debug for Function {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Function").field("oid", &self.oid).finish_non_exhaustive()
    }
}

impl Implicit {
    /// Adds an operator of this name.
    pub fn operator(&mut self, name: String, operator: Operator) {
        self.operators.entry(name).or_default().push(operator);
    }

    /// Whether somebody has made an operator of this name.
    pub fn has_operator(&self, name: &str) -> bool {
        self.operators.contains_key(name)
    }

    /// Names of the functions that somebody's operators of this name call, but for those of PostgreSQL's names that are for types of somebody's own.
    pub fn of_operator(&self, name: &str) -> impl Iterator<Item = &str> {
        let all = self.operators.get(name).into_iter().flatten();
        let calls = |operator: &&Operator| operator.has_own_name || operator.operands.is_empty();
        all.filter(calls).map(|operator| operator.function.name.as_str())
    }

    /// Adds a cast.
    pub fn cast(&mut self, cast: Cast) {
        self.casts.push(cast);
    }

    /// Adds a function that the domain with this OID checks its values by.
    pub fn check(&mut self, domain: u32, function: Function) {
        self.types.entry(domain).or_default().checks.push(function);
    }

    /// Adds a function that the default of the domain with this OID calls.
    pub fn default_of(&mut self, domain: u32, function: Function) {
        self.types.entry(domain).or_default().defaults.push(function);
    }

    /// Adds a function that compares values of the type with this OID.
    pub fn support(&mut self, of: u32, function: Function) {
        self.types.entry(of).or_default().support.push(function);
    }

    /// Adds a function that compares values of one of PostgreSQL's own types: no name tells where there are some.
    pub fn support_anywhere(&mut self, function: Function) {
        self.anywhere.push(function);
    }

    /// Adds a function by which an index on the relation with this OID, or the key of its partitions, compares.
    pub fn compare(&mut self, relation: u32, function: Function) {
        self.comparing.entry(relation).or_default().push(function);
    }

    /// Adds the name of operator classes none of which is somebody's own.
    pub fn class(&mut self, name: String) {
        self.classes.insert(name);
    }

    /// Whether this is the name of an operator class, and not known to be PostgreSQL's or an extension's. No operator has such a name.
    pub fn may_be_own_class(&self, name: &str) -> bool {
        name.starts_with(|letter: char| letter.is_alphanumeric() || letter == '_')
            && !self.classes.contains(name)
    }

    /// Adds a function of an operator class of this name. No operator has such a name.
    pub fn operator_class(&mut self, name: String, function: Function) {
        self.operator(name, Operator { function, operands: Vec::new(), has_own_name: true });
    }

    /// Adds a function that the view with this OID calls.
    pub fn view(&mut self, relation: u32, is_materialized: bool, function: Function) {
        self.view_of(relation, is_materialized).functions.push(function);
    }

    /// The view with this OID makes values of this domain.
    pub fn view_makes(&mut self, relation: u32, is_materialized: bool, domain: u32) {
        self.view_of(relation, is_materialized).domains.push(domain);
    }

    fn view_of(&mut self, relation: u32, is_materialized: bool) -> &mut View {
        let view = self.views.entry(relation).or_default();
        view.is_materialized = is_materialized;
        view
    }

    /// The type of this name has values of the other within, which [`Implicit::subjects`] tells of.
    pub fn name(&mut self, name: String, within: u32) {
        self.named.entry(name).or_default().push(within);
    }

    /// A column of the relation has values of this type.
    pub fn hold(&mut self, relation: u32, held: u32) {
        self.held.entry(relation).or_default().push(held);
    }

    /// OIDs of the types that any of it is about.
    pub fn subjects(&self) -> HashSet<u32> {
        let operands = self.operators.values().flatten().flat_map(|operator| &operator.operands);
        let ends = self.casts.iter().flat_map(|cast| &cast.ends);
        self.types.keys().chain(operands).chain(ends).copied().collect()
    }

    /// Adds what hangs on the relation with this OID, by the name of the constraint, column, index …
    pub fn hang(&mut self, relation: u32, via: Via, name: String, runs: Runs) {
        self.hang_on(relation, via, name, runs, None);
    }

    /// The same where these columns alone are given to it, if that is known.
    pub fn hang_on(&mut self, relation: u32, via: Via, name: String, runs: Runs, columns: Option<Vec<i16>>) {
        self.on.entry(relation).or_default().push(Code { via, name, runs, columns });
    }

    /// Whether a function of this name, where it hangs on a relation in this way, is given this column.
    pub fn is_given(&self, relation: u32, via: Via, function: &str, column: i16) -> bool {
        let is_it = |code: &&Code| match &code.runs {
            Runs::Function(known) => code.via == via && known.name == function,
            Runs::Checks(_) => false,
        };
        let mut known = self.on.get(&relation).into_iter().flatten().filter(is_it).peekable();
        let takes = |code: &Code| code.columns.as_ref().is_none_or(|columns| columns.contains(&column));
        known.peek().is_none() || known.any(takes)
    }

    /// Whether anything hangs on relations, or columns are of domains with checks.
    pub(crate) fn hangs_on_relations(&self) -> bool {
        !self.on.is_empty() || !self.held.is_empty()
    }

    /// What hangs on the relation with this OID: how, by which name, and what it runs.
    pub(crate) fn on(&self, relation: u32) -> impl Iterator<Item = (Via, &str, &Function)> {
        let code =
            self.on.get(&relation).into_iter().flatten().flat_map(|Code { via, name, runs, columns: _ }| {
                let functions = match runs {
                    Runs::Function(function) => std::slice::from_ref(function),
                    Runs::Checks(domain) => self.checks_of(*domain),
                };
                functions.iter().map(move |function| (*via, name.as_str(), function))
            });
        let held = self.held.get(&relation).into_iter().flatten().filter_map(|of| self.types.get(of));
        let held = held.flat_map(|of| {
            let checks = of.checks.iter().map(|function| (Via::Check, function));
            checks.chain(of.defaults.iter().map(|function| (Via::Default, function)))
        });
        code.chain(held.map(|(via, function)| (via, function.name.as_str(), function)))
    }

    /// What fills columns of these types, by their names, that get no value.
    fn filling<'i>(&'i self, types: &'i [String]) -> impl Iterator<Item = (&'i str, &'i Function)> {
        types.iter().flat_map(|name| {
            let within = self.named.get(name).into_iter().flatten().filter_map(|of| self.types.get(of));
            within.flat_map(|of| &of.defaults).map(move |function| (name.as_str(), function))
        })
    }

    /// Functions by which checks and policies of rows decide.
    pub(crate) fn deciding(&self) -> impl Iterator<Item = &Function> {
        let decides = |code: &&Code| matches!(code.via, Via::Check | Via::Policy);
        let hanging = self.on.values().flatten().filter(decides).filter_map(|code| match &code.runs {
            Runs::Function(function) => Some(function),
            Runs::Checks(_) => None,
        });
        hanging.chain(self.types.values().flat_map(|of| &of.checks))
    }

    /// Whether the relation with this OID is a view that calls functions of users, has such code on it, or a column of a type that any
    /// of it is about.
    pub(crate) fn is_about(&self, relation: u32) -> bool {
        self.on.contains_key(&relation)
            || self.held.contains_key(&relation)
            || self.views.contains_key(&relation)
            || self.comparing.contains_key(&relation)
    }

    /// Whether this is the name of a type that any of it is about.
    pub(crate) fn names(&self, name: &str) -> bool {
        self.named.contains_key(name)
    }

    fn checks_of(&self, domain: u32) -> &[Function] {
        self.types.get(&domain).map(|of| of.checks.as_slice()).unwrap_or_default()
    }

    /// Whether nothing runs but what is called by name.
    pub fn is_empty(&self) -> bool {
        self.operators.is_empty()
            && self.casts.is_empty()
            && self.types.is_empty()
            && self.views.is_empty()
            && self.anywhere.is_empty()
            && self.comparing.is_empty()
    }

    /// What runs when something is cast to a type of this name, or to what it has within.
    pub(crate) fn casts_to<'i>(&'i self, name: &'i str) -> impl Iterator<Item = &'i Function> {
        let within = self.named.get(name).map(Vec::as_slice).unwrap_or_default();
        let is_within = move |cast: &Cast| {
            let target = self.named.get(&cast.target).map(Vec::as_slice).unwrap_or_default();
            cast.ends.iter().any(|of| within.contains(of) && target.contains(of))
        };
        let is_it = move |cast: &&Cast| cast.target == name || is_within(cast);
        self.casts.iter().filter(is_it).map(|cast| &cast.function)
    }

    /// What a statement runs without calling it by name.
    pub(crate) fn of<'i>(&'i self, statement: &Statement, catalog: &Catalog) -> Vec<&'i Function> {
        if self.is_empty() {
            return Vec::new();
        }
        let mut found = self.of_values(statement, catalog);
        found.extend(self.of_views(statement, catalog));
        found
    }

    /// What a statement runs by its operators, its types and those of the columns in its reach.
    fn of_values<'i>(&'i self, statement: &Statement, catalog: &Catalog) -> Vec<&'i Function> {
        let mut found: Vec<&Function> = self.anywhere.iter().collect();
        let names = statement.types.iter().chain(&statement.mentions).map(String::as_str);
        // A type is called as a function is, to cast to it, or to make a range.
        let names = names.chain(statement.calls());
        let named: HashSet<u32> = names.filter_map(|name| self.named.get(name)).flatten().copied().collect();
        let mut touched = named.clone();
        if !self.comparing.is_empty() {
            found.extend(self.comparing_in(statement, catalog));
        }
        if !self.held.is_empty() {
            let held = relations(statement, catalog).filter_map(|relation| self.held.get(&relation.oid));
            touched.extend(held.flatten());
        }
        let touches = |types: &[u32]| types.iter().any(|of| touched.contains(of));
        for operator in statement.operators.iter().filter_map(|name| self.operators.get(name)).flatten() {
            // A name that is PostgreSQL's too means another operator, unless there is a value of such a type.
            if operator.has_own_name || operator.operands.is_empty() || touches(&operator.operands) {
                found.push(&operator.function);
            }
        }
        for cast in &self.casts {
            let is_written = || statement.types.contains(&cast.target);
            if if cast.ends.is_empty() { !cast.is_explicit || is_written() } else { touches(&cast.ends) } {
                found.push(&cast.function);
            }
        }
        found.extend(named.iter().filter_map(|of| self.types.get(of)).flat_map(|of| &of.checks));
        found.extend(touched.iter().filter_map(|of| self.types.get(of)).flat_map(|of| &of.support));
        found
    }

    /// What compares values where a statement looks for rows of relations, or of parts of them: values that it looks for come from anywhere. What rows
    /// that are put into them are compared by hangs on them.
    fn comparing_in<'i>(&'i self, statement: &Statement, catalog: &Catalog) -> Vec<&'i Function> {
        let is_put = |write: &Write, name: &str| {
            write.name == name && matches!(write.effect, Effect::CopyIn | Effect::Insert)
        };
        let is_only_filled = |name: &str| {
            let of = || statement.writes.iter().filter(|write| write.name == name);
            let is_read = |used: &RelationUse| used.name == name && used.access == Access::Read;
            of().next().is_some()
                && of().all(|write| is_put(write, name))
                && !statement.relations.iter().any(is_read)
        };
        let looked_into = statement.relations.iter().filter(|used| !is_only_filled(&used.name));
        let parts = |relation: &Relation| catalog.parts(relation.oid).into_iter().map(|part| part.part);
        let oids = |relation: &Relation| std::iter::once(relation.oid).chain(parts(relation));
        let oids: HashSet<u32> = meant(looked_into, statement, catalog).flat_map(oids).collect();
        let mut found: Vec<&Function> =
            oids.iter().filter_map(|oid| self.comparing.get(oid)).flatten().collect();
        found.sort_unstable_by_key(|function| function.oid);
        found
    }

    /// What a statement runs because it reads views.
    fn of_views<'i>(&'i self, statement: &Statement, catalog: &Catalog) -> Vec<&'i Function> {
        if self.views.is_empty() {
            return Vec::new();
        }
        let refreshes = statement.effects.contains(&Effect::Other("RefreshMatViewStmt"));
        let views = relations(statement, catalog).filter_map(|relation| self.views.get(&relation.oid));
        let views = views.filter(|view| refreshes || !view.is_materialized);
        let checks = |of: &u32| self.checks_of(*of);
        views.flat_map(|view| view.functions.iter().chain(view.domains.iter().flat_map(checks))).collect()
    }
}

/// What names in a statement can mean, and what that rests on.
pub(crate) fn relations<'c>(
    statement: &'c Statement,
    catalog: &'c Catalog,
) -> impl Iterator<Item = &'c Relation> {
    meant(statement.relations.iter(), statement, catalog)
}

/// The same of these of its relations.
fn meant<'c>(
    used: impl Iterator<Item = &'c RelationUse>,
    statement: &'c Statement,
    catalog: &'c Catalog,
) -> impl Iterator<Item = &'c Relation> {
    let used = used.map(|used| (used.schema.as_deref(), &used.name));
    let names = used.chain(statement.mentions.iter().map(|name| (None, name)));
    let meant = names.flat_map(|(schema, name)| catalog.reached(schema, name));
    meant.flat_map(|relation| catalog.with_underlying(relation))
}

impl Catalog {
    /// Names of the functions that fill columns of a relation which get no value; with `by_types`, those of the types alone.
    pub fn filling(&self, relation: &Relation, by_types: bool) -> impl Iterator<Item = &str> {
        let fills = move |(via, name, function): &(Via, &str, &Function)| match via {
            // What a type fills has the name of its function.
            Via::Default => !by_types || *name == function.name,
            Via::Generated => !by_types,
            _ => false,
        };
        self.implicit().on(relation.oid).filter(fills).map(|(.., function)| function.name.as_str())
    }
}

impl Statement {
    /// Names of the functions that can stand in its plan without its calling them by name: of views, policies of rows and defaults, and behind operators
    /// and types.
    pub fn planned_calls<'c>(&self, catalog: &'c Catalog) -> Vec<&'c str> {
        let implicit = catalog.implicit();
        let hanging = relations(self, catalog).flat_map(|relation| implicit.on(relation.oid));
        let hanging = hanging.filter(|(via, ..)| matches!(via, Via::Default | Via::Policy));
        let functions =
            implicit.of(self, catalog).into_iter().chain(hanging.map(|(_, _, function)| function));
        functions.map(|function| &*function.name).collect()
    }

    /// Names of types in it, each with that of a function which fills columns of the type that get no value.
    pub fn filling_types<'c>(&'c self, catalog: &'c Catalog) -> impl Iterator<Item = (&'c str, &'c str)> {
        catalog.implicit().filling(&self.types).map(|(name, function)| (name, function.name.as_str()))
    }

    /// Whether what it runs by operators, casts, types and views is code for which `is_such`, by its name.
    pub(crate) fn runs_unnamed(&self, catalog: &Catalog, is_such: impl Fn(&str) -> bool) -> bool {
        catalog.implicit().of(self, catalog).into_iter().any(|function| is_such(&function.name))
    }

    /// Names of the functions that it runs by its operators and types, for each of which somebody has to say what it shows.
    pub fn unnamed_calls<'c>(&self, catalog: &'c Catalog) -> Vec<&'c str> {
        match catalog.implicit().is_empty() {
            true => Vec::new(),
            false => catalog.implicit().of_values(self, catalog).iter().map(|called| &*called.name).collect(),
        }
    }
}

#[cfg(test)]
mod tests;
