//! Functions that do not run where they are handed NULL (STRICT), and of which it is seen whether they did.

use super::{Beside, Probe, Probes};
use crate::constant::{Constant, constant};
use crate::tree::Tree;

/// Functions of PostgreSQL that are NULL only where what they are given is.
const NULL_KEEPING: [&str; 24] = [
    "age",
    "ascii",
    "char_length",
    "character_length",
    "date_part",
    "date_trunc",
    "encode",
    "extract",
    "initcap",
    "left",
    "length",
    "lpad",
    "octet_length",
    "position",
    "regexp_replace",
    "replace",
    "reverse",
    "right",
    "rpad",
    "split_part",
    "strpos",
    "substr",
    "to_char",
    "translate",
];

/// Operators that are.
const NULL_KEEPING_OPERATORS: [&str; 5] = ["*", "+", "-", "/", "||"];

impl Probes<'_> {
    /// What is asked by handing such a function what is NULL for some hidden values, and not for others.
    pub(super) fn runs_for(&self, call: &Tree) -> Option<Probe> {
        let name = call.name("funcname").pop()?;
        self.runs_by(name, &call.all("args").collect::<Vec<_>>(), call)
    }

    /// The same of a function of this name that `tree` calls with these.
    pub(super) fn runs_by(&self, name: &str, args: &[&Tree], tree: &Tree) -> Option<Probe> {
        let is_strict = self.tainted.sensitive.strict.contains(name);
        (is_strict && args.iter().any(|arg| self.decides_by_null(arg))).then(|| {
            match self.has_others(tree, Beside::Columns(tree)) {
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
            "AExpr"
                if self
                    .postgres(&arg.name("name"))
                    .is_some_and(|name| NULL_KEEPING_OPERATORS.contains(&name)) =>
            {
                arg.all("lexpr").chain(arg.all("rexpr")).collect()
            }
            // By numbers, and by no pattern.
            "FuncCall" if self.called(arg) == "substring" && arg.all("args").skip(1).all(is_number) => {
                arg.all("args").collect()
            }
            // A type of somebody's own is asked about as one.
            "TypeCast" => arg.all("arg").collect(),
            "ColumnRef" => return arg.name("fields").pop().is_some_and(|name| self.is_part(name)),
            _ if !self.is_null_as_column(arg) => return true,
            _ => arg.nodes().collect::<Vec<_>>(),
        }
        .into_iter();
        of.any(|of| self.decides_by_null(of))
    }
}

fn is_number(tree: &Tree) -> bool {
    matches!(constant(tree), Some(Constant::Number(_)))
}
