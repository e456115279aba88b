//! What the server sends: each reply is matched to the message it answers, rows are masked, ends are recorded.

use std::rc::Rc;

use mask::{Class, mask_row};
use policy::Refusal;
use sql::catalog::Relation;
use wire::backend::{self, tag};
use wire::compose;
use wire::frame::{HEADER_BYTES, peek_body, peek_header};

use crate::action::{Action, CloseReason, Pass, Step, Toward, forward, send_to_client};
use crate::evidence::{Evidence, Outcome};
use crate::hidden::{hide, masked_parameter, notification, without_place};
use crate::judged::Seen;
use crate::landing::OwnPath;
use crate::moving::MovedNames;
use crate::names::{Columns, ResultColumns};
use crate::owed::{CopyIn, Owed, Running};
use crate::recorded::TYPES_MAX;
use crate::refusal;
use crate::results::{self, NeedsCatalog, Planned};
use crate::shown::classed;
use crate::sightings;
use crate::state::{Environment, Resting, Session, SessionError, end_begun};
use crate::unknown::All;

/// Longest description of parameters of which all types are kept. Of longer ones none is.
const PARAMETER_DESCRIPTION_BYTES_MAX: u32 = 2 + 4 * TYPES_MAX as u32;

/// How tags of commands begin after which names mean something else, or other statements do something else.
const ALTERS: [&[u8]; 5] =
    [b"ALTER", b"CREATE FUNCTION", b"CREATE PROCEDURE", b"CREATE RULE", b"CREATE TRIGGER"];

/// What describes the result of a fast-path call, of which nobody tells more: a RowDescription of one computed column.
const CALLED: &[u8] = b"\0\x01call\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";

impl Session {
    /// Takes bytes from the server. The ranges in `out` are of `input`; call again with the rest and more.
    ///
    /// # Errors
    ///
    /// [`SessionError`] where a reply cannot be matched; what is in `out` must still be performed.
    pub fn on_server(
        &mut self,
        input: &[u8],
        env: &mut Environment<'_>,
        out: &mut Vec<Action>,
    ) -> Result<Step, SessionError> {
        let step = self.server_bytes(input, env, out)?;
        self.close_if_told_all(out);
        Ok(step)
    }

    /// A client that has said goodbye stays until it was told what it was owed.
    pub(crate) fn close_if_told_all(&self, out: &mut Vec<Action>) {
        let is_between = self.server_passing == 0 && self.server_dropping == 0;
        if self.leaving && self.owed.is_empty() && is_between {
            out.push(Action::Close(CloseReason::ClientTerminated));
        }
    }

    fn server_bytes(
        &mut self,
        input: &[u8],
        env: &mut Environment<'_>,
        out: &mut Vec<Action>,
    ) -> Result<Step, SessionError> {
        if self.plan_again(env)?.is_none() {
            return Ok(Step::NeedsCatalog(0));
        }
        let mut at = 0;
        loop {
            let rest = input.get(at..).unwrap_or_default();
            if 0 < self.server_passing {
                let taken = rest.len().min(self.server_passing);
                self.server_passing -= taken;
                forward(out, Toward::Client, at..at + taken);
                at += taken;
                if 0 < self.server_passing {
                    return Ok(Step::More(at));
                }
                continue;
            }
            if 0 < self.server_dropping {
                let taken = rest.len().min(self.server_dropping);
                self.server_dropping -= taken;
                at += taken;
                if 0 < self.server_dropping {
                    return Ok(Step::More(at));
                }
                continue;
            }
            let Some((tag, len)) = peek_header(rest).map_err(SessionError::server)? else {
                return Ok(Step::More(at));
            };
            let is_looked_at = match tag {
                tag::DATA_ROW | tag::COPY_DATA => match self.plan_rows(tag, env)? {
                    Some(masks) => masks,
                    None => return Ok(Step::NeedsCatalog(at)),
                },
                tag::NOTICE_RESPONSE => self.hides_messages(env),
                tag::PARAMETER_DESCRIPTION => match self.owed.front() {
                    Some(Owed::DescribeCopied { .. }) => true,
                    Some(Owed::DescribeStatement { .. }) => len <= PARAMETER_DESCRIPTION_BYTES_MAX,
                    _ => false,
                },
                tag::NOTIFICATION_RESPONSE => !env.reveals(Class::Derived),
                tag::FUNCTION_CALL_RESPONSE => self.plan_call(env)?,
                _ => true,
            };
            if !is_looked_at {
                // Rows that need no mask, COPY data and what tells Picket nothing pass, however long they are.
                if matches!(tag, tag::DATA_ROW | tag::COPY_DATA | tag::FUNCTION_CALL_RESPONSE) {
                    self.count(tag, len);
                }
                self.server_passing = HEADER_BYTES + len as usize;
                continue;
            }
            if self.held_answer_bytes_max(tag) < len {
                match self.large_answer(tag, len, rest, env, out)? {
                    Some(Pass::Whole) => self.server_passing = HEADER_BYTES + len as usize,
                    Some(_) => self.server_dropping = HEADER_BYTES + len as usize,
                    None => return Ok(Step::More(at)),
                }
                continue;
            }
            let Some(body) = peek_body(rest, len) else { return Ok(Step::More(at)) };
            let end = at + HEADER_BYTES + body.len();
            match self.server_message(tag, body, env, out)? {
                Pass::Whole | Pass::WholeThen(_) => forward(out, Toward::Client, at..end),
                Pass::Replaced => {}
                Pass::Waits | Pass::WaitsForCatalog | Pass::WaitsForAnswer | Pass::WaitsForReading => {
                    return Ok(Step::NeedsCatalog(at));
                }
            }
            at = end;
        }
    }

