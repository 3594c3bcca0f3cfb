//! A page that the person may not see.

use leptos::prelude::*;

use crate::{
    page_answer::set_status,
    ui::{empty_state::EmptyState, icon::Icon},
};

/// What is refused, what it takes and whom to ask; the answer's status says so too.
#[component]
pub fn Forbidden(
    /// "You cannot see the API keys"
    title: &'static str,
    /// What [`shared::account::Viewer::refusal`] says.
    refusal: String,
) -> impl IntoView {
    set_status(403);
    view! {
        <EmptyState icon=Icon::Lock title>
            <p>{refusal}</p>
        </EmptyState>
    }
}
