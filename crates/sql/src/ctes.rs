//! Which names in a statement mean common table expressions wherever they stand: one hides a table of its name, but only where it is
//! in scope.

use std::collections::BTreeSet;

use crate::facts::{Access, RelationUse, Statement};
use crate::source::Source;
use crate::tree::{Child, Tree};

/// Where a common table expression can be meant, by the node that the name stands in and its field. A write is never about one.
const READING: [(&str, &str); 6] = [
    ("DeleteStmt", "using_clause"),
    ("JoinExpr", "larg"),
    ("JoinExpr", "rarg"),
    ("MergeStmt", "source_relation"),
    ("SelectStmt", "from_clause"),
    ("UpdateStmt", "from_clause"),
];

impl Statement {
    /// Whether this can mean nothing but a common table expression.
    pub fn is_cte(&self, used: &RelationUse) -> bool {
        used.schema.is_none() && used.access == Access::Read && self.only_ctes.contains(&used.name)
    }
}

/// Names without a schema that mean common table expressions in all of `tree`.
pub(crate) fn only_ctes(tree: &Tree) -> BTreeSet<String> {
    let mut names = Names::default();
    names.visit(tree, ("", ""));
    let Names { ctes, others, .. } = names;
    ctes.difference(&others).map(|name| (*name).to_owned()).collect()
}

#[derive(Default)]
struct Names<'t> {
    /// Names of those in scope.
    scope: Vec<&'t str>,
    ctes: BTreeSet<&'t str>,
    others: BTreeSet<&'t str>,
}

impl<'t> Names<'t> {
    /// `stands` is the node above, and its field.
    fn visit(&mut self, tree: &'t Tree, stands: (&'static str, &'static str)) {
        // FOR UPDATE OF names what stands in FROM already.
        if tree.kind == "LockingClause" {
            return;
        }
        if tree.kind == "RangeVar" {
            let (schema, name) = Source::name(tree);
            if schema.is_empty() {
                let is_cte = READING.contains(&stands) && self.scope.contains(&name);
                if is_cte { &mut self.ctes } else { &mut self.others }.insert(name);
            }
        }
        let outside = self.scope.len();
        if let Some(with) = tree.one("with_clause") {
            self.with(with);
        }
        for (field, child) in tree.children() {
            if let (Child::Node(node), false) = (child, *field == "with_clause") {
                self.visit(node, (tree.kind, field));
            }
        }
        self.scope.truncate(outside);
    }

    /// Each sees those before it; with RECURSIVE all, and itself.
    fn with(&mut self, with: &'t Tree) {
        let is_recursive = with.number("recursive") != 0;
        if is_recursive {
            self.scope.extend(with.all("ctes").map(|cte| cte.text("ctename")));
        }
        for cte in with.all("ctes") {
            self.visit(cte, ("WithClause", "ctes"));
            self.scope.extend((!is_recursive).then(|| cte.text("ctename")));
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::read::read;

    fn only(text: &str) -> Vec<String> {
        let facts = read(text.as_bytes()).unwrap();
        facts.statements.into_iter().flat_map(|statement| statement.only_ctes).collect()
    }

    #[test]
    fn what_hides_a_table_wherever_it_stands_is_told() {
        for text in [
            "with t as (select 1) select * from t",
            "with recursive t as (select 1 n union all select n + 1 from t where n < 3) select * from t",
            "with t as (select 1 n) select * from o join t using (n) where exists (select from t)",
            "with t as (select * from s.t) insert into u select * from t",
            "with a as (select 1), t as (select * from a) delete from u using t",
            "create view v as with t as (select 1) select * from t for update of t",
            "explain with t as (select 1) select * from t x",
        ] {
            assert!(only(text).contains(&"t".to_owned()), "{text}");
        }
        for text in [
            "with t as (select * from t) select * from t",
            "with t as (select 1) insert into t select * from t",
            "select * from (with t as (select 1) select * from t) x, t",
            "with a as (select * from t), t as (select 1) select * from t",
            "with t as (select 1) select 1",
            "do $$ begin with t as (select 1) insert into u select * from t; perform * from t; end $$",
        ] {
            assert!(!only(text).contains(&"t".to_owned()), "{text}");
        }
    }
}
