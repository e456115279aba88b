//! One end of a connection: a socket, its encryption where there is one, the bytes read from it and not used yet, the
//! bytes it has not taken yet. It knows nothing of what the bytes mean.

use std::cell::RefCell;
use std::io::{self, BufRead, Write};

use rustls::{CommonState, Connection};
use tokio::io::{AsyncWriteExt, Interest};
use tokio::net::TcpStream;

/// Room that is made for one read.
const READ_BYTES: usize = 64 << 10;

thread_local! {
    /// Where encrypted bytes are read to. Every read leaves it empty, so the pipes of a thread share one.
    static ENCRYPTED: RefCell<Box<[u8]>> = RefCell::new(vec![0; READ_BYTES].into());
}

/// One end of a connection.
pub(crate) struct Pipe {
    stream: TcpStream,
    tls: Option<Box<Tls>>,
    inbox: Vec<u8>,
    /// Where in `inbox` the bytes begin that are not used yet.
    used: usize,
    outbox: Vec<u8>,
    /// Where in `outbox` the bytes begin that the socket has not taken yet.
    sent: usize,
}

struct Tls {
    connection: Connection,
    /// The peer has said that nothing more comes.
    ended: bool,
}

impl Pipe {
    /// A pipe over `stream`.
    pub(crate) fn new(stream: TcpStream) -> Self {
        Pipe { stream, tls: None, inbox: Vec::new(), used: 0, outbox: Vec::new(), sent: 0 }
    }

    /// The socket, to ask it for its ends.
    pub(crate) fn socket(&self) -> &TcpStream {
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
            self.inbox.clear();
            self.used = 0;
        }
    }

    /// Whether the socket has taken everything.
    pub(crate) fn is_flushed(&self) -> bool {
        self.outbox.is_empty() && !self.tls().is_some_and(CommonState::wants_write)
    }

    /// Waits until the socket can be read, if `read`, or until it has room for what it has not taken yet.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: it only waits.
    pub(crate) async fn ready(&self, read: bool) -> io::Result<()> {
        if read && self.tls.as_ref().is_some_and(|tls| tls.ended) {
            return Ok(());
        }
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
        let Some(tls) = &mut self.tls else {
            self.inbox.reserve(READ_BYTES);
            return waited(self.stream.try_read_buf(&mut self.inbox));
        };
        if tls.ended {
            return Ok(Some(0));
        }
        ENCRYPTED.with_borrow_mut(|encrypted| {
            let read = match waited(self.stream.try_read(encrypted))? {
                Some(read) if 0 < read => read,
                nothing => return Ok(nothing),
            };
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
        self.outbox.extend_from_slice(bytes);
    }

    /// Sends as much as the socket takes without waiting.
    pub(crate) fn flush(&mut self) -> io::Result<()> {
        loop {
            if let Some(tls) = &mut self.tls {
                while tls.connection.wants_write() {
                    if waited(tls.connection.write_tls(&mut Socket(&self.stream)))?.is_none() {
                        return Ok(());
                    }
                }
            }
            if self.sent == self.outbox.len() {
                self.outbox.clear();
                self.sent = 0;
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
            self.stream.writable().await?;
        }
    }

    /// Sends everything, and says that nothing more comes.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: what was not sent is still queued.
    pub(crate) async fn close(&mut self) -> io::Result<()> {
        self.flush_all().await?;
        if let Some(tls) = &mut self.tls {
            tls.connection.send_close_notify();
            self.flush_all().await?;
        }
        self.stream.shutdown().await
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

/// A socket that says so where it would have to wait.
struct Socket<'a>(&'a TcpStream);

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
