//! What the body of a plpgsql function calls the cursors that it opens. Whoever asks is told the names of all that are open
//! (`pg_cursors`), and a cursor is read by its name.

use std::collections::{BTreeMap, BTreeSet};

use pg_query::protobuf::Token;

use crate::body::Words;
use crate::put;

/// Which cursors a body opens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Opens {
    /// None.
    #[default]
    None,
    /// Those that PostgreSQL gives a name.
    Unnamed,
    /// Some that have a constant for a name.
    Constant,
    /// Some that whoever calls it gives a name.
    ByCaller,
    /// Some that have a value for a name.
    Named,
}

impl Opens {
    /// What a body opens.
    pub(crate) fn of(words: &Words<'_>) -> Self {
        let mut opened = BTreeSet::new();
        let (mut declared, mut named) = (BTreeSet::new(), BTreeMap::<String, Opens>::new());
        let mut declares = false;
        for at in 0..words.len() {
            let word = words.name(at).unwrap_or_default();
            match word.as_str() {
                "declare" => declares = true,
                "begin" => declares = false,
                _ => {}
            }
            if !words.begins_part(at) || word == "begin" {
                continue;
            }
            if declares && word != "declare" {
                declared.insert(word.clone());
            }
            let end = put::end(words, at);
            let is_cursor = declares && (at..end).any(|at| words.name(at).as_deref() == Some("cursor"));
            match word.as_str() {
                "open" => opened.extend(words.name(at + 1)),
                // A cursor that is bound to its query has no name yet.
                _ if is_cursor => {}
                _ => {
                    let is_parameter = (at..end).any(|at| words.is(at, &[Token::Param]));
                    let is_call = (at..end).any(|at| words.is(at, &[Token::Ascii40]));
                    for (target, from) in put::given(words, at, declares) {
                        let is_given = from.len() < 2 && from.is_disjoint(&declared) && !is_call;
                        let by = match is_given {
                            _ if from.is_empty() && !is_parameter => Opens::Constant,
                            true => Opens::ByCaller,
                            false => Opens::Named,
                        };
                        let name = words.name(target).unwrap_or_default();
                        let known = named.entry(name).or_default();
                        *known = by.max(*known);
                    }
                }
            }
        }
        let how = |name: &String| match (named.get(name), declared.contains(name)) {
            (Some(by), _) => *by,
            (None, true) => Opens::Unnamed,
            (None, false) => Opens::ByCaller,
        };
        opened.iter().map(how).max().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::read::read;

    #[test]
    fn what_gives_a_cursor_its_name_is_told() {
        for (body, opens) in [
            ("declare v text; begin v := 'open'; end", Opens::None),
            (
                "declare c cursor for select a from t; begin open c; fetch c into v; close c; end",
                Opens::Unnamed,
            ),
            ("declare c refcursor; begin open c for select a from t; return c; end", Opens::Unnamed),
            ("declare c refcursor := 'c'; begin open c for select a from t; end", Opens::Constant),
            ("begin open ref for select a from t; return ref; end", Opens::ByCaller),
            ("begin open $1 for select a from t; end", Opens::ByCaller),
            ("declare c refcursor; begin c := ref; open c for select a from t; end", Opens::ByCaller),
            ("declare c refcursor := $1; begin open c for select a from t; end", Opens::ByCaller),
            ("declare c refcursor := (select a from t); begin open c for select 1; end", Opens::Named),
            ("declare c cursor for select 1; v text; begin c := v; open c; end", Opens::Named),
            ("declare c refcursor; begin select a into c from t; open c for select 1; end", Opens::Named),
            (
                "declare c refcursor; d refcursor; begin fetch d into c; open c for select 1; end",
                Opens::Named,
            ),
            (
                "declare c refcursor; begin for c in select a from t loop open c for select 1; end loop; end",
                Opens::Named,
            ),
            ("declare r record; c refcursor; begin c := r.a; open c for select 1; end", Opens::Named),
        ] {
            let facts = read(format!("DO $body${body}$body$").as_bytes()).unwrap();
            assert_eq!(facts.statements[0].opens, opens, "{body}");
        }
    }
}
