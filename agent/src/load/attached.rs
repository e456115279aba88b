//! Asks the kernel which programs this process still has attached. Root may detach them behind the agent's back, or put
//! another program in their place, and the agent's descriptors stay open all the same.

use std::collections::BTreeSet;
use std::fs;
use std::io;

/// What the kernel says of this process's descriptors (`proc_pid_fdinfo(5)`).
const OF_DESCRIPTORS: &str = "/proc/self/fdinfo";

/// Ids of programs that links of this process attach to some cgroup or tracepoint.
pub(super) fn programs() -> io::Result<BTreeSet<u32>> {
    let mut programs = BTreeSet::new();
    for entry in fs::read_dir(OF_DESCRIPTORS)? {
        // A descriptor may be closed meanwhile; that of a link stays.
        let Ok(text) = fs::read_to_string(entry?.path()) else { continue };
        programs.extend(program_of(&text));
    }
    Ok(programs)
}

/// Numbers of network namespaces that links of this process attach a program to.
pub(super) fn namespaces() -> io::Result<BTreeSet<u64>> {
    let mut namespaces = BTreeSet::new();
    for entry in fs::read_dir(OF_DESCRIPTORS)? {
        let Ok(text) = fs::read_to_string(entry?.path()) else { continue };
        namespaces.extend(value(&text, "netns_ino").filter(|number| *number != 0));
    }
    Ok(namespaces)
}

fn value(text: &str, key: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(key))?;
    line.trim_start_matches(':').trim().parse().ok()
}

/// The program of a link that is attached. A detached one has a cgroup 0; those to tracepoints and functions cannot be detached. Of one to a
/// function kernels before 6.3 say no more than that it is one (syscall.c, `bpf_tracing_link_show_fdinfo`).
fn program_of(text: &str) -> Option<u32> {
    let is_of_kernel = |line: &str| line.starts_with("tp_name:") || line == "link_type:\ttracing";
    let is_there = text.lines().any(is_of_kernel);
    value(text, "cgroup_id").filter(|cgroup| *cgroup != 0).or(is_there.then_some(1))?;
    u32::try_from(value(text, "prog_id")?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_is_told_from_a_detached_one_and_from_other_descriptors() {
        let link = |cgroup| {
            format!(
                "pos:\t0\nflags:\t02000000\nlink_type:\tcgroup\nlink_id:\t4\nprog_tag:\tab\nprog_id:\t12\n\
                 cgroup_id:\t{cgroup}\nattach_type:\t10\n"
            )
        };
        assert_eq!(program_of(&link(1)), Some(12));
        assert_eq!(program_of(&link(0)), None);
        let of_function =
            "link_type:\ttracing\nprog_id:\t12\nattach_type:\t24\ntarget_obj_id:\t1\ntarget_btf_id:\t7\n";
        assert_eq!(program_of(of_function), Some(12));
        assert_eq!(
            program_of("link_type:\ttracing\nprog_id:\t12\nattach_type:\t24\n"),
            Some(12),
            "Linux 6.1"
        );
        assert_eq!(program_of("pos:\t0\nprog_type:\t18\nprog_id:\t12\n"), None, "a program, not a link");
        assert!(programs().unwrap().len() < 1000);
    }
}
