//! Runs the writer, which delivers the spool to ClickHouse, on a thread of its own: a slow ClickHouse must not keep
//! the agent from reading events.

use std::io;
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use audit::config::ClickHouseConfig;
use audit::spool::Spool;
use audit::writer::Writer;
use tokio::runtime;
use tokio::sync::oneshot;

#[derive(Debug)]
pub(crate) struct Shipping {
    stop: oneshot::Sender<()>,
    thread: JoinHandle<()>,
}

impl Shipping {
    pub(crate) fn start(spool: Arc<Spool>, clickhouse: ClickHouseConfig) -> io::Result<Self> {
        let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
        let (stop, stopped) = oneshot::channel::<()>();
        let thread = thread::Builder::new().name("shipping".to_owned()).spawn(move || {
            let shutdown = async move {
                // A sender that is gone says the same.
                let _ = stopped.await;
            };
            if let Err(error) = runtime.block_on(Writer::new(spool, clickhouse).run(shutdown)) {
                let error = &error as &dyn std::error::Error;
                tracing::error!(error, "shipping ended badly: records wait in the spool");
            }
        })?;
        Ok(Shipping { stop, thread })
    }

    /// Waits for the last attempt, which the writer bounds.
    pub(crate) fn stop(self) {
        // Where the thread has ended already there is nobody to tell.
        let _ = self.stop.send(());
        if self.thread.join().is_err() {
            tracing::error!("shipping broke: records wait in the spool");
        }
    }
}
