//! `/v1/permissions`: everything that a role can hold. The catalogue is the console's own and fixed; names beside it are
//! those of the organization's own application.

use axum::response::Response;
use backend::{authz, expected::Target, ops::KnownPermission, slice::Slice};
use serde::{Deserialize, Serialize};
use shared::permission::{self, ApplicationPermission};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    answer::{Answer, Page},
    conditional,
    envelope::{Envelope, Problem},
    manage::{Call, Rules},
    moment::Moment,
    openapi::{any_permission_name, cursor, limit, own_permission_name, permission_description},
    query::Limit,
};
use crate::state::AppState;

/// `/v1/permissions`
pub(super) const PATH: &str = "/v1/permissions";
pub(super) const ONE: &str = "/v1/permissions/{name}";

const WHAT: &str = "permission";

/// Which part of the list.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ListIn {
    /// How many at most.
    #[serde(default)]
    #[param(schema_with = limit, required = false)]
    limit: Limit,
    /// `next_cursor` of the answer before.
    #[param(schema_with = cursor, required = false)]
    cursor: Option<String>,
}

/// Which permission.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "only described; the name is read with the path")]
struct NameIn {
    /// Its name.
    #[param(schema_with = any_permission_name)]
    name: String,
}

/// A name to register.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = PermissionCreate, example = json!({ "name": "orders.read", "description": "See orders." }))]
struct In {
    /// Lower-case words joined by dots. The first must not be api, audit, ip, organization or usage.
    #[schema(schema_with = own_permission_name)]
    name: String,
    /// What it lets its holder do.
    #[schema(schema_with = permission_description)]
    description: String,
}

/// What is said of it from now on. The name is what applications ask for, so it is fixed.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = PermissionUpdate, example = json!({ "description": "See orders and their lines." }))]
struct UpdateIn {
    #[schema(schema_with = permission_description)]
    description: String,
}

/// Something that a role can hold.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "name": "orders.read",
    "description": "See orders.",
    "built_in": false,
    "group": null,
    "created_at": "2026-11-24T09:30:00Z"
}))]
pub(super) struct Permission {
    /// Dotted, with the verb last.
    name: String,
    /// What it lets its holder do.
    description: String,
    /// Whether it belongs to the console's catalogue, so that it can be neither changed nor removed.
    built_in: bool,
    /// The catalogue's heading; `null` for the organization's own.
    #[schema(required = true)]
    group: Option<&'static str>,
    /// When it was registered; `null` for the catalogue.
    #[schema(required = true)]
    created_at: Option<Moment>,
}

/// A name that is gone.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({ "name": "orders.read", "deleted": true, "taken_from_roles": ["Order Reader"] }))]
struct PermissionDeleted {
    name: String,
    /// Always true.
    deleted: bool,
    /// The names of the organization's own roles that held it.
    taken_from_roles: Vec<String>,
}

impl From<ApplicationPermission> for Permission {
    fn from(own: ApplicationPermission) -> Self {
        let ApplicationPermission { name, description, created_at } = own;
        Self { name, description, built_in: false, group: None, created_at: Some(Moment(created_at)) }
    }
}

impl From<KnownPermission> for Permission {
    fn from(known: KnownPermission) -> Self {
        match known {
            KnownPermission::Own(own) => own.into(),
            KnownPermission::Catalogue(permission) => Self {
                name: permission.name().to_owned(),
                description: permission.description().to_owned(),
                built_in: true,
                group: Some(permission.group().title()),
                created_at: None,
            },
        }
    }
}

fn answer(own: ApplicationPermission) -> Answer {
    let permission = Permission::from(own.clone());
    Answer::ok(&permission).tagged(conditional::tag(&own, &permission))
}

