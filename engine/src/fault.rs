//! What a client is told when a statement cannot run: the engine's words, or ours in the same form.

use hyper::StatusCode;

use crate::chdb::EngineError;

/// Names and numbers of ClickHouse's errors that picket-engine says by itself.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Code {
    BadArguments,
    NotImplemented,
    SyntaxError,
    UnknownCompressionMethod,
    TooManySimultaneousQueries,
    SocketTimeout,
    CannotDecompress,
    QueryIsTooLarge,
    ResultIsTooLarge,
    AuthenticationFailed,
    QueryNotAllowed,
}

impl Code {
    fn number_and_name(self) -> (u32, &'static str) {
        match self {
            Self::BadArguments => (36, "BAD_ARGUMENTS"),
            Self::NotImplemented => (48, "NOT_IMPLEMENTED"),
            Self::SyntaxError => (62, "SYNTAX_ERROR"),
            Self::UnknownCompressionMethod => (89, "UNKNOWN_COMPRESSION_METHOD"),
            Self::TooManySimultaneousQueries => (202, "TOO_MANY_SIMULTANEOUS_QUERIES"),
            Self::SocketTimeout => (209, "SOCKET_TIMEOUT"),
            Self::CannotDecompress => (271, "CANNOT_DECOMPRESS"),
            Self::QueryIsTooLarge => (307, "QUERY_IS_TOO_LARGE"),
            Self::ResultIsTooLarge => (396, "TOO_MANY_ROWS_OR_BYTES"),
            Self::AuthenticationFailed => (516, "AUTHENTICATION_FAILED"),
            Self::QueryNotAllowed => (620, "QUERY_NOT_ALLOWED"),
        }
    }

    /// A fault of this kind: what happened and the mend, without a full stop.
    pub(crate) fn says(self, message: impl std::fmt::Display) -> Fault {
        let (number, name) = self.number_and_name();
        Fault { code: number, text: format!("Code: {number}. DB::Exception: {message}. ({name})") }
    }
}

/// Why a request got no answer.
#[derive(Debug)]
pub(crate) struct Fault {
    code: u32,
    text: String,
}

impl Fault {
    /// ClickHouse's number for it.
    pub(crate) fn code(&self) -> u32 {
        self.code
    }

    /// The whole text, `Code: N. DB::Exception: …`.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// The status that ClickHouse's HTTP interface gives it.
    pub(crate) fn status(&self) -> StatusCode {
        match self.code {
            194 => StatusCode::UNAUTHORIZED,
            164 | 192 | 193 | 291 | 452 | 492 | 497 | 516 | 620 => StatusCode::FORBIDDEN,
            46 | 47 | 50 | 56 | 60 | 63 | 73 | 75 | 81 | 83 | 115 | 336 | 511 => StatusCode::NOT_FOUND,
            6 | 20 | 25 | 26 | 27 | 32 | 33 | 36 | 38 | 41 | 42 | 43 | 44 | 53 | 57 | 62 | 69 | 70 | 72
            | 89 | 117 | 179 | 184 | 271 | 307 | 321 | 386 | 427 | 456 | 457 | 467 | 568 => {
                StatusCode::BAD_REQUEST
            }
            159 => StatusCode::REQUEST_TIMEOUT,
            48 => StatusCode::NOT_IMPLEMENTED,
            202 | 209 | 439 => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// The same fault without what follows `marker`: the end of the engine's text may speak of a statement of ours.
    pub(crate) fn cut_before(mut self, marker: &str) -> Self {
        if let Some((kept, _)) = self.text.split_once(marker) {
            self.text = kept.trim_end_matches([' ', ':', '.']).to_owned();
            if self.code == 62 {
                self.text.push_str(". (SYNTAX_ERROR)");
            }
        }
        self
    }
}

impl From<EngineError> for Fault {
    fn from(EngineError(text): EngineError) -> Self {
        let told = text.find("Code: ").map(|at| &text[at..]).unwrap_or(&text).trim();
        let code = told
            .strip_prefix("Code: ")
            .and_then(|rest| rest.split(|c: char| !c.is_ascii_digit()).next())
            .and_then(|number| number.parse().ok());
        match code {
            Some(code) => Fault { code, text: told.to_owned() },
            None => Fault { code: 1001, text: format!("Code: 1001. DB::Exception: {told}. (STD_EXCEPTION)") },
        }
    }
}
