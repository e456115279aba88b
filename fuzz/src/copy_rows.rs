//! Data of a COPY to the client: however it is cut into messages, the same is shown, and masked values never.

use mask::{Class, ColumnPlan, CopyError, CopyForm, CopyRows, Form, Plan, Reason};
use std::sync::Arc;

/// What stands for every masked value's letters: the masks of this class show none of them.
const SECRET: &[u8] = b"secret";

/// The first byte is the form, the second has a bit for each of up to 4 columns that is masked, the third says where the data is cut;
/// the rest is the data.
pub fn copy_rows(data: &[u8]) {
    let [form, masked, cut, data @ ..] = data else { return };
    let form = form_of(*form);
    let format = i16::try_from(form.format()).expect("0 or 1");
    let columns = usize::from(masked >> 4) % 4 + 1;
    let plan = |column: usize| match masked >> column & 1 {
        0 => ColumnPlan::Clear(Reason::KnownHarmless),
        _ => ColumnPlan::Mask(Class::Credential, Form { type_oid: 25, format }, Reason::Classified),
    };
    let plan = Plan::new((0..columns).map(plan).collect(), Arc::default());
    let whole = shown(&form, &plan, &[data]);
    let (first, second) = data.split_at(usize::from(*cut).min(data.len()));
    let cut = shown(&form, &plan, &[first, second]);
    let bytes: Vec<&[u8]> = data.chunks(1).collect();
    let bytes = shown(&form, &plan, &bytes);
    match &whole {
        Ok((out, _)) => {
            assert_eq!(whole, cut);
            assert_eq!(whole, bytes);
            let all_masked = plan.columns().iter().all(|plan| matches!(plan, ColumnPlan::Mask(..)));
            if all_masked && matches!(form, CopyForm::Text { header: false, .. }) {
                assert!(!out.windows(SECRET.len()).any(|window| window == SECRET));
            }
            // What is shown has the same form, and what is masked stays as it is.
            assert_eq!(shown(&form, &plan, &[out]).map(|(again, _)| again).as_ref(), Ok(out));
        }
        // What is wrong with a line is told once it is whole: until then its beginning is held back, and the data may not end.
        Err(_) => {
            let has_passed =
                |shown: &Result<(Vec<u8>, usize), _>| shown.as_ref().is_ok_and(|(_, held)| *held == 0);
            assert!(!has_passed(&cut) && !has_passed(&bytes));
        }
    }
}

fn form_of(byte: u8) -> CopyForm {
    let header = byte & 8 != 0;
    let null = if byte & 16 == 0 { b"\\N".to_vec() } else { Vec::new() };
    match byte & 7 {
        0 | 1 => CopyForm::Text { delimiter: b'\t', null, header },
        2 => CopyForm::Text { delimiter: b'|', null: b"none".to_vec(), header },
        3 | 4 => CopyForm::Csv { delimiter: b',', null, quote: b'"', escape: b'"', header },
        5 => CopyForm::Csv { delimiter: b';', null, quote: b'\'', escape: b'\\', header },
        _ => CopyForm::Binary,
    }
}

/// What is shown of these messages, and how much is held back.
fn shown(form: &CopyForm, plan: &Plan, messages: &[&[u8]]) -> Result<(Vec<u8>, usize), CopyError> {
    let (mut rows, mut out) = (CopyRows::new(form.clone(), true), Vec::new());
    for data in messages {
        rows.take(data, plan, &mut out)?;
    }
    Ok((out, rows.held_bytes()))
}
