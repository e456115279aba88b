//! `cargo xtask fuzz`: explores with libFuzzer what strangers send. What it has found is replayed by an ordinary test.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::{repo, run};

/// Explore what strangers send, to find what breaks.
///
/// Builds fuzz/explore with coverage, for which stable Rust is enough, and runs its targets one after the other. An
/// input that fails is written to fuzz/failed: mend what it shows, and move it to the target's corpus under fuzz/corpus,
/// which `cargo xtask test` replays.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Only this target.
    target: Option<String>,

    /// Seconds for each target.
    #[arg(long, default_value_t = 60)]
    secs: u64,

    /// Add to the corpora the fewest inputs that reach what they did not reach before.
    #[arg(long)]
    keep: bool,
}

/// The targets, in the order of fuzz/src/lib.rs.
const TARGETS: [&str; 7] =
    ["frame", "startup", "client_message", "server_message", "copy_rows", "session", "judge"];

/// Longest input, in bytes: what is new is new in small inputs too.
const INPUT_BYTES_MAX: u32 = 1_024;

/// What makes LLVM count edges and comparisons for libFuzzer.
const COVERAGE: &str = "-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares -Ccodegen-units=1 --cfg fuzzing";

pub(crate) fn command(args: &Args) -> Result<()> {
    let root = repo::root()?;
    let chosen: Vec<&str> = TARGETS
        .into_iter()
        .filter(|target| args.target.as_ref().is_none_or(|wanted| wanted == target))
        .collect();
    if chosen.is_empty() {
        bail!("there is no such target; the targets are `{}`", TARGETS.join("`, `"));
    }
    let programs = build(&root)?;
    for target in chosen {
        let corpus = root.join("fuzz/corpus").join(target);
        let (found, failed) = (repo::target_folder()?.join("fuzz").join(target), root.join("fuzz/failed"));
        for folder in [&corpus, &found, &failed] {
            fs::create_dir_all(folder).with_context(|| format!("create `{}`", folder.display()))?;
        }
        let program = programs.join(target);
        println!("{target}:");
        // libFuzzer writes what is new to the first folder.
        run::shown(explore(&program, args.secs).arg(prefix(&failed, target)).arg(&found).arg(&corpus))?;
        if args.keep {
            run::shown(Command::new(&program).arg("-merge=1").arg(&corpus).arg(&found))?;
        }
    }
    Ok(())
}

/// Builds the programs: the folder that they are in.
fn build(root: &Path) -> Result<PathBuf> {
    let target = repo::target_folder()?.join("explore");
    let rustc = run::output(Command::new("rustc").arg("-vV"))?;
    let host =
        rustc.lines().find_map(|line| line.strip_prefix("host: ")).context("ask rustc for this host")?;
    // With a target of its own, what runs at build time is built without coverage.
    run::shown(
        Command::new(repo::cargo())
            .args(["build", "--release", "--bins", "--target", host, "--manifest-path"])
            .arg(root.join("fuzz/explore/Cargo.toml"))
            .arg("--target-dir")
            .arg(&target)
            .env("RUSTFLAGS", COVERAGE),
    )?;
    Ok(target.join(host).join("release"))
}

fn explore(program: &Path, secs: u64) -> Command {
    let mut command = Command::new(program);
    command.args([
        format!("-max_total_time={secs}"),
        format!("-max_len={INPUT_BYTES_MAX}"),
        "-print_final_stats=1".to_string(),
        "-verbosity=0".to_string(),
        "-detect_leaks=0".to_string(),
    ]);
    command
}

fn prefix(failed: &Path, target: &str) -> String {
    format!("-artifact_prefix={}/{target}-", failed.display())
}
