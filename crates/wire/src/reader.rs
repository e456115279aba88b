//! Reads the fields of one message body in order. Every read checks its length; nothing is copied.

use std::ffi::CStr;

use thiserror::Error;

/// A body that does not hold what its message type promises.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum BodyError {
    /// The body is over before the field is.
    #[error("message ends inside `{field}`")]
    Short {
        /// Name of the field in PostgreSQL's documentation.
        field: &'static str,
    },
    /// Bytes are left over.
    #[error("message goes on after its last field `{field}`")]
    Trailing {
        /// Name of the last field.
        field: &'static str,
    },
    /// A field holds a value that it may not have.
    #[error("message has an impossible value in `{field}`")]
    Value {
        /// Name of the field.
        field: &'static str,
    },
}

/// The rest of a body that has not been read yet.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(crate) fn new(body: &'a [u8]) -> Self {
        Reader { rest: body }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    pub(crate) fn take(&mut self, len: usize, field: &'static str) -> Result<&'a [u8], BodyError> {
        let (head, rest) = self.rest.split_at_checked(len).ok_or(BodyError::Short { field })?;
        self.rest = rest;
        Ok(head)
    }

    fn chunk<const N: usize>(&mut self, field: &'static str) -> Result<[u8; N], BodyError> {
        let (head, rest) = self.rest.split_first_chunk::<N>().ok_or(BodyError::Short { field })?;
        self.rest = rest;
        Ok(*head)
    }

    pub(crate) fn u8(&mut self, field: &'static str) -> Result<u8, BodyError> {
        self.chunk::<1>(field).map(|[byte]| byte)
    }

    pub(crate) fn i16(&mut self, field: &'static str) -> Result<i16, BodyError> {
        self.chunk(field).map(i16::from_be_bytes)
    }

    pub(crate) fn u16(&mut self, field: &'static str) -> Result<u16, BodyError> {
        self.chunk(field).map(u16::from_be_bytes)
    }

    pub(crate) fn i32(&mut self, field: &'static str) -> Result<i32, BodyError> {
        self.chunk(field).map(i32::from_be_bytes)
    }

    pub(crate) fn u32(&mut self, field: &'static str) -> Result<u32, BodyError> {
        self.chunk(field).map(u32::from_be_bytes)
    }

    /// Bytes up to the next NUL, which is read and left out.
    pub(crate) fn cstr(&mut self, field: &'static str) -> Result<&'a [u8], BodyError> {
        let text = CStr::from_bytes_until_nul(self.rest).map_err(|_| BodyError::Short { field })?;
        self.take(text.count_bytes() + 1, field)?;
        Ok(text.to_bytes())
    }

    /// A value with its length before it; -1 is SQL's NULL.
    pub(crate) fn value(&mut self, field: &'static str) -> Result<Option<&'a [u8]>, BodyError> {
        match self.i32(field)? {
            -1 => Ok(None),
            len => {
                let len = usize::try_from(len).map_err(|_| BodyError::Value { field })?;
                self.take(len, field).map(Some)
            }
        }
    }

    pub(crate) fn rest(&mut self) -> &'a [u8] {
        std::mem::take(&mut self.rest)
    }

    pub(crate) fn end(&self, field: &'static str) -> Result<(), BodyError> {
        if self.rest.is_empty() { Ok(()) } else { Err(BodyError::Trailing { field }) }
    }
}
