//! Keys of documents that come as parameters: each Bind says which.

use std::rc::Rc;

use sql::{Key, Probe};
use wire::frontend::{Bind, Parameter};

use crate::judged::{Judged, JudgedText, Read, Seen};
use crate::state::Environment;

/// Longest key that is looked at, and most of one statement: what takes by others can show anything.
const KEY_BYTES_MAX: usize = 256;
const KEYS_MAX: usize = 16;

/// What stands for a key of which nobody knows what it is.
const ANY: &str = "password";

/// What a statement's parameters are bound to that can be keys, by their numbers.
pub(crate) type Keys = Rc<[(u16, Key)]>;

/// What of `bind` are keys, where `numbers` may be and the first parameters have these types.
pub(crate) fn keys(numbers: &[u16], bind: &Bind<'_>, types: &[u32]) -> Option<Keys> {
    if numbers.is_empty() {
        return None;
    }
    let of = |(at, parameter): (usize, Parameter<'_>)| {
        let number = u16::try_from(at + 1).ok().filter(|number| numbers.contains(number))?;
        Some((number, key(parameter, types.get(at).copied().unwrap_or_default())?))
    };
    let keys: Keys = bind.parameters().ok()?.enumerate().filter_map(of).take(KEYS_MAX).collect();
    (!keys.is_empty()).then_some(keys)
}

/// Bytes that they keep.
pub(crate) fn len(keys: &Keys) -> usize {
    let text = |key: &Key| match key {
        Key::Text(text) | Key::Texts(text) => text.len(),
        Key::Place => 0,
    };
    size_of_val(&**keys) + keys.iter().map(|(_, key)| text(key)).sum::<usize>()
}

/// A parameter of this type as a key; 0 is a type that nobody has named. None of them is written in another way than as a text.
fn key(parameter: Parameter<'_>, type_oid: u32) -> Option<Key> {
    const INT8: u32 = 20;
    const INT2: u32 = 21;
    const INT4: u32 = 23;
    const TEXT: u32 = 25;
    const VARCHAR: u32 = 1043;
    const TEXT_ARRAY: u32 = 1009;
    const VARCHAR_ARRAY: u32 = 1015;
    if matches!(type_oid, INT8 | INT2 | INT4) {
        return Some(Key::Place);
    }
    let value = parameter.value.filter(|value| value.len() <= KEY_BYTES_MAX)?;
    if parameter.is_binary && matches!(type_oid, TEXT_ARRAY | VARCHAR_ARRAY) {
        return Some(Key::Texts(written_array(value)?.into()));
    }
    let written = core::str::from_utf8(value).ok().filter(|written| !written.contains(char::is_control))?;
    match type_oid {
        0 | TEXT | VARCHAR => Some(Key::Text(written.into())),
        TEXT_ARRAY | VARCHAR_ARRAY => Some(Key::Texts(written.into())),
        _ => None,
    }
}

/// A list of texts in binary as it is written, where none of them has to be in quotes.
fn written_array(value: &[u8]) -> Option<String> {
    let mask::Elements { all: keys, behind } = mask::elements(value, KEY_BYTES_MAX)?;
    let is_bare =
        |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.') || !byte.is_ascii();
    let text = |key: Option<_>| core::str::from_utf8(key?).ok().filter(|key| key.bytes().all(is_bare));
    let keys = keys.into_iter().map(text).collect::<Option<Vec<_>>>()?;
    (!keys.is_empty() && behind.is_empty()).then(|| format!("{{{}}}", keys.join(",")))
}

impl JudgedText {
    /// The only statement of `read` where its parameters are bound to these keys of documents.
    pub(crate) fn bound(
        &self,
        keys: Option<&Keys>,
        read: &Read,
        env: &Environment<'_>,
        seen: Seen<'_>,
    ) -> Rc<Judged> {
        if read.key_parameters().is_empty() {
            return Rc::clone(&self.one);
        }
        let keys = keys.cloned().unwrap_or_default();
        let mut last = self.bound.borrow_mut();
        if let Some((of, judged)) = last.as_ref()
            && *of == keys
        {
            return Rc::clone(judged);
        }
        let mut judged = match keys.is_empty() {
            true => Judged::clone(&self.one),
            false => self.one.with_keys(&keys),
        };
        if self.one.takes_elsewhere(env) {
            judged.take_by(&keys, read, env, seen);
        }
        Rc::clone(&last.insert((keys, Rc::new(judged))).1)
    }
}

impl Judged {
    /// The same where its parameters are bound to these keys of documents.
    fn with_keys(&self, keys: &Keys) -> Self {
        let mut bound = self.clone();
        bound.shown = self.shown.with_keys(keys);
        bound.keys = Some(Rc::clone(keys));
        bound.planned.take();
        bound
    }

    /// Whether what it takes out of documents gets elsewhere than into its result, or out of such of which only keys tell.
    fn takes_elsewhere(&self, env: &Environment<'_>) -> bool {
        let reads_unsearched =
            || env.unsearched.is_some_and(|unsearched| self.reads_any(unsearched, env.catalog));
        self.own.is_some()
            && (self.may_write() || self.has_sinks || reads_unsearched() || self.reads_unknown(env.catalog))
    }

    /// What follows from the keys is that of the same text with them in it. A parameter that is none of them can be any.
    fn take_by(&mut self, keys: &Keys, read: &Read, env: &Environment<'_>, seen: Seen<'_>) {
        let known = |number: &u16| keys.iter().find(|(of, _)| of == number).map(|(_, key)| key.clone());
        let key = |number: &u16| (*number, known(number).unwrap_or_else(|| Key::Text(ANY.into())));
        let all: Vec<(u16, Key)> = read.key_parameters().iter().map(key).collect();
        let text = sql::with_keys(read.text(), &all);
        let told = Rc::clone(&Read::new(text.as_bytes(), sql::read(text.as_bytes())).judge(env, seen).one);
        if !told.is_read {
            self.probes = Some(Probe::HandsOver);
            return;
        }
        self.probes = self.probes.max(told.probes);
        if read.key_parameters().iter().all(|number| known(number).is_some()) {
            self.shown = told.shown.clone();
        }
        self.spills = told.spills.clone();
        self.planned.take();
    }
}
