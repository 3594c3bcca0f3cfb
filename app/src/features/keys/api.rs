//! The server functions of the API Keys tab.
//!
//! Each makes a type of its own name (`key_create` makes `KeyCreate`), so types of that name are written with their path.

use leptos::{prelude::*, server_fn::codec::Json};
use shared::{
    KeyId,
    explain::{ExplainParams, Explanation, RefusalView},
    key::{self, KeyCreateParams, KeyCreated, KeyListParams, KeyNotesParams, KeyRefused, KeyUpdateParams, KeyView},
    rotation::KeyRotateParams,
};

use crate::error::ApiResult;
#[cfg(feature = "ssr")]
use crate::server_context::respond;
#[cfg(feature = "ssr")]
use backend::authz;

/// How many refusals a key's page shows.
#[cfg(feature = "ssr")]
const REFUSALS_SHOWN: u32 = 10;

/// One page of the table, and what the page around it needs.
#[server(endpoint = "key_list", input = Json)]
pub async fn key_list(params: KeyListParams) -> ApiResult<key::KeyList> {
    respond(async |cx| cx.backend().key_list(&cx.authorize::<authz::KeyRead>()?, &params).await).await
}

/// One key, as it is now.
#[server(endpoint = "key_get", input = Json)]
pub async fn key_get(id: KeyId) -> ApiResult<KeyView> {
    respond(async |cx| cx.backend().key_get(&cx.authorize::<authz::KeyRead>()?, id).await).await
}

/// One key, and what its page needs around it.
#[server(endpoint = "key_detail", input = Json)]
pub async fn key_detail(id: KeyId) -> ApiResult<key::KeyDetail> {
    respond(async |cx| cx.backend().key_detail(&cx.authorize::<authz::KeyRead>()?, id).await).await
}

/// Creates a key. The answer is the only one that ever holds its secret.
#[server(endpoint = "key_create", input = Json)]
pub async fn key_create(params: KeyCreateParams) -> ApiResult<KeyCreated> {
    respond(async |cx| cx.backend().key_create(&cx.authorize::<authz::KeyCreate>()?, params).await).await
}

/// Changes name, role, environment and expiry.
#[server(endpoint = "key_update", input = Json)]
pub async fn key_update(params: KeyUpdateParams) -> ApiResult<KeyView> {
    respond(async |cx| cx.backend().key_update(&cx.authorize::<authz::KeyUpdate>()?, params).await).await
}

/// Changes what is written down about a key.
#[server(endpoint = "key_notes_update", input = Json)]
pub async fn key_notes_update(params: KeyNotesParams) -> ApiResult<KeyView> {
    respond(async |cx| cx.backend().key_update(&cx.authorize::<authz::KeyUpdate>()?, params).await).await
}

/// The last refusals of a key, the newest first.
#[server(endpoint = "key_refusals", input = Json)]
pub async fn key_refusals(id: KeyId) -> ApiResult<Vec<RefusalView>> {
    respond(async |cx| {
        let slice = backend::slice::Slice { limit: REFUSALS_SHOWN, cursor: None };
        Ok(cx.backend().key_refusals(&cx.authorize::<authz::UsageRead>()?, id, &slice).await?.rows)
    })
    .await
}

/// What would happen to a request with a key. Nothing is counted by it.
#[server(endpoint = "key_explain", input = Json)]
pub async fn key_explain(id: KeyId, params: ExplainParams) -> ApiResult<Explanation> {
    respond(async |cx| cx.backend().key_explain(&cx.authorize::<authz::UsageRead>()?, id, &params)).await
}

/// Refuses the key until it is resumed.
#[server(endpoint = "key_pause", input = Json)]
pub async fn key_pause(id: KeyId) -> ApiResult<KeyRefused> {
    respond(async |cx| cx.backend().key_pause(&cx.authorize::<authz::KeyUpdate>()?, id).await).await
}

/// Lets a paused key verify again.
#[server(endpoint = "key_resume", input = Json)]
pub async fn key_resume(id: KeyId) -> ApiResult<KeyView> {
    respond(async |cx| cx.backend().key_resume(&cx.authorize::<authz::KeyUpdate>()?, id).await).await
}

/// Refuses the key for good, everywhere, by the time it answers.
#[server(endpoint = "key_revoke", input = Json)]
pub async fn key_revoke(id: KeyId, reason: String) -> ApiResult<KeyRefused> {
    respond(async |cx| cx.backend().key_revoke(&cx.authorize::<authz::KeyDelete>()?, id, &reason).await).await
}

/// Gives the key another secret, which the answer alone shows.
#[server(endpoint = "key_rotate", input = Json)]
pub async fn key_rotate(params: KeyRotateParams) -> ApiResult<KeyCreated> {
    respond(async |cx| cx.backend().key_rotate(&cx.authorize::<authz::KeyUpdate>()?, params).await).await
}

/// Refuses the old secret of a rotation from now on.
#[server(endpoint = "key_retire", input = Json)]
pub async fn key_retire(id: KeyId) -> ApiResult<KeyView> {
    respond(async |cx| cx.backend().key_retire(&cx.authorize::<authz::KeyUpdate>()?, id).await).await
}
