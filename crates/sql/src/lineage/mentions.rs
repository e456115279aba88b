//! What an expression takes values from.

use super::documents::{self, Taken, Use};
use crate::tree::Tree;

/// What an expression, or a list of them, takes values from.
#[derive(Clone, Debug, Default)]
pub(super) struct Mentions {
    /// Names of columns, or of relations for their rows.
    pub(super) names: Vec<String>,
    /// `q.name`: a column, or a function of the row `q`.
    pub(super) fields: Vec<(String, String)>,
    /// Names within `count(…)`.
    pub(super) counted: Vec<String>,
    /// Names of functions, whatever they are given.
    pub(super) calls: Vec<String>,
    /// All columns of whatever stands there.
    pub(super) star: bool,
    /// Names of columns of which what is taken is kept as it is, and of which something else is made: where documents are in them, that
    /// can be anything.
    pub(super) kept: Vec<String>,
    pub(super) cut: Vec<String>,
    /// Names without a qualifier that stand where the row of a relation would be written as no document is.
    pub(super) rows: Vec<String>,
    /// Names of columns whose members are taken apart, where documents are in them.
    pub(super) apart: Vec<String>,
    /// Keys by which values are taken out of documents.
    pub(super) keys: Vec<String>,
}

impl Mentions {
    pub(super) fn of(tree: &Tree) -> Self {
        let mut mentions = Mentions::default();
        mentions.take(tree);
        mentions
    }

    /// All columns of something.
    pub(super) fn star() -> Self {
        Mentions { star: true, ..Mentions::default() }
    }

    pub(super) fn take(&mut self, tree: &Tree) {
        self.take_as(tree, Use::Kept);
    }

    /// `how`: what happens to what stands here.
    fn take_as(&mut self, tree: &Tree, how: Use) {
        match tree.kind {
            "ColumnRef" => {
                let mut parts = tree.name("fields");
                if tree.all("fields").any(|field| field.kind == "AStar") {
                    match parts.pop() {
                        Some(relation) => self.names.push(relation.to_owned()),
                        None => self.star = true,
                    }
                } else if let Some(name) = parts.pop() {
                    match how {
                        Use::Kept | Use::InDocument => self.kept.push(name.to_owned()),
                        Use::Cut => self.cut.push(name.to_owned()),
                        Use::Apart => {
                            self.cut.push(name.to_owned());
                            self.apart.push(name.to_owned());
                        }
                        Use::NoDocument => {}
                    }
                    match parts.pop() {
                        Some(qualifier) => self.fields.push((qualifier.to_owned(), name.to_owned())),
                        None => {
                            self.names.push(name.to_owned());
                            if how == Use::Kept {
                                self.rows.push(name.to_owned());
                            }
                        }
                    }
                }
            }
            "FuncCall" => self.take_call(tree, how),
            // `(value).name` can be a call.
            "AIndirection" => {
                self.calls.extend(tree.name("indirection").into_iter().map(str::to_owned));
                self.take_document(tree, how);
            }
            // Whether there is one.
            "NullTest" => {}
            "SubLink"
                if tree.number("sub_link_type") == pg_query::protobuf::SubLinkType::ExistsSublink as i64 => {}
            "SelectStmt" => self.take_select_as(tree, how),
            "AExpr" | "TypeCast" => self.take_document(tree, how),
            kind => {
                self.keys.extend(documents::keys_of_node(tree));
                let how = documents::of_parts(kind, how);
                tree.nodes().for_each(|node| self.take_as(node, how));
            }
        }
    }

    fn take_document(&mut self, tree: &Tree, how: Use) {
        self.take_all(documents::taken(tree, how));
    }

    pub(super) fn take_all(&mut self, taken: Taken<'_>) {
        self.keys.extend(taken.keys);
        taken.from.into_iter().for_each(|(node, how)| self.take_as(node, how));
    }

    fn take_call(&mut self, tree: &Tree, how: Use) {
        let name = tree.name("funcname");
        let is_count = matches!(name.as_slice(), ["count"] | ["pg_catalog", "count"]);
        self.calls.extend(name.last().map(|name| (*name).to_owned()));
        let arguments = tree.all("args").chain(tree.all("agg_order"));
        if is_count {
            let mut counted = Mentions::default();
            arguments.for_each(|argument| counted.take(argument));
            self.counted.extend(counted.names);
            self.counted.extend(counted.fields.into_iter().flat_map(|(qualifier, name)| [qualifier, name]));
            self.counted.extend(counted.counted);
            self.calls.extend(counted.calls);
        } else {
            self.take_all(documents::taken_by_call(tree, how));
        }
    }

    /// The values of a SELECT's result; where its rows come from, and which, is no value.
    pub(super) fn take_select(&mut self, select: &Tree) {
        self.take_select_as(select, Use::Kept);
    }

    fn take_select_as(&mut self, select: &Tree, how: Use) {
        for field in ["target_list", "values_lists", "larg", "rarg"] {
            select.all(field).for_each(|node| self.take_as(node, how));
        }
    }

    pub(super) fn add(&mut self, other: Mentions) {
        self.names.extend(other.names);
        self.fields.extend(other.fields);
        self.counted.extend(other.counted);
        self.calls.extend(other.calls);
        self.star |= other.star;
        self.kept.extend(other.kept);
        self.cut.extend(other.cut);
        self.rows.extend(other.rows);
        self.apart.extend(other.apart);
        self.keys.extend(other.keys);
    }
}
