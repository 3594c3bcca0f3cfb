//! `/v1/alert-settings`: from when on refusals are a burst, and which alerts are mailed.

use axum::response::Response;
use backend::{authz, ops::AlertSettingsChange};
use serde::{Deserialize, Serialize};
use shared::alert::{self, AlertKind};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    answer::Answer,
    conditional,
    envelope::{Envelope, Problem},
    manage::{Call, check_not_empty, given},
    openapi::threshold,
    whole::Whole,
};
use crate::state::AppState;

/// `/v1/alert-settings`
pub(super) const PATH: &str = "/v1/alert-settings";

/// What the settings should become. What is left out stays as it is.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = AlertSettingsUpdate, example = json!({ "key_refusals": 50 }))]
struct UpdateIn {
    #[serde(default, deserialize_with = "given")]
    #[schema(schema_with = threshold, required = false)]
    key_refusals: Option<Whole<u32>>,
    #[serde(default, deserialize_with = "given")]
    #[schema(schema_with = threshold, required = false)]
    address_refusals: Option<Whole<u32>>,
    #[serde(default, deserialize_with = "given")]
    #[schema(schema_with = threshold, required = false)]
    organization_refusals: Option<Whole<u32>>,
    /// The kinds that the Owner and the Admins hear of by mail.
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false)]
    mailed: Option<Vec<AlertKind>>,
}

/// From when on refusals are a burst, and which alerts are mailed.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "key_refusals": 20,
    "address_refusals": 50,
    "organization_refusals": 200,
    "mailed": ["key_refusals", "new_network", "expiring"],
    "version": 1
}))]
pub(super) struct AlertSettings {
    /// So many refusals of one key within five minutes.
    key_refusals: u32,
    /// So many from one address.
    address_refusals: u32,
    /// So many in all.
    organization_refusals: u32,
    /// The kinds that the Owner and the Admins hear of by mail, if there is a mail server.
    mailed: Vec<AlertKind>,
    /// Counts the edits.
    version: i64,
}

impl From<alert::AlertSettings> for AlertSettings {
    fn from(settings: alert::AlertSettings) -> Self {
        let alert::AlertSettings { key_refusals, address_refusals, organization_refusals, mailed, version } = settings;
        Self { key_refusals, address_refusals, organization_refusals, mailed, version }
    }
}

fn answer(settings: alert::AlertSettings) -> Answer {
    let shown = AlertSettings::from(settings.clone());
    Answer::ok(&shown).tagged(conditional::tag(&settings, &shown))
}

/// Read the settings of the alerts
#[utoipa::path(
    get, path = PATH, operation_id = "get_alert_settings", tag = "Alerts",
    extensions(("x-permission" = json!("usage.view"))),
    responses((status = 200, description = "The settings.", body = Envelope<AlertSettings>))
)]
async fn get(call: Call<authz::AlertRead>) -> Result<Response, Problem> {
    let view = call.backend().alert_settings_get(&call.permit).await.map_err(|failure| call.refused(failure))?;
    Ok(call.show(answer(view.settings)))
}

/// Change the settings of the alerts
#[utoipa::path(
    patch, path = PATH, operation_id = "update_alert_settings", tag = "Alerts", request_body = UpdateIn,
    extensions(("x-permission" = json!("organization.update"))),
    responses((status = 200, description = "The settings as they are now.", body = Envelope<AlertSettings>))
)]
async fn update(call: Call<authz::AlertUpdate>) -> Result<Response, Problem> {
    let expected = call.expected()?;
    let UpdateIn { key_refusals, address_refusals, organization_refusals, mailed } = call.read()?;
    let thresholds = [key_refusals, address_refusals, organization_refusals].map(|given| given.map(|Whole(it)| it));
    let is_empty = thresholds.iter().all(Option::is_none);
    let [key_refusals, address_refusals, organization_refusals] = thresholds;
    check_not_empty(is_empty && mailed.is_none(), "key_refusals, address_refusals, organization_refusals and mailed")?;
    let change = AlertSettingsChange { expected, key_refusals, address_refusals, organization_refusals, mailed };
    let settings = call.backend().alert_settings_update(&call.permit, change).await;
    Ok(call.show(answer(settings.map_err(|failure| call.refused(failure))?)))
}

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::default().routes(routes!(get, update))
}
