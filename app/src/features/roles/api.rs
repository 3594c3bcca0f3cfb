//! The server functions of the roles pages.
//!
//! Each makes a type of its own name (`role_list` makes `RoleList`), so types of that name are written with their path.

use leptos::prelude::*;
use shared::{
    RoleId,
    permission::ApplicationPermission,
    role::{self, RoleCreateParams, RoleDeleteParams, RoleDetail, RoleUpdateParams, RoleView},
};

#[cfg(feature = "ssr")]
use crate::server_context::respond;
use crate::{error::ApiResult, wire::Json};
#[cfg(feature = "ssr")]
use backend::authz;

/// Every role and every application permission.
#[server(endpoint = "role_list", input = Json, output = Json)]
pub async fn role_list() -> ApiResult<role::RoleList> {
    respond(async |cx| cx.backend().role_list(&cx.authorize::<authz::RoleRead>()?).await).await
}

/// One role and who holds it.
#[server(endpoint = "role_get", input = Json, output = Json)]
pub async fn role_get(id: RoleId) -> ApiResult<RoleDetail> {
    respond(async |cx| cx.backend().role_get(&cx.authorize::<authz::RoleRead>()?, id).await).await
}

/// Creates a role.
#[server(endpoint = "role_create", input = Json, output = Json)]
pub async fn role_create(params: RoleCreateParams) -> ApiResult<RoleView> {
    respond(async |cx| cx.backend().role_create(&cx.authorize::<authz::RoleCreate>()?, params).await).await
}

/// Changes a role, for everybody who holds it, by the time it answers.
#[server(endpoint = "role_update", input = Json, output = Json)]
pub async fn role_update(params: RoleUpdateParams) -> ApiResult<RoleView> {
    respond(async |cx| cx.backend().role_update(&cx.authorize::<authz::RoleUpdate>()?, params).await).await
}

/// Deletes a role; whoever holds it gets the replacement.
#[server(endpoint = "role_delete", input = Json, output = Json)]
pub async fn role_delete(params: RoleDeleteParams) -> ApiResult<()> {
    respond(async |cx| cx.backend().role_delete(&cx.authorize::<authz::RoleDelete>()?, params).await).await
}

/// Registers an application permission.
#[server(endpoint = "permission_create", input = Json, output = Json)]
pub async fn permission_create(name: String, description: String) -> ApiResult<ApplicationPermission> {
    respond(async |cx| cx.backend().permission_create(&cx.authorize::<authz::RoleCreate>()?, &name, &description).await)
        .await
}

/// Changes the description of an application permission.
#[server(endpoint = "permission_update", input = Json, output = Json)]
pub async fn permission_update(name: String, description: String) -> ApiResult<ApplicationPermission> {
    respond(async |cx| cx.backend().permission_update(&cx.authorize::<authz::RoleUpdate>()?, name, &description).await)
        .await
}

/// Removes an application permission, also from every role that holds it. Answers the names of those roles.
#[server(endpoint = "permission_delete", input = Json, output = Json)]
pub async fn permission_delete(name: String) -> ApiResult<Vec<String>> {
    respond(async |cx| cx.backend().permission_delete(&cx.authorize::<authz::RoleDelete>()?, name).await).await
}
