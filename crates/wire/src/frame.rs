//! Cuts a byte stream into frames without copying. It does not look inside a body.

use thiserror::Error;

/// Bytes before a frame's body: one tag and a length that counts itself.
pub const HEADER_BYTES: usize = 5;

/// One message after start-up: its tag and its body, borrowed from the stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame<'a> {
    /// The message type byte.
    pub tag: u8,
    /// Everything after the length.
    pub body: &'a [u8],
}

impl Frame<'_> {
    /// Bytes that the whole frame takes in the stream.
    pub fn wire_len(&self) -> usize {
        HEADER_BYTES + self.body.len()
    }
}

/// A stream that cannot be cut into frames any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum FrameError {
    /// The length field counts itself, so it is at least four.
    #[error("message `{}` has the impossible length {len}", tag.escape_ascii())]
    LengthTooShort {
        /// Type byte of the message.
        tag: u8,
        /// What the length field says.
        len: u32,
    },
    /// The body is longer than the reader takes.
    #[error("message `{}` of {len} bytes is longer than the limit of {limit}", tag.escape_ascii())]
    TooLarge {
        /// Type byte of the message.
        tag: u8,
        /// Bytes of the body.
        len: u32,
        /// Bytes allowed.
        limit: u32,
    },
}

/// Reads the header of the frame at the start of `input`: its tag and the bytes of its body.
/// `Ok(None)` asks for more bytes.
pub fn peek_header(input: &[u8]) -> Result<Option<(u8, u32)>, FrameError> {
    let Some((&tag, rest)) = input.split_first() else { return Ok(None) };
    let Some((len, _)) = rest.split_first_chunk::<4>() else { return Ok(None) };
    let len = u32::from_be_bytes(*len);
    let Some(body_len) = len.checked_sub(4) else { return Err(FrameError::LengthTooShort { tag, len }) };
    Ok(Some((tag, body_len)))
}

/// The body of the frame at the start of `input`, after [`peek_header`] told that it has `len` bytes.
/// `None` asks for more bytes.
pub fn peek_body(input: &[u8], len: u32) -> Option<&[u8]> {
    input.get(HEADER_BYTES..)?.get(..len as usize)
}

/// Splits the first whole frame off `input`. `Ok(None)` asks for more bytes.
pub fn split_frame(input: &[u8], limit: u32) -> Result<Option<(Frame<'_>, &[u8])>, FrameError> {
    let Some((tag, len)) = peek_header(input)? else { return Ok(None) };
    if limit < len {
        return Err(FrameError::TooLarge { tag, len, limit });
    }
    let Some(body) = peek_body(input, len) else { return Ok(None) };
    let frame = Frame { tag, body };
    Ok(Some((frame, input.get(frame.wire_len()..).unwrap_or_default())))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn asks_for_more_until_the_frame_is_whole() {
        let bytes = b"Q\0\0\0\x0dselect 1\0";
        for cut in 0..bytes.len() {
            assert_eq!(split_frame(&bytes[..cut], 100), Ok(None), "cut at {cut}");
        }
        let (frame, rest) = split_frame(bytes, 100).unwrap().unwrap();
        assert_eq!((frame.tag, frame.body, rest), (b'Q', &b"select 1\0"[..], &b""[..]));
        assert_eq!(frame.wire_len(), bytes.len());
    }

    #[test]
    fn impossible_and_oversized_lengths_are_errors_at_once() {
        assert_eq!(split_frame(b"Q\0\0\0\x03", 9), Err(FrameError::LengthTooShort { tag: b'Q', len: 3 }));
        assert_eq!(
            split_frame(b"Q\xff\xff\xff\xff", 9),
            Err(FrameError::TooLarge { tag: b'Q', len: u32::MAX - 4, limit: 9 })
        );
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_frame_an_error_or_a_wish_for_more(bytes: Vec<u8>) {
            if let Ok(Some((frame, rest))) = split_frame(&bytes, 64) {
                prop_assert_eq!(frame.wire_len() + rest.len(), bytes.len());
            }
        }
    }
}
