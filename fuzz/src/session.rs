//! Whole sessions of any client with any server: what reaches the client does not depend on how bytes arrive, records come
//! before what they record, and whatever has started ends once.

mod script;
mod shell;

use std::thread;

use self::script::{Step, steps};
use self::shell::Shell;

/// Steps of the script of one session; see `script`.
pub fn session(data: &[u8]) {
    let steps = steps(data);
    // Statements are read on this thread.
    thread::scope(|scope| {
        let thread = thread::Builder::new().stack_size(sql::READ_STACK_BYTES);
        let ran = thread.spawn_scoped(scope, || compare(&steps)).expect("start a thread").join();
        ran.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
    });
}

fn compare(steps: &[Step]) {
    let whole = run(steps, usize::MAX);
    for piece in [1, 7] {
        assert!(run(steps, piece) == whole, "what the client sees depends on how bytes arrive");
    }
}

/// What the client sees where bytes arrive in such pieces, and how many statements started.
fn run(steps: &[Step], piece: usize) -> (Vec<u8>, usize) {
    let mut shell = Shell::new();
    for step in steps {
        let goes_on = match step {
            Step::Client(bytes) => bytes.chunks(piece).all(|piece| shell.client(piece)),
            Step::Server(bytes) => bytes.chunks(piece).all(|piece| shell.server(piece)),
            Step::Catalog => shell.newer_catalog(),
            Step::Mode(bits) => shell.change_modes(*bits),
        };
        if !goes_on {
            break;
        }
    }
    shell.end()
}
