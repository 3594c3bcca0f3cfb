//! `/v1/webhooks`: where alerts are posted to. A secret is in the answer that makes it, and in no other.

use axum::response::Response;
use backend::{authz, expected::Target, ops::WebhookChange, slice::Slice};
use serde::{Deserialize, Serialize};
use shared::{
    WebhookId,
    alert::AlertKind,
    webhook::{self, WebhookRevealed, WebhookStatus, WebhookView},
};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    answer::{Answer, Deleted, Page},
    conditional,
    envelope::{Envelope, Problem},
    manage::{Call, Rules, check_not_empty, given},
    moment::Moment,
    openapi::{cursor, limit, webhook_description, webhook_url},
    query::Limit,
    webhook_deliveries::{self, Delivery},
};
use crate::state::AppState;

/// `/v1/webhooks`
pub(super) const PATH: &str = "/v1/webhooks";
pub(super) const ONE: &str = "/v1/webhooks/{id}";
pub(super) const ROTATE: &str = "/v1/webhooks/{id}/rotate";
pub(super) const TEST: &str = "/v1/webhooks/{id}/test";

pub(super) const WHAT: &str = "webhook";

/// Which part.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ListIn {
    /// How many at most.
    #[serde(default)]
    #[param(schema_with = limit, required = false)]
    pub(super) limit: Limit,
    /// `next_cursor` of the answer before.
    #[param(schema_with = cursor, required = false)]
    pub(super) cursor: Option<String>,
}

/// Where to post alerts.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = WebhookCreate, example = json!({
    "url": "https://ops.example.com/hooks/ipaware", "description": "On-call", "kinds": ["key_refusals", "new_network"]
}))]
struct In {
    /// An address on the public internet.
    #[schema(schema_with = webhook_url)]
    url: String,
    /// What it is for; may be empty.
    #[serde(default)]
    #[schema(schema_with = webhook_description, required = false)]
    description: String,
    /// The kinds of alerts; empty: all of them.
    #[serde(default)]
    kinds: Vec<AlertKind>,
}

/// What a webhook should become. What is left out stays as it is.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = WebhookUpdate, example = json!({ "status": "disabled" }))]
struct UpdateIn {
    #[serde(default, deserialize_with = "given")]
    #[schema(schema_with = webhook_url, required = false)]
    url: Option<String>,
    #[serde(default, deserialize_with = "given")]
    #[schema(schema_with = webhook_description, required = false)]
    description: Option<String>,
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false)]
    kinds: Option<Vec<AlertKind>>,
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false)]
    status: Option<WebhookStatus>,
}

/// Where alerts are posted to.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "id": "whk_0352dKAb5tYqXn3wUz8vRs",
    "url": "https://ops.example.com/hooks/ipaware",
    "description": "On-call",
    "kinds": ["key_refusals", "new_network"],
    "status": "enabled",
    "disabled_because": null,
    "failing_since": null,
    "previous_secret_until": null,
    "version": 1,
    "created_at": "2026-11-24T09:30:00Z",
    "created_by": "ada@example.com"
}))]
pub(super) struct Webhook {
    id: WebhookId,
    url: String,
    /// What it is for; may be empty.
    description: String,
    /// The kinds of alerts; empty: all of them.
    kinds: Vec<AlertKind>,
    /// Whether anything is posted.
    status: WebhookStatus,
    /// Why the server itself has disabled it.
    #[schema(required = true)]
    disabled_because: Option<String>,
    /// Since when every try fails. After three days the server disables it.
    #[schema(required = true)]
    failing_since: Option<Moment>,
    /// Until when messages are signed with the secret before, too.
    #[schema(required = true)]
    previous_secret_until: Option<Moment>,
    /// Counts the edits.
    version: i64,
    created_at: Moment,
    /// A member's email, or a key's name and ID.
    created_by: String,
}

