//! Which keys a statement takes away that others refer to: an error, or what happens to the rows that refer, tells what stands there.

use std::collections::HashSet;

use pg_query::protobuf::{AExprKind, AlterTableType, OnConflictAction};

use super::Probe;
use crate::lineage::of_statement;
use crate::source::Source;
use crate::tree::Tree;

/// What `text`, which is one statement, asks of columns that refer to these columns of the relation of this name, by deleting or changing keys; `None`
/// where that is a view, whose columns may be called otherwise. Call it as [`probes`](super::probes).
pub fn asks_of_referring(text: &str, relation: &str, keys: Option<&HashSet<String>>) -> Option<Probe> {
    let mut asked = None;
    of_statement(text, |statement| asked = Referred { relation, keys }.within(statement));
    asked
}

struct Referred<'k> {
    relation: &'k str,
    keys: Option<&'k HashSet<String>>,
}

impl Referred<'_> {
    fn within(&self, tree: &Tree) -> Option<Probe> {
        let is_it = tree.one("relation").is_some_and(|into| Source::name(into).1 == self.relation);
        let own = match tree.kind {
            "DeleteStmt" if is_it => Some(self.taken(tree)),
            "UpdateStmt" if is_it => {
                tree.all("target_list").any(|target| self.is_key(target)).then(|| self.taken(tree))
            }
            "MergeStmt" if is_it => Some(Probe::Extracts),
            "InsertStmt" if is_it => self.replaced(tree),
            // Whether any of its keys is referred to.
            "AlterTableStmt" if is_it => tree.all("cmds").any(is_detached).then_some(Probe::Asks(1)),
            _ => None,
        };
        tree.nodes().map(|node| self.within(node)).fold(own, Probe::both)
    }

    fn is_key(&self, target: &Tree) -> bool {
        self.keys.is_none_or(|keys| keys.contains(target.text("name")))
    }

    /// A question for each key that an INSERT changes where it is there.
    fn replaced(&self, insert: &Tree) -> Option<Probe> {
        let conflict = insert.one("on_conflict_clause")?;
        let found: Vec<&str> = conflict
            .one("infer")
            .into_iter()
            .flat_map(|infer| infer.all("index_elems"))
            .map(|element| element.text("name"))
            .collect();
        // What a row is found by it has already.
        let is_same = |target: &Tree| {
            let name = target.text("name");
            let value = target.one("val").map(|value| value.name("fields"));
            found.contains(&name) && value.is_some_and(|value| value == ["excluded", name])
        };
        let changes = conflict.number("action") == OnConflictAction::OnconflictUpdate as i64
            && conflict.all("target_list").any(|target| self.is_key(target) && !is_same(target));
        changes.then(|| Probe::of_rows(insert))
    }

    /// A question for each key that it names, and an answer where it takes as many as there are.
    fn taken(&self, write: &Tree) -> Probe {
        let Some(keys) = self.keys else { return Probe::Extracts };
        let named = |key: &String| write.one("where_clause").and_then(|filter| named(filter, key));
        let mut keys = keys.iter().map(named);
        let all = keys.try_fold(1_u32, |all, some| some.map(|some| all.saturating_mul(some)));
        all.map_or(Probe::Extracts, Probe::Asks)
    }
}

fn is_detached(command: &Tree) -> bool {
    command.number("subtype") == AlterTableType::AtDetachPartition as i64
}

/// How many constants a condition lets a column be.
fn named(filter: &Tree, column: &str) -> Option<u32> {
    let is_column = |side: &Tree| side.kind == "ColumnRef" && side.name("fields").pop() == Some(column);
    let is_constant = |side: &Tree| {
        let side = crate::plain::uncast(side);
        matches!(side.kind, "AConst" | "ParamRef")
    };
    match filter.kind {
        "BoolExpr" if filter.number("boolop") == pg_query::protobuf::BoolExprType::AndExpr as i64 => {
            filter.all("args").find_map(|arg| named(arg, column))
        }
        "AExpr" if filter.name("name") == ["="] => {
            let (left, right) = (filter.one("lexpr")?, filter.one("rexpr")?);
            match filter.number("kind") {
                kind if kind == AExprKind::AexprOp as i64 => {
                    let is_one =
                        is_column(left) && is_constant(right) || is_column(right) && is_constant(left);
                    is_one.then_some(1)
                }
                kind if kind == AExprKind::AexprIn as i64 && is_column(left) => {
                    let mut items = right.all("items");
                    items.all(is_constant).then(|| u32::try_from(right.all("items").count()).ok())?
                }
                _ => None,
            }
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_that_are_taken_away_are_asked_about() {
        let keys = HashSet::from(["c".to_owned()]);
        let asks = |text: &str| asks_of_referring(text, "letters", Some(&keys));
        for (text, asked) in [
            ("delete from letters", Some(Probe::Extracts)),
            ("delete from s.letters where c <> 'A'", Some(Probe::Extracts)),
            ("delete from letters where c = 'A' and n > 3", Some(Probe::Asks(1))),
            ("delete from letters l where $1 = l.c", Some(Probe::Asks(1))),
            ("delete from letters where c in ('A', 'B')", Some(Probe::Asks(2))),
            ("delete from letters where c = 'A' or n > 3", Some(Probe::Extracts)),
            ("delete from letters where n = 3", Some(Probe::Extracts)),
            ("update letters set c = c || 'x' where c = 'A'", Some(Probe::Asks(1))),
            ("with d as (delete from letters where c = n) select 1", Some(Probe::Extracts)),
            ("update letters set n = 3", None),
            ("delete from others", None),
            ("insert into letters values ('A')", None),
            (
                "insert into letters values ('A'), ('B') on conflict (c) do update set c = 'x'",
                Some(Probe::Asks(2)),
            ),
            (
                "insert into letters select 'A' on conflict (n) do update set c = excluded.c",
                Some(Probe::Extracts),
            ),
            ("insert into letters values ('A', 3) on conflict (c) do update set c = excluded.c, n = 3", None),
            ("insert into letters values ('A', 3) on conflict (c) do update set n = 3", None),
            ("insert into letters values ('A', 3) on conflict do nothing", None),
            ("alter table letters detach partition letters_a", Some(Probe::Asks(1))),
            ("alter table letters add column d text", None),
        ] {
            assert_eq!(asks(text), asked, "{text}");
        }
        // The columns of a view can be called otherwise.
        for (text, asked) in [
            ("delete from letters where c = 'A'", Some(Probe::Extracts)),
            ("update letters set n = 3", Some(Probe::Extracts)),
            ("delete from others", None),
        ] {
            assert_eq!(asks_of_referring(text, "letters", None), asked, "{text}");
        }
    }
}
