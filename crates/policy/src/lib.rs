//! Decides whether a statement may run: Cedar policies over who asks, what a statement does, and to what. Pure: no IO, no clock.
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

mod answer;
mod asks;
mod cedar;
mod columns;
mod example;
mod functions;
mod judge;
mod keeps;
mod needed;
mod policies;
mod resource;
mod rule;
mod settings;
mod setup;
mod subject;
mod unreachable;
mod verdict;
mod words;

pub use example::Example;
pub use functions::dangerous_functions;
pub use judge::{Meaning, permit_nothing, refuse_sql_in_replication, refuse_unknown_function};
pub use needed::{Missing, Needed, NobodyNamed};
pub use policies::Policies;
pub use rule::Rule;
pub use settings::{startup_setting, words_of_options};
pub use setup::{Mode, PolicyError, Setup, Source};
pub use subject::{Subject, Who};
pub use verdict::{Approver, Permit, Refusal, Verdict, missing};
pub use words::{CLASSES, METHODS};
