//! `cargo xtask setup`: finds what this machine lacks, says what it will install, from where and why, and
//! installs it. Every check looks at the real thing; nothing is remembered in stamp files.

mod apt;
mod browser;
mod engine;
mod kernel_tools;
mod needs;
mod newer_statements;
mod newest_psql;
mod node_clients;
mod npm;
mod oidc_provider;
mod openapi;
mod pgadmin;
mod pgbouncer;
mod pip;
mod postgres_tests;
mod presidio;
mod privilege;
mod psycopg;
mod python_suites;
mod shapes;
mod unpacked;

use std::io::{IsTerminal, stderr};
use std::thread::{self, JoinHandle};

use anyhow::{Result, anyhow};

pub(crate) use self::apt::install as install_from_apt;
pub(crate) use self::engine::library as engine_library;
pub(crate) use self::kernel_tools::{APT_RUSTC, Compiler, find_compiler, find_linker};
pub(crate) use self::pgadmin::install as pgadmin;
pub(crate) use self::pgbouncer::find as pgbouncer;
pub(crate) use self::presidio::python as presidio;
pub(crate) use self::privilege::Privilege;
pub(crate) use self::unpacked::unpack as unpack_from_apt;

use self::needs::{Need, Source};
use crate::error::Unavailable;

/// Install what this repository's builds, tests and demo need.
///
/// Looks for the PostgreSQL server and client, a C compiler with libclang, the eBPF toolchain, iproute2,
/// the ClickHouse engine, PostgreSQL's own tests and a newer one's, clients in Python, JavaScript and Java, the test suites of those
/// in Python, the newest psql, an OpenID Connect provider, a validator of OpenAPI, the shapes of Slack and Teams, a browser, Presidio, Alertmanager, rsyslog, socat and OpenSSH. What is missing is named with its source (apt, rustup, cargo, npm or PyPI) and its reason,
/// and then installed; apt runs through sudo where you are not root, which may ask for your password. No
/// database cluster is created and no service is started or changed. Where nothing can be installed (no root,
/// another distribution, another processor) it says what to do by hand and exits with 69.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Only report what is missing; exit with 69 if anything is.
    #[arg(long)]
    check: bool,

    /// Say what would be installed, and install nothing.
    #[arg(long, conflicts_with = "check")]
    dry_run: bool,
}

pub(crate) fn command(args: &Args) -> Result<()> {
    let missing = needs::missing();
    if missing.is_empty() {
        println!("setup: everything is here");
        return Ok(());
    }
    if args.check {
        return Err(anyhow!(Unavailable(format!("{}\nrun `cargo xtask setup`", needs::describe(&missing)))));
    }
    println!("{}", needs::describe(&missing));
    if args.dry_run {
        println!("nothing was installed (--dry-run)");
        return Ok(());
    }
    install(&missing)
}

/// Makes sure that everything is here, for the tasks that need it; says one line when nothing is to be done.
pub(crate) fn ensure() -> Result<()> {
    command(&Args { check: false, dry_run: false })
}

/// What is still being installed.
pub(crate) struct Meanwhile(Option<JoinHandle<Result<()>>>);

impl Meanwhile {
    /// Waits until everything is here.
    pub(crate) fn wait(self) -> Result<()> {
        let Meanwhile(Some(installing)) = self else { return Ok(()) };
        installing.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    }
}

/// As [`ensure`], but returns as soon as programs can be built: what only tests use is fetched meanwhile.
///
/// On a terminal nothing is left to do, since two things at a time would write over each other's progress.
pub(crate) fn ensure_what_builds() -> Result<Meanwhile> {
    let missing = needs::missing();
    let (built_with, tested_with): (Vec<_>, Vec<_>) = missing.into_iter().partition(Need::is_built_with);
    if tested_with.is_empty() || stderr().is_terminal() {
        ensure()?;
        return Ok(Meanwhile(None));
    }
    println!("{}", needs::describe(built_with.iter().chain(&tested_with)));
    // Packages of apt at once, of which there is one installation at a time.
    install_packages(built_with.iter().chain(&tested_with))?;
    install_each(&built_with)?;
    Ok(Meanwhile(Some(thread::spawn(move || {
        install_each(&tested_with)?;
        nothing_is_left()
    }))))
}

/// Installs in the order in which one source makes the next possible: apt, rustup, cargo, npm, pip.
fn install(missing: &[Need]) -> Result<()> {
    install_packages(missing)?;
    install_each(missing)?;
    nothing_is_left()
}

fn install_packages<'a>(missing: impl IntoIterator<Item = &'a Need> + Clone) -> Result<()> {
    let packages: Vec<&str> = missing.clone().into_iter().flat_map(Need::apt_packages).collect();
    if packages.is_empty() {
        return Ok(());
    }
    apt::install(&packages, &needs::by_hand(missing))
}

fn install_each(missing: &[Need]) -> Result<()> {
    for need in missing {
        match need.source {
            Source::Apt(_) => {}
            Source::KernelCompiler => kernel_tools::install_compiler()?,
            Source::KernelLinker => kernel_tools::install_linker()?,
            Source::Engine => engine::install()?,
            Source::PostgresTests => postgres_tests::install()?,
            Source::NewerStatements => newer_statements::install()?,
            Source::NewestPsql => newest_psql::install()?,
            Source::NodeClients => node_clients::install()?,
            Source::OidcProvider => oidc_provider::install()?,
            Source::Psycopg => psycopg::install()?,
            Source::PythonSuites => python_suites::install()?,
            Source::OpenApi => openapi::install()?,
            Source::Shapes => shapes::install()?,
            Source::Browser => browser::install()?,
            Source::Presidio => presidio::install()?,
            Source::PgBouncer => pgbouncer::install()?,
            Source::Alertmanager => {
                unpacked::install(e2e::alertmanager::PACKAGE, needs::ALERTMANAGER_BY_HAND)?
            }
            Source::Prometheus => unpacked::install(e2e::prometheus::PACKAGE, needs::PROMETHEUS_BY_HAND)?,
            Source::Rsyslog => unpacked::install(e2e::rsyslog::PACKAGE, needs::RSYSLOG_BY_HAND)?,
            Source::Sshd => unpacked::install(e2e::openssh::PACKAGE, needs::SSHD_BY_HAND)?,
            Source::FakeTime => unpacked::install(e2e::faketime::PACKAGE, needs::FAKETIME_BY_HAND)?,
        }
    }
    Ok(())
}

fn nothing_is_left() -> Result<()> {
    let left = needs::missing();
    if left.is_empty() {
        println!("setup: everything is here now");
        return Ok(());
    }
    Err(anyhow!(Unavailable(format!(
        "set-up ran without an error, but this is still missing:\n{}\n{}",
        needs::describe(&left),
        needs::by_hand(&left)
    ))))
}
