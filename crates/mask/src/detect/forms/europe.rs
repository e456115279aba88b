//! Numbers of persons and taxes in Europe.

use crate::detect::checks::{is_day, luhn, mod_11_10, number, remainder, weighed, whole};
use crate::detect::mrz::check_digit;

fn part(digits: &[u8], from: usize, to: usize) -> u32 {
    whole(digits.get(from..to).unwrap_or_default())
}

fn last(digits: &[u8]) -> u32 {
    digits.last().map_or(0, |&digit| number(digit))
}

/// United Kingdom, national insurance: letters that are never given (HMRC, NIM39110).
pub(super) fn nino(signs: &[u8]) -> bool {
    let Some((&[first, second], rest)) = signs.split_first_chunk() else { return false };
    !b"DFIQUV".contains(&first)
        && !b"DFIOQUV".contains(&second)
        && !matches!(&[first, second], b"BG" | b"GB" | b"KN" | b"NK" | b"NT" | b"TN" | b"ZZ")
        && matches!(rest.last(), Some(b'A'..=b'D'))
}

/// United Kingdom, health.
pub(super) fn nhs(digits: &[u8]) -> bool {
    const WEIGHTS: [u32; 9] = [10, 9, 8, 7, 6, 5, 4, 3, 2];
    let check = 11 - weighed(digits, &WEIGHTS) % 11;
    check != 10 && check % 11 == last(digits) && whole(digits) != 0
}

const DNI_LETTERS: &[u8; 23] = b"TRWAGMYFPDXBNJZSQVHLCKE";

/// Spain, citizens.
pub(super) fn dni(signs: &[u8]) -> bool {
    DNI_LETTERS.get((part(signs, 0, 8) % 23) as usize) == signs.get(8)
}

/// Spain, foreigners: the first letter stands for a digit.
pub(super) fn nie(signs: &[u8]) -> bool {
    let first = match signs.first() {
        Some(b'X') => 0,
        Some(b'Y') => 1,
        Some(b'Z') => 2,
        _ => return false,
    };
    DNI_LETTERS.get(((first * 10_000_000 + part(signs, 1, 8)) % 23) as usize) == signs.get(8)
}

/// Italy: the last letter checks, with another table for places that are odd from 1.
pub(super) fn codice_fiscale(signs: &[u8]) -> bool {
    const ODD: [u32; 26] =
        [1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23];
    let worth = |sign: u8| match sign {
        b'A'..=b'Z' => usize::from(sign - b'A'),
        _ => number(sign) as usize,
    };
    let sum: u32 = signs
        .iter()
        .take(15)
        .enumerate()
        .map(|(index, &sign)| match index % 2 {
            0 => ODD.get(worth(sign)).copied().unwrap_or(0),
            _ => worth(sign) as u32,
        })
        .sum();
    signs.get(8).is_some_and(|month| b"ABCDEHLMPRST".contains(month))
        && signs.get(15).is_some_and(|&check| u32::from(check - b'A') == sum % 26)
}

/// Netherlands: eleven divides the weighed sum.
pub(super) fn bsn(digits: &[u8]) -> bool {
    const WEIGHTS: [u32; 8] = [9, 8, 7, 6, 5, 4, 3, 2];
    let (sum, last) = (weighed(digits, &WEIGHTS), last(digits));
    sum >= last && (sum - last).is_multiple_of(11) && whole(digits) != 0
}

/// Poland: the century is added to the month.
pub(super) fn pesel(digits: &[u8]) -> bool {
    const WEIGHTS: [u32; 11] = [1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1];
    is_day(part(digits, 4, 6), part(digits, 2, 4) % 20) && weighed(digits, &WEIGHTS).is_multiple_of(10)
}

/// Poland, taxes.
pub(super) fn nip(digits: &[u8]) -> bool {
    const WEIGHTS: [u32; 9] = [6, 5, 7, 2, 3, 4, 5, 6, 7];
    weighed(digits, &WEIGHTS) % 11 == last(digits) && part(digits, 0, 3) != 0
}

/// Norway: two digits check; to the days of foreigners forty is added.
pub(super) fn norway(digits: &[u8]) -> bool {
    const FIRST: [u32; 10] = [3, 7, 6, 1, 8, 9, 4, 5, 2, 1];
    const SECOND: [u32; 11] = [5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1];
    let day = part(digits, 0, 2);
    is_day(if day > 40 { day - 40 } else { day }, part(digits, 2, 4))
        && weighed(digits, &FIRST).is_multiple_of(11)
        && weighed(digits, &SECOND).is_multiple_of(11)
}

/// Turkey: two digits check.
pub(super) fn turkey(digits: &[u8]) -> bool {
    let odd = weighed(digits, &[1, 0, 1, 0, 1, 0, 1, 0, 1]);
    let even = weighed(digits, &[0, 1, 0, 1, 0, 1, 0, 1, 0]);
    let tenth = digits.get(9).map_or(0, |&digit| number(digit));
    digits.first() != Some(&b'0')
        && (odd * 7 + 100 - even) % 10 == tenth
        && (odd + even + tenth) % 10 == last(digits)
}

