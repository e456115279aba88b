//! What PostgreSQL's analysis of a statement says: its commands, relations, columns and functions, by their numbers.

use std::collections::BTreeSet;

use super::node::Node;

/// Columns are counted from this in sets of them (FirstLowInvalidHeapAttributeNumber).
const FIRST_COLUMN: i64 = -7;

#[derive(Debug, Default)]
pub(crate) struct Analysed {
    /// `commandType` of the statement and of what is in it.
    pub(crate) commands: Vec<u32>,
    pub(crate) relations: Vec<Used>,
    /// Functions that are called by their names.
    pub(crate) functions: BTreeSet<u32>,
}

/// A relation in FROM, or the target of a write.
#[derive(Debug)]
pub(crate) struct Used {
    pub(crate) oid: u32,
    pub(crate) is_written: bool,
    pub(crate) columns_read: Vec<i64>,
    pub(crate) columns_written: Vec<i64>,
}

impl Analysed {
    pub(crate) fn of(tree: &Node) -> Self {
        let mut analysed = Analysed::default();
        tree.visit(&mut |name, node| match name {
            "QUERY" => analysed.query(node),
            // A cast or an operator calls one too, without its name.
            "FUNCEXPR" if matches!(node.number("funcformat"), Some(0 | 3)) => {
                analysed.functions.extend(node.number("funcid"));
            }
            "AGGREF" => analysed.functions.extend(node.number("aggfnoid")),
            "WINDOWFUNC" => analysed.functions.extend(node.number("winfnoid")),
            _ => {}
        });
        analysed
    }

    /// The numbers of the relations.
    pub(crate) fn oids(&self) -> impl Iterator<Item = u32> {
        self.relations.iter().map(|used| used.oid)
    }

    fn query(&mut self, query: &Node) {
        self.commands.extend(query.number("commandType"));
        let target = query.number("resultRelation").unwrap_or_default();
        for (index, entry) in (1..).zip(query.list("rtable")) {
            // RTE_RELATION.
            let (Some(0), Some(oid)) = (entry.number("rtekind"), entry.number("relid")) else { continue };
            // `excluded` of ON CONFLICT is the row that could not be inserted.
            if matches!(entry.field("relkind"), Some(Node::Word(kind)) if kind == "c") {
                continue;
            }
            let columns =
                |set| entry.set(set).iter().map(|member| i64::from(*member) + FIRST_COLUMN).collect();
            let mut columns_written: Vec<i64> = columns("insertedCols");
            let updated: Vec<i64> = columns("updatedCols");
            columns_written.extend(updated);
            self.relations.push(Used {
                oid,
                is_written: index == target,
                columns_read: columns("selectedCols"),
                columns_written,
            });
        }
    }
}
