//! A TCP connection, watched by the thread's own executor where it has one, and by tokio elsewhere.

use std::future::poll_fn;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream as StdStream};
use std::os::fd::{AsFd, BorrowedFd};
use std::task::{Context, Poll};

use rustix::buffer::spare_capacity;
use rustix::net::{RecvFlags, recv, sockopt};
use tokio::io::Interest;
use tokio::net::{TcpStream, ToSocketAddrs, lookup_host};

use crate::executor::{self, Source};

/// The congestion control that costs least; every Linux has it, for everybody (tcp_cong.c).
const PLAIN_CONGESTION_CONTROL: &str = "reno";

/// Has `socket` send what is written at once. To a peer on this host nothing is congested: there a congestion control that paces
/// (bbr) is only work.
pub(crate) fn send_at_once(socket: &impl AsFd, peer: SocketAddr) -> io::Result<()> {
    sockopt::set_tcp_nodelay(socket, true)?;
    if peer.ip().to_canonical().is_loopback() {
        // Where it does not have it, it goes on with the one that it has.
        let _ = sockopt::set_tcp_congestion(socket, PLAIN_CONGESTION_CONTROL);
    }
    Ok(())
}

/// A connection. Reads and writes never wait: `WouldBlock` says where they would have to.
pub(crate) enum Stream {
    Here(Watched),
    Tokio(TcpStream),
}

/// A connection that the thread's executor watches.
pub(crate) struct Watched {
    socket: mio::net::TcpStream,
    source: Source,
}

impl Stream {
    /// A connection that was accepted. It must be in non-blocking mode.
    pub(crate) fn accepted(stream: StdStream) -> io::Result<Self> {
        if executor::is_here() {
            Watched::new(mio::net::TcpStream::from_std(stream)).map(Stream::Here)
        } else {
            TcpStream::from_std(stream).map(Stream::Tokio)
        }
    }

    /// Connects to the first of the addresses that accepts.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: the connection is dropped.
    pub(crate) async fn connect(addresses: impl ToSocketAddrs) -> io::Result<Self> {
        if !executor::is_here() {
            return TcpStream::connect(addresses).await.map(Stream::Tokio);
        }
        let mut last = None;
        for address in lookup_host(addresses).await? {
            match Watched::connect(address).await {
                Ok(watched) => return Ok(Stream::Here(watched)),
                Err(error) => last = Some(error),
            }
        }
        Err(last.unwrap_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "it has no address")))
    }

    pub(crate) fn peer_addr(&self) -> io::Result<SocketAddr> {
        match self {
            Stream::Here(watched) => watched.socket.peer_addr(),
            Stream::Tokio(stream) => stream.peer_addr(),
        }
    }

    pub(crate) fn local_addr(&self) -> io::Result<SocketAddr> {
        match self {
            Stream::Here(watched) => watched.socket.local_addr(),
            Stream::Tokio(stream) => stream.local_addr(),
        }
    }

    /// Whether a read may bring something, as far as is known without asking.
    pub(crate) fn is_readable(&self) -> bool {
        match self {
            Stream::Here(watched) => watched.source.is_readable(),
            Stream::Tokio(_) => false,
        }
    }

    /// Whether a read has to be tried to know whether it brings something.
    pub(crate) fn may_read(&self) -> bool {
        match self {
            Stream::Here(watched) => watched.source.is_readable(),
            Stream::Tokio(_) => true,
        }
    }

    pub(crate) fn poll_read_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self {
            Stream::Here(watched) => watched.source.poll_readable(cx).map(Ok),
            Stream::Tokio(stream) => stream.poll_read_ready(cx),
        }
    }

    pub(crate) fn poll_write_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self {
            Stream::Here(watched) => watched.source.poll_writable(cx).map(Ok),
            Stream::Tokio(stream) => stream.poll_write_ready(cx),
        }
    }

    /// Whether the connection has failed; says how. Tokio is not asked: who uses that always waits for something else too.
    pub(crate) fn poll_failed(&self) -> Poll<io::Error> {
        match self {
            Stream::Here(watched) if watched.source.has_failed() => {
                let error = watched.socket.take_error().unwrap_or_else(Some);
                Poll::Ready(error.unwrap_or_else(|| io::ErrorKind::ConnectionReset.into()))
            }
            Stream::Here(_) | Stream::Tokio(_) => Poll::Pending,
        }
    }

    /// Appends what is there to `buffer`, as far as it has room.
    pub(crate) fn try_read_buf(&self, buffer: &mut Vec<u8>) -> io::Result<usize> {
        match self {
            Stream::Here(watched) => watched.read(|socket| {
                // read(2) goes through what files need, and costs more.
                let received = recv(socket, spare_capacity(buffer), RecvFlags::empty());
                received.map(|(bytes, _)| bytes).map_err(io::Error::from)
            }),
            Stream::Tokio(stream) => stream.try_read_buf(buffer),
        }
    }

    pub(crate) fn try_read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Stream::Here(watched) => watched.read(|mut socket| socket.read(buffer)),
            Stream::Tokio(stream) => stream.try_read(buffer),
        }
    }

    pub(crate) fn try_write(&self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Stream::Here(watched) => watched.write(|mut socket| socket.write(bytes)),
            Stream::Tokio(stream) => stream.try_write(bytes),
        }
    }

    pub(crate) fn try_write_vectored(&self, parts: &[io::IoSlice<'_>]) -> io::Result<usize> {
        match self {
            Stream::Here(watched) => watched.write(|mut socket| socket.write_vectored(parts)),
            Stream::Tokio(stream) => stream.try_write_vectored(parts),
        }
    }

    /// Says that a read that did not fill its room has taken all there was, so that the next waits for more instead of
    /// trying in vain: events are edges, and what comes later is one (epoll(7), "Questions and answers").
    pub(crate) fn was_emptied(&self) {
        match self {
            Stream::Here(watched) => watched.source.was_emptied(),
            Stream::Tokio(stream) => {
                let _ = stream.try_io(Interest::READABLE, || Err::<(), _>(io::ErrorKind::WouldBlock.into()));
            }
        }
    }

    /// Tells the peer that nothing more comes.
    pub(crate) fn shutdown(&self) -> io::Result<()> {
        rustix::net::shutdown(self, rustix::net::Shutdown::Write).map_err(io::Error::from)
    }
}

