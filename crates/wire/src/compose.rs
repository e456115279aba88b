//! Builds the messages that Picket itself sends, to clients and to servers.

/// Appends one frame; `fill` writes its body.
pub fn frame(out: &mut Vec<u8>, tag: u8, fill: impl FnOnce(&mut Vec<u8>)) {
    out.push(tag);
    sized(out, fill);
}

/// Appends a length that counts itself, and what `fill` writes.
pub fn sized(out: &mut Vec<u8>, fill: impl FnOnce(&mut Vec<u8>)) {
    let start = out.len();
    out.extend_from_slice(&[0; 4]);
    fill(out);
    let len = u32::try_from(out.len() - start).unwrap_or(u32::MAX);
    if let Some(place) = out.get_mut(start..start + 4) {
        place.copy_from_slice(&len.to_be_bytes());
    }
}

/// Appends `text` and the NUL that ends it. A NUL inside ends it early, as it would for the reader.
pub fn cstr(out: &mut Vec<u8>, text: &[u8]) {
    out.extend(text.iter().take_while(|&&byte| byte != 0));
    out.push(0);
}

/// A `Query` with this text.
pub fn query(out: &mut Vec<u8>, text: &[u8]) {
    frame(out, crate::frontend::tag::QUERY, |out| cstr(out, text));
}

/// A `Parse` of this text without declared parameter types.
pub fn parse(out: &mut Vec<u8>, statement: &[u8], text: &[u8]) {
    frame(out, crate::frontend::tag::PARSE, |out| {
        cstr(out, statement);
        cstr(out, text);
        out.extend_from_slice(&[0, 0]);
    });
}

/// A `Bind` of a statement without parameters, whose results are texts.
pub fn bind(out: &mut Vec<u8>, portal: &[u8], statement: &[u8]) {
    frame(out, crate::frontend::tag::BIND, |out| {
        cstr(out, portal);
        cstr(out, statement);
        out.extend_from_slice(&[0; 6]);
    });
}

/// An `Execute` of a portal to its end.
pub fn execute(out: &mut Vec<u8>, portal: &[u8]) {
    frame(out, crate::frontend::tag::EXECUTE, |out| {
        cstr(out, portal);
        out.extend_from_slice(&[0; 4]);
    });
}

/// A `FunctionCall` of the function with this OID, with one argument; that and the result are texts.
pub fn function_call(out: &mut Vec<u8>, oid: u32, argument: &[u8]) {
    frame(out, crate::frontend::tag::FUNCTION_CALL, |out| {
        out.extend_from_slice(&oid.to_be_bytes());
        out.extend_from_slice(&[0, 0, 0, 1]);
        out.extend_from_slice(&u32::try_from(argument.len()).unwrap_or(u32::MAX).to_be_bytes());
        out.extend_from_slice(argument);
        out.extend_from_slice(&[0, 0]);
    });
}

/// A `Describe` of a prepared statement.
pub fn describe_statement(out: &mut Vec<u8>, statement: &[u8]) {
    frame(out, crate::frontend::tag::DESCRIBE, |out| {
        out.push(b'S');
        cstr(out, statement);
    });
}

/// A `Describe` of a portal.
pub fn describe_portal(out: &mut Vec<u8>, portal: &[u8]) {
    frame(out, crate::frontend::tag::DESCRIBE, |out| {
        out.push(b'P');
        cstr(out, portal);
    });
}

/// A `Close` of a prepared statement.
pub fn close_statement(out: &mut Vec<u8>, statement: &[u8]) {
    frame(out, crate::frontend::tag::CLOSE, |out| {
        out.push(b'S');
        cstr(out, statement);
    });
}

/// A `Close` of a portal.
pub fn close_portal(out: &mut Vec<u8>, portal: &[u8]) {
    frame(out, crate::frontend::tag::CLOSE, |out| {
        out.push(b'P');
        cstr(out, portal);
    });
}

/// A message that is its tag alone, such as `Flush` or `Sync`.
pub fn bare(out: &mut Vec<u8>, tag: u8) {
    frame(out, tag, |_| {});
}

/// A `StartupMessage` of this protocol version.
pub fn startup<'a>(out: &mut Vec<u8>, version: u32, parameters: impl Iterator<Item = (&'a [u8], &'a [u8])>) {
    sized(out, |out| {
        out.extend_from_slice(&version.to_be_bytes());
        for (name, value) in parameters {
            cstr(out, name);
            cstr(out, value);
        }
        out.push(0);
    });
}

