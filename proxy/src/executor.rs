//! Runs the sessions of one thread. A socket's event marks its task, which is polled at once: no waker, no registration and
//! no lock lies between the kernel and a session. What comes from elsewhere (timers, channels, other threads) wakes a task
//! as it does on any executor.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::Future;
use std::io::{self, ErrorKind};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, ThreadId};
use std::time::Duration;

use mio::event::Event;
use mio::{Events, Interest, Registry, Token};
use slab::Slab;

use crate::scheduling::Scheduling;

/// Events that are taken from the kernel at once.
const EVENTS_MAX: usize = 256;

/// Times that a task may find a socket ready in one turn; then the others of its thread go first.
const LOOKS_MAX: u32 = 32;

/// The event that ends a wait although no socket has one.
const WOKEN: Token = Token(usize::MAX);

/// The number of the future that `block_on` waits for.
const MAIN: usize = usize::MAX;

thread_local! {
    static EXECUTOR: RefCell<Option<Rc<Shared>>> = const { RefCell::new(None) };
}

/// One thread's executor. Tasks are spawned and sockets registered from within it.
pub(crate) struct Executor {
    poll: mio::Poll,
    events: Events,
    scheduling: Scheduling,
    shared: Rc<Shared>,
}

struct Shared {
    registry: Registry,
    sources: RefCell<Slab<Arc<Readiness>>>,
    /// Sources that are gone. Their tokens are used again when the events at hand have been looked at.
    gone: RefCell<Vec<usize>>,
    tasks: RefCell<Slab<Task>>,
    /// Tasks to poll.
    ready: RefCell<VecDeque<usize>>,
    /// The task that is being polled.
    current: Cell<usize>,
    /// How often that one was woken.
    wakes: Cell<u64>,
    /// Times that it may still find a socket ready in this turn.
    looks_left: Cell<u32>,
    woken: Arc<Woken>,
}

type BoxedFuture = Pin<Box<dyn Future<Output = ()>>>;

struct Task {
    /// With what wakes it; `None` while it is being polled.
    future: Option<(BoxedFuture, Waker)>,
    /// How often it was woken by something else than a socket.
    wakes: u64,
    is_ready: bool,
}

/// Tasks that were woken by something else than a socket.
struct Woken {
    tasks: Mutex<Vec<usize>>,
    any: AtomicBool,
    thread: ThreadId,
    alarm: mio::Waker,
}

struct TaskWaker {
    task: usize,
    woken: Arc<Woken>,
}

/// What the kernel said of a socket that has not been used up since.
#[derive(Debug)]
pub(crate) struct Readiness {
    flags: AtomicU8,
    task: usize,
}

/// A socket's place in its thread's executor.
#[derive(Debug)]
pub(crate) struct Source {
    token: usize,
    readiness: Arc<Readiness>,
}

impl Executor {
    /// An executor of this thread.
    pub(crate) fn new() -> io::Result<Self> {
        let poll = mio::Poll::new()?;
        let registry = poll.registry().try_clone()?;
        let alarm = mio::Waker::new(&registry, WOKEN)?;
        let woken = Woken {
            tasks: Mutex::default(),
            any: AtomicBool::new(false),
            thread: thread::current().id(),
            alarm,
        };
        let shared = Rc::new(Shared {
            registry,
            sources: RefCell::default(),
            gone: RefCell::default(),
            tasks: RefCell::default(),
            ready: RefCell::default(),
            current: Cell::new(MAIN),
            wakes: Cell::new(0),
            looks_left: Cell::new(LOOKS_MAX),
            woken: Arc::new(woken),
        });
        EXECUTOR.set(Some(Rc::clone(&shared)));
        Ok(Executor {
            poll,
            events: Events::with_capacity(EVENTS_MAX),
            scheduling: Scheduling::of_this_thread(),
            shared,
        })
    }

    /// Runs the thread's tasks until `main` is ready. It is polled whenever it is woken, and whenever a task has ended.
    pub(crate) fn block_on<T>(&mut self, main: impl Future<Output = T>) -> T {
        let mut main = pin!(main);
        let waker = self.shared.waker(MAIN);
        let mut look_at_main = true;
        loop {
            if look_at_main {
                self.shared.current.set(MAIN);
                if let Poll::Ready(value) = main.as_mut().poll(&mut Context::from_waker(&waker)) {
                    return value;
                }
            }
            look_at_main = self.turn();
        }
    }