/// A webhook with a new secret.
#[derive(Serialize, ToSchema)]
struct WebhookCreated<'a> {
    webhook: &'a Webhook,
    /// What its messages are signed with. Whoever sends the same request again finds `null`.
    #[schema(required = true, example = "whsec_…", pattern = "^whsec_[0-9A-Za-z+/]{43}=$")]
    secret: Option<&'a str>,
    /// Whether the secret was shown in an earlier answer to the same `Idempotency-Key`. If nobody has it, rotate.
    secret_shown: bool,
}

impl From<WebhookView> for Webhook {
    fn from(view: WebhookView) -> Self {
        Self {
            id: view.id,
            url: view.url,
            description: view.description,
            kinds: view.kinds,
            status: view.status,
            disabled_because: view.disabled_because,
            failing_since: view.failing_since.map(Moment),
            previous_secret_until: view.previous_secret_until.map(Moment),
            version: view.version,
            created_at: Moment(view.created_at),
            created_by: view.created_by,
        }
    }
}

fn answer(view: WebhookView) -> Answer {
    let webhook = Webhook::from(view.clone());
    Answer::ok(&webhook).tagged(conditional::tag(&view, &webhook))
}

/// `build` makes the answer of what it says.
fn revealed(revealed: WebhookRevealed, build: impl FnOnce(&Webhook, &WebhookCreated<'_>) -> Answer) -> Answer {
    let WebhookRevealed { webhook: view, secret } = revealed;
    let webhook = Webhook::from(view.clone());
    let out = |secret| WebhookCreated { webhook: &webhook, secret, secret_shown: secret.is_none() };
    let tag = conditional::tag(&view, &webhook);
    build(&webhook, &out(Some(secret.expose()))).kept_as(&out(None)).tagged(tag)
}

/// List the webhooks
#[utoipa::path(
    get, path = PATH, operation_id = "list_webhooks", tag = "Webhooks", params(ListIn),
    extensions(("x-permission" = json!("organization.update"))),
    responses((status = 200, description = "A part of the list.", body = Envelope<Page<Webhook>>))
)]
async fn list(call: Call<authz::AlertUpdate>) -> Result<Response, Problem> {
    let ListIn { limit, cursor } = call.query()?;
    let cut = call.backend().webhook_slice(&call.permit, &Slice { limit: limit.0, cursor }).await;
    let cut = cut.map_err(|failure| call.refused(failure))?;
    Ok(call.show(Answer::ok(&Page::<Webhook>::of(cut))))
}

/// Add a webhook
///
/// The answer holds the secret that its messages are signed with. The key that calls has to hold `usage.view`, too.
#[utoipa::path(
    post, path = PATH, operation_id = "create_webhook", tag = "Webhooks", request_body = In,
    extensions(("x-permission" = json!("organization.update"))),
    responses((status = 201, description = "The webhook and its secret.", body = Envelope<WebhookCreated>))
)]
async fn create(call: Call<authz::AlertUpdate>) -> Result<Response, Problem> {
    let In { url, description, kinds } = call.read()?;
    let mut rules = Rules::default();
    rules.text("url", &url, webhook::url);
    rules.text("description", &description, webhook::description);
    rules.check()?;
    let change = async {
        let made = call.backend().webhook_create(&call.permit, &url, &description, &kinds).await?;
        Ok(revealed(made, |webhook, out| Answer::created(format!("{PATH}/{}", webhook.id), out)))
    };
    call.once(change).await
}

/// Read a webhook
#[utoipa::path(
    get, path = ONE, operation_id = "get_webhook", tag = "Webhooks",
    params(("id" = WebhookId, Path, description = "Which webhook.")),
    extensions(("x-permission" = json!("organization.update"))),
    responses((status = 200, description = "The webhook.", body = Envelope<Webhook>))
)]
async fn get(call: Call<authz::AlertUpdate>) -> Result<Response, Problem> {
    let view = call.backend().webhook_get(&call.permit, call.id(WHAT)?).await;
    Ok(call.show(answer(view.map_err(|failure| call.refused(failure))?)))
}

