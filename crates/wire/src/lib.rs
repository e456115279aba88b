//! PostgreSQL's frontend/backend protocol, version 3, as borrowed views: bytes in, meaning out.
//! Pure: no IO, no clock, no allocation while reading. What a message means for a session is `session`'s affair.
//!
//! Source: PostgreSQL documentation, chapter "Frontend/Backend Protocol", and
//! `src/include/libpq/protocol.h` of PostgreSQL 18.
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

pub mod backend;
pub mod compose;
pub mod frame;
pub mod frontend;
mod reader;
pub mod startup;

pub use frame::{Frame, FrameError, split_frame};
pub use reader::BodyError;
