//! `GET /v1/health`: whether the server works. Public.

use std::time::Duration;

use axum::{extract::State, response::Response};
use http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::envelope::{self, Envelope};
use crate::state::AppState;

/// `/v1/health`
pub(super) const PATH: &str = "/v1/health";
/// After this long the database counts as away.
const PATIENCE: Duration = Duration::from_secs(2);

/// Whether the server works.
#[derive(Serialize, ToSchema)]
#[schema(as = Health, example = json!({ "status": "ok", "database": "ok", "version": "0.1.0" }))]
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

/// How far the start has come.
#[derive(Serialize, ToSchema)]
struct Loaded {
    /// How many keys are in memory.
    keys: u64,
    /// How many there are.
    of: u64,
}

/// Ask whether the server works
///
/// Answers 200 as long as keys can be verified, which does not need the database.
#[utoipa::path(
    get, path = PATH, operation_id = "get_health", tag = "Service", security(()),
    responses(
        (status = 200, description = "Keys are verified.", body = Envelope<Out>),
        (status = 503, description = "The server is starting: every key is refused until all are in memory.",
            body = Envelope<Out>, example = json!({ "code": 503, "data": {
                "status": "starting", "database": "ok", "version": "0.1.0", "loaded": { "keys": 350_000, "of": 1_000_000 }
            }, "output": "Service Unavailable" })),
    )
)]
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

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::default().routes(routes!(health))
}
