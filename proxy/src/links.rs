//! Links by which a request is answered from where it is told of. Each is signed, is of one request and one message, and answers once.
//! Whoever opens one must still prove who they are: a link alone is nobody.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::hmac;
use uuid::Uuid;

/// Bytes of an identifier, and of a signature (HMAC-SHA256).
const ID_BYTES: usize = 16;
const SIGNATURE_BYTES: usize = 32;

/// Letters of a link, in Base64 for addresses.
pub(crate) const LINK_LETTERS: usize = ((2 * ID_BYTES + SIGNATURE_BYTES) * 4).div_ceil(3);

/// A link whose signature is good.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Link {
    /// What it is about.
    pub(crate) request: Uuid,
    /// The message that it was in.
    message: Uuid,
}

/// What links are signed with, and which are used up.
pub(crate) struct Links {
    key: hmac::Key,
    spent: Mutex<BTreeSet<Link>>,
}

impl Links {
    /// With a key of its own: what waits ends with the proxy, and so do links to it.
    pub(crate) fn new() -> Result<Self, getrandom::Error> {
        let mut key = [0; SIGNATURE_BYTES];
        getrandom::fill(&mut key)?;
        Ok(Links { key: hmac::Key::new(hmac::HMAC_SHA256, &key), spent: Mutex::default() })
    }

    /// The end of the address of a link in this message.
    pub(crate) fn sign(&self, request: Uuid, message: Uuid) -> String {
        let said = said(Link { request, message });
        let signature = hmac::sign(&self.key, &said);
        URL_SAFE_NO_PAD.encode([&said, signature.as_ref()].concat())
    }

    /// The link of this address, where it is one of ours.
    pub(crate) fn read(&self, text: &str) -> Option<Link> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let (said, signature) = bytes.split_at_checked(2 * ID_BYTES)?;
        hmac::verify(&self.key, said, signature).ok()?;
        let (request, message) = said.split_at_checked(ID_BYTES)?;
        Some(Link { request: Uuid::from_slice(request).ok()?, message: Uuid::from_slice(message).ok()? })
    }

    /// Links that have answered, of requests that still wait.
    pub(crate) fn spent(&self) -> MutexGuard<'_, BTreeSet<Link>> {
        self.spent.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn said(link: Link) -> Vec<u8> {
    [link.request.into_bytes(), link.message.into_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_is_read_by_who_has_signed_it_and_as_it_was_signed() {
        let links = Links::new().unwrap();
        let (request, message) = (Uuid::now_v7(), Uuid::now_v7());
        let text = links.sign(request, message);
        assert_eq!(text.len(), LINK_LETTERS);
        assert_eq!(links.read(&text), Some(Link { request, message }));
        assert_eq!(links.sign(request, message), text, "the same at each attempt to deliver it");
        assert_eq!(Links::new().unwrap().read(&text), None, "another key");
        for at in 0..text.len() {
            let mut other = text.clone().into_bytes();
            other[at] = if other[at] == b'A' { b'B' } else { b'A' };
            assert_eq!(links.read(std::str::from_utf8(&other).unwrap()), None, "letter {at}");
        }
        for odd in ["", "A", &text[1..], &format!("{text}A"), &format!("{text}="), &text[..43]] {
            assert_eq!(links.read(odd), None, "{odd}");
        }
        let other = links.sign(Uuid::now_v7(), message);
        let half = LINK_LETTERS / 2;
        assert_eq!(links.read(&[&other[..half], &text[half..]].concat()), None, "halves of two");
    }
}
