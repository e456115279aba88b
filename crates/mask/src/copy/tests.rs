//! Rows as PostgreSQL writes them, cut into messages in every way.

use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::Methods;
use crate::plan::{Form, Reason};

const CLEAR: ColumnPlan = ColumnPlan::Clear(Reason::KnownHarmless);

fn email(format: u16) -> ColumnPlan {
    let form = Form { type_oid: 25, format: i16::try_from(format).unwrap() };
    ColumnPlan::Mask(Class::Email, form, Reason::Classified)
}

fn number() -> ColumnPlan {
    ColumnPlan::Mask(Class::NationalId, Form { type_oid: 23, format: 0 }, Reason::Classified)
}

fn text() -> CopyForm {
    CopyForm::Text { delimiter: b'\t', null: b"\\N".to_vec(), header: false }
}

fn csv() -> CopyForm {
    CopyForm::Csv { delimiter: b',', null: Vec::new(), quote: b'"', escape: b'"', header: false }
}

fn rewritten(form: &CopyForm, plan: &[ColumnPlan], messages: &[&[u8]]) -> Result<Vec<u8>, CopyError> {
    let (mut rows, mut out) = (CopyRows::new(form.clone(), true), Vec::new());
    let plan = Plan::new(plan.to_vec(), Arc::default());
    messages.iter().try_for_each(|data| rows.take(data, &plan, &mut out))?;
    assert_eq!(rows.held_bytes() == 0, rows.may_end() || *form == CopyForm::Binary);
    Ok(out)
}

fn shown(form: &CopyForm, plan: &[ColumnPlan], data: &str) -> String {
    String::from_utf8(rewritten(form, plan, &[data.as_bytes()]).unwrap()).unwrap()
}

#[test]
fn values_of_text_are_masked_as_they_are_and_written_as_they_must_be() {
    let plan = [CLEAR, email(0), number()];
    assert_eq!(shown(&text(), &plan, "1\tbob@shop.org\t17\n"), "1\tb***@***.org\t\\N\n");
    assert_eq!(shown(&text(), &plan, "a\\tb\t\\N\t\\N\n\\N\t\t\\N\n"), "a\\tb\t\\N\t\\N\n\\N\t\t\\N\n");
    assert_eq!(shown(&text(), &plan, "1\t\\\\\\n@shop.org\t\\N\n"), "1\t\\\\***@***.org\t\\N\n");
    let form = CopyForm::Text { delimiter: b'*', null: b"none".to_vec(), header: true };
    let data = "id*email*ssn\n1*bob@sho\\*p.org*123\n";
    assert_eq!(shown(&form, &plan, data), "id*email*ssn\n1*b\\*\\*\\*@\\*\\*\\*.org*none\n");
}

#[test]
fn values_of_csv_are_quoted_where_they_must_be() {
    let plan = [CLEAR, email(0), number()];
    assert_eq!(shown(&csv(), &plan, "1,bob@shop.org,17\n"), "1,b***@***.org,\n");
    assert_eq!(shown(&csv(), &plan, "\"a\n,\",\"b,o\"\"b@shop.org\",\"\"\n"), "\"a\n,\",\"b***@***.org\",\n");
    assert_eq!(shown(&csv(), &plan, ",,\n,\"\",\n"), ",,\n,\"\",\n");
    assert_eq!(shown(&csv(), &plan, "1,\"\"\"\n@shop.org\",\n"), "1,\"\"\"***@***.org\",\n");
    let form =
        CopyForm::Csv { delimiter: b'a', null: b"-".to_vec(), quote: b'\'', escape: b'!', header: true };
    let data = "'n\n!'ame'aemaila-\n1a'!'!!@shop.org'a-\n-a'-'a2\n";
    let masked = "'n\n!'ame'aemaila-\n1a'!'***@***.org'a-\n-a'***'a-\n";
    assert_eq!(shown(&form, &plan, data), masked);
}

#[test]
fn what_is_no_utf8_is_masked_whole() {
    let (mut rows, mut out) = (CopyRows::new(text(), false), Vec::new());
    rows.take(b"\xb0\xa1bob@shop.org\nbob@shop.org\n", &Plan::new(vec![email(0)], Arc::default()), &mut out)
        .unwrap();
    assert_eq!(out, b"***\nb***@***.org\n");
}

fn binary_data(rows: &[&[Option<&[u8]>]]) -> Vec<u8> {
    let mut data = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\x01!".to_vec();
    for row in rows {
        data.extend(i16::try_from(row.len()).unwrap().to_be_bytes());
        for value in *row {
            data.extend(value.map_or(-1, |value| i32::try_from(value.len()).unwrap()).to_be_bytes());
            data.extend(value.unwrap_or_default());
        }
    }
    data.extend([0xFF, 0xFF]);
    data
}

