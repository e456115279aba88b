//! Whether a statement asks about a sensitive value bit by bit: what it compares it with, other than as a whole, tells something
//! of it with each answer.

use std::collections::HashSet;

use crate::lineage::{Sensitive, tainted};
use crate::read::tree;
use crate::tree::{Child, Tree};

/// Whether a condition of `text`, or what it counts or sorts by, looks into a value of a sensitive column. To compare one as a whole
/// for equality, to sort by it and to count it does not. Call it on a thread with
/// [`READ_STACK_BYTES`](crate::READ_STACK_BYTES) of stack.
pub fn probes(text: &str, sensitive: &Sensitive) -> bool {
    let Ok(parsed) = tree(text) else { return true };
    let Ok(root) = Tree::of(&parsed.protobuf) else { return true };
    let names = tainted(&root, sensitive);
    Probes { names }.within(&root, Place::Result)
}

/// Where an expression stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Its value is shown, and masked for that.
    Result,
    /// Its value decides what is shown, and how it stands here all of it does.
    Whole,
    /// Its value decides what is shown.
    Condition,
}

struct Probes {
    /// Names that hold values of sensitive columns; `None` for all.
    names: Option<HashSet<String>>,
}

/// Fields whose values decide which rows there are, and in which order.
const CONDITIONS: [&str; 12] = [
    "where_clause",
    "having_clause",
    "quals",
    "agg_filter",
    "limit_count",
    "limit_offset",
    "join_condition",
    "condition",
    "functions",
    "on_conflict_clause",
    "frame_clause",
    "start_offset",
];

/// Fields of what is sorted and grouped by, and counted.
const WHOLE: [&str; 5] = ["sort_clause", "group_clause", "distinct_clause", "agg_order", "window_clause"];

/// Functions that leave of a value what tells it from others.
const WHOLE_FUNCTIONS: [&str; 6] = ["btrim", "lower", "ltrim", "rtrim", "trim", "upper"];

/// Kinds of `A_Expr` (parsenodes.h, `A_Expr_Kind`; the numbers of the protobuf).
const OP: i64 = 1;
const OP_ANY: i64 = 2;
const OP_ALL: i64 = 3;
const DISTINCT: i64 = 4;
const NOT_DISTINCT: i64 = 5;
const NULLIF: i64 = 6;
const IN: i64 = 7;

/// Kinds of sub-selects (primnodes.h, `SubLinkType`; the numbers of the protobuf).
const EXISTS: i64 = 1;
const ALL: i64 = 2;
const ANY: i64 = 3;

impl Probes {
    fn within(&self, tree: &Tree, place: Place) -> bool {
        match tree.kind {
            "ColumnRef" => place == Place::Condition && self.is_sensitive(tree),
            "FuncCall" => self.call(tree, place),
            _ => {
                let here = of_operands(tree, place);
                tree.children().any(|(field, child)| {
                    let Child::Node(node) = child else { return false };
                    let place = match *field {
                        field if CONDITIONS.contains(&field) => Place::Condition,
                        field if WHOLE.contains(&field) => Place::Whole,
                        _ => here,
                    };
                    self.within(node, place)
                })
            }
        }
    }

    fn call(&self, call: &Tree, place: Place) -> bool {
        let name = call.name("funcname").pop().unwrap_or_default();
        let of_arguments = match (name, place) {
            ("count", Place::Result) => Place::Whole,
            (_, Place::Result) => Place::Result,
            (name, Place::Whole) if WHOLE_FUNCTIONS.contains(&name) => Place::Whole,
            _ => Place::Condition,
        };
        call.children().any(|(field, child)| {
            let Child::Node(node) = child else { return false };
            let place = match *field {
                "args" => of_arguments,
                field if CONDITIONS.contains(&field) => Place::Condition,
                _ => Place::Whole,
            };
            self.within(node, place)
        })
    }

    /// Whether it means a sensitive column, or a row that has one.
    fn is_sensitive(&self, column: &Tree) -> bool {
        let mut fields = column.name("fields").into_iter();
        self.names.as_ref().is_none_or(|names| fields.any(|name| names.contains(name)))
    }
}

