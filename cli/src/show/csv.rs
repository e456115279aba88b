//! An answer as CSV after RFC 4180, with a header line. On a terminal nothing in it is obeyed.

use anyhow::Context;
use serde_json::Value;

use super::Shown;
use super::escape::escaped;

/// `is_for_people` where a terminal shows it: what that would obey is written as an escape.
pub(super) fn text<Row: Shown>(rows: &[Row], is_for_people: bool) -> anyhow::Result<String> {
    let mut text = Row::KEYS.join(",");
    text.push_str("\r\n");
    for row in rows {
        let row = serde_json::to_value(row).context("write the answer as CSV")?;
        let told = |value| if is_for_people { escaped(&field(value)) } else { field(value) };
        let fields: Vec<String> = Row::KEYS.iter().map(|key| quoted(told(&row[*key]))).collect();
        text.push_str(&fields.join(","));
        text.push_str("\r\n");
    }
    Ok(text)
}

fn field(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(list) => list.iter().map(field).collect::<Vec<_>>().join(" "),
        Value::Bool(_) | Value::Number(_) | Value::Object(_) => value.to_string(),
    }
}

fn quoted(field: String) -> String {
    if field.contains([',', '"', '\r', '\n']) { format!("\"{}\"", field.replace('"', "\"\"")) } else { field }
}

#[cfg(test)]
mod tests {
    use serde::Serialize;

    use super::*;
    use crate::show::Cell;

    #[derive(Serialize)]
    struct Said {
        text: &'static str,
    }

    impl Shown for Said {
        const KEYS: &'static [&'static str] = &["text"];
        const HEADINGS: &'static [&'static str] = &["text"];

        fn cells(&self) -> Vec<Cell> {
            vec![Cell::plain(self.text)]
        }
    }

    #[test]
    fn a_terminal_obeys_nothing_and_a_file_has_all_of_it() {
        let rows = [Said { text: "a\u{1b}[2J\nb" }];
        assert_eq!(text(&rows, true).unwrap(), "text\r\na\\u{1b}[2J\\nb\r\n");
        assert_eq!(text(&rows, false).unwrap(), "text\r\n\"a\u{1b}[2J\nb\"\r\n");
    }

    #[test]
    fn fields_are_quoted_where_they_must_be() {
        assert_eq!(quoted("a b".to_owned()), "a b");
        assert_eq!(quoted("a,\"b\"\nc".to_owned()), "\"a,\"\"b\"\"\nc\"");
        assert_eq!(field(&serde_json::json!(["a", "b"])), "a b");
        assert_eq!(field(&Value::Null), "");
    }
}
