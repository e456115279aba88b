//! `cargo xtask test`: sets up, builds everything once, and runs every check and test there is.

use std::env;
use std::path::Path;
use std::process::Command;
use std::thread;

use anyhow::{Context, Result, anyhow};

use crate::error::Unavailable;
use crate::setup::{self, Privilege};
use crate::stages::Stages;
use crate::{ebpf, repo, run, suites, tidy};

/// How many tests cargo's harness runs at once.
const TEST_THREADS: &str = "RUST_TEST_THREADS";

/// What throwaway clusters, engines and what the tests fetch take of the disk at once, at most.
const CLUSTERS_BYTES: u64 = 3 << 30;

/// Run all tests.
///
/// Installs what is missing (see `cargo xtask setup --help`), then: repository rules, formatting, kernel
/// programs, clippy, unit tests, and the integration and end-to-end tests on a real PostgreSQL, ClickHouse
/// engine and kernel; last, the suites of `cargo xtask suites`. Loading kernel programs and changing users need root: run as somebody else, the test
/// programs, and nothing else, run through sudo. Ends with the time of every stage.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Run only the tests whose names contain this, and skip the checks that are not tests.
    filter: Option<String>,
}

pub(crate) fn command(args: &Args) -> Result<()> {
    let mut stages = Stages::new();
    run_all(&mut stages, args.filter.as_deref())
}

/// All stages; `ci` runs its own after them.
pub(crate) fn run_all(stages: &mut Stages, filter: Option<&str>) -> Result<()> {
    let set_up = stages.run("set-up", setup::ensure_what_builds)?;
    if filter.is_none() {
        stages.run("repository rules", tidy::check)?;
        stages.run("formatting", formatting)?;
    }
    // Before anything that compiles the agent, which embeds the result.
    stages.run("kernel programs", ebpf::build)?;
    let build = if filter.is_none() { "build, with clippy" } else { "build" };
    stages.run(build, || run::shown(test_command("build", filter)?.arg("--all-targets")))?;
    stages.run("rest of the set-up", || set_up.wait())?;
    if filter.is_none() {
        has_room(&env::temp_dir())?;
    }
    stages.run("unit tests", || tests(&["--lib", "--bins"], filter))?;
    stages.run("integration and end-to-end tests", || tests(&["--test", "*"], filter))?;
    if filter.is_none() {
        stages.run("benchmarks, each case once", || {
            run::shown(test_command("test", filter)?.args(["--bench", "*"]))
        })?;
    }
    stages
        .run("documentation tests", || run::shown(test_command("test", filter)?.arg("--doc").args(filter)))?;
    if filter.is_none() {
        stages.run("suites of drivers and frameworks", suites::run_daily)?;
    }
    Ok(())
}

/// A cluster on a full disk goes down, and hundreds of tests then say that it is not there.
fn has_room(folder: &Path) -> Result<()> {
    let file_system =
        rustix::fs::statvfs(folder).with_context(|| format!("ask for the room in `{}`", folder.display()))?;
    let free = file_system.f_bavail.saturating_mul(file_system.f_frsize);
    if free < CLUSTERS_BYTES {
        return Err(anyhow!(Unavailable(format!(
            "`{}` has {} MB left, and the tests need {} MB there: make room",
            folder.display(),
            free >> 20,
            CLUSTERS_BYTES >> 20
        ))));
    }
    Ok(())
}

fn formatting() -> Result<()> {
    cargo(&["fmt", "--all", "--", "--check"])?;
    cargo(&["fmt", "--manifest-path", "ebpf/Cargo.toml", "--", "--check"])?;
    cargo(&["fmt", "--manifest-path", "fuzz/explore/Cargo.toml", "--", "--check"])
}

fn tests(kinds: &[&str], filter: Option<&str>) -> Result<()> {
    let mut command = test_command("test", filter)?;
    command.args(kinds).args(filter);
    // Most of them wait for servers half of their time: one more than there are processors keeps these busy.
    if env::var_os(TEST_THREADS).is_none() {
        let processors = thread::available_parallelism().context("count the processors")?;
        command.env(TEST_THREADS, processors.get().saturating_add(1).to_string());
    }
    with_rights(&mut command)?;
    run::shown(&mut command)
}

/// The whole workspace is named every time: leaving a package out would change the features of what it shares
/// with the others, and build those again.
fn test_command(what: &str, filter: Option<&str>) -> Result<Command> {
    let mut command = cargo_command()?;
    command.args([what, "--workspace"]);
    if filter.is_none() {
        with_clippy(&mut command);
    }
    if let Some(library) = setup::engine_library() {
        command.env("PICKET_ENGINE_LIB", library);
    }
    // Tests may run as another user than the one who set up.
    if let Some(cache) = repo::cache_folder().as_deref().and_then(Path::parent) {
        command.env("XDG_CACHE_HOME", cache);
    }
    Ok(command)
}

/// Has clippy compile the workspace, and deny warnings: `cargo clippy` does the same without making programs of it, so that all that
/// others wrote is read once more, which takes as long as to compile ours.
fn with_clippy(command: &mut Command) {
    command.env("RUSTC_WORKSPACE_WRAPPER", repo::cargo().with_file_name("clippy-driver"));
    // As `cargo clippy -- -D warnings` says it to its driver.
    command.env("CLIPPY_ARGS", ["-D", "warnings", ""].join("__CLIPPY_HACKERY__"));
}

/// Kernel programs can be loaded, and PostgreSQL be run as another user, by root only.
fn with_rights(command: &mut Command) -> Result<()> {
    const BY_HAND: &str = "run `cargo xtask test` as root, or install sudo";
    if let Privilege::Sudo(sudo) = Privilege::obtain("run the test programs as root", BY_HAND)? {
        let triple = format!("CARGO_TARGET_{}_UNKNOWN_LINUX_GNU_RUNNER", env::consts::ARCH.to_uppercase());
        let keep = "--preserve-env=PICKET_ENGINE_LIB,XDG_CACHE_HOME,PICKET_LOG,RUST_BACKTRACE,RUST_TEST_THREADS,CARGO_MANIFEST_DIR";
        command.env(triple, format!("{} --non-interactive {keep} --", sudo.display()));
    }
    Ok(())
}

fn cargo(args: &[&str]) -> Result<()> {
    run::shown(cargo_command()?.args(args))
}

/// cargo at the root of the repository, with the terminal's own output.
pub(crate) fn cargo_command() -> Result<Command> {
    let mut command = Command::new(repo::cargo());
    command.current_dir(repo::root().context("find the repository")?);
    Ok(command)
}
