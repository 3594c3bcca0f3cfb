//! `/v1/usage`: how much is used, what is refused, and why.

use std::net::IpAddr;

use axum::response::Response;
use backend::{authz, calendar::Zone, slice::Slice};
use serde::{Deserialize, Serialize};
use shared::{
    KeyId,
    explain::{self, ExplainParams, Explanation, RefusalView, RuleStep},
    usage::{Answers, Bucket, Overview, ReasonCount, UsageSeries, Window},
    verify::Refusal,
};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    answer::{Answer, Page},
    envelope::{Envelope, Problem},
    manage::Call,
    moment::Moment,
    openapi::{address, asked_permissions, cursor, limit, zone},
    query::Limit,
};
use crate::state::AppState;

/// `/v1/usage`
pub(super) const PATH: &str = "/v1/usage";
pub(super) const SUMMARY: &str = "/v1/usage/summary";
pub(super) const OF_KEY: &str = "/v1/keys/{id}/usage";
pub(super) const REFUSALS: &str = "/v1/keys/{id}/refusals";
pub(super) const EXPLAIN: &str = "/v1/keys/{id}/explain";

const WHAT: &str = "API key";

/// How far back, and by whose clocks.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct SeriesIn {
    /// `24h` by the hour, `30d` by the day, `12m` by the month.
    #[param(inline)]
    window: Option<Window>,
    /// Whose days and months, by a name of the IANA's table; UTC unless it is said. An hour of UTC belongs to the local day in
    /// which it begins.
    #[param(schema_with = zone, required = false)]
    zone: Option<String>,
}

/// By whose clocks.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct SummaryIn {
    /// Whose months, by a name of the IANA's table; UTC unless it is said. The plan counts months of UTC in any case.
    #[param(schema_with = zone, required = false)]
    zone: Option<String>,
}

/// Which refusals.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct RefusalsIn {
    /// How many at most.
    #[serde(default)]
    #[param(schema_with = limit, required = false)]
    limit: Limit,
    /// `next_cursor` of the answer before.
    #[param(schema_with = cursor, required = false)]
    cursor: Option<String>,
}

/// What to explain.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ExplainIn {
    /// What the role would have to hold: names, separated by spaces. All are needed.
    #[serde(default)]
    #[param(schema_with = asked_permissions, required = false)]
    permission: String,
    /// From where. Without it, a key that is bound to addresses is refused.
    #[param(schema_with = address, required = false)]
    ip: Option<IpAddr>,
}

/// An hour, a day or a month.
#[derive(Serialize, ToSchema)]
#[schema(as = UsageBucket)]
struct BucketOut {
    /// When it begins.
    begins_at: Moment,
    /// As a person says it.
    #[schema(example = "November 2026")]
    name: String,
    /// How many requests were allowed.
    allowed: u64,
    /// How many were refused with a genuine secret.
    refused: u64,
}

/// Requests and refusals over time.
#[derive(Serialize, ToSchema)]
#[schema(as = Usage, example = json!({
    "window": "12m", "zone": "Europe/Berlin",
    "buckets": [{ "begins_at": "2026-10-31T23:00:00Z", "name": "November 2026", "allowed": 1204, "refused": 12 }],
    "refusals": [{ "reason": "permission_missing", "requests": 12 }]
}))]
struct UsageOut {
    #[schema(inline)]
    window: Window,
    /// By whose clocks days and months begin.
    zone: String,
    /// Every part of the window, the oldest first; the last one is not over yet.
    buckets: Vec<BucketOut>,
    /// Why requests were refused, most frequent first.
    refusals: Vec<ReasonCount>,
}

/// The month so far.
#[derive(Serialize, ToSchema)]
#[schema(as = UsageSummary, example = json!({
    "allowed": 1204, "refused": 12, "requests_before": 1180, "keys_used": 5, "addresses_used": 14,
    "quota": { "plan": "Free", "limit": 5000, "used": 1204, "renews_at": "2026-12-01T00:00:00Z" }
}))]
struct SummaryOut {
    /// How many requests were allowed this month.
    allowed: u64,
    /// How many were refused with a genuine secret.
    refused: u64,
    /// How many requests there were in the same hours of the month before.
    requests_before: u64,
    /// How many keys were allowed something this month.
    keys_used: u64,
    /// From how many addresses.
    addresses_used: u64,
    quota: QuotaOut,
}

