//! `/alerts/settings`

use leptos::prelude::*;
use leptos_meta::Title;
use shared::{
    Permission,
    account::Viewer,
    alert::{AlertSettings, AlertSettingsPage as Page, AlertSettingsView, MuteView, WINDOW_SECONDS},
    path,
    webhook::WebhookList,
};

use super::{
    api::{alert_settings_page, alert_unmute},
    settings_dialogs::SettingsDialog,
    settings_tab::{Settings, Task},
    webhook_row,
};
use crate::{
    layout::{forbidden::Forbidden, loaded::Loaded, page_header::PageHeader, section::Section},
    session::{Protected, Session},
    ui::{
        button::GuardedButton,
        table::{Columns, DataTable},
    },
};

const TITLE: &str = "Alert settings";

/// The page. Its resource is made here, once; what is below may be built several times on the server.
#[component]
pub fn AlertSettingsPage() -> impl IntoView {
    let session = Session::get();
    let page = Resource::new(
        || (),
        move |()| async move {
            session.allows(Permission::UsageView).await?;
            alert_settings_page().await
        },
    );
    let settings = Settings::of(page);
    view! {
        <Title text=TITLE/>
        <Protected content=move |viewer| match viewer.refusal(Permission::UsageView, "see the settings of alerts") {
            Some(refusal) => view! { <Forbidden page=TITLE title="You cannot see these settings" refusal/> }.into_any(),
            None => {
                let viewer = StoredValue::new(viewer);
                let content = Callback::new(move |page: Memo<Option<Page>>| {
                    view! {
                        {move || page.get().map(|now| viewer.with_value(|viewer| content(settings, page, now, viewer)))}
                        <SettingsDialog settings/>
                    }
                    .into_any()
                });
                view! { <Loaded resource=page content/> }.into_any()
            }
        }/>
    }
}

fn content(settings: Settings, page: Memo<Option<Page>>, now: Page, viewer: &Viewer) -> AnyView {
    let refused = viewer.refusal(Permission::OrganizationUpdate, "change the settings of alerts");
    let edit = Callback::new(move |()| settings.open(Task::Thresholds(page)));
    let unmute_refused = viewer.refusal(Permission::KeyUpdate, "mute keys");
    view! {
        <div class="sections">
            <PageHeader
                title=TITLE
                sentence="From when on there are alerts, and who hears of them."
                action=|| view! { <a class="button" href=path::ALERTS>"Back to the alerts"</a> }
            />
            // Text only: a browser with scripts does not parse what is in here.
            <noscript>"Changing something needs JavaScript. Reading works without."</noscript>
            {thresholds(now.settings, button("Edit thresholds and mail", refused.clone(), edit))}
            {webhooks(settings, now.webhooks, refused)}
            {mutes(settings, now.mutes, unmute_refused)}
        </div>
    }
    .into_any()
}

fn button(label: &'static str, refused: Option<String>, on_press: Callback<()>) -> Option<AnyView> {
    let button = view! {
        <GuardedButton label class="button button-small needs-scripts" refused=Signal::stored(refused) on_press/>
    };
    Some(button.into_any())
}

/// How many refusals are a burst, and which alerts are mailed.
fn thresholds(view: AlertSettingsView, edit: Option<AnyView>) -> AnyView {
    let AlertSettingsView { settings, has_mail } = view;
    let AlertSettings { key_refusals, address_refusals, organization_refusals, mailed, .. } = settings;
    let mailed = match mailed.iter().map(|kind| kind.label()).collect::<Vec<_>>() {
        none if none.is_empty() => "None".to_owned(),
        kinds => kinds.join(", "),
    };
    let mail = if has_mail { "" } else { " No mail server is set up, so none is mailed now." };
    let minutes = WINDOW_SECONDS / 60;
    let burst = move |refusals| format!("{refusals} refused requests within {minutes} minutes");
    view! {
        <Section
            id="thresholds"
            title="Thresholds and mail"
            sentence="From when on refused requests are a burst, and which alerts the Owner and the Admins hear of by mail."
            action=edit
        >
            <dl class="facts">
                <dt>"Of one key"</dt>
                <dd>{burst(key_refusals)}</dd>
                <dt>"From one address"</dt>
                <dd>{burst(address_refusals)}</dd>
                <dt>"Of all keys together"</dt>
                <dd>{burst(organization_refusals)}</dd>
                <dt>"By mail"</dt>
                <dd>{mailed}"."{mail}</dd>
            </dl>
        </Section>
    }
    .into_any()
}

