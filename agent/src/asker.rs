//! Asks about processes what nobody may wait for: `/proc` lends a window into a process's memory, whose lock that process may hold for as long
//! as it likes (an `mmap` of a file whose server does not answer), or leads to a file whose server does not. So threads of their own ask, and are
//! waited for so long and no longer.

use std::io;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, LazyLock};
use std::thread;
use std::time::{Duration, Instant};

/// For one answer the agent waits no longer …
const WAIT: Duration = Duration::from_millis(200);
/// … and of each second no longer for all: events come meanwhile.
const WAITED_MAX: Duration = Duration::from_millis(250);
/// Threads that may hang at a time; beyond it nobody is asked.
const THREADS_MAX: usize = 4;

type Question = Box<dyn FnOnce() + Send>;

/// Asks.
#[derive(Debug)]
pub(crate) struct Asker {
    /// Waits for the next question.
    thread: Option<SyncSender<Question>>,
    /// As many as there are threads, and one.
    alive: Arc<()>,
    wait: Duration,
    /// When the second began in which so long was waited.
    waited: (Instant, Duration),
}

impl Asker {
    pub(crate) fn new() -> Self {
        Asker { thread: None, alive: Arc::new(()), wait: WAIT, waited: (Instant::now(), Duration::ZERO) }
    }

    /// One of many that come and go, which may hang no more threads together than one.
    pub(crate) fn of_looks() -> Self {
        static ALIVE: LazyLock<Arc<()>> = LazyLock::new(Arc::default);
        Asker { alive: Arc::clone(&ALIVE), ..Asker::new() }
    }

    /// What `question` answers. Else why that is not known.
    pub(crate) fn ask<T: Send + 'static>(
        &mut self,
        question: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, String> {
        let (began, now) = (self.waited.0, Instant::now());
        if Duration::from_secs(1) <= now - began {
            self.waited = (now, Duration::ZERO);
        }
        if WAITED_MAX <= self.waited.1 {
            return Err("too long was waited for others".to_owned());
        }
        let thread = match self.thread.take() {
            Some(thread) => thread,
            None if THREADS_MAX < Arc::strong_count(&self.alive) => {
                return Err("asking about others does not end".to_owned());
            }
            None => start(&self.alive).map_err(|error| error.to_string())?,
        };
        let (tell, told) = sync_channel(1);
        let question: Question = Box::new(move || {
            // Nobody may wait any more.
            let _ = tell.send(question());
        });
        let asked = thread.send(question);
        let answer = told.recv_timeout(self.wait);
        self.waited.1 += now.elapsed();
        match answer {
            Ok(answer) if asked.is_ok() => {
                self.thread = Some(thread);
                Ok(answer)
            }
            // The thread ends by itself, once what it asks for is there.
            _ => Err("it takes too long".to_owned()),
        }
    }
}

fn start(alive: &Arc<()>) -> io::Result<SyncSender<Question>> {
    let (ask, asked) = sync_channel::<Question>(1);
    let alive = Arc::clone(alive);
    thread::Builder::new().name("asker".to_owned()).spawn(move || {
        let _alive = alive;
        // Until nobody asks any more.
        while let Ok(question) = asked.recv() {
            question();
        }
    })?;
    Ok(ask)
}

#[cfg(test)]
impl Asker {
    /// A machine that is busy starts a thread late.
    pub(crate) fn patient() -> Self {
        Asker { wait: Duration::from_secs(60), ..Asker::new() }
    }

    pub(crate) fn that_waits_for_nobody() -> Self {
        Asker { waited: (Instant::now() + Duration::from_secs(60), WAITED_MAX), ..Asker::new() }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Receiver, channel};

    use super::*;

    #[test]
    fn who_does_not_answer_holds_up_nobody_for_long() {
        let mut asker = Asker::new();
        let mut stuck = Vec::new();
        for _ in 0..THREADS_MAX {
            asker.waited.1 = Duration::ZERO;
            let (go_on, waits): (_, Receiver<()>) = channel();
            stuck.push(go_on);
            assert!(asker.ask(move || waits.recv().is_ok()).is_err());
        }
        // Another one is not asked: all who could are waited for.
        asker.waited.1 = Duration::ZERO;
        assert_eq!(asker.ask(|| 7), Err("asking about others does not end".to_owned()));
        assert_eq!(Arc::strong_count(&asker.alive), 1 + THREADS_MAX);
        // Each gets its answer, and goes.
        drop(stuck);
        let deadline = Instant::now() + Duration::from_secs(20);
        while 1 < Arc::strong_count(&asker.alive) {
            assert!(Instant::now() < deadline);
            thread::yield_now();
        }
        (asker.wait, asker.waited.1) = (Duration::from_secs(60), Duration::ZERO);
        assert_eq!(asker.ask(|| 7), Ok(7));
        // So long was waited that it is enough for this second.
        asker.waited = (Instant::now(), WAITED_MAX);
        assert_eq!(asker.ask(|| 7), Err("too long was waited for others".to_owned()));
        asker.waited.0 -= Duration::from_secs(1);
        assert_eq!(asker.ask(|| 7), Ok(7));
    }
}
