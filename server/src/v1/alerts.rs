//! `/v1/alerts`: what somebody should look at.

use axum::response::Response;
use backend::{authz, slice::Slice};
use serde::{Deserialize, Serialize};
use shared::{
    AlertId, KeyId,
    alert::{AlertFilter, AlertKind, AlertListParams, AlertView, KeyRef},
};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    answer::{Answer, Page},
    conditional,
    envelope::{Envelope, Problem},
    manage::Call,
    moment::Moment,
    openapi::{cursor, limit},
    query::Limit,
};
use crate::state::AppState;

/// `/v1/alerts`
pub(super) const PATH: &str = "/v1/alerts";
pub(super) const ONE: &str = "/v1/alerts/{id}";
pub(super) const ACKNOWLEDGE: &str = "/v1/alerts/{id}/acknowledge";

const WHAT: &str = "alert";

/// Which alerts.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ListIn {
    /// How many at most.
    #[serde(default)]
    #[param(schema_with = limit, required = false)]
    limit: Limit,
    /// `next_cursor` of the answer before. It belongs to the filters that it was given with.
    #[param(schema_with = cursor, required = false)]
    cursor: Option<String>,
    /// Acknowledged or not; `open` when it is left out.
    #[param(inline)]
    state: Option<AlertFilter>,
    /// Only of this kind.
    kind: Option<AlertKind>,
    /// Only about this key.
    key_id: Option<KeyId>,
}

/// What somebody should look at.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "id": "alr_0352dK9o7sQmWb4vYx2cPz",
    "kind": "key_refusals",
    "message": "24 requests of Billing Backend were refused; 20 within 5 minutes are a burst.",
    "key": { "id": "key_0352dK7XqzWJ2VYb1m8RsT", "name": "Billing Backend" },
    "address": null,
    "times": 24,
    "opened_at": "2026-11-24T09:30:00Z",
    "last_at": "2026-11-24T09:31:12Z",
    "acknowledged": null
}))]
struct Alert {
    id: AlertId,
    /// What it is about.
    kind: AlertKind,
    /// What has happened, in a sentence.
    message: String,
    /// The key that it is about, if it is about one.
    #[schema(required = true)]
    key: Option<KeyRef>,
    /// Where the refused requests came from, or the use.
    #[schema(required = true)]
    address: Option<String>,
    /// How many refusals there were; 1 for what happens once.
    times: u64,
    /// When it was raised.
    opened_at: Moment,
    /// When it happened last.
    last_at: Moment,
    /// Who has seen to it; `null`: nobody yet.
    #[schema(required = true)]
    acknowledged: Option<Acknowledgement>,
}

/// Who has seen to an alert.
#[derive(Serialize, ToSchema)]
struct Acknowledgement {
    at: Moment,
    /// A member's email, or a key's name and ID.
    by: String,
}

impl From<AlertView> for Alert {
    fn from(view: AlertView) -> Self {
        Self {
            id: view.id,
            kind: view.kind,
            message: view.message,
            key: view.key,
            address: view.address,
            times: view.times,
            opened_at: Moment(view.opened_at),
            last_at: Moment(view.last_at),
            acknowledged: view.acknowledged.map(|by| Acknowledgement { at: Moment(by.at), by: by.by }),
        }
    }
}

fn answer(view: AlertView) -> Answer {
    let alert = Alert::from(view.clone());
    Answer::ok(&alert).tagged(conditional::tag(&view, &alert))
}

/// List the alerts
///
/// Newest first.
#[utoipa::path(
    get, path = PATH, operation_id = "list_alerts", tag = "Alerts", params(ListIn),
    extensions(("x-permission" = json!("usage.view"))),
    responses((status = 200, description = "A part of the list.", body = Envelope<Page<Alert>>))
)]
async fn list(call: Call<authz::AlertRead>) -> Result<Response, Problem> {
    let ListIn { limit, cursor, state, kind, key_id: key } = call.query()?;
    let params = AlertListParams { state: state.unwrap_or(AlertFilter::Open), kind, key, page: 1 };
    let cut = call.backend().alert_slice(&call.permit, &params, &Slice { limit: limit.0, cursor }).await;
    let cut = cut.map_err(|failure| call.refused(failure))?;
    Ok(call.show(Answer::ok(&Page::<Alert>::of(cut))))
}

/// Read an alert
#[utoipa::path(
    get, path = ONE, operation_id = "get_alert", tag = "Alerts",
    params(("id" = AlertId, Path, description = "Which alert.")),
    extensions(("x-permission" = json!("usage.view"))),
    responses((status = 200, description = "The alert.", body = Envelope<Alert>))
)]
async fn get(call: Call<authz::AlertRead>) -> Result<Response, Problem> {
    let view = call.backend().alert_get(&call.permit, call.id(WHAT)?).await;
    Ok(call.show(answer(view.map_err(|failure| call.refused(failure))?)))
}

/// Acknowledge an alert
///
/// Whoever did it first stays the one who did.
#[utoipa::path(
    post, path = ACKNOWLEDGE, operation_id = "acknowledge_alert", tag = "Alerts",
    params(("id" = AlertId, Path, description = "Which alert.")),
    extensions(("x-permission" = json!("organization.update"))),
    responses((status = 200, description = "The alert as it is now.", body = Envelope<Alert>))
)]
async fn acknowledge(call: Call<authz::AlertUpdate>) -> Result<Response, Problem> {
    let id: AlertId = call.id(WHAT)?;
    let change = async {
        let acknowledged = call.backend().alert_acknowledge(&call.permit, &[id]).await?;
        let view = acknowledged.into_iter().next().ok_or_else(|| shared::AppError::not_found(WHAT))?;
        Ok(answer(view))
    };
    call.once(change).await
}

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::default().routes(routes!(list)).routes(routes!(get)).routes(routes!(acknowledge))
}
