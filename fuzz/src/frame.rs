//! Cutting a stream into frames: the same frames come of it however it arrives, and nothing is lost between them.

use wire::{compose, split_frame};

/// Longest body that is taken.
const LIMIT: u32 = 1 << 10;

/// The first byte says in which pieces the rest arrives.
pub fn frame(data: &[u8]) {
    let Some((&piece, stream)) = data.split_first() else { return };
    let (at_once, rest) = cut(stream);
    let (mut held, mut in_pieces) = (Vec::new(), Vec::new());
    for piece in stream.chunks(usize::from(piece) + 1) {
        held.extend_from_slice(piece);
        let (frames, left) = cut(&held);
        in_pieces.extend(frames);
        held = left;
    }
    assert_eq!(in_pieces, at_once, "frames depend on how the stream arrives");
    assert_eq!(held, rest);
    let mut again = Vec::new();
    for (tag, body) in &at_once {
        compose::frame(&mut again, *tag, |out| out.extend_from_slice(body));
    }
    assert_eq!([again, rest].concat(), stream, "bytes were lost");
}

/// The whole frames, and what is left behind them. What is no frame stays where it is.
fn cut(mut stream: &[u8]) -> (Vec<(u8, Vec<u8>)>, Vec<u8>) {
    let mut frames = Vec::new();
    while let Ok(Some((frame, rest))) = split_frame(stream, LIMIT) {
        frames.push((frame.tag, frame.body.to_vec()));
        stream = rest;
    }
    (frames, stream.to_vec())
}
