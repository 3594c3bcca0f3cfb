//! The top of the page: which key it is, its state, and what can be done with it.

use leptos::prelude::*;
use shared::{
    key::{KeyDetail, KeyStatus},
    path,
};

use super::super::{
    row::{Actions, Status},
    tab::{Refusals, Tab},
};
use crate::ui::{badge::Tag, copy::CopyButton};

/// Name, environment, state, Key ID, and the actions of a row of the table.
pub(super) fn header(tab: Tab, detail: &KeyDetail, refusals: Refusals) -> AnyView {
    let (key, now) = (detail.key.clone(), detail.now);
    let now = Memo::new(move |_| now);
    let id = key.id.to_string();
    view! {
        <header class="page-header">
            <div>
                <nav class="back-link" aria-label="Breadcrumb"><a href=path::KEYS>"API Keys"</a></nav>
                <div class="title-row">
                    <h1>{key.name.clone()}</h1>
                    <Tag word=key.environment.label()/>
                    <span class="title-status"><Status key=key.clone() now/></span>
                </div>
                <p class="key-id-row">
                    <code>{id.clone()}</code>
                    <CopyButton text=id what="Key ID" compact=true/>
                </p>
            </div>
            <div class="page-header-action">
                {(key.status != KeyStatus::Revoked).then(|| view! { <Actions tab key refusals/> })}
            </div>
        </header>
    }
    .into_any()
}
