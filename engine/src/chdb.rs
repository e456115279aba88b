//! The C interface of libchdb.so, made safe. The only file of Picket's daemons that calls C; it knows nothing of HTTP.
#![expect(unsafe_code, reason = "the engine is a C library, and this file is the door to it")]

use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::path::Path;
use std::ptr;

use libloading::Library;
use thiserror::Error;

/// What the engine says when it refuses: its own text, `Code: N. DB::Exception: …` as a rule.
#[derive(Debug, Error)]
#[error("{0}")]
pub(crate) struct EngineError(pub(crate) String);

/// A value for `{name:Type}` in a statement.
#[derive(Debug)]
pub(crate) struct Param {
    pub(crate) name: String,
    pub(crate) value: String,
}

/// What a statement does to the state that outlives it, by the engine's own parser.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    ReadOnly,
    Mutating,
    MutatingGlobal,
    Control,
    Unknown,
}

/// What a text would do if it were run.
#[derive(Debug)]
pub(crate) struct Analysis {
    pub(crate) class: Class,
    pub(crate) statements: u32,
}

#[repr(C)]
struct RawResult {
    _opaque: [u8; 0],
}

#[repr(C)]
struct RawAnalysis {
    struct_size: u32,
    statement_count: u32,
    flags: u32,
    query_class: u32,
}

type Handle = *mut c_void;
type QueryFn = unsafe extern "C" fn(
    Handle,
    *const c_char,
    usize,
    *const c_char,
    usize,
    *const *const c_char,
    *const usize,
    *const *const c_char,
    *const usize,
    usize,
) -> *mut RawResult;
type InsertFn = unsafe extern "C" fn(
    Handle,
    *const c_char,
    usize,
    *const c_char,
    usize,
    *const *const c_char,
    *const usize,
    *const *const c_char,
    *const usize,
    usize,
) -> Handle;

/// The loaded library. It stays loaded for the life of the process: threads of its own run in it.
pub(crate) struct Chdb {
    _library: Library,
    connect: unsafe extern "C" fn(c_int, *mut *mut c_char) -> *mut Handle,
    close: unsafe extern "C" fn(*mut Handle),
    query: QueryFn,
    stream: QueryFn,
    fetch: unsafe extern "C" fn(Handle, *mut RawResult) -> *mut RawResult,
    cancel: unsafe extern "C" fn(Handle, *mut RawResult),
    destroy: unsafe extern "C" fn(*mut RawResult),
    insert: InsertFn,
    append: unsafe extern "C" fn(Handle, *const c_void, usize) -> c_int,
    done: unsafe extern "C" fn(Handle) -> *mut RawResult,
    cancel_insert: unsafe extern "C" fn(Handle),
    insert_error: unsafe extern "C" fn(Handle) -> *const c_char,
    destroy_insert: unsafe extern "C" fn(Handle),
    buffer: unsafe extern "C" fn(*mut RawResult) -> *mut c_char,
    length: unsafe extern "C" fn(*mut RawResult) -> usize,
    error: unsafe extern "C" fn(*mut RawResult) -> *const c_char,
    rows_read: unsafe extern "C" fn(*mut RawResult) -> u64,
    bytes_read: unsafe extern "C" fn(*mut RawResult) -> u64,
    rows_written: unsafe extern "C" fn(*mut RawResult) -> u64,
    bytes_written: unsafe extern "C" fn(*mut RawResult) -> u64,
    classify:
        unsafe extern "C" fn(Handle, *const c_char, usize, *const c_char, usize, *mut RawAnalysis) -> c_int,
}

