//! Masks an e-mail address in part: enough stays to recognise a row, not enough to write to anybody.

/// Appends the masked form: the first character and the last label of the domain stay.
/// What is not an address is masked whole.
pub(crate) fn mask(value: &[u8], out: &mut Vec<u8>) {
    let at = value.iter().rposition(|&byte| byte == b'@');
    let parts = at.and_then(|at| Some((value.get(..at)?, value.get(at + 1..)?)));
    match parts {
        Some((local, domain)) if !local.is_empty() && !domain.is_empty() => {
            out.extend_from_slice(first_character(local));
            out.extend_from_slice(b"***@***");
            out.extend_from_slice(last_label(domain));
        }
        _ if value.is_empty() => {}
        _ => out.extend_from_slice(b"***"),
    }
}

/// Whether an address may be here: an `@` between characters that can be seen. A value in binary can have that byte in
/// a number too, such as the OID in an array; the bytes around it then hardly ever are characters on both sides.
pub(crate) fn is_found(value: &[u8]) -> bool {
    let is_seen = |byte: u8| byte.is_ascii_graphic() || !byte.is_ascii();
    value
        .windows(3)
        .any(|window| matches!(*window, [before, b'@', after] if is_seen(before) && is_seen(after)))
}

/// The first character, whole in UTF-8.
fn first_character(text: &[u8]) -> &[u8] {
    let len = match text.first() {
        Some(byte) if byte.is_ascii() => 1,
        Some(_) => text.iter().skip(1).take_while(|&&byte| byte & 0xC0 == 0x80).take(3).count() + 1,
        None => 0,
    };
    text.get(..len).unwrap_or_default()
}

/// `.com` of `example.com`; nothing where there is no dot or the label is too long to be a public one.
fn last_label(domain: &[u8]) -> &[u8] {
    const LABEL_BYTES_MAX: usize = 7;
    let label =
        domain.iter().rposition(|&byte| byte == b'.').and_then(|dot| domain.get(dot..)).unwrap_or_default();
    let public = label.len() <= LABEL_BYTES_MAX && label.iter().skip(1).all(u8::is_ascii_alphabetic);
    if public { label } else { b"" }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn masked(value: &str) -> String {
        let mut out = Vec::new();
        mask(value.as_bytes(), &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn first_character_and_last_label_stay() {
        assert_eq!(masked("alice@example.com"), "a***@***.com");
        assert_eq!(masked("örn@býr.is"), "ö***@***.is");
        assert_eq!(masked("a@b"), "a***@***");
        assert_eq!(masked("x@y.z@secret.internalname"), "x***@***");
        assert_eq!(masked("not an address"), "***");
        assert_eq!(masked("@nobody.org"), "***");
        assert_eq!(masked(""), "");
    }

    #[test]
    fn an_address_is_found_between_characters_that_can_be_seen() {
        for text in ["bob@shop.org", "write to bob@shop.org", "{a@b,c}", "ö@b", "a@ö", "5 @ 2 a@b"] {
            assert!(is_found(text.as_bytes()), "{text}");
        }
        for text in ["", "@", "a@", "@b", "5 @ 2", "a@ b", "a @b", "a@\u{b}b", "a\u{7f}@b"] {
            assert!(!is_found(text.as_bytes()), "{text:?}");
        }
    }

    /// An array of one enum, in binary: dimensions, whether there are nulls, the type's OID, length, lower bound, label.
    #[test]
    fn a_number_with_the_byte_of_an_at_sign_is_no_address() {
        let array = |oid: u32, label: &[u8]| {
            let numbers = [1, 0, oid, 1, 1, u32::try_from(label.len()).unwrap()];
            [numbers.map(u32::to_be_bytes).as_flattened(), label].concat()
        };
        assert!(!is_found(&array(0x6240, b"happy")));
        assert!(!is_found(&array(0x14062, b"happy")));
        assert!(!is_found(&array(0x6241, &[b'x'; 0x40])));
        assert!(is_found(&array(0x6240, b"bob@shop.org")));
    }
}
