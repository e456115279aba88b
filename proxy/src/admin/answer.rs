//! Answers of the HTTP interface: JSON, also where something is wrong. Each error has a code that programs can go by.

use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use hyper::{Response, StatusCode};
use serde::Serialize;
use serde_json::json;
use thiserror::Error;

use crate::approvals::AnswerError;
use crate::authority::KillError;

pub(super) type Answer = Response<Full<Bytes>>;

pub(super) const JSON: &str = "application/json";

/// Why there is no other answer.
#[derive(Debug, Error)]
pub(super) enum Fault {
    #[error("{0}")]
    BadRequest(String),
    #[error("the body is no JSON that is taken here: {0}")]
    BadBody(String),
    #[error(
        "show a token of the identity provider (Authorization: Bearer), or name and password of a [[user]] (Basic)"
    )]
    NoProof,
    #[error("the token or password is not good; Picket's log has the reason")]
    WrongProof,
    #[error("nobody answers here for another: {0}")]
    ActsForAnother(String),
    #[error("too many wrong passwords or tokens; try again later")]
    TooManyProofs { wait_secs: u64 },
    #[error("what a web page of another place sends is not taken")]
    ForeignPage,
    #[error("ask for this host by 127.0.0.1, localhost or [::1]")]
    OtherHost,
    #[error("there is nothing of that name; GET /openapi.json says what there is")]
    NoSuchPath,
    #[error("{0}")]
    NotFound(String),
    #[error("only {0} is answered there")]
    Method(&'static str),
    #[error("the body must be {0}")]
    MediaType(&'static str),
    #[error("the body has more than {0} bytes")]
    TooLarge(usize),
    #[error("the body did not come in time")]
    SlowBody,
    #[error(transparent)]
    Answer(#[from] AnswerError),
    #[error(transparent)]
    Kill(#[from] KillError),
}

impl Fault {
    pub(super) fn status(&self) -> StatusCode {
        self.kind().0
    }

    fn kind(&self) -> (StatusCode, &'static str) {
        match self {
            Fault::BadRequest(_) | Fault::BadBody(_) => (StatusCode::BAD_REQUEST, "bad_request"),
            Fault::Kill(KillError::LongReason) => (StatusCode::BAD_REQUEST, "bad_request"),
            Fault::NoProof | Fault::WrongProof => (StatusCode::UNAUTHORIZED, "unauthenticated"),
            Fault::ActsForAnother(_) => (StatusCode::FORBIDDEN, "acts_for_another"),
            Fault::ForeignPage => (StatusCode::FORBIDDEN, "foreign_page"),
            Fault::Answer(AnswerError::Own) => (StatusCode::FORBIDDEN, "own_request"),
            Fault::Answer(AnswerError::NotOfGroup(_)) => (StatusCode::FORBIDDEN, "not_of_group"),
            Fault::Kill(KillError::NoGroup | KillError::NotOfGroup(_)) => {
                (StatusCode::FORBIDDEN, "not_of_group")
            }
            Fault::NoSuchPath => (StatusCode::NOT_FOUND, "no_such_path"),
            Fault::NotFound(_)
            | Fault::Answer(AnswerError::Unknown(_) | AnswerError::NoGrant(_))
            | Fault::Kill(KillError::Unknown(_)) => (StatusCode::NOT_FOUND, "not_found"),
            Fault::Method(_) => (StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed"),
            Fault::SlowBody => (StatusCode::REQUEST_TIMEOUT, "timeout"),
            Fault::Answer(AnswerError::Ambiguous(_)) | Fault::Kill(KillError::Ambiguous(_)) => {
                (StatusCode::CONFLICT, "ambiguous")
            }
            Fault::Answer(AnswerError::Again) => (StatusCode::CONFLICT, "already_approved"),
            Fault::Answer(AnswerError::Spent) => (StatusCode::GONE, "spent"),
            Fault::Answer(AnswerError::Full) => (StatusCode::CONFLICT, "too_many_grants"),
            Fault::TooLarge(_) => (StatusCode::PAYLOAD_TOO_LARGE, "too_large"),
            Fault::MediaType(_) => (StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type"),
            Fault::OtherHost => (StatusCode::MISDIRECTED_REQUEST, "other_host"),
            Fault::TooManyProofs { .. } => (StatusCode::TOO_MANY_REQUESTS, "too_many_attempts"),
            Fault::Answer(AnswerError::NotRecorded(_)) => (StatusCode::SERVICE_UNAVAILABLE, "not_recorded"),
        }
    }

    pub(super) fn answer(&self) -> Answer {
        let (status, code) = self.kind();
        // The log has the causes of what is not recorded.
        let body = json!({ "error": { "code": code, "message": self.to_string() } });
        let mut answer = text(status, JSON, body.to_string());
        let headers = answer.headers_mut();
        match self {
            // Not Basic: a browser would ask for a password, and from then on send it with what any page wants.
            Fault::NoProof | Fault::WrongProof => {
                headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"picket\""));
            }
            Fault::Method(allowed) => {
                headers.insert(ALLOW, HeaderValue::from_static(allowed));
            }
            Fault::TooManyProofs { wait_secs } => {
                headers.insert(RETRY_AFTER, HeaderValue::from(*wait_secs));
            }
            _ => {}
        }
        answer
    }
}

/// What was asked for.
pub(super) fn json(body: &impl Serialize) -> Answer {
    // What is shown is made of texts, numbers and lists.
    let body = serde_json::to_string(body).unwrap_or_default();
    text(StatusCode::OK, JSON, body)
}

pub(super) fn text(status: StatusCode, kind: &'static str, body: String) -> Answer {
    let mut answer = Response::new(Full::from(body));
    *answer.status_mut() = status;
    let headers = answer.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert("x-content-type-options", HeaderValue::from_static("nosniff"));
    answer
}
