//! Runs one statement on a thread of its own, over a connection of its own: settings, gate, then the kind of run that
//! fits the statement.

use std::io::Read;
use std::sync::Arc;

use uuid::Uuid;

use crate::chdb::{Class, Connection, Param};
use crate::engine::Engine;
use crate::fault::{Code, Fault};
use crate::gate;
use crate::insert;
use crate::outlet::{ClientGone, Outlet};
use crate::request::Ask;
use crate::select;
use crate::tokens::{self, InsertHead, Token, Tokens};
use crate::upload::{RawBody, unreadable};

/// The longest SQL that is taken. Rows do not count: they follow `FORMAT`.
pub(crate) const SQL_BYTES_MAX: usize = 1 << 20;
/// The largest answer that is collected before it is sent.
const COLLECTED_BYTES_MAX: u64 = 256 << 20;

/// Why a statement has no whole answer.
#[derive(Debug)]
pub(crate) enum Stop {
    /// It failed.
    Fault(Fault),
    /// Nobody waits for it.
    ClientGone,
}

impl<F: Into<Fault>> From<F> for Stop {
    fn from(fault: F) -> Self {
        Self::Fault(fault.into())
    }
}

impl From<ClientGone> for Stop {
    fn from(_: ClientGone) -> Self {
        Self::ClientGone
    }
}

/// A statement to run, with the body that its request brings.
pub(crate) struct Job {
    pub(crate) engine: Arc<Engine>,
    pub(crate) id: Uuid,
    pub(crate) ask: Ask,
    pub(crate) body: RawBody,
}

/// A statement's text and what is known of it before the engine looks at it.
pub(crate) struct Statement<'a> {
    pub(crate) sql: &'a [u8],
    pub(crate) format: String,
    pub(crate) params: &'a [Param],
}

impl Job {
    /// Runs to the end. Blocks; call it on a thread that may.
    pub(crate) fn run(self, mut outlet: Outlet) {
        match self.answer(&mut outlet) {
            Ok(()) => outlet.end(),
            Err(Stop::Fault(fault)) => outlet.fail(fault),
            Err(Stop::ClientGone) => {}
        }
    }

    fn answer(self, outlet: &mut Outlet) -> Result<(), Stop> {
        let Job { engine, id, ask, body } = self;
        let mut body = body.decoded(ask.encoding, ask.blocks).map_err(|error| unreadable(&error))?;
        let text = Text::read(&ask.query, &mut body)?;
        let sql = text.sql.as_slice();
        let head = tokens::insert_head(sql);
        let format = tokens::answer_format(if head.is_some() { b"" } else { sql })
            .or(ask.format.clone())
            .unwrap_or_else(|| "TabSeparated".to_owned());
        let streams = head.is_none() && select::streams(sql, &format) && !asks_extremes(&ask);
        let connection = engine.connect()?;
        prepare(&connection, &ask, id, streams)?;
        match head {
            Some(InsertHead { head, format, rows, values }) => {
                let inline = sql[rows..].iter().any(|byte| !byte.is_ascii_whitespace() && *byte != b';');
                if values && inline {
                    gate::examine(&connection, sql, &ask.params)?;
                    // The gate has seen the expressions.
                    connection.query(b"SET input_format_values_interpret_expressions = 1", "Null", &[])?;
                    let statement = Statement { sql, format: "TabSeparated".to_owned(), params: &ask.params };
                    return select::collect(&connection, &statement, outlet);
                }
                gate::examine(&connection, &sql[..rows], &ask.params)?;
                let statement = Statement { sql: &sql[..head], format, params: &ask.params };
                let first = if inline { rows_in_text(&sql[rows..]) } else { &[] };
                insert::take_rows(&connection, &statement, first, &mut body, outlet)
            }
            None => {
                let class = gate::examine(&connection, sql, &ask.params)?;
                let statement = Statement { sql, format, params: &ask.params };
                if streams && class == Class::ReadOnly {
                    select::stream(&connection, &statement, outlet)
                } else {
                    select::collect(&connection, &statement, outlet)
                }
            }
        }
    }
}

