//! A setting as PostgreSQL keeps it, followed by what the session has sent and the server has completed. Where that cannot be told,
//! such as after a ROLLBACK to a savepoint, it is not known until it is set again.

use std::rc::Rc;

/// A setting of the session.
#[derive(Debug, Default)]
pub(crate) struct Followed {
    /// What the session began with.
    first: Option<Rc<str>>,
    now: Option<Rc<str>>,
    /// What it is when the open transaction is committed.
    kept: Option<Rc<str>>,
    /// What it was before the open transaction, where that has changed it.
    before: Option<Option<Rc<str>>>,
    /// The last that was heard of the open transaction is that it, or a part of it, has failed or was rolled back.
    is_undone: bool,
}

/// What a statement does to it.
#[derive(Clone, Debug)]
pub(crate) struct Change {
    pub(crate) value: Becomes,
    /// Until the end of the transaction.
    pub(crate) is_local: bool,
}

#[derive(Clone, Debug)]
pub(crate) enum Becomes {
    Given(Rc<str>),
    /// What the session began with.
    First,
    /// What is computed, or bound to a parameter.
    Unknown,
}

impl Followed {
    /// One that the session begins with.
    pub(crate) fn beginning(first: Rc<str>) -> Self {
        let (now, kept) = (Some(Rc::clone(&first)), Some(Rc::clone(&first)));
        Followed { first: Some(first), now, kept, ..Followed::default() }
    }

    /// What the session began with, where that is known.
    pub(crate) fn first(&self) -> Option<&Rc<str>> {
        self.first.as_ref()
    }

    /// What it is, where that is known.
    pub(crate) fn now(&self) -> Option<&Rc<str>> {
        self.now.as_ref()
    }

    /// Whether the open transaction has changed it.
    pub(crate) fn is_open(&self) -> bool {
        self.before.is_some()
    }

    /// The server says that it is this.
    pub(crate) fn is(&mut self, value: Rc<str>) {
        (self.now, self.kept, self.before) = (Some(Rc::clone(&value)), Some(value), None);
    }

    /// A statement that changes it is completed.
    pub(crate) fn changed(&mut self, change: &Change) {
        self.before.get_or_insert_with(|| self.kept.clone());
        self.now = match &change.value {
            Becomes::Given(value) => Some(Rc::clone(value)),
            Becomes::First => self.first.clone(),
            Becomes::Unknown => None,
        };
        if !change.is_local {
            self.kept.clone_from(&self.now);
        }
        self.is_undone = false;
    }

    /// Something failed, or a transaction or a part of it was rolled back.
    pub(crate) fn undone(&mut self) {
        if self.before.is_some() {
            (self.now, self.kept) = (None, None);
        }
        self.is_undone = true;
    }

    /// A transaction was committed.
    pub(crate) fn committed(&mut self) {
        self.is_undone = false;
        self.transaction_is_over();
    }

    /// No transaction is open any more.
    pub(crate) fn transaction_is_over(&mut self) {
        if self.before.is_none() {
            // Nothing was changed: what holds is what was kept.
            self.is_undone = false;
            return;
        }
        if let (Some(before), true) = (self.before.take(), self.is_undone) {
            self.kept = before;
        }
        self.now.clone_from(&self.kept);
        self.is_undone = false;
    }
}
