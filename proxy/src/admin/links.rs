//! What a link leads to: whoever opens one signs in at the identity provider, sees the request and answers it, as at the other doors.
//! Opening a link answers nothing: only a form that this page has made does.

use hyper::header::{LOCATION, ORIGIN, SET_COOKIE};
use hyper::{HeaderMap, StatusCode, Uri};
use url::form_urlencoded;

use super::answer::{self, Answer, Fault};
use super::browsers::{
    SIGN_IN_WAIT, SIGNED_IN, SIGNED_IN_FOR, SIGNING_IN, SignedIn, SigningIn, cookie, set_cookie,
};
use super::door::Door;
use super::pages::{self, Form};
use crate::approvals::{AnswerError, Approved};
use crate::authority::Somebody;
use crate::config::{Config, LinksConfig};
use crate::console::{self, command};
use crate::links::Link;
use crate::oidc::{Provider, secret};

/// Where links are.
const PLACE: &str = "/links/";

/// Why there is no page of a request.
const OLD: Said = (
    StatusCode::GONE,
    "This link leads nowhere any more",
    "The request was answered, given up or too old, or this link has answered already.",
);
const UNKNOWN: Said = (
    StatusCode::NOT_FOUND,
    "This link leads nowhere",
    "It is not whole, or it is from before the proxy's last start: what waited then waits no more.",
);
const NOT_SIGNED_IN: &str = "You are not signed in";

/// Status, title and text of a page.
type Said = (StatusCode, &'static str, &'static str);

fn said((status, title, text): Said) -> Answer {
    pages::message(status, title, text)
}

fn not_signed_in(status: StatusCode, why: &str) -> Answer {
    pages::message(status, NOT_SIGNED_IN, &format!("{why} Open the link again."))
}

impl Door {
    /// Shows a request to whoever has signed in; anybody else goes to the provider first.
    pub(super) async fn open_link(&self, address: &str, headers: &HeaderMap) -> Result<Answer, Fault> {
        let config = self.shared.config.now();
        let (links, provider) = pages_of(&config)?;
        let link = match self.link(address) {
            Ok(link) => link,
            Err(page) => return Ok(said(page)),
        };
        let shown = self.browsers.with(headers, |signed_in| self.show(link, address, signed_in, &config));
        if let Some(page) = shown {
            return Ok(page);
        }
        Ok(match provider.sign_in(links).await {
            Ok((begun, page)) => {
                let cookie = set_cookie(SIGNING_IN, &begun.state, SIGN_IN_WAIT);
                self.browsers.begin(SigningIn { begun, address: address.to_owned() });
                go_to(&page, &[cookie])
            }
            Err(why) => {
                tracing::warn!(%why, "nobody can sign in to answer a request");
                let why = "The identity provider does not answer; Picket's log has the reason.";
                not_signed_in(StatusCode::SERVICE_UNAVAILABLE, why)
            }
        })
    }

