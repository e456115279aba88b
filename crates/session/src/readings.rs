//! Remembers what was read from a text, so that a repeated statement is read once. One for each thread.

use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use foldhash::fast::RandomState;
use mask::Recording;

use crate::judged::Read;

/// Most texts that are remembered, and most skeletons.
const TEXTS_MAX: usize = 4_096;

/// Longest text that is remembered, in bytes.
const TEXT_BYTES_MAX: usize = 4_096;

/// What a text was read as.
#[derive(Clone, Debug)]
pub(crate) struct Reading {
    pub(crate) read: Rc<Read>,
    /// The text itself, where another one was read that differs from it in literals only.
    pub(crate) text: Option<Rc<str>>,
}

impl From<Rc<Read>> for Reading {
    fn from(read: Rc<Read>) -> Self {
        Reading { read, text: None }
    }
}

/// A bounded cache of readings by exact text, and by text without literals.
///
/// Its hash is fast and not made to withstand somebody who learns about its seed. With texts that all collide, to look
/// for one would be to compare it with so many others as there may be, which takes less time than to read one.
#[derive(Debug, Default)]
pub struct Readings {
    texts: HashMap<Box<[u8]>, Rc<Read>, RandomState>,
    skeletons: HashMap<Box<[u8]>, Rc<Read>, RandomState>,
    skeleton: Vec<u8>,
    /// What is recorded of them.
    pub(crate) recording: Arc<Recording>,
    /// Fast-path calls by the function's OID.
    calls: HashMap<u32, Rc<Read>, RandomState>,
}

impl Readings {
    /// Nothing is remembered yet. So much of statements will be recorded.
    pub fn recorded(recording: Arc<Recording>) -> Self {
        Readings { recording, ..Readings::default() }
    }

    /// What stands for a fast-path call of this function.
    pub(crate) fn call(&mut self, function: u32) -> Rc<Read> {
        if TEXTS_MAX <= self.calls.len() {
            self.calls.clear();
        }
        Rc::clone(self.calls.entry(function).or_insert_with(|| Read::call(function)))
    }

    /// Reads `text`, or remembers it. Call it on a thread with `sql::READ_STACK_BYTES` of stack.
    pub(crate) fn read(&mut self, text: &[u8]) -> Reading {
        if TEXT_BYTES_MAX < text.len() {
            return Read::new(text, sql::read(text)).into();
        }
        if let Some(read) = self.texts.get(text) {
            return Rc::clone(read).into();
        }
        let has_skeleton = sql::skeleton(text, &mut self.skeleton);
        if has_skeleton
            && let Some(read) = self.skeletons.get(self.skeleton.as_slice())
            // A text with a skeleton is ASCII.
            && let Ok(text) = std::str::from_utf8(text)
        {
            // As it stands in the reading itself: without what ends a statement.
            let own = text.trim_matches(|letter: char| letter == ';' || letter.is_whitespace());
            return Reading { read: Rc::clone(read), text: Some(own.into()) };
        }
        let facts = sql::read(text);
        let holds = has_skeleton && facts.as_ref().is_ok_and(sql::Facts::hold_for_skeleton);
        let read = Read::new(text, facts);
        let (known, key) = match holds {
            true => (&mut self.skeletons, self.skeleton.as_slice()),
            false => (&mut self.texts, text),
        };
        if TEXTS_MAX <= known.len() {
            // What is used is soon known again; an order of use would cost every statement.
            known.clear();
        }
        known.insert(key.into(), Rc::clone(&read));
        read.into()
    }
}
