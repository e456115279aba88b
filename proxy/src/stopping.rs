//! How the proxy's end reaches its sessions.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

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

/// What a session will be asked for next.
pub(crate) struct NextStop {
    stopping: Stopping,
    asked: Pin<Box<dyn Future<Output = ()>>>,
    /// How often the session had been woken when `asked` was polled last.
    wakes: Option<u64>,
}

impl NextStop {
    /// The first that comes.
    pub(crate) fn new(stopping: Stopping) -> Self {
        let asked = Box::pin(stopping.clone().until(Stop::WhenIdle));
        NextStop { stopping, asked, wakes: None }
    }

    /// Whether more is asked for than before. To find out for each message would take a lock each time: only who was woken,
    /// by whatever, asks again. A wake may be false, and whoever does not ask again after it will not be woken by the true
    /// one (`watch` wakes its waiters in eight groups, one after the other).
    pub(crate) fn poll(&mut self, wakes: u64, cx: &mut Context<'_>) -> Poll<()> {
        if self.wakes == Some(wakes) {
            return Poll::Pending;
        }
        self.wakes = Some(wakes);
        ready!(self.asked.as_mut().poll(cx));
        self.asked = Box::pin(self.stopping.clone().until(Stop::Now));
        self.wakes = None;
        Poll::Ready(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::task::{Wake, Waker};

    use super::*;

    #[derive(Default)]
    struct Counted(AtomicU32);

    impl Wake for Counted {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[test]
    fn a_false_wake_does_not_make_deaf_for_the_true_one() {
        let (ask, stopping) = Stopping::new();
        let mut next = NextStop::new(stopping);
        let [first, second] = [(); 2].map(|()| Arc::new(Counted::default()));
        let poll = |next: &mut NextStop, wakes, waker: &Arc<Counted>| {
            next.poll(wakes, &mut Context::from_waker(&Waker::from(Arc::clone(waker))))
        };
        assert_eq!(poll(&mut next, 0, &first), Poll::Pending);
        // Nobody woke it: it is not looked at, and the first waker stays.
        assert_eq!(poll(&mut next, 0, &second), Poll::Pending);
        ask.send_replace(Stop::WhenIdle);
        assert_eq!((first.0.load(Ordering::Relaxed), second.0.load(Ordering::Relaxed)), (1, 0));
        assert_eq!(poll(&mut next, 1, &first), Poll::Ready(()));
        assert_eq!(poll(&mut next, 1, &first), Poll::Pending);
        // Somebody woke it, for nothing: it waits anew, now with the second waker.
        assert_eq!(poll(&mut next, 2, &second), Poll::Pending);
        ask.send_replace(Stop::Now);
        assert_eq!((first.0.load(Ordering::Relaxed), second.0.load(Ordering::Relaxed)), (1, 1));
        assert_eq!(poll(&mut next, 3, &second), Poll::Ready(()));
    }
}
