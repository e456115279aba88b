//! Masks of records, field by field: what was a record stays one of as many fields (rowtypes.c, record_out and record_send).

use std::cell::Cell;

use crate::plan::{ColumnPlan, FieldPlan};
use crate::rows::sized_value;

/// Room that stays for the next field that has signs twice.
const PLAIN_BYTES_MAX: usize = 64 << 10;

thread_local! {
    /// The last such field, without them.
    static PLAIN: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// What is shown of a value, or whether that is NULL.
pub(crate) trait Show: FnMut(ColumnPlan, &[u8], &mut Vec<u8>) -> bool {}

impl<F: FnMut(ColumnPlan, &[u8], &mut Vec<u8>) -> bool> Show for F {}

/// Appends a record in the text format with its fields as they are shown. `false` where it is not exactly one of these fields; what was
/// appended does not count.
pub(crate) fn text(value: &[u8], fields: &[FieldPlan], mut show: impl Show, out: &mut Vec<u8>) -> bool {
    // In another encoding a part of a character can look like a sign.
    if core::str::from_utf8(value).is_err() || fields.is_empty() {
        return false;
    }
    let Some(mut rest) = value.strip_prefix(b"(") else { return false };
    out.push(b'(');
    for (index, field) in fields.iter().enumerate() {
        if index > 0 {
            let Some(behind) = rest.strip_prefix(b",") else { return false };
            rest = behind;
            out.push(b',');
        }
        let Some(len) = written(rest) else { return false };
        let Some((own, behind)) = rest.split_at_checked(len) else { return false };
        rest = behind;
        match own {
            // NULL
            [] => {}
            _ if matches!(field.shown, ColumnPlan::Clear(_)) => out.extend_from_slice(own),
            [b'"', inner @ .., b'"'] if inner.iter().any(|byte| matches!(byte, b'"' | b'\\')) => {
                let mut plain = PLAIN.take();
                unescape(inner, &mut plain);
                shown(field, &plain, &mut show, out);
                plain.clear();
                plain.shrink_to(PLAIN_BYTES_MAX);
                PLAIN.set(plain);
            }
            [b'"', inner @ .., b'"'] => shown(field, inner, &mut show, out),
            _ => shown(field, own, &mut show, out),
        }
    }
    out.push(b')');
    rest == b")"
}

/// The same in the binary format.
pub(crate) fn binary(value: &[u8], fields: &[FieldPlan], mut show: impl Show, out: &mut Vec<u8>) -> bool {
    let Some((count, mut rest)) = value.split_first_chunk::<4>() else { return false };
    if usize::try_from(i32::from_be_bytes(*count)) != Ok(fields.len()) {
        return false;
    }
    out.extend_from_slice(count);
    for field in fields {
        let Some((oid, behind)) = rest.split_first_chunk::<4>() else { return false };
        let Some((len, behind)) = behind.split_first_chunk::<4>() else { return false };
        if !field.may_be(u32::from_be_bytes(*oid)) {
            return false;
        }
        out.extend_from_slice(oid);
        let len = i32::from_be_bytes(*len);
        let Ok(len) = usize::try_from(len) else {
            if len != -1 {
                return false;
            }
            out.extend_from_slice(&len.to_be_bytes());
            rest = behind;
            continue;
        };
        let Some((own, behind)) = behind.split_at_checked(len) else { return false };
        sized_value(out, |out| show(field.shown, own, out));
        rest = behind;
    }
    rest.is_empty()
}

/// How long a field is as it is written, up to the sign behind it; `None` where `record_out` does not write it so.
fn written(rest: &[u8]) -> Option<usize> {
    if rest.first() != Some(&b'"') {
        let ends = |byte: &u8| matches!(byte, b',' | b')');
        let len = rest.iter().position(ends)?;
        let is_bare = |byte: &u8| !needs_quotes(*byte);
        return rest.get(..len)?.iter().all(is_bare).then_some(len);
    }
    let mut at = 1;
    loop {
        match (rest.get(at)?, rest.get(at + 1)) {
            (b'"', Some(b'"')) | (b'\\', Some(b'\\')) => at += 2,
            (b'"', Some(b',' | b')')) => return Some(at + 1),
            (b'"' | b'\\', _) => return None,
            _ => at += 1,
        }
    }
}

/// Appends it without the signs that stand twice.
fn unescape(inner: &[u8], into: &mut Vec<u8>) {
    let mut bytes = inner.iter();
    while let Some(byte) = bytes.next() {
        into.push(*byte);
        if matches!(byte, b'"' | b'\\') {
            bytes.next();
        }
    }
}

/// Appends what is shown of a field, as `record_out` would write it; nothing where that is NULL.
fn shown(field: &FieldPlan, value: &[u8], show: &mut impl Show, out: &mut Vec<u8>) {
    let start = out.len();
    if !show(field.shown, value, out) {
        out.truncate(start);
        return;
    }
    let own = out.get(start..).unwrap_or_default();
    if !own.is_empty() && !own.iter().any(|byte| needs_quotes(*byte)) {
        return;
    }
    // Each is moved to where it belongs, from the last on, so that nothing is kept beside.
    let (end, twice) = (out.len(), own.iter().filter(|byte| matches!(byte, b'"' | b'\\')).count());
    out.resize(end + twice + 2, b'"');
    let mut to = out.len() - 1;
    for from in (start..end).rev() {
        let Some(&byte) = out.get(from) else { return };
        for _ in 0..1 + usize::from(matches!(byte, b'"' | b'\\')) {
            to -= 1;
            if let Some(place) = out.get_mut(to) {
                *place = byte;
            }
        }
    }
    if let Some(first) = out.get_mut(start) {
        *first = b'"';
    }
    if let Some(last) = out.last_mut() {
        *last = b'"';
    }
}

/// What `record_out` puts between quotes (`isspace` of C).
fn needs_quotes(byte: u8) -> bool {
    matches!(byte, b'"' | b'\\' | b'(' | b')' | b',' | b' ' | 9..=13)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::class::Class;
    use crate::plan::{Form, Reason};

    const CLEAR: ColumnPlan = ColumnPlan::Clear(Reason::KnownHarmless);

    fn field(is_masked: bool) -> FieldPlan {
        let masked = ColumnPlan::Mask(Class::Email, Form { type_oid: 25, format: 0 }, Reason::Classified);
        FieldPlan { type_oid: 25, shown: if is_masked { masked } else { CLEAR } }
    }

    /// Masked values are turned around, which moves each sign; what begins with N becomes NULL.
    fn turned(plan: ColumnPlan, value: &[u8], out: &mut Vec<u8>) -> bool {
        match plan {
            ColumnPlan::Clear(_) => out.extend_from_slice(value),
            _ => out.extend(value.iter().rev()),
        }
        value.first() != Some(&b'N')
    }

    fn masked(value: &str, fields: &[bool]) -> Option<String> {
        let fields: Vec<FieldPlan> = fields.iter().map(|is_masked| field(*is_masked)).collect();
        let mut out = b"x".to_vec();
        text(value.as_bytes(), &fields, turned, &mut out)
            .then(|| String::from_utf8(out[1..].to_vec()).unwrap())
    }

    #[test]
    fn fields_are_masked_where_they_stand() {
        for (value, fields, shown) in [
            ("(1,abc)", &[false, true][..], "(1,cba)"),
            ("(,abc,)", &[true, true, false], "(,cba,)"),
            ("(\"a b\",abc)", &[false, true], "(\"a b\",cba)"),
            ("(\"a b\",abc)", &[true, true], "(\"b a\",cba)"),
            ("(\"a\"\"b\",\"c\\\\d\")", &[true, false], "(\"b\"\"a\",\"c\\\\d\")"),
            ("(\"\",x)", &[true, true], "(\"\",x)"),
            ("(\"(,)\",x)", &[true, true], "(\"),(\",x)"),
            ("(Nobody,\"N x\")", &[true, true], "(,)"),
            ("(\"a,b)\",2)", &[false, true], "(\"a,b)\",2)"),
            ("(ab)", &[true], "(ba)"),
            ("()", &[true], "()"),
        ] {
            assert_eq!(masked(value, fields).as_deref(), Some(shown), "{value}");
        }
    }

    #[test]
    fn what_is_no_record_of_these_fields_is_not_shown() {
        for value in [
            "",
            "(",
            ")",
            "(1)",
            "(1,2,3)",
            "1,2",
            "(1,2",
            "1,2)",
            "(1,2))",
            "(1,2)x",
            "(\"1,2)",
            "(a\"b,2)",
            "(a b,2)",
            "(a\\b,2)",
            "(\"a\\b\",2)",
            "(\"a\"b,2)",
            "((1,2)",
            "(1,(2))",
            "{1,2}",
            "(\"a\" ,2)",
        ] {
            assert_eq!(masked(value, &[false, true]), None, "{value}");
        }
        assert_eq!(masked("()", &[]), None);
        assert!(!text(b"(\x83\x5c,2)", &[field(false), field(true)], turned, &mut Vec::new()));
    }

    /// As `record_out` writes it.
    fn record(fields: &[Option<String>]) -> String {
        let written = fields.iter().map(|field| match field {
            None => String::new(),
            Some(text) if !text.is_empty() && !text.bytes().any(needs_quotes) => text.clone(),
            Some(text) => format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\"\"")),
        });
        format!("({})", written.collect::<Vec<_>>().join(","))
    }

    fn sent(fields: &[Option<Vec<u8>>]) -> Vec<u8> {
        let mut value = u32::try_from(fields.len()).unwrap().to_be_bytes().to_vec();
        for field in fields {
            value.extend_from_slice(&25_u32.to_be_bytes());
            match field {
                None => value.extend_from_slice(&(-1_i32).to_be_bytes()),
                Some(text) => sized_value(&mut value, |out| {
                    out.extend_from_slice(text);
                    true
                }),
            }
        }
        value
    }

    #[test]
    fn another_type_or_length_is_no_record_of_these_fields() {
        let fields = [field(false), field(true)];
        let is_shown = |value: &[u8], fields: &[FieldPlan]| binary(value, fields, turned, &mut Vec::new());
        let value = sent(&[Some(b"1".to_vec()), None]);
        assert!(is_shown(&value, &fields));
        let number = FieldPlan { type_oid: 23, shown: CLEAR };
        assert!(!is_shown(&value, &[number, field(true)]));
        assert!(!is_shown(&value, &fields[..1]));
        for len in 0..value.len() {
            assert!(!is_shown(&value[..len], &fields), "{len}");
        }
        assert!(!is_shown(&[&value[..], b"x"].concat(), &fields));
    }

    proptest! {
        #[test]
        fn fields_are_what_they_were_but_for_those_that_are_masked(
            fields in prop::collection::vec((prop::option::of("[a-c\"\\\\(), é\t]{0,6}"), any::<bool>()), 1..6),
        ) {
            let values: Vec<Option<String>> = fields.iter().map(|(value, _)| value.clone()).collect();
            let plan: Vec<FieldPlan> = fields.iter().map(|(_, is_masked)| field(*is_masked)).collect();
            // Turned around by characters, so that it stays a text.
            let show = |plan: ColumnPlan, value: &[u8], out: &mut Vec<u8>| {
                let text = core::str::from_utf8(value).unwrap();
                match plan {
                    ColumnPlan::Clear(_) => out.extend_from_slice(value),
                    _ => out.extend(text.chars().rev().collect::<String>().into_bytes()),
                }
                true
            };
            let mut out = Vec::new();
            prop_assert!(text(record(&values).as_bytes(), &plan, show, &mut out));
            let expected: Vec<Option<String>> = fields.iter().map(|(value, is_masked)| match (value, is_masked) {
                (Some(value), true) => Some(value.chars().rev().collect()),
                (value, _) => value.clone(),
            }).collect();
            prop_assert_eq!(String::from_utf8(out).unwrap(), record(&expected));
            let bytes = |values: &[Option<String>]| -> Vec<Option<Vec<u8>>> {
                values.iter().map(|value| value.clone().map(String::into_bytes)).collect()
            };
            let mut out = Vec::new();
            prop_assert!(binary(&sent(&bytes(&values)), &plan, show, &mut out));
            prop_assert_eq!(out, sent(&bytes(&expected)));
        }

        #[test]
        fn no_bytes_panic(value: Vec<u8>) {
            let fields = [field(false), field(true)];
            let _ = text(&value, &fields, turned, &mut Vec::new());
            let _ = binary(&value, &fields, turned, &mut Vec::new());
        }
    }
}