/// What the plan allows in a calendar month of UTC.
#[derive(Serialize, ToSchema)]
#[schema(as = Quota)]
struct QuotaOut {
    /// The plan's name.
    plan: String,
    /// How many allowed requests; `null` for no limit.
    #[schema(required = true)]
    limit: Option<u64>,
    /// How many there were.
    used: u64,
    /// When it begins anew.
    renews_at: Moment,
}

/// One refusal of a key.
#[derive(Serialize, ToSchema)]
#[schema(as = KeyRefusal, example = json!({
    "at": "2026-11-24T10:12:41.518Z", "reason": "permission_missing", "permissions": "orders.refund",
    "address": "203.0.113.9", "user_agent": "billing/2.1", "request_id": "req_0352dK7XqzWJ2VYb"
}))]
struct RefusalOut {
    at: Moment,
    reason: Refusal,
    /// What was asked for, where that was missing.
    #[schema(required = true)]
    permissions: Option<String>,
    /// The client's address, where it was known.
    #[schema(required = true)]
    address: Option<String>,
    /// What the client said it was.
    #[schema(required = true)]
    user_agent: Option<String>,
    /// The id that the refused client was told.
    request_id: String,
}

/// What would happen.
#[derive(Serialize, ToSchema)]
#[schema(as = KeyExplanation, example = json!({
    "allowed": false, "reason": "permission_missing",
    "rules": [{ "rule": "permission", "verdict": "failed", "why": "The role API Client lacks orders.refund." }]
}))]
struct ExplainOut {
    /// Whether the request would be allowed.
    allowed: bool,
    /// Why not.
    #[schema(required = true)]
    reason: Option<Refusal>,
    /// Every rule, in the order in which they are asked. Those behind the first that refuses are not reached.
    rules: Vec<RuleStep>,
}

impl From<UsageSeries> for UsageOut {
    fn from(UsageSeries { window, zone, buckets, reasons }: UsageSeries) -> Self {
        let bucket = |Bucket { begins, name, answers: Answers { allowed, refused }, .. }| BucketOut {
            begins_at: Moment(begins),
            name,
            allowed,
            refused,
        };
        Self { window, zone, buckets: buckets.into_iter().map(bucket).collect(), refusals: reasons }
    }
}

impl From<Overview> for SummaryOut {
    fn from(overview: Overview) -> Self {
        let Answers { allowed, refused } = overview.year.buckets.last().map(|month| month.answers).unwrap_or_default();
        let quota = overview.quota;
        Self {
            allowed,
            refused,
            requests_before: overview.trend.before,
            keys_used: overview.keys_used,
            addresses_used: overview.addresses_used,
            quota: QuotaOut {
                plan: quota.plan,
                limit: quota.limit,
                used: quota.used,
                renews_at: Moment(quota.renews_at),
            },
        }
    }
}

impl From<RefusalView> for RefusalOut {
    fn from(view: RefusalView) -> Self {
        let RefusalView { at, reason, permissions, address, user_agent, request_id } = view;
        Self { at: Moment(at), reason, permissions, address, user_agent, request_id }
    }
}

impl From<Explanation> for ExplainOut {
    fn from(Explanation { refusal, steps }: Explanation) -> Self {
        Self { allowed: refusal.is_none(), reason: refusal, rules: steps }
    }
}

fn zone_named(name: Option<&str>) -> Result<Zone, Problem> {
    match name {
        None => Ok(Zone::utc()),
        Some(name) => Zone::of(name).ok_or_else(|| {
            let detail = format!("There is no time zone {name:?}. Write it like Europe/Berlin, or leave it out.");
            Problem::bad_request("unknown_zone", detail)
        }),
    }
}

/// Read the organization's usage
///
/// Requests with genuine secrets of its keys, allowed and refused. What was answered a second ago may be missing.
#[utoipa::path(
    get, path = PATH, operation_id = "get_usage", tag = "Usage", params(SeriesIn),
    extensions(("x-permission" = json!("usage.view"))),
    responses((status = 200, description = "Every part of the window.", body = Envelope<UsageOut>))
)]
async fn of_organization(call: Call<authz::UsageRead>) -> Result<Response, Problem> {
    series(&call, None).await
}

