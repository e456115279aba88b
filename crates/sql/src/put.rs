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
const OPENING: [&str; 9] = ["begin", "case", "declare", "else", "elsif", "exception", "if", "loop", "while"];

/// How often variables are followed.
const STEPS_MAX: usize = 16;

/// What a condition begins with, and what stands behind one that is none.
const CONDITIONS: [&str; 3] = ["group", "order", "where"];
const BEHIND: [&str; 6] = ["except", "intersect", "into", "returning", "union", "using"];

/// What an error says, which can be any value that the body has come across.
const ERROR: &str = "sqlerrm";

/// All that a body puts into the row.
pub(crate) fn puts(words: &Words<'_>) -> Vec<Put> {
    let rows = rows(words);
    let (mut puts, mut variables) = (Vec::new(), BTreeMap::<String, BTreeSet<String>>::new());
    let (mut at, mut declares) = (0, false);
    while at < words.len() {
        let word = words.name(at).unwrap_or_default();
        match word.as_str() {
            "declare" => declares = true,
            "begin" => declares = false,
            _ => {}
        }
        if !OPENING.contains(&word.as_str()) && words.begins_part(at) {
            for (target, from) in given(words, at, declares) {
                let Some(name) = words.name(target) else { continue };
                let is_field = words.text(target + 1) == Some(".");
                // What the row has already stays in its columns.
                let stays = !is_field && from.iter().all(|name| rows.contains(name));
                if rows.contains(&name) && !stays {
                    let column = if is_field { words.name(target + 2) } else { None };
                    puts.push(Put { column, from: from.clone() });
                }
                if name != "new" {
                    variables.entry(name).or_default().extend(from);
                }
            }
            // A row that is put together where it is given back.
            if word == "return" && 2 < end(words, at) - at {
                puts.push(Put { column: None, from: values(words, at + 1..end(words, at)) });
            }
        }
        at += 1;
    }
    variables.insert(ERROR.to_owned(), BTreeSet::new());
    for put in &mut puts {
        for _ in 0..STEPS_MAX {
            let more = put.from.iter().filter_map(|name| variables.get(name)).flatten();
            let more: Vec<String> = more.filter(|name| !put.from.contains(*name)).cloned().collect();
            if more.is_empty() {
                break;
            }
            put.from.extend(more);
        }
        if put.from.contains(ERROR) {
            put.from.extend((0..words.len()).filter_map(|at| source(words, at)));
        }
    }
    puts
}

/// Names of the row that is written: its own, those that it has too, and variables that are given back in its place.
fn rows(words: &Words<'_>) -> BTreeSet<String> {
    let mut rows = BTreeSet::from(["new".to_owned()]);
    for at in 0..words.len() {
        let is = |at: usize, word: &str| words.name(at).as_deref() == Some(word);
        if is(at, "return") && words.text(at + 2) == Some(";") && !is(at + 1, "old") && !is(at + 1, "null") {
            rows.extend(words.name(at + 1));
        } else if is(at, "alias") && is(at + 1, "for") && is(at + 2, "new") {
            rows.extend(at.checked_sub(1).and_then(|before| words.name(before)));
        }
    }
    rows
}

/// Where the part of a body ends that begins at `at`.
pub(crate) fn end(words: &Words<'_>, at: usize) -> usize {
    (at..words.len()).find(|at| !words.may_look() || words.is(*at, &[Token::Ascii59])).unwrap_or(words.len())
}

/// Places of what the part of a body that begins at `at` gives values to, each with names of what it takes them from. In declarations
/// a `=` can stand behind a type.
pub(crate) fn given(words: &Words<'_>, at: usize, declares: bool) -> Vec<(usize, BTreeSet<String>)> {
    let is = |at: usize, word: &str| words.text(at).is_some_and(|text| text.eq_ignore_ascii_case(word));
    let one_of = |at: usize, all: &[&str]| all.iter().any(|word| is(at, word));
    let part = at..end(words, at);
    let find = |begin: usize, all: &[&str]| (begin..part.end).find(|at| one_of(*at, all));
    if declares {
        // A cursor gives what it reads.
        let begin = find(at, &[":=", "=", "alias", "cursor", "default"]);
        let begin = begin.map(|begin| begin + 1 + usize::from(is(begin, "alias")));
        return begin.map(|begin| (at, values(words, begin..part.end))).into_iter().collect();
    }
    if one_of(at, &["for", "foreach"]) {
        let (begin, end) = (words.find(at, &["in"]), words.find(at, &["loop"]));
        let from = values(words, begin + 1..end);
        return words.split(at + 1..begin).map(|target| (target.start, from.clone())).collect();
    }
    if is(at, "open") {
        return vec![(at + 1, values(words, at + 2..part.end))];
    }
    // What a procedure gives back it can have from whatever it is given.
    if is(at, "call") {
        let from = values(words, part.clone());
        return part.clone().skip(2).map(|at| (at, from.clone())).collect();
    }
    if is(at, "get") {
        let from = match is(at + 1, "stacked") {
            true => BTreeSet::from([ERROR.to_owned()]),
            false => BTreeSet::new(),
        };
        let given = part.clone().filter(|at| one_of(*at, &["=", ":="]));
        return given.filter_map(|at| Some((at.checked_sub(1)?, from.clone()))).collect();
    }
    let behind = behind_target(words, at);
    if one_of(behind, &[":=", "="]) {
        return vec![(at, values(words, behind + 1..part.end))];
    }
    let (begin, from) = match one_of(at, &["insert", "merge"]) {
        true => match find(at, &["returning"]) {
            Some(returning) => (returning, returned(words, at, returning, part.end)),
            None => return Vec::new(),
        },
        false => (at, values(words, part.clone())),
    };
    let Some(into) = find(begin, &["into"]) else { return Vec::new() };
    let mut targets = vec![(into + 1 + usize::from(is(into + 1, "strict")), from)];
    while let Some((last, from)) = targets.last().cloned() {
        let next = behind_target(words, last);
        if words.text(next) != Some(",") {
            break;
        }
        targets.push((next + 1, from));
    }
    targets
}

