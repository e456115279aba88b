//! `cargo xtask`: the only entry point for repository tasks, one file per command. Nothing here ships.

mod bench;
mod boards;
mod ci;
mod demo;
mod ebpf;
mod error;
mod fuzz;
mod kernels;
mod progress;
mod record;
mod repo;
mod run;
mod setup;
mod stages;
mod suites;
mod test;
mod tidy;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Repository tasks of Picket.
///
/// `cargo xtask demo` shows the whole of Picket on real parts; `cargo xtask test` runs every test. Both set
/// up what they need first.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", version, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    Setup(setup::Args),
    Demo(demo::Args),
    Test(test::Args),
    Ebpf(ebpf::Args),
    Ci(ci::Args),
    Bench(bench::Args),
    Boards(boards::Args),
    Fuzz(fuzz::Args),
    Kernels(kernels::Args),
    Record(record::Args),
    Suites(suites::Args),
    Tidy(tidy::Args),
}

fn main() -> ExitCode {
    let result = match Cli::parse().task {
        Task::Setup(args) => setup::command(&args),
        Task::Demo(args) => demo::command(&args),
        Task::Test(args) => test::command(&args),
        Task::Ebpf(args) => ebpf::command(&args),
        Task::Ci(args) => ci::command(&args),
        Task::Bench(args) => bench::command(&args),
        Task::Boards(args) => boards::command(&args),
        Task::Fuzz(args) => fuzz::command(&args),
        Task::Kernels(args) => kernels::command(&args),
        Task::Record(args) => record::command(&args),
        Task::Suites(args) => suites::command(&args),
        Task::Tidy(args) => tidy::command(&args),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("cargo xtask: {error:#}");
            ExitCode::from(error::exit_code(&error))
        }
    }
}
