//! A model of how PostgreSQL answers (postgres.c): enough of names, failed transactions and skipping up to Sync to
//! know what a client should see. Not a stand-in for the real server, which the end-to-end tests use.

use std::collections::{HashMap, VecDeque};

use wire::compose::{ErrorText, cstr, frame};
use wire::frontend::{self, Bind, Parse, Target};
use wire::split_frame;

fn message(tag: u8, fill: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut out = Vec::new();
    frame(&mut out, tag, fill);
    out
}

/// Each column: table's OID, column's number, type's OID.
pub(super) fn row_description(columns: &[(u32, i16, u32)]) -> Vec<u8> {
    message(b'T', |out| {
        out.extend_from_slice(&u16::try_from(columns.len()).unwrap().to_be_bytes());
        for (table, column, type_oid) in columns {
            cstr(out, b"c");
            out.extend_from_slice(&table.to_be_bytes());
            out.extend_from_slice(&column.to_be_bytes());
            out.extend_from_slice(&type_oid.to_be_bytes());
            out.extend_from_slice(&[0; 8]);
        }
    })
}

pub(super) fn data_row(values: &[&str]) -> Vec<u8> {
    message(b'D', |out| {
        out.extend_from_slice(&u16::try_from(values.len()).unwrap().to_be_bytes());
        for value in values {
            out.extend_from_slice(&u32::try_from(value.len()).unwrap().to_be_bytes());
            out.extend_from_slice(value.as_bytes());
        }
    })
}

pub(super) fn complete(tag: &str) -> Vec<u8> {
    message(b'C', |out| cstr(out, tag.as_bytes()))
}

pub(super) fn ready(status: u8) -> Vec<u8> {
    message(b'Z', |out| out.push(status))
}

pub(super) fn error(sqlstate: &str, text: &str) -> Vec<u8> {
    let mut out = Vec::new();
    let text = ErrorText { severity: "ERROR", sqlstate, message: text, detail: "", hint: "" };
    wire::compose::error(&mut out, &text);
    out
}

pub(super) fn parse_complete() -> Vec<u8> {
    message(b'1', |_| {})
}

pub(super) fn bind_complete() -> Vec<u8> {
    message(b'2', |_| {})
}

pub(super) fn close_complete() -> Vec<u8> {
    message(b'3', |_| {})
}

pub(super) fn no_data() -> Vec<u8> {
    message(b'n', |_| {})
}

pub(super) fn copy_in() -> Vec<u8> {
    message(b'G', |out| out.extend_from_slice(&[0; 3]))
}

/// In the format text.
pub(super) fn copy_out(columns: u8) -> Vec<u8> {
    message(b'H', |out| {
        out.extend_from_slice(&[0, 0, columns]);
        out.extend(std::iter::repeat_n([0; 2], usize::from(columns)).flatten());
    })
}

pub(super) fn copy_data(data: &[u8]) -> Vec<u8> {
    message(b'd', |out| out.extend_from_slice(data))
}

pub(super) fn copy_done() -> Vec<u8> {
    message(b'c', |_| {})
}

pub(super) fn copy_fail(why: &str) -> Vec<u8> {
    message(b'f', |out| cstr(out, why.as_bytes()))
}

/// What no server reads.
pub(super) const NO_SQL: &str = "selec 1";

/// What this server reads and the proxy does not.
pub(super) const NEWER_SQL: &str = "select newer syntax 1";

/// A COPY of what is masked.
pub(super) const COPY_MASKED: &str = "copy users to stdout";

/// What runs only where somebody approves it.
pub(super) const APPROVED: [&str; 2] = ["copy orders to stdout", "copy orders from stdin"];

/// Stands for one of them that nobody has approved.
const DENIED: &str = "not approved";

/// What COPY takes no more of.
pub(super) const BAD_DATA: &[u8] = b"bad\n";

/// Rows that a SELECT has.
const ROWS: usize = 2;

