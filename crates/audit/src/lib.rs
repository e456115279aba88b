//! Evidence on its way to the ledger: its vocabulary, the spool that survives crashes, the writer that delivers it,
//! and everything that knows ClickHouse's columns. It judges nothing.

pub mod chain;
pub mod config;
pub mod ledger;
pub mod record;
pub mod secret;
pub mod self_watch;
pub mod spool;
pub mod writer;
