//! A webhook in the table.

use leptos::prelude::*;
use shared::{
    Timestamp,
    webhook::{WebhookStatus, WebhookView},
};

use super::settings_tab::{Settings, Task};
use crate::ui::{
    badge::{Badge, Tone},
    icon::{Glyph, Icon},
    menu::{Menu, MenuItem},
    time::Time,
};

/// One of them.
pub(super) fn row(settings: Settings, webhook: WebhookView, now: Timestamp) -> AnyView {
    let kinds = match &*webhook.kinds {
        [] => "All kinds".to_owned(),
        [one] => one.label().to_owned(),
        several => format!("{} kinds", several.len()),
    };
    let status = match (webhook.status, webhook.failing_since) {
        (WebhookStatus::Disabled, _) => view! {
            <Badge tone=Tone::Over word="Disabled"/>
            {webhook.disabled_because.clone().map(|why| view! { <small>{why}</small> })}
        }
        .into_any(),
        (WebhookStatus::Enabled, Some(since)) => view! {
            <Badge tone=Tone::Lapsed word="Failing"/>
            <small>"since "<Time at=since now=Signal::stored(now)/></small>
        }
        .into_any(),
        (WebhookStatus::Enabled, None) => view! { <Badge tone=Tone::Good word="Enabled"/> }.into_any(),
    };
    let menu = format!("menu-{}", webhook.id);
    let (url, description) = (webhook.url.clone(), webhook.description.clone());
    let created_at = webhook.created_at;
    let webhook = StoredValue::new(webhook);
    let open = move |make: fn(WebhookView) -> Task| settings.open(make(webhook.get_value()));
    let free = Signal::stored(None::<String>);
    view! {
        <tr role="row">
            <td role="cell" class="cell-name" data-label="Address">
                <span class="row-title">{url}</span>
                {(!description.is_empty()).then(|| view! { <small>{description}</small> })}
            </td>
            <td role="cell" data-label="Alerts">{kinds}</td>
            <td role="cell" data-label="Status">{status}</td>
            <td role="cell" data-label="Added"><Time at=created_at now=Signal::stored(now)/></td>
            <td role="cell" class="cell-actions" data-label="Actions">
                <div class="row-actions">
                    <button type="button" class="button button-small" on:click=move |_| open(Task::Messages)>
                        "Messages"
                    </button>
                    <button type="button" class="button button-small" on:click=move |_| open(Task::Edit)>"Edit"</button>
                    <Menu id=menu.clone() label="More actions" face=|| view! { <Glyph icon=Icon::More/> }>
                        <MenuItem
                            menu=menu.clone()
                            label="Rotate secret"
                            refused=free
                            on_choose=Callback::new(move |()| open(Task::Rotate))
                        />
                        <MenuItem
                            menu=menu.clone()
                            label="Remove"
                            refused=free
                            on_choose=Callback::new(move |()| open(Task::Remove))
                        />
                    </Menu>
                </div>
            </td>
        </tr>
    }
    .into_any()
}
