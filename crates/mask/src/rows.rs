//! Rewrites a DataRow by its plan, into a buffer that the caller reuses.

use thiserror::Error;
use wire::BodyError;
use wire::backend::{DataRow, tag};
use wire::compose;

use crate::class::Class;
use crate::columns::{BYTEA, is_string};
use crate::detect::Match;
use crate::email;
use crate::found::Found;
use crate::masks::{array, document, found_or_same, is_found, mask, record};
use crate::methods::Methods;
use crate::plan::{ColumnPlan, Form, Plan, Reason, constant};

/// A row that does not fit its plan. It must not be forwarded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum RowError {
    /// The row is malformed.
    #[error("malformed row")]
    Body(#[from] BodyError),
    /// The row has another number of columns than its description.
    #[error("a row of {row} columns was described as one of {plan}")]
    Columns {
        /// Columns of the row.
        row: usize,
        /// Columns of the plan.
        plan: usize,
    },
}

/// Appends the DataRow with this body to `out`, masked as `plan` says, and notes in which columns something was found.
///
/// # Errors
///
/// [`RowError`] where the row does not fit the plan; `out` may then hold a part of it and must be thrown away.
pub fn mask_row(body: &[u8], plan: &Plan, out: &mut Vec<u8>, found: &mut Found) -> Result<(), RowError> {
    let row = DataRow::read(body)?;
    let columns = row.columns();
    if usize::from(columns) != plan.columns().len() {
        return Err(RowError::Columns { row: usize::from(columns), plan: plan.columns().len() });
    }
    let mut result = Ok(());
    compose::frame(out, tag::DATA_ROW, |out| {
        out.extend_from_slice(&columns.to_be_bytes());
        for (index, (value, column)) in row.zip(plan.columns()).enumerate() {
            match value {
                Ok(None) if column.is_constant() => {
                    found.note_masked();
                    sized_value(out, |out| shown(plan, *column, b"", out));
                }
                Ok(None) => out.extend_from_slice(&(-1_i32).to_be_bytes()),
                Ok(Some(value)) => sized_value(out, |out| {
                    let start = out.len();
                    let is_value = shown(plan, *column, value, out);
                    found.note(index, column, value, out.get(start..).filter(|_| is_value));
                    is_value
                }),
                Err(error) => {
                    result = Err(error.into());
                    return;
                }
            }
        }
    });
    result
}

/// Appends what is shown of a value. `false`, where that is NULL; what was appended then does not count.
pub(crate) fn shown(plan: &Plan, column: ColumnPlan, value: &[u8], out: &mut Vec<u8>) -> bool {
    let methods = plan.methods();
    match column {
        ColumnPlan::Clear(_) => pass(value, out),
        ColumnPlan::Mask(Class::Derived, form, _) => {
            constant(form.type_oid).is_some_and(|constant| pass(constant, out))
        }
        ColumnPlan::Mask(class, Form { type_oid, format }, _) => {
            mask(methods, class, type_oid, format, value, out)
        }
        ColumnPlan::Scan(form, Reason::Unsearched) => scan(methods, form, value, Match::is_distinct, out),
        ColumnPlan::Scan(form, _) => scan(methods, form, value, |_| true, out),
        ColumnPlan::Record(place, form, _) => {
            let show = |column, value: &[u8], out: &mut Vec<u8>| shown(plan, column, value, out);
            plan.record(place).is_some_and(|fields| match form.format {
                0 => record::text(value, fields, show, out),
                1 => record::binary(value, fields, show, out),
                _ => false,
            })
        }
        ColumnPlan::Records(place, form, _) => {
            let show = |column, value: &[u8], out: &mut Vec<u8>| shown(plan, column, value, out);
            plan.record(place).is_some_and(|fields| match form.format {
                // In another encoding a part of a character can look like a sign.
                0 if core::str::from_utf8(value).is_ok() => {
                    array::text(value, |element, out| record::text(element, fields, show, out), out)
                }
                1 => array::binary(
                    value,
                    form.type_oid,
                    |element, out| record::binary(element, fields, show, out),
                    out,
                ),
                _ => false,
            })
        }
    }
}

/// Appends a value with its length before it; unlike a frame's, the length does not count itself. NULL where `fill` says so.
pub(crate) fn sized_value(out: &mut Vec<u8>, fill: impl FnOnce(&mut Vec<u8>) -> bool) {
    let start = out.len();
    out.extend_from_slice(&[0; 4]);
    let is_value = fill(out);
    let len = if is_value { i32::try_from(out.len() - start - 4).unwrap_or(i32::MAX) } else { -1 };
    if !is_value {
        out.truncate(start + 4);
    }
    if let Some(place) = out.get_mut(start..start + 4) {
        place.copy_from_slice(&len.to_be_bytes());
    }
}

