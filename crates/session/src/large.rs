//! Messages that are too long to be held: what need not be looked at passes or is thrown away in pieces.

use std::collections::VecDeque;

use policy::Refusal;
use wire::frame::{FrameError, HEADER_BYTES};
use wire::frontend::{self, Bind, tag};
use wire::{BodyError, backend, compose};

use crate::action::{Action, Pass, send_to_client};
use crate::hidden::hide;
use crate::judged::Judged;
use crate::owed::Owed;
use crate::state::{Environment, Session, SessionError};

/// What a Parse may hold beside the text: 65,535 types of parameters, and a name that is far longer than any.
const PARSE_BYTES_BESIDE: u32 = 65_535 * 4 + (64 << 10);

/// Longest description of a result, and then some: 1,664 columns (htup_details.h) with names of 63 bytes.
const DESCRIPTION_BYTES_MAX: u32 = 1_664 * (64 + 18) + 2;

/// How much is held of an ErrorResponse that cannot be held whole. Severity and SQLSTATE come first (elog.c,
/// `send_message_to_frontend`).
const ERROR_START_BYTES: usize = 1_024;

/// What is too long where a row is.
pub(crate) const MASKED_ROW: &str = "a row whose columns are masked";

impl Session {
    /// Whether a message of the client is short enough to be held, whatever it is.
    pub(crate) fn is_short(&self, len: u32) -> bool {
        len <= self.message_bytes_max && len as usize <= sql::STATEMENT_BYTES_MAX
    }

    /// Longest body that is held of a message of the client. A text that is too long to be read is refused without being
    /// held, unless that rule only observes.
    pub(crate) fn held_bytes_max(&self, tag: u8, env: &Environment<'_>) -> u32 {
        let text = u32::try_from(sql::STATEMENT_BYTES_MAX).unwrap_or(u32::MAX).saturating_add(1);
        let most = match tag {
            tag::QUERY => text,
            tag::PARSE => text.saturating_add(PARSE_BYTES_BESIDE),
            _ => u32::MAX,
        };
        if self.message_bytes_max <= most || env.policies.observes("unreadable") {
            self.message_bytes_max
        } else {
            most
        }
    }

    /// Longest body that is held of a message of the server.
    pub(crate) fn held_answer_bytes_max(&self, tag: u8) -> u32 {
        match tag {
            backend::tag::ROW_DESCRIPTION => self.message_bytes_max.max(DESCRIPTION_BYTES_MAX),
            _ => self.message_bytes_max,
        }
    }

    /// Takes a message of the server whose body is longer than may be held. `start` is what is there of it, with its
    /// header. `None` asks for more of it; otherwise it passes, or what stands for it is in the actions.
    pub(crate) fn large_answer(
        &mut self,
        tag: u8,
        len: u32,
        start: &[u8],
        env: &Environment<'_>,
        out: &mut Vec<Action>,
    ) -> Result<Option<Pass>, SessionError> {
        let limit = self.held_answer_bytes_max(tag);
        let too_long = |what| SessionError::AnswerTooLong { what, len, limit };
        match tag {
            backend::tag::DATA_ROW | backend::tag::COPY_DATA => Err(too_long(MASKED_ROW)),
            backend::tag::FUNCTION_CALL_RESPONSE => self.masked_call(len, out).map(Some),
            backend::tag::ERROR_RESPONSE | backend::tag::NOTICE_RESPONSE => {
                let Some(body) = start.get(HEADER_BYTES..HEADER_BYTES + ERROR_START_BYTES) else {
                    return Ok(None);
                };
                match tag {
                    backend::tag::ERROR_RESPONSE => self.error(body, env, out).map(Some),
                    _ => {
                        send_to_client(out, |buffer| hide(tag, body, true, buffer));
                        Ok(Some(Pass::Replaced))
                    }
                }
            }
            _ => Err(too_long("a message")),
        }
    }

    /// Takes a message whose body is longer than may be held. `start` is what is there of it, with its header. `None` asks
    /// for more of it.
    pub(crate) fn large_message(
        &mut self,
        tag: u8,
        len: u32,
        start: &[u8],
        env: &mut Environment<'_>,
        out: &mut Vec<Action>,
    ) -> Result<Option<Pass>, SessionError> {
        let too_large =
            || SessionError::client(FrameError::TooLarge { tag, len, limit: self.message_bytes_max });
        if self.skipping && !matches!(tag, tag::SYNC | tag::TERMINATE) {
            return Ok(Some(Pass::Replaced));
        }
        let body = start.get(HEADER_BYTES..).unwrap_or_default();
        match tag {
            tag::BIND => match Bind::read_names(body) {
                Ok(bind) => Ok(Some(self.bind(bind, env, out))),
                Err(BodyError::Short { .. }) if body.len() < self.message_bytes_max as usize => Ok(None),
                Err(_) => Err(too_large()),
            },
            // Outside of COPY the server ignores it.
            tag::COPY_DATA => Ok(Some(Pass::Replaced)),
            tag::FUNCTION_CALL => match frontend::function_call(body) {
                Ok(function) => Ok(Some(self.fast_path(function, env, out))),
                Err(_) => Ok(None),
            },
            tag::QUERY => {
                self.refuse_long_text(len, None, env, out);
                Ok(Some(Pass::Replaced))
            }
            tag::PARSE => {
                let Some(first) = body.first() else { return Ok(None) };
                // A Parse without a name takes the unnamed statement away, even where it fails.
                self.refuse_long_text(len, Some(if *first == 0 { b"" } else { b"long" }), env, out);
                Ok(Some(Pass::Replaced))
            }
            _ => Err(too_large()),
        }
    }

    /// Refuses a text that nobody reads, in the place of a Query or of a Parse under this name.
    fn refuse_long_text(
        &mut self,
        len: u32,
        parse: Option<&[u8]>,
        env: &mut Environment<'_>,
        out: &mut Vec<Action>,
    ) {
        let limit = match sql::STATEMENT_BYTES_MAX {
            text if self.message_bytes_max as usize <= text => {
                format!("`max-message-bytes` is {}", self.message_bytes_max)
            }
            text => format!("a text of more than {text} is not read"),
        };
        let refusal = Refusal {
            rules: vec!["unreadable".into()],
            sqlstate: "54000",
            message: "Picket refused this statement".to_owned(),
            detail: format!(
                "Rule \"unreadable\": what cannot be read is not let through; the message has {len} bytes, {limit}."
            ),
            hint: "Send it in smaller statements, or the data as parameters or by COPY.".to_owned(),
        };
        let judged =
            Judged::unread(&format!("(statement of {len} bytes)"), policy::Verdict::Refuse(refusal), env);
        let running = self.start(&judged, None, env, out);
        let failing = self.marker.failing_statement();
        let mut message = Vec::new();
        match parse {
            Some(name) => {
                self.parse_fails(name, running);
                compose::parse(&mut message, name, failing.as_bytes());
            }
            None => {
                self.owed.push_back(Owed::Query(VecDeque::from([running])));
                self.section += 1;
                compose::query(&mut message, failing.as_bytes());
            }
        }
        out.push(Action::SendToServer(message));
    }
}
