//! A request's body as a statement's thread reads it: piece by piece, decompressed, and never taken for whole when the
//! client went away in the middle.

use std::io::{self, Read};

use bytes::{Buf, Bytes};
use flate2::read::MultiGzDecoder;
use hyper::HeaderMap;
use hyper::header::CONTENT_ENCODING;
use tokio::sync::mpsc;

use crate::blocks::BlockReader;
use crate::fault::{Code, Fault};

/// Pieces that wait between the connection and the statement.
const PIECES_MAX: usize = 4;

/// A piece of a body on its way. A body that ends without `End` was cut off.
pub(crate) enum Piece {
    Bytes(Bytes),
    End,
    Failed(io::Error),
}

/// How a body is compressed as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Encoding {
    None,
    Gzip,
    Zstd,
    Lz4,
}

impl Encoding {
    /// Reads the Content-Encoding header.
    pub(crate) fn of(headers: &HeaderMap) -> Result<Self, Fault> {
        let Some(value) = headers.get(CONTENT_ENCODING) else { return Ok(Self::None) };
        match value.as_bytes().to_ascii_lowercase().as_slice() {
            b"" | b"identity" => Ok(Self::None),
            b"gzip" | b"x-gzip" => Ok(Self::Gzip),
            b"zstd" => Ok(Self::Zstd),
            b"lz4" => Ok(Self::Lz4),
            other => Err(Code::UnknownCompressionMethod.says(format_args!(
                "Content-Encoding `{}` is not known; use gzip, zstd, lz4 or none",
                String::from_utf8_lossy(other).escape_default()
            ))),
        }
    }
}

/// The two ends of a body: one for the connection, one for the statement.
pub(crate) fn channel() -> (mpsc::Sender<Piece>, RawBody) {
    let (sender, receiver) = mpsc::channel(PIECES_MAX);
    (sender, RawBody { pieces: receiver, piece: Bytes::new(), ended: false })
}

/// A body as it came. Read it on a thread that may wait.
pub(crate) struct RawBody {
    pieces: mpsc::Receiver<Piece>,
    piece: Bytes,
    ended: bool,
}

impl RawBody {
    /// Undoes both compressions.
    pub(crate) fn decoded(self, encoding: Encoding, blocks: bool) -> io::Result<Box<dyn Read>> {
        let whole: Box<dyn Read> = match encoding {
            Encoding::None => Box::new(self),
            Encoding::Gzip => Box::new(MultiGzDecoder::new(self)),
            Encoding::Zstd => Box::new(zstd::stream::read::Decoder::new(self)?),
            Encoding::Lz4 => Box::new(lz4_flex::frame::FrameDecoder::new(self)),
        };
        Ok(if blocks { Box::new(BlockReader::new(whole)) } else { whole })
    }
}

impl Read for RawBody {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while self.piece.is_empty() && !self.ended {
            match self.pieces.blocking_recv() {
                Some(Piece::Bytes(bytes)) => self.piece = bytes,
                Some(Piece::End) => self.ended = true,
                Some(Piece::Failed(error)) => return Err(error),
                None => return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the client went away")),
            }
        }
        let len = out.len().min(self.piece.len());
        self.piece.copy_to_slice(&mut out[..len]);
        Ok(len)
    }
}

/// What a client is told when its body cannot be read.
pub(crate) fn unreadable(error: &io::Error) -> Fault {
    match error.kind() {
        io::ErrorKind::TimedOut => Code::SocketTimeout.says(error),
        _ => Code::CannotDecompress.says(format_args!("the request's body cannot be read: {error}")),
    }
}
