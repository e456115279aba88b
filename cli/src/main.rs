//! `picket`: asks the ledger who touched what, who went around, and whether it is what its writers signed, and the rules
//! what they say of a statement; answers what waits for an approval, and says what columns hold, at a proxy; keeps a session at the
//! identity provider; has the agent of its host end connections. It changes nothing else but a ledger's schema, where
//! that is asked for.

mod approvals;
mod args;
mod ask;
mod connections;
mod export;
mod failure;
mod login;
mod policy;
mod saw;
mod show;
mod since;
mod tail;
mod verify;

use std::io::{Write, stderr};
use std::process::ExitCode;

use clap::Parser;

use self::args::Args;

fn main() -> ExitCode {
    match ask::ask(Args::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            let told = format!("{:#}", failure.error).replace('\n', " ");
            // Nothing can be done where stderr is closed.
            let _ = writeln!(stderr(), "picket: {}", show::escaped(&told));
            ExitCode::from(failure.code)
        }
    }
}