/// An `SSLRequest`.
pub fn ssl_request(out: &mut Vec<u8>) {
    sized(out, |out| out.extend_from_slice(&80_877_103_u32.to_be_bytes()));
}

/// A `CancelRequest`.
pub fn cancel(out: &mut Vec<u8>, pid: i32, secret: &[u8]) {
    sized(out, |out| {
        out.extend_from_slice(&80_877_102_u32.to_be_bytes());
        out.extend_from_slice(&pid.to_be_bytes());
        out.extend_from_slice(secret);
    });
}

/// An `Authentication` request with this code and this data.
pub fn authentication(out: &mut Vec<u8>, code: u32, data: &[u8]) {
    frame(out, crate::backend::tag::AUTHENTICATION, |out| {
        out.extend_from_slice(&code.to_be_bytes());
        out.extend_from_slice(data);
    });
}

/// A `ParameterStatus`: what a parameter of the session is.
pub fn parameter_status(out: &mut Vec<u8>, name: &[u8], value: &[u8]) {
    frame(out, crate::backend::tag::PARAMETER_STATUS, |out| {
        cstr(out, name);
        cstr(out, value);
    });
}

/// A `NegotiateProtocolVersion`: which version is spoken, and which options are not understood.
pub fn negotiate_protocol_version(out: &mut Vec<u8>, version: u32, unknown: &[&[u8]]) {
    frame(out, crate::backend::tag::NEGOTIATE_PROTOCOL_VERSION, |out| {
        out.extend_from_slice(&version.to_be_bytes());
        out.extend_from_slice(&u32::try_from(unknown.len()).unwrap_or(u32::MAX).to_be_bytes());
        unknown.iter().for_each(|name| cstr(out, name));
    });
}

/// What an `ErrorResponse` or `NoticeResponse` of Picket says. Texts are written as they are given.
#[derive(Clone, Copy, Debug)]
pub struct ErrorText<'a> {
    /// `ERROR` ends a statement, `FATAL` the session; `NOTICE` ends nothing.
    pub severity: &'a str,
    /// Five letters, PostgreSQL's appendix "Error Codes".
    pub sqlstate: &'a str,
    /// One line: what happened.
    pub message: &'a str,
    /// Why; empty for none.
    pub detail: &'a str,
    /// What the person can do; empty for none.
    pub hint: &'a str,
}

/// An `ErrorResponse`.
pub fn error(out: &mut Vec<u8>, text: &ErrorText<'_>) {
    response(out, crate::backend::tag::ERROR_RESPONSE, text);
}

/// A `NoticeResponse`.
pub fn notice(out: &mut Vec<u8>, text: &ErrorText<'_>) {
    response(out, crate::backend::tag::NOTICE_RESPONSE, text);
}

fn response(out: &mut Vec<u8>, tag: u8, text: &ErrorText<'_>) {
    let ErrorText { severity, sqlstate, message, detail, hint } = *text;
    frame(out, tag, |out| {
        let fields = [
            (b'S', severity),
            (b'V', severity),
            (b'C', sqlstate),
            (b'M', message),
            (b'D', detail),
            (b'H', hint),
        ];
        for (code, text) in fields {
            if !text.is_empty() {
                out.push(code);
                cstr(out, text.as_bytes());
            }
        }
        out.push(0);
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{backend, frontend, split_frame};

    #[test]
    fn what_is_built_reads_back() {
        let mut out = Vec::new();
        parse(&mut out, b"s", b"select 1");
        let (frame, rest) = split_frame(&out, 1000).unwrap().unwrap();
        let parse = frontend::Parse::read(frame.body).unwrap();
        assert_eq!((parse.statement, parse.query, rest.len()), (&b"s"[..], &b"select 1"[..], 0));
    }

    #[test]
    fn a_nul_cannot_smuggle_a_second_field() {
        let mut out = Vec::new();
        let text =
            ErrorText { severity: "ERROR", sqlstate: "42501", message: "a\0Hevil", detail: "", hint: "" };
        error(&mut out, &text);
        let (frame, _) = split_frame(&out, 1000).unwrap().unwrap();
        assert_eq!(backend::error_field(frame.body, b'M'), b"a");
        assert_eq!(backend::error_field(frame.body, b'H'), b"");
    }
}
