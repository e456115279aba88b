//! Approvals that count for a while: of whatever has the same fingerprint and touches the same, for the same person.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use audit::record::UnixMicros;
use policy::Approver;
use session::Request;

use super::{Asking, Held};

/// Most grants at once.
pub(super) const GRANTS_MAX: usize = 1_000;

/// Longest time that a grant counts.
pub(crate) const GRANT_SECS_MAX: u64 = 24 * 60 * 60;

/// Effects of statements whose literals are values and nothing else.
const PLAIN: [&str; 4] = ["select", "insert", "update", "delete"];

/// One grant, by the request that it came of.
pub(crate) struct Grant {
    pub(crate) held: Arc<Held>,
    pub(crate) approvers: Vec<Approver>,
    pub(crate) until: UnixMicros,
    ends: Instant,
}

/// All that count.
#[derive(Default)]
pub(super) struct Grants {
    /// By the name of their request.
    all: BTreeMap<String, Arc<Grant>>,
}

impl Grants {
    /// Those that count now.
    pub(super) fn now(&mut self) -> impl Iterator<Item = &Arc<Grant>> {
        let now = Instant::now();
        self.all.retain(|_, grant| now < grant.ends);
        self.all.values()
    }

    pub(super) fn is_full(&mut self) -> bool {
        GRANTS_MAX <= self.now().count()
    }

    pub(super) fn add(&mut self, held: Arc<Held>, approvers: Vec<Approver>, time: Duration) {
        let micros = i64::try_from(time.as_micros()).unwrap_or(i64::MAX);
        let until = UnixMicros(crate::trail::now().0.saturating_add(micros));
        let ends = Instant::now() + time;
        self.all.insert(held.name(), Arc::new(Grant { held, approvers, until, ends }));
    }

    pub(super) fn remove(&mut self, name: &str) {
        self.all.remove(name);
    }

    /// The one that covers what is asked for. What acts for somebody is not that person.
    pub(super) fn covering(&mut self, asking: &Asking, request: &Request) -> Option<Arc<Grant>> {
        self.now().find(|grant| grant.covers(asking, request)).map(Arc::clone)
    }
}

/// Whether two texts differ in literals at most, and in the reason that is given in front of them.
fn is_alike(one: &str, other: &str) -> bool {
    let (one, other) = (session::without_reason(one), session::without_reason(other));
    let (mut first, mut second) = (Vec::new(), Vec::new());
    let have_literals =
        sql::skeleton(one.as_bytes(), &mut first) && sql::skeleton(other.as_bytes(), &mut second);
    one == other || have_literals && first == second
}

impl Grant {
    fn covers(&self, asking: &Asking, request: &Request) -> bool {
        let Grant { held, approvers, .. } = self;
        let (statement, touched) = (&request.statement, &request.statement.touched);
        let approvers: Vec<&Approver> = approvers.iter().collect();
        // The same text but for its literals: a fingerprint takes more for the same. And nothing that has a program in one.
        held.effects.iter().all(|effect| PLAIN.contains(effect))
            && held.fingerprint != 0
            && held.fingerprint == statement.fingerprint
            && is_alike(&held.text, &request.text)
            && (&held.principal, &held.actor, &held.database)
                == (&asking.principal, &asking.actor, &asking.database)
            && held.effects == statement.effects
            && (&held.read, &held.written, &held.columns)
                == (&touched.read, &touched.written, &touched.columns)
            // What nobody knew to be sensitive when it was given was not approved, nor what functions have become since.
            && held.classes == request.classes
            && held.code == *request.code
            && policy::missing(&request.approvers, &approvers, &asking.principal).is_empty()
    }

    /// Whether somebody may see it, and take it back.
    pub(crate) fn is_of(&self, somebody: &Approver) -> bool {
        self.held.principal == somebody.user || self.held.may_be_answered_by(somebody)
    }
}
