//! What the client sends: each message is read, judged and recorded before it is forwarded.

use std::collections::VecDeque;
use std::rc::Rc;

use policy::Refusal;
use wire::compose;
use wire::frame::{FrameError, HEADER_BYTES, peek_body, peek_header};
use wire::frontend::{self, Bind, Parse, Target, tag};

use crate::action::{Action, Pass, Step, Toward, forward};
use crate::again::Cursors;
use crate::begun;
use crate::judged::{Judged, JudgedText, Read};
use crate::keyed;
use crate::moving::MovedNames;
use crate::names::{self, Lookup, Portal, Prepared};
use crate::owed::{CopyIn, Forgotten, Owed, Running, Unread};
use crate::readings::Reading;
use crate::recorded::Bound;
use crate::settling;
use crate::sliding::Brought;
use crate::stains::Stain;
use crate::state::{Environment, Session, SessionError};

impl Session {
    /// Takes bytes from the client. The ranges in `out` are of `input`; call again with the rest and more.
    ///
    /// # Errors
    ///
    /// [`SessionError`] where the client does not speak the protocol; what is in `out` must still be performed.
    pub fn on_client(
        &mut self,
        input: &[u8],
        env: &mut Environment<'_>,
        out: &mut Vec<Action>,
    ) -> Result<Step, SessionError> {
        self.sight.note(env.subject.id());
        self.made.forget_shown(env.catalog_version);
        if env.moved.is_some_and(MovedNames::tells) {
            self.telling.sent_beside_catalog();
        }
        let mut at = 0;
        loop {
            let rest = input.get(at..).unwrap_or_default();
            if 0 < self.client_passing {
                let taken = rest.len().min(self.client_passing);
                self.client_passing -= taken;
                forward(out, Toward::Server, at..at + taken);
                at += taken;
                if 0 < self.client_passing {
                    return Ok(Step::More(at));
                }
                continue;
            }
            if 0 < self.client_dropping {
                let taken = rest.len().min(self.client_dropping);
                self.client_dropping -= taken;
                at += taken;
                if 0 < self.client_dropping {
                    return Ok(Step::More(at));
                }
                continue;
            }
            if self.leaving {
                return Ok(Step::More(input.len()));
            }
            let Some(bytes_max) = rest.first().map(|tag| body_bytes_max(*tag)).transpose()? else {
                return Ok(Step::More(at));
            };
            let Some((tag, len)) = peek_header(rest).map_err(SessionError::client)? else {
                return Ok(Step::More(at));
            };
            if bytes_max < len {
                return Err(SessionError::client(FrameError::TooLarge { tag, len, limit: bytes_max }));
            }
            let copying = self.owed.back_mut().and_then(Owed::copying).map(|running| running.copy_in);
            match copying {
                Some(CopyIn::Ahead | CopyIn::Asked { .. }) => return Ok(Step::NeedsReplies(at)),
                Some(_) if tag == tag::COPY_DATA => {
                    self.client_passing = HEADER_BYTES + len as usize;
                    continue;
                }
                Some(_) if !settling::belongs_to_copy(tag) => {
                    self.ask_whether_it_copies(out);
                    return Ok(Step::NeedsReplies(at));
                }
                None if self.waits_until_settled(out) => return Ok(Step::NeedsReplies(at)),
                _ => {}
            }
            if !self.is_short(len) && self.held_bytes_max(tag, env) < len && copying.is_none() {
                self.resting = None;
                match self.large_message(tag, len, rest, env, out)? {
                    Some(Pass::Waits) => return Ok(Step::NeedsReplies(at)),
                    Some(Pass::WaitsForCatalog) => return Ok(Step::NeedsCatalog(at)),
                    Some(Pass::WaitsForAnswer) => return Ok(Step::NeedsAnswer(at)),
                    Some(Pass::WaitsForReading) => return Ok(Step::NeedsReading(at)),
                    Some(Pass::Replaced) => self.client_dropping = HEADER_BYTES + len as usize,
                    Some(Pass::Whole | Pass::WholeThen(_)) => {
                        self.client_passing = HEADER_BYTES + len as usize;
                    }
                    None => return Ok(Step::More(at)),
                }
                continue;
            }
            let limit = self.message_bytes_max;
            if limit < len {
                return Err(SessionError::client(FrameError::TooLarge { tag, len, limit }));
            }
            let Some(body) = peek_body(rest, len) else { return Ok(Step::More(at)) };
            let end = at + HEADER_BYTES + body.len();
            self.resting = None;
            let pass = match copying {
                Some(_) => self.message_during_copy(tag),
                None => self.client_message(tag, body, env, out)?,
            };
            match pass {
                Pass::Whole => forward(out, Toward::Server, at..end),
                Pass::WholeThen(bytes) => {
                    forward(out, Toward::Server, at..end);
                    out.push(Action::SendToServer(bytes));
                }
                Pass::Replaced => {}
                Pass::Waits => return Ok(Step::NeedsReplies(at)),
                Pass::WaitsForCatalog => return Ok(Step::NeedsCatalog(at)),
                Pass::WaitsForAnswer => return Ok(Step::NeedsAnswer(at)),
                Pass::WaitsForReading => return Ok(Step::NeedsReading(at)),
            }
            self.asking.is_over();
            if tag == tag::TERMINATE {
                self.leaving = true;
                self.close_if_told_all(out);
            }
            at = end;
        }
    }

