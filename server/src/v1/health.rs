//! `GET /v1/health`: whether the server works. Public.

use std::time::Duration;

use axum::{Router, extract::State, response::Response, routing::get};
use serde::Serialize;

use super::envelope;
use crate::state::AppState;

/// `/v1/health`
pub(super) const PATH: &str = "/v1/health";
/// After this long the database counts as away.
const PATIENCE: Duration = Duration::from_secs(2);

#[derive(Serialize)]
struct Out {
    /// `ok`, or `degraded`: keys are verified from memory, and nothing can be changed.
    status: &'static str,
    /// `ok` or `away`.
    database: &'static str,
    version: &'static str,
}

/// Answers 200 as long as keys can be verified, which does not need the database.
async fn health(State(state): State<AppState>) -> Response {
    let answers = matches!(tokio::time::timeout(PATIENCE, state.backend.check_database()).await, Ok(Ok(())));
    let (status, database) = if answers { ("ok", "ok") } else { ("degraded", "away") };
    envelope::ok(Out { status, database, version: env!("CARGO_PKG_VERSION") })
}

pub(super) fn router() -> Router<AppState> {
    Router::new().route(PATH, get(health))
}
