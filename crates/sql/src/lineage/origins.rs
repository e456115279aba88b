//! Of which relation of a statement a column is, as far as its name tells: whoever compares a part of a value with a column of something
//! else compares it with all that is there.

use std::collections::{HashMap, HashSet};

use super::Sensitive;
use super::probe::ONE_COLUMN_FUNCTIONS;
use super::results::alias_names;
use crate::tree::Tree;

/// Where names of columns come from in a statement.
#[derive(Default)]
pub(super) struct Origins {
    /// Relations that it reads or writes, each as often as it stands there.
    relations: Vec<String>,
    /// What relations are called: `None` for what is not only one of them.
    aliases: HashMap<String, Option<String>>,
    /// Names that it gives to columns of its own.
    given: HashSet<String>,
    /// Names of queries in front of it.
    queries: HashSet<String>,
    /// It reads something whose columns have names that only that knows.
    has_unnamed: bool,
}

impl Origins {
    pub(super) fn of<'t>(all: impl IntoIterator<Item = &'t Tree>) -> Self {
        let mut origins = Origins::default();
        all.into_iter().for_each(|tree| origins.visit(tree));
        origins
    }

    fn visit(&mut self, tree: &Tree) {
        match tree.kind {
            "RangeVar" => {
                let relation = tree.text("relname").to_owned();
                let alias = tree.one("alias").map(alias_names).unwrap_or_else(|| vec![relation.clone()]);
                self.given.extend(alias.iter().skip(1).cloned());
                self.call(alias.into_iter().next().unwrap_or_default(), Some(relation.clone()));
                self.relations.push(relation);
            }
            "RangeSubselect" | "JoinExpr" => {
                let aliases = tree.all("alias").chain(tree.all("join_using_alias"));
                for alias in aliases.map(alias_names) {
                    self.given.extend(alias.iter().skip(1).cloned());
                    self.call(alias.into_iter().next().unwrap_or_default(), None);
                }
            }
            "RangeFunction" | "RangeTableFunc" | "JsonTable" => {
                let alias = tree.one("alias").map(alias_names).unwrap_or_default();
                let calls = tree.all("functions").flat_map(|list| list.all("items"));
                let calls: Vec<&str> = calls.filter_map(|call| call.name("funcname").pop()).collect();
                let is_told = tree.has(&["coldeflist"])
                    || !calls.is_empty() && calls.iter().all(|name| ONE_COLUMN_FUNCTIONS.contains(name));
                self.has_unnamed |= !is_told;
                self.given.extend(calls.into_iter().map(str::to_owned));
                self.given.extend(tree.all("coldeflist").map(|column| column.text("colname").to_owned()));
                self.given.extend(alias.iter().cloned());
                alias.into_iter().take(1).for_each(|alias| self.call(alias, None));
            }
            "CommonTableExpr" => {
                self.queries.insert(tree.text("ctename").to_owned());
                self.given.extend(tree.name("aliascolnames").into_iter().map(str::to_owned));
            }
            "ResTarget" => {
                let value = tree.one("val").filter(|value| value.kind == "ColumnRef");
                let is_itself =
                    value.is_some_and(|value| value.name("fields").pop() == Some(tree.text("name")));
                self.given
                    .extend(Some(tree.text("name").to_owned()).filter(|name| !name.is_empty() && !is_itself));
            }
            _ => {}
        }
        tree.nodes().for_each(|node| self.visit(node));
    }

    fn call(&mut self, alias: String, relation: Option<String>) {
        let known = self.aliases.entry(alias).or_insert_with(|| relation.clone());
        if *known != relation {
            *known = None;
        }
    }

    /// Whether the statement gives this name to a column of its own.
    pub(super) fn gives(&self, name: &str) -> bool {
        self.given.contains(name)
    }

    /// The relation that this column is of, where that is told.
    pub(super) fn relation<'o>(&'o self, column: &Tree, sensitive: &Sensitive) -> Option<&'o str> {
        let mut fields = column.name("fields");
        let name = fields.pop()?;
        let relation = match fields.pop() {
            Some(qualifier) => self.aliases.get(qualifier)?.as_deref(),
            None => {
                let has = |relation: &&String| match sensitive.rows.get(*relation) {
                    Some(columns) => columns.iter().any(|column| column == name),
                    // What it has is not known.
                    None => true,
                };
                let is_given = self.has_unnamed || self.given.contains(name);
                let mut having = self.relations.iter().filter(has).filter(|_| !is_given);
                match (having.next(), having.next()) {
                    (Some(relation), None) => Some(relation.as_str()),
                    _ => None,
                }
            }
        };
        relation.filter(|relation| !self.queries.contains(*relation))
    }

    /// Whether both columns are of one row of one relation, as far as that is told.
    pub(super) fn are_beside(&self, one: &Tree, other: &Tree, sensitive: &Sensitive) -> bool {
        let (of_one, of_other) = (one.name("fields"), other.name("fields"));
        let qualifier = |fields: &[&str]| {
            fields.len().checked_sub(2).and_then(|at| fields.get(at).map(|it| (*it).to_owned()))
        };
        match (qualifier(&of_one), qualifier(&of_other)) {
            (Some(one), Some(other)) => one == other,
            _ => {
                let relation = self.relation(one, sensitive);
                relation.is_some() && relation == self.relation(other, sensitive)
            }
        }
    }
}
