//! The floor under every proxy: one thread moves bytes as they come between clients and one server, and looks at none.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::fd::OwnedFd;

use anyhow::{Context, Result};
use clap::Parser;
use rustix::event::epoll::{self, CreateFlags, EventData, EventFlags};

/// Relay TCP connections of 127.0.0.1, as cheaply as one thread can.
///
/// Prints "listening on ADDRESS" when it is ready, and runs until it is killed.
#[derive(Parser)]
struct Args {
    /// The port of 127.0.0.1 where the server listens.
    to: u16,
}

/// As much as one read takes.
const READ_BYTES_MAX: usize = 64 << 10;
/// Events that one wait may return.
const EVENTS_MAX: usize = 256;
/// The listener's token; connections have twice their place, plus their side.
const LISTENER: u64 = u64::MAX;

fn main() -> Result<()> {
    let args = Args::parse();
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("listen")?;
    listener.set_nonblocking(true).context("make the listener non-blocking")?;
    let epoll = epoll::create(CreateFlags::CLOEXEC).context("create an epoll instance")?;
    epoll::add(&epoll, &listener, EventData::new_u64(LISTENER), EventFlags::IN)
        .context("watch the listener")?;
    println!("listening on {}", listener.local_addr().context("read the address")?);
    Relay { epoll, to: args.to, pairs: Vec::new(), free: Vec::new() }.run(&listener)
}

struct Relay {
    epoll: OwnedFd,
    to: u16,
    /// A connection stays in its place.
    pairs: Vec<Option<[Side; 2]>>,
    free: Vec<usize>,
}

/// The socket to the client (0) or to the server (1), with what is still to be written to it.
struct Side {
    stream: TcpStream,
    pending: Vec<u8>,
    watched: EventFlags,
}

impl Relay {
    fn run(mut self, listener: &TcpListener) -> Result<()> {
        let mut events = Vec::with_capacity(EVENTS_MAX);
        let mut buffer = vec![0; READ_BYTES_MAX];
        loop {
            events.clear();
            match epoll::wait(&self.epoll, rustix::buffer::spare_capacity(&mut events), None) {
                Ok(_) => {}
                Err(rustix::io::Errno::INTR) => continue,
                Err(error) => return Err(error).context("wait for events"),
            }
            // A place is given to another connection only when no event of this round can mean it any more.
            let mut ended = Vec::new();
            for event in &events {
                match event.data.u64() {
                    LISTENER => self.accept(listener)?,
                    token => {
                        let (place, side) = ((token / 2) as usize, (token % 2) as usize);
                        if self.turn(place, side, event.flags, &mut buffer).is_err()
                            && let Some(pair) = self.pairs.get_mut(place)
                            && pair.take().is_some()
                        {
                            ended.push(place);
                        }
                    }
                }
            }
            self.free.extend(ended);
        }
    }

    fn accept(&mut self, listener: &TcpListener) -> Result<()> {
        let client = match listener.accept() {
            Ok((client, _)) => client,
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
            Err(error) => return Err(error).context("accept a client"),
        };
        let Ok(server) = TcpStream::connect((Ipv4Addr::LOCALHOST, self.to)) else { return Ok(()) };
        let place = self.free.pop().unwrap_or_else(|| {
            self.pairs.push(None);
            self.pairs.len() - 1
        });
        for (side, stream) in [(0, &client), (1, &server)] {
            stream.set_nonblocking(true).context("make a socket non-blocking")?;
            stream.set_nodelay(true).context("send small packets at once")?;
            epoll::add(&self.epoll, stream, token(place, side), EventFlags::IN).context("watch a socket")?;
        }
        let side = |stream| Side { stream, pending: Vec::new(), watched: EventFlags::IN };
        if let Some(free) = self.pairs.get_mut(place) {
            *free = Some([side(client), side(server)]);
        }
        Ok(())
    }

    /// One side is ready. Any error, the end of the stream included, ends both.
    fn turn(&mut self, place: usize, side: usize, ready: EventFlags, buffer: &mut [u8]) -> io::Result<()> {
        let Some(Some([client, server])) = self.pairs.get_mut(place) else { return Ok(()) };
        let (this, other) = if side == 0 { (client, server) } else { (server, client) };
        if ready.contains(EventFlags::OUT) {
            let written = write(&mut this.stream, &this.pending)?;
            this.pending.drain(..written);
        }
        if ready.intersects(EventFlags::IN | EventFlags::HUP | EventFlags::ERR) && other.pending.is_empty() {
            match this.stream.read(buffer) {
                Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
                Ok(count) => {
                    let bytes = buffer.get(..count).unwrap_or_default();
                    let written = write(&mut other.stream, bytes)?;
                    other.pending.extend_from_slice(bytes.get(written..).unwrap_or_default());
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
        }
        // A side is read only while the other takes what comes.
        let (this_pending, other_pending) = (!this.pending.is_empty(), !other.pending.is_empty());
        this.watch(&self.epoll, token(place, side), !other_pending, this_pending)?;
        other.watch(&self.epoll, token(place, 1 - side), !this_pending, other_pending)
    }
}

impl Side {
    fn watch(&mut self, epoll: &OwnedFd, token: EventData, read: bool, write: bool) -> io::Result<()> {
        let mut wanted = EventFlags::empty();
        wanted.set(EventFlags::IN, read);
        wanted.set(EventFlags::OUT, write);
        if wanted != self.watched {
            epoll::modify(epoll, &self.stream, token, wanted)?;
            self.watched = wanted;
        }
        Ok(())
    }
}

fn token(place: usize, side: usize) -> EventData {
    EventData::new_u64((place * 2 + side) as u64)
}

fn write(stream: &mut TcpStream, bytes: &[u8]) -> io::Result<usize> {
    match stream.write(bytes) {
        Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(0),
        other => other,
    }
}
