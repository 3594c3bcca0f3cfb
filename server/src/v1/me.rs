//! `GET /v1/me`: what the caller's key is and may do. Needs no permission.

use axum::{extract::State, response::Response};
use http::request::Parts;
use serde::Serialize;
use shared::{Grants, KeyId, OrganizationId, role::RoleRef};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    authenticate::authenticate,
    envelope::{self, Envelope, Problem},
    limits,
};
use crate::state::AppState;

/// `/v1/me`
pub(super) const PATH: &str = "/v1/me";

/// The calling key.
#[derive(Serialize, ToSchema)]
#[schema(as = Me, example = json!({
    "key_id": "key_0352dK7XqzWJ2VYb1m8RsT",
    "organization_id": "org_0352dJSq0Tn6xEw2kYzBhM",
    "role": { "id": "role_0352dJTh6XzOZjnc1o0iQu", "name": "API Client" },
    "permissions": ["ip.lookup"]
}))]
struct Out {
    key_id: KeyId,
    organization_id: OrganizationId,
    role: RoleRef,
    /// What the role holds.
    #[schema(value_type = Vec<String>)]
    permissions: Grants,
}

/// Ask what the calling key is and may do
#[utoipa::path(
    get, path = PATH, operation_id = "get_me", tag = "Verification",
    responses((status = 200, description = "The key's own view of itself.", body = Envelope<Out>))
)]
async fn me(State(state): State<AppState>, parts: Parts) -> Result<Response, Problem> {
    let holder = authenticate(&state, &parts, None)?;
    let me = envelope::ok(Out {
        key_id: holder.key,
        organization_id: holder.organization,
        role: RoleRef { id: holder.role_id, name: holder.role.name().to_owned() },
        permissions: holder.role.permissions().clone(),
    });
    Ok(limits::told(&holder.standing, me))
}

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::default().routes(routes!(me))
}
