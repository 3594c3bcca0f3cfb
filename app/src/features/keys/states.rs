//! The tab when there is no table to show: nothing yet, or no match.

use leptos::prelude::*;
use shared::{key::KeyListParams, path};

use crate::ui::{button::GuardedButton, empty_state::EmptyState, icon::Icon};

/// The organization has no key that could be used.
#[component]
pub(super) fn NoKeys(
    /// Why the viewer may not create one.
    refused: Option<String>,
    /// Opens the create dialog.
    create: Callback<()>,
) -> impl IntoView {
    let revoked = format!("{}?status=revoked", path::KEYS);
    view! {
        <EmptyState icon=Icon::Key title="No API keys yet">
            <p>
                "An API key is what an application sends to show who it is. It has a name, one role that says what it may do, and a secret key that is shown once, when you create it."
            </p>
            <GuardedButton
                label="Create your first key"
                class="button button-primary"
                refused=Signal::stored(refused.clone())
                on_press=create
            />
            {refused.map(|why| view! { <p class="muted">{why}</p> })}
            <p><a href=revoked>"Show revoked keys"</a></p>
        </EmptyState>
    }
}

/// There are keys, but none that the filters let through.
#[component]
pub(super) fn NoMatch(params: Memo<KeyListParams>) -> impl IntoView {
    let search = move || params.read().search.clone();
    view! {
        <EmptyState icon=Icon::Search title="No key matches">
            <p>
                {move || match search() {
                    text if text.is_empty() => "No key matches these filters.".to_owned(),
                    text => format!("No key matches “{text}” and the other filters. Search finds names, Key IDs and the last four characters of a secret key."),
                }}
            </p>
            <p><a class="button" href=path::KEYS>"Clear filters"</a></p>
        </EmptyState>
    }
}
