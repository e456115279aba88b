//! Secrets that what stands before them names: `password=…`, `"api_key": "…"`, `Bearer …`, `scheme://user:password@host`.

use super::Match;
use super::text::{at, end_of};
use crate::class::Class;

/// Ends of names whose value is a secret.
const NAMES: &[&[u8]] = &[
    b"password",
    b"passwd",
    b"pwd",
    b"passphrase",
    b"passwort",
    b"secret",
    b"secret_key",
    b"secretkey",
    b"api_key",
    b"apikey",
    b"token",
    b"access_key",
    b"accesskey",
    b"accountkey",
    b"sharedaccesskey",
    b"private_key",
    b"privatekey",
];

/// Words before `-key`, which is how headers are named.
const KEYS: &[&[u8]] = &[b"api-", b"access-", b"secret-", b"account-"];

/// How the names of what is filled in later begin.
const PLACEHOLDERS: &[u8] = b"$%<{[?/";

/// Bytes of a user and password before the `@` of a URL.
const AUTHORITY_BYTES_MAX: usize = 512;

/// The secret that the word at `start` names.
pub(super) fn value(value: &[u8], start: usize, len: usize) -> Option<Match> {
    let word = value.get(start..start + len)?;
    if at(value, start + len) == b':' && at(value, start + len + 1) == b'/' {
        return in_url(value, start + len);
    }
    if word.eq_ignore_ascii_case(b"bearer") && at(value, start + len) == b' ' {
        return opaque(value, start + len + 1);
    }
    let key = || {
        let head = value.get(start.saturating_sub(7)..start).unwrap_or_default();
        word.eq_ignore_ascii_case(b"key") && KEYS.iter().any(|key| ends_with(head, key))
    };
    let named = NAMES.iter().any(|name| ends_with(word, name)) || key();
    if named { assigned(value, start + len, ends_with(word, b"token")) } else { None }
}

/// What is assigned at `place`; `token` says that short values and plain numbers are none.
fn assigned(value: &[u8], place: usize, token: bool) -> Option<Match> {
    let place = place + usize::from(matches!(at(value, place), b'"' | b'\''));
    let place = spaces(value, place);
    let sign = at(value, place);
    if !matches!(sign, b'=' | b':') {
        return None;
    }
    let place = place + 1 + usize::from(matches!(at(value, place + 1), b'>' | b'='));
    let place = spaces(value, place);
    let quote = at(value, place);
    let quoted = matches!(quote, b'"' | b'\'');
    let start = place + usize::from(quoted);
    // Not read to its end: it would be read again for each name in it.
    if at(value, start) != 0 && PLACEHOLDERS.contains(&at(value, start)) {
        return None;
    }
    let end = match quoted {
        true => end_of(value, start, |byte| byte != quote && byte != b'\n'),
        false => end_of(value, start, |byte| {
            !byte.is_ascii_whitespace() && !matches!(byte, b';' | b'&' | b',' | b'"' | b'\'' | b')' | b'}')
        }),
    };
    let secret = value.get(start..end)?;
    let mixed = secret.iter().any(|byte| !byte.is_ascii_alphabetic());
    let least = if token {
        8
    } else if sign == b'=' || quoted {
        4
    } else {
        6
    };
    let told = sign == b'=' || quoted || mixed;
    let number = secret.iter().all(u8::is_ascii_digit);
    let asked = !quoted && is_asked_for(secret);
    let fits = secret.len() >= least && told && !(token && number) && !asked && !is_placeholder(secret);
    fits.then_some(Match { class: Class::Credential, range: start..end, is_named: false })
}

/// Code that asks for it where it runs: `os.environ['KEY']`, `request.headers.get('X-Token')`.
fn is_asked_for(secret: &[u8]) -> bool {
    let path =
        secret.iter().take_while(|&&byte| byte.is_ascii_lowercase() || byte == b'_' || byte == b'.').count();
    let path = secret.get(..path).unwrap_or_default();
    let called = matches!(at(secret, path.len()), b'(' | b'[') && path.contains(&b'.');
    called && !path.starts_with(b".") || path == b"process.env."
}

/// The password of a URL whose `://` is at `colon`.
fn in_url(value: &[u8], colon: usize) -> Option<Match> {
    let start = colon + 3;
    let near = value.get(..value.len().min(start + AUTHORITY_BYTES_MAX))?;
    if at(value, colon + 2) != b'/' {
        return None;
    }
    let ends =
        |byte: u8| byte.is_ascii_whitespace() || matches!(byte, b'/' | b'"' | b'\'' | b'<' | b'>' | b'@');
    let sign = end_of(near, start, |byte| !ends(byte));
    let user = end_of(near, start, |byte| byte != b':' && !ends(byte));
    let secret = value.get(user + 1..sign).unwrap_or_default();
    let fits =
        at(near, sign) == b'@' && at(near, user) == b':' && !secret.is_empty() && !is_placeholder(secret);
    fits.then_some(Match { class: Class::Credential, range: user + 1..sign, is_named: false })
}

/// A token without form of its own.
fn opaque(value: &[u8], start: usize) -> Option<Match> {
    const LEN_MIN: usize = 16;
    let end = end_of(value, start, |byte| byte.is_ascii_alphanumeric() || b"-._~+/=".contains(&byte));
    let mixed = value.get(start..end)?.iter().any(u8::is_ascii_digit);
    (end - start >= LEN_MIN && mixed).then_some(Match {
        class: Class::Credential,
        range: start..end,
        is_named: false,
    })
}

/// What stands in a text where a secret will be.
fn is_placeholder(secret: &[u8]) -> bool {
    const WORDS: &[&[u8]] = &[
        b"null",
        b"none",
        b"true",
        b"false",
        b"required",
        b"redacted",
        b"password",
        b"secret",
        // Tags of YAML, which say where it is.
        b"!vault",
        b"!secret",
        b"!ref",
        b"!sub",
        b"!env",
    ];
    secret.first().is_some_and(|first| PLACEHOLDERS.contains(first))
        || secret.iter().all(|byte| b"*xX.-_".contains(byte))
        || WORDS.iter().any(|word| secret.eq_ignore_ascii_case(word))
}

/// After at most two spaces.
fn spaces(value: &[u8], place: usize) -> usize {
    end_of(value.get(..value.len().min(place + 2)).unwrap_or_default(), place.min(value.len()), |byte| {
        byte == b' '
    })
}

fn ends_with(word: &[u8], ending: &[u8]) -> bool {
    word.len()
        .checked_sub(ending.len())
        .and_then(|from| word.get(from..))
        .is_some_and(|end| end.eq_ignore_ascii_case(ending))
}
