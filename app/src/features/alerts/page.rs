//! `/alerts`

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_location;
use shared::{Permission, alert::AlertList, path};

use super::{
    api::alert_list,
    filters::Filters,
    list_url,
    tab::{Refusals, Tab},
    table::AlertTable,
};
use crate::{
    layout::{forbidden::Forbidden, loaded::Loaded, page_header::PageHeader},
    session::{Protected, Session},
    ui::{button::GuardedButton, empty_state::EmptyState, icon::Icon},
};

const TITLE: &str = "Alerts";

/// The page. Its resources are made here, once; what is below may be built several times on the server.
#[component]
pub fn AlertsPage() -> impl IntoView {
    let session = Session::get();
    let search = use_location().search;
    let params = Memo::new(move |_| list_url::read(&search.read()));
    let list = Resource::new(
        move || params.get(),
        move |params| async move {
            session.allows(Permission::UsageView).await?;
            alert_list(params).await
        },
    );
    let tab = Tab::new(params, list);
    view! {
        <Title text=TITLE/>
        <Protected content=move |viewer| match viewer.refusal(Permission::UsageView, "see alerts") {
            Some(refusal) => view! { <Forbidden page=TITLE title="You cannot see the alerts" refusal/> }.into_any(),
            None => {
                let refusals = StoredValue::new(Refusals::of(&viewer));
                let content = Callback::new(move |list| view! { <Content tab list refusals/> }.into_any());
                view! { <Loaded resource=tab.list content/> }.into_any()
            }
        }/>
    }
}

#[component]
fn Content(tab: Tab, list: Memo<Option<AlertList>>, refusals: StoredValue<Refusals>) -> impl IntoView {
    let session = Session::get();
    let key = Memo::new(move |_| list.read().as_ref().and_then(|list| list.key.clone()));
    let empty = Memo::new(move |_| list.read().as_ref().is_some_and(|list| list.page.rows.is_empty()));
    let filtered = Memo::new(move |_| tab.params.read().is_filtered());
    let shown = move || {
        let list = list.read();
        let open = list.as_ref().into_iter().flat_map(|list| &list.page.rows);
        open.filter(|alert| alert.acknowledged.is_none()).map(|alert| alert.id).collect::<Vec<_>>()
    };
    let any_open = Memo::new(move |_| !shown().is_empty());
    // The bell says the same as the list.
    Effect::new(move |_| {
        if let Some(list) = &*list.read() {
            session.open_alerts.set(Some(list.open));
        }
    });
    // And the list the same as the bell, which asks now and then.
    Effect::new(move |_| {
        let told = session.open_alerts.get();
        let shown = list.read_untracked().as_ref().map(|list| list.open);
        if told.is_some() && shown.is_some() && told != shown {
            tab.list.refetch();
        }
    });
    view! {
        <PageHeader
            title=TITLE
            sentence="What somebody should look at: bursts of refusals, new networks, keys that expire or that nobody uses."
            action=move || view! { <a class="button" href=path::ALERT_SETTINGS>"Thresholds, mail and webhooks"</a> }
        />
        // Text only: a browser with scripts does not parse what is in here.
        <noscript>"Acknowledging and muting needs JavaScript. Reading works without."</noscript>
        <Filters tab key/>
        <Show when=move || any_open.get()>
            <p class="alerts-all">
                <GuardedButton
                    label="Acknowledge all shown"
                    class="button button-small"
                    refused=Signal::stored(refusals.read_value().acknowledge.clone())
                    on_press=Callback::new(move |()| tab.acknowledge(untrack(shown)))
                />
            </p>
        </Show>
        <Show when=move || !empty.get() fallback=move || view! { <Nothing filtered=filtered.get() list/> }>
            <AlertTable tab list refusals/>
        </Show>
    }
}

/// There is no alert to show.
#[component]
fn Nothing(filtered: bool, list: Memo<Option<AlertList>>) -> impl IntoView {
    if filtered {
        return view! {
            <EmptyState icon=Icon::Search title="No alert matches">
                <p>"No alert is of this kind and in this state."</p>
                <p><a class="button" href=path::ALERTS>"Clear filters"</a></p>
            </EmptyState>
        }
        .into_any();
    }
    let any = list.read_untracked().as_ref().is_some_and(|list| list.any);
    let acknowledged = format!("{}?state=acknowledged", path::ALERTS);
    view! {
        <EmptyState icon=Icon::Bell title="Nothing needs your attention">
            <p>
                "An alert is raised when many requests are refused, when a key is used from a new network, expires soon, is due
                for rotation or not used any more, and when little is left of the plan."
            </p>
            {any.then(|| view! { <p><a class="button" href=acknowledged>"Show acknowledged alerts"</a></p> })}
        </EmptyState>
    }
    .into_any()
}
