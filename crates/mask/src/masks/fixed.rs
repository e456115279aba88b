//! One value of each type, which is shown of all.

use super::numbers::is_iso_date;
use super::{FIXED, TEXT_FORMAT, network, types};

/// Appends it. `false`: this type has none, or writes values in a form that is not known.
pub(super) fn value(type_oid: u32, format: i16, value: &[u8], out: &mut Vec<u8>) -> bool {
    let is_text = format == TEXT_FORMAT;
    let text: &[u8] = match type_oid {
        types::INT2 | types::INT4 | types::INT8 | types::FLOAT4 | types::FLOAT8 | types::NUMERIC => b"0",
        types::DATE if !is_text || is_iso_date(value) => b"2000-01-01",
        types::TIMESTAMP if !is_text || value.get(..10).is_some_and(is_iso_date) => b"2000-01-01 00:00:00",
        types::TIMESTAMPTZ if !is_text || value.get(..10).is_some_and(is_iso_date) => {
            b"2000-01-01 00:00:00+00"
        }
        types::UUID => b"00000000-0000-0000-0000-000000000000",
        types::BYTEA => br"\x",
        network::INET => b"0.0.0.0",
        network::CIDR => b"0.0.0.0/32",
        network::MACADDR => b"00:00:00:00:00:00",
        network::MACADDR8 => b"00:00:00:00:00:00:00:00",
        types::XML => FIXED,
        range if types::RANGES.contains(&range) => b"empty",
        ranges if types::MULTIRANGES.contains(&ranges) => b"{}",
        _ => return false,
    };
    match (is_text, type_oid) {
        (true, _) | (false, types::XML) => out.extend_from_slice(text),
        (false, types::BYTEA) => {}
        // Digits, weight, sign and scale (`numeric_send`, numeric.c).
        (false, types::NUMERIC) => out.extend_from_slice(&[0; 8]),
        // Family, bits, whether it is a cidr, bytes (`network_send`, network.c).
        (false, network::INET) => out.extend_from_slice(&[2, 32, 0, 4, 0, 0, 0, 0]),
        (false, network::CIDR) => out.extend_from_slice(&[2, 32, 1, 4, 0, 0, 0, 0]),
        // RANGE_EMPTY (rangetypes.h), no ranges (`multirange_send`, multirangetypes.c).
        (false, range) if types::RANGES.contains(&range) => out.push(1),
        (false, ranges) if types::MULTIRANGES.contains(&ranges) => out.extend_from_slice(&[0; 4]),
        // Of all others, zero is one: days and times count from 2000.
        (false, _) => out.resize(out.len() + value.len(), 0),
    }
    true
}
