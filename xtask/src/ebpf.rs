//! `cargo xtask ebpf`: compiles the kernel programs with whichever toolchain this machine has.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

use anyhow::{Result, anyhow};

use crate::error::Unavailable;
use crate::progress::Step;
use crate::setup::{self, Compiler};
use crate::{repo, run};

/// Compile the kernel programs.
///
/// Builds ebpf/ for the kernel's own virtual machine, with a rustup nightly that has rust-src, or else with
/// Debian's rustc-web. The result is ebpf/target/bpfel-unknown-none/release/picket-ebpf; the agent embeds it
/// when it is built afterwards. Needs what `cargo xtask setup` installs.
#[derive(clap::Args)]
pub(crate) struct Args {}

/// Byte order of the kernels that this builds for; every supported host is little-endian.
const TARGET: &str = "bpfel-unknown-none";

pub(crate) fn command(_: &Args) -> Result<()> {
    let object = build()?;
    println!("kernel programs: {}", repo::shown(&object));
    Ok(())
}

/// Compiles what has changed and returns the object file.
pub(crate) fn build() -> Result<PathBuf> {
    let (Some(compiler), Some(linker)) = (setup::find_compiler(), setup::find_linker()) else {
        return Err(anyhow!(Unavailable(
            "no toolchain for kernel programs on this machine; run `cargo xtask setup`".to_string()
        )));
    };
    let folder = repo::root()?.join("ebpf");
    let target = folder.join("target");
    let object = target.join(TARGET).join("release/picket-ebpf");
    let before = changed_at(&object);

    let step = Step::start("compile the kernel programs");
    run::under(&step, &mut cargo(&compiler, &linker, &folder, &target))?;
    if before.is_some() && before == changed_at(&object) {
        step.nothing_to_do();
    } else {
        step.done();
    }
    Ok(object)
}

fn cargo(compiler: &Compiler, linker: &Path, folder: &Path, target: &Path) -> Command {
    let mut cargo = match compiler {
        Compiler::Nightly => {
            let mut rustup = Command::new("rustup");
            rustup.args(["run", "nightly", "cargo"]);
            rustup
        }
        Compiler::Apt => Command::new(repo::cargo()),
    };
    // The cargo that runs this task speaks of its own workspace and toolchain in these.
    for (name, _) in env::vars_os() {
        let name = name.to_string_lossy();
        let kept = ["CARGO_HOME", "RUSTUP_HOME"].contains(&&*name);
        if !kept && ["CARGO", "RUST"].iter().any(|start| name.starts_with(start)) {
            cargo.env_remove(&*name);
        }
    }
    let flags = [
        format!("--cfg=bpf_target_arch=\"{}\"", env::consts::ARCH),
        "-Cdebuginfo=2".to_string(),
        "-Clink-arg=--btf".to_string(),
        format!("-Clinker={}", linker.display()),
    ];
    cargo
        .current_dir(folder)
        .args(["build", "--release", "--target", TARGET, "--target-dir"])
        .arg(target)
        .env("CARGO_ENCODED_RUSTFLAGS", flags.join("\u{1f}"));
    match compiler {
        Compiler::Nightly => cargo.args(["-Z", "build-std=core"]),
        // A stable compiler is told to accept what eBPF needs: the core library it came with is the very same.
        Compiler::Apt => cargo.env("RUSTC", setup::APT_RUSTC).env("RUSTC_BOOTSTRAP", "1"),
    };
    cargo
}

fn changed_at(object: &Path) -> Option<SystemTime> {
    fs::metadata(object).ok()?.modified().ok()
}
