//! `/v1/organization`: the organization that the calling key belongs to, its plan, and what it uses of it.

use axum::response::Response;
use backend::{authz, ops::OrganizationChange};
use serde::{Deserialize, Serialize};
use shared::{OrganizationId, account, organization::OrganizationView};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    answer::Answer,
    conditional,
    envelope::{Envelope, Problem},
    manage::{Call, Rules, check_not_empty, given},
    moment::Moment,
    openapi::{due_days, organization_name},
    whole::Whole,
};
use crate::state::AppState;

/// `/v1/organization`
pub(super) const PATH: &str = "/v1/organization";

/// What the organization should become. What is left out stays as it is.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = OrganizationUpdate, example = json!({ "name": "Analytical Engines Ltd" }))]
struct UpdateIn {
    #[serde(default, deserialize_with = "given")]
    #[schema(schema_with = organization_name, required = false)]
    name: Option<String>,
    #[serde(default, deserialize_with = "given")]
    #[schema(schema_with = due_days, required = false)]
    rotate_production_days: Option<Whole<i64>>,
    #[serde(default, deserialize_with = "given")]
    #[schema(schema_with = due_days, required = false)]
    rotate_other_days: Option<Whole<i64>>,
}

/// The organization.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "id": "org_0352dJSq0Tn6xEw2kYzBhM",
    "name": "Analytical Engines Ltd",
    "created_at": "2026-11-24T09:30:00Z",
    "owner_email": "ada@example.com",
    "members": 3,
    "plan": "Pro",
    "active_keys": { "used": 7, "limit": 50 },
    "whitelisted_ips": { "used": 0, "limit": 5 },
    "monthly_requests": { "used": 18251, "limit": null },
    "rotate_production_days": 90,
    "rotate_other_days": 180
}))]
pub(super) struct Organization {
    id: OrganizationId,
    name: String,
    /// When it was founded.
    created_at: Moment,
    /// Who the Owner is.
    owner_email: String,
    /// How many members there are.
    members: u64,
    /// The name of its plan.
    plan: String,
    /// Active and paused keys.
    active_keys: Allowance,
    /// Addresses on the whitelist.
    whitelisted_ips: Allowance,
    /// Requests that were allowed in this calendar month (UTC).
    monthly_requests: Allowance,
    /// After how many days keys in production are due for rotation.
    rotate_production_days: i64,
    /// After how many days all others are.
    rotate_other_days: i64,
}

/// How much of something is used.
#[derive(Serialize, ToSchema)]
pub(super) struct Allowance {
    pub(super) used: u64,
    /// How much the plan allows; `null` for no limit.
    #[schema(required = true)]
    pub(super) limit: Option<u64>,
}

impl From<OrganizationView> for Organization {
    fn from(view: OrganizationView) -> Self {
        Self {
            id: view.id,
            name: view.name,
            created_at: Moment(view.created_at),
            owner_email: view.owner_email,
            members: view.members,
            active_keys: Allowance { used: view.keys.used, limit: view.keys.limit },
            whitelisted_ips: Allowance { used: view.whitelisted_ips_used, limit: view.whitelisted_ips },
            monthly_requests: Allowance { used: view.requests_this_month, limit: view.monthly_requests },
            rotate_production_days: view.due.production,
            rotate_other_days: view.due.others,
            plan: view.keys.plan,
        }
    }
}

fn answer(view: OrganizationView) -> Answer {
    let organization = Organization::from(view.clone());
    Answer::ok(&organization).tagged(conditional::tag(&view, &organization))
}

/// Read the organization
#[utoipa::path(
    get, path = PATH, operation_id = "get_organization", tag = "Organization",
    extensions(("x-permission" = json!("organization.view"))),
    responses((status = 200, description = "The organization.", body = Envelope<Organization>))
)]
async fn get(call: Call<authz::OrganizationRead>) -> Result<Response, Problem> {
    let view = call.backend().organization_get(&call.permit).await.map_err(|failure| call.refused(failure))?;
    Ok(call.show(answer(view)))
}

/// Change the organization
#[utoipa::path(
    patch, path = PATH, operation_id = "update_organization", tag = "Organization", request_body = UpdateIn,
    extensions(("x-permission" = json!("organization.update"))),
    responses((status = 200, description = "The organization as it is now.", body = Envelope<Organization>))
)]
async fn update(call: Call<authz::OrganizationUpdate>) -> Result<Response, Problem> {
    let expected = call.expected()?;
    let UpdateIn { name, rotate_production_days, rotate_other_days } = call.read()?;
    let [production_days, other_days] =
        [rotate_production_days, rotate_other_days].map(|days| days.map(|Whole(days)| days));
    let is_empty = name.is_none() && production_days.is_none() && other_days.is_none();
    check_not_empty(is_empty, "name, rotate_production_days and rotate_other_days")?;
    let mut rules = Rules::default();
    rules.if_given("name", name.as_ref(), account::organization_name);
    rules.check()?;
    let change = OrganizationChange { expected, name, production_days, other_days };
    let view = call.backend().organization_update(&call.permit, change).await;
    Ok(call.show(answer(view.map_err(|failure| call.refused(failure))?)))
}

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::default().routes(routes!(get, update))
}
