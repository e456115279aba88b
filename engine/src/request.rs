//! Reads what a request asks for out of its address and headers. It runs nothing.

use hyper::header::{AUTHORIZATION, HOST};
use hyper::http::request::Parts;
use hyper::{HeaderMap, Method};

use crate::chdb::Param;
use crate::fault::{Code, Fault};
use crate::upload::Encoding;

/// `default:` in Base64.
const DEFAULT_USER: &[u8] = b"Basic ZGVmYXVsdDo=";

/// Parameters of ClickHouse's HTTP interface that change nothing here.
const WITHOUT_EFFECT: [&str; 8] = [
    "buffer_size",
    "wait_end_of_query",
    "close_session",
    "session_check",
    "session_timeout",
    "quota_key",
    "stacktrace",
    "send_progress_in_http_headers",
];

/// What a request asks for. Its body is not read yet.
#[derive(Debug)]
pub(crate) struct Ask {
    pub(crate) query: String,
    pub(crate) database: Option<String>,
    pub(crate) params: Vec<Param>,
    pub(crate) settings: Vec<(String, String)>,
    pub(crate) format: Option<String>,
    pub(crate) query_id: String,
    pub(crate) readonly: bool,
    pub(crate) encoding: Encoding,
    pub(crate) blocks: bool,
}

impl Ask {
    /// Reads address and headers; refuses by name what picket-engine cannot do.
    pub(crate) fn read(parts: &Parts) -> Result<Self, Fault> {
        let headers = &parts.headers;
        let text = |name: &str| -> Result<Option<String>, Fault> {
            let Some(value) = headers.get(name) else { return Ok(None) };
            let value = value
                .to_str()
                .map_err(|_| Code::BadArguments.says(format_args!("header `{name}` is not plain text")))?;
            Ok(Some(value.to_owned()).filter(|value| !value.is_empty()))
        };
        let mut ask = Ask {
            query: String::new(),
            database: text("x-clickhouse-database")?,
            params: Vec::new(),
            settings: Vec::new(),
            format: text("x-clickhouse-format")?,
            query_id: text("x-clickhouse-query-id")?.unwrap_or_default(),
            readonly: parts.method == Method::GET || parts.method == Method::HEAD,
            encoding: Encoding::of(headers)?,
            blocks: false,
        };
        let (mut user, mut password) = (text("x-clickhouse-user")?, text("x-clickhouse-key")?);
        for (name, value) in form_urlencoded::parse(parts.uri.query().unwrap_or_default().as_bytes()) {
            match &*name {
                "user" => user = Some(value.into_owned()),
                "password" => password = Some(value.into_owned()),
                _ => ask.take(&name, value.into_owned())?,
            }
        }
        let known = headers.get(AUTHORIZATION).is_none_or(|value| value.as_bytes() == DEFAULT_USER)
            && user.is_none_or(|user| user.is_empty() || user == "default")
            && password.is_none_or(|password| password.is_empty());
        if !known {
            return Err(Code::AuthenticationFailed.says(
                "authentication failed: picket-engine has one user, `default`, with an empty password",
            ));
        }
        Ok(ask)
    }

    /// Takes a parameter, from the address or from a form.
    pub(crate) fn take(&mut self, name: &str, value: String) -> Result<(), Fault> {
        let on = |value: &str| !matches!(value, "" | "0" | "false");
        if let Some(param) = name.strip_prefix("param_") {
            self.params.push(Param { name: param.to_owned(), value });
            return Ok(());
        }
        match name {
            "query" => self.query.push_str(&value),
            "database" => self.database = Some(value).filter(|database| !database.is_empty()),
            "default_format" => self.format = Some(value).filter(|format| !format.is_empty()),
            "query_id" => {
                if !value.bytes().all(|byte| byte.is_ascii_graphic()) {
                    return Err(Code::BadArguments.says("`query_id` must be visible ASCII without spaces"));
                }
                self.query_id = value;
            }
            "decompress" => self.blocks = on(&value),
            "compress" if on(&value) => {
                return Err(Code::NotImplemented
                    .says("compressed answers are not made by picket-engine; leave `compress` out"));
            }
            "session_id" if !value.is_empty() => {
                return Err(Code::NotImplemented.says(
                    "picket-engine keeps no sessions, each request has its own; leave `session_id` out",
                ));
            }
            "role" => {
                return Err(Code::NotImplemented.says("picket-engine has no roles; leave `role` out"));
            }
            "input_format_values_interpret_expressions" if on(&value) => {
                return Err(Code::QueryNotAllowed
                    .says("expressions are only taken in `INSERT … VALUES (…)` within the statement"));
            }
            "compress" | "session_id" => {}
            other if WITHOUT_EFFECT.contains(&other) => {}
            _ => self.settings.push((name.to_owned(), value)),
        }
        Ok(())
    }
}

/// Refuses what a web page could send: a browser would carry it to any port of this host.
pub(crate) fn refuse_web_pages(headers: &HeaderMap) -> Result<(), Fault> {
    let host = headers.get(HOST).map(|host| String::from_utf8_lossy(host.as_bytes()).into_owned());
    let local = host.is_none_or(|host| {
        let name = match host.rsplit_once(':') {
            Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
            _ => &host,
        };
        matches!(name, "127.0.0.1" | "localhost" | "[::1]")
    });
    let from_page = headers
        .get("sec-fetch-site")
        .is_some_and(|site| !matches!(site.as_bytes(), b"none" | b"same-origin"));
    if !local || from_page {
        return Err(Code::QueryNotAllowed.says(
            "picket-engine answers programs on its own host: ask for 127.0.0.1 or localhost, and not from a web page",
        ));
    }
    Ok(())
}
