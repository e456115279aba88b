//! Starts the built picket-engine on a free port and talks to it as clients do. The engine's library has to be there.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has to fail")]

mod engine;

mod client;
mod durability;
mod http;
mod start;
mod traps;
