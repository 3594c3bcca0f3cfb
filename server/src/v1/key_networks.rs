//! `/v1/keys/{id}/networks`: the addresses that one key may be used from.

use axum::response::Response;
use backend::{authz, expected::Target, ops::KeyNetworksChange};
use serde::{Deserialize, Serialize};
use shared::{
    KeyId,
    network::Network,
    whitelist::{self, KeyNetworks},
};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    answer::Answer,
    conditional,
    envelope::{Envelope, Problem},
    manage::{Call, Rules},
    openapi::networks,
};
use crate::state::AppState;

pub(super) const PATH: &str = "/v1/keys/{id}/networks";

const WHAT: &str = "API key";

/// All of the list from now on.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = KeyNetworksReplace, example = json!({ "networks": ["203.0.113.0/24", "2001:db8::/48"] }))]
struct In {
    /// Addresses and ranges; none: from anywhere.
    #[schema(schema_with = networks)]
    networks: Vec<String>,
}

/// From where a key may be used. It holds beside the whitelist: what both allow is allowed.
#[derive(Serialize, ToSchema)]
#[schema(as = KeyNetworks, example = json!({
    "key_id": "key_0352dK7XqzWJ2VYb1m8RsT", "networks": ["203.0.113.0/24", "2001:db8::/48"]
}))]
pub(super) struct Networks {
    key_id: KeyId,
    /// In canonical form and in order; none: from anywhere.
    #[schema(value_type = Vec<String>)]
    networks: Vec<Network>,
}

impl From<KeyNetworks> for Networks {
    fn from(list: KeyNetworks) -> Self {
        Self { key_id: list.key, networks: list.networks }
    }
}

fn answer(list: KeyNetworks) -> Answer {
    let networks = Networks::from(list.clone());
    Answer::ok(&networks).tagged(conditional::tag(&list, &networks))
}

/// Read a key's own list of addresses
#[utoipa::path(
    get, path = PATH, operation_id = "get_key_networks", tag = "Keys",
    params(("id" = KeyId, Path, description = "Which key.")),
    extensions(("x-permission" = json!("api.key.view"))),
    responses((status = 200, description = "The list.", body = Envelope<Networks>))
)]
async fn get(call: Call<authz::KeyRead>) -> Result<Response, Problem> {
    let list = call.backend().key_networks_get(&call.permit, call.id(WHAT)?).await;
    Ok(call.show(answer(list.map_err(|failure| call.refused(failure))?)))
}

/// Replace a key's own list of addresses
///
/// In force for the very next request of the key. The calling key has to hold all that the key's role holds.
#[utoipa::path(
    put, path = PATH, operation_id = "replace_key_networks", tag = "Keys", request_body = In,
    params(("id" = KeyId, Path, description = "Which key.")),
    extensions(("x-permission" = json!("api.key.update"))),
    responses((status = 200, description = "The list as it is now.", body = Envelope<Networks>))
)]
async fn replace(call: Call<authz::KeyUpdate>) -> Result<Response, Problem> {
    let target: Target<KeyId> = call.to_change(WHAT)?;
    let In { networks } = call.read()?;
    let mut rules = Rules::default();
    rules.list("networks", &networks, whitelist::key_networks);
    rules.check()?;
    let change = KeyNetworksChange { target, networks };
    let list = call.backend().key_networks_update(&call.permit, change).await;
    Ok(call.show(answer(list.map_err(|failure| call.refused(failure))?)))
}

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::default().routes(routes!(get, replace))
}
