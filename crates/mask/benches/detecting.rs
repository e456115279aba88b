//! What it costs to look at values. With the arguments `corpus FILE MILLISECONDS`: what is found in the values of a corpus,
//! and how many of them a second.

use std::hint::black_box;
use std::time::{Duration, Instant};
use std::{env, fs};

use mask::detect;
use yardstick::{Case, Result};

fn main() -> Result<()> {
    let args: Vec<String> = env::args().skip(1).collect();
    if let [task, file, milliseconds] = args.as_slice()
        && task == "corpus"
    {
        return corpus(&fs::read(file)?, Duration::from_millis(milliseconds.parse()?));
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
        ],
    )
}

fn look(name: &'static str, value: &'static str) -> Case {
    Case::new(name, "value", 1, move || {
        black_box(detect::first(black_box(value.as_bytes())));
    })
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