impl Chdb {
    /// Loads the library and keeps it from taking the process's signals.
    pub(crate) fn load(path: &Path) -> Result<&'static Self, libloading::Error> {
        // SAFETY: libchdb.so is ClickHouse, whose initialisers expect nothing of the process that loads it.
        let library = unsafe { Library::new(path) }?;
        macro_rules! symbol {
            ($name:literal) => {{
                // SAFETY: the field that takes the symbol has the type that chdb.h 26.7.3 declares for it.
                let symbol = unsafe { library.get($name) }?;
                *symbol
            }};
        }
        let chdb = Chdb {
            connect: symbol!(b"chdb_connect\0"),
            close: symbol!(b"chdb_close_conn\0"),
            query: symbol!(b"chdb_query_with_params_n\0"),
            stream: symbol!(b"chdb_stream_query_with_params_n\0"),
            fetch: symbol!(b"chdb_stream_fetch_result\0"),
            cancel: symbol!(b"chdb_stream_cancel_query\0"),
            destroy: symbol!(b"chdb_destroy_query_result\0"),
            insert: symbol!(b"chdb_stream_insert_with_params_n\0"),
            append: symbol!(b"chdb_stream_append\0"),
            done: symbol!(b"chdb_stream_done\0"),
            cancel_insert: symbol!(b"chdb_stream_cancel_insert\0"),
            insert_error: symbol!(b"chdb_stream_insert_error\0"),
            destroy_insert: symbol!(b"chdb_destroy_insert_stream\0"),
            buffer: symbol!(b"chdb_result_buffer\0"),
            length: symbol!(b"chdb_result_length\0"),
            error: symbol!(b"chdb_result_error\0"),
            rows_read: symbol!(b"chdb_result_storage_rows_read\0"),
            bytes_read: symbol!(b"chdb_result_storage_bytes_read\0"),
            rows_written: symbol!(b"chdb_result_rows_written\0"),
            bytes_written: symbol!(b"chdb_result_bytes_written\0"),
            classify: symbol!(b"chdb_classify_query_n\0"),
            _library: {
                let handlers: unsafe extern "C" fn(c_int) = symbol!(b"chdb_set_signal_handlers_enabled\0");
                // SAFETY: takes a flag, and no connection is open yet, as the function asks.
                unsafe { handlers(0) };
                library
            },
        };
        Ok(Box::leak(Box::new(chdb)))
    }

    /// Opens a connection. The first one starts the engine with `arguments`; the others have to give the same.
    pub(crate) fn connect(&'static self, arguments: &[CString]) -> Result<Connection, EngineError> {
        let mut argv: Vec<*mut c_char> =
            arguments.iter().map(|argument| argument.as_ptr().cast_mut()).collect();
        let count = c_int::try_from(argv.len()).map_err(|_| EngineError("too many arguments".to_owned()))?;
        // SAFETY: argv holds `count` strings that end in NUL and outlive the call, which only reads them.
        let raw = unsafe { (self.connect)(count, argv.as_mut_ptr()) };
        if raw.is_null() {
            return Err(EngineError("the engine refused to start".to_owned()));
        }
        Ok(Connection { chdb: self, raw })
    }
}

/// A connection: one statement at a time, with settings of its own.
pub(crate) struct Connection {
    chdb: &'static Chdb,
    raw: *mut Handle,
}

impl Connection {
    fn handle(&self) -> Handle {
        // SAFETY: `raw` is not null and stays valid until it is closed on drop.
        unsafe { *self.raw }
    }

    /// Says what `sql` would do, without doing it.
    pub(crate) fn classify(&self, sql: &[u8]) -> Result<Analysis, EngineError> {
        let mut raw = RawAnalysis {
            struct_size: size_of::<RawAnalysis>() as u32,
            statement_count: 0,
            flags: 0,
            query_class: 4,
        };
        // SAFETY: `sql` is given with its length, no target database is named, and `raw` says its own size.
        let state = unsafe {
            (self.chdb.classify)(self.handle(), sql.as_ptr().cast(), sql.len(), ptr::null(), 0, &raw mut raw)
        };
        if state != 0 {
            return Err(EngineError("the engine could not examine the statement".to_owned()));
        }
        let class = match raw.query_class {
            0 => Class::ReadOnly,
            1 => Class::Mutating,
            2 => Class::MutatingGlobal,
            3 => Class::Control,
            _ => Class::Unknown,
        };
        Ok(Analysis { class, statements: raw.statement_count })
    }

    /// Runs a statement and has its whole answer.
    pub(crate) fn query(&self, sql: &[u8], format: &str, params: &[Param]) -> Result<Answer, EngineError> {
        self.call(self.chdb.query, sql, format, params)?.checked()
    }

