//! What it costs to look at values, and to mask rows. With the arguments `corpus FILE MILLISECONDS`: what is found in the values of a
//! corpus, and how many of them a second; with `columns FILE`: what each of its columns is told to hold.

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};
use std::{env, fs};

use mask::{Class, ColumnPlan, Form, Found, Holds, Plan, Reason, Sample, detect, mask_row};
use yardstick::{Case, Result};

/// OID of the type of the columns (pg_type.dat).
const TEXT: u32 = 25;

fn main() -> Result<()> {
    let args: Vec<String> = env::args().skip(1).collect();
    if let [task, file, milliseconds] = args.as_slice()
        && task == "corpus"
    {
        return corpus(&fs::read(file)?, Duration::from_millis(milliseconds.parse()?));
    }
    if let [task, file] = args.as_slice()
        && task == "columns"
    {
        columns(&fs::read(file)?);
        return Ok(());
    }
    yardstick::run(
        "mask",
        vec![
            look("a note with nothing", "the parcel stands behind the door"),
            look("a UUID", "f47ac10b-58cc-4372-a567-0e02b2c3d479"),
            look("a moment", "2026-11-27 04:18:15.123456+00"),
            look("an e-mail address", "user.4711@mail.example.com"),
            look("the number of a card", "4111 1111 1111 1111"),
            look("a line of a log", "level=info dur=12.3ms status=200 bytes=4711 path=/api/v1/items/7"),
            row("a row of eight without masks", 0),
            row("a row of eight with one masked", 1),
            row("a row of eight with three masked", 3),
        ],
    )
}

fn look(name: &'static str, value: &'static str) -> Case {
    Case::new(name, "value", 1, move || {
        black_box(detect::first(black_box(value.as_bytes())));
    })
}

/// A row of eight values, as it is rewritten with so many of them masked.
fn row(name: &'static str, masked: usize) -> Case {
    let values =
        ["4711", "user.4711@mail.example.com", "open", "Teapot, 2 l", "17.50", "2026-11-27", "t", "b-1"];
    let mut body = 8_u16.to_be_bytes().to_vec();
    for value in values {
        body.extend((value.len() as u32).to_be_bytes());
        body.extend(value.as_bytes());
    }
    let form = Form { type_oid: TEXT, format: 0 };
    let column = |at: usize| match (1..=masked).contains(&at) {
        true => ColumnPlan::Mask(Class::Email, form, Reason::Classified),
        false => ColumnPlan::Clear(Reason::KnownHarmless),
    };
    let plan = Plan::new((0..values.len()).map(column).collect(), Arc::default());
    let (mut out, mut found) = (Vec::new(), Found::default());
    Case::new(name, "row", 1, move || {
        out.clear();
        // It was made for this plan.
        let _ = black_box(mask_row(black_box(&body), &plan, &mut out, &mut found));
    })
}

/// Columns end with NUL; behind their label and kind stand their values. Each gets a line with its class, or none.
fn columns(text: &[u8]) {
    for column in text.split(|&byte| byte == 0).filter(|column| !column.is_empty()) {
        let mut sample = Sample::default();
        column.split(|&byte| byte == b'\t').skip(2).for_each(|value| sample.note(TEXT, value));
        println!("{}", if let Holds::Class(class) = sample.holds() { class.name() } else { "" });
    }
}

/// Records end with NUL; the fifth field is the value. Each gets a line of `CLASS:BEGIN:END` with tabs between.
fn corpus(text: &[u8], time: Duration) -> Result<()> {
    let value = |record| <[u8]>::splitn(record, 5, |&byte| byte == b'\t').nth(4);
    let values: Vec<&[u8]> = text.split(|&byte| byte == 0).filter_map(value).collect();
    for value in &values {
        let line = detect::all(value).map(|detect::Match { class, range, .. }| {
            let class = class.name();
            format!("{class}:{}:{}", range.start, range.end)
        });
        println!("{}", line.collect::<Vec<_>>().join("\t"));
    }
    let (started, mut looked) = (Instant::now(), 0);
    while looked == 0 || started.elapsed() < time {
        for value in &values {
            black_box(detect::all(black_box(value)).count());
        }
        looked += values.len();
    }
    println!("per_second {}", looked as f64 / started.elapsed().as_secs_f64());
    Ok(())
}