/// Change a webhook
///
/// Enabling one that the server has disabled begins anew.
#[utoipa::path(
    patch, path = ONE, operation_id = "update_webhook", tag = "Webhooks", request_body = UpdateIn,
    params(("id" = WebhookId, Path, description = "Which webhook.")),
    extensions(("x-permission" = json!("organization.update"))),
    responses((status = 200, description = "The webhook as it is now.", body = Envelope<Webhook>))
)]
async fn update(call: Call<authz::AlertUpdate>) -> Result<Response, Problem> {
    let target: Target<WebhookId> = call.to_change(WHAT)?;
    let UpdateIn { url, description, kinds, status } = call.read()?;
    let is_empty = url.is_none() && description.is_none() && kinds.is_none() && status.is_none();
    check_not_empty(is_empty, "url, description, kinds and status")?;
    let mut rules = Rules::default();
    rules.if_given("url", url.as_ref(), webhook::url);
    rules.if_given("description", description.as_ref(), webhook::description);
    rules.check()?;
    let change = WebhookChange { target, url, description, kinds, status };
    let view = call.backend().webhook_update(&call.permit, change).await;
    Ok(call.show(answer(view.map_err(|failure| call.refused(failure))?)))
}

/// Remove a webhook
///
/// Its messages go with it.
#[utoipa::path(
    delete, path = ONE, operation_id = "delete_webhook", tag = "Webhooks",
    params(("id" = WebhookId, Path, description = "Which webhook.")),
    extensions(("x-permission" = json!("organization.update"))),
    responses((status = 200, description = "It is gone.", body = Envelope<Deleted<WebhookId>>))
)]
async fn delete(call: Call<authz::AlertUpdate>) -> Result<Response, Problem> {
    let target: Target<WebhookId> = call.to_delete(WHAT)?;
    let gone = Deleted::of(target.id);
    call.backend().webhook_delete(&call.permit, target).await.map_err(|failure| call.refused(failure))?;
    Ok(call.show(Answer::ok(&gone)))
}

/// Rotate a webhook's secret
///
/// For 24 hours every message has two signatures, by the new secret and by the one before.
#[utoipa::path(
    post, path = ROTATE, operation_id = "rotate_webhook", tag = "Webhooks",
    params(("id" = WebhookId, Path, description = "Which webhook.")),
    extensions(("x-permission" = json!("organization.update"))),
    responses((status = 200, description = "The webhook and its new secret.", body = Envelope<WebhookCreated>))
)]
async fn rotate(call: Call<authz::AlertUpdate>) -> Result<Response, Problem> {
    let id = call.id(WHAT)?;
    let change = async {
        let rotated = call.backend().webhook_rotate(&call.permit, id).await?;
        Ok(revealed(rotated, |_, out| Answer::ok(out)))
    };
    call.once(change).await
}

/// Send a test message
///
/// Of type `test`, whatever the webhook's kinds, and also to one that is disabled.
#[utoipa::path(
    post, path = TEST, operation_id = "test_webhook", tag = "Webhooks",
    params(("id" = WebhookId, Path, description = "Which webhook.")),
    extensions(("x-permission" = json!("organization.update"))),
    responses((status = 200, description = "The message, which is being sent.", body = Envelope<Delivery>))
)]
async fn test(call: Call<authz::AlertUpdate>) -> Result<Response, Problem> {
    let id = call.id(WHAT)?;
    let change = async {
        let message = call.backend().webhook_test(&call.permit, id).await?;
        Ok(webhook_deliveries::answer(call.backend().delivery_get(&call.permit, message).await?))
    };
    call.once(change).await
}

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::default()
        .routes(routes!(list, create))
        .routes(routes!(get, update, delete))
        .routes(routes!(rotate))
        .routes(routes!(test))
}
