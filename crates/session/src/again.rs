//! Judges again, at each EXECUTE and FETCH, what was prepared or opened in SQL before: what holds may have changed since.

use std::collections::HashSet;
use std::iter;
use std::mem::take;
use std::rc::Rc;
use std::sync::Arc;

use policy::{Refusal, Verdict};
use sql::Naming;
use sql::facts::{Effect, Makes, Opens, Runs};
use sql::{Code, Probe, Touched};

use crate::action::Action;
use crate::allowance::{self, Allowance, Excess, Granted, Probing};
use crate::copying::cannot_be_masked;
use crate::evidence::{Described, Evidence};
use crate::judged::{Judged, Read};
use crate::moving::MovedNames;
use crate::names::{self, Portal, Prepared};
use crate::path::PathChange;
use crate::shown::{Known, Shown};
use crate::sliding::{Brought, Question};
use crate::state::{Environment, Session};

/// SQLSTATEs invalid_sql_statement_name and invalid_cursor_name.
const NO_STATEMENT: (&str, &str) = ("prepared statement", "26000");
const NO_CURSOR: (&str, &str) = ("cursor", "34000");

/// What making something to run does, and running it does not.
const MAKING: [&str; 2] = ["prepare", "DeclareCursorStmt"];

/// By whom the session was judged, as far as it matters to names whose making was not seen.
#[derive(Debug, Default)]
pub(crate) struct Sight {
    subject: Option<u64>,
    /// Another subject than now, or other policies, let something pass since the session, or its transaction, began.
    has_changed: bool,
    has_changed_in_transaction: bool,
    /// Names in SQL may have been made or taken away within other code.
    pub(crate) meddled: bool,
}

/// What is decided anew.
#[derive(Default)]
struct Again {
    refused: Option<Verdict>,
    /// What was let pass although rules that observe are against it.
    observed: Option<Verdict>,
    /// It looks into values that the subject may not see.
    probes: Option<Probe>,
    /// What does: itself, or the first that it runs.
    asked: Option<Rc<Judged>>,
    /// What the result of what runs can show.
    shown: Shown,
    /// What that says can tell of something sensitive.
    says: bool,
    /// Code reads cursors that may show something sensitive.
    is_fed: bool,
    /// It names what has another meaning than the catalog shows.
    is_moved: bool,
    /// A cursor has rows of what its names meant when it was made.
    is_older: bool,
    /// What that does to names.
    namings: Vec<Naming>,
    /// What code that reaches.
    code: Code,
    /// What that touches and does, for the record.
    touched: Touched,
    effects: Vec<&'static str>,
    /// What that may do to where the session looks for relations.
    path: Option<PathChange>,
    /// Something runs whose text nobody has read.
    runs_unseen: bool,
    /// What runs is a COPY to the client …
    copies: bool,
    /// … of what is masked, or was not looked at.
    copies_hidden: bool,
    /// What was looked at: a portal can run a FETCH of another, and both can name each other.
    seen: HashSet<*const Read>,
}

impl Sight {
    pub(crate) fn note(&mut self, subject: u64) {
        let has_changed = self.subject.replace(subject).is_some_and(|before| before != subject);
        self.has_changed |= has_changed;
        self.has_changed_in_transaction |= has_changed;
    }

    pub(crate) fn transaction_is_over(&mut self) {
        self.has_changed_in_transaction = false;
    }

    /// Whether a name of a prepared statement can have been made by something that would not be let pass now.
    fn is_unsure_of_statements(&self, is_known: bool) -> bool {
        self.has_changed && (self.meddled || !is_known)
    }

    /// The same of a cursor. One that a function opens without a word of SQL does not outlive the transaction.
    fn is_unsure_of_cursors(&self, is_known: bool) -> bool {
        self.has_changed && self.meddled || self.has_changed_in_transaction && !is_known
    }
}

impl Session {
    /// The statement as it may run now: refused where something is that it runs. `brought` is what this execution has that others have not.
    pub(crate) fn judge_again(
        &self,
        judged: &Rc<Judged>,
        brought: Brought<'_>,
        env: &Environment<'_>,
        out: &mut Vec<Action>,
    ) -> Rc<Judged> {
        let again = self.judge_now(judged, brought, env, out);
        match &again.makes {
            Some((Makes::Cursor { .. }, read)) if again.refusal().is_none() && env.hides() => {
                let mut opening = Judged::clone(&again);
                opening.opens_as = Some(self.meant_now(&read.judge(env, self.seen()).one, env));
                Rc::new(opening)
            }
            _ => again,
        }
    }

