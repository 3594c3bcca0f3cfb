//! Links to the other pages of a list. Links, so that they can be shared, opened in a tab and used without scripts.

use leptos::prelude::*;
use shared::page::Page;

use super::icon::{Glyph, Icon};

/// Where in the list this page is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Position {
    /// `1–25 of 132`
    pub span: String,
    /// The link to the page before, if there is one.
    pub previous: Option<String>,
    /// The link to the page after, if there is one.
    pub next: Option<String>,
}

impl Position {
    /// Where this page is, by the address that each page of the list has.
    #[must_use]
    pub fn of<T>(page: &Page<T>, href: impl Fn(u32) -> String) -> Self {
        Self {
            span: page.span(),
            previous: (page.number > 1).then(|| href(page.number.saturating_sub(1))),
            next: (page.number < page.pages()).then(|| href(page.number.saturating_add(1))),
        }
    }
}

/// The span and both links.
#[component]
pub fn Pager(
    /// Where this page is.
    #[prop(into)]
    position: Signal<Position>,
) -> impl IntoView {
    let link = move |label: &'static str, icon: Icon, to: Option<String>| {
        // A link without `href` is a disabled one (HTML, "links created by a and area elements").
        let disabled = to.is_none().then_some("true");
        let role = to.is_none().then_some("link");
        view! {
            <a class="button" href=to role=role aria-disabled=disabled>
                <Glyph icon/>
                <span>{label}</span>
            </a>
        }
    };
    view! {
        <nav class="pager" aria-label="Pages">
            <span class="pager-span">{move || position.read().span.clone()}</span>
            {move || link("Previous", Icon::Previous, position.read().previous.clone())}
            {move || link("Next", Icon::Next, position.read().next.clone())}
        </nav>
    }
}
