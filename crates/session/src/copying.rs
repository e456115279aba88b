//! A COPY to the client whose data is masked: right before it, and in the same transaction, the server is asked for the columns of
//! what is copied (decision 26).

use std::rc::Rc;

use mask::CopyRows;
use policy::Refusal;
use wire::backend::{self, tag};
use wire::compose;
use wire::frontend;

use crate::action::{Action, Pass, send_to_client};
use crate::copied::{Copied, Encoding};
use crate::judged::Judged;
use crate::large::MASKED_ROW;
use crate::names::{Portal, Prepared};
use crate::owed::{Owed, Running};
use crate::readings::Reading;
use crate::results::{self, NeedsCatalog, Planned};
use crate::revealed;
use crate::state::{Environment, Session, SessionError};

/// Under what name the server keeps what is asked for here.
const NAME: &[u8] = b"picket copy";

impl Session {
    /// The statement, refused where this session's COPY data cannot be masked.
    pub(crate) fn may_copy(&self, judged: &Rc<Judged>) -> Rc<Judged> {
        let why = match &judged.copied {
            Some(_) if self.is_replicating() => "COPY data cannot be masked over a replication connection",
            Some(copied) if copied.encoding(self.encoding()) == Encoding::Other => {
                "COPY data cannot be masked in this encoding"
            }
            None if judged.is_moved && judged.copies_to_client => {
                "COPY data of what was made a moment ago can be masked only where the COPY is sent alone"
            }
            _ => return Rc::clone(judged),
        };
        judged.refused(cannot_be_masked(why))
    }

    /// Sends a COPY that is the whole of a Query: as one of the extended protocol, in which the question before it shares its
    /// transaction.
    pub(crate) fn copy_query(
        &mut self,
        text: &[u8],
        judged: &Rc<Judged>,
        copied: &Copied,
        reading: &Reading,
        env: &Environment<'_>,
        out: &mut Vec<Action>,
    ) -> Pass {
        let running = Box::new(self.start(judged, reading.text.as_ref(), env, out));
        let before = running.execution.started.sequence;
        let portal = Rc::new(Portal::new(Rc::new(Prepared::new(reading.clone(), None)), None));
        let hidden = |tag| Owed::Hidden { tag, before };
        // A Query takes the unnamed statement away.
        let mut message = Vec::new();
        compose::close_statement(&mut message, b"");
        self.owed.push_back(hidden(tag::CLOSE_COMPLETE));
        message.extend(self.ask_for_copied(copied, &portal, before));
        compose::parse(&mut message, NAME, text);
        compose::bind(&mut message, NAME, NAME);
        compose::execute(&mut message, NAME);
        compose::close_portal(&mut message, NAME);
        compose::close_statement(&mut message, NAME);
        compose::bare(&mut message, frontend::tag::SYNC);
        self.owed.extend([
            hidden(tag::PARSE_COMPLETE),
            hidden(tag::BIND_COMPLETE),
            Owed::Execute { running, portal },
            hidden(tag::CLOSE_COMPLETE),
            hidden(tag::CLOSE_COMPLETE),
            Owed::Sync,
        ]);
        self.section += 1;
        out.push(Action::SendToServer(message));
        Pass::Replaced
    }

    /// What asks for the columns that `portal` copies, before the execution with this number.
    pub(crate) fn ask_for_copied(&mut self, copied: &Copied, portal: &Rc<Portal>, before: u64) -> Vec<u8> {
        let mut message = Vec::new();
        // An error may have left it there.
        compose::close_statement(&mut message, NAME);
        compose::parse(&mut message, NAME, copied.query.as_bytes());
        compose::describe_statement(&mut message, NAME);
        compose::close_statement(&mut message, NAME);
        let hidden = |tag| Owed::Hidden { tag, before };
        self.owed.extend([
            hidden(tag::CLOSE_COMPLETE),
            hidden(tag::PARSE_COMPLETE),
            Owed::DescribeCopied { portal: Rc::clone(portal), before },
            hidden(tag::CLOSE_COMPLETE),
        ]);
        message
    }

