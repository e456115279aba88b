//! The tables of docs/reading.md.

use std::collections::BTreeMap;
use std::fmt::Write;

use e2e::kind::kinds;

use super::class::{Class, DISAGREES, UNREADABLE};
use super::count::{Counts, Kind};
use super::server::Answers;

pub(crate) fn write(own: &Counts, newer: &Counts) -> String {
    let mut text = String::new();
    for counts in [own, newer] {
        let all = sum(counts);
        let _ = writeln!(
            text,
            "\nPostgreSQL {}: {} distinct texts in {} scripts; {} unreadable, {} read by the second reader too, {} \
             differently.",
            counts.version,
            number(all.texts),
            counts.scripts,
            all.unreadable,
            number(all.second),
            all.disagrees
        );
    }
    let _ = writeln!(
        text,
        "\n| kind | {own} | unreadable | second reader | disagrees | {newer} | unreadable | second reader | disagrees |\n\
         | --- | --: | --: | --: | --: | --: | --: | --: | --: |",
        own = own.version,
        newer = newer.version
    );
    for kind in kinds() {
        let of = |counts: &Counts| counts.kinds.get(kind).map_or_else(String::new, cells);
        let _ = writeln!(text, "| {kind} | {} | {} |", of(own), of(newer));
    }
    let _ = writeln!(text, "| all | {} | {} |", cells(&sum(own)), cells(&sum(newer)));
    classes(&mut text, "unreadable because", &UNREADABLE, [own, newer], |counts| &counts.unreadable);
    classes(&mut text, "the second reader", &DISAGREES, [own, newer], |counts| &counts.disagrees);
    if let Some(answers) = &own.server {
        server(&mut text, &own.version, answers);
    }
    text
}

fn sum(counts: &Counts) -> Kind {
    counts.kinds.values().fold(Kind::default(), |all, kind| Kind {
        texts: all.texts + kind.texts,
        unreadable: all.unreadable + kind.unreadable,
        second: all.second + kind.second,
        disagrees: all.disagrees + kind.disagrees,
    })
}

/// Of what can be read, the share that the second reader reads too, rounded down: 100 % is all.
fn cells(kind: &Kind) -> String {
    let readable = kind.texts - kind.unreadable;
    let mille = (kind.second * 1_000).checked_div(readable).unwrap_or_default();
    let share = format!("{}.{} %", mille / 10, mille % 10);
    format!("{} | {} | {share} | {}", number(kind.texts), count(kind.unreadable), count(kind.disagrees))
}

fn classes(
    text: &mut String,
    title: &str,
    classes: &[Class],
    both: [&Counts; 2],
    of: impl Fn(&Counts) -> &BTreeMap<&'static str, usize>,
) {
    let [own, newer] = both;
    let _ = writeln!(
        text,
        "\n| {title} | {} | {} | why |\n| --- | --: | --: | --- |",
        own.version, newer.version
    );
    for Class { name, why } in classes {
        let count = |counts| count(of(counts).get(name).copied().unwrap_or_default());
        let _ = writeln!(text, "| {name} | {} | {} | {why} |", count(own), count(newer));
    }
}

fn server(text: &mut String, version: &str, answers: &Answers) {
    let Answers { same, other, taken, newer } = answers;
    let _ = writeln!(
        text,
        "\n| PostgreSQL {version} was asked to prepare each | texts | why |\n| --- | --: | --- |"
    );
    for (what, texts, why) in [
        ("unreadable, refused in the same words", *same, "it is no statement"),
        ("unreadable, refused in other words", *other, "18 says it in another way"),
        (
            "unreadable, and taken",
            taken.len(),
            "`PARTITION BY magic`: 15 looks at the name when the statement runs, where it refuses it too",
        ),
        ("read, and a syntax error there", *newer, "`MERGE … RETURNING` came with 17"),
    ] {
        let _ = writeln!(text, "| {what} | {} | {why} |", count(texts));
    }
}

fn count(number: usize) -> String {
    if number == 0 { String::new() } else { number.to_string() }
}

/// With commas between thousands.
fn number(number: usize) -> String {
    match number / 1_000 {
        0 => number.to_string(),
        thousands => format!("{thousands},{:03}", number % 1_000),
    }
}
