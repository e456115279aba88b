//! The list of what is needed: how each is recognised, why it is needed and where it comes from.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{
    browser, engine, kernel_tools, newer_statements, newest_psql, node_clients, oidc_provider, openapi,
    pgbouncer, postgres_tests, presidio, psycopg, python_suites, shapes,
};
use crate::{repo, run};

/// Something that is not on this machine.
pub(super) struct Need {
    what: &'static str,
    why: &'static str,
    pub(super) source: Source,
}

/// Where a need comes from.
pub(super) enum Source {
    /// Packages of Debian or Ubuntu.
    Apt(&'static [&'static str]),
    /// A Rust compiler that can make kernel programs: apt's `rustc-web`, else a rustup nightly.
    KernelCompiler,
    /// `bpf-linker` from crates.io, with LLVM from apt.
    KernelLinker,
    /// `libchdb.so` from an npm package.
    Engine,
    /// PostgreSQL's own test programs, from the source package of its server.
    PostgresTests,
    /// Scripts in a source archive from PyPI.
    NewerStatements,
    /// Unpacked from packages of Debian's next release.
    NewestPsql,
    /// npm packages in a folder of the cache.
    NodeClients,
    /// npm packages in a folder of the cache.
    OidcProvider,
    /// A Python environment with packages from PyPI.
    Psycopg,
    /// Packages and source archives from PyPI.
    PythonSuites,
    /// npm packages in a folder of the cache.
    Shapes,
    /// npm packages in a folder of the cache.
    Browser,
    /// A Python environment with packages from PyPI.
    OpenApi,
    /// The same.
    Presidio,
    /// Unpacked from the package of apt, and not installed.
    PgBouncer,
    /// The same.
    Alertmanager,
    /// The same.
    Prometheus,
    /// The same.
    Rsyslog,
    /// The same.
    Sshd,
    /// The same.
    FakeTime,
}

pub(super) const ALERTMANAGER_BY_HAND: &str =
    "Alertmanager: install it so that `prometheus-alertmanager` or `alertmanager` is on the PATH";

pub(super) const FAKETIME_BY_HAND: &str = "libfaketime: apt has it as `libfaketime`, on Debian and its like; unpack the package into its folder in the cache";

pub(super) const SSHD_BY_HAND: &str = "OpenSSH's server: install it so that it is `/usr/sbin/sshd`";

pub(super) const RSYSLOG_BY_HAND: &str = "rsyslog: install it so that `rsyslogd` is on the PATH";

pub(super) const PROMETHEUS_BY_HAND: &str = "Prometheus: apt has it as `prometheus`, on Debian and its like; unpack the package into its folder in the cache";

