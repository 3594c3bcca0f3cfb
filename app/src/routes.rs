//! Which page is at which path.

use leptos::{prelude::*, server_fn::redirect::set_redirect_hook};
use leptos_meta::{Meta, Title, provide_meta_context};
use leptos_router::{
    SsrMode,
    components::{Route, Router, Routes},
    path,
};
use shared::path;

use crate::{
    features::{
        account::{sign_in_page::SignInPage, sign_up_page::SignUpPage},
        alerts::{page::AlertsPage, settings_page::AlertSettingsPage},
        audit::page::AuditPage,
        keys::{key_page::page::KeyPage, page::KeysPage},
        roles::{new_page::RoleNewPage, page::RolesPage, role_page::RolePage},
        settings::page::SettingsPage,
        team::{join_page::JoinPage, page::TeamPage},
        usage::overview_page::OverviewPage,
        whitelist::page::WhitelistPage,
    },
    layout::plain_frame::PlainFrame,
    lazy_page::lazy_page,
    page_answer::set_status,
    session::Session,
    ui::{
        browser,
        toast::{ToastRegion, Toasts},
    },
};

/// The whole application.
#[component]
pub fn App() -> impl IntoView {
    provide_meta_context();
    Toasts::provide();
    Session::provide();
    // Only signing up, in and out send the browser elsewhere. The page is loaded anew then, so that nothing of one
    // person's data stays in memory for the next. Set before the router, which would keep the memory.
    _ = set_redirect_hook(browser::load);
    view! {
        <Title formatter=|title: String| format!("{title} · IPAware")/>
        <Meta name="description" content="API keys of your organization: who holds them, what they may do, and who manages them."/>
        <Router>
            <Routes fallback=NotFoundPage>
                <Route path=path!("/") view=lazy_page!(OverviewPage) ssr=SsrMode::Async/>
                <Route path=path!("/sign-in") view=lazy_page!(SignInPage in account) ssr=SsrMode::Async/>
                <Route path=path!("/sign-up") view=lazy_page!(SignUpPage in account) ssr=SsrMode::Async/>
                <Route path=path!("/join") view=lazy_page!(JoinPage in account) ssr=SsrMode::Async/>
                <Route path=path!("/keys") view=lazy_page!(KeysPage) ssr=SsrMode::Async/>
                <Route path=path!("/keys/:id") view=lazy_page!(KeyPage) ssr=SsrMode::Async/>
                <Route path=path!("/roles") view=lazy_page!(RolesPage) ssr=SsrMode::Async/>
                <Route path=path!("/roles/new") view=lazy_page!(RoleNewPage) ssr=SsrMode::Async/>
                <Route path=path!("/roles/:id") view=lazy_page!(RolePage) ssr=SsrMode::Async/>
                <Route path=path!("/team") view=lazy_page!(TeamPage) ssr=SsrMode::Async/>
                <Route path=path!("/audit") view=lazy_page!(AuditPage) ssr=SsrMode::Async/>
                <Route path=path!("/whitelist") view=lazy_page!(WhitelistPage) ssr=SsrMode::Async/>
                <Route path=path!("/alerts") view=lazy_page!(AlertsPage) ssr=SsrMode::Async/>
                <Route path=path!("/alerts/settings") view=lazy_page!(AlertSettingsPage) ssr=SsrMode::Async/>
                <Route path=path!("/settings") view=lazy_page!(SettingsPage) ssr=SsrMode::Async/>
            </Routes>
        </Router>
        <ToastRegion/>
    }
}

#[component]
fn NotFoundPage() -> impl IntoView {
    set_status(404);
    view! {
        <Title text="Not found"/>
        <PlainFrame>
            <h1>"There is no such page"</h1>
            <p>"The link may be old or mistyped."</p>
            <p><a class="button button-primary" href=path::KEYS>"Go to the API keys"</a></p>
        </PlainFrame>
    }
}
