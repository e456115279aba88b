//! Keyed hashes of values: the same value has the same hash wherever it is met, and without the key nobody can tell which value it is,
//! nor try out values.

use core::fmt;
use core::net::IpAddr;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::methods::KEY_BYTES_MIN;

/// Keeps these hashes apart from all else that may be made with the same key.
const PURPOSE: &[u8] = b"picket value 1\0";

/// Fewest digits of a number that is written with signs between them: of a telephone, a card, an account.
const DIGITS_MIN: usize = 7;

/// What hashes of values are made with.
#[derive(Clone)]
pub struct ValueKey(Hmac<Sha256>);

impl ValueKey {
    /// `None` where the key has fewer than [`KEY_BYTES_MIN`] bytes.
    pub fn new(key: &[u8]) -> Option<Self> {
        let mut mac = Hmac::new_from_slice(key).ok().filter(|_| KEY_BYTES_MIN <= key.len())?;
        mac.update(PURPOSE);
        Some(ValueKey(mac))
    }

    /// The hash of a value, however it is written (HMAC-SHA-256, RFC 2104, its first 64 bits).
    pub fn hash(&self, value: &str) -> u64 {
        let mut mac = self.0.clone();
        mac.update(canonical(value).as_bytes());
        let digest: [u8; 32] = mac.finalize().into_bytes().into();
        digest.first_chunk().map_or(0, |bytes| u64::from_be_bytes(*bytes))
    }
}

/// The same key.
impl PartialEq for ValueKey {
    fn eq(&self, other: &Self) -> bool {
        self.hash("") == other.hash("")
    }
}

/// The key stays out of logs.
impl fmt::Debug for ValueKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ValueKey")
    }
}

/// A value as it is hashed: what people take for the same is the same. Letters are small and blanks are gone, numbers have no zeros that say
/// nothing, and long ones no signs between their digits.
fn canonical(value: &str) -> String {
    let value = value.trim();
    let value = value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(value);
    if let Some(address) = address(value) {
        return address.to_string();
    }
    let value = date(value).unwrap_or(value);
    number(value).or_else(|| digits(value)).or_else(|| hexadecimal(value)).unwrap_or_else(|| {
        value.chars().filter(|letter| !letter.is_whitespace()).flat_map(char::to_lowercase).collect()
    })
}

/// An address of a network, with or without the length of its own.
fn address(value: &str) -> Option<IpAddr> {
    let own = value.strip_suffix("/32").or_else(|| value.strip_suffix("/128")).unwrap_or(value);
    own.parse().ok()
}

/// The day of a moment that is its beginning.
fn date(value: &str) -> Option<&str> {
    let (day, time) = value.split_at_checked(10)?;
    let form = day.bytes().map(|byte| if byte.is_ascii_digit() { b'0' } else { byte });
    let is_day = form.eq(*b"0000-00-00");
    let time = time.strip_prefix([' ', 'T'])?.strip_prefix("00:00:00")?;
    (is_day && time.bytes().all(|byte| matches!(byte, b'.' | b'0' | b'+' | b':' | b'Z'))).then_some(day)
}

/// A decimal number.
fn number(value: &str) -> Option<String> {
    let (sign, digits) = match value.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", value.strip_prefix('+').unwrap_or(value)),
    };
    let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
    let are_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.len() + part.len() == 0 || !are_digits(whole) || !are_digits(part) {
        return None;
    }
    let (whole, part) = (whole.trim_start_matches('0'), part.trim_end_matches('0'));
    Some(match (whole, part) {
        ("", "") => "0".to_owned(),
        (whole, "") => format!("{sign}{whole}"),
        (whole, part) => format!("{sign}{whole}.{part}"),
    })
}

/// A long number with signs between its digits.
fn digits(value: &str) -> Option<String> {
    let is_sign =
        |letter: char| matches!(letter, '+' | '-' | '(' | ')' | '.' | '/') || letter.is_whitespace();
    let digits: String = value.chars().filter(char::is_ascii_digit).collect();
    let is_one =
        DIGITS_MIN <= digits.len() && value.chars().all(|letter| letter.is_ascii_digit() || is_sign(letter));
    is_one.then(|| digits.trim_start_matches('0').to_owned())
}

/// An address of a device, or a UUID.
fn hexadecimal(value: &str) -> Option<String> {
    let digits: String =
        value.chars().filter(|letter| !matches!(letter, '-' | ':' | '.' | '{' | '}')).collect();
    let is_one = matches!(digits.len(), 12 | 32) && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_one.then(|| digits.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn same(values: &[&str]) {
        let forms: Vec<_> = values.iter().map(|value| canonical(value)).collect();
        assert!(forms.windows(2).all(|pair| pair[0] == pair[1]), "{values:?} are {forms:?}");
    }

    #[test]
    fn what_people_take_for_the_same_is_the_same() {
        same(&["ada@example.org", " Ada@Example.ORG ", "\"ada@example.org\"", "ada@example.org      "]);
        same(&["4111 1111 1111 1111", "4111-1111-1111-1111", "4111111111111111"]);
        same(&["+49 (170) 123-4567", "+491701234567", "0049 170 1234567", "491701234567"]);
        same(&["DE89 3704 0044 0532 0130 00", "de89370400440532013000"]);
        same(&["1", "1.0", "+1", "01", "1.", "001.000"]);
        same(&["-1.5", "-01.50"]);
        same(&["0", "-0", "0.00"]);
        same(&["1990-01-02", "1990-01-02 00:00:00", "1990-01-02T00:00:00.000Z", "19900102"]);
        same(&["192.168.1.1", "192.168.1.1/32"]);
        same(&["2001:db8::1", "2001:0DB8:0:0::1", "2001:db8::1/128"]);
        same(&["08:00:2b:01:02:03", "08-00-2B-01-02-03", "0800.2b01.0203"]);
        same(&["{A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11}", "a0eebc999c0b4ef8bb6d6bb9bd380a11"]);
        same(&["Ada Lovelace", "ada  lovelace", "ADA LOVELACE"]);
        same(&["Ünal", "ünal"]);
    }

    #[test]
    fn what_is_not_the_same_is_not() {
        let all = [
            "1",
            "-1",
            "1.5",
            "15",
            "192.168.1.1",
            "192.16.81.1",
            "a",
            "b",
            "",
            "1990-01-02 10:00:00",
            "1990-01-02",
        ];
        for (at, one) in all.iter().enumerate() {
            for other in &all[at + 1..] {
                assert_ne!(canonical(one), canonical(other), "{one} {other}");
            }
        }
    }

    #[test]
    fn the_key_makes_the_hash_and_is_not_shown() {
        assert!(ValueKey::new(b"short").is_none());
        let (one, other) = (ValueKey::new(&[b'k'; 32]).unwrap(), ValueKey::new(&[b'l'; 32]).unwrap());
        assert_eq!(one.hash("Ada@example.org"), one.hash("ada@example.org"));
        assert_ne!(one.hash("ada@example.org"), other.hash("ada@example.org"));
        assert_ne!(one, other);
        assert_eq!(format!("{one:?}"), "ValueKey");
    }
}