/// Where the operands of an expression stand that stands here.
fn of_operands(tree: &Tree, place: Place) -> Place {
    let is_equality = |field| matches!(tree.name(field).pop(), None | Some("=" | "<>" | "!="));
    let is_whole = match tree.kind {
        "AExpr" => match tree.number("kind") {
            OP | OP_ANY | OP_ALL | IN => is_equality("name"),
            DISTINCT | NOT_DISTINCT | NULLIF => true,
            _ => false,
        },
        "SubLink" => match tree.number("sub_link_type") {
            EXISTS => return Place::Result,
            ALL | ANY => is_equality("oper_name"),
            _ => return place,
        },
        "NullTest" => true,
        "BoolExpr" | "AIndirection" => false,
        // What stands in others is compared elsewhere, or as it is.
        _ => return place,
    };
    match place {
        Place::Result => Place::Result,
        Place::Whole | Place::Condition if is_whole => Place::Whole,
        Place::Whole | Place::Condition => Place::Condition,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn does(text: &str) -> bool {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let (columns, relations) = (names(&["email", "born"]), names(&["people"]));
        probes(text, &Sensitive { columns, relations, ..Sensitive::default() })
    }

    #[test]
    fn conditions_that_look_into_a_value_do() {
        for text in [
            "select id from people where email like 'a%'",
            "select id from people where email ~ '^a'",
            "select id from people where email > 'm'",
            "select id from people where email between 'a' and 'b'",
            "select id from people where left(email, 1) = 'a'",
            "select id from people where ascii(email) = 97",
            "select id from people where length(email) = 5",
            "select id from people where email || '' = 'a'",
            "select id from people where (email collate \"C\") < 'b'",
            "select id from people where extract(year from born) = 1980",
            "select id from people where people::text like '%x%'",
            "select id from people where starts_with(email, 'a')",
            "select count(*) filter (where email like 'a%') from people",
            "select count(case when email like 'a%' then 1 end) from people",
            "select count(nullif(email like 'a%', false)) from people",
            "select id from people order by email like 'a%'",
            "select id from people order by case when email < 'm' then 1 else 2 end",
            "select 1 from people group by substr(email, 1, 1)",
            "select id from people limit (select length(email) from people)",
            "select g from people, generate_series(1, length(email)) g",
            "select o.id from orders o join people p on p.email like o.pattern",
            "select id from orders where exists (select from people where email like 'a%')",
            "select id from orders where (select email from people limit 1) like 'a%'",
            "update orders set n = 1 where id in (select id from people where email like 'a%')",
            "delete from people where email like 'a%'",
            "with x as (select id from people where email like 'a%') select * from x",
            "select id from people p where p.email[1] = 'a'",
            "select distinct on (left(email, 1)) id from people",
            "select row_number() over (order by email like 'a%') from people",
            "select id from (select id, email as x from people) s where x like 'a%'",
            "with x (a) as (select email from people) select 1 from x where a like 'a%'",
            "select 1 from people as q (a, b) where b like 'a%'",
            "select id from people having max(email) like 'a%'",
        ] {
            assert!(does(text), "{text}");
        }
    }

    #[test]
    fn to_compare_count_and_sort_whole_values_does_not() {
        for text in [
            "select id, email from people",
            "select lower(email), left(email, 3) from people where id = 7",
            "select id from people where email = $1",
            "select id from people where lower(email) = lower($1)",
            "select id from people where email in ('a', 'b') and email <> ''",
            "select id from people where email = any($1) or email is null",
            "select id from people where email is not distinct from $1",
            "select id from people where coalesce(email, '') = ''",
            "select id from people where email::text = 'a'",
            "select o.id from orders o join people p on p.email = o.contact",
            "select o.id from orders o join people p using (email)",
            "select count(email), count(distinct email) from people",
            "select email, count(*) from people group by email order by email desc",
            "select max(email), email like 'a%' from people",
            "select id from people where id like '7%' order by born",
            "select id from people where email in (select email from others)",
            "insert into people (email) values ('a')",
            "update people set email = lower(email) where id = 3",
        ] {
            assert!(!does(text), "{text}");
        }
    }
}
