//! `/v1/webhook-deliveries`: messages to webhooks, and what became of each try.

use axum::response::Response;
use backend::{authz, slice::Slice};
use serde::Serialize;
use shared::{
    DeliveryId, WebhookId,
    webhook::{AttemptView, DeliveryStatus, DeliveryView},
};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    answer::{Answer, Page},
    conditional,
    envelope::{Envelope, Problem},
    manage::Call,
    moment::Moment,
    webhooks::{self, ListIn},
};
use crate::state::AppState;

/// `/v1/webhooks/{id}/deliveries`
pub(super) const OF_WEBHOOK: &str = "/v1/webhooks/{id}/deliveries";
pub(super) const ONE: &str = "/v1/webhook-deliveries/{id}";
pub(super) const REPLAY: &str = "/v1/webhook-deliveries/{id}/replay";

const WHAT: &str = "message";

/// A message to a webhook.
#[derive(Serialize, ToSchema)]
#[schema(as = WebhookDelivery, example = json!({
    "id": "msg_0352dKBq8uZrYo4xVa9wSt",
    "event": "alert.key_refusals",
    "status": "delivered",
    "created_at": "2026-11-24T09:30:00Z",
    "next_at": null,
    "attempts": [{ "at": "2026-11-24T09:30:01Z", "took_ms": 84, "status": 204, "problem": null, "answer": "" }]
}))]
pub(super) struct Delivery {
    /// The `webhook-id` of every try.
    id: DeliveryId,
    /// `alert.` and the kind, or `test`.
    event: String,
    /// What became of it.
    status: DeliveryStatus,
    created_at: Moment,
    /// When it is tried next, while it is queued.
    #[schema(required = true)]
    next_at: Option<Moment>,
    /// Every try, the last one first.
    attempts: Vec<Attempt>,
}

/// One try.
#[derive(Serialize, ToSchema)]
#[schema(as = WebhookAttempt)]
struct Attempt {
    at: Moment,
    /// How long it took, in milliseconds.
    took_ms: u64,
    /// The HTTP status, if there was an answer.
    #[schema(required = true)]
    status: Option<u16>,
    /// Why it failed; `null`: it did not.
    #[schema(required = true)]
    problem: Option<String>,
    /// The first 500 characters of the answer.
    #[schema(required = true)]
    answer: Option<String>,
}

impl From<DeliveryView> for Delivery {
    fn from(view: DeliveryView) -> Self {
        Self {
            id: view.id,
            event: view.event,
            status: view.status,
            created_at: Moment(view.created_at),
            next_at: view.next_at.map(Moment),
            attempts: view.attempts.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<AttemptView> for Attempt {
    fn from(view: AttemptView) -> Self {
        let AttemptView { at, took_ms, status, problem, answer } = view;
        Self { at: Moment(at), took_ms, status, problem, answer }
    }
}

pub(super) fn answer(view: DeliveryView) -> Answer {
    let delivery = Delivery::from(view.clone());
    Answer::ok(&delivery).tagged(conditional::tag(&view, &delivery))
}

/// List a webhook's messages
///
/// Newest first; those of the last 30 days.
#[utoipa::path(
    get, path = OF_WEBHOOK, operation_id = "list_webhook_deliveries", tag = "Webhooks",
    params(("id" = WebhookId, Path, description = "Which webhook."), ListIn),
    extensions(("x-permission" = json!("organization.update"))),
    responses((status = 200, description = "A part of the list.", body = Envelope<Page<Delivery>>))
)]
async fn list(call: Call<authz::AlertUpdate>) -> Result<Response, Problem> {
    let id = call.id(webhooks::WHAT)?;
    let ListIn { limit, cursor } = call.query()?;
    let cut = call.backend().delivery_slice(&call.permit, id, &Slice { limit: limit.0, cursor }).await;
    let cut = cut.map_err(|failure| call.refused(failure))?;
    Ok(call.show(Answer::ok(&Page::<Delivery>::of(cut))))
}

/// Read a message
#[utoipa::path(
    get, path = ONE, operation_id = "get_webhook_delivery", tag = "Webhooks",
    params(("id" = DeliveryId, Path, description = "Which message.")),
    extensions(("x-permission" = json!("organization.update"))),
    responses((status = 200, description = "The message.", body = Envelope<Delivery>))
)]
async fn get(call: Call<authz::AlertUpdate>) -> Result<Response, Problem> {
    let view = call.backend().delivery_get(&call.permit, call.id(WHAT)?).await;
    Ok(call.show(answer(view.map_err(|failure| call.refused(failure))?)))
}

/// Send a message again
///
/// With the same `webhook-id`, whatever became of it.
#[utoipa::path(
    post, path = REPLAY, operation_id = "replay_webhook_delivery", tag = "Webhooks",
    params(("id" = DeliveryId, Path, description = "Which message.")),
    extensions(("x-permission" = json!("organization.update"))),
    responses((status = 200, description = "The message, which is being sent.", body = Envelope<Delivery>))
)]
async fn replay(call: Call<authz::AlertUpdate>) -> Result<Response, Problem> {
    let id = call.id(WHAT)?;
    let change = async { Ok(answer(call.backend().delivery_replay(&call.permit, id).await?)) };
    call.once(change).await
}

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::default().routes(routes!(list)).routes(routes!(get)).routes(routes!(replay))
}