    /// The statement whose rows are coming.
    pub(crate) fn current(&mut self) -> Option<&mut Running> {
        self.owed.front_mut()?.running()
    }

    /// Makes sure that it is known what happens to a row; says whether it is masked. `None` needs a newer catalog.
    fn plan_rows(&mut self, tag: u8, env: &Environment<'_>) -> Result<Option<bool>, SessionError> {
        let running = self.current().ok_or_else(|| SessionError::server("rows that nobody asked for"))?;
        if tag != tag::DATA_ROW {
            return Ok(Some(running.copy_out.is_some()));
        }
        if let Some(planned) = &running.planned {
            return Ok(Some(planned.plan.masks()));
        }
        let Some(Owed::Execute { portal, .. }) = self.owed.front() else {
            return Err(SessionError::server("rows without a description"));
        };
        let columns = portal.columns.borrow().clone();
        let columns = columns.ok_or_else(|| SessionError::server("rows without a description"))?;
        let Some((running, planned)) = self.plan_current(&columns, env) else { return Ok(None) };
        let masks = planned.plan.masks();
        running.begin_result(planned);
        Ok(Some(masks))
    }

    /// The statement whose rows are coming, and what happens to these. `None` needs a newer catalog.
    fn plan_current(
        &mut self,
        columns: &Columns,
        env: &Environment<'_>,
    ) -> Option<(&mut Running, Rc<Planned>)> {
        let late = self.late_of_current(env);
        let running = self.owed.front_mut()?.running()?;
        let around = (env, &self.moving, &self.temporary);
        let planned = results::plan(columns, &running.judged, around, &late, &mut self.asked_catalog).ok()?;
        Some((running, planned))
    }

    /// Makes sure that rows which come now are treated as what is known by now says, where functions compute them. `None` needs a newer
    /// catalog.
    fn plan_again(&mut self, env: &Environment<'_>) -> Result<Option<()>, SessionError> {
        let encoding = self.encoding();
        let Some(running) = self.owed.front_mut().and_then(Owed::running) else { return Ok(Some(())) };
        let Some(planned) = &running.planned else {
            // What stands in a string with others was not asked for its columns.
            let is_unmasked = running.judged.copies_to_client && running.judged.copied.is_none();
            return match is_unmasked && running.judged.gives_newly_sensitive(env) {
                true => Err(SessionError::server("COPY data that has become sensitive")),
                false => Ok(Some(())),
            };
        };
        if !planned.is_outdated(&running.judged, env) {
            return Ok(Some(()));
        }
        let columns = Rc::clone(planned.columns());
        let Some((running, planned)) = self.plan_current(&columns, env) else { return Ok(None) };
        running.copied_from_here(&planned, encoding);
        running.begin_result(planned);
        Ok(Some(()))
    }

