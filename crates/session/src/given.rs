//! Names that a session has given to relations, and that the catalog may not show yet: to it a relation is what it was, by
//! whichever name, from the moment a statement that names it is sent until the catalog was read after the end of its transaction.

use std::mem::take;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use sql::{Catalog, Given, Naming};

use crate::state::Environment;

/// Tells what one session has given from what others have, or it at another time.
static NEXT: AtomicU64 = AtomicU64::new(1);

/// Names that a session has given.
#[derive(Debug, Default)]
pub(crate) struct GivenNames {
    names: Arc<Given>,
    /// What they are known by; 0 where there are none.
    number: u64,
    /// Of statements that were sent since.
    sent: Vec<Rc<[Naming]>>,
    /// Some are newer than the catalog.
    is_newer: bool,
    /// The transaction that has given them is over.
    is_over: bool,
    /// For which version of the catalog a newer one was asked for.
    asked: Option<u64>,
}

impl GivenNames {
    pub(crate) fn number(&self) -> u64 {
        self.number
    }

    /// Whether it is as if it had never given any.
    pub(crate) fn are_none(&self) -> bool {
        self.number == 0 && self.sent.is_empty() && !self.is_over
    }

    pub(crate) fn names(&self) -> &Arc<Given> {
        &self.names
    }

    /// The catalog as the session sees it.
    pub(crate) fn catalog(&self, env: &Environment<'_>) -> Catalog {
        env.catalog.with_given(&self.names)
    }

    /// A statement is sent that does this to names.
    pub(crate) fn sent(&mut self, namings: &Rc<[Naming]>) {
        if !namings.is_empty() {
            self.sent.push(Rc::clone(namings));
        }
    }

    /// No transaction is open any more, and nothing is on its way.
    pub(crate) fn transaction_is_over(&mut self) {
        self.is_over |= self.is_newer || !self.sent.is_empty();
    }

    /// Brings them up to date. Whether that needs a newer catalog, which is asked for.
    pub(crate) fn renew(&mut self, env: &Environment<'_>) -> bool {
        if self.sent.is_empty() && !self.is_over {
            return false;
        }
        if !env.policies.tell_relations() {
            self.renew_ways(env);
            return false;
        }
        for namings in take(&mut self.sent) {
            Arc::make_mut(&mut self.names).take(&namings, env.catalog);
            self.is_newer = true;
            self.number = NEXT.fetch_add(1, Ordering::Relaxed);
        }
        if !self.is_over {
            return false;
        }
        // What is new alone is asked for when it is used.
        if self.names.leads() {
            if self.asked.is_none_or(|asked| env.catalog_version <= asked) {
                self.asked.get_or_insert(env.catalog_version);
                return true;
            }
            self.asked = None;
            self.is_over = false;
            // Where it could not be read, it shows nothing of them.
            if !env.catalog_is_new {
                return false;
            }
        }
        Arc::make_mut(&mut self.names).forget_shown(env.catalog);
        (self.is_newer, self.is_over) = (false, false);
        let are_some = self.names.leads() || self.names.has_ways();
        self.number = if are_some { NEXT.fetch_add(1, Ordering::Relaxed) } else { 0 };
        false
    }

    /// The same where nobody tells relations apart: little is kept then.
    fn renew_ways(&mut self, env: &Environment<'_>) {
        let mut names = self.names.only_ways();
        for namings in take(&mut self.sent) {
            names.take_ways(&namings, env.catalog);
        }
        let number = if names.has_ways() { NEXT.fetch_add(1, Ordering::Relaxed) } else { 0 };
        *self = GivenNames { names: Arc::new(names), number, ..GivenNames::default() };
    }
}
