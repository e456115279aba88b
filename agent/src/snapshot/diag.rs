//! Lists the TCP sockets of the calling thread's network namespace (`sock_diag(7)`), with what `/proc/net/tcp` has
//! not: cookies, counts of bytes, cgroups.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use ebpf_abi::TcpState;
use rustix::io::Errno;
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

use super::netlink::{self, DiagError, attributes};
use super::{Bytes, Socket};

const MODULE: &str = "tcp_diag";

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

impl SocketId {
    const ANY: SocketId = SocketId {
        local_port: [0; 2],
        remote_port: [0; 2],
        local: [0; 16],
        remote: [0; 16],
        interface: 0,
        cookie: [0; 2],
    };
}

/// `struct inet_diag_req_v2`.
#[repr(C)]
#[derive(Clone, Copy, FromBytes, IntoBytes, Immutable, KnownLayout)]
struct Request {
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

const _: () = assert!(size_of::<SocketId>() == 48);
const _: () = assert!(size_of::<Request>() == 56);
const _: () = assert!(size_of::<Message>() == 72);

/// Appends the sockets that have one of `ports` at either end to `out`, and all that listen to `listening`.
pub(super) fn list(
    ports: &BTreeSet<u16>,
    namespace: u64,
    out: &mut Vec<Socket>,
    listening: &mut Vec<Socket>,
) -> Result<(), DiagError> {
    for family in [AF_INET, AF_INET6] {
        list_family(family, ports, namespace, out, listening)?;
    }
    Ok(())
}

fn list_family(
    family: u8,
    ports: &BTreeSet<u16>,
    namespace: u64,
    out: &mut Vec<Socket>,
    listening: &mut Vec<Socket>,
) -> Result<(), DiagError> {
    let request = Request {
        family,
        protocol: IPPROTO_TCP,
        extensions: 1 << (INET_DIAG_INFO - 1),
        reserved: 0,
        states: STATES.iter().fold(0, |states, state| states | 1 << state.0),
        id: SocketId::ANY,
    };
    netlink::list(request.as_bytes(), MODULE, |body| {
        let Some(socket) = read(body, namespace) else { return false };
        if socket.state == TcpState::LISTEN {
            listening.push(socket);
        }
        if ports.contains(&socket.local.port()) || ports.contains(&socket.remote.port()) {
            out.push(socket);
        }
        true
    })
}

/// Ends a socket of the calling thread's network namespace. Its cookie keeps any other with the same addresses from harm.
pub(super) fn destroy(local: SocketAddr, remote: SocketAddr, cookie: u64) -> Result<(), Errno> {
    let bytes = |address: IpAddr| match address {
        IpAddr::V4(v4) => {
            let [a, b, c, d] = v4.octets();
            [a, b, c, d, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]
        }
        IpAddr::V6(v6) => v6.octets(),
    };
    let id = SocketId {
        local_port: local.port().to_be_bytes(),
        remote_port: remote.port().to_be_bytes(),
        local: bytes(local.ip()),
        remote: bytes(remote.ip()),
        interface: 0,
        cookie: [cookie as u32, (cookie >> 32) as u32],
    };
    let request = |family, id| Request {
        family,
        protocol: IPPROTO_TCP,
        extensions: 0,
        reserved: 0,
        states: u32::MAX,
        id,
    };
    let family = if local.is_ipv4() { AF_INET } else { AF_INET6 };
    let ended = netlink::destroy(request(family, id).as_bytes());
    if ended != Err(Errno::NOENT) {
        return ended;
    }
    // The kernel compares the interface too where a socket is bound to one, as all are with link-local addresses.
    let mut found = None;
    for family in [AF_INET, AF_INET6] {
        let _ = netlink::list(request(family, SocketId::ANY).as_bytes(), MODULE, |body| {
            let Ok((message, _)) = Message::read_from_prefix(body) else { return false };
            if message.id.cookie == id.cookie {
                found = Some(request(message.family, message.id));
            }
            true
        });
    }
    found.map_or(ended, |found| netlink::destroy(found.as_bytes()))
}

fn read(body: &[u8], namespace: u64) -> Option<Socket> {
    let (message, rest) = Message::read_from_prefix(body).ok()?;
    let (mut bytes, mut cgroup_id) = (Bytes::default(), None);
    for (kind, value) in attributes(rest) {
        match kind {
            INET_DIAG_INFO => bytes = counted(value).unwrap_or_default(),
            INET_DIAG_CGROUP_ID => cgroup_id = value.first_chunk().map(|id| u64::from_ne_bytes(*id)),
            _ => {}
        }
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
        let (mut sockets, mut listening) = (Vec::new(), Vec::new());
        let other = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let another = TcpListener::bind("127.0.0.1:0").unwrap();
        list(&BTreeSet::from([address.port()]), 7, &mut sockets, &mut listening).unwrap();
        let listens =
            |address| listening.iter().any(|it| it.local == address && it.state == TcpState::LISTEN);
        assert!(listens(address) && listens(another.local_addr().unwrap()) && !listens(other));
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
        assert!(read(&[0; 71], 1).is_none());
        assert!(read(&[0; 72], 1).is_none(), "no family");
    }
}
