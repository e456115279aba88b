//! The running engine: one data directory, a connection for every request. It decides nothing about statements.

use std::ffi::CString;
use std::os::unix::ffi::OsStrExt;

use uuid::Uuid;

use crate::chdb::{Chdb, Connection, EngineError, Param};
use crate::home::Home;

/// What the engine says of itself, told with every answer.
#[derive(Clone, Debug)]
pub(crate) struct Facts {
    pub(crate) version: String,
    pub(crate) timezone: String,
    pub(crate) host: String,
}

/// The engine that runs in this process.
pub(crate) struct Engine {
    chdb: &'static Chdb,
    arguments: Vec<CString>,
    facts: Facts,
}

impl Engine {
    /// Starts the engine. It runs as long as the connection that comes with it is open.
    pub(crate) fn start(chdb: &'static Chdb, home: &Home) -> Result<(Self, Connection), EngineError> {
        let argument = |option: &str, path: &std::path::Path| {
            let bytes = [option.as_bytes(), path.as_os_str().as_bytes()].concat();
            CString::new(bytes)
                .map_err(|_| EngineError("an argument for the engine holds a NUL byte".to_owned()))
        };
        let arguments = vec![
            argument("picket-engine", "".as_ref())?,
            argument("--path=", home.dir())?,
            argument("--config-file=", &home.config())?,
        ];
        let base = chdb.connect(&arguments)?;
        let answer = base.query(b"SELECT version(), timezone(), hostName()", "TabSeparated", &[])?;
        let told = String::from_utf8_lossy(answer.bytes()).into_owned();
        drop(answer);
        let mut told = told.trim_end().split('\t').map(str::to_owned);
        let mut next = || told.next().unwrap_or_default();
        let facts = Facts { version: next(), timezone: next(), host: next() };
        Ok((Engine { chdb, arguments, facts }, base))
    }

    pub(crate) fn facts(&self) -> &Facts {
        &self.facts
    }

    /// A connection with settings of its own.
    pub(crate) fn connect(&self) -> Result<Connection, EngineError> {
        self.chdb.connect(&self.arguments)
    }

    /// Ends the statement that runs under this id, if one does.
    pub(crate) fn kill(&self, id: Uuid) -> Result<(), EngineError> {
        let sql = b"KILL QUERY WHERE Settings['log_comment'] = {id:String} ASYNC";
        let id = Param { name: "id".to_owned(), value: id.to_string() };
        self.connect()?.query(sql, "Null", &[id]).map(drop)
    }
}
