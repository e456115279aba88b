//! What flows into each column of a query, also where `*` stands for them.

use std::collections::HashSet;

use super::documents::member_columns;
use super::flows::defined;
use super::mentions::Mentions;
use super::results::{branches, has_star, is_plain_star, is_star, names, result_names, results};
use super::spills::{Spills, Taken, is_plain, rows_of};
use crate::tree::Tree;

/// Most columns that are told apart: what PostgreSQL has room for in a target list (htup_details.h, `MaxTupleAttributeNumber`).
const COLUMNS_MAX: usize = 1_664;

/// What flows into the columns of a query.
pub(super) struct Sources {
    pub(super) columns: Vec<Taken>,
    /// Each stands at its place. Otherwise some stand for more columns, or for fewer.
    pub(super) are_placed: bool,
}

/// What a name can mean in a FROM, besides a relation.
#[derive(Clone, Default)]
struct Scope<'t> {
    /// Queries of WITH, the nearest last.
    common: Vec<&'t Tree>,
    /// Those within which this stands.
    open: Vec<&'t str>,
}

impl<'t> Scope<'t> {
    /// The same within a statement that begins with this WITH.
    fn within(&self, clause: Option<&'t Tree>) -> Self {
        let mut scope = self.clone();
        scope.common.extend(clause.into_iter().flat_map(|clause| clause.all("ctes")));
        scope
    }

    fn find(&self, name: &str) -> Option<&'t Tree> {
        self.common.iter().rev().find(|one| one.text("ctename") == name).copied()
    }
}

impl Spills<'_, '_> {
    /// What flows into each column of a query; `None` where nobody can tell which columns there are.
    pub(super) fn sources(&self, query: &Tree) -> Option<Vec<Taken>> {
        let sources = self.sources_within(None, query)?;
        sources.are_placed.then_some(sources.columns)
    }

    /// The same of a query within a statement that begins with this WITH; `None` where what flows there could be anything.
    pub(super) fn sources_within(&self, around: Option<&Tree>, query: &Tree) -> Option<Sources> {
        self.of_query(query, &Scope::default().within(around))
    }