    /// COPY data is coming: plans what happens to it.
    pub(crate) fn copy_out_response(
        &mut self,
        body: &[u8],
        env: &Environment<'_>,
    ) -> Result<Pass, SessionError> {
        let encoding = self.encoding();
        let unknown = || SessionError::server("COPY data whose columns are not known");
        let is_replicating = self.is_replicating();
        let running = self.current().ok_or_else(unasked)?;
        // The server runs what was left under a name that nobody knows here.
        if env.hides() && !running.judged.copies_to_client && !is_replicating {
            return Err(unasked());
        }
        let Some(copied) = running.judged.copied.clone() else {
            // Nobody has asked for its columns.
            let names = revealed::by_copy(&running.judged, env);
            running.execution.note_result(&Rc::new(names));
            return Ok(Pass::Whole);
        };
        let late = self.late_of_current(env);
        let Some(Owed::Execute { running, portal }) = self.owed.front_mut() else { return Err(unknown()) };
        let (format, count) = backend::copy_out_response(body).map_err(SessionError::server)?;
        let count = usize::from(count);
        let described = portal.columns.borrow().clone().ok_or_else(unknown)?;
        if u16::from(format) != copied.form.format() || copied.encoding(encoding) == Encoding::Other {
            return Err(SessionError::server("COPY data in another form than was asked for"));
        }
        let planned = match copied.columns(&described, count, env.catalog) {
            Some(columns) => {
                match results::plan(
                    &Rc::new(columns),
                    &running.judged,
                    (env, &self.moving, &self.temporary),
                    &late,
                    &mut self.asked_catalog,
                ) {
                    Ok(planned) => planned,
                    Err(NeedsCatalog) => return Ok(Pass::Waits),
                }
            }
            None => results::hide_all(count, copied.form.format(), env.catalog_version),
        };
        let is_utf8 = copied.encoding(encoding) == Encoding::Utf8;
        running.copy_out =
            planned.plan.masks().then(|| Box::new(CopyRows::new(copied.form.clone(), is_utf8)));
        running.begin_result(planned);
        Ok(Pass::Whole)
    }

    /// COPY data that is masked.
    pub(crate) fn masked_copy(&mut self, body: &[u8], out: &mut Vec<Action>) -> Result<Pass, SessionError> {
        self.count(tag::COPY_DATA, u32::try_from(body.len()).unwrap_or(u32::MAX));
        let limit = self.message_bytes_max;
        let running =
            self.current().and_then(|running| running.planned.clone().zip(running.copy_out.as_mut()));
        let (planned, rows) = running.ok_or_else(unasked)?;
        send_to_client(out, |buffer| {
            let start = buffer.len();
            let mut taken = Ok(());
            compose::frame(buffer, tag::COPY_DATA, |buffer| taken = rows.take(body, &planned.plan, buffer));
            // No part of a row that could not be masked is sent, and no message without a row.
            if taken.is_err() || buffer.len() == start + wire::frame::HEADER_BYTES {
                buffer.truncate(start);
            }
            taken.map_err(SessionError::server)
        })?;
        match u32::try_from(rows.held_bytes()).unwrap_or(u32::MAX) {
            len if limit < len => Err(SessionError::AnswerTooLong { what: MASKED_ROW, len, limit }),
            _ => Ok(Pass::Replaced),
        }
    }

    /// All COPY data has come.
    pub(crate) fn copy_done(&mut self) -> Result<Pass, SessionError> {
        let rows = self.current().and_then(|running| {
            running.end_result();
            running.copy_out.take()
        });
        match rows.is_none_or(|rows| rows.may_end()) {
            true => Ok(Pass::Whole),
            false => Err(SessionError::server("COPY data that ends within a row")),
        }
    }

    /// Whether the message that failed was the question for a relation's columns before this execution: the statement itself has no
    /// place for its name.
    pub(crate) fn asked_for_relation(&self, before: u64) -> bool {
        self.owed.iter().any(|owed| {
            matches!(owed, Owed::Execute { running, .. } if running.execution.started.sequence == before
                && running.judged.copied.as_ref().is_some_and(|copied| copied.is_relation))
        })
    }
}

impl Running {
    /// The rest of the COPY data that it gives is treated like this: each message that has passed was a whole row.
    pub(crate) fn copied_from_here(&mut self, planned: &Planned, encoding: Encoding) {
        let Some(copied) = self.judged.copied.as_ref().filter(|_| self.copy_out.is_none()) else { return };
        if planned.plan.masks() {
            let is_utf8 = copied.encoding(encoding) == Encoding::Utf8;
            let rows = CopyRows::new(copied.form.clone(), is_utf8);
            self.copy_out =
                Some(Box::new(if self.execution.bytes == 0 { rows } else { rows.without_start() }));
        }
    }
}

fn unasked() -> SessionError {
    SessionError::server("COPY data that nobody asked for")
}

pub(crate) fn cannot_be_masked(why: &str) -> Refusal {
    Refusal {
        rules: vec!["copy-masked".into()],
        sqlstate: "42501",
        message: "Picket refused this statement".to_owned(),
        detail: format!("Rule \"copy-masked\": {why}."),
        hint: "Use SELECT, whose results are masked.".to_owned(),
    }
}