    /// Takes one message.
    fn client_message(
        &mut self,
        tag: u8,
        body: &[u8],
        env: &mut Environment<'_>,
        out: &mut Vec<Action>,
    ) -> Result<Pass, SessionError> {
        if self.skipping && !matches!(tag, tag::SYNC | tag::TERMINATE) {
            return Ok(Pass::Replaced);
        }
        match tag {
            tag::QUERY => self.query(frontend::query(body).map_err(SessionError::client)?, env, out),
            tag::PARSE => Ok(self.parse(Parse::read(body).map_err(SessionError::client)?, env, out)),
            tag::BIND => Ok(self.bind(Bind::read(body).map_err(SessionError::client)?, env, out)),
            tag::DESCRIBE => Ok(self.describe(Target::read(body).map_err(SessionError::client)?, env, out)),
            tag::EXECUTE => {
                Ok(self.execute(frontend::execute(body).map_err(SessionError::client)?, env, out))
            }
            tag::CLOSE => {
                let owed = match Target::read(body).map_err(SessionError::client)? {
                    Target::Statement(name) => {
                        Owed::CloseStatement(self.prepared.change(name, self.section, None))
                    }
                    Target::Portal(name) => Owed::ClosePortal(self.portals.change(name, self.section, None)),
                };
                self.owed.push_back(owed);
                Ok(Pass::Whole)
            }
            tag::SYNC => {
                self.skipping = false;
                self.owed.push_back(Owed::Sync);
                self.section += 1;
                Ok(Pass::Whole)
            }
            // Outside of COPY the server ignores what belongs to one: it has failed, and the client did not know yet.
            tag::COPY_DATA | tag::COPY_DONE | tag::COPY_FAIL | tag::FLUSH | tag::TERMINATE => Ok(Pass::Whole),
            tag::FUNCTION_CALL => {
                let function = frontend::function_call(body).map_err(SessionError::client)?;
                Ok(self.fast_path(function, env, out))
            }
            other => Err(unexpected(other)),
        }
    }

