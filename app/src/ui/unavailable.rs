//! Something could not be read.

use leptos::prelude::*;

use super::banner::{Banner, Severity};

/// Says why, and offers to try again. What was read before stays below.
#[component]
pub fn Unavailable(
    /// Why.
    why: String,
    /// Reads it again.
    on_retry: Callback<()>,
) -> impl IntoView {
    view! {
        <div role="alert">
            <Banner severity=Severity::Error>
                <p>{why}</p>
                <button type="button" class="button needs-scripts" on:click=move |_| on_retry.run(())>"Try again"</button>
            </Banner>
        </div>
    }
}