/// Where the name of a variable ends that begins at `at`, with its field or element.
fn behind_target(words: &Words<'_>, at: usize) -> usize {
    let mut at = at + 1;
    loop {
        match words.text(at) {
            Some(".") => at += 2,
            Some("[") => {
                let end = (at..words.len()).find(|at| !words.may_look() || words.text(*at) == Some("]"));
                at = end.map_or(words.len(), |end| end + 1);
            }
            _ => return at,
        }
    }
}

/// What RETURNING gives of what is inserted: that of it which is put into the columns that it names.
fn returned(words: &Words<'_>, at: usize, returning: usize, end: usize) -> BTreeSet<String> {
    let mut from = values(words, returning + 1..end);
    let first = behind_target(words, at + 2);
    let listed = words.text(first) == Some("(");
    let columns: BTreeSet<String> = (first..returning)
        .take_while(|at| listed && words.text(*at) != Some(")"))
        .filter_map(|at| words.name(at))
        .collect();
    let has_star = (returning..end).any(|at| words.text(at) == Some("*"));
    if !listed || has_star || from.iter().any(|name| columns.contains(name)) {
        from.extend(values(words, at..returning));
    }
    from
}

/// Names of what values are taken from. Which rows there are is not put anywhere.
fn values(words: &Words<'_>, part: Range<usize>) -> BTreeSet<String> {
    let (mut depth, mut is_condition) = (0_usize, false);
    let is_taken = |at: &usize| {
        let text = words.text(*at).unwrap_or_default().to_ascii_lowercase();
        match text.as_str() {
            "(" => depth += 1,
            ")" => depth = depth.saturating_sub(1),
            word if depth == 0 && CONDITIONS.contains(&word) => is_condition = true,
            word if depth == 0 && BEHIND.contains(&word) => is_condition = false,
            _ => {}
        }
        !is_condition
    };
    part.filter(is_taken).filter_map(|at| source(words, at)).collect()
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
            (
                "begin for k, v in select * from each(to_jsonb(new)) loop new.x := v; end loop; end",
                vec!["x: new"],
            ),
            ("begin for new.x in execute 'select $1' using new.a loop null; end loop; end", vec!["x: a"]),
            ("begin foreach v slice 1 in array array[new.a] loop new.x := v; end loop; end", vec!["x: a"]),
            (
                "declare c cursor for select new.a; begin for r in c loop new.x := r.b; end loop; end",
                vec!["x: a b"],
            ),
            ("declare c refcursor; begin open c for select new.a; fetch c into new.x; end", vec!["x: a"]),
            (
                "declare c cursor (p text) for select p; begin open c (p := new.a); fetch c into v; new.x := v; end",
                vec!["x: a"],
            ),
            ("declare v text = new.a; begin new.x := v; end", vec!["x: a"]),
            ("declare v alias for new; w alias for old; begin v.x := w.a; return v; end", vec!["x: a old"]),
            ("declare v alias for new; begin new.x := to_jsonb(v); end", vec!["x: new"]),
            ("declare r t; begin r := new; r.x := r.a; return r; end", vec!["x: a new"]),
            ("begin return row(new.b, new.a); end", vec!["*: a b"]),
            ("begin v[1] = new.a; new.x := v[1]; end", vec!["x: a"]),
            ("begin select f(p := new.a) into new.x; end", vec!["x: a"]),
            ("begin select 1 into v where true union select new.a; new.x := v; end", vec!["x: a"]),
            ("begin insert into t (b) values (new.a) returning b into new.x; end", vec!["x: a b"]),
            ("begin insert into t (b) values (new.a) returning id into new.x; end", vec!["x: "]),
            ("begin call p(new.a, new.x); end", vec!["a: a", "x: a"]),
            (
                "begin begin v := new.a::int; exception when others then new.x := sqlerrm; end; end",
                vec!["x: a"],
            ),
            ("begin get stacked diagnostics v = message_text; new.x := v || new.b; end", vec!["x: b"]),
            ("begin for i in 1..9 loop new.x := i; end loop; return new; end", vec!["x: "]),
            ("declare r t; begin r := new; r.x := now(); return r; end", vec!["x: "]),
            ("begin for r in select b from t where a = new.a loop new.x := r.n; end loop; end", vec!["x: b"]),
            ("begin get diagnostics n = row_count; new.x := n; return null; end", vec!["x: "]),
        ] {
            assert_eq!(puts(body), found, "{body}");
        }
    }
}
