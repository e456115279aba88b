//! What is made of a value and leaves what tells it from others: that is compared as a whole, and not as a part.

use std::collections::HashSet;

use pg_query::protobuf::{AExprKind, SubLinkType};

use super::flows::Flows;
use super::mentions::Mentions;
use super::of_statement;
use super::results::{arms, has_star, results};
use crate::tree::Tree;

/// Functions of one argument that leave of a value what tells it from others.
pub(super) const FUNCTIONS: [&str; 7] = ["btrim", "initcap", "lower", "ltrim", "rtrim", "trim", "upper"];

/// Those that put values together.
pub(super) const JOINING: [&str; 2] = ["concat", "concat_ws"];

/// Those that give one of the values of a column.
const ONE_OF: [&str; 2] = ["max", "min"];

/// Types that a value is as a whole.
pub(super) const TYPES: [&str; 5] = ["bpchar", "citext", "date", "text", "varchar"];

/// The names that are taken for PostgreSQL's where a value is taken for a whole one.
pub(super) type Trusted = Vec<&'static str>;

/// Whether somebody has given none of the names to something else by which this is a whole value; `None` is no whole one.
pub(super) fn is_whole(by: Option<&Trusted>, own_names: &HashSet<String>) -> bool {
    by.is_some_and(|names| !names.iter().any(|name| own_names.contains(*name)))
}

/// The names by which it is a value as a whole, or a constant; `None` where it is not.
pub(super) fn whole(tree: &Tree) -> Option<Trusted> {
    let mut names = Trusted::new();
    is_made_whole(tree, &mut names).then_some(names)
}

fn is_made_whole(tree: &Tree, names: &mut Trusted) -> bool {
    match tree.kind {
        "AConst" | "ColumnRef" | "ParamRef" => true,
        "TypeCast" => {
            let of = tree.one("type_name");
            let is_narrow = of.is_none_or(|of| of.has(&["typmods"]));
            tree.one("arg").is_some_and(|arg| {
                let mut is_text = || of.is_some_and(|of| is_known(&of.name("names"), &TYPES, names));
                arg.kind == "AConst" || !is_narrow && is_text() && is_made_whole(arg, names)
            })
        }
        "FuncCall" => {
            let (name, mut args) = (tree.name("funcname"), tree.all("args"));
            if is_known(&name, &JOINING, names) {
                return args.all(|arg| is_made_whole(arg, names));
            }
            let (Some(arg), None) = (args.next(), args.next()) else { return false };
            is_known(&name, &FUNCTIONS, names) && is_made_whole(arg, names)
                || arg.kind == "ColumnRef" && is_known(&name, &ONE_OF, names)
        }
        "AExpr" => {
            let is_of = |kind: AExprKind| tree.number("kind") == kind as i64;
            let is_kept = is_of(AExprKind::AexprNullif)
                || is_of(AExprKind::AexprOp) && is_known(&tree.name("name"), &["||"], names);
            let mut sides = ["lexpr", "rexpr"].into_iter();
            is_kept && sides.all(|side| tree.one(side).is_some_and(|side| is_made_whole(side, names)))
        }
        "CoalesceExpr" => tree.all("args").all(|arg| is_made_whole(arg, names)),
        "CaseExpr" => {
            let whens = tree.all("args").filter_map(|when| when.one("result"));
            whens.chain(tree.all("defresult")).all(|value| is_made_whole(value, names))
        }
        // A query that gives one.
        "SubLink" if tree.number("sub_link_type") == SubLinkType::ExprSublink as i64 => {
            tree.one("subselect").is_some_and(|query| {
                let mut values = arms(query).into_iter().flat_map(results).map(|target| target.one("val"));
                !has_star(query) && values.all(|value| value.is_some_and(|value| is_made_whole(value, names)))
            })
        }
        _ => false,
    }
}