    /// The statement of a portal with what its names mean when that is made: the server goes by it for as long as there is one.
    pub(crate) fn meant_now(&self, judged: &Rc<Judged>, env: &Environment<'_>) -> Rc<Judged> {
        let shown = self.shown_now(judged, env);
        shown.map_or_else(|| Rc::clone(judged), |shown| Rc::new(judged.running(shown, Vec::new(), true)))
    }

    fn judge_now(
        &self,
        judged: &Rc<Judged>,
        brought: Brought<'_>,
        env: &Environment<'_>,
        out: &mut Vec<Action>,
    ) -> Rc<Judged> {
        if judged.refusal().is_some() {
            return Rc::clone(judged);
        }
        if let Some(refusal) = judged.makes.as_ref().and_then(|(makes, _)| self.has_no_room(makes)) {
            return judged.refused(refusal);
        }
        if let Some(refusal) = judged.puts_literals_back(brought, env.methods) {
            return judged.refused(refusal);
        }
        // What was made before may call it, also where that leads to nothing sensitive.
        let is_as_judged = judged.runs.is_empty() && judged.probes.is_none() && !judged.makes_sink;
        if is_as_judged && self.moving.is_empty() && env.moved.is_none() {
            return Rc::clone(judged);
        }
        let probes = self.probes_now(judged, env);
        let asked = probes.map(|_| Rc::clone(judged));
        let mut again = Again { probes, asked, ..Again::default() };
        self.look(Rc::clone(judged), env, &mut again);
        if again.is_fed && judged.has_sinks && env.hides() {
            again.probes = Some(Probe::HandsOver);
        }
        if again.refused.is_none() {
            let refusal = match (again.probes, env.allowance) {
                (Some(Probe::HandsOver), _) => Some(allowance::hands_over()),
                (Some(Probe::Extracts), Some(_)) => Some(allowance::extracts()),
                (Some(Probe::Asks(questions)), Some(allowance)) => {
                    let asked = again.asked.as_deref().unwrap_or(judged);
                    ask(allowance, questions, &judged.question(asked, brought), out)
                }
                (None, _) | (_, None) => None,
            };
            if let Some(refusal) = refusal {
                return judged.refused(refusal);
            }
        }
        if again.refused.is_none() && again.copies_hidden {
            return judged
                .refused(cannot_be_masked("COPY data can be masked only where the COPY itself is sent"));
        }
        if judged.runs.is_empty() {
            return self.meant_now(judged, env);
        }
        let shown = std::mem::take(&mut again.shown).or(&judged.shown);
        // Its result is that of another statement each time.
        let of = judged;
        let mut judged = judged.running(shown, take(&mut again.namings), again.is_moved);
        judged.copies_to_client |= again.copies;
        judged.is_older = again.is_older;
        again.code.extend(&of.code);
        judged.code = Rc::new(take(&mut again.code));
        let touched = take(&mut again.touched);
        judged.described = of.described_running(&touched, &again.effects);
        let ran =
            (!again.runs_unseen && !self.sight.meddled).then_some([touched.read, touched.written].concat());
        let judged = &judged.having_run(ran, again.path.as_ref()).saying(again.says);
        match again {
            Again { refused: Some(verdict), .. } => {
                let rules = verdict.refusal().map(|refusal| refusal.rules.clone()).unwrap_or_default();
                judged.decided(verdict, rules, Vec::new())
            }
            Again { observed: Some(verdict @ Verdict::Allow(_)), .. } => {
                let mut rules = judged.described.observed_by.clone();
                let more =
                    observed(&verdict).iter().filter(|rule| !judged.described.observed_by.contains(rule));
                rules.extend(more.cloned());
                judged.decided(verdict, Vec::new(), rules)
            }
            Again { .. } => Rc::clone(judged),
        }
    }

    /// How it looks into values, also by what has another meaning than the catalog shows.
    fn probes_now(&self, judged: &Judged, env: &Environment<'_>) -> Option<Probe> {
        let moved = || iter::once(&self.moving).chain(env.moved).filter(|_| env.hides());
        let hands_over = moved().any(|moved| judged.hands_over_to(moved));
        let asks = moved().filter_map(|moved| judged.probes_with(moved)).max();
        judged.probes.max(asks).max(hands_over.then_some(Probe::HandsOver))
    }

    /// What its result shows where it names what has another meaning than the catalog shows.
    fn shown_now(&self, judged: &Judged, env: &Environment<'_>) -> Option<Shown> {
        let own = Some(&self.moving).filter(|own| !own.is_empty());
        let mut moved = own.into_iter().chain(env.moved).filter(|moved| judged.names_any(moved));
        let first = moved.next().filter(|_| env.hides())?;
        let shown = judged.shown_with(first, env.catalog);
        Some(moved.fold(shown, |shown, moved| shown.or(&judged.shown_with(moved, env.catalog))))
    }

