//! International bank account numbers (ISO 13616): the length of the country and the remainder by 97.

use super::checks::remainder;
use super::text::{at, goes_on, is_inside};
use crate::class::Class;

/// Countries in the registry and the length of their numbers.
const COUNTRIES: &[u8] = b"AD24AE23AL28AT20AZ28BA20BE16BG22BH22BI27BR29BY28CH21CR22CY28CZ24DE22DJ27DK18DO28EE20EG29\
    ES24FI18FK18FO18FR27GB22GE22GI23GL18GR27GT28HN28HR21HU28IE22IL23IQ23IS26IT27JO30KW30KZ20LB28LC32LI21LT20LU20LV21\
    LY25MC27MD24ME22MK19MN20MR27MT31MU30NI28NL18NO15OM23PK24PL28PS29PT25QA29RO24RS22RU33SA24SC31SD18SE24SI19SK24SM27\
    SO23ST25SV28TL23TN24TR26UA29VA22VG24XK20YE30";

/// The longest number that the standard allows.
const LEN_MAX: usize = 34;

/// The account whose country is at `start`, with or without a space or `-` after each fourth character.
pub(super) fn iban(value: &[u8], start: usize, len: usize) -> Option<(Class, usize)> {
    let country = value.get(start..start + 4)?;
    let head = country.get(..2)?;
    if len < 4
        || !head.iter().all(u8::is_ascii_uppercase)
        || !country.get(2..)?.iter().all(u8::is_ascii_digit)
    {
        return None;
    }
    let entry = COUNTRIES.as_chunks::<4>().0.iter().find(|entry| entry.starts_with(head))?;
    let wanted = usize::try_from(super::checks::whole(entry.get(2..)?)).ok()?;
    if is_inside(value, start) {
        return None;
    }
    let mut number = [0; LEN_MAX];
    let (mut count, mut place) = (0, start);
    let separator = at(value, start + 4);
    let grouped = matches!(separator, b' ' | b'-');
    while count < wanted {
        if grouped && count > 0 && count % 4 == 0 {
            if at(value, place) != separator {
                return None;
            }
            place += 1;
        }
        let byte = at(value, place).to_ascii_uppercase();
        if !byte.is_ascii_alphanumeric() {
            return None;
        }
        *number.get_mut(count)? = byte;
        count += 1;
        place += 1;
    }
    let number = number.get(..count)?;
    // Check digits are 98 less a remainder by 97.
    if matches!(number.get(2..4)?, b"00" | b"01" | b"99") {
        return None;
    }
    let turned = number.get(4..)?.iter().chain(number.get(..4)?).copied();
    (!goes_on(value, place) && remainder(turned, 97) == 1).then_some((Class::Iban, place))
}
