//! A relay on a port of its own that keeps what it passes on, in the order in which it came.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use anyhow::{Context, Result};

/// Which side of the proxy a tap is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Door {
    /// Between the client and the proxy.
    Client,
    /// Between the proxy and the server.
    Server,
}

/// Who sent it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum From {
    /// Whoever connected.
    Caller,
    /// Whom it wanted to speak with.
    Called,
}

/// Some bytes that came at once.
#[derive(Clone, Debug)]
pub(super) struct Piece {
    pub(super) door: Door,
    /// Counts the connections of a door.
    pub(super) connection: usize,
    pub(super) from: From,
    pub(super) bytes: Vec<u8>,
}

impl Piece {
    /// Whether both passed on one connection.
    pub(super) fn is_with(&self, other: &Piece) -> bool {
        (self.door, self.connection) == (other.door, other.connection)
    }
}

/// What has passed at both doors.
pub(super) type Passed = Arc<Mutex<Vec<Piece>>>;

/// Listens, and passes every connection on to `to`, for as long as this program runs. The port that it listens on.
pub(super) fn open(door: Door, to: u16, passed: &Passed) -> Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("listen")?;
    let port = listener.local_addr().context("read the port")?.port();
    let passed = Arc::clone(passed);
    thread::spawn(move || {
        for (connection, caller) in listener.incoming().map_while(Result::ok).enumerate() {
            // A caller whom nobody answers sees it, and fails.
            let Ok(called) = TcpStream::connect((Ipv4Addr::LOCALHOST, to)) else { continue };
            let (Ok(from_caller), Ok(from_called)) = (caller.try_clone(), called.try_clone()) else {
                continue;
            };
            for (from, read, write) in
                [(From::Caller, from_caller, called), (From::Called, from_called, caller)]
            {
                let passed = Arc::clone(&passed);
                thread::spawn(move || pass(door, connection, from, read, write, &passed));
            }
        }
    });
    Ok(port)
}

fn pass(
    door: Door,
    connection: usize,
    from: From,
    mut read: TcpStream,
    mut write: TcpStream,
    passed: &Passed,
) {
    let mut buffer = vec![0; 64 << 10];
    let _ = write.set_nodelay(true);
    while let Ok(len @ 1..) = read.read(&mut buffer) {
        // Kept first: what somebody answers to it comes later in the list.
        let piece = Piece { door, connection, from, bytes: buffer[..len].to_vec() };
        passed.lock().unwrap_or_else(PoisonError::into_inner).push(piece);
        if write.write_all(&buffer[..len]).is_err() {
            break;
        }
    }
    let _ = write.shutdown(Shutdown::Write);
}
