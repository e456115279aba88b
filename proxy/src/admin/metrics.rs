//! Counts and levels in Prometheus's text format. None has a label that names somebody or something: they are told to whoever
//! asks.

use std::fmt::{Display, Write as _};
use std::sync::atomic::Ordering;
use std::time::Duration;

use audit::writer::{FAILURES, Progress};

use crate::connection::Shared;
use crate::tally::{OUTCOMES, VERDICTS};
use crate::throttle::Counts;

/// Their format, version 0.0.4.
pub(super) const TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

#[derive(Default)]
struct Text(String);

impl Text {
    /// One metric: `counter` or `gauge`, and its values, each with its labels.
    fn metric<V: Display>(
        &mut self,
        name: &str,
        kind: &str,
        help: &str,
        values: impl IntoIterator<Item = (String, V)>,
    ) {
        // Writing to a text does not fail.
        let _ = writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}");
        for (labels, value) in values {
            let _ = writeln!(self.0, "{name}{labels} {value}");
        }
    }

    fn counter(&mut self, name: &str, help: &str, value: u64) {
        self.metric(name, "counter", help, [(String::new(), value)]);
    }

    fn gauge(&mut self, name: &str, help: &str, value: impl Display) {
        self.metric(name, "gauge", help, [(String::new(), value)]);
    }
}

/// All of them, at this moment.
pub(super) fn text(shared: &Shared, progress: &Progress) -> String {
    let mut text = Text::default();
    let version = format!("{{version=\"{}\"}}", env!("CARGO_PKG_VERSION"));
    text.metric("picket_proxy_info", "gauge", "The proxy's version.", [(version, 1)]);
    text.gauge("picket_proxy_sessions", "Sessions that are open.", shared.sessions.len());
    let config = shared.config.now();
    text.gauge("picket_proxy_sessions_max", "`max-connections`.", config.limits.max_connections);
    let tally = shared.tallies.sum();
    let statements = VERDICTS.iter().zip(tally).flat_map(|(verdict, counts)| {
        OUTCOMES
            .iter()
            .zip(counts)
            .map(move |(outcome, count)| (format!("{{verdict=\"{verdict}\",outcome=\"{outcome}\"}}"), count))
    });
    let help = "Executions that have ended, by what was decided and what came of it.";
    text.metric("picket_proxy_statements_total", "counter", help, statements);
    let (waiting, grants) = shared.approvals.counts();
    text.gauge("picket_proxy_approvals_waiting", "Statements that wait for an approval.", waiting);
    text.gauge("picket_proxy_grants", "Grants that count.", grants);
    let events = shared.approvals.events.counts();
    let events = events.map(|(event, count)| (format!("{{event=\"{}\"}}", event.word()), count));
    let help = "What has happened to requests for approval.";
    text.metric("picket_proxy_approval_events_total", "counter", help, events);
    let told = shared.approvals.events.notices.counts();
    for (name, help, count) in [
        ("picket_proxy_webhook_delivered_total", "Messages that webhooks have taken.", &told.delivered),
        ("picket_proxy_webhook_failures_total", "Attempts at webhooks that have failed.", &told.failures),
        ("picket_proxy_webhook_lost_total", "Messages that were given up or found no room.", &told.lost),
    ] {
        text.counter(name, help, count.load(Ordering::Relaxed));
    }
    let Counts { wrong, refused, entries } = shared.throttle.counts();
    text.counter("picket_proxy_wrong_proofs_total", "Wrong passwords and tokens.", wrong);
    text.counter(
        "picket_proxy_throttled_proofs_total",
        "Passwords and tokens that were not looked at.",
        refused,
    );
    text.gauge("picket_proxy_throttle_entries", "Addresses, users and pairs kept in mind.", entries);
    let depth = shared.spool.depth();
    text.gauge("picket_proxy_spool_records", "Records that the ledger has not taken.", depth.records);
    text.gauge("picket_proxy_spool_bytes", "Their bytes.", depth.bytes);
    text.gauge("picket_proxy_spool_disk_bytes", "Bytes of all files of the spool.", depth.bytes_on_disk);
    text.gauge("picket_proxy_spool_disk_bytes_max", "`spool.max-bytes`.", config.spool.max_bytes);
    // What waits has come since then.
    let waited = if depth.records == 0 { Duration::ZERO } else { progress.since() };
    let help = "Seconds since the ledger has taken something, where records wait.";
    text.gauge("picket_proxy_spool_waits_seconds", help, waited.as_secs_f64());
    text.counter(
        "picket_proxy_ledger_records_total",
        "Records that the ledger has taken.",
        progress.records(),
    );
    let failures = FAILURES.iter().zip(progress.failures());
    let failures = failures.map(|(reason, count)| (format!("{{reason=\"{reason}\"}}"), count));
    let help = "Attempts at the ledger that have failed.";
    text.metric("picket_proxy_ledger_failures_total", "counter", help, failures);
    let not_kept = shared.spool.not_kept();
    let help = "Calls of which the spool has kept nothing: what was to be recorded did not run.";
    text.counter("picket_proxy_spool_refusals_total", help, not_kept);
    let set_aside = shared.spool.set_aside();
    let help = "Files of the spool of which a part cannot be read, and which are kept aside.";
    text.gauge("picket_proxy_spool_segments_set_aside", help, set_aside);
    let steps = shared.clock_steps.load(Ordering::Relaxed);
    text.counter("picket_proxy_clock_steps_total", "How often the clock was set.", steps);
    text.0
}