    /// Waits until there is something to do, and does it. Says whether `main` is to be polled.
    fn turn(&mut self) -> bool {
        let mut main_is_woken = self.shared.take_woken();
        let wait =
            if main_is_woken || !self.shared.ready.borrow().is_empty() { Some(Duration::ZERO) } else { None };
        match self.poll.poll(&mut self.events, wait) {
            Ok(()) => self.shared.mark(&self.events),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => panic!("epoll_wait(2) failed: {error}"),
        }
        main_is_woken |= self.shared.take_woken();
        let (first, now_ready) = {
            let ready = self.shared.ready.borrow();
            (ready.front().copied(), ready.len())
        };
        if let Some(first) = first {
            self.scheduling.turn(first, now_ready);
        }
        // Those that are ready again after it have their next turn behind the sockets of others.
        for _ in 0..now_ready {
            let Some(task) = self.shared.ready.borrow_mut().pop_front() else { break };
            main_is_woken |= self.shared.poll_task(task);
        }
        main_is_woken
    }
}

impl Drop for Executor {
    fn drop(&mut self) {
        // Outside of the borrow: tasks let go of their sockets when they are dropped.
        let tasks = std::mem::take(&mut *self.shared.tasks.borrow_mut());
        drop(tasks);
        EXECUTOR.set(None);
    }
}

impl Shared {
    fn waker(&self, task: usize) -> Waker {
        Waker::from(Arc::new(TaskWaker { task, woken: Arc::clone(&self.woken) }))
    }

    /// Marks the tasks whose sockets have news.
    fn mark(&self, events: &Events) {
        {
            let sources = self.sources.borrow();
            for event in events {
                if let Some(readiness) = sources.get(event.token().0) {
                    readiness.add(event);
                    self.make_ready(readiness.task);
                }
            }
        }
        let mut sources = self.sources.borrow_mut();
        for token in self.gone.borrow_mut().drain(..) {
            sources.try_remove(token);
        }
    }

    /// Makes tasks ready that were woken. Says whether `main` was.
    fn take_woken(&self) -> bool {
        let mut main_is_woken = false;
        if self.woken.any.load(Ordering::Relaxed) && self.woken.any.swap(false, Ordering::Acquire) {
            let mut tasks = self.woken.tasks.lock().unwrap_or_else(PoisonError::into_inner);
            for task in tasks.drain(..) {
                main_is_woken |= task == MAIN;
                if let Some(known) = self.tasks.borrow_mut().get_mut(task) {
                    known.wakes += 1;
                }
                self.make_ready(task);
            }
        }
        main_is_woken
    }

    fn make_ready(&self, task: usize) {
        if let Some(known) = self.tasks.borrow_mut().get_mut(task)
            && !known.is_ready
        {
            known.is_ready = true;
            self.ready.borrow_mut().push_back(task);
        }
    }

    /// Polls a task. Says whether it has ended.
    fn poll_task(&self, number: usize) -> bool {
        let (mut future, waker) = {
            let mut tasks = self.tasks.borrow_mut();
            let Some(task) = tasks.get_mut(number) else { return false };
            task.is_ready = false;
            let Some(taken) = task.future.take() else { return false };
            self.wakes.set(task.wakes);
            taken
        };
        self.current.set(number);
        self.looks_left.set(LOOKS_MAX);
        let mut context = Context::from_waker(&waker);
        // One session's fault must not end the others.
        let polled = catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(&mut context)));
        if let Ok(Poll::Pending) = polled {
            self.tasks.borrow_mut()[number].future = Some((future, waker));
            return false;
        }
        // Outside of the borrow: it lets go of its sockets.
        let dropped = catch_unwind(AssertUnwindSafe(|| drop(future)));
        if polled.is_err() || dropped.is_err() {
            tracing::error!("a session's task panicked");
        }
        self.tasks.borrow_mut().remove(number);
        true
    }
}

impl Woken {
    fn wake(&self, task: usize) {
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner).push(task);
        let was_any = self.any.swap(true, Ordering::Release);
        // The thread itself looks before it waits.
        if !was_any && thread::current().id() != self.thread {
            // It fails where the eventfd's counter is full, and then the thread wakes all the same.
            let _ = self.alarm.wake();
        }
    }
}

impl Wake for TaskWaker {
    fn wake(self: Arc<Self>) {
        self.woken.wake(self.task);
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.woken.wake(self.task);
    }
}

/// Whether this thread has an executor.
pub(crate) fn is_here() -> bool {
    EXECUTOR.with_borrow(Option::is_some)
}

/// Has this thread's executor run `future`.
///
/// # Panics
///
/// Where the thread has no executor.
pub(crate) fn spawn(future: impl Future<Output = ()> + 'static) {
    EXECUTOR.with_borrow(|executor| {
        let shared = executor.as_ref().expect("a thread with an executor");
        let mut tasks = shared.tasks.borrow_mut();
        let place = tasks.vacant_entry();
        let number = place.key();
        place.insert(Task {
            future: Some((Box::pin(future), shared.waker(number))),
            wakes: 0,
            is_ready: true,
        });
        shared.ready.borrow_mut().push_back(number);
    });
}

