//! Conditions that are true of no row since they are NULL, and queries that give no row by their form: what has no match then is every row.

use super::{SCALAR, Scale, Truth, is_empty_array};
use crate::constant::{Constant, constant};
use crate::plain::uncast;
use crate::source::Source;
use crate::tree::Tree;

/// What a look at a query counts as, of those that one condition may take.
const LOOKS: usize = 3_000;

/// `JoinType` (nodes.h) and `SetOperation` (parsenodes.h), as pg_query counts them.
const INNER: i64 = pg_query::protobuf::JoinType::JoinInner as i64;
const LEFT: i64 = pg_query::protobuf::JoinType::JoinLeft as i64;
const RIGHT: i64 = pg_query::protobuf::JoinType::JoinRight as i64;
const UNION: i64 = pg_query::protobuf::SetOperation::SetopUnion as i64;
const EXCEPT: i64 = pg_query::protobuf::SetOperation::SetopExcept as i64;

impl<'t> Scale<'t> {
    /// Whether no row of `sources` meets one of the target under this condition.
    pub(crate) fn meets_none(&self, join: Option<&'t Tree>, sources: impl Iterator<Item = &'t Tree>) -> bool {
        join.is_some_and(|join| self.is_never_true(join)) || self.have_none(sources)
    }

    /// Whether it is false or NULL for each row.
    pub(super) fn is_never_true(&self, tree: &'t Tree) -> bool {
        let mut args = tree.all("args");
        match (tree.kind, tree.number("boolop"), tree.number("kind"), tree.number("booltesttype")) {
            ("BoolExpr", 1, ..) => args.any(|arg| self.is_never_true(arg)),
            ("BoolExpr", 2, ..) => args.all(|arg| self.is_never_true(arg)),
            ("BooleanTest", .., 1) => tree.all("arg").all(|arg| self.is_never_true(arg)),
            // BETWEEN
            ("AExpr", _, 11 | 13, _) if items(tree).any(|end| self.is_null(end)) => true,
            _ => self.is_null(tree) || self.weigh(Some(tree)) == Truth::Never,
        }
    }

    /// Whether it is NULL for each row.
    pub(super) fn is_null(&self, tree: &'t Tree) -> bool {
        if constant(tree) == Some(Constant::Null) {
            return true;
        }
        let is_null = |side: &'static str| tree.one(side).is_some_and(|side| self.is_null(side));
        match (tree.kind, tree.number("kind")) {
            ("BoolExpr", _) => tree.all("args").all(|arg| self.is_null(arg)),
            ("CollateClause" | "TypeCast", _) => is_null("arg"),
            // An operator, LIKE and the like
            ("AExpr", 1 | 8..=10) => is_null("lexpr") || is_null("rexpr"),
            ("AExpr", 2 | 3) => match tree.one("rexpr").map(uncast) {
                Some(array) if is_empty_array(array) => false,
                Some(array) if array.kind == "AArrayExpr" => {
                    is_null("lexpr") || array.all("elements").all(|element| self.is_null(element))
                }
                _ => is_null("rexpr"),
            },
            // IN
            ("AExpr", 7) => is_null("lexpr") || items(tree).all(|item| self.is_null(item)),
            // NOT BETWEEN
            ("AExpr", 12 | 14) => is_null("lexpr") || items(tree).all(|end| self.is_null(end)),
            ("AExpr", 11 | 13) => is_null("lexpr"),
            ("SubLink", _) if tree.number("sub_link_type") == SCALAR => {
                let inner = self.unwrap(tree);
                let is_empty = || tree.one("subselect").is_some_and(|select| self.gives_none(select));
                if inner == tree { is_empty() } else { self.is_null(inner) }
            }
            _ => false,
        }
    }

    /// Whether a query gives no row, whatever there is.
    pub(super) fn gives_none(&self, select: &'t Tree) -> bool {
        let Some(left) = self.looks.get().checked_sub(LOOKS) else { return false };
        self.looks.set(left);
        if select.kind != "SelectStmt" {
            return false;
        }
        if select.all("limit_count").any(|limit| constant(limit) == Some(Constant::Number(0.0))) {
            return true;
        }
        if let (Some(one), Some(other)) = (select.one("larg"), select.one("rarg")) {
            return match select.number("op") {
                UNION => self.gives_none(one) && self.gives_none(other),
                EXCEPT => self.gives_none(one),
                _ => self.gives_none(one) || self.gives_none(other),
            };
        }
        let within = self.within(select);
        if select.all("having_clause").any(|having| within.is_never_true(having)) {
            return true;
        }
        let is_one = super::found::returns_aggregate(select) && !select.has(&["group_clause"]);
        !is_one
            && !select.has(&["having_clause"])
            && (select.all("where_clause").any(|condition| within.is_never_true(condition))
                || within.have_none(select.all("from_clause")))
    }

