//! Why a daemon ends, and the exit code that says so.

/// What kind of failure it was, by the exit codes of `sysexits.h`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Something else went wrong.
    Failed,
    /// Something that is needed is not there.
    Unavailable,
    /// The daemon lacks rights.
    NoRights,
    /// The configuration is wrong.
    BadConfig,
}

/// A failure that ends a daemon.
#[derive(Debug)]
pub struct Failure {
    /// What kind.
    pub kind: Kind,
    /// What happened, why, and the mend.
    pub error: anyhow::Error,
}

impl Kind {
    /// Its exit code.
    pub fn code(self) -> u8 {
        match self {
            Self::Failed => 1,
            Self::Unavailable => 69,
            Self::NoRights => 77,
            Self::BadConfig => 78,
        }
    }

    /// A failure of this kind, in words: what happened, why, and the mend.
    pub fn says(self, message: impl Into<String>) -> Failure {
        self.because(anyhow::Error::msg(message.into()))
    }

    /// `error` as a failure of this kind.
    pub fn because(self, error: impl Into<anyhow::Error>) -> Failure {
        Failure { kind: self, error: error.into() }
    }
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Kind::Failed.because(error)
    }
}
