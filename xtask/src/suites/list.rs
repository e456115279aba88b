//! The suites: what is run of them, on what, and what is known to end otherwise through the proxy.

use clap::builder::PossibleValuesParser;
use e2e::login::Login;

use super::differences::Difference;
use super::pgadmin;

/// One suite, or one of the drivers that a suite is run with.
pub(super) struct Suite {
    pub(super) name: &'static str,
    /// As in `e2e::python_suites`.
    pub(super) project: &'static str,
    runner: Runner,
    /// What is run of it.
    tests: &'static [&'static str],
    /// Databases, created where they are not there, each with what is run in it before. The tests are told of the first.
    pub(super) databases: &'static [(&'static str, &'static str)],
    /// What the servers are started with.
    pub(super) settings: &'static [&'static str],
    /// Users that the tests create at the server, and the proxy must know, with their passwords.
    pub(super) users: &'static [(&'static str, &'static str)],
    /// Fewer than these passing directly, also of the daily part, means that something is amiss.
    pub(super) passed_min: usize,
    /// What `cargo xtask test` runs of it, if anything.
    pub(super) daily: Option<Daily>,
    pub(super) known: &'static [Difference],
    /// Tests that pass or fail by chance, also directly: their outcomes do not count. docs/compatibility.md says why.
    pub(super) by_chance: &'static [&'static str],
}

/// How much of the suites is run.
#[derive(Clone, Copy, Eq, PartialEq)]
pub(super) enum Extent {
    All,
    /// What every change must pass.
    Daily,
}

/// A part of a suite.
#[derive(Clone, Copy)]
pub(super) enum Daily {
    All,
    /// All but what these options leave out.
    Without(&'static [&'static str]),
    /// Only these tests.
    Only(&'static [&'static str]),
}

enum Runner {
    /// With these options.
    Pytest(&'static [&'static str]),
    /// With this driver.
    SqlAlchemy(&'static str),
    Django,
}

const ASYNCPG: Suite = Suite {
    name: "asyncpg",
    project: "asyncpg",
    runner: Runner::Pytest(&[]),
    tests: &["tests"],
    databases: &[],
    settings: &[],
    users: &[],
    passed_min: 300,
    daily: Some(Daily::All),
    known: &[],
    by_chance: &["tests/test_execute.py::TestExecuteMany::test_executemany_server_failure_during_writes"],
};

const PG8000: Suite = Suite {
    name: "pg8000",
    project: "pg8000",
    // Its benchmarks then run once, as tests. Those of log-ins want other servers than ours.
    runner: Runner::Pytest(&[
        "--benchmark-disable",
        "--ignore=test/dbapi/auth",
        "--ignore=test/legacy/auth",
        "--ignore=test/native/auth",
    ]),
    tests: &["test"],
    // It asks for no database, and gets the one that is called as the user.
    databases: &[("postgres", "CREATE EXTENSION hstore")],
    settings: &[],
    users: &[("boltzmann", "cha\u{ff6f}s")],
    passed_min: 775,
    // The driver alone takes minutes to put 60,000 parameters into a statement.
    daily: Some(Daily::Without(&["--deselect=test/native/test_query.py::test_max_parameters"])),
    known: &[],
    by_chance: &[],
};

const SQLALCHEMY_PSYCOPG: Suite = Suite {
    name: "sqlalchemy-psycopg",
    project: "sqlalchemy",
    runner: Runner::SqlAlchemy("psycopg"),
    tests: &[
        "test/dialect/postgresql",
        "test/dialect/test_suite.py",
        // Each of these classes asks for the same in hundreds of ways: together they are most of the tests.
        "-k",
        "not ComponentReflectionTest and not RangeRoundTripTest",
    ],
    databases: &[(
        "sqlalchemy",
        "CREATE SCHEMA test_schema; CREATE SCHEMA test_schema_2; CREATE EXTENSION hstore; CREATE EXTENSION citext",
    )],
    settings: &["max_prepared_transactions=10"],
    users: &[],
    passed_min: 2_500,
    daily: Some(Daily::All),
    known: &[],
    by_chance: &[],
};

const SQLALCHEMY_ASYNCPG: Suite = Suite {
    name: "sqlalchemy-asyncpg",
    runner: Runner::SqlAlchemy("asyncpg"),
    daily: None,
    ..SQLALCHEMY_PSYCOPG
};

const SQLALCHEMY_PG8000: Suite = Suite {
    name: "sqlalchemy-pg8000",
    runner: Runner::SqlAlchemy("pg8000"),
    passed_min: 2_400,
    daily: None,
    ..SQLALCHEMY_PSYCOPG
};

