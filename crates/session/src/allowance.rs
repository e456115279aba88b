//! How many questions people may still ask about values that they may not see. All sessions of one user share it.

use std::mem::replace;
use std::sync::{Mutex, MutexGuard, PoisonError};

use policy::Refusal;

use crate::sliding::Question;

/// Most shapes of questions of one user that are compared with, and most questions of one shape.
const SHAPES_MAX: usize = 64;
const QUESTIONS_MAX: usize = 64;

/// How often [`Allowance::refill`] is called within the hour for which a question counts.
pub const PARTS: u32 = 60;

/// How many within an hour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Questions {
    /// Of any kind.
    pub any: u32,
    /// Of one shape whose constants slide: each differs a little from those of one that was asked before.
    pub sliding: u32,
}

/// What is left of it.
#[derive(Debug)]
pub struct Allowance(Mutex<Left>);

#[derive(Debug)]
struct Left {
    most: Questions,
    any: u32,
    shapes: Vec<Shape>,
    /// Parts of hours that are over.
    parts: u32,
    /// Somebody was told that there were too many of any, in this part.
    is_told: bool,
}

/// What was asked in one shape.
#[derive(Debug)]
struct Shape {
    shape: u64,
    asked: Vec<Question>,
    /// How many of them were near one before.
    slid: u32,
    /// The part in which the first was asked.
    since: u32,
    is_told: bool,
}

/// What becomes of a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Granted {
    Yes,
    /// There were too many. Where this is the first of them, somebody must be told.
    No {
        excess: Excess,
        is_first: bool,
    },
}

/// Of what there were too many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Excess {
    Any,
    Sliding,
}

/// Somebody has asked too many questions about values that are masked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Probing {
    /// More than so many within an hour.
    pub questions: u32,
    /// The shape of all of them, whose constants slide; `None` where they are of any.
    pub shape: Option<u64>,
}

impl Allowance {
    /// So many questions.
    pub fn new(most: Questions) -> Self {
        let Questions { any, sliding: _ } = most;
        Allowance(Mutex::new(Left { most, any, shapes: Vec::new(), parts: 0, is_told: false }))
    }

    /// From now on there are so many; what was asked counts.
    pub fn limit(&self, most: Questions) {
        let mut left = self.left();
        let spent = left.most.any.saturating_sub(left.any);
        left.any = most.any.saturating_sub(spent);
        left.most = most;
    }

    /// Takes one that counts as `questions`, where there are as many.
    pub(crate) fn spend(&self, questions: u32, question: &Question) -> Granted {
        self.left().spend(questions, question)
    }

    /// How many there are.
    pub(crate) fn most(&self) -> Questions {
        self.left().most
    }

    /// A part of an hour is over: gives back as much of `most`, and forgets what was asked an hour ago.
    pub fn refill(&self, most: Questions) {
        let mut left = self.left();
        left.most = most;
        left.any = left.any.saturating_add(most.any.div_ceil(PARTS)).min(most.any);
        left.parts = left.parts.wrapping_add(1);
        left.is_told = false;
        let parts = left.parts;
        left.shapes.retain(|shape| parts.wrapping_sub(shape.since) < PARTS);
    }

    /// Whether nothing is missing of `most`, and nothing is remembered.
    pub fn is_whole(&self, most: Questions) -> bool {
        let left = self.left();
        most.any <= left.any && left.shapes.is_empty()
    }

    fn left(&self) -> MutexGuard<'_, Left> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Left {
    fn spend(&mut self, questions: u32, question: &Question) -> Granted {
        let most = self.most.sliding;
        let shape = self.shape(question);
        let is_known = shape.as_ref().is_some_and(|shape| shape.asked.contains(question));
        let slides = !is_known
            && shape
                .as_ref()
                .is_some_and(|shape| shape.asked.iter().any(|before| before.slides_to(question)));
        if let Some(shape) = shape.filter(|shape| slides && most <= shape.slid) {
            return Granted::No { excess: Excess::Sliding, is_first: !replace(&mut shape.is_told, true) };
        }
        let Some(any) = self.any.checked_sub(questions) else {
            return Granted::No { excess: Excess::Any, is_first: !replace(&mut self.is_told, true) };
        };
        self.any = any;
        if !is_known && question.shape != 0 {
            self.note(question, slides);
        }
        Granted::Yes
    }

    fn shape(&mut self, question: &Question) -> Option<&mut Shape> {
        self.shapes.iter_mut().find(|shape| shape.shape == question.shape)
    }

    fn note(&mut self, question: &Question, slides: bool) {
        if let Some(shape) = self.shape(question) {
            if QUESTIONS_MAX <= shape.asked.len() {
                shape.asked.remove(0);
            }
            shape.asked.push(question.clone());
            shape.slid = shape.slid.saturating_add(u32::from(slides));
            return;
        }
        if SHAPES_MAX <= self.shapes.len() {
            self.shapes.remove(0);
        }
        let (shape, asked, since) = (question.shape, vec![question.clone()], self.parts);
        self.shapes.push(Shape { shape, asked, slid: 0, since, is_told: false });
    }
}

/// What a client is told whose user asks one thing after the other with constants that slide.
pub(crate) fn slides() -> Refusal {
    Refusal {
        rules: vec!["max-sliding-probes-per-hour".into()],
        detail: "Rule \"max-sliding-probes-per-hour\": it looks into values that are masked, and you have asked the same with other \
                 constants too often within the last hour, as a search for a value does."
            .to_owned(),
        hint: "Compare whole values with =, wait, or ask whoever runs Picket for the right to search (filter) or see them (reveal)."
            .to_owned(),
        ..exceeded()
    }
}

/// What a client is told whose user has asked too many.
pub(crate) fn exceeded() -> Refusal {
    Refusal {
        rules: vec!["max-probes-per-hour".into()],
        sqlstate: "42501",
        message: "Picket refused this statement".to_owned(),
        detail: "Rule \"max-probes-per-hour\": its conditions look into values that are masked, and you have asked too many \
                 such questions within the last hour."
            .to_owned(),
        hint: "Compare whole values with =, wait, or ask whoever runs Picket for the right to see them (reveal).".to_owned(),
    }
}

/// What a client is told that would see values at once.
pub(crate) fn extracts() -> Refusal {
    Refusal {
        detail: "Rule \"max-probes-per-hour\": it compares parts of masked values with columns of something else, makes as many \
                 rows as they say, or asks too many questions about them, which would tell them all at once."
            .to_owned(),
        hint: "Compare whole values with =, or ask whoever runs Picket for the right to see them (reveal).".to_owned(),
        ..exceeded()
    }
}

/// What a client is told that hands masked values to where nobody would know them again.
pub(crate) fn hands_over() -> Refusal {
    Refusal {
        rules: vec!["masked-values-stay".into()],
        detail: "Rule \"masked-values-stay\": it hands masked values to where nobody would know them: to a prepared statement, to code that \
                 runs texts, or to what keeps or sends them where no column is, as a setting, a notification, a large object, a lock, a \
                 sequence, a bound of a partition or how long it takes; or it has code do so that others call."
            .to_owned(),
        hint: "Leave the value away, or ask whoever runs Picket for the right to see them (reveal).".to_owned(),
        ..exceeded()
    }
}
