//! How the proxy's end reaches its sessions.

use session::Stop;
use tokio::sync::watch;

/// One session's or thread's view of it.
#[derive(Clone, Debug)]
pub(crate) struct Stopping {
    asked: watch::Receiver<Stop>,
    seen: Stop,
}

impl Stopping {
    /// How the proxy asks, and what is handed to whoever must hear it.
    pub(crate) fn new() -> (watch::Sender<Stop>, Self) {
        let (ask, asked) = watch::channel(Stop::No);
        (ask, Stopping { asked, seen: Stop::No })
    }

    /// What is asked for at the moment. It costs little where nothing has changed.
    pub(crate) fn now(&mut self) -> Stop {
        if self.asked.has_changed().unwrap_or(true) {
            self.seen = *self.asked.borrow_and_update();
        }
        self.seen
    }

    /// Waits until at least `stop` is asked for, or until nobody is left who could ask.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: it only waits.
    pub(crate) async fn until(mut self, stop: Stop) {
        let _ = self.asked.wait_for(|asked| stop <= *asked).await;
    }
}