    /// Why nothing more can be made under a name.
    fn has_no_room(&self, makes: &Makes) -> Option<Refusal> {
        match makes {
            Makes::Prepared(_) => self.prepared.is_full().then(names::too_many::<Prepared>),
            Makes::Cursor { .. } => self.portals.is_full().then(names::too_many::<Portal>),
        }
    }

    fn look(&self, judged: Rc<Judged>, env: &Environment<'_>, again: &mut Again) {
        let explains = Some(Rc::clone(&judged)).filter(|judged| is_explain(&judged.described.text));
        let mut open = vec![judged];
        while let Some(judged) = open.pop() {
            for runs in &judged.runs {
                let reads = self.run_by(runs);
                let is_known = !reads.is_empty();
                let is_other = self.may_be_another(runs);
                again.runs_unseen |= !is_known;
                again.is_fed |= is_other;
                if (!is_known || is_other) && env.hides() {
                    again.shown = Shown::Anything;
                }
                for read in reads {
                    if !again.seen.insert(Rc::as_ptr(&read)) {
                        continue;
                    }
                    let judged = read.judge(env, self.seen());
                    again.note(&judged.one.verdict);
                    let probes = self.probes_now(&judged.one, env);
                    if probes.is_some() {
                        again.asked.get_or_insert_with(|| Rc::clone(&judged.one));
                    }
                    again.probes = again.probes.max(probes);
                    again.namings.extend(judged.one.namings.iter().cloned());
                    again.code.extend(&judged.one.code);
                    let moved = self.shown_now(&judged.one, env);
                    again.says |= judged.one.says;
                    again.is_moved |= moved.is_some();
                    again.runs_unseen |= !judged.one.is_read;
                    again.copies |= judged.one.copies_to_client;
                    again.copies_hidden |=
                        judged.one.copied.is_some() || judged.one.copies_to_client && moved.is_some();
                    if let Some(change) = judged.one.path_change() {
                        again.path = Some(change.perhaps(again.path.as_ref()));
                    }
                    let Described { touched, effects, .. } = &*judged.one.described;
                    again.touched.extend(touched);
                    again.effects.extend(effects.iter().filter(|effect| !MAKING.contains(*effect)));
                    let shown = match (&explains, moved) {
                        (Some(explains), None) => explained(explains, &judged.one, env),
                        (_, moved) => moved.unwrap_or_else(|| judged.one.shown.clone()),
                    };
                    again.is_fed |= !matches!(runs, Runs::Prepared(_)) && shown.is_anything();
                    again.shown = std::mem::take(&mut again.shown).or(&shown);
                    open.push(Rc::clone(&judged.one));
                }
                for made in self.cursors(runs).iter().filter_map(|portal| portal.made_as.as_ref()) {
                    again.was_made_as(made);
                }
                let (is_unsure, (kind, sqlstate), name) = match runs {
                    Runs::Prepared(name) => {
                        (self.sight.is_unsure_of_statements(is_known), NO_STATEMENT, name.as_str())
                    }
                    Runs::Cursor(name) => {
                        (self.sight.is_unsure_of_cursors(is_known), NO_CURSOR, name.as_str())
                    }
                    Runs::AnyCursor => (self.sight.is_unsure_of_cursors(false), NO_CURSOR, "(computed)"),
                };
                if is_unsure {
                    again.note(&env.policies.judge_unknown_name(env.subject, kind, sqlstate, name));
                }
            }
        }
    }

    /// Whether code that can tell of something has opened cursors since, which can have the name of one that it reads.
    fn may_be_another(&self, runs: &Runs) -> bool {
        let made_before = |portal: &Rc<Portal>| self.telling.named.is_some_and(|named| portal.made <= named);
        match runs {
            Runs::Prepared(_) => false,
            Runs::Cursor(name) => {
                self.portals.could_mean(name.as_bytes(), self.section).iter().any(made_before)
            }
            Runs::AnyCursor => self.telling.opened,
        }
    }

    /// Whether what it runs names one of these.
    pub(crate) fn runs_any(&self, read: &Read, moved: &MovedNames) -> bool {
        let run = |read: &Read| read.runs().flat_map(|runs| self.run_by(runs)).collect::<Vec<_>>();
        let (mut open, mut seen) = (run(read), HashSet::new());
        while let Some(read) = open.pop() {
            if seen.insert(Rc::as_ptr(&read)) {
                if read.names_any(moved) {
                    return true;
                }
                open.extend(run(&read));
            }
        }
        false
    }

