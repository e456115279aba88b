//! Which columns of a result can show values of sensitive columns. Values flow by name: from a column into the expressions that name
//! it, from an expression into the name that it is given, from what stands in FROM into its alias. A name that a value flows into
//! anywhere in the statement counts everywhere in it, so that no scope has to be understood to be sure.

use std::collections::{HashMap, HashSet};

mod flows;
mod mentions;
mod outputs;
mod probe;
mod results;
mod spills;
mod tainted;

use self::flows::Flows;
use self::outputs::Outputs;
pub use self::probe::{Probe, probes};
pub use self::spills::{Origin, Rename, Spill, Spilled, new_name, rename, spills};
use crate::read::tree;
use crate::tree::Tree;

/// What of a statement's relations is sensitive.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sensitive {
    /// Names of the columns.
    pub columns: HashSet<String>,
    /// Names of the relations that have some.
    pub relations: HashSet<String>,
    /// Names of all columns that the statement can mean, besides those that each table has. What else stands after a dot is a call.
    pub known: HashSet<String>,
    /// Names of functions that give back something sensitive, or nobody knows what.
    pub functions: HashSet<String>,
    /// What `*` stands for, by the name of a relation that can mean only one: its columns in order.
    pub rows: HashMap<String, Vec<String>>,
    /// Somebody has a function of the name `count`.
    pub has_own_count: bool,
}

/// Which columns of one statement's result can show something sensitive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lineage {
    /// Each can.
    All,
    /// Those of which this is true, in the order of the result.
    Columns(Vec<bool>),
    /// Those that have one of these names.
    Names(HashSet<String>),
}

impl Lineage {
    /// Whether the column at `index` of `len`, which has this name, can show something sensitive.
    pub fn is_sensitive(&self, index: usize, len: usize, name: &str) -> bool {
        match self {
            Lineage::All => true,
            Lineage::Columns(columns) if columns.len() == len => columns.get(index).copied().unwrap_or(true),
            // The text is not what was run.
            Lineage::Columns(_) => true,
            Lineage::Names(names) => names.contains(name),
        }
    }
}

/// Traces the result of `text`, which is one statement. Call it on a thread with [`READ_STACK_BYTES`](crate::READ_STACK_BYTES) of
/// stack.
pub fn lineage(text: &str, sensitive: &Sensitive) -> Lineage {
    let Ok(parsed) = tree(text) else { return Lineage::All };
    let [raw] = parsed.protobuf.stmts.as_slice() else { return Lineage::All };
    let Ok(root) = Tree::of(&raw.stmt) else { return Lineage::All };
    let Some(statement) = root.nodes().next() else { return Lineage::All };
    let mut flows = Flows::default();
    flows.visit(statement);
    let tainted = flows.follow(sensitive);
    let outputs = Outputs::of(statement);
    tainted.lineage(&outputs)
}

#[cfg(test)]
mod tests;
