//! All end-to-end tests in one binary: real PostgreSQL, engine, proxy, agent, kernel and clients.

mod agent;
mod attacks;
mod bad_config;
mod bad_input;
mod cancel;
mod certificates;
mod cli;
mod conversation;
mod databases;
mod driver;
mod drop_table;
mod encryption;
mod evidence;
mod fixtures;
mod goodbye;
mod limits;
mod newest_libpq;
mod raw;
mod reload;
mod replication;
mod select;
mod shutdown;
mod sign_in;
mod stack;
mod update;
mod upstream_encryption;
