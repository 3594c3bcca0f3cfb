//! The one door between a server function and the backend: who asks, from where, and how an error leaves.

use backend::{
    Backend, Failure,
    calendar::Zone,
    context::{Anonymous, Context, RequestInfo},
};
use http::{HeaderMap, HeaderValue, Method, StatusCode, header, request::Parts};
use leptos::prelude::{expect_context, use_context};
use leptos_axum::ResponseOptions;
use shared::AppError;

use crate::error::{ApiError, ApiResult};

/// Authenticates the person, runs `f`, and gives the answer the error's HTTP status.
pub(crate) async fn respond<T, F>(f: impl FnOnce(Context) -> F) -> ApiResult<T>
where
    F: Future<Output = Result<T, Failure>>,
{
    respond_anonymous(async |visitor| {
        let context = visitor.authenticate().await?;
        f(context).await
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
    let request = parts.extensions.get::<RequestInfo>().cloned().unwrap_or_default();
    let visitor = expect_context::<Backend>().visitor(request, cookies(&parts.headers));
    // A page may be opened by a link from anywhere; only what can change something has to come from our own pages.
    let reads = matches!(parts.method, Method::GET | Method::HEAD);
    (visitor, !reads && is_cross_site(&parts.headers))
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
