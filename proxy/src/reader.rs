//! Long texts are read beside the threads of sessions, so that one of a megabyte holds up nobody but its own session.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use std::{io, thread};

use sql::{Facts, Unreadable};
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

/// Texts that are read at once: as much memory as their trees take.
const READERS: usize = 2;

/// Texts that wait for a reader. Whoever comes then waits for a place among them.
const QUEUE_MAX: usize = 64;

/// What a text says, or why nobody knows.
type Reading = Result<Facts, Unreadable>;

struct Job {
    text: Box<[u8]>,
    told: oneshot::Sender<(Box<[u8]>, Reading)>,
}

/// Threads that read.
#[derive(Clone)]
pub(crate) struct Reader(mpsc::Sender<Job>);

impl Reader {
    /// Starts them. They end when nobody can send them anything.
    pub(crate) fn start() -> io::Result<Self> {
        let (sender, jobs) = mpsc::channel(QUEUE_MAX);
        let jobs = Arc::new(Mutex::new(jobs));
        for number in 0..READERS {
            let jobs = Arc::clone(&jobs);
            let reader = thread::Builder::new().name(format!("reader-{number}"));
            reader.stack_size(sql::READ_STACK_BYTES).spawn(move || {
                let next = || jobs.lock().unwrap_or_else(PoisonError::into_inner).blocking_recv();
                while let Some(job) = next() {
                    read(job);
                }
            })?;
        }
        Ok(Reader(sender))
    }

    /// Reads a text within this time; what takes longer goes on where it is, and nobody waits for it.
    pub(crate) async fn read(&self, text: Box<[u8]>, within: Duration) -> (Box<[u8]>, Reading) {
        let (told, reading) = oneshot::channel();
        let copy = text.clone();
        let read = async {
            self.0.send(Job { text: copy, told }).await.ok()?;
            reading.await.ok()
        };
        match timeout(within, read).await {
            Ok(Some(read)) => read,
            Ok(None) => (text, Err(Unreadable::Tree { reason: "reading it failed".to_owned() })),
            Err(_) => (text, Err(Unreadable::TooSlow { secs: within.as_secs() })),
        }
    }
}

fn read(Job { text, told }: Job) {
    // Its session has gone, or has waited long enough.
    if told.is_closed() {
        return;
    }
    if let Ok(reading) = catch_unwind(AssertUnwindSafe(|| sql::read(&text))) {
        let _ = told.send((text, reading));
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::rc::Rc;

    use crate::executor::{self, Executor};

    use super::*;

    fn long() -> Box<[u8]> {
        format!("SELECT 1{}", ", 1".repeat(20_000)).into_bytes().into()
    }

    /// On one thread, as sessions are.
    #[test]
    fn others_of_the_thread_go_on_while_a_long_text_is_read() {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let _elsewhere = runtime.enter();
        let reader = Reader::start().unwrap();
        let events = Rc::new(RefCell::new(Vec::new()));
        let mut executor = Executor::new().unwrap();
        executor.block_on(async {
            let (own, reader) = (Rc::clone(&events), reader.clone());
            executor::spawn(async move {
                let (_, reading) = reader.read(long(), Duration::from_secs(300)).await;
                own.borrow_mut().push(if reading.is_ok() { "long" } else { "unreadable" });
            });
            let own = Rc::clone(&events);
            executor::spawn(async move { own.borrow_mut().push("short") });
            executor::all_have_ended().await;
        });
        assert_eq!(*events.borrow(), ["short", "long"]);
    }

    #[test]
    fn what_takes_too_long_is_not_waited_for() {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let reader = Reader::start().unwrap();
        let within = |within| runtime.block_on(reader.read(long(), within)).1;
        assert_eq!(within(Duration::ZERO), Err(Unreadable::TooSlow { secs: 0 }));
        assert!(within(Duration::from_secs(300)).is_ok());
    }
}
