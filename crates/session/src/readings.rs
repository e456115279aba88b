//! Remembers what was read from a text, so that a repeated statement is read once. One for each thread.

use std::collections::HashMap;
use std::rc::Rc;

use crate::judged::Read;

/// Most texts that are remembered.
const TEXTS_MAX: usize = 4_096;

/// Longest text that is remembered, in bytes.
const TEXT_BYTES_MAX: usize = 4_096;

/// What a text was read as.
pub(crate) type Reading = Rc<Read>;

/// A bounded cache of readings by exact text.
#[derive(Debug, Default)]
pub struct Readings {
    known: HashMap<Box<[u8]>, Reading>,
}

impl Readings {
    /// Reads `text`, or remembers it. Call it on a thread with `sql::READ_STACK_BYTES` of stack.
    pub(crate) fn read(&mut self, text: &[u8]) -> Reading {
        if let Some(reading) = self.known.get(text) {
            return Rc::clone(reading);
        }
        let reading = Read::new(text, sql::read(text));
        if text.len() <= TEXT_BYTES_MAX {
            if TEXTS_MAX <= self.known.len() {
                // What is used is soon known again; an order of use would cost every statement.
                self.known.clear();
            }
            self.known.insert(text.into(), Rc::clone(&reading));
        }
        reading
    }
}
