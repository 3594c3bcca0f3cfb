//! `/v1/keys/{id}/rate-limits`: how often a key may be used.

use axum::response::Response;
use backend::{authz, expected::Target, ops::RateLimitsChange};
use serde::{Deserialize, Serialize};
use shared::{
    AppError, KeyId,
    limit::{RateLimit, RateLimits, RateLimitsView, Window},
};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    answer::Answer,
    conditional,
    envelope::{Envelope, Problem},
    manage::Call,
    moment::Moment,
    whole::Whole,
};
use crate::state::AppState;

/// `/v1/keys/{id}/rate-limits`
pub(super) const PATH: &str = "/v1/keys/{id}/rate-limits";

const WHAT: &str = "API key";

/// All limits of a key from now on.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = RateLimitsUpdate, example = json!({
    "limits": [{ "window": "second", "requests": 10 }, { "window": "hour", "requests": 1000 }]
}))]
struct In {
    /// At most one for each window; none at all for no limit. All of them hold.
    #[schema(max_items = 4)]
    limits: Vec<LimitIn>,
}

/// So many requests in such a window.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = RateLimit)]
struct LimitIn {
    /// In which window.
    window: Window,
    /// How many requests are allowed in it.
    #[schema(value_type = u32, minimum = 1, maximum = 1_000_000)]
    requests: Whole<u32>,
}

/// The limits of a key.
#[derive(Serialize, ToSchema)]
#[schema(as = RateLimits, example = json!({
    "key_id": "key_0352dK7XqzWJ2VYb1m8RsT",
    "limits": [
        { "window": "second", "requests": 10, "used": 0, "resets_at": null },
        { "window": "hour", "requests": 1000, "used": 218, "resets_at": "2026-11-24T10:12:41.518Z" }
    ]
}))]
pub(super) struct Out {
    key_id: KeyId,
    /// The shortest window first.
    limits: Vec<LimitOut>,
}

/// A limit, and how much of it is used.
#[derive(Serialize, ToSchema)]
#[schema(as = RateLimitUse)]
struct LimitOut {
    window: Window,
    /// How many requests are allowed in it.
    requests: u32,
    /// How many were allowed since it opened, which is with the first of them. Each server counts for itself.
    used: u32,
    /// When it closes, and all of them are there again; `null` while none is used.
    #[schema(required = true)]
    resets_at: Option<Moment>,
}

impl From<RateLimitsView> for Out {
    fn from(view: RateLimitsView) -> Self {
        let limits = view.limits.as_slice().iter().map(|limit| {
            let used = view.used.iter().find(|used| used.window == limit.window);
            LimitOut {
                window: limit.window,
                requests: limit.requests,
                used: used.map_or(0, |used| used.used),
                resets_at: used.and_then(|used| used.resets_at).map(Moment),
            }
        });
        Self { key_id: view.key, limits: limits.collect() }
    }
}

fn answer(view: RateLimitsView) -> Answer {
    let limits = Out::from(view.clone());
    Answer::ok(&limits).tagged(conditional::tag(&view, &limits))
}

/// Read a key's limits
///
/// And how much of them is used. A window opens with the first request in it; until it closes, that many requests are
/// allowed, and then all of them are there again.
#[utoipa::path(
    get, path = PATH, operation_id = "get_rate_limits", tag = "Keys",
    params(("id" = KeyId, Path, description = "Which key.")),
    extensions(("x-permission" = json!("api.key.view"))),
    responses((status = 200, description = "The limits.", body = Envelope<Out>))
)]
async fn get(call: Call<authz::KeyRead>) -> Result<Response, Problem> {
    let view = call.backend().rate_limits_get(&call.permit, call.id(WHAT)?).await;
    Ok(call.show(answer(view.map_err(|failure| call.refused(failure))?)))
}

/// Set a key's limits
///
/// All of them: a window that is left out is not limited any more. They are in force for the very next request, and what
/// was used of a window that stays limited is not forgotten.
#[utoipa::path(
    put, path = PATH, operation_id = "set_rate_limits", tag = "Keys", request_body = In,
    params(("id" = KeyId, Path, description = "Which key.")),
    extensions(("x-permission" = json!("api.key.update"))),
    responses((status = 200, description = "The limits as they are now.", body = Envelope<Out>))
)]
async fn set(call: Call<authz::KeyUpdate>) -> Result<Response, Problem> {
    let target: Target<KeyId> = call.to_change(WHAT)?;
    let In { limits } = call.read()?;
    let limit = |LimitIn { window, requests: Whole(requests) }| RateLimit { window, requests };
    let limits: Vec<_> = limits.into_iter().map(limit).collect();
    let checked = RateLimits::new(limits.clone()).map_err(of_the_body);
    checked.map_err(|error| call.refused(error))?;
    let view = call.backend().rate_limits_update(&call.permit, RateLimitsChange { target, limits }).await;
    Ok(call.show(answer(view.map_err(|failure| call.refused(failure))?)))
}

/// The body has one field, where the form has one for each window.
fn of_the_body(error: AppError) -> AppError {
    match error {
        AppError::Invalid { mut fields } => {
            fields.iter_mut().for_each(|field| "limits".clone_into(&mut field.field));
            AppError::Invalid { fields }
        }
        other => other,
    }
}

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::default().routes(routes!(get, set))
}
