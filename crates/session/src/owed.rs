//! The replies that the server still owes, in the order in which it will send them.

use std::collections::VecDeque;
use std::mem::take;
use std::rc::Rc;

use mask::{CopyRows, Found};
use policy::Refusal;

use crate::evidence::{Execution, Outcome};
use crate::judged::Judged;
use crate::names::{Changed, Portal, Prepared};
use crate::results::Planned;

/// One message that was sent to the server and is not answered yet.
#[derive(Debug)]
pub(crate) enum Owed {
    /// ParseComplete. It has this number where it was recorded.
    Parse(Changed, Option<u64>),
    /// An error: this Parse or Execute was replaced by a message that fails, or is followed by one.
    Refused(Box<Running>),
    /// An error: a message about an unknown name, or one for which there is no room, was replaced by one that fails.
    RefusedUnrecorded(Box<Refusal>),
    /// BindComplete. The execution that it begins has this number.
    Bind(Changed, u64),
    /// CloseComplete, of a statement.
    CloseStatement(Changed),
    /// CloseComplete, of a portal.
    ClosePortal(Changed),
    /// ParameterDescription, then RowDescription or NoData, of this statement.
    DescribeStatement { prepared: Rc<Prepared>, begun: Option<u64> },
    /// This answer alone, which is kept from the client: it did not ask. It comes before the execution with this number.
    Hidden { tag: u8, before: u64 },
    /// ParameterDescription, then RowDescription or NoData, both kept from the client: of what the portal copies.
    DescribeCopied { portal: Rc<Portal>, before: u64 },
    /// RowDescription or NoData; kept from a client that did not ask.
    DescribePortal { portal: Option<Rc<Portal>>, hidden: bool },
    /// Rows, then CommandComplete, EmptyQueryResponse or PortalSuspended.
    Execute { running: Box<Running>, portal: Rc<Portal> },
    /// ReadyForQuery.
    Sync,
    /// ReadyForQuery, this often so far and last with this state, then CloseComplete: see `settling`.
    Settling { readies: u64, status: u8 },
    /// For each statement rows and CommandComplete, or one error; then ReadyForQuery.
    Query(VecDeque<Running>),
    /// Any replies, then ReadyForQuery: nobody knows how many statements run.
    Unread(Box<Unread>),
}

/// What was let pass and not read: its record is completed when all of it has ended.
#[derive(Debug)]
pub(crate) struct Unread {
    pub(crate) running: Running,
    /// SQLSTATE of the error that ended it.
    failed: Option<String>,
}

impl Unread {
    pub(crate) fn owed(running: Running) -> Owed {
        Owed::Unread(Box::new(Unread { running, failed: None }))
    }

    /// The statement that ran ended; another may follow.
    pub(crate) fn completed_one(&mut self, rows: u64) {
        self.running.end_result();
        // Rows of a result were counted as they came.
        if self.running.planned.take().is_none() {
            self.running.execution.rows += rows;
        }
        self.running.copy_in = CopyIn::Ahead;
    }

    /// An error ends all of it.
    pub(crate) fn fail(&mut self, sqlstate: String) {
        self.failed = Some(sqlstate);
        self.running.copy_in = CopyIn::Sent;
    }

    pub(crate) fn ended(self) -> (Running, Outcome) {
        (self.running, self.failed.map_or(Outcome::Completed, Outcome::Failed))
    }
}

/// A statement whose replies are coming or will come.
#[derive(Debug)]
pub(crate) struct Running {
    pub(crate) execution: Execution,
    /// What it is. Where that is refused, it was replaced by a statement that fails, and its error is rewritten.
    pub(crate) judged: Rc<Judged>,
    /// What happens to the rows of its present result.
    pub(crate) planned: Option<Rc<Planned>>,
    /// Names that it takes away, if any.
    pub(crate) forgets: Option<Box<Forgotten>>,
    /// What has become of the COPY data that it takes.
    pub(crate) copy_in: CopyIn,
    /// The COPY data that it gives, where that is masked.
    pub(crate) copy_out: Option<Box<CopyRows>>,
    /// In which columns of its present result something was found, and how many values were masked.
    pub(crate) found: Found,
}

