//! `\if` and what belongs to it.

/// The conditions that are open, from the outermost to the innermost.
#[derive(Default)]
pub(super) struct Conditions {
    open: Vec<Condition>,
}

struct Condition {
    /// The branch that has begun is skipped.
    skips: bool,
    /// A branch before it is known to be taken.
    taken: bool,
}

impl Conditions {
    /// Whether what stands here is skipped.
    pub(super) fn skip(&self) -> bool {
        self.open.iter().any(|condition| condition.skips)
    }

    /// Whether a command belongs to a condition, whose argument is then taken.
    pub(super) fn command(&mut self, name: &[u8], argument: impl FnOnce() -> Vec<u8>) -> bool {
        match name {
            b"if" => {
                let holds = truth(&argument());
                self.open.push(Condition { skips: holds == Some(false), taken: holds == Some(true) });
            }
            b"elif" | b"else" => {
                let holds = if name == b"else" { Some(true) } else { truth(&argument()) };
                if let Some(condition) = self.open.last_mut() {
                    condition.skips = condition.taken || holds == Some(false);
                    // A condition that only the server knows leaves the others open.
                    condition.taken |= holds == Some(true);
                }
            }
            b"endif" => drop(self.open.pop()),
            _ => return false,
        }
        true
    }
}

/// What is no boolean is false to psql, and not known where it stands for what only the server knows.
fn truth(argument: &[u8]) -> Option<bool> {
    match argument.to_ascii_lowercase().as_slice() {
        b"true" | b"on" | b"t" | b"yes" => Some(true),
        b"1" => None,
        _ => Some(false),
    }
}
