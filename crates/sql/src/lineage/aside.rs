//! Constants that say which rows are meant, or how many: a column is compared with them as it is. Where that column tells nothing, they
//! are no part of what is asked about others.

use super::kept_tree;
use crate::plain::uncast;
use crate::tree::{Child, Tree};

/// A constant that stands aside of what is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Aside {
    /// Which one.
    pub constant: Constant,
    /// Name of the column that it is compared with; `None` where it says how many rows.
    pub column: Option<String>,
}

/// A constant of a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Constant {
    /// The literal that begins here, in bytes.
    Literal(usize),
    /// The parameter of this number, from 1 on.
    Parameter(u16),
}

/// Such constants of a statement whose text is `text`; of its parameters those that stand nowhere else in it. Call it on a thread with
/// [`READ_STACK_BYTES`](crate::READ_STACK_BYTES) of stack.
pub fn asides(text: &str) -> Vec<Aside> {
    let Ok(parsed) = kept_tree(text) else { return Vec::new() };
    let Ok(root) = Tree::of(&parsed.protobuf) else { return Vec::new() };
    let mut found = Found::default();
    found.look(&root);
    let Found { mut asides, asking } = found;
    asides.retain(|aside| !matches!(aside.constant, Constant::Parameter(number) if asking.contains(&number)));
    asides
}

#[derive(Default)]
struct Found {
    asides: Vec<Aside>,
    /// Numbers of parameters that stand elsewhere.
    asking: Vec<u16>,
}

/// Fields of a SELECT that say how many rows.
const NUMBERS: [&str; 2] = ["limit_count", "limit_offset"];

impl Found {
    fn look(&mut self, tree: &Tree) {
        match tree.kind {
            "AExpr" if self.compares(tree) => return,
            "ParamRef" => self.asking.extend(number(tree)),
            _ => {}
        }
        for (field, child) in tree.children() {
            let Child::Node(node) = child else { continue };
            let is_taken = NUMBERS.contains(field) && self.take(&[node], None);
            if !is_taken {
                self.look(node);
            }
        }
    }

    /// Whether it compares a column as it is with constants alone, which are taken.
    fn compares(&mut self, expression: &Tree) -> bool {
        let sides = || ["lexpr", "rexpr"].map(|side| expression.all(side).collect::<Vec<_>>());
        let [left, right] = sides();
        let column = |side: &[&Tree]| match side {
            [one] if one.kind == "ColumnRef" => one.name("fields").pop().map(str::to_owned),
            _ => None,
        };
        match (column(&left), column(&right)) {
            (Some(name), None) => self.take(&right, Some(&name)),
            (None, Some(name)) => self.take(&left, Some(&name)),
            _ => false,
        }
    }

    /// Whether all of these are constants, which are taken.
    fn take(&mut self, values: &[&Tree], column: Option<&str>) -> bool {
        let mut constants = Vec::new();
        let are_all = values.iter().all(|value| constants_of(value, &mut constants));
        if are_all {
            let aside = |constant| Aside { constant, column: column.map(str::to_owned) };
            self.asides.extend(constants.into_iter().map(aside));
        }
        are_all
    }
}

fn constants_of(tree: &Tree, into: &mut Vec<Constant>) -> bool {
    let tree = uncast(tree);
    match tree.kind {
        "AConst" => {
            into.extend(usize::try_from(tree.place()).ok().map(Constant::Literal));
            true
        }
        "ParamRef" => {
            let number = number(tree);
            into.extend(number.map(Constant::Parameter));
            number.is_some()
        }
        "List" | "AArrayExpr" => tree.nodes().all(|node| constants_of(node, into)),
        _ => false,
    }
}

fn number(parameter: &Tree) -> Option<u16> {
    u16::try_from(parameter.number("number")).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &'static str) -> Vec<String> {
        let read = move || {
            let all = asides(text).into_iter().map(|Aside { constant, column }| {
                let constant = match constant {
                    Constant::Literal(place) => {
                        text[place..].split([' ', ',', ')']).next().unwrap().to_owned()
                    }
                    Constant::Parameter(number) => format!("${number}"),
                };
                format!("{}: {constant}", column.unwrap_or_default())
            });
            all.collect()
        };
        std::thread::Builder::new().stack_size(crate::READ_STACK_BYTES).spawn(read).unwrap().join().unwrap()
    }

    #[test]
    fn constants_that_a_column_is_compared_with_and_numbers_of_rows_stand_aside() {
        assert_eq!(
            of("select 1 from t where id = 7 and born < '2000-01-01'"),
            ["id: 7", "born: '2000-01-01'"]
        );
        assert_eq!(of("select 1 from t where id in (7, 8) and 'x' = t.b::text"), ["id: 7", "id: 8"]);
        assert_eq!(
            of("select 1 from t where id between $1 and $2 limit 5 offset $3"),
            ["id: $1", "id: $2", ": $3", ": 5"]
        );
        assert_eq!(of("select 1 from t where id = $1::int and f(b, 3) > 5"), ["id: $1"]);
    }

    #[test]
    fn those_that_something_is_computed_of_do_not() {
        for text in [
            "select 1 from t where id + ascii(b) > 75",
            "select 1 from t where substr(b, 3, 1) = 'a'",
            "select 1 from t where id = $1 and ascii(b) > $1",
            "select 1 from t limit 3 + 4",
            "select case when f(b) then 1 end",
        ] {
            assert_eq!(of(text), Vec::<String>::new(), "{text}");
        }
    }
}
