//! The server functions of the whitelist and of each key's own list.
//!
//! Each makes a type of its own name, so types of that name are written with their path.

use leptos::prelude::*;
use shared::{
    NetworkId,
    whitelist::{
        KeyNetworks, KeyNetworksUpdateParams, LineOutcome, WhitelistAddParams, WhitelistCallers, WhitelistCreateParams,
        WhitelistListParams, WhitelistModeParams, WhitelistSaved, WhitelistStanding, WhitelistUpdateParams,
    },
};

#[cfg(feature = "ssr")]
use crate::server_context::respond;
use crate::{error::ApiResult, wire::Json};
#[cfg(feature = "ssr")]
use backend::{
    authz,
    expected::{Expected, State, Target},
    ops::Elsewhere,
};

/// One page of the whitelist, and what the page around it needs.
#[server(endpoint = "whitelist_list", input = Json, output = Json)]
pub async fn whitelist_list(params: WhitelistListParams) -> ApiResult<shared::whitelist::WhitelistList> {
    respond(async |cx| cx.backend().whitelist_list(&cx.authorize::<authz::WhitelistRead>()?, &params).await).await
}

/// Adds one entry.
#[server(endpoint = "whitelist_create", input = Json, output = Json)]
pub async fn whitelist_create(params: WhitelistCreateParams) -> ApiResult<WhitelistSaved> {
    respond(async |cx| cx.backend().whitelist_create(&cx.authorize::<authz::WhitelistCreate>()?, params).await).await
}

/// Adds many entries, and says what became of each.
#[server(endpoint = "whitelist_add", input = Json, output = Json)]
pub async fn whitelist_add(params: WhitelistAddParams) -> ApiResult<Vec<LineOutcome>> {
    respond(async |cx| cx.backend().whitelist_add(&cx.authorize::<authz::WhitelistCreate>()?, params).await).await
}

/// Changes an entry's address and label.
#[server(endpoint = "whitelist_update", input = Json, output = Json)]
pub async fn whitelist_update(params: WhitelistUpdateParams) -> ApiResult<WhitelistSaved> {
    respond(async |cx| cx.backend().whitelist_update(&cx.authorize::<authz::WhitelistUpdate>()?, params).await).await
}

/// Removes an entry, as it was in this version.
#[server(endpoint = "whitelist_remove", input = Json, output = Json)]
pub async fn whitelist_remove(id: NetworkId, version: i64) -> ApiResult<()> {
    let target = Target { id, expected: Expected::just(State::of_version(version)) };
    respond(async |cx| cx.backend().whitelist_remove(&cx.authorize::<authz::WhitelistDelete>()?, target).await).await
}

/// Switches the whitelist.
#[server(endpoint = "whitelist_mode_update", input = Json, output = Json)]
pub async fn whitelist_mode_update(params: WhitelistModeParams) -> ApiResult<WhitelistStanding> {
    respond(async |cx| cx.backend().whitelist_mode_update(&cx.authorize::<authz::WhitelistUpdate>()?, params).await)
        .await
}

/// Whom switching the whitelist on would shut out.
#[server(endpoint = "whitelist_preview", input = Json, output = Json)]
pub async fn whitelist_preview() -> ApiResult<WhitelistCallers> {
    let which = Elsewhere::Allowed;
    respond(async |cx| cx.backend().whitelist_callers(&cx.authorize::<authz::WhitelistRead>()?, which).await).await
}

/// Replaces a key's own list.
#[server(endpoint = "key_networks_update", input = Json, output = Json)]
pub async fn key_networks_update(params: KeyNetworksUpdateParams) -> ApiResult<KeyNetworks> {
    respond(async |cx| cx.backend().key_networks_update(&cx.authorize::<authz::KeyUpdate>()?, params).await).await
}
