//! Lists the connections over UNIX sockets of watched databases in the calling thread's network namespace, and who listens on such
//! sockets. Both ends of a connection are in that of the client, wherever the server is: the kernel makes the server's end within the
//! client's `connect`.

use std::collections::{BTreeSet, HashMap};

use ebpf_abi::TcpState;
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

use super::netlink::{self, DiagError, attributes};
use crate::event;

const MODULE: &str = "unix_diag";
const AF_UNIX: u8 = 1;
const SOCK_STREAM: u8 = 1;
/// `UDIAG_SHOW_NAME` and `UDIAG_SHOW_PEER` of the kernel's `include/uapi/linux/unix_diag.h`, and the attributes for them.
const SHOW_NAME_AND_PEER: u32 = 0x1 | 0x4;
const UNIX_DIAG_NAME: u16 = 0;
const UNIX_DIAG_PEER: u16 = 2;
const UNIX_DIAG_SHUTDOWN: u16 = 6;
/// `SHUTDOWN_MASK` of `include/net/sock.h`: nothing goes in either direction any more.
const BOTH_WAYS: u8 = 3;
/// What the name of PostgreSQL's socket ends with, before its port.
const NAME: &[u8] = b"/.s.PGSQL.";

/// `struct unix_diag_req`.
#[repr(C)]
#[derive(Clone, Copy, FromBytes, IntoBytes, Immutable, KnownLayout)]
struct Request {
    family: u8,
    protocol: u8,
    reserved: u16,
    states: u32,
    inode: u32,
    show: u32,
    cookie: [u32; 2],
}

/// `struct unix_diag_msg`.
#[repr(C)]
#[derive(Clone, Copy, FromBytes, IntoBytes, Immutable, KnownLayout)]
struct Message {
    family: u8,
    kind: u8,
    state: u8,
    reserved: u8,
    inode: u32,
    cookie: [u32; 2],
}

const _: () = assert!(size_of::<Request>() == 24);
const _: () = assert!(size_of::<Message>() == 16);

/// A connection over a UNIX socket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Local {
    /// Cookie of the server's socket.
    pub(super) cookie: u64,
    /// Cookie of the client's socket; 0 where it is gone.
    pub(super) client_cookie: u64,
    /// What the client's socket is called by in descriptors.
    pub(super) client_inode: u32,
    /// Inode of the network namespace of both.
    pub(super) namespace: u64,
    pub(super) port: u16,
    pub(super) path: String,
}

/// A UNIX socket that is called as PostgreSQL's are, and listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct LocalListener {
    /// Inode of its network namespace.
    pub(super) namespace: u64,
    pub(super) cookie: u64,
    /// What it is called by in descriptors.
    pub(super) inode: u32,
    pub(super) port: u16,
    pub(super) path: String,
}

struct Stream {
    cookie: u64,
    inode: u32,
    peer_inode: u32,
    is_listening: bool,
    database: Option<(u16, String)>,
}

/// Appends the connections to sockets whose name has one of `ports` to `out`, and all databases that listen to `listening`.
pub(super) fn list(
    ports: &BTreeSet<u16>,
    namespace: u64,
    out: &mut Vec<Local>,
    listening: &mut Vec<LocalListener>,
) -> Result<(), DiagError> {
    let request = Request {
        family: AF_UNIX,
        protocol: 0,
        reserved: 0,
        states: 1 << TcpState::ESTABLISHED.0 | 1 << TcpState::LISTEN.0,
        inode: 0,
        show: SHOW_NAME_AND_PEER,
        cookie: [0; 2],
    };
    let (mut servers, mut cookies) = (Vec::new(), HashMap::new());
    netlink::list(request.as_bytes(), MODULE, |body| {
        let Some(stream) = read(body) else { return false };
        let Some(stream) = stream else { return true };
        let Stream { cookie, inode, is_listening, .. } = stream;
        match stream.database {
            Some((port, path)) if is_listening => {
                listening.push(LocalListener { namespace, cookie, inode, port, path });
            }
            _ if is_listening => {}
            Some((port, _)) if ports.contains(&port) => {
                cookies.insert(inode, cookie);
                servers.push(stream);
            }
            _ => _ = cookies.insert(inode, cookie),
        }
        true
    })?;
    // Where the client's end has such a name too, nothing listed tells which one asked: the pair counts once.
    let mut told = BTreeSet::new();
    for Stream { cookie, inode, peer_inode, database, .. } in servers {
        if inode == 0 || peer_inode == 0 || !told.contains(&peer_inode) {
            told.insert(inode);
            let client_cookie = cookies.get(&peer_inode).copied().filter(|_| peer_inode != 0);
            let Some((port, path)) = database else { continue };
            let client_cookie = client_cookie.unwrap_or(0);
            out.push(Local { cookie, client_cookie, client_inode: peer_inode, namespace, port, path });
        }
    }
    Ok(())
}

