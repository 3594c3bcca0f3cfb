//! `GET /v1/roles` and `POST /v1/roles`: the organization's roles. Reading needs `organization.role.view`; making one
//! needs `organization.role.create`, and every permission that the role gets.

use axum::{Router, body::Bytes, extract::State, response::Response, routing::get};
use backend::authz;
use http::request::Parts;
use serde::Deserialize;
use shared::role::RoleCreateParams;

use super::{
    envelope::{self, Problem},
    manage::{permit, read, refused},
};
use crate::state::AppState;

/// `/v1/roles`
pub(super) const PATH: &str = "/v1/roles";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct In {
    name: String,
    #[serde(default)]
    description: String,
    permissions: Vec<String>,
}

async fn list(State(state): State<AppState>, parts: Parts) -> Result<Response, Problem> {
    let permit = permit::<authz::RoleRead>(&state, &parts).await?;
    Ok(envelope::ok(state.backend.role_list(&permit).await.map_err(|failure| refused(&parts, failure))?))
}

async fn create(State(state): State<AppState>, parts: Parts, body: Bytes) -> Result<Response, Problem> {
    let permit = permit::<authz::RoleCreate>(&state, &parts).await?;
    let In { name, description, permissions } = read(&parts, &body)?;
    let params = RoleCreateParams { name, description, permissions };
    Ok(envelope::ok(state.backend.role_create(&permit, params).await.map_err(|failure| refused(&parts, failure))?))
}

pub(super) fn router() -> Router<AppState> {
    Router::new().route(PATH, get(list).post(create))
}
