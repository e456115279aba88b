//! The way of an answer from a statement's thread to the connection: a head, then pieces, then an end that says
//! whether it is whole. A client that went away closes it.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::body::{Body, Frame};
use thiserror::Error;
use tokio::sync::{mpsc, oneshot};

use crate::chdb::Summary;
use crate::fault::Fault;

/// Pieces that wait for the client.
const PIECES_MAX: usize = 4;

/// What is known before the first byte of an answer.
#[derive(Debug)]
pub(crate) struct Head {
    pub(crate) format: String,
    pub(crate) summary: Summary,
}

/// What the connection gets: a head or why there is none.
pub(crate) type Begun = Result<(Head, Pieces), Fault>;

/// The statement's end.
pub(crate) struct Outlet {
    head: Option<oneshot::Sender<Begun>>,
    pieces: Option<mpsc::Sender<Piece>>,
    /// Marks the end of a broken answer.
    tag: String,
}

enum Piece {
    Bytes(Bytes),
    Broken,
    End,
}

/// The client went away, and nobody waits for more.
#[derive(Debug, Error)]
#[error("the client went away")]
pub(crate) struct ClientGone;

/// The statement failed after its answer had begun.
#[derive(Debug, Error)]
#[error("the statement failed after its answer had begun")]
pub(crate) struct Broken;

/// Opens a way for one answer.
pub(crate) fn open(tag: String) -> (Outlet, oneshot::Receiver<Begun>) {
    let (sender, receiver) = oneshot::channel();
    (Outlet { head: Some(sender), pieces: None, tag }, receiver)
}

impl Outlet {
    /// Begins the answer.
    pub(crate) fn begin(&mut self, head: Head) -> Result<(), ClientGone> {
        let (sender, receiver) = mpsc::channel(PIECES_MAX);
        self.pieces = Some(sender);
        let pieces = Pieces { receiver, breaking: false, ended: false };
        match self.head.take() {
            Some(begun) => begun.send(Ok((head, pieces))).map_err(|_| ClientGone),
            None => Err(ClientGone),
        }
    }

    /// Sends a piece; waits while the client is behind.
    pub(crate) fn send(&self, bytes: Bytes) -> Result<(), ClientGone> {
        self.put(Piece::Bytes(bytes))
    }

    /// Ends the answer as a whole one.
    pub(crate) fn end(self) {
        // A client that went away needs no end.
        let _ = self.put(Piece::End);
    }

    /// Ends it with a fault: as the answer where none has begun, else as ClickHouse does, in a frame with a tag.
    pub(crate) fn fail(mut self, fault: Fault) {
        if let Some(begun) = self.head.take() {
            // A client that went away needs no answer.
            let _ = begun.send(Err(fault));
            return;
        }
        let (text, tag) = (fault.text(), &self.tag);
        let len = text.len() + 1;
        let frame = format!("\r\n__exception__\r\n{tag}\r\n{text}\n{len} {tag}\r\n__exception__\r\n");
        let _ = self.send(frame.into()).and_then(|()| self.put(Piece::Broken));
    }

    fn put(&self, piece: Piece) -> Result<(), ClientGone> {
        let pieces = self.pieces.as_ref().ok_or(ClientGone)?;
        pieces.blocking_send(piece).map_err(|_| ClientGone)
    }
}

/// The connection's end: the body of a response.
#[derive(Debug)]
pub(crate) struct Pieces {
    receiver: mpsc::Receiver<Piece>,
    breaking: bool,
    ended: bool,
}

impl std::fmt::Debug for Piece {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("piece of an answer")
    }
}

impl Body for Pieces {
    type Data = Bytes;
    type Error = Broken;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Broken>>> {
        if self.ended {
            return Poll::Ready(None);
        }
        if self.breaking {
            self.ended = true;
            return Poll::Ready(Some(Err(Broken)));
        }
        match self.receiver.poll_recv(context) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(Some(Piece::Bytes(bytes))) => Poll::Ready(Some(Ok(Frame::data(bytes)))),
            Poll::Ready(Some(Piece::End)) => {
                self.ended = true;
                Poll::Ready(None)
            }
            // The error ends the connection at once. Waiting once lets the frame that tells why go out before it.
            Poll::Ready(Some(Piece::Broken) | None) => {
                self.breaking = true;
                context.waker().wake_by_ref();
                Poll::Pending
            }
        }
    }
}
