//! `POST /v1/keys`: creates a key. Needs `api.key.create`, and every permission of the role that the key gets.

use axum::{Router, body::Bytes, extract::State, response::Response, routing::post};
use backend::authz;
use http::request::Parts;
use serde::{Deserialize, Serialize};
use shared::{
    RoleId, Timestamp,
    key::{Environment, KeyCreateParams, KeyView, RevealedSecret},
};

use super::{
    envelope::{self, Problem},
    manage::{permit, read, refused},
};
use crate::state::AppState;

/// `/v1/keys`
pub(super) const PATH: &str = "/v1/keys";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct In {
    name: String,
    role_id: RoleId,
    environment: Environment,
    #[serde(default)]
    expires_at: Option<Timestamp>,
}

#[derive(Serialize)]
struct Out {
    key: KeyView,
    /// In this answer and in no other.
    secret: RevealedSecret,
}

async fn create(State(state): State<AppState>, parts: Parts, body: Bytes) -> Result<Response, Problem> {
    let permit = permit::<authz::KeyCreate>(&state, &parts).await?;
    let In { name, role_id, environment, expires_at } = read(&parts, &body)?;
    let params = KeyCreateParams { name, role: role_id, environment, expires_at, form_token: None };
    let created = state.backend.key_create(&permit, params).await.map_err(|failure| refused(&parts, failure))?;
    Ok(envelope::ok(Out { key: created.key, secret: created.secret }))
}

pub(super) fn router() -> Router<AppState> {
    Router::new().route(PATH, post(create))
}
