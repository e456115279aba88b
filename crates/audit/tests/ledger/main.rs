//! Records on their way into a real engine: migrations, delivery over outages, and what the views say.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod claims;
mod cluster;
mod coverage;
mod delivery;
mod migrations;
mod samples;
mod sessions;
mod stage;
mod verify;
mod views;
