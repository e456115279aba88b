//! What every daemon of Picket has in common towards whoever starts it: configuration files whose errors name
//! file, line and key, exit codes, log lines, the ready line, what must not reach a terminal, signals and systemd; and how something is posted to a webhook. It knows nothing of what a daemon does.

mod causes;
pub mod config;
mod failure;
mod letters;
mod notify;
mod start;
pub mod webhook;

pub use causes::with_causes;
pub use failure::{Failure, Kind};
pub use letters::is_obeyed;
pub use notify::{State, notify};
pub use start::{Hangups, StopSignal, StopSignals, log_to_stderr, run, say, say_ready, tell};
