//! The toolchain for the kernel programs: a Rust compiler that makes eBPF, and the linker that fits its LLVM.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, anyhow};

use super::apt;
use crate::error::Unavailable;
use crate::progress::Step;
use crate::{repo, run};

/// Debian's compiler for web browsers, and its core library for eBPF.
pub(super) const APT_COMPILER: [&str; 2] = ["rustc-web", "libstd-rust-web-dev-bpf"];

pub(super) const LINKER: &str = "bpf-linker";
pub(super) const LINKER_VERSION: &str = "0.13.0";

/// The LLVM versions that this version of the linker can be built with.
const LINKER_LLVM: [u32; 3] = [23, 22, 21];

/// Not found by PATH: rustup's compiler comes first there.
pub(crate) const APT_RUSTC: &str = "/usr/bin/rustc";
const APT_CORE: &str = "/usr/lib/rustlib/bpfel-unknown-none/lib";

pub(super) const COMPILER_BY_HAND: &str = "Rust compiler for kernel programs: \
    `rustup toolchain install nightly --profile minimal --component rust-src`";
pub(super) const LINKER_BY_HAND: &str = "bpf-linker: with the development files of the LLVM version that \
    `rustc -vV` names (llvm-N), `LLVM_PREFIX=/usr/lib/llvm-N cargo install bpf-linker --version 0.13.0 --locked \
    --no-default-features --features llvm-N`, or the program from the project's releases, on your PATH";

/// A compiler that makes eBPF.
pub(crate) enum Compiler {
    /// rustup's nightly: the core library is built from rust-src.
    Nightly,
    /// Debian's `rustc-web`: the core library is there.
    Apt,
}

impl Compiler {
    fn llvm_major(&self) -> Result<u32> {
        let mut rustc = match self {
            Self::Nightly => {
                let mut rustup = Command::new("rustup");
                rustup.args(["run", "nightly", "rustc"]);
                rustup
            }
            Self::Apt => Command::new(APT_RUSTC),
        };
        let said = run::output(rustc.arg("-vV"))?;
        let version = said.lines().find_map(|line| line.strip_prefix("LLVM version: "));
        let major =
            version.and_then(|version| version.split('.').next()).and_then(|major| major.parse().ok());
        major.context("read the LLVM version from what `rustc -vV` printed")
    }
}

/// The compiler to use, if there is one. Nothing is run: this is asked at every task.
pub(crate) fn find_compiler() -> Option<Compiler> {
    if nightly_sources().is_some() {
        return Some(Compiler::Nightly);
    }
    (Path::new(APT_RUSTC).is_file() && Path::new(APT_CORE).is_dir()).then_some(Compiler::Apt)
}

/// rust-src of a rustup nightly for this machine.
fn nightly_sources() -> Option<PathBuf> {
    let rustup = std::env::var_os("RUSTUP_HOME").map(PathBuf::from);
    let toolchains = rustup.or_else(|| repo::home().map(|home| home.join(".rustup")))?.join("toolchains");
    let toolchain = toolchains.join(format!("nightly-{}-unknown-linux-gnu", std::env::consts::ARCH));
    let sources = toolchain.join("lib/rustlib/src/rust/library/core/Cargo.toml");
    sources.is_file().then_some(sources)
}

/// The linker, on PATH or where cargo installs.
pub(crate) fn find_linker() -> Option<PathBuf> {
    let more: Vec<PathBuf> = repo::cargo_install_folder().into_iter().collect();
    repo::find_program(LINKER, &more)
}

/// apt's compiler where apt has one, else a rustup nightly.
pub(super) fn install_compiler() -> Result<()> {
    let [compiler, core] = APT_COMPILER;
    if apt::learn_about(core, COMPILER_BY_HAND)? && apt::is_known(compiler) {
        return apt::install(&APT_COMPILER, COMPILER_BY_HAND);
    }
    if repo::find_program("rustup", &[]).is_some() {
        let step = Step::start("rustup toolchain install nightly, with rust-src");
        run::under(
            &step,
            Command::new("rustup").args(["toolchain", "install", "nightly", "--profile", "minimal"]).args([
                "--component",
                "rust-src",
                "--no-self-update",
            ]),
        )?;
        step.done();
        return Ok(());
    }
    Err(anyhow!(Unavailable(format!(
        "apt has no `{core}` here and there is no rustup, so no compiler for kernel programs\n{COMPILER_BY_HAND}"
    ))))
}

/// Builds the linker against the LLVM that the compiler was built with: an older one could not read its output.
pub(super) fn install_linker() -> Result<()> {
    let compiler = find_compiler().context("find the compiler for kernel programs")?;
    let major = compiler.llvm_major()?;
    if !LINKER_LLVM.contains(&major) {
        return Err(anyhow!(Unavailable(format!(
            "the compiler for kernel programs uses LLVM {major}, which bpf-linker {LINKER_VERSION} does not know \
             (it knows {LINKER_LLVM:?})\n{LINKER_BY_HAND}"
        ))));
    }
    let llvm = format!("llvm-{major}-dev");
    let polly = format!("libpolly-{major}-dev");
    if !apt::learn_about(&llvm, LINKER_BY_HAND)? {
        return Err(anyhow!(Unavailable(format!("apt has no `{llvm}` here\n{LINKER_BY_HAND}"))));
    }
    let mut packages = vec![llvm.as_str()];
    if apt::is_known(&polly) {
        packages.push(&polly);
    }
    apt::install(&packages, LINKER_BY_HAND)?;

    let prefix = format!("/usr/lib/llvm-{major}");
    let step =
        Step::start(format!("cargo install {LINKER} {LINKER_VERSION}, with LLVM {major} (a minute or two)"));
    let mut cargo = Command::new(repo::cargo());
    cargo
        .args(["install", LINKER, "--version", LINKER_VERSION, "--locked", "--no-default-features"])
        .arg(format!("--features=llvm-{major}"))
        .env("LLVM_PREFIX", &prefix)
        .env("LIBRARY_PATH", format!("{prefix}/lib"))
        .env_remove("CARGO_TARGET_DIR");
    run::under(&step, &mut cargo)?;
    step.done();
    Ok(())
}
