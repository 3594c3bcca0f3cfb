//! The one door between a server function and the backend: who asks, from where, and how an error leaves.

use std::sync::Arc;

use backend::{
    Backend, Failure,
    audit::Tried,
    calendar::Zone,
    context::{Anonymous, Context, RequestInfo},
};
use http::{HeaderMap, HeaderValue, Method, StatusCode, header, request::Parts};
use leptos::prelude::{expect_context, use_context};
use leptos_axum::ResponseOptions;
use serde_json::Value;
use shared::{AppError, Permission, path};

use crate::error::{ApiError, ApiResult};

/// What a server function was called with, as it was sent. The edge leaves it here, so that a refusal can say what it was
/// about. It may hold a password: nothing but ids is ever taken out of it.
#[derive(Clone)]
pub struct Arguments(pub Arc<dyn AsRef<[u8]> + Send + Sync>);

/// Authenticates the person, runs `f`, and gives the answer the error's HTTP status. What they may not do is noted for
/// the audit trail here, for every server function there is.
pub(crate) async fn respond<T, F>(f: impl FnOnce(Context) -> F) -> ApiResult<T>
where
    F: Future<Output = Result<T, Failure>>,
{
    respond_anonymous(async |visitor| {
        let context = visitor.authenticate().await?;
        let here = context.clone();
        let answer = f(context).await;
        answer.inspect_err(|failure| here.note_refusal(tried(&expect_context::<Parts>()), failure))
    })
    .await
}

/// Like [`respond`], for the few functions that work without a session.
pub(crate) async fn respond_anonymous<T, F>(f: impl FnOnce(Anonymous) -> F) -> ApiResult<T>
where
    F: Future<Output = Result<T, Failure>>,
{
    let (visitor, cross_site) = visitor();
    let request_id = visitor.request_id().to_owned();
    let result = if cross_site { Err(AppError::CrossSite.into()) } else { f(visitor).await };
    result.map_err(|failure| {
        let error = failure.report(&request_id);
        // Whoever was sent here by another site is not sent back to it.
        if error == AppError::CrossSite || !is_plain_form() {
            set_status(error.status());
        }
        ApiError(error)
    })
}

/// The cookie in which the browser says in which time zone it is; the script in the document's head writes it.
pub(crate) const ZONE: &str = "zone";

/// The viewer's time zone, or UTC where the browser does not say, as without scripts.
pub(crate) fn zone() -> Zone {
    let parts = use_context::<Parts>();
    let named = parts.as_ref().and_then(|parts| {
        let (_, name) = cookies(&parts.headers).find(|(cookie, _)| *cookie == ZONE)?;
        Zone::of(name)
    });
    named.unwrap_or_else(Zone::utc)
}

/// Whether the browser itself has posted a form and waits for a page. Leptos answers it with a redirection back to the
/// form, the error in the address; any other status would leave the person in front of bare JSON.
fn is_plain_form() -> bool {
    use_context::<Parts>().is_some_and(|parts| {
        let accept = parts.headers.get(header::ACCEPT).and_then(|value| value.to_str().ok());
        parts.method == Method::POST && accept.is_some_and(|accept| accept.contains("text/html"))
    })
}

/// Notes for the audit trail that somebody asked for a page that they may not see.
pub(crate) async fn note_page(permission: Permission) {
    let (visitor, _) = visitor();
    if let Ok(context) = visitor.authenticate().await {
        context.note_refusal(tried(&expect_context::<Parts>()), &AppError::Forbidden { permission }.into());
    }
}

/// What the request under way wanted: functions are named like the actions that they are, and everything else is a page.
fn tried(parts: &Parts) -> Tried {
    let path = parts.uri.path();
    match path.strip_prefix(path::SERVER_FUNCTIONS).and_then(|rest| rest.strip_prefix('/')) {
        Some(function) => {
            let target = parts.extensions.get::<Arguments>().and_then(|Arguments(sent)| target((**sent).as_ref()));
            Tried::new(function.replacen('_', ".", 1), target.as_deref())
        }
        None => Tried::new("page.open", Some(path)),
    }
}

