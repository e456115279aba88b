//! The place of a batch in the chain of its spool.

use crate::chain::Head;
use crate::record::UnixMicros;

use super::{Room, numbers, record};

fn head(sequence: u64) -> Head {
    Head { sequence, hash: [7; 32], newest_at: UnixMicros(9) }
}

#[test]
fn a_batch_has_the_same_place_after_a_crash() {
    let room = Room::new();
    let spool = room.open();
    spool.append(&[record(1), record(2), record(3)]).unwrap();
    let first = spool.next_batch(1, usize::MAX).unwrap().unwrap();
    assert_eq!(first.before, Head::default());
    spool.acknowledge(&first, head(1));
    let second = spool.next_batch(1, usize::MAX).unwrap().unwrap();
    drop(spool);
    let spool = room.open();
    let again = spool.next_batch(9, usize::MAX).unwrap().unwrap();
    assert_eq!(numbers(&again), numbers(&second));
    assert_eq!((again.writer, again.before), (second.writer, head(1)));
    assert_eq!((again.writer, again.token()), (first.writer, second.token()));
    spool.acknowledge(&again, head(2));
    assert_eq!(spool.next_batch(9, usize::MAX).unwrap().unwrap().before, head(2));
}

#[test]
fn a_cursor_of_before_there_were_chains_begins_one() {
    let room = Room::new();
    let spool = room.open();
    spool.append(&[record(1), record(2)]).unwrap();
    let first = spool.next_batch(1, usize::MAX).unwrap().unwrap();
    spool.acknowledge(&first, head(1));
    drop(spool);
    let path = room.config().dir.join("cursor");
    let mut cursor: serde_json::Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    cursor.as_object_mut().unwrap().remove("chain").unwrap();
    std::fs::write(&path, cursor.to_string()).unwrap();
    let next = room.open().next_batch(9, usize::MAX).unwrap().unwrap();
    assert_eq!((next.writer, next.before, numbers(&next)), (first.writer, Head::default(), vec![2]));
}

/// The cursor on disk stays behind: after a crash its chain goes on from there, and must not have gone on otherwise.
#[test]
fn what_is_sent_while_the_cursor_cannot_be_stored_has_a_chain_of_its_own() {
    let room = Room::new();
    let spool = room.open();
    spool.append(&[record(1), record(2), record(3), record(4)]).unwrap();
    let first = spool.next_batch(1, usize::MAX).unwrap().unwrap();
    spool.acknowledge(&first, head(1));
    // Nothing can be made at this path.
    let in_the_way = room.config().dir.join("cursor.new");
    std::fs::create_dir(&in_the_way).unwrap();
    let second = spool.next_batch(1, usize::MAX).unwrap().unwrap();
    assert_ne!(second.writer, first.writer);
    assert_eq!(second.before, Head::default());
    let again = spool.next_batch(1, usize::MAX).unwrap().unwrap();
    assert_eq!((again.writer, again.token()), (second.writer, second.token()), "the same at every attempt");
    spool.acknowledge(&second, head(1));
    let third = spool.next_batch(1, usize::MAX).unwrap().unwrap();
    assert_eq!((third.writer, third.before), (second.writer, head(1)), "it goes on with that chain");
    drop(spool);
    std::fs::remove_dir(&in_the_way).unwrap();
    let spool = room.open();
    let after = spool.next_batch(9, usize::MAX).unwrap().unwrap();
    assert_eq!((after.writer, after.before), (first.writer, head(1)), "the first chain goes on where it was");
    assert_eq!(numbers(&after), [2, 3, 4]);
}
