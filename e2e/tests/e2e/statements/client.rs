//! A client that sends one text after the other as simple queries, and keeps what is answered.

use std::io::Write;
use std::net::TcpStream;

use anyhow::{Result, ensure};
use e2e::login::Login;

use crate::conversation;
use crate::raw::{PROTOCOL_3_0, log_in, message, plain};

#[derive(Debug)]
pub(crate) struct Client {
    stream: TcpStream,
}

/// What was answered to one text.
#[derive(Debug, Default)]
pub(crate) struct Answer {
    /// Rows and copied data, values separated by bars.
    pub(crate) rows: Vec<String>,
    /// SQLSTATE, message and detail of an error, each with its letter.
    pub(crate) error: Option<String>,
}

impl Client {
    pub(crate) fn connect(login: &Login) -> Result<Self> {
        let mut stream = plain(login.port)?;
        log_in(&mut stream, PROTOCOL_3_0, login)?;
        Ok(Self { stream })
    }

    /// Sends `text`. A COPY that asks for data gets none.
    pub(crate) fn ask(&mut self, text: &str) -> Result<Answer> {
        self.stream.write_all(&conversation::query(text))?;
        let mut answer = Answer::default();
        loop {
            match message(&mut self.stream)? {
                (b'Z', _) => return Ok(answer),
                (b'E', body) => answer.error = Some(error(&body)),
                (b'D', body) => answer.rows.push(row(&body)),
                (b'd', body) => answer.rows.push(String::from_utf8_lossy(&body).into_owned()),
                (b'G', _) => self.stream.write_all(&conversation::message(b'c', b""))?,
                _ => {}
            }
        }
    }

    /// The first row of what must not fail.
    pub(crate) fn first(&mut self, text: &str) -> Result<String> {
        let answer = self.ask(text)?;
        ensure!(answer.error.is_none(), "`{text}` failed: {}", answer.error.unwrap_or_default());
        Ok(answer.rows.into_iter().next().unwrap_or_default())
    }
}

/// Of an ErrorResponse what a case can speak about.
fn error(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body);
    text.split('\0').filter(|field| field.starts_with(['C', 'M', 'D'])).collect::<Vec<_>>().join("\n")
}

/// The values of a DataRow message.
fn row(body: &[u8]) -> String {
    let mut rest = body.get(2..).unwrap_or_default();
    let mut values = Vec::new();
    while let Some((len, after)) = rest.split_first_chunk::<4>() {
        // Of NULL the length is -1.
        let len = usize::try_from(i32::from_be_bytes(*len)).unwrap_or(0);
        let (value, after) = after.split_at_checked(len).unwrap_or((after, &[]));
        values.push(String::from_utf8_lossy(value));
        rest = after;
    }
    values.join("|")
}