impl Need {
    /// What apt must install for it directly.
    pub(super) fn apt_packages(&self) -> impl Iterator<Item = &'static str> + use<> {
        let packages = match self.source {
            Source::Apt(packages) => packages,
            Source::PostgresTests => postgres_tests::BUILD_PACKAGES,
            Source::NewestPsql => &[newest_psql::KEYRING_PACKAGE],
            Source::KernelCompiler
            | Source::KernelLinker
            | Source::Engine
            | Source::NewerStatements
            | Source::NodeClients
            | Source::OidcProvider
            | Source::Psycopg
            | Source::PythonSuites
            | Source::OpenApi
            | Source::Shapes
            | Source::Browser
            | Source::Presidio
            | Source::PgBouncer
            | Source::Alertmanager
            | Source::Prometheus
            | Source::Rsyslog
            | Source::Sshd
            | Source::FakeTime => &[],
        };
        packages.iter().copied()
    }

    /// Whether compilers want it; tests want the rest.
    pub(super) fn is_built_with(&self) -> bool {
        matches!(self.source, Source::Apt(_) | Source::KernelCompiler | Source::KernelLinker)
    }

    fn origin(&self) -> String {
        match self.source {
            Source::Apt(packages) => format!("apt: {}", packages.join(" ")),
            Source::KernelCompiler => {
                format!(
                    "apt: {}, or else a rustup nightly with rust-src",
                    kernel_tools::APT_COMPILER.join(" ")
                )
            }
            Source::KernelLinker => format!(
                "crates.io: {} {}, with the matching LLVM from apt",
                kernel_tools::LINKER,
                kernel_tools::LINKER_VERSION
            ),
            Source::Engine => format!("npm: {}, checked by hash", engine::PACKAGE),
            Source::PostgresTests => "apt: the source package of the PostgreSQL server".to_string(),
            Source::NewerStatements => format!(
                "PyPI: the source archive of {} {}, checked by hash",
                e2e::newer_statements::PACKAGE,
                e2e::newer_statements::VERSION
            ),
            Source::NewestPsql => {
                format!(
                    "apt of Debian {}, unpacked into a cache and not installed",
                    e2e::newest_psql::RELEASE
                )
            }
            Source::NodeClients => "npm: the packages of e2e/clients/node, checked by hash".to_string(),
            Source::OidcProvider => "npm: the packages of e2e/clients/oidc, checked by hash".to_string(),
            Source::Psycopg => format!("PyPI: psycopg[binary]=={}", e2e::psycopg::VERSION),
            Source::PythonSuites => {
                "PyPI: what e2e/clients/python names, checked by hash, and four source archives".to_string()
            }
            Source::Shapes => "npm: the packages of e2e/clients/shapes, checked by hash".to_string(),
            Source::Browser => "npm: the packages of e2e/clients/browser, checked by hash".to_string(),
            Source::OpenApi => "PyPI: the packages of e2e/clients/openapi, checked by hash".to_string(),
            Source::Presidio => "PyPI: what xtask/src/setup/presidio names, checked by hash".to_string(),
            Source::PgBouncer => "apt: pgbouncer, unpacked into a cache and not installed".to_string(),
            Source::Alertmanager => {
                format!("apt: {}, unpacked into a cache and not installed", e2e::alertmanager::PACKAGE)
            }
            Source::Prometheus => {
                format!("apt: {}, unpacked into a cache and not installed", e2e::prometheus::PACKAGE)
            }
            Source::Rsyslog => {
                format!("apt: {}, unpacked into a cache and not installed", e2e::rsyslog::PACKAGE)
            }
            Source::Sshd => {
                format!("apt: {}, unpacked into a cache and not installed", e2e::openssh::PACKAGE)
            }
            Source::FakeTime => {
                format!("apt: {}, unpacked into a cache and not installed", e2e::faketime::PACKAGE)
            }
        }
    }
}

