//! A document whose tables a test makes: where they say something else, the test fails, or writes them if it is told to.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};

/// Set to have tables written.
const WRITE: &str = "PICKET_WRITE";

/// Holds the tables of a document (its path in the repository), which are below the line that says how they are made, to `made`.
/// `test` is what makes them, as `cargo test --workspace` is told; `same` tells whether those that are there say the same.
pub fn hold(document: &str, test: &str, made: &str, same: impl Fn(&str) -> bool) -> Result<()> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(document);
    let mark = format!("<!-- {WRITE}=1 cargo test --workspace --test {test}: writes what is below. -->\n");
    let text = fs::read_to_string(&path).with_context(|| format!("read `{}`", path.display()))?;
    let (words, tables) = text.split_once(&mark).with_context(|| format!("find in it the line {mark}"))?;
    if std::env::var_os(WRITE).is_some() {
        return fs::write(&path, format!("{words}{mark}{made}")).context("write it");
    }
    ensure!(same(tables), "`{}` says something else; now it is:\n{made}", path.display());
    Ok(())
}
