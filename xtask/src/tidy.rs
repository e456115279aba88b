//! `cargo xtask tidy`: rules of this repository that compilers and linters do not know. Also run as a test.

mod decisions;
mod manifests;
mod source;
mod tree;

use anyhow::{Result, bail};

use self::tree::Tree;
use crate::repo;

/// Check the rules of this repository.
///
/// Every source file says what it is for; pure crates do no input or output, read no clock and cannot panic;
/// `unsafe` stays in its places; manifests share versions and lints, and depend in one direction; nothing
/// names a path of one machine; decisions say what they answer and what follows. Each finding says file, line
/// and mend.
#[derive(clap::Args)]
pub(crate) struct Args {}

/// Crates without input, output or clock, and the crates of ours that each may use.
const PURE: [(&str, &[&str]); 6] = [
    ("crates/ebpf-abi", &[]),
    ("crates/mask", &["wire"]),
    ("crates/policy", &["sql"]),
    ("crates/session", &["mask", "policy", "sql", "wire"]),
    ("crates/sql", &[]),
    ("crates/wire", &[]),
];

/// Something that breaks a rule.
#[derive(Debug)]
struct Finding {
    file: String,
    /// From 1; 0 where the whole file is meant.
    line: usize,
    what: String,
    mend: &'static str,
}

pub(crate) fn command(_: &Args) -> Result<()> {
    check()?;
    println!("tidy: no rule is broken");
    Ok(())
}

/// Prints every finding; any is an error.
pub(crate) fn check() -> Result<()> {
    let root = repo::root()?;
    let tree = Tree::read(&root)?;
    let mut findings = source::check(&tree);
    findings.extend(manifests::check(&tree)?);
    findings.extend(decisions::check(&tree));
    for Finding { file, line, what, mend } in &findings {
        println!("{file}:{line}: {what}; {mend}");
    }
    match findings.len() {
        0 => Ok(()),
        count => bail!("{count} broken rules of the repository, listed above"),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn no_rule_of_the_repository_is_broken() {
        super::check().unwrap();
    }
}
