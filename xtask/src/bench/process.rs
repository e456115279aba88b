//! What a running process costs, and on which core it may run. Linux counts it; this reads the counts.

use std::fs;
use std::ops::{AddAssign, Sub};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use rustix::process::Pid;
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

/// How long processes may work on what a measurement left.
const SETTLE_SECS_MAX: u64 = 60;
/// Between two looks at that work.
const SETTLE_LOOK_MS: u64 = 250;
/// Less CPU time than this between two looks is rest.
const REST_US_MAX: f64 = 25_000.0;

/// CPU time of all threads of a process, also of those that have ended.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct CpuTime {
    pub(super) user_us: f64,
    pub(super) system_us: f64,
}

impl CpuTime {
    pub(super) fn of(pid: Pid) -> Result<Self> {
        let path = format!("/proc/{}/stat", pid.as_raw_nonzero());
        let text = fs::read_to_string(&path).with_context(|| format!("read `{path}`"))?;
        Self::parse(&text).with_context(|| format!("read the times in `{path}`"))
    }

    /// proc(5): `utime` and `stime` are the 14th and 15th field. The second is a name that may hold anything, but the
    /// last `)` ends it.
    fn parse(stat: &str) -> Option<Self> {
        let us_per_tick = 1e6 / rustix::param::clock_ticks_per_second() as f64;
        let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
        let mut time = || Some(fields.next()?.parse::<f64>().ok()? * us_per_tick);
        Some(Self { user_us: time()?, system_us: time()? })
    }

    pub(super) fn all_us(self) -> f64 {
        self.user_us + self.system_us
    }
}

impl Sub for CpuTime {
    type Output = Self;

    fn sub(self, earlier: Self) -> Self {
        Self { user_us: self.user_us - earlier.user_us, system_us: self.system_us - earlier.system_us }
    }
}

impl AddAssign for CpuTime {
    fn add_assign(&mut self, more: Self) {
        self.user_us += more.user_us;
        self.system_us += more.system_us;
    }
}

/// Waits until these processes rest, or a minute is over.
pub(super) fn settle(processes: &[Pid]) -> Result<()> {
    let started = Instant::now();
    let busy = || processes.iter().map(|pid| Ok(CpuTime::of(*pid)?.all_us())).sum::<Result<f64>>();
    let mut before = busy()?;
    while started.elapsed() < Duration::from_secs(SETTLE_SECS_MAX) {
        std::thread::sleep(Duration::from_millis(SETTLE_LOOK_MS));
        let now = busy()?;
        if now - before < REST_US_MAX {
            return Ok(());
        }
        before = now;
    }
    Ok(())
}

/// The proportional share of memory of a process, in KiB.
pub(super) fn pss_kib(pid: Pid) -> Result<f64> {
    let path = format!("/proc/{}/smaps_rollup", pid.as_raw_nonzero());
    let text = fs::read_to_string(&path).with_context(|| format!("read `{path}`"))?;
    let kib =
        text.lines().find_map(|line| line.strip_prefix("Pss:")?.split_whitespace().next()?.parse().ok());
    kib.with_context(|| format!("find `Pss` in `{path}`"))
}

/// Keeps this thread, what it starts, and every thread of other processes on one core until it is dropped.
pub(super) struct Pinned(Vec<(Pid, CpuSet)>);

impl Pinned {
    /// Threads and processes that these start inherit it, such as PostgreSQL's backends.
    pub(super) fn to_first_core(processes: &[Pid]) -> Result<Self> {
        let mut threads = vec![rustix::thread::gettid()];
        for process in processes {
            let path = format!("/proc/{}/task", process.as_raw_nonzero());
            let tasks = fs::read_dir(&path).with_context(|| format!("list `{path}`"))?;
            threads.extend(tasks.flatten().filter_map(|task| pid(task.file_name().to_str()?)));
        }
        let here = sched_getaffinity(None).context("ask for the cores of this thread")?;
        let first = (0..CpuSet::MAX_CPU).find(|core| here.is_set(*core)).context("find a core")?;
        let mut only = CpuSet::new();
        only.set(first);
        let mut pinned = Self(Vec::with_capacity(threads.len()));
        for thread in threads {
            let before = sched_getaffinity(Some(thread)).context("ask for the cores of a thread")?;
            sched_setaffinity(Some(thread), &only).context("keep a thread on one core")?;
            pinned.0.push((thread, before));
        }
        Ok(pinned)
    }
}

impl Drop for Pinned {
    fn drop(&mut self) {
        for (thread, before) in &self.0 {
            // A thread that is gone needs no core.
            let _ = sched_setaffinity(Some(*thread), before);
        }
    }
}

/// A process or thread id from its decimal form.
pub(super) fn pid(text: &str) -> Option<Pid> {
    Pid::from_raw(text.trim().parse().ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_spaces_and_brackets_does_not_shift_the_times() {
        let stat = "7 (a ) b) S 1 7 7 0 -1 4194560 100 0 0 0 250 50 9 9 20 0 1 0";
        let time = CpuTime::parse(stat).unwrap();
        assert_eq!((time.user_us, time.system_us), (2_500_000.0, 500_000.0));
    }

    #[test]
    fn a_pinned_thread_has_one_core_and_gets_its_own_back() {
        let before = sched_getaffinity(None).unwrap();
        let pinned = Pinned::to_first_core(&[]).unwrap();
        assert_eq!(sched_getaffinity(None).unwrap().count(), 1);
        drop(pinned);
        assert!(sched_getaffinity(None).unwrap() == before);
    }
}
