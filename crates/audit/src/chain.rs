//! The chain of a writer: each record that it ships has a place in it, and what is shipped together is under a checkpoint,
//! which is signed and stands on the one before. Whoever changes, removes or adds a record afterwards breaks it, and
//! whoever mends it needs the writer's key. It knows neither ClickHouse nor the spool.

mod checkpoint;
mod journal;
mod key;
mod leaf;
mod table;

pub use self::checkpoint::{Checkpoint, Entry, Flaw, Head};
pub use self::journal::{Journal, JournalError, Noted, read_journal};
pub(crate) use self::key::put;
pub use self::key::{KeyError, PublicKey, SigningKey, read_public_keys};
pub(crate) use self::leaf::Leaf;
pub use self::table::Table;