    /// A string of statements. From the first that is refused on, it is replaced.
    fn query(
        &mut self,
        text: &[u8],
        env: &mut Environment<'_>,
        out: &mut Vec<Action>,
    ) -> Result<Pass, SessionError> {
        let Some(reading) = self.read(text, env) else { return Ok(Pass::WaitsForReading) };
        if let Some(statement) = self.plain(&reading.read, env) {
            let running = self.start(&statement, reading.text.as_ref(), env, out);
            self.owed.push_back(Owed::Query(VecDeque::from([running])));
            self.section += 1;
            return Ok(Pass::Whole);
        }
        let Some(judged) = self.judge(&reading.read, env) else { return Ok(Pass::WaitsForCatalog) };
        if let [unread] = judged.statements.as_slice()
            && !unread.is_read
            && unread.refusal().is_none()
        {
            let running = self.start(unread, reading.text.as_ref(), env, out);
            self.owed.push_back(Unread::owed(running));
            self.section += 1;
            return Ok(Pass::Whole);
        }
        // Over a replication connection the server takes no Parse.
        if let (true, Some(statement)) = (reading.read.is_no_sql(), judged.statements.first())
            && !self.is_replicating()
        {
            return Ok(self.query_that_is_no_sql(text, statement, env, out));
        }
        let statements = match self.ask_all(&judged.statements, &reading, env, out) {
            Ok(statements) => statements,
            Err(pass) => return Ok(pass),
        };
        if self.waits_for_stains(&statements, env, out) {
            return Ok(Pass::WaitsForCatalog);
        }
        let brought = Brought { text: reading.text.as_deref(), bound: &[] };
        let mut judged_again = None;
        if let [statement] = &*statements
            && statement.copied_or_copiable().is_some()
            && statement.refusal().is_none()
        {
            if let Some(pass) = self.waits_for_sync(out) {
                return Ok(pass);
            }
            let statement = self.may_copy(&self.judge_again(statement, brought, env, out));
            if let (Some(copied), None) = (&statement.copied, statement.refusal()) {
                return Ok(self.copy_query(text, &statement, copied, &reading, env, out));
            }
            judged_again = Some(statement);
        }
        let mut batch = VecDeque::with_capacity(statements.len());
        let mut replaced = None;
        for statement in &*statements {
            // What it runs is judged by what those before it name.
            self.given.renew(env);
            let again = judged_again.take();
            let again =
                again.unwrap_or_else(|| self.may_copy(&self.judge_again(statement, brought, env, out)));
            let statement = &again;
            batch.push_back(self.start(statement, reading.text.as_ref(), env, out));
            if statement.refusal().is_some() {
                // What follows a statement that fails never runs, and so is not even sent. A text that was known by
                // its skeleton has nothing before it.
                let before = reading.read.text().get(..statement.span.start).unwrap_or_default();
                let gap = if before.is_empty() { "" } else { " " };
                replaced = Some(format!("{before}{gap}{}", self.marker.failing_statement()));
                break;
            }
        }
        self.owed.push_back(Owed::Query(batch));
        self.section += 1;
        let Some(text) = replaced else { return Ok(Pass::Whole) };
        let mut message = Vec::new();
        compose::query(&mut message, text.as_bytes());
        out.push(Action::SendToServer(message));
        Ok(Pass::Replaced)
    }

    /// Whether names mean to it what the catalog says: it has no temporary tables, and neither it nor anybody else has given or moved names that
    /// the catalog does not show yet.
    pub(crate) fn is_as_others(&self, env: &Environment<'_>) -> bool {
        env.moved.is_none()
            && self.given.are_none()
            && self.temporary.is_empty()
            && self.moving.is_empty()
            && self.noted.is_empty()
    }

    /// The only statement of a text where it may run, and nothing that the session or others have done decides about that: then
    /// `judge`, and all that is asked about a statement before it is sent, comes to this.
    pub(crate) fn plain(&mut self, read: &Read, env: &Environment<'_>) -> Option<Rc<Judged>> {
        let is_as_others = self.is_as_others(env) && self.renamed.are_none();
        let statement = if is_as_others { read.plain(env) } else { None }?;
        (self.asked_moved, self.asked_absence, self.asked_unknown) = (None, None, None);
        Some(statement)
    }

    /// The verdicts on a text. `None` where they rest on what is not there, or means what the catalog does not show yet, and a newer
    /// one must show that.
    pub(crate) fn judge(&mut self, read: &Read, env: &Environment<'_>) -> Option<Rc<JudgedText>> {
        if self.asks_for_own(read, env.catalog) || self.given.renew(env) {
            return None;
        }
        // Whether anything is hidden is worked out last: it costs more than all else here.
        let has_moved =
            env.hides() && env.moved.is_some_and(|moved| read.names_any(moved) || self.runs_any(read, moved));
        if has_moved && self.asked_moved.is_none_or(|asked| env.catalog_version <= asked) {
            self.asked_moved.get_or_insert(env.catalog_version);
            return None;
        }
        let is_certain = self.temporary.is_still()
            && (read.rests_on_absence(env, &self.temporary) || read.is_doubtful(&self.temporary));
        if is_certain && self.asked_absence.is_none_or(|asked| env.catalog_version <= asked) {
            self.asked_absence.get_or_insert(env.catalog_version);
            return None;
        }
        self.asked_absence = None;
        if is_certain {
            self.temporary.shown();
        }
        let judged = read.judge_with(env, self.seen(), is_certain);
        // Code that was just made writes what it is given, is run by a name that nobody says, or by what is not shown: a catalog that shows
        // it tells. Whoever sees all values writes them, too.
        let is_unseen = |one: &Rc<Judged>| one.writes_unseen(&self.moving, env.catalog);
        let meets = |moved: &MovedNames| {
            let is_given = |one: &Rc<Judged>| {
                !moved.fills().is_empty() && one.may_give()
                    || one.names_any(moved)
                    || moved.tells() && is_unseen(one)
            };
            judged.statements.iter().any(is_given) || self.runs_any(read, moved)
        };
        let counts = || env.hides() || judged.statements.iter().any(|one| one.may_write());
        let may_meet =
            env.moved.is_some_and(meets) || self.moving.tells() && judged.statements.iter().any(is_unseen);
        let retypes = || judged.statements.iter().any(|one| one.retypes);
        let is_cast = env.moved.is_some_and(MovedNames::casts) && retypes();
        if (is_cast || may_meet && counts())
            && self.asked_moved.is_none_or(|asked| env.catalog_version <= asked)
        {
            self.asked_moved.get_or_insert(env.catalog_version);
            return None;
        }
        self.asked_moved = None;
        if judged.has_unknown.get() || judged.rests_on_absence {
            if self.asked_unknown.is_none_or(|asked| env.catalog_version <= asked) {
                self.asked_unknown.get_or_insert(env.catalog_version);
                return None;
            }
            judged.has_unknown.set(false);
        }
        self.asked_unknown = None;
        Some(judged)
    }

