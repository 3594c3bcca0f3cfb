//! The server functions about compromised keys.

use leptos::prelude::*;
use shared::{
    KeyId, Timestamp,
    incident::{Activity, KeyContainParams, KeyContained},
};

#[cfg(feature = "ssr")]
use crate::server_context::respond;
use crate::{error::ApiResult, wire::Json};
#[cfg(feature = "ssr")]
use backend::authz;

/// Refuses what somebody else may have, everywhere, by the time it answers; a new secret is in this answer alone.
#[server(endpoint = "key_contain", input = Json, output = Json)]
pub async fn key_contain(params: KeyContainParams) -> ApiResult<KeyContained> {
    respond(async |cx| cx.backend().key_contain(&cx.authorize::<authz::KeyContain>()?, params).await).await
}

/// What the key was used for since then.
#[server(endpoint = "key_activity", input = Json, output = Json)]
pub async fn key_activity(id: KeyId, since: Timestamp) -> ApiResult<Activity> {
    respond(async |cx| cx.backend().key_activity(&cx.authorize::<authz::UsageRead>()?, id, since).await).await
}
