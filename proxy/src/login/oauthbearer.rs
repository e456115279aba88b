//! OAUTHBEARER (RFC 7628): what a client's first message says and how a token is refused, both as PostgreSQL 18 has it
//! (auth-oauth.c). What a token is worth is decided elsewhere.

use serde_json::Value;
use thiserror::Error;

/// The mechanism's name.
pub(super) const NAME: &[u8] = b"OAUTHBEARER";

/// Ends each pair of a message and the message itself; alone it is what a client says to a refusal.
pub(super) const SEPARATOR: u8 = 1;

/// Most that a message has beside its token, in bytes: `n,,`, separators, and the pairs `host` and `port`.
pub(super) const AROUND_BYTES_MAX: u32 = 1_024;

const SCHEME: &[u8] = b"Bearer ";

/// What a client's first message has.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Initial<'m> {
    /// No token: it wants to know where tokens are to be had.
    Discovery,
    /// A token, of which nothing is known yet.
    Token(&'m [u8]),
    /// Something that can be no token, and why: for the log.
    NoToken(&'static str),
}

/// A message that is none of this mechanism. The texts are PostgreSQL's, and have at most one character of what was sent.
#[derive(Debug, PartialEq, Eq, Error)]
pub(super) enum Malformed {
    #[error("The message is empty.")]
    Empty,
    #[error("Message length does not match input length.")]
    Nul,
    #[error(
        "The server does not support channel binding for OAuth, but the client message includes channel binding data."
    )]
    Binding,
    #[error("Unexpected channel-binding flag \"{0}\".")]
    Flag(String),
    #[error("Comma expected, but found character \"{0}\".")]
    Comma(String),
    #[error("Unexpected attribute \"{0}\" in client-first-message.")]
    Attribute(String),
    #[error("Key-value separator expected, but found character \"{0}\".")]
    Separator(String),
    #[error("Message contains an unterminated key/value pair.")]
    Unterminated,
    #[error("Message contains a key without a value.")]
    NoValue,
    #[error("Message contains an empty key name.")]
    EmptyKey,
    #[error("Message contains an invalid key name.")]
    Key,
    #[error("Message contains an invalid value.")]
    Value,
    #[error("Message contains multiple auth values.")]
    Twice,
    #[error("Message did not contain a final terminator.")]
    NoEnd,
    #[error("Message does not contain an auth value.")]
    NoAuth,
    #[error("Message contains additional data after the final terminator.")]
    More,
    #[error("Client did not send a kvsep response.")]
    Answer,
    /// It wants to be somebody else than whose token it is.
    #[error("client uses authorization identity, but it is not supported")]
    Authorization,
}

/// Reads a client's first message.
pub(super) fn initial(message: &[u8]) -> Result<Initial<'_>, Malformed> {
    if message.is_empty() {
        return Err(Malformed::Empty);
    }
    if message.contains(&0) {
        return Err(Malformed::Nul);
    }
    let (flag, rest) = one(message);
    match flag {
        b'n' | b'y' => {}
        b'p' => return Err(Malformed::Binding),
        other => return Err(Malformed::Flag(shown(other))),
    }
    let (comma, rest) = one(rest);
    if comma != b',' {
        return Err(Malformed::Comma(shown(comma)));
    }
    let (comma, rest) = one(rest);
    match comma {
        b',' => {}
        b'a' => return Err(Malformed::Authorization),
        other => return Err(Malformed::Attribute(shown(other))),
    }
    let (separator, rest) = one(rest);
    if separator != SEPARATOR {
        return Err(Malformed::Separator(shown(separator)));
    }
    auth(rest).map(token)
}

/// The first byte, 0 where there is none, and the others.
fn one(message: &[u8]) -> (u8, &[u8]) {
    message.split_first().map_or((0, message), |(first, rest)| (*first, rest))
}

/// The value of `auth`; other keys must be well-formed, and mean nothing.
fn auth(mut rest: &[u8]) -> Result<&[u8], Malformed> {
    let mut found = None;
    while !rest.is_empty() {
        let end = rest.iter().position(|&byte| byte == SEPARATOR).ok_or(Malformed::Unterminated)?;
        let (pair, after) = (&rest[..end], &rest[end + 1..]);
        if pair.is_empty() {
            let found = found.ok_or(Malformed::NoAuth)?;
            return if after.is_empty() { Ok(found) } else { Err(Malformed::More) };
        }
        let sign = pair.iter().position(|&byte| byte == b'=').ok_or(Malformed::NoValue)?;
        let (key, value) = (&pair[..sign], &pair[sign + 1..]);
        if key.is_empty() {
            return Err(Malformed::EmptyKey);
        }
        if !key.iter().all(u8::is_ascii_alphabetic) {
            return Err(Malformed::Key);
        }
        let is_allowed = |byte: &u8| byte.is_ascii_graphic() || b" \t\r\n".contains(byte);
        if !value.iter().all(is_allowed) {
            return Err(Malformed::Value);
        }
        if key == b"auth" && found.replace(value).is_some() {
            return Err(Malformed::Twice);
        }
        rest = after;
    }
    Err(Malformed::NoEnd)
}

