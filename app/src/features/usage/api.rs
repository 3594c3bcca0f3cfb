//! The server functions about usage. Days and months begin by the clocks of whoever looks.
//!
//! Each makes a type of its own name (`usage_series` makes `UsageSeries`), so types of that name are written with their path.

use leptos::prelude::*;
use shared::{
    KeyId,
    usage::{self, AttentionItem, Overview, Window},
};

#[cfg(feature = "ssr")]
use crate::server_context::{respond, zone};
use crate::{error::ApiResult, wire::Json};
#[cfg(feature = "ssr")]
use backend::authz;

/// Requests and refusals of the organization, or of one of its keys.
#[server(endpoint = "usage_series", input = Json, output = Json)]
pub async fn usage_series(key: Option<KeyId>, window: Window) -> ApiResult<usage::UsageSeries> {
    respond(async |cx| cx.backend().usage_series(&cx.authorize::<authz::UsageRead>()?, key, window, &zone()).await)
        .await
}

/// What the first page says about usage.
#[server(endpoint = "usage_overview", input = Json, output = Json)]
pub async fn usage_overview() -> ApiResult<Overview> {
    respond(async |cx| cx.backend().usage_overview(&cx.authorize::<authz::UsageRead>()?, &zone()).await).await
}

/// Which keys need somebody's attention.
#[server(endpoint = "key_attention", input = Json, output = Json)]
pub async fn key_attention() -> ApiResult<Vec<AttentionItem>> {
    respond(async |cx| cx.backend().key_attention(&cx.authorize::<authz::KeyRead>()?).await).await
}
