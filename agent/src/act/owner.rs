//! Tells whose a network namespace is: of whoever made the user namespace that it belongs to. Any user may make both, be root
//! there, and call any address the namespace's own. And in which one a socket is.

#![expect(unsafe_code, reason = "no library has a safe call for it")]

use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

const ROOT: libc::uid_t = 0;

/// Whether that is root.
pub(crate) fn is_root(namespace: &File) -> io::Result<bool> {
    of(namespace).map(|uid| uid == ROOT)
}

/// The network namespace that a socket is in (`netdevice(7)`, SIOCGSKNS).
pub(crate) fn of_socket(socket: BorrowedFd<'_>) -> io::Result<OwnedFd> {
    // SAFETY: the socket is open, and this request has no argument.
    let made = unsafe { libc::ioctl(socket.as_raw_fd(), libc::SIOCGSKNS) };
    if made < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the kernel has just opened it for this call, and nobody else has it.
    Ok(unsafe { OwnedFd::from_raw_fd(made) })
}

/// The user, as this process calls it (`ioctl_nsfs(2)`).
fn of(namespace: &File) -> io::Result<libc::uid_t> {
    // SAFETY: the file is open, and this request has no argument.
    let made = unsafe { libc::ioctl(namespace.as_raw_fd(), libc::NS_GET_USERNS) };
    if made < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the kernel has just opened it for this call, and nobody else has it.
    let users = unsafe { OwnedFd::from_raw_fd(made) };
    let mut uid: libc::uid_t = 0;
    // SAFETY: the file is open, and the kernel writes one user id to where `uid` stands.
    match unsafe { libc::ioctl(users.as_raw_fd(), libc::NS_GET_OWNER_UID, &raw mut uid) } {
        0 => Ok(uid),
        _ => Err(io::Error::last_os_error()),
    }
}
