//! What is recorded of the execution of one statement.

use std::fmt;
use std::rc::Rc;
use std::sync::Arc;

use mask::{Class, ColumnPlan, Reason};
use sql::Touched;

use crate::allowance::Probing;
use crate::recorded::Recorded;

/// A record for the trail.
#[derive(Debug)]
pub enum Evidence {
    /// Before a statement is forwarded.
    Started(Rc<Started>),
    /// After it ended.
    Finished(Finished),
    /// The session calls itself something else from now on (`application_name`).
    Renamed(String),
    /// The session's user has asked too many questions about values that are masked: somebody must be told.
    Probing(Probing),
}

/// What is known of a statement, whoever runs it and however often. The same statement has the same `Rc` for as long
/// as it is remembered.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Described {
    /// The statement as a client wrote it.
    pub text: String,
    /// What of it is recorded.
    pub(crate) recorded: Recorded,
    /// libpg_query's fingerprint, 0 where it could not be read.
    pub fingerprint: u64,
    /// What all have in common that differ in literals only; empty where it could not be read.
    pub normalised: String,
    /// What it does.
    pub effects: Vec<&'static str>,
    /// What it names, as `schema.relation.column`.
    pub touched: Touched,
    /// Names of the rules that refuse it; empty where it is allowed.
    pub refused_by: Vec<Arc<str>>,
    /// Names of the rules that would refuse it and only observe; empty where it is refused.
    pub observed_by: Vec<Arc<str>>,
    /// What the second reader understood differently; empty where both agree.
    pub readers_disagree: String,
}

impl Described {
    /// The statement as it is recorded.
    pub fn recorded_text(&self) -> &str {
        self.recorded.text.as_deref().unwrap_or(&self.text)
    }

    /// The same where it touches this.
    pub(crate) fn with_touched(&self, touched: Touched) -> Self {
        Described {
            text: self.text.clone(),
            recorded: self.recorded.clone(),
            fingerprint: self.fingerprint,
            normalised: self.normalised.clone(),
            effects: self.effects.clone(),
            touched,
            refused_by: self.refused_by.clone(),
            observed_by: self.observed_by.clone(),
            readers_disagree: self.readers_disagree.clone(),
        }
    }

    /// Hashes of values in it that are not recorded as they are.
    pub fn values(&self) -> &[u64] {
        &self.recorded.values
    }
}

/// Text and names stay out of logs.
impl fmt::Debug for Described {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Described")
            .field("effects", &self.effects)
            .field("refused_by", &self.refused_by)
            .finish_non_exhaustive()
    }
}

/// What is known before a statement runs.
#[derive(Clone, PartialEq, Eq)]
pub struct Started {
    /// Counts the executions of a session from 1.
    pub sequence: u64,
    /// What runs.
    pub statement: Rc<Described>,
    /// Its text as it is recorded, where it has other literals than the one that was described.
    pub text: Option<Rc<str>>,
    /// Hashes of values that it was given in that text or as parameters, and that are not recorded as they are.
    pub values: Vec<u64>,
    /// What its parameters are bound to: `NULL`, or in quotes as it is or a hash behind a `#`, with NUL between two. `None` where it has
    /// none, or nothing of them is recorded, or they are not known yet.
    pub parameters: Option<Rc<str>>,
}

/// Text stays out of logs.
impl fmt::Debug for Started {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Started { sequence, statement, text: _, values: _, parameters: _ } = self;
        f.debug_struct("Started")
            .field("sequence", sequence)
            .field("statement", statement)
            .finish_non_exhaustive()
    }
}

/// What is known after a statement ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finished {
    /// What was recorded before.
    pub started: Rc<Started>,
    /// How it ended.
    pub outcome: Outcome,
    /// Rows returned or changed.
    pub rows: u64,
    /// Bytes of rows and COPY data that the server sent.
    pub bytes: u64,
    /// Values of its result that were masked.
    pub masked: u64,
    /// What its result was made of; `None` where it had none. The same result of the same statement has the same `Rc`
    /// for as long as it is remembered.
    pub result: Option<Rc<ResultNames>>,
}

/// Columns that a result was made of, as `schema.relation.column`.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct ResultNames {
    /// All that are columns of a relation.
    pub returned: Vec<String>,
    /// Those of them that were masked.
    pub masked: Vec<String>,
    /// Those of them that are sensitive and were shown as they are, each with what it holds.
    pub revealed: Vec<(String, Class)>,
}

impl ResultNames {
    /// Adds a column, once.
    pub(crate) fn note(&mut self, name: String, treated: Treated) {
        match treated {
            Treated::Shown => {}
            Treated::Masked => add(&mut self.masked, &name),
            Treated::Revealed(class) => add(&mut self.revealed, &(name.clone(), class)),
        }
        add(&mut self.returned, &name);
    }

    /// Adds all of another result.
    fn add(&mut self, other: &ResultNames) {
        let ResultNames { returned, masked, revealed } = other;
        returned.iter().for_each(|name| add(&mut self.returned, name));
        masked.iter().for_each(|name| add(&mut self.masked, name));
        revealed.iter().for_each(|column| add(&mut self.revealed, column));
    }
}

/// Adds it, once.
fn add<T: PartialEq + Clone>(all: &mut Vec<T>, one: &T) {
    if !all.contains(one) {
        all.push(one.clone());
    }
}

/// Names stay out of logs.
impl fmt::Debug for ResultNames {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (returned, masked, revealed) = (self.returned.len(), self.masked.len(), self.revealed.len());
        f.debug_struct("ResultNames")
            .field("returned", &returned)
            .field("masked", &masked)
            .field("revealed", &revealed)
            .finish()
    }
}

/// What a client is shown of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Treated {
    /// Its values, which are not known to be sensitive.
    Shown,
    /// Something else in their place.
    Masked,
    /// Its values, which are this.
    Revealed(Class),
}

impl From<&ColumnPlan> for Treated {
    fn from(plan: &ColumnPlan) -> Self {
        match plan {
            ColumnPlan::Mask(..) | ColumnPlan::Record(..) | ColumnPlan::Records(..) => Treated::Masked,
            ColumnPlan::Clear(Reason::Revealed(class)) => Treated::Revealed(*class),
            ColumnPlan::Clear(_) | ColumnPlan::Scan(..) => Treated::Shown,
        }
    }
}

/// How an execution ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The server completed it.
    Completed,
    /// The server read or planned it, and nothing executed it.
    Prepared,
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
    pub(crate) started: Rc<Started>,
    pub(crate) rows: u64,
    pub(crate) bytes: u64,
    pub(crate) masked: u64,
    result: Option<Rc<ResultNames>>,
}

impl Execution {
    pub(crate) fn new(started: Rc<Started>) -> Self {
        Execution { started, rows: 0, bytes: 0, masked: 0, result: None }
    }

    /// It has a result of these columns, perhaps after others.
    pub(crate) fn note_result(&mut self, names: &Rc<ResultNames>) {
        match &self.result {
            Some(known) if known != names => {
                let mut all = ResultNames::clone(known);
                all.add(names);
                self.result = Some(Rc::new(all));
            }
            Some(_) => {}
            None => self.result = Some(Rc::clone(names)),
        }
    }

    pub(crate) fn finish(self, outcome: Outcome) -> Evidence {
        let Execution { started, rows, bytes, masked, result } = self;
        Evidence::Finished(Finished { started, outcome, rows, bytes, masked, result })
    }
}
