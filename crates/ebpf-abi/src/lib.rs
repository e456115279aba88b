//! Records that the kernel programs write and the agent reads. Both are built from these definitions; their
//! layout is pinned here, and nothing here knows what a record means for the ledger.
#![cfg_attr(
    not(test),
    deny(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        clippy::unreachable,
        clippy::todo,
        clippy::string_slice
    )
)]
#![no_std]

mod act;
mod arguments;
mod closed;
mod counter;
mod kind;
mod offset;
mod opened;
mod port;
mod startup;
mod unix;

pub use act::{
    ADDRESS_OF_PROXY, ADDRESS_OWN, Act, CGROUP_LEVELS_MAX, CGROUP_PATH_BYTES, Mode, RULE_WORDS, Refused,
    RuleSet, Rules, START_TICK_NS, is_covered, is_own, is_same, joined,
};
pub use arguments::{ARGUMENTS_BYTES, Arguments, EXECUTABLE_BYTES};
pub use closed::{Closed, TcpState};
pub use counter::Counter;
pub use kind::Kind;
pub use offset::Offset;
pub use opened::{COMMAND_BYTES, Endpoint, NO_LOGIN, Opened, Process, Side};
pub use port::{PORT_ACTED_ON, PORT_UNWATCHED, PORT_WATCHED, PORT_WORDS, PortPlace};
pub use startup::{REQUEST_BYTES, REQUESTS_MAX, STARTUP_BYTES, Said, Startup};
pub use unix::{PATH_BYTES, Traffic, UnixClosed, UnixOpened, UnixRefused, UnixTraffic};