    /// Has noted what these statements write elsewhere, before they are sent. Whether they wait for that.
    fn waits_for_stains(
        &mut self,
        statements: &[Rc<Judged>],
        env: &Environment<'_>,
        out: &mut Vec<Action>,
    ) -> bool {
        let leaves_all = |statement: &Rc<Judged>| {
            let Judged { spills, runs, moves, .. } = &**statement;
            spills.stains.is_empty()
                && spills.placed.is_empty()
                && spills.if_extending_moves.is_empty()
                && moves.is_none()
                && (runs.is_empty() || spills.could_be.is_empty())
                && env.moved.is_none_or(|moved| {
                    !statement.waits_for(moved)
                        && !statement.implies_any(moved)
                        && (spills.writes.is_empty() && runs.is_empty() || moved.ways().is_empty())
                        && spills.refreshed.is_empty()
                })
        };
        if self.moving.is_empty() && statements.iter().all(leaves_all) {
            self.noted.clear();
            return false;
        }
        let mut new: Vec<Stain> = Vec::new();
        let mut moving = self.moving.clone();
        let (mut cursors, mut made_code) = (Cursors::of(self), self.made_code.clone());
        for statement in statements {
            let is_moved = !moving.is_empty() && statement.names_any(&moving);
            let is_fed = cursors.feed(statement, self, env);
            let could_be = is_fed.then_some(&statement.spills.could_be).into_iter().flatten();
            // It calls what was made, or writes where that hangs.
            let runs_made = is_moved || statement.may_write();
            let of_made =
                runs_made.then_some(&made_code).into_iter().flatten().filter(|_| statement.moves.is_none());
            let unshown = self.unshown_stains(statement, &moving, is_moved, env);
            let unshown = unshown.into_iter().chain(statement.spills.by_place(&moving, env));
            let stains =
                statement.spills.stains.iter().chain(could_be).chain(of_made).cloned().chain(unshown);
            new.extend(stains.filter(|stain| !self.noted.contains(stain)));
            if statement.renews_names() {
                moving.forget_told();
            }
            if let Some(moves) = statement.moves.as_ref() {
                moving.sent(moves);
                if moves.makes_code && moves.is_sensitive {
                    made_code.extend(statement.spills.could_be.iter().cloned());
                }
            }
            cursors.sent(statement);
        }
        if new.is_empty() {
            self.noted.clear();
            return false;
        }
        let is_own = |stain: &Stain| matches!(stain, Stain::Named(named) if named.is_temporary);
        self.has_own_stains |= new.iter().any(is_own);
        self.noted.extend(new.iter().cloned());
        out.push(Action::Stain(new));
        true
    }

    /// The server says what is wrong with a text, as only it can in its own words: it is asked to parse the text, and
    /// whatever it thinks of it is closed and failed at once.
    fn query_that_is_no_sql(
        &mut self,
        text: &[u8],
        statement: &Rc<Judged>,
        env: &Environment<'_>,
        out: &mut Vec<Action>,
    ) -> Pass {
        if let Some(pass) = self.waits_for_sync(out) {
            return pass;
        }
        let mut message = Vec::new();
        let running = self.start(statement, None, env, out);
        self.parse_fails(b"", running);
        self.owed.push_back(Owed::Sync);
        self.section += 1;
        compose::parse(&mut message, b"", text);
        message.extend(self.marker.close_and_fail(b""));
        compose::bare(&mut message, tag::SYNC);
        out.push(Action::SendToServer(message));
        Pass::Replaced
    }

