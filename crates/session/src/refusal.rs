//! Makes PostgreSQL itself fail what was refused, and turns its error into one that says why.

use policy::Refusal;
use wire::compose::{self, ErrorText};
use wire::frontend::tag;

/// Marks the errors that this session's own replacements cause.
#[derive(Debug)]
pub(crate) struct Marker {
    text: String,
}

impl Marker {
    /// `nonce` must not be guessed by the client: an error that shows it is rewritten.
    pub(crate) fn new(nonce: u64) -> Self {
        Marker { text: format!("refused by Picket {nonce:016x}") }
    }

    /// A statement that fails when it is analysed: at Parse, or in a Query when its turn comes. In a failed
    /// transaction PostgreSQL answers 25P02 before that, as it would have for the statement itself.
    pub(crate) fn failing_statement(&self) -> String {
        format!("SELECT '{}'::pg_catalog.int4", self.text)
    }

    /// A message of the extended protocol that fails and changes nothing, also in a failed transaction: it describes a
    /// statement that is not there.
    pub(crate) fn failing_describe(&self) -> Vec<u8> {
        let mut out = Vec::new();
        compose::frame(&mut out, tag::DESCRIBE, |out| {
            out.push(b'S');
            compose::cstr(out, self.text.as_bytes());
        });
        out
    }

    /// A Parse that fails and leaves nothing behind, where a failed transaction comes before what it is about: before
    /// an Execute is looked at. It has a name, because one without would take the unnamed statement away.
    pub(crate) fn failing_parse(&self) -> Vec<u8> {
        let mut out = Vec::new();
        compose::parse(&mut out, self.text.as_bytes(), self.failing_statement().as_bytes());
        out
    }

    /// A fast-path call that fails, of the function that reads an integer (`int4in`, pg_proc.dat). A Query would take the unnamed statement
    /// away, which a call leaves alone.
    pub(crate) fn failing_call(&self) -> Vec<u8> {
        const INT4IN: u32 = 42;
        let mut out = Vec::new();
        compose::function_call(&mut out, INT4IN, self.text.as_bytes());
        out
    }

    /// What is sent behind a Parse that must not leave a statement: it closes it, and then fails.
    pub(crate) fn close_and_fail(&self, statement: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        compose::close_statement(&mut out, statement);
        out.extend(self.failing_describe());
        out
    }

    /// A COPY that takes data fails.
    pub(crate) fn copy_fail(&self) -> Vec<u8> {
        let mut out = Vec::new();
        compose::frame(&mut out, tag::COPY_FAIL, |out| compose::cstr(out, self.text.as_bytes()));
        out
    }

    /// Sync, and then what is answered only where nothing is skipped: a statement that is not there is closed.
    pub(crate) fn sync_and_close(&self) -> Vec<u8> {
        let mut out = Vec::new();
        compose::bare(&mut out, tag::SYNC);
        compose::close_statement(&mut out, self.text.as_bytes());
        compose::bare(&mut out, tag::FLUSH);
        out
    }

    /// Whether an ErrorResponse with this message was caused by a replacement.
    pub(crate) fn caused(&self, message: &[u8]) -> bool {
        let mark = self.text.as_bytes();
        message.windows(mark.len()).any(|window| window == mark)
    }
}

/// Appends the ErrorResponse that the client gets instead.
pub(crate) fn answer(refusal: &Refusal, out: &mut Vec<u8>) {
    let Refusal { rules: _, sqlstate, message, detail, hint } = refusal;
    compose::error(out, &ErrorText { severity: "ERROR", sqlstate, message, detail, hint });
}