    /// A browser comes back from the provider's page.
    pub(super) async fn signed_in(&self, uri: &Uri, headers: &HeaderMap) -> Result<Answer, Fault> {
        let config = self.shared.config.now();
        let (links, provider) = pages_of(&config)?;
        let parameter = |name: &str| {
            let all = form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes());
            let mut found = all.filter(|(known, _)| known == name).map(|(_, value)| value.into_owned());
            found.next().filter(|_| found.next().is_none())
        };
        let state = parameter("state").unwrap_or_default();
        // It is the browser that has begun: nobody is signed in as whoever sent them here.
        let is_own = cookie(headers, SIGNING_IN).is_some_and(|known| known == state);
        let begun = if is_own { self.browsers.comes_back(&state) } else { None };
        let Some(SigningIn { begun, address }) = begun else {
            return Ok(not_signed_in(
                StatusCode::BAD_REQUEST,
                "This is no sign-in that began in this browser, or it took too long.",
            ));
        };
        // RFC 9207: another provider's answer is none.
        if parameter("iss").is_some_and(|issuer| issuer != provider.issuer()) {
            return Ok(not_signed_in(StatusCode::BAD_REQUEST, "Another identity provider has answered."));
        }
        let Some(code) = parameter("code") else {
            let error = console::cut(&parameter("error").unwrap_or_default(), console::LISTED_LETTERS_MAX);
            let why = format!("The identity provider says: {error}.");
            return Ok(not_signed_in(StatusCode::FORBIDDEN, &why));
        };
        let (user, person) = match provider.signed_in(links, begun, code).await {
            Ok(somebody) => somebody,
            Err(why) => {
                tracing::info!(%why, "somebody has not signed in to answer a request");
                let why = "The identity provider's word for you is not good; Picket's log has the reason.";
                return Ok(not_signed_in(StatusCode::FORBIDDEN, why));
            }
        };
        // A name under `[[user]]` is that user, and nobody else.
        if config.users.contains_key(&user) {
            return Ok(not_signed_in(StatusCode::FORBIDDEN, "Your name is that of a local user."));
        }
        let somebody = match Somebody::admit(user, Some(person)) {
            Ok(somebody) => somebody,
            Err(acts) => {
                return Ok(not_signed_in(
                    StatusCode::FORBIDDEN,
                    &format!("{acts}: nobody answers for another."),
                ));
            }
        };
        let (Ok(value), Ok(form)) = (secret(), secret()) else {
            return Ok(not_signed_in(StatusCode::SERVICE_UNAVAILABLE, "There are no random numbers."));
        };
        tracing::info!(user = somebody.user, "signed in to answer requests");
        self.browsers.enter(&value, SignedIn { somebody, form });
        let cookies =
            [set_cookie(SIGNED_IN, &value, SIGNED_IN_FOR), set_cookie(SIGNING_IN, "", SIGN_IN_WAIT)];
        Ok(go_to(&format!("{PLACE}{address}"), &cookies))
    }

    /// Takes the answer of a form.
    pub(super) async fn answer_link(
        &self,
        address: &str,
        headers: &HeaderMap,
        body: &[u8],
    ) -> Result<Answer, Fault> {
        // A browser says where a form was; what says nothing of it is none.
        if !headers.contains_key(ORIGIN) {
            return Err(Fault::ForeignPage);
        }
        let config = self.shared.config.now();
        pages_of(&config)?;
        let link = match self.link(address) {
            Ok(link) => link,
            Err(page) => return Ok(said(page)),
        };
        let field = |name: &str| {
            let mut all = form_urlencoded::parse(body).filter(|(known, _)| known == name);
            all.next().map(|(_, value)| value.into_owned()).unwrap_or_default()
        };
        let answered = self.browsers.with(headers, |signed_in| {
            if signed_in.form != field("form") {
                return Err(Fault::ForeignPage);
            }
            let somebody = signed_in.somebody.approver(&config);
            let (user, name, reason) = (somebody.user.clone(), link.request.to_string(), field("reason"));
            let approvals = &self.shared.approvals;
            let outcome = match field("answer").as_str() {
                "approve" => {
                    let time = Some(field("for")).filter(|time| !time.is_empty());
                    let time = time.as_deref().map(command::time).transpose().map_err(Fault::BadRequest)?;
                    approvals.by_link(link, || approvals.approve(&name, somebody, time, &reason))
                }
                "deny" => {
                    let denied = approvals.by_link(link, || approvals.deny(&name, &somebody, &reason));
                    return Ok(denied.map(|()| (user, None)));
                }
                _ => {
                    return Err(Fault::BadRequest(
                        "a form says `answer=approve` or `answer=deny`".to_owned(),
                    ));
                }
            };
            Ok(outcome.map(|approving| (user, Some(approving))))
        });
        match answered {
            None => Ok(not_signed_in(
                StatusCode::UNAUTHORIZED,
                "Ten minutes are over, or you have not signed in.",
            )),
            Some(Err(fault)) => Err(fault),
            Some(Ok(Ok((user, approving)))) => {
                let text = match approving {
                    Some(approving) => what_follows(&approving.outcome().await),
                    None => "It does not run.".to_owned(),
                };
                tracing::info!(request = %link.request, user, "answered by a link");
                Ok(pages::message(StatusCode::OK, "Your answer counts", &text))
            }
            Some(Ok(Err(error))) => Ok(refused(error)),
        }
    }

    /// The link of an address, where it can still answer.
    fn link(&self, address: &str) -> Result<Link, Said> {
        let approvals = &self.shared.approvals;
        let link = approvals.links.read(address).ok_or(UNKNOWN)?;
        approvals.may_answer(link).then_some(link).ok_or(OLD)
    }

    /// The request, for whoever may answer it.
    fn show(&self, link: Link, address: &str, signed_in: &SignedIn, config: &Config) -> Answer {
        let somebody = signed_in.somebody.approver(config);
        let seen = self.shared.approvals.seen_by(&somebody);
        let Some((held, by)) = seen.iter().find(|(held, _)| held.id == link.request) else {
            // It may have ended a moment ago; else it is for others, and nothing of it is for this one.
            let why = "It is for others to answer, or waits no more.";
            return pages::message(StatusCode::FORBIDDEN, "This request is not for you", why);
        };
        if held.principal == somebody.user {
            return refused(AnswerError::Own);
        }
        let address = format!("{PLACE}{address}");
        let form = Form { address: &address, secret: &signed_in.form };
        pages::request(&console::details(held, by, &somebody), &somebody.user, &form)
    }
}

/// Whether there are pages, and who says who opens them.
fn pages_of(config: &Config) -> Result<(&LinksConfig, &std::sync::Arc<Provider>), Fault> {
    let links = config.approvals.as_ref().and_then(|approvals| approvals.links.as_ref());
    links.zip(config.oidc.as_ref()).ok_or(Fault::NoSuchPath)
}

fn what_follows(approved: &Approved) -> String {
    match approved {
        Approved::Whole => "The statement runs.".to_owned(),
        Approved::Granted => {
            "The statement runs, and so does what is alike, for as long as was said.".to_owned()
        }
        Approved::Missing(missing) => format!("It still waits for {}.", missing.join(", ")),
        Approved::Anew(request) => {
            format!("The statement has changed meanwhile, and is asked about anew as request {request}.")
        }
        Approved::Behind(request) => format!("The statement runs once request {request} is approved too."),
        Approved::Refused => "Policies that have changed meanwhile refuse the statement.".to_owned(),
        Approved::Unknown => "The statement's session has not got to it yet.".to_owned(),
    }
}

fn refused(error: AnswerError) -> Answer {
    let fault = Fault::Answer(error);
    pages::message(fault.status(), "Your answer does not count", &format!("{fault}."))
}

/// Sends a browser elsewhere, by GET.
fn go_to(address: &str, cookies: &[String]) -> Answer {
    let mut answer = answer::text(StatusCode::SEE_OTHER, "text/plain", String::new());
    let headers = answer.headers_mut();
    if let Ok(address) = address.parse() {
        headers.insert(LOCATION, address);
    }
    for cookie in cookies.iter().filter_map(|cookie| cookie.parse().ok()) {
        headers.append(SET_COOKIE, cookie);
    }
    answer
}
