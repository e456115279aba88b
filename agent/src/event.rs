//! What the kernel programs say, read from the ring's bytes into what the tracker works with.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use ebpf_abi::{
    Arguments, Closed, Endpoint, Kind, Opened, Refused, Startup, TcpState, UnixClosed, UnixOpened,
    UnixRefused,
};
use thiserror::Error;
use zerocopy::TryFromBytes;

use crate::process::shown;

/// One event of the kernel programs.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::large_enum_variant, reason = "events are read and taken in one by one")]
pub enum Event {
    /// One end of a connection is established.
    Opened(Opened),
    /// One end of a connection closed.
    Closed(Closed),
    /// A connection over a UNIX socket.
    UnixOpened(UnixOpened),
    /// One over a UNIX socket closed.
    UnixClosed(UnixClosed),
    /// A process was refused a connection, or would have been.
    Refused(Refused),
    /// The same over a UNIX socket.
    UnixRefused(UnixRefused),
    /// A client said something first.
    Startup(Startup),
    /// What a process was started with.
    Arguments(Box<Arguments>),
}

/// Bytes that are no event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the kernel programs sent {bytes} bytes that are no event")]
pub struct UnreadableEvent {
    /// How many.
    pub bytes: usize,
}

impl Event {
    /// When it was told, in nanoseconds since the machine started.
    pub fn at_boot_ns(&self) -> u64 {
        match self {
            Event::Opened(opened) => opened.at_boot_ns,
            Event::Closed(closed) => closed.at_boot_ns,
            Event::UnixOpened(opened) => opened.at_boot_ns,
            Event::UnixClosed(closed) => closed.at_boot_ns,
            Event::Refused(refused) => refused.at_boot_ns,
            Event::UnixRefused(refused) => refused.at_boot_ns,
            Event::Startup(startup) => startup.at_boot_ns,
            Event::Arguments(arguments) => arguments.at_boot_ns,
        }
    }

    /// Reads one event.
    pub fn read(bytes: &[u8]) -> Result<Self, UnreadableEvent> {
        let unreadable = UnreadableEvent { bytes: bytes.len() };
        match Opened::try_read_from_bytes(bytes) {
            Ok(opened) if opened.kind == Kind::Opened => return Ok(Event::Opened(opened)),
            _ => {}
        }
        match UnixOpened::try_read_from_bytes(bytes) {
            Ok(opened) if opened.kind == Kind::UnixOpened => return Ok(Event::UnixOpened(opened)),
            _ => {}
        }
        match UnixClosed::try_read_from_bytes(bytes) {
            Ok(closed) if closed.kind == Kind::UnixClosed => return Ok(Event::UnixClosed(closed)),
            _ => {}
        }
        match Refused::try_read_from_bytes(bytes) {
            Ok(refused) if refused.kind == Kind::Refused => return Ok(Event::Refused(refused)),
            _ => {}
        }
        match UnixRefused::try_read_from_bytes(bytes) {
            Ok(refused) if refused.kind == Kind::UnixRefused => return Ok(Event::UnixRefused(refused)),
            _ => {}
        }
        match Startup::try_read_from_bytes(bytes) {
            Ok(startup) if startup.kind == Kind::Startup => return Ok(Event::Startup(startup)),
            _ => {}
        }
        match Arguments::try_read_from_bytes(bytes) {
            Ok(arguments) if arguments.kind == Kind::Arguments => {
                return Ok(Event::Arguments(Box::new(arguments)));
            }
            _ => {}
        }
        match Closed::try_read_from_bytes(bytes) {
            Ok(closed) if closed.kind == Kind::Closed => Ok(Event::Closed(closed)),
            _ => Err(unreadable),
        }
    }
}

/// An end's address; what was mapped into IPv6 is IPv4 again.
pub fn socket_address(end: &Endpoint) -> SocketAddr {
    SocketAddr::new(IpAddr::V6(Ipv6Addr::from(end.address)).to_canonical(), end.port)
}

/// The name of a UNIX socket as people write it: `@` stands for the zero byte of one that is in no file system. A process
/// may bind its socket to any bytes: what could spoil a line of a report is replaced.
pub fn socket_path(name: &[u8]) -> String {
    let (at, rest) = match name.split_first() {
        Some((0, rest)) => ("@", rest),
        _ => ("", name),
    };
    let end = rest.iter().position(|byte| *byte == 0).unwrap_or(rest.len());
    at.to_owned() + &shown(rest.get(..end).unwrap_or_default())
}

