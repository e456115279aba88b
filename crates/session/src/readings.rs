//! Remembers what was read from a text, so that a repeated statement is read once. One for each thread.

use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use foldhash::fast::RandomState;
use mask::Recording;
use sql::{Facts, Unreadable};

use crate::judged::Read;

/// Most texts that are remembered, and most skeletons.
const TEXTS_MAX: usize = 4_096;

/// Longest text that is remembered, in bytes.
const TEXT_BYTES_MAX: usize = 65_536;

/// Bytes of all texts that are remembered, and of all skeletons.
const BYTES_MAX: usize = 16 << 20;

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
    texts: Known,
    skeletons: Known,
    skeleton: Vec<u8>,
    /// What is recorded of them.
    pub(crate) recording: Arc<Recording>,
    /// Fast-path calls by the function's OID.
    calls: HashMap<u32, Rc<Read>, RandomState>,
    long: Long,
}

/// Texts that are read elsewhere, because others of the thread would wait for as long.
#[derive(Debug, Default)]
struct Long {
    /// Longest text that is read here; `None` where all are.
    read_here_bytes_max: Option<usize>,
    wanted: Option<Box<[u8]>>,
    /// The last one that was read there.
    read: Option<(Box<[u8]>, Rc<Read>)>,
}

/// What was read, by what it was read from.
#[derive(Debug, Default)]
struct Known {
    by_key: HashMap<Box<[u8]>, Rc<Read>, RandomState>,
    bytes: usize,
}

impl Known {
    fn insert(&mut self, key: &[u8], read: Rc<Read>) {
        if TEXTS_MAX <= self.by_key.len() || BYTES_MAX < self.bytes + key.len() {
            // What is used is soon known again; an order of use would cost every statement.
            self.by_key.clear();
            self.bytes = 0;
        }
        self.bytes += key.len();
        self.by_key.insert(key.into(), read);
    }
}

impl Readings {
    /// Nothing is remembered yet. So much of statements will be recorded.
    pub fn recorded(recording: Arc<Recording>) -> Self {
        Readings { recording, ..Readings::default() }
    }

    /// Texts that are longer are read elsewhere from now on.
    pub fn read_here(&mut self, bytes_max: usize) {
        self.long.read_here_bytes_max = Some(bytes_max);
    }

    /// The text that has to be read elsewhere ([`Step::NeedsReading`](crate::Step::NeedsReading)).
    pub fn take_wanted(&mut self) -> Option<Box<[u8]>> {
        self.long.wanted.take()
    }

    /// What that says. It is remembered until another one is read there.
    pub fn give(&mut self, text: Box<[u8]>, facts: Result<Facts, Unreadable>) {
        let read = Read::new(&text, facts);
        self.long.read = Some((text, read));
    }

    /// Reads it here, or takes what was read elsewhere; `None` where that has not been yet.
    fn read_new(&mut self, text: &[u8]) -> Option<Rc<Read>> {
        let Long { read_here_bytes_max, wanted, read } = &mut self.long;
        if read_here_bytes_max.is_none_or(|max| text.len() <= max) {
            return Some(Read::new(text, sql::read(text)));
        }
        let Some((_, known)) = read.as_ref().filter(|(known, _)| **known == *text) else {
            *wanted = Some(text.into());
            return None;
        };
        let known = Rc::clone(known);
        if known.was_too_slow() {
            *read = None;
        }
        Some(known)
    }

    /// What stands for a fast-path call of this function.
    pub(crate) fn call(&mut self, function: u32) -> Rc<Read> {
        if TEXTS_MAX <= self.calls.len() {
            self.calls.clear();
        }
        Rc::clone(self.calls.entry(function).or_insert_with(|| Read::call(function)))
    }

    /// Reads `text`, or remembers it; `None` where it has to be read elsewhere first. Call it on a thread with
    /// `sql::READ_STACK_BYTES` of stack.
    pub(crate) fn read(&mut self, text: &[u8]) -> Option<Reading> {
        if TEXT_BYTES_MAX < text.len() {
            return self.read_new(text).map(Reading::from);
        }
        if let Some(read) = self.texts.by_key.get(text) {
            return Some(Rc::clone(read).into());
        }
        let has_skeleton = sql::skeleton(text, &mut self.skeleton);
        if has_skeleton
            && let Some(read) = self.skeletons.by_key.get(self.skeleton.as_slice())
            // A text with a skeleton is ASCII.
            && let Ok(text) = std::str::from_utf8(text)
        {
            // As it stands in the reading itself: without what ends a statement.
            let own = text.trim_matches(|letter: char| letter == ';' || letter.is_whitespace());
            return Some(Reading { read: Rc::clone(read), text: Some(own.into()) });
        }
        let read = self.read_new(text)?;
        if read.was_too_slow() {
            return Some(read.into());
        }
        let holds = has_skeleton && read.holds_for_skeleton();
        let (known, key) = match holds {
            true => (&mut self.skeletons, self.skeleton.as_slice()),
            false => (&mut self.texts, text),
        };
        known.insert(key, Rc::clone(&read));
        Some(read.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Without literals, so that it has no skeleton, which other texts could have too.
    fn text(of: usize, bytes: usize) -> Vec<u8> {
        format!("select {} from t{of}", "a, ".repeat(bytes / 3) + "a").into_bytes()
    }

    #[test]
    fn a_long_text_is_read_once_and_all_of_them_have_a_bound() {
        let read = || {
            let mut readings = Readings::default();
            let long = text(0, 20_000);
            let read = |readings: &mut Readings, text: &[u8]| readings.read(text).unwrap().read;
            let first = read(&mut readings, &long);
            assert!(Rc::ptr_eq(&first, &read(&mut readings, &long)));
            let longer = text(0, TEXT_BYTES_MAX);
            let first = read(&mut readings, &longer);
            assert!(!Rc::ptr_eq(&first, &read(&mut readings, &longer)));
            // The next one has no room beside those.
            readings.texts.bytes = BYTES_MAX - 100;
            readings.skeletons.bytes = BYTES_MAX - 100;
            let next = text(1, 300);
            read(&mut readings, &next);
            assert_eq!(readings.texts.by_key.len() + readings.skeletons.by_key.len(), 1);
            assert!(readings.texts.bytes.min(readings.skeletons.bytes) < 1_000);
        };
        std::thread::Builder::new().stack_size(sql::READ_STACK_BYTES).spawn(read).unwrap().join().unwrap();
    }

    #[test]
    fn a_long_text_is_wanted_and_then_known() {
        let read = || {
            for bytes in [2_000, TEXT_BYTES_MAX] {
                let mut readings = Readings::default();
                readings.read_here(1_000);
                assert!(readings.read(&text(0, 500)).is_some() && readings.take_wanted().is_none());
                let long = text(1, bytes);
                assert!(readings.read(&long).is_none());
                let wanted = readings.take_wanted().unwrap();
                assert_eq!((&*wanted, readings.take_wanted()), (long.as_slice(), None));
                readings.give(wanted, sql::read(&long));
                let first = readings.read(&long).unwrap().read;
                assert!(Rc::ptr_eq(&first, &readings.read(&long).unwrap().read));
                assert!(readings.read(&text(2, bytes)).is_none());
                readings.give(text(2, bytes).into(), Err(Unreadable::TooSlow { secs: 1 }));
                assert!(readings.read(&text(2, bytes)).unwrap().read.was_too_slow());
                assert!(readings.read(&text(2, bytes)).is_none(), "it has its time again");
            }
        };
        std::thread::Builder::new().stack_size(sql::READ_STACK_BYTES).spawn(read).unwrap().join().unwrap();
    }
}
