//! What takes up as much as a value says, and not only as much as the value itself: that is read off the relation that keeps it.

use super::{Beside, Probes, failing};
use crate::constant::{Constant, constant};
use crate::plain::uncast;
use crate::tree::Tree;

/// Functions that make a value as long as they are told.
const SIZED_FUNCTIONS: [&str; 4] = ["array_fill", "lpad", "repeat", "rpad"];

/// How long a text is that is no longer than a letter.
const SHORT_BYTES: usize = 4;

/// Functions that say how long a text is.
pub(super) const LENGTH_FUNCTIONS: [&str; 3] = ["char_length", "character_length", "length"];

/// Functions that say where in a text something is.
pub(super) const PLACE_FUNCTIONS: [&str; 2] = ["position", "strpos"];

/// Functions that cut something out, with the first argument that says where.
const CUTTING: [(&str, usize); 6] =
    [("left", 1), ("overlay", 2), ("right", 1), ("substr", 1), ("substring", 1), ("trim_array", 1)];

/// Functions that take away from their first argument what the others say, or pick something out of it.
const REPLACING: [&str; 10] = [
    "array_remove",
    "array_replace",
    "btrim",
    "ltrim",
    "regexp_replace",
    "regexp_substr",
    "replace",
    "rtrim",
    "split_part",
    "translate",
];

/// How long a constant is that tells nothing by being there or not.
const USUAL_BYTES: usize = 64;

impl Probes<'_> {
    /// Whether what a function makes is as long as a value says.
    pub(super) fn is_sized(&self, call: &Tree) -> bool {
        let name = call.name("funcname").pop().unwrap_or_default();
        let args: Vec<&Tree> = call.all("args").collect();
        let Some((first, others)) = args.split_first() else { return false };
        let hidden = |from: usize| args.iter().skip(from).filter(|arg| self.is_hidden(arg));
        if SIZED_FUNCTIONS.contains(&name) {
            return others.first().is_some_and(|length| {
                let is_own = name != "array_fill" && is_short(name, first) && self.is_length(length);
                !is_own && (self.is_sensitive(length) || self.has_part(length))
            });
        }
        if let Some((_, from)) = CUTTING.iter().find(|(cutting, _)| *cutting == name) {
            return match self.is_own(first) {
                true => hidden(*from).any(|by| !self.is_place(by)),
                false => hidden(*from).next().is_some(),
            };
        }
        match name {
            "gen_random_bytes" => self.is_hidden(first),
            "format" => match constant(first) {
                Some(Constant::Text(text)) => text.contains('*') && hidden(1).next().is_some(),
                _ => hidden(1).any(|arg| !failing::is_bare(arg)),
            },
            _ if REPLACING.contains(&name) => match self.is_own(first) {
                true => others.iter().any(|with| self.is_large(with)),
                false => hidden(1).any(|by| !failing::is_bare(by) || self.has_part(by)),
            },
            _ => false,
        }
    }

    /// Whether elements are taken that a value says, out of something else. `set`: it is what is set.
    pub(super) fn is_picked(&self, tree: &Tree) -> bool {
        let arg = tree.one("arg");
        let is_told = |elements: &Tree| {
            ["lidx", "uidx"].into_iter().filter_map(|at| elements.one(at)).any(|at| self.is_hidden(at))
        };
        let is_slice = |elements: &Tree| elements.number("is_slice") != 0;
        let is_listed = arg.is_some_and(|arg| arg.kind == "AArrayExpr" && !self.is_large(arg));
        tree.all("indirection").any(|elements| is_told(elements) && (is_slice(elements) || !is_listed))
            && !arg.is_some_and(|arg| self.is_own(arg))
    }

    /// Whether it is made of a value, and of nothing that is much longer.
    fn is_own(&self, tree: &Tree) -> bool {
        self.is_hidden(tree) && !self.is_large(tree) && !self.has_others(tree, Beside::Columns(tree))
    }

    /// Whether it says of a value no more than where something is in it, and how long it is.
    fn is_place(&self, tree: &Tree) -> bool {
        let tree = uncast(tree);
        let is_one_of = |names: &[&str]| names.contains(&self.called(tree));
        match tree.kind {
            "FuncCall" if is_one_of(&LENGTH_FUNCTIONS) || is_one_of(&PLACE_FUNCTIONS) => true,
            "AExpr" if matches!(tree.name("name")[..], ["+" | "-" | "*" | "/"]) => ["lexpr", "rexpr"]
                .into_iter()
                .filter_map(|side| tree.one(side))
                .all(|side| self.is_place(side)),
            "MinMaxExpr" => tree.all("args").all(|arg| self.is_place(arg)),
            _ => !self.is_hidden(tree),
        }
    }

    /// Whether something is in it that is much longer than values are.
    fn is_large(&self, tree: &Tree) -> bool {
        let name = tree.name("funcname").pop().unwrap_or_default();
        let is_made = tree.kind == "FuncCall" && SIZED_FUNCTIONS.contains(&name) && {
            let mut args = tree.all("args");
            let (first, length) = (args.next(), args.next());
            let is_usual =
                |length: &Tree| matches!(constant(length), Some(Constant::Number(number)) if number <= 64.0);
            name == "array_fill"
                || !first.is_some_and(|first| is_short(name, first))
                || !length.is_some_and(|length| self.is_length(length) || is_usual(length))
        };
        let is_long = matches!(constant(tree), Some(Constant::Text(text)) if USUAL_BYTES < text.len());
        is_made || is_long || tree.nodes().any(|node| self.is_large(node))
    }

    /// Whether it is how long a text is, or differs from that by a constant.
    fn is_length(&self, tree: &Tree) -> bool {
        let is_constant = |tree: &Tree| constant(tree).is_some();
        let tree = uncast(tree);
        match tree.kind {
            "FuncCall" => LENGTH_FUNCTIONS.contains(&self.called(tree)),
            "AExpr" => {
                let [left, right] = ["lexpr", "rexpr"].map(|side| tree.one(side));
                matches!(tree.name("name")[..], ["+" | "-"])
                    && left.is_some_and(|left| self.is_length(left))
                    && right.is_some_and(is_constant)
            }
            "MinMaxExpr" => tree.all("args").all(|arg| self.is_length(arg) || is_constant(arg)),
            _ => false,
        }
    }
}

fn is_short(name: &str, text: &Tree) -> bool {
    name != "repeat" || matches!(constant(text), Some(Constant::Text(text)) if text.len() <= SHORT_BYTES)
}
