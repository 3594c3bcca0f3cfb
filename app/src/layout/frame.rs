//! The frame of pages for members: the sidebar, which is a drawer on narrow screens, and the page beside it.

use leptos::prelude::*;
use leptos_router::components::A;
use shared::{Permission, account::Viewer, path};

use super::{
    account_menu::AccountMenu,
    bell::{Bell, keep_counting},
    organization_switch::OrganizationName,
};
use crate::ui::{
    browser,
    icon::{Glyph, Icon},
};

/// The sidebar's id: on narrow screens it is a popover, which opens without any script.
const SIDEBAR: &str = "sidebar";

/// The pages: what it takes to see each, where it is, and what stands in the sidebar. Everybody may see the overview,
/// which says what is missing, and the settings, as some of them are their own.
const PAGES: [(Option<Permission>, &str, Icon, &str); 8] = [
    (None, path::HOME, Icon::Chart, "Overview"),
    (Some(Permission::KeyView), path::KEYS, Icon::Key, "API Keys"),
    (Some(Permission::RoleView), path::ROLES, Icon::Shield, "Roles"),
    (Some(Permission::MemberView), path::TEAM, Icon::People, "Team"),
    (Some(Permission::WhitelistView), path::WHITELIST, Icon::Globe, "Whitelist"),
    (Some(Permission::AuditView), path::AUDIT, Icon::Scroll, "Audit"),
    (Some(Permission::UsageView), path::ALERTS, Icon::Bell, "Alerts"),
    (None, path::SETTINGS, Icon::Sliders, "Settings"),
];

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
    keep_counting(&viewer);
    view! {
        <div class="frame">
            <SkipLink/>
            <header class="topbar">
                <button type="button" class="button-icon" popovertarget=SIDEBAR aria-label="Open navigation">
                    <Glyph icon=Icon::Menu/>
                </button>
                <Brand/>
                <Bell viewer=viewer.clone()/>
            </header>
            <aside id=SIDEBAR class="sidebar" popover="auto" aria-label="Sidebar">
                <div class="sidebar-head">
                    <div class="sidebar-top"><Brand/><Bell viewer=viewer.clone()/></div>
                    <OrganizationName viewer=viewer.clone()/>
                </div>
                <nav aria-label="Main" on:click=|_| browser::hide_popover(SIDEBAR)>
                    {PAGES
                        .into_iter()
                        .filter(|(needs, ..)| needs.is_none_or(|permission| viewer.may(permission)))
                        .map(|(_, href, icon, label)| view! { <A href=href exact=href == path::HOME><Glyph icon/>{label}</A> })
                        .collect_view()}
                </nav>
                <AccountMenu viewer/>
            </aside>
            <main id="main" class="content" tabindex="-1">{children()}</main>
        </div>
    }
}
