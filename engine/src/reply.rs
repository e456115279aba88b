//! Writes answers and faults as HTTP, with the headers that ClickHouse's clients look for.

use bytes::Bytes;
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full};
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::{Response, StatusCode};

use crate::chdb::Summary;
use crate::engine::Facts;
use crate::fault::Fault;
use crate::outlet::{Broken, Head, Pieces};

/// Any answer's body.
pub(crate) type Reply = Response<BoxBody<Bytes, Broken>>;

const PLAIN: &str = "text/plain; charset=UTF-8";

/// A short text, such as the answer to a ping.
pub(crate) fn text(status: StatusCode, text: &'static str) -> Reply {
    let mut reply = Response::new(Full::from(text).map_err(|never| match never {}).boxed());
    *reply.status_mut() = status;
    put(&mut reply, CONTENT_TYPE.as_str(), PLAIN);
    reply
}

/// A statement's answer.
pub(crate) fn answer(head: &Head, pieces: Pieces, facts: &Facts, query_id: &str, tag: &str) -> Reply {
    let mut reply = Response::new(pieces.boxed());
    put(&mut reply, CONTENT_TYPE.as_str(), content_type(&head.format));
    put(&mut reply, "x-clickhouse-format", &head.format);
    put(&mut reply, "x-clickhouse-timezone", &facts.timezone);
    put(&mut reply, "x-clickhouse-exception-tag", tag);
    let Summary { rows_read, bytes_read, rows_written, bytes_written } = head.summary;
    let summary = format!(
        "{{\"read_rows\":\"{rows_read}\",\"read_bytes\":\"{bytes_read}\",\"written_rows\":\"{rows_written}\",\
         \"written_bytes\":\"{bytes_written}\",\"result_rows\":\"0\"}}"
    );
    put(&mut reply, "x-clickhouse-summary", &summary);
    identify(&mut reply, facts, query_id);
    reply
}

/// Why there is no answer.
pub(crate) fn fault(fault: &Fault, facts: &Facts, query_id: &str) -> Reply {
    let body = Full::from(format!("{}\n", fault.text()));
    let mut reply = Response::new(body.map_err(|never| match never {}).boxed());
    *reply.status_mut() = fault.status();
    put(&mut reply, CONTENT_TYPE.as_str(), PLAIN);
    put(&mut reply, "x-clickhouse-exception-code", &fault.code().to_string());
    identify(&mut reply, facts, query_id);
    reply
}

fn identify(reply: &mut Reply, facts: &Facts, query_id: &str) {
    put(reply, "x-clickhouse-query-id", query_id);
    put(reply, "x-clickhouse-server-display-name", &facts.host);
}

/// A value that no header can hold is left out.
fn put(reply: &mut Reply, name: &'static str, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        reply.headers_mut().insert(name, value);
    }
}

fn content_type(format: &str) -> &'static str {
    match format {
        "TSV" | "TabSeparated" | "TSVWithNames" | "TabSeparatedWithNames" => {
            "text/tab-separated-values; charset=UTF-8"
        }
        "CSV" | "CSVWithNames" => "text/csv; charset=UTF-8; header=absent",
        "JSON" | "JSONCompact" => "application/json; charset=UTF-8",
        "JSONEachRow" | "JSONLines" | "NDJSON" => "application/x-ndjson; charset=UTF-8",
        "Native" | "RowBinary" | "RowBinaryWithNamesAndTypes" | "Parquet" => "application/octet-stream",
        _ => PLAIN,
    }
}