/// What is not on this machine, in the order of installation.
pub(super) fn missing() -> Vec<Need> {
    let all = [
        (
            has("cc") && has("c++"),
            Need {
                what: "C and C++ compiler",
                why: "builds PostgreSQL's own grammar into the proxy",
                source: Source::Apt(&["build-essential"]),
            },
        ),
        (
            libclang().is_some(),
            Need {
                what: "libclang",
                why: "reads the C headers of PostgreSQL's grammar at build time",
                source: Source::Apt(&["libclang-dev"]),
            },
        ),
        (
            postgres(),
            Need {
                what: "PostgreSQL server, psql and pgbench",
                why: "the throwaway databases of tests and demo",
                source: Source::Apt(&["postgresql"]),
            },
        ),
        (
            has("ip"),
            Need {
                what: "iproute2",
                why: "tests run clients in network namespaces of their own",
                source: Source::Apt(&["iproute2"]),
            },
        ),
        (
            has("setpriv"),
            Need {
                what: "setpriv",
                why: "runs PostgreSQL without root's rights, and ends it with the test that started it",
                source: Source::Apt(&["util-linux"]),
            },
        ),
        (
            has("kill"),
            Need {
                what: "kill",
                why: "tests end programs as an operator would",
                source: Source::Apt(&["procps"]),
            },
        ),
        (
            has("npm")
                || engine::is_installed()
                    && e2e::node_clients::installed().is_some()
                    && e2e::oidc::installed().is_some()
                    && e2e::shapes::installed().is_some()
                    && e2e::browser::installed().is_some(),
            Need {
                what: "npm",
                why: "fetches the ClickHouse engine and clients from your npm registry",
                source: Source::Apt(&["npm"]),
            },
        ),
        (
            kernel_tools::find_compiler().is_some(),
            Need {
                what: "Rust compiler for kernel programs",
                why: "compiles ebpf/ to eBPF",
                source: Source::KernelCompiler,
            },
        ),
        (
            kernel_tools::find_linker().is_some(),
            Need { what: "bpf-linker", why: "links the eBPF programs", source: Source::KernelLinker },
        ),
        (
            engine::is_installed(),
            Need {
                what: "ClickHouse engine",
                why: "holds the ledger where there is no ClickHouse server",
                source: Source::Engine,
            },
        ),
        (
            has_venv()
                || e2e::psycopg::python().is_some()
                    && e2e::python_suites::installed().is_some()
                    && e2e::newer_statements::installed().is_some()
                    && e2e::openapi::python().is_some()
                    && presidio::python().is_some(),
            Need {
                what: "Python's venv",
                why: "environments of their own for clients",
                source: Source::Apt(&["python3-venv"]),
            },
        ),
        (
            e2e::psycopg::python().is_some(),
            Need {
                what: "psycopg with its own libpq",
                why: "tests connect as the newest clients do",
                source: Source::Psycopg,
            },
        ),
        (
            e2e::newest_psql::installed().is_some(),
            Need {
                what: "psql of PostgreSQL 18 with OAuth",
                why: "tests log in with the provider's pages, as people do",
                source: Source::NewestPsql,
            },
        ),
        (
            e2e::oidc::installed().is_some(),
            Need {
                what: "oidc-provider",
                why: "the identity provider of tests",
                source: Source::OidcProvider,
            },
        ),
        (
            e2e::python_suites::installed().is_some(),
            Need {
                what: "test suites of asyncpg, pg8000, SQLAlchemy and Django",
                why: "show that clients see no proxy",
                source: Source::PythonSuites,
            },
        ),
        (
            e2e::shapes::installed().is_some(),
            Need {
                what: "types of Slack and parser of Teams's cards",
                why: "tests hold messages to what they take",
                source: Source::Shapes,
            },
        ),
        (
            e2e::browser::program().is_some(),
            Need {
                what: "Chromium",
                why: "somebody in tests answers requests with it",
                source: Source::Apt(&["chromium"]),
            },
        ),
        (
            e2e::browser::installed().is_some(),
            Need { what: "playwright-core", why: "drives that browser", source: Source::Browser },
        ),
        (
            e2e::openapi::python().is_some(),
            Need {
                what: "openapi-spec-validator",
                why: "tests hold the HTTP interface to its description",
                source: Source::OpenApi,
            },
        ),
        (
            presidio::python().is_some(),
            Need {
                what: "Presidio, Faker and python-stdnum",
                why: "a corpus for the detectors of values, and what they are measured beside",
                source: Source::Presidio,
            },
        ),
        (
            e2e::node_clients::installed().is_some(),
            Need {
                what: "clients of Node.js",
                why: "tests compare what they see with and without the proxy",
                source: Source::NodeClients,
            },
        ),
        (
            has("javac"),
            Need {
                what: "Java compiler",
                why: "runs the program that asks the JDBC driver",
                source: Source::Apt(&["default-jdk-headless"]),
            },
        ),
        (
            e2e::jdbc::is_installed(),
            Need {
                what: "JDBC driver",
                why: "tests compare what it sees with and without the proxy",
                source: Source::Apt(&["libpostgresql-jdbc-java"]),
            },
        ),
        (
            pgbouncer::find().is_some(),
            Need {
                what: "PgBouncer",
                why: "what the proxy's speed is measured against",
                source: Source::PgBouncer,
            },
        ),
        (
            e2e::alertmanager::is_installed(),
            Need { what: "Alertmanager", why: "tests deliver alerts to it", source: Source::Alertmanager },
        ),
        (
            e2e::prometheus::is_installed(),
            Need {
                what: "Prometheus",
                why: "tests have it read metrics and rules",
                source: Source::Prometheus,
            },
        ),
        (
            e2e::rsyslog::is_installed(),
            Need { what: "rsyslog", why: "tests deliver alerts to it", source: Source::Rsyslog },
        ),
        (
            has("socat"),
            Need { what: "socat", why: "tests pass connections on with it", source: Source::Apt(&["socat"]) },
        ),
        (
            has("ssh") && has("ssh-keygen"),
            Need {
                what: "OpenSSH's client",
                why: "tests forward ports with it",
                source: Source::Apt(&["openssh-client"]),
            },
        ),
        (
            e2e::openssh::is_installed(),
            Need { what: "OpenSSH's server", why: "tests forward ports through it", source: Source::Sshd },
        ),
        (
            e2e::faketime::is_installed(),
            Need { what: "libfaketime", why: "tests set the clocks of daemons", source: Source::FakeTime },
        ),
        (
            has("valgrind"),
            Need {
                what: "valgrind",
                why: "counts the instructions of small benchmarks",
                source: Source::Apt(&["valgrind"]),
            },
        ),
        (
            postgres_tests::is_installed(),
            Need {
                what: "PostgreSQL's own test programs",
                why: "show that clients see no proxy",
                source: Source::PostgresTests,
            },
        ),
        (
            e2e::newer_statements::installed().is_some(),
            Need {
                what: "statements of a newer PostgreSQL's tests",
                why: "show what of the newest syntax is read",
                source: Source::NewerStatements,
            },
        ),
    ];
    all.into_iter().filter(|(found, _)| !found).map(|(_, need)| need).collect()
}