    /// Says whether the result of a fast-path call is looked at: it is masked, or nobody asked for it.
    fn plan_call(&mut self, env: &Environment<'_>) -> Result<bool, SessionError> {
        let Some(Owed::Unread(unread)) = self.owed.front_mut() else { return Ok(true) };
        let running = &mut unread.running;
        let columns = running.judged.columns(CALLED).map_err(SessionError::server)?;
        let Ok(planned) = results::plan(
            &columns,
            &running.judged,
            (env, &self.moving, &self.temporary),
            &[],
            &mut self.asked_catalog,
        ) else {
            return Ok(true);
        };
        let masks = planned.plan.masks();
        running.begin_result(planned);
        Ok(masks)
    }

    /// NULL in place of the result of a fast-path call.
    pub(crate) fn masked_call(&mut self, len: u32, out: &mut Vec<Action>) -> Result<Pass, SessionError> {
        if !matches!(self.owed.front(), Some(Owed::Unread(_))) {
            return Err(SessionError::server("a result of a call that nobody made"));
        }
        self.count(tag::FUNCTION_CALL_RESPONSE, len);
        if let Some(running) = self.current() {
            running.execution.masked += 1;
        }
        send_to_client(out, |buffer| {
            compose::frame(buffer, tag::FUNCTION_CALL_RESPONSE, |buffer| {
                buffer.extend_from_slice(&(-1_i32).to_be_bytes());
            });
        });
        Ok(Pass::Replaced)
    }

    pub(crate) fn count(&mut self, tag: u8, len: u32) {
        if let Some(running) = self.current() {
            running.execution.rows += u64::from(tag == tag::DATA_ROW);
            running.execution.bytes += u64::from(len);
        }
    }

    fn server_message(
        &mut self,
        tag: u8,
        body: &[u8],
        env: &Environment<'_>,
        out: &mut Vec<Action>,
    ) -> Result<Pass, SessionError> {
        match tag {
            tag::DATA_ROW => self.masked_row(body, out),
            tag::FUNCTION_CALL_RESPONSE => {
                self.masked_call(u32::try_from(body.len()).unwrap_or(u32::MAX), out)
            }
            tag::ROW_DESCRIPTION => self.row_description(body, env),
            tag::NO_DATA => self.no_data(),
            tag::COMMAND_COMPLETE => {
                let command = backend::command_complete(body).map_err(SessionError::server)?;
                let alters = ALTERS.iter().any(|begin| command.starts_with(begin));
                let rows = backend::command_rows(command);
                if let Some(Owed::Unread(unread)) = self.owed.front_mut() {
                    self.altered |= alters;
                    unread.completed_one(rows);
                    self.temporary.completed(command);
                    self.reasons.0.undone();
                    self.path.undone();
                    return Ok(Pass::Whole);
                }
                let mut running = self.completed()?;
                // What it alters is read again where it is known that nothing else is altered.
                self.altered |= alters && running.judged.alters.is_empty();
                running.execution.rows = running.execution.rows.max(rows);
                self.note_late(&running.judged, env, out);
                let (undoes, commits) = (command == b"ROLLBACK", command == b"COMMIT");
                self.finish(running, Outcome::Completed, out);
                self.temporary.completed(command);
                if undoes {
                    self.temporary.undone();
                    self.reasons.0.undone();
                    self.path.undone();
                } else if commits {
                    self.reasons.0.committed();
                    self.path.committed();
                }
                Ok(Pass::Whole)
            }
            tag::PORTAL_SUSPENDED => {
                self.temporary.completed(b"");
                let running = self.completed()?;
                self.finish(running, Outcome::Completed, out);
                Ok(Pass::Whole)
            }
            tag::EMPTY_QUERY_RESPONSE => {
                // A Query without statements has nothing that runs; an Execute of nothing was recorded.
                let is_nothing = match self.owed.front() {
                    Some(Owed::Query(batch)) => batch.is_empty(),
                    front => matches!(front, Some(Owed::Unread(_))),
                };
                if !is_nothing {
                    let running = self.completed()?;
                    self.finish(running, Outcome::Completed, out);
                }
                Ok(Pass::Whole)
            }
            tag::PARSE_COMPLETE | tag::BIND_COMPLETE | tag::CLOSE_COMPLETE => self.name_changed(tag, out),
            tag::READY_FOR_QUERY => self.ready(body, out),
            tag::ERROR_RESPONSE => self.error(body, env, out),
            tag::NOTICE_RESPONSE => {
                send_to_client(out, |buffer| hide(tag, body, true, buffer));
                Ok(Pass::Replaced)
            }
            tag::NOTIFICATION_RESPONSE => {
                let told = backend::notification_response(body).map_err(SessionError::server)?;
                let is_sensitive = |table: &str, column: &str| notified(table, column, env);
                send_to_client(out, |buffer| notification(told, env.methods, is_sensitive, buffer));
                Ok(Pass::Replaced)
            }
            tag::PARAMETER_STATUS => {
                let (name, value) = backend::parameter_status(body).map_err(SessionError::server)?;
                self.on_parameter(name, value);
                if name == b"application_name" {
                    let name = String::from_utf8_lossy(value).into_owned();
                    out.push(Action::Record(Evidence::Renamed(name)));
                }
                let is_hidden = !env.reveals(Class::Derived);
                let shown = is_hidden.then(|| masked_parameter(name, value, env.methods)).flatten();
                let Some(shown) = shown else { return Ok(Pass::Whole) };
                send_to_client(out, |buffer| compose::parameter_status(buffer, name, &shown));
                Ok(Pass::Replaced)
            }
            tag::COPY_IN_RESPONSE => {
                let running = self.current().filter(|running| running.copy_in == CopyIn::Ahead);
                let running = running.ok_or_else(|| {
                    SessionError::server("COPY data asked for by a statement that is no COPY")
                })?;
                running.copy_in = CopyIn::Taking { syncs: 0 };
                Ok(Pass::Whole)
            }
            // From here on both sides send COPY data, and each says when it has sent all of its own.
            tag::COPY_BOTH_RESPONSE if self.is_replicating() => {
                let running = self.current().filter(|running| running.copy_in == CopyIn::Ahead);
                let running =
                    running.ok_or_else(|| SessionError::server("replication that nobody asked for"))?;
                running.copy_in = CopyIn::Taking { syncs: 0 };
                Ok(Pass::Whole)
            }
            tag::COPY_OUT_RESPONSE => self.copy_out_response(body, env),
            tag::COPY_DATA => self.masked_copy(body, out),
            tag::COPY_DONE => self.copy_done(),
            tag::PARAMETER_DESCRIPTION => match self.owed.front() {
                Some(Owed::DescribeStatement { prepared, .. }) => {
                    prepared.has_types(backend::parameter_types(body).map_err(SessionError::server)?);
                    Ok(Pass::Whole)
                }
                // Of what is copied.
                _ => Ok(Pass::Replaced),
            },
            other => Err(SessionError::server(format!("unexpected message `{}`", other.escape_ascii()))),
        }
    }

