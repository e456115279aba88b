//! Test suites of drivers and frameworks in Python, with the Python that runs them.

use std::fs;
use std::path::PathBuf;

use crate::cache;

/// What pip installs, each with its hashes. `requirements.in` says how it was made.
pub const LOCK: &str = include_str!("../clients/python/requirements.txt");

/// The projects whose suites are run, and what is kept of their source archives; nothing named is all.
pub const PROJECTS: [(&str, &[&str]); 4] = [
    // Beside its own folder `asyncpg` the one that was compiled would not be found.
    ("asyncpg", &["tests"]),
    ("pg8000", &["README.md", "test"]),
    ("sqlalchemy", &[]),
    ("django", &["tests"]),
];

/// Tells how each test ended; pytest and Django load them.
pub const PLUGINS: [(&str, &str); 2] = [
    ("outcomes.py", include_str!("../clients/python/outcomes.py")),
    ("django_outcomes.py", include_str!("../clients/python/django_outcomes.py")),
];

/// A program that logs in with asyncpg over TLS and asks one thing.
pub const LOGIN: &str = include_str!("../clients/python/login.py");

/// The lines of the lock that are about one project.
pub fn locked(project: &str) -> impl Iterator<Item = &'static str> + use<> {
    let start = format!("{project}==");
    let block = LOCK.lines().skip_while(move |line| !line.starts_with(&start));
    // What follows the first line, the hashes, is indented.
    block.enumerate().take_while(|(number, line)| *number == 0 || line.starts_with(' ')).map(|(_, line)| line)
}

/// The version of a project that is run.
#[must_use]
pub fn version(project: &str) -> Option<&'static str> {
    locked(project).next()?.split_once("==")?.1.split_whitespace().next()
}

/// Where they are, or will be: the Python in `python`, and a folder for each project.
#[must_use]
pub fn folder() -> Option<PathBuf> {
    Some(cache::folder()?.join("python-suites"))
}

/// The folder, where it has what the lock says. It is put in place whole.
#[must_use]
pub fn installed() -> Option<PathBuf> {
    let folder = folder()?;
    let is_same = fs::read_to_string(folder.join("requirements.txt")).is_ok_and(|lock| lock == LOCK);
    is_same.then_some(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_project_is_locked_with_its_hashes() {
        for (project, _) in PROJECTS {
            assert!(version(project).is_some_and(|version| version.contains('.')), "{project}");
            let mut hashes = locked(project).skip(1);
            assert!(hashes.all(|line| line.trim_start().starts_with("--hash=sha256:")), "{project}");
        }
    }
}
