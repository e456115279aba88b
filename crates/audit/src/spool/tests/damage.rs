//! Files that a crash or a disk has damaged.

use crate::config::SpoolConfig;

use super::super::segment::HEADER_BYTES;
use super::super::{Spool, frame};
use super::{Room, drain, record, sized};

/// Three records in one segment, and the offset at which the last one begins.
fn three() -> (Room, std::path::PathBuf, u64) {
    let room = Room::new();
    let spool = room.open();
    spool.append(&[record(1), record(2)]).unwrap();
    let last = HEADER_BYTES + spool.depth().bytes;
    spool.append(&[record(3)]).unwrap();
    let [file] = room.files("segment").try_into().unwrap();
    (room, file, last)
}

#[test]
fn a_tail_torn_at_any_byte_is_cut() {
    let (_room, file, last) = three();
    let end = std::fs::metadata(file).unwrap().len();
    for len in last..end {
        let (room, file, _) = three();
        std::fs::OpenOptions::new().write(true).open(&file).unwrap().set_len(len).unwrap();
        let spool = room.open();
        assert_eq!(std::fs::metadata(&file).unwrap().len(), last, "torn at {len}");
        spool.append(&[record(4)]).unwrap();
        assert_eq!(drain(&spool), [1, 2, 4], "torn at {len}");
        assert!(room.files("broken").is_empty());
    }
}

#[test]
fn a_flipped_bit_costs_no_more_than_its_record() {
    let (_room, file, _) = three();
    let whole = std::fs::read(file).unwrap();
    for at in 0..whole.len() {
        let (room, file, _) = three();
        let mut bytes = whole.clone();
        bytes[at] ^= 1 << (at % 8);
        std::fs::write(&file, &bytes).unwrap();
        let spool = room.open();
        let left = drain(&spool);
        let frame_len = (whole.len() as u64 - HEADER_BYTES) / 3;
        let hit = (at as u64).checked_sub(HEADER_BYTES).map(|at| at / frame_len + 1);
        let expected: Vec<u64> = (1..=3).filter(|number| Some(*number) != hit).collect();
        assert_eq!(left, expected, "bit flipped at {at}");
        // In the length of the last record, a flipped bit looks as a torn tail does: then it is cut.
        let is_last = hit == Some(3);
        assert!(is_last || room.files("broken").len() == 1, "bit flipped at {at}");
        drop(spool);
        assert!(drain(&room.open()).is_empty(), "nothing comes twice");
    }
}

#[test]
fn damage_that_comes_later_is_found_by_the_reader() {
    let (room, file, last) = three();
    let spool = room.open();
    let mut bytes = std::fs::read(&file).unwrap();
    bytes[usize::try_from(last).unwrap() - 1] ^= 1;
    std::fs::write(&file, bytes).unwrap();
    spool.append(&[record(4)]).unwrap();
    assert_eq!(drain(&spool), [1, 3, 4]);
    assert_eq!(room.files("broken").len(), 1);
}

#[test]
fn a_lost_cursor_sends_everything_again_with_other_tokens() {
    let (room, _, _) = three();
    let spool = room.open();
    let token = spool.next_batch(2, usize::MAX).unwrap().unwrap().token();
    drop(spool);
    std::fs::write(room.config().dir.join("cursor"), "half a curs").unwrap();
    let spool = room.open();
    assert_ne!(spool.next_batch(2, usize::MAX).unwrap().unwrap().token(), token);
    assert_eq!(drain(&spool), [1, 2, 3]);
}

#[test]
fn a_record_of_another_version_is_kept_but_not_sent() {
    let (room, file, _) = three();
    let payload = br#"{"record":"tea_break"}"#;
    let len = u32::try_from(payload.len()).unwrap().to_le_bytes();
    let sum = crc32fast::hash(&[len.as_slice(), payload].concat()).to_le_bytes();
    let mut bytes = std::fs::read(&file).unwrap();
    bytes.extend([len.as_slice(), &sum, payload].concat());
    std::fs::write(&file, &bytes).unwrap();
    let spool = room.open();
    assert_eq!(drain(&spool), [1, 2, 3]);
    let [broken] = room.files("broken").try_into().unwrap();
    assert_eq!(std::fs::read(broken).unwrap(), bytes);
}

#[test]
fn what_a_killed_process_leaves_comes_back_whole() {
    // `kill -9` in the middle of putting a record: its length is the last thing that is put.
    for half in [b"".as_slice(), b"\0\0\0\0", b"\0\0\0\0\x01\x02\x03\x04{\"rec"] {
        let killed = Room::new();
        let spool = Spool::open(&SpoolConfig::new(killed.config().dir)).unwrap();
        spool.append(&[record(1), sized(2, 100_000)]).unwrap();
        spool.append(&[record(3)]).unwrap();
        let end = usize::try_from(HEADER_BYTES + spool.depth().bytes).unwrap();
        let [file] = killed.files("segment").try_into().unwrap();
        let mut bytes = std::fs::read(&file).unwrap();
        assert!(end < bytes.len(), "space is taken ahead");
        bytes[end..end + half.len()].copy_from_slice(half);

        let room = Room::new();
        std::fs::create_dir(room.config().dir).unwrap();
        std::fs::write(room.config().dir.join(file.file_name().unwrap()), bytes).unwrap();
        let next = room.open();
        assert_eq!(drain(&next), [1, 2, 3]);
        assert!(room.files("broken").is_empty());
        drop(next);
        drop(spool);
        assert_eq!(std::fs::metadata(&file).unwrap().len(), end as u64, "space ahead is given back");
    }
}

/// What lies in a segment with space taken ahead when a process dies after it has put so many bytes of these frames.
fn torn(before: &[u8], frames: &[u8], bytes_put: usize) -> Vec<u8> {
    let mut bytes = [before, vec![0; frames.len() + 100].as_slice()].concat();
    let (mut at, mut left) = (before.len(), bytes_put);
    for (len, rest) in frame::each(frames) {
        for (at, part) in [(at + len.len(), rest), (at, len.as_slice())] {
            let put = left.min(part.len());
            bytes[at..at + put].copy_from_slice(&part[..put]);
            left -= put;
        }
        at += len.len() + rest.len();
    }
    bytes
}

#[test]
fn frames_torn_at_any_byte_in_space_taken_ahead_are_cut() {
    let (_room, file, _) = three();
    let before = std::fs::read(file).unwrap();
    for (letters, step) in [(0, 1), (100_000, 997)] {
        let mut frames = Vec::new();
        for record in [record(4), sized(5, letters), record(6)] {
            frame::write(&record, &mut frames).unwrap();
        }
        for bytes_put in (0..frames.len()).step_by(step) {
            let room = Room::new();
            std::fs::create_dir(room.config().dir).unwrap();
            let file = room.config().dir.join("00000000000000000001.segment");
            std::fs::write(&file, torn(&before, &frames, bytes_put)).unwrap();
            let left = drain(&room.open());
            // Of the last length only zeros may be missing.
            assert!(
                (3..=6).contains(&left.len()) && (1..).zip(&left).all(|(n, left)| n == *left),
                "{left:?}"
            );
            assert!(room.files("broken").is_empty(), "torn at {bytes_put} of {}", frames.len());
        }
    }
}
