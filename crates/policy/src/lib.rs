//! Decides whether a statement may run. Pure: no IO, no clock.
//! It never sees text or rows, only facts; and only it makes a [`Permit`].
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

mod judge;
mod rules;
mod verdict;

pub use judge::{Judgement, judge, permit_nothing, refuse_fast_path};
pub use verdict::{Permit, Refusal, Verdict};
