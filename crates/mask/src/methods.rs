//! How values of each class are masked.

use core::fmt;
use std::sync::Arc;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::class::Class;

/// Fewest bytes of a key.
pub const KEY_BYTES_MIN: usize = 32;

/// How many bytes tell one value from another.
pub(crate) type Digest = [u8; 32];

/// How values are masked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Method {
    /// A part stays where the class has one that may; otherwise the same is shown of all, or NULL where the type has nothing for that.
    #[default]
    Partial,
    /// The same is shown of all.
    Fixed,
    /// NULL is shown.
    Null,
    /// Each value is replaced by another one that only the key makes of it: what was the same stays the same.
    Token,
}

impl Method {
    /// Every method.
    pub const ALL: [Method; 4] = [Method::Partial, Method::Fixed, Method::Null, Method::Token];

    /// The word for it.
    pub fn name(self) -> &'static str {
        match self {
            Method::Partial => "partial",
            Method::Fixed => "fixed",
            Method::Null => "null",
            Method::Token => "token",
        }
    }
}

/// How values of each class are masked, with the key of tokens.
#[derive(Clone, Default)]
pub struct Methods {
    by_class: [Method; Class::ALL.len()],
    mac: Option<Arc<Hmac<Sha256>>>,
    takes_masks: bool,
}

impl Methods {
    /// What is said of some classes; all others are masked partially. `None`: values are to become tokens, and the key has fewer
    /// than [`KEY_BYTES_MIN`].
    pub fn new(said: impl IntoIterator<Item = (Class, Method)>, key: &[u8]) -> Option<Self> {
        let mut methods = Methods::default();
        if KEY_BYTES_MIN <= key.len() {
            methods.mac = Some(Arc::new(Hmac::new_from_slice(key).ok()?));
        }
        for (class, method) in said {
            if method == Method::Token && methods.mac.is_none() {
                return None;
            }
            methods.set(class, method);
        }
        Some(methods)
    }

    /// The same with what is said of some classes. Where values are to become tokens and there is no key, they become NULL.
    #[must_use]
    pub fn with(&self, said: impl IntoIterator<Item = (Class, Method)>) -> Self {
        let mut methods = self.clone();
        for (class, method) in said {
            let has_none = method == Method::Token && methods.mac.is_none();
            methods.set(class, if has_none { Method::Null } else { method });
        }
        methods
    }

    /// Of what is computed the same is shown whatever is said.
    fn set(&mut self, class: Class, method: Method) {
        if let Some(own) = self.by_class.get_mut(class as usize).filter(|_| class.has_method()) {
            *own = method;
        }
    }

    /// The same where masks may be written over values.
    #[must_use]
    pub fn taking_masks(self, takes_masks: bool) -> Self {
        Methods { takes_masks, ..self }
    }

    /// Whether a mask must not be written over a value.
    pub fn refuses_masks(&self) -> bool {
        !self.takes_masks
    }

    /// Whether values can become tokens.
    pub fn has_key(&self) -> bool {
        self.mac.is_some()
    }

    /// Whether both mask alike, where they were made of one another or are the same.
    pub fn are_those(self: &Arc<Self>, other: &Arc<Self>) -> bool {
        let key = |methods: &Self| methods.mac.as_ref().map(Arc::as_ptr);
        Arc::ptr_eq(self, other) || self.by_class == other.by_class && key(self) == key(other)
    }

    /// How values of this class are masked.
    pub(crate) fn of(&self, class: Class) -> Method {
        self.by_class.get(class as usize).copied().unwrap_or(Method::Null)
    }

    /// What is made of a value of this class with the key, if there is one (HMAC-SHA-256, RFC 2104).
    pub(crate) fn digest(&self, class: Class, value: &[u8]) -> Option<Digest> {
        let mut mac = Hmac::clone(self.mac.as_ref()?);
        mac.update(class.name().as_bytes());
        mac.update(&[0]);
        mac.update(value);
        Some(mac.finalize().into_bytes().into())
    }
}

/// The same methods with the same key.
impl PartialEq for Methods {
    fn eq(&self, other: &Self) -> bool {
        let digest = |methods: &Methods| methods.digest(Class::Derived, b"");
        self.by_class == other.by_class
            && self.takes_masks == other.takes_masks
            && digest(self) == digest(other)
    }
}

impl Eq for Methods {}

/// The key stays out of logs.
impl fmt::Debug for Methods {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Methods").field(&self.by_class).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_need_a_key_and_say_nothing_of_it() {
        let token = || [(Class::Email, Method::Token)];
        assert_eq!(Methods::new(token(), b"short"), None);
        let methods = Methods::new(token(), &[b'k'; 32]).unwrap();
        assert_eq!((methods.of(Class::Email), methods.of(Class::Card)), (Method::Token, Method::Partial));
        assert_ne!(methods, Methods::new(token(), &[b'l'; 32]).unwrap());
        assert_ne!(methods.digest(Class::Email, b"a"), methods.digest(Class::Phone, b"a"));
        assert!(!format!("{methods:?}").contains("107"));
    }

    #[test]
    fn what_is_said_of_some_changes_these_alone() {
        let methods = Arc::new(Methods::new([(Class::Email, Method::Fixed)], &[b'k'; 32]).unwrap());
        assert!(methods.has_key());
        let said = [(Class::Phone, Method::Token), (Class::Derived, Method::Token)];
        let own = Arc::new(methods.with(said));
        let all = [Class::Email, Class::Phone, Class::Card, Class::Derived].map(|class| own.of(class));
        assert_eq!(all, [Method::Fixed, Method::Token, Method::Partial, Method::Partial]);
        assert!(!own.are_those(&methods));
        assert!(own.are_those(&Arc::new(methods.with(said))));
        let taking = Methods::clone(&methods).taking_masks(true);
        assert_ne!(taking, Methods::clone(&methods));
        let other = Methods::new([(Class::Email, Method::Fixed)], &[b'l'; 32]).unwrap();
        assert!(!methods.are_those(&Arc::new(other)));
        assert_eq!(Methods::default().with(said).of(Class::Phone), Method::Null);
    }
}
