//! Connections to the UNIX socket of a watched database.

use zerocopy::{Immutable, IntoBytes, KnownLayout, TryFromBytes};

use crate::{Kind, Process};

/// `UNIX_PATH_MAX` of the kernel's `include/uapi/linux/un.h`.
pub const PATH_BYTES: usize = 108;

/// The client's first byte reached the database.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, TryFromBytes, IntoBytes, Immutable, KnownLayout)]
pub struct UnixOpened {
    /// [`Kind::UnixOpened`].
    pub kind: Kind,
    /// Bytes of `path` that are used.
    pub path_bytes: u8,
    /// The number in the socket's name.
    pub port: u16,
    /// Not 0 where what the client says is told next.
    pub is_heard: u8,
    /// 1 where nothing of it is counted, nor its end told.
    pub end_untold: u8,
    /// Zero.
    pub reserved: [u8; 2],
    /// Nanoseconds since the kernel started, time asleep included.
    pub at_boot_ns: u64,
    /// Cookie of the server's socket.
    pub cookie: u64,
    /// Cookie of the client's socket.
    pub client_cookie: u64,
    /// Who connected, as the kernel noted it with the server's socket. The command is that of the sender of the first
    /// byte, where that is the same process.
    pub process: Process,
    /// The name that the server bound its socket to; one that is in no file system begins with a zero byte.
    pub path: [u8; PATH_BYTES],
    /// Zero.
    pub reserved_end: [u8; 4],
}

/// The server's end of a connection that was told was closed.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, TryFromBytes, IntoBytes, Immutable, KnownLayout)]
pub struct UnixClosed {
    /// [`Kind::UnixClosed`].
    pub kind: Kind,
    /// Zero.
    pub reserved: [u8; 7],
    /// Nanoseconds since the kernel started, time asleep included.
    pub at_boot_ns: u64,
    /// Cookie of the server's socket, as in its `UnixOpened`.
    pub cookie: u64,
}

/// What the server's end of a connection has received and sent: a value of the map `UNIX_TRAFFIC`, by [`Traffic`].
pub type UnixTraffic = [u64; 3];

/// A place of [`UnixTraffic`].
#[repr(usize)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Traffic {
    /// Bytes that the server has received.
    ToServer = 0,
    /// Bytes that it has sent.
    ToClient = 1,
    /// When it last received or sent, or tried to, in nanoseconds since the kernel started, time asleep included; 0 where it has not yet.
    LastBootNs = 2,
}

/// A process was refused a connection, or would have been.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, TryFromBytes, IntoBytes, Immutable, KnownLayout)]
pub struct UnixRefused {
    /// [`Kind::UnixRefused`].
    pub kind: Kind,
    /// 0 where it was only told.
    pub is_denied: u8,
    /// The number in the socket's name.
    pub port: u16,
    /// Bytes of `path` that are used.
    pub path_bytes: u8,
    /// Zero.
    pub reserved: [u8; 3],
    /// Nanoseconds since the kernel started, time asleep included.
    pub at_boot_ns: u64,
    /// Cookie of the client's socket.
    pub client_cookie: u64,
    /// Which process asked.
    pub process: Process,
    /// The name that the server bound its socket to, as in [`UnixOpened`].
    pub path: [u8; PATH_BYTES],
    /// Zero.
    pub reserved_end: [u8; 4],
}

const _: () = assert!(size_of::<UnixOpened>() == 232);
const _: () = assert!(align_of::<UnixOpened>() == 8);
const _: () = assert!(size_of::<UnixClosed>() == 24);
const _: () = assert!(size_of::<UnixRefused>() == 224);
const _: () = assert!(align_of::<UnixRefused>() == 8);
