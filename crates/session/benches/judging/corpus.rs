//! The steps of reading and judging each statement of a file, in nanoseconds.

use std::fs;
use std::hint::black_box;
use std::rc::Rc;
use std::time::Instant;

use sql::steps::{self, Second};
use yardstick::Result;

use super::{Memory, Rules};

/// Of each step the median of so many times counts.
const TIMES: usize = 5;

/// How often a known text is judged for one time.
const KNOWN: u32 = 64;

/// Prints a line for each text of `file`, where texts end with NUL and begin with their kind and a tab: its kind, what came
/// of it, and the nanoseconds of each step, in this order: skeleton, PostgreSQL's grammar, walk, fingerprint, second reader,
/// judge; all of it as a session does for a text that it does not know; the same for one that it knows.
pub(super) fn measure(file: &str) -> Result<()> {
    let rules = Rules::new();
    for text in fs::read(file)?.split(|byte| *byte == 0).filter(|text| !text.is_empty()) {
        let tab = text.iter().position(|byte| *byte == b'\t').unwrap_or(0);
        let (kind, text) = (&text[..tab], &text[tab + 1..]);
        let (mut outcome, mut all) = ("", Vec::new());
        for _ in 0..TIMES {
            let (came, times) = steps_of(text, &rules);
            outcome = came;
            all.push(times);
        }
        let medians = (0..all[0].len()).map(|step| {
            let mut times: Vec<u128> = all.iter().map(|times| times[step]).collect();
            times.sort_unstable();
            times[TIMES / 2].to_string()
        });
        println!("{}\t{outcome}\t{}", String::from_utf8_lossy(kind), medians.collect::<Vec<_>>().join("\t"));
    }
    Ok(())
}

fn steps_of(text: &[u8], rules: &Rc<Rules>) -> (&'static str, [u128; 8]) {
    let mut times = [0; 8];
    let mut skeleton = Vec::new();
    timed(&mut times[0], || sql::skeleton(text, &mut skeleton));
    steps::forget();
    let parsed = timed(&mut times[1], || steps::parse(text));
    let outcome = match &parsed {
        Err(unreadable) => {
            timed(&mut times[5], || rules.policies.judge_unreadable(&rules.subject, unreadable));
            "unreadable"
        }
        Ok(parsed) => {
            let mut statements = timed(&mut times[2], || steps::collect(parsed)).expect("a known tree");
            timed(&mut times[3], || steps::locate(parsed, &mut statements)).expect("a known tree");
            let text = std::str::from_utf8(text).expect("it was read");
            let second = timed(&mut times[4], || steps::compare(text, &statements));
            let facts = sql::Facts { statements, readers_disagree: None };
            timed(&mut times[5], || rules.judge(&facts));
            match second {
                Second::Agrees => "agrees",
                Second::CannotRead => "alone",
                Second::Disagrees(_) => "disagrees",
            }
        }
    };
    let mut memory = Memory::new(rules);
    steps::forget();
    timed(&mut times[6], || memory.may_run(text));
    timed(&mut times[7], || {
        for _ in 0..KNOWN {
            black_box(memory.may_run(text));
        }
    });
    times[7] /= u128::from(KNOWN);
    (outcome, times)
}

fn timed<T>(nanoseconds: &mut u128, work: impl FnOnce() -> T) -> T {
    let start = Instant::now();
    let done = black_box(work());
    *nanoseconds = start.elapsed().as_nanos();
    done
}
