//! The JSON API for programs. Each file: what comes in, what goes out, the handlers, their routes.

mod allowed;
pub mod authenticate;
pub mod envelope;
mod health;
mod ip;
mod keys;
mod manage;
mod me;
mod roles;
pub mod verify;

use axum::Router;

use crate::state::AppState;

/// The one path that answers while the server is starting.
pub const HEALTH: &str = health::PATH;

/// Everything there is under `/v1`. The test of who may call what goes through this list, so a route that is missing
/// here, or has no line there, fails it.
pub const ROUTES: &[(&str, &str)] = &[
    ("GET", health::PATH),
    ("GET", me::PATH),
    ("GET", verify::PATH),
    ("HEAD", verify::PATH),
    ("POST", verify::PATH),
    ("GET", verify::PREFIX_PATH),
    ("GET", ip::PATH),
    ("POST", keys::PATH),
    ("GET", roles::PATH),
    ("POST", roles::PATH),
];

/// The routes of all resources.
pub(crate) fn router() -> Router<AppState> {
    Router::new()
        .merge(health::router())
        .merge(me::router())
        .merge(verify::router())
        .merge(ip::router())
        .merge(keys::router())
        .merge(roles::router())
}
