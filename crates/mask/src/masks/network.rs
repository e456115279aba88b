//! Masks of network addresses: the part of the host becomes zero, so that the value stays one of its type.

use core::net::IpAddr;
use std::io::Write;

// OIDs of pg_type.dat.
pub(super) const CIDR: u32 = 650;
pub(super) const MACADDR8: u32 = 774;
pub(super) const MACADDR: u32 = 829;
pub(super) const INET: u32 = 869;

/// Bytes of an address that stay: a network of 256 hosts, and the site of a provider's customer.
const V4_BYTES_KEPT: usize = 3;
const V6_BYTES_KEPT: usize = 6;

/// Bytes of a hardware address that name its maker.
const MAC_BYTES_KEPT: usize = 3;

/// Masks an inet or cidr. `false` where it is none.
pub(super) fn inet(is_text: bool, value: &[u8], out: &mut Vec<u8>) -> bool {
    if is_text { inet_text(value, out).is_some() } else { inet_binary(value, out).is_some() }
}

/// An address, and how many bits are its network where that stands after `/`.
fn inet_text(value: &[u8], out: &mut Vec<u8>) -> Option<()> {
    let slash = value.iter().position(|&byte| byte == b'/').unwrap_or(value.len());
    let (address, network) = value.split_at_checked(slash)?;
    let network_fits = network.len() <= 4 && network.iter().skip(1).all(u8::is_ascii_digit);
    let address: IpAddr = core::str::from_utf8(address).ok()?.parse().ok()?;
    let masked = match address {
        IpAddr::V4(address) => {
            let mut octets = address.octets();
            octets.get_mut(V4_BYTES_KEPT..)?.fill(0);
            IpAddr::from(octets)
        }
        IpAddr::V6(address) => {
            let mut octets = address.octets();
            octets.get_mut(V6_BYTES_KEPT..)?.fill(0);
            IpAddr::from(octets)
        }
    };
    if !network_fits {
        return None;
    }
    write!(out, "{masked}").ok()?;
    out.extend_from_slice(network);
    Some(())
}

/// Family, bits of the network, whether it is a cidr, bytes of the address, and these (`network_send`, network.c).
fn inet_binary(value: &[u8], out: &mut Vec<u8>) -> Option<()> {
    let (&[_, _, _, len], address) = value.split_first_chunk()?;
    let kept = match (len, address.len()) {
        (4, 4) => V4_BYTES_KEPT,
        (16, 16) => V6_BYTES_KEPT,
        _ => return None,
    };
    zeroed(value, 4 + kept, out)
}

/// Masks a macaddr or macaddr8. `false` where it is none.
pub(super) fn macaddr(is_text: bool, value: &[u8], out: &mut Vec<u8>) -> bool {
    if !is_text {
        return matches!(value.len(), 6 | 8) && zeroed(value, MAC_BYTES_KEPT, out).is_some();
    }
    let digits = value.iter().filter(|byte| byte.is_ascii_hexdigit()).count();
    let fits = matches!(digits, 12 | 16)
        && value.iter().all(|&byte| byte.is_ascii_hexdigit() || matches!(byte, b':' | b'-' | b'.'));
    if fits {
        let mut seen = 0;
        out.extend(value.iter().map(|&byte| {
            seen += usize::from(byte.is_ascii_hexdigit());
            if byte.is_ascii_hexdigit() && seen > MAC_BYTES_KEPT * 2 { b'0' } else { byte }
        }));
    }
    fits
}

/// Appends `value` with zeros from `kept` on.
fn zeroed(value: &[u8], kept: usize, out: &mut Vec<u8>) -> Option<()> {
    let (head, tail) = value.split_at_checked(kept)?;
    out.extend_from_slice(head);
    out.resize(out.len() + tail.len(), 0);
    Some(())
}