/// Where alerts are posted to; whoever may not see it is told what it takes.
fn webhooks(settings: Settings, list: Option<WebhookList>, refused: Option<String>) -> AnyView {
    let add = Callback::new(move |()| settings.open(Task::Add));
    let content = match list {
        None => view! { <p class="muted">{refused.clone()}</p> }.into_any(),
        Some(list) if list.webhooks.is_empty() => {
            view! { <p class="muted">"Alerts are posted nowhere yet."</p> }.into_any()
        }
        Some(WebhookList { webhooks, now }) => view! {
            <DataTable
                labelled_by="webhooks"
                head=|| view! { <Columns labels=&["Address", "Alerts", "Status", "Added", "Actions"]/> }
            >
                {webhooks.into_iter().map(|webhook| webhook_row::row(settings, webhook, now)).collect_view()}
            </DataTable>
        }
        .into_any(),
    };
    view! {
        <Section
            id="webhooks"
            title="Webhooks"
            sentence="Alerts as signed messages to a server of yours, in the format of Standard Webhooks."
            action=button("+ Add Webhook", refused, add)
        >
            {content}
        </Section>
    }
    .into_any()
}

/// Which keys are muted, and for what.
fn mutes(settings: Settings, mutes: Vec<MuteView>, refused: Option<String>) -> AnyView {
    let content = if mutes.is_empty() {
        view! { <p class="muted">"No key is muted."</p> }.into_any()
    } else {
        view! {
            <DataTable
                labelled_by="mutes"
                head=|| view! { <Columns labels=&["Key", "Alerts", "Until", "Muted by", "Actions"]/> }
            >
                {mutes.into_iter().map(|mute| mute_row(settings, mute, refused.clone())).collect_view()}
            </DataTable>
        }
        .into_any()
    };
    view! {
        <Section
            id="mutes"
            title="Muted keys"
            sentence="No alert of these kinds is raised about these keys. A key is muted from one of its alerts."
        >
            {content}
        </Section>
    }
    .into_any()
}

fn mute_row(settings: Settings, mute: MuteView, refused: Option<String>) -> AnyView {
    let MuteView { key, kind, until, by } = mute;
    let (id, says) = (key.id, format!("Unmute {}", key.name));
    let busy = RwSignal::new(false);
    let unmute = Callback::new(move |()| {
        settings.call(busy, alert_unmute(id, kind), move |answer| match answer {
            Ok(()) => settings.done("No longer muted."),
            Err(error) => settings.toasts.error(error.to_string()),
        });
    });
    view! {
        <tr role="row">
            <td role="cell" class="cell-name" data-label="Key"><a class="row-title" href=path::key(id)>{key.name}</a></td>
            <td role="cell" data-label="Alerts">{kind.label()}</td>
            <td role="cell" data-label="Until">{until.map_or_else(|| "For good".to_owned(), |until| until.exact())}</td>
            <td role="cell" data-label="Muted by">{by}</td>
            <td role="cell" class="cell-actions" data-label="Actions">
                <div class="row-actions">
                    <GuardedButton
                        label="Unmute"
                        says
                        class="button button-small"
                        refused=Signal::stored(refused)
                        on_press=unmute
                    />
                </div>
            </td>
        </tr>
    }
    .into_any()
}