/// What pairs of hexadecimal digits stand for.
pub(crate) fn bytes(digits: &[u8]) -> Vec<u8> {
    let digit = |digit: &u8| char::from(*digit).to_digit(16).unwrap_or_default();
    let byte = |pair: &[u8]| pair.iter().fold(0, |byte, half| byte << 4 | digit(half));
    digits.chunks_exact(2).map(|pair| u8::try_from(byte(pair)).unwrap_or_default()).collect()
}

fn pass(value: &[u8], out: &mut Vec<u8>) -> bool {
    out.extend_from_slice(value);
    true
}

/// Appends a text of which nothing is known, with what its form alone tells to be sensitive masked where it stands, and what keys of a
/// document name. `false`: nothing of it can be shown.
pub fn mask_text(methods: &Methods, value: &[u8], out: &mut Vec<u8>) -> bool {
    const TEXT: Form = Form { type_oid: 25, format: 0 };
    scan(methods, TEXT, value, Match::is_distinct, out)
}

/// What is found and counts is masked where it stands, and what keys of a document name. Elsewhere the value is NULL then: bytes, and
/// the binary format of a type that is no string's, where lengths stand between.
fn scan(methods: &Methods, form: Form, value: &[u8], counts: fn(&Match) -> bool, out: &mut Vec<u8>) -> bool {
    match (form.type_oid, value) {
        (BYTEA, [b'\\', b'x', digits @ ..]) if form.format == 0 => {
            !is_found(&bytes(digits), counts) && pass(value, out)
        }
        (BYTEA, _) => !is_found(value, counts) && pass(value, out),
        (type_oid, _) => match document(methods, type_oid, form.format, value, counts, out) {
            Some(is_value) => is_value,
            None if form.format == 0 || is_string(type_oid) => found_or_same(methods, value, counts, out),
            None => !is_found(value, counts) && !email::is_found(value) && pass(value, out),
        },
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proptest::prelude::*;

    use super::*;
    use crate::plan::FieldPlan;

    const TEXT: Form = Form { type_oid: 25, format: 0 };

    fn row(values: &[Option<&[u8]>]) -> Vec<u8> {
        let mut body = u16::try_from(values.len()).unwrap().to_be_bytes().to_vec();
        for value in values {
            match value {
                None => body.extend_from_slice(&(-1_i32).to_be_bytes()),
                Some(value) => sized_value(&mut body, |out| pass(value, out)),
            }
        }
        body
    }

    fn plan(masked: &[bool]) -> Plan {
        let column = |masked: &bool| match masked {
            true => ColumnPlan::Mask(Class::Email, TEXT, Reason::Classified),
            false => ColumnPlan::Clear(Reason::KnownHarmless),
        };
        Plan::new(masked.iter().map(column).collect(), Arc::default())
    }

    #[test]
    fn masked_values_change_and_others_do_not() {
        let mut out = Vec::new();
        let body = row(&[Some(b"7"), Some(b"bob@shop.org"), None, Some(b"")]);
        let mut found = Found::default();
        mask_row(&body, &plan(&[false, true, true, true]), &mut out, &mut found).unwrap();
        assert_eq!(&out[5..], row(&[Some(b"7"), Some(b"b***@***.org"), None, Some(b"")]));
        assert_eq!(found.masked(), 2);
    }

    #[test]
    fn what_is_computed_shows_the_same_whatever_it_is() {
        let column =
            |type_oid| ColumnPlan::Mask(Class::Derived, Form { type_oid, format: 0 }, Reason::Traced);
        let plan = Plan::new([25, 25, 25, 1043, 1043, 23, 23].map(column).into(), Arc::default());
        let (y, none) = (Some(b"y".as_slice()), None);
        let body = row(&[y, Some(b""), none, y, none, Some(b"1"), none]);
        let mut out = Vec::new();
        mask_row(&body, &plan, &mut out, &mut Found::default()).unwrap();
        let (text, varchar) = (Some(b"***".as_slice()), Some(b"*".as_slice()));
        assert_eq!(&out[5..], row(&[text, text, text, varchar, varchar, none, none]));
    }

    #[test]
    fn scanned_values_change_where_something_is_found() {
        let plan = Plan::new(vec![ColumnPlan::Scan(TEXT, Reason::UnknownRelation); 3], Arc::default());
        let (body, mut out) = (row(&[Some(b"write to bob@shop.org"), Some(b"5 @ 2"), None]), Vec::new());
        let mut found = Found::default();
        mask_row(&body, &plan, &mut out, &mut found).unwrap();
        assert_eq!([0, 1, 2].map(|index| found.has(index)), [true, false, false]);
        assert_eq!(found.masked(), 1);
        assert_eq!(&out[5..], row(&[Some(b"write to b***@***.org"), Some(b"5 @ 2"), None]));
    }

    /// Arrays of records whose second field is an address.
    fn of_lists(format: i16) -> Plan {
        let field = |shown| FieldPlan { type_oid: 25, shown };
        let masked = ColumnPlan::Mask(Class::Email, Form { type_oid: 25, format }, Reason::Classified);
        let fields = [field(ColumnPlan::Clear(Reason::KnownHarmless)), field(masked)];
        let column = ColumnPlan::Records(0, Form { type_oid: 20_000, format }, Reason::Classified);
        Plan::new(vec![column], Arc::default()).with_records(vec![fields.into()])
    }

    fn of_list(value: &[u8], format: i16) -> Option<Vec<u8>> {
        let mut out = Vec::new();
        mask_row(&row(&[Some(value)]), &of_lists(format), &mut out, &mut Found::default()).unwrap();
        DataRow::read(&out[5..]).unwrap().next().unwrap().unwrap().map(<[u8]>::to_vec)
    }

    #[test]
    fn records_in_arrays_are_masked_field_by_field() {
        for (value, expected) in [
            ("{}", "{}"),
            (r#"{"(a,bob@shop.org)"}"#, r#"{"(a,b***@***.org)"}"#),
            (r#"{"(\"a b\",bob@shop.org)",NULL,"(,)"}"#, r#"{"(\"a b\",b***@***.org)",NULL,"(,)"}"#),
            (r#"[0:0]={"(a,\"bob@shop.org\")"}"#, r#"[0:0]={"(a,b***@***.org)"}"#),
            (r#"{{"(a,)"},{"(b,eve@shop.org)"}}"#, r#"{{"(a,)"},{"(b,e***@***.org)"}}"#),
        ] {
            let shown = of_list(value.as_bytes(), 0).map(|shown| String::from_utf8(shown).unwrap());
            assert_eq!(shown.as_deref(), Some(expected), "{value}");
        }
    }

    #[test]
    fn what_is_no_array_of_such_records_is_not_shown() {
        for value in [
            "(a,bob@shop.org)",
            "{\"(a,bob@shop.org)\"",
            "{\"(a,bob@shop.org,1)\"}",
            "{\"(a)\"}",
            "{bob@shop.org}",
            "{\"(a,b)\",bob@shop.org}",
            "bob@shop.org",
            "",
        ] {
            assert_eq!(of_list(value.as_bytes(), 0), None, "{value}");
        }
        assert_eq!(of_list(b"{\"(\x83\x5c,bob@shop.org)\"}", 0), None);
    }

    /// As `array_send` and `record_send` write it.
    fn sent(array_of: u32, fields: &[&str]) -> Vec<u8> {
        let number = |number: u32| number.to_be_bytes();
        let mut record = number(u32::try_from(fields.len()).unwrap()).to_vec();
        for field in fields {
            record.extend_from_slice(&number(25));
            sized_value(&mut record, |out| pass(field.as_bytes(), out));
        }
        let mut value = [1, 0, array_of, 1, 1].map(number).concat();
        sized_value(&mut value, |out| pass(&record, out));
        value
    }

    #[test]
    fn records_in_arrays_are_masked_in_the_binary_format() {
        let value = sent(20_000, &["a", "bob@shop.org"]);
        assert_eq!(of_list(&value, 1), Some(sent(20_000, &["a", "b***@***.org"])));
        assert_eq!(of_list(&sent(20_001, &["a", "bob@shop.org"]), 1), None, "another type");
        assert_eq!(of_list(&sent(20_000, &["bob@shop.org"]), 1), None);
        for len in 0..value.len() {
            let shown = of_list(&value[..len], 1).unwrap_or_default();
            assert!(!shown.windows(3).any(|part| part == b"bob"), "{len}");
        }
    }

    #[test]
    fn a_row_that_does_not_fit_its_plan_is_an_error() {
        let body = row(&[Some(b"bob@shop.org")]);
        let error =
            mask_row(&body, &plan(&[false, true]), &mut Vec::new(), &mut Found::default()).unwrap_err();
        assert_eq!(error, RowError::Columns { row: 1, plan: 2 });
    }

    proptest! {
        #[test]
        fn without_masks_a_row_is_the_same(values: Vec<Option<Vec<u8>>>) {
            let values: Vec<_> = values.iter().map(Option::as_deref).collect();
            let (body, mut out) = (row(&values), Vec::new());
            mask_row(&body, &plan(&vec![false; values.len()]), &mut out, &mut Found::default()).unwrap();
            prop_assert_eq!(&out[5..], &body[..]);
        }

        #[test]
        fn no_body_panics(body: Vec<u8>) {
            let _ = mask_row(&body, &plan(&[true, false]), &mut Vec::new(), &mut Found::default());
            let _ = (of_list(&body, 0), of_list(&body, 1));
        }
    }
}