#[test]
fn values_of_the_binary_format_keep_their_lengths() {
    let data =
        binary_data(&[&[Some(b"\0\t"), Some(b"bob@shop.org")], &[None, None], &[Some(b""), Some(b"")]]);
    let masked =
        binary_data(&[&[Some(b"\0\t"), Some(b"b***@***.org")], &[None, None], &[Some(b""), Some(b"")]]);
    assert_eq!(rewritten(&CopyForm::Binary, &[CLEAR, email(1)], &[&data]).unwrap(), masked);
    let ssn = ColumnPlan::Mask(Class::NationalId, Form { type_oid: 23, format: 1 }, Reason::Classified);
    let (data, masked) = (binary_data(&[&[Some(&[0, 0, 0, 9])]]), binary_data(&[&[None]]));
    assert_eq!(rewritten(&CopyForm::Binary, &[ssn], &[&data]).unwrap(), masked);
}

#[test]
fn data_that_does_not_fit_is_an_error() {
    let two = [CLEAR, email(0)];
    let error = |form: &CopyForm, data: &[u8]| rewritten(form, &two, &[data]).unwrap_err();
    for form in [text(), csv()] {
        assert_eq!(error(&form, b"1\n"), CopyError::Columns { row: 1, plan: 2 });
    }
    assert_eq!(error(&text(), b"1\t2\t3\n"), CopyError::Columns { row: 3, plan: 2 });
    assert_eq!(error(&csv(), b"1,2,3\n"), CopyError::Columns { row: 3, plan: 2 });
    assert_eq!(error(&csv(), b"1,\"2\"x\n"), CopyError::Form("something behind a quoted value"));
    let binary = |data: &[u8]| error(&CopyForm::Binary, data);
    assert_eq!(binary(b"1\n"), CopyError::Form("no signature"));
    assert_eq!(binary(&binary_data(&[&[None]])), CopyError::Columns { row: 1, plan: 2 });
    let behind = [binary_data(&[]), b"bob@shop.org".to_vec()].concat();
    assert_eq!(binary(&behind), CopyError::Form("something behind its end"));
}

type Row = Vec<Option<String>>;

/// What PostgreSQL writes (copyto.c), from another hand than the module's own.
fn written(form: &CopyForm, rows: &[Row]) -> Vec<u8> {
    let mut data = match form {
        CopyForm::Binary => {
            let rows: Vec<Vec<Option<&[u8]>>> = rows
                .iter()
                .map(|row| row.iter().map(|v| v.as_ref().map(String::as_bytes)).collect())
                .collect();
            return binary_data(&rows.iter().map(Vec::as_slice).collect::<Vec<_>>());
        }
        CopyForm::Text { header: true, .. } | CopyForm::Csv { header: true, .. } => b"names\n".to_vec(),
        _ => Vec::new(),
    };
    for row in rows {
        let values: Vec<String> =
            row.iter().map(|value| value_written(form, value.as_deref(), row.len())).collect();
        let delimiter = match form {
            CopyForm::Text { delimiter, .. } | CopyForm::Csv { delimiter, .. } => char::from(*delimiter),
            CopyForm::Binary => unreachable!(),
        };
        data.extend(values.join(&delimiter.to_string()).bytes());
        data.push(b'\n');
    }
    data
}

fn value_written(form: &CopyForm, value: Option<&str>, columns: usize) -> String {
    match (form, value) {
        (CopyForm::Text { null, .. } | CopyForm::Csv { null, .. }, None) => {
            String::from_utf8(null.clone()).unwrap()
        }
        (CopyForm::Text { delimiter, .. }, Some(value)) => {
            let mut escaped = value.replace('\\', "\\\\");
            for (control, letter) in
                ["\u{8}b", "\u{c}f", "\nn", "\rr", "\tt", "\u{b}v"].map(|p| p.split_at(1))
            {
                escaped = escaped.replace(control, &format!("\\{letter}"));
            }
            match char::from(*delimiter) {
                '\t' => escaped,
                delimiter => escaped.replace(delimiter, &format!("\\{delimiter}")),
            }
        }
        (CopyForm::Csv { delimiter, null, quote, escape, .. }, Some(value)) => {
            let (delimiter, quote, escape) =
                (char::from(*delimiter), char::from(*quote), char::from(*escape));
            let needs = value.contains([delimiter, quote, '\n', '\r'])
                || value.as_bytes() == null
                || columns == 1 && value == "\\.";
            if !needs {
                return value.to_owned();
            }
            let mut escaped = value.to_owned();
            if escape != quote {
                escaped = escaped.replace(escape, &format!("{escape}{escape}"));
            }
            escaped = escaped.replace(quote, &format!("{escape}{quote}"));
            format!("{quote}{escaped}{quote}")
        }
        (CopyForm::Binary, _) => unreachable!(),
    }
}

