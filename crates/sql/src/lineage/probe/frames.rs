//! Frames of windows that end so far from a value: which rows are in one tells how far the values are apart.

use super::Probes;
use crate::tree::Tree;

/// A frame ends by a distance of values (parsenodes.h, `FRAMEOPTION_RANGE`).
const RANGE: i64 = 0x2;

impl Probes<'_> {
    /// Whether a window, or one of a query whose windows begin with others of it, has a frame that a distance between hidden values ends.
    pub(super) fn tells_distances(&self, tree: &Tree) -> bool {
        match tree.kind {
            "WindowDef" => ends_by_distance(tree) && self.sorts_by_hidden(tree),
            "SelectStmt" => {
                tree.all("window_clause").any(|window| self.sorts_by_hidden(window))
                    && tree.nodes().any(has_borrowed)
            }
            _ => false,
        }
    }

    pub(super) fn sorts_by_hidden(&self, window: &Tree) -> bool {
        window.all("order_clause").any(|by| self.is_hidden(by))
    }
}

fn ends_by_distance(window: &Tree) -> bool {
    window.number("frame_options") & RANGE != 0 && window.has(&["start_offset", "end_offset"])
}

/// Whether a window takes its order from another, and has such a frame.
fn has_borrowed(tree: &Tree) -> bool {
    tree.kind == "WindowDef" && tree.has(&["refname"]) && ends_by_distance(tree)
        || tree.nodes().any(has_borrowed)
}