    fn of_query<'t>(&self, query: &'t Tree, scope: &Scope<'t>) -> Option<Sources> {
        if query.kind != "SelectStmt" {
            return None;
        }
        if !has_star(query) {
            return Some(Sources { columns: self.told(query), are_placed: true });
        }
        let scope = scope.within(query.one("with_clause"));
        if let (Some(first), Some(second)) = (query.one("larg"), query.one("rarg")) {
            return Some(together(self.of_query(first, &scope)?, self.of_query(second, &scope)?));
        }
        let mut sources = Sources { columns: Vec::new(), are_placed: true };
        for target in results(query) {
            match (is_star(target), is_plain_star(target)) {
                (false, _) => sources.columns.push(self.of_target(target)),
                (true, true) => sources.add(self.of_star(target, query, &scope)?)?,
                (true, false) => return None,
            }
        }
        Some(sources)
    }

    /// Of a query without stars.
    fn told(&self, query: &Tree) -> Vec<Taken> {
        let mut names = Vec::new();
        result_names(query, &mut names);
        let is_simple = query.one("larg").is_none() && query.one("values_lists").is_none();
        let mut plain = results(query).into_iter().map(is_plain);
        let mut whole = results(query).into_iter().map(|target| self.is_whole(target));
        let mut names = names.into_iter();
        let source = |from| Taken {
            from,
            names: names.next().unwrap_or_default(),
            is_plain: plain.next().unwrap_or_default() && is_simple,
            is_whole: whole.next().unwrap_or_default() && is_simple,
        };
        branches(query).into_iter().map(source).collect()
    }

    fn of_target(&self, target: &Tree) -> Taken {
        Taken {
            from: Mentions::of(target),
            names: names(target),
            is_plain: is_plain(target),
            is_whole: self.is_whole(target),
        }
    }

    /// Of `*`, or of `alias.*`.
    fn of_star<'t>(&self, target: &Tree, query: &'t Tree, scope: &Scope<'t>) -> Option<Sources> {
        let qualifier = target.one("val").and_then(|value| value.name("fields").pop());
        if let Some(name) = qualifier {
            let mut items = Vec::new();
            query.all("from_clause").for_each(|item| unjoined(item, &mut items));
            return self.of_item(items.into_iter().find(|item| called(item) == Some(name))?, scope);
        }
        let mut sources = Sources { columns: Vec::new(), are_placed: true };
        for item in query.all("from_clause") {
            sources.add(self.of_item(item, scope)?)?;
        }
        Some(sources)
    }

    /// Of what stands in a FROM.
    fn of_item<'t>(&self, item: &'t Tree, scope: &Scope<'t>) -> Option<Sources> {
        let alias = item.one("alias");
        let given: Vec<&str> = alias.map(|alias| alias.name("colnames")).unwrap_or_default();
        let sources = match item.kind {
            "RangeVar" => self.of_relation(item, scope)?,
            "RangeSubselect" => self.of_query(item.one("subquery")?, scope)?.seen_around(),
            "JoinExpr" if alias.is_none() => {
                let mut both = self.of_item(item.one("larg")?, scope)?;
                both.add(self.of_item(item.one("rarg")?, scope)?)?;
                // Columns that have the same name stand there once.
                both.are_placed &= item.number("is_natural") == 0 && !item.has(&["using_clause"]);
                both
            }
            "RangeFunction" => return Some(of_function(item, &self.tainted.sensitive.own_names)),
            _ => return None,
        };
        Some(sources.called(given))
    }

    fn of_relation<'t>(&self, relation: &'t Tree, scope: &Scope<'t>) -> Option<Sources> {
        let name = relation.text("relname");
        let common = scope.find(name).filter(|_| relation.text("schemaname").is_empty());
        let of = match common {
            Some(one) if scope.open.contains(&name) || one.has(&["search_clause", "cycle_clause"]) => {
                return None;
            }
            Some(one) => {
                let query = one.one("ctequery")?;
                match rows_of(query) {
                    // Rows of DELETE … RETURNING * and the like, as they are.
                    Some(of)
                        if !one.has(&["aliascolnames"])
                            && scope.find(of).is_none_or(|of| std::ptr::eq(of, one)) =>
                    {
                        of
                    }
                    _ => {
                        let mut scope = scope.clone();
                        scope.open.push(name);
                        let sources = self.of_query(query, &scope)?.seen_around();
                        return Some(sources.called(one.name("aliascolnames")));
                    }
                }
            }
            None => name,
        };
        let row = self.tainted.sensitive.rows.get(of)?;
        Some(Sources { columns: row.iter().map(|name| Taken::column(name)).collect(), are_placed: true })
    }
}

impl Sources {
    /// Those of something that stands behind it; `None` where there are too many.
    fn add(&mut self, other: Sources) -> Option<()> {
        self.columns.extend(other.columns);
        self.are_placed &= other.are_placed;
        (self.columns.len() <= COLUMNS_MAX).then_some(())
    }

    /// The first of them have these names.
    fn called(mut self, names: Vec<&str>) -> Self {
        for (taken, name) in self.columns.iter_mut().zip(names) {
            taken.rename(vec![name.to_owned()]);
        }
        self
    }

    /// The same as a query around it sees it: by its names, too, where these are not what it is made of.
    fn seen_around(mut self) -> Self {
        for taken in self.columns.iter_mut().filter(|taken| !taken.is_plain) {
            let names = std::mem::take(&mut taken.names);
            taken.rename(names);
        }
        self
    }
}

/// What the parts of UNION and the like give, put one above the other.
fn together(first: Sources, second: Sources) -> Sources {
    let are_placed = first.are_placed && second.are_placed && first.columns.len() == second.columns.len();
    let mut columns = first.columns;
    match are_placed {
        true => {
            for (taken, other) in columns.iter_mut().zip(second.columns) {
                taken.from.add(other.from);
                (taken.is_plain, taken.is_whole) = (false, false);
            }
        }
        false => columns.extend(second.columns),
    }
    Sources { columns, are_placed }
}

