//! What was done to the key, by the audit trail.

use leptos::prelude::*;
use shared::{KeyId, Permission, Timestamp, account::Viewer, key::KeyAct, path};

use crate::{
    layout::section::Section,
    query,
    ui::{
        badge::{Badge, Tone},
        time::Time,
    },
};

/// The section; whoever may not see it is told what it takes.
pub(super) fn section(id: KeyId, acts: Option<Vec<KeyAct>>, viewer: &Viewer, now: Signal<Timestamp>) -> AnyView {
    let content = match acts {
        None => {
            let refused = viewer.refusal(Permission::AuditView, "read the audit trail");
            view! { <p class="muted">{refused}</p> }.into_any()
        }
        Some(acts) => {
            let all = query::href(path::AUDIT, [("target", id.to_string())]);
            view! {
                <ol class="key-acts">{acts.into_iter().map(|act| entry(act, now)).collect_view()}</ol>
                <p class="section-links"><a href=all>"Show all of it in the audit trail"</a></p>
            }
            .into_any()
        }
    };
    view! {
        <Section id="audit" title="Audit" sentence="Who did what with this key, and who tried what they may not.">
            {content}
        </Section>
    }
    .into_any()
}

fn entry(act: KeyAct, now: Signal<Timestamp>) -> AnyView {
    let KeyAct { at, sentence, by, refused } = act;
    view! {
        <li>
            <strong>{sentence}</strong>
            {refused.then(|| view! { <Badge tone=Tone::Lapsed word="Refused"/> })}
            <small class="muted">{by}", "<Time at now/></small>
        </li>
    }
    .into_any()
}
