//! HTTP as it is written, so that tests can write it wrong.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rustls::crypto::ring;
use serde_json::Value;
use ureq::Agent;
use ureq::tls::{Certificate, RootCerts, TlsConfig};

/// How long an answer may take.
const ANSWER: Duration = Duration::from_secs(60);

/// What listens on a port of 127.0.0.1.
pub(super) struct Http {
    pub(super) port: u16,
}

/// An answer.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) method: String,
    pub(super) status: u16,
    pub(super) kind: String,
    pub(super) head: String,
    pub(super) body: String,
}

impl Http {
    pub(super) fn connect(&self) -> Result<TcpStream> {
        let stream = TcpStream::connect(("127.0.0.1", self.port)).context("connect to the HTTP interface")?;
        stream.set_read_timeout(Some(ANSWER))?;
        Ok(stream)
    }

    /// Sends these bytes.
    pub(super) fn send(&self, request: &[u8]) -> Result<Reply> {
        let mut stream = self.connect()?;
        // It may be refused before it is sent.
        let _ = stream.write_all(request);
        let mut answer = Vec::new();
        let read = stream.read_to_end(&mut answer);
        let answer = String::from_utf8_lossy(&answer).into_owned();
        let (head, body) =
            answer.split_once("\r\n\r\n").with_context(|| format!("read an answer: {read:?} {answer}"))?;
        let status =
            head.split(' ').nth(1).and_then(|status| status.parse().ok()).context("read the status")?;
        let method = request.split(|byte| *byte == b' ').next().unwrap_or_default();
        let mut reply = Reply {
            method: String::from_utf8_lossy(method).into_owned(),
            status,
            kind: String::new(),
            head: head.to_owned(),
            body: body.to_owned(),
        };
        reply.kind = reply.header("content-type").unwrap_or_default();
        Ok(reply)
    }

    /// Asks as a program does; a body is JSON.
    pub(super) fn ask(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&str>,
    ) -> Result<Reply> {
        let mut head = format!("{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\n", self.port);
        for (name, value) in headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        if let Some(body) = body {
            head.push_str(&format!("Content-Type: application/json\r\nContent-Length: {}\r\n", body.len()));
        }
        self.send(format!("{head}\r\n{}", body.unwrap_or_default()).as_bytes())
    }
}

impl Reply {
    pub(super) fn header(&self, name: &str) -> Option<String> {
        self.head.lines().find_map(|line| {
            let (known, value) = line.split_once(':')?;
            known.eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
        })
    }

    /// The JSON of an answer with this status.
    pub(super) fn json(&self, status: u16) -> Result<Value> {
        ensure!(self.status == status && self.kind == "application/json", "{self:?}");
        serde_json::from_str(&self.body).with_context(|| format!("read {self:?}"))
    }

    /// The code of an error with this status.
    pub(super) fn code(&self, status: u16) -> Result<String> {
        let error = &self.json(status)?["error"];
        ensure!(error["message"].is_string(), "{self:?}");
        Ok(error["code"].as_str().with_context(|| format!("find the code in {self:?}"))?.to_owned())
    }
}

pub(super) fn basic(user: &str, password: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{user}:{password}")))
}

pub(super) fn bearer(token: &str) -> String {
    format!("Bearer {token}")
}

/// Status and body of what a client gets that trusts this authority.
pub(super) fn over_tls(authority: &Path, address: &str, proof: &str) -> Result<(u16, String)> {
    let authority =
        Certificate::from_pem(&fs::read(authority)?).context("read the authority's certificate")?;
    let tls = TlsConfig::builder()
        .root_certs(RootCerts::from([authority]))
        .unversioned_rustls_crypto_provider(Arc::new(ring::default_provider()))
        .build();
    let config = Agent::config_builder().tls_config(tls).proxy(None).http_status_as_error(false);
    let mut answer =
        Agent::new_with_config(config.build()).get(address).header("authorization", proof).call()?;
    Ok((answer.status().as_u16(), answer.body_mut().read_to_string()?))
}