/// A server that keeps names, transactions, COPY and the rule to skip up to Sync after an error.
#[derive(Default)]
pub(super) struct Server {
    /// The beginning of a message.
    inbox: Vec<u8>,
    statements: HashMap<Vec<u8>, String>,
    portals: HashMap<Vec<u8>, Portal>,
    skipping: bool,
    pub(super) in_transaction: bool,
    failed: bool,
    /// The Query that runs has several statements.
    is_string: bool,
    copying: Option<Copying>,
    /// Answers to refused statements as the proxy should give them; `None` where the proxy is in between.
    refuses: Option<fn(&str) -> Vec<u8>>,
    /// What somebody says each time when the server that refuses by itself asks; where there is nothing, yes.
    answers: Vec<bool>,
    /// How often somebody was asked, and has approved.
    pub(super) asked: usize,
    pub(super) approved: usize,
    /// For each statement that runs, after how many rows or pieces of data it is cancelled; 255 for never.
    cancels: Vec<u8>,
    /// For each message that is taken, what else is told behind its answer: see [`chatter`].
    tells: Vec<u8>,
    taken: usize,
    /// What else was told.
    pub(super) told: Vec<u8>,
    /// Everything that ran.
    pub(super) ran: Vec<String>,
    /// Everything that was planned, or that has constants which were read.
    pub(super) prepared: Vec<String>,
}

#[derive(Clone, Debug)]
struct Portal {
    text: String,
    rows_left: usize,
    has_run: bool,
}

/// A COPY that takes data.
#[derive(Debug)]
struct Copying {
    /// The statements of the Query that follow; `None` in the extended protocol.
    rest: Option<VecDeque<String>>,
    pieces_left: u8,
}

/// Why something goes on no further.
enum Stop {
    Error(Vec<u8>),
    /// It takes data first.
    Copy(u8),
}

/// What a server tells whenever it likes.
pub(super) fn chatter(kind: u8) -> Vec<u8> {
    match kind {
        0 => message(b'N', |out| out.extend_from_slice(b"SNOTICE\0VNOTICE\0C00000\0Mby the way\0\0")),
        1 => message(b'A', |out| out.extend_from_slice(b"\0\0\0\x07channel\0payload\0")),
        2 => message(b'S', |out| out.extend_from_slice(b"application_name\0model\0")),
        _ => Vec::new(),
    }
}

impl Server {
    /// One that cancels and tells like this; what is refused it leaves to the proxy.
    pub(super) fn behind_proxy(cancels: Vec<u8>, tells: Vec<u8>) -> Self {
        Server { cancels, tells, ..Server::default() }
    }

    /// One that refuses and masks by itself, and tells nothing that it was not asked for.
    pub(super) fn without_proxy(cancels: Vec<u8>, answers: Vec<bool>, refuses: fn(&str) -> Vec<u8>) -> Self {
        Server { cancels, answers, refuses: Some(refuses), ..Server::default() }
    }

    /// Whether its transaction has failed.
    pub(super) fn has_failed(&self) -> bool {
        self.failed
    }

    /// Answers every message that `input` makes whole.
    pub(super) fn answer(&mut self, input: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        self.inbox.extend_from_slice(input);
        let inbox = std::mem::take(&mut self.inbox);
        let mut input = inbox.as_slice();
        while let Some((frame, rest)) = split_frame(input, 1 << 20).unwrap() {
            self.message(frame.tag, frame.body, &mut out);
            let more = chatter(self.tells.get(self.taken).copied().unwrap_or(u8::MAX));
            self.taken += 1;
            self.told.extend_from_slice(&more);
            out.extend(more);
            input = rest;
        }
        self.inbox = input.to_vec();
        out
    }

