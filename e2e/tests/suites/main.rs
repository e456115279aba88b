//! PostgreSQL's own test suites, of the version of the server, through a proxy that reads, judges, masks and records
//! everything and refuses nothing. What they expect is what a direct connection answers.

mod isolation;
mod pipeline;
mod regress;
mod stage;
