//! Cases of the small benchmarks: criterion times each, or it is done so many times for whoever counts instructions.

use std::env;
use std::time::Duration;

pub use anyhow::Result;
use anyhow::{Context, bail};
use criterion::Criterion;

/// How long criterion times a case; what counts is the number of instructions, and that does not vary.
const TIMED: Duration = Duration::from_secs(2);

/// Repetitions before those that count: what is made at the first is there then, and tables have grown.
const WARM_UP: u32 = 100;

/// One piece of work.
pub struct Case {
    name: &'static str,
    unit: &'static str,
    units: u32,
    work: Box<dyn FnMut()>,
}

impl Case {
    /// `work` does `units` of what is called `unit`, such as rows. What it needs is there before.
    pub fn new(name: &'static str, unit: &'static str, units: u32, work: impl FnMut() + 'static) -> Self {
        Case { name, unit, units, work: Box::new(work) }
    }
}

/// The whole program of a benchmark. Its arguments are criterion's, or one of these:
///
/// - `cases` prints a line for each case: its name, its unit, how many of them it does, with tabs between;
/// - `repeat CASE TIMES` does the work of one case so many times within [`counted`], and some times before.
///
/// # Errors
///
/// There is no such case, or the number is none.
pub fn run(group: &str, mut cases: Vec<Case>) -> Result<()> {
    let args: Vec<String> = env::args().skip(1).collect();
    match args.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["cases"] => {
            for Case { name, unit, units, .. } in &cases {
                println!("{name}\t{unit}\t{units}");
            }
        }
        ["repeat", name, times] => {
            let times: u32 = times.parse().with_context(|| format!("read the number `{times}`"))?;
            let Some(case) = cases.iter_mut().find(|case| case.name == *name) else {
                bail!("there is no case `{name}`")
            };
            (0..WARM_UP).for_each(|_| (case.work)());
            counted(&mut case.work, times);
        }
        _ => {
            let mut criterion =
                Criterion::default().without_plots().measurement_time(TIMED).configure_from_args();
            let mut group = criterion.benchmark_group(group);
            for case in &mut cases {
                group.bench_function(case.name, |bencher| bencher.iter(&mut case.work));
            }
            group.finish();
            criterion.final_summary();
        }
    }
    Ok(())
}

/// The repetitions that count: whoever counts instructions does so from where this function begins to where it ends.
#[inline(never)]
fn counted(work: &mut dyn FnMut(), times: u32) {
    (0..times).for_each(|_| work());
}
