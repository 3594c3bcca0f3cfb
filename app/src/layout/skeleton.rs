//! The first load in the browser.

use leptos::prelude::*;

/// The shape of what comes, so that nothing jumps.
#[component]
pub fn Skeleton() -> impl IntoView {
    view! {
        <div class="skeleton" role="status" aria-label="Loading">
            <span class="skeleton-title"></span>
            {(0..6).map(|_| view! { <span class="skeleton-row"></span> }).collect_view()}
        </div>
    }
}
