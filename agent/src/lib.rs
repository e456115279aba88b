//! The second witness: kernel programs tell of every connection to the database ports of a host, and whatever came
//! around the proxy is an alert. It records, and refuses nobody unless it is told to.

mod access;
mod act;
mod alerts;
mod allowances;
mod asker;
pub mod config;
mod discover;
pub mod door;
pub mod event;
mod gap;
mod health;
mod journal;
mod lack;
pub mod load;
mod moment;
mod own;
pub mod privileges;
mod proc;
mod process;
mod registry;
mod report;
mod selftest;
mod sentence;
mod shipping;
pub mod snapshot;
pub mod track;
pub mod watch;

pub use act::addresses::{Addresses, Namespaces};
pub use act::orders::Orders;
pub use allowances::Allowances;
pub use config::{ActConfig, AllowRule, Config, Source};
pub use lack::Lack;
pub use moment::Clock;
pub use process::{Arguments, ArgumentsKey, Processes};
pub use registry::Registry;