/// `None` where it is unreadable; nothing where it is no stream, or one that is over.
fn read(body: &[u8]) -> Option<Option<Stream>> {
    let (message, rest) = Message::read_from_prefix(body).ok()?;
    if message.family != AF_UNIX {
        return None;
    }
    let (mut name, mut peer_inode, mut shutdown): (&[u8], _, _) = (&[], 0, 0);
    for (kind, value) in attributes(rest) {
        match kind {
            UNIX_DIAG_NAME => name = value,
            UNIX_DIAG_PEER => peer_inode = u32::from_ne_bytes(*value.first_chunk()?),
            UNIX_DIAG_SHUTDOWN => shutdown = *value.first()?,
            _ => {}
        }
    }
    let [low, high] = message.cookie;
    let is_open_stream = message.kind == SOCK_STREAM && shutdown != BOTH_WAYS;
    Some(is_open_stream.then(|| Stream {
        cookie: u64::from(low) | u64::from(high) << 32,
        inode: message.inode,
        peer_inode,
        is_listening: message.state == TcpState::LISTEN.0,
        database: database_port(name).map(|port| (port, event::socket_path(name))),
    }))
}

/// The number in the name of PostgreSQL's socket, as the kernel programs read it.
fn database_port(name: &[u8]) -> Option<u16> {
    let name = match name {
        [0, ..] => name,
        _ => name.strip_suffix(&[0]).unwrap_or(name),
    };
    let digits = name.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
    let (rest, digits) = name.split_at_checked(name.len() - digits)?;
    let is_database = rest.ends_with(NAME) && digits.len() <= 5;
    std::str::from_utf8(digits).ok().filter(|_| is_database)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::{UnixListener, UnixStream};

    use super::*;

    #[test]
    fn databases_are_known_by_the_names_of_their_sockets() {
        let port = |name: &str| database_port(name.as_bytes());
        assert_eq!(port("/var/run/postgresql/.s.PGSQL.5432\0"), Some(5432));
        assert_eq!(port("\0run/.s.PGSQL.5432"), Some(5432));
        assert_eq!(port("/.s.PGSQL.1"), Some(1));
        for other in [
            "",
            "5432",
            ".s.PGSQL.5432\0",
            "/run/.s.PGSQL.\0",
            "/run/.s.PGSQL.5432.lock\0",
            "/a.s.PGSQL.5432\0",
        ] {
            assert_eq!(port(other), None, "{other}");
        }
        assert_eq!(port("/run/.s.PGSQL.65536\0"), None);
        assert_eq!(port("/run/.s.PGSQL.005432\0"), None);
    }

    #[test]
    fn a_connection_is_listed_with_both_ends_until_one_closes() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(".s.PGSQL.61111");
        let listener = UnixListener::bind(&path).unwrap();
        let client = UnixStream::connect(&path).unwrap();
        let (server, _) = listener.accept().unwrap();
        let listed = || {
            let (mut listed, mut listening) = (Vec::new(), Vec::new());
            list(&BTreeSet::from([61111]), 7, &mut listed, &mut listening).unwrap();
            listed.retain(|it| it.path == path.to_str().unwrap());
            listening.retain(|it| it.path == path.to_str().unwrap());
            let one = listening.pop().unwrap();
            assert!(listening.is_empty());
            let inode = u32::try_from(rustix::fs::fstat(&listener).unwrap().st_ino).unwrap();
            assert_eq!((one.namespace, one.port, one.inode), (7, 61111, inode));
            listed
        };
        let cookie = |socket| rustix::net::sockopt::socket_cookie(socket).unwrap();
        let those = listed();
        assert_eq!(those.len(), 1, "{those:?}");
        assert_eq!((those[0].cookie, those[0].client_cookie), (cookie(&server), cookie(&client)));
        assert_eq!(u64::from(those[0].client_inode), rustix::fs::fstat(&client).unwrap().st_ino);
        drop(client);
        assert!(listed().is_empty());
    }
}
