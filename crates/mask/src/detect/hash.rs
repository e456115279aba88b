//! Hashes of passwords, by how they begin.

use super::Match;
use super::text::{before, end_of, is_word};
use crate::class::Class;

/// crypt(3) and what followed it: PHC strings, phpass, LDAP's schemes.
const SIGNED: &[&[u8]] = &[
    b"$1$",
    b"$2$",
    b"$2a$",
    b"$2b$",
    b"$2x$",
    b"$2y$",
    b"$5$",
    b"$6$",
    b"$7$",
    b"$y$",
    b"$gy$",
    b"$apr1$",
    b"$P$",
    b"$H$",
    b"$argon2",
    b"$scrypt$",
    b"$pbkdf2",
    b"$sha1$",
    b"$bcrypt",
    b"{SSHA",
    b"{SHA",
    b"{SMD5}",
    b"{MD5}",
    b"{CRYPT}",
    b"{PBKDF2",
    b"{bcrypt}",
];

/// PostgreSQL's verifiers, Django's and Werkzeug's hashes.
const WORDS: &[&[u8]] = &[
    b"SCRAM-SHA-256$",
    b"SCRAM-SHA-1$",
    b"pbkdf2_sha256$",
    b"pbkdf2_sha1$",
    b"bcrypt_sha256$",
    b"bcrypt$$2",
    b"argon2$",
    b"sha1$",
    b"md5$",
    b"scrypt:",
    b"scrypt$",
    b"pbkdf2:sha",
];

/// Signs after the beginning: the shortest is the salt and hash of MD5.
const BODY_BYTES_MIN: usize = 22;

/// The hash that begins with the `$`, `{` or `*` at `here`.
pub(super) fn at_sign(value: &[u8], here: usize) -> Option<Match> {
    if is_word(before(value, here)) {
        return None;
    }
    let end = beginning(value, here, SIGNED).or_else(|| mysql(value, here))?;
    Some(Match { class: Class::Credential, range: here..end, is_named: false })
}

/// The hash that begins with the word at `start`.
pub(super) fn word(value: &[u8], start: usize, len: usize) -> Option<(Class, usize)> {
    let postgres = || {
        let word = value.get(start..start + len)?;
        let hex = |byte: &u8| byte.is_ascii_digit() || matches!(byte, b'a'..=b'f');
        (len == 35 && word.strip_prefix(b"md5")?.iter().all(hex)).then_some(start + len)
    };
    let end = postgres().or_else(|| beginning(value, start, WORDS))?;
    Some((Class::Credential, end))
}

fn beginning(value: &[u8], start: usize, beginnings: &[&[u8]]) -> Option<usize> {
    let rest = value.get(start..)?;
    let first = rest.first();
    let beginning =
        beginnings.iter().find(|beginning| beginning.first() == first && rest.starts_with(beginning))?;
    let body = start + beginning.len();
    let end = end_of(value, body, is_hash);
    (end - body >= BODY_BYTES_MIN).then_some(end)
}

/// MySQL since 4.1: forty digits in hex.
fn mysql(value: &[u8], start: usize) -> Option<usize> {
    let hex = |byte: &u8| byte.is_ascii_digit() || matches!(byte, b'A'..=b'F');
    let digits = value.get(start..start + 41)?.strip_prefix(b"*")?;
    (digits.iter().all(hex) && value.get(start + 41).is_none_or(|&byte| !is_word(byte))).then_some(start + 41)
}

/// What salts, costs and hashes are written with.
fn is_hash(byte: u8) -> bool {
    is_word(byte) || b"$./+=:,-{}".contains(&byte)
}
