//! Pages for browsers. They need no script, load nothing from anywhere, and everything that somebody else has chosen is text in them.

use std::sync::LazyLock;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hyper::StatusCode;
use hyper::header::{CONTENT_SECURITY_POLICY, HeaderValue, REFERRER_POLICY, X_FRAME_OPTIONS};
use maud::{DOCTYPE, Markup, PreEscaped, html};
use sha2::{Digest, Sha256};

use super::answer::{self, Answer};
use crate::console::visible;

const HTML: &str = "text/html; charset=utf-8";

const STYLE: &str = "\
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1c2733;background:#fff}\
h1{font-size:1.4rem}th{text-align:left;vertical-align:top;white-space:nowrap;padding:.3rem 1.5rem .3rem 0;font-weight:600}\
td{white-space:pre-wrap;overflow-wrap:anywhere;padding:.3rem 0;font-family:ui-monospace,monospace;font-size:.9rem}\
tr{border-bottom:1px solid #dde3ea}table{border-collapse:collapse;width:100%;margin:1rem 0}\
label{display:block;margin:1rem 0 .2rem}input[type=text]{font:inherit;padding:.4rem;width:100%;box-sizing:border-box}\
select,button{font:inherit;padding:.4rem 1.2rem;margin:1rem .6rem 1rem 0}\
@media(prefers-color-scheme:dark){body{color:#dde3ea;background:#14191f}tr{border-color:#2b3540}}";

/// Nothing but the style above, and forms that go back to this host.
static POLICY: LazyLock<String> = LazyLock::new(|| {
    let style = STANDARD.encode(Sha256::digest(STYLE));
    format!(
        "default-src 'none'; style-src 'sha256-{style}'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    )
});

/// How long a grant may be given for, as it is offered.
const TIMES: [&str; 4] = ["15m", "1h", "8h", "24h"];

/// What a form says.
pub(super) struct Form<'a> {
    /// Where it goes.
    pub(super) address: &'a str,
    /// What shows that it is this browser's.
    pub(super) secret: &'a str,
}

fn page(status: StatusCode, title: &str, content: &Markup) -> Answer {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (title) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                h1 { (title) }
                (content)
            }
        }
    };
    let mut answer = answer::text(status, HTML, page.into_string());
    let headers = answer.headers_mut();
    if let Ok(policy) = HeaderValue::from_str(&POLICY) {
        headers.insert(CONTENT_SECURITY_POLICY, policy);
    }
    headers.insert(X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    // The address of a link is for this host alone; `no-referrer` would take `Origin` from forms too.
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    answer
}

/// A request with all that is known, and how it can be answered.
pub(super) fn request(facts: &[Vec<String>], user: &str, form: &Form<'_>) -> Answer {
    let content = html! {
        p { "You are signed in as " b { (visible(user)) } "." }
        table {
            @for fact in facts {
                @if let [what, value] = fact.as_slice() && !value.is_empty() {
                    tr { th scope="row" { (what) } td { (visible(value)) } }
                }
            }
        }
        form method="post" action=(form.address) {
            input type="hidden" name="form" value=(form.secret);
            label for="reason" { "Reason (the requester is told it where you deny)" }
            input type="text" id="reason" name="reason" maxlength="1000" autocomplete="off";
            label for="for" { "Approve" }
            select id="for" name="for" {
                option value="" { "this once" }
                @for time in TIMES { option value=(time) { "this and what is alike, for " (time) } }
            }
            br;
            button name="answer" value="approve" { "Approve" }
            button name="answer" value="deny" { "Deny" }
        }
    };
    page(StatusCode::OK, "A statement waits for your approval", &content)
}

/// A sentence or two.
pub(super) fn message(status: StatusCode, title: &str, text: &str) -> Answer {
    page(status, title, &html! { p { (visible(text)) } })
}
