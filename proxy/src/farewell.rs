//! What a client is told when its connection ends before or instead of what it asked for.

use wire::compose::{self, ErrorText};

use crate::pipe::Pipe;

/// A FATAL error of the proxy: ends a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Farewell {
    pub(crate) sqlstate: &'static str,
    pub(crate) message: String,
    pub(crate) detail: String,
    pub(crate) hint: &'static str,
}

impl Farewell {
    pub(crate) fn new(sqlstate: &'static str, message: impl Into<String>) -> Self {
        Farewell { sqlstate, message: message.into(), detail: String::new(), hint: "" }
    }

    pub(crate) fn detail(mut self, detail: impl ToString) -> Self {
        self.detail = detail.to_string();
        self
    }

    pub(crate) fn hint(mut self, hint: &'static str) -> Self {
        self.hint = hint;
        self
    }

    /// The ErrorResponse that says it.
    pub(crate) fn to_message(&self) -> Vec<u8> {
        let Farewell { sqlstate, message, detail, hint } = self;
        let mut out = Vec::new();
        compose::error(&mut out, &ErrorText { severity: "FATAL", sqlstate, message, detail, hint });
        out
    }
}

/// Sends `farewell` on a connection that has no session, and closes it.
pub(crate) async fn say(farewell: &Farewell, pipe: &mut Pipe) {
    pipe.queue(&farewell.to_message());
    pipe.linger().await;
}
