//! One end of a connection: a socket, the bytes read from it and not used yet, the bytes it has not taken yet.
//! It knows nothing of what the bytes mean.

use std::io;

use tokio::io::Interest;
use tokio::net::TcpStream;

/// Room that is made for one read.
const READ_BYTES: usize = 64 << 10;

/// One end of a connection.
pub(crate) struct Pipe {
    stream: TcpStream,
    inbox: Vec<u8>,
    /// Where in `inbox` the bytes begin that are not used yet.
    used: usize,
    outbox: Vec<u8>,
    /// Where in `outbox` the bytes begin that the socket has not taken yet.
    sent: usize,
}

impl Pipe {
    /// A pipe over `stream`. `inbox` is what was read from it already.
    pub(crate) fn new(stream: TcpStream, inbox: Vec<u8>) -> Self {
        Pipe { stream, inbox, used: 0, outbox: Vec::new(), sent: 0 }
    }

    /// The bytes that were read and not used.
    pub(crate) fn unread(&self) -> &[u8] {
        &self.inbox[self.used..]
    }

    /// Marks bytes of `unread` as used.
    pub(crate) fn use_up(&mut self, bytes: usize) {
        self.used += bytes;
        if self.used == self.inbox.len() {
            self.inbox.clear();
            self.used = 0;
        }
    }

    /// Whether the socket has taken everything.
    pub(crate) fn is_flushed(&self) -> bool {
        self.outbox.is_empty()
    }

    /// Waits until the socket can be read, if `read`, or until it has room for what it has not taken yet.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: it only waits.
    pub(crate) async fn ready(&self, read: bool) -> io::Result<()> {
        let interest = match (read, !self.is_flushed()) {
            (true, true) => Interest::READABLE | Interest::WRITABLE,
            (true, false) => Interest::READABLE,
            (false, true) => Interest::WRITABLE,
            (false, false) => return std::future::pending().await,
        };
        self.stream.ready(interest).await.map(drop)
    }

    /// Reads what is there. `Ok(None)` where nothing is there yet, `Ok(Some(0))` at the end.
    pub(crate) fn read(&mut self) -> io::Result<Option<usize>> {
        if 0 < self.used {
            self.inbox.drain(..self.used);
            self.used = 0;
        }
        self.inbox.reserve(READ_BYTES);
        match self.stream.try_read_buf(&mut self.inbox) {
            Ok(read) => Ok(Some(read)),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Puts bytes behind what the socket has not taken yet.
    pub(crate) fn queue(&mut self, bytes: &[u8]) {
        self.outbox.extend_from_slice(bytes);
    }

    /// Sends as much as the socket takes without waiting.
    pub(crate) fn flush(&mut self) -> io::Result<()> {
        while self.sent < self.outbox.len() {
            match self.try_write(&self.outbox[self.sent..])? {
                0 => return Ok(()),
                written => self.sent += written,
            }
        }
        self.outbox.clear();
        self.sent = 0;
        Ok(())
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
            self.stream.writable().await?;
        }
    }

    fn try_write(&self, bytes: &[u8]) -> io::Result<usize> {
        match self.stream.try_write(bytes) {
            Ok(written) => Ok(written),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(0),
            Err(error) => Err(error),
        }
    }
}
