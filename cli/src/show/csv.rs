//! An answer as CSV after RFC 4180, with a header line.

use anyhow::Context;
use serde_json::Value;

use super::Shown;

pub(super) fn text<Row: Shown>(rows: &[Row]) -> anyhow::Result<String> {
    let mut text = Row::KEYS.join(",");
    text.push_str("\r\n");
    for row in rows {
        let row = serde_json::to_value(row).context("write the answer as CSV")?;
        let fields: Vec<String> = Row::KEYS.iter().map(|key| quoted(field(&row[*key]))).collect();
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
    use super::*;

    #[test]
    fn fields_are_quoted_where_they_must_be() {
        assert_eq!(quoted("a b".to_owned()), "a b");
        assert_eq!(quoted("a,\"b\"\nc".to_owned()), "\"a,\"\"b\"\"\nc\"");
        assert_eq!(field(&serde_json::json!(["a", "b"])), "a b");
        assert_eq!(field(&Value::Null), "");
    }
}
