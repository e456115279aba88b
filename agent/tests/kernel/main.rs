//! The agent on this kernel. Needs root and the kernel programs: `cargo xtask test` sees to both.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod acts;
mod allowed;
mod binary;
mod discover;
mod ending;
mod eye;
mod found;
mod local;
mod namespaces;
mod process;
mod programs;
mod stack;
mod startup;
mod storm;
mod tampered;
mod untold;
