//! Messages that a server sends, as views of their bodies.

use crate::reader::{BodyError, Reader};

/// Type bytes of the messages that a server sends (protocol.h, `PqMsg_*`).
pub mod tag {
    #![expect(missing_docs, reason = "the names are PostgreSQL's own message names")]
    pub const AUTHENTICATION: u8 = b'R';
    pub const BACKEND_KEY_DATA: u8 = b'K';
    pub const BIND_COMPLETE: u8 = b'2';
    pub const CLOSE_COMPLETE: u8 = b'3';
    pub const COMMAND_COMPLETE: u8 = b'C';
    pub const COPY_BOTH_RESPONSE: u8 = b'W';
    pub const COPY_DATA: u8 = b'd';
    pub const COPY_DONE: u8 = b'c';
    pub const COPY_IN_RESPONSE: u8 = b'G';
    pub const COPY_OUT_RESPONSE: u8 = b'H';
    pub const DATA_ROW: u8 = b'D';
    pub const EMPTY_QUERY_RESPONSE: u8 = b'I';
    pub const ERROR_RESPONSE: u8 = b'E';
    pub const NEGOTIATE_PROTOCOL_VERSION: u8 = b'v';
    pub const NOTICE_RESPONSE: u8 = b'N';
    pub const FUNCTION_CALL_RESPONSE: u8 = b'V';
    pub const NOTIFICATION_RESPONSE: u8 = b'A';
    pub const NO_DATA: u8 = b'n';
    pub const PARAMETER_DESCRIPTION: u8 = b't';
    pub const PARAMETER_STATUS: u8 = b'S';
    pub const PARSE_COMPLETE: u8 = b'1';
    pub const PORTAL_SUSPENDED: u8 = b's';
    pub const READY_FOR_QUERY: u8 = b'Z';
    pub const ROW_DESCRIPTION: u8 = b'T';
}

/// `Authentication`: the request's code and what follows it.
pub fn authentication(body: &[u8]) -> Result<(u32, &[u8]), BodyError> {
    let mut reader = Reader::new(body);
    Ok((reader.u32("request")?, reader.rest()))
}

/// `AuthenticationSASL`: the names of the mechanisms that the server offers, in its order.
pub fn sasl_mechanisms(mut list: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        let end = list.iter().position(|&byte| byte == 0)?;
        let (name, rest) = list.split_at_checked(end)?;
        list = rest.get(1..)?;
        (!name.is_empty()).then_some(name)
    })
}

/// `BackendKeyData`: process id and the secret that a CancelRequest must show.
pub fn backend_key_data(body: &[u8]) -> Result<(i32, &[u8]), BodyError> {
    let mut reader = Reader::new(body);
    Ok((reader.i32("process id")?, reader.rest()))
}

/// `ParameterStatus`: name and value of a setting.
pub fn parameter_status(body: &[u8]) -> Result<(&[u8], &[u8]), BodyError> {
    let mut reader = Reader::new(body);
    let pair = (reader.cstr("name")?, reader.cstr("value")?);
    reader.end("value")?;
    Ok(pair)
}

/// `NotificationResponse`: the process that notifies, the channel and what it says.
pub fn notification_response(body: &[u8]) -> Result<(i32, &[u8], &[u8]), BodyError> {
    let mut reader = Reader::new(body);
    let told = (reader.i32("process id")?, reader.cstr("channel")?, reader.cstr("payload")?);
    reader.end("payload")?;
    Ok(told)
}

/// `ReadyForQuery`: `I` idle, `T` in a transaction, `E` in a failed one.
pub fn ready_for_query(body: &[u8]) -> Result<u8, BodyError> {
    let mut reader = Reader::new(body);
    let status = reader.u8("status")?;
    reader.end("status")?;
    match status {
        b'I' | b'T' | b'E' => Ok(status),
        _ => Err(BodyError::Value { field: "status" }),
    }
}

/// `CommandComplete`: the command tag, such as `UPDATE 3`.
pub fn command_complete(body: &[u8]) -> Result<&[u8], BodyError> {
    let mut reader = Reader::new(body);
    let tag = reader.cstr("tag")?;
    reader.end("tag")?;
    Ok(tag)
}

/// `CopyOutResponse`: the format of the whole, 0 text and 1 binary, and how many columns follow in it.
pub fn copy_out_response(body: &[u8]) -> Result<(u8, u16), BodyError> {
    let mut reader = Reader::new(body);
    Ok((reader.u8("format")?, reader.u16("columns")?))
}

/// Rows that a command tag counts: the last word, where it is a number.
pub fn command_rows(tag: &[u8]) -> u64 {
    let last = tag.rsplit(|&byte| byte == b' ').next().unwrap_or_default();
    let add = |rows: u64, digit: &u8| {
        let digit = digit.checked_sub(b'0').filter(|digit| *digit < 10)?;
        rows.checked_mul(10)?.checked_add(u64::from(digit))
    };
    last.iter().try_fold(0, add).unwrap_or(0)
}

