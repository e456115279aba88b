//! Which columns hold what must not be seen, and how rows are rewritten so that it is not. Pure: no IO, no clock.
//! It does not know who asks (see `policy`) nor which columns a database has (see `sql::Catalog`).
#![cfg_attr(
    not(test),
    deny(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        clippy::unreachable,
        clippy::todo,
        clippy::string_slice
    )
)]

mod class;
mod columns;
mod copy;
pub mod detect;
mod email;
mod found;
mod masks;
mod methods;
mod plan;
mod recording;
mod rows;
mod values;

pub use class::{Class, Confidence, Holds, Sample, class_of, class_of_comment, is_sensitive_key, is_town};
pub use columns::{Classes, ColumnId, Unsearched, can_hold_text, is_document, is_telling, is_text};
pub use copy::{CopyError, CopyForm, CopyRows};
pub use found::Found;
pub use masks::{Elements, HIDDEN, elements, is_mask, is_number, mask, mask_found, written};
pub use methods::{KEY_BYTES_MIN, Method, Methods};
pub use plan::{ColumnPlan, FIRST_NORMAL_OID, FieldPlan, Form, Known, Plan, Reason};
pub use recording::{Comments, Kept, Recording};
pub use rows::{RowError, mask_row, mask_text};
pub use values::ValueKey;