/// How often the task that is being polled was woken by something else than a socket. As long as that stays the same,
/// whatever it waits for beside its sockets has not come, and need not be looked at.
pub(crate) fn wakes() -> u64 {
    EXECUTOR.with_borrow(|executor| executor.as_ref().map_or(0, |shared| shared.wakes.get()))
}

/// Waits until no task of this thread is left. For `Executor::block_on` alone, which looks again when one has ended.
pub(crate) async fn all_have_ended() {
    std::future::poll_fn(|_| {
        EXECUTOR.with_borrow(|executor| {
            let is_over = executor.as_ref().is_none_or(|shared| shared.tasks.borrow().is_empty());
            if is_over { Poll::Ready(()) } else { Poll::Pending }
        })
    })
    .await;
}

/// Lets other tasks of the thread have a turn.
pub(crate) async fn others_first() {
    let mut had_their_turn = false;
    std::future::poll_fn(|cx| {
        if std::mem::replace(&mut had_their_turn, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

const READABLE: u8 = 1;
const WRITABLE: u8 = 1 << 1;
/// The peer sends no more. It stays.
const READ_CLOSED: u8 = 1 << 2;
/// The peer takes no more. It stays.
const WRITE_CLOSED: u8 = 1 << 3;
const ERROR: u8 = 1 << 4;

impl Readiness {
    fn add(&self, event: &Event) {
        let flags = [
            (event.is_readable(), READABLE),
            (event.is_writable(), WRITABLE),
            (event.is_read_closed(), READ_CLOSED),
            (event.is_write_closed(), WRITE_CLOSED),
            (event.is_error(), ERROR),
        ];
        let new = flags.iter().filter(|(is_set, _)| *is_set).fold(0, |all, (_, flag)| all | flag);
        self.flags.store(self.flags.load(Ordering::Relaxed) | new, Ordering::Relaxed);
    }

    fn has(&self, any_of: u8) -> bool {
        self.flags.load(Ordering::Relaxed) & any_of != 0
    }

    fn clear(&self, flag: u8) {
        self.flags.store(self.flags.load(Ordering::Relaxed) & !flag, Ordering::Relaxed);
    }
}

impl Source {
    /// Has the thread's executor watch `socket` for the task that is being polled.
    ///
    /// # Errors
    ///
    /// Those of epoll_ctl(2).
    ///
    /// # Panics
    ///
    /// Where the thread has no executor.
    pub(crate) fn watch(socket: &mut impl mio::event::Source) -> io::Result<Self> {
        EXECUTOR.with_borrow(|executor| {
            let shared = executor.as_ref().expect("a thread with an executor");
            let readiness = Arc::new(Readiness {
                // The kernel's first word comes with the first wait.
                flags: AtomicU8::new(0),
                task: shared.current.get(),
            });
            let token = shared.sources.borrow_mut().insert(Arc::clone(&readiness));
            let source = Source { token, readiness };
            shared.registry.register(socket, Token(token), Interest::READABLE | Interest::WRITABLE)?;
            Ok(source)
        })
    }

    /// Whether a read may bring something. A task that finds it so again and again lets others go first.
    pub(crate) fn poll_readable(&self, cx: &mut Context<'_>) -> Poll<()> {
        if self.is_readable() { look(cx) } else { Poll::Pending }
    }

    /// Whether the socket may take something. A task that finds it so again and again lets others go first.
    pub(crate) fn poll_writable(&self, cx: &mut Context<'_>) -> Poll<()> {
        if self.is_writable() { look(cx) } else { Poll::Pending }
    }

    /// Whether a read may bring something.
    pub(crate) fn is_readable(&self) -> bool {
        self.readiness.has(READABLE | READ_CLOSED)
    }

    /// Whether the socket may take something.
    fn is_writable(&self) -> bool {
        self.readiness.has(WRITABLE | WRITE_CLOSED)
    }

    /// Whether the connection has failed.
    pub(crate) fn has_failed(&self) -> bool {
        self.readiness.has(ERROR)
    }

    /// Everything that had come was read.
    pub(crate) fn was_emptied(&self) {
        self.readiness.clear(READABLE);
    }

    /// The socket took as much as it could.
    pub(crate) fn was_filled(&self) {
        self.readiness.clear(WRITABLE);
    }
}

/// Takes one of the looks that the task has in this turn. When there is none left it has its next turn behind the others.
fn look(cx: &mut Context<'_>) -> Poll<()> {
    EXECUTOR.with_borrow(|executor| {
        let Some(shared) = executor else { return Poll::Ready(()) };
        match shared.looks_left.get().checked_sub(1) {
            Some(left) => {
                shared.looks_left.set(left);
                Poll::Ready(())
            }
            None => {
                cx.waker().wake_by_ref();
                Poll::Pending
            }
        }
    })
}

impl Drop for Source {
    fn drop(&mut self) {
        EXECUTOR.with_borrow(|executor| {
            if let Some(shared) = executor {
                shared.gone.borrow_mut().push(self.token);
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::{TcpListener, TcpStream};

    use tokio::sync::{mpsc, oneshot};

    use super::*;

    /// Two ends of a connection, the first of them watched.
    fn connected() -> (mio::net::TcpStream, Source, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let far = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let near = listener.accept().unwrap().0;
        near.set_nonblocking(true).unwrap();
        let mut near = mio::net::TcpStream::from_std(near);
        let source = Source::watch(&mut near).unwrap();
        (near, source, far)
    }

    async fn until(is_so: impl Fn() -> bool) {
        std::future::poll_fn(|_| if is_so() { Poll::Ready(()) } else { Poll::Pending }).await;
    }

    #[test]
    fn a_sockets_news_reach_its_task_and_the_end_stays_known() {
        let mut executor = Executor::new().unwrap();
        spawn(async {
            let (mut near, source, mut far) = connected();
            far.write_all(b"news").unwrap();
            until(|| source.is_readable()).await;
            assert_eq!(near.read(&mut [0; 8]).unwrap(), 4);
            source.was_emptied();
            assert!(!source.is_readable());
            drop(far);
            until(|| source.is_readable()).await;
            source.was_emptied();
            assert!(source.is_readable(), "there is an end to be read");
            assert_eq!(near.read(&mut [0; 8]).unwrap(), 0);
        });
        executor.block_on(all_have_ended());
    }

    #[test]
    fn a_place_that_is_free_again_knows_nothing_of_the_socket_before() {
        let mut executor = Executor::new().unwrap();
        spawn(async {
            let (_near, source, far) = connected();
            drop(far);
            until(|| source.is_readable()).await;
            drop((_near, source));
            others_first().await;
            let (_near, source, _far) = connected();
            until(|| source.is_writable()).await;
            assert!(!source.is_readable());
        });
        executor.block_on(all_have_ended());
    }

    #[test]
    fn other_threads_and_other_tasks_wake_a_task() {
        let mut executor = Executor::new().unwrap();
        let (asks, mut asked) = mpsc::channel::<oneshot::Sender<u32>>(1);
        let elsewhere = thread::spawn(move || asked.blocking_recv().unwrap().send(7).unwrap());
        let (tell, told) = oneshot::channel();
        spawn(async move {
            let (answer, answered) = oneshot::channel();
            asks.send(answer).await.unwrap();
            tell.send(answered.await.unwrap()).unwrap();
        });
        assert_eq!(executor.block_on(told), Ok(7));
        elsewhere.join().unwrap();
    }

    #[test]
    fn a_task_that_panics_ends_alone() {
        let mut executor = Executor::new().unwrap();
        let (tell, told) = oneshot::channel();
        spawn(async { panic!("one session's fault") });
        spawn(async move {
            others_first().await;
            tell.send(()).unwrap();
        });
        executor.block_on(all_have_ended());
        assert_eq!(executor.block_on(told), Ok(()));
    }

    #[test]
    fn a_task_that_does_not_take_what_its_socket_has_lets_the_others_go_on() {
        let mut executor = Executor::new().unwrap();
        let (tell, mut told) = oneshot::channel::<()>();
        spawn(async move {
            let (_near, source, mut far) = connected();
            far.write_all(b"a flood").unwrap();
            while told.try_recv().is_err() {
                std::future::poll_fn(|cx| source.poll_readable(cx)).await;
            }
        });
        spawn(async move {
            others_first().await;
            tell.send(()).unwrap();
        });
        executor.block_on(all_have_ended());
    }

    #[test]
    fn a_busy_task_lets_the_others_go_on() {
        let mut executor = Executor::new().unwrap();
        let (tell, mut told) = oneshot::channel();
        spawn(async move {
            while told.try_recv().is_err() {
                others_first().await;
            }
        });
        spawn(async move {
            let (_near, source, mut far) = connected();
            far.write_all(b"a second session").unwrap();
            until(|| source.is_readable()).await;
            tell.send(()).unwrap();
        });
        executor.block_on(all_have_ended());
    }
}
