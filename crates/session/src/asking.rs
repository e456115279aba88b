//! Statements that wait for somebody's approval: what is asked, and what becomes of the answer. The message that a statement
//! came with is not taken until then, and is judged again.

use std::borrow::Cow;
use std::fmt;
use std::rc::Rc;

use mask::Class;
use policy::{Approver, Needed, Refusal, Verdict};
use sql::{Code, Touched};
use wire::frontend::{Bind, Parameter};

use crate::action::{Action, Pass};
use crate::copied::Encoding;
use crate::evidence::Described;
use crate::judged::Judged;
use crate::readings::Reading;
use crate::state::{Environment, Session};
use crate::touched;

/// Most statements of one string that somebody is asked about: each answer has all of it read and judged again.
const ASKED_MAX: usize = 8;

/// What somebody is asked to approve: one execution of a statement.
#[derive(Clone)]
pub struct Request {
    /// What would run.
    pub statement: Rc<Described>,
    /// Its text. That of `statement` can have other literals.
    pub text: Rc<str>,
    /// That text as it is recorded.
    pub recorded: Rc<str>,
    /// The values that it was bound to; `None` is NULL.
    pub parameters: Vec<Option<Value>>,
    /// So many of each of these groups must approve.
    pub approvers: Vec<Needed>,
    /// Why the person who sends it says that it should run; empty where none is given.
    pub reason: String,
    /// Which rules ask for that, and why; what is said where nobody answers.
    pub otherwise: Refusal,
    /// Number that the execution will have.
    pub sequence: u64,
    /// `pg_class.oid` of what the names of relations in it can mean.
    pub(crate) meant: Vec<u32>,
    /// Functions, triggers, rules and views that it reaches, as they were then.
    pub code: Rc<Code>,
    /// It may be about what only this session sees.
    pub is_private: bool,
    /// The sensitive columns among those that it touches, each with what it holds.
    pub classes: Vec<(String, Class)>,
}

/// A value of a parameter.
#[derive(Clone, PartialEq, Eq)]
pub enum Value {
    /// As text, in the session's encoding.
    Text(Box<[u8]>),
    /// As the type sends it.
    Binary(Box<[u8]>),
}

/// What became of a request.
#[derive(Clone, Debug)]
pub enum Answer {
    /// These approve what `requester` has asked for.
    Approved {
        /// Who does.
        approvers: Vec<Approver>,
        /// Who waits for it.
        requester: String,
    },
    /// It must not run, for this reason. The rules are those of the request.
    Refused(Refusal),
}

/// What is known of the client's present message.
#[derive(Debug, Default)]
pub(crate) struct Asking {
    /// There is somebody who can be asked.
    is_possible: bool,
    /// What was asked, one after the other, with the answers.
    asked: Vec<(Request, Option<Answer>)>,
}

impl Request {
    /// Whether the other is about the same execution, whatever that does.
    fn is_of_the_same_message(&self, other: &Request) -> bool {
        (self.sequence, &self.text, &self.parameters) == (other.sequence, &other.text, &other.parameters)
    }

    /// Whether an answer to the other is one to this.
    fn is_the_same(&self, other: &Request) -> bool {
        let Request {
            statement,
            text,
            recorded: _,
            parameters,
            approvers,
            reason,
            otherwise,
            sequence,
            meant,
            code,
            is_private: _,
            classes,
        } = self;
        (text, parameters, approvers, reason, otherwise)
            == (&other.text, &other.parameters, &other.approvers, &other.reason, &other.otherwise)
            && (*sequence, meant, code, classes)
                == (other.sequence, &other.meant, &other.code, &other.classes)
            && statement.effects == other.statement.effects
            && statement.touched == other.statement.touched
    }
}

/// Values stay out of logs.
impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request").field("sequence", &self.sequence).finish_non_exhaustive()
    }
}

impl Value {
    /// What is not the same in every encoding is shown as bytes.
    fn of(parameter: &Parameter<'_>, is_utf8: bool) -> Option<Value> {
        let value = parameter.value?;
        let is_text =
            !parameter.is_binary && (value.is_ascii() || is_utf8 && std::str::from_utf8(value).is_ok());
        Some(if is_text { Value::Text(value.into()) } else { Value::Binary(value.into()) })
    }
}

impl Asking {
    /// The message was taken.
    pub(crate) fn is_over(&mut self) {
        self.asked.clear();
    }

    /// The last answer to what was asked for the present message.
    pub(crate) fn approval(&self) -> Option<Answer> {
        self.asked.last()?.1.clone()
    }
}

impl Judged {
    /// The same where this was answered.
    pub(crate) fn with_approval(self: &Rc<Self>, approval: Option<&Answer>) -> Rc<Self> {
        match (&self.verdict, approval) {
            (Verdict::Hold { otherwise, .. }, Some(answer)) => decided(self, otherwise, answer),
            _ => Rc::clone(self),
        }
    }
}

impl Session {
    /// Whether somebody can be asked from now on. Otherwise what needs an approval is refused.
    pub fn can_ask(&mut self, is_possible: bool) {
        self.asking.is_possible = is_possible;
    }

    /// Takes the answer to the last [`Action::Ask`]; then the same bytes of the client's are to be given again.
    pub fn answered(&mut self, answer: Answer) {
        if let Some((_, unanswered)) = self.asking.asked.last_mut() {
            *unanswered = Some(answer);
        }
    }

    /// Whether a statement runs only where somebody approves it, who can be asked. What it does must be known.
    pub(crate) fn is_held(&self, judged: &Judged) -> bool {
        self.asking.is_possible && judged.is_read && matches!(judged.verdict, Verdict::Hold { .. })
    }

