//! Other people's clients and test suites, through a proxy that reads, judges, masks and records everything and refuses
//! nothing. What they expect is what a direct connection answers.

mod facts;
mod isolation;
mod pipeline;
mod programs;
mod reading;
mod regress;
mod stage;
mod tools;
