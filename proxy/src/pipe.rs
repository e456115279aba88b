//! One end of a connection: a socket, its encryption where there is one, the bytes read from it and not used yet, the
//! bytes it has not taken yet. It knows nothing of what the bytes mean.

#[cfg(test)]
mod tests;

use std::cell::RefCell;
use std::future::poll_fn;
use std::io::{self, BufRead, Write};
use std::task::{Context, Poll};
use std::time::Duration;

use rustls::{CommonState, Connection};
use tokio::time::timeout;

use crate::stream::Stream;

/// Room that is made for one read.
const READ_BYTES: usize = 64 << 10;

/// How long a side that is being closed may take to accept what is left for it.
const GOODBYE_WAIT: Duration = Duration::from_secs(5);

/// How long a side that is being closed may be silent before it is taken to send no more.
const SILENCE_WAIT: Duration = Duration::from_secs(1);

/// Most that is read from a side that is being closed, and thrown away: the longest message that PostgreSQL takes.
const LINGER_BYTES_MAX: usize = 1 << 30;

thread_local! {
    /// Where encrypted bytes are read to. Every read leaves it empty, so the pipes of a thread share one.
    static ENCRYPTED: RefCell<Box<[u8]>> = RefCell::new(vec![0; READ_BYTES].into());

    /// Buffers that no pipe needs now.
    static SPARE: RefCell<Vec<Vec<u8>>> = const { RefCell::new(Vec::new()) };
}

/// Most buffers that a thread keeps for pipes that will need some.
const SPARE_MAX: usize = 64;

/// Largest buffer that is kept.
const SPARE_BYTES_MAX: usize = 4 * READ_BYTES;

/// One end of a connection.
pub(crate) struct Pipe {
    stream: Stream,
    tls: Option<Box<Tls>>,
    inbox: Vec<u8>,
    /// Where in `inbox` the bytes begin that are not used yet.
    used: usize,
    outbox: Vec<u8>,
    /// Where in `outbox` the bytes begin that the socket has not taken yet.
    sent: usize,
    /// Nothing is sent to the peer any more.
    deaf: bool,
    /// The peer is to be told that nothing more comes, behind what is queued.
    closing: bool,
}

struct Tls {
    connection: Connection,
    /// The peer has said that nothing more comes.
    ended: bool,
}

impl Pipe {
    /// A pipe over `stream`.
    pub(crate) fn new(stream: Stream) -> Self {
        Pipe {
            stream,
            tls: None,
            inbox: Vec::new(),
            used: 0,
            outbox: Vec::new(),
            sent: 0,
            deaf: false,
            closing: false,
        }
    }

    /// The socket, to ask it for its ends.
    pub(crate) fn socket(&self) -> &Stream {
        &self.stream
    }

    /// The encryption, where there is one.
    pub(crate) fn tls(&self) -> Option<&CommonState> {
        self.tls.as_ref().map(|tls| &*tls.connection)
    }

    /// Encrypts everything from here on, after a handshake. Bytes that were read and not used are taken for the
    /// beginning of the peer's part of it.
    ///
    /// # Cancel safety
    ///
    /// Not cancel safe: drop the pipe with it.
    pub(crate) async fn encrypt(&mut self, connection: Connection) -> io::Result<()> {
        let mut tls = Box::new(Tls { connection, ended: false });
        let early = std::mem::take(&mut self.inbox);
        let hello = tls.take(&early[std::mem::take(&mut self.used)..], &mut self.inbox);
        let tls = self.tls.insert(tls);
        if let Err(error) = hello {
            let _ = tls.connection.write_tls(&mut Socket(&self.stream));
            return Err(error);
        }
        while self.tls().is_some_and(CommonState::is_handshaking) {
            self.flush()?;
            self.ready(true).await?;
            match self.read() {
                Ok(Some(0)) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(_) => {}
                Err(error) => {
                    // The peer is told what it did wrong, if it takes it at once.
                    let _ = self.flush();
                    return Err(error);
                }
            }
        }
        self.flush_all().await
    }

    /// The bytes that were read and not used.
    pub(crate) fn unread(&self) -> &[u8] {
        &self.inbox[self.used..]
    }

    /// Marks bytes of `unread` as used.
    pub(crate) fn use_up(&mut self, bytes: usize) {
        self.used += bytes;
        if self.used == self.inbox.len() {
            self.used = 0;
            give_back(&mut self.inbox);
        }
    }

    /// Whether the socket has taken everything.
    #[inline]
    pub(crate) fn is_flushed(&self) -> bool {
        self.deaf || self.outbox.is_empty() && !self.tls().is_some_and(CommonState::wants_write)
    }