fn forms() -> impl Strategy<Value = CopyForm> {
    let text_form = ("[\t,|*@;]", "\\\\N|-|none", any::<bool>()).prop_map(|(delimiter, null, header)| {
        CopyForm::Text { delimiter: delimiter.as_bytes()[0], null: null.into_bytes(), header }
    });
    let csv_form = ("[,;a\t]", "|-|null", "[\"'q]", "[\"\\\\!]", any::<bool>()).prop_map(
        |(delimiter, null, quote, escape, header)| CopyForm::Csv {
            delimiter: delimiter.as_bytes()[0],
            null: null.into_bytes(),
            quote: quote.as_bytes()[0],
            escape: escape.as_bytes()[0],
            header: header && delimiter != "a",
        },
    );
    prop_oneof![text_form, csv_form, Just(CopyForm::Binary)]
}

fn rows_of(columns: usize) -> impl Strategy<Value = Vec<Row>> {
    let value = proptest::option::of("[a-c\"'\\\\\n\r\t,;|*é.q!-]{0,6}|canary@[a-c,\"\\\\\n]{1,4}");
    proptest::collection::vec(proptest::collection::vec(value, columns), 0..5)
}

fn cases() -> impl Strategy<Value = (CopyForm, Vec<bool>, Vec<Row>)> {
    (forms(), proptest::collection::vec(any::<bool>(), 1..4)).prop_flat_map(|(form, masked)| {
        let rows = rows_of(masked.len());
        (Just(form), Just(masked), rows)
    })
}

proptest! {
    #[test]
    fn masked_rows_are_what_postgresql_would_write_of_masked_values(
        (form, masked, rows) in cases(),
        cuts in proptest::collection::vec(any::<prop::sample::Index>(), 0..8),
    ) {
        // A text that is NULL's is NULL to whoever reads it.
        let is_null = |value: &str| matches!(&form, CopyForm::Text { null, .. } if value.as_bytes() == null);
        prop_assume!(rows.iter().flatten().flatten().all(|value| !is_null(value)));
        let plan: Vec<_> = masked.iter().map(|masked| if *masked { email(form.format()) } else { CLEAR }).collect();
        let data = written(&form, &rows);
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(data.len() + 1)).collect();
        cuts.extend([0, data.len()]);
        cuts.sort_unstable();
        let messages: Vec<&[u8]> = cuts.windows(2).map(|cut| &data[cut[0]..cut[1]]).collect();
        let out = rewritten(&form, &plan, &messages).unwrap();

        let mask_one = |(value, masked): (&Option<String>, &bool)| match (value, masked) {
            (Some(value), true) => {
                let mut shown = Vec::new();
                crate::mask(&Methods::default(), Class::Email, 25, 0, value.as_bytes(), &mut shown);
                Some(String::from_utf8(shown).unwrap())
            }
            (value, _) => value.clone(),
        };
        let masked_rows: Vec<Row> =
            rows.iter().map(|row| row.iter().zip(&masked).map(mask_one).collect()).collect();
        let expected = written(&form, &masked_rows);
        match &form {
            // What was quoted stays quoted.
            CopyForm::Csv { quote, escape, .. } => {
                let plain = |data: &[u8]| -> Vec<u8> {
                    data.iter().copied().filter(|byte| byte != quote && byte != escape).collect()
                };
                prop_assert_eq!(plain(&out), plain(&expected));
            }
            _ => prop_assert_eq!(&out, &expected),
        }
        if masked.iter().all(|masked| *masked) {
            prop_assert!(!out.windows(6).any(|window| window == b"canary"));
        }
        let whole = rewritten(&form, &plan, &[&data]).unwrap();
        prop_assert_eq!(out, whole);
    }

    #[test]
    fn no_data_panics(data: Vec<u8>, form in forms(), cut: prop::sample::Index) {
        let plan = Plan::new(vec![CLEAR, email(form.format())], Arc::default());
        let (mut rows, mut out) = (CopyRows::new(form, true), Vec::new());
        let (first, second) = data.split_at(cut.index(data.len() + 1));
        let _ = rows.take(first, &plan, &mut out).and_then(|()| rows.take(second, &plan, &mut out));
    }
}