    /// A row whose result has masks.
    fn masked_row(&mut self, body: &[u8], out: &mut Vec<Action>) -> Result<Pass, SessionError> {
        self.count(tag::DATA_ROW, u32::try_from(body.len()).unwrap_or(u32::MAX));
        let unasked = || SessionError::server("rows that nobody asked for");
        let running = self.current().ok_or_else(unasked)?;
        let (planned, rows) = (running.planned.clone().ok_or_else(unasked)?, running.execution.rows);
        if !planned.sighted.is_empty() && rows <= sightings::ROWS_MAX {
            self.sightings.note(&planned.sighted, body);
        }
        let found = &mut self.current().ok_or_else(unasked)?.found;
        let start = match out.last() {
            Some(Action::SendToClient(buffer)) => buffer.len(),
            _ => 0,
        };
        send_to_client(out, |buffer| {
            mask_row(body, &planned.plan, buffer, found).map_err(|error| {
                // No part of a row that could not be masked is sent.
                buffer.truncate(start);
                SessionError::server(error)
            })
        })?;
        Ok(Pass::Replaced)
    }

    fn row_description(&mut self, body: &[u8], env: &Environment<'_>) -> Result<Pass, SessionError> {
        let late = self.late_of_current(env);
        match self.owed.front_mut() {
            Some(Owed::DescribeStatement { .. }) => {
                self.owed.pop_front();
                Ok(Pass::Whole)
            }
            Some(Owed::DescribePortal { portal, hidden }) => {
                if let Some(portal) = portal {
                    let path = OwnPath::default();
                    let seen = Seen { temporary: &self.temporary, given: &self.given, path };
                    let one = portal.prepared.reading.read.judge_one(env, seen);
                    let columns = one.columns(body).map_err(SessionError::server)?;
                    portal.columns.replace(Some(columns));
                }
                let pass = if *hidden { Pass::Replaced } else { Pass::Whole };
                self.owed.pop_front();
                Ok(pass)
            }
            Some(Owed::DescribeCopied { portal, .. }) => {
                let columns = ResultColumns::read(body).map_err(SessionError::server)?;
                portal.columns.replace(Some(Rc::new(columns)));
                self.owed.pop_front();
                Ok(Pass::Replaced)
            }
            Some(owed @ (Owed::Query(_) | Owed::Unread(_))) => {
                let running =
                    owed.running().ok_or_else(|| SessionError::server("a result of no statement"))?;
                let columns = running.judged.columns(body).map_err(SessionError::server)?;
                match results::plan(
                    &columns,
                    &running.judged,
                    (env, &self.moving, &self.temporary),
                    &late,
                    &mut self.asked_catalog,
                ) {
                    Ok(planned) => running.begin_result(planned),
                    Err(NeedsCatalog) => return Ok(Pass::Waits),
                }
                Ok(Pass::Whole)
            }
            _ => Err(SessionError::server("a description that nobody asked for")),
        }
    }

