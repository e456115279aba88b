//! A connection to a watched port was established, seen from one of its ends.

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, TryFromBytes};

use crate::Kind;

/// Bytes of a process's `comm`, its closing zero included.
pub const COMMAND_BYTES: usize = 16;

/// `AUDIT_UID_UNSET` of the kernel's `include/uapi/linux/audit.h`.
pub const NO_LOGIN: u32 = u32::MAX;

/// Which end of the connection tells.
#[repr(u8)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, TryFromBytes, IntoBytes, Immutable, KnownLayout)]
pub enum Side {
    /// The end that asked for the connection.
    Client = 1,
    /// The database's end.
    Server = 2,
}

/// One end of a connection.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
pub struct Endpoint {
    /// IPv6 address in network order; an IPv4 address is mapped into it.
    pub address: [u8; 16],
    /// Port in the machine's order.
    pub port: u16,
    /// Zero.
    pub reserved: [u8; 6],
}

/// The process that asked for a connection, taken within its own `connect`.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
pub struct Process {
    /// Thread group id in the initial pid namespace; 0 where no process is known.
    pub pid: u32,
    /// Real user id in the initial user namespace.
    pub uid: u32,
    /// cgroup v2 id.
    pub cgroup_id: u64,
    /// When it started, in nanoseconds since the kernel started, time asleep included; 0 where that is not known.
    pub started_boot_ns: u64,
    /// Who started it, or took it over, as `pid`; 0 where that is not known.
    pub parent_pid: u32,
    /// Inode of the network namespace that its socket is in; 0 where that is not known.
    pub network_namespace: u32,
    /// `comm`, filled up with zeros.
    pub command: [u8; COMMAND_BYTES],
    /// That of who started it.
    pub parent_command: [u8; COMMAND_BYTES],
    /// Inode of the file that it ran, as the kernel numbers it; 0 where that is not known.
    pub executable_inode: u64,
    /// Number of the mount that this file is on.
    pub executable_mount: u32,
    /// How often it had become another program.
    pub executions: u32,
    /// Who logged in, in the initial user namespace; [`NO_LOGIN`] where nobody did, or that is not known.
    pub login_uid: u32,
    /// Zero.
    pub reserved: u32,
}

/// A connection was established, seen from one of its ends.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, TryFromBytes, IntoBytes, Immutable, KnownLayout)]
pub struct Opened {
    /// [`Kind::Opened`].
    pub kind: Kind,
    /// Which end tells.
    pub side: Side,
    /// 1 where the kernel refuses to tell of this end's close.
    pub end_untold: u8,
    /// Zero.
    pub reserved: [u8; 5],
    /// Nanoseconds since the kernel started, time asleep included.
    pub at_boot_ns: u64,
    /// Cookie of this end's socket.
    pub cookie: u64,
    /// Cookie of this end's network namespace.
    pub netns_cookie: u64,
    /// This end.
    pub local: Endpoint,
    /// The other end.
    pub remote: Endpoint,
    /// Who asked for it; [`Process::UNKNOWN`] where nothing is known of it, and on the server's side.
    pub process: Process,
}

impl Endpoint {
    /// Nothing is known of it.
    pub const UNKNOWN: Self = Endpoint { address: [0; 16], port: 0, reserved: [0; 6] };
}

impl Process {
    /// No process is known.
    pub const UNKNOWN: Self = Process {
        pid: 0,
        uid: 0,
        cgroup_id: 0,
        started_boot_ns: 0,
        parent_pid: 0,
        network_namespace: 0,
        command: [0; COMMAND_BYTES],
        parent_command: [0; COMMAND_BYTES],
        executable_inode: 0,
        executable_mount: 0,
        executions: 0,
        login_uid: NO_LOGIN,
        reserved: 0,
    };
}

const _: () = assert!(size_of::<Endpoint>() == 24);
const _: () = assert!(size_of::<Process>() == 88);
const _: () = assert!(size_of::<Opened>() == 168);
const _: () = assert!(align_of::<Opened>() == 8);
