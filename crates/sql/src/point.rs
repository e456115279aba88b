//! Where numbers, days and times stand among others of their kind, as whole numbers that are exact.

/// From one whole number, day or second to the next. What is written with nine digits behind the point has room between it and
/// the next.
pub(crate) const STEP: i128 = 10_000_000_000;

/// Digits behind the point.
const DIGITS_MAX: usize = 9;

/// Digits before it.
const WHOLE_DIGITS_MAX: usize = 24;

/// Beyond all days.
const INFINITY: i128 = i128::MAX >> 8;

/// A decimal number.
pub(crate) fn number(text: &str) -> Option<i128> {
    let text = text.trim();
    let (is_negative, digits) = match text.strip_prefix(['-', '+']) {
        Some(digits) => (text.starts_with('-'), digits),
        None => (false, text),
    };
    let (whole, rest) = digits.split_once('.').unwrap_or((digits, ""));
    let rest = rest.trim_end_matches('0');
    let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if digits.is_empty() || digits == "." || !is_number(whole) || !is_number(rest) {
        return None;
    }
    if WHOLE_DIGITS_MAX < whole.len() || DIGITS_MAX < rest.len() {
        return None;
    }
    let part = |text: &str| if text.is_empty() { Some(0) } else { text.parse::<i128>().ok() };
    let scale = 10_i128.checked_pow(u32::try_from(DIGITS_MAX + 1 - rest.len()).ok()?)?;
    let number = part(whole)?.checked_mul(STEP)?.checked_add(part(rest)?.checked_mul(scale)?)?;
    Some(if is_negative { -number } else { number })
}

/// A day in ISO 8601, or beyond all days.
pub(crate) fn day(text: &str) -> Option<i128> {
    match text.trim() {
        "infinity" | "+infinity" => return Some(INFINITY),
        "-infinity" => return Some(-INFINITY),
        _ => {}
    }
    let mut parts = text.trim().split('-');
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() || year.len() != 4 || month.len() != 2 || day.len() != 2 {
        return None;
    }
    let (year, month, day): (i128, i128, i128) = (year.parse().ok()?, month.parse().ok()?, day.parse().ok()?);
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    // Days since 0000-03-01: a year that begins with March ends with its leap day.
    let (year, month) = if month <= 2 { (year - 1, month + 9) } else { (year, month - 3) };
    let days = 365 * year + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    Some((days + (153 * month + 2) / 5 + day - 1) * STEP)
}

/// A time in ISO 8601, in seconds. Without a zone it counts as one in UTC, where it `has_zone`; with one it is none otherwise.
pub(crate) fn time(text: &str, has_zone: bool) -> Option<i128> {
    let text = text.trim();
    let Some((date, clock)) = text.split_once([' ', 'T']) else {
        return in_seconds(day(text)?);
    };
    let (clock, offset) = match clock.find(['Z', '+', '-']) {
        Some(at) if has_zone => (clock.get(..at)?, offset(clock.get(at..)?)?),
        Some(_) => return None,
        None => (clock, 0),
    };
    in_seconds(day(date)?)?.checked_add(self::clock(clock)? - offset * STEP)
}

/// A time of a day in ISO 8601, in seconds.
pub(crate) fn clock(text: &str) -> Option<i128> {
    let mut parts = text.trim().split(':');
    let (hour, minute) = (number(parts.next()?)?, number(parts.next()?)?);
    let second = parts.next().map_or(Some(0), number)?;
    let is_clock = parts.next().is_none() && hour >= 0 && minute >= 0 && second >= 0;
    is_clock.then_some(hour * 3_600 + minute * 60 + second)
}

/// The least and the greatest UUID.
pub(crate) const UUIDS: (i128, i128) = (0, 1 << 121);

/// A UUID. Of those that end in other than zeroes only the greatest has a place of its own: all others stand between two that do.
pub(crate) fn uuid(text: &str) -> Option<i128> {
    let digits: String = text.trim().chars().filter(|letter| !matches!(letter, '-' | '{' | '}')).collect();
    if digits.len() != 32 || !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return None;
    }
    match u128::from_str_radix(&digits, 16).ok()? {
        u128::MAX => Some(UUIDS.1),
        value if value.trailing_zeros() >= 8 => i128::try_from(value >> 8).ok().map(|value| value * 2),
        _ => None,
    }
}

fn in_seconds(day: i128) -> Option<i128> {
    if day.abs() == INFINITY { Some(day) } else { day.checked_mul(86_400) }
}

/// Seconds that a zone is before UTC.
fn offset(text: &str) -> Option<i128> {
    if text == "Z" {
        return Some(0);
    }
    let sign = if text.starts_with('-') { -1 } else { 1 };
    let mut parts = text.get(1..)?.split(':').map(str::parse::<i128>);
    let hours = parts.next()?.ok()?;
    let minutes = parts.next().unwrap_or(Ok(0)).ok()?;
    (parts.next().is_none() && (0..=24).contains(&hours) && (0..60).contains(&minutes))
        .then_some(sign * (hours * 3_600 + minutes * 60))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_exact() {
        let of = |text| number(text).unwrap();
        assert_eq!(of("9223372036854775807") + STEP, of("9223372036854775808"));
        assert_eq!(of("-1.5"), -(STEP + STEP / 2));
        assert_eq!(of("0.50"), STEP / 2);
        assert!(of("0.000000001") > 0);
        for text in ["", "-", ".", "1e5", "1_000", "NaN", "0x1F", "0.0000000001", "--1"] {
            assert_eq!(number(text), None, "{text}");
        }
    }

    #[test]
    fn uuids_have_room_between_them() {
        let of = |text: &str| uuid(text).unwrap();
        assert_eq!(of("00000000-0000-0000-0000-000000000000"), UUIDS.0);
        assert_eq!(of("{FFFFFFFF-ffff-ffff-ffff-ffffffffffff}"), UUIDS.1);
        assert_eq!(of("ffffffffffffffffffffffffffffff00"), UUIDS.1 - 2);
        assert_eq!(of("00000000-0000-0000-0000-000000000100") - 2, UUIDS.0);
        for text in ["", "00000000-0000-0000-0000-000000000001", "0", &"g".repeat(32)] {
            assert_eq!(uuid(text), None, "{text}");
        }
    }

    #[test]
    fn days_and_times_are_in_order() {
        let of = |text| day(text).unwrap();
        assert_eq!(of("2024-03-01") - of("2024-02-28"), 2 * STEP);
        assert_eq!(of("2100-03-01") - of("2100-02-28"), STEP);
        assert_eq!(of("2025-01-01") - of("2024-01-01"), 366 * STEP);
        assert!(of("9999-12-31") < of("infinity"));
        let of = |text| time(text, true).unwrap();
        assert_eq!(of("2024-01-01"), of("2024-01-01 00:00:00+00"));
        assert_eq!(of("2024-01-01 01:30:00+01:30"), of("2024-01-01T00:00:00Z"));
        assert_eq!(of("2024-01-01 00:00:00.5") - of("2024-01-01 00:00"), STEP / 2);
        assert_eq!(time("2024-01-01 00:00:00+01", false), None);
        for text in ["today", "2024-1-1", "01/02/2024", "2024-01-01 12", "2024-13-01"] {
            assert_eq!(time(text, true), None, "{text}");
        }
    }
}