    fn no_data(&mut self) -> Result<Pass, SessionError> {
        match self.owed.pop_front() {
            Some(Owed::DescribePortal { hidden: true, .. }) => Ok(Pass::Replaced),
            Some(Owed::DescribeCopied { portal, .. }) => {
                portal.columns.replace(None);
                Ok(Pass::Replaced)
            }
            Some(Owed::DescribePortal { .. } | Owed::DescribeStatement { .. }) => Ok(Pass::Whole),
            other => Err(self.not_due(other, "a description that nobody asked for")),
        }
    }

    /// What was taken off the queue is not what the server answers. It goes back, for it has yet to be recorded as lost.
    fn not_due(&mut self, owed: Option<Owed>, what: &str) -> SessionError {
        if let Some(owed) = owed {
            self.owed.push_front(owed);
        }
        SessionError::server(what)
    }

    /// A name means from now on what it was made to mean.
    fn name_changed(&mut self, tag: u8, out: &mut Vec<Action>) -> Result<Pass, SessionError> {
        // The server reads what Picket cannot. It is closed again, and the message that fails is still to come.
        if matches!(self.owed.front(), Some(Owed::Refused(_))) && tag != tag::BIND_COMPLETE {
            return Ok(Pass::Replaced);
        }
        match (tag, self.owed.pop_front()) {
            (tag, Some(Owed::Hidden { tag: due, .. })) if tag == due => return Ok(Pass::Replaced),
            (tag::CLOSE_COMPLETE, Some(Owed::Settling { readies, status })) => {
                return self.settled(readies, status, out);
            }
            (tag::PARSE_COMPLETE, Some(Owed::Parse(changed, _)))
            | (tag::CLOSE_COMPLETE, Some(Owed::CloseStatement(changed))) => {
                self.prepared.answered(&changed, true)
            }
            (tag::BIND_COMPLETE, Some(Owed::Bind(changed, _)))
            | (tag::CLOSE_COMPLETE, Some(Owed::ClosePortal(changed))) => {
                self.portals.answered(&changed, true)
            }
            (_, other) => return Err(self.not_due(other, "an answer that was not due")),
        }
        Ok(Pass::Whole)
    }

    /// Takes the statement that has just ended off the queue.
    fn completed(&mut self) -> Result<Running, SessionError> {
        let completed = match self.owed.front_mut() {
            Some(Owed::Query(batch)) => batch.pop_front(),
            Some(Owed::Execute { .. }) => match self.owed.pop_front() {
                Some(Owed::Execute { running, .. }) => Some(*running),
                _ => None,
            },
            _ => None,
        };
        completed.ok_or_else(|| SessionError::server("the end of a statement that was not running"))
    }

    fn ready(&mut self, body: &[u8], out: &mut Vec<Action>) -> Result<Pass, SessionError> {
        let status = backend::ready_for_query(body).map_err(SessionError::server)?;
        match self.owed.pop_front() {
            Some(Owed::Sync) => {}
            Some(Owed::Settling { readies, .. }) => {
                self.owed.push_front(Owed::Settling { readies: readies + 1, status });
                return Ok(Pass::Replaced);
            }
            None if 0 < self.unsettled => self.sync_in_data_is_answered(),
            Some(Owed::Query(batch)) => {
                batch.into_iter().for_each(|running| self.finish(running, Outcome::Skipped, out));
                self.prepared.forget_unnamed();
            }
            Some(Owed::Unread(unread)) => {
                let (running, outcome) = unread.ended();
                self.finish(running, outcome, out);
            }
            other => return Err(self.not_due(other, "ReadyForQuery that was not due")),
        }
        self.section_is_over(status, out);
        Ok(Pass::Whole)
    }

