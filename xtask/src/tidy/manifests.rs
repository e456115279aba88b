//! Rules about manifests: shared versions, shared lints, and the direction of dependencies.

use anyhow::{Context, Result};
use toml::{Table, Value};

use super::tree::{SourceFile, Tree};
use super::{Finding, PURE};

/// Have lint tables of their own, because one calls a C library, one maps a file, one sets a scheduling policy, and one
/// asks whose a namespace is.
const OWN_LINTS: [&str; 4] =
    ["agent/Cargo.toml", "engine/Cargo.toml", "crates/audit/Cargo.toml", "proxy/Cargo.toml"];

/// Not members of the workspace: the kernel programs have their own target, and what a fuzzer runs is built with coverage.
const OUTSIDE: [&str; 2] = ["ebpf/Cargo.toml", "fuzz/explore/Cargo.toml"];

/// Crates that would bring input, output or a clock into a pure crate.
const IMPURE: [&str; 5] = ["tokio", "hyper", "rustix", "socket2", "libc"];

pub(super) fn check(tree: &Tree) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    for file in &tree.files {
        let is_member = file.path.ends_with("/Cargo.toml") && !OUTSIDE.contains(&file.path.as_str());
        if is_member {
            let manifest: Table = file.text.parse().with_context(|| format!("parse `{}`", file.path))?;
            member(file, &manifest, &mut findings);
        }
    }
    Ok(findings)
}

fn member(file: &SourceFile, manifest: &Table, findings: &mut Vec<Finding>) {
    let mut find = |of: &str, what: String, mend| {
        let line = file.text.lines().position(|line| line.starts_with(of)).map_or(1, |index| index + 1);
        findings.push(Finding { file: file.path.clone(), line, what, mend });
    };
    let inherits = manifest.get("lints").and_then(|lints| lints.get("workspace")).and_then(Value::as_bool);
    if inherits != Some(true) && !OWN_LINTS.contains(&file.path.as_str()) {
        find(
            "[lints",
            "the crate does not inherit the lints".to_string(),
            "write `[lints]` and `workspace = true`",
        );
    }
    for kind in ["dependencies", "dev-dependencies", "build-dependencies"] {
        let table = manifest.get(kind).and_then(Value::as_table);
        for (name, value) in table.into_iter().flatten() {
            if value.get("workspace").and_then(Value::as_bool) != Some(true) {
                find(
                    name,
                    format!("`{name}` has a version of its own"),
                    "list it in the workspace's manifest and write `workspace = true`",
                );
            }
            if kind == "dependencies" {
                direction(file, name, &mut find);
            }
        }
    }
}

fn direction(file: &SourceFile, name: &str, find: &mut impl FnMut(&str, String, &'static str)) {
    let Some(folder) = file.path.strip_suffix("/Cargo.toml") else { return };
    let ours = [
        "agent", "audit", "cli", "e2e", "ebpf-abi", "engine", "mask", "policy", "proxy", "session", "sql",
        "wire",
    ];
    if let Some((_, allowed)) = PURE.iter().find(|(pure, _)| *pure == folder) {
        if IMPURE.contains(&name) {
            find(name, format!("`{name}` in a pure crate"), "leave the effect to the shell that calls it");
        }
        if ours.contains(&name) && !allowed.contains(&name) {
            find(
                name,
                format!("`{folder}` must not know `{name}`"),
                "see the direction of dependencies in ARCHITECTURE.md",
            );
        }
    }
    let shells_apart = matches!(folder, "agent" | "proxy") && name.starts_with("picket-");
    if shells_apart {
        find(name, format!("`{folder}` must not know `{name}`"), "they meet in ClickHouse, on the flow key");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(path: &str, text: &str) -> Vec<String> {
        let file = SourceFile { path: path.to_string(), text: text.to_string() };
        let tree = Tree { root: "/nowhere/picket".into(), files: vec![file] };
        let found = check(&tree).unwrap();
        found.into_iter().map(|finding| format!("{}: {}", finding.line, finding.what)).collect()
    }

    #[test]
    fn a_version_of_its_own_is_found() {
        let text = "[dependencies]\nserde = \"1\"\n\n[lints]\nworkspace = true\n";
        assert_eq!(findings("proxy/Cargo.toml", text), ["2: `serde` has a version of its own"]);
    }

    #[test]
    fn lints_that_are_not_inherited_are_found() {
        assert_eq!(findings("cli/Cargo.toml", "[package]\n"), ["1: the crate does not inherit the lints"]);
        assert!(findings("engine/Cargo.toml", "[package]\n").is_empty());
    }

    #[test]
    fn a_dependency_against_the_direction_is_found() {
        let text =
            "[dependencies]\nsession.workspace = true\ntokio.workspace = true\n[lints]\nworkspace = true\n";
        assert_eq!(
            findings("crates/policy/Cargo.toml", text),
            ["2: `crates/policy` must not know `session`", "3: `tokio` in a pure crate"]
        );
    }
}