    /// A Query may be skipped because of what is before it, but a Sync that stands for its end would not be: it waits for the
    /// answers to that.
    pub(crate) fn waits_for_sync(&self, out: &mut Vec<Action>) -> Option<Pass> {
        let since_sync = self.owed.iter().rev().take_while(|owed| !matches!(owed, Owed::Sync));
        let mut extended = since_sync.filter(|owed| !matches!(owed, Owed::Query(_) | Owed::Unread(_)));
        extended.next()?;
        let mut message = Vec::new();
        compose::bare(&mut message, tag::FLUSH);
        out.push(Action::SendToServer(message));
        Some(Pass::Waits)
    }

    fn parse(&mut self, parse: Parse<'_>, env: &mut Environment<'_>, out: &mut Vec<Action>) -> Pass {
        let Some(reading) = self.read(parse.query, env) else { return Pass::WaitsForReading };
        let Some(judged) = self.judge(&reading.read, env) else { return Pass::WaitsForCatalog };
        // Somebody is asked when the values are known.
        let is_refused = |statement: &&Rc<Judged>| statement.refusal().is_some() && !self.is_held(statement);
        let Some(refused) = judged.statements.iter().find(is_refused) else {
            if !parse.statement.is_empty() && self.prepared.is_full() {
                return self.wait_for_room(names::too_many::<Prepared>, out);
            }
            let begun = match judged.one.runs_code_when_read {
                true => {
                    let text = reading.text.as_ref();
                    match self.begin_within_limits(&judged.one, text, &Bound::default(), env, out) {
                        Ok(begun) => Some(begun),
                        Err(pass) => return pass,
                    }
                }
                false => None,
            };
            let prepared = Rc::new(Prepared::new(reading, begun));
            prepared.path_changes.set(self.path.changes());
            if parse.types().len() != 0 {
                prepared.has_types(parse.types());
            }
            let changed = self.prepared.change(parse.statement, self.section, Some(prepared));
            self.owed.push_back(Owed::Parse(changed, begun));
            return Pass::Whole;
        };
        let running = self.start(refused, reading.text.as_ref(), env, out);
        self.parse_fails(parse.statement, running);
        if reading.read.is_no_sql() {
            return Pass::WholeThen(self.marker.close_and_fail(parse.statement));
        }
        let mut message = Vec::new();
        compose::parse(&mut message, parse.statement, self.marker.failing_statement().as_bytes());
        out.push(Action::SendToServer(message));
        Pass::Replaced
    }

    /// A Parse under this name will fail. One without a name takes the unnamed statement away all the same (postgres.c,
    /// exec_parse_message).
    pub(crate) fn parse_fails(&mut self, name: &[u8], mut running: Running) {
        if name.is_empty() {
            running.forgets = Some(Box::new(Forgotten { unnamed: true, ..Forgotten::default() }));
        }
        self.owed.push_back(Owed::Refused(Box::new(running)));
    }

