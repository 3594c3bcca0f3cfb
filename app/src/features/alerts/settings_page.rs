//! `/alerts/settings`

use leptos::prelude::*;
use leptos_meta::Title;
use shared::{
    Permission,
    account::Viewer,
    alert::{AlertSettingsView, MuteView},
    path,
    webhook::WebhookList,
};

use super::{
    api::{alert_mutes, alert_settings_get, webhook_list},
    mute_section::MuteSection,
    threshold_section::ThresholdSection,
    webhook_section::WebhookSection,
};
use crate::{
    error::ApiResult,
    layout::{forbidden::Forbidden, page_header::PageHeader},
    session::{Protected, Session},
    ui::toast::Toasts,
};

const TITLE: &str = "Alert settings";

/// What the parts of the page share.
#[derive(Clone, Copy)]
pub(super) struct Settings {
    /// From when on there are alerts, and which are mailed.
    pub(super) thresholds: Resource<ApiResult<AlertSettingsView>>,
    /// Where they are posted to; refused to those who may not see it.
    pub(super) webhooks: Resource<ApiResult<WebhookList>>,
    /// Which keys are muted.
    pub(super) mutes: Resource<ApiResult<Vec<MuteView>>>,
    /// Who is looking.
    pub(super) session: Session,
    /// Where results are told.
    pub(super) toasts: Toasts,
}

/// The page. Its resources are made here, once; what is below may be built several times on the server.
#[component]
pub fn AlertSettingsPage() -> impl IntoView {
    let session = Session::get();
    let thresholds = Resource::new(
        || (),
        move |()| async move {
            session.allows(Permission::UsageView).await?;
            alert_settings_get().await
        },
    );
    let webhooks = Resource::new(
        || (),
        move |()| async move {
            session.allows(Permission::OrganizationUpdate).await?;
            webhook_list().await
        },
    );
    let mutes = Resource::new(
        || (),
        move |()| async move {
            session.allows(Permission::UsageView).await?;
            alert_mutes().await
        },
    );
    let settings = Settings { thresholds, webhooks, mutes, session, toasts: Toasts::get() };
    view! {
        <Title text=TITLE/>
        <Protected content=move |viewer| match viewer.refusal(Permission::UsageView, "see the settings of alerts") {
            Some(refusal) => view! { <Forbidden page=TITLE title="You cannot see these settings" refusal/> }.into_any(),
            None => view! { <Sections settings viewer/> }.into_any(),
        }/>
    }
}

#[component]
fn Sections(settings: Settings, viewer: Viewer) -> impl IntoView {
    view! {
        <div class="settings">
            <PageHeader
                title=TITLE
                sentence="From when on there are alerts, and who hears of them."
                action=move || view! { <a class="button" href=path::ALERTS>"Back to the alerts"</a> }
            />
            // Text only: a browser with scripts does not parse what is in here.
            <noscript>"Changing something needs JavaScript. Reading works without."</noscript>
            <ThresholdSection settings viewer=viewer.clone()/>
            <WebhookSection settings viewer=viewer.clone()/>
            <MuteSection settings viewer/>
        </div>
    }
}
