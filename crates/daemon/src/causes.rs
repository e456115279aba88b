//! An error in one line, for logs.

use std::error::Error;
use std::iter::successors;

/// What an error says, and behind it what its causes say.
pub fn with_causes(error: &dyn Error) -> String {
    let causes = successors(error.source(), |cause| (**cause).source());
    causes.fold(error.to_string(), |told, cause| format!("{told}: {cause}"))
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("cannot reach the database")]
    struct NotReached(#[source] io::Error);

    #[test]
    fn all_causes_stand_behind_the_error() {
        let refused = io::Error::other(NotReached(io::Error::other("connection refused")));
        assert_eq!(with_causes(&refused), "cannot reach the database: connection refused");
        assert_eq!(with_causes(&io::Error::other("alone")), "alone");
    }
}
