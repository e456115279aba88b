//! Messages that a client sends after start-up, as views of their bodies.

use crate::reader::{BodyError, Reader};

/// Type bytes of the messages that a client may send (protocol.h, `PqMsg_*`).
pub mod tag {
    #![expect(missing_docs, reason = "the names are PostgreSQL's own message names")]
    pub const BIND: u8 = b'B';
    pub const CLOSE: u8 = b'C';
    pub const COPY_DATA: u8 = b'd';
    pub const COPY_DONE: u8 = b'c';
    pub const COPY_FAIL: u8 = b'f';
    pub const DESCRIBE: u8 = b'D';
    pub const EXECUTE: u8 = b'E';
    pub const FLUSH: u8 = b'H';
    pub const FUNCTION_CALL: u8 = b'F';
    pub const PARSE: u8 = b'P';
    pub const PASSWORD: u8 = b'p';
    pub const QUERY: u8 = b'Q';
    pub const SYNC: u8 = b'S';
    pub const TERMINATE: u8 = b'X';
}

/// Longest body of a message that carries data, as PostgreSQL has it (libpq.h, `PQ_LARGE_MESSAGE_LIMIT`, less the length
/// itself).
pub const LARGE_BODY_BYTES_MAX: u32 = 0x3fff_fffe - 4;

/// Longest body of any other message (`PQ_SMALL_MESSAGE_LIMIT`).
pub const SMALL_BODY_BYTES_MAX: u32 = 10_000 - 4;

/// `Query`: a string of any number of statements. Returns its text.
pub fn query(body: &[u8]) -> Result<&[u8], BodyError> {
    let mut reader = Reader::new(body);
    let text = reader.cstr("query")?;
    reader.end("query")?;
    Ok(text)
}

/// `FunctionCall`: the OID of the function, from the start of a body. [`BodyError::Short`] where it does not end in it.
pub fn function_call(start: &[u8]) -> Result<u32, BodyError> {
    Reader::new(start).u32("function")
}

/// `Parse`: a statement to prepare.
#[derive(Clone, Copy, Debug)]
pub struct Parse<'a> {
    /// Name of the prepared statement; empty for the unnamed one.
    pub statement: &'a [u8],
    /// The statement's text.
    pub query: &'a [u8],
    types: &'a [u8],
}

impl<'a> Parse<'a> {
    /// Reads the body of a `Parse`.
    pub fn read(body: &'a [u8]) -> Result<Self, BodyError> {
        let mut reader = Reader::new(body);
        let statement = reader.cstr("statement")?;
        let query = reader.cstr("query")?;
        let types = reader.u16("parameter types")?;
        let types = reader.take(usize::from(types) * 4, "parameter types")?;
        reader.end("parameter types")?;
        Ok(Parse { statement, query, types })
    }

    /// OIDs of the types that the client gives to the first parameters; 0 leaves one to the server.
    pub fn types(&self) -> impl ExactSizeIterator<Item = u32> {
        self.types.as_chunks().0.iter().map(|oid| u32::from_be_bytes(*oid))
    }
}

/// `Bind`: a portal made of a prepared statement and its parameters.
#[derive(Clone, Copy, Debug)]
pub struct Bind<'a> {
    /// Name of the portal; empty for the unnamed one.
    pub portal: &'a [u8],
    /// Name of the prepared statement.
    pub statement: &'a [u8],
    /// Formats and values of the parameters, as they were sent, and what is behind them.
    values: &'a [u8],
}

/// A value for a parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parameter<'a> {
    /// It is in the binary format.
    pub is_binary: bool,
    /// `None` is NULL.
    pub value: Option<&'a [u8]>,
}

impl<'a> Bind<'a> {
    /// Reads the names from the start of a body. [`BodyError::Short`] where they do not end in it.
    pub fn read_names(start: &'a [u8]) -> Result<Self, BodyError> {
        let mut reader = Reader::new(start);
        Ok(Bind { portal: reader.cstr("portal")?, statement: reader.cstr("statement")?, values: &[] })
    }

    /// Reads the body of a `Bind`; the parameters and formats are skipped, not decoded.
    pub fn read(body: &'a [u8]) -> Result<Self, BodyError> {
        let mut reader = Reader::new(body);
        let portal = reader.cstr("portal")?;
        let statement = reader.cstr("statement")?;
        let values = reader.rest();
        let mut reader = Reader::new(values);
        let formats = reader.u16("parameter formats")?;
        reader.take(usize::from(formats) * 2, "parameter formats")?;
        let parameters = reader.u16("parameters")?;
        for _ in 0..parameters {
            reader.value("parameters")?;
        }
        let formats = reader.u16("result formats")?;
        reader.take(usize::from(formats) * 2, "result formats")?;
        reader.end("result formats")?;
        Ok(Bind { portal, statement, values })
    }

