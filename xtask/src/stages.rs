//! Runs named stages one after the other and sums up their times at the end, also when one failed.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use crate::progress::seconds;

/// What has run so far. The summary is printed when it is dropped.
pub(crate) struct Stages {
    started: Instant,
    ended: Vec<(&'static str, Duration, bool)>,
}

impl Stages {
    pub(crate) fn new() -> Self {
        Self { started: Instant::now(), ended: Vec::new() }
    }

    /// Announces and runs one stage.
    pub(crate) fn run<T>(&mut self, name: &'static str, stage: impl FnOnce() -> Result<T>) -> Result<T> {
        println!("==> {name}");
        let started = Instant::now();
        let result = stage();
        self.ended.push((name, started.elapsed(), result.is_ok()));
        result.with_context(|| format!("stage `{name}`"))
    }
}

impl Drop for Stages {
    fn drop(&mut self) {
        println!("\nsummary");
        for (name, time, passed) in &self.ended {
            let mark = if *passed { "ok" } else { "FAILED" };
            println!("  {name:<34} {:>12}  {mark}", seconds(*time));
        }
        println!("  {:<34} {:>12}", "all", seconds(self.started.elapsed()));
    }
}
