//! The server functions of the API Keys tab.
//!
//! Each makes a type of its own name (`key_create` makes `KeyCreate`), so types of that name are written with their path.

use leptos::prelude::*;
use shared::{
    KeyId,
    explain::{ExplainParams, Explanation},
    key::{self, KeyCreateParams, KeyCreated, KeyListParams, KeyNotesParams, KeyRefused, KeyUpdateParams, KeyView},
    limit::{RateLimitsUpdateParams, RateLimitsView},
    rotation::KeyRotateParams,
    usage::Window,
};
#[cfg(feature = "ssr")]
use shared::{
    audit::{AuditEntry, AuditParams, Outcome},
    key::{KeyAct, KeyTraffic},
};

#[cfg(feature = "ssr")]
use crate::server_context::{respond, zone};
use crate::{error::ApiResult, wire::Json};
#[cfg(feature = "ssr")]
use backend::{authz, slice::Slice};

/// How many refusals and how many entries of the audit trail a key's page shows.
#[cfg(feature = "ssr")]
const SHOWN: u32 = 10;

/// One page of the table, and what the page around it needs.
#[server(endpoint = "key_list", input = Json, output = Json)]
pub async fn key_list(params: KeyListParams) -> ApiResult<key::KeyList> {
    respond(async |cx| cx.backend().key_list(&cx.authorize::<authz::KeyRead>()?, &params).await).await
}

/// One key, as it is now.
#[server(endpoint = "key_get", input = Json, output = Json)]
pub async fn key_get(id: KeyId) -> ApiResult<KeyView> {
    respond(async |cx| cx.backend().key_get(&cx.authorize::<authz::KeyRead>()?, id).await).await
}

/// Everything that a key's page shows. What the viewer may not see is left out.
#[server(endpoint = "key_page", input = Json, output = Json)]
pub async fn key_page(id: KeyId, window: Window) -> ApiResult<key::KeyPage> {
    respond(async |cx| {
        let (backend, read) = (cx.backend(), cx.authorize::<authz::KeyRead>()?);
        let traffic = match (cx.authorize::<authz::UsageRead>(), cx.authorize::<authz::AlertRead>()) {
            (Ok(usage), Ok(alerts)) => {
                let slice = Slice { limit: SHOWN, cursor: None };
                let mut mutes = backend.alert_mutes(&alerts).await?;
                mutes.retain(|mute| mute.key.id == id);
                Some(KeyTraffic {
                    usage: backend.usage_series(&usage, Some(id), window, &zone()).await?,
                    refusals: backend.key_refusals(&usage, id, &slice).await?.rows,
                    mutes,
                })
            }
            _ => None,
        };
        let acts = match cx.authorize::<authz::AuditRead>() {
            Ok(audit) => {
                let params = AuditParams { target: Some(id.to_string()), ..AuditParams::default() };
                let entries = backend.audit_list(&audit, &params, None).await?.entries;
                Some(entries.into_iter().take(SHOWN as usize).map(act).collect())
            }
            Err(_) => None,
        };
        Ok(key::KeyPage {
            detail: backend.key_detail(&read, id).await?,
            networks: backend.key_networks_get(&read, id).await?,
            limits: backend.rate_limits_get(&read, id).await?,
            traffic,
            acts,
        })
    })
    .await
}

/// What a key's page says of an entry of the audit trail.
#[cfg(feature = "ssr")]
fn act(entry: AuditEntry) -> KeyAct {
    let AuditEntry { at, sentence, actor_label, outcome, .. } = entry;
    KeyAct { at, sentence, by: actor_label, refused: outcome == Outcome::Refused }
}

/// Creates a key. The answer is the only one that ever holds its secret.
#[server(endpoint = "key_create", input = Json, output = Json)]
pub async fn key_create(params: KeyCreateParams) -> ApiResult<KeyCreated> {
    respond(async |cx| cx.backend().key_create(&cx.authorize::<authz::KeyCreate>()?, params).await).await
}

/// Changes name, role, environment and expiry.
#[server(endpoint = "key_update", input = Json, output = Json)]
pub async fn key_update(params: KeyUpdateParams) -> ApiResult<KeyView> {
    respond(async |cx| cx.backend().key_update(&cx.authorize::<authz::KeyUpdate>()?, params).await).await
}

/// Changes what is written down about a key.
#[server(endpoint = "key_notes_update", input = Json, output = Json)]
pub async fn key_notes_update(params: KeyNotesParams) -> ApiResult<KeyView> {
    respond(async |cx| cx.backend().key_update(&cx.authorize::<authz::KeyUpdate>()?, params).await).await
}

/// What would happen to a request with a key. Nothing is counted by it.
#[server(endpoint = "key_explain", input = Json, output = Json)]
pub async fn key_explain(id: KeyId, params: ExplainParams) -> ApiResult<Explanation> {
    respond(async |cx| cx.backend().key_explain(&cx.authorize::<authz::UsageRead>()?, id, &params)).await
}

/// Refuses the key until it is resumed.
#[server(endpoint = "key_pause", input = Json, output = Json)]
pub async fn key_pause(id: KeyId) -> ApiResult<KeyRefused> {
    respond(async |cx| cx.backend().key_pause(&cx.authorize::<authz::KeyUpdate>()?, id).await).await
}

/// Lets a paused key verify again.
#[server(endpoint = "key_resume", input = Json, output = Json)]
pub async fn key_resume(id: KeyId) -> ApiResult<KeyView> {
    respond(async |cx| cx.backend().key_resume(&cx.authorize::<authz::KeyUpdate>()?, id).await).await
}

/// Refuses the key for good, everywhere, by the time it answers.
#[server(endpoint = "key_revoke", input = Json, output = Json)]
pub async fn key_revoke(id: KeyId, reason: String) -> ApiResult<KeyRefused> {
    respond(async |cx| cx.backend().key_revoke(&cx.authorize::<authz::KeyDelete>()?, id, &reason).await).await
}

/// Gives the key another secret, which the answer alone shows.
#[server(endpoint = "key_rotate", input = Json, output = Json)]
pub async fn key_rotate(params: KeyRotateParams) -> ApiResult<KeyCreated> {
    respond(async |cx| cx.backend().key_rotate(&cx.authorize::<authz::KeyUpdate>()?, params).await).await
}

/// Refuses the old secret of a rotation from now on.
#[server(endpoint = "key_retire", input = Json, output = Json)]
pub async fn key_retire(id: KeyId) -> ApiResult<KeyView> {
    respond(async |cx| cx.backend().key_retire(&cx.authorize::<authz::KeyUpdate>()?, id).await).await
}

/// Sets all limits of a key.
#[server(endpoint = "rate_limits_update", input = Json, output = Json)]
pub async fn rate_limits_update(params: RateLimitsUpdateParams) -> ApiResult<RateLimitsView> {
    respond(async |cx| cx.backend().rate_limits_update(&cx.authorize::<authz::KeyUpdate>()?, params).await).await
}
