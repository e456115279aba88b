//! Rows are masked without an allocation for each: whatever memory that takes is there after the first ones.

use std::sync::Arc;

use mask::{Class, ColumnPlan, CopyForm, CopyRows, Form, Found, Method, Methods, Plan, Reason, mask_row};
use wire::backend::tag;
use wire::compose;

const ROWS: usize = 1_000;

/// OIDs of types (pg_type.dat).
const TEXT: u32 = 25;
const VARCHAR: u32 = 1043;
const INT8: u32 = 20;
const DATE: u32 = 1082;
const NUMERIC: u32 = 1700;
const INET: u32 = 869;
const UUID: u32 = 2950;

/// A value of each class that stands in columns, and of types that are no text.
const VALUES: [(Class, u32, &str); 22] = [
    (Class::Email, TEXT, "ada.lovelace@mail.example.com"),
    (Class::Email, VARCHAR, "ada@example.com"),
    (Class::Phone, TEXT, "+44 20 7946 0958"),
    (Class::Card, TEXT, "4111 1111 1111 1111"),
    (Class::Iban, TEXT, "DE89 3704 0044 0532 0130 00"),
    (Class::NationalId, TEXT, "078-05-1120"),
    (Class::TaxId, TEXT, "DE136695976"),
    (Class::Passport, TEXT, "C01X00T47"),
    (Class::IpAddress, TEXT, "203.0.113.77"),
    (Class::IpAddress, INET, "203.0.113.77/32"),
    (Class::MacAddress, TEXT, "08:00:2b:01:02:03"),
    (Class::GeoLocation, TEXT, "52.520008, 13.404954"),
    (Class::Address, TEXT, "12 Baker Street"),
    (Class::PersonName, TEXT, "Ada Lovelace"),
    (Class::BirthDate, TEXT, "1815-12-10"),
    (Class::Credential, TEXT, "correct horse battery staple"),
    (Class::Derived, TEXT, "whatever it is"),
    (Class::Phone, INT8, "4155550132"),
    (Class::BirthDate, DATE, "1815-12-10"),
    (Class::TaxId, NUMERIC, "1234567.80"),
    (Class::NationalId, UUID, "5b30857f-0bfa-48b5-ac0b-5c64e28078d1"),
    (Class::Address, INT8, "12"),
];

/// Columns that are searched, and nothing is found in them.
const HARMLESS: [&str; 4] = [
    "the parcel stands behind the door",
    "f47ac10b-58cc-4372-a567-0e02b2c3d479",
    "level=info dur=12.3ms status=200 path=/api/v1/items/7",
    "17.50",
];

fn plan(method: Method) -> Option<Plan> {
    let said = Class::ALL.map(|class| (class, method));
    let methods = Methods::new(said, b"0123456789abcdef0123456789abcdef")?;
    let form = |type_oid| Form { type_oid, format: 0 };
    let masked =
        VALUES.map(|(class, type_oid, _)| ColumnPlan::Mask(class, form(type_oid), Reason::Classified));
    let searched = HARMLESS.map(|_| ColumnPlan::Scan(form(TEXT), Reason::Unsearched));
    let clear = ColumnPlan::Clear(Reason::KnownHarmless);
    let columns = masked.into_iter().chain(searched).chain([clear]).collect();
    Some(Plan::new(columns, Arc::new(methods)))
}

fn values() -> Vec<&'static str> {
    VALUES.map(|(_, _, value)| value).into_iter().chain(HARMLESS).chain(["clear"]).collect()
}

fn row() -> Vec<u8> {
    let values = values();
    let mut body = (values.len() as u16).to_be_bytes().to_vec();
    for value in values {
        body.extend((value.len() as u32).to_be_bytes());
        body.extend(value.as_bytes());
    }
    body
}

#[test]
fn rows_are_masked_without_an_allocation() {
    let (body, mut out, mut found) = (row(), Vec::new(), Found::default());
    for method in Method::ALL {
        let plan = plan(method).unwrap();
        let mut rows = |count: usize| {
            for _ in 0..count {
                out.clear();
                mask_row(&body, &plan, &mut out, &mut found).unwrap();
            }
        };
        rows(2);
        let counted = allocation_counter::measure(|| rows(ROWS));
        assert_eq!(counted.count_total, 0, "{method:?}: {counted:?}");
        assert_eq!(out[0], tag::DATA_ROW);
        assert!(!out.windows(8).any(|part| part == b"lovelace"), "{method:?}");
    }
    // Of each row, every value that has something to hide.
    assert_eq!(found.masked(), ((ROWS + 2) * Method::ALL.len() * VALUES.len()) as u64);
}

#[test]
fn copied_rows_are_masked_without_an_allocation() {
    let line = |between: &str| format!("{}\n", values().join(between)).into_bytes();
    let csv = format!("\"{}\"\n", values().join("\";\"")).into_bytes();
    let null = b"\\N".to_vec();
    let text = CopyForm::Text { delimiter: b'\t', null: null.clone(), header: false };
    let quoted = CopyForm::Csv { delimiter: b';', null, quote: b'"', escape: b'"', header: false };
    for (form, rows) in [(text, line("\t")), (quoted, csv)] {
        for method in Method::ALL {
            let (plan, mut out) = (plan(method).unwrap(), Vec::new());
            let mut copy = CopyRows::new(form.clone(), true);
            let mut take = |count: usize| {
                for _ in 0..count {
                    out.clear();
                    compose::frame(&mut out, tag::COPY_DATA, |out| copy.take(&rows, &plan, out).unwrap());
                }
            };
            take(2);
            let counted = allocation_counter::measure(|| take(ROWS));
            assert_eq!(counted.count_total, 0, "{method:?}: {counted:?}");
            assert!(!out.windows(8).any(|part| part == b"lovelace"), "{method:?}");
        }
    }
}