/// One line per need: what, why, from where.
pub(super) fn describe<'a>(missing: impl IntoIterator<Item = &'a Need>) -> String {
    let mut text = String::from("setup: missing on this machine");
    for need in missing {
        text.push_str(&format!("\n  {} ({})\n      from {}", need.what, need.why, need.origin()));
    }
    text
}

/// What a person does where the program cannot.
pub(super) fn by_hand<'a>(missing: impl IntoIterator<Item = &'a Need>) -> String {
    let mut text = String::from("to do it by hand:");
    for need in missing {
        text.push_str("\n  ");
        text.push_str(&match need.source {
            Source::Apt(packages) => format!(
                "{}: `sudo apt-get install {}`, or your distribution's packages for it",
                need.what,
                packages.join(" ")
            ),
            Source::KernelCompiler => kernel_tools::COMPILER_BY_HAND.to_string(),
            Source::KernelLinker => kernel_tools::LINKER_BY_HAND.to_string(),
            Source::Engine => engine::by_hand(),
            Source::PostgresTests => postgres_tests::by_hand(),
            Source::NewerStatements => newer_statements::by_hand(),
            Source::NewestPsql => newest_psql::by_hand(),
            Source::NodeClients => node_clients::by_hand(),
            Source::OidcProvider => oidc_provider::by_hand(),
            Source::Psycopg => psycopg::by_hand(),
            Source::PythonSuites => python_suites::by_hand(),
            Source::OpenApi => openapi::by_hand(),
            Source::Shapes => shapes::by_hand(),
            Source::Browser => browser::by_hand(),
            Source::Presidio => presidio::by_hand(),
            Source::PgBouncer => pgbouncer::BY_HAND.to_string(),
            Source::Alertmanager => ALERTMANAGER_BY_HAND.to_string(),
            Source::Prometheus => PROMETHEUS_BY_HAND.to_string(),
            Source::Rsyslog => RSYSLOG_BY_HAND.to_string(),
            Source::Sshd => SSHD_BY_HAND.to_string(),
            Source::FakeTime => FAKETIME_BY_HAND.to_string(),
        });
    }
    text
}

fn has(program: &str) -> bool {
    repo::find_program(program, &[]).is_some()
}

/// Debian keeps the part of it that fetches pip in a package of its own.
fn has_venv() -> bool {
    let mut python = Command::new("python3");
    run::output(python.args(["-c", "import venv, ensurepip"])).is_ok()
}

fn postgres() -> bool {
    e2e::postgres::programs().is_ok()
}

/// The shared library that bindgen loads, where it looks for it itself.
fn libclang() -> Option<PathBuf> {
    let mut folders: Vec<PathBuf> =
        std::env::var_os("LIBCLANG_PATH").map(PathBuf::from).into_iter().collect();
    for parent in ["/usr/lib", "/usr/lib64"] {
        for entry in fs::read_dir(parent).into_iter().flatten().flatten() {
            folders.push(entry.path());
            folders.push(entry.path().join("lib"));
        }
        folders.push(PathBuf::from(parent));
    }
    folders.iter().find_map(|folder| libclang_in(folder))
}

fn libclang_in(folder: &Path) -> Option<PathBuf> {
    let entries = fs::read_dir(folder).ok()?;
    entries
        .flatten()
        .map(|entry| entry.path())
        .find(|path| path.file_name().is_some_and(|name| is_libclang(&name.to_string_lossy())))
}

/// The names that bindgen's loader (clang-sys) takes. `libclang-cpp.so` comes with LLVM and is another library.
fn is_libclang(name: &str) -> bool {
    name.starts_with("libclang.so")
        || (name.starts_with("libclang-") && name.contains(".so") && !name.contains("-cpp."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_library_of_clangs_cpp_interface_is_not_libclang() {
        for name in ["libclang.so", "libclang.so.1", "libclang-14.so.1", "libclang-14.so"] {
            assert!(is_libclang(name), "{name}");
        }
        for name in ["libclang-cpp.so.14", "libclang-cpp.so.22.1", "libclang-cpp.so", "libclang.a"] {
            assert!(!is_libclang(name), "{name}");
        }
    }
}
