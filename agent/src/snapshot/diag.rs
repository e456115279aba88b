//! Lists the TCP sockets of the calling thread's network namespace (`sock_diag(7)`), with what `/proc/net/tcp` has
//! not: cookies, counts of bytes, cgroups.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use ebpf_abi::TcpState;
use rustix::io::Errno;
use rustix::net::netlink::{SOCK_DIAG, SocketAddrNetlink};
use rustix::net::sockopt::{Timeout, set_socket_timeout};
use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, recv, sendto, socket_with};
use thiserror::Error;
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

use super::{Bytes, Socket};

/// `SOCK_DIAG_BY_FAMILY` of the kernel's `include/uapi/linux/sock_diag.h`.
const SOCK_DIAG_BY_FAMILY: u16 = 20;
/// `NLM_F_REQUEST | NLM_F_DUMP` of `include/uapi/linux/netlink.h`, and the messages that end a list.
const REQUEST_DUMP: u16 = 0x1 | 0x300;
const NLMSG_ERROR: u16 = 2;
const NLMSG_DONE: u16 = 3;
const IPPROTO_TCP: u8 = 6;
const AF_INET: u8 = 2;
const AF_INET6: u8 = 10;
/// `INET_DIAG_INFO` and `INET_DIAG_CGROUP_ID` of `include/uapi/linux/inet_diag.h`.
const INET_DIAG_INFO: u16 = 2;
const INET_DIAG_CGROUP_ID: u16 = 21;
/// Where `tcpi_bytes_acked` and, behind it, `tcpi_bytes_received` lie in `struct tcp_info`.
const TCP_INFO_BYTES: usize = 120;

/// Those that are open or about to end, and listeners.
const STATES: [TcpState; 7] = [
    TcpState::ESTABLISHED,
    TcpState::FIN_WAIT1,
    TcpState::FIN_WAIT2,
    TcpState::CLOSE_WAIT,
    TcpState::LAST_ACK,
    TcpState::LISTEN,
    TcpState::CLOSING,
];

/// More than the kernel puts into one message.
const MESSAGE_BYTES_MAX: usize = 64 * 1024;
/// The kernel answers at once.
const WAIT: Duration = Duration::from_secs(5);
/// Sockets of one namespace that are gone through, whatever their ports.
const SOCKETS_MAX: usize = 4 << 20;

#[derive(Debug, Error)]
pub(super) enum DiagError {
    #[error("the kernel lists no sockets: {0}; load its module `tcp_diag`")]
    Refused(Errno),
    #[error("the kernel's list of sockets breaks off: {0}")]
    Broken(Errno),
    #[error("the kernel's list of sockets is unreadable")]
    Unreadable,
    #[error("more than {SOCKETS_MAX} sockets are in one network namespace")]
    TooMany,
}

/// `struct nlmsghdr`.
#[repr(C)]
#[derive(Clone, Copy, FromBytes, IntoBytes, Immutable, KnownLayout)]
struct Header {
    len: u32,
    kind: u16,
    flags: u16,
    sequence: u32,
    port: u32,
}

/// `struct inet_diag_sockid`.
#[repr(C)]
#[derive(Clone, Copy, FromBytes, IntoBytes, Immutable, KnownLayout)]
struct SocketId {
    local_port: [u8; 2],
    remote_port: [u8; 2],
    local: [u8; 16],
    remote: [u8; 16],
    interface: u32,
    cookie: [u32; 2],
}

/// `struct inet_diag_req_v2`, behind its header.
#[repr(C)]
#[derive(Clone, Copy, FromBytes, IntoBytes, Immutable, KnownLayout)]
struct Request {
    header: Header,
    family: u8,
    protocol: u8,
    extensions: u8,
    reserved: u8,
    states: u32,
    id: SocketId,
}

