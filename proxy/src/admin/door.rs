//! Lets requests in and has them answered. What is of one's own host only, and what a web page must not send, is refused
//! before anything of it is looked at.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use audit::writer::Progress;
use bytes::Bytes;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HOST, ORIGIN};
use hyper::{HeaderMap, Method, Request, StatusCode, Uri};
use policy::Approver;
use rustls::ServerConfig;
use serde::Deserialize;
use session::Stop;
use tokio::time::timeout;

use super::answer::{self, Answer, Fault};
use super::browsers::Browsers;
use super::routes::{self, Route};
use super::shown::{self, Approval, GrantShown, Outcome, Session};
use super::{metrics, proof};
use crate::authority;
use crate::config::Config;
use crate::connection::Shared;
use crate::console::command;
use crate::stopping::Stopping;
use crate::throttle::Attempt;

/// Longest body of a request.
const BODY_BYTES_MAX: usize = 16 << 10;

/// How long a body may take to come.
const BODY_WAIT: Duration = Duration::from_secs(10);

/// What a form of a page sends.
const FORM: &str = "application/x-www-form-urlencoded";

/// What is answered here, in the words of OpenAPI 3.1.
pub(super) const OPENAPI: &str = include_str!("openapi.json");

/// What is needed to answer.
pub(crate) struct Door {
    pub(super) shared: Arc<Shared>,
    stopping: Stopping,
    progress: Arc<Progress>,
    pub(super) browsers: Browsers,
}

/// What an answer says.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Said {
    #[serde(rename = "for")]
    time: Option<String>,
    #[serde(default)]
    reason: String,
}

impl Door {
    pub(crate) fn new(shared: Arc<Shared>, stopping: Stopping, progress: Arc<Progress>) -> Self {
        Door { shared, stopping, progress, browsers: Browsers::default() }
    }

    /// TLS, as the configuration has it at the moment.
    pub(super) fn tls(&self) -> Option<Arc<ServerConfig>> {
        self.shared.config.now().admin.as_ref().and_then(|admin| admin.tls.clone())
    }

    /// Answers a request.
    pub(super) async fn answer(&self, client: SocketAddr, request: Request<Incoming>) -> Answer {
        match self.try_answer(client, request).await {
            Ok(answer) => answer,
            Err(fault) => {
                tracing::debug!(%client, %fault, "request refused");
                fault.answer()
            }
        }
    }

    async fn try_answer(&self, client: SocketAddr, request: Request<Incoming>) -> Result<Answer, Fault> {
        let (head, body) = request.into_parts();
        let config = self.shared.config.now();
        let has_tls = config.admin.as_ref().is_some_and(|admin| admin.tls.is_some());
        let found = routes::find(&head.method, head.uri.path());
        let is_page = found.as_ref().is_ok_and(|(route, _)| route.is_page());
        check_place(&head.uri, &head.headers, has_tls, is_page)?;
        let (route, id) = found?;
        match route {
            Route::Health => return Ok(self.health()),
            Route::OpenApi => return Ok(answer::text(StatusCode::OK, answer::JSON, OPENAPI.to_owned())),
            Route::Metrics => {
                let text = metrics::text(&self.shared, &self.progress);
                return Ok(answer::text(StatusCode::OK, metrics::TYPE, text));
            }
            Route::SignedIn => return self.signed_in(&head.uri, &head.headers).await,
            Route::OpenLink => return self.open_link(id, &head.headers).await,
            Route::AnswerLink => {
                let form = whole(&head.headers, body, FORM).await?;
                return self.answer_link(id, &head.headers, &form).await;
            }
            Route::Approvals
            | Route::Approval
            | Route::Approve
            | Route::Deny
            | Route::Grants
            | Route::Revoke
            | Route::Sessions
            | Route::Kill => {}
        }
        let attempt =
            Attempt { throttle: &self.shared.throttle, limits: &config.limits, address: client.ip() };
        let somebody = proof::somebody(&head.headers, &self.shared, attempt).await?;
        let approver = somebody.approver(&config);
        let said = match head.method {
            Method::POST => said(&head.headers, body).await?,
            _ => Said { time: None, reason: reason(&head.uri)? },
        };
        self.run(route, id, approver, said, client, &config).await
    }

