//! How far to look back, as people write it.

use std::str::FromStr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use audit::record::UnixMicros;

const HELP: &str = "write a number with s, m, h, d or w, such as 15m, 1h, 7d or 1h30m";

/// A span of time that ends now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Since(Duration);

impl Since {
    /// When it begins; the epoch where it is longer than that.
    pub(crate) fn before_now(self) -> UnixMicros {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        UnixMicros(i64::try_from(now.saturating_sub(self.0).as_micros()).unwrap_or(i64::MAX))
    }
}

impl FromStr for Since {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut secs: u64 = 0;
        let mut rest = text;
        while !rest.is_empty() {
            let end = rest.find(|letter: char| !letter.is_ascii_digit()).ok_or(HELP)?;
            let (number, behind) = rest.split_at_checked(end).ok_or(HELP)?;
            let mut letters = behind.chars();
            let unit: u64 = match letters.next() {
                Some('s') => 1,
                Some('m') => 60,
                Some('h') => 3_600,
                Some('d') => 86_400,
                Some('w') => 7 * 86_400,
                _ => return Err(HELP),
            };
            let part = number.parse::<u64>().ok().and_then(|number| number.checked_mul(unit)).ok_or(HELP)?;
            secs = secs.checked_add(part).ok_or(HELP)?;
            rest = letters.as_str();
        }
        if secs == 0 {
            return Err("it must be longer than nothing; write a number with s, m, h, d or w, such as 15m");
        }
        Ok(Since(Duration::from_secs(secs)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_numbers_with_units() {
        let secs = |text: &str| text.parse::<Since>().map(|since| since.0.as_secs());
        assert_eq!(secs("15m"), Ok(900));
        assert_eq!(secs("1h30m"), Ok(5_400));
        assert_eq!(secs("7d"), Ok(604_800));
        assert_eq!(secs("2w"), Ok(1_209_600));
        for wrong in
            ["", "x", "1", "h", "1y", "-1h", "0s", "99999999999999999999s", "9999999999999999999w", "1 h"]
        {
            assert!(secs(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_long_span_begins_at_the_epoch() {
        assert_eq!("9999999w".parse::<Since>().unwrap().before_now(), UnixMicros(0));
    }
}