/// Of functions: each of their columns is made of all that they are given.
fn of_function(item: &Tree, own_names: &HashSet<String>) -> Sources {
    let mut from = Mentions::default();
    item.nodes().for_each(|node| from.take(node));
    let column = |mut from: Mentions, alias: &str, name: &str| {
        from.names
            .extend([alias, name].iter().filter(|name| !name.is_empty()).map(|name| (*name).to_owned()));
        Taken { from, names: vec![name.to_owned()], is_plain: false, is_whole: false }
    };
    let (alias, names) = match item.one("alias") {
        Some(alias) => (alias.text("aliasname"), alias.name("colnames")),
        None => ("", Vec::new()),
    };
    if let Some(columns) = member_columns(item) {
        let of = |(name, taken)| {
            let mut from = Mentions::default();
            from.take_all(taken);
            column(from, alias, name)
        };
        return Sources { columns: columns.into_iter().map(of).collect(), are_placed: true };
    }
    let is_one = item.all("functions").count() == 1 && item.number("ordinality") == 0;
    let mut told = Vec::new();
    defined(item, &mut told);
    if is_one && !told.is_empty() {
        let columns = told.into_iter().map(|name| column(from.clone(), alias, name)).collect();
        return Sources { columns, are_placed: true };
    }
    let arrays = unnested(item, own_names)
        .filter(|arrays| is_one && (names.is_empty() || names.len() == arrays.len()));
    if let Some(arrays) = arrays {
        let mut names = names.into_iter();
        let of = |array| column(Mentions::of(array), alias, names.next().unwrap_or_default());
        return Sources { columns: arrays.into_iter().map(of).collect(), are_placed: true };
    }
    // As many as they give, which nobody says.
    from.names.extend(names.into_iter().map(str::to_owned));
    Sources { columns: vec![column(from, alias, "")], are_placed: false }
}

/// Types of PostgreSQL's that the grammar has no word for, and which are no rows.
const SCALARS: [&str; 7] = ["bytea", "date", "json", "jsonb", "text", "timestamptz", "uuid"];

/// What a call of PostgreSQL's `unnest` is given, where each is an array of values that are no rows: it gives a column for each.
fn unnested<'t>(item: &'t Tree, own_names: &HashSet<String>) -> Option<Vec<&'t Tree>> {
    let call = item.all("functions").next().and_then(|function| function.nodes().next())?;
    let is_own = |name: &str| own_names.contains(name);
    let is_unnest = match call.name("funcname").as_slice() {
        ["pg_catalog", "unnest"] => true,
        ["unnest"] => !is_own("unnest"),
        _ => false,
    };
    let is_of_values = |array: &&Tree| {
        let of = array.one("type_name").filter(|of| array.kind == "TypeCast" && of.has(&["array_bounds"]));
        of.is_some_and(|of| match of.name("names").as_slice() {
            ["pg_catalog", _] => true,
            [name] => SCALARS.contains(name) && !is_own(name),
            _ => false,
        })
    };
    let arrays: Vec<&Tree> = call.all("args").collect();
    (call.kind == "FuncCall" && is_unnest && arrays.iter().all(is_of_values)).then_some(arrays)
}

/// The items that a join joins, but for one that hides their names.
fn unjoined<'t>(item: &'t Tree, into: &mut Vec<&'t Tree>) {
    match item.kind {
        "JoinExpr" if !item.has(&["alias"]) => {
            item.all("larg").chain(item.all("rarg")).for_each(|item| unjoined(item, into));
        }
        _ => into.push(item),
    }
}

/// What an item of a FROM is called.
fn called(item: &Tree) -> Option<&str> {
    match item.one("alias") {
        Some(alias) => Some(alias.text("aliasname")),
        None => (item.kind == "RangeVar").then(|| item.text("relname")),
    }
}
