//! `/v1/roles`: the organization's roles. Whoever makes or changes one needs every permission that it holds, before and
//! after.

use axum::response::Response;
use backend::{
    authz,
    expected::Target,
    ops::{RoleChange, RoleRemoval},
    slice::Slice,
};
use serde::{Deserialize, Serialize};
use shared::{
    Grants, RoleId,
    role::{self, RoleCreateParams, RoleHolders, RoleView, SystemRole},
};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    answer::{Answer, Deleted, Page},
    conditional,
    envelope::{Envelope, Problem},
    manage::{Call, Rules, check_not_empty, given},
    openapi::{cursor, limit, permission_names, role_description, role_name},
    query::Limit,
};
use crate::state::AppState;

/// `/v1/roles`
pub(super) const PATH: &str = "/v1/roles";
pub(super) const ONE: &str = "/v1/roles/{id}";

const WHAT: &str = "role";

/// Which roles.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ListIn {
    /// How many at most.
    #[serde(default)]
    #[param(schema_with = limit, required = false)]
    limit: Limit,
    /// `next_cursor` of the answer before. It belongs to the filters that it was given with.
    #[param(schema_with = cursor, required = false)]
    cursor: Option<String>,
    /// Part of a name, a description, or the name of a permission.
    #[serde(default)]
    #[param(max_length = 100, required = false)]
    q: String,
}

/// What happens to whoever holds the role.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct DeleteIn {
    /// What the role's keys, members and invitations get instead; needed when there are any.
    replacement: Option<RoleId>,
}

/// What a new role should be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = RoleCreate, example = json!({
    "name": "Key Auditor", "description": "Looks, and touches nothing.", "permissions": ["api.key.view", "audit.view"]
}))]
struct In {
    /// No two roles of an organization have the same.
    #[schema(schema_with = role_name)]
    name: String,
    /// One line about it; may be empty.
    #[serde(default)]
    #[schema(schema_with = role_description, required = false)]
    description: String,
    /// The names of its permissions; `GET /v1/permissions` lists them.
    #[schema(schema_with = permission_names)]
    permissions: Vec<String>,
}

/// What a role should become. What is left out stays as it is.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = RoleUpdate, example = json!({ "permissions": ["api.key.view"] }))]
struct UpdateIn {
    #[serde(default, deserialize_with = "given")]
    #[schema(schema_with = role_name, required = false)]
    name: Option<String>,
    #[serde(default, deserialize_with = "given")]
    #[schema(schema_with = role_description, required = false)]
    description: Option<String>,
    /// All of its permissions from now on.
    #[serde(default, deserialize_with = "given")]
    #[schema(schema_with = permission_names, required = false)]
    permissions: Option<Vec<String>>,
}

/// A named set of permissions.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "id": "role_0352dJTh6XzOZjnc1o0iQu",
    "name": "Key Auditor",
    "description": "Looks, and touches nothing.",
    "system": null,
    "version": 1,
    "permissions": ["api.key.view", "audit.view"],
    "holders": { "keys": 1, "members": 2, "invitations": 0 }
}))]
pub(super) struct Role {
    id: RoleId,
    name: String,
    /// One line about it; may be empty.
    description: String,
    /// Set for the four that come with every organization and cannot be changed.
    #[schema(required = true)]
    system: Option<SystemRole>,
    /// Counts the edits.
    version: i64,
    /// What it may do: names of the catalogue, then the organization's own.
    #[schema(value_type = Vec<String>)]
    permissions: Grants,
    /// How many hold it.
    holders: RoleHolders,
}

impl From<RoleView> for Role {
    fn from(view: RoleView) -> Self {
        let RoleView { id, name, description, system, version, permissions, holders, locked: _ } = view;
        Self { id, name, description, system, version, permissions, holders }
    }
}

fn answer(view: RoleView) -> Answer {
    let role = Role::from(view.clone());
    Answer::ok(&role).tagged(conditional::tag(&view, &role))
}

