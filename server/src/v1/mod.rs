//! The JSON API for programs. Each file: what comes in, what goes out, the handlers, their routes.
//!
//! A route and its description are one: `routes!` takes both from the same handler, so there is no route that
//! `/v1/openapi.json` does not know.

mod alert_mutes;
mod alert_settings;
mod alerts;
pub mod allowed;
mod answer;
pub(crate) mod audit;
pub mod authenticate;
mod conditional;
pub mod envelope;
pub(crate) mod example;
mod health;
mod idempotency;
mod incidents;
mod invitations;
mod ip;
mod key_networks;
mod keys;
mod limits;
mod manage;
mod me;
mod members;
mod moment;
pub mod openapi;
mod organization;
mod permissions;
mod query;
pub mod rate_limit;
mod rate_limits;
pub mod reason;
mod roles;
mod usage;
pub mod verify;
mod webhook_deliveries;
mod webhooks;
mod whitelist;
mod whole;

use axum::{Router, middleware::from_fn};
use utoipa_axum::router::OpenApiRouter;

use crate::state::AppState;

/// The one path that answers while the server is starting.
pub const HEALTH: &str = health::PATH;

/// Everything there is under `/v1`. The test of who may call what goes through this list, so a route that is missing
/// here, or has no line there, fails it.
pub const ROUTES: &[(&str, &str)] = &[
    ("GET", health::PATH),
    ("GET", openapi::PATH),
    ("GET", me::PATH),
    ("GET", verify::PATH),
    ("HEAD", verify::PATH),
    ("POST", verify::PATH),
    ("GET", verify::PREFIX_PATH),
    ("GET", verify::PREFIX_PATH),
    ("GET", ip::PATH),
    ("GET", keys::PATH),
    ("POST", keys::PATH),
    ("GET", keys::ONE),
    ("PATCH", keys::ONE),
    ("POST", keys::PAUSE),
    ("POST", keys::RESUME),
    ("POST", keys::ROTATE),
    ("POST", keys::RETIRE),
    ("POST", keys::REVOKE),
    ("GET", rate_limits::PATH),
    ("PUT", rate_limits::PATH),
    ("GET", usage::PATH),
    ("GET", usage::SUMMARY),
    ("GET", usage::OF_KEY),
    ("GET", usage::REFUSALS),
    ("GET", usage::EXPLAIN),
    ("GET", incidents::ACTIVITY),
    ("POST", incidents::CONTAIN),
    ("GET", key_networks::PATH),
    ("PUT", key_networks::PATH),
    ("GET", roles::PATH),
    ("POST", roles::PATH),
    ("GET", roles::ONE),
    ("PATCH", roles::ONE),
    ("DELETE", roles::ONE),
    ("GET", permissions::PATH),
    ("POST", permissions::PATH),
    ("GET", permissions::ONE),
    ("PATCH", permissions::ONE),
    ("DELETE", permissions::ONE),
    ("GET", members::PATH),
    ("GET", members::ONE),
    ("PATCH", members::ONE),
    ("DELETE", members::ONE),
    ("GET", invitations::PATH),
    ("POST", invitations::PATH),
    ("GET", invitations::ONE),
    ("PATCH", invitations::ONE),
    ("DELETE", invitations::ONE),
    ("POST", invitations::RESEND),
    ("POST", invitations::LINK),
    ("GET", whitelist::PATH),
    ("POST", whitelist::PATH),
    ("GET", whitelist::ONE),
    ("PATCH", whitelist::ONE),
    ("DELETE", whitelist::ONE),
    ("GET", whitelist::MODE),
    ("PATCH", whitelist::MODE),
    ("GET", whitelist::PREVIEW),
    ("GET", whitelist::REPORT),
    ("GET", alerts::PATH),
    ("GET", alerts::ONE),
    ("POST", alerts::ACKNOWLEDGE),
    ("GET", alert_mutes::PATH),
    ("POST", alert_mutes::PATH),
    ("DELETE", alert_mutes::ONE),
    ("GET", alert_settings::PATH),
    ("PATCH", alert_settings::PATH),
    ("GET", webhooks::PATH),
    ("POST", webhooks::PATH),
    ("GET", webhooks::ONE),
    ("PATCH", webhooks::ONE),
    ("DELETE", webhooks::ONE),
    ("POST", webhooks::ROTATE),
    ("POST", webhooks::TEST),
    ("GET", webhook_deliveries::OF_WEBHOOK),
    ("GET", webhook_deliveries::ONE),
    ("POST", webhook_deliveries::REPLAY),
    ("GET", organization::PATH),
    ("PATCH", organization::PATH),
    ("GET", audit::PATH),
    ("GET", audit::ONE),
];

/// The routes of all resources.
pub(crate) fn router() -> Router<AppState> {
    Router::from(engine()).merge(Router::from(management().route_layer(from_fn(manage::tell_standing))))
}

/// What the engine answers, from memory.
fn engine() -> OpenApiRouter<AppState> {
    health::router().merge(openapi::router()).merge(me::router()).merge(verify::router()).merge(ip::router())
}

/// What manages something.
fn management() -> OpenApiRouter<AppState> {
    keys::router()
        .merge(rate_limits::router())
        .merge(key_networks::router())
        .merge(roles::router())
        .merge(permissions::router())
        .merge(members::router())
        .merge(invitations::router())
        .merge(whitelist::router())
        .merge(alerts::router())
        .merge(alert_mutes::router())
        .merge(alert_settings::router())
        .merge(webhooks::router())
        .merge(webhook_deliveries::router())
        .merge(organization::router())
        .merge(incidents::router())
        .merge(usage::router())
        .merge(audit::router())
}