    /// Begins a SELECT whose answer comes piece by piece.
    pub(crate) fn stream(&self, sql: &[u8], format: &str, params: &[Param]) -> Result<Rows<'_>, EngineError> {
        let begun = self.call(self.chdb.stream, sql, format, params)?.checked()?;
        Ok(Rows { connection: self, begun, ended: false })
    }

    /// Begins an INSERT whose rows come piece by piece. `sql` ends before FORMAT.
    pub(crate) fn insert(
        &self,
        sql: &[u8],
        format: &str,
        params: &[Param],
    ) -> Result<Inserting<'_>, EngineError> {
        let lists = Lists::of(params);
        // SAFETY: every pointer goes with its length, and all of them outlive the call, which copies what it needs.
        let raw = unsafe {
            (self.chdb.insert)(
                self.handle(),
                sql.as_ptr().cast(),
                sql.len(),
                format.as_ptr().cast(),
                format.len(),
                lists.names.as_ptr(),
                lists.name_lens.as_ptr(),
                lists.values.as_ptr(),
                lists.value_lens.as_ptr(),
                params.len(),
            )
        };
        if raw.is_null() {
            return Err(EngineError("the engine opened no insert".to_owned()));
        }
        let inserting = Inserting { connection: self, raw, ended: false };
        match inserting.error() {
            Some(error) => Err(error),
            None => Ok(inserting),
        }
    }

    fn call(
        &self,
        function: QueryFn,
        sql: &[u8],
        format: &str,
        params: &[Param],
    ) -> Result<Answer, EngineError> {
        let lists = Lists::of(params);
        // SAFETY: every pointer goes with its length, and all of them outlive the call, which copies what it needs.
        let raw = unsafe {
            function(
                self.handle(),
                sql.as_ptr().cast(),
                sql.len(),
                format.as_ptr().cast(),
                format.len(),
                lists.names.as_ptr(),
                lists.name_lens.as_ptr(),
                lists.values.as_ptr(),
                lists.value_lens.as_ptr(),
                params.len(),
            )
        };
        Answer::owning(self.chdb, raw)
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        // SAFETY: opened by `chdb_connect`, closed once; whatever borrowed it is gone.
        unsafe { (self.chdb.close)(self.raw) };
    }
}

/// The parameters as four arrays, as C wants them.
struct Lists {
    names: Vec<*const c_char>,
    name_lens: Vec<usize>,
    values: Vec<*const c_char>,
    value_lens: Vec<usize>,
}

impl Lists {
    fn of(params: &[Param]) -> Self {
        Lists {
            names: params.iter().map(|param| param.name.as_ptr().cast()).collect(),
            name_lens: params.iter().map(|param| param.name.len()).collect(),
            values: params.iter().map(|param| param.value.as_ptr().cast()).collect(),
            value_lens: params.iter().map(|param| param.value.len()).collect(),
        }
    }
}

/// What was read and written for a statement.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Summary {
    pub(crate) rows_read: u64,
    pub(crate) bytes_read: u64,
    pub(crate) rows_written: u64,
    pub(crate) bytes_written: u64,
}

/// An answer, or a piece of one.
pub(crate) struct Answer {
    chdb: &'static Chdb,
    raw: *mut RawResult,
}

impl Answer {
    fn owning(chdb: &'static Chdb, raw: *mut RawResult) -> Result<Self, EngineError> {
        if raw.is_null() {
            return Err(EngineError("the engine gave no answer".to_owned()));
        }
        Ok(Answer { chdb, raw })
    }

    fn checked(self) -> Result<Self, EngineError> {
        // SAFETY: `raw` is a result that is not destroyed yet.
        let text = unsafe { (self.chdb.error)(self.raw) };
        match text_at(text) {
            Some(error) => Err(error),
            None => Ok(self),
        }
    }

    /// Its bytes, in the format asked for.
    pub(crate) fn bytes(&self) -> &[u8] {
        // SAFETY: `raw` is a result that is not destroyed yet; both functions only look at it.
        let (start, len) = unsafe { ((self.chdb.buffer)(self.raw), (self.chdb.length)(self.raw)) };
        if start.is_null() || len == 0 {
            return &[];
        }
        // SAFETY: the engine says that `len` bytes start there, and keeps them until the result is destroyed,
        // which takes `self`.
        unsafe { std::slice::from_raw_parts(start.cast_const().cast(), len) }
    }

