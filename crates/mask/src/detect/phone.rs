//! Telephone numbers: international ones with their plus, national ones by how they are grouped or what names them.

use super::text::{at, before, goes_on, is_inside, is_word};
use super::{Match, context};
use crate::class::Class;

/// E.164: the digits of the longest number with its country.
const DIGITS_MAX: usize = 15;

/// The digits of the shortest that is taken for one.
const DIGITS_MIN: usize = 8;

/// Groups of the most that anybody writes.
const GROUPS_MAX: usize = 7;

/// Words that make any number of fitting length one of a telephone.
const NAMED: &[&str] = &[
    "phone",
    "telephone",
    "tel",
    "mobile",
    "mob",
    "cell",
    "fax",
    "call me",
    "call us",
    "call at",
    "call on",
    "call from",
    "calls from",
    "whatsapp",
    "sms",
    "telefon",
    "handy",
    "mobil",
    "telefono",
    "movil",
    "celular",
    "telefone",
];

/// A number as it is written.
struct Written {
    /// Digits of each group, in order.
    groups: [usize; GROUPS_MAX],
    count: usize,
    /// Digits in all.
    digits: usize,
    /// The separator of all groups but the first two; 0 if they differ.
    separator: u8,
    end: usize,
}

/// What begins with the `+` or `(` at `here`.
pub(super) fn at_sign(value: &[u8], here: usize) -> Option<Match> {
    let last = before(value, here);
    if is_word(last) || last == b'+' || last == b')' {
        return None;
    }
    let plus = at(value, here) == b'+';
    let written = Written::read(value, here + 1)?;
    let first = written.first();
    let fits = match plus {
        true => at(value, here + 1) != b'0' && written.digits >= DIGITS_MIN,
        false => {
            let area = (2..=5).contains(&first) && written.count > 1;
            let closed = area && at(value, here + 1 + first) == b')';
            closed
                && (written.is_american(value, here + 1)
                    || at(value, here + 1) == b'0' && written.digits >= 9
                    || written.digits >= DIGITS_MIN && is_named(value, here))
        }
    };
    fits.then_some(Match { class: Class::Phone, range: here..written.end, is_named: false })
}

/// A number without a country, or with it after `00`.
pub(super) fn national(value: &[u8], start: usize, len: usize) -> Option<(Class, usize)> {
    if len > DIGITS_MAX || is_inside(value, start) {
        return None;
    }
    let written = Written::read(value, start)?;
    let (first, zero) = (written.first(), at(value, start) == b'0');
    // Groups after others are the rest of a longer number.
    let alone = before(value, start) != b' ' || !before(value, start.saturating_sub(1)).is_ascii_digit();
    let even = alone && written.separator != 0 && written.count > 1;
    let zeros = zero && at(value, start + 1) == b'0';
    let abroad = zeros && at(value, start + 2) != b'0';
    let is_date = written.groups.starts_with(&[2, 2, 4]) || written.groups.starts_with(&[2, 2, 2, 0]);
    let least = if written.count == 2 { 9 } else { 10 };
    let home = zero && !zeros && (2..=5).contains(&first) && (least..=11).contains(&written.digits);
    let fits = even && abroad && written.digits >= 10
        || even && home && !is_date
        || even && written.is_american(value, start)
        || written.digits >= 7 && !is_date && is_named(value, start);
    fits.then_some((Class::Phone, written.end))
}

/// Calls last a number of seconds too: whom one calls stands right behind it.
fn is_named(value: &[u8], start: usize) -> bool {
    const CALL: &[u8] = b"call ";
    let near = value.get(start.saturating_sub(CALL.len())..start).unwrap_or_default();
    near.eq_ignore_ascii_case(CALL) || context::names(value, start, NAMED)
}

impl Written {
    /// Groups of digits with one separator between them, or a bracket and one.
    fn read(value: &[u8], start: usize) -> Option<Written> {
        let mut written =
            Written { groups: [0; GROUPS_MAX], count: 0, digits: 0, separator: b' ', end: start };
        let mut place = start;
        if at(value, place) == b'(' {
            place += 1;
        }
        loop {
            let rest = value.get(place..value.len().min(place + DIGITS_MAX + 1))?;
            let len = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
            let whole = written.digits + len <= DIGITS_MAX && written.count < GROUPS_MAX;
            if len == 0 || !whole {
                // What does not fit any more is another number, or all of it is none.
                let apart = len == 0 || before(value, place) == b' ';
                return (apart && written.digits > 0 && !goes_on(value, written.end)).then_some(written);
            }
            if written.count > 1 {
                let separator = before(value, place);
                let same = written.count == 2 || written.separator == separator;
                written.separator = if same { separator } else { 0 };
            }
            *written.groups.get_mut(written.count)? = len;
            written.count += 1;
            written.digits += len;
            place += len;
            written.end = place;
            place += match (at(value, place), at(value, place + 1)) {
                (b')' | b' ', b' ' | b'-' | b'/' | b'(') => 2,
                (b' ' | b'-' | b'.' | b'/' | b')', _) => 1,
                _ => 0,
            };
            if at(value, place) == b'0' && at(value, place + 1) == b')' && before(value, place) == b'(' {
                // A zero for calls at home, in brackets, is not dialled from abroad.
                place += 2;
            }
        }
    }

    fn first(&self) -> usize {
        self.groups.first().copied().unwrap_or(0)
    }

    /// North America: three digits, three and four, of which neither of the first two begins with 0 or 1.
    fn is_american(&self, value: &[u8], start: usize) -> bool {
        let groups = self.groups.get(..self.count).unwrap_or_default();
        let last = self.end.saturating_sub(4);
        let exchange = at(value, last.saturating_sub(4));
        let area = match groups {
            [1, 3, 3, 4] if at(value, start) == b'1' => start + 2,
            [3, 3, 4] => start,
            _ => return false,
        };
        let area = if at(value, area) == b'(' { area + 1 } else { area };
        matches!(at(value, area), b'2'..=b'9') && matches!(exchange, b'2'..=b'9')
    }
}
