//! The replies that the server still owes, in the order in which it will send them.

use std::collections::VecDeque;
use std::rc::Rc;

use mask::Plan;
use policy::Refusal;

use crate::evidence::Execution;
use crate::names::{Changed, Portal};

/// One message that was sent to the server and is not answered yet.
#[derive(Debug)]
pub(crate) enum Owed {
    /// ParseComplete.
    Parse(Changed),
    /// An error: this Parse was replaced by one that fails.
    RefusedParse(Box<Running>),
    /// An error: a message about an unknown name was replaced by one that fails.
    RefusedName(Refusal),
    /// BindComplete.
    Bind(Changed),
    /// CloseComplete, of a statement.
    CloseStatement(Changed),
    /// CloseComplete, of a portal.
    ClosePortal(Changed),
    /// ParameterDescription, then RowDescription or NoData.
    DescribeStatement,
    /// RowDescription or NoData; kept from a client that did not ask.
    DescribePortal { portal: Option<Rc<Portal>>, hidden: bool },
    /// Rows, then CommandComplete, EmptyQueryResponse or PortalSuspended.
    Execute { running: Box<Running>, portal: Rc<Portal> },
    /// ReadyForQuery.
    Sync,
    /// For each statement rows and CommandComplete, or one error; then ReadyForQuery.
    Query(VecDeque<Running>),
}

/// A statement whose replies are coming or will come.
#[derive(Debug)]
pub(crate) struct Running {
    pub(crate) execution: Execution,
    /// It was replaced by a statement that fails; its error is rewritten to this.
    pub(crate) refusal: Option<Refusal>,
    /// What happens to the rows of its present result.
    pub(crate) plan: Option<Rc<Plan>>,
}

impl Running {
    pub(crate) fn new(execution: Execution, refusal: Option<Refusal>) -> Self {
        Running { execution, refusal, plan: None }
    }
}