    /// What was read and written for it.
    pub(crate) fn summary(&self) -> Summary {
        // SAFETY: `raw` is a result that is not destroyed yet; the functions only look at it.
        unsafe {
            Summary {
                rows_read: (self.chdb.rows_read)(self.raw),
                bytes_read: (self.chdb.bytes_read)(self.raw),
                rows_written: (self.chdb.rows_written)(self.raw),
                bytes_written: (self.chdb.bytes_written)(self.raw),
            }
        }
    }
}

impl Drop for Answer {
    fn drop(&mut self) {
        // SAFETY: the engine made it for us, and it is destroyed once.
        unsafe { (self.chdb.destroy)(self.raw) };
    }
}

/// A SELECT that is running. Dropped before its end, it is cancelled.
pub(crate) struct Rows<'c> {
    connection: &'c Connection,
    begun: Answer,
    ended: bool,
}

impl Rows<'_> {
    /// The next piece, which is a whole document of the format; none at the end.
    pub(crate) fn next(&mut self) -> Result<Option<Answer>, EngineError> {
        if self.ended {
            return Ok(None);
        }
        let chdb = self.connection.chdb;
        // SAFETY: the connection and the running statement both live, and `&mut self` makes this the only call.
        let raw = unsafe { (chdb.fetch)(self.connection.handle(), self.begun.raw) };
        let piece = Answer::owning(chdb, raw).and_then(Answer::checked).inspect_err(|_| self.ended = true)?;
        self.ended = piece.bytes().is_empty();
        Ok((!self.ended).then_some(piece))
    }
}

impl Drop for Rows<'_> {
    fn drop(&mut self) {
        if !self.ended {
            // SAFETY: the connection and the running statement both live; the statement is destroyed after this.
            unsafe { (self.connection.chdb.cancel)(self.connection.handle(), self.begun.raw) };
        }
    }
}

/// An INSERT that takes rows. Dropped before `done`, it keeps none of them.
pub(crate) struct Inserting<'c> {
    connection: &'c Connection,
    raw: Handle,
    ended: bool,
}

impl Inserting<'_> {
    /// Hands over the next bytes; waits while the engine has enough to do.
    pub(crate) fn append(&mut self, bytes: &[u8]) -> Result<(), EngineError> {
        // SAFETY: the insert is open, and `bytes` is given with its length; the engine copies it.
        let state = unsafe { (self.connection.chdb.append)(self.raw, bytes.as_ptr().cast(), bytes.len()) };
        if state == 0 {
            return Ok(());
        }
        Err(self.error().unwrap_or_else(|| EngineError("the engine took no more rows".to_owned())))
    }

    /// Keeps the rows.
    pub(crate) fn done(mut self) -> Result<Summary, EngineError> {
        self.ended = true;
        // SAFETY: the insert is open, and this is its only end, since `self` is taken.
        let raw = unsafe { (self.connection.chdb.done)(self.raw) };
        Ok(Answer::owning(self.connection.chdb, raw)?.checked()?.summary())
    }

    fn error(&self) -> Option<EngineError> {
        // SAFETY: the insert is not destroyed yet.
        text_at(unsafe { (self.connection.chdb.insert_error)(self.raw) })
    }
}

impl Drop for Inserting<'_> {
    fn drop(&mut self) {
        let chdb = self.connection.chdb;
        if !self.ended {
            // SAFETY: the insert is open, and is destroyed only below.
            unsafe { (chdb.cancel_insert)(self.raw) };
        }
        // SAFETY: the engine made it for us, and it is destroyed once.
        unsafe { (chdb.destroy_insert)(self.raw) };
    }
}

fn text_at(text: *const c_char) -> Option<EngineError> {
    if text.is_null() {
        return None;
    }
    // SAFETY: the engine's error texts end in NUL and live as long as what they were asked of, which our callers hold.
    let text = unsafe { CStr::from_ptr(text) }.to_string_lossy();
    (!text.is_empty()).then(|| EngineError(text.into_owned()))
}

/// Ends the process at once. The engine's threads still run: destructors at exit would pull things from under them.
pub(crate) fn leave(code: u8) -> ! {
    unsafe extern "C" {
        fn _exit(code: c_int) -> !;
    }
    // SAFETY: takes a number, and does not return.
    unsafe { _exit(c_int::from(code)) }
}
