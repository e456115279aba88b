//! Asks the kernel for a list of sockets (`sock_diag(7)`): one request, and messages until the list ends. Or to end one.

use std::os::fd::OwnedFd;
use std::time::Duration;

use rustix::io::Errno;
use rustix::net::netlink::{SOCK_DIAG, SocketAddrNetlink};
use rustix::net::sockopt::{Timeout, set_socket_timeout};
use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, recv, sendto, socket_with};
use thiserror::Error;
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// `SOCK_DIAG_BY_FAMILY` of the kernel's `include/uapi/linux/sock_diag.h`.
const SOCK_DIAG_BY_FAMILY: u16 = 20;
const SOCK_DESTROY: u16 = 21;
/// `NLM_F_REQUEST | NLM_F_DUMP` of `include/uapi/linux/netlink.h`, and the messages that end a list.
const REQUEST_DUMP: u16 = 0x1 | 0x300;
/// `NLM_F_REQUEST | NLM_F_ACK`.
const REQUEST_ACK: u16 = 0x1 | 0x4;
const NLMSG_ERROR: u16 = 2;
const NLMSG_DONE: u16 = 3;

/// More than the kernel puts into one message.
const MESSAGE_BYTES_MAX: usize = 64 * 1024;
/// The kernel answers at once.
const WAIT: Duration = Duration::from_secs(5);
/// Sockets of one namespace that are gone through, whatever their ports.
const SOCKETS_MAX: usize = 4 << 20;

#[derive(Debug, Error)]
pub(super) enum DiagError {
    #[error("the kernel lists no sockets: {because}; load its module `{module}`")]
    Refused { because: Errno, module: &'static str },
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

const _: () = assert!(size_of::<Header>() == 16);

/// Sends what stands behind the header of a request, and gives what stands behind each header of the answer to `each`,
/// which says whether it could read it. `module` is the one that answers.
pub(super) fn list(
    request: &[u8],
    module: &'static str,
    mut each: impl FnMut(&[u8]) -> bool,
) -> Result<(), DiagError> {
    let refused = |because| DiagError::Refused { because, module };
    let socket = send(request, SOCK_DIAG_BY_FAMILY, REQUEST_DUMP).map_err(refused)?;

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
                    return Err(refused(Errno::from_raw_os_error(code.wrapping_neg())));
                }
                SOCK_DIAG_BY_FAMILY => {
                    listed += 1;
                    if SOCKETS_MAX < listed {
                        return Err(DiagError::TooMany);
                    }
                    if !each(body) {
                        return Err(DiagError::Unreadable);
                    }
                }
                _ => {}
            }
        }
    }
}

/// Has the kernel end the one socket that a request names.
pub(super) fn destroy(request: &[u8]) -> Result<(), Errno> {
    let socket = send(request, SOCK_DESTROY, REQUEST_ACK)?;
    let mut buffer = [0; 1024];
    let (_, len) = recv(&socket, buffer.as_mut_slice(), RecvFlags::TRUNC)?;
    let (header, body, _) = buffer.get(..len).and_then(split).ok_or(Errno::BADMSG)?;
    let code = body.first_chunk().map(|code| i32::from_ne_bytes(*code));
    match code.filter(|_| header.kind == NLMSG_ERROR) {
        Some(0) => Ok(()),
        Some(code) => Err(Errno::from_raw_os_error(code.wrapping_neg())),
        None => Err(Errno::BADMSG),
    }
}

/// Sends a request from the calling thread's network namespace. Returns the socket that the answer comes to.
fn send(request: &[u8], kind: u16, flags: u16) -> Result<OwnedFd, Errno> {
    let socket = socket_with(AddressFamily::NETLINK, SocketType::RAW, SocketFlags::CLOEXEC, Some(SOCK_DIAG))?;
    set_socket_timeout(&socket, Timeout::Recv, Some(WAIT))?;
    let len = (size_of::<Header>() + request.len()) as u32;
    let header = Header { len, kind, flags, sequence: 1, port: 0 };
    let request = [header.as_bytes(), request].concat();
    sendto(&socket, &request, SendFlags::empty(), &SocketAddrNetlink::new(0, 0))?;
    Ok(socket)
}

/// The attributes that follow a message: kind and value.
pub(super) fn attributes(mut bytes: &[u8]) -> impl Iterator<Item = (u16, &[u8])> {
    std::iter::from_fn(move || {
        let ([a, b, c, d], _) = bytes.split_first_chunk::<4>()?;
        let len = usize::from(u16::from_ne_bytes([*a, *b]));
        let value = bytes.get(4..len)?;
        bytes = bytes.get(len.next_multiple_of(4)..).unwrap_or_default();
        Some((u16::from_ne_bytes([*c, *d]), value))
    })
}

/// The first message of some: its header, its body, and the others.
fn split(bytes: &[u8]) -> Option<(Header, &[u8], &[u8])> {
    let (header, _) = Header::read_from_prefix(bytes).ok()?;
    let len = usize::try_from(header.len).ok()?;
    let body = bytes.get(size_of::<Header>()..len)?;
    Some((header, body, bytes.get(len.next_multiple_of(4)..).unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_that_are_no_message_are_refused() {
        assert!(split(&[1, 2, 3]).is_none());
        assert!(split(&[200; 20]).is_none());
        assert_eq!(attributes(&[3, 0, 1, 0]).count(), 0);
        assert_eq!(attributes(&[9, 0, 1, 0, 1]).count(), 0);
        assert_eq!(attributes(&[5, 0, 1, 0, 7, 0, 0, 0]).next(), Some((1, &[7][..])));
    }
}
