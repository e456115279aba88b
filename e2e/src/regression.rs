//! The distinct statements of PostgreSQL's regression tests: of the server's own, and of a newer version's.

use std::collections::HashSet;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use crate::script::{self, Sent};
use crate::{newer_statements, suites};

/// One string of statements, and the script in which it stands first.
#[derive(Clone, Debug)]
pub struct Text {
    /// Name of the script's file.
    pub script: String,
    /// What psql sends.
    pub sent: Sent,
}

/// All of one version.
#[derive(Clone, Debug)]
pub struct Regression {
    /// Version of PostgreSQL, such as `15.18`.
    pub version: String,
    /// How many scripts there are.
    pub scripts: usize,
    /// In the order of the scripts' names.
    pub texts: Vec<Text>,
}

/// Those of the server that is installed.
pub fn of_the_server() -> Result<Regression> {
    let folder = suites::installed()?;
    let name = folder.file_name().and_then(|name| name.to_str()).context("name the version")?;
    // Debian's version begins with PostgreSQL's.
    let version = name.split(['-', '+']).next().unwrap_or(name);
    read(&folder.join("regress/sql"), version)
}

/// Those of a newer version.
pub fn of_a_newer_version() -> Result<Regression> {
    let folder = newer_statements::installed();
    let folder =
        folder.context("find the statements of a newer PostgreSQL's tests; run `cargo xtask setup`")?;
    read(&folder, newer_statements::POSTGRESQL)
}

fn read(folder: &Path, version: &str) -> Result<Regression> {
    let entries = fs::read_dir(folder).with_context(|| format!("list `{}`", folder.display()))?;
    let mut paths: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
    paths.retain(|path| path.extension().is_some_and(|end| end == "sql"));
    paths.sort();
    let (mut known, mut texts) = (HashSet::new(), Vec::new());
    for path in &paths {
        let script = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let bytes = fs::read(path).with_context(|| format!("read `{}`", path.display()))?;
        let new = script::sent(&bytes).into_iter().filter(|sent| known.insert(sent.clone()));
        texts.extend(new.map(|sent| Text { script: script.clone(), sent }));
    }
    Ok(Regression { version: version.to_string(), scripts: paths.len(), texts })
}
