//! What a client sends while the server takes COPY data, other than data. As long as it takes some it ignores Sync (copyfromparse.c,
//! CopyGetData); once the COPY has failed it answers each (postgres.c, PostgresMain). Which of them came later nobody but the server knows: all
//! are sent, and then it is asked for something that shows that it has answered them (decision 153).

use wire::backend;
use wire::compose;
use wire::frontend::tag;

use crate::action::{Action, Pass, send_to_client};
use crate::owed::{CopyIn, Owed};
use crate::state::{Session, SessionError};

/// Whether the server takes such a message among COPY data, or ends the session because of it in whatever state it is.
pub(crate) fn belongs_to_copy(tag: u8) -> bool {
    matches!(tag, tag::COPY_DATA | tag::COPY_DONE | tag::COPY_FAIL | tag::FLUSH | tag::SYNC | tag::TERMINATE)
}

impl Session {
    /// Takes a message other than data that may stand among it.
    pub(crate) fn message_during_copy(&mut self, tag: u8) -> Pass {
        // Over a replication connection the server could not be asked: it takes no Close there.
        let may_ask = !self.is_replicating();
        let Some(running) = self.owed.back_mut().and_then(Owed::copying) else { return Pass::Whole };
        let syncs = running.copy_in.syncs();
        match tag {
            tag::COPY_DONE | tag::COPY_FAIL if 0 < syncs => {
                running.copy_in = CopyIn::Asked { syncs };
                // What the client sends next waits for the answer, and so the server must not keep it back until a Sync.
                let mut flush = Vec::new();
                compose::bare(&mut flush, tag::FLUSH);
                return Pass::WholeThen(flush);
            }
            tag::COPY_DONE | tag::COPY_FAIL => running.copy_in = CopyIn::Sent,
            tag::SYNC if may_ask => running.copy_in = CopyIn::Taking { syncs: syncs + 1 },
            tag::FLUSH | tag::SYNC => return Pass::Replaced,
            _ => {}
        }
        Pass::Whole
    }

    /// Something comes that does not belong among COPY data. Where the COPY has failed already, it is a message like any other: it waits for
    /// that error, or for one that says that data was still taken.
    pub(crate) fn ask_whether_it_copies(&mut self, out: &mut Vec<Action>) {
        if let Some(running) = self.owed.back_mut().and_then(Owed::copying) {
            running.copy_in = CopyIn::Asked { syncs: running.copy_in.syncs() };
            out.push(Action::SendToServer(self.marker.copy_fail()));
        }
    }

    /// The statement that runs has failed.
    pub(crate) fn copy_failed(&mut self, error: &[u8]) -> Result<(), SessionError> {
        let Some(copy_in) = self.current().map(|running| running.copy_in) else { return Ok(()) };
        if matches!(copy_in, CopyIn::Asked { .. }) && self.marker.caused(backend::error_field(error, b'M')) {
            return Err(SessionError::client("unexpected message during COPY from stdin"));
        }
        self.unsettled += copy_in.syncs();
        Ok(())
    }

    /// Whether the client's next message waits until it is known which Syncs among the data of a COPY the server has answered.
    pub(crate) fn waits_until_settled(&mut self, out: &mut Vec<Action>) -> bool {
        if 0 < std::mem::take(&mut self.unsettled) {
            self.resting = None;
            self.owed.push_back(Owed::Settling { readies: 0, status: b'I' });
            out.push(Action::SendToServer(self.marker.sync_and_close()));
        }
        matches!(self.owed.back(), Some(Owed::Settling { .. }))
    }

    /// ReadyForQuery, which nothing else is due for than a Sync among the data of a COPY that had failed before.
    pub(crate) fn sync_in_data_is_answered(&mut self) {
        self.unsettled -= 1;
        self.section += 1;
        self.skipping = false;
    }

    /// The server has answered all of them, and so often was ready.
    pub(crate) fn settled(
        &mut self,
        readies: u64,
        status: u8,
        out: &mut Vec<Action>,
    ) -> Result<Pass, SessionError> {
        // One answers the Sync that the client knows nothing of.
        let told =
            readies.checked_sub(1).ok_or_else(|| SessionError::server("a Sync that was not answered"))?;
        if let Some(before_last) = told.checked_sub(1) {
            self.section += told;
            self.sections_over += before_last;
            self.skipping = false;
            self.section_is_over(status, out);
            send_to_client(out, |buffer| {
                (0..told).for_each(|_| {
                    compose::frame(buffer, backend::tag::READY_FOR_QUERY, |body| body.push(status))
                });
            });
        }
        Ok(Pass::Replaced)
    }
}