/// Whether it is one of these names of PostgreSQL's, or would be if nobody had given it to something else.
fn is_known(name: &[&str], of: &[&'static str], names: &mut Trusted) -> bool {
    let (last, is_bare) = match *name {
        ["pg_catalog", last] => (last, false),
        // It comes with an extension, which can be in any schema.
        [last] | [_, last @ "citext"] => (last, true),
        _ => return false,
    };
    let Some(known) = of.iter().find(|known| **known == last) else { return false };
    names.extend(is_bare.then_some(*known));
    true
}

/// Which columns of the result of `query`, which is one, are no whole values of columns, by their place; `None` where nobody can tell that. Call it on
/// a thread with [`READ_STACK_BYTES`](crate::READ_STACK_BYTES) of stack.
pub fn cut_columns(query: &str, own_names: &HashSet<String>) -> Option<Vec<bool>> {
    let mut cut = None;
    of_statement(query, |query| {
        if query.kind != "SelectStmt" || has_star(query) {
            return;
        }
        let mut flows = Flows::default();
        flows.visit(query);
        let is_kept = |name: &String| {
            let mut into = flows.0.iter().filter(|flow| flow.into.contains(name) && !flow.is_comparison);
            into.all(|flow| is_whole(flow.whole.as_ref(), own_names))
        };
        let is_cut = |value: &Tree| {
            let from = Mentions::of(value);
            let mut names = from.names.iter().chain(from.fields.iter().map(|(_, name)| name));
            !is_whole(whole(value).as_ref(), own_names) || !names.all(is_kept)
        };
        let values = |arm: &&Tree| -> Vec<Vec<bool>> {
            match arm.has(&["values_lists"]) {
                true => arm.all("values_lists").map(|row| row.all("items").map(is_cut).collect()).collect(),
                false => vec![
                    results(arm).into_iter().map(|target| target.one("val").is_none_or(is_cut)).collect(),
                ],
            }
        };
        cut = arms(query)
            .iter()
            .flat_map(values)
            .reduce(|one, other| one.into_iter().zip(other).map(|(one, other)| one || other).collect());
    });
    cut
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_of_a_view_are_whole_values_or_not() {
        let own = HashSet::from(["upper".to_owned()]);
        let cut = |query: &str| cut_columns(query, &own).map(|cut| cut.iter().filter(|cut| **cut).count());
        for (query, parts) in [
            ("select p.id, p.email, lower((p.email)::text) as name from people p", 0),
            ("select id, email from people union all select id, trim(email) from others", 0),
            ("select o.id, (select p.email from people p where p.id = o.person) as email from orders o", 0),
            (
                "select p.email from people p join others o on p.email = o.email where o.email = lower(p.email)",
                0,
            ),
            ("select q.email from (select max(email) as email from people group by n) q", 0),
            ("select (first || ' ') || last as full_name, date '2000-01-01' as born from people", 0),
            ("with w as (select email from people) select w.email from w", 0),
            ("values ('a', 1)", 0),
            ("select concat_ws(' ', first, last) as full_name from people", 0),
            ("select concat(first, left(last, 1)) as full_name from people", 1),
            ("select substr(email, 1, 1) as email from people", 1),
            ("select id, upper(email) as letters, pg_catalog.upper(email) as name from people", 1),
            // Names say nothing of which of two is meant.
            ("select id, upper(email) as email, pg_catalog.upper(email) as name from people", 2),
            ("select other.lower(email) as email from people", 1),
            ("select (email)::varchar(1) as email, email::other.text as name from people", 2),
            ("select email from people union all select left(email, 1) from people", 1),
            ("select q.email from (select left(email, 1) as email from people) q", 1),
            ("select q.a, q.n from (select n, left(email, 1) from people) q(n, a)", 2),
            ("with w(email) as (select left(email, 1) from people) select email from w", 1),
            ("select (select left(p.email, 1) from people p limit 1) as email", 1),
            ("select max(left(email, 1)) as email from people", 1),
        ] {
            assert_eq!(cut(query), Some(parts), "{query}");
        }
        assert_eq!(cut("select * from people"), None);
    }
}
