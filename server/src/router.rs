//! Which path leads where: the API under `/v1`, pages and server functions, files, and what is nowhere.

use std::sync::LazyLock;

use axum::{
    Router,
    extract::{Request, State},
    response::{IntoResponse as _, Response},
    routing::get,
};
use http::{
    HeaderValue, Method, StatusCode,
    header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE},
};
use leptos::prelude::{provide_context, use_context};
use leptos_axum::{AxumRouteListing, LeptosRoutes as _, ResponseOptions};

use crate::{
    docs, downloads,
    middleware::{is_below, security_headers::page_policy},
    state::AppState,
    v1::{self, envelope::Problem},
};

/// `/.well-known/security.txt` (RFC 9116), when a contact is configured.
const SECURITY_TXT: &str = "/.well-known/security.txt";
/// RFC 9116, section 2.5.5, recommends less than a year.
const SECURITY_TXT_DAYS: i64 = 180;

/// Where the pages are. Collected once in a process: meanwhile Leptos keeps every resource from loading, also those of a
/// page that another server of the same process is rendering (as in tests), and that page would never be finished.
static PAGES: LazyLock<Vec<AxumRouteListing>> = LazyLock::new(|| leptos_axum::generate_route_list(app::App));

/// All routes. Needs a runtime: collecting the pages runs the application once.
///
/// The answers are not complete without [`crate::middleware::Edge`], which writes errors out and adds headers.
pub fn router(state: AppState) -> Router {
    let mut router = v1::router().merge(docs::router()).merge(downloads::router());
    if state.policy.security_contact.is_some() {
        router = router.route(SECURITY_TXT, get(security_txt));
    }
    router
        .leptos_routes_with_context(&state, PAGES.clone(), page_context(&state), page_shell(&state))
        .method_not_allowed_fallback(async || Problem::wrong_method())
        .fallback(elsewhere)
        .with_state(state)
}

/// What pages and server functions find in their context.
fn page_context(state: &AppState) -> impl Fn() + Clone + Send + Sync + 'static {
    let backend = state.backend.clone();
    move || {
        provide_context(backend.clone());
        // Leptos makes a nonce for every page it renders and puts it on its own scripts.
        if let (Some(nonce), Some(options)) = (leptos::nonce::use_nonce(), use_context::<ResponseOptions>())
            && let Some(policy) = page_policy(&nonce)
        {
            options.insert_header(CONTENT_SECURITY_POLICY, policy);
        }
    }
}

fn page_shell(state: &AppState) -> impl Fn() -> leptos::prelude::AnyView + Clone + Send + Sync + 'static {
    use leptos::prelude::IntoAny as _;
    let assets = state.site.assets();
    move || app::shell(assets.clone()).into_any()
}

/// A file of the site, or nothing. Programs are told so in JSON, people on a page.
async fn elsewhere(State(state): State<AppState>, request: Request) -> Response {
    let path = request.uri().path();
    let is_read = matches!(*request.method(), Method::GET | Method::HEAD);
    if !is_read || is_below(path, "/v1") || is_below(path, shared::path::SERVER_FUNCTIONS) {
        return Problem::no_such_path().into_response();
    }
    if let Some(file) = state.site.respond(path, request.headers()) {
        return file;
    }
    let page = leptos_axum::render_app_async_with_context(page_context(&state), page_shell(&state));
    page(request).await
}

async fn security_txt(State(state): State<AppState>) -> Response {
    let Some(contact) = &state.policy.security_contact else { return StatusCode::NOT_FOUND.into_response() };
    let expires = state.backend.now().plus_days(SECURITY_TXT_DAYS).rfc3339();
    let canonical = state.policy.public_url.as_ref();
    let canonical = canonical.map(|url| format!("Canonical: {url}{SECURITY_TXT}\n")).unwrap_or_default();
    let text = format!("Contact: {contact}\nExpires: {expires}\n{canonical}");
    ([(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"))], text).into_response()
}
