//! What was done to the key, by the audit trail.

use leptos::prelude::*;
use shared::{
    KeyId, Permission,
    account::Viewer,
    audit::{AuditEntry, AuditList, Outcome},
    path,
};

use super::desk::Desk;
use crate::{
    layout::{loaded::Loaded, section::Section},
    query,
    ui::{
        badge::{Badge, Tone},
        time::Time,
    },
};

/// How many entries are shown.
const SHOWN: usize = 10;

/// The section; whoever may not see it is told what it takes.
#[component]
pub(super) fn AuditSection(desk: Desk, id: KeyId, viewer: StoredValue<Viewer>) -> impl IntoView {
    let refused = viewer.with_value(|viewer| viewer.refusal(Permission::AuditView, "read the audit trail"));
    view! {
        <Section id="audit" title="Audit" sentence="Who did what with this key, and who tried what they may not.">
            {match refused {
                Some(why) => view! { <p class="muted">{why}</p> }.into_any(),
                None => {
                    let content = Callback::new(move |list: Memo<Option<AuditList>>| {
                        view! { {move || list.get().map(|list| view! { <Entries list/> })} }.into_any()
                    });
                    let all = query::href(path::AUDIT, [("target", id.to_string())]);
                    view! {
                        <Loaded resource=desk.audit content/>
                        <p><a href=all>"Show all of it in the audit trail"</a></p>
                    }
                    .into_any()
                }
            }}
        </Section>
    }
}

#[component]
fn Entries(list: AuditList) -> impl IntoView {
    let now = Signal::stored(list.now);
    view! {
        <ol class="key-audit">
            {list
                .entries
                .into_iter()
                .take(SHOWN)
                .map(|AuditEntry { at, sentence, actor_label, outcome, .. }| view! {
                    <li>
                        <strong>{sentence}</strong>
                        {(outcome == Outcome::Refused).then(|| view! { <Badge tone=Tone::Lapsed word="Refused"/> })}
                        <small class="muted">{actor_label}", "<Time at now/></small>
                    </li>
                })
                .collect_view()}
        </ol>
    }
}
