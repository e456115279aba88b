//! Bodies of a server's messages; a row that is masked stays a row, and only masked columns change.

use mask::{Class, ColumnPlan, Form, Found, Plan, Reason, mask_row};
use std::sync::Arc;
use wire::backend::{self, DataRow, RowDescription, tag};
use wire::split_frame;

/// The first byte is the message's type; for a row the second has a bit for each column that is masked, cyclically; the
/// rest is the body.
pub fn server_message(data: &[u8]) {
    let Some((&tag, body)) = data.split_first() else { return };
    match tag {
        tag::AUTHENTICATION => {
            if let Ok((_, data)) = backend::authentication(body) {
                backend::sasl_mechanisms(data).for_each(|name| assert!(!name.is_empty()));
            }
        }
        tag::BACKEND_KEY_DATA => drop(backend::backend_key_data(body)),
        tag::PARAMETER_STATUS => drop(backend::parameter_status(body)),
        tag::READY_FOR_QUERY => drop(backend::ready_for_query(body)),
        tag::COMMAND_COMPLETE => {
            let _ = backend::command_complete(body).map(backend::command_rows);
        }
        tag::ROW_DESCRIPTION => {
            if let Ok(description) = RowDescription::read(body) {
                assert!(description.count() <= usize::from(u16::MAX));
            }
        }
        tag::DATA_ROW => row(body),
        tag::ERROR_RESPONSE | tag::NOTICE_RESPONSE => {
            let fields: Vec<_> = backend::error_fields(body).collect();
            for (code, text) in &fields {
                assert!(!text.contains(&0));
                let first = fields.iter().find(|(found, _)| found == code).map(|(_, text)| *text);
                assert_eq!(Some(backend::error_field(body, *code)), first);
            }
        }
        _ => {}
    }
}

fn row(data: &[u8]) {
    let Some((&masked, body)) = data.split_first() else { return };
    let Ok(columns) = DataRow::read(body).map(|row| row.columns()) else { return };
    let plans = (0..columns).map(|column| match masked >> (column % 8) & 1 {
        0 => ColumnPlan::Clear(Reason::KnownHarmless),
        _ => ColumnPlan::Mask(Class::Email, Form { type_oid: 25, format: 0 }, Reason::Classified),
    });
    let plans: Vec<ColumnPlan> = plans.collect();
    let mut out = Vec::new();
    if mask_row(body, &Plan::new(plans.clone(), Arc::default()), &mut out, &mut Found::default()).is_err() {
        return;
    }
    let (frame, rest) = split_frame(&out, u32::MAX).expect("a frame").expect("a whole frame");
    assert!(rest.is_empty() && frame.tag == tag::DATA_ROW);
    let before = DataRow::read(body).expect("it was read before");
    let after = DataRow::read(frame.body).expect("a masked row is a row");
    assert_eq!(after.columns(), columns);
    for ((before, after), plan) in before.zip(after).zip(plans) {
        let (before, after) =
            (before.expect("it was read before"), after.expect("a masked value is a value"));
        assert_eq!(before.is_none(), after.is_none(), "NULL stays NULL");
        assert!(before == after || matches!(plan, ColumnPlan::Mask(..)), "a clear column was changed");
    }
}
