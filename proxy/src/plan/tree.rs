//! A plan as it is shown: what is done to which tables, with how many rows and at which cost. Nothing else is taken of what the database
//! says: conditions have values in them.

use std::fmt::Write as _;

use serde_json::Value;

/// Most nodes that are shown.
const NODES_MAX: usize = 100;

/// Deepest that they are.
const DEPTH_MAX: usize = 30;

/// How a database would run a statement.
#[derive(Debug, PartialEq)]
pub(crate) struct Plan {
    /// For whichever values its parameters have.
    pub(crate) is_generic: bool,
    pub(crate) root: Node,
}

/// One step.
#[derive(Debug, PartialEq)]
pub(crate) struct Node {
    /// As PostgreSQL calls it, such as `Seq Scan` or `Delete`.
    pub(crate) what: String,
    /// The relation that it is about; empty where it is about none.
    pub(crate) relation: String,
    /// How many come of it; of a change of rows none do.
    pub(crate) rows: f64,
    /// In PostgreSQL's own unit.
    pub(crate) cost: f64,
    pub(crate) below: Vec<Node>,
    /// It runs beside what is above it, which takes rows of others.
    is_beside: bool,
    changes_rows: bool,
}

impl Plan {
    /// By what `EXPLAIN (FORMAT JSON)` says; `None` where that is no plan, or too large.
    pub(super) fn read(json: &str, is_generic: bool) -> Option<Self> {
        let said: Value = serde_json::from_str(json).ok()?;
        let [one] = said.as_array()?.as_slice() else { return None };
        let root = Node::read(one.get("Plan")?, DEPTH_MAX, &mut 0)?;
        Some(Plan { is_generic, root })
    }

    /// How many rows it returns or changes.
    pub(crate) fn rows(&self) -> f64 {
        match self.root.changes_rows {
            false => self.root.rows,
            true => self.root.below.iter().filter(|node| !node.is_beside).map(|node| node.rows).sum(),
        }
    }

    /// A step a line, each within what takes its rows.
    pub(crate) fn lines(&self) -> String {
        let mut lines = String::new();
        self.root.write(0, &mut lines);
        lines.trim_end().to_owned()
    }
}

impl Node {
    fn read(said: &Value, depth: usize, count: &mut usize) -> Option<Self> {
        *count += 1;
        if depth == 0 || NODES_MAX < *count {
            return None;
        }
        let text = |field: &str| said.get(field).and_then(Value::as_str);
        let kind = text("Node Type")?;
        let changes_rows = kind == "ModifyTable";
        let what = if changes_rows { text("Operation")? } else { kind };
        let beneath = said.get("Plans").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        Some(Node {
            what: what.to_owned(),
            relation: text("Relation Name").unwrap_or_default().to_owned(),
            rows: said.get("Plan Rows")?.as_f64()?,
            cost: said.get("Total Cost")?.as_f64()?,
            below: beneath.iter().map(|said| Node::read(said, depth - 1, count)).collect::<Option<_>>()?,
            is_beside: matches!(text("Parent Relationship"), Some("InitPlan" | "SubPlan")),
            changes_rows,
        })
    }

    fn write(&self, depth: usize, lines: &mut String) {
        let Node { what, relation, rows, cost, below, .. } = self;
        let about = if relation.is_empty() { String::new() } else { format!(" on {relation}") };
        let rows = if self.changes_rows { String::new() } else { format!("{rows:.0} rows, ") };
        // Writing to a string does not fail.
        let _ = writeln!(lines, "{:width$}{what}{about}: {rows}cost {cost:.2}", "", width = depth * 2);
        below.iter().for_each(|node| node.write(depth + 1, lines));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of PostgreSQL 15, with what it says of values.
    const SAID: &str = r#"[{"Plan": {"Node Type": "ModifyTable", "Operation": "Delete", "Relation Name": "orders", "Alias": "orders",
        "Startup Cost": 0.00, "Total Cost": 25.88, "Plan Rows": 0, "Plan Width": 0, "Plans": [
          {"Node Type": "Result", "Parent Relationship": "InitPlan", "Subplan Name": "InitPlan 1 (returns $0)", "Startup Cost": 0.00,
           "Total Cost": 0.01, "Plan Rows": 1, "Plan Width": 4, "Output": ["'secret'"]},
          {"Node Type": "Seq Scan", "Parent Relationship": "Outer", "Relation Name": "orders", "Startup Cost": 0.01,
           "Total Cost": 25.88, "Plan Rows": 6, "Plan Width": 6, "Filter": "(email = 'secret'::text)", "One-Time Filter": "secret"}]}}]"#;

    #[test]
    fn steps_rows_and_costs_are_shown_and_nothing_else() {
        let plan = Plan::read(SAID, false).unwrap();
        assert_eq!(plan.rows(), 6.0);
        assert_eq!(
            plan.lines(),
            "Delete on orders: cost 25.88\n  Result: 1 rows, cost 0.01\n  Seq Scan on orders: 6 rows, cost 25.88"
        );
        assert!(!format!("{plan:?}").contains("secret"));
    }

    #[test]
    fn what_is_large_or_odd_is_no_plan() {
        let node = |plans: &str| {
            format!(r#"{{"Node Type": "Append", "Plan Rows": 1, "Total Cost": 1, "Plans": [{plans}]}}"#)
        };
        let whole = |plan: &str| format!(r#"[{{"Plan": {plan}}}]"#);
        let deep = |depth| (1..depth).fold(node(""), |plan, _| node(&plan));
        assert!(Plan::read(&whole(&deep(DEPTH_MAX)), false).is_some());
        assert!(Plan::read(&whole(&deep(DEPTH_MAX + 1)), false).is_none());
        let wide = |count: usize| node(&vec![node(""); count].join(","));
        assert!(Plan::read(&whole(&wide(NODES_MAX - 1)), false).is_some());
        assert!(Plan::read(&whole(&wide(NODES_MAX)), false).is_none());
        let two = format!("[{}, {}]", whole(&node("")), whole(&node("")));
        for odd in ["", "[]", "{}", "[{}]", &two, &"[".repeat(10_000), r#"[{"Plan": {"Node Type": 1}}]"#] {
            assert!(Plan::read(odd, false).is_none(), "{odd:.20}");
        }
    }
}
