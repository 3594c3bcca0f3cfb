//! One key in the table.

use leptos::prelude::*;
use shared::{
    Timestamp,
    key::{KeyStatus, KeyView, LastUsed, Revocation},
    path,
};

use super::{
    key_id::ShortKeyId,
    retiring::RetiringNote,
    row_menu::RowMenu,
    tab::{Refusals, Tab, Task},
};
use crate::ui::{
    badge::{Badge, Tag, Tone},
    button::GuardedButton,
    copy::CopyButton,
    time::Time,
};

/// The row. `data-label` repeats the column's heading where a row is a card.
#[component]
pub(super) fn KeyRow(tab: Tab, key: KeyView, now: Memo<Timestamp>, refusals: Refusals) -> impl IntoView {
    let last_used = key.last_used.clone();
    let revoked = key.status == KeyStatus::Revoked;
    view! {
        <tr role="row" class:is-revoked=revoked>
            <td role="cell" class="cell-name" data-label="Name">
                <a class="row-title" href=path::key(key.id)>{key.name.clone()}</a>
                <Tag word=key.environment.label()/>
            </td>
            <td role="cell" data-label="Key ID">
                <span class="key-id-row">
                    <ShortKeyId id=key.id/>
                    <CopyButton text=key.id.to_string() what="Key ID" compact=true/>
                </span>
                <small class="last4" title="The last four characters of the secret key">
                    <span class="visually-hidden">"Secret key ends in "</span>
                    "…"{key.secret_last4.clone()}
                </small>
            </td>
            <td role="cell" data-label="Role">{key.role.name.clone()}</td>
            <td role="cell" data-label="Created"><Time at=key.created_at now/></td>
            <td role="cell" data-label="Last used"><Used last_used now/></td>
            <td role="cell" data-label="Status"><Status key=key.clone() now/></td>
            <td role="cell" class="cell-actions" data-label="Actions">
                {if revoked {
                    view! { <span class="muted">"None: final"</span> }.into_any()
                } else {
                    view! { <Actions tab key refusals/> }.into_any()
                }}
            </td>
        </tr>
    }
}

/// When and from where a key was last used.
#[component]
pub(super) fn Used(last_used: Option<LastUsed>, #[prop(into)] now: Signal<Timestamp>) -> impl IntoView {
    match last_used {
        Some(LastUsed { at, address }) => view! {
            <span><Time at now/></span>
            <small class="address">{address}</small>
        }
        .into_any(),
        None => view! { <span class="muted">"Never"</span> }.into_any(),
    }
}

/// What a key is, and since or until when.
#[component]
pub(super) fn Status(key: KeyView, now: Memo<Timestamp>) -> impl IntoView {
    let tone = match key.status {
        KeyStatus::Active => Tone::Good,
        KeyStatus::Paused => Tone::Waiting,
        KeyStatus::Expired => Tone::Lapsed,
        KeyStatus::Revoked => Tone::Over,
    };
    let rotating = key.retiring.map(|retiring| view! { <RetiringNote retiring now/> });
    let due = key.rotation_due_at.filter(|_| rotating.is_none()).map(|at| {
        view! { <Show when=move || at <= now.get()><small title="Its secret key is old.">"due for rotation"</small></Show> }
    });
    let about = match (key.status, key.revoked, key.expires_at) {
        (KeyStatus::Revoked, Some(Revocation { at, by, reason }), _) => view! {
            <small><Time at now/>" by "{by}</small>
            {reason.map(|reason| view! { <small>"“"{reason}"”"</small> })}
        }
        .into_any(),
        (KeyStatus::Expired, _, Some(at)) => view! { <small><Time at now/></small> }.into_any(),
        (_, _, Some(at)) => view! { <small>"expires "<Time at now/></small> }.into_any(),
        _ => ().into_any(),
    };
    view! {
        <Badge tone word=key.status.label()/>
        {about}
        {rotating}
        {due}
    }
}

/// What can be done with a key that is not revoked.
#[component]
pub(super) fn Actions(tab: Tab, key: KeyView, refusals: Refusals) -> impl IntoView {
    let stored = StoredValue::new(key.clone());
    let edit = Callback::new(move |()| tab.open(Task::Edit(stored.get_value())));
    let revoke = Callback::new(move |()| tab.open(Task::Revoke(stored.get_value())));
    view! {
        <div class="row-actions">
            <GuardedButton
                label="Edit"
                class="button button-small"
                refused=Signal::stored(refusals.update.clone())
                on_press=edit
            />
            <GuardedButton
                label="Revoke"
                class="button button-small button-quiet-danger"
                refused=Signal::stored(refusals.delete.clone())
                on_press=revoke
            />
            <RowMenu tab key refused=refusals.update delete_refused=refusals.delete/>
        </div>
    }
}
