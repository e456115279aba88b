//! Unpacks ClickHouse's compressed blocks, as clients send them with `decompress=1`.

use std::io::{self, Read};

use thiserror::Error;

/// Where the method byte stands: after the checksum of 16 bytes.
const CHECKSUM: usize = 16;
const HEADER: usize = 9;
const LZ4: u8 = 0x82;
const ZSTD: u8 = 0x90;
const NONE: u8 = 0x02;
/// As large as ClickHouse's own writers never make a block; what is declared longer is garbage.
const BLOCK_BYTES_MAX: usize = 64 << 20;

/// Why a compressed block cannot be taken.
#[derive(Debug, Error)]
pub(crate) enum BlockError {
    #[error("checksum of a compressed block does not match its data")]
    Checksum,
    #[error("compression method {method:#04x} is not known; use LZ4, ZSTD or none")]
    Method { method: u8 },
    #[error(
        "compressed block of {len} bytes; at most {BLOCK_BYTES_MAX} are taken and at least {HEADER} are needed"
    )]
    Length { len: usize },
    #[error("compressed block cannot be unpacked")]
    Corrupt,
}

impl From<BlockError> for io::Error {
    fn from(error: BlockError) -> Self {
        io::Error::new(io::ErrorKind::InvalidData, error)
    }
}

/// Reads what blocks hold.
pub(crate) struct BlockReader<R> {
    inner: R,
    block: Vec<u8>,
    at: usize,
}

impl<R: Read> BlockReader<R> {
    pub(crate) fn new(inner: R) -> Self {
        BlockReader { inner, block: Vec::new(), at: 0 }
    }

    /// Takes the next block; false at the end of them.
    fn fill(&mut self) -> io::Result<bool> {
        let mut head = [0; CHECKSUM + HEADER];
        let mut have = 0;
        while have < head.len() {
            match self.inner.read(&mut head[have..])? {
                0 if have == 0 => return Ok(false),
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                read => have += read,
            }
        }
        let (checksum, header) = head.split_at(CHECKSUM);
        let number =
            |at: usize| u32::from_le_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]]);
        let (packed_len, len) = (number(1) as usize, number(5) as usize);
        let wrong = [packed_len, len].into_iter().find(|len| BLOCK_BYTES_MAX < *len);
        if let Some(len) = wrong.or((packed_len < HEADER).then_some(packed_len)) {
            return Err(BlockError::Length { len }.into());
        }
        let mut packed = header.to_vec();
        (&mut self.inner).take((packed_len - HEADER) as u64).read_to_end(&mut packed)?;
        if packed.len() < packed_len {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        // ClickHouse writes the halves of CityHash128 the other way round.
        let expected = cityhash_rs::cityhash_102_128(&packed).rotate_left(64).to_le_bytes();
        if checksum != expected {
            return Err(BlockError::Checksum.into());
        }
        let data = &packed[HEADER..];
        self.block = match header[0] {
            LZ4 => lz4_flex::block::decompress(data, len).map_err(|_| BlockError::Corrupt)?,
            ZSTD => zstd::bulk::decompress(data, len).map_err(|_| BlockError::Corrupt)?,
            NONE => data.to_vec(),
            method => return Err(BlockError::Method { method }.into()),
        };
        if self.block.len() != len {
            return Err(BlockError::Corrupt.into());
        }
        self.at = 0;
        Ok(true)
    }
}

impl<R: Read> Read for BlockReader<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while self.at == self.block.len() {
            if !self.fill()? {
                return Ok(0);
            }
        }
        let len = out.len().min(self.block.len() - self.at);
        out[..len].copy_from_slice(&self.block[self.at..self.at + len]);
        self.at += len;
        Ok(len)
    }
}
