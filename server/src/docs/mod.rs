//! What there is to read: `/docs`, the reference of the API with a page for each group of operations, and `/docs/guide`,
//! how to handle keys. All of it reads without scripts.

mod reference;

use std::{iter, sync::LazyLock};

use axum::{
    Router,
    extract::State,
    response::{IntoResponse as _, Response},
    routing::get,
};
use http::{
    HeaderValue,
    header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE},
};
use maud::{DOCTYPE, Markup, PreEscaped, html};
use shared::path;

use crate::{middleware::security_headers::READ_ONLY_PAGE, state::AppState, v1::openapi};

const GUIDE_TITLE: &str = "Working with API keys";

/// What does not change while the server runs.
struct Page {
    path: String,
    title: String,
    /// As HTML.
    body: String,
}

static PAGES: LazyLock<Vec<Page>> = LazyLock::new(|| iter::once(guide()).chain(reference::pages()).collect());

pub(crate) fn router() -> Router<AppState> {
    PAGES.iter().fold(Router::new(), |router, page| router.route(&page.path, get(async |state| answer(state, page))))
}

fn guide() -> Page {
    let (beginning, parts) = parts_of(include_str!("guide.md"));
    let contents = html! {
        @for (title, _) in &parts { li { a href=(format!("#{}", anchor(title))) { (title) } } }
    };
    let main = html! {
        h1 { (GUIDE_TITLE) }
        (markdown(beginning))
        @for (title, text) in &parts {
            section aria-labelledby=(anchor(title)) {
                h2 id=(anchor(title)) { (title) }
                (markdown(text))
            }
        }
    };
    Page { path: path::GUIDE.to_owned(), title: GUIDE_TITLE.to_owned(), body: body(&contents, &main).into_string() }
}

fn answer(State(state): State<AppState>, Page { title, body, .. }: &Page) -> Response {
    let page = page(title, &state.site.assets().css, body).into_string();
    let kind = HeaderValue::from_static("text/html; charset=utf-8");
    ([(CONTENT_TYPE, kind), (CONTENT_SECURITY_POLICY, READ_ONLY_PAGE)], page).into_response()
}

fn page(title: &str, css: &str, body: &str) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="robots" content="noindex";
                title { (title) " · IPAware" }
                link rel="icon" href="/favicon.svg" type="image/svg+xml";
                link rel="stylesheet" href=(format!("/pkg/{css}"));
            }
            body { (PreEscaped(body)) }
        }
    }
}

fn body(contents: &Markup, main: &Markup) -> Markup {
    html! {
        a.skip-link href="#content" { "Skip to content" }
        div.docs {
            header.docs-head {
                p.brand { a href="/" { "IPAware" } }
                nav aria-label="Documentation" {
                    a href=(path::GUIDE) { "Guide" }
                    a href=(path::REFERENCE) { "API reference" }
                    a href=(openapi::PATH) { "openapi.json" }
                }
            }
            nav.docs-contents aria-label="Contents" { ul { (contents) } }
            main #content tabindex="-1" { (main) }
        }
    }
}

/// What stands before the first heading, and each heading with what stands below it.
fn parts_of(text: &str) -> (&str, Vec<(&str, &str)>) {
    let mut parts = text.split("\n## ");
    let beginning = parts.next().unwrap_or_default();
    (beginning, parts.filter_map(|part| part.split_once('\n')).collect())
}

fn anchor(name: &str) -> String {
    name.to_lowercase().replace(' ', "-")
}

/// Our own sentences. What is wider than the page can be scrolled with the keyboard.
fn markdown(text: &str) -> Markup {
    let mut out = String::new();
    pulldown_cmark::html::push_html(&mut out, pulldown_cmark::Parser::new(text));
    PreEscaped(out.replace("<pre>", "<pre tabindex=\"0\">"))
}
