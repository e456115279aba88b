//! This machine's own package sources, asked for sources instead of packages: the same address, suites and keys.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// Writes to `folder` what apt needs to fetch sources from where packages of `address` come from.
pub(super) fn write(address: &str, folder: &Path) -> Result<()> {
    fs::create_dir(folder).context("create the folder of apt's sources")?;
    for file in files() {
        let Ok(text) = fs::read_to_string(&file) else { continue };
        let (Some(name), Some(end)) = (file.file_name(), file.extension().and_then(|end| end.to_str()))
        else {
            continue;
        };
        let entries = match end {
            "list" => from_lines(&text, address),
            "sources" => from_stanzas(&text, address),
            _ => continue,
        };
        fs::write(folder.join(name), entries).context("write apt's sources")?;
    }
    Ok(())
}

/// sources.list(5): the one file, and the files in the folder.
fn files() -> Vec<PathBuf> {
    let entries = fs::read_dir("/etc/apt/sources.list.d").into_iter().flatten().flatten();
    let mut files = vec![PathBuf::from("/etc/apt/sources.list")];
    files.extend(entries.map(|entry| entry.path()));
    files
}

fn from_lines(text: &str, address: &str) -> String {
    let lines = text.lines().filter(|line| line.contains(address));
    lines
        .filter_map(|line| line.trim().strip_prefix("deb "))
        .map(|rest| format!("deb-src {rest}\n"))
        .collect()
}

fn from_stanzas(text: &str, address: &str) -> String {
    let stanzas = text.split("\n\n").filter(|stanza| stanza.contains(address));
    let asked = |line: &str| match line.split_once(':') {
        Some((key, _)) if key.eq_ignore_ascii_case("types") => "Types: deb-src\n".to_string(),
        _ => format!("{line}\n"),
    };
    stanzas.map(|stanza| stanza.lines().map(asked).collect::<String>() + "\n").collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ADDRESS: &str = "http://deb.debian.org/debian";

    #[test]
    fn lines_keep_their_options() {
        let text = "# deb http://deb.debian.org/debian old main\n\
            deb [signed-by=/k.gpg] http://deb.debian.org/debian bookworm main\n\
            deb-src http://deb.debian.org/debian bookworm main\n\
            deb https://example.org/apt stable main\n";
        assert_eq!(
            from_lines(text, ADDRESS),
            "deb-src [signed-by=/k.gpg] http://deb.debian.org/debian bookworm main\n"
        );
    }

    #[test]
    fn stanzas_keep_their_keys() {
        let text = "Types: deb\nURIs: http://deb.debian.org/debian\nSuites: bookworm bookworm-updates\n\
            Components: main\nSigned-By: /k.gpg\n\n\
            Types: deb\nURIs: https://example.org/apt\nSuites: stable\nComponents: main\n";
        assert_eq!(
            from_stanzas(text, ADDRESS),
            "Types: deb-src\nURIs: http://deb.debian.org/debian\nSuites: bookworm bookworm-updates\n\
            Components: main\nSigned-By: /k.gpg\n\n"
        );
    }
}
