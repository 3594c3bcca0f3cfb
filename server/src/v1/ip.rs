//! `GET /v1/ip/{address}`: what is known about an address. The protected example: needs `ip.lookup`.

use axum::{
    Router,
    extract::{Path, State, rejection::PathRejection},
    response::Response,
    routing::get,
};
use http::request::Parts;
use shared::Permission;

use super::{authenticate, authenticate::authenticate, envelope, envelope::Problem};
use crate::state::AppState;

/// `/v1/ip/{address}`
pub(super) const PATH: &str = "/v1/ip/{address}";

async fn ip(
    State(state): State<AppState>,
    path: Result<Path<String>, PathRejection>,
    parts: Parts,
) -> Result<Response, Problem> {
    authenticate(&state, &parts, Some(Permission::IpLookup))?;
    let text = path.map(|Path(text)| text).unwrap_or_default();
    let address = authenticate::address("The address in the path", &text)
        .map_err(|detail| Problem::bad_request("invalid_address", detail))?;
    Ok(envelope::ok(state.geo.look_up(address)))
}

pub(super) fn router() -> Router<AppState> {
    Router::new().route(PATH, get(ip))
}
