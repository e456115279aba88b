//! What the body of a trigger's function puts into the row that the trigger is about, and what it takes that from: by names, through
//! variables.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use pg_query::protobuf::Token;

use crate::body::Words;

/// Something that is put into columns of a trigger's row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Put {
    /// The column; `None` where it could be any.
    pub column: Option<String>,
    /// Names of what it is taken from; `new` and `old` are whole rows.
    pub from: BTreeSet<String>,
}

/// Words that a part of a body begins with behind which another one begins.
const OPENING: [&str; 11] =
    ["begin", "case", "declare", "else", "elsif", "exception", "for", "foreach", "if", "loop", "while"];

/// How often variables are followed.
const STEPS_MAX: usize = 16;

/// All that a body puts into the row.
pub(crate) fn puts(words: &Words<'_>) -> Vec<Put> {
    let (mut puts, mut variables) = (Vec::new(), BTreeMap::<String, BTreeSet<String>>::new());
    let mut at = 0;
    while at < words.len() {
        let opens = words.name(at).is_some_and(|name| OPENING.contains(&name.as_str()));
        if !opens && words.begins_part(at) {
            let end = end(words, at);
            let (targets, from) = assignment(words, at..end);
            for target in targets {
                match (words.name(target).as_deref(), words.text(target + 1)) {
                    (Some("new"), Some(".")) => {
                        puts.push(Put { column: words.name(target + 2), from: from.clone() });
                    }
                    (Some("new"), _) => puts.push(Put { column: None, from: from.clone() }),
                    (Some(name), _) => variables.entry(name.to_owned()).or_default().extend(from.clone()),
                    (None, _) => {}
                }
            }
        }
        at += 1;
    }
    for put in &mut puts {
        for _ in 0..STEPS_MAX {
            let more = put.from.iter().filter_map(|name| variables.get(name)).flatten();
            let more: Vec<String> = more.filter(|name| !put.from.contains(*name)).cloned().collect();
            if more.is_empty() {
                break;
            }
            put.from.extend(more);
        }
    }
    puts
}

/// Where the part of a body ends that begins at `at`.
fn end(words: &Words<'_>, at: usize) -> usize {
    (at..words.len()).find(|at| !words.may_look() || words.is(*at, &[Token::Ascii59])).unwrap_or(words.len())
}

/// Places of what a part of a body gives values to, and names of what it takes them from.
fn assignment(words: &Words<'_>, part: Range<usize>) -> (Vec<usize>, BTreeSet<String>) {
    let names = |part: Range<usize>| part.filter_map(|at| source(words, at)).collect();
    // A field, or an element.
    let is_given = |at: &usize| match words.text(*at) {
        Some(":=") => true,
        Some("=") => {
            *at == part.start + 1 || *at == part.start + 3 && words.text(part.start + 1) == Some(".")
        }
        Some(word) => word.eq_ignore_ascii_case("default"),
        None => false,
    };
    if let Some(given) = part.clone().find(is_given) {
        return (vec![part.start], names(given + 1..part.end));
    }
    let is = |at: usize, word: &str| words.text(at).is_some_and(|text| text.eq_ignore_ascii_case(word));
    let writes = ["insert", "merge"].iter().any(|word| is(part.start, word));
    let Some(into) = part.clone().find(|at| is(*at, "into")).filter(|_| !writes) else {
        return (Vec::new(), BTreeSet::new());
    };
    let mut targets = vec![into + 1 + usize::from(is(into + 1, "strict"))];
    while let Some(last) = targets.last() {
        let next = if words.text(last + 1) == Some(".") { last + 3 } else { last + 1 };
        if words.text(next) != Some(",") {
            break;
        }
        targets.push(next + 1);
    }
    // Which rows there are is not put anywhere.
    let mut depth = 0_usize;
    let is_condition = |at: &usize| {
        match words.text(*at) {
            Some("(") => depth += 1,
            Some(")") => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth == 0 && ["where", "group", "order"].iter().any(|word| is(*at, word))
    };
    let end = part.clone().find(is_condition).unwrap_or(part.end);
    (targets, names(part.start..end))
}

/// The name at `at`, where values can come from what it means.
fn source(words: &Words<'_>, at: usize) -> Option<String> {
    if words.is(at, &[Token::Sconst, Token::Usconst]) {
        return None;
    }
    let name = words
        .name(at)
        .filter(|name| name.starts_with(|first: char| first.is_alphabetic() || first == '_'))?;
    match name.as_str() {
        "new" | "old" => words.takes_row(at).then_some(name),
        _ => Some(name),
    }
}

#[cfg(test)]
mod tests {
    use crate::read::read;

    fn puts(body: &str) -> Vec<String> {
        let facts = read(format!("DO $body${body}$body$").as_bytes()).unwrap();
        let puts = facts.statements.into_iter().flat_map(|statement| statement.puts);
        let from = |put: super::Put| {
            let told = ["a", "b", "new", "old"].into_iter().filter(|name| put.from.contains(*name));
            format!("{}: {}", put.column.unwrap_or("*".into()), told.collect::<Vec<_>>().join(" "))
        };
        puts.map(from).collect()
    }

    #[test]
    fn what_is_put_into_the_row_is_known_by_names() {
        for (body, found) in [
            ("begin new.x := new.a; return new; end", vec!["x: a"]),
            ("begin NEW.\"X\" = 'b' || lower(OLD.a); end", vec!["X: a"]),
            ("declare v text := new.a; begin new.x := v; end", vec!["x: a"]),
            (
                "declare v text; w text; begin v := new.a; if true then w = v || new.b; end if; new.x := w; end",
                vec!["x: a b"],
            ),
            ("begin select new.a into new.x; end", vec!["x: a"]),
            ("declare v text; begin select 1, new.a into strict n, v from t; new.x := v; end", vec!["x: a"]),
            ("begin new := json_populate_record(new, '{}'); end", vec!["*: new"]),
            ("begin new.x := row_to_json(new); new.y := hstore(old.*); end", vec!["x: new", "y: old"]),
            (
                "begin new.x := now(); if new.a is null then new.y := 1; end if; return new; end",
                vec!["x: ", "y: "],
            ),
            ("begin select count(*) into new.x from t where a = new.a; end", vec!["x: "]),
            ("begin insert into t select new.a; v := new.b; return new; end", vec![]),
        ] {
            assert_eq!(puts(body), found, "{body}");
        }
    }
}
