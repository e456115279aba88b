//! What an expression takes values from.

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
        match tree.kind {
            "ColumnRef" => {
                let mut parts = tree.name("fields");
                if tree.all("fields").any(|field| field.kind == "AStar") {
                    match parts.pop() {
                        Some(relation) => self.names.push(relation.to_owned()),
                        None => self.star = true,
                    }
                } else if let Some(name) = parts.pop() {
                    match parts.pop() {
                        Some(qualifier) => self.fields.push((qualifier.to_owned(), name.to_owned())),
                        None => self.names.push(name.to_owned()),
                    }
                }
            }
            "FuncCall" => {
                let name = tree.name("funcname");
                let is_count = matches!(name.as_slice(), ["count"] | ["pg_catalog", "count"]);
                self.calls.extend(name.last().map(|name| (*name).to_owned()));
                let arguments = tree.all("args").chain(tree.all("agg_order"));
                if is_count {
                    let mut counted = Mentions::default();
                    arguments.for_each(|argument| counted.take(argument));
                    self.counted.extend(counted.names);
                    self.counted
                        .extend(counted.fields.into_iter().flat_map(|(qualifier, name)| [qualifier, name]));
                    self.counted.extend(counted.counted);
                    self.calls.extend(counted.calls);
                } else {
                    arguments.for_each(|argument| self.take(argument));
                }
            }
            // `(value).name` can be a call.
            "AIndirection" => {
                self.calls.extend(tree.name("indirection").into_iter().map(str::to_owned));
                tree.nodes().for_each(|node| self.take(node));
            }
            // Whether there is one.
            "NullTest" => {}
            "SubLink"
                if tree.number("sub_link_type") == pg_query::protobuf::SubLinkType::ExistsSublink as i64 => {}
            "SelectStmt" => self.take_select(tree),
            _ => tree.nodes().for_each(|node| self.take(node)),
        }
    }

    /// The values of a SELECT's result; where its rows come from, and which, is no value.
    pub(super) fn take_select(&mut self, select: &Tree) {
        for field in ["target_list", "values_lists", "larg", "rarg"] {
            select.all(field).for_each(|node| self.take(node));
        }
    }

    pub(super) fn add(&mut self, other: Mentions) {
        self.names.extend(other.names);
        self.fields.extend(other.fields);
        self.counted.extend(other.counted);
        self.calls.extend(other.calls);
        self.star |= other.star;
    }
}
