//! A part of the parse tree, kept for a second look: what `walk` tells of it, as values. Knows no node by name.

use serde::Serialize;

use crate::walk::{Visit, WalkError, walk};

/// A node with what it holds. Fields without value are left out.
#[derive(Clone, Debug)]
pub(crate) struct Tree {
    pub(crate) kind: &'static str,
    children: Vec<(&'static str, Child)>,
    place: i64,
}

/// The same, wherever it stands.
impl PartialEq for Tree {
    fn eq(&self, other: &Self) -> bool {
        (self.kind, &self.children) == (other.kind, &other.children)
    }
}

impl Eq for Tree {}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Child {
    Node(Tree),
    Text(String),
    Number(i64),
}

/// Puts a tree together from what is told of it.
struct Builder {
    /// From the outermost node to the innermost that has begun, each with the field that it goes on with.
    open: Vec<(Tree, &'static str)>,
}

impl Visit for Builder {
    fn open(&mut self, kind: &'static str) {
        self.open.push((Tree::new(kind), ""));
    }

    fn field(&mut self, name: &'static str) {
        if let Some((_, field)) = self.open.last_mut() {
            *field = name;
        }
    }

    fn text(&mut self, text: &str) {
        self.add(Child::Text(text.to_owned()));
    }

    fn number(&mut self, number: i64) {
        self.add(Child::Number(number));
    }

    fn close(&mut self) {
        // The outermost stays.
        if 1 < self.open.len()
            && let Some((tree, _)) = self.open.pop()
        {
            self.add(Child::Node(tree));
        }
    }
}

impl Builder {
    fn add(&mut self, child: Child) {
        if let Some((tree, field)) = self.open.last_mut() {
            tree.push(field, child);
        }
    }
}

impl Tree {
    /// All of a parse tree.
    pub(crate) fn of(parsed: &impl Serialize) -> Result<Self, WalkError> {
        let mut builder = Builder { open: vec![(Tree::new(""), "")] };
        walk(parsed, &mut builder)?;
        builder
            .open
            .pop()
            .map(|(tree, _)| tree)
            .ok_or_else(|| WalkError("no node in the parse tree".to_owned()))
    }

    pub(crate) fn new(kind: &'static str) -> Self {
        Tree { kind, children: Vec::new(), place: -1 }
    }

    /// Where it stands in the text, in bytes; less than 0 where nobody says.
    pub(crate) fn place(&self) -> i64 {
        self.place
    }

    /// Adds what was told of `field`.
    pub(crate) fn push(&mut self, field: &'static str, child: Child) {
        if let ("location", Child::Number(place)) = (field, &child) {
            self.place = *place;
        }
        let is_default = match &child {
            Child::Node(_) => false,
            Child::Text(text) => text.is_empty(),
            Child::Number(number) => *number == 0,
        };
        if !is_default
            && !matches!(
                field,
                "location" | "list_start" | "list_end" | "rexpr_list_start" | "rexpr_list_end"
            )
        {
            self.children.push((field, child));
        }
    }

    /// The first node that it holds, alone.
    pub(crate) fn into_first(self) -> Option<Self> {
        let nodes = self.children.into_iter();
        nodes.filter_map(|(_, child)| if let Child::Node(node) = child { Some(node) } else { None }).next()
    }

    /// The first node of this field, alone.
    pub(crate) fn into_field(self, field: &'static str) -> Option<Self> {
        let nodes = self.children.into_iter().filter(|(name, _)| *name == field);
        nodes.filter_map(|(_, child)| if let Child::Node(node) = child { Some(node) } else { None }).next()
    }

    /// All that it holds, in order.
    pub(crate) fn children(&self) -> impl ExactSizeIterator<Item = &(&'static str, Child)> {
        self.children.iter()
    }

    /// The same to be changed.
    pub(crate) fn children_mut(&mut self) -> &mut Vec<(&'static str, Child)> {
        &mut self.children
    }

    pub(crate) fn nodes(&self) -> impl Iterator<Item = &Tree> {
        self.children
            .iter()
            .filter_map(|(_, child)| if let Child::Node(node) = child { Some(node) } else { None })
    }

    /// The nodes of this field, in order.
    pub(crate) fn all<'t>(&'t self, field: &'static str) -> impl Iterator<Item = &'t Tree> {
        self.children.iter().filter_map(move |(name, child)| match child {
            Child::Node(node) if *name == field => Some(node),
            _ => None,
        })
    }

    /// The first node of this field.
    pub(crate) fn one(&self, field: &'static str) -> Option<&Tree> {
        self.all(field).next()
    }

    /// The number in this field; 0 where it has none.
    pub(crate) fn number(&self, field: &str) -> i64 {
        let number = |(name, child): &(&str, Child)| match child {
            Child::Number(number) if *name == field => Some(*number),
            _ => None,
        };
        self.children.iter().find_map(number).unwrap_or_default()
    }

    /// The text in this field; empty where it has none.
    pub(crate) fn text(&self, field: &str) -> &str {
        self.children
            .iter()
            .find_map(|(name, child)| match child {
                Child::Text(text) if *name == field => Some(text.as_str()),
                _ => None,
            })
            .unwrap_or_default()
    }

    /// Whether it has anything in one of these fields.
    pub(crate) fn has(&self, fields: &[&str]) -> bool {
        self.children.iter().any(|(name, _)| fields.contains(name))
    }

    /// The parts of a dotted name in this field: its nodes that are texts.
    pub(crate) fn name(&self, field: &'static str) -> Vec<&str> {
        self.all(field).filter(|node| node.kind == "String").map(|node| node.text("sval")).collect()
    }
}