/// One column of a `RowDescription`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field<'a> {
    /// Name of the column in this result.
    pub name: &'a [u8],
    /// OID of the table it comes from, 0 where it comes from none.
    pub table_oid: u32,
    /// Number of the column in that table, 0 where it is none of its columns.
    pub column: i16,
    /// OID of its type.
    pub type_oid: u32,
    /// 0 text, 1 binary; always 0 where a statement was described, not a portal.
    pub format: u16,
}

/// `RowDescription`: the columns of the rows that follow.
#[derive(Clone, Copy, Debug)]
pub struct RowDescription<'a> {
    reader: Reader<'a>,
    left: u16,
}

impl<'a> RowDescription<'a> {
    /// Reads the body of a `RowDescription`; the fields are decoded on iteration.
    pub fn read(body: &'a [u8]) -> Result<Self, BodyError> {
        let mut reader = Reader::new(body);
        let left = reader.u16("fields")?;
        Ok(RowDescription { reader, left })
    }

    fn field(&mut self) -> Result<Field<'a>, BodyError> {
        let reader = &mut self.reader;
        let name = reader.cstr("field name")?;
        let table_oid = reader.u32("table")?;
        let column = reader.i16("column")?;
        let type_oid = reader.u32("type")?;
        reader.i16("type size")?;
        reader.i32("type modifier")?;
        let format = reader.u16("format")?;
        Ok(Field { name, table_oid, column, type_oid, format })
    }
}

impl<'a> Iterator for RowDescription<'a> {
    type Item = Result<Field<'a>, BodyError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.left == 0 {
            return None;
        }
        self.left -= 1;
        Some(self.field())
    }
}

/// `ParameterDescription`: OIDs of the types of a statement's parameters.
pub fn parameter_types(body: &[u8]) -> Result<impl ExactSizeIterator<Item = u32>, BodyError> {
    let mut reader = Reader::new(body);
    let count = reader.u16("parameters")?;
    let types = reader.take(usize::from(count) * 4, "parameter types")?;
    reader.end("parameter types")?;
    Ok(types.as_chunks().0.iter().map(|oid| u32::from_be_bytes(*oid)))
}

/// `DataRow`: the values of one row, in order.
#[derive(Clone, Copy, Debug)]
pub struct DataRow<'a> {
    reader: Reader<'a>,
    left: u16,
}

impl<'a> DataRow<'a> {
    /// Reads the body of a `DataRow`; the values are found on iteration.
    pub fn read(body: &'a [u8]) -> Result<Self, BodyError> {
        let mut reader = Reader::new(body);
        let left = reader.u16("columns")?;
        Ok(DataRow { reader, left })
    }

    /// How many values the row has.
    pub fn columns(&self) -> u16 {
        self.left
    }
}

impl<'a> Iterator for DataRow<'a> {
    type Item = Result<Option<&'a [u8]>, BodyError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.left == 0 {
            return None;
        }
        self.left -= 1;
        Some(self.reader.value("value"))
    }
}

/// One field of an `ErrorResponse` or a `NoticeResponse`: its code and its text.
pub type ErrorField<'a> = (u8, &'a [u8]);

/// The fields of an `ErrorResponse` or a `NoticeResponse`. A malformed rest ends the list.
pub fn error_fields(body: &[u8]) -> impl Iterator<Item = ErrorField<'_>> {
    let mut reader = Reader::new(body);
    std::iter::from_fn(move || {
        if reader.is_empty() {
            return None;
        }
        match reader.u8("field").ok()? {
            0 => None,
            code => Some((code, reader.cstr("text").ok()?)),
        }
    })
}

/// The text of one field of an `ErrorResponse`; empty where it is absent.
pub fn error_field(body: &[u8], code: u8) -> &[u8] {
    error_fields(body).find(|(found, _)| *found == code).map(|(_, text)| text).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn command_tags_count_rows() {
        assert_eq!(command_rows(b"SELECT 3"), 3);
        assert_eq!(command_rows(b"INSERT 0 12"), 12);
        assert_eq!(command_rows(b"CREATE TABLE"), 0);
        assert_eq!(command_rows(b"UPDATE 18446744073709551616"), 0);
    }

    #[test]
    fn error_fields_are_found_by_code() {
        let body = b"SERROR\0C22P02\0Mno\0\0";
        assert_eq!(error_field(body, b'C'), b"22P02");
        assert_eq!(error_field(body, b'H'), b"");
    }

    proptest! {
        #[test]
        fn no_body_panics(body: Vec<u8>) {
            let _ = (authentication(&body), backend_key_data(&body), parameter_status(&body));
            let _ = (ready_for_query(&body), command_complete(&body), copy_out_response(&body));
            error_fields(&body).count();
            sasl_mechanisms(&body).count();
            RowDescription::read(&body).map(Iterator::count).unwrap_or(0);
            DataRow::read(&body).map(Iterator::count).unwrap_or(0);
        }
    }
}
