//! The agent while nobody connects: its memory, and what it does all the same.

use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use super::results::Rest;
use super::stage::{DENY, NAMES, OBSERVE, Stage};
use crate::bench::field::pid_of;
use crate::bench::process::{self, CpuTime};
use crate::progress::Step;

/// Of both modes.
pub(super) fn measure(stage: &mut Stage, seconds: u32) -> Result<Vec<Rest>> {
    [OBSERVE, DENY].into_iter().map(|contender| of(stage, contender, seconds)).collect()
}

fn of(stage: &mut Stage, contender: usize, seconds: u32) -> Result<Rest> {
    let step = Step::start(format!("the agent at rest, {}", NAMES[contender]));
    let mut agent = stage.agent(contender, None)?.context("start an agent")?;
    let pid = pid_of(agent.pid())?;
    stage.settle(&agent)?;
    let (before, began) = (CpuTime::of(pid)?, Instant::now());
    thread::sleep(Duration::from_secs(u64::from(seconds)));
    let cpu = CpuTime::of(pid)? - before;
    let cpu_percent = cpu.all_us() / began.elapsed().as_secs_f64() / 1e4;
    let pss_kib = process::pss_kib(pid)?;
    agent.stop()?;
    step.done();
    Ok(Rest { mode: NAMES[contender], cpu_percent, pss_kib })
}
