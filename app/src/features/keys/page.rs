//! `/keys`

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_location;
use shared::{
    AppError, Permission,
    account::Viewer,
    key::{KeyAllowance, KeyList},
};

use super::{
    api::key_list,
    create_dialog::CreateDialog,
    edit_dialog::EditDialog,
    filters::Filters,
    list_url,
    pause_dialog::PauseDialog,
    revoke_dialog::RevokeDialog,
    shortcuts::{ShortcutKeys, ShortcutsDialog},
    states::{NoKeys, NoMatch, Unavailable},
    tab::{Refusals, Tab, Task},
    table::KeyTable,
};
use crate::{
    layout::{forbidden::Forbidden, frame::Frame, page_header::PageHeader, skeleton::Skeleton},
    session::{Protected, Session},
    ui::button::GuardedButton,
};

/// The page. Its resources are made here, once; what is below may be built several times on the server.
#[component]
pub fn KeysPage() -> impl IntoView {
    let session = Session::get();
    let search = use_location().search;
    let params = Memo::new(move |_| list_url::read(&search.read()));
    let list = Resource::new(
        move || params.get(),
        move |params| async move {
            match session.viewer().await {
                Ok(Some(_)) => key_list(params).await,
                Ok(None) => Err(AppError::SignedOut.into()),
                Err(error) => Err(error),
            }
        },
    );
    let tab = Tab::new(params, list);
    // The server says so when it answers the list; somebody else may have ended the session since.
    Effect::new(move |_| {
        if let Some(Err(error)) = list.get() {
            tab.notice(&error.0);
        }
    });
    view! {
        <Title text="API Keys"/>
        <Protected
            fallback=|| view! { <Skeleton/> }
            content=move |viewer| view! {
                <Frame viewer=viewer.clone()>
                    <KeysTab tab viewer/>
                </Frame>
            }
            .into_any()
        />
    }
}

#[component]
fn KeysTab(tab: Tab, viewer: Viewer) -> impl IntoView {
    match viewer.refusal(Permission::KeyView, "see the API keys") {
        Some(refusal) => view! { <Forbidden title="You cannot see the API keys" refusal/> }.into_any(),
        None => {
            let refusals = Refusals::of(&viewer);
            view! {
                <Transition fallback=|| view! { <Skeleton/> }>
                    <Loaded tab refusals=refusals.clone()/>
                </Transition>
            }
            .into_any()
        }
    }
}

/// The tab once the first list is there. A later failure leaves the rows where they are and says so above them.
#[component]
fn Loaded(tab: Tab, refusals: Refusals) -> impl IntoView {
    let list = Memo::new(move |before: Option<&Option<KeyList>>| match tab.list.get() {
        Some(Ok(list)) => Some(list),
        _ => before.cloned().flatten(),
    });
    let error = Memo::new(move |_| tab.list.get().and_then(Result::err).map(|error| error.0));
    // A memo: only the first list builds the tab; its parts follow the later ones by themselves.
    let loaded = Memo::new(move |_| list.read().is_some());
    let refusals = StoredValue::new(refusals);
    view! {
        {move || error.get().map(|error| view! { <Unavailable tab error/> })}
        {move || loaded.get().then(|| view! { <Content tab list refusals=refusals.get_value()/> })}
    }
}

#[component]
fn Content(tab: Tab, list: Memo<Option<KeyList>>, refusals: Refusals) -> impl IntoView {
    let create_refused = refusals.create.clone();
    let roles = Memo::new(move |_| list.read().as_ref().map(|list| list.roles.clone()).unwrap_or_default());
    let allowance = Memo::new(move |_| list.read().as_ref().map(|list| list.allowance.clone()));
    let any = Memo::new(move |_| list.read().as_ref().is_some_and(|list| list.any));
    let empty = Memo::new(move |_| list.read().as_ref().is_some_and(|list| list.page.rows.is_empty()));
    // A memo, so that the filters stay the same element, with the focus in it, while what they ask for changes.
    let has_table = Memo::new(move |_| any.get() || tab.params.read().is_filtered());
    let refusals = StoredValue::new(refusals);
    let create = Callback::new(move |()| tab.open(Task::Create));
    let header_refused = create_refused.clone();
    view! {
        <PageHeader
            title="API Keys"
            sentence="The credentials your applications use to authenticate."
            action=move || view! {
                <Allowance allowance/>
                <GuardedButton
                    label="+ Create New Key"
                    class="button button-primary"
                    refused=Signal::stored(header_refused)
                    on_press=create
                />
            }
        />
        // Text only: a browser with scripts does not parse what is in here.
        <noscript>
            "Creating, editing and revoking keys needs JavaScript, because a new secret key is shown once and never kept. Reading works without."
        </noscript>
        {move || {
            if has_table.get() {
                view! {
                    <Filters tab roles/>
                    <Show
                        when=move || !empty.get()
                        fallback=move || view! { <NoMatch tab/> }
                    >
                        <KeyTable tab list refusals=refusals.get_value()/>
                    </Show>
                }
                .into_any()
            } else {
                view! { <NoKeys refused=create_refused.clone() create/> }.into_any()
            }
        }}
        <CreateDialog tab roles allowance/>
        <EditDialog tab roles/>
        <PauseDialog tab/>
        <RevokeDialog tab list/>
        <ShortcutsDialog tab/>
        <ShortcutKeys tab may_create=refusals.read_value().create.is_none()/>
    }
}

/// `3 of 5 active keys`
#[component]
fn Allowance(allowance: Memo<Option<KeyAllowance>>) -> impl IntoView {
    move || {
        allowance.get().map(|allowance| {
            let full = allowance.is_reached();
            let said = match allowance.limit {
                Some(limit) => format!("{} of {limit} active keys", allowance.used),
                None => format!("{} active keys", allowance.used),
            };
            let plan = format!("{} plan", allowance.plan);
            view! { <span class="allowance" class:is-full=full title=plan>{said}</span> }
        })
    }
}