/// What works with the database as such: the rest tests forms, templates and the like.
const DJANGO_GROUPS: &[&str] = &[
    "aggregation",
    "aggregation_regress",
    "annotations",
    "backends",
    "basic",
    "bulk_create",
    "composite_pk",
    "constraints",
    "custom_columns",
    "custom_lookups",
    "custom_pk",
    "datatypes",
    "dates",
    "datetimes",
    "db_functions",
    "db_typecasts",
    "db_utils",
    "defer",
    "delete",
    "delete_regress",
    "distinct_on_fields",
    "expressions",
    "expressions_case",
    "expressions_window",
    "extra_regress",
    "filtered_relation",
    "fixtures",
    "force_insert_update",
    "foreign_object",
    "from_db_value",
    "get_earliest_or_latest",
    "get_or_create",
    "indexes",
    "inspectdb",
    "introspection",
    "lookup",
    "many_to_many",
    "many_to_one",
    "migrate_signals",
    "migrations",
    "model_fields",
    "model_indexes",
    "multiple_database",
    "null_queries",
    "or_lookups",
    "order_with_respect_to",
    "ordering",
    "postgres_tests",
    "prefetch_related",
    "queries",
    "raw_query",
    "reserved_names",
    "schema",
    "select_for_update",
    "select_related",
    "serializers",
    "timezones",
    "transaction_hooks",
    "transactions",
    "update",
];

const DJANGO_DAILY: &[&str] = &[
    "aggregation",
    "backends",
    "introspection",
    "migrations",
    "postgres_tests",
    "queries",
    "schema",
    "transactions",
];

const DJANGO: Suite = Suite {
    name: "django",
    project: "django",
    runner: Runner::Django,
    tests: DJANGO_GROUPS,
    databases: &[("django", ""), ("django_other", "")],
    settings: &[],
    users: &[],
    passed_min: 1_500,
    daily: Some(Daily::Only(DJANGO_DAILY)),
    known: &[],
    by_chance: &[],
};

pub(super) const SUITES: [Suite; 6] =
    [ASYNCPG, PG8000, SQLALCHEMY_PSYCOPG, SQLALCHEMY_ASYNCPG, SQLALCHEMY_PG8000, DJANGO];

/// What may be named on the command line.
pub(super) fn names() -> PossibleValuesParser {
    PossibleValuesParser::new(SUITES.iter().map(|suite| suite.name).chain([pgadmin::NAME]))
}

impl Suite {
    /// What Python is given to run it, or only the tests of `again`, at the server of `login`.
    pub(super) fn args(&self, login: &Login, again: &[&str], extent: Extent) -> Vec<String> {
        const PYTEST: &[&str] =
            &["-m", "pytest", "-p", "outcomes", "-p", "no:cacheprovider", "--rootdir=.", "-q"];
        let Login { port, user, password, database } = login;
        let (fixed, options): (&[&str], Vec<String>) = match self.runner {
            Runner::Pytest(options) => (PYTEST, options.iter().map(ToString::to_string).collect()),
            Runner::SqlAlchemy(driver) => {
                let way =
                    format!("--dburi=postgresql+{driver}://{user}:{password}@127.0.0.1:{port}/{database}");
                (PYTEST, vec![way, "--backend-only".to_string()])
            }
            Runner::Django => {
                let options = ["--settings=django_outcomes", "--parallel=1", "--noinput"];
                (&["runtests.py"], options.map(str::to_string).to_vec())
            }
        };
        let (tests, left_out): (&[&str], &[&str]) = match (extent, self.daily) {
            _ if !again.is_empty() => (again, &[]),
            (Extent::Daily, Some(Daily::Only(tests))) => (tests, &[]),
            (Extent::Daily, Some(Daily::Without(options))) => (self.tests, options),
            (Extent::All | Extent::Daily, _) => (self.tests, &[]),
        };
        let tests = left_out.iter().chain(tests).map(|test| label(test).to_string());
        fixed.iter().map(ToString::to_string).chain(options).chain(tests).collect()
    }

    /// The folder of the project that it runs in.
    pub(super) fn folder(&self) -> &'static str {
        match self.runner {
            Runner::Django => "tests",
            Runner::Pytest(_) | Runner::SqlAlchemy(_) => "",
        }
    }
}

/// How a test is asked for again: what fails around the tests of a class is told as `setUpClass (module.Class)`.
fn label(test: &str) -> &str {
    let class = test.strip_suffix(')').and_then(|test| test.split_once("Class (")).map(|(_, class)| class);
    class.unwrap_or(test)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_class_that_fails_runs_again_as_a_whole() {
        assert_eq!(label("setUpClass (queries.tests.Queries6Tests)"), "queries.tests.Queries6Tests");
        assert_eq!(label("tests/test_copy.py::TestCopyTo::test_a"), "tests/test_copy.py::TestCopyTo::test_a");
        let odd = "test/native/test_query.py::test_cast[cast(id as int4)]";
        assert_eq!(label(odd), odd);
    }
}