/// `struct inet_diag_msg`.
#[repr(C)]
#[derive(Clone, Copy, FromBytes, IntoBytes, Immutable, KnownLayout)]
struct Message {
    family: u8,
    state: u8,
    timer: u8,
    retransmits: u8,
    id: SocketId,
    expires: u32,
    receive_queue: u32,
    write_queue: u32,
    uid: u32,
    inode: u32,
}

const _: () = assert!(size_of::<Header>() == 16);
const _: () = assert!(size_of::<SocketId>() == 48);
const _: () = assert!(size_of::<Request>() == 16 + 56);
const _: () = assert!(size_of::<Message>() == 72);

/// Appends the sockets that have one of `ports` at either end.
pub(super) fn list(ports: &BTreeSet<u16>, namespace: u64, out: &mut Vec<Socket>) -> Result<(), DiagError> {
    for family in [AF_INET, AF_INET6] {
        list_family(family, ports, namespace, out)?;
    }
    Ok(())
}

fn list_family(
    family: u8,
    ports: &BTreeSet<u16>,
    namespace: u64,
    out: &mut Vec<Socket>,
) -> Result<(), DiagError> {
    let socket = socket_with(AddressFamily::NETLINK, SocketType::RAW, SocketFlags::CLOEXEC, Some(SOCK_DIAG))
        .map_err(DiagError::Refused)?;
    set_socket_timeout(&socket, Timeout::Recv, Some(WAIT)).map_err(DiagError::Refused)?;
    let request = Request {
        header: Header {
            len: size_of::<Request>() as u32,
            kind: SOCK_DIAG_BY_FAMILY,
            flags: REQUEST_DUMP,
            sequence: 1,
            port: 0,
        },
        family,
        protocol: IPPROTO_TCP,
        extensions: 1 << (INET_DIAG_INFO - 1),
        reserved: 0,
        states: STATES.iter().fold(0, |states, state| states | 1 << state.0),
        id: SocketId {
            local_port: [0; 2],
            remote_port: [0; 2],
            local: [0; 16],
            remote: [0; 16],
            interface: 0,
            cookie: [0; 2],
        },
    };
    let kernel = SocketAddrNetlink::new(0, 0);
    sendto(&socket, request.as_bytes(), SendFlags::empty(), &kernel).map_err(DiagError::Refused)?;

    let mut buffer = vec![0; MESSAGE_BYTES_MAX];
    let mut listed = 0;
    loop {
        let (_, len) = recv(&socket, buffer.as_mut_slice(), RecvFlags::TRUNC).map_err(DiagError::Broken)?;
        let mut rest = buffer.get(..len).filter(|part| !part.is_empty()).ok_or(DiagError::Unreadable)?;
        while !rest.is_empty() {
            let (header, body, next) = split(rest).ok_or(DiagError::Unreadable)?;
            rest = next;
            match header.kind {
                NLMSG_DONE => return Ok(()),
                NLMSG_ERROR => {
                    let code = body.first_chunk().map(|code| i32::from_ne_bytes(*code));
                    let code = code.ok_or(DiagError::Unreadable)?;
                    return Err(DiagError::Refused(Errno::from_raw_os_error(code.wrapping_neg())));
                }
                SOCK_DIAG_BY_FAMILY => {
                    listed += 1;
                    if SOCKETS_MAX < listed {
                        return Err(DiagError::TooMany);
                    }
                    let socket = read(body, namespace).ok_or(DiagError::Unreadable)?;
                    if ports.contains(&socket.local.port()) || ports.contains(&socket.remote.port()) {
                        out.push(socket);
                    }
                }
                _ => {}
            }
        }
    }
}

/// The first message of some: its header, its body, and the others.
fn split(bytes: &[u8]) -> Option<(Header, &[u8], &[u8])> {
    let (header, _) = Header::read_from_prefix(bytes).ok()?;
    let len = usize::try_from(header.len).ok()?;
    let body = bytes.get(size_of::<Header>()..len)?;
    Some((header, body, bytes.get(len.next_multiple_of(4)..).unwrap_or_default()))
}

