//! An entry in the table, with its details in place.

use leptos::prelude::*;
use shared::{
    Timestamp,
    audit::{AuditEntry, AuditParams, Change, Outcome},
};

use super::list_url;
use crate::ui::{
    badge::{Badge, Tone},
    copy::CopyButton,
    time::Time,
};

/// The row.
#[component]
pub(super) fn Entry(entry: AuditEntry, now: Memo<Timestamp>) -> impl IntoView {
    let refused = entry.outcome == Outcome::Refused;
    let at = entry.at;
    let (sentence, who) = (entry.sentence.clone(), entry.actor_label.clone());
    let address = entry.address.clone();
    view! {
        <tr role="row">
            <td role="cell" class="cell-entry" data-label="What">
                <details>
                    <summary>
                        <span class="row-title">{sentence}</span>
                        {refused.then(|| view! { <Badge tone=Tone::Lapsed word="Refused"/> })}
                    </summary>
                    <Details entry/>
                </details>
            </td>
            <td role="cell" class="cell-text" data-label="Who">{who}</td>
            <td role="cell" data-label="From"><span class="address">{address.unwrap_or_else(|| "—".to_owned())}</span></td>
            <td role="cell" data-label="When"><Time at now/></td>
        </tr>
    }
}

#[component]
fn Details(entry: AuditEntry) -> impl IntoView {
    let AuditEntry { seq, at, actor, action, target, is_change, changes, why, user_agent, request_id, hash, .. } =
        entry;
    let only = |params: AuditParams| list_url::href(&params);
    let by = only(AuditParams { actor: Some(actor.clone()), ..AuditParams::default() });
    let to = only(AuditParams { target: Some(target.clone()), ..AuditParams::default() });
    let same = only(AuditParams { action: Some(action.clone()), ..AuditParams::default() });
    let with = only(AuditParams { request: Some(request_id.clone()), ..AuditParams::default() });
    view! {
        <div class="entry">
            {why.map(|why| view! { <p class="entry-why">{why}</p> })}
            {(!changes.is_empty()).then(|| view! { <dl class="entry-changes">{changed(changes, is_change)}</dl> })}
            <dl class="entry-facts">
                <dt>"Exactly"</dt>
                <dd>{at.exact()}</dd>
                <dt>"Action"</dt>
                <dd><a href=same><code>{action}</code></a></dd>
                {(!target.is_empty()).then(|| view! { <dt>"Target"</dt><dd><a href=to><code>{target}</code></a></dd> })}
                <dt>"By"</dt>
                <dd><a href=by><code>{actor}</code></a></dd>
                {user_agent.map(|agent| view! { <dt>"Client"</dt><dd>{agent}</dd> })}
                {(!request_id.is_empty()).then(|| view! {
                    <dt>"Request"</dt>
                    <dd>
                        <a href=with><code>{request_id.clone()}</code></a>
                        <CopyButton text=request_id what="request ID" compact=true/>
                    </dd>
                })}
                <dt>"Hash of entry "{seq}</dt>
                <dd><code>{hash}</code></dd>
            </dl>
        </div>
    }
}

/// What became something else is marked as taken out and put in, which screen readers say and everybody sees.
fn changed(changes: Vec<Change>, is_change: bool) -> impl IntoView {
    let shown = |text: Option<String>| text.unwrap_or_else(|| "nothing".to_owned());
    let row = move |Change { field, before, after }: Change| {
        let value = if !is_change || before == after {
            view! { <dd>{shown(after.or(before))}</dd> }.into_any()
        } else {
            view! { <dd><del>{shown(before)}</del>" "<ins>{shown(after)}</ins></dd> }.into_any()
        };
        view! { <dt>{field}</dt>{value} }
    };
    changes.into_iter().map(row).collect_view()
}
