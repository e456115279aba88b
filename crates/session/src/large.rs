//! Messages of the client that are too long to be held: what need not be looked at passes or is thrown away in pieces.

use std::collections::VecDeque;

use policy::Refusal;
use wire::frame::{FrameError, HEADER_BYTES};
use wire::frontend::{Bind, tag};
use wire::{BodyError, compose};

use crate::action::{Action, Pass};
use crate::judged::Judged;
use crate::owed::Owed;
use crate::state::{Environment, Session, SessionError};

/// Longest body that PostgreSQL takes (libpq.h, `PQ_LARGE_MESSAGE_LIMIT`, less the length itself).
const BODY_BYTES_MAX: u32 = 0x3fff_fffe - 4;

impl Session {
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
        if BODY_BYTES_MAX < len {
            return Err(too_large());
        }
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
            tag::FUNCTION_CALL => Ok(Some(self.fast_path(env, out))),
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
        let refusal = Refusal {
            rule: "unreadable",
            sqlstate: "54000",
            message: "Picket refused this statement".to_owned(),
            detail: format!(
                "Rule \"unreadable\": what cannot be read is not let through; the message has {len} bytes, \
                 `max-message-bytes` is {}.",
                self.message_bytes_max
            ),
            hint: "Send it in smaller statements, or the data as parameters or by COPY.".to_owned(),
        };
        let judged =
            Judged::unread(&format!("(statement of {len} bytes)"), policy::Verdict::Refuse(refusal), env);
        let running = self.start(&judged, None, out);
        let failing = self.marker.failing_statement();
        let mut message = Vec::new();
        match parse {
            Some(name) => {
                self.owed.push_back(Owed::Refused(Box::new(running)));
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
