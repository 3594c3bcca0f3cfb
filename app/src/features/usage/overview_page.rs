//! `/`

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_location;
use shared::{
    Permission,
    account::Viewer,
    path,
    usage::{AttentionItem, Overview, UsageSeries, Window},
};

use super::{
    api::{key_attention, usage_overview, usage_series},
    attention::AttentionList,
    cards::Cards,
    series::{Numbers, Series, WindowLinks, window_of},
};
use crate::{
    error::ApiResult,
    layout::{loaded::Loaded, page_header::PageHeader, section::Section},
    session::{Protected, Session},
    ui::{empty_state::EmptyState, icon::Icon},
};

const TITLE: &str = "Overview";

/// What the page asks for.
#[derive(Clone, Copy)]
struct Desk {
    window: Memo<Window>,
    overview: Resource<ApiResult<Overview>>,
    series: Resource<ApiResult<UsageSeries>>,
    attention: Resource<ApiResult<Vec<AttentionItem>>>,
}

/// The page. Its resources are made here, once; what is below may be built several times on the server.
#[component]
pub fn OverviewPage() -> impl IntoView {
    let session = Session::get();
    let search = use_location().search;
    let window = Memo::new(move |_| window_of(&search.read()));
    let overview = Resource::new(
        || (),
        move |()| async move {
            session.allows_part(Permission::UsageView).await?;
            usage_overview().await
        },
    );
    let series = Resource::new(
        move || window.get(),
        move |window| async move {
            session.allows_part(Permission::UsageView).await?;
            usage_series(None, window).await
        },
    );
    let attention = Resource::new(
        || (),
        move |()| async move {
            session.allows_part(Permission::KeyView).await?;
            key_attention().await
        },
    );
    let desk = Desk { window, overview, series, attention };
    view! {
        <Title text=TITLE/>
        <Protected content=move |viewer| view! { <Content desk viewer/> }.into_any()/>
    }
}

#[component]
fn Content(desk: Desk, viewer: Viewer) -> impl IntoView {
    let usage_refused = viewer.refusal(Permission::UsageView, "see how much is used");
    let keys_refused = viewer.refusal(Permission::KeyView, "see the API keys");
    view! {
        <div class="sections">
            <PageHeader title=TITLE sentence="How much your keys are used, and what needs attention."/>
            {match usage_refused.clone() {
                Some(why) => view! { <Refused why/> }.into_any(),
                None => {
                    let content = Callback::new(move |overview| view! { <Numbered overview/> }.into_any());
                    view! { <Loaded resource=desk.overview content/> }.into_any()
                }
            }}
            <Section id="attention" title="Needs attention" sentence="Keys that somebody should look at.">
                {match keys_refused {
                    Some(why) => view! { <p class="muted">{why}</p> }.into_any(),
                    None => {
                        let content = Callback::new(move |items: Memo<Option<Vec<AttentionItem>>>| {
                            view! {
                                {move || items.get().map(|items| view! { <AttentionList items/> })}
                            }
                            .into_any()
                        });
                        view! { <Loaded resource=desk.attention content/> }.into_any()
                    }
                }}
            </Section>
            {usage_refused.is_none().then(|| view! { <Usage desk/> })}
        </div>
    }
}

#[component]
fn Refused(why: String) -> impl IntoView {
    view! { <EmptyState icon=Icon::Lock title="You cannot see how much is used"><p>{why}</p></EmptyState> }
}

#[component]
fn Numbered(overview: Memo<Option<Overview>>) -> impl IntoView {
    move || {
        overview.get().map(|overview| {
            let fresh = overview.keys == 0 && overview.year.total().requests() == 0;
            view! {
                {fresh.then(|| view! { <FirstKey/> })}
                <Cards overview/>
            }
        })
    }
}

/// There is nothing to see before there is a key.
#[component]
fn FirstKey() -> impl IntoView {
    view! {
        <EmptyState icon=Icon::Key title="No API keys yet">
            <p>"Create a key and send its secret with a request; from then on this page shows how it is used."</p>
            <p><a class="button button-primary" href=path::KEYS>"Go to the API keys"</a></p>
        </EmptyState>
    }
}

#[component]
fn Usage(desk: Desk) -> impl IntoView {
    let chart = Callback::new(move |series: Memo<Option<UsageSeries>>| {
        view! { {move || series.get().map(|series| view! { <Series id="usage" series/> })} }.into_any()
    });
    let table = Callback::new(move |overview: Memo<Option<Overview>>| {
        view! { {move || overview.get().map(|overview| view! { <Numbers series=overview.year/> })} }.into_any()
    });
    view! {
        <Section id="requests" title="Requests" sentence="Everything that was asked with your keys.">
            <WindowLinks path=path::HOME.to_owned() chosen=desk.window/>
            <Loaded resource=desk.series content=chart/>
        </Section>
        <Section id="months" title="Twelve months" sentence="Month by month, by your clocks.">
            <Loaded resource=desk.overview content=table/>
        </Section>
    }
}