    /// The server waits for what the client sends next, or has begun with what it has sent, its transaction in this state.
    pub(crate) fn section_is_over(&mut self, status: u8, out: &mut Vec<Action>) {
        self.sections_over += 1;
        self.end_unexecuted(out);
        self.resting = match status {
            _ if !self.owed.is_empty() => None,
            b'I' => Some(Resting::Idle),
            _ => Some(Resting::InTransaction),
        };
        self.has_failed = status == b'E';
        if self.owed.is_empty() {
            self.telling.is_answered(status != b'I');
        }
        self.path.is_ready(status == b'I', self.owed.is_empty());
        if status == b'I' {
            self.reasons.0.transaction_is_over();
            self.asked_catalog.transaction_is_over();
            self.temporary.settle(self.owed.is_empty());
            if self.owed.is_empty() {
                // Portals do not outlive their transaction, but for cursors that are held.
                self.portals.retain(|portal| portal.holds);
                self.sight.transaction_is_over();
                if !self.moving.is_empty() {
                    self.moving = MovedNames::default();
                    self.made_code.clear();
                }
                self.moving.renames_are_shown();
                self.moving.forget_made();
                self.made.transaction_is_over();
                self.given.transaction_is_over();
            }
            let renamed = self.renamed.transaction_is_over();
            match (std::mem::take(&mut self.altered), renamed) {
                (true, _) | (_, Some(Err(All))) => out.push(Action::CatalogChanged),
                (false, Some(Ok(unknown))) => out.push(Action::RelationsChanged(unknown)),
                (false, None) => {}
            }
        }
    }

    /// What nothing executed in the sections that are answered ends: an Execute in a later one is another execution.
    fn end_unexecuted(&mut self, out: &mut Vec<Action>) {
        debug_assert_eq!(
            self.section - self.sections_over,
            self.owed.iter().filter(|owed| owed.ends_section()).count() as u64
        );
        while let Some(started) = self.begun.take_before(self.sections_over) {
            end_begun(started, Outcome::Prepared, out);
        }
    }

    /// An error ends the statement that runs, and what the server skips because of it.
    pub(crate) fn error(
        &mut self,
        body: &[u8],
        env: &Environment<'_>,
        out: &mut Vec<Action>,
    ) -> Result<Pass, SessionError> {
        self.copy_failed(body)?;
        self.temporary.undone();
        self.reasons.0.undone();
        self.path.undone();
        self.server_said_why |= matches!(backend::error_field(body, b'V'), b"FATAL" | b"PANIC");
        // Of a relation that it could not begin to copy, nothing was read.
        let read_nothing = match self.owed.front() {
            Some(Owed::Execute { running, .. }) => {
                running.planned.is_none()
                    && running.judged.copied.as_ref().is_some_and(|copied| copied.is_relation)
            }
            Some(Owed::Hidden { before, .. }) => self.asked_for_relation(*before),
            _ => false,
        };
        let tells = !read_nothing && self.hides_messages(env);
        let chooses = tells && self.chooses_constraint(!backend::error_field(body, b't').is_empty(), env);
        let (failed, is_extended) = match self.owed.front_mut() {
            None | Some(Owed::Sync) => (None, false),
            Some(Owed::Unread(unread)) => {
                unread.fail(String::from_utf8_lossy(backend::error_field(body, b'C')).into_owned());
                (None, false)
            }
            Some(Owed::Query(batch)) => {
                (batch.pop_front().map(|running| Owed::Query([running].into())), false)
            }
            Some(_) => (self.owed.pop_front(), true),
        };
        let refusal = match &failed {
            Some(Owed::Refused(running)) => running.judged.refusal().cloned(),
            Some(Owed::RefusedUnrecorded(refusal)) => Some(Refusal::clone(refusal)),
            Some(Owed::Query(batch)) => batch.front().and_then(|running| running.judged.refusal().cloned()),
            _ => None,
        };
        let refusal = refusal.filter(|_| self.marker.caused(backend::error_field(body, b'M')));
        let sqlstate = refusal.as_ref().map_or_else(
            || String::from_utf8_lossy(backend::error_field(body, b'C')).into_owned(),
            |refusal| refusal.sqlstate.to_owned(),
        );
        let begun = match &failed {
            Some(Owed::Parse(_, begun) | Owed::DescribeStatement { begun, .. }) => *begun,
            Some(Owed::Bind(_, begun)) => Some(*begun),
            Some(Owed::Hidden { before, .. } | Owed::DescribeCopied { before, .. }) => Some(*before),
            _ => None,
        };
        let has_no_place = match &failed {
            Some(Owed::Hidden { before, .. }) => self.asked_for_relation(*before),
            _ => false,
        };
        let outcome = Outcome::Failed(sqlstate);
        let takes_unnamed = matches!(&failed, Some(Owed::Parse(changed, _)) if changed.is_unnamed());
        if let Some(failed) = failed {
            self.not_done(failed, &outcome, out);
        }
        if takes_unnamed {
            self.prepared.forget_unnamed();
        }
        if is_extended {
            self.skip_to_sync(begun, &outcome, out);
        }
        match refusal {
            Some(refusal) => send_to_client(out, |buffer| refusal::answer(&refusal, buffer)),
            None if tells => {
                send_to_client(out, |buffer| hide(tag::ERROR_RESPONSE, body, chooses, buffer));
            }
            None if has_no_place => send_to_client(out, |buffer| without_place(body, buffer)),
            None => return Ok(Pass::Whole),
        }
        Ok(Pass::Replaced)
    }