    fn message(&mut self, tag: u8, body: &[u8], out: &mut Vec<u8>) {
        if let Some(copying) = self.copying.take() {
            return self.copy_message(copying, tag, body, out);
        }
        if self.skipping && tag != b'S' {
            return;
        }
        let answered = match tag {
            b'Q' => return self.query(frontend::query(body).unwrap(), out),
            b'P' => self.parse(&Parse::read(body).unwrap()),
            b'B' => {
                let bind = Bind::read(body).unwrap();
                match self.statements.get(bind.statement) {
                    // As exec_bind_message does.
                    Some(text) if self.failed && text != "rollback" => Err(aborted()),
                    Some(text) => {
                        let text = text.clone();
                        self.bind(bind.portal, &text)
                    }
                    None => Err(error("26000", &unknown(bind.statement))),
                }
            }
            b'D' => match Target::read(body).unwrap() {
                Target::Statement(name) => match self.statements.get(name) {
                    Some(text) => {
                        Ok([message(b't', |out| out.extend_from_slice(&[0, 0])), described(text)].concat())
                    }
                    None => Err(error("26000", &unknown(name))),
                },
                Target::Portal(name) => self
                    .portals
                    .get(name)
                    .map(|portal| described(&portal.text))
                    .ok_or_else(|| error("34000", &unknown(name))),
            },
            // Whatever the client calls is refused; an error ends in ReadyForQuery, as that of a Query (fastpath.c).
            b'F' => {
                let failed = match self.refuses {
                    _ if self.failed => aborted(),
                    Some(refuse) => refuse("drop table users"),
                    None => {
                        assert_eq!(body[..4], 42_u32.to_be_bytes(), "a call got through");
                        let argument = String::from_utf8_lossy(&body[12..body.len() - 2]);
                        error("22P02", &format!("invalid input syntax for type integer: \"{argument}\""))
                    }
                };
                return self.fail_query(failed, out);
            }
            b'E' => {
                let (name, limit) = (frontend::execute(body).unwrap().to_vec(), body[body.len() - 1]);
                match self.execute(&name, usize::from(limit), out) {
                    Ok(()) => return,
                    Err(Stop::Copy(pieces_left)) => {
                        self.copying = Some(Copying { rest: None, pieces_left });
                        return;
                    }
                    Err(Stop::Error(error)) => Err(error),
                }
            }
            b'C' => {
                match Target::read(body).unwrap() {
                    Target::Statement(name) => drop(self.statements.remove(name)),
                    Target::Portal(name) => drop(self.portals.remove(name)),
                }
                Ok(message(b'3', |_| {}))
            }
            // The model keeps nothing back, and outside of COPY what belongs to one is ignored.
            b'H' | b'd' | b'c' | b'f' => return,
            b'S' => {
                self.skipping = false;
                Ok(self.end_of_section())
            }
            other => panic!("the model has no message {other}"),
        };
        match answered {
            Ok(answer) => out.extend(answer),
            Err(error) => self.fail_extended(error, out),
        }
    }

    fn bind(&mut self, name: &[u8], text: &str) -> Result<Vec<u8>, Vec<u8>> {
        if APPROVED.contains(&text) && !self.is_approved() {
            return Err(error("42501", "not approved"));
        }
        self.prepared.push(text.to_owned());
        // Only the unnamed portal makes room for another one.
        if !name.is_empty() && self.portals.contains_key(name) {
            return Err(error("42P03", "already exists"));
        }
        self.portals.insert(name.to_vec(), Portal { text: text.to_owned(), rows_left: ROWS, has_run: false });
        Ok(bind_complete())
    }

    /// What somebody says about the next execution; without a proxy in between.
    fn is_approved(&mut self) -> bool {
        if self.refuses.is_none() {
            return true;
        }
        let is_approved = self.answers.get(self.asked).copied().unwrap_or(true);
        self.asked += 1;
        self.approved += usize::from(is_approved);
        is_approved
    }

    /// Asks about the statements of a Query before any of them runs, up to the first that cannot.
    fn ask_all(&mut self, statements: &mut VecDeque<String>) {
        for text in statements {
            if text.starts_with("drop table") || self.is_string && text == COPY_MASKED {
                return;
            }
            // In a transaction that has failed nobody is asked: what is behind its end is not approved.
            if APPROVED.contains(&text.as_str()) && (self.failed || !self.is_approved()) {
                DENIED.clone_into(text);
                return;
            }
        }
    }