    pub(crate) fn bind(&mut self, bind: Bind<'_>, env: &Environment<'_>, out: &mut Vec<Action>) -> Pass {
        let prepared = match self.parsed(bind.statement) {
            Lookup::Known(prepared) => prepared,
            Lookup::Uncertain => return Pass::Waits,
            Lookup::Unknown => match unseen("prepared statement", "26000", bind.statement, env) {
                Ok(prepared) => prepared,
                Err(refusal) => return self.refuse_unrecorded(refusal, out),
            },
        };
        // The server plans it now. Definitions may have changed since it was prepared.
        let reading = &prepared.reading;
        let plain = self.plain(&reading.read, env);
        let is_plain = plain.is_some();
        let statement = &match plain {
            Some(statement) => statement,
            None => {
                let Some(judged) = self.judge(&reading.read, env) else { return Pass::WaitsForCatalog };
                match self.ask_bound(&judged.one, reading, &bind, env, out) {
                    Ok(statement) => statement,
                    Err(pass) => return pass,
                }
            }
        };
        let recorded = &statement.described.recorded;
        let (types, recording) = (prepared.types.borrow(), &env.readings.recording);
        let values = recorded.bound(&bind, &types, recording, &mut self.said);
        let keys = keyed::keys(reading.read.key_parameters(), &bind, &types);
        let constants = statement.bound_constants(&bind, &types);
        let put_back = statement.puts_parameters_back(&bind, &types, env.methods);
        drop(types);
        if let Some(change) = statement.path_change() {
            let values = bind.parameters().into_iter().flatten().filter_map(|parameter| parameter.value);
            self.path.bound(change, values);
        }
        if statement.refusal().is_some() {
            return self.refuse_prepared(statement, reading, &values, env, out);
        }
        if let Some(refusal) = put_back {
            return self.refuse_prepared(&statement.refused(refusal), reading, &values, env, out);
        }
        if !bind.portal.is_empty() && self.portals.is_full() {
            return self.wait_for_room(names::too_many::<Portal>, out);
        }
        // Which keys it takes by is known when it is executed.
        let is_told = !is_plain && reading.read.key_parameters().is_empty();
        if is_told && self.waits_for_stains(std::slice::from_ref(statement), env, out) {
            return Pass::WaitsForCatalog;
        }
        let approval = self.asking.approval();
        let is_begun = |begun: &u64| {
            let means_the_same = prepared.path_changes.get() == self.path.changes();
            approval.is_none() && means_the_same && self.begun.has(*begun, self.section)
        };
        let begun = match prepared.begun.get().filter(is_begun) {
            Some(begun) => {
                self.begun.bind(begun, &values);
                begun
            }
            None => match self.begin_within_limits(statement, reading.text.as_ref(), &values, env, out) {
                Ok(begun) => begun,
                Err(pass) => return pass,
            },
        };
        prepared.begun.set(None);
        let (made, path) = (self.sequence, self.path_now());
        let may_change = statement.runs_own_code(env.catalog) || !self.moving.is_empty();
        let made_as = may_change.then(|| {
            let judged = reading.read.judge(env, self.seen());
            self.meant_now(&judged.bound(keys.as_ref(), &reading.read, env, self.seen()), env)
        });
        let portal = Rc::new(Portal {
            made,
            made_as,
            path,
            approval,
            values,
            keys,
            constants,
            ..Portal::new(prepared, Some(begun))
        });
        let changed = self.portals.change(bind.portal, self.section, Some(portal));
        self.owed.push_back(Owed::Bind(changed, begun));
        Pass::Whole
    }

    fn describe(&mut self, target: Target<'_>, env: &Environment<'_>, out: &mut Vec<Action>) -> Pass {
        let owed = match target {
            Target::Statement(name) => return self.describe_statement(name, env, out),
            Target::Portal(name) => match self.bound(name) {
                Lookup::Known(portal) => Owed::DescribePortal { portal: Some(portal), hidden: false },
                Lookup::Unknown => Owed::DescribePortal { portal: None, hidden: false },
                Lookup::Uncertain => return Pass::Waits,
            },
        };
        self.owed.push_back(owed);
        Pass::Whole
    }

    /// Where definitions have changed, the server reads the statement again.
    fn describe_statement(&mut self, name: &[u8], env: &Environment<'_>, out: &mut Vec<Action>) -> Pass {
        let prepared = match self.parsed(name) {
            Lookup::Known(prepared) => prepared,
            Lookup::Uncertain => return Pass::Waits,
            Lookup::Unknown => match unseen("prepared statement", "26000", name, env) {
                Ok(prepared) => prepared,
                Err(refusal) => return self.refuse_unrecorded(refusal, out),
            },
        };
        let reading = &prepared.reading;
        if self.given.renew(env) {
            return Pass::WaitsForCatalog;
        }
        let judged = reading.read.judge(env, self.seen());
        let is_recorded = prepared.begun.get().is_some_and(|begun| self.begun.has(begun, self.section));
        if !is_recorded && judged.one.runs_code_when_read {
            if judged.one.refusal().is_some() && !self.is_held(&judged.one) {
                return self.refuse_prepared(&judged.one, reading, &Bound::default(), env, out);
            }
            match self.begin_within_limits(&judged.one, reading.text.as_ref(), &Bound::default(), env, out) {
                Ok(begun) => {
                    prepared.path_changes.set(self.path.changes());
                    prepared.begun.set(Some(begun));
                }
                Err(pass) => return pass,
            }
        }
        let begun = prepared.begun.get();
        self.owed.push_back(Owed::DescribeStatement { prepared, begun });
        Pass::Whole
    }

