//! How rows of `coverage` and of `coverage --gaps` are shown.

use audit::ledger::{CoverageRow, WitnessGapRow};
use serde::Serialize;

use super::Shown;
use super::moment;
use super::table::Cell;

#[derive(Debug, Serialize)]
pub(crate) struct Coverage {
    day: String,
    host: String,
    server: String,
    connections: u64,
    proxied: u64,
    bypassed: u64,
    allowed: u64,
    allowed_by: Vec<String>,
    unknown: u64,
    bytes: u64,
    bytes_proxied: u64,
    share: f64,
    bytes_share: Option<f64>,
}

impl From<CoverageRow> for Coverage {
    fn from(row: CoverageRow) -> Self {
        let CoverageRow { day, host, server, connections, proxied, bypassed, allowed, allowed_by, .. } = row;
        let CoverageRow { unknown, bytes, bytes_proxied, share, bytes_share, .. } = row;
        Coverage {
            day,
            host,
            server,
            connections,
            proxied,
            bypassed,
            allowed,
            allowed_by,
            unknown,
            bytes,
            bytes_proxied,
            share,
            bytes_share,
        }
    }
}

impl Shown for Coverage {
    const KEYS: &'static [&'static str] = &[
        "day",
        "host",
        "server",
        "connections",
        "proxied",
        "bypassed",
        "allowed",
        "allowed_by",
        "unknown",
        "bytes",
        "bytes_proxied",
        "share",
        "bytes_share",
    ];
    const HEADINGS: &'static [&'static str] = &[
        "day (UTC)",
        "host",
        "database",
        "connections",
        "through the proxy",
        "around",
        "allowed",
        "unknown",
        "covered",
        "of the bytes",
    ];

    fn cells(&self) -> Vec<Cell> {
        let covered = percent(self.share);
        let bytes = self.bytes_share.map(percent).unwrap_or_default();
        let is_whole = self.proxied == self.connections;
        vec![
            Cell::plain(self.day.as_str()),
            Cell::plain(self.host.as_str()),
            Cell::plain(self.server.as_str()),
            Cell::plain(self.connections.to_string()),
            Cell::plain(self.proxied.to_string()),
            Cell::plain(self.bypassed.to_string()),
            Cell::plain(self.allowed()),
            Cell::plain(self.unknown.to_string()),
            if is_whole { Cell::good(covered) } else { Cell::bad(covered) },
            Cell::plain(bytes),
        ]
    }
}

impl Coverage {
    fn allowed(&self) -> String {
        match self.allowed_by.as_slice() {
            [] => self.allowed.to_string(),
            rules => format!("{} ({})", self.allowed, rules.join(", ")),
        }
    }
}

/// Cut, not rounded: 100 % is all.
fn percent(share: f64) -> String {
    format!("{:.1} %", (share * 1000.0).floor() / 10.0)
}

#[derive(Debug, Serialize)]
pub(crate) struct Gap {
    began_at: String,
    ended_at: Option<String>,
    kind: String,
    host: String,
    session_id: Option<String>,
    message: String,
    #[serde(skip)]
    began_at_short: String,
    #[serde(skip)]
    ended_at_short: String,
}

impl From<WitnessGapRow> for Gap {
    fn from(row: WitnessGapRow) -> Self {
        Gap {
            began_at: moment::exact(row.began_at),
            began_at_short: moment::short(row.began_at),
            ended_at: row.ended_at.map(moment::exact),
            ended_at_short: row.ended_at.map(moment::short).unwrap_or_default(),
            kind: row.kind,
            host: row.host,
            session_id: (!row.session_id.is_nil()).then(|| row.session_id.to_string()),
            message: row.message,
        }
    }
}

impl Shown for Gap {
    const KEYS: &'static [&'static str] = &["began_at", "ended_at", "kind", "host", "session_id", "message"];
    const HEADINGS: &'static [&'static str] =
        &["from (UTC)", "to (UTC)", "kind", "host", "what happened", "session"];

    fn cells(&self) -> Vec<Cell> {
        vec![
            Cell::plain(self.began_at_short.as_str()),
            Cell::plain(self.ended_at_short.as_str()),
            Cell::bad(self.kind.as_str()),
            Cell::plain(self.host.as_str()),
            Cell::plain(self.message.as_str()),
            Cell::unbroken(self.session_id.as_deref().unwrap_or_default()),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::percent;

    #[test]
    fn all_but_one_is_not_all() {
        assert_eq!(percent(1.0), "100.0 %");
        assert_eq!(percent(0.999_999), "99.9 %");
        assert_eq!(percent(0.0), "0.0 %");
    }
}
