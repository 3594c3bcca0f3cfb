//! A page that the person may not see.

use leptos::prelude::*;

use super::page_header::PageHeader;
use crate::{
    page_answer::set_status,
    ui::{empty_state::EmptyState, icon::Icon},
};

/// Which page it is, what is refused, what it takes and whom to ask; the answer's status says so too.
#[component]
pub fn Forbidden(
    /// The page's title.
    page: &'static str,
    /// "You cannot see the API keys"
    title: &'static str,
    /// What [`shared::account::Viewer::refusal`] says.
    refusal: String,
) -> impl IntoView {
    set_status(403);
    view! {
        <PageHeader title=page/>
        <EmptyState icon=Icon::Lock title>
            <p>{refusal}</p>
        </EmptyState>
    }
}