fn read(body: &[u8], namespace: u64) -> Option<Socket> {
    let (message, mut attributes) = Message::read_from_prefix(body).ok()?;
    let (mut bytes, mut cgroup_id) = (Bytes::default(), None);
    while let Some((len, kind)) = attribute(attributes) {
        let value = attributes.get(4..len)?;
        match kind {
            INET_DIAG_INFO => bytes = counted(value).unwrap_or_default(),
            INET_DIAG_CGROUP_ID => cgroup_id = value.first_chunk().map(|id| u64::from_ne_bytes(*id)),
            _ => {}
        }
        attributes = attributes.get(len.next_multiple_of(4)..).unwrap_or_default();
    }
    let id = &message.id;
    let [low, high] = id.cookie;
    Some(Socket {
        cookie: u64::from(low) | u64::from(high) << 32,
        namespace,
        state: TcpState(message.state),
        local: address(message.family, &id.local, id.local_port)?,
        remote: address(message.family, &id.remote, id.remote_port)?,
        inode: message.inode,
        cgroup_id,
        bytes,
    })
}

/// Length, header included, and kind of the first attribute.
fn attribute(bytes: &[u8]) -> Option<(usize, u16)> {
    let (header, _) = bytes.split_first_chunk::<4>()?;
    let [a, b, c, d] = *header;
    let len = usize::from(u16::from_ne_bytes([a, b]));
    (4 <= len).then_some((len, u16::from_ne_bytes([c, d])))
}

fn counted(info: &[u8]) -> Option<Bytes> {
    let (acked, rest) = info.get(TCP_INFO_BYTES..)?.split_first_chunk::<8>()?;
    let received = rest.first_chunk::<8>()?;
    Some(Bytes { received: u64::from_ne_bytes(*received), acked: u64::from_ne_bytes(*acked) })
}

/// What was mapped into IPv6 is IPv4 again.
fn address(family: u8, bytes: &[u8; 16], port: [u8; 2]) -> Option<SocketAddr> {
    let address = match family {
        AF_INET => IpAddr::V4(Ipv4Addr::from(*bytes.first_chunk::<4>()?)),
        AF_INET6 => IpAddr::V6(Ipv6Addr::from(*bytes)).to_canonical(),
        _ => return None,
    };
    Some(SocketAddr::new(address, u16::from_be_bytes(port)))
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::net::{TcpListener, TcpStream};

    use super::*;

    #[test]
    fn both_ends_and_the_listener_are_listed() {
        let listener = TcpListener::bind("[::1]:0").unwrap();
        let address = listener.local_addr().unwrap();
        let mut client = TcpStream::connect(address).unwrap();
        let (server, from) = listener.accept().unwrap();
        client.write_all(&[1; 10]).unwrap();
        while server.peek(&mut [0; 10]).unwrap() < 10 {}
        let mut sockets = Vec::new();
        list(&BTreeSet::from([address.port()]), 7, &mut sockets).unwrap();
        let one = |state: TcpState, local: SocketAddr| {
            let mut those = sockets.iter().filter(|it| it.state == state && it.local == local);
            let socket = those.next().unwrap_or_else(|| panic!("{state:?} {local}: {sockets:?}"));
            assert!(those.next().is_none() && socket.namespace == 7);
            *socket
        };
        one(TcpState::LISTEN, address);
        assert_eq!(one(TcpState::ESTABLISHED, from).remote, address);
        let served = one(TcpState::ESTABLISHED, address);
        assert_eq!((served.remote, served.bytes.received), (from, 10));
        assert_eq!(served.cookie, rustix::net::sockopt::socket_cookie(&server).unwrap());
        assert_ne!(served.inode, 0);
    }

    #[test]
    fn bytes_that_are_no_message_are_refused() {
        assert!(split(&[1, 2, 3]).is_none());
        assert!(split(&[200; 20]).is_none());
        assert!(read(&[0; 71], 1).is_none());
        assert!(read(&[0; 72], 1).is_none(), "no family");
    }
}
