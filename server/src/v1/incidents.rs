//! `/v1/keys/{id}/contain` and `/v1/keys/{id}/activity`: a compromised key, and what it was used for.

use axum::response::Response;
use backend::{authz, expected::Target, ops::KeyContainment};
use serde::{Deserialize, Serialize};
use shared::{
    IncidentId, KeyId,
    incident::{self, Activity, ActivityLine, Containment, KeyContained},
    usage::ReasonCount,
};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    answer::Answer,
    envelope::{Envelope, Problem},
    keys::Key,
    manage::{Call, Rules},
    moment::Moment,
    openapi::needed_reason,
};
use crate::state::AppState;

/// `/v1/keys/{id}/contain`
pub(super) const CONTAIN: &str = "/v1/keys/{id}/contain";
pub(super) const ACTIVITY: &str = "/v1/keys/{id}/activity";

const WHAT: &str = "API key";

/// What becomes of a compromised key.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = KeyContain, example = json!({ "containment": "replace", "reason": "It was in a public repository." }))]
struct ContainIn {
    /// `replace`: it is revoked, and another key takes its place, with the same name, role, environment, date, networks and
    /// limits; takes `api.key.create`, too. `revoke`: it is revoked. `rotate`: it stays and gets another secret, and all
    /// others end at once; takes `api.key.update`, too.
    containment: Containment,
    /// What is known about it. The team is told, and the audit trail keeps it.
    #[schema(schema_with = needed_reason)]
    reason: String,
}

/// What was done about a compromised key.
#[derive(Serialize, ToSchema)]
#[schema(as = KeyContained, example = json!({
    "incident": "inc_0352dKb5XnTq0YwRz8CmLe",
    "key": {
        "id": "key_0352dK7XqzWJ2VYb1m8RsT",
        "name": "Billing Backend",
        "role": { "id": "role_0352dJTh6XzOZjnc1o0iQu", "name": "API Client" },
        "environment": "production",
        "status": "revoked",
        "version": 2,
        "created_at": "2026-11-24T09:30:00Z",
        "created_by": "ada@example.com",
        "expires_at": null,
        "secret_last4": "9fQx",
        "secret_created_at": "2026-11-24T09:30:00Z",
        "rotation_due_at": null,
        "retiring": null,
        "last_used": { "at": "2026-11-24T10:12:41.518Z", "address": "203.0.113.9" },
        "revoked": {
            "at": "2026-11-25T08:00:00Z", "by": "ada@example.com", "reason": "It was in a public repository."
        },
        "notes": "",
        "deployed_to": "billing-eu-1"
    },
    "replacement": null,
    "secret": null,
    "secret_shown": false,
    "refused_since": "2026-11-25T08:00:00.021Z"
}))]
struct ContainedOut<'a> {
    /// Ties together what the audit trail and the alert say about it.
    incident: IncidentId,
    /// The compromised key as it is now.
    key: &'a Key,
    /// The key that has taken its place, if one has.
    #[schema(required = true)]
    replacement: Option<&'a Key>,
    /// The new secret, if there is one: in the first answer and in no other. Whoever sends the same request again finds
    /// `null`.
    #[schema(required = true, example = "ipaware_prod_…", pattern = "^ipaware_(prod|stage|dev)_[0-9A-Za-z]{49}$")]
    secret: Option<&'a str>,
    /// Whether a secret was shown in an earlier answer to the same `Idempotency-Key`. If nobody has it, revoke the key.
    secret_shown: bool,
    /// From this moment on what somebody else may have is refused everywhere.
    refused_since: Moment,
}

/// Since when.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ActivityIn {
    /// Since when.
    since: Moment,
}

/// What a key was used for.
#[derive(Serialize, ToSchema)]
#[schema(as = KeyActivity, example = json!({
    "since": "2026-11-20T00:00:00Z",
    "uses": [{
        "address": "203.0.113.9",
        "permissions": "ip.lookup",
        "user_agent": "billing/2.4",
        "first_at": "2026-11-20T06:02:11.031Z",
        "last_at": "2026-11-24T10:12:41.518Z",
        "allowed": 9120,
        "refused": 0
    }],
    "more": 0,
    "refusals": [{ "reason": "ip_not_allowed", "requests": 3 }]
}))]
struct ActivityOut {
    /// Since when. Requests are counted by days of UTC, so the first of them counts whole.
    since: Moment,
    /// The latest first, a hundred at most.
    uses: Vec<UseOut>,
    /// How many more of them there are.
    more: u64,
    /// Why it was refused, from the hour of that moment on (of UTC); most frequent first.
    refusals: Vec<ReasonCount>,
}

