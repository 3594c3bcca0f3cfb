//! The page around the sections.

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_params_map;
use shared::{
    AppError, KeyId, Permission,
    account::Viewer,
    key::{KeyDetail, KeyStatus},
    path,
};

use super::{
    super::{dialogs::KeyDialog, rate_limits::RateLimitsSection, tab::Refusals},
    audit::AuditSection,
    desk::Desk,
    facts::FactsSection,
    header::KeyHeader,
    notes::NotesSection,
    refusals::RefusalsSection,
    usage::UsageSection,
};
use crate::{
    features::whitelist::networks_section::NetworksSection,
    layout::{forbidden::Forbidden, loaded::latest, page_header::PageHeader, section::Section, skeleton::Skeleton},
    page_answer::set_status,
    session::{Protected, Session},
    ui::unavailable::Unavailable,
};

/// The page. Its resources are made here, once; what is below may be built several times on the server.
#[component]
pub fn KeyPage() -> impl IntoView {
    let params = use_params_map();
    let id = Memo::new(move |_| params.read().get("id").and_then(|id| id.parse::<KeyId>().ok()));
    let desk = Desk::new(Session::get(), id);
    view! {
        <Title text="API key"/>
        <Protected content=move |viewer| match viewer.refusal(Permission::KeyView, "see the API keys") {
            Some(refusal) => view! { <Forbidden page="API key" title="You cannot see the API keys" refusal/> }.into_any(),
            None => {
                let viewer = StoredValue::new(viewer);
                view! { <Transition fallback=|| view! { <Skeleton/> }><Loaded desk viewer/></Transition> }.into_any()
            }
        }/>
    }
}

#[component]
fn Loaded(desk: Desk, viewer: StoredValue<Viewer>) -> impl IntoView {
    let (good, error) = latest(desk.detail);
    let gone = Memo::new(move |_| matches!(*error.read(), Some(AppError::NotFound { .. })));
    let why = move || error.get().filter(|_| !gone.get());
    // What was read before stays while there is trouble, but never under another key's address.
    let shown = move || {
        good.get().filter(|detail| error.read().is_none() || (!gone.get() && Some(detail.key.id) == desk.id.get()))
    };
    let retry = Callback::new(move |()| desk.tab.reread());
    view! {
        {move || why().map(|error| view! { <Unavailable why=error.to_string() on_retry=retry/> })}
        {move || gone.get().then(|| view! { <NoSuchKey/> })}
        // Keyed, so that another key gets a page of its own.
        <For
            each=shown
            key=|detail| detail.key.id
            children=move |first| view! { <Content desk first good viewer/> }
        />
    }
}

#[component]
fn NoSuchKey() -> impl IntoView {
    set_status(404);
    view! {
        <Title text="API key not found"/>
        <PageHeader title="There is no such API key" sentence="The link may be mistyped, or lead to another organization."/>
        <p><a class="button" href=path::KEYS>"Show all API keys"</a></p>
    }
}

#[component]
fn Content(
    desk: Desk,
    /// The key when it was first shown.
    first: KeyDetail,
    good: Memo<Option<KeyDetail>>,
    viewer: StoredValue<Viewer>,
) -> impl IntoView {
    let id = first.key.id;
    let detail = Memo::new(move |before: Option<&KeyDetail>| {
        let newer = good.get().filter(|detail| detail.key.id == id);
        newer.unwrap_or_else(|| before.unwrap_or(&first).clone())
    });
    let now = Memo::new(move |_| detail.read().now);
    let roles = Memo::new(move |_| detail.read().roles.clone());
    let name = Memo::new(move |_| detail.read().key.name.clone());
    let refusals = StoredValue::new(viewer.with_value(Refusals::of));
    let editable = Memo::new(move |_| detail.read().key.status != KeyStatus::Revoked);
    let update_refused = Memo::new(move |_| {
        let over = || Some("A revoked key is never used again.".to_owned());
        if editable.get() { refusals.read_value().update.clone() } else { over() }
    });
    view! {
        <Title text=move || name.get()/>
        <div class="sections">
            <KeyHeader desk detail refusals/>
            {move || {
                editable.get()
                    .then(|| view! { <noscript>"Changing something needs JavaScript. Reading works without."</noscript> })
            }}
            <FactsSection detail viewer/>
            <UsageSection desk id viewer/>
            <RefusalsSection desk id now viewer/>
            <Section
                id="networks"
                title="Allowed addresses"
                sentence="From where this key may be used, besides the organization's whitelist."
            >
                <NetworksSection list=desk.networks viewer=viewer.get_value() fixed=Signal::derive(move || !editable.get())/>
            </Section>
            <RateLimitsSection tab=desk.tab key=id limits=desk.limits refused=update_refused/>
            <NotesSection desk detail viewer/>
            <AuditSection desk id viewer/>
        </div>
        <KeyDialog tab=desk.tab now roles allowance=Memo::new(|_| None)/>
    }
}
