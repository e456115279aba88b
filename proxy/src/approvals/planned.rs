//! The plan of a statement that waits, while it does: it is made beside it, and shown to whoever may approve it.

use std::future::Future;
use std::pin::Pin;

use policy::Approver;

use super::Held;
use crate::plan::{NoPlan, Plan};

/// A plan that is being made.
pub(crate) type Planning = Pin<Box<dyn Future<Output = Result<Plan, NoPlan>>>>;

/// What is shown of it.
pub(crate) enum PlanShown<'a> {
    /// It says something about values: whoever asks for an approval could learn of them by asking.
    Hidden,
    Pending,
    None(&'a NoPlan),
    Made(&'a Plan),
}

impl Held {
    /// What somebody is shown who sees the request.
    pub(crate) fn plan_for(&self, somebody: &Approver) -> PlanShown<'_> {
        match self.plan.get() {
            _ if !self.may_be_answered_by(somebody) => PlanShown::Hidden,
            None => PlanShown::Pending,
            Some(Err(why)) => PlanShown::None(why),
            Some(Ok(plan)) => PlanShown::Made(plan),
        }
    }
}
