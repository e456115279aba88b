//! Rules about source text: first lines, purity, `unsafe`, paths of one machine.

use std::path::Path;

use super::tree::{SourceFile, Tree};
use super::{Finding, PURE};

/// Where `unsafe` may stand.
const UNSAFE_PLACES: [&str; 6] = [
    "agent/src/act/owner.rs",
    "ebpf/",
    "crates/ebpf-abi/",
    "engine/src/chdb.rs",
    "crates/audit/src/spool/growing.rs",
    "proxy/src/scheduling.rs",
];

/// What a pure crate does not say: it would do input or output, or read a clock.
const IMPURE: [&str; 6] = ["tokio", "std::net", "std::fs", "std::process", "Instant::now", "SystemTime"];

/// Lints that keep a pure crate from panicking on what strangers send.
const PANIC_LINTS: [&str; 6] =
    ["unwrap_used", "expect_used", "panic", "indexing_slicing", "unreachable", "string_slice"];

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    let own_paths = own_paths(&tree.root);
    for file in &tree.files {
        if file.path.ends_with(".rs") {
            first_line(file, &mut findings);
            unsafety(file, &mut findings);
            purity(file, &mut findings);
        }
        machine_paths(file, &own_paths, &mut findings);
    }
    for (folder, _) in PURE {
        panic_lints(tree, folder, &mut findings);
    }
    findings
}

fn first_line(file: &SourceFile, findings: &mut Vec<Finding>) {
    let of_tests = file.path.ends_with("/tests.rs");
    if !of_tests && !file.text.starts_with("//! ") {
        findings.push(Finding {
            file: file.path.clone(),
            line: 1,
            what: "the file does not say what it is for".to_string(),
            mend: "begin it with a `//!` line: what it is for, and what not",
        });
    }
}

fn unsafety(file: &SourceFile, findings: &mut Vec<Finding>) {
    if UNSAFE_PLACES.iter().any(|place| file.path.starts_with(place)) {
        return;
    }
    for (line, code) in code_lines(&file.text) {
        if words(&code).any(|word| word == "unsafe") {
            findings.push(Finding {
                file: file.path.clone(),
                line,
                what: "`unsafe` outside its places".to_string(),
                mend: "find a safe crate or function for it, or move it to one of UNSAFE_PLACES",
            });
        }
    }
}

fn purity(file: &SourceFile, findings: &mut Vec<Finding>) {
    let pure = PURE.iter().any(|(folder, _)| file.path.starts_with(&format!("{folder}/src/")));
    if !pure || file.path.ends_with("/tests.rs") {
        return;
    }
    for (line, code) in code_lines(&file.text) {
        if let Some(impure) = IMPURE.iter().find(|impure| code.contains(**impure)) {
            findings.push(Finding {
                file: file.path.clone(),
                line,
                what: format!("`{impure}` in a pure crate"),
                mend: "take bytes and the time as arguments, and leave the effect to the caller",
            });
        }
    }
}

fn panic_lints(tree: &Tree, folder: &str, findings: &mut Vec<Finding>) {
    let path = format!("{folder}/src/lib.rs");
    let Some(file) = tree.file(&path) else { return };
    let missing: Vec<&str> =
        PANIC_LINTS.into_iter().filter(|lint| !file.text.contains(&format!("clippy::{lint}"))).collect();
    if !missing.is_empty() {
        findings.push(Finding {
            file: path,
            line: 1,
            what: format!("the lints against panics lack {}", missing.join(", ")),
            mend: "copy the `deny` block of crates/wire/src/lib.rs",
        });
    }
}

fn machine_paths(file: &SourceFile, own_paths: &[String], findings: &mut Vec<Finding>) {
    for (index, text) in file.text.lines().enumerate() {
        if let Some(path) = own_paths.iter().find(|path| text.contains(path.as_str())) {
            findings.push(Finding {
                file: file.path.clone(),
                line: index + 1,
                what: format!("`{path}` is a path of one machine"),
                mend: "write it relative to the repository, or find it at run time",
            });
        }
    }
}

/// This checkout, and places where checkouts and homes usually are.
fn own_paths(root: &Path) -> Vec<String> {
    let homes = ["home", "root", "Users"].map(|folder| format!("/{folder}/"));
    let here = root.display().to_string();
    homes.into_iter().chain((here.len() > 4).then_some(here)).collect()
}

/// Numbered lines without comments and without what stands in string literals. Good enough for rules.
fn code_lines(text: &str) -> impl Iterator<Item = (usize, String)> {
    text.lines().enumerate().map(|(index, line)| (index + 1, code(line)))
}

fn code(line: &str) -> String {
    let mut code = String::with_capacity(line.len());
    let (mut before, mut in_string) = (' ', false);
    for char in line.chars() {
        match char {
            '"' if before != '\\' && before != '\'' => in_string = !in_string,
            '/' if before == '/' && !in_string => return code,
            _ if in_string => {}
            _ => code.push(char),
        }
        before = char;
    }
    code
}

fn words(code: &str) -> impl Iterator<Item = &str> {
    code.split(|c: char| !c.is_alphanumeric() && c != '_')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(path: &str, text: &str) -> Vec<String> {
        let file = SourceFile { path: path.to_string(), text: text.to_string() };
        let tree = Tree { root: "/nowhere/picket".into(), files: vec![file] };
        check(&tree).into_iter().map(|finding| format!("{}: {}", finding.line, finding.what)).collect()
    }

    #[test]
    fn a_file_without_a_first_line_is_found() {
        assert_eq!(findings("proxy/src/a.rs", "use a;\n"), ["1: the file does not say what it is for"]);
    }

    #[test]
    fn an_unsafe_block_outside_its_places_is_found() {
        let text = "//! A.\n// unsafe in a comment\nlet a = \"unsafe\";\nlet unsafe_code = unsafe { 1 };\n";
        assert_eq!(findings("proxy/src/a.rs", text), ["4: `unsafe` outside its places"]);
        assert!(findings("engine/src/chdb.rs", text).is_empty());
    }

    #[test]
    fn a_clock_in_a_pure_crate_is_found() {
        let text = "//! A.\nlet now = Instant::now();\n";
        assert_eq!(findings("crates/sql/src/a.rs", text), ["2: `Instant::now` in a pure crate"]);
        assert!(findings("proxy/src/a.rs", text).is_empty());
    }

    #[test]
    fn a_path_of_one_machine_is_found() {
        assert_eq!(
            findings("docs/a.md", "see /nowhere/picket/target\n"),
            ["1: `/nowhere/picket` is a path of one machine"]
        );
    }

    #[test]
    fn a_pure_crate_without_its_lints_is_found() {
        let found =
            findings("crates/wire/src/lib.rs", "//! A.\n#![deny(clippy::unwrap_used, clippy::panic)]\n");
        assert_eq!(
            found,
            ["1: the lints against panics lack expect_used, indexing_slicing, unreachable, string_slice"]
        );
    }
}
