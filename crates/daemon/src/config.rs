//! Reads a TOML file into what was written, and has it checked into what runs. Errors name file, line and key.

use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use thiserror::Error;

/// Why a configuration cannot run.
#[derive(Debug, Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read the configuration {}", path.display())]
    Read {
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The file says something that cannot be.
    #[error("{}:{line}: {message}", path.display())]
    Invalid {
        /// Which file.
        path: PathBuf,
        /// Line of the key, from 1.
        line: usize,
        /// The key, what is wrong and what is allowed.
        message: String,
    },
}

/// A key that cannot be used, and where it is in the text.
#[derive(Debug)]
pub struct Refused {
    offset: usize,
    message: String,
}

/// A key that cannot be used: `span` is where it was written, `message` names it and what is allowed.
pub fn refused(span: Range<usize>, message: impl Into<String>) -> Refused {
    Refused { offset: span.start, message: message.into() }
}

/// Reads `path` as a `File` and checks it.
pub fn read<File: DeserializeOwned, Config>(
    path: &Path,
    check: impl FnOnce(File) -> Result<Config, Refused>,
) -> Result<Config, ConfigError> {
    let text = std::fs::read_to_string(path)
        .map_err(|source| ConfigError::Read { path: path.to_owned(), source })?;
    parse(path, &text, check)
}

/// Does what [`read`] does with the text of a file.
pub fn parse<File: DeserializeOwned, Config>(
    path: &Path,
    text: &str,
    check: impl FnOnce(File) -> Result<Config, Refused>,
) -> Result<Config, ConfigError> {
    let invalid = |offset: usize, message: String| ConfigError::Invalid {
        path: path.to_owned(),
        line: line_at(text, offset),
        message,
    };
    let file: File = toml::from_str(text).map_err(|error| {
        let span = error.span().unwrap_or_default();
        invalid(span.start, with_key(text, &span, error.message()))
    })?;
    check(file).map_err(|refused| invalid(refused.offset, refused.message))
}

/// Checks a section that has a check of its own.
pub fn section<T, E: std::error::Error>(
    span: Range<usize>,
    section: T,
    check: impl FnOnce(&T) -> Result<(), E>,
) -> Result<T, Refused> {
    check(&section).map_err(|error| refused(span, error.to_string()))?;
    Ok(section)
}

/// The parser's messages name unknown and missing keys, but not the key of a wrong value: that one is on its line,
/// or is the section that its line begins.
fn with_key(text: &str, span: &Range<usize>, message: &str) -> String {
    let message = message.lines().next().unwrap_or_default();
    if !message.starts_with("invalid") {
        return message.to_owned();
    }
    let line = text.lines().nth(line_at(text, span.start) - 1).unwrap_or_default();
    let key = line.split(['=', '#']).next().unwrap_or_default().trim();
    format!("`{key}`: {}", in_words(message))
}

/// The same for people who do not know Rust's types.
fn in_words(message: &str) -> String {
    match message.rsplit_once(", expected ") {
        Some((got, "a sequence")) if got.contains("type: map") => {
            format!("{}, expected a list of sections, each headed `[[name]]`", got.replace("map", "section"))
        }
        Some((got, what)) => format!("{got}, expected {}", allowed(what)),
        None => match message.strip_prefix("invalid ").and_then(|rest| rest.strip_suffix(" syntax")) {
            Some(what) => format!("{message}, expected {}", allowed(what)),
            None => message.to_owned(),
        },
    }
}

fn allowed(what: &str) -> &str {
    match what {
        "u16" => "a whole number from 0 to 65535",
        "u32" => "a whole number from 0 to 4294967295",
        "u64" | "usize" => "a whole number from 0",
        "i64" => "a whole number",
        "a sequence" => "a list in brackets",
        "path string" => "a path in quotes",
        "a boolean" => "true or false",
        "a string" => "a text in quotes",
        "socket address" => "an address and a port such as \"127.0.0.1:6432\"",
        "IP address" => "an address such as \"10.0.0.7\"",
        other if other.starts_with("struct ") => "a section headed `[name]`",
        other => other,
    }
}

fn line_at(text: &str, offset: usize) -> usize {
    text.bytes().take(offset).filter(|byte| *byte == b'\n').count() + 1
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;
    use toml::Spanned;

    use super::*;

    #[derive(Deserialize)]
    #[serde(deny_unknown_fields, rename_all = "kebab-case")]
    struct File {
        wait_secs: Spanned<i64>,
        #[serde(default)]
        #[expect(dead_code, reason = "only its errors are looked at")]
        upstream: Vec<Upstream>,
    }

    #[derive(Deserialize)]
    #[expect(dead_code, reason = "only its errors are looked at")]
    struct Upstream {
        port: u16,
        at: std::net::SocketAddr,
    }

    fn error(text: &str) -> String {
        let check = |file: File| match file.wait_secs.get_ref() {
            1..=60 => Ok(()),
            other => {
                let message = format!("`wait-secs` must be between 1 and 60, got {other}");
                Err(refused(file.wait_secs.span(), message))
            }
        };
        parse(Path::new("x.toml"), text, check).unwrap_err().to_string()
    }

    #[test]
    fn a_wrong_type_is_told_in_words_that_are_not_rusts() {
        let wrong = |line: &str| error(&format!("wait-secs = 1\n[[upstream]]\n{line}"));
        assert_eq!(
            wrong("port = 70000"),
            "x.toml:3: `port`: invalid value: integer `70000`, expected a whole number from 0 to 65535"
        );
        assert_eq!(
            wrong("port = 1\nat = 'localhost'"),
            "x.toml:4: `at`: invalid socket address syntax, expected an address and a port such as \"127.0.0.1:6432\""
        );
        assert_eq!(
            error("wait-secs = 1\n[upstream]  # one\nport = 1"),
            "x.toml:2: `[upstream]`: invalid type: section, expected a list of sections, each headed `[[name]]`"
        );
        assert_eq!(
            error("wait-secs = 1\nupstream = 3"),
            "x.toml:2: `upstream`: invalid type: integer `3`, expected a list in brackets"
        );
        assert_eq!(
            error("wait-secs = 1\nupstream = [3]"),
            "x.toml:2: `upstream`: invalid type: integer `3`, expected a section headed `[name]`"
        );
    }

    #[test]
    fn errors_name_file_line_key_and_what_is_allowed() {
        assert_eq!(error("\nwait-secs = 0"), "x.toml:2: `wait-secs` must be between 1 and 60, got 0");
        assert_eq!(
            error("wait-secs = \"a\""),
            "x.toml:1: `wait-secs`: invalid type: string \"a\", expected a whole number"
        );
        assert_eq!(
            error("wait-secs = 1\nwait-sec = 1"),
            "x.toml:2: unknown field `wait-sec`, expected `wait-secs` or `upstream`"
        );
        assert_eq!(error("# nothing"), "x.toml:1: missing field `wait-secs`");
        assert!(error("wait-secs = = 1").starts_with("x.toml:1: "));
    }
}
