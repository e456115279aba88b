//! What a process was started with.

use zerocopy::{Immutable, IntoBytes, KnownLayout, TryFromBytes};

use crate::Kind;

/// Bytes of a command line that are told: as many as a hash is made of.
pub const ARGUMENTS_BYTES: usize = 4096;

/// Bytes of the name of an executable that are told, its closing zero included.
pub const EXECUTABLE_BYTES: usize = 64;

/// A process that connects was started with these arguments. Told once for each program that it runs, before its first connection is.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, TryFromBytes, IntoBytes, Immutable, KnownLayout)]
pub struct Arguments {
    /// [`Kind::Arguments`].
    pub kind: Kind,
    /// Zero.
    pub reserved: u8,
    /// Bytes of `line` that were copied; 0 where they could not be read. What stands behind them is anything.
    pub copied: u16,
    /// As `pid` of its [`Process`](crate::Process).
    pub pid: u32,
    /// Nanoseconds since the kernel started, time asleep included.
    pub at_boot_ns: u64,
    /// As `started_boot_ns` of its [`Process`](crate::Process).
    pub started_boot_ns: u64,
    /// As `executions` of its [`Process`](crate::Process).
    pub executions: u32,
    /// Zero.
    pub reserved_2: u32,
    /// Name of the file that it runs, without folders, filled up with zeros; a longer one is cut.
    pub executable: [u8; EXECUTABLE_BYTES],
    /// Each argument with a zero behind it.
    pub line: [u8; ARGUMENTS_BYTES],
}

const _: () = assert!(size_of::<Arguments>() == 96 + ARGUMENTS_BYTES);
const _: () = assert!(align_of::<Arguments>() == 8);
