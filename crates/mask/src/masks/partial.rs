//! Masks that leave a part of a number, and how it is grouped.

/// Letters and digits become `*` but for the last `kept` digits. Of fewer than `least` digits nothing stays.
pub(super) fn last_digits(value: &[u8], kept: usize, least: usize, out: &mut Vec<u8>) {
    let digits = value.iter().filter(|byte| byte.is_ascii_digit()).count();
    let hidden = if digits < least { digits } else { digits - kept };
    let mut seen = 0;
    each(value, out, |byte| {
        seen += usize::from(byte.is_ascii_digit());
        byte.is_ascii_digit() && hidden < seen
    });
}

/// Country and last four signs stay where there are at least as many as the shortest account has.
pub(super) fn iban(value: &[u8], out: &mut Vec<u8>) {
    const LEN_MIN: usize = 15;
    let signs = value.iter().filter(|byte| byte.is_ascii_alphanumeric()).count();
    let mut seen = 0;
    each(value, out, |_| {
        seen += 1;
        LEN_MIN <= signs && (seen <= 2 || signs < seen + 4)
    });
}

/// Writes one `*` for each letter or digit that `keep` does not keep; what groups them stays.
fn each(value: &[u8], out: &mut Vec<u8>, mut keep: impl FnMut(u8) -> bool) {
    for &byte in value {
        match byte {
            _ if byte.is_ascii_alphanumeric() => out.push(if keep(byte) { byte } else { b'*' }),
            b' '..=b'~' => out.push(byte),
            // One for a whole character in UTF-8, and for what is not to be seen.
            _ if byte & 0xC0 != 0x80 => out.push(b'*'),
            _ => {}
        }
    }
}
