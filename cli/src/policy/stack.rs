//! Statements are read on a thread with more stack than the main thread may have.

use std::thread;

use anyhow::{Context, anyhow};

use crate::failure::Failure;

/// Does `work` there.
pub(super) fn with_stack<T: Send>(work: impl FnOnce() -> T + Send) -> Result<T, Failure> {
    let done = thread::scope(|scope| {
        let reader = thread::Builder::new().stack_size(sql::READ_STACK_BYTES);
        let handle = reader.spawn_scoped(scope, work).context("start a thread")?;
        handle.join().map_err(|_| anyhow!("the statements could not be read"))
    })?;
    Ok(done)
}
