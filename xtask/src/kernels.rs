//! `cargo xtask kernels`: the agent's tests on other kernels than this machine's, each in an emulated machine.

mod image;

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail};

use crate::error::Unavailable;
use crate::stages::Stages;
use crate::test::cargo_command;
use crate::{ebpf, repo, run, setup};

/// Run the agent's tests on other kernels.
///
/// Fetches Debian's kernels from apt into a cache, and starts each in a machine that QEMU emulates (no KVM is needed), with
/// nothing but the tests of `agent/tests/kernel`, the agent, and the programs that they call. What a kernel is too old for is left out by name.
/// A machine has two processors and as much memory as it takes, and no network but its own. Emulated programs run some ten times slower.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Only kernels whose version begins with these numbers, such as 6.1 (which 6.12 does not).
    #[arg(long, value_name = "VERSION", default_value = "")]
    kernel: String,

    /// What the kernels are told besides when they start, such as `lsm=landlock`: without `bpf` no program is asked about UNIX sockets.
    #[arg(long, value_name = "WORDS", default_value = "")]
    append: String,

    /// Only tests whose names contain one of these.
    filter: Vec<String>,
}

/// A kernel that apt has.
struct Kernel {
    /// The package that depends on the newest of its kind.
    package: &'static str,
    /// Tests of what it does not have yet.
    without: &'static [&'static str],
}

/// It would take an emulated machine a quarter of an hour.
const LARGE: &str = "of_a_hundred_thousand";

/// The oldest and the newest that Debian 12 has, built for machines like these.
const KERNELS: [Kernel; 2] = [
    // Before 6.8 no namespace has an `optmem_max` of its own.
    Kernel {
        package: "linux-image-cloud-amd64",
        without: &[
            "a_namespace_without_memory_for_sockets_hides_nobody",
            "a_process_is_known_where_its_socket_gets_no_memory",
            "a_socket_without_memory_names_nobody",
            LARGE,
        ],
    },
    Kernel { package: "linux-image-6.12-cloud-amd64", without: &[LARGE] },
];

/// What emulates and fills machines.
const PROGRAMS: [&str; 4] = ["qemu-system-x86", "busybox-static", "cpio", "kmod"];

const BY_HAND: &str = "kernels: `cargo xtask kernels` needs qemu-system-x86_64, busybox (static), cpio, kmod, and apt with Debian's kernels";

/// How long a machine may take.
const MACHINE_WAIT: Duration = Duration::from_secs(1_800);

/// Memory of a machine, with its files in it, in MiB.
const MACHINE_MIB: u32 = 1_500;

/// What a machine says last, with the exit code of the tests.
const ENDED: &str = "PICKET-TESTS-ENDED ";

pub(crate) fn command(args: &Args) -> Result<()> {
    let mut stages = Stages::new();
    stages.run("kernel programs", ebpf::build)?;
    let tests = stages.run("build", build)?;
    setup::install_from_apt(&PROGRAMS, BY_HAND)?;
    let mut ran = 0;
    for kernel in &KERNELS {
        let package = newest(kernel.package)?;
        if !is_of(version(&package), &args.kernel) {
            continue;
        }
        stages.run("tests on another kernel", || run_on(kernel, &package, &tests, args))?;
        ran += 1;
    }
    if ran == 0 {
        bail!("no kernel of that version: apt has {}", KERNELS.map(|kernel| kernel.package).join(" and "));
    }
    Ok(())
}

fn version(package: &str) -> &str {
    package.strip_prefix("linux-image-").unwrap_or(package)
}

/// Whether a version, such as `6.1.0-50-cloud-amd64`, begins with these numbers, each of them whole.
fn is_of(version: &str, wanted: &str) -> bool {
    let rest = version.strip_prefix(wanted);
    rest.is_some_and(|rest| wanted.is_empty() || !rest.starts_with(|it: char| it.is_ascii_digit()))
}

/// The test program and the agent.
fn build() -> Result<Vec<PathBuf>> {
    run::shown(cargo_command()?.args(["build", "--workspace", "--all-targets"]))?;
    let messages = run::output(cargo_command()?.args([
        "test",
        "--workspace",
        "--test",
        "kernel",
        "--no-run",
        "--message-format=json",
    ]))?;
    let tests = messages.lines().find_map(|line| {
        let message: serde_json::Value = serde_json::from_str(line).ok()?;
        let is_it = message["target"]["name"] == "kernel" && message["profile"]["test"] == true;
        Some(PathBuf::from(message["executable"].as_str().filter(|_| is_it)?))
    });
    let tests = tests.context("find the test program `kernel`")?;
    let agent = tests.parent().and_then(Path::parent).context("find its folder")?.join("picket-agent");
    Ok(vec![tests, agent])
}