/// List the permissions
///
/// The catalogue in its order, then the organization's own by name.
#[utoipa::path(
    get, path = PATH, operation_id = "list_permissions", tag = "Permissions", params(ListIn),
    extensions(("x-permission" = json!("organization.role.view"))),
    responses((status = 200, description = "A part of the list.", body = Envelope<Page<Permission>>))
)]
async fn list(call: Call<authz::RoleRead>) -> Result<Response, Problem> {
    let ListIn { limit, cursor } = call.query()?;
    let slice = Slice { limit: limit.0, cursor };
    let cut = call.backend().permission_slice(&call.permit, &slice).await;
    let cut = cut.map_err(|failure| call.refused(failure))?;
    Ok(call.show(Answer::ok(&Page::<Permission>::of(cut))))
}

/// Register a permission of your own application
///
/// `verify?permission=…` honours it from then on. Roles Owner and Admin hold it at once.
#[utoipa::path(
    post, path = PATH, operation_id = "create_permission", tag = "Permissions", request_body = In,
    extensions(("x-permission" = json!("organization.role.create"))),
    responses((status = 201, description = "The new permission.", body = Envelope<Permission>))
)]
async fn create(call: Call<authz::RoleCreate>) -> Result<Response, Problem> {
    let In { name, description } = call.read()?;
    let mut rules = Rules::default();
    rules.text("name", &name, permission::application_permission_name);
    rules.text("description", &description, permission::application_permission_description);
    rules.check()?;
    let change = async {
        let own = call.backend().permission_create(&call.permit, &name, &description).await?;
        let permission = Permission::from(own.clone());
        let location = format!("{PATH}/{}", permission.name);
        Ok(Answer::created(location, &permission).tagged(conditional::tag(&own, &permission)))
    };
    call.once(change).await
}

/// Read a permission
#[utoipa::path(
    get, path = ONE, operation_id = "get_permission", tag = "Permissions", params(NameIn),
    extensions(("x-permission" = json!("organization.role.view"))),
    responses((status = 200, description = "The permission.", body = Envelope<Permission>))
)]
async fn get(call: Call<authz::RoleRead>) -> Result<Response, Problem> {
    let name: String = call.id(WHAT)?;
    let known = call.backend().permission_get(&call.permit, &name).await.map_err(|failure| call.refused(failure))?;
    Ok(call.show(match known {
        KnownPermission::Own(own) => answer(own),
        known => Answer::ok(&Permission::from(known)),
    }))
}

/// Describe a permission of your own application anew
///
/// A permission of the catalogue is not found here.
#[utoipa::path(
    patch, path = ONE, operation_id = "update_permission", tag = "Permissions", request_body = UpdateIn,
    params(NameIn),
    extensions(("x-permission" = json!("organization.role.update"))),
    responses((status = 200, description = "The permission as it is now.", body = Envelope<Permission>))
)]
async fn update(call: Call<authz::RoleUpdate>) -> Result<Response, Problem> {
    let target: Target<String> = call.to_change(WHAT)?;
    let UpdateIn { description } = call.read()?;
    let mut rules = Rules::default();
    rules.text("description", &description, permission::application_permission_description);
    rules.check()?;
    let own = call.backend().permission_update(&call.permit, target, &description).await;
    Ok(call.show(answer(own.map_err(|failure| call.refused(failure))?)))
}

/// Remove a permission of your own application
///
/// It is taken from every role that holds it. The key that calls has to hold it itself.
#[utoipa::path(
    delete, path = ONE, operation_id = "delete_permission", tag = "Permissions", params(NameIn),
    extensions(("x-permission" = json!("organization.role.delete"))),
    responses((status = 200, description = "It is gone.", body = Envelope<PermissionDeleted>))
)]
async fn delete(call: Call<authz::RoleDelete>) -> Result<Response, Problem> {
    let target: Target<String> = call.to_delete(WHAT)?;
    let name = target.id.clone();
    let roles = call.backend().permission_delete(&call.permit, target).await;
    let taken_from_roles = roles.map_err(|failure| call.refused(failure))?;
    Ok(call.show(Answer::ok(&PermissionDeleted { name, deleted: true, taken_from_roles })))
}

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::default().routes(routes!(list, create)).routes(routes!(get, update, delete))
}
