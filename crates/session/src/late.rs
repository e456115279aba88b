//! What a statement was found to write when it was sent is looked at once more when it has run: it may have waited, and what it read
//! may have become sensitive by then.

use std::rc::Rc;

use crate::action::Action;
use crate::judged::{Judged, Read};
use crate::moving::MovedNames;
use crate::spills::Spills;
use crate::stains::Stain;
use crate::state::{Environment, Session};

impl Session {
    /// Notes what a statement that has run has written into, where that is by now known to be sensitive or may be. Its completion is
    /// told behind that.
    pub(crate) fn note_late(&self, judged: &Judged, env: &Environment<'_>, out: &mut Vec<Action>) {
        let stains = self.late_stains(judged, env);
        if !stains.is_empty() {
            out.push(Action::Stain(stains));
        }
    }

    /// The same of the statement whose result is planned: it may give back what it has written.
    pub(crate) fn late_of_current(&mut self, env: &Environment<'_>) -> Vec<Stain> {
        let judged = self.current().map(|running| Rc::clone(&running.judged));
        let judged = judged.filter(|judged| may_be_late(judged, env) && env.hides());
        judged.map(|judged| self.late_stains(&judged, env)).unwrap_or_default()
    }

    /// What a statement writes into that is by now known to be sensitive or may be, and was not when it was sent.
    fn late_stains(&self, judged: &Judged, env: &Environment<'_>) -> Vec<Stain> {
        if !may_be_late(judged, env) {
            return Vec::new();
        }
        let mut stains: Vec<Stain> = Vec::new();
        if !judged.code.is_as_it_was(env.catalog) {
            let Spills { could_be, could_be_by_code, .. } = &judged.spills;
            stains.extend(could_be.iter().chain(could_be_by_code).cloned());
        }
        let text = judged.described.text.as_bytes();
        let mut open = vec![Read::new(text, sql::read(text))];
        open.extend(judged.runs.iter().flat_map(|runs| self.run_by(runs)));
        for read in open {
            for one in &read.judge(env, self.seen()).statements {
                stains.extend(one.spills.stains.iter().cloned());
                stains.extend(one.spills.by_place(&self.moving, env));
                stains.extend(self.unshown_stains(one, &MovedNames::default(), false, env));
            }
        }
        stains.retain(|stain| !env.stains.has(stain, env.classes));
        stains
    }
}

/// Whether anything has changed since a statement was judged that may write.
fn may_be_late(judged: &Judged, env: &Environment<'_>) -> bool {
    (judged.catalog_version != env.catalog_version || env.moved.is_some()) && judged.may_write()
}
