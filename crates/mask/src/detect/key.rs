//! Keys and tokens that say by their beginning who gave them, JSON web tokens, and private keys.

use super::Match;
use super::text::{at, before, end_of, is_token};
use crate::class::Class;

/// Signs of a token that say whether it is one.
const BODY_BYTES_SEEN: usize = 64;

/// The shortest word that a token begins with.
const LEN_MIN: usize = 2;

/// Beginnings, and how many signs follow at least.
#[rustfmt::skip]
const BEGINNINGS: &[(&[u8], usize)] = &[
    (b"AGE-SECRET-KEY-1", 40), (b"AIza", 35), (b"AKIA", 16), (b"ASIA", 16), (b"ATATT3", 30), (b"GOCSPX-", 24),
    (b"NRAK-", 20), (b"PMAK-", 30), (b"SG.", 40), (b"dapi", 32), (b"dckr_pat_", 20), (b"dop_v1_", 40),
    (b"dp.pt.", 30), (b"figd_", 20), (b"ghp_", 30), (b"gho_", 30), (b"ghu_", 30), (b"ghs_", 30), (b"ghr_", 30),
    (b"github_pat_", 22), (b"glpat-", 20), (b"gldt-", 20), (b"glrt-", 20), (b"glsa_", 30), (b"hf_", 30),
    (b"hvs.", 24), (b"key-", 32), (b"lin_api_", 30), (b"npm_", 30), (b"pscale_pw_", 30), (b"pypi-AgE", 40),
    (b"rk_live_", 16), (b"rk_test_", 16), (b"rubygems_", 40), (b"sbp_", 30), (b"shpat_", 30), (b"sk-ant-", 24),
    (b"sk-", 32), (b"sk_live_", 16), (b"sk_test_", 16), (b"sq0atp-", 20), (b"sq0csp-", 30), (b"whsec_", 24),
    (b"xapp-", 20), (b"xoxa-", 10), (b"xoxb-", 10), (b"xoxp-", 10), (b"xoxr-", 10), (b"xoxs-", 10), (b"ya29.", 30),
];

/// The token that begins with the word at `start`.
pub(super) fn token(value: &[u8], start: usize, len: usize) -> Option<(Class, usize)> {
    if len < LEN_MIN || is_token(before(value, start)) {
        return None;
    }
    let end = jwt(value, start).or_else(|| twilio(value, start, len)).or_else(|| known(value, start))?;
    Some((Class::Credential, end))
}

fn known(value: &[u8], start: usize) -> Option<usize> {
    let rest = value.get(start..)?;
    let first = rest.first();
    let (beginning, least) =
        BEGINNINGS.iter().find(|(beginning, _)| beginning.first() == first && rest.starts_with(beginning))?;
    let body = start + beginning.len();
    let dots = beginning.contains(&b'.');
    let is_body = |byte: u8| is_token(byte) || dots && byte == b'.';
    // Looked at before it is read to its end: what fails must not be read again from its next dot on.
    let near = value.get(body..value.len().min(body + BODY_BYTES_SEEN))?;
    let near = near.get(..end_of(near, 0, is_body))?;
    let exact = !matches!(*beginning, b"AKIA" | b"ASIA")
        || near.len() == 16 && near.iter().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
    (near.len() >= *least && exact && is_mixed(near)).then(|| end_of(value, body, is_body))
}

/// `SK` and 32 digits in hex: Twilio's keys.
fn twilio(value: &[u8], start: usize, len: usize) -> Option<usize> {
    let word = value.get(start..start + len)?;
    let hex = |byte: &u8| byte.is_ascii_digit() || matches!(byte, b'a'..=b'f');
    (len == 34 && word.starts_with(b"SK") && word.get(2..)?.iter().all(hex)).then_some(start + len)
}

/// RFC 7519: two objects in base64url, each beginning with `{"`, and a signature that may be empty.
fn jwt(value: &[u8], start: usize) -> Option<usize> {
    let begins = |place: usize| value.get(place..place + 3) == Some(b"eyJ");
    if !begins(start) {
        return None;
    }
    let header = end_of(value, start, is_token);
    if at(value, header) != b'.' || !begins(header + 1) || header - start < 12 {
        return None;
    }
    let payload = end_of(value, header + 1, is_token);
    (at(value, payload) == b'.').then(|| end_of(value, payload + 1, is_token))
}

/// RFC 7468, and OpenSSH's and PGP's own: a private key to its end, or to the end of the value.
pub(super) fn pem(value: &[u8], here: usize) -> Option<Match> {
    const BEGIN: &[u8] = b"-----BEGIN ";
    const LABEL_BYTES_MAX: usize = 48;
    let rest = value.get(here..)?.strip_prefix(BEGIN)?;
    let label = rest.get(..rest.len().min(LABEL_BYTES_MAX))?;
    let label = label.get(..end_of(label, 0, |byte| byte != b'-'))?;
    if !label.windows(11).any(|window| window == b"PRIVATE KEY") {
        return None;
    }
    let end =
        rest.windows(9).position(|window| window == b"-----END ").map(|place| here + BEGIN.len() + place);
    let end = end.map_or(value.len(), |end| {
        let line = end_of(value, end, |byte| byte != b'\n');
        value
            .get(end + 9..line)
            .and_then(|tail| tail.windows(5).position(|window| window == b"-----"))
            .map_or(line, |place| end + 9 + place + 5)
    });
    Some(Match { class: Class::Credential, range: here..end, is_named: false })
}

/// Placeholders repeat one sign.
fn is_mixed(signs: &[u8]) -> bool {
    const SAME_MAX: usize = 3;
    let mut counts = [0_u32; 256];
    for &sign in signs {
        if let Some(count) = counts.get_mut(usize::from(sign)) {
            *count += 1;
        }
    }
    counts.iter().filter(|&&count| count > 0).count() > SAME_MAX
}
