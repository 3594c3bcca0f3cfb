//! `/keys`

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_location;
use shared::{
    Permission, Timestamp,
    key::{KeyAllowance, KeyList, KeyListParams},
};

use super::{
    api::key_list,
    dialogs::KeyDialog,
    filters::Filters,
    list_url,
    shortcuts::ShortcutKeys,
    states::{NoKeys, NoMatch},
    tab::{Refusals, Tab, Task},
    table::KeyTable,
};
use crate::{
    layout::{forbidden::Forbidden, loaded::Loaded, page_header::PageHeader},
    session::{Protected, Session},
    ui::button::GuardedButton,
};

const TITLE: &str = "API Keys";

/// The page. Its resources are made here, once; what is below may be built several times on the server.
#[component]
pub fn KeysPage() -> impl IntoView {
    let session = Session::get();
    let search = use_location().search;
    let params = Memo::new(move |_| list_url::read(&search.read()));
    let list = Resource::new(
        move || params.get(),
        move |params| async move {
            session.allows(Permission::KeyView).await?;
            key_list(params).await
        },
    );
    let tab = Tab::of(move || list.refetch());
    view! {
        <Title text=TITLE/>
        <Protected content=move |viewer| match viewer.refusal(Permission::KeyView, "see the API keys") {
            Some(refusal) => view! { <Forbidden page=TITLE title="You cannot see the API keys" refusal/> }.into_any(),
            None => {
                let refusals = StoredValue::new(Refusals::of(&viewer));
                let content =
                    Callback::new(move |list| view! { <Content tab params list refusals/> }.into_any());
                view! { <Loaded resource=list content/> }.into_any()
            }
        }/>
    }
}

#[component]
fn Content(
    tab: Tab,
    /// What the address asks for.
    params: Memo<KeyListParams>,
    /// What the server answers.
    list: Memo<Option<KeyList>>,
    refusals: StoredValue<Refusals>,
) -> impl IntoView {
    let create_refused = refusals.read_value().create.clone();
    let roles = Memo::new(move |_| list.read().as_ref().map(|list| list.roles.clone()).unwrap_or_default());
    let allowance = Memo::new(move |_| list.read().as_ref().map(|list| list.allowance.clone()));
    let now = Memo::new(move |_| list.read().as_ref().map_or(Timestamp::from_micros(0), |list| list.now));
    let any = Memo::new(move |_| list.read().as_ref().is_some_and(|list| list.any));
    let empty = Memo::new(move |_| list.read().as_ref().is_some_and(|list| list.page.rows.is_empty()));
    // A memo, so that the filters stay the same element, with the focus in it, while what they ask for changes.
    let has_table = Memo::new(move |_| any.get() || params.read().is_filtered());
    let create = Callback::new(move |()| tab.open(Task::Create));
    let header_refused = create_refused.clone();
    view! {
        <PageHeader
            title=TITLE
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
                    <Filters params roles/>
                    <Show
                        when=move || !empty.get()
                        fallback=move || view! { <NoMatch params/> }
                    >
                        <KeyTable tab params list now refusals/>
                    </Show>
                }
                .into_any()
            } else {
                view! { <NoKeys refused=create_refused.clone() create/> }.into_any()
            }
        }}
        <KeyDialog tab now roles allowance/>
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
