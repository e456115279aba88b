//! What has happened to requests, for whoever watches: the metrics.

use std::sync::atomic::{AtomicU64, Ordering};

use audit::record::ApprovalEvent;

/// All that can happen.
pub(crate) const EVENTS: [ApprovalEvent; 7] = [
    ApprovalEvent::Asked,
    ApprovalEvent::Approved,
    ApprovalEvent::Granted,
    ApprovalEvent::Revoked,
    ApprovalEvent::Denied,
    ApprovalEvent::Expired,
    ApprovalEvent::Cancelled,
];

/// How often each has happened since the proxy began, and is recorded.
#[derive(Debug, Default)]
pub(crate) struct Events {
    counts: [AtomicU64; EVENTS.len()],
}

impl Events {
    pub(super) fn note(&self, event: ApprovalEvent) {
        let place = EVENTS.iter().position(|known| *known == event);
        if let Some(count) = place.and_then(|place| self.counts.get(place)) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(crate) fn counts(&self) -> impl Iterator<Item = (ApprovalEvent, u64)> {
        EVENTS.into_iter().zip(self.counts.iter().map(|count| count.load(Ordering::Relaxed)))
    }
}
