//! How much the key is used.

use leptos::prelude::*;
use shared::{KeyId, path, usage::UsageSeries};

use super::page::Look;
use crate::{
    features::usage::series::{Series, WindowLinks},
    layout::section::Section,
};

/// The section; whoever may not see it is told what it takes.
pub(super) fn section(look: Look, id: KeyId, usage: Option<UsageSeries>, refused: Option<String>) -> AnyView {
    view! {
        <Section id="requests" title="Requests" sentence="How often it was presented, and how often refused.">
            {refused.map(|why| view! { <p class="muted">{why}</p> })}
            {usage.map(|series| view! {
                <WindowLinks path=path::key(id) chosen=look.window/>
                <Series id="usage" series key=id/>
            })}
        </Section>
    }
    .into_any()
}
