//! `GET /v1/me`: what the caller's key is and may do. Needs no permission.

use axum::{Router, extract::State, response::Response, routing::get};
use http::request::Parts;
use serde::Serialize;
use shared::{Grants, KeyId, OrganizationId, RoleId};

use super::{authenticate::authenticate, envelope, envelope::Problem};
use crate::state::AppState;

/// `/v1/me`
pub(super) const PATH: &str = "/v1/me";

#[derive(Serialize)]
struct Out {
    key_id: KeyId,
    organization_id: OrganizationId,
    role: OutRole,
    permissions: Grants,
}

#[derive(Serialize)]
struct OutRole {
    id: RoleId,
    name: String,
}

async fn me(State(state): State<AppState>, parts: Parts) -> Result<Response, Problem> {
    let holder = authenticate(&state, &parts, None)?;
    Ok(envelope::ok(Out {
        key_id: holder.key,
        organization_id: holder.organization,
        role: OutRole { id: holder.role_id, name: holder.role.name().to_owned() },
        permissions: holder.role.permissions().clone(),
    }))
}

pub(super) fn router() -> Router<AppState> {
    Router::new().route(PATH, get(me))
}
