//! `/whitelist`

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_location;
use shared::{
    Permission, path,
    whitelist::{WhitelistAllowance, WhitelistList},
};

use super::{
    api::whitelist_list,
    callers::Reported,
    dialogs::WhitelistDialog,
    filters::Filters,
    list_url,
    mode_section::ModeSection,
    tab::{Refusals, Tab, Task},
    table::EntryTable,
};
use crate::{
    layout::{forbidden::Forbidden, loaded::Loaded, page_header::PageHeader},
    session::{Protected, Session},
    ui::{button::GuardedButton, empty_state::EmptyState, icon::Icon},
};

const TITLE: &str = "Whitelist";

/// The page. Its resources are made here, once; what is below may be built several times on the server.
#[component]
pub fn WhitelistPage() -> impl IntoView {
    let session = Session::get();
    let search = use_location().search;
    let params = Memo::new(move |_| list_url::read(&search.read()));
    let list = Resource::new(
        move || params.get(),
        move |params| async move {
            session.allows(Permission::WhitelistView).await?;
            whitelist_list(params).await
        },
    );
    let tab = Tab::new(params, list);
    view! {
        <Title text=TITLE/>
        <Protected content=move |viewer| match viewer.refusal(Permission::WhitelistView, "see the whitelist") {
            Some(refusal) => view! { <Forbidden page=TITLE title="You cannot see the whitelist" refusal/> }.into_any(),
            None => {
                let refusals = StoredValue::new(Refusals::of(&viewer));
                let content = Callback::new(move |list| view! { <Content tab list refusals/> }.into_any());
                view! { <Loaded resource=tab.list content/> }.into_any()
            }
        }/>
    }
}

#[component]
fn Content(tab: Tab, list: Memo<Option<WhitelistList>>, refusals: StoredValue<Refusals>) -> impl IntoView {
    let standing = Memo::new(move |_| list.read().as_ref().map(|list| list.standing.clone()));
    let allowance = Memo::new(move |_| standing.read().as_ref().map(|standing| standing.allowance.clone()));
    let reported = Memo::new(move |_| list.read().as_ref().and_then(|list| list.reported.clone()));
    let empty = Memo::new(move |_| list.read().as_ref().is_some_and(|list| list.page.rows.is_empty()));
    // A memo, so that the search stays the same element, with the focus in it, while what it asks for changes.
    let has_table = Memo::new(move |_| allowance.read().as_ref().is_some_and(|allowance| allowance.used > 0));
    let add = Callback::new(move |()| tab.open(Task::Add));
    let refused = Signal::stored(refusals.read_value().create.clone());
    view! {
        <PageHeader
            title=TITLE
            sentence="The addresses that your API keys may be used from."
            action=move || view! {
                <Allowance allowance/>
                <GuardedButton label="+ Add IP Address" class="button button-primary" refused on_press=add/>
            }
        />
        // Text only: a browser with scripts does not parse what is in here.
        <noscript>"Changing the whitelist needs JavaScript. Reading works without."</noscript>
        <ModeSection tab standing refusals/>
        {move || reported.get().map(|callers| view! { <Reported tab callers refused/> })}
        {move || {
            if has_table.get() {
                view! {
                    <Filters tab/>
                    <Show when=move || !empty.get() fallback=|| view! { <NoMatch/> }>
                        <EntryTable tab list refusals/>
                    </Show>
                }
                .into_any()
            } else {
                view! { <NoEntries refused add/> }.into_any()
            }
        }}
        <WhitelistDialog tab standing/>
    }
}

/// `3 / 50 IPs used`
#[component]
fn Allowance(allowance: Memo<Option<WhitelistAllowance>>) -> impl IntoView {
    move || {
        allowance.get().map(|allowance| {
            let (full, plan) = (allowance.is_reached(), format!("{} plan", allowance.plan));
            view! { <span class="allowance" class:is-full=full title=plan>{allowance.said()}</span> }
        })
    }
}

/// Nothing is on the whitelist.
#[component]
fn NoEntries(refused: Signal<Option<String>>, add: Callback<()>) -> impl IntoView {
    view! {
        <EmptyState icon=Icon::Globe title="No addresses yet">
            <p>
                "Whoever gets hold of a secret key can use it from anywhere, unless the whitelist says from where your keys may be used. Add your own addresses, let it report for a while what it would refuse, and switch it on."
            </p>
            <GuardedButton label="Add your first address" class="button button-primary" refused on_press=add/>
            {move || refused.get().map(|why| view! { <p class="muted">{why}</p> })}
        </EmptyState>
    }
}

/// There are entries, but none that the search finds.
#[component]
fn NoMatch() -> impl IntoView {
    view! {
        <EmptyState icon=Icon::Search title="No entry matches">
            <p>"Search finds parts of addresses and labels. A whole address finds the ranges that contain it."</p>
            <p><a class="button" href=path::WHITELIST>"Clear filters"</a></p>
        </EmptyState>
    }
}