    fn execute(&mut self, name: &[u8], env: &Environment<'_>, out: &mut Vec<Action>) -> Pass {
        let portal = match self.bound(name) {
            Lookup::Known(portal) => portal,
            Lookup::Uncertain => return Pass::Waits,
            Lookup::Unknown => match unseen("portal", "34000", name, env) {
                Ok(prepared) => Rc::new(Portal::new(prepared, None)),
                Err(refusal) => return self.refuse_unrecorded(refusal, out),
            },
        };
        let reading = &portal.prepared.reading;
        let plain = match (&portal.keys, &portal.approval) {
            (None, None) if reading.read.key_parameters().is_empty() => {
                self.plain(&reading.read, env).filter(|plain| portal.is_made_as(plain))
            }
            _ => None,
        };
        let statement = &match plain {
            Some(statement) => statement,
            None => match self.executed(&portal, env, out) {
                Ok(statement) => statement,
                Err(pass) => return pass,
            },
        };
        if statement.refusal().is_some() {
            return self.refuse_prepared(statement, reading, &portal.values, env, out);
        }
        // Rows of which nobody knows the columns cannot be masked. An answer to an earlier Describe does not count: what
        // the portal runs may have been replaced in between (a cursor or a prepared statement of the same name).
        let is_asked = matches!(
            self.owed.back(),
            Some(Owed::DescribePortal { portal: Some(asked), .. }) if Rc::ptr_eq(asked, &portal)
        );
        if !portal.executed.replace(true) && !is_asked {
            let mut message = Vec::new();
            compose::describe_portal(&mut message, name);
            out.push(Action::SendToServer(message));
            self.owed.push_back(Owed::DescribePortal { portal: Some(Rc::clone(&portal)), hidden: true });
        }
        let running = match portal.begun.and_then(|begun| self.begun.take(begun)) {
            Some(started) => self.run(started, statement),
            None => {
                // What its names mean was settled when it was bound.
                let described = self.described(statement, || portal.path.clone(), env);
                let text = reading.text.as_ref();
                let started = self.record_start(statement, described, text, &portal.values, out);
                self.run(started, statement)
            }
        };
        if let Some(copied) = &statement.copied {
            let message = self.ask_for_copied(copied, &portal, running.execution.started.sequence);
            out.push(Action::SendToServer(message));
        }
        let running = Box::new(running);
        let is_copy = running.copy_in == CopyIn::Ahead;
        self.owed.push_back(Owed::Execute { running, portal });
        if !is_copy {
            return Pass::Whole;
        }
        // The client's next message waits for the answer, and so the server must not keep it back until a Sync.
        let mut flush = Vec::new();
        compose::bare(&mut flush, tag::FLUSH);
        Pass::WholeThen(flush)
    }

    /// The statement of a portal as it may run now, where more has to be asked than its verdict. Otherwise what becomes of the message.
    fn executed(
        &mut self,
        portal: &Portal,
        env: &Environment<'_>,
        out: &mut Vec<Action>,
    ) -> Result<Rc<Judged>, Pass> {
        // Definitions may have changed since the statement was prepared.
        let reading = &portal.prepared.reading;
        let Some(judged) = self.judge(&reading.read, env) else { return Err(Pass::WaitsForCatalog) };
        // What was approved begins right behind its Bind: nothing else can have changed what it means.
        let begins = portal.executed.get() || portal.begun == Some(self.sequence);
        let one = judged.bound(portal.keys.as_ref(), &reading.read, env, self.seen());
        let one = one.with_approval(portal.approval.as_ref().filter(|_| begins));
        // The portal may be gone by the end of what else did.
        if !begins && portal.approval.is_some() && self.is_held(&one) {
            if let Some(pass) = self.waits_for_sync(out) {
                return Err(pass);
            }
            if !self.owed.is_empty() {
                return Err(Pass::Waits);
            }
        }
        if self.waits_for_stains(std::slice::from_ref(&one), env, out) {
            return Err(Pass::WaitsForCatalog);
        }
        let brought = Brought { text: reading.text.as_deref(), bound: &portal.constants };
        Ok(self.may_copy(&portal.with_older(self.judge_again(&one, brought, env, out))))
    }

    /// What a Parse put under this name.
    fn parsed(&self, name: &[u8]) -> Lookup<Prepared> {
        match self.prepared.get(name, self.section) {
            Lookup::Known(prepared) if prepared.is_sql => Lookup::Unknown,
            found => found,
        }
    }

