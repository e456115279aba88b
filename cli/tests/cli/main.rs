//! The tool as its users see it, over a real engine.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod answers;
mod files;
mod refusals;
mod stage;
mod verify;
