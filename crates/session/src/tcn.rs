//! What the trigger of the extension `tcn` notifies (tcn.c): `"table",U,"column"='value',…` with the columns of the primary key.

/// Stands for a value.
const MASKED: &[u8] = b"'***'";

/// Such a payload with the values masked of columns of which `is_sensitive` tells, by the names of table and column. `None` where it is
/// none, or has no such column.
pub(crate) fn masked(payload: &[u8], is_sensitive: impl Fn(&str, &str) -> bool) -> Option<Vec<u8>> {
    let (table, rest) = quoted(payload, b'"')?;
    let [b',', b'I' | b'U' | b'D', columns @ ..] = rest else { return None };
    let (table, mut rest) = (name(table), columns);
    let mut shown = payload.get(..payload.len() - columns.len())?.to_vec();
    let mut is_any = false;
    while let [b',', column @ ..] = rest {
        let (own, behind) = quoted(column, b'"')?;
        let [b'=', value @ ..] = behind else { return None };
        let (_, behind) = quoted(value, b'\'')?;
        let hides = is_sensitive(&table, &name(own));
        let shown_up_to = if hides { value } else { behind };
        shown.extend_from_slice(rest.get(..rest.len() - shown_up_to.len())?);
        if hides {
            shown.extend_from_slice(MASKED);
        }
        is_any |= hides;
        rest = behind;
    }
    (is_any && rest.is_empty()).then_some(shown)
}

/// What is between quotes at the beginning, in which such a quote stands twice, and what is behind.
fn quoted(text: &[u8], quote: u8) -> Option<(&[u8], &[u8])> {
    let inner = text.strip_prefix(&[quote])?;
    let mut at = 0;
    loop {
        at += inner.get(at..)?.iter().position(|byte| *byte == quote)?;
        if inner.get(at + 1) != Some(&quote) {
            return Some((inner.get(..at)?, inner.get(at + 1..)?));
        }
        at += 2;
    }
}

fn name(quoted: &[u8]) -> String {
    String::from_utf8_lossy(quoted).replace("\"\"", "\"")
}

#[cfg(test)]
mod tests {
    use super::masked;

    #[test]
    fn values_of_sensitive_columns_are_masked_and_all_else_stays() {
        let shown = |payload: &str| {
            let is_sensitive = |table: &str, column: &str| table == "a \"b" && column.starts_with('s');
            masked(payload.as_bytes(), is_sensitive).map(|shown| String::from_utf8(shown).unwrap())
        };
        let masked = |payload: &str| shown(payload).unwrap();
        assert_eq!(masked(r#""a ""b",I,"s"='x''y,"z"',"n"='1'"#), r#""a ""b",I,"s"='***',"n"='1'"#);
        assert_eq!(masked(r#""a ""b",D,"n"='',"s""'"=''"#), r#""a ""b",D,"n"='',"s""'"='***'"#);
        for same in [
            "",
            "\"",
            r#""a ""b""#,
            r#""a ""b",U"#,
            r#""a ""b",U,"n"='s'"#,
            r#""other",U,"s"='1'"#,
            r#""a ""b",X,"s"='1'"#,
            r#""a ""b",U,"s"='1"#,
            r#""a ""b",U,"s"='1',"#,
            r#"orders,U,"s"='1'"#,
        ] {
            assert_eq!(shown(same), None, "{same}");
        }
    }
}
