//! Tells systemd how a daemon is (sd_notify(3)). Where systemd did not ask, it does nothing.

use std::io;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};

use rustix::time::{ClockId, clock_gettime};

/// Names the socket on which systemd listens: a path, or after an `@` a name without a file.
const SOCKET_VARIABLE: &str = "NOTIFY_SOCKET";

/// How a daemon is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It does its work: it has just started, or has read its configuration again.
    Ready,
    /// It reads its configuration again.
    Reloading,
    /// It ends.
    Stopping,
}

/// Tells how this daemon is, where somebody wants to know.
pub fn notify(state: State) {
    let Some(socket) = std::env::var_os(SOCKET_VARIABLE) else { return };
    let told = address(socket.as_bytes()).and_then(|address| {
        let socket = UnixDatagram::unbound()?;
        socket.send_to_addr(state.message().as_bytes(), &address)
    });
    if let Err(error) = told {
        tracing::warn!(%error, "systemd not told on {SOCKET_VARIABLE}");
    }
}

fn address(socket: &[u8]) -> io::Result<SocketAddr> {
    match socket.strip_prefix(b"@") {
        Some(name) => SocketAddr::from_abstract_name(name),
        None => SocketAddr::from_pathname(std::ffi::OsStr::from_bytes(socket)),
    }
}

impl State {
    fn message(self) -> String {
        match self {
            State::Ready => "READY=1".to_owned(),
            // `Type=notify-reload` tells by the time which reload is meant.
            State::Reloading => {
                let now = clock_gettime(ClockId::Monotonic);
                format!("RELOADING=1\nMONOTONIC_USEC={}", now.tv_sec * 1_000_000 + now.tv_nsec / 1_000)
            }
            State::Stopping => "STOPPING=1".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_kinds_of_address_are_understood() {
        assert_eq!(address(b"/run/n").unwrap().as_pathname().unwrap().to_str(), Some("/run/n"));
        assert_eq!(address(b"@picket").unwrap().as_abstract_name(), Some(&b"picket"[..]));
    }

    #[test]
    fn a_reload_carries_the_time() {
        let message = State::Reloading.message();
        let usec = message.strip_prefix("RELOADING=1\nMONOTONIC_USEC=").unwrap();
        assert!(usec.parse::<u64>().is_ok_and(|usec| 0 < usec), "{message}");
    }
}
