//! What the fields of records show that a statement puts together: `ROW(…)`, and rows of what stands in its FROM.

use super::flows::Flows;
use super::mentions::Mentions;
use super::outputs::Outputs;
use super::results::results;
use super::spills::{Spills, Taken};
use super::tainted::Tainted;
use super::{Sensitive, Shows, of_statement};
use crate::tree::Tree;

/// What the fields of each column of the result of `text` show, which is one statement, where that column is such a record; nothing where nobody can
/// tell. Call it as [`lineage`](super::lineage).
pub fn record_fields(text: &str, sensitive: &Sensitive, is_key: fn(&str) -> bool) -> Vec<Option<Vec<Shows>>> {
    let mut fields = Vec::new();
    of_statement(text, |statement| {
        let statement = statement.one("query").filter(|_| makes_result(statement)).unwrap_or(statement);
        let is_simple = statement.kind == "SelectStmt" && !statement.has(&["larg"]);
        if !is_simple || !matches!(Outputs::of(statement), Outputs::Expressions(_)) {
            return;
        }
        let mut flows = Flows::default();
        flows.visit(statement);
        // What the columns of the result are called is no value of others.
        flows.0.drain(..results(statement).len());
        let tainted = flows.follow(sensitive, Some(is_key));
        if !tainted.is_all() {
            let records = Records { flows: &flows, tainted: &tainted };
            let of = |target: &Tree| records.of(target.one("val")?, statement);
            fields = results(statement).into_iter().map(of).collect();
        }
    });
    fields
}

/// Whether its result is one of a query that it has, once that is run.
fn makes_result(statement: &Tree) -> bool {
    matches!(statement.kind, "DeclareCursorStmt" | "PrepareStmt")
}

/// Names of the columns that each column of the result of `text` has as they are, which is one statement; `None` where something else can be in it.
/// Call it as [`lineage`](super::lineage).
pub fn copied_columns(text: &str, sensitive: &Sensitive) -> Vec<Option<Vec<String>>> {
    let mut copied = Vec::new();
    of_statement(text, |statement| {
        let mut flows = Flows::default();
        flows.visit(statement);
        let tainted = flows.follow(sensitive, None);
        let mut found = Vec::new();
        let spills = Spills { flows: &flows, tainted: &tainted, found: &mut found };
        let origin = |taken: &Taken| Some(spills.origin(taken)).filter(|origin| origin.is_copy);
        let columns = spills.sources(statement).unwrap_or_default();
        copied = columns.iter().map(|taken| origin(taken).map(|origin| origin.columns)).collect();
    });
    copied
}

struct Records<'a, 's> {
    flows: &'a Flows,
    tainted: &'a Tainted<'s>,
}

impl Records<'_, '_> {
    /// The fields of a value of `query`.
    fn of(&self, value: &Tree, query: &Tree) -> Option<Vec<Shows>> {
        match value.kind {
            "RowExpr" => {
                let mut fields = Vec::new();
                for field in value.all("args") {
                    match field.kind == "ColumnRef" && field.all("fields").any(|part| part.kind == "AStar") {
                        true => fields.extend(self.of_row(field, query)?),
                        false => fields.push(self.tainted.shows(&Mentions::of(field))),
                    }
                }
                Some(fields)
            }
            "TypeCast" => self.of(value.one("arg").filter(|arg| arg.kind == "RowExpr")?, query),
            "ColumnRef" => self.of_row(value, query),
            _ => None,
        }
    }

    /// The fields of `row` or `row.*`, where that can mean nothing but a row of this FROM.
    fn of_row(&self, row: &Tree, query: &Tree) -> Option<Vec<Shows>> {
        let [name] = row.name("fields").try_into().ok()?;
        let called = |item: &&Tree| match item.one("alias") {
            Some(alias) => alias.text("aliasname") == name && alias.name("colnames").is_empty(),
            None => item.kind == "RangeVar" && item.text("relname") == name,
        };
        let Tainted { sensitive, known, .. } = self.tainted;
        // A column is meant before a row.
        let others = self.flows.0.iter().filter(|flow| flow.into.iter().any(|into| into == name)).count();
        let is_column = known.contains(name) && 1 < others || sensitive.known.contains(name);
        let item = query.all("from_clause").find(called).filter(|_| others < 2 && !is_column)?;
        let taken: Vec<Taken> = match item.kind {
            "RangeVar" => {
                let columns = sensitive.rows.get(item.text("relname"))?;
                columns.iter().map(|column| Taken::column(column)).collect()
            }
            "RangeSubselect" => {
                let mut found = Vec::new();
                Spills { flows: self.flows, tainted: self.tainted, found: &mut found }
                    .sources(item.one("subquery")?)?
            }
            _ => return None,
        };
        Some(taken.iter().map(|taken| self.tainted.shows(&taken.from)).collect())
    }
}
