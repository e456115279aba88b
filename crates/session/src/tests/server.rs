//! A model of how PostgreSQL answers (postgres.c): enough of names, failed transactions and skipping up to Sync to
//! know what a client should see. Not a stand-in for the real server, which the end-to-end tests use.

use std::collections::HashMap;

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

/// A server that keeps names, transactions and the rule to skip up to Sync after an error.
#[derive(Default)]
pub(super) struct Server {
    statements: HashMap<Vec<u8>, String>,
    portals: HashMap<Vec<u8>, String>,
    skipping: bool,
    in_transaction: bool,
    failed: bool,
    /// Answers to refused statements as the proxy should give them; `None` where the proxy is in between.
    pub(super) refuses: Option<fn(&str) -> Vec<u8>>,
    /// Everything that ran.
    pub(super) ran: Vec<String>,
}

impl Server {
    /// Answers every whole message in `input`.
    pub(super) fn answer(&mut self, mut input: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        while let Some((frame, rest)) = split_frame(input, 1 << 20).unwrap() {
            self.message(frame.tag, frame.body, &mut out);
            input = rest;
        }
        assert!(input.is_empty(), "a message was cut");
        out
    }

    fn message(&mut self, tag: u8, body: &[u8], out: &mut Vec<u8>) {
        if self.skipping && tag != b'S' {
            return;
        }
        let answered = match tag {
            b'Q' => {
                // exec_simple_query drops the unnamed statement before it parses.
                self.statements.remove(&b""[..]);
                let text = String::from_utf8(frontend::query(body).unwrap().to_vec()).unwrap();
                if text.trim().is_empty() {
                    out.extend(message(b'I', |_| {}));
                }
                let statements: Vec<&str> =
                    text.split(';').map(str::trim).filter(|text| !text.is_empty()).collect();
                // The whole string is parsed before any of it runs.
                if statements.contains(&NO_SQL) {
                    out.extend(error("42601", "syntax error"));
                    self.fail();
                    out.extend(self.end_of_section());
                    return;
                }
                for statement in statements {
                    match self.analyse(statement) {
                        Ok(()) => {
                            out.extend(columns(statement));
                            self.run(statement, out);
                        }
                        Err(error) => {
                            out.extend(error);
                            self.fail();
                            break;
                        }
                    }
                }
                out.extend(self.end_of_section());
                return;
            }
            b'P' => self.parse(&Parse::read(body).unwrap()),
            b'B' => {
                let bind = Bind::read(body).unwrap();
                match self.statements.get(bind.statement) {
                    Some(text) => {
                        self.portals.insert(bind.portal.to_vec(), text.clone());
                        Ok(bind_complete())
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
                    .map(|text| described(text))
                    .ok_or_else(|| error("34000", &unknown(name))),
            },
            b'E' => match self.portals.get(frontend::execute(body).unwrap()).cloned() {
                Some(text) => self.analyse(&text).map(|()| {
                    let mut rows = Vec::new();
                    self.run(&text, &mut rows);
                    rows
                }),
                None => Err(error("34000", &unknown(frontend::execute(body).unwrap()))),
            },
            b'C' => {
                match Target::read(body).unwrap() {
                    Target::Statement(name) => drop(self.statements.remove(name)),
                    Target::Portal(name) => drop(self.portals.remove(name)),
                }
                Ok(message(b'3', |_| {}))
            }
            // The model keeps nothing back.
            b'H' => return,
            b'S' => {
                self.skipping = false;
                Ok(self.end_of_section())
            }
            other => panic!("the model has no message {other}"),
        };
        match answered {
            Ok(answer) => out.extend(answer),
            Err(error) => {
                out.extend(error);
                self.skipping = true;
                self.fail();
            }
        }
    }

    fn parse(&mut self, parse: &Parse<'_>) -> Result<Vec<u8>, Vec<u8>> {
        let text = String::from_utf8(parse.query.to_vec()).unwrap();
        if parse.statement.is_empty() {
            self.statements.remove(parse.statement);
        }
        // It is the server that finds the name taken, before the proxy has its say.
        if text == NEWER_SQL && !self.failed && self.statements.contains_key(parse.statement) {
            return Err(error("42P05", "already exists"));
        }
        self.analyse(&text)?;
        if self.statements.contains_key(parse.statement) {
            return Err(error("42P05", "already exists"));
        }
        self.statements.insert(parse.statement.to_vec(), text);
        Ok(parse_complete())
    }

    fn fail(&mut self) {
        self.failed = self.in_transaction;
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
            return Err(error("25P02", "current transaction is aborted"));
        }
        if let (Some(refuse), true) = (self.refuses, text.starts_with("drop table") || text == NEWER_SQL) {
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

    fn run(&mut self, text: &str, out: &mut Vec<u8>) {
        self.ran.push(text.to_owned());
        match text {
            "" => out.extend(message(b'I', |_| {})),
            "begin" => {
                self.in_transaction = true;
                out.extend(complete("BEGIN"));
            }
            "rollback" => {
                (self.in_transaction, self.failed) = (false, false);
                out.extend(complete("ROLLBACK"));
            }
            _ => {
                // The masked form: what the client of a server without a proxy is meant to see.
                let email = if self.refuses.is_some() { "b***@***.org" } else { "bob@shop.org" };
                out.extend(data_row(&["1", email]));
                out.extend(complete("SELECT 1"));
            }
        }
    }
}

fn unknown(name: &[u8]) -> String {
    format!("\"{}\" does not exist", String::from_utf8_lossy(name))
}

fn columns(text: &str) -> Vec<u8> {
    match text {
        "" | "begin" | "rollback" => Vec::new(),
        _ => row_description(&[(20000, 1, 23), (20000, 2, 25)]),
    }
}

fn described(text: &str) -> Vec<u8> {
    let columns = columns(text);
    if columns.is_empty() { no_data() } else { columns }
}