/// Germany: one digit of the first ten is there twice or three times, and the last one checks.
pub(super) fn german_tax(digits: &[u8]) -> bool {
    let first = digits.get(..10).unwrap_or_default();
    let mut counts = [0_u32; 10];
    for &digit in first {
        if let Some(count) = counts.get_mut(number(digit) as usize) {
            *count += 1;
        }
    }
    let repeated = counts.iter().filter(|&&count| count > 1).count();
    let most = counts.iter().max().copied().unwrap_or(0);
    first.first() != Some(&b'0') && repeated == 1 && most <= 3 && mod_11_10(digits)
}

/// Germany, by office; whoever writes it names it.
pub(super) fn steuernummer(digits: &[u8]) -> bool {
    whole(digits) != 0
}

/// Germany, identity cards: no vowels and nothing that looks like a digit, and the check digit of the line that machines read.
pub(super) fn german_card(signs: &[u8]) -> bool {
    let Some((&last, number)) = signs.split_last() else { return false };
    let fits = |sign: &u8| sign.is_ascii_digit() || b"CFGHJKLMNPRTVWXYZ".contains(sign);
    number.iter().all(fits) && check_digit(number) == last
}

/// Belgium: day of birth, and what lacks to 97; those born since 2000 have a two before it.
pub(super) fn belgium(digits: &[u8]) -> bool {
    let (number, check) = (part(digits, 0, 9), part(digits, 9, 11));
    let old = 97 - number % 97;
    let new = 97 - (2_000_000_000_u32.wrapping_add(number)) % 97;
    is_day(part(digits, 4, 6), part(digits, 2, 4)) && (check == old || check == new)
}

/// Switzerland: EAN-13.
pub(super) fn ahv(digits: &[u8]) -> bool {
    const WEIGHTS: [u32; 13] = [1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1];
    weighed(digits, &WEIGHTS).is_multiple_of(10)
}

/// France: sex, month of birth, and what lacks to 97; Corsica's 2A and 2B count as 19 and 18.
pub(super) fn nir(signs: &[u8]) -> bool {
    let corsica = match signs.get(6) {
        Some(b'A') => Some(*b"19"),
        Some(b'B') => Some(*b"18"),
        Some(sign) if sign.is_ascii_digit() => None,
        _ => return false,
    };
    let department = corsica.as_ref().map_or(signs.get(5..7).unwrap_or_default(), |digits| digits);
    let parts = [signs.get(..5).unwrap_or_default(), department, signs.get(7..13).unwrap_or_default()];
    let rest = remainder(parts.iter().flat_map(|part| part.iter().copied()), 97);
    matches!(signs.first(), Some(b'1' | b'2' | b'7' | b'8'))
        && matches!(part(signs, 3, 5), 1..=12 | 20..=42 | 50..=99)
        && (corsica.is_none() || signs.get(5) == Some(&b'2'))
        && 97 - rest == u64::from(part(signs, 13, 15))
}

/// Sweden: day of birth, of coordination numbers with sixty added, and Luhn over ten digits.
pub(super) fn sweden(digits: &[u8]) -> bool {
    let digits = digits.get(digits.len().saturating_sub(10)..).unwrap_or_default();
    let day = part(digits, 4, 6);
    is_day(if day > 60 { day - 60 } else { day }, part(digits, 2, 4)) && luhn(digits)
}

/// Denmark: day of birth. The last digit checks no longer since 2007.
pub(super) fn denmark(digits: &[u8]) -> bool {
    is_day(part(digits, 0, 2), part(digits, 2, 4))
}

/// Finland: day of birth, and one of 31 signs that checks.
pub(super) fn hetu(signs: &[u8]) -> bool {
    let century = signs.get(6).copied().unwrap_or(0);
    let (letter, rest) = match century.is_ascii_digit() {
        true => (b'A', signs.get(6..).unwrap_or_default()),
        false => (century, signs.get(7..).unwrap_or_default()),
    };
    let number = part(signs, 0, 6) * 1000 + part(rest, 0, 3);
    b"ABCDEFUVWXY".contains(&letter)
        && is_day(part(signs, 0, 2), part(signs, 2, 4))
        && b"0123456789ABCDEFHJKLMNPRSTUVWXY".get((number % 31) as usize) == rest.get(3)
}

/// Portugal, taxes.
pub(super) fn portuguese_tax(digits: &[u8]) -> bool {
    const WEIGHTS: [u32; 8] = [9, 8, 7, 6, 5, 4, 3, 2];
    let rest = weighed(digits, &WEIGHTS) % 11;
    let wanted = if rest < 2 { 0 } else { 11 - rest };
    digits.first() != Some(&b'0') && wanted == last(digits)
}