    /// What a Bind put under this name.
    fn bound(&self, name: &[u8]) -> Lookup<Portal> {
        match self.portals.get(name, self.section) {
            Lookup::Known(portal) if portal.prepared.is_sql => Lookup::Unknown,
            found => found,
        }
    }

    /// Records the start of one execution that may be sent later, where there is room for it: its number. Otherwise what
    /// becomes of the message.
    fn begin_within_limits(
        &mut self,
        judged: &Judged,
        text: Option<&Rc<str>>,
        bound: &Bound,
        env: &Environment<'_>,
        out: &mut Vec<Action>,
    ) -> Result<u64, Pass> {
        match self.begun.is_full() {
            false => Ok(self.begin(judged, text, bound, env, out)),
            true => Err(self.wait_for_room(begun::too_many, out)),
        }
    }

    /// What becomes of a message for which there is no room: it waits as long as answers can make some.
    fn wait_for_room(&mut self, refusal: impl FnOnce() -> Refusal, out: &mut Vec<Action>) -> Pass {
        match self.sections_over < self.section {
            true => Pass::Waits,
            false => self.refuse_unrecorded(refusal(), out),
        }
    }

    /// Refuses what was let pass when it was prepared.
    fn refuse_prepared(
        &mut self,
        refused: &Rc<Judged>,
        reading: &Reading,
        bound: &Bound,
        env: &Environment<'_>,
        out: &mut Vec<Action>,
    ) -> Pass {
        let running = self.start_bound(refused, reading.text.as_ref(), bound, env, out);
        self.owed.push_back(Owed::Refused(Box::new(running)));
        out.push(Action::SendToServer(self.marker.failing_parse()));
        Pass::Replaced
    }

    /// Refuses a message of which nothing is recorded.
    fn refuse_unrecorded(&mut self, refusal: Refusal, out: &mut Vec<Action>) -> Pass {
        out.push(Action::SendToServer(self.marker.failing_describe()));
        self.owed.push_back(Owed::RefusedUnrecorded(Box::new(refusal)));
        Pass::Replaced
    }

    /// A call that fails ends its section, as a Query does.
    pub(crate) fn fast_path(
        &mut self,
        function: u32,
        env: &mut Environment<'_>,
        out: &mut Vec<Action>,
    ) -> Pass {
        let judged = env.readings.call(function).judge(env, self.seen());
        let call = &judged.one;
        let is_refused = call.refusal().is_some();
        if is_refused && let Some(pass) = self.waits_for_sync(out) {
            return pass;
        }
        let running = self.start(call, None, env, out);
        self.section += 1;
        if !is_refused {
            self.owed.push_back(Unread::owed(running));
            return Pass::Whole;
        }
        self.owed.extend([Owed::Refused(Box::new(running)), Owed::Sync]);
        out.push(Action::SendToServer(self.marker.failing_call()));
        Pass::Replaced
    }
}

/// Longest body of a message that PostgreSQL takes (postgres.c, SocketBackend). Like there, whoever sends anything else
/// is told at its first byte: what looks like a length may be part of something else, such as a second start-up packet.
fn body_bytes_max(tag: u8) -> Result<u32, SessionError> {
    match tag {
        tag::QUERY | tag::PARSE | tag::BIND | tag::FUNCTION_CALL | tag::COPY_DATA => {
            Ok(frontend::LARGE_BODY_BYTES_MAX)
        }
        tag::DESCRIBE
        | tag::EXECUTE
        | tag::CLOSE
        | tag::SYNC
        | tag::FLUSH
        | tag::COPY_DONE
        | tag::COPY_FAIL
        | tag::TERMINATE => Ok(frontend::SMALL_BODY_BYTES_MAX),
        other => Err(unexpected(other)),
    }
}

fn unexpected(tag: u8) -> SessionError {
    SessionError::client(format!("unexpected message `{}`", tag.escape_ascii()))
}

/// What stands for a thing that was made in a way that was not seen, where such things may be used.
fn unseen(
    kind: &'static str,
    sqlstate: &'static str,
    name: &[u8],
    env: &Environment<'_>,
) -> Result<Rc<Prepared>, Refusal> {
    let read = Read::unseen(kind, sqlstate, name);
    match read.judge_alone(env).one.refusal() {
        Some(refusal) => Err(refusal.clone()),
        None => Ok(Rc::new(Prepared::new(read.into(), None))),
    }
}
