//! An end of a connection closed.

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, TryFromBytes};

use crate::Kind;

/// A TCP state as the kernel numbers it (`include/net/tcp_states.h`).
#[repr(transparent)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
pub struct TcpState(pub u8);

impl TcpState {
    /// Data flows both ways.
    pub const ESTABLISHED: Self = TcpState(1);
    /// Its own FIN is sent.
    pub const FIN_WAIT1: Self = TcpState(4);
    /// Its own FIN is acknowledged.
    pub const FIN_WAIT2: Self = TcpState(5);
    /// Nothing is left.
    pub const CLOSE: Self = TcpState(7);
    /// The other end's FIN came.
    pub const CLOSE_WAIT: Self = TcpState(8);
    /// The other end's FIN came and its own is sent.
    pub const LAST_ACK: Self = TcpState(9);
    /// It waits for connections.
    pub const LISTEN: Self = TcpState(10);
    /// Both ends sent a FIN at once.
    pub const CLOSING: Self = TcpState(11);
}

/// An end of a connection closed. Byte counts are the kernel's: a SYN and a FIN count as one byte each.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, TryFromBytes, IntoBytes, Immutable, KnownLayout)]
pub struct Closed {
    /// [`Kind::Closed`].
    pub kind: Kind,
    /// The state that it closed from: tells which FINs are counted.
    pub last_state: TcpState,
    /// 1 where the other end acknowledged all that was sent.
    pub all_acked: u8,
    /// Zero.
    pub reserved: [u8; 5],
    /// Nanoseconds since the kernel started, time asleep included.
    pub at_boot_ns: u64,
    /// Cookie of this end's socket, as in its `Opened`.
    pub cookie: u64,
    /// What it received.
    pub bytes_received: u64,
    /// What it sent and the other end acknowledged.
    pub bytes_acked: u64,
}

const _: () = assert!(size_of::<Closed>() == 40);
const _: () = assert!(align_of::<Closed>() == 8);
