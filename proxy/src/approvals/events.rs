//! What has happened to requests, and is recorded: counted for the metrics, and told to those who may answer.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use audit::record::ApprovalEvent;

use super::Held;
use crate::links::Links;
use crate::notices::{Notices, Told};

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
pub(crate) struct Events {
    counts: [AtomicU64; EVENTS.len()],
    pub(crate) notices: Notices,
}

impl Events {
    pub(super) fn new(notices: Notices) -> Self {
        Events { counts: Default::default(), notices }
    }

    /// Counts it, and has it told, with a link where it can still be answered.
    pub(super) fn tell(
        &self,
        event: ApprovalEvent,
        held: &Arc<Held>,
        by: &str,
        reason: &str,
        links: Option<&Links>,
    ) {
        self.note(event);
        self.notices.offer(|| Told::new(event, held, by, reason, links));
    }

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