    fn query(&mut self, text: &[u8], out: &mut Vec<u8>) {
        // exec_simple_query drops the unnamed statement before it parses.
        self.statements.remove(&b""[..]);
        let text = String::from_utf8(text.to_vec()).unwrap();
        if text.trim().is_empty() {
            out.extend(message(b'I', |_| {}));
        }
        let mut statements: VecDeque<String> =
            text.split(';').map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned).collect();
        // The whole string is parsed before any of it runs.
        if statements.iter().any(|text| text == NO_SQL) {
            return self.fail_query(error("42601", "syntax error"), out);
        }
        self.is_string = 1 < statements.len();
        if self.refuses.is_some() {
            self.ask_all(&mut statements);
        }
        self.go_on(statements, out);
    }

    /// Runs what is left of a Query.
    fn go_on(&mut self, mut statements: VecDeque<String>, out: &mut Vec<u8>) {
        while let Some(text) = statements.pop_front() {
            let mut portal = Portal { text, rows_left: ROWS, has_run: false };
            let ran = self.analyse(&portal.text).map_err(Stop::Error).and_then(|()| {
                out.extend(columns(&portal.text));
                self.run(&mut portal, 0, out)
            });
            match ran {
                Ok(()) => {}
                Err(Stop::Copy(pieces_left)) => {
                    self.copying = Some(Copying { rest: Some(statements), pieces_left });
                    return;
                }
                Err(Stop::Error(error)) => return self.fail_query(error, out),
            }
        }
        out.extend(self.end_of_section());
    }

    fn execute(&mut self, name: &[u8], limit: usize, out: &mut Vec<u8>) -> Result<(), Stop> {
        self.is_string = false;
        let Some(mut portal) = self.portals.get(name).cloned() else {
            return Err(Stop::Error(error("34000", &unknown(name))));
        };
        self.analyse(&portal.text).map_err(Stop::Error)?;
        let result = self.run(&mut portal, limit, out);
        self.portals.insert(name.to_vec(), portal);
        result
    }

    fn copy_message(&mut self, mut copying: Copying, tag: u8, body: &[u8], out: &mut Vec<u8>) {
        let failed = match tag {
            b'd' if body == BAD_DATA => error("22P04", "bad data"),
            b'd' if copying.pieces_left == 0 => error("57014", "canceled"),
            b'd' => {
                copying.pieces_left = copying.pieces_left.saturating_sub(u8::from(copying.pieces_left < 255));
                self.copying = Some(copying);
                return;
            }
            b'c' => {
                out.extend(complete("COPY 1"));
                if let Some(rest) = copying.rest {
                    self.go_on(rest, out);
                }
                return;
            }
            b'f' => error("57014", "the client gave up"),
            b'H' | b'S' => {
                self.copying = Some(copying);
                return;
            }
            other => panic!("message {other} during COPY"),
        };
        match copying.rest {
            Some(_) => self.fail_query(failed, out),
            None => self.fail_extended(failed, out),
        }
    }

    fn parse(&mut self, parse: &Parse<'_>) -> Result<Vec<u8>, Vec<u8>> {
        let text = String::from_utf8(parse.query.to_vec()).unwrap().trim_matches(';').to_owned();
        self.is_string = false;
        if parse.statement.is_empty() {
            self.statements.remove(parse.statement);
        }
        // It is the server that finds the name taken, before the proxy has its say.
        if text == NEWER_SQL && !self.failed && self.statements.contains_key(parse.statement) {
            return Err(error("42P05", "already exists"));
        }
        self.analyse(&text)?;
        if text.contains('\'') {
            self.prepared.push(text.clone());
        }
        if self.statements.contains_key(parse.statement) {
            return Err(error("42P05", "already exists"));
        }
        self.statements.insert(parse.statement.to_vec(), text);
        Ok(parse_complete())
    }

    fn fail_query(&mut self, error: Vec<u8>, out: &mut Vec<u8>) {
        out.extend(error);
        self.failed = self.in_transaction;
        out.extend(self.end_of_section());
    }

    fn fail_extended(&mut self, error: Vec<u8>, out: &mut Vec<u8>) {
        out.extend(error);
        self.failed = self.in_transaction;
        self.skipping = true;
    }

    /// Outside of a transaction block the transaction ends, and portals with it.
    fn end_of_section(&mut self) -> Vec<u8> {
        if !self.in_transaction {
            self.portals.clear();
        }
        ready(match (self.in_transaction, self.failed) {
            (false, _) => b'I',
            (true, false) => b'T',
            (true, true) => b'E',
        })
    }

    /// What fails before it runs.
    fn analyse(&self, text: &str) -> Result<(), Vec<u8>> {
        if text.split(';').any(|statement| statement == NO_SQL) {
            return Err(error("42601", "syntax error"));
        }
        if self.failed && text != "rollback" {
            return Err(aborted());
        }
        if text == DENIED {
            return Err(error("42501", "not approved"));
        }
        let is_refused =
            text.starts_with("drop table") || text == NEWER_SQL || self.is_string && text == COPY_MASKED;
        if let (Some(refuse), true) = (self.refuses, is_refused) {
            return Err(refuse(text));
        }
        if let Some(value) = text.strip_prefix("SELECT '").and_then(|rest| rest.split('\'').next()) {
            return Err(error("22P02", &format!("invalid input syntax for type integer: \"{value}\"")));
        }
        if text == "select 1/0" {
            return Err(error("22012", "division by zero"));
        }
        Ok(())
    }

    /// Runs a portal, and sends at most `limit` rows; 0 for all.
    fn run(&mut self, portal: &mut Portal, limit: usize, out: &mut Vec<u8>) -> Result<(), Stop> {
        let is_command = !matches!(portal.text.as_str(), text if text.starts_with("select"));
        if std::mem::replace(&mut portal.has_run, true) && is_command {
            return Err(Stop::Error(error("55000", "portal cannot be run")));
        }
        let mut until_cancel = self.cancels.get(self.ran.len()).copied().unwrap_or(u8::MAX);
        self.ran.push(portal.text.clone());
        let mut go_on = || match until_cancel {
            0 => Err(Stop::Error(error("57014", "canceled"))),
            left => {
                until_cancel = left.saturating_sub(u8::from(left < 255));
                Ok(())
            }
        };
        match portal.text.as_str() {
            "" => out.extend(message(b'I', |_| {})),
            "begin" => {
                self.in_transaction = true;
                out.extend(complete("BEGIN"));
            }
            "rollback" => {
                (self.in_transaction, self.failed) = (false, false);
                out.extend(complete("ROLLBACK"));
            }
            "copy orders from stdin" => {
                go_on()?;
                out.extend(copy_in());
                return Err(Stop::Copy(until_cancel));
            }
            text @ ("copy orders to stdout" | COPY_MASKED) => {
                go_on()?;
                let (columns, row) = match (text == COPY_MASKED, self.refuses.is_some()) {
                    (false, _) => (1, "1\n"),
                    (true, false) => (2, "1\tbob@shop.org\n"),
                    (true, true) => (2, "1\tb***@***.org\n"),
                };
                out.extend(copy_out(columns));
                for _ in 0..ROWS {
                    go_on()?;
                    out.extend(copy_data(row.as_bytes()));
                }
                out.extend([copy_done(), complete("COPY 2")].concat());
            }
            _ => {
                // The masked form: what the client of a server without a proxy is meant to see.
                let email = if self.refuses.is_some() { "b***@***.org" } else { "bob@shop.org" };
                let rows = if limit == 0 { portal.rows_left } else { portal.rows_left.min(limit) };
                for _ in 0..rows {
                    go_on()?;
                    portal.rows_left -= 1;
                    out.extend(data_row(&["1", email]));
                }
                match rows == limit {
                    true => out.extend(message(b's', |_| {})),
                    false => out.extend(complete(&format!("SELECT {rows}"))),
                }
            }
        }
        Ok(())
    }
}

fn aborted() -> Vec<u8> {
    error("25P02", "current transaction is aborted")
}

fn unknown(name: &[u8]) -> String {
    format!("\"{}\" does not exist", String::from_utf8_lossy(name))
}

fn columns(text: &str) -> Vec<u8> {
    match text {
        "" | "begin" | "rollback" => Vec::new(),
        text if text.starts_with("copy") => Vec::new(),
        _ => row_description(&[(20000, 1, 23), (20000, 2, 25)]),
    }
}

fn described(text: &str) -> Vec<u8> {
    let columns = columns(text);
    if columns.is_empty() { no_data() } else { columns }
}
