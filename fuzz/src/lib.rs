//! What strangers send, as functions of bytes. Each holds for every input what its module says, or panics. A fuzzer
//! explores them (`cargo xtask fuzz`), a test replays what it has found (`tests/replay.rs`).

mod client_message;
mod copy_rows;
mod frame;
mod judge;
mod server_message;
mod session;
mod startup;

pub use client_message::client_message;
pub use copy_rows::copy_rows;
pub use frame::frame;
pub use judge::judge;
pub use server_message::server_message;
pub use session::session;
pub use startup::startup;

/// A function that is fuzzed.
pub type Target = fn(&[u8]);

/// All of them, by the name of their corpus.
pub const TARGETS: [(&str, Target); 7] = [
    ("frame", frame),
    ("startup", startup),
    ("client_message", client_message),
    ("server_message", server_message),
    ("copy_rows", copy_rows),
    ("session", session),
    ("judge", judge),
];
