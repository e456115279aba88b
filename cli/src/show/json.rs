//! An answer as JSON: an array of objects, one a line.

use std::fmt::Write;

use anyhow::Context;
use daemon::is_obeyed;
use serde::Serialize;

pub(crate) fn text<Row: Serialize>(rows: &[Row]) -> anyhow::Result<String> {
    let mut text = String::from("[");
    for (number, row) in rows.iter().enumerate() {
        text.push_str(if number == 0 { "\n" } else { ",\n" });
        let object = serde_json::to_string(row).context("write the answer as JSON")?;
        push_harmless(&mut text, &object);
    }
    text.push_str(if rows.is_empty() { "]\n" } else { "\n]\n" });
    Ok(text)
}

/// `row` in one line, without its end.
pub(crate) fn line(row: &impl Serialize) -> anyhow::Result<String> {
    let mut text = String::new();
    push_harmless(&mut text, &serde_json::to_string(row).context("write the answer as JSON")?);
    Ok(text)
}

/// JSON leaves some characters as they are that a terminal obeys; escaped, they mean the same.
fn push_harmless(text: &mut String, object: &str) {
    let mut units = [0; 2];
    for letter in object.chars() {
        if is_obeyed(letter) {
            for unit in letter.encode_utf16(&mut units) {
                // Writing to a string does not fail.
                let _ = write!(text, "\\u{unit:04x}");
            }
        } else {
            text.push(letter);
        }
    }
}