    async fn run(
        &self,
        route: Route,
        id: &str,
        somebody: Approver,
        said: Said,
        client: SocketAddr,
        config: &Config,
    ) -> Result<Answer, Fault> {
        let (shared, approvals, user) = (&self.shared, &self.shared.approvals, somebody.user.clone());
        let Said { time, reason } = said;
        if time.is_some() && route != Route::Approve {
            return Err(Fault::BadBody("`for` is said with an approval".to_owned()));
        }
        match route {
            Route::Approvals => {
                let seen = approvals.seen_by(&somebody);
                let approvals = seen.iter().map(|(held, by)| Approval::of(held, by, None)).collect();
                Ok(answer::json(&shown::Approvals { approvals }))
            }
            Route::Approval => {
                let seen = approvals.seen_by(&somebody);
                let found = seen.iter().find(|(held, _)| held.is_called(id));
                let (held, by) =
                    found.ok_or_else(|| Fault::NotFound(format!("nothing waits under \"{id}\"")))?;
                Ok(answer::json(&Approval::of(held, by, Some(&somebody))))
            }
            Route::Approve => {
                let time = time.as_deref().map(command::time).transpose().map_err(Fault::BadBody)?;
                let done = approvals.approve(id, somebody, time, &reason)?;
                tracing::info!(request = id, user, %client, "approved over HTTP");
                Ok(answer::json(&Outcome::of(done.outcome().await)))
            }
            Route::Deny => {
                approvals.deny(id, &somebody, &reason)?;
                tracing::info!(request = id, user, %client, "denied over HTTP");
                Ok(answer::json(&Outcome::new("denied")))
            }
            Route::Grants => {
                let seen = approvals.grants_seen_by(&somebody);
                let grants = seen.iter().map(|grant| GrantShown::of(grant)).collect();
                Ok(answer::json(&shown::Grants { grants }))
            }
            Route::Revoke => {
                approvals.revoke(id, &somebody, &reason)?;
                tracing::info!(grant = id, user, %client, "revoked over HTTP");
                Ok(answer::json(&Outcome::new("revoked")))
            }
            Route::Sessions => {
                let seen = authority::sessions_seen_by(shared, config, &somebody);
                let sessions = seen.iter().map(|about| Session::of(about)).collect();
                Ok(answer::json(&shown::Sessions { sessions }))
            }
            Route::Kill => {
                let session_id = authority::kill(shared, config, &somebody, id, reason)?;
                tracing::info!(%session_id, user, %client, "session killed over HTTP");
                Ok(answer::json(&Outcome::new("killed")))
            }
            Route::Health
            | Route::Metrics
            | Route::OpenApi
            | Route::SignedIn
            | Route::OpenLink
            | Route::AnswerLink => Err(Fault::NoSuchPath),
        }
    }

    /// Whether new connections are taken: for whoever balances them.
    fn health(&self) -> Answer {
        match self.stopping.clone().now() {
            Stop::No => answer::text(StatusCode::OK, answer::JSON, r#"{"status":"ok"}"#.to_owned()),
            Stop::WhenIdle | Stop::Now => {
                let stopping = r#"{"status":"stopping"}"#.to_owned();
                answer::text(StatusCode::SERVICE_UNAVAILABLE, answer::JSON, stopping)
            }
        }
    }
}

/// Refuses what a web page could send: a browser would carry it to any address that it reaches, and by a name that its maker has
/// given that address ("DNS rebinding"). A page for people may be where a link of another page leads.
fn check_place(uri: &Uri, headers: &HeaderMap, has_tls: bool, is_page: bool) -> Result<(), Fault> {
    let mut hosts = headers.get_all(HOST).iter();
    let (Some(host), None, None) = (hosts.next(), hosts.next(), uri.authority()) else {
        return Err(Fault::BadRequest("a request names its host once, in `Host`".to_owned()));
    };
    let host = host.to_str().unwrap_or_default();
    // With TLS it is the certificate that other names do not fit.
    if !has_tls && !is_loopback_name(host) {
        return Err(Fault::OtherHost);
    }
    let from_elsewhere = !is_page
        && headers
            .get("sec-fetch-site")
            .is_some_and(|site| !matches!(site.as_bytes(), b"none" | b"same-origin"));
    let is_own = |origin: &str| origin.split_once("://").is_some_and(|(_, place)| place == host);
    let has_other_origin = headers.get_all(ORIGIN).iter().any(|origin| !origin.to_str().is_ok_and(is_own));
    if from_elsewhere || has_other_origin {
        return Err(Fault::ForeignPage);
    }
    Ok(())
}

fn is_loopback_name(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    matches!(name, "127.0.0.1" | "localhost" | "[::1]")
}

/// The reason in `?reason=`, and nothing else.
fn reason(uri: &Uri) -> Result<String, Fault> {
    let mut reason = String::new();
    for (name, value) in url::form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes()) {
        match &*name {
            "reason" => reason = value.into_owned(),
            _ => return Err(Fault::BadRequest("only `?reason=` is said so".to_owned())),
        }
    }
    Ok(reason)
}

/// What a body says. A form in a page cannot send JSON: only a program can, and a script of the same place.
async fn said(headers: &HeaderMap, body: Incoming) -> Result<Said, Fault> {
    let bytes = whole(headers, body, answer::JSON).await?;
    if bytes.is_empty() {
        return Ok(Said::default());
    }
    serde_json::from_slice(&bytes).map_err(|error| Fault::BadBody(error.to_string()))
}

/// A body of this type, once it is there.
async fn whole(headers: &HeaderMap, body: Incoming, kind: &'static str) -> Result<Bytes, Fault> {
    let mut kinds = headers.get_all(CONTENT_TYPE).iter();
    let (Some(said), None) = (kinds.next(), kinds.next()) else { return Err(Fault::MediaType(kind)) };
    let said = said.to_str().unwrap_or_default().split(';').next().unwrap_or_default().trim();
    if !said.eq_ignore_ascii_case(kind) {
        return Err(Fault::MediaType(kind));
    }
    let whole = timeout(BODY_WAIT, Limited::new(body, BODY_BYTES_MAX).collect());
    let bytes = whole.await.map_err(|_| Fault::SlowBody)?.map_err(|error| {
        if error.is::<LengthLimitError>() {
            return Fault::TooLarge(BODY_BYTES_MAX);
        }
        Fault::BadRequest("the body did not come whole".to_owned())
    })?;
    Ok(bytes.to_bytes())
}
