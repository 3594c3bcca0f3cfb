//! The tab when there is no table to show: loading, nothing yet, no match, not allowed, not reachable.

use leptos::prelude::*;
use shared::{AppError, Permission, path};

use super::tab::Tab;
use crate::{
    page_answer::set_status,
    ui::{
        banner::{Banner, Severity},
        button::GuardedButton,
        empty_state::EmptyState,
        icon::Icon,
    },
};

/// The first load in the browser: the shape of what comes, so that nothing jumps.
#[component]
pub(super) fn Skeleton() -> impl IntoView {
    view! {
        <div class="skeleton" role="status" aria-label="Loading">
            <span class="skeleton-title"></span>
            {(0..6).map(|_| view! { <span class="skeleton-row"></span> }).collect_view()}
        </div>
    }
}

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
pub(super) fn NoMatch(tab: Tab) -> impl IntoView {
    let search = move || tab.params.read().search.clone();
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

/// The viewer may not see keys at all.
#[component]
pub(super) fn Forbidden() -> impl IntoView {
    set_status(403);
    view! {
        <EmptyState icon=Icon::Lock title="You cannot see the API keys">
            <p>
                "Your role cannot see API keys. It needs "<code>{Permission::KeyView.name()}</code>
                "; an Organization Admin can grant it."
            </p>
        </EmptyState>
    }
}

/// The list could not be read; what was read before stays below.
#[component]
pub(super) fn Unavailable(tab: Tab, error: AppError) -> impl IntoView {
    view! {
        <div role="alert">
            <Banner severity=Severity::Error>
                <p>{error.to_string()}</p>
                <button type="button" class="button" on:click=move |_| tab.list.refetch()>"Try again"</button>
            </Banner>
        </div>
    }
}
