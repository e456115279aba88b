//! What is shipped together, and the signature on it and on everything before.

use uuid::Uuid;

use crate::record::UnixMicros;

use super::key::{PublicKey, SigningKey};
use super::leaf::sha256;
use super::table::Table;

/// Stands before what is hashed, with the version of the form.
const DOMAIN: &[u8] = b"picket checkpoint 1\0";

/// How far a chain has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// Place of the newest record; 0 where there is none.
    pub sequence: u64,
    /// Hash of the newest checkpoint; zeros where there is none.
    pub hash: [u8; 32],
    /// The newest moment of all records.
    pub newest_at: UnixMicros,
}

impl Default for Head {
    fn default() -> Self {
        Head { sequence: 0, hash: [0; 32], newest_at: UnixMicros(0) }
    }
}

/// What a checkpoint has of one record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The table that it is in.
    pub table: Table,
    /// When what it is about began.
    pub at: UnixMicros,
    /// Hash of its columns.
    pub leaf: u128,
    /// Hash of what it is about, where a later record is to complete it and takes its place; else 0.
    pub begun: u128,
}

/// The records of one batch, in their order, and the signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// Whose chain.
    pub writer: Uuid,
    /// What it stands on.
    pub before: Head,
    /// Its records; their places follow the one of `before`.
    pub entries: Vec<Entry>,
    /// The newest moment up to here.
    pub newest_at: UnixMicros,
    /// Of everything above.
    pub hash: [u8; 32],
    /// Who signed.
    pub key: PublicKey,
    /// Ed25519, of `hash`.
    pub signature: [u8; 64],
}

/// What is wrong with a checkpoint by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// It does not have the hash that was signed.
    Changed,
    /// Its key did not sign it.
    Forged,
}

impl Checkpoint {
    /// The checkpoint of `entries` that come after `before`. The same every time.
    pub fn seal(writer: Uuid, before: Head, entries: Vec<Entry>, key: &SigningKey) -> Self {
        let newest_at = entries.iter().map(|entry| entry.at).fold(before.newest_at, Ord::max);
        let hash = hash(writer, &before, &entries, newest_at);
        let signature = key.sign(&hash);
        Checkpoint { writer, before, entries, newest_at, hash, key: key.public(), signature }
    }

    /// Where the chain is behind it.
    pub fn head(&self) -> Head {
        let sequence = self.before.sequence.saturating_add(self.entries.len() as u64);
        Head { sequence, hash: self.hash, newest_at: self.newest_at }
    }

    /// Place of its first record.
    pub fn first(&self) -> u64 {
        self.before.sequence.saturating_add(1)
    }

    /// What is wrong with it by itself; whether its key is the writer's is for others to say.
    pub fn flaw(&self) -> Option<Flaw> {
        if self.hash != hash(self.writer, &self.before, &self.entries, self.newest_at) {
            return Some(Flaw::Changed);
        }
        (!self.key.has_signed(&self.hash, &self.signature)).then_some(Flaw::Forged)
    }
}

fn hash(writer: Uuid, before: &Head, entries: &[Entry], newest_at: UnixMicros) -> [u8; 32] {
    let mut bytes = Vec::with_capacity(128 + entries.len() * 41);
    bytes.extend_from_slice(DOMAIN);
    bytes.extend_from_slice(writer.as_bytes());
    bytes.extend_from_slice(&before.sequence.to_le_bytes());
    bytes.extend_from_slice(&before.hash);
    bytes.extend_from_slice(&before.newest_at.0.to_le_bytes());
    bytes.extend_from_slice(&newest_at.0.to_le_bytes());
    bytes.extend_from_slice(&(entries.len() as u64).to_le_bytes());
    for Entry { table, at, leaf, begun } in entries {
        bytes.extend_from_slice(&table.number().to_le_bytes());
        bytes.extend_from_slice(&at.0.to_le_bytes());
        bytes.extend_from_slice(&leaf.to_le_bytes());
        bytes.extend_from_slice(&begun.to_le_bytes());
    }
    sha256(&bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(at: i64) -> Entry {
        Entry { table: Table::Statements, at: UnixMicros(at), leaf: 5, begun: 0 }
    }

    fn key() -> SigningKey {
        SigningKey::generate().unwrap()
    }

    #[test]
    fn a_checkpoint_says_what_was_done_to_it() {
        let key = key();
        let first = Checkpoint::seal(Uuid::from_u128(1), Head::default(), vec![entry(9), entry(7)], &key);
        assert_eq!((first.flaw(), first.head().sequence, first.newest_at), (None, 2, UnixMicros(9)));
        let second = Checkpoint::seal(first.writer, first.head(), vec![entry(8)], &key);
        assert_eq!((second.flaw(), second.first(), second.newest_at), (None, 3, UnixMicros(9)));

        let changes: [fn(&mut Checkpoint); 8] = [
            |checkpoint| checkpoint.writer = Uuid::from_u128(2),
            |checkpoint| checkpoint.before.sequence = 3,
            |checkpoint| checkpoint.before.hash = [1; 32],
            |checkpoint| checkpoint.before.newest_at = UnixMicros(1),
            |checkpoint| checkpoint.newest_at = UnixMicros(10),
            |checkpoint| checkpoint.entries.push(entry(1)),
            |checkpoint| checkpoint.entries[0].leaf = 6,
            |checkpoint| checkpoint.entries[0].begun = 6,
        ];
        for change in changes {
            let mut changed = second.clone();
            change(&mut changed);
            assert_eq!(changed.flaw(), Some(Flaw::Changed));
            // With the hash made anew it lacks the signature.
            changed.hash = hash(changed.writer, &changed.before, &changed.entries, changed.newest_at);
            assert_eq!(changed.flaw(), Some(Flaw::Forged));
        }
        let other = Checkpoint { key: super::tests::key().public(), ..second };
        assert_eq!(other.flaw(), Some(Flaw::Forged));
    }

    #[test]
    fn the_same_records_have_the_same_checkpoint() {
        let key = key();
        let seal = || Checkpoint::seal(Uuid::from_u128(1), Head::default(), vec![entry(9)], &key);
        assert_eq!(seal(), seal());
    }
}