/// The package of the kernel that `package` stands for.
fn newest(package: &str) -> Result<String> {
    let depends = run::output(Command::new("apt-cache").args(["depends", package]));
    let depends = depends.map_err(|_| anyhow!(Unavailable(format!("apt knows no {package}\n{BY_HAND}"))))?;
    let mut names = depends.lines().filter_map(|line| line.trim().strip_prefix("Depends: "));
    let kernel = names.find(|name| name.starts_with("linux-image-"));
    kernel.map(str::to_owned).with_context(|| format!("find the kernel that {package} stands for"))
}

fn run_on(kernel: &Kernel, package: &str, programs: &[PathBuf], args: &Args) -> Result<()> {
    let folder = setup::unpack_from_apt(package, BY_HAND)?;
    let version = version(package);
    let work = tempfile::Builder::new().prefix("picket-kernel-").tempdir().context("make a work folder")?;
    let [tests, _] = programs else { bail!("the test program and the agent are needed") };
    let mut words = vec![tests.display().to_string(), "--test-threads=2".to_owned()];
    words.extend(kernel.without.iter().map(|test| format!("--skip={test}")));
    words.extend(args.filter.iter().cloned());
    let in_folder = repo::root()?.join("agent");
    let image = image::make(work.path(), &folder, version, programs, &in_folder, &words)?;
    println!("Linux {version}, emulated");
    let mut machine = Command::new("qemu-system-x86_64");
    machine.args(["-accel", "tcg,thread=multi", "-cpu", "max", "-smp", "2", "-m", &MACHINE_MIB.to_string()]);
    machine.arg("-kernel").arg(folder.join("boot").join(format!("vmlinuz-{version}")));
    machine.arg("-initrd").arg(&image).arg("-append");
    // A machine that others keep busy is too slow for the kernel's own check of its timer.
    machine.arg(format!("console=ttyS0 quiet panic=-1 no_timer_check {}", args.append));
    machine.args(["-nographic", "-monitor", "none", "-no-reboot", "-nic", "none"]);
    let mut child = machine.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().context("start QEMU")?;
    let code = until_ended(&mut child);
    // It is off by then, or hangs.
    let _ = child.kill();
    child.wait().context("wait for QEMU")?;
    match code? {
        0 => Ok(()),
        code => bail!("the tests failed on Linux {version} (exit code {code})"),
    }
}

/// Shows what the machine says, up to the exit code of the tests.
fn until_ended(machine: &mut Child) -> Result<i32> {
    let output = machine.stdout.take().context("read what the machine says")?;
    let (told, lines) = channel();
    thread::spawn(move || {
        for line in BufReader::new(output).split(b'\n').map_while(Result::ok) {
            if told.send(String::from_utf8_lossy(&line).trim_end().to_owned()).is_err() {
                return;
            }
        }
    });
    let deadline = Instant::now() + MACHINE_WAIT;
    loop {
        let line = next(&lines, deadline)?;
        if let Some(code) = line.strip_prefix(ENDED) {
            return code.parse().context("read the exit code");
        }
        println!("{line}");
    }
}

fn next(lines: &Receiver<String>, deadline: Instant) -> Result<String> {
    match lines.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
        Ok(line) => Ok(line),
        Err(RecvTimeoutError::Timeout) => {
            bail!("the machine has not ended after {} s", MACHINE_WAIT.as_secs())
        }
        Err(RecvTimeoutError::Disconnected) => bail!("the machine ended before its tests did"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_a_version_are_whole() {
        let (old, new) = (version("linux-image-6.1.0-50-cloud-amd64"), "6.12.117+deb12-cloud-amd64");
        for (wanted, expected) in
            [("", [true, true]), ("6.1", [true, false]), ("6.12", [false, true]), ("6", [true, true])]
        {
            assert_eq!([is_of(old, wanted), is_of(new, wanted)], expected, "{wanted}");
        }
        assert!(is_of(old, "6.1.0-50") && !is_of(old, "1.0") && !is_of(old, "6.1.0-5"));
    }
}
