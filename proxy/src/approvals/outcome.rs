//! What becomes of a statement that is approved: its session looks at it once more, and tells whoever has approved it. It does not decide
//! anything.

use std::time::Duration;

use session::Answer;
use tokio::sync::oneshot;
use tokio::time::timeout;

/// How long somebody who has approved a statement waits for what comes of it.
const WAIT_MAX: Duration = Duration::from_secs(10);

/// What an approval has come to.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Approved {
    /// The statement runs.
    Whole,
    /// It runs, and what is alike does for as long as all have said.
    Granted,
    /// Of these groups somebody must approve too.
    Missing(Vec<String>),
    /// It is no longer what was approved, and is asked about anew by a request of this name.
    Anew(String),
    /// It runs once this request is approved too: that is of another statement of the same string.
    Behind(String),
    /// Policies that have changed meanwhile refuse it.
    Refused,
    /// Its session has not got to it yet.
    Unknown,
}

/// What a session has found when it looked at a statement that was approved.
#[derive(Debug)]
pub(crate) enum Then {
    Runs,
    Anew(String),
    Behind(String),
    Refused,
}

/// What an approval comes to, once the session has said it.
#[derive(Debug)]
pub(crate) struct Approving {
    /// What it comes to where the statement runs, or others must approve too.
    outcome: Approved,
    then: Option<oneshot::Receiver<Then>>,
}

/// An answer, and whom to tell what has come of it.
pub(crate) struct Answered {
    pub(crate) answer: Answer,
    pub(crate) tell: Option<oneshot::Sender<Then>>,
}

impl Approving {
    /// Others must approve too.
    pub(super) fn missing(groups: Vec<String>) -> Self {
        Approving { outcome: Approved::Missing(groups), then: None }
    }

    /// An answer that approves, with what will come of it.
    pub(super) fn of(answer: Answer, is_granted: bool) -> (Answered, Self) {
        let (tell, then) = oneshot::channel();
        let outcome = if is_granted { Approved::Granted } else { Approved::Whole };
        (Answered { answer, tell: Some(tell) }, Approving { outcome, then: Some(then) })
    }

    /// Waits for what comes of it.
    ///
    /// # Cancel safety
    ///
    /// The answer counts in any case.
    pub(crate) async fn outcome(self) -> Approved {
        let Some(then) = self.then else { return self.outcome };
        match timeout(WAIT_MAX, then).await {
            Ok(Ok(Then::Runs)) => self.outcome,
            Ok(Ok(Then::Anew(request))) => Approved::Anew(request),
            Ok(Ok(Then::Behind(request))) => Approved::Behind(request),
            Ok(Ok(Then::Refused)) => Approved::Refused,
            Ok(Err(_)) | Err(_) => Approved::Unknown,
        }
    }
}

impl Approved {
    /// The same in words.
    pub(crate) fn in_words(&self) -> String {
        match self {
            Approved::Whole => "it runs".to_owned(),
            Approved::Granted => "it runs, and so does what is alike for a while".to_owned(),
            Approved::Missing(groups) => format!("it still waits for {}", groups.join(", ")),
            Approved::Anew(request) => {
                format!("it has changed meanwhile, and is asked about anew as request {request}")
            }
            Approved::Behind(request) => format!("it runs once request {request} is approved too"),
            Approved::Refused => "it is refused by policies that have changed meanwhile".to_owned(),
            Approved::Unknown => "it is approved, and its session has not got to it yet".to_owned(),
        }
    }
}

impl From<Answer> for Answered {
    fn from(answer: Answer) -> Self {
        Answered { answer, tell: None }
    }
}
