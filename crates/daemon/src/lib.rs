//! What every daemon of Picket has in common towards whoever starts it: configuration files whose errors name
//! file, line and key, exit codes, log lines and the ready line. It knows nothing of what a daemon does.

pub mod config;
mod failure;
mod start;

pub use failure::{Failure, Kind};
pub use start::{StopSignal, StopSignals, log_to_stderr, run, say_ready, tell};
