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
mod modes;
mod rules;
mod verdict;

pub use judge::{
    judge, judge_fast_path, judge_replication, judge_startup, judge_unknown_name, judge_unreadable,
    permit_nothing, refuse_sql_in_replication,
};
pub use modes::{Mode, Modes, RULES, UnknownRule};
pub use verdict::{Permit, Refusal, Verdict};
