//! Where alerts are posted to.

use leptos::prelude::*;
use shared::{
    Permission, Timestamp,
    account::Viewer,
    webhook::{WebhookList, WebhookStatus, WebhookView},
};

use super::{
    settings_page::Settings,
    webhook_dialogs::{Task, WebhookDialog},
};
use crate::{
    layout::{loaded::Loaded, section::Section},
    ui::{
        badge::{Badge, Tone},
        icon::{Glyph, Icon},
        menu::{Menu, MenuItem},
        table::{Columns, DataTable},
        time::Time,
    },
};

/// The section; whoever may not see it is told what it takes.
#[component]
pub(super) fn WebhookSection(settings: Settings, viewer: Viewer) -> impl IntoView {
    let content = match viewer.refusal(Permission::OrganizationUpdate, "see the webhooks") {
        Some(why) => view! { <p>{why}</p> }.into_any(),
        None => {
            let content = Callback::new(move |list| view! { <Webhooks settings list/> }.into_any());
            view! { <Loaded resource=settings.webhooks content/> }.into_any()
        }
    };
    view! {
        <Section
            id="webhooks"
            title="Webhooks"
            sentence="Alerts as signed messages to a server of yours, in the format of Standard Webhooks."
        >
            {content}
        </Section>
    }
}

#[component]
fn Webhooks(settings: Settings, list: Memo<Option<WebhookList>>) -> impl IntoView {
    let task = RwSignal::new(None::<Task>);
    let rows = move || {
        list.get().map(|WebhookList { webhooks, now }| {
            webhooks.into_iter().map(|webhook| view! { <Row task webhook now/> }).collect_view()
        })
    };
    let any = Memo::new(move |_| list.read().as_ref().is_some_and(|list| !list.webhooks.is_empty()));
    view! {
        <p>
            <button type="button" class="button button-primary needs-scripts" on:click=move |_| task.set(Some(Task::Add))>
                "+ Add Webhook"
            </button>
        </p>
        <Show when=move || any.get() fallback=|| view! { <p class="muted">"Alerts are posted nowhere yet."</p> }>
            <DataTable
                labelled_by="webhooks"
                head=|| view! { <Columns labels=&["Address", "Alerts", "Status", "Added", "Actions"]/> }
            >
                {rows}
            </DataTable>
        </Show>
        <WebhookDialog settings task/>
    }
}

#[component]
fn Row(task: RwSignal<Option<Task>>, webhook: WebhookView, now: Timestamp) -> impl IntoView {
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
    let open = move |make: fn(WebhookView) -> Task| task.set(Some(make(webhook.get_value())));
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
}