    /// Takes off the queue what the server skips after an error in the extended protocol: everything up to the next
    /// Sync. An execution that failed where it was begun is executed no more.
    fn skip_to_sync(&mut self, begun: Option<u64>, failed: &Outcome, out: &mut Vec<Action>) {
        let sync = self.owed.iter().position(|owed| matches!(owed, Owed::Sync));
        // Nothing that is sent before the next Sync would be answered.
        self.skipping = sync.is_none();
        let skipped: Vec<Owed> = self.owed.drain(..sync.unwrap_or(self.owed.len())).collect();
        for owed in skipped {
            self.sections_over += u64::from(owed.ends_section());
            let is_begun = matches!(
                &owed,
                Owed::Execute { running, .. } if Some(running.execution.started.sequence) == begun
            );
            self.not_done(owed, if is_begun { failed } else { &Outcome::Skipped }, out);
        }
    }

    /// A message that was sent has no effect.
    fn not_done(&mut self, owed: Owed, outcome: &Outcome, out: &mut Vec<Action>) {
        match owed {
            Owed::Parse(changed, begun) => {
                self.prepared.answered(&changed, false);
                self.not_begun(begun, outcome, out);
            }
            Owed::Bind(changed, begun) => {
                self.portals.answered(&changed, false);
                self.not_begun(Some(begun), outcome, out);
            }
            Owed::DescribeStatement { begun, .. } => self.not_begun(begun, outcome, out),
            Owed::CloseStatement(changed) => self.prepared.answered(&changed, false),
            Owed::ClosePortal(changed) => self.portals.answered(&changed, false),
            // It is asked again where it is executed again.
            Owed::DescribePortal { portal: Some(portal), .. } => portal.executed.set(false),
            Owed::Execute { running, .. } | Owed::Refused(running) => {
                self.finish(*running, outcome.clone(), out);
            }
            Owed::Query(batch) => {
                batch.into_iter().for_each(|running| self.finish(running, outcome.clone(), out));
            }
            Owed::Unread(unread) => self.finish(unread.running, outcome.clone(), out),
            Owed::RefusedUnrecorded(_)
            | Owed::Hidden { .. }
            | Owed::DescribeCopied { .. }
            | Owed::DescribePortal { .. }
            | Owed::Sync
            | Owed::Settling { .. } => {}
        }
    }

    /// A message that began an execution has no effect. Unless an Execute has taken it over, that was all of it.
    fn not_begun(&mut self, begun: Option<u64>, outcome: &Outcome, out: &mut Vec<Action>) {
        if let Some(started) = begun.and_then(|begun| self.begun.take(begun)) {
            end_begun(started, outcome.clone(), out);
        }
    }
}

/// Whether a column that a notification names, of a relation of this name in whichever schema, can hold something sensitive.
fn notified(table: &str, column: &str, env: &Environment<'_>) -> bool {
    let is_classed = |relation: &Relation| {
        classed(relation, env.classes).any(|(own, class)| own.name == column && !env.reveals(class))
    };
    mask::is_sensitive_key(column)
        || env.catalog.named(table).any(is_classed)
        || !env.stains.of(table).is_empty()
}
