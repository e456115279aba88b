//! Functions that do not run where they are handed NULL (STRICT), and of which it is seen whether they did.

use super::{Beside, Probe, Probes};
use crate::tree::Tree;

/// Functions of PostgreSQL that are NULL only where what they are given is.
const NULL_KEEPING: [&str; 10] = [
    "char_length",
    "initcap",
    "left",
    "length",
    "replace",
    "reverse",
    "right",
    "substr",
    "to_char",
    "translate",
];

impl Probes<'_> {
    /// What is asked by handing such a function what is NULL for some hidden values, and not for others.
    pub(super) fn runs_for(&self, call: &Tree) -> Option<Probe> {
        let name = call.name("funcname").pop()?;
        if !self.tainted.sensitive.strict.contains(name) {
            return None;
        }
        call.all("args").any(|arg| self.decides_by_null(arg)).then(|| {
            match self.has_others(call, Beside::Columns(call)) {
                true => Probe::Extracts,
                false => Probe::Asks(1),
            }
        })
    }

    /// Whether it can be NULL for a hidden value that is not.
    fn decides_by_null(&self, arg: &Tree) -> bool {
        if !self.is_hidden(arg) {
            return false;
        }
        let mut of = match arg.kind {
            "FuncCall" if NULL_KEEPING.contains(&self.called(arg)) => arg.all("args").collect(),
            "AExpr" if self.postgres(&arg.name("name")) == Some("||") => {
                arg.all("lexpr").chain(arg.all("rexpr")).collect()
            }
            "ColumnRef" => return arg.name("fields").pop().is_some_and(|name| self.is_part(name)),
            _ if !self.is_null_as_column(arg) => return true,
            _ => arg.nodes().collect::<Vec<_>>(),
        }
        .into_iter();
        of.any(|of| self.decides_by_null(of))
    }
}
