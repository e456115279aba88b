//! What can be asked for: paths and methods, as `openapi.json` describes them.

use hyper::Method;

use super::answer::Fault;
use crate::links::LINK_LETTERS;

/// What one request asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Route {
    Health,
    Metrics,
    OpenApi,
    Approvals,
    Approval,
    Approve,
    Deny,
    Grants,
    Revoke,
    Sessions,
    Kill,
    SignedIn,
    OpenLink,
    AnswerLink,
}

impl Route {
    /// Whether people come there with a browser, from pages of others.
    pub(super) fn is_page(self) -> bool {
        matches!(self, Route::SignedIn | Route::OpenLink)
    }
}

/// The names of a path may be anything where a pattern has `{id}`.
const ROUTES: [(&str, Method, Route); 11] = [
    ("/healthz", Method::GET, Route::Health),
    ("/metrics", Method::GET, Route::Metrics),
    ("/openapi.json", Method::GET, Route::OpenApi),
    ("/v1/approvals", Method::GET, Route::Approvals),
    ("/v1/approvals/{id}", Method::GET, Route::Approval),
    ("/v1/approvals/{id}/approve", Method::POST, Route::Approve),
    ("/v1/approvals/{id}/deny", Method::POST, Route::Deny),
    ("/v1/grants", Method::GET, Route::Grants),
    ("/v1/grants/{id}", Method::DELETE, Route::Revoke),
    ("/v1/sessions", Method::GET, Route::Sessions),
    ("/v1/sessions/{id}", Method::DELETE, Route::Kill),
];

/// Pages for browsers, of which `openapi.json` says nothing.
const PAGES: [(&str, Method, Route); 3] = [
    ("/links/signed-in", Method::GET, Route::SignedIn),
    ("/links/{link}", Method::GET, Route::OpenLink),
    ("/links/{link}", Method::POST, Route::AnswerLink),
];

/// What a path and method ask for, and of which request, grant or session. A path is taken as it is written: nothing in it is
/// decoded, and `.` and `..` are names that nothing has.
pub(super) fn find<'p>(method: &Method, path: &'p str) -> Result<(Route, &'p str), Fault> {
    let mut allowed = None;
    for (pattern, wanted, route) in ROUTES.iter().chain(&PAGES) {
        let Some(id) = matches(pattern, path) else { continue };
        if wanted == method {
            return Ok((*route, id));
        }
        allowed = Some(match *wanted {
            Method::POST => "POST",
            Method::DELETE => "DELETE",
            _ => "GET",
        });
    }
    Err(allowed.map_or(Fault::NoSuchPath, Fault::Method))
}

/// The name in the place of `{id}`, where the path is of the pattern.
fn matches<'p>(pattern: &str, path: &'p str) -> Option<&'p str> {
    let mut id = "";
    let (mut pattern, mut path) = (pattern.split('/'), path.split('/'));
    loop {
        match (pattern.next(), path.next()) {
            (None, None) => return Some(id),
            (Some("{id}"), Some(name)) => id = Some(name).filter(|name| is_name(name))?,
            (Some("{link}"), Some(name)) => id = Some(name).filter(|name| is_link(name))?,
            (Some(expected), Some(name)) if expected == name => {}
            _ => return None,
        }
    }
}

/// A UUID, or the end of one.
fn is_name(name: &str) -> bool {
    (1..=36).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-')
}

/// Base64 for addresses, as long as a link is.
fn is_link(name: &str) -> bool {
    name.len() == LINK_LETTERS
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::Value;

    use super::*;

    #[test]
    fn what_is_described_is_what_is_answered() {
        let described: Value = serde_json::from_str(super::super::door::OPENAPI).unwrap();
        let paths = described["paths"].as_object().unwrap();
        let described: BTreeSet<(String, String)> = paths
            .iter()
            .flat_map(|(path, of)| {
                of.as_object().unwrap().keys().map(|method| (path.clone(), method.to_uppercase()))
            })
            .filter(|(_, method)| method != "PARAMETERS")
            .collect();
        let answered =
            ROUTES.iter().map(|(path, method, _)| ((*path).to_owned(), method.to_string())).collect();
        assert_eq!(described, answered);
    }

    #[test]
    fn a_path_is_taken_as_it_is_written() {
        fn of(method: Method, path: &str) -> Result<(Route, &str), String> {
            find(&method, path).map_err(|fault| fault.to_string())
        }
        assert_eq!(of(Method::GET, "/v1/approvals"), Ok((Route::Approvals, "")));
        assert_eq!(of(Method::GET, "/v1/approvals/1a2b3c4d"), Ok((Route::Approval, "1a2b3c4d")));
        assert_eq!(of(Method::POST, "/v1/approvals/1a2b/deny"), Ok((Route::Deny, "1a2b")));
        assert_eq!(of(Method::PUT, "/v1/grants/1a"), Err("only DELETE is answered there".to_owned()));
        let link = format!("/links/{}", "aZ0-_".repeat(18)[..LINK_LETTERS].to_owned());
        let of_link = |method| find(&method, &link).map(|(route, name)| (route, name.len()));
        assert_eq!(of_link(Method::GET).ok(), Some((Route::OpenLink, LINK_LETTERS)));
        assert_eq!(of_link(Method::POST).ok(), Some((Route::AnswerLink, LINK_LETTERS)));
        for path in [
            "",
            "/",
            "/links/",
            "/links/short",
            &link[..link.len() - 1],
            &format!("{link}/"),
            &format!("{}%", &link[..link.len() - 1]),
            "//v1/approvals",
            "/v1/approvals/",
            "/v1/approvals//approve",
            "/v1/approvals/../grants",
            "/v1/approvals/..%2f..%2fetc%2fpasswd",
            "/v1/approvals/%31a",
            "/v1/approvals/1a2b3c4d/approve/",
            "/v1/approvals/{id}",
            "/V1/approvals",
            "/healthz/../v1/approvals",
            "/v1/approvals/0000000000000000000000000000000000000",
            "/v1/approvals;x=1",
            "/v1\\approvals",
        ] {
            let nothing = Fault::NoSuchPath.to_string();
            assert_eq!(of(Method::GET, path), Err(nothing), "{path}");
        }
    }
}
