//! The first byte of every event: which record it is.

use zerocopy::{Immutable, IntoBytes, KnownLayout, TryFromBytes};

/// Which record an event is.
#[repr(u8)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, TryFromBytes, IntoBytes, Immutable, KnownLayout)]
pub enum Kind {
    /// [`Opened`](crate::Opened).
    Opened = 1,
    /// [`Closed`](crate::Closed).
    Closed = 2,
    /// [`UnixOpened`](crate::UnixOpened).
    UnixOpened = 3,
    /// [`Refused`](crate::Refused).
    Refused = 4,
    /// [`Startup`](crate::Startup).
    Startup = 5,
    /// [`UnixRefused`](crate::UnixRefused).
    UnixRefused = 6,
    /// [`Arguments`](crate::Arguments).
    Arguments = 7,
    /// [`UnixClosed`](crate::UnixClosed).
    UnixClosed = 8,
}
