//! One client's session after log-in as a state machine: bytes from both sides go in, actions come out.
//! Pure: no IO, no clock. The shell that owns the sockets performs the actions in their order.
//!
//! INVARIANT: the record of a statement comes before the action that forwards it.
//! INVARIANT: only what a `policy::Permit` covers is forwarded to run; what is refused is replaced by a statement that
//! fails in the same place, so that PostgreSQL itself keeps transactions, pipelines and savepoints exact.
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

mod action;
mod again;
mod allowance;
mod asking;
mod begun;
mod bodies;
mod client;
mod copied;
mod copying;
mod ending;
mod evidence;
mod explain;
mod following;
mod given;
mod hidden;
mod judged;
mod keyed;
mod landing;
mod large;
mod late;
mod made;
mod moving;
mod names;
mod owed;
mod path;
mod probed;
mod put_back;
mod readings;
mod reasons;
mod recorded;
mod referred;
mod refusal;
mod replication;
mod results;
mod revealed;
mod ruled;
mod server;
mod settling;
mod shown;
mod sightings;
mod sliding;
mod spills;
mod stains;
mod state;
mod statistics;
mod tcn;
mod telling;
mod temporary;
#[cfg(test)]
mod tests;
mod tied;
mod told;
mod touched;
mod unknown;
mod unread;
mod unshown;
mod ways;

pub use action::{Action, CloseReason, Step};
pub use allowance::{Allowance, PARTS as PARTS_OF_AN_HOUR, Probing, Questions};
pub use asking::{Answer, Request, Value};
pub use ending::{Patience, Rests, Stop};
pub use evidence::{Described, Evidence, Finished, Outcome, ResultNames, Started};
pub use explain::{Explained, explain};
pub use hidden::masked_parameter;
pub use judged::may_run;
pub use moving::MovedNames;
pub use readings::Readings;
pub use reasons::{SETTING as REASON_SETTING, without_reason};
pub use replication::Replication;
pub use shown::{classed, records_of_view, shown_by_view};
pub use stains::{NamedStain, Stain, Stains, ToldOf};
pub use state::{Environment, Resting, Session, SessionError};
pub use statistics::{STATISTICS, STATISTICS_FUNCTIONS};
pub use unknown::Unknown;
