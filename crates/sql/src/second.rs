//! The second reader: `sqlparser` reads the same text, and where it understands something else, that is a fact.
//! It decides nothing, and nothing is ever written from its tree.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use sqlparser::ast::{ObjectType, Statement as Other, visit_relations};
use sqlparser::dialect::PostgreSqlDialect;
use sqlparser::parser::Parser;

use crate::facts::{Effect, Statement};

/// Longest text given to the second reader. Its trees of left-deep chains recurse when they are dropped.
const SECOND_BYTES_MAX: usize = 64 << 10;

/// What `sqlparser` says of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Second {
    /// It understands the same, as far as that is compared.
    Agrees,
    /// It does not know the syntax, or was not asked about a text this long.
    CannotRead,
    /// What it understands differently.
    Disagrees(String),
}

/// Compares what was collected from `text` with what `sqlparser` understands.
///
/// Known misreadings of sqlparser 0.63, each a disagreement in count, kind or relations: a bare `END` label ends
/// the string, `COPY … FROM STDIN` swallows what follows, `ONLY` is taken for a table.
pub fn compare(text: &str, statements: &[Statement]) -> Second {
    if SECOND_BYTES_MAX < text.len() {
        return Second::CannotRead;
    }
    match Parser::parse_sql(&PostgreSqlDialect {}, text) {
        Ok(others) => disagreement(statements, &others).map_or(Second::Agrees, Second::Disagrees),
        Err(_) => Second::CannotRead,
    }
}

fn disagreement(statements: &[Statement], others: &[Other]) -> Option<String> {
    if others.len() != statements.len() {
        return Some(format!("{} statements, not {}", others.len(), statements.len()));
    }
    statements.iter().zip(others).enumerate().find_map(|(index, (statement, other))| {
        let what = kind(statement, other).or_else(|| relations(statement, other))?;
        Some(format!("statement {}: {what}", index + 1))
    })
}

fn kind(statement: &Statement, other: &Other) -> Option<String> {
    let expected = match other {
        Other::Query(_) => Effect::Select,
        Other::Insert(_) => Effect::Insert,
        Other::Update(_) => Effect::Update,
        Other::Delete(_) => Effect::Delete,
        Other::Merge(_) => Effect::Merge,
        Other::Truncate(_) => Effect::Truncate,
        Other::Drop { object_type: ObjectType::Table, .. } => Effect::DropTable,
        _ => return None,
    };
    let agrees = statement.effects.contains(&expected)
        // A query without relations, or one that ends in DML, is a query to the second reader.
        || (expected == Effect::Select && !statement.effects.is_empty());
    (!agrees).then(|| {
        format!("{}, not {}", expected.name(), statement.effects.first().map_or("nothing", |e| e.name()))
    })
}

/// Compares the names of relations in queries and DML, where the second reader reports them all.
fn relations(statement: &Statement, other: &Other) -> Option<String> {
    if !matches!(other, Other::Query(_) | Other::Update(_) | Other::Delete(_)) {
        return None;
    }
    let mut theirs = BTreeSet::new();
    let _: ControlFlow<()> = visit_relations(other, |name| {
        if let Some(part) = name.0.last().and_then(|part| part.as_ident()) {
            // An unquoted identifier is folded in ASCII only, as PostgreSQL does for UTF-8.
            theirs.insert(if part.quote_style.is_some() {
                part.value.clone()
            } else {
                part.value.to_ascii_lowercase()
            });
        }
        ControlFlow::Continue(())
    });
    let missed: Vec<&str> = statement
        .relations
        .iter()
        .filter(|relation| {
            !theirs.contains(&relation.name) && !statement.effects.contains(&Effect::CreateTable)
        })
        .map(|relation| relation.name.as_str())
        .collect();
    (!missed.is_empty()).then(|| format!("does not see relation `{}`", missed.join("`, `")))
}