    /// The values of the parameters, in their order.
    ///
    /// # Errors
    ///
    /// [`BodyError`] where not all of it was read ([`Bind::read_names`]).
    pub fn parameters(&self) -> Result<impl ExactSizeIterator<Item = Parameter<'a>> + use<'a>, BodyError> {
        let mut reader = Reader::new(self.values);
        let formats = usize::from(reader.u16("parameter formats")?) * 2;
        let formats = reader.take(formats, "parameter formats")?.as_chunks::<2>().0;
        // One format is that of all, none at all is text (protocol-message-formats, "Bind").
        let is_binary = move |number: u16| match formats {
            [] => false,
            [all] => *all != [0; 2],
            each => each.get(usize::from(number)).is_none_or(|format| *format != [0; 2]),
        };
        Ok((0..reader.u16("parameters")?).map(move |number| Parameter {
            is_binary: is_binary(number),
            // All of them were there when it was read.
            value: reader.value("parameters").unwrap_or_default(),
        }))
    }
}

/// What `Describe` and `Close` name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target<'a> {
    /// A prepared statement, by name.
    Statement(&'a [u8]),
    /// A portal, by name.
    Portal(&'a [u8]),
}

impl<'a> Target<'a> {
    /// Reads the body of a `Describe` or a `Close`.
    pub fn read(body: &'a [u8]) -> Result<Self, BodyError> {
        let mut reader = Reader::new(body);
        let kind = reader.u8("kind")?;
        let name = reader.cstr("name")?;
        reader.end("name")?;
        match kind {
            b'S' => Ok(Target::Statement(name)),
            b'P' => Ok(Target::Portal(name)),
            _ => Err(BodyError::Value { field: "kind" }),
        }
    }
}

/// `Execute`: runs a portal. Returns the portal's name; the row limit stays the server's affair.
pub fn execute(body: &[u8]) -> Result<&[u8], BodyError> {
    let mut reader = Reader::new(body);
    let portal = reader.cstr("portal")?;
    reader.i32("rows")?;
    reader.end("rows")?;
    Ok(portal)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn query_is_one_string_and_nothing_after_it() {
        assert_eq!(query(b"select 1\0"), Ok(&b"select 1"[..]));
        assert_eq!(query(b"select 1"), Err(BodyError::Short { field: "query" }));
        assert_eq!(query(b"select 1\0drop table t\0"), Err(BodyError::Trailing { field: "query" }));
    }

    #[test]
    fn parse_has_types_of_parameters() {
        let types = |body| Parse::read(body).map(|parse| parse.types().collect::<Vec<_>>());
        assert_eq!(types(b"\0select 1\0\0\x02\0\0\0\x17\0\0\0\0"), Ok(vec![23, 0]));
        assert_eq!(types(b"\0select 1\0\0\0"), Ok(vec![]));
        assert_eq!(types(b"\0select 1\0\0\x01\0\0\0"), Err(BodyError::Short { field: "parameter types" }));
    }

    #[test]
    fn bind_skips_parameters_and_formats() {
        let body = b"p\0s\0\0\x01\0\0\0\x02\0\0\0\x01a\xff\xff\xff\xff\0\x02\0\0\0\x01";
        let bind = Bind::read(body).unwrap();
        assert_eq!((bind.portal, bind.statement), (&b"p"[..], &b"s"[..]));
        let text = |value| Parameter { is_binary: false, value };
        assert!(bind.parameters().unwrap().eq([text(Some(b"a")), text(None)]));
        assert_eq!(
            Bind::read(&body[..body.len() - 1]).unwrap_err(),
            BodyError::Short { field: "result formats" }
        );
    }

    #[test]
    fn one_format_of_parameters_is_that_of_all() {
        let body = b"\0\0\0\x01\0\x01\0\x02\0\0\0\x01a\0\0\0\0\0\0";
        let binary = |value| Parameter { is_binary: true, value: Some(value) };
        assert!(Bind::read(body).unwrap().parameters().unwrap().eq([binary(b"a"), binary(b"")]));
        let body = b"\0\0\0\x02\0\x01\0\0\0\x02\0\0\0\x01a\xff\xff\xff\xff\0\0";
        let null = Parameter { is_binary: false, value: None };
        assert!(Bind::read(body).unwrap().parameters().unwrap().eq([binary(b"a"), null]));
    }

    proptest! {
        #[test]
        fn no_body_panics(body: Vec<u8>) {
            let _ = (query(&body), Parse::read(&body), Target::read(&body), execute(&body));
            if let Ok(bind) = Bind::read(&body) {
                assert!(bind.parameters().is_ok_and(|parameters| parameters.len() == parameters.count()));
            }
        }
    }
}