/// The statement's text. Where it is an INSERT, the rows that were read along with it follow it.
struct Text {
    sql: Vec<u8>,
}

impl Text {
    fn read(query: &str, body: &mut dyn Read) -> Result<Self, Fault> {
        let too_long = || {
            Code::QueryIsTooLarge.says(format_args!(
                "SQL is longer than {SQL_BYTES_MAX} bytes; send rows by `INSERT … FORMAT`"
            ))
        };
        let mut sql = query.as_bytes().to_vec();
        if SQL_BYTES_MAX < sql.len() {
            return Err(too_long());
        }
        if tokens::insert_head(&sql).is_some() {
            return Ok(Text { sql });
        }
        if !sql.is_empty() {
            sql.push(b'\n');
        }
        let room = SQL_BYTES_MAX.saturating_sub(sql.len()) as u64;
        body.take(room).read_to_end(&mut sql).map_err(|error| unreadable(&error))?;
        if sql.len() == SQL_BYTES_MAX && tokens::insert_head(&sql).is_none_or(|head| head.values) {
            return Err(too_long());
        }
        Ok(Text { sql })
    }
}

/// The rows behind `FORMAT Name`: blanks up to the end of that line are not part of them.
fn rows_in_text(rest: &[u8]) -> &[u8] {
    let blanks = rest.iter().take_while(|byte| matches!(byte, b' ' | b'\t' | b'\r')).count();
    match rest.get(blanks) {
        Some(b'\n') => &rest[blanks + 1..],
        _ => &rest[blanks..],
    }
}

fn asks_extremes(ask: &Ask) -> bool {
    ask.settings.iter().any(|(name, value)| name == "extremes" && value != "0")
}

/// Gives the connection the request's settings and database. The id is how the statement can be found and ended.
fn prepare(connection: &Connection, ask: &Ask, id: Uuid, streams: bool) -> Result<(), Fault> {
    let mut set = format!("SET log_comment = '{id}'");
    let bound = ask.settings.iter().find(|(name, _)| name == "max_result_bytes");
    let tighter =
        bound.and_then(|(_, value)| value.parse().ok()).filter(|own| (1..COLLECTED_BYTES_MAX).contains(own));
    if !streams {
        let bytes: u64 = tighter.unwrap_or(COLLECTED_BYTES_MAX);
        set.push_str(&format!(", max_result_bytes = {bytes}, result_overflow_mode = 'throw'"));
    }
    for (name, value) in &ask.settings {
        let ours = name == "log_comment"
            || !streams && (name == "max_result_bytes" || name == "result_overflow_mode");
        if ours {
            continue;
        }
        let mut words = Tokens::of(name.as_bytes());
        if !matches!((words.next(), words.next()), (Some(Token::Word(_)), None)) {
            return Err(
                Code::BadArguments.says(format_args!("`{}` is no name of a setting", name.escape_debug()))
            );
        }
        set.push_str(&format!(", {name} = '{}'", value.replace('\\', "\\\\").replace('\'', "\\'")));
    }
    if let Some(database) = &ask.database {
        let name = database.replace('\\', "\\\\").replace('`', "\\`");
        connection.query(format!("USE `{name}`").as_bytes(), "Null", &[])?;
    }
    connection.query(set.as_bytes(), "Null", &[])?;
    if ask.readonly && !ask.settings.iter().any(|(name, value)| name == "readonly" && value == "1") {
        connection.query(b"SET readonly = 2", "Null", &[])?;
    }
    Ok(())
}

/// What a client is told whose answer is too large to be collected.
pub(crate) fn explain_bound(fault: Fault, format: &str) -> Fault {
    if fault.code() != 396 {
        return fault;
    }
    Code::ResultIsTooLarge.says(format_args!(
        "an answer in format {format} is collected before it is sent, and this one is larger than `max_result_bytes` \
         allows (at most {COLLECTED_BYTES_MAX}); add a LIMIT, or ask for {}",
        select::STREAMED.join(", ")
    ))
}
