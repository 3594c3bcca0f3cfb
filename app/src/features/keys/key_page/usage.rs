//! How much the key is used.

use leptos::prelude::*;
use shared::{KeyId, Permission, account::Viewer, path, usage::UsageSeries};

use super::desk::Desk;
use crate::{
    features::usage::series::{Series, WindowLinks},
    layout::{loaded::Loaded, section::Section},
};

/// The section; whoever may not see it is told what it takes.
#[component]
pub(super) fn UsageSection(desk: Desk, id: KeyId, viewer: StoredValue<Viewer>) -> impl IntoView {
    let refused = viewer.with_value(|viewer| viewer.refusal(Permission::UsageView, "see how much a key is used"));
    view! {
        <Section id="requests" title="Requests" sentence="How often it was presented, and how often refused.">
            {match refused {
                Some(why) => view! { <p class="muted">{why}</p> }.into_any(),
                None => {
                    let content = Callback::new(move |series: Memo<Option<UsageSeries>>| {
                        view! { {move || series.get().map(|series| view! { <Series id="usage" series key=id/> })} }.into_any()
                    });
                    view! {
                        <WindowLinks path=path::key(id) chosen=desk.window/>
                        <Loaded resource=desk.usage content/>
                    }
                    .into_any()
                }
            }}
        </Section>
    }
}
