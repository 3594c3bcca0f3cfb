//! The top of the page: which key it is, its state, and what can be done with it.

use leptos::prelude::*;
use shared::{
    key::{KeyDetail, KeyStatus},
    path,
};

use super::{
    super::{
        row::{Actions, Status},
        tab::Refusals,
    },
    desk::Desk,
};
use crate::ui::{badge::Tag, copy::CopyButton};

/// Name, environment, state, Key ID, and the actions of a row of the table.
#[component]
pub(super) fn KeyHeader(desk: Desk, detail: Memo<KeyDetail>, refusals: StoredValue<Refusals>) -> impl IntoView {
    let now = Memo::new(move |_| detail.read().now);
    let key = Memo::new(move |_| detail.read().key.clone());
    let id = key.read_untracked().id.to_string();
    view! {
        <header class="page-header">
            <div>
                <nav class="back-link" aria-label="Breadcrumb"><a href=path::KEYS>"API Keys"</a></nav>
                <div class="title-row">
                    <h1>{move || key.read().name.clone()}</h1>
                    {move || view! { <Tag word=key.read().environment.label()/> }}
                    {move || view! { <span class="title-status"><Status key=key.get() now/></span> }}
                </div>
                <p class="key-id-row">
                    <code>{id.clone()}</code>
                    <CopyButton text=id what="Key ID" compact=true/>
                </p>
            </div>
            <div class="page-header-action">
                {move || {
                    let key = key.get();
                    (key.status != KeyStatus::Revoked)
                        .then(|| view! { <Actions tab=desk.tab key refusals=refusals.get_value()/> })
                }}
            </div>
        </header>
    }
}
