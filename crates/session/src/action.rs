//! What the shell must do, as values. Order is meaning.

use std::ops::Range;

use mask::{ColumnId, Sample};

use crate::asking::Request;
use crate::evidence::Evidence;
use crate::stains::Stain;
use crate::unknown::Unknown;

/// One thing for the shell to do.
#[derive(Debug)]
pub enum Action {
    /// Store this record. What follows must not be performed unless it is stored.
    Record(Evidence),
    /// Keep in mind that these columns are sensitive, for everybody and over a restart. What follows must not be performed unless
    /// that is so. The session waits for a newer catalog, and takes the same bytes again.
    Stain(Vec<Stain>),
    /// Ask somebody to approve this, tell the client so, and give [`Session::answered`](crate::Session::answered) what comes of
    /// it. Nothing follows.
    Ask(Box<Request>),
    /// Send these bytes of the input that was given to `on_client` to the server.
    ForwardToServer(Range<usize>),
    /// Send these bytes to the server.
    SendToServer(Vec<u8>),
    /// Send these bytes of the input that was given to `on_server` to the client.
    ForwardToClient(Range<usize>),
    /// Send these bytes to the client.
    SendToClient(Vec<u8>),
    /// Values of columns that could hold anything were seen to be these: what they tell can be told of the columns.
    Sighted(Vec<(ColumnId, Sample)>),
    /// The session changed definitions, and its transaction is over: read the catalog again.
    CatalogChanged,
    /// The session gave names to these relations, or took them away, and its transaction is over: read them again.
    RelationsChanged(Unknown),
    /// Perform what came before, then close both sides.
    Close(CloseReason),
}

/// Why a session ends in good order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CloseReason {
    /// The client said goodbye.
    ClientTerminated,
}

/// How far the input was used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// These many bytes were used; the rest is not a whole message yet.
    More(usize),
    /// These many bytes were used; before the rest can be, a newer catalog is needed.
    NeedsCatalog(usize),
    /// These many bytes of the client's were used; before the rest can be, a long text must be read
    /// ([`Readings::take_wanted`](crate::Readings::take_wanted)).
    NeedsReading(usize),
    /// These many bytes of the client's were used; before the rest can be, the server must answer more of what it
    /// was sent.
    NeedsReplies(usize),
    /// These many bytes of the client's were used; before the rest can be, what was asked must be answered.
    NeedsAnswer(usize),
}

/// What becomes of a message.
pub(crate) enum Pass {
    /// It goes to the other side as it is.
    Whole,
    /// It goes to the server as it is, and then this.
    WholeThen(Vec<u8>),
    /// It does not; what goes instead, if anything, is in the actions already.
    Replaced,
    /// It waits for what is not known yet.
    Waits,
    /// It waits for a newer catalog.
    WaitsForCatalog,
    /// It waits for somebody's answer.
    WaitsForAnswer,
    /// It waits until its text is read.
    WaitsForReading,
}

/// Where forwarded bytes go.
#[derive(Clone, Copy)]
pub(crate) enum Toward {
    Client,
    Server,
}

/// Forwards `range`, as one run with what was forwarded just before it where they touch.
pub(crate) fn forward(out: &mut Vec<Action>, toward: Toward, range: Range<usize>) {
    if range.is_empty() {
        return;
    }
    match (out.last_mut(), toward) {
        (Some(Action::ForwardToServer(run)), Toward::Server)
        | (Some(Action::ForwardToClient(run)), Toward::Client)
            if run.end == range.start =>
        {
            run.end = range.end;
        }
        (_, Toward::Server) => out.push(Action::ForwardToServer(range)),
        (_, Toward::Client) => out.push(Action::ForwardToClient(range)),
    }
}

/// Appends what `fill` writes to what is sent to the client.
pub(crate) fn send_to_client<T>(out: &mut Vec<Action>, fill: impl FnOnce(&mut Vec<u8>) -> T) -> T {
    if let Some(Action::SendToClient(buffer)) = out.last_mut() {
        return fill(buffer);
    }
    let mut buffer = Vec::new();
    let result = fill(&mut buffer);
    out.push(Action::SendToClient(buffer));
    result
}
