//! The server functions of a key's limits.

use leptos::{prelude::*, server_fn::codec::Json};
use shared::{
    KeyId,
    limit::{RateLimitsUpdateParams, RateLimitsView},
};

use crate::error::ApiResult;
#[cfg(feature = "ssr")]
use crate::server_context::respond;
#[cfg(feature = "ssr")]
use backend::authz;

/// A key's limits, and how much of them is used.
#[server(endpoint = "rate_limits_get", input = Json)]
pub async fn rate_limits_get(key: KeyId) -> ApiResult<RateLimitsView> {
    respond(async |cx| cx.backend().rate_limits_get(&cx.authorize::<authz::KeyRead>()?, key).await).await
}

/// Sets all of them.
#[server(endpoint = "rate_limits_update", input = Json)]
pub async fn rate_limits_update(params: RateLimitsUpdateParams) -> ApiResult<RateLimitsView> {
    respond(async |cx| cx.backend().rate_limits_update(&cx.authorize::<authz::KeyUpdate>()?, params).await).await
}
