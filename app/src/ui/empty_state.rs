//! What a page shows when it has nothing else to show, and what to do about it.

use leptos::prelude::*;

use super::icon::{Glyph, Icon};

/// A picture, a heading, a few words and perhaps an action.
#[component]
pub fn EmptyState(
    /// The picture.
    icon: Icon,
    /// What is the case.
    title: &'static str,
    /// Why, and what to do.
    children: Children,
) -> impl IntoView {
    view! {
        <div class="empty-state">
            <span class="empty-state-icon"><Glyph icon/></span>
            <h2>{title}</h2>
            {children()}
        </div>
    }
}