/// Names that a statement takes away, once the server has completed it.
#[derive(Debug, Default)]
pub(crate) struct Forgotten {
    pub(crate) statements: Vec<Changed>,
    pub(crate) portals: Vec<Changed>,
    /// It takes the unnamed statement away by failing.
    pub(crate) unnamed: bool,
}

/// COPY data, from the client to the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CopyIn {
    /// The statement takes none.
    Never,
    /// The server has not said yet whether it takes some: what the client sends next may be data or not.
    Ahead,
    /// The server takes it. So many Syncs were sent among it.
    Taking { syncs: u64 },
    /// The client has sent all of it, or something else, and has sent Syncs before: the answer says what the server has made of those.
    Asked { syncs: u64 },
    /// The client has sent all of it, or has given up.
    Sent,
}

impl CopyIn {
    /// How many Syncs were sent among the data.
    pub(crate) fn syncs(self) -> u64 {
        match self {
            CopyIn::Taking { syncs } | CopyIn::Asked { syncs } => syncs,
            CopyIn::Never | CopyIn::Ahead | CopyIn::Sent => 0,
        }
    }
}

impl Running {
    /// Rows of a result that is treated like this are coming.
    pub(crate) fn begin_result(&mut self, planned: Rc<Planned>) {
        self.end_result();
        self.execution.note_result(&planned.names);
        self.planned = Some(planned);
    }

    /// No more rows of its present result come: columns in which something was found were masked.
    pub(crate) fn end_result(&mut self) {
        let of_rows = take(&mut self.found);
        let Some(planned) = &self.planned else { return };
        let of_copy = self.copy_out.as_mut().map(|rows| rows.take_found());
        for found in of_copy.into_iter().chain([of_rows]) {
            self.execution.masked += found.masked();
            if !found.is_empty() {
                self.execution.note_result(&Rc::new(planned.names_of(&found)));
            }
        }
    }
}

impl Owed {
    /// Whether its last reply is a ReadyForQuery.
    pub(crate) fn ends_section(&self) -> bool {
        matches!(self, Owed::Sync | Owed::Query(_) | Owed::Unread(_))
    }

    /// The statement whose replies come, where this is one that runs.
    pub(crate) fn running(&mut self) -> Option<&mut Running> {
        match self {
            Owed::Execute { running, .. } => Some(running),
            Owed::Query(batch) => batch.front_mut(),
            Owed::Unread(unread) => Some(&mut unread.running),
            Owed::Parse(..)
            | Owed::Refused(_)
            | Owed::RefusedUnrecorded(_)
            | Owed::Bind(..)
            | Owed::CloseStatement(_)
            | Owed::ClosePortal(_)
            | Owed::DescribeStatement { .. }
            | Owed::Hidden { .. }
            | Owed::DescribeCopied { .. }
            | Owed::DescribePortal { .. }
            | Owed::Sync
            | Owed::Settling { .. } => None,
        }
    }

    /// The statement that takes COPY data, or may be about to.
    pub(crate) fn copying(&mut self) -> Option<&mut Running> {
        let is_copying = |running: &&mut Running| !matches!(running.copy_in, CopyIn::Never | CopyIn::Sent);
        match self {
            Owed::Execute { running, .. } => Some(&mut **running).filter(is_copying),
            Owed::Query(batch) => batch.iter_mut().find(is_copying),
            Owed::Unread(unread) => Some(&mut unread.running).filter(is_copying),
            Owed::Parse(..)
            | Owed::Refused(_)
            | Owed::RefusedUnrecorded(_)
            | Owed::Bind(..)
            | Owed::CloseStatement(_)
            | Owed::ClosePortal(_)
            | Owed::DescribeStatement { .. }
            | Owed::Hidden { .. }
            | Owed::DescribeCopied { .. }
            | Owed::DescribePortal { .. }
            | Owed::Sync
            | Owed::Settling { .. } => None,
        }
    }
}
