//! Moments as text.

use audit::record::UnixMicros;
use jiff::Timestamp;

/// RFC 3339 in UTC with microseconds.
pub(crate) fn exact(at: UnixMicros) -> String {
    formatted(at, "%Y-%m-%dT%H:%M:%S.%6fZ")
}

/// For people, to the second, in UTC.
pub(crate) fn short(at: UnixMicros) -> String {
    formatted(at, "%Y-%m-%d %H:%M:%S")
}

/// For people, where much happens in a second.
pub(super) fn to_the_millisecond(at: UnixMicros) -> String {
    formatted(at, "%Y-%m-%d %H:%M:%S.%3f")
}

fn formatted(at: UnixMicros, format: &str) -> String {
    // ClickHouse's DateTime64 ends long before jiff's timestamps do.
    match Timestamp::from_microsecond(at.0) {
        Ok(timestamp) => timestamp.strftime(format).to_string(),
        Err(_) => at.0.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_utc() {
        assert_eq!(exact(UnixMicros(1_700_000_000_000_042)), "2023-11-14T22:13:20.000042Z");
        assert_eq!(to_the_millisecond(UnixMicros(1_700_000_000_123_999)), "2023-11-14 22:13:20.123");
        assert_eq!(short(UnixMicros(1_700_000_000_999_999)), "2023-11-14 22:13:20");
    }
}
