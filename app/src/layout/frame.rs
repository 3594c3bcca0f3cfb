//! The frame of pages for members: the sidebar, which is a drawer on narrow screens, and the page beside it.

use leptos::prelude::*;
use leptos_router::components::A;
use shared::{account::Viewer, path};

use super::account_menu::AccountMenu;
use crate::ui::{
    browser,
    icon::{Glyph, Icon},
};

/// The sidebar's id: on narrow screens it is a popover, which opens without any script.
const SIDEBAR: &str = "sidebar";

/// The product's name.
#[component]
pub(super) fn Brand() -> impl IntoView {
    view! { <span class="brand"><span class="brand-mark"><Glyph icon=Icon::Key/></span>"IPAware"</span> }
}

/// For whoever goes through the page by keyboard.
#[component]
pub(super) fn SkipLink() -> impl IntoView {
    view! { <a class="skip-link" href="#main" rel="external">"Skip to content"</a> }
}

/// The frame.
#[component]
pub fn Frame(
    /// The person it is drawn for.
    viewer: Viewer,
    /// The page.
    children: Children,
) -> impl IntoView {
    let organization = viewer.organization_name.clone();
    view! {
        <div class="frame">
            <SkipLink/>
            <header class="topbar">
                <button type="button" class="button-icon" popovertarget=SIDEBAR aria-label="Open navigation">
                    <Glyph icon=Icon::Menu/>
                </button>
                <Brand/>
            </header>
            <aside id=SIDEBAR class="sidebar" popover="auto" aria-label="Sidebar">
                <div class="sidebar-head">
                    <Brand/>
                    <span class="organization" title=organization.clone()>{organization.clone()}</span>
                </div>
                <nav aria-label="Main" on:click=|_| browser::hide_popover(SIDEBAR)>
                    <A href=path::KEYS><Glyph icon=Icon::Key/>"API Keys"</A>
                </nav>
                <AccountMenu viewer/>
            </aside>
            <main id="main" class="content" tabindex="-1">{children()}</main>
        </div>
    }
}
