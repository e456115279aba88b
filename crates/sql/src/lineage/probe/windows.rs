//! Functions over windows that hidden values sort, and that give what other rows have: with rows of one's own among them, that says between which of
//! these a value is.

use super::{Beside, Probe, Probes, QUESTIONS_MAX};
use crate::tree::Tree;

impl Probes<'_> {
    /// What a call tells whose own window is sorted so: as much as many questions.
    pub(super) fn tells_rows(&self, call: &Tree) -> Option<Probe> {
        let is_sorted = call.one("over").is_some_and(|window| self.sorts_by_hidden(window));
        (is_sorted && self.gives_of_rows(call)).then_some(Probe::Asks(QUESTIONS_MAX))
    }

    /// The same of calls whose window has its order from one that the query names.
    pub(super) fn tells_rows_in_windows(&self, select: &Tree) -> Option<Probe> {
        if !select.has(&["window_clause"]) {
            return None;
        }
        let mut names: Vec<&str> = Vec::new();
        for window in select.all("window_clause") {
            if self.sorts_by_hidden(window) || names.contains(&window.text("refname")) {
                names.push(window.text("name"));
            }
        }
        let tells = !names.is_empty() && select.nodes().any(|node| self.has_call_over(node, &names));
        tells.then_some(Probe::Asks(QUESTIONS_MAX))
    }

    fn has_call_over(&self, tree: &Tree, names: &[&str]) -> bool {
        let is_over = |window: &Tree| {
            ["name", "refname"].iter().any(|field| {
                let name = window.text(field);
                !name.is_empty() && names.contains(&name)
            })
        };
        tree.kind == "FuncCall" && tree.one("over").is_some_and(is_over) && self.gives_of_rows(tree)
            || tree.nodes().any(|node| self.has_call_over(node, names))
    }

    /// Whether what it gives is told by something of other rows that is not hidden.
    fn gives_of_rows(&self, call: &Tree) -> bool {
        let has_some = |arg: &Tree| self.has_others(arg, Beside::Nothing) || arg.kind == "SubLink";
        call.has(&["agg_filter"]) || call.all("args").any(has_some)
    }
}
