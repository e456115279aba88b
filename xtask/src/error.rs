//! Errors that have an exit code of their own. Everything else is `anyhow` and exits with 1.

use std::fmt;

/// `EX_UNAVAILABLE`: something needed is not there and could not be installed.
const UNAVAILABLE: u8 = 69;

/// What a shell reports for a program that Ctrl-C ended.
const INTERRUPTED: u8 = 130;

/// Something needed is missing; the text says what to do by hand.
#[derive(Debug)]
pub(crate) struct Unavailable(pub(crate) String);

impl fmt::Display for Unavailable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Unavailable {}

/// Ctrl-C, or a request to end, arrived while the task was at work.
#[derive(Debug)]
pub(crate) struct Interrupted;

impl fmt::Display for Interrupted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("interrupted; everything that was started is stopped and removed")
    }
}

impl std::error::Error for Interrupted {}

/// The exit code for an error that reached `main`.
pub(crate) fn exit_code(error: &anyhow::Error) -> u8 {
    if error.downcast_ref::<Unavailable>().is_some() {
        UNAVAILABLE
    } else if error.downcast_ref::<Interrupted>().is_some() {
        INTERRUPTED
    } else {
        1
    }
}
