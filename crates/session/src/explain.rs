//! What a session that has just begun would decide about a text, for whoever asks without sending it: nothing is recorded,
//! asked for or counted.

use std::rc::Rc;

use policy::Verdict;

use crate::evidence::Described;
use crate::judged::Judged;
use crate::sliding::Brought;
use crate::state::{Environment, Session};
use crate::temporary::Temporary;

/// One statement, and what would become of it.
#[derive(Clone, Debug)]
pub struct Explained {
    /// What it does, and to what.
    pub statement: Rc<Described>,
    /// Functions that its own text calls or names.
    pub functions: Vec<String>,
    /// What it filters, sets and names, also by what it reaches.
    pub summary: sql::Summary,
    /// What is decided about it, whatever is decided about those before it.
    pub verdict: Verdict,
    /// It runs what was prepared or opened before, of which nothing is known here: that can be refused too.
    pub runs_unseen: bool,
}

/// Each statement of `text`, as of a session that has temporary tables of these names and nothing else. `None` where it has to be read
/// elsewhere, or the catalog was never read. Call it with a catalog that was read a moment ago, on a thread with `sql::READ_STACK_BYTES`
/// of stack.
pub fn explain<'a>(
    text: &[u8],
    temporary: impl IntoIterator<Item = &'a str>,
    env: &mut Environment<'_>,
) -> Option<Vec<Explained>> {
    let mut session = Session::new(0, 0);
    session.temporary = Temporary::tables(temporary.into_iter());
    session.has_new_catalog(env);
    let reading = session.read(text, env)?;
    let judged = session.judge(&reading.read, env)?;
    let brought = Brought { text: reading.text.as_deref(), bound: &[] };
    let mut out = Vec::new();
    let one = |(at, judged): (usize, &Rc<Judged>)| {
        // What it runs is judged by what those before it name.
        session.given.renew(env);
        let runs_unseen = judged.runs.iter().any(|runs| session.run_by(runs).is_empty());
        let judged = session.may_copy(&session.judge_again(judged, brought, env, &mut out));
        session.start(&judged, reading.text.as_ref(), env, &mut out);
        out.clear();
        Explained {
            statement: Rc::clone(&judged.described),
            functions: reading.read.functions(at).to_vec(),
            summary: reading.read.summary(at, env.catalog),
            verdict: judged.verdict.clone(),
            runs_unseen,
        }
    };
    Some(judged.statements.iter().enumerate().map(one).collect())
}

impl Session {
    /// The catalog was read for what comes next, and a newer one need not be.
    fn has_new_catalog(&mut self, env: &Environment<'_>) {
        let before = env.catalog_version.checked_sub(1);
        (self.asked_moved, self.asked_absence, self.asked_unknown) = (before, before, before);
    }
}