impl AsFd for Stream {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Stream::Here(watched) => watched.socket.as_fd(),
            Stream::Tokio(stream) => stream.as_fd(),
        }
    }
}

impl Watched {
    fn new(mut socket: mio::net::TcpStream) -> io::Result<Self> {
        let source = Source::watch(&mut socket)?;
        Ok(Watched { socket, source })
    }

    async fn connect(address: SocketAddr) -> io::Result<Self> {
        let watched = Watched::new(mio::net::TcpStream::connect(address)?)?;
        poll_fn(|cx| watched.source.poll_writable(cx)).await;
        match watched.socket.take_error()? {
            Some(error) => Err(error),
            None => Ok(watched),
        }
    }

    fn read(&self, read: impl FnOnce(&mio::net::TcpStream) -> io::Result<usize>) -> io::Result<usize> {
        if !self.source.is_readable() {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        noted(read(&self.socket), || self.source.was_emptied())
    }

    fn write(&self, write: impl FnOnce(&mio::net::TcpStream) -> io::Result<usize>) -> io::Result<usize> {
        noted(write(&self.socket), || self.source.was_filled())
    }
}

/// Notes where a socket would have had to wait.
fn noted(result: io::Result<usize>, would_block: impl FnOnce()) -> io::Result<usize> {
    if result.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock) {
        would_block();
    }
    result
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    #[tokio::test]
    async fn what_is_sent_to_this_host_is_not_paced() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let socket = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let usual = sockopt::tcp_congestion(&socket).unwrap();
        send_at_once(&socket, "192.0.2.1:5432".parse().unwrap()).unwrap();
        assert!(socket.nodelay().unwrap());
        assert_eq!(sockopt::tcp_congestion(&socket).unwrap(), usual);
        send_at_once(&socket, "[::ffff:127.0.0.1]:5432".parse().unwrap()).unwrap();
        assert_eq!(sockopt::tcp_congestion(&socket).unwrap(), PLAIN_CONGESTION_CONTROL);
    }
}
