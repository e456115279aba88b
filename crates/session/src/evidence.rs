//! What is recorded of the execution of one statement.

use std::fmt;

use sql::Touched;

/// A record for the trail.
#[derive(Debug)]
pub enum Evidence {
    /// Before a statement is forwarded.
    Started(Started),
    /// After it ended.
    Finished(Box<Finished>),
}

/// What is known before a statement runs.
#[derive(Clone, PartialEq, Eq)]
pub struct Started {
    /// Counts the executions of a session from 1.
    pub sequence: u64,
    /// The statement as the client wrote it.
    pub text: String,
    /// libpg_query's fingerprint, 0 where it could not be read.
    pub fingerprint: u64,
    /// What it does.
    pub effects: Vec<&'static str>,
    /// What it names, as `schema.relation.column`.
    pub touched: Touched,
    /// Name of the rule that refused it; `None` where it was allowed.
    pub refused_by: Option<&'static str>,
    /// What the second reader understood differently; empty where both agree.
    pub readers_disagree: String,
}

/// Text and names stay out of logs.
impl fmt::Debug for Started {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Started")
            .field("sequence", &self.sequence)
            .field("effects", &self.effects)
            .field("refused_by", &self.refused_by)
            .finish_non_exhaustive()
    }
}

/// What is known after a statement ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finished {
    /// What was recorded before.
    pub started: Started,
    /// How it ended.
    pub outcome: Outcome,
    /// Rows returned or changed.
    pub rows: u64,
    /// Bytes of rows and COPY data that the server sent.
    pub bytes: u64,
    /// Columns that the result was made of, as `schema.relation.column`.
    pub returned: Vec<String>,
    /// Those of them that were masked.
    pub masked: Vec<String>,
}

/// How an execution ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The server completed it.
    Completed,
    /// The server failed it, with this SQLSTATE.
    Failed(String),
    /// The server never ran it: an earlier one in its string or pipeline failed.
    Skipped,
    /// The connection was lost before its end was seen.
    Lost,
}

/// An execution that was recorded and has not ended.
#[derive(Debug)]
pub(crate) struct Execution {
    pub(crate) started: Started,
    pub(crate) rows: u64,
    pub(crate) bytes: u64,
    pub(crate) returned: Vec<String>,
    pub(crate) masked: Vec<String>,
}

impl Execution {
    pub(crate) fn new(started: Started) -> Self {
        Execution { started, rows: 0, bytes: 0, returned: Vec::new(), masked: Vec::new() }
    }

    pub(crate) fn finish(self, outcome: Outcome) -> Evidence {
        let Execution { started, rows, bytes, returned, masked } = self;
        Evidence::Finished(Box::new(Finished { started, outcome, rows, bytes, returned, masked }))
    }
}
