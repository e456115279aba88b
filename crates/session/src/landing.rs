//! Paths of a session that name a schema of PostgreSQL's own: what is made without a schema may come there. Where the path cannot be told
//! it counts as the last of these that the session may have set.

use std::rc::Rc;
use std::sync::Arc;

use sql::own_path;

use crate::following::{Becomes, Change, Followed};

/// Most of them that are told apart.
const KEPT_MAX: usize = 16;

/// The path, followed through what sets it, and through nothing else.
#[derive(Debug, Default)]
pub(crate) struct Landing {
    setting: Followed,
    /// Settings that name such a schema, and one of which it could be; the newest last.
    known: Vec<Own>,
}

/// A setting, and the schemas in it.
type Own = (Rc<str>, Arc<[String]>);

/// What a session may see of it.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct OwnPath<'a> {
    pub(crate) now: Option<&'a Arc<[String]>>,
    pub(crate) first: Option<&'a Arc<[String]>>,
}

/// What a statement does to it.
#[derive(Clone, Debug, Default)]
pub(crate) struct LandingChange {
    /// What it sets, itself.
    sets: Option<Change>,
    /// Paths that name such a schema and that it sets, or what it runs does.
    own: Vec<Rc<str>>,
}

impl LandingChange {
    pub(crate) fn of(sets: Option<Change>, own: impl IntoIterator<Item = Rc<str>>) -> Option<Self> {
        let mut own: Vec<Rc<str>> = own.into_iter().collect();
        if let Some(Change { value: Becomes::Given(value), .. }) = &sets
            && own_path(value).is_some()
        {
            own.push(Rc::clone(value));
        }
        (sets.is_some() || !own.is_empty()).then_some(LandingChange { sets, own })
    }

    /// The same where nobody can tell whether it is done, and either of two.
    pub(crate) fn perhaps(change: Option<&Self>, other: Option<&Self>) -> Option<Self> {
        let both = || change.into_iter().chain(other);
        let sets = both().any(|change| change.sets.is_some());
        let sets = sets.then_some(Change { value: Becomes::Unknown, is_local: false });
        Self::of(sets, both().flat_map(|change| &change.own).cloned())
    }

    /// The same where what it sets is bound to one of these values.
    pub(crate) fn bound<'v>(&self, values: impl Iterator<Item = &'v [u8]>) -> Option<Vec<Rc<str>>> {
        let is_bound = matches!(self.sets, Some(Change { value: Becomes::Unknown, .. }));
        is_bound.then(|| {
            let texts = values.filter_map(|value| std::str::from_utf8(value).ok());
            texts.filter(|value| own_path(value).is_some()).map(Rc::from).collect()
        })
    }

    /// Where the session looks behind it, within one text: a path that names none of PostgreSQL's own counts only where it must hold.
    pub(crate) fn after(&self, before: OwnPath<'_>, may_undo: bool) -> Option<Arc<[String]>> {
        let own = self.own.last().and_then(|own| own_path(own));
        let holds = |change: &&Change| !change.is_local && !may_undo;
        own.or_else(|| match self.sets.as_ref().filter(holds).map(|change| &change.value) {
            Some(Becomes::Given(_)) => None,
            Some(Becomes::First) => before.first.cloned(),
            Some(Becomes::Unknown) | None => before.now.cloned(),
        })
    }
}

impl Landing {
    /// That of a session that begins with this setting, and goes back to `first`.
    pub(crate) fn beginning(setting: &str, first: &str) -> Self {
        let mut landing = Landing { setting: Followed::beginning(first.into()), known: Vec::new() };
        landing.may_be(&first.into());
        landing.is(&setting.into());
        landing
    }

    /// The server says that it is this.
    pub(crate) fn is(&mut self, setting: &Rc<str>) {
        self.may_be(setting);
        self.setting.is(Rc::clone(setting));
    }

    /// It may be this from now on.
    pub(crate) fn may_be(&mut self, setting: &Rc<str>) {
        let Some(schemas) = own_path(setting) else { return };
        self.known.retain(|(known, _)| known != setting);
        if KEPT_MAX <= self.known.len() {
            self.known.remove(0);
        }
        self.known.push((Rc::clone(setting), schemas));
    }