    /// The statements of a string as they may run. What is behind one that is refused never does.
    pub(crate) fn ask_all<'a>(
        &mut self,
        statements: &'a [Rc<Judged>],
        reading: &Reading,
        env: &Environment<'_>,
        out: &mut Vec<Action>,
    ) -> Result<Cow<'a, [Rc<Judged>]>, Pass> {
        let held = statements.iter().filter(|statement| self.is_held(statement)).count();
        if held == 0 || ASKED_MAX < held {
            return Ok(Cow::Borrowed(statements));
        }
        let mut asked = statements.to_vec();
        let (text, mut behind) = (reading.read.text(), 0);
        for (ahead, statement) in asked.iter_mut().enumerate() {
            let front = text.get(behind..).unwrap_or_default();
            let front = if ahead == 0 { front } else { front.trim_start().trim_start_matches(';') };
            behind = statement.span.end;
            *statement = self.ask(statement, (reading, front, &[]), ahead, env, out)?;
            if statement.refusal().is_some() {
                break;
            }
        }
        Ok(Cow::Owned(asked))
    }

    /// A statement as it may run with the values that it is bound to.
    pub(crate) fn ask_bound(
        &mut self,
        judged: &Rc<Judged>,
        reading: &Reading,
        bind: &Bind<'_>,
        env: &Environment<'_>,
        out: &mut Vec<Action>,
    ) -> Result<Rc<Judged>, Pass> {
        if !self.is_held(judged) {
            return Ok(Rc::clone(judged));
        }
        match bind.parameters() {
            Ok(parameters) => {
                let parameters: Vec<_> = parameters.collect();
                self.ask(judged, (reading, reading.read.text(), &parameters), 0, env, out)
            }
            // They are too long to be shown.
            Err(_) => Ok(Rc::clone(judged)),
        }
    }

    /// Whether names in a statement may mean something to this session that they do not to others.
    fn sees_its_own(&self, judged: &Judged) -> bool {
        let Touched { read, written, columns: _ } = &judged.described.touched;
        let is_own = |path: &String| self.temporary.contains(path.rsplit('.').next().unwrap_or(path));
        read.iter().chain(written).any(is_own)
            || self.given.number() != 0
            || !self.moving.is_empty()
            || self.altered
            || self.renamed.has_altered()
    }

    /// A statement as it may run, `ahead` behind the next one and with this text in front of it, after somebody was asked where that
    /// is needed. Otherwise what becomes of the message in the meantime.
    ///
    /// Somebody is asked when the server has answered all that was sent before: what is said to the client stands between two
    /// answers, and a transaction that has failed by then is known to have.
    fn ask(
        &mut self,
        judged: &Rc<Judged>,
        (reading, front, parameters): (&Reading, &str, &[Parameter<'_>]),
        ahead: usize,
        env: &Environment<'_>,
        out: &mut Vec<Action>,
    ) -> Result<Rc<Judged>, Pass> {
        let (Verdict::Hold { approvers, otherwise }, true) = (&judged.verdict, self.is_held(judged)) else {
            return Ok(Rc::clone(judged));
        };
        if let Some(pass) = self.waits_for_sync(out) {
            return Err(pass);
        }
        if !self.owed.is_empty() || !self.may_be_told() {
            return Err(Pass::Waits);
        }
        if self.has_failed {
            // Nothing runs in it.
            return Ok(Rc::clone(judged));
        }
        let recorded = match &reading.text {
            Some(text) => judged.described.recorded.own(text).0,
            None => judged.described.recorded_text().into(),
        };
        let text = reading.text.as_ref().map_or_else(|| judged.described.text.as_str().into(), Rc::clone);
        let is_utf8 = self.encoding() == Encoding::Utf8;
        if !is_utf8 && !text.is_ascii() {
            // Nobody could be shown what the server reads.
            return Ok(Rc::clone(judged));
        }
        let reason = self.reasons.of(front, reading.read.text());
        let request = Request {
            statement: Rc::clone(&judged.described),
            text,
            recorded,
            parameters: parameters.iter().map(|parameter| Value::of(parameter, is_utf8)).collect(),
            approvers: approvers.clone(),
            reason,
            otherwise: otherwise.clone(),
            sequence: self.sequence + 1 + ahead as u64,
            is_private: self.sees_its_own(judged),
            meant: touched::meant(&judged.described.touched, env.catalog),
            code: Rc::clone(&judged.code),
            classes: touched::classes(&judged.described.touched, env.catalog, env.classes),
        };
        let asked = &mut self.asking.asked;
        let counts = |(asked, answer): &&(Request, Option<Answer>)| match answer {
            // Whatever it would mean by now, nobody is asked again.
            Some(Answer::Refused(_)) => asked.is_of_the_same_message(&request),
            Some(Answer::Approved { .. }) | None => asked.is_the_same(&request),
        };
        match asked.iter().find(counts) {
            Some((_, None)) => Err(Pass::WaitsForAnswer),
            Some((_, Some(answer))) => Ok(decided(judged, otherwise, answer)),
            None => {
                out.push(Action::Ask(Box::new(request.clone())));
                asked.push((request, None));
                Err(Pass::WaitsForAnswer)
            }
        }
    }
}

/// The statement as it may run by this answer.
fn decided(judged: &Rc<Judged>, otherwise: &Refusal, answer: &Answer) -> Rc<Judged> {
    let rules = otherwise.rules.clone();
    match answer {
        Answer::Approved { approvers, requester } => match judged.verdict.approved(approvers, requester) {
            Some(permit) => judged.decided(Verdict::Allow(permit), Vec::new(), rules),
            None => Rc::clone(judged),
        },
        Answer::Refused(refusal) => {
            let refusal = Refusal { rules: rules.clone(), ..refusal.clone() };
            judged.decided(Verdict::Refuse(refusal), rules, Vec::new())
        }
    }
}