fn token(auth: &[u8]) -> Initial<'_> {
    if auth.is_empty() {
        return Initial::Discovery;
    }
    let Some((scheme, token)) = auth.split_at_checked(SCHEME.len()) else {
        return Initial::NoToken("it is of another scheme than Bearer");
    };
    if !scheme.eq_ignore_ascii_case(SCHEME) {
        return Initial::NoToken("it is of another scheme than Bearer");
    }
    let token = token.trim_ascii_start();
    if token.is_empty() {
        return Initial::NoToken("it is empty");
    }
    // RFC 6750, 2.1.
    let is_allowed = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~+/=".contains(byte);
    if !token.iter().all(is_allowed) {
        return Initial::NoToken("it has other letters than tokens have");
    }
    Initial::Token(token)
}

/// One character of a message, as PostgreSQL shows it.
fn shown(byte: u8) -> String {
    if byte.is_ascii_graphic() { format!("'{}'", char::from(byte)) } else { format!("0x{byte:02x}") }
}

/// What a client is told whose token is not taken, or that has none: where tokens are to be had, and for what it should ask.
pub(super) fn refusal(discovery: &str, scope: &str) -> String {
    let (discovery, scope) = (Value::from(discovery), Value::from(scope));
    format!("{{ \"status\": \"invalid_token\", \"openid-configuration\": {discovery}, \"scope\": {scope} }}")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn messages_are_read_as_postgresql_reads_them() {
        use Initial::{Discovery, NoToken, Token};
        let of = |byte: &str| byte.to_owned();
        let scheme = "it is of another scheme than Bearer";
        for (message, read) in [
            (&b"n,,\x01auth=\x01\x01"[..], Ok(Discovery)),
            (b"n,,\x01auth=Bearer a.b-c_d~e+f/g==\x01\x01", Ok(Token(b"a.b-c_d~e+f/g=="))),
            (b"y,,\x01host=h\x01port=1\x01auth=bEARER   t\x01\x01", Ok(Token(b"t"))),
            (b"n,,\x01auth=Basic YTpi\x01\x01", Ok(NoToken(scheme))),
            (b"n,,\x01auth=Bearer\x01\x01", Ok(NoToken(scheme))),
            (b"n,,\x01auth=Bearer   \x01\x01", Ok(NoToken("it is empty"))),
            (b"n,,\x01auth=Bearer a b\x01\x01", Ok(NoToken("it has other letters than tokens have"))),
            (b"n,,\x01auth=Bearer a\n\x01\x01", Ok(NoToken("it has other letters than tokens have"))),
            (b"", Err(Malformed::Empty)),
            (b"n,,\x01auth=Bearer a\0\x01\x01", Err(Malformed::Nul)),
            (b"p=tls-unique,,\x01auth=Bearer a\x01\x01", Err(Malformed::Binding)),
            (b"\x01", Err(Malformed::Flag(of("0x01")))),
            (b"N,,\x01auth=\x01\x01", Err(Malformed::Flag(of("'N'")))),
            (b"n", Err(Malformed::Comma(of("0x00")))),
            (b"n;,\x01auth=\x01\x01", Err(Malformed::Comma(of("';'")))),
            (b"n,a=root,\x01auth=Bearer a\x01\x01", Err(Malformed::Authorization)),
            (b"n,b,\x01auth=\x01\x01", Err(Malformed::Attribute(of("'b'")))),
            (b"n,,auth=\x01\x01", Err(Malformed::Separator(of("'a'")))),
            (b"n,,", Err(Malformed::Separator(of("0x00")))),
            (b"n,,\x01", Err(Malformed::NoEnd)),
            (b"n,,\x01auth=Bearer a", Err(Malformed::Unterminated)),
            (b"n,,\x01auth=Bearer a\x01", Err(Malformed::NoEnd)),
            (b"n,,\x01auth\x01\x01", Err(Malformed::NoValue)),
            (b"n,,\x01=x\x01\x01", Err(Malformed::EmptyKey)),
            (b"n,,\x01au7h=x\x01\x01", Err(Malformed::Key)),
            (b"n,,\x01auth=Bearer \xc3\xa9\x01\x01", Err(Malformed::Value)),
            (b"n,,\x01auth=Bearer \x7f\x01\x01", Err(Malformed::Value)),
            (b"n,,\x01auth=Bearer a\x01auth=Bearer b\x01\x01", Err(Malformed::Twice)),
            (b"n,,\x01\x01", Err(Malformed::NoAuth)),
            (b"n,,\x01AUTH=Bearer a\x01\x01", Err(Malformed::NoAuth)),
            (b"n,,\x01auth=Bearer a\x01\x01x", Err(Malformed::More)),
        ] {
            assert_eq!(initial(message), read, "{}", String::from_utf8_lossy(message));
        }
    }

    #[test]
    fn a_refusal_is_json_whatever_the_scope_is() {
        let text = refusal("https://id/x", "a \"b\"\\");
        let read: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(read["scope"], "a \"b\"\\");
        assert_eq!(read["status"], "invalid_token");
        assert_eq!(read["openid-configuration"], "https://id/x");
    }

    proptest! {
        #[test]
        fn no_message_panics(message: Vec<u8>, more: Vec<u8>) {
            let _ = initial(&message);
            let _ = initial(&[b"n,,\x01auth=", more.as_slice()].concat());
        }
    }
}
