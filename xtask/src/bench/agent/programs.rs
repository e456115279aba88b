//! How long each kernel program of the agent takes, and how often it runs, by the kernel's own count (`BPF_ENABLE_STATS`).

use std::collections::{BTreeMap, HashMap};
use std::fs;

use anyhow::{Context, Result, ensure};
use aya::programs::loaded_programs;
use aya::sys::{Stats, enable_stats};

use super::Workload;
use super::results::{Program, Runs};
use super::stage::{DENY, Stage};
use crate::bench::workload::{Length, pgbench};
use crate::progress::Step;

/// Runs of a program since it was loaded, and their time.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Count {
    runs: u64,
    ns: u64,
}

/// With an agent that refuses: it asks the most of each `connect`.
pub(super) fn measure(stage: &mut Stage, workloads: &[Workload], length: Length) -> Result<Vec<Program>> {
    let step = Step::start("the kernel programs");
    let mut agent = stage.agent(DENY, None)?.context("start an agent")?;
    stage.settle(&agent)?;
    // The kernel counts until this is closed. Counting takes time too, which is not among the ratios.
    let counting = enable_stats(Stats::RunTime).context("have the kernel count what programs take")?;
    let mut programs: BTreeMap<String, Vec<Runs>> = BTreeMap::new();
    for workload in workloads {
        let before = counts(agent.pid())?;
        let done = pgbench(&stage.login(), workload.options, workload.clients, length, None)?;
        for (name, after) in counts(agent.pid())? {
            let before = before.get(&name).copied().unwrap_or_default();
            let (runs, ns) = (after.runs - before.runs, after.ns - before.ns);
            programs.entry(name).or_default().push(Runs {
                workload: workload.name.clone(),
                runs_each: runs as f64 / done.cost_units,
                ns: ns as f64 / runs as f64,
            });
        }
    }
    drop(counting);
    agent.stop()?;
    step.done();
    Ok(programs.into_iter().map(|(name, workloads)| Program { name, workloads }).collect())
}

/// Of the programs that this process holds. Others may have loaded some of the same name.
fn counts(pid: u32) -> Result<BTreeMap<String, Count>> {
    let programs = loaded_programs().filter_map(Result::ok);
    let names: HashMap<u32, String> =
        programs.map(|it| (it.id(), it.name_as_str().unwrap_or("?").to_owned())).collect();
    let folder = format!("/proc/{pid}/fdinfo");
    let mut counts = BTreeMap::new();
    for entry in fs::read_dir(&folder).with_context(|| format!("list `{folder}`"))?.flatten() {
        // A file that is closed by now is no program.
        let Ok(text) = fs::read_to_string(entry.path()) else { continue };
        let Some((id, count)) = count(&text) else { continue };
        counts.insert(names.get(&id).cloned().unwrap_or_else(|| format!("program {id}")), count);
    }
    ensure!(!counts.is_empty(), "find the agent's programs in `{folder}`");
    Ok(counts)
}

/// What Linux tells of a descriptor of a program: its id, and its counts.
fn count(fdinfo: &str) -> Option<(u32, Count)> {
    let field =
        |key: &str| fdinfo.lines().find_map(|line| line.strip_prefix(key)?.trim().parse::<u64>().ok());
    // A link names its program too, but counts nothing.
    let count = Count { runs: field("run_cnt:")?, ns: field("run_time_ns:")? };
    Some((u32::try_from(field("prog_id:")?).ok()?, count))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_descriptors_of_programs_count() {
        let program = "pos:\t0\nprog_type:\t13\nprog_id:\t77\nrun_time_ns:\t900\nrun_cnt:\t3\n";
        assert_eq!(count(program), Some((77, Count { runs: 3, ns: 900 })));
        assert_eq!(count("link_type:\tcgroup\nprog_id:\t77\n"), None);
    }
}
