//! Values as PostgreSQL writes them, whichever format they come in: of a value the same is recorded, and the same hash, in both.

use core::net::{Ipv4Addr, Ipv6Addr};
use core::str;
use std::borrow::Cow;
use std::fmt::Write;

use jiff::SignedDuration;
use jiff::civil::{DateTime, datetime};

use super::array::{self, element_of};
use super::network::{CIDR, INET};
use super::numbers::{self, Number};
use super::types;

/// Most elements of an array that are looked at.
const ELEMENTS_MAX: usize = 1_024;

/// OID of pg_type.dat.
const BOOL: u32 = 16;

/// Moment that binary timestamps count from (`POSTGRES_EPOCH_JDATE`, timestamp.h).
const EPOCH: DateTime = datetime(2000, 1, 1, 0, 0, 0, 0);

/// Whether values of this type (OID) are numbers.
pub fn is_number(type_oid: u32) -> bool {
    matches!(
        type_oid,
        types::INT2 | types::INT4 | types::INT8 | types::FLOAT4 | types::FLOAT8 | types::NUMERIC
    )
}

/// A value of this type (OID, 0 where nobody knows) as text; `None` where it has a form that is not known here.
pub fn written(type_oid: u32, is_binary: bool, value: &[u8]) -> Option<Cow<'_, str>> {
    let text = |value| str::from_utf8(value).ok().filter(|text| !text.contains('\0')).map(Cow::Borrowed);
    if !is_binary {
        return text(value);
    }
    let owned = match type_oid {
        types::TEXT | types::VARCHAR | types::BPCHAR | types::NAME | types::UNKNOWN | types::JSON => {
            return text(value);
        }
        // Behind the version of its form (jsonb.c, `jsonb_send`).
        types::JSONB => return text(value.strip_prefix(&[1])?),
        BOOL => return Some(Cow::Borrowed(if value == [1] { "t" } else { "f" })),
        number if is_number(number) => {
            str::from_utf8(Number::read(type_oid, false, value)?.text()).ok()?.to_owned()
        }
        types::DATE => {
            let mut out = Vec::new();
            numbers::write_day(numbers::day(false, value)?, true, &mut out)?;
            String::from_utf8(out).ok()?
        }
        types::TIMESTAMP => moment(value)?,
        types::TIMESTAMPTZ => moment(value)? + "+00",
        types::UUID => uuid(value)?,
        INET | CIDR => address(value)?,
        array => {
            let is_plain = |element: &u32| {
                matches!(
                    *element,
                    types::TEXT | types::VARCHAR | types::BPCHAR | types::INT2 | types::INT4 | types::INT8
                )
            };
            elements(element_of(array).filter(is_plain)?, value)?
        }
    };
    Some(Cow::Owned(owned))
}

fn moment(value: &[u8]) -> Option<String> {
    let micros = i64::from_be_bytes(value.try_into().ok()?);
    let at = EPOCH.checked_add(SignedDuration::from_micros(micros)).ok()?;
    Some(format!("{} {}", at.date(), at.time()))
}

fn uuid(value: &[u8]) -> Option<String> {
    let number = u128::from_be_bytes(value.try_into().ok()?);
    let digits = format!("{number:032x}");
    let parts =
        [digits.get(..8)?, digits.get(8..12)?, digits.get(12..16)?, digits.get(16..20)?, digits.get(20..)?];
    Some(parts.join("-"))
}

/// As it is sent (network.c, `network_send`): family, bits, whether it is a cidr, length, address.
fn address(value: &[u8]) -> Option<String> {
    let ([_, bits, _, _], address) = value.split_first_chunk()?;
    let (mut text, all) = match address.len() {
        4 => (Ipv4Addr::from(<[u8; 4]>::try_from(address).ok()?).to_string(), 32),
        16 => (Ipv6Addr::from(<[u8; 16]>::try_from(address).ok()?).to_string(), 128),
        _ => return None,
    };
    if *bits != all {
        let _ = write!(text, "/{bits}");
    }
    Some(text)
}

/// An array of one dimension, as it is written where no element needs quotes.
fn elements(element: u32, value: &[u8]) -> Option<String> {
    let all = array::elements(value, ELEMENTS_MAX)?.all;
    let text =
        |value: Option<_>| value.map_or(Some(Cow::Borrowed("NULL")), |value| written(element, true, value));
    let all = all.into_iter().map(text).collect::<Option<Vec<_>>>()?;
    Some(format!("{{{}}}", all.join(",")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn array(element: u32, values: &[&[u8]]) -> Vec<u8> {
        let mut array = [&1_i32.to_be_bytes()[..], &[0; 4], &element.to_be_bytes()].concat();
        array.extend((values.len() as u32).to_be_bytes());
        array.extend(1_i32.to_be_bytes());
        for value in values {
            array.extend((value.len() as u32).to_be_bytes());
            array.extend_from_slice(value);
        }
        array
    }

    #[test]
    fn a_value_is_the_same_in_both_formats() {
        let same = |oid, binary: &[u8], text: &str| {
            assert_eq!(written(oid, true, binary).as_deref(), Some(text));
            assert_eq!(written(oid, false, text.as_bytes()).as_deref(), Some(text));
        };
        same(16, &[1], "t");
        same(21, &[0, 7], "7");
        same(23, &[0, 0, 0x12, 0x67], "4711");
        same(20, &4_111_111_111_111_111_i64.to_be_bytes(), "4111111111111111");
        same(25, b"ada", "ada");
        same(1082, &(-3_651_i32).to_be_bytes(), "1990-01-02");
        same(1114, &1_500_000_i64.to_be_bytes(), "2000-01-01 00:00:01.5");
        same(1184, &0_i64.to_be_bytes(), "2000-01-01 00:00:00+00");
        same(3802, b"\x01{}", "{}");
        same(869, &[2, 32, 0, 4, 10, 0, 0, 1], "10.0.0.1");
        same(650, &[2, 8, 1, 4, 10, 0, 0, 0], "10.0.0.0/8");
        same(2950, &[0xab; 16], "abababab-abab-abab-abab-abababababab");
        same(1009, &array(25, &[b"a", b"bc"]), "{a,bc}");
        same(1007, &array(23, &[&[0, 0, 0, 1], &[0, 0, 0, 2]]), "{1,2}");
    }

    #[test]
    fn what_has_no_known_form_is_not_guessed() {
        for (oid, value) in
            [(0, &b"ada"[..]), (17, b"ada"), (23, b"ada"), (3802, b"{}"), (1009, b"ada"), (1114, b"")]
        {
            assert_eq!(written(oid, true, value), None, "{oid}");
        }
        assert_eq!(written(25, false, b"\xff"), None);
        assert_eq!(written(25, false, b"a\0b"), None);
    }

    /// Whoever says that there are billions of elements, or that one has billions of bytes, is not believed.
    #[test]
    fn no_array_panics() {
        let mut long = array(25, &[b"a"]);
        long.splice(12..16, [0x7f, 0xff, 0xff, 0xff]);
        assert_eq!(written(1009, true, &long), None);
        let whole = array(25, &[b"a", b"bc"]);
        for len in 0..whole.len() {
            assert_eq!(written(1009, true, &whole[..len]), None, "{len}");
        }
    }
}