/// Read a key's usage
#[utoipa::path(
    get, path = OF_KEY, operation_id = "get_key_usage", tag = "Usage",
    params(("id" = KeyId, Path, description = "Which key."), SeriesIn),
    extensions(("x-permission" = json!("usage.view"))),
    responses((status = 200, description = "Every part of the window.", body = Envelope<UsageOut>))
)]
async fn of_key(call: Call<authz::UsageRead>) -> Result<Response, Problem> {
    let id = call.id(WHAT)?;
    series(&call, Some(id)).await
}

async fn series(call: &Call<authz::UsageRead>, key: Option<KeyId>) -> Result<Response, Problem> {
    let SeriesIn { window, zone } = call.query()?;
    let (window, zone) = (window.unwrap_or(Window::Month), zone_named(zone.as_deref())?);
    let series = call.backend().usage_series(&call.permit, key, window, &zone).await;
    let series = series.map_err(|failure| call.refused(failure))?;
    Ok(call.show(Answer::ok(&UsageOut::from(series))))
}

/// Read this month's usage
#[utoipa::path(
    get, path = SUMMARY, operation_id = "get_usage_summary", tag = "Usage", params(SummaryIn),
    extensions(("x-permission" = json!("usage.view"))),
    responses((status = 200, description = "The month so far.", body = Envelope<SummaryOut>))
)]
async fn summary(call: Call<authz::UsageRead>) -> Result<Response, Problem> {
    let SummaryIn { zone } = call.query()?;
    let overview = call.backend().usage_overview(&call.permit, &zone_named(zone.as_deref())?).await;
    let overview = overview.map_err(|failure| call.refused(failure))?;
    Ok(call.show(Answer::ok(&SummaryOut::from(overview))))
}

/// List a key's last refusals
///
/// Newest first. Only the last ones are kept with their details; `GET /v1/keys/{id}/usage` counts all of them.
#[utoipa::path(
    get, path = REFUSALS, operation_id = "list_key_refusals", tag = "Usage",
    params(("id" = KeyId, Path, description = "Which key."), RefusalsIn),
    extensions(("x-permission" = json!("usage.view"))),
    responses((status = 200, description = "A part of the list.", body = Envelope<Page<RefusalOut>>))
)]
async fn refusals(call: Call<authz::UsageRead>) -> Result<Response, Problem> {
    let RefusalsIn { limit, cursor } = call.query()?;
    let slice = Slice { limit: limit.0, cursor };
    let cut = call.backend().key_refusals(&call.permit, call.id(WHAT)?, &slice).await;
    let cut = cut.map_err(|failure| call.refused(failure))?;
    Ok(call.show(Answer::ok(&Page::<RefusalOut>::of(cut))))
}

/// Explain what a key may do
///
/// What would happen if its current secret were presented now, rule by rule, as a verification would decide. Nothing is
/// counted by it.
#[utoipa::path(
    get, path = EXPLAIN, operation_id = "explain_key", tag = "Usage",
    params(("id" = KeyId, Path, description = "Which key."), ExplainIn),
    extensions(("x-permission" = json!("usage.view"))),
    responses((status = 200, description = "What would happen.", body = Envelope<ExplainOut>))
)]
async fn explain_key(call: Call<authz::UsageRead>) -> Result<Response, Problem> {
    let ExplainIn { permission, ip } = call.query()?;
    let id = call.id(WHAT)?;
    explain::permissions(&permission).map_err(|message| {
        Problem::bad_request("invalid_parameter", format!("The query cannot be read: permission: {message}"))
    })?;
    let params = ExplainParams { permissions: permission, address: ip.map_or_else(String::new, |ip| ip.to_string()) };
    let explanation = call.backend().key_explain(&call.permit, id, &params);
    let explanation = explanation.map_err(|failure| call.refused(failure))?;
    Ok(call.show(Answer::ok(&ExplainOut::from(explanation))))
}

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::default()
        .routes(routes!(of_organization))
        .routes(routes!(summary))
        .routes(routes!(of_key))
        .routes(routes!(refusals))
        .routes(routes!(explain_key))
}