/// List the roles
///
/// Those of the system first, most powerful first, then the organization's own by name.
#[utoipa::path(
    get, path = PATH, operation_id = "list_roles", tag = "Roles", params(ListIn),
    extensions(("x-permission" = json!("organization.role.view"))),
    responses((status = 200, description = "A part of the list.", body = Envelope<Page<Role>>))
)]
async fn list(call: Call<authz::RoleRead>) -> Result<Response, Problem> {
    let ListIn { limit, cursor, q } = call.query()?;
    let search = super::query::search(q, role::SEARCH_MAX)?;
    let slice = Slice { limit: limit.0, cursor };
    let cut = call.backend().role_slice(&call.permit, &search, &slice).await;
    let cut = cut.map_err(|failure| call.refused(failure))?;
    Ok(call.show(Answer::ok(&Page::<Role>::of(cut))))
}

/// Create a role
///
/// The key that calls has to hold every permission that it puts in.
#[utoipa::path(
    post, path = PATH, operation_id = "create_role", tag = "Roles", request_body = In,
    extensions(("x-permission" = json!("organization.role.create"))),
    responses((status = 201, description = "The new role.", body = Envelope<Role>))
)]
async fn create(call: Call<authz::RoleCreate>) -> Result<Response, Problem> {
    let In { name, description, permissions } = call.read()?;
    let mut rules = Rules::default();
    rules.text("name", &name, role::name);
    rules.text("description", &description, role::description);
    rules.check()?;
    let params = RoleCreateParams { name, description, permissions };
    let change = async {
        let view = call.backend().role_create(&call.permit, params).await?;
        let role = Role::from(view.clone());
        Ok(Answer::created(format!("{PATH}/{}", role.id), &role).tagged(conditional::tag(&view, &role)))
    };
    call.once(change).await
}

/// Read a role
#[utoipa::path(
    get, path = ONE, operation_id = "get_role", tag = "Roles",
    params(("id" = RoleId, Path, description = "Which role.")),
    extensions(("x-permission" = json!("organization.role.view"))),
    responses((status = 200, description = "The role.", body = Envelope<Role>))
)]
async fn get(call: Call<authz::RoleRead>) -> Result<Response, Problem> {
    let detail = call.backend().role_get(&call.permit, call.id(WHAT)?).await;
    Ok(call.show(answer(detail.map_err(|failure| call.refused(failure))?.role)))
}

/// Edit a role
///
/// In force for the very next request of every key and member that holds it.
#[utoipa::path(
    patch, path = ONE, operation_id = "update_role", tag = "Roles", request_body = UpdateIn,
    params(("id" = RoleId, Path, description = "Which role.")),
    extensions(("x-permission" = json!("organization.role.update"))),
    responses((status = 200, description = "The role as it is now.", body = Envelope<Role>))
)]
async fn update(call: Call<authz::RoleUpdate>) -> Result<Response, Problem> {
    let target: Target<RoleId> = call.to_change(WHAT)?;
    let UpdateIn { name, description, permissions } = call.read()?;
    let is_empty = name.is_none() && description.is_none() && permissions.is_none();
    check_not_empty(is_empty, "name, description and permissions")?;
    let mut rules = Rules::default();
    rules.if_given("name", name.as_ref(), role::name);
    rules.if_given("description", description.as_ref(), role::description);
    rules.check()?;
    let change = RoleChange { target, name, description, permissions };
    let view = call.backend().role_update(&call.permit, change).await.map_err(|failure| call.refused(failure))?;
    Ok(call.show(answer(view)))
}

/// Delete a role
///
/// A role that somebody holds needs a replacement, which they get in the same step.
#[utoipa::path(
    delete, path = ONE, operation_id = "delete_role", tag = "Roles",
    params(("id" = RoleId, Path, description = "Which role."), DeleteIn),
    extensions(("x-permission" = json!("organization.role.delete"))),
    responses((status = 200, description = "It is gone.", body = Envelope<Deleted<RoleId>>))
)]
async fn delete(call: Call<authz::RoleDelete>) -> Result<Response, Problem> {
    let target: Target<RoleId> = call.to_delete(WHAT)?;
    let DeleteIn { replacement } = call.query()?;
    let gone = Deleted::of(target.id);
    let removal = RoleRemoval { target, replacement };
    call.backend().role_delete(&call.permit, removal).await.map_err(|failure| call.refused(failure))?;
    Ok(call.show(Answer::ok(&gone)))
}

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::default().routes(routes!(list, create)).routes(routes!(get, update, delete))
}
