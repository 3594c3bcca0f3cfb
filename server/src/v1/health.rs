//! `GET /v1/health`: whether the server works. Public.

use std::time::Duration;

use axum::{Router, extract::State, response::Response, routing::get};
use http::StatusCode;
use serde::Serialize;

use super::envelope;
use crate::state::AppState;

/// `/v1/health`
pub(super) const PATH: &str = "/v1/health";
/// After this long the database counts as away.
const PATIENCE: Duration = Duration::from_secs(2);

#[derive(Serialize)]
struct Out {
    /// `ok`; `degraded`: keys are verified from memory, and nothing can be changed; `starting`: not even that yet.
    status: &'static str,
    /// `ok` or `away`.
    database: &'static str,
    version: &'static str,
    /// While starting: how many keys are in memory, of how many.
    #[serde(skip_serializing_if = "Option::is_none")]
    loaded: Option<Loaded>,
}

#[derive(Serialize)]
struct Loaded {
    keys: u64,
    of: u64,
}

/// Answers 200 as long as keys can be verified, which does not need the database.
async fn health(State(state): State<AppState>) -> Response {
    if !state.backend.is_ready() {
        let (keys, of) = state.backend.loaded();
        let out = Out {
            status: "starting",
            database: "ok",
            version: env!("CARGO_PKG_VERSION"),
            loaded: Some(Loaded { keys, of }),
        };
        return envelope::with_status(StatusCode::SERVICE_UNAVAILABLE, out);
    }
    let answers = matches!(tokio::time::timeout(PATIENCE, state.backend.check_database()).await, Ok(Ok(())));
    let (status, database) = if answers { ("ok", "ok") } else { ("degraded", "away") };
    envelope::ok(Out { status, database, version: env!("CARGO_PKG_VERSION"), loaded: None })
}

pub(super) fn router() -> Router<AppState> {
    Router::new().route(PATH, get(health))
}
