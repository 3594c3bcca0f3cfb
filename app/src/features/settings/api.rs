//! The server functions of the settings, and of switching to another organization.

use leptos::prelude::*;
use shared::{
    OrganizationId, SessionId, account,
    organization::{OrganizationUpdateParams, OrganizationView},
};

use crate::{error::ApiResult, wire::Json};
#[cfg(feature = "ssr")]
use crate::{
    features::account::cookie,
    server_context::{respond, respond_anonymous},
};
#[cfg(feature = "ssr")]
use backend::authz;

/// The organization, its plan and what it uses of it.
#[server(endpoint = "organization_get", input = Json, output = Json)]
pub async fn organization_get() -> ApiResult<OrganizationView> {
    respond(async |cx| cx.backend().organization_get(&cx.authorize::<authz::OrganizationRead>()?).await).await
}

/// Changes the organization's name.
#[server(endpoint = "organization_update", input = Json, output = Json)]
pub async fn organization_update(params: OrganizationUpdateParams) -> ApiResult<OrganizationView> {
    respond(async |cx| cx.backend().organization_update(&cx.authorize::<authz::OrganizationUpdate>()?, params).await)
        .await
}

/// Where the person is signed in.
#[server(endpoint = "session_list", input = Json, output = Json)]
pub async fn session_list() -> ApiResult<account::SessionList> {
    respond(async |cx| cx.backend().session_list(&cx.authorize::<authz::OwnAccount>()?).await).await
}

/// Signs one of the person's own sessions out.
#[server(endpoint = "session_delete", input = Json, output = Json)]
pub async fn session_delete(id: SessionId) -> ApiResult<()> {
    respond(async |cx| cx.backend().session_delete(&cx.authorize::<authz::OwnAccount>()?, id).await).await
}

/// Changes the person's password; every other session of theirs ends. Answers how many did.
#[server(endpoint = "password_change", input = Json, output = Json)]
pub async fn password_change(current: String, new: String) -> ApiResult<u64> {
    respond(async |cx| cx.backend().password_change(&cx.authorize::<authz::OwnAccount>()?, current, new).await).await
}

/// Goes on in another organization that the person belongs to, in a new session. A plain form, so that nothing of the
/// one organization stays in the browser's memory for the other.
#[server(endpoint = "organization_switch", output = Json)]
pub async fn organization_switch(organization: OrganizationId) -> ApiResult<()> {
    respond_anonymous(async |visitor| {
        let session = visitor.organization_switch(organization).await?;
        cookie::set(&session);
        cookie::go_to(shared::path::HOME);
        Ok(())
    })
    .await
}