/// Requests from one address that asked for the same.
#[derive(Serialize, ToSchema)]
#[schema(as = KeyUse)]
struct UseOut {
    /// Empty when whoever asked did not say, and for what is not kept one by one.
    address: String,
    /// The permissions that were asked for and held, with spaces between them. `*` for what is not kept one by one, from
    /// various addresses: of a key and day, all but a thousand of these objects.
    permissions: String,
    /// Of the last request.
    #[schema(required = true)]
    user_agent: Option<String>,
    first_at: Moment,
    last_at: Moment,
    /// How many were allowed.
    allowed: u64,
    /// How many were refused.
    refused: u64,
}

impl From<ActivityLine> for UseOut {
    fn from(line: ActivityLine) -> Self {
        let ActivityLine { address, permissions, user_agent, first_at, last_at, allowed, refused } = line;
        let (first_at, last_at) = (Moment(first_at), Moment(last_at));
        Self { address, permissions, user_agent, first_at, last_at, allowed, refused }
    }
}

impl From<Activity> for ActivityOut {
    fn from(Activity { since, lines, more, reasons, .. }: Activity) -> Self {
        Self { since: Moment(since), uses: lines.into_iter().map(UseOut::from).collect(), more, refusals: reasons }
    }
}

fn contained(contained: KeyContained) -> Answer {
    let KeyContained { incident, key, created, refused_since, .. } = contained;
    let (secret, id) = (created.as_ref().map(|created| created.secret.expose()), key.id);
    let replacement = created.as_ref().map(|created| &created.key).filter(|made| made.id != id).cloned().map(Key::from);
    let key = Key::from(key);
    let shown = |secret, secret_shown| ContainedOut {
        incident,
        key: &key,
        replacement: replacement.as_ref(),
        secret,
        secret_shown,
        refused_since: Moment(refused_since),
    };
    Answer::ok(&shown(secret, false)).kept_as(&shown(None, secret.is_some()))
}

/// Contain a compromised key
///
/// When this answers, what somebody else may have is refused everywhere. All of it happens in one act: the key, the one
/// in its place, the entries in the audit trail and the alert to the team, which one id ties together. To be shown a new
/// secret, the key that calls has to hold all that the key's role holds.
#[utoipa::path(
    post, path = CONTAIN, operation_id = "contain_key", tag = "Keys", request_body = ContainIn,
    params(("id" = KeyId, Path, description = "Which key.")),
    extensions(("x-permission" = json!("api.key.delete"))),
    responses((status = 200, description = "What was done.", body = Envelope<ContainedOut>))
)]
async fn contain(call: Call<authz::KeyContain>) -> Result<Response, Problem> {
    let target: Target<KeyId> = call.to_delete(WHAT)?;
    let ContainIn { containment, reason } = call.read()?;
    let mut rules = Rules::default();
    rules.text("reason", &reason, incident::reason);
    rules.check()?;
    let change = async {
        let containment = KeyContainment { target, containment, reason };
        Ok(contained(call.backend().key_contain(&call.permit, containment).await?))
    };
    call.once(change).await
}

/// Read what a key was used for
///
/// From where, for what, and why it was refused, as far back as that is kept (90 days).
#[utoipa::path(
    get, path = ACTIVITY, operation_id = "get_key_activity", tag = "Usage",
    params(("id" = KeyId, Path, description = "Which key."), ActivityIn),
    extensions(("x-permission" = json!("usage.view"))),
    responses((status = 200, description = "What it was used for.", body = Envelope<ActivityOut>))
)]
async fn activity(call: Call<authz::UsageRead>) -> Result<Response, Problem> {
    let ActivityIn { since } = call.query()?;
    let activity = call.backend().key_activity(&call.permit, call.id(WHAT)?, since.0).await;
    Ok(call.show(Answer::ok(&ActivityOut::from(activity.map_err(|failure| call.refused(failure))?))))
}

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::default().routes(routes!(contain)).routes(routes!(activity))
}