    /// All that it could run.
    pub(crate) fn run_by(&self, runs: &Runs) -> Vec<Rc<Read>> {
        match runs {
            Runs::Prepared(name) => {
                let could_be = self.prepared.could_mean(name.as_bytes(), self.section);
                could_be.iter().map(|made| read_of(made)).collect()
            }
            Runs::Cursor(_) | Runs::AnyCursor => {
                self.cursors(runs).iter().map(|portal| read_of(&portal.prepared)).collect()
            }
        }
    }

    /// All cursors that it could read.
    fn cursors(&self, runs: &Runs) -> Vec<Rc<Portal>> {
        match runs {
            Runs::Prepared(_) => Vec::new(),
            Runs::Cursor(name) => self.portals.could_mean(name.as_bytes(), self.section),
            Runs::AnyCursor => self.portals.all(self.section),
        }
    }
}

impl Again {
    /// A cursor that is read was this when it was made.
    fn was_made_as(&mut self, made: &Judged) {
        let shown = self.shown.clone().or(&made.shown);
        self.is_older |= !shown.is_same(&self.shown);
        self.shown = shown;
        self.says |= made.says;
        self.is_fed |= made.shown.is_anything();
        self.touched.extend(&made.described.touched);
    }

    fn note(&mut self, verdict: &Verdict) {
        if verdict.refusal().is_some() {
            self.refused.get_or_insert_with(|| verdict.clone());
        } else if !observed(verdict).is_empty() {
            self.observed.get_or_insert_with(|| verdict.clone());
        }
    }
}

/// Why a question is refused, if it is. Somebody is told where it is the first.
fn ask(allowance: &Allowance, questions: u32, question: &Question, out: &mut Vec<Action>) -> Option<Refusal> {
    let Granted::No { excess, is_first } = allowance.spend(questions, question) else { return None };
    let most = allowance.most();
    let (probing, refusal) = match excess {
        Excess::Any => (Probing { questions: most.any, shape: None }, allowance::exceeded()),
        Excess::Sliding => {
            (Probing { questions: most.sliding, shape: Some(question.shape) }, allowance::slides())
        }
    };
    if is_first {
        out.push(Action::Record(Evidence::Probing(probing)));
    }
    Some(refusal)
}

fn observed(verdict: &Verdict) -> &[Arc<str>] {
    match verdict {
        Verdict::Allow(permit) => permit.observed(),
        Verdict::Hold { .. } | Verdict::Refuse(_) => &[],
    }
}

/// Whether a statement shows the plan of what it runs, and none of its rows.
fn is_explain(text: &str) -> bool {
    const WORD: &str = "explain";
    text.trim_start().get(..WORD.len()).is_some_and(|word| word.eq_ignore_ascii_case(WORD))
}

/// What the plan of a statement can show, in the result of what `explains` it.
fn explained(explains: &Judged, judged: &Judged, env: &Environment<'_>) -> Shown {
    let Some(own) = judged.own.as_deref() else { return Shown::Nothing };
    let mut explain = own.clone();
    explain.effects.push(Effect::Explain);
    Shown::of(&explains.described.text, &explain, &Known::of(env.catalog, env))
}

fn read_of(prepared: &Prepared) -> Rc<Read> {
    Rc::clone(&prepared.reading.read)
}

/// Cursors that statements which are sent together make before one reads them.
pub(crate) struct Cursors {
    made: Vec<Rc<Read>>,
    /// Code that can tell of something has opened some.
    are_opened: bool,
}

impl Cursors {
    pub(crate) fn of(session: &Session) -> Self {
        Cursors { made: Vec::new(), are_opened: session.telling.opened }
    }

    pub(crate) fn sent(&mut self, judged: &Judged) {
        if let Some((Makes::Cursor { .. }, read)) = &judged.makes {
            self.made.push(Rc::clone(read));
        }
        self.are_opened |= judged.opens != Opens::None && judged.tells();
    }

    /// Whether code of a statement reads cursors that may show something sensitive.
    pub(crate) fn feed(&self, judged: &Judged, session: &Session, env: &Environment<'_>) -> bool {
        let reads = |judged: &Judged| {
            let cursors = judged.runs.iter().filter(|runs| !matches!(runs, Runs::Prepared(_)));
            cursors.flat_map(|runs| session.run_by(runs)).collect::<Vec<_>>()
        };
        if !judged.runs.iter().any(|runs| !matches!(runs, Runs::Prepared(_))) {
            return false;
        }
        let mut open: Vec<Rc<Read>> = reads(judged);
        open.extend(self.made.iter().cloned());
        let mut seen = HashSet::new();
        while let Some(read) = open.pop() {
            if seen.insert(Rc::as_ptr(&read)) {
                let judged = read.judge(env, session.seen());
                if judged.one.shown.is_anything() {
                    return true;
                }
                open.extend(reads(&judged.one));
            }
        }
        self.are_opened
    }
}