/// The id that a server function's arguments name, by the names that ids have there.
fn target(arguments: &[u8]) -> Option<String> {
    let arguments: Value = serde_json::from_slice(arguments).ok()?;
    let named = ["/id", "/params/id", "/to", "/name"].into_iter().find_map(|place| arguments.pointer(place)?.as_str());
    named.map(str::to_owned)
}

/// Sets the status of the page or the answer under way.
pub(crate) fn set_status(status: u16) {
    if let (Some(options), Ok(status)) = (use_context::<ResponseOptions>(), StatusCode::from_u16(status)) {
        options.set_status(status);
    }
}

/// Adds a header to the answer under way.
pub(crate) fn append_header(name: header::HeaderName, value: HeaderValue) {
    if let Some(options) = use_context::<ResponseOptions>() {
        options.append_header(name, value);
    }
}

/// Whoever sent the request under way, and whether another site made their browser send it.
fn visitor() -> (Anonymous, bool) {
    let parts = expect_context::<Parts>();
    let (visitor, cross_site) = sender(&expect_context::<Backend>(), &parts);
    // A page may be opened by a link from anywhere; only what can change something has to come from our own pages.
    let reads = matches!(parts.method, Method::GET | Method::HEAD);
    (visitor, !reads && cross_site)
}

/// Whoever sent a request, and whether another site made their browser send it.
#[must_use]
pub fn sender(backend: &Backend, parts: &Parts) -> (Anonymous, bool) {
    let request = parts.extensions.get::<RequestInfo>().cloned().unwrap_or_default();
    (backend.visitor(request, cookies(&parts.headers)), is_cross_site(&parts.headers))
}

/// Whether a browser started this request from another site.
///
/// Every current browser says so in `Sec-Fetch-Site` (Fetch Metadata, W3C); older ones send `Origin` with every POST
/// (OWASP, Cross-Site Request Forgery Prevention, "Fetch Metadata" and "Verifying Origin"). A request with neither
/// comes from no browser, so it carries nobody's cookie by accident.
fn is_cross_site(headers: &HeaderMap) -> bool {
    let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    match (text("sec-fetch-site"), text("origin")) {
        (Some(site), _) => !matches!(site, "same-origin" | "none"),
        (None, Some(origin)) => {
            let host = origin.split_once("://").map(|(_, host)| host);
            host.is_none() || host != text("host")
        }
        (None, None) => false,
    }
}

fn cookies(headers: &HeaderMap) -> impl Iterator<Item = (&str, &str)> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cross_site(pairs: &[(&'static str, &'static str)]) -> bool {
        let headers = pairs
            .iter()
            .map(|(n, v)| (header::HeaderName::from_static(n), HeaderValue::from_static(v)))
            .collect::<HeaderMap>();
        is_cross_site(&headers)
    }

    #[test]
    fn nothing_but_the_id_is_taken_out_of_arguments() {
        for (sent, right) in [
            (r#"{"id":"key_1","reason":"It leaked."}"#, Some("key_1")),
            (r#"{"params":{"id":"role_1","name":"Readers"}}"#, Some("role_1")),
            (r#"{"to":"mem_1","password":"plain purple elephants"}"#, Some("mem_1")),
            (r#"{"current":"plain purple elephants"}"#, None),
            ("current=plain", None),
        ] {
            assert_eq!(target(sent.as_bytes()).as_deref(), right, "{sent}");
        }
    }

    #[test]
    fn our_own_pages_and_programs_are_let_through() {
        assert!(!cross_site(&[("sec-fetch-site", "same-origin"), ("origin", "https://a.example")]));
        assert!(!cross_site(&[("origin", "https://a.example"), ("host", "a.example")]));
        assert!(!cross_site(&[("origin", "http://127.0.0.1:3000"), ("host", "127.0.0.1:3000")]));
        assert!(!cross_site(&[("host", "a.example")]));
    }

    #[test]
    fn other_sites_are_refused() {
        assert!(cross_site(&[("sec-fetch-site", "cross-site")]));
        assert!(cross_site(&[("sec-fetch-site", "same-site")]));
        assert!(cross_site(&[("origin", "https://evil.example"), ("host", "a.example")]));
        assert!(cross_site(&[("origin", "null"), ("host", "a.example")]));
    }
}