    /// Whether a read may bring something, as far as is known without asking.
    pub(crate) fn is_readable(&self) -> bool {
        self.stream.is_readable()
    }

    /// Whether a read has to be tried to know whether it brings something.
    fn may_read(&self) -> bool {
        self.stream.may_read() || self.tls.as_ref().is_some_and(|tls| tls.ended)
    }

    /// Waits until the socket can be read, if `read`, or until it has room for what it has not taken yet.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: it only waits.
    pub(crate) async fn ready(&self, read: bool) -> io::Result<()> {
        poll_fn(|cx| self.poll_ready(cx, read)).await
    }

    /// Whether `ready` need not wait.
    pub(crate) fn poll_ready(&self, cx: &mut Context<'_>, read: bool) -> Poll<io::Result<()>> {
        if read && self.tls.as_ref().is_some_and(|tls| tls.ended) {
            return Poll::Ready(Ok(()));
        }
        if read && let Poll::Ready(ready) = self.stream.poll_read_ready(cx) {
            return Poll::Ready(ready);
        }
        if !self.is_flushed() {
            return self.stream.poll_write_ready(cx);
        }
        if read || self.deaf {
            return Poll::Pending;
        }
        // A peer that is gone is noticed even where nothing is wanted from it.
        self.stream.poll_failed().map(Err)
    }

    /// Reads what is there. `Ok(None)` where nothing is there yet, `Ok(Some(0))` at the end.
    pub(crate) fn read(&mut self) -> io::Result<Option<usize>> {
        if !self.may_read() {
            return Ok(None);
        }
        if 0 < self.used {
            self.inbox.drain(..self.used);
            self.used = 0;
        }
        let Some(tls) = &mut self.tls else {
            rent(&mut self.inbox);
            self.inbox.reserve(READ_BYTES);
            let room = self.inbox.capacity() - self.inbox.len();
            let read = waited(self.stream.try_read_buf(&mut self.inbox))?;
            if self.inbox.is_empty() {
                give_back(&mut self.inbox);
            }
            if read.is_some_and(|read| 0 < read && read < room) {
                self.stream.was_emptied();
            }
            return Ok(read);
        };
        if tls.ended {
            return Ok(Some(0));
        }
        ENCRYPTED.with_borrow_mut(|encrypted| {
            let read = match waited(self.stream.try_read(encrypted))? {
                Some(read) if 0 < read => read,
                nothing => return Ok(nothing),
            };
            if read < encrypted.len() {
                self.stream.was_emptied();
            }
            let decrypted = tls.take(&encrypted[..read], &mut self.inbox)?;
            Ok(if decrypted == 0 && !tls.ended { None } else { Some(decrypted) })
        })
    }

