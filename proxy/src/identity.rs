//! Who a session is to the policies that hold at the moment.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use mask::{Class, Method, Methods};
use policy::{Policies, PolicyError, Subject, Who};

use session::Allowance;

use crate::config::Config;

/// Who says what a user is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Account {
    /// `[[user]]` of the configuration, whatever it says at the moment.
    Local,
    /// The token with which the session began, until it ends.
    OfProvider,
}

/// A session's identity, and what the policies make of it.
pub(crate) struct Identity {
    who: Who,
    account: Account,
    policies: Arc<Policies>,
    subject: Arc<Subject>,
    methods: Arc<Methods>,
    allowance: Arc<Allowance>,
}

impl Identity {
    /// `who` at this moment, with what is left of the questions that may be asked. What the configuration says of the user is added.
    ///
    /// # Errors
    ///
    /// [`PolicyError`] where the policies cannot be told of it.
    pub(crate) fn new(
        who: Who,
        account: Account,
        config: &Config,
        allowance: Arc<Allowance>,
    ) -> Result<Self, PolicyError> {
        let who = now(who, account, config);
        let (policies, subject) = (Arc::clone(&config.policies), config.policies.subject(&who)?);
        let methods = methods(&config.methods, &policies, &subject);
        Ok(Identity { who, account, policies, subject, methods, allowance })
    }

    /// `who` as it is said, to `policies` that no session goes by. Where they do not say how values are masked, it is by `base`.
    ///
    /// # Errors
    ///
    /// [`PolicyError`] where the policies cannot be told of it.
    pub(crate) fn tried(
        who: Who,
        policies: &Arc<Policies>,
        base: &Arc<Methods>,
        allowance: Arc<Allowance>,
    ) -> Result<Self, PolicyError> {
        let (policies, subject) = (Arc::clone(policies), policies.subject(&who)?);
        let methods = methods(base, &policies, &subject);
        Ok(Identity { who, account: Account::OfProvider, policies, subject, methods, allowance })
    }

    /// Has the session keep these settings, from its beginning to its end.
    ///
    /// # Errors
    ///
    /// [`PolicyError`] where the policies cannot be told of it.
    pub(crate) fn keep(&mut self, settings: BTreeSet<String>) -> Result<(), PolicyError> {
        if !settings.is_empty() {
            self.who.keeps.extend(settings);
            self.subject = self.policies.subject(&self.who)?;
        }
        Ok(())
    }

    /// Takes what has changed: the configuration (`is_newer`), or the time where policies look at it.
    ///
    /// # Errors
    ///
    /// [`PolicyError`] where the policies cannot be told of it.
    pub(crate) fn renew(&mut self, config: &Config, is_newer: bool) -> Result<(), PolicyError> {
        if is_newer || self.policies.tell_time() {
            self.who = now(std::mem::take(&mut self.who), self.account, config);
            self.policies = Arc::clone(&config.policies);
            self.subject = self.policies.subject(&self.who)?;
            self.methods = methods(&config.methods, &self.policies, &self.subject);
        }
        Ok(())
    }

    pub(crate) fn who(&self) -> &Who {
        &self.who
    }

    pub(crate) fn policies(&self) -> &Policies {
        &self.policies
    }

    pub(crate) fn subject(&self) -> &Subject {
        &self.subject
    }

    pub(crate) fn methods(&self) -> &Arc<Methods> {
        &self.methods
    }

    pub(crate) fn allowance(&self) -> &Allowance {
        &self.allowance
    }
}

/// How values are masked for `subject`: as the configuration says (`base`), but for what policies say.
fn methods(base: &Arc<Methods>, policies: &Policies, subject: &Subject) -> Arc<Methods> {
    let said = |class: Class| {
        let said = policies.method(subject, class.name())?;
        // What nobody knows here shows nothing.
        let known = Method::ALL.into_iter().find(|method| method.name() == said);
        Some((class, known.unwrap_or(Method::Null)))
    };
    let said: Vec<_> = Class::ALL.into_iter().filter_map(said).collect();
    match said.is_empty() {
        true => Arc::clone(base),
        false => Arc::new(base.with(said)),
    }
}

/// `who` as the configuration knows a local user, at this moment. Somebody who was taken out of it keeps what is known.
fn now(mut who: Who, account: Account, config: &Config) -> Who {
    if account == Account::Local
        && let Some(user) = config.users.get(&who.user)
    {
        who.groups.clone_from(&user.groups);
        user.kind.clone_into(&mut who.kind);
    }
    let hours = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs() / 3_600;
    // 1 January 1970 was a Thursday.
    let weekday = (hours / 24 + 3) % 7 + 1;
    who.hour = u8::try_from(hours % 24).unwrap_or_default();
    who.weekday = u8::try_from(weekday).unwrap_or(1);
    who
}
