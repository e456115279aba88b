//! What the kernel programs count, one slot per processor and counter.

/// A slot of the map `COUNTERS`. Counts start when the programs are loaded.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counter {
    /// `Opened` events handed to the ring.
    OpenedSubmitted = 0,
    /// `Opened` events that found the ring full.
    OpenedLost = 1,
    /// `Closed` events handed to the ring.
    ClosedSubmitted = 2,
    /// `Closed` events that found the ring full.
    ClosedLost = 3,
    /// Connections of this host that were told without the process that asked for them.
    ProcessLost = 4,
    /// Connections whose end the kernel refused to tell.
    EndUnseen = 5,
    /// `UnixOpened` events handed to the ring.
    UnixSubmitted = 6,
    /// `UnixOpened` events that found the ring full.
    UnixLost = 7,
    /// Sockets that began to listen, on whichever port.
    Listens = 8,
    /// `connect`s around the proxy that were refused, or would have been.
    Denied = 9,
    /// `Refused` and `UnixRefused` events handed to the ring.
    RefusedSubmitted = 10,
    /// `Refused` and `UnixRefused` events that found the ring full.
    RefusedLost = 11,
    /// `connect`s to ports that are acted on which went on unjudged: the agent had not put the end off.
    Unjudged = 12,
    /// `Startup` events handed to the ring.
    StartupSubmitted = 13,
    /// `Startup` events that found the ring full, or half of it.
    StartupLost = 14,
    /// `Arguments` events handed to the ring.
    ArgumentsSubmitted = 15,
    /// `Arguments` events that found the ring full, or an eighth of it.
    ArgumentsLost = 16,
}

impl Counter {
    /// How many there are.
    pub const COUNT: u32 = 17;
}