    pub(crate) fn sent(&mut self, change: &LandingChange) {
        change.own.iter().for_each(|own| self.may_be(own));
        if let (Some(Change { value: Becomes::First, .. }), Some(first)) =
            (&change.sets, self.setting.first())
        {
            self.may_be(&Rc::clone(first));
        }
    }

    pub(crate) fn answered(&mut self, change: &LandingChange, is_done: bool) {
        let Some(sets) = &change.sets else { return };
        if is_done || matches!(sets.value, Becomes::Unknown) {
            self.setting.changed(sets);
        }
    }

    pub(crate) fn setting(&mut self) -> &mut Followed {
        &mut self.setting
    }

    /// What it is for a statement that is sent now; `is_certain` where nothing is on the way that may change it.
    pub(crate) fn own(&self, is_certain: impl Fn(bool) -> bool) -> OwnPath<'_> {
        let Some((_, last)) = self.known.last() else { return OwnPath::default() };
        let of = |setting: &Rc<str>| {
            let known = self.known.iter().find(|(known, _)| known == setting);
            // One that was forgotten.
            known.map(|(_, schemas)| schemas).or_else(|| own_path(setting).map(|_| last))
        };
        let now = match self.setting.now().filter(|_| is_certain(self.setting.is_open())) {
            Some(setting) => of(setting),
            None => Some(last),
        };
        OwnPath { now, first: self.setting.first().and_then(of) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(value: &str) -> LandingChange {
        let sets = Change { value: Becomes::Given(value.into()), is_local: false };
        LandingChange::of(Some(sets), []).unwrap()
    }

    fn unknown() -> LandingChange {
        let sets = Change { value: Becomes::Unknown, is_local: false };
        LandingChange::of(Some(sets), []).unwrap()
    }

    fn now(landing: &Landing) -> String {
        landing.own(|_| true).now.map(|schemas| schemas.join(", ")).unwrap_or_default()
    }

    #[test]
    fn a_path_counts_while_it_may_hold() {
        let mut landing = Landing::beginning("public", "public");
        assert_eq!(now(&landing), "");
        for (change, expected) in [
            (unknown(), ""),
            (given("pg_catalog, public"), "pg_catalog, public"),
            (given("public"), ""),
            (unknown(), "pg_catalog, public"),
            (given("sales, pg_catalog"), "sales, pg_catalog"),
            (given("pg_catalog, public"), "pg_catalog, public"),
        ] {
            landing.sent(&change);
            landing.answered(&change, true);
            landing.setting().transaction_is_over();
            assert_eq!(now(&landing), expected, "{change:?}");
        }
        assert!(landing.own(|_| false).now.is_some(), "where it is not certain, it may be that");
        landing.answered(&given("public"), true);
        landing.setting().undone();
        landing.setting().transaction_is_over();
        assert_eq!(now(&landing), "pg_catalog, public", "what is rolled back holds no more");
    }

    #[test]
    fn a_session_can_begin_with_one_and_go_back_to_it() {
        let mut landing = Landing::beginning("pg_catalog", "public, information_schema");
        assert_eq!(now(&landing), "pg_catalog");
        let reset = Change { value: Becomes::First, is_local: false };
        let reset = LandingChange::of(Some(reset), []).unwrap();
        landing.sent(&reset);
        landing.answered(&reset, true);
        assert_eq!(now(&landing), "public, information_schema");
    }

    #[test]
    fn a_value_that_is_bound_may_be_one() {
        let values = [&b"public"[..], b"pg_catalog", b"\xff"];
        let bound = |change: LandingChange| change.bound(values.into_iter()).map(|all| all.len());
        assert_eq!(bound(unknown()), Some(1));
        assert_eq!(bound(given("public")), None);
    }

    #[test]
    fn within_one_text_a_path_is_left_only_where_that_holds() {
        let own = own_path("pg_catalog").unwrap();
        let before = OwnPath { now: Some(&own), first: None };
        assert!(given("public").after(before, false).is_none());
        assert!(given("public").after(before, true).is_some());
        assert!(unknown().after(before, false).is_some());
        assert!(given("pg_catalog").after(OwnPath::default(), false).is_some());
    }
}
