//! The server functions of the alerts and of webhooks.
//!
//! Each makes a type of its own name, so types of that name are written with their path.

use leptos::prelude::*;
use shared::{
    AlertId, DeliveryId, KeyId, WebhookId, alert,
    alert::{AlertKind, AlertListParams, AlertSettings, MuteView},
    key::RevealedSecret,
    webhook,
    webhook::{WebhookParams, WebhookRevealed, WebhookView},
};

#[cfg(feature = "ssr")]
use crate::server_context::{respond, respond_anonymous};
use crate::{error::ApiResult, wire::Json};
#[cfg(feature = "ssr")]
use backend::authz;

/// One page of the alerts.
#[server(endpoint = "alert_list", input = Json, output = Json)]
pub async fn alert_list(params: AlertListParams) -> ApiResult<alert::AlertList> {
    respond(async |cx| cx.backend().alert_list(&cx.authorize::<authz::AlertRead>()?, &params).await).await
}

/// How many alerts nobody has acknowledged, for the bell. Pages ask by themselves, which keeps no session alive.
#[server(endpoint = "alert_count", input = Json, output = Json)]
pub async fn alert_count() -> ApiResult<u64> {
    respond_anonymous(async |visitor| {
        let cx = visitor.authenticate_page().await?;
        cx.backend().alert_count(&cx.authorize::<authz::AlertRead>()?).await
    })
    .await
}

/// Notes that somebody has seen to these.
#[server(endpoint = "alert_acknowledge", input = Json, output = Json)]
pub async fn alert_acknowledge(ids: Vec<AlertId>) -> ApiResult<()> {
    respond(async |cx| {
        cx.backend().alert_acknowledge(&cx.authorize::<authz::AlertUpdate>()?, &ids).await?;
        Ok(())
    })
    .await
}

/// Raises no alert of this kind about this key, for some days or for good.
#[server(endpoint = "alert_mute", input = Json, output = Json)]
pub async fn alert_mute(key: KeyId, kind: AlertKind, days: Option<i64>) -> ApiResult<MuteView> {
    respond(async |cx| cx.backend().alert_mute(&cx.authorize::<authz::AlertMute>()?, key, kind, days).await).await
}

/// Raises them again.
#[server(endpoint = "alert_unmute", input = Json, output = Json)]
pub async fn alert_unmute(key: KeyId, kind: AlertKind) -> ApiResult<()> {
    respond(async |cx| cx.backend().alert_unmute(&cx.authorize::<authz::AlertMute>()?, (key, kind)).await).await
}

/// Everything that the settings' page shows. Webhooks are left out for those who may not see them.
#[server(endpoint = "alert_settings_page", input = Json, output = Json)]
pub async fn alert_settings_page() -> ApiResult<alert::AlertSettingsPage> {
    respond(async |cx| {
        let (backend, read) = (cx.backend(), cx.authorize::<authz::AlertRead>()?);
        let webhooks = match cx.authorize::<authz::AlertUpdate>() {
            Ok(permit) => Some(backend.webhook_list(&permit).await?),
            Err(_) => None,
        };
        Ok(alert::AlertSettingsPage {
            settings: backend.alert_settings_get(&read).await?,
            mutes: backend.alert_mutes(&read).await?,
            webhooks,
        })
    })
    .await
}

/// Changes from when on refusals are a burst, and which alerts are mailed.
#[server(endpoint = "alert_settings_update", input = Json, output = Json)]
pub async fn alert_settings_update(settings: AlertSettings) -> ApiResult<AlertSettings> {
    respond(async |cx| cx.backend().alert_settings_update(&cx.authorize::<authz::AlertUpdate>()?, settings).await).await
}

/// Adds a webhook, or changes one. A new one's secret is in the answer.
#[server(endpoint = "webhook_save", input = Json, output = Json)]
pub async fn webhook_save(params: WebhookParams) -> ApiResult<(WebhookView, Option<RevealedSecret>)> {
    respond(async |cx| cx.backend().webhook_save(&cx.authorize::<authz::AlertUpdate>()?, params).await).await
}

/// Removes a webhook, with its messages.
#[server(endpoint = "webhook_delete", input = Json, output = Json)]
pub async fn webhook_delete(id: WebhookId) -> ApiResult<()> {
    respond(async |cx| cx.backend().webhook_delete(&cx.authorize::<authz::AlertUpdate>()?, id).await).await
}

/// Gives a webhook a new secret, which is in the answer.
#[server(endpoint = "webhook_rotate", input = Json, output = Json)]
pub async fn webhook_rotate(id: WebhookId) -> ApiResult<WebhookRevealed> {
    respond(async |cx| cx.backend().webhook_rotate(&cx.authorize::<authz::AlertUpdate>()?, id).await).await
}

/// Sends a message that says nothing, to see whether it arrives.
#[server(endpoint = "webhook_test", input = Json, output = Json)]
pub async fn webhook_test(id: WebhookId) -> ApiResult<DeliveryId> {
    respond(async |cx| cx.backend().webhook_test(&cx.authorize::<authz::AlertUpdate>()?, id).await).await
}

/// One page of a webhook's messages.
#[server(endpoint = "delivery_list", input = Json, output = Json)]
pub async fn delivery_list(webhook: WebhookId, page: u32) -> ApiResult<webhook::DeliveryList> {
    respond(async |cx| cx.backend().delivery_list(&cx.authorize::<authz::AlertUpdate>()?, webhook, page).await).await
}

/// Sends a message again.
#[server(endpoint = "delivery_replay", input = Json, output = Json)]
pub async fn delivery_replay(id: DeliveryId) -> ApiResult<()> {
    respond(async |cx| {
        cx.backend().delivery_replay(&cx.authorize::<authz::AlertUpdate>()?, id).await?;
        Ok(())
    })
    .await
}
