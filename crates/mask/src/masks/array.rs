//! Masks of arrays, element by element: what was an array stays one of as many elements (arrayfuncs.c, array_out and array_send).

// OIDs of pg_type.dat: arrays, and the types of their elements.
const ARRAYS: [(u32, u32); 16] = [
    (1005, 21),
    (1007, 23),
    (1016, 20),
    (1231, 1700),
    (1182, 1082),
    (2951, 2950),
    (1009, 25),
    (1015, 1043),
    (1014, 1042),
    (1003, 19),
    (1041, 869),
    (651, 650),
    (1040, 829),
    (775, 774),
    (199, 114),
    (3807, 3802),
];

/// Most dimensions of an array (array.h, MAXDIM).
const DIMENSIONS_MAX: u32 = 6;

/// The type of the elements of an array of this type; `None` where it is none whose elements have masks.
pub(super) fn element_of(type_oid: u32) -> Option<u32> {
    ARRAYS.iter().find(|(array, _)| *array == type_oid).map(|(_, element)| *element)
}

/// The type of the elements of an array in the binary format, if it is one that has some.
pub(super) fn element_of_binary(value: &[u8]) -> Option<u32> {
    let dimensions: &[u8; 4] = value.first_chunk()?;
    let oid: &[u8; 4] = value.get(8..)?.first_chunk()?;
    (1..=DIMENSIONS_MAX).contains(&u32::from_be_bytes(*dimensions)).then(|| u32::from_be_bytes(*oid))
}

/// What was read of an array.
pub struct Elements<'v> {
    /// NULL is `None`.
    pub all: Vec<Option<&'v [u8]>>,
    /// What is behind them.
    pub behind: &'v [u8],
}

/// The first elements, `most` of them, of an array in the binary format (`array_send`); `None` where it has several dimensions or is
/// malformed.
pub fn elements(mut value: &[u8], most: usize) -> Option<Elements<'_>> {
    let rest = &mut value;
    let number = |rest: &mut &[u8]| {
        let (number, behind) = rest.split_first_chunk()?;
        *rest = behind;
        Some(i32::from_be_bytes(*number))
    };
    // Behind the dimensions: whether it has NULLs, the type of its elements.
    let dimensions = number(rest)?;
    if dimensions == 0 {
        return Some(Elements { all: Vec::new(), behind: &[] });
    }
    let [_, _, count, _] = [number(rest)?, number(rest)?, number(rest)?, number(rest)?];
    let count = usize::try_from(count).ok().filter(|_| dimensions == 1)?.min(most);
    let mut all = Vec::with_capacity(count);
    for _ in 0..count {
        all.push(match usize::try_from(number(rest)?) {
            Ok(len) => {
                let (element, behind) = rest.split_at_checked(len)?;
                *rest = behind;
                Some(element)
            }
            Err(_) => None,
        });
    }
    Some(Elements { all, behind: rest })
}

/// Whether a value is an array in the text format, in which nothing else begins like this.
pub(super) fn is_text(value: &[u8]) -> bool {
    matches!(value, [b'{', .., b'}'])
}

/// Masks an array in the text format. `false` where it is malformed or an element has no mask; what was appended does not count.
pub(crate) fn text(
    value: &[u8],
    mut mask: impl FnMut(&[u8], &mut Vec<u8>) -> bool,
    out: &mut Vec<u8>,
) -> bool {
    // `[0:1]={…}` where an array does not begin at 1.
    let begins = value.iter().position(|&byte| byte == b'{').unwrap_or(value.len());
    let bounds = value.get(..begins).unwrap_or_default();
    if !bounds.iter().all(|byte| matches!(byte, b'[' | b']' | b':' | b'=' | b'-' | b'0'..=b'9')) {
        return false;
    }
    out.extend_from_slice(bounds);
    let (mut at, mut depth) = (begins, 0_u32);
    let (mut element, mut shown) = (Vec::new(), Vec::new());
    while let Some(&byte) = value.get(at) {
        match byte {
            b'{' => depth += 1,
            b'}' if depth == 0 => return false,
            b'}' => depth -= 1,
            b',' => {}
            _ => {
                let Some(len) = read_element(value.get(at..).unwrap_or_default(), &mut element) else {
                    return false;
                };
                let written = value.get(at..at + len).unwrap_or_default();
                at += len;
                if written.eq_ignore_ascii_case(b"NULL") {
                    out.extend_from_slice(written);
                    continue;
                }
                shown.clear();
                if !mask(&element, &mut shown) {
                    return false;
                }
                write_element(&shown, out);
                continue;
            }
        }
        out.push(byte);
        at += 1;
    }
    depth == 0 && begins < value.len()
}

/// Reads the element at the beginning: how long it is as it is written.
fn read_element(value: &[u8], into: &mut Vec<u8>) -> Option<usize> {
    into.clear();
    let is_quoted = value.first() == Some(&b'"');
    let mut at = usize::from(is_quoted);
    loop {
        match *value.get(at)? {
            b'\\' => {
                into.push(*value.get(at + 1)?);
                at += 2;
            }
            b'"' if is_quoted => return Some(at + 1),
            b',' | b'}' if !is_quoted => return Some(at),
            b'{' | b'"' if !is_quoted => return None,
            byte => {
                into.push(byte);
                at += 1;
            }
        }
    }
}

fn write_element(element: &[u8], out: &mut Vec<u8>) {
    let needs = |byte: &u8| {
        matches!(byte, b'"' | b'\\' | b'{' | b'}' | b',') || byte.is_ascii_whitespace() || *byte == 11
    };
    if !element.is_empty() && !element.iter().any(needs) && !element.eq_ignore_ascii_case(b"NULL") {
        out.extend_from_slice(element);
        return;
    }
    write_quoted(element, out);
}

/// Between quotes, as arrays and hstore have it (hstore_io.c).
pub(super) fn write_quoted(text: &[u8], out: &mut Vec<u8>) {
    out.push(b'"');
    for &byte in text {
        if matches!(byte, b'"' | b'\\') {
            out.push(b'\\');
        }
        out.push(byte);
    }
    out.push(b'"');
}

/// Masks an array in the binary format, whose elements are of this type.
pub(crate) fn binary(
    value: &[u8],
    element_oid: u32,
    mut mask: impl FnMut(&[u8], &mut Vec<u8>) -> bool,
    out: &mut Vec<u8>,
) -> bool {
    let mut numbers = value;
    let mut number = || {
        let (number, rest) = numbers.split_first_chunk()?;
        numbers = rest;
        Some(u32::from_be_bytes(*number))
    };
    let (Some(dimensions), Some(_), Some(oid)) = (number(), number(), number()) else { return false };
    if DIMENSIONS_MAX < dimensions || oid != element_oid {
        return false;
    }
    let header = 12 + dimensions as usize * 8;
    let Some((header, mut rest)) = value.split_at_checked(header) else { return false };
    out.extend_from_slice(header);
    while let Some((len, after)) = rest.split_first_chunk::<4>() {
        let len = i32::from_be_bytes(*len);
        let Ok(len) = usize::try_from(len) else {
            if len != -1 {
                return false;
            }
            out.extend_from_slice(&len.to_be_bytes());
            rest = after;
            continue;
        };
        let Some((element, after)) = after.split_at_checked(len) else { return false };
        let mut is_masked = false;
        crate::rows::sized_value(out, |out| {
            is_masked = mask(element, out);
            is_masked
        });
        if !is_masked {
            return false;
        }
        rest = after;
    }
    rest.is_empty()
}