    /// Reads until there is more that was not used.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: what was read is kept.
    pub(crate) async fn read_more(&mut self) -> io::Result<()> {
        loop {
            self.ready(true).await?;
            self.flush()?;
            match self.read()? {
                Some(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Some(_) => return Ok(()),
                None => {}
            }
        }
    }

    /// Puts bytes behind what the socket has not taken yet.
    pub(crate) fn queue(&mut self, bytes: &[u8]) {
        if self.deaf {
            return;
        }
        rent(&mut self.outbox);
        self.outbox.extend_from_slice(bytes);
    }

    /// Sends bytes behind what is queued, and queues what the socket does not take without waiting.
    pub(crate) fn send(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        if self.tls.is_none() && !self.deaf && self.outbox.is_empty() {
            let written = waited(self.stream.try_write(bytes))?;
            bytes = bytes.get(written.unwrap_or(0)..).unwrap_or_default();
        }
        if !bytes.is_empty() {
            self.queue(bytes);
        }
        Ok(())
    }

    /// Says that nothing more comes, behind what is queued: without waiting now or, where the socket does not take all of it,
    /// in a later flush.
    pub(crate) fn close(&mut self) -> io::Result<()> {
        self.closing = true;
        self.flush()
    }

    /// Sends as much as the socket takes without waiting.
    #[inline]
    pub(crate) fn flush(&mut self) -> io::Result<()> {
        // Nearly always, since what is sent is mostly taken at once.
        if self.tls.is_none() && self.outbox.is_empty() && !self.closing {
            return Ok(());
        }
        self.flush_more()
    }

    fn flush_more(&mut self) -> io::Result<()> {
        self.flush_queued()?;
        if !self.closing || !self.is_flushed() {
            return Ok(());
        }
        if let Some(tls) = &mut self.tls {
            // Once; then it does nothing.
            tls.connection.send_close_notify();
            self.flush_queued()?;
            if !self.is_flushed() {
                return Ok(());
            }
        }
        self.closing = false;
        self.stream.shutdown()
    }

    fn flush_queued(&mut self) -> io::Result<()> {
        if self.is_flushed() {
            return Ok(());
        }
        loop {
            if let Some(tls) = &mut self.tls {
                while tls.connection.wants_write() {
                    if waited(tls.connection.write_tls(&mut Socket(&self.stream)))?.is_none() {
                        return Ok(());
                    }
                }
            }
            if self.sent == self.outbox.len() {
                self.sent = 0;
                give_back(&mut self.outbox);
                return Ok(());
            }
            let left = &self.outbox[self.sent..];
            let written = match &mut self.tls {
                Some(tls) => Some(tls.connection.writer().write(left)?),
                None => waited(self.stream.try_write(left))?,
            };
            let Some(written) = written else { return Ok(()) };
            self.sent += written;
        }
    }

    /// Sends everything, however long it takes.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: what was not sent is still queued.
    pub(crate) async fn flush_all(&mut self) -> io::Result<()> {
        loop {
            self.flush()?;
            if self.is_flushed() {
                return Ok(());
            }
            self.ready(false).await?;
        }
    }

    /// Throws away what the peer was to be sent, from now on as well.
    pub(crate) fn give_up(&mut self) {
        self.outbox.clear();
        self.sent = 0;
        self.deaf = true;
    }

    /// Sends nothing more, and throws away what comes: whether the peer ends within this time.
    pub(crate) async fn has_ended_within(&mut self, wait: Duration) -> bool {
        self.give_up();
        // Where that fails the connection has ended.
        let _ = self.stream.shutdown();
        let ended = timeout(wait, async {
            while self.ready(true).await.is_ok() && !matches!(self.read(), Ok(Some(0)) | Err(_)) {
                self.use_up(self.unread().len());
            }
        });
        ended.await.is_ok()
    }

    /// Closes, and reads on for a while: closing while the peer still sends would reset the connection, and with it what
    /// the peer has not read yet.
    pub(crate) async fn linger(&mut self) {
        let _ = timeout(GOODBYE_WAIT, async {
            self.close()?;
            self.flush_all().await?;
            let mut left = LINGER_BYTES_MAX;
            while let Ok(ready) = timeout(SILENCE_WAIT, self.ready(true)).await {
                ready?;
                // TLS may have something to say that nobody asked for.
                self.flush()?;
                match self.read()? {
                    Some(0) => break,
                    Some(read) => {
                        self.use_up(self.unread().len());
                        left = left.saturating_sub(read);
                        if left == 0 {
                            break;
                        }
                    }
                    None => {}
                }
            }
            io::Result::Ok(())
        })
        .await;
    }
}

impl Tls {
    /// Decrypts `encrypted` to the end of `inbox`: how many bytes came of it.
    fn take(&mut self, mut encrypted: &[u8], inbox: &mut Vec<u8>) -> io::Result<usize> {
        let before = inbox.len();
        while !encrypted.is_empty() && !self.ended {
            self.connection.read_tls(&mut encrypted)?;
            let state = self.connection.process_new_packets().map_err(io::Error::other)?;
            let mut left = state.plaintext_bytes_to_read();
            while 0 < left {
                let mut reader = self.connection.reader();
                let chunk = reader.fill_buf()?;
                let len = chunk.len();
                inbox.extend_from_slice(chunk);
                reader.consume(len);
                left = left.saturating_sub(len);
            }
            self.ended = state.peer_has_closed();
        }
        Ok(inbox.len() - before)
    }
}

/// Gives a buffer room from the thread's, where it has none.
fn rent(buffer: &mut Vec<u8>) {
    if buffer.capacity() == 0
        && let Some(spare) = SPARE.with_borrow_mut(Vec::pop)
    {
        *buffer = spare;
    }
}

/// Takes the room of a buffer that is not needed now: a pipe that is idle has none.
fn give_back(buffer: &mut Vec<u8>) {
    buffer.clear();
    if buffer.capacity() == 0 {
        return;
    }
    let buffer = std::mem::take(buffer);
    SPARE.with_borrow_mut(|spare| {
        if spare.len() < SPARE_MAX && buffer.capacity() <= SPARE_BYTES_MAX {
            spare.push(buffer);
        }
    });
}

/// A socket that says so where it would have to wait.
struct Socket<'a>(&'a Stream);

impl Write for Socket<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.try_write(bytes)
    }

    fn write_vectored(&mut self, parts: &[io::IoSlice<'_>]) -> io::Result<usize> {
        self.0.try_write_vectored(parts)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// `None` where the socket would have to wait.
fn waited<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(None),
        Err(error) => Err(error),
    }
}
