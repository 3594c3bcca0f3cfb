//! The page around the sections.

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::{use_location, use_params_map};
use shared::{
    AppError, KeyId, Permission, Timestamp,
    account::Viewer,
    key::{KeyPage as Page, KeyStatus},
    path,
    usage::Window,
};

use super::{
    super::{
        api::key_page,
        dialogs::KeyDialog,
        tab::{Part, Refusals, Tab, Task},
    },
    access, acts, facts, header, notes, refusals, usage,
};
use crate::{
    error::ApiResult,
    features::usage::series::window_of,
    layout::{forbidden::Forbidden, loaded::latest, page_header::PageHeader, skeleton::Skeleton},
    page_answer::set_status,
    session::{Protected, Session},
    ui::{button::GuardedButton, unavailable::Unavailable},
};

/// What the page asks for.
#[derive(Clone, Copy)]
struct Asked {
    /// The key that the address names; `None` when it names none.
    id: Memo<Option<KeyId>>,
    /// How far back the chart looks.
    window: Memo<Window>,
    answer: Resource<ApiResult<Page>>,
    tab: Tab,
}

/// The page. Its resource is made here, once; what is below may be built several times on the server.
#[component]
pub fn KeyPage() -> impl IntoView {
    let session = Session::get();
    let (params, search) = (use_params_map(), use_location().search);
    let id = Memo::new(move |_| params.read().get("id").and_then(|id| id.parse::<KeyId>().ok()));
    let window = Memo::new(move |_| window_of(&search.read()));
    let answer = Resource::new(
        move || (id.get(), window.get()),
        move |(id, window)| async move {
            session.allows(Permission::KeyView).await?;
            key_page(id.ok_or_else(|| AppError::not_found("API key"))?, window).await
        },
    );
    let asked = Asked { id, window, answer, tab: Tab::of(move || answer.refetch()) };
    view! {
        <Protected content=move |viewer| match viewer.refusal(Permission::KeyView, "see the API keys") {
            Some(refusal) => view! {
                <Title text="API key"/>
                <Forbidden page="API key" title="You cannot see the API keys" refusal/>
            }
            .into_any(),
            None => {
                let viewer = StoredValue::new(viewer);
                let answered = move || view! { <Answered asked viewer/> };
                view! { <Transition fallback=|| view! { <Skeleton/> }>{answered}</Transition> }.into_any()
            }
        }/>
    }
}

#[component]
fn Answered(asked: Asked, viewer: StoredValue<Viewer>) -> impl IntoView {
    let Asked { id, window, answer, tab } = asked;
    let (good, error) = latest(answer);
    // What was read before stays while there is trouble, but never under another key's address.
    let shown = move || {
        good.get().filter(|page| match &*error.read() {
            None => true,
            Some(AppError::NotFound { .. }) => false,
            Some(_) => Some(page.detail.key.id) == id.get(),
        })
    };
    let title = move || match (&*error.read(), &*good.read()) {
        (Some(AppError::NotFound { .. }), _) => "API key not found".to_owned(),
        (_, Some(page)) => page.detail.key.name.clone(),
        (_, None) => "API key".to_owned(),
    };
    let now = Memo::new(move |_| good.read().as_ref().map_or(Timestamp::from_micros(0), |page| page.detail.now));
    let roles = Memo::new(move |_| good.read().as_ref().map(|page| page.detail.roles.clone()).unwrap_or_default());
    let retry = Callback::new(move |()| tab.reread());
    view! {
        <Title text=title/>
        {move || error.get().map(|error| match error {
            AppError::NotFound { .. } => view! { <NoSuchKey/> }.into_any(),
            error => view! { <Unavailable why=error.to_string() on_retry=retry/> }.into_any(),
        })}
        {move || {
            let look = Look { tab, whole: good, window };
            shown().map(|page| viewer.with_value(|viewer| content(look, viewer, page)))
        }}
        <KeyDialog tab now roles allowance=Memo::new(|_| None)/>
    }
}

#[component]
fn NoSuchKey() -> impl IntoView {
    set_status(404);
    view! {
        <PageHeader title="There is no such API key" sentence="The link may be mistyped, or lead to another organization."/>
        <p><a class="button" href=path::KEYS>"Show all API keys"</a></p>
    }
}

/// What the sections of the page share.
#[derive(Clone, Copy)]
pub(super) struct Look {
    /// The dialogs, and where results are told.
    pub(super) tab: Tab,
    /// The page, as the server said it last.
    pub(super) whole: Memo<Option<Page>>,
    /// How far back the chart looks.
    pub(super) window: Memo<Window>,
}

impl Look {
    /// The button that opens a dialog about a part of the page.
    pub(super) fn button(self, part: Part, label: &'static str, refused: Option<String>) -> AnyView {
        let Self { tab, whole, .. } = self;
        let open = Callback::new(move |()| tab.open(Task::About(part, whole)));
        view! {
            <GuardedButton label class="button button-small needs-scripts" refused=Signal::stored(refused) on_press=open/>
        }
        .into_any()
    }
}

/// Everything there is to see.
fn content(look: Look, viewer: &Viewer, page: Page) -> AnyView {
    let Page { detail, networks, limits, traffic, acts } = page;
    let (id, now, is_final) = (detail.key.id, Signal::stored(detail.now), detail.key.status == KeyStatus::Revoked);
    let refusals = Refusals::of(viewer);
    // Nothing about a revoked key can be changed any more.
    let edit = |part, label| (!is_final).then(|| look.button(part, label, refusals.update.clone()));
    let unseen = viewer.refusal(Permission::UsageView, "see how much a key is used");
    let mutes = traffic.as_ref().map(|traffic| traffic.mutes.clone());
    view! {
        <div class="sections">
            {header::header(look.tab, &detail, refusals.clone())}
            // Text only: a browser with scripts does not parse what is in here.
            {(!is_final).then(|| view! {
                <noscript>"Changing something and testing a request need JavaScript. Reading works without."</noscript>
            })}
            {facts::section(&detail, viewer)}
            {usage::section(look, id, traffic.as_ref().map(|traffic| traffic.usage.clone()), unseen.clone())}
            {refusals::section(look, traffic.map(|traffic| traffic.refusals), unseen, now)}
            <div class="key-columns">
                {access::networks_section(&networks, edit(Part::Networks, "Edit addresses"))}
                {access::limits_section(&limits, edit(Part::Limits, "Edit limits"))}
                {notes::section(&detail.key, edit(Part::Notes, "Edit notes"))}
                {mutes.map(|mutes| access::alerts_section(id, mutes))}
            </div>
            {acts::section(id, acts, viewer, now)}
        </div>
    }
    .into_any()
}
