//! The frame of pages for people who are not signed in: one card in the middle.

use leptos::prelude::*;

use super::frame::{Brand, SkipLink};

/// The card and the name of the product above it.
#[component]
pub fn PlainFrame(
    /// What is on the card.
    children: Children,
) -> impl IntoView {
    view! {
        <div class="plain-frame">
            <SkipLink/>
            <header><Brand/></header>
            <main id="main" class="card" tabindex="-1">{children()}</main>
        </div>
    }
}