/// Bytes of data that an end received: the kernel counts the other end's FIN as one more.
///
/// An end that closed first goes from FIN_WAIT2, with the other's FIN or, as `close` may, without waiting for it. The
/// kernel does not tell which: then the FIN is taken as not there, and the number may be one too high.
pub fn data_received(closed: &Closed) -> u64 {
    let has_fin = matches!(closed.last_state, TcpState::CLOSE_WAIT | TcpState::LAST_ACK | TcpState::CLOSING);
    closed.bytes_received.saturating_sub(u64::from(has_fin))
}

/// Bytes of data that an end sent and the other acknowledged: the kernel counts the FIN as one more and, at the
/// end that asked for the connection, the SYN too.
pub fn data_sent(closed: &Closed, asked: bool) -> u64 {
    let fin_sent = matches!(
        closed.last_state,
        TcpState::FIN_WAIT1 | TcpState::FIN_WAIT2 | TcpState::CLOSING | TcpState::LAST_ACK
    );
    let has_fin = fin_sent && closed.all_acked != 0;
    closed.bytes_acked.saturating_sub(u64::from(has_fin) + u64::from(asked))
}

#[cfg(test)]
mod tests {
    use ebpf_abi::{Process, Side};
    use zerocopy::IntoBytes;

    use super::*;

    fn closed(last_state: TcpState) -> Closed {
        Closed {
            kind: Kind::Closed,
            last_state,
            all_acked: 1,
            reserved: [0; 5],
            at_boot_ns: 1,
            cookie: 2,
            bytes_received: 10,
            bytes_acked: 20,
        }
    }

    #[test]
    fn events_are_read_back_and_others_are_not() {
        let end = Endpoint { address: [0; 16], port: 1, reserved: [0; 6] };
        let opened = Opened {
            kind: Kind::Opened,
            side: Side::Client,
            end_untold: 0,
            reserved: [0; 5],
            at_boot_ns: 1,
            cookie: 2,
            netns_cookie: 3,
            local: end,
            remote: end,
            process: Process::UNKNOWN,
        };
        assert_eq!(Event::read(opened.as_bytes()), Ok(Event::Opened(opened)));
        let closed = closed(TcpState::CLOSE_WAIT);
        assert_eq!(Event::read(closed.as_bytes()), Ok(Event::Closed(closed)));
        assert_eq!(Event::read(&[]), Err(UnreadableEvent { bytes: 0 }));
        assert_eq!(Event::read(&[9; 112]), Err(UnreadableEvent { bytes: 112 }));
        assert_eq!(Event::read(&[9; 40]), Err(UnreadableEvent { bytes: 40 }));
    }

    #[test]
    fn names_of_sockets_hold_no_controls() {
        assert_eq!(socket_path(b"/run/.s.PGSQL.5432\0\0"), "/run/.s.PGSQL.5432");
        assert_eq!(socket_path(b"\0run/.s.PGSQL.5432"), "@run/.s.PGSQL.5432");
        assert_eq!(socket_path(b"/a\nb/.s.PGSQL.1"), "/a\u{fffd}b/.s.PGSQL.1");
        assert_eq!(socket_path(b""), "");
    }

    #[test]
    fn syn_and_fin_are_no_data() {
        assert_eq!(data_received(&closed(TcpState::LAST_ACK)), 9);
        assert_eq!(data_received(&closed(TcpState::FIN_WAIT2)), 10);
        assert_eq!(data_sent(&closed(TcpState::LAST_ACK), false), 19);
        assert_eq!(data_sent(&closed(TcpState::FIN_WAIT2), true), 18);
        assert_eq!(data_sent(&closed(TcpState::ESTABLISHED), true), 19);
    }

    #[test]
    fn mapped_addresses_are_ipv4_again() {
        let mut address = [0; 16];
        address[10..].copy_from_slice(&[0xff, 0xff, 10, 0, 0, 9]);
        let end = Endpoint { address, port: 5432, reserved: [0; 6] };
        assert_eq!(socket_address(&end).to_string(), "10.0.0.9:5432");
    }
}