    /// Whether nothing comes of these together.
    fn have_none(&self, mut items: impl Iterator<Item = &'t Tree>) -> bool {
        items.any(|item| self.has_none(item))
    }

    fn has_none(&self, item: &'t Tree) -> bool {
        match item.kind {
            "RangeSubselect" => item.all("subquery").any(|query| self.gives_none(query)),
            "RangeVar" => {
                let (schema, name) = Source::name(item);
                let named = |cte: &&&Tree| schema.is_empty() && cte.text("ctename") == name;
                let query = self.ctes.iter().rev().find(named).and_then(|cte| cte.one("ctequery"));
                query.is_some_and(|query| self.gives_none(query))
            }
            "JoinExpr" => {
                let [left, right] = ["larg", "rarg"]
                    .map(|side| move || item.one(side).is_some_and(|side| self.has_none(side)));
                match item.number("jointype") {
                    INNER => left() || right() || item.all("quals").any(|quals| self.is_never_true(quals)),
                    LEFT => left(),
                    RIGHT => right(),
                    _ => left() && right(),
                }
            }
            _ => false,
        }
    }
}

/// What stands behind IN or BETWEEN.
fn items(tree: &Tree) -> impl Iterator<Item = &Tree> {
    tree.all("rexpr").flat_map(|list| list.all("items"))
}

#[cfg(test)]
mod tests {
    use crate::read;

    fn is_unfiltered(text: &str) -> bool {
        !read(text.as_bytes()).unwrap().statements.iter().all(|one| one.unfiltered.is_empty())
    }

    #[test]
    fn what_is_never_true_leaves_every_row() {
        let merge = |source: &str, join: &str| {
            let by_source = "when not matched by source then delete";
            is_unfiltered(&format!("merge into t using {source} on {join} {by_source}"))
        };
        assert!(merge("(select 1 as k) s", "t.id = null") && merge("s", "t.id = s.id and null"));
        for empty in ["where false", "where null", "where a = null", "limit 0", "group by 1 having false"] {
            assert!(merge(&format!("(select 1 as k from o {empty}) s"), "t.id = s.k"), "{empty}");
        }
        assert!(merge("(select 1 as k limit 0) s left join o on true", "t.id = s.k"));
        for source in [
            "(select count(*) as k from o where false) s",
            "(values (1)) s (k)",
            "o s",
            "(select k from o limit 1) s",
        ] {
            assert!(!merge(source, "t.id = s.k"), "{source}");
        }
        for condition in [
            "not exists (select 1 from (select 1 as k where false) s where s.k = t.id)",
            "not exists (select from o where o.id = t.id limit 0)",
            "id not in (select k from (select 1 as k where null) s)",
            "(id = null) is not true",
            "(id = null) is null",
            "(id in (null, null)) is unknown",
            "coalesce(id = null, true)",
            "case when id = null then false else true end",
        ] {
            assert!(is_unfiltered(&format!("delete from t where {condition}")), "{condition}");
        }
        for condition in [
            "id = null",
            "not exists (select from o where o.id = t.id)",
            "id between 1 and null",
            "coalesce(null, a = 'b')",
        ] {
            assert!(!is_unfiltered(&format!("delete from t where {condition}")), "{condition}");
        }
    }

    /// Each look into one of these would be several at all that are within.
    #[test]
    fn queries_within_each_other_are_looked_at_a_bounded_number_of_times() {
        for (begin, end) in [
            ("exists (select from o where ", ")"),
            ("id in (select id from (select id from o where ", ") s)"),
            ("coalesce((select id from o where ", ") = id, true)"),
        ] {
            let text = format!("delete from t where {}true{}", begin.repeat(40), end.repeat(40));
            let reader = std::thread::Builder::new().stack_size(crate::READ_STACK_BYTES);
            assert!(reader.spawn(move || read(text.as_bytes()).is_ok()).unwrap().join().unwrap());
        }
    }
}
